// SPDX-License-Identifier: GPL-2.0-only
/*
 * The FIFO ABI: one event word per port in an array of guest pages; ready events hang in 16 queues
 * per vCPU, linked through their words, with the heads in a control block of the guest's. The guest
 * may write all of that at any time, so no link is ever followed here: the tails are kept on this
 * side, and a word is only ever changed by one bounded compare-and-swap. The queue lock guards
 * tails, where a port was last queued, and growth of the array; LINKED is set under it. The rest is
 * the evtchn lock's. Pages are referenced until evtchn_fifo_destroy().
 */
#include <arm/sysreg.h>
#include <core/console.h>
#include <domain/domain.h>
#include <domain/evtchn.h>
#include <domain/guest_word.h>
#include <lib/errno.h>

#define PENDING (1U << EVTCHN_FIFO_PENDING)
#define MASKED (1U << EVTCHN_FIFO_MASKED)
#define LINKED (1U << EVTCHN_FIFO_LINKED)
#define BUSY (1U << EVTCHN_FIFO_BUSY)
#define WORDS_PER_PAGE (PAGE_SIZE / sizeof(event_word_t))
#define MAX_PAGES (EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE)
/* ports looked at before anybody else may have the lock, or an interrupt the CPU */
#define RAISE_STEP 32

struct evtchn_fifo {
	struct lock lock; /* RANK_EVTCHN_QUEUE */
	u32 nr_words;
	/* below it, no event is left that came before its word (evtchn lock) */
	u32 nr_raised;
	u32 *page[MAX_PAGES];
	struct fifo_vcpu {
		struct evtchn_fifo_control_block *cb; /* NULL: not given yet */
		u32 tail[EVTCHN_FIFO_MAX_QUEUES];     /* 0: none */
	} vcpu[];
};

static inline u32 *word_of(struct evtchn_fifo *f, u32 port)
{
	if (unlikely(port >= __atomic_load_n(&f->nr_words, __ATOMIC_ACQUIRE)))
		return NULL;
	return &f->page[port / WORDS_PER_PAGE][port % WORDS_PER_PAGE];
}

static __attribute__((noinline)) void lost(struct domain *d, u32 port, const char *why)
{
	log_guest(d, LOG_WARN, "event on port %u lost: %s\n", port, why);
}

/* The array does not reach that far yet: remembered until it does. true: it does now. */
static __attribute__((noinline)) bool too_early(struct evtchn_fifo *f, struct evtchn *ch, u32 port)
{
	bool there;

	lock(&f->lock);
	there = word_of(f, port);
	if (!there)
		ch->early = 1;
	unlock(&f->lock);
	return there;
}

/*
 * Lets the tail's word point to port. false: the guest has taken the tail off, the queue is empty.
 */
static bool link_tail(struct domain *d, u32 *w, u32 port)
{
	u32 old = READ_ONCE(*w);

	for (unsigned i = 0; i < GUEST_TRIES; i++) {
		if (!(old & LINKED))
			return false;
		if (likely(try_cas(w, &old, (old & ~(BUSY | EVTCHN_FIFO_LINK_MASK)) | port)))
			return true;
	}
	lost(d, port, "the word of its queue's tail is unstable");
	return true;
}

/* Its word has just become linked. True: the queue was empty. Queue lock held. */
static bool append(struct domain *d, struct evtchn_fifo *f, struct evtchn *ch, u32 port,
		   unsigned vcpu)
{
	u32 *old_tail = &f->vcpu[ch->last_vcpu].tail[ch->last_priority];
	u32 *tail = &f->vcpu[vcpu].tail[ch->priority];
	bool linked;

	/*
	 * As the tail of an emptied queue it must not be linked to: it is about to be in another
	 * one, or in this one again.
	 */
	if (*old_tail == port)
		*old_tail = 0;
	linked = *tail && link_tail(d, word_of(f, *tail), port);
	if (!linked)
		__atomic_store_n(&f->vcpu[vcpu].cb->head[ch->priority], port, __ATOMIC_RELEASE);
	*tail = port;
	ch->last_vcpu = (u8)vcpu;
	ch->last_priority = ch->priority;
	return !linked;
}

/* Sets PENDING, and LINKED if it has to be queued. Queue lock held. False: gave up. */
static bool mark(struct domain *d, u32 *w, u32 port, bool can_queue, u32 *old, u32 *set)
{
	for (unsigned i = 0; i < GUEST_TRIES; i++) {
		*set = can_queue && !(*old & (MASKED | LINKED)) ? PENDING | LINKED : PENDING;
		if (likely(try_cas(w, old, *old | *set)))
			return true;
	}
	lost(d, port, "its word is unstable");
	return false;
}

static void tell(struct domain *d, struct evtchn_fifo *f, unsigned vcpu, unsigned priority,
		 u32 port)
{
	u32 old;

	if (unlikely(!guest_set32(&f->vcpu[vcpu].cb->ready, 1U << priority, &old)))
		lost(d, port, "the control block is unstable");
	else if (!(old & 1U << priority))
		evtchn_upcall(d->vcpu[vcpu]);
}

static void set_pending(struct domain *d, struct evtchn *ch, u32 port)
{
	struct evtchn_fifo *f = d->evtchns.fifo;
	unsigned vcpu = READ_ONCE(ch->vcpu), priority;
	u32 *w = word_of(f, port), old, set = 0;
	bool first = false;

	if (unlikely(!w)) {
		if (!too_early(f, ch, port))
			return;
		w = word_of(f, port);
	}
	old = READ_ONCE(*w);
	if (!(old & (MASKED | LINKED)) || unlikely(!try_cas(w, &old, old | PENDING))) {
		lock(&f->lock);
		priority = ch->priority;
		/* The guest unmasks only what it gave a control block for; else the event waits. */
		if (mark(d, w, port, f->vcpu[vcpu].cb, &old, &set) && set & LINKED)
			first = append(d, f, ch, port, vcpu);
		unlock(&f->lock);
		if (first)
			tell(d, f, vcpu, priority, port);
	}
	if (!(old & PENDING))
		evtchn_check_pollers(d, port);
}

static void clear_pending(struct domain *d, u32 port)
{
	u32 *w = word_of(d->evtchns.fifo, port), old;

	if (!w && port < EVTCHN_2L_NR_CHANNELS)
		evtchn_2l_ops.clear_pending(d, port);
	/* The guest takes it off its queue and ignores it. */
	else if (w && !guest_clear32(w, PENDING, &old))
		log_guest(d, LOG_WARN, "port %u stays pending, its word is unstable\n", port);
}

static void unmask(struct domain *d, struct evtchn *ch, u32 port)
{
	u32 *w = word_of(d->evtchns.fifo, port), old;

	if (w && guest_clear32(w, MASKED, &old) && old & PENDING)
		set_pending(d, ch, port);
}

static u32 flags_of(struct domain *d, u32 port, u32 without)
{
	u32 *w = word_of(d->evtchns.fifo, port);

	return w ? READ_ONCE(*w) : without;
}

static bool is_pending(struct domain *d, u32 port)
{
	return flags_of(d, port, 0) & PENDING;
}

static bool is_masked(struct domain *d, u32 port)
{
	return flags_of(d, port, MASKED) & MASKED;
}

/* A closed port that still hangs in a queue: were it opened, two events would share one word. */
static bool is_busy(struct domain *d, u32 port)
{
	return flags_of(d, port, 0) & LINKED;
}

const struct evtchn_ops evtchn_fifo_ops = {
	.nr_ports = EVTCHN_FIFO_NR_CHANNELS,
	.set_pending = set_pending,
	.clear_pending = clear_pending,
	.unmask = unmask,
	.is_pending = is_pending,
	.is_masked = is_masked,
	.is_busy = is_busy,
};

/*
 * First control block: from here on the domain uses FIFO. Events of the 2-level bits wait for the
 * array. Evtchn lock held.
 */
static int start(struct domain *d)
{
	struct evtchns *e = &d->evtchns;
	struct evtchn_fifo *f = xzalloc(sizeof(*f) + d->max_vcpus * sizeof(f->vcpu[0]));

	if (!f)
		return -ENOMEM;
	lock_init(&f->lock, RANK_EVTCHN_QUEUE);
	e->fifo = f;
	__atomic_store_n(&e->ops, &evtchn_fifo_ops, __ATOMIC_RELEASE);
	return 0;
}

static int install_block(struct domain *d, u32 vcpu, void *cb)
{
	struct evtchns *e = &d->evtchns;
	int rc = 0;

	lock(&e->lock);
	if (!e->fifo)
		rc = start(d);
	if (!rc && e->fifo->vcpu[vcpu].cb)
		rc = -EINVAL;
	if (!rc)
		__atomic_store_n(&e->fifo->vcpu[vcpu].cb, cb, __ATOMIC_RELEASE);
	unlock(&e->lock);
	return rc;
}

int evtchn_fifo_init_control(struct domain *d, struct evtchn_init_control *op)
{
	struct page *pg;
	int rc;

	op->link_bits = EVTCHN_FIFO_LINK_BITS;
	if (op->vcpu >= d->max_vcpus)
		return -ENOENT;
	if (op->offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) || op->offset % 8)
		return -EINVAL;
	pg = p2m_get_page(d, GFN(op->control_gfn), WANT_WRITE | WANT_OWN);
	if (!pg)
		return -EINVAL;
	rc = install_block(d, op->vcpu, page_va(pg) + op->offset);
	if (rc)
		page_put(pg);
	return rc;
}

static int can_expand(struct evtchns *e)
{
	if (!e->fifo)
		return -EOPNOTSUPP;
	return e->fifo->nr_words / WORDS_PER_PAGE < MAX_PAGES ? 0 : -ENOSPC;
}

/* Takes over the reference to the page. Evtchn lock held. */
static void add_page(struct domain *d, u32 *page)
{
	struct evtchn_fifo *f = d->evtchns.fifo;

	f->page[f->nr_words / WORDS_PER_PAGE] = page;
	lock(&f->lock);
	__atomic_store_n(&f->nr_words, f->nr_words + (u32)WORDS_PER_PAGE, __ATOMIC_RELEASE);
	unlock(&f->lock);
}

/*
 * Its word is there now: raises what came before, also what the 2-level bits held when FIFO began.
 * Evtchn lock held.
 */
static void raise_early(struct domain *d, struct evtchn *ch, u32 port)
{
	struct evtchn_fifo *f = d->evtchns.fifo;

	if (ch->state == EVTCHNSTAT_closed ||
	    !(ch->early || (port < EVTCHN_2L_NR_CHANNELS && evtchn_2l_ops.is_pending(d, port))))
		return;
	lock(&f->lock);
	ch->early = 0;
	unlock(&f->lock);
	set_pending(d, ch, port);
}

bool evtchn_fifo_raise_early(struct domain *d)
{
	struct evtchns *e = &d->evtchns;
	struct evtchn_fifo *f;
	bool more = false;

	lock(&e->lock);
	f = e->fifo;
	if (f) {
		u32 end = min(f->nr_words, e->nr_ports), stop = min(f->nr_raised + RAISE_STEP, end);

		for (u32 port = f->nr_raised; port < stop; port++)
			raise_early(d, evtchn_at(e, port), port);
		more = stop < end;
		f->nr_raised = more ? stop : f->nr_words;
	}
	unlock(&e->lock);
	return more;
}

int evtchn_fifo_expand_array(struct domain *d, gfn_t gfn)
{
	struct evtchns *e = &d->evtchns;
	struct page *pg;
	int rc;

	/* The p2m's lock comes first: asked before, and again after. */
	lock(&e->lock);
	rc = can_expand(e);
	unlock(&e->lock);
	if (rc)
		return rc;
	pg = p2m_get_page(d, gfn, WANT_WRITE | WANT_OWN);
	if (!pg)
		return -EINVAL;
	lock(&e->lock);
	rc = can_expand(e);
	if (!rc)
		add_page(d, page_va(pg));
	unlock(&e->lock);
	if (rc)
		page_put(pg);
	return rc;
}

int evtchn_fifo_set_priority(struct domain *d, u32 port, u32 priority)
{
	struct evtchns *e = &d->evtchns;
	struct evtchn *ch;
	int rc = 0;

	lock(&e->lock);
	ch = evtchn_at(e, port);
	if (!ch) {
		rc = -EINVAL;
	} else if (!e->fifo) {
		rc = -ENOSYS;
	} else if (priority > EVTCHN_FIFO_PRIORITY_MIN) {
		rc = -EINVAL;
	} else {
		/* Where it hangs now it stays. */
		lock(&e->fifo->lock);
		ch->priority = priority & 15;
		unlock(&e->fifo->lock);
	}
	unlock(&e->lock);
	return rc;
}

void evtchn_fifo_destroy(struct domain *d)
{
	struct evtchns *e = &d->evtchns;
	struct evtchn_fifo *f = e->fifo;

	__atomic_store_n(&e->ops, &evtchn_2l_ops, __ATOMIC_RELEASE);
	e->fifo = NULL;
	/* The guest's ports are closed, so nobody is in set_pending(). */
	for (unsigned i = 0; i < d->max_vcpus; i++)
		if (f->vcpu[i].cb)
			page_put(va_page(f->vcpu[i].cb));
	for (unsigned i = 0; i < f->nr_words / WORDS_PER_PAGE; i++)
		page_put(va_page(f->page[i]));
	xfree(f);
}

#ifdef CONFIG_DEBUG
unsigned evtchn_fifo_nr_pages(const struct domain *d)
{
	return d->max_vcpus + d->evtchns.fifo->nr_words / WORDS_PER_PAGE;
}

void *evtchn_fifo_page(const struct domain *d, unsigned i)
{
	const struct evtchn_fifo *f = d->evtchns.fifo;

	return i < d->max_vcpus ? (void *)f->vcpu[i].cb : (void *)f->page[i - d->max_vcpus];
}
#endif
