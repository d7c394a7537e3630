/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options a program takes, in one table: getopt and the --help text come from it, and the
 * manual page's list from that.
 */
#ifndef HOSPES_PROGRAM_H
#define HOSPES_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct option_row {
	/* a letter if there is a short form, else any number above 0xff */
	int key;
	const char *name; /* long form without dashes */
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
	const char *synopsis;
	const struct option_row *options; /* ends with key 0 */
};

/*
 * Takes the options; "help" prints the usage and ends the program, so does, with a failure, what is
 * none. Returns the index of the first argument behind them.
 */
int program_options(const struct program *p, int argc, char **argv);
/* Is it a decimal number, all of it, and not larger? */
bool to_number(const char *text, unsigned long max, unsigned long *n);
/* Ends the program if that is no number of 32 bits. */
uint32_t program_number(const char *text);
void program_usage(const struct program *p, FILE *to);

#endif
