// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packed kernels: what zlib packs comes back; a damaged file is refused or comes back all the same,
 * and nothing is touched outside the buffers.
 */
#include <boot/gunzip.h>
#include <lib/string.h>
#include "gzip_vectors.h"
#include "harness.h"

void *malloc(size_t size);
void free(void *p);

/*
 * From copies of just their size, so that ASan sees a step beyond. An output that is promised to be
 * huge is not tried.
 */
static const char *unpack(const u8 *file, size_t n, u8 **out)
{
	const char *error = "not gzip";
	u8 *copy = malloc(n);

	*out = NULL;
	memcpy(copy, file, n);
	if (gzip_is(copy, n) && gzip_size(copy, n) < MIB(1)) {
		*out = malloc(gzip_size(copy, n));
		error = gunzip(copy, n, *out);
	}
	free(copy);
	return error;
}

static void test_round_trip(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *v = &vectors[i];
		u8 *out;

		CHECK(gzip_is(v->packed, v->packed_size));
		CHECK_EQ(gzip_size(v->packed, v->packed_size), v->size);
		CHECK(!unpack(v->packed, v->packed_size, &out));
		CHECK(out && !memcmp(out, v->raw, v->size));
		free(out);
	}
}

static void test_cut_off(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *v = &vectors[i];

		for (size_t n = 0; n < v->packed_size; n += 1 + n / 8) {
			u8 *out;

			CHECK(unpack(v->packed, n, &out) != NULL);
			free(out);
		}
	}
}

static void test_damaged(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *v = &vectors[i];
		u8 *bad = malloc(v->packed_size);

		for (unsigned round = 0; round < 300; round++) {
			size_t at = host_random() % v->packed_size;
			u8 *out;

			memcpy(bad, v->packed, v->packed_size);
			bad[at] ^= (u8)(1 + host_random() % 255);
			/*
			 * What is not data may change (a name in the header, the bits behind the
			 * last code); else the checksum tells.
			 */
			if (!unpack(bad, v->packed_size, &out))
				CHECK(out && !memcmp(out, v->raw, v->size));
			free(out);
		}
		free(bad);
	}
}

int main(void)
{
	static const struct test tests[] = {
		{ "what zlib packs comes back", test_round_trip },
		{ "a file cut off is refused", test_cut_off },
		{ "a damaged file is refused", test_damaged },
	};

	return run_tests("gunzip", tests, ARRAY_SIZE(tests));
}
