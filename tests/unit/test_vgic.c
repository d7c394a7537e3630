// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual GIC against a model of hardware and guest. The model knows, per interrupt, whether it
 * is pending and active as the architecture says, plays list registers and CPU interface, and does
 * random things: injecting, acknowledging, ending, registers, switches of vCPUs between CPUs. Every
 * acknowledged interrupt must have been pending, the most urgent one comes first, and at the end
 * nothing is left behind.
 */
#include <core/irq.h>
#include <domain/domain.h>
#include <domain/sched.h>
#include <virt/vgic_model.h>
#include "fake/gich.h"
#include "harness.h"

#define CPUS 2
#define VCPUS 3
#define BANKS 3
#define IRQS (BANKS * 32)
#define TIMER 27
#define LINE 30
#define SPI_LINE 40

static unsigned nr_lrs = 4, version = 3;
static unsigned rnd(unsigned n)
{
	return host_random() % n;
}

/* --- hardware --- */
static struct hw {
	bool ppi_active;
	/* guest's running interrupts (intid | source << 10), innermost last */
	unsigned run[64], depth;
} hw[CPUS];
static bool spi_active[IRQS], spi_enabled[IRQS];
struct cpu cpus[MAX_CPUS];
unsigned cpu_count = CPUS;
_Thread_local struct cpu *fake_cpu;
_Thread_local bool fake_irq_pending;
u64 fake_ticks;
struct gic_info gic_info;
unsigned gic_nr_irqs = IRQS, gic_nr_lrs = 4;
unsigned vtimer_ppi = TIMER;
static unsigned long kicks, acks, overflows;

#define H (&hw[this_cpu()->id])
static void h_set_active(unsigned irq, bool on)
{
	if (irq < 32)
		H->ppi_active = on;
	else
		spi_active[irq] = on;
}
static void h_set_enabled(unsigned irq, bool on)
{
	spi_enabled[irq] = on;
}
static void h_set_pending(unsigned irq, bool on)
{
	CHECK(!on); /* a new owner has nothing pending */
}
static const struct gic_ops ops = {
	GICH_OPS,
	.set_active = h_set_active,
	.set_pending = h_set_pending,
	.set_enabled = h_set_enabled,
	.set_edge = gich_ignore,
	.set_target = gich_ignore_target,
};
const struct gic_ops *gic = &ops;

static __noreturn void die(const char *what, unsigned a, unsigned b)
{
	host_panic("%s (%u, %u), GICv%u, %u list registers", what, a, b, version, nr_lrs);
}

/* --- the rest of the hypervisor --- */
static unsigned lines;
void printk(const char *f, ...)
{
	lines++;
}
void panic(const char *f, ...)
{
	die(f, 0, 0);
}
static irq_handler *maintenance;
int irq_request(unsigned irq, irq_handler *fn)
{
	maintenance = fn;
	return 0;
}
int irq_unroute_guest(unsigned irq, struct domain *d)
{
	irq_guest_detach(d, irq);
	return 0;
}
int p2m_map(struct domain *d, gfn_t g, mfn_t m, u64 n, enum p2m_type t, bool r)
{
	return 0;
}
static unsigned woken;
bool vcpu_wake(struct vcpu *v)
{
	bool told = v->blocked;

	woken++;
	v->blocked = false;
	return told;
}
void cpu_signal(struct cpu *c)
{
	CHECK(c->work);
	kicks++;
}

/* --- reference --- */
static struct domain dom;
static struct vcpu vcpus[VCPUS], *vcpu_list[VCPUS];
static struct ref {
	bool pending, line, active, enabled, edge_only;
	u8 prio, sources, src;
} ref[VCPUS][IRQS]; /* SPIs: [0] */
static u8 spi_target[IRQS];
static bool dist_on;
static struct vcpu *on[CPUS];
static struct {
	unsigned run[64], depth;
} frozen[VCPUS];

static struct ref *R(unsigned v, unsigned i)
{
	return &ref[i < 32 ? v : 0][i];
}

static bool deliverable(unsigned v, unsigned i)
{
	struct ref *r = R(v, i);

	return (r->pending || r->line) && r->enabled && !r->active && dist_on &&
	       (i < 32 || spi_target[i] == v);
}

/*
 * Nothing that could be taken is left lying, nobody sleeps on, no physical interrupt stays active
 * for nothing.
 */
static void check_all(void)
{
	for (unsigned c = 0; c < CPUS; c++) {
		for (unsigned b = 0; on[c] && gich[c].hcr == HCR_GIC_EN && b < dom.vgic.nr_banks;
		     b++)
			if (vgic_ready(on[c], b))
				die("not offered", b, vgic_ready(on[c], b));
		if (on[c] && hw[c].ppi_active && !R(on[c]->id, TIMER)->pending &&
		    !R(on[c]->id, TIMER)->active)
			die("timer held", c, on[c]->id);
	}
	for (unsigned v = 0; v < VCPUS; v++)
		for (unsigned b = 0; b < dom.vgic.nr_banks; b++)
			if (!(vcpus[v].vgic.dirty >> b & 1) && vgic_ready(&vcpus[v], b))
				die("forgotten", v, b);
	for (unsigned v = 0; v < VCPUS; v++)
		for (unsigned i = 0; vcpus[v].blocked && i < IRQS; i++)
			if (deliverable(v, i))
				die("sleeps on", v, i);
	for (unsigned i = 64; i < IRQS; i++)
		if (spi_active[i] && !R(0, i)->pending && !R(0, i)->active)
			die("physical interrupt held", i, 0);
}

static void check_unique(const u64 *lr)
{
	for (unsigned i = 0; i < gic_nr_lrs; i++)
		for (unsigned j = 0; j < i; j++)
			if ((lr[i] >> 62) && (lr[j] >> 62) && LR_INTID(lr[i]) == LR_INTID(lr[j]))
				die("one interrupt in two list registers", i, j);
}

static void settle(void)
{
	struct cpu *was = fake_cpu;

	for (bool again = true; again;) {
		again = false;
		for (unsigned c = 0; c < CPUS; c++) {
			fake_cpu = &cpus[c];
			if (cpus[c].work && on[c]) {
				cpus[c].work = 0;
				vgic_flush(on[c]);
				again = true;
			}
			cpus[c].work = 0;
			check_unique(gich[c].lr);
			overflows += !!(gich[c].hcr & HCR_GIC_NPIE);
			if (gich_maintenance(&gich[c]) && on[c]) {
				static unsigned storm, last;

				if (last != acks)
					storm = 0, last = (unsigned)acks;
				if (++storm > 100000)
					die("maintenance storm", c, 0);
				maintenance(25);
				again = true;
			}
		}
	}
	check_all();
	fake_cpu = was;
}

static unsigned running_prio(unsigned c)
{
	struct hw *h = &hw[c];

	return h->depth ? R(on[c]->id, h->run[h->depth - 1] & 0x3ff)->prio : 256;
}

static void guest_ack(unsigned c)
{
	int at = gich_best(&gich[c]);
	u64 lr = at < 0 ? 0 : gich[c].lr[at];
	unsigned v = on[c]->id, best = at < 0 ? 256 : lr >> LR_PRIO_SHIFT & 0xff, want = 256,
		 want_irq = 0;
	struct ref *r;

	for (unsigned i = 0; i < IRQS; i++)
		if (deliverable(v, i) && R(v, i)->prio < want)
			want = R(v, i)->prio, want_irq = i;
	if (want >= running_prio(c)) {
		if (best < running_prio(c))
			die("more than there is", LR_INTID(lr), best);
		return;
	}
	if (best != want)
		die("most urgent not there", want_irq, best);
	r = R(v, LR_INTID(lr));
	if (!deliverable(v, LR_INTID(lr)))
		die("spurious", v, LR_INTID(lr));
	acks++;
	if (version == 2 && LR_INTID(lr) < 16) {
		if (!(r->sources >> LR_SOURCE(lr) & 1))
			die("wrong source", LR_INTID(lr), LR_SOURCE(lr));
		r->sources &= (u8) ~(1U << LR_SOURCE(lr));
		r->pending = r->sources;
	} else {
		r->pending = false;
	}
	r->active = true;
	gich[c].lr[at] = (lr & ~LR_PENDING) | LR_ACTIVE;
	hw[c].run[hw[c].depth++] = LR_INTID(lr) | (LR_INTID(lr) < 16 ? LR_SOURCE(lr) << 10 : 0);
}

static void guest_eoi(unsigned c)
{
	struct hw *h = &hw[c];
	unsigned irq, src;
	bool lost;
	u64 lr;

	if (!h->depth)
		return;
	src = h->run[--h->depth] >> 10;
	irq = h->run[h->depth] & 0x3ff;
	R(on[c]->id, irq)->active = false;
	lr = gich_end(&gich[c], irq, src, &lost);
	if (lost)
		die("EOI of something lost", irq, c);
	if ((lr & LR_HW) && !(lr & LR_PENDING))
		h_set_active(lr >> LR_PIRQ_SHIFT & 0x3ff, false);
}

/* --- what happens --- */
/* Registers of vCPU v; on GICv3 whoever runs may write them. */
static void mmio(unsigned v, u64 off, u64 val)
{
	struct vcpu *by = on[this_cpu()->id] ?: &vcpus[v];
	bool ok;

	if (version == 2)
		ok = vgic_v2_write(&vcpus[v], NULL, off, 4, val);
	else if (off % 128 / 4 == 0 && off < 0x400)
		ok = vgic_v3_rdist_write(by, NULL, 0x20000 * v + 0x10000 + off, 4, val);
	else
		ok = vgic_v3_dist_write(&vcpus[v], NULL, off, 4, val);
	if (!ok)
		die("register refused", (unsigned)off, 0);
}

static u64 mmio_read(unsigned v, u64 off)
{
	struct vcpu *by = version == 3 && on[this_cpu()->id] ? on[this_cpu()->id] : &vcpus[v];
	u64 val = 0;
	bool ok;

	do {
		if (version == 2)
			ok = vgic_v2_read(&vcpus[v], NULL, off, 4, &val);
		else if (off % 128 / 4 == 0 && off < 0x400)
			ok = vgic_v3_rdist_read(by, NULL, 0x20000 * v + 0x10000 + off, 4, &val);
		else
			ok = vgic_v3_dist_read(by, NULL, off, 4, &val);
		if (!ok && !vgic_take_retry(&by->vgic))
			die("register refused", (unsigned)off, 1);
		settle();
	} while (!ok);
	return val;
}

static bool by_mmio_pend(unsigned v, unsigned i)
{
	return mmio_read(v, 0x200 + i / 32 * 4) >> i % 32 & 1;
}

static void do_load(unsigned c)
{
	unsigned v = rnd(VCPUS + 1);

	fake_cpu = &cpus[c];
	if (on[c]) {
		frozen[on[c]->id].depth = hw[c].depth;
		__builtin_memcpy(frozen[on[c]->id].run, hw[c].run, sizeof(hw[c].run));
		vgic_unload(on[c]);
		if (fake_cpu->vtimer_active != hw[c].ppi_active)
			die("timer's active state", c, on[c]->id);
		on[c] = fake_cpu->loaded = NULL;
		settle();
	}
	for (unsigned i = 0; i < CPUS; i++)
		if (v == VCPUS || on[i] == &vcpus[v])
			return;
	vgic_load(&vcpus[v]);
	on[c] = fake_cpu->loaded = &vcpus[v];
	hw[c].depth = frozen[v].depth;
	__builtin_memcpy(hw[c].run, frozen[v].run, sizeof(hw[c].run));
}

/* Active state set and cleared by register, in a bank where nothing is. */
static void do_active(unsigned v)
{
	unsigned b = 1 + rnd(BANKS - 1);
	u32 mask = rnd(1 << 24) << 8 | rnd(256);

	for (unsigned i = 0; i < 32; i++)
		if (ref[0][b * 32 + i].active)
			return;
	mmio(v, 0x300 + b * 4, mask);
	settle();
	if (mmio_read(v, 0x380 + b * 4) != mask)
		die("ISACTIVER does not set", b, mask);
	mmio(v, 0x380 + b * 4, ~0U);
	settle();
	if (mmio_read(v, 0x300 + b * 4))
		die("ICACTIVER does not clear", b, mask);
}

/* The whole distributor, off and on. */
static void switch_distributor(bool to)
{
	u64 val = !to ? 0 : version == 2 ? 1 : 2;

	CHECK((version == 2 ? vgic_v2_write : vgic_v3_dist_write)(&vcpus[0], NULL, 0, 4, val));
	dist_on = to;
	settle();
}

static void do_register(unsigned v)
{
	unsigned i = rnd(IRQS);
	struct ref *r = R(v, i);
	u32 bit = 1U << i % 32;

	switch (rnd(10)) {
	case 9: switch_distributor(rnd(8)); break;
	case 8: do_active(v); break;
	case 0:
	case 1:
		mmio(v, 0x100 + i / 32 * 4, bit);
		r->enabled = true;
		break;
	case 2:
		mmio(v, 0x180 + i / 32 * 4, bit);
		r->enabled = false;
		break;
	case 3:
		if (i < 16 && version == 2)
			break;
		mmio(v, 0x200 + i / 32 * 4, bit);
		r->pending = true;
		break;
	case 4:
		if (i < 16 && version == 2)
			break;
		mmio(v, 0x280 + i / 32 * 4, bit);
		r->pending = false;
		break;
	case 5:
		if (by_mmio_pend(v, i) != (r->pending || r->line))
			die("ISPENDR is wrong", v, i);
		break;
	case 6:
		if ((mmio_read(v, 0x300 + i / 32 * 4) >> i % 32 & 1) != r->active)
			die("ISACTIVER is wrong", v, i);
		break;
	case 7:
		if (i < 32)
			break;
		if (version == 2)
			vgic_v2_write(&vcpus[v], NULL, 0x800 + i, 1,
				      1U << (spi_target[i] = (u8)rnd(VCPUS)));
		else
			vgic_v3_dist_write(&vcpus[v], NULL, 0x6000 + 8 * i, 8,
					   spi_target[i] = (u8)rnd(VCPUS));
	}
}

static void do_hw(unsigned c)
{
	unsigned i = 64 + rnd(32);

	if (on[c] && !hw[c].ppi_active && rnd(2)) {
		hw[c].ppi_active = true;
		vgic_inject_hw(on[c], TIMER, TIMER);
		R(on[c]->id, TIMER)->pending = true;
	} else if (!spi_active[i]) {
		spi_active[i] = true;
		irq_guest_raise(&dom, i, i);
		R(0, i)->pending = true;
	}
}

/* For a vCPU that is loaded its own CPU asks. */
static void check_pending(unsigned v)
{
	bool any = false;

	for (unsigned c = 0; c < CPUS; c++)
		if (on[c] == &vcpus[v])
			fake_cpu = &cpus[c];
	for (unsigned i = 0; i < IRQS; i++)
		any |= deliverable(v, i);
	if (vgic_pending(&vcpus[v]) != any)
		die("vgic_pending", any, v);
}

static void step(void)
{
	unsigned c = rnd(CPUS), v, i, what;

	fake_cpu = &cpus[c];
	if (on[c]) {
		on[c]->blocked = true;
		if (vgic_pending(on[c]))
			on[c]->blocked = false;
		settle();
	}
	what = rnd(12);
	if (on[c] && (what == 1 || what == 2 || what >= 7))
		on[c]->blocked = false; /* it is the one that acts */
	switch (what) {
	case 0: do_load(c); break;
	case 1:
	case 2:
		if (on[c])
			do_register(version == 3 ? rnd(VCPUS) : on[c]->id);
		break;
	case 3:
		v = rnd(VCPUS);
		i = 16 + rnd(11);
		vgic_inject(&vcpus[v], i);
		R(v, i)->pending = true;
		break;
	case 4:
		i = 32 + rnd(32);
		vgic_inject_spi(&dom, i);
		R(0, i)->pending = true;
		break;
	case 5:
		v = rnd(VCPUS);
		i = rnd(2) ? LINE : SPI_LINE;
		R(v, i)->line = rnd(2);
		if (i == LINE)
			vgic_set_level(&vcpus[v], LINE, R(v, LINE)->line);
		else
			vgic_set_spi_level(&dom, i, R(v, i)->line);
		break;
	case 6: do_hw(c); break;
	case 7:
		if (!on[c])
			break;
		v = rnd(VCPUS);
		i = rnd(16);
		if (version == 3) {
			vgic_sgi1r(on[c], (u64)i << 24 | 1U << v);
		} else {
			vgic_v2_write(on[c], NULL, 0xf00, 4, 1U << (16 + v) | i);
			R(v, i)->sources |= (u8)(1U << on[c]->id);
		}
		R(v, i)->pending = true;
		break;
	case 8:
	case 9:
		if (on[c])
			guest_ack(c);
		break;
	default:
		if (on[c])
			guest_eoi(c);
	}
	settle();
	if (rnd(64) == 0)
		check_pending(rnd(VCPUS));
}

static void drain(unsigned steps)
{
	switch_distributor(true);
	for (unsigned i = 0; i < IRQS; i += 32)
		for (unsigned v = 0; v < VCPUS; v++)
			mmio(v, 0x100 + i / 32 * 4, ~0U);
	for (unsigned v = 0; v < VCPUS; v++)
		for (unsigned i = 0; i < IRQS; i++)
			R(v, i)->enabled = true;
	settle();
	for (unsigned v = 0; v < VCPUS; v++) {
		fake_cpu = &cpus[0];
		vgic_set_level(&vcpus[v], LINE, false);
		R(v, LINE)->line = false;
	}
	vgic_set_spi_level(&dom, SPI_LINE, false);
	R(0, SPI_LINE)->line = false;
	settle();
	for (unsigned n = 0; n < steps; n++) {
		unsigned c = rnd(CPUS);

		fake_cpu = &cpus[c];
		if (rnd(20) == 0)
			do_load(c);
		else if (on[c] && rnd(2))
			guest_ack(c);
		else if (on[c])
			guest_eoi(c);
		settle();
	}
	for (unsigned c = 0; c < CPUS; c++) {
		fake_cpu = &cpus[c];
		while (on[c] && hw[c].depth) {
			guest_eoi(c);
			settle();
		}
		if (on[c])
			vgic_unload(on[c]);
		on[c] = fake_cpu->loaded = NULL;
		settle();
	}
	for (unsigned v = 0; v < VCPUS; v++)
		for (unsigned b = 0; b < BANKS; b++) {
			struct vgic_bank *k = vgic_bank_of(&vcpus[v], b);

			if (k->latch | k->active | k->inlr | k->hw | k->orders | k->drop_pending)
				die("left behind", v, b);
		}
	for (unsigned i = 32; i < IRQS; i++)
		if (spi_active[i])
			die("physical interrupt left active", i, 0);
}

static void set_up(unsigned seed)
{
	host_seed(seed);
	gic_nr_lrs = nr_lrs;
	__builtin_memset(&dom, 0, sizeof(dom));
	__builtin_memset(hw, 0, sizeof(hw));
	__builtin_memset(gich, 0, sizeof(gich));
	__builtin_memset(ref, 0, sizeof(ref));
	__builtin_memset(frozen, 0, sizeof(frozen));
	__builtin_memset(vcpus, 0, sizeof(vcpus));
	__builtin_memset(cpus, 0, sizeof(cpus));
	__builtin_memset(spi_target, 0, sizeof(spi_target));
	gic_info = (struct gic_info){ .version = version,
				      .dist = 0x8000000,
				      .cpu_size = 0x2000,
				      .vcpu_size = 0x2000,
				      .nr_rdist = 1,
				      .rdist[0] = { 0x80a0000, 0xf60000 },
				      .maint_ppi = 25 };
	dom.direct_mapped = true;
	if (vgic_init_domain(&dom, 0))
		die("init", 0, 0);
	dom.vcpu = vcpu_list;
	dom.max_vcpus = VCPUS;
	for (unsigned c = 0; c < CPUS; c++) {
		cpus[c].id = c;
		gich[c].hcr = HCR_GIC_EN;
		on[c] = NULL;
	}
	fake_cpu = &cpus[0];
	vgic_init();
	for (unsigned v = 0; v < VCPUS; v++) {
		vcpu_list[v] = &vcpus[v];
		vcpus[v].domain = &dom;
		vcpus[v].id = (u16)v;
		vcpus[v].sched.cpu = &cpus[0];
		vgic_reset_vcpu(&vcpus[v]);
		vcpus[v].vgic.state.vmcr = 0xff000003;
		for (unsigned i = 0; i < IRQS; i++) {
			struct vgic_bank *k = vgic_bank_of(&vcpus[v], i / 32);

			k->priority[i % 32] = R(v, i)->prio = (u8)(rnd(8) * 32);
			R(v, i)->enabled = version == 2 && i < 16;
			if (i >= 32)
				k->target[i % 32] = 0;
		}
	}
	for (unsigned i = 32; i < IRQS; i++)
		if (irq_guest_attach(&dom, i, i))
			die("attach", i, 0);
	dom.vgic.on = ~0U;
	dist_on = true;
}

static void rounds(unsigned v)
{
	static const unsigned lrs[] = { 1, 2, 4, 16 };

	version = v;
	for (unsigned seed = 1; seed <= 12; seed++) {
		nr_lrs = lrs[seed % 4];
		set_up(seed);
		for (unsigned n = 0; n < 20000; n++)
			step();
		drain(100000);
		vgic_free_domain(&dom);
	}
	CHECK(acks > 10000 && kicks > 1000 && overflows > 1000);
}

static void random_v2(void)
{
	rounds(2);
}
static void random_v3(void)
{
	rounds(3);
}

/*
 * Active, but not in the only list register; pending again, and moved to a vCPU that sleeps: which
 * gets it when the first one ends it.
 */
static void moved_while_active(void)
{
	const unsigned spi = 40, urgent = 20;

	version = 3;
	nr_lrs = 1;
	set_up(1);
	mmio(0, 0x104, 1U << (spi - 32));
	dom.vgic.spi[1].priority[spi - 32] = R(0, spi)->prio = 0x80;
	vcpus[0].vgic.bank.priority[urgent] = R(0, urgent)->prio = 0x20;
	vcpus[0].vgic.bank.enabled |= 1U << urgent;
	R(0, spi)->enabled = R(0, urgent)->enabled = true;
	vgic_load(&vcpus[0]);
	on[0] = cpus[0].loaded = &vcpus[0];
	vgic_inject_spi(&dom, spi);
	R(0, spi)->pending = true;
	guest_ack(0);
	vgic_inject(&vcpus[0], urgent);
	vgic_inject_spi(&dom, spi);
	R(0, urgent)->pending = R(0, spi)->pending = true;
	vcpus[1].blocked = true;
	spi_target[spi] = 1;
	CHECK(vgic_v3_dist_write(&vcpus[0], NULL, 0x6000 + 8 * spi, 8, 1));
	CHECK(vcpus[1].blocked); /* still active on the other one */
	guest_eoi(0);
	settle();
	CHECK(!vcpus[1].blocked && vgic_ready(&vcpus[1], 1) == 1U << (spi - 32));
	on[0] = cpus[0].loaded = NULL;
	vgic_free_domain(&dom);
}

/* Its line rises while vCPU 1 handles an edge of it: the list register has to tell of its end. */
static void line_rises_while_active(void)
{
	const unsigned spi = 40;

	version = 3;
	nr_lrs = 4;
	set_up(1);
	mmio(0, 0x104, 1U << (spi - 32));
	R(0, spi)->enabled = true;
	spi_target[spi] = 1;
	CHECK(vgic_v3_dist_write(&vcpus[0], NULL, 0x6000 + 8 * spi, 8, 1));
	vgic_load(&vcpus[1]);
	on[0] = cpus[0].loaded = &vcpus[1];
	vgic_inject_spi(&dom, spi);
	R(0, spi)->pending = true;
	settle();
	guest_ack(0);
	vgic_set_spi_level(&dom, spi, true);
	R(0, spi)->line = true;
	settle();
	guest_eoi(0);
	settle();
	CHECK(gich_best(&gich[0]) >= 0);
	on[0] = cpus[0].loaded = NULL;
	vgic_free_domain(&dom);
}

/*
 * QEMU's GICv2 hands an SPI whose line is high to its new CPU, too, and a list register ends the
 * one of its own CPU only: EL2 has to end both.
 */
static void acknowledged_on_two_cpus(void)
{
	const unsigned spi = 70, b = spi / 32, n = spi % 32;

	version = 2;
	nr_lrs = 4;
	set_up(1);
	mmio(0, 0x100 + b * 4, 1U << n);
	R(0, spi)->enabled = true;
	spi_active[spi] = true;
	for (unsigned c = 0; c < 2; c++) {
		fake_cpu = &cpus[c];
		irq_guest_raise(&dom, spi, spi);
	}
	R(0, spi)->pending = true;
	vgic_load(&vcpus[0]);
	on[1] = cpus[1].loaded = &vcpus[0];
	CHECK(gich_best(&gich[1]) >= 0 && !(gich[1].lr[gich_best(&gich[1])] & LR_HW));
	guest_ack(1);
	guest_eoi(1);
	settle();
	CHECK(!spi_active[spi] && !dom.vgic.spi[b].hw);
	on[1] = cpus[1].loaded = NULL;
	vgic_free_domain(&dom);
	fake_cpu = &cpus[0];
}

/* A guest with EOImode 1 deactivates by number; what it has not, and what there is not, is nothing.
 */
static void deactivated_by_number(void)
{
	for (version = 2; version <= 3; version++) {
		set_up(1);
		mmio(0, 0x300, 1U << 20);
		mmio(0, 0x304, 1U << 8 | 1U << 9);
		vgic_dir(&vcpus[0], 40);
		CHECK_EQ(mmio_read(0, 0x304), 1U << 9);
		vgic_dir(&vcpus[0], 20);
		CHECK_EQ(mmio_read(0, 0x300), 0);
		vgic_dir(&vcpus[0], 43);
		vgic_dir(&vcpus[0], IRQS + 9);
		vgic_dir(&vcpus[0], 0xffffff);
		CHECK_EQ(mmio_read(0, 0x304), 1U << 9);
		vgic_free_domain(&dom);
	}
}

static unsigned dump(void)
{
	lines = 0;
	for (u64 item = 0; vgic_dump(&dom, item); item++)
		CHECK(item < 1 + VCPUS + BANKS);
	return lines;
}

/* A line for the domain, for each vCPU, and for each bank in which there is something. */
static void dumped(void)
{
	set_up(1);
	CHECK_EQ(dump(), 1 + VCPUS);
	vgic_inject(&vcpus[1], 20);
	vgic_inject_spi(&dom, 70);
	CHECK_EQ(dump(), 1 + VCPUS + 2);
	vgic_free_domain(&dom);
}

/* GICv2: who is told; GICv3: a list of affinities. */
static void sgi_targets(void)
{
	version = 2;
	set_up(1);
	CHECK(vgic_v2_write(&vcpus[1], NULL, 0xf00, 4, 1 << 24 | 3)); /* all but self */
	CHECK_EQ(vcpus[0].vgic.sgi_source[3], 2);
	CHECK_EQ(vcpus[1].vgic.sgi_source[3], 0);
	CHECK_EQ(vcpus[2].vgic.sgi_source[3], 2);
	CHECK(vgic_v2_write(&vcpus[1], NULL, 0xf00, 4, 2 << 24 | 4)); /* self */
	CHECK_EQ(vcpus[1].vgic.sgi_source[4], 2);
	/* reserved */
	CHECK(vgic_v2_write(&vcpus[1], NULL, 0xf00, 4, 3 << 24 | 0xff0000 | 5));
	CHECK_EQ(vcpus[0].vgic.sgi_source[5] | vcpus[1].vgic.sgi_source[5] |
			 vcpus[2].vgic.sgi_source[5],
		 0);
	vgic_free_domain(&dom);
	version = 3;
	set_up(1);
	vgic_sgi1r(&vcpus[1], 6UL << 24 | BIT(40));
	CHECK_EQ(vcpus[0].vgic.bank.latch >> 6 & 1, 1);
	CHECK_EQ(vcpus[1].vgic.bank.latch >> 6 & 1, 0);
	vgic_sgi1r(&vcpus[1], 7UL << 24 | 0xffff | 1UL << 32); /* Aff2 1: nobody */
	/* Aff1 1: nobody with three vCPUs */
	vgic_sgi1r(&vcpus[1], 7UL << 24 | 0xffff | 1UL << 16);
	CHECK_EQ(vcpus[0].vgic.bank.latch >> 7 & 1, 0);
	vgic_sgi1r(&vcpus[1], 7UL << 24 | 0xfff8 | 4);
	CHECK_EQ(vcpus[2].vgic.bank.latch >> 7 & 1, 1);
	CHECK_EQ((vcpus[0].vgic.bank.latch | vcpus[1].vgic.bank.latch) >> 7 & 1, 0);
	vgic_free_domain(&dom);
}

/* Every offset in every width: no access may do harm, whatever it is told. */
static void all_offsets(void)
{
	for (version = 2; version <= 3; version++) {
		u64 size = version == 2 ? 0x1000 : 0x10000, val;

		set_up(1);
		fake_cpu = &cpus[0];
		/* ISENABLER1 is for words, IPRIORITYR8 for bytes too. */
		for (unsigned width = 1; width <= 4; width *= 2) {
			CHECK_EQ((version == 2 ? vgic_v2_read : vgic_v3_dist_read)(
					 &vcpus[0], NULL, 0x104, width, &val),
				 width == 4);
			CHECK_EQ((version == 2 ? vgic_v2_read : vgic_v3_dist_read)(
					 &vcpus[0], NULL, 0x420, width, &val),
				 width != 2);
		}
		vgic_load(&vcpus[0]);
		on[0] = cpus[0].loaded = &vcpus[0];
		for (unsigned width = 1; width <= 8; width *= 2) {
			for (u64 off = 0; off < size; off += width) {
				(version == 2 ? vgic_v2_read : vgic_v3_dist_read)(&vcpus[0], NULL,
										  off, width, &val);
				(version == 2 ? vgic_v2_write : vgic_v3_dist_write)(
					&vcpus[0], NULL, off, width, rnd(2) ? ~0UL : 0);
				settle();
			}
			for (u64 off = 0; version == 3 && off < 0x90000; off += width) {
				vgic_v3_rdist_read(&vcpus[0], NULL, off, width, &val);
				vgic_v3_rdist_write(&vcpus[0], NULL, off, width, rnd(2) ? ~0UL : 0);
				settle();
			}
		}
		vgic_unload(&vcpus[0]);
		on[0] = cpus[0].loaded = NULL;
		vgic_free_domain(&dom);
	}
	CHECK(true);
}

static const struct test tests[] = {
	{ "SGIs reach whom they are sent to", sgi_targets },
	{ "every offset in every width", all_offsets },
	{ "deactivation by number", deactivated_by_number },
	{ "what a debug key shows", dumped },
	{ "a line rises while its interrupt is active", line_rises_while_active },
	{ "an SPI that moved while it was active", moved_while_active },
	{ "an SPI acknowledged on two CPUs", acknowledged_on_two_cpus },
	{ "random events against a model, GICv2", random_v2 },
	{ "random events against a model, GICv3", random_v3 },
};

#ifdef FUZZ
/* A sequence of steps, then all comes to an end. */
void fuzz_one(const unsigned char *data, unsigned long n)
{
	version = n ? 2 + data[0] % 2 : 2;
	nr_lrs = n ? 1 + data[0] / 2 % 4 : 4;
	host_feed(data, 0);
	set_up(1);
	for (host_feed(data, n); host_fed();)
		step();
	drain(8000);
	vgic_free_domain(&dom);
}
#else
int main(void)
{
	return run_tests("vgic", tests, ARRAY_SIZE(tests));
}
#endif
