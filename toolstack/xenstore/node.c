// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree: a hash table of nodes by path; each node lists its children's names. Owns store.bucket
 * and every node in it. Invariant: a node other than "/" and "@..." has its parent in the table,
 * and the parent names it exactly once. Only a commit (tx.c), a purge (account.c) and a live
 * update's load change the table.
 */
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

struct store store;

uint32_t path_hash(const char *path, size_t len)
{
	uint32_t h = store.seed;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)path[i]) * 16777619u;
	return h ^ h >> 15;
}

size_t parent_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash || !path[1])
		return 0;
	return slash == path ? 1 : (size_t)(slash - path);
}

struct node *node_find_hash(const char *path, size_t len, uint32_t hash)
{
	struct node *n = store.bucket[hash & store.mask];

	while (n && (n->hash != hash || n->path_len != len || memcmp(n->path, path, len)))
		n = n->next;
	return n;
}

struct node *node_find(const char *path)
{
	size_t len = strlen(path);

	return node_find_hash(path, len, path_hash(path, len));
}

int node_set_value(struct node *n, const void *data, size_t len)
{
	char *copy = NULL;

	if (len) {
		copy = malloc(len);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, data, len);
	}
	free(n->value);
	n->value = copy;
	n->value_len = len;
	return 0;
}

int node_set_perms(struct node *n, const struct perm *p, unsigned int n_perms)
{
	struct perm *copy = malloc(n_perms * sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	memcpy(copy, p, n_perms * sizeof(*copy));
	free(n->perms);
	n->perms = copy;
	n->n_perms = n_perms;
	return 0;
}

struct node *node_new(const char *path, const struct perm *perms, unsigned int n_perms)
{
	size_t len = strlen(path);
	struct node *n = calloc(1, sizeof(*n) + len + 1);

	if (!n)
		return NULL;
	memcpy(n->path, path, len + 1);
	n->path_len = len;
	n->hash = path_hash(path, len);
	if (node_set_perms(n, perms, n_perms)) {
		free(n);
		return NULL;
	}
	return n;
}

void node_free(struct node *n)
{
	if (!n)
		return;
	free(n->perms);
	free(n->value);
	free(n->kids);
	free(n);
}

struct node *node_copy(const struct node *from)
{
	struct node *n = node_new(from->path, from->perms, from->n_perms);

	if (!n)
		return NULL;
	n->gen = from->gen;
	n->kidgen = from->kidgen;
	n->writer = from->writer;
	if (node_set_value(n, from->value, from->value_len) ||
	    node_reserve_kids(n, from->kids_len)) {
		node_free(n);
		return NULL;
	}
	if (from->kids_len)
		memcpy(n->kids, from->kids, from->kids_len);
	n->kids_len = from->kids_len;
	return n;
}

int node_reserve_kids(struct node *n, size_t extra)
{
	size_t need = n->kids_len + n->kids_extra + extra;
	char *more;

	if (need <= n->kids_cap)
		return 0;
	need += need / 4 + 8;
	more = realloc(n->kids, need);
	if (!more)
		return -ENOMEM;
	n->kids = more;
	n->kids_cap = need;
	return 0;
}

void node_add_kid(struct node *n, const char *name, size_t len)
{
	memcpy(n->kids + n->kids_len, name, len);
	n->kids[n->kids_len + len] = '\0';
	n->kids_len += len + 1;
}

void node_del_kid(struct node *n, const char *name, size_t len)
{
	for (size_t at = 0; at < n->kids_len;) {
		size_t l = strlen(n->kids + at) + 1;

		if (l == len + 1 && !memcmp(n->kids + at, name, len)) {
			memmove(n->kids + at, n->kids + at + l, n->kids_len - at - l);
			n->kids_len -= l;
			return;
		}
		at += l;
	}
}

size_t node_mem(const struct node *n)
{
	return sizeof(*n) + n->path_len + 1 + n->value_len + n->n_perms * sizeof(*n->perms) +
	       n->kids_len;
}

/* A failure to grow only makes chains longer. */
static void grow(void)
{
	uint32_t size = (store.mask + 1) * 2;
	struct node **more = calloc(size, sizeof(*more)), *n, *next;

	if (!more)
		return;
	for (uint32_t i = 0; i <= store.mask; i++) {
		for (n = store.bucket[i]; n; n = next) {
			next = n->next;
			n->next = more[n->hash & (size - 1)];
			more[n->hash & (size - 1)] = n;
		}
	}
	free(store.bucket);
	store.bucket = more;
	store.mask = size - 1;
}

void node_insert(struct node *n)
{
	struct node **b;

	if (store.n_nodes > store.mask)
		grow();
	b = &store.bucket[n->hash & store.mask];
	n->next = *b;
	*b = n;
	store.n_nodes++;
}

void node_remove(struct node *n)
{
	struct node **p = &store.bucket[n->hash & store.mask];

	while (*p != n)
		p = &(*p)->next;
	*p = n->next;
	n->next = NULL;
	store.n_nodes--;
}

int store_init(uint32_t seed)
{
	static const char *const first[] = { "/", "/tool", "/tool/xenstored", "@introduceDomain",
					     "@releaseDomain" };
	static const struct perm perm = { 0, 0 };

	store.bucket = calloc(256, sizeof(*store.bucket));
	if (!store.bucket)
		return -ENOMEM;
	store.mask = 255;
	store.seed = seed;
	store.gen = 1;
	store.run_last = &store.run;
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		struct node *n = node_new(first[i], &perm, 1), *parent;
		size_t plen = parent_len(first[i]), name = plen + (plen > 1);
		struct account *a = account_get(0, true);

		if (!n || !a)
			return -ENOMEM;
		n->gen = n->kidgen = ++store.gen;
		if (plen) {
			parent = node_find_hash(first[i], plen, path_hash(first[i], plen));
			if (node_reserve_kids(parent, n->path_len - name + 1))
				return -ENOMEM;
			node_add_kid(parent, first[i] + name, n->path_len - name);
			account_mem(a, n->path_len - name + 1);
		}
		node_insert(n);
		a->nodes++;
		account_mem(a, node_mem(n));
	}
	return 0;
}

void store_free(void)
{
	struct account *a;

	for (uint32_t i = 0; store.bucket && i <= store.mask; i++) {
		struct node *n, *next;

		for (n = store.bucket[i]; n; n = next) {
			next = n->next;
			node_free(n);
		}
	}
	free(store.bucket);
	while ((a = store.accounts)) {
		store.accounts = a->next;
		free(a);
	}
	memset(&store, 0, sizeof(store));
}

static int check_kids(const struct node *n, size_t *seen)
{
	char path[XENSTORE_ABS_PATH_MAX + 2];

	for (size_t at = 0; at < n->kids_len; at += strlen(n->kids + at) + 1) {
		size_t plen = n->path_len == 1 ? 0 : n->path_len, klen = strlen(n->kids + at);

		if (plen + klen + 2 > sizeof(path))
			return __LINE__;
		memcpy(path, n->path, plen);
		path[plen] = '/';
		memcpy(path + plen + 1, n->kids + at, klen + 1);
		if (!node_find(path))
			return __LINE__;
		++*seen;
	}
	return 0;
}

int store_check(void)
{
	size_t seen = 0, roots = 0, owned = 0;
	int rc;

	for (uint32_t i = 0; i <= store.mask; i++) {
		for (struct node *n = store.bucket[i]; n; n = n->next) {
			struct account *a = account_get(n->perms[0].domid, false);

			if (!n->n_perms || n->kids_extra || !a || n->kids_len > n->kids_cap)
				return __LINE__;
			if (!parent_len(n->path))
				roots++;
			rc = check_kids(n, &seen);
			if (rc)
				return rc;
		}
	}
	/* Each non-root is named once at least; equal numbers make it exactly once. */
	if (seen + roots != store.n_nodes)
		return __LINE__;
	for (struct account *a = store.accounts; a; a = a->next) {
		unsigned int nodes = 0, watches = 0, txs = 0;
		size_t mem = 0;

		for (uint32_t i = 0; i <= store.mask; i++) {
			for (struct node *n = store.bucket[i]; n; n = n->next) {
				if (n->perms[0].domid == a->domid) {
					nodes++;
					mem += node_mem(n);
				}
			}
		}
		for (struct conn *c = store.conns; c; c = c->next) {
			if (c->acct != a)
				continue;
			mem += c->out_bytes;
			for (struct watch *w = c->watches; w; w = w->next, watches++)
				mem += sizeof(*w) + strlen(w->path) + strlen(w->token) + 2;
			for (struct tx *t = c->txs; t; t = t->next, txs++)
				mem += t->mem;
		}
		if (a->nodes != nodes || a->watches != watches || a->txs != txs || a->mem != mem)
			return __LINE__;
		owned += nodes;
	}
	return owned == store.n_nodes ? 0 : __LINE__;
}
