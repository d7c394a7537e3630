/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One guest's console: its ring, terminal, viewers and log. Used by xenconsoled's main program
 * only.
 */
#ifndef HOSPES_CONSOLE_GUEST_H
#define HOSPES_CONSOLE_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include "console/conlog.h"
#include "console/history.h"
#include "lib/guest.h"
#include "lib/loop.h"
#include "xenstore/client.h"

struct con_kind {
	const char *name; /* as the client's --type */
	const char *path; /* below /local/domain/N */
	const char *log_suffix;
	int grant; /* the number of the ring's grant; -1: only a page of the guest */
};
#define N_KINDS 2
extern const struct con_kind con_kinds[N_KINDS];

struct viewer {		   /* who reads the history, and types */
	struct loop_fd lf; /* first */
	struct viewer *next;
	struct guest *guest;
	uint64_t pos;
};

struct guest {
	struct guest *next;
	const struct con_kind *kind;
	uint16_t domid;
	bool closing;
	struct guest_page page;
	struct xencons_interface *intf; /* there */
	uint64_t gfn;
	uint32_t remote_port, port; /* port 0: not bound */
	struct history hist;
	uint64_t seen; /* up to here some viewer has got everything */
	/* The terminal, open since the ring was there for the first time (fd -1), then viewers. */
	struct viewer tty;
	int slave;
	struct conlog log;
	/* unmasks a port that fired too often; when closing: the end */
	struct loop_timer timer;
	int64_t period, deadline;
	unsigned int events;
};

struct con_options {
	bool log_guest, stamp_guest;
	const char *log_dir;
};
extern struct con_options con_opt;
extern struct xs *con_xs;
extern struct guest *guests;

/* Out of memory: false. */
bool guest_new(uint16_t domid, const struct con_kind *kind);
struct guest *guest_find(uint16_t domid, const struct con_kind *kind);
/* Looks at the guest's entries in the store and connects, or connects anew, if they say so. */
void guest_update(struct guest *g);
/* The domain is gone: the last bytes go out, then everything is closed. */
void guest_gone(struct guest *g);
/* An event channel fired: false if it is none of ours. */
bool guest_event(uint32_t port);
/* Takes over a connection that is in the loop; v is from malloc, and the terminal is there. */
void guest_add_viewer(struct guest *g, struct viewer *v);
/* Before the daemon ends: the next one takes the histories up. */
void guest_save_all(void);

#endif
