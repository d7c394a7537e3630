// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_config.c - libFuzzer target: a hostile xl.cfg, also as a command-line override. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xl/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *null;
	char *text = malloc(size + 1), *args[1] = { text };
	struct config c;
	struct err e;

	if (!null)
		null = fopen("/dev/null", "w");
	memcpy(text, data, size);
	text[size] = '\0';
	if (!config_parse(&c, "f", text, size, NULL, 0, NULL, &e))
		json_print(null, config_json(&c, true));
	config_free(&c);
	config_parse(&c, "f", "name='g'\nkernel='/k'\n", 21, args, 1, NULL, &e);
	config_free(&c);
	free(text);
	return 0;
}
