// SPDX-License-Identifier: GPL-2.0-only
/*
 * Console floods: Dom0 with long, odd and binary writes; a DomU that logs by
 * every means it has. Both must end, the second must not fill the log (the
 * runner holds every payload's output to a limit).
 */
#include "domu.h"

static char text[4096];

static s64 console_out(u64 n, const void *p)
{
	return HYPERCALL(__HYPERVISOR_console_io, CONSOLEIO_write, n, p, 0, 0);
}

static void dom0_writes(void)
{
	memset(text, '.', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	for (int i = 0; i < 16; i++)
		report(console_out(sizeof(text), text) == 0, "4 KiB in one write, %d", i);
	report(console_out(0, text) == 0, "an empty write");
	report_value((u64)console_out(4096, (void *)0x700000000000), "a write from nowhere");
	report_value((u64)console_out(16, NULL), "a write from null");
	for (int i = 0; i < 256; i++)
		text[i] = (char)(i < 32 || i > 126 ? (i == 27 || i == 10 ? ' ' : i) : '#');
	text[0] = ' ';
	console_out(256, text);
	console_out(1, "\n");
	report(true, "control characters are harmless");
	report_value((u64)HYPERCALL(__HYPERVISOR_console_io, CONSOLEIO_read, 16, text, 0, 0),
		     "read with no input");
	report_value((u64)HYPERCALL(__HYPERVISOR_console_io, 2, 16, text, 0, 0), "console_io 2");
}

/* Everything a hypervisor may feel like logging: bad MMIO, bad registers, bad calls. */
void domu_main(void)
{
	static char noise[128];

	report_prefix("flood: domU");
	memset(noise, 'x', sizeof(noise));
	noise[sizeof(noise) - 1] = '\n';
	for (int i = 0; i < 5000; i++) {
		console_out(sizeof(noise), noise);
		FAULTS(mmio_read32(0x7f00000000ul + (u64)i * 8));
		FAULTS(mmio_write32(machine.gicd + 0xd0 + (u64)i % 64 * 4, ~0u));
		FAULTS(asm volatile("mrs x0, S3_0_C15_C0_0" ::: "x0"));
		hypercall(63, (u64)i, 0, 0, 0, 0);
	}
	report(true, "5000 rounds of noise end");
	report_summary();
}

void guest_main(void)
{
	struct domu d;

	report_prefix("flood");
	irq_enable();
	dom0_writes();
	if (report(domu_create(&d, 1, 0), "DomU built")) {
		domu_unpause(&d);
		report(domu_wait(&d, 30), "DomU has shut down");
		domu_destroy(&d);
	}
	report_summary();
}
