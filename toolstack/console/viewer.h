/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where xenconsoled listens for viewers. One says whose console it wants; the answer is a byte, and
 * then the console itself, or the end.
 */
#ifndef HOSPES_CONSOLE_VIEWER_H
#define HOSPES_CONSOLE_VIEWER_H

#include <stdint.h>

#define VIEWER_SOCKET "/var/run/xen/xenconsoled.socket"

struct viewer_hello {
	uint32_t domid;
	char type[12]; /* a con_kind's name, and NULs */
};

#endif
