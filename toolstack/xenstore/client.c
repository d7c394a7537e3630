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
#include <time.h>
#include <unistd.h>
#include "lib/unix.h"
#include "xenstore/client.h"

struct event {
	struct event *next;
	uint32_t len;
	char *text; /* path NUL token NUL */
};

struct xs {
	int fd, wait_ms;
	bool broken, socket;
	uint32_t req_id;
	struct event *first, **last;
	struct msg in; /* an event may arrive in pieces */
};

static int connect_socket(void)
{
	const char *path = getenv("XENSTORED_PATH");
	const char *dir = getenv("XENSTORED_RUNDIR");
	char buf[256];

	snprintf(buf, sizeof(buf), "%s/socket", dir ? dir : "/var/run/xenstored");
	return unix_connect(path ? path : buf);
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
		free(e->text);
		free(e);
	}
	msg_drop(&xs->in);
	close(xs->fd);
	free(xs);
}

int xs_fd(const struct xs *xs)
{
	return xs->fd;
}

static int send_all(struct xs *xs, struct iovec *iov, int n)
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

/* Waits at most xs->wait_ms (-1: for ever); 0 after that. */
static int read_fd(void *from, void *buf, size_t len)
{
	struct xs *xs = from;
	struct pollfd p = { .fd = xs->fd, .events = POLLIN };
	bool may_block = xs->wait_ms < 0;

	for (;;) {
		ssize_t n;
		int rc = may_block ? 1 : poll(&p, 1, xs->wait_ms);

		if (rc <= 0)
			return rc < 0 ? -errno : 0;
		n = read(xs->fd, buf, len);
		if (n > 0)
			return (int)n;
		if (n == 0 || (errno != EINTR && errno != EAGAIN))
			return -EIO;
		may_block = may_block && errno == EINTR; /* else a device that never blocks */
	}
}

static char *take_body(struct xs *xs)
{
	char *body = xs->in.body;

	xs->in = (struct msg){ 0 };
	return body;
}

static int keep_event(struct xs *xs)
{
	struct event *e = malloc(sizeof(*e));

	if (!e)
		return -ENOMEM;
	*e = (struct event){ NULL, xs->in.hdr.len, take_body(xs) };
	*xs->last = e;
	xs->last = &e->next;
	return 0;
}

static char *wait_reply(struct xs *xs, uint32_t type, size_t *len)
{
	int rc;

	xs->wait_ms = -1;
	while ((rc = msg_read(&xs->in, read_fd, xs)) >= 0) {
		if (rc == 0)
			continue;
		if (xs->in.hdr.type == XS_WATCH_EVENT) {
			if (keep_event(xs))
				break;
			continue;
		}
		if (xs->in.hdr.type == XS_ERROR) {
			errno = error_number(xs->in.body);
			msg_drop(&xs->in);
			return NULL;
		}
		if (xs->in.hdr.type != type || xs->in.hdr.req_id != xs->req_id)
			break;
		if (len)
			*len = xs->in.hdr.len;
		return take_body(xs);
	}
	xs->broken = true;
	errno = EIO;
	return NULL;
}

/*
 * One request: a string, perhaps with bytes behind its NUL. The answer's text, or NULL and errno.
 */
static char *talk(struct xs *xs, uint32_t type, uint32_t tx, const char *a, const void *b,
		  size_t b_len, size_t *len)
{
	size_t a_len = strlen(a) + 1;
	struct xsd_sockmsg hdr = { type, ++xs->req_id, tx, a_len + b_len };
	struct iovec iov[] = { { &hdr, sizeof(hdr) }, { (void *)a, a_len }, { (void *)b, b_len } };

	if (hdr.len > XENSTORE_PAYLOAD_MAX) {
		errno = E2BIG;
		return NULL;
	}
	if (!xs->broken && send_all(xs, iov, b_len ? 3 : 2))
		xs->broken = true;
	if (xs->broken) {
		errno = EIO;
		return NULL;
	}
	return wait_reply(xs, type, len);
}

static int done(char *reply)
{
	if (!reply)
		return -errno;
	free(reply);
	return 0;
}

static int talk_path(struct xs *xs, uint32_t type, uint32_t tx, const char *path)
{
	return done(talk(xs, type, tx, path, NULL, 0, NULL));
}

char *xs_read(struct xs *xs, uint32_t tx, const char *path, size_t *len)
{
	return talk(xs, XS_READ, tx, path, NULL, 0, len);
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
	return done(talk(xs, XS_WRITE, tx, path, data, len, NULL));
}

int xs_mkdir(struct xs *xs, uint32_t tx, const char *path)
{
	return talk_path(xs, XS_MKDIR, tx, path);
}

int xs_rm(struct xs *xs, uint32_t tx, const char *path)
{
	return talk_path(xs, XS_RM, tx, path);
}

int xs_exists(struct xs *xs, uint32_t tx, const char *path)
{
	int rc = talk_path(xs, XS_READ, tx, path);

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
		size_t len = snprintf(off, sizeof(off), "%zu", have) + 1, head;
		char *part = talk(xs, XS_DIRECTORY_PART, tx, path, off, len, &len), *more = NULL;

		if (!part)
			break;
		if (have && strcmp(gen, part)) {
			have = 0;
			free(part);
			continue;
		}
		head = strlen(part) + 1;
		errno = EIO;
		if (head <= len && head <= sizeof(gen))
			more = realloc(all, have + len - head + 1);
		if (more) {
			all = more;
			memcpy(gen, part, head);
			memcpy(all + have, part + head, len - head);
			have += len - head;
		}
		free(part);
		if (!more)
			break;
		/* An empty name is the end. */
		if (have && !all[have - 1] && (have == 1 || !all[have - 2])) {
			*total = have - 1;
			return all;
		}
	}
	free(all);
	return NULL;
}

char **xs_directory(struct xs *xs, uint32_t tx, const char *path, size_t *n)
{
	size_t len, count = 0;
	char *names = talk(xs, XS_DIRECTORY, tx, path, NULL, 0, &len);
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
	size_t len;
	char *text = talk(xs, XS_GET_PERMS, tx, path, NULL, 0, &len);
	struct xs_perm *p = text ? calloc(len / 2 + 1, sizeof(*p)) : NULL;
	int rc = p ? perm_parse(text, len, p, len / 2) : -errno;

	free(text);
	if (rc < 0) {
		free(p);
		errno = -rc;
		return NULL;
	}
	*n = rc;
	return p;
}

int xs_set_perms(struct xs *xs, uint32_t tx, const char *path, const struct xs_perm *p, size_t n)
{
	char text[XENSTORE_PAYLOAD_MAX];
	int len = perm_format(p, n, text, sizeof(text));

	return len < 0 ? len : done(talk(xs, XS_SET_PERMS, tx, path, text, len, NULL));
}

uint32_t xs_transaction_start(struct xs *xs)
{
	char *id = talk(xs, XS_TRANSACTION_START, 0, "", NULL, 0, NULL);
	uint32_t tx;

	if (!id)
		return 0;
	tx = strtoul(id, NULL, 10);
	free(id);
	return tx;
}

int xs_transaction_end(struct xs *xs, uint32_t tx, bool abort)
{
	return talk_path(xs, XS_TRANSACTION_END, tx, abort ? "F" : "T");
}

int xs_watch(struct xs *xs, const char *path, const char *token)
{
	return done(talk(xs, XS_WATCH, 0, path, token, strlen(token) + 1, NULL));
}

int xs_unwatch(struct xs *xs, const char *path, const char *token)
{
	return done(talk(xs, XS_UNWATCH, 0, path, token, strlen(token) + 1, NULL));
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
		int rc = -EIO;

		xs->wait_ms = ms < 0 ? -1 : left > 0 ? (int)left : 0;
		if (!xs->broken)
			rc = msg_read(&xs->in, read_fd, xs);
		if (rc == 0)
			return 0;
		if (rc > 0)
			rc = xs->in.hdr.type == XS_WATCH_EVENT ? keep_event(xs) : -EIO;
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
	snprintf(ev->token, sizeof(ev->token), "%s",
		 strlen(e->text) < e->len ? e->text + strlen(e->text) + 1 : "");
	free(e->text);
	free(e);
	return 1;
}

int xs_introduce(struct xs *xs, uint16_t domid, uint64_t gfn, uint32_t port)
{
	char id[8], more[40];
	int len = snprintf(more, sizeof(more), "%llu%c%u", (unsigned long long)gfn, 0, port) + 1;

	snprintf(id, sizeof(id), "%u", domid);
	return done(talk(xs, XS_INTRODUCE, 0, id, more, len, NULL));
}

int xs_is_introduced(struct xs *xs, uint16_t domid)
{
	char id[8], *t;
	int yes;

	snprintf(id, sizeof(id), "%u", domid);
	t = talk(xs, XS_IS_DOMAIN_INTRODUCED, 0, id, NULL, 0, NULL);
	if (!t)
		return -errno;
	yes = *t == 'T';
	free(t);
	return yes;
}

char *xs_control(struct xs *xs, int argc, char *const argv[])
{
	char text[XENSTORE_PAYLOAD_MAX];
	size_t n = 0;

	for (int i = 1; i < argc; i++) {
		size_t len = strlen(argv[i]) + 1;

		if (n + len > sizeof(text)) {
			errno = E2BIG;
			return NULL;
		}
		memcpy(text + n, argv[i], len);
		n += len;
	}
	return talk(xs, XS_CONTROL, 0, argv[0], text, n, NULL);
}
