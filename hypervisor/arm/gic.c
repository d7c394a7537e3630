// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the drivers of GICv2 and GICv3 share: the choice between them and the check of what the
 * device tree says. State is written by the boot CPU before the others start, and only read
 * afterwards.
 */
#include <arm/gic.h>
#include <arm/mm.h>
#include <core/console.h>
#include <core/cpu.h>
#include <lib/errno.h>

struct gic_info gic_info;
unsigned gic_nr_irqs, gic_nr_lrs;
const struct gic_ops *gic;

static __init bool region_ok(const char *what, paddr_t base, u64 size, u64 least, u64 align)
{
	if (base && size >= least && IS_ALIGNED(base, align) && base + size > base)
		return true;
	log_err("GIC: no usable %s: %lx, size %lx\n", what, base, size);
	return false;
}

static __init bool info_ok(const struct gic_info *i)
{
	if (i->maint_ppi < 16 || i->maint_ppi > 31) {
		log_err("GIC: maintenance interrupt %u is no PPI\n", i->maint_ppi);
		return false;
	}
	if (i->version == 2)
		return region_ok("GICD", i->dist, i->dist_size, 0x1000, 0x1000) &&
		       region_ok("GICC", i->cpu, i->cpu_size, 0x1004, 0x1000) &&
		       region_ok("GICH", i->hyp, i->hyp_size, 0x140, 0x1000) &&
		       region_ok("GICV", i->vcpu, i->vcpu_size, 0x1004, 0x1000);
	if (i->version != 3 || !i->nr_rdist || i->nr_rdist > GIC_MAX_REGIONS ||
	    !region_ok("GICD", i->dist, i->dist_size, 0x10000, 0x10000))
		return false;
	for (unsigned r = 0; r < i->nr_rdist; r++)
		if (!region_ok("GICR", i->rdist[r].base, i->rdist[r].size, 0x20000, 0x10000))
			return false;
	return i->rdist_stride == 0 ||
	       (i->rdist_stride >= 0x20000 && IS_ALIGNED(i->rdist_stride, 0x10000UL));
}

static __init int map_all(const struct gic_info *i)
{
	int err = el2_map_device(i->dist, i->dist_size);

	if (i->version == 2) {
		err = err ?: el2_map_device(i->cpu, i->cpu_size);
		return err ?: el2_map_device(i->hyp, i->hyp_size);
	}
	for (unsigned r = 0; r < i->nr_rdist && !err; r++)
		err = el2_map_device(i->rdist[r].base, i->rdist[r].size);
	return err;
}

__init int gic_init(const struct gic_info *info)
{
	int err;

	if (!info_ok(info))
		return -EINVAL;
	gic_info = *info;
	err = map_all(&gic_info);
	if (err)
		return err;
	gic = info->version == 2 ? &gicv2_ops : &gicv3_ops;
	err = gic->init();
	if (err)
		return err;
	log_info("GICv%u: %u interrupts, %u list registers\n", info->version, gic_nr_irqs,
		 gic_nr_lrs);
	return 0;
}

int gic_init_cpu(void)
{
	int err = gic->init_cpu();

	if (err) {
		log_err("GIC: CPU %u has no interrupt controller\n", this_cpu()->id);
		return err;
	}
	for (unsigned n = 0; n < gic_nr_lrs; n++)
		gic->lr_write(n, 0);
	gic->hcr_write(HCR_GIC_EN);
	gic_enable(gic_info.maint_ppi);
	return 0;
}
