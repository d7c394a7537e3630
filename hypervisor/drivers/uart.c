// SPDX-License-Identifier: GPL-2.0-only
/* Which driver for which UART. */
#include <drivers/uart.h>
#include <lib/string.h>

static const struct uart_driver *const drivers[] __initconst = {
#ifdef CONFIG_UART_PL011
	&pl011_driver,
#endif
#ifdef CONFIG_UART_CADENCE
	&cadence_driver,
#endif
	NULL,
};

#define TX_POLLS 200000 /* more than one character's time at any usual speed */

void uart_put(char *data, char *status, u32 full, char c)
{
	for (unsigned i = 0; mmio_read32(status) & full; i++)
		if (i == TX_POLLS)
			return;
	mmio_write32(data, (u8)c);
}

const struct uart_ops *__init uart_attach(const char *compatible, unsigned n, paddr_t base)
{
	for (unsigned at = 0; at < n; at += (unsigned)strnlen(compatible + at, n - at) + 1) {
		for (unsigned i = 0; drivers[i]; i++) {
			if (strncmp(compatible + at, drivers[i]->compatible, n - at))
				continue;
			drivers[i]->attach(base);
			return drivers[i]->ops;
		}
	}
	return NULL;
}
