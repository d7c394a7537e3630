// SPDX-License-Identifier: GPL-2.0-only
/*
 * progress.c - tells a person what takes the time; silent when nobody looks.
 *
 * Owns the start time of the step shown.  Invariant: writes nothing unless stderr is a terminal,
 * so scripts see exactly stock xl's output.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "xl/xl.h"

static bool enabled, open_line;
static struct timespec since;

void progress_on(bool quiet)
{
	enabled = !quiet && isatty(STDERR_FILENO);
}

void progress(const char *fmt, ...)
{
	struct timespec now;
	va_list ap;

	if (!enabled)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (open_line)
		fprintf(stderr, " %.1f s\n",
			(now.tv_sec - since.tv_sec) + (now.tv_nsec - since.tv_nsec) / 1e9);
	open_line = fmt != NULL;
	since = now;
	if (!fmt)
		return;
	va_start(ap, fmt);
	fprintf(stderr, "  ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, " ...");
	fflush(stderr);
	va_end(ap);
}
