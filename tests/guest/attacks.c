// SPDX-License-Identifier: GPL-2.0-only
/*
 * A DomU that turns on the hypervisor, Dom0 beside it the victim: memory that the hypervisor reads
 * or writes for it changes under its hands, and several vCPUs ask for the same thing at once.
 * Nobody but the DomU may be hurt, and its memory comes back to the page.
 */
#include "domu.h"

/* of each attack: the CPUs of a host that is busy do not always run at once */
#define SECONDS 2
#define NR_VCPUS 3

enum role { RUNSTATE_INDEX = 1, RUNSTATE_TWICE, NAPPING };

static volatile u32 stop, running, done, pattern[1024], naps[NR_VCPUS];
static u8 area[NR_VCPUS][PAGE_SIZE] __page_aligned;

static u64 end_of_attack(void)
{
	return ticks() + SECONDS * read_sysreg(cntfrq_el0);
}

static s64 register_runstate(u32 vcpu, void *at)
{
	struct vcpu_register_runstate_memory_area a = { .addr.v = at };

	return vcpu_op(VCPUOP_register_runstate_memory_area, vcpu, &a);
}

/* --- the state in a runstate area selects the counter that is brought up to date --- */

static void scribble(int cpu)
{
	struct vcpu_runstate_info *r = (void *)area[0];

	__atomic_fetch_add(&running, 1, __ATOMIC_SEQ_CST);
	while (!stop) {
		WRITE_ONCE(r->state, 0x04000000 << cpu);
		WRITE_ONCE(r->state_entry_time, 0);
	}
}

static void attack_index(void)
{
	for (int c = 1; c < NR_VCPUS; c++)
		report(cpu_start(c, scribble) == 0, "CPU %d started", c);
	report(wait_for(&running, NR_VCPUS - 1), "the area is being scribbled on");
	for (u64 end = end_of_attack(); ticks() < end;)
		register_runstate(0, area[0]);
}

/* --- two vCPUs move the area of a third --- */

static void reserve(int cmd, const void *at)
{
	xen_pfn_t gfn = virt_to_gfn(at);
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };

	set_xen_guest_handle(r.extent_start, &gfn);
	memory_op(cmd, &r);
}

static void move_area(int cpu)
{
	__atomic_fetch_add(&running, 1, __ATOMIC_SEQ_CST);
	while (running < 2)
		relax();
	for (u64 i = 0, end = end_of_attack(); ticks() < end; i++) {
		register_runstate(NR_VCPUS - 1, area[i % NR_VCPUS]);
		if (i % 64)
			continue;
		reserve(XENMEM_decrease_reservation, area[cpu]);
		reserve(XENMEM_populate_physmap, area[cpu]);
	}
	__atomic_fetch_add(&done, 1, __ATOMIC_SEQ_CST);
}

/* Its run state changes as often as it can. */
static void nap(int cpu)
{
	while (!stop) {
		WRITE_ONCE(naps[cpu], naps[cpu] + 1);
		struct sched_poll p = { .timeout = 1 };

		sched_op(SCHEDOP_yield, NULL);
		sched_op(SCHEDOP_poll, &p);
	}
}

static void attack_twice(void)
{
	report(cpu_start(NR_VCPUS - 1, nap) == 0, "the third CPU runs");
	report(cpu_start(1, move_area) == 0, "the second CPU runs");
	move_area(0);
	while (done < 2)
		relax();
}

/* --- all vCPUs go and come while a tool pauses the domain: see paused_is_paused() --- */

static void attack_pause(void)
{
	for (int c = 1; c < NR_VCPUS; c++)
		report(cpu_start(c, nap) == 0, "CPU %d started", c);
	nap(0);
}

void domu_main(void)
{
	static void (*const attack[])(void) = { [RUNSTATE_INDEX] = attack_index,
						[RUNSTATE_TWICE] = attack_twice,
						[NAPPING] = attack_pause };

	report_prefix("attacks: domU");
	attack[start_info->role]();
	stop = 1;
	for (int c = 1; c < NR_VCPUS; c++)
		cpu_wait_off(c);
	report(true, "role %u: alive at the end", start_info->role);
	report_summary();
}

/* --- the victim --- */

static u64 free_pages(void)
{
	struct xen_sysctl op = { 0 };

	return sysctl(XEN_SYSCTL_physinfo, &op) ? 0 : op.u.physinfo.free_pages;
}

/*
 * A paused domain's vCPUs stand still from the moment that the call returns: what it writes, and
 * its registers.
 */
static void paused_is_paused(struct domu *d)
{
	volatile u32 *count = domu_ptr(d, naps);
	u32 moved = 0, rounds = 0;

	for (u64 end = ticks() + 20 * read_sysreg(cntfrq_el0);
	     ticks() < end && !(count[0] && count[1] && count[2]);)
		sched_op(SCHEDOP_yield, NULL);
	report(count[0] && count[1] && count[2], "napping guest: all vCPUs run");
	for (u64 end = end_of_attack(); ticks() < end; rounds++) {
		u32 seen[NR_VCPUS];

		domu_pause(d);
		for (int c = 0; c < NR_VCPUS; c++)
			seen[c] = count[c];
		delay_us(rounds % 64);
		for (int c = 0; c < NR_VCPUS; c++)
			moved += count[c] != seen[c];
		domu_unpause(d);
		delay_us(rounds % 128);
	}
	report(rounds > 3, "napping guest: paused often");
	report(!moved, "napping guest: paused is paused");
	WRITE_ONCE(*domu_ptr(d, &stop), 1);
}

static void attack(const char *name, enum role role)
{
	u64 before = free_pages();
	bool same = true;
	struct domu d;

	for (u32 i = 0; i < ARRAY_SIZE(pattern); i++)
		pattern[i] = i * 2654435761u;
	if (!report(domu_create(&d, NR_VCPUS, role), "%s: DomU built", name))
		return;
	domu_unpause(&d);
	if (role == NAPPING)
		paused_is_paused(&d);
	report(domu_wait(&d, 30), "%s: the attacker is through", name);
	report(domu_destroy(&d) == 0, "%s: the attacker is destroyed", name);
	for (u32 i = 0; i < ARRAY_SIZE(pattern); i++)
		same &= pattern[i] == i * 2654435761u;
	report(same, "%s: the victim's memory is as it was", name);
	if (!on_oracle()) /* Xen gives some back later */
		report(free_pages() == before, "%s: all memory came back", name);
}

/* Tables of Dom0's own that stay. */
static void warm_up(void)
{
	struct domu d;

	report(domu_create(&d, NR_VCPUS, 0) && domu_destroy(&d) == 0, "a DomU can be made");
}

void guest_main(void)
{
	report_prefix("attacks");
	irq_enable();
	warm_up();
	attack("state of a runstate area changes", RUNSTATE_INDEX);
	attack("runstate area moved by two", RUNSTATE_TWICE);
	attack("napping guest", NAPPING);
	report_summary();
}
