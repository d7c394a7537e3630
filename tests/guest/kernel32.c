// SPDX-License-Identifier: GPL-2.0-only
/*
 * A DomU whose kernel is 32-bit: reads every coprocessor register from AArch32 EL1 and writes the
 * debug ones, with the MMU off. It counts the undefined instructions it takes and shuts down with a
 * hypercall. The code is a loop that makes each instruction itself.
 */
#include "domu.h"

#define BASE GUEST_RAM0_BASE
#define VECTORS 0x800 /* in the first page */
#define HANDLER 0x840
/* the second page: undefined, done; the argument of the shutdown */
#define RESULT 0x1000
#define SLOT 14 /* word of the loop that is made */
#define NR_REGS (1u << 14)

/*
 * r6: number of the register, r5: end, r4: the instruction without it, r9: SLOT, r10: undefined so
 * far, r1: RESULT, r2: VECTORS, r11: shutdown's argument
 */
static const u32 program[] = {
	0xee0c2f10, /* mcr p15, 0, r2, c12, c0, 0: VBAR */
	0xe1a075a6,
	0xe1848a87, /* loop: mov r7, r6, lsr #11; orr r8, r4, r7, lsl #21 */
	/* mov r7, r6, lsl #21; mov r7, r7, lsr #28; orr r8, r8, r7, lsl #16 */
	0xe1a07a86,
	0xe1a07e27,
	0xe1888807,
	/* mov r7, r6, lsl #25; mov r7, r7, lsr #28; orr r8, r8, r7 */
	0xe1a07c86,
	0xe1a07e27,
	0xe1888007,
	0xe2067007,
	0xe1888287, /* and r7, r6, #7; orr r8, r8, r7, lsl #5 */
	0xe5898000,
	0xee070f15,
	0xf57ff06f, /* str r8, [r9]; iciallu; isb */
	0,
	0xe2866001,
	0xe1560005,
	0x1affffee, /* add r6, r6, #1; cmp r6, r5; bne loop */
	0xe581a000,
	0xe5816004, /* str r10, [r1]; str r6, [r1, #4] */
	/* sched_op(shutdown): mov r0, #2; mov r1, r11; mov r12, #29; hvc #0xea1 */
	0xe3a00002,
	0xe1a0100b,
	0xe3a0c01d,
	0xe140ea71,
	0xeafffffe,
};

/* Not by MOVS PC, LR: QEMU forgets the banked SPSR of the mode that EL2 returns to. */
static const u32 handler[] = {
	0xe28aa001, 0xe1a0700e, /* add r10, r10, #1; mov r7, lr */
	0xf1020013, 0xe12fff17, /* cps #0x13; bx r7 */
};

static bool ok(const char *what, s64 rc)
{
	return rc >= 0 || report(false, "%s: %ld", what, (long)rc);
}

static bool make(u16 *id)
{
	struct xen_domctl op = { 0 };
	xen_pfn_t gfns[2] = { BASE / PAGE_SIZE, BASE / PAGE_SIZE + 1 };
	struct xen_memory_reservation r = { .nr_extents = 2 };

	op.u.createdomain.ssidref = 12;
	op.u.createdomain.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
	op.u.createdomain.max_vcpus = 1;
	op.u.createdomain.max_evtchn_port = 1023;
	op.u.createdomain.max_grant_frames = -1;
	op.u.createdomain.max_maptrack_frames = -1;
	op.u.createdomain.grant_opts = XEN_DOMCTL_GRANT_version(1);
	op.u.createdomain.arch.gic_version = XEN_DOMCTL_CONFIG_GIC_NATIVE;
	if (!ok("createdomain", domctl(XEN_DOMCTL_createdomain, 0xffff, &op)))
		return false;
	*id = r.domid = op.domain;
	op = (struct xen_domctl){ .u.max_vcpus.max = 1 };
	ok("max_vcpus", domctl(XEN_DOMCTL_max_vcpus, *id, &op));
	op = (struct xen_domctl){ .u.max_mem.max_memkb = 1024 };
	ok("max_mem", domctl(XEN_DOMCTL_max_mem, *id, &op));
	op = (struct xen_domctl){ .u.paging_mempool.size = 512 * 1024 };
	ok("mempool", domctl(XEN_DOMCTL_set_paging_mempool_size, *id, &op));
	op = (struct xen_domctl){ .u.address_size.size = 32 };
	set_xen_guest_handle(r.extent_start, gfns);
	return ok("address_size 32", domctl(XEN_DOMCTL_set_address_size, *id, &op)) &&
	       ok("populate", memory_op(XENMEM_populate_physmap, &r) == 2 ? 0 : -1) &&
	       ok("map",
		  map_at(XENMAPSPACE_gmfn_foreign, *id, gfns[0], machine.free_base / PAGE_SIZE)) &&
	       ok("map", map_at(XENMAPSPACE_gmfn_foreign, *id, gfns[1],
				machine.free_base / PAGE_SIZE + 1));
}

static bool start(u16 id, u32 first)
{
	static vcpu_guest_context_t ctx;
	struct xen_domctl op = { 0 };
	u32 *ram = (u32 *)machine.free_base;

	memset(ram, 0, 2 * PAGE_SIZE);
	memcpy(ram, program, sizeof(program));
	for (u32 i = 0; i < 8; i++)
		ram[VECTORS / 4 + i] = 0xe25ef004; /* subs pc, lr, #4 */
	ram[VECTORS / 4 + 1] = 0xea00000d;	   /* undefined: b HANDLER */
	memcpy(&ram[HANDLER / 4], handler, sizeof(handler));
	op.u.cacheflush.start_pfn = BASE / PAGE_SIZE;
	op.u.cacheflush.nr_pfns = 2;
	ok("cacheflush", domctl(XEN_DOMCTL_cacheflush, id, &op));
	memset(&ctx, 0, sizeof(ctx));
	ctx.flags = VGCF_online;
	ctx.user_regs.pc64 = BASE;
	/* Supervisor, A32, interrupts masked */
	ctx.user_regs.cpsr = 0x1d3;
	ctx.user_regs.x1 = BASE + RESULT;
	ctx.user_regs.x2 = BASE + VECTORS;
	ctx.user_regs.x4 = first;
	ctx.user_regs.x5 = NR_REGS;
	ctx.user_regs.x9 = BASE + 4 * SLOT;
	ctx.user_regs.x11 = BASE + RESULT + 8;
	ctx.sctlr = 0xc50078;
	op = (struct xen_domctl){ 0 };
	set_xen_guest_handle(op.u.vcpucontext.ctxt, &ctx);
	return ok("vcpucontext", domctl(XEN_DOMCTL_setvcpucontext, id, &op)) &&
	       ok("unpause", domctl(XEN_DOMCTL_unpausedomain, id, &op));
}

static bool wait_shutdown(u16 id)
{
	struct xen_domctl op = { 0 };

	for (u64 end = ticks() + 20 * read_sysreg(cntfrq_el0); ticks() < end;
	     sched_op(SCHEDOP_yield, NULL))
		if (!domctl(XEN_DOMCTL_getdomaininfo, id, &op) &&
		    op.u.getdomaininfo.flags & XEN_DOMINF_shutdown)
			return true;
	return false;
}

/* Where it hangs. */
static void tell(u16 id)
{
	static vcpu_guest_context_t ctx;
	struct xen_domctl op = { 0 };

	set_xen_guest_handle(op.u.vcpucontext.ctxt, &ctx);
	domctl(XEN_DOMCTL_getvcpucontext, id, &op);
	printf("register %lx, instruction %lx, PC %lx, CPSR %lx, %lu undefined\n", ctx.user_regs.x6,
	       ctx.user_regs.x8, ctx.user_regs.pc64, (u64)ctx.user_regs.cpsr, ctx.user_regs.x10);
}

static void sweep(const char *name, u32 first)
{
	volatile u32 *result = (u32 *)(machine.free_base + RESULT);
	struct xen_domctl op = { 0 };
	u16 id = 0;
	s64 rc;

	if (report(make(&id) && start(id, first), "%s: the guest is made", name)) {
		if (!report(wait_shutdown(id), "%s: it shuts down", name))
			tell(id);
		report(result[1] == NR_REGS, "%s: it went through all registers: %u", name,
		       result[1]);
		report_value(result[0], "%s: undefined of %u", name, NR_REGS);
	}
	unmap_at(machine.free_base / PAGE_SIZE);
	unmap_at(machine.free_base / PAGE_SIZE + 1);
	do
		rc = domctl(XEN_DOMCTL_destroydomain, id, &op);
	while (rc == -XEN_EAGAIN);
	report(rc == 0, "%s: destroyed", name);
}

void guest_main(void)
{
	report_prefix("kernel32");
	irq_enable();
	sweep("MRC p15", 0xee100f10);
	sweep("MRC p14", 0xee100e10);
	sweep("MCR p14", 0xee000e10);
	report_summary();
}
