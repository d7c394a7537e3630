// SPDX-License-Identifier: GPL-2.0-only
/* Memory and string functions; the compiler and libfdt call some of them too. Pure. */
#include <lib/string.h>

/*
 * At any address: all our data is in Normal memory, where EL2 may access words unaligned
 * (SCTLR_EL2.A is 0).
 */
typedef u64 __attribute__((may_alias, aligned(1))) any_u64;
typedef u32 __attribute__((may_alias, aligned(1))) any_u32;
typedef u16 __attribute__((may_alias, aligned(1))) any_u16;

void *memcpy(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	/* Loads before stores: the compiler pairs them. */
	for (; n >= 128; n -= 128, d += 128, s += 128) {
		any_u64 *dw = (any_u64 *)d;
		const any_u64 *sw = (const any_u64 *)s;
		u64 a = sw[0], b = sw[1], c = sw[2], e = sw[3], f = sw[4], g = sw[5], h = sw[6],
		    i = sw[7];
		u64 j = sw[8], k = sw[9], l = sw[10], m = sw[11], o = sw[12], p = sw[13],
		    q = sw[14], r = sw[15];

		dw[0] = a, dw[1] = b, dw[2] = c, dw[3] = e, dw[4] = f, dw[5] = g, dw[6] = h,
		dw[7] = i;
		dw[8] = j, dw[9] = k, dw[10] = l, dw[11] = m, dw[12] = o, dw[13] = p, dw[14] = q,
		dw[15] = r;
	}
	for (; n >= 8; n -= 8, d += 8, s += 8)
		*(any_u64 *)d = *(const any_u64 *)s;
	if (unlikely(n & 4)) {
		*(any_u32 *)d = *(const any_u32 *)s;
		d += 4;
		s += 4;
	}
	if (unlikely(n & 2)) {
		*(any_u16 *)d = *(const any_u16 *)s;
		d += 2;
		s += 2;
	}
	if (unlikely(n & 1))
		*d = *s;
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if (d <= s || d >= s + n)
		return memcpy(dst, src, n);
	while (n--)
		d[n] = s[n];
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	u8 *d = dst;
	u64 w = (u8)c * 0x0101010101010101UL;

	for (; n && ((uintptr_t)d & 7); n--)
		*d++ = (u8)c;
	for (; n >= 64; n -= 64, d += 64) {
		u64 *p = (u64 *)d;

		p[0] = w, p[1] = w, p[2] = w, p[3] = w, p[4] = w, p[5] = w, p[6] = w, p[7] = w;
	}
	for (; n >= 8; n -= 8, d += 8)
		*(u64 *)d = w;
	while (n--)
		*d++ = (u8)c;
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	for (const u8 *p = s; n--; p++)
		if (*p == (u8)c)
			return (void *)p;
	return NULL;
}

size_t strnlen(const char *s, size_t limit)
{
	size_t n = 0;

	while (n < limit && s[n])
		n++;
	return n;
}

size_t strlen(const char *s)
{
	return strnlen(s, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)last;
	}
}

void strscpy(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size - 1);

	memcpy(dst, src, n);
	memset(dst + n, 0, size - n);
}

static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'z' ? (unsigned)(c - 'a' + 10) : 99;
}

u64 strtoul(const char *s, const char **end, unsigned base)
{
	u64 n = 0;

	if ((base == 0 || base == 16) && s[0] == '0' && (s[1] | 0x20) == 'x' && digit(s[2]) < 16) {
		s += 2;
		base = 16;
	}
	if (!base)
		base = 10;
	for (; digit(*s) < base; s++)
		if (__builtin_mul_overflow(n, (u64)base, &n) ||
		    __builtin_add_overflow(n, (u64)digit(*s), &n))
			n = ~0UL;
	if (end)
		*end = s;
	return n;
}
