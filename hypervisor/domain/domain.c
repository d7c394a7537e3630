// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains: made, found, paused, shut down, taken apart. Owns domain_slots[] and the list by id,
 * under domlist_lock. Invariant: a domain in the list is complete. Its record lives while d->refs >
 * 0: the creation reference (given up by domain_kill()), lookups, and one as long as it owns any
 * frame.
 */
#include <core/cmdline.h>
#include <core/console.h>
#include <domain/domain.h>
#include <domain/spec.h>
#include <lib/errno.h>
#include <lib/string.h>

struct domain *hardware_domain;

static struct lock domlist_lock = LOCK_INIT(RANK_DOMLIST);
static struct domain *domain_slots[CONFIG_MAX_DOMAINS];
static struct list domain_list = { &domain_list, &domain_list };
/* the youngest domain on the list with such low bits of its id */
static struct domain *by_id[256];
static domid_t last_id; /* ids are not reused soon */

/* Nobody finds it from here on. */
static void unlist(struct domain *d)
{
	if (by_id[d->id % ARRAY_SIZE(by_id)] == d)
		by_id[d->id % ARRAY_SIZE(by_id)] = NULL;
	if (!list_empty(&d->link))
		list_del(&d->link);
}

struct domain *domain_of_slot(unsigned slot)
{
	return domain_slots[slot];
}

void domain_release(struct domain *d)
{
	for (unsigned i = 0; d->vcpu && i < d->max_vcpus; i++)
		vcpu_free(d->vcpu[i]);
	xfree(d->vcpu);
	grants_free(d);
	p2m_free(d);
	lock(&domlist_lock);
	if (domain_slots[d->slot] == d)
		domain_slots[d->slot] = NULL;
	unlist(d);
	unlock(&domlist_lock);
	xfree(d);
}

struct domain *domain_get_next(domid_t id)
{
	struct domain *d, *found = NULL;

	lock(&domlist_lock);
	list_for_each (d, &domain_list, link) {
		if (d->id >= id && domain_get(d)) {
			found = d;
			break;
		}
	}
	unlock(&domlist_lock);
	return found;
}

static __attribute__((noinline)) struct domain *find_by_id(domid_t id)
{
	struct domain *d = domain_get_next(id);

	if (d && d->id != id) {
		domain_put(d);
		return NULL;
	}
	return d;
}

unsigned domain_count(void)
{
	struct domain *d;
	unsigned n = 0;

	lock(&domlist_lock);
	list_for_each (d, &domain_list, link)
		n++;
	unlock(&domlist_lock);
	return n;
}

struct domain *domain_get_by_id(domid_t id)
{
	struct domain *d;

	lock(&domlist_lock);
	d = by_id[id % ARRAY_SIZE(by_id)];
	if (unlikely(!d || d->id != id || !domain_get(d)))
		d = NULL;
	unlock(&domlist_lock);
	return likely(d) ? d : find_by_id(id);
}

/* Domlist lock held. The list is sorted: *before is where the id belongs. */
static bool id_free(domid_t id, struct list **before)
{
	struct domain *d;

	list_for_each (d, &domain_list, link)
		if (d->id >= id)
			break;
	*before = &d->link;
	return &d->link == &domain_list || d->id != id;
}

static int choose_id(domid_t *id, struct list **before)
{
	if (*id < (domid_t)DOMID_FIRST_RESERVED)
		return id_free(*id, before) ? 0 : -EEXIST;
	/* More ids than slots, so one of the next CONFIG_MAX_DOMAINS + 1 is free. */
	for (unsigned i = 0; i <= CONFIG_MAX_DOMAINS; i++) {
		last_id = (domid_t)(last_id + 1 < (int)DOMID_FIRST_RESERVED ? last_id + 1 : 1);
		if (id_free(last_id, before)) {
			*id = last_id;
			return 0;
		}
	}
	return -ENOSPC;
}

static int take_slot(struct domain *d)
{
	for (unsigned i = 0; i < CONFIG_MAX_DOMAINS; i++) {
		if (domain_slots[i])
			continue;
		domain_slots[i] = d;
		d->slot = (u16)i;
		return 0;
	}
	return -ENOSPC;
}

/* An id and a slot; not in the list yet, so that nobody finds it half made. */
static int reserve(struct domain *d)
{
	int rc;

	lock(&domlist_lock);
	rc = take_slot(d);
	unlock(&domlist_lock);
	return rc;
}

static int publish(struct domain *d, domid_t id)
{
	struct list *before;
	int rc;

	lock(&domlist_lock);
	rc = choose_id(&id, &before);
	if (!rc) {
		d->id = id;
		list_add_before(&d->link, before);
		by_id[id % ARRAY_SIZE(by_id)] = d;
	}
	unlock(&domlist_lock);
	return rc;
}

static int make_parts(struct domain *d, const struct domain_config *cfg)
{
	struct page *pg;
	int rc;

	rc = p2m_init(d);
	if (rc)
		return rc;
	rc = vgic_init_domain(d, cfg->nr_spis);
	if (rc)
		return rc;
	pg = page_alloc_shared(d);
	if (!pg)
		return -ENOMEM;
	d->shared_info = page_va(pg);
	rc = evtchns_init(d, cfg->max_evtchn_port);
	if (rc)
		return rc;
	rc = grants_init(d, cfg->max_grant_frames, cfg->max_maptrack_frames);
	if (rc)
		return rc;
	d->vcpu = xzalloc(cfg->max_vcpus * sizeof(d->vcpu[0]));
	if (!d->vcpu)
		return -ENOMEM;
	d->max_vcpus = (u16)cfg->max_vcpus;
	return 0;
}

/* Those that are not there yet; one at least before it is cut short. */
static int make_vcpus(struct domain *d)
{
	for (unsigned i = 0; i < d->max_vcpus; i++) {
		if (d->vcpu[i])
			continue;
		d->vcpu[i] = vcpu_alloc(d, i);
		if (!d->vcpu[i])
			return -ENOMEM;
		if (irq_pending() && i + 1 < d->max_vcpus)
			return -ERESTART;
	}
	return 0;
}

/* Not published: nobody else knows of it. */
static void abandon(struct domain *d)
{
	while (domain_kill(d) == -ERESTART)
		;
}

/* All but its vCPUs. */
static int begin(domid_t id, const struct domain_config *cfg, struct domain **out)
{
	struct domain *d;
	int rc;

	if (!cfg->max_vcpus || cfg->max_vcpus > vgic_max_vcpus())
		return -EINVAL;
	d = xzalloc(sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->refs = 1;
	d->id = id;
	d->privileged = d->direct_mapped = cfg->privileged;
	/* enough for the vGIC's; the tool raises it */
	d->max_table_pages = cfg->privileged ? ~0UL : 16;
	d->evtchn_irq = cfg->privileged ? 16 : 31;
	d->max_pages = cfg->privileged ? ~0UL : 0;
	d->params[HVM_PARAM_CALLBACK_IRQ] = (u64)HVM_PARAM_CALLBACK_TYPE_PPI << 56 |
					    HVM_PARAM_CALLBACK_TYPE_PPI_FLAG_LOW_LEVEL << 8 |
					    d->evtchn_irq;
	d->paused_by_tool = !cfg->privileged;
	d->created_ns = now_ns();
	memcpy(d->handle, cfg->handle, sizeof(d->handle));
	lock_init(&d->lock, RANK_DOMAIN);
	list_init(&d->link);
	sched_init_domain(d);
	d->cntvoff = ticks_now();
	rc = reserve(d);
	if (rc) {
		xfree(d);
		return rc;
	}
	rc = make_parts(d, cfg);
	if (rc)
		abandon(d);
	else
		*out = d;
	return rc;
}

/* The domain that was left when the last domain_create() was cut short (control lock). */
static struct {
	struct domain *d; /* NULL: none */
	domid_t id;
	struct domain_config cfg;
} half_made;

static bool is_half_made(domid_t id, const struct domain_config *cfg)
{
	const struct domain_config *c = &half_made.cfg;

	/* One that is being taken back is nobody's any more. */
	return half_made.d && half_made.d->state == DOM_ALIVE && half_made.id == id &&
	       c->max_vcpus == cfg->max_vcpus && c->max_evtchn_port == cfg->max_evtchn_port &&
	       c->max_grant_frames == cfg->max_grant_frames &&
	       c->max_maptrack_frames == cfg->max_maptrack_frames && c->nr_spis == cfg->nr_spis &&
	       !memcmp(c->handle, cfg->handle, sizeof(c->handle));
}

int domain_create(domid_t id, const struct domain_config *cfg, struct domain **out)
{
	struct domain *d = half_made.d;
	int rc = 0;

	if (d && !is_half_made(id, cfg)) { /* its caller has lost interest */
		if (domain_kill(d))
			return -ERESTART;
		d = NULL;
	}
	half_made.d = NULL;
	if (!d)
		rc = begin(id, cfg, &d);
	if (rc)
		return rc;
	rc = make_vcpus(d);
	if (rc == -ERESTART) {
		half_made.d = d;
		half_made.id = id;
		half_made.cfg = *cfg;
		return rc;
	}
	if (!rc)
		rc = publish(d, id);
	if (rc)
		abandon(d);
	else
		*out = d;
	return rc;
}

/* --- pause --- */

void domain_pause_nosync(struct domain *d)
{
	/* Who paused it before takes it off its queue; from there nobody chooses it as it is. */
	for_each_vcpu (d, v)
		if (!__atomic_fetch_add(&v->pause_count, 1, __ATOMIC_SEQ_CST))
			vcpu_recheck(v);
}

void domain_pause(struct domain *d)
{
	domain_pause_nosync(d);
	for_each_vcpu (d, v)
		vcpu_sync(v);
}

void domain_unpause(struct domain *d)
{
	for_each_vcpu (d, v)
		if (!__atomic_sub_fetch(&v->pause_count, 1, __ATOMIC_SEQ_CST))
			vcpu_recheck(v);
}

/* --- the end --- */

static __noreturn void machine_shutdown(unsigned reason)
{
	switch (reason) {
	case SHUTDOWN_poweroff: printk("Domain 0 halted: powering off\n"); machine_off();
	case SHUTDOWN_crash:
		printk("Domain 0 crashed%s\n", opts.noreboot
						       ? ": 'noreboot' is set, staying as we are"
						       : ": resetting the machine");
		if (opts.noreboot)
			for (;;)
				wfi();
		machine_reset();
	default:
		printk("Domain 0 shut down (reason %u): resetting the machine\n", reason);
		machine_reset();
	}
}

void domain_shutdown(struct domain *d, unsigned reason)
{
	if (d == hardware_domain)
		machine_shutdown(reason);
	lock(&d->lock);
	if (d->is_shut_down || d->state != DOM_ALIVE) {
		unlock(&d->lock);
		return;
	}
	d->is_shut_down = true;
	d->shutdown_code = (u8)reason;
	unlock(&d->lock);
	domain_pause_nosync(d);
	evtchn_raise_virq(hardware_domain, VIRQ_DOM_EXC);
}

void domain_resume(struct domain *d)
{
	lock(&d->lock);
	if (!d->is_shut_down || d->state != DOM_ALIVE) {
		unlock(&d->lock);
		return;
	}
	d->is_shut_down = false;
	d->shutdown_code = (u8)-1;
	unlock(&d->lock);
	domain_unpause(d);
}

void domain_crash(struct vcpu *v, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_guest(v->domain, LOG_ERR, "vCPU %u: %s; PC %lx PSTATE %lx LR %lx: crashed\n", v->id,
		  text, v->pc, v->pstate, v->x[30]);
	domain_shutdown(v->domain, SHUTDOWN_crash);
}

enum {
	KILL_STOP,
	KILL_RETIRE,
	KILL_EVENTS,
	KILL_GRANTS,
	KILL_VGIC,
	KILL_MEMORY,
	KILL_LAST,
	KILL_DONE
};

static int kill_step(struct domain *d)
{
	switch (d->relinquish_step) {
	case KILL_STOP: domain_pause(d); return 0;
	case KILL_RETIRE:
		while (d->retired < d->max_vcpus && d->vcpu[d->retired]) {
			vcpu_retire(d->vcpu[d->retired++]);
			if (irq_pending())
				return -ERESTART;
		}
		sched_destroy_domain(d);
		return 0;
	case KILL_EVENTS: return d->evtchns.bucket ? evtchns_destroy(d) : 0;
	case KILL_GRANTS: return d->grants.shared ? grants_release(d) : 0;
	case KILL_VGIC:
		vuart_free(d);
		vgic_free_domain(d);
		return 0;
	case KILL_MEMORY: page_drop_half(d); return d->p2m.root ? p2m_relinquish(d) : 0;
	default:
		if (d->shared_info)
			page_put(va_page(d->shared_info));
		d->shared_info = NULL;
		return 0;
	}
}

int domain_kill(struct domain *d)
{
	lock(&d->lock);
	if (d->state == DOM_DEAD) {
		unlock(&d->lock);
		return 0;
	}
	d->state = DOM_DYING;
	unlock(&d->lock);
	while (d->relinquish_step < KILL_DONE) {
		int rc = kill_step(d);

		if (rc)
			return rc;
		d->relinquish_step++;
		if (irq_pending() && d->relinquish_step < KILL_DONE)
			return -ERESTART;
	}
	spec_check_dead(d);
	/* Gone from the list even if others still map its frames: its id means nobody now. */
	lock(&domlist_lock);
	d->state = DOM_DEAD;
	unlist(d);
	unlock(&domlist_lock);
	if (!list_empty(&domain_list))
		evtchn_raise_virq(hardware_domain, VIRQ_DOM_EXC);
	domain_put(d);
	return 0;
}
