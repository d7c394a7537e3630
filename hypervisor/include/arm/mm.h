/* SPDX-License-Identifier: GPL-2.0-only */
/* EL2's own address space (arm/mm.c). Guests' tables are domain/p2m.c. */
#ifndef ARM_MM_H
#define ARM_MM_H
#include <lib/types.h>

/*
 * Stage 1 of EL2: identity map; device memory and everything that is not code is never executable.
 */
enum el2_map { EL2_NORMAL, EL2_DEVICE, EL2_RODATA, EL2_TEXT };
/*
 * Adds mappings (page multiples); what is mapped already stays as it is. -EINVAL -ENOMEM. Boot CPU
 * only.
 */
int el2_map(paddr_t va, paddr_t pa, u64 size, enum el2_map how);
/* at its own address, any size; it is the hypervisor's from now on */
int el2_map_device(paddr_t pa, u64 size);
/* any frame of them holds registers of such a device */
bool el2_owns_device(mfn_t first, mfn_t last);
extern u64 mm_root; /* TTBR0_EL2 of every CPU */
/* the .init sections become plain memory: call before giving them to the heap */
void mm_release_init(void);
#endif
