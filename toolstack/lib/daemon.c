// SPDX-License-Identifier: GPL-2.0-only
/*
 * Going to the background, pid files, running programs. The lock on the pid file is what says that
 * a daemon lives; its text is for people and scripts. The fd of the lock stays open for the life of
 * the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/daemon.h"
#include "lib/log.h"

static int ready_fd = -1;

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
	null = open("/dev/null", O_RDWR);
	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
		/*
		 * stderr stays until daemon_ready(): errors at the start belong to the one who
		 * waits.
		 */
		if (null > 2)
			close(null);
	}
}

static int daemon_pidfile(const char *path)
{
	struct flock lk = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	char num[16];
	int len;

	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_SETLK, &lk)) {
		close(fd);
		return errno == EAGAIN || errno == EACCES ? -EEXIST : -errno;
	}
	len = snprintf(num, sizeof(num), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) || write(fd, num, len) != len) {
		int err = errno;

		close(fd);
		return -err;
	}
	return 0;
}

void daemon_start(const char *pid_file, bool background, void (*on_signal)(int sig))
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	int rc;

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], on_signal);
	umask(022);
	if (background)
		daemon_fork();
	rc = pid_file ? daemon_pidfile(pid_file) : 0;
	if (rc)
		die("%s: %s", pid_file, rc == -EEXIST ? "another one runs" : strerror(-rc));
}

static void tell_systemd(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int s;

	if (!len || len >= sizeof(sa.sun_path))
		return;
	memcpy(sa.sun_path, path, len);
	if (path[0] == '@')
		sa.sun_path[0] = '\0';
	s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return;
	sendto(s, "READY=1", 7, MSG_NOSIGNAL, (void *)&sa,
	       offsetof(struct sockaddr_un, sun_path) + len);
	close(s);
}

void daemon_ready(bool background)
{
	if (background)
		log_to_syslog();
	tell_systemd();
	if (ready_fd < 0)
		return;
	dup2(0, 2);
	if (write(ready_fd, "", 1) != 1)
		perror("daemon");
	close(ready_fd);
	ready_fd = -1;
}

pid_t daemon_running(const char *path)
{
	struct flock lk = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char num[16] = "";
	pid_t pid = 0;

	if (fd < 0)
		return 0;
	if (fcntl(fd, F_GETLK, &lk) == 0 && lk.l_type != F_UNLCK)
		pid = lk.l_pid;
	/* A stock daemon locks in its own way: believe its number if such a process lives. */
	else if (read(fd, num, sizeof(num) - 1) > 0 && atoi(num) > 1 && kill(atoi(num), 0) == 0)
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
	char buf[4096];
	size_t len = strlen(path);

	if (len >= sizeof(buf))
		return -ENAMETOOLONG;
	memcpy(buf, path, len + 1);
	for (char *p = buf + 1;; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(buf, mode) && errno != EEXIST)
			return -errno;
		if (!c)
			return 0;
		*p = c;
	}
}

int run_program(char *const argv[])
{
	return run_file(argv[0], argv);
}

int run_file(const char *file, char *const argv[])
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		execvp(file, argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
