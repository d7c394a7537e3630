/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch: one table of hypercalls and sub-ops with the permission of each (hypercall/table.c). */
#ifndef HYPERCALL_HYPERCALL_H
#define HYPERCALL_HYPERCALL_H
#include <lib/types.h>

struct vcpu;

/*
 * a[0..4]: arguments, the guest's x0..x4 (or a multicall entry's copy). Returns the result for x0,
 * or -ERESTART after having changed a[] so that executing the same call again goes on where this
 * one stopped.
 */
typedef s64 hypercall_fn(struct vcpu *v, u64 *a);

/*
 * HVC #0xEA1 with the number in x16. Its caller, arm/a64/entry.S, writes the result to x0, or steps
 * PC back on -ERESTART.
 */
s64 hypercall_run(struct vcpu *v);
/* The same by AArch32, the number in r12; with all that its caller does. */
void hypercall_trap32(struct vcpu *v);
/* One call of a multicall: permission, dispatch. */
s64 hypercall_one(struct vcpu *v, u64 nr, u64 *a);
#endif
