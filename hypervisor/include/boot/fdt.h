/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A walk over a flattened device tree, node by node, with what is needed to read a node: its
 * properties of interest, gathered once, and the chain of buses above it to translate addresses.
 * Pure and bounded; the tree may be hostile once fdt_accept() has passed it.
 */
#ifndef BOOT_FDT_H
#define BOOT_FDT_H
#include <lib/string.h>
#include <lib/types.h>

/* libfdt wants these from its environment; its own header would bring in the C library's. */
#define LIBFDT_ENV_H
#define FDT_FORCE
#define FDT_BITWISE
typedef u16 fdt16_t;
typedef u32 fdt32_t;
typedef u64 fdt64_t;
#define fdt16_to_cpu(x) __builtin_bswap16(x)
#define cpu_to_fdt16(x) __builtin_bswap16(x)
#define fdt32_to_cpu(x) __builtin_bswap32(x)
#define cpu_to_fdt32(x) __builtin_bswap32(x)
#define fdt64_to_cpu(x) __builtin_bswap64(x)
#define cpu_to_fdt64(x) __builtin_bswap64(x)
#include <libfdt.h>

#define FDT_DEPTH 16	    /* deeper nodes are refused */
#define FDT_SIZE_MAX MIB(2) /* arm64 boot protocol */

/* Properties of interest. FDT_PROPS(X): X(identifier, name) */
/* clang-format off */
#define FDT_PROPS(X) \
	X(COMPATIBLE, "compatible") X(REG, "reg") X(RANGES, "ranges") \
	X(ADDRESS_CELLS, "#address-cells") X(SIZE_CELLS, "#size-cells") \
	X(DEVICE_TYPE, "device_type") X(STATUS, "status") X(INTERRUPTS, "interrupts") \
	X(INTERRUPT_NAMES, "interrupt-names") X(INTERRUPT_CELLS, "#interrupt-cells") \
	X(PHANDLE, "phandle") X(ENABLE_METHOD, "enable-method") X(METHOD, "method") \
	X(CPU_ON, "cpu_on") X(REDIST_REGIONS, "#redistributor-regions") \
	X(REDIST_STRIDE, "redistributor-stride") X(BOOTARGS, "bootargs") \
	X(INTERRUPT_PARENT, "interrupt-parent") X(INTERRUPTS_EXTENDED, "interrupts-extended") \
	X(PASSTHROUGH, "xen,passthrough") X(INITRD_START, "linux,initrd-start") \
	X(INITRD_END, "linux,initrd-end") X(REG_SHIFT, "reg-shift") \
	X(REG_IO_WIDTH, "reg-io-width")
/* clang-format on */
#define X(id, name) FDT_##id,
enum fdt_prop_id { FDT_PROPS(X) NR_FDT_PROPS };
#undef X

struct fdt_bus { /* a node that the walk is inside of, as its children see it */
	u8 address_cells, size_cells;
	bool disabled;	       /* it or a node above has a status other than okay */
	bool passthrough;      /* it or a node above is marked "xen,passthrough" */
	bool translatable;     /* its children's addresses can be told as the CPU's */
	const fdt32_t *ranges; /* NULL: identity */
	unsigned ranges_len;   /* bytes */
	u32 irq_parent;	       /* phandle of its children's interrupt controller, 0: none */
};

struct fdt_walk {
	const void *fdt;
	int node, depth; /* offset; 0 is the root */
	const char *name;
	bool disabled, passthrough;
	u32 irq_parent; /* phandle of its interrupt controller, 0: none */
	/* set when next() ended for another reason than the end of the tree */
	const char *error;
	const void *val[NR_FDT_PROPS]; /* NULL: not there */
	unsigned len[NR_FDT_PROPS];
	struct fdt_bus bus[FDT_DEPTH + 1]; /* bus[d] is the node at depth d */
};

/* 0, or a text that says what is wrong with the tree at fdt (readable for FDT_SIZE_MAX bytes). */
const char *fdt_accept(const void *fdt);
void fdt_walk_start(struct fdt_walk *w, const void *fdt);
bool fdt_walk_next(struct fdt_walk *w);
/* Is s among the n bytes of NUL-terminated strings? */
bool fdt_list_has(const void *list, unsigned n, const char *s);
bool fdt_is(const struct fdt_walk *w, const char *compatible);
bool fdt_type_is(const struct fdt_walk *w, const char *device_type);
/* Cell i of a property; false: not there. */
bool fdt_cell(const struct fdt_walk *w, enum fdt_prop_id id, unsigned i, u32 *val) __must_check;
/* Text of a property that is one string within its bounds, or NULL. */
const char *fdt_text(const struct fdt_walk *w, enum fdt_prop_id id);
unsigned fdt_reg_count(const struct fdt_walk *w);
/*
 * reg entry i as the CPU sees it. -ENOENT: no such entry; -EINVAL: malformed, overflowing or behind
 * a bus without translation.
 */
int fdt_reg(const struct fdt_walk *w, unsigned i, u64 *start, u64 *size) __must_check;
/* Entry i of a PCI host bridge's "ranges": the window as the CPU sees it. Same errors. */
int fdt_pci_window(const struct fdt_walk *w, unsigned i, u64 *start, u64 *size) __must_check;
/* n cells (0..2 meaningful, more only with leading zeros), false: too big. */
bool fdt_read_cells(const fdt32_t *p, unsigned n, u64 *val) __must_check;
#endif
