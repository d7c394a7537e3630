/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grant tables, version 1. Three tables: shared (the granter writes, each entry is read once),
 * active (here: who has it how often; granter's) and maptrack (here: handle -> what was mapped
 * where; mapper's). domain/grant.c, grant_table.c
 */
#ifndef DOMAIN_GRANT_H
#define DOMAIN_GRANT_H
#include <core/lock.h>
#include <lib/types.h>
#include <xen/xen.h>
#include <xen/grant_table.h>

struct domain;
struct page;

#define GRANTS_PER_FRAME (PAGE_SIZE / sizeof(grant_entry_v1_t))

/* a reference that is mapped or being copied; all 0 otherwise. Grant lock */
struct grant_active {
	u32 frame;	     /* index in the frame table */
	domid_t who;	     /* uses it */
	u8 readers, writers; /* how often */
};

/* a handle; the first of each page is none, but the head of the page's free ones */
struct maptrack {
	union {
		struct domain *granter; /* in use: referenced */
		/* free: the next free one of the page, 0: none. Head: how many are in use */
		struct {
			u32 next, in_use;
		};
	};
	u64 word; /* MT_* of grant.c: reference, gfn, flags; 0: not in use */
};

/* struct maptrack's word */
#define MT_USED BIT(0)
#define MT_WRITE BIT(1)
#define MT_GFN_SHIFT 2 /* 36 bits */
#define MT_GFN(w) ((w) >> MT_GFN_SHIFT & (BIT(36) - 1))
#define MT_REF_SHIFT 38 /* 26 bits */
#define MT_REF(w) ((u32)((w) >> MT_REF_SHIFT))

struct grant_table {
	struct lock lock; /* RANK_GRANT: frames, active entries */
	u32 nr_frames, max_frames;
	/* [max_frames]; pages shared with d, the hypervisor's reference is held here */
	grant_entry_v1_t **shared;
	struct grant_active **active; /* [max_frames], one page each, parallel to shared */
	/* [max_frames]: where d mapped the frame last, for GNTTABOP_setup_table */
	gfn_t *gfn;
	u32 max_maptrack_frames;
	struct lock maptrack_lock; /* RANK_MAPTRACK: all of the following */
	/* [max_maptrack_frames] pages or NULL; itself NULL before the first mapping */
	struct maptrack **maptrack;
	u32 nr_pages;	 /* above are none */
	u32 room;	 /* no page below has a free handle */
	u32 release_pos; /* grants_release(): next handle */
};

#define HANDLES_PER_PAGE (PAGE_SIZE / sizeof(struct maptrack))

/* ref is below nr_frames * GRANTS_PER_FRAME. */
static inline struct grant_active *grant_active_of(const struct grant_table *t, u32 ref)
{
	return &t->active[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];
}
static inline grant_entry_v1_t *grant_shared_of(const struct grant_table *t, u32 ref)
{
	return &t->shared[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];
}
static inline bool grant_in_use(const struct grant_active *act)
{
	return act->readers | act->writers;
}

/*
 * Limits in frames (~0: the command line's; more than that: -EINVAL). One frame exists from the
 * start. -ENOMEM. release: d is dying and runs no more: gives back every mapping it holds, then its
 * shared frames; 0 or -ERESTART. Idempotent. free: at the last reference to d: nobody maps its
 * grants any more.
 */
int grants_init(struct domain *d, u32 max_frames, u32 max_maptrack_frames) __must_check;
int grants_release(struct domain *d);
void grants_free(struct domain *d);
void grant_frames_release(struct domain *d); /* part of release */
int grant_handles_prepare(struct domain *d); /* part of init for the control domain */

/*
 * Frame idx of d's shared table, grown up to it; *mfn, and a reference to it for the caller.
 * -EINVAL: above the limit. -ENOMEM.
 */
int grant_frame(struct domain *d, u32 idx, mfn_t *mfn) __must_check;
int grant_grow(struct domain *d, u32 nr_frames) __must_check; /* at least that many */

/* d has frame idx at gfn now (INVALID_GFN: no more). */
void grant_frame_placed(struct domain *d, u32 idx, gfn_t gfn);
/* Where d has it: INVALID_GFN if nowhere or there is no such frame. */
gfn_t grant_frame_gfn(struct domain *d, u32 idx);

/*
 * Operations; each returns GNTST_*. peer: the other domain, NULL if there is no such one; the
 * caller holds a reference.
 */
/*
 * As op says, a private copy, which gets the handle and the address. Not GNTMAP_device_map and the
 * like: GNTST_general_error, as Xen answers guests with stage 2. What is at host_addr is replaced.
 */
int grant_map(struct domain *d, struct domain *peer, struct gnttab_map_grant_ref *op) __must_check;
/* at == 0: nothing is unmapped, which is no error. */
int grant_unmap(struct domain *d, u32 handle, gpa_t at) __must_check;
/*
 * One side of copies: its frame stays open from one copy to the next. All 0 but `write` at first;
 * grant_end_close() after the last.
 */
struct grant_end {
	struct page *pg;  /* NULL: nothing is open */
	struct domain *d; /* whose page it is; referenced by the caller until closed */
	u64 id;		  /* reference or gfn */
	bool is_ref, write;
};
/*
 * from, to: the domains that op names, NULL if there is no such one. Whether the caller may name
 * frames of theirs it has asked already.
 */
int grant_copy(struct domain *caller, struct grant_end *src, struct grant_end *dst,
	       struct domain *from, struct domain *to, const struct gnttab_copy *op) __must_check;
void grant_end_release(struct grant_end *end); /* it is open */
static inline void grant_end_close(struct grant_end *end)
{
	if (end->pg)
		grant_end_release(end);
}
int grant_swap(struct domain *d, u32 a, u32 b) __must_check;
/*
 * May d do cache maintenance on the frame: it owns it or has it mapped. Looks at GRANT_SCAN of the
 * owner's references from *pos on; -ERESTART with *pos (a multiple of GRANT_SCAN if it was)
 * advanced, -EINVAL: no, -EPERM: nobody's. On 0 a reference to *pg is the caller's.
 */
#define GRANT_SCAN 1024
int grant_cache_page(struct domain *d, mfn_t mfn, u32 *pos, struct page **pg) __must_check;
/* to the console: piece 0, 1 ... while it returns true */
bool grant_dump(struct domain *d, u64 item);
#endif
