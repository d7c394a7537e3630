/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files of the scheduler only: sched.c (who runs), sched_queue.c (who waits where),
 * sched_cap.c (weights and caps), runstate.c (where time goes). Lock: home's queue lock, unless
 * said otherwise.
 */
#ifndef DOMAIN_SCHED_MODEL_H
#define DOMAIN_SCHED_MODEL_H
#include <core/cmdline.h>
#include <domain/domain.h>

/* how much less a vCPU must have had to displace the running one */
#define PREEMPT_NS BIT(19)

/* atomic; hints: CPUs without work, vCPUs without a CPU */
extern u32 sched_idle_cpus, sched_nr_waiting;

static inline bool mask_has(const struct cpumask *m, const struct cpu *c)
{
	return BITMAP_WORDS(MAX_CPUS) == 1 ? m->bits[0] >> c->id & 1 : bit_test(m->bits, c->id);
}

static inline bool sched_allowed(const struct vcpu *v, const struct cpu *c)
{
	return mask_has(&v->sched.hard, c);
}

/*
 * Its state is in memory if it is NULL. While it is not, it is the vCPU's home, and stays so: only
 * unloaded ones move.
 */
static inline struct cpu *vcpu_loaded_on(const struct vcpu *v)
{
	return __atomic_load_n(&v->loaded_on, __ATOMIC_ACQUIRE);
}

static inline bool sched_over_cap(const struct domain *d)
{
	return d->sched.cap && __atomic_load_n(&d->sched.budget_ns, __ATOMIC_RELAXED) <= 0;
}

static inline bool vcpu_runnable(const struct vcpu *v)
{
	return !READ_ONCE(v->blocked) && !READ_ONCE(v->pause_count) && !READ_ONCE(v->down) &&
	       !sched_over_cap(v->domain);
}

static inline struct cpu *sched_lock_home(struct vcpu *v)
{
	for (;;) {
		struct cpu *c = READ_POINTER(v->sched.cpu);

		lock(&c->rq.lock);
		/* Who moved it here held the other lock: this read orders us after. */
		if (c == __atomic_load_n(&v->sched.cpu, __ATOMIC_ACQUIRE))
			return c;
		unlock(&c->rq.lock);
	}
}

static inline u64 sched_slice_ns(void)
{
	return opts.sched_slice_us * 1000;
}

/* --- runstate.c --- */

void runstate_write(struct vcpu *v); /* to the area that v registered */

static inline void runstate_publish(struct vcpu *v)
{
	if (unlikely(v->runstate_area))
		runstate_write(v);
}

#ifdef CONFIG_DEBUG
void runstate_meter(const struct vcpu *v, u64 now); /* v is about to run */
#else
static inline void runstate_meter(const struct vcpu *v, u64 now)
{
}
#endif

static inline void runstate_set(struct vcpu *v, int state, u64 now)
{
	struct vcpu_runstate_info *r = &v->runstate;

	if (state == RUNSTATE_running)
		runstate_meter(v, now);
	r->time[r->state] += now - r->state_entry_time;
	r->state_entry_time = now;
	r->state = state;
}

/* Why it does not run, as a runstate. */
static inline int waiting_state(const struct vcpu *v)
{
	return v->blocked && !READ_ONCE(v->pause_count) && !v->down ? RUNSTATE_blocked
								    : RUNSTATE_offline;
}

/* --- sched_cap.c --- */

/* one of its vCPUs ran for so long */
void sched_cap_account(struct domain *d, u64 ran, u64 now);

/* Run time by weight. */
static inline u64 sched_weighted(const struct domain *d, u64 ran)
{
	return d->sched.weight == SCHED_DEFAULT_WEIGHT
		       ? ran
		       : ran * SCHED_DEFAULT_WEIGHT / d->sched.weight;
}

/* v is current on c, this CPU: its time so far is paid for. */
static inline void sched_account(struct cpu *c, struct vcpu *v, u64 now)
{
	u64 ran = now - v->sched.started_ns;
	struct domain *d = v->domain;

	v->sched.started_ns = now;
	c->busy_ns += ran;
	v->sched.vtime += sched_weighted(d, ran);
	if (d->sched.cap)
		sched_cap_account(d, ran, now);
}

/* --- sched_queue.c --- */

static inline bool sched_queued(const struct vcpu *v)
{
	return !list_empty(&v->sched.link);
}

static inline struct vcpu *runqueue_head(struct runqueue *rq)
{
	return list_empty(&rq->queue) ? NULL : list_first(&rq->queue, struct vcpu, sched.link);
}

/* These three: rq's lock held. */
void sched_enqueue(struct runqueue *rq, struct vcpu *v);
/* in waits, out does no more: as many as before. */
void sched_exchange(struct runqueue *rq, struct vcpu *out, struct vcpu *in);

static inline void sched_dequeue(struct runqueue *rq, struct vcpu *v)
{
	list_del(&v->sched.link);
	rq->nr--;
	__atomic_sub_fetch(&sched_nr_waiting, 1, __ATOMIC_RELAXED);
}

/*
 * Gives a waiting, unloaded vCPU another home and lets it join there, unless somebody else was
 * quicker. Home's lock held; released.
 */
void sched_move_home(struct cpu *from, struct vcpu *v, struct cpu *to);
/* a CPU for it that has no work; NULL: none. Any lock or none */
struct cpu *sched_find_idle(const struct vcpu *v);
/* the one of its CPUs with the shortest queue. Any lock or none */
struct cpu *sched_find_allowed(const struct vcpu *v);
/*
 * Somebody has waited for a whole slice while another CPU's clients are further ahead: it moves
 * there. No lock held.
 */
void sched_push(struct cpu *c);
/* Takes a vCPU that waits in another CPU's queue. No lock held. */
void sched_steal_any(struct cpu *c);
static inline void sched_steal(struct cpu *c)
{
	if (READ_ONCE(sched_nr_waiting))
		sched_steal_any(c);
}
#endif
