// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the first C in the upper half to guest_main() or domu_main(), the
 * console of each platform, and the way out. A DomU made by domu.c gets a
 * start_info instead of a device tree.
 */
#include "domu.h"

extern char _start[];
struct machine machine;
struct start_info *start_info;
static struct xencons_interface *ring;
static u32 ring_port;
static volatile u32 console_lock;

void guest_start(u64 info);

void __attribute__((weak)) domu_main(void)
{
}

u64 bootarg(const char *name, u64 otherwise)
{
	size_t n = strlen(name);

	for (const char *s = machine.bootargs; *s; s++) {
		if (strncmp(s, name, n))
			continue;
		otherwise = 0;
		for (s += n; *s >= '0' && *s <= '9'; s++)
			otherwise = otherwise * 10 + (u64)(*s - '0');
		break;
	}
	return otherwise;
}

bool on_oracle(void)
{
	return !strncmp(machine.bootargs, "oracle", 6);
}

static void lock(void)
{
	if (machine.ncpus > 1)
		while (__atomic_exchange_n(&console_lock, 1, __ATOMIC_ACQUIRE))
			relax();
}

static void ring_write(const char *s, size_t n)
{
	while (n) {
		u32 prod = ring->out_prod;

		dsb();
		if (prod - READ_ONCE(ring->out_cons) == sizeof(ring->out)) {
			sched_op(SCHEDOP_yield, NULL);
			continue;
		}
		ring->out[MASK_XENCONS_IDX(prod, ring->out)] = *s++;
		n--;
		dsb();
		WRITE_ONCE(ring->out_prod, prod + 1);
	}
	evtchn_send(ring_port);
}

void console_write(const char *s, size_t n)
{
	lock();
	if (machine.platform == DOM0)
		HYPERCALL(__HYPERVISOR_console_io, CONSOLEIO_write, n, s, 0, 0);
	else if (machine.platform == DOMU && ring)
		ring_write(s, n);
	else if (machine.platform == BARE)
		while (n--)
			mmio_write32(machine.uart, (u8)*s++);
	__atomic_store_n(&console_lock, 0, __ATOMIC_RELEASE);
}

void guest_exit(void)
{
	struct sched_shutdown s = { .reason = SHUTDOWN_poweroff };

	if (machine.platform != BARE)
		sched_op(SCHEDOP_shutdown, &s);
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		wfi();
}

static void domu_layout(struct start_info *si)
{
	u64 gfn = 0, port = 0;

	start_info = si;
	machine.platform = DOMU;
	machine.ram_base = si->ram_base;
	machine.ram_size = si->ram_size;
	machine.ncpus = (int)si->ncpus;
	machine.gic = (int)si->gic;
	machine.gicd = GUEST_GICD_BASE;
	machine.gicc = GUEST_GICC_BASE;
	machine.gicr = GUEST_GICV3_GICR0_BASE;
	machine.gnttab = GUEST_GNTTAB_BASE;
	machine.free_base = GUEST_RAM1_BASE;
	machine.free_size = 1ul << 30;
	machine.evtchn_irq = GUEST_EVTCHN_PPI;
	hvm_get(DOMID_SELF, HVM_PARAM_CONSOLE_PFN, &gfn);
	hvm_get(DOMID_SELF, HVM_PARAM_CONSOLE_EVTCHN, &port);
	ring = (void *)(gfn * PAGE_SIZE);
	ring_port = (u32)port;
}

void guest_start(u64 info)
{
	machine.phys = read_sysreg(ttbr0_el1) - ((u64)table_low - (u64)_start);
	if (((struct start_info *)info)->magic == START_MAGIC)
		domu_layout((struct start_info *)info);
	else
		fdt_read((void *)info);
	gic_init();
	gic_cpu_init();
	if (machine.platform != BARE)
		xen_init();
	if (machine.platform == DOMU)
		domu_main();
	else
		guest_main();
	guest_exit();
}
