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
	bool writable; /* by this test */
};

struct answer {
	bool fault;
	u64 value;
};

static struct answer get(u64 at, int width)
{
	struct answer a = { 0 };

	a.fault = FAULTS(a.value = width == 8	 ? mmio_read8(at)
				   : width == 16 ? mmio_read16(at)
				   : width == 32 ? mmio_read32(at)
						 : mmio_read64(at)) != 0;
	return a;
}

static bool put(u64 at, int width, u64 v)
{
	return FAULTS(if (width == 8) mmio_write8(at, (u8)v);
		      else if (width == 16) mmio_write16(at, (u16)v);
		      else if (width == 32) mmio_write32(at, (u32)v);
		      else mmio_write64(at, v)) == 0;
}

struct reg {
	const char *name;
	u64 off;
	int width;	/* as architected */
	bool read_only; /* by this test: acts when written, or drives us */
};

static const struct reg gicd_common[] = {
	{ "CTLR", 0x000, 32, true },	     { "TYPER", 0x004, 32, false },
	{ "IIDR", 0x008, 32, false },	     { "IGROUPR1", 0x084, 32, false },
	{ "ISENABLER1", 0x104, 32, false },  { "ICENABLER1", 0x184, 32, false },
	{ "ISPENDR1", 0x204, 32, true },     { "ICPENDR1", 0x284, 32, true },
	{ "ISACTIVER1", 0x304, 32, true },   { "ICACTIVER1", 0x384, 32, true },
	{ "IPRIORITYR8", 0x420, 32, false }, { "IPRIORITYR8.1", 0x421, 8, false },
	{ "ICFGR2", 0xc08, 32, false },
};

static const struct reg gicd_v2[] = {
	{ "IGROUPR0", 0x080, 32, false },    { "ISENABLER0", 0x100, 32, true },
	{ "ISPENDR0", 0x200, 32, true },     { "ISACTIVER0", 0x300, 32, true },
	{ "IPRIORITYR0", 0x400, 32, false }, { "IPRIORITYR7", 0x41c, 32, false },
	{ "ITARGETSR0", 0x800, 32, false },  { "ITARGETSR8", 0x820, 32, false },
	{ "ITARGETSR8.1", 0x821, 8, false }, { "ICFGR0", 0xc00, 32, false },
	{ "ICFGR1", 0xc04, 32, false },	     { "SGIR", 0xf00, 32, true },
	{ "ICPIDR2", 0xfe8, 32, false },
};

static const struct reg gicd_v3[] = {
	{ "TYPER2", 0x00c, 32, false },	    { "IGRPMODR1", 0xd04, 32, false },
	{ "IROUTER32", 0x6100, 64, false }, { "IROUTER33", 0x6108, 64, false },
	{ "PIDR2", 0xffe8, 32, false },
};

static const struct reg gicr[] = {
	{ "CTLR", 0x0, 32, false },	  { "TYPER", 0x8, 64, false },
	{ "WAKER", 0x14, 32, true },	  { "PROPBASER", 0x70, 64, false },
	{ "PENDBASER", 0x78, 64, false }, { "PIDR2", 0xffe8, 32, false },
};

static const struct reg gicr_sgi[] = {
	{ "IGROUPR0", 0x080, 32, false },     { "ISENABLER0", 0x100, 32, true },
	{ "ICENABLER0", 0x180, 32, true },    { "ISPENDR0", 0x200, 32, true },
	{ "ISACTIVER0", 0x300, 32, true },    { "IPRIORITYR0", 0x400, 32, false },
	{ "IPRIORITYR4.1", 0x411, 8, false }, { "ICFGR0", 0xc00, 32, false },
	{ "ICFGR1", 0xc04, 32, false },	      { "IGRPMODR0", 0xd00, 32, false },
};

/* What a register says, and what stays of ones and of zeros written to it. */
static void registers(const struct frame *f, const struct reg *r, size_t n)
{
	for (; n--; r++) {
		struct answer old = get(f->base + r->off, r->width);
		bool ones, zeros;

		report_value(old.fault ? ~0ul : old.value, "%s %s", f->name, r->name);
		if (r->read_only)
			continue;
		ones = put(f->base + r->off, r->width, ~0ul);
		report_value(ones ? get(f->base + r->off, r->width).value : ~0ul,
			     "%s %s after ones", f->name, r->name);
		zeros = put(f->base + r->off, r->width, 0);
		report_value(zeros ? get(f->base + r->off, r->width).value : ~0ul,
			     "%s %s after zeros", f->name, r->name);
		put(f->base + r->off, r->width, old.value);
	}
}

/* These act when written: interrupts go out, or this CPU's own are lost. */
static bool acts(const struct frame *f, u64 off)
{
	return !strcmp(f->name, "GICD") && (off < 4 || (off >= 0xf00 && off < 0xf30));
}

/* Survival: every offset in every width, aligned. Returns how many faulted. */
static u64 sweep(const struct frame *f, int width, u64 start, u64 end)
{
	u64 faulted = 0;

	for (u64 off = start; off < end; off += (u64)width / 8) {
		struct answer old = get(f->base + off, width);

		faulted += old.fault;
		if (!f->writable || acts(f, off))
			continue;
		put(f->base + off, width, ~0ul);
		put(f->base + off, width, 0);
		put(f->base + off, width, old.value);
	}
	return faulted;
}

static void unaligned(const struct frame *f)
{
	struct answer a;
	u64 at = f->base + 0x400;

	a.fault = FAULTS(asm volatile("ldr %w0, [%1]" : "=r"(a.value) : "r"(f->base + 0x402))) != 0;
	report(true, "%s survives an unaligned access", f->name);
	report(FAULTS(asm volatile("ldp %w0, %w1, [%2]"
				   : "=r"(a.value), "=r"(a.fault)
				   : "r"(f->base + 0x400))) <= 1,
	       "%s survives a pair load", f->name);
	report(FAULTS(asm volatile("ldr w1, [%0], #4"
				   : "+r"(at)::"w1")) <= 1,
	       "%s survives a load with write-back", f->name);
	report(FAULTS(asm volatile("stxr w3, wzr, [%0]" ::"r"(f->base + 0x400)
				   : "w3")) <= 1,
	       "%s survives an exclusive store", f->name);
	report(FAULTS(asm volatile("dc civac, %0" ::"r"(f->base + 0x400))) <= 1,
	       "%s survives cache maintenance", f->name);
	report(FAULTS(((void (*)(void))(f->base + 0x100))()) == 1, "%s does not execute", f->name);
}

/* As a 32-bit guest writes it: two words, in either order. */
static void halves(void)
{
	u64 at = machine.gicd + 0x6100; /* IROUTER32 */
	u32 cpu = machine.ncpus > 1;

	mmio_write32(at + 4, 0);
	mmio_write32(at, cpu);
	report(mmio_read64(at) == cpu, "IROUTER written in words, upper first");
	mmio_write32(at, 0);
	mmio_write32(at + 4, 0);
	report(mmio_read64(at) == 0, "IROUTER written in words, lower first");
}

/* All of it in words; the other widths where registers are, to save time. */
static void sweep_all(const struct frame *f)
{
	static const u64 part[][2] = { { 0, 0x1000 }, { 0x6000, 0x6200 }, { 0xffc0, 0x10000 } };
	u64 n = sweep(f, 32, 0, f->size);

	for (size_t i = 0; i < ARRAY_SIZE(part) && f->writable; i++)
		for (int width = 8; width <= 64; width *= 2)
			if (width != 32 && part[i][1] <= f->size)
				n += sweep(f, width, part[i][0], part[i][1]);
	printf("%s: %lu accesses faulted\n", f->name, n);
	report(true, "%s survives every offset and width", f->name);
	if (f->writable)
		unaligned(f);
}

static void tables(const struct frame *f)
{
	registers(&f[0], gicd_common, ARRAY_SIZE(gicd_common));
	if (machine.gic == 2) {
		registers(&f[0], gicd_v2, ARRAY_SIZE(gicd_v2));
		return;
	}
	registers(&f[0], gicd_v3, ARRAY_SIZE(gicd_v3));
	registers(&f[1], gicr, ARRAY_SIZE(gicr));
	registers(&f[2], gicr_sgi, ARRAY_SIZE(gicr_sgi));
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
	tables(machine.gic == 3 ? v3 : v2);
	if (machine.gic == 3)
		halves();
	for (int i = 0; i < n; i++)
		sweep_all(machine.gic == 3 ? &v3[i] : &v2[i]);
	tables(machine.gic == 3 ? v3 : v2);
	report(true, "alive at the end");
	report_summary();
}
