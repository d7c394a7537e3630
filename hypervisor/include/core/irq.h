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
int irq_request(unsigned irq, irq_handler *fn);
/* Gives an SPI to a domain; it fires as the same virtual interrupt number (linked in the list register, guest's EOI deactivates). -EBUSY if taken. */
int irq_route_guest(unsigned irq, struct domain *d, unsigned virq);
int irq_unroute_guest(unsigned irq, struct domain *d);
/* Trap entry for a physical interrupt: acknowledges until none is left (at most a fixed number). */
void irq_handle(void);
#endif
