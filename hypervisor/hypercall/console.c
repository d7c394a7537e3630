// SPDX-License-Identifier: GPL-2.0-only
/*
 * console_io: Dom0's console is the machine's, byte by byte; what another domain writes goes to the
 * log, line by line and within its budget. No state; core/console.c locks. A long write is done in
 * pieces and goes on where it was cut short.
 */
#include <core/console.h>
#include <hypercall/ops.h>

#define PIECE 128

/* a: cmd, count, buffer */
s64 hc_console_write(struct vcpu *v, u64 *a)
{
	struct domain *d = v->domain;
	char text[PIECE];
	u32 left = (u32)a[1], n;
	gva_t from = a[2];

	for (; left; left -= n, from += n) {
		if (left != (u32)a[1] && preempt_wanted()) {
			a[1] = left;
			a[2] = from;
			return -ERESTART;
		}
		n = min(left, (u32)PIECE);
		if (copy_from_guest(text, from, n))
			return -EFAULT;
		if (d == hardware_domain)
			console_dom0_write(text, n);
		else
			console_guest_write(d, text, n);
	}
	return 0;
}

/*
 * a: cmd, count, buffer. Returns the number of bytes. Room for them is made sure of before they
 * leave the console.
 */
s64 hc_console_read(struct vcpu *v, u64 *a)
{
	u32 room = (u32)a[1];
	char text[PIECE];
	u64 done = 0;
	size_t n;

	if (room > INT32_MAX)
		return -E2BIG;
	do {
		size_t want = min((size_t)(room - done), (size_t)PIECE);

		if (!want)
			break;
		if (clear_guest(a[2] + done, want))
			return done ? (s64)done : -EFAULT;
		n = console_dom0_read(text, want);
		if (n && copy_to_guest(a[2] + done, text, n))
			return -EFAULT;
		done += n;
	} while (n == PIECE);
	return (s64)done;
}
