/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Constants shared by assembly and C; structure offsets come from build/include/offsets.h, made
 * from arm/a64/offsets.c.
 */
#ifndef ARM_ASM_H
#define ARM_ASM_H

#ifdef __ASSEMBLER__
#include <offsets.h>
#endif

#define EL2_STACK_SIZE 8192

/* Attribute indices: 0 normal write-back, 1 device nGnRE */
#define MAIR_EL2_VALUE 0x04ff
/* T0SZ 16 (48 bits), write-back inner shareable walks, 4 KiB granule; RES1 bits 31, 23 */
#define TCR_EL2_VALUE (16 | (1 << 8) | (1 << 10) | (3 << 12) | (1 << 23) | (1 << 31))
/* M, C, I, WXN, SA; RES1 bits */
#define SCTLR_EL2_VALUE (0x30c50830 | (1 << 0) | (1 << 2) | (1 << 3) | (1 << 12) | (1 << 19))
#endif
