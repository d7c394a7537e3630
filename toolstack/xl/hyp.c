// SPDX-License-Identifier: GPL-2.0-only
/*
 * hyp.c - the hypercalls of xl that need buffers, several steps or foreign memory.
 *
 * Owns the handle for foreign memory.  Single-threaded: no lock.  Invariant: what a request points
 * to lies in hv_scratch(), which lives until its next call.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "xl/hyp.h" /* first: it asks xen.h for the tools' part of the ABI */

#include <xenforeignmemory.h>
#include <xen/event_channel.h>
#include <xen/hvm/hvm_op.h>

static xenforeignmemory_handle *mem;

int hyp_open(void)
{
	if (!mem && hv_call())
		mem = xenforeignmemory_open(NULL, 0);
	if (mem)
		return 0;
	fprintf(stderr,
		"xl: cannot reach the hypervisor (%s): run this in Dom0, as root, with "
		"the xen-privcmd module loaded\n",
		strerror(errno));
	return -ENODEV;
}

int hyp_reopen(void)
{
	hv_forget();
	mem = NULL;
	return hyp_open();
}

int hyp_version(unsigned int cmd, void *arg, size_t len)
{
	int rc;

	if (len)
		return hv_issue(__HYPERVISOR_xen_version, cmd, arg, len);
	rc = xencall2(hv_call(), __HYPERVISOR_xen_version, cmd, 0);
	return rc < 0 ? -errno : rc;
}

int hyp_dom_list(uint32_t first, unsigned int max, hyp_dominfo *out)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_getdomaininfolist };
	void *buf = hv_scratch(max * sizeof(*out));
	int rc;

	if (!buf)
		return -ENOMEM;
	op.u.getdomaininfolist.first_domain = first;
	op.u.getdomaininfolist.max_domains = max;
	set_xen_guest_handle(op.u.getdomaininfolist.buffer, buf);
	rc = hv_sysctl(&op);
	if (rc < 0)
		return rc;
	if (op.u.getdomaininfolist.num_domains > max)
		return -EPROTO;
	memcpy(out, buf, op.u.getdomaininfolist.num_domains * sizeof(*out));
	return op.u.getdomaininfolist.num_domains;
}

/* Permission first, then the mapping; the mapping of one call is bounded, so go in steps. */
int hyp_dom_iomem(uint32_t domid, uint64_t gfn, uint64_t mfn, uint64_t nr)
{
	uint64_t done = 0, step = 1024, n;
	int rc = HV_DOMCTL(
		domid, iomem_permission,
		.u.iomem_permission = { .first_mfn = mfn, .nr_mfns = nr, .allow_access = 1 });

	while (!rc && done < nr) {
		n = nr - done < step ? nr - done : step;
		rc = HV_DOMCTL(domid, memory_mapping,
			       .u.memory_mapping = { .first_gfn = gfn + done,
						     .first_mfn = mfn + done,
						     .nr_mfns = n,
						     .add_mapping = 1 });
		if (rc == -E2BIG && step > 1) {
			step /= 2;
			rc = 0;
		} else {
			done += n;
		}
	}
	return rc;
}

int hyp_dom_irq(uint32_t domid, uint32_t irq)
{
	int rc = HV_DOMCTL(domid, irq_permission,
			   .u.irq_permission = { .pirq = irq, .allow_access = 1 });

	return rc ? rc
		  : HV_DOMCTL(domid, bind_pt_irq,
			      .u.bind_pt_irq = { .machine_irq = irq,
						 .irq_type = PT_IRQ_TYPE_SPI,
						 .u.spi.spi = irq });
}

int hyp_dom_assign_dt(uint32_t domid, const char *path)
{
	size_t len = strlen(path);
	char *buf = hv_scratch(len + 1);

	if (!buf)
		return -ENOMEM;
	memcpy(buf, path, len);
	return HV_DOMCTL(domid, assign_device,
			 .u.assign_device = { .dev = XEN_DOMCTL_DEV_DT,
					      .u.dt = { .size = len, .path.p = buf } });
}

/* Returns how many extents were populated, which may be fewer than asked for. */
int hyp_dom_populate(uint32_t domid, const xen_pfn_t *gfn, unsigned int nr, unsigned int order)
{
	struct xen_memory_reservation r = { .nr_extents = nr,
					    .extent_order = order,
					    .domid = domid };
	void *buf = hv_scratch(nr * sizeof(*gfn));

	if (!buf)
		return -ENOMEM;
	memcpy(buf, gfn, nr * sizeof(*gfn));
	set_xen_guest_handle(r.extent_start, buf);
	return hv_issue(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r, sizeof(r));
}

int hyp_dom_param(uint32_t domid, unsigned int index, uint64_t value)
{
	struct xen_hvm_param p = { .domid = domid, .index = index, .value = value };

	return hv_issue(__HYPERVISOR_hvm_op, HVMOP_set_param, &p, sizeof(p));
}

int hyp_dom_evtchn(uint32_t domid)
{
	struct evtchn_alloc_unbound a = { .dom = domid, .remote_dom = 0 };
	int rc = hv_issue(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &a, sizeof(a));

	return rc ?: (int)a.port;
}

int hyp_dom_vuart(uint32_t domid, uint64_t gfn)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_vuart_op,
				 .domain = domid,
				 .u.vuart_op = { .cmd = XEN_DOMCTL_VUART_OP_INIT,
						 .type = XEN_DOMCTL_VUART_TYPE_VPL011,
						 .gfn = gfn } };
	int rc = hv_domctl(&op);

	return rc ? rc : (int)op.u.vuart_op.evtchn;
}

void *hyp_grants_map(uint32_t domid, struct grant_entry_v1 **tab)
{
	void *p = NULL, *res;

	res = xenforeignmemory_map_resource(mem, domid, XENMEM_resource_grant_table,
					    XENMEM_resource_grant_table_id_shared, 0, 1, &p,
					    PROT_READ | PROT_WRITE, 0);
	*tab = p;
	return res;
}

void hyp_grants_unmap(void *res)
{
	xenforeignmemory_unmap_resource(mem, res);
}

void hyp_grant_set(struct grant_entry_v1 *g, uint64_t gfn)
{
	g->frame = gfn;
	g->domid = 0;
	__atomic_store_n(&g->flags, GTF_permit_access, __ATOMIC_RELEASE);
}

int hyp_dom_max_gfn(uint32_t domid, uint64_t *gfn)
{
	domid_t *id = hv_scratch(sizeof(*id));
	long rc;

	if (!id)
		return -ENOMEM;
	*id = domid;
	rc = xencall2L(hv_call(), __HYPERVISOR_memory_op, XENMEM_maximum_gpfn, (uintptr_t)id);
	if (rc < 0)
		return -errno;
	*gfn = rc;
	return 0;
}

int hyp_vcpu_context(uint32_t domid, unsigned int cmd, unsigned int vcpu,
		     struct vcpu_guest_context *ctxt)
{
	struct xen_domctl op = { .cmd = cmd, .domain = domid };
	vcpu_guest_context_t *buf = hv_scratch(sizeof(*buf));
	int rc;

	if (!buf)
		return -ENOMEM;
	*buf = *ctxt;
	op.u.vcpucontext.vcpu = vcpu;
	set_xen_guest_handle(op.u.vcpucontext.ctxt, buf);
	rc = hv_domctl(&op);
	*ctxt = *buf;
	return rc;
}

int hyp_vcpu_info(uint32_t domid, unsigned int vcpu, struct xen_domctl_getvcpuinfo *out)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_getvcpuinfo, .domain = domid };
	int rc;

	op.u.getvcpuinfo.vcpu = vcpu;
	rc = hv_domctl(&op);
	*out = op.u.getvcpuinfo;
	return rc;
}

int hyp_vcpu_affinity(uint32_t domid, unsigned int cmd, unsigned int vcpu, uint8_t *hard,
		      uint8_t *soft, uint32_t flags)
{
	struct xen_domctl op = { .cmd = cmd, .domain = domid };
	struct xen_domctl_vcpuaffinity *a = &op.u.vcpuaffinity;
	struct xenctl_bitmap *map[] = { &a->cpumap_hard, &a->cpumap_soft };
	uint8_t *bits[] = { hard, soft }, *buf = hv_scratch(HYP_MAX_CPUS / 4);
	int i, rc;

	if (!buf)
		return -ENOMEM;
	a->vcpu = vcpu;
	a->flags = flags;
	for (i = 0; i < 2; i++) {
		if (!bits[i])
			continue;
		a->flags |= i ? XEN_VCPUAFFINITY_SOFT : XEN_VCPUAFFINITY_HARD;
		memcpy(buf + i * HYP_MAX_CPUS / 8, bits[i], HYP_MAX_CPUS / 8);
		set_xen_guest_handle(map[i]->bitmap, buf + i * HYP_MAX_CPUS / 8);
		map[i]->nr_bits = HYP_MAX_CPUS;
	}
	rc = hv_domctl(&op);
	for (i = 0; i < 2 && cmd == XEN_DOMCTL_getvcpuaffinity; i++)
		if (bits[i])
			memcpy(bits[i], buf + i * HYP_MAX_CPUS / 8, HYP_MAX_CPUS / 8);
	return rc;
}

int hyp_sched(uint32_t domid, unsigned int cmd, struct xen_domctl_sched_credit2 *p)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_scheduler_op, .domain = domid };
	int rc;

	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = cmd;
	op.u.scheduler_op.u.credit2 = *p;
	rc = hv_domctl(&op);
	*p = op.u.scheduler_op.u.credit2;
	return rc;
}

int hyp_sched_ratelimit(uint32_t pool, uint32_t *us, bool set)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_scheduler_op };
	int rc;

	op.u.scheduler_op.cpupool_id = pool;
	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = set ? XEN_SYSCTL_SCHEDOP_putinfo : XEN_SYSCTL_SCHEDOP_getinfo;
	op.u.scheduler_op.u.sched_credit2.ratelimit_us = set ? *us : 0;
	rc = hv_sysctl(&op);
	if (!rc)
		*us = op.u.scheduler_op.u.sched_credit2.ratelimit_us;
	return rc;
}

int hyp_cpupool_info(uint32_t from, struct xen_sysctl_cpupool_op *out, uint8_t *cpus)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_cpupool_op };
	uint8_t *buf = hv_scratch(HYP_MAX_CPUS / 8);
	int rc;

	if (!buf)
		return -ENOMEM;
	op.u.cpupool_op.op = from == UINT32_MAX ? XEN_SYSCTL_CPUPOOL_OP_FREEINFO
						: XEN_SYSCTL_CPUPOOL_OP_INFO;
	op.u.cpupool_op.cpupool_id = from;
	op.u.cpupool_op.cpumap.nr_bits = HYP_MAX_CPUS;
	set_xen_guest_handle(op.u.cpupool_op.cpumap.bitmap, buf);
	rc = hv_sysctl(&op);
	*out = op.u.cpupool_op;
	memcpy(cpus, buf, HYP_MAX_CPUS / 8);
	return rc;
}

int hyp_physinfo(struct xen_sysctl_physinfo *p)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_physinfo };
	int rc = hv_sysctl(&op);

	*p = op.u.physinfo;
	return rc;
}

int hyp_console_clear(void)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_readconsole };
	void *buf = hv_scratch(1);

	if (!buf)
		return -ENOMEM;
	op.u.readconsole.clear = 1;
	op.u.readconsole.count = 1;
	set_xen_guest_handle_raw(op.u.readconsole.buffer, buf);
	return hv_sysctl(&op);
}

int hyp_debug_keys(const char *keys)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_debug_keys };
	size_t len = strlen(keys);
	char *buf = hv_scratch(len + 1);

	if (!buf)
		return -ENOMEM;
	memcpy(buf, keys, len);
	op.u.debug_keys.nr_keys = len;
	set_xen_guest_handle(op.u.debug_keys.keys, buf);
	return hv_sysctl(&op);
}

void *hyp_map(uint32_t domid, const xen_pfn_t *gfn, size_t nr, int *errs)
{
	return xenforeignmemory_map(mem, domid, PROT_READ | PROT_WRITE, nr, gfn, errs);
}

void *hyp_map_range(uint32_t domid, uint64_t gfn, size_t nr)
{
	xen_pfn_t *list = calloc(nr, sizeof(*list));
	void *p;
	size_t i;

	if (!list)
		return NULL;
	for (i = 0; i < nr; i++)
		list[i] = gfn + i;
	p = hyp_map(domid, list, nr, NULL);
	free(list);
	return p;
}

void hyp_unmap(void *p, size_t nr)
{
	xenforeignmemory_unmap(mem, p, nr);
}
