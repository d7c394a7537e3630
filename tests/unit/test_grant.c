// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grant tables: statuses of each operation; random mapping, unmapping and copying by several
 * domains (and CPUs), after each of which the marks in the shared entries, the active entries and
 * the pages' references must agree with each other; deaths in every order.
 */
#include <core/cmdline.h>
#include "world.h"

#define AT(gfn) ((gpa_t)(gfn) << PAGE_SHIFT)
#define MAP_GFN 80 /* gfns above: where grants are mapped */

static grant_entry_v1_t *entry(unsigned i, u32 ref)
{
	return &world_domain[i]->grants.shared[0][ref];
}

static void grant(unsigned i, u32 ref, unsigned to, u32 gfn, u16 flags)
{
	*entry(i, ref) = (grant_entry_v1_t){ .flags = flags,
					     .domid = world_domain[to]->id,
					     .frame = gfn };
}

struct mapping {
	u32 handle;
	paddr_t pa;
};

/* A private copy of a request is made, and its answers are taken from there. */
static int map_at(struct domain *d, struct domain *g, u32 ref, u32 flags, gpa_t at,
		  struct mapping *m)
{
	struct gnttab_map_grant_ref op = { .host_addr = at, .flags = flags, .ref = ref };
	int rc = grant_map(d, g, &op);

	if (!rc)
		*m = (struct mapping){ op.handle, op.dev_bus_addr };
	return rc;
}

static int map(unsigned d, unsigned g, u32 ref, u32 flags, unsigned gfn, u32 *handle)
{
	struct mapping m = { 0 };
	int rc = map_at(world_domain[d], world_domain[g], ref, flags, AT(gfn), &m);

	if (!rc)
		CHECK_EQ(m.pa, (paddr_t)world_va(d, gfn));
	*handle = m.handle;
	return rc;
}

/*
 * What must hold between operations: marks exactly while in use, and each page has one reference
 * per p2m entry.
 */
static void agree(unsigned nr)
{
	static u32 refs[WORLD_DOMAINS * WORLD_GFNS];
	static struct page *pages[WORLD_DOMAINS * WORLD_GFNS];
	unsigned n = 0;

	for (unsigned i = 0; i < nr; i++) {
		for (u32 ref = 0; ref < GRANTS_PER_FRAME; ref++) {
			struct grant_active *act = grant_active_of(&world_domain[i]->grants, ref);

			CHECK_EQ(!!(entry(i, ref)->flags & GTF_reading), grant_in_use(act));
			CHECK_EQ(!!(entry(i, ref)->flags & GTF_writing), act->writers != 0);
		}
		for (unsigned gfn = 0; gfn < WORLD_GFNS; gfn++) {
			struct page *pg = world_page(i, gfn);
			unsigned k = 0;

			if (!pg)
				continue;
			while (k < n && pages[k] != pg)
				k++;
			if (k == n) {
				pages[n] = pg;
				refs[n++] = 0;
			}
			refs[k]++;
		}
	}
	for (unsigned k = 0; k < n; k++)
		CHECK_EQ(pages[k]->refs, refs[k]);
}

static void test_status(void)
{
	struct mapping m;
	u32 h, h2, h3;

	world_make(3);
	grant(1, 8, 0, 3, GTF_permit_access);
	grant(1, 9, 0, 4, GTF_permit_access | GTF_readonly);
	grant(1, 10, 0, 100, GTF_permit_access);
	grant(1, 11, 0, 5, GTF_accept_transfer);
	grant(1, 12, 2, 5, GTF_permit_access);
	memcpy(world_va(1, 3), "granted", 8);
	CHECK_EQ(map(0, 1, 8, 0, MAP_GFN, &h), GNTST_bad_gntref);
	CHECK_EQ(map(0, 1, 8, GNTMAP_host_map | GNTMAP_device_map, MAP_GFN, &h),
		 GNTST_general_error);
	CHECK_EQ(map(0, 1, 8, GNTMAP_host_map | GNTMAP_contains_pte, MAP_GFN, &h),
		 GNTST_general_error);
	CHECK_EQ(map_at(world_domain[0], NULL, 8, GNTMAP_host_map, AT(MAP_GFN), &m),
		 GNTST_bad_domain);
	CHECK_EQ(map(0, 1, 512, GNTMAP_host_map, MAP_GFN, &h), GNTST_bad_gntref);
	CHECK_EQ(map(0, 1, ~0U, GNTMAP_host_map, MAP_GFN, &h), GNTST_bad_gntref);
	CHECK_EQ(map(0, 1, 7, GNTMAP_host_map, MAP_GFN, &h), GNTST_general_error);
	CHECK_EQ(map(0, 1, 9, GNTMAP_host_map, MAP_GFN, &h), GNTST_general_error);
	CHECK_EQ(map(0, 1, 10, GNTMAP_host_map, MAP_GFN, &h), GNTST_bad_page);
	CHECK_EQ(map(0, 1, 11, GNTMAP_host_map, MAP_GFN, &h), GNTST_general_error);
	CHECK_EQ(map(0, 1, 12, GNTMAP_host_map, MAP_GFN, &h), GNTST_general_error);
	CHECK_EQ(map(2, 1, 12, GNTMAP_host_map, MAP_GFN, &h), GNTST_permission_denied);
	CHECK_EQ(map(0, 1, 8, GNTMAP_host_map, WORLD_GFNS, &h), GNTST_general_error);
	agree(3);
	CHECK_EQ(map(0, 1, 8, GNTMAP_host_map, MAP_GFN, &h), GNTST_okay);
	CHECK(!strcmp(world_va(0, MAP_GFN), "granted"));
	CHECK_EQ(world_type(0, MAP_GFN), P2M_GRANT);
	CHECK_EQ(map(0, 1, 9, GNTMAP_host_map | GNTMAP_readonly, MAP_GFN + 1, &h2), GNTST_okay);
	CHECK_EQ(world_type(0, MAP_GFN + 1), P2M_GRANT_RO);
	agree(3);
	/* In use: another frame, another domain, are refused. */
	entry(1, 8)->frame = 6;
	CHECK_EQ(map(0, 1, 8, GNTMAP_host_map, MAP_GFN + 2, &h3), GNTST_bad_page);
	entry(1, 8)->frame = 3;
	entry(1, 8)->domid = world_domain[2]->id;
	opts.silo = false;
	CHECK_EQ(map(2, 1, 8, GNTMAP_host_map, MAP_GFN, &h3), GNTST_general_error);
	opts.silo = true;
	entry(1, 8)->domid = world_domain[0]->id;
	agree(3);
	CHECK_EQ(grant_swap(world_domain[1], 8, 20), GNTST_eagain);
	CHECK_EQ(grant_swap(world_domain[1], 8, 8), GNTST_okay);
	CHECK_EQ(grant_swap(world_domain[1], 8, 512), GNTST_bad_gntref);
	/* A grant mapping cannot be granted on. */
	grant(0, 5, 1, MAP_GFN, GTF_permit_access);
	CHECK_EQ(map(1, 0, 5, GNTMAP_host_map, MAP_GFN, &h3), GNTST_bad_page);
	CHECK_EQ(grant_unmap(world_domain[0], 5000, AT(MAP_GFN)), GNTST_bad_handle);
	CHECK_EQ(grant_unmap(world_domain[0], h2 + 1, AT(MAP_GFN)), GNTST_bad_handle);
	CHECK_EQ(grant_unmap(world_domain[0], h, AT(MAP_GFN + 1)), GNTST_general_error);
	CHECK_EQ(grant_unmap(world_domain[0], h, 0), GNTST_okay);
	agree(3);
	CHECK_EQ(grant_unmap(world_domain[0], h, AT(MAP_GFN)), GNTST_okay);
	CHECK_EQ(grant_unmap(world_domain[0], h, AT(MAP_GFN)), GNTST_bad_handle);
	CHECK_EQ(grant_unmap(world_domain[0], h2, AT(MAP_GFN + 1)), GNTST_okay);
	CHECK(!world_va(0, MAP_GFN));
	agree(3);
	CHECK_EQ(grant_swap(world_domain[1], 8, 20), GNTST_okay);
	CHECK(entry(1, 20)->frame == 3 && !entry(1, 8)->flags);
	world_end();
}

struct side {
	struct domain *d;
	u64 id;
	bool is_ref;
	u16 offset;
};

static struct side end_of(unsigned d, u64 id, bool is_ref, u16 offset)
{
	return (struct side){ world_domain[d], id, is_ref, offset };
}

static struct grant_end src_end, dst_end = { .write = true };

static struct gnttab_copy copy_op(const struct side *a, const struct side *b, u16 len)
{
	struct gnttab_copy op = { .len = len,
				  .source.offset = a->offset,
				  .dest.offset = b->offset };

	op.flags = (a->is_ref ? GNTCOPY_source_gref : 0) | (b->is_ref ? GNTCOPY_dest_gref : 0);
	op.source.u.gmfn = a->id;
	op.dest.u.gmfn = b->id;
	return op;
}

/* One copy, and what it opened stays open. */
static int copy_more(struct domain *caller, const struct side *a, const struct side *b, u16 len)
{
	struct gnttab_copy op = copy_op(a, b, len);

	return grant_copy(caller, &src_end, &dst_end, a->d, b->d, &op);
}

static int copy(struct domain *caller, const struct side *a, const struct side *b, u16 len)
{
	struct gnttab_copy op = copy_op(a, b, len);
	struct grant_end src = { .write = false }, dst = { .write = true };
	int rc = grant_copy(caller, &src, &dst, a->d, b->d, &op);

	grant_end_close(&dst);
	grant_end_close(&src);
	return rc;
}

static void test_copy(void)
{
	struct side none = { NULL, 8, true, 0 }, a, b;

	world_make(3);
	grant(1, 8, 0, 3, GTF_permit_access);
	grant(1, 9, 0, 4, GTF_permit_access | GTF_readonly);
	grant(2, 8, 0, 3, GTF_permit_access);
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		((u8 *)world_va(1, 3))[i] = (u8)(i * 7);
	/*
	 * From a grant to the caller's frame, whole and in part; between two other domains' grants.
	 */
	a = end_of(1, 8, true, 0);
	b = end_of(0, 10, false, 0);
	CHECK_EQ(copy(world_domain[0], &a, &b, PAGE_SIZE), GNTST_okay);
	CHECK(!memcmp(world_va(0, 10), world_va(1, 3), PAGE_SIZE));
	a = end_of(1, 8, true, 100);
	b = end_of(2, 8, true, 4000);
	CHECK_EQ(copy(world_domain[0], &a, &b, 96), GNTST_okay);
	CHECK(!memcmp((char *)world_va(2, 3) + 4000, (char *)world_va(1, 3) + 100, 96));
	CHECK(!((char *)world_va(2, 3))[3999]);
	CHECK_EQ(copy(world_domain[0], &a, &b, 97), GNTST_bad_copy_arg);
	b = end_of(2, 8, true, 0xffff); /* the end wraps at 16 bits */
	CHECK_EQ(copy(world_domain[0], &a, &b, 2), GNTST_bad_copy_arg);
	CHECK_EQ(copy(world_domain[0], &b, &a, 2), GNTST_bad_copy_arg);
	agree(3);
	/* Onto itself, overlapping. */
	a = end_of(1, 8, true, 0);
	b = end_of(1, 8, true, 50);
	CHECK_EQ(copy(world_domain[0], &a, &b, 500), GNTST_okay);
	for (unsigned i = 0; i < 500; i++)
		CHECK_EQ(((u8 *)world_va(1, 3))[i + 50], (u8)(i * 7));
	b = end_of(1, 9, true, 0);
	CHECK_EQ(copy(world_domain[0], &a, &b, 4), GNTST_general_error);
	CHECK_EQ(copy(world_domain[0], &none, &b, 4), GNTST_bad_domain);
	CHECK_EQ(copy(world_domain[0], &a, &none, 4), GNTST_bad_domain);
	b = end_of(0, WORLD_GFNS, false, 0);
	CHECK_EQ(copy(world_domain[0], &a, &b, 4), GNTST_bad_page);
	a = end_of(2, 8, true, 0);
	b = end_of(1, 8, true, 0);
	CHECK_EQ(copy(world_domain[1], &a, &b, 4), GNTST_permission_denied);
	/* Several in a row with the same frames: marked in use from the first to the last. */
	a = end_of(1, 9, true, 0);
	b = end_of(2, 8, true, 0);
	for (unsigned i = 0; i < 16; i++) {
		a.offset = b.offset = (u16)(i * 16);
		memset((char *)world_va(1, 4) + i * 16, (int)i + 1, 16);
		CHECK_EQ(copy_more(world_domain[0], &a, &b, 16), GNTST_okay);
		CHECK_EQ(((char *)world_va(2, 3))[i * 16 + 15], (int)i + 1);
	}
	CHECK_EQ(entry(1, 9)->flags, GTF_permit_access | GTF_readonly | GTF_reading);
	CHECK_EQ(entry(2, 8)->flags, GTF_permit_access | GTF_reading | GTF_writing);
	a = end_of(1, 8, true, 0);
	CHECK_EQ(copy_more(world_domain[0], &a, &b, 16), GNTST_okay);
	CHECK_EQ(entry(1, 9)->flags, GTF_permit_access | GTF_readonly);
	a = end_of(1, 30, true, 0);
	CHECK_EQ(copy_more(world_domain[0], &a, &b, 16), GNTST_general_error);
	a = end_of(1, 8, true, 0);
	CHECK_EQ(copy_more(world_domain[0], &a, &b, 16), GNTST_okay);
	grant_end_close(&src_end);
	grant_end_close(&dst_end);
	agree(3);
	a = end_of(1, 600, true, 0);
	b = end_of(0, 10, false, 0);
	CHECK_EQ(copy(world_domain[0], &a, &b, 4), GNTST_bad_gntref);
	agree(3);
	world_end();
}

static void test_counts(void)
{
	u32 h[300], n, w;

	world_make(2);
	grant(1, 8, 0, 3, GTF_permit_access);
	for (n = 0;
	     n < 300 && !map(0, 1, 8, GNTMAP_host_map | GNTMAP_readonly, MAP_GFN + n % 40, &h[n]);
	     n++)
		;
	CHECK_EQ(n, 255);
	CHECK_EQ(map(0, 1, 8, GNTMAP_host_map, MAP_GFN + 41, &w), GNTST_okay);
	CHECK(entry(1, 8)->flags & GTF_writing);
	CHECK_EQ(grant_unmap(world_domain[0], w, AT(MAP_GFN + 41)), GNTST_okay);
	CHECK_EQ(entry(1, 8)->flags & (GTF_reading | GTF_writing), GTF_reading);
	/*
	 * Several on one gfn replaced each other: the handle of one that is gone still unmaps the
	 * same frame, once.
	 */
	CHECK_EQ(grant_unmap(world_domain[0], h[0], AT(MAP_GFN)), GNTST_okay);
	CHECK_EQ(grant_unmap(world_domain[0], h[40], AT(MAP_GFN)), GNTST_general_error);
	world_end();
}

static void test_limits(void)
{
	struct mapping m;
	mfn_t mfn;
	u32 n;

	world_make(2);
	CHECK_EQ(grants_init(&(struct domain){ .refs = 1 }, 65, ~0U), -EINVAL);
	CHECK_EQ(grants_init(&(struct domain){ .refs = 1 }, 0, ~0U), -EINVAL);
	CHECK_EQ(grants_init(&(struct domain){ .refs = 1 }, 1, 1025), -EINVAL);
	CHECK_EQ(world_domain[1]->grants.nr_frames, 1);
	CHECK_EQ(grant_grow(world_domain[1], 65), -EINVAL);
	CHECK_EQ(grant_frame(world_domain[1], 63, &mfn), 0);
	CHECK_EQ(world_domain[1]->grants.nr_frames, 64);
	CHECK_EQ(mfn_page(mfn)->refs, 2);
	page_put(mfn_page(mfn));
	CHECK_EQ(grant_frame(world_domain[1], 64, &mfn), -EINVAL);
	CHECK_EQ(grant_frame(world_domain[1], ~0U, &mfn), -EINVAL);
	CHECK_EQ(grant_frame_gfn(world_domain[1], 3).n, INVALID_GFN.n);
	grant_frame_placed(world_domain[1], 3, GFN(77));
	CHECK_EQ(grant_frame_gfn(world_domain[1], 3).n, 77);
	/* The last reference of all. */
	world_domain[1]->grants.shared[63][511] = (grant_entry_v1_t){ .flags = GTF_permit_access,
								      .domid = 0,
								      .frame = 5 };
	CHECK_EQ(map_at(world_domain[0], world_domain[1], 64 * 512 - 1, GNTMAP_host_map,
			AT(MAP_GFN), &m),
		 GNTST_okay);
	CHECK_EQ(map_at(world_domain[0], world_domain[1], 64 * 512, GNTMAP_host_map, AT(MAP_GFN),
			&m),
		 GNTST_bad_gntref);
	CHECK_EQ(grant_unmap(world_domain[0], m.handle, AT(MAP_GFN)), GNTST_okay);
	/* Handles end. */
	world_domain[0]->grants.max_maptrack_frames = 1;
	for (n = 0; n < 300; n++) {
		world_domain[1]->grants.shared[n / 200][8] = (grant_entry_v1_t){
			.flags = GTF_permit_access | (n > 255), .domid = 0, .frame = n % 60
		};
		grant(1, 8 + n, 0, n % 60, GTF_permit_access);
		if (map_at(world_domain[0], world_domain[1], 8 + n, GNTMAP_host_map,
			   AT(MAP_GFN + n % 40), &m))
			break;
	}
	CHECK_EQ(n, 255);
	CHECK_EQ(map_at(world_domain[0], world_domain[1], 8 + n, GNTMAP_host_map, AT(MAP_GFN), &m),
		 GNTST_no_space);
	world_end();
}

/* Pages of handles that were needed only for a while are given back, but for the first. */
static void test_handles(void)
{
	u32 h[1000];
	u64 before;

	world_make(2);
	for (unsigned i = 0; i < 4; i++)
		grant(1, 8 + i, 0, 3 + i, GTF_permit_access);
	before = heap_free_pages;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 1000; i++)
			CHECK_EQ(map(0, 1, 8 + i % 4,
				     GNTMAP_host_map | (i & 4 ? GNTMAP_readonly : 0),
				     MAP_GFN + i % 40, &h[i]),
				 GNTST_okay);
		CHECK_EQ(world_domain[0]->grants.nr_pages, 4);
		/* a page's head */
		CHECK_EQ(grant_unmap(world_domain[0], 256, AT(MAP_GFN)), GNTST_bad_handle);
		CHECK_EQ(grant_unmap(world_domain[0], 0, AT(MAP_GFN)), GNTST_bad_handle);
		for (unsigned i = 0; i < 1000; i++) {
			unsigned k = (i * 7 + round) % 1000;

			/*
			 * Put it back where the handle says it is, if another was mapped over it.
			 */
			if (world_page(0, MAP_GFN + k % 40) != world_page(1, 3 + k % 4) ||
			    world_type(0, MAP_GFN + k % 40) != (k & 4 ? P2M_GRANT_RO : P2M_GRANT)) {
				struct page *pg = world_page(1, 3 + k % 4);

				CHECK(page_get_again(pg));
				CHECK_EQ(p2m_map(world_domain[0], GFN(MAP_GFN + k % 40),
						 page_mfn(pg), 1, k & 4 ? P2M_GRANT_RO : P2M_GRANT,
						 true),
					 0);
			}
			CHECK_EQ(grant_unmap(world_domain[0], h[k], AT(MAP_GFN + k % 40)),
				 GNTST_okay);
		}
		CHECK_EQ(heap_free_pages, before);
		agree(2);
	}
	world_end();
}

static void test_cache(void)
{
	struct page *pg = NULL;
	u32 h, pos = 0;
	mfn_t mine, other;
	int rc;

	world_make(3);
	mine = page_mfn(world_page(0, 1));
	other = page_mfn(world_page(1, 3));
	CHECK_EQ(grant_cache_page(world_domain[0], mine, &pos, &pg), 0);
	page_put(pg);
	CHECK_EQ(grant_cache_page(world_domain[0], MFN(1), &pos, &pg), -EINVAL);
	CHECK_EQ(grant_cache_page(world_domain[0],
				  page_mfn(va_page(world_domain[1]->evtchns.bucket[0])), &pos, &pg),
		 -EPERM);
	CHECK_EQ(grant_cache_page(world_domain[0], other, &pos, &pg), -EINVAL);
	/* In the last entry of a large table: several looks. */
	CHECK_EQ(grant_grow(world_domain[1], 8), 0);
	world_domain[1]->grants.shared[7][511] = (grant_entry_v1_t){ .flags = GTF_permit_access,
								     .domid = 0,
								     .frame = 3 };
	CHECK_EQ(map(0, 1, 8 * 512 - 1, GNTMAP_host_map, MAP_GFN, &h), 0);
	pos = 0;
	for (unsigned n = 0;
	     (rc = grant_cache_page(world_domain[0], other, &pos, &pg)) == -ERESTART; n++)
		CHECK(n < 4 && pos % GRANT_SCAN == 0);
	CHECK_EQ(rc, 0);
	CHECK_EQ(pg->refs, 3);
	page_put(pg);
	/* Another one's grant is not mine. */
	pos = 0;
	while ((rc = grant_cache_page(world_domain[2], other, &pos, &pg)) == -ERESTART)
		;
	CHECK_EQ(rc, -EINVAL);
	CHECK_EQ(grant_unmap(world_domain[0], h, AT(MAP_GFN)), 0);
	world_end();
}

/* Mappings of a dying granter's frames stay valid until they are unmapped. */
static void test_death(void)
{
	u32 h, h2;

	world_make(2);
	grant(1, 8, 0, 3, GTF_permit_access);
	grant(1, 9, 1, 4, GTF_permit_access);
	memcpy(world_va(1, 3), "still there", 12);
	CHECK_EQ(map(0, 1, 8, GNTMAP_host_map, MAP_GFN, &h), 0);
	CHECK_EQ(map(1, 1, 9, GNTMAP_host_map, MAP_GFN, &h2), 0); /* of its own */
	world_kill(1);
	CHECK(world_domain[1]);
	CHECK(!strcmp(world_va(0, MAP_GFN), "still there"));
	CHECK_EQ(map(0, 1, 8, GNTMAP_host_map, MAP_GFN + 1, &h2), GNTST_bad_domain);
	CHECK_EQ(grant_unmap(world_domain[0], h, AT(MAP_GFN)), GNTST_okay);
	CHECK(!world_domain[1]);
	world_end();
}

/* --- random --- */

#define SLOTS 24
struct slot {
	u32 handle;
	unsigned gfn;
	bool used;
};

static void random_op(unsigned t, unsigned nr, struct slot *slots)
{
	struct slot *s = &slots[host_random() % SLOTS];
	unsigned g = host_random() % nr;
	u32 ref = host_random() % 32,
	    flags = GNTMAP_host_map | (host_random() % 2 ? GNTMAP_readonly : 0);
	struct mapping m;
	int rc;

	switch (host_random() % 6) {
	case 0:
	case 1:
		if (s->used)
			break;
		rc = map_at(world_domain[t], world_domain[g], ref, flags, AT(s->gfn), &m);
		if (!rc) {
			s->used = true;
			s->handle = m.handle;
		}
		break;
	case 2:
	case 3:
		rc = grant_unmap(world_domain[t], s->used ? s->handle : host_random() % 512,
				 AT(s->gfn));
		if (s->used)
			CHECK_EQ(rc, GNTST_okay);
		s->used = false;
		break;
	case 4: {
		struct side a = end_of(g, ref, true, host_random() % 4096),
			    b = end_of(t, host_random() % 72, false, host_random() % 4096);

		(void)copy(world_domain[t], host_random() % 2 ? &a : &b, &b,
			   (u16)(host_random() % 300));
		break;
	}
	default:
		/* The granter withdraws or offers anew, if the entry is not marked. */
		if (g == t) {
			u32 *w = (u32 *)(void *)entry(t, ref),
			    old = __atomic_load_n(w, __ATOMIC_SEQ_CST);
			u32 new = host_random() % 4
					  ? (u32)world_domain[host_random() % nr]->id << 16 |
						    GTF_permit_access |
						    (host_random() % 3 ? 0 : GTF_readonly)
					  : 0;

			if (!(old & (GTF_reading | GTF_writing)))
				__atomic_compare_exchange_n(w, &old, new, false, __ATOMIC_SEQ_CST,
							    __ATOMIC_SEQ_CST);
		}
	}
}

static struct slot slots[WORLD_DOMAINS][SLOTS];

static void start_random(unsigned nr)
{
	world_make(nr);
	memset(slots, 0, sizeof(slots));
	for (unsigned i = 0; i < nr; i++) {
		for (unsigned k = 0; k < SLOTS; k++)
			slots[i][k].gfn = MAP_GFN + k;
		for (u32 ref = 0; ref < 32; ref++)
			grant(i, ref, host_random() % nr, ref % 20, GTF_permit_access);
	}
}

static void test_random(void)
{
	opts.silo = false;
	for (unsigned round = 0; round < 4; round++) {
		start_random(4);
		for (unsigned n = 0; n < 10000; n++) {
			unsigned i = host_random() % 4;

			random_op(i, 4, slots[i]);
			if (n % 16 == 0)
				agree(4);
		}
		CHECK_EQ(world_logs, 0);
		world_end();
	}
	opts.silo = true;
}

static void cpu_main(unsigned t)
{
	world_thread(t);
	for (unsigned n = 0; n < 20000; n++)
		random_op(t, 4, slots[t]);
}

static void test_cpus(void)
{
	opts.silo = false;
	start_random(4);
	host_run(4, cpu_main);
	world_thread(0);
	agree(4);
	world_end();
	opts.silo = true;
}

/* Two vCPUs of one domain unmap the same handles: each goes once. */
static u32 handles[200], unmapped;

static void unmapper(unsigned t)
{
	world_thread(t);
	for (unsigned i = 0; i < 200; i++)
		if (!grant_unmap(world_domain[0], handles[i], AT(MAP_GFN + i % 40)))
			__atomic_add_fetch(&unmapped, 1, __ATOMIC_SEQ_CST);
}

static void test_double_unmap(void)
{
	world_make(2);
	grant(1, 8, 0, 3, GTF_permit_access);
	for (unsigned round = 0; round < 50; round++) {
		unmapped = 0;
		for (unsigned i = 0; i < 40; i++)
			CHECK_EQ(map(0, 1, 8, GNTMAP_host_map, MAP_GFN + i, &handles[i]), 0);
		for (unsigned i = 40; i < 200; i++)
			handles[i] = ~0U;
		host_run(2, unmapper);
		world_thread(0);
		CHECK_EQ(unmapped, 40);
		agree(2);
	}
	world_end();
}

int main(void)
{
	static const struct test tests[] = {
		{ "statuses of map, unmap and swap", test_status },
		{ "copy", test_copy },
		{ "counts of users", test_counts },
		{ "limits", test_limits },
		{ "pages of handles", test_handles },
		{ "whose caches", test_cache },
		{ "a granter dies", test_death },
		{ "random operations of four domains", test_random },
		{ "random operations on four CPUs", test_cpus },
		{ "two CPUs unmap the same", test_double_unmap },
	};

	return run_tests("grant", tests, ARRAY_SIZE(tests));
}
