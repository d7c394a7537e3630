// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler, its timers and PSCI on a machine of up to four CPUs in virtual time. A CPU is a
 * fiber that runs what a CPU runs: a guest, whose vCPU blocks, sends, sets timers, goes off line,
 * and (Dom0's) pauses, moves, weighs, caps and destroys others; and the real code of the
 * hypervisor, in which another CPU may come at each access to memory (fake/step.c). Time stands
 * still while anybody has something to do; before it goes on, every vCPU must be where it belongs.
 */
#include <arm/gic.h>
#include <core/cmdline.h>
#include <core/console.h>
#include <core/irq.h>
#include <domain/sched_model.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <virt/vtimer.h>
#include "fake/step.h"
#include "harness.h"

void *aligned_alloc(size_t align, size_t n);
void free(void *p);

#define MS 1000000UL
#define NEVER (~0UL)
#define MACHINE_CPUS 4
#define DOMS 5
#define VCPUS 3
/* who can run has run by then, with slices of 10 ms and weights from 128 to 512 */
#define BOUND (1000 * MS)
#define PPI_HYP 26

enum { PEND_EVENT = 1, PEND_VTIMER = 2, PEND_LINE = 4 };

/* --- machine --- */

static struct hw {
	bool sgi, ppi_active, guest; /* guest: waits in a guest, else in EL2 */
	bool waits;
	u64 until;
	u64 cnthp_ctl, cnthp_cval, cntv_ctl, cntv_cval;
} hw[MACHINE_CPUS + 1]; /* the last: a device, which is no CPU */
struct cpu cpus[MAX_CPUS];
unsigned cpu_count;
_Thread_local struct cpu *fake_cpu;
_Thread_local bool fake_irq_pending;
u64 fake_ticks;
struct options opts = { .sched_slice_us = 10000 };
struct gic_info gic_info;
static irq_handler *hyp_timer, *virt_timer;
/* grain: accesses between two preemptions; delay: how long, in ns, each may take */
static unsigned grain, delay;
static unsigned long still;

#define H (&hw[this_cpu()->id])
#define DEVICE (&cpus[MACHINE_CPUS])
static unsigned rnd(unsigned n)
{
	return host_random() % n;
}

static void wait_until(u64 until, bool guest)
{
	H->until = until;
	H->waits = true;
	H->guest = guest;
	step_pause();
	H->waits = false;
}

void host_wait(void)
{
	wait_until(NEVER, false);
}

#include "fake/timer_regs.h"

static u64 cntvoff(const struct cpu *c)
{
	return c->loaded ? c->loaded->domain->cntvoff : 0;
}
static bool virt_due(const struct cpu *c)
{
	return hw[c->id].cntv_ctl == 1 && fake_ticks >= hw[c->id].cntv_cval + cntvoff(c);
}
u64 fake_cntv_ctl_el0(void)
{
	return H->cntv_ctl | (virt_due(this_cpu()) ? 4 : 0);
}

static bool hyp_due(const struct cpu *c)
{
	return hw[c->id].cnthp_ctl && fake_ticks >= hw[c->id].cnthp_cval;
}
static bool virt_line(const struct cpu *c)
{
	return virt_due(c) && !hw[c->id].ppi_active;
}
static bool line(const struct cpu *c)
{
	return hw[c->id].sgi || hyp_due(c) || virt_line(c);
}

static void g_set_active(unsigned irq, bool on)
{
	H->ppi_active = on;
}
static void g_set_enabled(unsigned irq, bool on)
{
}
static void g_send_sgi(const struct cpu *c, unsigned sgi)
{
	hw[c->id].sgi = true;
}
static const struct gic_ops ops = { .set_active = g_set_active,
				    .set_enabled = g_set_enabled,
				    .send_sgi = g_send_sgi };
const struct gic_ops *gic = &ops;

int irq_request(unsigned irq, irq_handler *fn)
{
	*(irq == PPI_HYP ? &hyp_timer : &virt_timer) = fn;
	return 0;
}
int irq_request_linked(unsigned irq, irq_handler *fn)
{
	return irq_request(irq, fn);
}

void irq_handle(void)
{
	struct cpu *c = this_cpu();

	while (line(c)) {
		if (H->sgi) {
			H->sgi = false;
		} else if (hyp_due(c)) {
			hyp_timer(PPI_HYP);
		} else {
			H->ppi_active = gic_info.version == 3;
			virt_timer(PPI_VIRT_TIMER);
		}
	}
}

void cpu_signal(struct cpu *c)
{
	gic_send_sgi(c, SGI_KICK);
}

void cpu_kick(struct cpu *c, u32 work)
{
	cpu_set_work(c, work);
	step(NULL, 0);
	if (c != this_cpu())
		cpu_signal(c);
}

int printf(const char *fmt, ...) __printf(1, 2);
#define say(fmt, ...) printf("  " fmt "\n", __VA_ARGS__)

static __noreturn void die(const char *what, long a, long b)
{
	host_panic("%s (%ld, %ld) at %lu ns, %u CPUs, GICv%u, grain %u", what, a, b, fake_ticks,
		   cpu_count, gic_info.version, grain);
}

/* sealed: paused, and nobody runs it any more */
static struct model {
	u64 born, ready_since;
	unsigned phantoms;
	bool sealed;
} model[DOMS][VCPUS];

/* --- the rest of the hypervisor --- */

void panic(const char *f, ...)
{
	die(f, 0, 0);
}
void domain_shutdown(struct domain *d, unsigned reason)
{
}
void p2m_unload(void)
{
}
void p2m_init_cpu(void)
{
}
void page_release(struct page *pg)
{
	die("a page", 0, 0);
}

/*
 * The vGIC's part: `latch` says what waits. In the order of virt/vgic.c: what is pending is written
 * before `blocked` is read.
 */
static void vgic_pend(struct vcpu *v, u32 bit)
{
	struct cpu *c;

	lock(&v->domain->vgic.lock);
	__atomic_fetch_or(&v->vgic.bank.latch, bit, __ATOMIC_SEQ_CST);
	c = v->vgic.cpu == this_cpu() ? NULL : v->vgic.cpu;
	if (c)
		cpu_set_work(c, WORK_VGIC);
	step(NULL, 0);
	if (!(v->blocked && vcpu_wake(v)) && c)
		cpu_signal(c);
	unlock(&v->domain->vgic.lock);
}

void vgic_inject(struct vcpu *v, unsigned intid)
{
	vgic_pend(v, PEND_VTIMER);
}
void vgic_inject_hw(struct vcpu *v, unsigned intid, unsigned pirq)
{
	if (v->vgic.cpu && v->vgic.cpu != this_cpu())
		return;
	v->vgic.bank.hw |= BIT(PPI_VIRT_TIMER);
	vgic_pend(v, PEND_VTIMER);
}
void vgic_set_level(struct vcpu *v, unsigned intid, bool high)
{
	__atomic_store_n(&v->vgic.bank.line, high, __ATOMIC_SEQ_CST);
	if (high)
		vgic_pend(v, PEND_LINE);
	else
		__atomic_fetch_and(&v->vgic.bank.latch, ~PEND_LINE, __ATOMIC_SEQ_CST);
}
bool vgic_pending(struct vcpu *v)
{
	step(NULL, 0);
	return v->vgic.bank.latch;
}
void vgic_flush(struct vcpu *v)
{
}

void vcpu_load(struct vcpu *v)
{
	struct cpu *c = this_cpu();

	if (v->loaded_on || c->loaded || c->current != v || v->sched.cpu != c)
		die("loaded twice", v->domain->slot, v->id);
	if (model[v->domain->slot][v->id].sealed)
		die("loaded though paused", v->domain->slot, v->id);
	__atomic_store_n(&v->loaded_on, c, __ATOMIC_SEQ_CST);
	c->loaded = v;
	lock(&v->domain->vgic.lock);
	v->vgic.cpu = c;
	H->ppi_active = v->vgic.bank.hw;
	unlock(&v->domain->vgic.lock);
	vtimer_load(v);
}

void vcpu_unload(struct vcpu *v)
{
	struct cpu *c = this_cpu();

	if (c->loaded != v || v->loaded_on != c || v->sched.cpu != c)
		die("unloaded here, not loaded", v->domain->slot, v->id);
	lock(&v->domain->vgic.lock);
	v->vgic.cpu = NULL;
	unlock(&v->domain->vgic.lock);
	vtimer_unload(v);
	step(NULL, 0);
	__atomic_store_n(&v->loaded_on, NULL, __ATOMIC_SEQ_CST);
}

void vcpu_reset(struct vcpu *v)
{
	if (v->loaded_on)
		die("reset while loaded", v->domain->slot, v->id);
	v->blocked = false;
	v->vgic.bank.latch = v->vgic.bank.hw = 0;
	vtimer_reset(v);
}

/* --- domains --- */

static struct domain *doms[DOMS];
static struct {
	const char *from, *to;
} gone[64];
static unsigned nr_gone;
static u32 users[DOMS]; /* who sends to its vCPUs just now: holds a reference */
static u64 device_at;
static bool quiet, endless; /* guests sleep without a timer; guests only compute */
static unsigned paused[DOMS];
static struct lock control = LOCK_INIT(RANK_CONTROL);
static unsigned long runs, blocks, wakes, offs, ons, pauses, moves, kills;

void step_seen(const void *p, unsigned long n)
{
	for (unsigned i = 0; p && i < nr_gone; i++)
		if ((const char *)p >= gone[i].from && (const char *)p < gone[i].to)
			die("a domain is used that was destroyed",
			    (long)((const char *)p - gone[i].from), i);
}

static void domain_make(unsigned slot, unsigned nr, bool up)
{
	struct made {
		struct domain d;
		struct vcpu *list[VCPUS], v[VCPUS];
	} *m = aligned_alloc(64, ROUND_UP(sizeof(*m), 64));
	struct domain *d = &m->d;
	struct vcpu *v = m->v;

	memset(m, 0, sizeof(*m));
	d->slot = (u16)slot;
	d->max_vcpus = (u16)nr;
	d->vcpu = m->list;
	d->cntvoff = rnd(1000000);
	lock_init(&d->lock, RANK_DOMAIN);
	lock_init(&d->vgic.lock, RANK_VGIC);
	sched_init_domain(d);
	for (unsigned i = 0; i < nr; i++, v++) {
		v->domain = d;
		v->id = (u16)i;
		v->down = !up;
		d->vcpu[i] = v;
		sched_init_vcpu(v);
		vtimer_init_vcpu(v);
		model[slot][i] = (struct model){ .born = v->runstate.state_entry_time,
						 .ready_since = NEVER };
	}
	paused[slot] = 0;
	__atomic_store_n(&doms[slot], d, __ATOMIC_SEQ_CST);
	if (!up)
		d->vcpu[0]->down = false;
	for_each_vcpu (d, o)
		vcpu_recheck(o);
}

static void pause(struct domain *d, bool wait)
{
	for_each_vcpu (d, v) {
		__atomic_fetch_add(&v->pause_count, 1, __ATOMIC_SEQ_CST);
		vcpu_recheck(v);
	}
	if (wait) {
		for_each_vcpu (d, v)
			vcpu_sync(v);
		for_each_vcpu (d, v) {
			if (v->loaded_on || v->sched.cpu->current == v)
				die("paused, but runs", d->slot, v->id);
			model[d->slot][v->id].sealed = true;
		}
	}
}

static void unpause(struct domain *d)
{
	for_each_vcpu (d, v) {
		if (v->pause_count == 1)
			model[d->slot][v->id].sealed = false;
		if (!__atomic_sub_fetch(&v->pause_count, 1, __ATOMIC_SEQ_CST))
			vcpu_recheck(v);
	}
}

/* As domain_kill() and vcpu_retire(): nothing may touch it afterwards. */
static void kill(struct domain *d)
{
	unsigned slot = d->slot;

	d->state = DOM_DYING;
	doms[slot] = NULL;
	while (__atomic_load_n(&users[slot], __ATOMIC_SEQ_CST))
		host_yield();
	pause(d, true);
	for_each_vcpu (d, v) {
		v->down = true;
		sched_destroy_vcpu(v);
		vtimer_destroy_vcpu(v);
	}
	sched_destroy_domain(d);
	gone[nr_gone].from = (char *)d;
	gone[nr_gone++].to = (char *)(d->vcpu[d->max_vcpus - 1] + 1);
	kills++;
}

/* --- guests --- */

static void send_one(void)
{
	unsigned slot = rnd(DOMS);
	struct domain *d;

	__atomic_fetch_add(&users[slot], 1, __ATOMIC_SEQ_CST);
	d = __atomic_load_n(&doms[slot], __ATOMIC_SEQ_CST);
	if (d)
		vgic_pend(d->vcpu[rnd(d->max_vcpus)], PEND_EVENT);
	__atomic_fetch_sub(&users[slot], 1, __ATOMIC_SEQ_CST);
	wakes++;
}

static void set_timer(struct vcpu *v, u64 ns)
{
	fake_set_cntv_cval_el0(fake_ticks - v->domain->cntvoff + ns);
	fake_set_cntv_ctl_el0(1);
}

static void set_phys_timer(struct vcpu *v, u64 ns)
{
	vtimer_write_phys(v, CNTP_CVAL, fake_ticks + ns);
	vtimer_write_phys(v, CNTP_CTL, 1);
}

/* A line that is high for no timer that is due goes low again soon. */
static void take_line(struct vcpu *v)
{
	struct model *m = &model[v->domain->slot][v->id];

	if (vtimer_read_phys(v, CNTP_CTL) & 4) {
		vtimer_write_phys(v, CNTP_CTL, 0);
		m->phantoms = 0;
		return;
	}
	if (v->vgic.bank.line)
		__atomic_fetch_or(&v->vgic.bank.latch, PEND_LINE, __ATOMIC_SEQ_CST);
	if (++m->phantoms > 10000)
		die("a timer's line stays high", v->domain->slot, v->id);
	wait_until(fake_ticks + 1, true);
}

/* Takes its interrupts. */
static void take(struct vcpu *v)
{
	u32 what = __atomic_exchange_n(&v->vgic.bank.latch, 0, __ATOMIC_SEQ_CST);

	if (what & PEND_VTIMER) {
		fake_set_cntv_ctl_el0(0);
		v->vgic.bank.hw = 0;
		H->ppi_active = false;
	}
	if (what & PEND_LINE)
		take_line(v);
}

static void psci(struct vcpu *v, u64 fn, u64 arg)
{
	v->x[0] = fn;
	v->x[1] = arg;
	v->x[2] = v->x[3] = 0;
	psci_call(v);
}

static void hotplug(struct vcpu *v)
{
	struct vcpu *o = v->domain->vcpu[rnd(v->domain->max_vcpus)];

	if (o != v) {
		psci(v, 0xc4000003, vgic_affinity(o->id));
		ons += !v->x[0];
	} else if (v->id) {
		psci(v, 0x84000002, 0);
		offs++;
	}
}

static void random_affinity(struct vcpu *v)
{
	struct cpumask hard = { { 1 + rnd((1U << cpu_count) - 1) } },
		       soft = { { rnd(1U << cpu_count) } };

	if (sched_set_affinity(v, rnd(4) ? &hard : NULL, rnd(2) ? &soft : NULL))
		die("affinity refused", (long)hard.bits[0], 0);
	moves++;
}

/* What Dom0's tools do, one after the other. */
static void control_op(void)
{
	unsigned slot = 1 + rnd(DOMS - 1);
	struct domain *d;

	if (!try_lock(&control))
		return;
	d = doms[slot];
	switch (rnd(10)) {
	case 0:
		if (d)
			kill(d);
		else if (nr_gone < ARRAY_SIZE(gone))
			domain_make(slot, 1 + rnd(VCPUS), rnd(2));
		break;
	case 1:
	case 2:
		if (d && paused[slot] < 2) {
			pause(d, rnd(4));
			paused[slot]++;
			pauses++;
		}
		break;
	case 3:
	case 4:
	case 5:
		if (d && paused[slot]) {
			paused[slot]--;
			unpause(d);
		}
		break;
	case 6:
		d = doms[rnd(DOMS)];
		if (d && sched_set_params(d, 128 + rnd(384), rnd(3) ? 0 : 10 + rnd(80)))
			die("parameters refused", d->slot, 0);
		break;
	default:
		d = doms[rnd(DOMS)];
		if (d)
			random_affinity(d->vcpu[rnd(d->max_vcpus)]);
	}
	unlock(&control);
}

static void guest_act(struct vcpu *v)
{
	unsigned what = !v->domain->slot && rnd(6) == 0 ? 31 : rnd(31);

	if (v->vgic.bank.latch)
		take(v);
	if (endless) {
		wait_until(NEVER, true);
	} else if (quiet) {
		fake_set_cntv_ctl_el0(0);
		vtimer_write_phys(v, CNTP_CTL, 0);
		vcpu_block(v);
	} else if (what < 8) {
		wait_until(fake_ticks + (rnd(8) ? rnd(200000) : rnd(30000000)), true);
	} else if (what < 16) {
		if (rnd(4))
			set_timer(v, rnd(8) ? rnd(300000) : rnd(20000000));
		vcpu_block(v);
		blocks++;
	} else if (what < 20) {
		vcpu_yield(v);
	} else if (what < 28) {
		send_one();
	} else if (what < 29) {
		set_phys_timer(v, rnd(500000));
	} else if (what < 30) {
		hotplug(v);
	} else if (what < 31) {
		vtimer_write_phys(v, rnd(2) ? CNTP_CTL : CNTP_TVAL, rnd(2) ? 0 : rnd(30000));
	} else if (what == 31) {
		control_op();
	}
}

static void check_here(const struct cpu *c, const struct vcpu *v)
{
	if (c->current != v || c->loaded != v || v->loaded_on != c || v->sched.cpu != c)
		die("a CPU runs what it should not", v->domain->slot, v->id);
	if (c->lock_depth)
		die("lock held in a guest", c->lock_rank[0], c->id);
}

void stack_reset_and_call(struct vcpu *(*fn)(struct cpu *), struct cpu *c, void *top);
void stack_reset_and_call(struct vcpu *(*fn)(struct cpu *), struct cpu *c, void *top)
{
	struct vcpu *v = fn(c);

	for (;;) {
		check_here(c, v);
		runs++;
		if (line(c))
			irq_handle();
		else
			guest_act(v);
		if (c->work)
			v = sched_work(c);
	}
}

static void cpu_main(unsigned n)
{
	fake_cpu = &cpus[n - 1];
	if (n > 1) {
		timer_init_cpu();
		vtimer_init_cpu();
	}
	sched_enter();
}

/* --- time, and what must hold before it goes on --- */

static bool over_cap(const struct domain *d)
{
	return d->sched.cap && d->sched.budget_ns <= 0;
}

static bool can_run(const struct vcpu *v)
{
	return !v->blocked && !v->pause_count && !v->down && !over_cap(v->domain);
}

static bool on_hard(const struct vcpu *v, const struct cpu *c)
{
	return v->sched.hard.bits[0] >> c->id & 1;
}

static void check_runstate(struct vcpu *v, bool runs_now, bool can)
{
	struct model *m = &model[v->domain->slot][v->id];
	u64 sum = 0, before = now_ns();
	struct vcpu_runstate_info r;
	int want = runs_now ? RUNSTATE_running : can ? RUNSTATE_runnable : -1;

	vcpu_get_runstate(v, &r);
	for (unsigned i = 0; i < 4; i++)
		sum += r.time[i];
	if (sum < before - m->born || sum > now_ns() - m->born)
		die("run states do not add up", (long)sum, (long)(before - m->born));
	if (want < 0 ? r.state < RUNSTATE_blocked && !over_cap(v->domain) : r.state != want)
		die("run state", r.state, want);
}

static void check_vcpu(struct vcpu *v)
{
	struct model *m = &model[v->domain->slot][v->id];
	const struct cpu *home = v->sched.cpu;
	bool runs_now = home->current == v, can = can_run(v), queued = !list_empty(&v->sched.link);

	/* Over its cap: another of its domain used up what was left. Its own slice ends soon. */
	if (runs_now && !can && !(over_cap(v->domain) && home->rq.slice.cpu))
		die(v->blocked	     ? "blocked, but runs"
		    : v->pause_count ? "paused, but runs"
				     : "down, but runs",
		    v->domain->slot, v->id);
	if (runs_now && !on_hard(v, home))
		die("runs outside its affinity", home->id, (long)v->sched.hard.bits[0]);
	if (can && !runs_now && !queued)
		die("lost: can run, and nobody knows", v->domain->slot, v->id);
	if (queued && (runs_now || !on_hard(v, home)))
		die("queued where it cannot run", home->id, (long)v->sched.hard.bits[0]);
	if (v->blocked && v->vgic.bank.latch)
		die("sleeps on", v->domain->slot, v->id);
	if (v->loaded_on && v->loaded_on->loaded != v)
		die("loaded nowhere", v->domain->slot, v->id);
	/* Its timer left the CPU with it; an interrupt just due may be on its way. */
	if (v->blocked && !v->loaded_on && !v->down && v->vtimer.cntv_ctl == 1 &&
	    fake_ticks > v->vtimer.cntv_cval + v->domain->cntvoff + MS)
		die("sleeps through its timer", v->domain->slot, v->id);
	check_runstate(v, runs_now, can);
	if (!can || runs_now)
		m->ready_since = NEVER;
	else
		m->ready_since = min(m->ready_since, fake_ticks);
	if (can && !runs_now && fake_ticks - m->ready_since > BOUND)
		die("waits too long", v->domain->slot, v->id);
}

/* Nobody has anything to do. */
static void check_all(void)
{
	unsigned waiting = 0;

	fake_cpu = DEVICE;
	for_each_cpu (c) {
		unsigned n = 0;
		struct vcpu *v;

		if (hw[c->id].guest ? !c->current : !c->idle || c->current || c->work)
			die("a CPU sleeps on", c->id, c->work);
		list_for_each (v, &c->rq.queue, sched.link)
			n++;
		if (n != c->rq.nr)
			die("queue's length", n, c->rq.nr);
		waiting += n;
	}
	if (waiting != sched_nr_waiting)
		die("number of those who wait", waiting, sched_nr_waiting);
	for (unsigned i = 0; i < DOMS; i++)
		if (doms[i])
			for_each_vcpu (doms[i], v)
				check_vcpu(v);
}

static u64 next_event(void)
{
	u64 next = quiet || endless ? NEVER : device_at;

	for_each_cpu (c) {
		const struct hw *h = &hw[c->id];

		next = min(next, h->until);
		if (h->cnthp_ctl)
			next = min(next, h->cnthp_cval);
		if (h->cntv_ctl == 1 && !h->ppi_active)
			next = min(next, h->cntv_cval + cntvoff(c));
	}
	return next;
}

/* The device interrupts for somebody. */
static void device_act(void)
{
	if (quiet || endless || fake_ticks < device_at)
		return;
	fake_cpu = DEVICE;
	send_one();
	device_at = fake_ticks + rnd(4000000);
}

/* Until then; false: nothing will ever happen again. */
static bool run(u64 end)
{
	for (still = 0; fake_ticks < end;) {
		struct cpu *ready[MACHINE_CPUS];
		unsigned n = 0;
		u64 next;

		for_each_cpu (c)
			if (!hw[c->id].waits || line(c) || fake_ticks >= hw[c->id].until)
				ready[n++] = c;
		if (n) {
			if (++still > 20000000)
				die("no end", ready[0]->id, n);
			fake_ticks += rnd(delay);
			step_run(1 + ready[rnd(n)]->id, 1 + rnd(grain));
			continue;
		}
		still = 0;
		check_all();
		next = next_event();
		if (next == NEVER && !endless)
			return false;
		fake_ticks = max(fake_ticks + 1, min(next, end));
		device_act();
	}
	return true;
}

static void set_up(unsigned nr_cpus, unsigned preempt_grain)
{
	cpu_count = nr_cpus;
	grain = preempt_grain;
	delay = 1 + grain / 2;
	gic_info.version = 2 + rnd(2);
	quiet = endless = false;
	nr_gone = 0;
	device_at = fake_ticks;
	memset(hw, 0, sizeof(hw));
	memset(cpus, 0, sizeof(cpus));
	memset(doms, 0, sizeof(doms));
	memset(users, 0, sizeof(users));
	for_each_cpu (c) {
		c->id = (u32)(c - cpus);
		c->online = true;
		sched_init_cpu(c);
	}
	fake_cpu = &cpus[0];
	sched_idle_cpus = sched_nr_waiting = 0;
	timer_init(PPI_HYP);
	vtimer_init(PPI_VIRT_TIMER);
	DEVICE->id = MACHINE_CPUS;
	fake_cpu = DEVICE;
	host_fibers(1 + nr_cpus, cpu_main);
}

static void tear_down(void)
{
	for (unsigned i = 0; i < nr_gone; i++)
		free((void *)gone[i].from);
	for (unsigned i = 0; i < DOMS; i++)
		free(doms[i]);
}

/* Everybody sleeps: after the last slice no timer is left, on any CPU. Then each can be woken. */
static void check_silence(void)
{
	u64 from;

	quiet = true;
	/* A pause that was under way ends in the first turn. */
	for (unsigned turn = 0; turn < 2; turn++) {
		from = fake_ticks;
		for (unsigned i = 1; i < DOMS; i++)
			for (fake_cpu = DEVICE; doms[i] && paused[i]; paused[i]--)
				unpause(doms[i]);
		if (run(fake_ticks + 10000 * MS) || fake_ticks - from > 2000 * MS)
			die("no silence", (long)(fake_ticks - from), 0);
	}
	for (unsigned i = 0; i < DOMS; i++)
		if (doms[i])
			for_each_vcpu (doms[i], v) {
				fake_cpu = DEVICE;
				vgic_pend(v, PEND_EVENT);
				if (run(fake_ticks + 10000 * MS) ||
				    (!v->down && v->vgic.bank.latch))
					die("cannot be woken", i, v->id);
			}
}

static void random_round(unsigned seed)
{
	static const unsigned grains[] = { 4, 15, 60, 400, 100000 };

	host_seed(seed);
	set_up(1 + rnd(MACHINE_CPUS), grains[seed % ARRAY_SIZE(grains)]);
	for (unsigned i = 0; i < DOMS - 1; i++)
		domain_make(i, 1 + rnd(VCPUS), rnd(2));
	run(fake_ticks + 150 * MS);
	check_silence();
	tear_down();
}

static void test_random(void)
{
	for (unsigned seed = 1; seed <= host_effort(60); seed++)
		random_round(seed);
	CHECK(runs > 10000 && blocks > 1000 && wakes > 1000 && offs > 10 && ons > 10 &&
	      pauses > 10 && moves > 100 && kills > 10);
}

/* --- shares --- */

#define SPAN (6000 * MS)

static u64 ran(unsigned slot)
{
	u64 sum = 0;

	for_each_vcpu (doms[slot], v)
		sum += vcpu_runtime_ns(v);
	return sum;
}

/* In percent of one CPU, of what it ran since `before`. */
static unsigned percent(unsigned slot, u64 before)
{
	return (unsigned)((ran(slot) - before + SPAN / 200) / (SPAN / 100));
}

/*
 * What each should get, in percent of one CPU: what there is goes round by weight; who cannot use
 * its part (a vCPU for each CPU, a cap) has what it can, the others the rest.
 */
static void fair(unsigned nr, const unsigned *weight, const unsigned *cap, const unsigned *vcpus,
		 unsigned *want)
{
	unsigned left = cpu_count * 100, weights = 0;
	bool more = true;

	for (unsigned i = 0; i < nr; i++) {
		want[i] = 0;
		weights += weight[i];
	}
	while (more) {
		more = false;
		for (unsigned i = 0; i < nr; i++) {
			unsigned most = min(cap[i] ? cap[i] : ~0U, min(vcpus[i], cpu_count) * 100);

			if (want[i] || left * weight[i] < most * weights)
				continue;
			want[i] = most;
			left -= most;
			weights -= weight[i];
			more = true;
		}
	}
	for (unsigned i = 0; i < nr; i++)
		if (!want[i])
			want[i] = left * weight[i] / weights;
}

/*
 * For how long, in percent, those with caps can keep every CPU at once: they may all begin their
 * periods together, and come before whoever ran meanwhile.
 */
static unsigned rush(unsigned nr, const unsigned *cap, const unsigned *vcpus)
{
	unsigned t = 0, busy;

	do {
		busy = 0;
		t++;
		for (unsigned i = 0; i < nr; i++)
			busy += min(cap[i], min(vcpus[i], cpu_count) * t);
	} while (busy >= t * cpu_count);
	return t - 1;
}

static void compete(unsigned nr_cpus, unsigned nr, const unsigned *weight, const unsigned *cap,
		    const unsigned *vcpus, unsigned tolerance)
{
	unsigned want[DOMS], least;
	u64 before[DOMS];

	set_up(nr_cpus, 1000000);
	delay = 1;
	endless = true;
	for (unsigned i = 0; i < nr; i++) {
		domain_make(i, vcpus[i], true);
		CHECK(!sched_set_params(doms[i], weight[i], cap[i]));
	}
	run(fake_ticks + 500 * MS);
	for (unsigned i = 0; i < nr; i++)
		before[i] = ran(i);
	run(fake_ticks + SPAN);
	fair(nr, weight, cap, vcpus, want);
	for (unsigned i = 0; i < nr; i++) {
		unsigned got = percent(i, before[i]);

		least = want[i];
		if (!cap[i])
			least = min(least, vcpus[i] * (100 - rush(nr, cap, vcpus)));
		if (got + tolerance < least || got > want[i] + tolerance)
			say("%u CPUs, domain %u of %u (weight %u, cap %u, %u vCPUs): %u%% instead "
			    "of %u%% to %u%%",
			    nr_cpus, i, nr, weight[i], cap[i], vcpus[i], got, least, want[i]);
		CHECK(got + tolerance >= least && got <= want[i] + tolerance);
	}
	tear_down();
}

static void test_weights(void)
{
	static const unsigned none[DOMS], one[DOMS] = { 1, 1, 1, 1, 1 },
					  two[DOMS] = { 2, 2, 2, 2, 2 };

	compete(1, 2, (unsigned[]){ 256, 256 }, none, one, 2);
	compete(1, 2, (unsigned[]){ 512, 256 }, none, one, 2);
	compete(1, 3, (unsigned[]){ 1024, 256, 64 }, none, one, 2);
	compete(2, 2, (unsigned[]){ 256, 256 }, none, two, 3);
	compete(2, 2, (unsigned[]){ 512, 256 }, none, two, 8);
	compete(2, 3, (unsigned[]){ 256, 256, 256 }, none, one, 5);
	compete(4, 5, (unsigned[]){ 256, 256, 256, 256, 256 }, none, two, 8);
	compete(1, 5, (unsigned[]){ 100, 200, 300, 400, 500 }, none, one, 2);
	compete(2, 4, (unsigned[]){ 512, 256, 256, 256 }, none, one, 8);
}

/* Whoever can run has the CPU within two slices, though the other never stops. */
static void test_turns(void)
{
	u64 before[2];

	set_up(1, 1000000);
	delay = 1;
	endless = true;
	domain_make(0, 1, true);
	domain_make(1, 1, true);
	run(fake_ticks + 100 * MS);
	for (unsigned i = 0; i < 100; i++) {
		before[0] = ran(0);
		before[1] = ran(1);
		run(fake_ticks + 2 * opts.sched_slice_us * 1000 + MS);
		CHECK(ran(0) != before[0] && ran(1) != before[1]);
	}
	tear_down();
}

/* A period is begun once, also by a CPU whose look at the clock is older than the period. */
static void test_period(void)
{
	struct domain *d;
	u64 began;

	set_up(1, 4);
	domain_make(0, 1, true);
	d = doms[0];
	fake_ticks += 1000 * MS;
	CHECK(!sched_set_params(d, 256, 50));
	began = d->sched.period_ns;
	CHECK_EQ(d->sched.budget_ns, 10 * MS);
	sched_cap_account(d, 5 * MS, began + 20 * MS);
	sched_cap_account(d, 0, began + 20 * MS);
	CHECK_EQ(d->sched.budget_ns, 15 * MS);
	sched_cap_account(d, MS, began + 20 * MS - 1000);
	CHECK_EQ(d->sched.budget_ns, 14 * MS);
	CHECK_EQ(d->sched.period_ns, began + 20 * MS);
	sched_cap_account(d, 0, began + 60 * MS);
	CHECK_EQ(d->sched.budget_ns, 20 * MS); /* two periods at most */
	tear_down();
}

/*
 * The whole machine stands still now and then, with timers due and somebody on the CPU: it counts
 * as run, and the cap holds all the same. What was run before there was a cap is not paid for.
 */
static void test_overrun(void)
{
	u64 began, before, got;

	set_up(1, 1000000);
	delay = 1;
	endless = true;
	domain_make(0, 1, true);
	run(fake_ticks + 5000 * MS);
	CHECK(!sched_set_params(doms[0], 256, 25));
	before = ran(0);
	run(fake_ticks + 1000 * MS);
	CHECK(ran(0) - before > 240 * MS && ran(0) - before < 270 * MS);
	began = fake_ticks;
	before = ran(0);
	for (unsigned i = 0; i < 100; i++) {
		run(fake_ticks + (1 + host_random() % 40) * MS);
		fake_ticks += host_random() % 200 * MS;
	}
	run(fake_ticks + 1000 * MS);
	got = (ran(0) - before) * 100 / (fake_ticks - began);
	CHECK(got >= 15 && got <= 25); /* a pause of more than two periods is not made up for */
	tear_down();
}

static void test_caps(void)
{
	static const unsigned w[DOMS] = { 256, 256, 256, 256, 256 }, one[DOMS] = { 1, 1, 1, 1, 1 };

	compete(1, 1, w, (unsigned[]){ 30 }, one, 1);
	compete(2, 1, w, (unsigned[]){ 50 }, (unsigned[]){ 2 }, 2);
	compete(2, 1, w, (unsigned[]){ 150 }, (unsigned[]){ 3 }, 4);
	compete(1, 2, w, (unsigned[]){ 20, 0 }, one, 2);
	compete(2, 3, w, (unsigned[]){ 40, 10, 0 }, one, 2);
	compete(4, 3, w, (unsigned[]){ 25, 75, 1 }, (unsigned[]){ 3, 1, 1 }, 3);
	compete(2, 2, w, (unsigned[]){ 5, 95 }, (unsigned[]){ 3, 3 }, 3);
}

/*
 * Who ran alone for long does not wait for as long when others come, nor when it is moved to a CPU
 * where others have run less.
 */
static void test_late(void)
{
	for (unsigned way = 0; way < 3; way++) {
		struct cpumask only = { { 2 } };
		u64 before;

		set_up(2, 1000000);
		delay = 1;
		endless = true;
		domain_make(0, 1, true);
		domain_make(1, 1, true);
		domain_make(2, 1, true);
		CHECK(!sched_set_params(doms[0], 64, 0));
		only.bits[0] = way == 2 ? 1 : 2;
		CHECK(!sched_set_affinity(doms[0]->vcpu[0], &only, NULL));
		only.bits[0] = 2;
		CHECK(!sched_set_affinity(doms[1]->vcpu[0], &only, NULL));
		CHECK(!sched_set_affinity(doms[2]->vcpu[0], &only, NULL));
		pause(doms[1], false);
		if (way < 2)
			pause(doms[2], false);
		run(fake_ticks + 5000 * MS);
		if (way == 1)
			pause(doms[0], false);
		unpause(doms[1]);
		run(fake_ticks + 20 * MS);
		if (way == 1)
			unpause(doms[0]);
		if (way == 2)
			CHECK(!sched_set_affinity(doms[0]->vcpu[0], &only, NULL));
		before = ran(0);
		run(fake_ticks + 400 * MS);
		CHECK(ran(0) - before > 20 * MS);
		tear_down();
	}
}

/* --- two CPUs, one vCPU's timer: one comes after each of the other's accesses in turn --- */

static struct vcpu *shared;
static unsigned finished;

static void fires(unsigned n)
{
	hyp_timer(PPI_HYP);
}
static void stops_phys(unsigned n)
{
	vtimer_write_phys(shared, CNTP_CTL, 0);
}
/* Runs, sets its timer anew, and has to go while it could still run. */
static void sets_virt_anew(unsigned n)
{
	vtimer_load(shared);
	fake_set_cntv_cval_el0(fake_ticks + MS);
	fake_set_cntv_ctl_el0(1);
	vtimer_unload(shared);
}

static void (*second)(unsigned n);
static void two_main(unsigned n)
{
	fake_cpu = &cpus[n - 1];
	(n == 1 ? fires : second)(n);
	finished |= n;
	for (;;)
		step_pause();
}

/* The timer fires on CPU 0, which gets to its k-th access before CPU 1 does its part; ends both. */
static void two_cpus(unsigned k, bool phys)
{
	set_up(2, 4);
	gic_info.version = 2;
	domain_make(0, 1, true);
	shared = doms[0]->vcpu[0];
	fake_cpu = &cpus[0];
	timer_init_cpu();
	if (phys) {
		vtimer_write_phys(shared, CNTP_CVAL, fake_ticks + 1000);
		vtimer_write_phys(shared, CNTP_CTL, 1);
	} else {
		shared->blocked = true;
		set_timer(shared, 1000);
		vtimer_unload(shared);
	}
	fake_ticks += 2000;
	finished = 0;
	second = phys ? stops_phys : sets_virt_anew;
	host_fibers(3, two_main);
	step_run(1, k);
	for (shared->blocked = false; !(finished & 2);) {
		step_run(2, 0);
		if (!(finished & 2))
			step_run(1, 1);
	}
	while (!(finished & 1))
		step_run(1, 0);
}

static void test_two(void)
{
	for (unsigned k = 1; k < 120; k++) {
		two_cpus(k, true);
		CHECK_EQ(shared->vgic.bank.line, 0);
		tear_down();
		two_cpus(k, false);
		CHECK_EQ(shared->vtimer.cntv_ctl, 1);
		tear_down();
	}
}

static const struct test tests[] = {
	{ "a timer that changes while it fires elsewhere", test_two },
	{ "who ran alone for long", test_late },
	{ "shares go by weight", test_weights },
	{ "turns", test_turns },
	{ "a cap's period begins once", test_period },
	{ "caps hold", test_caps },
	{ "caps hold on a machine that stands still now and then", test_overrun },
	{ "random guests and tools on one to four CPUs", test_random },
};

int main(void)
{
	return run_tests("sched", tests, ARRAY_SIZE(tests));
}
