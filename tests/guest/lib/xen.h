/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls with Xen's public headers, and what a guest sets up to use them.
 * Every call returns Xen's result: 0 or positive, or a negative Xen errno.
 */
#ifndef GUEST_XEN_H
#define GUEST_XEN_H

#define __XEN_TOOLS__ 1
#include "guest.h"
#include <xen/xen.h>
#include <xen/version.h>
#include <xen/sched.h>
#include <xen/event_channel.h>
#include <xen/memory.h>
#include <xen/grant_table.h>
#include <xen/vcpu.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>
#include <xen/platform.h>
#include <xen/physdev.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>

enum {
#define XEN_ERRNO(name, value) XEN_##name = value,
#include <xen/errno.h>
};

#define HYPERCALL(nr, a, b, c, d, e) \
	({ \
		register u64 _x16 asm("x16") = (u64)(nr); \
		register u64 _x0 asm("x0") = (u64)(a); \
		register u64 _x1 asm("x1") = (u64)(b); \
		register u64 _x2 asm("x2") = (u64)(c); \
		register u64 _x3 asm("x3") = (u64)(d); \
		register u64 _x4 asm("x4") = (u64)(e); \
		asm volatile("hvc #0xea1" \
			     : "+r"(_x0), "+r"(_x1), "+r"(_x2), "+r"(_x3), "+r"(_x4), \
			       "+r"(_x16)::"memory"); \
		(s64) _x0; \
	})

static inline s64 hypercall(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	return HYPERCALL(nr, a, b, c, d, e);
}

static inline s64 hypercall2(u64 nr, u64 a, const void *arg)
{
	return HYPERCALL(nr, a, arg, 0, 0, 0);
}

static inline s64 xen_version(int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_xen_version, (u64)cmd, arg);
}

static inline s64 memory_op(int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_memory_op, (u64)cmd, arg);
}

static inline s64 evtchn_op(int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_event_channel_op, (u64)cmd, arg);
}

static inline s64 sched_op(int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_sched_op, (u64)cmd, arg);
}

static inline s64 hvm_op(int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_hvm_op, (u64)cmd, arg);
}

static inline s64 vcpu_op(int cmd, u32 vcpu, void *arg)
{
	return HYPERCALL(__HYPERVISOR_vcpu_op, cmd, vcpu, arg, 0, 0);
}

static inline s64 grant_op(int cmd, void *arg, u32 count)
{
	return HYPERCALL(__HYPERVISOR_grant_table_op, cmd, arg, count, 0, 0);
}

s64 domctl(u32 cmd, u16 domid, struct xen_domctl *op);
s64 sysctl(u32 cmd, struct xen_sysctl *op);

/* -- start of day (lib/xen.c) -- */
extern struct shared_info *shared_info;
void xen_init(void);	 /* shared_info, event upcall, one grant frame */
void xen_cpu_init(void); /* the upcall's PPI on a further CPU */
extern void (*evtchn_handler[64])(u32 port);

u32 evtchn_alloc(u16 remote);	       /* unbound port, or 0 */
u32 evtchn_bind(u16 remote, u32 port); /* local port, or 0 */
s64 evtchn_send(u32 port);
s64 evtchn_close(u32 port);
void evtchn_unmask(u32 port);
void evtchn_mask(u32 port);
bool evtchn_pending(u32 port); /* and clears it */

#define GRANT_FRAMES 1
extern grant_entry_v1_t grant_table[];
void grant_access(u32 ref, u16 domid, u64 gfn, bool readonly);

s64 map_at(u32 space, u16 foreign, u64 idx, u64 gfn); /* add_to_physmap, 0 or errno */
s64 unmap_at(u64 gfn);
s64 hvm_get(u16 domid, u32 index, u64 *value);
s64 hvm_set(u16 domid, u32 index, u64 value);

#endif
