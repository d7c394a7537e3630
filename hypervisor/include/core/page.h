/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ledger of the machine's pages and the heap.
 *
 * Each frame of RAM has a struct page. `refs` counts who may touch the frame: its owner's own p2m
 * entry (the "allocation" reference), each foreign or grant mapping, each hypercall in flight. A
 * frame whose count falls to 0 goes back to the heap; it is scrubbed when it is next given to a
 * domain. Heap pages of the hypervisor itself have owner OWNER_XEN and can never be referenced by a
 * guest.
 */
#ifndef CORE_PAGE_H
#define CORE_PAGE_H
#include <arm/cpu.h>
#include <arm/exclusive.h>
#include <lib/types.h>

struct domain;

#define OWNER_NONE 0xfffe
#define OWNER_XEN 0xffff

/* page->state; a slab's page has others */
enum { PG_RESERVED, PG_FREE, PG_USED, PG_SHARED };

struct page {
	union {
		struct {
			u32 refs;
			u8 state;
			u8 order;
			u16 owner; /* domain slot */
		};
		u64 word;
	};
	u32 next, prev; /* frame index in a free list */
};

#define MAX_ORDER 18 /* 1 GiB */

/*
 * The records of frames base .. base + count - 1. Together, because nearly every use takes all
 * three.
 */
extern struct ledger {
	struct page *table;
	u64 base, count;
} ledger;
#define frame_table (ledger.table)
#define frame_base (ledger.base)
#define frame_count (ledger.count)
/* pages the heap was ever given; free ones now (heap lock) */
extern u64 heap_free_pages, heap_total_pages;
extern u64 ram_pages; /* frames of RAM in the machine */

bool mfn_is_ram(mfn_t mfn);
/* NULL if the frame is not RAM under the ledger. */
static inline struct page *mfn_page(mfn_t mfn)
{
	return mfn.n - frame_base < frame_count && mfn_is_ram(mfn)
		       ? &frame_table[mfn.n - frame_base]
		       : NULL;
}
static inline mfn_t page_mfn(const struct page *pg)
{
	return MFN((u64)(pg - frame_table) + frame_base);
}
static inline paddr_t page_pa(const struct page *pg)
{
	return mfn_addr(page_mfn(pg));
}
static inline void *page_va(const struct page *pg)
{
	return pa_to_va(page_pa(pg));
}
static inline struct page *va_page(const void *va)
{
	return &frame_table[(va_to_pa(va) >> PAGE_SHIFT) - frame_base];
}

/*
 * Heap. 2^order pages for the hypervisor, naturally aligned; contents undefined. NULL when there is
 * none.
 */
struct page *page_alloc(unsigned order);
void page_free(struct page *pg, unsigned order);
void *xalloc_pages(unsigned order);	    /* the same, zeroed, as a pointer */
void xfree_pages(void *va, unsigned order); /* NULL is fine */
/* Small zeroed objects (power-of-two size classes up to a page, pages above). */
void *xzalloc(size_t size);
void xfree(void *p); /* NULL is fine */

/*
 * Takes 2^order zeroed pages for domain d: charges them to d (-ENOMEM over its max_pages or when
 * the heap is empty), each with one reference (the caller's, to become that of the p2m entry).
 */
struct page *page_alloc_domain(struct domain *d, unsigned order);
/*
 * The same, cut short when an interrupt waits: -ERESTART, and the block, scrubbed half, waits in d
 * for the next call of that size. 0 -ENOMEM -ERESTART
 */
int page_alloc_domain_step(struct domain *d, unsigned order, struct page **out) __must_check;
void page_drop_half(struct domain *d); /* d dies: that block goes back */
/*
 * A zeroed frame of the hypervisor that d (and with acquire_resource others) may map: shared_info,
 * grant table frames. Owner d, not charged; the returned reference is the hypervisor's, each
 * mapping takes another (page_get()). Its last page_put() frees it; until then d's slot stays.
 * NULL: no memory.
 */
struct page *page_alloc_shared(struct domain *d);
/* Boot: given frames become d's, contents kept. */
void page_assign(struct page *pg, struct domain *d, unsigned order);

/*
 * The record of a frame number of any kind, NULL outside the table. What is no RAM has no
 * references, so page_get() refuses it.
 */
static inline struct page *mfn_record(mfn_t mfn)
{
	return likely(mfn.n - frame_base < frame_count) ? &frame_table[mfn.n - frame_base] : NULL;
}

/* One more reference, only if the frame belongs to that slot and has one already. */
static inline bool __must_check page_get_slot(struct page *pg, unsigned slot)
{
	u64 old, new;

	/*
	 * Another CPU that counts at the same time makes this fail and try again; each failure is
	 * somebody's success.
	 */
	do {
		old = load_exclusive(&pg->word);
		new = old + 1;
		if (unlikely(old >> 48 != slot || (u32) new <= 1))
			return false;
	} while (unlikely(!store_exclusive(&pg->word, old, new)));
	return true;
}
/* The same: the frame belongs to d (alive or dying). */
bool page_get(struct page *pg, const struct domain *d) __must_check;
/* One more reference to a frame the caller holds one of. false: the counter is full. */
static inline bool __must_check page_get_again(struct page *pg)
{
	u32 refs;

	do {
		refs = load_exclusive(&pg->refs);
		if (unlikely(refs + 1 <= 1))
			return false;
	} while (unlikely(!store_exclusive(&pg->refs, refs, refs + 1)));
	return true;
}
/*
 * Gives one back; the last one frees the frame and uncharges its owner. No TLB may still reach the
 * frame.
 */
void page_release(struct page *pg); /* the last one is gone */
static inline void page_put(struct page *pg)
{
	if (unlikely(!__atomic_sub_fetch(&pg->refs, 1, __ATOMIC_ACQ_REL)))
		page_release(pg);
}
/*
 * The same for 2^order frames of one owner at once; those with no other reference go back as one
 * block.
 */
void page_put_block(struct page *pg, unsigned order);
/* Owner's slot, for a caller that holds a reference. */
static inline unsigned page_owner(const struct page *pg)
{
	return pg->owner;
}

/*
 * Boot: RAM under the ledger, then free ranges handed to the heap. The table is zeroed memory, and
 * read-only where there is no RAM.
 */
void page_init_table(void *mem, u64 base_mfn, u64 count);
void page_add_ram(mfn_t start, u64 count);
void heap_add(paddr_t start, paddr_t end);
#endif
