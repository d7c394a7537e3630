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
#include "xl/json.h"

#define CONSOLE_MS 30000

/* The words are one file and settings, in any order; settings move to the front. */
static int read_config(const struct args *a, struct config *c)
{
	const char *file = a->opt['f'];
	struct file text = { 0 };
	struct err e;
	int rc, nr_words = 0;

	for (int i = 0; i < a->n; i++) {
		if (strchr(a->arg[i], '=')) {
			a->arg[nr_words++] = a->arg[i];
		} else if (file) {
			fail("xl: `%s' is neither an option nor key=value", a->arg[i]);
			return EXIT_USAGE;
		} else {
			file = a->arg[i];
		}
	}
	if (!file && !nr_words) {
		fail("Config file not specified: xl create FILE [key=value ...]");
		return EXIT_NO_CONFIG;
	}
	rc = file ? file_read(&text, file, CFG_MAX_BYTES, false, "Failed to read config file", &e)
		  : 0;
	if (rc) {
		fail("%s", e.msg);
		return EXIT_CREATE;
	}
	if (!a->opt['q'])
		fprintf(stderr, "Parsing config from %s\n", file ? file : "the command line");
	rc = config_parse(c, file ? file : "command line", text.len ? text.data : "", text.len,
			  a->arg, nr_words, stderr, &e);
	file_free(&text);
	return rc ? fail("%s", e.msg) : 0;
}

static bool introduced(const void *domid)
{
	hyp_dominfo info;

	return xs_is_introduced(xstore(), *(const uint32_t *)domid) ||
	       hv_domain_info(*(const uint32_t *)domid, &info);
}

/* Runs xenconsole in this process; comes back only if that is impossible. */
static int run_console(uint32_t domid, const char *type, const char *num, int notify)
{
	const char *argv[] = {
		"xenconsole",	     "--type",		 type, "--num", num, strf("%u", domid),
		"--start-notify-fd", strf("%d", notify), NULL
	};

	optind = 1;
	return xenconsole_main(notify < 0 ? 6 : 8, (char **)argv);
}

/* A child of ours: it has no part in the claim, and the connections of the parent are not its. */
static pid_t start_child(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		fprintf(stderr, "xl: fork: %s\n", strerror(errno));
	if (!pid) {
		stop_now();
		claim_leave();
		store_reopen();
	}
	return pid;
}

/* The console in a child, which has been connected, or has given up, when this returns. */
static pid_t start_console(uint32_t domid)
{
	int ready[2];
	pid_t pid;
	char c;

	if (pipe(ready))
		return -1;
	pid = start_child();
	if (!pid) {
		close(ready[0]);
		/* exit() gives the terminal its mode back */
		exit(run_console(domid, "pv", "0", ready[1]));
	}
	close(ready[1]);
	while (pid > 0 && read(ready[0], &c, 1) < 0 && errno == EINTR)
		;
	close(ready[0]);
	return pid;
}

static int leave_watcher(struct config *c, uint32_t domid)
{
	pid_t pid = start_child();

	if (!pid)
		_exit(hyp_reopen() ? EXIT_FAILURE : life_watch(c, domid, true));
	return pid < 0 ? -EAGAIN : 0;
}

/* The guest, whole and running, its watcher and the console @console, if they are wanted. */
static int make(const struct args *a, struct config *c, uint32_t *domid, pid_t *console)
{
	struct err e;
	int rc = dom_create(c, domid, &e);

	if (rc) {
		fprintf(stderr, "xl: %s\n", e.msg);
		return rc;
	}
	/* The console is attached before the first instruction, so that it misses no line. */
	if (a->opt['c'])
		*console = start_console(*domid);
	if (!a->opt['e'] && !a->opt['F'])
		rc = leave_watcher(c, *domid);
	if (!rc && !a->opt['p'])
		rc = HV_DOMCTL(*domid, unpausedomain);
	if (dom_result("starting", *domid, rc))
		dom_destroy(*domid);
	claim_drop();
	return rc;
}

static int start(const struct args *a, struct config *c)
{
	pid_t console = 0;
	uint32_t domid;
	int rc;

	progress_on(a->opt['q']);
	rc = xencommons_start();
	if (rc)
		return EXIT_CREATE;
	rc = make(a, c, &domid, &console);
	stop_now();
	if (!rc && a->opt['F'])
		rc = life_watch(c, domid, false);
	if (console > 0)
		waitpid(console, NULL, 0);
	return rc ? EXIT_CREATE : 0;
}

int cmd_create(const struct args *a)
{
	struct config c = { 0 };
	struct err e;
	int rc;

	stop_later(); /* before the first word: nobody may read it */
	rc = read_config(a, &c);
	if (!rc && a->opt['n']) {
		dom_fill_in(&c, &e);
		json_print(stdout, config_json(&c, false));
	} else if (!rc) {
		rc = hyp_open() ? EXIT_FAILURE : start(a, &c);
	}
	config_free(&c);
	return rc;
}

int cmd_console(const struct args *a)
{
	const char *type = a->opt['t'] ? a->opt['t'] : "pv";

	if (strcmp(type, "pv") && strcmp(type, "vuart")) {
		fail("xl: consoles are of type pv or vuart");
		return EXIT_USAGE;
	}
	if (!a->domid)
		return fail("Can't specify Domain-0");
	/* A guest that is being made (or made again) has a name before it has a console. */
	wait_until("@introduceDomain", introduced, &a->domid, CONSOLE_MS);
	return run_console(a->domid, type, a->opt['n'] ? a->opt['n'] : "0", -1);
}
