// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the firmware, the boot loader and the user hand over at boot may hold anything: device
 * trees, kernels, packed kernels, command lines. Each is read from a buffer that ends where it
 * ends, under ASan and UBSan. As a test: good ones made here, and random damage to them. With FUZZ
 * defined (make fuzz): libFuzzer's.
 */
#include <boot/dom0.h>
#include <boot/gunzip.h>
#include <boot/machine.h>
#include <core/cmdline.h>
#include <core/console.h>
#include <lib/string.h>
#include "harness.h"

void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void free(void *p);

_Thread_local struct cpu *fake_cpu;
_Thread_local bool fake_irq_pending;
u64 fake_ticks;
enum { CMDLINE, IMAGE, PACKED, TREE, KINDS };
static unsigned long accepted[KINDS];
unsigned log_shown, guest_log_shown, guest_log_always;

static void read_cmdline(const u8 *data, size_t n)
{
	char *line = malloc(n + 1);

	memcpy(line, data, n);
	line[n] = 0;
	accepted[CMDLINE] += !cmdline_parse(line);
	free(line);
}

static void read_image(const u8 *data, size_t n)
{
	struct arm64_image img;

	if (arm64_image_parse(data, n, &img))
		return;
	accepted[IMAGE]++;
	CHECK(img.image_size >= n && img.image_size <= GIB(1) + n && img.text_offset < MIB(2));
}

static void read_packed(const u8 *data, size_t n)
{
	size_t size;
	void *out;

	if (!gzip_is(data, n))
		return;
	size = gzip_size(data, n);
	if (size > MIB(1))
		return;
	out = malloc(size);
	accepted[PACKED] += !gunzip(data, n, out);
	free(out);
}

/* fdt_accept() may read as much as the boot protocol allows; the rest of the room is zero. */
static void read_tree(const u8 *data, size_t n)
{
	static u8 room[FDT_SIZE_MAX] __aligned(8);
	static struct machine m;
	static size_t dirty;

	memset(room, 0, dirty);
	dirty = n = min(n, sizeof(room));
	memcpy(room, data, n);
	memset(&m, 0, sizeof(m));
	if (fdt_accept(room))
		return;
	machine_find_bootargs(&m, room);
	machine_find_uart(room, "serial0:115200");
	if (!machine_parse(&m, room, "")) {
		accepted[TREE]++;
		(void)!machine_check_modules(&m, (struct range){ GIB(1), GIB(1) + MIB(2) });
	}
	CHECK(m.nr_cpus <= MAX_CPUS && m.error[sizeof(m.error) - 1] == 0);
}

static void read_one(unsigned kind, const u8 *data, size_t n)
{
	static void (*const read[])(const u8 *, size_t) = { read_cmdline, read_image, read_packed,
							    read_tree };
	u8 *exact = malloc(n);

	memcpy(exact, data, n);
	read[kind % KINDS](exact, n);
	free(exact);
}

#ifdef FUZZ
void fuzz_one(const unsigned char *data, unsigned long n)
{
	if (n)
		read_one(data[0], data + 1, n - 1);
}
#else
static u8 good[KINDS][8192];
static size_t size[KINDS];
static unsigned rnd(unsigned n)
{
	return host_random() % n;
}

static void put(u8 *p, u64 v, unsigned bytes)
{
	for (; bytes--; v >>= 8)
		*p++ = (u8)v;
}

static void node(void *t, const char *name, const char *compatible, const u64 *reg, unsigned regs)
{
	fdt64_t cells[8];

	CHECK(!fdt_begin_node(t, name));
	if (compatible)
		CHECK(!fdt_property_string(t, "compatible", compatible));
	for (unsigned i = 0; i < regs; i++)
		cells[i] = cpu_to_fdt64(reg[i]);
	if (regs)
		CHECK(!fdt_property(t, "reg", cells, (int)(8 * regs)));
}

static void cells(void *t, const char *name, const u32 *val, unsigned n)
{
	fdt32_t be[16];

	for (unsigned i = 0; i < n; i++)
		be[i] = cpu_to_fdt32(val[i]);
	CHECK(!fdt_property(t, name, be, (int)(4 * n)));
}

/* A machine of one CPU with a GICv3 and a kernel. */
static void make_tree(void)
{
	void *t = good[TREE];

	CHECK(!fdt_create(t, sizeof(good[TREE])));
	CHECK(!fdt_finish_reservemap(t));
	CHECK(!fdt_begin_node(t, ""));
	CHECK(!fdt_property_u32(t, "#address-cells", 2) && !fdt_property_u32(t, "#size-cells", 2) &&
	      !fdt_property_u32(t, "interrupt-parent", 1));
	node(t, "memory@40000000", NULL, (u64[]){ GIB(1), GIB(1) }, 2);
	CHECK(!fdt_property_string(t, "device_type", "memory") && !fdt_end_node(t));
	CHECK(!fdt_begin_node(t, "cpus") && !fdt_property_u32(t, "#address-cells", 1) &&
	      !fdt_property_u32(t, "#size-cells", 0));
	CHECK(!fdt_begin_node(t, "cpu@0") && !fdt_property_string(t, "device_type", "cpu") &&
	      !fdt_property_u32(t, "reg", 0));
	CHECK(!fdt_property_string(t, "enable-method", "psci") && !fdt_end_node(t) &&
	      !fdt_end_node(t));
	node(t, "psci", "arm,psci-1.0", NULL, 0);
	CHECK(!fdt_property_string(t, "method", "smc") && !fdt_end_node(t));
	node(t, "intc@8000000", "arm,gic-v3", (u64[]){ 0x8000000, 0x10000, 0x80a0000, 0xf60000 },
	     4);
	CHECK(!fdt_property_u32(t, "#interrupt-cells", 3) && !fdt_property_u32(t, "phandle", 1));
	cells(t, "interrupts", (u32[]){ 1, 9, 4 }, 3);
	CHECK(!fdt_property(t, "interrupt-controller", NULL, 0) && !fdt_end_node(t));
	node(t, "timer", "arm,armv8-timer", NULL, 0);
	cells(t, "interrupts", (u32[]){ 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4 }, 12);
	CHECK(!fdt_end_node(t));
	node(t, "pl011@9000000", "arm,pl011", (u64[]){ 0x9000000, 0x1000 }, 2);
	cells(t, "interrupts", (u32[]){ 0, 1, 4 }, 3);
	CHECK(!fdt_end_node(t));
	CHECK(!fdt_begin_node(t, "chosen") && !fdt_property_u32(t, "#address-cells", 2) &&
	      !fdt_property_u32(t, "#size-cells", 2));
	CHECK(!fdt_property_string(t, "stdout-path", "/pl011@9000000") &&
	      !fdt_property_string(t, "xen,xen-bootargs", "dom0_mem=512M"));
	node(t, "module@49000000", "multiboot,module", (u64[]){ 0x49000000, MIB(32) }, 2);
	CHECK(!fdt_property_string(t, "bootargs", "root=/dev/vda") && !fdt_end_node(t) &&
	      !fdt_end_node(t) && !fdt_end_node(t));
	CHECK(!fdt_finish(t));
	size[TREE] = fdt_totalsize(t);
}

static void make_all(void)
{
	static const char line[] =
		"dom0_mem=512M,max:1G console=dtuart dtuart=serial0 loglvl=all "
		"guest_loglvl=none/all sched=credit2 sched_credit_tslice_ms=5 maxcpus=4 "
		"dom0_max_vcpus=2 dom0_vcpus_pin conring_size=64k noreboot xsm=dummy "
		"gnttab_max_frames=32 no-such-thing=1";
	/* The word "hello" in a stored block. */
	static const u8 packed[] = { 0x1f, 0x8b, 8,    0,    0,	   0,	0,   0,	  0,   3,
				     1,	   5,	 0,    0xfa, 0xff, 'h', 'e', 'l', 'l', 'o',
				     0x86, 0xa6, 0x10, 0x36, 5,	   0,	0,   0 };

	memcpy(good[CMDLINE], line, size[CMDLINE] = sizeof(line) - 1);
	memcpy(good[PACKED], packed, size[PACKED] = sizeof(packed));
	memcpy(good[IMAGE], "MZ", 2);
	put(good[IMAGE] + 16, MIB(1), 8);
	memcpy(good[IMAGE] + 56, "ARM\x64", 4);
	size[IMAGE] = 128;
	make_tree();
}

static void test_good(void)
{
	make_all();
	for (unsigned k = 0; k < KINDS; k++) {
		accepted[k] = 0;
		read_one(k, good[k], size[k]);
		CHECK_EQ(accepted[k], 1);
	}
	CHECK(!cmdline_parse("conring_size=16K"));
	CHECK(cmdline_parse("conring_size=18014398509481988K")); /* 4 KiB in 64 bits */
}

/* What was complained of is not used either. */
static void test_irq_cells(void)
{
	static const u32 wrong[] = { 0, 1, 2, 9, BIT(30), ~0U };

	make_all();
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		int at = fdt_path_offset(good[TREE], "/intc@8000000");

		CHECK(!fdt_setprop_inplace_u32(good[TREE], at, "#interrupt-cells", wrong[i]));
		accepted[TREE] = 0;
		read_one(TREE, good[TREE], size[TREE]);
		CHECK_EQ(accepted[TREE], 0);
	}
}

/* A few bytes, words or stretches changed, or the end cut off. */
static size_t damage(u8 *p, size_t n)
{
	for (unsigned times = 1 + rnd(6); times--;) {
		size_t at = rnd((unsigned)n);

		switch (rnd(5)) {
		case 0: p[at] = (u8)host_random(); break;
		case 1: p[at] ^= (u8)(1 << rnd(8)); break;
		case 2: memset(p + at, rnd(2) ? 0xff : 0, min(n - at, (size_t)rnd(9))); break;
		case 3: memmove(p + at, p + rnd((unsigned)n), min(n - at, (size_t)rnd(3))); break;
		default: n = rnd(4) || !at ? n : at;
		}
	}
	return n;
}

static void test_damaged(void)
{
	static u8 copy[sizeof(good[0])];

	make_all();
	memset(accepted, 0, sizeof(accepted));
	for (unsigned n = 0; n < 40000; n++) {
		unsigned k = n % KINDS;

		memcpy(copy, good[k], sizeof(copy));
		read_one(k, copy, damage(copy, size[k]));
	}
	CHECK(accepted[CMDLINE] > 100 && accepted[IMAGE] > 1000 && accepted[TREE] > 100);
}

/* Seeds for libFuzzer, in the folder named. */
int main(int argc, char **argv)
{
	static const struct test tests[] = { { "good ones are understood", test_good },
					     { "a wrong number of cells", test_irq_cells },
					     { "damaged ones do no harm", test_damaged } };

	if (argc == 2) {
		make_all();
		for (unsigned k = 0; k < KINDS; k++)
			host_write(argv[1], k, good[k], size[k]);
		return 0;
	}
	return run_tests("parsers", tests, ARRAY_SIZE(tests));
}
#endif
