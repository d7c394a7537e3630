// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trapped system registers by their encodings, what ID registers announce, and exceptions as a
 * guest takes them.
 */
#include <arm/gic.h>
#include <core/cpu.h>
#include <domain/domain.h>
#include <lib/string.h>
#include <virt/sysreg.h>
#include "harness.h"

struct cpu cpus[MAX_CPUS];
_Thread_local struct cpu *fake_cpu = &cpus[0];
_Thread_local bool fake_irq_pending;
u64 fake_ticks;
unsigned cpu_ipa_bits = 40;
bool cpu_has_pan;
struct gic_info gic_info = { .version = 3 };

#include "fake/told.h"

static u64 machine_id;

u64 read_id_reg(unsigned crm, unsigned op2)
{
	return machine_id;
}

static struct domain dom = { .vgic.version = 3 };
static struct vcpu vcpu = { .domain = &dom };
enum { FINE, UNDEFINED };

/* One MRS or MSR with X2 (31: XZR) from this mode; the value read or written is in x[2]. */
static int access(unsigned op0, unsigned op1, unsigned crn, unsigned crm, unsigned op2, bool read,
		  unsigned rt, u64 mode)
{
	u64 iss = op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | rt << 5 | crm << 1 | read;

	vcpu.pc = 0x1000;
	vcpu.pstate = mode | PSR_SS;
	fake_regs.vbar_el1 = 0x800000;
	fake_regs.esr_el1 = ~0UL;
	sysreg_trap(&vcpu, 0x18UL << 26 | ESR_IL | iss);
	if (vcpu.pc == 0x1004) {
		CHECK_EQ(vcpu.pstate, mode); /* the step is done */
		return FINE;
	}
	CHECK_EQ(vcpu.pc, 0x800000 + (mode == PSR_MODE_EL0T ? 0x400 : mode & 1 ? 0x200 : 0));
	CHECK_EQ(fake_regs.esr_el1, ESR_IL);
	CHECK_EQ(fake_regs.elr_el1, 0x1000);
	CHECK_EQ(fake_regs.spsr_el1, mode | PSR_SS);
	return UNDEFINED;
}

static u64 id_of(unsigned crm, unsigned op2)
{
	vcpu.x[2] = 0xdead;
	CHECK_EQ(access(3, 0, 0, crm, op2, true, 2, PSR_MODE_EL1H), FINE);
	return vcpu.x[2];
}

/* Even of a machine that has everything, nothing is announced that then traps. */
static void test_ids(void)
{
	machine_id = ~0UL;
	sysreg_init();
	/* AA64PFR0: no EL2, EL3, RAS, SVE, MPAM, AMU */
	CHECK_EQ(id_of(4, 0) & 0x00fffff0f000ff00 & ~(0xfUL << 48), 0);
	CHECK_EQ(id_of(4, 0) >> 24 & 0xf, 0xf); /* the GIC's registers */
	CHECK_EQ(id_of(5, 0) >> 8 & 0xf, 0);	/* AA64DFR0: no PMU */
	CHECK_EQ(id_of(5, 0) >> 32 & 0xf, 0);	/* no SPE */
	/* no pointer authentication */
	CHECK_EQ(id_of(6, 1) & 0xff000ff0, 0);
	/* 40 bits, as stage 2 has */
	CHECK_EQ(id_of(7, 0) & 0xf, 2);
	/* unknown ones are zero: also SVE's */
	CHECK_EQ(id_of(5, 5) | id_of(3, 7) | id_of(4, 4), 0);
	for (unsigned bits = 32; bits <= 48; bits += 4) {
		cpu_ipa_bits = bits;
		sysreg_init();
		CHECK_EQ(id_of(7, 0) & 0xf, bits == 48	 ? 5
					    : bits == 44 ? 4
					    : bits == 40 ? 2
					    : bits == 36 ? 1
							 : 0);
	}
	cpu_ipa_bits = 40;
	machine_id = 1UL << 28 | 2UL << 20 | 6;
	sysreg_init();
	CHECK_EQ(id_of(7, 0) >> 28 & 0xf, 0); /* LPA2 is not for guests */
	CHECK_EQ(id_of(7, 0) >> 20 & 0xf, 1);
	machine_id = ~0UL;
	gic_info.version = 2;
	sysreg_init();
	CHECK_EQ(id_of(4, 0) >> 24 & 0xf, 0);
	gic_info.version = 3;
	CHECK_EQ(access(3, 0, 0, 4, 0, true, 2, PSR_MODE_EL0T), UNDEFINED);
	CHECK_EQ(access(3, 0, 0, 4, 0, false, 2, PSR_MODE_EL1H), UNDEFINED);
}

static void test_registers(void)
{
	/* op0 op1 crn crm op2, what reading and writing is to EL1, and reading to EL0 */
	static const struct {
		u8 r[5], read, write, el0;
	} known[] = {
		{ { 2, 0, 0, 2, 2 }, FINE, FINE, UNDEFINED },
		{ { 2, 0, 1, 0, 4 }, UNDEFINED, FINE, UNDEFINED },
		{ { 2, 0, 1, 1, 4 }, FINE, UNDEFINED, UNDEFINED },
		{ { 2, 0, 1, 3, 4 }, FINE, FINE, UNDEFINED },
		{ { 2, 0, 1, 4, 4 }, FINE, FINE, UNDEFINED },
		{ { 3, 3, 9, 14, 0 }, FINE, FINE, UNDEFINED },
		{ { 3, 3, 14, 2, 0 }, FINE, FINE, FINE },
		{ { 3, 3, 14, 2, 1 }, FINE, FINE, FINE },
		{ { 3, 3, 14, 2, 2 }, FINE, FINE, FINE },
		{ { 3, 0, 1, 0, 1 }, FINE, FINE, UNDEFINED },
		{ { 3, 0, 12, 11, 1 }, UNDEFINED, FINE, UNDEFINED },
		{ { 3, 0, 12, 11, 6 }, UNDEFINED, FINE, UNDEFINED },
		{ { 3, 0, 12, 11, 7 }, UNDEFINED, FINE, UNDEFINED },
		{ { 2, 0, 0, 0, 4 }, FINE, FINE, UNDEFINED },
		{ { 2, 3, 0, 1, 0 }, FINE, FINE, FINE },
		{ { 3, 3, 9, 12, 0 }, UNDEFINED, UNDEFINED, UNDEFINED },
		{ { 3, 4, 1, 1, 0 }, UNDEFINED, UNDEFINED, UNDEFINED },
		{ { 2, 1, 0, 0, 0 }, UNDEFINED, UNDEFINED, UNDEFINED },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
		const u8 *r = known[i].r;

		CHECK_EQ(access(r[0], r[1], r[2], r[3], r[4], true, 2, PSR_MODE_EL1H),
			 known[i].read);
		CHECK_EQ(access(r[0], r[1], r[2], r[3], r[4], false, 2, PSR_MODE_EL1T),
			 known[i].write);
		CHECK_EQ(access(r[0], r[1], r[2], r[3], r[4], true, 31, PSR_MODE_EL0T),
			 known[i].el0);
	}
	vcpu.x[2] = 0x1234;
	CHECK_EQ(access(3, 0, 12, 11, 5, false, 2, PSR_MODE_EL1H), FINE);
	CHECK_EQ(sgi, 0x1234);
	CHECK_EQ(access(3, 0, 12, 11, 5, false, 31, PSR_MODE_EL1H), FINE);
	CHECK_EQ(sgi, 0);
	CHECK_EQ(access(3, 0, 12, 11, 1, false, 2, PSR_MODE_EL1H), FINE);
	CHECK_EQ(dir, 0x1234);
	CHECK_EQ(access(3, 3, 14, 2, 2, false, 2, PSR_MODE_EL0T), FINE);
	CHECK_EQ(timer[CNTP_CVAL], 0x1234);
	/* Breakpoints stay off, and OSLSR says that the lock is there and open. */
	vcpu.x[2] = ~0UL;
	CHECK_EQ(access(2, 0, 0, 2, 2, false, 2, PSR_MODE_EL1H), FINE);
	CHECK_EQ(fake_regs.mdscr_el1, BIT(0) | BIT(12) | BIT(13));
	CHECK_EQ(access(2, 0, 1, 1, 4, true, 2, PSR_MODE_EL1H), FINE);
	CHECK_EQ(vcpu.x[2], 8);
	/* No GICv3, no such registers. */
	dom.vgic.version = 2;
	CHECK_EQ(access(3, 0, 12, 11, 5, false, 2, PSR_MODE_EL1H), UNDEFINED);
	CHECK_EQ(access(3, 0, 12, 11, 1, false, 2, PSR_MODE_EL1H), UNDEFINED);
	dom.vgic.version = 3;
}

static void test_exceptions(void)
{
	vcpu.pc = 0x2000;
	vcpu.pstate = 0xfUL << 28 | PSR_MODE_EL0T | PSR_SS;
	cpu_has_pan = true;
	fake_regs.sctlr_el1 = 0;
	inject_abort(&vcpu, 0xabc000, false);
	CHECK_EQ(fake_regs.far_el1, 0xabc000);
	CHECK_EQ(fake_regs.esr_el1, 0x24UL << 26 | ESR_IL | 0x10);
	CHECK_EQ(vcpu.pc, 0x800400);
	/* flags kept, PAN set, all masked */
	CHECK_EQ(vcpu.pstate, 0xfUL << 28 | BIT(22) | 0x3c0 | PSR_MODE_EL1H);
	fake_regs.sctlr_el1 = BIT(23); /* SPAN */
	vcpu.pstate = PSR_MODE_EL1H;
	inject_abort(&vcpu, 4, true);
	CHECK_EQ(fake_regs.esr_el1, 0x21UL << 26 | ESR_IL | 0x10);
	CHECK_EQ(vcpu.pstate, 0x3c0 | PSR_MODE_EL1H);
	vcpu.pstate = PSR_MODE32 | 0x10;
	inject_undef(&vcpu);
	CHECK_EQ(vcpu.pc, 0x800600);
	/* AArch32 at EL1: banked link registers, the vectors' offsets, Thumb or not. */
	dom.aarch32 = true;
	fake_regs.sctlr_el1 = 0;
	vcpu.pc = 0x3000;
	vcpu.pstate = PSR_MODE32 | 0x10 | BIT(5);
	inject_undef(&vcpu);
	CHECK(vcpu.x[22] == 0x3002 && vcpu.pc == 0x800004 &&
	      vcpu.pstate == (PSR_MODE32 | 0xb | PSR_I));
	CHECK_EQ(fake_regs.spsr_und, PSR_MODE32 | 0x10 | BIT(5));
	fake_regs.sctlr_el1 = BIT(13) | BIT(30) | BIT(25);
	vcpu.pc = 0x3000;
	fake_regs.far_el1 = 0x1111111122222222;
	inject_abort(&vcpu, 0x5000, false);
	CHECK(vcpu.x[20] == 0x3008 && vcpu.pc == 0xffff0010 &&
	      (vcpu.pstate & 0x33f) == (PSR_MODE32 | 7 | BIT(5) | PSR_A | BIT(9)));
	CHECK_EQ(fake_regs.far_el1, 0x1111111100005000);
	vcpu.pc = 0x3000;
	fake_regs.tcr_el1 = BIT(31);
	inject_abort(&vcpu, 0x6000, true);
	CHECK(vcpu.x[20] == 0x3004 && vcpu.pc == 0xffff000c && fake_regs.ifsr32_el2 == 0x210);
	CHECK_EQ(fake_regs.far_el1, 0x600000005000);
	dom.aarch32 = false;
}

int main(void);
int main(void)
{
	static const struct test tests[] = {
		{ "what ID registers announce", test_ids },
		{ "trapped registers", test_registers },
		{ "exceptions for a guest", test_exceptions },
	};

	return run_tests("sysreg", tests, ARRAY_SIZE(tests));
}
