// SPDX-License-Identifier: GPL-2.0-only
/*
 * Set arithmetic over address ranges: the memory map, Dom0's banks and its devices are all computed
 * with it. Pure. Invariant: r[] is sorted and between two of its ranges there is always a gap. A
 * set that would need more than MAX_RANGES members says so in `overflow`.
 */
#include <boot/ranges.h>
#include <lib/string.h>

static void __init insert_at(struct ranges *s, unsigned i, struct range r)
{
	if (s->nr == MAX_RANGES) {
		s->overflow = true;
		return;
	}
	memmove(&s->r[i + 1], &s->r[i], (s->nr - i) * sizeof(r));
	s->r[i] = r;
	s->nr++;
}

static void __init remove_at(struct ranges *s, unsigned i, unsigned n)
{
	memmove(&s->r[i], &s->r[i + n], (s->nr - i - n) * sizeof(s->r[0]));
	s->nr -= n;
}

void __init ranges_add(struct ranges *s, struct range r)
{
	unsigned i = 0, n = 0;

	if (!range_size(r))
		return;
	while (i < s->nr && s->r[i].end < r.start)
		i++;
	for (; i + n < s->nr && s->r[i + n].start <= r.end; n++) {
		r.start = min(r.start, s->r[i + n].start);
		r.end = max(r.end, s->r[i + n].end);
	}
	remove_at(s, i, n);
	insert_at(s, i, r);
}

void __init ranges_sub(struct ranges *s, struct range r)
{
	if (!range_size(r))
		return;
	for (unsigned i = 0; i < s->nr; i++) {
		struct range old = s->r[i];

		if (!range_overlaps(old, r))
			continue;
		remove_at(s, i, 1);
		if (old.end > r.end)
			insert_at(s, i, (struct range){ r.end, old.end });
		if (old.start < r.start)
			insert_at(s, i, (struct range){ old.start, r.start });
		else if (old.end <= r.end)
			i--;
	}
}

void __init ranges_sub_all(struct ranges *s, const struct ranges *minus)
{
	for (unsigned i = 0; i < minus->nr; i++)
		ranges_sub(s, minus->r[i]);
	s->overflow |= minus->overflow;
}

void __init ranges_shrink(struct ranges *s, u64 align)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->nr; i++) {
		struct range r = { ROUND_UP(s->r[i].start, align), ROUND_DOWN(s->r[i].end, align) };

		if (r.start >= s->r[i].start && range_size(r))
			s->r[n++] = r;
	}
	s->nr = n;
}

u64 __init ranges_total(const struct ranges *s)
{
	u64 sum = 0;

	for (unsigned i = 0; i < s->nr; i++)
		sum += range_size(s->r[i]);
	return sum;
}

bool __init ranges_overlap(const struct ranges *s, struct range r)
{
	for (unsigned i = 0; i < s->nr; i++)
		if (range_overlaps(s->r[i], r))
			return true;
	return false;
}

const struct range *__init ranges_holding(const struct ranges *s, struct range r)
{
	for (unsigned i = 0; i < s->nr; i++)
		if (range_within(r, s->r[i]))
			return &s->r[i];
	return NULL;
}

bool __init ranges_find(const struct ranges *s, u64 size, u64 align, u64 *start)
{
	for (unsigned i = 0; i < s->nr; i++) {
		u64 at = ROUND_UP(s->r[i].start, align);

		if (at >= s->r[i].start && at < s->r[i].end && s->r[i].end - at >= size) {
			*start = at;
			return true;
		}
	}
	return false;
}

bool __init ranges_find_top(const struct ranges *s, u64 size, u64 align, u64 *start)
{
	for (unsigned i = s->nr; i--;) {
		u64 at;

		if (range_size(s->r[i]) < size)
			continue;
		at = ROUND_DOWN(s->r[i].end - size, align);
		if (at >= s->r[i].start) {
			*start = at;
			return true;
		}
	}
	return false;
}
