/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a physical CPU can do for C: caches, guest address translation, start-up, power. arm/cpu.c,
 * arm/smp.c, arm/psci.c.
 */
#ifndef ARM_CPU_H
#define ARM_CPU_H
#include <arm/sysreg.h>
#include <lib/errno.h>
#include <lib/types.h>

struct cpu;

/* TPIDR_EL2 holds the CPU's own record from cpu_init() on. */
static inline struct cpu *this_cpu(void)
{
	struct cpu *c;
	asm("mrs %0, tpidr_el2" : "=r"(c));
	return c;
}

/* Everything of EL2 that is mapped is mapped at its physical address. */
static inline void *pa_to_va(paddr_t pa)
{
	return (void *)pa;
}
static inline paddr_t va_to_pa(const void *va)
{
	return (paddr_t)va;
}

/*
 * Cleans (and invalidates) to the point of coherency: what a guest with caches off, or a device,
 * reads.
 */
void cache_clean(const void *p, size_t n);
void cache_clean_inv(const void *p, size_t n);
/* Makes all instruction caches forget: after writing code that a guest will run. */
void icache_invalidate_all(void);
/* Zeroes by DC ZVA where there is one. n, p: multiples of 2 KiB, its largest possible block. */
void zero_wide(void *p, size_t n);
static inline void page_zero(void *page)
{
	zero_wide(page, PAGE_SIZE);
}
/*
 * Zeroes a page and cleans it to the point of coherency: nobody sees what it held before, with
 * caches on or off.
 */
void page_scrub(void *page);
void page_copy(void *dst, const void *src);

/* Address translation instructions. PAR_EL1 is the guest's: given back as it was. */
#define AT(op, va) \
	({ \
		u64 guest_par = read_sysreg(par_el1), result; \
		asm volatile("at " op ", %0" : : "r"(va) : "memory"); \
		isb(); \
		result = read_sysreg(par_el1); \
		write_sysreg(guest_par, par_el1); \
		result; \
	})
#define PAR_F 1UL
#define PAR_PA(par, va) ((0xfffffffff000UL & (par)) + ((va) & ~PAGE_MASK))

/*
 * Translates a virtual address of the vCPU whose EL1 state is loaded, as EL1 would access it. 0 and
 * the machine address, or -EFAULT. Both stages were walked; the page may be taken from the guest
 * meanwhile: take a reference before use.
 */
static inline int __must_check gva_to_pa(gva_t va, bool write, paddr_t *pa)
{
	u64 par = write ? AT("s12e1w", va) : AT("s12e1r", va);

	*pa = PAR_PA(par, va);
	return unlikely(par & PAR_F) ? -EFAULT : 0;
}
/* Stage 1 only: guest virtual to guest physical address. */
static inline int __must_check gva_to_gpa(gva_t va, bool write, gpa_t *gpa)
{
	u64 par = write ? AT("s1e1w", va) : AT("s1e1r", va);

	*gpa = PAR_PA(par, va);
	return par & PAR_F ? -EFAULT : 0;
}

/* boot CPU: reads what the machine has, says so, panics on what Hospes cannot do without */
void cpu_features_init(void);
void cpu_el2_init(void); /* each CPU: EL2 control registers that never change afterwards */
extern unsigned cpu_pa_bits, cpu_ipa_bits, cpu_vmid_bits;
extern bool cpu_has_el1_32, cpu_has_el0_32; /* AArch32 */
extern bool cpu_has_pan;
/* hidden: any of the two, see domain/el1_regs.h */
extern bool cpu_has_ras, cpu_has_sme, cpu_has_hidden;

/* ID register of AArch64 encoding op0 3, op1 0, CRn 0; crm 1..7. */
u64 read_id_reg(unsigned crm, unsigned op2);

/* PSCI of the firmware (SMC or HVC as the device tree says). */
int psci_init(bool use_hvc, u32 cpu_on_id); /* cpu_on_id: PSCI 0.1's number, or 0 */
int psci_cpu_on(u64 mpidr, paddr_t entry, u64 context);
__noreturn void machine_off(void);
__noreturn void machine_reset(void);
/* SMCCC 1.1 call to the firmware; -1 where there is none. */
s64 smccc_call(u32 fn, u64 a1, u64 a2, u64 a3);
/* What the firmware says of SMCCC_ARCH_FEATURES(fn) on this CPU: 0, 1 or -1. */
int smccc_arch_feature(u32 fn);

/* Starts all other CPUs of cpus[] found by boot/; each ends in sched_enter(). */
void smp_start_all(void);
#endif
