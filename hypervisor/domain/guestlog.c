// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is logged on behalf of a domain: prefixed with it and paid from its budget of lines, so that
 * no guest can drown the log or hold the console. The counters are racy by intent: two vCPUs at
 * once may get a line more than the budget.
 */
#include <core/console.h>
#include <core/timer.h>
#include <domain/domain.h>
#include <lib/string.h>

#define BURST 20	      /* lines at once */
#define REFILL_NS 100000000UL /* one more each 100 ms */

static bool may_log(struct domain *d, enum log_level l)
{
	u64 now, lines;

	if ((unsigned)l >= guest_log_shown)
		return false;
	if ((unsigned)l < guest_log_always)
		return true;
	now = now_ns();
	lines = (now - d->log_refill_ns) / REFILL_NS;
	if (!d->log_refill_ns || lines >= BURST) {
		d->log_tokens = BURST;
		d->log_refill_ns = now | 1;
	} else if (lines) {
		d->log_tokens = min(d->log_tokens + (u32)lines, (u32)BURST);
		d->log_refill_ns += lines * REFILL_NS;
	}
	if (!d->log_tokens) {
		d->log_dropped++;
		return false;
	}
	d->log_tokens--;
	if (d->log_dropped) {
		printk("(XEN) d%d: %u messages suppressed\n", d->id, d->log_dropped);
		d->log_dropped = 0;
	}
	return true;
}

void log_guest(struct domain *d, enum log_level l, const char *fmt, ...)
{
	char text[192];
	va_list ap;
	size_t n;

	if (!may_log(d, l))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = strlen(text);
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	printk("(XEN) d%d %s\n", d->id, text);
}

/* Printable text and tabs only: a guest must not send the terminal escape sequences in our name. */
void console_guest_write(struct domain *d, const char *s, size_t n)
{
	lock(&d->lock);
	for (; n; n--, s++) {
		if ((*s >= ' ' && *s < 0x7f) || *s == '\t')
			d->console_line[d->console_len++] = *s;
		if (*s != '\n' && d->console_len < sizeof(d->console_line) - 1)
			continue;
		d->console_line[d->console_len] = '\0';
		d->console_len = 0;
		if (may_log(d, LOG_DEBUG))
			printk("(d%d) %s\n", d->id, d->console_line);
	}
	unlock(&d->lock);
}
