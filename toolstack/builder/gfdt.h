/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BUILDER_GFDT_H
#define BUILDER_GFDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/layout.h"

#define GFDT_MAX_BYTES (1u << 20) /* also the limit for a partial tree */
#define GFDT_SEED_BYTES 128

/* All that the guest's device tree says; everything is borrowed for the call. */
struct gfdt_config {
	unsigned int gic_version; /* 2 or 3 */
	unsigned int vcpus;
	uint32_t clock_frequency; /* Hz, 0 = the counter register is right */
	bool vuart;		  /* the virtual UART has a node */
	const char *cmdline;	  /* may be NULL */
	const uint8_t *seed;	  /* GFDT_SEED_BYTES for the guest's random numbers; may be NULL */
	const struct layout *layout;
	uint64_t ramdisk_size; /* bytes, 0 = none */
	const void *partial;   /* user's partial tree, already checked; may be NULL */
};

/* Writes the tree into @buf.  Returns its size in bytes, or -errno with a sentence. */
int gfdt_build(const struct gfdt_config *c, void *buf, size_t size, struct err *e);

/*
 * Judges a user's partial tree (xl.cfg `device_tree`): well-formed, small, shallow, and nothing
 * in it takes the GIC's phandle.  Must pass before gfdt_build may see it.  Returns 0 or -EINVAL.
 */
int gfdt_check_partial(const void *fdt, size_t len, struct err *e);

#endif
