// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event channels: each operation's errors; random sequences against a model that says which port of
 * which domain is linked to what and which events a guest must find; senders on several CPUs
 * against a receiver that consumes; domains that die in the middle.
 */
#include <core/cmdline.h>
#include <domain/guest_word.h>
#include "world.h"

#define PORTS 1024
#define INFO_GFN 20  /* vcpu_info of vCPU 1 */
#define CB_GFN 24    /* control blocks, one per vCPU */
#define ARRAY_GFN 28 /* event array */
#define RING_GFN 40  /* virtual UART */
#define SERVED 1     /* who has it, with Dom0's daemon */

#define F_PENDING (1U << EVTCHN_FIFO_PENDING)
#define F_MASKED (1U << EVTCHN_FIFO_MASKED)
#define F_LINKED (1U << EVTCHN_FIFO_LINKED)

/* --- the guest's side --- */

static bool uses_fifo[WORLD_DOMAINS];
static u32 queue_head[WORLD_DOMAINS][WORLD_VCPUS][EVTCHN_FIFO_MAX_QUEUES];

static void register_info(unsigned i)
{
	CHECK_EQ(vcpu_info_register(world_domain[i]->vcpu[1],
				    p2m_get_page(world_domain[i], GFN(INFO_GFN), WANT_WRITE), 64),
		 0);
}

static u32 *word(unsigned i, u32 port)
{
	return (u32 *)world_va(i, ARRAY_GFN + port / 1024) + port % 1024;
}

static void go_fifo(unsigned i)
{
	struct domain *d = world_domain[i];

	for (u32 v = 0; v < WORLD_VCPUS; v++) {
		struct evtchn_init_control op = { .control_gfn = CB_GFN + v,
						  .offset = 8,
						  .vcpu = v };

		memset(world_va(i, CB_GFN + v), 0, PAGE_SIZE);
		memset(queue_head[i][v], 0, sizeof(queue_head[i][v]));
		CHECK_EQ(evtchn_fifo_init_control(d, &op), 0);
		CHECK_EQ(op.link_bits, EVTCHN_FIFO_LINK_BITS);
	}
	memset(world_va(i, ARRAY_GFN), 0, PAGE_SIZE);
	CHECK_EQ(evtchn_fifo_expand_array(d, GFN(ARRAY_GFN)), 0);
	while (evtchn_fifo_raise_early(d))
		;
	uses_fifo[i] = true;
}

static void mask(unsigned i, u32 port, bool on)
{
	struct shared_info *si = world_domain[i]->shared_info;

	if (on && uses_fifo[i])
		__atomic_fetch_or(word(i, port), F_MASKED, __ATOMIC_SEQ_CST);
	else if (on)
		__atomic_fetch_or(&si->evtchn_mask[port / 64], BIT(port % 64), __ATOMIC_SEQ_CST);
	else
		CHECK_EQ(evtchn_unmask(world_domain[i], port), 0);
}

/* The lose-th attempt to change a shared word is lost, and so many in a row. */
static unsigned lose, in_a_row, still_to_lose;

bool fake_store_lost(void)
{
	if (lose && !--lose)
		still_to_lose = in_a_row;
	return still_to_lose && still_to_lose--;
}

typedef void found_fn(unsigned i, unsigned vcpu, u32 port);

static void consume_2l(unsigned i, unsigned vcpu, found_fn *found)
{
	struct shared_info *si = world_domain[i]->shared_info;
	u64 sel = __atomic_exchange_n(&world_domain[i]->vcpu[vcpu]->info->evtchn_pending_sel, 0,
				      __ATOMIC_SEQ_CST);

	for (unsigned w = 0; w < 64; w++) {
		if (!(sel & BIT(w)))
			continue;
		for (unsigned b = 0; b < 64; b++) {
			u64 ready = __atomic_load_n(&si->evtchn_pending[w], __ATOMIC_SEQ_CST) &
				    ~__atomic_load_n(&si->evtchn_mask[w], __ATOMIC_SEQ_CST);

			if (!(ready & BIT(b)))
				continue;
			__atomic_fetch_and(&si->evtchn_pending[w], ~BIT(b), __ATOMIC_SEQ_CST);
			found(i, vcpu, w * 64 + b);
		}
	}
}

/* Unlinks the word and returns the next port, as a guest has to do it. */
static u32 unlink(u32 *w)
{
	u32 old = __atomic_load_n(w, __ATOMIC_SEQ_CST);

	while (!__atomic_compare_exchange_n(w, &old, old & ~(F_LINKED | EVTCHN_FIFO_LINK_MASK),
					    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	return old & EVTCHN_FIFO_LINK_MASK;
}

static void consume_fifo(unsigned i, unsigned vcpu, found_fn *found)
{
	struct evtchn_fifo_control_block *cb = (void *)((char *)world_va(i, CB_GFN + vcpu) + 8);
	u32 ready = __atomic_exchange_n(&cb->ready, 0, __ATOMIC_SEQ_CST);

	while (ready) {
		unsigned p = (unsigned)__builtin_ctz(ready);
		u32 *head = &queue_head[i][vcpu][p], port;

		if (!*head)
			*head = __atomic_load_n(&cb->head[p], __ATOMIC_SEQ_CST);
		port = *head;
		*head = unlink(word(i, port));
		if (!*head)
			ready &= ~(1U << p);
		if ((__atomic_load_n(word(i, port), __ATOMIC_SEQ_CST) & (F_PENDING | F_MASKED)) ==
		    F_PENDING) {
			__atomic_fetch_and(word(i, port), ~F_PENDING, __ATOMIC_SEQ_CST);
			found(i, vcpu, port);
		}
		ready |= __atomic_exchange_n(&cb->ready, 0, __ATOMIC_SEQ_CST);
	}
}

/* The upcall: true if there was one. */
static bool upcall(unsigned i, unsigned vcpu, found_fn *found)
{
	struct vcpu_info *info = world_domain[i]->vcpu[vcpu]->info;

	if (!evtchn_pending(world_domain[i]->vcpu[vcpu]))
		return false;
	__atomic_store_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (uses_fifo[i])
		consume_fifo(i, vcpu, found);
	else
		consume_2l(i, vcpu, found);
	return true;
}

/* --- errors --- */

static void test_errors(void)
{
	struct evtchn_status st = { .port = 1 };
	struct domain *d0, *d1, *d2;
	u32 p, q, r;

	world_make(3);
	d0 = world_domain[0], d1 = world_domain[1], d2 = world_domain[2];
	CHECK_EQ(evtchn_send(d1, 0), -EINVAL);
	CHECK_EQ(evtchn_send(d1, 1), -EINVAL);
	CHECK_EQ(evtchn_send(d1, 100000), -EINVAL);
	CHECK_EQ(evtchn_send(d1, d1->evtchns.nr_ports), -EINVAL);
	CHECK_EQ(evtchn_close(d1, 0), -EINVAL);
	CHECK_EQ(evtchn_close(d1, ~0U), -EINVAL);
	CHECK_EQ(evtchn_unmask(d1, 5000), -EINVAL);
	CHECK_EQ(evtchn_bind_virq(d1, NR_VIRQS, 0, &p), -EINVAL);
	CHECK_EQ(evtchn_bind_virq(d1, VIRQ_CONSOLE, 1, &p), -EINVAL);
	CHECK_EQ(evtchn_bind_virq(d1, VIRQ_TIMER, 2, &p), -ENOENT);
	CHECK_EQ(evtchn_bind_virq(d1, VIRQ_TIMER, 1, &p), 0);
	CHECK_EQ(p, 1);
	CHECK_EQ(evtchn_bind_virq(d1, VIRQ_TIMER, 1, &q), -EEXIST);
	CHECK_EQ(evtchn_close(d1, p), 0);
	CHECK_EQ(evtchn_bind_virq(d1, VIRQ_TIMER, 1, &p), 0);
	CHECK_EQ(p, 1);
	CHECK_EQ(evtchn_bind_vcpu(d1, p, 0), -EINVAL);
	CHECK_EQ(evtchn_bind_vcpu(d1, p, 9), -ENOENT);
	CHECK_EQ(evtchn_bind_ipi(d1, 9, &q), -ENOENT);
	CHECK_EQ(evtchn_bind_ipi(d1, 1, &q), 0);
	CHECK_EQ(evtchn_bind_vcpu(d1, q, 0), -EINVAL);
	CHECK_EQ(evtchn_alloc_unbound(d1, d0->id, &r), 0);
	CHECK_EQ(r, 3);
	CHECK_EQ(evtchn_send(d1, r), 0);
	CHECK_EQ(evtchn_send(d1, p), -EINVAL);
	/* Not for this one; then for it; then no more. */
	CHECK_EQ(evtchn_bind_interdomain(d2, d1, r, &p), -EINVAL);
	CHECK_EQ(evtchn_bind_interdomain(d0, d1, r, &p), 0);
	CHECK_EQ(evtchn_bind_interdomain(d0, d1, r, &p), -EINVAL);
	CHECK_EQ(evtchn_bind_interdomain(d0, d1, 77, &p), -EINVAL);
	CHECK_EQ(evtchn_status(d0, &st), 0);
	CHECK(st.status == EVTCHNSTAT_interdomain && st.u.interdomain.dom == d1->id &&
	      st.u.interdomain.port == r);
	/* SILO, and without. */
	CHECK_EQ(evtchn_alloc_unbound(d1, d2->id, &r), 0);
	CHECK_EQ(evtchn_bind_interdomain(d2, d1, r, &p), -EPERM);
	opts.silo = false;
	CHECK_EQ(evtchn_bind_interdomain(d2, d1, r, &p), 0);
	opts.silo = true;
	/* Closing one end leaves the other unbound, for the same domain. */
	CHECK_EQ(evtchn_close(d2, p), 0);
	st.port = r;
	CHECK_EQ(evtchn_status(d1, &st), 0);
	CHECK(st.status == EVTCHNSTAT_unbound && st.u.unbound.dom == d2->id);
	CHECK_EQ(evtchn_fifo_set_priority(d1, r, 3), -ENOSYS);
	CHECK_EQ(evtchn_fifo_expand_array(d1, GFN(ARRAY_GFN)), -EOPNOTSUPP);
	world_end();
}

static void test_fifo_errors(void)
{
	struct evtchn_init_control op = { .control_gfn = CB_GFN };
	struct domain *d;
	u32 p;

	world_make(1);
	d = world_domain[0];
	op.vcpu = WORLD_VCPUS;
	CHECK_EQ(evtchn_fifo_init_control(d, &op), -ENOENT);
	op.vcpu = 0;
	op.offset = PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) + 8;
	CHECK_EQ(evtchn_fifo_init_control(d, &op), -EINVAL);
	op.offset = 4;
	CHECK_EQ(evtchn_fifo_init_control(d, &op), -EINVAL);
	op.offset = 0;
	op.control_gfn = WORLD_GFNS;
	CHECK_EQ(evtchn_fifo_init_control(d, &op), -EINVAL);
	CHECK(!d->evtchns.fifo);
	op.control_gfn = CB_GFN;
	CHECK_EQ(evtchn_fifo_init_control(d, &op), 0);
	CHECK_EQ(evtchn_fifo_init_control(d, &op), -EINVAL);
	CHECK_EQ(evtchn_fifo_expand_array(d, GFN(WORLD_GFNS)), -EINVAL);
	CHECK_EQ(evtchn_alloc_unbound(d, 0, &p), 0);
	CHECK_EQ(evtchn_fifo_set_priority(d, p, 16), -EINVAL);
	CHECK_EQ(evtchn_fifo_set_priority(d, p, 15), 0);
	/* 128 pages make the whole array. */
	for (unsigned i = 0; i < 128; i++)
		CHECK_EQ(evtchn_fifo_expand_array(d, GFN(ARRAY_GFN)), 0);
	CHECK_EQ(evtchn_fifo_expand_array(d, GFN(ARRAY_GFN)), -ENOSPC);
	CHECK_EQ(world_page(0, ARRAY_GFN)->refs, 129);
	CHECK_EQ(evtchn_reset(d), 0);
	CHECK_EQ(world_page(0, ARRAY_GFN)->refs, 1);
	CHECK_EQ(world_page(0, CB_GFN)->refs, 1);
	world_end();
}

static void test_limits(void)
{
	u32 p, n;

	world_make(2);
	for (n = 0; !evtchn_alloc_unbound(world_domain[1], 0, &p); n++)
		CHECK_EQ(p, n + 1);
	CHECK_EQ(n, 1023);
	CHECK_EQ(evtchn_alloc_unbound(world_domain[1], 0, &p), -ENOSPC);
	CHECK_EQ(evtchn_close(world_domain[1], 500), 0);
	CHECK_EQ(evtchn_alloc_unbound(world_domain[1], 0, &p), 0);
	CHECK_EQ(p, 500);
	/* Dom0: what the ABI can do. */
	for (n = 0; !evtchn_alloc_unbound(world_domain[0], 0, &p); n++)
		;
	CHECK_EQ(n, EVTCHN_2L_NR_CHANNELS - 1);
	go_fifo(0);
	for (; !evtchn_alloc_unbound(world_domain[0], 0, &p); n++)
		;
	CHECK_EQ(n, EVTCHN_FIFO_NR_CHANNELS - 1);
	/* Back at 2-level, ports beyond its bits are no ports. */
	CHECK_EQ(evtchn_reset(world_domain[0]), 0);
	CHECK_EQ(evtchn_unmask(world_domain[0], EVTCHN_2L_NR_CHANNELS), -EINVAL);
	CHECK_EQ(evtchn_unmask(world_domain[0], EVTCHN_2L_NR_CHANNELS - 1), 0);
	uses_fifo[0] = false;
	world_end();
}

/* --- a model --- */

static struct model {
	u8 state;
	u8 peer;
	u8 vcpu;
	u32 arg;
	bool pending, masked;
} model[WORLD_DOMAINS][PORTS];
static unsigned nr_domains;

static void found_model(unsigned i, unsigned vcpu, u32 port)
{
	struct model *m = &model[i][port];

	(void)vcpu; /* it may have moved while the event was on its way */
	CHECK(m->pending && !m->masked && m->state != EVTCHNSTAT_closed);
	m->pending = false;
}

static void model_event(unsigned i, u32 port)
{
	model[i][port].pending = true;
}

static bool fits(unsigned i, u32 port)
{
	return port < PORTS && model[i][port].state != EVTCHNSTAT_closed;
}

static void model_open(unsigned i, u32 port, u8 state, u8 vcpu, u32 arg, unsigned peer)
{
	CHECK(port && port < PORTS && model[i][port].state == EVTCHNSTAT_closed);
	model[i][port] = (struct model){ .state = state,
					 .vcpu = vcpu,
					 .arg = arg,
					 .peer = (u8)peer,
					 .masked = model[i][port].masked };
}

static void model_close(unsigned i, u32 port)
{
	struct model *m = &model[i][port];

	if (m->state == EVTCHNSTAT_interdomain) {
		model[m->peer][m->arg].state = EVTCHNSTAT_unbound;
		model[m->peer][m->arg].peer = (u8)i;
	}
	*m = (struct model){ .masked = m->masked };
}

static void step_open(unsigned i)
{
	struct domain *d = world_domain[i];
	unsigned j = host_random() % nr_domains, vcpu = host_random() % WORLD_VCPUS;
	u32 p, rp = host_random() % 24;

	switch (host_random() % 4) {
	case 0:
		if (!evtchn_alloc_unbound(d, world_domain[j]->id, &p))
			model_open(i, p, EVTCHNSTAT_unbound, 0, 0, j);
		break;
	case 1:
		if (evtchn_bind_interdomain(d, world_domain[j], rp, &p))
			break;
		CHECK(fits(j, rp) && model[j][rp].state == EVTCHNSTAT_unbound &&
		      model[j][rp].peer == i);
		model_open(i, p, EVTCHNSTAT_interdomain, 0, rp, j);
		model[j][rp].state = EVTCHNSTAT_interdomain;
		model[j][rp].arg = p;
		model_event(i, p);
		break;
	case 2:
		if (!evtchn_bind_ipi(d, vcpu, &p))
			model_open(i, p, EVTCHNSTAT_ipi, (u8)vcpu, 0, i);
		break;
	default:
		if (!evtchn_bind_virq(d, VIRQ_TIMER, vcpu, &p))
			model_open(i, p, EVTCHNSTAT_virq, (u8)vcpu, VIRQ_TIMER, i);
	}
}

/* The hypervisor's own: the guest can do nothing with it. */
static bool is_served(unsigned i, u32 p)
{
	return i == SERVED && p == world_domain[SERVED]->vuart.port;
}

static void step_raise(unsigned i, u32 p)
{
	struct model *m = &model[i][p];
	int rc;

	if (is_served(i, p)) {
		CHECK_EQ(evtchn_send(world_domain[i], p), -EINVAL);
		evtchn_raise_served(world_domain[i]);
		if (m->state == EVTCHNSTAT_interdomain)
			model_event(m->peer, m->arg);
		return;
	}
	if (m->state == EVTCHNSTAT_virq) {
		evtchn_raise_vcpu_virq(world_domain[i]->vcpu[m->vcpu], m->arg);
		model_event(i, p);
		return;
	}
	rc = evtchn_send(world_domain[i], p);
	if (m->state == EVTCHNSTAT_interdomain && !is_served(m->peer, m->arg))
		model_event(m->peer, m->arg);
	else if (m->state == EVTCHNSTAT_ipi)
		model_event(i, p);
	CHECK_EQ(rc, m->state == EVTCHNSTAT_closed ? -EINVAL : 0);
}

static void consume_all(void)
{
	bool again;

	do {
		again = false;
		for (unsigned i = 0; i < nr_domains; i++)
			for (unsigned v = 0; v < WORLD_VCPUS; v++)
				again |= upcall(i, v, found_model);
	} while (again);
	for (unsigned i = 0; i < nr_domains; i++)
		for (u32 p = 0; p < PORTS; p++)
			CHECK(!model[i][p].pending || model[i][p].masked);
}

static void step_compare(unsigned i, u32 p)
{
	struct evtchn_status st = { .port = p };
	struct model *m = &model[i][p];

	CHECK_EQ(evtchn_status(world_domain[i], &st), is_served(i, p) ? -EACCES : 0);
	if (is_served(i, p))
		return;
	CHECK_EQ(st.status, m->state);
	CHECK_EQ(st.vcpu, m->vcpu);
	if (m->state == EVTCHNSTAT_interdomain)
		CHECK(st.u.interdomain.dom == world_domain[m->peer]->id &&
		      st.u.interdomain.port == m->arg);
	if (m->state == EVTCHNSTAT_unbound)
		CHECK_EQ(st.u.unbound.dom, world_domain[m->peer]->id);
}

static void step(void)
{
	unsigned i = host_random() % nr_domains, vcpu = host_random() % WORLD_VCPUS;
	u32 p = host_random() % 24;
	struct model *m = &model[i][p];
	int rc;

	switch (host_random() % 16) {
	case 0:
	case 1:
	case 2: step_open(i); break;
	case 3:
		rc = evtchn_close(world_domain[i], p);
		CHECK_EQ(rc, m->state == EVTCHNSTAT_closed || is_served(i, p) ? -EINVAL : 0);
		if (!rc)
			model_close(i, p);
		break;
	case 4:
		rc = evtchn_bind_vcpu(world_domain[i], p, vcpu);
		CHECK_EQ(rc, !is_served(i, p) && (m->state == EVTCHNSTAT_interdomain ||
						  m->state == EVTCHNSTAT_unbound)
				     ? 0
				     : -EINVAL);
		if (!rc)
			m->vcpu = (u8)vcpu;
		break;
	case 5:
	case 6:
		/* A closed port's bits mean nothing: leave them. */
		if (m->state == EVTCHNSTAT_closed)
			break;
		m->masked = host_random() % 2;
		mask(i, p, m->masked);
		break;
	case 7:
		if (uses_fifo[i])
			CHECK_EQ(evtchn_fifo_set_priority(world_domain[i], p, host_random() % 16),
				 0);
		break;
	case 8: consume_all(); break;
	case 9: upcall(i, vcpu, found_model); break;
	case 10: step_compare(i, p); break;
	default: step_raise(i, p);
	}
}

static void random_steps(bool fifo)
{
	memset(model, 0, sizeof(model));
	nr_domains = 3;
	opts.silo = false;
	world_make(nr_domains);
	for (unsigned i = 0; i < nr_domains; i++) {
		register_info(i);
		uses_fifo[i] = false;
		if (fifo)
			go_fifo(i);
	}
	CHECK_EQ(vuart_init(world_domain[SERVED], GFN(RING_GFN), world_domain[0]->id), 0);
	model_open(SERVED, world_domain[SERVED]->vuart.port, EVTCHNSTAT_unbound, 0, 0, 0);
	for (unsigned n = 0; n < 60000; n++)
		step();
	for (unsigned i = 0; i < nr_domains; i++)
		for (u32 p = 0; p < 64; p++)
			if (model[i][p].masked) {
				model[i][p].masked = false;
				mask(i, p, false);
			}
	consume_all();
	CHECK_EQ(world_logs, 0);
	for (unsigned i = 0; i < nr_domains; i++) {
		CHECK_EQ(evtchn_reset(world_domain[i]), 0);
		CHECK(!world_domain[i]->evtchns.fifo);
		CHECK_EQ(world_domain[i]->evtchns.nr_open, i == SERVED);
	}
	world_end();
	memset(uses_fifo, 0, sizeof(uses_fifo));
	opts.silo = true;
}

static void test_model_2l(void)
{
	random_steps(false);
}
static void test_model_fifo(void)
{
	random_steps(true);
}

/* --- moving vcpu_info, switching the ABI, polling --- */

static u32 seen[PORTS];

static void found_count(unsigned i, unsigned vcpu, u32 port)
{
	(void)i, (void)vcpu;
	__atomic_add_fetch(&seen[port], 1, __ATOMIC_SEQ_CST);
}

static void test_info(void)
{
	struct domain *d;
	struct page *pg;
	u32 p, q;

	world_make(1);
	memset(seen, 0, sizeof(seen));
	d = world_domain[0];
	CHECK_EQ(evtchn_bind_ipi(d, 1, &p), 0);
	CHECK_EQ(evtchn_bind_ipi(d, 0, &q), 0);
	/* vCPU 1 has no place for its upcall yet: nothing is injected, nothing is lost. */
	CHECK_EQ(evtchn_send(d, p), 0);
	CHECK_EQ(world_upcalls[0][1], 0);
	CHECK(!evtchn_pending(d->vcpu[1]));
	register_info(0);
	CHECK_EQ(world_upcalls[0][1], 1);
	CHECK(upcall(0, 1, found_count));
	CHECK_EQ(seen[p], 1);
	pg = p2m_get_page(d, GFN(INFO_GFN), WANT_WRITE);
	CHECK_EQ(vcpu_info_register(d->vcpu[1], pg, 64), -EINVAL);
	CHECK_EQ(vcpu_info_register(d->vcpu[0], pg, PAGE_SIZE - sizeof(struct vcpu_info) + 8),
		 -ENXIO);
	CHECK_EQ(vcpu_info_register(d->vcpu[0], pg, 4), -ENXIO);
	/* vCPU 0 moves with an event on its way. */
	CHECK_EQ(evtchn_send(d, q), 0);
	CHECK_EQ(vcpu_info_register(d->vcpu[0], pg, 256), 0);
	CHECK(upcall(0, 0, found_count));
	CHECK_EQ(seen[q], 1);
	/* An upcall is injected once until the guest takes it. */
	world_upcalls[0][0] = 0;
	CHECK_EQ(evtchn_send(d, q), 0);
	CHECK_EQ(evtchn_send(d, q), 0);
	CHECK_EQ(world_upcalls[0][0], 1);
	/* Its interrupt controller forgot it: once more, but only where an event waits. */
	evtchn_upcall_again(d->vcpu[0]);
	CHECK_EQ(world_upcalls[0][0], 2);
	CHECK(upcall(0, 0, found_count));
	evtchn_irq_changed(d);
	CHECK_EQ(world_upcalls[0][0], 2);
	/* A masked port tells nobody until it is unmasked. */
	mask(0, q, true);
	CHECK_EQ(evtchn_send(d, q), 0);
	CHECK(world_upcalls[0][0] == 2 && !evtchn_pending(d->vcpu[0]) &&
	      !d->vcpu[0]->info->evtchn_pending_sel);
	mask(0, q, false);
	CHECK_EQ(world_upcalls[0][0], 3);
	CHECK_EQ(world_page(0, INFO_GFN)->refs, 3);
	world_end();
}

static void test_early(void)
{
	struct evtchn_init_control op = { .control_gfn = CB_GFN, .offset = 8 };
	struct domain *d;
	u32 p, q, old, again;

	world_make(1);
	d = world_domain[0];
	memset(seen, 0, sizeof(seen));
	memset(queue_head, 0, sizeof(queue_head));
	CHECK_EQ(evtchn_bind_ipi(d, 0, &p), 0);
	CHECK_EQ(evtchn_bind_ipi(d, 0, &q), 0);
	/* One event in 2-level, the other before the array is there: both come with it. */
	CHECK_EQ(evtchn_bind_ipi(d, 0, &old), 0);
	CHECK_EQ(evtchn_send(d, p), 0);
	CHECK_EQ(evtchn_send(d, old), 0);
	CHECK_EQ(evtchn_fifo_init_control(d, &op), 0);
	CHECK_EQ(evtchn_send(d, q), 0);
	/*
	 * One of a port that is closed before the array is there: whoever has the port then does
	 * not get it.
	 */
	CHECK_EQ(evtchn_close(d, old), 0);
	CHECK_EQ(evtchn_bind_ipi(d, 0, &again), 0);
	CHECK_EQ(again, old);
	CHECK_EQ(evtchn_fifo_expand_array(d, GFN(ARRAY_GFN)), 0);
	while (evtchn_fifo_raise_early(d))
		;
	uses_fifo[0] = true;
	upcall(0, 0, found_count);
	CHECK_EQ(seen[p], 1);
	CHECK_EQ(seen[q], 1);
	CHECK_EQ(seen[old], 0);
	/* A closed port whose word still hangs in a queue is not given out again. */
	CHECK_EQ(evtchn_send(d, p), 0);
	CHECK_EQ(evtchn_close(d, p), 0);
	CHECK_EQ(evtchn_bind_ipi(d, 1, &q), 0);
	CHECK(q != p);
	upcall(0, 0, found_count);
	CHECK_EQ(seen[p], 1);
	CHECK_EQ(evtchn_bind_ipi(d, 1, &q), 0);
	CHECK_EQ(q, p);
	uses_fifo[0] = false;
	world_end();
}

/*
 * As many early events as fit: they come in pieces of the array, each bounded, and each event once.
 */
static void test_many_early(void)
{
	struct evtchn_init_control op = { .control_gfn = CB_GFN, .offset = 8 };
	u32 port, ports = 0, raised, before = 0;
	struct domain *d;

	world_make(1);
	d = world_domain[0];
	memset(seen, 0, sizeof(seen));
	memset(queue_head, 0, sizeof(queue_head));
	while (ports < 1000) {
		CHECK_EQ(evtchn_bind_ipi(d, 0, &port), 0);
		CHECK_EQ(port, ++ports);
		if (ports % 2)
			CHECK_EQ(evtchn_send(d, port), 0);
	}
	CHECK_EQ(evtchn_fifo_init_control(d, &op), 0);
	for (port = 2; port <= ports; port += 2)
		CHECK_EQ(evtchn_send(d, port), 0);
	CHECK_EQ(evtchn_fifo_expand_array(d, GFN(ARRAY_GFN)), 0);
	uses_fifo[0] = true;
	for (bool more = true; more; before = raised) {
		more = evtchn_fifo_raise_early(d);
		raised = 0;
		for (port = 1; port <= ports; port++)
			raised += (*word(0, port) & F_PENDING) != 0;
		CHECK(raised - before <= 64);
	}
	CHECK_EQ(raised, ports);
	upcall(0, 0, found_count);
	for (port = 1; port <= ports; port++)
		CHECK_EQ(seen[port], 1);
	uses_fifo[0] = false;
	world_end();
}

static void test_poll(void)
{
	struct domain *d;
	struct vcpu *v;
	u32 p[2], bad = 9999;

	world_make(1);
	d = world_domain[0];
	v = d->vcpu[0];
	for (unsigned i = 0; i < 2; i++) {
		CHECK_EQ(evtchn_bind_ipi(d, 0, &p[i]), 0);
		mask(0, p[i], true);
	}
	CHECK_EQ(evtchn_poll_begin(v, &bad, 1), -EINVAL);
	CHECK(!v->polling && !d->evtchns.nr_polling);
	CHECK_EQ(evtchn_poll_begin(v, &p[0], 1), 0);
	CHECK_EQ(evtchn_send(d, p[1]), 0);
	CHECK_EQ(world_wakes[0][0], 0);
	CHECK_EQ(evtchn_send(d, p[0]), 0);
	CHECK_EQ(world_wakes[0][0], 1);
	CHECK(!v->polling && !d->evtchns.nr_polling);
	CHECK(evtchn_poll_begin(v, p, 2) > 0);
	CHECK(!v->polling && !d->evtchns.nr_polling);
	memset(d->shared_info->evtchn_pending, 0, sizeof(d->shared_info->evtchn_pending));
	CHECK_EQ(evtchn_poll_begin(v, p, 2), 0);
	CHECK_EQ(evtchn_send(d, p[1]), 0);
	CHECK_EQ(world_wakes[0][0], 2);
	CHECK_EQ(evtchn_poll_begin(v, NULL, 0), 0);
	evtchn_poll_end(v);
	evtchn_poll_end(v);
	CHECK_EQ(d->evtchns.nr_polling, 0);
	world_end();
}

/*
 * The guest writes garbage into all it shares: it loses events, nobody else does, and nothing else
 * breaks.
 */
/*
 * Events of two ports, one of them masked for a while, over words that somebody else changes just
 * as the hypervisor does: true if that was asked for and happened.
 */
static bool unstable(bool fifo, unsigned nth)
{
	u32 p[2], q[2], own;
	bool happened;

	memset(seen, 0, sizeof(seen));
	world_make(2);
	if (fifo)
		go_fifo(1);
	for (unsigned i = 0; i < 2; i++) {
		CHECK_EQ(evtchn_alloc_unbound(world_domain[1], 0, &p[i]), 0);
		CHECK_EQ(evtchn_bind_interdomain(world_domain[0], world_domain[1], p[i], &q[i]), 0);
	}
	CHECK_EQ(evtchn_bind_ipi(world_domain[1], 0, &own), 0);
	world_logs = 0;
	lose = nth;
	CHECK_EQ(evtchn_send(world_domain[0], q[0]), 0);
	mask(1, p[1], true);
	CHECK_EQ(evtchn_send(world_domain[0], q[1]), 0);
	mask(1, p[1], false);
	CHECK_EQ(evtchn_send(world_domain[0], q[0]), 0);
	happened = !lose;
	lose = 0;
	upcall(1, 0, found_count);
	/* Lost only with a word in the log, or by a mask that stays: the guest's own doing. */
	if (!world_logs && !world_domain[1]->evtchns.ops->is_masked(world_domain[1], p[1]))
		CHECK(seen[p[0]] == 1 && seen[p[1]] == 1);
	CHECK(in_a_row > 1 || (!world_logs && seen[p[0]] + seen[p[1]] == 2));
	world_logs = 0;
	still_to_lose = in_a_row;
	CHECK_EQ(evtchn_close(world_domain[1], own), 0);
	CHECK_EQ(world_logs, in_a_row > 1);
	still_to_lose = 0;
	uses_fifo[1] = false;
	world_end();
	return happened;
}

static void test_unstable(void)
{
	for (in_a_row = 1; in_a_row <= GUEST_TRIES; in_a_row += GUEST_TRIES - 1)
		for (unsigned fifo = 0; fifo < 2; fifo++)
			for (unsigned n = 1; unstable(fifo, n); n++)
				CHECK(n < 100);
}

static void test_hostile(void)
{
	u32 p[8], q[8];

	memset(seen, 0, sizeof(seen));
	world_make(2);
	go_fifo(1);
	for (unsigned i = 0; i < 8; i++) {
		CHECK_EQ(evtchn_alloc_unbound(world_domain[1], 0, &p[i]), 0);
		CHECK_EQ(evtchn_bind_interdomain(world_domain[0], world_domain[1], p[i], &q[i]), 0);
	}
	for (unsigned n = 0; n < 20000; n++) {
		*word(1, host_random() % 16) = host_random();
		((u32 *)world_va(1, CB_GFN))[host_random() % 24] = host_random();
		CHECK_EQ(evtchn_send(world_domain[0], q[host_random() % 8]), 0);
		CHECK_EQ(evtchn_unmask(world_domain[1], host_random() % 16), 0);
		if (n % 100 == 0)
			(void)!evtchn_fifo_set_priority(world_domain[1], host_random() % 16,
							host_random() % 16);
	}
	CHECK_EQ(evtchn_send(world_domain[1], p[0]), 0);
	upcall(0, 0, found_count);
	CHECK_EQ(seen[q[0]], 1);
	uses_fifo[1] = false;
	world_end();
}

/* --- several CPUs --- */

#define SENDS 20000
static u32 sent[PORTS], got[PORTS], link_port[WORLD_DOMAINS][4], stop;

static void found_data(unsigned i, unsigned vcpu, u32 port)
{
	(void)i, (void)vcpu;
	__atomic_store_n(&got[port], __atomic_load_n(&sent[port], __ATOMIC_SEQ_CST),
			 __ATOMIC_SEQ_CST);
}

/*
 * Threads 1 and 2: DomUs that write a number and send; thread 0: Dom0's vCPUs, which take events,
 * mask, unmask, and move ports.
 */
static void storm(unsigned t)
{
	world_thread(t);
	if (t) {
		for (u32 n = 1; n <= SENDS; n++) {
			unsigned k = n % 4;
			u32 there = world_domain[t]->evtchns.bucket[0][link_port[t][k]].arg;

			__atomic_store_n(&sent[there], n, __ATOMIC_SEQ_CST);
			CHECK_EQ(evtchn_send(world_domain[t], link_port[t][k]), 0);
		}
		__atomic_add_fetch(&stop, 1, __ATOMIC_SEQ_CST);
		return;
	}
	while (__atomic_load_n(&stop, __ATOMIC_SEQ_CST) < 2) {
		u32 port = 1 + host_random() % 8;

		upcall(0, host_random() % WORLD_VCPUS, found_data);
		if (host_random() % 8 == 0)
			evtchn_bind_vcpu(world_domain[0], port, host_random() % WORLD_VCPUS);
		if (host_random() % 8 == 0) {
			mask(0, port, true);
			mask(0, port, false);
		}
	}
}

static void run_storm(bool fifo)
{
	u32 p, q;

	memset(sent, 0, sizeof(sent));
	memset(got, 0, sizeof(got));
	stop = 0;
	world_make(3);
	register_info(0);
	if (fifo)
		go_fifo(0);
	for (unsigned i = 1; i < 3; i++)
		for (unsigned k = 0; k < 4; k++) {
			CHECK_EQ(evtchn_alloc_unbound(world_domain[i], 0, &p), 0);
			CHECK_EQ(evtchn_bind_interdomain(world_domain[0], world_domain[i], p, &q),
				 0);
			link_port[i][k] = p;
		}
	host_run(3, storm);
	world_thread(0);
	while (upcall(0, 0, found_data) | upcall(0, 1, found_data))
		;
	for (u32 port = 1; port <= 8; port++)
		CHECK_EQ(got[port], sent[port]);
	uses_fifo[0] = false;
	world_end();
}

static void test_storm_2l(void)
{
	run_storm(false);
}
static void test_storm_fifo(void)
{
	run_storm(true);
}

/* Three domains bind, send to and close each other's ports at once; each dies in the end. */
static void tangle(unsigned t)
{
	world_thread(t);
	for (unsigned n = 0; n < 10000; n++) {
		struct domain *other = world_domain[host_random() % 3];
		u32 p;

		switch (host_random() % 4) {
		case 0: (void)!evtchn_alloc_unbound(world_domain[t], other->id, &p); break;
		case 1:
			(void)!evtchn_bind_interdomain(world_domain[t], other, host_random() % 16,
						       &p);
			break;
		case 2: evtchn_close(world_domain[t], host_random() % 16); break;
		default: evtchn_send(world_domain[t], host_random() % 16);
		}
	}
}

static void test_tangle(void)
{
	opts.silo = false;
	world_make(3);
	host_run(3, tangle);
	world_thread(0);
	for (unsigned i = 0; i < 3; i++) {
		struct evtchns *e = &world_domain[i]->evtchns;
		u32 open = 0;

		for (u32 p = 0; p < e->nr_ports; p++) {
			struct evtchn *ch = evtchn_at(e, p);

			open += ch->state != EVTCHNSTAT_closed;
			if (ch->state == EVTCHNSTAT_interdomain)
				CHECK(evtchn_at(&ch->peer->evtchns, ch->arg)->peer ==
				      world_domain[i]);
		}
		CHECK_EQ(open, e->nr_open);
	}
	world_end();
	opts.silo = true;
}

static u32 ends[2][64];
static unsigned arrived;

/* Both threads go on together, for the i-th time of a round. */
static void meet(unsigned i)
{
	__atomic_fetch_add(&arrived, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&arrived, __ATOMIC_RELAXED) < 2 * (i + 1))
		cpu_relax();
}

/* Both ends are closed at once: whoever comes second finds an unbound port, which closes too. */
static void close_ends(unsigned t)
{
	world_thread(t);
	for (unsigned i = 0; i < ARRAY_SIZE(ends[t]); i++) {
		meet(i);
		CHECK_EQ(evtchn_close(world_domain[t], ends[t][i]), 0);
	}
}

static void test_close_both(void)
{
	opts.silo = false;
	world_make(2);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < ARRAY_SIZE(ends[0]); i++) {
			CHECK_EQ(evtchn_alloc_unbound(world_domain[1], world_domain[0]->id,
						      &ends[1][i]),
				 0);
			CHECK_EQ(evtchn_bind_interdomain(world_domain[0], world_domain[1],
							 ends[1][i], &ends[0][i]),
				 0);
		}
		arrived = 0;
		host_run(2, close_ends);
		world_thread(0);
	}
	world_end();
	opts.silo = true;
}

/* The peer binds to the end that is being closed, and lets go, as fast as it can. */
static void close_or_rebind(unsigned t)
{
	u32 mine;
	int rc;

	world_thread(t);
	for (unsigned i = 0; i < ARRAY_SIZE(ends[0]); i++) {
		meet(i);
		while (t == 1 && !evtchn_bind_interdomain(world_domain[1], world_domain[0],
							  ends[0][i], &mine))
			CHECK_EQ(evtchn_close(world_domain[1], mine), 0);
		if (t == 1)
			continue;
		do {
			rc = evtchn_close(world_domain[0], ends[0][i]);
			CHECK_EQ(rc, 0);
		} while (rc == -EAGAIN);
	}
}

static void test_close_rebound(void)
{
	opts.silo = false;
	world_make(2);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < ARRAY_SIZE(ends[0]); i++)
			CHECK_EQ(evtchn_alloc_unbound(world_domain[0], world_domain[1]->id,
						      &ends[0][i]),
				 0);
		arrived = 0;
		host_run(2, close_or_rebind);
		world_thread(0);
	}
	world_end();
	opts.silo = true;
}

int main(void)
{
	static const struct test tests[] = {
		{ "errors of each operation", test_errors },
		{ "errors of the FIFO operations", test_fifo_errors },
		{ "port limits", test_limits },
		{ "random operations against a model, 2-level", test_model_2l },
		{ "random operations against a model, FIFO", test_model_fifo },
		{ "vcpu_info moves", test_info },
		{ "events before the array", test_early },
		{ "many events before the array", test_many_early },
		{ "polling", test_poll },
		{ "words that change under one's hands", test_unstable },
		{ "a guest that writes garbage", test_hostile },
		{ "senders on two CPUs, 2-level", test_storm_2l },
		{ "senders on two CPUs, FIFO", test_storm_fifo },
		{ "binding and closing on three CPUs", test_tangle },
		{ "both ends are closed at once", test_close_both },
		{ "an end is closed that the peer binds again and again", test_close_rebound },
	};

	return run_tests("evtchn", tests, ARRAY_SIZE(tests));
}
