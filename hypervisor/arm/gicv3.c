// SPDX-License-Identifier: GPL-2.0-only
/*
 * GICv3 and v4 (IHI 0069) without LPIs: distributor, redistributors, and the CPU interface in
 * system registers. SPIs are group 1 and routed by affinity. Shared registers written here are of
 * the set/clear kind but ICFGR, which has a lock.
 */
#include <arm/gic.h>
#include <core/console.h>
#include <core/cpu.h>
#include <core/lock.h>
#include <lib/errno.h>

enum {
	GICD_CTLR = 0,
	GICD_TYPER = 4,
	GICD_IGROUPR = 0x80,
	GICD_ISENABLER = 0x100,
	GICD_ICENABLER = 0x180,
	GICD_ISPENDR = 0x200,
	GICD_ICPENDR = 0x280,
	GICD_ISACTIVER = 0x300,
	GICD_ICACTIVER = 0x380,
	GICD_IPRIORITYR = 0x400,
	GICD_ICFGR = 0xc00,
	GICD_IROUTER = 0x6000,
	GICD_PIDR2 = 0xffe8
};
enum { GICR_CTLR = 0, GICR_TYPER = 8, GICR_WAKER = 0x14, GICR_SGI_FRAME = 0x10000 };
#define GICD_CTLR_RWP BIT(31)
#define GICD_CTLR_ARE BIT(4)
#define GICD_CTLR_GRP1A BIT(1)
#define GICR_CTLR_RWP BIT(3)
#define GICR_TYPER_LAST BIT(4)
#define GICR_TYPER_VLPIS BIT(1)
#define GICR_WAKER_SLEEP BIT(1)
#define GICR_WAKER_ASLEEP BIT(2)

#define icc_iar1_el1 s3_0_c12_c12_0
#define icc_eoir1_el1 s3_0_c12_c12_1
#define icc_bpr1_el1 s3_0_c12_c12_3
#define icc_ctlr_el1 s3_0_c12_c12_4
#define icc_sre_el1 s3_0_c12_c12_5
#define icc_igrpen1_el1 s3_0_c12_c12_7
#define icc_dir_el1 s3_0_c12_c11_1
#define icc_sgi1r_el1 s3_0_c12_c11_5
#define icc_pmr_el1 s3_0_c4_c6_0
#define icc_sre_el2 s3_4_c12_c9_5
#define ich_hcr_el2 s3_4_c12_c11_0
#define ich_vtr_el2 s3_4_c12_c11_1
#define ich_elrsr_el2 s3_4_c12_c11_5
#define ich_vmcr_el2 s3_4_c12_c11_7
/* The preprocessor has to replace the names before they become text. */
#define rd(r) read_sysreg_(r)
#define wr(v, r) write_sysreg_(v, r)
#define read_sysreg_(r) read_sysreg(r)
#define write_sysreg_(v, r) write_sysreg(v, r)

#define RWP_TRIES 1000000 /* far above what any write takes to arrive */

static u8 *gicd;
static unsigned nr_aprs; /* of each group: 1, 2 or 4 */
static bool sre_el1_writable;
static struct lock config_lock = LOCK_INIT(RANK_CONSOLE); /* innermost: ICFGR words */

static u32 v3_ack(void)
{
	u32 token = (u32)rd(icc_iar1_el1);

	dsb(sy);
	return token;
}

static void v3_eoi(u32 token)
{
	wr(token, icc_eoir1_el1);
}

static void v3_deactivate(u32 token)
{
	wr(token, icc_dir_el1);
}

static void v3_send_sgi(const struct cpu *c, unsigned sgi)
{
	dsb(ishst);
	wr(c->gic_sgi | (u64)sgi << 24, icc_sgi1r_el1);
	isb();
}

static void wait_rwp(const u8 *ctlr, u32 bit)
{
	for (unsigned i = 0; i < RWP_TRIES && (mmio_read32(ctlr) & bit); i++)
		cpu_relax();
}

/*
 * The frame that holds an interrupt's bit, in the same layout for private (redistributor) and
 * shared ones.
 */
static u8 *frame_of(unsigned irq)
{
	return irq < 32 ? (u8 *)this_cpu()->gicr + GICR_SGI_FRAME : gicd;
}

static void write_bit(unsigned reg, unsigned irq)
{
	mmio_write32(frame_of(irq) + reg + irq / 32 * 4, 1U << irq % 32);
}

static void v3_set_enabled(unsigned irq, bool on)
{
	write_bit(on ? GICD_ISENABLER : GICD_ICENABLER, irq);
	if (on)
		return;
	if (irq < 32)
		wait_rwp((u8 *)this_cpu()->gicr + GICR_CTLR, GICR_CTLR_RWP);
	else
		wait_rwp(gicd + GICD_CTLR, (u32)GICD_CTLR_RWP);
}

static void v3_set_active(unsigned irq, bool on)
{
	write_bit(on ? GICD_ISACTIVER : GICD_ICACTIVER, irq);
}

static void v3_set_pending(unsigned irq, bool on)
{
	write_bit(on ? GICD_ISPENDR : GICD_ICPENDR, irq);
}

static bool v3_is_pending(unsigned irq)
{
	return mmio_read32(frame_of(irq) + GICD_ISPENDR + irq / 32 * 4) >> irq % 32 & 1;
}

static void v3_set_edge(unsigned irq, bool edge)
{
	u8 *reg = frame_of(irq) + GICD_ICFGR + irq / 16 * 4;
	u32 bit = 2U << irq % 16 * 2;

	lock(&config_lock);
	mmio_write32(reg, edge ? mmio_read32(reg) | bit : mmio_read32(reg) & ~bit);
	unlock(&config_lock);
}

static void v3_set_target(unsigned irq, const struct cpu *c)
{
	mmio_write64(gicd + GICD_IROUTER + 8 * irq, c->mpidr);
}

/*
 * The number of a list register is part of the instruction: a jump into a row of pairs "access,
 * leave".
 */
/* clang-format off */
#define LRS(X) X(c12_0) X(c12_1) X(c12_2) X(c12_3) X(c12_4) X(c12_5) X(c12_6) X(c12_7) \
	X(c13_0) X(c13_1) X(c13_2) X(c13_3) X(c13_4) X(c13_5) X(c13_6) X(c13_7)
/* clang-format on */
#define ROW_BEGIN "adr %0, 1f\n\tadd %0, %0, %2, lsl #3\n\tbr %0\n1:\n\t"

static u64 v3_lr_read(unsigned n)
{
	u64 to, lr;

#define X(name) "mrs %1, s3_4_c12_" #name "\n\tb 2f\n\t"
	asm volatile(ROW_BEGIN LRS(X) "2:" : "=&r"(to), "=&r"(lr) : "r"((u64)n));
#undef X
	return lr;
}

static inline void v3_lr_write(unsigned n, u64 lr)
{
	u64 to;

#define X(name) "msr s3_4_c12_" #name ", %1\n\tb 2f\n\t"
	asm volatile(ROW_BEGIN LRS(X) "2:" : "=&r"(to) : "r"(lr), "r"((u64)n));
#undef X
}

static u32 v3_lr_reuse(unsigned n, u64 lr)
{
	if (!(rd(ich_elrsr_el2) >> n & 1))
		return 0;
	v3_lr_write(n, lr);
	return 1;
}

static u32 v3_lr_empty(void)
{
	isb(); /* else what was written just now might count as empty still */
	return (u32)rd(ich_elrsr_el2);
}

static u32 v3_hcr_read(void)
{
	return (u32)rd(ich_hcr_el2);
}

static void v3_hcr_write(u32 hcr)
{
	wr(hcr, ich_hcr_el2);
}

static u32 v3_vmcr_read(void)
{
	return (u32)rd(ich_vmcr_el2);
}

/* AP0Rn and AP1Rn: how many exist depends on the number of preemption levels. */
/* clang-format off */
#define APRS(X) X(0, c8_0, 4, c9_0) X(1, c8_1, 5, c9_1) X(2, c8_2, 6, c9_2) X(3, c8_3, 7, c9_3)
/* clang-format on */

static void v3_state_save(struct gic_vcpu_state *s)
{
	s->vmcr = (u32)rd(ich_vmcr_el2);
#define X(i, r0, j, r1) \
	if (!(i) || nr_aprs > (i)) { \
		s->apr[i] = (u32)read_sysreg(s3_4_c12_##r0); \
		s->apr[j] = (u32)read_sysreg(s3_4_c12_##r1); \
	}
	APRS(X)
#undef X
}

static void v3_state_restore(const struct gic_vcpu_state *s)
{
	if (unlikely(sre_el1_writable)) { /* decides what ICH_VMCR_EL2 means: first */
		wr(7, icc_sre_el1);
		isb();
	}
	wr(s->vmcr, ich_vmcr_el2);
#define X(i, r0, j, r1) \
	if (!(i) || nr_aprs > (i)) { \
		write_sysreg(s->apr[i], s3_4_c12_##r0); \
		write_sysreg(s->apr[j], s3_4_c12_##r1); \
	}
	APRS(X)
#undef X
}

static u8 *find_rdist(u64 mpidr)
{
	u64 aff = (mpidr & 0xffffff) | (mpidr >> 32 & 0xff) << 24;

	for (unsigned r = 0; r < gic_info.nr_rdist; r++) {
		u64 pos = 0, type;

		do {
			u8 *p = pa_to_va(gic_info.rdist[r].base + pos);

			type = mmio_read64(p + GICR_TYPER);
			if (type >> 32 == aff)
				return p;
			pos += gic_info.rdist_stride ?: type & GICR_TYPER_VLPIS ? 0x40000 : 0x20000;
		} while (!(type & GICR_TYPER_LAST) && pos + 0x20000 <= gic_info.rdist[r].size);
	}
	return NULL;
}

static int rdist_wake(u8 *gicr)
{
	mmio_write32(gicr + GICR_WAKER, mmio_read32(gicr + GICR_WAKER) & ~(u32)GICR_WAKER_SLEEP);
	for (unsigned i = 0; i < RWP_TRIES; i++)
		if (!(mmio_read32(gicr + GICR_WAKER) & GICR_WAKER_ASLEEP))
			return 0;
	return -ENODEV;
}

static int cpu_interface_init(void)
{
	wr(0xf, icc_sre_el2); /* system registers; EL1 may use its own SRE register */
	isb();
	if (!(rd(icc_sre_el2) & 1))
		return -ENODEV;
	wr(0, icc_sre_el1);
	isb();
	sre_el1_writable = !(rd(icc_sre_el1) & 1);
	wr(7, icc_sre_el1);
	isb();
	wr(0xff, icc_pmr_el1);
	wr(0, icc_bpr1_el1);
	wr(2, icc_ctlr_el1); /* EOImode 1 */
	wr(1, icc_igrpen1_el1);
	isb();
	wr(0, ich_vmcr_el2);
	v3_state_restore(&(struct gic_vcpu_state){ .vmcr = 0 });
	return 0;
}

static int v3_init_cpu(void)
{
	struct cpu *c = this_cpu();
	u64 m = c->mpidr;
	u8 *gicr = find_rdist(m), *sgi;

	if (!gicr || rdist_wake(gicr))
		return -ENODEV;
	c->gicr = gicr;
	c->gic_sgi = (m & 0xff00) << 8 | (m & 0xff0000) << 16 | (m & 0xff00000000UL) << 16 |
		     (m & 0xf0) << 40 | BIT(m & 15);
	sgi = gicr + GICR_SGI_FRAME;
	mmio_write32(sgi + GICD_ICENABLER, 0xffff0000);
	mmio_write32(sgi + GICD_ICACTIVER, 0xffffffff);
	mmio_write32(sgi + GICD_ICPENDR, 0xffffffff);
	mmio_write32(sgi + GICD_IGROUPR, 0xffffffff);
	for (unsigned i = 0; i < 32; i += 4)
		mmio_write32(sgi + GICD_IPRIORITYR + i, 0xa0a0a0a0);
	mmio_write32(sgi + GICD_ISENABLER, 0xffff);
	wait_rwp(gicr + GICR_CTLR, GICR_CTLR_RWP);
	return cpu_interface_init();
}

static __init int v3_init(void)
{
	u64 vtr;

	gicd = pa_to_va(gic_info.dist);
	if ((mmio_read32(gicd + GICD_PIDR2) >> 4 & 0xf) < 3) {
		log_err("GIC: what is at %lx is no GICv3\n", gic_info.dist);
		return -ENODEV;
	}
	gic_nr_irqs = min(32 * ((mmio_read32(gicd + GICD_TYPER) & 0x1f) + 1), 1020U);
	wr(0xf, icc_sre_el2); /* ICH_VTR_EL2 can be read from here on */
	isb();
	vtr = rd(ich_vtr_el2);
	gic_nr_lrs = min((unsigned)(vtr & 0x1f) + 1, (unsigned)GIC_MAX_LRS);
	nr_aprs = 1U << max((int)(vtr >> 26 & 7) + 1 - 5, 0);
	mmio_write32(gicd + GICD_CTLR, 0);
	wait_rwp(gicd + GICD_CTLR, (u32)GICD_CTLR_RWP);
	for (unsigned irq = 32; irq < gic_nr_irqs; irq += 32) {
		mmio_write32(gicd + GICD_ICENABLER + irq / 8, 0xffffffff);
		mmio_write32(gicd + GICD_ICACTIVER + irq / 8, 0xffffffff);
		mmio_write32(gicd + GICD_IGROUPR + irq / 8, 0xffffffff);
		mmio_write32(gicd + GICD_ICFGR + irq / 4, 0);
		mmio_write32(gicd + GICD_ICFGR + irq / 4 + 4, 0);
	}
	for (unsigned irq = 32; irq < gic_nr_irqs; irq += 4)
		mmio_write32(gicd + GICD_IPRIORITYR + irq, 0xa0a0a0a0);
	wait_rwp(gicd + GICD_CTLR, (u32)GICD_CTLR_RWP);
	mmio_write32(gicd + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP1A);
	wait_rwp(gicd + GICD_CTLR, (u32)GICD_CTLR_RWP);
	/* means something only with affinity routing on */
	for (unsigned irq = 32; irq < gic_nr_irqs; irq++)
		mmio_write64(gicd + GICD_IROUTER + 8 * irq, this_cpu()->mpidr);
	return 0;
}

const struct gic_ops gicv3_ops = {
	.ack = v3_ack,
	.eoi = v3_eoi,
	.deactivate = v3_deactivate,
	.send_sgi = v3_send_sgi,
	.set_enabled = v3_set_enabled,
	.set_edge = v3_set_edge,
	.set_target = v3_set_target,
	.set_active = v3_set_active,
	.set_pending = v3_set_pending,
	.is_pending = v3_is_pending,
	.lr_read = v3_lr_read,
	.lr_write = v3_lr_write,
	.lr_reuse = v3_lr_reuse,
	.lr_empty = v3_lr_empty,
	.hcr_read = v3_hcr_read,
	.hcr_write = v3_hcr_write,
	.vmcr_read = v3_vmcr_read,
	.state_save = v3_state_save,
	.state_restore = v3_state_restore,
	.init = v3_init,
	.init_cpu = v3_init_cpu,
};
