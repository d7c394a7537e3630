// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trapped AArch64 system registers. ID registers are answered from a table made at boot: the
 * machine's values less what Hospes does not offer, so that nothing is announced that then traps.
 * The others stand in one sorted table; what is not in it is UNDEFINED.
 */
#include <arm/cpu.h>
#include <arm/gic.h>
#include <core/console.h>
#include <domain/domain.h>
#include <virt/sysreg.h>
#include <virt/trap.h>

/* A register by its encoding, in the bits that the ISS has it: Op0 Op2 Op1 CRn CRm. */
#define REG(op0, op1, crn, crm, op2) \
	((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define REG_MASK REG(3, 7, 15, 15, 7)
#define ISS_RT(iss) ((iss) >> 5 & 31)
#define ISS_READ 1U
#define ISS_CRM(iss) ((iss) >> 1 & 15)
#define ISS_OP2(iss) ((iss) >> 17 & 7)
/* op0 3, op1 0, CRn 0: the ID registers */
#define IS_ID_READ(iss) \
	(((iss) & (REG(3, 7, 15, 0, 0) | ISS_READ)) == (REG(3, 0, 0, 0, 0) | ISS_READ))
#define REG_SGI1R REG(3, 0, 12, 11, 5)

static u64 id_values[128]; /* [CRm << 3 | op2] */

#define KEEP_ALL ~0UL
#define NIB(n) (0xfUL << (n))

/* What guests may see of each ID register. A register that is not here reads as zero. */
static const struct id_reg {
	u8 crm, op2;
	u64 keep;
} id_regs[] = {
	{ 1, 0, 0x0f00ffff }, /* ID_PFR0: no RAS, no AMU */
	/* ID_PFR1: no Security, no Virtualization */
	{ 1, 1, NIB(28) | NIB(16) | NIB(0) | NIB(8) },
	{ 1, 2, NIB(0) | NIB(8) }, /* ID_DFR0: debug only: no PMU, no trace */
	/* ID_MMFR0..3 */
	{ 1, 4, KEEP_ALL },
	{ 1, 5, KEEP_ALL },
	{ 1, 6, KEEP_ALL },
	{ 1, 7, KEEP_ALL },
	/* ID_ISAR0..5 */
	{ 2, 0, KEEP_ALL },
	{ 2, 1, KEEP_ALL },
	{ 2, 2, KEEP_ALL },
	{ 2, 3, KEEP_ALL },
	{ 2, 4, KEEP_ALL },
	{ 2, 5, KEEP_ALL },
	/* ID_MMFR4: XNX no; HPDS.. that EL1 has by itself */
	{ 2, 6, NIB(12) | NIB(16) | NIB(20) },
	{ 2, 7, KEEP_ALL }, /* ID_ISAR6 */
	{ 3, 0, KEEP_ALL },
	{ 3, 1, KEEP_ALL },
	{ 3, 2, KEEP_ALL },	   /* MVFR0..2 */
	{ 3, 4, NIB(0) | NIB(4) }, /* ID_PFR2: CSV3, SSBS */
	/*
	 * ID_AA64PFR0: EL0, EL1, FP, AdvSIMD, GIC, DIT, CSV2, CSV3; no EL2, EL3, RAS, SVE, MPAM,
	 * AMU, RME
	 */
	{ 4, 0, NIB(0) | NIB(4) | NIB(16) | NIB(20) | NIB(24) | NIB(48) | NIB(56) | NIB(60) },
	{ 4, 1, NIB(0) | NIB(4) }, /* ID_AA64PFR1: BT, SSBS; no MTE, SME */
	/* ID_AA64DFR0: debug version and breakpoints, double lock; no PMU, trace, SPE */
	{ 5, 0, NIB(0) | NIB(12) | NIB(20) | NIB(28) | NIB(36) },
	{ 6, 0, ~NIB(24) }, /* ID_AA64ISAR0: no TME */
	/* ID_AA64ISAR1: no pointer authentication, XS, LS64 */
	{ 6, 1, KEEP_ALL & ~(NIB(4) | NIB(8) | NIB(24) | NIB(28) | NIB(56) | NIB(60)) },
	{ 6, 2, NIB(4) | NIB(20) | NIB(28) }, /* ID_AA64ISAR2: RPRES, BC, CLRBHB; no WFxT, MOPS */
	/* ID_AA64MMFR0: sizes and granules of stage 1; no FGT, ECV */
	{ 7, 0, NIB(0) | NIB(4) | NIB(8) | NIB(16) | NIB(20) | NIB(24) | NIB(28) },
	/* ID_AA64MMFR1: HAFDBS HPDS PAN ETS AFP nTLBPA ECBHB */
	{ 7, 1, NIB(0) | NIB(12) | NIB(20) | NIB(36) | NIB(44) | NIB(48) | NIB(60) },
	/* ID_AA64MMFR2 */
	{ 7, 2, NIB(4) | NIB(8) | NIB(20) | NIB(28) | NIB(32) | NIB(48) | NIB(52) | NIB(60) },
};

/* No guest has more physical address bits than stage 2 translates, nor 52-bit addresses (LPA2). */
static u64 limit_mmfr0(u64 v)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	u64 parange = min(v & 0xf, 6UL);

	while (parange && bits[parange] > cpu_ipa_bits)
		parange--;
	v = (v & ~NIB(0)) | parange;
	if ((v >> 28 & 0xf) == 1)
		v &= ~NIB(28); /* 4 KiB granule: yes, without LPA2 */
	if ((v >> 20 & 0xf) == 2)
		v = (v & ~NIB(20)) | 1UL << 20; /* 16 KiB likewise */
	return v;
}

void sysreg_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(id_regs); i++) {
		const struct id_reg *r = &id_regs[i];

		id_values[r->crm << 3 | r->op2] = read_id_reg(r->crm, r->op2) & r->keep;
	}
	id_values[7 << 3] = limit_mmfr0(id_values[7 << 3]);
	if (gic_info.version != 3) {
		id_values[4 << 3] &= ~NIB(24);
		id_values[1 << 3 | 1] &= ~NIB(28);
	}
}

typedef u64 read_fn(struct vcpu *v, u32 arg);
typedef void write_fn(struct vcpu *v, u32 arg, u64 val);

static u64 read_zero(struct vcpu *v, u32 arg)
{
	return 0;
}

static u64 read_const(struct vcpu *v, u32 arg)
{
	return arg;
}

static void write_ignore(struct vcpu *v, u32 arg, u64 val)
{
}

static u64 read_cntp(struct vcpu *v, u32 arg)
{
	return vtimer_read_phys(v, arg);
}

static void write_cntp(struct vcpu *v, u32 arg, u64 val)
{
	vtimer_write_phys(v, arg, val);
}

static void write_sgi(struct vcpu *v, u32 arg, u64 val)
{
	vgic_sgi1r(v, val);
}

static void write_dir(struct vcpu *v, u32 arg, u64 val)
{
	vgic_dir(v, val);
}

#define MDSCR_SS BIT(0)
#define MDSCR_TDCC BIT(12)

static u64 read_mdscr(struct vcpu *v, u32 arg)
{
	return read_sysreg(mdscr_el1);
}

/*
 * Single-step works in guests; breakpoints and watchpoints are not offered, so their enables stay
 * off.
 */
static void write_mdscr(struct vcpu *v, u32 arg, u64 val)
{
	write_sysreg(val & (MDSCR_SS | MDSCR_TDCC | BIT(13)), mdscr_el1);
}

enum { EL0_TOO = 1, GICV3 = 2 };

/*
 * Sorted by the encoding as REG() has it: Op0, Op2, Op1, CRn, CRm. `last`: the entry covers up to
 * this CRm. NULL: UNDEFINED.
 */
static const struct sysreg {
	u32 reg;
	u8 flags;
	u32 arg;
	read_fn *read;
	write_fn *write;
} sysregs[] = {
	{ REG(2, 0, 0, 2, 2), 0, 0, read_mdscr, write_mdscr }, /* MDSCR_EL1 */
	{ REG(2, 0, 1, 0, 4), 0, 0, NULL, write_ignore },      /* OSLAR_EL1 */
	/* OSLSR_EL1: lock implemented, open */
	{ REG(2, 0, 1, 1, 4), 0, BIT(3), read_const, NULL },
	{ REG(2, 0, 1, 3, 4), 0, 0, read_zero, write_ignore }, /* OSDLR_EL1 */
	{ REG(2, 0, 1, 4, 4), 0, 0, read_zero, write_ignore }, /* DBGPRCR_EL1 */
	/* PMUSERENR_EL0: old kernels write it unasked */
	{ REG(3, 3, 9, 14, 0), 0, 0, read_zero, write_ignore },
	{ REG(3, 3, 14, 2, 0), EL0_TOO, CNTP_TVAL, read_cntp, write_cntp },
	{ REG(3, 0, 1, 0, 1), 0, 0, read_zero, write_ignore }, /* ACTLR_EL1 */
	{ REG(3, 0, 12, 11, 1), GICV3, 0, NULL, write_dir },   /* ICC_DIR_EL1 */
	{ REG(3, 3, 14, 2, 1), EL0_TOO, CNTP_CTL, read_cntp, write_cntp },
	{ REG(3, 3, 14, 2, 2), EL0_TOO, CNTP_CVAL, read_cntp, write_cntp },
	{ REG(3, 0, 12, 11, 5), GICV3, 0, NULL, write_sgi }, /* ICC_SGI1R_EL1 */
	{ REG(3, 0, 12, 11, 6), GICV3, 0, NULL, write_sgi }, /* ICC_ASGI1R_EL1 */
	{ REG(3, 0, 12, 11, 7), GICV3, 0, NULL, write_sgi }, /* ICC_SGI0R_EL1 */
};

static const struct sysreg *find(u32 reg)
{
	unsigned lo = 0, hi = ARRAY_SIZE(sysregs);

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (sysregs[mid].reg == reg)
			return &sysregs[mid];
		if (sysregs[mid].reg < reg)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/*
 * Debug registers that are there but not offered (breakpoints, watchpoints, communication channel):
 * read as zero, ignore writes, as on Xen.
 */
static bool is_plain_debug(u32 reg)
{
	u32 op1 = reg >> 14 & 7;

	return (reg >> 20) == 2 &&
	       ((op1 == 0 && (reg >> 10 & 15) <= 1) || (op1 == 0 && (reg >> 10 & 15) == 7) ||
		(op1 == 3 && !(reg >> 10 & 15)));
}

static void set_result(struct vcpu *v, unsigned rt, u64 val)
{
	if (rt != 31)
		v->x[rt] = val;
}

static inline void skip(struct vcpu *v)
{
	v->pc += 4;
	v->pstate &= ~PSR_SS;
}

static __attribute__((noinline)) void slow_trap(struct vcpu *v, u32 iss)
{
	const struct sysreg *r = find(iss & REG_MASK);
	bool el0 = (v->pstate & PSR_MODE_MASK) == PSR_MODE_EL0T;
	unsigned rt = ISS_RT(iss);

	/*
	 * EL0 has the communication channel's (Op1 3), unless MDSCR_EL1.TDCC sends it to EL1 before
	 * it gets here.
	 */
	if (!r && is_plain_debug(iss & REG_MASK) && (!el0 || (iss >> 14 & 7) == 3)) {
		if (iss & ISS_READ)
			set_result(v, rt, 0);
	} else if (!r || (el0 && !(r->flags & EL0_TOO)) ||
		   ((r->flags & GICV3) && v->domain->vgic.version != 3)) {
		inject_undef(v);
		return;
	} else if (iss & ISS_READ) {
		if (!r->read) {
			inject_undef(v);
			return;
		}
		set_result(v, rt, r->read(v, r->arg));
	} else {
		if (!r->write) {
			inject_undef(v);
			return;
		}
		r->write(v, r->arg, rt == 31 ? 0 : v->x[rt]);
	}
	skip(v);
}

static __attribute__((noinline)) void sgi1r_trap(struct vcpu *v, u32 iss)
{
	vgic_sgi1r(v, ISS_RT(iss) == 31 ? 0 : v->x[ISS_RT(iss)]);
	skip(v);
}

void sysreg_trap(struct vcpu *v, u64 esr)
{
	u32 iss = ESR_ISS(esr);

	/* The two that matter: interrupts between vCPUs, and ID registers. */
	if (likely((iss & (REG_MASK | ISS_READ)) == REG_SGI1R && v->domain->vgic.version == 3)) {
		sgi1r_trap(v, iss);
	} else if (likely(IS_ID_READ(iss) && ISS_CRM(iss) &&
			  (v->pstate & PSR_MODE_MASK) != PSR_MODE_EL0T)) {
		set_result(v, ISS_RT(iss), id_values[ISS_CRM(iss) << 3 | ISS_OP2(iss)]);
		skip(v);
	} else {
		slow_trap(v, iss);
	}
}
