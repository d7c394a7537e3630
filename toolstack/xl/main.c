// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - dispatch and help of xl, all from the table in commands.h.
 *
 * Owns the table.  Invariant: a command is a line of that table and nothing else; exit codes are
 * stock xl's: 0 done, 1 failed, 2 wrong usage, 3 creation failed.
 */
#include "xl/xl.h"

#include <stdlib.h>
#include <string.h>

#include "lib/applet.h"

static const struct {
	struct command cmd;
	const char *flags;
} table[] = {
#define CMD(name, fn, min, flags, args, help, options) \
	{ { name, args, help, options, fn, min }, flags },
#include "xl/commands.h"
#undef CMD
};
#define NR (sizeof(table) / sizeof(table[0]))

static const char *flags_of(const struct command *cmd)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		if (&table[i].cmd == cmd)
			return table[i].flags;
	return "";
}

/* The exact name, or the only one that begins so. */
const struct command *command_find(const char *name)
{
	const struct command *found = NULL;
	unsigned int i, hits = 0;

	for (i = 0; i < NR; i++) {
		if (!strcmp(table[i].cmd.name, name))
			return &table[i].cmd;
		if (!strncmp(table[i].cmd.name, name, strlen(name))) {
			found = &table[i].cmd;
			hits++;
		}
	}
	return hits == 1 ? found : NULL;
}

void command_usage(FILE *out, const struct command *cmd)
{
	const char *flags = flags_of(cmd);

	fprintf(out, "Usage: xl [-vtT%s%s] %s %s\n\n%s.\n\n", strchr(flags, 'Q') ? "" : "f",
		strchr(flags, 'D') ? "N" : "", cmd->name, cmd->args, cmd->help);
	if (cmd->options)
		fprintf(out, "Options:\n\n%s\n", cmd->options);
}

static int help_all(FILE *out)
{
	unsigned int i;

	fprintf(out, "Usage xl [-vfNtT] <subcommand> [args]\n\nxl full list of subcommands:\n\n");
	for (i = 0; i < NR; i++)
		fprintf(out, " %-19s %s\n", table[i].cmd.name, table[i].cmd.help);
	return 0;
}

static int completion(void)
{
	unsigned int i;

	printf("_xl() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n\tif [ $COMP_CWORD -eq 1 ]; then\n"
	       "\t\tCOMPREPLY=($(compgen -W \"");
	for (i = 0; i < NR; i++)
		printf("%s%s", i ? " " : "", table[i].cmd.name);
	printf("\" -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n\tcreate) "
	       "COMPREPLY=($(compgen -f "
	       "-- \"$cur\"));;\n\thelp) COMPREPLY=($(compgen -W \"$(xl help | awk '/^ /{print "
	       "$1}')\" -- \"$cur\"));;\n"
	       "\t*) COMPREPLY=($(compgen -W \"$(xl list 2>/dev/null | awk 'NR>1{print $1}')\" -- "
	       "\"$cur\"));;\n"
	       "\tesac\n}\ncomplete -F _xl xl\n");
	return 0;
}

int cmd_help(int argc, char **argv)
{
	const struct command *cmd;

	if (argc < 2)
		return help_all(stdout);
	if (!strcmp(argv[1], "--completion"))
		return completion();
	cmd = command_find(argv[1]);
	if (!cmd) {
		fprintf(stderr, "command not implemented\n");
		return EXIT_FAILURE;
	}
	command_usage(stdout, cmd);
	return 0;
}

static bool wants_help(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++)
		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help"))
			return true;
	return false;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	int words = 0, i;

	if (wants_help(argc, argv)) {
		command_usage(stdout, cmd);
		return 0;
	}
	for (i = 1; i < argc; i++)
		words += argv[i][0] != '-' || !argv[i][1];
	if (words < cmd->min_args) {
		fprintf(stderr, "'xl %s' requires at least %d argument%s.\n\n", cmd->name,
			cmd->min_args, cmd->min_args > 1 ? "s" : "");
		command_usage(stderr, cmd);
		return 2;
	}
	if (!strchr(flags_of(cmd), 'H') && hyp_open())
		return EXIT_FAILURE;
	return cmd->run(argc, argv);
}

int xl_main(int argc, char **argv)
{
	const struct command *cmd;
	bool dryrun = false;
	int i = 1;

	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (!strcmp(argv[i], "--help") ||
		    strspn(argv[i] + 1, "vfNtT") != strlen(argv[i] + 1)) {
			bool asked = !strcmp(argv[i], "--help") || !strcmp(argv[i], "-h");

			if (!asked)
				fprintf(stderr, "unknown global option %s\n", argv[i]);
			help_all(asked ? stdout : stderr);
			return asked ? 0 : 2;
		}
		dryrun |= strchr(argv[i], 'N') != NULL;
	}
	if (i >= argc) {
		help_all(stderr);
		return EXIT_FAILURE;
	}
	cmd = command_find(argv[i]);
	if (!cmd) {
		fprintf(stderr, "command not implemented\n");
		return EXIT_FAILURE;
	}
	if (dryrun && !strcmp(cmd->name, "create")) { /* the global form of its own option */
		argv[i - 1] = argv[i];
		argv[i--] = "-n";
	} else if (dryrun) {
		fprintf(stderr, "xl: only `create' can be dry-run\n");
		return 2;
	}
	return run(cmd, argc - i, argv + i);
}
