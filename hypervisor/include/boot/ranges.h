/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of address ranges: sorted, disjoint, never touching each other. Pure; boot only. */
#ifndef BOOT_RANGES_H
#define BOOT_RANGES_H
#include <lib/types.h>

#define MAX_RANGES 192

struct range {
	u64 start, end;
}; /* [start, end) in bytes; empty if start >= end */
struct ranges {
	unsigned nr;
	bool overflow; /* a range had to be left out: the set is not to be trusted */
	struct range r[MAX_RANGES];
};

static inline u64 range_size(struct range r)
{
	return r.end > r.start ? r.end - r.start : 0;
}
static inline bool range_overlaps(struct range a, struct range b)
{
	return max(a.start, b.start) < min(a.end, b.end);
}
static inline bool range_within(struct range in, struct range out)
{
	return in.start >= out.start && in.end <= out.end && in.start < in.end;
}

void ranges_add(struct ranges *s, struct range r); /* joins what overlaps or touches */
void ranges_sub(struct ranges *s, struct range r);
void ranges_sub_all(struct ranges *s, const struct ranges *minus);
/* Shrinks each range to multiples of align (a power of two); drops what becomes empty. */
void ranges_shrink(struct ranges *s, u64 align);
u64 ranges_total(const struct ranges *s);
bool ranges_overlap(const struct ranges *s, struct range r);
/* The range of s that r lies in wholly, or NULL. */
const struct range *ranges_holding(const struct ranges *s, struct range r);
/* Lowest (highest) place for size bytes at a multiple of align. false: there is none. */
bool ranges_find(const struct ranges *s, u64 size, u64 align, u64 *start) __must_check;
bool ranges_find_top(const struct ranges *s, u64 size, u64 align, u64 *start) __must_check;
#endif
