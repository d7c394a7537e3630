// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who gets a physical interrupt. SGIs and PPIs have one handler for all CPUs, set at boot and read
 * without a lock. An SPI belongs to a handler of the hypervisor or to a domain; the lock keeps a
 * domain's route alive while the interrupt is handed over, so a domain that has given up its routes
 * gets no more.
 */
#include <arm/gic.h>
#include <core/cpu.h>
#include <core/irq.h>
#include <core/page.h>
#include <lib/bitmap.h>
#include <lib/errno.h>

struct spi {
	irq_handler *fn;  /* own, or */
	struct domain *d; /* routed; both NULL: free */
	u16 virq;
};

/*
 * then the guest goes on for an instruction, so that one CPU's interrupts cannot hold it for ever
 */
#define IRQS_PER_TRAP 16

static irq_handler *private_fn[32];
static u32 linked; /* PPIs that a guest deactivates */
static struct lock irq_lock = LOCK_INIT(RANK_IRQ);
static struct spi *spis; /* by interrupt number - 32 */

static void ignore(unsigned irq)
{
}

/* An interrupt nobody asked for: must be quiet from now on. */
static void unexpected(unsigned irq)
{
	if (irq >= 16)
		gic_disable(irq);
}

__init int irq_init(void)
{
	for (unsigned i = 0; i < 32; i++)
		private_fn[i] = unexpected;
	private_fn[SGI_KICK] = ignore; /* cpu->work says it all */
	if (gic_nr_irqs == 32)
		return 0;
	spis = xzalloc((gic_nr_irqs - 32) * sizeof(*spis));
	return spis ? 0 : -ENOMEM;
}

int irq_request(unsigned irq, irq_handler *fn)
{
	int err = 0;

	if (irq >= gic_nr_irqs)
		return -EINVAL;
	lock(&irq_lock);
	if (irq < 32) {
		if (private_fn[irq] == unexpected)
			private_fn[irq] = fn;
		else
			err = -EBUSY;
	} else if (spis[irq - 32].fn || spis[irq - 32].d) {
		err = -EBUSY;
	} else {
		spis[irq - 32].fn = fn;
		gic_set_target(irq, this_cpu());
	}
	if (!err)
		gic_enable(irq);
	unlock(&irq_lock);
	return err;
}

int irq_request_linked(unsigned ppi, irq_handler *fn)
{
	int err;

	if (ppi < 16 || ppi > 31)
		return -EINVAL;
	linked |= 1U << ppi;
	err = irq_request(ppi, fn);
	if (err)
		linked &= ~(1U << ppi);
	return err;
}

int irq_route_guest(unsigned irq, struct domain *d, unsigned virq)
{
	struct spi *s;
	int err;

	if (irq < 32 || irq >= gic_nr_irqs)
		return -EINVAL;
	s = &spis[irq - 32];
	lock(&irq_lock);
	if (s->fn || s->d) {
		err = -EBUSY;
	} else {
		s->d = d;
		s->virq = (u16)virq;
		err = irq_guest_attach(d, virq, irq);
		if (err)
			s->d = NULL;
	}
	unlock(&irq_lock);
	return err;
}

int irq_unroute_guest(unsigned irq, struct domain *d)
{
	struct spi *s;
	int err = -ENOENT;

	if (irq < 32 || irq >= gic_nr_irqs)
		return -ENOENT;
	s = &spis[irq - 32];
	lock(&irq_lock);
	if (s->d == d) {
		irq_guest_detach(d, s->virq);
		s->d = NULL;
		err = 0;
	}
	unlock(&irq_lock);
	return err;
}

__init void irq_route_rest(struct domain *d, const u64 *but)
{
	for (unsigned irq = 32; irq < gic_nr_irqs; irq++)
		if (!spis[irq - 32].fn && !bit_test(but, irq) && irq_route_guest(irq, d, irq))
			continue; /* beyond what the domain has, or taken: stays disabled */
}

static void handle_spi(unsigned irq, u32 token)
{
	struct spi *s = &spis[irq - 32];

	lock(&irq_lock);
	if (s->d) {
		irq_guest_raise(s->d, s->virq, irq);
		unlock(&irq_lock);
		return;
	}
	if (!s->fn)
		unexpected(irq); /* with the lock: whoever is next to own it may enable it */
	unlock(&irq_lock);
	if (s->fn)
		s->fn(irq);
	gic_deactivate(token);
}

void irq_handle(void)
{
	unsigned budget = IRQS_PER_TRAP;

	do {
		u32 token = gic_ack();
		unsigned irq = GIC_IRQ(token);

		if (unlikely(irq >= IRQ_SPURIOUS))
			return;
		gic_eoi(token);
		if (likely(irq < 32)) {
			private_fn[irq](irq);
			if (!(linked >> irq & 1))
				gic_deactivate(token);
		} else if (likely(irq < gic_nr_irqs)) {
			handle_spi(irq, token);
		}
	} while (irq_pending() && --budget);
}
