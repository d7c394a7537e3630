// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's state: made, reset, moved between memory and the hardware of a CPU. v->loaded_on says
 * where it is; only that CPU touches it then. The way between is the list in domain/el1_regs.h plus
 * FP (lazily), vGIC and timers.
 */
#include <core/console.h>
#include <domain/domain.h>
#include <lib/errno.h>
#include <lib/string.h>

#define CPTR_TFP BIT(10)
#define SCTLR_EL1_RESET 0x30d00800UL /* RES1 bits; MMU, caches off */
#define SCTLR_EL1_32_RESET 0x00c50078UL

void fp_save(struct fp_state *fp);
void fp_load(const struct fp_state *fp);

struct vcpu *vcpu_alloc(struct domain *d, unsigned id)
{
	struct vcpu *v = xzalloc(sizeof(*v));

	if (!v)
		return NULL;
	v->domain = d;
	v->id = (u16)id;
	v->down = true;
	v->pause_count = d->paused_by_tool;
	v->vmpidr = BIT(31) | vgic_affinity(id);
	sched_init_vcpu(v);
	shared_info_init_vcpu(v);
	vtimer_init_vcpu(v);
	timer_setup(&v->poll_timer, vcpu_poll_timeout);
	vcpu_reset(v);
	return v;
}

void vcpu_poll_timeout(struct timer *t)
{
	struct vcpu *v = container_of(t, struct vcpu, poll_timer);

	evtchn_poll_end(v);
	vcpu_wake(v);
}

void vcpu_retire(struct vcpu *v)
{
	v->down = true;
	sched_destroy_vcpu(v);
	vtimer_destroy_vcpu(v);
	timer_retire(&v->poll_timer);
	if (v->runstate_page)
		vcpu_unregister_runstate(v);
}

void vcpu_free(struct vcpu *v)
{
	xfree(v);
}

void vcpu_reset(struct vcpu *v)
{
	bool wide = !v->domain->aarch32;

	memset(v->x, 0, sizeof(v->x));
	memset(&v->el1, 0, sizeof(v->el1));
	memset(&v->fp, 0, sizeof(v->fp));
	v->fp_cpu = NULL;
	v->fp_used = false;
	v->pc = 0;
	v->pstate = wide ? PSR_MODE_EL1H | PSR_D | PSR_A | PSR_I | PSR_F
			 : 0x13 | PSR_MODE32 | PSR_A | PSR_I | PSR_F;
	v->el1.sctlr_el1 = wide ? SCTLR_EL1_RESET : SCTLR_EL1_32_RESET;
	v->el1.fpexc32_el2 = 0x700;
	v->hcr = (read_sysreg(hcr_el2) & ~(HCR_RW | HCR_VSE | HCR_TID3)) |
		 (wide ? HCR_RW | HCR_TID3 : 0);
	v->blocked = false;
	vgic_reset_vcpu(v);
	vtimer_reset(v);
	evtchn_upcall_again(v);
}

static void set_fp_trap(bool on)
{
	u64 cptr = read_sysreg(cptr_el2);

	write_sysreg(on ? cptr | CPTR_TFP : cptr & ~CPTR_TFP, cptr_el2);
}

/* Registers that only AArch32 at EL1 uses, and those of hidden extensions. */
static __attribute__((noinline)) void el1_save_rare(struct el1_state *s, bool aarch32)
{
	u64 cptr = read_sysreg(cptr_el2);

#define X(field, reg) s->field = read_sysreg(reg);
	if (aarch32) {
		set_fp_trap(false); /* FPEXC32_EL2 traps with the rest of FP */
		isb();
		EL1_REGS_32(X)
		write_sysreg(cptr, cptr_el2);
	}
	if (cpu_has_ras) {
		EL1_REGS_RAS(X)
	}
	if (cpu_has_sme) {
		EL1_REGS_SME(X)
	}
#undef X
}

static __attribute__((noinline)) void el1_load_rare(const struct el1_state *s, bool aarch32)
{
	u64 cptr = read_sysreg(cptr_el2);

#define X(field, reg) write_sysreg(s->field, reg);
	if (aarch32) {
		set_fp_trap(false);
		isb();
		EL1_REGS_32(X)
		write_sysreg(cptr, cptr_el2);
	}
	if (cpu_has_ras) {
		EL1_REGS_RAS(X)
	}
	if (cpu_has_sme) {
		EL1_REGS_SME(X)
	}
#undef X
}

static inline void el1_save(struct el1_state *s, bool aarch32)
{
	u64 one, two;

#define X(first, second) \
	one = read_sysreg(first); \
	two = read_sysreg(second); \
	s->first = one; \
	s->second = two;
	EL1_REGS(X)
#undef X
	if (unlikely(aarch32 || cpu_has_hidden))
		el1_save_rare(s, aarch32);
}

static inline void el1_load(const struct el1_state *s, bool aarch32)
{
	u64 one, two;

#define X(first, second) \
	one = s->first; \
	two = s->second; \
	asm volatile("" : : "r"(one), "r"(two)); /* both: one load */ \
	write_sysreg(one, first); \
	write_sysreg(two, second);
	EL1_REGS(X)
#undef X
	if (unlikely(aarch32 || cpu_has_hidden))
		el1_load_rare(s, aarch32);
}

/* What is written takes effect with the ERET. The FP trap is on while nobody is loaded. */
void vcpu_load(struct vcpu *v)
{
	struct cpu *c = this_cpu();
	struct domain *d = v->domain;

	__atomic_store_n(&v->loaded_on, c, __ATOMIC_SEQ_CST);
	WRITE_ONCE(c->loaded, v);
	v->stack_top = (char *)c->stack + EL2_STACK_SIZE;
	p2m_load(d);
	if (unlikely(read_sysreg(hcr_el2) != v->hcr))
		write_sysreg(v->hcr, hcr_el2);
	write_sysreg(v->vmpidr, vmpidr_el2);
	write_sysreg(d->cntvoff, cntvoff_el2);
	el1_load(&v->el1, d->aarch32);
	/* Nobody used this CPU's FP registers since: they are still ours. */
	if (unlikely(c->fp_owner == v && v->fp_cpu == c)) {
		v->fp_used = true;
		set_fp_trap(false);
	}
	vgic_load(v);
	vtimer_load(v);
}

void vcpu_unload(struct vcpu *v)
{
	vgic_unload(v);
	vtimer_unload(v);
	el1_save(&v->el1, v->domain->aarch32);
	v->hcr = read_sysreg(hcr_el2); /* a virtual SError may be pending in it */
	if (v->fp_used) {
		fp_save(&v->fp);
		v->fp_used = false;
		set_fp_trap(true);
	}
	__atomic_store_n(&v->loaded_on, NULL, __ATOMIC_SEQ_CST);
}

void vcpu_fp_trap(struct vcpu *v)
{
	struct cpu *c = this_cpu();

	/* The previous owner's registers were saved when it was unloaded. */
	set_fp_trap(false);
	isb();
	fp_load(&v->fp);
	c->fp_owner = v;
	v->fp_cpu = c;
	v->fp_used = true;
}

int vcpu_register_info(struct vcpu *v, gfn_t gfn, u64 offset)
{
	struct page *pg;
	int rc;

	if (offset > PAGE_SIZE - sizeof(struct vcpu_info))
		return -EINVAL;
	pg = p2m_get_page(v->domain, gfn, WANT_READ | WANT_WRITE | WANT_OWN);
	if (!pg)
		return -EINVAL;
	rc = vcpu_info_register(v, pg, (unsigned)offset);
	if (rc)
		page_put(pg);
	return rc;
}

void vcpu_unregister_runstate(struct vcpu *v)
{
	vcpu_move_runstate(v, NULL, NULL);
}

int vcpu_register_runstate(struct vcpu *v, gva_t va)
{
	struct page *pg;
	gpa_t gpa;

	if (!va) {
		vcpu_unregister_runstate(v);
		return 0;
	}
	/* Linux keeps it within a page; the ABI wants natural alignment. */
	if ((va & 7) || (va & ~PAGE_MASK) > PAGE_SIZE - sizeof(struct vcpu_runstate_info))
		return -EINVAL;
	if (gva_to_gpa(va, true, &gpa))
		return -EFAULT;
	pg = p2m_get_page(v->domain, gfn_of(gpa), WANT_READ | WANT_WRITE | WANT_OWN);
	if (!pg)
		return -EFAULT;
	vcpu_move_runstate(v, (void *)((char *)page_va(pg) + (gpa & ~PAGE_MASK)), pg);
	return 0;
}
