// SPDX-License-Identifier: GPL-2.0-only
/*
 * The firmware below: PSCI (DEN0022) and SMCCC (DEN0028) calls out of EL2. State: conduit and
 * version, written once at boot.
 */
#include <arm/cpu.h>
#include <core/console.h>
#include <core/cpu.h>
#include <core/timer.h>
#include <lib/errno.h>

#define PSCI_VERSION 0x84000000
#define PSCI_CPU_ON 0xc4000003
#define PSCI_SYSTEM_OFF 0x84000008
#define PSCI_SYSTEM_RESET 0x84000009
#define PSCI_FEATURES 0x8400000a
#define SMCCC_VERSION 0x80000000
#define SMCCC_ARCH_FEATURES 0x80000001

static bool present, use_hvc, has_smccc;
static u32 version, cpu_on_fn = PSCI_CPU_ON;

static s64 call(u64 fn, u64 a1, u64 a2, u64 a3)
{
	register u64 x0 asm("x0") = fn;
	register u64 x1 asm("x1") = a1;
	register u64 x2 asm("x2") = a2;
	register u64 x3 asm("x3") = a3;

#define CLOBBERS \
	"x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", \
		"x17", "memory"
	if (use_hvc)
		asm volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : CLOBBERS);
	else
		asm volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : CLOBBERS);
#undef CLOBBERS
	return (s64)x0;
}

int psci_init(bool hvc, u32 cpu_on_id)
{
	use_hvc = hvc;
	present = true;
	/* PSCI 0.1: numbers of the device tree's, nothing else to ask */
	if (cpu_on_id) {
		cpu_on_fn = cpu_on_id;
		return 0;
	}
	version = (u32)call(PSCI_VERSION, 0, 0, 0);
	if ((s32)version < 0) {
		present = false;
		return -ENODEV;
	}
	/* SMCCC_VERSION may be called only where PSCI_FEATURES knows it. */
	has_smccc = version >= 0x10000 && (s32)call(PSCI_FEATURES, SMCCC_VERSION, 0, 0) >= 0 &&
		    (s32)call(SMCCC_VERSION, 0, 0, 0) >= 0x10001;
	log_info("PSCI %u.%u by %s%s\n", version >> 16, version & 0xffff, hvc ? "HVC" : "SMC",
		 has_smccc ? ", SMCCC 1.1" : "");
	return 0;
}

int psci_cpu_on(u64 mpidr, paddr_t entry, u64 context)
{
	if (!present)
		return -ENODEV;
	return (s32)call(cpu_on_fn, mpidr, entry, context) ? -EIO : 0;
}

s64 smccc_call(u32 fn, u64 a1, u64 a2, u64 a3)
{
	return has_smccc ? call(fn, a1, a2, a3) : -1;
}

int smccc_arch_feature(u32 fn)
{
	return (s32)smccc_call(SMCCC_ARCH_FEATURES, fn, 0, 0);
}

__noreturn void machine_off(void)
{
	if (present && version >= 2)
		call(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		wfi();
}

__noreturn void machine_reset(void)
{
	if (present && version >= 2)
		call(PSCI_SYSTEM_RESET, 0, 0, 0);
	for (;;)
		wfi();
}
