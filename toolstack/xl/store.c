// SPDX-License-Identifier: GPL-2.0-only
/*
 * store.c - the one connection to xenstored, and what domains are called there.
 *
 * Owns the connection; single-threaded.  Invariant: xstore() never returns NULL, so that the
 * commands above read as what they do; without a daemon the process ends with a sentence that
 * says how to start it.
 */
#include "xl/xl.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static struct xs *handle;

struct xs *xstore(void)
{
	if (!handle)
		handle = xs_open();
	if (!handle) {
		fprintf(stderr,
			"xl: no answer from xenstored (%s): start the daemons with "
			"`xencommons start'\n",
			strerror(errno));
		exit(EXIT_FAILURE);
	}
	return handle;
}

void store_reopen(void)
{
	if (handle)
		xs_close(handle);
	handle = NULL;
}

char *store_get(const char *fmt, ...)
{
	char path[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return xs_read(xstore(), 0, path, NULL);
}

char **store_list(size_t *n, const char *fmt, ...)
{
	char path[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return xs_directory(xstore(), 0, path, n);
}

int store_put(const char *value, const char *fmt, ...)
{
	char path[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return xs_write(xstore(), 0, path, value, strlen(value));
}

char *dom_name(uint32_t domid)
{
	return store_get("/local/domain/%u/name", domid);
}

const char *dom_label(uint32_t domid)
{
	static char *name;

	free(name);
	name = dom_name(domid);
	return name ? name : "(null)";
}

int dom_find_name(const char *name, uint32_t *domid)
{
	hyp_dominfo *list = calloc(XL_MAX_DOMAINS, sizeof(*list));
	int n = list ? hyp_dom_list(0, XL_MAX_DOMAINS, list) : -ENOMEM, i, rc = -ESRCH;

	for (i = 0; i < n && rc; i++)
		if (!strcmp(dom_label(list[i].domain), name)) {
			*domid = list[i].domain;
			rc = 0;
		}
	free(list);
	return n < 0 ? n : rc;
}

int dom_find(const char *who, uint32_t *domid)
{
	char *end;
	unsigned long id;

	if (isdigit((unsigned char)*who)) {
		id = strtoul(who, &end, 10);
		if (!*end && id < DOMID_FIRST_RESERVED) {
			*domid = id;
			return 0;
		}
	}
	if (!dom_find_name(who, domid))
		return 0;
	fprintf(stderr, "%s is an invalid domain identifier (rc=-6)\n", who);
	return -ESRCH;
}

int store_transaction(int (*fn)(uint32_t tx, void *arg), void *arg)
{
	int rc, end;

	do {
		uint32_t tx = xs_transaction_start(xstore());

		if (!tx)
			return -errno;
		rc = fn(tx, arg);
		end = xs_transaction_end(xstore(), tx, rc != 0);
	} while (!rc && end == -EAGAIN);
	return rc ?: end;
}

void write_at(struct writer *w, const struct xs_perm *perm, size_t nr, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->dir, sizeof(w->dir), fmt, ap);
	va_end(ap);
	if (!w->rc)
		w->rc = xs_mkdir(xstore(), w->tx, w->dir);
	if (!w->rc && nr)
		w->rc = xs_set_perms(xstore(), w->tx, w->dir, perm, nr);
}

void write_key(struct writer *w, const char *key, const char *fmt, ...)
{
	char path[256], value[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "%s/%s", w->dir, key);
	if (!w->rc)
		w->rc = xs_write(xstore(), w->tx, path, value, strlen(value));
}

struct renaming {
	uint32_t domid;
	const char *name;
};

/* Both records change together. */
static int rename_in(uint32_t tx, void *arg)
{
	struct renaming *r = arg;
	struct writer w = { .tx = tx };
	char *vm = xs_readf(xstore(), tx, "/local/domain/%u/vm", r->domid);

	write_at(&w, NULL, 0, "/local/domain/%u", r->domid);
	write_key(&w, "name", "%s", r->name);
	if (vm) {
		write_at(&w, NULL, 0, "%s", vm);
		write_key(&w, "name", "%s", r->name);
	}
	free(vm);
	return w.rc;
}

/* Only if nobody else has the name. */
int dom_rename(uint32_t domid, const char *name)
{
	struct renaming r = { domid, name };
	uint32_t other;

	if (!dom_find_name(name, &other) && other != domid) {
		fail("xl: a domain with the name \"%s\" exists already", name);
		return -EEXIST;
	}
	return store_transaction(rename_in, &r);
}
