// SPDX-License-Identifier: GPL-2.0-only
/*
 * See tlb.h. The walk is that of the Arm ARM from VTTBR_EL2 and VTCR_EL2, not that of p2m.c. One
 * thread only.
 */
#include <arm/sysreg.h>
#include <core/page.h>
#include "../harness.h"
#include "tlb.h"

#define NR 16
#define MAX_ENTRIES 65536U
#define ALL (1UL << 40)
#define ADDR 0xfffffffff000UL

static struct tlb {
	u64 vttbr;
	struct tlb_entry *e;
	unsigned n;
	bool idle;
} tlbs[NR];
static struct tlb_entry *fresh;
static unsigned nr_fresh;
u64 tlb_table_pages;
unsigned fake_local_flushes;

static struct tlb *tlb_of(u64 vttbr)
{
	for (unsigned i = 0; i < NR; i++)
		if (tlbs[i].vttbr == vttbr)
			return &tlbs[i];
	return NULL;
}

void tlb_watch(u64 vttbr)
{
	struct tlb *t = tlb_of(0);

	if (!t)
		host_panic("too many tables watched");
	t->vttbr = vttbr;
	t->n = 0;
	t->idle = false;
	if (!t->e)
		t->e = host_pages(MAX_ENTRIES * sizeof(*t->e) / PAGE_SIZE);
	if (!fresh)
		fresh = host_pages(MAX_ENTRIES * sizeof(*fresh) / PAGE_SIZE);
}

void tlb_unwatch(u64 vttbr)
{
	tlb_of(vttbr)->vttbr = 0;
}

void tlb_idle(u64 vttbr)
{
	tlb_of(vttbr)->idle = true;
}

/* --- the walk --- */

static u64 gfns_of(unsigned level)
{
	return 1UL << 9 * (3 - level);
}

static void take_leaf(u64 gfn, u64 pte, unsigned level)
{
	CHECK(pte & BIT(10)); /* AF */
	CHECK(!(pte & ADDR & ((gfns_of(level) << PAGE_SHIFT) - 1)));
	/* nothing is mapped without being readable */
	CHECK(pte & BIT(6));
	CHECK_EQ(pte >> 2 & 0xf, 0xf);
	if (nr_fresh == MAX_ENTRIES)
		host_panic("too many leaves");
	fresh[nr_fresh++] = (struct tlb_entry){ .gfn = gfn, .pte = pte, .level = level };
}

/* The leaves of [from, from + nr). */
static void walk(u64 pa, unsigned level, u64 entries, u64 gfn, u64 from, u64 nr)
{
	const u64 *table = pa_to_va(pa);
	u64 i = from > gfn ? (from - gfn) / gfns_of(level) : 0;

	tlb_table_pages += (entries + 511) / 512;
	for (gfn += i * gfns_of(level); i < entries && gfn < from + nr;
	     i++, gfn += gfns_of(level)) {
		u64 pte = table[i];
		bool bit1 = pte & BIT(1);

		if (!(pte & BIT(0)))
			continue;
		if (level < 3 && bit1) {
			CHECK_EQ(mfn_page(mfn_of(pte & ADDR))->owner, OWNER_XEN);
			walk(pte & ADDR, level + 1, 512, gfn, from, nr);
			continue;
		}
		CHECK(level == 3 ? bit1 : level > 0); /* else reserved */
		take_leaf(gfn, pte, level);
	}
}

static void fetch(u64 vttbr, u64 from, u64 nr)
{
	u64 vtcr = fake_regs.vtcr_el2, bits = 64 - (vtcr & 63);
	unsigned level = 2 - (vtcr >> 6 & 3);
	u64 entries = 1UL << (bits - PAGE_SHIFT - 9 * (3 - level)),
	    pa = vttbr & 0xffffffffffffUL & ~1UL;

	CHECK(entries <= 16 * 512 && entries >= 2);
	/* concatenated tables are aligned to their size */
	CHECK_EQ(pa % max(entries * 8, 64UL), 0);
	nr_fresh = 0;
	tlb_table_pages = 0;
	walk(pa, level, entries, 0, from, nr);
}

/* --- what is stale --- */

/* The first fresh leaf that ends above gfn. */
static unsigned find(const struct tlb_entry *e, unsigned n, u64 gfn)
{
	unsigned lo = 0;

	while (lo < n) {
		unsigned mid = (lo + n) / 2;

		if (e[mid].gfn + gfns_of(e[mid].level) > gfn)
			n = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static bool still_there(const struct tlb_entry *old)
{
	unsigned i = find(fresh, nr_fresh, old->gfn);

	return i < nr_fresh && fresh[i].gfn == old->gfn && fresh[i].level == old->level &&
	       fresh[i].pte == old->pte;
}

static bool overlaps(const struct tlb_entry *old)
{
	unsigned i = find(fresh, nr_fresh, old->gfn);

	return i < nr_fresh && fresh[i].gfn < old->gfn + gfns_of(old->level);
}

/* An entry that is forgotten in time: invalid in the tables, its frames not given back. */
static void forget(const struct tlb *t, struct tlb_entry *old)
{
	struct page *pg = mfn_page(mfn_of(old->pte & ADDR));

	CHECK(t->idle || !overlaps(old));
	for (u64 i = 0; pg && i < gfns_of(old->level); i++)
		if (!pg[i].refs || pg[i].owner == OWNER_NONE) {
			CHECK(!"the frame was given back before the flush");
			break;
		}
	old->gone = true;
}

static void refill(struct tlb *t)
{
	struct tlb_entry *e = t->e;

	if (t->idle)
		return;
	t->e = fresh;
	t->n = nr_fresh;
	fresh = e;
}

unsigned tlb_sync(u64 vttbr, const struct tlb_entry **out)
{
	struct tlb *t = tlb_of(vttbr);

	fetch(vttbr, 0, ALL);
	for (unsigned i = 0; i < t->n; i++)
		if (!t->e[i].gone && !still_there(&t->e[i])) {
			CHECK(!"an entry was changed or removed without a flush");
			break;
		}
	refill(t);
	if (out)
		*out = t->e;
	return nr_fresh;
}

void tlbi_vmid(void)
{
	struct tlb *t = fake_regs.vttbr_el2 ? tlb_of(fake_regs.vttbr_el2) : NULL;

	if (!t)
		return;
	fetch(t->vttbr, 0, ALL);
	for (unsigned i = 0; i < t->n; i++)
		if (!t->e[i].gone && (t->idle || !still_there(&t->e[i])))
			forget(t, &t->e[i]);
	refill(t);
}

/* Only what lies where the entry lies is fetched: tests change many pages one by one. */
void tlbi_ipa(u64 ipa)
{
	struct tlb *t = fake_regs.vttbr_el2 ? tlb_of(fake_regs.vttbr_el2) : NULL;
	unsigned i;

	if (!t)
		return;
	i = find(t->e, t->n, ipa >> PAGE_SHIFT);
	if (i < t->n)
		fetch(t->vttbr, t->e[i].gfn, gfns_of(t->e[i].level));
	if (i < t->n && t->e[i].gfn <= ipa >> PAGE_SHIFT && !t->e[i].gone && !still_there(&t->e[i]))
		forget(t, &t->e[i]);
}

void tlbi_vmid_local(void)
{
	fake_local_flushes++;
}
