/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's virtual UART: the subset of a PL011 that the SBSA asks for, at GUEST_PL011_BASE. Bytes
 * go through a ring in the guest's memory to and from the console daemon, like those of its PV
 * console. It exists if the toolstack asked for it before the domain ran.
 */
#ifndef VIRT_VUART_H
#define VIRT_VUART_H
#include <core/lock.h>
#include <lib/types.h>
#include <xen/xen.h>

struct domain;
struct xencons_interface;

struct vuart {
	struct lock lock;		/* RANK_VUART: the registers, and our indices of the ring */
	struct xencons_interface *ring; /* a frame of the domain's, referenced; NULL: no UART */
	u32 port;			/* the hypervisor's, see evtchn_alloc_served(); 0: none */
	u32 ris, imsc;			/* raw interrupts and those that count */
	bool high;			/* the interrupt's level, as the vGIC was told */
};

/*
 * d has never run. console: whose daemon may bind to the port. -EINVAL: has one already, no such
 * ring, no such SPI or a machine's interrupt on it. -ENOMEM -ENOSPC.
 */
int vuart_init(struct domain *d, gfn_t ring, domid_t console) __must_check;
/* d's ports are closed and it runs no more. Idempotent. */
void vuart_free(struct domain *d);
/* The daemon says that the ring has changed. Its end's evtchn lock is held. */
void vuart_event(struct domain *d);
#endif
