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
#define IRQ_SPI 0
#define IRQ_PPI 1
#define IRQ_LEVEL_HIGH 4
#define IRQ_LEVEL_LOW 8
#define PARTIAL_DEPTH 16

/* The first libfdt error sticks, so that the builders below read as plain lists of properties. */
struct writer {
	void *fdt;
	int rc;
};

static void begin(struct writer *w, const char *name)
{
	w->rc = w->rc ?: fdt_begin_node(w->fdt, name);
}

static void end(struct writer *w)
{
	w->rc = w->rc ?: fdt_end_node(w->fdt);
}

static void prop(struct writer *w, const char *name, const void *val, int len)
{
	w->rc = w->rc ?: fdt_property(w->fdt, name, val, len);
}

/* Literals, also lists of strings with a NUL between them. */
#define prop_str(w, name, s) prop(w, name, s, sizeof(s))

static void put_cells(struct writer *w, const char *name, const uint32_t *cells, unsigned int n)
{
	fdt32_t be[16];
	unsigned int i;

	for (i = 0; i < n; i++)
		be[i] = cpu_to_fdt32(cells[i]);
	prop(w, name, be, n * sizeof(be[0]));
}

#define prop_cells(w, name, ...) \
	put_cells(w, name, (const uint32_t[]){ __VA_ARGS__ }, \
		  sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))
#define CELLS64(v) (uint32_t)((uint64_t)(v) >> 32), (uint32_t)(v)
/* Type, number, flags: level, low, for all eight CPUs a GICv2 can have. */
#define PPI(intid) IRQ_PPI, (intid)-16, 0xf00 | IRQ_LEVEL_LOW

static void put_chosen(struct writer *w, const struct gfdt_config *c)
{
	begin(w, "chosen");
	if (c->cmdline)
		prop(w, "bootargs", c->cmdline, strlen(c->cmdline) + 1);
	if (c->seed)
		prop(w, "rng-seed", c->seed, GFDT_SEED_BYTES);
	if (c->ramdisk_size) {
		prop_cells(w, "linux,initrd-start", CELLS64(c->layout->ramdisk));
		prop_cells(w, "linux,initrd-end", CELLS64(c->layout->ramdisk + c->ramdisk_size));
	}
	end(w);
}

static void put_cpus(struct writer *w, const struct gfdt_config *c)
{
	char name[24];
	unsigned int i;

	begin(w, "cpus");
	prop_cells(w, "#address-cells", 1);
	prop_cells(w, "#size-cells", 0);
	for (i = 0; i < c->vcpus; i++) {
		/* GICv3 sends an SGI to at most 16 CPUs of one Aff1, so Aff0 has four bits. */
		uint32_t mpidr = (i & 0xf) | (i >> 4 & 0xff) << 8;

		snprintf(name, sizeof(name), "cpu@%x", mpidr);
		begin(w, name);
		prop_str(w, "device_type", "cpu");
		prop_str(w, "compatible", "arm,armv8");
		prop_str(w, "enable-method", "psci");
		prop_cells(w, "reg", mpidr);
		end(w);
	}
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
		prop_cells(w, "reg", CELLS64(b->base), CELLS64(b->size));
		end(w);
	}
}

static void put_gic(struct writer *w, const struct gfdt_config *c)
{
	begin(w, "interrupt-controller@3001000");
	if (c->gic_version == 3) {
		prop_str(w, "compatible", "arm,gic-v3");
		prop_cells(w, "reg", CELLS64(GUEST_GICV3_GICD_BASE), CELLS64(GUEST_GICV3_GICD_SIZE),
			   CELLS64(GUEST_GICV3_GICR0_BASE), CELLS64(GUEST_GICV3_GICR0_SIZE));
	} else {
		prop_str(w, "compatible", "arm,cortex-a15-gic\0arm,cortex-a9-gic");
		prop_cells(w, "reg", CELLS64(GUEST_GICD_BASE), CELLS64(GUEST_GICD_SIZE),
			   CELLS64(GUEST_GICC_BASE), CELLS64(GUEST_GICC_SIZE));
	}
	prop_cells(w, "#interrupt-cells", 3);
	prop_cells(w, "#address-cells", 0);
	prop(w, "interrupt-controller", NULL, 0);
	prop_cells(w, "linux,phandle", GIC_PHANDLE);
	prop_cells(w, "phandle", GIC_PHANDLE);
	end(w);
}

static void put_hypervisor(struct writer *w, const struct gfdt_config *c)
{
	const struct layout_bank *room = c->layout->room;
	uint32_t reg[4 + 4 * LAYOUT_BANKS] = { CELLS64(GUEST_GNTTAB_BASE),
					       CELLS64(GUEST_GNTTAB_SIZE) };
	unsigned int n = 4;

	for (unsigned int i = 0; i < LAYOUT_BANKS; i++) {
		const uint32_t pair[] = { CELLS64(room[i].base), CELLS64(room[i].size) };

		memcpy(&reg[n], pair, sizeof(pair));
		n += room[i].size ? 4 : 0;
	}
	begin(w, "hypervisor");
	prop_str(w, "compatible", "xen,xen-4.17\0xen,xen");
	put_cells(w, "reg", reg, n);
	prop_cells(w, "interrupt-parent", GIC_PHANDLE);
	prop_cells(w, "interrupts", PPI(GUEST_EVTCHN_PPI));
	end(w);
}

static void put_psci_timer_uart(struct writer *w, const struct gfdt_config *c)
{
	begin(w, "psci");
	prop_str(w, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
	prop_str(w, "method", "hvc");
	prop_cells(w, "cpu_off", 1);
	prop_cells(w, "cpu_on", 2);
	end(w);
	begin(w, "timer");
	prop_str(w, "compatible", "arm,armv8-timer");
	prop_cells(w, "interrupt-parent", GIC_PHANDLE);
	prop_cells(w, "interrupts", PPI(GUEST_TIMER_PHYS_S_PPI), PPI(GUEST_TIMER_PHYS_NS_PPI),
		   PPI(GUEST_TIMER_VIRT_PPI));
	if (c->clock_frequency)
		prop_cells(w, "clock-frequency", c->clock_frequency);
	end(w);
	if (!c->vuart)
		return;
	begin(w, "sbsa-pl011");
	prop_str(w, "compatible", "arm,sbsa-uart");
	prop_cells(w, "reg", CELLS64(GUEST_PL011_BASE), CELLS64(GUEST_PL011_SIZE));
	prop_cells(w, "interrupts", IRQ_SPI, GUEST_VPL011_SPI - 32, 0xf00 | IRQ_LEVEL_HIGH);
	prop_cells(w, "current-speed", 115200); /* means nothing, but has to be there */
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

		prop(w, name, val, len);
	}
	fdt_for_each_subnode(child, src, node) copy_node(w, src, child);
	end(w);
}

int gfdt_build(const struct gfdt_config *c, void *buf, size_t size, struct err *e)
{
	static const char *const copied[] = { "/aliases", "/passthrough" };
	struct writer w = { .fdt = buf, .rc = fdt_create(buf, size) ?: fdt_finish_reservemap(buf) };

	begin(&w, "");
	prop_str(&w, "compatible", "xen,xenvm-4.17\0xen,xenvm");
	prop_str(&w, "model", "XENVM-4.17");
	prop_cells(&w, "interrupt-parent", GIC_PHANDLE);
	prop_cells(&w, "#address-cells", 2);
	prop_cells(&w, "#size-cells", 2);
	put_chosen(&w, c);
	put_cpus(&w, c);
	put_memory(&w, c);
	put_gic(&w, c);
	put_hypervisor(&w, c);
	put_psci_timer_uart(&w, c);
	for (unsigned int i = 0; c->partial && i < 2; i++) {
		int node = fdt_path_offset(c->partial, copied[i]);

		if (node >= 0)
			copy_node(&w, c->partial, node);
	}
	end(&w);
	w.rc = w.rc ?: fdt_finish(buf);
	if (w.rc)
		return err_set(e, w.rc == -FDT_ERR_NOSPACE ? -ENOSPC : -EINVAL, "device tree: %s",
			       fdt_strerror(w.rc));
	return fdt_totalsize(buf);
}

/* Depth and phandles of every node; @fdt has passed fdt_check_full. */
static int check_nodes(const void *fdt, struct err *e)
{
	int node = 0, depth = 0;

	for (; node >= 0 && depth >= 0; node = fdt_next_node(fdt, node, &depth)) {
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
