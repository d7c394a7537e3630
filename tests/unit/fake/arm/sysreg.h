/* SPDX-License-Identifier: GPL-2.0-only */
/* Barriers and single instructions for the host build; what the hypervisor's own arm/sysreg.h is on the machine. */
#ifndef ARM_SYSREG_H
#define ARM_SYSREG_H
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
#define PSR_I BIT(7)

static inline bool irq_pending(void) { return fake_irq_pending; }
static inline u64 fake_cntpct_el0(void) { return __atomic_add_fetch(&fake_ticks, 1, __ATOMIC_RELAXED); }
/* A register is what fake_NAME() returns and takes what is given to fake_set_NAME(); a test that has the code which uses one defines those two. */
#define read_sysreg(r) fake_##r()
#define write_sysreg(v, r) fake_set_##r(v)
static inline u64 fake_vttbr_el2(void) { return 0; }
static inline void fake_set_vttbr_el2(u64 v) { }
static inline void fake_set_vtcr_el2(u64 v) { }
static inline u64 fake_sctlr_el1(void) { return 0; }
u64 fake_cntfrq_el0(void);
void fake_set_cnthp_ctl_el2(u64 v);
void fake_set_cnthp_cval_el2(u64 v);
void fake_set_cnthctl_el2(u64 v);
u64 fake_cntv_ctl_el0(void);
void fake_set_cntv_ctl_el0(u64 v);
u64 fake_cntv_cval_el0(void);
void fake_set_cntv_cval_el0(u64 v);
/* There is no TLB. */
static inline void tlbi_ipa(u64 ipa) { }
static inline void tlbi_vmid(void) { }
static inline void tlbi_vmid_local(void) { }
#endif
