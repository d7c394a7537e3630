// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_image.c - libFuzzer target: a hostile kernel, gzip'd or not, up to its place in memory. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image.h"
#include "builder/layout.h"

#define RAM 0x40000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *p = malloc(size + 1);
	struct image img;
	struct layout l;
	struct err e;
	unsigned int i;
	size_t len = size;

	memcpy(p, data, size);
	if (!image_gunzip(&p, &len, 4 << 20, &e) && !image_parse(p, len, RAM, &img, &e)) {
		for (i = 0; i < img.nr; i++)
			if (img.seg[i].offset + img.seg[i].filesz > len ||
			    img.seg[i].addr < img.start ||
			    img.seg[i].addr + img.seg[i].memsz > img.end)
				abort();
		if (!layout_ram(&l, 256 << 20, 40, &e) &&
		    !layout_modules(&l, &img, 1 << 20, 4096, &e) &&
		    (img.start < RAM || img.end > RAM + (256 << 20) ||
		     l.dtb + 4096 > RAM + (256 << 20)))
			abort();
	}
	free(p);
	return 0;
}
