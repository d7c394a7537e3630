/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains and their vCPUs. A domain exists completely from domain_create() on. Destruction:
 * domain_kill() marks it dying (everything new is refused), takes its memory and objects back in
 * restartable steps; the last reference frees the record. Pages of a dead domain that others still
 * map keep its slot alive.
 */
#ifndef DOMAIN_DOMAIN_H
#define DOMAIN_DOMAIN_H
#include <arm/cpu.h>
#include <core/cpu.h>
#include <core/lock.h>
#include <core/page.h>
#include <core/timer.h>
#include <domain/el1_regs.h>
#include <domain/evtchn.h>
#include <domain/grant.h>
#include <domain/p2m.h>
#include <domain/sched.h>
#include <lib/types.h>
#include <virt/trap.h>
#include <virt/vgic.h>
#include <virt/vtimer.h>
#include <virt/vuart.h>
#include <xen/xen.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/hvm/params.h>

struct vcpu {
	/* Read and written by arm/a64/entry.S: keep first, in this order. */
	u64 x[31];
	u64 pc;		 /* ELR_EL2 */
	u64 pstate;	 /* SPSR_EL2 */
	void *stack_top; /* EL2 stack of the CPU that it is loaded on */

	/* Touched on hot paths. */
	struct domain *domain;
	u16 id;
	bool fp_used; /* FP trap is off: registers may differ from fp[] */
	bool polling; /* SCHEDOP_poll */
	/* What keeps it from running. Words: read as volatile, a byte takes an instruction more. */
	u32 blocked;	       /* true in WFI or SCHEDOP_block; cleared by vcpu_wake() */
	u32 down;	       /* true: not started, or CPU_OFF */
	u32 pause_count;       /* atomic */
	struct cpu *loaded_on; /* whose hardware holds the state below, or NULL */
	struct cpu *fp_cpu;    /* whose FP registers were last ours */
	/* shared with the guest: in shared_info or registered page; never NULL */
	struct vcpu_info *info;
	struct page *info_page; /* reference held for a registered vcpu_info, else NULL */
	struct sched_unit sched;
	u32 poll_port; /* here, where the alignment of what follows leaves room */
	struct vgic_vcpu vgic;
	struct vtimer vtimer;

	/* State that lives in the hardware while loaded_on is set. */
	struct el1_state {
#define X(first, second) u64 first, second;
		EL1_REGS(X)
#undef X
#define X(field, reg) u64 field;
		EL1_REGS_32(X)
		EL1_REGS_RAS(X)
		EL1_REGS_SME(X)
#undef X
	} el1;
	u64 vmpidr, hcr;
	struct fp_state {
		u64 q[64];
		u32 fpsr, fpcr;
	} fp __aligned(16);

	/* Rarely used. */
	struct vcpu_runstate_info runstate;
	/*
	 * guest memory registered for it, one page at most; see runstate_page (home's queue lock)
	 */
	struct vcpu_runstate_info *runstate_area;
	struct page *runstate_page;
	struct timer poll_timer; /* SCHEDOP_poll timeout; also VCPUOP single-shot */
	u32 virq_port[24];	 /* per-vCPU VIRQs: port or 0 (evtchn lock) */
};

/* A few closed ranges, apart from each other (hypercall/access.c). */
#define MAX_ACCESS_RANGES 8
struct access_list {
	u64 first[MAX_ACCESS_RANGES], last[MAX_ACCESS_RANGES];
	unsigned nr;
};

enum domain_state { DOM_ALIVE, DOM_DYING, DOM_DEAD };

struct domain {
	u32 refs; /* atomic; see domain_get() */
	domid_t id;
	u16 slot;	    /* index in domain_slots[]; what page->owner holds */
	u8 state;	    /* enum domain_state */
	bool privileged;    /* control domain: Dom0 */
	bool direct_mapped; /* gfn == mfn: Dom0 */
	bool is_shut_down;
	bool started;		   /* was unpaused by the tool */
	bool runstate_update_flag; /* VMASST_TYPE_runstate_update_flag */
	u8 shutdown_code;
	/* SCHEDOP_shutdown_code: 1 + the code of the SCHEDOP_shutdown to come; 0: none */
	u16 early_shutdown;
	/* how often: XEN_DOMCTL_pausedomain nests. The creation pause counts (not Dom0's) */
	u32 paused_by_tool;
	u16 max_vcpus; /* length of vcpu[] */
	/* all exist from XEN_DOMCTL_max_vcpus on (createdomain's max_vcpus); Dom0 from boot on */
	struct vcpu **vcpu;
	u16 vmid;
	u64 vttbr, vtcr;
	u64 cntvoff;

	struct lock lock; /* RANK_DOMAIN: state, params, pause */
	struct p2m p2m;
	struct evtchns evtchns;
	struct grant_table grants;
	struct vgic vgic;
	struct vuart vuart;
	/* emulated registers, by rising base; set when the vGIC is made */
	struct mmio_range mmio[MAX_MMIO_RANGES];
	unsigned nr_mmio;
	struct shared_info *shared_info; /* one heap page, owner d */
	gfn_t shared_info_gfn;		 /* where it was mapped last; INVALID_GFN at first */
	s64 time_offset_s;		 /* XEN_DOMCTL_settimeoffset */
	u64 vm_assist;
	u64 params[HVM_NR_PARAMS];
	u8 evtchn_irq; /* PPI of the upcall (HVM_PARAM_CALLBACK_IRQ) */
	bool aarch32;  /* EL1 is AArch32 */

	u64 tot_pages, max_pages;	  /* frames owned; limit (atomic add, checked) */
	u64 table_pages, max_table_pages; /* stage-2 tables in use; quota */
	/* block being scrubbed for it, see page_alloc_domain_step() (d->lock) */
	struct {
		struct page *pg;
		u32 done;
		u8 order;
	} half;
	xen_domain_handle_t handle;
	u64 created_ns;
	struct sched_domain sched;
	u32 relinquish_step; /* where domain_kill() goes on */
	u32 retired;	     /* vCPUs below have ended */
	u64 relinquish_pos;
	u32 log_tokens; /* console.c: budget */
	u64 log_refill_ns;
	u32 log_dropped;
	char console_line[128]; /* CONSOLEIO_write of a DomU, up to the newline */
	unsigned console_len;
	/* what it may use of the machine, if it is not Dom0: SPIs, MMIO frames (control lock) */
	struct access_list irqs, iomem;
	struct timer watchdog[2]; /* SCHEDOP_watchdog; domain_kill() cancels them */
	u8 watchdogs_used;	  /* bit each (domain lock) */
	struct domain *target;	  /* unused on ARM tools; NULL */
	struct list link;	  /* domain list, by rising id */
};

extern struct domain *hardware_domain; /* Dom0 */

#define for_each_vcpu(d, v) \
	for (unsigned _i = 0; _i < (d)->max_vcpus; _i++) \
		for (struct vcpu *v = (d)->vcpu[_i]; v; v = NULL)

struct domain_config {
	unsigned max_vcpus;
	unsigned max_evtchn_port; /* highest allowed port */
	unsigned max_grant_frames, max_maptrack_frames;
	unsigned nr_spis;
	bool privileged;
	xen_domain_handle_t handle;
};

/* id DOMID_INVALID: choose. On success *out holds the creation reference, dropped by domain_kill().
 * -EEXIST -EINVAL -ENOMEM -ENOSPC; -ERESTART: an interrupt waits, the next call of the same goes on
 * where this one stopped, one of another begins by taking back what is there. The domain starts
 * paused once (pause_count of each vCPU), as XEN_DOMCTL_createdomain wants. */
int domain_create(domid_t id, const struct domain_config *cfg, struct domain **out) __must_check;
/* Takes everything back. 0 done, -ERESTART: call again. Idempotent. */
int domain_kill(struct domain *d);
/*
 * By id, with a reference; dying ones too (not dead). NULL if there is none. domain_put() when
 * done.
 */
struct domain *domain_get_by_id(domid_t id);
/* Smallest id >= id, with a reference; NULL at the end. */
struct domain *domain_get_next(domid_t id);
unsigned domain_count(void);
static inline bool __must_check domain_get(struct domain *d)
{
	u32 refs;

	do {
		refs = load_exclusive(&d->refs);
		if (unlikely(refs + 1 <= 1))
			return false;
	} while (unlikely(!store_exclusive(&d->refs, refs, refs + 1)));
	return true;
}
void domain_release(struct domain *d); /* the last one is gone */
static inline void domain_put(struct domain *d)
{
	if (unlikely(!__atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL)))
		domain_release(d);
}
/* Slot of a page's owner; valid while a reference to one of its pages is held. */
struct domain *domain_of_slot(unsigned slot);

/*
 * returns when none of its vCPUs runs and all state is in memory; nests. Never for the caller's own
 */
void domain_pause(struct domain *d);
void domain_pause_nosync(struct domain *d);
void domain_unpause(struct domain *d);
/*
 * Guest or tool says: it has shut down (SHUTDOWN_*). Dom0: stops or resets the machine. Tells the
 * toolstack by VIRQ_DOM_EXC.
 */
void domain_shutdown(struct domain *d, unsigned reason);
void domain_resume(struct domain *d);
/* The guest did what cannot be answered otherwise: logged, shut down with SHUTDOWN_crash. */
void domain_crash(struct vcpu *v, const char *fmt, ...) __printf(2, 3);

/*
 * vCPU records: domain.c only. retire: its domain dies, it never runs again; free: nobody can refer
 * to it any more.
 */
struct vcpu *vcpu_alloc(struct domain *d, unsigned id);
void vcpu_retire(struct vcpu *v);
void vcpu_free(struct vcpu *v); /* NULL is fine */
void vcpu_poll_timeout(struct timer *t);

/*
 * Guest memory in which the hypervisor keeps a vCPU's event info or run times up to date. -EINVAL
 * -EFAULT. v's registers are loaded here, for the one by virtual address.
 */
int vcpu_register_info(struct vcpu *v, gfn_t gfn, u64 offset) __must_check;
/* v: of the current domain; 0: none any more */
int vcpu_register_runstate(struct vcpu *v, gva_t va) __must_check;
void vcpu_unregister_runstate(struct vcpu *v);

/*
 * Full architectural reset of a vCPU: registers zero, EL1 state at reset, MMU and caches off,
 * PSTATE EL1h, interrupts masked. Not running.
 */
void vcpu_reset(struct vcpu *v);
/*
 * State in memory <-> hardware of this CPU. sched.c only, which clears cpu->loaded when it needs v
 * no more.
 */
void vcpu_load(struct vcpu *v);
void vcpu_unload(struct vcpu *v);
void vcpu_fp_trap(struct vcpu *v); /* EC 0x07: gives v its FP registers */
#endif
