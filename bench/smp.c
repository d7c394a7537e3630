// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows that need a second CPU of the same machine: IPIs, events to another
 * vCPU, CPU_ON and CPU_OFF. CPU 1 obeys `mode`; CPU 0 measures.
 */
#include "bench.h"

enum mode { SPIN, SLEEP, STOP };
static volatile u32 mode, sent, got, back, on;
static u32 port_self, port_other;

#define MODE_SGI 1 /* changes CPU 1's mode, unmeasured */

static void on_mode(u32 iar)
{
	(void)iar;
}

static void worker(int cpu)
{
	(void)cpu;
	if (machine.platform != BARE)
		xen_cpu_init();
	irq_enable();
	while (mode != STOP) {
		if (mode == SLEEP)
			wfi();
		else
			relax();
	}
	BEGIN(CPU_OFF);
}

static void set_mode(u32 m)
{
	mode = m;
	dsb();
	gic_sgi(1, MODE_SGI);
	settle();
}

/* A sample ends in CPU 1's handler, once CPU 0 is back from its part of the work as well. */
#define SEND(id, stmt) \
	got = sent = 0; \
	BEGIN(id); \
	stmt; \
	sent = 1; \
	while (!got) \
		relax(); \
	settle()

#define RECEIVED(id) \
	while (!sent) \
		relax(); \
	END(id); \
	got = 1

static void on_ipi_running(u32 iar)
{
	RECEIVED(IPI_RUNNING);
	(void)iar;
}
static void on_ipi_idle(u32 iar)
{
	RECEIVED(IPI_IDLE);
	(void)iar;
}

static void on_echo(u32 iar)
{
	(void)iar;
	if (cpu_id()) {
		gic_sgi(0, 6);
		return;
	}
	END(IPI_ECHO);
	back = 1;
}

static void ipis(void)
{
	irq_handler[4] = on_ipi_running;
	irq_handler[5] = on_ipi_idle;
	irq_handler[6] = on_echo;
	set_mode(SPIN);
	for (int i = 0; i < N_IPI_RUNNING; i++) {
		SEND(IPI_RUNNING, gic_sgi(1, 4));
	}
	set_mode(SLEEP);
	for (int i = 0; i < N_IPI_IDLE; i++) {
		SEND(IPI_IDLE, gic_sgi(1, 5));
	}
	for (int i = 0; i < N_IPI_ECHO; i++) {
		back = 0;
		BEGIN(IPI_ECHO);
		gic_sgi(1, 6);
		while (!back)
			wfi();
		settle();
	}
}

void cpu_started(void)
{
	settle(); /* lets CPU 0's half end, too */
	END(CPU_ON);
	on = 1;
}

static void power(void)
{
	for (int i = 0; i < N_CPU_ON; i++) {
		mode = SPIN;
		on = 0;
		BEGIN(CPU_ON);
		cpu_start(1, worker);
		while (!on) /* and sends nothing before */
			relax();
		set_mode(STOP);
		settle();
		END(CPU_OFF);
		if (!cpu_wait_off(1))
			printf("FAIL: CPU 1 does not go off\n");
	}
	mode = SPIN;
	cpu_start(1, worker);
	settle();
}

void bench_smp(void)
{
	irq_handler[MODE_SGI] = on_mode;
	power();
	ipis();
}

static u32 bind_ipi(u32 vcpu)
{
	struct evtchn_bind_ipi b = { .vcpu = vcpu };

	return evtchn_op(EVTCHNOP_bind_ipi, &b) ? 0 : b.port;
}

static void on_self(u32 port)
{
	END(SEND_SELF);
	(void)port;
	got = 1;
}
static void on_running(u32 port)
{
	RECEIVED(SEND_RUNNING);
	(void)port;
}
static void on_idle(u32 port)
{
	RECEIVED(SEND_IDLE);
	(void)port;
}

static void events_other(void)
{
	port_other = bind_ipi(1);
	evtchn_handler[port_other] = on_running;
	evtchn_unmask(port_other);
	set_mode(SPIN);
	for (int i = 0; i < N_SEND_RUNNING; i++) {
		struct evtchn_send s = { .port = port_other };

		SEND(SEND_RUNNING, evtchn_op(EVTCHNOP_send, &s));
	}
	evtchn_handler[port_other] = on_idle;
	set_mode(SLEEP);
	for (int i = 0; i < N_SEND_IDLE; i++) {
		struct evtchn_send s = { .port = port_other };

		SEND(SEND_IDLE, evtchn_op(EVTCHNOP_send, &s));
	}
}

void bench_events(void)
{
	struct evtchn_send s;

	port_self = bind_ipi(0);
	s.port = port_self;
	for (int i = 0; i < N_SEND_MASKED; i++) {
		evtchn_pending(port_self);
		BEGIN(SEND_MASKED);
		evtchn_op(EVTCHNOP_send, &s);
		END(SEND_MASKED);
	}
	evtchn_pending(port_self);
	evtchn_handler[port_self] = on_self;
	evtchn_unmask(port_self);
	for (int i = 0; i < N_SEND_SELF; i++) {
		got = 0;
		BEGIN(SEND_SELF);
		evtchn_op(EVTCHNOP_send, &s);
		while (!got)
			relax();
	}
	if (machine.ncpus > 1)
		events_other();
}
