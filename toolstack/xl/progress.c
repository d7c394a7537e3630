// SPDX-License-Identifier: GPL-2.0-only
/*
 * progress.c - tells a person what takes the time; silent when nobody looks.
 *
 * Owns the start time of the step shown.  Invariant: writes nothing unless stderr is a terminal,
 * so scripts see exactly stock xl's output.
 */
#include <stdarg.h>
#include <unistd.h>

#include "lib/loop.h"
#include "xl/xl.h"

static bool enabled;
static int64_t since; /* 0: no step is shown */

void progress_on(bool quiet)
{
	enabled = !quiet && isatty(STDERR_FILENO);
}

void progress(const char *fmt, ...)
{
	va_list ap;

	if (!enabled)
		return;
	if (since)
		fprintf(stderr, " %.1f s\n", (loop_now() - since) / 1e3);
	since = fmt ? loop_now() : 0;
	if (!fmt)
		return;
	va_start(ap, fmt);
	fprintf(stderr, "  ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, " ...");
	va_end(ap);
}
