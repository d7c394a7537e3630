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

static size_t watch_mem(const struct watch *w)
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

int watch_add(struct conn *c, const char *path, size_t skip, const char *token)
{
	size_t plen = strlen(path), tlen = strlen(token);
	struct watch *w;

	if (watch_find(c, path, token))
		return -EEXIST;
	if (limited(c->domid)) {
		if (store.quota[Q_WATCHES] && c->acct->watches >= store.quota[Q_WATCHES])
			return -E2BIG;
		if (!account_room(c->acct, sizeof(*w) + plen + tlen + 2))
			return -ENOMEM;
	}
	w = malloc(sizeof(*w) + plen + tlen + 2);
	if (!w)
		return -ENOMEM;
	w->conn = c;
	w->skip = skip;
	w->next = NULL;
	w->hash = path_hash(path, plen);
	memcpy(w->path, path, plen + 1);
	w->token = w->path + plen + 1;
	memcpy(w->token, token, tlen + 1);
	w->chain = table[w->hash % BUCKETS];
	table[w->hash % BUCKETS] = w;
	*c->watch_last = w;
	c->watch_last = &w->next;
	c->acct->watches++;
	account_mem(c->acct, watch_mem(w));
	return 0;
}

void watch_del(struct conn *c, struct watch *w)
{
	struct watch **p;

	for (p = &table[w->hash % BUCKETS]; *p != w; p = &(*p)->chain)
		;
	*p = w->chain;
	for (p = &c->watches; *p != w; p = &(*p)->next)
		;
	*p = w->next;
	if (!w->next)
		c->watch_last = p;
	c->acct->watches--;
	account_mem(c->acct, -(ptrdiff_t)watch_mem(w));
	free(w);
}

void watch_del_all(struct conn *c)
{
	while (c->watches)
		watch_del(c, c->watches);
}

void watch_send(struct watch *w, const char *path)
{
	struct conn *c = w->conn;
	uint32_t hash = path_hash(path, strlen(path)) ^ path_hash(w->token, strlen(w->token)) * 31;
	int rc;

	if (c->dead || c->shut)
		return;
	store.events++;
	path += w->skip;
	rc = conn_queue(c, XS_WATCH_EVENT, 0, 0, path, strlen(path) + 1, w->token,
			strlen(w->token) + 1, hash | 1);
	if (rc && rc != -E2BIG)
		conn_shut(c, XENSTORE_ERROR_COMM);
}

static bool may_see(const struct conn *c, const struct node *n, const struct node *old,
		    const struct node *parent)
{
	return (n && perm_access(c, n) & PERM_READ) || (old && perm_access(c, old) & PERM_READ) ||
	       (parent && perm_access(c, parent) & PERM_READ);
}

static void fire_at(const char *path, size_t len, uint32_t hash, const struct node *n,
		    const struct node *old, const struct node *parent)
{
	for (struct watch *w = table[hash % BUCKETS]; w; w = w->chain)
		if (w->hash == hash && !strncmp(w->path, path, len) && !w->path[len] &&
		    may_see(w->conn, n, old, parent))
			watch_send(w, path);
}

void watch_fire(const char *path, const struct node *old, bool exact)
{
	size_t len = strlen(path), plen = parent_len(path);
	const struct node *n = node_find(path),
			  *parent = plen ? node_find_hash(path, plen, path_hash(path, plen)) : NULL;

	if (path[0] == '/' && len > 1 && !exact) {
		uint32_t root = path_hash("/", 1), h = store.seed;

		for (struct watch *w = table[root % BUCKETS]; w; w = w->chain)
			if (!strcmp(w->path, "/") && may_see(w->conn, n, old, parent))
				watch_send(w, path);
		/* The hash of each leading part on the way: see path_hash(). */
		for (size_t i = 0; i < len; i++) {
			if (i && path[i] == '/')
				fire_at(path, i, h ^ h >> 15, n, old, parent);
			h = (h ^ (uint8_t)path[i]) * 16777619u;
		}
	}
	fire_at(path, len, path_hash(path, len), n, old, parent);
}
