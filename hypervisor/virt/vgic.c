// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual GIC's model: what makes an interrupt pending, active or not, and whom to tell. Owns
 * struct vgic_bank; all under vgic->lock of the domain. Invariant: what could be delivered and is
 * in no list register has its bank's bit in `dirty` of its vCPU, and that vCPU's CPU has been
 * kicked, or the vCPU is not loaded.
 */
#include <core/console.h>
#include <core/irq.h>
#include <domain/sched.h>
#include <virt/vgic_model.h>

/*
 * v's list registers have to change, or v has to wake. The work bit comes first: whoever reads
 * `blocked` too early still finds it. One signal is enough for both.
 */
void vgic_notify(struct vcpu *v)
{
	struct cpu *c = v->vgic.cpu;
	bool remote = c && c != this_cpu();

	if (remote)
		cpu_set_work(c, WORK_VGIC);
	else if (c)
		vgic_update(v);
	smp_mb();
	if (READ_ONCE(v->blocked) && vcpu_wake(v))
		return;
	if (remote)
		cpu_signal(c);
}

/*
 * The physical interrupt shall no longer be active on the guest's behalf. A PPI is its CPU's; of a
 * vCPU that is not loaded it is nobody's.
 */
void vgic_hw_release(struct vcpu *v, struct vgic_bank *bank, unsigned b, unsigned n)
{
	if (!b && v->vgic.cpu && v->vgic.cpu != this_cpu()) {
		bank->drop_pending |= 1U << n;
		vgic_review(v);
		return;
	}
	bank->hw &= ~(1U << n);
	if (b || v->vgic.cpu)
		gic_set_active(bank->pirq[n], false);
}

/* What was active outside list registers has ended. If it is pending again, the caller raises it.
 */
void vgic_end_active(struct vcpu *v, struct vgic_bank *bank, unsigned b, unsigned n)
{
	bank->active &= ~(1U << n);
	if (bank->hw >> n & 1)
		vgic_hw_release(v, bank, b, n);
}

void vgic_review(struct vcpu *v)
{
	v->vgic.review = true;
	vgic_notify(v);
}

/*
 * vgic_notify() of many: the list registers of whoever is loaded here change once, when all is
 * marked. *here: who that is, NULL at first; the caller ends by notifying it.
 */
static inline void notify_of_many(struct vcpu *to, struct vcpu **here)
{
	if (to->vgic.cpu == this_cpu())
		*here = to;
	else
		vgic_notify(to);
}

void vgic_review_holders(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask)
{
	struct vcpu *here = NULL;

	for (mask &= bank->inlr; mask; mask &= mask - 1) {
		struct vcpu *h = vgic_holder(v, bank, b, (unsigned)__builtin_ctz(mask));

		h->vgic.review = true;
		notify_of_many(h, &here);
	}
	if (here)
		vgic_notify(here);
}

/* Interrupt n of the bank is to be looked at; who has to be notified of it, if anybody. */
static inline struct vcpu *mark_raised(struct vcpu *v, struct vgic_bank *bank, unsigned b,
				       unsigned n)
{
	u32 bit = 1U << n;
	struct vcpu *to = (bank->inlr | bank->active) & bit ? vgic_holder(v, bank, b, n)
							    : vgic_target(v, bank, b, n);

	if (unlikely(!to))
		return NULL;
	to->vgic.dirty |= 1U << b;
	return bank->enabled & v->domain->vgic.on & bit ? to : NULL;
}

void vgic_raise(struct vcpu *v, struct vgic_bank *bank, unsigned b, unsigned n)
{
	struct vcpu *to = mark_raised(v, bank, b, n);

	if (to)
		vgic_notify(to);
}

void vgic_raise_all(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask)
{
	struct vcpu *here = NULL;

	for (; mask; mask &= mask - 1) {
		struct vcpu *to = mark_raised(v, bank, b, (unsigned)__builtin_ctz(mask));

		if (to)
			notify_of_many(to, &here);
	}
	if (here)
		vgic_notify(here);
}

void vgic_drop_pending(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask)
{
	u32 in_model = mask & ~bank->inlr, m;

	bank->latch &= ~mask;
	bank->drop_pending |= mask & bank->inlr;
	bank->orders |= mask & bank->inlr;
	vgic_review_holders(v, bank, b, mask);
	for (m = in_model & bank->hw & ~bank->active; m; m &= m - 1)
		vgic_hw_release(v, bank, b, (unsigned)__builtin_ctz(m));
}

void vgic_drop_active(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask)
{
	u32 ended = mask & bank->active;

	/*
	 * All before anything is refilled, which moves interrupts from the model to list registers.
	 */
	for (u32 m = ended; m; m &= m - 1)
		vgic_end_active(v, bank, b, (unsigned)__builtin_ctz(m));
	bank->drop_active |= mask & bank->inlr;
	bank->orders |= mask & bank->inlr;
	vgic_review_holders(v, bank, b, mask);
	vgic_raise_all(v, bank, b, ended & (bank->latch | bank->line));
}

void vgic_add_active(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask)
{
	u32 fresh = mask & ~bank->inlr & ~bank->active;
	struct vcpu *here = NULL;

	bank->add_active |= mask & bank->inlr;
	bank->orders |= mask & bank->inlr;
	for (u32 m = fresh; m; m &= m - 1) {
		unsigned n = (unsigned)__builtin_ctz(m);
		struct vcpu *to = vgic_target(v, bank, b, n);

		if (!to)
			continue;
		bank->active |= 1U << n;
		bank->holder[n] = (u8)to->id;
		to->vgic.dirty |= 1U << b;
	}
	/* Now list registers may change: see vgic_drop_active(). */
	vgic_review_holders(v, bank, b, mask);
	for (fresh &= bank->active; fresh; fresh &= fresh - 1) {
		struct vcpu *h = vgic_holder(v, bank, b, (unsigned)__builtin_ctz(fresh));

		if (h->vgic.cpu)
			notify_of_many(h, &here);
	}
	if (here)
		vgic_notify(here);
}

bool vgic_fold_all(struct vcpu *by, struct vcpu *v, struct vgic_bank *bank, unsigned b)
{
	bool all = true;

	if (!bank->inlr) {
		by->vgic.ticket = 0;
		return true;
	}
	if (!by->vgic.ticket)
		by->vgic.ticket = ++v->domain->vgic.ticket ?: ++v->domain->vgic.ticket;
	for (u32 m = bank->inlr; m; m &= m - 1) {
		struct vcpu *h = vgic_holder(v, bank, b, (unsigned)__builtin_ctz(m));

		if (!h->vgic.cpu || (s32)(h->vgic.folded - by->vgic.ticket) >= 0)
			continue;
		vgic_review(h);
		all &= h->vgic.cpu == this_cpu();
	}
	if (all)
		by->vgic.ticket = 0;
	return all;
}

/*
 * fields: what the list register will hold besides, i.e. a GICv2 SGI's source or the physical
 * interrupt.
 */
void vgic_latch(struct vcpu *v, unsigned intid, u64 fields)
{
	struct vgic *vg = &v->domain->vgic;
	struct vgic_bank *bank = &v->vgic.bank;

	lock(&vg->lock);
	if (fields & LR_HW) {
		if (v->vgic.cpu && v->vgic.cpu != this_cpu())
			goto out;
		bank->pirq[intid] = (u16)(fields >> LR_PIRQ_SHIFT & 0x3ff);
		bank->hw |= 1U << intid;
	} else if (intid < vg->sourced) {
		v->vgic.sgi_source[intid] |= (u8)(1U << LR_SOURCE(fields));
	}
	bank->latch |= 1U << intid;
	vgic_raise(v, bank, 0, intid);
out:
	unlock(&vg->lock);
}

static inline void inject_private(struct vcpu *v, unsigned intid, u64 fields)
{
	if (READ_ONCE(v->vgic.cpu) == this_cpu())
		vgic_relight(v, intid, fields);
	else
		vgic_latch(v, intid, fields);
}

void vgic_inject(struct vcpu *v, unsigned intid)
{
	if (unlikely(intid >= 32))
		vgic_inject_spi(v->domain, intid);
	else
		inject_private(v, intid, 0);
}

void vgic_inject_from(struct vcpu *v, unsigned sgi, unsigned source)
{
	inject_private(v, sgi, (u64)source << 32);
}

void vgic_inject_hw(struct vcpu *v, unsigned intid, unsigned pirq)
{
	inject_private(v, intid, LR_HW | (u64)pirq << LR_PIRQ_SHIFT);
}

static inline void set_line(struct vcpu *v, struct vgic_bank *bank, unsigned b, unsigned n,
			    bool high)
{
	u32 bit = 1U << n;

	lock(&v->domain->vgic.lock);
	if (high && !(bank->line & bit)) {
		bank->line |= bit;
		if (bank->inlr & bit)
			vgic_holder(v, bank, b, n)->vgic.review = true;
		vgic_raise(v, bank, b, n);
	} else if (!high && (bank->line & bit)) {
		bank->line &= ~bit;
		if (bank->inlr & bit)
			vgic_review(vgic_holder(v, bank, b, n));
	}
	unlock(&v->domain->vgic.lock);
}

void vgic_set_level(struct vcpu *v, unsigned intid, bool high)
{
	set_line(v, &v->vgic.bank, 0, intid & 31, high);
}

__attribute__((cold)) void vgic_set_spi_level(struct domain *d, unsigned intid, bool high)
{
	set_line(d->vcpu[0], &d->vgic.spi[intid / 32], intid / 32, intid % 32, high);
}

/*
 * Priority mask and group enable of the CPU interface are where both versions' VMCR have them: bits
 * 31:24; bit 0 or 1.
 */
static bool accepts(const struct vgic *vg, u32 vmcr, unsigned priority)
{
	return (vmcr & (vg->version == 2 ? 1 : 2)) && priority < vmcr >> 24;
}

static bool pending_in_lrs(struct vcpu *v)
{
	for (u32 m = v->vgic.used & ~gic->lr_empty(); m; m &= m - 1) {
		u64 lr = gic->lr_read((unsigned)__builtin_ctz(m));

		if ((lr & (LR_PENDING | LR_ACTIVE)) == LR_PENDING &&
		    accepts(&v->domain->vgic, gic->vmcr_read(), lr >> LR_PRIO_SHIFT & 0xff))
			return true;
	}
	return false;
}

static bool pending_in_model(struct vcpu *v)
{
	for (u32 d = v->vgic.dirty; d; d &= d - 1) {
		unsigned b = (unsigned)__builtin_ctz(d);
		struct vgic_bank *bank = vgic_bank_of(v, b);

		for (u32 m = vgic_ready(v, b) & ~bank->active; m; m &= m - 1)
			if (accepts(&v->domain->vgic, v->vgic.state.vmcr,
				    bank->priority[__builtin_ctz(m)]))
				return true;
	}
	return false;
}

/*
 * Whoever injects writes `dirty` and then reads `blocked`: here it is the other way round, so one
 * of both sees the other's.
 */
bool vgic_pending(struct vcpu *v)
{
	struct vgic_vcpu *vv = &v->vgic;
	bool found;

	smp_mb();
	if (likely(vv->cpu && !(READ_ONCE(vv->dirty) | READ_ONCE(vv->review))))
		return vv->used && pending_in_lrs(v);
	lock(&v->domain->vgic.lock);
	if (vv->cpu) {
		vgic_update(v);
		found = pending_in_lrs(v);
	} else {
		found = pending_in_model(v);
	}
	unlock(&v->domain->vgic.lock);
	return found;
}

/*
 * A list register that asked for it has ended (it does not count as empty before it is read), or an
 * overflow goes on.
 */
static void maintenance(unsigned irq)
{
	struct vcpu *v = this_cpu()->loaded;

	if (!v)
		return;
	lock(&v->domain->vgic.lock);
	v->vgic.review = true;
	vgic_update(v);
	unlock(&v->domain->vgic.lock);
}

__init void vgic_init(void)
{
	if (irq_request(gic_info.maint_ppi, maintenance))
		panic("GIC: maintenance interrupt %u is taken", gic_info.maint_ppi);
}

/* The virtual timer's physical interrupt is this CPU's, its active state the loaded vCPU's. */
void vgic_load(struct vcpu *v)
{
	struct vgic_vcpu *vv = &v->vgic;
	struct cpu *c = this_cpu();
	bool active;

	lock(&v->domain->vgic.lock);
	WRITE_ONCE(vv->cpu, c);
	vv->hcr = HCR_GIC_EN;
	gic->state_restore(&vv->state);
	active = vv->bank.hw >> PPI_VIRT_TIMER & 1;
	if (active != c->vtimer_active) {
		gic_set_active(vv->bank.pirq[PPI_VIRT_TIMER], active);
		c->vtimer_active = active;
	}
	if (unlikely(vv->dirty || vv->review))
		vgic_update(v);
	unlock(&v->domain->vgic.lock);
}

void vgic_unload(struct vcpu *v)
{
	struct vgic_vcpu *vv = &v->vgic;

	lock(&v->domain->vgic.lock);
	if (unlikely(vv->hcr != HCR_GIC_EN))
		vgic_overflow_end(v);
	if (unlikely(vv->review))
		vgic_review_all(v);
	if (vv->used)
		vgic_spill_all(v);
	gic->state_save(&vv->state);
	vv->cpu->vtimer_active = vv->bank.hw >> PPI_VIRT_TIMER & 1;
	WRITE_ONCE(vv->cpu, NULL);
	unlock(&v->domain->vgic.lock);
}

void vgic_set_on(struct domain *d, bool on)
{
	struct vgic *vg = &d->vgic;
	u32 all = on ? ~0U : 0;

	if (vg->on == all)
		return;
	vg->on = all;
	for_each_vcpu (d, v) {
		v->vgic.dirty |= (u32)(BIT(vg->nr_banks) - 1);
		v->vgic.review = true;
		vgic_notify(v);
	}
}

void vgic_set_active(struct vcpu *v, unsigned intid, bool active)
{
	struct vgic_bank *bank;

	if (intid >= v->domain->vgic.nr_irqs)
		return;
	lock(&v->domain->vgic.lock);
	bank = vgic_bank_of(v, intid / 32);
	if (active)
		vgic_add_active(v, bank, intid / 32, 1U << intid % 32);
	else
		vgic_drop_active(v, bank, intid / 32, 1U << intid % 32);
	unlock(&v->domain->vgic.lock);
}

void vgic_dir(struct vcpu *v, u64 value)
{
	vgic_set_active(v, (u32)value & 0xffffff, false);
}
