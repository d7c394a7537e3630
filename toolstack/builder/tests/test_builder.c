// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_builder.c - host tests of the kernel parsers, the memory layout and the device tree.
 *
 * Prints "PASS name" or "FAIL name: where".  Expected numbers are those measured on Xen 4.17
 * (docs/abi.md), not read back from the code.  `test_builder --seeds DIR` writes one valid file of
 * each kind as a start for the fuzzers.
 */
#include <elf.h>
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "builder/file.h"
#include "builder/gfdt.h"
#include "builder/image.h"
#include "builder/layout.h"
#include "tests/check.h"

#define RAM 0x40000000ull

static uint8_t *arm64_image(size_t len, uint64_t text_offset, uint64_t image_size, uint64_t flags)
{
	uint8_t *p = calloc(1, len);

	memcpy(p + 8, &text_offset, 8);
	memcpy(p + 16, &image_size, 8);
	memcpy(p + 24, &flags, 8);
	memcpy(p + 56, "ARM\x64", 4);
	return p;
}

static void test_arm64(void)
{
	struct image img;
	struct err e;
	uint8_t *p = arm64_image(8192, 0, 0x20000, 0xa);

	CHECK(!image_parse(p, 8192, RAM, &img, &e));
	CHECK(img.kind == IMAGE_ARM64 && img.entry == RAM && img.nr == 1);
	CHECK(img.seg[0].filesz == 8192 && img.end == RAM + 0x20000);
	free(p);
	p = arm64_image(8192, 0, 0, 0); /* before 3.17 */
	CHECK(!image_parse(p, 8192, RAM, &img, &e) && img.entry == RAM + 0x80000);
	free(p);
	p = arm64_image(8192, 0x80000, 0x4000, 0);
	CHECK(!image_parse(p, 8192, RAM, &img, &e) && img.entry == RAM + 0x80000);
	free(p);
	p = arm64_image(8192, 0, 0x4000, 1);
	CHECK(image_parse(p, 8192, RAM, &img, &e) == -ENOEXEC); /* big-endian */
	free(p);
	p = arm64_image(8192, 0x200000, 0x4000, 0);
	CHECK(image_parse(p, 8192, RAM, &img, &e) == -EINVAL); /* not below 2 MiB */
	free(p);
	p = arm64_image(8192, 0, UINT64_MAX, 0);
	CHECK(image_parse(p, 8192, RAM, &img, &e) == -EINVAL); /* wraps */
	CHECK(image_parse(p, 63, RAM, &img, &e) == -ENOEXEC);  /* too short for a header */
	CHECK(image_parse(p, 0, RAM, &img, &e) == -ENOEXEC);
	free(p);
}

static void test_zimage32(void)
{
	uint8_t *p = calloc(1, 8192);
	uint32_t magic = 0x016f2818, start = 0, end = 8192;
	struct image img;
	struct err e;

	memcpy(p + 0x24, &magic, 4);
	memcpy(p + 0x28, &start, 4);
	memcpy(p + 0x2c, &end, 4);
	CHECK(!image_parse(p, 8192, RAM, &img, &e) && img.kind == IMAGE_ZIMAGE32);
	/* it unpacks itself below */
	CHECK(img.entry == RAM + (32 << 20) && img.seg[0].filesz == 8192);
	CHECK(image_parse(p, 8191, RAM, &img, &e) == -EINVAL); /* cut short */
	end = 0;
	start = 1;
	memcpy(p + 0x28, &start, 4);
	memcpy(p + 0x2c, &end, 4);
	CHECK(image_parse(p, 8192, RAM, &img, &e) == -EINVAL);
	free(p);
}

struct elf {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
	uint8_t bytes[256];
};

static struct elf elf(uint64_t paddr, uint64_t vaddr, uint64_t entry)
{
	struct elf f = {
		.eh = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
			.e_type = ET_EXEC,
			.e_machine = EM_AARCH64,
			.e_entry = entry,
			.e_phoff = offsetof(struct elf, ph),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2 },
		.ph = { { .p_type = PT_NOTE },
			{ .p_type = PT_LOAD,
			  .p_offset = offsetof(struct elf, bytes),
			  .p_filesz = 256,
			  .p_memsz = 4096,
			  .p_paddr = paddr,
			  .p_vaddr = vaddr } },
	};

	return f;
}

static void test_elf(void)
{
	struct image img;
	struct err e;
	struct elf f = elf(RAM + 0x1000, 0xffff000000001000, 0xffff000000001010);

	CHECK(!image_parse(&f, sizeof(f), RAM, &img, &e));
	CHECK(img.kind == IMAGE_ELF64 && img.nr == 1 && img.entry == RAM + 0x1010);
	CHECK(img.start == RAM + 0x1000 && img.end == RAM + 0x2000);
	f = elf(0x1000, 0x1000, 0x1004); /* linked at 0: goes to RAM */
	CHECK(!image_parse(&f, sizeof(f), RAM, &img, &e) && img.entry == RAM + 0x1004);
	f = elf(RAM, RAM, RAM + 4096); /* one past the end */
	CHECK(image_parse(&f, sizeof(f), RAM, &img, &e) == -EINVAL);
	f = elf(RAM, RAM, RAM);
	f.ph[1].p_filesz = 257; /* past the end of the file */
	CHECK(image_parse(&f, sizeof(f), RAM, &img, &e) == -EINVAL);
	f = elf(RAM, RAM, RAM);
	f.ph[1].p_memsz = 255;
	CHECK(image_parse(&f, sizeof(f), RAM, &img, &e) == -EINVAL);
	f = elf(RAM, RAM, RAM);
	f.ph[1].p_offset = UINT64_MAX - 10;
	CHECK(image_parse(&f, sizeof(f), RAM, &img, &e) == -EINVAL);
	f = elf(UINT64_MAX - 100, RAM, RAM);
	CHECK(image_parse(&f, sizeof(f), RAM, &img, &e) == -EINVAL);
	static struct {
		struct elf f;
		Elf64_Phdr more[200];
	} big;
	big.f = elf(RAM, RAM, RAM);
	big.f.eh.e_phnum = 2;
	CHECK(!image_parse(&big, sizeof(big), RAM, &img, &e));
	big.f.eh.e_phnum = 129; /* in the file, but too many */
	CHECK(image_parse(&big, sizeof(big), RAM, &img, &e) == -EINVAL);
	f = elf(RAM, RAM, RAM);
	f.eh.e_phoff = sizeof(f) - 8;
	CHECK(image_parse(&f, sizeof(f), RAM, &img, &e) == -EINVAL);
	f = elf(RAM, RAM, RAM);
	f.eh.e_machine = EM_X86_64;
	CHECK(image_parse(&f, sizeof(f), RAM, &img, &e) == -ENOEXEC);
	CHECK(image_parse(&f, 32, RAM, &img, &e) == -ENOEXEC);
}

static uint8_t *gzip(const void *data, size_t len, size_t *out)
{
	z_stream z = { 0 };
	uint8_t *p = malloc(len + 1024);

	deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (Bytef *)data;
	z.avail_in = len;
	z.next_out = p;
	z.avail_out = len + 1024;
	deflate(&z, Z_FINISH);
	*out = z.total_out;
	deflateEnd(&z);
	return p;
}

/* A file of these bytes, read with that limit. */
static int read_bytes(struct file *f, const void *data, size_t len, size_t max, bool unpack)
{
	char path[32];
	struct err e;
	int fd = memfd_create("kernel", 0), rc;

	rc = write(fd, data, len) == (ssize_t)len;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = rc ? file_read(f, path, max, unpack, "kernel", &e) : -EIO;
	close(fd);
	return rc;
}

static void test_gzip(void)
{
	size_t n, len, i;
	uint8_t *plain = arm64_image(3 << 20, 0, 3 << 20, 0), *p;
	struct file f = { 0 };

	for (i = 64; i < 3 << 20; i++)
		plain[i] = i * i >> 7;
	p = gzip(plain, 3 << 20, &n);
	CHECK(!read_bytes(&f, p, n, IMAGE_MAX_BYTES, true));
	CHECK(f.len == 3 << 20 && !memcmp(f.data, plain, f.len));
	file_free(&f);
	/* plain stays plain, and so does what is not to be unpacked */
	CHECK(!read_bytes(&f, plain, 3 << 20, 3 << 20, true) && f.len == 3 << 20);
	CHECK(!memcmp(f.data, plain, f.len));
	file_free(&f);
	CHECK(!read_bytes(&f, p, n, IMAGE_MAX_BYTES, false) && f.len == n && !memcmp(f.data, p, n));
	file_free(&f);
	CHECK(read_bytes(&f, p, n, (3 << 20) - 1, true) == -EFBIG);
	file_free(&f);
	CHECK(read_bytes(&f, plain, 3 << 20, (3 << 20) - 1, false) == -EFBIG);
	file_free(&f);
	for (len = 18; len < n; len += n / 7) {
		CHECK(read_bytes(&f, p, len, IMAGE_MAX_BYTES, true) == -EINVAL);
		file_free(&f);
	}
	/* zeroes to fill a block, other bytes, and another stream: gzip knows all three */
	for (i = 0; i < 3; i++) {
		uint8_t *more = calloc(2, n);

		memcpy(more, p, n);
		memcpy(more + n, i == 1 ? plain : p, i ? n : 0);
		CHECK(!read_bytes(&f, more, 2 * n, IMAGE_MAX_BYTES, true));
		CHECK(f.len == (i == 2 ? 6 : 3) << 20 && !memcmp(f.data, plain, 3 << 20));
		file_free(&f);
		free(more);
	}
	p[n / 2] ^= 0x55;
	CHECK(read_bytes(&f, p, n, IMAGE_MAX_BYTES, true) == -EINVAL); /* checksum or code */
	file_free(&f);
	free(p);
	free(plain);
}

/* What is no file is refused at once: a FIFO whose other end nobody opens, a device, a folder. */
static void test_no_file(void)
{
	char fifo[] = "/tmp/fifo-XXXXXX";
	const char *const paths[] = { fifo, "/dev/zero", "/tmp", "/nonexistent" };
	struct file f = { 0 };
	struct err e;

	CHECK(!close(mkstemp(fifo)) && !unlink(fifo) && !mkfifo(fifo, 0600));
	for (int i = 0; i < 4; i++) {
		CHECK(file_read(&f, paths[i], 1 << 20, i & 1, "kernel", &e) ==
		      (i < 3 ? -EINVAL : -ENOENT));
		CHECK(strstr(e.msg, paths[i]) && !f.room);
		file_free(&f);
	}
	unlink(fifo);
}

/* One bit or byte wrong at a time, and cut at every length: an answer, never a fault (ASan). */
static void test_elf_damaged(void)
{
	struct elf f = elf(RAM, RAM, RAM), g;
	struct image img;
	struct err e;
	unsigned int i, bit, ok = 0;
	uint8_t *cut;

	for (i = 0; i < sizeof(f.eh) + sizeof(f.ph); i++)
		for (bit = 0; bit < 8; bit++) {
			g = f;
			((uint8_t *)&g)[i] ^= 1u << bit;
			if (!image_parse(&g, sizeof(g), RAM, &img, &e)) {
				ok++;
				CHECK(img.end >= img.start && img.start >= RAM && img.nr);
			}
		}
	CHECK(ok > 100); /* most bits do not matter, so the test looks at something */
	for (i = 0; i < sizeof(f); i++) {
		cut = malloc(i ? i : 1);
		memcpy(cut, &f, i);
		CHECK(image_parse(cut, i, RAM, &img, &e) < 0);
		free(cut);
	}
}

static void test_layout_measured(void)
{
	struct image img = { .start = RAM, .end = RAM + 0x1f6dfc0 };
	struct layout l;
	struct err e;

	CHECK(!layout_ram(&l, 192ull << 20, 40, &e));
	CHECK(l.ram[0].base == 0x40000000 && l.ram[0].size == 192 << 20 && !l.ram[1].size);
	CHECK(l.room[0].base == 0x4c000000 && l.room[0].size == 0xb4000000);
	CHECK(l.room[1].base == 0x200000000 && l.room[1].size == 0xfe00000000);
	CHECK(!layout_modules(&l, &img, 0x18c000, 0x556, &e));
	CHECK(l.ramdisk == 0x48000000 && l.dtb == 0x4818c000);
	CHECK(!layout_modules(&l, &img, 0, 0x556, &e) && !l.ramdisk && l.dtb == 0x48000000);
}

static void test_layout_edges(void)
{
	struct image img = { .start = RAM, .end = RAM + (33 << 20) };
	struct layout l;
	struct err e;

	CHECK(!layout_ram(&l, 64ull << 20, 40, &e)); /* no room beyond 128 MiB */
	CHECK(!layout_modules(&l, &img, 1 << 20, 4096, &e));
	CHECK(l.ramdisk >= img.end && l.dtb + 4096 <= RAM + (64 << 20));
	CHECK(layout_modules(&l, &img, 40 << 20, 4096, &e) == -ENOSPC);
	img = (struct image){ .start = RAM + (32 << 20), .end = RAM + (80 << 20) };
	CHECK(layout_modules(&l, &img, 1 << 20, 4096, &e) == -ENOSPC); /* ends beyond RAM */
	img = (struct image){ .start = RAM, .end = RAM + (33 << 20) };
	CHECK(!layout_ram(&l, 16ull << 20, 40, &e)); /* kernel does not fit */
	CHECK(layout_modules(&l, &img, 0, 4096, &e) == -ENOSPC);
	CHECK(!layout_ram(&l, 4ull << 30, 40, &e)); /* second bank */
	CHECK(l.ram[0].size == 3ull << 30 && l.ram[1].size == 1ull << 30);
	CHECK(!l.room[0].size && l.room[1].base == 0x240000000);
	CHECK(!layout_ram(&l, 1ull << 30, 32, &e)); /* small machine: one bank */
	CHECK(!l.room[1].size);
	CHECK(layout_ram(&l, 4ull << 30, 32, &e) == -E2BIG);
	CHECK(layout_ram(&l, UINT64_MAX, 48, &e) == -E2BIG);
}

/* Whatever is asked for: inside RAM, in order, nothing on top of anything. */
static void test_layout_random(void)
{
	unsigned int i, placed = 0;
	struct err e;

	srand(1);
	for (i = 0; i < 200000; i++) {
		uint64_t ram = ((uint64_t)rand() % 512 + 1) << 20, rd = rand() % (96 << 20);
		struct image img = { .start = RAM + (rand() % 64 << 12) };
		struct layout l;
		uint64_t dtb = rand() % 65536 + 1, top;

		img.end = img.start + rand() % (64 << 20) + 1;
		CHECK(!layout_ram(&l, ram, 40, &e));
		if (layout_modules(&l, &img, rd, dtb, &e))
			continue;
		placed++;
		top = l.ram[0].base + l.ram[0].size;
		CHECK(l.dtb >= RAM && l.dtb + dtb <= top);
		CHECK(l.dtb >= img.end || l.dtb + dtb <= img.start);
		CHECK(!rd || (l.ramdisk >= RAM && l.ramdisk + rd <= l.dtb));
		CHECK(!rd || l.ramdisk >= img.end || l.ramdisk + rd <= img.start);
	}
	CHECK(placed > 50000);
}

static uint32_t cell(const void *fdt, const char *path, const char *prop, int i)
{
	int len, node = fdt_path_offset(fdt, path);
	const fdt32_t *p = node < 0 ? NULL : fdt_getprop(fdt, node, prop, &len);

	return p && len >= 4 * (i + 1) ? fdt32_to_cpu(p[i]) : 0xdeadbeef;
}

static int prop_is(const void *fdt, const char *path, const char *prop, const void *val, int n)
{
	int len, node = fdt_path_offset(fdt, path);
	const void *p = node < 0 ? NULL : fdt_getprop(fdt, node, prop, &len);

	return p && len == n && !memcmp(p, val, n);
}
#define IS(path, prop, s) prop_is(buf, path, prop, s, sizeof(s))

static char buf[GFDT_MAX_BYTES];
static const uint8_t rng_seed[GFDT_SEED_BYTES] = { 1, [GFDT_SEED_BYTES - 1] = 2 };

static int make_tree(unsigned int gic, unsigned int vcpus, const void *partial, struct err *e)
{
	struct image img = { .start = RAM, .end = RAM + 0x1f6dfc0 };
	struct layout l;
	struct gfdt_config g = { .gic_version = gic,
				 .vcpus = vcpus,
				 .cmdline = "console=hvc0",
				 .seed = gic == 2 ? rng_seed : NULL,
				 .layout = &l,
				 .ramdisk_size = 0x18c000,
				 .vuart = gic == 3,
				 .partial = partial };

	layout_ram(&l, 192ull << 20, 40, e);
	layout_modules(&l, &img, 0x18c000, 0x556, e);
	return gfdt_build(&g, buf, sizeof(buf), e);
}

static void test_tree(void)
{
	static const uint32_t hyp[] = { 0, 0x38000000, 0, 0x1000000, 0,	   0x4c000000,
					0, 0xb4000000, 2, 0,	     0xfe, 0 };
	static const uint32_t timer[] = { 1, 13, 0xf08, 1, 14, 0xf08, 1, 11, 0xf08 };
	struct err e;
	unsigned int i;
	int n = make_tree(2, 1, NULL, &e);

	CHECK(n > 0 && !fdt_check_full(buf, n));
	CHECK(IS("/", "compatible", "xen,xenvm-4.17\0xen,xenvm") && IS("/", "model", "XENVM-4.17"));
	CHECK(cell(buf, "/", "#address-cells", 0) == 2 &&
	      cell(buf, "/", "interrupt-parent", 0) == 0xfde8);
	CHECK(IS("/chosen", "bootargs", "console=hvc0"));
	CHECK(prop_is(buf, "/chosen", "rng-seed", rng_seed, sizeof(rng_seed)));
	CHECK(cell(buf, "/chosen", "linux,initrd-start", 1) == 0x48000000);
	CHECK(cell(buf, "/chosen", "linux,initrd-end", 1) == 0x4818c000);
	CHECK(IS("/cpus/cpu@0", "enable-method", "psci") &&
	      fdt_path_offset(buf, "/cpus/cpu@1") < 0);
	CHECK(cell(buf, "/memory@40000000", "reg", 1) == 0x40000000);
	CHECK(cell(buf, "/memory@40000000", "reg", 3) == 0xc000000);
	CHECK(IS("/psci", "method", "hvc") && cell(buf, "/psci", "cpu_on", 0) == 2);
	CHECK(IS("/interrupt-controller@3001000", "compatible",
		 "arm,cortex-a15-gic\0arm,cortex-a9-gic"));
	CHECK(cell(buf, "/interrupt-controller@3001000", "phandle", 0) == 0xfde8);
	CHECK(cell(buf, "/interrupt-controller@3001000", "reg", 5) == 0x3002000);
	for (i = 0; i < 12; i++)
		CHECK(cell(buf, "/hypervisor", "reg", i) == hyp[i]);
	CHECK(cell(buf, "/hypervisor", "interrupts", 1) == 15);
	for (i = 0; i < 9; i++)
		CHECK(cell(buf, "/timer", "interrupts", i) == timer[i]);
	CHECK(fdt_path_offset(buf, "/sbsa-pl011") < 0);
	CHECK(make_tree(3, 20, NULL, &e) > 0);
	CHECK(!prop_is(buf, "/chosen", "rng-seed", rng_seed, sizeof(rng_seed)));
	CHECK(IS("/sbsa-pl011", "compatible", "arm,sbsa-uart"));
	CHECK(cell(buf, "/sbsa-pl011", "reg", 1) == 0x22000000 &&
	      cell(buf, "/sbsa-pl011", "reg", 3) == 0x1000);
	CHECK(cell(buf, "/sbsa-pl011", "interrupts", 0) == 0 &&
	      cell(buf, "/sbsa-pl011", "interrupts", 1) == 0 &&
	      cell(buf, "/sbsa-pl011", "interrupts", 2) == 0xf04);
	CHECK(cell(buf, "/sbsa-pl011", "current-speed", 0) == 115200);
	CHECK(IS("/interrupt-controller@3001000", "compatible", "arm,gic-v3"));
	CHECK(cell(buf, "/interrupt-controller@3001000", "reg", 5) == 0x3020000);
	CHECK(cell(buf, "/cpus/cpu@103", "reg", 0) == 0x103); /* vCPU 19: Aff1 1, Aff0 3 */
	CHECK(gfdt_build(&(struct gfdt_config){ .vcpus = 1, .layout = &(struct layout){ 0 } }, buf,
			 256, &e) == -ENOSPC);
}

static void *partial_tree(uint32_t phandle, int depth, int *size)
{
	static char p[65536];
	int i;

	fdt_create(p, sizeof(p));
	fdt_finish_reservemap(p);
	fdt_begin_node(p, "");
	fdt_begin_node(p, "aliases");
	fdt_property_string(p, "net", "/passthrough/mac");
	fdt_end_node(p);
	fdt_begin_node(p, "passthrough");
	fdt_property_u32(p, "#address-cells", 2);
	fdt_begin_node(p, "mac");
	fdt_property_u32(p, "phandle", phandle);
	for (i = 0; i < depth; i++)
		fdt_begin_node(p, "n");
	for (i = 0; i < depth; i++)
		fdt_end_node(p);
	fdt_end_node(p);
	fdt_end_node(p);
	fdt_begin_node(p, "secret");
	fdt_end_node(p);
	fdt_end_node(p);
	fdt_finish(p);
	*size = fdt_totalsize(p);
	return p;
}

static void test_partial(void)
{
	struct err e;
	int n, i;
	char *p = partial_tree(1, 2, &n), *cut;

	CHECK(!gfdt_check_partial(p, n, &e) && make_tree(2, 1, p, &e) > 0);
	CHECK(cell(buf, "/passthrough/mac", "phandle", 0) == 1 &&
	      IS("/aliases", "net", "/passthrough/mac"));
	CHECK(fdt_path_offset(buf, "/passthrough/mac/n/n") > 0 &&
	      fdt_path_offset(buf, "/secret") < 0);
	p = partial_tree(0xfde8, 2, &n);
	CHECK(gfdt_check_partial(p, n, &e) == -EINVAL); /* the GIC's */
	p = partial_tree(1, 200, &n);
	CHECK(gfdt_check_partial(p, n, &e) == -EINVAL); /* too deep */
	p = partial_tree(1, 2, &n);
	for (i = 0; i < 17; i++) { /* libfdt trips over names of version 2 */
		fdt_set_version(p, i);
		fdt_set_last_comp_version(p, i);
		CHECK(gfdt_check_partial(p, n, &e) == -EINVAL);
	}
	p = partial_tree(1, 2, &n);
	for (i = 0; i < n; i++) {
		cut = malloc(i ? i : 1);
		memcpy(cut, p, i);
		CHECK(gfdt_check_partial(cut, i, &e) == -EINVAL);
		free(cut);
	}
	for (i = 0; i < n * 8; i++) {
		cut = malloc(n);
		memcpy(cut, p, n);
		cut[i / 8] ^= 1 << i % 8;
		if (!gfdt_check_partial(cut, n, &e))
			make_tree(2, 1, cut, &e); /* may fail, must not fault */
		free(cut);
	}
}

static void seed(const char *dir, const char *name, const void *data, size_t len)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (f) {
		fwrite(data, 1, len, f);
		fclose(f);
	}
}

static int write_seeds(const char *dir)
{
	uint8_t *img = arm64_image(4096, 0, 4096, 0), *gz;
	struct elf f = elf(RAM, RAM, RAM);
	size_t n;
	int size;

	gz = gzip(img, 4096, &n);
	seed(dir, "image-arm64", img, 4096);
	seed(dir, "image-gzip", gz, n);
	seed(dir, "image-elf", &f, sizeof(f));
	seed(dir, "fdt-partial", partial_tree(1, 2, &size), 0);
	seed(dir, "fdt-partial", partial_tree(1, 2, &size), size);
	free(img);
	free(gz);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--seeds"))
		return write_seeds(argv[2]);
	RUN(test_arm64);
	RUN(test_zimage32);
	RUN(test_elf);
	RUN(test_gzip);
	RUN(test_no_file);
	RUN(test_elf_damaged);
	RUN(test_layout_measured);
	RUN(test_layout_edges);
	RUN(test_layout_random);
	RUN(test_tree);
	RUN(test_partial);
	return check_failures != 0;
}
