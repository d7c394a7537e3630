// SPDX-License-Identifier: GPL-2.0-only
/*
 * One CPU: what it has, the EL2 controls that never change while guests run, caches, guest address
 * translation. State: the feature numbers, written once by the boot CPU.
 */
#include <arm/cpu.h>
#include <core/console.h>
#include <core/cpu.h>
#include <lib/errno.h>

struct cpu cpus[MAX_CPUS];
unsigned cpu_count = 1;
unsigned cpu_pa_bits = 40, cpu_ipa_bits = 40, cpu_vmid_bits = 8;
bool cpu_has_el1_32, cpu_has_el0_32, cpu_has_pan, cpu_has_ras, cpu_has_sme, cpu_has_hidden;
static unsigned zva_bytes; /* 0: DC ZVA is not allowed */

extern char el2_vectors[];

#define FIELD(reg, shift) ((unsigned)(read_sysreg(reg) >> (shift)) & 0xf)

static unsigned cache_line(void)
{
	return 4U << (read_sysreg(ctr_el0) >> 16 & 0xf);
}

void cpu_features_init(void)
{
	static const u8 pa_bits[] = { 32, 36, 40, 42, 44, 48, 52, 56 };
	u64 dczid = read_sysreg(dczid_el0);
	unsigned parange = FIELD(id_aa64mmfr0_el1, 0);

	cpu_pa_bits = min((unsigned)pa_bits[min(parange, 7u)], 48U);
	cpu_vmid_bits = FIELD(id_aa64mmfr1_el1, 4) == 2 ? 16 : 8;
	cpu_has_el1_32 = FIELD(id_aa64pfr0_el1, 4) == 2;
	cpu_has_pan = FIELD(id_aa64mmfr1_el1, 20);
	cpu_has_el0_32 = FIELD(id_aa64pfr0_el1, 0) == 2;
	cpu_has_ras = FIELD(id_aa64pfr0_el1, 28);
	cpu_has_sme = FIELD(id_aa64pfr1_el1, 24);
	cpu_has_hidden = cpu_has_ras || cpu_has_sme;
	if (FIELD(id_aa64mmfr0_el1, 28) == 0xf)
		panic("This CPU has no 4 KiB pages");
	zva_bytes = dczid & BIT(4) ? 0 : 4U << (dczid & 0xf);
	log_info("CPU: MIDR %08lx, %u-bit physical addresses, VMID %u bits%s\n",
		 read_sysreg(midr_el1), cpu_pa_bits, cpu_vmid_bits,
		 cpu_has_el1_32 ? ", AArch32 at EL1" : "");
}

/*
 * Everything a guest could use to reach another's state traps; what cannot be trapped is switched
 * (domain/el1_regs.h).
 */
void cpu_el2_init(void)
{
	struct cpu *c = this_cpu();
	u64 dfr0 = read_sysreg(id_aa64dfr0_el1);
	u64 mdcr = BIT(11) | BIT(10) | BIT(9); /* TDRA TDOSA TDA */

	c->mpidr = read_sysreg(mpidr_el1) & 0xff00ffffffUL;
	c->midr = read_sysreg(midr_el1);
	write_sysreg((u64)el2_vectors, vbar_el2);
	write_sysreg(HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB |
			     HCR_BSU_IS | HCR_TWI | HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR |
			     HCR_TLOR | HCR_TERR | HCR_RW,
		     hcr_el2);
	/* RES1 and TZ, TSM; TFP until the vCPU uses FP; TTA, TAM, TCPAC off */
	write_sysreg(0x33ffUL | BIT(10) | BIT(20) | BIT(30), cptr_el2);
	if ((dfr0 >> 8 & 0xf) && (dfr0 >> 8 & 0xf) != 0xf)
		/* TPM TPMCR, HPMN = all */
		mdcr |= BIT(6) | BIT(5) | (read_sysreg(pmcr_el0) >> 11 & 0x1f);
	if (dfr0 >> 32 & 0xf)
		mdcr |= BIT(14); /* TPMS */
	if (dfr0 >> 40 & 0xf)
		mdcr |= BIT(19); /* TTRF */
	write_sysreg(mdcr, mdcr_el2);
	write_sysreg(BIT(15), hstr_el2); /* CP15 c15 */
	write_sysreg(read_sysreg(midr_el1), vpidr_el2);
	write_sysreg(0, cntvoff_el2);
	/* FEAT_RAS: VSESR_EL2, what a virtual SError says of itself */
	if (FIELD(id_aa64pfr0_el1, 28))
		write_sysreg(0, s3_4_c5_c2_3);
	if (FIELD(id_aa64mmfr1_el1, 40)) /* FEAT_HCX: HCRX_EL2 */
		write_sysreg(0, s3_4_c1_c2_2);
	/* FEAT_FGT: HFGRTR, HFGWTR, HFGITR, HDFGRTR, HDFGWTR */
	if (FIELD(id_aa64mmfr0_el1, 56)) {
		write_sysreg(0, s3_4_c1_c1_4);
		write_sysreg(0, s3_4_c1_c1_5);
		write_sysreg(0, s3_4_c1_c1_6);
		write_sysreg(0, s3_4_c3_c1_4);
		write_sysreg(0, s3_4_c3_c1_5);
	}
	isb();
}

void cache_clean(const void *p, size_t n)
{
	unsigned line = cache_line();

	for (u64 a = ROUND_DOWN((u64)p, (u64)line); a < (u64)p + n; a += line)
		asm volatile("dc cvac, %0" : : "r"(a) : "memory");
	dsb(sy);
}

void cache_clean_inv(const void *p, size_t n)
{
	unsigned line = cache_line();

	for (u64 a = ROUND_DOWN((u64)p, (u64)line); a < (u64)p + n; a += line)
		asm volatile("dc civac, %0" : : "r"(a) : "memory");
	dsb(sy);
}

void icache_invalidate_all(void)
{
	asm volatile("ic ialluis\n\tdsb ish\n\tisb" : : : "memory");
}

void zero_wide(void *at, size_t n)
{
	char *p = at, *end = p + n;

	if (zva_bytes == 64) {
		for (; p < end; p += 512)
			asm volatile("dc zva, %0\n\tadd x9, %0, #64\n\tdc zva, x9\n\tadd x9, %0, "
				     "#128\n\tdc zva, x9\n\tadd x9, %0, #192\n\tdc zva, x9\n\t"
				     "add x9, %0, #256\n\tdc zva, x9\n\tadd x9, %0, #320\n\tdc "
				     "zva, x9\n\tadd x9, %0, #384\n\tdc zva, x9\n\t"
				     "add x9, %0, #448\n\tdc zva, x9"
				     :
				     : "r"(p)
				     : "x9", "memory");
	} else if (zva_bytes) {
		for (; p < end; p += zva_bytes)
			asm volatile("dc zva, %0" : : "r"(p) : "memory");
	} else {
		for (; p < end; p += 64)
			asm volatile("stp xzr, xzr, [%0]\n\tstp xzr, xzr, [%0, #16]\n\tstp xzr, "
				     "xzr, [%0, #32]\n\tstp xzr, xzr, [%0, #48]"
				     :
				     : "r"(p)
				     : "memory");
	}
}

void page_scrub(void *page)
{
	char *p = page, *end = p + PAGE_SIZE;

	page_zero(page);
	if (cache_line() != 64) {
		cache_clean(page, PAGE_SIZE);
		return;
	}
	for (; p < end; p += 256)
		asm volatile("dc cvac, %0\n\tadd x9, %0, #64\n\tdc cvac, x9\n\tadd x9, %0, "
			     "#128\n\tdc cvac, x9\n\tadd x9, %0, #192\n\tdc cvac, x9"
			     :
			     : "r"(p)
			     : "x9", "memory");
	dsb(sy);
}

__noreturn void el2_fault(unsigned vector, const u64 *frame);
/* An exception taken from EL2 itself: a bug of ours, or broken hardware. */
__noreturn void el2_fault(unsigned vector, const u64 *frame)
{
	printk("EL2 exception, vector %u: ESR %016lx ELR %016lx FAR %016lx SPSR %08lx image at "
	       "%p\n",
	       vector, read_sysreg(esr_el2), frame[32], read_sysreg(far_el2), read_sysreg(spsr_el2),
	       (void *)el2_vectors);
	for (unsigned i = 0; i < 32; i += 4)
		printk(" x%02u %016lx %016lx %016lx %016lx\n", i, frame[i], frame[i + 1],
		       frame[i + 2], frame[i + 3]);
	panic("unexpected exception in the hypervisor");
}

/* op0 3, op1 0, CRn 0: MRS takes its register as part of the instruction, hence one line each. */
#define ID_REG(crm, op2) \
	case (crm) << 3 | (op2): \
		return read_sysreg(s3_0_c0_c##crm##_##op2)
#define ID_GROUP(crm) \
	ID_REG(crm, 0); \
	ID_REG(crm, 1); \
	ID_REG(crm, 2); \
	ID_REG(crm, 3); \
	ID_REG(crm, 4); \
	ID_REG(crm, 5); \
	ID_REG(crm, 6); \
	ID_REG(crm, 7)

u64 read_id_reg(unsigned crm, unsigned op2)
{
	switch (crm << 3 | op2) {
		ID_GROUP(1);
		ID_GROUP(2);
		ID_GROUP(3);
		ID_GROUP(4);
		ID_GROUP(5);
		ID_GROUP(6);
		ID_GROUP(7);
	}
	return 0;
}
