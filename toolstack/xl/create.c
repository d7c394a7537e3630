// SPDX-License-Identifier: GPL-2.0-only
/*
 * create.c - `xl create`, and `xl console` which it can end in.
 *
 * Owns no state.  Invariant: nothing is started before the configuration has been read and
 * judged; the foreground process ends only when the guest exists and its watcher runs.
 */
#include "xl/xl.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/applet.h"
#include "xl/cfg.h"
#include "xl/device.h"

#define CONSOLE_MS 30000
#define EXIT_CREATE 3 /* stock's code for a failed creation */

struct create_opts {
	const char *file;
	bool console, dryrun, paused, quiet, foreground, no_watch;
	char **extra;
	int nr_extra;
};

static int parse_opts(int argc, char **argv, struct create_opts *o)
{
	static const struct option longs[] = {
		{ "defconfig", required_argument, NULL, 'f' },
		{ "dryrun", no_argument, NULL, 'n' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ "ignore-global-affinity-masks", no_argument, NULL, 'i' },
		{ 0 },
	};
	int opt;

	memset(o, 0, sizeof(*o));
	optind = 1;
	while ((opt = getopt_long(argc, argv, "+cdeFf:hnpqi", longs, NULL)) != -1) {
		switch (opt) {
		case 'c': o->console = true; break;
		case 'e': o->no_watch = true; break;
		case 'F': o->foreground = true; break;
		case 'f': o->file = optarg; break;
		case 'n': o->dryrun = true; break;
		case 'p': o->paused = true; break;
		case 'q': o->quiet = true; break;
		case 'd':
		case 'i': break;
		case 'h': command_usage(stdout, command_find("create")); return 0;
		default: command_usage(stderr, command_find("create")); return 2;
		}
	}
	/* Options may also follow the file name, as people write them. */
	for (; optind < argc; optind++) {
		if (strchr(argv[optind], '=')) {
			o->extra = o->extra ? o->extra : argv + optind;
			argv[o->nr_extra + (int)(o->extra - argv)] = argv[optind];
			o->nr_extra++;
		} else if (!strcmp(argv[optind], "-c")) {
			o->console = true;
		} else if (!strcmp(argv[optind], "-p")) {
			o->paused = true;
		} else if (!strcmp(argv[optind], "-q")) {
			o->quiet = true;
		} else if (!strcmp(argv[optind], "-n")) {
			o->dryrun = true;
		} else if (!o->file) {
			o->file = argv[optind];
		} else {
			fprintf(stderr, "xl: `%s' is neither an option nor key=value\n",
				argv[optind]);
			return 2;
		}
	}
	return -1;
}

static int read_config(const struct create_opts *o, struct config *c)
{
	void *text = NULL;
	size_t len = 0;
	struct err e;
	int rc;

	if (!o->file && !o->nr_extra) {
		fprintf(stderr, "No config file given: xl create FILE [key=value ...]\n");
		return EXIT_CREATE;
	}
	rc = o->file ? file_read(o->file, CFG_MAX_BYTES, &text, &len, "config", &e) : 0;
	if (rc) {
		fprintf(stderr, "Failed to read config file: %s: %s\n", o->file, strerror(-rc));
		return EXIT_CREATE;
	}
	if (!o->quiet)
		fprintf(stderr, "Parsing config from %s\n", o->file ? o->file : "the command line");
	rc = config_parse(c, o->file ? o->file : "command line", text ? text : "", len, o->extra,
			  o->nr_extra, stderr, &e);
	free(text);
	if (rc) {
		fprintf(stderr, "%s\n", e.msg);
		return EXIT_FAILURE;
	}
	return 0;
}

/* A guest that is being made (or made again) has a name before it has a console. */
static void wait_console(uint32_t domid)
{
	int64_t end = now_ms() + CONSOLE_MS;
	struct xs_event ev;
	hyp_dominfo info;

	xs_watch(xstore(), "@introduceDomain", "console");
	while (xs_is_introduced(xstore(), domid) == 0 && !hyp_dom_info(domid, &info) &&
	       now_ms() < end)
		if (xs_next_event(xstore(), &ev, end - now_ms()) < 0)
			break;
	xs_unwatch(xstore(), "@introduceDomain", "console");
}

/* Runs xenconsole in this process; comes back only if that is impossible. */
static int run_console(uint32_t domid, const char *num)
{
	char id[16];
	char *argv[] = { "xenconsole", id, num ? "--num" : NULL, (char *)num, NULL };

	snprintf(id, sizeof(id), "%u", domid);
	optind = 1;
	return xenconsole_main(num ? 4 : 2, argv);
}

/* A child of ours in the background; the handles of the parent do not work in it. */
static int leave_watcher(struct config *c, uint32_t domid)
{
	pid_t pid = fork();

	if (pid < 0) {
		fprintf(stderr, "xl: fork: %s\n", strerror(errno));
		return -errno;
	}
	if (pid)
		return 0;
	claim_leave();
	store_reopen();
	if (hyp_reopen())
		_exit(EXIT_FAILURE);
	_exit(life_watch(c, domid, true));
}

static int start(const struct create_opts *o, struct config *c)
{
	uint32_t domid;
	struct err e;
	pid_t console = 0;
	int rc;

	progress_on(o->quiet);
	rc = xencommons_start();
	if (rc)
		return EXIT_CREATE;
	rc = dom_create(c, &domid, &e);
	if (rc) {
		fprintf(stderr, "xl: %s\n", e.msg);
		return EXIT_CREATE;
	}
	/* The console is attached before the first instruction, so that it misses no line. */
	if (o->console) {
		fflush(NULL);
		console = fork();
		if (!console) {
			claim_leave();
			store_reopen();
			/* exit() gives the terminal its mode back */
			exit(run_console(domid, NULL));
		}
	}
	if (!o->no_watch && !o->foreground)
		rc = leave_watcher(c, domid);
	if (!rc && !o->paused)
		rc = hyp_dom_op(domid, XEN_DOMCTL_unpausedomain);
	claim_drop();
	if (!rc && o->foreground)
		rc = life_watch(c, domid, false);
	if (console > 0)
		waitpid(console, NULL, 0);
	return rc ? EXIT_CREATE : 0;
}

int cmd_create(int argc, char **argv)
{
	struct create_opts o;
	struct config c = { 0 };
	struct err e;
	int rc = parse_opts(argc, argv, &o);

	if (rc >= 0)
		return rc;
	rc = read_config(&o, &c);
	if (!rc && o.dryrun) {
		dom_fill_in(&c, &e);
		config_json(stdout, &c, 0, false);
		putchar('\n');
	} else if (!rc) {
		rc = hyp_open() ? EXIT_FAILURE : start(&o, &c);
	}
	config_free(&c);
	return rc;
}

int cmd_console(int argc, char **argv)
{
	const char *num = NULL;
	uint32_t domid;
	int opt;

	optind = 1;
	while ((opt = getopt(argc, argv, "t:n:")) != -1) {
		if (opt == 'n') {
			num = optarg;
		} else if (opt != 't' || strcmp(optarg, "pv")) {
			fprintf(stderr, "xl: only consoles of type pv exist; the hypervisor "
					"emulates no UART\n");
			return 2;
		}
	}
	if (optind >= argc) {
		command_usage(stderr, command_find("console"));
		return 2;
	}
	if (dom_find(argv[optind], &domid))
		return EXIT_FAILURE;
	wait_console(domid);
	return run_console(domid, num);
}
