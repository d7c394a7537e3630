// SPDX-License-Identifier: GPL-2.0-only
/*
 * grant_table_op: arrays of requests, each of which gets its own status. A long one is cut between
 * two requests: the array's address and count move on. Requests in the caller's own memory are
 * worked on in place a page at a time, copied once before they are looked at; others are copied in
 * and out. The domains that requests name are looked up once per run of equal ones. No state, no
 * lock.
 */
#include <arm/cpu.h>
#include <core/console.h>
#include <domain/evtchn.h>
#include <domain/grant.h>
#include <hypercall/ops.h>
#include <lib/string.h>
#include <xen/grant_table.h>

#define CMD_BITS 12 /* of the first argument; above: where a cache_flush or dump_table goes on */
#define NO_ID (~0U) /* no domid */

/* The last domain looked up, so that a run of requests that name the same one looks it up once. */
struct peer {
	struct domain *d; /* referenced; NULL: there is none */
	u32 id;
};

struct batch { /* what of it the requests need is set up by the entry */
	struct vcpu *v;
	struct peer granter; /* map */
	struct side {
		struct peer peer;
		struct grant_end end;
	} src, dst; /* copy */
	u32 pos;    /* cache_flush */
};

/* Works on one request, a private copy. 0, or what to end the call with. */
typedef int one_fn(struct batch *b, void *op);

static inline void peer_init(struct peer *p)
{
	p->d = NULL;
	p->id = NO_ID;
}

static inline void peer_put(struct peer *p)
{
	if (p->d)
		domain_put(p->d);
}

static inline struct domain *peer_look_up(struct peer *p, domid_t id)
{
	peer_put(p);
	p->id = id;
	p->d = domain_get_by_id(id);
	return p->d;
}

static inline struct domain *peer_get(struct peer *p, domid_t id)
{
	return likely(p->id == id) ? p->d : peer_look_up(p, id);
}

/*
 * The requests of a call are all of one type; what of them goes back lies in [out, out + out_size).
 */
struct layout {
	size_t size, out, out_size;
};
#define LAYOUT(type, first, last) \
	{ \
		sizeof(type), offsetof(type, first), \
			offsetof(type, last) + sizeof(((type *)0)->last) - offsetof(type, first) \
	}

#define OP_MAX 48 /* bytes of the largest request */

/*
 * n requests in place from `at` on. Returns how many were done; *rc: why it stopped before.
 * `first`: of the call, which is not cut before it has done something.
 */
static inline __attribute__((always_inline)) u32
run_window(struct batch *b, char *at, u32 n, bool first, struct layout l, one_fn *fn, int *rc)
{
	u64 op[OP_MAX / 8];
	u32 i;

	for (i = 0; i < n; i++, at += l.size) {
		if ((i || !first) && preempt_wanted()) {
			*rc = -ERESTART;
			break;
		}
		__builtin_memcpy(op, at, l.size);
		/* From here on only the copy counts, whatever the guest writes. */
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		*rc = fn(b, op);
		if (unlikely(*rc))
			break;
		__builtin_memcpy(at + l.out, (char *)op + l.out, l.out_size);
	}
	return i;
}

/* One request that lies in two pages, or not in the caller's own memory. */
static int run_copied(struct batch *b, gva_t at, bool first, struct layout l, one_fn *fn)
{
	u64 op[OP_MAX / 8];
	int rc;

	if (!first && preempt_wanted())
		return -ERESTART;
	if (copy_from_guest(op, at, l.size))
		return -EFAULT;
	rc = fn(b, op);
	if (rc)
		return rc;
	return copy_to_guest(at + l.out, (char *)op + l.out, l.out_size);
}

/* Requests that do not lie in one page: page by page, and those across a boundary one by one. */
static __attribute__((noinline)) u32 run_pieces(struct batch *b, gva_t at, u32 count,
						struct layout l, one_fn *fn, int *rc)
{
	u32 done = 0, n;

	while (done < count && !*rc) {
		struct page *pg;
		char *win = NULL;

		n = min((u32)((PAGE_SIZE - (at & ~PAGE_MASK)) / l.size), count - done);
		if (n)
			win = guest_window(at, n * l.size, &pg);
		if (win) {
			n = run_window(b, win, n, !done, l, fn, rc);
			page_put(pg);
		} else {
			*rc = run_copied(b, at, !done, l, fn);
			n = !*rc;
		}
		at += n * l.size;
		done += n;
	}
	return done;
}

static inline __attribute__((always_inline)) s64 run(struct batch *b, u64 *a, struct layout l,
						     one_fn *fn)
{
	u32 count = (u32)a[2], done;
	gva_t at = a[1];
	struct page *pg;
	char *win;
	int rc = 0;

	if (unlikely((s32)count < 0))
		return -EINVAL;
	win = guest_window(at, count * l.size, &pg);
	if (likely(win)) {
		done = run_window(b, win, count, true, l, fn, &rc);
		page_put(pg);
	} else {
		done = run_pieces(b, at, count, l, fn, &rc);
	}
	if (unlikely(rc == -ERESTART)) {
		a[1] = at + done * l.size;
		a[2] = count - done;
	}
	return rc;
}

static inline __attribute__((always_inline)) int map_one(struct batch *b, void *arg)
{
	struct gnttab_map_grant_ref *op = arg;

	op->status = (s16)grant_map(b->v->domain, peer_get(&b->granter, op->dom), op);
	return 0;
}

s64 hc_gnttab_map_grant_ref(struct vcpu *v, u64 *a)
{
	struct batch b;
	s64 rc;

	b.v = v;
	peer_init(&b.granter);
	rc = run(&b, a, (struct layout)LAYOUT(struct gnttab_map_grant_ref, status, dev_bus_addr),
		 map_one);
	peer_put(&b.granter);
	return rc;
}

static inline __attribute__((always_inline)) int unmap_one(struct batch *b, void *arg)
{
	struct gnttab_unmap_grant_ref *op = arg;

	op->status = (s16)grant_unmap(b->v->domain, op->handle, op->host_addr);
	return 0;
}

s64 hc_gnttab_unmap_grant_ref(struct vcpu *v, u64 *a)
{
	struct batch b;

	b.v = v;
	return run(&b, a, (struct layout)LAYOUT(struct gnttab_unmap_grant_ref, status, status),
		   unmap_one);
}

/* There is no null entry to put in place of a mapping: as an unmap if none is wanted. */
static int replace_one(struct batch *b, void *arg)
{
	struct gnttab_unmap_and_replace *op = arg;

	op->status = op->new_addr ? GNTST_general_error
				  : (s16)grant_unmap(b->v->domain, op->handle, op->host_addr);
	return 0;
}

s64 hc_gnttab_unmap_and_replace(struct vcpu *v, u64 *a)
{
	struct batch b;

	b.v = v;
	return run(&b, a, (struct layout)LAYOUT(struct gnttab_unmap_and_replace, status, status),
		   replace_one);
}

static inline void side_init(struct side *s, bool write)
{
	peer_init(&s->peer);
	s->end.pg = NULL;
	s->end.write = write;
}

static inline void side_end(struct side *s)
{
	grant_end_close(&s->end);
	peer_put(&s->peer);
}

/* A frame is open only as long as its domain is held. */
static inline struct domain *side_domain(struct batch *b, struct side *s, domid_t id)
{
	if (id == DOMID_SELF)
		return b->v->domain;
	if (unlikely(s->peer.id != id)) {
		grant_end_close(&s->end);
		peer_look_up(&s->peer, id);
	}
	return s->peer.d;
}

static inline __attribute__((always_inline)) int copy_one(struct batch *b, void *arg)
{
	struct gnttab_copy *op = arg;
	struct domain *from, *to;

	/* Frames are the caller's own. */
	if (unlikely((!(op->flags & GNTCOPY_source_gref) && op->source.domid != DOMID_SELF) ||
		     (!(op->flags & GNTCOPY_dest_gref) && op->dest.domid != DOMID_SELF))) {
		op->status = GNTST_permission_denied;
		return 0;
	}
	from = side_domain(b, &b->src, op->source.domid);
	to = side_domain(b, &b->dst, op->dest.domid);
	op->status = (s16)grant_copy(b->v->domain, &b->src.end, &b->dst.end, from, to, op);
	return 0;
}

s64 hc_gnttab_copy(struct vcpu *v, u64 *a)
{
	struct batch b;
	s64 rc;

	b.v = v;
	side_init(&b.src, false);
	side_init(&b.dst, true);
	rc = run(&b, a, (struct layout)LAYOUT(struct gnttab_copy, status, status), copy_one);
	side_end(&b.dst);
	side_end(&b.src);
	return rc;
}

static int swap_one(struct batch *b, void *arg)
{
	struct gnttab_swap_grant_ref *op = arg;

	op->status = (s16)grant_swap(b->v->domain, op->ref_a, op->ref_b);
	return 0;
}

s64 hc_gnttab_swap_grant_ref(struct vcpu *v, u64 *a)
{
	struct batch b;

	b.v = v;
	return run(&b, a, (struct layout)LAYOUT(struct gnttab_swap_grant_ref, status, status),
		   swap_one);
}

/* No guest on ARM can be given a frame this way. */
static int transfer_one(struct batch *b, void *arg)
{
	struct gnttab_transfer *op = arg;

	(void)b;
	op->status = GNTST_bad_page;
	return 0;
}

s64 hc_gnttab_transfer(struct vcpu *v, u64 *a)
{
	struct batch b;

	b.v = v;
	return run(&b, a, (struct layout)LAYOUT(struct gnttab_transfer, status, status),
		   transfer_one);
}

/*
 * Invalidating alone would throw away what the granter wrote last: it is always cleaned first, as
 * the hardware does with a guest's own DC IVAC under stage-2 translation.
 */
static int cache_flush_one(struct batch *b, void *arg)
{
	struct gnttab_cache_flush *op = arg;
	struct page *pg;
	char *va;
	int rc;

	if (op->offset >= PAGE_SIZE || op->length > PAGE_SIZE ||
	    (unsigned)op->offset + op->length > PAGE_SIZE ||
	    op->op & ~(GNTTAB_CACHE_INVAL | GNTTAB_CACHE_CLEAN))
		return -EINVAL;
	if (!op->length || !op->op)
		return b->pos ? -EILSEQ : 0;
	do
		rc = grant_cache_page(b->v->domain, mfn_of(op->a.dev_bus_addr), &b->pos, &pg);
	while (rc == -ERESTART && !preempt_wanted());
	if (rc)
		return rc;
	b->pos = 0;
	va = (char *)page_va(pg) + op->offset;
	if (op->op & GNTTAB_CACHE_INVAL)
		cache_clean_inv(va, op->length);
	else
		cache_clean(va, op->length);
	page_put(pg);
	return 0;
}

s64 hc_gnttab_cache_flush(struct vcpu *v, u64 *a)
{
	struct batch b;
	s64 rc;

	b.v = v;
	b.pos = ((u32)a[0] >> CMD_BITS) * GRANT_SCAN;
	rc = run(&b, a, (struct layout){ .size = sizeof(struct gnttab_cache_flush) },
		 cache_flush_one);
	if (rc == -ERESTART)
		a[0] = GNTTABOP_cache_flush | (u64)(b.pos / GRANT_SCAN) << CMD_BITS;
	return rc;
}

/*
 * The domain named by a request for one; DOMID_SELF, or another for the control domain. Its answer
 * is a status.
 */
static struct domain *named(struct vcpu *v, domid_t id, s16 *status)
{
	int err = 0;
	struct domain *d = target_get(v, id, &err);

	*status = d ? GNTST_okay : err == -EPERM ? GNTST_permission_denied : GNTST_bad_domain;
	return d;
}

s64 hc_gnttab_query_size(struct vcpu *v, u64 *a)
{
	struct gnttab_query_size op;
	struct domain *d;

	if ((u32)a[2] != 1)
		return -EINVAL;
	if (copy_from_guest(&op, a[1], sizeof(op)))
		return -EFAULT;
	d = named(v, op.dom, &op.status);
	if (d) {
		op.nr_frames = READ_ONCE(d->grants.nr_frames);
		op.max_nr_frames = d->grants.max_frames;
		target_put(v, d);
	}
	return copy_to_guest(a[1], &op, sizeof(op));
}

/*
 * Where the guest has its frames; one that it has not mapped is reported as INVALID_GFN. GNTST_*,
 * or -ERESTART.
 */
static int setup_table(struct domain *d, const struct gnttab_setup_table *op)
{
	int rc = grant_grow(d, op->nr_frames);

	if (rc)
		return rc == -ERESTART ? rc : GNTST_general_error;
	for (u32 i = 0; i < op->nr_frames; i++) {
		gfn_t gfn = grant_frame_gfn(d, i);

		if (copy_to_guest(handle_gva(op->frame_list) + i * sizeof(gfn.n), &gfn.n,
				  sizeof(gfn.n)))
			return GNTST_bad_virt_addr;
	}
	return GNTST_okay;
}

s64 hc_gnttab_setup_table(struct vcpu *v, u64 *a)
{
	struct gnttab_setup_table op;
	struct domain *d;
	int rc;

	if ((u32)a[2] != 1)
		return -EINVAL;
	if (copy_from_guest(&op, a[1], sizeof(op)))
		return -EFAULT;
	d = named(v, op.dom, &op.status);
	if (d) {
		rc = setup_table(d, &op);
		target_put(v, d);
		if (rc == -ERESTART)
			return rc;
		op.status = (s16)rc;
	}
	return copy_to_guest(a[1] + offsetof(struct gnttab_setup_table, status), &op.status,
			     sizeof(op.status));
}

s64 hc_gnttab_dump_table(struct vcpu *v, u64 *a)
{
	struct gnttab_dump_table op;
	u32 item = (u32)a[0] >> CMD_BITS;
	bool more = false;
	struct domain *d;

	if ((u32)a[2] != 1)
		return -EINVAL;
	if (copy_from_guest(&op, a[1], sizeof(op)))
		return -EFAULT;
	d = named(v, op.dom, &op.status);
	if (d) {
		do
			more = grant_dump(d, item++);
		while (more && !preempt_wanted());
		target_put(v, d);
	}
	if (more) {
		a[0] = GNTTABOP_dump_table | (u64)item << CMD_BITS;
		return -ERESTART;
	}
	return copy_to_guest(a[1], &op, sizeof(op));
}

s64 hc_gnttab_set_version(struct vcpu *v, u64 *a)
{
	struct gnttab_set_version op;
	s64 rc;

	(void)v;
	if (copy_from_guest(&op, a[1], sizeof(op)))
		return -EFAULT;
	rc = op.version == 1 ? 0 : op.version == 2 ? -ENOSYS : -EINVAL;
	op.version = 1;
	return copy_to_guest(a[1], &op, sizeof(op)) ? -EFAULT : rc;
}

s64 hc_gnttab_get_version(struct vcpu *v, u64 *a)
{
	struct gnttab_get_version op;
	struct domain *d;
	int err;

	if (copy_from_guest(&op, a[1], sizeof(op)))
		return -EFAULT;
	d = target_get(v, op.dom, &err);
	if (!d)
		return err;
	target_put(v, d);
	op.version = 1;
	return copy_to_guest(a[1] + offsetof(struct gnttab_get_version, version), &op.version,
			     sizeof(op.version));
}
