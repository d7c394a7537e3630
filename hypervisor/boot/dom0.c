// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes Dom0 from its plan: memory 1:1, devices, kernel, initramfs, device tree. Runs once on the
 * boot CPU; a failure here is the machine's or the user's set-up and stops the boot with its
 * reason.
 */
#include <arm/cpu.h>
#include <boot/dom0.h>
#include <core/console.h>
#include <core/irq.h>
#include <domain/domain.h>
#include <lib/bitmap.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <virt/sysreg.h>

#define EXT_REGION_MIN MIB(64) /* Linux takes them in units of its memory sections */
#define EXT_REGIONS_MAX 16

static struct ranges mmio __initbss, ext __initbss;
static u64 kept_spis[BITMAP_WORDS(1024)] __initbss;

static void __init assign(struct domain *d, struct range r)
{
	u64 n = r.start >> PAGE_SHIFT, last = r.end >> PAGE_SHIFT;
	int rc = p2m_map(d, GFN(n), MFN(n), last - n, P2M_RAM, false);

	if (rc)
		console_stop("Dom0's memory 0x%lx-0x%lx cannot be mapped (%d)",
			     (unsigned long)r.start, (unsigned long)r.end, rc);
	while (n < last) {
		unsigned order = min(n ? (unsigned)__builtin_ctzl(n) : MAX_ORDER,
				     (unsigned)MAX_ORDER);

		order = min(order, log2_floor(last - n));
		page_assign(mfn_page(MFN(n)), d, order);
		n += 1UL << order;
	}
}

/*
 * What Hospes keeps for itself, and RAM: a device's range that reaches there is a mistake of the
 * tree.
 */
static void __init keep_own(const struct machine *m, struct ranges *devices)
{
	static struct ranges ram __initbss;
	const struct gic_info *g = &m->gic;

	ram = m->ram;
	ranges_sub_all(&ram, &m->reserved);
	ranges_sub_all(devices, &ram);
	ranges_sub(devices, (struct range){ g->dist, g->dist + g->dist_size });
	if (g->version == 2) {
		ranges_sub(devices, (struct range){ g->cpu, g->cpu + g->cpu_size });
		ranges_sub(devices, (struct range){ g->hyp, g->hyp + g->hyp_size });
		ranges_sub(devices, (struct range){ g->vcpu, g->vcpu + g->vcpu_size });
	}
	for (unsigned i = 0; i < g->nr_rdist; i++)
		ranges_sub(devices,
			   (struct range){ g->rdist[i].base, g->rdist[i].base + g->rdist[i].size });
}

static unsigned __init address_bits(u64 end)
{
	return end > 1 ? log2_floor(end - 1) + 1 : 1;
}

/* Guest-physical address bits for all that Dom0 must reach. */
static unsigned __init needed_bits(const struct machine *m)
{
	u64 end = m->ram.r[m->ram.nr - 1].end;

	if (mmio.nr)
		end = max(end, mmio.r[mmio.nr - 1].end);
	return address_bits(end);
}

static void __init map_devices(struct domain *d)
{
	for (unsigned i = 0; i < mmio.nr; i++) {
		struct range r = mmio.r[i];
		int rc = p2m_map(d, gfn_of(r.start), mfn_of(r.start), range_size(r) >> PAGE_SHIFT,
				 P2M_DEVICE, false);

		if (rc)
			log_err("Dom0: device registers 0x%lx-0x%lx cannot be mapped (%d)\n",
				(unsigned long)r.start, (unsigned long)r.end, rc);
	}
}

/*
 * Guest-physical space from the start of RAM on that is neither Dom0's RAM nor anything of the
 * machine's: Dom0 maps other domains' pages there instead of giving up pages of its own.
 */
static void __init find_ext_regions(const struct machine *m, const struct dom0_plan *plan,
				    struct range grant)
{
	u64 top = m->root_address_cells == 1 || m->root_size_cells == 1 ? GIB(4)
									: BIT(cpu_ipa_bits);
	unsigned n = 0;

	if (!opts.ext_regions)
		return;
	ranges_add(&ext, (struct range){ m->ram.r[0].start, top });
	ranges_sub_all(&ext, &plan->banks);
	ranges_sub_all(&ext, &mmio);
	ranges_sub_all(&ext, &m->reserved);
	ranges_sub_all(&ext, &m->memreserve);
	ranges_sub(&ext, grant);
	for (unsigned i = 0; i < m->gic.nr_rdist; i++)
		ranges_sub(&ext, (struct range){ m->gic.rdist[i].base,
						 m->gic.rdist[i].base + m->gic.rdist[i].size });
	ranges_sub(&ext, (struct range){ m->gic.dist, m->gic.dist + m->gic.dist_size });
	ranges_sub(&ext, (struct range){ m->gic.cpu, m->gic.cpu + m->gic.cpu_size });
	ranges_shrink(&ext, MIB(2));
	for (unsigned i = 0; i < ext.nr && n < EXT_REGIONS_MAX; i++)
		if (range_size(ext.r[i]) >= EXT_REGION_MIN)
			ext.r[n++] = ext.r[i];
	ext.nr = n;
}

static void __init put(u64 to, u64 from, u64 size)
{
	if (to != from)
		memmove(pa_to_va(to), pa_to_va(from), size);
	/* Its caches are off when Dom0 begins. */
	cache_clean(pa_to_va(to), size);
}

/* Writes Dom0's memory. The host's tree and the modules may be gone afterwards. */
static void __init load(const struct machine *m, const struct dom0_plan *plan, const void *tree)
{
	put(plan->kernel, m->kernel.r.start, range_size(m->kernel.r));
	if (m->ramdisk.r.end)
		put(plan->ramdisk, m->ramdisk.r.start, range_size(m->ramdisk.r));
	put(plan->fdt, va_to_pa(tree), fdt_totalsize(tree));
	icache_invalidate_all();
}

static void __init make_tree_and_load(const struct machine *m, const struct dom0_plan *plan,
				      struct domain *d, struct range grant)
{
	struct dom0_tree t = { .m = m, .plan = plan, .d = d, .grant = grant, .ext = &ext };
	unsigned order = address_bits(DIV_ROUND_UP(plan->fdt_room, PAGE_SIZE));
	struct page *pg = page_alloc(order);
	const char *error = pg ? dom0_make_fdt(&t, page_va(pg), plan->fdt_room)
			       : "no memory for Dom0's device tree";

	if (error)
		console_stop("%s", error);
	load(m, plan, page_va(pg));
	page_free(pg, order);
}

static void __init pin_vcpus(struct domain *d)
{
	for_each_vcpu (d, v) {
		struct cpumask one = { 0 };

		bit_set(one.bits, v->id % cpu_count);
		sched_set_affinity(v, &one, NULL);
	}
}

static void __init say(const struct machine *m, const struct dom0_plan *plan,
		       const struct domain *d)
{
	for (unsigned i = 0; i < plan->banks.nr; i++)
		log_info("Dom0 RAM 0x%lx-0x%lx (%lu MiB)\n", (unsigned long)plan->banks.r[i].start,
			 (unsigned long)plan->banks.r[i].end,
			 (unsigned long)range_size(plan->banks.r[i]) >> 20);
	log_info("Dom0: %u vCPUs, kernel at 0x%lx%s, device tree at 0x%lx\n", d->max_vcpus,
		 (unsigned long)plan->kernel,
		 plan->kernel == m->kernel.r.start ? " (in place)" : "", (unsigned long)plan->fdt);
	if (m->ramdisk.r.end)
		log_info("Dom0: initramfs at 0x%lx%s, %lu KiB\n", (unsigned long)plan->ramdisk,
			 plan->ramdisk == m->ramdisk.r.start ? " (in place)" : "",
			 (unsigned long)range_size(m->ramdisk.r) >> 10);
}

void __init dom0_build(const struct machine *m, const struct dom0_plan *plan, struct range image)
{
	struct domain_config cfg = {
		.max_vcpus = min(opts.dom0_max_vcpus ? opts.dom0_max_vcpus : cpu_count,
				 vgic_max_vcpus()),
		.max_evtchn_port = ~0U,
		.max_grant_frames = opts.gnttab_max_frames,
		.max_maptrack_frames = opts.gnttab_max_maptrack_frames,
		.privileged = true,
	};
	/* The hypervisor's own place: RAM, so no device can be there, and never Dom0's. */
	struct range grant = { ROUND_DOWN(image.start, MIB(2)),
			       ROUND_DOWN(image.start, MIB(2)) + DOM0_GRANT_FRAMES * PAGE_SIZE };
	struct domain *d;
	struct vcpu *v;
	int rc;

	dom0_devices(m, &mmio, kept_spis);
	keep_own(m, &mmio);
	if (mmio.overflow)
		console_stop("device tree: more than %u separate ranges of device registers",
			     MAX_RANGES);
	p2m_setup(needed_bits(m));
	sysreg_init(); /* it tells guests how many bits that are */
	do
		rc = domain_create(0, &cfg, &d);
	while (rc == -ERESTART);
	if (rc)
		console_stop("Dom0 cannot be created (%d)", rc);
	hardware_domain = d;
	for (unsigned i = 0; i < plan->banks.nr; i++)
		assign(d, plan->banks.r[i]);
	d->max_pages = d->tot_pages;
	map_devices(d);
	irq_route_rest(d, kept_spis);
	find_ext_regions(m, plan, grant);
	say(m, plan, d);
	make_tree_and_load(m, plan, d, grant);
	if (opts.dom0_vcpus_pin)
		pin_vcpus(d);
	v = d->vcpu[0];
	v->pc = plan->kernel;
	v->x[0] = plan->fdt;
}

void __init dom0_start(void)
{
	vcpu_start(hardware_domain->vcpu[0]);
}
