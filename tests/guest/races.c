// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several CPUs at once: SGIs from all to all, SPIs whose route goes round, events
 * from all to one, ports bound and closed, memory given and taken (own pages and
 * the same pages), grants of two DomUs mapped and unmapped, CPUs going off while
 * they are being sent to. Sums at the end must be exact.
 */
#include "domu.h"

#define ROUNDS 200
#define EVENTS 40 /* each waits for another CPU: slow where CPUs share a host's */
#define SPI 128	  /* and on, one for each CPU */
#define DOMUS 2

static volatile u32 sgis[MAX_CPUS], phase, at_phase[MAX_CPUS], errors, ready;
static volatile u32 events[MAX_CPUS], spis[MAX_CPUS], route[MAX_CPUS];
static u32 port_of[MAX_CPUS];
static u8 own[MAX_CPUS][PAGE_SIZE] __page_aligned;
static u8 shared_pages[4][PAGE_SIZE] __page_aligned;
static u8 granted[PAGE_SIZE] __page_aligned;
static struct domu domu[DOMUS];
static u64 window;

static void on_sgi(u32 iar)
{
	(void)iar;
	sgis[cpu_id()]++;
}

static void on_spi(u32 iar)
{
	u32 n = (iar & 0x3ff) - SPI;

	errors += route[n] != (u32)cpu_id();
	spis[n]++;
}

static void on_event(u32 port)
{
	for (int c = 0; c < machine.ncpus; c++)
		if (port_of[c] == port)
			events[c]++;
}

static u32 random_next(u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	return *state ^= *state << 5;
}

static s64 reserve(int cmd, const void *at)
{
	xen_pfn_t gfn = virt_to_gfn(at);
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };

	set_xen_guest_handle(r.extent_start, &gfn);
	return memory_op(cmd, &r);
}

static void race_sgis(int cpu)
{
	for (int i = 0; i < ROUNDS; i++) {
		gic_sgi(i % machine.ncpus, 3);
		if (cpu == 1 && i % 16 == 0)
			relax();
	}
}

/*
 * Each CPU has one of its own, which it sends to all in turn while the last may be active yet. Xen
 * 4.17 loses it then.
 */
static void race_spis(int cpu)
{
	int irq = SPI + cpu;

	for (u32 i = 1; i <= EVENTS && !on_oracle(); i++) {
		route[cpu] = i % (u32)machine.ncpus;
		gic_route(irq, (int)route[cpu]);
		mmio_write32(machine.gicd + 0x200 + irq / 32 * 4, 1u << irq % 32); /* ISPENDR */
		while (READ_ONCE(spis[cpu]) < i)
			relax();
	}
}

static void race_events(int cpu)
{
	for (u32 i = 1; i <= EVENTS; i++) {
		evtchn_send(port_of[cpu]);
		while (READ_ONCE(events[cpu]) < i)
			relax();
	}
}

static void race_ports(int cpu)
{
	u32 held[8] = { 0 }, seed = (u32)cpu + 1;

	for (int i = 0; i < ROUNDS; i++) {
		u32 *slot = &held[random_next(&seed) % 8];

		if (*slot) {
			errors += evtchn_close(*slot) != 0;
			*slot = 0;
		} else {
			*slot = evtchn_alloc(DOMID_SELF);
			errors += !*slot;
		}
	}
	for (int i = 0; i < 8; i++)
		if (held[i])
			errors += evtchn_close(held[i]) != 0;
}

static void race_memory(int cpu)
{
	u32 seed = (u32)cpu + 77;

	for (int i = 0; i < ROUNDS; i++) {
		void *mine = own[cpu], *ours = shared_pages[random_next(&seed) % 4];

		errors += reserve(XENMEM_decrease_reservation, mine) != 1;
		errors += reserve(XENMEM_populate_physmap, mine) != 1;
		*(volatile u32 *)mine = (u32)i;
		reserve(random_next(&seed) % 2 ? XENMEM_decrease_reservation
					       : XENMEM_populate_physmap,
			ours);
	}
}

static void race_grants(int cpu)
{
	for (int i = 0; i < ROUNDS && domu[DOMUS - 1].domid; i++) {
		u64 at = window + (u64)cpu * PAGE_SIZE;
		struct gnttab_map_grant_ref m = {
			.host_addr = at,
			.flags = GNTMAP_host_map,
			.ref = 8,
			.dom = domu[(i + cpu) % DOMUS].domid,
		};
		struct gnttab_unmap_grant_ref u = { .host_addr = at };

		grant_op(GNTTABOP_map_grant_ref, &m, 1);
		if (m.status) {
			errors++;
			continue;
		}
		__atomic_fetch_add((u32 *)at, 1, __ATOMIC_RELAXED);
		u.handle = m.handle;
		grant_op(GNTTABOP_unmap_grant_ref, &u, 1);
		errors += u.status != 0;
	}
}

static void (*const race[])(int) = {
	race_sgis, race_spis, race_events, race_ports, race_memory, race_grants,
};
#define NR_RACES ARRAY_SIZE(race)

static void secondary(int cpu)
{
	xen_cpu_init();
	irq_enable();
	for (u32 p = 1; p <= NR_RACES; p++) {
		at_phase[cpu] = p;
		while (READ_ONCE(phase) < p)
			relax();
		race[p - 1](cpu);
	}
	at_phase[cpu] = NR_RACES + 1;
	while (READ_ONCE(phase) <= NR_RACES)
		relax();
}

static bool all_at(u32 p)
{
	bool ok = true;

	for (int c = 1; c < machine.ncpus; c++) {
		int patience = 15;

		while (patience-- && !wait_for(&at_phase[c], p))
			;
		ok &= at_phase[c] == p;
	}
	return ok;
}

static void prepare(void)
{
	irq_handler[3] = on_sgi;
	for (int c = 0; c < machine.ncpus; c++) {
		struct evtchn_bind_ipi b = { .vcpu = 0 };

		evtchn_op(EVTCHNOP_bind_ipi, &b);
		port_of[c] = b.port;
		evtchn_handler[b.port] = on_event;
		evtchn_unmask(b.port);
	}
	window = machine.free_base + machine.free_size - (8ul << 20);
	for (int c = 0; c < machine.ncpus; c++) {
		irq_handler[SPI + c] = on_spi;
		gic_enable(SPI + c);
	}
	for (int i = 0; i < DOMUS && report(domu_create(&domu[i], 1, 0), "DomU %d built", i); i++) {
		domu_unpause(&domu[i]);
		report(wait_for(domu_ptr(&domu[i], &ready), 1), "DomU %d ready", i);
	}
}

static void off_and_on(void)
{
	phase = NR_RACES + 1;
	for (int i = 0; i < 50; i++)
		for (int c = 1; c < machine.ncpus; c++)
			gic_sgi(c, 3);
	for (int c = 1; c < machine.ncpus; c++)
		report(cpu_wait_off(c), "CPU %d goes off while it is sent SGIs", c);
	for (int c = 1; c < machine.ncpus; c++)
		gic_sgi(c, 3);
	report(true, "SGIs to CPUs that are off are harmless");
}

void domu_main(void)
{
	grant_access(8, 0, virt_to_gfn(granted), false);
	ready = 1;
	for (;;)
		wfi();
}

void guest_main(void)
{
	static const char *const name[] = { "SGIs", "SPIs", "events", "ports", "memory", "grants" };
	u32 increments = 0;

	report_prefix("races");
	irq_enable();
	if (machine.ncpus == 1) {
		report_skip("needs several CPUs");
		report_summary();
		return;
	}
	prepare();
	for (int c = 1; c < machine.ncpus; c++)
		report(cpu_start(c, secondary) == 0, "CPU %d started", c);
	for (u32 p = 1; p <= NR_RACES; p++) {
		report(all_at(p), "%s: all CPUs are there", name[p - 1]);
		errors = 0;
		phase = p;
		race[p - 1](0);
		report(all_at(p + 1), "%s: all CPUs are through", name[p - 1]);
		report(errors == 0, "%s: no operation failed", name[p - 1]);
	}
	for (int c = 0; c < machine.ncpus; c++) {
		report(events[c] == EVENTS, "every event of CPU %d arrived once", c);
		if (!on_oracle())
			report(spis[c] == EVENTS, "every SPI of CPU %d was taken once", c);
		report(sgis[c] > 0, "CPU %d got SGIs", c);
	}
	for (int i = 0; i < DOMUS; i++)
		increments += *(volatile u32 *)domu_ptr(&domu[i], granted);
	report(increments == ROUNDS * (u32)machine.ncpus,
	       "every increment of the granted pages arrived");
	off_and_on();
	for (int i = 0; i < DOMUS; i++)
		report(domu_destroy(&domu[i]) == 0, "DomU %d destroyed", i);
	report_summary();
}
