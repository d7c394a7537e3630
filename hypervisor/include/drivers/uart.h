/* SPDX-License-Identifier: GPL-2.0-only */
/* UARTs the console can use (drivers/): one line per kind in uart.c's table. */
#ifndef DRIVERS_UART_H
#define DRIVERS_UART_H
#include <arm/cpu.h>
#include <core/console.h>
#include <lib/types.h>

struct uart_regs {
	paddr_t base;
	u64 size;  /* bytes */
	u32 shift; /* they are 1 << shift bytes apart (reg-shift) */
	u32 width; /* bytes of an access (reg-io-width) */
};

struct uart_driver {
	const struct uart_ops *ops;
	/*
	 * Registers are mapped; takes the UART as the firmware left it (its speed). `shift` is for
	 * a tree that names none. false: it cannot be as `r` says.
	 */
	bool (*attach)(const struct uart_regs *r, unsigned shift);
};

/* Waits with a bound; false: it stayed full, and the character is lost. */
bool uart_wait_while(bool (*full)(void));
/*
 * The driver for one of the n bytes of compatible strings, attached; NULL: none knows it. shift and
 * width may be 0: the tree does not say.
 */
const struct uart_ops *uart_attach(const char *compatible, unsigned n,
				   const struct uart_regs *regs);
extern const struct uart_driver pl011_driver, cadence_driver, ns16550_driver;
#endif
