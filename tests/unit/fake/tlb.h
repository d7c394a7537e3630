/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TLB as spiteful as the architecture allows, for tests of stage-2 tables. Of the domains watched
 * (by VTTBR) it fetches every leaf there is whenever it can, and forgets one only when told: after
 * a change, what it still has from before must be what the tables say. Told to forget, it looks at
 * once again: what has changed must be invalid by then (break-before-make), and the frame must not
 * have been given back yet.
 */
#ifndef FAKE_TLB_H
#define FAKE_TLB_H
#include <lib/types.h>

struct tlb_entry {
	u64 gfn, pte;
	unsigned level;
	bool gone; /* forgotten, not fetched anew */
};

void tlb_watch(u64 vttbr);
void tlb_unwatch(u64 vttbr);
/* nobody runs on these tables any more: what is forgotten is not fetched again */
void tlb_idle(u64 vttbr);
/*
 * Between operations: complains about what is stale or not well-formed, fetches everything. Number
 * of leaves, and the leaves by rising gfn.
 */
unsigned tlb_sync(u64 vttbr, const struct tlb_entry **out);
/* Pages that the tables of the last tlb_sync() take, the start level's included. */
extern u64 tlb_table_pages;
extern unsigned fake_local_flushes; /* tlbi_vmid_local() */
#endif
