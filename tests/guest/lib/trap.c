// SPDX-License-Identifier: GPL-2.0-only
/*
 * What every exception ends in: interrupts go to irq_handler[], SVC from EL0
 * ends el0_call(), faults a test has announced are recorded and skipped, and
 * everything else ends the payload with a report.
 */
#include "guest.h"

#define EC_SVC32 0x11
#define EC_SVC64 0x15
#define EC_IABT_LOW 0x20
#define EC_IABT 0x21
#define EC_PC_ALIGN 0x22

struct fault faults[MAX_CPUS];
void (*irq_handler[1024])(u32 iar);
u32 irq_spurious, irq_unexpected;

void trap(struct regs *r, int kind);

static void __attribute__((noreturn)) die(struct regs *r, int kind)
{
	printf("FAIL: unexpected exception %d on CPU %d: esr %lx far %lx elr %lx x0 %lx lr %lx\n",
	       kind, cpu_id(), r->esr, r->far, r->elr, r->x[0], r->x[30]);
	guest_exit();
}

static void take_irq(void)
{
	u32 iar = gic_ack();
	u32 irq = iar & 0x3ff;

	if (irq >= 1020) {
		irq_spurious++;
		return;
	}
	if (irq_handler[irq])
		irq_handler[irq](iar);
	else
		irq_unexpected++;
	gic_eoi(iar);
}

static void take_sync(struct regs *r, int kind)
{
	struct fault *f = &faults[cpu_id()];
	u32 ec = r->esr >> 26;

	if ((kind == 8 && ec == EC_SVC64) || (kind == 12 && ec == EC_SVC32))
		el0_leave(r->x[0], r);
	if (!f->armed)
		die(r, kind);
	f->n++;
	f->esr = r->esr;
	f->far = r->far;
	f->elr = r->elr;
	if (ec == EC_IABT || ec == EC_IABT_LOW || ec == EC_PC_ALIGN)
		r->elr = r->x[30];
	else
		r->elr += 4;
	if (f->n > 1000)
		die(r, kind);
}

void trap(struct regs *r, int kind)
{
	switch (kind & 3) {
	case 0: take_sync(r, kind); break;
	case 1: take_irq(); break;
	default:
		if (!faults[cpu_id()].armed)
			die(r, kind);
		faults[cpu_id()].n++;
		faults[cpu_id()].esr = r->esr;
	}
}
