// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grants among three domains: map, unmap, copy, read-only, wrong references,
 * handles, addresses and domains; what the granter may still do; what is left
 * after the granter's death. Dom0 maps from two DomUs; DomU 1 tries to use what
 * is granted to Dom0 only.
 */
#include "domu.h"

#define REF_RW 8
#define REF_RO 9
#define REF_FOR_OTHER 10
#define REF_NEVER 11

static u8 page[4][PAGE_SIZE] __page_aligned;
static u8 buffer[PAGE_SIZE] __page_aligned;
static volatile u32 ready, command, answered;
static volatile s64 answer;
#define GTF_BUSY (GTF_reading | GTF_writing)
static u64 spare;

enum { CMD_NONE, CMD_STEAL, CMD_FLAGS };

static int map(u16 dom, u32 ref, u32 flags, u64 at, u32 *handle)
{
	struct gnttab_map_grant_ref m = { .host_addr = at, .flags = flags, .ref = ref, .dom = dom };
	s64 rc = grant_op(GNTTABOP_map_grant_ref, &m, 1);

	*handle = m.handle;
	return rc ? (int)rc : m.status;
}

static int unmap(u64 at, u32 handle)
{
	struct gnttab_unmap_grant_ref u = { .host_addr = at, .handle = handle };
	s64 rc = grant_op(GNTTABOP_unmap_grant_ref, &u, 1);

	return rc ? (int)rc : u.status;
}

static int copy(struct gnttab_copy c)
{
	s64 rc = grant_op(GNTTABOP_copy, &c, 1);

	return rc ? (int)rc : c.status;
}

static void ask(struct domu *d, u32 what, u64 arg)
{
	d->info->arg[0] = arg;
	*domu_ptr(d, &answered) = 0;
	*domu_ptr(d, &command) = what;
	wait_for(domu_ptr(d, &answered), 1);
}

/* The granter's entry as the granter sees it (its frame is not ours to map). */
static u64 busy(struct domu *d, u32 ref)
{
	ask(d, CMD_FLAGS, ref);
	return (u64)*domu_ptr(d, &answer) & GTF_BUSY;
}

static void mapping(struct domu *d, const char *who)
{
	volatile u32 *here = (volatile u32 *)spare;
	volatile u32 *there = (volatile u32 *)domu_ptr(d, page[0]);
	u32 h, h2;

	if (!report(map(d->domid, REF_RW, GNTMAP_host_map, spare, &h) == 0, "%s: map", who))
		return;
	*here = 0x1234;
	report(*there == 0x1234, "%s: a write through the mapping arrives", who);
	report(busy(d, REF_RW) == GTF_BUSY, "%s: both flags are set while mapped", who);
	report(map(d->domid, REF_RW, GNTMAP_host_map, spare + PAGE_SIZE, &h2) == 0 && h2 != h,
	       "%s: map a second time", who);
	report(unmap(spare, h) == 0, "%s: unmap the first", who);
	report(busy(d, REF_RW) == GTF_BUSY, "%s: flags stay for the second", who);
	report(unmap(spare + PAGE_SIZE, h2) == 0, "%s: unmap the second", who);
	report(!busy(d, REF_RW), "%s: flags are clear again", who);
	report(FAULTS(*here) == 1, "%s: nothing is mapped there any more", who);
	report_value((u64)unmap(spare, h), "%s: unmap twice", who);
}

static void read_only(struct domu *d)
{
	volatile u32 *here = (volatile u32 *)spare;
	u32 h;

	report_value((u64)map(d->domid, REF_RO, GNTMAP_host_map, spare, &h),
		     "map a read-only grant for writing");
	report(map(d->domid, REF_RO, GNTMAP_host_map | GNTMAP_readonly, spare, &h) == 0,
	       "map it read-only");
	report(FAULTS(*here) == 0, "reading works");
	if (on_oracle()) /* Xen 4.17 returns to the same instruction for ever */
		report_skip("writing aborts");
	else
		report(FAULTS(*here = 1) == 1, "writing aborts");
	report(busy(d, REF_RO) == GTF_reading, "only the reading flag is set");
	report(unmap(spare, h) == 0, "unmap it");
}

/* Expected to fail; what succeeds is taken back, so that it disturbs nothing after it. */
static u64 try_map(u16 dom, u32 ref, u32 flags, u64 at)
{
	u32 h;
	int rc = map(dom, ref, flags, at, &h);

	if (!rc)
		unmap(flags & GNTMAP_host_map ? at : 0, h);
	return (u64)rc;
}

static void wrong(struct domu *d)
{
	static const u32 refs[] = { REF_FOR_OTHER, REF_NEVER, 511, 512, 0x7fffffff, ~0u };
	static const u32 flags[] = { 0, GNTMAP_device_map, GNTMAP_application_map | GNTMAP_host_map,
				     GNTMAP_contains_pte | GNTMAP_host_map, ~0u };
	static const u64 at[] = { 1, 0x7ffffffffffff000, ~0ul };

	for (size_t i = 0; i < ARRAY_SIZE(refs); i++)
		report_value(try_map(d->domid, refs[i], GNTMAP_host_map, spare), "map of ref %x",
			     refs[i]);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		report_value(try_map(d->domid, REF_RW, flags[i], spare), "map with flags %x",
			     flags[i]);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		report_value(try_map(d->domid, REF_RW, GNTMAP_host_map, at[i]), "map at %lx",
			     at[i]);
		report(!busy(d, REF_RW), "map at %lx leaves no flag", at[i]);
	}
	report_value(try_map(77, REF_RW, GNTMAP_host_map, spare), "map from no domain");
	report_value(try_map(DOMID_IO, REF_RW, GNTMAP_host_map, spare), "map from DOMID_IO");
	report_value((u64)unmap(spare, 0), "unmap handle 0 never given");
	report_value((u64)unmap(spare, ~0u), "unmap handle -1");
	report(grant_op(GNTTABOP_unmap_grant_ref, NULL, 0) == 0, "unmap of none");
	report_value((u64)grant_op(GNTTABOP_map_grant_ref, NULL, 1), "map with no argument");
	report_value((u64)grant_op(GNTTABOP_map_grant_ref, (void *)0x700000000000, 1),
		     "map with a bad argument");
	report_value((u64)grant_op(GNTTABOP_copy, NULL, 1), "copy with no argument");
}

static struct gnttab_copy copy_in(struct domu *d, u32 ref, u16 from, u16 to, u16 len)
{
	struct gnttab_copy c = { .flags = GNTCOPY_source_gref, .len = len };

	c.source.u.ref = ref;
	c.source.domid = d->domid;
	c.source.offset = from;
	c.dest.u.gmfn = virt_to_gfn(buffer);
	c.dest.domid = DOMID_SELF;
	c.dest.offset = to;
	return c;
}

static struct gnttab_copy copy_out(struct domu *d, u32 ref, u16 len)
{
	struct gnttab_copy c = { .flags = GNTCOPY_dest_gref, .len = len };

	c.source.u.gmfn = virt_to_gfn(buffer);
	c.source.domid = DOMID_SELF;
	c.dest.u.ref = ref;
	c.dest.domid = d->domid;
	return c;
}

static void copying(struct domu *d)
{
	u8 *theirs = domu_ptr(d, page[1]);
	bool same = true;

	for (u32 i = 0; i < PAGE_SIZE; i++)
		theirs[i] = (u8)(i * 7);
	report(copy(copy_in(d, REF_RO, 0, 0, PAGE_SIZE)) == 0, "copy a page in");
	report(!memcmp(buffer, theirs, PAGE_SIZE), "it is the same");
	for (u32 len = 1; len < 200; len += 13) {
		memset(buffer, 0, PAGE_SIZE);
		same &= copy(copy_in(d, REF_RO, 3, (u16)(len % 9), (u16)len)) == 0 &&
			!memcmp(buffer + len % 9, theirs + 3, len) && !buffer[len % 9 + len];
	}
	report(same, "odd lengths and offsets copy exactly that");
	report_value((u64)copy(copy_in(d, REF_RO, 1, 0, PAGE_SIZE)), "copy over the source's end");
	report_value((u64)copy(copy_in(d, REF_RO, 0, 1, PAGE_SIZE)),
		     "copy over the destination's end");
	report_value((u64)copy(copy_in(d, REF_RO, 4096, 0, 1)), "copy from offset 4096");
	report_value((u64)copy(copy_in(d, REF_RO, 0, 0, 0)), "copy nothing");
	report_value((u64)copy(copy_in(d, REF_NEVER, 0, 0, 8)), "copy from a ref never given");
	report_value((u64)copy(copy_out(d, REF_RO, 8)), "copy to a read-only grant");
	buffer[0] = 0x99;
	report(copy(copy_out(d, REF_RW, 8)) == 0 && *domu_ptr(d, page[0]) == 0x99, "copy out");
	report(!busy(d, REF_RW) && !busy(d, REF_RO), "copies leave no flags");
}

static void sizes(void)
{
	struct gnttab_query_size q = { .dom = DOMID_SELF };
	struct gnttab_set_version v = { .version = 2 };
	struct gnttab_get_version g = { .dom = DOMID_SELF };
	struct gnttab_setup_table t = { .dom = DOMID_SELF, .nr_frames = 1 };

	report(grant_op(GNTTABOP_query_size, &q, 1) == 0, "query_size");
	report_value(q.max_nr_frames, "max_nr_frames");
	report_value((u64)grant_op(GNTTABOP_set_version, &v, 1), "set_version 2");
	v.version = 1;
	report_value((u64)grant_op(GNTTABOP_set_version, &v, 1), "set_version 1");
	v.version = 3;
	report_value((u64)grant_op(GNTTABOP_set_version, &v, 1), "set_version 3");
	report_value((u64)grant_op(GNTTABOP_get_version, &g, 1), "get_version");
	report_value(g.version, "the version");
	report_value((u64)grant_op(GNTTABOP_setup_table, &t, 2), "setup_table of two");
	report_value((u64)grant_op(GNTTABOP_transfer, NULL, 0), "transfer of none");
	for (u64 i = 60; i < 70; i++)
		report_value((u64)map_at(XENMAPSPACE_grant_table, 0, i,
					 (spare + (4ul << 20)) / PAGE_SIZE),
			     "grant frame %lu", i);
}

static bool launch(struct domu *d)
{
	if (!report(domu_create(d, 1, 0), "DomU built"))
		return false;
	domu_unpause(d);
	return report(wait_for(domu_ptr(d, &ready), 1), "DomU ready");
}

static void death(struct domu *d)
{
	struct xen_domctl op;
	u32 h;
	u16 id = d->domid;

	report(map(id, REF_RW, GNTMAP_host_map, spare, &h) == 0, "map before the granter dies");
	domu_destroy(d);
	report(FAULTS(*(volatile u32 *)spare) == 0, "the mapping outlives the granter");
	report(unmap(spare, h) == 0, "unmap after its death");
	delay_us(20000);
	report_value((u64)domctl(XEN_DOMCTL_getdomaininfo, id, &op), "then the domain is gone");
	report_value((u64)map(id, REF_RW, GNTMAP_host_map, spare, &h), "map from a dead domain");
}

void domu_main(void)
{
	u32 h;

	grant_access(REF_RW, 0, virt_to_gfn(page[0]), false);
	grant_access(REF_RO, 0, virt_to_gfn(page[1]), true);
	grant_access(REF_FOR_OTHER, 1234, virt_to_gfn(page[2]), false);
	spare = machine.free_base;
	ready = 1;
	for (;; sched_op(SCHEDOP_yield, NULL)) {
		u32 what = command;

		if (!what)
			continue;
		command = CMD_NONE;
		if (what == CMD_STEAL)
			answer = map((u16)start_info->arg[0], REF_RW, GNTMAP_host_map, spare, &h);
		else
			answer = READ_ONCE(grant_table[start_info->arg[0]].flags);
		dsb();
		answered = 1;
	}
}

void guest_main(void)
{
	struct domu a, b;

	report_prefix("grants");
	irq_enable();
	spare = machine.free_base + machine.free_size - (8ul << 20);
	sizes();
	if (launch(&a) && launch(&b)) {
		mapping(&a, "first");
		mapping(&b, "second");
		read_only(&a);
		wrong(&a);
		copying(&a);
		ask(&b, CMD_STEAL, a.domid);
		report_value((u64)*domu_ptr(&b, &answer),
			     "a third domain maps what is not granted to it");
		death(&a);
		domu_destroy(&b);
	}
	report_summary();
}
