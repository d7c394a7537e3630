// SPDX-License-Identifier: GPL-2.0-only
/* Structure offsets for assembly: compiled to text, never linked. */
#include <domain/domain.h>
#include <lib/errno.h>

#define OFFSET(name, value) asm volatile("\n@" #name " %0" : : "i"(value))

void offsets(void);
void offsets(void)
{
	OFFSET(VCPU_X30, offsetof(struct vcpu, x[30]));
	OFFSET(VCPU_PC, offsetof(struct vcpu, pc));
	OFFSET(VCPU_PSTATE, offsetof(struct vcpu, pstate));
	OFFSET(VCPU_STACK_TOP, offsetof(struct vcpu, stack_top));
	OFFSET(ERRNO_RESTART, ERESTART);
	OFFSET(CPU_WORK, offsetof(struct cpu, work));
	OFFSET(CPU_STACK, offsetof(struct cpu, stack));
}
