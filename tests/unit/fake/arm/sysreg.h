/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Barriers, single instructions and system registers for the host build; what the hypervisor's own
 * arm/sysreg.h is on the machine.
 */
#ifndef ARM_SYSREG_H
#define ARM_SYSREG_H
#include <domain/el1_regs.h>
#include <lib/types.h>

extern _Thread_local bool fake_irq_pending;
extern u64 fake_ticks;

#define isb() ((void)0)
#define dsb(scope) __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define dmb(scope) __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
/*
 * With fair locks and fewer CPUs than threads, whoever spins keeps the next in line from running.
 */
void host_yield(void);
#define cpu_relax() host_yield()
void host_wait(void);
#define wfi() host_wait()
#define PSR_MODE_EL0T 0x0UL
#define PSR_MODE_EL1T 0x4UL
#define PSR_MODE_EL1H 0x5UL
#define PSR_MODE_MASK 0xfUL
#define PSR_MODE32 BIT(4)
#define PSR_F BIT(6)
#define PSR_I BIT(7)
#define PSR_A BIT(8)
#define PSR_D BIT(9)
#define PSR_SS BIT(21)

#define ESR_EC(esr) ((unsigned)((esr) >> 26) & 0x3f)
#define ESR_IL BIT(25)
#define ESR_ISS(esr) (0x1ffffff & (u32)(esr))
enum {
	EC_UNKNOWN = 0x00,
	EC_WFX = 0x01,
	EC_CP15_32 = 0x03,
	EC_CP15_64 = 0x04,
	EC_CP14_32 = 0x05,
	EC_CP14_LS = 0x06,
	EC_FP = 0x07,
	EC_CP10_ID = 0x08,
	EC_CP14_64 = 0x0c,
	EC_HVC32 = 0x12,
	EC_SMC32 = 0x13,
	EC_HVC64 = 0x16,
	EC_SMC64 = 0x17,
	EC_SYSREG = 0x18,
	EC_SVE = 0x19,
	EC_IABT_LOW = 0x20,
	EC_DABT_LOW = 0x24
};

#define HCR_VSE BIT(8)
#define HCR_TID3 BIT(18)
#define HCR_RW BIT(31)

static inline bool irq_pending(void)
{
	return fake_irq_pending;
}

/* The registers of a CPU (a thread) hold what was written to them. */
/* clang-format off */
#define BOTH(first, second) X(first, first) X(second, second)
#define FAKE_REGS(X) \
	EL1_REGS(BOTH) EL1_REGS_32(X) X(vttbr_el2, vttbr_el2) X(vtcr_el2, vtcr_el2) \
	X(hcr_el2, hcr_el2) X(cptr_el2, cptr_el2) X(esr_el2, esr_el2) X(far_el2, far_el2) \
	X(hpfar_el2, hpfar_el2) X(vmpidr_el2, vmpidr_el2) X(cntvoff_el2, cntvoff_el2) \
	EL1_REGS_RAS(X) EL1_REGS_SME(X)
/* clang-format on */
extern _Thread_local struct fake_regs {
#define X(field, reg) u64 reg;
	FAKE_REGS(X)
#undef X
} fake_regs;
#define X(field, reg) \
	static inline u64 fake_##reg(void) \
	{ \
		return fake_regs.reg; \
	} \
	static inline void fake_set_##reg(u64 v) \
	{ \
		fake_regs.reg = v; \
	}
FAKE_REGS(X)
#undef X
static inline u64 fake_cntpct_el0(void)
{
	return __atomic_add_fetch(&fake_ticks, 1, __ATOMIC_RELAXED);
}
/* Of the others, a test that has the code which uses one defines these two. */
#define read_sysreg(r) fake_##r()
#define write_sysreg(v, r) fake_set_##r(v)
u64 fake_cntfrq_el0(void);
void fake_set_cnthp_ctl_el2(u64 v);
void fake_set_cnthp_cval_el2(u64 v);
void fake_set_cnthctl_el2(u64 v);
u64 fake_cntv_ctl_el0(void);
void fake_set_cntv_ctl_el0(u64 v);
u64 fake_cntv_cval_el0(void);
void fake_set_cntv_cval_el0(u64 v);
/* Registers of devices: of whatever a test has (fake/gicv2.c). */
u32 mmio_read32(const volatile void *p);
void mmio_write32(volatile void *p, u32 v);
void mmio_write8(volatile void *p, u8 v);
/* fake/tlb.c */
void tlbi_ipa(u64 ipa);
void tlbi_vmid(void);
void tlbi_vmid_local(void);
#endif
