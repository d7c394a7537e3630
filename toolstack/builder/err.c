// SPDX-License-Identifier: GPL-2.0-only
/*
 * err.c - one sentence per failure, carried beside the errno.
 *
 * Owns nothing; pure.  Invariant: a sentence is set exactly where the failure is detected, so
 * that the person at the terminal reads what was wrong with the input, not which call failed.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "builder/err.h"

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return code;
}

/* What ESRCH means in a hypercall; these programs look for no processes. */
const char *err_text(int err)
{
	return err == ESRCH ? "No such domain" : strerror(err);
}

int err_why(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (code >= 0)
		return code;
	va_start(ap, fmt);
	n = vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	if (n < (int)sizeof(e->msg))
		snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", err_text(-code));
	return code;
}
