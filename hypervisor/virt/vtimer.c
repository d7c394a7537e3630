// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's timers. The virtual one is CNTV of the CPU on which it is loaded: its interrupt stays
 * active on the machine until the guest's EOI, so a line that stays high does not come again. Not
 * loaded and blocked, a software timer stands in for it. The physical one is emulated: CNTP_* trap,
 * CNTPCT does not. No lock: only the vCPU itself, or the one that switches it, gets here; the
 * timers' functions end in the vGIC's.
 */
#include <arm/gic.h>
#include <arm/sysreg.h>
#include <core/console.h>
#include <core/irq.h>
#include <domain/domain.h>
#include <virt/vtimer.h>

#define CTL_ENABLE 1U
#define CTL_IMASK 2U
#define CTL_ISTATUS 4U
#define CNTHCTL_EL1PCTEN BIT(0) /* EL1 reads CNTPCT; CNTP_* (bit 1 clear) trap */

unsigned vtimer_ppi;

/* The virtual timer fired. Its vCPU may have gone meanwhile: the line with it. */
static void virt_fired(unsigned irq)
{
	struct vcpu *v = this_cpu()->loaded;

	if (likely(v && (read_sysreg(cntv_ctl_el0) & (CTL_ENABLE | CTL_IMASK | CTL_ISTATUS)) ==
				(CTL_ENABLE | CTL_ISTATUS)))
		vgic_inject_hw(v, PPI_VIRT_TIMER, irq);
	else
		gic_set_active(irq, false);
}

/*
 * The same on GICv2: the timer is masked in its own register until the guest sets it anew, as on
 * Xen. A list register linked to the physical interrupt would not do on QEMU, which does not look
 * again at a line that is high when the guest's EOI deactivates its interrupt: the guest's clock
 * would stand still.
 */
static void virt_fired_masked(unsigned irq)
{
	struct vcpu *v = this_cpu()->loaded;
	u64 ctl = read_sysreg(cntv_ctl_el0);

	(void)irq;
	if ((ctl & (CTL_ENABLE | CTL_IMASK | CTL_ISTATUS)) != (CTL_ENABLE | CTL_ISTATUS))
		return;
	write_sysreg(ctl | CTL_IMASK, cntv_ctl_el0);
	isb();
	if (likely(v))
		vgic_inject(v, PPI_VIRT_TIMER);
}

/*
 * Time is up for a vCPU that is nowhere loaded: as if its line had been acknowledged where it will
 * be loaded next.
 */
static void virt_wake(struct timer *t)
{
	struct vcpu *v = container_of(t, struct vcpu, vtimer.virt_wake);

	if (gic_info.version == 3) {
		vgic_inject_hw(v, PPI_VIRT_TIMER, vtimer_ppi);
		return;
	}
	v->vtimer.cntv_ctl |= CTL_IMASK;
	vgic_inject(v, PPI_VIRT_TIMER);
}

static bool phys_due(const struct vtimer *t)
{
	return (READ_ONCE(t->cntp_ctl) & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE &&
	       ticks_now() >= READ_ONCE(t->cntp_cval);
}

/*
 * On the CPU that armed it; the vCPU may be elsewhere and change the registers meanwhile: then what
 * it made of the line came before this (and is seen now, by the vGIC's lock) or comes after it.
 */
static void phys_fired(struct timer *t)
{
	struct vcpu *v = container_of(t, struct vcpu, vtimer.phys);
	bool due;

	do {
		due = phys_due(&v->vtimer);
		vgic_set_level(v, PPI_PHYS_TIMER, due);
	} while (due != phys_due(&v->vtimer));
}

void vtimer_init_cpu(void)
{
	write_sysreg(CNTHCTL_EL1PCTEN, cnthctl_el2);
	write_sysreg(0, cntv_ctl_el0);
	this_cpu()->vtimer_active = false;
	gic_enable(vtimer_ppi);
}

__init void vtimer_init(unsigned ppi)
{
	vtimer_ppi = ppi;
	if (gic_info.version == 3 ? irq_request_linked(ppi, virt_fired)
				  : irq_request(ppi, virt_fired_masked))
		panic("virtual timer: interrupt %u is no PPI or taken", ppi);
	vtimer_init_cpu();
}

void vtimer_init_vcpu(struct vcpu *v)
{
	timer_setup(&v->vtimer.virt_wake, virt_wake);
	timer_setup(&v->vtimer.phys, phys_fired);
}

void vtimer_destroy_vcpu(struct vcpu *v)
{
	timer_retire(&v->vtimer.virt_wake);
	timer_retire(&v->vtimer.phys);
}

/* What stands in for the virtual timer has fired, and is through with it, or never will. */
static void stand_down(struct vtimer *t)
{
	const struct cpu *c = t->stand_in;

	t->stand_in = NULL;
	timer_cancel(&t->virt_wake);
	while (c != this_cpu() &&
	       __atomic_load_n(&c->timers.running, __ATOMIC_ACQUIRE) == &t->virt_wake)
		cpu_relax();
}

void vtimer_reset(struct vcpu *v)
{
	if (v->vtimer.stand_in)
		stand_down(&v->vtimer);
	timer_cancel(&v->vtimer.phys);
	v->vtimer.cntv_ctl = v->vtimer.cntv_cval = 0;
	v->vtimer.cntp_ctl = 0;
	v->vtimer.cntp_cval = 0;
	vgic_set_level(v, PPI_PHYS_TIMER, false);
}

void vtimer_load(struct vcpu *v)
{
	if (unlikely(v->vtimer.stand_in))
		stand_down(&v->vtimer);
	write_sysreg(v->vtimer.cntv_cval, cntv_cval_el0);
	write_sysreg(v->vtimer.cntv_ctl, cntv_ctl_el0);
}

/* What the virtual counter never reaches the physical one does not either. */
static u64 physical_time(const struct domain *d, u64 virtual)
{
	u64 t;

	return __builtin_add_overflow(virtual, d->cntvoff, &t) ? ~0UL : t;
}

void vtimer_unload(struct vcpu *v)
{
	struct vtimer *t = &v->vtimer;

	t->cntv_ctl = read_sysreg(cntv_ctl_el0) & (CTL_ENABLE | CTL_IMASK);
	t->cntv_cval = read_sysreg(cntv_cval_el0);
	write_sysreg(0, cntv_ctl_el0);
	if (READ_ONCE(v->blocked) && t->cntv_ctl == CTL_ENABLE &&
	    !(v->vgic.bank.hw >> PPI_VIRT_TIMER & 1)) {
		t->stand_in = this_cpu();
		timer_set(&t->virt_wake, physical_time(v->domain, t->cntv_cval));
	}
}

/* After a change of CTL or CVAL. */
static void phys_update(struct vcpu *v)
{
	struct vtimer *t = &v->vtimer;
	bool due = phys_due(t);

	if (t->cntp_ctl == CTL_ENABLE && !due)
		timer_set(&t->phys, t->cntp_cval);
	else
		timer_cancel(&t->phys);
	vgic_set_level(v, PPI_PHYS_TIMER, due);
}

u64 vtimer_read_phys(struct vcpu *v, unsigned reg)
{
	const struct vtimer *t = &v->vtimer;

	switch (reg) {
	case CNTP_TVAL: return (u32)(t->cntp_cval - ticks_now());
	case CNTP_CTL:
		return t->cntp_ctl |
		       ((t->cntp_ctl & CTL_ENABLE) && ticks_now() >= t->cntp_cval ? CTL_ISTATUS
										  : 0);
	default: return t->cntp_cval;
	}
}

void vtimer_write_phys(struct vcpu *v, unsigned reg, u64 val)
{
	switch (reg) {
	case CNTP_TVAL: WRITE_ONCE(v->vtimer.cntp_cval, ticks_now() + (u64)(s64)(s32)val); break;
	case CNTP_CTL: WRITE_ONCE(v->vtimer.cntp_ctl, (u32)val & (CTL_ENABLE | CTL_IMASK)); break;
	default: WRITE_ONCE(v->vtimer.cntp_cval, val);
	}
	phys_update(v);
}
