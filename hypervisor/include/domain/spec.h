/* SPDX-License-Identifier: GPL-2.0-only */
/* The executable specification of ownership (domain/spec.c): debug builds and host tests. */
#ifndef DOMAIN_SPEC_H
#define DOMAIN_SPEC_H
#include <lib/types.h>

struct domain;

#ifdef CONFIG_DEBUG
/*
 * Compares all there is with what may be; nothing else may run meanwhile. How much is wrong; each
 * is logged. `marks`: guests have left their grant entries alone.
 */
unsigned spec_check(bool marks);
/* d has just been taken apart: nothing is left but what others hold. */
void spec_check_dead(struct domain *d);
void spec_init(void); /* the debug key */
#else
static inline void spec_check_dead(struct domain *d)
{
	(void)d;
}
#endif
#endif
