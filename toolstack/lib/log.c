// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages to stderr or syslog, with a budget for those that a guest can cause.
 */
#include <stdarg.h>
#include <stdio.h>
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

void log_msg(enum log_level level, const char *fmt, ...)
{
	static const int prio[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
	char line[1024];
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (use_syslog)
		syslog(prio[level], "%s", line);
	else
		fprintf(stderr, "%s%s%s\n", prog_name ? prog_name : "", prog_name ? ": " : "",
			line);
}

bool log_allowed(enum log_level level)
{
	static time_t second;
	static unsigned int asked;
	time_t now = time(NULL);

	if (now != second) {
		if (asked > PER_SECOND)
			log_msg(level, "%u similar messages left out", asked - PER_SECOND);
		second = now;
		asked = 0;
	}
	return asked++ < PER_SECOND;
}
