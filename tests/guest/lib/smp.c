// SPDX-License-Identifier: GPL-2.0-only
/* PSCI (conduit HVC, as every hypervisor here offers) and the start of further CPUs. */
#include "guest.h"

static void (*volatile start_fn[MAX_CPUS])(int cpu);

extern char secondary_entry[];
void secondary_start(void);

s64 psci(u32 fn, u64 a1, u64 a2, u64 a3)
{
	register u64 x0 asm("x0") = fn;
	register u64 x1 asm("x1") = a1;
	register u64 x2 asm("x2") = a2;
	register u64 x3 asm("x3") = a3;

	asm volatile("hvc #0"
		     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"x4", "x5", "x6", "x7", "x8", "x9",
		       "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	/* 32-bit functions answer in w0 */
	return fn & 1u << 30 ? (s64)x0 : (s64)(int32_t)x0;
}

s64 cpu_start(int cpu, void (*fn)(int cpu))
{
	start_fn[cpu] = fn;
	dsb();
	return psci(PSCI_CPU_ON, (u64)cpu, virt_to_phys(secondary_entry), (u64)cpu);
}

/* A payload may look at the CPU before anything else has happened on it. */
void __attribute__((weak)) cpu_started(void)
{
}

void secondary_start(void)
{
	int cpu = cpu_id();

	cpu_started();
	gic_cpu_init();
	start_fn[cpu](cpu);
	cpu_off();
}

void cpu_off(void)
{
	irq_disable();
	for (;;)
		psci(PSCI_CPU_OFF, 0, 0, 0);
}

void delay_us(u64 us)
{
	u64 end = ticks() + us * read_sysreg(cntfrq_el0) / 1000000;

	while (ticks() < end)
		relax();
}

bool cpu_wait_off(int cpu)
{
	for (int i = 0; i < 2000; i++) {
		if (psci(PSCI_AFFINITY_INFO, (u64)cpu, 0, 0) == 1)
			return true;
		delay_us(1000);
	}
	return false;
}

bool wait_for(volatile u32 *word, u32 value)
{
	u64 end = ticks() + 2 * read_sysreg(cntfrq_el0);

	while (*word != value) {
		if (ticks() > end)
			return false;
		relax();
	}
	return true;
}
