/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's command line (core/cmdline.c): Xen's documented names. Parsed once at boot into
 * `opts`.
 */
#ifndef CORE_CMDLINE_H
#define CORE_CMDLINE_H
#include <lib/types.h>

struct options {
	u64 dom0_mem, dom0_mem_min, dom0_mem_max; /* bytes; 0: not given */
	unsigned dom0_max_vcpus;		  /* 0: all CPUs */
	bool dom0_vcpus_pin;
	unsigned maxcpus; /* 0: all */
	bool noreboot;
	/*
	 * xsm=silo (default as on ARM Xen): no grants or events between DomUs; xsm=dummy or
	 * flask=...: allowed
	 */
	bool silo;
	unsigned gnttab_max_frames, gnttab_max_maptrack_frames; /* defaults 64 and 1024 */
	u64 sched_slice_us;					/* time slice, default 10,000 */
	u64 conring_size;     /* bytes of the log ring; 0: as built */
	bool console_to_ring; /* Dom0's console output goes to the log ring too */
	bool ext_regions;     /* tell Dom0 unused address ranges for its foreign mappings */
	/* path or alias of the console's node; empty: /chosen/stdout-path */
	char dtuart[64];
	char conswitch;	     /* letter whose control code switches the input; 0: none does */
	bool conswitch_stay; /* input does not go to Dom0 when it starts */
};
extern struct options opts;
extern char cmdline_text[1024]; /* as given, for XENVER_commandline */
/*
 * An unknown name is named in the log and ignored. NULL, or the text to stop with: the first
 * argument whose value is not one of its kind. Pure but for opts, the log levels and the log.
 */
const char *cmdline_parse(const char *line);
#endif
