// SPDX-License-Identifier: GPL-2.0-only
/* The runtime itself: boots, interrupts, CPUs and, as Dom0, one DomU. */
#include "domu.h"

static volatile u32 sgis, ticked, up[MAX_CPUS];

static void on_sgi(u32 iar)
{
	(void)iar;
	sgis++;
}

static void on_timer(u32 iar)
{
	(void)iar;
	timer_stop();
	ticked = 1;
}

static void secondary(int cpu)
{
	up[cpu] = 1;
}

static void common(void)
{
	irq_handler[3] = on_sgi;
	irq_handler[TIMER_IRQ] = on_timer;
	gic_enable(TIMER_IRQ);
	irq_enable();
	gic_sgi(0, 3);
	report(wait_for(&sgis, 1), "SGI to self");
	timer_set(ticks() + read_sysreg(cntfrq_el0) / 100);
	while (!ticked)
		wfi();
	report(ticked, "timer wakes from WFI");
	for (int i = 1; i < machine.ncpus; i++) {
		report(cpu_start(i, secondary) == 0, "CPU_ON %d", i);
		report(wait_for(&up[i], 1), "CPU %d runs", i);
		report(cpu_wait_off(i), "CPU %d is off again", i);
	}
	report(FAULTS(*(volatile u32 *)0x7f00000000ul) == 1, "unbacked memory aborts");
}

void domu_main(void)
{
	report_prefix("smoke: domU");
	common();
	report_summary();
}

void guest_main(void)
{
	struct domu d;

	report_prefix("smoke");
	common();
	if (machine.platform == DOM0) {
		bool ok = domu_create(&d, 2, 0);

		report(ok, "DomU built");
		if (!ok)
			printf("step %s: %ld\n", d.step, d.error);
		else {
			report(domu_unpause(&d) == 0, "DomU unpaused");
			report(domu_wait(&d, 10), "DomU has shut down");
			report(domu_destroy(&d) == 0, "DomU destroyed");
		}
	}
	report_summary();
}
