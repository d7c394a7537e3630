/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest to EL2 and back. While a guest runs SP_EL2 points to its struct vcpu, so that a trap stores
 * the registers without a spare one; then SP becomes the stack of this CPU. C gets the vCPU; on the
 * way back cpu->work says whether it is the one to enter. A hypercall and an interrupt store what C
 * may overwrite; x20 to x29, which C keeps, only if another vCPU may be entered. Other traps may
 * read and write any register of the guest's, so they store all.
 */
#include <arm/asm.h>

#define ESR_HVC64_XEN 0x5a000ea1	/* HVC #0xea1 by AArch64 */

	.macro	save_x2_to_x19
	stp	x2, x3, [sp, #16 * 1]
	stp	x4, x5, [sp, #16 * 2]
	stp	x6, x7, [sp, #16 * 3]
	stp	x8, x9, [sp, #16 * 4]
	stp	x10, x11, [sp, #16 * 5]
	stp	x12, x13, [sp, #16 * 6]
	stp	x14, x15, [sp, #16 * 7]
	stp	x16, x17, [sp, #16 * 8]
	stp	x18, x19, [sp, #16 * 9]
	.endm

	.macro	save_x20_to_x29 base
	stp	x20, x21, [\base, #16 * 10]
	stp	x22, x23, [\base, #16 * 11]
	stp	x24, x25, [\base, #16 * 12]
	stp	x26, x27, [\base, #16 * 13]
	stp	x28, x29, [\base, #16 * 14]
	.endm

	/* Stores what C may overwrite. x19 and x0: struct vcpu, which C keeps in x19. */
	.macro	from_guest
	.balign	0x80
	stp	x0, x1, [sp, #16 * 0]
	save_x2_to_x19
	mrs	x1, elr_el2
	mrs	x2, spsr_el2
	ldr	x3, [sp, #VCPU_STACK_TOP]
	stp	x30, x1, [sp, #VCPU_X30]
	str	x2, [sp, #VCPU_PSTATE]
	mov	x19, sp
	mov	x0, sp
	mov	sp, x3
	.endm

	.macro	sync64_from_guest
	from_guest
	mrs	x1, esr_el2
	mov	w2, #ESR_HVC64_XEN & 0xffff
	movk	w2, #ESR_HVC64_XEN >> 16, lsl #16
	cmp	w1, w2
	b.ne	other_sync
	bl	hypercall_run
	cmn	x0, #ERRNO_RESTART
	b.eq	restart
	str	x0, [x19]
	b	leave
	.endm

	.macro	sync32_from_guest
	from_guest
	mrs	x1, esr_el2
	b	other_sync
	.endm

	.macro	irq_from_guest
	from_guest
	bl	irq_handle
	b	leave
	.endm

	.macro	serror_from_guest
	from_guest
	save_x20_to_x29 x19
	bl	trap_serror
	b	leave_all
	.endm

	.macro	from_el2 why
	.balign	0x80
	sub	sp, sp, #272
	stp	x0, x1, [sp, #16 * 0]
	mov	x0, #\why
	b	el2_exception
	.endm

	.section .text.entry, "ax"
	.balign	0x800
	.globl	el2_vectors
el2_vectors:
	from_el2 0		/* current EL, SP0: not used */
	from_el2 1
	from_el2 2
	from_el2 3
	from_el2 4		/* current EL, SPx: synchronous, IRQ, FIQ, SError */
	from_el2 5
	from_el2 6
	from_el2 7
	sync64_from_guest	/* lower EL, AArch64 */
	irq_from_guest
	irq_from_guest
	serror_from_guest
	sync32_from_guest	/* lower EL, AArch32 */
	irq_from_guest
	irq_from_guest
	serror_from_guest

restart:			/* the HVC once more, after what has come up meanwhile */
	ldr	x1, [x19, #VCPU_PC]
	sub	x1, x1, #4
	str	x1, [x19, #VCPU_PC]
	b	leave

other_sync:			/* x0, x19: struct vcpu, x1: ESR_EL2 */
	save_x20_to_x29 x19
	bl	trap_sync
leave_all:
	mrs	x0, tpidr_el2
	ldr	w1, [x0, #CPU_WORK]
	cbnz	w1, work
	mov	sp, x19
enter:				/* sp: struct vcpu, all of whose registers are stored there */
	ldp	x20, x21, [sp, #16 * 10]
	ldp	x22, x23, [sp, #16 * 11]
	ldp	x24, x25, [sp, #16 * 12]
	ldp	x26, x27, [sp, #16 * 13]
	ldp	x28, x29, [sp, #16 * 14]
	b	return

	/* x19: struct vcpu that trapped; x20 to x29 are the guest's still */
leave:
	mrs	x0, tpidr_el2
	ldr	w1, [x0, #CPU_WORK]
	cbnz	w1, save_and_work
	mov	sp, x19
return:
	ldp	x1, x2, [sp, #VCPU_PC]
	msr	elr_el2, x1
	msr	spsr_el2, x2
	ldp	x2, x3, [sp, #16 * 1]
	ldp	x4, x5, [sp, #16 * 2]
	ldp	x6, x7, [sp, #16 * 3]
	ldp	x8, x9, [sp, #16 * 4]
	ldp	x10, x11, [sp, #16 * 5]
	ldp	x12, x13, [sp, #16 * 6]
	ldp	x14, x15, [sp, #16 * 7]
	ldp	x16, x17, [sp, #16 * 8]
	ldp	x18, x19, [sp, #16 * 9]
	ldr	x30, [sp, #VCPU_X30]
	ldp	x0, x1, [sp, #16 * 0]
	eret
	dsb	nsh		/* nothing behind an ERET may be speculated */
	isb

save_and_work:
	save_x20_to_x29 x19
work:				/* something to do before, and perhaps another vCPU to enter */
	bl	sched_work
	mov	sp, x0
	b	enter

	/* our own fault: x0 = vector; the frame on the stack is x0..x30, sp, pc */
el2_exception:
	save_x2_to_x19
	save_x20_to_x29 sp
	add	x1, sp, #272
	stp	x30, x1, [sp, #16 * 15]
	mrs	x1, elr_el2
	str	x1, [sp, #16 * 16]
	mov	x1, sp
	bl	el2_fault
	b	.

/* sched_enter()'s last step: a fresh stack, then the vCPU. x0: vcpu */
	.globl	stack_reset_and_call
stack_reset_and_call:		/* x0: function, x1: argument, x2: stack top */
	mov	sp, x2
	mov	x3, x0
	mov	x0, x1
	blr	x3
	mov	sp, x0
	b	enter

/*
 * void fp_save(struct fp_state *), void fp_load(const struct fp_state *): the trap in CPTR_EL2 is
 * off.
 */
	.arch_extension fp
	.arch_extension simd
	.globl	fp_save
fp_save:
	stp	q0, q1, [x0, #32 * 0]
	stp	q2, q3, [x0, #32 * 1]
	stp	q4, q5, [x0, #32 * 2]
	stp	q6, q7, [x0, #32 * 3]
	stp	q8, q9, [x0, #32 * 4]
	stp	q10, q11, [x0, #32 * 5]
	stp	q12, q13, [x0, #32 * 6]
	stp	q14, q15, [x0, #32 * 7]
	stp	q16, q17, [x0, #32 * 8]
	stp	q18, q19, [x0, #32 * 9]
	stp	q20, q21, [x0, #32 * 10]
	stp	q22, q23, [x0, #32 * 11]
	stp	q24, q25, [x0, #32 * 12]
	stp	q26, q27, [x0, #32 * 13]
	stp	q28, q29, [x0, #32 * 14]
	stp	q30, q31, [x0, #32 * 15]
	mrs	x1, fpsr
	mrs	x2, fpcr
	add	x3, x0, #512
	stp	w1, w2, [x3]
	ret
	.globl	fp_load
fp_load:
	ldp	q0, q1, [x0, #32 * 0]
	ldp	q2, q3, [x0, #32 * 1]
	ldp	q4, q5, [x0, #32 * 2]
	ldp	q6, q7, [x0, #32 * 3]
	ldp	q8, q9, [x0, #32 * 4]
	ldp	q10, q11, [x0, #32 * 5]
	ldp	q12, q13, [x0, #32 * 6]
	ldp	q14, q15, [x0, #32 * 7]
	ldp	q16, q17, [x0, #32 * 8]
	ldp	q18, q19, [x0, #32 * 9]
	ldp	q20, q21, [x0, #32 * 10]
	ldp	q22, q23, [x0, #32 * 11]
	ldp	q24, q25, [x0, #32 * 12]
	ldp	q26, q27, [x0, #32 * 13]
	ldp	q28, q29, [x0, #32 * 14]
	ldp	q30, q31, [x0, #32 * 15]
	add	x3, x0, #512
	ldp	w1, w2, [x3]
	msr	fpsr, x1
	msr	fpcr, x2
	ret
