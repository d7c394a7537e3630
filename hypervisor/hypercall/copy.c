// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory by guest virtual address. The hardware translates both stages for the loaded vCPU;
 * the frame found may have left the guest by the time it is touched, so a reference is taken that
 * only a frame of the caller's own domain grants. Frames of others (foreign and grant mappings)
 * take the slow path through the p2m, which gives the reference under its lock. No state; no lock
 * but the p2m's.
 */
#include <core/page.h>
#include <domain/domain.h>
#include <hypercall/copy.h>
#include <lib/errno.h>
#include <lib/string.h>

/*
 * The frame is another domain's, or there is none, or another CPU was in the middle of
 * break-before-make in stage 2 when the walk came by: with the lock held it is not.
 */
static __attribute__((noinline)) struct page *any_page(gva_t gva, bool write, void **va)
{
	struct domain *d = this_cpu()->current->domain;
	struct page *pg;
	gpa_t gpa;
	int rc;

	lock(&d->p2m.lock);
	rc = gva_to_gpa(gva, write, &gpa);
	unlock(&d->p2m.lock);
	if (rc)
		return NULL;
	pg = p2m_get_page(d, gfn_of(gpa), write ? WANT_WRITE : WANT_READ);
	if (pg)
		*va = (char *)page_va(pg) + (gpa & ~PAGE_MASK);
	return pg;
}

static inline struct page *guest_page(gva_t gva, bool write, void **va)
{
	struct page *pg;

	return likely(own_page(this_cpu()->current->domain, gva, write, &pg, va))
		       ? pg
		       : any_page(gva, write, va);
}

static inline size_t in_page(gva_t gva, size_t n)
{
	return min(n, (size_t)(PAGE_SIZE - (gva & ~PAGE_MASK)));
}

#define SMALL 64

/* The sizes of most arguments without a call; false: another size. */
static inline bool copy_small(void *dst, const void *src, size_t n)
{
	if (n == 8) {
		__builtin_memcpy(dst, src, 8);
	} else if (n == 4) {
		__builtin_memcpy(dst, src, 4);
	} else if (n <= SMALL && n % 16 == 0) {
		for (; n; n -= 16, dst = (char *)dst + 16, src = (const char *)src + 16)
			__builtin_memcpy(dst, src, 16);
	} else {
		return false;
	}
	return true;
}

/* Holds the reference, gives it back. */
static __attribute__((noinline)) int copy_large(void *dst, const void *src, size_t n,
						struct page *pg)
{
	memcpy(dst, src, n);
	page_put(pg);
	return 0;
}

static __attribute__((noinline)) int copy_from_pages(void *dst, gva_t src, size_t n)
{
	for (size_t chunk; n; dst = (char *)dst + chunk, src += chunk, n -= chunk) {
		void *va;
		struct page *pg = guest_page(src, false, &va);

		if (unlikely(!pg))
			return -EFAULT;
		chunk = in_page(src, n);
		copy_large(dst, va, chunk, pg);
	}
	return 0;
}

static __attribute__((noinline)) int copy_to_pages(gva_t dst, const void *src, size_t n)
{
	for (size_t chunk; n; src = (const char *)src + chunk, dst += chunk, n -= chunk) {
		void *va;
		struct page *pg = guest_page(dst, true, &va);

		if (unlikely(!pg))
			return -EFAULT;
		chunk = in_page(dst, n);
		copy_large(va, src, chunk, pg);
	}
	return 0;
}

/* Nearly all arguments lie within one page of the caller's own. */
int copy_from_guest(void *dst, gva_t src, size_t n)
{
	struct page *pg;
	void *va;

	if (unlikely((src & ~PAGE_MASK) + n > PAGE_SIZE))
		return copy_from_pages(dst, src, n);
	if (unlikely(!own_page(this_cpu()->current->domain, src, false, &pg, &va)))
		return copy_from_pages(dst, src, n);
	if (unlikely(!copy_small(dst, va, n)))
		return copy_large(dst, va, n, pg);
	page_put(pg);
	return 0;
}

s64 copy32_from_guest(gva_t src)
{
	u32 val;

	return copy_from_guest(&val, src, sizeof(val)) ?: (s64)val;
}

int copy_to_guest(gva_t dst, const void *src, size_t n)
{
	struct page *pg;
	void *va;

	if (unlikely((dst & ~PAGE_MASK) + n > PAGE_SIZE))
		return copy_to_pages(dst, src, n);
	if (unlikely(!own_page(this_cpu()->current->domain, dst, true, &pg, &va)))
		return copy_to_pages(dst, src, n);
	if (unlikely(!copy_small(va, src, n)))
		return copy_large(va, src, n, pg);
	page_put(pg);
	return 0;
}

int clear_guest(gva_t dst, size_t n)
{
	for (size_t chunk; n; dst += chunk, n -= chunk) {
		void *va;
		struct page *pg = guest_page(dst, true, &va);

		if (unlikely(!pg))
			return -EFAULT;
		chunk = in_page(dst, n);
		memset(va, 0, chunk);
		page_put(pg);
	}
	return 0;
}

void *guest_window(gva_t gva, size_t n, struct page **pg)
{
	void *va;

	if (unlikely(gva % 8 || in_page(gva, n) != n))
		return NULL;
	return likely(own_page(this_cpu()->current->domain, gva, true, pg, &va)) ? va : NULL;
}
