/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scalar types. Addresses are 64 bits wide everywhere; frame numbers are opaque so that a guest's
 * cannot pass for the machine's.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One image: what is declared anywhere is in it, and is reached without a table of addresses. */
#ifndef __HOST_TEST__
#pragma GCC visibility push(hidden)
#endif

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef u64 paddr_t; /* machine physical address, bytes */
typedef u64 gpa_t;   /* guest physical address (IPA), bytes */
typedef u64 gva_t;   /* guest virtual address, bytes */
typedef struct {
	u64 n;
} mfn_t; /* machine frame number, 4 KiB */
typedef struct {
	u64 n;
} gfn_t; /* guest frame number, 4 KiB */

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define MFN(x) ((mfn_t){ (x) })
#define GFN(x) ((gfn_t){ (x) })
#define INVALID_MFN MFN(~0UL)
#define INVALID_GFN GFN(~0UL)

static inline mfn_t mfn_of(paddr_t pa)
{
	return MFN(pa >> PAGE_SHIFT);
}
static inline gfn_t gfn_of(gpa_t gpa)
{
	return GFN(gpa >> PAGE_SHIFT);
}
static inline paddr_t mfn_addr(mfn_t m)
{
	return m.n << PAGE_SHIFT;
}
static inline gpa_t gfn_addr(gfn_t g)
{
	return g.n << PAGE_SHIFT;
}

#define KIB(x) ((u64)(x) << 10)
#define MIB(x) ((u64)(x) << 20)
#define GIB(x) ((u64)(x) << 30)

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define __must_check __attribute__((warn_unused_result))
#define __noreturn __attribute__((noreturn))
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __unused __attribute__((unused))
#define __printf(a, b) __attribute__((format(printf, a, b)))

#ifdef __HOST_TEST__
#define __init
#define __initdata
#define __initbss
#define __initconst
#else
/* Code and data used before Dom0 starts only; freed to the heap then. */
#define __init __attribute__((section(".init.text"), noinline))
#define __initdata __attribute__((section(".init.data")))
/* zero at the start, not in the image file */
#define __initbss __attribute__((section(".bss.init")))
#define __initconst __attribute__((section(".init.rodata")))
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define ROUND_UP(n, a) (((n) + (a)-1) & ~((__typeof__(n))(a)-1)) /* a: power of two */
#define ROUND_DOWN(n, a) ((n) & ~((__typeof__(n))(a)-1))
#define IS_ALIGNED(n, a) (((n) & ((a)-1)) == 0)
#define min(a, b) MINMAX(a, b, <, __COUNTER__)
#define max(a, b) MINMAX(a, b, >, __COUNTER__)
#define MINMAX(a, b, op, n) MINMAX_(a, b, op, n) /* unique names, so that they nest */
#define MINMAX_(a, b, op, n) \
	({ \
		__typeof__(a) a_##n = (a); \
		__typeof__(b) b_##n = (b); \
		a_##n op b_##n ? a_##n : b_##n; \
	})
#define container_of(p, t, m) ((t *)((char *)(p)-offsetof(t, m)))
#define BIT(n) (1UL << (n))
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
/*
 * A pointer that others write (with __ATOMIC_RELEASE): what is reached through it afterwards is at
 * least as new. The address depends on it, which orders on the machine; C says that with more only.
 */
#ifdef __HOST_TEST__
#define READ_POINTER(x) __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#else
#define READ_POINTER(x) READ_ONCE(x)
#endif

#endif
