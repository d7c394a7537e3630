// SPDX-License-Identifier: GPL-2.0-only
/*
 * domctl: a vCPU's registers, from and to the tools. The domain is paused meanwhile, so all of its
 * state is in memory. Control lock held. A guest is never given a mode above EL1 or of the other
 * width.
 */
#include <hypercall/ops.h>
#include <lib/string.h>

/* What of PSTATE a tool may set; the rest (single step, illegal state) is nobody's business. */
#define PSTATE64_MASK 0xf1c013cfUL /* NZCV DIT UAO PAN SSBS DAIF M */
#define PSTATE32_MASK 0xfeefffffUL /* NZCVQ IT SSBS PAN DIT GE E AIF T M */

static bool mode_ok(const struct domain *d, u64 psr)
{
	u64 mode = psr & (PSR_MODE32 | PSR_MODE_MASK);

	if (!d->aarch32)
		return mode == PSR_MODE_EL1H || mode == PSR_MODE_EL1T || mode == PSR_MODE_EL0T;
	return mode == PSR_MODE_USR || mode == PSR_MODE_FIQ || mode == PSR_MODE_IRQ ||
	       mode == PSR_MODE_SVC || mode == PSR_MODE_ABT || mode == PSR_MODE_UND ||
	       mode == PSR_MODE_SYS;
}

/* A saved status may also be 0: none. */
static bool saved_ok(const struct domain *d, u64 psr)
{
	return !psr || mode_ok(d, psr);
}

static bool context_ok(const struct domain *d, const struct vcpu_guest_context *c)
{
	const struct vcpu_guest_core_regs *r = &c->user_regs;

	if (!mode_ok(d, r->cpsr) || (!d->aarch32 && r->pc64 & 3))
		return false;
	if (!d->aarch32)
		return saved_ok(d, r->spsr_el1);
	return r->pc64 >> 32 == 0 && saved_ok(d, r->spsr_svc) && saved_ok(d, r->spsr_fiq) &&
	       saved_ok(d, r->spsr_irq) && saved_ok(d, r->spsr_und) && saved_ok(d, r->spsr_abt);
}

_Static_assert(offsetof(struct vcpu_guest_core_regs, pc64) == 31 * sizeof(u64),
	       "x0 to x30, the banked registers of AArch32 at their place in them");

static void context_set(struct vcpu *v, const struct vcpu_guest_context *c)
{
	const struct vcpu_guest_core_regs *r = &c->user_regs;
	struct el1_state *e = &v->el1;

	memcpy(v->x, r, sizeof(v->x));
	v->pc = r->pc64;
	v->pstate = r->cpsr & (v->domain->aarch32 ? PSTATE32_MASK : PSTATE64_MASK);
	e->spsr_el1 = r->spsr_el1;
	if (v->domain->aarch32) {
		e->spsr_fiq = r->spsr_fiq;
		e->spsr_irq = r->spsr_irq;
		e->spsr_und = r->spsr_und;
		e->spsr_abt = r->spsr_abt;
	} else {
		e->sp_el0 = r->sp_el0;
		e->sp_el1 = r->sp_el1;
		e->elr_el1 = r->elr_el1;
	}
	e->sctlr_el1 = c->sctlr;
	e->tcr_el1 = c->ttbcr;
	e->ttbr0_el1 = c->ttbr0;
	e->ttbr1_el1 = c->ttbr1;
	v->down = !(c->flags & VGCF_online);
}

static void context_get(const struct vcpu *v, struct vcpu_guest_context *c)
{
	struct vcpu_guest_core_regs *r = &c->user_regs;
	const struct el1_state *e = &v->el1;

	memset(c, 0, sizeof(*c));
	memcpy(r, v->x, sizeof(v->x));
	r->pc64 = v->pc;
	r->cpsr = v->pstate;
	r->spsr_el1 = e->spsr_el1;
	if (v->domain->aarch32) {
		r->spsr_fiq = (u32)e->spsr_fiq;
		r->spsr_irq = (u32)e->spsr_irq;
		r->spsr_und = (u32)e->spsr_und;
		r->spsr_abt = (u32)e->spsr_abt;
	} else {
		r->sp_el0 = e->sp_el0;
		r->sp_el1 = e->sp_el1;
		r->elr_el1 = e->elr_el1;
	}
	c->sctlr = e->sctlr_el1;
	c->ttbcr = e->tcr_el1;
	c->ttbr0 = e->ttbr0_el1;
	c->ttbr1 = e->ttbr1_el1;
	c->flags = v->down ? 0 : VGCF_online;
}

static struct vcpu *vcpu_of(struct domain *d, u32 id)
{
	return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

/* A NULL context is a reset, as on Xen. */
s64 domctl_setvcpucontext(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	struct vcpu *of = vcpu_of(d, op->u.vcpucontext.vcpu);
	gva_t gva = handle_gva(op->u.vcpucontext.ctxt);
	struct vcpu_guest_context c;

	if (!of)
		return -EINVAL;
	if (gva) {
		if (copy_from_guest(&c, gva, sizeof(c)))
			return -EFAULT;
		if (!context_ok(d, &c))
			return -EINVAL;
	}
	domain_pause(d);
	if (gva) {
		context_set(of, &c);
	} else {
		vcpu_reset(of);
		of->down = true;
	}
	domain_unpause(d);
	return 0;
}

s64 domctl_getvcpucontext(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	struct vcpu *of = vcpu_of(d, op->u.vcpucontext.vcpu);
	struct vcpu_guest_context c;

	if (!of)
		return -EINVAL;
	/* Never started: there is nothing to tell. */
	if (of->down && !of->pc)
		return -ENODATA;
	domain_pause(d);
	context_get(of, &c);
	domain_unpause(d);
	return copy_to_guest(handle_gva(op->u.vcpucontext.ctxt), &c, sizeof(c));
}
