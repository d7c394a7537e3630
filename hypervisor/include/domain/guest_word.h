/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Atomic changes of words that a guest can write at the same time. A guest that keeps writing could make such a loop last for ever: they give up
 * after GUEST_TRIES, the caller then lets that guest lose what the change was for. All are sequentially consistent.
 */
#ifndef DOMAIN_GUEST_WORD_H
#define DOMAIN_GUEST_WORD_H
#include <lib/types.h>

#define GUEST_TRIES 64

/* One try: *old holds what is expected and becomes what was found. May fail without reason. */
#define guest_cas(p, old, new) __atomic_compare_exchange_n((p), (old), (new), true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)

/* Sets or clears one bit: its old value, or -1: gave up. The first try is nearly always the last. */
static inline int guest_test_set(u64 *w, u64 bit)
{
	u64 old = READ_ONCE(*w);
	unsigned tries = 0;

	while (unlikely(!guest_cas(w, &old, old | bit)))
		if (++tries == GUEST_TRIES)
			return -1;
	return (old & bit) != 0;
}

static inline int guest_test_clear(u64 *w, u64 bit)
{
	u64 old = READ_ONCE(*w);
	unsigned tries = 0;

	while (unlikely(!guest_cas(w, &old, old & ~bit)))
		if (++tries == GUEST_TRIES)
			return -1;
	return (old & bit) != 0;
}

/* The same for bits of a 32-bit word; *old: what it was before. false: gave up. */
static inline bool guest_set32(u32 *w, u32 bits, u32 *old)
{
	*old = READ_ONCE(*w);
	for (unsigned i = 0; i < GUEST_TRIES; i++)
		if (likely(guest_cas(w, old, *old | bits)))
			return true;
	return false;
}

static inline bool guest_clear32(u32 *w, u32 bits, u32 *old)
{
	*old = READ_ONCE(*w);
	for (unsigned i = 0; i < GUEST_TRIES; i++)
		if (likely(guest_cas(w, old, *old & ~bits)))
			return true;
	return false;
}
#endif
