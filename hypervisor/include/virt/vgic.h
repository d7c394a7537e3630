/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt controller a guest sees: GICv2 or GICv3, the same as the machine's. virt/vgic.c holds the model and the list registers,
 * vgic_mmio.c what both versions' registers share, vgic_v2.c and vgic_v3.c their register tables.
 *
 * The model keeps 32 interrupts to a bank, one word per property as in the registers: bank 0 (SGIs, PPIs) is each vCPU's, the others the
 * domain's. List registers are used only while a vCPU is loaded; what is in one has its `inlr` bit set and its pending and active state there.
 */
#ifndef VIRT_VGIC_H
#define VIRT_VGIC_H
#include <arm/gic.h>
#include <core/lock.h>
#include <lib/types.h>

struct vcpu;
struct domain;

#define VGIC_MAX_BANKS 32

struct vgic_bank {		/* bit or index n: interrupt 32 * bank + n */
	u32 enabled;
	u32 latch;		/* pending, remembered until acknowledged */
	u32 line;		/* pending as long as an emulated level line is high */
	u32 active;
	u32 edge;		/* configuration */
	u32 inlr;		/* in a list register of vCPU holder[n] */
	u32 hw;			/* its physical interrupt is active on its behalf */
	u32 routed;		/* has a physical interrupt, pirq[n] */
	u8 priority[32];
	u16 target[32];		/* SPIs: vCPU */
	u16 holder[32];
	u16 pirq[32];
};

struct vgic_vcpu {
	u32 dirty;		/* bit b: bank b may hold something to be written to a list register of this vCPU */
	u32 used;		/* list registers in use */
	u32 hcr;		/* as in the hardware while loaded */
	u32 revoke;		/* list registers have to be looked at one by one */
	u32 ticket, folded;	/* see vgic_mmio.c: reading the state of list registers of other CPUs */
	bool retry;
	u8 sgi_source[16];	/* GICv2: vCPUs whose SGI is latched, bit each */
	u8 sgi_active[16];	/* GICv2: source of the active one */
	u16 lr_intid[GIC_MAX_LRS];
	struct vgic_bank bank;
	struct gic_vcpu_state state;	/* while not loaded */
};

struct vgic {
	struct lock lock;	/* RANK_VGIC: all of the model */
	u8 version;		/* 2 or 3 */
	u8 nr_banks;		/* with bank 0 */
	bool on;		/* GICD_CTLR: interrupts are forwarded */
	u32 ticket;
	unsigned nr_irqs;	/* 32 * nr_banks, at most 1020 */
	/* Where the guest finds it; for whoever writes its device tree. */
	gpa_t dist, cpu;	/* cpu: GICv2 only, mapped to the machine's GICV */
	u64 dist_size, cpu_size;
	unsigned nr_rdist;
	struct { gpa_t base; u64 size; } rdist[GIC_MAX_REGIONS];
	u64 rdist_stride;
	struct vgic_bank *spi;	/* banks 1.. */
};

/*
 * After p2m_init(), before any vCPU: registers the MMIO ranges and, on GICv2, maps GICV at the guest's GICC address. Dom0 (direct_mapped) has the machine's
 * addresses and all its SPIs (nr_spis is ignored), others those of Xen's guests. -EINVAL: too many SPIs or vCPUs. -ENOMEM.
 */
int vgic_init_domain(struct domain *d, unsigned nr_spis) __must_check;
void vgic_free_domain(struct domain *d);	/* vCPUs unloaded; gives physical interrupts back. Idempotent */
void vgic_init_vcpu(struct vcpu *v);
void vgic_reset_vcpu(struct vcpu *v);		/* CPU_ON, vcpu_reset: not loaded */
unsigned vgic_max_vcpus(void);			/* per domain: 8 or 128 */
/* MPIDR_EL1 affinity of a vCPU. */
static inline u64 vgic_affinity(unsigned id) { return (id & 15) | (u64)(id >> 4) << 8; }

/* Injection. From any CPU at any time; wakes or kicks the vCPU as needed. An interrupt number that does not exist is ignored. */
void vgic_inject(struct vcpu *v, unsigned intid);			/* edge: SGI or PPI of v, or an SPI */
void vgic_inject_spi(struct domain *d, unsigned intid);
void vgic_set_level(struct vcpu *v, unsigned intid, bool high);	/* emulated line of a PPI */
/* Physical interrupt pirq was acknowledged and its priority dropped; the guest's EOI deactivates it. PPI: v is loaded here. */
void vgic_inject_hw(struct vcpu *v, unsigned intid, unsigned pirq);
void vgic_inject_hw_spi(struct domain *d, unsigned intid, unsigned pirq);

/* Something deliverable: ends WFI. v is current, or unloaded. Caller has set v->blocked before. */
bool vgic_pending(struct vcpu *v);
/* v is loaded here. After WORK_VGIC; and when a vCPU that was still loaded becomes current again and vgic_dirty(&v->vgic). */
void vgic_flush(struct vcpu *v);
static inline bool vgic_dirty(const struct vgic_vcpu *vv) { return READ_ONCE(vv->dirty) != 0; }
/* vCPU switch. v->loaded_on has been set before load, is cleared after unload. vgic_unload before vtimer_unload; vtimer_load before or after. */
void vgic_load(struct vcpu *v);
void vgic_unload(struct vcpu *v);
/* Maintenance interrupt. */
void vgic_maintenance(unsigned irq);
/* Trapped ICC_SGI1R_EL1, ICC_ASGI1R_EL1, ICC_SGI0R_EL1 of the current vCPU (all are its one group), and ICC_DIR_EL1. */
void vgic_sgi1r(struct vcpu *v, u64 value);
void vgic_dir(struct vcpu *v, u64 value);
/*
 * An MMIO handler said false: true means that the state asked for is still in another CPU's list registers, which was kicked: enter the
 * guest at the same instruction again instead of injecting an abort.
 */
static inline bool vgic_take_retry(struct vgic_vcpu *vv)
{
	bool retry = vv->retry;

	vv->retry = false;
	return retry;
}

/* Boot: after irq_init(). */
void vgic_init(void);
/* Physical interrupt pirq fires as SPI intid of d: enable, configuration and target follow what the guest writes. -EINVAL -EBUSY. By core/irq.c. */
int vgic_route_spi(struct domain *d, unsigned intid, unsigned pirq) __must_check;
void vgic_unroute_spi(struct domain *d, unsigned intid);

/* For save and restore: v is not loaded. */
void vgic_set_active(struct vcpu *v, unsigned intid, bool active);
/* Is interrupt intid of v pending or active, so that a physical one linked to it is active? v not loaded, or loaded here after vgic_unload. */
bool vgic_hw_live(struct vcpu *v, unsigned intid);
void vgic_dump(struct domain *d);
#endif
