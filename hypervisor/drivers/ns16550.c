// SPDX-License-Identifier: GPL-2.0-only
/*
 * 16550 UART and its many relatives (PC16550D data sheet, section 8). Speed and line format stay as
 * the firmware set them. The console's lock serialises output; input comes on the CPU that takes
 * the interrupt.
 */
#include <drivers/uart.h>

enum { RBR = 0, THR = 0, IER = 1, IIR = 2, FCR = 2, MCR = 4, LSR = 5 };
#define NR_REGS 8UL

#define IER_RECEIVED BIT(0)
#define IIR_CAUSE 0xf
#define IIR_TIMEOUT 0xc
#define FCR_ENABLE BIT(0) /* with an interrupt for each character */
#define MCR_OUT2 BIT(3)	  /* lets the interrupt out where a board wired it so */
#define LSR_RECEIVED BIT(0)
#define LSR_EMPTY BIT(5)

static struct uart_regs regs;

static u32 rd(unsigned reg)
{
	const char *at = pa_to_va(regs.base + (reg << regs.shift));

	return regs.width == 4 ? mmio_read32(at) : mmio_read8(at);
}
static void wr(unsigned reg, u64 v)
{
	char *at = pa_to_va(regs.base + (reg << regs.shift));

	if (regs.width == 4)
		mmio_write32(at, (u32)v);
	else
		mmio_write8(at, (u8)v);
}

static bool full(void)
{
	return !(rd(LSR) & LSR_EMPTY);
}

static void ns16550_putc(char c)
{
	if (uart_wait_while(full))
		wr(THR, (u8)c);
}

/* DesignWare's says "timeout" without a character now and then, until one is read all the same. */
static int ns16550_getc(void)
{
	if (rd(LSR) & LSR_RECEIVED)
		return (int)(rd(RBR) & 0xff);
	if ((rd(IIR) & IIR_CAUSE) == IIR_TIMEOUT && !(rd(LSR) & LSR_RECEIVED))
		rd(RBR);
	return -1;
}

static void ns16550_irq_enable(void)
{
	wr(MCR, rd(MCR) | MCR_OUT2);
	wr(IER, IER_RECEIVED);
}

static bool ns16550_attach(const struct uart_regs *r, unsigned shift)
{
	regs = *r;
	regs.shift = regs.shift ?: shift;
	regs.width = regs.width ?: regs.shift < 2 ? 1 : 4;
	if (regs.shift > 3 || (regs.width != 1 && regs.width != 4) ||
	    regs.size < NR_REGS << regs.shift)
		return false;
	wr(IER, 0);
	wr(FCR, FCR_ENABLE);
	return true;
}

static const struct uart_ops ns16550_ops = {
	.putc = ns16550_putc,
	.getc = ns16550_getc,
	.irq_enable = ns16550_irq_enable,
};

const struct uart_driver ns16550_driver = { &ns16550_ops, ns16550_attach };
