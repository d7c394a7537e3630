// SPDX-License-Identifier: GPL-2.0-only
/*
 * layout.c - where RAM, kernel, initramfs and device tree of a guest lie.
 *
 * Owns no state; pure arithmetic over the bank addresses of Xen's public arch-arm.h.
 * Invariant: whatever is returned lies wholly inside RAM bank 0 and nothing overlaps.
 */
#include <errno.h>

#include "builder/abi.h"
#include "builder/layout.h"

#define MIB (1ull << 20)
#define MODULES_AT (128 * MIB) /* beyond any kernel that unpacks itself */
#define ROOM_MIN (64 * MIB)    /* smaller holes are not worth a table entry */

static uint64_t page_up(uint64_t v)
{
	return (v + 4095) & ~4095ull;
}

int layout_ram(struct layout *l, uint64_t bytes, unsigned int gpa_bits, struct err *e)
{
	static const uint64_t base[] = GUEST_RAM_BANK_BASES, size[] = GUEST_RAM_BANK_SIZES;
	uint64_t top = gpa_bits >= 64 ? UINT64_MAX : 1ull << gpa_bits;
	unsigned int i;

	for (i = 0; i < LAYOUT_BANKS; i++) {
		uint64_t end = base[i] + size[i], free_from;

		end = end > top ? top : end;
		l->ram[i].base = base[i];
		l->ram[i].size = end <= base[i] ? 0 : end - base[i];
		if (l->ram[i].size > bytes)
			l->ram[i].size = bytes;
		bytes -= l->ram[i].size;
		free_from = (base[i] + l->ram[i].size + 2 * MIB - 1) & ~(2 * MIB - 1);
		l->room[i].base = free_from;
		l->room[i].size = end > free_from ? end - free_from : 0;
		if (l->room[i].size < ROOM_MIN)
			l->room[i].size = 0;
	}
	if (bytes)
		return err_set(e, -E2BIG, "memory: a guest cannot have that much on this machine");
	return 0;
}

int layout_modules(struct layout *l, const struct image *img, uint64_t ramdisk_size,
		   uint64_t dtb_size, struct err *e)
{
	uint64_t ram = l->ram[0].base, end = ram + l->ram[0].size, at;
	uint64_t need = page_up(ramdisk_size) + page_up(dtb_size);
	uint64_t kernel_end = page_up(img->end);

	if (img->start < ram || img->end > end || img->end < img->start)
		return err_set(e, -ENOSPC,
			       "memory: the kernel needs %#llx to %#llx, RAM ends at %#llx",
			       (unsigned long long)img->start, (unsigned long long)img->end,
			       (unsigned long long)end);
	if (l->ram[0].size >= MODULES_AT && end - ram - MODULES_AT >= need &&
	    kernel_end <= ram + MODULES_AT)
		at = ram + MODULES_AT;
	else if (end - kernel_end >= need && kernel_end <= end)
		at = (end - need) & ~4095ull;
	else if (img->start - ram >= need)
		at = (img->start - need) & ~4095ull;
	else
		return err_set(e, -ENOSPC,
			       "memory: %llu MiB do not hold kernel, initramfs and device tree",
			       (unsigned long long)(l->ram[0].size / MIB));
	l->ramdisk = ramdisk_size ? at : 0;
	l->dtb = at + page_up(ramdisk_size);
	return 0;
}
