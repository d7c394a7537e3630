// SPDX-License-Identifier: GPL-2.0-only
/*
 * The daemon's main program: options, start, loop. Options are those of stock xenstored, so that init scripts work;
 * those about its database file are accepted and mean nothing here, for the store lives in memory.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/applet.h"
#include "lib/daemon.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "xenstore/daemon.h"

#define TURNS 64			/* requests between two looks at epoll */

static volatile sig_atomic_t stop;

static struct {
	const char *pid_file, *trace;
	bool no_fork, output_pid, no_domains, verbose;
	int live_fd, check_fd;
} opt = { .live_fd = -1, .check_fd = -1 };

/* As stock, where stock has the quota. */
static const uint32_t quota_defaults[Q_COUNT] = {
	[Q_NODES] = 1000, [Q_NODE_SIZE] = 2048, [Q_WATCHES] = 128, [Q_TXS] = 10, [Q_TX_NODES] = 1024, [Q_PERMS] = 5,
	[Q_PATH] = XENSTORE_REL_PATH_MAX, [Q_DEPTH] = 128, [Q_OUTSTANDING] = 20, [Q_MEMORY] = 2 << 20,
};

static const struct option long_options[] = {
	{ "no-domain-init", 0, NULL, 'D' }, { "entry-nb", 1, NULL, 'E' }, { "pid-file", 1, NULL, 'F' },
	{ "help", 0, NULL, 'H' }, { "no-fork", 0, NULL, 'N' }, { "output-pid", 0, NULL, 'P' },
	{ "entry-size", 1, NULL, 'S' }, { "trace-file", 1, NULL, 'T' }, { "transaction", 1, NULL, 't' },
	{ "perm-nb", 1, NULL, 'A' }, { "path-max", 1, NULL, 'M' }, { "quota", 1, NULL, 'Q' },
	{ "quota-soft", 1, NULL, 'q' }, { "timeout", 1, NULL, 'w' }, { "no-recovery", 0, NULL, 'R' },
	{ "internal-db", 2, NULL, 'I' }, { "keep-orphans", 0, NULL, 'K' }, { "verbose", 0, NULL, 'V' },
	{ "watch-nb", 1, NULL, 'W' }, { "live-update", 1, NULL, 'U' }, { "check-state", 1, NULL, 'C' }, { NULL },
};

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: xenstored [OPTION...]\n"
		"  -N, --no-fork            stay in the foreground\n"
		"  -D, --no-domain-init     no rings: only the socket\n"
		"  -F, --pid-file FILE      write the process id here\n"
		"  -P, --output-pid         print the process id\n"
		"  -T, --trace-file FILE    write a line per request\n"
		"  -V, --verbose            say more\n"
		"Limits per guest (0: none):\n"
		"  -E, --entry-nb N   -S, --entry-size BYTES   -W, --watch-nb N   -t, --transaction N\n"
		"  -A, --perm-nb N    -M, --path-max BYTES     -Q, --quota NAME=N\n"
		"  quotas:");
	for (int i = 0; i < Q_COUNT; i++)
		fprintf(to, " %s=%u", quota_names[i], quota_defaults[i]);
	fprintf(to, "\nAccepted for stock scripts, without effect: -R -I -K -q -w\n");
}

static uint32_t number(const char *s)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);

	if (*end || end == s || v > UINT32_MAX)
		die("not a number: %s", s);
	return v;
}

static void set_quota(const char *arg)
{
	const char *eq = strchr(arg, '=');

	for (int i = 0; eq && i < Q_COUNT; i++) {
		if (strlen(quota_names[i]) == (size_t)(eq - arg) && !strncmp(quota_names[i], arg, eq - arg)) {
			store.quota[i] = number(eq + 1);
			return;
		}
	}
	die("no such quota: %s (see --help)", arg);
}

static void parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "DE:F:HNPS:T:t:A:M:Q:q:w:RI::KVW:U:", long_options, NULL)) != -1) {
		switch (c) {
		case 'D': opt.no_domains = true; break;
		case 'E': store.quota[Q_NODES] = number(optarg); break;
		case 'F': opt.pid_file = optarg; break;
		case 'H': usage(stdout); exit(0);
		case 'N': opt.no_fork = true; break;
		case 'P': opt.output_pid = true; break;
		case 'S': store.quota[Q_NODE_SIZE] = number(optarg); break;
		case 'T': opt.trace = optarg; break;
		case 't': store.quota[Q_TXS] = number(optarg); break;
		case 'A': store.quota[Q_PERMS] = number(optarg); break;
		case 'M': store.quota[Q_PATH] = number(optarg); break;
		case 'Q': set_quota(optarg); break;
		case 'V': opt.verbose = true; break;
		case 'W': store.quota[Q_WATCHES] = number(optarg); break;
		case 'U': opt.live_fd = number(optarg); break;
		case 'C': opt.check_fd = number(optarg); break;
		case 'q': case 'w': case 'R': case 'I': case 'K': break;
		default: usage(stderr); exit(1);
		}
	}
	if (optind < argc)
		die("unexpected argument: %s", argv[optind]);
}

static void on_signal(int sig)
{
	stop = 1;
}

static void begin(const char *dir, const char *path)
{
	int rc;

	if (make_dirs(dir, 0755))
		die("cannot make %s", dir);
	if (store_init(store.seed))
		die("out of memory");
	rc = opt.no_domains ? 0 : ring_init(-1, 0);
	if (rc)
		die("/dev/xen/evtchn: %s (is this Dom0, and the module xen-evtchn loaded?)", strerror(-rc));
	rc = opt.no_domains ? 0 : ring_connect_dom0();
	if (rc)
		die("cannot connect to Dom0's kernel: %s (/dev/xen/xenbus_backend or a mounted /proc/xen is needed)",
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
	int rc;

	log_init("xenstored", LOG_LVL_INFO);
	memcpy(store.quota, quota_defaults, sizeof(quota_defaults));
	parse_options(argc, argv);
	dir = dir ? dir : "/var/run/xenstored";
	if (snprintf(path, sizeof(path), "%s/socket", dir) >= (int)sizeof(path))
		die("path too long: %s", dir);
	store.now = loop_now;
	store.hooks = ring_hooks;
	if (getrandom(&store.seed, sizeof(store.seed), 0) != sizeof(store.seed))
		store.seed = (uint32_t)getpid() * 2654435761u;
	if (opt.check_fd >= 0)
		return live_restore(opt.check_fd, true) ? 1 : 0;
	log_init("xenstored", opt.verbose ? LOG_LVL_DEBUG : LOG_LVL_INFO);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	umask(022);
	if (opt.live_fd < 0 && !opt.no_fork)
		daemon_fork();
	if (opt.pid_file) {
		rc = daemon_pidfile(opt.pid_file);
		if (rc)
			die("%s: %s", opt.pid_file, rc == -EEXIST ? "another xenstored runs" : strerror(-rc));
	}
	if (opt.trace) {
		store.trace = fopen(opt.trace, "a");
		if (!store.trace)
			die("%s: %s", opt.trace, strerror(errno));
		setvbuf(store.trace, NULL, _IOLBF, 4096);
	}
	if (opt.live_fd >= 0) {
		rc = live_restore(opt.live_fd, false);
		if (rc)
			die("live update: %s", strerror(-rc));
	} else {
		begin(dir, path);
	}
	if (opt.output_pid)
		printf("%d\n", (int)getpid());
	if (!opt.no_fork)
		log_to_syslog();
	daemon_ready();
	run(argv);
	unlink(path);
	if (opt.pid_file)
		unlink(opt.pid_file);
	return 0;
}
