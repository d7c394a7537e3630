/* SPDX-License-Identifier: GPL-2.0-only */
/* Attempts to change a shared word on the host, which a test may have lost to somebody else. */
#ifndef ARM_EXCLUSIVE_H
#define ARM_EXCLUSIVE_H
#include <lib/types.h>

bool fake_store_lost(void);

#define try_cas(p, old, new) \
	(fake_store_lost() ? false \
			   : __atomic_compare_exchange_n((p), (old), (new), true, \
							 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
#define load_exclusive(p) __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define store_exclusive(p, old, new) \
	({ \
		__typeof__(*(p)) expected = (old); \
		!fake_store_lost() && \
			__atomic_compare_exchange_n((p), &expected, (new), false, \
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	})
#endif
