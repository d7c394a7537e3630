// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options, help and manual pages out of struct program. A key above 0xff has no short form.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "lib/log.h"
#include "lib/program.h"

#define MAX_OPTIONS 40

uint32_t program_number(const char *text)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || v > UINT32_MAX)
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

		if (o->name)
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
	if (!o->key || (o->name && !strcmp(o->name, "help"))) {
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

/* "-F, --pid-file=FILE" */
static void spell(const struct option_row *o, char *buf, size_t size)
{
	char letter[8] = "";

	if (o->key <= 0xff)
		snprintf(letter, sizeof(letter), "-%c%s", o->key, o->name ? ", " : "");
	snprintf(buf, size, "%s%s%s%s%s", letter, o->name ? "--" : "", o->name ? o->name : "",
		 o->arg ? o->name ? "=" : " " : "", o->arg ? o->arg : "");
}

void program_usage(const struct program *p, FILE *to)
{
	fprintf(to, "Usage: %s\n", p->synopsis);
	for (const struct option_row *o = p->options; o->key; o++) {
		char buf[64];

		spell(o, buf, sizeof(buf));
		if (o->help)
			fprintf(to, "  %-28s %s\n", buf, o->help);
	}
}

/*
 * Text with the characters that mean something to roff at their places made harmless; an empty line
 * is a paragraph.
 */
static void roff(const char *s, FILE *to)
{
	for (const char *line = s; *line;) {
		size_t len = strcspn(line, "\n");

		if (!len)
			fputs(".PP", to);
		else if (*line == '.' || *line == '\'')
			fputs("\\&", to);
		for (size_t i = 0; i < len; i++) {
			if (line[i] == '\\')
				fputs("\\e", to);
			else
				fprintf(to, line[i] == '-' ? "\\-" : "%c", line[i]);
		}
		fputc('\n', to);
		line += len + (line[len] == '\n');
	}
}

void program_man(const struct program *p, FILE *to)
{
	fprintf(to, ".\\\" Made by hospes-tools man from the program's own table: do not edit.\n");
	fprintf(to, ".TH %s %d \"\" Hospes\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n", p->name,
		p->section, p->name, p->summary);
	roff(p->synopsis, to);
	fputs(".SH DESCRIPTION\n", to);
	roff(p->text, to);
	if (p->options->key)
		fputs(".SH OPTIONS\n", to);
	for (const struct option_row *o = p->options; o->key; o++) {
		char buf[64];

		if (!o->help)
			continue;
		spell(o, buf, sizeof(buf));
		fputs(".TP\n", to);
		roff(buf, to);
		roff(o->help, to);
	}
	if (p->files) {
		fputs(".SH FILES\n", to);
		roff(p->files, to);
	}
	fputs(".SH SEE ALSO\n", to);
	roff(p->see, to);
}
