// SPDX-License-Identifier: GPL-2.0-only
/*
 * GICv2 and GICv3 as a guest drives them: all interrupts in group 1 (v3) or
 * group 0 (v2), one priority, no preemption. Each CPU calls gic_cpu_init().
 */
#include "guest.h"

#define GICD_CTLR 0x000
#define GICD_TYPER 0x004
#define GICD_IGROUPR 0x080
#define GICD_ISENABLER 0x100
#define GICD_ICENABLER 0x180
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR 0x800
#define GICD_SGIR 0xf00
#define GICD_IROUTER 0x6000
#define GICC_CTLR 0x00
#define GICC_PMR 0x04
#define GICC_IAR 0x0c
#define GICC_EOIR 0x10
#define GICR_TYPER 0x08
#define GICR_WAKER 0x14
#define GICR_STRIDE 0x20000
#define GICR_SGI 0x10000

#define ICC_PMR_EL1 S3_0_C4_C6_0
#define ICC_IAR1_EL1 S3_0_C12_C12_0
#define ICC_EOIR1_EL1 S3_0_C12_C12_1
#define ICC_SRE_EL1 S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define ICC_SGI1R_EL1 S3_0_C12_C11_5
#define ICC_CTLR_EL1 S3_0_C12_C12_4
#define _read(r) read_sysreg(r)
#define _write(v, r) write_sysreg(v, r)

static u64 redist[MAX_CPUS];

static u64 find_redist(int cpu)
{
	for (u64 at = machine.gicr;; at += GICR_STRIDE) {
		u64 typer = mmio_read64(at + GICR_TYPER);

		if ((typer >> 32 & 0xff) == (u64)cpu)
			return at;
		if (typer & 1 << 4) /* Last */
			return 0;
	}
}

u64 gic_redist(int cpu)
{
	if (!redist[cpu])
		redist[cpu] = find_redist(cpu);
	return redist[cpu];
}

void gic_init(void)
{
	if (machine.gic == 3)
		mmio_write32(machine.gicd + GICD_CTLR, 0x12); /* ARE, group 1 */
	else
		mmio_write32(machine.gicd + GICD_CTLR, 1);
}

static void cpu_init_v3(void)
{
	u64 r = gic_redist(cpu_id());

	mmio_write32(r + GICR_WAKER, 0);
	while (mmio_read32(r + GICR_WAKER) & 4)
		relax();
	r += GICR_SGI;
	mmio_write32(r + GICD_IGROUPR, ~0u);
	for (int i = 0; i < 32; i += 4)
		mmio_write32(r + GICD_IPRIORITYR + i, 0xa0a0a0a0);
	mmio_write32(r + GICD_ISENABLER, 0xffff);
	_write(1, ICC_SRE_EL1);
	isb();
	_write(0xf0, ICC_PMR_EL1);
	_write(0, ICC_CTLR_EL1);
	_write(1, ICC_IGRPEN1_EL1);
	isb();
}

void gic_cpu_init(void)
{
	if (machine.gic == 3) {
		cpu_init_v3();
		return;
	}
	for (int i = 0; i < 32; i += 4)
		mmio_write32(machine.gicd + GICD_IPRIORITYR + i, 0xa0a0a0a0);
	mmio_write32(machine.gicd + GICD_ISENABLER, 0xffff);
	mmio_write32(machine.gicc + GICC_PMR, 0xf0);
	mmio_write32(machine.gicc + GICC_CTLR, 1);
}

static u64 bank(int irq)
{
	if (irq < 32 && machine.gic == 3)
		return gic_redist(cpu_id()) + GICR_SGI;
	return machine.gicd;
}

void gic_route(int spi, int cpu)
{
	if (machine.gic == 3)
		mmio_write64(machine.gicd + GICD_IROUTER + spi * 8ul, (u64)cpu);
	else
		mmio_write8(machine.gicd + GICD_ITARGETSR + spi, (u8)(1 << cpu));
}

void gic_enable(int irq)
{
	u64 b = bank(irq);

	if (irq >= 32) {
		mmio_write8(b + GICD_IPRIORITYR + irq, 0xa0);
		if (machine.gic == 3)
			mmio_write32(b + GICD_IGROUPR + irq / 32 * 4, ~0u);
		gic_route(irq, cpu_id());
	}
	mmio_write32(b + GICD_ISENABLER + irq / 32 * 4, 1u << irq % 32);
}

void gic_disable(int irq)
{
	mmio_write32(bank(irq) + GICD_ICENABLER + irq / 32 * 4, 1u << irq % 32);
}

void gic_sgi(int cpu, int sgi)
{
	dsb();
	if (machine.gic == 3) {
		_write((u64)sgi << 24 | 1ul << cpu, ICC_SGI1R_EL1);
		isb();
	} else {
		mmio_write32(machine.gicd + GICD_SGIR, 1u << (16 + cpu) | (u32)sgi);
	}
}

u32 gic_ack(void)
{
	u32 iar;

	if (machine.gic == 2)
		return mmio_read32(machine.gicc + GICC_IAR);
	iar = (u32)_read(ICC_IAR1_EL1);
	dsb();
	return iar;
}

void gic_eoi(u32 iar)
{
	if (machine.gic == 2) {
		mmio_write32(machine.gicc + GICC_EOIR, iar);
		return;
	}
	_write(iar, ICC_EOIR1_EL1);
	isb();
}
