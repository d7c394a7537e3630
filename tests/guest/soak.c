// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests are made and killed at a random moment: of their creation, of their start or of what they
 * do, while Dom0 maps what they grant. After each the hypervisor's free memory is that of before,
 * and its log has not grown.
 */
#include "domu.h"

#define GRANTS 4
#define FIRST_REF 8
#define CREATE_STEPS 1045 /* of domu_create(), or some more */

static u8 page[GRANTS][PAGE_SIZE] __page_aligned;
static volatile u32 granted, progress[2];
static u64 seed;

static u32 rnd(u32 n)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return (u32)(seed >> 33) % n;
}

/* --- the guest --- */

static void give_and_take_memory(u32 cpu)
{
	static u8 lent[2][8][PAGE_SIZE] __page_aligned;
	xen_pfn_t gfns[8];
	struct xen_memory_reservation r = { .nr_extents = 1 + rnd(8), .domid = DOMID_SELF };

	for (u32 i = 0; i < r.nr_extents; i++)
		gfns[i] = virt_to_gfn(lent[cpu][i]);
	set_xen_guest_handle(r.extent_start, gfns);
	memory_op(XENMEM_decrease_reservation, &r);
	memory_op(XENMEM_populate_physmap, &r);
}

static void events(void)
{
	u32 far = evtchn_alloc(0), near = evtchn_alloc(DOMID_SELF);
	u32 other = near ? evtchn_bind(DOMID_SELF, near) : 0;

	if (other)
		evtchn_send(other);
	if (rnd(2) && far)
		evtchn_close(far);
	if (rnd(4) && near)
		evtchn_close(near);
	if (other)
		evtchn_close(other);
}

static void sleep_a_little(void)
{
	timer_set(ticks() + rnd(10000));
	sched_op(SCHEDOP_block, NULL);
	timer_stop();
}

static void busy(int cpu)
{
	static struct vcpu_runstate_info runstate[2];
	struct vcpu_register_runstate_memory_area a = { .addr.v = &runstate[cpu] };

	vcpu_op(VCPUOP_register_runstate_memory_area, (u32)cpu, &a);
	for (;; progress[cpu]++) {
		switch (rnd(5)) {
		case 0: give_and_take_memory((u32)cpu); break;
		case 1: events(); break;
		case 2: printf("a line of %d, number %u\n", cpu, progress[cpu]); break;
		case 3: sleep_a_little(); break;
		default: memset(page[rnd(GRANTS)], cpu, PAGE_SIZE);
		}
	}
}

void domu_main(void)
{
	seed = start_info->arg[0];
	irq_enable();
	for (u32 i = 0; i < GRANTS; i++)
		grant_access(FIRST_REF + i, 0, virt_to_gfn(page[i]), false);
	granted = 1;
	if (start_info->ncpus > 1)
		cpu_start(1, busy);
	busy(0);
}

/* --- Dom0 --- */

static struct gnttab_map_grant_ref mapped[GRANTS];

static void map_granted(const struct domu *d)
{
	u64 at = machine.free_base + machine.free_size / 2;

	for (u32 i = 0; i < GRANTS; i++)
		mapped[i] = (struct gnttab_map_grant_ref){ .host_addr = at + i * PAGE_SIZE,
							   .flags = GNTMAP_host_map,
							   .ref = FIRST_REF + i,
							   .dom = d->domid };
	grant_op(GNTTABOP_map_grant_ref, mapped, GRANTS);
}

static bool unmap_granted(void)
{
	bool ok = true;

	for (u32 i = 0; i < GRANTS; i++) {
		struct gnttab_unmap_grant_ref u = { .host_addr = mapped[i].host_addr,
						    .handle = mapped[i].handle };

		if (!mapped[i].host_addr || mapped[i].status)
			continue;
		*(volatile u8 *)u.host_addr = 1;
		ok &= !grant_op(GNTTABOP_unmap_grant_ref, &u, 1) && !u.status;
	}
	memset(mapped, 0, sizeof(mapped));
	return ok;
}

static u64 free_pages(void)
{
	struct xen_sysctl s = { 0 };

	return sysctl(XEN_SYSCTL_physinfo, &s) ? 0 : s.u.physinfo.free_pages;
}

/* Bytes that the hypervisor has logged. */
static u32 log_length(void)
{
	static u32 at;
	static char text[4096];
	struct xen_sysctl s = { 0 };

	do {
		s.u.readconsole.incremental = 1;
		s.u.readconsole.index = at;
		s.u.readconsole.count = sizeof(text);
		set_xen_guest_handle(s.u.readconsole.buffer, text);
		if (sysctl(XEN_SYSCTL_readconsole, &s))
			return 0;
		at = s.u.readconsole.index;
	} while (s.u.readconsole.count);
	return at;
}

enum { IN_CREATION, AT_START, AT_WORK, KINDS };
static u32 rounds_of[KINDS], worked;

/* false: something was not given back, or the guest's death was refused. */
static bool one_round(void)
{
	u32 kind = rnd(KINDS), died_first = rnd(2);
	u64 end;
	bool ok;
	struct domu d;

	domu_steps_left = kind == IN_CREATION ? 1 + (rnd(2) ? rnd(12) : rnd(CREATE_STEPS)) : 0;
	if (!domu_create(&d, 1 + (int)rnd(2), 0)) {
		rounds_of[IN_CREATION]++;
		return kind == IN_CREATION && d.error == DOMU_GIVEN_UP;
	}
	kind = kind == IN_CREATION ? AT_START : kind;
	rounds_of[kind]++;
	d.info->arg[0] = seed;
	domu_unpause(&d);
	if (kind == AT_WORK && wait_for(domu_ptr(&d, &granted), 1) && rnd(2))
		map_granted(&d);
	end = ticks() + rnd(kind == AT_WORK ? 20000 : 2000) * (read_sysreg(cntfrq_el0) / 1000000);
	while (ticks() < end) {
		d.console->out_cons = READ_ONCE(d.console->out_prod);
		sched_op(SCHEDOP_yield, NULL);
	}
	worked += *domu_ptr(&d, &progress[0]) > 0;
	ok = died_first || unmap_granted();
	return !domu_destroy(&d) && unmap_granted() && ok;
}

void guest_main(void)
{
	u64 rounds = bootarg("rounds=", 20), pages = 0, n;
	u32 logged = 0;
	bool ok = true;

	report_prefix("soak");
	irq_enable();
	seed = bootarg("seed=", 1);
	for (n = 0; n < rounds && ok; n++) {
		ok = report(one_round(), "round %lu", n);
		if (n < 10) { /* Dom0's own tables for its windows and handles stay */
			pages = free_pages();
			logged = log_length();
		} else if (free_pages() != pages) {
			ok = report(false, "%ld pages are lost", (s64)(pages - free_pages()));
		}
	}
	report(log_length() == logged, "the log has not grown");
	report(rounds < 20 || (rounds_of[IN_CREATION] && rounds_of[AT_START] && worked),
	       "killed at all kinds of moments");
	printf("rounds: %lu, %u killed in creation, %u at their start, %u at work; %u worked\n", n,
	       rounds_of[IN_CREATION], rounds_of[AT_START], rounds_of[AT_WORK], worked);
	report_summary();
}
