// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scheduler, timers and virtual GIC with threads for CPUs: made for ThreadSanitizer, which sees
 * what is not ordered between them. Guests send SGIs, PPIs and SPIs to each other, set timers,
 * sleep, write interrupt controller registers; one more thread is Dom0's tools, which pause, move,
 * cap, watch, kill. Whoever sends leaves a bit first that the receiver clears: when all has come to
 * rest none may be left, and every vCPU has found its registers as it left them.
 */
#include <arm/gic.h>
#include <core/cmdline.h>
#include <core/console.h>
#include <core/irq.h>
#include <domain/sched_model.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <virt/vgic_model.h>
#include <virt/vtimer.h>
#include "fake/gich.h"
#include "harness.h"

void *aligned_alloc(size_t align, size_t n);
void free(void *p);

#define MACHINE_CPUS 3
#define DOMS 3
#define MORTAL 2 /* the domain that is killed, and its mail with it */
#define VCPUS 3
#define OFTEN_DOWN 2 /* the vCPU that goes off line, and its mail with it */
#define IRQS 96	     /* 64..: linked to physical ones, domain 0's */
#define PPI_HYP 26
#define PPI_MAINT 25

/* The test's own: nothing of the hypervisor's is ordered by these. */
#define atomic_get(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define atomic_put(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define atomic_add(p, n) __atomic_add_fetch(p, n, __ATOMIC_RELAXED)
#define atomic_or(p, m) __atomic_fetch_or(p, m, __ATOMIC_RELAXED)
#define atomic_and(p, m) __atomic_fetch_and(p, m, __ATOMIC_RELAXED)
#define atomic_swap(p, v) __atomic_exchange_n(p, v, __ATOMIC_RELAXED)

/* --- machine: what a CPU alone touches, and what comes from outside --- */

static struct hw {
	bool sgi, ppi_active;
	u32 spis; /* of 64..95: acknowledged here next */
	u64 cnthp_ctl, cnthp_cval, cntv_ctl, cntv_cval;
	unsigned acts;
} hw[MACHINE_CPUS + 1];
static bool spi_active[IRQS], stop, rest;
struct cpu cpus[MAX_CPUS];
unsigned cpu_count = MACHINE_CPUS;
_Thread_local struct cpu *fake_cpu;
_Thread_local bool fake_irq_pending;
u64 fake_ticks = 1;
bool cpu_has_ras, cpu_has_sme, cpu_has_hidden;
struct options opts = { .sched_slice_us = 300 };
struct gic_info gic_info;
struct ledger ledger;
unsigned gic_nr_irqs = IRQS, gic_nr_lrs = 3;
static irq_handler *hyp_timer, *virt_timer, *maintenance;
static unsigned long sent, taken, slept, kills, moves;

#define H (&hw[this_cpu()->id])
static unsigned rnd(unsigned n)
{
	return host_random() % n;
}

#include "fake/timer_regs.h"

static bool virt_due(void)
{
	return H->cntv_ctl == 1 && atomic_get(&fake_ticks) >= H->cntv_cval;
}
u64 fake_cntv_ctl_el0(void)
{
	return H->cntv_ctl | (virt_due() ? 4 : 0);
}
static bool hyp_due(void)
{
	return H->cnthp_ctl && atomic_get(&fake_ticks) >= H->cnthp_cval;
}
static bool line(void)
{
	return atomic_get(&H->sgi) || atomic_get(&H->spis) || hyp_due() ||
	       (virt_due() && !H->ppi_active) ||
	       (this_cpu()->loaded && gich_maintenance(&gich[this_cpu()->id]));
}

static void g_set_active(unsigned irq, bool on)
{
	if (irq < 32)
		H->ppi_active = on;
	else
		atomic_put(&spi_active[irq], on);
}
static void g_send_sgi(const struct cpu *c, unsigned sgi)
{
	atomic_put(&hw[c->id].sgi, true);
}
static const struct gic_ops ops = {
	GICH_OPS,
	.set_active = g_set_active,
	.set_pending = gich_ignore,
	.set_enabled = gich_ignore,
	.set_edge = gich_ignore,
	.set_target = gich_ignore_target,
	.send_sgi = g_send_sgi,
};
const struct gic_ops *gic = &ops;

int irq_request(unsigned irq, irq_handler *fn)
{
	*(irq == PPI_HYP ? &hyp_timer : irq == PPI_MAINT ? &maintenance : &virt_timer) = fn;
	return 0;
}
int irq_request_linked(unsigned irq, irq_handler *fn)
{
	return irq_request(irq, fn);
}
int irq_unroute_guest(unsigned irq, struct domain *d)
{
	irq_guest_detach(d, irq);
	return 0;
}
void cpu_signal(struct cpu *c)
{
	gic_send_sgi(c, SGI_KICK);
}
void cpu_kick(struct cpu *c, u32 work)
{
	cpu_set_work(c, work);
	if (c != this_cpu())
		cpu_signal(c);
}

/* Nobody has anything to do: time goes on. */
void host_wait(void)
{
	while (!line()) {
		if (atomic_get(&stop))
			host_exit();
		atomic_add(&fake_ticks, 2000);
		host_yield();
	}
}

static __noreturn void die(const char *what, long a, long b)
{
	host_panic("%s (%ld, %ld), GICv%u", what, a, b, gic_info.version);
}

/* --- the rest of the hypervisor --- */

void domain_shutdown(struct domain *d, unsigned reason)
{
}
void page_release(struct page *pg)
{
	die("a page", 0, 0);
}
void p2m_load(struct domain *d)
{
}
void p2m_unload(void)
{
}
void p2m_init_cpu(void)
{
}
int p2m_map(struct domain *d, gfn_t g, mfn_t m, u64 n, enum p2m_type t, bool r)
{
	return 0;
}
struct page *p2m_get_page(struct domain *d, gfn_t gfn, unsigned want)
{
	return NULL;
}
int gva_to_gpa(gva_t va, bool write, gpa_t *gpa)
{
	return -EFAULT;
}
int vcpu_info_register(struct vcpu *v, struct page *pg, unsigned offset)
{
	return -EINVAL;
}
void shared_info_init_vcpu(struct vcpu *v)
{
}
void evtchn_upcall_again(struct vcpu *v)
{
}
void evtchn_poll_end(struct vcpu *v)
{
}
void fp_save(struct fp_state *fp);
void fp_load(const struct fp_state *fp);
void fp_save(struct fp_state *fp)
{
}
void fp_load(const struct fp_state *fp)
{
}

/* --- domains and their guests --- */

static struct domain *doms[DOMS];
static unsigned users[DOMS]; /* who sends to it just now */
/* Sent, not taken: bit per interrupt; SPIs at vCPU 0. */
static u32 mail[DOMS][VCPUS][IRQS / 32];
static u32 timers_set[DOMS][VCPUS];
/* What the guest itself knows; handed over with its vCPU. */
static struct guest {
	unsigned run[16], depth;
	u64 reg;	/* in TPIDR_EL1 */
	u64 again;	/* register that it has to read again */
	u64 born, seen; /* run states */
	struct vcpu_runstate_info area;
} guests[DOMS][VCPUS];

static struct guest *guest_of(const struct vcpu *v)
{
	return &guests[v->domain->slot][v->id];
}

static bool checked(unsigned slot, unsigned id)
{
	return slot != MORTAL && id != OFTEN_DOWN;
}

/* As with a reference: what was done with it is done when it goes. */
static void domain_drop(unsigned slot)
{
	__atomic_sub_fetch(&users[slot], 1, __ATOMIC_RELEASE);
}

static struct domain *domain_hold(unsigned slot)
{
	struct domain *d;

	atomic_add(&users[slot], 1);
	d = __atomic_load_n(&doms[slot], __ATOMIC_ACQUIRE);
	if (!d)
		domain_drop(slot);
	return d;
}

static void random_priorities(struct vgic_bank *bank)
{
	for (unsigned i = 0; i < 32; i++)
		bank->priority[i] = (u8)(rnd(4) * 32);
}

static void domain_make(unsigned slot)
{
	struct domain *d = xzalloc(sizeof(*d));

	d->slot = (u16)slot;
	d->direct_mapped = !slot;
	d->runstate_update_flag = true;
	lock_init(&d->lock, RANK_DOMAIN);
	sched_init_domain(d);
	if (vgic_init_domain(d, IRQS - 32))
		die("init", 0, 0);
	d->max_vcpus = VCPUS;
	d->vcpu = xzalloc(VCPUS * sizeof(d->vcpu[0]));
	memset(guests[slot], 0, sizeof(guests[slot]));
	memset(mail[slot], 0, sizeof(mail[slot]));
	memset(timers_set[slot], 0, sizeof(timers_set[slot]));
	for (unsigned i = 0; i < VCPUS; i++) {
		struct vcpu *v = d->vcpu[i] = vcpu_alloc(d, i);

		v->vgic.state.vmcr = 0xff000003;
		v->vgic.bank.enabled = ~0U;
		random_priorities(&v->vgic.bank);
		guests[slot][i].born = v->runstate.state_entry_time;
		vcpu_move_runstate(v, &guests[slot][i].area, NULL);
	}
	for (unsigned b = 1; b < d->vgic.nr_banks; b++) {
		random_priorities(&d->vgic.spi[b]);
		memset(d->vgic.spi[b].target, 0, 32);
	}
	for (unsigned irq = 64; !slot && irq < IRQS; irq++)
		if (irq_guest_attach(d, irq, irq))
			die("attach", irq, 0);
	d->vgic.on = ~0U;
	for_each_vcpu (d, v)
		v->down = false;
	__atomic_store_n(&doms[slot], d, __ATOMIC_RELEASE);
	for_each_vcpu (d, v)
		vcpu_recheck(v);
}

static void pause(struct domain *d, bool wait)
{
	for_each_vcpu (d, v) {
		atomic_add(&v->pause_count, 1);
		vcpu_recheck(v);
	}
	if (wait)
		for_each_vcpu (d, v)
			vcpu_sync(v);
}

static void unpause(struct domain *d)
{
	for_each_vcpu (d, v)
		if (!atomic_add(&v->pause_count, -1))
			vcpu_recheck(v);
}

/* As domain_kill() does it; nobody may touch it afterwards. */
static void kill(unsigned slot)
{
	struct domain *d = doms[slot];

	atomic_put(&doms[slot], NULL);
	while (__atomic_load_n(&users[slot], __ATOMIC_ACQUIRE))
		host_yield();
	pause(d, true);
	for_each_vcpu (d, v)
		vcpu_retire(v);
	sched_destroy_domain(d);
	vgic_free_domain(d);
	for_each_vcpu (d, v)
		vcpu_free(v);
	xfree(d->vcpu);
	xfree(d);
	kills++;
}

/* --- what guests do --- */

static void post(unsigned slot, unsigned id, unsigned irq)
{
	atomic_or(&mail[slot][irq < 32 ? id : 0][irq / 32], 1U << irq % 32);
	atomic_add(&sent, 1);
}

static void send_sgi(struct vcpu *v)
{
	unsigned to = rnd(VCPUS), sgi = rnd(16);

	post(v->domain->slot, to, sgi);
	if (gic_info.version == 3)
		vgic_sgi1r(v, (u64)sgi << 24 | 1U << to);
	else
		vgic_v2_write(v, NULL, 0xf00, 4, 1U << (16 + to) | sgi);
}

static void send_other(void)
{
	unsigned slot = rnd(DOMS), irq = 16 + rnd(48), id = rnd(VCPUS);
	struct domain *d;

	if (irq >= PPI_MAINT && irq < 32)
		irq = 16;
	d = domain_hold(slot);
	if (!d)
		return;
	post(slot, id, irq);
	if (irq < 32)
		vgic_inject(d->vcpu[id], irq);
	else
		vgic_inject_spi(d, irq);
	domain_drop(slot);
}

/* A device pulls its line at some CPU. */
static void raise_spi(void)
{
	unsigned irq = 64 + rnd(32);

	if (atomic_swap(&spi_active[irq], true))
		return;
	post(0, 0, irq);
	atomic_or(&hw[rnd(cpu_count)].spis, 1U << (irq - 64));
}

static void end_one(struct vcpu *v)
{
	struct guest *g = guest_of(v);
	unsigned irq = g->run[--g->depth] & 0x3ff;
	bool lost;
	u64 lr = gich_end(&gich[this_cpu()->id], irq, g->run[g->depth] >> 10 & 7, &lost);

	if (lost)
		die("EOI of something lost", irq, v->id);
	if ((lr & LR_HW) && !(lr & LR_PENDING))
		g_set_active(lr >> LR_PIRQ_SHIFT & 0x3ff, false);
}

static void handle(struct vcpu *v, unsigned irq)
{
	unsigned slot = v->domain->slot;

	atomic_add(&taken, 1);
	if (irq == PPI_VIRT_TIMER || irq == PPI_PHYS_TIMER) {
		if (irq == PPI_VIRT_TIMER)
			fake_set_cntv_ctl_el0(0);
		else
			vtimer_write_phys(v, CNTP_CTL, 0);
		atomic_and(&timers_set[slot][v->id], ~(1U << irq));
	} else {
		atomic_and(&mail[slot][irq < 32 ? v->id : 0][irq / 32], ~(1U << irq % 32));
	}
}

/* Takes the most urgent interrupt if it is more urgent than the one it is in. */
static bool take_one(struct vcpu *v)
{
	struct gich *h = &gich[this_cpu()->id];
	struct guest *g = guest_of(v);
	int at = gich_best(h);
	u64 lr = at < 0 ? 0 : h->lr[at];

	if (at < 0 || g->depth == ARRAY_SIZE(g->run) ||
	    (g->depth && (g->run[g->depth - 1] >> 16) <= (lr >> LR_PRIO_SHIFT & 0xff)))
		return false;
	h->lr[at] = (lr & ~LR_PENDING) | LR_ACTIVE;
	g->run[g->depth++] = LR_INTID(lr) | (LR_INTID(lr) < 16 ? LR_SOURCE(lr) << 10 : 0) |
			     (unsigned)(lr >> LR_PRIO_SHIFT & 0xff) << 16;
	handle(v, LR_INTID(lr));
	return true;
}

static void block(struct vcpu *v)
{
	atomic_add(&slept, 1);
	vcpu_block(v);
}

static void set_timer(struct vcpu *v, bool phys)
{
	u64 at = ticks_now() + rnd(300000);

	atomic_or(&timers_set[v->domain->slot][v->id],
		  1U << (phys ? PPI_PHYS_TIMER : PPI_VIRT_TIMER));
	if (phys) {
		vtimer_write_phys(v, CNTP_CVAL, at);
		vtimer_write_phys(v, CNTP_CTL, 1);
	} else {
		fake_set_cntv_cval_el0(at);
		fake_set_cntv_ctl_el0(1);
	}
}

static bool gic_read(struct vcpu *v, u64 off)
{
	u64 val;

	if (gic_info.version == 2)
		return vgic_v2_read(v, NULL, off, 4, &val);
	if (off % 128)
		return vgic_v3_dist_read(v, NULL, off, 4, &val);
	return vgic_v3_rdist_read(v, NULL, 0x20000 * rnd(VCPUS) + 0x10000 + off, 4, &val);
}

static void gic_write(struct vcpu *v, u64 off, u32 val)
{
	if (gic_info.version == 2)
		vgic_v2_write(v, NULL, off, 4, val);
	else if (off % 128)
		vgic_v3_dist_write(v, NULL, off, 4, val);
	else
		vgic_v3_rdist_write(v, NULL, 0x20000 * v->id + 0x10000 + off, 4, val);
}

/* State that may be in another CPU's list registers is asked for until it has come. */
static void read_live(struct vcpu *v, u64 off)
{
	struct guest *g = guest_of(v);

	g->again = gic_read(v, off) ? 0 : off;
	if (g->again && !vgic_take_retry(&v->vgic))
		die("register refused", (long)off, 0);
}

static void aim_spi(struct vcpu *v, unsigned irq, unsigned to)
{
	if (gic_info.version == 2)
		vgic_v2_write(v, NULL, 0x800 + irq, 1, 1U << to);
	else
		vgic_v3_dist_write(v, NULL, 0x6000 + 8 * irq, 8, to);
}

static void registers(struct vcpu *v)
{
	unsigned b = rnd(IRQS / 32);

	switch (rnd(6)) {
	case 0: gic_write(v, 0x180 + 4 * b, 1U << rnd(32)); break;
	case 1:
	case 2: gic_write(v, 0x100 + 4 * b, 1U << rnd(32) | 1U << rnd(32)); break;
	case 3: read_live(v, 0x200 + 4 * b); break;
	case 4: read_live(v, 0x300 + 4 * b); break;
	default: aim_spi(v, 32 + rnd(IRQS - 32), rnd(VCPUS));
	}
}

static void psci(struct vcpu *v, u64 fn, u64 arg)
{
	memcpy(v->x, (u64[]){ fn, arg, 0, 0 }, 32);
	psci_call(v);
}

static void hotplug(struct vcpu *v)
{
	if (v->id != OFTEN_DOWN) {
		psci(v, 0xc4000003, vgic_affinity(OFTEN_DOWN));
		return;
	}
	while (guest_of(v)->depth)
		end_one(v);
	guest_of(v)->reg = 0;
	guest_of(v)->again = 0;
	psci(v, 0x84000002, 0);
}

/* The times of another vCPU, as a guest that shares memory with it reads them. */
static void read_runstate(void)
{
	struct guest *g = &guests[rnd(MORTAL)][rnd(VCPUS)];
	volatile struct vcpu_runstate_info *area = &g->area;
	u64 entry = area->state_entry_time, sum = 0, born = g->born;

	smp_rmb();
	for (unsigned i = 0; i < 4; i++)
		sum += area->time[i];
	smp_rmb();
	if (!(entry & XEN_RUNSTATE_UPDATE) && entry == area->state_entry_time && area->state < 4 &&
	    entry != born && sum != entry - born)
		die("run states do not add up", (long)sum, (long)(entry - born));
}

static void guest_act(struct vcpu *v)
{
	struct guest *g = guest_of(v);

	atomic_add(&fake_ticks, rnd(3000));
	if (read_sysreg(tpidr_el1) != g->reg)
		die("not its registers", (long)read_sysreg(tpidr_el1), (long)g->reg);
	write_sysreg(++g->reg, tpidr_el1);
	H->acts++;
	if (g->again) {
		read_live(v, g->again);
		return;
	}
	if (rnd(3) && take_one(v))
		return;
	if (g->depth && rnd(3)) {
		end_one(v);
		return;
	}
	if (atomic_get(&rest)) {
		if (!g->depth && !take_one(v))
			block(v);
		return;
	}
	switch (rnd(16)) {
	case 0:
	case 1:
	case 2: send_sgi(v); break;
	case 3:
	case 4:
	case 5: send_other(); break;
	case 6: raise_spi(); break;
	case 7: set_timer(v, rnd(2)); break;
	case 8: vcpu_yield(v); break;
	case 9:
	case 10: registers(v); break;
	case 11: read_runstate(); break;
	case 12:
		if (!rnd(4))
			hotplug(v);
		break;
	default: block(v);
	}
}

/* --- CPUs --- */

static void spi_come(void)
{
	u32 m = atomic_swap(&H->spis, 0);

	for (; m; m &= m - 1) {
		unsigned irq = 64 + (unsigned)__builtin_ctz(m);
		struct domain *d = domain_hold(0);

		irq_guest_raise(d, irq, irq);
		domain_drop(0);
	}
}

void irq_handle(void)
{
	atomic_put(&H->sgi, false);
	if (hyp_due())
		hyp_timer(PPI_HYP);
	if (virt_due() && !H->ppi_active) {
		H->ppi_active = gic_info.version == 3;
		virt_timer(PPI_VIRT_TIMER);
	}
	if (this_cpu()->loaded && gich_maintenance(&gich[this_cpu()->id]))
		maintenance(PPI_MAINT);
	spi_come();
}

void stack_reset_and_call(struct vcpu *(*fn)(struct cpu *), struct cpu *c, void *top);
void stack_reset_and_call(struct vcpu *(*fn)(struct cpu *), struct cpu *c, void *top)
{
	struct vcpu *v = fn(c);

	while (!atomic_get(&stop)) {
		if (c->loaded != v || v->loaded_on != c || c->lock_depth)
			die("a CPU runs what it should not", v->domain->slot, v->id);
		if (line())
			irq_handle();
		else
			guest_act(v);
		if (atomic_get(&c->work))
			v = sched_work(c);
	}
	host_exit();
}

/* What Dom0's tools do, one after the other. */
static void tool_act(void)
{
	unsigned slot = rnd(DOMS);
	struct domain *d = doms[slot];
	struct cpumask hard = { { 1 + rnd((1U << MACHINE_CPUS) - 1) } };
	struct vcpu_runstate_info r;

	switch (rnd(8)) {
	case 0:
		kill(MORTAL);
		domain_make(MORTAL);
		break;
	case 1:
	case 2:
		pause(d, rnd(4));
		host_yield();
		unpause(d);
		break;
	case 3:
		if (sched_set_params(d, 128 + rnd(384), rnd(3) ? 0 : 20 + rnd(80)))
			die("parameters refused", slot, 0);
		break;
	case 4:
		vcpu_get_runstate(d->vcpu[rnd(VCPUS)], &r);
		if (vcpu_runtime_ns(d->vcpu[0]) > now_ns())
			die("ran longer than it is", slot, 0);
		(void)cpu_idle_ns(&cpus[rnd(cpu_count)]);
		break;
	default:
		if (sched_set_affinity(d->vcpu[rnd(VCPUS)], &hard, NULL))
			die("affinity refused", (long)hard.bits[0], 0);
		moves++;
	}
	send_other();
}

/* The first mail that nobody took; 0: all has come to rest. */
static unsigned left_over(void)
{
	for (unsigned slot = 0; slot < DOMS; slot++)
		for (unsigned id = 0; id < VCPUS; id++) {
			if (!checked(slot, id))
				continue;
			if (atomic_get(&timers_set[slot][id]))
				return 1 + slot * 16 + id;
			for (unsigned b = 0; b < IRQS / 32; b++)
				if (atomic_get(&mail[slot][id][b]))
					return 0x100 * (b + 1) + slot * 16 + id;
		}
	return 0;
}

/* Every interrupt can be taken, by a vCPU that is there. */
static void all_on(struct domain *d)
{
	for_each_vcpu (d, v)
		for (unsigned b = 0; b < IRQS / 32; b++)
			gic_write(v, 0x100 + 4 * b, ~0U);
	for (unsigned irq = 32; irq < IRQS; irq++)
		aim_spi(d->vcpu[0], irq, 0);
}

/* All vCPUs may run everywhere again and only take what comes: until nothing is left. */
static void come_to_rest(void)
{
	struct cpumask all;

	cpumask_set_all(&all);
	atomic_put(&rest, true);
	for (unsigned slot = 0; slot < DOMS; slot++) {
		CHECK(!sched_set_params(doms[slot], 256, 0));
		for_each_vcpu (doms[slot], v)
			CHECK(!sched_set_affinity(v, &all, NULL));
		all_on(doms[slot]);
	}
	while (left_over() && host_seconds() < 100)
		host_yield();
	CHECK_EQ(left_over(), 0);
	for (unsigned slot = 0; slot < DOMS; slot++)
		kill(slot);
	atomic_put(&stop, true);
}

static void thread(unsigned n)
{
	fake_cpu = &cpus[n];
	if (n < MACHINE_CPUS) {
		timer_init_cpu();
		vtimer_init_cpu();
		sched_enter();
	}
	for (unsigned i = 0; i < host_effort(1500); i++)
		tool_act();
	come_to_rest();
}

static void several_cpus(unsigned version)
{
	memset(hw, 0, sizeof(hw));
	memset(gich, 0, sizeof(gich));
	memset(cpus, 0, sizeof(cpus));
	memset(spi_active, 0, sizeof(spi_active));
	stop = rest = false;
	sched_idle_cpus = sched_nr_waiting = 0;
	gic_info = (struct gic_info){ .version = version,
				      .dist = 0x8000000,
				      .cpu_size = 0x2000,
				      .vcpu_size = 0x2000,
				      .nr_rdist = 1,
				      .rdist[0] = { 0x80a0000, 0xf60000 },
				      .maint_ppi = PPI_MAINT };
	for (unsigned i = 0; i <= MACHINE_CPUS; i++) {
		cpus[i].id = i;
		cpus[i].online = true;
		gich[i].hcr = HCR_GIC_EN;
		sched_init_cpu(&cpus[i]);
	}
	fake_cpu = &cpus[0];
	timer_init(PPI_HYP);
	vtimer_init(PPI_VIRT_TIMER);
	vgic_init();
	fake_cpu = &cpus[MACHINE_CPUS];
	timer_init_cpu();
	for (unsigned slot = 0; slot < DOMS; slot++)
		domain_make(slot);
	sent = taken = slept = kills = moves = 0;
	host_run(MACHINE_CPUS + 1, thread);
	CHECK(sent > 1000 && taken > 1000 && slept > 100 && kills > 10 && moves > 10);
}

static void test_v2(void)
{
	several_cpus(2);
}
static void test_v3(void)
{
	several_cpus(3);
}

int main(void);
int main(void)
{
	static const struct test tests[] = {
		{ "threads for CPUs, GICv2", test_v2 },
		{ "threads for CPUs, GICv3", test_v3 },
	};

	return run_tests("smp", tests, ARRAY_SIZE(tests));
}
