// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traps from their exception class to what a guest sees of it: AArch32's conditions and coprocessor
 * registers, aborts, emulated registers, PSCI.
 */
#include <core/cpu.h>
#include <domain/domain.h>
#include <hypercall/hypercall.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <virt/sysreg.h>
#include "harness.h"

struct cpu cpus[MAX_CPUS];
_Thread_local struct cpu *fake_cpu = &cpus[0];
_Thread_local bool fake_irq_pending;
u64 fake_ticks;
bool cpu_has_pan;

static struct domain dom = { .vgic.version = 3 };
static struct vcpu vcpu, second, *all[] = { &vcpu, &second };

/* --- what is called; each notes its name --- */

static enum { NOTHING, YIELD, BLOCK, HYPERCALL, FP, SYSREG, CRASH, OFF, RESET, KICK, RECHECK } did;
#include "fake/told.h"

void vcpu_yield(struct vcpu *v)
{
	did = YIELD;
}
void vcpu_block(struct vcpu *v)
{
	did = BLOCK;
}
void hypercall_trap32(struct vcpu *v)
{
	did = HYPERCALL;
}
void vcpu_fp_trap(struct vcpu *v)
{
	did = FP;
}
void sysreg_trap(struct vcpu *v, u64 esr)
{
	did = SYSREG;
}
void domain_crash(struct vcpu *v, const char *fmt, ...)
{
	did = CRASH;
}
void domain_shutdown(struct domain *d, unsigned reason)
{
	did = reason == SHUTDOWN_poweroff ? OFF : reason == SHUTDOWN_reboot ? RESET : NOTHING;
}
void cpu_kick(struct cpu *c, u32 work)
{
	did = c == fake_cpu && work == WORK_SCHED ? KICK : NOTHING;
}
void vcpu_start(struct vcpu *v)
{
	v->down = false;
	did = v == &second ? RECHECK : NOTHING;
}
void vcpu_reset(struct vcpu *v)
{
	memset(v->x, 0, sizeof(v->x));
	v->el1.sctlr_el1 = 0;
	v->pstate = v->domain->aarch32 ? PSR_MODE32 | 0x13 : PSR_MODE_EL1H;
}
int smccc_arch_feature(u32 fn)
{
	return fn == 0x80008000 ? 1 : -1;
}
static u64 firmware[4];
s64 smccc_call(u32 fn, u64 a1, u64 a2, u64 a3)
{
	firmware[0] = fn, firmware[1] = a1, firmware[2] = a2, firmware[3] = a3;
	return 0;
}

static u64 stage1; /* where addresses end up; ~0: nowhere */
static bool allowed, asked_write, asked_exec;
static gpa_t asked_gpa;
int gva_to_gpa(gva_t va, bool write, gpa_t *gpa)
{
	*gpa = stage1 + va % PAGE_SIZE;
	return stage1 == ~0UL ? -EFAULT : 0;
}
bool p2m_access_ok(struct domain *d, gpa_t gpa, bool write, bool exec)
{
	asked_gpa = gpa, asked_write = write, asked_exec = exec;
	return allowed;
}

static void start(u64 pstate)
{
	memset(&vcpu, 0, sizeof(vcpu));
	memset(&second, 0, sizeof(second));
	vcpu.domain = second.domain = &dom;
	second.id = 1;
	lock_init(&dom.lock, RANK_DOMAIN);
	dom.vcpu = all;
	dom.max_vcpus = 2;
	dom.aarch32 = pstate & PSR_MODE32;
	vcpu.pc = 0x1000;
	vcpu.pstate = pstate;
	fake_regs.vbar_el1 = 0x800000;
	did = NOTHING;
}

static void trap(unsigned ec, u64 iss)
{
	trap_sync(&vcpu, (u64)ec << 26 | ESR_IL | iss);
}
static bool undefined(void)
{
	return vcpu.pc == (dom.aarch32 ? 0x800004 : 0x800200) && did == NOTHING;
}

/* --- AArch32 --- */

#define A32 (PSR_MODE32 | 0x13)
#define THUMB BIT(5)
#define COND(c) (1U << 24 | (u32)(c) << 20)

/* The table of conditions of the Arm ARM. */
static bool holds(unsigned cond, bool n, bool z, bool c, bool v)
{
	const bool t[] = { z,	 !z,	  c,	   !c,	   n,	   !n,		 v,
			   !v,	 c && !z, !c || z, n == v, n != v, !z && n == v, z || n != v,
			   true, true };

	return t[cond];
}

static u64 with_it(unsigned it)
{
	return A32 | THUMB | (u64)(it & 3) << 25 | (u64)(it >> 2) << 10;
}

static void test_conditions(void)
{
	for (unsigned cond = 0; cond < 16; cond++)
		for (unsigned f = 0; f < 16; f++) {
			bool want = holds(cond, f >> 3 & 1, f >> 2 & 1, f >> 1 & 1, f & 1);

			CHECK_EQ(psr32_condition(A32 | (u64)f << 28, COND(cond)), want);
			/* No condition in the ISS: that of the IT block, in Thumb only. */
			CHECK_EQ(psr32_condition(with_it(cond << 4 | 8) | (u64)f << 28, 0), want);
			CHECK(psr32_condition((with_it(cond << 4 | 8) & ~THUMB) | (u64)f << 28, 0));
			/* A trapped WFI goes past it, done or not. */
			start(A32 | (u64)f << 28 | PSR_SS);
			trap(EC_WFX, COND(cond));
			CHECK(did == (want ? BLOCK : NOTHING) && vcpu.pc == 0x1004 &&
			      vcpu.pstate == (A32 | (u64)f << 28));
		}
	CHECK(psr32_condition(A32 | THUMB, 0));
}

/* An IT block of n instructions is over after n; all but its last five bits stay until then. */
static void test_it(void)
{
	for (unsigned n = 1; n <= 4; n++)
		for (unsigned bits = 0; bits < 16; bits++) {
			unsigned it = 0x20 | ((bits << 1 | 1) << (4 - n) & 0x1f);
			u64 psr = with_it(it) | BIT(30);

			for (unsigned i = 1; i <= n; i++) {
				psr = psr32_advance_it(psr);
				CHECK_EQ(psr, (i < n ? with_it((it & 0xe0) | (it << i & 0x1f))
						     : A32 | THUMB) |
						      BIT(30));
			}
		}
	CHECK_EQ(psr32_advance_it(A32 | THUMB), A32 | THUMB);
	CHECK_EQ(psr32_advance_it(with_it(0x28) & ~THUMB), with_it(0x28) & ~THUMB);
	start(with_it(0x04 | 0xe0));
	trap_sync(&vcpu, 1UL << 26 | 1); /* a 16-bit WFE */
	CHECK(did == YIELD && vcpu.pc == 0x1002 && vcpu.pstate == with_it(0xe8));
}

#define CP(opc1, crn, crm, opc2) \
	(COND(14) | (u32)(opc2) << 17 | (opc1) << 14 | (crn) << 10 | 2 << 5 | (crm) << 1)
#define CP64(opc1, crm) (COND(14) | (u32)(opc1) << 16 | 3 << 10 | 2 << 5 | (crm) << 1)

static bool coprocessor(unsigned ec, u32 iss, bool read, u64 r2, u64 r3)
{
	start(A32);
	vcpu.x[2] = r2;
	vcpu.x[3] = r3;
	trap(ec, iss | read);
	CHECK(vcpu.pc == 0x1004 || undefined());
	return vcpu.pc == 0x1004;
}

static void test_coprocessors(void)
{
	timer[CNTP_TVAL] = 0xf00000007;
	CHECK(coprocessor(EC_CP15_32, CP(0, 14, 2, 0), true, ~0UL, 0) && vcpu.x[2] == 7);
	CHECK(coprocessor(EC_CP15_32, CP(0, 14, 2, 1), false, 0x100000003, 0) &&
	      timer[CNTP_CTL] == 3);
	CHECK(coprocessor(EC_CP15_64, CP64(2, 14), false, 0x9900000001, 0x8800000002) &&
	      timer[CNTP_CVAL] == 0x200000001);
	CHECK(coprocessor(EC_CP15_64, CP64(2, 14), true, 0, 0) && vcpu.x[2] == 1 && vcpu.x[3] == 2);
	for (unsigned opc1 = 0; opc1 < 3; opc1++) {
		CHECK(coprocessor(EC_CP15_64, CP64(opc1, 12), false, opc1, 5) &&
		      sgi == (5UL << 32 | opc1));
		CHECK(!coprocessor(EC_CP15_64, CP64(opc1, 12), true, 0, 0));
	}
	CHECK(coprocessor(EC_CP15_32, CP(0, 12, 11, 1), false, 77, 0) && dir == 77);
	CHECK(!coprocessor(EC_CP15_32, CP(0, 12, 11, 1), true, 0, 0));
	dom.vgic.version = 2;
	CHECK(!coprocessor(EC_CP15_32, CP(0, 12, 11, 1), false, 77, 0));
	CHECK(!coprocessor(EC_CP15_64, CP64(0, 12), false, 77, 0));
	dom.vgic.version = 3;
	/* ACTLR, ACTLR2, PMUSERENR: zero. */
	CHECK(coprocessor(EC_CP15_32, CP(0, 1, 0, 1), true, 9, 0) && !vcpu.x[2]);
	CHECK(coprocessor(EC_CP15_32, CP(0, 1, 0, 3), true, 9, 0) && !vcpu.x[2]);
	CHECK(coprocessor(EC_CP15_32, CP(0, 9, 14, 0), false, 9, 0));
	CHECK(!coprocessor(EC_CP15_32, CP(0, 9, 12, 0), true, 0, 0)); /* PMCR */
	CHECK(!coprocessor(EC_CP15_64, CP64(0, 9), true, 0, 0));
	/* Debug registers: DBGDSCRint, DBGOSLSR; nothing of 64 bits, nor Jazelle's (opc1 7). */
	CHECK(coprocessor(EC_CP14_32, CP(0, 0, 1, 0), true, 9, 0) && !vcpu.x[2]);
	CHECK(coprocessor(EC_CP14_32, CP(0, 1, 1, 4), true, 0, 0) && vcpu.x[2] == 8);
	CHECK(coprocessor(EC_CP14_32, CP(0, 1, 0, 4), false, 0, 0));
	CHECK(!coprocessor(EC_CP14_32, CP(7, 1, 0, 0), true, 0, 0));
	CHECK(!coprocessor(EC_CP14_32, CP(0, 8, 0, 0), true, 0, 0));
	CHECK(!coprocessor(EC_CP14_64, CP64(0, 1), true, 0, 0));
	/* A condition that does not hold: nothing is read or written, be it known or not. */
	start(A32);
	vcpu.x[2] = 5;
	trap(EC_CP15_32, (CP(0, 9, 12, 0) & ~COND(15)) | COND(0) | 1);
	CHECK(vcpu.pc == 0x1004 && vcpu.x[2] == 5);
}

/* --- classes --- */

static void test_classes(void)
{
	static const u8 never[] = { EC_UNKNOWN, EC_CP14_LS, EC_CP10_ID, 9,    0xa, 0xd,
				    0x14,	EC_SVE,	    0x1a,	0x1b, 0x1d };

	for (unsigned i = 0; i < ARRAY_SIZE(never); i++) {
		start(PSR_MODE_EL1H);
		trap(never[i], 0);
		CHECK(undefined() && fake_regs.elr_el1 == 0x1000);
	}
	start(PSR_MODE_EL1H);
	trap(EC_FP, 0);
	CHECK(did == FP && vcpu.pc == 0x1000);
	trap(EC_SYSREG, 0);
	CHECK_EQ(did, SYSREG);
	trap(0x3f, 0);
	CHECK_EQ(did, CRASH);
	start(PSR_MODE_EL0T | PSR_SS);
	trap(EC_WFX, 0);
	CHECK(did == BLOCK && vcpu.pc == 0x1004 && vcpu.pstate == PSR_MODE_EL0T);
	trap(EC_WFX, 1);
	CHECK_EQ(did, YIELD);
	/* HVC has been executed, SMC has not. */
	start(PSR_MODE_EL1H);
	vcpu.x[0] = 0x84000000;
	trap(EC_HVC64, 0);
	CHECK(vcpu.pc == 0x1000 && vcpu.x[0] == 0x10001);
	vcpu.x[0] = 0x84000000;
	trap(EC_SMC64, 0);
	CHECK(vcpu.pc == 0x1004 && vcpu.x[0] == 0x10001);
	start(PSR_MODE_EL1H);
	trap(EC_HVC64, 1);
	CHECK(undefined() && fake_regs.elr_el1 == 0x1000);
	start(PSR_MODE_EL1H);
	trap(EC_SMC64, 1);
	CHECK(undefined() && fake_regs.elr_el1 == 0x1000);
	start(A32);
	trap(EC_HVC32, 0xea1);
	CHECK_EQ(did, HYPERCALL);
	start(A32 | BIT(30));
	vcpu.x[0] = 0x84000000;
	trap(EC_SMC32, COND(1)); /* SMCNE */
	CHECK(vcpu.pc == 0x1004 && vcpu.x[0] == 0x84000000);
	fake_regs.hcr_el2 = HCR_RW;
	trap_serror(&vcpu);
	CHECK_EQ(fake_regs.hcr_el2, HCR_RW | HCR_VSE);
}

/* --- aborts --- */

static u64 reg[4], last_offset;
static unsigned last_size;
static bool refuse, retry;
static bool dev_read(struct vcpu *v, void *priv, u64 offset, unsigned size, u64 *val)
{
	last_offset = offset, last_size = size;
	memcpy(val, (char *)priv + offset % 32, size);
	v->vgic.retry = retry;
	return !refuse;
}
static bool dev_write(struct vcpu *v, void *priv, u64 offset, unsigned size, u64 val)
{
	last_offset = offset, last_size = size;
	reg[offset / 8 % 4] = val;
	return !refuse;
}

#define DEV 0x8000000UL
#define TRANSLATION 0x7UL
#define PERMISSION 0xfUL
#define ISV BIT(24)
#define WNR BIT(6)
#define S1PTW BIT(7)
#define CM BIT(8)
enum { DONE, AGAIN, ABORT };

/* What becomes of an access to gpa. */
static int abort_at(unsigned ec, u64 iss, u64 gpa)
{
	start(PSR_MODE_EL1H);
	vcpu.x[5] = 0x8877665544332211;
	dom.nr_mmio = 1;
	dom.mmio[0] = (struct mmio_range){ DEV, 0x10000, dev_read, dev_write, reg };
	fake_regs.far_el2 = 0xffff000000123000 | gpa % PAGE_SIZE;
	fake_regs.hpfar_el2 = gpa >> 12 << 4;
	stage1 = gpa & PAGE_MASK;
	trap(ec, iss);
	if (vcpu.pc == 0x1004)
		return DONE;
	if (vcpu.pc == 0x1000)
		return AGAIN;
	CHECK(vcpu.pc == 0x800200 && fake_regs.far_el1 == fake_regs.far_el2);
	CHECK_EQ(fake_regs.esr_el1, (u64)(ec + 1) << 26 | ESR_IL | 0x10);
	return ABORT;
}

static int device(u64 iss, u64 offset)
{
	return abort_at(EC_DABT_LOW, ISV | 5 << 16 | TRANSLATION | iss, DEV + offset);
}

static void test_mmio(void)
{
	reg[0] = 0xfedcba98f6f5f4f3;
	for (unsigned sas = 0; sas < 4; sas++) {
		u64 mask = sas == 3 ? ~0UL : BIT(8 << sas) - 1, ext = ~mask;

		CHECK_EQ(device((u64)sas << 22, 0x100), DONE);
		CHECK(vcpu.x[5] == (reg[0] & mask) && last_offset == 0x100 &&
		      last_size == 1U << sas);
		CHECK_EQ(device((u64)sas << 22 | BIT(21) | BIT(15), 0), DONE); /* LDRSx Xt */
		CHECK_EQ(vcpu.x[5], (reg[0] & mask) | ext);
		if (sas < 2) {
			/* LDRSx Wt */
			CHECK_EQ(device((u64)sas << 22 | BIT(21), 0), DONE);
			CHECK_EQ(vcpu.x[5], (u32)((reg[0] & mask) | ext));
		}
		CHECK_EQ(device((u64)sas << 22 | WNR, 8), DONE);
		CHECK_EQ(reg[1], 0x8877665544332211 & mask);
		if (sas)
			CHECK_EQ(device((u64)sas << 22, 1), ABORT);
	}
	CHECK_EQ(device(3 << 22 | WNR | 26 << 16, 8), DONE); /* with 5: XZR */
	CHECK_EQ(reg[1], 0);
	CHECK_EQ(device(3 << 22 | 26 << 16, 8), DONE);
	/* an instruction that does not say what it does */
	CHECK_EQ(abort_at(EC_DABT_LOW, 5 << 16 | TRANSLATION, DEV), ABORT);
	CHECK_EQ(device(0, 0xffff), DONE);
	refuse = true;
	CHECK_EQ(device(0, 0), ABORT);
	CHECK_EQ(vcpu.x[5], 0x8877665544332211);
	retry = true;
	CHECK_EQ(device(0, 0), AGAIN);
	refuse = retry = false;
	/* Not by a page table, not as code, not beside it. */
	allowed = false;
	CHECK_EQ(device(S1PTW, 0), ABORT);
	CHECK_EQ(abort_at(EC_IABT_LOW, TRANSLATION, DEV), ABORT);
	CHECK_EQ(device(0, 0x10000), ABORT);
}

static void test_memory(void)
{
	u64 ram = 0x40000000;

	allowed = true; /* another CPU replaced the entry meanwhile */
	CHECK_EQ(abort_at(EC_DABT_LOW, TRANSLATION, ram + 0x123), AGAIN);
	CHECK(asked_gpa == ram + 0x123 && !asked_write && !asked_exec);
	CHECK_EQ(abort_at(EC_DABT_LOW, PERMISSION | WNR, ram + 0x123), AGAIN);
	CHECK(asked_gpa == ram + 0x123 && asked_write && !asked_exec);
	CHECK_EQ(abort_at(EC_IABT_LOW, TRANSLATION, ram), AGAIN);
	CHECK(!asked_write && asked_exec);
	CHECK_EQ(abort_at(EC_IABT_LOW, TRANSLATION | S1PTW, ram), AGAIN);
	CHECK(!asked_write && !asked_exec); /* the walk only reads */
	CHECK_EQ(abort_at(EC_DABT_LOW, TRANSLATION | WNR | CM, ram), AGAIN);
	CHECK(!asked_write);
	CHECK_EQ(abort_at(EC_DABT_LOW, PERMISSION | WNR | CM, ram), AGAIN);
	CHECK(asked_write);
	allowed = false;
	CHECK_EQ(abort_at(EC_DABT_LOW, TRANSLATION, ram), ABORT);
	CHECK_EQ(abort_at(EC_IABT_LOW, PERMISSION, ram), ABORT);
	CHECK_EQ(abort_at(EC_DABT_LOW, TRANSLATION | WNR | CM, ram), DONE);
	asked_gpa = 0;
	/* external: no matter what the tables say */
	CHECK_EQ(abort_at(EC_DABT_LOW, 0x10, ram), ABORT);
	CHECK_EQ(asked_gpa, 0);
	/* Its stage 1 changed: HPFAR_EL2 means nothing for a permission fault. */
	start(PSR_MODE_EL1H);
	stage1 = ~0UL;
	trap(EC_DABT_LOW, PERMISSION | WNR);
	CHECK(vcpu.pc == 0x1000 && !asked_gpa);
}

/* --- PSCI and SMCCC --- */

static s64 call(u64 fn, u64 a1, u64 a2, u64 a3)
{
	did = NOTHING;
	vcpu.x[0] = fn;
	vcpu.x[1] = a1;
	vcpu.x[2] = a2;
	vcpu.x[3] = a3;
	psci_call(&vcpu);
	return (s64)vcpu.x[0];
}

#define CPU_ON 0xc4000003
#define AFFINITY_INFO 0xc4000004

static void test_psci_on(void)
{
	start(PSR_MODE_EL1H);
	fake_regs.sctlr_el1 = BIT(25) | 1;
	CHECK_EQ(call(CPU_ON, 2, 0x4000, 0), -2);
	CHECK_EQ(call(CPU_ON, BIT(31) | 1, 0x4000, 0), -2);
	CHECK_EQ(call(CPU_ON, 0x10000, 0x4000, 0), -2);
	CHECK_EQ(call(CPU_ON, 0x100, 0x4000, 0), -2);
	CHECK_EQ(call(CPU_ON, 1, 0x4002, 0), -9);
	CHECK_EQ(call(CPU_ON, 1, 0x4000, 0), -4);
	second.down = true;
	second.loaded_on = &cpus[1]; /* its registers are not in memory yet */
	CHECK_EQ(call(CPU_ON, 1, 0x4000, 0), -4);
	CHECK_EQ(call(AFFINITY_INFO, 1, 0, 0), 0);
	CHECK_EQ(call(0x84000002, 0, 0, 0), 0);
	CHECK(vcpu.down && did == KICK);
	vcpu.down = false;
	second.loaded_on = NULL;
	CHECK_EQ(call(AFFINITY_INFO, 1, 0, 0), 1);
	CHECK_EQ(call(CPU_ON, 1, 0xffff800000004000, 0x1122334455667788), 0);
	CHECK(did == RECHECK && !second.down);
	CHECK(second.pc == 0xffff800000004000 && second.x[0] == 0x1122334455667788 &&
	      second.el1.sctlr_el1 == BIT(25));
	/* By the 32-bit name: 32-bit arguments. */
	second.down = true;
	CHECK_EQ(call(0x84000003, 0xf00000001, 0xf00004000, ~0UL), 0);
	CHECK(second.pc == 0x4000 && second.x[0] == 0xffffffff);
	/* By the device tree's number, as of PSCI 0.1. */
	second.down = true;
	CHECK_EQ(call(2, 1, 0xffff800000004000, 7), 0);
	CHECK(!second.down && second.pc == 0xffff800000004000 && !second.x[0] && did == RECHECK);
	CHECK_EQ(call(2, 1, 0x4000, 0), -2);
	CHECK_EQ(call(2, 1, 0x4002, 0), -2);
	CHECK_EQ(call(1, 0, 0, 0), 0);
	CHECK(vcpu.down && did == KICK);
	vcpu.down = false;
	/* AArch32: bit 0 says Thumb. */
	dom.aarch32 = true;
	second.down = true;
	CHECK_EQ(call(0x84000003, 1, 0x4003, 7), 0);
	CHECK(second.pc == 0x4002 && second.pstate == (A32 | THUMB));
	dom.aarch32 = false;
}

static void test_psci(void)
{
	start(PSR_MODE_EL1H);
	CHECK_EQ(call(0x84000000, 0, 0, 0), 0x10001);
	CHECK_EQ(call(0x84000001, 0, 0, 0), 0);
	CHECK_EQ(did, BLOCK);
	CHECK_EQ(call(0x84000006, 0, 0, 0), 2);
	CHECK_EQ(call(0x84000008, 0, 0, 0), 0);
	CHECK_EQ(did, OFF);
	CHECK_EQ(call(0x84000009, 0, 0, 0), 0);
	CHECK_EQ(did, RESET);
	/* AFFINITY_INFO: by level, down or not. */
	CHECK_EQ(call(AFFINITY_INFO, 0, 4, 0), -2);
	CHECK_EQ(call(AFFINITY_INFO, 2, 0, 0), -2);
	CHECK_EQ(call(AFFINITY_INFO, 0, 0, 0), 0);
	for (unsigned level = 1; level <= 3; level++) {
		vcpu.down = second.down = false;
		/* what is below the level is ignored */
		CHECK_EQ(call(AFFINITY_INFO, 7, level, 0), 0);
		CHECK_EQ(call(AFFINITY_INFO, BIT(8 * level), level, 0), 1);
		vcpu.down = second.down = true;
		CHECK_EQ(call(AFFINITY_INFO, 0, level, 0), 1);
	}
	/* PSCI_FEATURES knows exactly what can be called. */
	for (u32 fn = 0x84000000; fn < 0x84000020; fn++)
		for (u32 wide = 0; wide < 2; wide++) {
			u32 bit = fn - 0x84000000;
			bool there = wide ? 0x1aU >> bit & 1 : 0x75fU >> bit & 1;

			CHECK_EQ(call(0x8400000a, fn | wide << 30, 0, 0), there ? 0 : -1);
			if (!there)
				CHECK_EQ(call(fn | wide << 30, 0, 0, 0), -1);
		}
	CHECK_EQ(call(0x8400000a, 0x80000000, 0, 0), 0);
	CHECK_EQ(call(0x8400000a, 0x80000001, 0, 0), -1);
	CHECK_EQ(call(0x8400000a, 0x80008000, 0, 0), -1);
	CHECK_EQ(call(0x12345678, 0, 0, 0), -1);
	CHECK_EQ(call(0, 0, 0, 0), -1);
	CHECK_EQ(call(3, 0, 0, 0), -1);
	CHECK_EQ(call(BIT(30) | 2, 0, 0, 0), -1);
}

static void test_smccc(void)
{
	static const struct {
		u32 fn;
		int answer;
	} features[] = {
		{ 0x80000000, 0 },  { 0x80000001, 0 },	{ 0x80008000, 1 },  { 0x80007fff, -1 },
		{ 0x80003fff, -1 }, { 0x84000000, -1 }, { 0x80000002, -1 },
	};

	start(PSR_MODE_EL1H);
	CHECK_EQ(call(0x80000000, 0, 0, 0), 0x10001);
	for (unsigned i = 0; i < ARRAY_SIZE(features); i++)
		CHECK_EQ(call(0x80000001, features[i].fn, 0, 0), features[i].answer);
	for (unsigned i = 0; i < 3; i++) {
		u32 fn = features[2 + i].fn;

		CHECK_EQ(call(fn, 0x100000001, 2, 3), 0);
		CHECK(firmware[0] == fn && firmware[1] == 1 && firmware[2] == 2 &&
		      firmware[3] == 3);
	}
}

int main(void);
int main(void)
{
	static const struct test tests[] = {
		{ "AArch32's conditions", test_conditions },
		{ "IT blocks", test_it },
		{ "coprocessor registers", test_coprocessors },
		{ "exception classes", test_classes },
		{ "emulated registers", test_mmio },
		{ "stage-2 faults", test_memory },
		{ "starting vCPUs by PSCI", test_psci_on },
		{ "PSCI's other functions", test_psci },
		{ "SMCCC", test_smccc },
	};

	return run_tests("trap", tests, ARRAY_SIZE(tests));
}
