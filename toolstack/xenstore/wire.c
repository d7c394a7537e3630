// SPDX-License-Identifier: GPL-2.0-only
/*
 * See wire.h. No state.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xenstore/wire.h"

static const char letters[] = "nrwb";

int message_read(struct message *m, int (*read)(void *from, void *buf, size_t len), void *from)
{
	for (;;) {
		size_t len = sizeof(m->hdr);
		int n;

		if (m->have >= len) {
			if (m->hdr.len > sizeof(m->body))
				return -EPROTO;
			len += m->hdr.len;
			if (m->have >= len)
				return (int)len;
		}
		n = read(from, (char *)&m->hdr + m->have,
			 sizeof(m->hdr) + sizeof(m->body) - m->have);
		if (n <= 0)
			return n;
		m->have += n;
	}
}

void message_drop(struct message *m)
{
	size_t len = sizeof(m->hdr) + m->hdr.len;

	m->have -= len;
	memmove(&m->hdr, (char *)&m->hdr + len, m->have);
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
