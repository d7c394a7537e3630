// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory operations: populate and decrease with right and wrong extents and
 * orders, contents after the round, the quota, physmap spaces, foreign pages
 * and who may map them, and a big call that an interrupt cuts in pieces.
 */
#include "domu.h"

#define PAGES 256

static u8 page[PAGES][PAGE_SIZE] __page_aligned;
static xen_pfn_t gfns[PAGES];
static volatile u32 ticked, ready, command, answered;
static volatile s64 answer;
static u64 hole;

static s64 reserve(int cmd, u16 domid, u64 nr, u32 order, const void *list)
{
	struct xen_memory_reservation r = {
		.nr_extents = nr,
		.extent_order = order,
		.domid = domid,
	};

	r.extent_start.p = (void *)list;
	return memory_op(cmd, &r);
}

static void fill(void)
{
	for (u64 i = 0; i < PAGES; i++)
		gfns[i] = virt_to_gfn(page[i]);
}

static void round_trip(void)
{
	volatile u32 *p = (volatile u32 *)page[3];
	bool clean = true, gone = true;

	fill();
	*p = 0xabcd;
	report(reserve(XENMEM_decrease_reservation, DOMID_SELF, 1, 0, &gfns[3]) == 1,
	       "give one page");
	report(FAULTS(*p) == 1, "it is gone");
	report_value((u64)reserve(XENMEM_decrease_reservation, DOMID_SELF, 1, 0, &gfns[3]),
		     "give it again");
	report(reserve(XENMEM_populate_physmap, DOMID_SELF, 1, 0, &gfns[3]) == 1, "take one page");
	report(FAULTS(*p) == 0, "it is back");
	for (u64 i = 0; i < PAGES; i++)
		*(volatile u32 *)page[i] = 1; /* in the TLB */
	report(reserve(XENMEM_decrease_reservation, DOMID_SELF, PAGES, 0, gfns) == PAGES,
	       "give all");
	for (u64 i = 0; i < PAGES; i++)
		gone &= FAULTS(*(volatile u32 *)page[i]) == 1;
	report(gone, "all are gone");
	report(reserve(XENMEM_populate_physmap, DOMID_SELF, PAGES, 0, gfns) == PAGES, "take all");
	for (u64 i = 0; i < PAGES; i++)
		clean &= FAULTS(*(volatile u32 *)page[i]) == 0;
	report(clean, "all are back");
	report_value((u64)reserve(XENMEM_populate_physmap, DOMID_SELF, 1, 0, &gfns[3]),
		     "take a page that is there");
}

static void wrong(void)
{
	static const u32 orders[] = { 1, 9, 10, 18, 19, 20, 63, 64, 255, ~0u };
	xen_pfn_t bad[] = { hole / PAGE_SIZE, 1ul << 40, ~0ul };

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		xen_pfn_t odd = hole / PAGE_SIZE + 1;

		if (i >= 2) /* smaller ones would really be given */
			report_value((u64)reserve(XENMEM_populate_physmap, DOMID_SELF, 1, orders[i],
						  &odd),
				     "populate order %u", orders[i]);
		report_value(
			(u64)reserve(XENMEM_decrease_reservation, DOMID_SELF, 1, orders[i], &odd),
			"decrease order %u of a hole", orders[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		report_value((u64)reserve(XENMEM_decrease_reservation, DOMID_SELF, 1, 0, &bad[i]),
			     "decrease of %lx", i);
	for (size_t i = 1; i < ARRAY_SIZE(bad); i++)
		report_value((u64)reserve(XENMEM_populate_physmap, DOMID_SELF, 1, 0, &bad[i]),
			     "populate at %lx", i);
	report_value((u64)reserve(XENMEM_populate_physmap, DOMID_SELF, 0, 0, NULL),
		     "populate none");
	report_value((u64)reserve(XENMEM_populate_physmap, DOMID_SELF, 1, 0, NULL),
		     "populate from null");
	report_value((u64)reserve(XENMEM_populate_physmap, DOMID_SELF, ~0ul, 0, gfns),
		     "populate -1 extents");
	report_value((u64)reserve(XENMEM_populate_physmap, DOMID_SELF, 1ul << 52, 0, gfns),
		     "populate 2^52 extents");
	report_value((u64)reserve(XENMEM_populate_physmap, 99, 1, 0, gfns), "populate no domain");
	report_value((u64)reserve(XENMEM_populate_physmap, DOMID_IO, 1, 0, gfns),
		     "populate DOMID_IO");
	report_value((u64)reserve(XENMEM_decrease_reservation, 99, 1, 0, gfns),
		     "decrease no domain");
}

static void physmap(void)
{
	static const u32 spaces[] = { 3, 4, 6, 7, 100, ~0u };
	u64 at = hole / PAGE_SIZE;
	struct xen_remove_from_physmap r = { .domid = 99, .gpfn = 0 };

	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++) {
		struct xen_add_to_physmap a = {
			.domid = DOMID_SELF,
			.space = spaces[i],
			.idx = at,
			.gpfn = at,
		};
		report_value((u64)memory_op(XENMEM_add_to_physmap, &a), "add_to_physmap space %x",
			     spaces[i]);
	}
	report_value((u64)map_at(XENMAPSPACE_shared_info, 0, 1, at), "shared_info 1");
	report_value((u64)map_at(XENMAPSPACE_shared_info, 0, 0, 1ul << 40),
		     "shared_info beyond the space");
	if (map_at(XENMAPSPACE_shared_info, 0, 0, at)) {
		report_skip("shared_info a second time"); /* Xen: EBUSY */
	} else {
		report(((struct shared_info *)hole)->evtchn_mask[0] == shared_info->evtchn_mask[0],
		       "shared_info a second time");
		unmap_at(at);
	}
	report_value((u64)unmap_at(at), "remove a hole");
	report_value((u64)unmap_at(1ul << 40), "remove beyond the space");
	report_value((u64)memory_op(XENMEM_remove_from_physmap, &r), "remove from no domain");
	report_value((u64)map_at(XENMAPSPACE_gmfn_foreign, 99, 0x40000, at),
		     "foreign page of no domain");
	report_value((u64)map_at(XENMAPSPACE_gmfn_foreign, DOMID_SELF, 0x40000, at),
		     "foreign page of oneself");
	report_value((u64)map_at(XENMAPSPACE_gmfn_foreign, DOMID_XEN, 0x40000, at),
		     "foreign page of DOMID_XEN");
	report_value((u64)map_at(XENMAPSPACE_gmfn_foreign, DOMID_IO, 0x40000, at),
		     "foreign page of DOMID_IO");
}

static void batches(void)
{
	static xen_ulong_t idx[8];
	static xen_pfn_t to[8];
	static int err[8];
	struct xen_add_to_physmap_batch b = {
		.domid = DOMID_SELF,
		.space = XENMAPSPACE_gmfn_foreign,
		.size = 8,
		.u.foreign_domid = 99,
	};

	set_xen_guest_handle(b.idxs, idx);
	set_xen_guest_handle(b.gpfns, to);
	set_xen_guest_handle(b.errs, err);
	report_value((u64)memory_op(XENMEM_add_to_physmap_batch, &b), "batch from no domain");
	b.size = 0;
	report_value((u64)memory_op(XENMEM_add_to_physmap_batch, &b), "empty batch");
	b.size = 8;
	b.errs.p = (void *)0x700000000000;
	report_value((u64)memory_op(XENMEM_add_to_physmap_batch, &b),
		     "batch with nowhere to put errors");
}

static void on_tick(u32 iar)
{
	(void)iar;
	ticked++;
	timer_set(ticks() + read_sysreg(cntfrq_el0) / 20000);
}

/* Interrupts all along: the call is cut into pieces and must still do all of it, once. */
static void continuation(void)
{
	u64 end = ticks() + 5 * read_sysreg(cntfrq_el0);
	bool all = true;

	irq_handler[TIMER_IRQ] = on_tick;
	gic_enable(TIMER_IRQ);
	timer_set(ticks());
	for (int i = 0; i < 10 || (ticked < 20 && ticks() < end); i++) {
		all &= reserve(XENMEM_decrease_reservation, DOMID_SELF, PAGES, 0, gfns) == PAGES;
		all &= reserve(XENMEM_populate_physmap, DOMID_SELF, PAGES, 0, gfns) == PAGES;
	}
	timer_stop();
	report(all, "256 pages out and in again under a storm of timer interrupts");
	if (!report(ticked > 10, "the storm was there"))
		printf("%u ticks, ctl %lx, late by %ld\n", ticked, read_sysreg(cntv_ctl_el0),
		       ticks() - read_sysreg(cntv_cval_el0));
	for (u64 i = 0; i < PAGES; i++)
		all &= FAULTS(*(volatile u32 *)page[i]) == 0;
	report(all, "and all pages are there");
}

static s64 resource(u16 domid, u32 type, u32 id, u64 frame, u32 nr, u64 at)
{
	static xen_pfn_t list[4];
	struct xen_mem_acquire_resource a = {
		.domid = domid,
		.type = (u16)type,
		.id = id,
		.frame = frame,
		.nr_frames = nr,
	};

	list[0] = at / PAGE_SIZE;
	set_xen_guest_handle(a.frame_list, list);
	return memory_op(XENMEM_acquire_resource, &a);
}

static void foreign(struct domu *d)
{
	volatile u32 *here = (volatile u32 *)hole;
	u64 gfn = GUEST_RAM0_BASE / PAGE_SIZE;

	report(map_at(XENMAPSPACE_gmfn_foreign, d->domid, gfn + 100, hole / PAGE_SIZE) == 0,
	       "map a DomU's page");
	*here = 0x4321;
	report(*(volatile u32 *)(d->ram + 100 * PAGE_SIZE) == 0x4321, "it is the DomU's");
	report_value((u64)map_at(XENMAPSPACE_gmfn_foreign, d->domid, 0x20000, hole / PAGE_SIZE + 1),
		     "map a hole of it");
	report(unmap_at(hole / PAGE_SIZE) == 0, "unmap it");
	report_value((u64)resource(d->domid, XENMEM_resource_grant_table, 0, 0, 1, hole),
		     "its grant table");
	report_value((u64)resource(d->domid, XENMEM_resource_grant_table, 0, 100000, 1, hole),
		     "grant frame 100000");
	report_value((u64)resource(d->domid, XENMEM_resource_grant_table, 7, 0, 1, hole),
		     "grant table 7");
	report_value((u64)resource(d->domid, 9, 0, 0, 1, hole), "resource 9");
	report_value((u64)resource(99, XENMEM_resource_grant_table, 0, 0, 1, hole),
		     "resource of no domain");
	report_value(
		(u64)reserve(XENMEM_populate_physmap, d->domid, 1, 0, (xen_pfn_t[]){ 0x50000 }),
		"one page more for the DomU");
}

/* A DomU takes pages up to its quota (1 MiB above what it has) and no further. */
void domu_main(void)
{
	u64 n = 0;

	report_prefix("memory: domU");
	irq_enable();
	hole = machine.free_base;
	for (u64 i = 0; i < 2000; i++) {
		xen_pfn_t gfn = 0x60000 + i;

		if (reserve(XENMEM_populate_physmap, DOMID_SELF, 1, 0, &gfn) != 1)
			break;
		report(*(volatile u64 *)(gfn * PAGE_SIZE) == 0 || i % 64, "page %lu is zeroed", i);
		n++;
	}
	report(n > 200 && n < 300, "the quota ends it");
	report_value((u64)map_at(XENMAPSPACE_gmfn_foreign, 0, 0x40400, hole / PAGE_SIZE),
		     "map Dom0's memory");
	report_value((u64)map_at(XENMAPSPACE_dev_mmio, 0, 0x9000, hole / PAGE_SIZE),
		     "map a device");
	report_value((u64)reserve(XENMEM_populate_physmap, 0, 1, 0, gfns), "populate Dom0");
	report_value((u64)reserve(XENMEM_decrease_reservation, 0, 1, 0, gfns), "decrease Dom0");
	report_value((u64)resource(0, XENMEM_resource_grant_table, 0, 0, 1, hole),
		     "Dom0's grant table");
	report_summary();
}

/*
 * Registers of a device (the machine's real-time clock) for a DomU; the hypervisor's own for
 * nobody.
 */
static void devices(struct domu *d)
{
	struct xen_domctl op = { 0 };

	report_value(
		(u64)map_at(XENMAPSPACE_dev_mmio, 0, machine.gicd / PAGE_SIZE, hole / PAGE_SIZE),
		"map the distributor");
	for (u64 frame = 0x9010; frame; frame = frame == 0x9010 ? machine.gicd / PAGE_SIZE : 0) {
		op.u.iomem_permission = (struct xen_domctl_iomem_permission){ .first_mfn = frame,
									      .nr_mfns = 1,
									      .allow_access = 1 };
		report_value((u64)domctl(XEN_DOMCTL_iomem_permission, d->domid, &op),
			     "permit frame %lx", frame);
		op.u.memory_mapping = (struct xen_domctl_memory_mapping){
			.first_gfn = 0x70000, .first_mfn = frame, .nr_mfns = 1, .add_mapping = 1
		};
		report_value((u64)domctl(XEN_DOMCTL_memory_mapping, d->domid, &op), "map frame %lx",
			     frame);
	}
}

void guest_main(void)
{
	struct domu d;

	report_prefix("memory");
	irq_enable();
	hole = machine.free_base + machine.free_size - (8ul << 20);
	round_trip();
	wrong();
	physmap();
	batches();
	continuation();
	if (report(domu_create(&d, 1, 0), "DomU built")) {
		foreign(&d);
		devices(&d);
		domu_unpause(&d);
		report(domu_wait(&d, 20), "DomU has shut down");
		domu_destroy(&d);
	}
	report_summary();
}
