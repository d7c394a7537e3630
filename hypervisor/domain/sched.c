// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proportional-share scheduling: who runs. Each CPU has a queue of runnable vCPUs by weighted run
 * time (vtime); the one that got least runs next. A vCPU is in one of: running (cpu->current),
 * queued, waiting. A waiting vCPU stays loaded while its CPU idles; only the CPU it is loaded on
 * may unload it, so another CPU never picks one that is loaded elsewhere. No tick: the slice timer
 * runs only while somebody waits or a cap counts.
 */
#include <arm/gic.h>
#include <core/console.h>
#include <core/irq.h>
#include <domain/sched_model.h>

u32 sched_ratelimit_us = 1000;

__noreturn void stack_reset_and_call(struct vcpu *(*fn)(struct cpu *), struct cpu *c,
				     void *stack_top);

void vcpu_block(struct vcpu *v)
{
	/* Whoever makes something pending after vgic_pending() looked sees `blocked` and wakes. */
	WRITE_ONCE(v->blocked, true);
	if (vgic_pending(v))
		WRITE_ONCE(v->blocked, false);
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

/*
 * The CPU that has v loaded, or has chosen it and is about to load it: in this order, so that a
 * vCPU on its way in is not overlooked.
 */
static struct cpu *holder_of(struct vcpu *v)
{
	struct cpu *c = sched_lock_home(v);
	bool chosen = c->current == v;

	unlock(&c->rq.lock);
	return chosen ? c : __atomic_load_n(&v->loaded_on, __ATOMIC_ACQUIRE);
}

void vcpu_sync(struct vcpu *v)
{
	struct cpu *c;

	while ((c = holder_of(v))) {
		if (c == this_cpu()) {
			BUG_ON(c->current == v);
			p2m_unload();
			vcpu_unload(v);
			c->loaded = NULL;
			return;
		}
		cpu_kick(c, WORK_SCHED);
		while (holder_of(v) == c)
			cpu_relax();
	}
}

/* --- choosing --- */

/* How long prev may still keep its CPU against its equals. */
static u64 unlimited_in(const struct vcpu *prev, u64 now)
{
	u64 ran = now - prev->runstate.state_entry_time,
	    limit = READ_ONCE(sched_ratelimit_us) * 1000UL;

	return ran >= limit ? 0 : limit - ran;
}

/* The next one for this CPU: prev if it may go on, else the first in the queue. */
static struct vcpu *choose(struct cpu *c, struct vcpu *prev, u64 now)
{
	struct vcpu *v;

	if (prev && !prev->sched.yielded && unlimited_in(prev, now))
		return prev;
	list_for_each (v, &c->rq.queue, sched.link) {
		if (!vcpu_runnable(v)) {
			struct vcpu *off = v;

			v = list_entry(v->sched.link.prev, struct vcpu, sched.link);
			sched_dequeue(&c->rq, off);
			runstate_set(off, waiting_state(off), now);
			continue;
		}
		if (prev && prev->sched.yielded)
			prev->sched.vtime = max(prev->sched.vtime, v->sched.vtime + PREEMPT_NS + 1);
		else if (prev && v->sched.vtime + PREEMPT_NS > prev->sched.vtime)
			return prev;
		return v;
	}
	return prev;
}

/*
 * Unloads what this CPU holds. If it woke meanwhile and may not run here, nobody has put it
 * anywhere yet: see wake_locked().
 */
static void drop_loaded(struct cpu *c)
{
	struct vcpu *v = c->loaded;

	if (!v) {
		smp_rmb(); /* the next one's state is read after what said that it may run */
		return;
	}
	vcpu_unload(v);
	smp_mb();
	if (unlikely(!sched_allowed(v, c)))
		vcpu_recheck(v);
	/* Not before: its domain may be gone then. */
	__atomic_store_n(&c->loaded, NULL, __ATOMIC_RELEASE);
}

/*
 * Sees to it that reschedule() comes again when v's turn may be over. A timer that is armed and
 * fires soon enough is left alone, even if it will only be armed again: a switch costs no timer.
 */
static void set_slice(struct cpu *c, const struct vcpu *v, u64 now)
{
	const struct vcpu *first = runqueue_head(&c->rq);
	bool cap = v->domain->sched.cap, limited;
	u64 ns, deadline;

	if (!first && !cap)
		return;
	/* Somebody better waits, and only the rate limit keeps v where it is. */
	limited = first && first->sched.vtime + PREEMPT_NS < v->sched.vtime;
	if (likely(!limited && !cap && c->rq.slice.cpu))
		return;
	ns = sched_slice_ns();
	if (cap)
		ns = min(ns,
			 (u64)max(__atomic_load_n(&v->domain->sched.budget_ns, __ATOMIC_RELAXED),
				  (s64)100000));
	if (limited)
		ns = unlimited_in(v, now) ?: ns;
	deadline = ticks_now() + ns_to_ticks(ns);
	if (!c->rq.slice.cpu || c->rq.slice.deadline > deadline)
		timer_set(&c->rq.slice, deadline);
}

/*
 * prev could run, but not on this CPU any more: it goes elsewhere. Own lock held; released and
 * taken again.
 */
static void send_away(struct cpu *c, struct vcpu *prev)
{
	c->current = NULL;
	runstate_set(prev, RUNSTATE_runnable, now_ns());
	if (c->loaded == prev) {
		unlock(&c->rq.lock);
		p2m_unload();
		drop_loaded(c);
	} else {
		sched_move_home(c, prev, sched_find_allowed(prev));
	}
	lock(&c->rq.lock);
}

/* Decides who has the CPU. NULL: nobody. */
static struct vcpu *reschedule(struct cpu *c)
{
	struct vcpu *prev, *next;
	u64 now = now_ns(), reached = 0;

	lock(&c->rq.lock);
	prev = c->current;
	if (prev) {
		sched_account(c, prev, now);
		if (!vcpu_runnable(prev)) {
			runstate_set(prev, waiting_state(prev), now);
			runstate_publish(prev);
			reached = prev->sched.vtime;
			c->current = prev = NULL;
		} else if (unlikely(!sched_allowed(prev, c))) {
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
			sched_exchange(&c->rq, next, prev);
			c->help_wanted = READ_ONCE(sched_idle_cpus) && !prev->sched.pinned;
		} else {
			sched_dequeue(&c->rq, next);
		}
		next->sched.started_ns = now;
		runstate_set(next, RUNSTATE_running, now);
		runstate_publish(next);
		c->current = next;
	}
	c->rq.vtime = max(c->rq.vtime, next ? next->sched.vtime : reached);
	if (next)
		set_slice(c, next, now);
	unlock(&c->rq.lock);
	return next;
}

static void call_help(struct cpu *c)
{
	struct vcpu *waiting;

	c->help_wanted = false;
	lock(&c->rq.lock);
	waiting = runqueue_head(&c->rq);
	if (waiting && !vcpu_loaded_on(waiting)) {
		struct cpu *to = sched_find_idle(waiting);

		if (to)
			cpu_kick(to, WORK_SCHED);
	}
	unlock(&c->rq.lock);
}

/* What this CPU holds stays loaded only if it may come back here. */
static void drop_unwanted(struct cpu *c)
{
	struct vcpu *v = c->loaded;

	if (v && (READ_ONCE(v->pause_count) || READ_ONCE(v->down) || !sched_allowed(v, c))) {
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

/*
 * Waits, with nothing to run, until somebody is resumed or reschedule() finds one. What is loaded
 * stays so while it may come back here.
 */
static struct vcpu *idle(struct cpu *c)
{
	struct vcpu *next;

	WRITE_ONCE(c->idle, true);
	__atomic_add_fetch(&sched_idle_cpus, 1, __ATOMIC_SEQ_CST);
	drop_unwanted(c);
	sched_steal(c);
	for (;;) {
		u32 work = take_work(c);

		next = READ_ONCE(c->current);
		if (next && !(work & WORK_SCHED))
			break;
		if (work & WORK_SCHED) {
			next = reschedule(c);
			if (next)
				break;
			drop_unwanted(c);
			sched_steal(c);
		}
		if (!READ_ONCE(c->work)) {
			gic_before_wfi();
			wfi();
		}
		irq_handle();
	}
	WRITE_ONCE(c->idle, false);
	__atomic_sub_fetch(&sched_idle_cpus, 1, __ATOMIC_RELAXED);
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
	struct vcpu *first = idle(c);

	p2m_init_cpu();
	return switch_to(c, first);
}

__noreturn void sched_enter(void)
{
	struct cpu *c = this_cpu();

	cpu_kick(c, WORK_SCHED);
	stack_reset_and_call(first_entry, c, (char *)c->stack + EL2_STACK_SIZE);
}

/*
 * Whose turn it is then, vtime says: who has the double weight may well go on for a second slice.
 */
static void slice_end(struct timer *t)
{
	struct cpu *c = this_cpu();

	lock(&c->rq.lock);
	if (c->current)
		sched_account(c, c->current, now_ns());
	unlock(&c->rq.lock);
	cpu_kick(c, WORK_SCHED);
	sched_push(c);
}

void sched_init_cpu(struct cpu *c)
{
	lock_init(&c->rq.lock, RANK_SCHED);
	list_init(&c->rq.queue);
	timer_setup(&c->rq.slice, slice_end);
}
