// SPDX-License-Identifier: GPL-2.0-only
/*
 * Between the virtual GIC's model and list registers: vgic_update() retires what the guest is
 * through with and fills in what is new. Under vgic->lock, on the CPU where the vCPU is loaded.
 * Invariants: an interrupt is in the model or in one list register (inlr), never in both; `hw` is
 * set exactly while the physical interrupt is active for it, until the guest's EOI ended it unseen.
 * When list registers run out the best by priority are chosen; NPIE brings the CPU back when the
 * last pending one is taken, LRENPIE when the guest ends one that had to make room.
 */
#include <domain/sched.h>
#include <virt/vgic_model.h>

/* What of the bank belongs into a list register of some vCPU and is in none. */
static inline u32 bank_ready(const struct vgic *vg, const struct vgic_bank *bank)
{
	return (((bank->latch | bank->line) & bank->enabled & vg->on) | bank->active) & ~bank->inlr;
}

/* Of them those of v: active ones where they were taken, the others at their target. */
static __attribute__((noinline)) u32 spi_ready(const struct vcpu *v, const struct vgic_bank *bank)
{
	u32 mine = 0;

	for (u32 m = bank_ready(&v->domain->vgic, bank); m; m &= m - 1) {
		unsigned n = (unsigned)__builtin_ctz(m);

		if ((bank->active >> n & 1 ? bank->holder[n] : bank->target[n]) == v->id)
			mine |= 1U << n;
	}
	return mine;
}

static inline u32 ready(struct vcpu *v, const struct vgic_bank *bank, unsigned b)
{
	return unlikely(b) ? spi_ready(v, bank) : bank_ready(&v->domain->vgic, bank);
}

u32 vgic_ready(struct vcpu *v, unsigned b)
{
	return ready(v, vgic_bank_of(v, b), b);
}

/*
 * Interrupt n of the bank is back in the model: its vCPU has to look at it. v is the one whose list
 * registers are at work.
 */
static void reconsider(struct vcpu *v, struct vgic_bank *bank, unsigned b, unsigned n)
{
	struct vcpu *to = bank->active >> n & 1 ? vgic_holder(v, bank, b, n)
						: vgic_target(v, bank, b, n);

	if (!to)
		return;
	to->vgic.dirty |= 1U << b;
	if (to != v)
		vgic_notify(to);
}

static void clear_orders(struct vgic_bank *bank, u32 bit)
{
	bank->drop_pending &= ~bit;
	bank->drop_active &= ~bit;
	bank->add_active &= ~bit;
	bank->orders &= ~bit;
}

/* List register i was seen empty, or was emptied: the guest is through with what was in it. */
static inline void retire(struct vcpu *v, unsigned i)
{
	unsigned b = v->vgic.lr_intid[i] / 32, n = v->vgic.lr_intid[i] % 32;
	struct vgic_bank *bank = vgic_bank_of(v, b);
	u32 bit = 1U << n;

	v->vgic.used &= ~(1U << i);
	bank->inlr &= ~bit;
	if (unlikely(bank->orders & bit)) { /* nothing is left to drop */
		bank->active |= bank->add_active & bit;
		clear_orders(bank, bit);
	}
	if (unlikely(v->vgic.soft >> i & 1))
		vgic_hw_release(v, bank, b, n);
	if (likely(!(bank->latch & bit)))
		/*
		 * else it is the new one's, which could fire only since the old one was deactivated
		 */
		bank->hw &= ~bit;
	if (unlikely((bank->latch | bank->line | bank->active) & bit))
		reconsider(v, bank, b, n);
}

/* GICv2 keeps SGIs of different sources apart; a list register holds one of them. */
static u64 sgi_fields(struct vgic_vcpu *vv, u32 bit, unsigned n)
{
	unsigned src;

	if (vv->bank.active & bit) {
		src = vv->sgi_active[n];
	} else {
		src = (unsigned)__builtin_ctz(vv->sgi_source[n] | 0x100) & 7;
		vv->sgi_source[n] &= (u8) ~(1U << src);
		if (!vv->sgi_source[n])
			vv->bank.latch &= ~bit;
	}
	return (u64)src << 32 | (vv->bank.latch & bit ? LR_EOI : 0);
}

/*
 * The fields of list register i for what is not just pending, or not just linked to a private
 * physical interrupt.
 */
static u64 lr_fields(struct vcpu *v, struct vgic_bank *bank, unsigned b, unsigned n, unsigned i)
{
	struct vgic_vcpu *vv = &v->vgic;
	u32 bit = 1U << n;
	bool was_active = bank->active & bit, latched = bank->latch & bit;
	u64 lr = was_active ? LR_ACTIVE : LR_PENDING;

	if (v->domain->vgic.version == 2 && b == 0 && n < 16)
		lr |= sgi_fields(vv, bit, n);
	else if (!was_active)
		bank->latch &= ~bit;
	bank->active &= ~bit;
	if (bank->hw & bit) {
		/*
		 * Deactivated by EL2 where the list register cannot: pending again meanwhile, or
		 * acknowledged by another CPU's interface.
		 */
		if (!(bank->latch & bit) && (!b || bank->ack_cpu[n] == vv->cpu->id))
			return lr | LR_HW | (u64)bank->pirq[n] << LR_PIRQ_SHIFT;
		vv->soft |= 1U << i;
		return lr | LR_EOI;
	}
	if ((bank->line | (was_active ? bank->latch : 0)) & bit) {
		lr |= LR_EOI;
		if (!was_active && !latched)
			vv->by_line |= 1U << i;
	}
	return lr;
}

/* Moves an interrupt from the model to list register i. */
static inline void lr_fill(struct vcpu *v, struct vgic_bank *bank, unsigned b, unsigned n,
			   unsigned i)
{
	struct vgic_vcpu *vv = &v->vgic;
	u32 bit = 1U << n;
	u64 lr = (b * 32 + n) | (u64)bank->priority[n] << LR_PRIO_SHIFT | v->domain->vgic.lr_group;

	if (unlikely(vv->soft | vv->by_line)) {
		vv->soft &= ~(1U << i);
		vv->by_line &= ~(1U << i);
	}
	if (unlikely(((bank->active | bank->line | bank->hw) & bit) ||
		     (!b && n < v->domain->vgic.sourced))) {
		lr |= lr_fields(v, bank, b, n, i);
	} else {
		bank->latch &= ~bit;
		lr |= LR_PENDING;
	}
	bank->inlr |= bit;
	if (b)
		bank->holder[n] = (u8)v->id;
	else
		vv->lr_of[n] = (u8)i;
	vv->used |= 1U << i;
	vv->lr_intid[i] = (u16)(b * 32 + n);
	gic->lr_write(i, lr);
}

/*
 * Back to the model: state of a list register that is taken back. What is no longer active belongs
 * to its target again.
 */
static void lr_to_model(struct vcpu *v, unsigned i, u64 lr)
{
	unsigned b = v->vgic.lr_intid[i] / 32, n = v->vgic.lr_intid[i] % 32;
	struct vgic_bank *bank = vgic_bank_of(v, b);
	bool sgi2 = v->domain->vgic.version == 2 && b == 0 && n < 16;
	u32 bit = 1U << n;

	v->vgic.used &= ~(1U << i);
	bank->inlr &= ~bit;
	if (lr & LR_ACTIVE) {
		bank->active |= bit;
		if (sgi2)
			v->vgic.sgi_active[n] = (u8)LR_SOURCE(lr);
	}
	if ((lr & LR_PENDING) && !(v->vgic.by_line >> i & 1)) {
		bank->latch |= bit;
		if (sgi2)
			v->vgic.sgi_source[n] |= (u8)(1U << LR_SOURCE(lr));
	}
	reconsider(v, bank, b, n);
}

/*
 * More SGIs of one number: from the same source they are one, from others they come after this one.
 */
static u64 sgi_review(struct vgic_vcpu *vv, unsigned n, u64 lr, bool takes_more)
{
	u8 src = (u8)(1U << LR_SOURCE(lr));

	if (takes_more && (vv->sgi_source[n] & src)) {
		vv->sgi_source[n] &= (u8)~src;
		lr |= LR_PENDING;
	}
	if (!vv->sgi_source[n]) {
		vv->bank.latch &= ~(1U << n);
		return lr;
	}
	return lr | LR_EOI;
}

/*
 * The new value of list register i, once orders and what happened to its interrupt meanwhile are
 * taken into account.
 */
static u64 lr_review(struct vcpu *v, struct vgic_bank *bank, unsigned b, unsigned n, unsigned i,
		     u64 lr)
{
	u32 bit = 1U << n;
	bool sgi2 = v->domain->vgic.version == 2 && b == 0 && n < 16;
	bool takes_more;

	if (bank->drop_active & bit)
		lr &= ~LR_ACTIVE;
	if (bank->add_active & bit)
		lr |= LR_ACTIVE;
	/* Its emulated line went low before it was taken. */
	if ((bank->drop_pending & bit) || ((v->vgic.by_line >> i & 1) && !(bank->line & bit)))
		lr &= ~LR_PENDING;
	if (!(bank->latch & bit)) {
		if ((bank->line & bit) && !(lr & LR_HW))
			lr |= LR_EOI;
		return lr;
	}
	takes_more = bank->enabled & v->domain->vgic.on & bit && (!b || bank->target[n] == v->id);
	if (sgi2)
		return sgi_review(&v->vgic, n, lr, takes_more);
	if ((lr & LR_HW) && (lr & LR_ACTIVE)) {
		/*
		 * Has to come after this one, which a list register with HW bit would not report:
		 * its physical interrupt is ended by EL2.
		 */
		v->vgic.soft |= 1U << i;
		return (lr & ~(LR_HW | 0x3ffUL << LR_PIRQ_SHIFT)) | LR_EOI;
	}
	if (!takes_more)
		return lr & LR_HW ? lr : lr | LR_EOI;
	bank->latch &= ~bit;
	v->vgic.by_line &= ~(1U << i);
	if ((bank->hw & bit) && !(lr & LR_HW)) {
		v->vgic.soft |= 1U << i;
		lr |= LR_EOI;
	}
	return lr | LR_PENDING;
}

/*
 * Reads every list register in use, carries out orders, takes back what may not be pending any
 * more.
 */
void vgic_review_all(struct vcpu *v)
{
	struct vgic_vcpu *vv = &v->vgic;
	u32 lost = vv->bank.drop_pending & ~vv->bank.inlr & vv->bank.hw;

	vv->review = false;
	for (u32 m = vv->used; m; m &= m - 1) {
		unsigned i = (unsigned)__builtin_ctz(m), b = vv->lr_intid[i] / 32,
			 n = vv->lr_intid[i] % 32;
		struct vgic_bank *bank = vgic_bank_of(v, b);
		u32 bit = 1U << n;
		u64 old = gic->lr_read(i), lr = old;

		if (lr & (LR_PENDING | LR_ACTIVE)) {
			lr = lr_review(v, bank, b, n, i, lr);
			clear_orders(bank, bit);
		}
		if (!(lr & (LR_PENDING | LR_ACTIVE))) {
			/* ended by order: the hardware has not deactivated it */
			if (old != lr && (bank->hw & bit))
				vv->soft |= 1U << i;
			/* one with EOI bit asks for maintenance until then */
			gic->lr_write(i, 0);
			retire(v, i);
		} else if ((lr & LR_PENDING) && (!(bank->enabled & v->domain->vgic.on & bit) ||
						 (b && bank->target[n] != v->id))) {
			gic->lr_write(i, 0);
			lr_to_model(v, i, lr);
		} else if (old != lr) {
			gic->lr_write(i, lr);
		}
	}
	for (; lost; lost &= lost - 1)
		vgic_hw_release(v, &vv->bank, 0, (unsigned)__builtin_ctz(lost));
	vv->bank.drop_pending = 0;
}

static void hcr_set(struct vgic_vcpu *vv, u32 hcr)
{
	vv->hcr = hcr;
	gic->hcr_write(hcr);
}

/* All list registers to the model. */
void vgic_spill_all(struct vcpu *v)
{
	for (u32 m = v->vgic.used; m; m &= m - 1) {
		unsigned i = (unsigned)__builtin_ctz(m);
		u64 lr = gic->lr_read(i);

		gic->lr_write(i, 0);
		if (lr & (LR_PENDING | LR_ACTIVE))
			lr_to_model(v, i, lr);
		else
			retire(v, i);
	}
}

struct choice {
	u16 intid, key;
}; /* key: priority; the pending come after the active */
struct selection {
	struct choice best[GIC_MAX_LRS], top;
	unsigned nr, active, pending;
};

static void choose(struct selection *s, unsigned intid, unsigned priority, bool active)
{
	struct choice c = { (u16)intid, (u16)(active ? priority : priority + 256) };
	unsigned at = s->nr;

	if (active)
		s->active++;
	else if (!s->pending++ || c.key < s->top.key)
		s->top = c;
	while (at && s->best[at - 1].key > c.key)
		at--;
	if (at == gic_nr_lrs)
		return;
	if (s->nr < gic_nr_lrs)
		s->nr++;
	for (unsigned j = s->nr - 1; j > at; j--)
		s->best[j] = s->best[j - 1];
	s->best[at] = c;
}

/*
 * More than there are list registers. The active ones come first, so that their EOI finds them, but
 * the most urgent pending one always gets a register; a maintenance interrupt tells when to look
 * again.
 */
static void overflow(struct vcpu *v)
{
	struct vgic_vcpu *vv = &v->vgic;
	struct selection s = { .nr = 0 };
	u32 hcr = HCR_GIC_EN;

	vgic_spill_all(v);
	for (u32 d = vv->dirty; d; d &= d - 1) {
		unsigned b = (unsigned)__builtin_ctz(d);
		struct vgic_bank *bank = vgic_bank_of(v, b);

		for (u32 m = ready(v, bank, b); m; m &= m - 1) {
			unsigned n = (unsigned)__builtin_ctz(m);

			choose(&s, b * 32 + n, bank->priority[n], bank->active >> n & 1);
		}
	}
	if (s.pending && s.active >= gic_nr_lrs)
		s.best[gic_nr_lrs - 1] = s.top;
	for (unsigned i = 0; i < s.nr; i++) {
		unsigned b = s.best[i].intid / 32;

		if (s.best[i].key < 256)
			s.active--;
		else
			s.pending--;
		lr_fill(v, vgic_bank_of(v, b), b, s.best[i].intid % 32, i);
	}
	if (s.pending)
		hcr |= HCR_GIC_NPIE;
	if (s.active)
		hcr |= HCR_GIC_LRENPIE | (u32)HCR_GIC_TDIR;
	hcr_set(vv, hcr);
}

/*
 * The guest ended `count` interrupts that are in no list register: EOIs come in order of priority.
 */
static void end_spilled(struct vcpu *v, unsigned count)
{
	while (count--) {
		unsigned best = 256, best_b = 0, best_n = 0;
		struct vgic_bank *ended;

		for (u32 d = v->vgic.dirty; d; d &= d - 1) {
			unsigned b = (unsigned)__builtin_ctz(d);
			struct vgic_bank *bank = vgic_bank_of(v, b);

			for (u32 m = vgic_ready(v, b) & bank->active; m; m &= m - 1) {
				unsigned n = (unsigned)__builtin_ctz(m);

				if (bank->priority[n] < best) {
					best = bank->priority[n];
					best_b = b;
					best_n = n;
				}
			}
		}
		if (best == 256)
			return;
		ended = vgic_bank_of(v, best_b);
		vgic_end_active(v, ended, best_b, best_n);
		/* Pending again, it may be another's by now. */
		if ((ended->latch | ended->line) >> best_n & 1)
			reconsider(v, ended, best_b, best_n);
	}
}

/* After an overflow. */
void vgic_overflow_end(struct vcpu *v)
{
	unsigned count = HCR_GIC_EOICOUNT(gic->hcr_read());

	hcr_set(&v->vgic, HCR_GIC_EN); /* the count too starts again */
	if (count)
		end_spilled(v, count);
}

/* State of what is in list registers, for whoever asked: vgic_fold_all(). */
static void record_all(struct vcpu *v)
{
	v->vgic.folded = v->domain->vgic.ticket;
	for (u32 m = v->vgic.used; m; m &= m - 1) {
		unsigned i = (unsigned)__builtin_ctz(m), intid = v->vgic.lr_intid[i];
		struct vgic_bank *bank = vgic_bank_of(v, intid / 32);
		u32 bit = 1U << intid % 32;
		u64 lr = gic->lr_read(i);

		bank->lr_pending = (bank->lr_pending & ~bit) | (lr & LR_PENDING ? bit : 0);
		bank->lr_active = (bank->lr_active & ~bit) | (lr & LR_ACTIVE ? bit : 0);
	}
}

/*
 * Takes note of list registers that the guest has emptied. Needed only when they, or what was in
 * them, are wanted again.
 */
static void retire_empty(struct vcpu *v)
{
	for (u32 m = v->vgic.used & gic->lr_empty(); m; m &= m - 1)
		retire(v, (unsigned)__builtin_ctz(m));
}

/*
 * Interrupts of a bank are pending again whose list register was not empty when it was last looked
 * at.
 */
static void pending_again(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 again)
{
	u32 empty = gic->lr_empty();

	for (u32 m = b ? 0 : again & bank->enabled & v->domain->vgic.on & ~bank->orders; m;
	     m &= m - 1) {
		unsigned n = (unsigned)__builtin_ctz(m), i = v->vgic.lr_of[n];

		if (empty >> i & 1) {
			lr_fill(v, bank, 0, n, i);
			again &= ~(1U << n);
		}
	}
	if (likely(!again))
		return;
	retire_empty(v);
	if (bank->latch & bank->inlr)
		vgic_review_all(v);
}

static inline void fill_all(struct vcpu *v)
{
	struct vgic_vcpu *vv = &v->vgic;

	while (vv->dirty) {
		unsigned b = (unsigned)__builtin_ctz(vv->dirty), i;
		struct vgic_bank *bank = vgic_bank_of(v, b);

		if (bank->latch & bank->inlr)
			pending_again(v, bank, b, bank->latch & bank->inlr);
		for (u32 m = ready(v, bank, b); m; m &= m - 1) {
			i = (unsigned)__builtin_ctz(~vv->used);
			if (unlikely(i >= gic_nr_lrs)) {
				retire_empty(v);
				i = (unsigned)__builtin_ctz(~vv->used);
				if (i >= gic_nr_lrs) {
					overflow(v);
					return;
				}
			}
			lr_fill(v, bank, b, (unsigned)__builtin_ctz(m), i);
		}
		vv->dirty &= ~(1U << b);
	}
}

/* Brings list registers and model together: v is loaded here. */
void vgic_update(struct vcpu *v)
{
	struct vgic_vcpu *vv = &v->vgic;
	bool review = vv->review;

	if (unlikely(vv->hcr != HCR_GIC_EN))
		vgic_overflow_end(v);
	if (unlikely(review)) {
		retire_empty(v);
		vgic_review_all(v);
	}
	fill_all(v);
	if (unlikely(review))
		record_all(v);
}

/*
 * The usual case after a kick: one SGI or PPI, whose last list register is empty again, and nothing
 * else. It goes there once more.
 */
static bool refill_one(struct vcpu *v)
{
	struct vgic_vcpu *vv = &v->vgic;
	struct vgic *vg = &v->domain->vgic;
	struct vgic_bank *bank = &vv->bank;
	u32 m = bank->latch & bank->enabled & vg->on;
	unsigned n, source = 0;
	u64 lr;

	if (vv->dirty != 1 || vv->review || !(m & bank->inlr) || (m & (m - 1)) ||
	    ((bank->hw | bank->orders) & m) || (bank->active | bank->line))
		return false;
	n = (unsigned)__builtin_ctz(m);
	if (n < vg->sourced) {
		source = vv->sgi_source[n];
		if (source & (source - 1))
			return false;
		source = (unsigned)__builtin_ctz(source | 0x100) & 7;
	}
	lr = n | (u64)source << 32 | (u64)bank->priority[n] << LR_PRIO_SHIFT | vg->lr_group |
	     LR_PENDING;
	if (!gic->lr_reuse(vv->lr_of[n], lr))
		return false;
	bank->latch &= ~m;
	vv->dirty = 0;
	if (n < 16)
		vv->sgi_source[n] = 0;
	return true;
}

void vgic_flush(struct vcpu *v)
{
	lock(&v->domain->vgic.lock);
	if (!refill_one(v))
		vgic_update(v);
	unlock(&v->domain->vgic.lock);
}

/*
 * The short way for what comes again and again, with no lock: a private interrupt of v, loaded
 * here, whose last list register is empty again, is written there once more. It changes nothing in
 * the model, and whoever changes that at the same time kicks this CPU to look again.
 */
void vgic_relight(struct vcpu *v, unsigned intid, u64 fields)
{
	struct vgic_vcpu *vv = &v->vgic;
	struct vgic *vg = &v->domain->vgic;
	u64 lr = intid | (u64)vv->bank.priority[intid] << LR_PRIO_SHIFT | vg->lr_group |
		 LR_PENDING | fields;

	if (unlikely((READ_ONCE(vv->dirty) | READ_ONCE(vv->review)) ||
		     !((vv->bank.inlr & READ_ONCE(vv->bank.enabled) & READ_ONCE(vg->on)) >> intid &
		       1) ||
		     !gic->lr_reuse(vv->lr_of[intid], lr)))
		vgic_latch(v, intid, fields);
	else if (unlikely(v->blocked))
		vcpu_wake(v);
}
