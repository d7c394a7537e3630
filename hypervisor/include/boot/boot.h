/* SPDX-License-Identifier: GPL-2.0-only */
/* Entry from arm/a64/head.S and what follows it. */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H
#include <lib/types.h>

/*
 * Boot CPU; MMU and caches on; the image is mapped, and FDT_SIZE_MAX bytes at fdt if that is not 0.
 * Never returns.
 */
__noreturn void boot_main(paddr_t fdt, paddr_t image_start, u64 image_size);
/* Boot is over: the .init sections become heap. Nothing of theirs may be called any more. */
void boot_free_init(void);
#endif
