/* SPDX-License-Identifier: GPL-2.0-only */
/* The one way between hypercall arguments (guest virtual addresses of the calling, loaded vCPU) and hypervisor memory. */
#ifndef HYPERCALL_COPY_H
#define HYPERCALL_COPY_H
#include <lib/types.h>

struct page;

/* 0 or -EFAULT; any length, page by page, each page translated, referenced, copied, released. Nothing is said of dst after an error. */
int copy_from_guest(void *dst, gva_t src, size_t n) __must_check;
int copy_to_guest(gva_t dst, const void *src, size_t n) __must_check;
int clear_guest(gva_t dst, size_t n) __must_check;
/*
 * Direct view of n bytes at gva (8-byte aligned, within one page) that the caller's own domain may write; NULL if it is none of that, or not its own frame: then copy.
 * The frame cannot leave the domain until page_put(*pg). Whatever is read there may change at any time: read once.
 */
void *guest_window(gva_t gva, size_t n, struct page **pg) __must_check;
/* The guest address in a XEN_GUEST_HANDLE, plus an index of elements. */
#define handle_gva(h) ((gva_t)(h).q)
#define handle_at(h, i) (handle_gva(h) + (u64)(i) * sizeof(*(h).p))
#endif
