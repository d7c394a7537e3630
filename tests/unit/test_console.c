// SPDX-License-Identifier: GPL-2.0-only
/*
 * The console: the log ring against a list of all that was written, levels, lines too long, who
 * gets the UART's input, debug keys.
 */
#include <arm/gic.h>
#include <core/cmdline.h>
#include <core/console.h>
#include <core/cpu.h>
#include <core/irq.h>
#include <lib/string.h>
#include "harness.h"

char *strstr(const char *s, const char *what);

struct cpu cpus[MAX_CPUS];
unsigned cpu_count = 1;
_Thread_local struct cpu *fake_cpu = &cpus[0];
_Thread_local bool fake_irq_pending;
u64 fake_ticks, timer_hz;
struct options opts = { .conswitch = 'a' };
const struct gic_ops *gic;

static irq_handler *handler_of[64];
int irq_request(unsigned irq, irq_handler *fn)
{
	handler_of[irq] = fn;
	return 0;
}
/* The end is a thread's. */
static unsigned resets, halts;
void machine_reset(void)
{
	resets++;
	host_exit();
}
void host_wait(void)
{
	halts++;
	host_exit();
}

static struct timer *armed;
void timer_setup(struct timer *t, void (*fn)(struct timer *))
{
	t->fn = fn;
}
void timer_set(struct timer *t, u64 deadline)
{
	armed = t;
}
u64 ns_to_ticks(u64 ns)
{
	return ns;
}

/* --- the UART --- */

static char out[1 << 16], in[1024];
static unsigned nr_out, nr_in, read_in, enables, news;

static bool putc_fails;
static void uart_putc(char c)
{
	if (putc_fails) {
		putc_fails = false;
		panic("at %u", 7);
	}
	out[nr_out++ % sizeof(out)] = c;
}
static int uart_getc(void)
{
	return read_in < nr_in ? (u8)in[read_in++] : -1;
}
static void uart_irq_enable(void)
{
	enables++;
}
static const struct uart_ops uart_ops = { uart_putc, uart_getc, uart_irq_enable };
static void on_news(void)
{
	news++;
}
static unsigned texts;
void console_has_text(void)
{
	texts++;
}

static bool out_is(const char *s)
{
	bool same = strlen(s) == nr_out && !memcmp(out, s, nr_out);

	nr_out = 0;
	return same;
}

static void type(const char *s)
{
	nr_in = read_in = 0;
	while (*s)
		in[nr_in++] = *s++;
	while (read_in < nr_in)
		handler_of[33](33);
	for (struct timer *t; (t = armed);) {
		armed = NULL;
		t->fn(t);
	}
}

static void print_key(char key)
{
	struct key_at at = { 0 };

	while (debug_key(key, &at))
		;
}

static bool dom0_reads(const char *s)
{
	char buf[600];
	size_t n = console_dom0_read(buf, sizeof(buf));

	return n == strlen(s) && !memcmp(buf, s, n);
}

/* --- the log --- */

static void test_early(void)
{
	u32 index = 0;
	char buf[64];

	printk("one\n");
	log_err("%s %u", "two", 2);
	CHECK_EQ(nr_out, 0);
	console_init(&uart_ops); /* now it says all */
	CHECK(out_is("one\r\n(XEN) two 2\r\n"));
	printk("three");
	CHECK(out_is("three"));
	CHECK_EQ(console_ring_read(buf, sizeof(buf), &index, false), 4 + 12 + 5);
	CHECK(!memcmp(buf, "one\n(XEN) two 2\nthree", 21));
	CHECK_EQ(index, 21);
	CHECK_EQ(console_ring_read(buf, sizeof(buf), &index, true), 0);
	console_ring_clear();
	CHECK_EQ(console_ring_read(buf, sizeof(buf), &index, false), 0);
}

static void test_levels(void)
{
	for (log_shown = 0; log_shown <= 4; log_shown++) {
		printk_level(LOG_ERR, "a");
		printk_level(LOG_WARN, "b\n");
		printk_level(LOG_INFO, "c");
		printk_level(LOG_DEBUG, "d");
		CHECK_EQ(nr_out, 9 * log_shown);
		CHECK(!memcmp(out, "(XEN) a\r\n(XEN) b\r\n(XEN) c\r\n(XEN) d\r\n", nr_out));
		nr_out = 0;
	}
	log_shown = 4;
}

/* A line is cut, never what follows it. */
static void test_long_lines(void)
{
	char text[600];

	for (unsigned n = 200; n < 599; n++) {
		unsigned shown = min(n, 254U - 6);

		memset(text, 'x', n);
		text[n] = 0;
		nr_out = 0;
		log_err("%s", text);
		CHECK(nr_out >= 8 && !memcmp(out, "(XEN) x", 7));
		CHECK(nr_out - 8 == shown || nr_out - 8 == shown - 1);
		CHECK(out[nr_out - 3] == 'x' && out[nr_out - 2] == '\r' && out[nr_out - 1] == '\n');
		nr_out = 0;
		printk("%s", text);
		CHECK(nr_out == min(n, 253U) || nr_out == min(n, 254U));
	}
	nr_out = 0;
}

/* Everything that was ever written, as long as there is room for it here. */
static char written[1 << 20];
static u32 nr_written, size_of_ring, cleared;

static void add(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		written[nr_written + i] = (char)('a' + host_random() % 26);
	console_dom0_write(written + nr_written, n);
	nr_written += n;
}

static void check_ring(u32 *index, bool incremental, u32 base)
{
	static char buf[1 << 16];
	u32 oldest = max(cleared, nr_written > size_of_ring ? nr_written - size_of_ring : 0),
	    want = 1 + host_random() % 5000;
	u32 from = incremental && *index - base >= oldest && *index - base <= nr_written
			   ? *index - base
			   : oldest;
	size_t n = console_ring_read(buf, want, index, incremental);

	CHECK_EQ(n, min(want, nr_written - from));
	CHECK(!memcmp(buf, written + from, n));
	CHECK_EQ(*index - base, from + n);
}

static void test_ring(void)
{
	static char larger[1 << 16];
	u32 index = 0, base;

	size_of_ring = CONFIG_CONRING_KB * 1024;
	opts.console_to_ring = true;
	console_ring_clear();
	console_ring_read(larger, 1, &index, false);
	base = index;
	for (unsigned round = 0; round < 1500; round++) {
		add(host_random() % (round % 100 ? 500 : size_of_ring + 500));
		if (!(host_random() % 50))
			index = host_random(); /* nonsense gets the oldest */
		check_ring(&index, host_random() % 4, base);
		if (!(host_random() % 100)) {
			console_ring_clear();
			cleared = nr_written;
		}
		if (round == 700) {
			u32 kept = min(nr_written - cleared, size_of_ring);

			cleared = nr_written - kept; /* what is gone stays gone */
			console_use_ring(larger, sizeof(larger));
			size_of_ring = sizeof(larger);
		}
		if (nr_written > sizeof(written) - (1 << 17))
			break;
	}
	CHECK(nr_written > 4 * size_of_ring);
	opts.console_to_ring = false;
	index = base + nr_written;
	nr_out = 0;
	texts = 0;
	console_dom0_write("only the UART\n", 14);
	CHECK(out_is("only the UART\r\n") && !texts);
	CHECK_EQ(console_ring_read(larger, 1, &index, true), 0);
	/* Whoever reads the ring is told of each message in it, when it can be read. */
	log_err("one\n");
	opts.console_to_ring = true;
	console_dom0_write("two\n", 4);
	opts.console_to_ring = false;
	CHECK_EQ(texts, 2);
}

/* --- input --- */

static unsigned key_x, key_y;
/* in two pieces */
static bool pressed_x(struct key_at *at)
{
	key_x += at->item;
	return !at->item++;
}
static bool pressed_y(struct key_at *at)
{
	key_y++;
	return false;
}

static void test_input(void)
{
	char many[700];

	console_irq_init(33);
	console_on_input(on_news);
	debug_key_add('x', "count", pressed_x);
	type("lost"); /* nobody has asked yet */
	CHECK(dom0_reads("") && !news);
	nr_out = 0;
	console_start_input();
	CHECK(enables == 1 && out_is("(XEN) *** Serial input to DOM0 (type 'CTRL-a' three times to "
				     "switch input)\r\n"));
	type("hello");
	CHECK(news && dom0_reads("hello") && dom0_reads(""));
	/* Fewer than three are Dom0's. */
	type("a\1b\1\1c");
	CHECK(dom0_reads("a\1b\1\1c"));
	type("\1\1");
	CHECK(dom0_reads(""));
	nr_out = 0;
	type("\1");
	CHECK(out_is("(XEN) *** Serial input to Hospes (type 'CTRL-a' three times to switch "
		     "input)\r\n"));
	news = 0;
	type("x\1x");
	CHECK(key_x == 2 && !news && dom0_reads(""));
	type("\1\1\1x");
	CHECK(key_x == 2 && dom0_reads("x"));
	/* What does not fit is lost, not what was there. */
	for (unsigned i = 0; i < 699; i++)
		many[i] = (char)('0' + i % 10);
	many[699] = 0;
	type(many);
	many[512] = 0;
	CHECK(dom0_reads(many));
	opts.conswitch = 0;
	type("\1\1\1x");
	CHECK(dom0_reads("\1\1\1x") && key_x == 2);
	opts.conswitch = 'b';
	opts.conswitch_stay = true;
	nr_out = 0;
	console_start_input();
	CHECK(out_is("(XEN) *** Serial input to Hospes\r\n"));
	type("x\2\2\2x");
	CHECK(key_x == 3 && dom0_reads("x"));
}

static void test_keys(void)
{
	key_x = key_y = 0;
	debug_key_add('y', "count, too", pressed_y);
	nr_out = 0;
	print_key('y');
	CHECK(key_y == 1 && !key_x && out_is("'y' pressed -> count, too\r\n"));
	print_key('*');
	CHECK(key_y == 2 && key_x == 1);
	nr_out = 0;
	print_key('?');
	CHECK_EQ(nr_out, 0);
	print_key('h');
	out[nr_out] = 0;
	CHECK(nr_out > 100 && strncmp(out, "'h' pressed", 11) == 0 && key_y == 2);
	for (unsigned i = 0; i < 40; i++) {
		nr_out = 0;
		debug_key_add('z', "one of many", pressed_y);
	}
	CHECK(out_is("(XEN) debug key 'z': no room\r\n"));
	print_key('z');
	CHECK_EQ(key_y, 2 + 20);
}

static unsigned stopped; /* bit per CPU */
static void send_sgi(const struct cpu *c, unsigned sgi)
{
	CHECK_EQ(sgi, SGI_STOP);
	stopped |= 1U << c->id;
}
static const struct gic_ops gic_ops = { .send_sgi = send_sgi };

static void says_something(unsigned thread)
{
	printk("hello\n");
}
static void panics(unsigned thread)
{
	panic("again");
}
static void stops(unsigned thread)
{
	console_stop("no %s", "memory");
}
static void is_stopped(unsigned thread)
{
	handler_of[SGI_STOP](SGI_STOP);
}
static const struct uart_ops *find_uart(void)
{
	return &uart_ops;
}

static bool out_has(const char *s)
{
	out[nr_out] = 0;
	return strstr(out, s);
}

/*
 * A panic while the console is locked, by the CPU that panics, too: it is said, the others are
 * stopped, the machine is reset after five seconds. One within it says nothing.
 */
static void test_end(void)
{
	u64 from = fake_ticks;

	console_ring_clear();
	timer_hz = 10;
	gic = &gic_ops;
	cpu_count = 3;
	for (unsigned i = 0; i < 3; i++)
		cpus[i] = (struct cpu){ .id = i, .online = i < 2 };
	nr_out = 0;
	putc_fails = true;
	host_run(1, says_something);
	CHECK(out_has("Panic on CPU 0:\r\n(XEN) at 7\r\n") && out_has("Reboot in five seconds"));
	CHECK(resets == 1 && !halts && stopped == 2 && fake_ticks - from >= 50);
	nr_out = 0;
	host_run(1, panics);
	CHECK(halts == 1 && resets == 1 && !nr_out);
	host_run(1, is_stopped);
	CHECK_EQ(halts, 2);
	/* Before there is a console, whatever can be found is one. */
	console_init(NULL);
	console_set_fallback(find_uart);
	nr_out = 0;
	host_run(1, stops);
	CHECK(out_has("at 7") && out_has("(XEN) Hospes cannot start: no memory\r\n(XEN) Stopped."));
	CHECK(halts == 3 && resets == 1);
}

int main(void);
int main(void)
{
	static const struct test tests[] = {
		{ "what is said before there is a UART", test_early },
		{ "levels", test_levels },
		{ "long lines", test_long_lines },
		{ "the log ring", test_ring },
		{ "input", test_input },
		{ "debug keys", test_keys },
		{ "the end", test_end },
	};

	return run_tests("console", tests, ARRAY_SIZE(tests));
}
