// SPDX-License-Identifier: GPL-2.0-only
/*
 * GICv2 (IHI 0048B). The distributor's registers for private interrupts are banked by the CPU that
 * accesses them. All shared registers written here are of the set/clear kind or hold one byte per
 * interrupt, so no lock; ICFGR is read-modify-write and its words may hold SPIs of several
 * domains: config_lock.
 */
#include <arm/gic.h>
#include <core/cpu.h>
#include <core/lock.h>
#include <lib/errno.h>

enum {
	GICD_CTLR = 0,
	GICD_TYPER = 4,
	GICD_ISENABLER = 0x100,
	GICD_ICENABLER = 0x180,
	GICD_ISPENDR = 0x200,
	GICD_ICPENDR = 0x280,
	GICD_ISACTIVER = 0x300,
	GICD_ICACTIVER = 0x380,
	GICD_IPRIORITYR = 0x400,
	GICD_ITARGETSR = 0x800,
	GICD_ICFGR = 0xc00,
	GICD_SGIR = 0xf00
};
enum {
	GICC_CTLR = 0,
	GICC_PMR = 4,
	GICC_BPR = 8,
	GICC_IAR = 0xc,
	GICC_EOIR = 0x10,
	GICC_IIDR = 0xfc,
	GICC_DIR = 0x1000
};
enum {
	GICH_HCR = 0,
	GICH_VTR = 4,
	GICH_VMCR = 8,
	GICH_ELRSR0 = 0x30,
	GICH_APR = 0xf0,
	GICH_LR = 0x100
};
#define GICC_CTLR_ENABLE 1
#define GICC_CTLR_EOIMODE BIT(9)

static u8 *gicd, *gicc, *gich;
static struct lock config_lock = LOCK_INIT(RANK_CONSOLE); /* innermost: ICFGR words */

static u32 v2_ack(void)
{
	u32 token = mmio_read32(gicc + GICC_IAR);

	/* What the sender of an SGI wrote before it is read after. */
	dsb(sy);
	return token;
}

static void v2_eoi(u32 token)
{
	mmio_write32(gicc + GICC_EOIR, token);
}

static void v2_deactivate(u32 token)
{
	mmio_write32(gicc + GICC_DIR, token);
}

static void v2_send_sgi(const struct cpu *c, unsigned sgi)
{
	dsb(ishst);
	mmio_write32(gicd + GICD_SGIR, (u32)c->gic_target << 16 | sgi);
}

static void write_bit(unsigned reg, unsigned irq)
{
	mmio_write32(gicd + reg + irq / 32 * 4, 1U << irq % 32);
}

static void v2_set_enabled(unsigned irq, bool on)
{
	write_bit(on ? GICD_ISENABLER : GICD_ICENABLER, irq);
}

static void v2_set_active(unsigned irq, bool on)
{
	write_bit(on ? GICD_ISACTIVER : GICD_ICACTIVER, irq);
}

static void v2_set_pending(unsigned irq, bool on)
{
	write_bit(on ? GICD_ISPENDR : GICD_ICPENDR, irq);
}

static bool v2_is_pending(unsigned irq)
{
	return mmio_read32(gicd + GICD_ISPENDR + irq / 32 * 4) >> irq % 32 & 1;
}

static void v2_set_edge(unsigned irq, bool edge)
{
	u8 *reg = gicd + GICD_ICFGR + irq / 16 * 4;
	u32 bit = 2U << irq % 16 * 2;

	lock(&config_lock);
	mmio_write32(reg, edge ? mmio_read32(reg) | bit : mmio_read32(reg) & ~bit);
	unlock(&config_lock);
}

static void v2_set_target(unsigned irq, const struct cpu *c)
{
	mmio_write8(gicd + GICD_ITARGETSR + irq, c->gic_target);
}

/*
 * The 32-bit list register has the fields of the 64-bit one's upper half at other places: state
 * 31:30 is at 29:28, HW and group 29:28 at 31:30, the upper five bits of the priority 23:19 at
 * 27:23, and 9:0, which mean the same (physical interrupt; or EOI and source), at 19:10.
 */
static u64 v2_lr_read(unsigned n)
{
	u32 h = mmio_read32(gich + GICH_LR + 4 * n);
	u32 hi = (h & 0x30000000) << 2 | (h >> 2 & 0x30000000) | (h >> 4 & 0x00f80000) |
		 (h >> 10 & 0x3ff);

	return (u64)hi << 32 | (h & 0x3ff);
}

static inline __attribute__((always_inline)) void lr_put(u8 *h, unsigned n, u64 lr)
{
	u32 hi = (u32)(lr >> 32);

	mmio_write32(h + GICH_LR + 4 * n, (hi >> 2 & 0x30000000) | (hi << 2 & 0xc0000000) |
						  (hi << 4 & 0x0f800000) | (hi & 0x3ff) << 10 |
						  ((u32)lr & 0x3ff));
}

static void v2_lr_write(unsigned n, u64 lr)
{
	lr_put(gich, n, lr);
}

static u32 v2_lr_reuse(unsigned n, u64 lr)
{
	u8 *h = gich;

	if (!(mmio_read32(h + GICH_ELRSR0) >> n & 1))
		return 0;
	lr_put(h, n, lr);
	return 1;
}

static u32 v2_lr_empty(void)
{
	return mmio_read32(gich + GICH_ELRSR0);
}

static u32 v2_hcr_read(void)
{
	return mmio_read32(gich + GICH_HCR);
}

static void v2_hcr_write(u32 hcr)
{
	mmio_write32(gich + GICH_HCR, hcr & ~(u32)HCR_GIC_TDIR);
}

static u32 v2_vmcr_read(void)
{
	return mmio_read32(gich + GICH_VMCR);
}

static void v2_state_save(struct gic_vcpu_state *s)
{
	s->vmcr = mmio_read32(gich + GICH_VMCR);
	s->apr[0] = mmio_read32(gich + GICH_APR);
}

static void v2_state_restore(const struct gic_vcpu_state *s)
{
	mmio_write32(gich + GICH_VMCR, s->vmcr);
	mmio_write32(gich + GICH_APR, s->apr[0]);
}

/*
 * This CPU's bit in GICD_SGIR and ITARGETSR: the registers of private interrupts show it; on a
 * single CPU they may be zero.
 */
static u8 own_target(void)
{
	for (unsigned i = 0; i < 32; i += 4) {
		u32 m = mmio_read32(gicd + GICD_ITARGETSR + i);

		m |= m >> 16;
		m |= m >> 8;
		if (m & 0xff)
			return (u8)m;
	}
	return 1;
}

static int v2_init_cpu(void)
{
	this_cpu()->gic_target = own_target();
	mmio_write32(gicd + GICD_ICENABLER, 0xffff0000);
	mmio_write32(gicd + GICD_ICACTIVER, 0xffffffff);
	mmio_write32(gicd + GICD_ICPENDR, 0xffff0000);
	for (unsigned i = 0; i < 32; i += 4)
		mmio_write32(gicd + GICD_IPRIORITYR + i, 0xa0a0a0a0);
	mmio_write32(gicd + GICD_ISENABLER, 0xffff);
	mmio_write32(gicc + GICC_PMR, 0xff);
	mmio_write32(gicc + GICC_BPR, 0);
	mmio_write32(gicc + GICC_CTLR, GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE);
	mmio_write32(gich + GICH_VMCR, 0);
	mmio_write32(gich + GICH_APR, 0);
	return 0;
}

/*
 * Boards made for kernels with 64 KiB pages repeat each page of GICC and GICV 16 times (SBSA 1.0,
 * appendix F): the second one begins where the last copy of the first ends.
 */
static __init u64 offset_to_last_copy(const u8 *cpu, u64 size)
{
	const u64 copies = 16 * PAGE_SIZE, last = copies - PAGE_SIZE;
	u32 id = mmio_read32(cpu + GICC_IIDR);

	return size >= 2 * copies && id && mmio_read32(cpu + last + GICC_IIDR) == id ? last : 0;
}

static __init int v2_init(void)
{
	u32 target;

	gicd = pa_to_va(gic_info.dist);
	gicc = pa_to_va(gic_info.cpu);
	gic_info.cpu_offset = offset_to_last_copy(gicc, min(gic_info.cpu_size, gic_info.vcpu_size));
	gicc += gic_info.cpu_offset;
	gich = pa_to_va(gic_info.hyp);
	gic_nr_irqs = min(32 * ((mmio_read32(gicd + GICD_TYPER) & 0x1f) + 1), 1020U);
	gic_nr_lrs = min((mmio_read32(gich + GICH_VTR) & 0x3f) + 1, (u32)GIC_MAX_LRS);
	mmio_write32(gicd + GICD_CTLR, 0);
	target = own_target() * 0x01010101U;
	for (unsigned irq = 32; irq < gic_nr_irqs; irq += 32) {
		mmio_write32(gicd + GICD_ICENABLER + irq / 8, 0xffffffff);
		mmio_write32(gicd + GICD_ICACTIVER + irq / 8, 0xffffffff);
		mmio_write32(gicd + GICD_ICFGR + irq / 4, 0);
		mmio_write32(gicd + GICD_ICFGR + irq / 4 + 4, 0);
	}
	for (unsigned irq = 32; irq < gic_nr_irqs; irq += 4) {
		mmio_write32(gicd + GICD_IPRIORITYR + irq, 0xa0a0a0a0);
		mmio_write32(gicd + GICD_ITARGETSR + irq, target);
	}
	mmio_write32(gicd + GICD_CTLR, 1);
	return 0;
}

/*
 * QEMU (7.2, 10.0) does not look again whether a level is high when a virtual EOI deactivates a
 * physical interrupt; any write to the CPU interface makes it. Without, a line that rose before the
 * EOI would be seen only after something else happens. One access on the way to sleep.
 */
static void v2_before_wfi(void)
{
	mmio_write32(gicc + GICC_PMR, 0xff);
}

const struct gic_ops gicv2_ops = {
	.ack = v2_ack,
	.eoi = v2_eoi,
	.deactivate = v2_deactivate,
	.send_sgi = v2_send_sgi,
	.set_enabled = v2_set_enabled,
	.set_edge = v2_set_edge,
	.set_target = v2_set_target,
	.set_active = v2_set_active,
	.set_pending = v2_set_pending,
	.is_pending = v2_is_pending,
	.lr_read = v2_lr_read,
	.lr_write = v2_lr_write,
	.lr_reuse = v2_lr_reuse,
	.lr_empty = v2_lr_empty,
	.hcr_read = v2_hcr_read,
	.hcr_write = v2_hcr_write,
	.vmcr_read = v2_vmcr_read,
	.state_save = v2_state_save,
	.state_restore = v2_state_restore,
	.before_wfi = v2_before_wfi,
	.init = v2_init,
	.init_cpu = v2_init_cpu,
};
