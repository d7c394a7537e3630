// SPDX-License-Identifier: GPL-2.0-only
/*
 * READ_ONCE and WRITE_ONCE are volatile accesses, which say that another CPU may be there; the
 * compiler reports those apart from others (tsan-distinguish-volatile) to functions that the
 * library does not have. All the rest must be ordered by locks and atomics.
 */
#define MARKED(n) \
	void __tsan_volatile_read##n(void *p); \
	void __tsan_volatile_read##n(void *p) \
	{ \
	} \
	void __tsan_volatile_write##n(void *p); \
	void __tsan_volatile_write##n(void *p) \
	{ \
	}
/* clang-format off */
MARKED(1)
MARKED(2)
MARKED(4)
MARKED(8)
/* clang-format on */

/*
 * The holder of a lock reads its own ticket plainly, while others take theirs with one access to
 * both halves: an atomic load would cost an instruction in each unlock(). What is in guests' pages
 * is theirs to race for: grant copies meet there.
 */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race:^lock$\nrace:^unlock$\nrace:^copy_bytes$\n";
}
