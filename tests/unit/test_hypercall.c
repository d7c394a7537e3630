// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every hypercall there is, with random arguments, by Dom0 and by DomUs, through the real dispatch
 * table, domains, stage-2 tables, page ledger, event channels and grants. Only the CPU is fake:
 * guests' virtual addresses are their physical ones. Whatever is called returns, holds no lock, and
 * in the end every page comes back. Then the rules a fuzzer cannot know: what single calls answer,
 * how they go on when cut short.
 */
#include <core/cmdline.h>
#include <core/console.h>
#include <core/irq.h>
#include <hypercall/ops.h>
#include <lib/string.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/version.h>
#include <domain/guest_word.h>
#include <domain/spec.h>
#include "fake/tlb.h"
#include "harness.h"
#include "requests.h"

#define HEAP_PAGES 16384UL
#define RAM 64		    /* pages of each domain */
#define DOMU_BASE 0x40000UL /* gfn */
#define SCRATCH 60	    /* pages SCRATCH.. of RAM hold the arguments */

/* What a toolstack asks for. */
#define NEW_GUEST(nr_vcpus) \
	((struct xen_domctl_createdomain){ .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap, \
					   .max_vcpus = (nr_vcpus), \
					   .max_evtchn_port = 1023, \
					   .max_grant_frames = -1, \
					   .max_maptrack_frames = -1, \
					   .grant_opts = 1 })

char *strstr(const char *s, const char *what);

struct cpu cpus[MAX_CPUS];
unsigned cpu_count = 2;
unsigned cpu_pa_bits = 48, cpu_ipa_bits = 48, cpu_vmid_bits = 8;
bool cpu_has_el1_32 = true, cpu_has_el0_32 = true;
_Thread_local struct cpu *fake_cpu = &cpus[0];
_Thread_local bool fake_irq_pending;
u64 fake_ticks, timer_hz = 62500000;
struct options opts = { .silo = true, .gnttab_max_frames = 64, .gnttab_max_maptrack_frames = 1024 };
char cmdline_text[1024] = "loglvl=all";
u32 sched_ratelimit_us = 1000;
const u8 __build_id_start[36] = { 4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0, 0xab };
__asm__(".globl __build_id_end\n\t.set __build_id_end, __build_id_start + 36");
static char console_out[256], console_in[64];
static size_t console_out_len, console_in_len;

static unsigned rnd(unsigned n)
{
	return host_random() % n;
}

/* --- the CPU --- */

/* The n-th allocation, or access to a guest's memory, fails; 0: none. */
static unsigned fail_alloc, fail_access;
static bool failed;

static bool fails(unsigned *left)
{
	if (!*left || --*left)
		return false;
	return failed = true;
}

/*
 * The n-th attempt to change a shared word is lost, and so many in a row: once is nothing, and who
 * loses GUEST_TRIES of them may give up.
 */
static unsigned fail_store, in_a_row, still_to_lose;
static bool entries_written; /* guests write where their grant entries may be */

static const char *step_name(const unsigned *which)
{
	return which == &fail_alloc ? "allocation" : which == &fail_access ? "access" : "store";
}

bool fake_store_lost(void)
{
	if (fails(&fail_store)) {
		still_to_lose = in_a_row;
		entries_written = in_a_row > 1;
	}
	return still_to_lose && still_to_lose--;
}

#define FAILING(what, type, fn, params, args, failure) \
	type __real_##fn params; \
	type __wrap_##fn params; \
	type __wrap_##fn params \
	{ \
		return fails(&what) ? failure : __real_##fn args; \
	}
FAILING(fail_alloc, struct page *, page_alloc, (unsigned order), (order), NULL)
FAILING(fail_alloc, struct page *, page_alloc_shared, (struct domain * d), (d), NULL)
FAILING(fail_alloc, int, page_alloc_domain_step,
	(struct domain * d, unsigned order, struct page **out), (d, order, out), -ENOMEM)
FAILING(fail_alloc, void *, xalloc_pages, (unsigned order), (order), NULL)
FAILING(fail_alloc, void *, xzalloc, (size_t size), (size), NULL)
FAILING(fail_access, int, copy_from_guest, (void *dst, gva_t src, size_t n), (dst, src, n), -EFAULT)
FAILING(fail_access, int, copy_to_guest, (gva_t dst, const void *src, size_t n), (dst, src, n),
	-EFAULT)
FAILING(fail_access, int, clear_guest, (gva_t dst, size_t n), (dst, n), -EFAULT)
FAILING(fail_access, void *, guest_window, (gva_t gva, size_t n, struct page **pg), (gva, n, pg),
	NULL)

static int translate(gva_t va, bool write, paddr_t *pa)
{
	mfn_t mfn;
	enum p2m_type t = p2m_lookup(this_cpu()->current->domain, gfn_of(va), &mfn);

	if (t == P2M_NONE || t == P2M_DEVICE ||
	    (write && (t == P2M_RAM_RO || t == P2M_FOREIGN_RO || t == P2M_GRANT_RO)))
		return -EFAULT;
	*pa = mfn_addr(mfn) | (va & ~PAGE_MASK);
	return 0;
}

int gva_to_pa(gva_t va, bool write, paddr_t *pa)
{
	return translate(va, write, pa);
}

/* Called with the p2m's lock held. */
int gva_to_gpa(gva_t va, bool write, gpa_t *gpa)
{
	*gpa = va;
	return va >> 48 ? -EFAULT : 0;
}

/* --- console, time, interrupts, scheduling: what is told to them is forgotten --- */

static unsigned lines;
void printk(const char *fmt, ...)
{
	lines++;
}
static char spec_said[4096]; /* the last of what the specification said while listened to */
static bool spec_listened;

void printk_level(enum log_level l, const char *fmt, ...)
{
	va_list ap;
	size_t at = strlen(spec_said);

	if (strncmp(fmt, "spec:", 5))
		return;
	va_start(ap, fmt);
	if (spec_listened)
		vsnprintf(spec_said + at, sizeof(spec_said) - at, fmt, ap);
	else
		host_say(fmt, ap);
	va_end(ap);
}
void log_guest(struct domain *d, enum log_level l, const char *fmt, ...)
{
}
/* Each key prints three pieces. */
static char key_log[16];
bool debug_key(char key, struct key_at *at)
{
	size_t n = strlen(key_log);

	if (at->item >= 3)
		return false;
	at->item++;
	if (n + 1 < sizeof(key_log))
		key_log[n] = key;
	return true;
}
void debug_key_add(char key, const char *what, debug_key_fn *fn)
{
}
void console_dom0_write(const char *s, size_t n)
{
	for (size_t i = 0; i < n && console_out_len < sizeof(console_out); i++)
		console_out[console_out_len++] = s[i];
}
void console_guest_write(struct domain *d, const char *s, size_t n)
{
}
size_t console_dom0_read(char *buf, size_t n)
{
	n = min(n, console_in_len);
	memcpy(buf, console_in, n);
	memmove(console_in, console_in + n, console_in_len - n);
	console_in_len -= n;
	return n;
}
#define RING 1000
size_t console_ring_read(char *buf, size_t n, u32 *index, bool incremental)
{
	u32 from = incremental ? *index : 0;

	n = min(n, (size_t)(from < RING ? RING - from : 0));
	for (size_t i = 0; i < n; i++)
		buf[i] = (char)((from + i) % 251);
	*index = from + (u32)n;
	return n;
}
void console_ring_clear(void)
{
}
void machine_off(void)
{
	host_panic("machine off");
}
void machine_reset(void)
{
	host_panic("machine reset");
}
u64 ticks_to_ns(u64 t)
{
	return t;
}
u64 ns_to_ticks(u64 ns)
{
	return ns;
}
u64 now_ns(void)
{
	return ticks_now();
}
void timer_setup(struct timer *t, void (*fn)(struct timer *))
{
	t->fn = fn;
}
void timer_set(struct timer *t, u64 deadline)
{
	t->deadline = deadline;
}
void timer_cancel(struct timer *t)
{
	t->deadline = 0;
}
void timer_retire(struct timer *t)
{
	t->deadline = 0;
}
void vgic_inject(struct vcpu *v, unsigned intid)
{
}
int vgic_init_domain(struct domain *d, unsigned nr_spis)
{
	d->vgic.version = 3;
	return nr_spis > 960 ? -EINVAL : 0;
}
void vgic_set_spi_level(struct domain *d, unsigned intid, bool high)
{
}
bool vgic_spi_is_free(const struct domain *d, unsigned intid)
{
	return true;
}
void mmio_add(struct domain *d, gpa_t base, u64 size, mmio_read_fn *read, mmio_write_fn *write,
	      u64 priv)
{
	d->nr_mmio++;
}
void vgic_free_domain(struct domain *d)
{
}
unsigned vgic_max_vcpus(void)
{
	return 8;
}
int irq_route_guest(unsigned irq, struct domain *d, unsigned virq)
{
	return irq % 2 ? -EBUSY : 0;
}
int irq_unroute_guest(unsigned irq, struct domain *d)
{
	return -ENOENT;
}
bool vcpu_wake(struct vcpu *v)
{
	v->blocked = false;
	return true;
}
static void (*before_it_blocks)(void);
void vcpu_block(struct vcpu *v)
{
	if (before_it_blocks)
		before_it_blocks();
	v->blocked = true;
}
void vcpu_yield(struct vcpu *v)
{
}
void vcpu_recheck(struct vcpu *v)
{
}
void vcpu_sync(struct vcpu *v)
{
	CHECK(v != this_cpu()->current);
}
void sched_init_domain(struct domain *d)
{
	d->sched.weight = 256;
}
void sched_destroy_domain(struct domain *d)
{
}
int sched_set_affinity(struct vcpu *v, const struct cpumask *hard, const struct cpumask *soft)
{
	if (hard && !(hard->bits[0] & 3))
		return -EINVAL;
	if (hard)
		v->sched.hard = *hard;
	if (soft)
		v->sched.soft = *soft;
	return 0;
}
int sched_set_params(struct domain *d, unsigned weight, unsigned cap)
{
	d->sched.weight = (u16)weight;
	return cap > 800 ? -EINVAL : 0;
}
u64 vcpu_runtime_ns(const struct vcpu *v)
{
	return 1;
}
u64 cpu_idle_ns(const struct cpu *c)
{
	return 1;
}
void vcpu_get_runstate(struct vcpu *v, struct vcpu_runstate_info *out)
{
	*out = v->runstate;
}

/* --- vCPUs: without state in hardware --- */

struct vcpu *vcpu_alloc(struct domain *d, unsigned id)
{
	struct vcpu *v = xzalloc(sizeof(*v));

	if (!v)
		return NULL;
	v->domain = d;
	v->id = (u16)id;
	v->down = true;
	v->pause_count = d->paused_by_tool;
	v->sched.cpu = &cpus[0];
	shared_info_init_vcpu(v);
	return v;
}

void vcpu_free(struct vcpu *v)
{
	xfree(v);
}

void vcpu_unregister_runstate(struct vcpu *v)
{
	if (v->runstate_page)
		page_put(v->runstate_page);
	v->runstate_page = NULL;
}

void vcpu_retire(struct vcpu *v)
{
	v->down = true;
	vcpu_info_unregister(v);
	vcpu_unregister_runstate(v);
}

void vcpu_reset(struct vcpu *v)
{
	memset(v->x, 0, sizeof(v->x));
}

int vcpu_register_info(struct vcpu *v, gfn_t gfn, u64 offset)
{
	struct page *pg = p2m_get_page(v->domain, gfn, WANT_READ | WANT_WRITE | WANT_OWN);
	int rc;

	if (!pg)
		return -EINVAL;
	rc = vcpu_info_register(v, pg, (unsigned)offset);
	if (rc)
		page_put(pg);
	return rc;
}

int vcpu_register_runstate(struct vcpu *v, gva_t va)
{
	struct page *pg;

	vcpu_unregister_runstate(v);
	if (!va)
		return 0;
	pg = p2m_get_page(v->domain, gfn_of(va), WANT_READ | WANT_WRITE | WANT_OWN);
	if (!pg)
		return -EFAULT;
	v->runstate_page = pg;
	return 0;
}

/* --- the world --- */

static u64 free_before;
static u64 dom0_base; /* gfn == mfn */

static u64 base_of(const struct domain *d)
{
	return d == hardware_domain ? dom0_base : DOMU_BASE;
}

/* Frames that stay what they are; each holds an argument. */
static void *scratch(const struct domain *d, unsigned n)
{
	mfn_t mfn;
	enum p2m_type t = p2m_lookup((struct domain *)d, GFN(base_of(d) + SCRATCH + n), &mfn);

	return t == P2M_NONE || t == P2M_DEVICE ? NULL : pa_to_va(mfn_addr(mfn));
}

static void *frame_of(struct domain *d, u64 gfn)
{
	mfn_t mfn;

	CHECK(p2m_lookup(d, GFN(gfn), &mfn) != P2M_NONE);
	return pa_to_va(mfn_addr(mfn));
}

static bool is_zero(const void *p, size_t n)
{
	const u8 *b = p;

	while (n && !b[n - 1])
		n--;
	return !n;
}

static gva_t scratch_gva(const struct domain *d, unsigned n)
{
	return (base_of(d) + SCRATCH + n) << PAGE_SHIFT;
}

static void current_is(struct vcpu *v)
{
	cpus[0].current = v;
	v->loaded_on = &cpus[0];
}

/* As arm/a64/entry.S does it. */
static void hypercall_trap(struct vcpu *v)
{
	s64 rc = hypercall_run(v);

	if (rc == -ERESTART)
		v->pc -= 4;
	else
		v->x[0] = (u64)rc;
}

static unsigned restarts; /* of the last call */

static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	host_say(fmt, ap);
	va_end(ap);
}

/* After one call in so many all is compared with the specification (domain/spec.c). */
static unsigned spec_every = 1;

static void spec(void)
{
	static unsigned calls;

	if (++calls % spec_every == 0)
		CHECK_EQ(spec_check(!entries_written), 0);
}

/* Operations that succeeded, but maybe for what a test had fail. */
static bool succeeded[64][128];

static u32 sub_op_of(const struct vcpu *v, u64 nr, u64 a0)
{
	const u32 *req = scratch(v->domain, 0);

	if (nr == __HYPERVISOR_domctl || nr == __HYPERVISOR_sysctl)
		return req && a0 == scratch_gva(v->domain, 0) ? *req % 128 : 0;
	return hypercalls[nr].cmd_mask ? (u32)a0 % 64 : 0;
}

static s64 call(struct vcpu *v, u64 nr, u64 a0, u64 a1, u64 a2, u64 a3)
{
	unsigned tries = 0;
	bool moved;
	u32 sub = nr < nr_hypercalls ? sub_op_of(v, nr, a0) : 0;

	current_is(v);
	memcpy(v->x, (u64[]){ a0, a1, a2, a3, 0 }, 40);
	v->x[16] = nr;
	do {
		v->pc = 0x1000;
		hypercall_trap(v);
		moved = v->pc != 0x1000;
		CHECK(!moved || v->pc == 0xffc);
		CHECK_EQ(cpus[0].lock_depth, 0);
	} while (moved && ++tries < 200000);
	CHECK(!moved);
	restarts = tries;
	v->loaded_on = NULL;
	spec();
	if (nr < nr_hypercalls && (s64)v->x[0] >= 0)
		succeeded[nr][sub] = true;
	return (s64)v->x[0];
}

/* With its request in a scratch page. */
static s64 call_with(struct vcpu *v, u64 nr, u64 cmd, void *req, size_t n)
{
	s64 rc;

	memcpy(scratch(v->domain, 0), req, n);
	rc = call(v, nr, cmd, scratch_gva(v->domain, 0), 0, 0);
	memcpy(req, scratch(v->domain, 0), n);
	return rc;
}

static s64 domctl(u32 cmd, domid_t id, struct xen_domctl *op)
{
	struct vcpu *v = hardware_domain->vcpu[0];
	s64 rc;

	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = id;
	memcpy(scratch(v->domain, 0), op, sizeof(*op));
	rc = call(v, __HYPERVISOR_domctl, scratch_gva(v->domain, 0), 0, 0, 0);
	memcpy(op, scratch(v->domain, 0), sizeof(*op));
	return rc;
}

static void dom0_make(void)
{
	struct domain_config cfg = { .max_vcpus = 2,
				     .max_evtchn_port = ~0U,
				     .max_grant_frames = 64,
				     .max_maptrack_frames = 1024,
				     .privileged = true };
	struct page *pg;

	CHECK_EQ(domain_create(0, &cfg, &hardware_domain), 0);
	pg = page_alloc(6);
	dom0_base = page_mfn(pg).n;
	page_assign(pg, hardware_domain, 6);
	CHECK_EQ(p2m_map(hardware_domain, GFN(dom0_base), page_mfn(pg), RAM, P2M_RAM, false), 0);
	hardware_domain->vcpu[0]->down = hardware_domain->vcpu[1]->down = false;
}

static s64 populate(domid_t id, u64 gfn, unsigned nr)
{
	struct vcpu *v = hardware_domain->vcpu[0];
	struct xen_memory_reservation r = { .nr_extents = nr, .domid = id };
	xen_pfn_t *list = scratch(v->domain, 1);

	for (unsigned i = 0; i < nr; i++)
		list[i] = gfn + i;
	r.extent_start.q = scratch_gva(v->domain, 1);
	return call_with(v, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r, sizeof(r));
}

static domid_t domu_make(void)
{
	struct xen_domctl op = { .u.createdomain = NEW_GUEST(2) };
	domid_t id;

	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, DOMID_INVALID, &op), 0);
	id = op.domain;
	op = (struct xen_domctl){ .u.max_vcpus.max = 2 };
	CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, id, &op), 0);
	op = (struct xen_domctl){ .u.max_mem.max_memkb = 4096 };
	CHECK_EQ(domctl(XEN_DOMCTL_max_mem, id, &op), 0);
	op = (struct xen_domctl){ .u.paging_mempool.size = 64 << 12 };
	CHECK_EQ(domctl(XEN_DOMCTL_set_paging_mempool_size, id, &op), 0);
	CHECK_EQ(populate(id, DOMU_BASE, RAM), RAM);
	return id;
}

static void world_make(void)
{
	static bool done;

	if (!done) {
		char *mem = host_pages(HEAP_PAGES);

		page_init_table(host_pages(HEAP_PAGES * sizeof(struct page) / PAGE_SIZE + 1),
				(u64)mem >> PAGE_SHIFT, HEAP_PAGES);
		page_add_ram(MFN((u64)mem >> PAGE_SHIFT), HEAP_PAGES);
		heap_add((paddr_t)mem, (paddr_t)mem + HEAP_PAGES * PAGE_SIZE);
		p2m_setup(48);
		for (unsigned i = 0; i < cpu_count; i++) {
			cpus[i].id = i;
			cpus[i].online = true;
		}
		done = true;
	}
	free_before = heap_free_pages;
	dom0_make();
}

static void kill(struct domain *d)
{
	cpus[0].current = d == hardware_domain ? NULL : hardware_domain->vcpu[0];
	fake_irq_pending = true;
	while (domain_kill(d) == -ERESTART)
		;
	fake_irq_pending = false;
}

static void world_end(void)
{
	struct domain *d;

	/* What was left half made goes with the next one. */
	CHECK_EQ(domain_create(DOMID_INVALID, &(struct domain_config){ 0 }, &d), -EINVAL);
	while ((d = domain_get_next(1))) {
		kill(d);
		domain_put(d);
	}
	d = hardware_domain;
	for (struct domain *left; (left = domain_get_next(0)); domain_put(left))
		kill(left);
	/*
	 * Frames of a direct map stay its domain's when they are unmapped: what the guest had given
	 * back is nobody's to free but ours.
	 */
	for (u64 i = 0; i < RAM; i++) {
		struct page *pg = mfn_page(MFN(dom0_base + i));

		if (pg->refs && page_owner(pg) == d->slot)
			page_put(pg);
	}
	hardware_domain = NULL;
	CHECK_EQ(heap_free_pages, free_before);
}

/* --- single rules --- */

static void test_who_may(void)
{
	struct xen_domctl op = { 0 };
	struct domain *d;
	struct vcpu *u;
	u64 nr[] = { __HYPERVISOR_domctl, __HYPERVISOR_sysctl, __HYPERVISOR_platform_op };
	domid_t id;

	world_make();
	id = domu_make();
	d = domain_get_by_id(id);
	u = d->vcpu[0];
	for (unsigned i = 0; i < ARRAY_SIZE(nr); i++)
		CHECK_EQ(call(u, nr[i], 0, 0, 0, 0), -EPERM);
	CHECK_EQ(call(u, __HYPERVISOR_console_io, CONSOLEIO_read, 1, scratch_gva(d, 0), 0), -EPERM);
	CHECK_EQ(call(u, __HYPERVISOR_memory_op, XENMEM_acquire_resource, 0, 0, 0), -EPERM);
	CHECK_EQ(call(u, __HYPERVISOR_xen_version, XENVER_build_id, 0, 0, 0), -EPERM);
	CHECK_EQ(call(u, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, scratch_gva(d, 0), 0, 0),
		 -EPERM);
	CHECK_EQ(call(u, __HYPERVISOR_grant_table_op, GNTTABOP_dump_table, scratch_gva(d, 0), 1, 0),
		 -EPERM);
	CHECK_EQ(call(u, __HYPERVISOR_xen_version, XENVER_commandline, scratch_gva(d, 0), 0, 0), 0);
	CHECK(!strcmp(scratch(d, 0), "<denied>"));
	CHECK_EQ(call(u, __HYPERVISOR_xen_version, XENVER_version, 0, 0, 0), 0x40011);
	for (u64 n = 0; n < 70; n++)
		if (n < 7 || n > 36 || n == __HYPERVISOR_physdev_op || n == __HYPERVISOR_xsm_op)
			CHECK_EQ(call(u, n, 0, 0, 0, 0), -ENOSYS);
	/* Whether another domain exists is nobody's business. */
	for (domid_t other = 0; other < 9; other++) {
		struct xen_memory_domain q = { .domid = other };

		if (other != id)
			CHECK_EQ(call_with(u, __HYPERVISOR_memory_op, XENMEM_current_reservation,
					   &q, sizeof(q)),
				 -EPERM);
	}
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpuinfo, 999, &op), -ESRCH);
	CHECK_EQ(domctl(87, id, &op), -ENOSYS);
	CHECK_EQ(domctl(XEN_DOMCTL_pausedomain, 0, &op), -EINVAL);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, 0, &op), -EINVAL);
	domain_put(d);
	world_end();
}

static void test_reservations(void)
{
	struct vcpu *v;
	struct xen_memory_reservation r = { .nr_extents = 8, .domid = DOMID_SELF };
	struct domain *d;
	u64 tot;

	world_make();
	d = domain_get_by_id(domu_make());
	v = d->vcpu[0];
	tot = d->tot_pages;
	r.extent_start.q = scratch_gva(d, 1);
	for (unsigned i = 0; i < 8; i++)
		((xen_pfn_t *)scratch(d, 1))[i] = DOMU_BASE + 10 + i;
	for (int cut = 0; cut < 2; cut++) {
		fake_irq_pending = cut;
		memset(frame_of(d, DOMU_BASE + 10), 0xa5, PAGE_SIZE);
		memset(frame_of(d, DOMU_BASE + 17), 0xa5, PAGE_SIZE);
		CHECK_EQ(call_with(v, __HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r,
				   sizeof(r)),
			 8);
		CHECK_EQ(d->tot_pages, tot - 8);
		/* They are gone: nothing is done, and that is the answer. */
		CHECK_EQ(call_with(v, __HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r,
				   sizeof(r)),
			 0);
		CHECK_EQ(call_with(v, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r,
				   sizeof(r)),
			 8);
		CHECK_EQ(d->tot_pages, tot);
		/* Nobody sees what was there before. */
		for (u64 i = 0; i < 8; i++)
			CHECK(is_zero(frame_of(d, DOMU_BASE + 10 + i), PAGE_SIZE));
	}
	fake_irq_pending = false;
	/* A place that is none: the frame comes back. */
	r.nr_extents = 1;
	((xen_pfn_t *)scratch(d, 1))[0] = 1UL << 40;
	CHECK_EQ(call_with(v, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r, sizeof(r)), 0);
	CHECK_EQ(d->tot_pages, tot);
	((xen_pfn_t *)scratch(d, 1))[0] = DOMU_BASE + 10;
	r.nr_extents = 8;
	/* The fourth is none of its RAM. */
	((xen_pfn_t *)scratch(d, 1))[3] = 5;
	CHECK_EQ(call_with(v, __HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r, sizeof(r)),
		 3);
	CHECK_EQ(d->tot_pages, tot - 3);
	/* The list ends where memory ends. */
	r.extent_start.q = scratch_gva(d, 4) - 2 * sizeof(xen_pfn_t);
	((xen_pfn_t *)scratch(d, 3))[510] = DOMU_BASE + 10;
	((xen_pfn_t *)scratch(d, 3))[511] = DOMU_BASE + 11;
	CHECK_EQ(call_with(v, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r, sizeof(r)), 2);
	/* No more than it may have. */
	d->max_pages = d->tot_pages;
	CHECK_EQ(call_with(v, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r, sizeof(r)), 0);
	domain_put(d);
	world_end();
}

/*
 * Whoever waits gets in between: at each chunk of a list, at each few pages of a block. What a
 * dying domain was being given comes back.
 */
static void test_preemption(void)
{
	struct xen_memory_reservation r = { .nr_extents = 512, .domid = DOMID_SELF };
	struct domain *d;
	struct vcpu *v;

	world_make();
	d = domain_get_by_id(domu_make());
	v = d->vcpu[0];
	d->max_pages = 4096;
	d->max_table_pages = 256;
	r.extent_start.q = scratch_gva(d, 1);
	for (unsigned i = 0; i < 512; i++)
		((xen_pfn_t *)scratch(d, 1))[i] = 0x80000 + i;
	fake_irq_pending = true;
	CHECK_EQ(call_with(v, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r, sizeof(r)), 512);
	CHECK(restarts >= 512 / 32 - 1);
	CHECK_EQ(call_with(v, __HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r, sizeof(r)),
		 512);
	CHECK(restarts >= 512 / 32 - 1);
	r.nr_extents = 1;
	r.extent_order = 9;
	CHECK_EQ(call_with(v, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r, sizeof(r)), 1);
	CHECK(restarts >= 512 / 8 - 1);
	/* Once more, elsewhere, and it dies on the way. */
	((xen_pfn_t *)scratch(d, 1))[0] = 0x90000;
	memcpy(scratch(d, 0), &r, sizeof(r));
	current_is(v);
	memcpy(v->x, (u64[]){ XENMEM_populate_physmap, scratch_gva(d, 0), 0, 0, 0 }, 40);
	v->x[16] = __HYPERVISOR_memory_op;
	hypercall_trap(v);
	v->loaded_on = NULL;
	CHECK(d->half.pg);
	fake_irq_pending = false;
	domain_put(d);
	world_end();
}

/*
 * What stage 2 refuses: numbers that wrap, more tables than allowed, a domain that is dying. And a
 * block that loses a page is the same elsewhere.
 */
static void test_stage2(void)
{
	struct domain *d;
	struct page *pg, *block;
	mfn_t mfn;

	world_make();
	d = domain_get_by_id(domu_make());
	d->max_pages = 4096;
	pg = va_page(frame_of(d, DOMU_BASE));
	CHECK_EQ(p2m_map(d, GFN(~0UL), page_mfn(pg), 2, P2M_RAM, false), -EINVAL);
	CHECK_EQ(p2m_map(d, GFN(1UL << 36), page_mfn(pg), 1, P2M_RAM, false), -EINVAL);
	CHECK_EQ(p2m_map(d, GFN((1UL << 36) - 1), page_mfn(pg), 2, P2M_RAM, false), -EINVAL);
	CHECK_EQ(p2m_unmap(d, GFN(~0UL), 2), 0);
	d->max_table_pages = d->table_pages;
	CHECK_EQ(p2m_map(d, GFN(1UL << 35), page_mfn(pg), 1, P2M_RAM, false), -ENOMEM);
	d->max_table_pages += 3;
	block = page_alloc_domain(d, 9);
	CHECK_EQ(p2m_map(d, GFN(0x80000), page_mfn(block), 512, P2M_RAM, false), 0);
	CHECK_EQ(p2m_unmap(d, GFN(0x80007), 1), 1);
	for (u64 i = 0; i < 512; i++) {
		CHECK_EQ(p2m_lookup(d, GFN(0x80000 + i), &mfn), i == 7 ? P2M_NONE : P2M_RAM);
		CHECK(i == 7 || mfn.n == page_mfn(block).n + i);
	}
	/* One in the place of another: the old one's reference goes. */
	CHECK(page_get(pg, d));
	CHECK_EQ(p2m_map(d, GFN(0x80008), page_mfn(pg), 1, P2M_FOREIGN, true), 0);
	CHECK_EQ(block[8].refs, 0);
	/* Where the tables are still there, too. */
	d->state = DOM_DYING;
	CHECK_EQ(p2m_map(d, GFN(0x80007), page_mfn(pg), 1, P2M_FOREIGN, false), -ESRCH);
	d->state = DOM_ALIVE;
	kill(d);
	CHECK_EQ(p2m_map(d, GFN(0x80000), page_mfn(block), 1, P2M_RAM, false), -ESRCH);
	domain_put(d);
	world_end();
}

/* What Dom0 maps of a guest is the guest's own, not what it has of others. */
static void test_foreign(void)
{
	struct vcpu *v;
	struct domain *d;
	struct page *pg;
	struct xen_add_to_physmap_batch b = { .size = 1,
					      .space = XENMAPSPACE_gmfn_foreign,
					      .domid = DOMID_SELF };
	struct xen_mem_acquire_resource res = { .nr_frames = 1, .type = 7 };
	int *err;

	spec_every = ~0U; /* grant mappings without handles */
	world_make();
	v = hardware_domain->vcpu[0];
	d = domain_get_by_id(domu_make());
	b.u.foreign_domid = d->id;
	b.idxs.q = scratch_gva(hardware_domain, 1);
	b.gpfns.q = scratch_gva(hardware_domain, 2);
	b.errs.q = scratch_gva(hardware_domain, 3);
	err = scratch(hardware_domain, 3);
	*(xen_pfn_t *)scratch(hardware_domain, 2) = 0x100000;
	*(xen_ulong_t *)scratch(hardware_domain, 1) = DOMU_BASE + 3;
	CHECK_EQ(call_with(v, __HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, &b, sizeof(b)),
		 0);
	CHECK_EQ(*err, 0);
	CHECK_EQ(p2m_unmap(hardware_domain, GFN(0x100000), 1), 1);
	pg = va_page(frame_of(hardware_domain, dom0_base + 5));
	for (unsigned i = 0; i < 4; i++) {
		static const enum p2m_type types[] = { P2M_GRANT, P2M_GRANT_RO, P2M_FOREIGN,
						       P2M_FOREIGN_RO };

		CHECK(page_get(pg, hardware_domain));
		CHECK_EQ(p2m_map(d, GFN(DOMU_BASE + 3), page_mfn(pg), 1, types[i], true), 0);
		CHECK_EQ(call_with(v, __HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, &b,
				   sizeof(b)),
			 0);
		CHECK_EQ(*err, -EINVAL);
	}
	res.domid = d->id;
	CHECK_EQ(call_with(v, __HYPERVISOR_memory_op, XENMEM_acquire_resource, &res, sizeof(res)),
		 -EOPNOTSUPP);
	/* An answer that does not fit into what is mapped is none. */
	v = d->vcpu[0];
	CHECK_EQ(call(v, __HYPERVISOR_xen_version, XENVER_capabilities,
		      scratch_gva(d, 4) - sizeof(xen_capabilities_info_t), 0, 0),
		 0);
	CHECK_EQ(
		call(v, __HYPERVISOR_xen_version, XENVER_capabilities, scratch_gva(d, 4) - 8, 0, 0),
		-EFAULT);
	domain_put(d);
	world_end();
	spec_every = 1;
}

/*
 * Pages far apart, and blocks some frames of which Dom0 holds: all else comes back in steps, those
 * when Dom0 lets go.
 */
static void test_teardown(void)
{
	static struct page *held[4 * 512];
	struct domain *d;
	unsigned nr = 0;
	u64 tables;

	world_make();
	d = domain_get_by_id(domu_make());
	d->max_pages = 4096;
	d->max_table_pages = 256;
	for (u64 i = 1; i < 40; i++)
		CHECK_EQ(p2m_map(d, GFN(i * 0x40201), page_mfn(page_alloc_domain(d, 0)), 1, P2M_RAM,
				 false),
			 0);
	for (u64 i = 1; i < 4; i++) {
		struct page *pg = page_alloc_domain(d, 9);

		for (unsigned n = 0; n < 512; n++)
			if (host_random() % (i * i * 8) == 0) {
				CHECK(page_get(&pg[n], d));
				held[nr++] = &pg[n];
			}
		CHECK_EQ(p2m_map(d, GFN(i * 0x80200), page_mfn(pg), 512, P2M_RAM, false), 0);
	}
	tables = d->table_pages;
	CHECK(tables > 80);
	kill(d);
	CHECK_EQ(d->table_pages, 1); /* the root goes with the record */
	CHECK_EQ(d->tot_pages, nr);
	while (nr--)
		page_put(held[nr]);
	CHECK_EQ(d->tot_pages, 0);
	domain_put(d);
	world_end();
}

/* A domain's name is its own, it ends once, in steps, and Dom0 hears of it. */
static void test_life(void)
{
	struct domain_config cfg = { .max_vcpus = 1,
				     .max_evtchn_port = 100,
				     .max_grant_frames = 1,
				     .max_maptrack_frames = 1 };
	struct evtchn_bind_virq b = { .virq = VIRQ_DOM_EXC };
	struct domain *d, *second;
	unsigned steps = 0, paused;
	domid_t id;

	world_make();
	CHECK_EQ(call_with(hardware_domain->vcpu[0], __HYPERVISOR_event_channel_op,
			   EVTCHNOP_bind_virq, &b, sizeof(b)),
		 0);
	id = domu_make();
	d = domain_get_by_id(id);
	CHECK_EQ(domain_create(id, &cfg, &second), -EEXIST);
	paused = d->vcpu[0]->pause_count;
	domain_shutdown(d, SHUTDOWN_suspend);
	domain_shutdown(d, SHUTDOWN_crash);
	CHECK_EQ(d->vcpu[0]->pause_count, paused + 1);
	CHECK_EQ(d->shutdown_code, SHUTDOWN_suspend);
	domain_resume(d);
	CHECK_EQ(d->vcpu[0]->pause_count, paused);
	domain_put(d);
	current_is(hardware_domain->vcpu[0]);
	hardware_domain->evtchns.ops->clear_pending(hardware_domain, b.port);
	for (fake_irq_pending = true; domain_kill(d) == -ERESTART;)
		steps++;
	fake_irq_pending = false;
	CHECK(steps >= 6); /* between any two of the kinds of things that it had */
	CHECK(hardware_domain->evtchns.ops->is_pending(hardware_domain, b.port));
	CHECK(!domain_get_by_id(id));
	CHECK(domu_make() != id);
	world_end();
}

/* Who has a number is found by it as long as it lives, whoever shares its place in the table. */
static void test_numbers(void)
{
	struct domain_config cfg = { .max_vcpus = 1,
				     .max_evtchn_port = 100,
				     .max_grant_frames = 1,
				     .max_maptrack_frames = 1 };
	static bool had[DOMID_FIRST_RESERVED];
	struct domain *old, *young, *d;

	world_make();
	CHECK_EQ(domain_create(5, &cfg, &old), 0);
	CHECK_EQ(domain_create(5 + 256, &cfg, &young), 0);
	for (unsigned n = 0; n < 2; n++) {
		d = domain_get_by_id(5);
		CHECK(d == old);
		domain_put(d);
		d = domain_get_by_id(5 + 256);
		CHECK(d == young);
		if (n)
			break;
		kill(young); /* but we still have its record */
		CHECK(!domain_get_by_id(5 + 256));
		domain_put(d);
		CHECK_EQ(domain_create(5 + 256, &cfg, &young), 0);
	}
	domain_put(young);
	kill(young);
	kill(old);
	CHECK(!domain_get_by_id(5) && !domain_get_by_id(5 + 256));
	/* Once round: each of them, and none that means something else. */
	memset(had, 0, sizeof(had));
	for (unsigned n = 1; n < DOMID_FIRST_RESERVED; n++) {
		CHECK_EQ(domain_create(DOMID_INVALID, &cfg, &d), 0);
		CHECK(d->id && d->id < DOMID_FIRST_RESERVED && !had[d->id]);
		had[d->id % DOMID_FIRST_RESERVED] = true;
		kill(d);
	}
	world_end();
}

static void test_multicall(void)
{
	struct multicall_entry *e;
	struct vcpu *v;
	struct domain *d;

	world_make();
	d = hardware_domain;
	v = d->vcpu[0];
	for (int cut = 0; cut < 2; cut++) {
		e = scratch(d, 1);
		for (unsigned i = 0; i < 64; i++)
			e[i] = (struct multicall_entry){ .op = i % 3 ? __HYPERVISOR_xen_version
								     : __HYPERVISOR_multicall };
		fake_irq_pending = cut;
		CHECK_EQ(call(v, __HYPERVISOR_multicall, scratch_gva(d, 1), 64, 0, 0), 0);
		CHECK_EQ(restarts, cut ? 63 : 0);
		for (unsigned i = 0; i < 64; i++)
			CHECK_EQ(e[i].result, i % 3 ? 0x40011 : -EINVAL);
	}
	fake_irq_pending = false;
	/* Across the end of a page, and of memory. */
	e = (void *)((char *)scratch(d, 1) + PAGE_SIZE - 32);
	memset(e, 0, sizeof(*e));
	e->op = __HYPERVISOR_xen_version;
	CHECK_EQ(call(v, __HYPERVISOR_multicall, scratch_gva(d, 2) - 32, 1, 0, 0), 0);
	CHECK_EQ(e->result, 0x40011);
	CHECK_EQ(call(v, __HYPERVISOR_multicall, scratch_gva(d, 4) - 32, 1, 0, 0), -EFAULT);
	CHECK_EQ(call(v, __HYPERVISOR_multicall, 0, 1, 0, 0), -EFAULT);
	CHECK_EQ(call(v, __HYPERVISOR_multicall, 0, 0, 0, 0), 0);
	world_end();
}

/* A call cut short within a multicall leaves its progress in the entry. */
static void test_multicall_resumes(void)
{
	struct xen_memory_reservation *r;
	struct multicall_entry *e;
	xen_pfn_t *list;
	struct domain *d;

	world_make();
	d = domain_get_by_id(domu_make());
	r = scratch(d, 0);
	e = scratch(d, 1);
	list = scratch(d, 2);
	*r = (struct xen_memory_reservation){ .nr_extents = 40, .domid = DOMID_SELF };
	r->extent_start.q = scratch_gva(d, 2);
	for (unsigned i = 0; i < 40; i++)
		list[i] = DOMU_BASE + (i * 7) % 40; /* no runs */
	*e = (struct multicall_entry){ .op = __HYPERVISOR_memory_op,
				       .args = { XENMEM_decrease_reservation, scratch_gva(d, 0) } };
	fake_irq_pending = true;
	CHECK_EQ(call(d->vcpu[0], __HYPERVISOR_multicall, scratch_gva(d, 1), 1, 0, 0), 0);
	fake_irq_pending = false;
	CHECK_EQ(e->result, 40);
	CHECK(e->args[0] >> MEMOP_CMD_BITS > 0);
	CHECK_EQ(e->args[0] & 63, XENMEM_decrease_reservation);
	CHECK_EQ(d->tot_pages, RAM - 40);
	domain_put(d);
	world_end();
}

/* An AArch32 guest's: the number in r12, what is above 32 bits means nothing; goes on as others. */
static void test_trap32(void)
{
	struct xen_memory_reservation *r;
	struct domain *d;
	struct vcpu *v;
	unsigned tries = 0;

	world_make();
	d = domain_get_by_id(domu_make());
	v = d->vcpu[0];
	current_is(v);
	memset(v->x, 0xff, sizeof(v->x));
	v->x[12] = BIT(40) | __HYPERVISOR_xen_version;
	v->x[0] = BIT(33) | XENVER_version;
	v->pc = 0x1000;
	hypercall_trap32(v);
	CHECK_EQ(v->x[0], 0x40011);
	CHECK_EQ(v->pc, 0x1000);
	r = scratch(d, 0);
	*r = (struct xen_memory_reservation){ .nr_extents = 40, .domid = DOMID_SELF };
	r->extent_start.q = scratch_gva(d, 1);
	for (unsigned i = 0; i < 40; i++)
		((xen_pfn_t *)scratch(d, 1))[i] = DOMU_BASE + (i * 7) % 40;
	v->x[12] = __HYPERVISOR_memory_op;
	v->x[0] = XENMEM_decrease_reservation;
	v->x[1] = BIT(50) | scratch_gva(d, 0);
	fake_irq_pending = true;
	do {
		v->pc = 0x1000;
		hypercall_trap32(v);
	} while (v->pc == 0xffc && ++tries < 100);
	fake_irq_pending = false;
	v->loaded_on = NULL;
	CHECK(tries > 0 && v->pc == 0x1000);
	CHECK_EQ(v->x[0], 40);
	CHECK_EQ(d->tot_pages, RAM - 40);
	domain_put(d);
	world_end();
}

static void test_console(void)
{
	struct domain *d;
	struct vcpu *v;

	world_make();
	d = hardware_domain;
	v = d->vcpu[0];
	for (unsigned i = 0; i < 200; i++)
		((char *)scratch(d, 1))[i] = (char)('a' + i % 26);
	console_out_len = 0;
	fake_irq_pending = true;
	CHECK_EQ(call(v, __HYPERVISOR_console_io, CONSOLEIO_write, 200, scratch_gva(d, 1), 0), 0);
	fake_irq_pending = false;
	CHECK_EQ(console_out_len, 200);
	CHECK(!memcmp(console_out, scratch(d, 1), 200));
	memcpy(console_in, "input", console_in_len = 5);
	CHECK_EQ(call(v, __HYPERVISOR_console_io, CONSOLEIO_read, 16, 0, 0), -EFAULT);
	CHECK_EQ(console_in_len, 5);
	CHECK_EQ(call(v, __HYPERVISOR_console_io, CONSOLEIO_read, 16, scratch_gva(d, 1), 0), 5);
	CHECK(!memcmp(scratch(d, 1), "input", 5));
	world_end();
}

static void test_context(void)
{
	struct vcpu_guest_context *c;
	struct xen_domctl op = { 0 };
	domid_t id;

	world_make();
	id = domu_make();
	c = scratch(hardware_domain, 1);
	op.u.vcpucontext.ctxt.q = scratch_gva(hardware_domain, 1);
	/* No mode above EL1, none of the other width. */
	for (unsigned mode = 0; mode < 32; mode++) {
		bool ok = mode == 0 || mode == 4 || mode == 5;

		memset(c, 0, sizeof(*c));
		c->user_regs.pc64 = 0x40000000;
		c->user_regs.cpsr = 0x1c0 | mode;
		c->flags = VGCF_online;
		for (unsigned i = 0; i < 31; i++)
			(&c->user_regs.x0)[i] = i;
		CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, id, &op), ok ? 0 : -EINVAL);
	}
	op.u.vcpucontext.vcpu = 1;
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpucontext, id, &op), -ENODATA);
	op.u.vcpucontext.vcpu = 2;
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpucontext, id, &op), -EINVAL);
	op.u.vcpucontext.vcpu = 0;
	memset(c, 0xff, sizeof(*c));
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpucontext, id, &op), 0);
	CHECK_EQ(c->user_regs.x30, 30);
	CHECK_EQ(c->user_regs.pc64, 0x40000000);
	CHECK_EQ(c->user_regs.cpsr, 0x1c5);
	CHECK_EQ(c->flags, VGCF_online);
	/* What this kind of guest has no register for tells nothing. */
	CHECK(is_zero(&c->user_regs.spsr_fiq, 4 * sizeof(c->user_regs.spsr_fiq)));
	world_end();
}

/* The same of an AArch32 guest: its modes, its banked registers; no context at all is a reset. */
static void test_context32(void)
{
	static const u8 modes[] = { 0x10, 0x11, 0x12, 0x13, 0x17, 0x1b, 0x1f };
	struct xen_domctl op = { .u.createdomain = NEW_GUEST(1) };
	struct vcpu_guest_context *c;
	struct vcpu_guest_core_regs *r;
	struct vcpu *v;
	domid_t id;

	world_make();
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, DOMID_INVALID, &op), 0);
	id = op.domain;
	v = domain_get_by_id(id)->vcpu[0];
	op.u.address_size.size = 32;
	CHECK_EQ(domctl(XEN_DOMCTL_set_address_size, id, &op), 0);
	c = scratch(hardware_domain, 1);
	r = &c->user_regs;
	op = (struct xen_domctl){ .u.vcpucontext.ctxt.q = scratch_gva(hardware_domain, 1) };
	for (unsigned psr = 0; psr < 64; psr++) {
		bool ok = false;

		for (unsigned i = 0; i < ARRAY_SIZE(modes); i++)
			ok |= psr % 32 == modes[i];
		memset(c, 0, sizeof(*c));
		r->cpsr = psr & 32 ? 0x1d3 : psr;
		r->spsr_und = psr & 32 ? psr % 32 : 0;
		CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, id, &op), ok || psr == 32 ? 0 : -EINVAL);
	}
	*r = (struct vcpu_guest_core_regs){ .pc64 = BIT(32), .cpsr = 0x1d3 };
	CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, id, &op), -EINVAL);
	*r = (struct vcpu_guest_core_regs){ .pc64 = 0x8001,
					    .cpsr = 0x1d3,
					    .spsr_fiq = 0x11,
					    .spsr_irq = 0x12,
					    .spsr_und = 0x1b,
					    .spsr_abt = 0x17 };
	CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, id, &op), 0);
	CHECK(v->el1.spsr_fiq == 0x11 && v->el1.spsr_irq == 0x12 && v->el1.spsr_und == 0x1b &&
	      v->el1.spsr_abt == 0x17);
	memset(c, 0xff, sizeof(*c));
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpucontext, id, &op), 0);
	CHECK(r->pc64 == 0x8001 && r->spsr_fiq == 0x11 && r->spsr_irq == 0x12 &&
	      r->spsr_und == 0x1b && r->spsr_abt == 0x17 && !r->sp_el1 && !r->elr_el1);
	v->x[3] = 3;
	v->down = false;
	op.u.vcpucontext.ctxt.q = 0;
	CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, id, &op), 0);
	CHECK(v->down && !v->x[3]);
	domain_put(v->domain);
	world_end();
}

static s64 watchdog(struct vcpu *v, u32 id, u32 seconds)
{
	struct sched_watchdog op = { .id = id, .timeout = seconds };

	return call_with(v, __HYPERVISOR_sched_op, SCHEDOP_watchdog, &op, sizeof(op));
}

/* Two for each domain; one that is not fed ends it, unless something else has. */
static void test_watchdogs(void)
{
	struct sched_remote_shutdown op = { .reason = SHUTDOWN_reboot };
	struct domain *d[3];
	struct vcpu *v;

	world_make();
	for (unsigned i = 0; i < 3; i++)
		d[i] = domain_get_by_id(domu_make());
	v = d[0]->vcpu[0];
	CHECK_EQ(watchdog(v, 0, 0), -EINVAL);
	CHECK_EQ(watchdog(v, 1, 5), -EINVAL);
	CHECK_EQ(watchdog(v, 3, 5), -EINVAL);
	CHECK_EQ(watchdog(v, 0, 5), 1);
	CHECK_EQ(watchdog(v, 0, 9), 2);
	CHECK_EQ(watchdog(v, 0, 9), -ENOSPC);
	CHECK(d[0]->watchdog[1].deadline - d[0]->watchdog[0].deadline >= 4000000000);
	CHECK_EQ(watchdog(v, 1, 20), 0);
	CHECK(d[0]->watchdog[0].deadline - d[0]->watchdog[1].deadline >= 11000000000);
	CHECK_EQ(watchdog(v, 1, 0), 0);
	CHECK(!d[0]->watchdog[0].deadline);
	CHECK_EQ(watchdog(v, 0, 5), 1);
	d[0]->watchdog[0].fn(&d[0]->watchdog[0]);
	CHECK(d[0]->is_shut_down && d[0]->shutdown_code == SHUTDOWN_watchdog);
	CHECK_EQ(watchdog(d[1]->vcpu[0], 0, 5), 1);
	CHECK_EQ(watchdog(d[1]->vcpu[0], 0, 5), 2);
	op.domain_id = d[1]->id;
	v = hardware_domain->vcpu[0];
	CHECK_EQ(call_with(v, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &op, sizeof(op)), 0);
	d[1]->watchdog[1].fn(&d[1]->watchdog[1]);
	CHECK_EQ(d[1]->shutdown_code, SHUTDOWN_reboot);
	op.domain_id = 999;
	CHECK_EQ(call_with(v, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &op, sizeof(op)),
		 -ESRCH);
	CHECK_EQ(watchdog(d[2]->vcpu[0], 0, 5), 1);
	kill(d[2]);
	d[2]->watchdog[0].fn(&d[2]->watchdog[0]);
	CHECK(!d[2]->is_shut_down);
	for (unsigned i = 0; i < 3; i++)
		domain_put(d[i]);
	world_end();
}

static struct domain *polls;
static void event_comes(void)
{
	evtchn_raise_virq(polls, VIRQ_DOM_EXC);
}

/* An event that comes just when the vCPU goes to sleep, or has been there, is not slept over. */
static void test_poll(void)
{
	struct evtchn_bind_virq b = { .virq = VIRQ_DOM_EXC };
	struct sched_poll op = { .nr_ports = 1 };
	struct vcpu *v;

	world_make();
	polls = hardware_domain;
	v = polls->vcpu[0];
	CHECK_EQ(call_with(v, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &b, sizeof(b)), 0);
	((struct shared_info *)polls->shared_info)->evtchn_mask[0] = ~0UL; /* as pollers have it */
	op.ports.q = scratch_gva(polls, 1);
	*(u32 *)scratch(polls, 1) = b.port;
	for (unsigned early = 0; early < 2; early++) {
		polls->evtchns.ops->clear_pending(polls, b.port);
		before_it_blocks = early ? NULL : event_comes;
		if (early)
			event_comes();
		CHECK_EQ(call_with(v, __HYPERVISOR_sched_op, SCHEDOP_poll, &op, sizeof(op)), 0);
		before_it_blocks = NULL;
		CHECK(!v->blocked && !v->polling && !polls->evtchns.nr_polling);
	}
	polls->evtchns.ops->clear_pending(polls, b.port);
	CHECK_EQ(call_with(v, __HYPERVISOR_sched_op, SCHEDOP_poll, &op, sizeof(op)), 0);
	CHECK(v->blocked && v->polling);
	event_comes();
	CHECK(!v->blocked && !v->polling);
	op.nr_ports = 129;
	CHECK_EQ(call_with(v, __HYPERVISOR_sched_op, SCHEDOP_poll, &op, sizeof(op)), -EINVAL);
	world_end();
}

static void test_info(void)
{
	struct xen_domctl op = { 0 };
	struct xen_sysctl s = { .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
				.cmd = XEN_SYSCTL_getdomaininfolist };
	struct xen_domctl_getdomaininfo *list;
	domid_t id;

	world_make();
	id = domu_make();
	memset(&op, 0xee, sizeof(op));
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, (domid_t)(id - 0), &op), 0);
	CHECK_EQ(op.u.getdomaininfo.domain, id);
	CHECK_EQ(op.u.getdomaininfo.tot_pages, RAM);
	CHECK_EQ(op.u.getdomaininfo.shared_info_frame, ~0UL);
	CHECK_EQ(op.u.getdomaininfo.nr_online_vcpus, 0);
	CHECK_EQ(op.u.getdomaininfo.max_vcpu_id, 1);
	CHECK(op.u.getdomaininfo.flags & XEN_DOMINF_paused);
	CHECK_EQ(op.u.getdomaininfo.pad1 | op.u.getdomaininfo.pad2[6], 0);
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, 1, &op), 0);
	CHECK_EQ(op.domain, id);
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, (domid_t)(id + 1), &op), -ESRCH);
	list = scratch(hardware_domain, 1);
	s.u.getdomaininfolist.max_domains = 10;
	s.u.getdomaininfolist.buffer.q = scratch_gva(hardware_domain, 1);
	memcpy(scratch(hardware_domain, 0), &s, sizeof(s));
	for (unsigned n = 2; n < 6; n++) {
		fake_irq_pending = n > 2; /* cut short after each */
		memcpy(scratch(hardware_domain, 0), &s, sizeof(s));
		CHECK_EQ(call(hardware_domain->vcpu[0], __HYPERVISOR_sysctl,
			      scratch_gva(hardware_domain, 0), 0, 0, 0),
			 0);
		CHECK_EQ(((struct xen_sysctl *)scratch(hardware_domain, 0))
				 ->u.getdomaininfolist.num_domains,
			 n);
		CHECK_EQ(list[0].domain, 0);
		CHECK_EQ(list[1].domain, id);
		CHECK_EQ(list[n - 1].domain, id + n - 2);
		fake_irq_pending = false;
		CHECK_EQ(domu_make(), id + n - 1);
		memset(list, 0, 512);
	}
	world_end();
}

/* A domain of many vCPUs is made in steps, by whoever asks for the same again. */
static void test_create_in_steps(void)
{
	struct domain_config cfg = { .max_vcpus = 5,
				     .max_evtchn_port = 1023,
				     .max_grant_frames = 4,
				     .max_maptrack_frames = 4 };
	struct domain *d;
	u64 before;

	world_make();
	before = heap_free_pages;
	for (unsigned other = 0; other < 4; other++) {
		struct domain_config another = { .max_vcpus = 2 };
		unsigned steps = 0;

		fake_irq_pending = true;
		CHECK_EQ(domain_create(9, &cfg, &d), -ERESTART);
		CHECK(!domain_get_by_id(9) && heap_free_pages < before);
		/* somebody else has begun to take it back */
		if (other == 3)
			CHECK_EQ(domain_create(8, &another, &d), -ERESTART);
		cfg.max_evtchn_port += other == 1;
		cfg.handle[3] += other == 2;
		while (domain_create(9, &cfg, &d) == -ERESTART)
			steps++;
		/* the last ones of five; or taken back first, in steps, too */
		CHECK(other ? steps > 4 : steps == 3);
		CHECK(d->max_vcpus == 5 && d->vcpu[0] && d->vcpu[4]);
		CHECK(d->state == DOM_ALIVE && !d->relinquish_step);
		CHECK_EQ(d->evtchns.max_port, cfg.max_evtchn_port);
		CHECK_EQ(spec_check(true), 0);
		kill(d);
		CHECK_EQ(heap_free_pages, before);
	}
	world_end();
}

static void test_ring(void)
{
	struct xen_sysctl s = { .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
				.cmd = XEN_SYSCTL_readconsole };
	struct xen_sysctl *req;

	world_make();
	req = scratch(hardware_domain, 0);
	s.u.readconsole.buffer.q = scratch_gva(hardware_domain, 1);
	s.u.readconsole.index = 77;
	for (int cut = 0; cut < 2; cut++) {
		for (u32 count = 0; count < 1200; count += 150) {
			fake_irq_pending = cut;
			s.u.readconsole.count = count;
			memset(scratch(hardware_domain, 1), 0xff, PAGE_SIZE);
			*req = s;
			CHECK_EQ(call(hardware_domain->vcpu[0], __HYPERVISOR_sysctl,
				      scratch_gva(hardware_domain, 0), 0, 0, 0),
				 0);
			fake_irq_pending = false;
			CHECK_EQ(req->u.readconsole.count, min(count, (u32)RING));
			CHECK_EQ(req->u.readconsole.index, count ? min(count, (u32)RING) : 77);
			for (u32 i = 0; i < PAGE_SIZE; i++)
				CHECK_EQ(((u8 *)scratch(hardware_domain, 1))[i],
					 i < min(count, (u32)RING) ? i % 251 : 0xff);
		}
	}
	world_end();
}

/* What prints much lets others in, and says all of it once. */
static void test_dumps(void)
{
	struct xen_sysctl s = { .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
				.cmd = XEN_SYSCTL_debug_keys,
				.u.debug_keys.nr_keys = 3 };
	struct gnttab_dump_table t = { 0 };
	struct domain *d;
	struct vcpu *v;

	world_make();
	v = hardware_domain->vcpu[0];
	d = domain_get_by_id(domu_make());
	t.dom = d->id;
	for (u32 ref = 100; ref < 110; ref++)
		grant_active_of(&d->grants, ref)->readers = 1;
	s.u.debug_keys.keys.q = scratch_gva(hardware_domain, 1);
	memcpy(scratch(hardware_domain, 1), "abc", 3);
	for (int cut = 0; cut < 2; cut++) {
		spec_every = ~0U; /* readers without handles */
		fake_irq_pending = cut;
		lines = 0;
		memcpy(scratch(hardware_domain, 0), &t, sizeof(t));
		CHECK_EQ(call(v, __HYPERVISOR_grant_table_op, GNTTABOP_dump_table,
			      scratch_gva(hardware_domain, 0), 1, 0),
			 0);
		CHECK_EQ(lines, 1 + 10);
		CHECK_EQ(restarts, cut ? d->grants.nr_frames * GRANTS_PER_FRAME : 0);
		fake_irq_pending = false;
	}
	for (u32 ref = 100; ref < 110; ref++)
		grant_active_of(&d->grants, ref)->readers = 0;
	spec_every = 1;
	for (int cut = 0; cut < 2; cut++) {
		fake_irq_pending = cut;
		memset(key_log, 0, sizeof(key_log));
		memcpy(scratch(hardware_domain, 0), &s, sizeof(s));
		CHECK_EQ(call(v, __HYPERVISOR_sysctl, scratch_gva(hardware_domain, 0), 0, 0, 0), 0);
		CHECK(!strcmp(key_log, "aaabbbccc"));
		CHECK(cut ? restarts >= 9 : !restarts);
	}
	fake_irq_pending = false;
	domain_put(d);
	world_end();
}

static void wall_is(struct domain *d, u64 sec)
{
	struct shared_info *si = d->shared_info;

	CHECK_EQ((u64)si->wc_sec_hi << 32 | si->wc_sec, sec);
	CHECK_EQ(si->wc_version % 2, 0);
}

static void test_wallclock(void)
{
	struct xen_platform_op set = { .cmd = XENPF_settime64,
				       .interface_version = XENPF_INTERFACE_VERSION };
	struct xen_domctl op = { .u.settimeoffset.time_offset_seconds = -1000 };
	struct domain *a, *b;

	world_make();
	a = domain_get_by_id(domu_make());
	b = domain_get_by_id(domu_make());
	b->created_ns = 3 * 1000000000UL;
	/* At 2.7 s it was 5,000,000,000.5: at the start 4,999,999,997.8 */
	set.u.settime64.secs = 5000000000;
	set.u.settime64.nsecs = 500000000;
	set.u.settime64.system_time = 2700000000;
	for (int cut = 0; cut < 2; cut++) {
		fake_irq_pending = cut;
		CHECK_EQ(call_with(hardware_domain->vcpu[0], __HYPERVISOR_platform_op,
				   scratch_gva(hardware_domain, 0), &set, sizeof(set)),
			 0);
		fake_irq_pending = false;
		wall_is(hardware_domain, 4999999997);
		CHECK_EQ(hardware_domain->shared_info->wc_nsec, 800000000);
		wall_is(a, 4999999997);
		wall_is(b, 5000000000);
		memset(&a->shared_info->wc_sec, 0, 4);
		set.u.settime64.mbz = 0;
	}
	CHECK_EQ(domctl(XEN_DOMCTL_settimeoffset, a->id, &op), 0);
	wall_is(a, 4999998997);
	set.u.settime64.mbz = 1;
	CHECK_EQ(call_with(hardware_domain->vcpu[0], __HYPERVISOR_platform_op,
			   scratch_gva(hardware_domain, 0), &set, sizeof(set)),
		 -EINVAL);
	domain_put(a);
	domain_put(b);
	world_end();
}

static void test_access_lists(void)
{
	static bool model[64];
	struct access_list l = { .nr = 0 };

	memset(model, 0, sizeof(model));
	for (unsigned n = 0; n < 20000; n++) {
		u64 first = rnd(64), last = min(first + rnd(12), 63UL);
		bool add = rnd(2);
		int rc = add ? access_add(&l, first, last) : access_remove(&l, first, last);

		CHECK(rc == 0 || rc == -ENOMEM);
		for (u64 i = first; !rc && i <= last; i++)
			model[i] = add;
		CHECK(l.nr <= MAX_ACCESS_RANGES);
		first = rnd(64);
		last = min(first + rnd(12), 63UL);
		rc = 1;
		for (u64 i = first; i <= last; i++)
			rc &= model[i];
		CHECK_EQ(access_covers(&l, first, last), rc);
	}
	l.nr = 0;
	CHECK_EQ(access_add(&l, 0, ~0UL), 0);
	CHECK_EQ(access_remove(&l, 5, 5), 0);
	CHECK(access_covers(&l, 0, 4) && access_covers(&l, 6, ~0UL) && !access_covers(&l, 4, 6));
}

#define OWN_DEVICE 0x8000UL /* a frame of the hypervisor's own */
bool el2_owns_device(mfn_t first, mfn_t last)
{
	return first.n <= OWN_DEVICE && last.n >= OWN_DEVICE;
}

static s64 iomem(domid_t id, u64 first, u64 nr)
{
	struct xen_domctl op = { .u.iomem_permission = {
					 .first_mfn = first, .nr_mfns = nr, .allow_access = 1 } };

	return domctl(XEN_DOMCTL_iomem_permission, id, &op);
}

static s64 map_device(domid_t id, u64 first, u64 nr)
{
	struct xen_domctl op = { .u.memory_mapping = { .first_gfn = 0x70000,
						       .first_mfn = first,
						       .nr_mfns = nr,
						       .add_mapping = 1 } };

	return domctl(XEN_DOMCTL_memory_mapping, id, &op);
}

/*
 * Dom0 gives away devices, but neither the hypervisor's nor RAM; nobody gets what was not permitted
 * to it.
 */
static void test_devices(void)
{
	struct xen_add_to_physmap map = { .domid = DOMID_SELF,
					  .space = XENMAPSPACE_dev_mmio,
					  .gpfn = 0x70000 };
	struct vcpu *dom0;
	domid_t id;

	world_make();
	id = domu_make();
	dom0 = hardware_domain->vcpu[0];
	CHECK_EQ(iomem(id, OWN_DEVICE, 1), -EPERM);
	CHECK_EQ(iomem(id, OWN_DEVICE - 4, 8), -EPERM);
	CHECK_EQ(map_device(id, 0x9000, 4), -EPERM);
	CHECK_EQ(iomem(id, 0x9000, 4), 0);
	CHECK_EQ(map_device(id, 0x9000, 5), -EPERM);
	CHECK_EQ(map_device(id, 0x9000, 4), 0);
	CHECK_EQ(map_device(0, OWN_DEVICE, 1), -EPERM);
	CHECK_EQ(iomem(id, dom0_base, 1), 0);
	CHECK_EQ(map_device(id, dom0_base, 1), -EPERM);
	for (u64 mfn = OWN_DEVICE - 1; mfn <= OWN_DEVICE + 1; mfn++) {
		map.idx = mfn;
		CHECK_EQ(call_with(dom0, __HYPERVISOR_memory_op, XENMEM_add_to_physmap, &map,
				   sizeof(map)),
			 mfn == OWN_DEVICE ? -EPERM : 0);
	}
	world_end();
}

static s64 make_vuart(domid_t id, u32 cmd, u32 type, u64 gfn, u8 pad, u32 *port)
{
	struct xen_domctl op = {
		.u.vuart_op = { .cmd = cmd, .type = type, .gfn = gfn, .pad = { 0, pad } }
	};
	s64 rc = domctl(XEN_DOMCTL_vuart_op, id, &op);

	*port = op.u.vuart_op.evtchn;
	return rc;
}

/* A UART for a domain that has not run yet, once, on a page of its own. */
static void test_vuart(void)
{
	struct domain *d;
	u32 port;
	domid_t id;

	world_make();
	id = domu_make();
	CHECK_EQ(make_vuart(id, 1, 0, DOMU_BASE, 0, &port), -EINVAL);
	CHECK_EQ(make_vuart(id, 0, 1, DOMU_BASE, 0, &port), -EOPNOTSUPP);
	CHECK_EQ(make_vuart(id, 0, 0, DOMU_BASE, 1, &port), -EINVAL);
	CHECK_EQ(make_vuart(id, 0, 0, DOMU_BASE - 1, 0, &port), -EINVAL);
	CHECK_EQ(make_vuart(0, 0, 0, 0, 0, &port), -EINVAL);
	CHECK_EQ(make_vuart(id, 0, 0, DOMU_BASE, 0, &port), 0);
	d = domain_get_by_id(id);
	CHECK(port && port == d->vuart.port && d->nr_mmio == 1);
	CHECK_EQ(make_vuart(id, 0, 0, DOMU_BASE, 0, &port), -EINVAL);
	domain_put(d);
	id = domu_make();
	CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, id, &(struct xen_domctl){ 0 }), 0);
	CHECK_EQ(make_vuart(id, 0, 0, DOMU_BASE, 0, &port), -EPERM);
	world_end();
}

/* --- every failure --- */

static struct vcpu *v0, *vu; /* Dom0's and the DomU's first */
static struct domain *du, *other;
static u32 port, handle;
static struct xen_domctl ctl;

static u64 mix(u64 h, u64 x)
{
	h = (h ^ x) * 0x9e3779b97f4a7c15;
	return h ^ h >> 29;
}

static u64 mapped(struct domain *d, u64 h)
{
	const struct tlb_entry *e;
	unsigned n;

	tlb_watch(d->vttbr);
	n = tlb_sync(d->vttbr, &e);
	for (unsigned i = 0; i < n; i++)
		for (u64 k = 0; k < 1UL << 9 * (3 - e[i].level); k++)
			h = mix(mix(h, e[i].gfn + k),
				(e[i].pte >> 55) + ((e[i].pte & 0xfffffffff000) + k * PAGE_SIZE));
	tlb_unwatch(d->vttbr);
	return mix(h, d->p2m.max_gfn);
}

static u64 events(struct domain *d, u64 h)
{
	for (u32 p = 0; p < d->evtchns.nr_ports; p++) {
		const struct evtchn *ch = evtchn_at(&d->evtchns, p);

		if (ch->state != EVTCHNSTAT_closed)
			h = mix(mix(mix(h, p | ch->state << 24), (u64)ch->peer),
				ch->arg | ch->vcpu << 8 | ch->priority << 16);
	}
	h = mix(h, d->evtchns.fifo ? evtchn_fifo_nr_pages(d) : 0);
	for (unsigned i = 0; d->evtchns.fifo && i < evtchn_fifo_nr_pages(d); i++)
		h = mix(h, (u64)evtchn_fifo_page(d, i));
	for_each_vcpu (d, v)
		for (unsigned i = 0; i < ARRAY_SIZE(v->virq_port); i++)
			h = mix(h, v->virq_port[i]);
	return h;
}

static u64 grants(struct domain *d, u64 h)
{
	struct grant_table *t = &d->grants;

	for (u32 ref = 0; ref < t->nr_frames * GRANTS_PER_FRAME; ref++)
		if (grant_in_use(grant_active_of(t, ref)))
			h = mix(h, *(u64 *)(void *)grant_active_of(t, ref) + ref);
	for (u32 i = 0; i < t->nr_pages * HANDLES_PER_PAGE; i++) {
		struct maptrack *m = t->maptrack[i / HANDLES_PER_PAGE];

		if (m && m[i % HANDLES_PER_PAGE].word)
			h = mix(h, m[i % HANDLES_PER_PAGE].word + i);
	}
	return h;
}

/*
 * All that a guest or a tool could tell apart, but for how far a grant table has grown: it does so
 * in steps, and what came stays.
 */
static u64 digest(void)
{
	struct domain *d;
	u64 h = 1;

	for (domid_t id = 0; (d = domain_get_next(id)); id = (domid_t)(d->id + 1), domain_put(d)) {
		h = mix(mix(mix(h, d->id), d->state | d->is_shut_down << 8 |
						   d->paused_by_tool << 16 | d->aarch32 << 24),
			d->tot_pages);
		h = mix(mix(mix(h, d->max_pages), d->max_table_pages), d->shared_info_gfn.n);
		for (unsigned i = 0; i < HVM_NR_PARAMS; i++)
			h = mix(h, d->params[i]);
		h = mix(mix(h, d->iomem.nr), d->irqs.nr);
		h = mix(mix(h, d->sched.weight | (u64)d->watchdogs_used << 16 |
				       (u64)d->early_shutdown << 32),
			(u64)d->time_offset_s);
		for (unsigned i = 0; i < sizeof(d->handle); i++)
			h = mix(h, ((u8 *)d->handle)[i]);
		for_each_vcpu (d, v) {
			h = mix(mix(mix(h, (u64)v->info), (u64)v->runstate_page),
				v->pause_count | v->down << 8);
			h = mix(mix(mix(h, v->sched.hard.bits[0]), v->sched.soft.bits[0]),
				v->el1.sctlr_el1);
		}
		h = grants(d, events(d, mapped(d, h)));
	}
	return h;
}

static s64 memory_op(struct vcpu *v, u64 cmd, void *req, size_t n)
{
	return call_with(v, __HYPERVISOR_memory_op, cmd, req, n);
}

static s64 list_op(struct vcpu *v, u64 cmd, u64 first, u64 nr, unsigned order)
{
	struct xen_memory_reservation r = { .nr_extents = nr,
					    .extent_order = order,
					    .domid = DOMID_SELF };

	r.extent_start.q = scratch_gva(v->domain, 1);
	for (u64 i = 0; i < nr; i++)
		((xen_pfn_t *)scratch(v->domain, 1))[i] = first + (i << order);
	return memory_op(v, cmd, &r, sizeof(r)) == (s64)nr ? 0 : -1;
}

static s64 f_create(void)
{
	s64 rc;

	ctl = (struct xen_domctl){ .u.createdomain = NEW_GUEST(3) };
	rc = domctl(XEN_DOMCTL_createdomain, 77, &ctl);
	return rc;
}
static s64 f_populate(void)
{
	return list_op(vu, XENMEM_populate_physmap, 0x80000, 1, 0);
}
static s64 f_populate_block(void)
{
	return list_op(vu, XENMEM_populate_physmap, 0x80200, 1, 9);
}
/* of a block */
static s64 f_decrease(void)
{
	return list_op(vu, XENMEM_decrease_reservation, 0x60007, 1, 0);
}
static s64 add_to(struct vcpu *v, unsigned space, u64 idx, u64 gfn)
{
	struct xen_add_to_physmap r = {
		.domid = DOMID_SELF, .space = space, .idx = idx, .gpfn = gfn
	};

	return memory_op(v, XENMEM_add_to_physmap, &r, sizeof(r));
}
static s64 f_shared_info(void)
{
	return add_to(vu, XENMAPSPACE_shared_info, 0, 0x90000000);
}
static s64 f_grant_frame(void)
{
	return add_to(vu, XENMAPSPACE_grant_table, 4, 0x90000001);
}
static s64 f_foreign(void)
{
	struct xen_add_to_physmap_batch b = { .domid = DOMID_SELF,
					      .space = XENMAPSPACE_gmfn_foreign,
					      .size = 1,
					      .u.foreign_domid = du->id };

	b.idxs.q = scratch_gva(hardware_domain, 1);
	b.gpfns.q = b.idxs.q + 8;
	b.errs.q = b.idxs.q + 16;
	((u64 *)scratch(hardware_domain, 1))[0] = DOMU_BASE + 3;
	((u64 *)scratch(hardware_domain, 1))[1] = 0x90000000;
	((int *)scratch(hardware_domain, 1))[4] = 0;
	return memory_op(v0, XENMEM_add_to_physmap_batch, &b, sizeof(b))
		       ?: ((int *)scratch(hardware_domain, 1))[4];
}
static s64 f_acquire(void)
{
	struct xen_mem_acquire_resource r = {
		.domid = du->id, .type = XENMEM_resource_grant_table, .nr_frames = 1, .frame = 3
	};

	r.frame_list.q = scratch_gva(hardware_domain, 1);
	((u64 *)scratch(hardware_domain, 1))[0] = 0x90000000;
	return memory_op(v0, XENMEM_acquire_resource, &r, sizeof(r));
}
static s64 f_remove(void)
{
	struct xen_remove_from_physmap r = { .domid = DOMID_SELF, .gpfn = 0x60009 };

	return memory_op(vu, XENMEM_remove_from_physmap, &r, sizeof(r));
}
static s64 f_setup_table(void)
{
	struct gnttab_setup_table r = { .dom = DOMID_SELF, .nr_frames = 4 };
	s64 rc;

	r.frame_list.q = scratch_gva(du, 1);
	memcpy(scratch(du, 0), &r, sizeof(r));
	rc = call(vu, __HYPERVISOR_grant_table_op, GNTTABOP_setup_table, scratch_gva(du, 0), 1, 0);
	return rc ? rc : ((struct gnttab_setup_table *)scratch(du, 0))->status;
}
static s64 event(u64 cmd, void *op, size_t n)
{
	return call_with(vu, __HYPERVISOR_event_channel_op, cmd, op, n);
}
static s64 f_unbound(void)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = 0 };

	return event(EVTCHNOP_alloc_unbound, &op, sizeof(op));
}
static s64 f_interdomain(void)
{
	struct evtchn_bind_interdomain op = { .remote_dom = 0, .remote_port = port };

	return event(EVTCHNOP_bind_interdomain, &op, sizeof(op));
}
static s64 f_virq(void)
{
	struct evtchn_bind_virq op = { .virq = VIRQ_TIMER, .vcpu = 1 };

	return event(EVTCHNOP_bind_virq, &op, sizeof(op));
}
static s64 f_ipi(void)
{
	struct evtchn_bind_ipi op = { .vcpu = 1 };

	return event(EVTCHNOP_bind_ipi, &op, sizeof(op));
}
static s64 f_control(void)
{
	struct evtchn_init_control op = { .control_gfn = DOMU_BASE + 5, .vcpu = 0 };

	return event(EVTCHNOP_init_control, &op, sizeof(op));
}
static s64 f_expand(void)
{
	struct evtchn_expand_array op = { .array_gfn = DOMU_BASE + 6 };

	return event(EVTCHNOP_expand_array, &op, sizeof(op));
}
static s64 f_status(void)
{
	struct evtchn_status op = { .dom = DOMID_SELF, .port = 1 };

	return event(EVTCHNOP_status, &op, sizeof(op));
}
static s64 f_map(void)
{
	struct gnttab_map_grant_ref *m = scratch(hardware_domain, 0);
	s64 rc;

	*m = (struct gnttab_map_grant_ref){
		.host_addr = 0x90000000000, .flags = GNTMAP_host_map, .ref = 8, .dom = du->id
	};
	rc = call(v0, __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref,
		  scratch_gva(hardware_domain, 0), 1, 0);
	handle = m->handle;
	return rc ? rc : m->status;
}
static s64 f_unmap(void)
{
	struct gnttab_unmap_grant_ref *m = scratch(hardware_domain, 0);
	s64 rc;

	*m = (struct gnttab_unmap_grant_ref){ .host_addr = 0x90000000000, .handle = handle };
	rc = call(v0, __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref,
		  scratch_gva(hardware_domain, 0), 1, 0);
	return rc ? rc : m->status;
}
static s64 f_info(void)
{
	struct vcpu_register_vcpu_info *r = scratch(du, 0);

	*r = (struct vcpu_register_vcpu_info){ .mfn = DOMU_BASE + 9, .offset = 64 };
	return call(vu, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, scratch_gva(du, 0), 0);
}
static s64 f_runstate(void)
{
	*(u64 *)scratch(du, 0) = gfn_addr(GFN(DOMU_BASE + 9));
	return call(vu, __HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0,
		    scratch_gva(du, 0), 0);
}
static s64 f_param(void)
{
	struct xen_hvm_param p = { .domid = du->id,
				   .index = HVM_PARAM_STORE_PFN,
				   .value = 0x39000 };

	return call_with(v0, __HYPERVISOR_hvm_op, HVMOP_set_param, &p, sizeof(p));
}
static s64 f_mapping(void)
{
	ctl = (struct xen_domctl){ .u.memory_mapping = { .first_gfn = 0x22000000,
							 .first_mfn = 0x9000,
							 .nr_mfns = 3,
							 .add_mapping = 1 } };
	return domctl(XEN_DOMCTL_memory_mapping, du->id, &ctl);
}
static s64 f_iomem(void)
{
	ctl = (struct xen_domctl){ .u.iomem_permission = {
					   .first_mfn = 0x9100, .nr_mfns = 3, .allow_access = 1 } };
	return domctl(XEN_DOMCTL_iomem_permission, du->id, &ctl);
}
static s64 f_vuart(void)
{
	ctl = (struct xen_domctl){ .u.vuart_op.gfn = DOMU_BASE + 3 };
	/* it was made although its port could not be told: not a second time */
	return du->vuart.ring ? 0 : domctl(XEN_DOMCTL_vuart_op, du->id, &ctl);
}
static s64 f_getinfo(void)
{
	return domctl(XEN_DOMCTL_getdomaininfo, du->id, &ctl);
}
static s64 f_pause(void)
{
	return domctl(XEN_DOMCTL_pausedomain, du->id, &ctl);
}
static s64 f_max_vcpus(void)
{
	ctl = (struct xen_domctl){ .u.max_vcpus.max = 2 };
	return domctl(XEN_DOMCTL_max_vcpus, du->id, &ctl);
}
static s64 f_paging(void)
{
	ctl = (struct xen_domctl){ .u.paging_mempool.size = 128 << 12 };
	return domctl(XEN_DOMCTL_set_paging_mempool_size, du->id, &ctl);
}
static s64 f_irq(void)
{
	ctl = (struct xen_domctl){ .u.irq_permission = { .pirq = 36, .allow_access = 1 } };
	return domctl(XEN_DOMCTL_irq_permission, du->id, &ctl);
}
static s64 f_bind_irq(void)
{
	ctl = (struct xen_domctl){
		.u.bind_pt_irq = { .machine_irq = 36, .irq_type = PT_IRQ_TYPE_SPI, .u.spi.spi = 36 }
	};
	return domctl(XEN_DOMCTL_bind_pt_irq, du->id, &ctl);
}
/* before it has any memory */
static s64 f_aarch32(void)
{
	ctl = (struct xen_domctl){ .u.address_size.size = 32 };
	return domctl(XEN_DOMCTL_set_address_size, 77, &ctl);
}
static s64 f_priority(void)
{
	struct evtchn_set_priority op = { .port = 1, .priority = 3 };

	return event(EVTCHNOP_set_priority, &op, sizeof(op));
}
static s64 f_remote_shutdown(void)
{
	struct sched_remote_shutdown op = { .domain_id = du->id, .reason = SHUTDOWN_reboot };

	return call_with(v0, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &op, sizeof(op));
}
static s64 f_cache_flush(void)
{
	struct gnttab_cache_flush *op = scratch(hardware_domain, 0);

	*op = (struct gnttab_cache_flush){ .a.dev_bus_addr = dom0_base << PAGE_SHIFT,
					   .length = 64,
					   .op = GNTTAB_CACHE_CLEAN };
	return call(v0, __HYPERVISOR_grant_table_op, GNTTABOP_cache_flush,
		    scratch_gva(hardware_domain, 0), 1, 0);
}
static s64 f_watchdog(void)
{
	struct sched_watchdog op = { .timeout = 30 };

	return call_with(vu, __HYPERVISOR_sched_op, SCHEDOP_watchdog, &op, sizeof(op)) - 1;
}
/* All that it has goes with it, channels and mappings of others too. */
static s64 f_destroy(void)
{
	return domctl(XEN_DOMCTL_destroydomain, du->id, &ctl);
}
static s64 busy_guest(void)
{
	static s64 (*const steps[])(
		void) = { f_populate, f_populate_block, f_decrease, f_shared_info, f_interdomain,
			  f_virq,     f_control,	f_expand,   f_map,	   f_info,
			  f_runstate, f_foreign,	f_mapping };

	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++)
		CHECK_EQ(steps[i](), 0);
	return 0;
}

static s64 sysctl(u32 cmd, struct xen_sysctl *op)
{
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	memcpy(scratch(hardware_domain, 0), op, sizeof(*op));
	return call(v0, __HYPERVISOR_sysctl, scratch_gva(hardware_domain, 0), 0, 0, 0);
}
static s64 f_infolist(void)
{
	struct xen_sysctl op = { .u.getdomaininfolist = { .max_domains = 5 } };

	op.u.getdomaininfolist.buffer.q = scratch_gva(hardware_domain, 1);
	return sysctl(XEN_SYSCTL_getdomaininfolist, &op);
}
static s64 f_readconsole(void)
{
	struct xen_sysctl op = { .u.readconsole = { .count = 700 } };

	op.u.readconsole.buffer.q = scratch_gva(hardware_domain, 1);
	return sysctl(XEN_SYSCTL_readconsole, &op);
}
static s64 f_debug_keys(void)
{
	struct xen_sysctl op = { .u.debug_keys.nr_keys = 9 };

	op.u.debug_keys.keys.q = scratch_gva(hardware_domain, 1);
	return sysctl(XEN_SYSCTL_debug_keys, &op);
}
static s64 f_cpuinfo(void)
{
	struct xen_sysctl op = { .u.getcpuinfo.max_cpus = 4 };

	op.u.getcpuinfo.info.q = scratch_gva(hardware_domain, 1);
	return sysctl(XEN_SYSCTL_getcpuinfo, &op);
}
static s64 f_topology(void)
{
	struct xen_sysctl op = { .u.cputopoinfo.num_cpus = 4 };

	op.u.cputopoinfo.cputopo.q = scratch_gva(hardware_domain, 1);
	return sysctl(XEN_SYSCTL_cputopoinfo, &op);
}
static s64 f_numa(void)
{
	struct xen_sysctl op = { .u.numainfo.num_nodes = 4 };

	op.u.numainfo.meminfo.q = scratch_gva(hardware_domain, 1);
	op.u.numainfo.distance.q = scratch_gva(hardware_domain, 2);
	return sysctl(XEN_SYSCTL_numainfo, &op);
}
static s64 f_pool(void)
{
	struct xen_sysctl op = { .u.cpupool_op.cpumap.nr_bits = 64 };

	op.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_INFO;
	op.u.cpupool_op.cpumap.bitmap.q = scratch_gva(hardware_domain, 1);
	return sysctl(XEN_SYSCTL_cpupool_op, &op);
}

/*
 * Something of everything is there; Dom0's port for f_interdomain(); a channel, a block of RAM, a
 * grant.
 */
static void busy_world(void)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF };

	world_make();
	p2m_init_cpu();
	p2m_load(hardware_domain);
	du = domain_get_by_id(domu_make());
	other = domain_get_by_id(domu_make());
	v0 = hardware_domain->vcpu[0];
	vu = du->vcpu[0];
	du->max_pages = 4096;
	op.remote_dom = du->id;
	CHECK_EQ(call_with(v0, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &op,
			   sizeof(op)),
		 0);
	port = op.port;
	CHECK_EQ(f_unbound(), 0);
	CHECK_EQ(list_op(vu, XENMEM_populate_physmap, 0x60000, 1, 9), 0);
	du->grants.shared[0][8] = (grant_entry_v1_t){ .flags = GTF_permit_access,
						      .domid = 0,
						      .frame = DOMU_BASE + 2 };
	ctl = (struct xen_domctl){ .u.iomem_permission = {
					   .first_mfn = 0x9000, .nr_mfns = 8, .allow_access = 1 } };
	CHECK_EQ(domctl(XEN_DOMCTL_iomem_permission, du->id, &ctl), 0);
}

static void quiet_world(void)
{
	domain_put(du);
	domain_put(other);
	world_end();
}

static s64 nothing(void)
{
	return 0;
}
static s64 many_ports(void)
{
	while (du->evtchns.nr_open < EVTCHN_BUCKET - 1)
		CHECK_EQ(f_unbound(), 0);
	return 0;
}

/*
 * lasts: an error may come after the deed (as on Xen: the mapping is there, only its status could
 * not be written).
 */
static const struct faulty {
	const char *name;
	s64 (*before)(void), (*op)(void);
	bool lasts;
} faulty[] = {
	{ "create", nothing, f_create },
	{ "populate", nothing, f_populate },
	{ "populate a block", nothing, f_populate_block },
	{ "decrease", nothing, f_decrease },
	{ "shared_info", nothing, f_shared_info },
	{ "grant frame", nothing, f_grant_frame },
	{ "foreign", nothing, f_foreign, true },
	{ "acquire", nothing, f_acquire },
	{ "remove", nothing, f_remove },
	{ "setup_table", nothing, f_setup_table },
	{ "alloc_unbound", nothing, f_unbound },
	{ "alloc_unbound with a new bucket", many_ports, f_unbound },
	{ "bind_interdomain", nothing, f_interdomain },
	{ "bind_interdomain with a new bucket", many_ports, f_interdomain },
	{ "bind_virq", nothing, f_virq },
	{ "bind_virq with a new bucket", many_ports, f_virq },
	{ "bind_ipi", many_ports, f_ipi },
	{ "init_control", nothing, f_control },
	{ "expand_array", f_control, f_expand },
	{ "status", nothing, f_status },
	{ "map", nothing, f_map },
	{ "unmap", f_map, f_unmap },
	{ "vcpu_info", nothing, f_info },
	{ "runstate", nothing, f_runstate },
	{ "set_param", nothing, f_param },
	{ "memory_mapping", nothing, f_mapping },
	{ "iomem_permission", nothing, f_iomem },
	{ "vuart", nothing, f_vuart, true },
	{ "vuart with a new bucket", many_ports, f_vuart, true },
	{ "getdomaininfo", nothing, f_getinfo },
	{ "pause", nothing, f_pause },
	{ "max_vcpus", nothing, f_max_vcpus },
	{ "address_size", f_create, f_aarch32 },
	{ "set_paging_mempool_size", nothing, f_paging },
	{ "bind_pt_irq", f_irq, f_bind_irq },
	{ "set_priority", f_control, f_priority },
	{ "remote_shutdown", nothing, f_remote_shutdown },
	{ "watchdog", nothing, f_watchdog },
	{ "cache_flush", nothing, f_cache_flush },
	{ "destroy", nothing, f_destroy },
	{ "destroy a busy one", busy_guest, f_destroy },
	{ "getdomaininfolist", nothing, f_infolist },
	{ "readconsole", nothing, f_readconsole },
	{ "debug_keys", nothing, f_debug_keys },
	{ "getcpuinfo", nothing, f_cpuinfo },
	{ "cputopoinfo", nothing, f_topology },
	{ "numainfo", nothing, f_numa },
	{ "cpupool", nothing, f_pool },
};

/*
 * The n-th one fails: an error leaves everything as it was, and the same again works. false: there
 * is no n-th.
 */
static bool fail_once(const struct faulty *f, unsigned *which, unsigned n)
{
	u64 before;
	s64 rc;

	busy_world();
	CHECK_EQ(f->before(), 0);
	before = digest();
	failed = false;
	*which = n;
	rc = f->op();
	*which = still_to_lose = 0;
	if (failed && rc) {
		if (!f->lasts && digest() != before) {
			say("%s: %s %u failed (%ld) and left something behind\n", f->name,
			    step_name(which), n, rc);
			CHECK(digest() == before);
		}
		CHECK_EQ(f->op(), 0);
	} else {
		CHECK_EQ(rc, 0);
	}
	quiet_world();
	return failed;
}

static void test_failures(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(faulty); i++) {
		for (unsigned n = 1; fail_once(&faulty[i], &fail_alloc, n); n++)
			CHECK(n < 100);
		for (unsigned n = 1; fail_once(&faulty[i], &fail_access, n); n++)
			CHECK(n < 100);
	}
}

/*
 * Arrays: one that fails may end the call, but what is told of each element is so. op goes over
 * elements from `first` on; told: the element's own answer says that it was done; done: it was.
 */
#define ARRAY 5
#define ARRAY_GFN 0x90000000UL

static s64 last_rc;
static u64 list_at; /* where the elements' requests or answers lie */

static xen_pfn_t *numbers(struct domain *d)
{
	return (void *)((char *)scratch(d, 1) + PAGE_SIZE / 2);
}

static void extents_op(u64 cmd, unsigned first, unsigned nr)
{
	struct xen_memory_reservation r = { .nr_extents = nr - first, .domid = DOMID_SELF };

	r.extent_start.q = scratch_gva(du, 1) + PAGE_SIZE / 2;
	for (unsigned i = first; i < nr; i++) /* no runs */
		numbers(du)[i - first] = DOMU_BASE + (cmd == XENMEM_populate_physmap ? RAM : 0) +
					 2 * i;
	last_rc = memory_op(vu, cmd, &r, sizeof(r)) + first;
}
#define EXTENTS 36 /* more than are read at once */
static void a_populate(unsigned first)
{
	extents_op(XENMEM_populate_physmap, first, EXTENTS);
}
static void a_decrease(unsigned first)
{
	extents_op(XENMEM_decrease_reservation, first, ARRAY);
}
static bool counted(unsigned i)
{
	return last_rc > (s64)i;
}
static bool type_is(struct domain *d, u64 gfn, enum p2m_type t)
{
	mfn_t mfn;

	return p2m_lookup(d, GFN(gfn), &mfn) == t;
}
static bool is_populated(unsigned i)
{
	return type_is(du, DOMU_BASE + RAM + 2 * i, P2M_RAM);
}
static bool is_decreased(unsigned i)
{
	return type_is(du, DOMU_BASE + 2 * i, P2M_NONE);
}

static int *errs(void)
{
	return scratch(hardware_domain, 3);
}
static void batch_op(unsigned space, unsigned first)
{
	struct xen_add_to_physmap_batch b = { .domid = DOMID_SELF,
					      .space = (u16)space,
					      .size = (u16)(ARRAY - first) };

	if (space == XENMAPSPACE_gmfn_foreign)
		b.u.foreign_domid = du->id;
	b.idxs.q = scratch_gva(hardware_domain, 1);
	b.gpfns.q = scratch_gva(hardware_domain, 2);
	b.errs.q = scratch_gva(hardware_domain, 3) + first * sizeof(int);
	for (unsigned i = first; i < ARRAY; i++) {
		((u64 *)scratch(hardware_domain, 1))[i - first] = space == XENMAPSPACE_gmfn_foreign
									  ? DOMU_BASE + i
									  : i;
		((u64 *)scratch(hardware_domain, 2))[i - first] = ARRAY_GFN + i;
		errs()[i] = 77;
	}
	last_rc = memory_op(v0, XENMEM_add_to_physmap_batch, &b, sizeof(b));
}
static void a_batch_foreign(unsigned first)
{
	batch_op(XENMAPSPACE_gmfn_foreign, first);
}
static void a_batch_grants(unsigned first)
{
	batch_op(XENMAPSPACE_grant_table, first);
}
static bool err_is_0(unsigned i)
{
	return errs()[i] == 0;
}
static bool is_foreign(unsigned i)
{
	return type_is(hardware_domain, ARRAY_GFN + i, P2M_FOREIGN);
}
static bool is_frame(unsigned i)
{
	return type_is(hardware_domain, ARRAY_GFN + i, P2M_XEN);
}

/* All told or none: a part of it is told as an error, and may be done again. */
static void a_acquire(unsigned first)
{
	struct xen_mem_acquire_resource r = { .domid = du->id,
					      .type = XENMEM_resource_grant_table,
					      .nr_frames = ARRAY };

	(void)first;
	r.frame_list.q = scratch_gva(hardware_domain, 1);
	for (unsigned i = 0; i < ARRAY; i++)
		((u64 *)scratch(hardware_domain, 1))[i] = ARRAY_GFN + i;
	last_rc = memory_op(v0, XENMEM_acquire_resource, &r, sizeof(r));
}
static bool all_acquired(unsigned i)
{
	return !last_rc;
}

/* The third of them lies in two pages. */
static char *element(size_t size, unsigned i)
{
	list_at = PAGE_SIZE - 2 * size - size / 2 / 8 * 8;
	return (char *)scratch(hardware_domain, 1) + list_at + i * size;
}
static void grant_op(unsigned cmd, size_t size, unsigned first)
{
	element(size, 0);
	last_rc = call(v0, __HYPERVISOR_grant_table_op, cmd,
		       scratch_gva(hardware_domain, 1) + list_at + first * size, ARRAY - first, 0);
}
static struct gnttab_map_grant_ref *map_at(unsigned i)
{
	return (void *)element(sizeof(struct gnttab_map_grant_ref), i);
}
static struct gnttab_unmap_grant_ref *unmap_at(unsigned i)
{
	return (void *)element(sizeof(struct gnttab_unmap_grant_ref), i);
}
static struct gnttab_copy *copy_at(unsigned i)
{
	return (void *)element(sizeof(struct gnttab_copy), i);
}
static s64 many_grants(void)
{
	for (u16 i = 0; i < ARRAY; i++)
		du->grants.shared[0][20 + i] = (grant_entry_v1_t){ .flags = GTF_permit_access,
								   .domid = 0,
								   .frame = DOMU_BASE + 10 + i };
	return 0;
}
static void a_map(unsigned first)
{
	for (unsigned i = first; i < ARRAY; i++)
		*map_at(i) = (struct gnttab_map_grant_ref){ .host_addr = (ARRAY_GFN + i)
									 << PAGE_SHIFT,
							    .flags = GNTMAP_host_map,
							    .ref = 20 + i,
							    .dom = du->id,
							    .status = 99 };
	grant_op(GNTTABOP_map_grant_ref, sizeof(*map_at(0)), first);
}
static bool map_told(unsigned i)
{
	return !map_at(i)->status;
}
static bool is_granted(unsigned i)
{
	return type_is(hardware_domain, ARRAY_GFN + i, P2M_GRANT);
}
static u32 handles[ARRAY];
static s64 many_mapped(void)
{
	many_grants();
	a_map(0);
	for (unsigned i = 0; i < ARRAY; i++)
		handles[i] = map_at(i)->handle;
	return last_rc;
}
static void a_unmap(unsigned first)
{
	for (unsigned i = first; i < ARRAY; i++)
		*unmap_at(i) = (struct gnttab_unmap_grant_ref){ .host_addr = (ARRAY_GFN + i)
									     << PAGE_SHIFT,
								.handle = handles[i],
								.status = 99 };
	grant_op(GNTTABOP_unmap_grant_ref, sizeof(*unmap_at(0)), first);
}
static bool unmap_told(unsigned i)
{
	return !unmap_at(i)->status;
}
static bool not_granted(unsigned i)
{
	return type_is(hardware_domain, ARRAY_GFN + i, P2M_NONE);
}
static void a_copy(unsigned first)
{
	for (unsigned i = first; i < ARRAY; i++) {
		struct gnttab_copy c = { .flags = GNTCOPY_dest_gref, .len = 8, .status = 99 };

		c.source.domid = DOMID_SELF;
		c.source.u.gmfn = dom0_base + 1;
		c.dest.domid = du->id;
		c.dest.u.ref = 20 + i;
		memcpy(copy_at(i), &c, sizeof(c));
	}
	memset(frame_of(hardware_domain, dom0_base + 1), 0x5a, 8);
	grant_op(GNTTABOP_copy, sizeof(*copy_at(0)), first);
}
static bool copy_told(unsigned i)
{
	s16 status;

	memcpy(&status, (char *)copy_at(i) + offsetof(struct gnttab_copy, status), sizeof(status));
	return !status;
}
static bool is_copied(unsigned i)
{
	return *(u64 *)frame_of(du, DOMU_BASE + 10 + i) == 0x5a5a5a5a5a5a5a5a;
}

static struct multicall_entry *entry_at(unsigned i)
{
	return (void *)element(sizeof(struct multicall_entry), i);
}
static void a_multicall(unsigned first)
{
	for (unsigned i = first; i < ARRAY; i++) {
		struct xen_add_to_physmap *r = (struct xen_add_to_physmap *)scratch(hardware_domain,
										    0) +
					       i;

		*r = (struct xen_add_to_physmap){ .domid = DOMID_SELF,
						  .space = XENMAPSPACE_grant_table,
						  .idx = i,
						  .gpfn = ARRAY_GFN + i };
		*entry_at(i) = (struct multicall_entry){ .op = __HYPERVISOR_memory_op,
							 .result = 99,
							 .args = { XENMEM_add_to_physmap,
								   scratch_gva(hardware_domain, 0) +
									   i * sizeof(*r) } };
	}
	element(sizeof(*entry_at(0)), 0);
	last_rc = call(v0, __HYPERVISOR_multicall,
		       scratch_gva(hardware_domain, 1) + list_at + first * sizeof(*entry_at(0)),
		       ARRAY - first, 0, 0);
}
static bool result_told(unsigned i)
{
	return !entry_at(i)->result;
}

/* untold: how many may be done without being told, when the answer itself cannot be written. */
static const struct array_op {
	const char *name;
	s64 (*before)(void);
	void (*op)(unsigned first);
	bool (*told)(unsigned i), (*done)(unsigned i);
	unsigned nr, untold;
} array_ops[] = {
	{ "populate", nothing, a_populate, counted, is_populated, EXTENTS, 0 },
	{ "decrease", nothing, a_decrease, counted, is_decreased, ARRAY, 0 },
	{ "batch foreign", nothing, a_batch_foreign, err_is_0, is_foreign, ARRAY, 1 },
	{ "batch grant frames", nothing, a_batch_grants, err_is_0, is_frame, ARRAY, 1 },
	{ "acquire", nothing, a_acquire, all_acquired, is_foreign, ARRAY, ARRAY },
	{ "map", many_grants, a_map, map_told, is_granted, ARRAY, 1 },
	{ "unmap", many_mapped, a_unmap, unmap_told, not_granted, ARRAY, 1 },
	{ "copy", many_grants, a_copy, copy_told, is_copied, ARRAY, 1 },
	{ "multicall", nothing, a_multicall, result_told, is_frame, ARRAY, 1 },
};

static unsigned told_first(const struct array_op *a, const char *when)
{
	unsigned first = 0, untold = 0;

	for (unsigned i = 0; i < a->nr; i++) {
		bool told = a->told(i), done = a->done(i);

		if (told && !done)
			say("%s, %s: element %u is told to be done and is not\n", a->name, when, i);
		CHECK(!told || done);
		untold += done && !told;
		if (told && first == i)
			first++;
	}
	CHECK(untold <= a->untold);
	return first;
}

/* The n-th one fails. The elements not told are given again, and then all are done. */
static bool fail_element(const struct array_op *a, unsigned *which, unsigned n)
{
	unsigned first;

	busy_world();
	CHECK_EQ(a->before(), 0);
	failed = false;
	*which = n;
	a->op(0);
	*which = still_to_lose = 0;
	first = told_first(a, "after a failure");
	if (failed && first < a->nr)
		a->op(first);
	for (unsigned i = 0; i < a->nr; i++)
		CHECK(a->done(i));
	quiet_world();
	entries_written = false;
	return failed;
}

static void test_array_failures(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(array_ops); i++) {
		for (unsigned n = 1; fail_element(&array_ops[i], &fail_alloc, n); n++)
			CHECK(n < 200);
		for (unsigned n = 1; fail_element(&array_ops[i], &fail_access, n); n++)
			CHECK(n < 200);
		in_a_row = GUEST_TRIES;
		for (unsigned n = 1; fail_element(&array_ops[i], &fail_store, n); n++)
			CHECK(n < 200);
	}
}

/* --- the specification finds what is wrong --- */

static u64 *pte_of(struct domain *d, u64 gfn)
{
	u64 *table = d->p2m.root;

	for (unsigned level = 0;; level++) {
		u64 *pte = &table[gfn >> (27 - 9 * level) & 511];

		if (level == 3 || (*pte & 3) != 3)
			return pte;
		table = pa_to_va(*pte & 0xfffffffff000);
	}
}

/* What a rule forbids: other bytes at some place. */
struct wrong {
	const char *rule; /* its words, from the beginning */
	void *at;
	const void *with;
	size_t n;
};
#define IF(place, value) &(place), &(__typeof__(place)){ value }, sizeof(place)
#define TYPE_IS(pte, type) (((pte) & ~(15UL << 55)) | (u64)(type) << 55)

static bool says(const char *rule)
{
	return strstr(spec_said, rule);
}

static void listen_to_spec(void)
{
	spec_said[0] = 0;
	spec_listened = true;
}

static void check_wrong(const struct wrong *w, struct domain *dead)
{
	u8 was[32];

	memcpy(was, w->at, w->n);
	memcpy(w->at, w->with, w->n);
	listen_to_spec();
	if (dead)
		spec_check_dead(dead);
	else
		CHECK(spec_check(true));
	spec_listened = false;
	memcpy(w->at, was, w->n);
	if (!says(w->rule))
		say("not noticed: %s\n", w->rule);
	CHECK(says(w->rule));
	CHECK_EQ(spec_check(true), 0);
}

static void check_wrongs(const struct wrong *w, unsigned nr)
{
	while (nr--)
		check_wrong(w++, NULL);
}

static struct page *some_free_page(void)
{
	struct page *pg = frame_table;

	while (pg->state != PG_FREE)
		pg++;
	return pg;
}

static void wrong_frames(void)
{
	u64 *ram = pte_of(du, DOMU_BASE), *shared = pte_of(du, 0x90000000),
	    *device = pte_of(du, 0x22000000);
	struct page *pg = va_page(frame_of(du, DOMU_BASE)), *si = va_page(du->shared_info),
		    *table = mfn_page(mfn_of(du->p2m.root[0] & 0xfffffffff000)),
		    *unused = some_free_page();
	struct maptrack *m = &hardware_domain->grants.maptrack[0][handle % HANDLES_PER_PAGE];
	const struct wrong wrongs[] = {
		{ "t != P2M_NONE && t <= P2M_XEN", IF(*ram, TYPE_IS(*ram, 15)) },
		{ "!IS(t, RO_TYPES)", IF(*ram, TYPE_IS(*ram, P2M_RAM_RO)) },
		{ "IS(t, RAM_TYPES) ||", IF(*shared, *shared & ~BIT(54)) },
		{ "t == P2M_DEVICE ?", IF(*device, TYPE_IS(*ram, P2M_DEVICE) | BIT(54)) },
		{ "!IS(t, GRANT_TYPES)", IF(m->word, m->word ^ BIT(MT_GFN_SHIFT)) },
		{ "page_owner(&pg[i]) < CONFIG_MAX_DOMAINS", IF(pg->owner, OWNER_XEN) },
		{ "!IS(t, RAM_TYPES) ||", IF(pg->owner, hardware_domain->slot) },
		{ "t != P2M_XEN ||", IF(si->state, PG_USED) },
		{ "!IS(t, FOREIGN_TYPES)", IF(*ram, TYPE_IS(*ram, P2M_FOREIGN) | BIT(54)) },
		{ "pg && page_owner(pg) == OWNER_XEN", IF(table->refs, 2) },
		{ "d->table_pages == tables", IF(du->table_pages, du->table_pages + 1) },
		{ "!pg->refs ||", IF(pg->refs, pg->refs + 1) },
		{ "!pg[i].refs ||",
		  IF(unused->word, (u64)OWNER_NONE << 48 | (unused->word & 0xffff00000000) | 1) },
		{ "free == heap_free_pages", IF(heap_free_pages, heap_free_pages + 1) },
		{ "d->tot_pages == owned", IF(du->tot_pages, du->tot_pages + 1) },
		{ "d->refs >= 1U", IF(du->refs, 1) },
		{ "d->state == DOM_DEAD || d->refs", IF(du->refs, 0) },
		{ "d->slot == _slot - 1", IF(du->slot, (u16)(du->slot + 5)) },
	};

	check_wrongs(wrongs, ARRAY_SIZE(wrongs));
}

static void wrong_grants(void)
{
	static struct domain twin;
	struct maptrack *page = hardware_domain->grants.maptrack[0],
			*m = &page[handle % HANDLES_PER_PAGE];
	grant_entry_v1_t *e = &du->grants.shared[0][8];
	struct grant_active *act = &du->grants.active[0][8];
	const struct wrong wrongs[] = {
		{ "h % HANDLES_PER_PAGE", page, m, sizeof(*m) },
		{ "domain_of_slot(m->granter->slot)", IF(m->granter, &twin) },
		{ "MT_REF(m->word) / GRANTS_PER_FRAME",
		  IF(m->word, m->word ^ BIT(60) ^ BIT(MT_GFN_SHIFT)) },
		{ "act->who == d->id", IF(act->who, act->who ^ 1) },
		{ "!grant_in_use", IF(act[1].readers, 1) },
		{ "!d->grants.shared[ref / GRANTS_PER_FRAME] || !(flags & GTF_reading)",
		  IF(e->flags, (u16)(e->flags & ~GTF_reading)) },
		{ "!d->grants.shared[ref / GRANTS_PER_FRAME] || !(flags & GTF_writing)",
		  IF(e->flags, (u16)(e->flags & ~GTF_writing)) },
	};

	memcpy(&twin, du, sizeof(twin));
	check_wrongs(wrongs, ARRAY_SIZE(wrongs));
}

static u32 port_in_state(struct domain *d, unsigned state)
{
	u32 p = 1;

	while (evtchn_at(&d->evtchns, p)->state != state)
		p++;
	return p;
}

static void wrong_events(void)
{
	static struct domain twin;
	struct evtchns *e = &du->evtchns;
	struct evtchn *ch = evtchn_at(e, port_in_state(du, EVTCHNSTAT_interdomain)),
		      *closed = evtchn_at(e, port_in_state(du, EVTCHNSTAT_closed));
	u8 *state = &closed->last_vcpu + 1; /* and other bits */
	u32 *timer = &du->vcpu[1]->virq_port[VIRQ_TIMER], *none = &vu->virq_port[VIRQ_DEBUG];
	const struct wrong wrongs[] = {
		{ "ch->state == EVTCHNSTAT_closed || ch->vcpu", IF(ch->vcpu, 99) },
		{ "!ch->peer && !ch->arg", IF(closed->arg, 1) },
		{ "port >= d->evtchns.first_free", IF(e->first_free, e->nr_ports) },
		{ "port == d->vuart.port", IF(du->vuart.port, du->vuart.port + 1) },
		{ "domain_of_slot(ch->peer->slot)", IF(ch->peer, &twin) },
		{ "peer && peer->state == ch->state", IF(ch->arg, ch->arg + 1) },
		{ "ch->arg < NR_VIRQS", IF(*timer, e->max_port + 1) },
		{ "ch->state == EVTCHNSTAT_unbound ||", IF(*state, 7) },
		{ "open == d->evtchns.nr_open", IF(e->nr_open, e->nr_open + 1) },
		{ "ch && ch->state == EVTCHNSTAT_virq", IF(*none, port) },
		{ "!virqs", IF(*timer, 0) },
	};

	memcpy(&twin, hardware_domain, sizeof(twin));
	check_wrongs(wrongs, ARRAY_SIZE(wrongs));
}

/* The rules for who has just been taken apart; Dom0, which has not, breaks more of them. */
static void wrong_dead(void)
{
	struct vcpu *v = du->vcpu[1];
	const struct wrong wrongs[] = {
		{ "!d->p2m.root ||", IF(du->table_pages, 2) },
		{ "!d->shared_info &&", IF(du->half.pg, some_free_page()) },
		{ "!v->info_page &&", IF(v->down, false) },
	};

	du->evtchns.nr_open++;
	listen_to_spec();
	kill(du);
	spec_listened = false;
	CHECK(says("!d->shared_info &&"));
	du->evtchns.nr_open--;
	for (unsigned i = 0; i < ARRAY_SIZE(wrongs); i++)
		check_wrong(&wrongs[i], du);
	listen_to_spec();
	spec_check_dead(hardware_domain);
	spec_listened = false;
	CHECK(says("!page || !(page[h %") && says("!d->grants.shared[i]"));
}

/* Each rule is broken once, and named; all is well before and after. */
static void test_spec(void)
{
	struct evtchn_bind_interdomain op = { 0 };

	busy_world();
	CHECK_EQ(f_setup_table() | f_shared_info() | f_virq() | f_map() | f_info() | f_mapping(),
		 0);
	CHECK_EQ(f_interdomain() | f_vuart(), 0);
	op.remote_dom = du->id;
	op.remote_port = du->vuart.port;
	CHECK_EQ(call_with(v0, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &op,
			   sizeof(op)),
		 0);
	CHECK_EQ(add_to(v0, XENMAPSPACE_grant_table, 0, 0x90000005), 0);
	wrong_frames();
	wrong_grants();
	wrong_events();
	wrong_dead();
	quiet_world();
}

/* --- anything --- */

static struct domain *some_domain(void)
{
	struct domain *d = domain_get_next(0), *next;

	for (unsigned n = rnd(6); n--; d = next) {
		next = domain_get_next((domid_t)(d->id + 1));
		if (!next)
			next = domain_get_next(0);
		domain_put(d);
	}
	return d;
}

static u16 some_id(void)
{
	struct domain *d = some_domain();
	u16 id = d->id;

	domain_put(d);
	return rnd(8) ? id : (u16)rnd(40);
}

static u64 some_number(const struct domain *d)
{
	switch (rnd(13)) {
	case 0: return 0;
	case 1: return ~0UL >> rnd(64);
	case 2: return host_random();
	case 3: return base_of(d) + rnd(RAM);
	case 4: return DOMU_BASE + rnd(RAM * 2);
	case 5: return scratch_gva(d, rnd(4)) + rnd(PAGE_SIZE);
	case 6: return scratch_gva(d, rnd(4)) + PAGE_SIZE - rnd(16);
	case 7: return DOMID_SELF;
	case 8: return rnd(PAGE_SIZE);
	case 9: return some_id();
	default: return rnd(10);
	}
}

/* Ports, grant references and handles that calls gave or guests made; the last ones. */
static u32 pool[NR_WHAT][16];

static void remember(enum what kind, u32 value)
{
	pool[kind][rnd(ARRAY_SIZE(pool[kind]))] = value;
}

static u32 some_of(enum what kind)
{
	return pool[kind][rnd(ARRAY_SIZE(pool[kind]))];
}

/* A page for a request to point to, with numbers of frames or ports in it. */
static u64 some_buffer(struct domain *d, const struct field *f)
{
	unsigned n = 1 + rnd(3);
	void *page = scratch(d, n);

	for (unsigned i = 0; page && i < f->most; i++) {
		if (f->what == PORTS)
			((u32 *)page)[i] = some_of(PORT);
		else
			((u64 *)page)[i] = rnd(2) ? DOMU_BASE + rnd(RAM * 2) : some_number(d);
	}
	return scratch_gva(d, n);
}

static u64 sensible(struct domain *d, const struct field *f)
{
	static const u64 hole = 0x100000;

	switch ((enum what)f->what) {
	case UPTO: return rnd(f->most + 1);
	case IS: return f->most;
	case DOM: return rnd(2) ? DOMID_SELF : some_id();
	case NAMED: return some_id();
	case GFN_OF: return rnd(4) ? base_of(d) + rnd(SCRATCH) : DOMU_BASE + rnd(RAM * 2);
	case HOLE: return hole + rnd(4);
	case HOLE_ADDR: return (hole + rnd(4)) << PAGE_SHIFT;
	case RAM_ADDR: return gfn_addr(GFN(base_of(d) + rnd(SCRATCH))) + 8 * rnd(512);
	case DEV: return 0x9000 + rnd(8);
	case BUF:
	case PORTS: return some_buffer(d, f);
	case PORT:
	case REF:
	case HANDLE: return some_of((enum what)f->what);
	default: return some_number(d);
	}
}

/* One request at p: random, but most of what its description names makes sense. */
static void fill(struct domain *d, const struct request *r, u32 cmd, char *p)
{
	for (unsigned i = 0; i < min((unsigned)r->size, 256U); i += 8) {
		u64 w = rnd(2) ? some_number(d) : (u32)some_number(d);

		memcpy(p + i, &w, min(r->size - i, 8U));
	}
	if (r->shape == INSIDE) {
		((u32 *)p)[0] = cmd;
		((u32 *)p)[1] = r->nr == __HYPERVISOR_platform_op ? XENPF_INTERFACE_VERSION
								  : XEN_DOMCTL_INTERFACE_VERSION;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(r->field) && r->field[i].size; i++) {
		const struct field *f = &r->field[i];
		u64 v = sensible(d, f);

		if (!(f->what & OUT) && rnd(12))
			memcpy(p + f->at, &v, min(f->size, (u8)8));
	}
}

/* What rightly ends Dom0, or makes of the world something the test does not know. */
static bool forbidden(const struct vcpu *v, u64 nr, u32 cmd)
{
	if (nr == __HYPERVISOR_sched_op)
		return v->domain == hardware_domain &&
		       (cmd == SCHEDOP_shutdown || cmd == SCHEDOP_remote_shutdown);
	return false;
}

/* Guests grant what they have. */
static void grant_something(struct domain *d)
{
	u16 ref = (u16)(8 + rnd(40));
	grant_entry_v1_t *e = d->grants.nr_frames ? &d->grants.shared[0][ref] : NULL;

	if (!e)
		return;
	*e = (grant_entry_v1_t){ .flags = (u16)(GTF_permit_access | (rnd(4) ? 0 : GTF_readonly)),
				 .domid = some_id(),
				 .frame = (u32)(base_of(d) + rnd(SCRATCH)) };
	remember(REF, ref);
}

struct prepared {
	const struct request *r;
	u64 args[4];
	u32 count;
};

/* A call whose requests lie at offset `at` of scratch page 0, `room` bytes; r: what it is. */
static struct prepared prepare(struct domain *d, const struct request *r, unsigned at,
			       unsigned room)
{
	u32 cmd = rnd(30) ? r->cmd : rnd(90),
	    nr = max(1U, min(room / max((unsigned)r->size, 1U), 1 + rnd(4)));
	gva_t req = rnd(20) ? scratch_gva(d, 0) + at : some_number(d);
	struct prepared p = { .r = r, .count = r->shape == ARRAY_ ? nr : 1 };

	for (unsigned i = 0; i < p.count; i++)
		fill(d, r, cmd, (char *)scratch(d, 0) + at + i * r->size);
	switch ((enum shape)r->shape) {
	case NONE: memcpy(p.args, (u64[]){ cmd }, 8); break;
	case PLAIN: memcpy(p.args, (u64[]){ cmd, req }, 16); break;
	case ARRAY_: memcpy(p.args, (u64[]){ cmd, req, rnd(9) ? nr : rnd(70) }, 24); break;
	case VCPU: memcpy(p.args, (u64[]){ cmd, rnd(3), req }, 24); break;
	case BUFFER: memcpy(p.args, (u64[]){ cmd, rnd(300), req }, 24); break;
	case VALUE: memcpy(p.args, (u64[]){ rnd(3), rnd(7) }, 16); break;
	case INSIDE: memcpy(p.args, (u64[]){ req }, 8); break;
	case CALLS: break;
	}
	return p;
}

/* What a call gave can be used by others. */
static void learn(struct domain *d, const struct prepared *p, unsigned at)
{
	if (!scratch(d, 0))
		return;
	for (unsigned i = 0; i < p->count; i++)
		for (unsigned k = 0; k < ARRAY_SIZE(p->r->field); k++) {
			const struct field *f = &p->r->field[k];
			u32 v = 0;

			if (!(f->what & OUT))
				continue;
			memcpy(&v, (char *)scratch(d, 0) + at + i * p->r->size + f->at, 4);
			remember((enum what)(f->what & ~OUT), v);
		}
}

static const struct request *some_request(const struct vcpu *v, bool within)
{
	const struct request *r;

	do
		r = &requests[rnd(ARRAY_SIZE(requests))];
	while (forbidden(v, r->nr, r->cmd) || (within && r->shape == CALLS));
	return r;
}

/* A multicall of some: their requests side by side. */
#define CALLS_MAX 8
static void some_calls(struct vcpu *v)
{
	struct domain *d = v->domain;
	unsigned n = 1 + rnd(CALLS_MAX), room = PAGE_SIZE / CALLS_MAX;
	struct multicall_entry e[CALLS_MAX];
	struct prepared p[CALLS_MAX];

	memset(e, 0, sizeof(e));
	for (unsigned i = 0; i < n; i++) {
		p[i] = prepare(d, some_request(v, true), i * room, room);
		e[i].op = rnd(30) ? p[i].r->nr : __HYPERVISOR_multicall;
		if (forbidden(v, e[i].op, (u32)p[i].args[0]))
			p[i].args[0] = SCHEDOP_yield;
		memcpy(e[i].args, p[i].args, sizeof(p[i].args));
	}
	if (!scratch(d, 3))
		return;
	memcpy(scratch(d, 3), e, sizeof(e));
	call(v, __HYPERVISOR_multicall, scratch_gva(d, 3), n, 0, 0);
	for (unsigned i = 0; i < n; i++)
		learn(d, &p[i], i * room);
}

static void one_random_call(void)
{
	struct domain *d = some_domain();
	struct vcpu *v = d->vcpu[rnd(d->max_vcpus)];
	const struct request *r = some_request(v, false);
	struct prepared p;

	if (d->state == DOM_ALIVE && scratch(d, 0)) {
		fake_irq_pending = rnd(4) == 0;
		if (!rnd(8))
			grant_something(d);
		if (r->shape == CALLS) {
			some_calls(v);
		} else {
			p = prepare(d, r, 0, PAGE_SIZE);
			if (!forbidden(v, r->nr, (u32)p.args[0])) {
				call(v, r->nr, p.args[0], p.args[1], p.args[2], p.args[3]);
				learn(d, &p, 0);
			}
		}
		fake_irq_pending = false;
	}
	domain_put(d);
}

/* --- every failure of every operation --- */

#define SEEDS 10

/* An operation with arguments of a seed, by Dom0 or the DomU. */
static s64 some_call(const struct request *r, unsigned seed)
{
	struct vcpu *v = seed % 2 ? v0 : vu;
	struct prepared p;

	host_seed(seed);
	if (forbidden(v, r->nr, r->cmd))
		v = vu;
	p = prepare(v->domain, r, 0, PAGE_SIZE);
	if (forbidden(v, r->nr, (u32)p.args[0]))
		return -EPERM;
	return call(v, r->nr, p.args[0], p.args[1], p.args[2], p.args[3]);
}

/*
 * What an error may come after, as on Xen: only the answer to it could not be written, or it says
 * that some are done.
 */
static bool answers_late(const struct request *r)
{
	if (r->nr == __HYPERVISOR_memory_op) /* each element is told: test_array_failures() */
		return r->cmd == XENMEM_add_to_physmap_batch || r->cmd == XENMEM_acquire_resource;
	return r->nr == __HYPERVISOR_domctl &&
	       (r->cmd == XEN_DOMCTL_scheduler_op || r->cmd == XEN_DOMCTL_setvcpuaffinity);
}

/*
 * Its first allocation or access fails, then its second, until there is none: an error leaves all
 * as it was. How often one failed; *rc: without.
 */
static unsigned fail_each(const struct request *r, unsigned *which, unsigned seed, s64 *rc)
{
	for (unsigned n = 1;; n++) {
		u64 before;

		busy_world();
		remember(PORT, port);
		before = digest();
		failed = false;
		*which = n;
		*rc = some_call(r, seed);
		*which = still_to_lose = 0;
		if (failed && *rc < 0 && !answers_late(r) && digest() != before) {
			say("call %u, %u, seed %u: %s %u failed (%ld) and left something behind\n",
			    r->nr, r->cmd, seed, step_name(which), n, *rc);
			CHECK(digest() == before);
		}
		quiet_world();
		entries_written = false;
		if (!failed)
			return n - 1;
	}
}

/* Each attempt to change a shared word is lost once: nobody notices. */
static void lose_each(const struct request *r, unsigned seed)
{
	bool changes = false;
	s64 want = 0;

	in_a_row = 1;
	for (unsigned n = 0;; n++) {
		u64 before;
		s64 rc;

		busy_world();
		remember(PORT, port);
		before = digest();
		failed = false;
		fail_store = n;
		rc = some_call(r, seed);
		fail_store = still_to_lose = 0;
		if (!n) {
			want = rc;
			changes = digest() != before;
		}
		if (rc != want)
			say("call %u, %u, seed %u: %ld when store %u is lost, not %ld\n", r->nr,
			    r->cmd, seed, rc, n, want);
		CHECK(rc == want && (digest() != before) == changes);
		quiet_world();
		if (n && !failed)
			break;
	}
}

/* Refused to everybody here. */
static bool refused(const struct request *r)
{
	return r->nr == __HYPERVISOR_domctl &&
	       (r->cmd == XEN_DOMCTL_assign_device || r->cmd == XEN_DOMCTL_test_assign_device ||
		r->cmd == XEN_DOMCTL_deassign_device || r->cmd == XEN_DOMCTL_get_device_group ||
		r->cmd == XEN_DOMCTL_unbind_pt_irq);
}

/* With what the lists above have, each operation has got through and each of its steps failed. */
static void test_every_failure(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(requests); i++) {
		const struct request *r = &requests[i];
		bool *got = &succeeded[r->nr][r->nr == __HYPERVISOR_platform_op ? 0 : r->cmd];
		unsigned done = 0;
		s64 rc;

		for (unsigned seed = 1;
		     done < host_effort(1) && seed <= (*got || refused(r) ? SEEDS : 5 * SEEDS);
		     seed++) {
			fail_each(r, &fail_alloc, seed, &rc);
			fail_each(r, &fail_access, seed, &rc);
			if (rc < 0)
				continue;
			lose_each(r, seed);
			in_a_row = GUEST_TRIES;
			fail_each(r, &fail_store, seed, &rc);
			done++;
		}
		if (!*got && !refused(r))
			say("call %u, %u has never got through\n", r->nr, r->cmd);
		CHECK(*got || refused(r));
	}
}

static bool described(unsigned nr, unsigned cmd)
{
	for (unsigned i = 0; i < ARRAY_SIZE(requests); i++)
		if (requests[i].nr == nr && requests[i].cmd == cmd)
			return true;
	say("hypercall %u, number %u is not in requests.h\n", nr, cmd);
	return false;
}

/* Every entry of the hypervisor's table has its line in requests.h, and no line is without one. */
static void test_described(void)
{
	unsigned n = 0;

	for (unsigned nr = 0; nr < nr_hypercalls; nr++)
		for (unsigned cmd = 0; cmd < (unsigned)hypercalls[nr].nr; cmd++) {
			const struct sub_op *sub = &hypercalls[nr].sub[cmd];

			if ((!sub->any && !sub->control) || nr == __HYPERVISOR_domctl ||
			    nr == __HYPERVISOR_sysctl)
				continue;
			CHECK(described(nr, nr == __HYPERVISOR_platform_op
						    ? (unsigned)XENPF_settime64
						    : cmd));
			n++;
		}
	for (unsigned cmd = 0; cmd < nr_domctls; cmd++)
		if (domctls[cmd].fn && ++n)
			CHECK(described(__HYPERVISOR_domctl, cmd));
	for (unsigned cmd = 0; cmd < nr_sysctls; cmd++)
		if (sysctls[cmd] && ++n)
			CHECK(described(__HYPERVISOR_sysctl, cmd));
	CHECK_EQ(n, ARRAY_SIZE(requests));
}

/*
 * Dom0 keeps what the test writes its requests into. false: not even that, for somebody still has
 * the frame that it gave back.
 */
static bool repair(void)
{
	struct domain *d = hardware_domain;
	mfn_t mfn;

	for (u64 i = SCRATCH; i < RAM; i++) {
		enum p2m_type t = p2m_lookup(d, GFN(dom0_base + i), &mfn);

		if (t == P2M_RAM)
			continue;
		if (t != P2M_NONE)
			p2m_unmap(d, GFN(dom0_base + i), 1);
		if (p2m_repopulate_direct(d, GFN(dom0_base + i)))
			return false;
	}
	return true;
}

static unsigned domains(void)
{
	unsigned n = 0;
	struct domain *d;

	for (domid_t id = 0; (d = domain_get_next(id)); id = (domid_t)(d->id + 1), domain_put(d))
		n++;
	return n;
}

static void test_anything(void)
{
	unsigned calls = 0, rounds = host_effort(20);

	spec_every = host_effort(1) > 1 ? 1 : 32;
	entries_written = true;
	for (unsigned round = 0; round < rounds; round++) {
		world_make();
		opts.silo = round % 2;
		for (unsigned n = 0; n < 4000 && (n % 200 || repair()); n++, calls++) {
			if (n % 200 == 0 && domains() < 5)
				domu_make();
			one_random_call();
		}
		world_end();
	}
	CHECK(calls > rounds * 2000);
	opts.silo = true;
	spec_every = 1;
	entries_written = false;
}

#ifdef FUZZ
/* A sequence of calls from several domains, which then end. */
void fuzz_one(const unsigned char *data, unsigned long n)
{
	host_feed(data, 0);
	world_make();
	domu_make();
	domu_make();
	opts.silo = n % 2;
	for (host_feed(data, n); host_fed();)
		one_random_call();
	world_end();
}
#else
int main(void);
int main(void)
{
	static const struct test tests[] = {
		{ "who may call what", test_who_may },
		{ "reservations", test_reservations },
		{ "preemption", test_preemption },
		{ "stage 2", test_stage2 },
		{ "what Dom0 maps of a guest", test_foreign },
		{ "teardown", test_teardown },
		{ "life", test_life },
		{ "domains' numbers", test_numbers },
		{ "multicall", test_multicall },
		{ "a multicall goes on", test_multicall_resumes },
		{ "calls of AArch32", test_trap32 },
		{ "console", test_console },
		{ "vCPU contexts", test_context },
		{ "vCPU contexts of AArch32", test_context32 },
		{ "watchdogs", test_watchdogs },
		{ "polling", test_poll },
		{ "domain information", test_info },
		{ "a domain made in steps", test_create_in_steps },
		{ "log ring", test_ring },
		{ "long prints", test_dumps },
		{ "wall clock", test_wallclock },
		{ "access lists", test_access_lists },
		{ "devices", test_devices },
		{ "virtual UART", test_vuart },
		{ "each allocation and each access fails once", test_failures },
		{ "the same within arrays", test_array_failures },
		{ "the specification finds what is wrong", test_spec },
		{ "every operation, each failure", test_every_failure },
		{ "every hypercall is described", test_described },
		{ "any call with anything", test_anything },
	};

	return run_tests("hypercall", tests, ARRAY_SIZE(tests));
}
#endif
