// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bytes a guest has printed, and the filter that makes a log of them. Invariant: byte number n
 * of the stream is at buf[n % cap] for the last cap numbers. The filter never lets through a byte
 * that a terminal could take for a command: C0 controls (but newline and tab), DEL, C1 controls raw
 * or in UTF-8, and escape sequences with all their bytes.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "console/history.h"

int hist_init(struct history *h, size_t cap)
{
	*h = (struct history){
		mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), cap
	};
	if (h->buf != MAP_FAILED)
		return 0;
	*h = (struct history){ 0 };
	return -ENOMEM;
}

void hist_free(struct history *h)
{
	if (h->buf)
		munmap(h->buf, h->cap);
	*h = (struct history){ 0 };
}

void hist_add(struct history *h, const char *data, size_t len)
{
	while (len) {
		size_t at = h->head % h->cap, n = h->cap - at < len ? h->cap - at : len;

		memcpy(h->buf + at, data, n);
		h->head += n;
		data += n;
		len -= n;
	}
}

size_t hist_peek(const struct history *h, uint64_t *pos, const char **data)
{
	size_t at, left;

	if (h->head - *pos > h->cap)
		*pos = h->head - h->cap;
	left = h->head - *pos;
	if (!left)
		return 0;
	at = *pos % h->cap;
	*data = h->buf + at;
	return left < h->cap - at ? left : h->cap - at;
}

/* A byte outside of sequences: what to write for it, or 0 for nothing. */
static char text(struct filter *f, unsigned char c)
{
	if (f->more && c >= f->least && c <= 0xbf) {
		f->more--;
		f->least = 0x80;
		return (char)c;
	}
	f->more = c >= 0xf5 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc2;
	f->least = c == 0xc2 ? 0xa0 : 0x80; /* 0xc2 0x80..0x9f are the C1 controls */
	if (c == 0x1b)
		f->state = F_ESC;
	if (c == 0x1b || c == '\r')
		return 0;
	return f->more || (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t' ? (char)c : '.';
}

size_t filter_text(struct filter *f, const char *in, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = in[i], t = 0;

		switch (f->state) {
		case F_TEXT: t = text(f, c); break;
		case F_ESC:
			if (c == '[')
				f->state = F_CSI;
			else if (c == ']' || c == 'P' || c == '^' || c == '_' || c == 'X')
				f->state = F_STRING;
			else if (c < 0x20 || c > 0x2f) /* 0x20..0x2f: more of it follows */
				f->state = F_TEXT;
			break;
		case F_CSI:
			if (c < 0x20 || c > 0x3f)
				f->state = F_TEXT;
			break;
		case F_STRING:
			/*
			 * A sequence that never ends must not swallow the log: a newline ends it
			 * too.
			 */
			if (c == 0x07 || c == '\n' || c == 0x9c)
				f->state = F_TEXT;
			else if (c == 0x1b)
				f->state = F_STRING_ESC;
			t = c == '\n' ? c : 0;
			break;
		case F_STRING_ESC: f->state = c == '\\' ? F_TEXT : F_STRING; break;
		}
		if (t)
			out[n++] = (char)t;
	}
	return n;
}

uint64_t hist_line_start(const struct history *h)
{
	uint64_t n = h->head, least = h->head > h->cap ? h->head - h->cap : 0;

	while (n > least && h->head - n < 256 && h->buf[(n - 1) % h->cap] != '\n')
		n--;
	return n;
}
