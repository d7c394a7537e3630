// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dom0's plan over random machines: its memory within what there is and as large as asked, nothing
 * over anything else, or a reason.
 */
#include <boot/dom0.h>
#include <core/console.h>
#include <domain/domain.h>
#include <lib/bitmap.h>
#include <lib/errno.h>
#include <lib/string.h>
#include "harness.h"

_Thread_local struct cpu *fake_cpu;
_Thread_local bool fake_irq_pending;
u64 fake_ticks;

static unsigned rnd(unsigned n)
{
	return host_random() % n;
}

/* --- the plan --- */

static struct machine m;
static struct options o;
static struct ranges avail;
static struct dom0_plan plan;
static unsigned accepted, refused;

static struct range at(u64 start, u64 size)
{
	return (struct range){ start, start + size };
}

/* A few stretches of RAM, modules in them or outside, apart from each other. */
static void random_machine(void)
{
	static const unsigned offsets[] = { 0, 0, 0x80000, 0x1000 };
	u64 where = rnd(3) * GIB(1) + rnd(4) * PAGE_SIZE;

	memset(&avail, 0, sizeof(avail));
	memset(&m, 0, sizeof(m));
	memset(&o, 0, sizeof(o));
	memset(&plan, 0, sizeof(plan));
	for (unsigned i = 0, nr = 1 + rnd(5); i < nr; i++) {
		u64 size = rnd(4) ? MIB(1 + rnd(300)) + rnd(512) * PAGE_SIZE : GIB(1 + rnd(3));

		ranges_add(&avail, at(where, size));
		where += size + rnd(512) * PAGE_SIZE + (rnd(3) ? 0 : MIB(rnd(2000)));
	}
	plan.image = (struct arm64_image){ offsets[rnd(4)], MIB(1 + rnd(60)) + rnd(4096), rnd(4) };
	plan.fdt_room = (1 + rnd(512)) * PAGE_SIZE;
	where = avail.r[rnd(avail.nr)].start + MIB(rnd(64));
	if (rnd(2))
		where = ROUND_UP(where, MIB(2)) + plan.image.text_offset;
	m.kernel.r = at(where, plan.image.image_size - rnd(MIB(1)));
	if (rnd(4)) {
		where = rnd(2) ? where + plan.image.image_size + rnd(5) * MIB(7)
			       : avail.r[rnd(avail.nr)].start + MIB(rnd(64)) + rnd(8) * 64;
		m.ramdisk.r = at(where, 1 + rnd(MIB(70)));
		if (range_overlaps(m.ramdisk.r, m.kernel.r))
			m.ramdisk.r = (struct range){ 0, 0 };
	}
	m.fdt_range = at(avail.r[rnd(avail.nr)].start + rnd(20000) * PAGE_SIZE, MIB(2));
	o.dom0_mem = rnd(3) ? MIB(rnd(1500)) + rnd(3) * 0x700 : 0;
	o.dom0_mem_min = rnd(4) ? 0 : MIB(rnd(2000));
	o.dom0_mem_max = rnd(4) ? 0 : MIB(1 + rnd(1000));
}

/* What the options ask for, of what there is. 0: more than that. */
static u64 asked(u64 most)
{
	u64 size = o.dom0_mem ? o.dom0_mem : MIB(512);

	if (size < o.dom0_mem_min)
		size = o.dom0_mem_min;
	if (o.dom0_mem_max && size > o.dom0_mem_max)
		size = o.dom0_mem_max;
	size = (size + PAGE_SIZE - 1) & PAGE_MASK;
	if (size <= most)
		return size;
	return o.dom0_mem || o.dom0_mem_min > most ? 0 : most & ~(MIB(2) - 1);
}

static void check_plan(u64 size)
{
	struct range k = at(plan.kernel, plan.image.image_size),
		     rd = at(plan.ramdisk, range_size(m.ramdisk.r)),
		     tree = at(plan.fdt, plan.fdt_room);
	u64 end = 0;

	accepted++;
	CHECK_EQ(plan.size, size);
	CHECK_EQ(ranges_total(&plan.banks), size);
	CHECK(!plan.banks.overflow);
	for (unsigned i = 0; i < plan.banks.nr; i++) {
		CHECK(ranges_holding(&avail, plan.banks.r[i]));
		CHECK(plan.banks.r[i].start >= end && !(plan.banks.r[i].start % PAGE_SIZE));
		end = plan.banks.r[i].end;
	}
	CHECK_EQ(plan.kernel % MIB(2), plan.image.text_offset);
	CHECK_EQ(plan.fdt % MIB(2), 0);
	CHECK(ranges_holding(&plan.banks, k) && ranges_holding(&plan.banks, tree) &&
	      !range_overlaps(k, tree));
	if (m.ramdisk.r.end) {
		CHECK(plan.ramdisk == m.ramdisk.r.start || !(plan.ramdisk % PAGE_SIZE));
		CHECK(ranges_holding(&plan.banks, rd) && !range_overlaps(rd, k) &&
		      !range_overlaps(rd, tree));
	}
	/* The kernel is written while the initramfs is still where the loader put it. */
	CHECK(!range_overlaps(k, m.ramdisk.r));
}

static u64 largest(const struct ranges *s)
{
	u64 most = 0;

	for (unsigned i = 0; i < s->nr; i++)
		most = max(most, range_size(s->r[i]));
	return most;
}

static void test_plan(void)
{
	for (unsigned round = 0; round < host_effort(30000); round++) {
		struct ranges aligned;
		u64 keep = MIB(rnd(64)), total, size, need;

		random_machine();
		aligned = avail;
		ranges_shrink(&aligned, MIB(2));
		total = ranges_total(&aligned);
		size = asked(total > keep ? total - keep : 0);
		need = plan.image.image_size + range_size(m.ramdisk.r) + plan.fdt_room + MIB(8);
		if (!dom0_plan(&plan, &m, &o, &avail, keep)) {
			CHECK(size);
			check_plan(size);
		} else {
			refused++;
			CHECK(!strncmp(plan.error, "dom0_mem: ", 10) &&
			      plan.error[strlen(plan.error) - 1] != ' ');
			CHECK(!size || size < 4 * need || largest(&aligned) < 4 * need);
		}
	}
	CHECK(accepted > 3000 && refused > 3000);
}

/* What lies well is not copied. */
static void test_in_place(void)
{
	memset(&avail, 0, sizeof(avail));
	memset(&m, 0, sizeof(m));
	memset(&o, 0, sizeof(o));
	memset(&plan, 0, sizeof(plan));
	ranges_add(&avail, at(GIB(1), GIB(2)));
	m.kernel.r = at(GIB(1) + MIB(514), MIB(20));
	m.ramdisk.r = at(GIB(1) + MIB(700) + 64, MIB(9));
	m.fdt_range = at(GIB(1), MIB(2));
	plan.image = (struct arm64_image){ 0, MIB(30), true };
	plan.fdt_room = MIB(1);
	o.dom0_mem = MIB(256);
	CHECK(!dom0_plan(&plan, &m, &o, &avail, 0));
	CHECK(plan.kernel == m.kernel.r.start && plan.ramdisk == m.ramdisk.r.start);
	check_plan(MIB(256));
	/* The host's tree lies in the kernel's bss: copied. */
	memset(&plan.banks, 0, sizeof(plan.banks));
	m.fdt_range = at(m.kernel.r.end, MIB(2));
	CHECK(!dom0_plan(&plan, &m, &o, &avail, 0));
	CHECK(plan.kernel != m.kernel.r.start);
	check_plan(MIB(256));
	/* A kernel that wants the start of memory, too. */
	memset(&plan.banks, 0, sizeof(plan.banks));
	m.fdt_range = at(GIB(1), MIB(2));
	plan.image.anywhere = false;
	CHECK(!dom0_plan(&plan, &m, &o, &avail, 0));
	CHECK_EQ(plan.kernel, plan.banks.r[0].start);
	check_plan(MIB(256));
}

int main(void)
{
	static const struct test tests[] = { { "plans for random machines", test_plan },
					     { "modules that stay where they are",
					       test_in_place } };

	return run_tests("dom0", tests, ARRAY_SIZE(tests));
}
