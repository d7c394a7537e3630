/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The UART, the log ring that `xl dmesg` reads, and who gets the UART's input (core/console.c).
 * Lines are never interleaved. Log calls on behalf of a guest go through the domain's budget.
 */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H
#include <lib/types.h>

struct domain;

struct uart_ops {		  /* drivers/: the device behind the console */
	void (*putc)(char c);	  /* waits for room, with a bound */
	int (*getc)(void);	  /* -1: nothing */
	void (*irq_enable)(void); /* after the interrupt controller is up */
};

enum log_level { LOG_ERR, LOG_WARN, LOG_INFO, LOG_DEBUG };
void printk_level(enum log_level l, const char *fmt, ...) __printf(2, 3);
#define log_err(...) printk_level(LOG_ERR, __VA_ARGS__)
#define log_warn(...) printk_level(LOG_WARN, __VA_ARGS__)
#define log_info(...) printk_level(LOG_INFO, __VA_ARGS__)
#define log_debug(...) printk_level(LOG_DEBUG, __VA_ARGS__)
/* Plain text without level or prefix. */
void printk(const char *fmt, ...) __printf(1, 2);
/*
 * A guest's doing: prefixed with its domain, limited per domain and second, obeys guest_loglvl.
 * domain/guestlog.c
 */
void log_guest(struct domain *d, enum log_level l, const char *fmt, ...) __printf(3, 4);
/*
 * Says it on the UART whatever state things are in, stops the other CPUs, resets after a while
 * unless noreboot.
 */
__noreturn void panic(const char *fmt, ...) __printf(1, 2);
#define BUG_ON(c) \
	do { \
		if (unlikely(c)) \
			panic("%s:%d: %s", __FILE__, __LINE__, #c); \
	} while (0)

void console_init(const struct uart_ops *ops); /* flushes what was logged before */
/* finds a UART for a panic or stop without console_init(); NULL: no more */
void console_set_fallback(const struct uart_ops *(*find)(void));
/* heap memory for a larger log ring (power of two), what is logged moves there */
void console_use_ring(char *mem, size_t size);
/* boot, after irq_init(): the UART's interrupt (0: none) and the one that stops other CPUs */
void console_irq_init(unsigned uart_irq);
/* called without lock when there is input for Dom0 */
void console_on_input(void (*fn)(void));
/*
 * The log ring has got text: called with whatever locks, IRQs masked. VIRQ_CON_RING follows.
 * boot/boot.c
 */
void console_has_text(void);
void console_start_input(void); /* boot end: input on, goes to Dom0 */
void console_rx(void);		/* UART interrupt: takes all characters */
/* Stops for good, without reset: for what is wrong with the set-up rather than with us. */
__noreturn void console_stop(const char *fmt, ...) __printf(1, 2);
/* console_io for Dom0: raw bytes out; bytes of input in (returns how many). */
void console_dom0_write(const char *s, size_t n);
size_t console_dom0_read(char *buf, size_t n);
/*
 * console_io of a DomU: whole lines, prefixed with its domain, within its log budget.
 * domain/guestlog.c
 */
void console_guest_write(struct domain *d, const char *s, size_t n);
/*
 * Log ring for XEN_SYSCTL_readconsole: copies from *index on (incremental) or from the oldest byte;
 * returns bytes copied and moves *index.
 */
size_t console_ring_read(char *buf, size_t n, u32 *index, bool incremental);
void console_ring_clear(void);
/*
 * How far the output of a debug key has got, for it is printed in pieces with interrupts let in
 * between. All zero: at its beginning.
 */
struct key_at {
	u32 key; /* core/console.c's */
	u32 domain, item;
};
/* Prints a piece ('h' lists the keys); false: there was nothing left. */
bool debug_key(char key, struct key_at *at);
/*
 * Subsystems add theirs at boot: a function that prints a piece in bounded time. If there is more,
 * it has moved at->domain or at->item and returns true.
 */
typedef bool debug_key_fn(struct key_at *at);
void debug_key_add(char key, const char *what, debug_key_fn *fn);
/* How many levels are shown, from none (0) to all (4). Guests' up to `always` cost no budget. */
extern unsigned log_shown, guest_log_shown, guest_log_always;
#endif
