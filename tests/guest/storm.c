// SPDX-License-Identifier: GPL-2.0-only
/*
 * More interrupts at once than list registers hold: many pending, nested
 * deeper than that, active without running priority and ended in any order.
 */
#include "guest.h"

#define FIRST 128
#define N 64
#define DEEP 12
#define ICC_CTLR_EL1 S3_0_C12_C12_4
#define ICC_DIR_EL1 S3_0_C12_C11_1
#define _write(v, r) write_sysreg(v, r)

static volatile u32 taken[256], order[256], nr, depth, deepest, wrong;
static u8 prio[256];

static void make_pending(u32 irq)
{
	mmio_write32(machine.gicd + 0x200 + irq / 32 * 4, 1u << irq % 32); /* ISPENDR */
}

static u32 active_word(u32 irq)
{
	return mmio_read32(machine.gicd + 0x300 + irq / 32 * 4); /* ISACTIVER */
}

static void set_prio(u32 irq, u8 p)
{
	prio[irq] = p;
	mmio_write8(machine.gicd + 0x400 + irq, p);
}

static void on_any(u32 iar)
{
	u32 n = iar & 0x3ff;

	taken[n]++;
	order[nr++ & 255] = n;
}

static void on_nest(u32 iar)
{
	u32 n = iar & 0x3ff, at = n - FIRST;

	taken[n]++;
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (at + 1 < DEEP) {
		make_pending(n + 1);
		irq_enable();
		for (int i = 0; i < 100000 && !taken[n + 1]; i++)
			relax();
		irq_disable();
		if (!taken[n + 1])
			wrong++;
	}
	if (!(active_word(n) >> n % 32 & 1))
		wrong++;
	depth--;
}

static void many(u32 step)
{
	u32 late = 0, last = 0;

	irq_disable();
	nr = 0;
	for (u32 i = 0; i < N; i++) {
		u32 n = FIRST + i;

		taken[n] = 0;
		irq_handler[n] = on_any;
		gic_enable((int)n);
		set_prio(n, (u8)(16 + i * step % 24 * 8));
	}
	for (u32 i = 0; i < N; i++)
		make_pending(FIRST + i);
	irq_enable();
	for (u32 i = 0; i < 1000000 && nr < N; i++)
		relax();
	report(nr == N, "%u interrupts at once, step %u", N, step);
	for (u32 i = 0; i < nr; i++) {
		if (prio[order[i]] < last)
			late++;
		last = prio[order[i]];
	}
	report(late == 0, "in the order of their priorities");
	late = 0;
	for (u32 i = 0; i < N; i++)
		late += taken[FIRST + i] != 1;
	report(late == 0, "each taken once");
}

static void nested(void)
{
	irq_disable();
	wrong = deepest = 0;
	for (u32 i = 0; i < DEEP; i++) {
		u32 n = FIRST + i;

		taken[n] = 0;
		irq_handler[n] = on_nest;
		set_prio(n, (u8)(0x90 - i * 8));
	}
	make_pending(FIRST);
	irq_enable();
	for (u32 i = 0; i < 1000000 && (!taken[FIRST] || depth); i++)
		relax();
	report(deepest == DEEP && !wrong, "nested %u deep", DEEP);
	report(active_word(FIRST) == 0, "none is active afterwards");
}

static void out_of_order(void)
{
	u32 ack[DEEP], bad = 0;

	if (machine.gic != 3)
		return;
	irq_disable();
	_write(2, ICC_CTLR_EL1);
	isb();
	for (u32 i = 0; i < DEEP; i++) {
		set_prio(FIRST + i, 0x80);
		make_pending(FIRST + i);
		ack[i] = 1023;
		for (int j = 0; j < 1000 && ack[i] == 1023; j++)
			ack[i] = gic_ack();
		if (ack[i] != 1023)
			gic_eoi(ack[i]);
	}
	for (u32 i = 0; i < DEEP; i++)
		if (ack[i] != FIRST + i)
			bad++;
	report(!bad, "%u active without running priority", DEEP);
	report(active_word(FIRST) == (1u << DEEP) - 1, "ISACTIVER shows them");
	for (u32 i = 0; i < DEEP; i++) {
		u32 n = i * 5 % DEEP, was = active_word(FIRST);

		_write(FIRST + n, ICC_DIR_EL1);
		isb();
		if (active_word(FIRST) != (was & ~(1u << n)))
			bad++;
	}
	report(!bad, "deactivated one by one in any order");
	_write(0, ICC_CTLR_EL1);
	isb();
	irq_enable();
}

void guest_main(void)
{
	report_prefix("storm");
	many(1);
	many(7);
	for (int i = 0; i < 3; i++)
		nested();
	out_of_order();
	many(5);
	nested();
	report_summary();
}
