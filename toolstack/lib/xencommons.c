// SPDX-License-Identifier: GPL-2.0-only
/*
 * `xencommons start|stop|status`: what a boot script does once in Dom0. Modules and /proc/xen if
 * they are missing, the two daemons if they do not run (ours or stock ones), Dom0's own entries in
 * the store.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/applet.h"
#include "lib/daemon.h"
#include "lib/log.h"
#include "xenstore/client.h"

static const struct daemon {
	const char *name, *pid_file, *stock_file; /* the latter is where Debian's scripts put it */
	const char *option;
} store = { "xenstored", "/var/run/xen/xenstored.pid", "/var/run/xenstore.pid" },
  console = { "xenconsoled", "/var/run/xen/xenconsoled.pid", "/var/run/xenconsoled.pid",
	      "--log=guest" };

static pid_t pid_of(const struct daemon *d)
{
	return daemon_running(d->pid_file, d->name) ?: daemon_running(d->stock_file, d->name);
}

static void load_modules(void)
{
	static const struct {
		const char *dev, *module;
	} need[] = {
		{ "/dev/xen/evtchn", "xen-evtchn" },	 { "/dev/xen/gntdev", "xen-gntdev" },
		{ "/dev/xen/gntalloc", "xen-gntalloc" }, { "/dev/xen/privcmd", "xen-privcmd" },
		{ "/proc/xen/capabilities", "xenfs" },
	};

	for (size_t i = 0; i < sizeof(need) / sizeof(need[0]); i++) {
		char *argv[] = { "modprobe", "-q", (char *)need[i].module, NULL };

		if (access(need[i].dev, F_OK))
			run_file(argv[0], argv);
	}
	if (access("/proc/xen/capabilities", F_OK))
		mount("xenfs", "/proc/xen", "xenfs", 0, NULL);
	/* Guests' terminals: without devpts there is no console. */
	if (access("/dev/pts/ptmx", F_OK)) {
		make_dirs("/dev/pts", 0755);
		mount("devpts", "/dev/pts", "devpts", 0, "gid=5,mode=620,ptmxmode=666");
	}
}

static int start(const struct daemon *d)
{
	char *argv[] = { (char *)d->name, "--pid-file", (char *)d->pid_file, (char *)d->option,
			 NULL };
	int rc = pid_of(d) ? 0 : run_file("/proc/self/exe", argv);

	rc = rc && pid_of(d) ? 0 : rc; /* somebody else was faster */
	if (rc)
		log_err("%s did not start (%d); its messages are above or in syslog", d->name, rc);
	return rc ? -EIO : 0;
}

static int write_dom0(void)
{
	static const struct {
		const char *path, *value;
	} keys[] = {
		{ "/local/domain/0/domid", "0" },
		{ "/local/domain/0/name", "Domain-0" },
		{ "/local/pool/0/name", "Pool-0" },
	};
	struct xs *xs = xs_open();
	int rc;

	for (int i = 0; !xs && i < 100; i++, xs = xs_open()) /* one that just starts */
		poll(NULL, 0, 50);
	rc = xs ? 0 : -errno;

	for (size_t i = 0; !rc && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (xs_exists(xs, 0, keys[i].path) != 1)
			rc = xs_write(xs, 0, keys[i].path, keys[i].value, strlen(keys[i].value));
	xs_close(xs);
	if (rc)
		log_err("cannot write Dom0's entries: %s", strerror(-rc));
	return rc;
}

int xencommons_start(void)
{
	static const char *const dirs[] = { "/var/run/xen", "/var/run/xenstored",
					    "/var/log/xen/console", "/var/lib/xen/dump",
					    "/var/lock" };

	load_modules();
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (make_dirs(dirs[i], 0755))
			log_warn("cannot make %s: %s", dirs[i], strerror(errno));
	return start(&store) ?: write_dom0() ?: start(&console);
}

static int stop(void)
{
	pid_t pid = pid_of(&console);

	/* The store keeps running, as in stock: guests and the kernel's back-ends hold on to it. */
	if (pid && kill(pid, SIGTERM)) {
		log_err("xenconsoled (%d): %s", (int)pid, strerror(errno));
		return 1;
	}
	/* A start that follows must not take it for one that runs. */
	for (int i = 0; pid && pid_of(&console) == pid && i < 200; i++)
		usleep(50000);
	if (pid_of(&store))
		printf("xenstored goes on: guests and the kernel depend on it\n");
	return 0;
}

static bool status(const struct daemon *d)
{
	pid_t pid = pid_of(d);

	printf("%-11s %s", d->name, pid ? "runs" : "does not run");
	printf(pid ? ", pid %d\n" : "\n", (int)pid);
	return pid;
}

int xencommons_main(int argc, char **argv)
{
	const char *word = argc == 2 ? argv[1] : "";
	bool help = !strcmp(word, "--help");

	log_init("xencommons", LOG_LVL_INFO);
	if (!strcmp(word, "start"))
		return xencommons_start() ? 1 : 0;
	if (!strcmp(word, "stop"))
		return stop();
	if (!strcmp(word, "status"))
		return status(&store) + status(&console) == 2 ? 0 : 3;
	fprintf(help ? stdout : stderr, "Usage: xencommons start|stop|status\n");
	return !help;
}
