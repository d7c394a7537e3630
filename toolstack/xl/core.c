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
	int fd;
	uint32_t domid;
	uint64_t *pfns, nr, room;
	uint64_t pages_at, at; /* file offsets, bytes */
	struct err *e;
};

static int put(struct dump *d, const void *data, size_t len, uint64_t at)
{
	while (len) {
		ssize_t n = pwrite(d->fd, data, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(d->e, n ? -errno : -EIO, "writing: %s", strerror(errno));
		data = (const char *)data + n;
		at += n;
		len -= n;
	}
	return 0;
}

static int remember(struct dump *d, uint64_t gfn)
{
	if (d->nr == d->room) {
		uint64_t room = d->room ? 2 * d->room : 65536;
		uint64_t *more = realloc(d->pfns, room * sizeof(*more));

		if (!more)
			return err_set(d->e, -ENOMEM, "no memory for %llu page numbers",
				       (unsigned long long)room);
		d->pfns = more;
		d->room = room;
	}
	d->pfns[d->nr++] = gfn;
	return 0;
}

/* Runs of pages that are there go out in one write each. */
static int dump_chunk(struct dump *d, uint64_t gfn, unsigned int nr)
{
	static xen_pfn_t list[CHUNK];
	static int errs[CHUNK];
	unsigned int i, from;
	char *p;
	int rc = 0;

	for (i = 0; i < nr; i++)
		list[i] = gfn + i;
	p = hyp_map(d->domid, list, nr, errs);
	if (!p)
		return 0; /* nothing there at all */
	for (i = 0; i < nr && !rc; i++) {
		if (errs[i])
			continue;
		for (from = i; i < nr && !errs[i] && !rc; i++)
			rc = remember(d, gfn + i);
		if (!rc)
			rc = put(d, p + from * HYP_PAGE, (i - from) * HYP_PAGE, d->at);
		d->at += (i - from) * HYP_PAGE;
	}
	hyp_unmap(p, nr);
	return rc;
}

static int dump_range(struct dump *d, uint64_t gfn, uint64_t end)
{
	int rc = 0;

	for (; gfn < end && !rc; gfn += CHUNK)
		rc = dump_chunk(d, gfn, end - gfn < CHUNK ? end - gfn : CHUNK);
	return rc;
}

static int dump_pages(struct dump *d)
{
	uint64_t end, bank1 = GUEST_RAM1_BASE >> 12,
		      bank0_end = (GUEST_RAM0_BASE + GUEST_RAM0_SIZE) >> 12;
	int rc = hyp_dom_max_gfn(d->domid, &end);

	if (rc)
		return err_set(d->e, rc, "asking for the size of the guest: %s", strerror(-rc));
	end++;
	rc = dump_range(d, GUEST_MAGIC_BASE >> 12, (GUEST_MAGIC_BASE >> 12) + 4);
	if (!rc)
		rc = dump_range(d, GUEST_RAM0_BASE >> 12, end < bank0_end ? end : bank0_end);
	return rc || end <= bank1 ? rc : dump_range(d, bank1, end);
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

static int put_headers(struct dump *d, uint64_t vcpus)
{
	const uint64_t regs = sizeof(struct vcpu_guest_context);
	uint64_t notes_at = sizeof(Elf64_Ehdr) + SECTIONS * sizeof(Elf64_Shdr);
	uint64_t regs_at = notes_at + sizeof(struct notes), pfns_at = d->at;
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

	fill_notes(&h.notes, vcpus, d->nr);
	h.sh[1] = section(1, SHT_STRTAB, pfns_at + d->nr * 8, sizeof(names), 0);
	h.sh[2] = section(11, SHT_NOTE, notes_at, sizeof(struct notes), 0);
	h.sh[3] = section(21, SHT_PROGBITS, regs_at, vcpus * regs, regs);
	h.sh[4] = section(35, SHT_PROGBITS, d->pages_at, d->nr * HYP_PAGE, HYP_PAGE);
	h.sh[5] = section(46, SHT_PROGBITS, pfns_at, d->nr * 8, 8);
	return put(d, d->pfns, d->nr * 8, pfns_at) ?:
		put(d, names, sizeof(names), pfns_at + d->nr * 8) ?:
		put(d, &h, sizeof(h), 0);
}

static int dump_vcpus(struct dump *d, uint64_t at, unsigned int vcpus)
{
	struct vcpu_guest_context ctxt;
	unsigned int v;
	int rc = 0;

	for (v = 0; v < vcpus && !rc; v++) {
		memset(&ctxt, 0, sizeof(ctxt));
		hyp_vcpu_context(d->domid, XEN_DOMCTL_getvcpucontext, v,
				 &ctxt); /* one that never ran has no registers */
		rc = put(d, &ctxt, sizeof(ctxt), at + v * sizeof(ctxt));
	}
	return rc;
}

int core_dump(uint32_t domid, const char *path, struct err *e)
{
	uint64_t regs_at = sizeof(Elf64_Ehdr) + SECTIONS * sizeof(Elf64_Shdr) +
			   sizeof(struct notes);
	struct dump d = { .domid = domid, .e = e };
	hyp_dominfo info;
	unsigned int vcpus;
	bool pause;
	int rc;

	rc = hv_domain_info(domid, &info);
	if (rc)
		return err_set(e, rc, "domain %u: %s", domid, strerror(-rc));
	d.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (d.fd < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	vcpus = info.max_vcpu_id + 1;
	d.pages_at = (regs_at + vcpus * sizeof(struct vcpu_guest_context) + HYP_PAGE - 1) &
		     ~(HYP_PAGE - 1);
	d.at = d.pages_at;
	pause = !(info.flags & (XEN_DOMINF_paused | XEN_DOMINF_shutdown));
	if (pause)
		HV_DOMCTL(domid, pausedomain);
	rc = dump_vcpus(&d, regs_at, vcpus) ?: dump_pages(&d);
	if (pause)
		HV_DOMCTL(domid, unpausedomain);
	if (!rc)
		rc = put_headers(&d, vcpus);
	if (close(d.fd) && !rc)
		rc = err_set(e, -errno, "%s: %s", path, strerror(errno));
	free(d.pfns);
	if (rc)
		unlink(path);
	return rc;
}
