// SPDX-License-Identifier: GPL-2.0-only
/* The libc side of the unit tests. */
#define _GNU_SOURCE
#include "harness.h"
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

static unsigned failures, shown;
static _Thread_local unsigned long long state = 88172645463325252ULL;

void check_at(int ok, const char *file, int line, const char *what)
{
	if (ok)
		return;
	failures++;
	if (shown++ < 20)
		printf("  %s:%d: %s\n", file, line, what);
}

void check_eq_at(int ok, const char *file, int line, const char *what, long a, long b)
{
	if (ok)
		return;
	failures++;
	if (shown++ < 20)
		printf("  %s:%d: %s: %ld (%#lx), %ld (%#lx)\n", file, line, what, a, a, b, b);
}

int run_tests(const char *suite, const struct test *tests, unsigned nr)
{
	unsigned failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < nr; i++) {
		failures = shown = 0;
		host_seed(i + 1);
		tests[i].fn();
		printf("%s unit/%s: %s\n", failures ? "FAIL" : "PASS", suite, tests[i].name);
		failed += failures != 0;
		if (failed && getenv("FIRST")) /* is enough */
			break;
	}
	return failed ? 1 : 0;
}

void *host_pages(unsigned long nr)
{
	char *p = mmap(NULL, (nr + 512) * 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		host_panic("no memory for %lu pages", nr);
	return (void *)(((unsigned long)p + (2UL << 20) - 1) & ~((2UL << 20) - 1));
}

void host_seed(unsigned seed)
{
	const char *s = getenv("SEED");

	state = 88172645463325252ULL ^
		(seed + (s ? strtoull(s, NULL, 0) : 0)) * 0x9e3779b97f4a7c15ULL;
}

unsigned host_effort(unsigned n)
{
	const char *s = getenv("EFFORT");

	return n * (s ? (unsigned)atoi(s) : 1);
}

static const unsigned char *feed;
static unsigned long feed_left;

void host_feed(const unsigned char *data, unsigned long n)
{
	feed = data;
	feed_left = n;
}

unsigned long host_fed(void)
{
	return feed_left;
}
unsigned host_failures(void)
{
	return failures;
}

void host_write(const char *dir, unsigned kind, const void *data, unsigned long n)
{
	char name[512];
	FILE *f;

	snprintf(name, sizeof(name), "%s/seed%u", dir, kind);
	f = fopen(name, "wb");
	if (!f || fputc((int)kind, f) == EOF || fwrite(data, 1, n, f) != n || fclose(f))
		host_panic("%s: cannot be written", name);
}

unsigned host_random(void)
{
	unsigned v = 0;

	if (feed_left) {
		for (unsigned i = 0; i < 4 && feed_left; i++, feed_left--)
			v |= (unsigned)*feed++ << 8 * i;
		return v;
	}
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 16);
}

void host_panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("  panic: ");
	vprintf(fmt, ap);
	printf("\n");
	fflush(stdout);
	abort();
}

void host_say(const char *fmt, va_list ap)
{
	printf("  ");
	vprintf(fmt, ap);
}

struct start {
	void (*fn)(unsigned);
	unsigned nr;
};

static void *thread_main(void *arg)
{
	struct start *s = arg;

	host_seed(s->nr + 1000);
	s->fn(s->nr);
	return NULL;
}

void host_run(unsigned nr, void (*fn)(unsigned))
{
	pthread_t t[16];
	struct start s[16];

	for (unsigned i = 0; i < nr; i++) {
		s[i] = (struct start){ fn, i };
		if (pthread_create(&t[i], NULL, thread_main, &s[i]))
			host_panic("no thread");
	}
	for (unsigned i = 0; i < nr; i++)
		pthread_join(t[i], NULL);
}

void host_exit(void)
{
	pthread_exit(NULL);
}

unsigned host_seconds(void)
{
	static time_t from;

	if (!from)
		from = time(NULL);
	return (unsigned)(time(NULL) - from);
}

__attribute__((weak)) void host_yield(void)
{
	sched_yield();
}

__attribute__((weak)) void host_wait(void)
{
}

#define FIBERS 16
#define FIBER_STACK (256UL << 10)
static ucontext_t fiber[FIBERS];
static void (*fiber_fn)(unsigned);

static void fiber_main(unsigned n)
{
	fiber_fn(n);
	host_panic("fiber %u has returned", n);
}

void host_fibers(unsigned nr, void (*fn)(unsigned))
{
	static char *stacks;

	if (!stacks)
		stacks = host_pages(FIBERS * FIBER_STACK / 4096);
	fiber_fn = fn;
	for (unsigned n = 1; n < nr && n < FIBERS; n++) {
		getcontext(&fiber[n]);
		fiber[n].uc_stack.ss_sp = stacks + n * FIBER_STACK;
		fiber[n].uc_stack.ss_size = FIBER_STACK;
		makecontext(&fiber[n], (void (*)(void))fiber_main, 1, n);
	}
}

void host_switch(unsigned from, unsigned to)
{
	swapcontext(&fiber[from], &fiber[to]);
}
