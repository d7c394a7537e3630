// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts as the architecture promises them: SGIs to self and among CPUs
 * (none lost, none doubled), enable and mask, priorities, pending set by hand,
 * the virtual timer in every state, WFI with interrupts masked, EOI order.
 */
#include "guest.h"

static volatile u32 count[16][MAX_CPUS], sender_ok, timer_fired, order[16], nr_order;

static void on_sgi(u32 iar)
{
	u32 n = iar & 0x3ff;

	count[n][cpu_id()]++;
	if (machine.gic == 2 && (iar >> 10 & 7) == 0)
		sender_ok++;
}

static void on_timer(u32 iar)
{
	(void)iar;
	timer_stop();
	timer_fired++;
}

#define PHYS_TIMER_IRQ 30

static void on_phys_timer(u32 iar)
{
	(void)iar;
	write_sysreg(0, cntp_ctl_el0);
	isb();
	timer_fired++;
}

static void on_order(u32 iar)
{
	order[nr_order++] = iar & 0x3ff;
}

static bool eventually(volatile u32 *word, u32 value)
{
	bool ok = wait_for(word, value);

	delay_us(200);
	return ok && *word == value;
}

static void sgi_self(void)
{
	for (int n = 0; n < 16; n++)
		irq_handler[n] = on_sgi;
	irq_enable();
	for (int n = 0; n < 16; n++) {
		for (u32 i = 1; i <= 50; i++) {
			gic_sgi(0, n);
			if (!wait_for(&count[n][0], i))
				break;
		}
		report(eventually(&count[n][0], 50), "SGI %d to self, 50 times", n);
	}
	if (machine.gic == 2)
		report(sender_ok == 800, "the IAR names the sender");
}

static u64 sgi_bank(void)
{
	return machine.gic == 3 ? gic_redist(cpu_id()) + 0x10000 : machine.gicd;
}

static void enabling(void)
{
	u64 b = sgi_bank();
	u32 was = count[3][0];

	mmio_write32(b + 0x180, 1 << 3); /* ICENABLER */
	report(!(mmio_read32(b + 0x100) & 1 << 3), "SGI 3 reads as disabled");
	gic_sgi(0, 3);
	delay_us(500);
	report_value(count[3][0] - was, "a disabled SGI is not taken");
	mmio_write32(b + 0x100, 1 << 3);
	report_value(eventually(&count[3][0], was + 1), "it is taken once enabled");
	irq_disable();
	was = count[4][0];
	gic_sgi(0, 4);
	gic_sgi(0, 4);
	delay_us(500);
	report(count[4][0] == was, "PSTATE.I holds an SGI back");
	report(read_sysreg(isr_el1) & 1 << 7, "ISR_EL1 shows it");
	irq_enable();
	report(eventually(&count[4][0], was + 1), "and delivers it once");
}

static void priorities(void)
{
	u64 b = sgi_bank();

	irq_handler[8] = irq_handler[9] = irq_handler[10] = on_order;
	mmio_write8(b + 0x400 + 8, 0xc0);
	mmio_write8(b + 0x400 + 9, 0x40);
	mmio_write8(b + 0x400 + 10, 0x80);
	irq_disable();
	nr_order = 0;
	gic_sgi(0, 8);
	gic_sgi(0, 10);
	gic_sgi(0, 9);
	delay_us(300);
	irq_enable();
	eventually(&nr_order, 3);
	report(nr_order == 3, "three SGIs of three priorities arrive");
	report_value(order[0] << 16 | order[1] << 8 | order[2], "their order");
	for (int n = 8; n < 11; n++) {
		mmio_write8(b + 0x400 + (u64)n, 0xa0);
		irq_handler[n] = on_sgi;
	}
}

static void pending_by_hand(void)
{
	u64 b = sgi_bank();
	u32 was = count[5][0];

	irq_disable();
	if (machine.gic == 3)
		mmio_write32(b + 0x200, 1 << 5); /* ISPENDR */
	else					 /* SPENDSGIR; may be missing */
		report_value((u64)FAULTS(mmio_write8(b + 0xf20 + 5, 1)), "SPENDSGIR faults");
	irq_enable();
	delay_us(500);
	report_value(count[5][0] - was, "SGI 5 made pending by register");
	irq_disable();
	irq_handler[TIMER_IRQ] = on_timer;
	gic_enable(TIMER_IRQ);
	timer_fired = 0;
	mmio_write32(b + 0x200, 1 << TIMER_IRQ);
	irq_enable();
	delay_us(500);
	report_value(timer_fired, "timer PPI made pending by register");
}

static void timers(void)
{
	u64 ms = read_sysreg(cntfrq_el0) / 1000;
	u64 t;

	irq_handler[TIMER_IRQ] = on_timer;
	gic_enable(TIMER_IRQ);
	timer_fired = 0;
	timer_set(0);
	report(eventually(&timer_fired, 1), "a deadline in the past fires at once, once");
	timer_fired = 0;
	timer_set(ticks() + 50 * ms); /* far enough for a busy host to stop it in time */
	timer_stop();
	delay_us(60000);
	report(timer_fired == 0, "a stopped timer does not fire");
	timer_fired = 0;
	write_sysreg(ticks() + ms, cntv_cval_el0);
	write_sysreg(3, cntv_ctl_el0);
	isb();
	delay_us(3000);
	report(timer_fired == 0, "a masked timer does not fire");
	/* QEMU brings ISTATUS up to date from its main loop, late on a busy host */
	for (int i = 0; i < 500 && read_sysreg(cntv_ctl_el0) != 7; i++)
		delay_us(1000);
	report(read_sysreg(cntv_ctl_el0) == 7, "but shows ISTATUS");
	timer_fired = 0;
	write_sysreg(1, cntv_ctl_el0);
	isb();
	report(eventually(&timer_fired, 1), "it fires once unmasked");
	for (u32 i = 0; i < 50; i++) {
		timer_fired = 0;
		t = ticks() + ms / 4;
		timer_set(t);
		while (!timer_fired)
			wfi();
		if (ticks() < t)
			break;
		if (i == 49)
			report(true, "WFI ends at the deadline, never before, 50 times");
	}
	timer_fired = 0;
	write_sysreg((u32)-5, cntv_tval_el0);
	write_sysreg(1, cntv_ctl_el0);
	isb();
	report(eventually(&timer_fired, 1), "a negative TVAL fires at once");
}

/* The EL1 physical timer is emulated. */
static void phys_timer(void)
{
	u64 ms = read_sysreg(cntfrq_el0) / 1000, t = 0;
	bool early = false;

	irq_handler[PHYS_TIMER_IRQ] = on_phys_timer;
	gic_enable(PHYS_TIMER_IRQ);
	for (u32 i = 0; i < 20; i++) {
		timer_fired = 0;
		t = read_sysreg(cntpct_el0) + (i ? ms / 2 : (u64)-ms);
		write_sysreg(t, cntp_cval_el0);
		write_sysreg(1, cntp_ctl_el0);
		isb();
		if (!eventually(&timer_fired, 1))
			break;
		early |= i && read_sysreg(cntpct_el0) < t;
	}
	report(timer_fired == 1, "the physical timer fires, 20 times");
	report(!early, "and never early");
	timer_fired = 0;
	write_sysreg(read_sysreg(cntpct_el0) + 20 * ms, cntp_cval_el0);
	write_sysreg(1, cntp_ctl_el0);
	write_sysreg(0, cntp_ctl_el0);
	isb();
	delay_us(40000);
	report(timer_fired == 0, "stopped, it does not");
}

static void wfi_masked(void)
{
	u64 t;

	irq_disable();
	timer_fired = 0;
	t = ticks() + read_sysreg(cntfrq_el0) / 500;
	timer_set(t);
	wfi();
	report(timer_fired == 0, "WFI with interrupts masked ends without taking any");
	irq_enable();
	report(eventually(&timer_fired, 1), "it is taken when unmasked");
	irq_disable();
	gic_sgi(0, 6);
	wfi();
	irq_enable();
	report(true, "WFI with one pending does not sleep");
	asm volatile("sevl; wfe" ::: "memory");
	report(true, "WFE after SEVL does not sleep");
}

static volatile u32 quit;

static void receiver(int cpu)
{
	(void)cpu;
	irq_enable();
	while (!quit)
		wfi();
}

static void between_cpus(void)
{
	u32 sent = 200;

	for (int c = 1; c < machine.ncpus; c++) {
		report(cpu_start(c, receiver) == 0, "CPU %d started", c);
		delay_us(1000);
		for (u32 i = 1; i <= sent; i++) {
			gic_sgi(c, 7);
			if (!wait_for(&count[7][c], i))
				break;
		}
		report(eventually(&count[7][c], sent), "%u SGIs to CPU %d, each once", sent, c);
	}
	quit = 1;
	for (int c = 1; c < machine.ncpus; c++) {
		gic_sgi(c, 1);
		report(cpu_wait_off(c), "CPU %d is off", c);
	}
}

void guest_main(void)
{
	extern u32 irq_unexpected;

	report_prefix("irq");
	sgi_self();
	enabling();
	priorities();
	pending_by_hand();
	timers();
	phys_timer();
	wfi_masked();
	if (machine.ncpus > 1)
		between_cpus();
	report(irq_unexpected == 0, "no interrupt nobody asked for");
	report_summary();
}
