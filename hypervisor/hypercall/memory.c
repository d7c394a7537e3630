// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory_op: a domain's pages come and go (populate, decrease), and what is asked about them. Where
 * pages appear is physmap.c. No state of its own; p2m and page ledger lock themselves. As in Xen,
 * populate and decrease never answer with an error but with the number of extents done; progress of
 * a call cut short is in the first argument above the sub-op's number.
 */
#include <core/page.h>
#include <hypercall/ops.h>
#include <lib/bitmap.h>
#include <xen/memory.h>

/* Extents of at most 2 MiB: decreasing one is not cut short. Tools go on with smaller ones. */
#define MAX_EXTENT_ORDER 9
#define CHUNK 32 /* frame numbers read at once */

struct extents {
	struct domain *d;
	u64 start, at;
	struct xen_memory_reservation r;
	xen_pfn_t gfn[CHUNK]; /* of extents from at on */
};

/* false: nothing can be done. */
static inline __attribute__((always_inline)) bool extents_begin(struct vcpu *v, const u64 *a,
								struct extents *x)
{
	int err;

	x->start = x->at = a[0] >> MEMOP_CMD_BITS;
	if (copy_from_guest(&x->r, a[1], sizeof(x->r)))
		return false;
	if (x->r.nr_extents > (~0U >> MEMOP_CMD_BITS) || x->start >= x->r.nr_extents ||
	    x->r.extent_order > MAX_EXTENT_ORDER)
		return false;
	x->d = target_get(v, x->r.domid, &err);
	return x->d != NULL;
}

/* The next numbers; at the end of mapped memory as many as there are. 0: none can be read. */
static unsigned extents_read(struct extents *x)
{
	u64 left = x->r.nr_extents - x->at;
	gva_t gva = handle_at(x->r.extent_start, x->at);
	unsigned n = (unsigned)min(left, (u64)CHUNK);

	if (likely(!copy_from_guest(x->gfn, gva, n * sizeof(x->gfn[0]))))
		return n;
	return !copy_from_guest(x->gfn, gva, sizeof(x->gfn[0]));
}

/* Between two chunks: that was all, or an interrupt waits (*rc says so). */
static inline bool extents_done(const struct extents *x, int *rc)
{
	if (likely(x->at == x->r.nr_extents))
		return true;
	if (unlikely(preempt_wanted()))
		*rc = -ERESTART;
	return *rc != 0;
}

static s64 extents_end(struct vcpu *v, u64 *a, struct extents *x, u64 cmd, bool preempted)
{
	target_put(v, x->d);
	if (!preempted)
		return (s64)x->at;
	a[0] = cmd | x->at << MEMOP_CMD_BITS;
	return -ERESTART;
}

/*
 * Width of the caller's limit on machine addresses, 0: none that matters. false: no frame can
 * satisfy it.
 */
static bool address_limit(unsigned flags, unsigned *bits)
{
	unsigned node = XENMEMF_get_node(flags);

	*bits = XENMEMF_get_address_bits(flags);
	if (likely(!flags))
		return true;
	if (*bits > log2_floor(frame_base + frame_count - 1) + PAGE_SHIFT)
		*bits = 0;
	if (*bits && *bits <= PAGE_SHIFT)
		return false;
	return !(flags & XENMEMF_populate_on_demand) &&
	       ((flags & XENMEMF_vnode) || !node || node == 0xff);
}

static bool populate_direct(struct domain *d, gfn_t gfn, u64 nr)
{
	for (u64 i = 0; i < nr; i++) {
		if (p2m_repopulate_direct(d, GFN(gfn.n + i))) {
			if (i)
				p2m_unmap(d, gfn, i);
			return false;
		}
	}
	return true;
}

/* 0; -ERESTART: an interrupt waits, the extent is not done; anything else: not to be had. */
static int populate(struct domain *d, gfn_t gfn, unsigned order, unsigned bits)
{
	struct page *pg;
	int rc;

	if (unlikely(d->direct_mapped))
		return populate_direct(d, gfn, 1UL << order) ? 0 : -ENOMEM;
	rc = page_alloc_domain_step(d, order, &pg);
	if (rc)
		return rc;
	rc = -ENOMEM;
	if (likely(!bits || !((page_pa(pg) + (PAGE_SIZE << order) - 1) >> bits)))
		rc = p2m_map(d, gfn, page_mfn(pg), 1UL << order, P2M_RAM, true);
	if (unlikely(rc))
		page_put_block(pg, order);
	return rc;
}

/* Extents of one chunk. 0: go on with the next. */
static inline int populate_chunk(struct extents *x, unsigned n, unsigned bits)
{
	struct domain *d = x->d;
	unsigned order = x->r.extent_order, i = 0;
	int rc;

	do {
		rc = populate(d, GFN(x->gfn[i]), order, bits);
		if (unlikely(rc))
			break;
		if (++i == n)
			break;
		if (unlikely(preempt_wanted()))
			rc = -ERESTART;
	} while (!rc);
	x->at += i;
	return rc;
}

/* a: cmd and progress, struct xen_memory_reservation */
s64 hc_mem_populate_physmap(struct vcpu *v, u64 *a)
{
	struct extents x;
	unsigned bits, n;
	int rc = 0;

	if (!extents_begin(v, a, &x))
		return (s64)x.start;
	if (x.d->state == DOM_ALIVE && address_limit(x.r.mem_flags, &bits)) {
		do {
			n = extents_read(&x);
			rc = n ? populate_chunk(&x, n, bits) : -EFAULT;
		} while (!rc && !extents_done(&x, &rc));
	}
	return extents_end(v, a, &x, XENMEM_populate_physmap, rc == -ERESTART);
}

/*
 * Only the domain's own RAM goes: foreign and grant mappings have other ways. Neighbours in the
 * list that are neighbours in memory go at once.
 */
static int decrease_chunk(struct extents *x, unsigned n)
{
	unsigned order = x->r.extent_order, run;

	for (unsigned i = 0; i < n; i += run) {
		unsigned got;

		if (i && unlikely(preempt_wanted()))
			return -ERESTART;
		run = 1;
		while (!order && i + run < n && x->gfn[i + run] == x->gfn[i] + run)
			run++;
		got = p2m_unmap_ram(x->d, GFN(x->gfn[i]), (u64)run << order) >> order;
		x->at += got;
		if (got < run)
			return -EINVAL;
	}
	return 0;
}

/* a: cmd and progress, struct xen_memory_reservation */
s64 hc_mem_decrease_reservation(struct vcpu *v, u64 *a)
{
	struct extents x;
	unsigned n;
	int rc;

	if (!extents_begin(v, a, &x))
		return (s64)x.start;
	do {
		n = extents_read(&x);
		rc = n ? decrease_chunk(&x, n) : -EFAULT;
	} while (!rc && !extents_done(&x, &rc));
	return extents_end(v, a, &x, XENMEM_decrease_reservation, rc == -ERESTART);
}

/* First frame number beyond the machine's RAM. */
s64 hc_mem_maximum_ram_page(struct vcpu *v, u64 *a)
{
	return (s64)(frame_base + frame_count);
}

static s64 query(struct vcpu *v, gva_t arg, u64 (*fn)(const struct domain *d))
{
	struct xen_memory_domain req;
	struct domain *d;
	int err;
	s64 r;

	if (copy_from_guest(&req, arg, sizeof(req)))
		return -EFAULT;
	d = target_get(v, req.domid, &err);
	if (!d)
		return err;
	r = (s64)fn(d);
	target_put(v, d);
	return r;
}

static u64 tot_pages(const struct domain *d)
{
	return READ_ONCE(d->tot_pages);
}

static u64 max_pages(const struct domain *d)
{
	return READ_ONCE(d->max_pages);
}

static u64 max_gfn(const struct domain *d)
{
	return READ_ONCE(d->p2m.max_gfn);
}

s64 hc_mem_current_reservation(struct vcpu *v, u64 *a)
{
	return query(v, a[1], tot_pages);
}

s64 hc_mem_maximum_reservation(struct vcpu *v, u64 *a)
{
	return query(v, a[1], max_pages);
}

s64 hc_mem_maximum_gpfn(struct vcpu *v, u64 *a)
{
	return query(v, a[1], max_gfn);
}

/* No page is shared by deduplication. */
s64 hc_mem_get_sharing_pages(struct vcpu *v, u64 *a)
{
	return 0;
}
