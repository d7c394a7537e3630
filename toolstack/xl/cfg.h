/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XL_CFG_H
#define XL_CFG_H

#include <stddef.h>
#include <stdio.h>

#include "builder/err.h"

#define CFG_MAX_BYTES (1u << 20)
#define CFG_MAX_VALUES 4096
#define CFG_MAX_DEPTH 4

/* Lines and columns count from 1; column 0 = the value came from the command line. */
struct cfg_value {
	enum { CFG_STRING, CFG_NUMBER, CFG_LIST } kind;
	int line, col;
	char *text;		 /* strings without quotes, numbers as written */
	struct cfg_value *items; /* of a list */
	size_t nr;
};

struct cfg_entry {
	char *key;
	int line, col;
	struct cfg_value value;
};

struct cfg {
	const char *name; /* for messages; borrowed */
	struct cfg_entry *entries;
	size_t nr, values;
};

/*
 * Parses `key = value` lines and adds them to @cfg (zero it first); a later key replaces an
 * earlier one, `key += value` appends.  @first_line numbers the first line, 0 = command line,
 * where a bare word is taken as a string.  Returns 0 or -EINVAL / -ENOMEM with a sentence;
 * cfg_free() either way.
 */
int cfg_parse(struct cfg *cfg, const char *text, size_t len, int first_line, struct err *e);
void cfg_free(struct cfg *cfg);
/* "file:line:col", or "command line". */
void cfg_where(const struct cfg *cfg, int line, int col, char *buf, size_t size);

#endif
