// SPDX-License-Identifier: GPL-2.0-only
/*
 * store.c - the one connection to xenstored, and what domains are called there.
 *
 * Owns the connection; single-threaded.  Invariant: xstore() never returns NULL, so that the
 * commands above read as what they do; without a daemon the process ends with a sentence that
 * says how to start it.
 */
#include "xl/xl.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/loop.h"

#define STOP_MS 200 /* how often a wait looks for a signal */

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

static const char *keep(char *s)
{
	static char *kept[32];
	static unsigned int next;
	char **slot = &kept[next++ % 32];

	free(*slot);
	return *slot = s;
}

const char *strf(const char *fmt, ...)
{
	char *s;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = strdup("");
	va_end(ap);
	return keep(s);
}

const char *store_read(const char *path)
{
	return keep(xs_read(xstore(), 0, path, NULL));
}

int store_put(const char *path, const char *value)
{
	return xs_write(xstore(), 0, path, value, strlen(value));
}

const char *dom_name(uint32_t domid)
{
	return store_get("/local/domain/%u/name", domid);
}

const char *dom_label(uint32_t domid)
{
	return dom_name(domid) ?: "(null)";
}

int dom_find_name(uint32_t tx, const char *name, uint32_t *domid)
{
	const hyp_dominfo *list;
	int i, n = hyp_domains(&list);
	bool found = false;

	for (i = 0; i < n && !found; i++) {
		char *has = xs_readf(xstore(), tx, "/local/domain/%u/name", list[i].domain);

		found = has && !strcmp(has, name);
		free(has);
	}
	if (found)
		*domid = list[i - 1].domain;
	return n < 0 ? n : found ? 0 : -ESRCH;
}

int dom_find(const char *who, uint32_t *domid)
{
	unsigned long id;

	if (to_number(who, DOMID_FIRST_RESERVED - 1, &id)) {
		*domid = id;
		return 0;
	}
	if (!dom_find_name(0, who, domid))
		return 0;
	fprintf(stderr, "%s is an invalid domain identifier (rc=-6)\n", who);
	return -ESRCH;
}

bool wait_until(const char *watch, bool (*there)(const void *arg), const void *arg, int ms)
{
	int64_t end = loop_now() + ms, left;
	struct xs_event ev;
	int pause = 1;
	bool done;

	if (watch && xs_watch(xstore(), watch, "wait"))
		return false;
	while (!(done = there(arg)) && (left = end - loop_now()) > 0) {
		if (!watch)
			poll(NULL, 0, pause);
		else if (xs_next_event(xstore(), &ev, left < STOP_MS ? left : STOP_MS) < 0)
			break;
		pause = pause < 32 ? 2 * pause : pause;
	}
	if (watch)
		xs_unwatch(xstore(), watch, "wait");
	return done;
}

void write_begin(struct writer *w)
{
	*w = (struct writer){ .tx = xs_transaction_start(xstore()) };
	if (!w->tx)
		w->rc = -errno;
}

bool write_end(struct writer *w)
{
	int end = w->tx ? xs_transaction_end(xstore(), w->tx, w->rc != 0) : 0;

	if (!w->rc)
		w->rc = end;
	return w->rc == -EAGAIN;
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
	const char *path = strf("%s/%s", w->dir, key);
	char value[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (!w->rc)
		w->rc = xs_write(xstore(), w->tx, path, value, strlen(value));
}

void write_text(struct writer *w, const char *key, const char *value)
{
	if (value)
		write_key(w, key, "%s", value);
}

/* Only if nobody else has the name.  Both records change together. */
int dom_rename(uint32_t domid, const char *name)
{
	struct writer w;
	uint32_t other;
	char *vm;

	do {
		write_begin(&w);
		if (!dom_find_name(w.tx, name, &other) && other != domid)
			w.rc = -EEXIST;
		vm = xs_readf(xstore(), w.tx, "/local/domain/%u/vm", domid);
		write_at(&w, NULL, 0, "/local/domain/%u", domid);
		write_text(&w, "name", name);
		if (vm) {
			write_at(&w, NULL, 0, "%s", vm);
			write_text(&w, "name", name);
		}
		free(vm);
	} while (write_end(&w));
	if (w.rc == -EEXIST)
		fail("xl: a domain with the name \"%s\" exists already", name);
	return w.rc;
}
