// SPDX-License-Identifier: GPL-2.0-only
/*
 * gfdt.c - the device tree a guest boots with, and the check of a user's partial one.
 *
 * Owns no state; pure, over libfdt.  The nodes are those Xen's guests find (docs/abi.md); a
 * partial tree adds its /passthrough and /aliases.  Invariant: a partial tree is walked only
 * after gfdt_check_partial() accepted it, and then at most PARTIAL_DEPTH levels deep.
 */
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "builder/abi.h"
#include "builder/gfdt.h"

#define GIC_PHANDLE 0xfde8u /* 65000; partial trees refer to the GIC by this number */
#define IRQ_PPI 1
#define IRQ_LEVEL_LOW 8
#define PARTIAL_DEPTH 16

/* The first libfdt error sticks, so that the builders below read as plain lists of properties. */
struct writer {
	void *fdt;
	int rc;
};

static void begin(struct writer *w, const char *name)
{
	if (!w->rc)
		w->rc = fdt_begin_node(w->fdt, name);
}

static void end(struct writer *w)
{
	if (!w->rc)
		w->rc = fdt_end_node(w->fdt);
}

static void prop(struct writer *w, const char *name, const void *val, int len)
{
	if (!w->rc)
		w->rc = fdt_property(w->fdt, name, val, len);
}

static void prop_u32(struct writer *w, const char *name, uint32_t v)
{
	if (!w->rc)
		w->rc = fdt_property_u32(w->fdt, name, v);
}

static void prop_u64(struct writer *w, const char *name, uint64_t v)
{
	if (!w->rc)
		w->rc = fdt_property_u64(w->fdt, name, v);
}

static void prop_str(struct writer *w, const char *name, const char *s)
{
	prop(w, name, s, strlen(s) + 1);
}

#define prop_strings(w, name, list) prop(w, name, list, sizeof(list))

static void prop_cells(struct writer *w, const char *name, const uint32_t *cells, unsigned int n)
{
	fdt32_t be[16];
	unsigned int i;

	for (i = 0; i < n; i++)
		be[i] = cpu_to_fdt32(cells[i]);
	prop(w, name, be, n * sizeof(be[0]));
}

/* @n pairs of 64-bit address and size. */
static void prop_reg(struct writer *w, const uint64_t *pairs, unsigned int n)
{
	fdt64_t be[8];
	unsigned int i;

	for (i = 0; i < 2 * n; i++)
		be[i] = cpu_to_fdt64(pairs[i]);
	prop(w, "reg", be, 2 * n * sizeof(be[0]));
}

static uint32_t ppi_cell(uint32_t intid)
{
	return intid - 16;
}

static uint32_t ppi_flags(void)
{
	return 0xf00 | IRQ_LEVEL_LOW; /* for all eight CPUs a GICv2 can have */
}

static void put_chosen(struct writer *w, const struct gfdt_config *c)
{
	begin(w, "chosen");
	if (c->cmdline)
		prop_str(w, "bootargs", c->cmdline);
	if (c->ramdisk_size) {
		prop_u64(w, "linux,initrd-start", c->layout->ramdisk);
		prop_u64(w, "linux,initrd-end", c->layout->ramdisk + c->ramdisk_size);
	}
	end(w);
}

static void put_cpus(struct writer *w, const struct gfdt_config *c)
{
	char name[24];
	unsigned int i;

	begin(w, "cpus");
	prop_u32(w, "#address-cells", 1);
	prop_u32(w, "#size-cells", 0);
	for (i = 0; i < c->vcpus; i++) {
		/* GICv3 sends an SGI to at most 16 CPUs of one Aff1, so Aff0 has four bits. */
		uint32_t mpidr = (i & 0xf) | (i >> 4 & 0xff) << 8;

		snprintf(name, sizeof(name), "cpu@%x", mpidr);
		begin(w, name);
		prop_str(w, "device_type", "cpu");
		prop_str(w, "compatible", "arm,armv8");
		prop_str(w, "enable-method", "psci");
		prop_u32(w, "reg", mpidr);
		end(w);
	}
	end(w);
}

static void put_psci(struct writer *w)
{
	begin(w, "psci");
	prop_strings(w, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
	prop_str(w, "method", "hvc");
	prop_u32(w, "cpu_off", 1);
	prop_u32(w, "cpu_on", 2);
	end(w);
}

static void put_memory(struct writer *w, const struct gfdt_config *c)
{
	char name[32];
	unsigned int i;

	for (i = 0; i < LAYOUT_BANKS; i++) {
		const struct layout_bank *b = &c->layout->ram[i];

		if (!b->size)
			continue;
		snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)b->base);
		begin(w, name);
		prop_str(w, "device_type", "memory");
		prop_reg(w, (uint64_t[]){ b->base, b->size }, 1);
		end(w);
	}
}

static void put_gic(struct writer *w, const struct gfdt_config *c)
{
	static const uint64_t v2[] = { GUEST_GICD_BASE, GUEST_GICD_SIZE, GUEST_GICC_BASE,
				       GUEST_GICC_SIZE };
	static const uint64_t v3[] = { GUEST_GICV3_GICD_BASE, GUEST_GICV3_GICD_SIZE,
				       GUEST_GICV3_GICR0_BASE, GUEST_GICV3_GICR0_SIZE };

	begin(w, "interrupt-controller@3001000");
	if (c->gic_version == 3)
		prop_str(w, "compatible", "arm,gic-v3");
	else
		prop_strings(w, "compatible", "arm,cortex-a15-gic\0arm,cortex-a9-gic");
	prop_u32(w, "#interrupt-cells", 3);
	prop_u32(w, "#address-cells", 0);
	prop(w, "interrupt-controller", NULL, 0);
	prop_reg(w, c->gic_version == 3 ? v3 : v2, 2);
	prop_u32(w, "linux,phandle", GIC_PHANDLE);
	prop_u32(w, "phandle", GIC_PHANDLE);
	end(w);
}

static void put_timer(struct writer *w, const struct gfdt_config *c)
{
	const uint32_t irqs[] = {
		IRQ_PPI, ppi_cell(GUEST_TIMER_PHYS_S_PPI),  ppi_flags(),
		IRQ_PPI, ppi_cell(GUEST_TIMER_PHYS_NS_PPI), ppi_flags(),
		IRQ_PPI, ppi_cell(GUEST_TIMER_VIRT_PPI),    ppi_flags(),
	};

	begin(w, "timer");
	prop_str(w, "compatible", "arm,armv8-timer");
	prop_u32(w, "interrupt-parent", GIC_PHANDLE);
	prop_cells(w, "interrupts", irqs, 9);
	if (c->clock_frequency)
		prop_u32(w, "clock-frequency", c->clock_frequency);
	end(w);
}

static void put_hypervisor(struct writer *w, const struct gfdt_config *c)
{
	const uint32_t irq[] = { IRQ_PPI, ppi_cell(GUEST_EVTCHN_PPI), ppi_flags() };
	uint64_t reg[2 + 2 * LAYOUT_BANKS] = { GUEST_GNTTAB_BASE, GUEST_GNTTAB_SIZE };
	unsigned int i, n = 1;

	for (i = 0; i < LAYOUT_BANKS; i++) {
		if (!c->layout->room[i].size)
			continue;
		reg[2 * n] = c->layout->room[i].base;
		reg[2 * n++ + 1] = c->layout->room[i].size;
	}
	begin(w, "hypervisor");
	prop_strings(w, "compatible", "xen,xen-4.17\0xen,xen");
	prop_reg(w, reg, n);
	prop_u32(w, "interrupt-parent", GIC_PHANDLE);
	prop_cells(w, "interrupts", irq, 3);
	end(w);
}

static void copy_node(struct writer *w, const void *src, int node)
{
	int off, child, len;

	begin(w, fdt_get_name(src, node, NULL));
	fdt_for_each_property_offset(off, src, node)
	{
		const char *name;
		const void *val = fdt_getprop_by_offset(src, off, &name, &len);

		if (!w->rc)
			prop(w, name, val, len);
	}
	fdt_for_each_subnode(child, src, node)
	{
		if (w->rc)
			return;
		copy_node(w, src, child);
	}
	end(w);
}

static void put_partial(struct writer *w, const void *partial)
{
	static const char *const copied[] = { "/aliases", "/passthrough" };
	unsigned int i;

	for (i = 0; partial && i < 2; i++) {
		int node = fdt_path_offset(partial, copied[i]);

		if (node >= 0 && !w->rc)
			copy_node(w, partial, node);
	}
}

static void put_root(struct writer *w)
{
	prop_strings(w, "compatible", "xen,xenvm-4.17\0xen,xenvm");
	prop_str(w, "model", "XENVM-4.17");
	prop_u32(w, "interrupt-parent", GIC_PHANDLE);
	prop_u32(w, "#address-cells", 2);
	prop_u32(w, "#size-cells", 2);
}

int gfdt_build(const struct gfdt_config *c, void *buf, size_t size, struct err *e)
{
	struct writer w = { .fdt = buf };

	w.rc = fdt_create(buf, size);
	if (!w.rc)
		w.rc = fdt_finish_reservemap(buf);
	begin(&w, "");
	put_root(&w);
	put_chosen(&w, c);
	put_cpus(&w, c);
	put_psci(&w);
	put_memory(&w, c);
	put_gic(&w, c);
	put_timer(&w, c);
	put_hypervisor(&w, c);
	put_partial(&w, c->partial);
	end(&w);
	if (!w.rc)
		w.rc = fdt_finish(buf);
	if (w.rc)
		return err_set(e, w.rc == -FDT_ERR_NOSPACE ? -ENOSPC : -EINVAL, "device tree: %s",
			       fdt_strerror(w.rc));
	return fdt_totalsize(buf);
}

/* Depth and phandles of every node; @fdt has passed fdt_check_full. */
static int check_nodes(const void *fdt, struct err *e)
{
	int node = 0, depth = 0;

	for (; node >= 0; node = fdt_next_node(fdt, node, &depth)) {
		if (depth < 0)
			break;
		if (depth > PARTIAL_DEPTH)
			return err_set(e, -EINVAL, "device_tree: nested deeper than %d",
				       PARTIAL_DEPTH);
		if (fdt_get_phandle(fdt, node) == GIC_PHANDLE)
			return err_set(e, -EINVAL,
				       "device_tree: phandle %#x belongs to the guest's GIC",
				       GIC_PHANDLE);
	}
	return 0;
}

int gfdt_check_partial(const void *fdt, size_t len, struct err *e)
{
	int rc;

	if (len > GFDT_MAX_BYTES / 2)
		return err_set(e, -EINVAL, "device_tree: larger than %u KiB",
			       GFDT_MAX_BYTES / 2048);
	if (len < sizeof(struct fdt_header))
		return err_set(e, -EINVAL, "device_tree: shorter than a header");
	if (fdt_check_header(fdt) || fdt_totalsize(fdt) > len)
		return err_set(e, -EINVAL,
			       "device_tree: not a flattened device tree, or cut short");
	/* libfdt reads names of older versions without looking, fdt_check_full too. */
	if (fdt_version(fdt) < 17)
		return err_set(e, -EINVAL, "device_tree: version %u, but 17 is needed",
			       fdt_version(fdt));
	rc = fdt_check_full(fdt, len);
	if (rc)
		return err_set(e, -EINVAL, "device_tree: %s", fdt_strerror(rc));
	if (fdt_path_offset(fdt, "/passthrough") < 0)
		return err_set(e, -EINVAL, "device_tree: no /passthrough node");
	return check_nodes(fdt, e);
}
