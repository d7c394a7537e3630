// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stage-2 tables against a plain array: random maps, unmaps, splits of blocks, foreign and grant
 * mappings, with and without memory for tables. After each operation the tables, walked as the
 * hardware walks them, say what the array says; no TLB has anything that was removed (fake/tlb.h);
 * every frame has one reference per mapping; in the end every page comes back.
 */
#include <core/cpu.h>
#include <domain/domain.h>
#include <lib/errno.h>
#include <lib/string.h>
#include "fake/tlb.h"
#include "harness.h"

/* domains; the last one is direct-mapped where its frame numbers fit in */
#define NR 3
#define HEAP_PAGES 16384UL /* in use by the random tests */
#define GIB_FRAMES (1UL << 18)
#define WINDOWS 3
#define W0 1024U /* gfns of each window */
#define W1 1024U
#define W2 512U
#define SIZE (W0 + W1 + W2)
#define OWN_TYPES (BIT(P2M_RAM) | BIT(P2M_RAM_RO))
#define DEVICE_MFN 0x9000UL

struct cpu cpus[MAX_CPUS];
unsigned cpu_count = 1;
unsigned cpu_pa_bits = 48, cpu_ipa_bits, cpu_vmid_bits = 8;
_Thread_local struct cpu *fake_cpu = &cpus[0];
_Thread_local bool fake_irq_pending;
u64 fake_ticks;

static struct domain *doms[NR];
static struct ref {
	u64 mfn;
	enum p2m_type t;
} model[NR][SIZE];
static bool kept[HEAP_PAGES]; /* frames of the direct map that are not mapped now */
static u64 top[NR];	      /* highest gfn ever mapped */
static u64 direct_base, free_before, cleaned;
static bool tight;  /* there may be no memory for tables */
static bool plenty; /* never tight */

/* What an entry of each type lets the guest do, and p2m_get_page() give. */
static const struct {
	bool write, exec, frames;
	unsigned want;
} rules[] = {
	[P2M_NONE] = { 0 },
	[P2M_RAM] = { true, true, true, WANT_READ | WANT_WRITE | WANT_OWN },
	[P2M_RAM_RO] = { false, true, true, WANT_READ | WANT_OWN },
	[P2M_DEVICE] = { true, false, false, 0 },
	[P2M_FOREIGN] = { true, false, true, WANT_READ | WANT_WRITE },
	[P2M_FOREIGN_RO] = { false, false, true, WANT_READ },
	[P2M_GRANT] = { true, false, true, WANT_READ | WANT_WRITE },
	[P2M_GRANT_RO] = { false, false, true, WANT_READ },
	[P2M_XEN] = { true, false, true, WANT_READ | WANT_WRITE },
};

static unsigned rnd(unsigned n)
{
	return host_random() % n;
}
void cache_clean_inv(const void *p, size_t n)
{
	cleaned++;
}
struct domain *domain_of_slot(unsigned slot)
{
	return doms[slot];
}
void domain_release(struct domain *d)
{
	p2m_free(d);
	doms[d->slot] = NULL;
	xfree(d);
}

/* --- windows of guest memory --- */

static u64 nr_gfns(void)
{
	return 1UL << (cpu_ipa_bits - PAGE_SHIFT);
}

static u64 gfn_of_index(unsigned d, unsigned i)
{
	if (i < W0)
		return (d == NR - 1 ? direct_base : 0) + i;
	return i < W0 + W1 ? GIB_FRAMES - W1 / 2 + i - W0 : nr_gfns() - W2 + i - W0 - W1;
}

/* SIZE: in no window. */
static unsigned index_of_gfn(unsigned d, u64 gfn)
{
	u64 base = d == NR - 1 ? direct_base : 0;

	if (gfn - base < W0)
		return (unsigned)(gfn - base);
	if (gfn - (GIB_FRAMES - W1 / 2) < W1)
		return W0 + (unsigned)(gfn - (GIB_FRAMES - W1 / 2));
	return gfn - (nr_gfns() - W2) < W2 ? W0 + W1 + (unsigned)(gfn - (nr_gfns() - W2)) : SIZE;
}

static struct ref *at(unsigned d, u64 gfn)
{
	static struct ref nothing;
	unsigned i = index_of_gfn(d, gfn);

	nothing = (struct ref){ 0 };
	return i < SIZE ? &model[d][i] : &nothing;
}

static u64 frame_index(u64 mfn)
{
	return mfn - frame_base;
}

/* --- what must hold --- */

static void agree(unsigned d)
{
	const struct tlb_entry *e;
	unsigned n = tlb_sync(doms[d]->vttbr, &e), mapped = 0, found = 0;

	for (unsigned i = 0; i < n; i++) {
		for (u64 k = 0; k < 1UL << 9 * (3 - e[i].level); k++) {
			struct ref *r = at(d, e[i].gfn + k);

			found++;
			CHECK(r->t == (e[i].pte >> 55 & 15) &&
			      r->mfn == ((e[i].pte & 0xfffffffff000) >> PAGE_SHIFT) + k);
			CHECK(!!(e[i].pte & BIT(7)) == rules[r->t].write &&
			      !(e[i].pte & BIT(54)) == rules[r->t].exec);
		}
	}
	for (unsigned i = 0; i < SIZE; i++)
		mapped += model[d][i].t != P2M_NONE;
	CHECK_EQ(found, mapped);
	CHECK_EQ(doms[d]->table_pages, tlb_table_pages);
	CHECK_EQ(doms[d]->p2m.max_gfn, top[d]);
	CHECK_EQ(cpus[0].lock_depth, 0);
}

static void count_references(void)
{
	static u32 refs[HEAP_PAGES];
	u64 owned[NR] = { 0 };

	if (heap_total_pages > HEAP_PAGES)
		return;
	memset(refs, 0, sizeof(refs));
	for (unsigned d = 0; d < NR; d++)
		for (unsigned i = 0; i < SIZE; i++)
			if (rules[model[d][i].t].frames)
				refs[frame_index(model[d][i].mfn)]++;
	for (u64 i = 0; i < HEAP_PAGES; i++) {
		refs[i] += kept[i];
		if (refs[i] || page_owner(&frame_table[i]) < NR)
			CHECK_EQ(frame_table[i].refs, refs[i]);
		if (refs[i] && frame_table[i].state != PG_SHARED)
			owned[page_owner(&frame_table[i])]++;
	}
	for (unsigned d = 0; d < NR; d++)
		if (doms[d])
			CHECK_EQ(doms[d]->tot_pages, owned[d]);
}

/* --- memory that ends --- */

static struct page *hoard;

/* Takes all but a few pages of the heap. */
static void hoard_pages(unsigned leave)
{
	struct page *pg, *left = NULL;

	while ((pg = page_alloc(0))) {
		*(struct page **)page_va(pg) = hoard;
		hoard = pg;
	}
	for (; leave-- && hoard; hoard = left) {
		left = *(struct page **)page_va(hoard);
		page_free(hoard, 0);
	}
}

static void unhoard(void)
{
	for (struct page *next; hoard; hoard = next) {
		next = *(struct page **)page_va(hoard);
		page_free(hoard, 0);
	}
}

static void make_tight(struct domain *d)
{
	tight = !plenty && rnd(4) == 0;
	d->max_table_pages = tight && rnd(2) ? d->table_pages + rnd(4) : ~0UL;
	if (tight && d->max_table_pages == ~0UL && rnd(8) == 0)
		hoard_pages(rnd(4));
}

/* --- operations, each also on the model --- */

static void drop(unsigned d, u64 gfn)
{
	struct ref *r = at(d, gfn);

	if (doms[d]->direct_mapped && r->t == P2M_RAM && r->mfn == gfn)
		kept[frame_index(gfn)] = true;
	*r = (struct ref){ 0 };
}

/* With references of the caller's to the frames, which are given back if nothing comes of it. */
static void map(unsigned d, u64 gfn, u64 mfn, u64 nr, enum p2m_type t, bool replace)
{
	bool busy = false;
	int rc;

	for (u64 k = 0; k < nr; k++)
		busy |= at(d, gfn + k)->t != P2M_NONE;
	make_tight(doms[d]);
	rc = p2m_map(doms[d], GFN(gfn), MFN(mfn), nr, t, replace);
	unhoard();
	if (gfn >= nr_gfns() || nr > nr_gfns() - gfn || !nr)
		CHECK_EQ(rc, -EINVAL);
	else if (busy && !replace)
		CHECK(rc == -EBUSY || (tight && rc == -ENOMEM));
	else
		CHECK(!rc || (tight && rc == -ENOMEM));
	for (u64 k = 0; k < nr; k++) {
		if (rc) {
			if (rules[t].frames)
				page_put(mfn_page(MFN(mfn + k)));
			continue;
		}
		drop(d, gfn + k);
		*at(d, gfn + k) = (struct ref){ mfn + k, t };
	}
	if (!rc)
		top[d] = max(top[d], gfn + nr - 1);
}

/*
 * Where a range of nr gfns may lie: anywhere, mostly within a window and often aligned like a
 * block.
 */
static u64 some_gfn(unsigned d, u64 nr)
{
	unsigned start[WINDOWS] = { 0, W0, W0 + W1 }, size[WINDOWS] = { W0, W1, W2 },
		 w = rnd(WINDOWS);
	u64 gfn;

	if (nr > size[w])
		w = 0;
	gfn = gfn_of_index(d, start[w] + rnd(size[w] - (unsigned)nr + 1));
	if (rnd(2) && index_of_gfn(d, ROUND_DOWN(gfn, 512UL)) < SIZE)
		gfn = ROUND_DOWN(gfn, 512UL);
	return gfn;
}

static void map_new(unsigned d)
{
	unsigned order = rnd(4) ? rnd(4) : 8 + rnd(3);
	u64 nr = rnd(3) ? 1UL << order : 1 + rnd(1U << order);
	struct page *pg;

	if (doms[d]->direct_mapped)
		return;
	pg = page_alloc_domain(doms[d], order);
	if (!pg)
		return;
	for (u64 k = nr; k < 1UL << order; k++)
		page_put(pg + k);
	map(d, some_gfn(d, nr), page_mfn(pg).n, nr, nr > 1 || rnd(4) ? P2M_RAM : P2M_RAM_RO,
	    rnd(3));
}

/* A frame that somebody has as RAM, with a reference; NULL: none was found. */
static struct page *some_frame(unsigned *owner)
{
	for (unsigned tries = 0; tries < 20; tries++) {
		struct ref *r;
		struct page *pg;

		*owner = rnd(NR);
		r = &model[*owner][rnd(4) ? rnd(W0) : rnd(SIZE)];
		if (!doms[*owner] || !(OWN_TYPES >> r->t & 1))
			continue;
		pg = mfn_page(MFN(r->mfn));
		CHECK(page_get(pg, doms[*owner]));
		return pg;
	}
	return NULL;
}

static void map_again(unsigned d)
{
	static const enum p2m_type own[] = { P2M_RAM, P2M_RAM_RO, P2M_GRANT, P2M_GRANT_RO };
	static const enum p2m_type foreign[] = { P2M_FOREIGN, P2M_FOREIGN_RO, P2M_GRANT,
						 P2M_GRANT_RO };
	unsigned owner;
	struct page *pg = some_frame(&owner);
	u64 gfn = some_gfn(d, 1);
	enum p2m_type t = owner == d ? own[rnd(4)] : foreign[rnd(4)];

	if (!pg)
		return;
	if (page_mfn(pg).n == gfn && OWN_TYPES >> t & 1)
		page_put(pg);
	else
		map(d, gfn, page_mfn(pg).n, 1, t, rnd(3));
}

static void map_other(unsigned d)
{
	u64 nr = rnd(2) ? 1 + rnd(700) : 512, gfn = some_gfn(d, nr);
	struct page *pg;

	if (rnd(3)) {
		map(d, gfn, rnd(2) ? DEVICE_MFN + rnd(1000) : DEVICE_MFN, nr, P2M_DEVICE, rnd(3));
		return;
	}
	pg = page_alloc_shared(doms[d]);
	if (pg)
		map(d, rnd(20) ? some_gfn(d, 1) : nr_gfns() + rnd(3) - 1, page_mfn(pg).n, 1,
		    P2M_XEN, true);
}

static bool was_removed(unsigned d, u64 gfn)
{
	mfn_t mfn;

	return p2m_lookup(doms[d], GFN(gfn), &mfn) == P2M_NONE;
}

/* Without memory a part of a block stays; pieces of one level-3 table go together or not at all. */
static void unmap(unsigned d)
{
	u64 nr = rnd(3) ? 1 + rnd(20) : 1 + rnd(512), gfn = some_gfn(d, nr);
	unsigned mapped = 0, left = 0, done;

	if (!rnd(10))
		/* out of range, or wrapping */
		gfn = rnd(2) ? 1UL << (28 + rnd(36)) : ~0UL - rnd(512);
	make_tight(doms[d]);
	done = p2m_unmap(doms[d], GFN(gfn), nr);
	unhoard();
	if (gfn >= nr_gfns() || nr > nr_gfns() - gfn) {
		CHECK_EQ(done, 0);
		return;
	}
	for (u64 k = 0; k < nr; k++) {
		if (at(d, gfn + k)->t == P2M_NONE)
			continue;
		mapped++;
		if (tight && !was_removed(d, gfn + k))
			left++;
		else
			drop(d, gfn + k);
	}
	CHECK_EQ(done, mapped - left);
}

static void unmap_ram(unsigned d)
{
	u64 nr = rnd(3) ? 1 + rnd(20) : 1 + rnd(1024), gfn = some_gfn(d, nr), all = 0, done;

	while (all < nr && (OWN_TYPES >> at(d, gfn + all)->t & 1))
		all++;
	make_tight(doms[d]);
	done = p2m_unmap_ram(doms[d], GFN(gfn), nr);
	unhoard();
	CHECK(done == all || (tight && done < all));
	for (u64 k = 0; k < done; k++)
		drop(d, gfn + k);
}

static void unmap_one(unsigned d)
{
	u64 gfn = some_gfn(d, 1);
	struct ref r = *at(d, gfn);
	unsigned mask = host_random() & 0x1ff;
	bool right = rnd(3), done;

	make_tight(doms[d]);
	if (rnd(2)) {
		enum p2m_type t = p2m_unmap_types(doms[d], GFN(gfn), mask);

		right = mask >> r.t & 1 && r.t;
		done = t != P2M_NONE;
		CHECK(!done || t == r.t);
	} else {
		done = !p2m_unmap_exact(doms[d], GFN(gfn), MFN(r.mfn + (right ? 0 : rnd(2))),
					right ? r.t : (r.t + 1) % 9);
		right = right && r.t;
	}
	unhoard();
	CHECK(done == right || (tight && !done));
	if (done)
		drop(d, gfn);
}

static void repopulate(unsigned d)
{
	u64 gfn = direct_base + rnd(W0);
	struct page *pg = mfn_page(MFN(gfn));
	bool can = doms[d]->direct_mapped && kept[frame_index(gfn)] && pg->refs == 1 &&
		   at(d, gfn)->t == P2M_NONE;
	int rc;

	tight = false;
	doms[d]->max_table_pages = ~0UL;
	rc = p2m_repopulate_direct(doms[d], GFN(gfn));
	CHECK_EQ(!rc, can);
	if (rc)
		return;
	kept[frame_index(gfn)] = false;
	*at(d, gfn) = (struct ref){ gfn, P2M_RAM };
	top[d] = max(top[d], gfn);
}

static void look(unsigned d)
{
	u64 gfn = rnd(10) ? some_gfn(d, 1) : nr_gfns() + rnd(2);
	struct ref *r = at(d, gfn);
	unsigned want = 1 + rnd(7);
	enum p2m_type t;
	struct page *pg = p2m_get_page_type(doms[d], GFN(gfn), want, &t);
	bool write = rnd(2), exec = !write && rnd(2);
	mfn_t mfn;

	CHECK_EQ(pg != NULL, r->t && !(want & ~rules[r->t].want));
	CHECK_EQ(t, r->t);
	if (pg) {
		CHECK_EQ(page_mfn(pg).n, r->mfn);
		CHECK(pg->refs > 1);
		page_put(pg);
	}
	CHECK_EQ(p2m_lookup(doms[d], GFN(gfn), &mfn), r->t);
	CHECK_EQ(mfn.n, r->t ? r->mfn : INVALID_MFN.n);
	CHECK_EQ(p2m_access_ok(doms[d], gfn_addr(GFN(gfn)) + rnd(4096), write, exec),
		 r->t && (!write || rules[r->t].write) && (!exec || rules[r->t].exec));
}

static void flush_cache(unsigned d)
{
	u64 nr = 1 + rnd(600), start = some_gfn(d, nr), expect = 0;
	gfn_t pos = GFN(start);
	unsigned steps = 0;

	for (u64 k = 0; k < nr; k++)
		expect += rules[at(d, start + k)->t].frames;
	cleaned = 0;
	fake_irq_pending = rnd(2);
	while (p2m_cache_flush(doms[d], &pos, GFN(start + nr)) == -ERESTART)
		CHECK(++steps < nr);
	fake_irq_pending = false;
	CHECK_EQ(cleaned, expect);
}

/* --- worlds --- */

static void heap_make(void)
{
	static bool done;
	char *mem;

	if (done)
		return;
	done = true;
	/* The random tests have HEAP_PAGES, the rest (for blocks of 1 GiB) comes later. */
	mem = host_pages(3 * GIB_FRAMES);
	page_init_table(host_pages(3 * GIB_FRAMES * sizeof(struct page) / PAGE_SIZE),
			(u64)mem >> PAGE_SHIFT, 3 * GIB_FRAMES);
	page_add_ram(MFN(frame_base), 3 * GIB_FRAMES);
	heap_add((paddr_t)mem, (paddr_t)mem + HEAP_PAGES * PAGE_SIZE);
}

static void domain_make(unsigned i)
{
	struct domain *d = xzalloc(sizeof(*d));

	d->refs = 1;
	d->slot = (u16)i;
	d->max_pages = d->max_table_pages = ~0UL;
	lock_init(&d->lock, RANK_DOMAIN);
	doms[i] = d;
	top[i] = 0;
	CHECK_EQ(p2m_init(d), 0);
	p2m_init_cpu();
	p2m_load(d);
	tlb_watch(d->vttbr);
}

static void start(unsigned bits)
{
	struct page *pg;

	heap_make();
	memset(model, 0, sizeof(model));
	memset(kept, 0, sizeof(kept));
	p2m_setup(bits);
	free_before = heap_free_pages;
	for (unsigned i = 0; i < NR; i++)
		domain_make(i);
	direct_base = 8 * GIB_FRAMES;
	if (bits < 48)
		return;
	pg = page_alloc(10);
	direct_base = page_mfn(pg).n;
	doms[NR - 1]->direct_mapped = true;
	page_assign(pg, doms[NR - 1], 10);
	plenty = true;
	map(NR - 1, direct_base, direct_base, W0, P2M_RAM, false);
	plenty = false;
	/* Blocks that its guest gives back whole stay its own, too. */
	CHECK_EQ(p2m_unmap(doms[NR - 1], GFN(direct_base), W0 / 2), W0 / 2);
	for (u64 k = 0; k < W0 / 2; k++)
		drop(NR - 1, direct_base + k);
	count_references();
}

static void kill(unsigned i)
{
	struct domain *d = doms[i];
	unsigned steps = 0;

	d->state = DOM_DYING;
	CHECK_EQ(p2m_map(d, GFN(1), MFN(DEVICE_MFN), 1, P2M_DEVICE, true), -ESRCH);
	tlb_idle(d->vttbr);
	fake_irq_pending = true;
	while (p2m_relinquish(d) == -ERESTART)
		if (++steps == 1000)
			host_panic("no end of p2m_relinquish()");
	fake_irq_pending = false;
	memset(model[i], 0, sizeof(model[i]));
	CHECK_EQ(tlb_sync(d->vttbr, NULL), 0);
	CHECK_EQ(d->table_pages, tlb_table_pages);
	tlb_unwatch(d->vttbr);
	/* The direct map's frames are the domain's for ever: only the test takes them back. */
	for (u64 k = 0; d->direct_mapped && k < W0; k++)
		if (kept[frame_index(direct_base + k)])
			page_put(mfn_page(MFN(direct_base + k)));
	memset(kept, 0, d->direct_mapped ? sizeof(kept) : 0);
	count_references();
	domain_put(d);
}

static void random_op(unsigned d)
{
	switch (rnd(12)) {
	case 0:
	case 1: map_new(d); break;
	case 2:
	case 3: map_again(d); break;
	case 4: map_other(d); break;
	case 5:
	case 6: unmap(d); break;
	case 7: unmap_ram(d); break;
	case 8: unmap_one(d); break;
	case 9: repopulate(d); break;
	case 10: look(d); break;
	default: rnd(4) ? look(d) : flush_cache(d);
	}
}

static void test_random(unsigned bits)
{
	for (unsigned round = 0; round < host_effort(1); round++) {
		start(bits);
		for (unsigned n = 0; n < 2500; n++) {
			unsigned d = rnd(NR);

			random_op(d);
			agree(d);
			if (n % 8 == 0)
				count_references();
		}
		for (unsigned n = 0, i = rnd(NR); n < NR; n++)
			kill((i + n) % NR);
		for (unsigned i = 0; i < NR; i++)
			CHECK(!doms[i]);
		CHECK_EQ(heap_free_pages, free_before);
	}
}

static void test_random_40(void)
{
	test_random(40);
}
static void test_random_43(void)
{
	test_random(43);
}
static void test_random_48(void)
{
	test_random(48);
}

/*
 * Blocks of 1 GiB: mapped at once, broken to pages in the middle, unmapped in pieces; frames of it
 * that somebody else has stay his.
 */
static void test_gib(void)
{
	struct domain *d;
	const struct tlb_entry *e;
	struct page *pg, *held;
	u64 tables;
	mfn_t mfn;

	heap_make();
	/* Naturally aligned wherever the host put it. */
	heap_add((paddr_t)page_va(frame_table + HEAP_PAGES),
		 (paddr_t)page_va(frame_table + 3 * GIB_FRAMES));
	p2m_setup(48);
	free_before = heap_free_pages;
	memset(model, 0, sizeof(model));
	for (unsigned i = 0; i < 2; i++)
		domain_make(i);
	d = doms[0];
	pg = page_alloc(18);
	if (!pg)
		host_panic("no 1 GiB");
	page_assign(pg, d, 18);
	tables = d->table_pages;
	CHECK_EQ(p2m_map(d, GFN(2 * GIB_FRAMES), page_mfn(pg), GIB_FRAMES, P2M_RAM, false), 0);
	CHECK_EQ(tlb_sync(d->vttbr, &e), 1);
	CHECK_EQ(e->level, 1);
	CHECK_EQ(d->table_pages, tables + 1);
	CHECK_EQ(p2m_lookup(d, GFN(2 * GIB_FRAMES + 77777), &mfn), P2M_RAM);
	CHECK_EQ(mfn.n, page_mfn(pg).n + 77777);
	held = p2m_get_page(d, GFN(2 * GIB_FRAMES + 600), WANT_OWN);
	CHECK(held == pg + 600);
	/* One page out of it: a level-2 table of blocks, a level-3 table of pages. */
	CHECK_EQ(p2m_unmap(d, GFN(2 * GIB_FRAMES + 77777), 1), 1);
	CHECK_EQ(tlb_sync(d->vttbr, NULL), 511 + 511);
	CHECK_EQ(d->table_pages, tables + 3);
	CHECK_EQ(d->tot_pages, GIB_FRAMES - 1);
	CHECK_EQ(pg[77777].refs, 0);
	/* A block with the frame that is held. */
	CHECK_EQ(p2m_unmap(d, GFN(2 * GIB_FRAMES + 512), 512), 512);
	CHECK_EQ(tlb_sync(d->vttbr, NULL), 511 + 510);
	CHECK_EQ(d->tot_pages, GIB_FRAMES - 1 - 511);
	CHECK_EQ(held->refs, 1);
	CHECK(page_get(held, d));
	CHECK_EQ(p2m_map(doms[1], GFN(5), page_mfn(held), 1, P2M_FOREIGN, false), 0);
	page_put(held);
	/* Devices over what is left. */
	CHECK_EQ(p2m_map(d, GFN(2 * GIB_FRAMES), MFN(GIB_FRAMES), GIB_FRAMES, P2M_DEVICE, false),
		 -EBUSY);
	CHECK_EQ(p2m_map(d, GFN(2 * GIB_FRAMES), MFN(GIB_FRAMES), GIB_FRAMES, P2M_DEVICE, true), 0);
	CHECK_EQ(tlb_sync(d->vttbr, NULL), 511 + 512); /* tables that exist stay */
	CHECK_EQ(p2m_map(d, GFN(4 * GIB_FRAMES), MFN(GIB_FRAMES), GIB_FRAMES, P2M_DEVICE, false),
		 0);
	CHECK_EQ(tlb_sync(d->vttbr, NULL), 511 + 512 + 1);
	CHECK_EQ(d->tot_pages, 1);
	kill(0);
	CHECK_EQ(doms[0] != NULL, true);
	kill(1);
	CHECK(!doms[0] && !doms[1]);
	CHECK_EQ(heap_free_pages, free_before);
}

/* A CPU that meets a VMID again that another domain used meanwhile forgets what it knows of it. */
static void test_vmids(void)
{
	struct domain *d[3];
	u64 free_now;

	heap_make();
	p2m_setup(48);
	free_now = heap_free_pages;
	for (unsigned i = 0; i < 3; i++) {
		d[i] = xzalloc(sizeof(*d[i]));
		d[i]->slot = (u16)(i == 2 ? 255 : i); /* 0 and 255 have the same */
		CHECK_EQ(p2m_init(d[i]), 0);
		CHECK(d[i]->vmid > 0 && d[i]->vttbr >> 48 == d[i]->vmid);
	}
	CHECK_EQ(d[0]->vmid, d[2]->vmid);
	CHECK(d[0]->vmid != d[1]->vmid);
	memset(cpus[0].vmid_user, 0, sizeof(cpus[0].vmid_user));
	fake_local_flushes = 0;
	for (unsigned i = 0; i < 6; i++) {
		static const struct {
			u8 who, flushes;
		} steps[] = { { 0, 1 }, { 1, 2 }, { 0, 2 }, { 2, 3 }, { 2, 3 }, { 0, 4 } };

		p2m_load(d[steps[i].who]);
		CHECK_EQ(fake_local_flushes, steps[i].flushes);
		CHECK_EQ(fake_regs.vttbr_el2, d[steps[i].who]->vttbr);
	}
	p2m_unload();
	for (unsigned i = 0; i < 3; i++) {
		CHECK(fake_regs.vttbr_el2 != d[i]->vttbr);
		p2m_free(d[i]);
		CHECK_EQ(d[i]->table_pages, 0);
		xfree(d[i]);
	}
	CHECK_EQ(heap_free_pages, free_now);
}

/*
 * Every size of addresses: VTCR says what the tables are, and they end where it says. Guests are
 * told the size, so it is one that ID_AA64MMFR0_EL1 knows.
 */
static void test_sizes(void)
{
	heap_make();
	memset(model, 0, sizeof(model));
	for (unsigned pa = 40; pa <= 48; pa += pa < 44 ? 2 : 4) {
		cpu_pa_bits = pa;
		for (unsigned bits = 32; bits <= 48; bits++) {
			unsigned told = bits <= 40 ? 40 : bits <= 42 ? 42 : bits <= 44 ? 44 : 48;

			p2m_setup(bits);
			CHECK_EQ(cpu_ipa_bits, min(told, pa));
			free_before = heap_free_pages;
			domain_make(0);
			CHECK_EQ(fake_regs.vtcr_el2 >> 16 & 7, pa == 40	  ? 2
							       : pa == 42 ? 3
							       : pa == 44 ? 4
									  : 5);
			CHECK_EQ(64 - (fake_regs.vtcr_el2 & 63), cpu_ipa_bits);
			CHECK_EQ(p2m_map(doms[0], GFN(nr_gfns() - 1), MFN(7), 1, P2M_DEVICE, false),
				 0);
			CHECK_EQ(p2m_map(doms[0], GFN(nr_gfns()), MFN(7), 1, P2M_DEVICE, false),
				 -EINVAL);
			CHECK_EQ(p2m_map(doms[0], GFN(nr_gfns() - 1), MFN(7), 2, P2M_DEVICE, true),
				 -EINVAL);
			CHECK_EQ(tlb_sync(doms[0]->vttbr, NULL), 1);
			kill(0);
			CHECK_EQ(heap_free_pages, free_before);
		}
	}
	cpu_pa_bits = 48;
}

int main(void);
int main(void)
{
	static const struct test tests[] = {
		{ "random operations, 40-bit guest addresses", test_random_40 },
		{ "random operations, 43 bits", test_random_43 },
		{ "random operations, 48 bits, direct map", test_random_48 },
		{ "sizes of addresses", test_sizes },
		{ "VMIDs", test_vmids },
		{ "blocks of 1 GiB", test_gib },
	};

	return run_tests("p2m", tests, ARRAY_SIZE(tests));
}
