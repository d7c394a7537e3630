// SPDX-License-Identifier: GPL-2.0-only
/*
 * Multicalls and continuations: results per entry, unknown and failing entries
 * in the middle, nesting, bad lists, long lists under a storm of interrupts
 * with results equal to the unpreempted ones, preempted memory operations
 * inside a multicall.
 */
#include "xen.h"

#define CALLS 1000
#define PAGES 64

static multicall_entry_t list[CALLS];
static u8 page[PAGES][PAGE_SIZE] __page_aligned;
static xen_pfn_t gfns[PAGES];
static volatile u32 ticked;

static s64 multicall(void *calls, u64 n)
{
	return HYPERCALL(__HYPERVISOR_multicall, calls, n, 0, 0, 0);
}

static void set(u64 i, u64 op, u64 a, u64 b)
{
	list[i] = (multicall_entry_t){ .op = op, .result = 0x5a5a };
	list[i].args[0] = a;
	list[i].args[1] = b;
}

static void results(void)
{
	struct evtchn_close c = { .port = 1000 };

	set(0, __HYPERVISOR_xen_version, XENVER_version, 0);
	set(1, 63, 0, 0);
	set(2, __HYPERVISOR_event_channel_op, EVTCHNOP_close, (u64)&c);
	set(3, 1ul << 32 | __HYPERVISOR_xen_version, 0, 0);
	set(4, __HYPERVISOR_xen_version, XENVER_pagesize, 0);
	report(multicall(list, 5) == 0, "five entries");
	report(list[0].result == 0x40011, "entry 0: its result");
	report((s64)list[1].result == -XEN_ENOSYS, "entry 1: ENOSYS");
	report((s64)list[2].result == -XEN_EINVAL, "entry 2: EINVAL, and the rest goes on");
	report_value(list[3].result, "entry 3: a number beyond 32 bits");
	report(list[4].result == 4096, "entry 4: its result");
	report(list[0].op == __HYPERVISOR_xen_version && list[0].args[0] == XENVER_version,
	       "requests are left as they were");
}

static void wrong(void)
{
	report(multicall(NULL, 0) == 0, "no entries");
	report_value((u64)multicall(NULL, 1), "one entry at null");
	report_value((u64)multicall((void *)0x700000000000, 3), "three entries nowhere");
	report_value((u64)multicall((void *)0x700000000000, ~0ul), "-1 entries nowhere");
	report_value((u64)multicall((char *)list + 1, 1), "an unaligned list");
	set(0, __HYPERVISOR_xen_version, XENVER_version, 0);
	set(1, __HYPERVISOR_multicall, (u64)&list[2], 1);
	set(2, __HYPERVISOR_xen_version, XENVER_pagesize, 0);
	report(multicall(list, 2) == 0, "a multicall in a multicall ends");
	report_value(list[1].result, "its result");
	report_value(list[2].result, "the inner entry's result");
}

static void on_tick(u32 iar)
{
	(void)iar;
	ticked++;
	timer_set(ticks() + read_sysreg(cntfrq_el0) / 20000);
}

static void storm(bool on)
{
	irq_handler[TIMER_IRQ] = on_tick;
	gic_enable(TIMER_IRQ);
	if (on)
		timer_set(ticks());
	else
		timer_stop();
}

static void long_list(void)
{
	u64 end = ticks() + 5 * read_sysreg(cntfrq_el0);
	bool all = true;

	ticked = 0;
	storm(true);
	for (int round = 0; round < 3 || (ticked < 20 && ticks() < end); round++) {
		for (u64 i = 0; i < CALLS; i++)
			set(i, __HYPERVISOR_xen_version, i % 2 ? XENVER_version : XENVER_pagesize,
			    0);
		all &= multicall(list, CALLS) == 0;
		for (u64 i = 0; i < CALLS; i++)
			all &= list[i].result == (i % 2 ? 0x40011 : 4096);
	}
	storm(false);
	report(all, "1000 entries under a storm of interrupts, each result right");
	report(ticked >= 20, "the storm was there");
}

static s64 reserve_in_multicall(u32 cmd)
{
	struct xen_memory_reservation r = { .nr_extents = PAGES, .domid = DOMID_SELF };

	set_xen_guest_handle(r.extent_start, gfns);
	set(0, __HYPERVISOR_xen_version, XENVER_version, 0);
	set(1, __HYPERVISOR_memory_op, cmd, (u64)&r);
	set(2, __HYPERVISOR_xen_version, XENVER_pagesize, 0);
	if (multicall(list, 3) || list[0].result != 0x40011 || list[2].result != 4096)
		return -1;
	return (s64)list[1].result;
}

/* What xl does: a preempted memory_op as an entry goes on where it was. */
static void preempted_entry(void)
{
	u64 end = ticks() + 5 * read_sysreg(cntfrq_el0);
	bool all = true;

	for (u64 i = 0; i < PAGES; i++)
		gfns[i] = virt_to_gfn(page[i]);
	ticked = 0;
	storm(true);
	for (int i = 0; i < 20 || (ticked < 20 && ticks() < end); i++) {
		all &= reserve_in_multicall(XENMEM_decrease_reservation) == PAGES;
		all &= reserve_in_multicall(XENMEM_populate_physmap) == PAGES;
	}
	storm(false);
	report(all, "a preempted entry gives its full result and its neighbours run once");
	for (u64 i = 0; i < PAGES; i++)
		all &= FAULTS(*(volatile u32 *)page[i]) == 0;
	report(all, "and all pages are there");
}

void guest_main(void)
{
	report_prefix("multicall");
	irq_enable();
	results();
	wrong();
	long_list();
	preempted_entry();
	report_summary();
}
