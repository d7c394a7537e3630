// SPDX-License-Identifier: GPL-2.0-only
/*
 * vcpu_op: the memory through which a vCPU's state is told to its guest. Bringing vCPUs up and down
 * is PSCI's on ARM. No state, no lock.
 */
#include <hypercall/ops.h>
#include <xen/vcpu.h>

static struct vcpu *vcpu_named(struct vcpu *v, u64 id)
{
	struct domain *d = v->domain;

	return (u32)id < d->max_vcpus ? d->vcpu[(u32)id] : NULL;
}

/* a: cmd, vCPU */
s64 hc_vcpu_is_up(struct vcpu *v, u64 *a)
{
	struct vcpu *of = vcpu_named(v, a[1]);

	return of ? !READ_ONCE(of->down) : -ENOENT;
}

/* a: cmd, vCPU, struct vcpu_runstate_info */
s64 hc_vcpu_get_runstate_info(struct vcpu *v, u64 *a)
{
	struct vcpu *of = vcpu_named(v, a[1]);
	struct vcpu_runstate_info info = { 0 };

	if (!of)
		return -ENOENT;
	vcpu_get_runstate(of, &info);
	return copy_to_guest(a[2], &info, sizeof(info));
}

/* a: cmd, vCPU, struct vcpu_register_runstate_memory_area */
s64 hc_vcpu_register_runstate(struct vcpu *v, u64 *a)
{
	struct vcpu_register_runstate_memory_area req;
	struct vcpu *of = vcpu_named(v, a[1]);

	if (!of)
		return -ENOENT;
	if (copy_from_guest(&req, a[2], sizeof(req)))
		return -EFAULT;
	return vcpu_register_runstate(of, req.addr.p);
}

/*
 * a: cmd, vCPU, struct vcpu_register_vcpu_info. For the caller itself, or a vCPU that does not run
 * yet.
 */
s64 hc_vcpu_register_vcpu_info(struct vcpu *v, u64 *a)
{
	struct vcpu *of = vcpu_named(v, a[1]);
	struct vcpu_register_vcpu_info req;

	if (!of)
		return -ENOENT;
	if (copy_from_guest(&req, a[2], sizeof(req)))
		return -EFAULT;
	if (of != v && !READ_ONCE(of->down))
		return -EINVAL;
	if (req.offset > PAGE_SIZE - sizeof(struct vcpu_info))
		return -ENXIO;
	return vcpu_register_info(of, GFN(req.mfn), req.offset);
}
