/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the benchmark payload share: rows, markers, the phases. */
#ifndef BENCH_H
#define BENCH_H

#include "domu.h"

enum row {
#define ROW(id, name, n) ROW_##id,
#include "rows.h"
#undef ROW
	NR_ROWS
};

enum samples {
#define ROW(id, name, n) N_##id = n,
#include "rows.h"
#undef ROW
};

/* A no-op that the counting plugin sees; see plugin/count.c. */
#define MARK(n) asm volatile("movz xzr, #%0" ::"i"(n) : "memory")
#define BEGIN(id) MARK(2 * ROW_##id)
#define END(id) MARK(2 * ROW_##id + 1)
#define MEASURE(id, stmt) \
	for (int _i = 0; _i < N_##id; _i++) { \
		BEGIN(id); \
		stmt; \
		END(id); \
	}

enum role { ROLE_ECHO, ROLE_YIELD, ROLE_MEMORY };

#define GRANTS 64 /* pages a DomU offers to Dom0 */
#define FIRST_REF 8

void bench_cpu(void);	  /* one CPU, any platform */
void bench_smp(void);	  /* two CPUs, any platform */
void bench_events(void);  /* event channels within the domain */
void bench_memory(void);  /* populate, decrease, physmap */
void bench_domains(void); /* Dom0: with a DomU */

void bench_latency(void); /* Dom0: how long interrupts wait */

void bench_scale(void); /* Dom0: costs against numbers and sizes */
void bench_sizes(void); /* Dom0: domains of 4 MiB to 4 GiB come and go */

void settle(void); /* let every other CPU fall asleep */
void nap(u64 us);  /* sleep oneself */

#endif
