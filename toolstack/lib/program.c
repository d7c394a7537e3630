// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options, help and manual pages out of struct program. A key above 0xff has no short form.
 */
#include <getopt.h>
#include <string.h>
#include "lib/program.h"

#define MAX_OPTIONS 40

int program_option(const struct program *p, int argc, char **argv, const char **arg)
{
	static struct option longs[MAX_OPTIONS];
	static char shorts[3 * MAX_OPTIONS + 1];
	static const struct program *built;
	int key, n = 0;
	char *s = shorts;

	if (built != p) {
		memset(longs, 0, sizeof(longs));
		for (const struct option_row *o = p->options; o->key && n < MAX_OPTIONS - 1; o++) {
			int has = !o->arg	     ? no_argument
				  : o->arg[0] == '[' ? optional_argument
						     : required_argument;

			if (o->name)
				longs[n++] = (struct option){ o->name, has, NULL, o->key };
			if (o->key > 0xff)
				continue;
			*s++ = (char)o->key;
			for (int i = 0; i < has; i++)
				*s++ = ':';
		}
		*s = '\0';
		built = p;
	}
	key = getopt_long(argc, argv, shorts, longs, NULL);
	*arg = optarg;
	return key;
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
