/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dom0: where its memory, kernel, initramfs and device tree go (dom0_plan.c, pure), and the making
 * of it (dom0.c, dom0_fdt.c).
 */
#ifndef BOOT_DOM0_H
#define BOOT_DOM0_H
#include <boot/machine.h>
#include <boot/ranges.h>
#include <core/cmdline.h>
#include <lib/types.h>

struct domain;

#define DOM0_UPCALL_PPI 16   /* INTID of the event-channel interrupt */
#define DOM0_GRANT_FRAMES 64 /* size of the region offered for the grant table */

struct arm64_image {
	u64 text_offset, image_size; /* bytes; image_size covers bss */
	bool anywhere;		     /* need not be near the start of memory */
};

struct dom0_plan {
	u64 size;	     /* bytes of RAM */
	struct ranges banks; /* RAM, machine address == guest address */
	struct arm64_image image;
	u64 kernel;  /* where the Image goes (or stays), = entry point */
	u64 ramdisk; /* where the initramfs goes (or stays) */
	u64 fdt;
	u64 fdt_room; /* bytes */
	char error[192];
};

/* Header of the kernel at p, n bytes long. NULL or what is wrong with it. */
const char *arm64_image_parse(const void *p, u64 n, struct arm64_image *img);
/*
 * `avail` is RAM that Dom0 may get: all but the hypervisor's and reserved ranges; the modules and
 * the host's tree may lie in it. Modules that already lie well stay in place. Fills *plan; 0 or
 * -EINVAL with plan->error. `keep` bytes are left to the hypervisor.
 */
int dom0_plan(struct dom0_plan *plan, const struct machine *m, const struct options *o,
	      const struct ranges *avail, u64 keep) __must_check;

struct dom0_tree { /* what building the tree needs and what it finds on the way */
	const struct machine *m;
	const struct dom0_plan *plan;
	const struct domain *d;
	struct range grant;	  /* guest-physical region for the grant table */
	const struct ranges *ext; /* unused guest-physical ranges to offer */
};
/*
 * Devices of the host's tree that Dom0 gets: their registers and PCI windows, whole pages. Nodes
 * marked "xen,passthrough", and those below, are for other domains: their SPIs go to `kept`, a bit
 * for each interrupt. Named in the log: these, and nodes that make no sense.
 */
void dom0_devices(const struct machine *m, struct ranges *mmio, u64 *kept);
/* Writes Dom0's tree to buf. 0, or an error text. */
const char *dom0_make_fdt(const struct dom0_tree *t, void *buf, size_t size);
/* Bytes that Dom0's tree may take. */
u64 dom0_fdt_room(const struct machine *m);

/*
 * Builds Dom0 from the plan; vCPU 0 is ready to run when the domain is unpaused. Stops with a
 * message on failure.
 */
void dom0_build(const struct machine *m, const struct dom0_plan *plan, struct range image);
/* Lets its first vCPU run. */
void dom0_start(void);
#endif
