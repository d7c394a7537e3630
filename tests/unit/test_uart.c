// SPDX-License-Identifier: GPL-2.0-only
/*
 * The UARTs' drivers (drivers/) over a model of each chip, at every distance and width of registers
 * that a device tree may name: which driver takes what, output in order, input with its interrupt,
 * and nothing outside of the registers or of another width.
 */
#include <drivers/uart.h>
#include <lib/string.h>
#include "harness.h"

_Thread_local struct cpu *fake_cpu;
_Thread_local bool fake_irq_pending;
u64 fake_ticks;

#define BASE 0x9000040ULL /* need not be a page's beginning */

enum chip { PL011, CADENCE, NS16550 };
static struct {
	enum chip chip;
	unsigned shift, width;
	char out[64], in[16];
	unsigned nr_out, nr_in, taken;
	bool stuck;    /* never room */
	unsigned busy; /* polls until there is room again */
	bool phantom;  /* a timeout without a character */
	u32 enabled, mcr, fifo;
	unsigned bad; /* accesses that the chip does not answer */
} u;

static bool waits(void)
{
	return u.taken < u.nr_in;
}

static u32 take(void)
{
	u.phantom = false;
	return waits() ? (u8)u.in[u.taken++] : 0;
}

static bool room(void)
{
	if (u.busy)
		u.busy--;
	return !u.stuck && !u.busy;
}

/* The number of the register; a wrong access is counted. */
static unsigned reg_of(const volatile void *p, unsigned width)
{
	u64 off = (u64)p - BASE;
	unsigned step = u.chip == NS16550 ? u.shift : 0;

	if (width != u.width || off % (1U << step) ||
	    off >= (u.chip == NS16550 ? 8U << step : 0x100))
		u.bad++;
	return (unsigned)(off >> step);
}

static u32 chip_read(unsigned reg)
{
	switch (u.chip) {
	case PL011:
		return reg == 0x18 ? (waits() ? 0 : 1U << 4) | (room() ? 0 : 1U << 5)
		       : reg	   ? 0
				   : take();
	case CADENCE:
		return reg == 0x2c   ? (waits() ? 0 : 1U << 1) | (room() ? 0 : 1U << 4)
		       : reg == 0x30 ? take()
				     : 0;
	default:
		return reg == 5	  ? (waits() ? 1 : 0) | (room() ? 1U << 5 : 0)
		       : reg == 2 ? (u.phantom ? 0xc : 1)
		       : reg == 4 ? u.mcr
		       : reg	  ? 0
				  : take();
	}
}

static void chip_write(unsigned reg, u32 v)
{
	static const unsigned data[] = { 0x00, 0x30, 0 }, mask[] = { 0x38, 0x08, 1 };

	if (reg == data[u.chip] && u.nr_out < sizeof(u.out) - 1)
		u.out[u.nr_out++] = (char)v;
	if (reg == mask[u.chip])
		u.enabled = v;
	if (u.chip == NS16550 && reg == 4)
		u.mcr = v;
	if (u.chip == NS16550 && reg == 2)
		u.fifo = v;
}

u32 mmio_read32(const volatile void *p)
{
	return chip_read(reg_of(p, 4));
}
u8 mmio_read8(const volatile void *p)
{
	return (u8)chip_read(reg_of(p, 1));
}
void mmio_write32(volatile void *p, u32 v)
{
	chip_write(reg_of(p, 4), v);
}
void mmio_write8(volatile void *p, u8 v)
{
	chip_write(reg_of(p, 1), v);
}

static const struct uart_ops *attach(const char *names, unsigned n, u32 shift, u32 width, u64 size)
{
	struct uart_regs r = { BASE, size, shift, width };

	return uart_attach(names, n, &r);
}

/* A line goes out, one that comes in is read, and a character that finds no room is lost in time.
 */
static void talk(const struct uart_ops *ops)
{
	for (const char *s = "(XEN) hello"; *s; s++) {
		u.busy = *s % 5;
		ops->putc(*s);
	}
	CHECK(!strcmp(u.out, "(XEN) hello"));
	u.stuck = true;
	ops->putc('!');
	CHECK_EQ(u.nr_out, 11);
	CHECK_EQ(ops->getc(), -1);
	ops->irq_enable();
	CHECK(u.enabled);
	memcpy(u.in, "a\xff", 2);
	u.nr_in = 2;
	CHECK_EQ(ops->getc(), 'a');
	CHECK_EQ(ops->getc(), 0xff);
	CHECK_EQ(ops->getc(), -1);
	CHECK_EQ(u.bad, 0);
}

#define NAMES(s) s, sizeof(s)
static void test_kinds(void)
{
	static const struct {
		const char *names;
		unsigned n;
		enum chip chip;
		u32 shift, width; /* as the tree says it */
		unsigned real_shift, real_width;
	} kinds[] = {
		{ NAMES("arm,pl011\0arm,primecell"), PL011, 0, 0, 0, 4 },
		{ NAMES("arm,sbsa-uart\0arm,pl011"), PL011, 0, 0, 0, 4 },
		{ NAMES("xlnx,zynqmp-uart\0cdns,uart-r1p12"), CADENCE, 0, 0, 0, 4 },
		{ NAMES("ns16550a"), NS16550, 0, 0, 0, 1 },
		{ NAMES("fsl,ns16550\0ns16550a"), NS16550, 0, 1, 0, 1 },
		{ NAMES("ns16550"), NS16550, 2, 0, 2, 4 },
		{ NAMES("rockchip,rk3399-uart\0snps,dw-apb-uart"), NS16550, 2, 4, 2, 4 },
		{ NAMES("snps,dw-apb-uart"), NS16550, 2, 1, 2, 1 },
		{ NAMES("nvidia,tegra210-uart\0nvidia,tegra20-uart"), NS16550, 2, 0, 2, 4 },
		{ NAMES("brcm,bcm2835-aux-uart"), NS16550, 0, 0, 2, 4 },
		{ NAMES("ti,am64-uart\0ti,am654-uart"), NS16550, 0, 0, 2, 4 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct uart_ops *ops;

		memset(&u, 0, sizeof(u));
		u.chip = kinds[i].chip;
		u.shift = kinds[i].real_shift;
		u.width = kinds[i].real_width;
		ops = attach(kinds[i].names, kinds[i].n, kinds[i].shift, kinds[i].width, 0x1000);
		CHECK(ops);
		if (ops)
			talk(ops);
	}
}

static void test_refused(void)
{
	memset(&u, 0, sizeof(u));
	CHECK(!attach(NAMES("amlogic,meson-gx-uart"), 0, 0, 0x1000));
	CHECK(!attach("ns16550a", 7, 0, 0, 0x1000)); /* the tree's property has no NUL and ends */
	CHECK(!attach("", 0, 0, 0, 0x1000));
	CHECK(!attach(NAMES("ns16550a"), 0, 2, 0x1000));
	CHECK(!attach(NAMES("ns16550a"), 4, 0, 0x1000));
	CHECK(!attach(NAMES("ns16550a"), 0xffffffff, 0, 0x1000));
	CHECK(!attach(NAMES("ns16550a"), 2, 4, 31)); /* the last register is not there */
	CHECK(!u.bad && !u.enabled && !u.fifo);
}

/* Interrupt and FIFO of a 16550; what a modem line was set to stays. */
static void test_ns16550(void)
{
	const struct uart_ops *ops;

	memset(&u, 0, sizeof(u));
	u.chip = NS16550;
	u.width = 1;
	u.mcr = 3;
	ops = attach(NAMES("ns16550a"), 0, 0, 8);
	CHECK(ops && u.fifo == 1 && !u.enabled && u.mcr == 3);
	ops->irq_enable();
	CHECK(u.enabled == 1 && u.mcr == (3 | 8));
	u.phantom = true;
	CHECK(ops->getc() == -1 && !u.phantom);
}

int main(void)
{
	static const struct test tests[] = {
		{ "each kind", test_kinds },
		{ "what is none", test_refused },
		{ "16550: interrupts", test_ns16550 },
	};

	return run_tests("uart", tests, ARRAY_SIZE(tests));
}
