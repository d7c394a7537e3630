// SPDX-License-Identifier: GPL-2.0-only
/*
 * EL2's own tables: what each kind of mapping allows, walked as the hardware does; nothing is
 * writable and executable.
 */
#include <arm/mm.h>
#include <core/page.h>
#include <lib/errno.h>
#include <lib/string.h>
#include "harness.h"

_Thread_local struct cpu *fake_cpu;
_Thread_local bool fake_irq_pending;
u64 fake_ticks;

/* The image that the linker script would describe: its symbols are pages of this array. */
static char image[16 * PAGE_SIZE] __attribute__((aligned(4096)));
#define MARK(name, page) __asm__(".globl " #name "\n\t.set " #name ", image + " #page " * 4096")
MARK(__image_start, 0);
MARK(__rodata_start, 3);
MARK(__relro_end, 6);
MARK(__init_text_start, 8);
MARK(__init_text_end, 11);
MARK(__image_end, 16);
static u64 flushed; /* pages whose translation was forgotten */

static void tlbi_el2_va(u64 va)
{
	flushed |= 1UL << (va - (u64)image) / PAGE_SIZE;
}

static unsigned allocated;
void *xalloc_pages(unsigned order)
{
	allocated += 1U << order;
	return host_pages(1UL << order);
}

static u64 given; /* bytes that went to the heap */
void heap_add(paddr_t start, paddr_t end)
{
	given += end - start;
}

#include "../../hypervisor/arm/mm.c"

/* The leaf that translates va; 0: none. */
static u64 leaf(u64 va, u64 *pa)
{
	const u64 *table = (const u64 *)mm_root;

	for (unsigned level = 0;; level++) {
		unsigned shift = 39 - 9 * level;
		u64 e = table[(va >> shift) % ENTRIES];

		if (!(e & PTE_VALID))
			return 0;
		if (level == 3 || !(e & PTE_TABLE)) {
			CHECK(level && (level < 3 || (e & PTE_TABLE)));
			*pa = (e & PTE_ADDR & ~((1UL << shift) - 1)) | (va & ((1UL << shift) - 1));
			return e;
		}
		table = (const u64 *)(e & PTE_ADDR);
	}
}

enum { NONE, R, RW, RX, DEVICE };

static int rights(u64 va, u64 want_pa)
{
	u64 pa, e = leaf(va, &pa);
	bool writable = !(e & PTE_RO), executable = !(e & PTE_XN);

	if (!e)
		return NONE;
	CHECK_EQ(pa, want_pa);
	CHECK(!(writable && executable));
	CHECK(e & PTE_AF && e & PTE_RES1);
	if (e & PTE_DEVICE)
		return writable && !executable ? DEVICE : -1;
	CHECK((e & PTE_SH_INNER) == PTE_SH_INNER);
	return writable ? RW : executable ? RX : R;
}

static void image_rights(void)
{
	static const char expected[16] = { RX, RX, RX, R,  R,  R,  RW, RW,
					   RX, RX, RX, RW, RW, RW, RW, RW };
	u64 left;

	mm_early_init(0, (u64)image);
	for (unsigned i = 0; i < 16; i++)
		CHECK_EQ(rights((u64)image + i * PAGE_SIZE + 0x123,
				(u64)image + i * PAGE_SIZE + 0x123),
			 expected[i]);
	CHECK_EQ(rights((u64)image - 1, 0), NONE);
	CHECK_EQ(rights((u64)image + sizeof(image), 0), NONE);
	left = EARLY_TABLES - early_tables_used;
	mm_release_init();
	CHECK(left > 0);
	CHECK_EQ(given, left * PAGE_SIZE);
	for (unsigned i = 0; i < 16; i++)
		CHECK_EQ(rights((u64)image + i * PAGE_SIZE, (u64)image + i * PAGE_SIZE),
			 i >= 8 && i < 11 ? RW : expected[i]);
	CHECK_EQ(flushed, 7UL << 8);
}

static void later(void)
{
	static const struct {
		u64 va, pa, size;
		enum el2_map how;
		int rights;
	} maps[] = {
		{ GIB(2), GIB(2), GIB(2), EL2_NORMAL, RW },
		{ GIB(8) + MIB(2), GIB(16), MIB(6), EL2_NORMAL, RW },
		{ 0x9000000, 0x9000000, 0x1000, EL2_DEVICE, DEVICE },
		{ GIB(20) + 0x3000, GIB(20) + 0x3000, MIB(2), EL2_RODATA, R },
		{ GIB(30) - 0x5000, GIB(30) - 0x5000, 0xa000, EL2_TEXT, RX },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(maps); i++) {
		CHECK(!el2_map(maps[i].va, maps[i].pa, maps[i].size, maps[i].how));
		for (u64 at = 0; at < maps[i].size;
		     at += maps[i].size / 10 / PAGE_SIZE * PAGE_SIZE + PAGE_SIZE)
			CHECK_EQ(rights(maps[i].va + at, maps[i].pa + at), maps[i].rights);
		CHECK_EQ(rights(maps[i].va + maps[i].size - 1, maps[i].pa + maps[i].size - 1),
			 maps[i].rights);
		CHECK_EQ(rights(maps[i].va - 1, 0), NONE);
		CHECK_EQ(rights(maps[i].va + maps[i].size, 0), NONE);
	}
	/* What is mapped already stays. */
	CHECK(!el2_map(GIB(2), GIB(2), PAGE_SIZE, EL2_TEXT));
	CHECK_EQ(rights(GIB(2), GIB(2)), RW);
	CHECK_EQ(el2_map(~0xfffUL, 0, 0x2000, EL2_NORMAL), -EINVAL);
	CHECK_EQ(el2_map(BIT(48) - PAGE_SIZE, 0, 2 * PAGE_SIZE, EL2_NORMAL), -EINVAL);
	CHECK_EQ(el2_map(0, BIT(48), PAGE_SIZE, EL2_NORMAL), -EINVAL);
	CHECK_EQ(el2_map(8, 0, PAGE_SIZE, EL2_NORMAL), -EINVAL);
}

int main(void)
{
	static const struct test tests[] = { { "the image's rights", image_rights },
					     { "mappings of boot", later } };

	return run_tests("mm", tests, ARRAY_SIZE(tests));
}
