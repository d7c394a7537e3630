// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysctl: what the tools see of the machine, and the few things they may set. Control lock held.
 * The request is copied in once and goes back on success (and with -ENOBUFS, where it says how much
 * room is needed); what is handed out starts as zeroes.
 */
#include <core/console.h>
#include <core/page.h>
#include <hypercall/ops.h>
#include <lib/bitmap.h>
#include <lib/string.h>

#define NODE_DISTANCE 20 /* of node 0 to itself: what ARM Xen says */
#define MAX_KEYS 128

/* a: struct xen_sysctl */
s64 hc_sysctl(struct vcpu *v, u64 *a)
{
	struct xen_sysctl op;
	s64 rc;

	if (copy_from_guest(&op, a[0], sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
		return -EACCES;
	if (op.cmd >= nr_sysctls || !sysctls[op.cmd])
		return -ENOSYS;
	if (!try_lock(&control_lock)) {
		cpu_relax();
		return -ERESTART;
	}
	rc = sysctls[op.cmd](v, &op);
	unlock(&control_lock);
	if ((rc >= 0 || rc == -ENOBUFS || rc == -ERESTART) && copy_to_guest(a[0], &op, sizeof(op)))
		return -EFAULT;
	return rc;
}

/*
 * How far a call that was cut short came, where the request itself has no place to say so: in the
 * part of it that means nothing to the tool, behind a number that is not there by chance. A tool
 * that puts it there deceives itself only.
 */
struct progress {
	u64 mark;
	u32 done;
	u32 next;
	struct key_at at;
};
#define PROGRESS_MARK 0x6f73706573486964UL

static struct progress *progress_of(struct xen_sysctl *op)
{
	_Static_assert(sizeof(op->u.getdomaininfolist) + sizeof(struct progress) <=
			       sizeof(op->u.pad),
		       "room in the request");
	return (struct progress *)&op->u.pad[sizeof(op->u.pad) - sizeof(struct progress)];
}

s64 sysctl_readconsole(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_readconsole *r = &op->u.readconsole;
	struct progress *p = progress_of(op);
	bool resumed = p->mark == PROGRESS_MARK, incremental = r->incremental || resumed;
	u32 start = resumed ? p->done : 0, done = start;
	char text[256];
	u32 n;

	for (; done < r->count; done += n) {
		if (done != start && preempt_wanted()) {
			*p = (struct progress){ .mark = PROGRESS_MARK, .done = done };
			return -ERESTART;
		}
		n = (u32)console_ring_read(text, min((size_t)(r->count - done), sizeof(text)),
					   &r->index, incremental);
		if (!n)
			break;
		if (copy_to_guest(handle_at(r->buffer, done), text, n))
			return -EFAULT;
		incremental = true;
	}
	memset(p, 0, sizeof(*p));
	r->count = done;
	if (r->clear)
		console_ring_clear();
	return 0;
}

s64 sysctl_physinfo(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_physinfo *p = &op->u.physinfo;

	memset(p, 0, sizeof(*p));
	p->threads_per_core = 1;
	p->cores_per_socket = 1;
	p->nr_cpus = cpu_count;
	p->max_cpu_id = cpu_count - 1;
	p->nr_nodes = 1;
	p->cpu_khz = (u32)(timer_hz / 1000);
	p->capabilities = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap |
			  XEN_SYSCTL_PHYSCAP_gnttab_v1;
	p->total_pages = ram_pages;
	p->free_pages = READ_ONCE(heap_free_pages);
	p->max_mfn = frame_base + frame_count - 1;
	return 0;
}

s64 sysctl_sched_id(struct vcpu *v, struct xen_sysctl *op)
{
	op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
	return 0;
}

/* There may be hundreds of domains. */
s64 sysctl_getdomaininfolist(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_getdomaininfolist *l = &op->u.getdomaininfolist;
	struct progress *p = progress_of(op);
	bool resumed = p->mark == PROGRESS_MARK;
	domid_t id = resumed ? (domid_t)p->next : l->first_domain;
	u32 n = resumed ? p->done : 0;

	for (u32 start = n; n < l->max_domains; n++) {
		struct xen_domctl_getdomaininfo info;
		struct domain *d;

		if (n != start && preempt_wanted()) {
			*p = (struct progress){ .mark = PROGRESS_MARK, .done = n, .next = id };
			return -ERESTART;
		}
		d = domain_get_next(id);
		if (!d)
			break;
		domain_info(d, &info);
		id = (domid_t)(d->id + 1);
		domain_put(d);
		if (copy_to_guest(handle_at(l->buffer, n), &info, sizeof(info)))
			return -EFAULT;
	}
	memset(p, 0, sizeof(*p));
	l->num_domains = n;
	return 0;
}

s64 sysctl_debug_keys(struct vcpu *v, struct xen_sysctl *op)
{
	const struct xen_sysctl_debug_keys *k = &op->u.debug_keys;
	struct progress *p = progress_of(op);
	bool resumed = p->mark == PROGRESS_MARK;
	struct key_at at = resumed ? p->at : (struct key_at){ 0 };
	u32 i = resumed ? p->done : 0;
	char keys[MAX_KEYS];

	if (k->nr_keys > MAX_KEYS)
		return -E2BIG;
	if (copy_from_guest(keys, handle_gva(k->keys), k->nr_keys))
		return -EFAULT;
	while (i < k->nr_keys) {
		if (!debug_key(keys[i], &at)) {
			i++;
			at = (struct key_at){ 0 };
		}
		if (preempt_wanted()) {
			*p = (struct progress){ .mark = PROGRESS_MARK, .done = i, .at = at };
			return -ERESTART;
		}
	}
	memset(p, 0, sizeof(*p));
	return 0;
}

s64 sysctl_getcpuinfo(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_getcpuinfo *g = &op->u.getcpuinfo;
	u32 n = min(g->max_cpus, (u32)cpu_count);

	for (u32 i = 0; i < n; i++) {
		struct xen_sysctl_cpuinfo info = { .idletime = cpu_idle_ns(&cpus[i]) };

		if (copy_to_guest(handle_at(g->info, i), &info, sizeof(info)))
			return -EFAULT;
	}
	g->nr_cpus = n;
	return 0;
}

/* One zone and one node: the limits on address width are met by all of it or were not meant. */
s64 sysctl_availheap(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_availheap *h = &op->u.availheap;

	h->avail_bytes = h->node == -1 || h->node == 0 ? READ_ONCE(heap_free_pages) << PAGE_SHIFT
						       : 0;
	return 0;
}

/* No handle: how many there are. Too little room: that too, and -ENOBUFS. */
s64 sysctl_cputopoinfo(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_cputopoinfo *t = &op->u.cputopoinfo;
	/* one core of one socket of one node, as ARM Xen says of all */
	static const struct xen_sysctl_cputopo topo;
	u32 room = t->num_cpus;

	t->num_cpus = cpu_count;
	if (!handle_gva(t->cputopo))
		return 0;
	if (room < cpu_count)
		return -ENOBUFS;
	for (u32 i = 0; i < cpu_count; i++)
		if (copy_to_guest(handle_at(t->cputopo, i), &topo, sizeof(topo)))
			return -EFAULT;
	return 0;
}

s64 sysctl_numainfo(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_numainfo *n = &op->u.numainfo;
	struct xen_sysctl_meminfo mem = {
		.memsize = ram_pages << PAGE_SHIFT,
		.memfree = READ_ONCE(heap_free_pages) << PAGE_SHIFT,
	};
	const u32 distance = NODE_DISTANCE;
	u32 room = n->num_nodes;

	n->num_nodes = 1;
	if (!handle_gva(n->meminfo) && !handle_gva(n->distance))
		return 0;
	if (!room)
		return -ENOBUFS;
	if (handle_gva(n->meminfo) && copy_to_guest(handle_gva(n->meminfo), &mem, sizeof(mem)))
		return -EFAULT;
	if (handle_gva(n->distance) &&
	    copy_to_guest(handle_gva(n->distance), &distance, sizeof(distance)))
		return -EFAULT;
	return 0;
}

static int pool_info(struct xen_sysctl_cpupool_op *p)
{
	struct cpumask all = { 0 };

	/* The pool named, or the next one: there is but pool 0. */
	if (p->cpupool_id)
		return -ENOENT;
	p->sched_id = XEN_SCHEDULER_CREDIT2;
	p->n_dom = domain_count();
	for_each_cpu (c)
		bit_set(all.bits, c->id);
	return bitmap_put(&p->cpumap, all.bits, cpu_count);
}

/* Pool 0 has all CPUs and all domains, and stays. */
s64 sysctl_cpupool(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_cpupool_op *p = &op->u.cpupool_op;
	static const u64 none[BITMAP_WORDS(MAX_CPUS)];
	struct domain *d;

	switch (p->op) {
	case XEN_SYSCTL_CPUPOOL_OP_INFO: return pool_info(p);
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO: return bitmap_put(&p->cpumap, none, cpu_count);
	case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
		if (p->cpupool_id)
			return -ENOENT;
		d = p->domid < DOMID_FIRST_RESERVED ? domain_get_by_id((domid_t)p->domid) : NULL;
		if (!d)
			return -ESRCH;
		domain_put(d);
		return 0;
	case XEN_SYSCTL_CPUPOOL_OP_CREATE:
	case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
	case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
	case XEN_SYSCTL_CPUPOOL_OP_RMCPU: return -EOPNOTSUPP;
	}
	return -ENOSYS;
}

s64 sysctl_sched(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_scheduler_op *s = &op->u.scheduler_op;
	u32 us;

	if (s->cpupool_id)
		return -ESRCH;
	if (s->sched_id != XEN_SCHEDULER_CREDIT2)
		return -EINVAL;
	switch (s->cmd) {
	case XEN_SYSCTL_SCHEDOP_getinfo:
		s->u.sched_credit2.ratelimit_us = READ_ONCE(sched_ratelimit_us);
		return 0;
	case XEN_SYSCTL_SCHEDOP_putinfo:
		us = s->u.sched_credit2.ratelimit_us;
		if (us &&
		    (us < XEN_SYSCTL_SCHED_RATELIMIT_MIN || us > XEN_SYSCTL_SCHED_RATELIMIT_MAX))
			return -EINVAL;
		WRITE_ONCE(sched_ratelimit_us, us);
		return 0;
	}
	return -EINVAL;
}
