/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel (arm64 Image) that reports its own crash and nothing else: Linux on ARM never does. */
	b	start
	.long	0
	.quad	0, 0x10000, 0xa		/* text offset, image size, flags: little-endian, 4 KiB pages, anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0
start:	mov	x0, #2			/* SCHEDOP_shutdown */
	adr	x1, reason
	mov	x16, #29		/* sched_op */
	hvc	#0xea1
stay:	wfi
	b	stay
	.align	3
reason:	.long	3			/* SHUTDOWN_crash */
