// SPDX-License-Identifier: GPL-2.0-only
/* The header of an arm64 kernel Image. Pure: a hostile file costs a message. */
#include <boot/dom0.h>
#include <lib/string.h>

#define HEADER_SIZE 64
#define FLAG_BIG_ENDIAN BIT(0)
#define FLAG_ANYWHERE BIT(3)

static u64 __init le(const u8 *p, unsigned bytes)
{
	u64 v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

/*
 * Kernels with an EFI stub say in their PE section table what the file holds; image_size does not,
 * as it counts bss. Is all of it there? True where there is no such table.
 */
static bool __init is_whole(const u8 *p, u64 n)
{
	u64 pe = le(p + 60, 4), sections, at;

	if (p[0] != 'M' || p[1] != 'Z' || !pe)
		return true;
	if (pe > n - 24 || memcmp(p + pe, "PE\0\0", 4))
		return false;
	sections = le(p + pe + 6, 2);
	at = pe + 24 + le(p + pe + 20, 2);
	for (; sections; sections--, at += 40)
		if (at + 40 > n || le(p + at + 20, 4) + le(p + at + 16, 4) > n)
			return false;
	return true;
}

const char *__init arm64_image_parse(const void *image, u64 n, struct arm64_image *img)
{
	const u8 *p = image;
	u64 flags;

	if (n < HEADER_SIZE)
		return "is too short for a kernel";
	if (!memcmp(p, "\177ELF", 4))
		return "is an ELF file; an arm64 Image is needed";
	if (memcmp(p + 56, "ARM\x64", 4))
		return "is not an arm64 Image (no magic number at byte 56)";
	flags = le(p + 24, 8);
	*img = (struct arm64_image){ .text_offset = le(p + 8, 8),
				     .image_size = le(p + 16, 8),
				     .anywhere = flags & FLAG_ANYWHERE };
	if (flags & FLAG_BIG_ENDIAN)
		return "is a big-endian kernel";
	if (!is_whole(p, n))
		return "is cut off or damaged: its section table speaks of more than the module "
		       "holds";
	if (!img->image_size) { /* before Linux 3.17, which did not fill it in */
		img->text_offset = 0x80000;
		img->image_size = n + MIB(1);
	}
	if (img->image_size > GIB(1) || img->text_offset >= MIB(2) || img->text_offset & 3)
		return "has a header that makes no sense (text_offset, image_size)";
	/* The file may be padded beyond what it says it needs; what is written must fit, too. */
	if (img->image_size < n)
		img->image_size = n;
	return NULL;
}
