/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BUILDER_COPY_H
#define BUILDER_COPY_H

#include <stdint.h>

#include "builder/err.h"

/*
 * Copies @len bytes to guest-physical @addr of a domain that has not run yet, and cleans the
 * caches for it.  Returns 0 or -errno with a sentence.
 */
int copy_to_guest(uint32_t domid, uint64_t addr, const void *data, uint64_t len, struct err *e);

#endif
