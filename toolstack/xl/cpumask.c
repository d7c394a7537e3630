// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpumask.c - sets of CPUs as people write them: "0-3,^2,5", "all".
 *
 * Pure.  Invariant: only bits below CONFIG_MAX_CPUS are ever set.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xl/config.h"

static int parse_range(const char **p, unsigned long *from, unsigned long *to)
{
	char *end;

	if (!isdigit((unsigned char)**p))
		return -EINVAL;
	*from = *to = strtoul(*p, &end, 10);
	if (*end == '-') {
		if (!isdigit((unsigned char)end[1]))
			return -EINVAL;
		*to = strtoul(end + 1, &end, 10);
	}
	*p = end;
	return *from <= *to && *to < CONFIG_MAX_CPUS ? 0 : -EINVAL;
}

int cpumask_parse(struct cpumask *m, const char *text, struct err *e)
{
	const char *p = text;

	memset(m, 0, sizeof(*m));
	for (;;) {
		unsigned long from = 0, to = CONFIG_MAX_CPUS - 1;
		bool off;

		p += strspn(p, " \t");
		off = *p == '^';
		p += off;
		if (!strncmp(p, "all", 3))
			p += 3;
		else if (!strncmp(p, "node:0", 6) || !strncmp(p, "nodes:0", 7))
			p += p[4] == 's' ? 7 : 6; /* one node holds all CPUs */
		else if (parse_range(&p, &from, &to))
			break;
		for (; from <= to; from++)
			if (off)
				m->bits[from / 8] &= ~(1u << from % 8);
			else
				m->bits[from / 8] |= 1u << from % 8;
		p += strspn(p, " \t");
		if (!*p)
			return 0;
		if (*p++ != ',')
			break;
	}
	return err_set(e, -EINVAL, "`%.64s' is not a set of CPUs like 0-3,^2 (CPUs go to %d)", text,
		       CONFIG_MAX_CPUS - 1);
}

void cpumask_print(FILE *out, const struct cpumask *m, unsigned int nr_cpus)
{
	unsigned int i, from, printed = 0, set = 0;

	for (i = 0; i < nr_cpus; i++)
		set += cpumask_has(m, i);
	if (set == nr_cpus || !set)
		fputs(set ? "all" : "none", out);
	for (i = 0; i < nr_cpus && set < nr_cpus; i++) {
		if (!cpumask_has(m, i))
			continue;
		for (from = i; i + 1 < nr_cpus && cpumask_has(m, i + 1); i++)
			;
		fprintf(out, from == i ? "%s%u" : "%s%u-%u", printed++ ? "," : "", from, i);
	}
}
