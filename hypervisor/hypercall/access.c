// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of closed ranges [first, last] of numbers: what of the machine a domain may use. Pure; the
 * caller locks. Invariant: ranges do not overlap or touch. No order.
 */
#include <hypercall/ops.h>

bool access_covers(const struct access_list *l, u64 first, u64 last)
{
	for (unsigned i = 0; i < l->nr; i++)
		if (first >= l->first[i] && last <= l->last[i])
			return true;
	return false;
}

static void drop(struct access_list *l, unsigned i)
{
	l->nr--;
	l->first[i] = l->first[l->nr];
	l->last[i] = l->last[l->nr];
}

static bool touches(const struct access_list *l, unsigned i, u64 first, u64 last)
{
	/* Neighbours touch; without adding 1 to the largest number. */
	return (first <= l->last[i] || first - 1 == l->last[i]) &&
	       (last >= l->first[i] || l->first[i] - 1 == last);
}

int access_add(struct access_list *l, u64 first, u64 last)
{
	unsigned room = 1;

	for (unsigned i = 0; i < l->nr; i++)
		room += touches(l, i, first, last);
	if (l->nr + 1 > MAX_ACCESS_RANGES + room - 1)
		return -ENOMEM;
	for (unsigned i = 0; i < l->nr;) {
		if (!touches(l, i, first, last)) {
			i++;
			continue;
		}
		first = min(first, l->first[i]);
		last = max(last, l->last[i]);
		drop(l, i);
		i = 0;
	}
	l->first[l->nr] = first;
	l->last[l->nr++] = last;
	return 0;
}

int access_remove(struct access_list *l, u64 first, u64 last)
{
	unsigned i = 0;

	/* Out of the middle of a range: it is the only one concerned, and becomes two. */
	for (unsigned j = 0; j < l->nr; j++) {
		if (first <= l->first[j] || last >= l->last[j])
			continue;
		if (l->nr == MAX_ACCESS_RANGES)
			return -ENOMEM;
		l->first[l->nr] = last + 1;
		l->last[l->nr++] = l->last[j];
		l->last[j] = first - 1;
		return 0;
	}
	while (i < l->nr) {
		if (last < l->first[i] || first > l->last[i]) {
			i++;
		} else if (first <= l->first[i] && last >= l->last[i]) {
			drop(l, i);
		} else if (first <= l->first[i]) {
			l->first[i++] = last + 1;
		} else {
			l->last[i++] = first - 1;
		}
	}
	return 0;
}
