// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks a device tree and translates addresses (boot/fdt.h). Pure. Every length comes from libfdt,
 * which checked it against the blob; nothing here trusts a value inside a property.
 */
#include <boot/fdt.h>
#include <lib/errno.h>

static const char *const prop_names[NR_FDT_PROPS] __initconst = {
#define X(id, name) [FDT_##id] = name,
	FDT_PROPS(X)
#undef X
};

const char *__init fdt_accept(const void *fdt)
{
	int rc;

	if (!fdt)
		return "no device tree was given (x0 is 0)";
	if ((uintptr_t)fdt & 7)
		return "the device tree does not start at a multiple of 8";
	if (fdt_magic(fdt) != FDT_MAGIC)
		return "no device tree where x0 points to (bad magic number)";
	if (fdt_totalsize(fdt) > FDT_SIZE_MAX)
		return "the device tree is larger than 2 MiB";
	if (fdt_version(fdt) < 17)
		return "the device tree has a version that is not known";
	rc = fdt_check_full(fdt, fdt_totalsize(fdt));
	switch (rc) {
	case 0: return NULL;
	case -FDT_ERR_BADVERSION: return "the device tree has a version that is not known";
	case -FDT_ERR_TRUNCATED: return "the device tree is cut off";
	case -FDT_ERR_BADSTRUCTURE: return "the device tree's structure is damaged";
	default: return "the device tree is damaged";
	}
}

static void __init gather(struct fdt_walk *w)
{
	int off, len;

	memset(w->val, 0, sizeof(w->val));
	memset(w->len, 0, sizeof(w->len));
	fdt_for_each_property_offset(off, w->fdt, w->node)
	{
		const char *name;
		const void *val = fdt_getprop_by_offset(w->fdt, off, &name, &len);

		if (!val)
			continue;
		for (unsigned i = 0; i < NR_FDT_PROPS; i++) {
			/* The first letter decides nearly always. */
			if (prop_names[i][0] != name[0] || strcmp(prop_names[i], name) || w->val[i])
				continue;
			w->val[i] = val;
			w->len[i] = (unsigned)len;
			break;
		}
	}
}

static bool __init okay(const struct fdt_walk *w)
{
	const char *s = w->val[FDT_STATUS];

	return !s || fdt_list_has(s, w->len[FDT_STATUS], "okay") ||
	       fdt_list_has(s, w->len[FDT_STATUS], "ok");
}

/*
 * Memory addresses, not a bus: no "ranges" is asked for, and cells are the root's where none are
 * given.
 */
static bool __init holds_cpu_addresses(const struct fdt_walk *w)
{
	return w->depth == 1 && (!strcmp(w->name, "chosen") || !strcmp(w->name, "reserved-memory"));
}

/* The node becomes a bus for what is below. */
static void __init enter(struct fdt_walk *w)
{
	struct fdt_bus *b = &w->bus[w->depth];
	const struct fdt_bus *up = w->depth ? &w->bus[w->depth - 1] : NULL;
	u32 v;

	w->disabled = (up && up->disabled) || !okay(w);
	w->passthrough = up && (up->passthrough || w->val[FDT_PASSTHROUGH]);
	if (!fdt_cell(w, FDT_INTERRUPT_PARENT, 0, &w->irq_parent))
		w->irq_parent = up ? up->irq_parent : 0;
	*b = (struct fdt_bus){ .address_cells = 2,
			       .size_cells = 1,
			       .disabled = w->disabled,
			       .passthrough = w->passthrough,
			       .irq_parent = w->irq_parent };
	if (w->val[FDT_INTERRUPT_CELLS]) /* a controller: its children's own */
		b->irq_parent = fdt_cell(w, FDT_PHANDLE, 0, &v) ? v : 0;
	if (holds_cpu_addresses(w)) {
		b->address_cells = up->address_cells;
		b->size_cells = up->size_cells;
	}
	if (fdt_cell(w, FDT_ADDRESS_CELLS, 0, &v))
		b->address_cells = v > 4 ? 255 : (u8)v;
	if (fdt_cell(w, FDT_SIZE_CELLS, 0, &v))
		b->size_cells = v > 4 ? 255 : (u8)v;
	b->translatable = !up || holds_cpu_addresses(w) ||
			  (up->translatable && w->val[FDT_RANGES] && !fdt_type_is(w, "pci"));
	if (up && w->len[FDT_RANGES]) {
		b->ranges = w->val[FDT_RANGES];
		b->ranges_len = w->len[FDT_RANGES];
	}
}

void __init fdt_walk_start(struct fdt_walk *w, const void *fdt)
{
	memset(w, 0, sizeof(*w));
	w->fdt = fdt;
	w->node = -1;
}

bool __init fdt_walk_next(struct fdt_walk *w)
{
	int len;

	if (w->node < 0) {
		w->node = 0;
		w->depth = 0;
	} else {
		w->node = fdt_next_node(w->fdt, w->node, &w->depth);
		if (w->node < 0 || w->depth < 1) {
			if (w->node < 0 && w->node != -FDT_ERR_NOTFOUND)
				w->error = "the device tree's structure is damaged";
			return false;
		}
	}
	if (w->depth > FDT_DEPTH) {
		w->error = "the device tree is nested more than 16 levels deep";
		return false;
	}
	w->name = fdt_get_name(w->fdt, w->node, &len);
	if (!w->name)
		w->name = "";
	gather(w);
	enter(w);
	return true;
}

bool __init fdt_list_has(const void *list, unsigned n, const char *s)
{
	return list && fdt_stringlist_contains(list, (int)n, s);
}

bool __init fdt_is(const struct fdt_walk *w, const char *compatible)
{
	return fdt_list_has(w->val[FDT_COMPATIBLE], w->len[FDT_COMPATIBLE], compatible);
}

bool __init fdt_type_is(const struct fdt_walk *w, const char *device_type)
{
	return fdt_list_has(w->val[FDT_DEVICE_TYPE], w->len[FDT_DEVICE_TYPE], device_type);
}

bool __init fdt_cell(const struct fdt_walk *w, enum fdt_prop_id id, unsigned i, u32 *val)
{
	if (!w->val[id] || i >= w->len[id] / 4)
		return false;
	*val = fdt32_to_cpu(((const fdt32_t *)w->val[id])[i]);
	return true;
}

const char *__init fdt_text(const struct fdt_walk *w, enum fdt_prop_id id)
{
	const char *s = w->val[id];

	return s && w->len[id] && strnlen(s, w->len[id]) < w->len[id] ? s : NULL;
}

bool __init fdt_read_cells(const fdt32_t *p, unsigned n, u64 *val)
{
	u64 v = 0;

	for (unsigned i = 0; i < n; i++) {
		if (v >> 32)
			return false;
		v = v << 32 | fdt32_to_cpu(p[i]);
	}
	*val = v;
	return true;
}

/* One step up: an address on the bus below `b` becomes one on the bus that b itself is on. */
static int __init translate(const struct fdt_bus *b, const struct fdt_bus *up, u64 *addr, u64 size)
{
	unsigned entry = (unsigned)(b->address_cells + up->address_cells + b->size_cells);
	const fdt32_t *p = b->ranges;

	if (!p)
		return 0;
	if (!entry || entry > 12)
		return -EINVAL;
	for (unsigned left = b->ranges_len / 4; left >= entry; left -= entry, p += entry) {
		u64 child, parent, len;

		if (!fdt_read_cells(p, b->address_cells, &child) ||
		    !fdt_read_cells(p + b->address_cells, up->address_cells, &parent) ||
		    !fdt_read_cells(p + b->address_cells + up->address_cells, b->size_cells, &len))
			continue;
		if (*addr < child || *addr - child >= len || size > len - (*addr - child))
			continue;
		return __builtin_add_overflow(parent, *addr - child, addr) ? -EINVAL : 0;
	}
	return -EINVAL;
}

/* addr is on the bus of the node at depth d. */
static int __init to_cpu(const struct fdt_walk *w, int d, u64 *addr, u64 size)
{
	u64 end;

	if (!w->bus[d].translatable)
		return -EINVAL;
	for (; d > 0; d--)
		if (translate(&w->bus[d], &w->bus[d - 1], addr, size))
			return -EINVAL;
	return __builtin_add_overflow(*addr, size, &end) || end > BIT(48) ? -EINVAL : 0;
}

static unsigned __init reg_entry(const struct fdt_walk *w)
{
	const struct fdt_bus *b = &w->bus[w->depth - 1];

	return b->address_cells > 4 || b->size_cells > 4 ? 0 : b->address_cells + b->size_cells;
}

unsigned __init fdt_reg_count(const struct fdt_walk *w)
{
	unsigned entry = w->depth ? reg_entry(w) : 0;

	return entry ? w->len[FDT_REG] / 4 / entry : 0;
}

int __init fdt_reg(const struct fdt_walk *w, unsigned i, u64 *start, u64 *size)
{
	const struct fdt_bus *b = w->depth ? &w->bus[w->depth - 1] : NULL;
	const fdt32_t *p = w->val[FDT_REG];
	unsigned entry;

	if (!p || !b)
		return -ENOENT;
	entry = reg_entry(w);
	if (!entry || w->len[FDT_REG] % (entry * 4))
		return -EINVAL;
	if (i >= w->len[FDT_REG] / 4 / entry)
		return -ENOENT;
	p += i * entry;
	if (!fdt_read_cells(p, b->address_cells, start) ||
	    !fdt_read_cells(p + b->address_cells, b->size_cells, size))
		return -EINVAL;
	return to_cpu(w, w->depth - 1, start, *size);
}

int __init fdt_pci_window(const struct fdt_walk *w, unsigned i, u64 *start, u64 *size)
{
	const struct fdt_bus *own = &w->bus[w->depth], *up = w->depth ? own - 1 : NULL;
	const fdt32_t *p = w->val[FDT_RANGES];
	unsigned entry;

	if (!p || !up)
		return -ENOENT;
	entry = (unsigned)(own->address_cells + up->address_cells + own->size_cells);
	if (own->address_cells != 3 || own->size_cells > 4 || up->address_cells > 4 ||
	    w->len[FDT_RANGES] % (entry * 4))
		return -EINVAL;
	if (i >= w->len[FDT_RANGES] / 4 / entry)
		return -ENOENT;
	p += i * entry + 3;
	if (!fdt_read_cells(p, up->address_cells, start) ||
	    !fdt_read_cells(p + up->address_cells, own->size_cells, size))
		return -EINVAL;
	return to_cpu(w, w->depth - 1, start, *size);
}
