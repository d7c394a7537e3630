// SPDX-License-Identifier: GPL-2.0-only
/*
 * AArch32 at EL1 and EL0: trapped coprocessor registers (CP15, CP14), conditional instructions. The
 * same meaning as in sysreg.c under the names that MRC and MCRR use.
 */
#include <domain/domain.h>
#include <virt/sysreg.h>
#include <virt/trap.h>

/* ISS of MCR/MRC: CV COND Opc2 Opc1 CRn Rt CRm Dir; of MCRR/MRRC: CV COND Opc1 Rt2 Rt CRm Dir */
#define CP(opc1, crn, crm, opc2) ((opc2) << 17 | (opc1) << 14 | (crn) << 10 | (crm) << 1)
#define CP_MASK CP(7, 15, 15, 7)
#define CP64(opc1, crm) ((opc1) << 16 | (crm) << 1)
#define CP64_MASK CP64(15, 15)

bool psr32_condition(u64 psr, u32 iss)
{
	bool n = psr >> 31 & 1, z = psr >> 30 & 1, c = psr >> 29 & 1, o = psr >> 28 & 1, r;
	unsigned cond;

	if (iss >> 24 & 1) {
		cond = iss >> 20 & 15;
	} else {
		unsigned it = (unsigned)((psr >> 8 & 0xfc) | (psr >> 25 & 3));

		if (!(psr & BIT(5)) || !it)
			return true;
		cond = it >> 4;
	}
	switch (cond >> 1) {
	case 0: r = z; break;
	case 1: r = c; break;
	case 2: r = n; break;
	case 3: r = o; break;
	case 4: r = c && !z; break;
	case 5: r = n == o; break;
	case 6: r = !z && n == o; break;
	default: return true;
	}
	return r != (cond & 1);
}

u64 psr32_advance_it(u64 psr)
{
	unsigned it = (unsigned)((psr >> 8 & 0xfc) | (psr >> 25 & 3));

	if (!(psr & BIT(5)) || !it)
		return psr;
	it = it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0;
	return (psr & ~0x0600fc00UL) | (u64)(it & 0xfc) << 8 | (u64)(it & 3) << 25;
}

static bool access64(struct vcpu *v, u32 iss, u64 *val, bool read)
{
	switch (iss & CP64_MASK) {
	case CP64(2, 14): /* CNTP_CVAL */
		if (read)
			*val = vtimer_read_phys(v, CNTP_CVAL);
		else
			vtimer_write_phys(v, CNTP_CVAL, *val);
		return true;
	case CP64(0, 12): /* ICC_SGI1R, ICC_ASGI1R, ICC_SGI0R */
	case CP64(1, 12):
	case CP64(2, 12):
		if (read || v->domain->vgic.version != 3)
			return false;
		vgic_sgi1r(v, *val);
		return true;
	}
	return false;
}

static bool access32(struct vcpu *v, u32 iss, u64 *val, bool read)
{
	switch (iss & CP_MASK) {
	case CP(0, 14, 2, 0): /* CNTP_TVAL, CNTP_CTL */
	case CP(0, 14, 2, 1): {
		unsigned reg = (iss & CP_MASK) == CP(0, 14, 2, 0) ? CNTP_TVAL : CNTP_CTL;

		if (read)
			*val = (u32)vtimer_read_phys(v, reg);
		else
			vtimer_write_phys(v, reg, (u32)*val);
		return true;
	}
	case CP(0, 12, 11, 1): /* ICC_DIR */
		if (read || v->domain->vgic.version != 3)
			return false;
		vgic_dir(v, *val);
		return true;
	case CP(0, 1, 0, 1): /* ACTLR, ACTLR2 */
	case CP(0, 1, 0, 3):
	case CP(0, 9, 14, 0): /* PMUSERENR */ *val = 0; return true;
	}
	return false;
}

/*
 * Debug registers: the same as in AArch64, read as zero and ignore writes; DBGOSLSR says that the
 * lock is there and open.
 */
static bool access_debug(u32 iss, u64 *val, bool read)
{
	if ((iss >> 14 & 7) != 0 || (iss >> 10 & 15) > 7)
		return false;
	if (read)
		*val = (iss & CP_MASK) == CP(0, 1, 1, 4) ? BIT(3) : 0;
	return true;
}

void sysreg32_trap(struct vcpu *v, u64 esr)
{
	u32 iss = ESR_ISS(esr);
	bool read = iss & 1, two = ESR_EC(esr) == EC_CP15_64 || ESR_EC(esr) == EC_CP14_64, ok;
	/* the AArch64 view of the register */
	unsigned rt = iss >> 5 & 31, rt2 = iss >> 10 & 31;
	u64 val = two ? (u32)v->x[rt] | v->x[rt2] << 32 : (u32)v->x[rt];

	if (psr32_condition(v->pstate, iss)) {
		if (ESR_EC(esr) == EC_CP15_64)
			ok = access64(v, iss, &val, read);
		else if (ESR_EC(esr) == EC_CP15_32)
			ok = access32(v, iss, &val, read);
		else
			ok = !two && access_debug(iss, &val, read);
		if (!ok) {
			inject_undef(v);
			return;
		}
		if (read)
			v->x[rt] = (u32)val;
		if (read && two)
			v->x[rt2] = val >> 32;
	}
	v->pc += esr & ESR_IL ? 4 : 2;
	v->pstate = psr32_advance_it(v->pstate) & ~PSR_SS;
}
