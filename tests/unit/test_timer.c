// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers against a table of what is armed where and for when, on one CPU; then several CPUs that
 * arm, move, cancel and retire each other's timers, where another CPU may come at each access to
 * memory (fake/step.c): a timer fires once for each time it is armed, never before its time, and
 * never after timer_retire().
 */
#include <arm/gic.h>
#include <core/cpu.h>
#include <core/irq.h>
#include <core/timer.h>
#include <lib/string.h>
#include "fake/step.h"
#include "harness.h"

#define TIMERS 12
#define MACHINE_CPUS 3
#define NEVER (~0UL)

struct cpu cpus[MAX_CPUS];
unsigned cpu_count = MACHINE_CPUS;
_Thread_local struct cpu *fake_cpu = &cpus[0];
_Thread_local bool fake_irq_pending;
u64 fake_ticks;
static struct {
	u64 ctl, cval;
} hw[MACHINE_CPUS];
static irq_handler *fire;
static unsigned finished;

u64 fake_cntfrq_el0(void)
{
	return 62500000;
}
void fake_set_cnthp_ctl_el2(u64 v)
{
	hw[this_cpu()->id].ctl = v;
}
void fake_set_cnthp_cval_el2(u64 v)
{
	hw[this_cpu()->id].cval = v;
}
static void g_set_enabled(unsigned irq, bool on)
{
}
static const struct gic_ops ops = { .set_enabled = g_set_enabled };
const struct gic_ops *gic = &ops;
int irq_request(unsigned irq, irq_handler *fn)
{
	fire = fn;
	return 0;
}
static unsigned rnd(unsigned n)
{
	return host_random() % n;
}

static struct timer timers[TIMERS];
static struct model {
	bool armed, retired, retiring;
	unsigned setting;
	u64 deadline, sets, fires;
} model[TIMERS];
static u64 last_deadline;
static bool alone;
static unsigned long rearmed, cancelled, moved, retired;

static bool due(const struct cpu *c)
{
	return hw[c->id].ctl && fake_ticks >= hw[c->id].cval;
}

static void arm(unsigned i, u64 deadline)
{
	moved += model[i].armed;
	model[i].armed = true;
	model[i].deadline = deadline;
	model[i].sets++;
	timer_set(&timers[i], deadline);
}

static void fired(struct timer *t)
{
	unsigned i = (unsigned)(t - timers);

	CHECK(!model[i].retired);
	CHECK_EQ(this_cpu()->lock_depth, 0);
	model[i].fires++;
	if (!alone)
		return;
	CHECK(model[i].armed && model[i].deadline <= fake_ticks &&
	      model[i].deadline >= last_deadline);
	last_deadline = model[i].deadline;
	model[i].armed = false;
	if (rnd(4) == 0) {
		arm(i, fake_ticks + rnd(100));
		rearmed++;
	}
}

static void set_up(void)
{
	memset(cpus, 0, sizeof(cpus));
	memset(model, 0, sizeof(model));
	for_each_cpu (c) {
		c->id = (u32)(c - cpus);
		fake_cpu = c;
		if (!c->id)
			timer_init(26);
		else
			timer_init_cpu();
	}
	fake_cpu = &cpus[0];
	for (unsigned i = 0; i < TIMERS; i++)
		timer_setup(&timers[i], fired);
}

/* The hardware is set for the first one, and off when there is none. */
static void check_programmed(void)
{
	u64 first = NEVER;

	for (unsigned i = 0; i < TIMERS; i++) {
		CHECK_EQ(model[i].armed, timers[i].cpu != NULL);
		if (model[i].armed)
			first = min(first, model[i].deadline);
	}
	CHECK_EQ(hw[0].ctl, first != NEVER);
	if (first != NEVER)
		CHECK_EQ(hw[0].cval, first);
}

static void test_alone(void)
{
	alone = true;
	set_up();
	for (unsigned n = 0; n < 30000; n++) {
		unsigned i = rnd(TIMERS);

		switch (rnd(4)) {
		case 0: arm(i, rnd(8) ? fake_ticks + rnd(1000) : fake_ticks - rnd(1000)); break;
		case 1:
			timer_cancel(&timers[i]);
			cancelled += model[i].armed;
			model[i].armed = false;
			break;
		default:
			fake_ticks += rnd(200);
			last_deadline = 0;
			if (due(this_cpu()))
				fire(26);
		}
		if (!due(this_cpu()))
			check_programmed();
	}
	CHECK(rearmed > 100 && cancelled > 100 && moved > 100);
}

/* Any CPU arms and cancels any timer; who retires it sees to it that nobody arms it meanwhile. */
static void cpu_main(unsigned n)
{
	fake_cpu = &cpus[n - 1];
	for (unsigned round = 0; round < 3000; round++) {
		unsigned i = rnd(TIMERS);

		if (due(this_cpu()))
			fire(26);
		if (rnd(3) == 0) {
			timer_cancel(&timers[i]);
		} else if (rnd(40)) {
			if (!model[i].retiring) {
				model[i].setting++;
				model[i].sets++;
				timer_set(&timers[i], fake_ticks + rnd(60));
				model[i].setting--;
			}
		} else if (!model[i].retiring && !model[i].setting) {
			model[i].retiring = true;
			timer_retire(&timers[i]);
			model[i].retired = true;
			CHECK(!timers[i].cpu && list_empty(&timers[i].link));
			for (unsigned k = 0; k < 20; k++)
				step_pause();
			model[i].retired = model[i].retiring = false;
			retired++;
		}
		step_pause();
	}
	finished++;
	for (;;) {
		if (due(this_cpu()))
			fire(26);
		step_pause();
	}
}

static void test_several(void)
{
	static const unsigned grains[] = { 3, 10, 40, 1000 };

	alone = false;
	for (unsigned seed = 0; seed < 12; seed++) {
		unsigned long quiet = 0, switches = 0;

		host_seed(100 + seed);
		set_up();
		finished = 0;
		host_fibers(1 + MACHINE_CPUS, cpu_main);
		while (quiet < 2000) {
			if (++switches > 10000000)
				host_panic("timers: no end");
			fake_ticks += rnd(8);
			step_run(1 + rnd(MACHINE_CPUS), 1 + rnd(grains[seed % ARRAY_SIZE(grains)]));
			quiet = finished == MACHINE_CPUS ? quiet + 1 : 0;
		}
		for (unsigned i = 0; i < TIMERS; i++) {
			CHECK(!timers[i].cpu && list_empty(&timers[i].link));
			CHECK(model[i].fires <= model[i].sets);
		}
		for_each_cpu (c) {
			CHECK(list_empty(&c->timers.head) && !hw[c->id].ctl);
			CHECK(!c->timers.running);
		}
	}
	CHECK(retired > 100);
}

static void test_clock(void)
{
	set_up();
	CHECK_EQ(ticks_to_ns(62500000), 1000000000);
	CHECK_EQ(ns_to_ticks(1000000000), 62500000);
	CHECK(ticks_to_ns(62500000UL * 86400 * 365) / 1000000000 == 86400 * 365);
	for (u64 ns = 1; ns < 1UL << 55; ns = ns * 3 + 7)
		CHECK(ns - ticks_to_ns(ns_to_ticks(ns)) <= 32 + (ns >> 25));
}

static const struct test tests[] = {
	{ "random timers against a table", test_alone },
	{ "timers of several CPUs", test_several },
	{ "ticks and nanoseconds", test_clock },
};

int main(void)
{
	return run_tests("timer", tests, ARRAY_SIZE(tests));
}
