// SPDX-License-Identifier: GPL-2.0-only
/*
 * The FP registers through a call that copies pages, and x19 to x29 of a vCPU through hypercalls,
 * interrupts, switches to another domain on the same CPU and back, and as getvcpucontext shows
 * them. Both domains hold patterns of their own in them and look whether they stay.
 */
#include "domu.h"

#define NR 11 /* x19 to x29 */
#define YIELDS 2000
#define SPINS 3000000

/*
 * Loads r[0..10] into x19..x29, yields `yields` times, spins `spins` times, and stores them back.
 */
void hold(u64 *r, u64 yields, u64 spins);
extern char hold_from[], hold_to[]; /* while PC is there, they are in the registers */

asm("	.text\n"
    "hold:	sub	sp, sp, #112\n"
    "	stp	x19, x20, [sp]\n"
    "	stp	x21, x22, [sp, #16]\n"
    "	stp	x23, x24, [sp, #32]\n"
    "	stp	x25, x26, [sp, #48]\n"
    "	stp	x27, x28, [sp, #64]\n"
    "	stp	x29, x30, [sp, #80]\n"
    "	str	x0, [sp, #96]\n"
    "	mov	x9, x1\n"
    "	mov	x10, x2\n"
    "	ldp	x19, x20, [x0]\n"
    "	ldp	x21, x22, [x0, #16]\n"
    "	ldp	x23, x24, [x0, #32]\n"
    "	ldp	x25, x26, [x0, #48]\n"
    "	ldp	x27, x28, [x0, #64]\n"
    "	ldr	x29, [x0, #80]\n"
    "hold_from:\n"
    "1:	cbz	x9, 2f\n"
    "	mov	x16, #29\n" /* sched_op, SCHEDOP_yield */
    "	mov	x0, #0\n"
    "	mov	x1, #0\n"
    "	hvc	#0xea1\n"
    "	sub	x9, x9, #1\n"
    "	b	1b\n"
    "2:	cbz	x10, 3f\n"
    "	sub	x10, x10, #1\n"
    "	b	2b\n"
    "3:	ldr	x0, [sp, #96]\n"
    "hold_to:\n"
    "	stp	x19, x20, [x0]\n"
    "	stp	x21, x22, [x0, #16]\n"
    "	stp	x23, x24, [x0, #32]\n"
    "	stp	x25, x26, [x0, #48]\n"
    "	stp	x27, x28, [x0, #64]\n"
    "	str	x29, [x0, #80]\n"
    "	ldp	x19, x20, [sp]\n"
    "	ldp	x21, x22, [sp, #16]\n"
    "	ldp	x23, x24, [sp, #32]\n"
    "	ldp	x25, x26, [sp, #48]\n"
    "	ldp	x27, x28, [sp, #64]\n"
    "	ldp	x29, x30, [sp, #80]\n"
    "	add	sp, sp, #112\n"
    "	ret\n");

static volatile u32 rounds, changed; /* the DomU's */

static u64 pattern(u64 domid, int reg)
{
	return 0x1111111111111111 * (domid + 1) + (u64)reg;
}

/* How many of them were changed. */
static u32 held(u64 domid, u64 yields, u64 spins)
{
	u64 r[NR];
	u32 bad = 0;

	for (int i = 0; i < NR; i++)
		r[i] = pattern(domid, 19 + i);
	hold(r, yields, spins);
	for (int i = 0; i < NR; i++)
		bad += r[i] != pattern(domid, 19 + i);
	return bad;
}

/* v0 to v7 through a grant copy of whole pages, for which the hypervisor may use them. */
static u32 fp_changed(void)
{
	static u8 from[PAGE_SIZE] __page_aligned, to[PAGE_SIZE] __page_aligned;
	static u64 in[16], out[16];
	struct gnttab_copy c = { .len = PAGE_SIZE };
	register u64 x0 asm("x0") = GNTTABOP_copy;
	register u64 x1 asm("x1") = (u64)&c;
	register u64 x2 asm("x2") = 1;
	register u64 x16 asm("x16") = __HYPERVISOR_grant_table_op;
	u32 bad = 0;

	c.source.u.gmfn = virt_to_gfn(from);
	c.dest.u.gmfn = virt_to_gfn(to);
	c.source.domid = c.dest.domid = DOMID_SELF;
	for (int i = 0; i < PAGE_SIZE; i++)
		from[i] = (u8)(i * 7 + i / 256);
	for (int i = 0; i < 16; i++)
		in[i] = pattern(7, i);
	write_sysreg(3ul << 20, cpacr_el1);
	isb();
	asm volatile(".arch_extension fp\n .arch_extension simd\n"
		     "ldp q0, q1, [%4]\n ldp q2, q3, [%4, #32]\n ldp q4, q5, [%4, #64]\n ldp q6, "
		     "q7, [%4, #96]\n"
		     "hvc #0xea1\n"
		     "stp q0, q1, [%5]\n stp q2, q3, [%5, #32]\n stp q4, q5, [%5, #64]\n stp q6, "
		     "q7, [%5, #96]\n"
		     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x16)
		     : "r"(in), "r"(out)
		     : "memory");
	for (int i = 0; i < 16; i++)
		bad += out[i] != in[i];
	for (int i = 0; i < PAGE_SIZE; i++)
		bad += to[i] != from[i];
	return bad + (x0 || c.status);
}

void domu_main(void)
{
	for (;;) {
		changed += held(start_info->domid, YIELDS, 0);
		changed += held(start_info->domid, 0, SPINS);
		rounds++;
	}
}

/* Stops the DomU many times where it holds its pattern, and reads its registers. */
static void contexts(struct domu *d)
{
	static struct vcpu_guest_context c;
	struct xen_domctl op = { 0 };
	u64 *x = &c.user_regs.x19;
	u32 seen = 0, bad = 0;

	set_xen_guest_handle(op.u.vcpucontext.ctxt, &c);
	for (int i = 0; i < 200 && seen < 50; i++) {
		delay_us(200);
		domu_pause(d);
		bad += domctl(XEN_DOMCTL_getvcpucontext, d->domid, &op) != 0;
		if (c.user_regs.pc64 >= (u64)hold_from && c.user_regs.pc64 < (u64)hold_to) {
			seen++;
			for (int n = 0; n < NR; n++)
				bad += x[n] != pattern(d->domid, 19 + n);
		}
		domu_unpause(d);
	}
	report(seen && !bad, "getvcpucontext shows x19 to x29");
}

static void beside(struct domu *d)
{
	u32 bad = 0, before = *domu_ptr(d, &rounds);

	for (int i = 0; i < 20; i++) {
		bad += held(0, YIELDS, 0);
		bad += held(0, 0, SPINS);
	}
	report(!bad, "Dom0's x19 to x29 stay");
	report(*domu_ptr(d, &rounds) != before, "the DomU ran meanwhile");
}

void guest_main(void)
{
	struct domu d;

	report_prefix("registers");
	irq_enable();
	report(!held(0, YIELDS, SPINS), "x19 to x29 stay");
	report(!fp_changed(), "v0 to v7 stay while a page is copied");
	domu_pin(0, 0, 0);
	if (!report(domu_create(&d, 1, 0), "DomU built"))
		return report_summary();
	domu_pin(d.domid, 0, 0);
	domu_unpause(&d);
	beside(&d);
	contexts(&d);
	if (machine.ncpus > 1) {
		domu_pin(d.domid, 0, 1);
		contexts(&d);
	}
	domu_pause(&d);
	report(!*domu_ptr(&d, &changed), "the DomU's x19 to x29 stay");
	domu_destroy(&d);
	report_summary();
}
