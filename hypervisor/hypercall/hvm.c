// SPDX-License-Identifier: GPL-2.0-only
/*
 * hvm_op: parameters through which the tools tell a guest where its console and store are. The
 * domain's lock guards them. Who may read and set which is one table; a parameter that is not in it
 * is refused, as on ARM Xen.
 */
#include <hypercall/ops.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

enum { TOOL = 1, GUEST_READS = 2 };

static const u8 params[HVM_NR_PARAMS] = {
	[HVM_PARAM_CALLBACK_IRQ] = TOOL | GUEST_READS,
	[HVM_PARAM_STORE_PFN] = TOOL | GUEST_READS,
	[HVM_PARAM_STORE_EVTCHN] = TOOL | GUEST_READS,
	[HVM_PARAM_CONSOLE_PFN] = TOOL | GUEST_READS,
	[HVM_PARAM_CONSOLE_EVTCHN] = TOOL | GUEST_READS,
	[HVM_PARAM_MONITOR_RING_PFN] = TOOL,
};

#define FIRST_PPI 16
#define LAST_PPI 31

/*
 * The interrupt by which a domain is told of events. Only a PPI can be chosen; other ways to be
 * called do not exist here and change nothing.
 */
static int set_callback(struct domain *d, u64 value)
{
	u64 intid = value & 0xff;

	if ((value & HVM_PARAM_CALLBACK_IRQ_TYPE_MASK) >> 56 != HVM_PARAM_CALLBACK_TYPE_PPI)
		return 0;
	if (intid < FIRST_PPI || intid > LAST_PPI || intid == PPI_VIRT_TIMER ||
	    intid == PPI_PHYS_TIMER)
		return -EINVAL;
	d->evtchn_irq = (u8)intid;
	return 0;
}

/* The request's domain, or NULL and *err. */
static struct domain *param_begin(struct vcpu *v, gva_t arg, struct xen_hvm_param *req, int *err)
{
	if (copy_from_guest(req, arg, sizeof(*req))) {
		*err = -EFAULT;
		return NULL;
	}
	return target_get(v, req->domid, err);
}

/* a: cmd, struct xen_hvm_param */
s64 hc_hvm_set_param(struct vcpu *v, u64 *a)
{
	struct xen_hvm_param req;
	struct domain *d;
	int rc = 0;

	d = param_begin(v, a[1], &req, &rc);
	if (!d)
		return rc;
	if (req.index >= HVM_NR_PARAMS || !params[req.index]) {
		rc = -EINVAL;
	} else if (d == v->domain) {
		rc = -EPERM;
	} else {
		lock(&d->lock);
		if (req.index == HVM_PARAM_CALLBACK_IRQ)
			rc = set_callback(d, req.value);
		if (!rc)
			d->params[req.index] = req.value;
		unlock(&d->lock);
		if (!rc && req.index == HVM_PARAM_CALLBACK_IRQ)
			evtchn_irq_changed(d);
	}
	target_put(v, d);
	return rc;
}

/* a: cmd, struct xen_hvm_param */
s64 hc_hvm_get_param(struct vcpu *v, u64 *a)
{
	struct xen_hvm_param req;
	struct domain *d;
	int rc;

	d = param_begin(v, a[1], &req, &rc);
	if (!d)
		return rc;
	if (req.index >= HVM_NR_PARAMS || !params[req.index])
		rc = -EINVAL;
	else if (d == v->domain && !(params[req.index] & GUEST_READS))
		rc = -EPERM;
	else
		rc = copy_to_guest(a[1] + offsetof(struct xen_hvm_param, value),
				   &d->params[req.index], sizeof(u64));
	target_put(v, d);
	return rc;
}
