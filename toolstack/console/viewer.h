/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where xenconsoled listens for viewers: "DOMID TYPE\n", answered by "OK\n" and then the console
 * itself.
 */
#ifndef HOSPES_CONSOLE_VIEWER_H
#define HOSPES_CONSOLE_VIEWER_H

#define VIEWER_SOCKET "/var/run/xen/xenconsoled.socket"

#endif
