// SPDX-License-Identifier: GPL-2.0-only
/* PSCI 1.1 and SMCCC as a guest sees them: answers, bad arguments, CPUs on and off. */
#include "guest.h"

#define INVALID_PARAMETERS (-2)
#define ALREADY_ON (-4)
#define INVALID_ADDRESS (-9)

static volatile u32 runs[MAX_CPUS];

static void secondary(int cpu)
{
	runs[cpu]++;
}

static void functions(void)
{
	report_value((u64)psci(PSCI_VERSION, 0, 0, 0), "PSCI_VERSION");
	report_value((u64)psci(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), "MIGRATE_INFO_TYPE");
	report_value((u64)psci(SMCCC_VERSION, 0, 0, 0), "SMCCC_VERSION");
	for (u32 fn = 0; fn < 0x20; fn++) {
		report_value((u64)psci(PSCI_FEATURES, 0x84000000 + fn, 0, 0), "FEATURES 32 %x", fn);
		report_value((u64)psci(PSCI_FEATURES, 0xc4000000 + fn, 0, 0), "FEATURES 64 %x", fn);
	}
	report_value((u64)psci(PSCI_FEATURES, SMCCC_VERSION, 0, 0), "FEATURES SMCCC_VERSION");
	for (u32 fn = 0x7ffc; fn <= 0x8002; fn++)
		report_value((u64)psci(SMCCC_ARCH_FEATURES, 0x80000000 + fn, 0, 0),
			     "ARCH_FEATURES %x", fn);
	report_value((u64)psci(SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, 0, 0),
		     "ARCH_FEATURES self");
	report_value((u64)psci(0x84000050, 0, 0, 0), "TRNG_VERSION");
	report_value((u64)psci(0x8600ff01, 0, 0, 0), "vendor UID");
	for (u64 fn = 0x0b; fn < 0x40; fn++)
		report(psci((u32)(0x84000000 + fn), 0, 0, 0) == -1, "function %lx is unknown", fn);
	for (u64 owner = 1; owner < 64; owner++) {
		if (owner == 4 || owner == 6)
			continue;
		report(psci((u32)(0x80000000 + (owner << 24)), 0, 0, 0) == -1,
		       "service %lx is unknown", owner);
	}
}

static void bad_arguments(void)
{
	u64 entry = machine.ram_base;
	bool refused = true;

	for (u64 aff1 = 1; aff1 < 256; aff1++)
		for (u64 aff0 = 0; aff0 < 16; aff0 += 5)
			refused &= psci(PSCI_CPU_ON, aff1 << 8 | aff0, entry, 0) == -2;
	report(refused, "CPU_ON of any other cluster");
	report_value((u64)psci(PSCI_CPU_ON, 99, entry, 0), "CPU_ON of a missing CPU");
	report_value((u64)psci(PSCI_CPU_ON, 1ul << 40, entry, 0), "CPU_ON with a wild affinity");
	report_value((u64)psci(PSCI_CPU_ON, ~0ul, entry, 0), "CPU_ON with affinity -1");
	report_value((u64)psci(PSCI_CPU_ON, 0, entry, 0), "CPU_ON of oneself");
	/* by the number in the device tree, as PSCI 0.1 */
	report_value((u64)psci(2, 99, entry, 0), "0.1 CPU_ON of a missing CPU");
	report_value((u64)psci(2, 0, entry, 0), "0.1 CPU_ON of oneself");
	report_value((u64)psci(3, 0, entry, 0), "0.1 function 3");
	report_value((u64)psci(PSCI_AFFINITY_INFO, 0, 0, 0), "AFFINITY_INFO of oneself");
	report_value((u64)psci(PSCI_AFFINITY_INFO, 99, 0, 0), "AFFINITY_INFO of a missing CPU");
	for (u64 level = 1; level < 5; level++)
		report_value((u64)psci(PSCI_AFFINITY_INFO, 0, level, 0), "AFFINITY_INFO level %lx",
			     level);
}

static void cycle(int cpu)
{
	for (u32 i = 1; i <= 20; i++) {
		s64 rc = cpu_start(cpu, secondary);

		if (!report(rc == 0, "CPU_ON %d, round %u", cpu, i))
			return;
		report(wait_for(&runs[cpu], i), "CPU %d runs, round %u", cpu, i);
		report(cpu_wait_off(cpu), "CPU %d is off, round %u", cpu, i);
		if (on_oracle()) /* Xen 4.17 says OFF before CPU_OFF has written x0 */
			delay_us(2000);
	}
}

static volatile u32 hold;

static void holder(int cpu)
{
	(void)cpu;
	wait_for(&hold, 1);
}

void guest_main(void)
{
	report_prefix("psci");
	functions();
	bad_arguments();
	for (int cpu = 1; cpu < machine.ncpus; cpu++)
		cycle(cpu);
	if (machine.ncpus > 1) {
		report(cpu_start(1, holder) == 0, "CPU_ON to hold");
		report(psci(PSCI_AFFINITY_INFO, 1, 0, 0) == 0, "AFFINITY_INFO is ON");
		report(cpu_start(1, holder) == ALREADY_ON, "a second CPU_ON is ALREADY_ON");
		hold = 1;
		report(cpu_wait_off(1), "CPU 1 is off");
	}
	report_summary();
}
