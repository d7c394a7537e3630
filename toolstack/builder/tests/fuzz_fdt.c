// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_fdt.c - libFuzzer target: a hostile partial device tree, and the guest's tree made with it.
 */
#include <libfdt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "builder/gfdt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char out[GFDT_MAX_BYTES];
	struct layout l;
	struct gfdt_config g = { .gic_version = 3, .vcpus = 2, .cmdline = "x", .layout = &l };
	/* exactly as large as the file, so that ASan sees every overrun */
	void *p = malloc(size + 1);
	struct err e;
	int n;

	memcpy(p, data, size);
	layout_ram(&l, 128 << 20, 40, &e);
	g.partial = p;
	if (!gfdt_check_partial(p, size, &e)) {
		n = gfdt_build(&g, out, sizeof(out), &e);
		if (n > 0 && fdt_check_full(out, n))
			abort();
	}
	free(p);
	return 0;
}
