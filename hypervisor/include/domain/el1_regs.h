/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The EL1 and EL0 state of a vCPU that stays in the hardware across traps: what stands here has its
 * field, its save, its restore and its place in every dump. X(field, register name); of those that
 * every switch moves two by two, for one load or store each: X(register and field, the next)
 */
#ifndef DOMAIN_EL1_REGS_H
#define DOMAIN_EL1_REGS_H
/* clang-format off */
#define EL1_REGS(X) \
	X(sp_el0, sp_el1) \
	X(elr_el1, spsr_el1) \
	X(esr_el1, far_el1) \
	X(sctlr_el1, cpacr_el1) \
	X(ttbr0_el1, ttbr1_el1) \
	X(tcr_el1, mair_el1) \
	X(amair_el1, afsr0_el1) \
	X(afsr1_el1, vbar_el1) \
	X(contextidr_el1, tpidr_el0) \
	X(tpidrro_el0, tpidr_el1) \
	X(par_el1, cntkctl_el1) \
	X(csselr_el1, mdscr_el1)
/* clang-format on */
/* Only where EL1 or EL0 may run AArch32. */
/* clang-format off */
#define EL1_REGS_32(X) \
	X(dacr32_el2, dacr32_el2) \
	X(ifsr32_el2, ifsr32_el2) \
	X(fpexc32_el2, fpexc32_el2) \
	X(spsr_abt, spsr_abt) \
	X(spsr_und, spsr_und) \
	X(spsr_irq, spsr_irq) \
	X(spsr_fiq, spsr_fiq)
/* clang-format on */
/*
 * Of extensions that guests are not told of, but can reach: nothing traps these. Only where the CPU
 * has them.
 */
#define EL1_REGS_RAS(X) X(vdisr_el2, s3_4_c12_c1_1) /* what EL1 has as DISR_EL1 */
#define EL1_REGS_SME(X) X(tpidr2_el0, s3_3_c13_c0_5)
#endif
