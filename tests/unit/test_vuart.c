// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual UART: who may have one, random accesses from both sides against a model of ring,
 * interrupts and events that knows every byte of the ring's page, impossible indices, its port, its
 * end; and a guest and a daemon on two CPUs, between which no byte may be lost.
 */
#include <virt/vuart.h>
#include <xen/arch-arm.h>
#include <xen/io/console.h>
#include "world.h"

#define RING_GFN 9

enum { DR = 0x00, RSR = 0x04, FR = 0x18, IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44 };

static struct domain *dom0, *d;
static struct xencons_interface *ring;
static u32 daemon_port;

static void make(void)
{
	world_make(2);
	dom0 = world_domain[0];
	d = world_domain[1];
	CHECK_EQ(vuart_init(d, GFN(RING_GFN), dom0->id), 0);
	ring = world_va(1, RING_GFN);
	memset(ring, 0, PAGE_SIZE);
	CHECK_EQ(evtchn_bind_interdomain(dom0, d, d->vuart.port, &daemon_port), 0);
	CHECK_EQ(d->nr_mmio, 1);
	CHECK(d->mmio[0].base == GUEST_PL011_BASE && d->mmio[0].size == GUEST_PL011_SIZE);
}

/* A daemon that binds and sends as soon as there is a port, while the UART is being made. */
static bool quick;

int __real_evtchn_alloc_served(struct domain *of, domid_t remote);
int __wrap_evtchn_alloc_served(struct domain *of, domid_t remote);
int __wrap_evtchn_alloc_served(struct domain *of, domid_t remote)
{
	int rc = __real_evtchn_alloc_served(of, remote);

	if (!rc && quick) {
		CHECK_EQ(evtchn_bind_interdomain(dom0, of, of->vuart.port, &daemon_port), 0);
		CHECK_EQ(evtchn_send(dom0, daemon_port), 0);
	}
	return rc;
}

static bool guest_read(u64 reg, unsigned size, u64 *val)
{
	return d->mmio[0].read(d->vcpu[0], d->mmio[0].priv, reg, size, val);
}

static u32 reg(u64 offset)
{
	u64 val = ~0UL;

	CHECK(guest_read(offset, 4, &val));
	return (u32)val;
}

static bool guest_write(u64 offset, unsigned size, u64 val)
{
	return d->mmio[0].write(d->vcpu[0], d->mmio[0].priv, offset, size, val);
}

static void set(u64 offset, u32 val)
{
	CHECK(guest_write(offset, 4, val));
}

/* Has the daemon been told since the last look? */
static bool told(void)
{
	u64 bit = BIT(daemon_port % 64);

	return __atomic_fetch_and(&dom0->shared_info->evtchn_pending[daemon_port / 64], ~bit,
				  __ATOMIC_SEQ_CST) &
	       bit;
}

/* --- a model --- */

static struct xencons_interface page; /* as the ring must look */
static u32 ris, imsc;

static u32 in_len(void)
{
	return page.in_prod - page.in_cons <= 1024 ? page.in_prod - page.in_cons : 0;
}
static u32 out_len(void)
{
	return page.out_prod - page.out_cons <= 2048 ? page.out_prod - page.out_cons : 2048;
}

static void model_bit(u32 bit, bool on)
{
	ris = on ? ris | bit : ris & ~bit;
}

static u32 model_flags(void)
{
	return !in_len() << 4 | (in_len() == 1024) << 6 | !out_len() << 7 |
	       (out_len() == 2048) * 0x28;
}

static u32 model_take(void)
{
	u32 len = in_len(), c = len ? (u8)page.in[page.in_cons % 1024] : 0;

	if (!len)
		return 0;
	page.in_cons++;
	if (len <= 1008)
		model_bit(0x10, false);
	if (len == 1)
		model_bit(0x40, false);
	return c;
}

static void model_put(u8 c)
{
	if (out_len() == 2048)
		return;
	page.out[page.out_prod++ % 2048] = (char)c;
	model_bit(0x20, out_len() <= 2032);
}

static void model_event(void)
{
	if (in_len())
		model_bit(0x40, true);
	if (in_len() >= 1008)
		model_bit(0x10, true);
	model_bit(0x20, out_len() <= 2032);
}

static void guest_step(void)
{
	static const u8 known[] = { DR, RSR, FR, IMSC, RIS, MIS };
	u64 reg_at = host_random() % 8 ? known[host_random() % sizeof(known)]
				       : host_random() % 4096;
	unsigned size = 1U << host_random() % 4;
	u64 val = ~0UL, want = 0;
	bool ok = true;

	switch (reg_at) {
	case DR: want = size == 8 ? 0 : model_take(); break;
	case RSR: break;
	case FR: want = model_flags(); break;
	case IMSC: want = imsc; break;
	case RIS: want = ris; break;
	case MIS: want = ris & imsc; break;
	default: ok = false;
	}
	CHECK_EQ(guest_read(reg_at, size, &val), ok && size < 8);
	if (ok && size < 8)
		CHECK_EQ(val, want);
	if (reg_at == DR)
		CHECK(told());
}

static void guest_write_step(void)
{
	static const u8 known[] = { DR, RSR, FR, IMSC, RIS, MIS, ICR, DR, IMSC };
	u64 reg_at = host_random() % 8 ? known[host_random() % sizeof(known)]
				       : host_random() % 4096;
	unsigned size = 1U << host_random() % 4, times = host_random() % 8 ? 1 : 300;
	u32 val = host_random() % 2 ? host_random() : host_random() & 0x7f0;
	bool ok = true;

	switch (reg_at) {
	case IMSC: imsc = size < 8 ? val : imsc; break;
	case ICR: ris &= size < 8 ? ~val : ~0U; break;
	case DR:
	case RSR:
	case FR:
	case RIS:
	case MIS: break;
	default: ok = false;
	}
	while (times--) {
		CHECK_EQ(guest_write(reg_at, size, val), ok && size < 8);
		if (reg_at == DR && size < 8)
			model_put((u8)val);
		if (reg_at == DR)
			CHECK(told());
	}
}

/* What a daemon does, and what none does: any index. */
static void daemon_step(void)
{
	u32 n = host_random() % 4 ? host_random() % 20 : host_random() % 1100;

	switch (host_random() % 8) {
	case 0:
	case 1:
	case 2:
		for (n = min(n, 1024 - in_len()); n; n--, page.in_prod++)
			ring->in[page.in_prod % 1024] = page.in[page.in_prod % 1024] = (char)
				host_random();
		ring->in_prod = page.in_prod;
		break;
	case 3:
	case 4: ring->out_cons = page.out_cons += min(n, out_len()); break;
	case 5:
		if (host_random() % 8)
			break;
		ring->in_cons = page.in_cons = host_random();
		ring->in_prod = page.in_prod = page.in_cons + host_random() % 1100;
		ring->out_cons = page.out_cons = host_random();
		ring->out_prod = page.out_prod = page.out_cons + host_random() % 2100;
		break;
	case 6:
		if (host_random() % 32)
			break;
		memset(ring, (int)host_random(), sizeof(*ring));
		memcpy(&page, ring, sizeof(page));
		break;
	default: break;
	}
	if (host_random() % 2)
		return;
	CHECK_EQ(evtchn_send(dom0, daemon_port), 0);
	model_event();
}

static void test_model(void)
{
	make();
	memset(&page, 0, sizeof(page));
	ris = imsc = 0;
	told();
	for (unsigned n = host_effort(100000); n; n--) {
		switch (host_random() % 3) {
		case 0: guest_step(); break;
		case 1: guest_write_step(); break;
		default: daemon_step();
		}
		CHECK_EQ(world_line[1], !!(ris & imsc));
		CHECK(!memcmp(ring, &page, sizeof(page)));
	}
	CHECK(!((u8 *)ring)[sizeof(page)] && !((u8 *)ring)[PAGE_SIZE - 1]);
	world_end();
}

/* --- set-up and end --- */

static void test_set_up(void)
{
	u32 port;

	world_make(2);
	dom0 = world_domain[0];
	d = world_domain[1];
	world_spi_taken = true;
	CHECK_EQ(vuart_init(d, GFN(RING_GFN), 0), -EINVAL);
	world_spi_taken = false;
	CHECK_EQ(vuart_init(d, GFN(WORLD_RAM), 0), -EINVAL);
	CHECK_EQ(vuart_init(d, GFN(~0UL), 0), -EINVAL);
	for (unsigned t = P2M_RAM_RO; t <= P2M_XEN; t++) { /* not its own, or not to be written */
		if (t == P2M_DEVICE || t == P2M_FOREIGN || t == P2M_FOREIGN_RO)
			continue;
		CHECK_EQ(p2m_map(d, GFN(WORLD_RAM), page_mfn(page_alloc_domain(d, 0)), 1, t, true),
			 0);
		CHECK_EQ(vuart_init(d, GFN(WORLD_RAM), 0), -EINVAL);
	}
	CHECK(!d->vuart.ring && !d->vuart.port && !d->nr_mmio);
	while (!evtchn_alloc_unbound(d, 0, &port))
		;
	CHECK_EQ(vuart_init(d, GFN(RING_GFN), 0), -ENOSPC);
	CHECK_EQ(world_page(1, RING_GFN)->refs, 1);
	CHECK_EQ(evtchn_close(d, 7), 0);
	CHECK_EQ(vuart_init(d, GFN(RING_GFN), 0), 0);
	CHECK_EQ(d->vuart.port, 7);
	CHECK_EQ(vuart_init(d, GFN(RING_GFN), 0), -EINVAL);
	CHECK_EQ(world_page(1, RING_GFN)->refs, 2);
	/* The guest gives the page away: the ring stays what it was. */
	ring = world_va(1, RING_GFN);
	memset(ring, 0, PAGE_SIZE);
	CHECK_EQ(p2m_unmap(d, GFN(RING_GFN), 1), 1);
	set(DR, 'x');
	CHECK_EQ(ring->out[0], 'x');
	world_end();
}

static void test_quick(void)
{
	world_make(2);
	dom0 = world_domain[0];
	d = world_domain[1];
	memset(world_va(1, RING_GFN), 0, PAGE_SIZE);
	quick = true;
	CHECK_EQ(vuart_init(d, GFN(RING_GFN), dom0->id), 0);
	quick = false;
	CHECK_EQ(reg(RIS), 0x20);
	world_end();
}

/* Its guest can do nothing with the port, the daemon what it likes, as often as it likes. */
static void test_port(void)
{
	struct evtchn_status st;
	u32 port, p;

	make();
	port = d->vuart.port;
	st = (struct evtchn_status){ .port = port };
	for (unsigned bound = 0; bound < 3; bound++) {
		CHECK_EQ(evtchn_send(d, port), -EINVAL);
		CHECK_EQ(evtchn_close(d, port), -EINVAL);
		CHECK_EQ(evtchn_bind_vcpu(d, port, 1), -EINVAL);
		CHECK_EQ(evtchn_status(d, &st), -EACCES);
		CHECK_EQ(evtchn_reset(d), 0);
		told();
		set(DR, 'x');
		CHECK_EQ(told(), bound != 1);
		if (bound == 0) {
			CHECK_EQ(evtchn_close(dom0, daemon_port), 0);
		} else if (bound == 1) {
			/* not for just anybody */
			CHECK_EQ(evtchn_bind_interdomain(d, d, port, &p), -EINVAL);
			CHECK_EQ(evtchn_bind_interdomain(dom0, d, port, &daemon_port), 0);
			CHECK_EQ(evtchn_bind_interdomain(dom0, d, port, &p), -EINVAL);
		}
	}
	st.port = daemon_port;
	CHECK_EQ(evtchn_status(dom0, &st), 0);
	CHECK(st.status == EVTCHNSTAT_interdomain && st.u.interdomain.dom == d->id &&
	      st.u.interdomain.port == port);
	CHECK_EQ(evtchn_bind_vcpu(dom0, daemon_port, 1), 0);
	/* No event of its own ever reaches the guest by it. */
	CHECK_EQ(evtchn_send(dom0, daemon_port), 0);
	CHECK(!d->shared_info->evtchn_pending[0] && !world_upcalls[1][0]);
	/* The daemon is told of the guest's end by its port becoming unbound. */
	world_kill(1);
	CHECK_EQ(evtchn_status(dom0, &st), 0);
	CHECK_EQ(st.status, EVTCHNSTAT_unbound);
	CHECK_EQ(evtchn_send(dom0, daemon_port), 0);
	world_end();
}

/* --- two CPUs --- */

#define BYTES 200000U
static u32 wrong[2];

static void guest_cpu(void)
{
	u32 sent = 0, got = 0;

	while (sent < BYTES || got < BYTES) {
		bool idle = true;

		if (sent < BYTES && !(reg(FR) & 0x20)) {
			set(DR, (u8)(sent++ * 7));
			idle = false;
		}
		if (got < BYTES && !(reg(FR) & 0x10)) {
			wrong[1] += reg(DR) != (u8)(got++ * 5);
			idle = false;
		}
		if (idle)
			host_yield();
	}
}

static void daemon_cpu(void)
{
	u32 sent = 0, got = 0;

	while (sent < BYTES || got < BYTES) {
		u32 prod = __atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE), in = ring->in_prod;
		u32 cons = __atomic_load_n(&ring->in_cons, __ATOMIC_ACQUIRE);
		u32 was = sent + got;

		for (; got < BYTES && ring->out_cons != prod; got++) {
			wrong[0] += (u8)ring->out[ring->out_cons % 2048] != (u8)(got * 7);
			__atomic_store_n(&ring->out_cons, ring->out_cons + 1, __ATOMIC_RELEASE);
		}
		for (; sent < BYTES && in - cons < 1024; sent++, in++)
			ring->in[in % 1024] = (char)(sent * 5);
		__atomic_store_n(&ring->in_prod, in, __ATOMIC_RELEASE);
		if (sent + got == was)
			host_yield();
		else
			evtchn_send(dom0, daemon_port);
	}
}

static void one_cpu(unsigned n)
{
	world_thread(n);
	if (n)
		guest_cpu();
	else
		daemon_cpu();
}

static void test_two(void)
{
	make();
	wrong[0] = wrong[1] = 0;
	set(IMSC, 0x70);
	host_run(2, one_cpu);
	CHECK(!wrong[0] && !wrong[1]);
	CHECK_EQ(evtchn_send(dom0, daemon_port), 0);
	CHECK_EQ(reg(FR), 0x90);
	CHECK(world_line[1] && reg(RIS) == 0x20);
	world_end();
}

int main(void)
{
	static const struct test tests[] = {
		{ "set-up", test_set_up },
		{ "a daemon that cannot wait", test_quick },
		{ "its port", test_port },
		{ "a model of ring and interrupts", test_model },
		{ "a guest and a daemon at a time", test_two },
	};

	return run_tests("vuart", tests, ARRAY_SIZE(tests));
}
