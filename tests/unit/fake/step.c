// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the compiler calls under -fsanitize=thread, without its library: each access to memory of
 * the code so compiled is a point where the test may let another CPU go on. So one thread plays all
 * interleavings of several CPUs, in an order that a seed repeats.
 */
#include <arm/cpu.h>
#include "../harness.h"
#include "step.h"

static unsigned on_fiber, fuse;

__attribute__((weak)) void step_seen(const void *p, unsigned long n)
{
}

void step_pause(void)
{
	struct cpu *c = fake_cpu;
	unsigned me = on_fiber;

	on_fiber = 0;
	host_switch(me, 0);
	fake_cpu = c;
}

void host_yield(void)
{
	step_pause();
}

void step(const void *p, unsigned long n)
{
	step_seen(p, n);
	if (on_fiber && fuse && !--fuse)
		step_pause();
}

void step_run(unsigned n, unsigned accesses)
{
	fuse = accesses;
	on_fiber = n;
	host_switch(0, n);
}

void __tsan_init(void);
void __tsan_init(void)
{
}
void __tsan_func_entry(void *pc);
void __tsan_func_entry(void *pc)
{
}
void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}
void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
	step(NULL, 0);
}

#define PLAIN(n) \
	void __tsan_read##n(void *p); \
	void __tsan_read##n(void *p) \
	{ \
		step(p, n); \
	} \
	void __tsan_write##n(void *p); \
	void __tsan_write##n(void *p) \
	{ \
		step(p, n); \
	} \
	void __tsan_unaligned_read##n(void *p); \
	void __tsan_unaligned_read##n(void *p) \
	{ \
		step(p, n); \
	} \
	void __tsan_unaligned_write##n(void *p); \
	void __tsan_unaligned_write##n(void *p) \
	{ \
		step(p, n); \
	}
PLAIN(1) PLAIN(2) PLAIN(4) PLAIN(8) PLAIN(16) void __tsan_read_range(void *p, unsigned long n);
void __tsan_read_range(void *p, unsigned long n)
{
	step(p, n);
}
void __tsan_write_range(void *p, unsigned long n);
void __tsan_write_range(void *p, unsigned long n)
{
	step(p, n);
}

#define RMW(bits, t, op) \
	t __tsan_atomic##bits##_##op(t *p, t v, int order); \
	t __tsan_atomic##bits##_##op(t *p, t v, int order) \
	{ \
		step(p, bits / 8); \
		return __atomic_##op(p, v, __ATOMIC_SEQ_CST); \
	}
#define CMPXCHG(bits, t, kind) \
	bool __tsan_atomic##bits##_compare_exchange_##kind(t *p, t *old, t v, int order, \
							   int fail); \
	bool __tsan_atomic##bits##_compare_exchange_##kind(t *p, t *old, t v, int order, int fail) \
	{ \
		step(p, bits / 8); \
		return __atomic_compare_exchange_n(p, old, v, false, __ATOMIC_SEQ_CST, \
						   __ATOMIC_SEQ_CST); \
	}
#define ATOMIC(bits, t) \
	t __tsan_atomic##bits##_load(t *p, int order); \
	t __tsan_atomic##bits##_load(t *p, int order) \
	{ \
		step(p, bits / 8); \
		return *(volatile t *)p; \
	} \
	void __tsan_atomic##bits##_store(t *p, t v, int order); \
	void __tsan_atomic##bits##_store(t *p, t v, int order) \
	{ \
		step(p, bits / 8); \
		*(volatile t *)p = v; \
	} \
	t __tsan_atomic##bits##_exchange(t *p, t v, int order); \
	t __tsan_atomic##bits##_exchange(t *p, t v, int order) \
	{ \
		step(p, bits / 8); \
		return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST); \
	} \
	RMW(bits, t, fetch_add) \
	RMW(bits, t, fetch_sub) \
	RMW(bits, t, fetch_or) \
	RMW(bits, t, fetch_and) \
	RMW(bits, t, fetch_xor) \
	CMPXCHG(bits, t, strong) \
	CMPXCHG(bits, t, weak)
/* clang-format off */
ATOMIC(8, u8)
ATOMIC(16, u16)
ATOMIC(32, u32)
ATOMIC(64, u64)
/* clang-format on */
