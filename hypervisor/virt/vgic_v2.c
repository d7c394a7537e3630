// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's GICv2 distributor: what vgic_mmio.c's common table does not have. The CPU interface is
 * the machine's GICV, without exits.
 */
#include <virt/vgic_model.h>

enum {
	GICD_CTLR = 0,
	GICD_TYPER = 4,
	GICD_IIDR = 8,
	GICD_SGIR = 0xf00,
	GICD_CPENDSGIR = 0xf10,
	GICD_SPENDSGIR = 0xf20,
	GICD_PIDR2 = 0xfe8
};

static u64 get_control(const struct vcpu *v, u64 off)
{
	const struct vgic *vg = &v->domain->vgic;

	switch (off) {
	case GICD_CTLR: return vg->on & 1;
	case GICD_TYPER:
		return (vg->nr_banks - 1UL) | (min((u64)v->domain->max_vcpus, 8UL) - 1) << 5;
	case GICD_IIDR: return VGIC_IIDR;
	case GICD_PIDR2: return 0x20;
	}
	return 0;
}

static __attribute__((noinline)) bool send_sgi(struct vcpu *v, unsigned size, u32 val)
{
	struct domain *d = v->domain;
	u32 online = (u32)(BIT(min(d->max_vcpus, (u16)8)) - 1), list = val >> 16 & online,
	    filter = val >> 24 & 3;

	if (size != 4)
		return false;
	if (unlikely(filter)) /* all but itself, itself, nobody */
		list = filter == 1 ? online & ~(1U << v->id) : filter == 2 ? 1U << v->id : 0;
	for (; list; list &= list - 1)
		vgic_inject_from(d->vcpu[__builtin_ctz(list)], val & 15, v->id);
	return true;
}

/*
 * CPENDSGIR and SPENDSGIR: a byte per SGI, a bit per source. Sources of pending SGIs go back from
 * list registers to where they are read and changed, and out again afterwards.
 */
static bool sgi_sources(struct vcpu *v, u64 off, unsigned size, u64 *val, bool write)
{
	struct vgic *vg = &v->domain->vgic;
	u64 read = 0;

	if (size != 4 && size != 1)
		return false;
	lock(&vg->lock);
	vgic_spill_all(v);
	for (unsigned i = 0; i < size; i++) {
		unsigned n = (unsigned)(off & 15) + i;
		u8 *sources = &v->vgic.sgi_source[n], bits = (u8)(*val >> 8 * i);

		read |= (u64)*sources << 8 * i;
		if (!write || !bits)
			continue;
		if (off >= GICD_SPENDSGIR)
			*sources |= bits;
		else
			*sources &= (u8)~bits;
		v->vgic.bank.latch &= ~(1U << n);
		v->vgic.bank.latch |= *sources ? 1U << n : 0;
		v->vgic.dirty |= 1;
	}
	vgic_update(v);
	unlock(&vg->lock);
	if (!write)
		*val = read;
	return true;
}

bool vgic_v2_slow_read(struct vcpu *v, void *priv, u64 off, unsigned size, u64 *val)
{
	if (vgic_is_irq_reg(off))
		return vgic_reg_read(v, v, 0, off, size, val);
	*val = 0;
	if (off >= GICD_CPENDSGIR && off < GICD_SPENDSGIR + 16)
		return sgi_sources(v, off, size, val, false);
	*val = get_control(v, off);
	return size == 4 || !*val;
}

bool vgic_v2_slow_write(struct vcpu *v, void *priv, u64 off, unsigned size, u64 val)
{
	struct vgic *vg = &v->domain->vgic;

	if (vgic_is_irq_reg(off))
		return vgic_reg_write(v, 0, off, size, val);
	if (off >= GICD_CPENDSGIR && off < GICD_SPENDSGIR + 16)
		return sgi_sources(v, off, size, &val, true);
	if (off != GICD_CTLR || size != 4)
		return off != GICD_CTLR;
	lock(&vg->lock);
	vgic_set_on(v->domain, val & 1);
	unlock(&vg->lock);
	return true;
}

bool vgic_v2_read(struct vcpu *v, void *priv, u64 off, unsigned size, u64 *val)
{
	if (vgic_is_fast(v, vgic_reg_at(off)->fast_read, 0, off, size))
		return vgic_fast_read(v, off, val);
	return vgic_v2_slow_read(v, priv, off, size, val);
}

bool vgic_v2_write(struct vcpu *v, void *priv, u64 off, unsigned size, u64 val)
{
	if (off == GICD_SGIR)
		return send_sgi(v, size, (u32)val);
	if (vgic_is_fast(v, vgic_reg_at(off)->fast_write, 0, off, size))
		return vgic_fast_write(v, off, val);
	return vgic_v2_slow_write(v, priv, off, size, val);
}
