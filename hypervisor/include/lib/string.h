/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory, strings, formatted text. All pure; also compiled for the host. */
#ifndef LIB_STRING_H
#define LIB_STRING_H
#include <lib/types.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
/*
 * Copies at most size - 1 characters and always ends dst with NUL (size > 0); the rest of dst is
 * zeroed.
 */
void strscpy(char *dst, const char *src, size_t size);
/*
 * Unsigned number in base 0 (0x, 0 or decimal prefix), 10 or 16; *end is the first character not
 * used. Saturates.
 */
u64 strtoul(const char *s, const char **end, unsigned base);

/*
 * %d %i %u %x %X %c %s %p %% with width, '-', '0', l, ll, z. Returns the length the text would
 * have.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
#endif
