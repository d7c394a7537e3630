/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One attempt to change a word of 8, 32 or 64 bits: load_exclusive(p) and, if it is to change,
 * store_exclusive(p, old, new), with `old` as loaded. That is false if somebody else wrote the word
 * in between, and may be without reason. Between the two nothing is done that needs memory. They
 * order as an acquire and a release that no other of them passes.
 */
#ifndef ARM_EXCLUSIVE_H
#define ARM_EXCLUSIVE_H
#include <lib/types.h>

/* One attempt: *old holds what is expected and becomes what was found. May fail without reason. */
#define try_cas(p, old, new) \
	__atomic_compare_exchange_n((p), (old), (new), true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)

static inline u64 load_exclusive64(const u64 *p)
{
	u64 v;
	asm volatile("ldaxr %0, %1" : "=r"(v) : "Q"(*p) : "memory");
	return v;
}
static inline u32 load_exclusive32(const u32 *p)
{
	u32 v;
	asm volatile("ldaxr %w0, %1" : "=r"(v) : "Q"(*p) : "memory");
	return v;
}
static inline u8 load_exclusive8(const u8 *p)
{
	u32 v;
	asm volatile("ldaxrb %w0, %1" : "=r"(v) : "Q"(*p) : "memory");
	return (u8)v;
}
static inline bool store_exclusive64(u64 *p, u64 new)
{
	u32 failed;

	asm volatile("stlxr %w0, %2, %1" : "=&r"(failed), "+Q"(*p) : "r"(new) : "memory");
	return !failed;
}
static inline bool store_exclusive32(u32 *p, u32 new)
{
	u32 failed;

	asm volatile("stlxr %w0, %w2, %1" : "=&r"(failed), "+Q"(*p) : "r"(new) : "memory");
	return !failed;
}
static inline bool store_exclusive8(u8 *p, u8 new)
{
	u32 failed;

	asm volatile("stlxrb %w0, %w2, %1" : "=&r"(failed), "+Q"(*p) : "r"(new) : "memory");
	return !failed;
}
/* clang-format off */
#define load_exclusive(p) _Generic((p), \
	u64 *: load_exclusive64, u32 *: load_exclusive32, u8 *: load_exclusive8)(p)
#define store_exclusive(p, old, new) _Generic((p), \
	u64 *: store_exclusive64, u32 *: store_exclusive32, u8 *: store_exclusive8)((p), (new))
/* clang-format on */
#endif
