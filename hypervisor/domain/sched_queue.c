// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a vCPU waits. It belongs to its home CPU (sched.cpu), whose queue lock guards its place; a
 * waiting one gets another home when that is idle or behind (wake-up, steal, push) or when it may
 * no longer run there. One that is loaded somewhere stays: only the CPU it is loaded on may unload
 * it.
 */
#include <domain/sched_model.h>
#include <lib/errno.h>

#define WAKE_BONUS_NS BIT(21) /* how far behind the queue a sleeper may start */

u32 sched_idle_cpus, sched_nr_waiting;

/* From the end: who comes had the CPU last, mostly. */
static inline void insert(struct runqueue *rq, struct vcpu *v)
{
	struct list *at = rq->queue.prev;

	while (at != &rq->queue &&
	       list_entry(at, struct vcpu, sched.link)->sched.vtime > v->sched.vtime)
		at = at->prev;
	list_add(&v->sched.link, at);
}

void sched_exchange(struct runqueue *rq, struct vcpu *out, struct vcpu *in)
{
	list_del(&out->sched.link);
	insert(rq, in);
}

void sched_enqueue(struct runqueue *rq, struct vcpu *v)
{
	insert(rq, v);
	rq->nr++;
	__atomic_add_fetch(&sched_nr_waiting, 1, __ATOMIC_RELAXED);
}

/*
 * How far the clients of c have come: the one that got least. rq.vtime alone is old when somebody
 * has run alone for long. Its lock held.
 */
static u64 queue_vtime(struct cpu *c, u64 now)
{
	const struct vcpu *v = c->current, *head = runqueue_head(&c->rq);
	u64 t = ~0UL;

	if (v)
		t = v->sched.vtime + sched_weighted(v->domain, now - min(now, v->sched.started_ns));
	if (head)
		t = min(t, head->sched.vtime);
	return t == ~0UL ? c->rq.vtime : max(t, c->rq.vtime);
}

/* Who slept does not come back with all the time it did not use; c's clients are at t. */
static inline void catch_up(struct vcpu *v, u64 t, u64 bonus)
{
	if (v->sched.vtime + bonus < t)
		v->sched.vtime = t - bonus;
}

/*
 * v became runnable, its CPU idles and holds it loaded still: it has that CPU again, without a
 * queue (not with a cap: that needs its timer set). Home's lock held.
 */
static void resume(struct cpu *c, struct vcpu *v)
{
	u64 now = now_ns();

	catch_up(v, c->rq.vtime, WAKE_BONUS_NS);
	v->sched.started_ns = now;
	runstate_set(v, RUNSTATE_running, now);
	runstate_publish(v);
	WRITE_ONCE(c->current, v);
	/* No work for reschedule(), whose bit may say something else. */
	if (c != this_cpu())
		cpu_signal(c);
}

/*
 * v became runnable while waiting: it joins the queue of its home CPU, which looks at it. Home's
 * lock held.
 */
static void join(struct cpu *c, struct vcpu *v)
{
	u64 now = now_ns();
	bool slept = v->runstate.state != RUNSTATE_runnable;

	catch_up(v, queue_vtime(c, now), slept ? WAKE_BONUS_NS : 2 * sched_slice_ns());
	if (slept)
		runstate_set(v, RUNSTATE_runnable, now);
	sched_enqueue(&c->rq, v);
	cpu_kick(c, WORK_SCHED);
}

struct cpu *sched_find_idle(const struct vcpu *v)
{
	struct cpu *second = NULL;

	if (!READ_ONCE(sched_idle_cpus))
		return NULL;
	for_each_cpu (c) {
		if (!READ_ONCE(c->idle) || READ_ONCE(c->current) || !sched_allowed(v, c) ||
		    READ_ONCE(c->work))
			continue;
		if (mask_has(&v->sched.soft, c))
			return c;
		second = c;
	}
	return second;
}

struct cpu *sched_find_allowed(const struct vcpu *v)
{
	struct cpu *best = NULL;

	for_each_cpu (c)
		if (c->online && sched_allowed(v, c) &&
		    (!best || READ_ONCE(c->rq.nr) < READ_ONCE(best->rq.nr)))
			best = c;
	return best ? best : cpus;
}

void sched_move_home(struct cpu *from, struct vcpu *v, struct cpu *to)
{
	WRITE_ONCE(this_cpu()->moving, v);
	/* Whoever finds it there already sees that it is still on its way. */
	__atomic_store_n(&v->sched.cpu, to, __ATOMIC_RELEASE);
	unlock(&from->rq.lock);
	lock(&to->rq.lock);
	if (READ_ONCE(v->sched.cpu) == to && !sched_queued(v) && to->current != v) {
		/* Where it comes from they may be far ahead. */
		v->sched.vtime = min(v->sched.vtime,
				     queue_vtime(to, now_ns()) + 2 * sched_slice_ns());
		if (likely(vcpu_runnable(v)))
			join(to, v);
		else
			runstate_set(v, waiting_state(v), now_ns());
	}
	__atomic_store_n(&this_cpu()->moving, NULL, __ATOMIC_RELEASE);
	unlock(&to->rq.lock);
}

/* Nothing but v's sleep keeps it from c, which waits with v loaded. */
static inline bool can_resume(const struct cpu *c, const struct vcpu *v)
{
	return c->idle && READ_ONCE(v->loaded_on) == c && !c->rq.nr && !c->current && !v->blocked &&
	       !READ_ONCE(v->pause_count) && !READ_ONCE(v->down) && !v->domain->sched.cap &&
	       sched_allowed(v, c);
}

/*
 * v may have become runnable: if it waits, it has its CPU again or joins a queue. False: nobody had
 * to be told. Home's lock held; released.
 */
static bool wake_locked(struct cpu *c, struct vcpu *v)
{
	struct cpu *to = c;

	if (likely(can_resume(c, v))) {
		resume(c, v);
		unlock(&c->rq.lock);
		return true;
	}
	if (sched_queued(v) || !vcpu_runnable(v) || c->current == v) {
		unlock(&c->rq.lock);
		return false;
	}
	if (unlikely(!READ_ONCE(c->idle) || !sched_allowed(v, c))) {
		if (!vcpu_loaded_on(v)) {
			to = sched_find_idle(v);
			if (!to)
				to = sched_allowed(v, c) ? c : sched_find_allowed(v);
		} else if (!sched_allowed(v, c)) {
			/* Stays as it is until c has dropped it: drop_loaded(). */
			cpu_kick(c, WORK_SCHED);
			unlock(&c->rq.lock);
			return true;
		}
	}
	if (to != c) {
		sched_move_home(c, v, to);
		return true;
	}
	join(c, v);
	unlock(&c->rq.lock);
	return true;
}

bool vcpu_wake(struct vcpu *v)
{
	struct cpu *c;

	if (!READ_ONCE(v->blocked))
		return false;
	c = sched_lock_home(v);
	WRITE_ONCE(v->blocked, false);
	return wake_locked(c, v);
}

/* Under home's lock: so whoever finds it up also finds the state it starts with. */
void vcpu_start(struct vcpu *v)
{
	struct cpu *c = sched_lock_home(v);

	WRITE_ONCE(v->down, false);
	wake_locked(c, v);
}

void vcpu_recheck(struct vcpu *v)
{
	struct cpu *c = sched_lock_home(v);

	if (c->current == v || READ_ONCE(v->loaded_on) == c)
		cpu_kick(c, WORK_SCHED);
	if (v->runstate.state == RUNSTATE_runnable && !vcpu_runnable(v)) {
		if (sched_queued(v))
			sched_dequeue(&c->rq, v);
		runstate_set(v, waiting_state(v), now_ns());
	}
	wake_locked(c, v);
}

void sched_steal_any(struct cpu *c)
{
	for (unsigned i = 1; i < cpu_count; i++) {
		struct cpu *from = &cpus[(c->id + i) % cpu_count];
		struct vcpu *v;

		if (!READ_ONCE(from->rq.nr))
			continue;
		lock(&from->rq.lock);
		list_for_each (v, &from->rq.queue, sched.link) {
			if (!sched_allowed(v, c) || vcpu_loaded_on(v))
				continue;
			sched_dequeue(&from->rq, v);
			sched_move_home(from, v, c);
			return;
		}
		unlock(&from->rq.lock);
	}
}

/* Lets the first that waits at c go on there if that CPU is ahead of it. */
static bool push_to(struct cpu *c, struct cpu *to, u64 there)
{
	struct vcpu *v;

	lock(&c->rq.lock);
	v = runqueue_head(&c->rq);
	if (v && !vcpu_loaded_on(v) && sched_allowed(v, to) &&
	    (READ_ONCE(to->idle) || there > v->sched.vtime + sched_slice_ns())) {
		sched_dequeue(&c->rq, v);
		sched_move_home(c, v, to);
		return true;
	}
	unlock(&c->rq.lock);
	return false;
}

void sched_push(struct cpu *c)
{
	for_each_cpu (to) {
		u64 there;

		if (to == c || !to->online || !READ_ONCE(c->rq.nr) ||
		    READ_ONCE(to->rq.nr) > READ_ONCE(c->rq.nr))
			continue;
		lock(&to->rq.lock);
		there = queue_vtime(to, now_ns());
		unlock(&to->rq.lock);
		if (push_to(c, to, there))
			return;
	}
}

/* --- a vCPU's life, and where it may go --- */

void sched_init_vcpu(struct vcpu *v)
{
	list_init(&v->sched.link);
	cpumask_set_all(&v->sched.hard);
	cpumask_set_all(&v->sched.soft);
	v->sched.cpu = &cpus[(v->id + v->domain->slot) % cpu_count];
	v->runstate.state = RUNSTATE_offline;
	v->runstate.state_entry_time = now_ns();
}

/* v is paused, so nobody begins to move or load it. */
void sched_destroy_vcpu(struct vcpu *v)
{
	struct cpu *home = sched_lock_home(v);

	if (sched_queued(v))
		sched_dequeue(&home->rq, v);
	unlock(&home->rq.lock);
	for_each_cpu (c)
		while (__atomic_load_n(&c->moving, __ATOMIC_ACQUIRE) == v ||
		       __atomic_load_n(&c->loaded, __ATOMIC_ACQUIRE) == v)
			cpu_relax();
}

/* Who only wants a hint reads it without the lock. */
static void mask_write(struct cpumask *to, const struct cpumask *from)
{
	for (unsigned i = 0; i < ARRAY_SIZE(to->bits); i++)
		WRITE_ONCE(to->bits[i], from->bits[i]);
}

int sched_set_affinity(struct vcpu *v, const struct cpumask *hard, const struct cpumask *soft)
{
	struct cpu *c;
	unsigned allowed = 0;

	for_each_cpu (o)
		allowed += !hard || mask_has(hard, o);
	if (!allowed)
		return -EINVAL;
	c = sched_lock_home(v);
	if (hard) {
		mask_write(&v->sched.hard, hard);
		v->sched.pinned = allowed == 1;
	}
	if (soft)
		mask_write(&v->sched.soft, soft);
	if (sched_queued(v) && !sched_allowed(v, c))
		sched_dequeue(&c->rq, v);
	unlock(&c->rq.lock);
	vcpu_recheck(v);
	return 0;
}
