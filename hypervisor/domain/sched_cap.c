// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a domain may have: its weight (a share against others) and its cap (percent of one CPU,
 * whoever else waits). A cap is a budget of run time per period; its vCPUs, on any CPU, draw on it
 * (atomic). Used up, none of them is runnable until the refill timer gives them a new period. What
 * they ran beyond it, for a timer was late, is taken off the next ones.
 */
#include <domain/sched_model.h>
#include <lib/errno.h>

#define CAP_PERIOD_NS 20000000UL
/* More is not counted, of a sleep or a debt: a share of it, on all CPUs, still fits in 63 bits. */
#define CAP_LONGEST_NS BIT(48)

static s64 cap_budget(unsigned cap)
{
	return (s64)(CAP_PERIOD_NS / 100 * cap);
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
 * A new period: what is due for the time gone by, less what was overdrawn. A late timer neither
 * gives nor takes, and a long sleep saves up two periods only. Of several CPUs one begins it.
 */
static void cap_new_period(struct domain *d, u64 now)
{
	u64 began = READ_ONCE(d->sched.period_ns);
	unsigned cap = READ_ONCE(d->sched.cap);
	s64 left, most = 2 * cap_budget(cap);

	if (now <= began || !__atomic_compare_exchange_n(&d->sched.period_ns, &began, now, false,
							 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	left = __atomic_add_fetch(&d->sched.budget_ns,
				  (s64)(min(now - began, CAP_LONGEST_NS) / 100) * cap,
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
	s64 left;

	/* The caller has seen the cap. */
	smp_rmb();
	/* Who ran alone for long before it got one does not pay for that. */
	ran = min(ran, now - min(READ_ONCE(d->sched.capped_ns), now));
	left = __atomic_sub_fetch(&d->sched.budget_ns, (s64)ran, __ATOMIC_RELAXED);
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
		WRITE_ONCE(d->sched.capped_ns, now_ns());
		WRITE_ONCE(d->sched.period_ns, d->sched.capped_ns);
		__atomic_store_n(&d->sched.budget_ns, cap_budget(cap), __ATOMIC_RELAXED);
		smp_wmb();
		WRITE_ONCE(d->sched.cap, (u16)cap);
		for_each_vcpu (d, v)
			vcpu_recheck(v);
	}
	return 0;
}
