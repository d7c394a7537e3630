/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BUILDER_BUILD_H
#define BUILDER_BUILD_H

#include <stdint.h>

#include "builder/err.h"
#include "builder/file.h"
#include "builder/image.h"
#include "builder/layout.h"
#include "xl/config.h"

/* The files of a guest, read and judged before anything is created; owns its buffers. */
struct payload {
	struct file kernel, ramdisk, partial;
	struct image img;
};

/* A domain under construction. */
struct build {
	uint32_t domid;
	unsigned int gic_version; /* the one the hypervisor gave: 2 or 3 */
	uint32_t clock_frequency;
	unsigned int gpa_bits;
	uint32_t store_port, console_port; /* the guest's ends */
	uint64_t store_gfn, console_gfn;
	uint32_t vuart_port; /* 0: it has none */
	uint64_t vuart_gfn;
	uint64_t dtb_size;
	struct layout layout;
};

/* What the machine cannot give, said before anything is read or made: 0 or -errno. */
int build_check(const struct config *c, struct err *e);
/*
 * Reads kernel, ramdisk and partial tree, and judges whether they fit into the guest's memory.
 * 0 or -errno; payload_free() either way.
 */
int payload_load(struct payload *p, const struct config *c, struct err *e);
void payload_free(struct payload *p);

/*
 * The three steps, in this order; each returns 0 or -errno with a sentence.  Nothing is undone:
 * destroying b->domid (set as soon as it exists, 0 before) undoes everything.
 */
int build_create(struct build *b, const struct config *c, const struct payload *p, struct err *e);
int build_memory(struct build *b, const struct config *c, struct err *e);
int build_boot(struct build *b, const struct config *c, const struct payload *p, struct err *e);

#endif
