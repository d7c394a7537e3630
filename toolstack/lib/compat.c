// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debian's static Xen libraries were compiled against glibc with fortified calls; these are the
 * entry points of those calls that musl does not have. The checks they stand for were made by the
 * compiler where it could.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __GLIBC__
int __fprintf_chk(FILE *f, int flag, const char *fmt, ...);
int __vfprintf_chk(FILE *f, int flag, const char *fmt, va_list ap);
int __snprintf_chk(char *s, size_t size, int flag, size_t room, const char *fmt, ...);
int __vsnprintf_chk(char *s, size_t size, int flag, size_t room, const char *fmt, va_list ap);
char *__strncpy_chk(char *to, const char *from, size_t n, size_t room);
int __open_2(const char *path, int flags);

int __vfprintf_chk(FILE *f, int flag, const char *fmt, va_list ap)
{
	return vfprintf(f, fmt, ap);
}

int __fprintf_chk(FILE *f, int flag, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfprintf(f, fmt, ap);
	va_end(ap);
	return n;
}

int __snprintf_chk(char *s, size_t size, int flag, size_t room, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s, size, fmt, ap);
	va_end(ap);
	return n;
}

int __vsnprintf_chk(char *s, size_t size, int flag, size_t room, const char *fmt, va_list ap)
{
	return vsnprintf(s, size, fmt, ap);
}

char *__strncpy_chk(char *to, const char *from, size_t n, size_t room)
{
	return strncpy(to, from, n);
}

int __open_2(const char *path, int flags)
{
	return open(path, flags);
}
#endif
