// SPDX-License-Identifier: GPL-2.0-only
/*
 * AArch32 at EL0 under a 64-bit kernel: every coprocessor register that an instruction can name
 * (MRC, MCR, MRRC, MCRR, LDC, STC on CP15 and CP14, VMRS and VMSR), what only privileged code may
 * execute, and emulated accesses within IT blocks. All that does not end as undefined is named and
 * compared with real Xen; the rest is counted. Instructions lie in a page of their own below 4 GiB.
 */
#include "guest.h"

#define CODE_VA 0xc0000000ul /* nothing of the machine's is there */
#define SLOTS 512	     /* of two words: the instruction, SVC */
#define TRAPPED (1ul << 63)  /* then the exception class in bits 61:56 */
#define UNDEFINED (TRAPPED)
#define PSR_USR 0x1d0 /* AArch32 User, A32, interrupts masked */
#define PSR_THUMB 0x20
#define SVC_A32 0xef000000

#define PAGE 0x3ul
#define TABLE 0x3ul
#define READ_ONLY_EL0 (3ul << 6)
#define AF (1ul << 10)
#define SH (3ul << 8)
#define PXN (1ul << 53)

static u32 code[2 * SLOTS] __page_aligned;
static u64 level2[512] __page_aligned, level3[512] __page_aligned;

static void map_code(void)
{
	level3[0] = virt_to_phys(code) | PAGE | READ_ONLY_EL0 | AF | SH | PXN;
	level2[0] = virt_to_phys(level3) | TABLE;
	WRITE_ONCE(table_low[CODE_VA >> 30], virt_to_phys(level2) | TABLE);
	asm volatile("dsb ishst; tlbi vmalle1; dsb ish; isb" ::: "memory");
}

/* What was written to code[] can be executed. */
static void publish(void)
{
	for (u64 a = (u64)code; a < (u64)code + sizeof(code); a += 16)
		asm volatile("dc cvau, %0" ::"r"(a) : "memory");
	asm volatile("dsb ish; ic ialluis; dsb ish; isb" ::: "memory");
}

static u64 run_at(u64 va, u64 arg, u64 psr)
{
	u64 out = 0;

	if (FAULTS(out = el0_enter(va, arg, psr)))
		return TRAPPED | (u64)fault_class() << 56;
	return (u32)out;
}

/* --- sweeps: n instructions made by make(i), a page at a time --- */

typedef u32 make_fn(u32 i);
typedef void told_fn(u32 i, u64 result);

static u32 sweep(u32 n, make_fn *make, told_fn *told)
{
	u32 undefined = 0;

	for (u32 first = 0; first < n; first += SLOTS) {
		for (u32 i = 0; i < SLOTS; i++) {
			code[2 * i] = make(first + i);
			code[2 * i + 1] = SVC_A32;
		}
		publish();
		for (u32 i = 0; i < SLOTS && first + i < n; i++) {
			u64 r = run_at(CODE_VA + 8 * i, 0x5a5a, PSR_USR);

			if (r == UNDEFINED)
				undefined++;
			else
				told(first + i, r);
		}
	}
	return undefined;
}

static const char *round_name;
static u32 coproc, is_read;

/* i: op1 3, CRn 4, CRm 4, op2 3 bits */
#define OP1(i) ((i) >> 11 & 7)
#define CRN(i) ((i) >> 7 & 15)
#define CRM(i) ((i) >> 3 & 15)
#define OP2(i) (7 & (i))
#define NR_32 (1u << 14)

static u32 make_32(u32 i)
{
	return 0xee000010 | is_read << 20 | coproc << 8 | OP1(i) << 21 | CRN(i) << 16 |
	       OP2(i) << 5 | CRM(i);
}

/* Counters and the timers' values differ from run to run. */
static u64 shown(u32 crn, u64 r)
{
	return !is_read || (coproc == 15 && crn == 14 && !(r & TRAPPED)) ? r & ~0xfffffffful : r;
}

static void told_32(u32 i, u64 r)
{
	report_value(shown(CRN(i), r), "%s p%u %s %u,c%u,c%u,%u", round_name, coproc,
		     is_read ? "read" : "written", OP1(i), CRN(i), CRM(i), OP2(i));
}

/* i: op1 4, CRm 4 bits */
#define NR_64 256u

static u32 make_64(u32 i)
{
	return 0xec400000 | is_read << 20 | 1 << 16 | coproc << 8 | (i >> 4 & 15) << 4 | (i & 15);
}

static void told_64(u32 i, u64 r)
{
	report_value(shown(i & 15, r), "%s p%u %s %u,c%u (64 bits)", round_name, coproc,
		     is_read ? "read" : "written", i >> 4, i & 15);
}

static void coprocessors(const char *name)
{
	round_name = name;
	for (coproc = 14; coproc <= 15; coproc++)
		for (is_read = 0; is_read < 2; is_read++) {
			report_value(sweep(NR_32, make_32, told_32), "%s p%u %s: undefined of %u",
				     name, coproc, is_read ? "read" : "written", NR_32);
			report_value(sweep(NR_64, make_64, told_64),
				     "%s p%u %s, 64 bits: undefined of %u", name, coproc,
				     is_read ? "read" : "written", NR_64);
		}
}

/* i: load 1, register 4 bits */
static u32 make_dtr(u32 i)
{
	/* LDC, STC p14, c<n>, [r0] */
	return 0xed800e00 | (i >> 4 & 1) << 20 | (i & 15) << 12;
}

static void told_dtr(u32 i, u64 r)
{
	report_value(r >> 56, "%s p14,c%u", i >> 4 ? "LDC" : "STC", i & 15);
}

/* i: read 1, register 4 bits */
static u32 make_fp(u32 i)
{
	return 0xeee00a10 | (i >> 4 & 1) << 20 | (i & 15) << 16;
}

static void told_fp(u32 i, u64 r)
{
	report_value(i >> 4 ? r : r >> 56, "%s %s %u", round_name, i >> 4 ? "VMRS" : "VMSR",
		     i & 15);
}

static void floating_point(void)
{
	write_sysreg(0, cpacr_el1);
	isb();
	round_name = "FP off:";
	report_value(sweep(32, make_fp, told_fp), "FP off: undefined of 32");
	write_sysreg(3ul << 20, cpacr_el1);
	isb();
	round_name = "FP on:";
	report_value(sweep(32, make_fp, told_fp), "FP on: undefined of 32");
}

/* --- single instructions --- */

static const struct {
	const char *name;
	u32 insn;
} singles[] = {
	{ "HVC", 0xe1400070 },
	{ "SMC", 0xe1600070 },
	{ "UDF", 0xe7f000f0 },
	{ "BKPT", 0xe1200070 },
	{ "ERET", 0xe160006e },
	{ "WFI", 0xe320f003 },
	{ "WFE", 0xe320f002 },
	{ "YIELD", 0xe320f001 },
	{ "CPSID aif", 0xf10c01c0 },
	{ "SETEND be, le", 0xf1010000 },
	{ "RFE", 0xf8900a00 },
	{ "SRS", 0xf84d0513 },
	{ "MRS spsr", 0xe14f0000 },
	{ "MSR spsr", 0xe169f000 },
	{ "MRS elr_hyp", 0xe10e0300 },
	{ "MRS spsr_und", 0xe1460300 },
	{ "CDP p15", 0xee000f00 },
	{ "CDP p14", 0xee000e00 },
	{ "HVC, condition false", 0x01400070 },
	{ "SMC, condition false", 0x01600070 },
	{ "MRC of SCTLR, condition false", 0x0e110f10 },
	{ "MRRC of CNTP_CVAL, condition false", 0x0c510f2e },
	{ "MRC of DBGDIDR, condition false", 0x0e100e10 },
	{ "VMRS of FPSCR, condition false", 0x0ef10a10 },
};

static void single(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(singles); i++) {
		code[0] = singles[i].insn;
		code[1] = i == 9 ? 0xf1010000 : SVC_A32;
		code[2] = SVC_A32;
		publish();
		report_value(run_at(CODE_VA, 0x5a5a, PSR_USR) >> 56, "%s", singles[i].name);
	}
}

/*
 * MRC of CNTP_CTL in an IT block, which the hypervisor emulates: what comes after it in the block
 * is executed or not as the condition says, and the instruction after the block always. T32:
 * half-words in order.
 */
static void it_block(bool taken)
{
	u16 *t = (u16 *)code;
	u64 r;

	*t++ = 0x2800; /* cmp r0, #0 */
	*t++ = 0xbf01; /* itttt eq */
	*t++ = 0xee1e;
	*t++ = 0x1f32; /* mrceq p15, 0, r1, c14, c2, 1 */
	*t++ = 0x3001; /* addeq r0, #1 */
	*t++ = 0xee1e;
	*t++ = 0x1f32;
	*t++ = 0x3002; /* addeq r0, #2 */
	*t++ = 0x3010; /* adds r0, #16 */
	*t++ = 0xdf00; /* svc */
	publish();
	r = run_at(CODE_VA, taken ? 0 : 64, PSR_USR | PSR_THUMB);
	report(r == (taken ? 19 : 80), "IT block, condition %s: %lx", taken ? "true" : "false", r);
}

void guest_main(void)
{
	report_prefix("aarch32");
	if ((read_sysreg(id_aa64pfr0_el1) & 0xf) != 2) {
		report_skip("no AArch32 at EL0");
		report_summary();
		return;
	}
	map_code();
	single();
	coprocessors("closed:");
	write_sysreg(0x303, cntkctl_el1); /* counters and timers are EL0's, too */
	isb();
	coprocessors("open:");
	it_block(true);
	it_block(false);
	report_value(sweep(32, make_dtr, told_dtr), "LDC, STC: undefined of 32");
	floating_point();
	report(true, "alive at the end");
	report_summary();
}
