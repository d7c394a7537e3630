/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What both daemons need of a guest: a page of its memory and event channels. One event channel
 * device per process, in its loop. Functions return 0 (or what is said) or -errno.
 */
#ifndef HOSPES_GUEST_PAGE_H
#define HOSPES_GUEST_PAGE_H

#include <stdbool.h>
#include <stdint.h>

struct guest_page {
	void *at; /* NULL: not mapped */
	bool granted;
};

/* The page that the guest grants as number `ref`, or, if `ref` < 0 or it grants none, its `gfn`. */
int page_map(struct guest_page *p, uint16_t domid, int ref, uint64_t gfn);
/* The page that a device of Dom0 offers. */
int page_map_device(struct guest_page *p, const char *dev);
void page_unmap(struct guest_page *p);

/* Opens the device, or takes over `fd` (>= 0). `fired` gets each port that fired, masked. */
int ports_open(int fd, void (*fired)(uint32_t port));
/* -1: not open */
int ports_fd(void);
/* The local port. */
int port_bind(uint16_t domid, uint32_t remote);
int port_bind_virq(unsigned int virq);
/* 0 is no port. */
void port_unbind(uint32_t port);
void port_unmask(uint32_t port);
void port_notify(uint32_t port);

#endif
