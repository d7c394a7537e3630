// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cadence UART (Xilinx Zynq UltraScale+: UG1087, module UART). Speed and line format stay as the
 * firmware set them. The console's lock serialises output; input comes on the CPU that takes the
 * interrupt.
 */
#include <drivers/uart.h>

enum {
	CONTROL = 0x00,
	INTRPT_EN = 0x08,
	INTRPT_DIS = 0x0c,
	CHNL_INT_STS = 0x14,
	RCVR_FIFO_TRIGGER = 0x20,
	CHANNEL_STS = 0x2c,
	TX_RX_FIFO = 0x30
};

#define CONTROL_RXEN BIT(2)
#define CONTROL_TXEN BIT(4)
#define STS_REMPTY BIT(1)
#define STS_TFUL BIT(4)
#define INT_RTRIG BIT(0) /* as many characters as the trigger wait */

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
	return rd(CHANNEL_STS) & STS_TFUL;
}

static void cadence_putc(char c)
{
	if (uart_wait_while(full))
		wr(TX_RX_FIFO, (u8)c);
}

/* The interrupt's cause stays until it is cleared; what came before that is taken now. */
static int cadence_getc(void)
{
	if (rd(CHANNEL_STS) & STS_REMPTY)
		wr(CHNL_INT_STS, INT_RTRIG);
	return rd(CHANNEL_STS) & STS_REMPTY ? -1 : (int)(rd(TX_RX_FIFO) & 0xff);
}

static void cadence_irq_enable(void)
{
	wr(RCVR_FIFO_TRIGGER, 1);
	wr(INTRPT_EN, INT_RTRIG);
}

static bool cadence_attach(const struct uart_regs *r, unsigned shift)
{
	base = pa_to_va(r->base);
	wr(INTRPT_DIS, 0xffffffff);
	wr(CONTROL, CONTROL_RXEN | CONTROL_TXEN);
	return true;
}

static const struct uart_ops cadence_ops = {
	.putc = cadence_putc,
	.getc = cadence_getc,
	.irq_enable = cadence_irq_enable,
};

const struct uart_driver cadence_driver = { &cadence_ops, cadence_attach };
