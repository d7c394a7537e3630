/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The entries of the dispatch table (hypercall/table.c), one function per sub-op, and what they
 * share. An entry finds its permission (ANY or CONTROL) already checked; what depends on the domain
 * named in the request goes through target_get().
 */
#ifndef HYPERCALL_OPS_H
#define HYPERCALL_OPS_H
#include <domain/domain.h>
#include <hypercall/copy.h>
#include <hypercall/hypercall.h>
#include <lib/errno.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

/*
 * The domain a request names: the caller itself (DOMID_SELF or its own id) or, for the control
 * domain only, any other. NULL and *err: -EPERM, -ESRCH. The reference (none is taken for the
 * caller itself) goes back by target_put().
 */
static inline bool is_self(const struct vcpu *v, domid_t id)
{
	return id == DOMID_SELF || id == v->domain->id;
}
struct domain *target_get_other(struct vcpu *v, domid_t id, int *err);
static inline struct domain *target_get(struct vcpu *v, domid_t id, int *err)
{
	return likely(is_self(v, id)) ? v->domain : target_get_other(v, id, err);
}
static inline void target_put(struct vcpu *v, struct domain *d)
{
	if (unlikely(d != v->domain))
		domain_put(d);
}

/* Time to cut a long call short: an interrupt waits, or this CPU has something else to do. */
static inline bool preempt_wanted(void)
{
	return irq_pending() || (READ_ONCE(this_cpu()->work) & WORK_SCHED);
}

/*
 * memory_op's and grant_table_op's progress lives above the sub-op's number in their first
 * argument.
 */
#define MEMOP_CMD_BITS 6

/* Who may call is where the entry stands. */
struct sub_op {
	/* any domain, for itself; what it may do to others the entry decides */
	hypercall_fn *any;
	hypercall_fn *control; /* the control domain; for others -EPERM */
};
struct hypercall {
	const struct sub_op *sub;
	u32 cmd_mask; /* of the first argument: the sub-op's number; 0: there are none */
	u8 nr;
	u8 unknown; /* errno of a sub-op that is not here */
};
extern const struct hypercall hypercalls[];
extern const unsigned nr_hypercalls;

/*
 * hypercall/domctl*.c, sysctl*.c: request copied in, version and domain checked, control lock held.
 * *op goes back to the guest on 0 if the table says so.
 */
typedef s64 domctl_fn(struct vcpu *v, struct domain *d, struct xen_domctl *op);
typedef s64 sysctl_fn(struct vcpu *v, struct xen_sysctl *op);
struct domctl_entry {
	domctl_fn *fn;
	u8 flags;
};
enum {
	DOMCTL_BACK = 1,      /* *op is copied back on success */
	DOMCTL_NO_DOMAIN = 2, /* op->domain is not (yet) a domain: d is NULL */
	DOMCTL_OTHER = 4
}; /* not for the caller's own domain: -EINVAL */
extern const struct domctl_entry domctls[];
extern const unsigned nr_domctls;
extern sysctl_fn *const sysctls[];
extern const unsigned nr_sysctls;

/*
 * Held during each domctl, sysctl and platform_op; who does not get it tries again by -ERESTART.
 * Only under it does a CPU wait for another (domain_pause).
 */
extern struct lock control_lock;

/* domctl_info.c */
void domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info);
bool vcpu_is_running(const struct vcpu *v);
/*
 * Bitmaps of the tools. get: bits beyond nr are dropped; put: what the tool has room for beyond nr
 * is zeroed. -EFAULT; -EINVAL: absurdly long.
 */
int bitmap_get(u64 *map, unsigned nr, const struct xenctl_bitmap *from) __must_check;
int bitmap_put(const struct xenctl_bitmap *to, const u64 *map, unsigned nr) __must_check;
/* access.c: pure. add: -ENOMEM when there would be too many ranges. */
int access_add(struct access_list *l, u64 first, u64 last) __must_check;
int access_remove(struct access_list *l, u64 first, u64 last) __must_check;
bool access_covers(const struct access_list *l, u64 first, u64 last);
/* misc.c: tells d the wall clock. */
void wallclock_update(struct domain *d);

/* One line per sub-op: name of the Xen constant, entry. */
hypercall_fn hc_xenver_version, hc_xenver_extraversion, hc_xenver_compile_info,
	hc_xenver_capabilities, hc_xenver_changeset, hc_xenver_platform_parameters,
	hc_xenver_get_features, hc_xenver_pagesize, hc_xenver_guest_handle, hc_xenver_commandline,
	hc_xenver_build_id;
hypercall_fn hc_mem_populate_physmap, hc_mem_decrease_reservation, hc_mem_maximum_ram_page,
	hc_mem_current_reservation, hc_mem_maximum_reservation, hc_mem_maximum_gpfn,
	hc_mem_add_to_physmap, hc_mem_add_to_physmap_batch, hc_mem_remove_from_physmap,
	hc_mem_acquire_resource, hc_mem_get_sharing_pages;
hypercall_fn hc_sched_yield, hc_sched_block, hc_sched_shutdown, hc_sched_poll,
	hc_sched_remote_shutdown, hc_sched_shutdown_code, hc_sched_watchdog;
hypercall_fn hc_vcpu_is_up, hc_vcpu_get_runstate_info, hc_vcpu_register_runstate,
	hc_vcpu_register_vcpu_info;
hypercall_fn hc_hvm_set_param, hc_hvm_get_param;
hypercall_fn hc_console_write, hc_console_read;
hypercall_fn hc_multicall, hc_vm_assist, hc_platform_op, hc_domctl, hc_sysctl;
/* evtchn.c, grant.c */
hypercall_fn hc_evtchn_bind_interdomain, hc_evtchn_bind_virq, hc_evtchn_close, hc_evtchn_send,
	hc_evtchn_status, hc_evtchn_alloc_unbound, hc_evtchn_bind_ipi, hc_evtchn_bind_vcpu,
	hc_evtchn_unmask, hc_evtchn_reset, hc_evtchn_init_control, hc_evtchn_expand_array,
	hc_evtchn_set_priority;
hypercall_fn hc_gnttab_map_grant_ref, hc_gnttab_unmap_grant_ref, hc_gnttab_setup_table,
	hc_gnttab_dump_table, hc_gnttab_copy, hc_gnttab_query_size, hc_gnttab_set_version,
	hc_gnttab_get_version, hc_gnttab_swap_grant_ref, hc_gnttab_cache_flush,
	hc_gnttab_unmap_and_replace, hc_gnttab_transfer;

/* domctl.c, domctl_vcpu.c, domctl_info.c, domctl_device.c */
domctl_fn domctl_create, domctl_destroy, domctl_pause, domctl_unpause, domctl_getinfo,
	domctl_max_vcpus, domctl_max_mem, domctl_set_paging, domctl_get_paging,
	domctl_set_address_size, domctl_sched, domctl_settimeoffset, domctl_setdomainhandle,
	domctl_cacheflush, domctl_resume, domctl_setnodeaffinity, domctl_getnodeaffinity;
domctl_fn domctl_setvcpucontext, domctl_getvcpucontext, domctl_setvcpuaffinity,
	domctl_getvcpuaffinity, domctl_getvcpuinfo;
domctl_fn domctl_iomem_permission, domctl_irq_permission, domctl_memory_mapping, domctl_bind_pt_irq,
	domctl_unbind_pt_irq, domctl_vuart, domctl_no_iommu;
/* sysctl.c */
sysctl_fn sysctl_readconsole, sysctl_physinfo, sysctl_sched_id, sysctl_getdomaininfolist,
	sysctl_debug_keys, sysctl_getcpuinfo, sysctl_availheap, sysctl_cputopoinfo, sysctl_numainfo,
	sysctl_cpupool, sysctl_sched;
#endif
