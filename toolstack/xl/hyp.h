/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XL_HYP_H
#define XL_HYP_H

/*
 * Hypercalls, one function each.  All return 0 (or a count) or -errno; memory is in 4 KiB pages
 * unless a name says KiB or bytes.  hyp_open() must have succeeded first.
 */

#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sysctl.h>
#include <xen/version.h>
#include <xen/hvm/params.h>

#define HYP_PAGE 4096ul
#define HYP_MAX_CPUS 256

typedef struct xen_domctl_getdomaininfo hyp_dominfo;

/* Opens privcmd once per process; prints why and returns -errno if this is not a Dom0. */
int hyp_open(void);
int hyp_reopen(void); /* in a child after fork: the buffers do not come along */
/* A zeroed buffer the hypervisor may read and write; valid until the next call, NULL on ENOMEM. */
void *hyp_scratch(size_t bytes);
/* Raw access for the rarely used; fills in the interface version, copies the result back. */
int hyp_domctl(struct xen_domctl *op);
int hyp_sysctl(struct xen_sysctl *op);
int hyp_version(unsigned int cmd, void *arg, size_t len); /* len 0: no argument */

int hyp_dom_list(uint32_t first, unsigned int max, hyp_dominfo *out);
int hyp_dom_info(uint32_t domid, hyp_dominfo *out); /* -ESRCH if there is no such domain */
int hyp_dom_create(struct xen_domctl_createdomain *c, uint32_t *domid);
int hyp_dom_op(uint32_t domid, unsigned int cmd); /* pause, unpause, resume */
int hyp_dom_destroy(uint32_t domid);
int hyp_dom_max_vcpus(uint32_t domid, unsigned int vcpus);
int hyp_dom_max_mem(uint32_t domid, uint64_t kib);
int hyp_dom_paging_pool(uint32_t domid, uint64_t bytes);
int hyp_dom_address_size(uint32_t domid, unsigned int bits);
int hyp_dom_cacheflush(uint32_t domid, uint64_t pfn, uint64_t nr);
int hyp_dom_iomem(uint32_t domid, uint64_t gfn, uint64_t mfn, uint64_t nr);
int hyp_dom_irq(uint32_t domid, uint32_t irq);
int hyp_dom_assign_dt(uint32_t domid, const char *path);
int hyp_dom_populate(uint32_t domid, const xen_pfn_t *gfn, unsigned int nr, unsigned int order);
int hyp_dom_param(uint32_t domid, unsigned int index, uint64_t value);
int hyp_dom_evtchn(uint32_t domid); /* new port of @domid, for Dom0 to bind */
/* The first page (HYP_GRANTS entries) of a guest's grant table; NULL with errno, else for unmap. */
#define HYP_GRANTS 512u
void *hyp_grants_map(uint32_t domid, struct grant_entry_v1 **tab);
void hyp_grants_unmap(void *res);
void hyp_grant_set(struct grant_entry_v1 *g, uint64_t gfn); /* to Dom0, read and write */
int hyp_dom_max_gfn(uint32_t domid, uint64_t *gfn);

int hyp_vcpu_set(uint32_t domid, const struct vcpu_guest_context *ctxt);
int hyp_vcpu_get(uint32_t domid, unsigned int vcpu, struct vcpu_guest_context *ctxt);
int hyp_vcpu_info(uint32_t domid, unsigned int vcpu, struct xen_domctl_getvcpuinfo *out);
/* Bitmaps of HYP_MAX_CPUS bits; NULL = leave that affinity alone. */
int hyp_vcpu_affinity_set(uint32_t domid, unsigned int vcpu, const uint8_t *hard,
			  const uint8_t *soft, bool force);
int hyp_vcpu_affinity_get(uint32_t domid, unsigned int vcpu, uint8_t *hard, uint8_t *soft);

int hyp_sched_get(uint32_t domid, struct xen_domctl_sched_credit2 *p);
int hyp_sched_put(uint32_t domid, const struct xen_domctl_sched_credit2 *p);
int hyp_sched_ratelimit(uint32_t pool, uint32_t *us, bool set);
int hyp_cpupool_info(uint32_t from, struct xen_sysctl_cpupool_op *out, uint8_t *cpus);
int hyp_physinfo(struct xen_sysctl_physinfo *p);
/* Reads from *@index on, advances it; returns bytes.  @clear empties the ring afterwards. */
int hyp_console(char *buf, uint32_t len, uint32_t *index, bool clear);
int hyp_debug_keys(const char *keys);

/* Foreign memory. */
void *hyp_map(uint32_t domid, const xen_pfn_t *gfn, size_t nr, int *errs);
void *hyp_map_range(uint32_t domid, uint64_t gfn, size_t nr);
void hyp_unmap(void *p, size_t nr);

#endif
