// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a trap to its handler by the exception class (one const table), emulated MMIO, stage-2
 * faults. Handlers run on the vCPU that trapped; only this file and sysreg.c move its PC past an
 * emulated instruction.
 */
#include <core/console.h>
#include <domain/domain.h>
#include <hypercall/hypercall.h>
#include <virt/sysreg.h>
#include <virt/trap.h>

#define HVC_XEN 0xea1

/* ISS of a data abort */
#define DABT_ISV BIT(24)
#define DABT_SAS(iss) ((iss) >> 22 & 3)
#define DABT_SSE BIT(21)
#define DABT_SRT(iss) ((iss) >> 16 & 31)
#define DABT_SF BIT(15)
#define DABT_CM BIT(8)
#define ABT_S1PTW BIT(7)
#define DABT_WNR BIT(6)
#define ABT_FSC_TYPE(iss) (0x3c & (iss))
#define FSC_TRANSLATION 0x04
#define FSC_ACCESS 0x08
#define FSC_PERMISSION 0x0c

typedef void trap_handler(struct vcpu *v, u64 esr);

static void skip(struct vcpu *v, u64 esr)
{
	v->pc += 2 + (esr >> 24 & 2); /* IL: bit 25 */
	if (unlikely(v->pstate & PSR_MODE32))
		v->pstate = psr32_advance_it(v->pstate);
	v->pstate &= ~PSR_SS;
}

/* AArch32 instructions may be conditional, and trap even if the condition fails. */
static bool condition_failed(struct vcpu *v, u64 esr)
{
	return unlikely(v->pstate & PSR_MODE32) && !psr32_condition(v->pstate, ESR_ISS(esr));
}

static void wfx(struct vcpu *v, u64 esr)
{
	skip(v, esr);
	if (condition_failed(v, esr))
		return;
	if (esr & 1)
		vcpu_yield(v);
	else
		vcpu_block(v);
}

static void hvc(struct vcpu *v, u64 esr)
{
	unsigned imm = (unsigned)esr & 0xffff;

	if (imm == HVC_XEN)
		hypercall_trap32(v); /* from AArch64 it does not come here */
	else if (imm == 0)
		psci_call(v);
	else
		inject_undef(v);
}

/* Trapped before it executed, unlike HVC. */
static void smc(struct vcpu *v, u64 esr)
{
	if (condition_failed(v, esr)) {
		skip(v, esr);
		return;
	}
	if (esr & 0xffff) {
		inject_undef(v);
		return;
	}
	skip(v, esr);
	psci_call(v);
}

static void fp(struct vcpu *v, u64 esr)
{
	vcpu_fp_trap(v);
}

static void undefined(struct vcpu *v, u64 esr)
{
	inject_undef(v);
}

static const struct mmio_range *find_mmio(const struct domain *d, gpa_t gpa)
{
	for (const struct mmio_range *r = d->mmio; r < d->mmio + d->nr_mmio; r++)
		if (gpa - r->base < r->size)
			return r;
	return NULL;
}

static u64 sign_extend(u64 val, unsigned size, bool to64)
{
	unsigned shift = 64 - 8 * size;

	val = (u64)((s64)(val << shift) >> shift);
	return to64 ? val : (u32)val;
}

/* Without a syndrome, or unaligned: not for emulated registers. */
static inline bool is_plain(u64 esr, u64 offset)
{
	return (esr & DABT_ISV) && !(offset & ((1U << DABT_SAS(esr)) - 1));
}

static inline void mmio_end(struct vcpu *v, u64 esr, bool ok)
{
	if (likely(ok))
		skip(v, esr);
	else if (!vgic_take_retry(&v->vgic))
		inject_abort(v, read_sysreg(far_el2), false);
}

static __attribute__((noinline)) void mmio_read(struct vcpu *v, const struct mmio_range *r,
						u64 offset, u64 esr)
{
	unsigned size = 1U << DABT_SAS(esr), srt = DABT_SRT(esr);
	u64 val = 0;
	bool ok = is_plain(esr, offset) && r->read(v, r->priv, offset, size, &val);

	if (esr & DABT_SSE)
		val = sign_extend(val, size, esr & DABT_SF);
	if (ok && srt != 31)
		v->x[srt] = val;
	mmio_end(v, esr, ok);
}

static __attribute__((noinline)) void mmio_write(struct vcpu *v, const struct mmio_range *r,
						 u64 offset, u64 esr)
{
	unsigned size = 1U << DABT_SAS(esr), srt = DABT_SRT(esr);
	u64 val = srt == 31 ? 0 : v->x[srt] & ~0UL >> (64 - 8 * size);

	mmio_end(v, esr, is_plain(esr, offset) && r->write(v, r->priv, offset, size, val));
}

static inline gpa_t hpfar_gpa(u64 far)
{
	return (read_sysreg(hpfar_el2) & 0xffffffffff0UL) << 8 | (far & ~PAGE_MASK);
}

/*
 * The guest physical address of a stage-2 fault; HPFAR_EL2 does not hold it for a permission fault
 * outside a walk.
 */
static bool fault_gpa(u64 esr, u64 far, gpa_t *gpa)
{
	u32 iss = ESR_ISS(esr);

	if (ABT_FSC_TYPE(iss) == FSC_PERMISSION && !(iss & ABT_S1PTW))
		return !gva_to_gpa(far, false, gpa);
	*gpa = hpfar_gpa(far);
	return true;
}

/*
 * Memory that is not there, or not for this access. Another CPU may have been replacing the entry
 * (break-before-make): then the access is simply tried again.
 */
static void stage2_abort(struct vcpu *v, u64 esr, bool instr)
{
	u64 far = read_sysreg(far_el2);
	u32 iss = ESR_ISS(esr);
	gpa_t gpa;
	bool write;

	switch (ABT_FSC_TYPE(iss)) {
	case FSC_TRANSLATION:
	case FSC_ACCESS:
	case FSC_PERMISSION: break;
	default: /* external aborts and the like: the guest's own access failed */
		inject_abort(v, far, instr);
		return;
	}
	if (!fault_gpa(esr, far, &gpa))
		return; /* its stage 1 changed meanwhile: again */
	/*
	 * Cache maintenance reports WnR whatever it needs; where it needs to write (DC IVAC), a
	 * missing right is a permission fault.
	 */
	write = !instr && (iss & DABT_WNR) &&
		(!(iss & DABT_CM) || ABT_FSC_TYPE(iss) == FSC_PERMISSION);
	if (p2m_access_ok(v->domain, gpa, write, instr && !(iss & ABT_S1PTW)))
		return;
	if (!instr && (iss & DABT_CM)) {
		/* maintenance of memory that is not there, or never written, has nothing to do */
		skip(v, esr);
		return;
	}
	inject_abort(v, far, instr);
}

static void data_abort(struct vcpu *v, u64 esr)
{
	const struct mmio_range *r;
	u64 gpa;

	/* Nearly always emulated registers, where nothing is mapped. */
	if (likely((esr & (0x3c | ABT_S1PTW)) == FSC_TRANSLATION)) {
		gpa = hpfar_gpa(read_sysreg(far_el2));
		r = find_mmio(v->domain, gpa);
		if (likely(r)) {
			if (esr & DABT_WNR)
				mmio_write(v, r, gpa - r->base, esr);
			else
				mmio_read(v, r, gpa - r->base, esr);
			return;
		}
	}
	stage2_abort(v, esr, false);
}

static void instruction_abort(struct vcpu *v, u64 esr)
{
	stage2_abort(v, esr, true);
}

/* By exception class; what is not here never comes from a lower level. */
static trap_handler *const handlers[64] = {
	[EC_UNKNOWN] = undefined,
	[EC_WFX] = wfx,
	[EC_CP15_32] = sysreg32_trap,
	[EC_CP15_64] = sysreg32_trap,
	[EC_CP14_32] = sysreg32_trap,
	[EC_CP14_LS] = undefined,
	[EC_FP] = fp,
	[EC_CP10_ID] = undefined,
	[0x09] = undefined, /* pointer authentication */
	[0x0a] = undefined, /* LD64B and the like */
	[EC_CP14_64] = sysreg32_trap,
	/* branch target: taken to EL2 only by our mistake, the guest's anyway */
	[0x0d] = undefined,
	[0x14] = undefined, /* 128-bit system registers */
	[EC_HVC32] = hvc,
	[EC_SMC32] = smc,
	[EC_HVC64] = hvc,
	[EC_SMC64] = smc,
	[EC_SYSREG] = sysreg_trap,
	[EC_SVE] = undefined,
	[0x1a] = undefined, /* ERET: nested virtualization */
	[0x1b] = undefined, /* TSTART */
	[0x1d] = undefined, /* SME */
	[EC_IABT_LOW] = instruction_abort,
	[EC_DABT_LOW] = data_abort,
};

void trap_sync(struct vcpu *v, u64 esr)
{
	trap_handler *handler = handlers[ESR_EC(esr)];

	if (likely(handler))
		handler(v, esr);
	else
		domain_crash(v, "unexpected trap, ESR %lx", esr);
}

/*
 * An SError while a guest ran is its own as far as anybody can tell: it gets a virtual one. (Those
 * that hit EL2 itself end in panic.)
 */
void trap_serror(struct vcpu *v)
{
	log_guest(v->domain, LOG_ERR, "vCPU %u: SError, ESR %lx PC %lx: passed on\n", v->id,
		  read_sysreg(esr_el2), v->pc);
	write_sysreg(read_sysreg(hcr_el2) | HCR_VSE, hcr_el2);
}
