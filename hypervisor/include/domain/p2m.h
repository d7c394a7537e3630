/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest physical memory: the stage-2 tables of a domain. Each valid RAM entry holds one reference
 * to its frame (a block: one per frame). All of the file is under p2m->lock.
 */
#ifndef DOMAIN_P2M_H
#define DOMAIN_P2M_H
#include <core/lock.h>
#include <lib/types.h>

struct domain;
struct page;

/* In the software bits of an entry. */
enum p2m_type {
	P2M_NONE,
	P2M_RAM,    /* own frame, read-write-execute */
	P2M_RAM_RO, /* own frame the guest may only read */
	P2M_DEVICE, /* machine MMIO; no frame, no reference */
	/* another domain's frame (XENMAPSPACE_gmfn_foreign), read-write, never executable */
	P2M_FOREIGN,
	P2M_FOREIGN_RO,
	P2M_GRANT, /* granted frame, read-write */
	P2M_GRANT_RO,
	/* frame of page_alloc_shared(): shared_info, grant table; read-write, never executable */
	P2M_XEN,
};

struct p2m {
	struct lock lock; /* RANK_P2M */
	u64 *root;
	u64 max_gfn;	  /* highest gfn ever mapped */
	u64 relinquished; /* gfns below are given back: p2m_relinquish() goes on here */
};

/*
 * Boot, with the heap there: guest physical addresses of so many bits are needed (at least 40 are
 * offered, at most what the CPU has).
 */
void p2m_setup(unsigned bits);
int p2m_init(struct domain *d);	 /* root table only; -ENOMEM */
void p2m_free(struct domain *d); /* tables, after p2m_relinquish() */

/* Maps nr frames (largest blocks that fit). Takes over the caller's references. -ENOMEM -EBUSY
 * (something is there and !replace) -EINVAL -ESRCH (d is dying). What is replaced loses its
 * reference after the TLB flush. On error nothing has changed. */
int p2m_map(struct domain *d, gfn_t gfn, mfn_t mfn, u64 nr, enum p2m_type t,
	    bool replace) __must_check;
/* Takes away whatever is mapped in [gfn, gfn+nr), nr <= 512, flushes once, drops references.
 * Returns how many entries were there. Direct-mapped frames of Dom0 keep their owner. */
unsigned p2m_unmap(struct domain *d, gfn_t gfn, u64 nr);
/*
 * The same from gfn on as far as there is nothing but the domain's own RAM; returns how many went.
 */
unsigned p2m_unmap_ram(struct domain *d, gfn_t gfn, u64 nr);
/* One page, if it is of one of these types (bit each): says of which, else P2M_NONE. */
enum p2m_type p2m_unmap_types(struct domain *d, gfn_t gfn, unsigned types_mask);
/* The same only if gfn is mapped to mfn with type t; -ENOENT otherwise. */
int p2m_unmap_exact(struct domain *d, gfn_t gfn, mfn_t mfn, enum p2m_type t) __must_check;
/* What is there; P2M_NONE and INVALID_MFN if nothing. No reference is taken: a snapshot. */
enum p2m_type p2m_lookup(struct domain *d, gfn_t gfn, mfn_t *mfn);

enum p2m_want {
	WANT_READ = 1,
	WANT_WRITE = 2,
	WANT_OWN = 4
}; /* only frames that d owns (no foreign, no grant mapping) */
/*
 * The one door to guest memory: the frame at gfn with a reference, or NULL. page_put() when done.
 */
struct page *p2m_get_page(struct domain *d, gfn_t gfn, unsigned want);
/* The same with its type. */
struct page *p2m_get_page_type(struct domain *d, gfn_t gfn, unsigned want, enum p2m_type *t);

/*
 * Fault handling: entry at gpa allows the access by now? (another CPU may have been in the middle
 * of break-before-make)
 */
bool p2m_access_ok(struct domain *d, gpa_t gpa, bool write, bool exec);
/* Cleans the guest's RAM in [gfn, gfn+nr) to PoC; bounded, *pos tells how far: 0 or -ERESTART. */
int p2m_cache_flush(struct domain *d, gfn_t *pos, gfn_t end);
/* Destruction, step by step: 0 or -ERESTART. */
int p2m_relinquish(struct domain *d);
/* Once on each CPU, after p2m_setup(), before the first guest. */
void p2m_init_cpu(void);
/* Loads the stage-2 context of d on this CPU: from the ERET on. */
void p2m_load(struct domain *d);
/* No guest's tables are in use on this CPU. */
void p2m_unload(void);
/*
 * Dom0, direct map: the frame at gfn was given back by decrease_reservation and is kept for it (see
 * p2m_unmap). Maps it again.
 */
int p2m_repopulate_direct(struct domain *d, gfn_t gfn) __must_check;
#endif
