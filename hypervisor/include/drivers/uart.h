/* SPDX-License-Identifier: GPL-2.0-only */
/* UARTs the console can use (drivers/): one line per kind in uart.c's table. */
#ifndef DRIVERS_UART_H
#define DRIVERS_UART_H
#include <arm/cpu.h>
#include <core/console.h>
#include <lib/types.h>

struct uart_driver {
	const char *compatible; /* of its device tree node */
	const struct uart_ops *ops;
	/* registers are mapped; takes the UART as the firmware left it (its speed) */
	void (*attach)(paddr_t base);
};

/* Writes c where there is room; when the flag `full` stays too long, c is lost. */
void uart_put(char *data, char *status, u32 full, char c);
/* The driver for one of the n bytes of compatible strings, attached; NULL: none knows it. */
const struct uart_ops *uart_attach(const char *compatible, unsigned n, paddr_t base);
extern const struct uart_driver pl011_driver, cadence_driver;
#endif
