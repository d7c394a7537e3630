// SPDX-License-Identifier: GPL-2.0-only
/*
 * hyp.c - every hypercall xl makes, one small function each.
 *
 * Owns the privcmd handles and one scratch buffer of hypercall-safe memory (never paged, so the
 * hypervisor can translate it).  Single-threaded: no lock.  Invariant: a request is built in the
 * caller's struct, copied into the bounce page, issued, and copied back, so callers never see
 * hypercall buffers; nested buffers come from hyp_scratch() and live until its next call.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "xl/hyp.h" /* first: it asks xen.h for the tools' part of the ABI */

#include <xencall.h>
#include <xenforeignmemory.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>

static struct {
	xencall_handle *call;
	xenforeignmemory_handle *mem;
	void *bounce; /* one page: the request itself */
	void *scratch;
	size_t scratch_pages;
} hyp;

int hyp_open(void)
{
	if (hyp.call)
		return 0;
	hyp.call = xencall_open(NULL, 0);
	hyp.mem = hyp.call ? xenforeignmemory_open(NULL, 0) : NULL;
	hyp.bounce = hyp.mem ? xencall_alloc_buffer_pages(hyp.call, 1) : NULL;
	if (hyp.bounce)
		return 0;
	fprintf(stderr,
		"xl: cannot reach the hypervisor (%s): run this in Dom0, as root, with "
		"the xen-privcmd module loaded\n",
		strerror(errno));
	if (hyp.mem)
		xenforeignmemory_close(hyp.mem);
	if (hyp.call)
		xencall_close(hyp.call);
	memset(&hyp, 0, sizeof(hyp));
	return -ENODEV;
}

int hyp_reopen(void)
{
	memset(&hyp, 0, sizeof(hyp));
	return hyp_open();
}

void *hyp_scratch(size_t bytes)
{
	size_t pages = (bytes + HYP_PAGE - 1) / HYP_PAGE;

	if (pages > hyp.scratch_pages) {
		if (hyp.scratch)
			xencall_free_buffer_pages(hyp.call, hyp.scratch, hyp.scratch_pages);
		hyp.scratch = xencall_alloc_buffer_pages(hyp.call, pages);
		hyp.scratch_pages = hyp.scratch ? pages : 0;
	}
	if (hyp.scratch)
		memset(hyp.scratch, 0, hyp.scratch_pages * HYP_PAGE);
	return hyp.scratch;
}

/* Issues call @nr(@cmd, request) or, with cmd < 0, call @nr(request). */
static int issue(unsigned int nr, int cmd, void *req, size_t len)
{
	int rc;

	memcpy(hyp.bounce, req, len);
	if (cmd < 0)
		rc = xencall1(hyp.call, nr, (uintptr_t)hyp.bounce);
	else
		rc = xencall2(hyp.call, nr, cmd, (uintptr_t)hyp.bounce);
	if (rc < 0)
		rc = -errno;
	memcpy(req, hyp.bounce, len);
	return rc;
}

int hyp_domctl(struct xen_domctl *op)
{
	int rc;

	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	do {
		rc = issue(__HYPERVISOR_domctl, -1, op, sizeof(*op));
	} while (rc == -EAGAIN); /* another domctl holds the lock; Xen made us yield */
	return rc;
}

int hyp_sysctl(struct xen_sysctl *op)
{
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return issue(__HYPERVISOR_sysctl, -1, op, sizeof(*op));
}

int hyp_version(unsigned int cmd, void *arg, size_t len)
{
	int rc;

	if (len)
		return issue(__HYPERVISOR_xen_version, cmd, arg, len);
	rc = xencall2(hyp.call, __HYPERVISOR_xen_version, cmd, 0);
	return rc < 0 ? -errno : rc;
}

static struct xen_domctl dom_request(uint32_t domid, unsigned int cmd)
{
	return (struct xen_domctl){ .cmd = cmd, .domain = domid };
}

int hyp_dom_op(uint32_t domid, unsigned int cmd)
{
	struct xen_domctl op = dom_request(domid, cmd);

	return hyp_domctl(&op);
}

int hyp_dom_destroy(uint32_t domid)
{
	return hyp_dom_op(domid, XEN_DOMCTL_destroydomain);
}

int hyp_dom_list(uint32_t first, unsigned int max, hyp_dominfo *out)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_getdomaininfolist };
	void *buf = hyp_scratch(max * sizeof(*out));
	int rc;

	if (!buf)
		return -ENOMEM;
	op.u.getdomaininfolist.first_domain = first;
	op.u.getdomaininfolist.max_domains = max;
	set_xen_guest_handle(op.u.getdomaininfolist.buffer, buf);
	rc = hyp_sysctl(&op);
	if (rc < 0)
		return rc;
	if (op.u.getdomaininfolist.num_domains > max)
		return -EPROTO;
	memcpy(out, buf, op.u.getdomaininfolist.num_domains * sizeof(*out));
	return op.u.getdomaininfolist.num_domains;
}

int hyp_dom_info(uint32_t domid, hyp_dominfo *out)
{
	int n = hyp_dom_list(domid, 1, out);

	if (n < 0)
		return n;
	return n == 1 && out->domain == domid ? 0 : -ESRCH;
}

int hyp_dom_create(struct xen_domctl_createdomain *c, uint32_t *domid)
{
	struct xen_domctl op = dom_request(*domid, XEN_DOMCTL_createdomain);
	int rc;

	op.u.createdomain = *c;
	rc = hyp_domctl(&op);
	if (!rc) {
		*domid = op.domain;
		*c = op.u.createdomain;
	}
	return rc;
}

int hyp_dom_max_vcpus(uint32_t domid, unsigned int vcpus)
{
	struct xen_domctl op = dom_request(domid, XEN_DOMCTL_max_vcpus);

	op.u.max_vcpus.max = vcpus;
	return hyp_domctl(&op);
}

int hyp_dom_max_mem(uint32_t domid, uint64_t kib)
{
	struct xen_domctl op = dom_request(domid, XEN_DOMCTL_max_mem);

	op.u.max_mem.max_memkb = kib;
	return hyp_domctl(&op);
}

int hyp_dom_paging_pool(uint32_t domid, uint64_t bytes)
{
	struct xen_domctl op = dom_request(domid, XEN_DOMCTL_set_paging_mempool_size);

	op.u.paging_mempool.size = bytes;
	return hyp_domctl(&op);
}

int hyp_dom_address_size(uint32_t domid, unsigned int bits)
{
	struct xen_domctl op = dom_request(domid, XEN_DOMCTL_set_address_size);

	op.u.address_size.size = bits;
	return hyp_domctl(&op);
}

int hyp_dom_cacheflush(uint32_t domid, uint64_t pfn, uint64_t nr)
{
	struct xen_domctl op = dom_request(domid, XEN_DOMCTL_cacheflush);

	op.u.cacheflush.start_pfn = pfn;
	op.u.cacheflush.nr_pfns = nr;
	return hyp_domctl(&op);
}

/* Permission first, then the mapping; the mapping of one call is bounded, so go in steps. */
int hyp_dom_iomem(uint32_t domid, uint64_t gfn, uint64_t mfn, uint64_t nr)
{
	struct xen_domctl op = dom_request(domid, XEN_DOMCTL_iomem_permission);
	uint64_t done, step = 1024;
	int rc;

	op.u.iomem_permission.first_mfn = mfn;
	op.u.iomem_permission.nr_mfns = nr;
	op.u.iomem_permission.allow_access = 1;
	rc = hyp_domctl(&op);
	for (done = 0; !rc && done < nr; done += op.u.memory_mapping.nr_mfns) {
		op = dom_request(domid, XEN_DOMCTL_memory_mapping);
		op.u.memory_mapping.first_gfn = gfn + done;
		op.u.memory_mapping.first_mfn = mfn + done;
		op.u.memory_mapping.nr_mfns = nr - done < step ? nr - done : step;
		op.u.memory_mapping.add_mapping = 1;
		rc = hyp_domctl(&op);
		if (rc == -E2BIG && step > 1) {
			step /= 2;
			op.u.memory_mapping.nr_mfns = 0;
			rc = 0;
		}
	}
	return rc;
}

int hyp_dom_irq(uint32_t domid, uint32_t irq)
{
	struct xen_domctl op = dom_request(domid, XEN_DOMCTL_irq_permission);
	int rc;

	op.u.irq_permission.pirq = irq;
	op.u.irq_permission.allow_access = 1;
	rc = hyp_domctl(&op);
	if (rc)
		return rc;
	op = dom_request(domid, XEN_DOMCTL_bind_pt_irq);
	op.u.bind_pt_irq.machine_irq = irq;
	op.u.bind_pt_irq.irq_type = PT_IRQ_TYPE_SPI;
	op.u.bind_pt_irq.u.spi.spi = irq;
	return hyp_domctl(&op);
}

int hyp_dom_assign_dt(uint32_t domid, const char *path)
{
	struct xen_domctl op = dom_request(domid, XEN_DOMCTL_assign_device);
	size_t len = strlen(path);
	char *buf = hyp_scratch(len + 1);

	if (!buf)
		return -ENOMEM;
	memcpy(buf, path, len);
	op.u.assign_device.dev = XEN_DOMCTL_DEV_DT;
	op.u.assign_device.u.dt.size = len;
	set_xen_guest_handle(op.u.assign_device.u.dt.path, buf);
	return hyp_domctl(&op);
}

/* Returns how many extents were populated, which may be fewer than asked for. */
int hyp_dom_populate(uint32_t domid, const xen_pfn_t *gfn, unsigned int nr, unsigned int order)
{
	struct xen_memory_reservation r = { .nr_extents = nr,
					    .extent_order = order,
					    .domid = domid };
	void *buf = hyp_scratch(nr * sizeof(*gfn));

	if (!buf)
		return -ENOMEM;
	memcpy(buf, gfn, nr * sizeof(*gfn));
	set_xen_guest_handle(r.extent_start, buf);
	return issue(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r, sizeof(r));
}

int hyp_dom_param(uint32_t domid, unsigned int index, uint64_t value)
{
	struct xen_hvm_param p = { .domid = domid, .index = index, .value = value };

	return issue(__HYPERVISOR_hvm_op, HVMOP_set_param, &p, sizeof(p));
}

int hyp_dom_evtchn(uint32_t domid)
{
	struct evtchn_alloc_unbound a = { .dom = domid, .remote_dom = 0 };
	int rc = issue(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &a, sizeof(a));

	return rc ? rc : (int)a.port;
}

void *hyp_grants_map(uint32_t domid, struct grant_entry_v1 **tab)
{
	void *p = NULL, *res;

	res = xenforeignmemory_map_resource(hyp.mem, domid, XENMEM_resource_grant_table,
					    XENMEM_resource_grant_table_id_shared, 0, 1, &p,
					    PROT_READ | PROT_WRITE, 0);
	*tab = p;
	return res;
}

void hyp_grants_unmap(void *res)
{
	xenforeignmemory_unmap_resource(hyp.mem, res);
}

void hyp_grant_set(struct grant_entry_v1 *g, uint64_t gfn)
{
	g->frame = gfn;
	g->domid = 0;
	__atomic_store_n(&g->flags, GTF_permit_access, __ATOMIC_RELEASE);
}

int hyp_dom_max_gfn(uint32_t domid, uint64_t *gfn)
{
	domid_t id = domid;
	long rc;

	memcpy(hyp.bounce, &id, sizeof(id));
	rc = xencall2L(hyp.call, __HYPERVISOR_memory_op, XENMEM_maximum_gpfn,
		       (uintptr_t)hyp.bounce);
	if (rc < 0)
		return -errno;
	*gfn = rc;
	return 0;
}

static int vcpu_context(uint32_t domid, unsigned int cmd, unsigned int vcpu,
			struct vcpu_guest_context *ctxt)
{
	struct xen_domctl op = dom_request(domid, cmd);
	vcpu_guest_context_t *buf = hyp_scratch(sizeof(*buf));
	int rc;

	if (!buf)
		return -ENOMEM;
	*buf = *ctxt;
	op.u.vcpucontext.vcpu = vcpu;
	set_xen_guest_handle(op.u.vcpucontext.ctxt, buf);
	rc = hyp_domctl(&op);
	*ctxt = *buf;
	return rc;
}

int hyp_vcpu_set(uint32_t domid, const struct vcpu_guest_context *ctxt)
{
	struct vcpu_guest_context copy = *ctxt;

	return vcpu_context(domid, XEN_DOMCTL_setvcpucontext, 0, &copy);
}

int hyp_vcpu_get(uint32_t domid, unsigned int vcpu, struct vcpu_guest_context *ctxt)
{
	return vcpu_context(domid, XEN_DOMCTL_getvcpucontext, vcpu, ctxt);
}

int hyp_vcpu_info(uint32_t domid, unsigned int vcpu, struct xen_domctl_getvcpuinfo *out)
{
	struct xen_domctl op = dom_request(domid, XEN_DOMCTL_getvcpuinfo);
	int rc;

	op.u.getvcpuinfo.vcpu = vcpu;
	rc = hyp_domctl(&op);
	*out = op.u.getvcpuinfo;
	return rc;
}

static int affinity(struct xen_domctl *op, uint8_t *hard, uint8_t *soft)
{
	uint8_t *buf = hyp_scratch(HYP_MAX_CPUS / 4);
	struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	int rc;

	if (!buf)
		return -ENOMEM;
	if (hard) {
		a->flags |= XEN_VCPUAFFINITY_HARD;
		memcpy(buf, hard, HYP_MAX_CPUS / 8);
		set_xen_guest_handle(a->cpumap_hard.bitmap, buf);
		a->cpumap_hard.nr_bits = HYP_MAX_CPUS;
	}
	if (soft) {
		a->flags |= XEN_VCPUAFFINITY_SOFT;
		memcpy(buf + HYP_MAX_CPUS / 8, soft, HYP_MAX_CPUS / 8);
		set_xen_guest_handle(a->cpumap_soft.bitmap, buf + HYP_MAX_CPUS / 8);
		a->cpumap_soft.nr_bits = HYP_MAX_CPUS;
	}
	rc = hyp_domctl(op);
	if (hard)
		memcpy(hard, buf, HYP_MAX_CPUS / 8);
	if (soft)
		memcpy(soft, buf + HYP_MAX_CPUS / 8, HYP_MAX_CPUS / 8);
	return rc;
}

int hyp_vcpu_affinity_set(uint32_t domid, unsigned int vcpu, const uint8_t *hard,
			  const uint8_t *soft, bool force)
{
	struct xen_domctl op = dom_request(domid, XEN_DOMCTL_setvcpuaffinity);
	uint8_t h[HYP_MAX_CPUS / 8], s[HYP_MAX_CPUS / 8];

	if (hard)
		memcpy(h, hard, sizeof(h));
	if (soft)
		memcpy(s, soft, sizeof(s));
	op.u.vcpuaffinity.vcpu = vcpu;
	op.u.vcpuaffinity.flags = force ? XEN_VCPUAFFINITY_FORCE : 0;
	return affinity(&op, hard ? h : NULL, soft ? s : NULL);
}

int hyp_vcpu_affinity_get(uint32_t domid, unsigned int vcpu, uint8_t *hard, uint8_t *soft)
{
	struct xen_domctl op = dom_request(domid, XEN_DOMCTL_getvcpuaffinity);

	op.u.vcpuaffinity.vcpu = vcpu;
	return affinity(&op, hard, soft);
}

static int sched_op(uint32_t domid, unsigned int cmd, struct xen_domctl_sched_credit2 *p)
{
	struct xen_domctl op = dom_request(domid, XEN_DOMCTL_scheduler_op);
	int rc;

	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = cmd;
	op.u.scheduler_op.u.credit2 = *p;
	rc = hyp_domctl(&op);
	*p = op.u.scheduler_op.u.credit2;
	return rc;
}

int hyp_sched_get(uint32_t domid, struct xen_domctl_sched_credit2 *p)
{
	memset(p, 0, sizeof(*p));
	return sched_op(domid, XEN_DOMCTL_SCHEDOP_getinfo, p);
}

int hyp_sched_put(uint32_t domid, const struct xen_domctl_sched_credit2 *p)
{
	struct xen_domctl_sched_credit2 copy = *p;

	return sched_op(domid, XEN_DOMCTL_SCHEDOP_putinfo, &copy);
}

int hyp_sched_ratelimit(uint32_t pool, uint32_t *us, bool set)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_scheduler_op };
	int rc;

	op.u.scheduler_op.cpupool_id = pool;
	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = set ? XEN_SYSCTL_SCHEDOP_putinfo : XEN_SYSCTL_SCHEDOP_getinfo;
	op.u.scheduler_op.u.sched_credit2.ratelimit_us = set ? *us : 0;
	rc = hyp_sysctl(&op);
	if (!rc)
		*us = op.u.scheduler_op.u.sched_credit2.ratelimit_us;
	return rc;
}

int hyp_cpupool_info(uint32_t from, struct xen_sysctl_cpupool_op *out, uint8_t *cpus)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_cpupool_op };
	uint8_t *buf = hyp_scratch(HYP_MAX_CPUS / 8);
	int rc;

	if (!buf)
		return -ENOMEM;
	op.u.cpupool_op.op = from == UINT32_MAX ? XEN_SYSCTL_CPUPOOL_OP_FREEINFO
						: XEN_SYSCTL_CPUPOOL_OP_INFO;
	op.u.cpupool_op.cpupool_id = from;
	op.u.cpupool_op.cpumap.nr_bits = HYP_MAX_CPUS;
	set_xen_guest_handle(op.u.cpupool_op.cpumap.bitmap, buf);
	rc = hyp_sysctl(&op);
	*out = op.u.cpupool_op;
	memcpy(cpus, buf, HYP_MAX_CPUS / 8);
	return rc;
}

int hyp_physinfo(struct xen_sysctl_physinfo *p)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_physinfo };
	int rc = hyp_sysctl(&op);

	*p = op.u.physinfo;
	return rc;
}

int hyp_console(char *out, uint32_t len, uint32_t *index, bool clear)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_readconsole };
	char *buf = hyp_scratch(len);
	int rc;

	if (!buf)
		return -ENOMEM;
	op.u.readconsole.clear = clear;
	op.u.readconsole.incremental = index != NULL;
	op.u.readconsole.index = index ? *index : 0;
	op.u.readconsole.count = len;
	set_xen_guest_handle(op.u.readconsole.buffer, buf);
	rc = hyp_sysctl(&op);
	if (rc)
		return rc;
	if (index)
		*index = op.u.readconsole.index;
	if (op.u.readconsole.count > len)
		return -EPROTO;
	memcpy(out, buf, op.u.readconsole.count);
	return op.u.readconsole.count;
}

int hyp_debug_keys(const char *keys)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_debug_keys };
	size_t len = strlen(keys);
	char *buf = hyp_scratch(len + 1);

	if (!buf)
		return -ENOMEM;
	memcpy(buf, keys, len);
	op.u.debug_keys.nr_keys = len;
	set_xen_guest_handle(op.u.debug_keys.keys, buf);
	return hyp_sysctl(&op);
}

void *hyp_map(uint32_t domid, const xen_pfn_t *gfn, size_t nr, int *errs)
{
	return xenforeignmemory_map(hyp.mem, domid, PROT_READ | PROT_WRITE, nr, gfn, errs);
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
	xenforeignmemory_unmap(hyp.mem, p, nr);
}
