/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XL_HYP_H
#define XL_HYP_H

/*
 * Hypercalls of xl that need more than one line where they are made (see HV_DOMCTL for those).
 * All return 0 (or a count) or -errno; memory is in 4 KiB pages unless a name says KiB or bytes.
 * hyp_open() must have succeeded first.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/hv.h"

#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/version.h>
#include <xen/hvm/params.h>

#define HYP_PAGE 4096ul
#define HYP_MAX_CPUS 256
#define HYP_MAX_DOMAINS 1024

typedef struct xen_domctl_getdomaininfo hyp_dominfo;

/* Opens privcmd once per process; prints why and returns -errno if this is not a Dom0. */
int hyp_open(void);
int hyp_reopen(void); /* in a child after fork */
int hyp_version(unsigned int cmd, void *arg, size_t len);

/* All domains, in the order of their numbers, until the next call; how many. */
int hyp_domains(const hyp_dominfo **list);
int hyp_dom_iomem(uint32_t domid, uint64_t gfn, uint64_t mfn, uint64_t nr);
int hyp_dom_irq(uint32_t domid, uint32_t irq);
int hyp_dom_assign_dt(uint32_t domid, const char *path);
int hyp_dom_populate(uint32_t domid, const xen_pfn_t *gfn, unsigned int nr, unsigned int order);
int hyp_dom_param(uint32_t domid, unsigned int index, uint64_t value);
int hyp_dom_evtchn(uint32_t domid);		 /* new port of @domid, for Dom0 to bind */
int hyp_dom_vuart(uint32_t domid, uint64_t gfn); /* likewise, of its virtual UART on that ring */
/* The first page (HYP_GRANTS entries) of a guest's grant table; NULL with errno, else for unmap. */
#define HYP_GRANTS 512u
void *hyp_grants_map(uint32_t domid, struct grant_entry_v1 **tab);
void hyp_grants_unmap(void *res);
void hyp_grant_set(struct grant_entry_v1 *g, uint64_t gfn); /* to Dom0, read and write */

/* @cmd: XEN_DOMCTL_setvcpucontext or XEN_DOMCTL_getvcpucontext. */
int hyp_vcpu_context(uint32_t domid, unsigned int cmd, unsigned int vcpu,
		     struct vcpu_guest_context *ctxt);
int hyp_vcpu_info(uint32_t domid, unsigned int vcpu, struct xen_domctl_getvcpuinfo *out);
/*
 * Bitmaps of HYP_MAX_CPUS bits; NULL = leave that affinity alone. @flags: XEN_VCPUAFFINITY_FORCE.
 * @cmd: XEN_DOMCTL_setvcpuaffinity or XEN_DOMCTL_getvcpuaffinity.
 */
int hyp_vcpu_affinity(uint32_t domid, unsigned int cmd, unsigned int vcpu, uint8_t *hard,
		      uint8_t *soft, uint32_t flags);

/* @cmd: XEN_DOMCTL_SCHEDOP_getinfo or XEN_DOMCTL_SCHEDOP_putinfo; likewise for sysctl. */
int hyp_sched(uint32_t domid, unsigned int cmd, struct xen_domctl_sched_credit2 *p);
int hyp_sched_ratelimit(uint32_t pool, uint32_t *us, bool set);
int hyp_cpupool_info(uint32_t from, struct xen_sysctl_cpupool_op *out, uint8_t *cpus);
int hyp_physinfo(struct xen_sysctl_physinfo *p);
/* The CPUs, into an array of HYP_MAX_CPUS, and node 0, the only one.  Their number, or -errno. */
int hyp_topology(struct xen_sysctl_cputopo *cpus, struct xen_sysctl_meminfo *node,
		 uint32_t *distance);
int hyp_console_clear(void);
int hyp_debug_keys(const char *keys);

/* Foreign memory. */
void *hyp_map(uint32_t domid, const xen_pfn_t *gfn, size_t nr, int *errs);
void hyp_unmap(void *p, size_t nr);

#endif
