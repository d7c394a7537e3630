// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer's entry. What a test draws by host_random() comes from the input while there is any, so
 * the input is the sequence of what happens.
 */
#include "harness.h"
#include <stdint.h>
#include <stdlib.h>

void fuzz_one(const unsigned char *data, unsigned long n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	host_feed(data, n);
	fuzz_one(data, n);
	host_feed(data, 0);
	if (host_failures())
		abort();
	return 0;
}
