/* SPDX-License-Identifier: GPL-2.0-only */
/* From a trap to its handler, and what is done to a guest in answer. */
#ifndef VIRT_TRAP_H
#define VIRT_TRAP_H
#include <lib/types.h>

struct domain;
struct vcpu;

/*
 * Called by arm/a64/entry.S with all of the guest's registers saved; a hypercall goes to
 * hypercall_run() and an interrupt to irq_handle() with x20 to x29 not.
 */
void trap_sync(struct vcpu *v, u64 esr);
void trap_serror(struct vcpu *v);

void inject_undef(struct vcpu *v);
/*
 * Data or instruction abort at the faulting address, as if the address did not decode (external
 * abort).
 */
void inject_abort(struct vcpu *v, u64 far, bool instr);

/* Emulated MMIO: size in bytes 1, 2, 4, 8; false: no such register (the guest gets an abort). */
typedef bool mmio_read_fn(struct vcpu *v, void *priv, u64 offset, unsigned size, u64 *val);
typedef bool mmio_write_fn(struct vcpu *v, void *priv, u64 offset, unsigned size, u64 val);
struct mmio_range {
	gpa_t base;
	u64 size;
	mmio_read_fn *read;
	mmio_write_fn *write;
	void *priv;
};
#define MAX_MMIO_RANGES 4
/* There is room, and d does not run. */
void mmio_add(struct domain *d, gpa_t base, u64 size, mmio_read_fn *read, mmio_write_fn *write,
	      u64 priv);

/* PSCI and SMCCC calls of a guest (HVC #0 or SMC #0): answers in x0..x3. */
void psci_call(struct vcpu *v);
#endif
