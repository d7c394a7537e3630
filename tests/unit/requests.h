/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the request of each hypercall is made of, for test_hypercall.c, which holds it against the
 * hypervisor's own table: each sub-op there has its line here. What is not named stays random.
 */
#ifndef REQUESTS_H
#define REQUESTS_H
#include <hypercall/ops.h>
#include <lib/types.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/memory.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

enum what {
	UPTO,	   /* 0 .. most */
	IS,	   /* most */
	DOM,	   /* a domain */
	NAMED,	   /* its own number */
	GFN_OF,	   /* a frame that may be RAM */
	HOLE,	   /* the number of a frame where no RAM is; few, so that they meet */
	HOLE_ADDR, /* its address */
	RAM_ADDR,  /* an address that may be RAM's */
	DEV,	   /* a device's frame */
	BUF,	   /* the address of a page; most: how many frame numbers or ports it holds */
	PORTS,
	PORT, /* resources: one that a call gave */
	REF,
	HANDLE,
	NR_WHAT,
	OUT = 0x80 /* the call gives one */
};

struct field {
	u16 at;
	u8 size, what;
	u32 most;
};

/* Where number, request and the rest go. */
enum shape {
	NONE,	/* no request */
	PLAIN,	/* cmd, request */
	ARRAY_, /* cmd, requests, how many */
	VCPU,	/* cmd, vCPU, request */
	BUFFER, /* cmd, length, buffer */
	VALUE,	/* cmd, value */
	INSIDE, /* request, which holds cmd */
	CALLS	/* entries, how many */
};

struct request {
	u8 nr, shape;
	u16 cmd, size;
	struct field field[11];
};

#define F(type, member, what, most) \
	{ \
		offsetof(type, member), sizeof(((type *)0)->member), what, most \
	}
#define NOTHING(nr, cmd) \
	{ \
		__HYPERVISOR_##nr, NONE, cmd, 0, \
		{ \
			{ \
				0 \
			} \
		} \
	}
#define REQ(nr, shape, cmd, type, ...) \
	{ \
		__HYPERVISOR_##nr, shape, cmd, sizeof(type), \
		{ \
			__VA_ARGS__ \
		} \
	}
#define VERSION(cmd, type) REQ(xen_version, PLAIN, XENVER_##cmd, type, { 0 })

/* clang-format off */
#define T struct xen_memory_reservation
#define EXTENTS_OF(cmd) \
	REQ(memory_op, PLAIN, cmd, T, F(T, extent_start, BUF, 64), F(T, nr_extents, UPTO, 40), \
	    F(T, extent_order, UPTO, 10), F(T, mem_flags, IS, 0), F(T, domid, DOM, 0))
#define DOMAIN_OF(cmd) \
	REQ(memory_op, PLAIN, cmd, struct xen_memory_domain, \
	    F(struct xen_memory_domain, domid, DOM, 0))
#define EVENT(op, ...) REQ(event_channel_op, PLAIN, EVTCHNOP_##op, struct evtchn_##op, __VA_ARGS__)
#define E(op, member, what, most) F(struct evtchn_##op, member, what, most)
#define GRANT(op, type, ...) REQ(grant_table_op, ARRAY_, GNTTABOP_##op, struct type, __VA_ARGS__)
#define G(type, member, what, most) F(struct type, member, what, most)
#define SCHED(op, type, ...) REQ(sched_op, PLAIN, SCHEDOP_##op, struct type, __VA_ARGS__)
#define D(member, what, most) F(struct xen_domctl, member, what, most)
#define DOMCTL_(op, ...) \
	REQ(domctl, INSIDE, XEN_DOMCTL_##op, struct xen_domctl, D(domain, NAMED, 0), __VA_ARGS__)
#define S(member, what, most) F(struct xen_sysctl, member, what, most)
#define SYSCTL_(op, ...) REQ(sysctl, INSIDE, XEN_SYSCTL_##op, struct xen_sysctl, __VA_ARGS__)
#define BITMAP(ctl, member) \
	F(struct xen_##ctl, member.bitmap, BUF, 0), F(struct xen_##ctl, member.nr_bits, UPTO, 70)

static const struct request requests[] = {
	NOTHING(xen_version, XENVER_version),
	VERSION(extraversion, xen_extraversion_t),
	VERSION(compile_info, xen_compile_info_t),
	VERSION(capabilities, xen_capabilities_info_t),
	VERSION(changeset, xen_changeset_info_t),
	VERSION(platform_parameters, xen_platform_parameters_t),
	REQ(xen_version, PLAIN, XENVER_get_features, xen_feature_info_t,
	    F(xen_feature_info_t, submap_idx, UPTO, 2)),
	NOTHING(xen_version, XENVER_pagesize),
	VERSION(guest_handle, xen_domain_handle_t),
	VERSION(commandline, xen_commandline_t),
	REQ(xen_version, PLAIN, XENVER_build_id, xen_build_id_t, F(xen_build_id_t, len, UPTO, 40)),

	EXTENTS_OF(XENMEM_populate_physmap),
	EXTENTS_OF(XENMEM_decrease_reservation),
	NOTHING(memory_op, XENMEM_maximum_ram_page),
	DOMAIN_OF(XENMEM_current_reservation),
	DOMAIN_OF(XENMEM_maximum_reservation),
	DOMAIN_OF(XENMEM_maximum_gpfn),
	NOTHING(memory_op, XENMEM_get_sharing_freed_pages),
	NOTHING(memory_op, XENMEM_get_sharing_shared_pages),
#undef T
#define T struct xen_add_to_physmap
	REQ(memory_op, PLAIN, XENMEM_add_to_physmap, T, F(T, domid, DOM, 0), F(T, space, UPTO, 5),
	    F(T, idx, UPTO, 4), F(T, gpfn, HOLE, 0)),
#undef T
#define T struct xen_add_to_physmap_batch
	REQ(memory_op, PLAIN, XENMEM_add_to_physmap_batch, T, F(T, domid, DOM, 0),
	    F(T, space, UPTO, 5), F(T, size, UPTO, 20), F(T, u.foreign_domid, DOM, 0),
	    F(T, idxs, BUF, 32), F(T, gpfns, BUF, 32), F(T, errs, BUF, 0)),
#undef T
#define T struct xen_remove_from_physmap
	REQ(memory_op, PLAIN, XENMEM_remove_from_physmap, T, F(T, domid, DOM, 0),
	    F(T, gpfn, HOLE, 0)),
#undef T
#define T struct xen_mem_acquire_resource
	REQ(memory_op, PLAIN, XENMEM_acquire_resource, T, F(T, domid, DOM, 0), F(T, type, UPTO, 1),
	    F(T, id, IS, 0), F(T, pad, IS, 0), F(T, nr_frames, UPTO, 5), F(T, frame, UPTO, 5),
	    F(T, frame_list, BUF, 8)),
#undef T

	EVENT(bind_interdomain, E(bind_interdomain, remote_dom, DOM, 0),
	      E(bind_interdomain, remote_port, PORT, 0),
	      E(bind_interdomain, local_port, PORT | OUT, 0)),
	EVENT(bind_virq, E(bind_virq, virq, UPTO, 24), E(bind_virq, vcpu, UPTO, 2),
	      E(bind_virq, port, PORT | OUT, 0)),
	EVENT(close, E(close, port, PORT, 0)),
	EVENT(send, E(send, port, PORT, 0)),
	EVENT(status, E(status, dom, DOM, 0), E(status, port, PORT, 0)),
	EVENT(alloc_unbound, E(alloc_unbound, dom, DOM, 0), E(alloc_unbound, remote_dom, DOM, 0),
	      E(alloc_unbound, port, PORT | OUT, 0)),
	EVENT(bind_ipi, E(bind_ipi, vcpu, UPTO, 2), E(bind_ipi, port, PORT | OUT, 0)),
	EVENT(bind_vcpu, E(bind_vcpu, port, PORT, 0), E(bind_vcpu, vcpu, UPTO, 2)),
	EVENT(unmask, E(unmask, port, PORT, 0)),
	EVENT(reset, E(reset, dom, DOM, 0)),
	EVENT(init_control, E(init_control, control_gfn, GFN_OF, 0),
	    E(init_control, offset, IS, 0),
	      E(init_control, vcpu, UPTO, 2)),
	EVENT(expand_array, E(expand_array, array_gfn, GFN_OF, 0)),
	EVENT(set_priority, E(set_priority, port, PORT, 0), E(set_priority, priority, UPTO, 16)),

	GRANT(map_grant_ref, gnttab_map_grant_ref,
	    G(gnttab_map_grant_ref, host_addr, HOLE_ADDR, 0),
	      G(gnttab_map_grant_ref, flags, UPTO, 7), G(gnttab_map_grant_ref, ref, REF, 0),
	      G(gnttab_map_grant_ref, dom, DOM, 0),
	      G(gnttab_map_grant_ref, handle, HANDLE | OUT, 0)),
	GRANT(unmap_grant_ref, gnttab_unmap_grant_ref,
	      G(gnttab_unmap_grant_ref, host_addr, HOLE_ADDR, 0),
	      G(gnttab_unmap_grant_ref, handle, HANDLE, 0)),
	GRANT(setup_table, gnttab_setup_table, G(gnttab_setup_table, dom, DOM, 0),
	      G(gnttab_setup_table, nr_frames, UPTO, 6),
	      G(gnttab_setup_table, frame_list, BUF, 0)),
	GRANT(dump_table, gnttab_dump_table, G(gnttab_dump_table, dom, DOM, 0)),
	GRANT(copy, gnttab_copy, G(gnttab_copy, source.u.ref, REF, 0),
	      G(gnttab_copy, source.domid, DOM, 0), G(gnttab_copy, source.offset, UPTO, 4096),
	      G(gnttab_copy, dest.u.ref, REF, 0), G(gnttab_copy, dest.domid, DOM, 0),
	      G(gnttab_copy, dest.offset, UPTO, 4096), G(gnttab_copy, len, UPTO, 4096),
	      G(gnttab_copy, flags, UPTO, 3)),
	GRANT(query_size, gnttab_query_size, G(gnttab_query_size, dom, DOM, 0)),
	GRANT(set_version, gnttab_set_version, G(gnttab_set_version, version, UPTO, 3)),
	GRANT(get_version, gnttab_get_version, G(gnttab_get_version, dom, DOM, 0)),
	GRANT(transfer, gnttab_transfer, G(gnttab_transfer, domid, DOM, 0),
	      G(gnttab_transfer, ref, REF, 0)),
	GRANT(unmap_and_replace, gnttab_unmap_and_replace,
	      G(gnttab_unmap_and_replace, host_addr, HOLE_ADDR, 0),
	      G(gnttab_unmap_and_replace, new_addr, UPTO, 1),
	      G(gnttab_unmap_and_replace, handle, HANDLE, 0)),
	GRANT(swap_grant_ref, gnttab_swap_grant_ref, G(gnttab_swap_grant_ref, ref_a, REF, 0),
	      G(gnttab_swap_grant_ref, ref_b, REF, 0)),
	GRANT(cache_flush, gnttab_cache_flush, G(gnttab_cache_flush, a.dev_bus_addr, HOLE_ADDR, 0),
	      G(gnttab_cache_flush, length, UPTO, 4096), G(gnttab_cache_flush, offset, UPTO, 4096),
	      G(gnttab_cache_flush, op, UPTO, 7)),

	NOTHING(sched_op, SCHEDOP_yield),
	NOTHING(sched_op, SCHEDOP_block),
	SCHED(shutdown, sched_shutdown, G(sched_shutdown, reason, UPTO, 5)),
	SCHED(poll, sched_poll, G(sched_poll, ports, PORTS, 8), G(sched_poll, nr_ports, UPTO, 4)),
	SCHED(remote_shutdown, sched_remote_shutdown, G(sched_remote_shutdown, domain_id, DOM, 0),
	      G(sched_remote_shutdown, reason, UPTO, 5)),
	SCHED(shutdown_code, sched_shutdown, G(sched_shutdown, reason, UPTO, 5)),
	SCHED(watchdog, sched_watchdog, G(sched_watchdog, id, UPTO, 3),
	      G(sched_watchdog, timeout, UPTO, 10)),

	REQ(vcpu_op, VCPU, VCPUOP_is_up, u64, { 0 }),
	REQ(vcpu_op, VCPU, VCPUOP_get_runstate_info, struct vcpu_runstate_info, { 0 }),
	REQ(vcpu_op, VCPU, VCPUOP_register_runstate_memory_area,
	    struct vcpu_register_runstate_memory_area,
	    F(struct vcpu_register_runstate_memory_area, addr.p, RAM_ADDR, 0)),
	REQ(vcpu_op, VCPU, VCPUOP_register_vcpu_info, struct vcpu_register_vcpu_info,
	    F(struct vcpu_register_vcpu_info, mfn, GFN_OF, 0),
	    F(struct vcpu_register_vcpu_info, offset, UPTO, 4096)),
	REQ(hvm_op, PLAIN, HVMOP_set_param, struct xen_hvm_param,
	    F(struct xen_hvm_param, domid, DOM, 0),
	    F(struct xen_hvm_param, index, UPTO, HVM_NR_PARAMS),
	    F(struct xen_hvm_param, value, GFN_OF, 0)),
	REQ(hvm_op, PLAIN, HVMOP_get_param, struct xen_hvm_param,
	    F(struct xen_hvm_param, domid, DOM, 0),
	    F(struct xen_hvm_param, index, UPTO, HVM_NR_PARAMS)),
	REQ(console_io, BUFFER, CONSOLEIO_write, char[300], { 0 }),
	REQ(console_io, BUFFER, CONSOLEIO_read, char[300], { 0 }),
	REQ(vm_assist, VALUE, 0, u64, { 0 }),
	REQ(multicall, CALLS, 0, struct multicall_entry, { 0 }),
	REQ(platform_op, INSIDE, XENPF_settime64, struct xen_platform_op,
	    F(struct xen_platform_op, u.settime64.nsecs, UPTO, 1000000000),
	    F(struct xen_platform_op, u.settime64.mbz, IS, 0)),

	DOMCTL_(createdomain,
		D(u.createdomain.flags, UPTO, XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap),
		D(u.createdomain.iommu_opts, IS, 0), D(u.createdomain.max_vcpus, UPTO, 4),
		D(u.createdomain.max_evtchn_port, UPTO, 2000),
		D(u.createdomain.max_grant_frames, UPTO, 64),
		D(u.createdomain.max_maptrack_frames, UPTO, 64),
		D(u.createdomain.grant_opts, IS, 1),
		D(u.createdomain.arch.gic_version, UPTO, 3),
		D(u.createdomain.arch.nr_spis, UPTO, 64)),
	DOMCTL_(destroydomain),
	DOMCTL_(pausedomain),
	DOMCTL_(unpausedomain),
	DOMCTL_(getdomaininfo),
	DOMCTL_(setvcpuaffinity, D(u.vcpuaffinity.vcpu, UPTO, 3), D(u.vcpuaffinity.flags, UPTO, 7),
		BITMAP(domctl, u.vcpuaffinity.cpumap_hard),
		BITMAP(domctl, u.vcpuaffinity.cpumap_soft)),
	DOMCTL_(max_mem, D(u.max_mem.max_memkb, UPTO, 1 << 15)),
	DOMCTL_(setvcpucontext, D(u.vcpucontext.vcpu, UPTO, 2), D(u.vcpucontext.ctxt, BUF, 0)),
	DOMCTL_(getvcpucontext, D(u.vcpucontext.vcpu, UPTO, 2), D(u.vcpucontext.ctxt, BUF, 0)),
	DOMCTL_(getvcpuinfo, D(u.getvcpuinfo.vcpu, UPTO, 2)),
	DOMCTL_(max_vcpus, D(u.max_vcpus.max, UPTO, 4)),
	DOMCTL_(scheduler_op, D(u.scheduler_op.sched_id, IS, XEN_SCHEDULER_CREDIT2),
		D(u.scheduler_op.cmd, UPTO, 3), D(u.scheduler_op.u.credit2.weight, UPTO, 65535),
		D(u.scheduler_op.u.credit2.cap, UPTO, 300)),
	DOMCTL_(setdomainhandle),
	DOMCTL_(irq_permission, D(u.irq_permission.pirq, UPTO, 100),
		D(u.irq_permission.allow_access, UPTO, 1), D(u.irq_permission.pad, IS, 0)),
	DOMCTL_(iomem_permission, D(u.iomem_permission.first_mfn, DEV, 0),
		D(u.iomem_permission.nr_mfns, UPTO, 20),
		D(u.iomem_permission.allow_access, UPTO, 1)),
	DOMCTL_(settimeoffset),
	DOMCTL_(getvcpuaffinity, D(u.vcpuaffinity.vcpu, UPTO, 3), D(u.vcpuaffinity.flags, UPTO, 7),
		BITMAP(domctl, u.vcpuaffinity.cpumap_hard),
		BITMAP(domctl, u.vcpuaffinity.cpumap_soft)),
	DOMCTL_(resumedomain),
	DOMCTL_(set_address_size, D(u.address_size.size, IS, 64)),
	DOMCTL_(assign_device),
	DOMCTL_(bind_pt_irq, D(u.bind_pt_irq.machine_irq, UPTO, 40),
		D(u.bind_pt_irq.irq_type, UPTO, 5),
		D(u.bind_pt_irq.u.spi.spi, UPTO, 40)),
	DOMCTL_(memory_mapping, D(u.memory_mapping.first_gfn, HOLE, 0),
		D(u.memory_mapping.first_mfn, DEV, 0), D(u.memory_mapping.nr_mfns, UPTO, 70),
		D(u.memory_mapping.add_mapping, UPTO, 1), D(u.memory_mapping.padding, IS, 0)),
	DOMCTL_(test_assign_device),
	DOMCTL_(deassign_device),
	DOMCTL_(unbind_pt_irq, D(u.bind_pt_irq.machine_irq, UPTO, 40),
		D(u.bind_pt_irq.irq_type, UPTO, 5), D(u.bind_pt_irq.u.spi.spi, UPTO, 40)),
	DOMCTL_(get_device_group),
	DOMCTL_(setnodeaffinity, BITMAP(domctl, u.nodeaffinity.nodemap)),
	DOMCTL_(getnodeaffinity, BITMAP(domctl, u.nodeaffinity.nodemap)),
	DOMCTL_(cacheflush, D(u.cacheflush.start_pfn, GFN_OF, 0),
		D(u.cacheflush.nr_pfns, UPTO, 200)),
	DOMCTL_(get_paging_mempool_size),
	DOMCTL_(set_paging_mempool_size, D(u.paging_mempool.size, UPTO, 1 << 20)),
	DOMCTL_(vuart_op, D(u.vuart_op.cmd, UPTO, 1), D(u.vuart_op.type, UPTO, 1),
		D(u.vuart_op.gfn, GFN_OF, 0), D(u.vuart_op.console_domid, DOM, 0),
		D(u.vuart_op.pad, IS, 0), D(u.vuart_op.evtchn, PORT | OUT, 0)),

	SYSCTL_(readconsole, S(u.readconsole.buffer, BUF, 0), S(u.readconsole.count, UPTO, 2000)),
	SYSCTL_(physinfo, { 0 }),
	SYSCTL_(sched_id, { 0 }),
	SYSCTL_(getdomaininfolist, S(u.getdomaininfolist.first_domain, DOM, 0),
		S(u.getdomaininfolist.max_domains, UPTO, 20),
		S(u.getdomaininfolist.buffer, BUF, 0)),
	SYSCTL_(debug_keys, S(u.debug_keys.keys, BUF, 0), S(u.debug_keys.nr_keys, UPTO, 130)),
	SYSCTL_(getcpuinfo, S(u.getcpuinfo.info, BUF, 0), S(u.getcpuinfo.max_cpus, UPTO, 4)),
	SYSCTL_(availheap, S(u.availheap.node, UPTO, 2)),
	SYSCTL_(cputopoinfo, S(u.cputopoinfo.num_cpus, UPTO, 4), S(u.cputopoinfo.cputopo, BUF, 0)),
	SYSCTL_(numainfo, S(u.numainfo.num_nodes, UPTO, 3), S(u.numainfo.meminfo, BUF, 0),
		S(u.numainfo.distance, BUF, 0)),
	SYSCTL_(cpupool_op, S(u.cpupool_op.op, UPTO, 9), S(u.cpupool_op.cpupool_id, UPTO, 1),
		S(u.cpupool_op.domid, DOM, 0), BITMAP(sysctl, u.cpupool_op.cpumap)),
	SYSCTL_(scheduler_op, S(u.scheduler_op.cpupool_id, UPTO, 1),
		S(u.scheduler_op.sched_id, IS, XEN_SCHEDULER_CREDIT2),
		S(u.scheduler_op.cmd, UPTO, 2),
		S(u.scheduler_op.u.sched_credit2.ratelimit_us, UPTO, 2000)),
};
/* clang-format on */
#endif
