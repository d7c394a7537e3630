// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections of Dom0's programs over a unix socket. Only root can reach it (mode of the file); who
 * does is Dom0. Owns the listening socket and the clients. Invariant: EPOLLIN is wanted unless the
 * client leaves its answers unread, EPOLLOUT while something is unsent.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "lib/log.h"
#include "lib/loop.h"
#include "xenstore/daemon.h"

struct client {
	struct conn conn; /* first */
	struct loop_fd lf;
	char buf[256]; /* read ahead: most requests come with one system call */
	uint16_t len, pos;
	bool drained; /* the kernel had no more; until epoll says so again */
};

static struct loop_fd listener = { .fd = -1 };

static int sock_read(struct conn *c, void *buf, size_t len)
{
	struct client *cl = (struct client *)c;
	ssize_t n;

	if (cl->pos == cl->len) {
		if (cl->drained)
			return 0;
		n = recv(cl->lf.fd, cl->buf, sizeof(cl->buf), MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if (n == 0)
			return -EPIPE;
		cl->pos = 0;
		cl->len = n;
		cl->drained = n < (ssize_t)sizeof(cl->buf);
	}
	if (len > (size_t)(cl->len - cl->pos))
		len = cl->len - cl->pos;
	memcpy(buf, cl->buf + cl->pos, len);
	cl->pos += len;
	return (int)len;
}

static int sock_write(struct conn *c, const void *buf, size_t len)
{
	ssize_t n = send(((struct client *)c)->lf.fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return (int)n;
}

static const struct conn_ops sock_ops = { sock_read, sock_write, NULL };

static void client_ready(struct loop_fd *lf, uint32_t events)
{
	struct client *cl = (struct client *)((char *)lf - offsetof(struct client, lf));

	if ((events & (EPOLLHUP | EPOLLERR)) && !(events & EPOLLIN))
		cl->conn.dead = true;
	if (events & EPOLLIN)
		cl->drained = false;
	conn_wake(&cl->conn);
}

static struct client *new_client(int fd)
{
	struct client *cl = calloc(1, sizeof(*cl));

	if (!cl)
		return NULL;
	if (!conn_new(&sock_ops, &cl->conn, 0)) {
		free(cl);
		return NULL;
	}
	if (loop_add(&cl->lf, fd, EPOLLIN, client_ready)) {
		conn_fini(&cl->conn);
		free(cl);
		return NULL;
	}
	return cl;
}

static void accept_ready(struct loop_fd *lf, uint32_t events)
{
	int fd = accept4(lf->fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			log_limited(LOG_LVL_WARN, "accept: %s", strerror(errno));
		return;
	}
	if (!new_client(fd)) {
		log_limited(LOG_LVL_WARN, "no room for another client");
		close(fd);
	}
}

int sock_listen(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(sa.sun_path)) {
		close(fd);
		return -ENAMETOOLONG;
	}
	strcpy(sa.sun_path, path);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || chmod(path, 0600) || listen(fd, 64)) {
		int err = errno;

		close(fd);
		return -err;
	}
	return loop_add(&listener, fd, EPOLLIN, accept_ready);
}

int sock_listener(void)
{
	return listener.fd;
}

void sock_take_listener(int fd)
{
	if (loop_add(&listener, fd, EPOLLIN, accept_ready))
		die("live update: cannot listen");
}

void sock_update(void)
{
	struct conn *c, *next;

	for (c = store.conns; c; c = next) {
		struct client *cl = (struct client *)c;

		next = c->next;
		if (c->ops != &sock_ops)
			continue;
		if (!c->dead) {
			loop_want(&cl->lf, (conn_busy(c) ? 0 : EPOLLIN) | (c->out ? EPOLLOUT : 0));
			continue;
		}
		loop_del(&cl->lf);
		close(cl->lf.fd);
		conn_fini(c);
		free(cl);
	}
}

void sock_save(struct buf *b, const struct conn *c)
{
	const struct client *cl = (const struct client *)c;

	buf_put_u32(b, cl->lf.fd);
	buf_put_u32(b, cl->len - cl->pos);
	buf_put(b, cl->buf + cl->pos, cl->len - cl->pos);
}

struct conn *sock_load(struct buf *b)
{
	struct client *cl = new_client((int)buf_u32(b));
	uint32_t len = buf_u32(b);
	const void *ahead = buf_bytes(b, len);

	if (!cl || !ahead || len > sizeof(cl->buf))
		return NULL;
	memcpy(cl->buf, ahead, len);
	cl->len = len;
	return &cl->conn;
}

void sock_keep_on_exec(bool keep)
{
	fcntl(listener.fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
	for (struct conn *c = store.conns; c; c = c->next)
		if (c->ops == &sock_ops && !c->dead)
			fcntl(((struct client *)c)->lf.fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
}
