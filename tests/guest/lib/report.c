// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verdict lines. PASS/FAIL lines are counted and summed up; VALUE lines are not
 * judged here: the comparison with real Xen does. A payload whose SUMMARY is
 * missing has died and counts as failed.
 */
#include "guest.h"

static const char *prefix = "";
static int passed, failed, skipped;

void printf(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	console_write(line, n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

void report_prefix(const char *p)
{
	prefix = p;
}

static void line(const char *verdict, const char *tail, const char *fmt, va_list ap)
{
	char name[256];

	vsnprintf(name, sizeof(name), fmt, ap);
	printf("%s: %s%s%s%s\n", verdict, prefix, *prefix ? ": " : "", name, tail);
}

bool report(bool cond, const char *fmt, ...)
{
	va_list ap;

	*(cond ? &passed : &failed) += 1;
	va_start(ap, fmt);
	line(cond ? "PASS" : "FAIL", "", fmt, ap);
	va_end(ap);
	return cond;
}

void report_skip(const char *fmt, ...)
{
	va_list ap;

	skipped++;
	va_start(ap, fmt);
	line("SKIP", "", fmt, ap);
	va_end(ap);
}

void report_value(u64 value, const char *fmt, ...)
{
	char tail[32];
	va_list ap;

	snprintf(tail, sizeof(tail), " = 0x%lx", value);
	va_start(ap, fmt);
	line("VALUE", tail, fmt, ap);
	va_end(ap);
}

void report_summary(void)
{
	printf("SUMMARY: %d passed, %d failed, %d skipped\n", passed, failed, skipped);
}
