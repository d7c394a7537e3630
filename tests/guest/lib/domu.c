// SPDX-License-Identifier: GPL-2.0-only
/*
 * A domain builder of one page of C: createdomain to unpause by the domctls
 * that libxl uses, in the same order. Dom0 sees a DomU through a window of its
 * free guest physical space; bit n of windows says that window n is taken.
 */
#include "domu.h"

#define MAGIC_GFN (GUEST_MAGIC_BASE / PAGE_SIZE)
#define PAGES (DOMU_RAM / PAGE_SIZE)
#define WINDOW (DOMU_RAM + (2ul << 20)) /* memory, console; whole 2 MiB */

extern char _start[], _edata[], _pristine[];
static u64 windows;
u32 domu_spis;
u32 domu_steps_left;

static bool step(struct domu *d, const char *name, s64 rc)
{
	if (rc >= 0 && domu_steps_left && !--domu_steps_left)
		rc = DOMU_GIVEN_UP;
	if (rc >= 0)
		return true;
	d->step = name;
	d->error = rc;
	return false;
}

static s64 populate(struct domu *d, u64 gfn, u32 order, u64 count)
{
	xen_pfn_t gfns[8];
	struct xen_memory_reservation r = {
		.nr_extents = count,
		.extent_order = order,
		.domid = d->domid,
	};
	s64 rc;

	for (u64 i = 0; i < count; i++)
		gfns[i] = gfn + (i << order);
	set_xen_guest_handle(r.extent_start, gfns);
	rc = memory_op(XENMEM_populate_physmap, &r);
	return rc == (s64)count ? 0 : rc < 0 ? rc : -XEN_ENOMEM;
}

static bool create(struct domu *d, int ncpus)
{
	struct xen_domctl op = { 0 };
	s64 rc;

	op.u.createdomain.ssidref = 12;
	op.u.createdomain.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
	op.u.createdomain.max_vcpus = (u32)ncpus;
	op.u.createdomain.max_evtchn_port = 1023;
	op.u.createdomain.max_grant_frames = -1;
	op.u.createdomain.max_maptrack_frames = -1;
	op.u.createdomain.grant_opts = XEN_DOMCTL_GRANT_version(1);
	op.u.createdomain.arch.gic_version = XEN_DOMCTL_CONFIG_GIC_NATIVE;
	op.u.createdomain.arch.nr_spis = domu_spis;
	rc = domctl(XEN_DOMCTL_createdomain, 0xffff, &op);
	if (!rc)
		d->domid = op.domain;
	return step(d, "createdomain", rc);
}

static bool size(struct domu *d, int ncpus)
{
	struct xen_domctl op = { .u.max_vcpus.max = (u32)ncpus };

	if (!step(d, "max_vcpus", domctl(XEN_DOMCTL_max_vcpus, d->domid, &op)))
		return false;
	op = (struct xen_domctl){ .u.max_mem.max_memkb = DOMU_RAM / 1024 + 1024 };
	if (!step(d, "max_mem", domctl(XEN_DOMCTL_max_mem, d->domid, &op)))
		return false;
	op = (struct xen_domctl){ .u.paging_mempool.size = 512 * 1024 };
	if (!step(d, "mempool", domctl(XEN_DOMCTL_set_paging_mempool_size, d->domid, &op)))
		return false;
	op = (struct xen_domctl){ .u.address_size.size = 64 };
	return step(d, "address_size", domctl(XEN_DOMCTL_set_address_size, d->domid, &op));
}

static bool fill(struct domu *d)
{
	int slot = __builtin_ctzl(~windows);
	u64 window = machine.free_base + (u64)slot * WINDOW;
	s64 rc;

	windows |= 1ul << slot;
	d->ram = window;
	rc = populate(d, GUEST_RAM0_BASE / PAGE_SIZE, 9, DOMU_RAM >> 21);
	if (!step(d, "populate", rc) ||
	    !step(d, "magic", populate(d, MAGIC_GFN, 0, DOMU_MAGIC_PAGES)))
		return false;
	for (u64 i = 0; i < PAGES; i++) {
		rc = map_at(XENMAPSPACE_gmfn_foreign, d->domid, GUEST_RAM0_BASE / PAGE_SIZE + i,
			    window / PAGE_SIZE + i);
		if (!step(d, "foreign map", rc))
			return false;
	}
	rc = map_at(XENMAPSPACE_gmfn_foreign, d->domid, MAGIC_GFN, window / PAGE_SIZE + PAGES);
	d->console = (void *)(window + DOMU_RAM);
	return step(d, "console map", rc);
}

static bool load(struct domu *d, int ncpus, u32 role)
{
	struct xen_domctl op = { 0 };

	memcpy((void *)d->ram, _pristine, (u64)(_edata - _start));
	memset(d->console, 0, PAGE_SIZE);
	d->info = (void *)(d->ram + DOMU_RAM - PAGE_SIZE);
	*d->info = (struct start_info){
		.magic = START_MAGIC,
		.ram_base = GUEST_RAM0_BASE,
		.ram_size = DOMU_RAM,
		.gic = (u32)machine.gic,
		.ncpus = (u32)ncpus,
		.domid = d->domid,
		.role = role,
	};
	op.u.cacheflush.start_pfn = GUEST_RAM0_BASE / PAGE_SIZE;
	op.u.cacheflush.nr_pfns = PAGES;
	return step(d, "cacheflush", domctl(XEN_DOMCTL_cacheflush, d->domid, &op));
}

static bool connect(struct domu *d)
{
	struct evtchn_alloc_unbound a = { .dom = d->domid, .remote_dom = 0 };

	if (!step(d, "callback",
		  hvm_set(d->domid, HVM_PARAM_CALLBACK_IRQ,
			  2ul << 56 | 2 << 8 | GUEST_EVTCHN_PPI)) ||
	    !step(d, "console port", evtchn_op(EVTCHNOP_alloc_unbound, &a)) ||
	    !step(d, "console pfn", hvm_set(d->domid, HVM_PARAM_CONSOLE_PFN, MAGIC_GFN)) ||
	    !step(d, "console evtchn", hvm_set(d->domid, HVM_PARAM_CONSOLE_EVTCHN, a.port)))
		return false;
	d->console_port = evtchn_bind(d->domid, a.port);
	return step(d, "console bind", d->console_port ? 0 : -XEN_EINVAL);
}

static bool set_context(struct domu *d)
{
	static vcpu_guest_context_t ctx;
	struct xen_domctl op = { 0 };

	memset(&ctx, 0, sizeof(ctx));
	ctx.flags = VGCF_online;
	ctx.user_regs.pc64 = GUEST_RAM0_BASE;
	ctx.user_regs.cpsr = 0x1c5;
	ctx.user_regs.x0 = GUEST_RAM0_BASE + DOMU_RAM - PAGE_SIZE;
	ctx.sctlr = 0xc50078;
	set_xen_guest_handle(op.u.vcpucontext.ctxt, &ctx);
	return step(d, "vcpucontext", domctl(XEN_DOMCTL_setvcpucontext, d->domid, &op));
}

bool domu_create(struct domu *d, int ncpus, u32 role)
{
	*d = (struct domu){ .domid = DOMID_INVALID };
	if (create(d, ncpus) && size(d, ncpus) && fill(d) && load(d, ncpus, role) && connect(d) &&
	    set_context(d))
		return true;
	if (d->domid != DOMID_INVALID)
		domu_destroy(d);
	return false;
}

/*
 * Where the tools put the byte at that offset of a domain's memory: 3 GiB, then the rest above all
 * devices.
 */
static u64 ram_address(u64 offset)
{
	return offset < GUEST_RAM0_SIZE ? GUEST_RAM0_BASE + offset
					: GUEST_RAM1_BASE + offset - GUEST_RAM0_SIZE;
}

s64 domu_grow(struct domu *d, u64 bytes)
{
	struct xen_domctl op = { .u.max_mem.max_memkb = (DOMU_RAM + bytes) / 1024 + 1024 };
	s64 rc = domctl(XEN_DOMCTL_max_mem, d->domid, &op);

	for (u64 at = DOMU_RAM; at < DOMU_RAM + bytes && !rc; at += 2ul << 20)
		rc = populate(d, ram_address(at) / PAGE_SIZE, 9, 1);
	step(d, "grow", rc);
	return rc;
}

s64 domu_unpause(struct domu *d)
{
	struct xen_domctl op = { 0 };

	return domctl(XEN_DOMCTL_unpausedomain, d->domid, &op);
}

s64 domu_pause(struct domu *d)
{
	struct xen_domctl op = { 0 };

	return domctl(XEN_DOMCTL_pausedomain, d->domid, &op);
}

s64 domu_destroy(struct domu *d)
{
	struct xen_domctl op = { 0 };
	s64 rc;

	if (d->console_port)
		evtchn_close(d->console_port);
	if (d->ram) {
		for (u64 i = 0; i <= PAGES; i++)
			unmap_at(d->ram / PAGE_SIZE + i);
		windows &= ~(1ul << (d->ram - machine.free_base) / WINDOW);
	}
	do
		rc = domctl(XEN_DOMCTL_destroydomain, d->domid, &op);
	while (rc == -XEN_EAGAIN);
	return rc;
}

static void drain(struct domu *d)
{
	struct xencons_interface *c = d->console;
	u32 cons = c->out_cons, prod = READ_ONCE(c->out_prod);
	char line[256];
	u32 n = 0;

	dsb();
	while (cons != prod && n < sizeof(line))
		line[n++] = c->out[MASK_XENCONS_IDX(cons++, c->out)];
	dsb();
	WRITE_ONCE(c->out_cons, cons);
	if (n)
		console_write(line, n);
}

bool domu_poll(struct domu *d)
{
	struct xen_domctl op = { 0 };

	drain(d);
	if (domctl(XEN_DOMCTL_getdomaininfo, d->domid, &op) || op.domain != d->domid)
		return false;
	return !(op.u.getdomaininfo.flags & (XEN_DOMINF_shutdown | XEN_DOMINF_dying));
}

bool domu_wait(struct domu *d, u32 seconds)
{
	u64 end = ticks() + seconds * read_sysreg(cntfrq_el0);

	while (domu_poll(d)) {
		if (ticks() > end)
			return false;
		sched_op(SCHEDOP_yield, NULL);
	}
	while (READ_ONCE(d->console->out_prod) != d->console->out_cons)
		drain(d);
	return true;
}

s64 domu_pin(u16 domid, u32 vcpu, u32 pcpu)
{
	struct xen_domctl op = { 0 };
	u64 map = 1ul << pcpu;

	op.u.vcpuaffinity.vcpu = vcpu;
	op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
	op.u.vcpuaffinity.cpumap_hard.nr_bits = 64;
	set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, (u8 *)&map);
	return domctl(XEN_DOMCTL_setvcpuaffinity, domid, &op);
}
