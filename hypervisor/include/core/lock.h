/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fair spinlocks. A lock has a rank, and a CPU takes locks in rising rank only (checked when
 * CONFIG_DEBUG is set). Interrupts are masked in all of EL2, so there is no irqsave; no lock is
 * ever held on return to a guest.
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H
#include <arm/sysreg.h>
#include <lib/types.h>

/* Order of taking: small first. Two locks of one rank: lower address first (lock_two). */
enum lock_rank {
	RANK_CONTROL = 1,
	RANK_DOMAIN,
	RANK_GRANT,
	RANK_MAPTRACK,
	RANK_P2M,
	RANK_EVTCHN,
	RANK_EVTCHN_QUEUE,
	RANK_IRQ,
	RANK_VUART,
	RANK_VGIC,
	RANK_SCHED,
	RANK_TIMER,
	RANK_DOMLIST,
	RANK_SLAB,
	RANK_HEAP,
	RANK_CONSOLE
};

struct lock {
	union {
		struct {
			u16 owner, next;
		}; /* tickets */
		/* next above owner: one access takes a ticket and tells whether it is its turn */
		u32 both;
	};
	u8 rank;
	u8 cpu; /* debug: who holds it */
};

#define LOCK_INIT(r) \
	{ \
		.rank = (r) \
	}
static inline void lock_init(struct lock *l, enum lock_rank rank)
{
	*l = (struct lock)LOCK_INIT((u8)rank);
}

void lock_acquired(struct lock *l); /* debug builds only */
void lock_releasing(struct lock *l);

/* Waiting is no call: around one, its callers would store registers even if nobody waits. */
static inline void lock(struct lock *l)
{
	u32 was = __atomic_fetch_add(&l->both, 1U << 16, __ATOMIC_ACQUIRE);

	if (unlikely(was ^ (was << 16 | was >> 16))) /* the halves differ */
		while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != (u16)(was >> 16))
			cpu_relax();
#ifdef CONFIG_DEBUG
	lock_acquired(l);
#endif
}
static inline void unlock(struct lock *l)
{
#ifdef CONFIG_DEBUG
	lock_releasing(l);
#endif
	__atomic_store_n(&l->owner, (u16)(l->owner + 1), __ATOMIC_RELEASE);
}
bool try_lock(struct lock *l) __must_check;
/* Two locks of one rank, which may be the same one. */
void lock_two(struct lock *a, struct lock *b);
void unlock_two(struct lock *a, struct lock *b);
#endif
