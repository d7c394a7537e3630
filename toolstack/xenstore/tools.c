// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line clients: xenstore-read, -write, -rm, -list, -ls, -chmod, -exists, -watch,
 * -control, and all of them as `xenstore read ...`. Options and output as the stock programs have
 * them. What changes more than one key does so in one transaction, again if somebody interfered.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/applet.h"
#include "lib/log.h"
#include "xenstore/client.h"

#define PATH_MAX_XS 3072

static bool given['z' + 1]; /* options, by their letters */
static int count = -1;	    /* of -n */
static char prog[32];

/* What stands behind a backslash, and for what. */
static const char letters[] = "tnr\\\"'", bytes[] = "\t\n\r\\\"'";

/* Unprintable bytes as the stock tools write them, so that xenstore-write takes the output. */
static void print_value(const char *s, size_t len)
{
	if (given['R']) {
		fwrite(s, 1, len, stdout);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		const char *e = memchr(bytes, s[i], strlen("tnr\\"));

		unsigned char c = s[i];

		if (e)
			printf("\\%c", letters[e - bytes]);
		else
			printf(isprint(c) ? "%c" : c < 8 ? "\\%03o" : "\\x%02x", c);
	}
}

/* The byte that "x41", "x1" or "101" mean: how many letters that are, or 0. */
static int number(const char *s, char *byte)
{
	static const char digits[] = "0123456789abcdef";
	int base = *s == 'x' ? 16 : 8, first = *s == 'x', n, v = 0;

	for (n = first; n < 3; n++) {
		const char *d = s[n] ? strchr(digits, tolower((unsigned char)s[n])) : NULL;

		if (!d || d - digits >= base)
			break;
		v = v * base + (d - digits);
	}
	*byte = (char)v;
	return n > first ? n : 0;
}

static size_t parse_value(char *s)
{
	char *out = s, *p = s;

	if (given['R'])
		return strlen(s);
	while (*p) {
		const char *e = *p == '\\' && p[1] ? strchr(letters, p[1]) : NULL;
		char byte;
		int n = *p == '\\' && !e ? number(p + 1, &byte) : 0;

		if (e) {
			*out++ = bytes[e - letters];
			p += 2;
		} else if (n) {
			*out++ = byte;
			p += 1 + n;
		} else {
			p += *p == '\\' && p[1]; /* before anything else it means nothing */
			*out++ = *p++;
		}
	}
	return out - s;
}

/* Cuts the last name off; false at the top. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	*slash = '\0';
	return true;
}

static int do_read(struct xs *xs, uint32_t tx, int argc, char **argv)
{
	size_t len;
	char *v = xs_read(xs, tx, argv[0], &len);

	if (!v)
		return -errno;
	if (given['p'])
		printf("%s: ", argv[0]);
	print_value(v, len);
	if (!given['R'])
		putchar('\n');
	free(v);
	return 0;
}

static int do_write(struct xs *xs, uint32_t tx, int argc, char **argv)
{
	char *v = argc < 2 ? NULL : strdup(argv[1]);
	int rc = v ? xs_write(xs, tx, argv[0], v, parse_value(v)) : -EINVAL;

	free(v);
	return rc;
}

/* Removes parents that hold nothing: no child, no value. */
static void tidy(struct xs *xs, uint32_t tx, const char *path)
{
	char up[PATH_MAX_XS + 1];

	snprintf(up, sizeof(up), "%s", path);
	while (go_up(up)) {
		size_t n = 1, len = 1;
		char **kids = xs_directory(xs, tx, up, &n), *v = xs_read(xs, tx, up, &len);
		bool empty = kids && !n && v && !len;

		free(kids);
		free(v);
		if (!empty || xs_rm(xs, tx, up))
			return;
	}
}

static int do_rm(struct xs *xs, uint32_t tx, int argc, char **argv)
{
	int rc = xs_rm(xs, tx, argv[0]);

	if (!rc && given['t'])
		tidy(xs, tx, argv[0]);
	return rc;
}

static int do_exists(struct xs *xs, uint32_t tx, int argc, char **argv)
{
	int rc = xs_exists(xs, tx, argv[0]);

	return rc == 1 ? 0 : rc ? rc : -ENOENT;
}

static int do_list(struct xs *xs, uint32_t tx, int argc, char **argv)
{
	size_t n;
	char **names = xs_directory(xs, tx, argv[0], &n);

	if (!names)
		return -errno;
	for (size_t i = 0; i < n; i++)
		printf("%s%s%s\n", given['p'] ? argv[0] : "", given['p'] ? "/" : "", names[i]);
	free(names);
	return 0;
}

static void print_perms(struct xs *xs, uint32_t tx, const char *path)
{
	size_t n;
	struct xs_perm *p = xs_get_perms(xs, tx, path, &n);
	char text[XENSTORE_PAYLOAD_MAX], *s = text;

	if (p && perm_format(p, n, text, sizeof(text)) > 0)
		for (size_t i = 0; i < n; i++, s += strlen(s) + 1)
			printf("%s%s%s", i ? "," : "   (", s, i + 1 < n ? "" : ")");
	free(p);
}

/* Does it for all that is below, parents first, as long as it answers 0. */
static int walk(struct xs *xs, uint32_t tx, const char *path, int depth,
		int (*visit)(struct xs *xs, uint32_t tx, const char *path, int depth))
{
	size_t n = 0;
	char **names = xs_directory(xs, tx, path, &n), sub[PATH_MAX_XS + 1];
	int rc = names || errno == ENOENT || errno == EACCES ? 0 : -errno;

	for (size_t i = 0; !rc && i < n; i++) {
		int len = snprintf(sub, sizeof(sub), "%s/%s", path[1] ? path : "", names[i]);

		if (len >= (int)sizeof(sub))
			continue;
		rc = visit(xs, tx, sub, depth);
		if (!rc)
			rc = walk(xs, tx, sub, depth + 1, visit);
	}
	free(names);
	return rc;
}

static int print_node(struct xs *xs, uint32_t tx, const char *path, int depth)
{
	size_t len;
	char *v = xs_read(xs, tx, path, &len);

	if (!v && errno == ENOENT)
		return 0; /* removed since */
	if (given['f'])
		printf("%s", path);
	else
		printf("%*s%s", depth, "", strrchr(path, '/') + 1);
	printf(v ? " = \"" : ":");
	if (v) {
		print_value(v, len);
		putchar('"');
	}
	free(v);
	if (given['p'])
		print_perms(xs, tx, path);
	putchar('\n');
	return 0;
}

static int do_ls(struct xs *xs, uint32_t tx, int argc, char **argv)
{
	int rc = do_exists(xs, tx, argc, argv);

	return rc ? rc : walk(xs, tx, argv[0], 0, print_node);
}

static struct xs_perm modes[64];
static int n_modes;

static int set_modes(struct xs *xs, uint32_t tx, const char *path, int depth)
{
	return xs_set_perms(xs, tx, path, modes, n_modes);
}

static int do_chmod(struct xs *xs, uint32_t tx, int argc, char **argv)
{
	char up[PATH_MAX_XS + 1];
	int rc;

	for (n_modes = 0; n_modes < argc - 1 && n_modes < 64; n_modes++) {
		const char *mode = argv[n_modes + 1];

		if (perm_parse(mode, strlen(mode) + 1, &modes[n_modes], 1) != 1) {
			log_err("a mode is one of n, r, w, b and a domain: %s", mode);
			return -EINVAL;
		}
	}
	rc = set_modes(xs, tx, argv[0], 0);
	if (!rc && given['r'])
		rc = walk(xs, tx, argv[0], 0, set_modes);
	snprintf(up, sizeof(up), "%s", argv[0]);
	while (!rc && given['u'] && go_up(up))
		rc = set_modes(xs, tx, up, 0);
	return rc;
}

static int do_watch(struct xs *xs, uint32_t tx, int argc, char **argv)
{
	static struct xs_event ev;

	for (int i = 0; i < argc; i++) {
		int rc = xs_watch(xs, argv[i], argv[i]);

		if (rc)
			return rc;
	}
	for (int n = count; n; n -= n > 0) {
		int rc = xs_next_event(xs, &ev, -1);

		if (rc < 0)
			return rc;
		puts(ev.path);
		fflush(stdout);
	}
	return 0;
}

static int control(struct xs *xs, int argc, char *const *argv, bool quiet)
{
	char *text = xs_control(xs, argc, argv);

	if (!text)
		return -errno;
	if (!quiet || strcmp(text, "OK"))
		printf("%s%s", text, *text && text[strlen(text) - 1] == '\n' ? "" : "\n");
	free(text);
	return 0;
}

/* [-F] [-t SECONDS] [FILE]: two commands to the daemon; -F and -t go with the second one. */
static int live_update(struct xs *xs, int argc, char **argv)
{
	char *file[] = { "live-update", "-f", NULL }, *start[6] = { "live-update", "-s" };
	int n = 2, i, rc = 0;

	for (i = 1; i < argc && argv[i][0] == '-' && n < 5; i++) {
		start[n++] = argv[i];
		if (!strcmp(argv[i], "-t") && i + 1 < argc)
			start[n++] = argv[++i];
	}
	if (i < argc) {
		file[2] = argv[i];
		rc = control(xs, 3, file, true);
	}
	return rc ? rc : control(xs, n, start, false);
}

static int do_control(struct xs *xs, uint32_t tx, int argc, char **argv)
{
	bool plain = argc > 1 && argv[1][0] == '-' && strchr("afcs", argv[1][1]);

	if (strcmp(argv[0], "live-update") || plain)
		return control(xs, argc, argv, false);
	return live_update(xs, argc, argv);
}

static const struct command {
	const char *name;
	int (*fn)(struct xs *xs, uint32_t tx, int argc, char **argv);
	/* `step` arguments at a time (0: all at once), at least `min` in all */
	int step, min;
	bool tx;
	const char *failure; /* before the key */
	const char *options, *args;
} commands[] = {
	{ "chmod", do_chmod, 0, 2, true, "could not set the permissions of", "hsur",
	  "[-r] [-u] KEY MODE..." },
	{ "control", do_control, 0, 1, false, NULL, "+h", "COMMAND [ARGUMENT...]" },
	{ "exists", do_exists, 1, 1, false, NULL, "hs", "KEY..." },
	{ "list", do_list, 1, 1, false, "could not list path", "hsp", "[-p] KEY..." },
	{ "ls", do_ls, 1, 0, false, "could not access", "hsfpR", "[-f] [-p] [PATH...]" },
	{ "read", do_read, 1, 1, false, "couldn't read path", "hspR", "[-p] [-R] KEY..." },
	{ "rm", do_rm, 1, 1, true, "could not remove path", "hst", "[-t] KEY..." },
	{ "watch", do_watch, 0, 1, false, "could not watch", "hsn:", "[-n COUNT] KEY..." },
	{ "write", do_write, 2, 2, true, "could not write path", "hsR", "[-R] KEY VALUE..." },
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int usage(const struct command *cmd, int rc)
{
	FILE *to = rc ? stderr : stdout;

	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!cmd || cmd == &commands[i])
			fprintf(to, "Usage: xenstore%s%s [-h] %s\n", cmd ? "-" : " ",
				commands[i].name, commands[i].args);
	return rc;
}

static int parse_options(const struct command *cmd, int argc, char **argv)
{
	optind = 1;
	for (int c; (c = getopt(argc, argv, cmd->options)) != -1; given[c] = true) {
		if (c == 'h' || c == '?')
			exit(usage(cmd, c == '?'));
		if (c == 'n')
			count = atoi(optarg);
	}
	if (argc - optind < cmd->min)
		exit(usage(cmd, 1));
	return optind;
}

/* The command for all its keys. */
static int run(const struct command *cmd, struct xs *xs, uint32_t tx, int argc, char **argv)
{
	int rc = 0;

	for (int i = 0; i < argc && !rc; i += cmd->step ? cmd->step : argc) {
		int n = cmd->step && cmd->step < argc - i ? cmd->step : argc - i;

		rc = cmd->fn(xs, tx, n, argv + i);
		if (rc && rc != -EAGAIN && cmd->failure)
			log_err("%s %s", cmd->failure, argv[i]);
	}
	return rc;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

int xenstore_main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	static char *root[] = { "/", NULL };
	const struct command *cmd;
	struct xs *xs;
	int rc, first;

	if (!strcmp(name, "xenstore")) {
		argv++;
		argc--;
		name = argc > 0 ? argv[0] : "";
	} else {
		name += strlen("xenstore-");
	}
	cmd = find_command(name);
	if (!cmd)
		return usage(NULL, strcmp(name, "-h") && strcmp(name, "--help"));
	snprintf(prog, sizeof(prog), "xenstore-%s", cmd->name);
	log_init(prog, LOG_LVL_INFO);
	first = parse_options(cmd, argc, argv);
	argv = first < argc ? argv + first : root;
	argc = first < argc ? argc - first : 1;
	xs = xs_open();
	if (!xs)
		die("cannot connect to xenstored: %s (is it started? try: xencommons start)",
		    strerror(errno));
	do {
		uint32_t tx = cmd->tx ? xs_transaction_start(xs) : 0;

		rc = cmd->tx && !tx ? -errno : run(cmd, xs, tx, argc, argv);
		if (tx) {
			int end = xs_transaction_end(xs, tx, rc != 0);

			rc = rc ? rc : end;
		}
	} while (rc == -EAGAIN);
	xs_close(xs);
	if (rc && cmd->fn == do_control)
		log_err("%s: %s", argv[0], strerror(-rc));
	return rc ? 1 : 0;
}
