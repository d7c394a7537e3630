// SPDX-License-Identifier: GPL-2.0-only
/*
 * See wire.h. Invariant of struct msg: `body` exists as soon as the header is whole.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xenstore/wire.h"

static const char letters[] = "nrwb";

int msg_read(struct msg *m, int (*read)(void *from, void *buf, size_t len), void *from)
{
	for (;;) {
		bool head = m->have < sizeof(m->hdr);
		uint32_t want = sizeof(m->hdr), at = m->have;
		char *to = (char *)&m->hdr;
		int n;

		if (!head) {
			if (m->hdr.len > XENSTORE_PAYLOAD_MAX)
				return -EPROTO;
			if (!m->body && !(m->body = malloc(m->hdr.len + 1)))
				return -ENOMEM;
			to = m->body;
			at -= sizeof(m->hdr);
			want = m->hdr.len;
			if (at == want) {
				to[at] = '\0';
				return 1;
			}
		}
		n = read(from, to + at, want - at);
		if (n <= 0)
			return n;
		m->have += n;
	}
}

void msg_drop(struct msg *m)
{
	free(m->body);
	m->body = NULL;
	m->have = 0;
}

#define N_ERRORS (sizeof(xsd_errors) / sizeof(xsd_errors[0]))

int error_number(const char *name)
{
	for (size_t i = 0; i < N_ERRORS; i++)
		if (!strcmp(xsd_errors[i].errstring, name))
			return xsd_errors[i].errnum;
	return EINVAL;
}

const char *error_name(int err)
{
	for (size_t i = 0; i < N_ERRORS; i++)
		if (xsd_errors[i].errnum == err)
			return xsd_errors[i].errstring;
	return "EINVAL";
}

int perm_format(const struct xs_perm *p, size_t n, char *out, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		len += snprintf(out + len, size - len, "%c%u", letters[p[i].access & 3],
				p[i].domid) +
		       1;
		if (len > size)
			return -E2BIG;
	}
	return (int)len;
}

int perm_parse(const char *text, size_t len, struct xs_perm *p, size_t max)
{
	size_t n = 0;

	if (!len || text[len - 1])
		return -EINVAL;
	for (const char *s = text; s < text + len; s += strlen(s) + 1, n++) {
		const char *l = *s ? strchr(letters, *s) : NULL;
		char *end;
		unsigned long domid;

		if (n == max)
			return -ENOSPC;
		if (!l || s[1] < '0' || s[1] > '9')
			return -EINVAL;
		domid = strtoul(s + 1, &end, 10);
		if (*end || domid > 0xffff)
			return -EINVAL;
		p[n] = (struct xs_perm){ domid, l - letters };
	}
	return (int)n;
}
