// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options and help out of struct program. A key above 0xff has no short form.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "lib/log.h"
#include "lib/program.h"

#define MAX_OPTIONS 40

bool to_number(const char *text, unsigned long max, unsigned long *n)
{
	char *end;

	errno = 0;
	*n = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *n <= max;
}

uint32_t program_number(const char *text)
{
	unsigned long v;

	if (!to_number(text, UINT32_MAX, &v))
		die("not a number: %s", text);
	return v;
}

/* What getopt_long() wants to know. */
static void describe(const struct program *p, struct option *longs, char *shorts)
{
	int n = 0;

	for (const struct option_row *o = p->options; o->key && n < MAX_OPTIONS - 1; o++) {
		int has = !o->arg	     ? no_argument
			  : o->arg[0] == '[' ? optional_argument
					     : required_argument;

		longs[n++] = (struct option){ o->name, has, NULL, o->key };
		if (o->key > 0xff)
			continue;
		*shorts++ = (char)o->key;
		for (int i = 0; i < has; i++)
			*shorts++ = ':';
	}
}

static void take(const struct program *p, const struct option_row *o, const char *arg)
{
	if (!o->key || !strcmp(o->name, "help")) {
		program_usage(p, o->key ? stdout : stderr);
		exit(o->key ? 0 : 1);
	}
	if (o->flag)
		*o->flag = true;
	if (o->text)
		*o->text = arg;
	if (o->number)
		*o->number = program_number(arg);
	if (o->fn)
		o->fn(arg);
}

int program_options(const struct program *p, int argc, char **argv)
{
	struct option longs[MAX_OPTIONS] = { 0 };
	char shorts[3 * MAX_OPTIONS + 1] = "";
	int key;

	describe(p, longs, shorts);
	while ((key = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *o = p->options;

		while (o->key && o->key != key)
			o++;
		take(p, o, optarg);
	}
	return optind;
}

void program_usage(const struct program *p, FILE *to)
{
	fprintf(to, "Usage: %s\n", p->synopsis);
	for (const struct option_row *o = p->options; o->key; o++) {
		char letter[8] = "", buf[64]; /* "-F, --pid-file=FILE" */

		if (!o->help)
			continue;
		if (o->key <= 0xff)
			snprintf(letter, sizeof(letter), "-%c, ", o->key);
		snprintf(buf, sizeof(buf), "%s--%s%s%s", letter, o->name, o->arg ? "=" : "",
			 o->arg ?: "");
		fprintf(to, "  %-28s %s\n", buf, o->help);
	}
}
