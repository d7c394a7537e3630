// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every offset of the emulated GIC in every width: the read's value or its
 * fault; writes of zero, ones and back, and what stays. Neighbours that the
 * architecture leaves reserved must read as zero or fault, never harm.
 * Interrupts stay masked.
 */
#include "guest.h"

struct frame {
	const char *name;
	u64 base, size;
	bool writable;			/* by this test */
};

struct answer {
	bool fault;
	u64 value;
};

static struct answer get(u64 at, int width)
{
	struct answer a = { 0 };

	a.fault = FAULTS(
		a.value = width == 8 ? mmio_read8(at) : width == 16 ? mmio_read16(at) :
			  width == 32 ? mmio_read32(at) : mmio_read64(at)) != 0;
	return a;
}

static bool put(u64 at, int width, u64 v)
{
	return FAULTS(
		if (width == 8)
			mmio_write8(at, (u8)v);
		else if (width == 16)
			mmio_write16(at, (u16)v);
		else if (width == 32)
			mmio_write32(at, (u32)v);
		else
			mmio_write64(at, v)) == 0;
}

/* Registers that say what is pending or active just now, or that act when written. */
static bool volatile_register(const struct frame *f, u64 off)
{
	if (!strcmp(f->name, "GICC"))
		return true;
	if (!strcmp(f->name, "GICR"))
		return false;
	return machine.gic == 2 && off >= 0xf00 && off < 0xf30;
}

/* Runs of the same answer are printed as one line, so that a page is a few lines. */
static void sweep_reads(const struct frame *f, int width, u64 start, u64 end)
{
	struct answer last = { 0 };
	u64 from = start;

	for (u64 off = start; off <= end; off += (u64)width / 8) {
		struct answer a = { .value = ~0ul };

		if (off < end)
			a = get(f->base + off, width);
		if (off > start && a.fault == last.fault && (a.fault || a.value == last.value))
			continue;
		if (off > start)
			report_value(last.fault ? ~0ul : last.value, "%s r%d %lx-%lx%s", f->name,
				     width, from, off - 1, last.fault ? " faults" : "");
		from = off;
		last = a;
	}
}

static u64 try_write(const struct frame *f, u64 off, int width, u64 v)
{
	if (!put(f->base + off, width, v))
		return 1ul << 63;
	return get(f->base + off, width).value;
}

static void sweep_writes(const struct frame *f, int width, u64 start, u64 end)
{
	u64 last_ones = 0, last_zero = 0, from = start, mask = width == 64 ? ~0ul : (1ul << width) - 1;

	for (u64 off = start; off <= end; off += (u64)width / 8) {
		u64 ones = 0x77, zero = 0x77;

		if (off < end && !volatile_register(f, off)) {
			u64 old = get(f->base + off, width).value;

			ones = try_write(f, off, width, mask);
			zero = try_write(f, off, width, 0);
			put(f->base + off, width, old);
		}
		if (off > start && ones == last_ones && zero == last_zero && off < end)
			continue;
		if (off > start)
			printf("VALUE: gicmmio: %s w%d %lx-%lx = ones %lx zero %lx\n", f->name,
			       width, from, off - 1, last_ones, last_zero);
		from = off;
		last_ones = ones;
		last_zero = zero;
	}
}

static void unaligned(const struct frame *f)
{
	struct answer a;
	u64 at = f->base + 0x400;

	a.fault = FAULTS(asm volatile("ldr %w0, [%1]" : "=r"(a.value) : "r"(f->base + 0x402))) != 0;
	report(true, "%s survives an unaligned access", f->name);
	report(FAULTS(asm volatile("ldp %w0, %w1, [%2]" : "=r"(a.value), "=r"(a.fault) :
				   "r"(f->base + 0x400))) <= 1, "%s survives a pair load", f->name);
	report(FAULTS(asm volatile("ldr w1, [%0], #4" : "+r"(at) :: "w1")) <= 1,
	       "%s survives a load with write-back", f->name);
	report(FAULTS(asm volatile("stxr w3, wzr, [%0]" :: "r"(f->base + 0x400) : "w3")) <= 1,
	       "%s survives an exclusive store", f->name);
	report(FAULTS(asm volatile("dc civac, %0" :: "r"(f->base + 0x400))) <= 1,
	       "%s survives cache maintenance", f->name);
	report(FAULTS(((void (*)(void))(f->base + 0x100))()) == 1,
	       "%s does not execute", f->name);
}

/* All of it in words; the other widths where registers are, to save time. */
static void sweep(const struct frame *f)
{
	static const u64 part[][2] = { { 0, 0x1000 }, { 0x6000, 0x6200 }, { 0xffc0, 0x10000 } };

	sweep_reads(f, 32, 0, f->size);
	if (!f->writable)
		return;			/* the hardware's own interface page */
	for (size_t i = 0; i < ARRAY_SIZE(part); i++)
		for (int width = 8; width <= 64; width *= 2) {
			if (part[i][1] > f->size)
				continue;
			if (width != 32)
				sweep_reads(f, width, part[i][0], part[i][1]);
			sweep_writes(f, width, part[i][0], part[i][1]);
		}
	unaligned(f);
}

void guest_main(void)
{
	struct frame v2[] = {
		{ "GICD", machine.gicd, 0x1000, true },
		{ "GICC", machine.gicc, 0x1000, false },
	};
	struct frame v3[] = {
		{ "GICD", machine.gicd, 0x10000, true },
		{ "GICR", machine.gicr, 0x10000, true },
		{ "GICR SGI", machine.gicr + 0x10000, 0x10000, true },
	};
	int n = machine.gic == 3 ? 3 : 2;

	report_prefix("gicmmio");
	irq_disable();
	for (int i = 0; i < n; i++)
		sweep(machine.gic == 3 ? &v3[i] : &v2[i]);
	report(true, "alive at the end");
	report_summary();
}
