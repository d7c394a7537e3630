// SPDX-License-Identifier: GPL-2.0-only
/*
 * A blind fuzzer in a DomU: seeded random hypercalls, system registers, MMIO
 * and PSCI calls on all its vCPUs, with no regard for its own life. Beside it
 * runs a victim whose memory and progress Dom0 checks. A fuzzer that dies,
 * hangs or shuts down is replaced, with the next seed, until the time is over.
 * Boot arguments: seed=N time=SECONDS (1 and 6). Prints each seed it starts.
 */
#include "domu.h"

#define PATTERN_PAGES 64
#define ROLE_FUZZ 1
#define ROLE_VICTIM 2
#define LIFE_MS 400 /* of one fuzzer */

static u64 pattern[PATTERN_PAGES][PAGE_SIZE / 8] __page_aligned;
static u8 arg[4][PAGE_SIZE] __page_aligned;
static volatile u32 ready, broken, progress, timer_progress, rounds;
static u32 code[8] __page_aligned;

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

	switch (rnd() % 6) {
	case 0: return rnd() % 16;
	case 1: return pick(special, ARRAY_SIZE(special));
	case 2: return (u64)arg[rnd() % 4] + rnd() % 64 * 8;
	case 3: return virt_to_gfn(arg[rnd() % 4]);
	case 4: return rnd() % 1100;
	default: return rnd() >> rnd() % 64;
	}
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
	u32 *at = code + cpu_id() * 2;
	u32 op0 = 2 + (u32)(rnd() & 1), op1 = (u32)rnd() % 8, crn = (u32)rnd() % 16;
	u32 crm = (u32)rnd() % 16, op2 = (u32)rnd() % 8, read = (u32)rnd() & 1;
	u64 (*fn)(u64) = (void *)at;

	if (!read && op0 == 3 &&
	    (crn == 1 || crn == 2 || crn == 4 || crn == 10 || crn == 13 || (crn == 12 && crm == 0)))
		return;
	at[0] = (read ? 0xd5300000 : 0xd5100000) | (op0 - 2) << 19 | op1 << 16 | crn << 12 |
		crm << 8 | op2 << 5;
	at[1] = 0xd65f03c0;
	asm volatile("dc cvau, %0; dsb ish; ic ivau, %0; dsb ish; isb" ::"r"(at) : "memory");
	FAULTS(fn(value()));
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
	psci((u32)fn, value(), virt_to_phys(code), value());
}

static void fuzz(int cpu)
{
	static void (*const act[])(void) = { fuzz_hypercall, fuzz_hypercall, fuzz_hypercall,
					     fuzz_sysreg,    fuzz_mmio,	     fuzz_mmio,
					     fuzz_psci };

	random_state[cpu] = (start_info->arg[0] + 1) * 0x9e3779b97f4a7c15 + (u64)cpu;
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

void domu_main(void)
{
	if (start_info->role == ROLE_VICTIM)
		be_victim();
	irq_disable();
	ready = 1;
	if (machine.ncpus > 1)
		cpu_start(1, fuzz);
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

/* One life of a fuzzer; its rounds, or 0 when it could not be built. */
static u32 one_life(u64 seed)
{
	u64 end = ticks() + LIFE_MS * read_sysreg(cntfrq_el0) / 1000;
	struct domu d;
	u32 done;

	if (!domu_create(&d, machine.ncpus > 1 ? 2 : 1, ROLE_FUZZ)) {
		printf("step %s: %ld\n", d.step, d.error);
		return 0;
	}
	d.info->arg[0] = seed;
	domu_unpause(&d);
	while (ticks() < end)
		sched_op(SCHEDOP_yield, NULL);
	done = *domu_ptr(&d, &rounds);
	domu_pause(&d);
	if (domu_destroy(&d))
		printf("FAIL: fuzz: seed %lu: destroy\n", seed);
	return done ? done : 1;
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
