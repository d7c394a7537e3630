// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - command lines of xl: dispatch, options and help, all from the table in commands.h.
 *
 * Owns the table.  Invariant: a command is a line of that table and nothing else; its options are
 * those that its help lists.  Exit codes are in xl(1).
 */
#include "xl/xl.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/applet.h"

#define MAX_OPTIONS 16

static const struct command table[] = {
#define CMD(name, fn, min, flags, args, help, options) \
	{ name, flags, args, help, options, fn, min },
#include "xl/commands.h"
#undef CMD
};
#define NR (sizeof(table) / sizeof(table[0]))

int fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return EXIT_FAILURE;
}

static sigset_t usual; /* what was blocked before stop_later() */

void stop_later(void)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGHUP);
	sigaddset(&s, SIGINT);
	sigaddset(&s, SIGTERM);
	sigaddset(&s, SIGPIPE); /* that nobody reads our words is no reason to stop */
	sigprocmask(SIG_BLOCK, &s, &usual);
}

bool stop_asked(void)
{
	sigset_t s;

	return !sigpending(&s) &&
	       (sigismember(&s, SIGHUP) || sigismember(&s, SIGINT) || sigismember(&s, SIGTERM));
}

void stop_now(void)
{
	sigprocmask(SIG_SETMASK, &usual, NULL);
}

int dom_result(const char *what, uint32_t domid, int rc)
{
	return rc >= 0 ? 0 : fail("xl: %s domain %u: %s", what, domid, err_text(-rc));
}

/* The exact name, or the only one that begins so. */
static const struct command *command_find(const char *name)
{
	const struct command *found = NULL;
	unsigned int hits = 0;

	for (const struct command *c = table; c < table + NR; c++) {
		if (!strcmp(c->name, name))
			return c;
		if (strncmp(c->name, name, strlen(name)))
			continue;
		found = c;
		hits++;
	}
	return hits == 1 ? found : NULL;
}

static void usage(FILE *out, const struct command *cmd)
{
	fprintf(out, "Usage: xl [-vtT%s%s] %s %s\n\n%s.\n\n", strchr(cmd->flags, 'Q') ? "" : "f",
		strchr(cmd->flags, 'D') ? "N" : "", cmd->name, cmd->args, cmd->help);
	if (cmd->options)
		fprintf(out, "Options:\n\n%s\n", cmd->options);
}

static int help_all(FILE *out)
{
	unsigned int i;

	fprintf(out, "Usage xl [-vfNtT] <subcommand> [args]\n\nxl full list of subcommands:\n\n");
	for (i = 0; i < NR; i++)
		fprintf(out, " %-19s %s\n", table[i].name, table[i].help);
	return 0;
}

static int completion(void)
{
	printf("_xl() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n\tif [ $COMP_CWORD -eq 1 ]; then\n"
	       "\t\tCOMPREPLY=($(compgen -W \"");
	for (unsigned int i = 0; i < NR; i++)
		printf("%s%s", i ? " " : "", table[i].name);
	printf("\" -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n"
	       "\tcreate) COMPREPLY=($(compgen -f -- \"$cur\"));;\n"
	       "\thelp) COMPREPLY=($(compgen -W \"$(xl help | awk '/^ /{print $1}')\" -- "
	       "\"$cur\"));;\n"
	       "\t*) COMPREPLY=($(compgen -W \"$(xl list 2>/dev/null | awk 'NR>1{print $1}')\" -- "
	       "\"$cur\"));;\n"
	       "\tesac\n}\ncomplete -F _xl xl\n");
	return 0;
}

int cmd_help(const struct args *a)
{
	const struct command *cmd = a->n ? command_find(a->arg[0]) : NULL;

	if (a->opt['c'])
		return completion();
	if (!a->n)
		return help_all(stdout);
	if (!cmd)
		return fail("command \"%s\" not implemented", a->arg[0]);
	usage(stdout, cmd);
	return 0;
}

/* "-x, --long ARG   what it does", a line each, is also what getopt is told. */
static void declare(const char *text, struct option *longs, char *shorts)
{
	*longs++ = (struct option){ "help", no_argument, NULL, 'h' };
	*shorts++ = 'h';
	for (const char *next; text && *text == '-'; text = next) {
		char name[24] = "";
		int used = 2;
		bool arg;

		sscanf(text, "-%*c, --%23[a-z_-]%n", name, &used);
		arg = text[used] == ' ' && text[used + 1] != ' ';
		if (*name)
			*longs++ = (struct option){ strdup(name), arg, NULL, text[1] };
		*shorts++ = text[1];
		if (arg)
			*shorts++ = ':';
		next = strchr(text, '\n');
		next += next != NULL;
	}
}

static int parse(const struct command *cmd, int argc, char **argv, struct args *a)
{
	struct option longs[MAX_OPTIONS] = { 0 };
	char shorts[2 * MAX_OPTIONS] = "";
	int key;

	declare(cmd->options, longs, shorts);
	opterr = 0;
	optind = 1;
	while ((key = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const char *word = argv[optind - 1];

		a->opt[key] = optarg ? optarg : "";
		if (key != '?')
			continue;
		if (optopt && strchr(shorts, optopt))
			fprintf(stderr, "option `%c' requires an argument.\n\n", optopt);
		else if (!strncmp(word, "--", 2))
			fprintf(stderr, "option `%s' not supported.\n\n", word);
		else
			fprintf(stderr, "option `%c' not supported.\n\n", optopt);
		usage(stderr, cmd);
		return EXIT_USAGE;
	}
	a->n = argc - optind;
	a->arg = argv + optind;
	return 0;
}

static int run(const struct command *cmd, int argc, char **argv, bool dryrun)
{
	struct args a = { .name = cmd->name };
	hyp_dominfo info;
	int rc = parse(cmd, argc, argv, &a);

	if (rc)
		return rc;
	if (a.opt['h']) {
		usage(stdout, cmd);
		return 0;
	}
	if (a.n < cmd->min_args) {
		fprintf(stderr, "'xl %s' requires at least %d argument%s.\n\n", cmd->name,
			cmd->min_args, cmd->min_args > 1 ? "s" : "");
		usage(stderr, cmd);
		return EXIT_USAGE;
	}
	if (dryrun && !strchr(cmd->flags, 'D'))
		return fail("command does not implement -N (dryrun) option");
	if (dryrun)
		a.opt['n'] = "";
	if (!strchr(cmd->flags, 'H') && hyp_open())
		return EXIT_FAILURE;
	if (strchr(cmd->flags, 'G') && dom_find(a.arg[0], &a.domid))
		return EXIT_FAILURE;
	if (strchr(cmd->flags, 'G') && hv_domain_info(a.domid, &info))
		return fail("xl: there is no domain %u", a.domid);
	return cmd->run(&a);
}

int xl_main(int argc, char **argv)
{
	const struct command *cmd;
	bool dryrun = false;
	int i = 1, rc;

	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return help_all(stdout);
		if (strspn(argv[i] + 1, "vfNtT") != strlen(argv[i] + 1))
			return fail("unknown global option %s", argv[i]);
		dryrun |= strchr(argv[i], 'N') != NULL;
	}
	if (i >= argc) {
		help_all(stderr);
		return EXIT_FAILURE;
	}
	cmd = command_find(argv[i]);
	rc = cmd ? run(cmd, argc - i, argv + i, dryrun)
		 : fail("xl: there is no command `%s'; `xl help' lists all", argv[i]);
	return fflush(stdout) && !rc ? fail("xl: standard output: %s", strerror(errno)) : rc;
}
