/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a program is and which options it takes, in one table: getopt, the --help text and the
 * manual page (hospes-tools man NAME) all come from it.
 */
#ifndef HOSPES_PROGRAM_H
#define HOSPES_PROGRAM_H

#include <stdio.h>

struct option_row {
	/* what program_option() returns; a letter if there is a short form */
	int key;
	const char *name; /* long form without dashes; NULL: none */
	/* NULL: takes none; "[X]": may have one (long form with =) */
	const char *arg;
	const char *help; /* NULL: accepted, not shown */
};

struct program {
	const char *name;
	int section;
	const char *summary, *synopsis;
	/* of the manual page: paragraphs separated by an empty line */
	const char *text;
	const struct option_row *options; /* ends with key 0 */
	const char *files, *see;
};

/*
 * The next option: its key with *arg set, -1 after the last, '?' after an error (a message was
 * printed).
 */
int program_option(const struct program *p, int argc, char **argv, const char **arg);
void program_usage(const struct program *p, FILE *to);
void program_man(const struct program *p, FILE *to);

/* Fills in what xenstore_program says, from its table of commands. */
void xenstore_man_text(void);

extern const struct program xenstored_program, xenconsoled_program, xenconsole_program,
	xenstore_program, xencommons_program;

#endif
