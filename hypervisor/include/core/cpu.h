/* SPDX-License-Identifier: GPL-2.0-only */
/* One record per physical CPU. */
#ifndef CORE_CPU_H
#define CORE_CPU_H
#include <arm/cpu.h>
#include <core/timer.h>
#include <lib/bitmap.h>
#include <lib/list.h>
#include <lib/types.h>

#define MAX_CPUS CONFIG_MAX_CPUS
#include <arm/asm.h>

struct vcpu;

/*
 * cpu->work: reasons to leave the straight way back to the guest. Any CPU may set them (cpu_kick).
 */
enum { WORK_SCHED = 1, WORK_VGIC = 2 };

struct runqueue {
	struct lock lock;
	struct list queue; /* runnable, not running, by rising vtime */
	unsigned nr;	   /* in the queue */
	u64 vtime;	   /* of the queue: newcomers start no earlier */
	struct timer slice;
};

struct cpu {
	struct vcpu *current; /* in a guest or about to return to it; NULL when idle */
	/* whose EL1, vGIC and timer state is in the hardware, NULL if nobody's */
	struct vcpu *loaded;
	u32 work;
	u32 id;		       /* 0 .. cpu_count-1 */
	struct vcpu *fp_owner; /* whose FP/SIMD registers are in the hardware */
	bool idle;	       /* in the idle loop: needs an SGI to notice work */
	bool online;
	bool help_wanted; /* a vCPU that was displaced here could run on an idle CPU */
	u8 lock_depth;	  /* debug */
	u8 lock_rank[8];
	struct runqueue rq;
	/* between two run queues, under neither's lock; sched_destroy_vcpu() waits for it */
	struct vcpu *moving;
	struct timer_queue timers;
	u64 busy_ns; /* time given to vCPUs, up to the last account() */
	u64 mpidr;   /* affinity fields only */
	u64 midr;
	void *stack;	    /* lowest address */
	void *gicr;	    /* this CPU's redistributor (GICv3), RD_base */
	u64 gic_sgi;	    /* this CPU in ICC_SGI1R_EL1 (GICv3) */
	u8 gic_target;	    /* GICv2 CPU interface mask */
	bool vtimer_active; /* physical active state of the virtual timer's PPI */
	u16 vmid_user[256]; /* which domain slot used a VMID last on this CPU */
} __aligned(64);

extern struct cpu cpus[MAX_CPUS];
extern unsigned cpu_count; /* those that run; ids are dense */
#define for_each_cpu(c) for (struct cpu *c = cpus; c < cpus + cpu_count; c++)

/* Sets work bits for a CPU, which notices them on its way to a guest or when it is signalled. */
static inline void cpu_set_work(struct cpu *c, u32 work)
{
	__atomic_fetch_or(&c->work, work, __ATOMIC_SEQ_CST);
}
/* Makes another CPU look at its work, and at who is current there. */
void cpu_signal(struct cpu *c);
/* Both; this CPU needs no signal. */
void cpu_kick(struct cpu *c, u32 work);
#endif
