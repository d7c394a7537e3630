/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small world for the real code of domain/: domains with vCPUs, a p2m that is an array but counts
 * references like the real one, and fake interrupt injection and scheduling that only count. The
 * ledger of pages, the heap and the locks (with their rank check) are the real ones.
 */
#ifndef WORLD_H
#define WORLD_H
#include <domain/domain.h>
#include <lib/errno.h>
#include <lib/string.h>
#include "harness.h"

#define WORLD_DOMAINS 4
#define WORLD_VCPUS 2
#define WORLD_GFNS 128
#define WORLD_RAM 64 /* gfns 0.. with RAM of the domain's own */

extern struct domain *world_domain[WORLD_DOMAINS];    /* [0]: Dom0 */
extern u32 world_upcalls[WORLD_DOMAINS][WORLD_VCPUS]; /* vgic_inject() */
extern u32 world_wakes[WORLD_DOMAINS][WORLD_VCPUS];
extern u32 world_logs;		       /* log_guest() */
extern bool world_line[WORLD_DOMAINS]; /* vgic_set_spi_level() */
extern bool world_spi_taken;	       /* vgic_spi_is_free() says no */

/* The first call makes the heap. Domains 0..nr-1 with WORLD_VCPUS vCPUs and WORLD_RAM pages. */
void world_make(unsigned nr);
/* Kills what is left in a random order and checks that every page has come back. */
void world_end(void);
void world_kill(unsigned i);   /* as domain_kill() does it */
void world_thread(unsigned n); /* this thread is CPU n from now on */
/* The frame behind a gfn, as its guest reaches it; NULL: nothing there. */
void *world_va(unsigned i, unsigned gfn);
enum p2m_type world_type(unsigned i, unsigned gfn);
struct page *world_page(unsigned i, unsigned gfn);
#endif
