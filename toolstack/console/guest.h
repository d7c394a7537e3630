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
#include "lib/loop.h"
#include "xenstore/client.h"

struct con_kind {
	const char *name; /* as the client's --type */
	const char *path; /* below /local/domain/N */
	const char *log_suffix;
	bool granted; /* the ring is grant 0, not only a page of the guest */
};
#define N_KINDS 2
extern const struct con_kind con_kinds[N_KINDS];

struct viewer {
	struct loop_fd lf;
	struct viewer *next;
	struct guest *guest;
	uint64_t pos;
};

struct guest {
	struct guest *next;
	const struct con_kind *kind;
	uint16_t domid;
	struct xencons_interface *intf;
	bool granted, closing, was_bad;
	uint64_t gfn;
	uint32_t remote_port, port; /* port 0: not bound */
	struct history hist;
	uint64_t seen; /* up to here some viewer has got everything */
	int master, slave;
	struct loop_fd pty;
	uint64_t pty_pos;
	struct viewer *viewers;
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

/* Looks at the guest's entries in the store and connects, or connects anew, if they say so. */
void guest_update(uint16_t domid, const struct con_kind *kind);
/* The domain is gone: the last bytes go out, then everything is closed. */
void guest_gone(struct guest *g);
void guest_event(struct guest *g);
struct guest *guest_find(uint16_t domid, const struct con_kind *kind);
/* Takes the connection over. */
int guest_add_viewer(struct guest *g, int fd);
/* Before the daemon ends: the next one takes the histories up. */
void guest_save_all(void);
/* The event channel device. */
int guest_init(void (*other_port)(uint32_t port), uint32_t *hv_port);
void guest_unmask(uint32_t port);

#endif
