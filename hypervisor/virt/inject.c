// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions for a guest, taken the way the Arm ARM's AArch64.TakeException and AArch32 pseudocode
 * do. v is current: its EL1 state is in the hardware.
 */
#include <domain/domain.h>
#include <virt/trap.h>

#define PSR_NZCV (0xfUL << 28)
#define PSR_DIT BIT(24)
#define PSR_PAN BIT(22)
#define SCTLR_SPAN BIT(23)
#define SCTLR32_V BIT(13)
#define SCTLR32_TE BIT(30)
#define SCTLR32_EE BIT(25)
#define PSR32_T BIT(5)
#define PSR32_E BIT(9)
#define PSR32_IT 0x0600fc00UL

static unsigned from_offset(u64 pstate)
{
	if (pstate & PSR_MODE32)
		return 0x600;
	if ((pstate & PSR_MODE_MASK) == PSR_MODE_EL0T)
		return 0x400;
	return (pstate & 1) ? 0x200 : 0;
}

static void take64(struct vcpu *v, u64 esr)
{
	u64 keep = v->pstate & (PSR_NZCV | PSR_DIT | PSR_PAN);

	if (cpu_has_pan && !(read_sysreg(sctlr_el1) & SCTLR_SPAN))
		keep |= PSR_PAN;
	write_sysreg(v->pc, elr_el1);
	write_sysreg(v->pstate, spsr_el1);
	write_sysreg(esr, esr_el1);
	v->pc = read_sysreg(vbar_el1) + from_offset(v->pstate);
	v->pstate = keep | PSR_D | PSR_A | PSR_I | PSR_F | PSR_MODE_EL1H;
}

/* Returns the old CPSR. lr: banked link register's place in x[]. */
static u64 take32(struct vcpu *v, unsigned mode, unsigned vector, unsigned lr, u64 ret)
{
	u64 sctlr = read_sysreg(sctlr_el1), old = v->pstate;

	v->x[lr] = (u32)ret;
	v->pc = (sctlr & SCTLR32_V ? 0xffff0000UL : read_sysreg(vbar_el1)) + vector;
	v->pstate = (old & ~(0x1fUL | PSR32_T | PSR32_E | PSR32_IT)) | PSR_MODE32 | mode | PSR_I |
		    (mode == 0x17 ? PSR_A : 0) | (sctlr & SCTLR32_TE ? PSR32_T : 0) |
		    (sctlr & SCTLR32_EE ? PSR32_E : 0);
	return old;
}

void inject_undef(struct vcpu *v)
{
	if (!v->domain->aarch32) {
		take64(v, (u64)EC_UNKNOWN << 26 | ESR_IL);
		return;
	}
	write_sysreg(take32(v, 0x1b, 0x04, 22, v->pc + (v->pstate & PSR32_T ? 2 : 4)), spsr_und);
}

void inject_abort(struct vcpu *v, u64 far, bool instr)
{
	bool from_el0 = (v->pstate & PSR_MODE_MASK) == PSR_MODE_EL0T;
	/* synchronous external abort, not on a walk */
	u64 ec = instr ? EC_IABT_LOW : EC_DABT_LOW, fsc = 0x10;

	if (!v->domain->aarch32) {
		write_sysreg(far, far_el1);
		take64(v, (ec + (from_el0 ? 0 : 1)) << 26 | ESR_IL | fsc);
		return;
	}
	if (instr) {
		write_sysreg((read_sysreg(far_el1) & 0xffffffffUL) | far << 32, far_el1);
		write_sysreg(read_sysreg(tcr_el1) >> 31 & 1 ? 0x210 : 0x8, ifsr32_el2);
		write_sysreg(take32(v, 0x17, 0x0c, 20, v->pc + 4), spsr_abt);
	} else {
		write_sysreg((read_sysreg(far_el1) & ~0xffffffffUL) | (far & 0xffffffffUL),
			     far_el1);
		write_sysreg(read_sysreg(tcr_el1) >> 31 & 1 ? 0x210 : 0x8, esr_el1);
		write_sysreg(take32(v, 0x17, 0x10, 20, v->pc + 8), spsr_abt);
	}
}
