// SPDX-License-Identifier: GPL-2.0-only
/*
 * event_channel_op: decodes each sub-op's request and calls domain/evtchn*.c. A port that was
 * opened is closed again if its number cannot be written back. No state, no lock.
 */
#include <core/cmdline.h>
#include <domain/evtchn.h>
#include <hypercall/ops.h>
#include <xen/event_channel.h>

#define PAGE_ADDED BIT(31) /* in the first argument of expand_array: only raising is left */

#define FETCH(op) \
	do { \
		if (unlikely(copy_from_guest(&(op), a[1], sizeof(op)))) \
			return -EFAULT; \
	} while (0)

/* Hands back a request that opened a port of d. */
static s64 opened(struct domain *d, u32 port, gva_t to, const void *op, size_t size)
{
	if (likely(!copy_to_guest(to, op, size)))
		return 0;
	evtchn_close(d, port);
	return -EFAULT;
}

s64 hc_evtchn_send(struct vcpu *v, u64 *a)
{
	struct domain *d = v->domain;
	s64 port = get_guest32(d, a[1]); /* all that struct evtchn_send holds */

	return likely(port >= 0) ? evtchn_send(d, (u32)port) : port;
}

s64 hc_evtchn_unmask(struct vcpu *v, u64 *a)
{
	struct evtchn_unmask op;

	FETCH(op);
	return evtchn_unmask(v->domain, op.port);
}

/* May the caller open a port of d for the domain `id`? With SILO that one has to exist. */
static int may_offer(struct vcpu *v, struct domain *d, domid_t id)
{
	struct domain *remote;
	int rc;

	if (!opts.silo || id == d->id)
		return 0;
	remote = domain_get_by_id(id);
	if (!remote)
		return -ESRCH;
	rc = v->domain->privileged || policy_allows(d, remote) ? 0 : -EPERM;
	domain_put(remote);
	return rc;
}

s64 hc_evtchn_alloc_unbound(struct vcpu *v, u64 *a)
{
	struct evtchn_alloc_unbound op;
	struct domain *d;
	domid_t remote;
	int err;
	s64 rc;

	FETCH(op);
	d = target_get(v, op.dom, &err);
	if (!d)
		return err;
	remote = op.remote_dom == DOMID_SELF ? v->domain->id : op.remote_dom;
	rc = may_offer(v, d, remote);
	if (!rc)
		rc = evtchn_alloc_unbound(d, remote, &op.port);
	if (!rc)
		rc = opened(d, op.port, a[1], &op, sizeof(op));
	target_put(v, d);
	return rc;
}

s64 hc_evtchn_bind_interdomain(struct vcpu *v, u64 *a)
{
	struct evtchn_bind_interdomain op;
	struct domain *remote;
	s64 rc;

	FETCH(op);
	remote = is_self(v, op.remote_dom) ? v->domain : domain_get_by_id(op.remote_dom);
	if (!remote)
		return -ESRCH;
	rc = evtchn_bind_interdomain(v->domain, remote, op.remote_port, &op.local_port);
	if (!rc)
		rc = opened(v->domain, op.local_port, a[1], &op, sizeof(op));
	target_put(v, remote);
	return rc;
}

s64 hc_evtchn_bind_virq(struct vcpu *v, u64 *a)
{
	struct evtchn_bind_virq op;
	int rc;

	FETCH(op);
	rc = evtchn_bind_virq(v->domain, op.virq, op.vcpu, &op.port);
	return rc ? rc : opened(v->domain, op.port, a[1], &op, sizeof(op));
}

s64 hc_evtchn_bind_ipi(struct vcpu *v, u64 *a)
{
	struct evtchn_bind_ipi op;
	int rc;

	FETCH(op);
	rc = evtchn_bind_ipi(v->domain, op.vcpu, &op.port);
	return rc ? rc : opened(v->domain, op.port, a[1], &op, sizeof(op));
}

s64 hc_evtchn_bind_vcpu(struct vcpu *v, u64 *a)
{
	struct evtchn_bind_vcpu op;

	FETCH(op);
	return evtchn_bind_vcpu(v->domain, op.port, op.vcpu);
}

s64 hc_evtchn_close(struct vcpu *v, u64 *a)
{
	struct evtchn_close op;

	FETCH(op);
	return evtchn_close(v->domain, op.port);
}

s64 hc_evtchn_status(struct vcpu *v, u64 *a)
{
	struct evtchn_status op;
	struct domain *d;
	int err;

	FETCH(op);
	d = target_get(v, op.dom, &err);
	if (!d)
		return err;
	err = evtchn_status(d, &op);
	target_put(v, d);
	if (err)
		return err;
	return copy_to_guest(a[1], &op, sizeof(op));
}

s64 hc_evtchn_reset(struct vcpu *v, u64 *a)
{
	struct evtchn_reset op;
	struct domain *d;
	int err;

	FETCH(op);
	d = target_get(v, op.dom, &err);
	if (!d)
		return err;
	/* Another domain's vCPUs must not be at it meanwhile. */
	err = d != v->domain && !READ_ONCE(d->paused_by_tool) ? -EINVAL : evtchn_reset(d);
	target_put(v, d);
	return err;
}

s64 hc_evtchn_init_control(struct vcpu *v, u64 *a)
{
	struct evtchn_init_control op;

	FETCH(op);
	/* The answer is always the same, and what is set up cannot be taken back. */
	op.link_bits = EVTCHN_FIFO_LINK_BITS;
	if (copy_to_guest(a[1], &op, sizeof(op)))
		return -EFAULT;
	return evtchn_fifo_init_control(v->domain, &op);
}

s64 hc_evtchn_expand_array(struct vcpu *v, u64 *a)
{
	struct evtchn_expand_array op;
	int rc;

	if (!(a[0] & PAGE_ADDED)) {
		FETCH(op);
		rc = evtchn_fifo_expand_array(v->domain, GFN(op.array_gfn));
		if (rc)
			return rc;
		a[0] |= PAGE_ADDED;
	}
	while (evtchn_fifo_raise_early(v->domain))
		if (preempt_wanted())
			return -ERESTART;
	return 0;
}

s64 hc_evtchn_set_priority(struct vcpu *v, u64 *a)
{
	struct evtchn_set_priority op;

	FETCH(op);
	return evtchn_fifo_set_priority(v->domain, op.port, op.priority);
}
