// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grant tables: a granter's shared entries are read once, checked and marked in use under its grant
 * lock, which also guards the active entries; what is mapped or copied is done without a lock, the
 * frame held by a reference. A mapper's handles are under its maptrack lock; who unmaps one takes
 * it out first, so that two vCPUs cannot both do it. No two of these locks are ever held at once.
 * Invariant: GTF_reading (GTF_writing) is set exactly while the active entry has users (writers),
 * unless the granter itself wrote over it.
 */
#include <arm/cpu.h>
#include <arm/sysreg.h>
#include <core/cmdline.h>
#include <core/console.h>
#include <domain/domain.h>
#include <domain/evtchn.h>
#include <domain/grant.h>
#include <domain/guest_word.h>
#include <lib/errno.h>
#include <lib/string.h>

#define MAX_USERS 0xff /* of one reference */

/* Flags and domid are one word to the guest, too. */
static inline u32 *flags_of(grant_entry_v1_t *e)
{
	return (u32 *)(void *)e;
}

static inline u32 frame_index(const struct page *pg)
{
	return (u32)(pg - frame_table);
}

/*
 * Checks an entry (only the first user does: later ones find it marked) and marks it. `mask`: flags
 * that must be as in a plain grant.
 */
static inline int mark_entry(grant_entry_v1_t *e, bool first, domid_t who, bool write, u32 mask)
{
	u32 mark = write ? GTF_reading | GTF_writing : GTF_reading, *w = flags_of(e);

	for (unsigned i = 0; i < GUEST_TRIES; i++) {
		u32 old = load_exclusive(w);

		if (first && ((old & mask) != GTF_permit_access || old >> 16 != who))
			return GNTST_general_error;
		if (write && old & GTF_readonly)
			return GNTST_general_error;
		if (likely(store_exclusive(w, old, old | mark)))
			return GNTST_okay;
	}
	return GNTST_general_error;
}

/* Takes back the marks that the remaining users do not account for. Grant lock held. */
static inline void unmark_entry(struct domain *g, u32 ref, const struct grant_active *act,
				bool write)
{
	u32 clear = (grant_in_use(act) ? 0 : GTF_reading) |
		    (write && !act->writers ? GTF_writing : 0),
	    old;

	/* The shared frames of a dead granter have gone. */
	if (clear && g->grants.shared[ref / GRANTS_PER_FRAME] &&
	    unlikely(!guest_clear32(flags_of(grant_shared_of(&g->grants, ref)), clear, &old)))
		log_guest(g, LOG_WARN, "grant %u stays marked in use, its entry is unstable\n",
			  ref);
}

/*
 * The entry is checked and marked, or was by the first user; its frame, with a reference. Grant
 * lock held.
 */
static inline int claim_frame(struct domain *g, u32 ref, struct grant_active *act, domid_t who,
			      bool write, u32 mask, struct page **pg)
{
	grant_entry_v1_t *e = grant_shared_of(&g->grants, ref);
	bool first = !grant_in_use(act);
	int rc;

	if (!first && (act->who != who || (write ? act->writers : act->readers) == MAX_USERS))
		return GNTST_general_error;
	if (first || (write && !act->writers)) {
		rc = mark_entry(e, first, who, write, mask);
		if (unlikely(rc))
			return rc;
	}
	*pg = p2m_get_page(g, GFN(READ_ONCE(e->frame)),
			   write ? WANT_READ | WANT_WRITE | WANT_OWN : WANT_READ | WANT_OWN);
	/* While in use, a reference stands for one frame. */
	if (likely(*pg && (first || frame_index(*pg) == act->frame)))
		return GNTST_okay;
	unmark_entry(g, ref, act, write);
	return GNTST_bad_page;
}

/*
 * Makes `who` one more user of g's reference: GNTST_okay, and a reference to its frame. `mask`: as
 * for mark_entry(). Within its callers, which are the hot paths.
 */
static inline __attribute__((always_inline)) int use(struct domain *g, u32 ref, domid_t who,
						     bool write, u32 mask, struct page **pg)
{
	struct grant_table *t = &g->grants;
	struct grant_active *act;
	int rc;

	*pg = NULL;
	lock(&t->lock);
	if (unlikely(g->state != DOM_ALIVE)) {
		rc = GNTST_bad_domain;
	} else if (unlikely(ref / GRANTS_PER_FRAME >= t->nr_frames)) {
		rc = GNTST_bad_gntref;
	} else {
		act = grant_active_of(t, ref);
		rc = claim_frame(g, ref, act, who, write, mask, pg);
		if (likely(!rc)) {
			act->frame = frame_index(*pg);
			act->who = who;
			if (write)
				act->writers++;
			else
				act->readers++;
		}
	}
	unlock(&t->lock);
	/*
	 * Not the frame that it was: given back without the lock, for it may be the last of its
	 * domain.
	 */
	if (unlikely(rc && *pg))
		page_put(*pg);
	return rc;
}

static void unuse(struct domain *g, u32 ref, bool write)
{
	struct grant_active *act;

	lock(&g->grants.lock);
	act = grant_active_of(&g->grants, ref);
	if (write)
		act->writers--;
	else
		act->readers--;
	unmark_entry(g, ref, act, write);
	unlock(&g->grants.lock);
}

/*
 * --- handles: pages of them, the first entry of each keeping its list of free ones and how many
 * are in use ---
 */

#define PAGE_OF(handle) ((handle) / HANDLES_PER_PAGE)

static inline struct maptrack *handle_entry(const struct grant_table *t, u32 handle)
{
	return &t->maptrack[PAGE_OF(handle)][handle % HANDLES_PER_PAGE];
}

/* Maptrack lock held. */
static bool add_page(struct grant_table *t, u32 page)
{
	struct maptrack *m;

	if (page >= t->max_maptrack_frames)
		return false;
	if (!t->maptrack)
		t->maptrack = xzalloc(t->max_maptrack_frames * sizeof(*t->maptrack));
	m = t->maptrack ? xalloc_pages(0) : NULL;
	if (!m)
		return false;
	for (u32 i = 0; i < HANDLES_PER_PAGE; i++)
		m[i].next = (i + 1) % HANDLES_PER_PAGE;
	t->maptrack[page] = m;
	t->nr_pages = max(t->nr_pages, page + 1);
	return true;
}

/* The first page, from the start: for a domain that is to map many. */
int grant_handles_prepare(struct domain *d)
{
	struct grant_table *t = &d->grants;
	bool done;

	lock(&t->maptrack_lock);
	done = t->nr_pages || !t->max_maptrack_frames || add_page(t, 0);
	unlock(&t->maptrack_lock);
	return done ? 0 : -ENOMEM;
}

/* The lowest page with room, so that the upper ones become empty and can go. */
static __attribute__((noinline)) bool find_room(struct grant_table *t)
{
	u32 page = t->room;

	while (page < t->nr_pages && t->maptrack[page] && !t->maptrack[page]->next)
		page++;
	t->room = page;
	return (page < t->nr_pages && t->maptrack[page]) || add_page(t, page);
}

/* A free handle for the caller, and its entry, which stays where it is. NULL: none. */
static inline struct maptrack *take_handle(struct grant_table *t, u32 *handle)
{
	struct maptrack *m = NULL;

	lock(&t->maptrack_lock);
	if (likely((t->room < t->nr_pages && t->maptrack[t->room] && t->maptrack[t->room]->next) ||
		   find_room(t))) {
		struct maptrack *page = t->maptrack[t->room];

		m = &page[page->next];
		*handle = t->room * (u32)HANDLES_PER_PAGE + page->next;
		page->next = m->next;
		page->in_use++;
	}
	unlock(&t->maptrack_lock);
	return m;
}

/*
 * Its word is 0. The first page stays: one that comes and goes with each mapping would cost more
 * than the mapping.
 */
static void give_handle(struct grant_table *t, u32 handle)
{
	struct maptrack *page, *gone = NULL;

	lock(&t->maptrack_lock);
	page = t->maptrack[PAGE_OF(handle)];
	handle_entry(t, handle)->next = page->next;
	page->next = handle % HANDLES_PER_PAGE;
	if (unlikely(!--page->in_use && PAGE_OF(handle))) {
		gone = page;
		t->maptrack[PAGE_OF(handle)] = NULL;
	}
	if (PAGE_OF(handle) < t->room)
		t->room = PAGE_OF(handle);
	unlock(&t->maptrack_lock);
	if (unlikely(gone))
		xfree_pages(gone, 0);
}

/* Handles a guest made up end here. Maptrack lock held. */
static inline struct maptrack *find_handle(struct grant_table *t, u32 handle)
{
	struct maptrack *m;

	if (unlikely(PAGE_OF(handle) >= t->nr_pages || !t->maptrack[PAGE_OF(handle)]))
		return NULL;
	/* The head's word is always 0. */
	m = handle_entry(t, handle);
	return likely(READ_ONCE(m->word) & MT_USED) ? m : NULL;
}

/*
 * What the handle stands for; with `take` it is the caller's alone from here on: nobody else unmaps
 * it or gives it up.
 */
static inline bool handle_get(struct grant_table *t, u32 handle, bool take, struct maptrack *out)
{
	struct maptrack *m;

	lock(&t->maptrack_lock);
	m = find_handle(t, handle);
	if (likely(m)) {
		out->word = __atomic_load_n(&m->word, __ATOMIC_ACQUIRE);
		out->granter = m->granter;
		if (take)
			m->word = 0;
	}
	unlock(&t->maptrack_lock);
	return m;
}

/*
 * A handle that is the caller's becomes one to be found. No lock: until the word is there, nobody
 * looks at the rest.
 */
static inline void handle_set(struct maptrack *m, struct domain *granter, u64 word)
{
	m->granter = granter;
	__atomic_store_n(&m->word, word, __ATOMIC_RELEASE);
}

/* The mapping of a taken handle is gone. */
static inline void drop_handle(struct domain *d, u32 handle, const struct maptrack *m)
{
	unuse(m->granter, MT_REF(m->word), m->word & MT_WRITE);
	give_handle(&d->grants, handle);
	domain_put(m->granter);
}

/* --- operations --- */

int grant_map(struct domain *d, struct domain *g, struct gnttab_map_grant_ref *op)
{
	bool write = !(op->flags & GNTMAP_readonly);
	u32 ref = op->ref, handle;
	gfn_t gfn = gfn_of(op->host_addr);
	struct maptrack *m;
	struct page *pg;
	mfn_t mfn;
	int rc;

	if (unlikely((op->flags & (GNTMAP_host_map | GNTMAP_device_map | GNTMAP_application_map |
				   GNTMAP_contains_pte)) != GNTMAP_host_map))
		return op->flags & (GNTMAP_host_map | GNTMAP_device_map) ? GNTST_general_error
									 : GNTST_bad_gntref;
	if (unlikely(!g))
		return GNTST_bad_domain;
	if (unlikely(!policy_allows(d, g)))
		return GNTST_permission_denied;
	m = take_handle(&d->grants, &handle);
	if (unlikely(!m))
		return GNTST_no_space;
	rc = use(g, ref, d->id, write, GTF_type_mask | GTF_sub_page, &pg);
	if (unlikely(rc))
		goto no_use;
	rc = GNTST_general_error;
	if (unlikely(!domain_get(g)))
		goto no_domain;
	mfn = page_mfn(pg);
	if (unlikely(p2m_map(d, gfn, mfn, 1, write ? P2M_GRANT : P2M_GRANT_RO, true)))
		goto no_map;
	handle_set(m, g,
		   MT_USED | (write ? MT_WRITE : 0) | gfn.n << MT_GFN_SHIFT |
			   (u64)ref << MT_REF_SHIFT);
	op->handle = handle;
	op->dev_bus_addr = mfn_addr(mfn);
	return GNTST_okay;

no_map:
	domain_put(g);
no_domain:
	page_put(pg);
	unuse(g, ref, write);
no_use:
	give_handle(&d->grants, handle);
	return rc;
}

int grant_unmap(struct domain *d, u32 handle, gpa_t at)
{
	struct maptrack m;
	mfn_t mfn;

	if (unlikely(!handle_get(&d->grants, handle, at, &m)))
		return GNTST_bad_handle;
	if (unlikely(!at))
		return GNTST_okay;
	/* In use, so the active entry and its frame stay as they are. */
	mfn = page_mfn(&frame_table[READ_ONCE(
		grant_active_of(&m.granter->grants, MT_REF(m.word))->frame)]);
	if (unlikely(gfn_of(at).n != MT_GFN(m.word) ||
		     p2m_unmap_exact(d, gfn_of(at), mfn,
				     m.word & MT_WRITE ? P2M_GRANT : P2M_GRANT_RO))) {
		handle_set(handle_entry(&d->grants, handle), m.granter, m.word);
		return GNTST_general_error;
	}
	drop_handle(d, handle, &m);
	return GNTST_okay;
}

/* --- copying --- */

void grant_end_release(struct grant_end *end)
{
	/*
	 * The frame goes first: a granter that sees its entry unused must be able to count on it.
	 */
	page_put(end->pg);
	end->pg = NULL;
	if (end->is_ref)
		unuse(end->d, (u32)end->id, end->write);
}

static inline int end_open(struct domain *caller, struct grant_end *end, struct domain *d, u64 id,
			   bool is_ref)
{
	int rc = GNTST_okay;

	grant_end_close(end);
	if (unlikely(!d))
		return GNTST_bad_domain;
	end->d = d;
	end->id = id;
	end->is_ref = is_ref;
	if (is_ref) {
		rc = use(d, (u32)id, caller->id, end->write, GTF_type_mask, &end->pg);
		if (unlikely(rc))
			end->pg = NULL;
	} else {
		end->pg = p2m_get_page(d, GFN(id), end->write ? WANT_READ | WANT_WRITE : WANT_READ);
		if (unlikely(!end->pg))
			rc = GNTST_bad_page;
	}
	return rc;
}

static inline int end_want(struct domain *caller, struct grant_end *end, struct domain *d,
			   const u32 *ref, const u64 *gfn, bool is_ref)
{
	u64 id = is_ref ? *ref : *gfn;

	if (end->pg && end->id == id && end->d == d && end->is_ref == is_ref)
		return GNTST_okay;
	return end_open(caller, end, d, id, is_ref);
}

/* What guests write at the same time is theirs to sort out. */
static inline void copy_bytes(struct page *to, unsigned at, struct page *from, unsigned off,
			      size_t len)
{
	char *s = (char *)page_va(from) + off, *d = (char *)page_va(to) + at;

	if (unlikely(from == to))
		memmove(d, s, len);
	else if (len == PAGE_SIZE)
		page_copy(d, s);
	else
		memcpy(d, s, len);
}

int grant_copy(struct domain *caller, struct grant_end *src, struct grant_end *dst,
	       struct domain *from, struct domain *to, const struct gnttab_copy *op)
{
	int rc;

	if (unlikely(!from || !to))
		return GNTST_bad_domain;
	if (unlikely(!caller->privileged && !policy_allows(from, to)))
		return GNTST_permission_denied;
	if (unlikely((unsigned)op->source.offset + op->len > PAGE_SIZE ||
		     (unsigned)op->dest.offset + op->len > PAGE_SIZE))
		return GNTST_bad_copy_arg;
	rc = end_want(caller, src, from, &op->source.u.ref, &op->source.u.gmfn,
		      op->flags & GNTCOPY_source_gref);
	if (likely(!rc))
		rc = end_want(caller, dst, to, &op->dest.u.ref, &op->dest.u.gmfn,
			      op->flags & GNTCOPY_dest_gref);
	if (unlikely(rc))
		return rc;
	copy_bytes(dst->pg, op->dest.offset, src->pg, op->source.offset, op->len);
	return GNTST_okay;
}

int grants_release(struct domain *d)
{
	struct grant_table *t = &d->grants;

	while (PAGE_OF(t->release_pos) < t->nr_pages) {
		u32 handle = t->release_pos++;
		struct maptrack m;

		/*
		 * Its p2m entry, with the reference to the frame, goes with the p2m: d runs no
		 * more.
		 */
		if (handle_get(t, handle, true, &m))
			drop_handle(d, handle, &m);
		if (handle % 64 == 63 && irq_pending())
			return -ERESTART;
	}
	grant_frames_release(d);
	return 0;
}
