/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small xenstore client: one connection, used by one thread.
 *
 * Calls return 0 or -errno; those that return a pointer give NULL and set errno. Pointers returned
 * are from malloc and belong to the caller (one free() each, also for lists). Paths are absolute or
 * relative to the caller's own domain. `tx` is 0 or what xs_transaction_start() gave. Lengths are
 * in bytes.
 */
#ifndef HOSPES_XENSTORE_CLIENT_H
#define HOSPES_XENSTORE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "xenstore/wire.h"

struct xs;

struct xs_event {
	char path[XENSTORE_ABS_PATH_MAX + 1];
	char token[1024];
};

/* Connects to the daemon's socket, or to the kernel's /dev/xen/xenbus where there is none. */
struct xs *xs_open(void);
void xs_close(struct xs *xs);
/* Readable when an event may be waiting; ask xs_next_event(…, 0) then. */
int xs_fd(const struct xs *xs);

/* The value with a NUL added behind it; *len (may be NULL) does not count that NUL. */
char *xs_read(struct xs *xs, uint32_t tx, const char *path, size_t *len);
char *xs_readf(struct xs *xs, uint32_t tx, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int xs_write(struct xs *xs, uint32_t tx, const char *path, const void *data, size_t len);
int xs_mkdir(struct xs *xs, uint32_t tx, const char *path);
/* Removes the whole subtree; -ENOENT when even the parent is missing. */
int xs_rm(struct xs *xs, uint32_t tx, const char *path);
/* 1, 0 or -errno. */
int xs_exists(struct xs *xs, uint32_t tx, const char *path);
/* A list of *n names, in one block of memory; directories of any size. */
char **xs_directory(struct xs *xs, uint32_t tx, const char *path, size_t *n);

struct xs_perm *xs_get_perms(struct xs *xs, uint32_t tx, const char *path, size_t *n);
int xs_set_perms(struct xs *xs, uint32_t tx, const char *path, const struct xs_perm *p, size_t n);

/*
 * 0 on failure (errno says why). End: -EAGAIN means that somebody was faster: do all of it again.
 */
uint32_t xs_transaction_start(struct xs *xs);
int xs_transaction_end(struct xs *xs, uint32_t tx, bool abort);

/* The daemon sends one event at once for a new watch. */
int xs_watch(struct xs *xs, const char *path, const char *token);
int xs_unwatch(struct xs *xs, const char *path, const char *token);
/* 1: *ev is filled; 0: none within `ms` milliseconds (-1: wait for ever); or -errno. */
int xs_next_event(struct xs *xs, struct xs_event *ev, int ms);

/*
 * Only for Dom0. `gfn` is the page of the guest's ring, `port` the guest's end of its event
 * channel.
 */
int xs_introduce(struct xs *xs, uint16_t domid, uint64_t gfn, uint32_t port);
/* 1, 0 or -errno. */
int xs_is_introduced(struct xs *xs, uint16_t domid);

/* Sends the words as one XS_CONTROL command; the daemon's answer. */
char *xs_control(struct xs *xs, int argc, char *const argv[]);

#endif
