/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's interrupt controller, GICv2 or GICv3 (arm/gic.c, gicv2.c, gicv3.c). Priority drop
 * and deactivation are separate (EOImode 1). Interrupt numbers: 0..15 SGI, 16..31 PPI (each CPU's
 * own), 32.. SPI. Everything but gic_init() is safe on any CPU at any time; the caller orders
 * changes of one and the same SPI.
 */
#ifndef ARM_GIC_H
#define ARM_GIC_H
#include <lib/types.h>

struct cpu;

#define GIC_MAX_REGIONS 3
#define GIC_MAX_LRS 16

struct gic_info {	  /* from the device tree; machine addresses and sizes in bytes */
	unsigned version; /* 2 or 3 */
	paddr_t dist;
	u64 dist_size;
	paddr_t cpu, hyp, vcpu; /* GICv2: GICC, GICH, GICV */
	u64 cpu_size, hyp_size, vcpu_size;
	u64 cpu_offset;	   /* of both pages, side by side, in GICC and GICV; gicv2.c finds it */
	unsigned nr_rdist; /* GICv3: redistributor regions */
	struct {
		paddr_t base;
		u64 size;
	} rdist[GIC_MAX_REGIONS];
	u64 rdist_stride;   /* property redistributor-stride, 0: the architecture's */
	unsigned maint_ppi; /* INTID of the maintenance interrupt */
};

extern struct gic_info gic_info; /* as gic_init() was given it, completed */
extern unsigned gic_nr_irqs;	 /* SGIs, PPIs and SPIs there are: 32..1020 */
extern unsigned gic_nr_lrs;	 /* list registers of every CPU: 1..16 */

/*
 * A list register in the form of GICv3's; gicv2.c converts. For a GICv2 SGI the source's number
 * stands in bits 34:32.
 */
#define LR_PENDING BIT(62)
#define LR_ACTIVE BIT(63)
/* bits 44:32 are the physical interrupt that the guest's EOI deactivates */
#define LR_HW BIT(61)
#define LR_GROUP1 BIT(60)
#define LR_PRIO_SHIFT 48
#define LR_PIRQ_SHIFT 32
#define LR_EOI BIT(41) /* not HW: maintenance interrupt when deactivated */
#define LR_INTID(lr) (0x3ff & (unsigned)(lr))
#define LR_SOURCE(lr) ((unsigned)((lr) >> 32) & 7)

/* ICH_HCR_EL2, GICH_HCR */
#define HCR_GIC_EN 0x1U
/* maintenance interrupt: EOI of something that is in no list register */
#define HCR_GIC_LRENPIE 0x4U
#define HCR_GIC_NPIE 0x8U    /* maintenance interrupt: no list register is pending */
#define HCR_GIC_TDIR BIT(14) /* GICv3: trap ICC_DIR_EL1 */
#define HCR_GIC_EOICOUNT(h) ((u32)(h) >> 27)

struct gic_vcpu_state { /* of a vCPU's CPU interface, besides list registers */
	u32 vmcr;
	u32 apr[8]; /* GICv2: apr[0]; GICv3: AP0R0..3, AP1R0..3 */
};

struct gic_ops {
	u32 (*ack)(void);	       /* a token for the two below; INTID: GIC_IRQ() */
	void (*eoi)(u32 token);	       /* priority drop */
	void (*deactivate)(u32 token); /* what this CPU acknowledged */
	void (*send_sgi)(const struct cpu *c, unsigned sgi);
	void (*set_enabled)(unsigned irq, bool on);
	void (*set_edge)(unsigned irq, bool edge); /* caller: disabled */
	void (*set_target)(unsigned irq, const struct cpu *c);
	void (*set_active)(unsigned irq, bool on);
	void (*set_pending)(unsigned irq, bool on);
	bool (*is_pending)(unsigned irq);
	u64 (*lr_read)(unsigned n);
	void (*lr_write)(unsigned n, u64 lr);
	u32 (*lr_reuse)(unsigned n, u64 lr); /* writes it if it holds nothing; else 0 */
	u32 (*lr_empty)(void);		     /* bit per list register that holds nothing */
	u32 (*hcr_read)(void);
	void (*hcr_write)(u32 hcr);
	u32 (*vmcr_read)(void);
	void (*state_save)(struct gic_vcpu_state *s);
	void (*state_restore)(const struct gic_vcpu_state *s);
	void (*before_wfi)(void); /* may be NULL */
	int (*init)(void);
	int (*init_cpu)(void);
};

#define GIC_IRQ(token) (0x3ff & (token)) /* 1020 and above: nothing */

extern const struct gic_ops *gic; /* valid after gic_init() */

/*
 * Boot CPU: checks what the device tree says against the hardware, resets the distributor: SPIs
 * disabled, group 1, to this CPU. -EINVAL -ENODEV.
 */
int gic_init(const struct gic_info *info) __must_check;
/*
 * Each CPU, the first one too: its private interrupts and its CPU interface. -ENODEV: no
 * redistributor answers to this CPU.
 */
int gic_init_cpu(void);

static inline u32 gic_ack(void)
{
	return gic->ack();
}
static inline void gic_eoi(u32 token)
{
	gic->eoi(token);
}
static inline void gic_deactivate(u32 token)
{
	gic->deactivate(token);
}
static inline void gic_enable(unsigned irq)
{
	gic->set_enabled(irq, true);
}
static inline void gic_disable(unsigned irq)
{
	gic->set_enabled(irq, false);
}
static inline void gic_set_config(unsigned irq, bool edge)
{
	gic->set_edge(irq, edge);
}
static inline void gic_set_target(unsigned irq, const struct cpu *c)
{
	gic->set_target(irq, c);
}
static inline void gic_send_sgi(const struct cpu *c, unsigned sgi)
{
	gic->send_sgi(c, sgi);
}
/* PPIs: of this CPU. */
static inline void gic_set_active(unsigned irq, bool on)
{
	gic->set_active(irq, on);
}
static inline void gic_set_pending(unsigned irq, bool on)
{
	gic->set_pending(irq, on);
}
static inline bool gic_is_pending(unsigned irq)
{
	return gic->is_pending(irq);
}

/* This CPU is going to wait for an interrupt. */
static inline void gic_before_wfi(void)
{
	if (gic->before_wfi)
		gic->before_wfi();
}

extern const struct gic_ops gicv2_ops, gicv3_ops;
#endif
