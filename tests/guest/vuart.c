// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual UART: how a toolstack makes it, each of its registers, its ring from both sides (also
 * with impossible indices), its interrupt, and its event channel, whose guest end is nobody's but
 * the hypervisor's. Dom0 plays the console daemon on demand of the DomU that has the UART.
 */
#include "domu.h"

#define DR 0x00
#define FR 0x18
#define IMSC 0x38
#define RIS 0x3c
#define MIS 0x40
#define ICR 0x44
#define RXI 0x10
#define TXI 0x20
#define RTI 0x40
#define SPI GUEST_VPL011_SPI

/* What the DomU asks of Dom0; the answer comes with done == asked. */
enum { TAKE, PUT, INDICES, EVENTS, REBIND, END };
static volatile struct {
	u32 asked, done, op, arg[4];
	u64 answer;
} call;
static __page_aligned struct xencons_interface ring;
static volatile u32 fired, mask_it;
static u32 port;

static u64 dom0(u32 op, u32 a, u32 b, u32 c, u32 d)
{
	call.op = op;
	call.arg[0] = a;
	call.arg[1] = b;
	call.arg[2] = c;
	call.arg[3] = d;
	dsb();
	call.asked++;
	while (call.done != call.asked)
		sched_op(SCHEDOP_yield, NULL);
	dsb();
	return call.answer;
}

static u32 reg(u64 offset)
{
	return mmio_read32(GUEST_PL011_BASE + offset);
}

static void set(u64 offset, u32 value)
{
	mmio_write32(GUEST_PL011_BASE + offset, value);
}

static void state(const char *when)
{
	report_value(reg(FR) << 16 | reg(RIS), "%s: flags and interrupts", when);
}

/* Each word of the page: read, written with ones, read again. Reading DR takes what is there. */
static void every_register(void)
{
	for (u64 off = 0; off < GUEST_PL011_SIZE; off += off < 0x100 ? 4 : 0x70) {
		u32 was, is;

		if (FAULTS(was = reg(off)))
			was = 0xdead;
		report_value(was, "%lx: read", off);
		report_value((u64)FAULTS(set(off, off == DR ? 'w' : 0xffffffff)),
			     "%lx: write faults", off);
		if (was != 0xdead && !FAULTS(is = reg(off)))
			report_value(is, "%lx: after ones", off);
	}
	set(IMSC, 0);
	report_value(mmio_read8(GUEST_PL011_BASE + FR), "FR as a byte");
	report_value(mmio_read16(GUEST_PL011_BASE + FR), "FR as a half-word");
	report_value((u64)FAULTS(mmio_read8(GUEST_PL011_BASE + FR + 1)), "FR's second byte");
	report(FAULTS(mmio_read64(GUEST_PL011_BASE + FR)) == 1 &&
		       FAULTS(mmio_write64(GUEST_PL011_BASE, 0)) == 1,
	       "a double word aborts");
}

static void output(void)
{
	bool same = true;
	u32 n = 0;

	dom0(TAKE, ~0u, 0, 0, 0);
	dom0(EVENTS, 0, 0, 0, 0);
	state("nothing written");
	set(DR, 'A');
	mmio_write8(GUEST_PL011_BASE, 'B');
	report(ring.out_prod - ring.out_cons == 2 &&
		       ring.out[MASK_XENCONS_IDX(ring.out_cons, ring.out)] == 'A' &&
		       ring.out[MASK_XENCONS_IDX(ring.out_cons + 1, ring.out)] == 'B',
	       "what is written is in the ring");
	report(dom0(EVENTS, 0, 0, 0, 0) == 1, "and the daemon is told");
	state("two written");
	dom0(TAKE, 2, 0, 0, 0);
	state("two taken");
	while (!(reg(FR) & 0x20) && n < 5000)
		set(DR, n++ & 0xff);
	report(n == sizeof(ring.out), "the ring holds all of its size");
	state("full");
	set(DR, 'X');
	report(ring.out_prod - ring.out_cons == sizeof(ring.out), "one more is lost");
	for (u32 i = 0; i < sizeof(ring.out); i++)
		same &= (u8)ring.out[MASK_XENCONS_IDX(ring.out_cons + i, ring.out)] == (i & 0xff);
	report(same, "nothing else is");
	dom0(TAKE, 1, 0, 0, 0);
	state("one taken of a full ring");
	dom0(TAKE, 15, 0, 0, 0);
	state("16 taken");
	dom0(TAKE, 2, 0, 0, 0);
	state("18 taken");
	dom0(TAKE, ~0u, 0, 0, 0);
	state("all taken");
}

static void input(void)
{
	bool same = true;

	report_value(reg(DR), "DR of an empty ring");
	state("nothing to read");
	dom0(EVENTS, 0, 0, 0, 0);
	dom0(PUT, 3, 0, 0, 0);
	state("three to read");
	report(reg(DR) == 'a' && mmio_read8(GUEST_PL011_BASE) == 'b', "they come in order");
	report(dom0(EVENTS, 0, 0, 0, 0) == 1, "the daemon is told of room");
	state("one to read");
	set(ICR, RTI | RXI);
	state("one to read, cleared");
	report(reg(DR) == 'c', "what was cleared is still there");
	state("all read");
	dom0(PUT, sizeof(ring.in), 0, 0, 0);
	state("full of input");
	for (u32 i = 0; i < sizeof(ring.in); i++) {
		same &= reg(DR) == 'a' + i % 26;
		if (i == 0 || i == 15 || i == 16 || i == 17 || i == 511 || i == 1006 || i == 1022)
			report_value(reg(FR) << 16 | reg(RIS), "%u read of a full ring", i + 1);
	}
	report(same, "a full ring is read in order");
	dom0(PUT, 1000, 0, 0, 0);
	state("1000 to read");
	dom0(PUT, 9, 0, 0, 0);
	state("1009 to read");
	while (!(reg(FR) & 0x10))
		reg(DR);
	set(ICR, 0xffff);
	state("all cleared");
}

static void on_spi(u32 iar)
{
	(void)iar;
	fired++;
	if (mask_it || fired > 100)
		set(IMSC, 0);
}

static void enable_spi(void)
{
	u64 d = machine.gicd;

	irq_handler[SPI] = on_spi;
	if (machine.gic == 2) {
		mmio_write8(d + 0x800 + SPI, 1);
	} else {
		mmio_write32(d + 0x80 + SPI / 8, ~0u); /* group 1 */
		mmio_write64(d + 0x6000 + 8 * SPI, 0);
	}
	mmio_write8(d + 0x400 + SPI, 0x80);
	mmio_write32(d + 0x100 + SPI / 8, 1);
	delay_us(300);
	fired = 0; /* Xen remembers those of before */
}

static void interrupt(void)
{
	enable_spi();
	mask_it = 1;
	set(IMSC, RXI | RTI);
	delay_us(300);
	report(fired == 0, "no interrupt of nothing");
	dom0(PUT, 1, 0, 0, 0);
	report(wait_for(&fired, 1), "input interrupts");
	delay_us(300);
	report(fired == 1, "and no more once masked");
	report(reg(MIS) == 0 && (reg(RIS) & RTI), "masked is not gone");
	set(IMSC, RTI);
	report(wait_for(&fired, 2), "unmasking what is pending interrupts");
	reg(DR);
	set(IMSC, RTI);
	delay_us(300);
	report(fired == 2, "what was read does not");
	set(DR, 't');
	set(IMSC, TXI);
	report(wait_for(&fired, 3), "room for output interrupts");
	set(ICR, TXI);
	set(IMSC, TXI);
	delay_us(300);
	report(fired == 3, "cleared, it does not");
	mask_it = 0;
	set(IMSC, RTI);
	dom0(PUT, 1, 0, 0, 0);
	delay_us(1000);
	report_value(fired > 4, "a line that stays high interrupts again");
	set(IMSC, 0);
	reg(DR);
}

/* Whoever maps the ring can write anything into it. */
static void impossible(void)
{
	static const u32 bad[][4] = {
		{ 0, 5000, 0, 5000 },
		{ 5000, 0, 5000, 0 },
		{ 0, 1024, 0, 2048 },
		{ 0, 1025, 0, 2049 },
		{ 0, ~0u, 0, ~0u },
		{ ~0u, 0, ~0u, 0 },
		{ 0x80000000, 0, 0, 0x80000000 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		u32 n = 0;

		dom0(INDICES, bad[i][0], bad[i][1], bad[i][2], bad[i][3]);
		reg(DR);
		set(DR, '!');
		while (!(reg(FR) & 0x10) && n < 3000) {
			reg(DR);
			n++;
		}
		report(n <= sizeof(ring.in), "indices %u: reading ends", i);
		for (n = 0; !(reg(FR) & 0x20) && n < 3000; n++)
			set(DR, 'x');
		report(n <= sizeof(ring.out), "indices %u: writing ends", i);
		dom0(INDICES, 0, 0, 0, 0);
	}
	state("the ring is whole again");
}

static void its_port(void)
{
	struct evtchn_status s = { .dom = DOMID_SELF, .port = port };
	struct evtchn_bind_vcpu b = { .port = port };
	struct evtchn_reset r = { .dom = DOMID_SELF };

	report_value((u64)evtchn_send(port), "the guest sends on the UART's port");
	report_value((u64)evtchn_close(port), "and closes it");
	report_value((u64)evtchn_op(EVTCHNOP_bind_vcpu, &b), "and binds it to a vCPU");
	report_value((u64)evtchn_op(EVTCHNOP_status, &s), "and asks for its status");
	dom0(EVENTS, 0, 0, 0, 0);
	set(DR, '1');
	report(dom0(EVENTS, 0, 0, 0, 0) == 1, "the daemon is told as before");
	dom0(REBIND, 0, 0, 0, 0);
	set(DR, '2');
	report(dom0(EVENTS, 0, 0, 0, 0) == 1, "a new daemon is told, too");
	report_value((u64)evtchn_op(EVTCHNOP_reset, &r), "reset of all ports");
	dom0(EVENTS, 0, 0, 0, 0);
	set(DR, '3');
	report(dom0(EVENTS, 0, 0, 0, 0) == 1, "leaves the UART's");
	dom0(TAKE, ~0u, 0, 0, 0);
	report(reg(FR) & 0x80, "and it is heard");
}

void domu_main(void)
{
	port = (u32)start_info->arg[0];
	irq_enable();
	report_prefix("vuart: domU");
	state("at first");
	every_register();
	output();
	input();
	interrupt();
	impossible();
	its_port();
	report_summary();
	dom0(END, 0, 0, 0, 0);
}

static s64 make(struct domu *d, u32 cmd, u32 type, u64 gfn, u16 console, u8 pad, u32 *out)
{
	struct xen_domctl op = { .u.vuart_op = { .cmd = cmd,
						 .type = type,
						 .gfn = gfn,
						 .console_domid = console,
						 .pad = { 0, pad } } };
	s64 rc = domctl(XEN_DOMCTL_vuart_op, d->domid, &op);

	*out = op.u.vuart_op.evtchn;
	return rc;
}

/* The other end of the ring, on behalf of the DomU; false at its end. */
static bool serve(struct domu *d, u32 *mine)
{
	struct xencons_interface *r = domu_ptr(d, &ring);
	__typeof__(call) *c = domu_ptr(d, &call);
	u64 answer = 0;

	if (READ_ONCE(c->asked) == c->done)
		return true;
	dsb();
	switch (c->op) {
	case TAKE: r->out_cons = c->arg[0] == ~0u ? r->out_prod : r->out_cons + c->arg[0]; break;
	case PUT:
		for (u32 i = 0; i < c->arg[0]; i++)
			r->in[MASK_XENCONS_IDX(r->in_prod + i, r->in)] = (char)('a' + i % 26);
		dsb();
		r->in_prod += c->arg[0];
		break;
	case INDICES:
		r->in_cons = c->arg[0];
		r->in_prod = c->arg[1];
		r->out_cons = c->arg[2];
		r->out_prod = c->arg[3];
		break;
	case EVENTS: answer = evtchn_pending(*mine); break;
	case REBIND:
		report(evtchn_close(*mine) == 0, "the daemon closes its end");
		*mine = evtchn_bind(d->domid, (u32)d->info->arg[0]);
		report(*mine != 0, "and binds anew");
		evtchn_pending(*mine);
	}
	dsb();
	if (c->op <= INDICES)
		evtchn_send(*mine);
	c->answer = answer;
	dsb();
	c->done = c->asked;
	return c->op != END;
}

static void bad_requests(struct domu *d, u64 gfn)
{
	u32 out;

	report_value((u64)make(d, 1, 0, gfn, 0, 0, &out), "an operation that is not there");
	report_value((u64)make(d, 0, 1, gfn, 0, 0, &out), "a type that is not there");
	report_value((u64)make(d, 0, 0, gfn, 0, 1, &out), "padding that is not zero");
	report_value((u64)make(d, 0, 0, 0x12345, 0, 0, &out), "a ring where no memory is");
	report_value((u64)make(d, 0, 0, ~0ul, 0, 0, &out), "a ring beyond all addresses");
	report_value((u64)make(&(struct domu){ .domid = 999 }, 0, 0, gfn, 0, 0, &out),
		     "a domain that is not there");
	report((s64)make(&(struct domu){ .domid = 0 }, 0, 0, 1, 0, 0, &out) < 0, "Dom0 gets none");
}

static void without_spi(void)
{
	struct domu d;
	u32 out;

	if (!report(domu_create(&d, 1, 0), "a domain without SPIs"))
		return;
	report_value((u64)make(&d, 0, 0, GUEST_RAM0_BASE / PAGE_SIZE, 0, 0, &out), "gets no UART");
	domu_destroy(&d);
}

static void run(void)
{
	struct domu d;
	u32 theirs, mine, out;
	u64 gfn;

	domu_spis = 32;
	if (!report(domu_create(&d, 1, 0), "a domain with SPIs: %s", d.step ?: "made"))
		return;
	gfn = GUEST_RAM0_BASE / PAGE_SIZE + ((u64)&ring - KBASE) / PAGE_SIZE;
	memset(domu_ptr(&d, &ring), 0, sizeof(ring));
	bad_requests(&d, gfn);
	if (!report(make(&d, 0, 0, gfn, 0, 0, &theirs) == 0 && theirs, "it gets a UART"))
		return;
	report_value((u64)make(&d, 0, 0, gfn, 0, 0, &out), "but not two");
	d.info->arg[0] = theirs;
	mine = evtchn_bind(d.domid, theirs);
	report(mine != 0, "the daemon binds");
	evtchn_pending(mine);
	report(domu_unpause(&d) == 0, "unpause");
	while (serve(&d, &mine) && domu_poll(&d))
		sched_op(SCHEDOP_yield, NULL);
	report(domu_wait(&d, 5), "the domain ends by itself");
	report(domu_destroy(&d) == 0, "destroy");
	report_value((u64)evtchn_send(mine), "the daemon's port after the domain's death");
	report(evtchn_close(mine) == 0, "and its end");
}

/* Once a domain has run, it is too late. */
static void late(void)
{
	struct domu d;
	u32 out;

	if (!report(domu_create(&d, 1, 0), "another domain"))
		return;
	domu_unpause(&d);
	domu_pause(&d);
	report_value((u64)make(&d, 0, 0, GUEST_RAM0_BASE / PAGE_SIZE, 0, 0, &out),
		     "a UART for one that has run");
	domu_destroy(&d);
}

void guest_main(void)
{
	report_prefix("vuart");
	irq_enable();
	without_spi();
	run();
	late();
	report_summary();
}
