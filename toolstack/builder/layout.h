/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BUILDER_LAYOUT_H
#define BUILDER_LAYOUT_H

#include <stdint.h>

#include "builder/err.h"
#include "builder/image.h"

#define LAYOUT_BANKS 2

struct layout_bank {
	uint64_t base, size; /* bytes; size 0 = bank unused */
};

/* Guest-physical memory map of one guest; all in bytes, page-aligned. */
struct layout {
	struct layout_bank ram[LAYOUT_BANKS];  /* what the guest owns */
	struct layout_bank room[LAYOUT_BANKS]; /* what it may put foreign pages into */
	uint64_t ramdisk, dtb;		       /* 0 = absent */
};

/* Splits @bytes of RAM over the ABI's banks and finds the holes beyond it.  Returns 0 or -E2BIG. */
int layout_ram(struct layout *l, uint64_t bytes, unsigned int gpa_bits, struct err *e);

/* Places initramfs and device tree around the kernel.  Returns 0 or -ENOSPC. */
int layout_modules(struct layout *l, const struct image *img, uint64_t ramdisk_size,
		   uint64_t dtb_size, struct err *e);

#endif
