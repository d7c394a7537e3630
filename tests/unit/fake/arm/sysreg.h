/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Barriers, single instructions and system registers for the host build; what the hypervisor's own
 * arm/sysreg.h is on the machine.
 */
#ifndef ARM_SYSREG_H
#define ARM_SYSREG_H
#include <arm/fields.h>
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
u8 mmio_read8(const volatile void *p);
u32 mmio_read32(const volatile void *p);
void mmio_write32(volatile void *p, u32 v);
void mmio_write8(volatile void *p, u8 v);
/* fake/tlb.c */
void tlbi_ipa(u64 ipa);
void tlbi_vmid(void);
void tlbi_vmid_local(void);
#endif
