// SPDX-License-Identifier: GPL-2.0-only
/*
 * ARM PL011 UART. Speed and line format stay as the firmware set them. The console's lock
 * serialises output; input comes on the CPU that takes the interrupt.
 */
#include <drivers/uart.h>

enum {
	UARTDR = 0x00,
	UARTFR = 0x18,
	UARTLCR_H = 0x2c,
	UARTCR = 0x30,
	UARTIFLS = 0x34,
	UARTIMSC = 0x38,
	UARTICR = 0x44
};

#define FR_RXFE BIT(4)
#define FR_TXFF BIT(5)
#define LCR_H_FEN BIT(4)
#define LCR_H_WLEN8 (3UL << 5)
#define CR_UARTEN BIT(0)
#define CR_TXE BIT(8)
#define CR_RXE BIT(9)
#define INT_RX BIT(4)
#define INT_RT BIT(6) /* receive timeout: fewer characters than the trigger level wait */

static char *base;

static u32 rd(unsigned reg)
{
	return mmio_read32(base + reg);
}
static void wr(unsigned reg, u64 v)
{
	mmio_write32(base + reg, (u32)v);
}

static bool full(void)
{
	return rd(UARTFR) & FR_TXFF;
}

static void pl011_putc(char c)
{
	if (uart_wait_while(full))
		wr(UARTDR, (u8)c);
}

static int pl011_getc(void)
{
	return rd(UARTFR) & FR_RXFE ? -1 : (int)(rd(UARTDR) & 0xff);
}

static void pl011_irq_enable(void)
{
	wr(UARTICR, 0x7ff);
	wr(UARTIMSC, INT_RX | INT_RT);
}

static bool pl011_attach(const struct uart_regs *r, unsigned shift)
{
	base = pa_to_va(r->base);
	wr(UARTIMSC, 0);
	if (!(rd(UARTLCR_H) & LCR_H_FEN))
		wr(UARTLCR_H, LCR_H_WLEN8 | LCR_H_FEN);
	wr(UARTCR, (rd(UARTCR) & 0xff80) | CR_UARTEN | CR_TXE | CR_RXE);
	return true;
}

static const struct uart_ops pl011_ops = {
	.putc = pl011_putc,
	.getc = pl011_getc,
	.irq_enable = pl011_irq_enable,
};

const struct uart_driver pl011_driver = { &pl011_ops, pl011_attach };
