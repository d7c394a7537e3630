// SPDX-License-Identifier: GPL-2.0-only
/*
 * /chosen: whose are the command lines, where is the console, which modules are there (boot
 * protocol of Xen on ARM), and whether the modules lie where they may. Pure.
 */
#include <boot/machine.h>
#include <lib/errno.h>
#include <lib/string.h>

/* One string within its property, or NULL; an empty one counts as none. */
static const char *__init text(const void *fdt, int node, const char *name)
{
	int len;
	const char *s = node < 0 ? NULL : fdt_getprop(fdt, node, name, &len);

	return s && len > 0 && s[0] && strnlen(s, (size_t)len) < (size_t)len ? s : NULL;
}

static bool __init is_compatible(const void *fdt, int node, const char *what)
{
	int len;
	const char *s = fdt_getprop(fdt, node, "compatible", &len);

	return s && fdt_stringlist_contains(s, len, what);
}

/* Command line in the node of the kernel module, as on_module() of fdt_host.c would choose it. */
static const char *__init kernel_bootargs(const void *fdt, int chosen)
{
	int node, unnamed = -1;

	if (chosen < 0)
		return NULL;
	fdt_for_each_subnode(node, fdt, chosen)
	{
		if (is_compatible(fdt, node, "multiboot,kernel") ||
		    is_compatible(fdt, node, "xen,linux-zimage"))
			return text(fdt, node, "bootargs");
		if (unnamed < 0 &&
		    (is_compatible(fdt, node, "multiboot,module") ||
		     is_compatible(fdt, node, "xen,multiboot-module")) &&
		    !is_compatible(fdt, node, "multiboot,ramdisk") &&
		    !is_compatible(fdt, node, "xen,linux-initrd") &&
		    !is_compatible(fdt, node, "xen,xsm-policy") &&
		    !is_compatible(fdt, node, "multiboot,device-tree"))
			unnamed = node;
	}
	return text(fdt, unnamed, "bootargs");
}

/*
 * /chosen/bootargs is Dom0's when Hospes has xen,xen-bootargs of its own, and Hospes' when Dom0 has
 * one of its own; with neither it is Dom0's.
 */
void __init machine_find_bootargs(struct machine *m, const void *fdt)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	const char *common = text(fdt, chosen, "bootargs");
	const char *own = text(fdt, chosen, "xen,xen-bootargs");
	const char *dom0 = text(fdt, chosen, "xen,dom0-bootargs");

	if (!dom0)
		dom0 = kernel_bootargs(fdt, chosen);
	if (!own && dom0)
		own = common;
	else if (!dom0)
		dom0 = common;
	m->xen_bootargs = own ? own : "";
	m->dom0_bootargs = dom0;
}

/* An alias of an alias, which libfdt would follow without end. */
static bool __init alias_of_alias(const void *fdt, const char *path)
{
	const char *alias;
	int n = 0;

	while (path[n] && path[n] != '/' && path[n] != ':')
		n++;
	alias = n ? fdt_get_alias_namelen(fdt, path, n) : NULL;
	return alias && alias[0] != '/';
}

int __init machine_find_uart(const void *fdt, const char *dtuart)
{
	const char *path = dtuart, *colon;
	int node;

	if (!path || !path[0]) {
		int chosen = fdt_path_offset(fdt, "/chosen");

		path = text(fdt, chosen, "stdout-path");
		if (!path)
			path = text(fdt, chosen, "linux,stdout-path");
		if (!path)
			return -1;
	}
	if (alias_of_alias(fdt, path))
		return -1;
	colon = strchr(path, ':');
	node = fdt_path_offset_namelen(fdt, path, colon ? (int)(colon - path) : (int)strlen(path));
	return node < 0 ? -1 : node;
}

static int __init bad(struct machine *m, const struct boot_module *mod, const char *why,
		      const char *whom)
{
	snprintf(m->error, sizeof(m->error), "module %s (0x%lx-0x%lx) %s%s", mod->name,
		 (unsigned long)mod->r.start, (unsigned long)mod->r.end, why, whom);
	return -EINVAL;
}

static int __init check_module(struct machine *m, const struct boot_module *mod, struct range image)
{
	if (!ranges_holding(&m->ram, mod->r))
		return bad(m, mod, "does not lie in RAM", "");
	if (range_overlaps(mod->r, image))
		return bad(m, mod, "overlaps the hypervisor", "");
	if (range_overlaps(mod->r, m->fdt_range))
		return bad(m, mod, "overlaps the device tree", "");
	if (ranges_overlap(&m->reserved, mod->r))
		return bad(m, mod, "overlaps reserved memory", "");
	return 0;
}

int __init machine_check_modules(struct machine *m, struct range image)
{
	if (!m->kernel.r.end) {
		strscpy(m->error,
			"no Dom0 kernel: /chosen has no node compatible with \"multiboot,kernel\" "
			"or \"multiboot,module\"",
			sizeof(m->error));
		return -EINVAL;
	}
	if (check_module(m, &m->kernel, image) ||
	    (m->ramdisk.r.end && check_module(m, &m->ramdisk, image)))
		return -EINVAL;
	if (m->ramdisk.r.end && range_overlaps(m->kernel.r, m->ramdisk.r))
		return bad(m, &m->ramdisk, "overlaps module ", m->kernel.name);
	return 0;
}
