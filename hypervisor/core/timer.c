// SPDX-License-Identifier: GPL-2.0-only
/*
 * Software timers. Owns CNTHP on each CPU and its queue, sorted by deadline, under the queue's
 * lock; the hardware is programmed for the first one only, and is off while the queue is empty (no
 * ticks). A timer that is moved to an earlier time from its own CPU reprograms; another CPU may
 * cancel, which at worst costs one early interrupt.
 */
#include <arm/gic.h>
#include <core/console.h>
#include <core/cpu.h>
#include <core/irq.h>
#include <core/timer.h>

u64 timer_hz;
static unsigned timer_irq;
static u64 boot_ticks;
static u64 ns_mult, tick_mult; /* 32.32 fixed point */

u64 ticks_to_ns(u64 ticks)
{
	return (u64)(((unsigned __int128)ticks * ns_mult) >> 32);
}

u64 ns_to_ticks(u64 ns)
{
	return (u64)(((unsigned __int128)ns * tick_mult) >> 32);
}

u64 now_ns(void)
{
	return ticks_to_ns(ticks_now() - boot_ticks);
}

static void program(struct timer_queue *q)
{
	u64 first = list_empty(&q->head) ? ~0UL
					 : list_first(&q->head, struct timer, link)->deadline;

	if (first == q->programmed)
		return;
	q->programmed = first;
	if (first == ~0UL) {
		write_sysreg(0, cnthp_ctl_el2);
		return;
	}
	write_sysreg(first, cnthp_cval_el2);
	write_sysreg(1, cnthp_ctl_el2);
}

void timer_setup(struct timer *t, void (*fn)(struct timer *))
{
	t->fn = fn;
	t->cpu = NULL;
	t->deadline = 0;
	list_init(&t->link);
}

void timer_cancel(struct timer *t)
{
	struct cpu *c;

	while ((c = __atomic_load_n(&t->cpu, __ATOMIC_ACQUIRE))) {
		lock(&c->timers.lock);
		if (t->cpu == c) {
			list_del(&t->link);
			t->cpu = NULL;
			if (c == this_cpu())
				program(&c->timers);
			unlock(&c->timers.lock);
			return;
		}
		unlock(&c->timers.lock);
	}
}

void timer_retire(struct timer *t)
{
	if (!t->deadline)
		return;
	do {
		timer_cancel(t);
		for_each_cpu (c)
			while (c != this_cpu() &&
			       __atomic_load_n(&c->timers.running, __ATOMIC_ACQUIRE) == t)
				cpu_relax();
	} while (__atomic_load_n(&t->cpu, __ATOMIC_ACQUIRE)); /* that call armed it again */
}

void timer_set(struct timer *t, u64 deadline)
{
	struct cpu *c = this_cpu();
	struct timer_queue *q = &c->timers;
	struct cpu *nobody = NULL;
	struct timer *at;

	timer_cancel(t);
	lock(&q->lock);
	if (!__atomic_compare_exchange_n(&t->cpu, &nobody, c, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED)) {
		unlock(&q->lock); /* another CPU armed it just now: its time stands */
		return;
	}
	t->deadline = max(deadline, 1UL);
	list_for_each (at, &q->head, link)
		if (at->deadline > deadline)
			break;
	list_add_before(&t->link, &at->link);
	program(q);
	unlock(&q->lock);
}

/*
 * CNTHP fired: runs what is due. A function may set timers again; those due at once wait for the
 * next interrupt.
 */
static void timer_interrupt(unsigned irq)
{
	struct timer_queue *q = &this_cpu()->timers;
	u64 now = ticks_now();

	lock(&q->lock);
	while (!list_empty(&q->head)) {
		struct timer *t = list_first(&q->head, struct timer, link);

		if (t->deadline > now)
			break;
		list_del(&t->link);
		WRITE_ONCE(q->running, t);
		__atomic_store_n(&t->cpu, NULL, __ATOMIC_RELEASE);
		unlock(&q->lock);
		t->fn(t);
		/* t may be gone from here on */
		__atomic_store_n(&q->running, NULL, __ATOMIC_RELEASE);
		lock(&q->lock);
	}
	q->programmed = 0;
	program(q);
	unlock(&q->lock);
}

void timer_init_cpu(void)
{
	struct timer_queue *q = &this_cpu()->timers;

	lock_init(&q->lock, RANK_TIMER);
	list_init(&q->head);
	q->programmed = ~0UL;
	write_sysreg(0, cnthp_ctl_el2);
	gic_enable(timer_irq);
}

void timer_init(unsigned ppi)
{
	timer_hz = read_sysreg(cntfrq_el0);
	if (!timer_hz)
		panic("CNTFRQ_EL0 is 0: the firmware did not set the timer frequency");
	ns_mult = (1000000000UL << 32) / timer_hz;
	tick_mult = (timer_hz << 32) / 1000000000;
	boot_ticks = ticks_now();
	timer_irq = ppi;
	irq_request(ppi, timer_interrupt);
	timer_init_cpu();
}
