// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a vCPU shares with its guest about events: where its vcpu_info is, the upcall, and
 * SCHEDOP_poll. v->info is changed under the domain's event lock, but read without: a sender sets
 * an event's pending bit before it reads v->info, and whoever moves v->info marks everything
 * pending afterwards, so that no event is lost in between.
 */
#include <arm/sysreg.h>
#include <core/console.h>
#include <domain/domain.h>
#include <domain/evtchn.h>
#include <domain/guest_word.h>
#include <lib/errno.h>
#include <lib/string.h>

/* Of vCPUs beyond shared_info until they register their own: written, never read by anybody. */
static struct vcpu_info nowhere;

#define ANY_PORT (~0U)

void shared_info_init_vcpu(struct vcpu *v)
{
	struct shared_info *si = v->domain->shared_info;

	v->info = v->id < XEN_LEGACY_MAX_VCPUS ? &si->vcpu_info[v->id] : &nowhere;
}

static bool set_upcall(struct vcpu *v, struct vcpu_info *info)
{
	u8 old;

	if (likely(GUEST_CHANGE(&info->evtchn_upcall_pending, &old, 1)))
		return !old;
	log_guest(v->domain, LOG_WARN, "vCPU %u: upcall lost, its vcpu_info is unstable\n", v->id);
	return false;
}

void evtchn_upcall(struct vcpu *v)
{
	/* Ordered after the change of the pending bit: see above. */
	struct vcpu_info *info = __atomic_load_n(&v->info, __ATOMIC_SEQ_CST);

	if (likely(info != &nowhere) && set_upcall(v, info))
		vgic_inject(v, v->domain->evtchn_irq);
}

bool evtchn_pending(const struct vcpu *v)
{
	return v->info != &nowhere && READ_ONCE(v->info->evtchn_upcall_pending);
}

void evtchn_upcall_again(struct vcpu *v)
{
	if (evtchn_pending(v))
		vgic_inject(v, v->domain->evtchn_irq);
}

void evtchn_irq_changed(struct domain *d)
{
	for_each_vcpu (d, v)
		evtchn_upcall_again(v);
}

int vcpu_info_register(struct vcpu *v, struct page *pg, unsigned offset)
{
	struct vcpu_info *new = page_va(pg) + offset;

	if (offset > PAGE_SIZE - sizeof(*new) || offset % _Alignof(struct vcpu_info))
		return -ENXIO;
	lock(&v->domain->evtchns.lock);
	if (v->info_page) {
		unlock(&v->domain->evtchns.lock);
		return -EINVAL;
	}
	if (v->info == &nowhere)
		memset(new, 0, sizeof(*new));
	else
		memcpy(new, v->info, sizeof(*new));
	v->info_page = pg;
	__atomic_store_n(&v->info, new, __ATOMIC_SEQ_CST);
	__atomic_store_n(&new->evtchn_pending_sel, ~0UL, __ATOMIC_SEQ_CST);
	__atomic_store_n(&new->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
	vgic_inject(v, v->domain->evtchn_irq);
	unlock(&v->domain->evtchns.lock);
	return 0;
}

void vcpu_info_unregister(struct vcpu *v)
{
	struct page *pg;

	lock(&v->domain->evtchns.lock);
	pg = v->info_page;
	v->info_page = NULL;
	shared_info_init_vcpu(v);
	unlock(&v->domain->evtchns.lock);
	if (pg)
		page_put(pg);
}

int evtchn_poll_begin(struct vcpu *v, const u32 *ports, unsigned nr)
{
	struct evtchns *e = &v->domain->evtchns;
	int rc = 0;

	v->poll_port = nr == 1 ? ports[0] : ANY_PORT;
	if (!__atomic_exchange_n(&v->polling, true, __ATOMIC_SEQ_CST))
		__atomic_add_fetch(&e->nr_polling, 1, __ATOMIC_SEQ_CST);
	/* From here on an event finds us; one that came before is found here. */
	smp_mb();
	lock(&e->lock);
	for (unsigned i = 0; i < nr && !rc; i++)
		rc = !evtchn_at(e, ports[i]) ? -EINVAL : e->ops->is_pending(v->domain, ports[i]);
	unlock(&e->lock);
	if (rc)
		evtchn_poll_end(v);
	return rc;
}

void evtchn_poll_end(struct vcpu *v)
{
	if (__atomic_exchange_n(&v->polling, false, __ATOMIC_SEQ_CST))
		__atomic_sub_fetch(&v->domain->evtchns.nr_polling, 1, __ATOMIC_SEQ_CST);
}

void evtchn_wake_pollers(struct domain *d, u32 port)
{
	for_each_vcpu (d, v) {
		u32 want = READ_ONCE(v->poll_port);

		/* An event wakes whoever waits for several ports; it looks for itself. */
		if (READ_ONCE(v->polling) && (want == port || want == ANY_PORT)) {
			evtchn_poll_end(v);
			/*
			 * Before vcpu_wake() reads `blocked`: the poller writes that and then reads
			 * `polling`.
			 */
			smp_mb();
			vcpu_wake(v);
		}
	}
}
