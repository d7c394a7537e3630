/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of the xenstored program around the pure store: guests' rings, tools' sockets, live
 * update.
 */
#ifndef HOSPES_XENSTORE_DAEMON_H
#define HOSPES_XENSTORE_DAEMON_H

#include <stdbool.h>
#include "xenstore/store.h"

/* What conn_ops.save() writes first: who loads it. */
enum { STATE_RING = 1, STATE_SOCK };

/* ring.c */
/*
 * Opens the event channel device, or takes over `evtchn_fd` (>= 0) with the port of VIRQ_DOM_EXC.
 */
int ring_init(int evtchn_fd, uint32_t virq_port);
uint32_t ring_virq_port(void);
/* Connects the kernel of Dom0. */
int ring_connect_dom0(void);
/* Lets event channels fire again whose guests have nothing more to be done for. */
void ring_idle(void);
struct conn *ring_load(struct buf *b, uint16_t domid, bool check_only);
extern const struct store_hooks ring_hooks;

/* sock.c */
int sock_listen(const char *path);
int sock_listener(void);
int sock_take_listener(int fd);
/* Frees the dead, and asks epoll for what the living wait for. */
void sock_update(void);
struct conn *sock_load(struct buf *b);
void sock_keep_on_exec(bool keep);

/* live.c */
extern bool live_pending;
int live_command(struct conn *c, int argc, char **argv);
/* Replaces the program; returns only when that failed, after having told the caller. */
void live_run(char **argv);
/* In the new program: everything as it was. check_only: only tell whether that would work. */
int live_restore(int fd, bool check_only);

#endif
