// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a domain may have: its weight (a share against others) and its cap (percent of one CPU,
 * whoever else waits). A cap is a budget of run time per period; its vCPUs, on any CPU, draw on it
 * (atomic). Used up, none of them is runnable until the refill timer gives them a new period.
 */
#include <domain/sched_model.h>
#include <lib/errno.h>

#define CAP_PERIOD_NS 20000000UL

static s64 cap_budget(const struct domain *d)
{
	return (s64)(CAP_PERIOD_NS / 100 * READ_ONCE(d->sched.cap));
}

/*
 * How long ago the period began. Another CPU may have begun one after this CPU looked at the clock.
 */
static u64 period_age(const struct domain *d, u64 now)
{
	u64 began = READ_ONCE(d->sched.period_ns);

	return now - min(began, now);
}

/*
 * A new period: what is due for the time gone by, less what was overdrawn. A late timer takes
 * nothing away, and a long sleep saves up two periods only. Of several CPUs one begins it.
 */
static void cap_new_period(struct domain *d, u64 now)
{
	u64 began = READ_ONCE(d->sched.period_ns);
	s64 left, most = 2 * cap_budget(d);

	if (now <= began || !__atomic_compare_exchange_n(&d->sched.period_ns, &began, now, false,
							 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	left = __atomic_add_fetch(&d->sched.budget_ns,
				  (s64)(min(now - began, 10 * CAP_PERIOD_NS) / 100) *
					  READ_ONCE(d->sched.cap),
				  __ATOMIC_RELAXED);
	if (left > most)
		__atomic_sub_fetch(&d->sched.budget_ns, left - most, __ATOMIC_RELAXED);
}

static void cap_refill(struct timer *t)
{
	struct domain *d = container_of(t, struct domain, sched.refill);

	cap_new_period(d, now_ns());
	if (sched_over_cap(d)) {
		timer_set(t, ticks_now() + ns_to_ticks(CAP_PERIOD_NS));
		return;
	}
	for_each_vcpu (d, v)
		vcpu_recheck(v);
}

void sched_cap_account(struct domain *d, u64 ran, u64 now)
{
	s64 left = __atomic_sub_fetch(&d->sched.budget_ns, (s64)ran, __ATOMIC_RELAXED);

	/*
	 * Who ran alone for long before it got a cap, or on a late timer, does not pay for all of
	 * that.
	 */
	if (left < -(s64)CAP_PERIOD_NS)
		__atomic_store_n(&d->sched.budget_ns, -(s64)CAP_PERIOD_NS, __ATOMIC_RELAXED);
	if (left > 0 && period_age(d, now) >= CAP_PERIOD_NS)
		cap_new_period(d, now);
	else if (left <= 0 && !READ_ONCE(d->sched.refill.cpu))
		timer_set(&d->sched.refill,
			  ticks_now() + ns_to_ticks(CAP_PERIOD_NS -
						    min(period_age(d, now), CAP_PERIOD_NS)));
}

void sched_init_domain(struct domain *d)
{
	d->sched.weight = SCHED_DEFAULT_WEIGHT;
	timer_setup(&d->sched.refill, cap_refill);
}

void sched_destroy_domain(struct domain *d)
{
	timer_retire(&d->sched.refill);
}

int sched_set_params(struct domain *d, unsigned weight, unsigned cap)
{
	if (!weight || weight > 65535 || cap > d->max_vcpus * 100U)
		return -EINVAL;
	WRITE_ONCE(d->sched.weight, (u16)weight);
	if (d->sched.cap != cap) {
		WRITE_ONCE(d->sched.cap, (u16)cap);
		WRITE_ONCE(d->sched.period_ns, now_ns());
		__atomic_store_n(&d->sched.budget_ns, cap_budget(d), __ATOMIC_RELAXED);
		for_each_vcpu (d, v)
			vcpu_recheck(v);
	}
	return 0;
}
