/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BUILDER_FILE_H
#define BUILDER_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "builder/err.h"

/* What a file holds, in whole pages, which copy faster. */
struct file {
	void *data;
	size_t len, room;
};

/*
 * Reads at most @max bytes; with @unpack, what is in it if it is a gzip stream.  @what names it in
 * the sentence.  Returns 0 or -errno; file_free() either way.
 */
int file_read(struct file *f, const char *path, size_t max, bool unpack, const char *what,
	      struct err *e);
void file_free(struct file *f);

#endif
