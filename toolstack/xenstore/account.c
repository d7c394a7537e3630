// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each domain has and may have. Owns store.accounts. Invariant: counts and memory in an
 * account are the sums over the things themselves (store_check() proves it); an account lives while
 * any of them is not zero or a connection points at it.
 */
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

/* Names and values as stock has them, but for "depth". */
const struct quota_row quotas[Q_COUNT] = {
	[Q_NODES] = { "nodes", 1000 },
	[Q_NODE_SIZE] = { "node-size", 2048 },
	[Q_WATCHES] = { "watches", 128 },
	[Q_TXS] = { "transactions", 10 },
	[Q_TX_NODES] = { "transaction-nodes", 1024 },
	[Q_PERMS] = { "permissions", 5 },
	[Q_PATH] = { "path-max", XENSTORE_REL_PATH_MAX },
	[Q_DEPTH] = { "depth", 128 },
	[Q_OUTSTANDING] = { "outstanding", 20 },
	[Q_MEMORY] = { "memory", 5 << 19 },
};

bool quota_set(const char *name, size_t len, uint32_t value)
{
	for (int i = 0; i < Q_COUNT; i++) {
		if (strlen(quotas[i].name) == len && !strncmp(quotas[i].name, name, len)) {
			store.quota[i] = value;
			return true;
		}
	}
	return false;
}

bool limited(uint16_t domid)
{
	return domid != 0;
}

bool over(uint16_t domid, enum quota q, size_t n)
{
	return limited(domid) && !store.updating && store.quota[q] && n > store.quota[q];
}

struct account *account_get(uint16_t domid, bool create)
{
	struct account *a;

	for (a = store.accounts; a; a = a->next)
		if (a->domid == domid)
			return a;
	if (!create)
		return NULL;
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->domid = domid;
	LIST_PUSH(store.accounts, a, next);
	return a;
}

void account_put(struct account *a)
{
	if (!a || a->domid == 0 || a->nodes || a->watches || a->txs || a->mem)
		return;
	for (struct conn *c = store.conns; c; c = c->next)
		if (c->acct == a)
			return;
	LIST_REMOVE(store.accounts, a, next);
	free(a);
}

void account_own(const struct node *n, int sign, void *ctx)
{
	struct account *a = ctx;

	if (n->perms[0].domid == a->domid) {
		a->nodes += sign;
		a->mem += sign * (ptrdiff_t)node_mem(n);
	}
}

/* The account exists: whoever makes somebody an owner has seen to that. */
void account_count(const struct node *n, int sign, void *ctx)
{
	account_own(n, sign, account_get(n->perms[0].domid, false));
	store.n_nodes += sign;
	store.tree_bytes += sign * (ptrdiff_t)node_mem(n);
}

bool account_room(const struct account *a, ptrdiff_t more)
{
	return !a || more <= 0 || !over(a->domid, Q_MEMORY, a->mem + more);
}

/* Whether a node goes with its owner: all but "/" and the special ones. */
static bool goes(const struct node *n, uint16_t domid)
{
	return n->perms[0].domid == domid && n->name_len && n->name[0] != '@';
}

struct leaving {
	uint16_t domid;
	struct node *old, *root; /* what is left of it; NULL: out of memory */
};

/* Takes away what it owns and may do; what must stay goes back to Dom0. */
static bool purge_node(const struct node *n, const char *path, void *ctx)
{
	struct leaving *l = ctx;
	bool gone = goes(n, l->domid);
	struct xs_perm perms[PERMS_MAX];
	struct node t = *n, *root = l->root;

	t.perms = perms;
	t.n_perms = 0;
	for (unsigned int i = 0; i < n->n_perms; i++) {
		if (n->perms[i].domid != l->domid)
			perms[t.n_perms++] = n->perms[i];
		else if (!i)
			perms[t.n_perms++] = (struct xs_perm){ 0, XS_PERM_NONE };
	}
	if (!root || (t.n_perms == n->n_perms && n->perms[0].domid != l->domid))
		return root;
	l->root = gone ? tree_put(root, path, NULL, n) : tree_set(root, path, t, n);
	node_unref(root);
	return l->root && !gone;
}

static bool fire_gone(const struct node *n, const char *path, void *ctx)
{
	struct leaving *l = ctx;

	if (!goes(n, l->domid))
		return true;
	watch_fire_removed(path, l->old);
	return false;
}

int account_purge(uint16_t domid)
{
	struct leaving l = { domid, store.root, node_ref(store.root) };

	tree_walk_all(l.old, purge_node, &l);
	if (!l.root)
		return -ENOMEM;
	tree_commit(l.root);
	if (l.old != l.root)
		tree_walk_all(l.old, fire_gone, &l);
	node_unref(l.old);
	account_put(account_get(domid, false));
	return 0;
}
