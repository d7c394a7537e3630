/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System registers, barriers and single instructions of AArch64. The host build has its own copy of
 * this header (tests/unit/fake).
 */
#ifndef ARM_SYSREG_H
#define ARM_SYSREG_H
#include <arm/fields.h>
#include <lib/types.h>

#define read_sysreg(r) \
	({ \
		u64 _v; \
		asm volatile("mrs %0, " #r : "=r"(_v)); \
		_v; \
	})
#define write_sysreg(v, r) asm volatile("msr " #r ", %x0" : : "rZ"((u64)(v)))

#define isb() asm volatile("isb" : : : "memory")
#define dsb(scope) asm volatile("dsb " #scope : : : "memory")
#define dmb(scope) asm volatile("dmb " #scope : : : "memory")
#define smp_mb() dmb(ish)
#define smp_rmb() dmb(ishld)
#define smp_wmb() dmb(ishst)
#define wfi() asm volatile("dsb sy\n\twfi" : : : "memory")
#define cpu_relax() asm volatile("yield" : : : "memory")

/*
 * A physical interrupt waits for this CPU (interrupts are masked at EL2): the moment to cut a long
 * operation short.
 */
static inline bool irq_pending(void)
{
	return read_sysreg(isr_el1) != 0;
}

static inline u32 mmio_read32(const volatile void *p)
{
	u32 v;

	asm volatile("ldr %w0, [%1]" : "=r"(v) : "r"(p) : "memory");
	return v;
}
static inline void mmio_write32(volatile void *p, u32 v)
{
	asm volatile("str %w0, [%1]" : : "rZ"(v), "r"(p) : "memory");
}
static inline u64 mmio_read64(const volatile void *p)
{
	u64 v;

	asm volatile("ldr %0, [%1]" : "=r"(v) : "r"(p) : "memory");
	return v;
}
static inline void mmio_write64(volatile void *p, u64 v)
{
	asm volatile("str %x0, [%1]" : : "rZ"(v), "r"(p) : "memory");
}
static inline u8 mmio_read8(const volatile void *p)
{
	u32 v;

	asm volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(p) : "memory");
	return (u8)v;
}
static inline void mmio_write8(volatile void *p, u8 v)
{
	asm volatile("strb %w0, [%1]" : : "rZ"(v), "r"(p) : "memory");
}

/* Stage 1 of EL2, one page, all CPUs. */
static inline void tlbi_el2_va(u64 va)
{
	asm volatile("tlbi vae2is, %0\n\tdsb ish\n\tisb" : : "r"(va >> 12) : "memory");
}
/* Stage 2, for the VMID in VTTBR_EL2: one page, or everything with its stage 1. */
static inline void tlbi_ipa(u64 ipa)
{
	asm volatile("tlbi ipas2e1is, %0\n\tdsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tisb"
		     :
		     : "r"(ipa >> 12)
		     : "memory");
}
static inline void tlbi_vmid(void)
{
	asm volatile("tlbi vmalls12e1is\n\tdsb ish\n\tisb" : : : "memory");
}
static inline void tlbi_vmid_local(void)
{
	asm volatile("tlbi vmalls12e1\n\tdsb nsh\n\tisb" : : : "memory");
}

#endif
