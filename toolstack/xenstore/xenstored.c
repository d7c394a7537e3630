// SPDX-License-Identifier: GPL-2.0-only
/*
 * The daemon's main program: options, start, loop. Options are those of stock xenstored, so that
 * init scripts work; those about its database file are accepted and mean nothing here, for the
 * store lives in memory.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "lib/applet.h"
#include "lib/daemon.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/program.h"
#include "xenstore/daemon.h"

#define TURNS 16 /* requests between two looks at epoll */

static bool stop;

static struct {
	const char *pid_file, *trace;
	bool no_fork, output_pid, no_domains, verbose, check_state;
} opt;

static void set_quota(const char *arg)
{
	const char *eq = strchr(arg, '=');

	if (!eq || !quota_set(arg, eq - arg, program_number(eq + 1)))
		die("no such quota: %s (see --help)", arg);
}

static const struct option_row options[] = {
	{ 'N', "no-fork", NULL, "stay in the foreground", .flag = &opt.no_fork },
	{ 'D', "no-domain-init", NULL, "no connection to the kernel nor to guests: only the socket",
	  .flag = &opt.no_domains },
	{ 'F', "pid-file", "FILE", "write the process id here", .text = &opt.pid_file },
	{ 'P', "output-pid", NULL, "print the process id", .flag = &opt.output_pid },
	{ 'T', "trace-file", "FILE", "write a line per request", .text = &opt.trace },
	{ 'V', "verbose", NULL, "say more", .flag = &opt.verbose },
	{ 'E', "entry-nb", "N", "quota: nodes that a guest owns (0: no limit, here and below)",
	  .number = &store.quota[Q_NODES] },
	{ 'S', "entry-size", "BYTES", "quota: value, permissions and names of children of a node",
	  .number = &store.quota[Q_NODE_SIZE] },
	{ 'W', "watch-nb", "N", "quota: watches", .number = &store.quota[Q_WATCHES] },
	{ 't', "transaction", "N", "quota: transactions open at once",
	  .number = &store.quota[Q_TXS] },
	{ 'A', "perm-nb", "N", "quota: permissions of a node", .number = &store.quota[Q_PERMS] },
	{ 'M', "path-max", "BYTES", "quota: length of a path", .number = &store.quota[Q_PATH] },
	{ 'Q', "quota", "NAME=N",
	  "any quota by its name; xenstore-control quota lists names and values", .fn = set_quota },
	{ 'H', "help", NULL, "this text" },
	/* Stock options about things that do not exist here. */
	{ 'R', "no-recovery" },
	{ 'I', "internal-db", "[X]" },
	{ 'K', "keep-orphans" },
	{ 'q', "quota-soft", "X" },
	{ 'w', "timeout", "X" },
	/* Asked before a live update: could this program take over? */
	{ 0x100, "check-state", .flag = &opt.check_state },
	{ 0 }
};

static const struct program program = { "xenstored [OPTION...]", options };

int64_t store_now(void)
{
	return loop_now();
}

static void on_signal(int sig)
{
	if (sig != SIGHUP)
		stop = true;
}

static void begin(const char *dir, const char *path)
{
	int rc;

	if (make_dirs(dir, 0755))
		die("cannot make %s", dir);
	rc = opt.no_domains ? 0 : ring_init(-1, 0);
	if (rc)
		die("/dev/xen/evtchn: %s (is this Dom0, and the module xen-evtchn loaded?)",
		    strerror(-rc));
	rc = opt.no_domains ? 0 : ring_connect_dom0();
	if (rc)
		die("cannot connect to Dom0's kernel: %s (/dev/xen/xenbus_backend is needed)",
		    strerror(-rc));
	rc = sock_listen(path);
	if (rc)
		die("%s: %s", path, strerror(-rc));
}

static void run(char **argv)
{
	while (!stop) {
		for (int i = 0; i < TURNS && store_turn(); i++)
			;
		sock_update();
		ring_idle();
		if (live_pending)
			live_run(argv);
		loop_once(store_hold_ms());
	}
}

int xenstored_main(int argc, char **argv)
{
	const char *dir = getenv("XENSTORED_RUNDIR");
	char path[100];
	int rc, state = live_state();

	log_init("xenstored", LOG_LVL_INFO);
	for (int i = 0; i < Q_COUNT; i++)
		store.quota[i] = quotas[i].initial;
	if (program_options(&program, argc, argv) < argc)
		die("unexpected argument: %s", argv[optind]);
	dir = dir ? dir : "/var/run/xenstored";
	if (snprintf(path, sizeof(path), "%s/socket", dir) >= (int)sizeof(path))
		die("path too long: %s", dir);
	if (getrandom(&store.seed, sizeof(store.seed), 0) != sizeof(store.seed))
		store.seed = (uint32_t)getpid() * 2654435761u;
	if (store_init(store.seed))
		die("out of memory");
	if (opt.check_state)
		return live_restore(state, true) ? 1 : LIVE_CAN;
	log_init("xenstored", opt.verbose ? LOG_LVL_DEBUG : LOG_LVL_INFO);
	/* A live update goes on in the process that is there, and must not fail for a file. */
	daemon_start(state < 0 ? opt.pid_file : NULL, state < 0 && !opt.no_fork, on_signal);
	store.trace = opt.trace ? fopen(opt.trace, "ae") : NULL;
	if (store.trace)
		setvbuf(store.trace, NULL, _IOLBF, 4096);
	else if (opt.trace && state < 0)
		die("%s: %s", opt.trace, strerror(errno));
	if (state >= 0) {
		rc = live_restore(state, false);
		if (rc)
			die("live update: %s", strerror(-rc));
	} else {
		begin(dir, path);
	}
	if (opt.output_pid)
		printf("%d\n", (int)getpid());
	daemon_ready(!opt.no_fork);
	run(argv);
	unlink(path);
	if (opt.pid_file)
		unlink(opt.pid_file);
	return 0;
}
