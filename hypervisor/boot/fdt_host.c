// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the firmware's device tree to struct machine: one walk, one table of what to do with which
 * node. Pure; host-tested and fuzzed. The first thing that is wrong is kept as text with the node's
 * path; parsing goes on, so that the console is found whatever else is broken.
 */
#include <boot/machine.h>
#include <lib/errno.h>
#include <lib/string.h>

struct irq_list {
	const fdt32_t *cells; /* NULL: none */
	unsigned len;
	bool extended; /* the controller stands before each entry */
};

struct parse {
	struct fdt_walk w;
	struct machine *m;
	bool in_chosen, in_cpus, in_reserved; /* the depth-1 node the walk is in */
	unsigned unnamed_modules;
	int timer_virt, timer_hyp; /* index of specifier */
	struct irq_list timer_irqs, uart_irqs, gic_irqs;
	struct range initrd; /* what /chosen itself says; end 0: nothing */
};

static struct parse parse __initbss;

static __printf(3, 4) void __init
	complain(struct machine *m, const struct parse *p, const char *fmt, ...)
{
	char path[80] = "";
	va_list ap;
	int n = 0;

	if (m->error[0])
		return;
	if (p && p->w.node >= 0 && fdt_get_path(p->w.fdt, p->w.node, path, sizeof(path)))
		strscpy(path, p->w.name, sizeof(path));
	if (path[0])
		n = snprintf(m->error, sizeof(m->error), "device tree node %s: ", path);
	va_start(ap, fmt);
	vsnprintf(m->error + n, sizeof(m->error) - (size_t)n, fmt, ap);
	va_end(ap);
}

/* reg entry i of the current node, complaining if it is not there or not usable. */
static bool __init need_reg(struct parse *p, unsigned i, u64 *start, u64 *size, const char *what)
{
	int rc = fdt_reg(&p->w, i, start, size);

	if (!rc && *size)
		return true;
	complain(p->m, p,
		 rc == -ENOENT ? "reg has no entry %u (%s)"
		 : rc	       ? "entry %u of reg (%s) is malformed or not a CPU address"
			       : "entry %u of reg (%s) is empty",
		 i, what);
	return false;
}

static struct irq_list __init irqs_of(const struct fdt_walk *w)
{
	bool extended = w->val[FDT_INTERRUPTS_EXTENDED];
	enum fdt_prop_id id = extended ? FDT_INTERRUPTS_EXTENDED : FDT_INTERRUPTS;

	return (struct irq_list){ w->val[id], w->len[id], extended };
}

/* --- kinds of nodes --- */

static void __init on_root(struct parse *p)
{
	struct machine *m = p->m;

	m->root_address_cells = p->w.bus[0].address_cells;
	m->root_size_cells = p->w.bus[0].size_cells;
	if (m->root_address_cells < 1 || m->root_address_cells > 2 || m->root_size_cells < 1 ||
	    m->root_size_cells > 2)
		complain(m, NULL,
			 "device tree: #address-cells %u and #size-cells %u of the root are not 1 "
			 "or 2",
			 m->root_address_cells, m->root_size_cells);
}

static void __init on_memory(struct parse *p)
{
	unsigned n = fdt_reg_count(&p->w);
	u64 start, size;

	if (!n)
		complain(p->m, p, "memory without a usable reg");
	for (unsigned i = 0; i < n; i++) {
		int rc = fdt_reg(&p->w, i, &start, &size);

		if (rc)
			complain(p->m, p, "entry %u of reg is malformed or beyond 48 bits", i);
		else
			ranges_add(&p->m->ram, (struct range){ ROUND_UP(start, PAGE_SIZE),
							       (start + size) & PAGE_MASK });
	}
}

static void __init on_reserved(struct parse *p)
{
	u64 start, size;
	int rc;

	for (unsigned i = 0; (rc = fdt_reg(&p->w, i, &start, &size)) != -ENOENT; i++) {
		if (rc) {
			complain(p->m, p, "entry %u of reg is malformed or not a CPU address", i);
			return;
		}
		ranges_add(&p->m->reserved,
			   (struct range){ start & PAGE_MASK, ROUND_UP(start + size, PAGE_SIZE) });
	}
}

static void __init on_cpu(struct parse *p)
{
	const struct fdt_bus *b = &p->w.bus[p->w.depth - 1];
	struct machine *m = p->m;
	u64 mpidr;

	if (p->w.disabled) {
		m->cpus_skipped++;
		return;
	}
	if (!p->w.val[FDT_REG] || b->address_cells < 1 || b->address_cells > 2 ||
	    p->w.len[FDT_REG] < 4u * b->address_cells ||
	    !fdt_read_cells(p->w.val[FDT_REG], b->address_cells, &mpidr) ||
	    mpidr & ~0xff00ffffffUL) {
		complain(m, p, "reg is not an MPIDR");
		return;
	}
	if (!m->cpu_compatible) {
		m->cpu_compatible = p->w.val[FDT_COMPATIBLE];
		m->cpu_compatible_len = p->w.len[FDT_COMPATIBLE];
	}
	for (unsigned i = 0; i < m->nr_cpus; i++) {
		if (m->mpidr[i] == mpidr) {
			complain(m, p, "a second CPU with MPIDR 0x%lx", (unsigned long)mpidr);
			return;
		}
	}
	if (m->nr_cpus == MAX_CPUS) {
		m->cpus_skipped++;
		return;
	}
	m->can_start[m->nr_cpus] = fdt_list_has(p->w.val[FDT_ENABLE_METHOD],
						p->w.len[FDT_ENABLE_METHOD], "psci");
	m->mpidr[m->nr_cpus++] = mpidr;
}

static void __init on_gicv2(struct parse *p)
{
	struct gic_info *g = &p->m->gic;

	if (p->w.disabled || g->version)
		return;
	p->m->gic_node = p->w.node;
	if (!need_reg(p, 0, &g->dist, &g->dist_size, "distributor") ||
	    !need_reg(p, 1, &g->cpu, &g->cpu_size, "CPU interface") ||
	    !need_reg(p, 2, &g->hyp, &g->hyp_size,
		      "hypervisor interface: the machine's GIC has no virtualization") ||
	    !need_reg(p, 3, &g->vcpu, &g->vcpu_size, "virtual CPU interface"))
		return;
	g->version = 2;
}

static void __init on_gicv3(struct parse *p)
{
	struct gic_info *g = &p->m->gic;
	u32 n = 1, hi, lo;

	if (p->w.disabled || g->version)
		return;
	p->m->gic_node = p->w.node;
	if (!need_reg(p, 0, &g->dist, &g->dist_size, "distributor"))
		return;
	if (p->w.val[FDT_REDIST_REGIONS] && !fdt_cell(&p->w, FDT_REDIST_REGIONS, 0, &n))
		n = 0;
	if (n < 1 || n > GIC_MAX_REGIONS) {
		complain(p->m, p, "%u redistributor regions; 1 to %u are handled", n,
			 GIC_MAX_REGIONS);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		if (!need_reg(p, 1 + i, &g->rdist[i].base, &g->rdist[i].size, "redistributors"))
			return;
	g->nr_rdist = n;
	if (fdt_cell(&p->w, FDT_REDIST_STRIDE, 0, &hi))
		g->rdist_stride = fdt_cell(&p->w, FDT_REDIST_STRIDE, 1, &lo) ? (u64)hi << 32 | lo
									     : hi;
	g->version = 3;
}

static void __init on_gic(struct parse *p)
{
	struct machine *m = p->m;
	u32 n = 3;

	if (m->gic_node != p->w.node)
		return;
	m->gic_irq_cells = 3;
	if (!fdt_cell(&p->w, FDT_PHANDLE, 0, &m->gic_phandle) || !m->gic_phandle)
		complain(m, p, "the interrupt controller has no phandle");
	if (fdt_cell(&p->w, FDT_INTERRUPT_CELLS, 0, &n) && (n < 3 || n > 8))
		complain(m, p, "#interrupt-cells is %u, not 3 or 4", n);
	else
		m->gic_irq_cells = n; /* finish() counts on it after a complaint, too */
	p->gic_irqs = irqs_of(&p->w);
}

static void __init on_its(struct parse *p)
{
	struct machine *m = p->m;
	u32 ph;

	if (fdt_cell(&p->w, FDT_PHANDLE, 0, &ph) && m->its_phandles < ARRAY_SIZE(m->its_phandle))
		m->its_phandle[m->its_phandles++] = ph;
}

static int __init name_index(const struct fdt_walk *w, const char *name, int otherwise)
{
	int i;

	if (!w->val[FDT_INTERRUPT_NAMES])
		return otherwise;
	i = fdt_stringlist_search(w->fdt, w->node, "interrupt-names", name);
	return i >= 0 ? i : otherwise;
}

static void __init on_timer(struct parse *p)
{
	p->timer_irqs = irqs_of(&p->w);
	p->timer_virt = name_index(&p->w, "virt", 2);
	p->timer_hyp = name_index(&p->w, "hyp-phys", 3);
}

static void __init on_psci(struct parse *p)
{
	bool hvc = fdt_list_has(p->w.val[FDT_METHOD], p->w.len[FDT_METHOD], "hvc");

	if (!hvc && !fdt_list_has(p->w.val[FDT_METHOD], p->w.len[FDT_METHOD], "smc")) {
		complain(p->m, p, "method is neither \"smc\" nor \"hvc\"");
		return;
	}
	p->m->psci = true;
	p->m->psci_hvc = hvc;
	if (!fdt_is(&p->w, "arm,psci-0.2") && !fdt_is(&p->w, "arm,psci-1.0") &&
	    !fdt_cell(&p->w, FDT_CPU_ON, 0, &p->m->psci_cpu_on))
		complain(p->m, p, "PSCI 0.1 without cpu_on");
}

static void __init on_uart(struct parse *p)
{
	struct machine *m = p->m;

	m->uart_node = p->w.node;
	m->uart_compatible = p->w.val[FDT_COMPATIBLE];
	m->uart_compatible_len = p->w.len[FDT_COMPATIBLE];
	if (!need_reg(p, 0, &m->uart.base, &m->uart.size, "the console's registers"))
		m->uart.base = 0;
	if (!fdt_cell(&p->w, FDT_REG_SHIFT, 0, &m->uart.shift))
		m->uart.shift = 0;
	if (!fdt_cell(&p->w, FDT_REG_IO_WIDTH, 0, &m->uart.width))
		m->uart.width = 0;
	p->uart_irqs = irqs_of(&p->w);
}

/* An initramfs as for a Linux that is booted directly: booti and QEMU's -initrd say it so. */
static void __init on_chosen(struct parse *p)
{
	const void *const *val = p->w.val;
	const unsigned *len = p->w.len;

	if (!val[FDT_INITRD_START] || !val[FDT_INITRD_END])
		return;
	if (!fdt_read_cells(val[FDT_INITRD_START], len[FDT_INITRD_START] / 4, &p->initrd.start) ||
	    !fdt_read_cells(val[FDT_INITRD_END], len[FDT_INITRD_END] / 4, &p->initrd.end) ||
	    p->initrd.end < p->initrd.start)
		complain(p->m, p, "linux,initrd-start and linux,initrd-end make no sense");
}

static bool __init is_module(const struct fdt_walk *w)
{
	return fdt_is(w, "multiboot,module") || fdt_is(w, "xen,multiboot-module");
}

/*
 * A boot module: explicit kinds, or in order of appearance kernel, then ramdisk. Other kinds (a
 * security policy, guests' trees) are not used.
 */
static void __init on_module(struct parse *p)
{
	struct machine *m = p->m;
	struct boot_module *mod;
	u64 start, size;

	if (fdt_is(&p->w, "multiboot,kernel") || fdt_is(&p->w, "xen,linux-zimage"))
		mod = &m->kernel;
	else if (fdt_is(&p->w, "multiboot,ramdisk") || fdt_is(&p->w, "xen,linux-initrd"))
		mod = &m->ramdisk;
	else if (!is_module(&p->w) || fdt_is(&p->w, "xen,xsm-policy") ||
		 fdt_is(&p->w, "multiboot,device-tree"))
		return;
	else
		mod = !m->kernel.r.end && !p->unnamed_modules++ ? &m->kernel : &m->ramdisk;
	if (!need_reg(p, 0, &start, &size, "the module's place"))
		return;
	if (mod->r.end) {
		complain(m, p, "a second %s; %s is one already",
			 mod == &m->kernel ? "kernel" : "ramdisk", mod->name);
		return;
	}
	mod->r = (struct range){ start, start + size };
	strscpy(mod->name, p->w.name, sizeof(mod->name));
}

static const struct {
	const char *compatible;
	void (*fn)(struct parse *p);
} by_compatible[] __initconst = {
	{ "arm,gic-400", on_gicv2 },	   { "arm,cortex-a15-gic", on_gicv2 },
	{ "arm,cortex-a7-gic", on_gicv2 }, { "arm,gic-v3", on_gicv3 },
	{ "arm,gic-v3-its", on_its },	   { "arm,armv8-timer", on_timer },
	{ "arm,psci-1.0", on_psci },	   { "arm,psci-0.2", on_psci },
	{ "arm,psci", on_psci },
};

static void __init on_node(struct parse *p)
{
	const struct fdt_walk *w = &p->w;

	if (w->depth == 1) {
		p->in_chosen = !strcmp(w->name, "chosen");
		p->in_cpus = !strcmp(w->name, "cpus");
		p->in_reserved = !strcmp(w->name, "reserved-memory");
	}
	if (w->depth == 0) {
		on_root(p);
		return;
	}
	if (w->node == p->m->uart_node)
		on_uart(p);
	if (p->in_chosen && w->depth == 1) {
		on_chosen(p);
	} else if (p->in_chosen && w->depth == 2) {
		on_module(p);
	} else if (p->in_cpus && w->depth == 2 && fdt_type_is(w, "cpu")) {
		on_cpu(p);
	} else if (w->disabled) {
		return;
	} else if (p->in_reserved && w->depth == 2) {
		on_reserved(p);
	} else if (fdt_type_is(w, "memory") && !p->in_reserved) {
		on_memory(p);
	} else if (w->val[FDT_COMPATIBLE]) {
		for (unsigned i = 0; i < ARRAY_SIZE(by_compatible); i++) {
			if (fdt_is(w, by_compatible[i].compatible)) {
				by_compatible[i].fn(p);
				break;
			}
		}
		on_gic(p);
	}
}

/* --- after the walk --- */

/* INTID of specifier i of a list, 0: none, not of this kind or not the GIC's. */
static unsigned __init gic_irq(const struct machine *m, const struct irq_list *l, int i, bool ppi)
{
	unsigned entry = m->gic_irq_cells + l->extended, at = (unsigned)i * entry;
	u32 n;

	if (!l->cells || i < 0 || !m->gic_irq_cells || l->len / 4 < at + entry)
		return 0;
	if (l->extended && fdt32_to_cpu(l->cells[at++]) != m->gic_phandle)
		return 0;
	n = fdt32_to_cpu(l->cells[at + 1]);
	if (fdt32_to_cpu(l->cells[at]) != (ppi ? 1u : 0u) || n >= (ppi ? 16u : 988u))
		return 0;
	return n + (ppi ? 16 : 32);
}

static void __init finish(struct parse *p)
{
	struct machine *m = p->m;

	if (p->w.error) {
		complain(m, NULL, "%s", p->w.error);
		return;
	}
	if (m->ram.overflow || m->reserved.overflow || m->memreserve.overflow)
		complain(m, NULL, "device tree: more than %u separate memory ranges", MAX_RANGES);
	if (!m->ram.nr)
		complain(m, NULL, "device tree: no memory (no node with device_type = \"memory\")");
	if (!m->nr_cpus)
		complain(m, NULL, "device tree: no CPU in /cpus (device_type = \"cpu\")");
	if (m->gic_node < 0)
		complain(m, NULL, "device tree: no GICv2 or GICv3 interrupt controller");
	if (!m->ramdisk.r.end && range_size(p->initrd)) {
		m->ramdisk.r = p->initrd;
		strscpy(m->ramdisk.name, "linux,initrd-start", sizeof(m->ramdisk.name));
	}
	m->gic.maint_ppi = gic_irq(m, &p->gic_irqs, 0, true);
	m->hyp_timer_ppi = gic_irq(m, &p->timer_irqs, p->timer_hyp, true);
	m->virt_timer_ppi = gic_irq(m, &p->timer_irqs, p->timer_virt, true);
	m->uart_irq = gic_irq(m, &p->uart_irqs, 0, false);
	if (!m->gic.maint_ppi)
		complain(m, NULL,
			 "device tree: the interrupt controller has no maintenance interrupt");
	if (!m->hyp_timer_ppi || !m->virt_timer_ppi)
		complain(m, NULL,
			 "device tree: no arm,armv8-timer with virtual and hypervisor interrupts");
}

static void __init read_memreserve(struct machine *m)
{
	int n = fdt_num_mem_rsv(m->fdt);
	u64 start, size;

	for (int i = 0; i < n && !m->memreserve.overflow; i++) {
		if (fdt_get_mem_rsv(m->fdt, i, &start, &size) || size > BIT(48) || start > BIT(48))
			complain(m, NULL, "device tree: entry %d of /memreserve/ is malformed", i);
		else
			ranges_add(&m->memreserve,
				   (struct range){ start & PAGE_MASK,
						   ROUND_UP(start + size, PAGE_SIZE) });
	}
}

int __init machine_parse(struct machine *m, const void *fdt, const char *dtuart)
{
	struct parse *p = &parse;

	memset(p, 0, sizeof(*p));
	p->m = m;
	m->fdt = fdt;
	m->fdt_range = (struct range){ (uintptr_t)fdt & PAGE_MASK,
				       ROUND_UP((uintptr_t)fdt + fdt_totalsize(fdt), PAGE_SIZE) };
	m->gic_node = -1;
	m->uart_node = machine_find_uart(fdt, dtuart);
	fdt_walk_start(&p->w, fdt);
	while (fdt_walk_next(&p->w))
		on_node(p);
	read_memreserve(m);
	finish(p);
	return m->error[0] ? -EINVAL : 0;
}
