// SPDX-License-Identifier: GPL-2.0-only
/*
 * multicall: a list of hypercalls, each result written into its entry. A call that is cut short
 * leaves its arguments in its entry as they have to be to go on, and the multicall itself goes on
 * with that entry. Between two calls it makes room for waiting interrupts. No state, no lock. The
 * list is the guest's memory: each entry is read once; entries in a frame of the guest's own are
 * read and written in place.
 */
#include <core/page.h>
#include <hypercall/ops.h>
#include <xen/xen.h>

#define NR_ARGS 6

static inline s64 call(struct vcpu *v, u64 op, u64 *args)
{
	return likely(op != __HYPERVISOR_multicall) ? hypercall_one(v, op, args) : -EINVAL;
}

static inline s64 entry_in_place(struct vcpu *v, struct multicall_entry *e)
{
	u64 args[NR_ARGS];
	s64 r;

	__builtin_memcpy(args, e->args, sizeof(args));
	r = call(v, READ_ONCE(e->op), args);
	if (unlikely(r == -ERESTART)) {
		__builtin_memcpy(e->args, args, sizeof(args));
		return r;
	}
	e->result = (u64)r;
	return 0;
}

static s64 entry_by_copy(struct vcpu *v, gva_t gva)
{
	struct multicall_entry e;
	s64 r;

	if (copy_from_guest(&e, gva, sizeof(e)))
		return -EFAULT;
	r = call(v, e.op, e.args);
	if (r == -ERESTART)
		return copy_to_guest(gva + offsetof(struct multicall_entry, args), e.args,
				     sizeof(e.args))
			       ? -EFAULT
			       : -ERESTART;
	e.result = (u64)r;
	return copy_to_guest(gva + offsetof(struct multicall_entry, result), &e.result,
			     sizeof(e.result));
}

/*
 * The next entries, as far as they lie in one frame of the guest's own, or a single one. *done: how
 * many.
 */
static s64 run_some(struct vcpu *v, gva_t gva, u32 left, u32 *done)
{
	u64 fit = (PAGE_SIZE - (gva & ~PAGE_MASK)) / sizeof(struct multicall_entry);
	struct multicall_entry *e, *end;
	struct page *pg;
	s64 rc;

	e = guest_window(gva, sizeof(*e), &pg);
	if (unlikely(!e)) {
		rc = entry_by_copy(v, gva);
		*done = !rc;
		return rc;
	}
	end = e + min((u64)left, fit);
	for (const struct multicall_entry *first = e;;) {
		rc = entry_in_place(v, e);
		if (unlikely(rc) || ++e == end || unlikely(preempt_wanted())) {
			*done = (u32)(e - first);
			break;
		}
	}
	page_put(pg);
	return rc;
}

/* a: list, number of entries */
s64 hc_multicall(struct vcpu *v, u64 *a)
{
	gva_t gva = a[0];
	u32 left = (u32)a[1];
	s64 rc = 0;

	while (left) {
		u32 done;

		rc = run_some(v, gva, left, &done);
		gva += done * sizeof(struct multicall_entry);
		left -= done;
		if (likely(!rc && left && preempt_wanted()))
			rc = -ERESTART;
		if (rc)
			break;
	}
	if (unlikely(rc == -ERESTART)) {
		a[0] = gva;
		a[1] = left;
	}
	return rc;
}
