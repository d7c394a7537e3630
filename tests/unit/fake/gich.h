/* SPDX-License-Identifier: GPL-2.0-only */
/* The list registers of each CPU: EL2's side as struct gic_ops wants it, and the guest's. */
#ifndef FAKE_GICH_H
#define FAKE_GICH_H
#include <arm/gic.h>
#include <core/cpu.h>

extern struct gich {
	u64 lr[GIC_MAX_LRS];
	u32 hcr, vmcr;
} gich[MAX_CPUS];

u64 gich_lr_read(unsigned n);
void gich_lr_write(unsigned n, u64 lr);
u32 gich_lr_reuse(unsigned n, u64 lr);
u32 gich_lr_empty(void);
u32 gich_hcr_read(void);
void gich_hcr_write(u32 hcr);
u32 gich_vmcr_read(void);
void gich_save(struct gic_vcpu_state *s);
void gich_restore(const struct gic_vcpu_state *s);
#define GICH_OPS \
	.lr_read = gich_lr_read, .lr_write = gich_lr_write, .lr_reuse = gich_lr_reuse, \
	.lr_empty = gich_lr_empty, .hcr_read = gich_hcr_read, .hcr_write = gich_hcr_write, \
	.vmcr_read = gich_vmcr_read, .state_save = gich_save, .state_restore = gich_restore

/* Operations that a test does not look at. */
void gich_ignore(unsigned irq, bool on);
void gich_ignore_target(unsigned irq, const struct cpu *c);

/* The maintenance interrupt's line. */
bool gich_maintenance(const struct gich *g);
/* The most urgent one that is pending and not active; -1: there is none. */
int gich_best(const struct gich *g);
/*
 * The guest ends interrupt intid (GICv2's SGIs: of vCPU src). What the list register was then;
 * 0: it was in none, which is counted. *lost: and nobody asked to be told.
 */
u64 gich_end(struct gich *g, unsigned intid, unsigned src, bool *lost);
#endif
