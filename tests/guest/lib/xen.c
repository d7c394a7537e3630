// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest of Xen sets up: shared_info, the event upcall (two-level ABI),
 * one grant frame; and short forms of the calls every test makes.
 */
#include "xen.h"

static u8 shared_page[PAGE_SIZE] __page_aligned;
static struct vcpu_info vcpu_infos[MAX_CPUS] __page_aligned;
struct shared_info *shared_info = (void *)shared_page;
void (*evtchn_handler[64])(u32 port);

/* Mapped over this page of the image, so that it has a virtual address. */
grant_entry_v1_t grant_table[PAGE_SIZE / sizeof(grant_entry_v1_t)] __page_aligned;

s64 domctl(u32 cmd, u16 domid, struct xen_domctl *op)
{
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = domid;
	return hypercall(__HYPERVISOR_domctl, (u64)op, 0, 0, 0, 0);
}

s64 sysctl(u32 cmd, struct xen_sysctl *op)
{
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return hypercall(__HYPERVISOR_sysctl, (u64)op, 0, 0, 0, 0);
}

s64 map_at(u32 space, u16 foreign, u64 idx, u64 gfn)
{
	struct xen_add_to_physmap a = {
		.domid = DOMID_SELF, .space = space, .idx = idx, .gpfn = gfn
	};
	struct xen_add_to_physmap_batch b = { .domid = DOMID_SELF, .space = (u16)space, .size = 1 };
	xen_ulong_t from = idx;
	xen_pfn_t to = gfn;
	int err = 0;
	s64 rc;

	if (space != XENMAPSPACE_gmfn_foreign)
		return memory_op(XENMEM_add_to_physmap, &a);
	b.u.foreign_domid = foreign;
	set_xen_guest_handle(b.idxs, &from);
	set_xen_guest_handle(b.gpfns, &to);
	set_xen_guest_handle(b.errs, &err);
	rc = memory_op(XENMEM_add_to_physmap_batch, &b);
	return rc ? rc : err;
}

s64 unmap_at(u64 gfn)
{
	struct xen_remove_from_physmap r = { .domid = DOMID_SELF, .gpfn = gfn };

	return memory_op(XENMEM_remove_from_physmap, &r);
}

s64 hvm_get(u16 domid, u32 index, u64 *value)
{
	struct xen_hvm_param p = { .domid = domid, .index = index };
	s64 rc = hvm_op(HVMOP_get_param, &p);

	*value = p.value;
	return rc;
}

s64 hvm_set(u16 domid, u32 index, u64 value)
{
	struct xen_hvm_param p = { .domid = domid, .index = index, .value = value };

	return hvm_op(HVMOP_set_param, &p);
}

static u64 swap_word(volatile u64 *p, u64 v)
{
	return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);
}

static void upcall(u32 iar)
{
	struct vcpu_info *vi = &vcpu_infos[cpu_id()];
	u64 sel, bits;

	(void)iar;
	WRITE_ONCE(vi->evtchn_upcall_pending, 0);
	dsb();
	sel = swap_word(&vi->evtchn_pending_sel, 0);
	if (!(sel & 1))
		return;
	bits = READ_ONCE(shared_info->evtchn_pending[0]) & ~READ_ONCE(shared_info->evtchn_mask[0]);
	for (u32 port = 0; port < 64; port++) {
		if (!(bits & 1ul << port) || !evtchn_handler[port])
			continue;
		__atomic_fetch_and(&shared_info->evtchn_pending[0], ~(1ul << port),
				   __ATOMIC_SEQ_CST);
		evtchn_handler[port](port);
	}
}

void xen_cpu_init(void)
{
	struct vcpu_info *vi = &vcpu_infos[cpu_id()];
	struct vcpu_register_vcpu_info r = {
		.mfn = virt_to_gfn(vi),
		.offset = (u64)vi % PAGE_SIZE,
	};
	s64 rc = vcpu_op(VCPUOP_register_vcpu_info, (u32)cpu_id(), &r);

	/* a vCPU that was off and on again keeps its registration */
	if (rc && rc != -XEN_EINVAL)
		printf("FAIL: register_vcpu_info: %ld\n", rc);
	gic_enable(machine.evtchn_irq);
}

void xen_init(void)
{
	s64 rc = map_at(XENMAPSPACE_shared_info, 0, 0, virt_to_gfn(shared_page));

	if (rc)
		printf("FAIL: shared_info: %ld\n", rc);
	memset((void *)shared_info->evtchn_mask, 0xff, sizeof(shared_info->evtchn_mask));
	rc = map_at(XENMAPSPACE_grant_table, 0, 0, virt_to_gfn(grant_table));
	if (rc)
		printf("FAIL: grant table: %ld\n", rc);
	irq_handler[machine.evtchn_irq] = upcall;
	xen_cpu_init();
}

u32 evtchn_alloc(u16 remote)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = remote };

	return evtchn_op(EVTCHNOP_alloc_unbound, &a) ? 0 : a.port;
}

u32 evtchn_bind(u16 remote, u32 port)
{
	struct evtchn_bind_interdomain b = { .remote_dom = remote, .remote_port = port };

	return evtchn_op(EVTCHNOP_bind_interdomain, &b) ? 0 : b.local_port;
}

s64 evtchn_send(u32 port)
{
	struct evtchn_send s = { .port = port };

	return evtchn_op(EVTCHNOP_send, &s);
}

s64 evtchn_close(u32 port)
{
	struct evtchn_close c = { .port = port };

	return evtchn_op(EVTCHNOP_close, &c);
}

void evtchn_unmask(u32 port)
{
	struct evtchn_unmask u = { .port = port };

	evtchn_op(EVTCHNOP_unmask, &u);
}

void evtchn_mask(u32 port)
{
	__atomic_fetch_or(&shared_info->evtchn_mask[0], 1ul << port, __ATOMIC_SEQ_CST);
}

bool evtchn_pending(u32 port)
{
	return __atomic_fetch_and(&shared_info->evtchn_pending[0], ~(1ul << port),
				  __ATOMIC_SEQ_CST) >>
		       port &
	       1;
}

void grant_access(u32 ref, u16 domid, u64 gfn, bool readonly)
{
	grant_table[ref].domid = domid;
	grant_table[ref].frame = (u32)gfn;
	__atomic_store_n(&grant_table[ref].flags,
			 (u16)(GTF_permit_access | (readonly ? GTF_readonly : 0)),
			 __ATOMIC_RELEASE);
}
