// SPDX-License-Identifier: GPL-2.0-only
/*
 * sched_op: a vCPU gives its CPU away, waits, or ends its domain. Watchdogs: two timers a domain
 * sets and has to set again before they run out; the domain's lock guards which are in use.
 */
#include <hypercall/ops.h>
#include <lib/string.h>
#include <xen/sched.h>

#define MAX_POLL 128		/* ports */
#define MAX_WAIT_NS (1UL << 55) /* a year */

static u64 deadline_after(u64 ns)
{
	return ticks_now() + ns_to_ticks(min(ns, MAX_WAIT_NS));
}

s64 hc_sched_yield(struct vcpu *v, u64 *a)
{
	vcpu_yield(v);
	return 0;
}

/* Waits for an interrupt, which must be able to come: as on Xen the call unmasks it. */
s64 hc_sched_block(struct vcpu *v, u64 *a)
{
	v->pstate &= ~PSR_I;
	vcpu_block(v);
	return 0;
}

/* v->polling is set: waits for one of the ports, an interrupt, or the time. */
static void poll_wait(struct vcpu *v, u64 timeout)
{
	u64 now = now_ns();

	if (timeout && timeout <= now) {
		evtchn_poll_end(v);
		return;
	}
	if (timeout)
		timer_set(&v->poll_timer, deadline_after(timeout - now));
	vcpu_block(v);
	smp_mb();
	/* An event that came between evtchn_poll_begin() and vcpu_block() found nobody to wake. */
	if (!READ_ONCE(v->polling) || !READ_ONCE(v->blocked)) {
		evtchn_poll_end(v);
		vcpu_wake(v);
	}
}

/* a: cmd, struct sched_poll */
s64 hc_sched_poll(struct vcpu *v, u64 *a)
{
	u32 ports[MAX_POLL];
	struct sched_poll req;
	int rc;

	if (copy_from_guest(&req, a[1], sizeof(req)))
		return -EFAULT;
	if (req.nr_ports > MAX_POLL)
		return -EINVAL;
	if (copy_from_guest(ports, handle_gva(req.ports), req.nr_ports * sizeof(ports[0])))
		return -EFAULT;
	/* What the last poll left when something else woke the vCPU. */
	evtchn_poll_end(v);
	timer_cancel(&v->poll_timer);
	rc = evtchn_poll_begin(v, ports, req.nr_ports);
	if (rc)
		return rc < 0 ? rc : 0;
	poll_wait(v, req.timeout);
	return 0;
}

/* a: cmd, struct sched_shutdown */
s64 hc_sched_shutdown(struct vcpu *v, u64 *a)
{
	struct domain *d = v->domain;
	struct sched_shutdown req;

	if (copy_from_guest(&req, a[1], sizeof(req)))
		return -EFAULT;
	domain_shutdown(d, d->early_shutdown ? d->early_shutdown - 1U : (u8)req.reason);
	return 0;
}

/* Only says why a shutdown to come happens. The first word counts. */
s64 hc_sched_shutdown_code(struct vcpu *v, u64 *a)
{
	struct domain *d = v->domain;
	struct sched_shutdown req;

	if (copy_from_guest(&req, a[1], sizeof(req)))
		return -EFAULT;
	lock(&d->lock);
	if (!d->early_shutdown)
		d->early_shutdown = (u16)((u8)req.reason + 1);
	unlock(&d->lock);
	return 0;
}

/* a: cmd, struct sched_remote_shutdown */
s64 hc_sched_remote_shutdown(struct vcpu *v, u64 *a)
{
	struct sched_remote_shutdown req;
	struct domain *d;
	int err;

	if (copy_from_guest(&req, a[1], sizeof(req)))
		return -EFAULT;
	d = target_get(v, req.domain_id, &err);
	if (!d)
		return err;
	domain_shutdown(d, (u8)req.reason);
	target_put(v, d);
	return 0;
}

static void watchdog_bite(struct domain *d)
{
	if (d->state == DOM_ALIVE)
		domain_shutdown(d, SHUTDOWN_watchdog);
}

static void watchdog0(struct timer *t)
{
	watchdog_bite(container_of(t, struct domain, watchdog[0]));
}

static void watchdog1(struct timer *t)
{
	watchdog_bite(container_of(t, struct domain, watchdog[1]));
}

/* Domain lock held. */
static s64 watchdog_new(struct domain *d, u32 seconds)
{
	static void (*const fn[])(struct timer *) = { watchdog0, watchdog1 };

	if (!seconds)
		return -EINVAL;
	for (unsigned i = 0; i < ARRAY_SIZE(d->watchdog); i++) {
		if (d->watchdogs_used & 1U << i)
			continue;
		d->watchdogs_used |= (u8)(1U << i);
		timer_setup(&d->watchdog[i], fn[i]);
		timer_set(&d->watchdog[i], deadline_after(seconds * 1000000000UL));
		return i + 1;
	}
	return -ENOSPC;
}

static s64 watchdog_change(struct domain *d, unsigned i, u32 seconds)
{
	if (!(d->watchdogs_used & 1U << i))
		return -EINVAL;
	if (seconds) {
		timer_set(&d->watchdog[i], deadline_after(seconds * 1000000000UL));
	} else {
		timer_cancel(&d->watchdog[i]);
		d->watchdogs_used &= (u8) ~(1U << i);
	}
	return 0;
}

/* a: cmd, struct sched_watchdog; id 0: a new one, whose id is the result */
s64 hc_sched_watchdog(struct vcpu *v, u64 *a)
{
	struct domain *d = v->domain;
	struct sched_watchdog req;
	s64 rc;

	if (copy_from_guest(&req, a[1], sizeof(req)))
		return -EFAULT;
	if (req.id > ARRAY_SIZE(d->watchdog))
		return -EINVAL;
	lock(&d->lock);
	rc = req.id ? watchdog_change(d, req.id - 1, req.timeout) : watchdog_new(d, req.timeout);
	unlock(&d->lock);
	return rc;
}
