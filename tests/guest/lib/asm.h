/* SPDX-License-Identifier: GPL-2.0-only */
/* Constants that start.S shares with C. */
#ifndef GUEST_ASM_H
#define GUEST_ASM_H

#define KBASE 0xffffff8000000000 /* where every payload is linked */
#define KMAP_SIZE 0x1000000	 /* how much is mapped there */
#define EL0_ALIAS 0x40000000	 /* KBASE + this: the same, open to EL0 */
#define STACK_SIZE 16384
#define MAX_CPUS 8
#define REGS_SIZE 288

#define MAIR_VALUE 0x04ff /* 0: normal write-back, 1: device nGnRE */
/* 39-bit halves, 4 KiB granule, inner shareable write-back walks, 40-bit PA */
#define TCR_VALUE (25 | (25 << 16) | (0x35 << 8) | (0x35 << 24) | (2 << 30) | (2 << 32))
#define SCTLR_VALUE 0x30d01805 /* RES1, I, C, M */

#endif
