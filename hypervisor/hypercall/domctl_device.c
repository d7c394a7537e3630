// SPDX-License-Identifier: GPL-2.0-only
/*
 * domctl: a domain is given devices: frames of MMIO and shared interrupts. First it is permitted
 * (access lists), then mapped. Without an IOMMU no device that masters the bus is given away.
 * Control lock held. RAM is never given as a device, whoever says so.
 */
#include <arm/mm.h>
#include <core/irq.h>
#include <core/page.h>
#include <hypercall/ops.h>

#define MAX_MAP 64 /* frames in one call, as on Xen: libxc makes several */
#define FIRST_SPI 32
#define LAST_SPI 1019

/*
 * Dom0 may use all of the machine but what the hypervisor keeps (its interrupts are refused where
 * they are bound).
 */
static bool iomem_ok(const struct domain *d, u64 first, u64 last)
{
	return d == hardware_domain ? !el2_owns_device(MFN(first), MFN(last))
				    : access_covers(&d->iomem, first, last);
}

static bool irq_ok(const struct domain *d, u32 irq)
{
	return d == hardware_domain || access_covers(&d->irqs, irq, irq);
}

/* [first, first + nr) neither is empty nor wraps, and the machine has such addresses. */
static bool range_ok(u64 first, u64 nr, unsigned address_bits)
{
	u64 end = 1UL << (address_bits - PAGE_SHIFT);

	return nr && first < end && nr <= end - first;
}

s64 domctl_iomem_permission(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_iomem_permission *p = &op->u.iomem_permission;
	u64 last = p->first_mfn + p->nr_mfns - 1;

	if (!range_ok(p->first_mfn, p->nr_mfns, cpu_pa_bits))
		return -EINVAL;
	if (!iomem_ok(v->domain, p->first_mfn, last))
		return -EPERM;
	return p->allow_access ? access_add(&d->iomem, p->first_mfn, last)
			       : access_remove(&d->iomem, p->first_mfn, last);
}

s64 domctl_irq_permission(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_irq_permission *p = &op->u.irq_permission;

	if (p->pirq < FIRST_SPI || p->pirq > LAST_SPI)
		return -EINVAL;
	if (!irq_ok(v->domain, p->pirq))
		return -EPERM;
	return p->allow_access ? access_add(&d->irqs, p->pirq, p->pirq)
			       : access_remove(&d->irqs, p->pirq, p->pirq);
}

static void unmap_device(struct domain *d, gfn_t gfn, mfn_t mfn, u64 nr)
{
	/* What is there no more, or something else by now, stays as it is. */
	for (u64 i = 0; i < nr; i++)
		(void)!p2m_unmap_exact(d, GFN(gfn.n + i), MFN(mfn.n + i), P2M_DEVICE);
}

s64 domctl_memory_mapping(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_memory_mapping *m = &op->u.memory_mapping;
	u64 last = m->first_mfn + m->nr_mfns - 1;

	if (!range_ok(m->first_mfn, m->nr_mfns, cpu_pa_bits) ||
	    !range_ok(m->first_gfn, m->nr_mfns, cpu_ipa_bits))
		return -EINVAL;
	if (m->nr_mfns > MAX_MAP)
		return -E2BIG;
	if (!iomem_ok(v->domain, m->first_mfn, last))
		return -EPERM;
	if (m->add_mapping == DPCI_REMOVE_MAPPING) {
		unmap_device(d, GFN(m->first_gfn), MFN(m->first_mfn), m->nr_mfns);
		return 0;
	}
	if (!iomem_ok(d, m->first_mfn, last))
		return -EPERM;
	for (u64 mfn = m->first_mfn; mfn <= last; mfn++)
		if (mfn_is_ram(MFN(mfn)))
			return -EPERM;
	return p2m_map(d, GFN(m->first_gfn), MFN(m->first_mfn), m->nr_mfns, P2M_DEVICE, true);
}

static int pt_irq(const struct vcpu *v, const struct xen_domctl_bind_pt_irq *b)
{
	if (b->irq_type != PT_IRQ_TYPE_SPI)
		return -EOPNOTSUPP;
	/* The guest sees it under its own number. */
	if (b->u.spi.spi != b->machine_irq || b->machine_irq < FIRST_SPI ||
	    b->machine_irq > LAST_SPI)
		return -EINVAL;
	return irq_ok(v->domain, b->machine_irq) ? 0 : -EPERM;
}

s64 domctl_bind_pt_irq(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_bind_pt_irq *b = &op->u.bind_pt_irq;
	int rc = pt_irq(v, b);

	return rc ? rc : irq_route_guest(b->machine_irq, d, b->machine_irq);
}

s64 domctl_unbind_pt_irq(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_bind_pt_irq *b = &op->u.bind_pt_irq;
	int rc = pt_irq(v, b);

	return rc ? rc : irq_unroute_guest(b->machine_irq, d);
}

/* The only device that is emulated for its own sake; before the domain runs. */
s64 domctl_vuart(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vuart_op *u = &op->u.vuart_op;
	int rc;

	if (u->cmd != XEN_DOMCTL_VUART_OP_INIT || u->pad[0] || u->pad[1])
		return -EINVAL;
	if (d->started)
		return -EPERM;
	if (u->type != XEN_DOMCTL_VUART_TYPE_VPL011)
		return -EOPNOTSUPP;
	rc = vuart_init(d, GFN(u->gfn), u->console_domid);
	u->evtchn = d->vuart.port;
	return rc;
}

/* assign_device and its kin. */
s64 domctl_no_iommu(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	return -EOPNOTSUPP;
}
