/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Atomic changes of words that a guest can write at the same time. A guest that keeps writing could
 * make such a loop last for ever: they give up after GUEST_TRIES, the caller then lets that guest
 * lose what the change was for. All are sequentially consistent.
 */
#ifndef DOMAIN_GUEST_WORD_H
#define DOMAIN_GUEST_WORD_H
#include <arm/exclusive.h>
#include <lib/types.h>

#define GUEST_TRIES 64

/*
 * Makes it `new`, which is made of *old: what it was before. False: gave up. The first try is
 * nearly always the last.
 */
#define GUEST_TRY(w, old, new) (*(old) = load_exclusive(w), store_exclusive((w), *(old), (new)))
#define GUEST_CHANGE(w, old, new) \
	({ \
		bool done = GUEST_TRY(w, old, new); \
		for (unsigned i = 1; unlikely(!done) && i < GUEST_TRIES; i++) \
			done = GUEST_TRY(w, old, new); \
		done; \
	})

static inline bool guest_set32(u32 *w, u32 bits, u32 *old)
{
	return GUEST_CHANGE(w, old, *old | bits);
}
static inline bool guest_clear32(u32 *w, u32 bits, u32 *old)
{
	return GUEST_CHANGE(w, old, *old & ~bits);
}

/* Sets or clears one bit: its old value, or -1: gave up. */
static inline int guest_test_set(u64 *w, u64 bit)
{
	u64 old;

	return likely(GUEST_CHANGE(w, &old, old | bit)) ? (old & bit) != 0 : -1;
}

static inline int guest_test_clear(u64 *w, u64 bit)
{
	u64 old;

	return likely(GUEST_CHANGE(w, &old, old & ~bit)) ? (old & bit) != 0 : -1;
}
#endif
