/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt controller a guest sees: GICv2 or GICv3, the same as the machine's. virt/vgic.c
 * holds the model and the list registers, vgic_spi.c set-up and physical interrupts of a domain,
 * vgic_mmio.c the registers both versions share, vgic_v2.c and vgic_v3.c the rest of them.
 *
 * The model keeps 32 interrupts to a bank, one word per property as in the registers: bank 0 (SGIs,
 * PPIs) is each vCPU's, the others the domain's. List registers are used only while a vCPU is
 * loaded; what is in one has its `inlr` bit set and its pending and active state there.
 */
#ifndef VIRT_VGIC_H
#define VIRT_VGIC_H
#include <arm/gic.h>
#include <core/lock.h>
#include <lib/types.h>

struct vcpu;
struct domain;

#define VGIC_MAX_VCPUS 128
#define VGIC_NO_TARGET 0xff
#define VGIC_NO_CPU 0xff

struct vgic_bank { /* bit or index n: interrupt 32 * bank + n */
	u32 enabled;
	u32 latch;  /* pending, remembered until acknowledged */
	u32 line;   /* pending as long as an emulated level line is high */
	u32 routed; /* SPIs: connected to physical interrupt pirq[n] */
	u32 active;
	u32 edge; /* configuration */
	u32 inlr; /* in a list register of vCPU holder[n] */
	u32 hw;	  /* its physical interrupt, pirq[n], is active on its behalf */
	/* of those in a list register: as its holder last read them */
	u32 lr_pending, lr_active;
	u32 drop_pending, drop_active, add_active; /* orders to the holder: vgic_review() */
	u32 orders;				   /* any of these three */
	u8 priority[32];
	u8 target[32]; /* SPIs: vCPU, or VGIC_NO_TARGET */
	u8 mask[32];   /* SPIs, GICv2: ITARGETSR as written */
	u8 holder[32]; /* SPIs in a list register or active: vCPU */
	/* SPIs: where the physical one was acknowledged; VGIC_NO_CPU: in several places */
	u8 ack_cpu[32];
	u16 pirq[32];
} __aligned(32); /* a size that is quick to multiply with */

struct vgic_vcpu {
	/* whose list registers are this vCPU's; NULL while it is not loaded */
	struct cpu *cpu;
	/* bit b: bank b may hold something to be written to a list register of this vCPU */
	u32 dirty;
	u32 used; /* list registers that were written and not seen empty since */
	/*
	 * of them: without HW bit, although a physical interrupt has to be deactivated after them
	 */
	u32 soft;
	u32 by_line;	    /* of them: pending because of an emulated line, not of a latch */
	u32 hcr;	    /* as in the hardware while loaded */
	bool review;	    /* list registers in use have to be read one by one */
	bool retry;	    /* see vgic_take_retry() */
	u32 ticket, folded; /* see vgic_fold_all() */
	u8 sgi_source[16];  /* GICv2: vCPUs whose SGI is latched, bit each */
	u8 sgi_active[16];  /* GICv2: source of the active one */
	u16 lr_intid[GIC_MAX_LRS];
	u8 lr_of[32]; /* of those of bank 0 that are in one: which */
	struct vgic_bank bank;
	struct gic_vcpu_state state; /* while not loaded */
};

struct vgic {
	struct lock lock; /* RANK_VGIC: all of the model */
	u8 version;	  /* 2 or 3 */
	u8 nr_banks;	  /* with bank 0 */
	u8 sourced;	  /* interrupts below have a source: GICv2's 16 SGIs, or none */
	u64 lr_group;	  /* LR_GROUP1 on GICv3 */
	u32 on;		  /* GICD_CTLR: all ones if interrupts are forwarded, else 0 */
	u32 ticket;
	unsigned nr_irqs; /* up to 32 * nr_banks */
	/* Where the guest finds it; for whoever writes its device tree. Bytes. */
	gpa_t dist, cpu; /* cpu: GICv2 only, mapped to the machine's GICV */
	u64 dist_size, cpu_size;
	unsigned nr_rdist;
	/* first: its first vCPU */
	struct {
		gpa_t base;
		u64 size;
		unsigned first;
	} rdist[GIC_MAX_REGIONS];
	u64 rdist_stride;
	struct vgic_bank *spi; /* by bank; [0] is not used: each vCPU has its own */
};

/*
 * After p2m_init(), before any vCPU: registers the MMIO ranges and, on GICv2, maps GICV at the
 * guest's GICC address. Dom0 (direct_mapped) has the machine's addresses and all its SPIs (nr_spis
 * is ignored), others those of Xen's guests. -EINVAL: too many SPIs or vCPUs. -ENOMEM.
 */
int vgic_init_domain(struct domain *d, unsigned nr_spis) __must_check;
/* vCPUs unloaded; gives physical interrupts back. Idempotent */
void vgic_free_domain(struct domain *d);
void vgic_reset_vcpu(struct vcpu *v); /* CPU_ON, vcpu_reset: not loaded */
unsigned vgic_max_vcpus(void);	      /* per domain: 8 or 128 */
/* MPIDR_EL1 affinity of a vCPU. */
static inline u64 vgic_affinity(unsigned id)
{
	return (id & 15) | (u64)(id >> 4) << 8;
}

/*
 * Injection. From any CPU at any time; wakes or kicks the vCPU as needed. An interrupt number that
 * does not exist is ignored.
 */
/* edge: SGI or PPI of v, or an SPI */
void vgic_inject(struct vcpu *v, unsigned intid);
void vgic_inject_spi(struct domain *d, unsigned intid);
void vgic_set_level(struct vcpu *v, unsigned intid, bool high); /* emulated line of a PPI */
/* of an SPI that exists */
void vgic_set_spi_level(struct domain *d, unsigned intid, bool high);
/* It exists and is not connected to a physical interrupt. */
bool vgic_spi_is_free(const struct domain *d, unsigned intid);
/* Physical interrupt pirq was acknowledged and its priority dropped; the guest's EOI deactivates
 * it. A PPI of v, which is loaded here or nowhere (if elsewhere: ignored, as the line itself will
 * be seen there). */
void vgic_inject_hw(struct vcpu *v, unsigned intid, unsigned pirq);

/*
 * Something deliverable: ends WFI. v is current, or not loaded. The caller has set v->blocked
 * before.
 */
bool vgic_pending(struct vcpu *v);
/*
 * On the way back to a guest, for cpu->loaded (current or not), when WORK_VGIC was set: the list
 * registers take what is new.
 */
void vgic_flush(struct vcpu *v);
/* vCPU switch, on the CPU. */
void vgic_load(struct vcpu *v);
void vgic_unload(struct vcpu *v);
/*
 * Trapped ICC_SGI1R_EL1, ICC_ASGI1R_EL1, ICC_SGI0R_EL1 of the current vCPU (all are its one group),
 * and ICC_DIR_EL1.
 */
void vgic_sgi1r(struct vcpu *v, u64 value);
void vgic_dir(struct vcpu *v, u64 value);
/*
 * An MMIO handler said false: true means that the state asked for is still in another CPU's list
 * registers, which was kicked: enter the guest at the same instruction again instead of injecting
 * an abort.
 */
static inline bool vgic_take_retry(struct vgic_vcpu *vv)
{
	bool retry = vv->retry;

	vv->retry = false;
	return retry;
}

/* Boot, after irq_init(): takes the maintenance interrupt. */
void vgic_init(void);
/* For save and restore: v is not loaded. */
void vgic_set_active(struct vcpu *v, unsigned intid, bool active);
/* What the domain's model holds, to the log: piece 0, 1 ... while it returns true. */
bool vgic_dump(struct domain *d, u64 item);
#endif
