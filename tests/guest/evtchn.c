// SPDX-License-Identifier: GPL-2.0-only
#include "domu.h"
static volatile u32 got;
static void on_port(u32 p) { (void)p; got++; }
void guest_main(void)
{
	struct evtchn_bind_ipi b = { .vcpu = 0 };
	irq_enable();
	report(evtchn_op(EVTCHNOP_bind_ipi, &b) == 0, "bind_ipi");
	evtchn_handler[b.port] = on_port;
	evtchn_unmask(b.port);
	report(evtchn_send(b.port) == 0, "send");
	printf("port %d pending %lx mask %lx irq %d got %d\n", b.port, shared_info->evtchn_pending[0], shared_info->evtchn_mask[0], machine.evtchn_irq, got);
	report(wait_for(&got, 1), "got");
	report_summary();
}
