// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grant tables: a granter's shared entries are read once, checked and marked in use under its grant lock, which also guards the active entries; what is
 * mapped or copied is done without a lock, the frame held by a reference. A mapper's handles are taken by an atomic change of their word, so that two
 * vCPUs cannot both unmap one. No two grant locks are ever held at once.
 * Invariant: GTF_reading (GTF_writing) is set exactly while the active entry has users (writers), unless the granter itself wrote over it.
 */
#include <arm/cpu.h>
#include <arm/sysreg.h>
#include <core/console.h>
#include <domain/domain.h>
#include <domain/evtchn.h>
#include <domain/grant.h>
#include <domain/guest_word.h>
#include <lib/errno.h>
#include <lib/string.h>

/* struct maptrack's word */
#define MT_USED BIT(0)
#define MT_WRITE BIT(1)
#define MT_GFN_SHIFT 2		/* 36 bits */
#define MT_GFN(w) ((w) >> MT_GFN_SHIFT & (BIT(36) - 1))
#define MT_REF_SHIFT 38		/* 26 bits */
#define MT_REF(w) ((u32)((w) >> MT_REF_SHIFT))

#define MAX_USERS 0xff		/* of one reference */

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
 * Checks an entry (only the first user does: later ones find it marked) and marks it. `mask`: flags that must be as in a plain grant.
 */
static inline int mark_entry(grant_entry_v1_t *e, bool first, domid_t who, bool write, u32 mask)
{
	u32 *w = flags_of(e), old = READ_ONCE(*w);
	u32 mark = write ? GTF_reading | GTF_writing : GTF_reading;

	for (unsigned i = 0; i < GUEST_TRIES; i++) {
		if (first && ((old & mask) != GTF_permit_access || old >> 16 != who))
			return GNTST_general_error;
		if (write && old & GTF_readonly)
			return GNTST_general_error;
		if (likely(guest_cas(w, &old, old | mark)))
			return GNTST_okay;
	}
	return GNTST_general_error;
}

/* Takes back the marks that the remaining users do not account for. Grant lock held. */
static inline void unmark_entry(struct domain *g, u32 ref, const struct grant_active *act, bool write)
{
	u32 clear = (grant_in_use(act) ? 0 : GTF_reading) | (write && !act->writers ? GTF_writing : 0), old;

	/* The shared frames of a dead granter have gone. */
	if (clear && g->grants.shared[ref / GRANTS_PER_FRAME] && unlikely(!guest_clear32(flags_of(grant_shared_of(&g->grants, ref)), clear, &old)))
		log_guest(g, LOG_WARN, "grant %u stays marked in use, its entry is unstable\n", ref);
}

/* Makes `who` one more user of g's reference: GNTST_okay, and a reference to its frame. Grant lock held. */
static int use_locked(struct domain *g, u32 ref, domid_t who, bool write, u32 mask, struct page **pg)
{
	struct grant_table *t = &g->grants;
	struct grant_active *act;
	grant_entry_v1_t *e;
	bool first;
	int rc;

	if (unlikely(g->state != DOM_ALIVE))
		return GNTST_bad_domain;
	if (unlikely(ref / GRANTS_PER_FRAME >= t->nr_frames))
		return GNTST_bad_gntref;
	act = grant_active_of(t, ref);
	e = grant_shared_of(t, ref);
	first = !grant_in_use(act);
	if (!first && (act->who != who || (write ? act->writers : act->readers) == MAX_USERS))
		return GNTST_general_error;
	if (first || (write && !act->writers)) {
		rc = mark_entry(e, first, who, write, mask);
		if (unlikely(rc))
			return rc;
	}
	*pg = p2m_get_page(g, GFN(READ_ONCE(e->frame)), write ? WANT_READ | WANT_WRITE | WANT_OWN : WANT_READ | WANT_OWN);
	/* While in use, a reference stands for one frame. */
	if (unlikely(!*pg || (!first && frame_index(*pg) != act->frame))) {
		unmark_entry(g, ref, act, write);
		return GNTST_bad_page;
	}
	act->frame = frame_index(*pg);
	act->who = who;
	if (write)
		act->writers++;
	else
		act->readers++;
	return GNTST_okay;
}

static inline int use(struct domain *g, u32 ref, domid_t who, bool write, u32 mask, struct page **pg)
{
	struct page *got = NULL;
	int rc;

	lock(&g->grants.lock);
	rc = use_locked(g, ref, who, write, mask, &got);
	unlock(&g->grants.lock);
	/* The wrong frame: given back without the lock, for it may be the last of its domain. */
	if (unlikely(rc && got))
		page_put(got);
	*pg = got;
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

/* --- handles --- */

static inline struct maptrack *handle_entry(const struct grant_table *t, u32 handle)
{
	return &t->maptrack[handle / HANDLES_PER_PAGE][handle % HANDLES_PER_PAGE];
}

/* A page full of free handles. Maptrack lock held. */
static bool grow_maptrack(struct grant_table *t)
{
	u32 first = t->nr_handles;
	struct maptrack *m;

	if (first / HANDLES_PER_PAGE >= t->max_maptrack_frames)
		return false;
	if (!t->maptrack)
		t->maptrack = xzalloc(t->max_maptrack_frames * sizeof(*t->maptrack));
	if (!t->maptrack)
		return false;
	m = xalloc_pages(0);
	if (!m)
		return false;
	for (u32 i = 0; i < HANDLES_PER_PAGE; i++)
		m[i].next = i + 1 < HANDLES_PER_PAGE ? first + i + 1 : NO_HANDLE;
	t->maptrack[first / HANDLES_PER_PAGE] = m;
	t->free_handle = first;
	__atomic_store_n(&t->nr_handles, first + (u32)HANDLES_PER_PAGE, __ATOMIC_RELEASE);
	return true;
}

static u32 take_handle(struct grant_table *t)
{
	u32 handle = NO_HANDLE;

	lock(&t->maptrack_lock);
	if (likely(t->free_handle != NO_HANDLE || grow_maptrack(t))) {
		handle = t->free_handle;
		t->free_handle = (u32)handle_entry(t, handle)->next;
	}
	unlock(&t->maptrack_lock);
	return handle;
}

/* Its word is 0. */
static void give_handle(struct grant_table *t, u32 handle)
{
	lock(&t->maptrack_lock);
	handle_entry(t, handle)->next = t->free_handle;
	t->free_handle = handle;
	unlock(&t->maptrack_lock);
}

/* From here on it is ours alone: nobody else unmaps it or gives it up. */
static inline bool claim_handle(struct maptrack *m, u64 *word)
{
	*word = __atomic_load_n(&m->word, __ATOMIC_ACQUIRE);
	return *word & MT_USED && __atomic_compare_exchange_n(&m->word, word, 0, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* The mapping of a claimed handle is gone. */
static inline void drop_handle(struct domain *d, u32 handle, u64 word)
{
	struct domain *g = handle_entry(&d->grants, handle)->granter;

	unuse(g, MT_REF(word), word & MT_WRITE);
	give_handle(&d->grants, handle);
	domain_put(g);
}

/* --- operations --- */

int grant_map(struct domain *d, struct domain *g, u32 ref, u32 flags, gpa_t at, struct grant_mapping *out)
{
	bool write = !(flags & GNTMAP_readonly);
	struct maptrack *m;
	struct page *pg;
	u32 handle;
	int rc;

	if (unlikely((flags & (GNTMAP_host_map | GNTMAP_device_map | GNTMAP_application_map | GNTMAP_contains_pte)) != GNTMAP_host_map))
		return flags & (GNTMAP_host_map | GNTMAP_device_map) ? GNTST_general_error : GNTST_bad_gntref;
	if (unlikely(!g))
		return GNTST_bad_domain;
	if (unlikely(!policy_allows(d, g)))
		return GNTST_permission_denied;
	handle = take_handle(&d->grants);
	if (unlikely(handle == NO_HANDLE))
		return GNTST_no_space;
	rc = use(g, ref, d->id, write, GTF_type_mask | GTF_sub_page, &pg);
	if (unlikely(rc))
		goto no_use;
	rc = GNTST_general_error;
	if (unlikely(!domain_get(g)))
		goto no_domain;
	if (unlikely(p2m_map(d, gfn_of(at), page_mfn(pg), 1, write ? P2M_GRANT : P2M_GRANT_RO, true)))
		goto no_map;
	m = handle_entry(&d->grants, handle);
	m->granter = g;
	__atomic_store_n(&m->word, MT_USED | (write ? MT_WRITE : 0) | gfn_of(at).n << MT_GFN_SHIFT | (u64)ref << MT_REF_SHIFT, __ATOMIC_RELEASE);
	out->handle = handle;
	out->pa = page_pa(pg);
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
	struct maptrack *m;
	mfn_t mfn;
	u64 word;

	if (unlikely(handle >= __atomic_load_n(&d->grants.nr_handles, __ATOMIC_ACQUIRE)))
		return GNTST_bad_handle;
	m = handle_entry(&d->grants, handle);
	if (unlikely(!at))
		return READ_ONCE(m->word) & MT_USED ? GNTST_okay : GNTST_bad_handle;
	if (unlikely(!claim_handle(m, &word)))
		return GNTST_bad_handle;
	/* In use, so the entry and its frame stay as they are. */
	mfn = page_mfn(&frame_table[READ_ONCE(grant_active_of(&m->granter->grants, MT_REF(word))->frame)]);
	if (unlikely(gfn_of(at).n != MT_GFN(word) ||
		     p2m_unmap_exact(d, gfn_of(at), mfn, word & MT_WRITE ? P2M_GRANT : P2M_GRANT_RO))) {
		__atomic_store_n(&m->word, word, __ATOMIC_RELEASE);
		return GNTST_general_error;
	}
	drop_handle(d, handle, word);
	return GNTST_okay;
}

/* One side's frame, with a reference. */
static inline int copy_begin(struct domain *caller, const struct grant_copy_end *end, bool write, struct page **pg)
{
	if (end->is_ref)
		return use(end->d, (u32)end->id, caller->id, write, GTF_type_mask, pg);
	*pg = p2m_get_page(end->d, GFN(end->id), write ? WANT_READ | WANT_WRITE : WANT_READ);
	return likely(*pg) ? GNTST_okay : GNTST_bad_page;
}

/* The frame goes first: a granter that sees its entry unused must be able to count on it. */
static inline void copy_end(const struct grant_copy_end *end, bool write, struct page *pg)
{
	page_put(pg);
	if (end->is_ref)
		unuse(end->d, (u32)end->id, write);
}

int grant_copy(struct domain *caller, const struct grant_copy_end *src, const struct grant_copy_end *dst, u16 len)
{
	struct page *from, *to;
	char *s, *t;
	int rc;

	if (unlikely(!src->d || !dst->d))
		return GNTST_bad_domain;
	if (unlikely(!caller->privileged && !policy_allows(src->d, dst->d)))
		return GNTST_permission_denied;
	if (unlikely((unsigned)src->offset + len > PAGE_SIZE || (unsigned)dst->offset + len > PAGE_SIZE))
		return GNTST_bad_copy_arg;
	rc = copy_begin(caller, src, false, &from);
	if (unlikely(rc))
		return rc;
	rc = copy_begin(caller, dst, true, &to);
	if (likely(!rc)) {
		s = (char *)page_va(from) + src->offset;
		t = (char *)page_va(to) + dst->offset;
		if (unlikely(from == to))
			memmove(t, s, len);
		else if (len == PAGE_SIZE)
			page_copy(t, s);
		else
			memcpy(t, s, len);
		copy_end(dst, true, to);
	}
	copy_end(src, false, from);
	return rc;
}

int grants_release(struct domain *d)
{
	struct grant_table *t = &d->grants;

	while (t->release_pos < t->nr_handles) {
		u32 handle = t->release_pos++;
		u64 word;

		/* Its p2m entry, with the reference to the frame, goes with the p2m: d runs no more. */
		if (claim_handle(handle_entry(t, handle), &word))
			drop_handle(d, handle, word);
		if (handle % 64 == 63 && irq_pending())
			return -ERESTART;
	}
	grant_frames_release(d);
	return 0;
}
