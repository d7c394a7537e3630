// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ownership may look like, said a second time and compared with what is there. Debug builds
 * and host tests only.
 * 1. A frame is free, the hypervisor's or one domain's. A domain's frame has exactly one reference
 * for each stage-2 entry that maps it and each place of the hypervisor that keeps it (a direct map
 * also keeps what its guest has given back). No other frame is mapped, and none in a free block.
 * 2. RAM and shared frames are mapped by their owner only, foreign ones by others only; what may
 * not be written or run has no such right.
 * 3. A reference of a grant table counts exactly the handles that stand for it; every grant mapping
 * has a handle; the guest's entry is marked exactly while used.
 * 4. The ends of an event channel name each other; a VIRQ's port and its vCPU, too.
 * References are counted by taking them all away and looking whether nothing is left, then giving
 * them back: no memory, but nobody else may run.
 */
#include <arm/cpu.h>
#include <core/console.h>
#include <domain/domain.h>
#include <domain/spec.h>
#include <lib/string.h>

#ifdef CONFIG_DEBUG

#define VALID BIT(0)
#define TABLE BIT(1)
#define WRITE BIT(7)
#define XN BIT(54)
#define ADDR 0xfffffffff000UL
#define TYPE(pte) ((pte) >> 55 & 15)
#define IS(t, types) (1 & (types) >> (t))
#define RAM_TYPES (BIT(P2M_RAM) | BIT(P2M_RAM_RO))
#define FOREIGN_TYPES (BIT(P2M_FOREIGN) | BIT(P2M_FOREIGN_RO))
#define GRANT_TYPES (BIT(P2M_GRANT) | BIT(P2M_GRANT_RO))
#define RO_TYPES (BIT(P2M_RAM_RO) | BIT(P2M_FOREIGN_RO) | BIT(P2M_GRANT_RO))

static unsigned nr_wrong;
static u64 owned[CONFIG_MAX_DOMAINS];

#define MUST(c, d, where) \
	do { \
		if (!(c)) \
			wrong((d), #c, (where)); \
	} while (0)

static void wrong(const struct domain *d, const char *what, u64 where)
{
	if (nr_wrong++ < 20)
		log_err("spec: d%u, %lx: not so: %s\n", d ? d->id : DOMID_INVALID,
			(unsigned long)where, what);
}

static struct domain *next_domain(unsigned *slot)
{
	while (*slot < CONFIG_MAX_DOMAINS) {
		struct domain *d = domain_of_slot((*slot)++);

		if (d)
			return d;
	}
	return NULL;
}

#define for_each_domain(d) for (unsigned _slot = 0; (d = next_domain(&_slot));)

/* --- 1, 2: frames --- */

static bool has_handle(const struct domain *d, u64 gfn, u32 frame, bool write)
{
	const struct grant_table *t = &d->grants;

	for (u32 h = 0; h < t->nr_pages * HANDLES_PER_PAGE; h++) {
		const struct maptrack *page = t->maptrack[h / HANDLES_PER_PAGE],
				      *m = page ? &page[h % HANDLES_PER_PAGE] : NULL;

		if (m && (m->word & MT_USED) && MT_GFN(m->word) == gfn &&
		    !(m->word & MT_WRITE) == !write &&
		    grant_active_of(&m->granter->grants, MT_REF(m->word))->frame == frame)
			return true;
	}
	return false;
}

static void check_leaf(struct domain *d, u64 gfn, u64 pte, u64 nr)
{
	struct page *pg = mfn_page(mfn_of(pte & ADDR));
	unsigned t = TYPE(pte);

	MUST(t != P2M_NONE && t <= P2M_XEN, d, gfn);
	MUST(!IS(t, RO_TYPES) || !(pte & WRITE), d, gfn);
	MUST(IS(t, RAM_TYPES) || (pte & XN), d, gfn);
	MUST(t == P2M_DEVICE ? !pg || pg->state == PG_RESERVED : pg != NULL, d, gfn);
	if (t == P2M_DEVICE || !pg)
		return;
	MUST(!IS(t, GRANT_TYPES) || d->state != DOM_ALIVE ||
		     has_handle(d, gfn, (u32)(pg - frame_table), t == P2M_GRANT),
	     d, gfn);
	for (u64 i = 0; i < nr; i++) {
		MUST(page_owner(&pg[i]) < CONFIG_MAX_DOMAINS, d, gfn + i);
		MUST(!IS(t, RAM_TYPES) || (page_owner(&pg[i]) == d->slot && pg[i].state == PG_USED),
		     d, gfn + i);
		MUST(t != P2M_XEN || (page_owner(&pg[i]) == d->slot && pg[i].state == PG_SHARED), d,
		     gfn + i);
		MUST(!IS(t, FOREIGN_TYPES) || page_owner(&pg[i]) != d->slot, d, gfn + i);
	}
}

/*
 * Takes away (or, with `by` 1, gives back) the references of a table's entries; looks at them when
 * it takes. Returns how many tables there are.
 */
static u64 walk(struct domain *d, const u64 *table, unsigned level, u64 entries, u64 gfn, u32 by)
{
	u64 tables = DIV_ROUND_UP(entries, 512), nr = 1UL << (27 - 9 * level);

	for (u64 i = 0; i < entries; i++, gfn += nr) {
		u64 pte = table[i];
		struct page *pg = mfn_page(mfn_of(pte & ADDR));

		if (!(pte & VALID))
			continue;
		if (level < 3 && (pte & TABLE)) {
			MUST(pg && page_owner(pg) == OWNER_XEN && pg->refs == 1, d, gfn);
			tables += walk(d, pa_to_va(pte & ADDR), level + 1, 512, gfn, by);
			continue;
		}
		if (by != 1)
			check_leaf(d, gfn, pte, nr);
		for (u64 k = 0; pg && TYPE(pte) != P2M_DEVICE && k < nr; k++)
			pg[k].refs += by;
	}
	return tables;
}

static void keep(const void *va, u32 by)
{
	if (va)
		va_page(va)->refs += by;
}

static void count_frames(struct domain *d, u32 by)
{
	unsigned level = cpu_ipa_bits > 43 ? 0 : 1;
	u64 tables = !d->p2m.root
			     ? 0
			     : walk(d, d->p2m.root, level,
				    1UL << (cpu_ipa_bits - PAGE_SHIFT - 27 + 9 * level), 0, by);

	MUST(by == 1 || d->table_pages == tables, d, tables);
	keep(d->shared_info, by);
	keep(d->vuart.ring, by);
	for (u32 i = 0; i < d->grants.nr_frames; i++)
		keep(d->grants.shared[i], by);
	for_each_vcpu (d, v) {
		keep(v->info_page ? page_va(v->info_page) : NULL, by);
		keep(v->runstate_page ? page_va(v->runstate_page) : NULL, by);
	}
	for (unsigned i = 0; d->evtchns.fifo && i < evtchn_fifo_nr_pages(d); i++)
		keep(evtchn_fifo_page(d, i), by);
}

/* One frame that is not free; all that is known of is taken away. */
static void check_frame(const struct page *pg)
{
	u64 frame = page_mfn(pg).n;
	struct domain *d = page_owner(pg) < CONFIG_MAX_DOMAINS ? domain_of_slot(page_owner(pg))
							       : NULL;

	if (d && (pg->state == PG_SHARED || pg->state == PG_USED)) {
		/* What is left of a direct map's frame: the reference by which it is kept. */
		MUST(!pg->refs || (pg->refs == 1 && d->direct_mapped), d, frame);
	}
}

static void check_free(const struct page *pg, u64 nr)
{
	/* What the hypervisor itself gives back keeps its count, which means nothing. */
	for (u64 i = 0; i < nr; i++)
		MUST(!pg[i].refs || page_owner(&pg[i]) == OWNER_XEN, NULL, page_mfn(&pg[i]).n);
}

static void check_frames(void)
{
	u64 free = 0, nr;
	struct domain *d;

	for (u64 i = 0; i < frame_count; i += nr) {
		struct page *pg = &frame_table[i];

		nr = pg->state == PG_FREE ? 1UL << pg->order : 1;
		if (pg->state == PG_FREE) {
			free += nr;
			check_free(pg, nr);
		} else {
			check_frame(pg);
		}
	}
	MUST(free == heap_free_pages, NULL, free);
	for_each_domain (d)
		count_frames(d, 1);
	memset(owned, 0, sizeof(owned));
	for (u64 i = 0; i < frame_count; i++)
		if (frame_table[i].refs && frame_table[i].state == PG_USED &&
		    page_owner(&frame_table[i]) < CONFIG_MAX_DOMAINS)
			owned[page_owner(&frame_table[i])]++;
	for_each_domain (d) {
		MUST(d->tot_pages == owned[d->slot] + (d->half.pg ? 1UL << d->half.order : 0), d,
		     owned[d->slot]);
		MUST(d->refs >= 1U * (d->state != DOM_DEAD) + !!d->tot_pages, d, d->refs);
	}
}

/* --- 3: grants --- */

/* As with frames: users of references, taken away and given back. */
static void count_handles(const struct domain *d, u8 by)
{
	const struct grant_table *t = &d->grants;

	for (u32 h = 0; h < t->nr_pages * HANDLES_PER_PAGE; h++) {
		const struct maptrack *page = t->maptrack[h / HANDLES_PER_PAGE],
				      *m = page ? &page[h % HANDLES_PER_PAGE] : NULL;
		struct grant_active *act;

		if (!m || !(m->word & MT_USED))
			continue;
		MUST(h % HANDLES_PER_PAGE, d, h);
		MUST(domain_of_slot(m->granter->slot) == m->granter && m->granter->refs, d, h);
		MUST(MT_REF(m->word) / GRANTS_PER_FRAME < m->granter->grants.nr_frames, d, h);
		if (MT_REF(m->word) / GRANTS_PER_FRAME >= m->granter->grants.nr_frames)
			continue;
		act = grant_active_of(&m->granter->grants, MT_REF(m->word));
		MUST(act->who == d->id, d, h);
		*(m->word & MT_WRITE ? &act->writers : &act->readers) += by;
	}
}

static void check_users(struct domain *d)
{
	for (u32 ref = 0; ref < d->grants.nr_frames * GRANTS_PER_FRAME; ref++)
		MUST(!grant_in_use(grant_active_of(&d->grants, ref)), d, ref);
}

static void check_marks(struct domain *d)
{
	for (u32 ref = 0; ref < d->grants.nr_frames * GRANTS_PER_FRAME; ref++) {
		const struct grant_active *act = grant_active_of(&d->grants, ref);
		u16 flags = d->grants.shared[ref / GRANTS_PER_FRAME]
				    ? grant_shared_of(&d->grants, ref)->flags
				    : 0;

		MUST(!d->grants.shared[ref / GRANTS_PER_FRAME] ||
			     !(flags & GTF_reading) == !grant_in_use(act),
		     d, ref);
		MUST(!d->grants.shared[ref / GRANTS_PER_FRAME] ||
			     !(flags & GTF_writing) == !act->writers,
		     d, ref);
	}
}

static void check_grants(bool marks)
{
	struct domain *d;

	for_each_domain (d)
		count_handles(d, (u8)-1);
	for_each_domain (d)
		check_users(d);
	for_each_domain (d)
		count_handles(d, 1);
	if (marks)
		for_each_domain (d)
			check_marks(d);
}

/* --- 4: event channels --- */

static void check_port(struct domain *d, u32 port, const struct evtchn *ch)
{
	const struct evtchn *peer;

	MUST(ch->state == EVTCHNSTAT_closed || ch->vcpu < d->max_vcpus, d, port);
	switch (ch->state) {
	case EVTCHNSTAT_closed:
		MUST(!ch->peer && !ch->arg && !ch->early, d, port);
		MUST(port >= d->evtchns.first_free || !port, d, port);
		break;
	case EVTCHN_SERVED:
		MUST(port == d->vuart.port || ch->arg == ch->peer->vuart.port, d, port);
		/* fallthrough */
	case EVTCHNSTAT_interdomain:
		MUST(domain_of_slot(ch->peer->slot) == ch->peer, d, port);
		peer = evtchn_at(&ch->peer->evtchns, ch->arg);
		MUST(peer && peer->state == ch->state && peer->peer == d && peer->arg == port, d,
		     port);
		break;
	case EVTCHNSTAT_virq:
		MUST(ch->arg < NR_VIRQS &&
			     d->vcpu[ch->vcpu]->virq_port[ch->arg] <= d->evtchns.max_port,
		     d, port);
		break;
	default: MUST(ch->state == EVTCHNSTAT_unbound || ch->state == EVTCHNSTAT_ipi, d, port);
	}
}

static void check_events(struct domain *d)
{
	u32 open = 0, virqs = 0;

	for (u32 port = 0; port < d->evtchns.nr_ports; port++) {
		const struct evtchn *ch = evtchn_at(&d->evtchns, port);

		check_port(d, port, ch);
		open += ch->state != EVTCHNSTAT_closed;
		virqs += ch->state == EVTCHNSTAT_virq;
	}
	MUST(open == d->evtchns.nr_open, d, open);
	for_each_vcpu (d, v)
		for (u32 virq = 0; virq < NR_VIRQS; virq++) {
			const struct evtchn *ch = evtchn_at(&d->evtchns, v->virq_port[virq]);

			if (!v->virq_port[virq])
				continue;
			MUST(ch && ch->state == EVTCHNSTAT_virq && ch->arg == virq, d, virq);
			virqs--;
		}
	MUST(!virqs, d, virqs);
}

/* --- all of it --- */

unsigned spec_check(bool marks)
{
	struct domain *d;

	nr_wrong = 0;
	for_each_domain (d) {
		MUST(d->slot == _slot - 1, d, d->slot);
		MUST(d->state == DOM_DEAD || d->refs, d, d->refs);
		check_events(d);
		count_frames(d, (u32)-1);
	}
	check_frames();
	check_grants(marks);
	return nr_wrong;
}

void spec_check_dead(struct domain *d)
{
	nr_wrong = 0;
	MUST(!d->p2m.root || d->table_pages == DIV_ROUND_UP(1UL << (cpu_ipa_bits - PAGE_SHIFT - 27 +
								    (cpu_ipa_bits > 43 ? 0 : 9)),
							    512),
	     d, d->table_pages);
	MUST(!d->shared_info && !d->vuart.ring && !d->evtchns.nr_ports && !d->evtchns.nr_open &&
		     !d->half.pg,
	     d, d->evtchns.nr_open);
	for_each_vcpu (d, v)
		MUST(!v->info_page && !v->runstate_page && v->down, d, v->id);
	for (u32 h = 0; h < d->grants.nr_pages * HANDLES_PER_PAGE; h++) {
		const struct maptrack *page = d->grants.maptrack[h / HANDLES_PER_PAGE];

		MUST(!page || !(page[h % HANDLES_PER_PAGE].word & MT_USED), d, h);
	}
	for (u32 i = 0; i < d->grants.nr_frames; i++)
		MUST(!d->grants.shared[i], d, i);
}

/* All others stand still for it; only the holder of the control lock may wait for them. */
static void others(void (*change)(struct vcpu *v))
{
	struct domain *d;

	for_each_domain (d)
		for_each_vcpu (d, v)
			if (v != this_cpu()->current)
				change(v);
}

static void stop(struct vcpu *v)
{
	__atomic_fetch_add(&v->pause_count, 1, __ATOMIC_SEQ_CST);
	vcpu_recheck(v);
	vcpu_sync(v);
}

static void go_on(struct vcpu *v)
{
	if (!__atomic_sub_fetch(&v->pause_count, 1, __ATOMIC_SEQ_CST))
		vcpu_recheck(v);
}

/* Not in pieces: debug builds only. */
static bool key_spec(struct key_at *at)
{
	if (!this_cpu()->lock_depth) {
		printk("Only by xl debug-keys\n");
		return false;
	}
	others(stop);
	printk("Specification: %u deviations\n", spec_check(false));
	others(go_on);
	return false;
}

void __init spec_init(void)
{
	debug_key_add('s', "compare with the specification", key_spec);
}
#endif
