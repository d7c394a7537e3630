/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BUILDER_IMAGE_H
#define BUILDER_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "builder/err.h"

#define IMAGE_MAX_SEGMENTS 16
#define IMAGE_MAX_BYTES (512ul << 20) /* unpacked kernel or initramfs */

enum image_kind { IMAGE_ARM64, IMAGE_ZIMAGE32, IMAGE_ELF64 };

/* A piece of the file and where it goes; offsets in bytes into the (unpacked) file. */
struct image_segment {
	uint64_t offset, filesz;
	uint64_t addr, memsz; /* guest-physical; memsz >= filesz, the rest is zero */
};

struct image {
	enum image_kind kind;
	unsigned int nr;
	struct image_segment seg[IMAGE_MAX_SEGMENTS];
	uint64_t entry;	     /* guest-physical */
	uint64_t start, end; /* all segments lie in [start, end) */
};

/*
 * Reads the headers of a kernel and places it at or above @ram.  @data is never written, nothing
 * is kept of it.  Returns 0, or -ENOEXEC / -EINVAL with a sentence in @e.
 */
int image_parse(const void *data, size_t len, uint64_t ram, struct image *img, struct err *e);

const char *image_kind_name(enum image_kind kind);

#endif
