// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's GICv3: distributor with affinity routing on, redistributors without LPIs, SGI
 * generation. The rest of the CPU interface is the machine's own virtual one, without exits. Guests
 * see one security state, as from the non-secure side.
 */
#include <virt/vgic_model.h>

enum {
	GICD_CTLR = 0,
	GICD_TYPER = 4,
	GICD_IIDR = 8,
	GICD_IROUTER = 0x6000,
	GICD_PIDR2 = 0xffe8,
	GICR_IIDR = 4,
	GICR_TYPER = 8,
	GICR_SGI_FRAME = 0x10000
};
#define GICD_CTLR_GRP1A BIT(1)
#define GICD_CTLR_ARE BIT(4)
#define GICD_TYPER_IDBITS (9UL << 19) /* ten bits: no LPIs */
#define GICR_TYPER_LAST BIT(4)

/* A 32-bit access to half of a 64-bit register, or all of it. false: wrong width. */
static bool part_of(u64 reg, u64 off, unsigned size, u64 *val)
{
	*val = size == 8 ? reg : (u32)(reg >> (off & 4) * 8);
	return size >= 4;
}

/* IROUTER<n>: affinity of one vCPU; an affinity that is no vCPU's means none. */
static u64 router_get(const struct vgic_bank *bank, unsigned n)
{
	return bank->target[n] == VGIC_NO_TARGET ? 0xffffff : vgic_affinity(bank->target[n]);
}

static void router_set(struct vcpu *v, struct vgic_bank *bank, unsigned n, u64 aff)
{
	u64 id = (aff & 15) | (aff >> 8 & 7) << 4;
	u8 target = (u8)(vgic_affinity((unsigned)id) == (aff & 0xff00ffffffUL) &&
					 id < v->domain->max_vcpus
				 ? id
				 : VGIC_NO_TARGET);

	if (bank->target[n] == target)
		return;
	bank->target[n] = target;
	vgic_spi_move(v->domain, bank, n);
}

static struct vgic_bank *router_bank(struct vcpu *v, u64 off, unsigned *n)
{
	unsigned irq = (unsigned)(off - GICD_IROUTER) / 8;

	*n = irq % 32;
	return irq >= 32 && irq < v->domain->vgic.nr_irqs ? vgic_bank_of(v, irq / 32) : NULL;
}

static u64 dist_get(const struct vcpu *v, u64 off)
{
	const struct vgic *vg = &v->domain->vgic;

	switch (off) {
	case GICD_CTLR: return GICD_CTLR_ARE | (vg->on & GICD_CTLR_GRP1A);
	case GICD_TYPER:
		return GICD_TYPER_IDBITS | (min((u64)v->domain->max_vcpus, 8UL) - 1) << 5 |
		       (vg->nr_banks - 1UL);
	case GICD_IIDR: return VGIC_IIDR;
	case GICD_PIDR2: return 0x30;
	}
	return 0;
}

bool vgic_v3_dist_slow_read(struct vcpu *v, void *priv, u64 off, unsigned size, u64 *val)
{
	struct vgic_bank *bank;
	unsigned n;

	if (vgic_is_irq_reg(off))
		return vgic_reg_read(v, v, 1, off, size, val);
	if (off >= GICD_IROUTER && off < GICD_IROUTER + 8 * 1020) {
		bank = router_bank(v, off, &n);
		return part_of(bank ? router_get(bank, n) : 0, off, size, val);
	}
	*val = dist_get(v, off);
	return size == 4 || !*val;
}

bool vgic_v3_dist_slow_write(struct vcpu *v, void *priv, u64 off, unsigned size, u64 val)
{
	struct vgic *vg = &v->domain->vgic;
	struct vgic_bank *bank;
	unsigned n;
	u64 old;

	if (vgic_is_irq_reg(off))
		return vgic_reg_write(v, 1, off, size, val);
	if (off >= GICD_IROUTER && off < GICD_IROUTER + 8 * 1020) {
		if (size < 4)
			return false;
		bank = router_bank(v, off, &n);
		if (!bank)
			return true;
		lock(&vg->lock);
		old = router_get(bank, n);
		if (size == 4)
			val = off & 4 ? val << 32 | (u32)old : (old & ~0xffffffffUL) | val;
		router_set(v, bank, n, val);
		unlock(&vg->lock);
		return true;
	}
	if (off != GICD_CTLR)
		return true;
	if (size != 4)
		return false;
	lock(&vg->lock);
	vgic_set_on(v->domain, val & GICD_CTLR_GRP1A);
	unlock(&vg->lock);
	return true;
}

bool vgic_v3_dist_read(struct vcpu *v, void *priv, u64 off, unsigned size, u64 *val)
{
	if (off < 0x1000 && vgic_is_fast(v, vgic_reg_at(off)->fast_read, 1, off, size))
		return vgic_fast_read(v, off, val);
	return vgic_v3_dist_slow_read(v, priv, off, size, val);
}

bool vgic_v3_dist_write(struct vcpu *v, void *priv, u64 off, unsigned size, u64 val)
{
	if (off < 0x1000 && vgic_is_fast(v, vgic_reg_at(off)->fast_write, 1, off, size))
		return vgic_fast_write(v, off, val);
	return vgic_v3_dist_slow_write(v, priv, off, size, val);
}

/*
 * The redistributor that an offset in a region falls in; NULL: none, in the gap of a wide stride or
 * behind the last one.
 */
static struct vcpu *rdist_owner(struct vcpu *v, const void *priv, u64 *off)
{
	struct vgic *vg = &v->domain->vgic;
	unsigned region = (unsigned)(u64)priv;
	u64 i = *off / vg->rdist_stride + vg->rdist[region].first;

	*off %= vg->rdist_stride;
	return i < v->domain->max_vcpus && *off < 2 * GICR_SGI_FRAME ? v->domain->vcpu[i] : NULL;
}

static u64 rdist_get(struct vcpu *v, u64 off)
{
	const struct vgic *vg = &v->domain->vgic;
	unsigned id = v->id;
	bool last = id + 1U == v->domain->max_vcpus;

	switch (off & ~4UL) {
	case GICR_TYPER:
		for (unsigned r = 1; r < vg->nr_rdist; r++)
			last |= vg->rdist[r].first == id + 1U;
		return vgic_affinity(id) << 32 | (u64)id << 8 | (last ? GICR_TYPER_LAST : 0);
	case GICR_IIDR & ~4UL: return (u64)VGIC_IIDR << 32; /* CTLR, with nothing set, below it */
	case GICD_PIDR2: return 0x30;
	}
	return 0;
}

/* An offset of the SGI frame: of each array only what is bank 0's is shown. */
static bool in_bank_0(u64 off)
{
	unsigned slot = (unsigned)(off - GICR_SGI_FRAME) >> 7;

	return (slot - 1 < 8 || slot == 24) && (off & 0x7f) * 8 < 32UL * vgic_irq_regs[slot].bits;
}

bool vgic_v3_rdist_read(struct vcpu *v, void *priv, u64 off, unsigned size, u64 *val)
{
	struct vcpu *owner = rdist_owner(v, priv, &off);
	u64 reg;

	*val = 0;
	if (unlikely(!owner))
		return true;
	if (likely(off >= GICR_SGI_FRAME))
		return !in_bank_0(off) || vgic_reg_read(v, owner, 0, off, size, val);
	reg = rdist_get(owner, off);
	return part_of(reg, off, size, val) || !reg;
}

bool vgic_v3_rdist_write(struct vcpu *v, void *priv, u64 off, unsigned size, u64 val)
{
	struct vcpu *owner = rdist_owner(v, priv, &off);

	return !owner || off < GICR_SGI_FRAME || !in_bank_0(off) ||
	       vgic_reg_write(owner, 0, off, size, val);
}

#define SGI1R_IRM BIT(40)
/* Aff3, Aff2, range selector */
#define SGI1R_NOBODY (0xffUL << 48 | 0xffUL << 32 | 0xfUL << 44)

/* Affinity is Aff1.Aff0 with 16 vCPUs to an Aff1: the target list of one write is one Aff1's. */
void vgic_sgi1r(struct vcpu *v, u64 value)
{
	struct domain *d = v->domain;
	unsigned sgi = value >> 24 & 15, base = (value >> 16 & 0xff) * 16;

	if (unlikely(value & SGI1R_IRM)) {
		for (unsigned i = 0; i < d->max_vcpus; i++)
			if (i != v->id)
				vgic_inject(d->vcpu[i], sgi);
		return;
	}
	if (unlikely(value & SGI1R_NOBODY))
		return;
	for (u32 list = value & 0xffff; list; list &= list - 1) {
		unsigned id = base + (unsigned)__builtin_ctz(list);

		if (id < d->max_vcpus)
			vgic_inject(d->vcpu[id], sgi);
	}
}
