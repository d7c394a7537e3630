// SPDX-License-Identifier: GPL-2.0-only
/*
 * From head.S to Dom0, in the order in which things need each other; the whole of it reads from
 * boot_main() downwards. Only the boot CPU runs here. Everything but boot_finish() and
 * boot_free_init() is in .init and becomes heap at the end.
 */
#include <arm/cpu.h>
#include <arm/gic.h>
#include <arm/mm.h>
#include <boot/boot.h>
#include <boot/dom0.h>
#include <boot/gunzip.h>
#include <boot/machine.h>
#include <core/cmdline.h>
#include <core/console.h>
#include <core/cpu.h>
#include <core/irq.h>
#include <core/page.h>
#include <core/timer.h>
#include <domain/debug.h>
#include <domain/domain.h>
#include <domain/evtchn.h>
#include <drivers/uart.h>
#include <lib/bitmap.h>
#include <lib/string.h>
#include <virt/sysreg.h>

#define KEEP MIB(8) /* for the hypervisor itself, whatever dom0_mem asks for */
#define CPTR_TFP BIT(10)

extern char boot_stack[], __init_start[], __init_end[];

static struct machine machine __initbss;
static struct dom0_plan plan __initbss;
static struct ranges avail __initbss; /* RAM that is nobody's yet */
static struct range image __initbss;
static u64 boot_start_ticks;

static struct range __init whole_pages(struct range r)
{
	return (struct range){ r.start & PAGE_MASK, ROUND_UP(r.end, PAGE_SIZE) };
}

/* --- console, command line, machine --- */

static void __init console_from_tree(void)
{
	const struct uart_ops *ops = NULL;

	if (machine.uart.base && !el2_map_device(machine.uart.base, machine.uart.size))
		ops = uart_attach(machine.uart_compatible, machine.uart_compatible_len,
				  &machine.uart);
	if (ops)
		console_init(ops);
	else
		machine.uart_node = -1; /* not ours, so Dom0 may have it */
}

/* Only touched when there is nothing to lose: on another machine RAM may be there. */
static const struct uart_ops *__init early_uart(void)
{
	static const struct uart_regs regs __initconst = { CONFIG_EARLY_UART, PAGE_SIZE };

	if (!CONFIG_EARLY_UART || el2_map_device(regs.base, regs.size))
		return NULL;
	return uart_attach("arm,pl011", sizeof("arm,pl011"), &regs);
}

static void __init read_machine(paddr_t fdt)
{
	const char *error;
	int rc;

	console_set_fallback(early_uart);
	if (fdt >= BIT(48))
		fdt = 0;
	error = fdt_accept(pa_to_va(fdt));
	if (error)
		console_stop("%s", error);
	machine_find_bootargs(&machine, pa_to_va(fdt));
	error = cmdline_parse(machine.xen_bootargs);
	rc = machine_parse(&machine, pa_to_va(fdt), opts.dtuart);
	console_from_tree();
	if (error)
		console_stop("%s", error);
	if (rc)
		console_stop("%s", machine.error);
	if (opts.dtuart[0] && machine.uart_node < 0)
		log_err("dtuart=%s: no such device, or not one of a known kind\n", opts.dtuart);
}

static void __init hello(void)
{
	log_info("Hospes on %u CPU%s, GICv%u\n", machine.nr_cpus, machine.nr_cpus == 1 ? "" : "s",
		 machine.gic.version);
	if (cmdline_text[0])
		log_info("Command line: %s\n", cmdline_text);
	for (unsigned i = 0; i < machine.ram.nr; i++)
		log_info("RAM 0x%lx-0x%lx\n", (unsigned long)machine.ram.r[i].start,
			 (unsigned long)machine.ram.r[i].end);
	log_info("Image 0x%lx-0x%lx, device tree 0x%lx-0x%lx\n", (unsigned long)image.start,
		 (unsigned long)image.end, (unsigned long)machine.fdt_range.start,
		 (unsigned long)machine.fdt_range.end);
}

/* --- memory --- */

static void __init map_ram(void)
{
	for (unsigned i = 0; i < avail.nr; i++) {
		struct range r = avail.r[i];

		if (el2_map(r.start, r.start, range_size(r), EL2_NORMAL))
			console_stop("RAM 0x%lx-0x%lx cannot be mapped", (unsigned long)r.start,
				     (unsigned long)r.end);
	}
}

/* Zeroed memory for the ledger, from the top, where it parts nothing. */
static u64 __init ledger_memory(struct ranges *free, u64 size)
{
	u64 at;

	if (!ranges_find_top(free, size, size >= MIB(2) ? MIB(2) : PAGE_SIZE, &at))
		console_stop("no room for the table of page frames (%lu KiB)",
			     (unsigned long)size >> 10);
	for (u64 p = at; p < at + size; p += PAGE_SIZE)
		page_zero(pa_to_va(p));
	ranges_sub(free, (struct range){ at, at + size });
	ranges_sub(&avail, (struct range){ at, at + size });
	return at;
}

#define LEDGER_PIECE MIB(2)				  /* of the table */
#define PIECE_FRAMES (LEDGER_PIECE / sizeof(struct page)) /* 512 MiB */

/*
 * The ledger of a machine whose RAM has large holes, at the top of EL2's addresses: pieces with
 * RAM have memory of their own, one piece of zeros, read-only, is all the others.
 */
static u64 __init sparse_ledger(struct ranges *free, u64 first, u64 count)
{
	u64 size = ROUND_UP(count * sizeof(struct page), LEDGER_PIECE), va = BIT(48) - size;
	u64 zeros = 0, at;

	if (count > UINT32_MAX || machine.ram.r[machine.ram.nr - 1].end > va)
		console_stop("RAM 0x%lx-0x%lx is too far from the rest",
			     (unsigned long)machine.ram.r[machine.ram.nr - 1].start,
			     (unsigned long)machine.ram.r[machine.ram.nr - 1].end);
	for (u64 i = 0; i < size / LEDGER_PIECE; i++) {
		u64 start = (first + i * PIECE_FRAMES) << PAGE_SHIFT;
		struct range r = { start, start + (PIECE_FRAMES << PAGE_SHIFT) };
		bool used = ranges_overlap(&machine.ram, r);

		if (used)
			at = ledger_memory(free, LEDGER_PIECE);
		else
			at = zeros = zeros ?: ledger_memory(free, LEDGER_PIECE);
		if (el2_map(va + i * LEDGER_PIECE, at, LEDGER_PIECE,
			    used ? EL2_NORMAL : EL2_RODATA))
			console_stop("no memory for EL2's tables");
	}
	return va;
}

static void __init make_ledger(struct ranges *free)
{
	u64 first = machine.ram.r[0].start >> PAGE_SHIFT;
	u64 count = (machine.ram.r[machine.ram.nr - 1].end >> PAGE_SHIFT) - first;
	u64 size = ROUND_UP(count * sizeof(struct page), PAGE_SIZE);
	bool holes = size > ranges_total(&machine.ram) / 128; /* twice what RAM needs */

	for (unsigned i = 0; i < avail.nr; i++)
		page_add_ram(mfn_of(avail.r[i].start), range_size(avail.r[i]) >> PAGE_SHIFT);
	page_init_table(
		pa_to_va(holes ? sparse_ledger(free, first, count) : ledger_memory(free, size)),
		first, count);
}

static void __init give_to_heap(const struct ranges *s)
{
	for (unsigned i = 0; i < s->nr; i++)
		heap_add(s->r[i].start, s->r[i].end);
}

/* A kernel packed with gzip is unpacked where the boot loader might have put it. */
static const char *__init unpack_kernel(void)
{
	static struct ranges free __initbss;
	struct range packed = machine.kernel.r;
	const void *file = pa_to_va(packed.start);
	u64 at, size;

	if (!gzip_is(file, range_size(packed)))
		return NULL;
	size = gzip_size(file, range_size(packed));
	free = avail;
	ranges_sub(&free, whole_pages(packed));
	ranges_sub(&free, whole_pages(machine.ramdisk.r));
	ranges_sub(&free, machine.fdt_range);
	if (!ranges_find(&free, size, MIB(2), &at))
		return "is packed with gzip, and there is no room to unpack it";
	machine.kernel.r = (struct range){ at, at + size };
	return gunzip(file, range_size(packed), pa_to_va(at));
}

static void __init plan_dom0(void)
{
	const char *error;

	if (machine_check_modules(&machine, image))
		console_stop("%s", machine.error);
	error = unpack_kernel();
	if (!error)
		error = arm64_image_parse(pa_to_va(machine.kernel.r.start),
					  range_size(machine.kernel.r), &plan.image);
	if (error)
		console_stop("the Dom0 kernel, module %s, %s", machine.kernel.name, error);
	plan.fdt_room = dom0_fdt_room(&machine);
	if (dom0_plan(&plan, &machine, &opts, &avail, KEEP))
		console_stop("%s", plan.error);
}

/*
 * RAM: mapped, counted, planned for Dom0; the rest goes to the heap. The modules and the host's
 * tree stay where they are for now.
 */
static void __init set_up_memory(void)
{
	static struct ranges free __initbss;

	avail = machine.ram;
	ranges_sub_all(&avail, &machine.reserved);
	ranges_sub(&machine.memreserve, whole_pages(machine.kernel.r));
	ranges_sub(&machine.memreserve, whole_pages(machine.ramdisk.r));
	ranges_sub(&machine.memreserve, machine.fdt_range);
	ranges_sub_all(&avail, &machine.memreserve);
	map_ram();
	free = avail;
	ranges_sub(&free, image);
	ranges_sub(&free, whole_pages(machine.kernel.r));
	ranges_sub(&free, whole_pages(machine.ramdisk.r));
	ranges_sub(&free, machine.fdt_range);
	make_ledger(&free);
	ranges_sub(&avail, image);
	plan_dom0();
	ranges_sub_all(&avail, &plan.banks);
	free = avail;
	ranges_sub(&free, whole_pages(machine.kernel.r));
	ranges_sub(&free, whole_pages(machine.ramdisk.r));
	ranges_sub(&free, machine.fdt_range);
	/* what is left: modules and tree outside Dom0's banks */
	ranges_sub_all(&avail, &free);
	give_to_heap(&free);
}

static void __init grow_log_ring(void)
{
	u64 size = opts.conring_size ? 1UL << log2_floor(opts.conring_size) : 0;
	void *mem;

	if (size <= CONFIG_CONRING_KB * 1024UL)
		return;
	mem = xalloc_pages(log2_floor(size >> PAGE_SHIFT));
	if (mem)
		console_use_ring(mem, size);
	else
		log_err("conring_size: no memory for %lu KiB\n", (unsigned long)size >> 10);
}

/* --- CPUs, interrupts, time --- */

static void __init set_up_cpus(void)
{
	u64 self = this_cpu()->mpidr;
	unsigned n = 1, limit = min(opts.maxcpus ? opts.maxcpus : MAX_CPUS, (unsigned)MAX_CPUS);
	bool found = false;

	cpus[0].stack = boot_stack;
	sched_init_cpu(&cpus[0]);
	for (unsigned i = 0; i < machine.nr_cpus; i++) {
		if (machine.mpidr[i] == self)
			found = true;
		else if (n < limit && machine.can_start[i])
			cpus[n++].mpidr = machine.mpidr[i];
		else
			machine.cpus_skipped++;
	}
	if (!found)
		console_stop("device tree: /cpus lacks the CPU this runs on (MPIDR 0x%lx), or it "
			     "is disabled",
			     (unsigned long)self);
	cpu_count = n;
	if (machine.cpus_skipped)
		log_info("%u more CPUs are not used (disabled, not started by PSCI, or more than "
			 "wanted)\n",
			 machine.cpus_skipped);
}

static void __init set_up_interrupts(void)
{
	if (gic_init(&machine.gic) || gic_init_cpu())
		console_stop("the interrupt controller cannot be used");
	if (irq_init())
		console_stop("no memory for the table of interrupts");
	timer_init(machine.hyp_timer_ppi);
	vgic_init();
	vtimer_init(machine.virt_timer_ppi);
	console_irq_init(machine.uart_node >= 0 ? machine.uart_irq : 0);
}

/* --- the end --- */

/* libfdt comes with SIMD code; no guest's registers are there yet. */
static void fp_allowed(bool yes)
{
	u64 cptr = read_sysreg(cptr_el2);

	write_sysreg(yes ? cptr & ~CPTR_TFP : cptr | CPTR_TFP, cptr_el2);
	isb();
}

static void tell_dom0(void)
{
	evtchn_raise_virq(hardware_domain, VIRQ_CONSOLE);
}

/* Whoever wrote may hold the lock of an event channel: an interrupt comes when none is held. */
void console_has_text(void)
{
	struct domain *d = hardware_domain;

	if (d && d->vcpu && d->vcpu[0] && READ_ONCE(d->vcpu[0]->virq_port[VIRQ_CON_RING]))
		gic_send_sgi(this_cpu(), SGI_LOG);
}

static void log_interrupt(unsigned irq)
{
	evtchn_raise_virq(hardware_domain, VIRQ_CON_RING);
}

void boot_free_init(void)
{
	mm_release_init();
	heap_add(va_to_pa(__init_start), va_to_pa(__init_end));
}

static __noreturn __attribute__((noinline)) void boot_finish(void)
{
	u64 dom0_pages = hardware_domain->tot_pages, us;

	fp_allowed(false);
	console_set_fallback(NULL);
	boot_free_init();
	us = ticks_to_ns(ticks_now() - boot_start_ticks) / 1000;
	log_info("Booted in %lu.%03lu ms; %lu of %lu pages are Dom0's, %lu free, %lu kept\n",
		 (unsigned long)(us / 1000), (unsigned long)(us % 1000), (unsigned long)dom0_pages,
		 (unsigned long)ram_pages, (unsigned long)heap_free_pages,
		 (unsigned long)(ram_pages - dom0_pages - heap_free_pages));
	console_on_input(tell_dom0);
	BUG_ON(irq_request(SGI_LOG, log_interrupt));
	console_start_input();
	sched_enter();
}

void __init boot_main(paddr_t fdt, paddr_t image_start, u64 image_size)
{
	boot_start_ticks = ticks_now();
	fp_allowed(true);
	image = whole_pages((struct range){ image_start, image_start + image_size });
	read_machine(fdt);
	hello();
	cpu_features_init();
	if (!machine.psci || psci_init(machine.psci_hvc, machine.psci_cpu_on))
		log_err("There is no PSCI: no other CPUs, no reset, no power-off\n");
	set_up_memory();
	grow_log_ring();
	set_up_cpus();
	set_up_interrupts();
	smp_start_all();
	debug_keys_init();
	dom0_build(&machine, &plan, image);
	give_to_heap(&avail);
	dom0_start();
	boot_finish();
}
