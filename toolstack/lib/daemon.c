// SPDX-License-Identifier: GPL-2.0-only
/*
 * Going to the background, pid files, running programs. The lock on the pid file is what says that
 * a daemon lives; its text is for people and scripts. The fd of the lock stays open for the life of
 * the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/daemon.h"
#include "lib/log.h"
#include "lib/loop.h"

static int ready_fd = -1;
static struct loop_fd signals;
static void (*signal_came)(int sig);

static void daemon_fork(void)
{
	int p[2], null;
	char c;
	pid_t pid;

	if (pipe(p) || (pid = fork()) < 0) {
		perror("daemon");
		exit(1);
	}
	if (pid) {
		close(p[1]);
		_exit(read(p[0], &c, 1) == 1 ? 0 : 1);
	}
	close(p[0]);
	ready_fd = p[1];
	fcntl(ready_fd, F_SETFD, FD_CLOEXEC);
	setsid();
	if (chdir("/"))
		perror("chdir");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* stderr stays until daemon_ready(): errors at the start belong to the one who waits. */
	dup2(null, 0);
	dup2(null, 1);
}

int file_lock(int fd, int cmd, pid_t *owner)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int rc = fcntl(fd, cmd, &l) ? -errno : 0;

	if (owner)
		*owner = !rc && l.l_type != F_UNLCK ? l.l_pid : 0;
	return rc;
}

/* The lock, and our number for people; the file stays open, and so locked, in a live update too. */
static void take_pid_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0644);
	int rc = fd < 0 ? -errno : file_lock(fd, F_SETLK, NULL);

	if (fd >= 0 && (rc == -EAGAIN || rc == -EACCES))
		die("%s: another one runs", path);
	if (rc || ftruncate(fd, 0) || dprintf(fd, "%d\n", (int)getpid()) < 0)
		die("%s: %s", path, strerror(rc ? -rc : errno));
}

static void signals_ready(struct loop_fd *lf, uint32_t events)
{
	struct signalfd_siginfo si;

	if (read(lf->fd, &si, sizeof(si)) == sizeof(si))
		signal_came(si.ssi_signo);
}

/*
 * They stay blocked and come through the loop, so that none is lost just before the loop sleeps, or
 * when this process goes on with another program: who is pending stays so over an exec.
 */
static void take_signals(void (*on_signal)(int sig))
{
	sigset_t ours;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	sigprocmask(SIG_BLOCK, &ours, NULL);
	signal_came = on_signal;
	fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0 || loop_add(&signals, fd, EPOLLIN, signals_ready))
		die("signals: %s", strerror(errno));
}

void daemon_start(const char *pid_file, bool background, void (*on_signal)(int sig))
{
	umask(022);
	if (background)
		daemon_fork();
	if (pid_file)
		take_pid_file(pid_file);
	take_signals(on_signal);
}

void daemon_ready(bool background)
{
	if (background)
		log_to_syslog();
	if (ready_fd < 0)
		return;
	dup2(0, 2);
	if (write(ready_fd, "", 1) != 1)
		perror("daemon");
	close(ready_fd);
	ready_fd = -1;
}

/* One that has ended, or another one of that number, is not. */
static bool is_program(pid_t pid, const char *name)
{
	char path[32], exe[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = '\0';
	return strstr(exe, name);
}

pid_t daemon_running(const char *path, const char *stock)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char num[16] = "";
	pid_t pid;

	if (fd < 0)
		return 0;
	file_lock(fd, F_GETLK, &pid);
	/* A stock daemon locks in its own way: believe its number if such a program runs. */
	if (!pid && read(fd, num, sizeof(num) - 1) > 0 && is_program(atoi(num), stock))
		pid = atoi(num);
	close(fd);
	return pid;
}

bool write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

int make_dirs(const char *path, mode_t mode)
{
	char *parent;
	int rc;

	if (!mkdir(path, mode) || errno == EEXIST)
		return 0;
	if (errno != ENOENT || !strrchr(path, '/'))
		return -errno;
	parent = strndup(path, strrchr(path, '/') - path);
	rc = parent ? make_dirs(parent, mode) : -ENOMEM;
	free(parent);
	return rc ?: mkdir(path, mode) ? -errno : 0;
}

int run_file(const char *file, char *const argv[])
{
	sigset_t none;
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) { /* what we do not want to be disturbed by, it may want */
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execvp(file, argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
