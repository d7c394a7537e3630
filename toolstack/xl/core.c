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
#include <unistd.h>

#define CHUNK 1024u /* pages mapped at a time */
#define NOTE_BASE 0x2000000u
#define CORE_MAGIC 0xf00febeeull /* of a domain whose pages are not 1:1 */
#define SECTIONS 6

static const char names[] = "\0.shstrtab\0.note.Xen\0.xen_prstatus\0.xen_pages\0.xen_pfn";

struct note {
	uint32_t namesz, descsz, type;
	char name[4];
};

struct notes {
	struct note none;
	struct note header_note;
	struct {
		uint64_t magic, nr_vcpus, nr_pages, page_size;
	} header;
	struct note version_note;
	struct {
		uint64_t major, minor;
		xen_extraversion_t extra;
		xen_compile_info_t cc;
		xen_capabilities_info_t capabilities;
		xen_changeset_info_t changeset;
		xen_platform_parameters_t params;
		uint64_t pagesize;
	} version;
	struct note format_note;
	uint64_t format;
};

struct dump {
	uint32_t domid;
	FILE *out, *pfns; /* the latter in memory: it goes behind the pages */
	struct err *e;
};

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
			rc = dump_chunk(d, gfn, end - gfn < CHUNK ? end - gfn : CHUNK);
	}
	return rc;
}

static struct note note(uint32_t type, uint32_t descsz)
{
	return (struct note){ 4, descsz, NOTE_BASE + type, "Xen" };
}

static void fill_notes(struct notes *n, uint64_t vcpus, uint64_t pages)
{
	int v = hyp_version(XENVER_version, NULL, 0);

	*n = (struct notes){
		.none = note(0, 0),
		.header_note = note(1, sizeof(n->header)),
		.header = { CORE_MAGIC, vcpus, pages, HYP_PAGE },
		.version_note = note(2, sizeof(n->version)),
		.version = { .major = v >> 16, .minor = v & 0xffff, .pagesize = HYP_PAGE },
		.format_note = note(3, sizeof(n->format)),
		.format = 1,
	};
#define ASK(cmd, field) hyp_version(XENVER_##cmd, &n->version.field, sizeof(n->version.field))
	ASK(extraversion, extra);
	ASK(compile_info, cc);
	ASK(capabilities, capabilities);
	ASK(changeset, changeset);
	ASK(platform_parameters, params);
#undef ASK
}

static Elf64_Shdr section(unsigned int name, uint32_t type, uint64_t offset, uint64_t size,
			  uint64_t entry)
{
	uint64_t align = entry == HYP_PAGE ? HYP_PAGE : entry ? 8 : 0;

	return (Elf64_Shdr){ name, type, 0, 0, offset, size, 0, 0, align, entry };
}

/* Where the parts are that come before the pages. */
#define NOTES_AT (sizeof(Elf64_Ehdr) + SECTIONS * sizeof(Elf64_Shdr))
#define REGS_AT (NOTES_AT + sizeof(struct notes))
#define REGS sizeof(struct vcpu_guest_context)

/* Behind the pages their numbers and the sections' names; what says so goes to the front. */
static int put_headers(struct dump *d, uint64_t vcpus, uint64_t pages_at)
{
	uint64_t nr = ftell(d->pfns) / 8, pfns_at = pages_at + nr * HYP_PAGE;
	struct {
		Elf64_Ehdr eh;
		Elf64_Shdr sh[SECTIONS];
		struct notes notes;
	} h = {
		.eh = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT, ELFOSABI_SYSV, 1 },
			.e_type = ET_CORE,
			.e_machine = EM_AARCH64,
			.e_version = EV_CURRENT,
			.e_shoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_shentsize = sizeof(Elf64_Shdr),
			.e_shnum = SECTIONS,
			.e_shstrndx = 1 },
	};

	fill_notes(&h.notes, vcpus, nr);
	h.sh[1] = section(1, SHT_STRTAB, pfns_at + nr * 8, sizeof(names), 0);
	h.sh[2] = section(11, SHT_NOTE, NOTES_AT, sizeof(struct notes), 0);
	h.sh[3] = section(21, SHT_PROGBITS, REGS_AT, vcpus * REGS, REGS);
	h.sh[4] = section(35, SHT_PROGBITS, pages_at, nr * HYP_PAGE, HYP_PAGE);
	h.sh[5] = section(46, SHT_PROGBITS, pfns_at, nr * 8, 8);
	fwrite(names, sizeof(names), 1, d->out);
	fseeko(d->out, 0, SEEK_SET);
	fwrite(&h, sizeof(h), 1, d->out);
	fflush(d->out);
	return written(d);
}

static void dump_vcpus(struct dump *d, unsigned int vcpus)
{
	fseeko(d->out, REGS_AT, SEEK_SET);
	for (unsigned int v = 0; v < vcpus; v++) {
		struct vcpu_guest_context ctxt = { 0 };

		hyp_vcpu_context(d->domid, XEN_DOMCTL_getvcpucontext, v,
				 &ctxt); /* one that never ran has no registers */
		fwrite(&ctxt, sizeof(ctxt), 1, d->out);
	}
}

int core_dump(uint32_t domid, const char *path, struct err *e)
{
	struct dump d = { .domid = domid, .e = e };
	uint64_t vcpus, pages_at;
	char *pfns = NULL;
	hyp_dominfo info;
	size_t len;
	bool pause;
	int rc, fd;

	rc = err_why(e, hv_domain_info(domid, &info), "domain %u", domid);
	if (rc)
		return rc;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	d.out = fd < 0 ? NULL : fdopen(fd, "w");
	d.pfns = d.out ? open_memstream(&pfns, &len) : NULL;
	if (!d.pfns)
		return err_why(e, -errno, "%s", path);
	vcpus = info.max_vcpu_id + 1;
	pages_at = (REGS_AT + vcpus * REGS + HYP_PAGE - 1) & ~(HYP_PAGE - 1);
	pause = !(info.flags & (XEN_DOMINF_paused | XEN_DOMINF_shutdown));
	if (pause)
		HV_DOMCTL(domid, pausedomain);
	dump_vcpus(&d, vcpus);
	fseeko(d.out, pages_at, SEEK_SET);
	rc = dump_pages(&d);
	if (pause)
		HV_DOMCTL(domid, unpausedomain);
	fflush(d.pfns);
	if (!rc) {
		fwrite(pfns, 8, ftell(d.pfns) / 8, d.out);
		rc = put_headers(&d, vcpus, pages_at);
	}
	fclose(d.pfns);
	free(pfns);
	if (fclose(d.out) && !rc)
		rc = err_why(e, -errno, "%s", path);
	if (rc)
		unlink(path);
	return rc;
}
