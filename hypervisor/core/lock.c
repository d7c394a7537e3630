// SPDX-License-Identifier: GPL-2.0-only
/* Spinlocks: attempts, pairs, and the rank check of debug builds. */
#include <core/console.h>
#include <core/cpu.h>
#include <core/lock.h>

bool try_lock(struct lock *l)
{
	u16 owner = __atomic_load_n(&l->owner, __ATOMIC_RELAXED);
	u16 expected = owner;

	if (!__atomic_compare_exchange_n(&l->next, &expected, (u16)(owner + 1), false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
#ifdef CONFIG_DEBUG
	lock_acquired(l);
#endif
	return true;
}

void lock_two(struct lock *a, struct lock *b)
{
	if (a == b) {
		lock(a);
		return;
	}
	lock(a < b ? a : b);
	lock(a < b ? b : a);
}

void unlock_two(struct lock *a, struct lock *b)
{
	unlock(a < b ? b : a);
	if (a != b)
		unlock(a < b ? a : b);
}

#ifdef CONFIG_DEBUG
void lock_acquired(struct lock *l)
{
	struct cpu *c = this_cpu();
	unsigned top = c->lock_depth ? c->lock_rank[c->lock_depth - 1] : 0;

	if (c->lock_depth == ARRAY_SIZE(c->lock_rank) || l->rank < top || !l->rank)
		panic("lock order: rank %u taken while holding rank %u (depth %u)", l->rank, top,
		      c->lock_depth);
	c->lock_rank[c->lock_depth++] = l->rank;
	l->cpu = (u8)c->id;
}

void lock_releasing(struct lock *l)
{
	struct cpu *c = this_cpu();
	unsigned i = c->lock_depth;

	/* Usually the last one taken, not always. */
	while (i && c->lock_rank[i - 1] != l->rank)
		i--;
	if (!i)
		panic("lock of rank %u released, not held", l->rank);
	for (; i < c->lock_depth; i++)
		c->lock_rank[i - 1] = c->lock_rank[i];
	c->lock_depth--;
}
#endif
