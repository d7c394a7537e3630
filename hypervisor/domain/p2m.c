// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stage-2 tables (VMSAv8-64, 4 KiB granule). Everything under p2m->lock.
 * Invariant: a valid entry of a type that has frames holds one reference to each of them; no
 * reference is dropped before the TLBs have forgotten the entry. An entry changes from valid to
 * valid only through invalid (set_entry(), split_block()). Changes are made in two passes: the
 * first allocates tables and finds errors, the second cannot fail.
 */
#include <arm/cpu.h>
#include <core/console.h>
#include <domain/domain.h>
#include <domain/p2m.h>
#include <lib/errno.h>
#include <lib/string.h>

#define ENTRIES 512UL
#define PTE_VALID BIT(0)
#define PTE_TABLE BIT(1)	/* level 3: page */
#define PTE_NORMAL (0xfUL << 2) /* write-back; the guest's stage 1 may make it weaker */
#define PTE_READ BIT(6)
#define PTE_WRITE BIT(7)
#define PTE_SH_INNER (3UL << 8)
#define PTE_AF BIT(10)
#define PTE_ADDR 0xfffffffff000UL
#define PTE_XN BIT(54)
#define PTE_TYPE_SHIFT 55
#define PTE_TYPE(pte) ((enum p2m_type)((pte) >> PTE_TYPE_SHIFT & 0xf))

static unsigned start_level = 1;
static unsigned root_order; /* pages of the concatenated start-level tables */
static u64 *no_tables;	    /* maps nothing: for a CPU without a guest */
static u64 vtcr;
static u64 nr_gfns; /* guest frames that stage 2 translates */

/* Frames one entry of a level covers, as a shift. */
static inline unsigned level_shift(unsigned level)
{
	return 27 - 9 * level;
}

static inline bool is_table(u64 pte, unsigned level)
{
	return (pte & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE) && level < 3;
}

static const struct type_info {
	u64 bits;
	bool frames;
	u8 allows;
} types[16] = {
	[P2M_RAM] = { PTE_READ | PTE_WRITE, true, WANT_READ | WANT_WRITE | WANT_OWN },
	[P2M_RAM_RO] = { PTE_READ, true, WANT_READ | WANT_OWN },
	[P2M_DEVICE] = { PTE_READ | PTE_WRITE | PTE_XN, false, 0 },
	[P2M_FOREIGN] = { PTE_READ | PTE_WRITE | PTE_XN, true, WANT_READ | WANT_WRITE },
	[P2M_FOREIGN_RO] = { PTE_READ | PTE_XN, true, WANT_READ },
	[P2M_GRANT] = { PTE_READ | PTE_WRITE | PTE_XN, true, WANT_READ | WANT_WRITE },
	[P2M_GRANT_RO] = { PTE_READ | PTE_XN, true, WANT_READ },
	[P2M_XEN] = { PTE_READ | PTE_WRITE | PTE_XN, true, WANT_READ | WANT_WRITE },
};

static u64 make_leaf(mfn_t mfn, enum p2m_type t, unsigned level)
{
	return mfn_addr(mfn) | types[t].bits | PTE_NORMAL | PTE_SH_INNER | PTE_AF | PTE_VALID |
	       (level == 3 ? PTE_TABLE : 0) | (u64)t << PTE_TYPE_SHIFT;
}

static u64 *pte_table(u64 pte)
{
	return pa_to_va(pte & PTE_ADDR);
}

static struct page *pte_page(u64 pte)
{
	return &frame_table[(pte & PTE_ADDR) / PAGE_SIZE - frame_base];
}

/* Makes the TLBs of all CPUs forget d's translations: one page's, or (gfn INVALID) all. */
static void flush_tlb(struct domain *d, gfn_t gfn)
{
	u64 loaded = read_sysreg(vttbr_el2);

	dsb(ishst);
	if (loaded != d->vttbr) {
		write_sysreg(d->vttbr, vttbr_el2);
		isb();
	}
	if (gfn.n == INVALID_GFN.n)
		tlbi_vmid();
	else
		tlbi_ipa(gfn_addr(gfn));
	if (loaded != d->vttbr) {
		write_sysreg(loaded, vttbr_el2);
		isb();
	}
}

static u64 *table_alloc(struct domain *d)
{
	struct page *pg;

	if (d->table_pages >= d->max_table_pages)
		return NULL;
	pg = page_alloc(0);
	if (!pg)
		return NULL;
	d->table_pages++;
	page_zero(page_va(pg));
	return page_va(pg);
}

/* A block becomes a table of 512 smaller ones with the same rights. */
static int split_block(struct domain *d, u64 *e, unsigned level)
{
	u64 pte = *e, step = PAGE_SIZE << level_shift(level + 1);
	u64 *t = table_alloc(d);

	if (!t)
		return -ENOMEM;
	for (unsigned i = 0; i < ENTRIES; i++)
		t[i] = (pte + i * step) | (level + 1 == 3 ? PTE_TABLE : 0);
	*e = 0;
	flush_tlb(d, INVALID_GFN);
	*e = va_to_pa(t) | PTE_VALID | PTE_TABLE;
	dsb(ishst);
	return 0;
}

/*
 * Down the tables as far as they go, at most to the wanted level: the entry there, and its level.
 * Levels are constants to the compiler.
 */
static inline u64 *walk(const struct p2m *p, gfn_t gfn, unsigned level, unsigned *found)
{
	u64 *e = &p->root[gfn.n >> level_shift(1)];
	unsigned l = 1;

	if (unlikely(start_level == 0)) {
		e = &p->root[gfn.n >> level_shift(0)];
		if (!level || !is_table(*e, 0)) {
			*found = 0;
			return e;
		}
		e = &pte_table(*e)[(gfn.n >> level_shift(1)) % ENTRIES];
	}
	if (level > 1 && is_table(*e, 1)) {
		e = &pte_table(*e)[(gfn.n >> level_shift(2)) % ENTRIES];
		l = 2;
		if (level > 2 && is_table(*e, 2)) {
			e = &pte_table(*e)[gfn.n % ENTRIES];
			l = 3;
		}
	}
	*found = l;
	return e;
}

/* A table in the place of *e, which is empty or a block. */
static int add_table(struct domain *d, u64 *e, unsigned level)
{
	u64 *t;

	if (*e & PTE_VALID)
		return split_block(d, e, level);
	t = table_alloc(d);
	if (!t)
		return -ENOMEM;
	dsb(ishst);
	*e = va_to_pa(t) | PTE_VALID | PTE_TABLE;
	return 0;
}

static __attribute__((noinline)) u64 *add_tables(struct domain *d, gfn_t gfn, unsigned level)
{
	unsigned found;
	u64 *e;

	while (e = walk(&d->p2m, gfn, level, &found), found < level)
		if (add_table(d, e, found))
			return NULL;
	return e;
}

/*
 * The entry for gfn at that level; missing tables are made and blocks above it split. NULL: no
 * memory.
 */
static inline u64 *make_entry(struct domain *d, gfn_t gfn, unsigned level)
{
	unsigned found;
	u64 *e = walk(&d->p2m, gfn, level, &found);

	return likely(found == level) ? e : add_tables(d, gfn, level);
}

/* The leaf that maps gfn, and its level, at most 3. NULL: nothing is mapped there. */
static inline u64 *find_leaf(struct domain *d, gfn_t gfn, unsigned *level)
{
	u64 *e = walk(&d->p2m, gfn, 3, level);

	return *e & PTE_VALID ? e : NULL;
}

static bool gfn_in_range(gfn_t gfn, u64 nr)
{
	return gfn.n < nr_gfns && nr <= nr_gfns - gfn.n;
}

/* Gives back what an entry held. The TLBs have forgotten it. */
static void put_entry(struct domain *d, u64 pte, unsigned level)
{
	enum p2m_type t = PTE_TYPE(pte);

	if (!types[t].frames)
		return;
	if (t == P2M_RAM && level < 3)
		page_put_block(pte_page(pte), level_shift(level));
	else
		page_put(pte_page(pte));
}

/*
 * What the guest of a direct map gives back stays its own: nobody else may get the frame at which
 * its devices and gfns point.
 */
static bool keeps_frame(const struct domain *d, gfn_t gfn, u64 pte)
{
	return d->direct_mapped && PTE_TYPE(pte) == P2M_RAM && (pte & PTE_ADDR) == gfn_addr(gfn);
}

/* Level of the largest block that may start at gfn -> mfn. Only RAM and devices come in blocks. */
static unsigned block_level(gfn_t gfn, mfn_t mfn, u64 nr, enum p2m_type t)
{
	if (t != P2M_RAM && t != P2M_DEVICE)
		return 3;
	for (unsigned l = 1; l < 3; l++)
		if (nr >> level_shift(l) && !((gfn.n | mfn.n) & ((1UL << level_shift(l)) - 1)))
			return l;
	return 3;
}

/*
 * Entry at which a piece of the range goes: at the block's level, or page by page where a table
 * stands already.
 */
static u64 *piece_entry(struct domain *d, gfn_t gfn, mfn_t mfn, u64 nr, enum p2m_type t,
			unsigned *level)
{
	unsigned want = block_level(gfn, mfn, nr, t);
	u64 *e;

	while ((e = make_entry(d, gfn, want)) && is_table(*e, want))
		want++;
	*level = want;
	return e;
}

/* A valid entry goes. */
static inline void clear_entry(struct domain *d, gfn_t gfn, u64 *e, unsigned level)
{
	u64 old = *e;

	*e = 0;
	flush_tlb(d, gfn);
	if (!keeps_frame(d, gfn, old))
		put_entry(d, old, level);
}

static void set_entry(struct domain *d, gfn_t gfn, u64 *e, unsigned level, u64 pte)
{
	if (*e & PTE_VALID)
		clear_entry(d, gfn, e, level);
	*e = pte;
	dsb(ishst);
}

static int map_locked(struct domain *d, gfn_t gfn, mfn_t mfn, u64 nr, enum p2m_type t, bool replace)
{
	unsigned level;
	u64 *e, n;

	for (u64 i = 0; i < nr; i += n) {
		e = piece_entry(d, GFN(gfn.n + i), MFN(mfn.n + i), nr - i, t, &level);
		if (!e)
			return -ENOMEM;
		if ((*e & PTE_VALID) && !replace)
			return -EBUSY;
		n = 1UL << level_shift(level);
	}
	for (u64 i = 0; i < nr; i += n) {
		e = piece_entry(d, GFN(gfn.n + i), MFN(mfn.n + i), nr - i, t, &level);
		set_entry(d, GFN(gfn.n + i), e, level, make_leaf(MFN(mfn.n + i), t, level));
		n = 1UL << level_shift(level);
	}
	d->p2m.max_gfn = max(d->p2m.max_gfn, gfn.n + nr - 1);
	return 0;
}

static __attribute__((noinline)) int map_range(struct domain *d, gfn_t gfn, mfn_t mfn, u64 nr,
					       enum p2m_type t, bool replace)
{
	int rc = -ESRCH;

	if (!nr || !gfn_in_range(gfn, nr))
		return -EINVAL;
	lock(&d->p2m.lock);
	if (d->state == DOM_ALIVE)
		rc = map_locked(d, gfn, mfn, nr, t, replace);
	unlock(&d->p2m.lock);
	return rc;
}

/* The common case here: one page, the tables exist, nothing is there. */
int p2m_map(struct domain *d, gfn_t gfn, mfn_t mfn, u64 nr, enum p2m_type t, bool replace)
{
	unsigned level;
	u64 *e;

	if (unlikely(nr != 1 || !gfn_in_range(gfn, 1)))
		return map_range(d, gfn, mfn, nr, t, replace);
	lock(&d->p2m.lock);
	e = walk(&d->p2m, gfn, 3, &level);
	/* What comes after p2m_relinquish() would never be given back. */
	if (unlikely(d->state != DOM_ALIVE || level < 3 || *e & PTE_VALID)) {
		unlock(&d->p2m.lock);
		return map_range(d, gfn, mfn, nr, t, replace);
	}
	*e = make_leaf(mfn, t, 3);
	dsb(ishst);
	if (gfn.n > d->p2m.max_gfn)
		d->p2m.max_gfn = gfn.n;
	unlock(&d->p2m.lock);
	return 0;
}

static bool unmap_one(struct domain *d, gfn_t gfn, const u64 *expect)
{
	unsigned level;
	u64 *e = find_leaf(d, gfn, &level);

	if (!e)
		return false;
	if (unlikely(level < 3)) {
		/* Part of a block goes: only now is a table needed. */
		e = make_entry(d, gfn, 3);
		if (!e)
			return false;
	}
	if (expect && ((*e ^ *expect) & (PTE_ADDR | 0xfUL << PTE_TYPE_SHIFT)))
		return false;
	clear_entry(d, gfn, e, 3);
	return true;
}

/*
 * First pass: entries of one level-3 table lose their valid bit and keep the rest. Returns how
 * many.
 */
static unsigned invalidate(u64 *e, u64 n)
{
	unsigned done = 0;

	for (u64 i = 0; i < n; i++) {
		if (!(e[i] & PTE_VALID))
			continue;
		e[i] &= ~PTE_VALID;
		done++;
	}
	return done;
}

/* Second pass, after the flush: their references go. */
static void drop_invalid(struct domain *d, gfn_t gfn, u64 *e, u64 n)
{
	for (u64 i = 0; i < n; i++) {
		if (!e[i])
			continue;
		if (!keeps_frame(d, GFN(gfn.n + i), e[i]))
			put_entry(d, e[i], 3);
		e[i] = 0;
	}
}

/* [gfn, gfn + n) within one level-3 table's reach. */
static unsigned unmap_within_table(struct domain *d, gfn_t gfn, u64 n)
{
	unsigned level, done;
	u64 *e = walk(&d->p2m, gfn, 3, &level);

	if (level < 3 && !(*e & PTE_VALID))
		return 0;
	if (level == 2 && n == ENTRIES) {
		u64 pte = *e;
		bool kept = keeps_frame(d, gfn, pte);

		*e = 0;
		flush_tlb(d, INVALID_GFN);
		if (!kept)
			put_entry(d, pte, 2);
		return ENTRIES;
	}
	if (level < 3) {
		e = make_entry(d, gfn, 3);
		if (!e)
			return 0;
	}
	done = invalidate(e, n);
	if (done) {
		flush_tlb(d, INVALID_GFN);
		drop_invalid(d, gfn, e, n);
	}
	return done;
}

unsigned p2m_unmap(struct domain *d, gfn_t gfn, u64 nr)
{
	unsigned done = 0;

	if (!gfn_in_range(gfn, nr))
		return 0;
	lock(&d->p2m.lock);
	if (nr == 1) {
		done = unmap_one(d, gfn, NULL);
	} else {
		for (u64 n; nr; nr -= n, gfn.n += n) {
			n = min(ENTRIES - gfn.n % ENTRIES, nr);
			done += unmap_within_table(d, gfn, n);
		}
	}
	unlock(&d->p2m.lock);
	return done;
}

enum p2m_type p2m_unmap_types(struct domain *d, gfn_t gfn, unsigned types_mask)
{
	enum p2m_type t = P2M_NONE;
	unsigned level;
	u64 *e;

	if (!gfn_in_range(gfn, 1))
		return P2M_NONE;
	lock(&d->p2m.lock);
	e = find_leaf(d, gfn, &level);
	if (e && (types_mask >> PTE_TYPE(*e) & 1)) {
		t = PTE_TYPE(*e);
		if (unlikely(level < 3))
			e = make_entry(d, gfn, 3);
		if (likely(e))
			clear_entry(d, gfn, e, 3);
		else
			t = P2M_NONE;
	}
	unlock(&d->p2m.lock);
	return t;
}

static bool is_own_ram(u64 pte)
{
	return (pte & PTE_VALID) && (PTE_TYPE(pte) == P2M_RAM || PTE_TYPE(pte) == P2M_RAM_RO);
}

unsigned p2m_unmap_ram(struct domain *d, gfn_t gfn, u64 nr)
{
	unsigned done = 0, level;

	if (nr == 1)
		return p2m_unmap_types(d, gfn, BIT(P2M_RAM) | BIT(P2M_RAM_RO)) != P2M_NONE;
	if (!gfn_in_range(gfn, nr))
		return 0;
	lock(&d->p2m.lock);
	while (nr) {
		u64 all = min(ENTRIES - gfn.n % ENTRIES, nr), n = 1;
		u64 *e = find_leaf(d, gfn, &level);

		if (!e || !is_own_ram(*e))
			break;
		while (n < all && (level < 3 || is_own_ram(e[n])))
			n++;
		if (n == 1 && level == 3)
			clear_entry(d, gfn, e, 3);
		else if (unmap_within_table(d, gfn, n) < n)
			break;
		done += (unsigned)n;
		if (n < all)
			break;
		nr -= n;
		gfn.n += n;
	}
	unlock(&d->p2m.lock);
	return done;
}

int p2m_unmap_exact(struct domain *d, gfn_t gfn, mfn_t mfn, enum p2m_type t)
{
	u64 expect = mfn_addr(mfn) | (u64)t << PTE_TYPE_SHIFT;
	bool done;

	if (!gfn_in_range(gfn, 1))
		return -ENOENT;
	lock(&d->p2m.lock);
	done = unmap_one(d, gfn, &expect);
	unlock(&d->p2m.lock);
	return done ? 0 : -ENOENT;
}

/* The leaf that covers gfn as if it were a page; 0 if none. */
static inline u64 lookup_locked(struct domain *d, gfn_t gfn)
{
	unsigned level;
	u64 pte;

	if (unlikely(!gfn_in_range(gfn, 1)))
		return 0;
	pte = *walk(&d->p2m, gfn, 3, &level);
	if (!(pte & PTE_VALID))
		return 0;
	/* Shifts by a constant each. */
	switch (level) {
	case 3: return pte;
	case 2: return pte + (gfn.n % (1UL << level_shift(2)) << PAGE_SHIFT);
	default: return pte + (gfn.n % (1UL << level_shift(1)) << PAGE_SHIFT);
	}
}

enum p2m_type p2m_lookup(struct domain *d, gfn_t gfn, mfn_t *mfn)
{
	u64 pte;

	lock(&d->p2m.lock);
	pte = lookup_locked(d, gfn);
	unlock(&d->p2m.lock);
	*mfn = pte ? mfn_of(pte & PTE_ADDR) : INVALID_MFN;
	return PTE_TYPE(pte);
}

static inline __attribute__((always_inline)) struct page *get_page(struct domain *d, gfn_t gfn,
								   unsigned want, enum p2m_type *t)
{
	struct page *pg = NULL;
	u64 pte;

	lock(&d->p2m.lock);
	pte = lookup_locked(d, gfn);
	*t = PTE_TYPE(pte);
	if (likely(!(want & ~types[*t].allows))) {
		pg = pte_page(pte);
		if (unlikely(!page_get_again(pg)))
			pg = NULL;
	}
	unlock(&d->p2m.lock);
	return pg;
}

struct page *p2m_get_page_type(struct domain *d, gfn_t gfn, unsigned want, enum p2m_type *t)
{
	return get_page(d, gfn, want, t);
}

struct page *p2m_get_page(struct domain *d, gfn_t gfn, unsigned want)
{
	enum p2m_type t;

	return get_page(d, gfn, want, &t);
}

bool p2m_access_ok(struct domain *d, gpa_t gpa, bool write, bool exec)
{
	u64 pte;

	lock(&d->p2m.lock);
	pte = lookup_locked(d, gfn_of(gpa));
	unlock(&d->p2m.lock);
	return pte && (pte & (write ? PTE_WRITE : PTE_READ)) && !(exec && (pte & PTE_XN));
}

int p2m_cache_flush(struct domain *d, gfn_t *pos, gfn_t end)
{
	for (; pos->n < end.n; pos->n++) {
		struct page *pg = p2m_get_page(d, *pos, WANT_READ);

		if (pg) {
			cache_clean_inv(page_va(pg), PAGE_SIZE);
			page_put(pg);
		}
		if (irq_pending() && pos->n + 1 < end.n) {
			pos->n++;
			return -ERESTART;
		}
	}
	return 0;
}

int p2m_repopulate_direct(struct domain *d, gfn_t gfn)
{
	struct page *pg = mfn_record(MFN(gfn.n));

	if (!d->direct_mapped || !pg || page_owner(pg) != d->slot || pg->refs != 1)
		return -EINVAL;
	return p2m_map(d, gfn, MFN(gfn.n), 1, P2M_RAM, false);
}

int p2m_init(struct domain *d)
{
	lock_init(&d->p2m.lock, RANK_P2M);
	d->p2m.root = xalloc_pages(root_order);
	if (!d->p2m.root)
		return -ENOMEM;
	d->table_pages = 1UL << root_order;
	d->vmid = (u16)(d->slot % ((1U << min(cpu_vmid_bits, 8u)) - 1) + 1);
	d->vttbr = va_to_pa(d->p2m.root) | (u64)d->vmid << 48;
	return 0;
}

/*
 * What a step of p2m_relinquish() may do: about so many pages, or a block; so many empty entries
 * cost as much as a page. Each step gets on.
 */
#define STEP_PAGES 40U
#define ENTRIES_PER_PAGE 64

static void spend(unsigned *budget, unsigned pages)
{
	*budget -= min(pages, *budget - 1);
}

/* Whether the next ENTRIES_PER_PAGE entries are. */
static bool all_empty(const u64 *t)
{
	u64 any = 0;

	for (unsigned i = 0; i < ENTRIES_PER_PAGE && !any; i += 4)
		any = t[i] | t[i + 1] | t[i + 2] | t[i + 3];
	return !any;
}

/*
 * Frees what a table holds from gfn *at of its range on, until the budget is spent; 0: all of it is
 * empty. *at: where to go on.
 */
static int relinquish_table(struct domain *d, u64 *t, unsigned level, unsigned nr_entries, u64 *at,
			    unsigned *budget)
{
	unsigned shift = level_shift(level), first = (unsigned)(*at >> shift) & (nr_entries - 1);

	for (unsigned i = first; i < nr_entries; i++) {
		u64 pte = t[i];

		if (!pte && i % ENTRIES_PER_PAGE)
			continue;
		if (i != first)
			*at = 0;
		if (!--*budget) {
			*at = (u64)i << shift;
			return -ERESTART;
		}
		if (!pte) {
			i += all_empty(&t[i]) ? ENTRIES_PER_PAGE - 1 : 0;
			continue;
		}
		if (is_table(pte, level)) {
			if (relinquish_table(d, pte_table(pte), level + 1, ENTRIES, at, budget)) {
				*at += (u64)i << shift;
				return -ERESTART;
			}
			xfree_pages(pte_table(pte), 0);
			d->table_pages--;
		} else {
			put_entry(d, pte, level);
			spend(budget, level < 3 ? STEP_PAGES : 0);
		}
		t[i] = 0;
	}
	return 0;
}

int p2m_relinquish(struct domain *d)
{
	unsigned budget, entries = 1U << (cpu_ipa_bits - PAGE_SHIFT - level_shift(start_level));
	int rc;

	/* No vCPU of d runs any more, so this flush holds for all that follows. */
	lock(&d->p2m.lock);
	flush_tlb(d, INVALID_GFN);
	do {
		budget = STEP_PAGES;
		rc = relinquish_table(d, d->p2m.root, start_level, entries, &d->p2m.relinquished,
				      &budget);
	} while (rc && !irq_pending());
	unlock(&d->p2m.lock);
	return rc;
}

void p2m_free(struct domain *d)
{
	xfree_pages(d->p2m.root, root_order);
	d->p2m.root = NULL;
	d->table_pages = 0;
}

static const u8 sizes[] = { 32, 36, 40, 42, 44, 48 }; /* as PARange and VTCR_EL2.PS have them */

static unsigned size_of(unsigned bits)
{
	unsigned i;

	for (i = 0; i + 1 < ARRAY_SIZE(sizes) && sizes[i] < bits; i++)
		;
	return i;
}

void p2m_setup(unsigned bits)
{
	/* At least 40 bits: extended regions of DomUs. */
	cpu_ipa_bits = sizes[size_of(min(max(bits, 40u), cpu_pa_bits))];
	nr_gfns = 1UL << (cpu_ipa_bits - PAGE_SHIFT);
	start_level = cpu_ipa_bits > 43 ? 0 : 1;
	root_order = cpu_ipa_bits > 39 && start_level == 1 ? cpu_ipa_bits - 39 : 0;
	no_tables = xalloc_pages(root_order);
	if (!no_tables)
		panic("no memory for stage-2 tables");
	/* T0SZ, SL0, write-back inner shareable walks, 4 KiB granule, PS, RES1 */
	vtcr = (64 - cpu_ipa_bits) | (start_level == 1 ? 1UL : 2UL) << 6 | 1UL << 8 | 1UL << 10 |
	       3UL << 12 | (u64)size_of(cpu_pa_bits) << 16 | BIT(31);
}

void p2m_unload(void)
{
	write_sysreg(va_to_pa(no_tables), vttbr_el2);
	isb();
}

void p2m_init_cpu(void)
{
	write_sysreg(vtcr, vtcr_el2);
}

void p2m_load(struct domain *d)
{
	u16 *user = &this_cpu()->vmid_user[d->vmid & 0xff];

	write_sysreg(d->vttbr, vttbr_el2);
	if (unlikely(*user != d->slot + 1)) {
		*user = (u16)(d->slot + 1);
		isb();
		tlbi_vmid_local();
	}
}
