/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages of the tools and daemons. A message is one line without the newline at its end.
 * Commands write to stderr; a daemon in the background writes to syslog.
 */
#ifndef HOSPES_LOG_H
#define HOSPES_LOG_H

#include <stdbool.h>
#include <stdlib.h>

enum log_level { LOG_LVL_ERROR, LOG_LVL_WARN, LOG_LVL_INFO, LOG_LVL_DEBUG };

/* `prog` is kept, not copied. Without this call the prefix is empty and the level is INFO. */
void log_init(const char *prog, enum log_level level);
/* From now on to syslog (connects before the daemon leaves its terminal). */
void log_to_syslog(void);
void log_msg(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * At most ten of these per second are written, then a count of those left out: for what guests can
 * cause.
 */
#define log_limited(level, ...) (log_allowed(level) ? log_msg(level, __VA_ARGS__) : (void)0)
bool log_allowed(enum log_level level);

/* Error message and exit(1). */
#define die(...) (log_err(__VA_ARGS__), exit(1))
#define log_err(...) log_msg(LOG_LVL_ERROR, __VA_ARGS__)
#define log_warn(...) log_msg(LOG_LVL_WARN, __VA_ARGS__)
#define log_dbg(...) log_msg(LOG_LVL_DEBUG, __VA_ARGS__)

#endif
