// SPDX-License-Identifier: GPL-2.0-only
/*
 * The closed list of hypercalls: number and sub-op -> entry and permission. What is not here does
 * not exist: -ENOSYS (VCPUOPs: -EINVAL, as on ARM Xen). docs/abi.md has a line for every name of
 * the public headers; scripts/check-abi holds the two against each other. No state, no lock.
 */
#include <hypercall/ops.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <xen/xen.h>

#define ANY any
#define CONTROL control

#define OP(cmd, permission, entry) [cmd] = { .permission = (entry) }

static const struct sub_op xen_version_ops[] = {
	OP(XENVER_version, ANY, hc_xenver_version),
	OP(XENVER_extraversion, ANY, hc_xenver_extraversion),
	OP(XENVER_compile_info, ANY, hc_xenver_compile_info),
	OP(XENVER_capabilities, ANY, hc_xenver_capabilities),
	OP(XENVER_changeset, ANY, hc_xenver_changeset),
	OP(XENVER_platform_parameters, ANY, hc_xenver_platform_parameters),
	OP(XENVER_get_features, ANY, hc_xenver_get_features),
	OP(XENVER_pagesize, ANY, hc_xenver_pagesize),
	OP(XENVER_guest_handle, ANY, hc_xenver_guest_handle),
	/* others than the control domain read "<denied>" */
	OP(XENVER_commandline, ANY, hc_xenver_commandline),
	OP(XENVER_build_id, CONTROL, hc_xenver_build_id),
};

static const struct sub_op memory_ops[] = {
	OP(XENMEM_populate_physmap, ANY, hc_mem_populate_physmap),
	OP(XENMEM_decrease_reservation, ANY, hc_mem_decrease_reservation),
	OP(XENMEM_maximum_ram_page, ANY, hc_mem_maximum_ram_page),
	OP(XENMEM_current_reservation, ANY, hc_mem_current_reservation),
	OP(XENMEM_maximum_reservation, ANY, hc_mem_maximum_reservation),
	OP(XENMEM_maximum_gpfn, ANY, hc_mem_maximum_gpfn),
	OP(XENMEM_add_to_physmap, ANY, hc_mem_add_to_physmap),
	OP(XENMEM_add_to_physmap_batch, ANY, hc_mem_add_to_physmap_batch),
	OP(XENMEM_remove_from_physmap, ANY, hc_mem_remove_from_physmap),
	OP(XENMEM_get_sharing_freed_pages, ANY, hc_mem_get_sharing_pages),
	OP(XENMEM_get_sharing_shared_pages, ANY, hc_mem_get_sharing_pages),
	OP(XENMEM_acquire_resource, CONTROL, hc_mem_acquire_resource),
};

static const struct sub_op event_channel_ops[] = {
	OP(EVTCHNOP_bind_interdomain, ANY, hc_evtchn_bind_interdomain),
	OP(EVTCHNOP_bind_virq, ANY, hc_evtchn_bind_virq),
	OP(EVTCHNOP_close, ANY, hc_evtchn_close),
	OP(EVTCHNOP_send, ANY, hc_evtchn_send),
	OP(EVTCHNOP_status, ANY, hc_evtchn_status),
	OP(EVTCHNOP_alloc_unbound, ANY, hc_evtchn_alloc_unbound),
	OP(EVTCHNOP_bind_ipi, ANY, hc_evtchn_bind_ipi),
	OP(EVTCHNOP_bind_vcpu, ANY, hc_evtchn_bind_vcpu),
	OP(EVTCHNOP_unmask, ANY, hc_evtchn_unmask),
	OP(EVTCHNOP_reset, ANY, hc_evtchn_reset),
	OP(EVTCHNOP_init_control, ANY, hc_evtchn_init_control),
	OP(EVTCHNOP_expand_array, ANY, hc_evtchn_expand_array),
	OP(EVTCHNOP_set_priority, ANY, hc_evtchn_set_priority),
};

static const struct sub_op grant_table_ops[] = {
	OP(GNTTABOP_map_grant_ref, ANY, hc_gnttab_map_grant_ref),
	OP(GNTTABOP_unmap_grant_ref, ANY, hc_gnttab_unmap_grant_ref),
	OP(GNTTABOP_setup_table, ANY, hc_gnttab_setup_table),
	OP(GNTTABOP_dump_table, CONTROL, hc_gnttab_dump_table),
	OP(GNTTABOP_copy, ANY, hc_gnttab_copy),
	OP(GNTTABOP_query_size, ANY, hc_gnttab_query_size),
	OP(GNTTABOP_set_version, ANY, hc_gnttab_set_version),
	OP(GNTTABOP_get_version, ANY, hc_gnttab_get_version),
	OP(GNTTABOP_transfer, ANY, hc_gnttab_transfer), /* each request refused */
	OP(GNTTABOP_unmap_and_replace, ANY, hc_gnttab_unmap_and_replace),
	OP(GNTTABOP_swap_grant_ref, ANY, hc_gnttab_swap_grant_ref),
	OP(GNTTABOP_cache_flush, ANY, hc_gnttab_cache_flush),
};

static const struct sub_op sched_ops[] = {
	OP(SCHEDOP_yield, ANY, hc_sched_yield),
	OP(SCHEDOP_block, ANY, hc_sched_block),
	OP(SCHEDOP_shutdown, ANY, hc_sched_shutdown),
	OP(SCHEDOP_poll, ANY, hc_sched_poll),
	OP(SCHEDOP_remote_shutdown, CONTROL, hc_sched_remote_shutdown),
	OP(SCHEDOP_shutdown_code, ANY, hc_sched_shutdown_code),
	OP(SCHEDOP_watchdog, ANY, hc_sched_watchdog),
};

static const struct sub_op vcpu_ops[] = {
	OP(VCPUOP_is_up, ANY, hc_vcpu_is_up),
	OP(VCPUOP_get_runstate_info, ANY, hc_vcpu_get_runstate_info),
	OP(VCPUOP_register_runstate_memory_area, ANY, hc_vcpu_register_runstate),
	OP(VCPUOP_register_vcpu_info, ANY, hc_vcpu_register_vcpu_info),
};

static const struct sub_op hvm_ops[] = {
	OP(HVMOP_set_param, ANY, hc_hvm_set_param),
	OP(HVMOP_get_param, ANY, hc_hvm_get_param),
};

static const struct sub_op console_io_ops[] = {
	OP(CONSOLEIO_write, ANY, hc_console_write),
	OP(CONSOLEIO_read, CONTROL, hc_console_read),
};

/* Calls without sub-ops, or with their number in memory. */
static const struct sub_op platform_op[] = { OP(0, CONTROL, hc_platform_op) };
static const struct sub_op multicall_op[] = { OP(0, ANY, hc_multicall) };
static const struct sub_op vm_assist_op[] = { OP(0, ANY, hc_vm_assist) };
static const struct sub_op sysctl_op[] = { OP(0, CONTROL, hc_sysctl) };
static const struct sub_op domctl_op[] = { OP(0, CONTROL, hc_domctl) };

#define CALL(number, table, mask, err) \
	[number] = { .sub = (table), .cmd_mask = (mask), .nr = ARRAY_SIZE(table), .unknown = (err) }
#define CMD32 0xffffffff

const struct hypercall hypercalls[] = {
	CALL(__HYPERVISOR_platform_op, platform_op, 0, 0),
	CALL(__HYPERVISOR_memory_op, memory_ops, BIT(MEMOP_CMD_BITS) - 1, ENOSYS),
	CALL(__HYPERVISOR_multicall, multicall_op, 0, 0),
	CALL(__HYPERVISOR_xen_version, xen_version_ops, CMD32, ENOSYS),
	CALL(__HYPERVISOR_console_io, console_io_ops, CMD32, ENOSYS),
	CALL(__HYPERVISOR_grant_table_op, grant_table_ops, 0xfff, ENOSYS),
	CALL(__HYPERVISOR_vm_assist, vm_assist_op, 0, 0),
	CALL(__HYPERVISOR_vcpu_op, vcpu_ops, CMD32, EINVAL),
	CALL(__HYPERVISOR_sched_op, sched_ops, CMD32, ENOSYS),
	/* above: expand_array's progress */
	CALL(__HYPERVISOR_event_channel_op, event_channel_ops, BIT(31) - 1, ENOSYS),
	CALL(__HYPERVISOR_hvm_op, hvm_ops, CMD32, ENOSYS),
	CALL(__HYPERVISOR_sysctl, sysctl_op, 0, 0),
	CALL(__HYPERVISOR_domctl, domctl_op, 0, 0),
};

const unsigned nr_hypercalls = ARRAY_SIZE(hypercalls);

#define DOMCTL(cmd, entry, how) [cmd] = { .fn = (entry), .flags = (how) }

const struct domctl_entry domctls[] = {
	DOMCTL(XEN_DOMCTL_createdomain, domctl_create, DOMCTL_BACK | DOMCTL_NO_DOMAIN),
	DOMCTL(XEN_DOMCTL_destroydomain, domctl_destroy, DOMCTL_OTHER),
	DOMCTL(XEN_DOMCTL_pausedomain, domctl_pause, DOMCTL_OTHER),
	DOMCTL(XEN_DOMCTL_unpausedomain, domctl_unpause, 0),
	DOMCTL(XEN_DOMCTL_getdomaininfo, domctl_getinfo, DOMCTL_BACK | DOMCTL_NO_DOMAIN),
	DOMCTL(XEN_DOMCTL_setvcpuaffinity, domctl_setvcpuaffinity, 0),
	DOMCTL(XEN_DOMCTL_max_mem, domctl_max_mem, 0),
	DOMCTL(XEN_DOMCTL_setvcpucontext, domctl_setvcpucontext, DOMCTL_OTHER),
	DOMCTL(XEN_DOMCTL_getvcpucontext, domctl_getvcpucontext, DOMCTL_OTHER),
	DOMCTL(XEN_DOMCTL_getvcpuinfo, domctl_getvcpuinfo, DOMCTL_BACK),
	DOMCTL(XEN_DOMCTL_max_vcpus, domctl_max_vcpus, DOMCTL_OTHER),
	DOMCTL(XEN_DOMCTL_scheduler_op, domctl_sched, DOMCTL_BACK),
	DOMCTL(XEN_DOMCTL_setdomainhandle, domctl_setdomainhandle, 0),
	DOMCTL(XEN_DOMCTL_irq_permission, domctl_irq_permission, 0),
	DOMCTL(XEN_DOMCTL_iomem_permission, domctl_iomem_permission, 0),
	DOMCTL(XEN_DOMCTL_settimeoffset, domctl_settimeoffset, 0),
	DOMCTL(XEN_DOMCTL_getvcpuaffinity, domctl_getvcpuaffinity, 0),
	DOMCTL(XEN_DOMCTL_resumedomain, domctl_resume, DOMCTL_OTHER),
	DOMCTL(XEN_DOMCTL_set_address_size, domctl_set_address_size, DOMCTL_OTHER),
	DOMCTL(XEN_DOMCTL_assign_device, domctl_no_iommu, 0),
	DOMCTL(XEN_DOMCTL_bind_pt_irq, domctl_bind_pt_irq, 0),
	DOMCTL(XEN_DOMCTL_memory_mapping, domctl_memory_mapping, 0),
	DOMCTL(XEN_DOMCTL_test_assign_device, domctl_no_iommu, 0),
	DOMCTL(XEN_DOMCTL_deassign_device, domctl_no_iommu, 0),
	DOMCTL(XEN_DOMCTL_unbind_pt_irq, domctl_unbind_pt_irq, 0),
	DOMCTL(XEN_DOMCTL_get_device_group, domctl_no_iommu, 0),
	DOMCTL(XEN_DOMCTL_setnodeaffinity, domctl_setnodeaffinity, 0),
	DOMCTL(XEN_DOMCTL_getnodeaffinity, domctl_getnodeaffinity, 0),
	DOMCTL(XEN_DOMCTL_cacheflush, domctl_cacheflush, DOMCTL_BACK),
	DOMCTL(XEN_DOMCTL_vuart_op, domctl_vuart, DOMCTL_BACK | DOMCTL_OTHER),
	DOMCTL(XEN_DOMCTL_get_paging_mempool_size, domctl_get_paging, DOMCTL_BACK),
	DOMCTL(XEN_DOMCTL_set_paging_mempool_size, domctl_set_paging, 0),
};
const unsigned nr_domctls = ARRAY_SIZE(domctls);

#define SYSCTL(cmd, entry) [cmd] = (entry)

sysctl_fn *const sysctls[] = {
	SYSCTL(XEN_SYSCTL_readconsole, sysctl_readconsole),
	SYSCTL(XEN_SYSCTL_physinfo, sysctl_physinfo),
	SYSCTL(XEN_SYSCTL_sched_id, sysctl_sched_id),
	SYSCTL(XEN_SYSCTL_getdomaininfolist, sysctl_getdomaininfolist),
	SYSCTL(XEN_SYSCTL_debug_keys, sysctl_debug_keys),
	SYSCTL(XEN_SYSCTL_getcpuinfo, sysctl_getcpuinfo),
	SYSCTL(XEN_SYSCTL_availheap, sysctl_availheap),
	SYSCTL(XEN_SYSCTL_cputopoinfo, sysctl_cputopoinfo),
	SYSCTL(XEN_SYSCTL_numainfo, sysctl_numainfo),
	SYSCTL(XEN_SYSCTL_cpupool_op, sysctl_cpupool),
	SYSCTL(XEN_SYSCTL_scheduler_op, sysctl_sched),
};
const unsigned nr_sysctls = ARRAY_SIZE(sysctls);

/* What no domain but the control domain may call, or what is not there. */
static __attribute__((noinline)) s64 dispatch_other(struct vcpu *v, u64 nr, u64 *a)
{
	const struct hypercall *call = &hypercalls[nr];
	u64 cmd = a[0] & call->cmd_mask;
	hypercall_fn *fn = cmd < call->nr ? call->sub[cmd].control : NULL;

	if (!call->nr)
		return -ENOSYS;
	if (!fn)
		return -(s64)call->unknown;
	return v->domain->privileged ? fn(v, a) : -EPERM;
}

static inline s64 dispatch(struct vcpu *v, u64 nr, u64 *a)
{
	const struct hypercall *call;
	hypercall_fn *fn;
	u64 cmd;

	if (unlikely(nr >= ARRAY_SIZE(hypercalls)))
		return -ENOSYS;
	call = &hypercalls[nr];
	cmd = a[0] & call->cmd_mask;
	if (unlikely(cmd >= call->nr))
		return dispatch_other(v, nr, a);
	fn = call->sub[cmd].any;
	return likely(fn) ? fn(v, a) : dispatch_other(v, nr, a);
}

s64 hypercall_one(struct vcpu *v, u64 nr, u64 *a)
{
	return dispatch(v, nr, a);
}

s64 hypercall_run(struct vcpu *v)
{
	return dispatch(v, v->x[16], v->x);
}

/* The upper halves of the registers mean nothing. */
void hypercall_trap32(struct vcpu *v)
{
	s64 r;

	for (unsigned i = 0; i < 5; i++)
		v->x[i] = (u32)v->x[i];
	r = hypercall_one(v, (u32)v->x[12], v->x);
	if (likely(r != -ERESTART))
		v->x[0] = (u64)r;
	else
		v->pc -= 4;
}

struct domain *target_get_other(struct vcpu *v, domid_t id, int *err)
{
	struct domain *d;

	if (!v->domain->privileged) {
		*err = -EPERM;
		return NULL;
	}
	d = domain_get_by_id(id);
	if (!d)
		*err = -ESRCH;
	return d;
}
