// SPDX-License-Identifier: GPL-2.0-only
/*
 * The console daemon's main program: options (as stock xenconsoled), the store's watches, the
 * socket for viewers, the hypervisor's log.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "console/guest.h"
#include "console/viewer.h"
#include "lib/applet.h"
#include "lib/daemon.h"
#include "lib/hv.h"
#include "lib/log.h"
#include "lib/program.h"
#include "lib/unix.h"

static bool stop, reopen;

static struct {
	const char *pid_file;
	bool interactive, verbose, log_hv, stamp_hv;
} opt;
static struct loop_fd store_lf, listener;
static struct conlog hv_log;
static uint32_t hv_port, hv_index;

/* The store's entries of its consoles: the token says whose. */
static void watch_domain(uint16_t domid, int (*watch)(struct xs *, const char *, const char *))
{
	for (int k = 0; k < N_KINDS; k++) {
		char path[64], token[32];

		snprintf(path, sizeof(path), "/local/domain/%u/%s", domid, con_kinds[k].path);
		snprintf(token, sizeof(token), "%u %d", domid, k);
		watch(con_xs, path, token);
	}
}

static void find_new(void)
{
	size_t n;
	char **ids = xs_directory(con_xs, 0, "/local/domain", &n);

	for (size_t i = 0; ids && i < n; i++) {
		long domid = strtol(ids[i], NULL, 10);
		bool ok = true;

		if (domid <= 0 || domid >= DOMID_FIRST_RESERVED ||
		    guest_find(domid, &con_kinds[0]) || xs_is_introduced(con_xs, domid) != 1)
			continue;
		for (int k = N_KINDS - 1; ok && k >= 0; k--)
			ok = guest_new(domid, &con_kinds[k]);
		if (ok)
			watch_domain(domid, xs_watch);
	}
	free(ids);
}

static void find_gone(void)
{
	struct guest *g, *next;

	for (g = guests; g; g = next) {
		next = g->next;
		if (g->closing || xs_is_introduced(con_xs, g->domid) != 0)
			continue;
		if (g->kind == &con_kinds[0])
			watch_domain(g->domid, xs_unwatch);
		guest_gone(g);
	}
}

static void store_ready(struct loop_fd *lf, uint32_t events)
{
	static struct xs_event ev;
	int rc;

	while ((rc = xs_next_event(con_xs, &ev, 0)) == 1) {
		struct guest *g = NULL;
		unsigned int domid, kind;

		if (sscanf(ev.token, "%u %u", &domid, &kind) == 2 && kind < N_KINDS)
			g = guest_find(domid, &con_kinds[kind]);
		if (g)
			guest_update(g);
		if (!strcmp(ev.token, "release"))
			find_gone();
		if (ev.path[0] == '@')
			find_new();
	}
	if (rc < 0)
		die("lost xenstored: %s", strerror(-rc));
}

static void read_hypervisor(void)
{
	char buf[4096];
	int n;

	while ((n = hv_read_console(buf, sizeof(buf), &hv_index)) > 0)
		conlog_write(&hv_log, buf, n);
}

static void port_fired(uint32_t port)
{
	if (guest_event(port) || port != hv_port)
		return;
	/* First this: what comes while we read fires again. */
	port_unmask(port);
	read_hypervisor();
}

/* A viewer says what it wants. */
static void hello_ready(struct loop_fd *lf, uint32_t events)
{
	struct viewer *v = (struct viewer *)lf;
	struct viewer_hello hello;
	struct guest *g = NULL;
	ssize_t n = read(lf->fd, &hello, sizeof(hello)); /* written in one piece */

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	for (int k = 0; k < N_KINDS && n == sizeof(hello); k++)
		if (!strncmp(hello.type, con_kinds[k].name, sizeof(hello.type)))
			g = guest_find(hello.domid, &con_kinds[k]);
	if (g && g->tty.lf.fd >= 0 && write(lf->fd, "", 1) == 1) {
		guest_add_viewer(g, v);
		return;
	}
	loop_del(lf);
	close(lf->fd);
	free(v);
}

static void accept_ready(struct loop_fd *lf, uint32_t events)
{
	int fd = loop_accept(lf, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct viewer *v = fd < 0 ? NULL : calloc(1, sizeof(*v));

	if (fd >= 0 && (!v || loop_add(&v->lf, fd, EPOLLIN, hello_ready))) {
		free(v);
		close(fd);
	}
}

static int listen_viewers(void)
{
	int fd = unix_listen(VIEWER_SOCKET);

	return fd < 0 ? fd : loop_add(&listener, fd, EPOLLIN, accept_ready);
}

/* Everything from the ring's begin, then what comes. */
static void log_hypervisor(void)
{
	int port = port_bind_virq(VIRQ_CON_RING);

	if (port < 0)
		log_warn("hypervisor.log ends here: VIRQ_CON_RING: %s", strerror(-port));
	else
		hv_port = port;
	conlog_open(&hv_log, con_opt.log_dir, "hypervisor", opt.stamp_hv);
	read_hypervisor();
}

static void which(const char *arg, bool *guest, bool *hv)
{
	*guest = !strcmp(arg, "guest") || !strcmp(arg, "all");
	*hv = !strcmp(arg, "hv") || !strcmp(arg, "all");
	if (!*guest && !*hv && strcmp(arg, "none"))
		die("not one of none, guest, hv, all: %s", arg);
}

static void set_log(const char *arg)
{
	which(arg, &con_opt.log_guest, &opt.log_hv);
}

static void set_stamp(const char *arg)
{
	which(arg, &con_opt.stamp_guest, &opt.stamp_hv);
}

static void say_version(const char *arg)
{
	puts("xenconsoled of Hospes");
	exit(0);
}

static const struct option_row options[] = {
	{ 'i', "interactive", NULL, "stay in the foreground", .flag = &opt.interactive },
	{ 'v', "verbose", NULL, "say more", .flag = &opt.verbose },
	{ 0x100, "log", "WHAT", "what to log: none (the default), guest, hv or all",
	  .fn = set_log },
	{ 0x101, "log-dir", "DIR", "where (default: /var/log/xen/console)",
	  .text = &con_opt.log_dir },
	{ 0x102, "log-size", "BYTES", "rotate a log at this size (default: 1048576; 0: never)",
	  .number = &conlog_size },
	{ 0x103, "log-keep", "N", "old logs to keep (default: 4)", .number = &conlog_keep },
	{ 't', "timestamp", "WHAT",
	  "time at the beginning of lines: none (the default), guest, hv or all", .fn = set_stamp },
	{ 0x104, "pid-file", "FILE", "write the process id here", .text = &opt.pid_file },
	{ 'V', "version", NULL, "say who this is", .fn = say_version },
	{ 'h', "help", NULL, "this text" },
	/* Stock options: history always pushes out the oldest, logs are always filtered. */
	{ 'o', "overflow-data", "X" },
	{ 0x105, "replace-escape" },
	{ 0 }
};

static const struct program program = { "xenconsoled [OPTION...]", options };

static void on_signal(int sig)
{
	if (sig == SIGHUP)
		reopen = true;
	else
		stop = true;
}

static void start(void)
{
	int rc;

	con_xs = xs_open();
	if (!con_xs)
		die("cannot connect to xenstored: %s", strerror(errno));
	rc = ports_open(-1, port_fired);
	if (rc)
		die("/dev/xen/evtchn: %s", strerror(-rc));
	if (make_dirs("/var/run/xen", 0755) ||
	    ((con_opt.log_guest || opt.log_hv) && make_dirs(con_opt.log_dir, 0755)))
		log_warn("cannot make my directories: %s", strerror(errno));
	rc = listen_viewers();
	if (rc)
		log_warn("%s: %s: only one viewer per guest, at its terminal", VIEWER_SOCKET,
			 strerror(-rc));
	if (opt.log_hv)
		log_hypervisor();
	if (xs_watch(con_xs, "@introduceDomain", "introduce") ||
	    xs_watch(con_xs, "@releaseDomain", "release") ||
	    loop_add(&store_lf, xs_fd(con_xs), EPOLLIN, store_ready))
		die("cannot watch the store");
}

int xenconsoled_main(int argc, char **argv)
{
	log_init("xenconsoled", LOG_LVL_INFO);
	program_options(&program, argc, argv);
	log_init("xenconsoled", opt.verbose ? LOG_LVL_DEBUG : LOG_LVL_INFO);
	daemon_start(opt.pid_file, !opt.interactive, on_signal);
	start();
	daemon_ready(!opt.interactive);
	while (!stop) {
		/* Events that arrived while a reply was awaited make no fd readable. */
		store_ready(&store_lf, 0);
		loop_once(-1);
		if (reopen) {
			reopen = false;
			conlog_reopen(&hv_log);
			for (struct guest *g = guests; g; g = g->next)
				conlog_reopen(&g->log);
		}
	}
	guest_save_all();
	unlink(VIEWER_SOCKET);
	if (opt.pid_file)
		unlink(opt.pid_file);
	return 0;
}
