/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * List registers of a fake GIC. Whoever includes it has defined H: this CPU's hardware, with lr[],
 * hcr and vmcr.
 */
#ifndef FAKE_LRS_H
#define FAKE_LRS_H

static unsigned long overflows;

static u64 h_lr_read(unsigned n)
{
	return H->lr[n];
}
static void h_lr_write(unsigned n, u64 v)
{
	H->lr[n] = v;
}
static u32 h_lr_empty(void)
{
	u32 m = 0;

	for (unsigned i = 0; i < gic_nr_lrs; i++)
		if (!(H->lr[i] >> 62) && ((H->lr[i] & LR_HW) || !(H->lr[i] & LR_EOI)))
			m |= 1U << i;
	return m;
}
static u32 h_lr_reuse(unsigned n, u64 v)
{
	if (!(h_lr_empty() >> n & 1))
		return false;
	H->lr[n] = v;
	return true;
}
static u32 h_hcr_read(void)
{
	return H->hcr;
}
static void h_hcr_write(u32 h)
{
	if (h & HCR_GIC_NPIE)
		overflows++;
	H->hcr = h;
}
static u32 h_vmcr_read(void)
{
	return H->vmcr;
}
static void h_save(struct gic_vcpu_state *s)
{
	s->vmcr = H->vmcr;
}
static void h_restore(const struct gic_vcpu_state *s)
{
	H->vmcr = s->vmcr;
}
#define FAKE_LRS_OPS \
	.lr_read = h_lr_read, .lr_write = h_lr_write, .lr_reuse = h_lr_reuse, \
	.lr_empty = h_lr_empty, .hcr_read = h_hcr_read, .hcr_write = h_hcr_write, \
	.vmcr_read = h_vmcr_read, .state_save = h_save, .state_restore = h_restore
#endif
