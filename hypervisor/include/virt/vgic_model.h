/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files of the virtual GIC only. All but the register functions: vgic->lock held. */
#ifndef VIRT_VGIC_MODEL_H
#define VIRT_VGIC_MODEL_H
#include <domain/domain.h>

static inline struct vgic_bank *vgic_bank_of(struct vcpu *v, unsigned b)
{
	return b ? &v->domain->vgic.spi[b] : &v->vgic.bank;
}

/* The vCPU that bank b's interrupt n goes to: v itself for a private one; NULL if to none. */
static inline struct vcpu *vgic_target(struct vcpu *v, const struct vgic_bank *bank, unsigned b,
				       unsigned n)
{
	if (!b)
		return v;
	return bank->target[n] < v->domain->max_vcpus ? v->domain->vcpu[bank->target[n]] : NULL;
}

/* The vCPU whose list register holds bank b's interrupt n, or on which it is active. */
static inline struct vcpu *vgic_holder(struct vcpu *v, const struct vgic_bank *bank, unsigned b,
				       unsigned n)
{
	return b ? v->domain->vcpu[bank->holder[n]] : v;
}

/*
 * Interrupt n of the bank became pending, enabled, or both: sees to it that its vCPU gets it. v:
 * owner of bank 0; for others any vCPU of the domain.
 */
void vgic_raise(struct vcpu *v, struct vgic_bank *bank, unsigned b, unsigned n);
/* The same for each bit. */
void vgic_raise_all(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask);
/*
 * What is in list registers has to be looked at again (taken back, orders carried out): at once if
 * v is loaded here, else by its CPU.
 */
void vgic_review(struct vcpu *v);
void vgic_review_holders(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask);
/* No longer pending, no longer active: bits of the mask. */
void vgic_drop_pending(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask);
void vgic_drop_active(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask);
void vgic_add_active(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask);
/*
 * Brings lr_pending and lr_active of the bank up to date. false: a holder runs elsewhere; it has
 * been kicked, and `by`, the current vCPU, shall try again.
 */
bool vgic_fold_all(struct vcpu *by, struct vcpu *v, struct vgic_bank *bank, unsigned b);
/* GICv2: an SGI for v from vCPU number source. Without the lock. */
void vgic_inject_from(struct vcpu *v, unsigned sgi, unsigned source);
/*
 * A private interrupt became pending. fields: what its list register holds beyond number, priority
 * and state. relight: v is loaded here. Without the lock.
 */
void vgic_latch(struct vcpu *v, unsigned intid, u64 fields);
void vgic_relight(struct vcpu *v, unsigned intid, u64 fields);
/* GICD_CTLR: on or off. */
void vgic_set_on(struct domain *d, bool on);

/* v's list registers have to change, or v has to wake. */
void vgic_notify(struct vcpu *v);
void vgic_hw_release(struct vcpu *v, struct vgic_bank *bank, unsigned b, unsigned n);
void vgic_end_active(struct vcpu *v, struct vgic_bank *bank, unsigned b, unsigned n);

/*
 * vgic_lr.c: v is loaded here, but for vgic_ready(): what of bank b should be in a list register of
 * v and is not.
 */
u32 vgic_ready(struct vcpu *v, unsigned b);
void vgic_update(struct vcpu *v);
void vgic_review_all(struct vcpu *v);
void vgic_spill_all(struct vcpu *v);
void vgic_overflow_end(struct vcpu *v);

/*
 * Physical side of SPIs: bits of the mask were enabled or disabled, configured, moved to another
 * vCPU.
 */
void vgic_spi_enable(struct domain *d, struct vgic_bank *bank, u32 mask, bool on);
void vgic_spi_configure(struct vgic_bank *bank, u32 mask);
void vgic_spi_move(struct domain *d, struct vgic_bank *bank, unsigned n);

/*
 * Registers per interrupt, by offset / 128: 0x080 .. 0xcff, the rest is empty; [16..23] (0x800) are
 * GICv2's.
 */
struct vgic_reg {
	u8 bits;   /* per interrupt: 1, 2 or 8; 0: all zero */
	u8 widths; /* allowed sizes in bytes, or-ed */
	bool live; /* get needs vgic_fold_all() */
	/* 4: reads, with this width, as the word at offset `word` of struct vgic_bank */
	u8 fast_read;
	u8 fast_write; /* 4: bits 1, has set_bits */
	u16 word;
	u64 (*get)(struct vcpu *v, struct vgic_bank *bank, unsigned irq, unsigned size);
	/* takes the lock; true */
	bool (*set_bits)(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask);
	void (*set)(struct vcpu *v, struct vgic_bank *bank, unsigned irq, unsigned size, u64 val);
};

extern const struct vgic_reg vgic_irq_regs[32];
static inline bool vgic_is_irq_reg(u64 off)
{
	return off >= 0x80 && off < 0xd00;
}

/* The register that off falls in; whose table that is below 0x1000 only. */
static inline const struct vgic_reg *vgic_reg_at(u64 off)
{
	return &vgic_irq_regs[off / 128 % 32];
}

/*
 * The short way, for a word that is read as it stands and for bits to be set or cleared. first: the
 * first bank that the frame shows.
 */
static inline bool vgic_is_fast(const struct vcpu *v, unsigned width, unsigned first, u64 off,
				unsigned size)
{
	unsigned b = off % 128 / 4;

	return likely(width == size && b >= first && b < v->domain->vgic.nr_banks);
}

/* v: owner of bank 0. */
static inline bool vgic_fast_read(struct vcpu *v, u64 off, u64 *val)
{
	*val = READ_ONCE(*(u32 *)((char *)vgic_bank_of(v, off % 128 / 4) + vgic_reg_at(off)->word));
	return true;
}

static inline bool vgic_fast_write(struct vcpu *v, u64 off, u64 val)
{
	unsigned b = off % 128 / 4;

	return vgic_reg_at(off)->set_bits(v, vgic_bank_of(v, b), b, (u32)val);
}

/*
 * Interrupts that do not exist, or that the frame does not show, read as zero. false: wrong width,
 * or retry. by: the vCPU that reads.
 */
bool vgic_reg_read(struct vcpu *by, struct vcpu *v, unsigned first, u64 off, unsigned size,
		   u64 *val);
bool vgic_reg_write(struct vcpu *v, unsigned first, u64 off, unsigned size, u64 val);

mmio_read_fn vgic_v2_read, vgic_v3_dist_read, vgic_v3_rdist_read;
mmio_write_fn vgic_v2_write, vgic_v3_dist_write, vgic_v3_rdist_write;
/*
 * What is not short of the first two; not static, so that the compiler leaves the arguments where
 * they are.
 */
mmio_read_fn vgic_v2_slow_read, vgic_v3_dist_slow_read;
mmio_write_fn vgic_v2_slow_write, vgic_v3_dist_slow_write;
#define VGIC_IIDR 0x4800034c /* product 'H', revision 0 */
#endif
