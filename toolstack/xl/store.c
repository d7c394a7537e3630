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

int store_set(const char *path, const char *fmt, ...)
{
	char value[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	return xs_write(xstore(), 0, path, value, strlen(value));
}

char *dom_name(uint32_t domid)
{
	return store_get("/local/domain/%u/name", domid);
}

int dom_find_name(const char *name, uint32_t *domid)
{
	hyp_dominfo *list = calloc(XL_MAX_DOMAINS, sizeof(*list));
	int n = list ? hyp_dom_list(0, XL_MAX_DOMAINS, list) : -ENOMEM, i, rc = -ESRCH;

	for (i = 0; i < n && rc; i++) {
		char *is = dom_name(list[i].domain);

		if (is && !strcmp(is, name)) {
			*domid = list[i].domain;
			rc = 0;
		}
		free(is);
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

/* Both records change together, and only if nobody else has the name. */
int dom_rename(uint32_t domid, const char *name)
{
	char path[96], *vm;
	uint32_t other, tx;
	int rc;

	if (!dom_find_name(name, &other) && other != domid) {
		fprintf(stderr, "xl: a domain with the name \"%s\" exists already\n", name);
		return -EEXIST;
	}
	do {
		tx = xs_transaction_start(xstore());
		if (!tx)
			return -errno;
		snprintf(path, sizeof(path), "/local/domain/%u/name", domid);
		rc = xs_write(xstore(), tx, path, name, strlen(name));
		vm = xs_readf(xstore(), tx, "/local/domain/%u/vm", domid);
		if (vm && !rc && strlen(vm) < 64) {
			snprintf(path, sizeof(path), "%s/name", vm);
			rc = xs_write(xstore(), tx, path, name, strlen(name));
		}
		free(vm);
		if (rc) {
			xs_transaction_end(xstore(), tx, true);
			return rc;
		}
		rc = xs_transaction_end(xstore(), tx, false);
	} while (rc == -EAGAIN);
	return rc;
}

void uuid_text(char out[37], const uint8_t *u)
{
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12],
		 u[13], u[14], u[15]);
}

void uuid_print(FILE *out, const uint8_t *u)
{
	char text[37];

	uuid_text(text, u);
	fputs(text, out);
}
