// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is not there, alignment, execution of nothing, accesses that the
 * syndrome does not describe: each ends in the guest's own abort of the right
 * class, at the right address, and the guest goes on.
 */
#include "guest.h"

#define UNBACKED 0x7f00000000ul /* beyond any RAM, inside the 1:1 map */

static void check(const char *what, int n, u32 class, u64 far)
{
	struct fault *f = &faults[cpu_id()];

	report(n == 1, "%s: one abort", what);
	report(fault_class() == class, "%s: class %x", what, class);
	report(!far || f->far == far, "%s: its address", what);
	report_value(f->esr & 0x3f, "%s: fault status", what);
	report_value(f->esr >> 6 & 1, "%s: write bit", what);
}

#define BAD_ACCESS(what, insn) \
	check(what, FAULTS(asm volatile(insn ::"r"(at) : "x1", "x2", "memory")), 0x25, at)

static void data(u64 at)
{
	BAD_ACCESS("load byte", "ldrb w1, [%0]");
	BAD_ACCESS("load half", "ldrh w1, [%0]");
	BAD_ACCESS("load word", "ldr w1, [%0]");
	BAD_ACCESS("load signed", "ldrsw x1, [%0]");
	BAD_ACCESS("load double", "ldr x1, [%0]");
	BAD_ACCESS("load pair", "ldp x1, x2, [%0]");
	BAD_ACCESS("load exclusive", "ldxr x1, [%0]");
	BAD_ACCESS("load acquire", "ldar x1, [%0]");
	BAD_ACCESS("store byte", "strb wzr, [%0]");
	BAD_ACCESS("store double", "str xzr, [%0]");
	BAD_ACCESS("store pair", "stp xzr, xzr, [%0]");
	BAD_ACCESS("store release", "stlr xzr, [%0]");
	BAD_ACCESS("zero a line", "dc zva, %0");
}

static void write_back(u64 at)
{
	u64 p = at;

	report(FAULTS(asm volatile("ldr x1, [%0], #8"
				   : "+r"(p)::"x1", "memory")) == 1,
	       "load with write-back aborts once");
	report(p == at, "and does not write back");
}

static void fetch(u64 at)
{
	/* the low map forbids nothing to EL1: the fetch itself must fail */
	int n = FAULTS(((void (*)(void))at)());

	report(n == 1, "fetch from nothing: one abort");
	report(fault_class() == 0x21, "fetch from nothing: instruction abort");
	n = FAULTS(((void (*)(void))(KBASE + 0x2))());
	report(n == 1 && fault_class() == 0x22, "fetch from an odd address: PC alignment");
}

static void alignment(void)
{
	static u64 word[4];
	u64 at = (u64)word + 1, sctlr = read_sysreg(sctlr_el1);

	report(FAULTS(asm volatile("ldr x1, [%0]" ::"r"(at)
				   : "x1")) == 0,
	       "an unaligned load works while A is clear");
	write_sysreg(sctlr | 2, sctlr_el1);
	isb();
	report(FAULTS(asm volatile("ldr x1, [%0]" ::"r"(at)
				   : "x1")) == 1,
	       "and aborts while A is set");
	report((faults[0].esr & 0x3f) == 0x21, "as an alignment fault");
	write_sysreg(sctlr, sctlr_el1);
	isb();
	report(FAULTS(asm volatile("ldaxr x1, [%0]" ::"r"(at)
				   : "x1")) == 1,
	       "an unaligned exclusive aborts");
}

static void stage1(void)
{
	u64 at = 0xffffff0000000000ul; /* outside both halves' 39 bits */

	BAD_ACCESS("not translated", "ldr x1, [%0]");
	asm volatile("at s1e1r, %0; isb" ::"r"(at));
	report(read_sysreg(par_el1) & 1, "AT reports the fault");
	asm volatile("at s1e1r, %0; isb" ::"r"(KBASE));
	report((read_sysreg(par_el1) & 0xfffffff000) == machine.phys,
	       "AT translates our own image");
	/* translates at stage 1, has nothing at stage 2 */
	asm volatile("at s1e1r, %0; isb" ::"r"(UNBACKED));
	report_value(read_sysreg(par_el1) & 1, "AT of unbacked memory faults");
}

static void holes(void)
{
	static const u64 at[] = { 0x0a004000, 0x20000000, 0x3ff00000 };

	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		int n = FAULTS(mmio_read32(at[i]));

		report(n <= 1, "a read at %lx ends", at[i]);
	}
}

/* A table walk through memory that is not there: the walk faults, not the hypervisor. */
static void bad_walk(void)
{
	u64 saved = read_sysreg(ttbr0_el1);
	int n;

	write_sysreg(UNBACKED, ttbr0_el1);
	isb();
	asm volatile("tlbi vmalle1; dsb nsh; isb" ::: "memory");
	n = FAULTS(asm volatile("ldr x1, [%0]" ::"r"(0x40000000ul) : "x1"));
	write_sysreg(saved, ttbr0_el1);
	isb();
	asm volatile("tlbi vmalle1; dsb nsh; isb" ::: "memory");
	report(n == 1 && fault_class() == 0x25, "a walk through nothing aborts");
	report_value(faults[0].esr & 0x3f, "a walk through nothing: fault status");
	report_value(faults[0].esr >> 7 & 1, "a walk through nothing: S1PTW");
}

void guest_main(void)
{
	report_prefix("aborts");
	data(UNBACKED + 0x100);
	write_back(UNBACKED);
	fetch(UNBACKED);
	alignment();
	stage1();
	holes();
	bad_walk();
	report_summary();
}
