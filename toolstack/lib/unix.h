/* SPDX-License-Identifier: GPL-2.0-only */
/* Unix stream sockets by path: a file descriptor (closed on exec), or -errno. */
#ifndef HOSPES_UNIX_H
#define HOSPES_UNIX_H

/* Only for root; does not block. Takes the place of what was there. */
int unix_listen(const char *path);
int unix_connect(const char *path);

#endif
