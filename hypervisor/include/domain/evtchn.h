/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels: the two ends of a channel are ports of two domains (or of one); a port can also
 * be fed by a VIRQ or be an IPI. An event sets its port's pending bit in memory shared with the
 * guest and, if the port is not masked, raises the domain's upcall interrupt on one vCPU. What the
 * bits look like is the business of an ABI (2-level, FIFO). domain/evtchn.c, evtchn_2l.c,
 * evtchn_fifo.c.
 */
#ifndef DOMAIN_EVTCHN_H
#define DOMAIN_EVTCHN_H
#include <core/lock.h>
#include <lib/types.h>
#include <xen/xen.h>
#include <xen/event_channel.h>

struct domain;
struct vcpu;
struct page;
struct evtchn_fifo;

struct evtchn {
	union {
		/* interdomain: closing either end takes both locks, so a link never dangles */
		struct domain *peer;
		u64 domid; /* unbound: who may bind */
	};
	u32 arg;	  /* interdomain: the peer's port; VIRQ: its number */
	u8 vcpu;	  /* told of events */
	u8 last_vcpu;	  /* FIFO, queue lock: queue it was last put in */
	u8 state : 3;	  /* EVTCHNSTAT_* */
	u8 early : 1;	  /* FIFO, queue lock: event came before its word's page */
	u8 priority : 4;  /* FIFO, evtchn lock */
	u8 last_priority; /* FIFO, queue lock */
};

#define EVTCHN_BUCKET 256 /* ports, one page */
/*
 * A state beside EVTCHNSTAT_*, of both ends: linked as interdomain, but one end is the hypervisor's
 * (d->vuart.port), which hears of events at once instead of the guest.
 */
#define EVTCHN_SERVED 6

struct evtchn_ops { /* one ABI of the bits shared with the guest */
	u32 nr_ports;
	/* Event on an open port. The lock of the sender or of d is held. */
	void (*set_pending)(struct domain *d, struct evtchn *ch, u32 port);
	void (*clear_pending)(struct domain *d, u32 port);
	void (*unmask)(struct domain *d, struct evtchn *ch, u32 port);
	bool (*is_pending)(struct domain *d, u32 port);
	bool (*is_masked)(struct domain *d, u32 port);
	bool (*is_busy)(struct domain *d, u32 port); /* cannot be allocated yet */
};

struct evtchns {
	/*
	 * RANK_EVTCHN: buckets, states, links, VIRQ ports (struct vcpu's virq_port) of this domain
	 */
	struct lock lock;
	u32 nr_ports; /* that have a struct evtchn: a multiple of EVTCHN_BUCKET */
	struct evtchn **bucket;
	const struct evtchn_ops *ops;
	u32 max_port;	/* highest one allowed */
	u32 first_free; /* no free port below */
	u32 nr_polling; /* vCPUs in SCHEDOP_poll (atomic) */
	u32 nr_open;
	struct evtchn_fifo *fifo; /* NULL until EVTCHNOP_init_control */
};

/*
 * Life cycle. max_port: highest port allowed, ~0: as many as the ABI can do. -ENOMEM.
 * destroy: d is dying and runs no more: closes all ports, gives back each registered vcpu_info. 0,
 * or -ERESTART: call again. Idempotent.
 */
int evtchns_init(struct domain *d, u32 max_port) __must_check;
int evtchns_destroy(struct domain *d);

/*
 * v's info at its default place: shared_info for vCPU 0, else a page nobody reads. At creation and
 * reset.
 */
void shared_info_init_vcpu(struct vcpu *v);
/*
 * VCPUOP_register_vcpu_info: v's info moves to offset bytes into pg, whose reference is taken over;
 * everything is marked pending, as nothing may be lost. -ENXIO: offset out of the page or
 * unaligned; -EINVAL: registered already (the reference stays the caller's).
 */
int vcpu_info_register(struct vcpu *v, struct page *pg, unsigned offset) __must_check;
/*
 * Back to the default place, reference given up: when no event can be on its way any more, that is
 * all ports are closed. evtchns_destroy() does it.
 */
void vcpu_info_unregister(struct vcpu *v);

/*
 * d's vuart.port becomes a port that `remote` may bind to and d can do nothing with until it dies.
 * Errors as of evtchn_alloc_unbound().
 */
int evtchn_alloc_served(struct domain *d, domid_t remote) __must_check;

/* Raising. No lock of rank EVTCHN or above may be held. */
/* as d's guest would. -EINVAL: no such port or not one to send on */
s64 evtchn_send(struct domain *d, u32 port);
/* global VIRQ; nobody bound: nothing happens. d may be NULL */
void evtchn_raise_virq(struct domain *d, unsigned virq);
void evtchn_raise_vcpu_virq(struct vcpu *v, unsigned virq);
void evtchn_raise_served(struct domain *d); /* to whom has bound to it, if anybody */

/* Upcall is wanted: the vCPU has an event to look at. */
bool evtchn_pending(const struct vcpu *v);
/* For ABIs: tell v that there are events. */
void evtchn_upcall(struct vcpu *v);
/*
 * After v's interrupt controller was reset: with the flag still set, no event would ever interrupt
 * it again.
 */
void evtchn_upcall_again(struct vcpu *v);
/*
 * After the guest chose another upcall interrupt (HVM_PARAM_CALLBACK_IRQ): raises it where events
 * wait.
 */
void evtchn_irq_changed(struct domain *d);

/*
 * SCHEDOP_poll of the current vCPU. begin: > 0: a port is pending already, -EINVAL: no such port.
 * 0: v->polling is set until an event on one of the ports clears it and wakes v; after vcpu_block()
 * look whether that has happened already. Whoever ends it otherwise calls evtchn_poll_end, which is
 * idempotent and may come late: until then an event on a polled port costs a needless vcpu_wake.
 */
int evtchn_poll_begin(struct vcpu *v, const u32 *ports, unsigned nr) __must_check;
void evtchn_poll_end(struct vcpu *v);
/* For ABIs: a port became pending. The ABI's own atomic operation came before. */
void evtchn_wake_pollers(struct domain *d, u32 port);
#define evtchn_check_pollers(d, port) \
	do { \
		if (unlikely(__atomic_load_n(&(d)->evtchns.nr_polling, __ATOMIC_SEQ_CST))) \
			evtchn_wake_pollers(d, port); \
	} while (0)

/*
 * Operations, by d itself or by the control domain for it; caller holds a reference to each domain.
 * Common errors: -ENOSPC no port left, -ENOMEM, -EINVAL bad port or state or a dying domain,
 * -ENOENT no such vCPU, -EPERM policy (alloc_unbound: its caller applies policy_allows()).
 */
int evtchn_alloc_unbound(struct domain *d, domid_t remote, u32 *port) __must_check;
int evtchn_bind_interdomain(struct domain *d, struct domain *remote, u32 rport,
			    u32 *port) __must_check;
/* -EEXIST */
int evtchn_bind_virq(struct domain *d, u32 virq, u32 vcpu, u32 *port) __must_check;
int evtchn_bind_ipi(struct domain *d, u32 vcpu, u32 *port) __must_check;
int evtchn_bind_vcpu(struct domain *d, u32 port, u32 vcpu);
int evtchn_close(struct domain *d, u32 port);
int evtchn_status(struct domain *d, struct evtchn_status *st); /* st->port in, the rest out */
int evtchn_unmask(struct domain *d, u32 port);
/*
 * Closes everything and goes back to 2-level. -ERESTART: some was closed, call again; -EAGAIN:
 * something was opened meanwhile.
 */
int evtchn_reset(struct domain *d);
/*
 * May d and the domain `other` share events or memory? (xsm=silo: one of them is privileged, or
 * they are the same)
 */
#define policy_allows(d, other) \
	((d)->privileged || (d) == (other) || (other)->privileged || !opts.silo)
/* The port's record, NULL if there is none. */
static inline struct evtchn *evtchn_at(const struct evtchns *e, u32 port)
{
	return likely(port < e->nr_ports) ? &e->bucket[port / EVTCHN_BUCKET][port % EVTCHN_BUCKET]
					  : NULL;
}

/* FIFO ABI. */
int evtchn_fifo_init_control(struct domain *d, struct evtchn_init_control *op) __must_check;
int evtchn_fifo_expand_array(struct domain *d, gfn_t gfn) __must_check;
/*
 * After expand_array: raises some of the events that came before their words; call again while it
 * is true.
 */
bool evtchn_fifo_raise_early(struct domain *d);
/* -ENOSYS: d uses 2-level */
int evtchn_fifo_set_priority(struct domain *d, u32 port, u32 priority) __must_check;
/* Back to 2-level: pages given back. All ports are closed; evtchn lock held. */
void evtchn_fifo_destroy(struct domain *d);
#ifdef CONFIG_DEBUG
/* For domain/spec.c: what it keeps of the guest's pages (an address in it, or NULL). */
unsigned evtchn_fifo_nr_pages(const struct domain *d);
void *evtchn_fifo_page(const struct domain *d, unsigned i);
#endif
extern const struct evtchn_ops evtchn_2l_ops, evtchn_fifo_ops;
#endif
