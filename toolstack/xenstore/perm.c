// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may do what, and which paths are valid. Pure functions.
 */
#include <stdio.h>
#include <string.h>
#include "xenstore/store.h"

static bool acts_for(const struct conn *c, uint16_t domid)
{
	return c->domid == domid || c->target == domid;
}

unsigned int perm_access(const struct conn *c, const struct node *n)
{
	if (c->domid == 0 || acts_for(c, n->perms[0].domid))
		return XS_PERM_READ | XS_PERM_WRITE | PERM_OWNER;
	for (unsigned int i = 1; i < n->n_perms; i++)
		if (acts_for(c, n->perms[i].domid))
			return n->perms[i].access;
	return n->perms[0].access;
}

static bool valid(const char *path, size_t len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-/_@";

	return len <= XENSTORE_ABS_PATH_MAX && path[0] == '/' && path[strspn(path, letters)] == 0 &&
	       !strstr(path, "//") && (len == 1 || path[len - 1] != '/');
}

/* A domain's own part of the tree does not count, however its path was given. */
static bool too_long(const struct conn *c, const char *path, size_t len)
{
	int own = 0;

	if (!over(c->domid, Q_PATH, len))
		return false;
	sscanf(path, "/local/domain/%*u/%n", &own);
	return over(c->domid, Q_PATH, len - own);
}

/* The absolute path; returns how many bytes a relative one was preceded with, or -EINVAL. */
int path_canon(const struct conn *c, const char *in, bool special, char *out, size_t size)
{
	size_t len = strlen(in);
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
	if (skip + len >= size)
		return -EINVAL;
	memcpy(out + skip, in, len + 1);
	return valid(out, skip + len) && !too_long(c, out, skip + len) ? skip : -EINVAL;
}

const char *path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
