// SPDX-License-Identifier: GPL-2.0-only
/*
 * multicall: a list of hypercalls, each result written into its entry. A call that is cut short leaves its arguments in its entry as they have
 * to be to go on, and the multicall itself goes on with that entry. Between two calls it makes room for waiting interrupts.
 * No state, no lock. The list is the guest's memory: each entry is read once; entries in a frame of the guest's own are read and written in place.
 */
#include <core/page.h>
#include <hypercall/ops.h>
#include <xen/xen.h>

#define NR_ARGS 6

/* The frame with the entries at hand: one translation for all of them. */
struct window {
	struct page *pg;
	u64 gpage;		/* guest virtual page; valid if pg is */
	char *va;		/* first byte of the page */
};

static void window_close(struct window *w)
{
	if (w->pg)
		page_put(w->pg);
	w->pg = NULL;
}

/* The entry in place; NULL: it has to be copied. */
static inline struct multicall_entry *window_entry(struct window *w, gva_t gva)
{
	struct multicall_entry *e;

	if (likely(w->pg && w->gpage == (gva & PAGE_MASK) && (gva & ~PAGE_MASK) + sizeof(*e) <= PAGE_SIZE))
		return (void *)(w->va + (gva & ~PAGE_MASK));
	window_close(w);
	e = guest_window(gva, sizeof(*e), &w->pg);
	w->gpage = gva & PAGE_MASK;
	w->va = (char *)((u64)e & PAGE_MASK);
	if (!e)
		w->pg = NULL;
	return e;
}

static inline s64 call(struct vcpu *v, u64 op, u64 *args)
{
	return likely(op != __HYPERVISOR_multicall) ? hypercall_one(v, op, args) : -EINVAL;
}

static inline s64 entry_in_place(struct vcpu *v, struct multicall_entry *e)
{
	u64 args[NR_ARGS];
	s64 r;

	for (unsigned i = 0; i < NR_ARGS; i++)
		args[i] = READ_ONCE(e->args[i]);
	r = call(v, READ_ONCE(e->op), args);
	if (likely(r != -ERESTART)) {
		e->result = (u64)r;
		return 0;
	}
	for (unsigned i = 0; i < NR_ARGS; i++)
		e->args[i] = args[i];
	return -ERESTART;
}

static s64 entry_by_copy(struct vcpu *v, gva_t gva)
{
	struct multicall_entry e;
	s64 r;

	if (copy_from_guest(&e, gva, sizeof(e)))
		return -EFAULT;
	r = call(v, e.op, e.args);
	if (r == -ERESTART)
		return copy_to_guest(gva + offsetof(struct multicall_entry, args), e.args, sizeof(e.args)) ? -EFAULT : -ERESTART;
	e.result = (u64)r;
	return copy_to_guest(gva + offsetof(struct multicall_entry, result), &e.result, sizeof(e.result));
}

/* a: list, number of entries */
s64 hc_multicall(struct vcpu *v, u64 *a)
{
	struct window w = { .pg = NULL };
	gva_t gva = a[0];
	u32 left = (u32)a[1];
	s64 rc = 0;

	for (; left; left--, gva += sizeof(struct multicall_entry)) {
		struct multicall_entry *e;

		if (unlikely(gva != a[0] && preempt_wanted())) {
			rc = -ERESTART;
			break;
		}
		e = window_entry(&w, gva);
		rc = likely(e) ? entry_in_place(v, e) : entry_by_copy(v, gva);
		if (unlikely(rc))
			break;
	}
	window_close(&w);
	if (rc == -ERESTART) {
		a[0] = gva;
		a[1] = left;
	}
	return rc;
}
