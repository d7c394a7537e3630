/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's timers: the virtual one is the hardware's (CNTV, its interrupt linked in a list
 * register); the physical one is emulated.
 */
#ifndef VIRT_VTIMER_H
#define VIRT_VTIMER_H
#include <core/timer.h>

struct vcpu;

struct vtimer {
	u64 cntv_ctl, cntv_cval; /* while not loaded */
	u32 cntp_ctl;		 /* ENABLE, IMASK; ISTATUS is computed */
	u64 cntp_cval;
	struct timer virt_wake; /* while unloaded and blocked: wakes at cntv_cval */
	/* armed there since the vCPU was last loaded; NULL: not. Who switches it alone uses this */
	const struct cpu *stand_in;
	struct timer phys; /* fires the emulated physical timer */
};

#define PPI_PHYS_TIMER 30
#define PPI_VIRT_TIMER 27

void vtimer_init_vcpu(struct vcpu *v);
void vtimer_destroy_vcpu(struct vcpu *v);
void vtimer_reset(struct vcpu *v);
/*
 * After vgic_load(), vgic_unload(). A vCPU that is blocked has `blocked` set before it is unloaded,
 * or stays unloaded until it is woken by something else.
 */
void vtimer_load(struct vcpu *v);
void vtimer_unload(struct vcpu *v);
void vtimer_init_cpu(void); /* each CPU */
/* boot, after irq_init(): the machine's PPI of the virtual timer */
void vtimer_init(unsigned ppi);
extern unsigned vtimer_ppi;
/* Trapped CNTP_* access; op as in the sysreg table. */
u64 vtimer_read_phys(struct vcpu *v, unsigned reg);
void vtimer_write_phys(struct vcpu *v, unsigned reg, u64 val);
enum { CNTP_TVAL, CNTP_CTL, CNTP_CVAL };
#endif
