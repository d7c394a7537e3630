/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of the xenstored program around the pure store: guests' rings, tools' sockets, live
 * update.
 */
#ifndef HOSPES_XENSTORE_DAEMON_H
#define HOSPES_XENSTORE_DAEMON_H

#include <stdbool.h>
#include "xenstore/store.h"

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
struct conn *ring_load(const struct conn_state *s, bool check_only);

/* sock.c */
int sock_listen(const char *path);
int sock_listener(void);
int sock_take_listener(int fd);
/* Frees the dead, and asks epoll for what the living wait for. */
void sock_update(void);
struct conn *sock_load(const struct conn_state *s);

/* live.c */
/* How a check ends that went well: programs that are no xenstored may well end with 0. */
#define LIVE_CAN 77
extern bool live_pending;
/* Replaces the program; returns only when that failed, after having told the caller. */
void live_run(char **argv);
/* In the new program, whose store is empty: everything as it was, or only whether that works. */
int live_restore(int fd, bool check_only);
/* The state that the old program left to this one, or -1. */
int live_state(void);

#endif
