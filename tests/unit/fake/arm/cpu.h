/* SPDX-License-Identifier: GPL-2.0-only */
/* The CPU for the host build: a thread is a CPU, machine memory is the process's. */
#ifndef ARM_CPU_H
#define ARM_CPU_H
#include <arm/sysreg.h>
#include <lib/types.h>

struct cpu;
extern _Thread_local struct cpu *fake_cpu;

static inline struct cpu *this_cpu(void)
{
	return fake_cpu;
}
static inline void *pa_to_va(paddr_t pa)
{
	return (void *)pa;
}
static inline paddr_t va_to_pa(const void *va)
{
	return (paddr_t)va;
}

void cache_clean(const void *p, size_t n);
void cache_clean_inv(const void *p, size_t n);
void icache_invalidate_all(void);
void page_zero(void *page);
void zero_wide(void *p, size_t n);
void page_scrub(void *page);
void page_copy(void *dst, const void *src);
int gva_to_pa(gva_t va, bool write, paddr_t *pa) __must_check;
int gva_to_gpa(gva_t va, bool write, gpa_t *gpa) __must_check;
extern unsigned cpu_pa_bits, cpu_ipa_bits, cpu_vmid_bits;
extern bool cpu_has_el1_32, cpu_has_el0_32, cpu_has_pan, cpu_has_ras, cpu_has_sme, cpu_has_hidden;
u64 read_id_reg(unsigned crm, unsigned op2);
int smccc_arch_feature(u32 fn);
s64 smccc_call(u32 fn, u64 a1, u64 a2, u64 a3);
__noreturn void machine_off(void);
__noreturn void machine_reset(void);
#endif
