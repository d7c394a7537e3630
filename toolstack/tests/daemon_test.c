// SPDX-License-Identifier: GPL-2.0-only
/*
 * The real xenstored on this machine, without rings, through its real socket and our client:
 * several clients, a live update under open transactions and watches, one that fails, a client that
 * does not read, and the command line tools.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "xenstore/client.h"
#include "tests/check.h"

static char dir[] = "/tmp/xenstored-XXXXXX", files[64], pid_file[80], trace[80], exe[4096];
static pid_t daemon_pid;

static bool is(struct xs *xs, uint32_t tx, const char *path, const char *want)
{
	char *v = xs_read(xs, tx, path, NULL);
	bool ok = v && !strcmp(v, want);

	free(v);
	return ok;
}

static struct xs *open_soon(void)
{
	for (int i = 0; i < 300; i++) {
		struct xs *xs = xs_open();

		if (xs)
			return xs;
		usleep(20000);
	}
	printf("  no daemon\n");
	exit(1);
}

static void start(void)
{
	setenv("XENSTORED_RUNDIR", dir, 1);
	snprintf(files, sizeof(files), "%s/files", dir);
	snprintf(pid_file, sizeof(pid_file), "%s/pid", files);
	snprintf(trace, sizeof(trace), "%s/trace", files);
	mkdir(files, 0700);
	daemon_pid = fork();
	if (daemon_pid == 0) {
		execl(exe, "xenstored", "-N", "-D", "-F", pid_file, "-T", trace, NULL);
		_exit(127);
	}
	xs_close(open_soon());
}

static int live_update(struct xs *xs, const char *file)
{
	char *set[] = { "live-update", "-f", (char *)file }, *go[] = { "live-update", "-s" };
	char *a = xs_control(xs, 3, set), *b = a ? xs_control(xs, 2, go) : NULL;
	int rc = b ? 0 : -errno;

	free(a);
	free(b);
	return rc;
}

static void test_clients(void)
{
	struct xs *a = open_soon(), *b = open_soon();
	static struct xs_event ev;
	char name[64], **names;
	size_t n;

	CHECK(xs_watch(a, "/w", "tok") == 0 && xs_next_event(a, &ev, 1000) == 1 &&
	      !strcmp(ev.path, "/w"));
	CHECK(xs_write(b, 0, "/w/x", "42", 2) == 0 && is(a, 0, "/w/x", "42"));
	CHECK(xs_next_event(a, &ev, 1000) == 1 && !strcmp(ev.path, "/w/x") &&
	      !strcmp(ev.token, "tok"));
	CHECK(xs_next_event(a, &ev, 0) == 0 && xs_exists(a, 0, "/none") == 0);
	for (int i = 0; i < 800; i++) {
		snprintf(name, sizeof(name), "/dir/name-%05d", i);
		CHECK(xs_write(b, 0, name, "", 0) == 0);
	}
	names = xs_directory(a, 0, "/dir", &n);
	CHECK(names && n == 800 && !strcmp(names[799], "name-00799"));
	free(names);
	struct xs_perm p[2] = { { 0, XS_PERM_NONE }, { 7, XS_PERM_READ | XS_PERM_WRITE } },
		       *q = NULL;
	CHECK(xs_set_perms(a, 0, "/dir", p, 2) == 0 && (q = xs_get_perms(b, 0, "/dir", &n)) &&
	      n == 2 && q[1].domid == 7 && q[1].access == 3);
	free(q);
	xs_close(a);
	xs_close(b);
}

static void test_live_update(void)
{
	struct xs *a = open_soon(), *b = open_soon();
	static struct xs_event ev;
	uint32_t tx = xs_transaction_start(a);

	CHECK(xs_write(a, tx, "/lu/in", "1", 1) == 0 && xs_watch(b, "/lu", "t") == 0 &&
	      xs_next_event(b, &ev, 1000) == 1);
	for (int i = 0; i < 3; i++)
		CHECK(live_update(a, exe) == 0);
	CHECK(is(a, tx, "/lu/in", "1") && xs_exists(b, 0, "/lu/in") == 0);
	CHECK(xs_transaction_end(a, tx, false) == 0 && is(b, 0, "/lu/in", "1"));
	CHECK(xs_next_event(b, &ev, 1000) == 1 && !strcmp(ev.path, "/lu/in"));
	/* A program that is none: the old one goes on. */
	CHECK(live_update(a, "/bin/true") < 0 && is(a, 0, "/lu/in", "1"));
	CHECK(live_update(a, "/bin/false") < 0 && is(a, 0, "/lu/in", "1"));
	CHECK(live_update(a, "/nonexistent") < 0 && is(b, 0, "/lu/in", "1"));
	CHECK(live_update(a, exe) == 0 && kill(daemon_pid, 0) == 0 &&
	      waitpid(daemon_pid, NULL, WNOHANG) == 0);
	xs_close(a);
	xs_close(b);
}

/* Who takes over needs no file of the daemon's, and the lock that says that it lives stays taken.
 */
static void test_live_update_without_files(void)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct xs *a = open_soon();
	int fd = open(pid_file, O_RDWR);

	CHECK(fd >= 0 && !unlink(pid_file) && !unlink(trace) && !rmdir(files));
	CHECK(live_update(a, exe) == 0 && xs_exists(a, 0, "/tool") == 1);
	CHECK(fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK && l.l_pid == daemon_pid);
	close(fd);
	xs_close(a);
}

static void test_hostile_client(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct xsd_sockmsg h = { XS_READ, 0, 0, 2 };
	struct xs *good = open_soon();
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0),
	    quiet = socket(AF_UNIX, SOCK_STREAM, 0);
	long sent = 0;

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/socket", dir);
	CHECK(connect(s, (struct sockaddr *)&sa, sizeof(sa)) == 0 &&
	      connect(quiet, (struct sockaddr *)&sa, sizeof(sa)) == 0);
	CHECK(write(quiet, &h, 7) == 7); /* never finishes its request */
	/* Asks and asks and never reads: sooner or later nobody takes its requests any more. */
	for (int full = 0; full < 50 && sent < 2000000;) {
		char msg[18];

		memcpy(msg, &h, 16);
		memcpy(msg + 16, "/", 2);
		if (write(s, msg, 18) == 18) {
			sent++;
		} else {
			full++;
			CHECK(xs_exists(good, 0, "/") == 1);
		}
	}
	CHECK(sent < 2000000 && xs_exists(good, 0, "/tool") == 1);
	h.len = 100000;
	CHECK(write(quiet, (char *)&h + 7, 9) == 9 && read(quiet, &h, 1) == 0); /* cut off */
	CHECK(xs_exists(good, 0, "/tool") == 1);
	close(s);
	close(quiet);
	xs_close(good);
}

static long cpu_ms(void)
{
	struct timespec t = { 0 };
	clockid_t id;

	CHECK(clock_getcpuclockid(daemon_pid, &id) == 0 && clock_gettime(id, &t) == 0);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* More clients than it may have files: those that are there are served, it sleeps, others wait. */
static void test_many(void)
{
	struct xs *xs[80], *one = open_soon();
	struct rlimit was, few;
	long cpu;

	CHECK(prlimit(daemon_pid, RLIMIT_NOFILE, NULL, &was) == 0);
	few = was;
	few.rlim_cur = 64;
	CHECK(prlimit(daemon_pid, RLIMIT_NOFILE, &few, NULL) == 0);
	for (int i = 0; i < 80; i++)
		xs[i] = xs_open();
	CHECK(xs_exists(one, 0, "/tool") == 1);
	cpu = cpu_ms();
	usleep(400000);
	CHECK(cpu_ms() - cpu < 100 && xs_exists(one, 0, "/tool") == 1);
	for (int i = 0; i < 40; i++)
		xs_close(xs[i]);
	for (int i = 40; i < 80; i++) {
		CHECK(xs[i] && xs_exists(xs[i], 0, "/tool") == 1);
		xs_close(xs[i]);
	}
	CHECK(prlimit(daemon_pid, RLIMIT_NOFILE, &was, NULL) == 0);
	xs_close(one);
}

static bool shell(const char *cmd, const char *want)
{
	char line[1024], out[1024];
	FILE *p;
	size_t n;

	snprintf(line, sizeof(line), "T() { a=$1; shift; %s xenstore $a \"$@\"; }; %s", exe, cmd);
	p = popen(line, "r");
	n = p ? fread(out, 1, sizeof(out) - 1, p) : 0;
	out[n] = '\0';
	if (p && pclose(p) == 0 && !strcmp(out, want))
		return true;
	printf("  %s -> %s\n", cmd, out);
	return false;
}

static void test_tools(void)
{
	CHECK(shell("T write /k/a one /k/b 'two\\nlines' && T read /k/a && T read -p /k/b",
		    "one\n/k/b: two\\nlines\n"));
	CHECK(shell("T ls /k; T ls -f -p /k; T list -p /k",
		    "a = \"one\"\nb = \"two\\nlines\"\n/k/a = \"one\"   (n0)\n/k/b = "
		    "\"two\\nlines\"   (n0)\n/k/a\n/k/b\n"));
	CHECK(shell("T write /bytes '\\1\\x7\\10\\x1f\\x7f\\200\\377\\q\\8' && T read /bytes; T rm "
		    "/bytes",
		    "\\001\\007\\x08\\x1f\\x7f\\x80\\xffq8\n"));
	CHECK(shell("T chmod -r /k n0 r5 && T ls -p /k",
		    "a = \"one\"   (n0,r5)\nb = \"two\\nlines\"   (n0,r5)\n"));
	CHECK(shell("T exists /k/a && ! T exists /k/zz; T read /k/zz 2>/dev/null || echo no",
		    "no\n"));
	CHECK(shell("T write /deep/er/est v; T rm -t /deep/er/est; T exists /deep || echo tidy",
		    "tidy\n"));
	CHECK(shell("T watch -n 2 /wt & sleep 0.3; T write /wt/x 1; wait", "/wt\n/wt/x\n"));
	CHECK(shell("T control check", "OK\n"));
	CHECK(shell("T control live-update && T control live-update -F -t 5 /proc/self/exe",
		    "OK\nOK\n"));
	CHECK(shell("T control quota set nodes 1x 2>/dev/null || echo no", "no\n"));
	CHECK(shell("T read 2>/dev/null; [ $? = 1 ] && T nonsense 2>/dev/null; [ $? = 1 ] && echo "
		    "usage",
		    "usage\n"));
}

/* The signal comes while another program is about to take over. */
static void test_end(void)
{
	static const char go[] = "live-update\0-s";
	struct xsd_sockmsg h = { XS_CONTROL, 0, 0, sizeof(go) };
	struct xs *a = open_soon();
	int status = -1;

	CHECK(write(xs_fd(a), &h, sizeof(h)) == sizeof(h) &&
	      write(xs_fd(a), go, sizeof(go)) == sizeof(go));
	usleep(30000);
	kill(daemon_pid, SIGTERM);
	for (int i = 0; i < 500 && waitpid(daemon_pid, &status, WNOHANG) == 0; i++)
		usleep(20000);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	kill(daemon_pid, SIGKILL);
	xs_close(a);
}

int main(int argc, char **argv)
{
	char cmd[64];

	/* The program to test lies beside this one. */
	snprintf(exe, sizeof(exe), "%s", argv[0]);
	strcpy(strrchr(exe, '/') + 1, "hospes-tools");
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir))
		return 1;
	start();
	check_run("xenstored-clients", test_clients);
	check_run("xenstored-live-update", test_live_update);
	check_run("xenstored-live-update-without-files", test_live_update_without_files);
	check_run("xenstored-hostile-client", test_hostile_client);
	check_run("xenstored-many-clients", test_many);
	check_run("xenstore-tools", test_tools);
	check_run("xenstored-ends-cleanly", test_end);
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	return system(cmd) || check_failures;
}
