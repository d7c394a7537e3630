// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPU's registers, and what most tests want of memory and messages; a test that wants something
 * else defines it itself.
 */
#include <arm/cpu.h>
#include <arm/exclusive.h>
#include <core/console.h>
#include <lib/string.h>
#include "../harness.h"

void *aligned_alloc(size_t align, size_t n);
void free(void *p);

#define DEFAULT __attribute__((weak))

_Thread_local struct fake_regs fake_regs;

DEFAULT void cache_clean(const void *p, size_t n)
{
}
DEFAULT void cache_clean_inv(const void *p, size_t n)
{
}
DEFAULT bool fake_store_lost(void)
{
	return false;
}
DEFAULT void zero_wide(void *p, size_t n)
{
	memset(p, 0, n);
}
DEFAULT void page_zero(void *p)
{
	memset(p, 0, PAGE_SIZE);
}
DEFAULT void page_scrub(void *p)
{
	memset(p, 0, PAGE_SIZE);
}
DEFAULT void page_copy(void *dst, const void *src)
{
	memcpy(dst, src, PAGE_SIZE);
}
/* As in lib/string.c, which is not linked in: the names there are the C library's. */
DEFAULT void strscpy(char *dst, const char *src, size_t size)
{
	size_t n = strlen(src);

	memset(dst, 0, size);
	memcpy(dst, src, n < size ? n : size - 1);
}
DEFAULT void printk(const char *fmt, ...)
{
}
DEFAULT void printk_level(enum log_level l, const char *fmt, ...)
{
}
DEFAULT void log_guest(struct domain *d, enum log_level l, const char *fmt, ...)
{
}
DEFAULT void panic(const char *fmt, ...)
{
	host_panic("%s", fmt);
}

/* Where there are no stage-2 tables, fake/tlb.c is not needed. */
DEFAULT void tlbi_ipa(u64 ipa)
{
}
DEFAULT void tlbi_vmid(void)
{
}
DEFAULT void tlbi_vmid_local(void)
{
}

/* The heap, where the hypervisor's own is not. */
DEFAULT void *xzalloc(size_t n)
{
	n = ROUND_UP(n, 64);
	return memset(aligned_alloc(64, n), 0, n);
}
DEFAULT void xfree(void *p)
{
	free(p);
}

/* No firmware. */
DEFAULT int smccc_arch_feature(u32 fn)
{
	return -1;
}
DEFAULT s64 smccc_call(u32 fn, u64 a1, u64 a2, u64 a3)
{
	return 0;
}
