// SPDX-License-Identifier: GPL-2.0-only
/*
 * EL2's own address space: everything at its physical address, writable never executable. Built
 * once by the boot CPU (mm_early_init() with the MMU still off, el2_map() from boot/ later);
 * entries are only added, so no break-before-make is needed. The frame table may stand at another
 * address (el2_map() with va != pa).
 */
#include <arm/cpu.h>
#include <arm/mm.h>
#include <core/console.h>
#include <core/page.h>
#include <lib/errno.h>
#include <lib/string.h>

#define ENTRIES 512
#define PTE_VALID BIT(0)
#define PTE_TABLE BIT(1)      /* at level 3: page */
#define PTE_DEVICE (1UL << 2) /* attribute index 1 */
#define PTE_RES1 BIT(6)	      /* AP[1] */
#define PTE_RO BIT(7)
#define PTE_SH_INNER (3UL << 8)
#define PTE_AF BIT(10)
#define PTE_XN BIT(54)
#define PTE_ADDR 0xfffffffff000UL

#define EARLY_TABLES 64 /* until there is a heap; what boot leaves of them goes there */
static u64 early_tables[EARLY_TABLES][ENTRIES] __aligned(4096);
static unsigned early_tables_used;
u64 mm_root; /* TTBR0_EL2 of every CPU */

#define MAX_DEVICES 8 /* UART, GIC */
/* frames of the hypervisor's own, set at boot */
static struct {
	u64 first, last;
} devices[MAX_DEVICES];
static unsigned nr_devices;

extern char __image_start[], __rodata_start[], __relro_end[], __init_text_start[],
	__init_text_end[], __image_end[];

static u64 *table_alloc(void)
{
	if (early_tables_used < EARLY_TABLES)
		return early_tables[early_tables_used++];
	return xalloc_pages(0);
}

static u64 leaf_bits(enum el2_map how)
{
	u64 bits = PTE_VALID | PTE_RES1 | PTE_AF;

	switch (how) {
	case EL2_DEVICE: return bits | PTE_DEVICE | PTE_XN;
	case EL2_TEXT: return bits | PTE_SH_INNER | PTE_RO;
	case EL2_RODATA: return bits | PTE_SH_INNER | PTE_RO | PTE_XN;
	default: return bits | PTE_SH_INNER | PTE_XN;
	}
}

/* One level of el2_map(): what is mapped already stays as it is. */
static int map_level(u64 *table, unsigned level, u64 va, u64 pa, u64 size, u64 bits)
{
	unsigned shift = 39 - 9 * level;
	u64 block = 1UL << shift, n;
	int rc;

	for (u64 end = va + size; va < end; va += n, pa += n) {
		u64 *e = &table[(va >> shift) % ENTRIES];

		n = min(block - (va & (block - 1)), end - va);
		if (level > 0 && n == block && !*e && !(pa & (block - 1))) {
			*e = pa | bits | (level == 3 ? PTE_TABLE : 0);
			continue;
		}
		if (level == 3 || (*e && !(*e & PTE_TABLE)))
			continue;
		if (!*e) {
			u64 *t = table_alloc();

			if (!t)
				return -ENOMEM;
			dsb(ishst);
			*e = (u64)t | PTE_VALID | PTE_TABLE;
		}
		rc = map_level((u64 *)(*e & PTE_ADDR), level + 1, va, pa, n, bits);
		if (rc)
			return rc;
	}
	return 0;
}

int el2_map(paddr_t va, paddr_t pa, u64 size, enum el2_map how)
{
	u64 end;
	int rc;

	if (((va | pa | size) & ~PAGE_MASK) || __builtin_add_overflow(va, size, &end) ||
	    end > BIT(48) || pa + size > BIT(48))
		return -EINVAL;
	rc = map_level((u64 *)mm_root, 0, va, pa, size, leaf_bits(how));
	dsb(ishst);
	isb();
	return rc;
}

int el2_map_device(paddr_t pa, u64 size)
{
	u64 start = pa & PAGE_MASK, bytes = ROUND_UP(pa + size, PAGE_SIZE) - start;

	if (nr_devices == MAX_DEVICES)
		return -ENOMEM;
	devices[nr_devices].first = start >> PAGE_SHIFT;
	devices[nr_devices++].last = ((start + bytes) >> PAGE_SHIFT) - 1;
	return el2_map(start, start, bytes, EL2_DEVICE);
}

bool el2_owns_device(mfn_t first, mfn_t last)
{
	for (unsigned i = 0; i < nr_devices; i++)
		if (first.n <= devices[i].last && last.n >= devices[i].first)
			return true;
	return false;
}

static void map_image(const char *from, const char *to, enum el2_map how)
{
	if (to > from)
		map_level((u64 *)mm_root, 0, (u64)from, (u64)from, (u64)(to - from),
			  leaf_bits(how));
}

u64 mm_early_init(paddr_t fdt, paddr_t image_start);
/*
 * MMU off. Maps the image with its rights, and the device tree (up to 2 MiB, wherever it starts).
 * Returns TTBR0_EL2.
 */
u64 mm_early_init(paddr_t fdt, paddr_t image_start)
{
	u64 fdt_base = fdt & ~(MIB(2) - 1);

	mm_root = (u64)table_alloc();
	map_image(__image_start, __rodata_start, EL2_TEXT);
	map_image(__rodata_start, __relro_end, EL2_RODATA);
	map_image(__relro_end, __init_text_start, EL2_NORMAL);
	map_image(__init_text_start, __init_text_end, EL2_TEXT);
	map_image(__init_text_end, __image_end, EL2_NORMAL);
	if (fdt && fdt < BIT(48) - MIB(4))
		/* ordinary memory once it has been read */
		map_level((u64 *)mm_root, 0, fdt_base, fdt_base, MIB(4), leaf_bits(EL2_NORMAL));
	return mm_root;
}

static void init_text_writable(u64 *table, unsigned level, u64 va, u64 end)
{
	unsigned shift = 39 - 9 * level;

	for (; va < end; va = (va | ((1UL << shift) - 1)) + 1) {
		u64 *e = &table[(va >> shift) % ENTRIES];

		if (level < 3) {
			init_text_writable((u64 *)(*e & PTE_ADDR), level + 1, va,
					   min(end, (va | ((1UL << shift) - 1)) + 1));
			continue;
		}
		/* Break before make: one page at a time, nobody executes here any more. */
		*e = 0;
		dsb(ishst);
		tlbi_el2_va(va);
		*e = (va & PTE_ADDR) | leaf_bits(EL2_NORMAL) | PTE_TABLE;
	}
	dsb(ishst);
	isb();
}

/* Boot is over: the init text becomes ordinary memory, tables not used are the heap's. */
void mm_release_init(void)
{
	heap_add((paddr_t)early_tables[early_tables_used], (paddr_t)early_tables[EARLY_TABLES]);
	early_tables_used = EARLY_TABLES;
	init_text_writable((u64 *)mm_root, 0, (u64)__init_text_start, (u64)__init_text_end);
}
