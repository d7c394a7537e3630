// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two blind fuzzers, each a DomU: seeded random hypercalls, system registers, MMIO, PSCI and other
 * firmware calls, TLB and cache maintenance, timers, interrupts and translation tables on all their
 * vCPUs, which come and go, with no regard for their own lives, while Dom0 turns all knobs of a
 * toolstack on them. Beside them runs a victim whose memory and progress Dom0 checks. They are
 * replaced, with the next seed, until the time is over. Boot arguments: seed=N time=SECONDS (1
 * and 6). Prints each seed it starts.
 */
#include "domu.h"

#define PATTERN_PAGES 64
#define ROLE_FUZZ 1
#define ROLE_VICTIM 2
#define LIFE_MS 400	 /* of two fuzzers */
#define WILD_FIRST 400ul /* table_low[] from here on is theirs to spoil */
#define WILD 64

static u64 pattern[PATTERN_PAGES][PAGE_SIZE / 8] __page_aligned;
static u8 arg[4][PAGE_SIZE] __page_aligned;
static volatile u32 ready, broken, progress, timer_progress, rounds;
static u32 code[MAX_CPUS][16] __page_aligned; /* a cache line each */
static u8 edge[2][PAGE_SIZE] __page_aligned;  /* behind the first there is no memory */

static u64 random_state[MAX_CPUS];

static u64 rnd(void)
{
	u64 *s = &random_state[cpu_id()];

	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static u64 pick(const u64 *v, size_t n)
{
	return v[rnd() % n];
}

/* A number as a guest might pass it: small, special, an address, a frame, noise. */
static u64 value(void)
{
	static const u64 special[] = {
		0,
		1,
		2,
		3,
		DOMID_SELF,
		DOMID_IO,
		DOMID_XEN,
		DOMID_INVALID,
		0xffff,
		4096,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		1ul << 32,
		1ul << 40,
		1ul << 52,
		1ul << 63,
		~0ul,
		GUEST_GICD_BASE,
		GUEST_GNTTAB_BASE,
		GUEST_MAGIC_BASE,
		0x40200000,
	};

	switch (rnd() % 8) {
	case 6: return (u64)edge[1] - rnd() % 64 * 4;
	case 7: return (WILD_FIRST + rnd() % WILD) << 30 | (rnd() & 0x3ffffff8);
	case 0: return rnd() % 16;
	case 1: return pick(special, ARRAY_SIZE(special));
	case 2: return (u64)arg[rnd() % 4] + rnd() % 64 * 8;
	case 3: return virt_to_gfn(arg[rnd() % 4]);
	case 4: return rnd() % 1100;
	default: return rnd() >> rnd() % 64;
	}
}

/* An instruction of one register, x0. */
static void execute(u32 instruction, u64 x0)
{
	u32 *at = code[cpu_id()];

	at[0] = instruction;
	at[1] = 0xd503201f; /* skipped when an HVC is undefined: its ELR is behind it */
	at[2] = 0xd65f03c0;
	asm volatile("dc cvau, %0; dsb ish; ic ivau, %0; dsb ish; isb" ::"r"(at) : "memory");
	FAULTS(((u64(*)(u64, u64, u64, u64, u64, u64))(void *)at)(x0, value(), value(), value(),
								  value(), value()));
}

static void fill_args(void)
{
	for (int i = 0; i < 4; i++) {
		u64 *words = (u64 *)arg[i];

		for (u64 w = 0; w < 16; w++)
			words[rnd() % 32] = value();
		if (rnd() % 3 == 0)
			for (u64 w = 0; w < 8; w++)
				((u32 *)words)[rnd() % 64] = (u32)value();
	}
}

static void fuzz_hypercall(void)
{
	static const u64 known[] = { 7,	 12, 12, 12, 13, 15, 17, 18, 20, 20, 20, 21,
				     24, 27, 29, 32, 32, 32, 33, 34, 34, 35, 36 };
	u64 nr = rnd() % 8 ? pick(known, ARRAY_SIZE(known)) : rnd() % 64;
	u64 cmd = rnd() % 40;

	if (nr == __HYPERVISOR_sched_op && rnd() % 16)
		cmd = 0; /* most of the others end or stop this domain */
	fill_args();
	if (nr == __HYPERVISOR_domctl || nr == __HYPERVISOR_sysctl ||
	    nr == __HYPERVISOR_platform_op || nr == __HYPERVISOR_multicall)
		hypercall(nr, (u64)arg[rnd() % 4], rnd() % 8, value(), value(), value());
	else if (nr == __HYPERVISOR_vcpu_op)
		hypercall(nr, cmd, rnd() % 3, (u64)arg[0], value(), value());
	else if (nr == __HYPERVISOR_grant_table_op)
		hypercall(nr, rnd() % 13, (u64)arg[rnd() % 4], rnd() % 5, value(), value());
	else
		hypercall(nr, cmd, rnd() % 4 ? (u64)arg[rnd() % 4] : value(), value(), value(),
			  value());
}

/* MRS or MSR of anything but this EL's own translation and vectors. */
static void fuzz_sysreg(void)
{
	u32 op0 = 2 + (u32)(rnd() & 1), op1 = (u32)rnd() % 8, crn = (u32)rnd() % 16;
	u32 crm = (u32)rnd() % 16, op2 = (u32)rnd() % 8, read = (u32)rnd() & 1;

	if (!read && op0 == 3 &&
	    (crn == 1 || crn == 2 || crn == 4 || crn == 10 || crn == 13 || (crn == 12 && crm == 0)))
		return;
	if (op0 == 3 && ((crn == 12 && op2 == 3) || (crn == 14 && crm == 3)))
		return; /* see fuzz_gic_cpu() and fuzz_timer() */
	execute((read ? 0xd5300000 : 0xd5100000) | (op0 - 2) << 19 | op1 << 16 | crn << 12 |
			crm << 8 | op2 << 5,
		value());
}

/* TLB, cache and address translation operations. */
static void fuzz_maintenance(void)
{
	execute(0xd5080000 | (u32)(rnd() % 8) << 16 | (u32)(7 + rnd() % 2) << 12 |
			(u32)(rnd() % 128) << 5,
		value());
}

/* HVC and SMC with any number. */
static void fuzz_conduit(void)
{
	static const u64 number[] = { 0, 0, 1, 0xea1, 0x4a48, 0xffff };
	static const u64 fn[] = { 0x84000001, 0xc4000001, 0x84000005, 0x8400000c, 0xc400000e,
				  0x84000014, 0x80008000, 0x80007fff, 0x80003fff, 0x8600ff01,
				  0xc6000000, 0xb2000000, 0xbf00ff01, 0x84000050, 0x85000000 };
	u64 n = rnd() % 4 ? pick(number, ARRAY_SIZE(number)) : rnd() & 0xffff;

	timer_set(ticks()); /* ends a suspend */

	execute((rnd() & 1 ? 0xd4000002 : 0xd4000003) | (u32)n << 5,
		rnd() & 1 ? pick(fn, ARRAY_SIZE(fn)) : value());
}

/*
 * Deadlines now, never, long ago and in between; interrupts may come. (QEMU 7.2 hangs on a virtual
 * deadline that passes 2^64 when CNTVOFF is added.)
 */
static void fuzz_timer(void)
{
	u64 v = rnd() % 2 ? ticks() + rnd() % 4096 - 2048 : value();

	switch (rnd() % 8) {
	case 0: write_sysreg(rnd(), cntv_ctl_el0); break;
	case 1: write_sysreg(v & ~0ul >> 2, cntv_cval_el0); break;
	case 2: write_sysreg(value() & ~0u >> 1, cntv_tval_el0); break;
	case 3: write_sysreg(rnd(), cntp_ctl_el0); break;
	case 4: write_sysreg(v, cntp_cval_el0); break;
	case 5: write_sysreg(value(), cntp_tval_el0); break;
	case 6: write_sysreg(value(), cntkctl_el1); break;
	default:
		irq_enable();
		isb();
		irq_disable();
	}
}

/*
 * The CPU interface: SGIs to anybody, priorities, ends of what never began. (A BPR of more than 3
 * bits makes QEMU 7.2 abort.)
 */
static void fuzz_gic_cpu(void)
{
	u32 reg = (u32)(64 + rnd() % 40) << 5; /* CRm and op2 */

	if (machine.gic == 3)
		execute((rnd() & 1 ? 0xd5300000 : 0xd5100000) | 1 << 19 | 12 << 12 | reg,
			(reg >> 5 & 7) == 3 ? rnd() & 7 : value());
	else if (rnd() & 1)
		FAULTS(mmio_write32(machine.gicd + 0xf00, (u32)value()));
	else
		FAULTS(mmio_write32(machine.gicc + rnd() % 0x14 * 4, (u32)value()));
}

/* Own translation tables that lead anywhere, into emulated devices too, also as tables. */
static void fuzz_tables(void)
{
	static const u64 to[] = { 0, GUEST_GICD_BASE, GUEST_RAM0_BASE, 1ul << 39, 0x9000000 };
	u64 base = rnd() % 4 ? pick(to, ARRAY_SIZE(to)) : virt_to_phys(arg[0]);

	table_low[WILD_FIRST + rnd() % WILD] = (base & ~0xffful) | (rnd() & 0xfff) |
					       (rnd() & 1) << 10 | (rnd() & 3) << 53;
	asm volatile("dsb ishst; tlbi vmalle1is; dsb ish; isb" ::: "memory");
}

static void fuzz_mmio(void)
{
	static const u64 base[] = { GUEST_GICD_BASE,
				    GUEST_GICD_BASE,
				    GUEST_GICC_BASE,
				    GUEST_GICV3_GICR0_BASE,
				    GUEST_GICV3_GICR0_BASE + 0x10000,
				    GUEST_GNTTAB_BASE,
				    0x10000000,
				    0x7f00000000 };
	u64 at = pick(base, ARRAY_SIZE(base)) + rnd() % 0x10000;
	u64 v = value();

	switch (rnd() % 8) {
	case 0: FAULTS(mmio_read8(at)); break;
	case 1: FAULTS(mmio_read16(at & ~1ul)); break;
	case 2: FAULTS(mmio_read32(at & ~3ul)); break;
	case 3: FAULTS(mmio_read64(at & ~7ul)); break;
	case 4: FAULTS(mmio_write8(at, (u8)v)); break;
	case 5: FAULTS(mmio_write16(at & ~1ul, (u16)v)); break;
	case 6: FAULTS(mmio_write32(at & ~3ul, (u32)v)); break;
	default: FAULTS(mmio_write64(at & ~7ul, v)); break;
	}
}

static void fuzz_psci(void)
{
	static const u64 fns[] = { PSCI_VERSION,	   PSCI_CPU_ON,
				   PSCI_AFFINITY_INFO,	   PSCI_FEATURES,
				   PSCI_MIGRATE_INFO_TYPE, SMCCC_VERSION,
				   SMCCC_ARCH_FEATURES };
	u64 fn = rnd() % 4 ? pick(fns, ARRAY_SIZE(fns)) : 0x84000000 | (rnd() & 0x400000ff);

	if ((fn & 0xff) == 2 || (fn & 0xff) == 8 || (fn & 0xff) == 9)
		return; /* off, reset: too soon */
	psci((u32)fn, value(), rnd() % 8 ? 0 : virt_to_phys(code), value());
}

static void fuzz(int cpu);

static void fuzz_cpus(void)
{
	if (cpu_id() && rnd() % 8 == 0)
		cpu_off();
	cpu_start((int)(rnd() % (u64)machine.ncpus), fuzz);
}

static void stop_timer(u32 iar)
{
	(void)iar;
	timer_stop();
}

static void fuzz(int cpu)
{
	static void (*const act[])(void) = { fuzz_hypercall, fuzz_hypercall, fuzz_hypercall,
					     fuzz_hypercall, fuzz_sysreg,    fuzz_mmio,
					     fuzz_mmio,	     fuzz_psci,	     fuzz_maintenance,
					     fuzz_conduit,   fuzz_timer,     fuzz_gic_cpu,
					     fuzz_tables,    fuzz_cpus };

	irq_disable();
	irq_handler[TIMER_IRQ] = stop_timer;
	gic_enable(TIMER_IRQ);
	random_state[cpu] = (start_info->arg[0] + 1) * 0x9e3779b97f4a7c15 + (u64)cpu + rounds;
	for (;;) {
		act[rnd() % ARRAY_SIZE(act)]();
		rounds++;
	}
}

static void on_timer(u32 iar)
{
	(void)iar;
	timer_progress++;
	timer_set(ticks() + read_sysreg(cntfrq_el0) / 1000);
}

static void be_victim(void)
{
	irq_handler[TIMER_IRQ] = on_timer;
	gic_enable(TIMER_IRQ);
	irq_enable();
	for (u64 i = 0; i < PATTERN_PAGES * 512; i++)
		pattern[i / 512][i % 512] = i * 0x9e3779b97f4a7c15;
	timer_set(ticks());
	ready = 1;
	for (;;) {
		for (u64 i = 0; i < PATTERN_PAGES * 512; i++)
			if (READ_ONCE(pattern[i / 512][i % 512]) != i * 0x9e3779b97f4a7c15)
				broken = 1;
		progress++;
		sched_op(SCHEDOP_yield, NULL);
	}
}

static void drop(const void *page)
{
	xen_pfn_t gfn = virt_to_gfn(page);
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };

	set_xen_guest_handle(r.extent_start, &gfn);
	memory_op(XENMEM_decrease_reservation, &r);
}

void domu_main(void)
{
	if (start_info->role == ROLE_VICTIM)
		be_victim();
	drop(edge[1]);
	ready = 1;
	fuzz(0);
}

static u64 free_pages(void)
{
	struct xen_sysctl s = { 0 };

	return sysctl(XEN_SYSCTL_physinfo, &s) ? 0 : s.u.physinfo.free_pages;
}

/* Death may take a while to give everything back. */
static bool free_pages_return_to(u64 pages)
{
	for (int i = 0; i < 500 && free_pages() != pages; i++)
		delay_us(1000);
	return free_pages() == pages;
}

/* What a toolstack may do to a domain, at any time. */
static void turn_a_knob(struct domu *d)
{
	static vcpu_guest_context_t context;
	struct xen_domctl op = { 0 };
	u32 vcpu = (u32)rnd() % 5;

	switch (rnd() % 10) {
	case 0:
		domu_pause(d);
		delay_us(rnd() % 512);
		domu_unpause(d);
		break;
	case 1: domu_pin(d->domid, vcpu, (u32)rnd() % MAX_CPUS); break;
	case 2: domctl(XEN_DOMCTL_getdomaininfo, d->domid, &op); break;
	case 3:
		op.u.vcpucontext.vcpu = vcpu;
		set_xen_guest_handle(op.u.vcpucontext.ctxt, &context);
		domctl(XEN_DOMCTL_getvcpucontext, d->domid, &op);
		break;
	case 4:
		op.u.getvcpuinfo.vcpu = vcpu;
		domctl(XEN_DOMCTL_getvcpuinfo, d->domid, &op);
		break;
	case 5:
		op.u.max_mem.max_memkb = rnd() % 8192;
		domctl(XEN_DOMCTL_max_mem, d->domid, &op);
		break;
	case 6:
		op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
		op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
		op.u.scheduler_op.u.credit2.weight = (u16)(1 + rnd() % 65535);
		op.u.scheduler_op.u.credit2.cap = (u16)(rnd() % 400);
		domctl(XEN_DOMCTL_scheduler_op, d->domid, &op);
		break;
	case 7:
		op.u.cacheflush.start_pfn = GUEST_RAM0_BASE / PAGE_SIZE;
		op.u.cacheflush.nr_pfns = DOMU_RAM / PAGE_SIZE;
		domctl(XEN_DOMCTL_cacheflush, d->domid, &op);
		break;
	case 8: evtchn_send(d->console_port); break;
	default: sched_op(SCHEDOP_yield, NULL);
	}
}

/* One life of two fuzzers; their rounds, or 0 when they could not be built. */
static u32 one_life(u64 seed)
{
	u64 end = ticks() + LIFE_MS * read_sysreg(cntfrq_el0) / 1000;
	struct domu d[2];
	u32 done = 1;

	random_state[cpu_id()] = seed * 0x9e3779b97f4a7c15;
	for (u32 i = 0; i < 2; i++) {
		if (!domu_create(&d[i], machine.ncpus, ROLE_FUZZ)) {
			printf("step %s: %ld\n", d[i].step, d[i].error);
			return 0;
		}
		d[i].info->arg[0] = 2 * seed + i;
		domu_unpause(&d[i]);
	}
	while (ticks() < end)
		turn_a_knob(&d[rnd() & 1]);
	if (rnd() & 1) /* else it dies as it runs */
		domu_pause(&d[0]);
	for (u32 i = 0; i < 2; i++) {
		done += *domu_ptr(&d[i], &rounds);
		if (domu_destroy(&d[i]))
			printf("FAIL: fuzz: seed %lu: destroy\n", seed);
	}
	return done;
}

static bool victim_lives(struct domu *v, u32 *was, u32 *timer_was)
{
	u32 now = *domu_ptr(v, &progress), timer_now = *domu_ptr(v, &timer_progress);
	bool ok = !*domu_ptr(v, &broken) && now != *was && timer_now != *timer_was;

	*was = now;
	*timer_was = timer_now;
	return ok;
}

void guest_main(void)
{
	u64 seed = bootarg("seed=", 1), seconds = bootarg("time=", 6), total = 0, before = 0;
	u64 end = ticks() + seconds * read_sysreg(cntfrq_el0);
	u32 was = 0, timer_was = 0, lives = 0;
	bool ok = true;
	struct domu v;

	report_prefix("fuzz");
	irq_enable();
	if (!report(domu_create(&v, 1, ROLE_VICTIM), "victim built"))
		goto out;
	domu_unpause(&v);
	report(wait_for(domu_ptr(&v, &ready), 1), "victim runs");
	for (; ticks() < end && ok; seed++, lives++) {
		u32 done = one_life(seed);

		ok = done && victim_lives(&v, &was, &timer_was);
		total += done;
		printf("seed %lu: %u rounds\n", seed, done);
		if (!lives) { /* Dom0's tables for the window stay */
			delay_us(200000);
			before = free_pages();
		} else if (!free_pages_return_to(before)) {
			report(false, "seed %lu: %ld pages are lost", seed,
			       (s64)(before - free_pages()));
			before = free_pages();
		}
	}
	report(ok, "the victim's memory and time are whole, last seed %lu", seed - 1);
	report(total > 1000, "the fuzzers did something");
	report(domu_destroy(&v) == 0, "victim destroyed");
out:
	report_summary();
}
