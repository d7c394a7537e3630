// SPDX-License-Identifier: GPL-2.0-only
/* See gicv2.h. A CPU's own registers are those of the CPU that accesses them: this_cpu(). */
#include <arm/gic.h>
#include <lib/string.h>
#include "../harness.h"
#include "gicv2.h"

#define CTLR_EOIMODE BIT(9)
#define IDLE 0x100 /* lower than any priority */
#define NOTHING 0x2000

struct gicv2 gicv2;
static _Alignas(4096) u8 dist[4096], hyp[4096], cpu_pages[32 * 4096], vcpu_pages[32 * 4096];

static struct gicv2_iface *mine(void)
{
	return &gicv2.cpu[this_cpu()->id];
}

struct gicv2_irq *gicv2_irq(unsigned cpu, unsigned irq)
{
	return irq < 32 ? &gicv2.cpu[cpu].own[irq] : &gicv2.spi[irq];
}

void gicv2_reset(unsigned copies)
{
	memset(&gicv2, 0xa5, sizeof(gicv2));
	gicv2.on = false;
	gicv2.copies = copies;
	for (unsigned c = 0; c < GICV2_CPUS; c++) {
		gicv2.bit[c] = (u8)(4U << c); /* not the number of the CPU */
		gicv2.cpu[c].ctlr = gicv2.cpu[c].depth = 0;
		for (unsigned i = 0; i < GICV2_IRQS; i++)
			*gicv2_irq(c, i) = (struct gicv2_irq){ .active = i % 7 == 3,
							       .pending = i % 5 == 1 && i > 15,
							       .edge = i % 3 == 0,
							       .prio = (u8)(8 * i),
							       .enabled = i % 4 == 2 };
	}
	gic_info = (struct gic_info){ .version = 2,
				      .dist = (paddr_t)dist,
				      .dist_size = sizeof(dist),
				      .cpu = (paddr_t)cpu_pages,
				      .cpu_size = sizeof(cpu_pages),
				      .hyp = (paddr_t)hyp,
				      .hyp_size = sizeof(hyp),
				      .vcpu = (paddr_t)vcpu_pages,
				      .vcpu_size = sizeof(vcpu_pages),
				      .maint_ppi = 25 };
}

/* --- signalling --- */

static bool is_pending(unsigned cpu, unsigned irq)
{
	const struct gicv2_irq *q = gicv2_irq(cpu, irq);

	return irq < 16 ? q->sources : q->pending || (!q->edge && q->high);
}

static bool is_aimed(unsigned cpu, unsigned irq)
{
	return irq < 32 || (gicv2.spi[irq].targets & gicv2.bit[cpu]);
}

static unsigned running(const struct gicv2_iface *c)
{
	return c->depth ? c->running[c->depth - 1] >> 16 : IDLE;
}

unsigned gicv2_signalled(unsigned cpu)
{
	const struct gicv2_iface *c = &gicv2.cpu[cpu];
	unsigned best = min(c->pmr, running(c)), irq = GICV2_NONE;

	if (!gicv2.on || !(c->ctlr & 1))
		return GICV2_NONE;
	for (unsigned i = 0; i < GICV2_IRQS; i++) {
		const struct gicv2_irq *q = gicv2_irq(cpu, i);

		if (q->enabled && !q->active && is_aimed(cpu, i) && is_pending(cpu, i) &&
		    q->prio < best) {
			best = q->prio;
			irq = i;
		}
	}
	return irq;
}

static u32 acknowledge(void)
{
	struct gicv2_iface *c = mine();
	unsigned irq = gicv2_signalled(this_cpu()->id), source = 0;
	struct gicv2_irq *q;

	if (irq == GICV2_NONE)
		return irq;
	q = gicv2_irq(this_cpu()->id, irq);
	if (irq < 16) {
		source = (unsigned)__builtin_ctz(q->sources);
		q->sources &= (u8) ~(1U << source);
	}
	q->pending = false;
	q->active = true;
	irq |= source << 10;
	c->running[c->depth++] = (u32)q->prio << 16 | irq;
	return irq;
}

static void deactivate(u32 token)
{
	struct gicv2_irq *q = gicv2_irq(this_cpu()->id, token & 0x3ff);

	if (!q->active)
		host_panic("%u is deactivated and is not active", token);
	q->active = false;
}

static void drop(u32 token)
{
	struct gicv2_iface *c = mine();

	if (!c->depth || (c->running[--c->depth] & 0xffff) != token)
		host_panic("the end of %x, which is not the last acknowledged", token);
	if (!(c->ctlr & CTLR_EOIMODE))
		deactivate(token);
}

static void send_sgi(u32 v)
{
	if (v >> 24 || (v & 0x7ff0))
		host_panic("GICD_SGIR %x", v);
	for (unsigned c = 0; c < GICV2_CPUS; c++)
		if (v >> 16 & gicv2.bit[c])
			gicv2.cpu[c].own[v & 15].sources |= (u8)(1U << this_cpu()->id);
}

/* --- the distributor's registers --- */

static void write_one(unsigned reg, struct gicv2_irq *q, unsigned irq)
{
	if (irq < 16 && (reg & ~0x80U) == 0x200)
		return; /* SGIs are pending by other registers */
	switch (reg) {
	case 0x100: q->enabled = true; break;
	case 0x180: q->enabled = false; break;
	case 0x200: q->pending = true; break;
	case 0x280: q->pending = false; break;
	case 0x300: q->active = true; break;
	default: q->active = false;
	}
}

static u32 read_one(unsigned reg, const struct gicv2_irq *q, unsigned irq)
{
	switch (reg & ~0x80U) {
	case 0x100: return q->enabled;
	case 0x200: return is_pending(this_cpu()->id, irq);
	default: return q->active;
	}
}

/* ICFGR of private interrupts says what they are. */
static void configure(unsigned first, u32 v)
{
	for (unsigned i = 0; i < 16; i++) {
		struct gicv2_irq *q = gicv2_irq(this_cpu()->id, first + i);
		bool edge = v >> i * 2 & 2;

		if (first < 32)
			continue;
		if (edge != q->edge && q->enabled)
			host_panic("%u is configured while enabled", first + i);
		q->edge = edge;
	}
}

static void dist_write(unsigned off, unsigned size, u32 v)
{
	unsigned reg = off & ~0x7fU, first = off % 0x80 * 8;

	if (off == 0 && size == 4) {
		gicv2.on = v & 1;
	} else if (off == 0xf00 && size == 4) {
		send_sgi(v);
	} else if (off >= 0x100 && off < 0x400 && size == 4 && first < GICV2_IRQS) {
		for (unsigned i = 0; i < 32; i++)
			if (v >> i & 1)
				write_one(reg, gicv2_irq(this_cpu()->id, first + i), first + i);
	} else if (off >= 0x400 && off < 0x400 + GICV2_IRQS) {
		for (unsigned i = 0; i < size; i++)
			gicv2_irq(this_cpu()->id, off - 0x400 + i)->prio = (u8)(v >> 8 * i) & 0xf8;
	} else if (off >= 0x820 && off < 0x800 + GICV2_IRQS) {
		for (unsigned i = 0; i < size; i++)
			gicv2.spi[off - 0x800 + i].targets = (u8)(v >> 8 * i);
	} else if (off >= 0xc00 && off < 0xc00 + GICV2_IRQS / 4 && size == 4) {
		configure((off - 0xc00) * 4, v);
	} else {
		host_panic("GICD: %u bytes written at %x", size, off);
	}
}

static u32 dist_read(unsigned off)
{
	unsigned reg = off & ~0x7fU, first = off % 0x80 * 8, cpu = this_cpu()->id;
	u32 v = 0;

	if (off == 4)
		return (GICV2_CPUS - 1) << 5 | (GICV2_IRQS / 32 - 1);
	if (off >= 0x100 && off < 0x400 && first < GICV2_IRQS) {
		for (unsigned i = 0; i < 32; i++)
			v |= read_one(reg, gicv2_irq(cpu, first + i), first + i) << i;
	} else if (off >= 0x800 && off < 0x820) {
		/* That of SGIs 0 to 3 is empty on some machines. */
		v = off == 0x800 ? 0 : gicv2.bit[cpu] * 0x01010101U;
	} else if (off >= 0xc00 && off < 0xc00 + GICV2_IRQS / 4) {
		for (unsigned i = 0; i < 16; i++)
			v |= (u32)gicv2_irq(cpu, (off - 0xc00) * 4 + i)->edge << (i * 2 + 1);
	} else {
		host_panic("GICD: read at %x", off);
	}
	return v;
}

/* --- the CPU's --- */

/* Each page of the two may be there 16 times; behind them is nothing. */
static unsigned cpu_offset(unsigned off)
{
	unsigned page = off / (gicv2.copies * 4096);

	return page < 2 ? page * 4096 + off % 4096 : NOTHING;
}

static void cpu_write(unsigned off, u32 v)
{
	struct gicv2_iface *c = mine();

	switch (cpu_offset(off)) {
	case 0: c->ctlr = v; break;
	case 4: c->pmr = v; break;
	case 8: c->bpr = v; break;
	case 0x10: drop(v); break;
	case 0x1000:
		if (!(c->ctlr & CTLR_EOIMODE))
			host_panic("GICC_DIR without EOImode");
		deactivate(v);
		break;
	default: host_panic("GICC: written at %x", off);
	}
}

static u32 cpu_read(unsigned off)
{
	switch (cpu_offset(off)) {
	case 0xc: return acknowledge();
	case 0xfc: return 0x0202143b;
	case 0x10fc:
	case NOTHING: return 0;
	default: host_panic("GICC: read at %x", off);
	}
}

static bool holds_nothing(u32 lr)
{
	return !V2_LR_STATE(lr) && (V2_LR_HW(lr) || !V2_LR_EOI(lr));
}

static u32 hyp_read(unsigned off)
{
	struct gicv2_iface *c = mine();
	u32 empty = 0;

	switch (off) {
	case 0: return c->hcr;
	case 4: return GICV2_LRS - 1;
	case 8: return c->vmcr;
	case 0x30:
		for (unsigned n = 0; n < GICV2_LRS; n++)
			empty |= (u32)holds_nothing(c->lr[n]) << n;
		return empty;
	case 0xf0: return c->apr;
	default:
		if (off < 0x100 || off >= 0x100 + 4 * GICV2_LRS)
			host_panic("GICH: read at %x", off);
		return c->lr[(off - 0x100) / 4];
	}
}

static void hyp_write(unsigned off, u32 v)
{
	struct gicv2_iface *c = mine();

	switch (off) {
	case 0:
		if (v & 0x07ffff00)
			host_panic("GICH_HCR %x", v);
		c->hcr = v;
		break;
	case 8: c->vmcr = v; break;
	case 0xf0: c->apr = v; break;
	default:
		if (off < 0x100 || off >= 0x100 + 4 * GICV2_LRS)
			host_panic("GICH: written at %x", off);
		c->lr[(off - 0x100) / 4] = v;
	}
}

/* --- the bus --- */

static bool within(const volatile void *p, const u8 *base, unsigned size, unsigned *off)
{
	*off = (unsigned)((paddr_t)p - (paddr_t)base);
	return (paddr_t)p >= (paddr_t)base && (paddr_t)p < (paddr_t)base + size;
}

u32 mmio_read32(const volatile void *p)
{
	unsigned off;

	if (within(p, dist, sizeof(dist), &off))
		return dist_read(off);
	if (within(p, hyp, sizeof(hyp), &off))
		return hyp_read(off);
	if (!within(p, cpu_pages, sizeof(cpu_pages), &off))
		host_panic("read outside the GIC");
	return cpu_read(off);
}

static void write(volatile void *p, unsigned size, u32 v)
{
	unsigned off;

	if (within(p, dist, sizeof(dist), &off))
		dist_write(off, size, v);
	else if (size == 4 && within(p, hyp, sizeof(hyp), &off))
		hyp_write(off, v);
	else if (size == 4 && within(p, cpu_pages, sizeof(cpu_pages), &off))
		cpu_write(off, v);
	else
		host_panic("written outside the GIC");
}
void mmio_write32(volatile void *p, u32 v)
{
	write(p, 4, v);
}
void mmio_write8(volatile void *p, u8 v)
{
	write(p, 1, v);
}

/* --- the guest --- */

int gicv2_guest_ack(void)
{
	struct gicv2_iface *c = mine();
	unsigned best = 32;
	int at = -1;

	for (int n = 0; n < GICV2_LRS && (c->hcr & 1); n++)
		if (V2_LR_STATE(c->lr[n]) == 1 && V2_LR_PRIO(c->lr[n]) < best) {
			best = V2_LR_PRIO(c->lr[n]);
			at = n;
		}
	if (at >= 0)
		c->lr[at] ^= 3U << 28;
	return at;
}

void gicv2_guest_eoi(unsigned n)
{
	u32 *lr = &mine()->lr[n];

	if (!(V2_LR_STATE(*lr) & 2))
		host_panic("the guest ends what is not active");
	*lr &= ~(2U << 28);
	if (V2_LR_HW(*lr))
		deactivate(V2_LR_PHYS(*lr));
}
