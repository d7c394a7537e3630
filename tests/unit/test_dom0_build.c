// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dom0's making: which frames become its RAM, which registers and free ranges it gets, and what is
 * written where. Memory of this process is the machine's.
 */
#include <boot/dom0.h>
#include <core/console.h>
#include <core/irq.h>
#include <domain/domain.h>
#include <lib/bitmap.h>
#include <lib/errno.h>
#include <lib/string.h>
#include "harness.h"

#define FRAMES 8192UL /* 32 MiB of RAM */

_Thread_local struct cpu *fake_cpu;
_Thread_local bool fake_irq_pending;
u64 fake_ticks;
struct options opts = { .gnttab_max_frames = 5,
			.gnttab_max_maptrack_frames = 6,
			.dom0_vcpus_pin = true,
			.ext_regions = true };
struct domain *hardware_domain;
unsigned cpu_count = 2, cpu_ipa_bits = 48;
struct ledger ledger;
static struct page table[FRAMES];
static char *ram;
static u64 base; /* its machine address */

static struct vcpu vcpus[3], *vcpu[3] = { &vcpus[0], &vcpus[1], &vcpus[2] };
static struct domain dom = { .vcpu = vcpu };
static struct domain_config made;
static struct ranges mapped, devices, offered;
static unsigned given[FRAMES], bits, told, pinned[3];
static struct vcpu *started;

bool mfn_is_ram(mfn_t mfn)
{
	return true;
}
void console_stop(const char *fmt, ...)
{
	host_panic("%s", fmt);
}

void icache_invalidate_all(void)
{
}
unsigned vgic_max_vcpus(void)
{
	return 3;
}
void p2m_setup(unsigned b)
{
	bits = b;
}
void sysreg_init(void)
{
	told = bits;
}
int domain_create(domid_t id, const struct domain_config *cfg, struct domain **out)
{
	made = *cfg;
	dom.max_vcpus = (u16)cfg->max_vcpus;
	for (unsigned i = 0; i < dom.max_vcpus; i++)
		vcpus[i] = (struct vcpu){ .id = (u16)i, .domain = &dom, .down = true };
	*out = &dom;
	return id ? -EINVAL : 0;
}
int p2m_map(struct domain *d, gfn_t gfn, mfn_t mfn, u64 nr, enum p2m_type t, bool replace)
{
	CHECK(gfn.n == mfn.n && !replace && (t == P2M_RAM || t == P2M_DEVICE));
	ranges_add(t == P2M_RAM ? &mapped : &devices,
		   (struct range){ gfn.n << PAGE_SHIFT, (gfn.n + nr) << PAGE_SHIFT });
	return 0;
}
void page_assign(struct page *pg, struct domain *d, unsigned order)
{
	u64 n = (u64)(pg - table);

	CHECK(!((n + ledger.base) & ((1UL << order) - 1)));
	for (u64 i = 0; i < 1UL << order; i++)
		given[n + i]++;
	d->tot_pages += 1UL << order;
}
/* The top of RAM is the heap. */
struct page *page_alloc(unsigned order)
{
	return &table[FRAMES - (1UL << order)];
}
void page_free(struct page *pg, unsigned order)
{
}
int sched_set_affinity(struct vcpu *v, const struct cpumask *hard, const struct cpumask *soft)
{
	pinned[v->id] = (unsigned)hard->bits[0];
	return 0;
}
void vcpu_start(struct vcpu *v)
{
	v->down = false;
	started = v;
}

/* Registers that the tree names: some device's, and what is not for Dom0. */
void dom0_devices(const struct machine *m, struct ranges *mmio, u64 *kept)
{
	kept[1] = 6;
	ranges_add(mmio, (struct range){ 0x1000, 0x10000 });
	ranges_add(mmio, (struct range){ base - MIB(1), base + MIB(1) });
}
static const struct domain *gets_rest;
void irq_route_rest(struct domain *d, const u64 *but)
{
	CHECK(but[0] == 0 && but[1] == 6);
	gets_rest = d;
}
const char *dom0_make_fdt(const struct dom0_tree *t, void *buf, size_t size)
{
	offered = *t->ext;
	CHECK(t->d == &dom && size == t->plan->fdt_room);
	return fdt_create_empty_tree(buf, (int)size) ? "no tree" : NULL;
}

static char byte(u64 i)
{
	return (char)(i * 7 + i / 251);
}

static void test_build(void)
{
	static struct machine m;
	static struct dom0_plan plan;
	u64 hole = MIB(6) + 3 * PAGE_SIZE;

	ram = host_pages(FRAMES);
	base = (u64)ram;
	ledger = (struct ledger){ table, base >> PAGE_SHIFT, FRAMES };
	ranges_add(&m.ram, (struct range){ base, base + FRAMES * PAGE_SIZE });
	m.root_address_cells = m.root_size_cells = 2;
	m.gic = (struct gic_info){ .version = 2,
				   .dist = 0x2000,
				   .dist_size = 0x1000,
				   .cpu = 0x3000,
				   .cpu_size = 0x1000,
				   .hyp = 0x4000,
				   .hyp_size = 0x1000,
				   .vcpu = 0x5000,
				   .vcpu_size = 0x1000 };
	/* and to 2 MiB: over itself */
	m.kernel.r = (struct range){ base + MIB(1), base + MIB(3) };
	m.ramdisk.r = (struct range){ base + MIB(20), base + MIB(20) + 12345 };
	ranges_add(&plan.banks, (struct range){ base + MIB(2), base + hole });
	ranges_add(&plan.banks, (struct range){ base + MIB(8), base + MIB(12) });
	plan.kernel = base + MIB(2);
	plan.ramdisk = base + MIB(10);
	plan.fdt = base + MIB(8);
	plan.fdt_room = 5 * PAGE_SIZE;
	for (u64 i = 0; i < MIB(2); i++)
		ram[MIB(1) + i] = byte(i);
	for (u64 i = 0; i < 12345; i++)
		ram[MIB(20) + i] = byte(i + 99);
	dom0_build(&m, &plan, (struct range){ base + MIB(14) + 5, base + MIB(15) });
	CHECK(hardware_domain == &dom && made.privileged && made.max_vcpus == 2 &&
	      made.max_grant_frames == 5 && made.max_maptrack_frames == 6);
	CHECK(base + FRAMES * PAGE_SIZE <= BIT(bits) && base + FRAMES * PAGE_SIZE > BIT(bits - 1));
	CHECK(told && told == bits); /* guests hear of the size that was chosen */
	/* Each frame of the banks once, no other. */
	for (u64 i = 0; i < FRAMES; i++)
		CHECK_EQ(given[i], (i >= 512 && i < hole >> PAGE_SHIFT) || (i >= 2048 && i < 3072));
	CHECK(ranges_total(&mapped) == ranges_total(&plan.banks) && dom.tot_pages == dom.max_pages);
	CHECK(ranges_holding(&mapped, plan.banks.r[0]) && ranges_holding(&mapped, plan.banks.r[1]));
	/* Neither RAM nor the interrupt controller. */
	CHECK_EQ(ranges_total(&devices), 0x1000 + 0xa000 + MIB(1));
	CHECK(!ranges_overlap(&devices, (struct range){ 0x2000, 0x6000 }));
	CHECK(!ranges_overlap(&devices, m.ram.r[0]));
	CHECK(offered.nr && !ranges_overlap(&offered, plan.banks.r[0]) &&
	      !ranges_overlap(&offered, plan.banks.r[1]));
	CHECK(!ranges_overlap(
		&offered,
		(struct range){ base + MIB(14), base + MIB(14) + DOM0_GRANT_FRAMES * PAGE_SIZE }));
	for (unsigned i = 0; i < offered.nr; i++)
		CHECK(range_size(offered.r[i]) >= MIB(64) && offered.r[i].end <= BIT(48) &&
		      !(offered.r[i].start % MIB(2)));
	for (u64 i = 0; i < MIB(2); i++)
		if (ram[MIB(2) + i] != byte(i)) {
			CHECK_EQ(i, MIB(2));
			break;
		}
	for (u64 i = 0; i < 12345; i++)
		CHECK_EQ(ram[MIB(10) + i], byte(i + 99));
	CHECK(!fdt_check_header(ram + MIB(8)));
	CHECK(vcpus[0].pc == plan.kernel && vcpus[0].x[0] == plan.fdt && !vcpus[1].pc &&
	      vcpus[0].down);
	CHECK(pinned[0] == 1 && pinned[1] == 2);
	CHECK(gets_rest == &dom);
	dom0_start();
	CHECK(started == &vcpus[0] && !vcpus[0].down && vcpus[1].down);
}

int main(void)
{
	static const struct test tests[] = { { "frames, registers, contents", test_build } };

	return run_tests("dom0_build", tests, ARRAY_SIZE(tests));
}
