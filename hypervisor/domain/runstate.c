// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a vCPU's time goes: running, runnable, blocked, offline; told to the guest in its
 * registered area, to tools on request. Also a CPU's busy time. Lock: that of the vCPU's home, for
 * the place of the area, too. Invariant: the four times add up to the time since the vCPU was made.
 * The area is the guest's: it is written, and never read.
 */
#include <core/page.h>
#include <domain/sched_model.h>
#include <lib/string.h>

void runstate_write(struct vcpu *v)
{
	struct vcpu_runstate_info *area = v->runstate_area;
	u64 time = v->runstate.state_entry_time;

	if (v->domain->runstate_update_flag) {
		WRITE_ONCE(area->state_entry_time, time | XEN_RUNSTATE_UPDATE);
		smp_wmb();
		area->state = v->runstate.state;
		memcpy(area->time, v->runstate.time, sizeof(area->time));
		smp_wmb();
	} else {
		area->state = v->runstate.state;
		memcpy(area->time, v->runstate.time, sizeof(area->time));
	}
	WRITE_ONCE(area->state_entry_time, time);
}

/* Home's lock held. *out may be the guest's: nothing is read from there. */
static void up_to_now(const struct vcpu *v, struct vcpu_runstate_info *out)
{
	*out = v->runstate;
	out->time[v->runstate.state] = v->runstate.time[v->runstate.state] + now_ns() -
				       v->runstate.state_entry_time;
}

void vcpu_get_runstate(struct vcpu *v, struct vcpu_runstate_info *out)
{
	struct cpu *c = sched_lock_home(v);

	up_to_now(v, out);
	unlock(&c->rq.lock);
}

void vcpu_move_runstate(struct vcpu *v, struct vcpu_runstate_info *area, struct page *pg)
{
	struct cpu *c = sched_lock_home(v);
	struct page *old = v->runstate_page;

	v->runstate_area = area;
	v->runstate_page = pg;
	if (area)
		up_to_now(v, area);
	unlock(&c->rq.lock);
	if (old)
		page_put(old);
}

u64 vcpu_runtime_ns(const struct vcpu *v)
{
	u64 t = READ_ONCE(v->runstate.time[RUNSTATE_running]);

	return READ_ONCE(v->runstate.state) == RUNSTATE_running
		       ? t + now_ns() - READ_ONCE(v->runstate.state_entry_time)
		       : t;
}

u64 cpu_idle_ns(const struct cpu *c)
{
	const struct vcpu *v = READ_ONCE(c->current);
	u64 now = now_ns(),
	    busy = READ_ONCE(c->busy_ns) + (v ? now - min(READ_ONCE(v->sched.started_ns), now) : 0);

	return now - min(busy, now);
}

#ifdef CONFIG_DEBUG
static u64 longest_wait_ns; /* atomic */

void runstate_meter(const struct vcpu *v, u64 now)
{
	u64 waited = now - v->runstate.state_entry_time, longest = READ_ONCE(longest_wait_ns);

	if (!v->domain->privileged || v->runstate.state != RUNSTATE_runnable)
		return;
	while (waited > longest &&
	       !__atomic_compare_exchange_n(&longest_wait_ns, &longest, waited, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

u64 runstate_longest_wait_ns(void)
{
	return __atomic_exchange_n(&longest_wait_ns, 0, __ATOMIC_RELAXED);
}
#endif
