/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What both ends of the xenstore protocol share: messages that arrive in pieces, permissions as
 * text, errors by name. Pure code.
 */
#ifndef HOSPES_XENSTORE_WIRE_H
#define HOSPES_XENSTORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

struct xs_perm {
	uint16_t domid; /* of the first entry: the owner */
	uint8_t access; /* XS_PERM_* below; of the first entry: everybody else's access */
};
#define XS_PERM_NONE 0
#define XS_PERM_READ 1
#define XS_PERM_WRITE 2

struct message { /* and perhaps more: `have` bytes have been read, from the header on */
	uint32_t have;
	struct xsd_sockmsg hdr;
	char body[XENSTORE_PAYLOAD_MAX];
};

/*
 * Reads on until there is a whole message at the front: its length, 0 when there is no more at
 * present, or -errno: -EPROTO for one that is too long, or what read() gave.
 */
int message_read(struct message *m, int (*read)(void *from, void *buf, size_t len), void *from);
/* What was behind it moves to the front. */
void message_drop(struct message *m);

int error_number(const char *name);
const char *error_name(int err);

/* One string per entry, a letter and a domain: the bytes written, or -E2BIG. */
int perm_format(const struct xs_perm *p, size_t n, char *out, size_t size);
/* The number of entries, or -EINVAL, or -ENOSPC when there are more than `max`. */
int perm_parse(const char *text, size_t len, struct xs_perm *p, size_t max);

#endif
