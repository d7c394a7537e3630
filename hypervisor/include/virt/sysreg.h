/* SPDX-License-Identifier: GPL-2.0-only */
/* Trapped system registers (virt/sysreg.c) and the AArch32 view of them (virt/sysreg32.c). */
#ifndef VIRT_SYSREG_H
#define VIRT_SYSREG_H
#include <lib/types.h>

struct vcpu;

void sysreg_init(void);			     /* boot: what the ID registers show to guests */
void sysreg_trap(struct vcpu *v, u64 esr);   /* AArch64 MRS, MSR */
void sysreg32_trap(struct vcpu *v, u64 esr); /* AArch32 MRC, MCR, MRRC, MCRR to CP15 and CP14 */

/*
 * AArch32 condition of a trapped instruction (ISS with CV and COND, or IT block), and the IT block
 * moved on.
 */
bool psr32_condition(u64 psr, u32 iss);
u64 psr32_advance_it(u64 psr);
#endif
