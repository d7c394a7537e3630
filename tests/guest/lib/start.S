/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry of every payload: the arm64 Image header, the way from "MMU off,
 * x0 = device tree or start info" to C in the upper half, the vectors, and
 * the door to EL0. The image is linked at KBASE and runs wherever it was
 * loaded (2 MiB aligned); only early.c runs before the MMU is on.
 */
#include "asm.h"

	.section .head, "ax"
	.global _start
_start:
	ccmp	x18, #0, #0xd, pl	/* spells "MZ"; no effect */
	b	entry
	.quad	0			/* text_offset */
	.quad	_image_size
	.quad	0xa			/* little endian, 4 KiB pages, anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.text
entry:
	mov	x19, x0
	msr	daifset, #0xf
	adrp	x1, boot_stack_top
	mov	sp, x1
	adr	x1, _start
	bl	early_init		/* (info, physical address of the image) */
	mov	x0, #0
	ldr	x20, =high_boot
	b	mmu_on

	/* A secondary CPU: x0 = its index, as given to CPU_ON as context. */
	.global secondary_entry
secondary_entry:
	msr	daifset, #0xf
	ldr	x20, =high_secondary

mmu_on:					/* x0 = CPU index, x20 = where to go */
	ldr	x1, =MAIR_VALUE
	msr	mair_el1, x1
	ldr	x1, =TCR_VALUE
	msr	tcr_el1, x1
	adrp	x1, table_low
	msr	ttbr0_el1, x1
	adrp	x1, table_high
	msr	ttbr1_el1, x1
	tlbi	vmalle1
	dsb	nsh
	isb
	ldr	x1, =SCTLR_VALUE
	msr	sctlr_el1, x1
	isb
	ldr	x1, =stacks
	mov	x2, #STACK_SIZE
	madd	x1, x0, x2, x1
	add	sp, x1, x2
	ldr	x1, =vectors
	msr	vbar_el1, x1
	msr	tpidr_el1, x0
	isb
	br	x20

high_boot:
	mov	x0, x19
	bl	guest_start
0:	wfi
	b	0b

high_secondary:
	bl	secondary_start
1:	wfi
	b	1b

	.macro	vector kind
	.balign	0x80
	sub	sp, sp, #REGS_SIZE
	stp	x0, x1, [sp]
	mov	x1, #\kind
	b	take
	.endm

	.balign	0x800
	.global vectors
vectors:
	.set	k, 0
	.rept	16
	vector	k
	.set	k, k + 1
	.endr

take:
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x2, elr_el1
	stp	x30, x2, [sp, #240]
	mrs	x2, spsr_el1
	mrs	x3, esr_el1
	stp	x2, x3, [sp, #256]
	mrs	x2, far_el1
	str	x2, [sp, #272]
	mov	x0, sp
	bl	trap
	ldp	x30, x2, [sp, #240]
	msr	elr_el1, x2
	ldr	x2, [sp, #256]
	msr	spsr_el1, x2
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	ldp	x0, x1, [sp], #REGS_SIZE
	eret

/*
 * u64 el0_call(void *fn, u64 arg): run fn, at its alias that EL0 may execute,
 * with interrupts masked, until it issues SVC; its x0 is the result. Faults on
 * the way go through trap() like any other. Keeps the caller's registers on
 * the EL1 stack; el0_leave() finds them there.
 */
	.global	el0_call
el0_call:
	mov	x2, #EL0_ALIAS
	add	x0, x0, x2
	mov	x2, #0x3c0		/* EL0t, DAIF masked */
	/*
	 * Falls through to u64 el0_enter(u64 address, u64 arg, u64 spsr): the same for any address
	 * EL0 may execute, and AArch32.
	 */
	.global	el0_enter
el0_enter:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	msr	spsr_el1, x2
	msr	elr_el1, x0
	mov	x0, x1
	eret

	.global	el0_leave		/* (result, the trap's frame) */
el0_leave:
	add	sp, x1, #REGS_SIZE
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

	.section .bss.stack, "aw", %nobits
	.balign	4096
	.space	STACK_SIZE
boot_stack_top:
	.global	stacks
stacks:
	.space	STACK_SIZE * MAX_CPUS
