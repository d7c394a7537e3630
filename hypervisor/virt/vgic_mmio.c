// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers per interrupt that GICv2's distributor, GICv3's distributor and GICv3's
 * redistributors have in common, 0x080 to 0xcff: a table by offset / 128. Reads of one word need no
 * lock; writes and reads of state that may be in list registers take the vGIC's.
 */
#include <virt/vgic_model.h>

static __attribute__((noinline)) void newly_enabled(struct vcpu *v, struct vgic_bank *bank,
						    unsigned b, u32 new)
{
	vgic_spi_enable(v->domain, bank, new & bank->routed, true);
	vgic_raise_all(v, bank, b, new &(bank->latch | bank->line));
}

static void set_enabled(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask)
{
	u32 new = mask & ~bank->enabled;

	bank->enabled |= new;
	if (new &(bank->routed | bank->latch | bank->line))
		newly_enabled(v, bank, b, new);
}

static void clear_enabled(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask)
{
	u32 gone = mask & bank->enabled;

	bank->enabled &= ~gone;
	if (unlikely(gone & bank->routed))
		vgic_spi_enable(v->domain, bank, gone & bank->routed, false);
	if (gone & bank->inlr)
		vgic_review_holders(v, bank, b, gone);
}

static u64 get_pending(struct vcpu *v, struct vgic_bank *bank, unsigned irq, unsigned size)
{
	return bank->latch | bank->line | (bank->lr_pending & bank->inlr);
}

/* SGIs of GICv2 are made pending by SPENDSGIR only. */
static u32 without_sgis(const struct vcpu *v, unsigned b, u32 mask)
{
	return b ? mask : mask & ~(u32)(BIT(v->domain->vgic.sourced) - 1);
}

static void set_pending(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask)
{
	mask = without_sgis(v, b, mask);
	/* those that the guest has ended are not linked any more */
	if (unlikely(mask & bank->inlr & bank->hw))
		vgic_review_holders(v, bank, b, mask & bank->hw);
	bank->latch |= mask;
	vgic_raise_all(v, bank, b, mask);
}

static void clear_pending(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask)
{
	vgic_drop_pending(v, bank, b, without_sgis(v, b, mask));
}

static u64 get_active(struct vcpu *v, struct vgic_bank *bank, unsigned irq, unsigned size)
{
	return bank->active | (bank->lr_active & bank->inlr);
}

static u64 get_priority(struct vcpu *v, struct vgic_bank *bank, unsigned irq, unsigned size)
{
	u64 val = 0;

	for (unsigned i = size; i--;)
		val = val << 8 | bank->priority[irq % 32 + i];
	return val;
}

/*
 * Five bits, as many as list registers have on every machine. Takes effect when the interrupt next
 * becomes pending.
 */
static void set_priority(struct vcpu *v, struct vgic_bank *bank, unsigned irq, unsigned size,
			 u64 val)
{
	for (unsigned i = 0; i < size; i++, val >>= 8)
		bank->priority[irq % 32 + i] = (u8)val & 0xf8;
}

static u64 get_config(struct vcpu *v, struct vgic_bank *bank, unsigned irq, unsigned size)
{
	u32 edge = bank->edge >> irq % 32, val = 0;

	for (unsigned i = 0; i < 16; i++)
		val |= (edge >> i & 1) << (2 * i + 1);
	return val;
}

static void set_config(struct vcpu *v, struct vgic_bank *bank, unsigned irq, unsigned size, u64 val)
{
	u32 edge = 0, changed;

	if (irq < 16)
		return; /* SGIs are edge */
	for (unsigned i = 0; i < 16; i++)
		edge |= (u32)(val >> (2 * i + 1) & 1) << i;
	changed = (edge << irq % 32 ^ bank->edge) & 0xffffU << irq % 32;
	bank->edge ^= changed;
	if (changed & bank->routed)
		vgic_spi_configure(bank, changed & bank->routed);
}

static u64 get_targets(struct vcpu *v, struct vgic_bank *bank, unsigned irq, unsigned size)
{
	u64 val = 0;

	for (unsigned i = size; i--;)
		val = val << 8 | (irq < 32 ? BIT(v->id) : bank->mask[irq % 32 + i]);
	return val;
}

/* An SPI goes to the first vCPU of its mask. */
static void set_targets(struct vcpu *v, struct vgic_bank *bank, unsigned irq, unsigned size,
			u64 val)
{
	if (irq < 32)
		return;
	for (unsigned i = 0; i < size; i++, val >>= 8) {
		unsigned n = irq % 32 + i;
		u8 mask = (u8)(val & (BIT(min(v->domain->max_vcpus, (u16)8)) - 1));
		u8 target = mask ? (u8)__builtin_ctz(mask) : VGIC_NO_TARGET;

		bank->mask[n] = mask;
		if (bank->target[n] == target)
			continue;
		bank->target[n] = target;
		vgic_spi_move(v->domain, bank, n);
	}
}

/* The numbers from 1020 on are no interrupts, and must not get into list registers. */
static inline u32 interrupts(unsigned b, u32 mask)
{
	return likely(b < 1020 / 32) ? mask : mask & 0x0fffffff;
}

#define LOCKED(fn) \
	static bool fn##_locked(struct vcpu *v, struct vgic_bank *bank, unsigned b, u32 mask) \
	{ \
		lock(&v->domain->vgic.lock); \
		fn(v, bank, b, interrupts(b, mask)); \
		unlock(&v->domain->vgic.lock); \
		return true; \
	}
LOCKED(set_enabled)
LOCKED(clear_enabled)
LOCKED(set_pending)
LOCKED(clear_pending)
LOCKED(vgic_add_active)
LOCKED(vgic_drop_active)

#define ENABLE(s) \
	{ \
		.bits = 1, .widths = 4, .fast_read = 4, \
		.word = offsetof(struct vgic_bank, enabled), .fast_write = 4, \
		.set_bits = s##_locked \
	}
#define LIVE(g, s) \
	{ \
		.bits = 1, .widths = 4, .live = true, .get = g, .fast_write = 4, \
		.set_bits = s##_locked \
	}
#define PRIORITY \
	{ \
		.bits = 8, .widths = 4 | 1, .get = get_priority, .set = set_priority \
	}
#define TARGETS \
	{ \
		.bits = 8, .widths = 4 | 1, .get = get_targets, .set = set_targets \
	}
#define CONFIG \
	{ \
		.bits = 2, .widths = 4, .get = get_config, .set = set_config \
	}

/* IGROUPR (1) and IGRPMODR (26) read as zero: there is one group, as for a non-secure access. */
const struct vgic_reg vgic_irq_regs[32] = {
	[2] = ENABLE(set_enabled),
	[3] = ENABLE(clear_enabled),
	[4] = LIVE(get_pending, set_pending),
	[5] = LIVE(get_pending, clear_pending),
	[6] = LIVE(get_active, vgic_add_active),
	[7] = LIVE(get_active, vgic_drop_active),
	[8] = PRIORITY,
	[9] = PRIORITY,
	[10] = PRIORITY,
	[11] = PRIORITY,
	[12] = PRIORITY,
	[13] = PRIORITY,
	[14] = PRIORITY,
	[15] = PRIORITY,
	[16] = TARGETS,
	[17] = TARGETS,
	[18] = TARGETS,
	[19] = TARGETS,
	[20] = TARGETS,
	[21] = TARGETS,
	[22] = TARGETS,
	[23] = TARGETS,
	[24] = CONFIG,
	[25] = CONFIG,
};

/* The first interrupt of the word at off: each array begins at a multiple of its own size. */
static inline unsigned irq_at(const struct vgic_reg *r, u64 off)
{
	if (r->bits == 1)
		return (off & 0x7f) * 8;
	return r->bits == 8 ? off & 0x3ff : (off & 0xff) * 4;
}

static struct vgic_bank *bank_at(struct vcpu *v, unsigned first, unsigned b)
{
	return b < first || b >= v->domain->vgic.nr_banks ? NULL : vgic_bank_of(v, b);
}

/* GICv3 has IROUTER instead of ITARGETSR. */
static bool exists(const struct vcpu *v, const struct vgic_reg *r)
{
	return r->bits && !(r->get == get_targets && v->domain->vgic.version == 3);
}

bool vgic_reg_read(struct vcpu *by, struct vcpu *v, unsigned first, u64 off, unsigned size,
		   u64 *val)
{
	const struct vgic_reg *r = vgic_reg_at(off);
	unsigned irq = irq_at(r, off);
	struct vgic_bank *bank = bank_at(v, first, irq / 32);

	*val = 0;
	if (!bank || !exists(v, r))
		return true;
	if (!(size & r->widths))
		return false;
	if (r->fast_read)
		return vgic_fast_read(v, off, val);
	if (!r->live) {
		*val = r->get(v, bank, irq, size);
		return true;
	}
	lock(&v->domain->vgic.lock);
	by->vgic.retry = !vgic_fold_all(by, v, bank, irq / 32);
	*val = r->get(v, bank, irq, size);
	unlock(&v->domain->vgic.lock);
	return !by->vgic.retry;
}

bool vgic_reg_write(struct vcpu *v, unsigned first, u64 off, unsigned size, u64 val)
{
	const struct vgic_reg *r = vgic_reg_at(off);
	unsigned irq = irq_at(r, off);
	struct vgic_bank *bank = bank_at(v, first, irq / 32);

	if (!bank || !exists(v, r))
		return true;
	if (!(size & r->widths))
		return false;
	if (r->set_bits)
		return r->set_bits(v, bank, irq / 32, (u32)val);
	lock(&v->domain->vgic.lock);
	r->set(v, bank, irq, size, val);
	unlock(&v->domain->vgic.lock);
	return true;
}
