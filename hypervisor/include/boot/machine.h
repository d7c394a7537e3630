/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the firmware's device tree says of the machine. Filled once by machine_parse()
 * (boot/fdt_host.c), plain data, gone after boot.
 */
#ifndef BOOT_MACHINE_H
#define BOOT_MACHINE_H
#include <arm/gic.h>
#include <boot/fdt.h>
#include <boot/ranges.h>
#include <core/cpu.h>
#include <drivers/uart.h>
#include <lib/types.h>

struct boot_module {
	struct range r;	      /* machine addresses; r.end == 0: there is none */
	char name[32];	      /* of its node, for messages */
	const char *bootargs; /* in the tree; NULL: none of its own */
};

struct machine {
	const void *fdt; /* the tree; valid until Dom0's memory is written */
	struct range fdt_range;
	struct ranges ram;	/* whole pages */
	struct ranges reserved; /* reserved-memory: in RAM or not, not to be touched */
	/* the tree's own header list; may hold the modules and the tree */
	struct ranges memreserve;
	unsigned nr_cpus, cpus_skipped;
	u64 mpidr[MAX_CPUS];	    /* affinity fields */
	bool can_start[MAX_CPUS];   /* by PSCI; the CPU that boots need not say so */
	const void *cpu_compatible; /* of the first one */
	unsigned cpu_compatible_len;
	struct gic_info gic;
	int gic_node; /* offset in the tree, -1: none */
	u32 gic_phandle, gic_irq_cells;
	unsigned its_phandles;
	u32 its_phandle[4];
	unsigned hyp_timer_ppi, virt_timer_ppi; /* INTIDs */
	bool psci, psci_hvc;
	u32 psci_cpu_on;       /* PSCI 0.1 number, or 0 */
	int uart_node;	       /* -1: none */
	struct uart_regs uart; /* base 0: cannot be used */
	unsigned uart_irq;     /* INTID, 0: none */
	const void *uart_compatible;
	unsigned uart_compatible_len;
	struct boot_module kernel, ramdisk;
	u32 root_address_cells, root_size_cells;
	const char *xen_bootargs;  /* Hospes' command line, never NULL */
	const char *dom0_bootargs; /* Dom0's, NULL: none */
	char error[192];	   /* first thing that is wrong, empty: fine */
};

/*
 * Hospes' and Dom0's command lines as Xen's ARM boot protocol finds them; needs no more than an
 * accepted tree.
 */
void machine_find_bootargs(struct machine *m, const void *fdt);
/*
 * Offset of the console's node: dtuart (a path or alias, with or without ":options") or
 * /chosen/stdout-path. -1: none.
 */
int machine_find_uart(const void *fdt, const char *dtuart);
/*
 * Reads an accepted tree into m (after machine_find_bootargs). 0, or -EINVAL with m->error saying
 * which node and why; all the rest is filled in as far as it goes, so that the console can be used
 * to say it.
 */
int machine_parse(struct machine *m, const void *fdt, const char *dtuart) __must_check;
/*
 * Modules against RAM, each other, the tree, reserved memory and the hypervisor's image. 0 or
 * -EINVAL with m->error.
 */
int machine_check_modules(struct machine *m, struct range image) __must_check;
#endif
