// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small objects of the hypervisor: pages cut into equal power-of-two pieces, 32 bytes to 2 KiB.
 * Under slab_lock. A page's record serves as its header: `refs` counts objects in use, `owner` is
 * the first free piece (bit 15 set, so that it is no domain's slot), `order` the size class. A page
 * goes back to the heap with its last object.
 */
#include <core/console.h>
#include <core/lock.h>
#include <core/page.h>
#include <lib/bitmap.h>
#include <lib/string.h>

#define MIN_SHIFT 5
#define MAX_SHIFT 11
#define NIL 0xffffffffU
#define PIECE(i) (0x8000 | (i))
#define PIECE_NONE 0xfff0 /* all in use */
#define SLAB_STATE 0x40	  /* page->state of a page cut up; | shift */
#define LARGE_STATE 0x80  /* page->state of whole pages; | order */

static struct lock slab_lock = LOCK_INIT(RANK_SLAB);
static u32 partial[MAX_SHIFT + 1]; /* pages with free pieces, +1; 0: none */

static u16 *piece(struct page *pg, unsigned shift, unsigned i)
{
	return (u16 *)((char *)page_va(pg) + ((u64)i << shift));
}

static void link_page(struct page *pg, unsigned shift)
{
	u32 i = (u32)(pg - frame_table);

	pg->prev = NIL;
	pg->next = partial[shift] - 1;
	if (partial[shift])
		frame_table[pg->next].prev = i;
	partial[shift] = i + 1;
}

static void unlink_page(struct page *pg, unsigned shift)
{
	if (pg->prev != NIL)
		frame_table[pg->prev].next = pg->next;
	else
		partial[shift] = pg->next + 1;
	if (pg->next != NIL)
		frame_table[pg->next].prev = pg->prev;
}

static struct page *new_page(unsigned shift)
{
	unsigned n = (unsigned)(PAGE_SIZE >> shift);
	struct page *pg = page_alloc(0);

	if (!pg)
		return NULL;
	pg->state = (u8)(SLAB_STATE | shift);
	pg->refs = 0;
	pg->owner = PIECE(0);
	page_zero(page_va(pg));
	for (unsigned i = 0; i < n; i++)
		*piece(pg, shift, i) = (u16)(i + 1 < n ? PIECE(i + 1) : PIECE_NONE);
	link_page(pg, shift);
	return pg;
}

static void *alloc_large(size_t size)
{
	unsigned order = log2_floor(size - 1) + 1 - PAGE_SHIFT;
	void *p = xalloc_pages(order);

	if (p)
		va_page(p)->state = (u8)(LARGE_STATE | order);
	return p;
}

void *xzalloc(size_t size)
{
	unsigned shift = size <= 1U << MIN_SHIFT ? MIN_SHIFT : log2_floor(size - 1) + 1;
	struct page *pg;
	u16 *p;

	if (size > 1U << MAX_SHIFT)
		return alloc_large(max(size, PAGE_SIZE));
	lock(&slab_lock);
	pg = partial[shift] ? &frame_table[partial[shift] - 1] : new_page(shift);
	if (!pg) {
		unlock(&slab_lock);
		return NULL;
	}
	p = piece(pg, shift, pg->owner & 0x7fff);
	pg->owner = *p;
	pg->refs++;
	if (pg->owner == PIECE_NONE)
		unlink_page(pg, shift);
	unlock(&slab_lock);
	if (shift < MAX_SHIFT)
		return memset(p, 0, 1UL << shift);
	zero_wide(p, 1UL << shift);
	return p;
}

void xfree(void *p)
{
	struct page *pg;
	unsigned shift;

	if (!p)
		return;
	pg = va_page(p);
	if (pg->state & LARGE_STATE) {
		xfree_pages(p, pg->state & 0x1f);
		return;
	}
	BUG_ON(!(pg->state & SLAB_STATE));
	shift = pg->state & 0x1f;
	lock(&slab_lock);
	*(u16 *)p = pg->owner;
	if (pg->owner == PIECE_NONE)
		link_page(pg, shift);
	pg->owner = (u16)PIECE(((u64)p & ~PAGE_MASK) >> shift);
	if (!--pg->refs) {
		unlink_page(pg, shift);
		pg->state = 0;
		page_free(pg, 0);
	}
	unlock(&slab_lock);
}
