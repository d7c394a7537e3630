// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may do what, and which paths are valid. Pure functions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

static bool acts_for(const struct conn *c, uint16_t domid)
{
	return c->domid == domid || c->target == domid;
}

unsigned int perm_access(const struct conn *c, const struct node *n)
{
	if (c->domid == 0 || acts_for(c, n->perms[0].domid))
		return PERM_READ | PERM_WRITE | PERM_OWNER;
	for (unsigned int i = 1; i < n->n_perms; i++)
		if (acts_for(c, n->perms[i].domid))
			return n->perms[i].access;
	return n->perms[0].access;
}

/* The number of entries, or -errno. The text is one string per entry: a letter and a domain. */
int perm_parse(const char *text, size_t len, struct perm *p, unsigned int max)
{
	unsigned int n = 0;

	if (!len || text[len - 1])
		return -EINVAL;
	for (const char *s = text; s < text + len; s += strlen(s) + 1, n++) {
		static const char letters[] = "nrwb";
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
		p[n] = (struct perm){ domid, l - letters };
	}
	return n;
}

static bool valid(const char *path, size_t len)
{
	if (len == 0 || len > XENSTORE_ABS_PATH_MAX || path[0] != '/')
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = path[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') || c == '-' || c == '/' || c == '_' || c == '@';

		if (!ok || (c == '/' && i + 1 < len && path[i + 1] == '/'))
			return false;
	}
	return len == 1 || path[len - 1] != '/';
}

/* The absolute path; returns how many bytes a relative one was preceded with, or -EINVAL. */
int path_canon(const struct conn *c, const char *in, bool special, char *out, size_t size)
{
	size_t len = strlen(in);
	uint32_t max = limited(c->domid) ? store.quota[Q_PATH] : 0;
	int skip = 0;

	if (in[0] == '@') {
		if (!special || len >= XENSTORE_REL_PATH_MAX || len >= size)
			return -EINVAL;
		memcpy(out, in, len + 1);
		return 0;
	}
	if (in[0] != '/') {
		if (len > XENSTORE_REL_PATH_MAX)
			return -EINVAL;
		skip = snprintf(out, size, "/local/domain/%u/", c->domid);
	}
	if (skip + len >= size || (max && skip + len > max))
		return -EINVAL;
	memcpy(out + skip, in, len + 1);
	return valid(out, skip + len) ? skip : -EINVAL;
}
