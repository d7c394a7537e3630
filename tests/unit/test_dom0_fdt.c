// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dom0's device tree and the devices it gets, from machine.dts: what is copied, left out, written
 * anew.
 */
#include <boot/dom0.h>
#include <core/console.h>
#include <domain/domain.h>
#include <lib/bitmap.h>
#include <lib/errno.h>
#include <lib/string.h>
#include "harness.h"

void *malloc(size_t n);
void free(void *p);

_Thread_local struct cpu *fake_cpu;
_Thread_local bool fake_irq_pending;
u64 fake_ticks;

asm(".section .rodata\n.balign 8\nmachine_dtb: .incbin \"machine.dtb\"\n.balign "
    "8\nmachine_dtb_end: .text");
extern const char machine_dtb[], machine_dtb_end[];

static struct machine m;
static char in[FDT_SIZE_MAX] __aligned(8), tree[1 << 16] __aligned(8);
static struct vcpu vcpus[3], *vcpu[3] = { &vcpus[0], &vcpus[1], &vcpus[2] };
static struct domain dom = { .max_vcpus = 3, .vcpu = vcpu };
static struct dom0_plan plan;
static struct ranges ext;
static const struct dom0_tree what = { &m, &plan, &dom, { 0x40000000, 0x40040000 }, &ext };

/* The machine, after something was done to its tree. */
static void parse(void)
{
	memset(&m, 0, sizeof(m));
	CHECK(!fdt_accept(in));
	machine_find_bootargs(&m, in);
	CHECK(!machine_parse(&m, in, ""));
	if (m.error[0])
		host_panic("%s", m.error);
}

static void start(void)
{
	memset(in, 0, sizeof(in));
	memcpy(in, machine_dtb, (size_t)(machine_dtb_end - machine_dtb));
	CHECK(!fdt_open_into(in, in, 1 << 16));
	parse();
	memset(&plan, 0, sizeof(plan));
	ranges_add(&plan.banks, (struct range){ 0x48000000, 0x60000000 });
	ranges_add(&plan.banks, (struct range){ 0x80000000, 0x90000000 });
	plan.ramdisk = 0x50000000;
	memset(&ext, 0, sizeof(ext));
	ranges_add(&ext, (struct range){ 0x100000000, 0x8000000000 });
	for (unsigned i = 0; i < 3; i++)
		vcpus[i].vmpidr = BIT(31) | (i == 2 ? 0x100 : i);
}

static void make(void)
{
	memset(tree, 0xee, sizeof(tree));
	CHECK(!dom0_make_fdt(&what, tree, sizeof(tree)));
	CHECK(!fdt_check_full(tree, sizeof(tree)));
	CHECK(fdt_totalsize(tree) <= dom0_fdt_room(&m));
}

static int node(const char *path)
{
	return fdt_path_offset(tree, path);
}

static bool prop_is(const char *path, const char *name, const void *val, size_t n)
{
	int len;
	const void *p = fdt_getprop(tree, node(path), name, &len);

	return p && (size_t)len == n && !memcmp(p, val, n);
}

static bool text_is(const char *path, const char *name, const char *text)
{
	return prop_is(path, name, text, strlen(text) + 1);
}

static bool cells_are(const char *path, const char *name, unsigned n, const u32 *val)
{
	fdt32_t be[24];

	for (unsigned i = 0; i < n; i++)
		be[i] = cpu_to_fdt32(val[i]);
	return prop_is(path, name, be, 4 * n);
}
#define CELLS(path, name, ...) \
	cells_are(path, name, sizeof((u32[]){ __VA_ARGS__ }) / 4, (u32[]){ __VA_ARGS__ })

static bool has(const char *path, const char *name)
{
	return fdt_getprop(tree, node(path), name, NULL);
}

static void test_replaced(void)
{
	start();
	make();
	CHECK(text_is("/cpus/cpu@0", "compatible", "arm,cortex-a72") &&
	      text_is("/cpus/cpu@100", "compatible", "arm,cortex-a72"));
	CHECK(CELLS("/cpus/cpu@1", "reg", 1) && CELLS("/cpus/cpu@100", "reg", 0x100) &&
	      text_is("/cpus/cpu@1", "enable-method", "psci"));
	CHECK(!has("/cpus/cpu@0", "clock-frequency") && node("/cpus/cpu@2") < 0);
	CHECK(text_is("/chosen", "bootargs", "console=hvc0") &&
	      prop_is("/chosen", "rng-seed", "\1\2\3\4\5", 5));
	CHECK(CELLS("/chosen", "linux,initrd-start", 0, 0x50000000) &&
	      CELLS("/chosen", "linux,initrd-end", 0, 0x50012345));
	CHECK(!has("/chosen", "xen,xen-bootargs") && !has("/chosen", "stdout-path") &&
	      node("/chosen/module@4a000000") < 0);
	CHECK(CELLS("/timer", "interrupts", 1, 13, 0xf08, 1, 14, 0xf08, 1, 11, 0xf08) &&
	      CELLS("/timer", "interrupt-parent", 1));
	CHECK(text_is("/psci", "method", "hvc"));
	CHECK(prop_is("/psci", "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci", 35));
	CHECK(CELLS("/memory@48000000", "reg", 0, 0x48000000, 0, 0x18000000, 0, 0x80000000, 0,
		    0x10000000));
	CHECK(node("/memory@40000000") < 0 && node("/memory@80000000") < 0);
	CHECK(prop_is("/hypervisor", "compatible", "xen,xen-4.17\0xen,xen", 21));
	CHECK(CELLS("/hypervisor", "reg", 0, 0x40000000, 0, 0x40000, 1, 0, 0x7f, 0));
	CHECK(CELLS("/hypervisor", "interrupts", 1, DOM0_UPCALL_PPI - 16, 0xf08));
	/* The interrupt controller: no hypervisor's half of it. */
	CHECK(CELLS("/intc@8000000", "reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000));
	CHECK(!has("/intc@8000000", "interrupts") && CELLS("/intc@8000000", "phandle", 1) &&
	      has("/intc@8000000", "interrupt-controller"));
}

static void test_copied(void)
{
	static const char *const gone[] = { "/pmu",
					    "/iommu@9050000",
					    "/firmware/optee",
					    "/uart@9000000",
					    "/intc@8000000/its@8080000",
					    "/spare-timer" };

	start();
	make();
	for (unsigned i = 0; i < ARRAY_SIZE(gone); i++)
		CHECK(fdt_path_offset(in, gone[i]) > 0 && node(gone[i]) < 0);
	CHECK(text_is("/", "model", "unit test") && CELLS("/rtc@9010000", "interrupts", 0, 2, 4) &&
	      text_is("/off@9020000", "status", "disabled"));
	CHECK(CELLS("/bus@b000000/i2c@3000/sensor@4c", "reg", 0x4c) && node("/firmware") > 0 &&
	      node("/intc@8000000/v2m@8020000") > 0);
	/* IOMMUs and the ITS are not there: nor may anything refer to them. */
	CHECK(has("/disk@a000000", "dma-coherent") && !has("/disk@a000000", "iommus") &&
	      !has("/disk@a000000", "msi-parent"));
	CHECK(CELLS("/net@a001000", "msi-parent", 3));
	CHECK(has("/pcie@10000000", "ranges") && !has("/pcie@10000000", "msi-map") &&
	      !has("/pcie@10000000", "iommu-map") && !has("/pcie@10000000", "iommu-map-mask"));
	/* An MSI map that leads elsewhere stays; one of two entries with the ITS does not. */
	CHECK(!fdt_setprop(in, fdt_path_offset(in, "/pcie@10000000"), "msi-map",
			   ((fdt32_t[]){ 0, cpu_to_fdt32(3), 0, 9 }), 16));
	parse();
	make();
	CHECK(has("/pcie@10000000", "msi-map"));
}

static void set_initrd(const char *first, const char *last, int len)
{
	CHECK(!fdt_setprop(in, fdt_path_offset(in, "/chosen"), "linux,initrd-start", first, 4));
	CHECK(!fdt_setprop(in, fdt_path_offset(in, "/chosen"), "linux,initrd-end", last, len));
}

static void test_variants(void)
{
	/*
	 * Nothing that need be there: no seed, no initramfs, no command line, no CPU's name; one
	 * cell for addresses.
	 */
	start();
	CHECK(!fdt_del_node(in, fdt_path_offset(in, "/chosen/module@50000000")));
	CHECK(!fdt_delprop(in, fdt_path_offset(in, "/chosen/module@4a000000"), "bootargs"));
	CHECK(!fdt_delprop(in, fdt_path_offset(in, "/chosen"), "rng-seed"));
	CHECK(!fdt_delprop(in, fdt_path_offset(in, "/cpus/cpu@0"), "compatible"));
	CHECK(!fdt_setprop_string(in, fdt_path_offset(in, "/chosen/module@4a000000"), "compatible",
				  "xen,multiboot-module"));
	parse();
	CHECK_EQ(m.kernel.r.start, 0x4a000000);
	make();
	CHECK(!has("/chosen", "bootargs") && !has("/chosen", "linux,initrd-start") &&
	      !has("/chosen", "rng-seed"));
	CHECK(text_is("/cpus/cpu@1", "compatible", "arm,armv8"));
	m.root_address_cells = m.root_size_cells = 1;
	make();
	CHECK(CELLS("/memory@48000000", "reg", 0x48000000, 0x18000000, 0x80000000, 0x10000000));
	/* No firmware to call: Dom0 calls Hospes all the same. */
	start();
	CHECK(!fdt_del_node(in, fdt_path_offset(in, "/psci")));
	parse();
	make();
	CHECK(!m.psci && text_is("/psci", "method", "hvc"));
	/* An initramfs that is no module; a module goes before it. */
	start();
	set_initrd("\x52\0\0\0", "\0\0\0\0\x52\1\0\0", 8);
	parse();
	CHECK(m.ramdisk.r.start == 0x50000000 && m.ramdisk.r.end == 0x50012345);
	CHECK(!fdt_del_node(in, fdt_path_offset(in, "/chosen/module@50000000")));
	parse();
	CHECK(m.ramdisk.r.start == 0x52000000 && m.ramdisk.r.end == 0x52010000);
	make();
	CHECK(CELLS("/chosen", "linux,initrd-end", 0, 0x50010000)); /* where the plan has it */
	set_initrd("\x52\0\0\0", "\x52\0\0\0", 4);
	parse();
	CHECK(!m.ramdisk.r.end);
	set_initrd("\x52\0\0\0", "\x51\0\0\0", 4);
	memset(&m, 0, sizeof(m));
	CHECK(machine_parse(&m, in, ""));
	/* A second timer: one is enough. */
	start();
	CHECK(!fdt_setprop_string(in, fdt_path_offset(in, "/spare-timer"), "status", "okay"));
	parse();
	make();
	CHECK(node("/timer") > 0 && node("/spare-timer") < 0 &&
	      fdt_node_offset_by_compatible(tree, node("/timer"), "arm,armv8-timer") < 0);
}

/* The controller named before each interrupt, instead of once. */
static void test_extended(void)
{
	static const char *const nodes[] = { "/timer", "/intc@8000000", "/uart@9000000" };
	struct machine before;

	start();
	before = m;
	CHECK(m.hyp_timer_ppi && m.virt_timer_ppi && m.gic.maint_ppi && m.uart_irq);
	for (unsigned i = 0; i < ARRAY_SIZE(nodes); i++) {
		int len, at = fdt_path_offset(in, nodes[i]);
		const fdt32_t *list = fdt_getprop(in, at, "interrupts", &len);
		fdt32_t cells[16];
		unsigned n = 0;

		for (int k = 0; k < len / 4; k++) {
			if (k % 3 == 0)
				cells[n++] = cpu_to_fdt32(m.gic_phandle);
			cells[n++] = list[k];
		}
		CHECK(!fdt_delprop(in, at, "interrupts"));
		CHECK(!fdt_setprop(in, fdt_path_offset(in, nodes[i]), "interrupts-extended", cells,
				   (int)(4 * n)));
	}
	parse();
	CHECK(m.hyp_timer_ppi == before.hyp_timer_ppi && m.virt_timer_ppi == before.virt_timer_ppi);
	CHECK(m.gic.maint_ppi == before.gic.maint_ppi && m.uart_irq == before.uart_irq);
	make();
	/* Another's interrupt is not the GIC's of that number. */
	CHECK(!fdt_setprop_inplace_namelen_partial(in, fdt_path_offset(in, "/uart@9000000"),
						   "interrupts-extended", 19, 0, "\0\0\0\x7", 4));
	parse();
	CHECK_EQ(m.uart_irq, 0);
}

/*
 * Any buffer but one that is large enough: an error, and nothing behind its end is written (ASan).
 */
static void test_no_room(void)
{
	size_t need;

	start();
	make();
	need = fdt_totalsize(tree);
	for (size_t n = 64; n < need + 64; n += 61) {
		void *buf = malloc(n);
		const char *error = dom0_make_fdt(&what, buf, n);

		CHECK(error ? strlen(error) > 10 : n >= need);
		CHECK(!error == (n >= need));
		free(buf);
	}
}

static bool mapped(const struct ranges *r, u64 start_at, u64 size)
{
	return ranges_holding(r, (struct range){ start_at, start_at + size });
}

static void mark(const char *path, const char *name, const void *val, int n)
{
	CHECK(!fdt_setprop(in, fdt_path_offset(in, path), name, val, n));
}
#define CELLS_OF(path, name, ...) \
	mark(path, name, (fdt32_t[]){ __VA_ARGS__ }, sizeof((fdt32_t[]){ __VA_ARGS__ }))
#define C(n) cpu_to_fdt32(n)

/* Devices of other domains: their interrupts, and what is kept of all others. */
static void test_passthrough(void)
{
	u64 kept[BITMAP_WORDS(1024)] = { 0 };
	struct ranges r = { 0 };
	unsigned n = 0;

	start();
	mark("/rtc@9010000", "xen,passthrough", NULL, 0);
	mark("/off@9020000", "xen,passthrough", NULL, 0);
	/* two of the GIC's, a PPI, one that no GIC has, and half of one */
	CELLS_OF("/off@9020000", "interrupts", 0, C(7), C(4), 0, C(987), C(1), C(1), C(8), C(4), 0,
		 C(988), C(4), 0);
	mark("/bus@b000000", "xen,passthrough", NULL, 0); /* and all that is on it */
	CELLS_OF("/bus@b000000", "interrupts", 0, C(9), C(4));
	CELLS_OF("/bus@b000000/i2c@3000", "interrupts", 0, C(10), C(4));
	/* another controller's number; what is on the bus has it from there */
	CELLS_OF("/bus@b000000", "interrupt-parent", C(9));
	CELLS_OF("/bus@b000000/i2c@3000/sensor@4c", "interrupts-extended", C(1), 0, C(40), C(4),
		 C(1), 0, C(41), C(4), C(9), C(42), C(1), 0, C(43), C(4));
	CELLS_OF("/bus@b000000/i2c@3000/sensor@4c", "interrupts", 0, C(44), C(4));
	CELLS_OF("/disk@a000000", "interrupts", 0, C(50), C(4));
	/* the hypervisor's own stay what they are */
	mark("/intc@8000000", "xen,passthrough", NULL, 0);
	mark("/uart@9000000", "xen,passthrough", NULL, 0);
	mark("/", "xen,passthrough", NULL, 0);
	parse();
	dom0_devices(&m, &r, kept);
	CHECK(bit_test(kept, 34) && bit_test(kept, 39) && bit_test(kept, 1019) &&
	      bit_test(kept, 72) && bit_test(kept, 73));
	for (unsigned i = 0; i < 1024; i++)
		n += bit_test(kept, i);
	CHECK_EQ(n, 5);
	CHECK(mapped(&r, 0xa000000, 0x2000) &&
	      !ranges_overlap(&r, (struct range){ 0x9000000, 0xa000000 }) &&
	      !ranges_overlap(&r, (struct range){ 0xb000000, 0xc000000 }));
	make();
	CHECK(text_is("/rtc@9010000", "status", "disabled") &&
	      text_is("/off@9020000", "status", "disabled") &&
	      text_is("/bus@b000000/i2c@3000", "status", "disabled"));
	CHECK(!has("/rtc@9010000", "xen,passthrough") && has("/rtc@9010000", "reg"));
	CHECK(!has("/disk@a000000", "status") && !has("/", "status") &&
	      !has("/intc@8000000", "status") && node("/uart@9000000") < 0);
	/* What is below a controller has that controller's numbers. */
	start();
	CELLS_OF("/bus@b000000", "#interrupt-cells", C(3));
	CELLS_OF("/bus@b000000/i2c@3000", "interrupts", 0, C(10), C(4));
	mark("/bus@b000000/i2c@3000", "xen,passthrough", NULL, 0);
	parse();
	memset(kept, 0, sizeof(kept));
	dom0_devices(&m, &r, kept);
	for (unsigned i = 0; i < ARRAY_SIZE(kept); i++)
		CHECK_EQ(kept[i], 0);
}

static void test_devices(void)
{
	u64 kept[BITMAP_WORDS(1024)] = { 0 };
	struct ranges r = { 0 };
	u64 total = 0;

	start();
	dom0_devices(&m, &r, kept);
	/* whole pages of a register block that begins within one */
	CHECK(mapped(&r, 0x9010000, 0x2000));
	CHECK(mapped(&r, 0xa000000, 0x2000));
	CHECK(mapped(&r, 0xb003000, 0x1000)); /* by its bus's address */
	CHECK(mapped(&r, 0x4010000000, 0x10000000) && mapped(&r, 0x10000000, 0x2eff0000) &&
	      mapped(&r, 0x3eff0000, 0x10000));
	CHECK(mapped(&r, 0x8020000, 0x1000));
	for (unsigned i = 0; i < r.nr; i++)
		total += range_size(r.r[i]);
	/*
	 * And nothing else: not the UART, the GIC, what is disabled, an IOMMU, an address on I2C.
	 */
	CHECK_EQ(total, 0x2000 + 0x2000 + 0x1000 + 0x10000000 + 0x2eff0000 + 0x10000 + 0x1000);
	/* Nodes that make no sense cost only themselves. */
	CHECK(!fdt_setprop(in, fdt_path_offset(in, "/rtc@9010000"), "reg",
			   "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16));
	CHECK(!fdt_setprop(in, fdt_path_offset(in, "/pcie@10000000"), "ranges", "abc", 3));
	parse();
	memset(&r, 0, sizeof(r));
	dom0_devices(&m, &r, kept);
	CHECK(mapped(&r, 0xa000000, 0x2000) && mapped(&r, 0x4010000000, 0x10000000) &&
	      !ranges_overlap(&r, (struct range){ 0x10000000, 0x40000000 }));
	CHECK(!ranges_overlap(&r, (struct range){ 0x9010000, 0x9012000 }));
}

int main(void)
{
	static const struct test tests[] = {
		{ "what is written anew", test_replaced },
		{ "what is copied", test_copied },
		{ "machines with less", test_variants },
		{ "extended interrupts", test_extended },
		{ "buffers too small", test_no_room },
		{ "devices for Dom0", test_devices },
		{ "devices kept from Dom0", test_passthrough },
	};

	return run_tests("dom0_fdt", tests, ARRAY_SIZE(tests));
}
