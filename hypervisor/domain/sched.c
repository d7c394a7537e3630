// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proportional-share scheduling. Each CPU has a queue of runnable vCPUs by weighted run time (vtime); the one that got least runs next. A vCPU
 * belongs to its home CPU (sched.cpu), whose queue lock guards its place. It is in one of: running (cpu->current), queued, waiting.
 * A waiting vCPU stays loaded while its CPU idles; only the CPU it is loaded on may unload it, so another CPU never picks one that is
 * loaded elsewhere. No tick: the slice timer runs only while somebody waits or a cap counts.
 */
#include <arm/gic.h>
#include <core/console.h>
#include <core/cmdline.h>
#include <core/irq.h>
#include <domain/domain.h>
#include <lib/errno.h>
#include <lib/string.h>

#define DEFAULT_WEIGHT 256
#define CAP_PERIOD_NS 20000000UL
#define WAKE_BONUS_NS 2000000UL		/* how far behind the queue a sleeper may start */
#define PREEMPT_NS 500000UL		/* how much less a vCPU must have had to displace the running one */

u32 sched_ratelimit_us = 1000;
static u32 idle_cpus, nr_waiting;	/* atomic; hints: CPUs without work, vCPUs without a CPU */

__noreturn void stack_reset_and_call(struct vcpu *(*fn)(struct cpu *), struct cpu *c, void *stack_top);

static u64 slice_ns(void)
{
	return opts.sched_slice_us * 1000;
}

static inline bool mask_has(const struct cpumask *m, const struct cpu *c)
{
	return bit_test(m->bits, c->id);
}

static inline bool allowed(const struct vcpu *v, const struct cpu *c)
{
	return mask_has(&v->sched.hard, c);
}

static inline bool over_cap(const struct domain *d)
{
	return d->sched.cap && __atomic_load_n(&d->sched.budget_ns, __ATOMIC_RELAXED) <= 0;
}

static inline bool runnable(const struct vcpu *v)
{
	return !READ_ONCE(v->blocked) && !READ_ONCE(v->pause_count) && !READ_ONCE(v->down) && !over_cap(v->domain);
}

/* A hint: may it run on a CPU other than c? */
static inline bool has_other_cpus(const struct vcpu *v, const struct cpu *c)
{
	for (unsigned i = 0; i < BITMAP_WORDS(MAX_CPUS); i++)
		if (v->sched.hard.bits[i] & ~(c->id / 64 == i ? BIT(c->id % 64) : 0))
			return true;
	return false;
}

/* --- time --- */

static __attribute__((noinline)) void runstate_write(struct vcpu *v)
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

static inline void runstate_publish(struct vcpu *v)
{
	if (unlikely(v->runstate_area))
		runstate_write(v);
}

static inline void runstate_set(struct vcpu *v, int state, u64 now)
{
	struct vcpu_runstate_info *r = &v->runstate;

	r->time[r->state] += now - r->state_entry_time;
	r->state_entry_time = now;
	r->state = state;
}

static int waiting_state(const struct vcpu *v)
{
	return v->blocked && !v->pause_count && !v->down ? RUNSTATE_blocked : RUNSTATE_offline;
}

void vcpu_get_runstate(struct vcpu *v, struct vcpu_runstate_info *out)
{
	struct cpu *c = v->sched.cpu;

	lock(&c->rq.lock);
	*out = v->runstate;
	unlock(&c->rq.lock);
	out->time[out->state] += now_ns() - out->state_entry_time;
}

u64 vcpu_runtime_ns(const struct vcpu *v)
{
	u64 t = READ_ONCE(v->runstate.time[RUNSTATE_running]);

	return READ_ONCE(v->runstate.state) == RUNSTATE_running ? t + now_ns() - READ_ONCE(v->runstate.state_entry_time) : t;
}

u64 cpu_idle_ns(const struct cpu *c)
{
	const struct vcpu *v = READ_ONCE(c->current);
	u64 now = now_ns(), busy = READ_ONCE(c->busy_ns) + (v ? now - min(READ_ONCE(v->sched.started_ns), now) : 0);

	return now - min(busy, now);
}

/* --- caps --- */

static s64 cap_budget(const struct domain *d)
{
	return (s64)(CAP_PERIOD_NS / 100 * d->sched.cap);
}

/* A new period: what is due for the time gone by, less what was overdrawn. A late timer takes nothing away, and a long sleep saves up two periods only. */
static void cap_new_period(struct domain *d, u64 now)
{
	s64 due = (s64)(min(now - d->sched.period_ns, 10 * CAP_PERIOD_NS) / 100 * d->sched.cap);

	d->sched.period_ns = now;
	__atomic_store_n(&d->sched.budget_ns, min(d->sched.budget_ns + due, 2 * cap_budget(d)), __ATOMIC_RELAXED);
}

static void cap_refill(struct timer *t)
{
	struct domain *d = container_of(t, struct domain, sched.refill);

	cap_new_period(d, now_ns());
	if (over_cap(d)) {
		timer_set(t, ticks_now() + ns_to_ticks(CAP_PERIOD_NS));
		return;
	}
	for_each_vcpu(d, v)
		vcpu_recheck(v);
}

static void cap_account(struct domain *d, u64 ran, u64 now)
{
	s64 left = __atomic_sub_fetch(&d->sched.budget_ns, (s64)ran, __ATOMIC_RELAXED);

	/* Who ran alone for long before it got a cap, or on a late timer, does not pay for all of that. */
	if (left < -(s64)CAP_PERIOD_NS)
		__atomic_store_n(&d->sched.budget_ns, -(s64)CAP_PERIOD_NS, __ATOMIC_RELAXED);
	if (left > 0 && now - d->sched.period_ns >= CAP_PERIOD_NS)
		cap_new_period(d, now);
	else if (left <= 0 && left + (s64)ran > 0)
		timer_set(&d->sched.refill, ticks_now() + ns_to_ticks(CAP_PERIOD_NS - min(now - d->sched.period_ns, CAP_PERIOD_NS)));
}

static void account(struct vcpu *v, u64 now)
{
	u64 ran = now - v->sched.started_ns;
	struct sched_domain *sd = &v->domain->sched;

	v->sched.started_ns = now;
	this_cpu()->busy_ns += ran;
	v->sched.vtime += sd->weight == DEFAULT_WEIGHT ? ran : ran * DEFAULT_WEIGHT / sd->weight;
	if (sd->cap)
		cap_account(v->domain, ran, now);
}

/* --- queues --- */

static inline bool queued(const struct vcpu *v)
{
	return !list_empty(&v->sched.link);
}

static struct vcpu *queue_head(struct runqueue *rq)
{
	return list_empty(&rq->queue) ? NULL : list_first(&rq->queue, struct vcpu, sched.link);
}

static void enqueue(struct runqueue *rq, struct vcpu *v)
{
	struct vcpu *at;

	list_for_each(at, &rq->queue, sched.link)
		if (at->sched.vtime > v->sched.vtime)
			break;
	list_add_before(&v->sched.link, &at->sched.link);
	rq->nr++;
	__atomic_add_fetch(&nr_waiting, 1, __ATOMIC_RELAXED);
}

static void dequeue(struct runqueue *rq, struct vcpu *v)
{
	list_del(&v->sched.link);
	rq->nr--;
	__atomic_sub_fetch(&nr_waiting, 1, __ATOMIC_RELAXED);
}

static struct cpu *lock_home(struct vcpu *v)
{
	for (;;) {
		struct cpu *c = READ_ONCE(v->sched.cpu);

		lock(&c->rq.lock);
		if (c == v->sched.cpu)
			return c;
		unlock(&c->rq.lock);
	}
}

/* Who slept does not come back with all the time it did not use. */
static inline void catch_up(const struct cpu *c, struct vcpu *v)
{
	if (v->sched.vtime + WAKE_BONUS_NS < c->rq.vtime)
		v->sched.vtime = c->rq.vtime - WAKE_BONUS_NS;
}

/* v became runnable, its CPU idles and holds it loaded still: it has that CPU again, without a queue (not with a cap: that needs its timer set). Home's lock held. */
static void resume(struct cpu *c, struct vcpu *v)
{
	u64 now = now_ns();

	catch_up(c, v);
	v->sched.started_ns = now;
	runstate_set(v, RUNSTATE_running, now);
	runstate_publish(v);
	WRITE_ONCE(c->current, v);
	if (c != this_cpu())
		cpu_kick(c, WORK_SCHED);
}

/* v became runnable while waiting: it joins the queue of its home CPU, which looks at it. Home's lock held. */
static void join(struct cpu *c, struct vcpu *v)
{
	catch_up(c, v);
	if (v->runstate.state != RUNSTATE_runnable)
		runstate_set(v, RUNSTATE_runnable, now_ns());
	enqueue(&c->rq, v);
	cpu_kick(c, WORK_SCHED);
}

static struct cpu *find_idle(const struct vcpu *v)
{
	struct cpu *second = NULL;

	if (!READ_ONCE(idle_cpus))
		return NULL;
	for_each_cpu(c) {
		if (!READ_ONCE(c->idle) || !allowed(v, c) || READ_ONCE(c->work))
			continue;
		if (mask_has(&v->sched.soft, c))
			return c;
		second = c;
	}
	return second;
}

static struct cpu *find_allowed(const struct vcpu *v)
{
	struct cpu *best = NULL;

	for_each_cpu(c)
		if (c->online && allowed(v, c) && (!best || c->rq.nr < best->rq.nr))
			best = c;
	return best ? best : cpus;
}

/* Gives a waiting, unloaded vCPU another home and lets it join there, unless somebody else was quicker. Home's lock held; released. */
static void move_home(struct cpu *from, struct vcpu *v, struct cpu *to)
{
	v->sched.cpu = to;
	unlock(&from->rq.lock);
	lock(&to->rq.lock);
	if (v->sched.cpu == to && !queued(v) && to->current != v && runnable(v))
		join(to, v);
	unlock(&to->rq.lock);
}

/* v may have become runnable: if it waits, it joins a queue. */
static void wake_locked(struct cpu *c, struct vcpu *v)
{
	struct cpu *to = c;

	if (queued(v) || !runnable(v) || c->current == v) {
		unlock(&c->rq.lock);
		return;
	}
	if (likely(c->idle && v->loaded_on == c && !c->rq.nr && !c->current && !v->domain->sched.cap && allowed(v, c))) {
		resume(c, v);
		unlock(&c->rq.lock);
		return;
	}
	if (unlikely(!READ_ONCE(c->idle) || !allowed(v, c)) && !READ_ONCE(v->loaded_on)) {
		to = find_idle(v);
		if (!to)
			to = allowed(v, c) ? c : find_allowed(v);
	}
	if (to != c) {
		move_home(c, v, to);
		return;
	}
	join(c, v);
	unlock(&c->rq.lock);
}

void vcpu_wake(struct vcpu *v)
{
	struct cpu *c;

	if (!READ_ONCE(v->blocked))
		return;
	c = lock_home(v);
	v->blocked = false;
	wake_locked(c, v);
}

void vcpu_recheck(struct vcpu *v)
{
	struct cpu *c = lock_home(v);

	if (c->current == v || v->loaded_on == c)
		cpu_kick(c, WORK_SCHED);
	wake_locked(c, v);
}

void vcpu_block(struct vcpu *v)
{
	/* Whoever makes something pending after this sees `blocked` and wakes. */
	__atomic_store_n(&v->blocked, true, __ATOMIC_SEQ_CST);
	if (vgic_pending(v))
		v->blocked = false;
	else
		cpu_kick(this_cpu(), WORK_SCHED);
}

void vcpu_yield(struct vcpu *v)
{
	struct cpu *c = this_cpu();

	if (!READ_ONCE(c->rq.nr))
		return;
	v->sched.yielded = true;
	cpu_kick(c, WORK_SCHED);
}

void vcpu_sync(struct vcpu *v)
{
	struct cpu *c;

	while ((c = __atomic_load_n(&v->loaded_on, __ATOMIC_ACQUIRE))) {
		if (c == this_cpu()) {
			BUG_ON(c->current == v);
			p2m_unload();
			vcpu_unload(v);
			return;
		}
		cpu_kick(c, WORK_SCHED);
		while (__atomic_load_n(&v->loaded_on, __ATOMIC_ACQUIRE) == c)
			cpu_relax();
	}
}

/* --- choosing --- */

/* Takes a vCPU that waits in another CPU's queue. */
static void steal(struct cpu *c)
{
	if (!READ_ONCE(nr_waiting))
		return;
	for (unsigned i = 1; i < cpu_count; i++) {
		struct cpu *from = &cpus[(c->id + i) % cpu_count];
		struct vcpu *v;

		if (!READ_ONCE(from->rq.nr))
			continue;
		lock(&from->rq.lock);
		list_for_each(v, &from->rq.queue, sched.link) {
			if (!allowed(v, c) || READ_ONCE(v->loaded_on))
				continue;
			dequeue(&from->rq, v);
			move_home(from, v, c);
			return;
		}
		unlock(&from->rq.lock);
	}
}

/* Somebody has waited for a whole slice while another CPU's clients are further ahead: it moves there. Own lock held; released. */
static void push(struct cpu *c)
{
	struct vcpu *v = queue_head(&c->rq);

	if (v && !READ_ONCE(v->loaded_on)) {
		for_each_cpu(to) {
			bool ahead = to->rq.nr < c->rq.nr && READ_ONCE(to->rq.vtime) > v->sched.vtime + slice_ns();

			if (to == c || !to->online || !allowed(v, to) || !(READ_ONCE(to->idle) || ahead))
				continue;
			dequeue(&c->rq, v);
			move_home(c, v, to);
			return;
		}
	}
	unlock(&c->rq.lock);
}

/* How long prev may still keep its CPU against its equals. */
static u64 unlimited_in(const struct vcpu *prev, u64 now)
{
	u64 ran = now - prev->runstate.state_entry_time, limit = READ_ONCE(sched_ratelimit_us) * 1000UL;

	return prev->sched.yielded || ran >= limit ? 0 : limit - ran;
}

/* The next one for this CPU: prev if it may go on, else the first in the queue that is not loaded elsewhere. */
static struct vcpu *choose(struct cpu *c, struct vcpu *prev, u64 now)
{
	struct vcpu *v;

	if (prev && unlimited_in(prev, now))
		return prev;
	if (prev && prev->sched.yielded && c->rq.nr)
		prev->sched.vtime = max(prev->sched.vtime, queue_head(&c->rq)->sched.vtime + PREEMPT_NS + 1);

	list_for_each(v, &c->rq.queue, sched.link) {
		if (v->loaded_on && v->loaded_on != c)
			continue;
		if (!runnable(v)) {
			struct vcpu *off = v;

			v = list_entry(v->sched.link.prev, struct vcpu, sched.link);
			dequeue(&c->rq, off);
			runstate_set(off, waiting_state(off), now);
			continue;
		}
		if (prev && v->sched.vtime + PREEMPT_NS > prev->sched.vtime)
			return prev;
		return v;
	}
	return prev;
}

/* Unloads what this CPU holds. If it was given another home meanwhile, that one looks again. */
static void drop_loaded(struct cpu *c)
{
	struct vcpu *v = c->loaded;

	if (!v)
		return;
	vcpu_unload(v);
	if (READ_ONCE(v->sched.cpu) != c)
		cpu_kick(READ_ONCE(v->sched.cpu), WORK_SCHED);
}

/*
 * Sees to it that reschedule() comes again when v's turn may be over. A timer that is armed and fires soon enough is left alone, even if it will only be armed
 * again: a switch costs no timer.
 */
static void set_slice(struct cpu *c, const struct vcpu *v, u64 now)
{
	const struct vcpu *first = queue_head(&c->rq);
	u64 ns = slice_ns(), deadline;

	if (v->domain->sched.cap)
		ns = min(ns, (u64)max(v->domain->sched.budget_ns, (s64)100000));
	else if (!first)
		return;
	/* Somebody better waits, and only the rate limit keeps v where it is. */
	if (first && first->sched.vtime + PREEMPT_NS < v->sched.vtime) {
		ns = unlimited_in(v, now) ?: ns;
	} else if (c->rq.slice.cpu && !v->domain->sched.cap) {
		return;
	}
	deadline = ticks_now() + ns_to_ticks(ns);
	if (!c->rq.slice.cpu || c->rq.slice.deadline > deadline)
		timer_set(&c->rq.slice, deadline);
}

/* prev cannot stay on this CPU although it could run: hands it to another. Own lock held; released and taken again. */
static void send_away(struct cpu *c, struct vcpu *prev)
{
	prev->sched.started_ns = 0;
	c->current = NULL;
	runstate_set(prev, RUNSTATE_runnable, now_ns());
	unlock(&c->rq.lock);
	p2m_unload();
	drop_loaded(c);
	lock(&c->rq.lock);
	/* A waker may have been here in between. */
	if (prev->sched.cpu != c)
		return;
	if (queued(prev))
		dequeue(&c->rq, prev);
	move_home(c, prev, find_allowed(prev));
	lock(&c->rq.lock);
}

/* Decides who has the CPU. NULL: nobody. */
static struct vcpu *reschedule(struct cpu *c)
{
	struct vcpu *prev, *next;
	u64 now = now_ns();

	lock(&c->rq.lock);
	prev = c->current;
	if (prev) {
		account(prev, now);
		if (!runnable(prev)) {
			runstate_set(prev, waiting_state(prev), now);
			runstate_publish(prev);
			c->current = prev = NULL;
		} else if (unlikely(!allowed(prev, c))) {
			send_away(c, prev);
			prev = NULL;
		}
	}
	next = choose(c, prev, now);
	if (prev)
		prev->sched.yielded = false;
	if (next && next != prev) {
		if (prev) {
			runstate_set(prev, RUNSTATE_runnable, now);
			runstate_publish(prev);
			enqueue(&c->rq, prev);
			c->help_wanted = idle_cpus && has_other_cpus(prev, c);
		}
		dequeue(&c->rq, next);
		next->sched.started_ns = now;
		runstate_set(next, RUNSTATE_running, now);
		runstate_publish(next);
		c->current = next;
	}
	if (next) {
		c->rq.vtime = max(c->rq.vtime, next->sched.vtime);
		set_slice(c, next, now);
	}
	unlock(&c->rq.lock);
	return next;
}

static void call_help(struct cpu *c)
{
	struct vcpu *waiting;

	c->help_wanted = false;
	lock(&c->rq.lock);
	waiting = queue_head(&c->rq);
	if (waiting && !READ_ONCE(waiting->loaded_on)) {
		struct cpu *to = find_idle(waiting);

		if (to)
			cpu_kick(to, WORK_SCHED);
	}
	unlock(&c->rq.lock);
}

/* What this CPU holds stays loaded only if it may come back here. */
static void drop_unwanted(struct cpu *c)
{
	struct vcpu *v = c->loaded;

	if (v && (v->pause_count || v->down || !allowed(v, c) || READ_ONCE(v->sched.cpu) != c)) {
		p2m_unload();
		drop_loaded(c);
	}
}

static u32 take_work(struct cpu *c)
{
	u32 work = __atomic_exchange_n(&c->work, 0, __ATOMIC_ACQ_REL);

	if ((work & WORK_VGIC) && c->loaded)
		vgic_flush(c->loaded);
	return work;
}

/* Waits, with nothing to run, until somebody is resumed or reschedule() finds one. What is loaded stays so while it may come back here. */
static struct vcpu *idle(struct cpu *c)
{
	struct vcpu *next;

	c->idle = true;
	__atomic_add_fetch(&idle_cpus, 1, __ATOMIC_SEQ_CST);
	drop_unwanted(c);
	steal(c);
	for (;;) {
		u32 work = take_work(c);

		next = READ_ONCE(c->current);
		if (next && !c->rq.nr && runnable(next))
			break;
		if (next || (work & WORK_SCHED)) {
			next = reschedule(c);
			if (next)
				break;
			drop_unwanted(c);
			steal(c);
		}
		if (!READ_ONCE(c->work)) {
			gic_before_wfi();
			wfi();
		}
		irq_handle();
	}
	c->idle = false;
	__atomic_sub_fetch(&idle_cpus, 1, __ATOMIC_RELAXED);
	return next;
}

static struct vcpu *switch_to(struct cpu *c, struct vcpu *next)
{
	if (next != c->loaded) {
		drop_loaded(c);
		vcpu_load(next);
		/* Who had to go can go elsewhere, now that it is unloaded. */
		if (unlikely(c->help_wanted))
			call_help(c);
	}
	return next;
}

struct vcpu *sched_work(struct cpu *c)
{
	u32 work = take_work(c);
	struct vcpu *v = c->current;

	if (work & WORK_SCHED) {
		struct vcpu *next = reschedule(c);

		if (!next)
			next = idle(c);
		v = switch_to(c, next);
	}
	return v;
}

static struct vcpu *first_entry(struct cpu *c)
{
	return switch_to(c, idle(c));
}

__noreturn void sched_enter(void)
{
	struct cpu *c = this_cpu();

	cpu_kick(c, WORK_SCHED);
	stack_reset_and_call(first_entry, c, (char *)c->stack + EL2_STACK_SIZE);
}

/* --- set-up and parameters --- */

/* Whose turn it is then, vtime says: who has the double weight may well go on for a second slice. */
static void slice_end(struct timer *t)
{
	struct cpu *c = this_cpu();

	lock(&c->rq.lock);
	if (c->current)
		account(c->current, now_ns());
	cpu_kick(c, WORK_SCHED);
	push(c);
}

void sched_init_cpu(struct cpu *c)
{
	lock_init(&c->rq.lock, RANK_SCHED);
	list_init(&c->rq.queue);
	timer_setup(&c->rq.slice, slice_end);
}

void sched_init_domain(struct domain *d)
{
	d->sched.weight = DEFAULT_WEIGHT;
	timer_setup(&d->sched.refill, cap_refill);
}

void sched_destroy_domain(struct domain *d)
{
	timer_cancel(&d->sched.refill);
}

void sched_init_vcpu(struct vcpu *v)
{
	list_init(&v->sched.link);
	cpumask_set_all(&v->sched.hard);
	cpumask_set_all(&v->sched.soft);
	v->sched.cpu = &cpus[(v->id + v->domain->slot) % cpu_count];
	v->runstate.state = RUNSTATE_offline;
	v->runstate.state_entry_time = now_ns();
}

void sched_destroy_vcpu(struct vcpu *v)
{
	struct cpu *c = lock_home(v);

	if (queued(v))
		dequeue(&c->rq, v);
	unlock(&c->rq.lock);
}

int sched_set_affinity(struct vcpu *v, const struct cpumask *hard, const struct cpumask *soft)
{
	struct cpu *c;
	bool any = !hard;

	for_each_cpu(o)
		any = any || mask_has(hard, o);
	if (!any)
		return -EINVAL;
	c = lock_home(v);
	if (hard)
		v->sched.hard = *hard;
	if (soft)
		v->sched.soft = *soft;
	if (queued(v) && !allowed(v, c)) {
		dequeue(&c->rq, v);
		move_home(c, v, find_allowed(v));
	} else {
		unlock(&c->rq.lock);
	}
	vcpu_recheck(v);
	return 0;
}

int sched_set_params(struct domain *d, unsigned weight, unsigned cap)
{
	if (!weight || weight > 65535 || cap > d->max_vcpus * 100U)
		return -EINVAL;
	d->sched.weight = (u16)weight;
	if (d->sched.cap != cap) {
		d->sched.cap = (u16)cap;
		d->sched.period_ns = now_ns();
		__atomic_store_n(&d->sched.budget_ns, cap_budget(d), __ATOMIC_RELAXED);
		for_each_vcpu(d, v)
			vcpu_recheck(v);
	}
	return 0;
}
