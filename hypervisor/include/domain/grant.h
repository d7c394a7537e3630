/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grant tables, version 1. Three tables: shared (the granter writes, each entry is read once), active (here: who has it how often; granter's)
 * and maptrack (here: handle -> what was mapped where; mapper's). domain/grant.c
 */
#ifndef DOMAIN_GRANT_H
#define DOMAIN_GRANT_H
#include <core/lock.h>
#include <lib/types.h>
#include <xen/xen.h>
#include <xen/grant_table.h>

struct domain;
struct page;
struct grant_active;
struct maptrack;

#define GRANTS_PER_FRAME (PAGE_SIZE / sizeof(grant_entry_v1_t))

struct grant_table {
	struct lock lock;	/* RANK_GRANT: shared frames, active entries */
	u32 nr_frames, max_frames;
	grant_entry_v1_t **shared;	/* [max_frames]; the page is the heap's, owner d, one reference held here */
	struct grant_active **active;	/* [max_frames], one page each, parallel to shared */
	u32 max_maptrack_frames;
	u32 nr_handles;		/* that have a struct maptrack; grows by pages, read without the lock */
	struct maptrack **maptrack;	/* [max_maptrack_frames] */
	struct lock maptrack_lock;	/* RANK_MAPTRACK: free list */
	u32 free_handle;	/* first of the list, NO_HANDLE if none */
	u32 nr_mapped;		/* handles in use (maptrack lock) */
};

#define NO_HANDLE (~0U)

/*
 * Limits in frames (~0: the command line's; more than that: -EINVAL). One frame exists from the start. -ENOMEM.
 * release: d is dying and runs no more: gives back every mapping it holds; 0 or -ERESTART. Idempotent.
 * free: at the last reference to d: nobody maps its grants any more.
 */
int grants_init(struct domain *d, u32 max_frames, u32 max_maptrack_frames) __must_check;
int grants_release(struct domain *d);
void grants_free(struct domain *d);

/* Frame idx of d's shared table, grown up to it; *mfn, and a reference to it for the caller. -EINVAL: above the limit. -ENOMEM. */
int grant_frame(struct domain *d, u32 idx, mfn_t *mfn) __must_check;
int grant_grow(struct domain *d, u32 nr_frames) __must_check;	/* at least that many */

/*
 * Operations; each returns GNTST_*. peer: the other domain, NULL if there is no such one; the caller holds a reference.
 */
struct grant_mapping { u32 handle; paddr_t pa; };
int grant_map(struct domain *d, struct domain *peer, u32 ref, u32 flags, gpa_t at, struct grant_mapping *out) __must_check;
int grant_unmap(struct domain *d, u32 handle, gpa_t at) __must_check;
/* One side of a copy: len bytes from offset on. */
struct grant_copy_end {
	struct domain *d;	/* whose page it is; NULL: no such domain */
	u64 id;			/* ref or gfn */
	bool is_ref;
	u16 offset;
};
int grant_copy(struct domain *caller, const struct grant_copy_end *src, const struct grant_copy_end *dst, u16 len) __must_check;
int grant_swap(struct domain *d, u32 a, u32 b) __must_check;
/*
 * May d do cache maintenance on the frame: it owns it or has it mapped. Looks from handle *pos on; -ERESTART with *pos advanced, -EINVAL no. On 0 a
 * reference to *pg is the caller's.
 */
int grant_cache_page(struct domain *d, mfn_t mfn, u32 *pos, struct page **pg) __must_check;
void grant_dump(struct domain *d);	/* to the log, bounded */
#endif
