// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the machine out of a flattened device tree in one walk: memory, CPUs,
 * GIC, UART, the /hypervisor node. Trusts its input (made by QEMU or by the
 * hypervisor under test) but keeps within totalsize.
 */
#include "guest.h"

#define FDT_BEGIN_NODE 1
#define FDT_END_NODE 2
#define FDT_PROP 3
#define FDT_END 9
#define MAX_DEPTH 8

struct node {
	const char *name;
	const u32 *reg;
	int reg_len; /* in cells */
	const u32 *interrupts;
	const char *compatible;
	int compatible_len;
};

struct walk {
	const char *strings;
	int addr_cells, size_cells; /* of the root */
	int depth;
	struct node node[MAX_DEPTH];
};

static u32 be32(u32 v)
{
	return __builtin_bswap32(v);
}

static u64 cells(const u32 *p, int n)
{
	u64 v = 0;

	while (n--)
		v = v << 32 | be32(*p++);
	return v;
}

static bool is_compatible(const struct node *n, const char *what)
{
	int len = (int)strlen(what);

	for (int i = 0; i + len < n->compatible_len + 1; i += (int)strlen(n->compatible + i) + 1)
		if (!strcmp(n->compatible + i, what))
			return true;
	return false;
}

static u64 reg_addr(const struct walk *w, const struct node *n, int i)
{
	int stride = w->addr_cells + w->size_cells;

	return (i + 1) * stride <= n->reg_len ? cells(n->reg + i * stride, w->addr_cells) : 0;
}

static u64 reg_size(const struct walk *w, const struct node *n, int i)
{
	int stride = w->addr_cells + w->size_cells;

	if ((i + 1) * stride > n->reg_len)
		return 0;
	return cells(n->reg + i * stride + w->addr_cells, w->size_cells);
}

static void take_hypervisor(const struct walk *w, const struct node *n)
{
	machine.platform = DOM0;
	machine.gnttab = reg_addr(w, n, 0);
	for (int i = 1; reg_size(w, n, i); i++) {
		if (reg_size(w, n, i) <= machine.free_size)
			continue;
		machine.free_base = reg_addr(w, n, i);
		machine.free_size = reg_size(w, n, i);
	}
	if (n->interrupts)
		machine.evtchn_irq = 16 + (int)be32(n->interrupts[1]);
}

static void take_memory(const struct walk *w, const struct node *n)
{
	for (int i = 0; reg_size(w, n, i); i++) {
		u64 base = reg_addr(w, n, i), size = reg_size(w, n, i);

		if (machine.phys >= base && machine.phys < base + size) {
			machine.ram_base = base;
			machine.ram_size = size;
		}
	}
}

static void take_node(const struct walk *w, const struct node *n)
{
	if (!strncmp(n->name, "memory@", 7)) {
		take_memory(w, n);
	} else if (!strncmp(n->name, "cpu@", 4)) {
		machine.ncpus++;
	} else if (is_compatible(n, "arm,gic-v3")) {
		machine.gic = 3;
		machine.gicd = reg_addr(w, n, 0);
		machine.gicr = reg_addr(w, n, 1);
	} else if (is_compatible(n, "arm,cortex-a15-gic")) {
		machine.gic = 2;
		machine.gicd = reg_addr(w, n, 0);
		machine.gicc = reg_addr(w, n, 1);
	} else if (is_compatible(n, "arm,pl011")) {
		machine.uart = reg_addr(w, n, 0);
	} else if (is_compatible(n, "xen,xen")) {
		take_hypervisor(w, n);
	}
}

static void take_prop(struct walk *w, const char *name, const u32 *val, u32 len)
{
	struct node *n = &w->node[w->depth - 1];

	if (!strcmp(name, "reg")) {
		n->reg = val;
		n->reg_len = (int)len / 4;
	} else if (!strcmp(name, "compatible")) {
		n->compatible = (const char *)val;
		n->compatible_len = (int)len;
	} else if (!strcmp(name, "interrupts")) {
		n->interrupts = val;
	} else if (w->depth == 1 && !strcmp(name, "#address-cells")) {
		w->addr_cells = (int)be32(*val);
	} else if (w->depth == 1 && !strcmp(name, "#size-cells")) {
		w->size_cells = (int)be32(*val);
	} else if (!strcmp(name, "bootargs")) {
		snprintf(machine.bootargs, sizeof(machine.bootargs), "%s", (const char *)val);
	}
}

static bool enter_node(struct walk *w, const char *name)
{
	if (w->depth == MAX_DEPTH)
		return false;
	w->node[w->depth++] = (struct node){ .name = name };
	return true;
}

void fdt_read(const void *fdt)
{
	const u32 *head = fdt;
	const u32 *p = (const u32 *)((const char *)fdt + be32(head[2]));
	const u32 *end = (const u32 *)((const char *)fdt + be32(head[1]));
	struct walk w = {
		.strings = (const char *)fdt + be32(head[3]),
		.addr_cells = 2,
		.size_cells = 2,
	};

	while (p < end) {
		u32 len, token = be32(*p++);

		if (token == FDT_END)
			return;
		if (token == FDT_BEGIN_NODE) {
			if (!enter_node(&w, (const char *)p))
				return;
			p += strlen((const char *)p) / 4 + 1;
		} else if (token == FDT_END_NODE) {
			take_node(&w, &w.node[--w.depth]);
		} else if (token == FDT_PROP) {
			len = be32(p[0]);
			take_prop(&w, w.strings + be32(p[1]), p + 2, len);
			p += 2 + (len + 3) / 4;
		}
	}
}
