// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver of GICv2 (arm/gic.c, gicv2.c) over a model of the hardware: what it leaves behind at
 * boot, each operation against an array, list registers field by field, and an interrupt's way from
 * the device to a guest's end of it.
 */
#include <arm/gic.h>
#include <arm/mm.h>
#include <lib/errno.h>
#include "fake/gicv2.h"
#include "harness.h"

struct cpu cpus[MAX_CPUS];
unsigned cpu_count = GICV2_CPUS;
_Thread_local struct cpu *fake_cpu = &cpus[0];
_Thread_local bool fake_irq_pending;
u64 fake_ticks;
const struct gic_ops gicv3_ops; /* its instructions are the machine's */

static u64 mapped; /* bytes */
static bool map_fails;
int el2_map_device(paddr_t pa, u64 size)
{
	mapped += size;
	return map_fails ? -ENOMEM : 0;
}

static unsigned rnd(unsigned n)
{
	return host_random() % n;
}

static void on(unsigned cpu)
{
	fake_cpu = &cpus[cpu];
}

static void boot(unsigned copies)
{
	struct gic_info info;

	gicv2_reset(copies);
	info = gic_info;
	for (unsigned c = 0; c < GICV2_CPUS; c++) {
		cpus[c] = (struct cpu){ .id = c };
		on(c);
		if (!c)
			CHECK_EQ(gic_init(&info), 0);
		CHECK_EQ(gic_init_cpu(), 0);
	}
	on(0);
}

/* Only SGIs and the maintenance interrupt are let in; nothing is left of the firmware. */
static void test_boot(void)
{
	mapped = 0;
	boot(1);
	CHECK_EQ(gic_nr_irqs, GICV2_IRQS);
	CHECK_EQ(gic_nr_lrs, GICV2_LRS);
	CHECK_EQ(mapped, gic_info.dist_size + gic_info.cpu_size + gic_info.hyp_size);
	CHECK(gicv2.on && !gic_info.cpu_offset);
	for (unsigned c = 0; c < GICV2_CPUS; c++) {
		const struct gicv2_iface *f = &gicv2.cpu[c];

		CHECK_EQ(cpus[c].gic_target, gicv2.bit[c]);
		CHECK(f->ctlr & 1 && f->pmr == 0xff && !f->bpr && f->hcr == HCR_GIC_EN);
		CHECK(!f->vmcr && !f->apr);
		for (unsigned n = 0; n < GICV2_LRS; n++)
			CHECK_EQ(f->lr[n], 0);
		for (unsigned i = 0; i < GICV2_IRQS; i++) {
			const struct gicv2_irq *q = gicv2_irq(c, i);

			CHECK_EQ(q->prio, 0xa0);
			CHECK(!q->active && q->enabled == (i < 16 || i == gic_info.maint_ppi));
			CHECK(i < 16 || i > 31 || !q->pending);
			CHECK(i < 32 || (!q->edge && q->targets == gicv2.bit[0]));
		}
	}
}

/* Not on a machine whose tree tells nonsense. */
static void test_info(void)
{
	struct gic_info good;

	gicv2_reset(1);
	good = gic_info;
#define BAD(change) \
	do { \
		struct gic_info i = good; \
		i.change; \
		CHECK_EQ(gic_init(&i), -EINVAL); \
	} while (0)
	BAD(version = 4);
	BAD(maint_ppi = 15);
	BAD(maint_ppi = 32);
	BAD(dist = 0);
	BAD(dist += 8);
	BAD(dist_size = 0xfff);
	BAD(cpu_size = 0x1000);
	BAD(hyp_size = 0x13f);
	BAD(vcpu_size = 0x1000);
	BAD(hyp = ~0xfffUL);
	good.version = 3;
	good.nr_rdist = 1;
	good.dist_size = 0x10000;
	good.dist = good.rdist[0].base = 0x8000000;
	good.rdist[0].size = 0x20000;
	BAD(nr_rdist = 0);
	BAD(nr_rdist = GIC_MAX_REGIONS + 1);
	BAD(dist_size = 0xffff);
	BAD(rdist[0].size = 0x1ffff);
	BAD(rdist_stride = 0x10000);
	BAD(rdist_stride = 0x20001);
#undef BAD
	map_fails = true;
	CHECK_EQ(gic_init(&good), -ENOMEM);
	map_fails = false;
}

/* A page of the CPU's that is there 16 times: the one beside the next page's is taken. */
static void test_copies(void)
{
	boot(16);
	CHECK_EQ(gic_info.cpu_offset, 15 * PAGE_SIZE);
	gic_set_pending(40, true);
	gic_enable(40);
	gic_deactivate(gic_ack());
	CHECK(!gicv2.spi[40].active);
}

/* Any interrupt's bits, by any CPU, change that interrupt's and nothing else. */
static void test_registers(void)
{
	static struct gicv2 model;
	bool edge;

	boot(1);
	model = gicv2;
	for (unsigned n = 0; n < 20000; n++) {
		unsigned c = rnd(GICV2_CPUS), irq = 16 + rnd(GICV2_IRQS - 16), to = rnd(GICV2_CPUS);
		struct gicv2_irq *q = irq < 32 ? &model.cpu[c].own[irq] : &model.spi[irq];
		bool set = rnd(2);

		on(c);
		switch (rnd(6)) {
		case 0: gic->set_enabled(irq, q->enabled = set); break;
		case 1: gic_set_active(irq, q->active = set); break;
		case 2: gic_set_pending(irq, q->pending = set); break;
		case 3:
			if (irq < 32)
				break;
			gic_set_target(irq, &cpus[to]);
			q->targets = gicv2.bit[to];
			break;
		case 4:
			edge = q->edge;
			if (irq >= 32 && !q->enabled)
				gic_set_config(irq, edge = q->edge = set);
			CHECK_EQ(gicv2_irq(c, irq)->edge, edge);
			break;
		default: CHECK_EQ(gic_is_pending(irq), q->pending);
		}
		if (__builtin_memcmp(&model, &gicv2, sizeof(model)))
			host_panic("interrupt %u of CPU %u: not as it should be", irq, c);
	}
}

/* Taken by the CPU that it is sent to, dropped, taken no second time until it is deactivated. */
static void test_drop(void)
{
	boot(1);
	for (unsigned c = 0; c < GICV2_CPUS; c++) {
		const unsigned spi = 50 + c;
		u32 token;

		on((c + 1) % GICV2_CPUS);
		gic_set_target(spi, &cpus[c]);
		gic_enable(spi);
		gicv2.spi[spi].high = true;
		for (unsigned k = 0; k < GICV2_CPUS; k++)
			CHECK_EQ(gicv2_signalled(k), k == c ? spi : GICV2_NONE);
		CHECK(gic_is_pending(spi));
		on(c);
		token = gic_ack();
		CHECK_EQ(GIC_IRQ(token), spi);
		gic_eoi(token);
		CHECK(gicv2.spi[spi].active);
		CHECK_EQ(GIC_IRQ(gic_ack()), GICV2_NONE);
		/* Others are let in meanwhile. */
		gic_send_sgi(&cpus[c], 3);
		token = gic_ack();
		CHECK_EQ(GIC_IRQ(token), 3);
		gic_eoi(token);
		gic_deactivate(token);
		gic_deactivate(spi);
		CHECK_EQ(gicv2_signalled(c), spi);
		gicv2.spi[spi].high = false;
	}
}

static void test_sgis(void)
{
	boot(1);
	for (unsigned from = 0; from < GICV2_CPUS; from++)
		for (unsigned to = 0; to < GICV2_CPUS; to++)
			for (unsigned sgi = 0; sgi < 16; sgi++) {
				u32 token;

				on(from);
				gic_send_sgi(&cpus[to], sgi);
				for (unsigned c = 0; c < GICV2_CPUS; c++)
					CHECK_EQ(gicv2_signalled(c), c == to ? sgi : GICV2_NONE);
				on(to);
				token = gic_ack();
				CHECK_EQ(token, sgi | from << 10);
				gic_eoi(token);
				gic_deactivate(token);
			}
}

/* What the hypervisor means by a list register is what the hardware has in it, and comes back. */
static void check_lr(unsigned n, u64 lr)
{
	u32 h = gicv2.cpu[this_cpu()->id].lr[n];

	CHECK_EQ(V2_LR_VIRT(h), LR_INTID(lr));
	CHECK_EQ(V2_LR_STATE(h), lr >> 62);
	CHECK_EQ(V2_LR_PRIO(h), lr >> (LR_PRIO_SHIFT + 3) & 31);
	CHECK_EQ(V2_LR_GROUP1(h), !!(lr & LR_GROUP1));
	CHECK_EQ(V2_LR_HW(h), !!(lr & LR_HW));
	if (lr & LR_HW)
		CHECK_EQ(V2_LR_PHYS(h), lr >> LR_PIRQ_SHIFT & 0x3ff);
	else
		CHECK(V2_LR_EOI(h) == !!(lr & LR_EOI) && V2_LR_SOURCE(h) == LR_SOURCE(lr));
	CHECK_EQ(gic->lr_read(n), lr & ~(7UL << LR_PRIO_SHIFT));
}

static u64 some_lr(void)
{
	u64 lr = (u64)rnd(4) << 62 | (u64)rnd(256) << LR_PRIO_SHIFT | rnd(1020) |
		 (rnd(2) ? LR_GROUP1 : 0);

	if (rnd(2))
		return lr | LR_HW | (u64)(16 + rnd(1004)) << LR_PIRQ_SHIFT;
	return lr | (rnd(2) ? LR_EOI : 0) | (u64)rnd(8) << LR_PIRQ_SHIFT;
}

static void test_list_registers(void)
{
	u64 lr[GICV2_LRS] = { 0 };

	boot(1);
	on(1);
	for (unsigned k = 0; k < 50000; k++) {
		unsigned n = rnd(GICV2_LRS);
		u64 new = some_lr();
		bool is_free = !(lr[n] >> 62) && ((lr[n] & LR_HW) || !(lr[n] & LR_EOI));

		CHECK_EQ(gic->lr_empty() >> n & 1, is_free);
		if (rnd(2)) {
			gic->lr_write(n, lr[n] = new);
		} else {
			CHECK_EQ(gic->lr_reuse(n, new), is_free);
			lr[n] = is_free ? new : lr[n];
		}
		for (unsigned i = 0; i < GICV2_LRS; i++)
			check_lr(i, lr[i]);
	}
}

/* Device, hypervisor, guest; its end lets the device in again, under whatever name it had it. */
static void test_way_to_a_guest(void)
{
	boot(1);
	for (unsigned k = 0; k < 2000; k++) {
		unsigned c = rnd(GICV2_CPUS), irq = 32 + rnd(GICV2_IRQS - 32), at = rnd(GICV2_LRS),
			 virq = 16 + rnd(1004);
		u32 token;

		on(c);
		gic_set_target(irq, &cpus[c]);
		gic_enable(irq);
		gicv2.spi[irq].high = true;
		token = gic_ack();
		CHECK_EQ(token, irq);
		gic_eoi(token);
		CHECK(gic->lr_reuse(at, LR_PENDING | LR_HW | LR_GROUP1 | (u64)irq << LR_PIRQ_SHIFT |
						virq));
		CHECK_EQ(gicv2_guest_ack(), at);
		CHECK_EQ(V2_LR_VIRT(gicv2.cpu[c].lr[at]), virq);
		gicv2.spi[irq].high = rnd(2);
		CHECK_EQ(gicv2_signalled(c), GICV2_NONE);
		gicv2_guest_eoi((unsigned)at);
		CHECK(!gicv2.spi[irq].active && (gic->lr_empty() >> at & 1));
		CHECK_EQ(gicv2_signalled(c), gicv2.spi[irq].high ? irq : GICV2_NONE);
		gicv2.spi[irq].high = false;
		gic_disable(irq);
	}
}

/* One vCPU's interface after another's; what only GICv3 has is not written. */
static void test_state(void)
{
	struct gic_vcpu_state s[2] = { { .vmcr = 0x12345678, .apr = { 0xabcd } }, { .vmcr = 0 } },
			      was;

	boot(1);
	for (unsigned k = 0; k < 5; k++) {
		gic->state_restore(&s[k % 2]);
		CHECK_EQ(gic->vmcr_read(), s[k % 2].vmcr);
		gicv2.cpu[0].apr ^= 1U << k;
		gicv2.cpu[0].vmcr ^= 1U << k;
		was = s[k % 2];
		gic->state_save(&s[k % 2]);
		CHECK_EQ(s[k % 2].vmcr, was.vmcr ^ 1U << k);
		CHECK_EQ(s[k % 2].apr[0], was.apr[0] ^ 1U << k);
	}
	gic->hcr_write(HCR_GIC_EN | HCR_GIC_NPIE | HCR_GIC_TDIR);
	CHECK_EQ(gic->hcr_read(), HCR_GIC_EN | HCR_GIC_NPIE);
	gicv2.cpu[0].pmr = 0xff;
	gic_before_wfi();
	CHECK_EQ(gicv2.cpu[0].pmr, 0xff); /* it may write, but lets everything in */
}

int main(void)
{
	static const struct test tests[] = {
		{ "what boot leaves behind", test_boot },
		{ "what the tree may say", test_info },
		{ "pages that are there 16 times", test_copies },
		{ "any register of any interrupt", test_registers },
		{ "priority drop and deactivation", test_drop },
		{ "an SGI from each CPU to each", test_sgis },
		{ "list registers, field by field", test_list_registers },
		{ "from the device to the guest's end", test_way_to_a_guest },
		{ "a vCPU's interface", test_state },
	};

	return run_tests("gicv2", tests, ARRAY_SIZE(tests));
}
