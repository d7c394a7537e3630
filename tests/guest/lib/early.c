// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs with the MMU off, at the physical address: keeps an untouched copy of
 * the image (the DomU builder starts guests from it), clears bss and fills the
 * translation tables. May use only PC-relative data, no pointers from .data.
 * Tables: low = 1:1 blocks, device below 768 MiB, memory above (grant frames
 * and magic pages of a DomU lie there); high = the image, and again for EL0.
 */
#include "guest.h"

#define BLOCK 0x1ul
#define TABLE 0x3ul
#define AF (1ul << 10)
#define SH (3ul << 8)
#define EL0 (1ul << 6)
#define DEVICE (1ul << 2)
#define UXN (1ul << 54)
#define PXN (1ul << 53)

#define GIB (1ul << 30)
#define BLOCK2 (2ul << 20)
#define DEVICES_END 0x30000000ul

extern char _start[], _edata[], _bss[], _ebss[], _pristine[];

u64 table_low[512] __page_aligned;
u64 table_high[512] __page_aligned;
static u64 table_devices[512] __page_aligned;
static u64 table_image[512] __page_aligned;
static u64 table_alias[512] __page_aligned;

static void copy_image(void)
{
	const u64 *s = (const u64 *)_start;
	u64 *d = (u64 *)_pristine;

	while (s < (const u64 *)_edata)
		*d++ = *s++;
	for (d = (u64 *)_bss; d < (u64 *)_ebss; d++)
		*d = 0;
}

void early_init(u64 info, u64 phys);
void early_init(u64 info, u64 phys)
{
	(void)info;
	copy_image();
	for (u64 i = 0; i < 512; i++) {
		u64 dev = i * BLOCK2 < DEVICES_END ? DEVICE | PXN : SH;

		table_low[i] = i * GIB | BLOCK | AF | SH | UXN;
		table_devices[i] = i * BLOCK2 | BLOCK | AF | UXN | dev;
	}
	table_low[0] = (u64)table_devices | TABLE;
	for (u64 i = 0; i < KMAP_SIZE / BLOCK2; i++) {
		u64 at = (phys + i * BLOCK2) | BLOCK | AF | SH;

		table_image[i] = at | UXN;
		table_alias[i] = at | EL0;
	}
	table_high[0] = (u64)table_image | TABLE;
	table_high[EL0_ALIAS / GIB] = (u64)table_alias | TABLE;
	asm volatile("dsb sy" ::: "memory");
}
