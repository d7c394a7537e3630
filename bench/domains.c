// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows that need a second domain or change memory. The DomU offers GRANTS
 * pages to Dom0 and then plays the role it was started with.
 */
#include "bench.h"

static u8 pages[GRANTS][PAGE_SIZE] __page_aligned;
static volatile u32 port_to_dom0, ready, woken, done;
static struct gnttab_map_grant_ref map_op;
static struct gnttab_unmap_grant_ref unmap_op;
static struct gnttab_copy copies[GRANTS];
static u64 spare; /* guest physical page with nothing in it */

static void on_wake(u32 port)
{
	evtchn_send(port);
}

static s64 reserve(int cmd, u64 count)
{
	static xen_pfn_t gfns[GRANTS];
	struct xen_memory_reservation r = { .nr_extents = count, .domid = DOMID_SELF };

	for (u64 i = 0; i < count; i++)
		gfns[i] = virt_to_gfn(pages[i]);
	set_xen_guest_handle(r.extent_start, gfns);
	return memory_op(cmd, &r);
}

/* One page, then many, out and in again; P is the prefix of the rows. */
#define BENCH_MEMORY(P) \
	for (int i = 0; i < N_##P##POPULATE; i++) { \
		BEGIN(P##DECREASE); \
		bad += reserve(XENMEM_decrease_reservation, 1) != 1; \
		END(P##DECREASE); \
		BEGIN(P##POPULATE); \
		bad += reserve(XENMEM_populate_physmap, 1) != 1; \
		END(P##POPULATE); \
	} \
	for (int i = 0; i < N_##P##POPULATE64; i++) { \
		BEGIN(P##DECREASE64); \
		bad += reserve(XENMEM_decrease_reservation, GRANTS) != GRANTS; \
		END(P##DECREASE64); \
		BEGIN(P##POPULATE64); \
		bad += reserve(XENMEM_populate_physmap, GRANTS) != GRANTS; \
		END(P##POPULATE64); \
	}

void bench_memory(void)
{
	s64 bad = 0;

	if (machine.platform == DOM0) {
		BENCH_MEMORY()
	} else {
		BENCH_MEMORY(DOMU_)
	}
	if (bad)
		printf("FAIL: %ld reservations refused\n", bad);
}

static void bench_physmap(struct domu *d)
{
	u64 gfn = spare / PAGE_SIZE;
	s64 bad = 0;

	for (int i = 0; i < N_PHYSMAP_ADD; i++) {
		BEGIN(PHYSMAP_ADD);
		bad |= map_at(XENMAPSPACE_grant_table, 0, 1, gfn);
		END(PHYSMAP_ADD);
		BEGIN(PHYSMAP_REMOVE);
		bad |= unmap_at(gfn);
		END(PHYSMAP_REMOVE);
	}
	for (int i = 0; i < N_FOREIGN_ADD; i++) {
		BEGIN(FOREIGN_ADD);
		bad |= map_at(XENMAPSPACE_gmfn_foreign, d->domid, GUEST_RAM0_BASE / PAGE_SIZE, gfn);
		END(FOREIGN_ADD);
		BEGIN(FOREIGN_REMOVE);
		bad |= unmap_at(gfn);
		END(FOREIGN_REMOVE);
	}
	if (bad)
		printf("FAIL: physmap %ld\n", bad);
}

static void prepare_copies(struct domu *d, bool one)
{
	for (int i = 0; i < GRANTS; i++) {
		copies[i] = (struct gnttab_copy){ .len = PAGE_SIZE, .flags = GNTCOPY_source_gref };
		copies[i].source.u.ref = FIRST_REF + (one ? 0 : (u32)i);
		copies[i].source.domid = d->domid;
		copies[i].dest.u.gmfn = virt_to_gfn(pages[one ? 0 : i]);
		copies[i].dest.domid = DOMID_SELF;
	}
}

static void bench_grants(struct domu *d)
{
	int bad = 0;

	for (int i = 0; i < N_GRANT_MAP; i++) {
		map_op = (struct gnttab_map_grant_ref){
			.host_addr = spare,
			.flags = GNTMAP_host_map,
			.ref = FIRST_REF,
			.dom = d->domid,
		};
		BEGIN(GRANT_MAP);
		grant_op(GNTTABOP_map_grant_ref, &map_op, 1);
		END(GRANT_MAP);
		unmap_op = (struct gnttab_unmap_grant_ref){
			.host_addr = spare,
			.handle = map_op.handle,
		};
		BEGIN(GRANT_UNMAP);
		grant_op(GNTTABOP_unmap_grant_ref, &unmap_op, 1);
		END(GRANT_UNMAP);
		bad |= map_op.status | unmap_op.status;
	}
	prepare_copies(d, true);
	MEASURE(GRANT_COPY, grant_op(GNTTABOP_copy, copies, 1));
	copies[0].len = 1500; /* a packet, as netback moves it */
	copies[0].source.offset = 2;
	copies[0].dest.offset = 67;
	MEASURE(GRANT_PACKET, grant_op(GNTTABOP_copy, copies, 1));
	prepare_copies(d, true);
	MEASURE(GRANT_COPY64, grant_op(GNTTABOP_copy, copies, GRANTS));
	prepare_copies(d, false);
	MEASURE(GRANT_COPY64S, grant_op(GNTTABOP_copy, copies, GRANTS));
	for (int i = 0; i < GRANTS; i++)
		bad |= copies[i].status;
	if (bad)
		printf("FAIL: grant operation status %d\n", bad);
}

static void on_back(u32 port)
{
	END(SEND_DOMAIN);
	(void)port;
	woken = 1;
}

static void bench_wake(struct domu *d)
{
	u32 port = evtchn_bind(d->domid, *domu_ptr(d, &port_to_dom0));

	if (!port) {
		printf("FAIL: no port to the DomU\n");
		return;
	}
	evtchn_handler[port] = on_back;
	evtchn_unmask(port);
	for (int i = 0; i < N_SEND_DOMAIN; i++) {
		settle();
		woken = 0;
		BEGIN(SEND_DOMAIN);
		evtchn_send(port);
		while (!woken)
			wfi();
	}
}

static u64 free_pages(void)
{
	struct xen_sysctl s = { 0 };

	return sysctl(XEN_SYSCTL_physinfo, &s) ? 0 : s.u.physinfo.free_pages;
}

/* Scrubbing gives pages back late: wait until the number stands still. */
static u64 settled_free_pages(void)
{
	u64 was, now = free_pages();

	do {
		was = now;
		nap(50000);
		now = free_pages();
	} while (was != now);
	return now;
}

/* What the hypervisor keeps for a domain of 128 MiB, beside the domain's own pages. */
static void pages_of_domu(void)
{
	u64 before = settled_free_pages(), kept;
	struct domu d;

	if (!domu_create(&d, 1, ROLE_ECHO) || domu_grow(&d, (128ul << 20) - DOMU_RAM)) {
		printf("FAIL: DomU of 128 MiB: %s: %ld\n", d.step, d.error);
		return;
	}
	kept = before - free_pages() - (128ul << 20) / PAGE_SIZE - DOMU_MAGIC_PAGES;
	printf("metric pages of the DomU = %lu\n", kept);
	domu_destroy(&d);
	/* Dom0's own tables for the window it saw the DomU through may stay */
	printf("metric pages not returned = %lu\n", before - settled_free_pages());
}

static bool start(struct domu *d, u32 role)
{
	BEGIN(CREATE);
	if (!domu_create(d, 1, role)) {
		printf("FAIL: DomU: %s: %ld\n", d->step, d->error);
		return false;
	}
	END(CREATE);
	return true;
}

static void finish(struct domu *d)
{
	domu_pause(d);
	domu_poll(d);
	BEGIN(DESTROY);
	domu_destroy(d);
	END(DESTROY);
}

static bool launch(struct domu *d, u32 role, u32 pcpu)
{
	if (!start(d, role))
		return false;
	domu_pin(d->domid, 0, pcpu);
	domu_unpause(d);
	return wait_for(domu_ptr(d, &ready), 1);
}

void bench_domains(void)
{
	struct domu d;

	spare = machine.free_base + machine.free_size - (1ul << 21);
	domu_pin(0, 0, 0);
	if (launch(&d, ROLE_ECHO, machine.ncpus > 1)) {
		settle();
		bench_physmap(&d);
		bench_grants(&d);
		bench_wake(&d);
		finish(&d);
	}
	if (launch(&d, ROLE_YIELD, 0)) {
		MEASURE(SWITCH, sched_op(SCHEDOP_yield, NULL));
		finish(&d);
	}
	if (launch(&d, ROLE_MEMORY, machine.ncpus > 1)) {
		wait_for(domu_ptr(&d, &done), 1); /* spins: no exit of ours */
		finish(&d);
	}
	pages_of_domu(); /* last: scrubbing what it frees would disturb others */
}

void domu_main(void)
{
	for (u32 i = 0; i < GRANTS; i++)
		grant_access(FIRST_REF + i, 0, virt_to_gfn(pages[i]), false);
	port_to_dom0 = evtchn_alloc(0);
	evtchn_handler[port_to_dom0] = on_wake;
	evtchn_unmask(port_to_dom0);
	irq_enable();
	dsb();
	ready = 1;
	if (start_info->role == ROLE_MEMORY)
		bench_memory();
	done = 1;
	while (start_info->role == ROLE_YIELD)
		sched_op(SCHEDOP_yield, NULL);
	for (;;)
		wfi();
}
