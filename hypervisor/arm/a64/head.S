/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reset to C, for the boot CPU and the others. The boot CPU arrives by the arm64 Linux boot
 * protocol (an Image at any 2 MiB boundary, EL2, MMU off, x0 = device tree): relocates the image,
 * clears bss, lets C build the first tables with the MMU still off, turns it on.
 */
#include <arm/asm.h>

	.section .head.text, "ax"
	.globl _start
_start:
	b	start_boot_cpu
	.long	0
	.quad	0			/* text_offset: any 2 MiB boundary will do */
	.long	__image_size, 0
	.quad	0xa			/* flags: little endian, 4 KiB pages, anywhere in memory */
	.quad	0
	.quad	0
	.quad	0
	.ascii	"ARM\x64"
	.long	0

/* x20 device tree, x21 image start; kept over the C call */
start_boot_cpu:
	msr	daifset, #0xf		/* whatever the loader left */
	mrs	x1, CurrentEL
	cmp	x1, #(2 << 2)
	b.ne	not_el2
	msr	spsel, #1
	mov	x20, x0
	adrp	x21, __image_start
	adrp	x1, __relocs
	add	x1, x1, :lo12:__relocs
	/*
	 * Where 64-bit words hold an offset from the image's start, each place 32 bits, 0 ends
	 * them: made by the Makefile of .rela.dyn, where there are R_AARCH64_RELATIVE only.
	 */
1:	ldr	w3, [x1], #4
	cbz	w3, 2f
	ldr	x4, [x21, x3]
	add	x4, x4, x21
	str	x4, [x21, x3]
	b	1b
2:	adrp	x1, __bss_start
	add	x1, x1, :lo12:__bss_start
	adrp	x2, __bss_end
3:	stp	xzr, xzr, [x1], #16
	cmp	x1, x2
	b.lo	3b
	adrp	x1, boot_stack_top
	add	sp, x1, :lo12:boot_stack_top
	mov	x0, x20
	mov	x1, x21
	bl	mm_early_init		/* returns TTBR0_EL2 */
	/*
	 * With the MMU off all of the above went to memory; nothing older may stay in a cache above
	 * it.
	 */
	adrp	x1, __image_start
	adrp	x2, __image_end
	mrs	x3, ctr_el0
	ubfx	x3, x3, #16, #4
	mov	x4, #4
	lsl	x3, x4, x3
4:	dc	ivac, x1
	add	x1, x1, x3
	cmp	x1, x2
	b.lo	4b
	dsb	sy
	bl	mmu_on
	adrp	x0, cpus
	add	x0, x0, :lo12:cpus
	msr	tpidr_el2, x0
	bl	cpu_el2_init
	mov	x0, x20
	mov	x1, x21
	adrp	x2, __image_end
	sub	x2, x2, x21
	bl	boot_main

not_el2:
	wfi
	b	not_el2

/* Secondary CPU, from PSCI CPU_ON: x0 = its struct cpu. */
	.globl	secondary_entry
secondary_entry:
	mrs	x1, CurrentEL
	cmp	x1, #(2 << 2)
	b.ne	not_el2
	mov	x20, x0
	adrp	x1, mm_root
	ldr	x0, [x1, :lo12:mm_root]
	bl	mmu_on
	msr	tpidr_el2, x20
	ldr	x1, [x20, #CPU_STACK]
	add	sp, x1, #EL2_STACK_SIZE
	bl	cpu_el2_init
	mov	x0, x20
	b	smp_secondary_main

/* x0: TTBR0_EL2. Clobbers x1-x4. */
mmu_on:
	ldr	x1, =MAIR_EL2_VALUE
	msr	mair_el2, x1
	ldr	x1, =TCR_EL2_VALUE	/* PS filled in from the machine */
	mrs	x2, id_aa64mmfr0_el1
	and	x2, x2, #0xf
	mov	x3, #5
	cmp	x2, x3
	csel	x2, x2, x3, lo		/* at most 48 bits */
	bfi	x1, x2, #16, #3
	msr	tcr_el2, x1
	msr	ttbr0_el2, x0
	isb
	tlbi	alle2
	dsb	nsh
	ic	iallu
	dsb	nsh
	isb
	ldr	x1, =SCTLR_EL2_VALUE
	msr	sctlr_el2, x1
	isb
	ret
	.ltorg

	.section .bss
	.balign 16
	.globl	boot_stack
boot_stack:
	.skip	EL2_STACK_SIZE
boot_stack_top:
