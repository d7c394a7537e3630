// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every hypercall number and sub-operation with a null pointer, an unmapped
 * pointer and a zeroed argument, from Dom0 and from a DomU: each returns, in
 * bounded time, and what it returns is compared with real Xen. Left out: calls
 * that rightly end or stop the caller (shutdown, block, poll, vcpu down).
 */
#include "domu.h"

#define NR_CALLS 64
#define NR_CMDS 40
#define UNMAPPED 0x0000700000000000ul

static u8 zeros[PAGE_SIZE] __page_aligned;

enum kind { NULL_PTR, BAD_PTR, ZEROED, NR_KINDS };
static const char *const kind_name[] = { "null", "unmapped", "zeroed" };

static bool stops_caller(u32 nr, u32 cmd, enum kind kind)
{
	if (nr == __HYPERVISOR_sched_op)
		return cmd == SCHEDOP_block ||
		       (kind == ZEROED &&
			(cmd == SCHEDOP_shutdown || cmd == SCHEDOP_poll ||
			 cmd == SCHEDOP_shutdown_code || cmd == SCHEDOP_remote_shutdown ||
			 cmd == SCHEDOP_watchdog));
	if (nr == __HYPERVISOR_vcpu_op)
		return true;		  /* has a vCPU between command and pointer: see vcpu.c */
	if (nr == __HYPERVISOR_memory_op) /* would move the page at 0: see memory.c */
		return kind == ZEROED &&
		       (cmd == XENMEM_add_to_physmap || cmd == XENMEM_remove_from_physmap ||
			cmd == XENMEM_maximum_ram_page || cmd == XENMEM_current_reservation ||
			cmd == XENMEM_maximum_reservation || cmd == XENMEM_maximum_gpfn);
	if (nr == __HYPERVISOR_hvm_op) /* would take the event interrupt away */
		return kind == ZEROED && cmd == HVMOP_set_param;
	if (nr == __HYPERVISOR_event_channel_op) /* alloc and bind make ports: see evtchn.c */
		return kind == ZEROED;
	return nr == __HYPERVISOR_xen_version && kind != NULL_PTR;
}

static u64 pointer(enum kind kind)
{
	if (kind == ZEROED) {
		memset(zeros, 0, sizeof(zeros));
		return (u64)zeros;
	}
	return kind == BAD_PTR ? UNMAPPED : 0;
}

/* What is not ENOSYS gets a line of its own. */
static void sweep_call(const char *who, u32 nr, enum kind kind)
{
	u64 limit = read_sysreg(cntfrq_el0); /* one second */

	for (u32 cmd = 0; cmd < NR_CMDS; cmd++) {
		u64 start = ticks();
		s64 rc;

		if (stops_caller(nr, cmd, kind))
			continue;
		rc = hypercall(nr, cmd, pointer(kind), 0, 0, 0);
		if (ticks() - start > limit)
			report(false, "%s: nr %u cmd %u %s returns in bounded time", who, nr, cmd,
			       kind_name[kind]);
		if (rc != -XEN_ENOSYS)
			printf("VALUE: hypercalls: %s: nr %u cmd %u %s = %ld\n", who, nr, cmd,
			       kind_name[kind], rc);
	}
}

static void sweep(const char *who)
{
	for (u32 nr = 0; nr < NR_CALLS; nr++)
		for (int kind = 0; kind < NR_KINDS; kind++)
			sweep_call(who, nr, (enum kind)kind);
	report(true, "%s: every call has returned", who);
	for (u64 nr = 64; nr; nr <<= 1)
		report(hypercall(nr, 0, 0, 0, 0, 0) == -XEN_ENOSYS, "%s: nr %lx is ENOSYS", who,
		       nr);
	report(hypercall(~0ul, 0, 0, 0, 0, 0) == -XEN_ENOSYS, "%s: nr -1 is ENOSYS", who);
}

/* x16 and the callee's registers survive; the immediate decides who answers. */
static void convention(void)
{
	register u64 x0 asm("x0") = XENVER_version;
	register u64 x1 asm("x1") = 0;
	register u64 x16 asm("x16") = __HYPERVISOR_xen_version;
	register u64 x19 asm("x19") = 0x1919191919191919;
	register u64 x28 asm("x28") = 0x2828282828282828;

	u64 rc, nr, kept;

	asm volatile("hvc #0xea1" : "+r"(x0), "+r"(x1), "+r"(x16), "+r"(x19), "+r"(x28)::"memory");
	rc = x0;
	nr = x16;
	kept = x19 == 0x1919191919191919 && x28 == 0x2828282828282828;
	report(rc == 0x40011, "xen_version is 4.17");
	report(nr == __HYPERVISOR_xen_version, "x16 survives");
	report(kept, "x19 and x28 survive");
}

static void version(void)
{
	static char buf[PAGE_SIZE] __page_aligned;
	struct xen_feature_info fi = { .submap_idx = 0 };

	report(xen_version(XENVER_extraversion, buf) == 0, "extraversion");
	report(xen_version(XENVER_get_features, &fi) == 0, "get_features 0");
	report_value(fi.submap, "features 0");
	fi.submap_idx = 1;
	report_value((u64)xen_version(XENVER_get_features, &fi), "get_features 1");
	report(xen_version(XENVER_pagesize, NULL) == 4096, "page size");
	for (int cmd = 0; cmd < 12; cmd++) {
		memset(buf, 0x5a, sizeof(buf));
		report_value((u64)xen_version(cmd, (void *)UNMAPPED) >> 63,
			     "xen_version %d refuses an unmapped buffer", cmd);
	}
}

void domu_main(void)
{
	report_prefix("hypercalls");
	irq_enable();
	sweep("domU");
	report_summary();
}

void guest_main(void)
{
	struct domu d;

	report_prefix("hypercalls");
	irq_enable();
	convention();
	version();
	sweep("dom0");
	if (report(domu_create(&d, 1, 0), "DomU built")) {
		domu_unpause(&d);
		report(domu_wait(&d, 20), "DomU has shut down");
		domu_destroy(&d);
	}
	report_summary();
}
