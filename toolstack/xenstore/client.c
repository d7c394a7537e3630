// SPDX-License-Identifier: GPL-2.0-only
/*
 * The xenstore client. One request at a time: it is sent, then messages are read until its reply
 * arrives; events that come in between are kept in a list. Invariant: after a failed read or write
 * the connection is dead (xs->broken), for the stream's position is unknown; every later call
 * answers -EIO.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "xenstore/client.h"
#include <xen/io/xs_wire.h>

struct event {
	struct event *next;
	uint32_t len;
	char text[]; /* path NUL token NUL */
};

struct xs {
	int fd;
	bool broken, socket;
	uint32_t req_id;
	struct event *first, **last;
	/* What has been read of a message; an event may arrive in pieces. */
	struct xsd_sockmsg hdr;
	char *body;
	size_t have;
};

static int connect_socket(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	const char *path = getenv("XENSTORED_PATH");
	const char *dir = getenv("XENSTORED_RUNDIR");
	int fd;

	if (path)
		snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	else
		snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/socket",
			 dir ? dir : "/var/run/xenstored");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int connect_kernel(void)
{
	static const char *const devs[] = { "/dev/xen/xenbus", "/proc/xen/xenbus" };

	for (size_t i = 0; i < 2; i++) {
		int fd = open(devs[i], O_RDWR | O_CLOEXEC);

		if (fd >= 0)
			return fd;
	}
	return -1;
}

struct xs *xs_open(void)
{
	struct xs *xs = calloc(1, sizeof(*xs));

	if (!xs)
		return NULL;
	xs->last = &xs->first;
	xs->fd = connect_socket();
	xs->socket = xs->fd >= 0;
	/* An explicit path is a promise: no silent fallback then. */
	if (xs->fd < 0 && !getenv("XENSTORED_PATH"))
		xs->fd = connect_kernel();
	if (xs->fd < 0) {
		free(xs);
		return NULL;
	}
	return xs;
}

void xs_close(struct xs *xs)
{
	if (!xs)
		return;
	while (xs->first) {
		struct event *e = xs->first;

		xs->first = e->next;
		free(e);
	}
	free(xs->body);
	close(xs->fd);
	free(xs);
}

int xs_fd(const struct xs *xs)
{
	return xs->fd;
}

static int write_all(struct xs *xs, struct iovec *iov, int n)
{
	while (n > 0) {
		struct msghdr m = { .msg_iov = iov, .msg_iovlen = n };
		ssize_t w = xs->socket ? sendmsg(xs->fd, &m, MSG_NOSIGNAL) : writev(xs->fd, iov, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return -EIO;
		while (n > 0 && (size_t)w >= iov->iov_len) {
			w -= iov->iov_len;
			iov++;
			n--;
		}
		if (n > 0) {
			iov->iov_base = (char *)iov->iov_base + w;
			iov->iov_len -= w;
		}
	}
	return 0;
}

/*
 * Reads what is missing of the current message: 1 when complete, 0 when that would take longer than
 * `ms`.
 */
static int read_some(struct xs *xs, int ms)
{
	for (;;) {
		struct pollfd p = { .fd = xs->fd, .events = POLLIN };
		char *to;
		size_t want;
		ssize_t n;

		if (xs->have < sizeof(xs->hdr)) {
			to = (char *)&xs->hdr + xs->have;
			want = sizeof(xs->hdr) - xs->have;
		} else {
			if (xs->hdr.len > XENSTORE_PAYLOAD_MAX)
				return -EIO;
			if (!xs->body && !(xs->body = malloc(xs->hdr.len + 1)))
				return -ENOMEM;
			to = xs->body + (xs->have - sizeof(xs->hdr));
			want = sizeof(xs->hdr) + xs->hdr.len - xs->have;
			if (!want) {
				*to = '\0';
				return 1;
			}
		}
		if (ms >= 0) {
			int rc = poll(&p, 1, ms);

			if (rc <= 0)
				return rc < 0 ? -errno : 0;
		}
		n = read(xs->fd, to, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n <= 0)
			return -EIO;
		xs->have += n;
	}
}

static char *take_body(struct xs *xs)
{
	char *body = xs->body;

	xs->body = NULL;
	xs->have = 0;
	return body;
}

static int keep_event(struct xs *xs)
{
	uint32_t len = xs->hdr.len;
	char *body = take_body(xs);
	struct event *e = malloc(sizeof(*e) + len + 1);

	if (!e) {
		free(body);
		return -ENOMEM;
	}
	e->next = NULL;
	e->len = len;
	memcpy(e->text, body, len + 1);
	free(body);
	*xs->last = e;
	xs->last = &e->next;
	return 0;
}

static int error_number(const char *name)
{
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (!strcmp(xsd_errors[i].errstring, name))
			return xsd_errors[i].errnum;
	return EINVAL;
}

static char *wait_reply(struct xs *xs, uint32_t type, size_t *len)
{
	for (;;) {
		int rc = read_some(xs, -1);

		if (rc < 0)
			goto dead;
		if (rc == 0) { /* a non-blocking device */
			struct pollfd p = { .fd = xs->fd, .events = POLLIN };

			poll(&p, 1, -1);
			continue;
		}
		if (xs->hdr.type == XS_WATCH_EVENT) {
			if (keep_event(xs))
				goto dead;
			continue;
		}
		if (xs->hdr.type == XS_ERROR) {
			errno = error_number(xs->body);
			free(take_body(xs));
			return NULL;
		}
		if (xs->hdr.type != type || xs->hdr.req_id != xs->req_id)
			goto dead;
		if (len)
			*len = xs->hdr.len;
		return take_body(xs);
	}
dead:
	xs->broken = true;
	errno = EIO;
	return NULL;
}

/* One request made of up to three pieces; the answer's text, or NULL and errno. */
static char *talk(struct xs *xs, uint32_t type, uint32_t tx, const struct iovec *arg, int n,
		  size_t *len)
{
	struct xsd_sockmsg hdr = { .type = type, .req_id = ++xs->req_id, .tx_id = tx };
	struct iovec iov[4] = { { &hdr, sizeof(hdr) } };
	size_t sum = 0;

	for (int i = 0; i < n; i++) {
		iov[i + 1] = arg[i];
		sum += arg[i].iov_len;
	}
	if (sum > XENSTORE_PAYLOAD_MAX) {
		errno = E2BIG;
		return NULL;
	}
	hdr.len = sum;
	if (!xs->broken && write_all(xs, iov, n + 1))
		xs->broken = true;
	if (xs->broken) {
		errno = EIO;
		return NULL;
	}
	return wait_reply(xs, type, len);
}

static char *talk_path(struct xs *xs, uint32_t type, uint32_t tx, const char *path, size_t *len)
{
	struct iovec v = { (void *)path, strlen(path) + 1 };

	return talk(xs, type, tx, &v, 1, len);
}

static int done(char *reply)
{
	if (!reply)
		return -errno;
	free(reply);
	return 0;
}

char *xs_read(struct xs *xs, uint32_t tx, const char *path, size_t *len)
{
	return talk_path(xs, XS_READ, tx, path, len);
}

char *xs_readf(struct xs *xs, uint32_t tx, const char *fmt, ...)
{
	char path[XENSTORE_ABS_PATH_MAX + 1];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(path)) {
		errno = EINVAL;
		return NULL;
	}
	return xs_read(xs, tx, path, NULL);
}

int xs_write(struct xs *xs, uint32_t tx, const char *path, const void *data, size_t len)
{
	struct iovec v[2] = { { (void *)path, strlen(path) + 1 }, { (void *)data, len } };

	return done(talk(xs, XS_WRITE, tx, v, 2, NULL));
}

int xs_printf(struct xs *xs, uint32_t tx, const char *path, const char *fmt, ...)
{
	char value[XENSTORE_PAYLOAD_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (n < 0 || n >= (int)sizeof(value))
		return -E2BIG;
	return xs_write(xs, tx, path, value, n);
}

int xs_mkdir(struct xs *xs, uint32_t tx, const char *path)
{
	return done(talk_path(xs, XS_MKDIR, tx, path, NULL));
}

int xs_rm(struct xs *xs, uint32_t tx, const char *path)
{
	return done(talk_path(xs, XS_RM, tx, path, NULL));
}

int xs_exists(struct xs *xs, uint32_t tx, const char *path)
{
	int rc = done(talk_path(xs, XS_READ, tx, path, NULL));

	return rc == 0 ? 1 : rc == -ENOENT ? 0 : rc;
}

/*
 * A directory too large for one message, in parts; starts again when it changes between two parts.
 */
static char *directory_parts(struct xs *xs, uint32_t tx, const char *path, size_t *total)
{
	char *all = NULL, gen[32] = "";
	size_t have = 0;

	for (;;) {
		char off[24];
		struct iovec v[2] = { { (void *)path, strlen(path) + 1 },
				      { off,
					(size_t)snprintf(off, sizeof(off), "%zu", have) + 1 } };
		size_t len, head;
		char *part = talk(xs, XS_DIRECTORY_PART, tx, v, 2, &len), *more;

		head = part ? strlen(part) + 1 : 0;
		if (!part || head > len || head > sizeof(gen)) {
			errno = part ? EIO : errno;
			free(part);
			free(all);
			return NULL;
		}
		if (have && strcmp(gen, part))
			have = 0;
		else if ((more = realloc(all, have + len - head + 1))) {
			memcpy(gen, part, head);
			all = more;
			memcpy(all + have, part + head, len - head);
			have += len - head;
			/* An empty name is the end. */
			if (have && !all[have - 1] && (have == 1 || !all[have - 2])) {
				free(part);
				*total = have - 1;
				return all;
			}
		} else {
			free(part);
			free(all);
			return NULL;
		}
		free(part);
	}
}

char **xs_directory(struct xs *xs, uint32_t tx, const char *path, size_t *n)
{
	size_t len, count = 0;
	char *names = talk_path(xs, XS_DIRECTORY, tx, path, &len);
	char **list;

	if (!names && errno == E2BIG)
		names = directory_parts(xs, tx, path, &len);
	if (!names)
		return NULL;
	for (size_t i = 0; i < len; i++)
		count += !names[i];
	list = malloc((count + 1) * sizeof(*list) + len);
	if (list) {
		char *p = memcpy(list + count + 1, names, len);

		for (size_t i = 0; i < count; i++, p += strlen(p) + 1)
			list[i] = p;
		list[count] = NULL;
		*n = count;
	}
	free(names);
	return list;
}

struct xs_perm *xs_get_perms(struct xs *xs, uint32_t tx, const char *path, size_t *n)
{
	size_t len, count = 0;
	char *text = talk_path(xs, XS_GET_PERMS, tx, path, &len);
	struct xs_perm *p;

	if (!text)
		return NULL;
	p = calloc(len / 2 + 1, sizeof(*p));
	for (char *s = text; p && s < text + len; s += strlen(s) + 1, count++) {
		p[count].domid = atoi(s + 1);
		p[count].access = *s == 'b'   ? XS_PERM_READ | XS_PERM_WRITE
				  : *s == 'r' ? XS_PERM_READ
				  : *s == 'w' ? XS_PERM_WRITE
					      : XS_PERM_NONE;
	}
	free(text);
	*n = count;
	return p;
}

int xs_set_perms(struct xs *xs, uint32_t tx, const char *path, const struct xs_perm *p, size_t n)
{
	char text[XENSTORE_PAYLOAD_MAX];
	size_t len = 0;
	struct iovec v[2] = { { (void *)path, strlen(path) + 1 }, { text, 0 } };

	for (size_t i = 0; i < n; i++) {
		if (len + 8 > sizeof(text))
			return -E2BIG;
		len += snprintf(text + len, sizeof(text) - len, "%c%u", "nrwb"[p[i].access & 3],
				p[i].domid) +
		       1;
	}
	v[1].iov_len = len;
	return done(talk(xs, XS_SET_PERMS, tx, v, 2, NULL));
}

uint32_t xs_transaction_start(struct xs *xs)
{
	char *id = talk_path(xs, XS_TRANSACTION_START, 0, "", NULL);
	uint32_t tx;

	if (!id)
		return 0;
	tx = strtoul(id, NULL, 10);
	free(id);
	return tx;
}

int xs_transaction_end(struct xs *xs, uint32_t tx, bool abort)
{
	return done(talk_path(xs, XS_TRANSACTION_END, tx, abort ? "F" : "T", NULL));
}

static int two_words(struct xs *xs, uint32_t type, const char *a, const char *b)
{
	struct iovec v[2] = { { (void *)a, strlen(a) + 1 }, { (void *)b, strlen(b) + 1 } };

	return done(talk(xs, type, 0, v, 2, NULL));
}

int xs_watch(struct xs *xs, const char *path, const char *token)
{
	return two_words(xs, XS_WATCH, path, token);
}

int xs_unwatch(struct xs *xs, const char *path, const char *token)
{
	return two_words(xs, XS_UNWATCH, path, token);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int xs_next_event(struct xs *xs, struct xs_event *ev, int ms)
{
	int64_t end = now_ms() + ms;
	struct event *e;

	while (!xs->first) {
		int64_t left = end - now_ms();
		int rc = xs->broken ? -EIO : read_some(xs, ms < 0 ? -1 : left > 0 ? (int)left : 0);

		if (rc == 0)
			return 0;
		if (rc > 0 && xs->hdr.type != XS_WATCH_EVENT)
			rc = -EIO;
		if (rc > 0)
			rc = keep_event(xs);
		if (rc < 0 && rc != -EINTR)
			xs->broken = true;
		if (rc < 0)
			return rc;
	}
	e = xs->first;
	xs->first = e->next;
	if (!xs->first)
		xs->last = &xs->first;
	snprintf(ev->path, sizeof(ev->path), "%s", e->text);
	e->text[e->len] = '\0';
	snprintf(ev->token, sizeof(ev->token), "%s",
		 strlen(e->text) < e->len ? e->text + strlen(e->text) + 1 : "");
	free(e);
	return 1;
}

int xs_introduce(struct xs *xs, uint16_t domid, uint64_t gfn, uint32_t port)
{
	char text[64];
	struct iovec v = { text, 0 };

	v.iov_len = snprintf(text, sizeof(text), "%u%c%llu%c%u", domid, 0, (unsigned long long)gfn,
			     0, port) +
		    1;
	return done(talk(xs, XS_INTRODUCE, 0, &v, 1, NULL));
}

static char *talk_domid(struct xs *xs, uint32_t type, uint16_t domid)
{
	char text[8];

	snprintf(text, sizeof(text), "%u", domid);
	return talk_path(xs, type, 0, text, NULL);
}

int xs_release(struct xs *xs, uint16_t domid)
{
	return done(talk_domid(xs, XS_RELEASE, domid));
}

int xs_resume(struct xs *xs, uint16_t domid)
{
	return done(talk_domid(xs, XS_RESUME, domid));
}

int xs_set_target(struct xs *xs, uint16_t domid, uint16_t target)
{
	char a[8], b[8];

	snprintf(a, sizeof(a), "%u", domid);
	snprintf(b, sizeof(b), "%u", target);
	return two_words(xs, XS_SET_TARGET, a, b);
}

int xs_is_introduced(struct xs *xs, uint16_t domid)
{
	char *t = talk_domid(xs, XS_IS_DOMAIN_INTRODUCED, domid);
	int yes = t && *t == 'T';

	if (!t)
		return -errno;
	free(t);
	return yes;
}

char *xs_domain_path(struct xs *xs, uint16_t domid)
{
	return talk_domid(xs, XS_GET_DOMAIN_PATH, domid);
}

char *xs_control(struct xs *xs, int argc, char *const argv[])
{
	char text[XENSTORE_PAYLOAD_MAX];
	struct iovec v = { text, 0 };

	for (int i = 0; i < argc; i++) {
		size_t len = strlen(argv[i]) + 1;

		if (v.iov_len + len > sizeof(text)) {
			errno = E2BIG;
			return NULL;
		}
		memcpy(text + v.iov_len, argv[i], len);
		v.iov_len += len;
	}
	return talk(xs, XS_CONTROL, 0, &v, 1, NULL);
}
