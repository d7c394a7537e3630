/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor's command line (core/cmdline.c): Xen's documented names. Parsed once at boot into `opts`. */
#ifndef CORE_CMDLINE_H
#define CORE_CMDLINE_H
#include <lib/types.h>

struct options {
	u64 dom0_mem;		/* bytes; 0: default */
	unsigned dom0_max_vcpus;	/* 0: all CPUs */
	bool dom0_vcpus_pin;
	unsigned maxcpus;	/* 0: all */
	bool noreboot;
	bool silo;		/* xsm=silo (default as on ARM Xen): no grants or events between DomUs; xsm=dummy or flask=...: allowed */
	unsigned gnttab_max_frames, gnttab_max_maptrack_frames;	/* defaults 64 and 1024 */
	u64 sched_slice_us;	/* time slice, default 10,000 */
	/* console=, loglvl=, guest_loglvl=, conring_size=, sched=, bootscrub=, dtuart= … as documented in docs/command-line.md */
};
extern struct options opts;
extern char cmdline_text[1024];	/* as given, for XENVER_commandline */
void cmdline_parse(const char *line);	/* an unknown name or a bad value is named in the log and ignored, except where it must stop */
#endif
