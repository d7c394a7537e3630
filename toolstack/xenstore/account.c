// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each domain has and may have. Owns store.accounts. Invariant: counts and memory in an
 * account are the sums over the things themselves (store_check() proves it); an account lives while
 * any of them is not zero, or the domain is introduced, or a connection points at it.
 */
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

const char *const quota_names[Q_COUNT] = {
	[Q_NODES] = "nodes",
	[Q_NODE_SIZE] = "node-size",
	[Q_WATCHES] = "watches",
	[Q_TXS] = "transactions",
	[Q_TX_NODES] = "transaction-nodes",
	[Q_PERMS] = "node-permissions",
	[Q_PATH] = "path-length",
	[Q_DEPTH] = "depth",
	[Q_OUTSTANDING] = "outstanding",
	[Q_MEMORY] = "memory",
};

bool limited(uint16_t domid)
{
	return domid != 0;
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
	a->next = store.accounts;
	store.accounts = a;
	return a;
}

void account_put(struct account *a)
{
	struct account **p;

	if (!a || a->domid == 0 || a->introduced || a->nodes || a->watches || a->txs || a->mem)
		return;
	for (struct conn *c = store.conns; c; c = c->next)
		if (c->acct == a)
			return;
	for (p = &store.accounts; *p != a; p = &(*p)->next)
		;
	*p = a->next;
	free(a);
}

void account_mem(struct account *a, ptrdiff_t delta)
{
	a->mem += delta;
}

bool account_room(const struct account *a, size_t more)
{
	return !a || !limited(a->domid) || !store.quota[Q_MEMORY] ||
	       a->mem + more <= store.quota[Q_MEMORY];
}

/*
 * Takes the domain out of a node's permissions; true if anything changed. The owner is treated by
 * the caller.
 */
static bool strip(struct node *n, uint16_t domid)
{
	unsigned int to = 1;

	for (unsigned int i = 1; i < n->n_perms; i++)
		if (n->perms[i].domid != domid)
			n->perms[to++] = n->perms[i];
	if (to == n->n_perms)
		return false;
	account_mem(account_get(n->perms[0].domid, false),
		    -(ptrdiff_t)((n->n_perms - to) * sizeof(*n->perms)));
	n->n_perms = to;
	n->gen = ++store.gen;
	return true;
}

/* The first node that the domain owns, by the shortest path: a whole subtree goes at once. */
static const struct node *shortest_owned(uint16_t domid)
{
	const struct node *best = NULL;

	for (uint32_t i = 0; i <= store.mask; i++)
		for (struct node *n = store.bucket[i]; n; n = n->next)
			if (n->perms[0].domid == domid && (!best || n->path_len < best->path_len))
				best = n;
	return best;
}

int account_purge(uint16_t domid)
{
	struct account *a = account_get(domid, false);
	const struct node *n;

	if (!domid)
		return -EINVAL;
	for (uint32_t i = 0; i <= store.mask; i++)
		for (struct node *m = store.bucket[i]; m; m = m->next)
			strip(m, domid);
	while (a && a->nodes && (n = shortest_owned(domid))) {
		struct tx *tx = tx_new(NULL, true);
		int rc = tx ? 0 : -ENOMEM;

		if (n->path[0] == '@' || !n->path[1]) {
			static const struct perm dom0 = { 0, 0 };

			/* Cannot be removed: back to Dom0. */
			rc = tx ? tx_set_perms(tx, n->path, &dom0, 1) : rc;
		} else if (tx) {
			rc = tx_delete(tx, n->path);
		}
		if (!rc)
			rc = tx_commit(tx);
		tx_free(tx);
		if (rc)
			return rc;
	}
	account_put(a);
	return 0;
}
