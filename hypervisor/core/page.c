// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger of frames and the buddy heap. The heap lock guards the free lists, `state` and
 * `order`; `refs` and `owner` change atomically together (page->word). A frame is in exactly one
 * state: free (in a list, or inside a free block), the hypervisor's, or a domain's.
 */
#include <core/console.h>
#include <core/lock.h>
#include <core/page.h>
#include <domain/domain.h>
#include <lib/bitmap.h>
#include <lib/errno.h>
#include <lib/string.h>

#define NIL 0xffffffffU
#define MAX_BANKS 32

struct ledger ledger;
u64 heap_free_pages, heap_total_pages, ram_pages;

static struct lock heap_lock = LOCK_INIT(RANK_HEAP);
static u32 free_head[MAX_ORDER + 1];
static struct {
	u64 start, end;
} banks[MAX_BANKS]; /* frames that are RAM */
static unsigned nr_banks;

bool mfn_is_ram(mfn_t mfn)
{
	for (unsigned i = 0; i < nr_banks; i++)
		if (mfn.n >= banks[i].start && mfn.n < banks[i].end)
			return true;
	return false;
}

void page_init_table(void *mem, u64 base_mfn, u64 count)
{
	frame_table = mem;
	frame_base = base_mfn;
	frame_count = count;
	for (unsigned i = 0; i <= MAX_ORDER; i++)
		free_head[i] = NIL;
}

void page_add_ram(mfn_t start, u64 count)
{
	if (nr_banks == MAX_BANKS) {
		log_warn("more than %u memory banks: the one at %lx is left alone\n", MAX_BANKS,
			 mfn_addr(start));
		return;
	}
	banks[nr_banks].start = start.n;
	banks[nr_banks++].end = start.n + count;
	ram_pages += count;
}

static u32 index_of(const struct page *pg)
{
	return (u32)(pg - frame_table);
}

static void list_insert(struct page *pg, unsigned order)
{
	u32 i = index_of(pg);

	pg->state = PG_FREE;
	pg->order = (u8)order;
	pg->refs = 0;
	pg->owner = OWNER_NONE;
	pg->prev = NIL;
	pg->next = free_head[order];
	if (pg->next != NIL)
		frame_table[pg->next].prev = i;
	free_head[order] = i;
}

static void list_remove(struct page *pg, unsigned order)
{
	if (pg->prev != NIL)
		frame_table[pg->prev].next = pg->next;
	else
		free_head[order] = pg->next;
	if (pg->next != NIL)
		frame_table[pg->next].prev = pg->prev;
	pg->state = PG_USED;
}

/* Frames are aligned by machine address, not by place in the table. */
static struct page *buddy_of(const struct page *pg, unsigned order)
{
	u64 n = page_mfn(pg).n ^ (1UL << order);

	return n - frame_base < frame_count ? &frame_table[n - frame_base] : NULL;
}

static void free_locked(struct page *pg, unsigned order)
{
	heap_free_pages += 1UL << order;
	for (; order < MAX_ORDER; order++) {
		struct page *buddy = buddy_of(pg, order);

		if (!buddy || buddy->state != PG_FREE || buddy->order != order)
			break;
		list_remove(buddy, order);
		if (buddy < pg) {
			pg->state = PG_USED;
			pg = buddy;
		}
	}
	list_insert(pg, order);
}

void page_free(struct page *pg, unsigned order)
{
	lock(&heap_lock);
	free_locked(pg, order);
	unlock(&heap_lock);
}

struct page *page_alloc(unsigned order)
{
	struct page *pg;
	unsigned o = order;

	lock(&heap_lock);
	while (o <= MAX_ORDER && free_head[o] == NIL)
		o++;
	if (o > MAX_ORDER) {
		unlock(&heap_lock);
		return NULL;
	}
	pg = &frame_table[free_head[o]];
	list_remove(pg, o);
	while (o > order) {
		o--;
		list_insert(pg + (1UL << o), o);
	}
	heap_free_pages -= 1UL << order;
	unlock(&heap_lock);
	pg->owner = OWNER_XEN;
	pg->refs = 1;
	return pg;
}

void heap_add(paddr_t start, paddr_t end)
{
	u64 n = DIV_ROUND_UP(start, PAGE_SIZE), last = end >> PAGE_SHIFT;

	lock(&heap_lock);
	while (n < last) {
		unsigned order = n ? (unsigned)__builtin_ctzl(n) : MAX_ORDER;

		order = min(min(order, (unsigned)MAX_ORDER), log2_floor(last - n));
		free_locked(&frame_table[n - frame_base], order);
		heap_total_pages += 1UL << order;
		n += 1UL << order;
	}
	unlock(&heap_lock);
}

void *xalloc_pages(unsigned order)
{
	struct page *pg = page_alloc(order);

	if (!pg)
		return NULL;
	for (unsigned i = 0; i < 1U << order; i++)
		page_zero(page_va(pg + i));
	return page_va(pg);
}

void xfree_pages(void *va, unsigned order)
{
	if (va)
		page_free(va_page(va), order);
}

/*
 * Takes n frames out of d's allowance. The first frame of all holds the domain's record, the last
 * one gives it up.
 */
static bool charge(struct domain *d, u64 n)
{
	u64 old = READ_ONCE(d->tot_pages);

	/*
	 * Nothing is added before it is allowed, so that the last frame that goes meanwhile sees
	 * that it is the last.
	 */
	do {
		if (old + n > READ_ONCE(d->max_pages))
			return false;
	} while (!__atomic_compare_exchange_n(&d->tot_pages, &old, old + n, true, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	if (old || domain_get(d))
		return true;
	__atomic_fetch_sub(&d->tot_pages, n, __ATOMIC_SEQ_CST);
	return false;
}

static void uncharge(struct domain *d, u64 n)
{
	if (!__atomic_sub_fetch(&d->tot_pages, n, __ATOMIC_SEQ_CST))
		domain_put(d);
}

static void give(struct page *pg, struct domain *d, u64 n)
{
	struct page first = { .refs = 1, .owner = d->slot, .state = PG_USED };

	for (u64 i = 0; i < n; i++)
		__atomic_store_n(&pg[i].word, first.word, __ATOMIC_RELEASE);
}

#define SCRUB_CHUNK 8 /* pages scrubbed between two looks for an interrupt */

/*
 * The block that d was being given when the last call was cut short, if it is of that size; *done
 * pages of it are scrubbed.
 */
static struct page *resume_block(struct domain *d, unsigned order, u64 *done)
{
	struct page *pg = NULL;

	lock(&d->lock);
	if (d->half.pg && d->half.order == order) {
		pg = d->half.pg;
		*done = d->half.done;
		d->half.pg = NULL;
	}
	unlock(&d->lock);
	return pg;
}

static bool suspend_block(struct domain *d, struct page *pg, unsigned order, u64 done)
{
	bool taken = false;

	lock(&d->lock);
	if (!d->half.pg && d->state == DOM_ALIVE) {
		d->half.pg = pg;
		d->half.order = (u8)order;
		d->half.done = (u32)done;
		taken = true;
	}
	unlock(&d->lock);
	return taken;
}

static struct page *charged_block(struct domain *d, unsigned order)
{
	struct page *pg;

	if (!charge(d, 1UL << order))
		return NULL;
	pg = page_alloc(order);
	if (!pg)
		uncharge(d, 1UL << order);
	return pg;
}

void page_drop_half(struct domain *d)
{
	struct page *pg;
	unsigned order;

	lock(&d->lock);
	pg = d->half.pg;
	order = d->half.order;
	d->half.pg = NULL;
	unlock(&d->lock);
	if (pg) {
		page_free(pg, order);
		uncharge(d, 1UL << order);
	}
}

int page_alloc_domain_step(struct domain *d, unsigned order, struct page **out)
{
	u64 done = 0, n = 1UL << order;
	struct page *pg = order ? resume_block(d, order, &done) : NULL;

	if (!pg)
		pg = charged_block(d, order);
	if (!pg)
		return -ENOMEM;
	while (done < n) {
		page_scrub(page_va(pg + done++));
		if (done % SCRUB_CHUNK == 0 && done < n && irq_pending() &&
		    suspend_block(d, pg, order, done))
			return -ERESTART;
	}
	give(pg, d, n);
	*out = pg;
	return 0;
}

struct page *page_alloc_domain(struct domain *d, unsigned order)
{
	struct page *pg;
	int rc;

	do
		rc = page_alloc_domain_step(d, order, &pg);
	while (rc == -ERESTART);
	return rc ? NULL : pg;
}

void page_assign(struct page *pg, struct domain *d, unsigned order)
{
	BUG_ON(!charge(d, 1UL << order));
	give(pg, d, 1UL << order);
}

bool page_get(struct page *pg, const struct domain *d)
{
	return page_get_slot(pg, d->slot);
}

struct page *page_alloc_shared(struct domain *d)
{
	struct page *pg = page_alloc(0);

	if (!pg)
		return NULL;
	if (!domain_get(d)) {
		page_free(pg, 0);
		return NULL;
	}
	page_scrub(page_va(pg));
	pg->state = PG_SHARED;
	pg->owner = d->slot;
	return pg;
}

void page_release(struct page *pg)
{
	unsigned owner = pg->owner, state = pg->state;

	page_free(pg, 0);
	if (state == PG_SHARED)
		domain_put(domain_of_slot(owner));
	else if (owner < CONFIG_MAX_DOMAINS)
		uncharge(domain_of_slot(owner), 1);
}

/* Frames [from, to) of a block of d's, in as few pieces as their alignment allows. */
static void free_run(struct page *pg, u64 from, u64 to, struct domain *d)
{
	unsigned order;

	for (u64 i = from; i < to; i += 1UL << order) {
		order = min(log2_floor(to - i),
			    i ? (unsigned)__builtin_ctzl(i) : (unsigned)MAX_ORDER);
		page_free(pg + i, order);
	}
	if (to > from && d)
		uncharge(d, to - from);
}

void page_put_block(struct page *pg, unsigned order)
{
	u64 n = 1UL << order, from = 0;
	struct domain *d = page_owner(pg) < CONFIG_MAX_DOMAINS ? domain_of_slot(page_owner(pg))
							       : NULL;

	for (u64 i = 0; i < n; i++) {
		if (likely(!__atomic_sub_fetch(&pg[i].refs, 1, __ATOMIC_ACQ_REL)))
			continue;
		free_run(pg, from, i, d); /* somebody still has frame i, and gives it back */
		from = i + 1;
	}
	free_run(pg, from, n, d);
}
