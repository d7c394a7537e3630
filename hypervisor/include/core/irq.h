/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical interrupts: who gets them. Handlers run at EL2 with interrupts masked. core/irq.c; the
 * controller is arm/gic.h.
 */
#ifndef CORE_IRQ_H
#define CORE_IRQ_H
#include <lib/types.h>

struct domain;

#define IRQ_SPURIOUS 1020 /* and above */
#define SGI_KICK 0	  /* look at cpu->work */
#define SGI_STOP 1	  /* panic elsewhere: stop */
#define SGI_LOG 2	  /* there is new text in the log ring */

/*
 * The hypervisor's own: called with the interrupt number after priority drop; deactivated on
 * return.
 */
typedef void irq_handler(unsigned irq);
/*
 * SGI, PPI (handler for all CPUs, enabled on this one: others enable it themselves) or SPI (to this
 * CPU). -EINVAL: no such interrupt, -EBUSY: taken.
 */
int irq_request(unsigned irq, irq_handler *fn);
/*
 * The same for a PPI that stays active until a guest's EOI, through a list register, deactivates
 * it.
 */
int irq_request_linked(unsigned ppi, irq_handler *fn);
/*
 * Gives an SPI to a domain: it fires as virtual interrupt virq (linked in the list register, the
 * guest's EOI deactivates). -EINVAL: no such one in the machine or the domain, -EBUSY: taken. The
 * domain's record must outlive the route: vgic_free_domain() ends all routes.
 */
int irq_route_guest(unsigned irq, struct domain *d, unsigned virq) __must_check;
/* -ENOENT: not routed to d. */
int irq_unroute_guest(unsigned irq, struct domain *d);
/*
 * Boot, when all own SPIs are requested: gives d every SPI that is left and has no bit in `but`,
 * under its own number.
 */
void irq_route_rest(struct domain *d, const u64 *but);
/* boot CPU, after gic_init() and before any irq_request(). -ENOMEM */
int irq_init(void) __must_check;

/*
 * By virt/vgic_spi.c, for core/irq.c only. Connect an SPI of d with a physical one; -EINVAL -EBUSY.
 */
int irq_guest_attach(struct domain *d, unsigned virq, unsigned irq);
void irq_guest_detach(struct domain *d, unsigned virq);
/* The physical one was acknowledged and its priority dropped. */
void irq_guest_raise(struct domain *d, unsigned virq, unsigned irq);
/* Trap entry for a physical interrupt: acknowledges until none is left (at most a fixed number). */
void irq_handle(void);
#endif
