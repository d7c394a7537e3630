/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BUILDER_ABI_H
#define BUILDER_ABI_H

/*
 * The guest's memory map, from Xen's public headers: its numbers only, so that the pure code can
 * be compiled for a host of another architecture, too (tests, fuzzers).
 */
#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1
#endif
#ifdef __aarch64__
#include <stdint.h>
#include <xen/xen.h>
#else
#define __ASSEMBLY__
#define xen_mk_ullong(x) x##ULL
#include <xen/arch-arm.h>
#undef __ASSEMBLY__
#endif

#endif
