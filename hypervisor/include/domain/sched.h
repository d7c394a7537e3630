/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler: proportional share over per-CPU queues. A vCPU stays loaded on its CPU until
 * another one needs that CPU, so that blocking and waking on an idle CPU switches nothing.
 */
#ifndef DOMAIN_SCHED_H
#define DOMAIN_SCHED_H
#include <core/cpu.h>
#include <lib/list.h>
#include <lib/types.h>

struct vcpu;
struct domain;
struct vcpu_runstate_info;

struct cpumask {
	u64 bits[BITMAP_WORDS(MAX_CPUS)];
};

struct sched_unit {
	struct list link; /* in a run queue; alone otherwise */
	struct cpu *cpu;  /* home: whose queue and lock are in charge of this unit */
	u64 vtime;	  /* weighted run time */
	u64 started_ns;	  /* when it last got the CPU */
	bool yielded;	  /* asked for another to go first */
	bool pinned;	  /* hard is one CPU of the machine */
	struct cpumask hard, soft;
};

struct sched_domain {
	u16 weight;	     /* 1..65535, default 256 */
	u16 cap;	     /* percent of one CPU, 0: none */
	s64 budget_ns;	     /* of the cap, left in this period (atomic) */
	u64 period_ns;	     /* when the period began */
	u64 capped_ns;	     /* since when there is this cap; written before it */
	struct timer refill; /* armed when the budget is used up */
};

/*
 * Runnable again: from an event, an interrupt, a timer, unpause, CPU_ON. Safe at any time from any
 * CPU, any number of times. True: the CPU on which it is loaded, if it is, has been told.
 */
bool vcpu_wake(struct vcpu *v);
/* v is current and wants to wait for an interrupt: returns at once if one is deliverable. */
void vcpu_block(struct vcpu *v);
void vcpu_yield(struct vcpu *v);
/*
 * The current vCPU, or another after pause_count/down changed: makes its CPU look again. Does not
 * wait.
 */
void vcpu_recheck(struct vcpu *v);
/* v is down, and all that it starts with is in memory: it is no more. */
void vcpu_start(struct vcpu *v);
/*
 * Waits until v is not running and its state is in memory. Caller made it not runnable before and
 * holds the control lock (only one waits at a time).
 */
void vcpu_sync(struct vcpu *v);

#define SCHED_DEFAULT_WEIGHT 256
void sched_init_vcpu(struct vcpu *v);
static inline void cpumask_set_all(struct cpumask *m)
{
	for (unsigned i = 0; i < BITMAP_WORDS(MAX_CPUS); i++)
		m->bits[i] = ~0UL;
}
void sched_destroy_vcpu(struct vcpu *v);
void sched_init_domain(struct domain *d);
void sched_destroy_domain(struct domain *d);
/* NULL: as is. -EINVAL: no such CPU in it */
int sched_set_affinity(struct vcpu *v, const struct cpumask *hard, const struct cpumask *soft);
int sched_set_params(struct domain *d, unsigned weight, unsigned cap); /* -EINVAL */
void sched_init_cpu(struct cpu *c);				       /* before it runs */
/*
 * XEN_SYSCTL_SCHEDOP ratelimit: a vCPU that began to run keeps its CPU at least so long against its
 * equals; 0: no such limit. Default 1000.
 */
extern u32 sched_ratelimit_us;
u64 vcpu_runtime_ns(const struct vcpu *v); /* time spent running, to now */
void vcpu_get_runstate(struct vcpu *v, struct vcpu_runstate_info *out);
/* Debug builds: how long one of Dom0's waited for a CPU at most, since this was asked last. */
u64 runstate_longest_wait_ns(void);
struct page;
/*
 * v's run states go to area from now on, in a page whose reference is taken over; NULL: nowhere.
 * The old page's is given back.
 */
void vcpu_move_runstate(struct vcpu *v, struct vcpu_runstate_info *area, struct page *pg);
/*
 * Called with cpu->work set on the way back to a guest: decides who goes on. Returns the vCPU to
 * enter.
 */
struct vcpu *sched_work(struct cpu *c);
/* A CPU that has booted: idles until there is a guest, enters it; never returns. */
__noreturn void sched_enter(void);
u64 cpu_idle_ns(const struct cpu *c);
#endif
