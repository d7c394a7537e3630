/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event loop over epoll: one per process, one thread. The caller owns the structs and embeds them.
 */
#ifndef HOSPES_LOOP_H
#define HOSPES_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct loop_fd {
	int fd;
	uint32_t events; /* EPOLLIN, EPOLLOUT wanted at present */
	void (*ready)(struct loop_fd *lf, uint32_t events);
};

struct loop_timer {
	int64_t due; /* milliseconds of loop_now(); 0: not armed */
	void (*fire)(struct loop_timer *lt);
	struct loop_timer *next;
};

/* 0 or -errno. The fd stays the caller's: remove it here before closing it. */
int loop_add(struct loop_fd *lf, int fd, uint32_t events,
	     void (*ready)(struct loop_fd *, uint32_t));
void loop_want(struct loop_fd *lf, uint32_t events);
void loop_del(struct loop_fd *lf);

void loop_arm(struct loop_timer *lt, int64_t in_ms, void (*fire)(struct loop_timer *));
void loop_disarm(struct loop_timer *lt);
/* Monotonic milliseconds. */
int64_t loop_now(void);

/*
 * accept4() of a listening socket in the loop: an fd or -errno. Where descriptors have run out the
 * loop leaves the socket alone for a moment: it would be ready again at once.
 */
int loop_accept(struct loop_fd *listener, int flags);

/*
 * Waits at most `ms` (-1: until something happens) and runs what is ready. 0, or -EINTR after a
 * signal.
 */
int loop_once(int ms);

#endif
