/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Error numbers as Xen's public ABI has them (xen/errno.h of libxen-dev); inside, a function
 * returns 0 or -errno.
 */
#ifndef LIB_ERRNO_H
#define LIB_ERRNO_H
#define XEN_ERRNO(name, value) name = value,
enum {
#include <xen/errno.h>
	/*
	 * never leaves the hypervisor: the call is to be executed again (Xen's headers keep it to
	 * themselves)
	 */
	ERESTART = 85,
};
#undef XEN_ERRNO
#endif
