/* SPDX-License-Identifier: GPL-2.0-only */
/* What the emulation of registers tells virtual GIC and timer; for one file of a test. */
static u64 sgi, dir, timer[3];

void vgic_sgi1r(struct vcpu *v, u64 val)
{
	sgi = val;
}
void vgic_dir(struct vcpu *v, u64 val)
{
	dir = val;
}
u64 vtimer_read_phys(struct vcpu *v, unsigned reg)
{
	return timer[reg];
}
void vtimer_write_phys(struct vcpu *v, unsigned reg, u64 val)
{
	timer[reg] = val;
}
