// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dom0's device tree: the machine's, node by node, with the exceptions of one table (skip, replace,
 * own properties; anything else is copied), and which devices it gets by it. Pure but for the log.
 * Written front to back with libfdt's sequential writer.
 */
#include <boot/dom0.h>
#include <core/console.h>
#include <domain/domain.h>
#include <lib/bitmap.h>
#include <lib/errno.h>
#include <lib/string.h>

struct writer {
	const struct dom0_tree *t;
	const struct machine *m;
	void *fdt;
	int err;  /* first error of libfdt */
	u32 done; /* replacements written, bit per rule */
	struct fdt_walk w;
};

enum rule_by { BY_PATH, BY_TYPE, BY_COMPATIBLE };
enum rule_action { COPY, SKIP, REPLACE, OWN_PROPS };

struct rule {
	enum rule_by by;
	const char *what;
	enum rule_action action; /* SKIP and REPLACE: the nodes below, too */
	void (*write)(struct writer *o);
};

static void write_cpus(struct writer *o);
static void write_chosen(struct writer *o);
static void write_timer(struct writer *o);
static void write_psci(struct writer *o);
static void write_gic_props(struct writer *o);

static const struct rule rules[] __initconst = {
	{ BY_PATH, "cpus", REPLACE, write_cpus },
	{ BY_PATH, "chosen", REPLACE, write_chosen },
	{ BY_PATH, "hypervisor", SKIP }, /* written at the end */
	{ BY_TYPE, "memory", SKIP },	 /* likewise */
	{ BY_COMPATIBLE, "arm,armv8-timer", REPLACE, write_timer },
	{ BY_COMPATIBLE, "arm,psci-1.0", REPLACE, write_psci },
	{ BY_COMPATIBLE, "arm,psci-0.2", REPLACE, write_psci },
	{ BY_COMPATIBLE, "arm,psci", REPLACE, write_psci },
	{ BY_COMPATIBLE, "arm,gic-400", OWN_PROPS, write_gic_props },
	{ BY_COMPATIBLE, "arm,cortex-a15-gic", OWN_PROPS, write_gic_props },
	{ BY_COMPATIBLE, "arm,cortex-a7-gic", OWN_PROPS, write_gic_props },
	{ BY_COMPATIBLE, "arm,gic-v3", OWN_PROPS, write_gic_props },
	{ BY_COMPATIBLE, "arm,gic-v3-its", SKIP }, /* there is no virtual ITS */
	{ BY_COMPATIBLE, "arm,armv7-timer-mem", SKIP },
	{ BY_COMPATIBLE, "arm,armv8-pmuv3", SKIP }, /* PMU registers are not offered */
	{ BY_COMPATIBLE, "arm,cortex-a53-pmu", SKIP },
	{ BY_COMPATIBLE, "arm,cortex-a57-pmu", SKIP },
	{ BY_COMPATIBLE, "arm,cortex-a72-pmu", SKIP },
	/*
	 * Dom0 has to program devices with machine addresses of other domains' pages: an IOMMU that
	 * it drives would translate them once more.
	 */
	{ BY_COMPATIBLE, "arm,smmu-v3", SKIP },
	{ BY_COMPATIBLE, "arm,smmu-v2", SKIP },
	{ BY_COMPATIBLE, "arm,smmu-v1", SKIP },
	{ BY_COMPATIBLE, "arm,mmu-500", SKIP },
	{ BY_COMPATIBLE, "linaro,optee-tz", SKIP }, /* secure monitor calls go nowhere */
};

static const char *const dropped_props[] __initconst = { "iommus", "iommu-map", "iommu-map-mask" };

static const struct rule *__init find_rule(const struct machine *m, const struct fdt_walk *w)
{
	static const struct rule uart __initconst = { BY_PATH, "", SKIP, NULL };

	if (w->node == m->uart_node)
		return &uart;
	for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
		const struct rule *r = &rules[i];

		if (r->by == BY_PATH   ? w->depth == 1 && !strcmp(w->name, r->what)
		    : r->by == BY_TYPE ? fdt_type_is(w, r->what)
				       : fdt_is(w, r->what))
			return r;
	}
	return NULL;
}

static enum rule_action __init action_of(const struct machine *m, const struct fdt_walk *w)
{
	const struct rule *r = w->depth ? find_rule(m, w) : NULL;

	return r ? r->action : COPY;
}

/* --- devices --- */

static void __init add_device(struct ranges *mmio, u64 start, u64 size)
{
	ranges_add(mmio, (struct range){ start & PAGE_MASK, ROUND_UP(start + size, PAGE_SIZE) });
}

static void __init add_node(const struct fdt_walk *w, struct ranges *mmio)
{
	u64 start, size;
	int rc;

	if (!w->bus[w->depth - 1].translatable) /* an address on I2C, SPI, PCI, ... */
		return;
	for (unsigned i = 0; (rc = fdt_reg(w, i, &start, &size)) != -ENOENT; i++) {
		if (rc) {
			log_warn("device tree node %s: reg cannot be understood; not mapped\n",
				 w->name);
			break;
		}
		add_device(mmio, start, size);
	}
	for (unsigned i = 0;
	     fdt_type_is(w, "pci") && (rc = fdt_pci_window(w, i, &start, &size)) != -ENOENT; i++) {
		if (rc) {
			log_warn("device tree node %s: ranges cannot be understood; not mapped\n",
				 w->name);
			break;
		}
		add_device(mmio, start, size);
	}
}

/* Entries are as long as the GIC wants them; the extended kind has the controller before each. */
static void __init keep_irqs(const struct machine *m, const struct fdt_walk *w, u64 *kept)
{
	bool extended = w->val[FDT_INTERRUPTS_EXTENDED];
	enum fdt_prop_id id = extended ? FDT_INTERRUPTS_EXTENDED : FDT_INTERRUPTS;
	u32 parent = w->irq_parent, type, n;

	for (unsigned i = 0;
	     (!extended || fdt_cell(w, id, i++, &parent)) && parent == m->gic_phandle &&
	     fdt_cell(w, id, i, &type) && fdt_cell(w, id, i + 1, &n);
	     i += m->gic_irq_cells)
		if (type == 0 && n < 988)
			bit_set(kept, 32 + n);
}

static struct fdt_walk devices_walk __initbss;

void __init dom0_devices(const struct machine *m, struct ranges *mmio, u64 *kept)
{
	struct fdt_walk *w = &devices_walk;
	int skip = FDT_DEPTH + 1;

	fdt_walk_start(w, m->fdt);
	while (fdt_walk_next(w)) {
		enum rule_action a;

		if (w->depth > skip)
			continue;
		skip = FDT_DEPTH + 1;
		a = action_of(m, w);
		if (a == SKIP || a == REPLACE)
			skip = w->depth;
		else if (a == COPY && w->passthrough)
			keep_irqs(m, w, kept);
		else if (a == COPY && w->depth && !w->disabled)
			add_node(w, mmio);
		if (a == COPY && w->passthrough && w->val[FDT_PASSTHROUGH])
			log_info("Dom0: %s is kept for another domain\n", w->name);
	}
}

/* --- writing --- */

static void __init check(struct writer *o, int rc)
{
	if (rc && !o->err)
		o->err = rc;
}

static void __init begin(struct writer *o, const char *name)
{
	check(o, fdt_begin_node(o->fdt, name));
}
static void __init end(struct writer *o)
{
	check(o, fdt_end_node(o->fdt));
}
static void __init prop(struct writer *o, const char *name, const void *val, size_t n)
{
	check(o, fdt_property(o->fdt, name, val, (int)n));
}
static void __init prop_u32(struct writer *o, const char *name, u32 val)
{
	check(o, fdt_property_u32(o->fdt, name, val));
}
static void __init prop_u64(struct writer *o, const char *name, u64 val)
{
	check(o, fdt_property_u64(o->fdt, name, val));
}
static void __init prop_text(struct writer *o, const char *name, const char *val)
{
	prop(o, name, val, strlen(val) + 1);
}

/* Address and size in the root's cells; returns the cells used. */
static unsigned __init put_range(const struct machine *m, fdt32_t *cells, struct range r)
{
	u64 v[2] = { r.start, range_size(r) };
	unsigned n = 0;

	for (unsigned i = 0; i < 2; i++) {
		if ((i ? m->root_size_cells : m->root_address_cells) == 2)
			cells[n++] = cpu_to_fdt32((u32)(v[i] >> 32));
		cells[n++] = cpu_to_fdt32((u32)v[i]);
	}
	return n;
}

static void __init ppi_cells(const struct machine *m, fdt32_t *cells, unsigned intid)
{
	memset(cells, 0, m->gic_irq_cells * sizeof(*cells));
	cells[0] = cpu_to_fdt32(1);
	cells[1] = cpu_to_fdt32(intid - 16);
	cells[2] = cpu_to_fdt32(0xf08); /* level, low, any CPU */
}

static void __init prop_ppis(struct writer *o, const unsigned *intids, unsigned n)
{
	fdt32_t cells[4 * 8];

	for (unsigned i = 0; i < n; i++)
		ppi_cells(o->m, cells + i * o->m->gic_irq_cells, intids[i]);
	prop_u32(o, "interrupt-parent", o->m->gic_phandle);
	prop(o, "interrupts", cells, n * o->m->gic_irq_cells * sizeof(*cells));
}

static void __init write_cpus(struct writer *o)
{
	const struct domain *d = o->t->d;
	char name[24];

	begin(o, "cpus");
	prop_u32(o, "#address-cells", 1);
	prop_u32(o, "#size-cells", 0);
	for (unsigned i = 0; i < d->max_vcpus; i++) {
		u32 affinity = (u32)(d->vcpu[i]->vmpidr & 0xffffff);

		snprintf(name, sizeof(name), "cpu@%x", affinity);
		begin(o, name);
		if (o->m->cpu_compatible)
			prop(o, "compatible", o->m->cpu_compatible, o->m->cpu_compatible_len);
		else
			prop_text(o, "compatible", "arm,armv8");
		prop_text(o, "device_type", "cpu");
		prop_u32(o, "reg", affinity);
		prop_text(o, "enable-method", "psci");
		end(o);
	}
	end(o);
}

static void __init write_chosen(struct writer *o)
{
	static const char *const seeds[] __initconst = { "kaslr-seed", "rng-seed" };
	u64 size = range_size(o->m->ramdisk.r);

	begin(o, "chosen");
	if (o->m->dom0_bootargs)
		prop_text(o, "bootargs", o->m->dom0_bootargs);
	if (size) {
		prop_u64(o, "linux,initrd-start", o->t->plan->ramdisk);
		prop_u64(o, "linux,initrd-end", o->t->plan->ramdisk + size);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(seeds); i++) {
		int len;
		const void *val = fdt_getprop(o->m->fdt, o->w.node, seeds[i], &len);

		if (val)
			prop(o, seeds[i], val, (size_t)len);
	}
	end(o);
}

static void __init write_timer(struct writer *o)
{
	/* secure (unused), physical, virtual */
	static const unsigned ppis[] __initconst = { 29, PPI_PHYS_TIMER, PPI_VIRT_TIMER };

	begin(o, "timer");
	prop_text(o, "compatible", "arm,armv8-timer");
	prop_ppis(o, ppis, ARRAY_SIZE(ppis));
	end(o);
}

static void __init write_psci(struct writer *o)
{
	static const char compatible[] __initconst = "arm,psci-1.0\0arm,psci-0.2\0arm,psci";

	begin(o, "psci");
	prop(o, "compatible", compatible, sizeof(compatible));
	prop_text(o, "method", "hvc");
	prop_u32(o, "cpu_off", 1);
	prop_u32(o, "cpu_on", 2);
	end(o);
}

static void __init write_memory(struct writer *o)
{
	const struct ranges *banks = &o->t->plan->banks;
	static fdt32_t cells[MAX_RANGES * 4] __initbss;
	unsigned n = 0;
	char name[32];

	snprintf(name, sizeof(name), "memory@%lx", (unsigned long)banks->r[0].start);
	for (unsigned i = 0; i < banks->nr; i++)
		n += put_range(o->m, cells + n, banks->r[i]);
	begin(o, name);
	prop_text(o, "device_type", "memory");
	prop(o, "reg", cells, n * sizeof(*cells));
	end(o);
}

static void __init write_hypervisor(struct writer *o)
{
	static const char compatible[] __initconst = "xen,xen-4.17\0xen,xen";
	static const unsigned upcall __initconst = DOM0_UPCALL_PPI;
	static fdt32_t cells[(1 + MAX_RANGES) * 4] __initbss;
	unsigned n = put_range(o->m, cells, o->t->grant);

	for (unsigned i = 0; i < o->t->ext->nr; i++)
		n += put_range(o->m, cells + n, o->t->ext->r[i]);
	begin(o, "hypervisor");
	prop(o, "compatible", compatible, sizeof(compatible));
	prop(o, "reg", cells, n * sizeof(*cells));
	prop_ppis(o, &upcall, 1);
	end(o);
}

static bool __init refers_to_its(const struct machine *m, const fdt32_t *val, unsigned len,
				 unsigned at, unsigned step)
{
	for (; at < len / 4; at += step)
		for (unsigned i = 0; i < m->its_phandles; i++)
			if (fdt32_to_cpu(val[at]) == m->its_phandle[i])
				return true;
	return false;
}

static bool __init drop_prop(const struct writer *o, const char *name, const void *val, int len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(dropped_props); i++)
		if (!strcmp(name, dropped_props[i]))
			return true;
	if (!strcmp(name, "msi-map"))
		return refers_to_its(o->m, val, (unsigned)len, 1, 4);
	if (!strcmp(name, "msi-parent"))
		return refers_to_its(o->m, val, (unsigned)len, 0, 2);
	return false;
}

/* Copies the properties of the current node but `except` (NULL: all). */
static void __init copy_props(struct writer *o, const char *except1, const char *except2)
{
	int off, len;

	fdt_for_each_property_offset(off, o->w.fdt, o->w.node)
	{
		const char *name;
		const void *val = fdt_getprop_by_offset(o->w.fdt, off, &name, &len);

		if (!val || (except1 && !strcmp(name, except1)) ||
		    (except2 && !strcmp(name, except2)) || drop_prop(o, name, val, len))
			continue;
		prop(o, name, val, (size_t)len);
	}
}

/*
 * The guest's GIC stands where the machine's does; without the hypervisor's half and its
 * maintenance interrupt.
 */
static void __init write_gic_props(struct writer *o)
{
	const struct fdt_bus *up = &o->w.bus[o->w.depth - 1];
	unsigned entry = (up->address_cells + up->size_cells) * 4u;
	unsigned n = entry * (o->m->gic.version == 2 ? 2 : 1 + o->m->gic.nr_rdist);

	copy_props(o, "reg", "interrupts");
	prop(o, "reg", o->w.val[FDT_REG], min(n, o->w.len[FDT_REG]));
}

/* A device of another domain: Dom0 may know of it, but has no driver for it. */
static void __init write_passthrough(struct writer *o)
{
	copy_props(o, "status", "xen,passthrough");
	prop_text(o, "status", "disabled");
}

/* However many nodes of the machine's it stands for, and if there is none. */
static void __init write_once(struct writer *o, void (*write)(struct writer *o))
{
	unsigned i = 0;

	while (rules[i].write != write)
		i++;
	if (!(o->done & BIT(i)))
		write(o);
	o->done |= (u32)BIT(i);
}

/* Writes the current node as the rules say. Returns whether it stays open for the nodes below. */
static bool __init write_node(struct writer *o)
{
	const struct rule *r = o->w.depth ? find_rule(o->m, &o->w) : NULL;

	if (r && (r->action == SKIP || (r->action == REPLACE && o->w.disabled)))
		return false;
	if (r && r->action == REPLACE) {
		write_once(o, r->write);
		return false;
	}
	begin(o, o->w.name);
	if (r && o->w.node == o->m->gic_node)
		r->write(o);
	else if (o->w.passthrough)
		write_passthrough(o);
	else
		copy_props(o, NULL, NULL);
	return true;
}

static void __init write_all(struct writer *o)
{
	int open = 0, skip = FDT_DEPTH + 1; /* open: nodes begun and not ended */

	fdt_walk_start(&o->w, o->m->fdt);
	while (!o->err && fdt_walk_next(&o->w)) {
		if (o->w.depth > skip)
			continue;
		skip = FDT_DEPTH + 1;
		for (; open > o->w.depth; open--)
			end(o);
		if (write_node(o))
			open++;
		else
			skip = o->w.depth;
	}
	for (; open > 1; open--)
		end(o);
	write_once(o, write_psci); /* the hypervisor's, whether the machine has one or not */
	write_memory(o);
	write_hypervisor(o);
	end(o);
}

u64 __init dom0_fdt_room(const struct machine *m)
{
	/* Names of properties are not shared in the new tree. */
	return ROUND_UP(4UL * fdt_size_dt_struct(m->fdt) + fdt_size_dt_strings(m->fdt) + KIB(16),
			PAGE_SIZE);
}

static struct writer writer __initbss;

const char *__init dom0_make_fdt(const struct dom0_tree *t, void *buf, size_t size)
{
	struct writer *o = &writer;

	*o = (struct writer){ .t = t, .m = t->m, .fdt = buf };
	check(o, fdt_create_with_flags(buf, (int)size, FDT_CREATE_FLAG_NO_NAME_DEDUP));
	check(o, fdt_finish_reservemap(buf));
	write_all(o);
	check(o, fdt_finish(buf));
	if (o->w.error)
		return o->w.error;
	return o->err == -FDT_ERR_NOSPACE ? "Dom0's device tree does not fit"
	       : o->err			  ? "Dom0's device tree cannot be written"
					  : NULL;
}
