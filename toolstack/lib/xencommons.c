// SPDX-License-Identifier: GPL-2.0-only
/*
 * `xencommons start|stop|status`: what a boot script does once in Dom0. Modules and /proc/xen if
 * they are missing, the two daemons if they do not run (ours or stock ones), Dom0's own entries in
 * the store.
 */
#include <errno.h>
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
#include "lib/program.h"
#include "xenstore/client.h"

#define XENSTORED_PID "/var/run/xen/xenstored.pid"
#define CONSOLED_PID "/var/run/xen/xenconsoled.pid"

static pid_t store_pid(void)
{
	pid_t pid = daemon_running(XENSTORED_PID);

	/* where stock scripts put it */
	return pid ? pid : daemon_running("/var/run/xenstored.pid");
}

static pid_t console_pid(void)
{
	pid_t pid = daemon_running(CONSOLED_PID);

	return pid ? pid : daemon_running("/var/run/xenconsoled.pid");
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
			run_program(argv);
	}
	if (access("/proc/xen/capabilities", F_OK))
		mount("xenfs", "/proc/xen", "xenfs", 0, NULL);
	/* Guests' terminals: without devpts there is no console. */
	if (access("/dev/pts/ptmx", F_OK)) {
		make_dirs("/dev/pts", 0755);
		mount("devpts", "/dev/pts", "devpts", 0, "gid=5,mode=620,ptmxmode=666");
	}
}

static int start_program(const char *name, const char *pid_file, const char *more)
{
	char *argv[] = { (char *)name, "--pid-file", (char *)pid_file, (char *)more, NULL };
	int rc = run_file("/proc/self/exe", argv);

	if (rc)
		log_err("%s did not start (%d); its messages are above or in syslog", name, rc);
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
	int rc = xs ? 0 : -errno;

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
	int rc = 0;

	load_modules();
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (make_dirs(dirs[i], 0755))
			log_warn("cannot make %s: %s", dirs[i], strerror(errno));
	if (!store_pid())
		rc = start_program("xenstored", XENSTORED_PID, NULL);
	if (!rc)
		rc = write_dom0();
	if (!rc && !console_pid())
		rc = start_program("xenconsoled", CONSOLED_PID, "--log=guest");
	return rc;
}

static int stop(void)
{
	pid_t pid = console_pid();

	/* The store keeps running, as in stock: guests and the kernel's back-ends hold on to it. */
	if (pid && kill(pid, SIGTERM)) {
		log_err("xenconsoled (%d): %s", (int)pid, strerror(errno));
		return 1;
	}
	if (store_pid())
		printf("xenstored goes on: guests and the kernel depend on it\n");
	return 0;
}

static int status(void)
{
	pid_t s = store_pid(), c = console_pid();

	printf("xenstored   %s", s ? "runs" : "does not run");
	printf(s ? ", pid %d\n" : "\n", (int)s);
	printf("xenconsoled %s", c ? "runs" : "does not run");
	printf(c ? ", pid %d\n" : "\n", (int)c);
	return s && c ? 0 : 3;
}

static const struct option_row no_options[] = { { 0 } };
const struct program xencommons_program = {
	"xencommons",
	8,
	"start, stop or show the daemons of Dom0",
	"xencommons start|stop|status",
	"start loads the kernel's modules and mounts /proc/xen and /dev/pts if they are missing, "
	"makes the folders that the "
	"tools need, starts xenstored and xenconsoled if they do not run (also the stock ones "
	"count), and writes Dom0's name "
	"and number into the store. xl does all this by itself when it is needed.\n\n"
	"stop ends xenconsoled. xenstored goes on, for guests and the kernel hold on to it; use "
	"xenstore-control live-update to "
	"replace it.\n\nstatus prints what runs; its exit status is 0 if both do, else 3.",
	no_options,
	XENSTORED_PID "\n" CONSOLED_PID,
	"xenstored(8), xenconsoled(8), xl(1)",
};

int xencommons_main(int argc, char **argv)
{
	log_init("xencommons", LOG_LVL_INFO);
	if (argc == 2 && !strcmp(argv[1], "start"))
		return xencommons_start() ? 1 : 0;
	if (argc == 2 && !strcmp(argv[1], "stop"))
		return stop();
	if (argc == 2 && !strcmp(argv[1], "status"))
		return status();
	program_usage(&xencommons_program,
		      argc == 2 && !strcmp(argv[1], "--help") ? stdout : stderr);
	return argc == 2 && !strcmp(argv[1], "--help") ? 0 : 1;
}
