/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unpacks a gzip file (RFC 1952) that holds Dom0's kernel. Pure but for tables of its own: one
 * caller at a time.
 */
#ifndef BOOT_GUNZIP_H
#define BOOT_GUNZIP_H
#include <lib/types.h>

bool gzip_is(const void *file, size_t n);
/* Bytes that the file says it unpacks to, less than 4 GiB; n as gzip_is() accepted it. */
size_t gzip_size(const void *file, size_t n);
/*
 * Unpacks to `out`, gzip_size() bytes. NULL, or what is wrong with the file; `out` may have been
 * written to then.
 */
const char *gunzip(const void *file, size_t n, void *out);
#endif
