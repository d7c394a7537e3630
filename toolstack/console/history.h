/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last bytes of an endless stream, read at many positions: each reader keeps its own and never
 * takes anything away from the others. A reader that falls behind by more than `cap` loses the
 * oldest. Pure code.
 */
#ifndef HOSPES_HISTORY_H
#define HOSPES_HISTORY_H

#include <stddef.h>
#include <stdint.h>

struct history {
	char *buf; /* a ring of cap bytes */
	size_t cap;
	uint64_t head; /* bytes ever added */
};

/* Memory is used as far as it is filled. 0 or -ENOMEM. */
int hist_init(struct history *h, size_t cap);
void hist_free(struct history *h);
void hist_add(struct history *h, const char *data, size_t len);
/* A piece in one run at *pos (moved forward over what is lost): its length, 0 at the end. */
size_t hist_peek(const struct history *h, uint64_t *pos, const char **data);
/* Where the unfinished last line begins: a prompt, most likely. */
uint64_t hist_line_start(const struct history *h);

/*
 * Makes a log of a terminal's stream: no escape sequences, no control characters, lines ended by
 * \n.
 */
struct filter {
	enum { F_TEXT, F_ESC, F_CSI, F_STRING, F_STRING_ESC } state;
	unsigned int more;   /* UTF-8 bytes to come, */
	unsigned char least; /* the next one not below this */
};
/* `out` has room for as many: how many it wrote. */
size_t filter_text(struct filter *f, const char *in, size_t len, char *out);

#endif
