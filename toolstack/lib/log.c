// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages to stderr or syslog, with a budget for those that a guest can cause.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>
#include "lib/log.h"

#define PER_SECOND 10

static const char *prog_name;
static enum log_level max_level = LOG_LVL_INFO;
static bool use_syslog;

void log_init(const char *prog, enum log_level level)
{
	prog_name = prog;
	max_level = level;
}

void log_to_syslog(void)
{
	openlog(prog_name ? prog_name : "hospes", LOG_NDELAY | LOG_PID, LOG_DAEMON);
	use_syslog = true;
}

static void emit(enum log_level level, const char *fmt, va_list ap)
{
	static const int prio[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
	char line[1024];

	if (level > max_level)
		return;
	vsnprintf(line, sizeof(line), fmt, ap);
	if (use_syslog)
		syslog(prio[level], "%s", line);
	else
		fprintf(stderr, "%s%s%s\n", prog_name ? prog_name : "", prog_name ? ": " : "",
			line);
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(level, fmt, ap);
	va_end(ap);
}

void log_limited(enum log_level level, const char *fmt, ...)
{
	static time_t second;
	static unsigned int sent, left_out;
	time_t now = time(NULL);
	va_list ap;

	if (now != second) {
		if (left_out)
			log_msg(level, "%u similar messages left out", left_out);
		second = now;
		sent = left_out = 0;
	}
	if (sent == PER_SECOND) {
		left_out++;
		return;
	}
	sent++;
	va_start(ap, fmt);
	emit(level, fmt, ap);
	va_end(ap);
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_LVL_ERROR, fmt, ap);
	va_end(ap);
	exit(1);
}
