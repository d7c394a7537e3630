// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark payload: brackets each operation in markers. Order: what one
 * CPU does, two CPUs, event channels, memory, then two domains. It prints no
 * figure but those that only the guest's clock knows; bench.py reads the rest
 * from the plugin's log.
 */
#include "bench.h"

static multicall_entry_t calls[8];
static volatile u32 handled;

/* No YIELD here: the plugin sees to turns, and QEMU would leave its loop each time. */
void settle(void)
{
	u64 end = ticks() + read_sysreg(cntfrq_el0) / 15000;

	while (ticks() < end)
		;
}

void nap(u64 us)
{
	irq_disable();
	timer_set(ticks() + us * read_sysreg(cntfrq_el0) / 1000000);
	wfi();
	timer_stop();
	irq_enable();
}

static void on_sgi_self(u32 iar)
{
	END(SGI_SELF);
	(void)iar;
	handled = 1;
}

static void on_timer_busy(u32 iar)
{
	END(TIMER_BUSY);
	(void)iar;
	timer_stop();
	handled = 1;
}

static void on_timer_block(u32 iar)
{
	END(TIMER_BLOCK);
	(void)iar;
	timer_stop();
	handled = 1;
}

static void traps(void)
{
	u64 gicd = machine.gicd + 0x104;

	MEASURE(PSCI_VER, psci(PSCI_VERSION, 0, 0, 0));
	MEASURE(GICD_READ, mmio_read32(gicd));
	MEASURE(GICD_WRITE, mmio_write32(gicd, 0));
	MEASURE(ID_READ, read_sysreg(id_aa64pfr0_el1));
	if (machine.platform == BARE)
		return;
	MEASURE(NULL_CALL, HYPERCALL(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0, 0));
	for (int i = 0; i < 8; i++) {
		calls[i].op = __HYPERVISOR_xen_version;
		calls[i].args[0] = XENVER_version;
	}
	MEASURE(MULTICALL, HYPERCALL(__HYPERVISOR_multicall, calls, 8, 0, 0, 0));
	MEASURE(YIELD, HYPERCALL(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0, 0));
}

static void sgi_and_eoi(void)
{
	irq_handler[2] = on_sgi_self;
	for (int i = 0; i < N_SGI_SELF; i++) {
		handled = 0;
		BEGIN(SGI_SELF);
		gic_sgi(0, 2);
		while (!handled)
			;
	}
	irq_disable();
	for (int i = 0; i < N_IRQ_EOI; i++) {
		u32 iar;

		gic_sgi(0, 2);
		do
			iar = gic_ack();
		while ((iar & 0x3ff) >= 1020);
		BEGIN(IRQ_EOI);
		gic_eoi(iar);
		END(IRQ_EOI);
	}
	irq_enable();
}

static u64 median(u64 *v, int n)
{
	for (int i = 1; i < n; i++)
		for (int j = i; j && v[j] < v[j - 1]; j--) {
			u64 t = v[j];

			v[j] = v[j - 1];
			v[j - 1] = t;
		}
	return v[n / 2];
}

static void timers(void)
{
	u64 unit = read_sysreg(cntfrq_el0) / 10000, late[41];

	irq_handler[TIMER_IRQ] = on_timer_busy;
	gic_enable(TIMER_IRQ);
	for (int i = 0; i < N_TIMER_BUSY; i++) {
		handled = 0;
		BEGIN(TIMER_BUSY);
		timer_set(ticks() + unit);
		while (!handled)
			;
	}
	irq_handler[TIMER_IRQ] = on_timer_block;
	for (int i = 0; i < N_TIMER_BLOCK; i++) {
		handled = 0;
		BEGIN(TIMER_BLOCK);
		timer_set(ticks() + unit);
		while (!handled)
			wfi();
	}
	for (int i = 0; i < 41; i++) {
		u64 deadline = ticks() + unit;

		irq_disable();
		timer_set(deadline);
		wfi();
		late[i] = ticks() - deadline;
		timer_stop();
		irq_enable();
	}
	printf("metric timer latency out of WFI, by the guest's clock = %lu\n", median(late, 41));
	for (int i = 0; i < N_IDLE; i++) {
		irq_disable();
		timer_set(ticks() + read_sysreg(cntfrq_el0));
		BEGIN(IDLE);
		wfi();
		END(IDLE);
		timer_stop();
		irq_enable();
	}
}

void bench_cpu(void)
{
	irq_enable();
	traps();
	sgi_and_eoi();
	timers();
}

static void pages_kept(void)
{
	struct xen_sysctl s = { 0 };
	struct xen_domctl d = { 0 };
	struct xen_sysctl_physinfo *p = &s.u.physinfo;

	if (sysctl(XEN_SYSCTL_physinfo, &s) || domctl(XEN_DOMCTL_getdomaininfo, 0, &d))
		return;
	printf("metric pages: total %lu free %lu dom0 %lu\n", p->total_pages, p->free_pages,
	       d.u.getdomaininfo.tot_pages);
}

/* Boot argument "pages", "latency", "scale" or "sizes": only that; otherwise all the rest. */
void guest_main(void)
{
	if (!strncmp(machine.bootargs, "pages", 5)) {
		pages_kept();
		return;
	}
	if (!strncmp(machine.bootargs, "latency", 7)) {
		irq_enable();
		bench_latency();
		return;
	}
	if (!strncmp(machine.bootargs, "scale", 5)) {
		bench_scale();
		return;
	}
	if (!strncmp(machine.bootargs, "sizes", 5)) {
		bench_sizes();
		return;
	}
	bench_cpu();
	if (machine.platform != BARE)
		pages_kept();
	if (machine.ncpus > 1)
		bench_smp();
	if (machine.platform != BARE) {
		bench_events();
		bench_memory();
		bench_domains();
	}
	printf("bench done\n");
}
