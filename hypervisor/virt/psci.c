// SPDX-License-Identifier: GPL-2.0-only
/*
 * PSCI 1.1 and SMCCC 1.1 as a guest sees them (Arm DEN0022, DEN0028). A guest's PSCI ends at its
 * own vCPUs. One const table, sorted by function; what is not in it is NOT_SUPPORTED. A vCPU that
 * is down has no owner but who clears v->down, under the domain's lock.
 */
#include <arm/cpu.h>
#include <core/console.h>
#include <domain/domain.h>
#include <virt/trap.h>

enum {
	SUCCESS = 0,
	NOT_SUPPORTED = -1,
	INVALID_PARAMETERS = -2,
	DENIED = -3,
	ALREADY_ON = -4,
	INVALID_ADDRESS = -9
};
enum { STATE_ON, STATE_OFF };

/* PSCI 0.1: numbers of the device tree's choosing, without a width. Xen chose these. */
#define PSCI_0_1_CPU_OFF 1
#define PSCI_0_1_CPU_ON 2
#define FN64 BIT(30)
#define PSCI_VERSION 0x84000000
#define PSCI_CPU_SUSPEND 0x84000001
#define PSCI_CPU_OFF 0x84000002
#define PSCI_CPU_ON 0x84000003
#define PSCI_AFFINITY_INFO 0x84000004
#define PSCI_MIGRATE_INFO_TYPE 0x84000006
#define PSCI_SYSTEM_OFF 0x84000008
#define PSCI_SYSTEM_RESET 0x84000009
#define PSCI_FEATURES 0x8400000a
#define SMCCC_VERSION 0x80000000
#define SMCCC_ARCH_FEATURES 0x80000001
#define SMCCC_WORKAROUND_1 0x80008000
#define SMCCC_WORKAROUND_2 0x80007fff
#define SMCCC_WORKAROUND_3 0x80003fff
#define SCTLR_EE BIT(25)
#define MIGRATE_NOT_REQUIRED 2

typedef s64 psci_fn(struct vcpu *v, u64 a1, u64 a2, u64 a3);

static struct vcpu *vcpu_by_affinity(struct domain *d, u64 mpidr)
{
	u64 id = (mpidr & 0xf) | (mpidr >> 8 & 0xff) << 4;

	if ((mpidr & ~0xff0fUL) || id >= d->max_vcpus)
		return NULL;
	return d->vcpu[id];
}

static s64 psci_version(struct vcpu *v, u64 a1, u64 a2, u64 a3)
{
	return 0x10001;
}

static s64 cpu_suspend(struct vcpu *v, u64 a1, u64 a2, u64 a3)
{
	/* Every state is a standby state: as WFI. */
	vcpu_block(v);
	return SUCCESS;
}

static s64 cpu_off(struct vcpu *v, u64 a1, u64 a2, u64 a3)
{
	/* Who finds it down also finds where it is loaded: is_off(). */
	smp_wmb();
	WRITE_ONCE(v->down, true);
	cpu_kick(this_cpu(), WORK_SCHED);
	return SUCCESS;
}

static void start_vcpu(struct vcpu *v, struct vcpu *t, u64 entry, u64 context)
{
	vcpu_reset(t);
	t->pc = entry;
	t->x[0] = context;
	t->el1.sctlr_el1 |= read_sysreg(sctlr_el1) & SCTLR_EE;
	if (v->domain->aarch32) {
		t->pc = (u32)entry & ~1UL;
		t->x[0] = (u32)context;
		t->pstate |= entry & 1 ? BIT(5) : 0;
	}
}

/* On its way down its state is still in a CPU: not off yet. */
static bool is_off(const struct vcpu *v)
{
	return __atomic_load_n(&v->down, __ATOMIC_ACQUIRE) &&
	       !__atomic_load_n(&v->loaded_on, __ATOMIC_ACQUIRE);
}

static s64 cpu_on(struct vcpu *v, u64 mpidr, u64 entry, u64 context)
{
	struct vcpu *t = vcpu_by_affinity(v->domain, mpidr);

	if (!t)
		return INVALID_PARAMETERS;
	if ((entry & 3) && !v->domain->aarch32)
		return INVALID_ADDRESS;
	lock(&v->domain->lock);
	if (!is_off(t)) {
		unlock(&v->domain->lock);
		return ALREADY_ON;
	}
	start_vcpu(v, t, entry, context);
	vcpu_start(t);
	unlock(&v->domain->lock);
	return SUCCESS;
}

/* Has no context, and of the later errors none. */
static s64 cpu_on_0_1(struct vcpu *v, u64 mpidr, u64 entry, u64 a3)
{
	s64 rc = cpu_on(v, mpidr, entry, 0);

	return rc < DENIED ? INVALID_PARAMETERS : rc;
}

static s64 affinity_info(struct vcpu *v, u64 mpidr, u64 level, u64 a3)
{
	struct vcpu *t;

	if (level > 3)
		return INVALID_PARAMETERS;
	if (level == 0) {
		t = vcpu_by_affinity(v->domain, mpidr);
		if (!t)
			return INVALID_PARAMETERS;
		return is_off(t) ? STATE_OFF : STATE_ON;
	}
	for_each_vcpu (v->domain, o)
		if (((vgic_affinity(o->id) ^ mpidr) >> (8 * level) & 0xffffff) == 0 &&
		    !READ_ONCE(o->down))
			return STATE_ON;
	return STATE_OFF;
}

static s64 migrate_info_type(struct vcpu *v, u64 a1, u64 a2, u64 a3)
{
	return MIGRATE_NOT_REQUIRED;
}

static s64 system_off(struct vcpu *v, u64 a1, u64 a2, u64 a3)
{
	domain_shutdown(v->domain, SHUTDOWN_poweroff);
	return SUCCESS;
}

static s64 system_reset(struct vcpu *v, u64 a1, u64 a2, u64 a3)
{
	domain_shutdown(v->domain, SHUTDOWN_reboot);
	return SUCCESS;
}

static s64 smccc_version(struct vcpu *v, u64 a1, u64 a2, u64 a3)
{
	return 0x10001;
}

/*
 * The truth about this CPU: what its firmware says, and nothing where it says nothing. (A kernel
 * that is told "implemented" makes the call at every entry from user space.)
 */
static s64 arch_features(struct vcpu *v, u64 fn, u64 a2, u64 a3)
{
	switch ((u32)fn) {
	case SMCCC_VERSION:
	case SMCCC_ARCH_FEATURES: return SUCCESS;
	case SMCCC_WORKAROUND_1:
	case SMCCC_WORKAROUND_2:
	case SMCCC_WORKAROUND_3: return smccc_arch_feature((u32)fn);
	}
	return NOT_SUPPORTED;
}

static s64 workaround(struct vcpu *v, u64 a1, u64 a2, u64 a3)
{
	smccc_call((u32)v->x[0], a1, a2, a3);
	return SUCCESS;
}

static psci_fn psci_features;

static const struct psci_op {
	u32 fn;
	bool both_widths;
	psci_fn *call;
} ops[] = {
	/* Those that kernels call often come first. */
	{ SMCCC_WORKAROUND_3, false, workaround },
	{ SMCCC_WORKAROUND_2, false, workaround },
	{ SMCCC_WORKAROUND_1, false, workaround },
	{ PSCI_CPU_SUSPEND, true, cpu_suspend },
	{ PSCI_CPU_ON, true, cpu_on },
	{ PSCI_CPU_OFF, false, cpu_off },
	{ PSCI_VERSION, false, psci_version },
	{ SMCCC_VERSION, false, smccc_version },
	{ SMCCC_ARCH_FEATURES, false, arch_features },
	{ PSCI_AFFINITY_INFO, true, affinity_info },
	{ PSCI_MIGRATE_INFO_TYPE, false, migrate_info_type },
	{ PSCI_SYSTEM_OFF, false, system_off },
	{ PSCI_SYSTEM_RESET, false, system_reset },
	{ PSCI_FEATURES, false, psci_features },
	{ PSCI_0_1_CPU_OFF, false, cpu_off },
	{ PSCI_0_1_CPU_ON, false, cpu_on_0_1 },
};

static const struct psci_op *find(u32 fn)
{
	for (unsigned i = 0; i < ARRAY_SIZE(ops); i++)
		if (ops[i].fn == fn || (ops[i].both_widths && (ops[i].fn | FN64) == fn))
			return &ops[i];
	return NULL;
}

static s64 psci_features(struct vcpu *v, u64 fn, u64 a2, u64 a3)
{
	u32 range = (u32)fn & 0xbf000000;

	/* Of the SMCCC functions only the version may be asked for here. */
	return (u32)fn == SMCCC_VERSION || (range == 0x84000000 && find((u32)fn)) ? SUCCESS
										  : NOT_SUPPORTED;
}

void psci_call(struct vcpu *v)
{
	u32 fn = (u32)v->x[0];
	const struct psci_op *op;
	bool wide;

	if (likely(fn == PSCI_VERSION)) {
		v->x[0] = 0x10001;
		return;
	}
	op = find(fn);
	if (!op) {
		v->x[0] = (u64)(s64)NOT_SUPPORTED;
		return;
	}
	/* A 32-bit function has 32-bit arguments. */
	wide = (fn & FN64) || fn == PSCI_0_1_CPU_ON;
	v->x[0] = (u64)op->call(v, wide ? v->x[1] : (u32)v->x[1], wide ? v->x[2] : (u32)v->x[2],
				wide ? v->x[3] : (u32)v->x[3]);
}
