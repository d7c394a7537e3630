// SPDX-License-Identifier: GPL-2.0-only
/* A guest's GICv2 distributor: what vgic_mmio.c's common table does not have. The CPU interface is the machine's GICV, without exits. */
#include <virt/vgic_model.h>

enum { GICD_CTLR = 0, GICD_TYPER = 4, GICD_IIDR = 8, GICD_SGIR = 0xf00, GICD_CPENDSGIR = 0xf10, GICD_SPENDSGIR = 0xf20, GICD_PIDR2 = 0xfe8 };

static u64 get_control(struct vcpu *v, struct vgic_bank *bank, unsigned off, unsigned size)
{
	struct vgic *vg = &v->domain->vgic;

	switch (off) {
	case GICD_CTLR:
		return vg->on & 1;
	case GICD_TYPER:
		return (vg->nr_banks - 1U) | (min(v->domain->max_vcpus, (u16)8) - 1U) << 5;
	case GICD_IIDR:
		return VGIC_IIDR;
	}
	return 0;
}

static void set_control(struct vcpu *v, struct vgic_bank *bank, unsigned off, unsigned size, u64 val)
{
	if (off == GICD_CTLR)
		vgic_set_on(v->domain, val & 1);
}

static void send_sgi(struct vcpu *v, u32 val)
{
	struct domain *d = v->domain;
	u32 online = (u32)(BIT(min(d->max_vcpus, (u16)8)) - 1), list = val >> 16 & online;

	switch (val >> 24 & 3) {
	case 1:
		list = online & ~(1U << v->id);
		break;
	case 2:
		list = 1U << v->id;
		break;
	case 3:
		return;
	}
	for (; list; list &= list - 1)
		vgic_sgi(d->vcpu[__builtin_ctz(list)], val & 15, v->id);
}

/* CPENDSGIR and SPENDSGIR: a byte per SGI, a bit per source. */
static u64 get_sgis(struct vcpu *v, struct vgic_bank *bank, unsigned off, unsigned size)
{
	u64 val = 0;

	if (off < GICD_CPENDSGIR || off >= GICD_SPENDSGIR + 16)
		return 0;
	for (unsigned i = size; i--;)
		val = val << 8 | v->vgic.sgi_source[(off & 15) + i];
	return val;
}

static void set_sgis(struct vcpu *v, struct vgic_bank *bank, unsigned off, unsigned size, u64 val)
{
	if (off == GICD_SGIR) {
		if (size == 4)
			send_sgi(v, (u32)val);
		return;
	}
	if (off < GICD_CPENDSGIR || off >= GICD_SPENDSGIR + 16)
		return;
	for (unsigned i = 0; i < size; i++, val >>= 8) {
		unsigned n = (off & 15) + i;
		u8 *sources = &v->vgic.sgi_source[n];

		if (!(val & 0xff))
			continue;
		if (off >= GICD_SPENDSGIR) {
			*sources |= (u8)val;
			bank->latch |= 1U << n;
			vgic_raise(v, bank, 0, n);
		} else if (!(*sources &= (u8)~val)) {
			vgic_drop_pending(v, bank, 0, 1U << n);
		}
	}
}

static u64 get_id(struct vcpu *v, struct vgic_bank *bank, unsigned off, unsigned size)
{
	return off == GICD_PIDR2 ? 0x20 : 0;
}

/* By offset / 128, above what is common. */
static const struct vgic_reg control_reg = { .widths = 4, .get = get_control, .set = set_control };
static const struct vgic_reg sgi_reg = { .widths = 4 | 1, .live = true, .get = get_sgis, .set = set_sgis };
static const struct vgic_reg id_reg = { .widths = 4, .get = get_id };
static const struct vgic_reg *const v2_regs[32] = { [0] = &control_reg, [30] = &sgi_reg, [31] = &id_reg };

bool vgic_v2_read(struct vcpu *v, void *priv, u64 off, unsigned size, u64 *val)
{
	unsigned slot = (unsigned)(off >> 7);
	const struct vgic_reg *r;

	if (likely(slot - 1 < ARRAY_SIZE(vgic_irq_regs) - 1))
		return vgic_reg_read(&vgic_irq_regs[slot], v, v, 0, off, size, val);
	*val = 0;
	r = slot < ARRAY_SIZE(v2_regs) ? v2_regs[slot] : NULL;
	if (!r)
		return true;
	if (!(size & r->widths))
		return false;
	lock(&v->domain->vgic.lock);
	if (r->live)		/* a pending SGI's source goes back from its list register to where it is read */
		vgic_spill_all(v);
	*val = r->get(v, &v->vgic.bank, (unsigned)off, size);
	if (r->live)
		vgic_update(v);
	unlock(&v->domain->vgic.lock);
	return true;
}

bool vgic_v2_write(struct vcpu *v, void *priv, u64 off, unsigned size, u64 val)
{
	unsigned slot = (unsigned)(off >> 7);
	const struct vgic_reg *r;

	if (likely(slot - 1 < ARRAY_SIZE(vgic_irq_regs) - 1))
		return vgic_reg_write(&vgic_irq_regs[slot], v, 0, off, size, val);
	r = slot < ARRAY_SIZE(v2_regs) ? v2_regs[slot] : NULL;
	if (!r || !r->set)
		return true;
	if (!(size & r->widths))
		return false;
	lock(&v->domain->vgic.lock);
	if (r->live && off != GICD_SGIR)
		vgic_spill_all(v);
	r->set(v, &v->vgic.bank, (unsigned)off, size, val);
	if (r->live && off != GICD_SGIR)
		vgic_update(v);
	unlock(&v->domain->vgic.lock);
	return true;
}
