// SPDX-License-Identifier: GPL-2.0-only
/* memcpy, memmove and memset of lib/string.c at every alignment, against loops of bytes; what is around the destination stays as it was. */
#define memcpy real_memcpy
#define memmove real_memmove
#define memset real_memset
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

int main(void)
{
	static const struct test tests[] = { { "copies", test_copies }, { "moves", test_moves }, { "sets", test_sets } };

	return run_tests("string", tests, 3);
}
