// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/string.c: copies at every alignment against loops of bytes, with what is around the
 * destination as it was; comparisons, searches, numbers.
 */
#define memcpy real_memcpy
#define memmove real_memmove
#define memset real_memset
#define memcmp real_memcmp
#define memchr real_memchr
#define strnlen real_strnlen
#define strlen real_strlen
#define strncmp real_strncmp
#define strcmp real_strcmp
#define strchr real_strchr
#define strrchr real_strrchr
#define strscpy real_strscpy
#define strtoul real_strtoul
#include "../../hypervisor/lib/string.c"
#include "harness.h"

#define SIZE 600

static u8 from[SIZE], to[SIZE], want[SIZE];

static void fill(u8 *p)
{
	for (unsigned i = 0; i < SIZE; i++)
		p[i] = (u8)host_random();
}

static bool same(void)
{
	for (unsigned i = 0; i < SIZE; i++)
		if (to[i] != want[i])
			return false;
	return true;
}

static void test_copies(void)
{
	fill(from);
	for (unsigned n = 0; n < 300; n++)
		for (unsigned at = 0; at < 64; at++) {
			unsigned s = 16 + at % 8, d = 16 + at / 8;

			for (unsigned i = 0; i < SIZE; i++)
				to[i] = want[i] = (u8)(i * 7);
			for (unsigned i = 0; i < n; i++)
				want[d + i] = from[s + i];
			CHECK(real_memcpy(to + d, from + s, n) == to + d && same());
		}
}

static void test_moves(void)
{
	for (unsigned turn = 0; turn < 20000; turn++) {
		unsigned n = host_random() % 300, s = host_random() % 300, d = host_random() % 300;

		fill(to);
		for (unsigned i = 0; i < SIZE; i++)
			want[i] = from[i] = to[i];
		for (unsigned i = 0; i < n; i++)
			want[d + i] = from[s + i];
		CHECK(real_memmove(to + d, to + s, n) == to + d && same());
	}
}

static void test_sets(void)
{
	for (unsigned n = 0; n < 300; n++)
		for (unsigned d = 16; d < 24; d++) {
			for (unsigned i = 0; i < SIZE; i++)
				to[i] = want[i] = (u8)(i * 7);
			for (unsigned i = 0; i < n; i++)
				want[d + i] = (u8)n;
			CHECK(real_memset(to + d, (int)n, n) == to + d && same());
		}
}

/* What it does not say: where the difference is, and which sign; and never a byte beyond it. */
static void test_compares(void)
{
	for (unsigned turn = 0; turn < 20000; turn++) {
		unsigned n = host_random() % 40, a = host_random() % 8, b = host_random() % 8,
			 at = host_random() % 48;

		fill(from);
		for (unsigned i = 0; i < SIZE; i++)
			from[i] |= 1;
		for (unsigned i = 0; i < 48; i++)
			to[b + i] = from[a + i];
		to[b + at] = (u8)(from[a + at] + 128);
		if (at < n) {
			bool less = from[a + at] < to[b + at];

			CHECK((real_memcmp(from + a, to + b, n) < 0) == less &&
			      (real_memcmp(to + b, from + a, n) < 0) == !less);
			CHECK((real_strncmp((char *)from + a, (char *)to + b, n) < 0) == less &&
			      real_strncmp((char *)from + a, (char *)to + b, n));
		} else {
			CHECK(!real_memcmp(from + a, to + b, n) &&
			      !real_strncmp((char *)from + a, (char *)to + b, n));
		}
	}
	CHECK(!real_strncmp("ab\0x", "ab\0y", 4) && real_strncmp("ab", "abc", 3) < 0 &&
	      real_strncmp("abc", "ab", 3) > 0);
	CHECK(!real_strcmp("", "") && real_strcmp("\xff", "a") > 0 && real_strcmp("a", "b") < 0 &&
	      !real_strcmp("same", "same"));
}

static void test_searches(void)
{
	static const char text[] = "a/bc//d";

	for (unsigned n = 0; n < 100; n++) {
		for (unsigned i = 0; i < SIZE; i++)
			from[i] = (u8)(i < n ? 'x' : i == n ? 0 : 'y');
		CHECK(real_strlen((char *)from) == n &&
		      real_strnlen((char *)from, n / 2) == n / 2 &&
		      real_strnlen((char *)from, n + 7) == n);
		CHECK(real_memchr(from, 0, n + 1) == from + n && !real_memchr(from, 0, n) &&
		      !real_memchr(from, 'y', n + 1));
		CHECK(real_memchr(from, 0x100 | 'y', SIZE) == from + n + 1);
		CHECK(real_strchr((char *)from, 0) == (char *)from + n &&
		      !real_strchr((char *)from, 'y') && !real_strrchr((char *)from, 'y'));
		CHECK(!n || (real_strchr((char *)from, 'x') == (char *)from &&
			     real_strrchr((char *)from, 'x') == (char *)from + n - 1));
	}
	CHECK(real_strchr(text, '/') == text + 1 && real_strrchr(text, '/') == text + 5 &&
	      real_strrchr(text, 0) == text + 7);
	/* Copies end with 0 and say nothing of what was there. */
	for (unsigned size = 1; size < 20; size++) {
		fill(to);
		for (unsigned i = 0; i < SIZE; i++)
			want[i] = i >= size ? to[i] : i < min(7U, size - 1) ? (u8)text[i] : 0;
		real_strscpy((char *)to, text, size);
		CHECK(same());
	}
}

static void test_numbers(void)
{
	static const struct {
		const char *s;
		unsigned base;
		u64 val;
		unsigned used;
	} numbers[] = {
		{ "0", 0, 0, 1 },
		{ "42x", 0, 42, 2 },
		{ "0x2a", 0, 42, 4 },
		{ "0X2A,", 16, 42, 4 },
		{ "2a", 16, 42, 2 },
		{ "0x", 0, 0, 1 },
		{ "0xg", 16, 0, 1 },
		{ "010", 0, 10, 3 },
		{ "19", 8, 1, 1 },
		{ "", 10, 0, 0 },
		{ "-1", 10, 0, 0 },
		{ " 1", 10, 0, 0 },
		{ "g", 16, 0, 0 },
		{ "Zz", 36, 1295, 2 },
		{ "18446744073709551615", 10, ~0UL, 20 },
		{ "0xffffffffffffffff", 0, ~0UL, 18 },
		{ "18446744073709551616", 10, ~0UL, 20 },
		{ "99999999999999999999999999x", 10, ~0UL, 26 },
		{ "0x10000000000000000", 0, ~0UL, 19 },
		{ "0x1000000000000000000", 0, ~0UL, 21 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
		const char *end;

		CHECK_EQ(real_strtoul(numbers[i].s, &end, numbers[i].base), numbers[i].val);
		CHECK_EQ(end - numbers[i].s, numbers[i].used);
		CHECK_EQ(real_strtoul(numbers[i].s, NULL, numbers[i].base), numbers[i].val);
	}
}

int main(void)
{
	static const struct test tests[] = {
		{ "copies", test_copies },     { "moves", test_moves },
		{ "sets", test_sets },	       { "compares", test_compares },
		{ "searches", test_searches }, { "numbers", test_numbers },
	};

	return run_tests("string", tests, ARRAY_SIZE(tests));
}
