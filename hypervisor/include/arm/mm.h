/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page-table engine: one format (VMSAv8-64, 4 KiB granule), both stages. Blocks of 1 GiB and 2 MiB are used where address and size allow
 * and split on demand. Break-before-make happens in pt_replace() only. The caller locks.
 */
#ifndef ARM_MM_H
#define ARM_MM_H
#include <lib/types.h>

/* Stage 1 of EL2: identity map; device memory and everything that is not code is never executable. */
enum el2_map { EL2_NORMAL, EL2_DEVICE, EL2_RODATA, EL2_TEXT };
int el2_map(paddr_t va, paddr_t pa, u64 size, enum el2_map how);
static inline int el2_map_device(paddr_t pa, u64 size) { return el2_map(pa & ~0xfffUL, pa & ~0xfffUL, ((pa & 0xfff) + size + 0xfff) & ~0xfffUL, EL2_DEVICE); }
#endif
