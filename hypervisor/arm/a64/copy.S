/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copying a page with the widest registers there are. Whoever's values are in the FP registers,
 * they are there again afterwards, and so is the trap.
 */
#define CPTR_TFP (1 << 10)

	.arch_extension fp
	.arch_extension simd

	.macro	copy128 at
	ldp	q0, q1, [x1, #\at]
	ldp	q2, q3, [x1, #\at + 32]
	ldp	q4, q5, [x1, #\at + 64]
	ldp	q6, q7, [x1, #\at + 96]
	stp	q0, q1, [x0, #\at]
	stp	q2, q3, [x0, #\at + 32]
	stp	q4, q5, [x0, #\at + 64]
	stp	q6, q7, [x0, #\at + 96]
	.endm

	.section .text.page_copy, "ax"
	.globl	page_copy
page_copy:			/* x0: to, x1: from; both page-aligned */
	mrs	x2, cptr_el2
	and	x3, x2, #~CPTR_TFP
	msr	cptr_el2, x3
	isb
	stp	q0, q1, [sp, #-128]!
	stp	q2, q3, [sp, #32]
	stp	q4, q5, [sp, #64]
	stp	q6, q7, [sp, #96]
	add	x3, x0, #4096
1:	copy128	0
	copy128	128
	copy128	256
	copy128	384
	copy128	512
	copy128	640
	copy128	768
	copy128	896
	add	x1, x1, #1024
	add	x0, x0, #1024
	cmp	x0, x3
	b.lo	1b
	ldp	q2, q3, [sp, #32]
	ldp	q4, q5, [sp, #64]
	ldp	q6, q7, [sp, #96]
	ldp	q0, q1, [sp], #128
	msr	cptr_el2, x2
	ret
