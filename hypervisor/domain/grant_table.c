// SPDX-License-Identifier: GPL-2.0-only
/*
 * What belongs to a grant table as a whole: its life, its frames and how they grow, swapping
 * entries, who may maintain caches of a frame. The arrays have their final length from the start
 * (the handles': from the first mapping on); what they point to is allocated on demand, under the
 * grant lock, and stays until grants_free().
 */
#include <arm/sysreg.h>
#include <core/cmdline.h>
#include <core/console.h>
#include <domain/domain.h>
#include <domain/grant.h>
#include <lib/errno.h>

#define MAX_FRAMES (1U << 14) /* so that a reference fits in a handle's word */

static int alloc_arrays(struct grant_table *t)
{
	t->shared = xzalloc(t->max_frames * sizeof(*t->shared));
	t->active = xzalloc(t->max_frames * sizeof(*t->active));
	t->gfn = xzalloc(t->max_frames * sizeof(*t->gfn));
	return t->shared && t->active && t->gfn ? 0 : -ENOMEM;
}

int grants_init(struct domain *d, u32 max_frames, u32 max_maptrack_frames)
{
	struct grant_table *t = &d->grants;
	int rc;

	if (max_frames == ~0U)
		max_frames = opts.gnttab_max_frames;
	if (max_maptrack_frames == ~0U)
		max_maptrack_frames = opts.gnttab_max_maptrack_frames;
	if (!max_frames || max_frames > min(opts.gnttab_max_frames, MAX_FRAMES) ||
	    max_maptrack_frames > opts.gnttab_max_maptrack_frames)
		return -EINVAL;
	lock_init(&t->lock, RANK_GRANT);
	lock_init(&t->maptrack_lock, RANK_MAPTRACK);
	t->max_frames = max_frames;
	t->max_maptrack_frames = max_maptrack_frames;
	rc = alloc_arrays(t);
	if (!rc)
		rc = grant_grow(d, 1);
	if (!rc && d->privileged)
		rc = grant_handles_prepare(d);
	if (rc)
		grants_free(d);
	return rc;
}

/*
 * Frames hold a reference to their domain, so they go before the last one does. Active entries stay
 * for those who still map.
 */
void grant_frames_release(struct domain *d)
{
	struct grant_table *t = &d->grants;

	for (u32 i = 0; i < t->nr_frames; i++) {
		grant_entry_v1_t *frame;

		lock(&t->lock);
		frame = t->shared[i];
		t->shared[i] = NULL;
		unlock(&t->lock);
		if (frame)
			page_put(va_page(frame));
	}
}

void grants_free(struct domain *d)
{
	struct grant_table *t = &d->grants;

	/*
	 * No lock: nobody else has d, and whoever dropped the last reference may hold any. Frames
	 * are still there if d was never complete.
	 */
	for (u32 i = 0; i < t->nr_frames; i++) {
		if (t->shared[i])
			page_put(va_page(t->shared[i]));
		xfree_pages(t->active[i], 0);
	}
	for (u32 i = 0; i < t->nr_pages; i++)
		xfree_pages(t->maptrack[i], 0);
	t->nr_frames = t->nr_pages = 0;
	xfree(t->shared);
	xfree(t->active);
	xfree(t->gfn);
	xfree(t->maptrack);
	t->shared = NULL;
	t->active = NULL;
	t->gfn = NULL;
	t->maptrack = NULL;
}

/* Grant lock held. */
static int add_frame(struct domain *d)
{
	struct grant_table *t = &d->grants;
	struct grant_active *active = xalloc_pages(0);
	struct page *pg;

	_Static_assert(sizeof(*active) * GRANTS_PER_FRAME == PAGE_SIZE,
		       "as many active entries as shared ones");
	if (!active)
		return -ENOMEM;
	pg = page_alloc_shared(d);
	if (!pg) {
		xfree_pages(active, 0);
		return -ENOMEM;
	}
	t->active[t->nr_frames] = active;
	t->shared[t->nr_frames] = page_va(pg);
	t->gfn[t->nr_frames] = INVALID_GFN;
	t->nr_frames++;
	return 0;
}

/* At least one frame a time; -ERESTART: there are more to come, and an interrupt waits. */
static int grow_locked(struct domain *d, u32 nr_frames)
{
	if (nr_frames > d->grants.max_frames || d->state != DOM_ALIVE)
		return -EINVAL;
	while (d->grants.nr_frames < nr_frames) {
		int rc = add_frame(d);

		if (rc)
			return rc;
		if (d->grants.nr_frames < nr_frames && irq_pending())
			return -ERESTART;
	}
	return 0;
}

int grant_grow(struct domain *d, u32 nr_frames)
{
	int rc;

	lock(&d->grants.lock);
	rc = grow_locked(d, nr_frames);
	unlock(&d->grants.lock);
	return rc;
}

int grant_frame(struct domain *d, u32 idx, mfn_t *mfn)
{
	struct grant_table *t = &d->grants;
	struct page *pg;
	int rc;

	if (idx >= t->max_frames)
		return -EINVAL;
	lock(&t->lock);
	rc = likely(idx < t->nr_frames && d->state == DOM_ALIVE) ? 0 : grow_locked(d, idx + 1);
	if (!rc) {
		pg = va_page(t->shared[idx]);
		if (likely(page_get_slot(pg, d->slot)))
			*mfn = page_mfn(pg);
		else
			rc = -ENOMEM;
	}
	unlock(&t->lock);
	return rc;
}

void grant_frame_placed(struct domain *d, u32 idx, gfn_t gfn)
{
	/* One word, there for every frame that may be; the last word counts. */
	if (idx < d->grants.max_frames)
		WRITE_ONCE(d->grants.gfn[idx].n, gfn.n);
}

gfn_t grant_frame_gfn(struct domain *d, u32 idx)
{
	gfn_t gfn = INVALID_GFN;

	lock(&d->grants.lock);
	if (idx < d->grants.nr_frames)
		gfn = d->grants.gfn[idx];
	unlock(&d->grants.lock);
	return gfn;
}

static int swap_locked(struct grant_table *t, u32 a, u32 b)
{
	struct grant_active *act[2];
	grant_entry_v1_t saved;

	if (a / GRANTS_PER_FRAME >= t->nr_frames || b / GRANTS_PER_FRAME >= t->nr_frames)
		return GNTST_bad_gntref;
	if (a == b)
		return GNTST_okay;
	act[0] = grant_active_of(t, a);
	act[1] = grant_active_of(t, b);
	if (grant_in_use(act[0]) || grant_in_use(act[1]))
		return GNTST_eagain;
	saved = *grant_shared_of(t, a);
	*grant_shared_of(t, a) = *grant_shared_of(t, b);
	*grant_shared_of(t, b) = saved;
	return GNTST_okay;
}

int grant_swap(struct domain *d, u32 a, u32 b)
{
	int rc;

	lock(&d->grants.lock);
	rc = swap_locked(&d->grants, a, b);
	unlock(&d->grants.lock);
	return rc;
}

/*
 * Does `who` use a reference of g that stands for this frame? Looks from *ref on, at some of them.
 */
static int uses_frame(struct domain *g, domid_t who, u32 frame, u32 *ref)
{
	struct grant_table *t = &g->grants;
	u32 end;
	int rc = -EINVAL;

	lock(&t->lock);
	end = t->nr_frames * (u32)GRANTS_PER_FRAME;
	if (end > *ref && end - *ref > GRANT_SCAN) {
		end = *ref + GRANT_SCAN;
		rc = -ERESTART;
	}
	for (u32 i = *ref; i < end; i++) {
		const struct grant_active *act = grant_active_of(t, i);

		if (act->frame == frame && act->who == who && grant_in_use(act)) {
			rc = 0;
			break;
		}
	}
	unlock(&t->lock);
	*ref = end;
	return rc;
}

int grant_cache_page(struct domain *d, mfn_t mfn, u32 *pos, struct page **pg)
{
	struct page *p = mfn_page(mfn);
	unsigned owner;
	int rc = 0;

	if (!p)
		return -EINVAL;
	/*
	 * Nobody's but that domain's: a frame that changes hands here may become the heap's, whose
	 * counts are not ours to touch.
	 */
	owner = READ_ONCE(p->owner);
	if (owner >= CONFIG_MAX_DOMAINS || !page_get_slot(p, owner))
		return -EPERM;
	if (owner != d->slot)
		rc = uses_frame(domain_of_slot(owner), d->id, (u32)(p - frame_table), pos);
	if (rc)
		page_put(p);
	else
		*pg = p;
	return rc;
}

/* Without the lock, which may be what is stuck. */
bool grant_dump(struct domain *d, u64 item)
{
	const struct grant_table *t = &d->grants;
	u32 ref = (u32)item - 1, end = t->nr_frames * GRANTS_PER_FRAME;
	const grant_entry_v1_t *frame;
	const struct grant_active *act;

	if (!item) {
		printk("d%u: %u of %u grant frames\n", d->id, t->nr_frames, t->max_frames);
		return end;
	}
	if (ref >= end)
		return false;
	act = grant_active_of(t, ref);
	frame = READ_ONCE(t->shared[ref / GRANTS_PER_FRAME]);
	if (grant_in_use(act))
		printk("  %5u: d%u, frame %lx, %u readers, %u writers, flags %x\n", ref, act->who,
		       (unsigned long)(frame_base + act->frame), act->readers, act->writers,
		       frame ? READ_ONCE(frame[ref % GRANTS_PER_FRAME].flags) : 0);
	return item < end;
}
