// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory_op: what appears where in a guest's physical memory beside its RAM: shared_info, grant
 * table, another domain's frames, devices. No state of its own. Each mapping takes over a reference
 * to its frame; p2m_map() keeps it, or here it goes back.
 */
#include <arm/mm.h>
#include <core/page.h>
#include <hypercall/ops.h>
#include <xen/memory.h>

/* The caller's reference to mfn goes into the mapping. */
static int map_frame(struct domain *d, gfn_t gfn, mfn_t mfn, enum p2m_type t)
{
	int rc = p2m_map(d, gfn, mfn, 1, t, true);

	if (unlikely(rc))
		page_put(mfn_page(mfn));
	return rc;
}

/*
 * A second mapping is as good as the first, unlike Xen's: firmware that ran before the kernel may
 * have left its own behind. The first stays until the guest removes it.
 */
static int add_shared_info(struct domain *d, u64 idx, gfn_t gfn)
{
	void *info = READ_ONCE(d->shared_info);
	struct page *pg;
	int rc;

	if (idx)
		return -EINVAL;
	if (!info) /* just now it died */
		return -ESRCH;
	pg = va_page(info);
	if (!page_get(pg, d))
		return -EBUSY;
	rc = map_frame(d, gfn, page_mfn(pg), P2M_XEN);
	if (!rc)
		d->shared_info_gfn = gfn;
	return rc;
}

static int add_grant_frame(struct domain *d, u64 idx, gfn_t gfn)
{
	mfn_t mfn;
	int rc;

	if (idx >> 31) /* XENMAPIDX_grant_table_status: version 2 only */
		return -EINVAL;
	rc = grant_frame(d, (u32)idx, &mfn);
	if (!rc)
		rc = map_frame(d, gfn, mfn, P2M_XEN);
	if (!rc)
		grant_frame_placed(d, (u32)idx, gfn);
	return rc;
}

static int add_foreign(struct domain *d, struct domain *from, u64 idx, gfn_t gfn)
{
	enum p2m_type t;
	struct page *pg = p2m_get_page_type(from, GFN(idx), WANT_READ, &t);

	if (!pg)
		return -EINVAL;
	/* What it only has as a guest of somebody else is not handed on. */
	if (t != P2M_RAM && t != P2M_RAM_RO && t != P2M_XEN) {
		page_put(pg);
		return -EINVAL;
	}
	return map_frame(d, gfn, page_mfn(pg), t == P2M_RAM_RO ? P2M_FOREIGN_RO : P2M_FOREIGN);
}

/* Only for the hardware domain itself (ACPI tables and the like, which no device tree names). */
static int add_dev_mmio(struct vcpu *v, struct domain *d, u64 idx, gfn_t gfn)
{
	if (d != v->domain || d != hardware_domain)
		return -EACCES;
	if (idx >> (cpu_pa_bits - PAGE_SHIFT))
		return -EINVAL;
	if (mfn_is_ram(MFN(idx)) || el2_owns_device(MFN(idx), MFN(idx)))
		return -EPERM;
	return p2m_map(d, gfn, MFN(idx), 1, P2M_DEVICE, true);
}

static int add_one(struct vcpu *v, struct domain *d, unsigned space, u64 idx, gfn_t gfn,
		   struct domain *from)
{
	switch (space) {
	case XENMAPSPACE_shared_info: return add_shared_info(d, idx, gfn);
	case XENMAPSPACE_grant_table: return add_grant_frame(d, idx, gfn);
	case XENMAPSPACE_gmfn_foreign: return add_foreign(d, from, idx, gfn);
	case XENMAPSPACE_dev_mmio: return add_dev_mmio(v, d, idx, gfn);
	}
	return -ENOSYS;
}

/* a: cmd, struct xen_add_to_physmap */
s64 hc_mem_add_to_physmap(struct vcpu *v, u64 *a)
{
	struct xen_add_to_physmap req;
	struct domain *d;
	int rc;

	if (copy_from_guest(&req, a[1], sizeof(req)))
		return -EFAULT;
	if (req.space == XENMAPSPACE_gmfn_foreign) /* has no room for the other domain's id */
		return -ENOSYS;
	d = target_get(v, req.domid, &rc);
	if (!d)
		return rc;
	rc = d->state == DOM_ALIVE ? add_one(v, d, req.space, req.idx, GFN(req.gpfn), NULL)
				   : -ESRCH;
	target_put(v, d);
	return rc;
}

struct batch {
	struct xen_add_to_physmap_batch req;
	struct domain *d, *from;
	u64 at;
};

static s64 restart_at(u64 *a, u64 cmd, u64 done)
{
	a[0] = cmd | done << MEMOP_CMD_BITS;
	return -ERESTART;
}

static s64 batch_run(struct vcpu *v, u64 *a, struct batch *b)
{
	u64 start = b->at;

	for (; b->at < b->req.size; b->at++) {
		xen_pfn_t gpfn;
		xen_ulong_t idx;
		int rc;

		if (b->at != start && preempt_wanted())
			return restart_at(a, XENMEM_add_to_physmap_batch, b->at);
		if (copy_from_guest(&idx, handle_at(b->req.idxs, b->at), sizeof(idx)) ||
		    copy_from_guest(&gpfn, handle_at(b->req.gpfns, b->at), sizeof(gpfn)))
			return -EFAULT;
		rc = add_one(v, b->d, b->req.space, idx, GFN(gpfn), b->from);
		if (rc == -ERESTART)
			return restart_at(a, XENMEM_add_to_physmap_batch, b->at);
		if (copy_to_guest(handle_at(b->req.errs, b->at), &rc, sizeof(rc)))
			return -EFAULT;
	}
	return 0;
}

/* The domain whose frames are mapped: the control domain's business alone. */
static int batch_from(struct vcpu *v, struct batch *b)
{
	int err = 0;

	b->from = NULL;
	if (b->req.space != XENMAPSPACE_gmfn_foreign)
		return b->req.space == XENMAPSPACE_dev_mmio && b->req.u.res0 ? -EOPNOTSUPP : 0;
	if (!v->domain->privileged)
		return -EPERM;
	b->from = target_get(v, b->req.u.foreign_domid, &err);
	if (!b->from)
		return err;
	if (b->from == b->d)
		err = -EINVAL;
	else if (b->from->state != DOM_ALIVE)
		err = -ESRCH;
	if (err)
		target_put(v, b->from);
	return err;
}

/* a: cmd and progress, struct xen_add_to_physmap_batch */
s64 hc_mem_add_to_physmap_batch(struct vcpu *v, u64 *a)
{
	struct batch b = { .at = a[0] >> MEMOP_CMD_BITS };
	s64 rc;
	int err;

	if (copy_from_guest(&b.req, a[1], sizeof(b.req)))
		return -EFAULT;
	if (b.at && b.at >= b.req.size)
		return -EILSEQ;
	b.d = target_get(v, b.req.domid, &err);
	if (!b.d)
		return err;
	rc = b.d->state == DOM_ALIVE ? batch_from(v, &b) : -ESRCH;
	if (!rc) {
		rc = batch_run(v, a, &b);
		if (b.from)
			target_put(v, b.from);
	}
	target_put(v, b.d);
	return rc;
}

/* A grant mapping goes by its handle, a device by its domctl. */
#define REMOVABLE \
	(BIT(P2M_RAM) | BIT(P2M_RAM_RO) | BIT(P2M_FOREIGN) | BIT(P2M_FOREIGN_RO) | BIT(P2M_XEN))

/* a: cmd, struct xen_remove_from_physmap */
s64 hc_mem_remove_from_physmap(struct vcpu *v, u64 *a)
{
	struct xen_remove_from_physmap req;
	enum p2m_type t;
	struct domain *d;
	int rc;

	if (copy_from_guest(&req, a[1], sizeof(req)))
		return -EFAULT;
	d = target_get(v, req.domid, &rc);
	if (!d)
		return rc;
	t = p2m_unmap_types(d, GFN(req.gpfn), REMOVABLE);
	rc = t != P2M_NONE ? 0 : -ENOENT;
	if (t == P2M_XEN && d->shared_info_gfn.n == req.gpfn)
		d->shared_info_gfn = INVALID_GFN;
	target_put(v, d);
	return rc;
}

/* Frames [frame + done, ...) of d's grant table appear where the caller's list says. */
static s64 acquire_grants(struct vcpu *v, u64 *a, struct domain *d,
			  const struct xen_mem_acquire_resource *req, u64 start)
{
	for (u64 i = start; i < req->nr_frames; i++) {
		xen_pfn_t gfn;
		mfn_t mfn;
		int rc;

		if (i != start && preempt_wanted())
			return restart_at(a, XENMEM_acquire_resource, i);
		if (copy_from_guest(&gfn, handle_at(req->frame_list, i), sizeof(gfn)))
			return -EFAULT;
		rc = grant_frame(d, (u32)(req->frame + i), &mfn);
		if (rc == -ERESTART)
			return restart_at(a, XENMEM_acquire_resource, i);
		if (!rc)
			rc = map_frame(v->domain, GFN(gfn), mfn, P2M_FOREIGN);
		if (rc)
			return i ? -EIO : rc;
	}
	return 0;
}

static s64 acquire(struct vcpu *v, u64 *a, struct domain *d, struct xen_mem_acquire_resource *req)
{
	u64 start = a[0] >> MEMOP_CMD_BITS;

	if (req->type != XENMEM_resource_grant_table)
		return -EOPNOTSUPP;
	if (req->id != XENMEM_resource_grant_table_id_shared)
		return -EINVAL;
	if (d->state != DOM_ALIVE)
		return -ESRCH;
	if (!handle_gva(req->frame_list)) {
		if (req->nr_frames || start)
			return -EINVAL;
		return copy_to_guest(a[1] + offsetof(struct xen_mem_acquire_resource, nr_frames),
				     &d->grants.max_frames, sizeof(u32));
	}
	if (start >= req->nr_frames || req->nr_frames > (~0U >> MEMOP_CMD_BITS))
		return -EINVAL;
	return acquire_grants(v, a, d, req, start);
}

/* a: cmd and progress, struct xen_mem_acquire_resource */
s64 hc_mem_acquire_resource(struct vcpu *v, u64 *a)
{
	struct xen_mem_acquire_resource req;
	struct domain *d;
	int err;
	s64 rc;

	if (copy_from_guest(&req, a[1], sizeof(req)))
		return -EFAULT;
	if (req.pad || req.frame >> 32 || (req.frame + req.nr_frames) >> 32)
		return -EINVAL;
	if (is_self(v, req.domid))
		return -EPERM;
	d = target_get(v, req.domid, &err);
	if (!d)
		return err;
	rc = acquire(v, a, d, &req);
	target_put(v, d);
	return rc;
}
