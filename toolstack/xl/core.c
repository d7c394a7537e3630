// SPDX-License-Identifier: GPL-2.0-only
/*
 * core.c - a guest's memory and registers as an ELF file, in the format of Xen's dump-core:
 * sections .note.Xen, .xen_prstatus, .xen_pages and .xen_pfn, no program headers.
 *
 * Owns no state.  The guest is paused meanwhile.  Invariant: pages go out as they are read and
 * the headers last, so a dump that fails leaves a file without a header, which is removed.
 */
#include "xl/xl.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 1024u /* pages mapped at a time */
#define NOTE_BASE 0x2000000u
#define CORE_MAGIC 0xf00febeeull /* of a domain whose pages are not 1:1 */

struct dump {
	uint32_t domid;
	FILE *out, *pfns; /* the latter in memory: it goes behind the pages */
	struct {
		Elf64_Ehdr eh;
		Elf64_Shdr sh[6];
	} head;
	char names[80]; /* of the sections */
	struct err *e;
};

/* What is written from here on to section_end() is the next section, in pieces of @entry bytes. */
static void section(struct dump *d, const char *name, uint32_t type, uint64_t entry)
{
	Elf64_Shdr *sh = &d->head.sh[++d->head.eh.e_shstrndx], *before = sh - 1;
	uint64_t align = entry == HYP_PAGE ? HYP_PAGE : 8;

	sh->sh_name = before->sh_name + strlen(d->names + before->sh_name) + 1;
	strcpy(d->names + sh->sh_name, name);
	sh->sh_type = type;
	sh->sh_offset = (ftello(d->out) + align - 1) & ~(align - 1);
	sh->sh_entsize = entry;
	sh->sh_addralign = align;
	fseeko(d->out, sh->sh_offset, SEEK_SET);
}

static void section_end(struct dump *d)
{
	Elf64_Shdr *sh = &d->head.sh[d->head.eh.e_shstrndx];

	sh->sh_size = ftello(d->out) - sh->sh_offset;
}

/* Once for all that was written before. */
static int written(struct dump *d)
{
	return ferror(d->out) || ferror(d->pfns) ? err_why(d->e, -errno, "writing") : 0;
}

/* Runs of pages that are there go out in one write each. */
static int dump_chunk(struct dump *d, uint64_t gfn, unsigned int nr)
{
	static xen_pfn_t list[CHUNK];
	static int errs[CHUNK];
	unsigned int i, end;
	char *p;

	for (i = 0; i < nr; i++)
		list[i] = gfn + i;
	p = hyp_map(d->domid, list, nr, errs);
	if (!p)
		return 0; /* nothing there at all */
	for (i = 0; i < nr; i = end + 1) {
		for (end = i; end < nr && !errs[end]; end++)
			;
		fwrite(p + i * HYP_PAGE, HYP_PAGE, end - i, d->out);
		fwrite(&list[i], sizeof(*list), end - i, d->pfns);
	}
	i = written(d);
	hyp_unmap(p, nr);
	return i;
}

static int dump_pages(struct dump *d)
{
	static const struct {
		uint64_t base, size;
	} parts[] = {
		{ GUEST_MAGIC_BASE, 4 * HYP_PAGE },
		{ GUEST_RAM0_BASE, GUEST_RAM0_SIZE },
		{ GUEST_RAM1_BASE, GUEST_RAM1_SIZE },
	};
	domid_t id = d->domid;
	long last = hv_issue(__HYPERVISOR_memory_op, XENMEM_maximum_gpfn, &id, sizeof(id), NULL);
	int rc = last < 0 ? err_why(d->e, last, "asking for the size of the guest") : 0;

	for (unsigned int i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		uint64_t gfn = parts[i].base >> 12, end = gfn + (parts[i].size >> 12);

		end = end < (uint64_t)last + 1 ? end : (uint64_t)last + 1;
		for (; gfn < end && !rc; gfn += CHUNK)
			rc = stop_asked()
				     ? err_set(d->e, -EINTR, "stopped by a signal")
				     : dump_chunk(d, gfn, end - gfn < CHUNK ? end - gfn : CHUNK);
	}
	return rc;
}

static void note(struct dump *d, uint32_t type, const void *desc, uint32_t size)
{
	const struct {
		uint32_t namesz, descsz, type;
		char name[4];
	} n = { 4, size, NOTE_BASE + type, "Xen" };

	fwrite(&n, sizeof(n), 1, d->out);
	fwrite(desc, size, 1, d->out);
}

static void dump_notes(struct dump *d, uint64_t vcpus, uint64_t pages)
{
	const uint64_t header[] = { CORE_MAGIC, vcpus, pages, HYP_PAGE }, format = 1;
	int v = hyp_version(XENVER_version, NULL, 0);
	struct {
		uint64_t major, minor;
		xen_extraversion_t extra;
		xen_compile_info_t cc;
		xen_capabilities_info_t capabilities;
		xen_changeset_info_t changeset;
		xen_platform_parameters_t params;
		uint64_t pagesize;
	} version = { .major = v >> 16, .minor = v & 0xffff, .pagesize = HYP_PAGE };

#define ASK(cmd, field) hyp_version(XENVER_##cmd, &version.field, sizeof(version.field))
	ASK(extraversion, extra);
	ASK(compile_info, cc);
	ASK(capabilities, capabilities);
	ASK(changeset, changeset);
	ASK(platform_parameters, params);
#undef ASK
	note(d, 0, NULL, 0);
	note(d, 1, header, sizeof(header));
	note(d, 2, &version, sizeof(version));
	note(d, 3, &format, sizeof(format));
}

static void dump_vcpus(struct dump *d, unsigned int vcpus)
{
	for (unsigned int v = 0; v < vcpus; v++) {
		struct vcpu_guest_context ctxt = { 0 };

		hyp_vcpu_context(d->domid, XEN_DOMCTL_getvcpucontext, v,
				 &ctxt); /* one that never ran has no registers */
		fwrite(&ctxt, sizeof(ctxt), 1, d->out);
	}
}

static int dump_guest(struct dump *d, const hyp_dominfo *info)
{
	bool pause = !(info->flags & (XEN_DOMINF_paused | XEN_DOMINF_shutdown));
	unsigned int vcpus = info->max_vcpu_id + 1;
	int rc;

	fseeko(d->out, sizeof(d->head), SEEK_SET);
	if (pause)
		HV_DOMCTL(d->domid, pausedomain);
	section(d, ".xen_prstatus", SHT_PROGBITS, sizeof(struct vcpu_guest_context));
	dump_vcpus(d, vcpus);
	section_end(d);
	section(d, ".xen_pages", SHT_PROGBITS, HYP_PAGE);
	rc = dump_pages(d);
	section_end(d);
	if (pause)
		HV_DOMCTL(d->domid, unpausedomain);
	section(d, ".note.Xen", SHT_NOTE, 0);
	dump_notes(d, vcpus, ftell(d->pfns) / sizeof(xen_pfn_t));
	section_end(d);
	return rc;
}

int core_dump(uint32_t domid, const char *path, struct err *e)
{
	struct dump d = {
		.domid = domid,
		.head.eh = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					  ELFDATA2LSB, EV_CURRENT, ELFOSABI_SYSV, 1 },
			     .e_type = ET_CORE,
			     .e_machine = EM_AARCH64,
			     .e_version = EV_CURRENT,
			     .e_shoff = sizeof(Elf64_Ehdr),
			     .e_ehsize = sizeof(Elf64_Ehdr),
			     .e_phentsize = sizeof(Elf64_Phdr),
			     .e_shentsize = sizeof(Elf64_Shdr),
			     .e_shnum = sizeof(d.head.sh) / sizeof(*d.head.sh) },
		.e = e,
	};
	char *pfns = NULL;
	hyp_dominfo info;
	struct stat st;
	size_t len;
	int rc, fd;

	rc = err_why(e, domid ? hv_domain_info(domid, &info) : -EINVAL, "domain %u", domid);
	if (rc)
		return rc;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		return err_set(e, -EINVAL, "%s is not a regular file", path);
	}
	d.out = fd < 0 ? NULL : fdopen(fd, "w");
	d.pfns = d.out ? open_memstream(&pfns, &len) : NULL;
	if (!d.pfns)
		return err_why(e, -errno, "%s", path);
	rc = dump_guest(&d, &info);
	fclose(d.pfns);
	section(&d, ".xen_pfn", SHT_PROGBITS, sizeof(xen_pfn_t));
	fwrite(pfns, 1, len, d.out);
	free(pfns);
	section_end(&d);
	section(&d, ".shstrtab", SHT_STRTAB, 0);
	fwrite(d.names, sizeof(d.names), 1, d.out);
	section_end(&d);
	fseeko(d.out, 0, SEEK_SET);
	fwrite(&d.head, sizeof(d.head), 1, d.out);
	if (!rc && (fflush(d.out) || ferror(d.out)))
		rc = err_why(e, -errno, "writing");
	if (fclose(d.out) && !rc)
		rc = err_why(e, -errno, "%s", path);
	if (rc)
		unlink(path);
	return rc;
}
