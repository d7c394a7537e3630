/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a background process needs: going to the background, its pid file, telling the one who
 * waits.
 */
#ifndef HOSPES_DAEMON_H
#define HOSPES_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

/* Forks; the parent waits until the child calls daemon_ready() (exit 0) or ends (exit 1). */
void daemon_fork(void);
/*
 * Takes the lock of the pid file and writes our pid: 0, -EEXIST when another one runs, or -errno.
 */
int daemon_pidfile(const char *path);
/* The parent exits 0 now; also tells systemd if it asked ($NOTIFY_SOCKET). */
void daemon_ready(void);
/* The pid in the file if that process lives and holds the lock, else 0. */
pid_t daemon_running(const char *path);
/* mkdir -p; 0 or -errno. */
int make_dirs(const char *path, mode_t mode);
/* Starts a program and waits for it: its exit status, or -errno. argv ends with NULL. */
int run_program(char *const argv[]);
/* The same with a file that is not argv[0]. */
int run_file(const char *file, char *const argv[]);

#endif
