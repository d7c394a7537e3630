// SPDX-License-Identifier: GPL-2.0-only
/*
 * Log files of the console daemon. Owns one fd per log. A line is never split by rotation: it
 * happens at a line's end, or when a file without newlines has grown to twice its size.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "console/conlog.h"
#include "lib/daemon.h"
#include "lib/log.h"
#include "lib/loop.h"

#define RETRY_MS 1000 /* what could not be opened */

uint32_t conlog_size = 1 << 20, conlog_keep = 4;

/* Of failures without a success between them, only the first is told. */
static void note(struct conlog *l, bool ok)
{
	if (!ok && !l->complained)
		log_warn("%s: %s", l->path, strerror(errno));
	l->complained = !ok;
}

static void open_file(struct conlog *l)
{
	struct stat st;

	l->tried = loop_now();
	l->fd = open(l->path,
		     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		     0644);
	note(l, l->fd >= 0);
	l->size = fstat(l->fd, &st) ? 0 : st.st_size;
}

void conlog_open(struct conlog *l, const char *dir, const char *name, bool stamps)
{
	memset(l, 0, sizeof(*l));
	l->fd = -1;
	l->stamps = stamps;
	l->line_start = true;
	if (snprintf(l->path, sizeof(l->path), "%s/%s.log", dir, name) < (int)sizeof(l->path))
		open_file(l);
}

void conlog_close(struct conlog *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

void conlog_reopen(struct conlog *l)
{
	if (!l->path[0])
		return;
	conlog_close(l);
	open_file(l);
}

static void rotate(struct conlog *l)
{
	char from[540], to[540];

	conlog_close(l);
	for (unsigned int i = conlog_keep; i > 0; i--) {
		if (i > 1)
			snprintf(from, sizeof(from), "%s.%u", l->path, i - 1);
		else
			snprintf(from, sizeof(from), "%s", l->path);
		snprintf(to, sizeof(to), "%s.%u", l->path, i);
		rename(from, to);
	}
	if (!conlog_keep)
		unlink(l->path);
	open_file(l);
}

static void put(struct conlog *l, const char *data, size_t len)
{
	bool ok;

	if (l->fd < 0 && loop_now() - l->tried >= RETRY_MS)
		open_file(l);
	if (l->fd < 0)
		return;
	ok = write_all(l->fd, data, len);
	note(l, ok);
	l->size += ok ? len : 0; /* a full disk is no reason to throw the old ones away */
}

static void put_line(struct conlog *l, const char *data, size_t len)
{
	if (l->line_start && l->stamps) {
		char stamp[32];
		time_t now = time(NULL);
		struct tm tm;

		localtime_r(&now, &tm);
		put(l, stamp, strftime(stamp, sizeof(stamp), "[%Y-%m-%d %H:%M:%S] ", &tm));
	}
	put(l, data, len);
	l->line_start = data[len - 1] == '\n';
	if (conlog_size && l->fd >= 0 && l->size >= conlog_size &&
	    (l->line_start || l->size / 2 >= conlog_size))
		rotate(l);
}

void conlog_write(struct conlog *l, const char *data, size_t len)
{
	char clean[1024], *end, *next;

	for (size_t part; l->path[0] && len; data += part, len -= part) {
		part = len < sizeof(clean) ? len : sizeof(clean);
		end = clean + filter_text(&l->filter, data, part, clean);
		for (char *p = clean; p < end; p = next) {
			char *nl = memchr(p, '\n', end - p);

			next = nl ? nl + 1 : end;
			put_line(l, p, next - p);
		}
	}
}
