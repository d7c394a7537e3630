/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A GICv2 as IHI 0048B describes it, for arm/gicv2.c: distributor, CPU interfaces, and what a guest
 * sees of its list registers, which are kept as the hardware has them. mmio_read32() and its like
 * are here; whatever the architecture calls unpredictable ends the test.
 */
#ifndef FAKE_GICV2_H
#define FAKE_GICV2_H
#include <core/cpu.h>
#include <lib/types.h>

#define GICV2_CPUS 3
#define GICV2_IRQS 96U
#define GICV2_LRS 4
#define GICV2_NONE 1023U

struct gicv2_irq {
	bool enabled, active, edge, high;
	bool pending; /* by register or edge */
	u8 prio, targets, sources;
};

extern struct gicv2 {
	bool on;
	unsigned copies;    /* of each page of GICC and GICV: 1 or 16 */
	u8 bit[GICV2_CPUS]; /* each CPU's own in ITARGETSR; one CPU alone may read 0 */
	struct gicv2_irq spi[GICV2_IRQS]; /* from 32 on */
	struct gicv2_iface {
		struct gicv2_irq own[32];
		u32 ctlr, pmr, bpr, running[32], depth;
		u32 hcr, vmcr, apr, lr[GICV2_LRS];
	} cpu[GICV2_CPUS];
} gicv2;

/* As after reset, which leaves most registers unknown; gic_info tells where it is. */
void gicv2_reset(unsigned copies);
struct gicv2_irq *gicv2_irq(unsigned cpu, unsigned irq);
/* What a CPU would acknowledge now. */
unsigned gicv2_signalled(unsigned cpu);

/* The fields of a list register. */
#define V2_LR_STATE(lr) ((lr) >> 28 & 3) /* 1 pending, 2 active */
#define V2_LR_HW(lr) ((lr) >> 31 & 1)
#define V2_LR_GROUP1(lr) ((lr) >> 30 & 1)
#define V2_LR_PRIO(lr) ((lr) >> 23 & 31)
#define V2_LR_PHYS(lr) ((lr) >> 10 & 0x3ff)
#define V2_LR_EOI(lr) ((lr) >> 19 & 1)
#define V2_LR_SOURCE(lr) ((lr) >> 10 & 7)
#define V2_LR_VIRT(lr) (0x3ff & (lr))

/* The guest on this CPU takes its most urgent interrupt: its list register's number, -1. */
int gicv2_guest_ack(void);
/* It ends and deactivates it. */
void gicv2_guest_eoi(unsigned lr);
#endif
