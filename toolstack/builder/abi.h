/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BUILDER_ABI_H
#define BUILDER_ABI_H

/*
 * The guest memory map comes from Xen's public headers.  A host build (tests, fuzzers) runs on
 * another architecture, for which xen.h would pull in that one's file, so the few numbers that
 * the pure code needs are spelt here for it; a cross build fails if one of them is wrong.
 */
#ifdef __aarch64__
#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1
#endif
#include <stdint.h>
#include <xen/xen.h>
#else
#define GUEST_RAM_BANK_BASES \
	{ \
		0x40000000ull, 0x0200000000ull \
	}
#define GUEST_RAM_BANK_SIZES \
	{ \
		0xc0000000ull, 0xfe00000000ull \
	}
#define GUEST_RAM_BASE 0x40000000ull
#define GUEST_GICD_BASE 0x03001000ull
#define GUEST_GICD_SIZE 0x00001000ull
#define GUEST_GICC_BASE 0x03002000ull
#define GUEST_GICC_SIZE 0x00002000ull
#define GUEST_GICV3_GICD_BASE 0x03001000ull
#define GUEST_GICV3_GICD_SIZE 0x00010000ull
#define GUEST_GICV3_GICR0_BASE 0x03020000ull
#define GUEST_GICV3_GICR0_SIZE 0x01000000ull
#define GUEST_GNTTAB_BASE 0x38000000ull
#define GUEST_GNTTAB_SIZE 0x01000000ull
#define GUEST_TIMER_VIRT_PPI 27
#define GUEST_TIMER_PHYS_S_PPI 29
#define GUEST_TIMER_PHYS_NS_PPI 30
#define GUEST_EVTCHN_PPI 31
#endif

#endif
