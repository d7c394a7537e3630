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

/* Text outside of sequences; how many bytes it wrote. */
static size_t text(struct filter *f, unsigned char c, char *out)
{
	if (f->lead) { /* 0xc2 0x80..0x9f are the C1 controls */
		f->lead = 0;
		if (c >= 0xa0 && c <= 0xbf) {
			out[0] = (char)0xc2;
			out[1] = (char)c;
			return 2;
		}
		out[0] = '.';
		return c < 0x80 || c > 0xbf ? 1 + text(f, c, out + 1) : 1;
	}
	if (c >= 0x80 && c <= 0xbf && f->more) {
		f->more--;
		out[0] = (char)c;
		return 1;
	}
	f->more = 0;
	if (c == 0x1b) {
		f->state = F_ESC;
		return 0;
	}
	if (c == '\r')
		return 0;
	if (c == 0xc2) {
		f->lead = c;
		return 0;
	}
	if (c > 0xc2 && c < 0xf5)
		f->more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	else if (c >= 0x7f || (c < 0x20 && c != '\n' && c != '\t'))
		c = '.';
	out[0] = (char)c;
	return 1;
}

size_t filter_text(struct filter *f, const char *in, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = in[i];

		switch (f->state) {
		case F_TEXT: n += text(f, c, out + n); break;
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
			if (c == '\n')
				out[n++] = '\n';
			break;
		case F_STRING_ESC: f->state = c == '\\' ? F_TEXT : F_STRING; break;
		}
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
