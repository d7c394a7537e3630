// SPDX-License-Identifier: GPL-2.0-only
/*
 * hyp.c - the hypercalls of xl that need buffers, several steps or foreign memory.
 *
 * Owns the handle for foreign memory and the list of domains.  Single-threaded: no lock.
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
	if (!mem && hv_open())
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
	return hv_issue(__HYPERVISOR_xen_version, cmd, arg, len, NULL);
}

int hyp_domains(const hyp_dominfo **list)
{
	static hyp_dominfo all[HYP_MAX_DOMAINS];
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_getdomaininfolist };
	struct xen_sysctl_getdomaininfolist *l = &op.u.getdomaininfolist;
	unsigned int n = 0;
	int rc;

	*list = all;
	do {
		l->first_domain = n ? all[n - 1].domain + 1u : 0;
		l->max_domains = 32; /* to a page */
		rc = hv_sysctl(&op, HV_BUFS({ &l->buffer, 32 * sizeof(*all), .out = all + n }));
		n += l->num_domains;
	} while (!rc && l->num_domains == 32 && n < HYP_MAX_DOMAINS);
	return rc ?: (int)n;
}

/* Permission first, then the mapping, of which the hypervisor takes 64 pages in one call. */
int hyp_dom_iomem(uint32_t domid, uint64_t gfn, uint64_t mfn, uint64_t nr)
{
	int rc = HV_DOMCTL(
		domid, iomem_permission,
		.u.iomem_permission = { .first_mfn = mfn, .nr_mfns = nr, .allow_access = 1 });

	for (uint64_t done = 0; !rc && done < nr; done += 64)
		rc = HV_DOMCTL(domid, memory_mapping,
			       .u.memory_mapping = { .first_gfn = gfn + done,
						     .first_mfn = mfn + done,
						     .nr_mfns = nr - done < 64 ? nr - done : 64,
						     .add_mapping = 1 });
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
	struct xen_domctl op = { .cmd = XEN_DOMCTL_assign_device,
				 .domain = domid,
				 .u.assign_device = { .dev = XEN_DOMCTL_DEV_DT,
						      .u.dt.size = strlen(path) } };

	return hv_domctl(&op, HV_BUFS({ &op.u.assign_device.u.dt.path, strlen(path), path }));
}

/* Returns how many extents were populated, which may be fewer than asked for. */
int hyp_dom_populate(uint32_t domid, const xen_pfn_t *gfn, unsigned int nr, unsigned int order)
{
	struct xen_memory_reservation r = { .nr_extents = nr,
					    .extent_order = order,
					    .domid = domid };

	return hv_issue(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r, sizeof(r),
			HV_BUFS({ &r.extent_start, nr * sizeof(*gfn), gfn }));
}

int hyp_dom_param(uint32_t domid, unsigned int index, uint64_t value)
{
	struct xen_hvm_param p = { .domid = domid, .index = index, .value = value };

	return hv_issue(__HYPERVISOR_hvm_op, HVMOP_set_param, &p, sizeof(p), NULL);
}

int hyp_dom_evtchn(uint32_t domid)
{
	struct evtchn_alloc_unbound a = { .dom = domid, .remote_dom = 0 };
	int rc = hv_issue(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &a, sizeof(a),
			  NULL);

	return rc ?: (int)a.port;
}

int hyp_dom_vuart(uint32_t domid, uint64_t gfn)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_vuart_op,
				 .domain = domid,
				 .u.vuart_op = { .cmd = XEN_DOMCTL_VUART_OP_INIT,
						 .type = XEN_DOMCTL_VUART_TYPE_VPL011,
						 .gfn = gfn } };

	return hv_domctl(&op, NULL) ?: (int)op.u.vuart_op.evtchn;
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

int hyp_vcpu_context(uint32_t domid, unsigned int cmd, unsigned int vcpu,
		     struct vcpu_guest_context *ctxt)
{
	struct xen_domctl op = { .cmd = cmd, .domain = domid, .u.vcpucontext.vcpu = vcpu };

	return hv_domctl(&op, HV_BUFS({ &op.u.vcpucontext.ctxt, sizeof(*ctxt), ctxt, ctxt }));
}

int hyp_vcpu_info(uint32_t domid, unsigned int vcpu, struct xen_domctl_getvcpuinfo *out)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_getvcpuinfo,
				 .domain = domid,
				 .u.getvcpuinfo.vcpu = vcpu };
	int rc = hv_domctl(&op, NULL);

	*out = op.u.getvcpuinfo;
	return rc;
}

int hyp_vcpu_affinity(uint32_t domid, unsigned int cmd, unsigned int vcpu, uint8_t *hard,
		      uint8_t *soft, uint32_t flags)
{
	const size_t bytes = HYP_MAX_CPUS / 8;
	bool get = cmd == XEN_DOMCTL_getvcpuaffinity;
	struct xen_domctl op = { .cmd = cmd, .domain = domid };
	struct xen_domctl_vcpuaffinity *a = &op.u.vcpuaffinity;

	a->vcpu = vcpu;
	a->flags = flags | (hard ? XEN_VCPUAFFINITY_HARD : 0) | (soft ? XEN_VCPUAFFINITY_SOFT : 0);
	a->cpumap_hard.nr_bits = hard ? HYP_MAX_CPUS : 0;
	a->cpumap_soft.nr_bits = soft ? HYP_MAX_CPUS : 0;
	return hv_domctl(&op, HV_BUFS({ &a->cpumap_hard.bitmap, bytes, hard, get ? hard : NULL },
				      { &a->cpumap_soft.bitmap, bytes, soft, get ? soft : NULL }));
}

int hyp_sched(uint32_t domid, unsigned int cmd, struct xen_domctl_sched_credit2 *p)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_scheduler_op, .domain = domid };
	int rc;

	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = cmd;
	op.u.scheduler_op.u.credit2 = *p;
	rc = hv_domctl(&op, NULL);
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
	rc = hv_sysctl(&op, NULL);
	if (!rc)
		*us = op.u.scheduler_op.u.sched_credit2.ratelimit_us;
	return rc;
}

int hyp_cpupool_info(uint32_t from, struct xen_sysctl_cpupool_op *out, uint8_t *cpus)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_cpupool_op };
	int rc;

	op.u.cpupool_op.op = from == UINT32_MAX ? XEN_SYSCTL_CPUPOOL_OP_FREEINFO
						: XEN_SYSCTL_CPUPOOL_OP_INFO;
	op.u.cpupool_op.cpupool_id = from;
	op.u.cpupool_op.cpumap.nr_bits = HYP_MAX_CPUS;
	rc = hv_sysctl(&op,
		       HV_BUFS({ &op.u.cpupool_op.cpumap.bitmap, HYP_MAX_CPUS / 8, .out = cpus }));
	*out = op.u.cpupool_op;
	return rc;
}

int hyp_physinfo(struct xen_sysctl_physinfo *p)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_physinfo };
	int rc = hv_sysctl(&op, NULL);

	*p = op.u.physinfo;
	return rc;
}

int hyp_topology(struct xen_sysctl_cputopo *cpus, struct xen_sysctl_meminfo *node,
		 uint32_t *distance)
{
	struct xen_sysctl t = { .cmd = XEN_SYSCTL_cputopoinfo,
				.u.cputopoinfo.num_cpus = HYP_MAX_CPUS };
	struct xen_sysctl n = { .cmd = XEN_SYSCTL_numainfo, .u.numainfo.num_nodes = 1 };
	int rc = hv_sysctl(&t, HV_BUFS({ &t.u.cputopoinfo.cputopo, HYP_MAX_CPUS * sizeof(*cpus),
					 .out = cpus }));

	rc = rc
		     ?: hv_sysctl(&n, HV_BUFS({ &n.u.numainfo.meminfo, sizeof(*node), .out = node },
					      { &n.u.numainfo.distance, sizeof(*distance),
						.out = distance }));
	return rc ?: (int)t.u.cputopoinfo.num_cpus;
}

int hyp_console_clear(void)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_readconsole,
				 .u.readconsole = { .clear = 1, .count = 1 } };
	char c;

	return hv_sysctl(&op, HV_BUFS({ &op.u.readconsole.buffer, 1, .out = &c }));
}

int hyp_debug_keys(const char *keys)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_debug_keys,
				 .u.debug_keys.nr_keys = strlen(keys) };

	return hv_sysctl(&op, HV_BUFS({ &op.u.debug_keys.keys, strlen(keys), keys }));
}

void *hyp_map(uint32_t domid, const xen_pfn_t *gfn, size_t nr, int *errs)
{
	return xenforeignmemory_map(mem, domid, PROT_READ | PROT_WRITE, nr, gfn, errs);
}

void hyp_unmap(void *p, size_t nr)
{
	xenforeignmemory_unmap(mem, p, nr);
}
