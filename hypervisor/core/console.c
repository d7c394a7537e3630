// SPDX-License-Identifier: GPL-2.0-only
/*
 * The console: the UART's output and input and the log ring. One lock (RANK_CONSOLE, taken last of
 * all) covers all of it and is held for a whole message, so lines do not mix. A panic takes it by
 * force. Input goes to Dom0 or to the debug keys; three times Ctrl-A changes that. Domains' budgets
 * are domain/guestlog.c's.
 */
#include <arm/gic.h>
#include <core/cmdline.h>
#include <core/console.h>
#include <core/cpu.h>
#include <core/irq.h>
#include <core/timer.h>
#include <lib/string.h>

#define RX_SIZE 512	/* power of two */
#define MAX_TYPED 16	/* debug keys that wait for their turn */
#define PAUSE_NS 100000 /* between two pieces of what a typed key prints */
#define LINE_MAX 256	/* longest message */

static struct lock console_lock = LOCK_INIT(RANK_CONSOLE);
static bool forced; /* a panic goes on without the lock */
static const struct uart_ops *uart;
static const struct uart_ops *(*fallback)(void);

unsigned log_shown = CONFIG_LOG_LEVEL;
unsigned guest_log_shown = 2, guest_log_always;

/* The log: bytes oldest .. newest, both counting on for ever; byte n is at n mod size. */
static char first_ring[CONFIG_CONRING_KB * 1024];
_Static_assert((sizeof(first_ring) & (sizeof(first_ring) - 1)) == 0,
	       "CONFIG_CONRING_KB is no power of two");
static char *ring = first_ring;
static u32 ring_size = sizeof(first_ring);
static u32 ring_newest, ring_oldest;

static char rx[RX_SIZE];
static u32 rx_in, rx_out;
static bool input_started, input_here; /* here: to the debug keys */
static unsigned switch_count;
static char typed[MAX_TYPED]; /* on the CPU with the UART's interrupt only, as the next three */
static unsigned typed_in, typed_out;
static struct key_at typed_at;
static struct timer typed_timer;
static void (*on_input)(void);

static void console_lock_take(void)
{
	if (likely(!READ_ONCE(forced)))
		lock(&console_lock);
}

static void console_lock_give(void)
{
	if (likely(!READ_ONCE(forced)))
		unlock(&console_lock);
}

static void to_uart(const char *s, size_t n)
{
	if (!uart)
		return;
	for (; n; n--, s++) {
		if (*s == '\n')
			uart->putc('\r');
		uart->putc(*s);
	}
}

static void to_ring(const char *s, size_t n)
{
	for (; n; n--)
		ring[ring_newest++ & (ring_size - 1)] = *s++;
	if (ring_newest - ring_oldest > ring_size)
		ring_oldest = ring_newest - ring_size;
}

static void write(const char *s, size_t n, bool also_ring)
{
	console_lock_take();
	if (also_ring)
		to_ring(s, n);
	to_uart(s, n);
	console_lock_give();
	if (also_ring)
		console_has_text();
}

static void emit(const char *s, size_t n)
{
	write(s, n, true);
}

static __printf(3, 0) void emit_formatted(const char *prefix, bool newline, const char *fmt,
					  va_list ap)
{
	char line[LINE_MAX];
	size_t at = strlen(prefix);
	int n;

	memcpy(line, prefix, at);
	n = vsnprintf(line + at, sizeof(line) - at - 1, fmt, ap);
	at = n < 0 ? at : min(at + (size_t)n, sizeof(line) - 2);
	if (newline && line[at - 1] != '\n')
		line[at++] = '\n';
	emit(line, at);
}

void printk_level(enum log_level l, const char *fmt, ...)
{
	va_list ap;

	if ((unsigned)l >= log_shown)
		return;
	va_start(ap, fmt);
	emit_formatted("(XEN) ", true, fmt, ap);
	va_end(ap);
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_formatted("", false, fmt, ap);
	va_end(ap);
}

/* --- set-up --- */

void console_init(const struct uart_ops *ops)
{
	console_lock_take();
	uart = ops;
	for (u32 i = ring_oldest; i != ring_newest; i++)
		to_uart(&ring[i & (ring_size - 1)], 1);
	console_lock_give();
}

void console_set_fallback(const struct uart_ops *(*find)(void))
{
	fallback = find;
}

void console_use_ring(char *mem, size_t size)
{
	u32 from;

	console_lock_take();
	from = ring_newest - ring_oldest > size ? ring_newest - (u32)size : ring_oldest;
	ring_oldest = from;
	for (; from != ring_newest; from++)
		mem[from & (size - 1)] = ring[from & (ring_size - 1)];
	ring = mem;
	ring_size = (u32)size;
	console_lock_give();
}

void console_on_input(void (*fn)(void))
{
	on_input = fn;
}

/* --- the log ring, for tools --- */

size_t console_ring_read(char *buf, size_t n, u32 *index, bool incremental)
{
	size_t done = 0;
	u32 at;

	console_lock_take();
	at = incremental ? *index : ring_oldest;
	/* An index of before a clear or an overrun; or nonsense, which gets the oldest, too. */
	if (at - ring_oldest > ring_newest - ring_oldest)
		at = ring_oldest;
	for (; done < n && at != ring_newest; at++)
		buf[done++] = ring[at & (ring_size - 1)];
	*index = at;
	console_lock_give();
	return done;
}

void console_ring_clear(void)
{
	console_lock_take();
	ring_oldest = ring_newest;
	console_lock_give();
}

/* --- Dom0's console --- */

void console_dom0_write(const char *s, size_t n)
{
	write(s, n, opts.console_to_ring);
}

size_t console_dom0_read(char *buf, size_t n)
{
	size_t done = 0;

	console_lock_take();
	while (done < n && rx_out != rx_in)
		buf[done++] = rx[rx_out++ % RX_SIZE];
	console_lock_give();
	return done;
}

static void say_input(void)
{
	static const char text[] = " (type 'CTRL-a' three times to switch input)";

	if (opts.conswitch)
		log_err("*** Serial input to %s%s\n", input_here ? "Hospes" : "DOM0",
			opts.conswitch == 'a' ? text : "");
}

static void print_typed(struct timer *t)
{
	if (!debug_key(typed[typed_out % MAX_TYPED], &typed_at)) {
		typed_at = (struct key_at){ 0 };
		typed_out++;
	}
	if (typed_out != typed_in)
		timer_set(t, ticks_now() + ns_to_ticks(PAUSE_NS));
}

/* Returns whether Dom0 has something new to read. */
static bool take_char(char c)
{
	if (input_here) {
		if (typed_in - typed_out < MAX_TYPED)
			typed[typed_in++ % MAX_TYPED] = c;
		timer_set(&typed_timer, ticks_now());
		return false;
	}
	console_lock_take();
	if (rx_in - rx_out < RX_SIZE)
		rx[rx_in++ % RX_SIZE] = c;
	console_lock_give();
	return true;
}

/* Fewer than three switch characters in a row were meant for whoever gets the input. */
static bool rx_char(char c)
{
	char code = opts.conswitch ? (char)(opts.conswitch - 'a' + 1) : 0;
	bool news = false;

	if (code && c == code) {
		if (++switch_count == 3) {
			switch_count = 0;
			input_here = !input_here;
			say_input();
		}
		return false;
	}
	for (; switch_count; switch_count--)
		news |= take_char(code);
	return take_char(c) || news;
}

void console_rx(void)
{
	bool news = false;
	int c;

	if (!uart)
		return;
	/* One FIFO at a time: a sender that never stops must not keep this CPU. */
	for (unsigned i = 0; i < 64 && (c = uart->getc()) >= 0; i++)
		if (input_started)
			news |= rx_char((char)c);
	if (news && on_input)
		on_input();
}

void console_start_input(void)
{
	timer_setup(&typed_timer, print_typed);
	input_here = opts.conswitch_stay;
	input_started = true;
	say_input();
	if (uart && uart->irq_enable)
		uart->irq_enable();
}

static void rx_interrupt(unsigned irq)
{
	console_rx();
}

static __noreturn void halt(void)
{
	for (;;)
		wfi();
}

static __noreturn void stop_interrupt(unsigned irq)
{
	halt();
}

void __init console_irq_init(unsigned uart_irq)
{
	if (irq_request(SGI_STOP, stop_interrupt) ||
	    (uart_irq && irq_request(uart_irq, rx_interrupt)))
		log_err("Console: interrupt %u cannot be had: no input\n", uart_irq);
}

/* --- debug keys --- */

static bool help(struct key_at *at);
static bool reboot(struct key_at *at);

static struct {
	char key;
	const char *what;
	debug_key_fn *fn;
} keys[24] = {
	{ 'h', "show this message", help },
	{ 'R', "reboot machine", reboot },
};
static unsigned nr_keys = 2;

void debug_key_add(char key, const char *what, debug_key_fn *fn)
{
	if (nr_keys == ARRAY_SIZE(keys)) {
		log_err("debug key '%c': no room\n", key);
		return;
	}
	keys[nr_keys].key = key;
	keys[nr_keys].what = what;
	keys[nr_keys++].fn = fn;
}

static bool help(struct key_at *at)
{
	u32 i = at->item++;

	if (!i)
		printk(" key '*' (ascii '2a') => print all diagnostics\n");
	if (i < nr_keys)
		printk(" key '%c' (ascii '%02x') => %s\n", keys[i].key, keys[i].key, keys[i].what);
	return i < nr_keys;
}

static bool reboot(struct key_at *at)
{
	machine_reset();
}

/* '*' is all that were added. */
static bool means(char key, unsigned i)
{
	return keys[i].key == key || (key == '*' && keys[i].fn != help && keys[i].fn != reboot);
}

bool debug_key(char key, struct key_at *at)
{
	while (at->key < nr_keys && !means(key, at->key))
		at->key++;
	if (at->key >= nr_keys)
		return false;
	if (!at->domain && !at->item)
		printk("'%c' pressed -> %s\n", keys[at->key].key, keys[at->key].what);
	if (!keys[at->key].fn(at))
		*at = (struct key_at){ .key = at->key + 1 };
	return true;
}

/* --- the end --- */

/* The lock may be held by a CPU that will never give it back, this one included. */
static void seize_console(void)
{
	for (unsigned i = 0; i < 100000; i++) {
		if (try_lock(&console_lock)) {
			unlock(&console_lock);
			break;
		}
		cpu_relax();
	}
	WRITE_ONCE(forced, true);
	if (!uart && fallback) {
		uart = fallback();
		for (u32 i = ring_oldest; i != ring_newest; i++)
			to_uart(&ring[i & (ring_size - 1)], 1);
	}
}

void panic(const char *fmt, ...)
{
	static u32 entered;
	u64 until;
	va_list ap;

	if (__atomic_exchange_n(&entered, 1, __ATOMIC_SEQ_CST))
		halt();
	seize_console();
	printk("\n(XEN) ****************************************\n(XEN) Panic on CPU %u:\n",
	       this_cpu() ? this_cpu()->id : 0);
	va_start(ap, fmt);
	emit_formatted("(XEN) ", true, fmt, ap);
	va_end(ap);
	printk("(XEN) ****************************************\n");
	if (gic)
		for_each_cpu (c)
			if (c != this_cpu() && c->online)
				gic_send_sgi(c, SGI_STOP);
	if (opts.noreboot) {
		printk("\n(XEN) Manual reset required ('noreboot' specified)\n");
		halt();
	}
	printk("\n(XEN) Reboot in five seconds...\n");
	until = ticks_now() + 5 * timer_hz;
	while (timer_hz && ticks_now() < until)
		cpu_relax();
	machine_reset();
}

void console_stop(const char *fmt, ...)
{
	va_list ap;

	seize_console();
	va_start(ap, fmt);
	emit_formatted("(XEN) Hospes cannot start: ", true, fmt, ap);
	va_end(ap);
	printk("(XEN) Stopped.\n");
	halt();
}
