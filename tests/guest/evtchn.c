// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event channels: every operation with right and wrong arguments, the life of a
 * port, delivery (each event once, masks, unmask of a pending one), VIRQs,
 * exhaustion, and traffic with a DomU whose end closes under load.
 */
#include "domu.h"

static volatile u32 got[64], ready, rounds;
static volatile u32 domu_port;

static void on_port(u32 port)
{
	got[port]++;
}

static u32 bind_ipi(u32 vcpu)
{
	struct evtchn_bind_ipi b = { .vcpu = vcpu };

	return evtchn_op(EVTCHNOP_bind_ipi, &b) ? 0 : b.port;
}

static s64 status(u32 port, struct evtchn_status *s)
{
	*s = (struct evtchn_status){ .dom = DOMID_SELF, .port = port };
	return evtchn_op(EVTCHNOP_status, s);
}

static void delivery(void)
{
	u32 p = bind_ipi(0);

	if (!report(p && p < 64, "bind_ipi gives a port"))
		return;
	evtchn_handler[p] = on_port;
	report(evtchn_send(p) == 0, "send while masked");
	delay_us(200);
	report(got[p] == 0, "a masked port is not delivered");
	report(shared_info->evtchn_pending[0] & 1ul << p, "its pending bit is set");
	evtchn_unmask(p);
	report(wait_for(&got[p], 1), "unmask delivers it");
	for (u32 i = 2; i <= 100; i++) {
		evtchn_send(p);
		if (!wait_for(&got[p], i))
			break;
	}
	report(got[p] == 100, "each of 99 sends is delivered");
	irq_disable();
	evtchn_send(p);
	evtchn_send(p);
	irq_enable();
	delay_us(200);
	report(got[p] == 101, "two sends while interrupts are masked are one event");
	report(evtchn_close(p) == 0, "close");
	report_value((u64)evtchn_send(p), "send to a closed port");
	report_value((u64)evtchn_close(p), "close twice");
	report(bind_ipi(0) == p, "the lowest free port is used again");
	evtchn_close(p);
}

static void wrong(void)
{
	static const u32 ports[] = { 0, 60, 1023, 1024, 4095, 4096, 131071, 131072, ~0u };
	struct evtchn_status s;
	struct evtchn_bind_vcpu bv;
	struct evtchn_unmask u;

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		bv = (struct evtchn_bind_vcpu){ .port = ports[i], .vcpu = 0 };
		u = (struct evtchn_unmask){ .port = ports[i] };
		report_value((u64)evtchn_send(ports[i]), "send to port %x", ports[i]);
		report_value((u64)evtchn_close(ports[i]), "close port %x", ports[i]);
		report_value((u64)status(ports[i], &s), "status of port %x", ports[i]);
		report_value((u64)evtchn_op(EVTCHNOP_bind_vcpu, &bv), "bind_vcpu of port %x",
			     ports[i]);
		report_value((u64)evtchn_op(EVTCHNOP_unmask, &u), "unmask port %x", ports[i]);
	}
	for (u32 vcpu = 0; vcpu < 300; vcpu += 100) {
		struct evtchn_bind_ipi b = { .vcpu = vcpu };
		s64 rc = evtchn_op(EVTCHNOP_bind_ipi, &b);

		report_value((u64)rc, "bind_ipi to vCPU %u", vcpu);
		if (!rc)
			evtchn_close(b.port);
	}
}

static void virqs(void)
{
	for (u32 virq = 0; virq < 30; virq++) {
		struct evtchn_bind_virq b = { .virq = virq, .vcpu = 0 }, again = b;
		s64 rc = evtchn_op(EVTCHNOP_bind_virq, &b);

		report_value((u64)rc, "bind_virq %u", virq);
		if (rc)
			continue;
		report_value((u64)evtchn_op(EVTCHNOP_bind_virq, &again), "bind_virq %u twice",
			     virq);
		evtchn_close(b.port);
	}
}

static void unbound_and_loop(void)
{
	struct evtchn_status s;
	u32 a = evtchn_alloc(DOMID_SELF), b = a ? evtchn_bind(DOMID_SELF, a) : 0;

	report(a && b && a != b, "a loop to oneself");
	report(!status(a, &s) && s.status == EVTCHNSTAT_interdomain && s.u.interdomain.port == b,
	       "status names the other end");
	evtchn_handler[b] = on_port;
	evtchn_unmask(b);
	delay_us(200); /* bind itself makes the port pending once */
	report_value(got[b] != 0, "bind_interdomain raises the new port");
	got[b] = 0;
	report(evtchn_send(a) == 0 && wait_for(&got[b], 1), "send arrives at the other end");
	report(evtchn_close(b) == 0, "close one end");
	report(!status(a, &s) && s.status == EVTCHNSTAT_unbound, "the other becomes unbound");
	report_value((u64)evtchn_send(a), "send to an unbound port");
	evtchn_close(a);
	report_value(evtchn_bind(DOMID_SELF, a) != 0, "bind to a closed port");
	report_value(evtchn_bind(77, 1) != 0, "bind to a domain that does not exist");
	report_value(evtchn_alloc(DOMID_INVALID) != 0, "alloc for an invalid domain");
}

static void vcpus(void)
{
	struct evtchn_bind_vcpu b = { 0 };
	u32 a = evtchn_alloc(DOMID_SELF);

	for (u32 vcpu = 0; vcpu < 10; vcpu += machine.ncpus == 1 ? 1 : 4) {
		b = (struct evtchn_bind_vcpu){ .port = a, .vcpu = vcpu };
		report_value((u64)evtchn_op(EVTCHNOP_bind_vcpu, &b), "bind_vcpu to %u", vcpu);
	}
	evtchn_close(a);
}

static void exhaustion(void)
{
	u32 n = 0, last = 0, p, seen_gap = 0;

	while (n < 200000) {
		p = evtchn_alloc(DOMID_SELF);
		if (!p)
			break;
		seen_gap |= last && p != last + 1;
		last = p;
		n++;
	}
	report_value(n, "ports until none is left");
	report_value(last, "the last port");
	report(!seen_gap, "ports are given in order");
	for (p = last; p > last - n; p--)
		evtchn_close(p);
	report(evtchn_alloc(DOMID_SELF) == last - n + 1, "all came back");
	evtchn_close(last - n + 1);
}

static void fifo(void)
{
	struct evtchn_set_priority pri = { .port = 0, .priority = 3 };
	struct evtchn_expand_array ex = { .array_gfn = 1 };
	struct evtchn_init_control ic = { .control_gfn = ~0ul, .vcpu = 0 };
	struct evtchn_reset r = { .dom = 99 };

	report_value((u64)evtchn_op(EVTCHNOP_set_priority, &pri), "set_priority of port 0");
	report_value((u64)evtchn_op(EVTCHNOP_expand_array, &ex),
		     "expand_array before init_control");
	report_value((u64)evtchn_op(EVTCHNOP_init_control, &ic), "init_control with a bad frame");
	ic = (struct evtchn_init_control){ .control_gfn = 0, .offset = 4, .vcpu = 0 };
	report_value((u64)evtchn_op(EVTCHNOP_init_control, &ic), "init_control with a bad offset");
	ic = (struct evtchn_init_control){ .control_gfn = 0, .vcpu = 1000 };
	report_value((u64)evtchn_op(EVTCHNOP_init_control, &ic), "init_control for no vCPU");
	report_value((u64)evtchn_op(EVTCHNOP_reset, &r), "reset of a missing domain");
}

static void with_domu(void)
{
	struct domu d;
	u32 port;

	if (!report(domu_create(&d, 1, 0), "DomU built"))
		return;
	domu_unpause(&d);
	report(wait_for(domu_ptr(&d, &ready), 1), "DomU ready");
	port = evtchn_bind(d.domid, *domu_ptr(&d, &domu_port));
	report(port != 0, "bound to the DomU");
	report_value(evtchn_bind(d.domid, *domu_ptr(&d, &domu_port)) != 0, "a port binds once");
	evtchn_handler[port] = on_port;
	evtchn_unmask(port);
	delay_us(200);
	got[port] = 0;
	for (u32 i = 1; i <= 200; i++) {
		evtchn_send(port);
		if (!wait_for(&got[port], i))
			break;
	}
	report(got[port] == 200, "200 events there and back");
	report(*domu_ptr(&d, &rounds) == 200, "the DomU saw each once");
	domu_pause(&d);
	for (int i = 0; i < 100; i++)
		evtchn_send(port);
	domu_unpause(&d);
	report(wait_for(&got[port], 201), "100 sends to a paused domain are one event");
	domu_destroy(&d);
	report_value((u64)evtchn_send(port), "send after the domain's death");
	report(evtchn_close(port) == 0, "close after the domain's death");
}

static void echo(u32 port)
{
	rounds++;
	evtchn_send(port);
}

void domu_main(void)
{
	struct evtchn_alloc_unbound a = { .dom = 0, .remote_dom = DOMID_SELF };

	irq_enable();
	report_prefix("evtchn: domU");
	report_value((u64)evtchn_op(EVTCHNOP_alloc_unbound, &a), "alloc in another domain");
	domu_port = evtchn_alloc(0);
	evtchn_handler[domu_port] = echo;
	evtchn_unmask(domu_port);
	ready = 1;
	for (;;)
		wfi();
}

void guest_main(void)
{
	report_prefix("evtchn");
	irq_enable();
	delivery();
	wrong();
	virqs();
	unbound_and_loop();
	vcpus();
	exhaustion();
	fifo();
	with_domu();
	report_summary();
}
