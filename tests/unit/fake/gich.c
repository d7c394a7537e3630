// SPDX-License-Identifier: GPL-2.0-only
/* See gich.h. A CPU's registers are touched by that CPU only. */
#include <core/cpu.h>
#include "gich.h"

struct gich gich[MAX_CPUS];

static struct gich *mine(void)
{
	return &gich[this_cpu()->id];
}

u64 gich_lr_read(unsigned n)
{
	return mine()->lr[n];
}
void gich_lr_write(unsigned n, u64 lr)
{
	mine()->lr[n] = lr;
}
u32 gich_lr_empty(void)
{
	u32 m = 0;

	for (unsigned i = 0; i < gic_nr_lrs; i++) {
		u64 lr = mine()->lr[i];

		if (!(lr >> 62) && ((lr & LR_HW) || !(lr & LR_EOI)))
			m |= 1U << i;
	}
	return m;
}
u32 gich_lr_reuse(unsigned n, u64 lr)
{
	if (!(gich_lr_empty() >> n & 1))
		return false;
	mine()->lr[n] = lr;
	return true;
}
u32 gich_hcr_read(void)
{
	return mine()->hcr;
}
void gich_hcr_write(u32 hcr)
{
	mine()->hcr = hcr;
}
u32 gich_vmcr_read(void)
{
	return mine()->vmcr;
}
void gich_save(struct gic_vcpu_state *s)
{
	s->vmcr = mine()->vmcr;
}
void gich_restore(const struct gic_vcpu_state *s)
{
	mine()->vmcr = s->vmcr;
}

void gich_ignore(unsigned irq, bool on)
{
}
void gich_ignore_target(unsigned irq, const struct cpu *c)
{
}

bool gich_maintenance(const struct gich *g)
{
	bool eoi = false, pending = false;

	for (unsigned i = 0; i < gic_nr_lrs; i++) {
		eoi |= !(g->lr[i] >> 62) && !(g->lr[i] & LR_HW) && (g->lr[i] & LR_EOI);
		pending |= g->lr[i] >> 62 == 1;
	}
	return eoi || ((g->hcr & HCR_GIC_NPIE) && !pending) ||
	       ((g->hcr & HCR_GIC_LRENPIE) && HCR_GIC_EOICOUNT(g->hcr));
}

int gich_best(const struct gich *g)
{
	unsigned best = 256;
	int at = -1;

	for (unsigned i = 0; i < gic_nr_lrs; i++)
		if (g->lr[i] >> 62 == 1 && (g->lr[i] >> LR_PRIO_SHIFT & 0xff) < best) {
			best = g->lr[i] >> LR_PRIO_SHIFT & 0xff;
			at = (int)i;
		}
	return at;
}

u64 gich_end(struct gich *g, unsigned intid, unsigned src, bool *lost)
{
	*lost = false;
	for (unsigned i = 0; i < gic_nr_lrs; i++) {
		u64 lr = g->lr[i];

		if ((lr & LR_ACTIVE) && LR_INTID(lr) == intid &&
		    (intid >= 16 || LR_SOURCE(lr) == src)) {
			g->lr[i] &= ~LR_ACTIVE;
			return lr;
		}
	}
	*lost = !(g->hcr & HCR_GIC_LRENPIE);
	g->hcr += 1U << 27;
	return 0;
}
