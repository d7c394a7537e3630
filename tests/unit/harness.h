/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a test gets from the host. No type of libc appears here, so that tests compile like the
 * hypervisor itself: with Xen's headers as on arm64.
 */
#ifndef HARNESS_H
#define HARNESS_H

/* Failed checks are counted and named; the test goes on. */
void check_at(int ok, const char *file, int line, const char *what);
#define CHECK(c) check_at(!!(c), __FILE__, __LINE__, #c)
#define CHECK_EQ(a, b) \
	do { \
		long _x = (long)(a), _y = (long)(b); \
		check_eq_at(_x == _y, __FILE__, __LINE__, #a " == " #b, _x, _y); \
	} while (0)
void check_eq_at(int ok, const char *file, int line, const char *what, long a, long b);

struct test {
	const char *name;
	void (*fn)(void);
};
/* Runs them, prints PASS and FAIL lines; the process's exit status. */
int run_tests(const char *suite, const struct test *tests, unsigned nr);

void *host_pages(unsigned long nr); /* zeroed, aligned to 1 GiB's worth at most */
/* same sequence in every run of a thread, unless SEED is set */
unsigned host_random(void);
void host_seed(unsigned seed);
/* host_random() takes it from there as long as it lasts */
void host_feed(const unsigned char *data, unsigned long n);
unsigned long host_fed(void); /* how much is left */
unsigned host_failures(void); /* failed checks so far, of this test */
/* a seed for libFuzzer: the kind's byte, then the data */
void host_write(const char *dir, unsigned kind, const void *data, unsigned long n);
__attribute__((noreturn, format(printf, 1, 2))) void host_panic(const char *fmt, ...);
/* rounds of a random loop: n, times EFFORT of the environment */
unsigned host_effort(unsigned n);
void host_say(const char *fmt, __builtin_va_list ap); /* to the test's output */
/* that many threads, until all end */
void host_run(unsigned nr, void (*fn)(unsigned thread));
__attribute__((noreturn)) void host_exit(void); /* this thread */
unsigned host_seconds(void);			/* of real time, since the first call */
void host_yield(void);				/* a CPU spins */
/* a CPU waits for an interrupt; a test with interrupts has its own of both */
void host_wait(void);
/*
 * Several flows of control in one thread: number n begins with fn(n) when it is first switched to.
 * 0 is the caller of host_fibers().
 */
void host_fibers(unsigned nr, void (*fn)(unsigned n));
void host_switch(unsigned from, unsigned to);
#endif
