/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a background process needs: going to the background, its pid file, telling the one who
 * waits.
 */
#ifndef HOSPES_DAEMON_H
#define HOSPES_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Signals (SIGTERM, SIGINT and SIGHUP to `on_signal`), then to the background if wanted: the parent
 * waits until the child calls daemon_ready() (exit 0) or ends (exit 1). Takes the lock of the pid
 * file (may be NULL) and writes our pid. Ends with a message if another one runs.
 */
void daemon_start(const char *pid_file, bool background, void (*on_signal)(int sig));
/* The parent exits 0 now, messages go to syslog. */
void daemon_ready(bool background);
/* Who holds the lock of the file, or has its number there and is the program @stock; else 0. */
pid_t daemon_running(const char *path, const char *stock);
/* @cmd is one of fcntl's, for the whole file: 0 or -errno.  F_GETLK: the pid of who has it. */
int file_lock(int fd, int cmd, pid_t *owner);
/* false, with errno, when not all could be written. */
bool write_all(int fd, const void *data, size_t len);
/* mkdir -p; 0 or -errno. */
int make_dirs(const char *path, mode_t mode);
/* Starts a program and waits for it: its exit status, or -errno. argv ends with NULL. */
int run_file(const char *file, char *const argv[]);

#endif
