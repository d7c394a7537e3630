// SPDX-License-Identifier: GPL-2.0-only
/* See world.h. */
#include <core/cmdline.h>
#include <core/console.h>
#include <core/cpu.h>
#include <domain/evtchn.h>
#include <domain/grant.h>
#include <xen/arch-arm.h>
#include "world.h"

#define HEAP_PAGES 8192UL

struct domain *world_domain[WORLD_DOMAINS];
struct domain *hardware_domain;
struct options opts = { .silo = true, .gnttab_max_frames = 64, .gnttab_max_maptrack_frames = 1024 };
struct cpu cpus[MAX_CPUS];
unsigned cpu_count = MAX_CPUS;
u32 world_upcalls[WORLD_DOMAINS][WORLD_VCPUS], world_wakes[WORLD_DOMAINS][WORLD_VCPUS], world_logs;
bool world_line[WORLD_DOMAINS], world_spi_taken;
_Thread_local struct cpu *fake_cpu = &cpus[0];
_Thread_local bool fake_irq_pending;
u64 fake_ticks;

static struct fake_p2m {
	struct {
		enum p2m_type t;
		struct page *pg;
	} e[WORLD_GFNS];
} p2ms[WORLD_DOMAINS];
static u64 free_before;

void world_thread(unsigned n)
{
	fake_cpu = &cpus[n];
}

/* --- fakes --- */

void cache_clean(const void *p, size_t n)
{
	(void)p, (void)n;
}
void cache_clean_inv(const void *p, size_t n)
{
	(void)p, (void)n;
}
void zero_wide(void *p, size_t n)
{
	memset(p, 0, n);
}
void page_zero(void *p)
{
	memset(p, 0, PAGE_SIZE);
}
void log_guest(struct domain *d, enum log_level l, const char *fmt, ...)
{
	(void)d, (void)l, (void)fmt;
	__atomic_add_fetch(&world_logs, 1, __ATOMIC_RELAXED);
}
void vgic_inject(struct vcpu *v, unsigned intid)
{
	CHECK_EQ(intid, v->domain->evtchn_irq);
	__atomic_add_fetch(&world_upcalls[v->domain->slot][v->id], 1, __ATOMIC_SEQ_CST);
}
void vgic_set_spi_level(struct domain *d, unsigned intid, bool high)
{
	CHECK_EQ(intid, GUEST_VPL011_SPI);
	/* only changes are told, under the vGIC's lock */
	CHECK(__atomic_exchange_n(&world_line[d->slot], high, __ATOMIC_SEQ_CST) != high);
}
bool vgic_spi_is_free(const struct domain *d, unsigned intid)
{
	CHECK_EQ(intid, GUEST_VPL011_SPI);
	return !world_spi_taken;
}
void mmio_add(struct domain *d, gpa_t base, u64 size, mmio_read_fn *read, mmio_write_fn *write,
	      u64 priv)
{
	d->mmio[d->nr_mmio++] = (struct mmio_range){ base, size, read, write, (void *)priv };
}
bool vcpu_wake(struct vcpu *v)
{
	__atomic_add_fetch(&world_wakes[v->domain->slot][v->id], 1, __ATOMIC_SEQ_CST);
	return true;
}
void debug_key_add(char key, const char *what, debug_key_fn *fn)
{
	(void)key, (void)what, (void)fn;
}

struct domain *domain_of_slot(unsigned slot)
{
	return world_domain[slot];
}

void domain_release(struct domain *d)
{
	for_each_vcpu (d, v)
		xfree(v);
	xfree(d->vcpu);
	grants_free(d);
	world_domain[d->slot] = NULL;
	xfree(d);
}

/* --- p2m --- */

int p2m_map(struct domain *d, gfn_t gfn, mfn_t mfn, u64 nr, enum p2m_type t, bool replace)
{
	struct page *old;

	CHECK_EQ(nr, 1);
	if (gfn.n >= WORLD_GFNS)
		return -EINVAL;
	lock(&d->p2m.lock);
	old = p2ms[d->slot].e[gfn.n].pg;
	if (old && !replace) {
		unlock(&d->p2m.lock);
		return -EBUSY;
	}
	p2ms[d->slot].e[gfn.n].t = t;
	p2ms[d->slot].e[gfn.n].pg = mfn_page(mfn);
	if (old)
		page_put(old);
	unlock(&d->p2m.lock);
	return 0;
}

static bool unmap(struct domain *d, u64 gfn, struct page *pg, enum p2m_type t)
{
	struct page *old = NULL;

	lock(&d->p2m.lock);
	if (gfn < WORLD_GFNS && p2ms[d->slot].e[gfn].pg &&
	    (!pg || (p2ms[d->slot].e[gfn].pg == pg && p2ms[d->slot].e[gfn].t == t))) {
		old = p2ms[d->slot].e[gfn].pg;
		p2ms[d->slot].e[gfn].pg = NULL;
		p2ms[d->slot].e[gfn].t = P2M_NONE;
	}
	if (old)
		page_put(old);
	unlock(&d->p2m.lock);
	return old;
}

unsigned p2m_unmap(struct domain *d, gfn_t gfn, u64 nr)
{
	CHECK_EQ(nr, 1);
	return unmap(d, gfn.n, NULL, P2M_NONE);
}

int p2m_unmap_exact(struct domain *d, gfn_t gfn, mfn_t mfn, enum p2m_type t)
{
	return unmap(d, gfn.n, mfn_page(mfn), t) ? 0 : -ENOENT;
}

struct page *p2m_get_page(struct domain *d, gfn_t gfn, unsigned want)
{
	static const u8 allows[] = { [P2M_RAM] = WANT_READ | WANT_WRITE | WANT_OWN,
				     [P2M_RAM_RO] = WANT_READ | WANT_OWN,
				     [P2M_GRANT] = WANT_READ | WANT_WRITE,
				     [P2M_GRANT_RO] = WANT_READ,
				     [P2M_XEN] = WANT_READ | WANT_WRITE };
	struct page *pg = NULL;

	if (gfn.n >= WORLD_GFNS)
		return NULL;
	lock(&d->p2m.lock);
	if (p2ms[d->slot].e[gfn.n].pg && !(want & ~allows[p2ms[d->slot].e[gfn.n].t]) &&
	    page_get_again(p2ms[d->slot].e[gfn.n].pg))
		pg = p2ms[d->slot].e[gfn.n].pg;
	unlock(&d->p2m.lock);
	return pg;
}

struct page *world_page(unsigned i, unsigned gfn)
{
	return p2ms[i].e[gfn].pg;
}
enum p2m_type world_type(unsigned i, unsigned gfn)
{
	return p2ms[i].e[gfn].t;
}
void *world_va(unsigned i, unsigned gfn)
{
	return p2ms[i].e[gfn].pg ? page_va(p2ms[i].e[gfn].pg) : NULL;
}

/* --- life --- */

static void heap_make(void)
{
	char *mem = host_pages(HEAP_PAGES);
	static bool done;

	if (done)
		return;
	done = true;
	page_init_table(host_pages(HEAP_PAGES * sizeof(struct page) / PAGE_SIZE + 1),
			(u64)mem >> PAGE_SHIFT, HEAP_PAGES);
	page_add_ram(MFN((u64)mem >> PAGE_SHIFT), HEAP_PAGES);
	heap_add((paddr_t)mem, (paddr_t)mem + HEAP_PAGES * PAGE_SIZE);
}

static struct domain *domain_make(unsigned i)
{
	struct domain *d = xzalloc(sizeof(*d));

	d->refs = 1;
	d->id = (domid_t)(i * 3);
	d->slot = (u16)i;
	world_domain[i] = d;
	d->privileged = !i;
	d->evtchn_irq = i ? 31 : 16;
	d->max_pages = WORLD_GFNS;
	lock_init(&d->lock, RANK_DOMAIN);
	lock_init(&d->p2m.lock, RANK_P2M);
	d->shared_info = page_va(page_alloc_shared(d));
	if (evtchns_init(d, i ? 1023 : ~0U) || grants_init(d, ~0U, ~0U))
		host_panic("domain %u", i);
	d->max_vcpus = WORLD_VCPUS;
	d->vcpu = xzalloc(WORLD_VCPUS * sizeof(d->vcpu[0]));
	for (unsigned n = 0; n < WORLD_VCPUS; n++) {
		d->vcpu[n] = xzalloc(sizeof(struct vcpu));
		d->vcpu[n]->domain = d;
		d->vcpu[n]->id = (u16)n;
		shared_info_init_vcpu(d->vcpu[n]);
		world_upcalls[i][n] = world_wakes[i][n] = 0;
	}
	for (unsigned gfn = 0; gfn < WORLD_RAM; gfn++)
		CHECK(!p2m_map(d, GFN(gfn), page_mfn(page_alloc_domain(d, 0)), 1, P2M_RAM, false));
	return d;
}

void world_make(unsigned nr)
{
	heap_make();
	free_before = heap_free_pages;
	world_logs = 0;
	for (unsigned i = 0; i < nr; i++)
		domain_make(i);
	hardware_domain = world_domain[0];
}

void world_kill(unsigned i)
{
	struct domain *d = world_domain[i];

	d->state = DOM_DYING;
	fake_irq_pending = true; /* every step that can be cut short is */
	while (evtchns_destroy(d) == -ERESTART)
		;
	while (grants_release(d) == -ERESTART)
		;
	fake_irq_pending = false;
	vuart_free(d);
	world_line[i] = false;
	for (unsigned gfn = 0; gfn < WORLD_GFNS; gfn++)
		unmap(d, gfn, NULL, P2M_NONE);
	page_put(va_page(d->shared_info));
	d->shared_info = NULL;
	d->state = DOM_DEAD;
	domain_put(d);
}

void world_end(void)
{
	for (unsigned n = 0, i = host_random() % WORLD_DOMAINS; n < WORLD_DOMAINS;
	     n++, i = (i + 1) % WORLD_DOMAINS)
		if (world_domain[i] && world_domain[i]->state == DOM_ALIVE)
			world_kill(i);
	for (unsigned i = 0; i < WORLD_DOMAINS; i++)
		CHECK(!world_domain[i]);
	CHECK_EQ(heap_free_pages, free_before);
	CHECK_EQ(fake_cpu->lock_depth, 0);
}
