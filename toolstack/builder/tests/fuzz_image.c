// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_image.c - libFuzzer target: a hostile kernel, gzip'd or not, up to its place in memory. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "builder/file.h"
#include "builder/image.h"
#include "builder/layout.h"

#define RAM 0x40000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct file f = { 0 };
	struct image img;
	struct layout l;
	struct err e;
	unsigned int i;
	char path[32];
	int fd = memfd_create("kernel", 0);

	if (write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!file_read(&f, path, 4 << 20, true, "kernel", &e) &&
	    !image_parse(f.data, f.len, RAM, &img, &e)) {
		for (i = 0; i < img.nr; i++)
			if (img.seg[i].offset + img.seg[i].filesz > f.len ||
			    img.seg[i].addr < img.start ||
			    img.seg[i].addr + img.seg[i].memsz > img.end)
				abort();
		if (!layout_ram(&l, 256 << 20, 40, &e) &&
		    !layout_modules(&l, &img, 1 << 20, 4096, &e) &&
		    (img.start < RAM || img.end > RAM + (256 << 20) ||
		     l.dtb + 4096 > RAM + (256 << 20)))
			abort();
	}
	file_free(&f);
	close(fd);
	return 0;
}
