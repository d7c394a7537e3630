// SPDX-License-Identifier: GPL-2.0-only
/*
 * One DomU writes every system register that it can and all of FP; another that shares its CPUs
 * finds none of its own changed. Whatever the hypervisor neither switches nor traps shows here, on
 * every model of CPU (CPU=max).
 */
#include "domu.h"

#define MRS 0xd5300000
#define MSR 0xd5100000
#define RET 0xd65f03c0
#define ENC(op0, op1, crn, crm, op2) \
	((u32)((op0)-2) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | \
	 (op2)) /* bits 19:5 of the instruction */
#define NR_REGS (1u << 15)
#define SLOTS 512
#define UNREADABLE 0xdeadbeefdeadbeef
#define PAINT 0x5a5a5a5a5a5a5a5a

enum role { SPY = 1, PAINTER };

static u32 code[2 * SLOTS] __page_aligned;
static u64 before[NR_REGS], q[64];
static volatile u32 go, at;

/* Registers without which the payload itself is lost, or that no domain calls its own. */
static const struct {
	u32 reg, mask;
	bool clock;
} special[] = {
	/* SCTLR, SCTLR2 */
	{ ENC(3, 0, 1, 0, 0), 0, false },
	{ ENC(3, 0, 1, 0, 3), 0, false },
	/* TTBR, TCR */
	{ ENC(3, 0, 2, 0, 0), 7, false },
	{ ENC(3, 0, 10, 2, 0), 7, false }, /* MAIR, PIR */
	/* VBAR, TPIDR */
	{ ENC(3, 0, 12, 0, 0), 0, false },
	{ ENC(3, 0, 13, 0, 4), 0, false },
	/* PSTATE */
	{ ENC(3, 0, 4, 2, 0), 7, false },
	{ ENC(3, 3, 4, 2, 0), 15, false },
	/* counters, TVAL */
	{ ENC(3, 3, 14, 0, 0), 7, true },
	{ ENC(3, 3, 14, 2, 0), 0, true },
	{ ENC(3, 3, 14, 3, 0), 0, true },
	{ ENC(3, 0, 12, 1, 0), 0, true }, /* ISR */
	/* ICC_IAR: a read acknowledges */
	{ ENC(3, 0, 12, 8, 0), 0, true },
	{ ENC(3, 0, 12, 12, 0), 0, true },
	{ ENC(3, 3, 2, 4, 0), 1, true }, /* RNDR, RNDRRS */
};

static bool is_special(u32 reg, bool clock)
{
	for (u32 i = 0; i < ARRAY_SIZE(special); i++)
		if ((reg & ~special[i].mask) == special[i].reg && (special[i].clock || !clock))
			return true;
	return false;
}

/* code[] gets an access to each of SLOTS registers, and a return. */
static void emit(u32 insn, u32 first)
{
	for (u32 i = 0; i < SLOTS; i++) {
		code[2 * i] = insn | (first + i) << 5;
		code[2 * i + 1] = RET;
	}
	for (u64 a = (u64)code; a < (u64)code + sizeof(code); a += 16)
		asm volatile("dc cvau, %0" ::"r"(a) : "memory");
	asm volatile("dsb ish; ic ialluis; dsb ish; isb" ::: "memory");
}

/* Op1 from 4 on is EL2's and EL3's. */
static u32 next_page(u32 first)
{
	first += SLOTS;
	return first & ENC(2, 4, 0, 0, 0) ? first + ENC(2, 4, 0, 0, 0) : first;
}

static bool access(u32 slot, u64 *v)
{
	u64 (*fn)(u64) = (void *)&code[2 * slot];
	u64 out = *v;

	if (FAULTS(out = fn(out)))
		return false;
	*v = out;
	return true;
}

static void read_all(u64 *to, bool compare)
{
	u32 readable = 0, changed = 0;

	for (u32 first = 0; first < NR_REGS; first = next_page(first)) {
		emit(MRS, first);
		for (u32 i = 0; i < SLOTS; i++) {
			u32 reg = first + i;
			u64 v = 0;

			if (is_special(reg, true) || !access(i, &v))
				v = UNREADABLE;
			readable += v != UNREADABLE;
			if (!compare) {
				to[reg] = v;
			} else if (v != to[reg]) {
				changed++;
				report(false, "S%u_%u_C%u_C%u_%u changed from %lx to %lx",
				       2 + (reg >> 14), reg >> 11 & 7, reg >> 7 & 15, reg >> 3 & 15,
				       reg & 7, to[reg], v);
			}
		}
	}
	if (compare)
		report(!changed && readable > 50, "all registers are as they were");
}

static void write_all(void)
{
	u32 written = 0;

	read_all(before, false);
	for (u32 first = 0; first < NR_REGS; first = next_page(first)) {
		emit(MSR, first);
		for (u32 i = 0; i < SLOTS; i++) {
			u64 v = PAINT;

			if (!is_special(first + i, false) && before[first + i] != UNREADABLE)
				written += access(i, &v);
		}
	}
	report(written > 20, "registers written");
}

/* clang-format off */
#define EACH_Q(X) \
	X(0) X(2) X(4) X(6) X(8) X(10) X(12) X(14) X(16) X(18) X(20) X(22) X(24) X(26) X(28) \
	X(30)
/* clang-format on */

static void fp_load(const u64 *from)
{
#define X(n) \
	asm volatile(".arch_extension fp\n\tldr q" #n \
		     ", [%0]\n\tldr q%c1, [%0, #16]" ::"r"(from + 2 * n), \
		     "i"((n) + 1) \
		     : "memory");
	EACH_Q(X)
#undef X
}

static void fp_store(u64 *to)
{
#define X(n) \
	asm volatile(".arch_extension fp\n\tstr q" #n \
		     ", [%0]\n\tstr q%c1, [%0, #16]" ::"r"(to + 2 * n), \
		     "i"((n) + 1) \
		     : "memory");
	EACH_Q(X)
#undef X
}

/* GICv2's CPU interface is memory: PMR, BPR, ABPR, APR0. */
static const u16 gicc_reg[] = { 4, 8, 0x1c, 0xd0 };
static u32 gicc[ARRAY_SIZE(gicc_reg)];

static void gicc_remember(void)
{
	for (u32 i = 0; machine.gic == 2 && i < ARRAY_SIZE(gicc_reg); i++)
		gicc[i] = mmio_read32(machine.gicc + gicc_reg[i]);
}

static void gicc_compare(void)
{
	for (u32 i = 0; machine.gic == 2 && i < ARRAY_SIZE(gicc_reg); i++)
		report(gicc[i] == mmio_read32(machine.gicc + gicc_reg[i]), "GICC %x is as it was",
		       gicc_reg[i]);
}

static void gicc_paint(void)
{
	for (u32 i = 0; machine.gic == 2 && i < ARRAY_SIZE(gicc_reg); i++)
		mmio_write32(machine.gicc + gicc_reg[i], 0x55);
}

static void wait_go(u32 value)
{
	at = value;
	while (go < value)
		sched_op(SCHEDOP_yield, NULL);
}

static void spy(void)
{
	u64 sum = 0;

	fp_store(q);
	for (u32 i = 0; i < 64; i++)
		sum |= q[i];
	report(!sum, "a new domain's FP registers are zero");
	for (u32 i = 0; i < 64; i++)
		q[i] = i * 0x0123456789abcdef;
	fp_load(q);
	read_all(before, false);
	gicc_remember();
	wait_go(1);
	gicc_compare();
	read_all(before, true);
	memset(q, 0, sizeof(q));
	fp_store(q);
	for (u32 i = 0; i < 64; i++)
		sum |= q[i] ^ i * 0x0123456789abcdef;
	report(!sum, "FP registers are as they were");
}

static void painter(void)
{
	for (u32 i = 0; i < 64; i++)
		q[i] = PAINT;
	write_all();
	write_sysreg(3ul << 20, cpacr_el1);
	isb();
	fp_load(q);
	gicc_paint();
	wait_go(1);
}

void domu_main(void)
{
	report_prefix(start_info->role == SPY ? "isolation: spy" : "isolation: painter");
	write_sysreg(3ul << 20, cpacr_el1); /* FP */
	isb();
	if (start_info->role == SPY)
		spy();
	else
		painter();
	report_summary();
}

static bool wait_at(struct domu *d)
{
	for (u64 end = ticks() + 20 * read_sysreg(cntfrq_el0); ticks() < end;
	     sched_op(SCHEDOP_yield, NULL)) {
		if (READ_ONCE(*domu_ptr(d, &at)))
			return true;
		domu_poll(d);
	}
	return false;
}

static void finish(struct domu *d, const char *name)
{
	WRITE_ONCE(*domu_ptr(d, &go), 1);
	report(domu_wait(d, 20), "the %s is through", name);
	report(domu_destroy(d) == 0, "the %s is destroyed", name);
}

static bool begin(struct domu *d, enum role role, const char *name)
{
	if (!report(domu_create(d, 1, role), "the %s is made", name))
		return false;
	domu_pin(d->domid, 0, 0);
	domu_unpause(d);
	return report(wait_at(d), "the %s has done its work", name);
}

/*
 * A spy looks, before the painter comes and afterwards; another one is made then, and has to find
 * what the first one found.
 */
void guest_main(void)
{
	struct domu s, p;

	report_prefix("isolation");
	irq_enable();
	if (!begin(&s, SPY, "spy"))
		return;
	memcpy(before, domu_ptr(&s, before), sizeof(before));
	if (!begin(&p, PAINTER, "painter"))
		return;
	finish(&p, "painter");
	finish(&s, "spy");
	if (begin(&s, SPY, "second spy"))
		report(!memcmp(before, domu_ptr(&s, before), sizeof(before)),
		       "what it finds is what the first one found");
	finish(&s, "second spy");
	report_summary();
}
