// SPDX-License-Identifier: GPL-2.0-only
/*
 * domctl: the tools make, change and end domains. Owns control_lock, which makes domctls, sysctls
 * and platform_ops one after the other. The request is copied in once; the table (table.c) says
 * what holds for each. A domain that dies is only to be looked at and ended.
 */
#include <hypercall/ops.h>
#include <lib/string.h>

struct lock control_lock = LOCK_INIT(RANK_CONTROL);

static bool dying_allowed(u32 cmd)
{
	return cmd == XEN_DOMCTL_destroydomain || cmd == XEN_DOMCTL_pausedomain ||
	       cmd == XEN_DOMCTL_getvcpuinfo || cmd == XEN_DOMCTL_getvcpuaffinity ||
	       cmd == XEN_DOMCTL_scheduler_op;
}

static s64 domctl_on(struct vcpu *v, struct domain *d, const struct domctl_entry *e,
		     struct xen_domctl *op)
{
	s64 rc = -ESRCH;

	if (d == v->domain && (e->flags & DOMCTL_OTHER))
		return -EINVAL;
	if (!try_lock(&control_lock)) {
		cpu_relax();
		return -ERESTART;
	}
	/* With the lock: no domain begins to die behind our back. */
	if (!d || d->state == DOM_ALIVE || dying_allowed(op->cmd))
		rc = e->fn(v, d, op);
	unlock(&control_lock);
	return rc;
}

/* A new domain of which the caller could not be told. It has no memory yet, so its end is short. */
static void take_back(domid_t id)
{
	struct domain *d = domain_get_by_id(id);

	if (!d)
		return;
	while (domain_kill(d) == -ERESTART)
		;
	domain_put(d);
}

/* a: struct xen_domctl */
s64 hc_domctl(struct vcpu *v, u64 *a)
{
	const struct domctl_entry *e;
	struct domain *d = NULL;
	struct xen_domctl op;
	s64 rc;

	if (copy_from_guest(&op, a[0], sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return -EACCES;
	e = op.cmd < nr_domctls ? &domctls[op.cmd] : NULL;
	if (!e || !(e->flags & DOMCTL_NO_DOMAIN)) {
		d = domain_get_by_id(op.domain);
		if (!d)
			return -ESRCH;
	}
	rc = e && e->fn ? domctl_on(v, d, e, &op) : -ENOSYS;
	if (d)
		domain_put(d);
	/* A call that is cut short leaves its progress in the request. */
	if ((rc >= 0 || rc == -ERESTART) && (e->flags & DOMCTL_BACK) &&
	    copy_to_guest(a[0], &op, sizeof(op))) {
		if (op.cmd == XEN_DOMCTL_createdomain && !rc)
			take_back(op.domain);
		return -EFAULT;
	}
	return rc;
}

/* What Hospes offers to a domain: hardware-virtualised, nothing optional. */
static int create_check(const struct xen_domctl_createdomain *c)
{
	if (c->flags != (XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap) || c->iommu_opts ||
	    c->vmtrace_size || !c->max_vcpus)
		return -EINVAL;
	if (c->grant_opts != XEN_DOMCTL_GRANT_version(1) ||
	    c->arch.tee_type != XEN_DOMCTL_CONFIG_TEE_NONE)
		return -EINVAL;
	if (c->arch.gic_version != XEN_DOMCTL_CONFIG_GIC_NATIVE &&
	    c->arch.gic_version != hardware_domain->vgic.version - 1)
		return -EINVAL;
	return c->cpupool_id ? -ENOENT : 0;
}

_Static_assert(XEN_DOMCTL_CONFIG_GIC_V2 == 2 - 1 && XEN_DOMCTL_CONFIG_GIC_V3 == 3 - 1,
	       "gic_version");

s64 domctl_create(struct vcpu *v, struct domain *none, struct xen_domctl *op)
{
	struct xen_domctl_createdomain *c = &op->u.createdomain;
	struct domain_config cfg = {
		.max_vcpus = c->max_vcpus,
		.max_evtchn_port = c->max_evtchn_port,
		.max_grant_frames = (unsigned)c->max_grant_frames,
		.max_maptrack_frames = (unsigned)c->max_maptrack_frames,
		.nr_spis = c->arch.nr_spis,
	};
	bool choose = !op->domain || op->domain >= DOMID_FIRST_RESERVED;
	struct domain *d;
	int rc = create_check(c);

	if (rc)
		return rc;
	memcpy(cfg.handle, c->handle, sizeof(cfg.handle));
	if (c->max_grant_frames < 0)
		cfg.max_grant_frames = ~0U;
	if (c->max_maptrack_frames < 0)
		cfg.max_maptrack_frames = ~0U;
	rc = domain_create(choose ? DOMID_INVALID : op->domain, &cfg, &d);
	if (rc)
		return rc;
	d->shared_info_gfn = INVALID_GFN;
	wallclock_update(d);
	op->domain = d->id;
	c->arch.gic_version = (u8)(d->vgic.version - 1);
	c->arch.clock_frequency = 0; /* CNTFRQ is right */
	return 0;
}

/* In steps: -ERESTART until all is taken back. */
s64 domctl_destroy(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	int rc = domain_kill(d);

	/* Nobody can set them any more. */
	for (unsigned i = 0; i < ARRAY_SIZE(d->watchdog); i++)
		timer_retire(&d->watchdog[i]);
	return rc;
}

s64 domctl_pause(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	if (d->state != DOM_ALIVE)
		return 0;
	if (d->paused_by_tool == INT32_MAX)
		return -EOVERFLOW;
	d->paused_by_tool++;
	domain_pause(d);
	return 0;
}

s64 domctl_unpause(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	if (!d->paused_by_tool)
		return -EINVAL;
	d->paused_by_tool--;
	d->started |= !d->paused_by_tool;
	domain_unpause(d);
	return 0;
}

s64 domctl_resume(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	d->early_shutdown = 0;
	domain_resume(d);
	return 0;
}

/* They were made with the domain; all that is left is to agree on how many. */
s64 domctl_max_vcpus(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	u32 max = op->u.max_vcpus.max;

	return max && max == d->max_vcpus ? 0 : -EINVAL;
}

s64 domctl_max_mem(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	/* Less than it has is allowed: it gets no more until it is below. */
	WRITE_ONCE(d->max_pages, op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10));
	return 0;
}

/* A quota for stage-2 tables; nothing is set aside. */
s64 domctl_set_paging(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	u64 size = op->u.paging_mempool.size;
	int rc = 0;

	if (size & ~PAGE_MASK)
		return -EINVAL;
	lock(&d->p2m.lock);
	if (size >> PAGE_SHIFT < d->table_pages)
		rc = -EBUSY;
	else
		d->max_table_pages = size >> PAGE_SHIFT;
	unlock(&d->p2m.lock);
	return rc;
}

s64 domctl_get_paging(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	u64 pages = READ_ONCE(d->max_table_pages);

	op->u.paging_mempool.size = min(pages, ~0UL >> PAGE_SHIFT) << PAGE_SHIFT;
	return 0;
}

/* Before it has memory; vCPUs start over in the new width. */
s64 domctl_set_address_size(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	u32 size = op->u.address_size.size;

	if (size != 64 && (size != 32 || !cpu_has_el1_32))
		return -EINVAL;
	if (d->tot_pages)
		return -EBUSY;
	if (d->aarch32 == (size == 32))
		return 0;
	domain_pause(d);
	d->aarch32 = size == 32;
	for_each_vcpu (d, each)
		vcpu_reset(each);
	domain_unpause(d);
	return 0;
}

s64 domctl_settimeoffset(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	WRITE_ONCE(d->time_offset_s, op->u.settimeoffset.time_offset_seconds);
	wallclock_update(d);
	return 0;
}

s64 domctl_setdomainhandle(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
	return 0;
}

/* What the tools wrote into a guest's memory reaches a guest whose caches are off. */
s64 domctl_cacheflush(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_cacheflush *c = &op->u.cacheflush;
	gfn_t pos = GFN(c->start_pfn), end = GFN(c->start_pfn + c->nr_pfns);
	int rc;

	if (c->nr_pfns > 1UL << MAX_ORDER || end.n < pos.n)
		return -EINVAL;
	rc = p2m_cache_flush(d, &pos, end);
	if (rc == -ERESTART) {
		c->start_pfn = pos.n;
		c->nr_pfns = end.n - pos.n;
	}
	return rc;
}

/* One scheduler: credit2 by name, as xl knows its weights and caps. */
s64 domctl_sched(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;

	if (s->sched_id != XEN_SCHEDULER_CREDIT2)
		return -EINVAL;
	switch (s->cmd) {
	case XEN_DOMCTL_SCHEDOP_getinfo:
		s->u.credit2.weight = d->sched.weight;
		s->u.credit2.cap = d->sched.cap;
		return 0;
	case XEN_DOMCTL_SCHEDOP_putinfo:
		/* Weight 0: as it is. */
		return sched_set_params(d,
					s->u.credit2.weight ? s->u.credit2.weight : d->sched.weight,
					s->u.credit2.cap);
	}
	return -EINVAL;
}
