/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cfg.y - the grammar of xl.cfg files, and the tree that is made of one.
 *
 * Pure.  Invariant: size, number of nodes and depth are bounded before anything is allocated for
 * them; all nodes are in one array, so that an error at any place has nothing to take back.
 */
%code requires {
#include "xl/cfg.h"
}
%code provides {
int cfg_yylex(struct cfg_parser *ps);
int cfg_yyparse(struct cfg_parser *ps);
}
%{
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YYLLOC_DEFAULT(all, parts, n) ((all) = YYRHSLOC(parts, (n) ? 1 : 0))
%}
%code {
static struct cfg_node *append(struct cfg_node *list, struct cfg_node *item);
static int set(struct cfg_parser *ps, struct cfg_node *key, const struct cfg_place *place,
	       struct cfg_node *value, bool add);
static void cfg_yyerror(struct cfg_parser *ps, const char *what);
}

%define api.prefix {cfg_yy}
%define api.value.type {struct cfg_node *}
%define api.location.type {struct cfg_place}
%define parse.error custom
%define parse.lac full
%locations
%param {struct cfg_parser *ps}
/* In the order in which a message names what is expected. */
%token NAME SET TEXT COMMA END ADD OPEN CLOSE

%%
file:	  line
	| file END line
	;
line:	  %empty
	| NAME SET value	{ if (set(ps, $1, &@3, $3, false)) YYABORT; }
	| NAME ADD value	{ if (set(ps, $1, &@3, $3, true)) YYABORT; }
	| NAME SET		{ if (set(ps, $1, &ps->here, NULL, false)) YYABORT; }
	;
value:	  TEXT
	| OPEN CLOSE
	| items CLOSE
	| items COMMA CLOSE
	;
items:	  OPEN value		{ $$ = append($1, $2); }
	| items COMMA value	{ $$ = append($1, $3); }
	;
%%

const char *cfg_where(const struct cfg *cfg, int line, int col)
{
	static char where[160];

	snprintf(where, sizeof(where), line ? "%s:%d:%d" : "command line", cfg->name, line, col);
	return where;
}

int cfg_complain(struct cfg_parser *ps, const struct cfg_place *place, const char *what)
{
	int n = 0;

	while (n < 23 && place->at + n < ps->end && isprint((unsigned char)place->at[n]))
		n++;
	err_set(ps->e, 0, "%s: config parsing error near `%.*s': %s",
		cfg_where(ps->cfg, place->line, place->col), n, place->at, what);
	return CFG_YYerror;
}

static void cfg_yyerror(struct cfg_parser *ps, const char *what)
{
	cfg_complain(ps, &ps->here, what);
}

static const char expecting_value[] = "expecting a string in quotes, a number or `['";

static int yyreport_syntax_error(const yypcontext_t *at, struct cfg_parser *ps)
{
	static const char *const expecting[YYNTOKENS] = {
		[YYSYMBOL_NAME] = "expecting the name of a setting",
		[YYSYMBOL_SET] = "expecting `='",
		[YYSYMBOL_TEXT] = expecting_value,
		[YYSYMBOL_COMMA] = "expecting `,' or `]'",
		[YYSYMBOL_END] = "expecting the end of the line",
	};
	yysymbol_kind_t next[YYNTOKENS];
	int i = 0, n = yypcontext_expected_tokens(at, next, YYNTOKENS);

	while (i < n - 1 && !expecting[next[i]])
		i++;
	cfg_complain(ps, yypcontext_location(at), expecting[next[i]]);
	return 0;
}

struct cfg_node *cfg_node(struct cfg_parser *ps, const struct cfg_place *place, char *text)
{
	struct cfg *cfg = ps->cfg;
	struct cfg_node *n = &cfg->nodes[cfg->nr];

	if (cfg->nr == CFG_MAX_NODES) {
		cfg_complain(ps, place, "too many values");
		free(text);
		return NULL;
	}
	cfg->nr++;
	*n = (struct cfg_node){ .text = text, .line = place->line, .col = place->col };
	return n;
}

static struct cfg_node *append(struct cfg_node *list, struct cfg_node *item)
{
	*(list->first ? &list->last->next : &list->first) = item;
	list->last = item;
	return list;
}

/* Joins two lists, or two strings. */
static int join(struct cfg_node *to, struct cfg_node *from)
{
	char *both = NULL;

	if (!to->text != !from->text)
		return -EINVAL;
	if (!to->text && from->first) {
		append(to, from->first);
		to->last = from->last;
	}
	if (!to->text)
		return 0;
	if (asprintf(&both, "%s%s", to->text, from->text) < 0)
		return -ENOMEM;
	free(to->text);
	to->text = both;
	return 0;
}

static int set(struct cfg_parser *ps, struct cfg_node *key, const struct cfg_place *place,
	       struct cfg_node *value, bool add)
{
	struct cfg_node *s = ps->cfg->settings.first;

	if (!value && place->line) /* only on a command line may it be missing */
		return cfg_complain(ps, place, expecting_value);
	value = value ?: cfg_node(ps, place, strdup(""));
	if (!value)
		return -EINVAL;
	while (s && strcmp(s->text, key->text))
		s = s->next;
	if (s && add)
		return join(s->first, value) ? cfg_complain(ps, place,
							    "`+=' joins two lists or two strings")
					     : 0;
	if (!s)
		append(&ps->cfg->settings, s = key);
	s->first = value;
	s->line = key->line;
	s->col = key->col;
	return 0;
}

int cfg_parse(struct cfg *cfg, const char *text, size_t len, bool command_line, struct err *e)
{
	struct cfg_parser ps = { .cfg = cfg,
				 .here = { .at = text, .line = !command_line, .col = 1 },
				 .end = text + len,
				 .e = e };

	if (len > CFG_MAX_BYTES)
		return err_set(e, -EINVAL, "%s: larger than 1 MiB", cfg->name);
	if (!cfg->nodes && !(cfg->nodes = calloc(CFG_MAX_NODES, sizeof(*cfg->nodes))))
		return err_set(e, -ENOMEM, "no memory");
	return cfg_scan(&ps, text, len) ? -EINVAL : 0;
}

void cfg_free(struct cfg *cfg)
{
	while (cfg->nr)
		free(cfg->nodes[--cfg->nr].text);
	free(cfg->nodes);
	*cfg = (struct cfg){ .name = cfg->name };
}
