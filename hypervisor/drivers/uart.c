// SPDX-License-Identifier: GPL-2.0-only
/* Which driver for which UART. */
#include <drivers/uart.h>
#include <lib/string.h>

static const struct {
	const char *compatible; /* of the device tree node */
	const struct uart_driver *driver;
	unsigned shift; /* where the tree names none */
} known[] __initconst = {
#ifdef CONFIG_UART_PL011
	{ "arm,pl011", &pl011_driver },
#endif
#ifdef CONFIG_UART_CADENCE
	{ "cdns,uart-r1p12", &cadence_driver },
#endif
#ifdef CONFIG_UART_16550
	{ "ns16550a", &ns16550_driver },
	{ "ns16550", &ns16550_driver },
	{ "snps,dw-apb-uart", &ns16550_driver },
	{ "nvidia,tegra20-uart", &ns16550_driver, 2 },
	{ "brcm,bcm2835-aux-uart", &ns16550_driver, 2 },
	{ "ti,am654-uart", &ns16550_driver, 2 },
#endif
};

#define POLLS 200000 /* more than a full FIFO takes at any usual speed */

bool uart_wait_while(bool (*full)(void))
{
	for (unsigned i = 0; full(); i++)
		if (i == POLLS)
			return false;
	return true;
}

const struct uart_ops *__init uart_attach(const char *compatible, unsigned n,
					  const struct uart_regs *regs)
{
	unsigned at, len;

	for (at = 0; (len = (unsigned)strnlen(compatible + at, n - at)) < n - at; at += len + 1) {
		for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
			const struct uart_driver *d = known[i].driver;

			if (!strcmp(compatible + at, known[i].compatible))
				return d->attach(regs, known[i].shift) ? d->ops : NULL;
		}
	}
	return NULL;
}
