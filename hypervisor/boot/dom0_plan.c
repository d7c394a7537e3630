// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where Dom0's memory lies (1:1) and what goes where in it. Pure arithmetic over ranges;
 * host-tested. A kernel or initramfs that the boot loader put where it can stay is not copied: the
 * banks are chosen around the modules.
 */
#include <boot/dom0.h>
#include <lib/errno.h>
#include <lib/string.h>

#define BANK_ALIGN MIB(2)
#define DEFAULT_SIZE MIB(512)

static __printf(2, 3) int __init fail(struct dom0_plan *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->error, sizeof(p->error), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static unsigned long mib(u64 bytes)
{
	return (unsigned long)(bytes >> 20);
}

static int __init choose_size(struct dom0_plan *p, const struct options *o, u64 most)
{
	u64 size = o->dom0_mem ? o->dom0_mem : DEFAULT_SIZE;

	size = max(size, o->dom0_mem_min);
	if (o->dom0_mem_max)
		size = min(size, o->dom0_mem_max);
	p->size = ROUND_UP(size, PAGE_SIZE);
	if (p->size <= most)
		return 0;
	if (o->dom0_mem || o->dom0_mem_min > most)
		return fail(p, "dom0_mem: %lu MiB do not fit, Dom0 can have %lu MiB at most",
			    mib(p->size), mib(most));
	p->size = ROUND_DOWN(most, BANK_ALIGN);
	return 0;
}

/*
 * What has to be inside the first bank besides the kernel's image: initramfs and device tree, each
 * with alignment to spare.
 */
static u64 __init first_bank_need(const struct dom0_plan *p, const struct machine *m)
{
	return ROUND_UP(p->image.text_offset + p->image.image_size, BANK_ALIGN) +
	       ROUND_UP(range_size(m->ramdisk.r), PAGE_SIZE) + p->fdt_room + BANK_ALIGN;
}

/* Lowest window of `size` within `room` that covers `core`, or an empty range. */
static struct range __init window(struct range room, struct range core, u64 size)
{
	struct range none = { 0, 0 };
	u64 start = room.start;

	size = min(size, range_size(room));
	if (!range_within(core, room) || range_size(core) > size)
		return none;
	if (core.end - start > size)
		start = ROUND_UP(core.end - size, BANK_ALIGN);
	if (start > core.start || start + size > room.end)
		return none;
	return (struct range){ start, start + size };
}

/*
 * The first bank: around both modules, else around one of them, else the first that is large
 * enough, below 4 GiB if that can be.
 */
static bool __init first_bank(struct dom0_plan *p, const struct machine *m,
			      const struct ranges *free)
{
	struct range k = { ROUND_DOWN(m->kernel.r.start, BANK_ALIGN),
			   m->kernel.r.start + p->image.image_size },
		     rd = m->ramdisk.r;
	struct range both = { min(k.start, rd.start), max(k.end, rd.end) };
	struct range cores[] = { rd.end ? both : k, k, rd };
	u64 need = first_bank_need(p, m);

	for (unsigned c = 0; c < ARRAY_SIZE(cores); c++) {
		for (unsigned i = 0; i < free->nr && cores[c].end; i++) {
			struct range w = window(free->r[i], cores[c], p->size);

			if (range_size(w) >= need && w.start < GIB(4)) {
				ranges_add(&p->banks, w);
				return true;
			}
		}
	}
	for (unsigned i = 0; i < free->nr; i++) {
		u64 size = min(p->size, range_size(free->r[i]));

		if (size >= need) {
			ranges_add(&p->banks,
				   (struct range){ free->r[i].start, free->r[i].start + size });
			return true;
		}
	}
	return false;
}

static void __init further_banks(struct dom0_plan *p, struct ranges *free)
{
	u64 left = p->size - ranges_total(&p->banks);

	ranges_sub_all(free, &p->banks);
	for (unsigned i = 0; i < free->nr && left; i++) {
		u64 n = min(left, range_size(free->r[i]));

		ranges_add(&p->banks, (struct range){ free->r[i].start, free->r[i].start + n });
		left -= n;
	}
}

/* Takes a place of size bytes out of `room`. */
static bool __init place(struct ranges *room, u64 size, u64 align, u64 *at)
{
	if (!ranges_find(room, size, align, at))
		return false;
	ranges_sub(room, (struct range){ *at, *at + ROUND_UP(size, PAGE_SIZE) });
	return true;
}

static bool __init kernel_can_stay(const struct dom0_plan *p, const struct machine *m)
{
	struct range k = { m->kernel.r.start, m->kernel.r.start + p->image.image_size };

	return p->image.anywhere && IS_ALIGNED(k.start - p->image.text_offset, BANK_ALIGN) &&
	       ranges_holding(&p->banks, k) && !range_overlaps(k, m->ramdisk.r) &&
	       !range_overlaps(k, m->fdt_range);
}

/*
 * dom0.c writes the kernel first, then the initramfs, then the device tree; so a copy of the kernel
 * must spare the initramfs as it lies now. The host's tree is no longer needed then.
 */
static int __init place_all(struct dom0_plan *p, const struct machine *m)
{
	static struct ranges room __initbss, spare __initbss;
	struct range rd = { m->ramdisk.r.start & PAGE_MASK, ROUND_UP(m->ramdisk.r.end, PAGE_SIZE) };
	u64 base, span = p->image.text_offset + p->image.image_size;

	room = p->banks;
	if (kernel_can_stay(p, m)) {
		p->kernel = m->kernel.r.start;
	} else {
		spare = room;
		ranges_sub(&spare, rd);
		if (!place(&spare, span, BANK_ALIGN, &base))
			return fail(p,
				    "dom0_mem: no room for the kernel (%lu MiB) in Dom0's memory "
				    "(%lu MiB)",
				    mib(span), mib(p->size));
		p->kernel = base + p->image.text_offset;
	}
	ranges_sub(&room, (struct range){ p->kernel & PAGE_MASK,
					  ROUND_UP(p->kernel + p->image.image_size, PAGE_SIZE) });
	if (m->ramdisk.r.end && ranges_holding(&room, rd)) {
		p->ramdisk = m->ramdisk.r.start;
		ranges_sub(&room, rd);
	} else if (m->ramdisk.r.end) {
		if (!place(&room, range_size(m->ramdisk.r), PAGE_SIZE, &p->ramdisk))
			return fail(p,
				    "dom0_mem: no room for the initramfs (%lu MiB) beside the "
				    "kernel in Dom0's memory (%lu MiB)",
				    mib(range_size(m->ramdisk.r)), mib(p->size));
	}
	if (!place(&room, p->fdt_room, BANK_ALIGN, &p->fdt))
		return fail(p, "dom0_mem: no room for the device tree in Dom0's memory (%lu MiB)",
			    mib(p->size));
	return 0;
}

int __init dom0_plan(struct dom0_plan *p, const struct machine *m, const struct options *o,
		     const struct ranges *avail, u64 keep)
{
	static struct ranges free __initbss;
	u64 total;

	free = *avail;
	ranges_shrink(&free, BANK_ALIGN);
	total = ranges_total(&free);
	if (choose_size(p, o, total > keep ? total - keep : 0))
		return -EINVAL;
	if (!first_bank(p, m, &free))
		return fail(p,
			    "dom0_mem: no stretch of RAM for Dom0's first bank: %lu MiB needed for "
			    "kernel, initramfs and device tree, Dom0 gets %lu MiB",
			    mib(first_bank_need(p, m)), mib(p->size));
	further_banks(p, &free);
	return place_all(p, m);
}
