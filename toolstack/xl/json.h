/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XL_JSON_H
#define XL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Writes JSON in stock xl's layout.  Zero but for @out to start with; brackets are the caller's. */
struct json {
	FILE *out;
	int indent;
	bool more; /* something stands before, so a comma is due */
};

void json_string(FILE *out, const char *s); /* quoted and escaped */
/* @key NULL = an element of a list. */
void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_str(struct json *j, const char *key, const char *value); /* NULL value: left out */
void json_num(struct json *j, const char *key, uint64_t value);

#endif
