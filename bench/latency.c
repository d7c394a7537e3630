// SPDX-License-Identifier: GPL-2.0-only
/*
 * The longest time interrupts wait for the hypervisor: each long operation is
 * repeated with a timer deadline at sixteen points within it, and the clock is
 * read in the handler. Under -icount a tick is an instruction. What is found is
 * the worst path that the guest can see, named.
 */
#include "bench.h"

#define POINTS 16
#define PAGES 512

static xen_pfn_t gfns[PAGES];
static u8 page[PAGES][PAGE_SIZE] __page_aligned;
static multicall_entry_t calls[256];
static struct domu d;
static volatile u64 deadline, late;
static u64 spare;

static void on_deadline(u32 iar)
{
	late = ticks() - deadline;
	(void)iar;
	timer_stop();
}

static void reserve(int cmd, u16 domid, u64 nr, u32 order)
{
	struct xen_memory_reservation r = {
		.nr_extents = nr,
		.extent_order = order,
		.domid = domid,
	};

	set_xen_guest_handle(r.extent_start, gfns);
	memory_op(cmd, &r);
}

static void op_memory(void)
{
	for (u64 i = 0; i < PAGES; i++)
		gfns[i] = virt_to_gfn(page[i]);
	reserve(XENMEM_decrease_reservation, DOMID_SELF, PAGES, 0);
	reserve(XENMEM_populate_physmap, DOMID_SELF, PAGES, 0);
}

static void op_multicall(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		calls[i].op = __HYPERVISOR_xen_version;
	HYPERCALL(__HYPERVISOR_multicall, calls, ARRAY_SIZE(calls), 0, 0, 0);
}

static void op_console(void)
{
	static char text[512];

	memset(text, '.', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\n';
	HYPERCALL(__HYPERVISOR_console_io, CONSOLEIO_write, sizeof(text), text, 0, 0);
}

static void op_foreign(void)
{
	static xen_ulong_t from[PAGES];
	static int errs[PAGES];
	struct xen_add_to_physmap_batch b = {
		.domid = DOMID_SELF,
		.space = XENMAPSPACE_gmfn_foreign,
		.size = PAGES,
		.u.foreign_domid = d.domid,
	};

	for (u64 i = 0; i < PAGES; i++) {
		from[i] = GUEST_RAM0_BASE / PAGE_SIZE + i;
		gfns[i] = spare / PAGE_SIZE + i;
	}
	set_xen_guest_handle(b.idxs, from);
	set_xen_guest_handle(b.gpfns, gfns);
	set_xen_guest_handle(b.errs, errs);
	memory_op(XENMEM_add_to_physmap_batch, &b);
	for (u64 i = 0; i < PAGES; i++)
		unmap_at(gfns[i]);
}

static void op_cacheflush(void)
{
	struct xen_domctl op = { 0 };

	op.u.cacheflush.start_pfn = GUEST_RAM0_BASE / PAGE_SIZE;
	op.u.cacheflush.nr_pfns = PAGES;
	domctl(XEN_DOMCTL_cacheflush, d.domid, &op);
}

static void op_mempool(void)
{
	struct xen_domctl op = { .u.paging_mempool.size = 4ul << 20 };

	domctl(XEN_DOMCTL_set_paging_mempool_size, d.domid, &op);
	op = (struct xen_domctl){ .u.paging_mempool.size = 512 * 1024 };
	domctl(XEN_DOMCTL_set_paging_mempool_size, d.domid, &op);
}

static void op_domain(void)
{
	struct domu e;

	if (domu_create(&e, 1, ROLE_ECHO))
		domu_destroy(&e);
}

static void op_big_pages(void)
{
	struct domu e;

	if (domu_create(&e, 1, ROLE_ECHO)) {
		domu_grow(&e, 32ul << 20);
		domu_destroy(&e);
	}
}

static void op_debug_keys(void)
{
	static char keys[] = "*";
	struct xen_sysctl op = {
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
		.cmd = XEN_SYSCTL_debug_keys,
		.u.debug_keys.nr_keys = 1,
	};

	set_xen_guest_handle_raw(op.u.debug_keys.keys, keys);
	HYPERCALL(__HYPERVISOR_sysctl, &op, 0, 0, 0, 0);
}

/* The event array comes after a thousand events; then back to 2-level. */
static void op_early_events(void)
{
	static u8 control[PAGE_SIZE] __page_aligned;
	struct evtchn_init_control ic = { .control_gfn = virt_to_gfn(control) };
	struct evtchn_expand_array ex = { .array_gfn = virt_to_gfn(page[0]) };
	struct evtchn_reset r = { .dom = DOMID_SELF };
	struct evtchn_bind_ipi b = { .vcpu = 0 };

	memset(control, 0, sizeof(control));
	memset(page[0], 0, sizeof(page[0]));
	evtchn_op(EVTCHNOP_reset, &r);
	evtchn_op(EVTCHNOP_init_control, &ic);
	for (int i = 0; i < 1000; i++)
		if (!evtchn_op(EVTCHNOP_bind_ipi, &b))
			evtchn_send(b.port);
	evtchn_op(EVTCHNOP_expand_array, &ex);
	evtchn_op(EVTCHNOP_reset, &r);
}

static const struct {
	const char *name;
	void (*fn)(void);
} op[] = {
	{ "512 pages out and in", op_memory },
	{ "multicall of 256", op_multicall },
	{ "console write of 512 bytes", op_console },
	{ "512 foreign pages", op_foreign },
	{ "cacheflush of 2 MiB", op_cacheflush },
	{ "paging pool to 4 MiB and back", op_mempool },
	{ "domain created and destroyed", op_domain },
	{ "every debug key", op_debug_keys },
	{ "domain of 36 MiB created and destroyed", op_big_pages },
	/* last: it closes all ports */
	{ "a thousand events before the FIFO array", op_early_events },
};

static u64 worst_of(void (*fn)(void))
{
	u64 start = ticks(), length, worst = 0;

	fn();
	length = ticks() - start;
	for (u64 i = 1; i < POINTS; i++) {
		late = 0;
		deadline = ticks() + length * i / POINTS;
		timer_set(deadline);
		fn();
		timer_stop();
		worst = late > worst ? late : worst;
	}
	return worst;
}

void bench_latency(void)
{
	u64 worst = 0;

	spare = machine.free_base + machine.free_size - (16ul << 20);
	irq_handler[TIMER_IRQ] = on_deadline;
	gic_enable(TIMER_IRQ);
	if (!domu_create(&d, 1, ROLE_ECHO)) {
		printf("FAIL: DomU: %s: %ld\n", d.step, d.error);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(op); i++) {
		u64 w = worst_of(op[i].fn);

		printf("metric interrupt latency, %s = %lu\n", op[i].name, w);
		worst = w > worst ? w : worst;
	}
	printf("metric interrupt latency, worst = %lu\n", worst);
	domu_destroy(&d);
}
