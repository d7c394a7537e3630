// SPDX-License-Identifier: GPL-2.0-only
/*
 * build.c - makes a domain: creates it, gives it memory, puts kernel, initramfs and device tree
 * in place, and points vCPU 0 at the kernel.
 *
 * Owns no state beyond the caller's struct build.  Invariant: all files were judged before the
 * first hypercall, and destroying the domain undoes every step.
 */
#include "xl/hyp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "builder/build.h"
#include "builder/copy.h"
#include "builder/gfdt.h"

#define SSID_DOMU 12	/* what a system without a FLASK policy uses */
#define MAGIC_CONSOLE 0 /* pages in the magic region */
#define MAGIC_XENSTORE 1
#define MAGIC_MONITOR 2
#define MAGIC_VUART 3
#define MAGIC_NR 4
#define GRANT_CONSOLE 0 /* grant references the daemons expect */
#define GRANT_XENSTORE 1
#define CALLBACK_PPI_LOW (2ull << 56 | 2ull << 8) /* type PPI, level-triggered low */
#define SLACK_KIB 1024				  /* for the magic pages and what a guest may add */
#define ORDER_2M 9

int payload_load(struct payload *p, const struct config *c, struct err *e)
{
	struct layout l;
	int rc;

	memset(p, 0, sizeof(*p));
	rc = file_read(&p->kernel, c->kernel, IMAGE_MAX_BYTES, true, "kernel", e)
		     ?: image_parse(p->kernel.data, p->kernel.len, GUEST_RAM0_BASE, &p->img, e);
	if (!rc && c->ramdisk) /* the guest's kernel unpacks it, not we */
		rc = file_read(&p->ramdisk, c->ramdisk, IMAGE_MAX_BYTES, false, "ramdisk", e);
	if (!rc && c->device_tree)
		rc = file_read(&p->partial, c->device_tree, GFDT_MAX_BYTES, false, "device_tree", e)
			     ?: gfdt_check_partial(p->partial.data, p->partial.len, e);
	/* With the smallest of trees: what does not fit so will never do. */
	if (!rc)
		rc = layout_ram(&l, (uint64_t)c->maxmem << 20, 64, e);
	return rc ?: layout_modules(&l, &p->img, p->ramdisk.len, 4096, e);
}

void payload_free(struct payload *p)
{
	file_free(&p->kernel);
	file_free(&p->ramdisk);
	file_free(&p->partial);
}

static uint32_t gic_wanted(const struct config *c)
{
	const char *v = c->gic_version ?: "default";

	return !strcmp(v, "v2")	  ? XEN_DOMCTL_CONFIG_GIC_V2
	       : !strcmp(v, "v3") ? XEN_DOMCTL_CONFIG_GIC_V3
				  : XEN_DOMCTL_CONFIG_GIC_NATIVE;
}

/* SPIs are handed out up to the highest one named. */
static uint32_t spis_wanted(const struct config *c)
{
	uint32_t nr = c->vuart ? GUEST_VPL011_SPI - 31 : 0;
	unsigned int i;

	for (i = 0; i < c->nr_irqs; i++)
		if (c->irqs[i] - 31 > nr)
			nr = c->irqs[i] - 31;
	return nr;
}

/* Stage-2 tables: 1 MiB per vCPU, a page per MiB of RAM and of the room to map foreign pages. */
static uint64_t paging_bytes(const struct config *c)
{
	return 4096ull * (256 * c->maxvcpus + c->maxmem + 128);
}

int build_check(const struct config *c, struct err *e)
{
	struct xen_sysctl_physinfo phys;
	uint64_t need = c->maxmem + (paging_bytes(c) >> 20) + 1, left;

	if (hyp_physinfo(&phys))
		return 0; /* the hypervisor will say it itself */
	left = (phys.free_pages - phys.outstanding_pages) >> 8;
	if (need > left)
		return err_set(e, -ENOMEM,
			       "memory: the guest needs %llu MiB with its page tables, the "
			       "machine has %llu MiB free: give it less, or end another (xl list)",
			       (unsigned long long)need, (unsigned long long)left);
	if (c->nr_dtdev && !(phys.capabilities & XEN_SYSCTL_PHYSCAP_directio))
		return err_set(e, -ENODEV,
			       "dtdev: this machine has no IOMMU the hypervisor could use");
	return 0;
}

int build_create(struct build *b, const struct config *c, const struct payload *p, struct err *e)
{
	bool narrow = p->img.kind == IMAGE_ZIMAGE32;
	struct xen_domctl op = { .cmd = XEN_DOMCTL_createdomain, .domain = UINT16_MAX };
	struct xen_domctl_createdomain *create = &op.u.createdomain;
	hyp_dominfo info;
	int rc;

	*create = (struct xen_domctl_createdomain){
		.ssidref = SSID_DOMU,
		.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap |
			 (c->nr_dtdev ? XEN_DOMCTL_CDF_iommu : 0),
		.max_vcpus = c->maxvcpus,
		.max_evtchn_port = c->max_event_channels,
		.max_grant_frames = c->max_grant_frames ? (int32_t)c->max_grant_frames : -1,
		.max_maptrack_frames = c->max_maptrack_frames ? (int32_t)c->max_maptrack_frames
							      : -1,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
		.arch = { .gic_version = gic_wanted(c), .nr_spis = spis_wanted(c) },
	};
	memset(b, 0, sizeof(*b));
	memcpy(create->handle, c->uuid, sizeof(create->handle));
	rc = hv_domctl(&op, NULL);
	if ((rc == -EINVAL || rc == -ENODEV) && c->gic_version)
		return err_set(e, rc, "gic_version: this machine does not offer %s",
			       c->gic_version);
	if (rc)
		return err_why(e, rc, "creating the domain");
	b->domid = op.domain; /* the hypervisor chose it */
	b->gic_version = create->arch.gic_version == XEN_DOMCTL_CONFIG_GIC_V3 ? 3 : 2;
	b->clock_frequency = create->arch.clock_frequency;
	rc = err_why(e, HV_DOMCTL(b->domid, max_vcpus, .u.max_vcpus.max = c->maxvcpus),
		     "allocating vCPUs")
		     ?: err_why(e, hv_domain_info(b->domid, &info), "reading back the domain");
	if (rc)
		return rc;
	b->gpa_bits = info.gpaddr_bits ?: 40;
	rc = HV_DOMCTL(b->domid, set_address_size, .u.address_size.size = narrow ? 32 : 64);
	return err_why(e, rc, "%s", narrow ? "32-bit guest on this CPU" : "setting 64-bit mode");
}

/* In 2 MiB extents; what cannot be had so is had in pages. */
static int populate_bank(struct build *b, const struct layout_bank *bank, struct err *e)
{
	static xen_pfn_t gfn[512];
	uint64_t at = bank->base >> 12, end = at + (bank->size >> 12);
	unsigned int order = ORDER_2M, n;
	int rc;

	while (at < end) {
		if (end - at < 1u << order)
			order = 0;
		for (n = 0; n < 512 && at + ((uint64_t)(n + 1) << order) <= end; n++)
			gfn[n] = at + ((uint64_t)n << order);
		rc = hyp_dom_populate(b->domid, gfn, n, order);
		if (rc > 0)
			at += (uint64_t)rc << order;
		if (rc < 0 || (rc == 0 && order == 0))
			return err_set(e, rc ? rc : -ENOMEM,
				       "memory: the hypervisor gave only %llu of %llu "
				       "MiB (xl info: free_memory)",
				       (unsigned long long)(at - (bank->base >> 12)) >> 8,
				       (unsigned long long)bank->size >> 20);
		if (rc < (int)n)
			order = 0;
	}
	return 0;
}

/* A single mask is that of all vCPUs. */
static uint8_t *mask_of(struct cpumask *m, unsigned int nr, unsigned int v)
{
	return nr == 1 ? m->bits : v < nr ? m[v].bits : NULL;
}

static int apply_affinity(struct build *b, const struct config *c, struct err *e)
{
	int rc = 0;

	for (unsigned int v = 0; v < c->maxvcpus && !rc; v++) {
		uint8_t *hard = mask_of(c->hard, c->nr_hard, v);
		uint8_t *soft = mask_of(c->soft, c->nr_soft, v);

		if (hard || soft)
			rc = hyp_vcpu_affinity(b->domid, XEN_DOMCTL_setvcpuaffinity, v, hard, soft,
					       0);
	}
	return err_why(e, rc, "cpus: setting the affinity (are these CPUs online?)");
}

static int apply_sched(struct build *b, const struct config *c, struct err *e)
{
	struct xen_domctl_sched_credit2 p = { 0 };
	int rc;

	if (!c->cpu_weight && !c->cap)
		return 0;
	rc = hyp_sched(b->domid, XEN_DOMCTL_SCHEDOP_getinfo, &p);
	if (!rc) {
		p.weight = c->cpu_weight ? c->cpu_weight : p.weight;
		p.cap = c->cap;
		rc = hyp_sched(b->domid, XEN_DOMCTL_SCHEDOP_putinfo, &p);
	}
	return err_why(e, rc, "cpu_weight: setting scheduler parameters");
}

static int give_devices(struct build *b, const struct config *c, struct err *e)
{
	const struct iomem *m = c->iomem;
	unsigned int i;
	int rc = 0;

	for (i = 0; i < c->nr_iomem && !rc; i++, m++)
		rc = err_why(e, hyp_dom_iomem(b->domid, m->gfn, m->start, m->nr),
			     "iomem: mapping page %#llx", (unsigned long long)m->start);
	for (i = 0; i < c->nr_irqs && !rc; i++)
		rc = err_why(e, hyp_dom_irq(b->domid, c->irqs[i]), "irqs: giving interrupt %u",
			     c->irqs[i]);
	for (i = 0; i < c->nr_dtdev && !rc; i++)
		rc = err_why(e, hyp_dom_assign_dt(b->domid, c->dtdev[i]), "dtdev: assigning %s",
			     c->dtdev[i]);
	return rc;
}

int build_memory(struct build *b, const struct config *c, struct err *e)
{
	uint64_t kib = ((uint64_t)c->maxmem << 10) + SLACK_KIB;
	xen_pfn_t magic[MAGIC_NR];
	unsigned int i;
	int rc;

	rc = layout_ram(&b->layout, (uint64_t)c->maxmem << 20, b->gpa_bits, e)
		     ?: err_why(e, HV_DOMCTL(b->domid, max_mem, .u.max_mem.max_memkb = kib),
				"memory: setting the limit");
	if (rc)
		return rc;
	rc = HV_DOMCTL(b->domid, set_paging_mempool_size, .u.paging_mempool.size = paging_bytes(c));
	if (rc != -ENOSYS && rc != -EOPNOTSUPP &&
	    err_why(e, rc, "memory: setting aside page tables"))
		return rc;
	for (i = 0, rc = 0; i < LAYOUT_BANKS && !rc; i++)
		rc = populate_bank(b, &b->layout.ram[i], e);
	if (rc)
		return rc;
	for (i = 0; i < MAGIC_NR; i++)
		magic[i] = (GUEST_MAGIC_BASE >> 12) + i;
	rc = hyp_dom_populate(b->domid, magic, MAGIC_NR, 0);
	if (rc != MAGIC_NR)
		return err_why(e, rc < 0 ? rc : -ENOMEM, "memory: console and xenstore pages");
	return apply_affinity(b, c, e) ?: apply_sched(b, c, e) ?: give_devices(b, c, e);
}

static int put_dtb(struct build *b, const struct config *c, const struct payload *p, void *buf,
		   struct err *e)
{
	uint8_t seed[GFDT_SEED_BYTES];
	/* A Dom0 that has no randomness yet gives none: a guest would trust it. */
	bool seeded = getrandom(seed, sizeof(seed), GRND_NONBLOCK) == sizeof(seed);
	struct gfdt_config g = {
		.gic_version = b->gic_version,
		.vcpus = c->maxvcpus,
		.cmdline = c->cmdline,
		.seed = seeded ? seed : NULL,
		.clock_frequency = b->clock_frequency,
		.vuart = c->vuart,
		.layout = &b->layout,
		.ramdisk_size = p->ramdisk.len,
		.partial = p->partial.data,
	};
	int rc = 0;

	/* Once for its size, then again with the addresses that the size decides. */
	for (int i = 0; i < 2 && rc >= 0; i++) {
		rc = gfdt_build(&g, buf, GFDT_MAX_BYTES, e);
		b->dtb_size = rc;
		if (rc >= 0)
			rc = layout_modules(&b->layout, &p->img, p->ramdisk.len, b->dtb_size, e);
	}
	return rc ?: copy_to_guest(b->domid, b->layout.dtb, buf, b->dtb_size, e);
}

static int put_payload(struct build *b, const struct config *c, const struct payload *p,
		       struct err *e)
{
	void *buf = calloc(1, GFDT_MAX_BYTES);
	int rc = buf ? put_dtb(b, c, p, buf, e) : err_set(e, -ENOMEM, "no memory");

	free(buf);
	for (const struct image_segment *s = p->img.seg; !rc && s < p->img.seg + p->img.nr; s++)
		rc = copy_to_guest(b->domid, s->addr, (char *)p->kernel.data + s->offset, s->filesz,
				   e);
	return rc ?: copy_to_guest(b->domid, b->layout.ramdisk, p->ramdisk.data, p->ramdisk.len, e);
}

/* The daemons map the rings through grants that exist before the guest runs. */
static int seed_grants(struct build *b, struct err *e)
{
	struct grant_entry_v1 *tab;
	void *res = hyp_grants_map(b->domid, &tab);

	if (!res)
		return err_why(e, -errno, "granting the console and xenstore pages");
	hyp_grant_set(&tab[GRANT_CONSOLE], b->console_gfn);
	hyp_grant_set(&tab[GRANT_XENSTORE], b->store_gfn);
	hyp_grants_unmap(res);
	return 0;
}

static int put_vuart(struct build *b, struct err *e)
{
	int rc;

	b->vuart_gfn = (GUEST_MAGIC_BASE >> 12) + MAGIC_VUART;
	rc = hyp_dom_vuart(b->domid, b->vuart_gfn);
	if (rc == -ENOSYS || rc == -EOPNOTSUPP)
		return err_set(e, rc, "vuart: the hypervisor has no virtual UART");
	b->vuart_port = rc;
	return rc < 0 ? err_why(e, rc, "vuart: making the virtual UART") : 0;
}

/* The rings to xenstored and xenconsoled: a page, a port and a grant each. */
static int put_rings(struct build *b, struct err *e)
{
	uint64_t base = GUEST_MAGIC_BASE >> 12;
	xen_pfn_t magic[MAGIC_NR];
	unsigned int i;
	void *p;
	int rc;

	b->console_gfn = base + MAGIC_CONSOLE;
	b->store_gfn = base + MAGIC_XENSTORE;
	for (i = 0; i < MAGIC_NR; i++)
		magic[i] = base + i;
	p = hyp_map(b->domid, magic, MAGIC_NR, NULL);
	if (!p)
		return err_why(e, -errno, "mapping the console and xenstore pages");
	memset(p, 0, MAGIC_NR * HYP_PAGE);
	hyp_unmap(p, MAGIC_NR);
	HV_DOMCTL(b->domid, cacheflush, .u.cacheflush = { base, MAGIC_NR });
	rc = hyp_dom_evtchn(b->domid);
	b->store_port = rc;
	if (rc > 0)
		rc = hyp_dom_evtchn(b->domid);
	b->console_port = rc;
	if (err_why(e, rc, "allocating event channels") < 0)
		return rc;
	const struct {
		unsigned int index;
		uint64_t value;
	} params[] = {
		{ HVM_PARAM_CALLBACK_IRQ, CALLBACK_PPI_LOW | GUEST_EVTCHN_PPI },
		{ HVM_PARAM_CONSOLE_PFN, b->console_gfn },
		{ HVM_PARAM_STORE_PFN, b->store_gfn },
		{ HVM_PARAM_MONITOR_RING_PFN, base + MAGIC_MONITOR },
		{ HVM_PARAM_CONSOLE_EVTCHN, b->console_port },
		{ HVM_PARAM_STORE_EVTCHN, b->store_port },
	};
	rc = 0;
	for (i = 0; i < sizeof(params) / sizeof(*params) && !rc; i++)
		rc = hyp_dom_param(b->domid, params[i].index, params[i].value);
	return err_why(e, rc, "setting HVM parameters") ?: seed_grants(b, e);
}

int build_boot(struct build *b, const struct config *c, const struct payload *p, struct err *e)
{
	bool narrow = p->img.kind == IMAGE_ZIMAGE32;
	struct vcpu_guest_context ctxt = { .flags = VGCF_online, .sctlr = SCTLR_GUEST_INIT };
	int rc;

	rc = put_rings(b, e) ?: (c->vuart ? put_vuart(b, e) : 0);
	rc = rc ?: put_payload(b, c, p, e);
	if (rc)
		return rc;
	ctxt.user_regs.pc64 = p->img.entry;
	if (narrow) {
		ctxt.user_regs.cpsr = PSR_GUEST32_INIT;
		ctxt.user_regs.r1_usr = UINT32_MAX; /* no machine number: look at the tree */
		ctxt.user_regs.r2_usr = b->layout.dtb;
	} else {
		ctxt.user_regs.cpsr = PSR_GUEST64_INIT;
		ctxt.user_regs.x0 = b->layout.dtb;
	}
	rc = hyp_vcpu_context(b->domid, XEN_DOMCTL_setvcpucontext, 0, &ctxt);
	return err_why(e, rc, "setting up vCPU 0");
}
