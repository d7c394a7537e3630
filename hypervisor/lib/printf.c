// SPDX-License-Identifier: GPL-2.0-only
/* Formatted text, the subset that logs need. Pure. */
#include <lib/string.h>

struct out {
	char *buf;
	size_t size, len; /* len counts what did not fit, too */
};

struct spec {
	unsigned width;
	bool left, zero;
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_padded(struct out *o, const char *s, size_t n, const struct spec *sp)
{
	size_t pad = sp->width > n ? sp->width - n : 0;

	for (; pad && !sp->left; pad--)
		put(o, ' ');
	while (n--)
		put(o, *s++);
	while (pad--)
		put(o, ' ');
}

static void put_number(struct out *o, u64 v, bool negative, unsigned base, bool upper,
		       struct spec *sp)
{
	char digits[24];
	size_t at = sizeof(digits);
	size_t zeros = sp->zero && !sp->left ? min(sp->width, (unsigned)sizeof(digits) - 1) : 0;

	do {
		digits[--at] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[v % base];
		v /= base;
	} while (v);
	while (sizeof(digits) - at + negative < zeros)
		digits[--at] = '0';
	if (negative)
		digits[--at] = '-';
	put_padded(o, digits + at, sizeof(digits) - at, sp);
}

static u64 next_unsigned(va_list *ap, unsigned longs)
{
	return longs ? va_arg(*ap, u64) : va_arg(*ap, u32);
}

static const char *put_one(struct out *o, const char *f, va_list *ap)
{
	struct spec sp = { 0 };
	unsigned longs = 0;
	const char *s;
	char c;
	s64 v;

	for (; *f == '-' || *f == '0'; f++)
		*(*f == '-' ? &sp.left : &sp.zero) = true;
	for (; *f >= '0' && *f <= '9'; f++)
		sp.width = min(sp.width * 10 + (unsigned)(*f - '0'), 256u);
	for (; *f == 'l' || *f == 'z'; f++)
		longs = 1;

	switch (*f) {
	case 'd':
	case 'i':
		v = longs ? va_arg(*ap, s64) : va_arg(*ap, s32);
		put_number(o, v < 0 ? -(u64)v : (u64)v, v < 0, 10, false, &sp);
		break;
	case 'u': put_number(o, next_unsigned(ap, longs), false, 10, false, &sp); break;
	case 'x':
	case 'X': put_number(o, next_unsigned(ap, longs), false, 16, *f == 'X', &sp); break;
	case 'p':
		sp = (struct spec){ .width = 16, .zero = true };
		put_number(o, (u64)va_arg(*ap, void *), false, 16, false, &sp);
		break;
	case 'c':
		c = (char)va_arg(*ap, int);
		put_padded(o, &c, 1, &sp);
		break;
	case 's':
		s = va_arg(*ap, const char *);
		s = s ? s : "(null)";
		put_padded(o, s, strlen(s), &sp);
		break;
	case '\0': return f;
	default: put(o, *f);
	}
	return f + 1;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, size, 0 };
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		if (*fmt != '%')
			put(&o, *fmt++);
		else
			fmt = put_one(&o, fmt + 1, &args);
	}
	va_end(args);
	if (size)
		buf[min(o.len, size - 1)] = '\0';
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
