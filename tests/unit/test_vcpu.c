// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's state between memory and the registers of a CPU: two vCPUs that take turns, FP registers
 * by whoever uses them, areas that a guest registers.
 */
#include <arm/cpu.h>
#include <domain/domain.h>
#include <lib/errno.h>
#include <lib/string.h>
#include "harness.h"

struct cpu cpus[MAX_CPUS];
_Thread_local struct cpu *fake_cpu = &cpus[0];
_Thread_local bool fake_irq_pending;
u64 fake_ticks;
bool cpu_has_ras, cpu_has_sme, cpu_has_hidden;

/* --- what vCPUs are made of elsewhere; the order of loads and unloads is checked here --- */

static struct vcpu records[4];
static unsigned nr_records, freed, woken, polls_ended, scheduled;
static struct vcpu *vgic_in, *vtimer_in;
static u64 fp_registers;

void *xzalloc(size_t n)
{
	CHECK_EQ(n, sizeof(struct vcpu));
	return nr_records < ARRAY_SIZE(records) ? memset(&records[nr_records++], 0, n) : NULL;
}
void xfree(void *p)
{
	freed += p != NULL;
}
void sched_init_vcpu(struct vcpu *v)
{
	scheduled++;
}
void sched_destroy_vcpu(struct vcpu *v)
{
	scheduled--;
}
void shared_info_init_vcpu(struct vcpu *v)
{
}
void vgic_reset_vcpu(struct vcpu *v)
{
}
void vtimer_init_vcpu(struct vcpu *v)
{
}
void vtimer_destroy_vcpu(struct vcpu *v)
{
}
void vtimer_reset(struct vcpu *v)
{
}
void timer_setup(struct timer *t, void (*fn)(struct timer *))
{
	t->fn = fn;
}
void timer_retire(struct timer *t)
{
	t->fn = NULL;
}
void evtchn_upcall_again(struct vcpu *v)
{
}
void evtchn_poll_end(struct vcpu *v)
{
	polls_ended += v->id + 1;
}
bool vcpu_wake(struct vcpu *v)
{
	woken += v->id + 1;
	return true;
}
void p2m_load(struct domain *d)
{
	fake_regs.vttbr_el2 = d->vttbr;
}
void vgic_load(struct vcpu *v)
{
	CHECK(!vgic_in);
	vgic_in = v;
}
void vgic_unload(struct vcpu *v)
{
	CHECK(vgic_in == v);
	vgic_in = NULL;
}
void vtimer_load(struct vcpu *v)
{
	CHECK(!vtimer_in);
	vtimer_in = v;
}
void vtimer_unload(struct vcpu *v)
{
	CHECK(vtimer_in == v);
	vtimer_in = NULL;
}
void fp_save(struct fp_state *fp);
void fp_load(const struct fp_state *fp);
void fp_save(struct fp_state *fp)
{
	CHECK(!(fake_regs.cptr_el2 & BIT(10)));
	fp->q[0] = fp_registers;
}
void fp_load(const struct fp_state *fp)
{
	CHECK(!(fake_regs.cptr_el2 & BIT(10)));
	fp_registers = fp->q[0];
}

static struct page page;
struct ledger ledger;
static char frame[PAGE_SIZE] __aligned(PAGE_SIZE);
static bool page_there, translates, slot_taken;
static struct vcpu_runstate_info *area;
static struct page *area_page;

struct page *p2m_get_page(struct domain *d, gfn_t gfn, unsigned want)
{
	CHECK_EQ(want, WANT_READ | WANT_WRITE | WANT_OWN);
	if (!page_there || gfn.n != 7)
		return NULL;
	page.refs++;
	return &page;
}
static unsigned refs(void)
{
	return page.refs - 1;
} /* one is the domain's */
void page_release(struct page *pg)
{
	host_panic("one reference too few");
}
int vcpu_info_register(struct vcpu *v, struct page *pg, unsigned offset)
{
	return slot_taken ? -EINVAL : 0;
}
void vcpu_move_runstate(struct vcpu *v, struct vcpu_runstate_info *a, struct page *pg)
{
	if (area_page)
		page_put(area_page);
	area = a;
	area_page = pg;
}
int gva_to_gpa(gva_t va, bool write, gpa_t *gpa)
{
	CHECK(write);
	*gpa = 7 * PAGE_SIZE + va % PAGE_SIZE;
	return translates ? 0 : -EFAULT;
}

static struct domain doms[2];
static struct vcpu *a, *b;

static void start(bool aarch32)
{
	memset(doms, 0, sizeof(doms));
	memset(&fake_regs, 0, sizeof(fake_regs));
	memset(cpus, 0, sizeof(cpus));
	for (unsigned i = 0; i < 2; i++) {
		doms[i].vttbr = 0x1000 * (i + 1);
		doms[i].cntvoff = 77 * (i + 1);
		doms[i].aarch32 = aarch32;
	}
	fake_regs.hcr_el2 = BIT(0) | HCR_RW | HCR_VSE;
	fake_regs.cptr_el2 = BIT(10); /* nobody has FP */
	nr_records = 0;
	a = vcpu_alloc(&doms[0], 3);
	b = vcpu_alloc(&doms[1], 0x15);
}

static void test_made(void)
{
	start(false);
	CHECK(a->down && !a->pause_count && a->vmpidr == (BIT(31) | 3) &&
	      b->vmpidr == (BIT(31) | 0x105));
	CHECK(a->pstate == 0x3c5 && a->el1.sctlr_el1 == 0x30d00800 && !a->pc);
	CHECK_EQ(a->hcr, BIT(0) | HCR_RW | HCR_TID3); /* no SError of another's */
	a->poll_timer.fn(&a->poll_timer);
	CHECK(woken == 4 && polls_ended == 4);
	/* Reset: nothing is left of what it was. */
	memset(a->x, 0xee, sizeof(a->x));
	memset(&a->el1, 0xee, sizeof(a->el1));
	memset(&a->fp, 0xee, sizeof(a->fp));
	a->blocked = a->fp_used = true;
	a->fp_cpu = fake_cpu;
	vcpu_reset(a);
	b->vmpidr = a->vmpidr;
	CHECK(!memcmp(a->x, b->x, sizeof(a->x)) && !memcmp(&a->el1, &b->el1, sizeof(a->el1)) &&
	      !memcmp(&a->fp, &b->fp, sizeof(a->fp)));
	CHECK(!a->blocked && !a->fp_used && !a->fp_cpu);
	start(true);
	CHECK(a->pstate == 0x1d3 && a->el1.sctlr_el1 == 0x00c50078 && a->hcr == BIT(0));
	doms[0].paused_by_tool = 2;
	CHECK_EQ(vcpu_alloc(&doms[0], 0)->pause_count, 2);
	CHECK(vcpu_alloc(&doms[0], 1) && !vcpu_alloc(&doms[0], 2));
	a->down = false;
	vcpu_retire(a);
	CHECK(a->down && !a->poll_timer.fn);
	vcpu_free(a);
	vcpu_free(NULL);
	CHECK_EQ(freed, 1);
}

/*
 * What a guest wrote to its registers is there when it is loaded again, and not before; and the
 * CPU's own are as for whoever is loaded.
 */
static void turns(bool aarch32, bool hidden)
{
	struct vcpu *v[2];
	u64 mine[2][64] = { { 0 } };

	start(aarch32);
	cpu_has_ras = cpu_has_sme = cpu_has_hidden = hidden;
	v[0] = a, v[1] = b;
	for (unsigned round = 0; round < 200; round++) {
		unsigned i = host_random() % 2, n = 0;

		vcpu_load(v[i]);
		CHECK(v[i]->loaded_on == fake_cpu && fake_cpu->loaded == v[i] && vgic_in == v[i] &&
		      vtimer_in == v[i]);
		CHECK(fake_regs.vttbr_el2 == doms[i].vttbr &&
		      fake_regs.cntvoff_el2 == doms[i].cntvoff &&
		      fake_regs.vmpidr_el2 == v[i]->vmpidr);
		CHECK(fake_regs.hcr_el2 == v[i]->hcr && fake_regs.cptr_el2 >> 10 & 1);
#define X(field, reg) \
	if (mine[i][n]) \
		CHECK_EQ(fake_regs.reg, mine[i][n]); \
	fake_regs.reg = mine[i][n++] = BIT(40) | host_random();
		EL1_REGS(BOTH)
		if (aarch32) {
			EL1_REGS_32(X)
		}
		if (hidden) {
			EL1_REGS_RAS(X)
			EL1_REGS_SME(X)
		}
#undef X
		if (host_random() % 2)
			fake_regs.hcr_el2 ^= HCR_VSE; /* taken by the guest, or for it */
		mine[i][63] = fake_regs.hcr_el2;
		vcpu_unload(v[i]);
		CHECK(!v[i]->loaded_on && !vgic_in && !vtimer_in && v[i]->hcr == mine[i][63]);
	}
	cpu_has_ras = cpu_has_sme = cpu_has_hidden = false;
}

static void test_turns(void)
{
	turns(false, false);
	turns(true, false);
	turns(false, true);
}

/* FP registers of whom they may: one or the other of two vCPUs on two CPUs, using them or not. */
static void test_fp(void)
{
	u64 mine[2] = { 0, 0 }, held[2] = { 0, 0 };
	unsigned kept = 0, trapped = 0;
	struct vcpu *v[2];

	start(false);
	v[0] = a, v[1] = b;
	for (unsigned round = 0; round < 4000; round++) {
		unsigned i = host_random() % 2, c = host_random() % 8 == 0;

		fake_cpu = &cpus[c];
		fp_registers = held[c];
		vcpu_load(v[i]);
		CHECK_EQ(v[i]->fp_used, !(fake_regs.cptr_el2 >> 10 & 1));
		kept += v[i]->fp_used;
		if (host_random() % 2) {
			if (!v[i]->fp_used) {
				vcpu_fp_trap(v[i]);
				trapped++;
			}
			CHECK(!(fake_regs.cptr_el2 >> 10 & 1));
			CHECK_EQ(fp_registers, mine[i]);
			fp_registers = mine[i] = round + 1;
		}
		vcpu_unload(v[i]);
		held[c] = fp_registers;
	}
	fake_cpu = &cpus[0];
	CHECK(kept > 500 && trapped > 500);
}

static void test_areas(void)
{
	static const u64 wrong[] = { 4, PAGE_SIZE - 8,
				     PAGE_SIZE - sizeof(struct vcpu_runstate_info) + 8 };
	u64 last = PAGE_SIZE - sizeof(struct vcpu_runstate_info), base = 0xffff000000000000;

	start(false);
	ledger = (struct ledger){ &page, (u64)frame >> PAGE_SHIFT, 1 };
	page.refs = 1;
	CHECK_EQ(vcpu_register_info(a, GFN(7), 0), -EINVAL);
	page_there = true;
	CHECK_EQ(vcpu_register_info(a, GFN(7), PAGE_SIZE - sizeof(struct vcpu_info) + 1), -EINVAL);
	CHECK_EQ(refs(), 0);
	slot_taken = true;
	CHECK_EQ(vcpu_register_info(a, GFN(7), 0), -EINVAL);
	CHECK_EQ(refs(), 0);
	slot_taken = false;
	CHECK_EQ(vcpu_register_info(a, GFN(7), PAGE_SIZE - sizeof(struct vcpu_info)), 0);
	CHECK_EQ(refs(), 1);
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK_EQ(vcpu_register_runstate(a, base + wrong[i]), -EINVAL);
	CHECK_EQ(vcpu_register_runstate(a, base + last), -EFAULT);
	translates = true;
	page_there = false;
	CHECK_EQ(vcpu_register_runstate(a, base + last), -EFAULT);
	CHECK(refs() == 1 && !area);
	page_there = true;
	CHECK_EQ(vcpu_register_runstate(a, base + last), 0);
	CHECK(refs() == 2 && (char *)area == frame + last && area_page == &page);
	CHECK_EQ(vcpu_register_runstate(a, 0), 0);
	CHECK(refs() == 1 && !area);
}

int main(void);
int main(void)
{
	static const struct test tests[] = {
		{ "made and reset", test_made },
		{ "two take turns", test_turns },
		{ "FP registers", test_fp },
		{ "areas that a guest registers", test_areas },
	};

	return run_tests("vcpu", tests, ARRAY_SIZE(tests));
}
