/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bit operations on arrays of u64. atomic_* are full read-modify-writes other CPUs see at once; the
 * others need a lock.
 */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H
#include <lib/types.h>

#define BITMAP_WORDS(n) DIV_ROUND_UP(n, 64)

static inline bool bit_test(const u64 *m, unsigned n)
{
	return READ_ONCE(m[n / 64]) >> (n % 64) & 1;
}
static inline void bit_set(u64 *m, unsigned n)
{
	m[n / 64] |= BIT(n % 64);
}
static inline void bit_clear(u64 *m, unsigned n)
{
	m[n / 64] &= ~BIT(n % 64);
}
/* Sequentially consistent; return the old bit. */
static inline bool atomic_test_set_bit(u64 *m, unsigned n)
{
	return __atomic_fetch_or(&m[n / 64], BIT(n % 64), __ATOMIC_SEQ_CST) >> (n % 64) & 1;
}
static inline bool atomic_test_clear_bit(u64 *m, unsigned n)
{
	return __atomic_fetch_and(&m[n / 64], ~BIT(n % 64), __ATOMIC_SEQ_CST) >> (n % 64) & 1;
}
/* First set bit at or after from; size if none. */
static inline unsigned bit_find(const u64 *m, unsigned size, unsigned from)
{
	for (unsigned w = from / 64; w < BITMAP_WORDS(size); w++) {
		u64 x = m[w];

		if (w == from / 64)
			x &= ~0UL << (from % 64);
		if (x) {
			unsigned n = w * 64 + (unsigned)__builtin_ctzl(x);

			return n < size ? n : size;
		}
	}
	return size;
}
static inline unsigned log2_floor(u64 x)
{
	return 63 - (unsigned)__builtin_clzl(x);
}
#endif
