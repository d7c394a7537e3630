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
#include <unistd.h>
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/unix.h"
#include "xenstore/daemon.h"

struct client {
	struct conn conn; /* first */
	struct loop_fd lf;
	bool drained; /* the kernel had no more; until epoll says so again */
};

static struct loop_fd listener = { .fd = -1 };

static int moved(ssize_t n)
{
	return n >= 0 ? (int)n : errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static int sock_read(void *conn, void *buf, size_t len)
{
	struct client *cl = conn;
	ssize_t n;

	if (cl->drained)
		return 0;
	n = recv(cl->lf.fd, buf, len, MSG_DONTWAIT);
	cl->drained = n < (ssize_t)len;
	return n == 0 ? -EPIPE : moved(n);
}

static int sock_write(struct conn *c, const void *buf, size_t len)
{
	return moved(send(((struct client *)c)->lf.fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static void sock_save(struct conn *c, struct conn_state *s)
{
	s->fd = ((struct client *)c)->lf.fd;
}

static const struct conn_ops sock_ops = { sock_read, sock_write, NULL, sock_save };

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

	if (!cl || !conn_new(&sock_ops, &cl->conn, 0)) {
		free(cl);
		return NULL;
	}
	if (!loop_add(&cl->lf, fd, EPOLLIN, client_ready))
		return cl;
	conn_fini(&cl->conn);
	free(cl);
	return NULL;
}

static void accept_ready(struct loop_fd *lf, uint32_t events)
{
	int fd = loop_accept(lf, 0); /* stays open in a live update */

	if (fd < 0 && fd != -EAGAIN && fd != -EINTR && fd != -ECONNABORTED)
		log_limited(LOG_LVL_WARN, "accept: %s", strerror(-fd));
	if (fd >= 0 && !new_client(fd)) {
		log_limited(LOG_LVL_WARN, "no room for another client");
		close(fd);
	}
}

int sock_take_listener(int fd)
{
	return loop_add(&listener, fd, EPOLLIN, accept_ready);
}

int sock_listen(const char *path)
{
	int fd = unix_listen(path);

	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
	return fd < 0 ? fd : sock_take_listener(fd);
}

int sock_listener(void)
{
	return listener.fd;
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

struct conn *sock_load(const struct conn_state *s)
{
	struct client *cl = new_client(s->fd);

	return cl ? &cl->conn : NULL;
}
