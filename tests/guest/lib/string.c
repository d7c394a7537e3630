// SPDX-License-Identifier: GPL-2.0-only
/* The few functions gcc may call on its own, and a small printf family. Pure. */
#include "guest.h"

void *memcpy(void *d, const void *s, size_t n)
{
	u8 *to = d;
	const u8 *from = s;

	if (!(((u64)to | (u64)from) & 7))
		for (; n >= 8; n -= 8, to += 8, from += 8)
			*(u64 *)to = *(const u64 *)from;
	while (n--)
		*to++ = *from++;
	return d;
}

void *memset(void *d, int c, size_t n)
{
	u8 *to = d;
	u64 wide = 0x0101010101010101ul * (u8)c;

	if (!((u64)to & 7))
		for (; n >= 8; n -= 8, to += 8)
			*(u64 *)to = wide;
	while (n--)
		*to++ = (u8)c;
	return d;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n--; x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n--; a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, ~0ul);
}

struct out {
	char *buf;
	size_t size, len;
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_number(struct out *o, u64 v, int base, int width, bool zero, bool negative)
{
	char digits[24];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (negative && zero)
		put(o, '-');
	for (int pad = width - n - negative; pad > 0; pad--)
		put(o, zero ? '0' : ' ');
	if (negative && !zero)
		put(o, '-');
	while (n)
		put(o, digits[--n]);
}

static void put_string(struct out *o, const char *s, int width)
{
	int n = 0;

	for (; *s; s++, n++)
		put(o, *s);
	for (; n < width; n++)
		put(o, ' ');
}

/* One conversion after '%'; returns the character after it. Knows [-0][width][l]duxpsc. */
static const char *convert(struct out *o, const char *f, va_list *ap)
{
	bool zero = false, wide = false;
	int width = 0;
	s64 v;

	for (; *f == '0' || *f == '-'; f++)
		zero |= *f == '0';
	for (; *f >= '0' && *f <= '9'; f++)
		width = width * 10 + *f - '0';
	for (; *f == 'l' || *f == 'z'; f++)
		wide = true;
	switch (*f) {
	case 'd':
		v = wide ? va_arg(*ap, s64) : va_arg(*ap, int);
		put_number(o, v < 0 ? -(u64)v : (u64)v, 10, width, zero, v < 0);
		break;
	case 'u':
	case 'x':
		v = wide ? va_arg(*ap, s64) : va_arg(*ap, u32);
		put_number(o, (u64)v, *f == 'u' ? 10 : 16, width, zero, false);
		break;
	case 'p': put_number(o, (u64)va_arg(*ap, void *), 16, 16, true, false); break;
	case 's': put_string(o, va_arg(*ap, const char *), width); break;
	case 'c': put(o, (char)va_arg(*ap, int)); break;
	default: put(o, *f);
	}
	return *f ? f + 1 : f;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { .buf = buf, .size = size };
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		if (*fmt == '%')
			fmt = convert(&o, fmt + 1, &args);
		else
			put(&o, *fmt++);
	}
	va_end(args);
	if (size)
		buf[o.len < size ? o.len : size - 1] = 0;
	return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
