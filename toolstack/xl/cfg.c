// SPDX-License-Identifier: GPL-2.0-only
/*
 * cfg.c - the grammar of xl.cfg files.
 *
 *   file = { [ key ("=" | "+=") value ] (newline | ";") }
 *   value = string | number | "[" [ value { "," value } [ "," ] ] "]"
 *
 * Owns the tree it builds; pure, one pass, no look-ahead beyond a byte.  Hand-written because
 * the grammar is these two lines and errors must carry a column.  Invariant: size, number of
 * values and depth are bounded before anything is allocated for them.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "xl/cfg.h"

struct parser {
	struct cfg *cfg;
	const char *p, *end, *line_start;
	int line;
	struct err *e;
};

void cfg_where(const struct cfg *cfg, int line, int col, char *buf, size_t size)
{
	if (line <= 0)
		snprintf(buf, size, "command line");
	else
		snprintf(buf, size, "%s:%d:%d", cfg->name, line, col);
}

static int column(const struct parser *ps)
{
	return ps->p - ps->line_start + 1;
}

/* "file:line:col: what, near `text'" */
static int complain(struct parser *ps, const char *what)
{
	char where[160];
	int n = 0;

	while (n < 23 && ps->p + n < ps->end && isprint((unsigned char)ps->p[n]))
		n++;
	cfg_where(ps->cfg, ps->line, column(ps), where, sizeof(where));
	return err_set(ps->e, -EINVAL, "%s: config parsing error near `%.*s': %s", where, n, ps->p,
		       what);
}

static int no_memory(struct parser *ps)
{
	return err_set(ps->e, -ENOMEM, "no memory");
}

static void newline(struct parser *ps)
{
	ps->p++;
	ps->line_start = ps->p;
	if (ps->line > 0)
		ps->line++;
}

/* Skips blanks and comments, and newlines too where they mean nothing. */
static void skip(struct parser *ps, bool newlines)
{
	while (ps->p < ps->end) {
		if (*ps->p == ' ' || *ps->p == '\t' || *ps->p == '\r')
			ps->p++;
		else if (*ps->p == '#')
			while (ps->p < ps->end && *ps->p != '\n')
				ps->p++;
		else if (*ps->p == '\n' && newlines)
			newline(ps);
		else
			return;
	}
}

static void value_free(struct cfg_value *v)
{
	size_t i;

	for (i = 0; i < v->nr; i++)
		value_free(&v->items[i]);
	free(v->items);
	free(v->text);
	memset(v, 0, sizeof(*v));
}

/* Room for one more element in an array that doubles; NULL on ENOMEM. */
static void *grow(void *array, size_t nr, size_t size)
{
	void *a = array;

	if (!(nr & (nr - 1)))
		a = realloc(array, (nr ? 2 * nr : 1) * size);
	if (a)
		memset((char *)a + nr * size, 0, size);
	return a;
}

/* The byte that stands behind a backslash, as stock xl reads it; -1 if there is no such escape. */
static int escaped(const char **q)
{
	static const char from[] = "abefnrtv\\'\"", to[] = "\a\b\033\f\n\r\t\v\\'\"";
	int base = **q == 'x' ? 16 : 8, len = base == 16 ? 2 : 3;
	const char *found = strchr(from, **q);
	char digits[4] = "", *end;
	long n;

	if (**q && found) {
		++*q;
		return (unsigned char)to[found - from];
	}
	*q += base == 16;
	memcpy(digits, *q, strnlen(*q, len));
	n = isxdigit((unsigned char)digits[0]) ? strtol(digits, &end, base) : 0;
	if (n <= 0 || n > 255 || end != digits + len)
		return -1;
	*q += len;
	return n;
}

static int parse_string(struct parser *ps, struct cfg_value *v)
{
	char quote = *ps->p, *to;
	const char *q = ps->p + 1;
	int c;

	while (q < ps->end && *q != quote && *q != '\n' && *q)
		q += *q == '\\' && q + 1 < ps->end ? 2 : 1;
	if (q >= ps->end || *q != quote)
		return complain(ps, "the string is not closed on its line");
	v->kind = CFG_STRING;
	v->text = to = strndup(ps->p + 1, q - ps->p - 1);
	if (!v->text)
		return no_memory(ps);
	for (const char *from = to; *from; *to++ = c) {
		c = *from++;
		if (c == '\\')
			c = escaped(&from);
		if (c < 0)
			return complain(ps,
					"no such escape: \\n, \\t, \\x and two digits, or \\\\");
	}
	*to = '\0';
	ps->p = q + 1;
	return 0;
}

static int parse_word(struct parser *ps, struct cfg_value *v)
{
	const char *q = ps->p;
	bool number = q < ps->end && (isdigit((unsigned char)*q) || *q == '-');
	bool free_text = ps->line <= 0; /* a shell has eaten the quotes */

	while (q < ps->end && (isalnum((unsigned char)*q) || (*q && strchr("_-+.", *q)) ||
			       (free_text && *q && !strchr("\n;,]", *q))))
		q++;
	if (!number && !free_text)
		return complain(ps, "expecting a string in quotes, a number or `['");
	v->kind = number ? CFG_NUMBER : CFG_STRING;
	v->text = strndup(ps->p, q - ps->p);
	ps->p = q;
	return v->text ? 0 : no_memory(ps);
}

static int parse_value(struct parser *ps, struct cfg_value *v, int depth);

static int parse_list(struct parser *ps, struct cfg_value *v, int depth)
{
	int rc;

	v->kind = CFG_LIST;
	ps->p++;
	for (;;) {
		struct cfg_value *bigger;

		skip(ps, true);
		if (ps->p == ps->end)
			return complain(ps, "the list is not closed");
		if (*ps->p == ']')
			break;
		bigger = grow(v->items, v->nr, sizeof(*v));
		if (!bigger)
			return no_memory(ps);
		v->items = bigger;
		rc = parse_value(ps, &v->items[v->nr++], depth + 1);
		if (rc)
			return rc;
		skip(ps, true);
		if (ps->p < ps->end && *ps->p == ',')
			ps->p++;
		else if (ps->p == ps->end || *ps->p != ']')
			return complain(ps, "expecting `,' or `]'");
	}
	ps->p++;
	return 0;
}

static int parse_value(struct parser *ps, struct cfg_value *v, int depth)
{
	v->line = ps->line;
	v->col = column(ps);
	if (ps->p == ps->end && ps->line > 0)
		return complain(ps, "expecting a value");
	if (++ps->cfg->values > CFG_MAX_VALUES)
		return complain(ps, "too many values");
	if (ps->p < ps->end && (*ps->p == '\'' || *ps->p == '"'))
		return parse_string(ps, v);
	if (ps->p == ps->end || *ps->p != '[')
		return parse_word(ps, v);
	if (depth >= CFG_MAX_DEPTH)
		return complain(ps, "lists nested too deeply");
	return parse_list(ps, v, depth);
}

static struct cfg_entry *entry_for(struct parser *ps, const char *from, const char *to)
{
	struct cfg *cfg = ps->cfg;
	struct cfg_entry *bigger;
	size_t i;

	for (i = 0; i < cfg->nr; i++)
		if (strlen(cfg->entries[i].key) == (size_t)(to - from) &&
		    !memcmp(cfg->entries[i].key, from, to - from))
			return &cfg->entries[i];
	bigger = grow(cfg->entries, cfg->nr, sizeof(*bigger));
	if (!bigger)
		return NULL;
	cfg->entries = bigger;
	bigger[cfg->nr].key = strndup(from, to - from);
	return bigger[cfg->nr].key ? &bigger[cfg->nr++] : NULL;
}

/* Joins two lists, or two strings; the caller frees what is left in @from. */
static int append(struct parser *ps, struct cfg_value *to, struct cfg_value *from)
{
	struct cfg_value *bigger;
	char *s;

	if (to->kind == CFG_STRING && from->kind == CFG_STRING) {
		if (asprintf(&s, "%s%s", to->text, from->text) < 0)
			return no_memory(ps);
		free(to->text);
		to->text = s;
		return 0;
	}
	if (to->kind != CFG_LIST || from->kind != CFG_LIST)
		return complain(ps, "`+=' joins two lists or two strings");
	for (; from->nr; from->nr--) {
		bigger = grow(to->items, to->nr, sizeof(*bigger));
		if (!bigger)
			return no_memory(ps);
		to->items = bigger;
		to->items[to->nr++] = from->items[0];
		memmove(from->items, from->items + 1, (from->nr - 1) * sizeof(*bigger));
	}
	return 0;
}

static int parse_setting(struct parser *ps)
{
	const char *key = ps->p, *key_end;
	struct cfg_value v = { 0 };
	struct cfg_entry *en;
	int line = ps->line, col = column(ps), rc;
	bool add;

	while (ps->p < ps->end && (isalnum((unsigned char)*ps->p) || *ps->p == '_'))
		ps->p++;
	key_end = ps->p;
	if (key == key_end || isdigit((unsigned char)*key))
		return complain(ps, "expecting the name of a setting");
	skip(ps, false);
	add = ps->p < ps->end && *ps->p == '+';
	ps->p += add;
	if (ps->p == ps->end || *ps->p != '=')
		return complain(ps, "expecting `='");
	ps->p++;
	skip(ps, false);
	rc = parse_value(ps, &v, 0);
	if (!rc) {
		en = entry_for(ps, key, key_end);
		if (!en) {
			rc = no_memory(ps);
		} else if (add && en->line) {
			rc = append(ps, &en->value, &v);
		} else {
			value_free(&en->value);
			en->value = v;
			en->line = line ? line : -1;
			en->col = col;
			return 0;
		}
	}
	value_free(&v);
	return rc;
}

int cfg_parse(struct cfg *cfg, const char *text, size_t len, int first_line, struct err *e)
{
	struct parser ps = { .cfg = cfg,
			     .p = text,
			     .end = text + len,
			     .line_start = text,
			     .line = first_line,
			     .e = e };
	int rc;

	if (len > CFG_MAX_BYTES)
		return err_set(e, -EINVAL, "%s: larger than 1 MiB", cfg->name);
	for (;;) {
		skip(&ps, true);
		if (ps.p == ps.end)
			return 0;
		if (*ps.p == ';') {
			ps.p++;
			continue;
		}
		rc = parse_setting(&ps);
		if (rc)
			return rc;
		skip(&ps, false);
		if (ps.p < ps.end && *ps.p != '\n' && *ps.p != ';')
			return complain(&ps, "expecting the end of the line");
	}
}

void cfg_free(struct cfg *cfg)
{
	size_t i;

	for (i = 0; i < cfg->nr; i++) {
		free(cfg->entries[i].key);
		value_free(&cfg->entries[i].value);
	}
	free(cfg->entries);
	cfg->entries = NULL;
	cfg->nr = 0;
}
