// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event loop over epoll. Owns the one epoll fd and the list of armed timers (few: a list will do).
 * Invariant: a loop_fd that was deleted is not called any more, even if its event was already
 * fetched.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "lib/loop.h"

#define BATCH 32
#define ACCEPT_PAUSE_MS 100

static int epfd = -1;
static struct loop_timer *timers;
static struct epoll_event batch[BATCH];
static int batch_len;

int64_t loop_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int loop_add(struct loop_fd *lf, int fd, uint32_t events, void (*ready)(struct loop_fd *, uint32_t))
{
	struct epoll_event ev = { .events = events, .data.ptr = lf };

	if (epfd < 0)
		epfd = epoll_create1(EPOLL_CLOEXEC);
	if (epfd < 0 || epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev))
		return -errno;
	lf->fd = fd;
	lf->events = events;
	lf->ready = ready;
	return 0;
}

void loop_want(struct loop_fd *lf, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = lf };

	if (!lf->ready || lf->events == events)
		return;
	lf->events = events;
	epoll_ctl(epfd, EPOLL_CTL_MOD, lf->fd, &ev);
}

void loop_del(struct loop_fd *lf)
{
	if (!lf->ready)
		return;
	epoll_ctl(epfd, EPOLL_CTL_DEL, lf->fd, NULL);
	lf->ready = NULL;
	for (int i = 0; i < batch_len; i++)
		if (batch[i].data.ptr == lf)
			batch[i].data.ptr = NULL;
}

void loop_disarm(struct loop_timer *lt)
{
	struct loop_timer **p;

	for (p = &timers; *p; p = &(*p)->next) {
		if (*p == lt) {
			*p = lt->next;
			break;
		}
	}
	lt->due = 0;
}

void loop_arm(struct loop_timer *lt, int64_t in_ms, void (*fire)(struct loop_timer *))
{
	struct loop_timer **p;

	loop_disarm(lt);
	lt->due = loop_now() + in_ms;
	lt->fire = fire;
	for (p = &timers; *p && (*p)->due <= lt->due; p = &(*p)->next)
		;
	lt->next = *p;
	*p = lt;
}

static struct loop_fd *tired; /* of its socket nothing is accepted at present */

static void accept_again(struct loop_timer *lt)
{
	loop_want(tired, EPOLLIN);
}

int loop_accept(struct loop_fd *listener, int flags)
{
	static struct loop_timer pause;
	int fd = accept4(listener->fd, NULL, NULL, flags), err = errno;

	if (fd < 0 && (err == EMFILE || err == ENFILE)) {
		tired = listener;
		loop_want(tired, 0);
		loop_arm(&pause, ACCEPT_PAUSE_MS, accept_again);
	}
	return fd < 0 ? -err : fd;
}

static void run_timers(void)
{
	int64_t now = loop_now();

	while (timers && timers->due <= now) {
		struct loop_timer *lt = timers;

		loop_disarm(lt);
		lt->fire(lt);
	}
}

int loop_once(int ms)
{
	int rc = 0;

	if (timers) {
		int64_t left = timers->due - loop_now();

		if (left < 0)
			left = 0;
		if (ms < 0 || left < ms)
			ms = (int)left;
	}
	if (epfd < 0)
		epfd = epoll_create1(EPOLL_CLOEXEC);
	batch_len = epoll_wait(epfd, batch, BATCH, ms);
	if (batch_len < 0) {
		rc = -errno;
		batch_len = 0;
	}
	for (int i = 0; i < batch_len; i++) {
		struct loop_fd *lf = batch[i].data.ptr;

		if (lf)
			lf->ready(lf, batch[i].events);
	}
	batch_len = 0;
	run_timers();
	return rc;
}
