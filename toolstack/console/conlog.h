/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A log file that is filtered, can have time stamps, and is rotated by size: NAME, NAME.1 (younger)
 * ... NAME.keep.
 */
#ifndef HOSPES_CONLOG_H
#define HOSPES_CONLOG_H

#include <stdbool.h>
#include <stdint.h>
#include "console/history.h"

struct conlog {
	char path[512];
	int fd; /* -1: closed, or it could not be opened when it was */
	int64_t tried;
	size_t size;
	bool stamps, line_start, complained;
	struct filter filter;
};

/* Bytes after which a file is rotated (0: never), and how many old ones are kept. */
extern uint32_t conlog_size, conlog_keep;

/* A log that cannot be written costs a message, nothing else. */
void conlog_open(struct conlog *l, const char *dir, const char *name, bool stamps);
void conlog_write(struct conlog *l, const char *data, size_t len);
void conlog_reopen(struct conlog *l);
void conlog_close(struct conlog *l);

#endif
