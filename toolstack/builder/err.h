/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BUILDER_ERR_H
#define BUILDER_ERR_H

/* The sentence that goes with a failed call; owned by the caller, always NUL-terminated. */
struct err {
	char msg[320];
};

/* strerror(), in the words of who asks about domains. */
const char *err_text(int err);
/*
 * Stores the sentence and returns @code (a negative errno), so that callers can `return
 * err_set(...)`.
 */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same with what @code means behind the sentence; @code >= 0 is no failure: none then. */
int err_why(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
