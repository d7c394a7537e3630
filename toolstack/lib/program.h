/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a program is and which options it takes, in one table: getopt, the --help text and the
 * manual page (hospes-tools man NAME) all come from it.
 */
#ifndef HOSPES_PROGRAM_H
#define HOSPES_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct option_row {
	/* a letter if there is a short form, else any number above 0xff */
	int key;
	const char *name; /* long form without dashes; NULL: none */
	/* NULL: takes none; "[X]": may have one (long form with =) */
	const char *arg;
	const char *help; /* NULL: accepted, not shown */
	/* Where it goes: one of these, or none if it means nothing here. */
	bool *flag;
	const char **text;
	uint32_t *number;
	void (*fn)(const char *arg);
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
 * Takes the options; "help" prints the usage and ends the program, so does, with a failure, what is
 * none. Returns the index of the first argument behind them.
 */
int program_options(const struct program *p, int argc, char **argv);
/* Ends the program if that is no number of 32 bits. */
uint32_t program_number(const char *text);
void program_usage(const struct program *p, FILE *to);
void program_man(const struct program *p, FILE *to);

/* Fills in what xenstore_program says, from its table of commands. */
void xenstore_man_text(void);

extern const struct program xenstored_program, xenconsoled_program, xenconsole_program,
	xenstore_program, xencommons_program;

#endif
