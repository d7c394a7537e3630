// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches: found by the hash of their path, so that a change costs its depth and not the number of
 * all watches. An event equal to one that is still queued is not queued again. A connection that
 * cannot be told is cut off: a lost event would be a lie.
 */
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

#define BUCKETS 512
static struct watch *table[BUCKETS];

static uint32_t path_hash(const char *path, size_t len)
{
	uint32_t h = store.seed;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)path[i]) * 16777619u;
	return h ^ h >> 15;
}

size_t watch_mem(const struct watch *w)
{
	return sizeof(*w) + strlen(w->path) + strlen(w->token) + 2;
}

struct watch *watch_find(struct conn *c, const char *path, const char *token)
{
	struct watch *w;

	for (w = c->watches; w; w = w->next)
		if (!strcmp(w->path, path) && !strcmp(w->token, token))
			return w;
	return NULL;
}

int watch_add(struct conn *c, const char *path, size_t skip, const char *token, struct watch **out)
{
	size_t plen = strlen(path), tlen = strlen(token);
	size_t size = sizeof(struct watch) + plen + tlen + 2;
	struct watch *w;

	if (watch_find(c, path, token))
		return -EEXIST;
	if (over(c->domid, Q_WATCHES, c->acct->watches + 1))
		return -E2BIG;
	w = account_room(c->acct, size) ? malloc(size) : NULL;
	if (!w)
		return -ENOMEM;
	w->conn = c;
	w->skip = skip;
	w->hash = path_hash(path, plen);
	memcpy(w->path, path, plen + 1);
	w->token = w->path + plen + 1;
	memcpy(w->token, token, tlen + 1);
	/* Events of one path come in the order of the watches, as with stock. */
	LIST_APPEND(table[w->hash % BUCKETS], w, chain);
	LIST_APPEND(c->watches, w, next);
	c->acct->watches++;
	c->acct->mem += size;
	*out = w;
	return 0;
}

void watch_del(struct conn *c, struct watch *w)
{
	LIST_REMOVE(table[w->hash % BUCKETS], w, chain);
	LIST_REMOVE(c->watches, w, next);
	c->acct->watches--;
	c->acct->mem -= watch_mem(w);
	free(w);
}

void watch_send(struct watch *w, const char *path)
{
	const struct xsd_sockmsg like = { XS_WATCH_EVENT };
	uint32_t hash = path_hash(path, strlen(path)) ^ path_hash(w->token, strlen(w->token)) * 31;
	struct conn *c = w->conn;
	int rc;

	if (c->dead || c->shut)
		return;
	store.events++;
	path += w->skip;
	rc = conn_queue(c, &like, path, strlen(path) + 1, w->token, strlen(w->token) + 1, hash | 1);
	if (rc && rc != -E2BIG)
		conn_shut(c, XENSTORE_ERROR_COMM);
}

struct event {
	const char *path;
	const struct node *n, *old, *parent; /* NULL: there is none, or was none */
};

static bool may_see(const struct conn *c, const struct event *e)
{
	return (e->n && perm_access(c, e->n) & XS_PERM_READ) ||
	       (e->old && perm_access(c, e->old) & XS_PERM_READ) ||
	       (e->parent && perm_access(c, e->parent) & XS_PERM_READ);
}

/* To the watches of the first `len` bytes of the path. */
static void fire_at(const struct event *e, const char *path, size_t len, uint32_t hash)
{
	for (struct watch *w = table[hash % BUCKETS]; w; w = w->chain)
		if (w->hash == hash && !strncmp(w->path, path, len) && !w->path[len] &&
		    may_see(w->conn, e))
			watch_send(w, e->path);
}

static void fire(const char *path, struct node *old, bool exact)
{
	struct spot s = tree_find(store.root, path);
	struct event e = { path, s.node, old == store.root ? s.node : tree_find(old, path).node,
			   s.node || !strchr(s.rest, '/') ? s.up : NULL };
	size_t len = strlen(path);
	uint32_t h = store.seed;

	if (path[0] == '/' && len > 1 && !exact) {
		fire_at(&e, "/", 1, path_hash("/", 1));
		/* The hash of each leading part on the way: see path_hash(). */
		for (size_t i = 0; i < len; i++) {
			if (i && path[i] == '/')
				fire_at(&e, path, i, h ^ h >> 15);
			h = (h ^ (uint8_t)path[i]) * 16777619u;
		}
	}
	fire_at(&e, path, len, path_hash(path, len));
}

void watch_fire(const char *path, struct node *old)
{
	fire(path, old, false);
}

static bool fire_below(const struct node *n, const char *path, void *old)
{
	fire(path, old, true);
	return true;
}

/* Whoever watches above the subtree hears of its top only; below, only exact watches fire. */
void watch_fire_removed(const char *path, struct node *old)
{
	struct node *n = tree_find(old, path).node;

	watch_fire(path, old);
	if (n)
		tree_walk(n, path, fire_below, old);
}
