/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Software timers on the hypervisor physical timer (CNTHP). Each CPU has its own queue; a timer
 * belongs to the CPU that armed it.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H
#include <arm/sysreg.h>
#include <core/lock.h>
#include <lib/list.h>
#include <lib/types.h>

struct cpu;

struct timer {
	u64 deadline;		     /* in ticks of CNTPCT; 0: it was never armed */
	void (*fn)(struct timer *t); /* on the arming CPU, interrupts masked, no lock held */
	struct list link;	     /* sorted queue */
	struct cpu *cpu;	     /* where it is armed; NULL if it is not */
};

struct timer_queue {
	struct lock lock;
	struct list head;
	u64 programmed;
	struct timer *running; /* its fn is being called */
};

extern u64 timer_hz; /* CNTFRQ */
static inline u64 ticks_now(void)
{
	isb();
	return read_sysreg(cntpct_el0);
}
u64 ticks_to_ns(u64 ticks);
u64 ns_to_ticks(u64 ns);
/* Nanoseconds since Hospes started: Xen's system time. */
u64 now_ns(void);

void timer_setup(struct timer *t, void (*fn)(struct timer *));
void timer_set(struct timer *t, u64 deadline); /* arms or moves it, to this CPU */
/* from any CPU; a call of fn that has begun may still be under way */
void timer_cancel(struct timer *t);
/*
 * Before what holds it is freed, and nobody else arms it any more: waits for such a call on another
 * CPU. No lock but the control lock is held.
 */
void timer_retire(struct timer *t);
void timer_init(unsigned ppi); /* boot */
void timer_init_cpu(void);
#endif
