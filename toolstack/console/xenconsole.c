// SPDX-License-Identifier: GPL-2.0-only
/*
 * The console client. With our daemon it is one of several viewers over a socket and sees what
 * nobody has seen yet; with a stock daemon it opens the guest's terminal as the stock client does.
 * Ends with the guest, or at the escape key.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "console/viewer.h"
#include "lib/applet.h"
#include "lib/daemon.h"
#include "lib/log.h"
#include "lib/program.h"
#include "lib/unix.h"
#include "xenstore/client.h"

#define WAIT_MS 10000 /* for the daemon to set up a new guest's console */

static struct termios saved;
static bool is_raw;

static void restore_terminal(void)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
	is_raw = false;
}

static void on_signal(int sig)
{
	restore_terminal();
	_exit(128 + sig);
}

static void raw_terminal(void)
{
	struct termios tio;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved))
		return;
	tio = saved;
	cfmakeraw(&tio);
	is_raw = true;
	atexit(restore_terminal);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &tio);
}

/*
 * >= 0: connected; -EAGAIN: the daemon does not know the console (yet); else there is no such
 * daemon.
 */
static int open_socket(int domid, const char *type)
{
	struct viewer_hello hello = { .domid = domid };
	int fd = unix_connect(VIEWER_SOCKET);
	char answer;

	if (fd < 0)
		return -ENOENT;
	strncpy(hello.type, type, sizeof(hello.type) - 1);
	if (write_all(fd, &hello, sizeof(hello)) && read(fd, &answer, 1) == 1)
		return fd;
	close(fd);
	return -EAGAIN;
}

/* The terminal that the daemon wrote into the store; one client at a time. */
static int open_tty(struct xs *xs, int domid, const char *type)
{
	char *tty = xs_readf(xs, 0, "/local/domain/%d/%s/tty", domid,
			     strcmp(type, "pv") ? "vuart/0" : "console");
	struct termios tio;
	char lock[64];
	int fd, locked;

	if (!tty || !tty[0]) {
		free(tty);
		return -EAGAIN;
	}
	snprintf(lock, sizeof(lock), "/var/lock/xenconsole-%s",
		 strrchr(tty, '/') ? strrchr(tty, '/') + 1 : tty);
	locked = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (locked >= 0 && flock(locked, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		die("somebody else is connected to this console");
	fd = open(tty, O_RDWR | O_NOCTTY | O_CLOEXEC);
	free(tty);
	if (fd < 0) { /* its daemon is gone: the next try must not find our own lock */
		close(locked);
		return -EAGAIN;
	}
	if (!tcgetattr(fd, &tio)) {
		cfmakeraw(&tio);
		tcsetattr(fd, TCSANOW, &tio);
	}
	return fd;
}

static int open_console(struct xs *xs, int domid, const char *type)
{
	struct timespec pause = { .tv_nsec = 50 * 1000000 };

	for (int waited = 0; waited < WAIT_MS; waited += 50) {
		int fd = open_socket(domid, type);

		if (fd < 0 && fd != -EAGAIN)
			fd = open_tty(xs, domid, type);
		if (fd >= 0)
			return fd;
		if (xs_is_introduced(xs, domid) != 1)
			die("there is no domain %d", domid);
		nanosleep(&pause, NULL);
	}
	die("domain %d has no console of type %s (is xenconsoled running? try: xencommons start)",
	    domid, type);
}

static int talk(int con, char escape)
{
	bool in_open = true;
	char buf[4096];

	for (;;) {
		struct pollfd p[2] = { { .fd = con, .events = POLLIN },
				       { .fd = in_open ? STDIN_FILENO : -1, .events = POLLIN } };
		ssize_t n;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return 1;
		if (p[0].revents) {
			n = read(con, buf, sizeof(buf));
			if (n <= 0 && errno != EINTR)
				return 0; /* the guest is gone */
			if (n > 0 && !write_all(STDOUT_FILENO, buf, n))
				return 1;
		}
		if (p[1].revents) {
			char *esc;

			n = read(STDIN_FILENO, buf, is_raw ? 64 : sizeof(buf));
			if (n <= 0) {
				in_open = false; /* go on showing */
				continue;
			}
			esc = memchr(buf, escape, n);
			if (!write_all(con, buf, esc ? esc - buf : n) || esc)
				return 0;
		}
	}
}

static const char *type = "pv", *escape = "^]";
static uint32_t notify = UINT32_MAX;
static const struct option_row options[] = {
	{ 't', "type", "TYPE", "pv (the default) or vuart", .text = &type },
	{ 'n', "num", "N", "accepted: a guest has one of each type" },
	{ 'e', "escape", "KEY", "leave with this key: a character, or ^ and a letter (default: ^])",
	  .text = &escape },
	{ 's', "start-notify-fd", "FD", "write a byte there once connected", .number = &notify },
	{ 'i', "interactive", NULL, "accepted: an interactive client is what this is" },
	{ 'h', "help", NULL, "this text" },
	{ 0 }
};

static const struct program program = { "xenconsole [OPTION...] DOMID", options };

int xenconsole_main(int argc, char **argv)
{
	int con, domid;
	struct xs *xs;

	log_init("xenconsole", LOG_LVL_INFO);
	if (program_options(&program, argc, argv) + 1 != argc) {
		program_usage(&program, stderr);
		return 1;
	}
	if (strcmp(type, "pv") && strcmp(type, "vuart"))
		die("not a type of console: %s", type);
	domid = program_number(argv[optind]) <= INT16_MAX ? atoi(argv[optind]) : 0;
	if (domid < 1 || domid >= 0x7ff0)
		die("not a domain number: %s", argv[optind]);
	xs = xs_open();
	if (!xs)
		die("cannot connect to xenstored: %s", strerror(errno));
	con = open_console(xs, domid, type);
	xs_close(xs);
	signal(SIGPIPE, SIG_IGN);
	raw_terminal();
	if (notify != UINT32_MAX) {
		if (write(notify, "", 1) != 1)
			log_dbg("start-notify-fd: %s", strerror(errno));
		close(notify);
	}
	return talk(con, escape[0] == '^' && escape[1] ? escape[1] & 0x1f : escape[0]);
}
