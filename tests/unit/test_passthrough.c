// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices' interrupts in the hands of guests: core/irq.c and the virtual GIC over a distributor
 * that behaves as GICs do. Two domains are born, given SPIs, do with them what they like (never end
 * them, end them without serving the device, write any register) and die at any moment. Nobody sees
 * another's interrupt, what nobody owns is quiet, a device costs at most what its guest asked for,
 * and the next owner gets its interrupts.
 */
#include <core/console.h>
#include <core/irq.h>
#include <domain/domain.h>
#include <lib/bitmap.h>
#include <lib/errno.h>
#include <virt/vgic_model.h>
#include "fake/gich.h"
#include "harness.h"

#define CPUS 2
#define DOMS 2
#define VCPUS 2
#define IRQS 96U
#define OWN 40 /* the hypervisor's own SPI */
#define FIRST 60
#define LAST 67 /* SPIs with a device, in two banks; 65 and up are never given away */
#define GIVEN 64

static unsigned version;
static unsigned rnd(unsigned n)
{
	return host_random() % n;
}
static __noreturn void die(const char *what, unsigned a, unsigned b)
{
	host_panic("%s (%u, %u), GICv%u", what, a, b, version);
}

/* --- hardware --- */
static struct phys {
	bool high, pending, active, enabled, edge; /* high: a level device's line */
	unsigned target, acks;
} phys[IRQS];
struct cpu cpus[MAX_CPUS];
unsigned cpu_count = CPUS;
_Thread_local struct cpu *fake_cpu = &cpus[0];
_Thread_local bool fake_irq_pending;
u64 fake_ticks;
struct gic_info gic_info;
unsigned gic_nr_irqs = IRQS, gic_nr_lrs = 4;
unsigned vtimer_ppi = 27;

static bool fires(unsigned i)
{
	const struct phys *p = &phys[i];

	return p->enabled && !p->active && (p->edge ? p->pending : p->high || p->pending);
}

static unsigned next_irq(void)
{
	for (unsigned i = 32; i < IRQS; i++)
		if (fires(i) && phys[i].target == this_cpu()->id)
			return i;
	return 1023;
}

static u32 h_ack(void)
{
	unsigned i = next_irq();

	if (i < IRQS) {
		phys[i].active = true;
		phys[i].pending = false;
		phys[i].acks++;
	}
	fake_irq_pending = next_irq() < IRQS;
	return i;
}
static void h_eoi(u32 token)
{
}
static void h_deactivate(u32 token)
{
	phys[token].active = false;
}
static void h_set_active(unsigned irq, bool on)
{
	phys[irq].active = on;
}
static void h_set_pending(unsigned irq, bool on)
{
	phys[irq].pending = on;
}
static void h_set_enabled(unsigned irq, bool on)
{
	phys[irq].enabled = on;
}
static void h_set_edge(unsigned irq, bool edge)
{
	phys[irq].edge = edge;
}
static void h_set_target(unsigned irq, const struct cpu *c)
{
	phys[irq].target = c->id;
}
static const struct gic_ops ops = {
	GICH_OPS,
	.ack = h_ack,
	.eoi = h_eoi,
	.deactivate = h_deactivate,
	.set_active = h_set_active,
	.set_pending = h_set_pending,
	.set_enabled = h_set_enabled,
	.set_edge = h_set_edge,
	.set_target = h_set_target,
};
const struct gic_ops *gic = &ops;

/* --- the rest of the hypervisor --- */
int p2m_map(struct domain *d, gfn_t g, mfn_t m, u64 n, enum p2m_type t, bool r)
{
	return 0;
}
bool vcpu_wake(struct vcpu *v)
{
	v->blocked = false;
	return true;
}
void cpu_signal(struct cpu *c)
{
}

static void own(unsigned irq)
{
	die("not for the hypervisor", irq, 0);
}

/* --- the world --- */
static struct domain doms[DOMS];
static struct vcpu vcpus[DOMS][VCPUS], *lists[DOMS][VCPUS];
static struct vcpu *on[CPUS];
static struct domain *owner[IRQS];

static void create(unsigned n)
{
	struct domain *d = &doms[n];

	*d = (struct domain){ .id = (domid_t)(n + 1), .vcpu = lists[n], .max_vcpus = VCPUS };
	if (vgic_init_domain(d, IRQS - 32))
		die("init", n, 0);
	for (unsigned i = 0; i < VCPUS; i++) {
		struct vcpu *v = lists[n][i] = &vcpus[n][i];

		*v = (struct vcpu){ .domain = d, .id = (u16)i, .sched.cpu = &cpus[i] };
		vgic_reset_vcpu(v);
		v->vgic.state.vmcr = 0xff000003;
	}
	d->vgic.on = ~0U;
}

static void unload(unsigned c)
{
	struct cpu *was = fake_cpu;

	fake_cpu = &cpus[c];
	if (on[c])
		vgic_unload(on[c]);
	on[c] = fake_cpu->loaded = NULL;
	fake_cpu = was;
}

static void load(unsigned c, struct vcpu *v)
{
	for (unsigned i = 0; i < CPUS; i++)
		if (on[i] == v)
			unload(i);
	unload(c);
	fake_cpu = &cpus[c];
	vgic_load(v);
	on[c] = fake_cpu->loaded = v;
}

static void check_owners(void)
{
	for (unsigned i = 32; i < IRQS; i++)
		if (phys[i].enabled && !owner[i] && i != OWN)
			die("enabled for nobody", i, 0);
}

/* Interrupts, kicks and maintenance until there are none: soon, whatever guests and devices do. */
static void settle(void)
{
	struct cpu *was = fake_cpu;
	bool again = true;

	for (unsigned n = 0; again; n++) {
		again = false;
		if (n > 8)
			die("a storm", phys[FIRST].acks, n);
		for (unsigned c = 0; c < CPUS; c++) {
			u32 done = 0;

			fake_cpu = &cpus[c];
			if (next_irq() < IRQS) {
				irq_handle();
				again = true;
			}
			for (unsigned i = 0; i < gic_nr_lrs; i++)
				done |= !(gich[c].lr[i] >> 62) && !(gich[c].lr[i] & LR_HW) &&
					(gich[c].lr[i] & LR_EOI);
			if (on[c] && (cpus[c].work || done)) {
				on[c]->vgic.review |= done;
				vgic_flush(on[c]);
				again = true;
			}
			cpus[c].work = 0;
		}
	}
	check_owners();
	fake_cpu = was;
}

/* --- what guests do --- */
static void write_reg(struct vcpu *v, u64 off, unsigned size, u64 val)
{
	if (version == 2)
		vgic_v2_write(v, NULL, off, size, val);
	else
		vgic_v3_dist_write(v, NULL, off, size, val);
}

static void aim(struct vcpu *v, unsigned i, unsigned to)
{
	if (version == 2)
		write_reg(v, 0x800 + i, 1, 1U << to);
	else
		write_reg(v, 0x6000 + 8 * i, 8, to);
}

static void set_edge(struct vcpu *v, unsigned i, bool edge)
{
	write_reg(v, 0xc00 + i / 16 * 4, 4, (u64)(edge ? 2 : 0) << i % 16 * 2);
}

/* 0: none */
static unsigned guest_ack(unsigned c)
{
	for (unsigned n = 0; n < gic_nr_lrs; n++) {
		u64 *lr = &gich[c].lr[n];
		unsigned i = LR_INTID(*lr);

		if (*lr >> 62 != 1)
			continue;
		if (i >= 32 && (*lr & LR_HW) && (*lr >> LR_PIRQ_SHIFT & 0x3ff) != i)
			die("linked with another", i, 0);
		*lr ^= LR_PENDING | LR_ACTIVE;
		return i;
	}
	return 0;
}

static void guest_eoi(unsigned c, unsigned irq)
{
	for (unsigned n = 0; n < gic_nr_lrs; n++) {
		u64 *lr = &gich[c].lr[n];

		if (!(*lr & LR_ACTIVE) || (irq && LR_INTID(*lr) != irq))
			continue;
		*lr &= ~LR_ACTIVE;
		if ((*lr & LR_HW) && !(*lr & LR_PENDING))
			phys[*lr >> LR_PIRQ_SHIFT & 0x3ff].active = false;
		return;
	}
}

static void hostile(unsigned c)
{
	unsigned i = FIRST + rnd(LAST + 1 - FIRST);
	u32 bit = 1U << i % 32;

	switch (rnd(10)) {
	case 0:
	case 1: write_reg(on[c], 0x100 + i / 32 * 4, 4, bit); break;
	case 2: write_reg(on[c], 0x180 + i / 32 * 4, 4, bit); break;
	case 3: write_reg(on[c], 0x200 + rnd(4) * 0x80 + i / 32 * 4, 4, bit); break;
	case 4: aim(on[c], i, rnd(VCPUS)); break;
	case 5: set_edge(on[c], i, rnd(2)); break;
	case 6:
	case 7: guest_ack(c); break;
	default: guest_eoi(c, 0);
	}
}

/* --- what the tools do --- */
static void bind(struct domain *d, unsigned i)
{
	int rc = irq_route_guest(i, d, i);

	if (rc != (owner[i] || i == OWN ? -EBUSY : 0))
		die("bound", i, (unsigned)-rc);
	if (!rc)
		owner[i] = d;
}

static void unbind(struct domain *d, unsigned i)
{
	int rc = irq_unroute_guest(i, d);

	if (rc != (owner[i] == d && d ? 0 : -ENOENT))
		die("unbound", i, (unsigned)-rc);
	if (!rc)
		owner[i] = NULL;
}

/* As domain_kill() does: its vCPUs rest by then. */
static void destroy(unsigned n)
{
	for (unsigned c = 0; c < CPUS; c++)
		if (on[c] && on[c]->domain == &doms[n])
			unload(c);
	vgic_free_domain(&doms[n]);
	for (unsigned i = 32; i < IRQS; i++) {
		if (owner[i] != &doms[n])
			continue;
		owner[i] = NULL;
		if (phys[i].enabled || phys[i].active)
			die("left behind", i, phys[i].active);
	}
	settle();
}

static void step(void)
{
	unsigned c = rnd(CPUS), n = rnd(DOMS), i = FIRST + rnd(LAST + 1 - FIRST), acks[IRQS];

	for (unsigned k = 0; k < IRQS; k++)
		acks[k] = phys[k].acks;
	fake_cpu = &cpus[c];
	switch (rnd(12)) {
	case 0: bind(&doms[n], i <= GIVEN ? i : OWN); break;
	case 1:
		if (!rnd(8))
			unbind(&doms[n], i);
		break;
	case 2:
		if (!rnd(16)) {
			destroy(n);
			create(n);
		}
		break;
	case 3: load(c, &vcpus[n][rnd(VCPUS)]); break;
	case 4: unload(c); break;
	case 5: phys[i].high = rnd(4); break;
	case 6:
		if (phys[i].edge)
			phys[i].pending = true;
		break;
	default:
		if (on[c])
			hostile(c);
	}
	settle();
	/* Once, and once more if what was done ended it. */
	for (unsigned k = 0; k < IRQS; k++)
		if (phys[k].acks - acks[k] > 2)
			die("more than was asked for", k, phys[k].acks - acks[k]);
}

static void start(unsigned v)
{
	version = v;
	gic_info = (struct gic_info){ .version = v,
				      .cpu_size = 0x2000,
				      .vcpu_size = 0x2000,
				      .nr_rdist = 1,
				      .maint_ppi = 25 };
	__builtin_memset(phys, 0, sizeof(phys));
	__builtin_memset(gich, 0, sizeof(gich));
	__builtin_memset(owner, 0, sizeof(owner));
	for (unsigned c = 0; c < CPUS; c++) {
		cpus[c].id = c;
		gich[c].hcr = HCR_GIC_EN;
		on[c] = cpus[c].loaded = NULL;
	}
	for (unsigned n = 0; n < DOMS; n++)
		create(n);
}

/* A guest that serves its device: an interrupt for each time the line goes up. */
static void serves(unsigned n, unsigned i, bool edge)
{
	struct vcpu *v = &vcpus[n][1];
	unsigned before = phys[i].acks, acked;

	set_edge(v, i, edge);
	aim(v, i, 1);
	write_reg(v, 0x100 + i / 32 * 4, 4, 1U << i % 32);
	load(1, v);
	settle();
	acked = guest_ack(1); /* what it still has to say */
	CHECK_EQ(acked, phys[i].high && !edge ? i : 0);
	for (unsigned k = 0; k < 5; k++) {
		phys[i].high = !edge;
		phys[i].pending = edge;
		settle();
		if (k || !acked)
			CHECK_EQ(guest_ack(1), i);
		phys[i].high = false;
		if (k % 2) /* it may come again before its end */
			phys[i].pending = edge;
		guest_eoi(1, i);
		settle();
		if (edge && k % 2) {
			CHECK_EQ(guest_ack(1), i);
			guest_eoi(1, i);
			settle();
		}
		CHECK(!guest_ack(1) && !phys[i].active && phys[i].target == 1);
	}
	CHECK_EQ(phys[i].acks - before, edge ? 7 : 5);
}

static void random_guests(unsigned v)
{
	unsigned rounds = host_effort(40);

	for (unsigned seed = 1; seed <= rounds; seed++) {
		host_seed(seed);
		start(v);
		for (unsigned k = 0; k < 4000; k++)
			step();
		for (unsigned n = 0; n < DOMS; n++)
			destroy(n);
		/* Whatever happened: who comes next finds it as new. */
		create(0);
		for (unsigned i = FIRST; i <= GIVEN; i++) {
			bind(&doms[0], i);
			serves(0, i, rnd(2));
		}
		destroy(0);
		vgic_free_domain(&doms[1]);
	}
}

static void random_v2(void)
{
	random_guests(2);
}
static void random_v3(void)
{
	random_guests(3);
}

/* A line that nobody serves: one interrupt for each that the guest ends, none once it is dead. */
static void flood(void)
{
	for (version = 2; version <= 3; version++) {
		start(version);
		bind(&doms[0], FIRST);
		write_reg(&vcpus[0][0], 0x100 + FIRST / 32 * 4, 4, 1U << FIRST % 32);
		aim(&vcpus[0][0], FIRST, 0);
		load(0, &vcpus[0][0]);
		load(1, &vcpus[1][0]);
		phys[FIRST].high = true;
		settle();
		CHECK_EQ(phys[FIRST].acks, 1);
		for (unsigned k = 2; k < 100; k++) {
			CHECK_EQ(guest_ack(0), FIRST);
			settle();
			CHECK_EQ(phys[FIRST].acks, k - 1);
			guest_eoi(0, FIRST);
			settle();
			CHECK_EQ(phys[FIRST].acks, k);
		}
		/* It rests with its interrupt: the other one goes on undisturbed. */
		unload(0);
		settle();
		CHECK_EQ(phys[FIRST].acks, 99);
		CHECK_EQ(guest_ack(1), 0);
		bind(&doms[1], FIRST); /* refused */
		destroy(0);
		CHECK(phys[FIRST].high && phys[FIRST].acks == 99);
		bind(&doms[1], FIRST);
		serves(1, FIRST, false);
		destroy(1);
	}
}

int main(void)
{
	static const struct test tests[] = {
		{ "a device that floods, restarted alone", flood },
		{ "hostile guests, GICv2", random_v2 },
		{ "hostile guests, GICv3", random_v3 },
	};

	if (irq_init() || irq_request(OWN, own))
		die("irq_init", 0, 0);
	return run_tests("passthrough", tests, ARRAY_SIZE(tests));
}
