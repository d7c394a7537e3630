/* SPDX-License-Identifier: GPL-2.0-only */
/* The one way between hypercall arguments (guest virtual addresses of the calling, loaded vCPU) and hypervisor memory. */
#ifndef HYPERCALL_COPY_H
#define HYPERCALL_COPY_H
#include <lib/types.h>

/* 0 or -EFAULT; any length, page by page, each page translated, referenced, copied, released. Nothing is said of dst after an error. */
int copy_from_guest(void *dst, gva_t src, size_t n) __must_check;
int copy_to_guest(gva_t dst, const void *src, size_t n) __must_check;
int clear_guest(gva_t dst, size_t n) __must_check;
/* The guest address in a XEN_GUEST_HANDLE, plus an index of elements. */
#define handle_gva(h) ((gva_t)(h).q)
#endif
