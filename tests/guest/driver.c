// SPDX-License-Identifier: GPL-2.0-only
/*
 * A DomU with a device: the machine's clock (PL031), which Dom0 gives up. It serves it, floods
 * itself with its interrupt or never ends one, and dies with the line high. Dom0, on the same CPU,
 * goes on as beside any busy guest, and the next owner gets its interrupts.
 */
#include "domu.h"

#define RTC 0x9010000ul
#define IRQ 34
#define DR (RTC + 0)
#define MR (RTC + 4)
#define IMSC (RTC + 0x10)
#define ICR (RTC + 0x1c)
#define ALARMS 5

enum { SPIN, SERVE, FLOOD, HOLD };

static volatile u32 fired;

static void on_rtc(u32 iar)
{
	(void)iar;
	fired++;
	if (start_info->role == SERVE)
		mmio_write32(ICR, 1);
	while (start_info->role == HOLD)
		relax();
}

/* An alarm for now: the line is high until ICR is written. */
static void alarm(void)
{
	mmio_write32(IMSC, 1);
	mmio_write32(MR, mmio_read32(DR));
}

void domu_main(void)
{
	report_prefix("driver: guest");
	irq_enable();
	irq_handler[IRQ] = on_rtc;
	if (start_info->role != SPIN)
		gic_enable(IRQ);
	if (start_info->role == SERVE) {
		delay_us(1000);
		fired = 0; /* what was still high */
		for (u32 i = 1; i <= ALARMS; i++) {
			alarm();
			report(wait_for(&fired, i), "alarm %u", i);
		}
		delay_us(1000);
		report(fired == ALARMS, "and no more");
		report_summary();
		return;
	}
	if (start_info->role != SPIN)
		alarm();
	for (;;)
		relax();
}

/* --- Dom0 --- */

static s64 bind(u16 domid, u32 cmd)
{
	struct xen_domctl op = { .u.bind_pt_irq = { .machine_irq = IRQ,
						    .irq_type = PT_IRQ_TYPE_SPI,
						    .u.spi.spi = IRQ } };

	return domctl(cmd, domid, &op);
}

static s64 give_registers(u16 domid)
{
	struct xen_domctl op = { .u.iomem_permission = { .first_mfn = RTC / PAGE_SIZE,
							 .nr_mfns = 1,
							 .allow_access = 1 } };
	s64 rc = domctl(XEN_DOMCTL_iomem_permission, domid, &op);

	op = (struct xen_domctl){ .u.memory_mapping = { .first_gfn = RTC / PAGE_SIZE,
							.first_mfn = RTC / PAGE_SIZE,
							.nr_mfns = 1,
							.add_mapping = 1 } };
	return rc ? rc : domctl(XEN_DOMCTL_memory_mapping, domid, &op);
}

static bool begin(struct domu *d, u32 role)
{
	domu_spis = 32;
	if (!report(domu_create(d, 1, role), "role %u: created", role) ||
	    !report(give_registers(d->domid) == 0, "role %u: gets the registers", role) ||
	    !report(bind(d->domid, XEN_DOMCTL_bind_pt_irq) == 0, "role %u: gets the interrupt",
		    role))
		return false;
	domu_pin(d->domid, 0, 0);
	domu_unpause(d);
	return true;
}

/* Loops of this CPU in 100 ms, the most of three times: other work of the host is in it too. */
static u64 work(void)
{
	u64 most = 0;

	for (int i = 0; i < 3; i++) {
		u64 n = 0, end = ticks() + read_sysreg(cntfrq_el0) / 10;

		while (ticks() < end)
			n++;
		most = n > most ? n : most;
	}
	return most;
}

/* What Dom0 can do beside a guest of that kind. It dies in the middle of it. */
static u64 beside(u32 role)
{
	struct domu d;
	u64 n;

	if (!begin(&d, role))
		return 0;
	n = work();
	/* QEMU's GICv2 sees that a line is still high only when something else happens. */
	if (role == FLOOD)
		report(*domu_ptr(&d, &fired) > (machine.gic == 2 ? 3 : 100), "the flood is one");
	if (role == HOLD)
		report(*domu_ptr(&d, &fired) == 1, "one that does not end gets no other");
	report(bind(d.domid, XEN_DOMCTL_bind_pt_irq) == -XEN_EBUSY, "role %u: has it already",
	       role);
	report(domu_destroy(&d) == 0, "role %u: destroyed", role);
	return n;
}

static void serves(const char *when)
{
	struct domu d;

	if (!begin(&d, SERVE))
		return;
	report(domu_wait(&d, 10), "%s: it served its alarms", when);
	report(domu_destroy(&d) == 0, "%s: destroyed", when);
}

static void two_owners(void)
{
	struct domu a, b;

	domu_spis = 32;
	if (!report(domu_create(&a, 1, SPIN) && domu_create(&b, 1, SPIN), "two guests"))
		return;
	report(bind(a.domid, XEN_DOMCTL_bind_pt_irq) == 0, "the first gets it");
	report(bind(b.domid, XEN_DOMCTL_bind_pt_irq) == -XEN_EBUSY, "the second does not");
	report(bind(b.domid, XEN_DOMCTL_unbind_pt_irq) < 0, "nor can it be taken from it");
	domu_destroy(&a);
	report(bind(b.domid, XEN_DOMCTL_bind_pt_irq) == 0, "the first is dead: now it does");
	domu_destroy(&b);
}

/* Loops beside another guest: at least a part of so many. */
static void compare(u64 n, u64 least, const char *what)
{
	report(n > least, "%s", what);
	printf("%s: %lu loops, %lu wanted\n", what, n, least);
}

void guest_main(void)
{
	u64 spin;

	report_prefix("driver");
	if (on_oracle()) { /* tests/system/passthrough.py goes there */
		report_skip("Xen takes no interrupt back from Dom0");
		report_summary();
		return;
	}
	irq_enable();
	report(bind(0, XEN_DOMCTL_unbind_pt_irq) == 0, "Dom0 gives the clock up");
	domu_pin(0, 0, 0);
	two_owners();
	serves("at first");
	spin = beside(SPIN);
	compare(beside(FLOOD), spin / 4, "a flood costs its guest");
	compare(work(), spin / 2, "the dead one's line is high and quiet");
	serves("after a flood");
	compare(beside(HOLD), spin / 4, "so does one that is never ended");
	serves("after one that was never ended");
	report_summary();
}
