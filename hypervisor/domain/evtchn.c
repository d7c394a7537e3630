// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event channels: ports, their states and links. A domain's lock guards its buckets, the state of
 * its ports and the virq_port[] of its vCPUs; a link between two domains changes under both locks,
 * so that holding the lock of one end keeps the other end in place. A sender therefore takes its
 * own lock only and sets the peer's bits by atomic operations. Buckets and FIFO structures go away
 * when no port is open any more.
 */
#include <arm/sysreg.h>
#include <core/cmdline.h>
#include <core/console.h>
#include <domain/domain.h>
#include <domain/evtchn.h>
#include <lib/errno.h>

#define PRIORITY_DEFAULT EVTCHN_FIFO_PRIORITY_DEFAULT

static inline bool virq_is_global(u32 virq)
{
	return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF &&
	       virq != VIRQ_XENPMU;
}

static inline struct vcpu *vcpu_of(const struct domain *d, u32 id)
{
	return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

/* A port known to be open. The lock of one of its ends is held. */
static inline void raise(struct domain *d, u32 port)
{
	struct evtchns *e = &d->evtchns;
	struct evtchn *ch = &e->bucket[port / EVTCHN_BUCKET][port % EVTCHN_BUCKET];

	__atomic_load_n(&e->ops, __ATOMIC_ACQUIRE)->set_pending(d, ch, port);
}

static bool is_served(const struct domain *d, u32 port)
{
	return port && port == d->vuart.port;
}

static bool is_linked(const struct evtchn *ch)
{
	return ch->state == EVTCHNSTAT_interdomain || ch->state == EVTCHN_SERVED;
}

static __attribute__((cold)) int send_rare(struct domain *d, const struct evtchn *ch, u32 port)
{
	if (is_served(d, port))
		return -EINVAL;
	if (ch->state == EVTCHN_SERVED) {
		vuart_event(ch->peer);
		return 0;
	}
	/* Nobody has bound the other end yet: binding will set the event. */
	return ch->state == EVTCHNSTAT_unbound ? 0 : -EINVAL;
}

static int send_other(struct domain *d, const struct evtchn *ch, u32 port)
{
	if (ch->state == EVTCHNSTAT_ipi) {
		raise(d, port);
		return 0;
	}
	return send_rare(d, ch, port);
}

s64 evtchn_send(struct domain *d, u32 port)
{
	struct evtchns *e = &d->evtchns;
	struct evtchn *ch;
	s64 rc = 0;

	lock(&e->lock);
	if (unlikely(port >= e->nr_ports)) {
		rc = -EINVAL;
	} else {
		ch = evtchn_at(e, port);
		if (likely(ch->state == EVTCHNSTAT_interdomain))
			raise(ch->peer, ch->arg);
		else
			rc = send_other(d, ch, port);
	}
	unlock(&e->lock);
	return rc;
}

void evtchn_raise_served(struct domain *d)
{
	const struct evtchn *ch;

	lock(&d->evtchns.lock);
	ch = evtchn_at(&d->evtchns, d->vuart.port);
	if (ch->state == EVTCHN_SERVED)
		raise(ch->peer, ch->arg);
	unlock(&d->evtchns.lock);
}

static void raise_virq(struct vcpu *v, unsigned virq)
{
	struct domain *d = v->domain;
	u32 port;

	lock(&d->evtchns.lock);
	port = v->virq_port[virq];
	if (port)
		raise(d, port);
	unlock(&d->evtchns.lock);
}

void evtchn_raise_virq(struct domain *d, unsigned virq)
{
	struct vcpu *v = d ? vcpu_of(d, 0) : NULL;

	if (v)
		raise_virq(v, virq);
}

void evtchn_raise_vcpu_virq(struct vcpu *v, unsigned virq)
{
	if (READ_ONCE(v->virq_port[virq]))
		raise_virq(v, virq);
}

static int add_bucket(struct evtchns *e)
{
	struct evtchn *b = xalloc_pages(0);

	_Static_assert(sizeof(*b) * EVTCHN_BUCKET == PAGE_SIZE, "a bucket is a page");
	if (!b)
		return -ENOMEM;
	e->bucket[e->nr_ports / EVTCHN_BUCKET] = b;
	__atomic_store_n(&e->nr_ports, e->nr_ports + EVTCHN_BUCKET, __ATOMIC_RELEASE);
	return 0;
}

/* Finds a port that can be opened; nothing of it is changed yet. Lock held. */
static int find_port(struct domain *d, u32 *port)
{
	struct evtchns *e = &d->evtchns;
	u32 end = min(e->max_port + 1, e->ops->nr_ports);

	if (d->state != DOM_ALIVE)
		return -EINVAL;
	for (u32 p = e->first_free; p < end; p++) {
		if (p >= e->nr_ports && add_bucket(e))
			return -ENOMEM;
		if (evtchn_at(e, p)->state == EVTCHNSTAT_closed && !e->ops->is_busy(d, p)) {
			*port = p;
			return 0;
		}
		/* A busy port will be free one day. */
		if (p == e->first_free && evtchn_at(e, p)->state != EVTCHNSTAT_closed)
			e->first_free = p + 1;
	}
	return -ENOSPC;
}

static struct evtchn *open_port(struct domain *d, u32 port, unsigned state, u32 vcpu)
{
	struct evtchn *ch = evtchn_at(&d->evtchns, port);

	ch->state = state & 7;
	ch->vcpu = (u8)vcpu;
	ch->priority = PRIORITY_DEFAULT;
	ch->early = 0;
	d->evtchns.nr_open++;
	return ch;
}

/* The port must not come up with an old event when it is opened again. */
static void free_port(struct domain *d, struct evtchn *ch, u32 port)
{
	struct evtchns *e = &d->evtchns;

	e->ops->clear_pending(d, port);
	ch->state = EVTCHNSTAT_closed;
	ch->peer = NULL;
	ch->arg = 0;
	ch->vcpu = 0;
	ch->early = 0;
	e->nr_open--;
	e->first_free = min(e->first_free, port);
}

int evtchn_alloc_unbound(struct domain *d, domid_t remote, u32 *port)
{
	int rc;

	lock(&d->evtchns.lock);
	rc = find_port(d, port);
	if (!rc)
		open_port(d, *port, EVTCHNSTAT_unbound, 0)->domid = remote;
	unlock(&d->evtchns.lock);
	return rc;
}

int evtchn_alloc_served(struct domain *d, domid_t remote)
{
	u32 port;
	int rc;

	lock(&d->evtchns.lock);
	rc = find_port(d, &port);
	if (!rc) {
		open_port(d, port, EVTCHNSTAT_unbound, 0)->domid = remote;
		d->vuart.port = port;
	}
	unlock(&d->evtchns.lock);
	return rc;
}

static int bind_interdomain(struct domain *d, struct domain *remote, u32 rport, u32 *port)
{
	struct evtchn *ch, *rch;
	int rc = find_port(d, port);

	if (rc)
		return rc;
	rch = evtchn_at(&remote->evtchns, rport);
	if (!rch || rch->state != EVTCHNSTAT_unbound || rch->domid != d->id ||
	    remote->state != DOM_ALIVE)
		return -EINVAL;
	if (!policy_allows(d, remote))
		return -EPERM;
	ch = open_port(d, *port, is_served(remote, rport) ? EVTCHN_SERVED : EVTCHNSTAT_interdomain,
		       0);
	ch->peer = remote;
	ch->arg = rport;
	rch->state = ch->state;
	rch->peer = d;
	rch->arg = *port;
	/* The other end may have sent before there was somebody to hear it. */
	raise(d, *port);
	return 0;
}

int evtchn_bind_interdomain(struct domain *d, struct domain *remote, u32 rport, u32 *port)
{
	int rc;

	lock_two(&d->evtchns.lock, &remote->evtchns.lock);
	rc = bind_interdomain(d, remote, rport, port);
	unlock_two(&d->evtchns.lock, &remote->evtchns.lock);
	return rc;
}

int evtchn_bind_virq(struct domain *d, u32 virq, u32 vcpu, u32 *port)
{
	struct vcpu *v;
	int rc;

	if (virq >= NR_VIRQS || (virq_is_global(virq) && vcpu))
		return -EINVAL;
	v = vcpu_of(d, vcpu);
	if (!v)
		return -ENOENT;
	lock(&d->evtchns.lock);
	rc = v->virq_port[virq] ? -EEXIST : find_port(d, port);
	if (!rc) {
		open_port(d, *port, EVTCHNSTAT_virq, vcpu)->arg = virq;
		v->virq_port[virq] = *port;
	}
	unlock(&d->evtchns.lock);
	return rc;
}

int evtchn_bind_ipi(struct domain *d, u32 vcpu, u32 *port)
{
	int rc;

	if (!vcpu_of(d, vcpu))
		return -ENOENT;
	lock(&d->evtchns.lock);
	rc = find_port(d, port);
	if (!rc)
		open_port(d, *port, EVTCHNSTAT_ipi, vcpu);
	unlock(&d->evtchns.lock);
	return rc;
}

int evtchn_bind_vcpu(struct domain *d, u32 port, u32 vcpu)
{
	struct evtchn *ch;
	int rc = -EINVAL;

	if (!vcpu_of(d, vcpu))
		return -ENOENT;
	lock(&d->evtchns.lock);
	ch = evtchn_at(&d->evtchns, port);
	if (ch && !is_served(d, port) &&
	    (ch->state == EVTCHNSTAT_unbound || is_linked(ch) ||
	     (ch->state == EVTCHNSTAT_virq && virq_is_global(ch->arg)))) {
		WRITE_ONCE(ch->vcpu, (u8)vcpu);
		rc = 0;
	}
	unlock(&d->evtchns.lock);
	return rc;
}

/* Lock of d held, and the peer's if there is one. */
static void close_port(struct domain *d, struct evtchn *ch, u32 port)
{
	if (is_linked(ch)) {
		struct evtchn *peer = evtchn_at(&ch->peer->evtchns, ch->arg);

		/*
		 * A loop from a domain to itself is like any other channel: one end stays behind
		 * unbound.
		 */
		peer->state = EVTCHNSTAT_unbound;
		peer->domid = d->id;
		peer->arg = 0;
	} else if (ch->state == EVTCHNSTAT_virq) {
		d->vcpu[virq_is_global(ch->arg) ? 0 : ch->vcpu]->virq_port[ch->arg] = 0;
	}
	free_port(d, ch, port);
}

/*
 * Lock of d held, and @held's, if not NULL. -EAGAIN: *peer, a new reference, has the other end, and
 * its lock, which may rank before ours, is needed, too.
 */
static int try_close(struct domain *d, u32 port, const struct domain *held, struct domain **peer)
{
	struct evtchn *ch = evtchn_at(&d->evtchns, port);

	if (!ch || ch->state == EVTCHNSTAT_closed || (is_served(d, port) && d->state == DOM_ALIVE))
		return -EINVAL;
	if (!is_linked(ch) || ch->peer == d || ch->peer == held) {
		close_port(d, ch, port);
		return 0;
	}
	/* It has an open port, so it has not lost its last reference, and cannot before we unlock.
	 */
	*peer = ch->peer;
	if (!domain_get(*peer))
		panic("d%u: port %u linked to a domain without references", d->id, port);
	return -EAGAIN;
}

/*
 * With both locks the end is closed whatever the peer did meanwhile: only a peer with its number
 * can bind an unbound end again. A third look needs another domain of that number. Linux takes no
 * error of a close but as a bug of its own.
 */
int evtchn_close(struct domain *d, u32 port)
{
	struct domain *peer = NULL;
	int rc = -EAGAIN;

	for (unsigned tries = 0; tries < 4 && rc == -EAGAIN; tries++) {
		struct domain *held = peer;

		if (held) {
			lock_two(&d->evtchns.lock, &held->evtchns.lock);
			rc = try_close(d, port, held, &peer);
			unlock_two(&d->evtchns.lock, &held->evtchns.lock);
			domain_put(held);
		} else {
			lock(&d->evtchns.lock);
			rc = try_close(d, port, NULL, &peer);
			unlock(&d->evtchns.lock);
		}
	}
	if (rc == -EAGAIN)
		domain_put(peer);
	return rc;
}

int evtchn_status(struct domain *d, struct evtchn_status *st)
{
	struct evtchn *ch;
	int rc = 0;

	lock(&d->evtchns.lock);
	ch = evtchn_at(&d->evtchns, st->port);
	if (is_served(d, st->port)) {
		rc = -EACCES;
	} else if (ch) {
		st->status = ch->state == EVTCHN_SERVED ? EVTCHNSTAT_interdomain : ch->state;
		st->vcpu = ch->vcpu;
		if (ch->state == EVTCHNSTAT_unbound) {
			st->u.unbound.dom = (domid_t)ch->domid;
		} else if (is_linked(ch)) {
			st->u.interdomain.dom = ch->peer->id;
			st->u.interdomain.port = ch->arg;
		} else if (ch->state == EVTCHNSTAT_virq) {
			st->u.virq = ch->arg;
		}
	} else {
		rc = -EINVAL;
	}
	unlock(&d->evtchns.lock);
	return rc;
}

int evtchn_unmask(struct domain *d, u32 port)
{
	struct evtchn *ch;

	lock(&d->evtchns.lock);
	ch = evtchn_at(&d->evtchns, port);
	if (ch)
		d->evtchns.ops->unmask(d, ch, port);
	unlock(&d->evtchns.lock);
	return ch ? 0 : -EINVAL;
}

/* The first open port from `port` on, 0 if there is none. */
static u32 next_open(struct evtchns *e, u32 port)
{
	lock(&e->lock);
	if (!e->nr_open)
		port = e->nr_ports;
	while (port < e->nr_ports && evtchn_at(e, port)->state == EVTCHNSTAT_closed)
		port++;
	if (port >= e->nr_ports)
		port = 0;
	unlock(&e->lock);
	return port;
}

/* Stops early only after some progress, so that it needs no memory of where it was. */
static int close_all(struct domain *d)
{
	unsigned closed = 0;

	for (u32 port = 1; (port = next_open(&d->evtchns, port)); port++) {
		evtchn_close(d, port);
		if (++closed % 32 == 0 && irq_pending())
			return -ERESTART;
	}
	return 0;
}

/* Ports beyond what 2-level can do go away, so that a port with a record always has its bits. */
static void back_to_2l(struct domain *d)
{
	struct evtchns *e = &d->evtchns;

	evtchn_fifo_destroy(d);
	while (e->nr_ports > e->ops->nr_ports) {
		e->nr_ports -= EVTCHN_BUCKET;
		xfree_pages(e->bucket[e->nr_ports / EVTCHN_BUCKET], 0);
	}
}

int evtchn_reset(struct domain *d)
{
	int rc = close_all(d);

	if (rc)
		return rc;
	lock(&d->evtchns.lock);
	if (d->evtchns.nr_open > !!d->vuart.port)
		rc = -EAGAIN;
	else if (d->evtchns.fifo)
		back_to_2l(d);
	unlock(&d->evtchns.lock);
	return rc;
}

int evtchns_init(struct domain *d, u32 max_port)
{
	struct evtchns *e = &d->evtchns;

	lock_init(&e->lock, RANK_EVTCHN);
	e->max_port = min(max_port, (u32)EVTCHN_FIFO_NR_CHANNELS - 1);
	e->ops = &evtchn_2l_ops;
	e->first_free = 1; /* port 0 means none */
	e->bucket = xzalloc((e->max_port / EVTCHN_BUCKET + 1) * sizeof(*e->bucket));
	if (!e->bucket || add_bucket(e)) {
		xfree(e->bucket);
		e->bucket = NULL;
		return -ENOMEM;
	}
	return 0;
}

int evtchns_destroy(struct domain *d)
{
	struct evtchns *e = &d->evtchns;
	int rc;

	if (!e->bucket)
		return 0;
	rc = close_all(d);
	if (rc)
		return rc;
	lock(&e->lock);
	if (e->fifo)
		evtchn_fifo_destroy(d);
	for (u32 i = 0; i < e->nr_ports / EVTCHN_BUCKET; i++)
		xfree_pages(e->bucket[i], 0);
	xfree(e->bucket);
	e->bucket = NULL;
	e->nr_ports = 0;
	unlock(&e->lock);
	for_each_vcpu (d, v)
		if (v->info_page)
			vcpu_info_unregister(v);
	return 0;
}
