// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pure parts of the start: kernel images with hostile headers, in buffers that end where the
 * file ends; sets of ranges against a bitmap; the console's path in the device tree.
 */
#include <boot/dom0.h>
#include <boot/fdt.h>
#include <boot/machine.h>
#include <boot/ranges.h>
#include <lib/string.h>
#include "harness.h"

void *malloc(size_t n);
void free(void *p);

_Thread_local struct cpu *fake_cpu;
_Thread_local bool fake_irq_pending;
u64 fake_ticks;

/* --- kernel images --- */

#define FILE_SIZE 512

static void put(u8 *p, u64 v, unsigned bytes)
{
	for (; bytes--; v >>= 8)
		*p++ = (u8)v;
}

/* A kernel with an EFI stub: PE header at pe, two sections that end with the file. */
static void make_image(u8 *p, u64 image_size, u32 pe)
{
	memset(p, 0, FILE_SIZE);
	memcpy(p, "MZ", 2);
	put(p + 16, image_size, 8);
	memcpy(p + 56, "ARM\x64", 4);
	put(p + 60, pe, 4);
	if (!pe || pe > FILE_SIZE - 24 - 4 - 80)
		return;
	memcpy(p + pe, "PE\0\0", 4);
	put(p + pe + 6, 2, 2);
	put(p + pe + 20, 4, 2);
	for (unsigned i = 0; i < 2; i++) {
		put(p + pe + 24 + 4 + 40 * i + 16, 100, 4);
		put(p + pe + 24 + 4 + 40 * i + 20, i ? FILE_SIZE - 100 : 200, 4);
	}
}

/* Parses the first n bytes, with nothing behind them. */
static const char *parse(const u8 *p, u64 n, struct arm64_image *img)
{
	u8 *copy = malloc(n);
	const char *why;

	memcpy(copy, p, n);
	why = arm64_image_parse(copy, n, img);
	free(copy);
	return why;
}

static void images(void)
{
	struct arm64_image img;
	u8 file[FILE_SIZE];

	make_image(file, MIB(1), 64);
	CHECK(!parse(file, FILE_SIZE, &img));
	CHECK_EQ(img.image_size, MIB(1));
	for (u64 n = 1; n < FILE_SIZE; n++)
		CHECK(parse(file, n, &img));
	for (u32 pe = FILE_SIZE - 24 - 84; pe < FILE_SIZE + 8; pe++) {
		make_image(file, MIB(1), pe);
		CHECK(pe + 24 <= FILE_SIZE - 84 ? !parse(file, FILE_SIZE, &img)
						: !!parse(file, FILE_SIZE, &img));
	}
	make_image(file, MIB(1), ~0U);
	CHECK(parse(file, FILE_SIZE, &img));
	make_image(file, 100, 0);
	CHECK(!parse(file, FILE_SIZE, &img));
	CHECK_EQ(img.image_size, FILE_SIZE);
	make_image(file, GIB(1), 0);
	CHECK(!parse(file, FILE_SIZE, &img));
	make_image(file, GIB(1) + 1, 0);
	CHECK(parse(file, FILE_SIZE, &img));
	make_image(file, ~0UL, 0);
	CHECK(parse(file, FILE_SIZE, &img));
}

/* Headers of noise: an answer, whatever they say. */
static void noise(void)
{
	struct arm64_image img;
	u8 file[FILE_SIZE];

	for (unsigned round = 0; round < 20000; round++) {
		make_image(file, MIB(1), host_random() % FILE_SIZE);
		for (unsigned i = 0; i < 4; i++)
			file[host_random() % FILE_SIZE] = (u8)host_random();
		if (!parse(file, 64 + host_random() % (FILE_SIZE - 63), &img))
			CHECK(img.image_size <= GIB(1) && img.text_offset < MIB(2));
	}
}

/* --- ranges --- */

#define UNITS 512
static bool model[UNITS];
static struct ranges set;

static void check_set(void)
{
	unsigned at = 0;

	for (unsigned i = 0; i < set.nr; i++) {
		CHECK(set.r[i].start < set.r[i].end && (!i || set.r[i].start > set.r[i - 1].end));
		for (; at < set.r[i].start; at++)
			CHECK(!model[at]);
		for (; at < set.r[i].end; at++)
			CHECK(model[at]);
	}
	for (; at < UNITS; at++)
		CHECK(!model[at]);
}

static void ranges_random(void)
{
	for (unsigned round = 0; round < 4000; round++) {
		struct range r = { host_random() % UNITS, 0 };
		bool add = host_random() % 2;
		u64 at, wanted = 1 + host_random() % 8;
		unsigned run = 0;

		r.end = min(r.start + host_random() % 24, (u64)UNITS);
		(add ? ranges_add : ranges_sub)(&set, r);
		for (u64 i = r.start; i < r.end; i++)
			model[i] = add;
		check_set();
		for (unsigned i = 0; i < UNITS && run < wanted; i++)
			run = model[i] ? run + 1 : 0;
		CHECK_EQ(ranges_find(&set, wanted, 1, &at), run == wanted);
		CHECK_EQ(ranges_find_top(&set, wanted, 1, &at), run == wanted);
	}
	CHECK(!set.overflow);
}

static void ranges_full(void)
{
	struct ranges *s = malloc(sizeof(*s));

	memset(s, 0, sizeof(*s));
	for (u64 i = 0; i < MAX_RANGES; i++)
		ranges_add(s, (struct range){ i * 4, i * 4 + 2 });
	CHECK(s->nr == MAX_RANGES && !s->overflow);
	ranges_add(s, (struct range){ 1000, 1001 });
	CHECK(s->nr == MAX_RANGES && s->overflow);
	free(s);
}

/* --- the console --- */

static char tree[4096];

static void make_tree(const char *alias)
{
	CHECK(!fdt_create(tree, sizeof(tree)) && !fdt_finish_reservemap(tree) &&
	      !fdt_begin_node(tree, ""));
	CHECK(!fdt_begin_node(tree, "aliases") && !fdt_property_string(tree, "serial0", alias) &&
	      !fdt_end_node(tree));
	CHECK(!fdt_begin_node(tree, "chosen") &&
	      !fdt_property_string(tree, "stdout-path", "serial0:115200n8") && !fdt_end_node(tree));
	CHECK(!fdt_begin_node(tree, "uart@9000000") && !fdt_end_node(tree));
	CHECK(!fdt_end_node(tree) && !fdt_finish(tree));
}

static void uart(void)
{
	int node;

	make_tree("/uart@9000000");
	node = fdt_path_offset(tree, "/uart@9000000");
	CHECK(node > 0);
	CHECK_EQ(machine_find_uart(tree, ""), node);
	CHECK_EQ(machine_find_uart(tree, "serial0"), node);
	CHECK_EQ(machine_find_uart(tree, "/uart@9000000:115200"), node);
	CHECK(machine_find_uart(tree, "serial1") < 0);
	make_tree("serial0"); /* libfdt would look for it for ever */
	CHECK(machine_find_uart(tree, "") < 0);
	CHECK(machine_find_uart(tree, "serial0/x") < 0);
}

int main(void)
{
	static const struct test tests[] = {
		{ "kernel images", images },
		{ "noise for a kernel", noise },
		{ "ranges against a bitmap", ranges_random },
		{ "too many ranges", ranges_full },
		{ "the console's path", uart },
	};

	return run_tests("boot", tests, ARRAY_SIZE(tests));
}
