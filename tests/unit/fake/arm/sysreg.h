/* SPDX-License-Identifier: GPL-2.0-only */
/* Barriers, single instructions and system registers for the host build; what the hypervisor's own arm/sysreg.h is on the machine. */
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
/* With fair locks and fewer CPUs than threads, whoever spins keeps the next in line from running. */
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

#define ESR_IL BIT(25)
#define ESR_ISS(esr) ((u32)(esr) & 0x1ffffff)
enum { EC_UNKNOWN = 0x00, EC_IABT_LOW = 0x20, EC_DABT_LOW = 0x24 };

static inline bool irq_pending(void) { return fake_irq_pending; }

/* The registers of a CPU (a thread) hold what was written to them. */
#define FAKE_REGS(X) \
	EL1_REGS(X) EL1_REGS_32(X) X(vttbr_el2, vttbr_el2) X(vtcr_el2, vtcr_el2)
extern _Thread_local struct fake_regs {
#define X(field, reg) u64 reg;
	FAKE_REGS(X)
#undef X
} fake_regs;
#define X(field, reg) static inline u64 fake_##reg(void) { return fake_regs.reg; } \
	static inline void fake_set_##reg(u64 v) { fake_regs.reg = v; }
FAKE_REGS(X)
#undef X
static inline u64 fake_cntpct_el0(void) { return __atomic_add_fetch(&fake_ticks, 1, __ATOMIC_RELAXED); }
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
/* fake/tlb.c */
void tlbi_ipa(u64 ipa);
void tlbi_vmid(void);
void tlbi_vmid_local(void);
#endif
