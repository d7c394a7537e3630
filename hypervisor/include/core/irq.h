/* SPDX-License-Identifier: GPL-2.0-only */
/* Physical interrupts: who gets them. Handlers run at EL2 with interrupts masked. core/irq.c; the controller is arm/gic.h. */
#ifndef CORE_IRQ_H
#define CORE_IRQ_H
#include <lib/types.h>

struct domain;

#define IRQ_SPURIOUS 1020	/* and above */
#define SGI_KICK 0		/* look at cpu->work */
#define SGI_STOP 1		/* panic elsewhere: stop */

/* The hypervisor's own: called with the interrupt number after priority drop; deactivated on return. */
typedef void irq_handler(unsigned irq);
int irq_request(unsigned irq, irq_handler *fn) __must_check;	/* SGI, PPI (all CPUs) or SPI (to this CPU); enabled. -EINVAL -EBUSY */
/* The same for a PPI that stays active until a guest's EOI, through a list register, deactivates it. */
int irq_request_linked(unsigned ppi, irq_handler *fn) __must_check;
/* Gives an SPI to a domain; it fires as the same virtual interrupt number (linked in the list register, guest's EOI deactivates). -EBUSY if taken. */
int irq_route_guest(unsigned irq, struct domain *d, unsigned virq) __must_check;
int irq_unroute_guest(unsigned irq, struct domain *d);
/* Boot, when all own SPIs are requested: gives d every SPI that is left, under its own number. */
int irq_route_rest(struct domain *d) __must_check;
/* virt/vgic.c: SPI irq, routed to d as virq, was acknowledged and its priority dropped. */
void irq_to_guest(struct domain *d, unsigned virq, unsigned irq);
int irq_init(void) __must_check;	/* boot CPU, after gic_init(). -ENOMEM */
void irq_init_cpu(void);		/* each CPU, after gic_init_cpu(): enables the PPIs requested so far */
/* Trap entry for a physical interrupt: acknowledges until none is left (at most a fixed number). */
void irq_handle(void);
#endif
