/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The payloads' runtime: what a test may use. A payload defines guest_main()
 * (Dom0 or bare machine) and, when it starts DomUs, domu_main(). Addresses are
 * guest physical (IPA, mapped 1:1 below 512 GiB) unless called virtual.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "asm.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE_SIZE 4096
#define __page_aligned __attribute__((aligned(PAGE_SIZE)))
#define __printf(a, b) __attribute__((format(printf, a, b)))

/* -- the machine, filled before guest_main() -- */
enum platform { BARE, DOM0, DOMU };

struct machine {
	enum platform platform;
	u64 phys;		/* of the image's first byte */
	u64 ram_base, ram_size; /* bytes; the bank that holds the image */
	int ncpus;
	int gic; /* 2 or 3 */
	u64 gicd, gicc, gicr;
	u64 uart;
	u64 gnttab;		  /* where grant frames may be mapped */
	u64 free_base, free_size; /* guest physical space with nothing in it */
	int evtchn_irq;		  /* INTID of the event upcall */
	char bootargs[256];
};
extern struct machine machine;
extern u64 table_low[512], table_high[512]; /* translation tables, see early.c */

u64 bootarg(const char *name, u64 otherwise); /* the number behind "name=" there */
bool on_oracle(void);			      /* real Xen: for what it is known not to survive */
void guest_main(void);
void domu_main(void);
void __attribute__((noreturn)) guest_exit(void);

static inline u64 virt_to_phys(const void *p)
{
	return (u64)p - KBASE + machine.phys;
}

static inline u64 virt_to_gfn(const void *p)
{
	return virt_to_phys(p) / PAGE_SIZE;
}

/* -- strings and output -- */
void *memcpy(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
void printf(const char *fmt, ...) __printf(1, 2);
void console_init(void);
void console_write(const char *s, size_t n);

/* -- verdicts: "PASS: prefix: name"; counted per payload -- */
void report_prefix(const char *prefix);
bool report(bool cond, const char *fmt, ...) __printf(2, 3);
void report_skip(const char *fmt, ...) __printf(1, 2);
void report_value(u64 value, const char *fmt, ...) __printf(2, 3);
void report_summary(void);

/* -- system registers and barriers -- */
#define read_sysreg(r) \
	({ \
		u64 _v; \
		asm volatile("mrs %0, " #r : "=r"(_v)); \
		_v; \
	})
#define write_sysreg(v, r) asm volatile("msr " #r ", %0" ::"r"((u64)(v)) : "memory")
#define isb() asm volatile("isb" ::: "memory")
#define dsb() asm volatile("dsb sy" ::: "memory")
#define wfi() asm volatile("wfi" ::: "memory")
#define relax() asm volatile("yield" ::: "memory")
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

static inline void irq_enable(void)
{
	asm volatile("msr daifclr, #2" ::: "memory");
}
static inline void irq_disable(void)
{
	asm volatile("msr daifset, #2" ::: "memory");
}
static inline int cpu_id(void)
{
	return (int)read_sysreg(tpidr_el1);
}

static inline u64 ticks(void)
{
	isb();
	return read_sysreg(cntvct_el0);
}

#define DEFINE_MMIO(bits, insn, mod) \
	static inline u##bits mmio_read##bits(u64 a) \
	{ \
		u##bits v; \
		asm volatile("ldr" insn " %" mod "0, [%1]" : "=r"(v) : "r"(a) : "memory"); \
		return v; \
	} \
	static inline void mmio_write##bits(u64 a, u##bits v) \
	{ \
		asm volatile("str" insn " %" mod "0, [%1]" ::"r"(v), "r"(a) : "memory"); \
	}
DEFINE_MMIO(8, "b", "w")
DEFINE_MMIO(16, "h", "w")
DEFINE_MMIO(32, "", "w")
DEFINE_MMIO(64, "", "x")

/* -- traps -- */
struct regs {
	u64 x[31], elr, spsr, esr, far, pad;
};

/* What the last caught fault on this CPU was; n counts them since FAULTS(). */
struct fault {
	bool armed;
	int n;
	u64 esr, far, elr;
};
extern struct fault faults[MAX_CPUS];

/*
 * Number of synchronous exceptions that stmt takes. Each is recorded and its
 * instruction skipped (a failed fetch returns to its caller).
 */
#define FAULTS(stmt) \
	({ \
		struct fault *_f = &faults[cpu_id()]; \
		_f->n = 0; \
		WRITE_ONCE(_f->armed, true); \
		asm volatile("" ::: "memory"); \
		stmt; \
		asm volatile("" ::: "memory"); \
		WRITE_ONCE(_f->armed, false); \
		READ_ONCE(_f->n); \
	})

static inline u32 fault_class(void)
{
	return faults[cpu_id()].esr >> 26;
}

u64 el0_call(void *fn, u64 arg);
u64 el0_enter(u64 address, u64 arg, u64 spsr);
void el0_leave(u64 result, struct regs *r);

/* -- interrupts -- */
#define SPURIOUS 1023
#define TIMER_IRQ 27

void gic_init(void);
void gic_cpu_init(void);
void gic_enable(int irq);
void gic_disable(int irq);
void gic_route(int spi, int cpu);
void gic_sgi(int cpu, int sgi);
u32 gic_ack(void); /* the whole IAR: v2 carries the sender of an SGI */
void gic_eoi(u32 iar);
u64 gic_redist(int cpu); /* GICv3: base of that CPU's redistributor */
extern void (*irq_handler[1024])(u32 iar);

static inline void timer_set(u64 deadline)
{
	write_sysreg(deadline, cntv_cval_el0);
	write_sysreg(1, cntv_ctl_el0);
	isb();
}

static inline void timer_stop(void)
{
	write_sysreg(0, cntv_ctl_el0);
	isb();
}

void delay_us(u64 us);

/* -- CPUs -- */
#define PSCI_VERSION 0x84000000
#define PSCI_CPU_SUSPEND 0xc4000001
#define PSCI_CPU_OFF 0x84000002
#define PSCI_CPU_ON 0xc4000003
#define PSCI_AFFINITY_INFO 0xc4000004
#define PSCI_MIGRATE_INFO_TYPE 0x84000006
#define PSCI_SYSTEM_OFF 0x84000008
#define PSCI_SYSTEM_RESET 0x84000009
#define PSCI_FEATURES 0x8400000a
#define SMCCC_VERSION 0x80000000
#define SMCCC_ARCH_FEATURES 0x80000001

s64 psci(u32 fn, u64 a1, u64 a2, u64 a3);
/* Start CPU `cpu` in fn(cpu) with its GIC interface up, interrupts masked. 0 or PSCI error. */
s64 cpu_start(int cpu, void (*fn)(int cpu));
void cpu_started(void); /* may be overridden: first C on a further CPU, GIC not set up */
void __attribute__((noreturn)) cpu_off(void);
bool cpu_wait_off(int cpu);
bool wait_for(volatile u32 *word, u32 value); /* false after two seconds */

void fdt_read(const void *fdt);

#endif
