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
#include <unistd.h>
#include "lib/unix.h"
#include "xenstore/client.h"

struct event {
	struct event *next;
	char text[]; /* path NUL token NUL */
};

struct xs {
	int fd, wait_ms;
	bool broken, socket;
	uint32_t req_id;
	struct event *first, **last;
	struct message in;
};

static int connect_socket(void)
{
	const char *path = getenv("XENSTORED_PATH");
	const char *dir = getenv("XENSTORED_RUNDIR");
	char buf[256];

	snprintf(buf, sizeof(buf), "%s/socket", dir ? dir : "/var/run/xenstored");
	return unix_connect(path ? path : buf);
}

struct xs *xs_open(void)
{
	struct xs *xs = calloc(1, sizeof(*xs));

	if (!xs)
		return NULL;
	xs->last = &xs->first;
	xs->fd = connect_socket();
	xs->socket = xs->fd >= 0;
	/*
	 * An explicit path is a promise: no silent fallback then. Nor in Dom0 (only there is a
	 * xenbus_backend), where the kernel would wait for a daemon that nobody has started.
	 */
	if (xs->fd < 0 && !getenv("XENSTORED_PATH") && access("/dev/xen/xenbus_backend", F_OK))
		xs->fd = open("/dev/xen/xenbus", O_RDWR | O_CLOEXEC);
	if (xs->fd >= 0)
		return xs;
	free(xs);
	return NULL;
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
	close(xs->fd);
	free(xs);
}

int xs_fd(const struct xs *xs)
{
	return xs->fd;
}

static bool send_all(struct xs *xs, const char *data, size_t len)
{
	while (len) {
		ssize_t n = xs->socket ? send(xs->fd, data, len, MSG_NOSIGNAL)
				       : write(xs->fd, data, len);

		if (n <= 0 && errno != EINTR)
			return false;
		data += n > 0 ? n : 0;
		len -= n > 0 ? n : 0;
	}
	return true;
}

/* Waits at most xs->wait_ms (-1: for ever); 0 after that. */
static int read_fd(void *from, void *buf, size_t len)
{
	struct xs *xs = from;
	struct pollfd p = { .fd = xs->fd, .events = POLLIN };
	int rc = xs->wait_ms < 0 ? 1 : poll(&p, 1, xs->wait_ms);
	ssize_t n;

	if (rc <= 0)
		return rc < 0 ? -errno : 0;
	do {
		n = read(xs->fd, buf, len);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? (int)n : -EIO;
}

static int keep_event(struct xs *xs)
{
	size_t len = xs->in.hdr.len;
	struct event *e = calloc(1, sizeof(*e) + len + 2);

	if (!e)
		return -ENOMEM;
	memcpy(e->text, xs->in.body, len);
	*xs->last = e;
	xs->last = &e->next;
	message_drop(&xs->in);
	return 0;
}

/* With a NUL added. */
static char *take_body(struct xs *xs, size_t *len)
{
	char *body = calloc(1, xs->in.hdr.len + 1);

	if (body)
		memcpy(body, xs->in.body, xs->in.hdr.len);
	if (len)
		*len = xs->in.hdr.len;
	message_drop(&xs->in);
	return body;
}

/* 1: a reply is there; 0: an event came and is kept, or nothing in time; or -errno. */
static int receive(struct xs *xs)
{
	int rc = xs->broken ? -EIO : message_read(&xs->in, read_fd, xs);

	if (rc > 0)
		rc = xs->in.hdr.type == XS_WATCH_EVENT ? keep_event(xs) : 1;
	xs->broken = xs->broken || (rc < 0 && rc != -EINTR);
	return rc;
}

static char *fail(int err)
{
	errno = err;
	return NULL;
}

/*
 * One request: a string, perhaps with bytes behind its NUL. The answer's text, or NULL and errno.
 */
static char *talk(struct xs *xs, uint32_t type, uint32_t tx, const char *a, const void *b,
		  size_t b_len, size_t *len)
{
	size_t a_len = strlen(a) + 1;
	struct message m = { 0, { type, ++xs->req_id, tx, a_len + b_len } };
	int rc = 0, err;
	char *body;

	if (m.hdr.len > sizeof(m.body))
		return fail(E2BIG);
	memcpy(m.body, a, a_len);
	if (b_len)
		memcpy(m.body + a_len, b, b_len);
	if (xs->broken || !send_all(xs, (char *)&m.hdr, sizeof(m.hdr) + m.hdr.len))
		rc = -EIO;
	for (xs->wait_ms = -1; rc == 0;)
		rc = receive(xs);
	m.hdr = xs->in.hdr;
	if (rc < 0 || m.hdr.req_id != xs->req_id ||
	    (m.hdr.type != type && m.hdr.type != XS_ERROR)) {
		xs->broken = true;
		return fail(EIO);
	}
	body = take_body(xs, len);
	if (!body || m.hdr.type != XS_ERROR)
		return body;
	err = error_number(body);
	free(body);
	return fail(err);
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
	char *path, *value;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&path, fmt, ap);
	va_end(ap);
	value = n < 0 ? NULL : xs_read(xs, tx, path, NULL);
	if (n >= 0)
		free(path);
	return value;
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
 * The names of children. They come in parts, each behind a number of the directory's version: from
 * the start again when that changes. An empty name says that there are no more.
 */
static char *read_names(struct xs *xs, uint32_t tx, const char *path, size_t *total)
{
	char *all = NULL, version[32] = "";
	size_t have = 0;

	for (bool end = false; !end;) {
		char at[24];
		size_t len = snprintf(at, sizeof(at), "%zu", have) + 1;
		char *part = talk(xs, XS_DIRECTORY_PART, tx, path, at, len, &len), *more = NULL;
		size_t head = part ? strlen(part) + 1 : 0;

		if (have && part && strcmp(version, part)) {
			have = 0;
			free(part);
			continue;
		}
		if (part && head < len)
			more = realloc(all, have + len - head);
		if (!more) {
			errno = part ? EIO : errno;
			free(part);
			free(all);
			return NULL;
		}
		all = more;
		snprintf(version, sizeof(version), "%s", part);
		memcpy(all + have, part + head, len - head);
		have += len - head;
		end = !part[len - 1] && !part[len - 2];
		free(part);
	}
	*total = have - 1;
	return all;
}

char **xs_directory(struct xs *xs, uint32_t tx, const char *path, size_t *n)
{
	size_t len, count = 0;
	char *names = read_names(xs, tx, path, &len), **list;

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

int xs_next_event(struct xs *xs, struct xs_event *ev, int ms)
{
	struct event *e;
	int rc = 0;

	xs->wait_ms = ms;
	if (!xs->first)
		rc = receive(xs);
	if (rc > 0) { /* to no request */
		xs->broken = true;
		rc = -EIO;
	}
	if (!xs->first)
		return rc;
	e = xs->first;
	xs->first = e->next;
	if (!xs->first)
		xs->last = &xs->first;
	snprintf(ev->path, sizeof(ev->path), "%s", e->text);
	snprintf(ev->token, sizeof(ev->token), "%s", e->text + strlen(e->text) + 1);
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
