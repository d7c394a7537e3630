// SPDX-License-Identifier: GPL-2.0-only
/*
 * vcpu_op, sched_op, vm_assist, set_timer and HVM parameters: right and wrong
 * arguments, runstate areas, block and poll with a wake-up, and what a DomU may
 * do to Dom0 by them.
 */
#include "domu.h"

static struct vcpu_runstate_info runstate;
static volatile u32 fired;

static void on_timer(u32 iar)
{
	(void)iar;
	timer_stop();
	fired = 1;
}

static void vcpu_ops(void)
{
	static u8 zero[256] __page_aligned;

	for (int cmd = 0; cmd < 20; cmd++) {
		if (cmd != VCPUOP_down)
			report_value((u64)vcpu_op(cmd, 0, NULL), "vcpu_op %d null", cmd);
		report_value((u64)vcpu_op(cmd, 500, zero), "vcpu_op %d no vCPU", cmd);
		report_value((u64)vcpu_op(cmd, ~0u, zero), "vcpu_op %d vCPU -1", cmd);
	}
}

static void vcpu_info_args(void)
{
	static const u64 offsets[] = { 1, 8, 63, 4032, 4040, 4096, ~0u };

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		struct vcpu_register_vcpu_info r = {
			.mfn = virt_to_gfn(&runstate),
			.offset = (u32)offsets[i],
		};
		report_value((u64)vcpu_op(VCPUOP_register_vcpu_info, 0, &r),
			     "register_vcpu_info again at %lx", offsets[i]);
	}
}

/*
 * Time in WFI shows as blocked, no more than has passed. What a busy host does to a short sleep
 * (the timer may fire before the WFI) is nothing beside a longer one, so it is made longer until
 * more than half of it shows: a ratio, which no delay of the host's reaches for ever.
 */
static bool sleep_is_blocked(void)
{
	u64 hz = read_sysreg(cntfrq_el0);

	for (u64 length = hz / 50; length < 8 * hz; length *= 2) {
		u64 start = ticks(), before = READ_ONCE(runstate.time[RUNSTATE_blocked]), blocked,
		    passed;

		fired = 0;
		timer_set(ticks() + length);
		while (!fired)
			wfi();
		blocked = READ_ONCE(runstate.time[RUNSTATE_blocked]) - before;
		passed = (ticks() - start) * 1000 / (hz / 1000000);
		if (blocked > passed)
			return false;
		if (blocked > passed / 2)
			return true;
	}
	return false;
}

static void runstates(void)
{
	struct vcpu_register_runstate_memory_area a = { .addr.v = &runstate };
	struct vcpu_runstate_info got = { 0 };

	report(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &a) == 0, "register_runstate");
	report(runstate.state == RUNSTATE_running, "it says running");
	report_value((u64)vcpu_op(VCPUOP_get_runstate_info, 0, &got), "get_runstate_info");
	irq_handler[TIMER_IRQ] = on_timer;
	gic_enable(TIMER_IRQ);
	report(sleep_is_blocked(), "time in WFI shows as blocked");
	report(READ_ONCE(runstate.time[RUNSTATE_running]) > 0, "time running is counted");
	report_value((u64)HYPERCALL(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
				    VMASST_TYPE_runstate_update_flag, 0, 0, 0),
		     "vm_assist runstate flag");
	for (u64 type = 0; type < 8; type++)
		report_value(
			(u64)HYPERCALL(__HYPERVISOR_vm_assist, VMASST_CMD_disable, type, 0, 0, 0),
			"vm_assist disable %lu", type);
	report_value((u64)HYPERCALL(__HYPERVISOR_vm_assist, 9, 0, 0, 0, 0), "vm_assist 9");
	a.addr.v = NULL;
	report_value((u64)vcpu_op(VCPUOP_register_runstate_memory_area, 0, &a), "runstate at null");
	a.addr.v = (void *)0x700000000000;
	report_value((u64)vcpu_op(VCPUOP_register_runstate_memory_area, 0, &a), "runstate nowhere");
}

static void sleeping(void)
{
	static evtchn_port_t ports[4];
	struct sched_poll p = { .nr_ports = 1 };
	struct evtchn_bind_ipi b = { .vcpu = 0 };

	evtchn_op(EVTCHNOP_bind_ipi, &b);
	ports[0] = b.port;
	set_xen_guest_handle(p.ports, ports);
	evtchn_send(b.port);
	report(sched_op(SCHEDOP_poll, &p) == 0, "poll on a pending port returns");
	evtchn_pending(b.port);
	p.timeout = 1;
	report(sched_op(SCHEDOP_poll, &p) == 0, "poll with a timeout in the past returns");
	p.nr_ports = 129;
	report_value((u64)sched_op(SCHEDOP_poll, &p), "poll on too many ports");
	p.nr_ports = 1;
	ports[0] = 100000;
	report_value((u64)sched_op(SCHEDOP_poll, &p), "poll on a bad port");
	evtchn_close(b.port);
	fired = 0;
	timer_set(ticks() + read_sysreg(cntfrq_el0) / 10);
	report(sched_op(SCHEDOP_block, NULL) == 0, "block returns");
	delay_us(100);
	report(fired, "woken by the timer");
}

static void hvm_params(u16 self)
{
	u64 v;

	for (u32 i = 0; i < 50; i++) {
		s64 rc = hvm_get(self, i, &v);

		report_value((u64)rc, "get_param %u", i);
		/* pages and ports differ by platform: only whether they are set */
		if (!rc)
			report_value(v != 0, "param %u is set", i);
	}
	report_value((u64)hvm_get(99, 0, &v), "get_param of no domain");
	report_value((u64)hvm_get(self, ~0u, &v), "get_param -1");
	report_value((u64)hvm_set(self, 1000, 0), "set_param 1000");
	report_value((u64)hvm_set(99, HVM_PARAM_CALLBACK_IRQ, 0), "set_param of no domain");
}

static void against_dom0(void)
{
	struct sched_remote_shutdown rs = { .domain_id = 0 };
	struct xen_domctl op = { 0 };
	struct xen_sysctl sys = { 0 };
	u64 v;

	report_value((u64)sched_op(SCHEDOP_remote_shutdown, &rs), "remote_shutdown of Dom0");
	report_value((u64)domctl(XEN_DOMCTL_pausedomain, 0, &op), "pausedomain Dom0");
	report_value((u64)domctl(XEN_DOMCTL_destroydomain, 0, &op), "destroydomain Dom0");
	report_value((u64)domctl(XEN_DOMCTL_getdomaininfo, 0, &op), "getdomaininfo Dom0");
	report_value((u64)sysctl(XEN_SYSCTL_physinfo, &sys), "physinfo");
	report_value((u64)hvm_get(0, HVM_PARAM_CALLBACK_IRQ, &v), "get_param of Dom0");
	report_value((u64)hvm_set(DOMID_SELF, HVM_PARAM_CONSOLE_PFN, 1),
		     "set one's own CONSOLE_PFN");
}

void domu_main(void)
{
	report_prefix("vcpu: domU");
	irq_enable();
	vcpu_ops();
	runstates();
	hvm_params(DOMID_SELF);
	against_dom0();
	report_summary();
}

void guest_main(void)
{
	struct domu d;

	report_prefix("vcpu");
	irq_enable();
	vcpu_ops();
	vcpu_info_args();
	runstates();
	sleeping();
	hvm_params(DOMID_SELF);
	if (report(domu_create(&d, 2, 0), "DomU built")) {
		domu_unpause(&d);
		report(domu_wait(&d, 20), "DomU has shut down");
		domu_destroy(&d);
	}
	report_summary();
}
