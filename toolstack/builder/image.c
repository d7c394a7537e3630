// SPDX-License-Identifier: GPL-2.0-only
/*
 * image.c - what kind of kernel is this, and where do its bytes go.
 *
 * Owns no state; pure functions over a buffer, so the same code runs in xl, in the host tests
 * and under libFuzzer.  Invariant: every segment returned lies inside the buffer, inside a
 * 64-bit address space without wrapping, and no loop runs longer than a header field that was
 * checked first.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "builder/image.h"

#define ARM64_MAGIC_OFFSET 56
#define ARM64_FLAG_BE 1u
#define ZIMAGE32_MAGIC 0x016f2818u
#define ZIMAGE32_HEADER 0x24
#define ALIGN_2M (2ul << 20)

const char *image_kind_name(enum image_kind kind)
{
	static const char *const names[] = { "arm64 Image", "32-bit zImage", "ELF" };

	return names[kind];
}

static uint64_t le(const uint8_t *p, unsigned int bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

static int add_segment(struct image *img, const struct image_segment *s, size_t len, struct err *e)
{
	uint64_t end;

	if (s->filesz > len || s->offset > len - s->filesz)
		return err_set(e, -EINVAL, "kernel: segment %u lies outside the file", img->nr);
	if (s->memsz < s->filesz)
		return err_set(e, -EINVAL, "kernel: segment %u has more bytes than memory",
			       img->nr);
	if (__builtin_add_overflow(s->addr, s->memsz, &end) || s->memsz > IMAGE_MAX_BYTES)
		return err_set(e, -EINVAL, "kernel: segment %u is too large", img->nr);
	if (img->nr == IMAGE_MAX_SEGMENTS)
		return err_set(e, -EINVAL, "kernel: more than %d segments", IMAGE_MAX_SEGMENTS);
	if (!img->nr || s->addr < img->start)
		img->start = s->addr;
	if (!img->nr || end > img->end)
		img->end = end;
	img->seg[img->nr++] = *s;
	return 0;
}

/* Linux' header (Documentation/arm64/booting): text_offset, image_size, flags at 8, 16, 24. */
static int parse_arm64(const uint8_t *p, size_t len, uint64_t ram, struct image *img, struct err *e)
{
	uint64_t text_offset = le(p + 8, 8), image_size = le(p + 16, 8), flags = le(p + 24, 8);
	struct image_segment s = { .filesz = len, .memsz = len };
	int rc;

	if (flags & ARM64_FLAG_BE)
		return err_set(e, -ENOEXEC, "kernel: big-endian arm64 Images are not supported");
	if (!image_size)
		text_offset = 0x80000; /* kernels before 3.17 say nothing and mean this */
	if (text_offset >= ALIGN_2M || (text_offset & 0xfff))
		return err_set(e, -EINVAL, "kernel: text offset %#llx is not a page below 2 MiB",
			       (unsigned long long)text_offset);
	if (image_size > s.memsz)
		s.memsz = image_size;
	s.addr = ram + text_offset;
	rc = add_segment(img, &s, len, e);
	img->kind = IMAGE_ARM64;
	img->entry = s.addr;
	return rc;
}

/* A zImage runs from anywhere; it unpacks itself to RAM + 32 KiB, so keep out of the way. */
static int parse_zimage32(const uint8_t *p, size_t len, uint64_t ram, struct image *img,
			  struct err *e)
{
	uint32_t start = le(p + ZIMAGE32_HEADER + 4, 4), end = le(p + ZIMAGE32_HEADER + 8, 4);
	struct image_segment s = { .addr = ram + (32ul << 20), .filesz = len, .memsz = len };
	int rc;

	if (end < start || end - start > len)
		return err_set(e, -EINVAL, "kernel: zImage header says %u bytes, the file has %zu",
			       end - start, len);
	if (start)
		s.addr = start;
	rc = add_segment(img, &s, len, e);
	img->kind = IMAGE_ZIMAGE32;
	img->entry = s.addr;
	return rc;
}

static int parse_elf64(const uint8_t *d, size_t len, uint64_t ram, struct image *img, struct err *e)
{
	uint64_t lowest = UINT64_MAX, bias = 0;
	Elf64_Ehdr eh;
	Elf64_Phdr p;
	unsigned int i;
	int rc;

	if (len < sizeof(eh))
		return err_set(e, -ENOEXEC, "kernel: ELF header cut short");
	memcpy(&eh, d, sizeof(eh));
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh.e_machine != EM_AARCH64)
		return err_set(e, -ENOEXEC, "kernel: not a little-endian AArch64 ELF file");
	if (eh.e_phentsize != sizeof(p) || eh.e_phnum > 128 || eh.e_phoff > len ||
	    (size_t)eh.e_phnum * sizeof(p) > len - eh.e_phoff)
		return err_set(e, -EINVAL, "kernel: ELF program headers lie outside the file");
	for (i = 0; i < eh.e_phnum; i++) {
		memcpy(&p, d + eh.e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_type == PT_LOAD && p.p_memsz && p.p_paddr < lowest)
			lowest = p.p_paddr;
	}
	/* Linked below RAM (position independent, or for another board): move it up to RAM. */
	if (lowest < ram)
		bias = ram - (lowest & ~(ALIGN_2M - 1));
	for (i = 0; i < eh.e_phnum; i++) {
		struct image_segment s;

		memcpy(&p, d + eh.e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_type != PT_LOAD || !p.p_memsz)
			continue;
		s = (struct image_segment){ p.p_offset, p.p_filesz, p.p_paddr + bias, p.p_memsz };
		if (s.addr < ram)
			return err_set(e, -EINVAL, "kernel: segment %u wraps", i);
		rc = add_segment(img, &s, len, e);
		if (rc)
			return rc;
		/* Entry points are virtual. */
		if (!img->entry && eh.e_entry >= p.p_vaddr && eh.e_entry - p.p_vaddr < p.p_memsz)
			img->entry = eh.e_entry - p.p_vaddr + s.addr;
	}
	if (!img->nr)
		return err_set(e, -EINVAL, "kernel: ELF file without a loadable segment");
	img->kind = IMAGE_ELF64;
	return img->entry ? 0
			  : err_set(e, -EINVAL, "kernel: ELF entry point %#llx is in no segment",
				    (unsigned long long)eh.e_entry);
}

int image_parse(const void *data, size_t len, uint64_t ram, struct image *img, struct err *e)
{
	const uint8_t *p = data;

	memset(img, 0, sizeof(*img));
	if (len >= SELFMAG && !memcmp(p, ELFMAG, SELFMAG))
		return parse_elf64(p, len, ram, img, e);
	if (len >= 64 && !memcmp(p + ARM64_MAGIC_OFFSET, "ARM\x64", 4))
		return parse_arm64(p, len, ram, img, e);
	if (len >= 64 && le(p + ZIMAGE32_HEADER, 4) == ZIMAGE32_MAGIC)
		return parse_zimage32(p, len, ram, img, e);
	return err_set(
		e, -ENOEXEC,
		"kernel: neither an arm64 Image (plain or gzip), an AArch64 ELF file nor a zImage");
}
