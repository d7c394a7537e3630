// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 2-level ABI: a pending and a mask bit per port in shared_info, a selector bit per word of
 * them in vcpu_info. Nothing of its own; each bit is changed by one atomic operation, in the order
 * that the guest undoes: pending, then the mask is read, selector, upcall.
 */
#include <core/console.h>
#include <domain/domain.h>
#include <domain/evtchn.h>
#include <domain/guest_word.h>

static __attribute__((noinline)) void lost(struct domain *d, u32 port)
{
	log_guest(d, LOG_WARN, "event on port %u lost, shared_info is unstable\n", port);
}

static inline void select(struct domain *d, const struct evtchn *ch, u32 port)
{
	struct vcpu *v = d->vcpu[READ_ONCE(ch->vcpu)];
	int was = guest_test_set(&v->info->evtchn_pending_sel, BIT(port / 64));

	if (likely(!was))
		evtchn_upcall(v);
	else if (unlikely(was < 0))
		lost(d, port);
}

static __attribute__((noinline)) void tell(struct domain *d, struct evtchn *ch, u32 port)
{
	select(d, ch, port);
	evtchn_check_pollers(d, port);
}

static void set_pending(struct domain *d, struct evtchn *ch, u32 port)
{
	struct shared_info *si = d->shared_info;
	u64 bit = BIT(port % 64);
	u32 w = port / 64;
	int was = guest_test_set(&si->evtchn_pending[w], bit);

	if (unlikely(was < 0))
		lost(d, port);
	else if (was)
		return;
	/*
	 * A load-acquire stays behind the store-release of the bit: either we see the guest's
	 * unmasking or it sees the bit.
	 */
	else if (!(__atomic_load_n(&si->evtchn_mask[w], __ATOMIC_SEQ_CST) & bit))
		tell(d, ch, port);
	else
		evtchn_check_pollers(d, port);
}

static void clear_pending(struct domain *d, u32 port)
{
	if (guest_test_clear(&d->shared_info->evtchn_pending[port / 64], BIT(port % 64)) < 0)
		log_guest(d, LOG_WARN, "port %u stays pending, shared_info is unstable\n", port);
}

static bool is_pending(struct domain *d, u32 port)
{
	return READ_ONCE(d->shared_info->evtchn_pending[port / 64]) & BIT(port % 64);
}

static bool is_masked(struct domain *d, u32 port)
{
	return READ_ONCE(d->shared_info->evtchn_mask[port / 64]) & BIT(port % 64);
}

static void unmask(struct domain *d, struct evtchn *ch, u32 port)
{
	struct shared_info *si = d->shared_info;

	if (guest_test_clear(&si->evtchn_mask[port / 64], BIT(port % 64)) > 0 &&
	    __atomic_load_n(&si->evtchn_pending[port / 64], __ATOMIC_SEQ_CST) & BIT(port % 64))
		select(d, ch, port);
}

static bool is_busy(struct domain *d, u32 port)
{
	(void)d, (void)port;
	return false;
}

const struct evtchn_ops evtchn_2l_ops = {
	.nr_ports = EVTCHN_2L_NR_CHANNELS,
	.set_pending = set_pending,
	.clear_pending = clear_pending,
	.unmask = unmask,
	.is_pending = is_pending,
	.is_masked = is_masked,
	.is_busy = is_busy,
};
