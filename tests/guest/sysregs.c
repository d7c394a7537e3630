// SPDX-License-Identifier: GPL-2.0-only
/*
 * System registers from EL1 and EL0: the whole ID space (op0 3, op1 0, CRn 0),
 * debug, PMU, timer and GIC registers by encoding. Each access either works or
 * takes an exception of a known class; values and classes are compared with
 * real Xen. The MRS is made at run time, in a page of the image.
 */
#include "guest.h"

#define MRS 0xd5300000
#define MSR 0xd5100000
#define TRAPPED (1ul << 63) /* then the exception class in bits 61:56 */
#define RET 0xd65f03c0
#define SVC 0xd4000001
#define ENC(op0, op1, crn, crm, op2) \
	((u32)((op0)-2) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5)

static u32 code[64] __page_aligned;

static void emit(u32 insn, u32 last)
{
	code[0] = insn;
	code[1] = last;
	code[2] = last; /* an HVC is reported past itself */
	asm volatile("dc cvau, %0; dsb ish; ic ivau, %0; ic ialluis; dsb ish; isb" ::"r"(code)
		     : "memory");
}

/* Run code[] at EL1 with x0 = v; its x0, or the exception class << 56. */
static u64 run_el1(u64 v)
{
	u64 (*fn)(u64) = (void *)code;
	u64 out = 0;

	if (FAULTS(out = fn(v)))
		return TRAPPED | (u64)fault_class() << 56;
	return out;
}

/* The code lies in the upper half, where EL0's alias is executable and EL1 writes it. */
static u64 run_el0(u64 v)
{
	u64 out = 0;

	if (FAULTS(out = el0_call(code, v)))
		return TRAPPED | (u64)fault_class() << 56;
	return out;
}

static u64 read_el1(u32 enc)
{
	emit(MRS | enc, RET);
	return run_el1(0x5a5a);
}

static u64 read_el0(u32 enc)
{
	emit(MRS | enc, SVC);
	return run_el0(0x5a5a);
}

static u64 write_el1(u32 enc, u64 v)
{
	emit(MSR | enc, RET);
	return run_el1(v);
}

static void id_space(void)
{
	for (u32 crm = 0; crm < 8; crm++)
		for (u32 op2 = 0; op2 < 8; op2++) {
			u32 enc = ENC(3, 0, 0, crm, op2);

			report_value(read_el1(enc), "S3_0_C0_C%u_%u", crm, op2);
			report_value(read_el0(enc), "S3_0_C0_C%u_%u from EL0", crm, op2);
		}
	report_value(read_el1(ENC(3, 3, 0, 0, 1)), "CTR_EL0");
	report_value(read_el1(ENC(3, 3, 0, 0, 7)), "DCZID_EL0");
	report_value(read_el1(ENC(3, 1, 0, 0, 0)), "CCSIDR_EL1");
	report_value(read_el1(ENC(3, 1, 0, 0, 1)), "CLIDR_EL1");
	report_value(read_el1(ENC(3, 1, 0, 0, 7)), "AIDR_EL1");
	report_value(write_el1(ENC(3, 0, 0, 4, 0), 0) >> 56, "ID_AA64PFR0_EL1 written");
}

static void group(const char *what, u32 op0, u32 op1, u32 crn, u32 crm, u32 op2s)
{
	for (u32 op2 = 0; op2 < op2s; op2++) {
		u32 enc = ENC(op0, op1, crn, crm, op2);

		report_value(read_el1(enc), "%s C%u_C%u_%u", what, crn, crm, op2);
		report_value(read_el0(enc) >> 56, "%s C%u_C%u_%u from EL0", what, crn, crm, op2);
		report_value(write_el1(enc, 0) >> 56, "%s C%u_C%u_%u written", what, crn, crm, op2);
	}
}

static void debug(void)
{
	for (u32 n = 0; n < 16; n++)
		group("debug", 2, 0, 0, n, 8);
	group("debug", 2, 0, 1, 0, 5);
	group("debug", 2, 0, 1, 1, 5);
	group("debug", 2, 0, 1, 3, 5);
	group("debug", 2, 0, 1, 4, 5);
	group("debug", 2, 0, 7, 8, 8);
	group("debug", 2, 0, 7, 9, 8);
	group("debug", 2, 0, 7, 14, 8);
	group("debug EL0", 2, 3, 0, 1, 1);
	group("debug EL0", 2, 3, 0, 4, 1);
	group("debug EL0", 2, 3, 0, 5, 1);
}

static void pmu(void)
{
	group("PMU", 3, 0, 9, 14, 3);
	group("PMU", 3, 3, 9, 12, 8);
	group("PMU", 3, 3, 9, 13, 3);
	group("PMU", 3, 3, 9, 14, 4);
	group("PMU", 3, 3, 14, 8, 8);
	group("PMU", 3, 3, 14, 12, 8);
	group("PMU", 3, 3, 14, 15, 8);
}

static void others(void)
{
	group("lor", 3, 0, 10, 4, 8);
	group("ras", 3, 0, 5, 3, 2);
	group("ras", 3, 0, 5, 4, 8);
	group("implementation", 3, 0, 15, 0, 8);
	group("implementation", 3, 1, 15, 0, 8);
	group("implementation", 3, 3, 15, 2, 8);
	group("EL2", 3, 4, 1, 0, 2);
	group("EL2", 3, 4, 1, 1, 8);
	group("EL2", 3, 4, 12, 0, 2);
	group("EL2", 3, 5, 1, 0, 3);
	group("EL3", 3, 6, 1, 0, 2);
	report_value(read_el1(ENC(3, 0, 12, 12, 5)), "ICC_SRE_EL1");
	report_value(read_el0(ENC(3, 0, 12, 12, 5)) >> 56, "ICC_SRE_EL1 from EL0");
	report_value(write_el1(ENC(3, 0, 12, 11, 5), 0) >> 56, "ICC_SGI1R_EL1 written, no target");
	report_value(write_el1(ENC(3, 0, 12, 11, 6), 0) >> 56, "ICC_ASGI1R_EL1 written");
	report_value(write_el1(ENC(3, 0, 12, 11, 7), 0) >> 56, "ICC_SGI0R_EL1 written");
	report_value(read_el1(ENC(3, 0, 12, 11, 5)) >> 56, "ICC_SGI1R_EL1 read");
	report_value(read_el1(ENC(3, 3, 14, 2, 1)) & 7, "CNTP_CTL_EL0");
	report_value(write_el1(ENC(3, 3, 14, 2, 1), 0) >> 56, "CNTP_CTL_EL0 written");
	report_value(read_el1(ENC(3, 3, 14, 3, 1)) & 7, "CNTV_CTL_EL0");
	report_value(read_el1(ENC(3, 3, 14, 0, 1)) >> 56, "CNTPCT_EL0");
	report_value(read_el1(ENC(3, 7, 14, 2, 1)) >> 56, "CNTPS_CTL_EL1");
}

/* AArch32 views and implementation space must never kill us; ACTLR reads something. */
static void instructions(void)
{
	emit(0xd4000003, RET); /* smc #0 */
	report_value(run_el1(PSCI_VERSION) >> 56, "SMC");
	emit(0xd4200000, RET); /* brk #0 */
	report_value(run_el1(0) >> 56, "BRK");
	emit(0xd4400000, RET); /* hlt #0 */
	report_value(run_el1(0) >> 56, "HLT");
	emit(0xd4000002, SVC); /* hvc #0 at EL0 */
	report_value(run_el0(PSCI_VERSION) >> 56, "HVC from EL0");
	emit(0xd41d4222, RET); /* hvc #0xea11: not Xen's */
	report_value(run_el1(0x84000000) >> 56, "HVC with another immediate");
	emit(0xd5087640, RET); /* dc isw, x0 */
	report_value(run_el1(0) >> 56, "DC ISW");
	emit(0xd5087e40, RET); /* dc cisw */
	report_value(run_el1(0) >> 56, "DC CISW");
	emit(0xd50b7420, SVC); /* dc zva from EL0, null pointer */
	report_value(run_el0(0) >> 56, "DC ZVA of nothing from EL0");
	emit(0xd508751f, RET); /* ic iallu */
	report_value(run_el1(0) >> 56, "IC IALLU");
	emit(0xd50c871f, RET); /* tlbi alle2 */
	report_value(run_el1(0) >> 56, "TLBI ALLE2");
	emit(0x00000000, RET); /* udf */
	report_value(run_el1(0) >> 56, "UDF");
	emit(0xd69f03e0, SVC); /* eret from EL0 */
	report_value(run_el0(0) >> 56, "ERET from EL0");
	emit(0x1e604000, RET); /* fmov d0, d0 with CPACR off */
	report_value(run_el1(0) >> 56, "FP while disabled");
	write_sysreg(3ul << 20, cpacr_el1);
	isb();
	report_value(run_el1(0) >> 56, "FP while enabled");
}

static void zero_register(void)
{
	asm volatile("mrs xzr, mdscr_el1\n\tmrs xzr, cntp_ctl_el0\n\tmrs xzr, "
		     "id_aa64pfr0_el1\n\tmsr mdscr_el1, xzr");
	report(true, "emulated registers to and from XZR");
}

void guest_main(void)
{
	report_prefix("sysregs");
	id_space();
	debug();
	pmu();
	others();
	instructions();
	report(true, "alive at the end");
	zero_register();
	report_summary();
}
