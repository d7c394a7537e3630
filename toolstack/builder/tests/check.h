/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BUILDER_TESTS_CHECK_H
#define BUILDER_TESTS_CHECK_H

#include <stdio.h>

/* A failed CHECK is told once per test, with its place; the test goes on. */
extern int check_failures;

#define CHECK(cond) \
	do { \
		if (!(cond) && !check_failed++) \
			printf("FAIL %s: %s:%d: %s\n", check_name, __FILE__, __LINE__, #cond); \
	} while (0)

static const char *check_name;
static int check_failed;

#define RUN(test) \
	do { \
		check_name = #test; \
		check_failed = 0; \
		test(); \
		if (check_failed) \
			check_failures++; \
		else \
			printf("PASS %s\n", check_name); \
	} while (0)

#endif
