/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starting DomUs from a Dom0 payload, without any toolstack. A DomU runs an
 * untouched copy of the same image; its whole memory is mapped in Dom0, so a
 * variable of the DomU is reached through domu_ptr().
 */
#ifndef GUEST_DOMU_H
#define GUEST_DOMU_H

#include "xen.h"

#define DOMU_RAM (4ul << 20) /* bytes, at GUEST_RAM0_BASE */
#define DOMU_MAGIC_PAGES 2   /* console, xenstore; beside DOMU_RAM */
#define START_MAGIC 0x6f6c6c7570756f6dul

struct start_info { /* last page of the DomU's memory; x0 points to it */
	u64 magic;
	u64 ram_base, ram_size;
	u32 gic, ncpus, domid, role;
	u64 arg[4];
};

struct domu {
	u16 domid;
	u64 ram;	  /* its memory in Dom0's guest physical space */
	u32 console_port; /* Dom0's end */
	struct xencons_interface *console;
	s64 error;	  /* first failed step, negative errno */
	const char *step; /* and its name */
	struct start_info *info;
};

extern u32 domu_spis;		      /* of the next domu_create() */
extern struct start_info *start_info; /* in a DomU: its own */

/* Build, paused. False: see d->error and d->step; the domain is gone again. */
bool domu_create(struct domu *d, int ncpus, u32 role);
/* Creation is given up, with this error, after so many steps; 0: never. */
#define DOMU_GIVEN_UP (-1000)
extern u32 domu_steps_left;
s64 domu_grow(struct domu *d, u64 bytes); /* more memory behind DOMU_RAM, multiple of 2 MiB */
s64 domu_unpause(struct domu *d);
s64 domu_pause(struct domu *d);
s64 domu_destroy(struct domu *d);
/* Copies the DomU's console output to ours; true while it is alive and not shut down. */
bool domu_poll(struct domu *d);
bool domu_wait(struct domu *d, u32 seconds); /* until shut down; false: still running */
s64 domu_pin(u16 domid, u32 vcpu, u32 pcpu);

#define domu_ptr(d, p) ((__typeof__((p) + 0))((d)->ram + ((u64)(p)-KBASE)))

#endif
