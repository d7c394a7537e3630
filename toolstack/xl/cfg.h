/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XL_CFG_H
#define XL_CFG_H

#include <stdbool.h>
#include <stddef.h>

#include "builder/err.h"

#define CFG_MAX_BYTES (1u << 20)
#define CFG_MAX_NODES 4096
#define CFG_MAX_DEPTH 4

/* Lines and columns count from 1; line 0 = the command line. */
struct cfg_node {
	char *text; /* a value as it was written, without quotes; NULL = a list, of what follows */
	int line, col;
	struct cfg_node *first, *last, *next;
};

struct cfg {
	const char *name;	  /* for messages; borrowed */
	struct cfg_node settings; /* a list: of each the key, with its value as the first below */
	struct cfg_node *nodes;
	size_t nr;
};

/*
 * Parses `key = value` lines and adds them to @cfg (zero but for its name at first); a later key
 * replaces an earlier one, `key += value` appends.  On a @command_line a bare word is taken as a
 * string.  Returns 0 or -EINVAL with a sentence; cfg_free() either way.
 */
int cfg_parse(struct cfg *cfg, const char *text, size_t len, bool command_line, struct err *e);
void cfg_free(struct cfg *cfg);
/* "file:line:col", or "command line"; valid until the next call. */
const char *cfg_where(const struct cfg *cfg, int line, int col);

/* What scanner and parser share. */
struct cfg_parser {
	struct cfg *cfg;
	struct cfg_place {
		const char *at;
		int line, col;
	} here; /* behind the last token */
	const char *end;
	int depth; /* of lists that are open */
	struct err *e;
};
/* "file:line:col: config parsing error near `text': what"; returns the token that ends parsing. */
int cfg_complain(struct cfg_parser *ps, const struct cfg_place *place, const char *what);
/* A new node at @place that owns @text; NULL with a sentence if there are too many. */
struct cfg_node *cfg_node(struct cfg_parser *ps, const struct cfg_place *place, char *text);
int cfg_scan(struct cfg_parser *ps, const char *text, size_t len); /* all of it, by the parser */

#endif
