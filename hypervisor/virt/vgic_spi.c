// SPDX-License-Identifier: GPL-2.0-only
/*
 * Set-up of a domain's and a vCPU's virtual GIC, and its SPIs' physical side: what the guest writes
 * of enable, configuration and target is passed on for those connected to a physical interrupt.
 * Under vgic->lock, but for set-up.
 */
#include <core/console.h>
#include <core/irq.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <virt/vgic_model.h>
#include <xen/arch-arm.h>

#define RDIST_SIZE 0x20000UL

unsigned vgic_max_vcpus(void)
{
	return gic_info.version == 2 ? 8 : VGIC_MAX_VCPUS;
}

/* Where the physical interrupt should go: to the CPU on which its vCPU is, or is at home. */
static const struct cpu *cpu_of(const struct vcpu *v)
{
	const struct cpu *c = v ? v->vgic.cpu : NULL;

	if (!c && v)
		c = READ_ONCE(v->sched.cpu);
	return c ?: this_cpu();
}

static void set_target(struct domain *d, const struct vgic_bank *bank, unsigned n)
{
	gic_set_target(bank->pirq[n], cpu_of(vgic_target(d->vcpu[0], bank, 1, n)));
}

void vgic_spi_enable(struct domain *d, struct vgic_bank *bank, u32 mask, bool on)
{
	for (; mask; mask &= mask - 1) {
		unsigned n = (unsigned)__builtin_ctz(mask);

		if (!on) {
			gic_disable(bank->pirq[n]);
			continue;
		}
		gic_set_config(bank->pirq[n], bank->edge >> n & 1);
		set_target(d, bank, n);
		gic_enable(bank->pirq[n]);
	}
}

void vgic_spi_configure(struct vgic_bank *bank, u32 mask)
{
	for (mask &= ~bank->enabled; mask; mask &= mask - 1) {
		unsigned n = (unsigned)__builtin_ctz(mask);

		gic_set_config(bank->pirq[n], bank->edge >> n & 1);
	}
}

void vgic_spi_move(struct domain *d, struct vgic_bank *bank, unsigned n)
{
	unsigned b = (unsigned)(bank - d->vgic.spi);
	u32 bit = 1U << n;

	if (bank->routed & bit)
		set_target(d, bank, n);
	vgic_review_holders(d->vcpu[0], bank, b, bit);
	if ((bank->latch | bank->line) & bit)
		vgic_raise(d->vcpu[0], bank, b, n);
}

static bool spi_exists(const struct domain *d, unsigned intid)
{
	return intid >= 32 && intid < d->vgic.nr_irqs;
}

void vgic_inject_spi(struct domain *d, unsigned intid)
{
	struct vgic_bank *bank;

	lock(&d->vgic.lock);
	if (likely(spi_exists(d, intid))) {
		bank = &d->vgic.spi[intid / 32];
		bank->latch |= 1U << intid % 32;
		vgic_raise(d->vcpu[0], bank, intid / 32, intid % 32);
	}
	unlock(&d->vgic.lock);
}

bool vgic_spi_is_free(const struct domain *d, unsigned intid)
{
	return spi_exists(d, intid) && !(d->vgic.spi[intid / 32].routed >> intid % 32 & 1);
}

/*
 * QEMU's GICv2 has an active state of each SPI per CPU: one whose target changes while its line is
 * high comes on the new CPU, too. A list register's EOI would end one of them only.
 */
static bool acknowledged_twice(const struct vgic_bank *bank, unsigned n)
{
	return (bank->hw >> n & 1) && bank->ack_cpu[n] != this_cpu()->id;
}

void irq_guest_raise(struct domain *d, unsigned virq, unsigned irq)
{
	struct vgic_bank *bank;
	unsigned n = virq % 32;
	struct vcpu *to;

	lock(&d->vgic.lock);
	bank = &d->vgic.spi[virq / 32];
	to = vgic_target(d->vcpu[0], bank, 1, n);
	/* it has moved: the next one goes where it is */
	if (to && to->vgic.cpu && to->vgic.cpu != this_cpu())
		gic_set_target(irq, to->vgic.cpu);
	bank->ack_cpu[n] = acknowledged_twice(bank, n) ? VGIC_NO_CPU : (u8)this_cpu()->id;
	bank->pirq[n] = (u16)irq;
	bank->hw |= 1U << n;
	bank->latch |= 1U << n;
	vgic_raise(d->vcpu[0], bank, virq / 32, n);
	unlock(&d->vgic.lock);
}

int irq_guest_attach(struct domain *d, unsigned virq, unsigned irq)
{
	struct vgic_bank *bank;
	u32 bit = 1U << virq % 32;
	int err = 0;

	lock(&d->vgic.lock);
	if (!spi_exists(d, virq)) {
		err = -EINVAL;
	} else if ((d->vgic.spi[virq / 32].routed & bit) ||
		   (d->vuart.ring && virq == GUEST_VPL011_SPI)) {
		err = -EBUSY;
	} else {
		bank = &d->vgic.spi[virq / 32];
		bank->pirq[virq % 32] = (u16)irq;
		bank->routed |= bit;
		gic_set_active(irq, false); /* whatever its last owner left */
		gic_set_pending(irq, false);
		if (bank->enabled & bit)
			vgic_spi_enable(d, bank, bit, true);
	}
	unlock(&d->vgic.lock);
	return err;
}

/* What is on its way keeps its link: the guest's EOI, or vgic_free_domain(), ends it. */
void irq_guest_detach(struct domain *d, unsigned virq)
{
	struct vgic_bank *bank;
	u32 bit = 1U << virq % 32;

	lock(&d->vgic.lock);
	bank = &d->vgic.spi[virq / 32];
	gic_disable(bank->pirq[virq % 32]);
	bank->routed &= ~bit;
	if (!(bank->inlr & bit) && (bank->hw & bit))
		vgic_hw_release(d->vcpu[0], bank, virq / 32, virq % 32);
	unlock(&d->vgic.lock);
}

void mmio_add(struct domain *d, gpa_t base, u64 size, mmio_read_fn *read, mmio_write_fn *write,
	      u64 priv)
{
	unsigned i = d->nr_mmio++;

	for (; i && d->mmio[i - 1].base > base; i--)
		d->mmio[i] = d->mmio[i - 1];
	d->mmio[i] = (struct mmio_range){ base, size, read, write, (void *)priv };
}

/* Dom0 sees the machine's addresses, others those of Xen's public header. */
static int set_layout_v2(struct domain *d)
{
	u64 offset = d->direct_mapped ? 0 : gic_info.cpu_offset;
	struct vgic *vg = &d->vgic;

	vg->dist = d->direct_mapped ? gic_info.dist : GUEST_GICD_BASE;
	vg->dist_size = 0x1000;
	vg->cpu = d->direct_mapped ? gic_info.cpu : GUEST_GICC_BASE;
	vg->cpu_size = d->direct_mapped ? gic_info.cpu_size & PAGE_MASK : GUEST_GICC_SIZE;
	vg->cpu_size = min(vg->cpu_size, ROUND_UP(gic_info.vcpu_size - offset, PAGE_SIZE));
	mmio_add(d, vg->dist, vg->dist_size, vgic_v2_read, vgic_v2_write, 0);
	return p2m_map(d, gfn_of(vg->cpu), mfn_of(gic_info.vcpu + offset),
		       vg->cpu_size >> PAGE_SHIFT, P2M_DEVICE, true);
}

static int set_layout_v3(struct domain *d)
{
	struct vgic *vg = &d->vgic;
	unsigned first = 0;

	vg->dist = d->direct_mapped ? gic_info.dist : GUEST_GICV3_GICD_BASE;
	vg->dist_size = 0x10000;
	vg->rdist_stride = d->direct_mapped && gic_info.rdist_stride ? gic_info.rdist_stride
								     : RDIST_SIZE;
	vg->nr_rdist = d->direct_mapped ? gic_info.nr_rdist : 1;
	mmio_add(d, vg->dist, vg->dist_size, vgic_v3_dist_read, vgic_v3_dist_write, 0);
	for (unsigned r = 0; r < vg->nr_rdist; r++) {
		vg->rdist[r].base = d->direct_mapped ? gic_info.rdist[r].base
						     : GUEST_GICV3_GICR0_BASE;
		vg->rdist[r].size = d->direct_mapped ? gic_info.rdist[r].size
						     : GUEST_GICV3_GICR0_SIZE;
		vg->rdist[r].first = first;
		first += (unsigned)min(vg->rdist[r].size / vg->rdist_stride, (u64)VGIC_MAX_VCPUS);
		mmio_add(d, vg->rdist[r].base, vg->rdist[r].size, vgic_v3_rdist_read,
			 vgic_v3_rdist_write, r);
	}
	return 0;
}

int vgic_init_domain(struct domain *d, unsigned nr_spis)
{
	struct vgic *vg = &d->vgic;

	if (d->direct_mapped)
		nr_spis = gic_nr_irqs - 32;
	if (nr_spis > 1020 - 32)
		return -EINVAL;
	lock_init(&vg->lock, RANK_VGIC);
	vg->version = (u8)gic_info.version;
	vg->sourced = vg->version == 2 ? 16 : 0;
	vg->lr_group = vg->version == 2 ? 0 : LR_GROUP1;
	vg->nr_banks = (u8)(1 + DIV_ROUND_UP(nr_spis, 32));
	vg->nr_irqs = min(32U * vg->nr_banks, 1020U);
	if (vg->nr_banks > 1) {
		vg->spi = xzalloc(vg->nr_banks * sizeof(*vg->spi));
		if (!vg->spi)
			return -ENOMEM;
	}
	if (vg->version == 2) /* as after reset: no target */
		for (unsigned b = 1; b < vg->nr_banks; b++)
			memset(vg->spi[b].target, VGIC_NO_TARGET, sizeof(vg->spi[0].target));
	return vg->version == 2 ? set_layout_v2(d) : set_layout_v3(d);
}

void vgic_free_domain(struct domain *d)
{
	struct vgic *vg = &d->vgic;
	struct vgic_bank *spi;
	unsigned nr_banks = vg->nr_banks;

	for (unsigned b = 1; b < nr_banks; b++)
		for (u32 m = vg->spi[b].routed; m; m &= m - 1)
			irq_unroute_guest(vg->spi[b].pirq[__builtin_ctz(m)], d);
	lock(&vg->lock);
	for (unsigned b = 1; b < nr_banks; b++)
		for (u32 m = vg->spi[b].hw; m; m &= m - 1)
			gic_set_active(vg->spi[b].pirq[__builtin_ctz(m)], false);
	spi = vg->spi;
	vg->spi = NULL;
	vg->nr_banks = 1;
	vg->nr_irqs = 32;
	if (d->vcpu)
		for_each_vcpu (d, v)
			v->vgic.dirty &= 1;
	unlock(&vg->lock);
	xfree(spi);
}

void vgic_reset_vcpu(struct vcpu *v)
{
	struct vgic_vcpu *vv = &v->vgic;
	struct vgic *vg = &v->domain->vgic;

	lock(&vg->lock);
	memset(vv, 0, sizeof(*vv));
	vv->bank.enabled = vg->version == 2 ? 0xffff : 0;
	vv->bank.edge = 0xffff; /* SGIs */
	vv->bank.pirq[PPI_VIRT_TIMER] = (u16)vtimer_ppi;
	vv->dirty = 1;
	for (unsigned b = 1; b < vg->nr_banks; b++)
		if (vg->spi[b].latch | vg->spi[b].line | vg->spi[b].active)
			vv->dirty |= 1U << b; /* SPIs may wait for it */
	unlock(&vg->lock);
}

static void dump_bank(const char *who, unsigned id, unsigned b, const struct vgic_bank *bank)
{
	if (bank->latch | bank->line | bank->active | bank->inlr | bank->hw)
		printk("  %s %u, %u..: enabled %08x latch %08x line %08x active %08x in LR %08x hw "
		       "%08x routed %08x\n",
		       who, id, 32 * b, bank->enabled, bank->latch, bank->line, bank->active,
		       bank->inlr, bank->hw, bank->routed);
}

static void dump_vcpu(const struct vcpu *v)
{
	printk(" vCPU %u: CPU %d, dirty %x, list registers %x%s\n", v->id,
	       v->vgic.cpu ? (int)v->vgic.cpu->id : -1, v->vgic.dirty, v->vgic.used,
	       v->vgic.review ? ", to review" : "");
	dump_bank("vCPU", v->id, 0, &v->vgic.bank);
}

/* Without the lock: for a machine that hangs. */
bool vgic_dump(struct domain *d, u64 item)
{
	const struct vgic *vg = &d->vgic;
	u64 b = item - d->max_vcpus;

	if (!item)
		printk("d%u: GICv%u %s, %u interrupts\n", d->id, vg->version, vg->on ? "on" : "off",
		       vg->nr_irqs);
	else if (item <= d->max_vcpus && d->vcpu[item - 1])
		dump_vcpu(d->vcpu[item - 1]);
	else if (b < vg->nr_banks)
		dump_bank("domain", d->id, (unsigned)b, &vg->spi[b]);
	return item + 1 < d->max_vcpus + (u32)vg->nr_banks;
}
