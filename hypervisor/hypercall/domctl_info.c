// SPDX-License-Identifier: GPL-2.0-only
/*
 * domctl: what the tools see of a domain and its vCPUs, and where these may run. Everything handed
 * out starts as zeroes. Control lock held.
 */
#include <hypercall/ops.h>
#include <lib/bitmap.h>
#include <lib/string.h>

bool vcpu_is_running(const struct vcpu *v)
{
	const struct cpu *c = READ_ONCE(v->loaded_on);

	return c && READ_ONCE(c->current) == v;
}

static u32 vcpu_flags(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	u32 flags = XEN_DOMINF_blocked;

	for_each_vcpu (d, v) {
		info->cpu_time += vcpu_runtime_ns(v);
		info->max_vcpu_id = v->id;
		if (READ_ONCE(v->down))
			continue;
		info->nr_online_vcpus++;
		if (!READ_ONCE(v->blocked))
			flags &= ~XEN_DOMINF_blocked;
		if (vcpu_is_running(v))
			flags |= XEN_DOMINF_running;
	}
	return info->nr_online_vcpus ? flags : 0;
}

void domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	memset(info, 0, sizeof(*info));
	info->domain = d->id;
	info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	info->flags = vcpu_flags(d, info) | XEN_DOMINF_hvm_guest | XEN_DOMINF_hap;
	if (d->state != DOM_ALIVE)
		info->flags |= XEN_DOMINF_dying;
	if (d->is_shut_down)
		info->flags |= XEN_DOMINF_shutdown;
	if (d->paused_by_tool)
		info->flags |= XEN_DOMINF_paused;
	/* No reason yet: all ones, as on Xen. */
	info->flags |= (d->is_shut_down ? (u32)d->shutdown_code : 0xffffU)
		       << XEN_DOMINF_shutdownshift;
	info->tot_pages = READ_ONCE(d->tot_pages);
	info->max_pages = READ_ONCE(d->max_pages);
	info->shared_info_frame = d->shared_info_gfn.n;
	memcpy(info->handle, d->handle, sizeof(info->handle));
	info->gpaddr_bits = (u8)cpu_ipa_bits;
}

/* Like Xen's: the domain named, or the next one there is. */
s64 domctl_getinfo(struct vcpu *v, struct domain *none, struct xen_domctl *op)
{
	struct domain *d;

	if (op->domain >= DOMID_FIRST_RESERVED)
		return -EINVAL;
	d = domain_get_next(op->domain);
	if (!d)
		return -ESRCH;
	domain_info(d, &op->u.getdomaininfo);
	op->domain = d->id;
	domain_put(d);
	return 0;
}

static struct vcpu *vcpu_of(struct domain *d, u32 id)
{
	return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

s64 domctl_getvcpuinfo(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_getvcpuinfo *info = &op->u.getvcpuinfo;
	struct vcpu *of = vcpu_of(d, info->vcpu);

	if (!of)
		return -EINVAL;
	info->online = !READ_ONCE(of->down);
	info->blocked = READ_ONCE(of->blocked) != 0;
	info->running = vcpu_is_running(of);
	info->cpu_time = vcpu_runtime_ns(of);
	info->cpu = READ_ONCE(of->sched.cpu)->id;
	return 0;
}

/* --- bitmaps --- */

#define MAX_TOOL_BITS 65536

int bitmap_get(u64 *map, unsigned nr, const struct xenctl_bitmap *from)
{
	u32 bits = min(from->nr_bits, (u32)nr);

	memset(map, 0, BITMAP_WORDS(nr) * sizeof(u64));
	if (copy_from_guest(map, handle_gva(from->bitmap), DIV_ROUND_UP(bits, 8)))
		return -EFAULT;
	if (bits % 64)
		map[bits / 64] &= BIT(bits % 64) - 1;
	return 0;
}

int bitmap_put(const struct xenctl_bitmap *to, const u64 *map, unsigned nr)
{
	u32 bits = min(to->nr_bits, (u32)nr), bytes = bits / 8, all = DIV_ROUND_UP(to->nr_bits, 8);
	u8 tail;

	if (to->nr_bits > MAX_TOOL_BITS)
		return -EINVAL;
	if (copy_to_guest(handle_gva(to->bitmap), map, bytes))
		return -EFAULT;
	if (bits % 8) {
		tail = (u8)(map[bits / 64] >> (bits / 8 * 8 % 64)) & (u8)((1U << bits % 8) - 1);
		if (copy_to_guest(handle_gva(to->bitmap) + bytes, &tail, 1))
			return -EFAULT;
		bytes++;
	}
	return clear_guest(handle_gva(to->bitmap) + bytes, all - bytes);
}

/* --- affinity --- */

/* set and other, both and only of CPUs there are. */
static bool mask_and(struct cpumask *set, const struct cpumask *other)
{
	u64 any = 0;

	for (unsigned i = 0; i < BITMAP_WORDS(MAX_CPUS); i++)
		any |= set->bits[i] &= other->bits[i];
	return any != 0;
}

static void mask_online(struct cpumask *m)
{
	memset(m, 0, sizeof(*m));
	for_each_cpu (c)
		if (c->online)
			bit_set(m->bits, c->id);
}

#define AFFINITY_KNOWN (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)

static int affinity_put(const struct xen_domctl_vcpuaffinity *req, const struct cpumask *hard,
			const struct cpumask *soft)
{
	int rc = 0;

	if (req->flags & XEN_VCPUAFFINITY_HARD)
		rc = bitmap_put(&req->cpumap_hard, hard->bits, MAX_CPUS);
	if (!rc && (req->flags & XEN_VCPUAFFINITY_SOFT))
		rc = bitmap_put(&req->cpumap_soft, soft->bits, MAX_CPUS);
	return rc;
}

static int affinity_get(const struct xen_domctl_vcpuaffinity *req, struct cpumask *hard,
			struct cpumask *soft)
{
	int rc = 0;

	if (req->flags & XEN_VCPUAFFINITY_HARD)
		rc = bitmap_get(hard->bits, MAX_CPUS, &req->cpumap_hard);
	if (!rc && (req->flags & XEN_VCPUAFFINITY_SOFT))
		rc = bitmap_get(soft->bits, MAX_CPUS, &req->cpumap_soft);
	return rc;
}

/* Tells the tool what comes of it: without CPUs that are not there, soft within hard. */
s64 domctl_setvcpuaffinity(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpuaffinity *req = &op->u.vcpuaffinity;
	struct vcpu *of = vcpu_of(d, req->vcpu);
	struct cpumask hard, soft, online;
	int rc;

	if (!of || !(req->flags & AFFINITY_KNOWN) ||
	    (req->flags & ~(AFFINITY_KNOWN | XEN_VCPUAFFINITY_FORCE)))
		return -EINVAL;
	hard = of->sched.hard;
	soft = of->sched.soft;
	mask_online(&online);
	rc = affinity_get(req, &hard, &soft);
	if (!rc)
		rc = sched_set_affinity(of, req->flags & XEN_VCPUAFFINITY_HARD ? &hard : NULL,
					req->flags & XEN_VCPUAFFINITY_SOFT ? &soft : NULL);
	if (rc)
		return rc;
	mask_and(&hard, &online);
	mask_and(&soft, &hard);
	return affinity_put(req, &hard, &soft);
}

s64 domctl_getvcpuaffinity(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpuaffinity *req = &op->u.vcpuaffinity;
	struct vcpu *of = vcpu_of(d, req->vcpu);

	if (!of || !(req->flags & AFFINITY_KNOWN) || (req->flags & ~AFFINITY_KNOWN))
		return -EINVAL;
	return affinity_put(req, &of->sched.hard, &of->sched.soft);
}

/* There is one node, 0, and every domain is on it. */
s64 domctl_setnodeaffinity(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	u64 nodes;
	int rc = bitmap_get(&nodes, 1, &op->u.nodeaffinity.nodemap);

	if (rc)
		return rc;
	return nodes ? 0 : -EINVAL;
}

s64 domctl_getnodeaffinity(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	const u64 nodes = 1;

	return bitmap_put(&op->u.nodeaffinity.nodemap, &nodes, 1);
}
