// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who gets a physical interrupt, with a controller that only remembers; what a guest may log;
 * formatted text.
 */
#include <arm/gic.h>
#include <core/console.h>
#include <core/cpu.h>
#include <core/irq.h>
#include <domain/domain.h>
#include <lib/errno.h>
#include <lib/string.h>
#include "harness.h"

#define IRQS 96U

struct cpu cpus[MAX_CPUS];
_Thread_local struct cpu *fake_cpu = &cpus[0];
_Thread_local bool fake_irq_pending;
u64 fake_ticks;
unsigned gic_nr_irqs = IRQS;
unsigned log_shown = 4, guest_log_shown = 2, guest_log_always = 1;

/* --- the controller and the virtual one --- */

static bool enabled[IRQS], active[IRQS];
static unsigned waiting[64], nr_waiting, handled[IRQS], raised[IRQS], attached;
static struct domain *raised_for;

static void set_enabled(unsigned irq, bool on)
{
	enabled[irq] = on;
}
static void set_target(unsigned irq, const struct cpu *c)
{
	CHECK(c == &cpus[0]);
}
static u32 ack(void)
{
	u32 irq = nr_waiting ? waiting[--nr_waiting] : 1023;

	fake_irq_pending = nr_waiting;
	if (irq < IRQS)
		active[irq] = true;
	return irq;
}
static void eoi(u32 token)
{
}
static void deactivate(u32 token)
{
	CHECK(active[token]);
	active[token] = false;
}
static const struct gic_ops ops = { .ack = ack,
				    .eoi = eoi,
				    .deactivate = deactivate,
				    .set_enabled = set_enabled,
				    .set_target = set_target };
const struct gic_ops *gic = &ops;
int irq_guest_attach(struct domain *d, unsigned virq, unsigned irq)
{
	return virq == 90 ? -EINVAL : (attached++, 0);
}
void irq_guest_detach(struct domain *d, unsigned virq)
{
	attached--;
}
void irq_guest_raise(struct domain *d, unsigned virq, unsigned irq)
{
	raised[virq]++;
	raised_for = d;
}
static char spis[4096];
void *xzalloc(size_t n)
{
	return n <= sizeof(spis) ? memset(spis, 0, n) : NULL;
}

static void handler(unsigned irq)
{
	handled[irq]++;
}

static void arrives(unsigned irq)
{
	waiting[nr_waiting++] = irq;
	fake_irq_pending = true;
}

static void test_routes(void)
{
	static const u64 kept[2] = { 0, BIT(77 - 64) };
	static struct domain a, b;

	CHECK_EQ(irq_init(), 0);
	CHECK_EQ(irq_request(27, handler), 0);
	CHECK_EQ(irq_request(27, handler), -EBUSY);
	CHECK_EQ(irq_request_linked(27, handler), -EBUSY);
	CHECK_EQ(irq_request_linked(30, handler), 0);
	CHECK_EQ(irq_request_linked(15, handler), -EINVAL);
	CHECK_EQ(irq_request_linked(32, handler), -EINVAL);
	CHECK_EQ(irq_request(IRQS, handler), -EINVAL);
	CHECK_EQ(irq_request(33, handler), 0);
	CHECK(enabled[27] && enabled[30] && enabled[33]);
	CHECK_EQ(irq_route_guest(33, &a, 33), -EBUSY);
	CHECK_EQ(irq_route_guest(31, &a, 31), -EINVAL);
	CHECK_EQ(irq_route_guest(IRQS, &a, 40), -EINVAL);
	/* the domain has none such: the SPI is free again */
	CHECK_EQ(irq_route_guest(40, &a, 90), -EINVAL);
	CHECK_EQ(irq_route_guest(40, &a, 41), 0);
	CHECK_EQ(irq_route_guest(40, &b, 41), -EBUSY);
	CHECK_EQ(irq_request(40, handler), -EBUSY);
	CHECK_EQ(irq_unroute_guest(40, &b), -ENOENT);
	CHECK_EQ(irq_unroute_guest(31, &a), -ENOENT);
	arrives(27), arrives(30), arrives(33), arrives(40), arrives(SGI_KICK);
	irq_handle();
	CHECK(handled[27] == 1 && handled[30] == 1 && handled[33] == 1 && raised[41] == 1 &&
	      raised_for == &a);
	/* What a guest ends stays active until it does. */
	CHECK(!active[27] && active[30] && !active[33] && active[40] && !active[SGI_KICK]);
	CHECK_EQ(irq_unroute_guest(40, &a), 0);
	enabled[40] = enabled[29] = true;
	arrives(40), arrives(29), arrives(5);
	irq_handle();
	/* nobody's: quiet */
	CHECK(!enabled[40] && !enabled[29] && raised[41] == 1 && !active[5]);
	CHECK_EQ(attached, 0);
	irq_route_rest(&b, kept);
	CHECK_EQ(attached, IRQS - 32 - 3); /* but 33, the one the domain has not, and 77 */
	CHECK_EQ(irq_route_guest(77, &a, 77), 0);
	CHECK_EQ(irq_route_guest(78, &a, 78), -EBUSY);
	/* So many at once and no more: the rest at the next trap. */
	for (unsigned i = 0; i < 40; i++)
		arrives(50);
	irq_handle();
	CHECK_EQ(raised[50], 16);
	irq_handle();
	irq_handle();
	CHECK_EQ(raised[50], 40);
	irq_handle(); /* spurious */
	CHECK_EQ(cpus[0].lock_depth, 0);
}

/* --- the log --- */

static u64 clock_ns = 1;
static unsigned lines;
static char last[400];

u64 now_ns(void)
{
	return clock_ns;
}
void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last, sizeof(last), fmt, ap);
	va_end(ap);
	lines++;
}

static void test_budget(void)
{
	static struct domain d = { .id = 7 };
	char text[300];

	lock_init(&d.lock, RANK_DOMAIN);
	log_guest(&d, LOG_INFO, "below what is shown\n");
	CHECK_EQ(lines, 0);
	for (unsigned i = 0; i < 50; i++)
		log_guest(&d, LOG_WARN, "number %u\n", i);
	CHECK_EQ(lines, 20);
	CHECK(!strcmp(last, "(XEN) d7 number 19\n"));
	log_guest(&d, LOG_ERR, "always"); /* costs nothing */
	CHECK_EQ(lines, 21);
	/* One more each 100 ms, and how many were lost is told. */
	clock_ns += 250000000;
	for (unsigned i = 0; i < 50; i++)
		log_guest(&d, LOG_WARN, "later %u\n", i);
	CHECK_EQ(lines, 21 + 2 + 1);
	clock_ns += 60000000000;
	for (unsigned i = 0; i < 50; i++)
		log_guest(&d, LOG_WARN, "much later\n");
	CHECK_EQ(lines, 24 + 20 + 1);
	/* Console lines: printable text, whole lines or as much as fits, within the same budget. */
	guest_log_shown = 4;
	clock_ns += 60000000000;
	lines = 0;
	console_guest_write(&d, "ab\033[2Jc\r", 8);
	CHECK_EQ(lines, 0);
	console_guest_write(&d, "\td\n", 3);
	CHECK(!strcmp(last, "(d7) ab[2Jc\td\n"));
	memset(text, 'x', sizeof(text));
	console_guest_write(&d, text, sizeof(text));
	CHECK_EQ(strlen(last), 5 + 127 + 1);
	for (unsigned i = 0; i < 100; i++)
		console_guest_write(&d, "\n", 1);
	CHECK(lines <= 21);
}

static const char *text(const char *fmt, ...)
{
	static char buf[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	return buf;
}

static void test_text(void)
{
	char small[4] = "zzz";

	CHECK(!strcmp(text("%d %i %u", -5, 7, ~0U), "-5 7 4294967295"));
	CHECK(!strcmp(text("%ld %lu %zu", (long)(1UL << 63), ~0UL, (size_t)9),
		      "-9223372036854775808 18446744073709551615 9"));
	CHECK(!strcmp(text("%x %X %lx", 0xbeef, 0xbeef, 0xfeedUL << 32), "beef BEEF feed00000000"));
	CHECK(!strcmp(text("[%5d|%-5d|%05d|%05x]", -42, -42, -42, 0xab),
		      "[  -42|-42  |-0042|000ab]"));
	CHECK(!strcmp(text("[%3s|%-4s|%s|%c%3c]", "a", "b", NULL, 'x', 'y'),
		      "[  a|b   |(null)|x  y]"));
	CHECK(!strcmp(text("%p 100%% %", (void *)0x1234), "0000000000001234 100% "));
	CHECK_EQ(strlen(text("%300d", 1)), 63);
	CHECK_EQ(snprintf(small, sizeof(small), "%s", "longer"), 6);
	CHECK(!strcmp(small, "lon"));
	CHECK_EQ(snprintf(small, 0, "%d", 12345), 5);
	CHECK_EQ(small[0], 'l');
}

int main(void);
int main(void)
{
	static const struct test tests[] = {
		{ "who gets which", test_routes },
		{ "budgets of lines", test_budget },
		{ "formatted text", test_text },
	};

	return run_tests("irq", tests, ARRAY_SIZE(tests));
}
