/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug keys about domains and the heap (domain/debug.c). */
#ifndef DOMAIN_DEBUG_H
#define DOMAIN_DEBUG_H
void debug_keys_init(void);
#endif
