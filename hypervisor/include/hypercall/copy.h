/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one way between hypercall arguments (guest virtual addresses of the calling, loaded vCPU) and
 * hypervisor memory.
 */
#ifndef HYPERCALL_COPY_H
#define HYPERCALL_COPY_H
#include <core/page.h>
#include <domain/domain.h>
#include <lib/types.h>

struct page;

/*
 * 0 or -EFAULT; any length, page by page, each page translated, referenced, copied, released.
 * Nothing is said of dst after an error.
 */
int copy_from_guest(void *dst, gva_t src, size_t n) __must_check;
int copy_to_guest(gva_t dst, const void *src, size_t n) __must_check;
int clear_guest(gva_t dst, size_t n) __must_check;
/*
 * Direct view of n bytes at gva (8-byte aligned, within one page) that the caller's own domain may
 * write; NULL if it is none of that, or not its own frame: then copy. The frame cannot leave the
 * domain until page_put(*pg). Whatever is read there may change at any time: read once.
 */
void *guest_window(gva_t gva, size_t n, struct page **pg) __must_check;

/*
 * The page at gva, if it is a frame of d, the caller's domain: with a reference, and where gva is
 * in it.
 */
static inline bool __must_check own_page(const struct domain *d, gva_t gva, bool write,
					 struct page **pg, void **va)
{
	paddr_t pa;
	u64 frame;

	if (unlikely(gva_to_pa(gva, write, &pa)))
		return false;
	frame = mfn_of(pa).n - frame_base;
	if (unlikely(frame >= frame_count))
		return false;
	*va = pa_to_va(pa);
	*pg = &frame_table[frame];
	return likely(page_get_slot(*pg, d->slot));
}

s64 copy32_from_guest(gva_t src);

/* One word of d, the caller's domain, or -EFAULT. */
static inline s64 __must_check get_guest32(const struct domain *d, gva_t src)
{
	struct page *pg;
	void *va;
	u32 val;

	if (unlikely(src % sizeof(val) || !own_page(d, src, false, &pg, &va)))
		return copy32_from_guest(src);
	val = READ_ONCE(*(u32 *)va);
	page_put(pg);
	return val;
}

/* The guest address in a XEN_GUEST_HANDLE, plus an index of elements. */
#define handle_gva(h) ((gva_t)(h).q)
#define handle_at(h, i) (handle_gva(h) + (u64)(i) * sizeof(*(h).p))
#endif
