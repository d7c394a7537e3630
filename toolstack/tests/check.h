/* SPDX-License-Identifier: GPL-2.0-only */
/* A test program: functions with CHECKs, each run by RUN() and told as PASS or FAIL. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdio.h>

static int check_failed;   /* CHECKs of the test that runs */
static int check_failures; /* tests */

/* A failed CHECK is told with its place; the test goes on. */
#define CHECK(cond) \
	do { \
		if (!(cond) && check_failed++ < 10) \
			printf("  %s:%d: %s\n", __FILE__, __LINE__, #cond); \
	} while (0)

static inline void check_run(const char *name, void (*test)(void))
{
	check_failed = 0;
	test();
	printf("%s %s\n", check_failed ? "FAIL" : "PASS", name);
	check_failures += check_failed != 0;
}
#define RUN(test) check_run(#test, test)

#endif
