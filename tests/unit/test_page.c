// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger of pages, the buddy heap and the slab against a model that knows of each frame who has
 * it. Memory ends all the time: an allocation may fail only if the model has no room for it either,
 * and a failed one changes nothing.
 */
#include <core/cpu.h>
#include <domain/domain.h>
#include <lib/bitmap.h>
#include <lib/errno.h>
#include <lib/string.h>
#include "harness.h"

#define FRAMES 160UL /* of the table; the heap begins and ends at odd places within */
#define FIRST 5UL
#define LAST 149UL
#define NR 3 /* domains */
#define THINGS 200

struct cpu cpus[MAX_CPUS];
_Thread_local struct cpu *fake_cpu = &cpus[0];
_Thread_local bool fake_irq_pending;
u64 fake_ticks;

enum kind { NOTHING, PAGES, OBJECT, OWNED, SHARED };
/* What is allocated now; OWNED and SHARED: a frame each. */
static struct thing {
	enum kind kind;
	char *va;
	unsigned order, fill;
	size_t size;
	struct page *pg;
	unsigned d, refs;
} things[THINGS];
static u16 used[FRAMES];	/* by that many things; 0: free */
static u8 object_class[FRAMES]; /* of a page with objects: log2 of their size */
static struct domain doms[NR];
static u32 records[NR]; /* references to each that the ledger should hold */
static u64 owned[NR];
static char *mem;

static unsigned rnd(unsigned n)
{
	return host_random() % n;
}
struct domain *domain_of_slot(unsigned slot)
{
	return &doms[slot];
}
void domain_release(struct domain *d)
{
	CHECK(!"a domain lost a reference too many");
}

static u64 index_of(const void *va)
{
	return (u64)((const char *)va - mem) / PAGE_SIZE;
}

/* --- the model --- */

static u64 free_frames(void)
{
	u64 n = 0;

	for (u64 i = FIRST; i < LAST; i++)
		n += !used[i];
	return n;
}

/*
 * Is there a free block of that order? Freed neighbours become one again, so that each aligned run
 * of free frames is one.
 */
static bool has_room(unsigned order)
{
	u64 n = 1UL << order, first = ROUND_UP(frame_base + FIRST, n) - frame_base;

	for (u64 i = first, k; i + n <= LAST; i += n) {
		for (k = 0; k < n && !used[i + k]; k++)
			;
		if (k == n)
			return true;
	}
	return false;
}

static void take(u64 i, u64 n)
{
	CHECK(i >= FIRST && i + n <= LAST);
	for (u64 k = 0; k < n; k++)
		CHECK_EQ(used[i + k]++, 0);
}

static struct thing *unused(void)
{
	for (unsigned i = 0; i < THINGS; i++)
		if (!things[i].kind)
			return &things[i];
	return NULL;
}

static struct thing *some(enum kind kind)
{
	for (unsigned n = 0, i = rnd(THINGS); n < THINGS; n++, i = (i + 1) % THINGS)
		if (things[i].kind == kind)
			return &things[i];
	return NULL;
}

static void agree(void)
{
	CHECK_EQ(heap_free_pages, free_frames());
	CHECK_EQ(heap_total_pages, LAST - FIRST);
	CHECK_EQ(cpus[0].lock_depth, 0);
	for (unsigned i = 0; i < THINGS; i++) {
		struct thing *t = &things[i];

		if (t->kind == OWNED || t->kind == SHARED) {
			CHECK_EQ(t->pg->refs, t->refs);
			CHECK_EQ(page_owner(t->pg), t->d);
		}
	}
	for (unsigned d = 0; d < NR; d++) {
		CHECK_EQ(doms[d].tot_pages, owned[d]);
		CHECK_EQ(doms[d].refs, 1 + records[d] + !!owned[d]);
	}
}

/* --- pages and objects of the hypervisor --- */

static void fill(struct thing *t)
{
	t->fill = rnd(255) + 1;
	memset(t->va, (int)t->fill, t->size);
}

static void unspoilt(const struct thing *t)
{
	for (size_t i = 0; i<t->size; i += t->size> 64 ? 31 : 1)
		if ((u8)t->va[i] != t->fill) {
			CHECK(!"somebody else wrote here");
			return;
		}
}

static void alloc_pages(void)
{
	struct thing *t = unused();
	unsigned order = rnd(4) ? rnd(4) : rnd(8);
	bool zeroed = rnd(2), room = has_room(order);
	struct page *pg = NULL;
	char *va = NULL;

	if (!t)
		return;
	if (zeroed) {
		va = xalloc_pages(order);
	} else {
		pg = page_alloc(order);
		va = pg ? page_va(pg) : NULL;
	}
	CHECK_EQ(va != NULL, room);
	if (!va)
		return;
	for (size_t i = 0; zeroed && i < PAGE_SIZE << order; i += 129)
		CHECK_EQ(va[i], 0);
	CHECK_EQ(page_owner(va_page(va)), OWNER_XEN);
	CHECK(!page_get_slot(va_page(va), 0)); /* no guest's for anything */
	CHECK_EQ((page_mfn(va_page(va)).n & ((1UL << order) - 1)), 0);
	take(index_of(va), 1UL << order);
	*t = (struct thing){ .kind = PAGES, .va = va, .order = order, .size = PAGE_SIZE << order };
	fill(t);
}

static void free_pages(void)
{
	struct thing *t = some(PAGES);

	if (!t)
		return;
	unspoilt(t);
	for (u64 k = 0; k < 1UL << t->order; k++)
		used[index_of(t->va) + k]--;
	xfree_pages(t->va, t->order);
	t->kind = NOTHING;
}

/* log2 of what an object really takes; from a page on whole pages. */
static unsigned class_of(size_t size)
{
	unsigned c = 5;

	while (1UL << c < size)
		c++;
	return c == 12 ? 12 : c;
}

/* A page of that class with a free piece, or a free page. */
static bool object_fits(unsigned c)
{
	if (c >= PAGE_SHIFT)
		return has_room(c - PAGE_SHIFT);
	for (u64 i = FIRST; i < LAST; i++)
		if (object_class[i] == c && used[i] && used[i] < PAGE_SIZE >> c)
			return true;
	return has_room(0);
}

static void alloc_object(void)
{
	struct thing *t = unused();
	size_t size = rnd(8) ? 1 + rnd(1U << (3 + rnd(9))) : 1 + rnd(20000);
	unsigned c = class_of(size);
	bool room = object_fits(c);
	char *va;
	u64 i;

	if (!t)
		return;
	va = xzalloc(size);
	CHECK_EQ(va != NULL, room);
	if (!va)
		return;
	for (size_t k = 0; k < size; k++)
		if (va[k]) {
			CHECK(!"not zeroed");
			break;
		}
	CHECK_EQ((u64)va & (min(1UL << c, PAGE_SIZE) - 1), 0);
	i = index_of(va);
	if (c < PAGE_SHIFT) {
		CHECK(!used[i] || object_class[i] == c);
		object_class[i] = (u8)c;
		CHECK(++used[i] <= PAGE_SIZE >> c);
	} else {
		take(i, 1UL << (c - PAGE_SHIFT));
	}
	*t = (struct thing){ .kind = OBJECT, .va = va, .order = c, .size = size };
	fill(t);
}

static void free_object(void)
{
	struct thing *t = some(OBJECT);

	if (!t)
		return;
	unspoilt(t);
	for (u64 k = 0; k < (t->order > PAGE_SHIFT ? 1UL << (t->order - PAGE_SHIFT) : 1); k++)
		if (!--used[index_of(t->va) + k])
			object_class[index_of(t->va) + k] = 0;
	xfree(t->va);
	t->kind = NOTHING;
}

/* --- frames of domains --- */

static unsigned nr_unused(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < THINGS; i++)
		n += !things[i].kind;
	return n;
}

static void note_frame(struct page *pg, unsigned d, enum kind kind)
{
	struct thing *t = unused();

	*t = (struct thing){
		.kind = kind, .pg = pg, .d = d, .refs = 1, .va = page_va(pg), .size = PAGE_SIZE
	};
	for (size_t i = 0; i < PAGE_SIZE; i += 65)
		CHECK_EQ(t->va[i], 0);
	fill(t);
	used[index_of(t->va)]++;
}

static void alloc_owned(void)
{
	unsigned d = rnd(NR), order = rnd(3) ? 0 : rnd(6), steps = 0;
	bool room = has_room(order) && owned[d] + (1UL << order) <= doms[d].max_pages;
	struct page *pg;
	int rc;

	if (nr_unused() < 1U << order)
		return;
	fake_irq_pending = rnd(2);
	while ((rc = page_alloc_domain_step(&doms[d], order, &pg)) == -ERESTART) {
		CHECK(++steps < 8 && fake_irq_pending);
		CHECK_EQ(doms[d].tot_pages, owned[d] + (1UL << order)); /* charged already */
		if (rnd(4) == 0) { /* the caller thinks better of it */
			page_drop_half(&doms[d]);
			fake_irq_pending = false;
			return;
		}
	}
	fake_irq_pending = false;
	CHECK_EQ(!rc, room);
	if (rc) {
		CHECK_EQ(rc, -ENOMEM);
		return;
	}
	CHECK_EQ((page_mfn(pg).n & ((1UL << order) - 1)), 0);
	owned[d] += 1UL << order;
	for (u64 k = 0; k < 1UL << order; k++)
		note_frame(pg + k, d, OWNED);
}

static void alloc_shared(void)
{
	unsigned d = rnd(NR);
	bool room = has_room(0);
	struct page *pg;

	if (!nr_unused())
		return;
	pg = page_alloc_shared(&doms[d]);
	CHECK_EQ(pg != NULL, room);
	if (!pg)
		return;
	records[d]++;
	note_frame(pg, d, SHARED);
}

static void reference(void)
{
	struct thing *t = some(rnd(3) ? OWNED : SHARED);

	if (!t)
		return;
	CHECK(!page_get(t->pg, &doms[(t->d + 1) % NR]));
	CHECK(rnd(2) ? page_get(t->pg, &doms[t->d]) : page_get_again(t->pg));
	t->refs++;
}

static void forget(struct thing *t)
{
	if (--t->refs)
		return;
	unspoilt(t);
	used[index_of(t->va)]--;
	if (t->kind == OWNED)
		owned[t->d]--;
	else
		records[t->d]--;
	t->kind = NOTHING;
}

static void unreference(void)
{
	struct thing *t = some(rnd(3) ? OWNED : SHARED);

	if (!t)
		return;
	forget(t);
	page_put(t->pg);
}

/* As many frames as make a block and belong to one domain, one reference each at once. */
static void unreference_block(void)
{
	struct thing *first = some(OWNED), *of[64] = { NULL };
	unsigned order = rnd(6);
	u64 n = 1UL << order;

	if (!first || page_mfn(first->pg).n & (n - 1))
		return;
	for (unsigned i = 0; i < THINGS; i++)
		if (things[i].kind == OWNED && things[i].d == first->d &&
		    things[i].pg >= first->pg && things[i].pg < first->pg + n)
			of[things[i].pg - first->pg] = &things[i];
	for (u64 k = 0; k < n; k++)
		if (!of[k])
			return;
	for (u64 k = 0; k < n; k++)
		forget(of[k]);
	page_put_block(page_mfn(of[0]->pg).n ? of[0]->pg : NULL, order);
}

static void limit(void)
{
	unsigned d = rnd(NR);

	doms[d].max_pages = rnd(2) ? owned[d] + rnd(40) - min(owned[d], 5UL) : ~0UL;
}

static void random_op(void)
{
	static void (*const ops[])(
		void) = { alloc_pages, free_pages,	  alloc_object, alloc_object, free_object,
			  alloc_owned, alloc_owned,	  alloc_shared, reference,    unreference,
			  unreference, unreference_block, limit };

	ops[rnd(ARRAY_SIZE(ops))]();
}

static void start(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	mem = host_pages(FRAMES);
	page_init_table(host_pages(FRAMES * sizeof(struct page) / PAGE_SIZE + 1),
			(u64)mem >> PAGE_SHIFT, FRAMES);
	page_add_ram(MFN(frame_base), FRAMES);
	/* Not whole pages: only what is whole counts. */
	heap_add((paddr_t)mem + (FIRST - 1) * PAGE_SIZE + 1,
		 (paddr_t)mem + LAST * PAGE_SIZE + 4095);
	for (unsigned d = 0; d < NR; d++) {
		doms[d].slot = (u16)d;
		doms[d].refs = 1;
		doms[d].max_pages = ~0UL;
		lock_init(&doms[d].lock, RANK_DOMAIN);
	}
}

static void test_random(void)
{
	start();
	for (unsigned round = 0; round < host_effort(20); round++) {
		for (unsigned n = 0; n < 15000; n++) {
			random_op();
			if (n % 4 == 0)
				agree();
		}
		/* All goes, in any order: one block again. */
		for (unsigned i = 0; i < THINGS; i++)
			for (bool more = things[i].kind; more; more = things[i].kind != NOTHING) {
				struct thing *t = &things[i];

				if (t->kind == PAGES || t->kind == OBJECT) {
					t->kind == PAGES ? xfree_pages(t->va, t->order)
							 : xfree(t->va);
					t->kind = NOTHING;
				} else {
					forget(t);
					page_put(t->pg);
				}
			}
		memset(used, 0, sizeof(used));
		memset(object_class, 0, sizeof(object_class));
		agree();
		CHECK_EQ(heap_free_pages, LAST - FIRST);
	}
}

/* What is full refuses, without overflow. */
static void test_bounds(void)
{
	struct page *pg;
	u32 refs;

	start();
	doms[0].max_pages = ~0UL;
	pg = page_alloc_domain(&doms[0], 0);
	pg->refs = ~0U; /* as after 2^32 - 2 references */
	CHECK(!page_get(pg, &doms[0]));
	CHECK(!page_get_again(pg));
	pg->refs = 1;
	CHECK(page_get(pg, &doms[0]));
	page_put(pg);
	page_put(pg);
	CHECK(!page_get_again(pg)); /* free: nobody's */
	CHECK(!mfn_record(MFN(frame_base + FRAMES)) && !mfn_record(MFN(frame_base - 1)) &&
	      !mfn_page(MFN(~0UL)));
	CHECK(mfn_page(MFN(frame_base)) == frame_table);
	CHECK(!page_alloc(MAX_ORDER) && !xalloc_pages(10));
	xfree(NULL);
	xfree_pages(NULL, 3);
	/* Of a dead domain, or one that may have nothing: not even the record is touched. */
	refs = doms[1].refs;
	doms[1].refs = 0;
	CHECK(!page_alloc_shared(&doms[1]));
	CHECK(!page_alloc_domain(&doms[1], 2));
	doms[1].refs = refs;
	doms[1].max_pages = 3;
	CHECK(!page_alloc_domain(&doms[1], 2));
	pg = page_alloc_domain(&doms[1], 1);
	CHECK(pg != NULL);
	CHECK(!page_alloc_domain(&doms[1], 1));
	page_put_block(pg, 1);
	/* A frame that is given with its contents. */
	pg = page_alloc(2);
	memset(page_va(pg), 7, 4 * PAGE_SIZE);
	doms[1].max_pages = ~0UL;
	page_assign(pg, &doms[1], 2);
	CHECK_EQ(doms[1].tot_pages, 4);
	CHECK_EQ(((char *)page_va(pg))[4 * PAGE_SIZE - 1], 7);
	page_put_block(pg, 2);
	agree();
	CHECK_EQ(heap_free_pages, LAST - FIRST);
	/* More banks than there is room for are left alone. */
	for (unsigned i = 0; i < 40; i++)
		page_add_ram(MFN(i), 1);
	CHECK(mfn_is_ram(MFN(5)) && !mfn_is_ram(MFN(35)));
}

int main(void);
int main(void)
{
	static const struct test tests[] = {
		{ "random operations while memory ends", test_random },
		{ "bounds", test_bounds },
	};

	return run_tests("page", tests, ARRAY_SIZE(tests));
}
