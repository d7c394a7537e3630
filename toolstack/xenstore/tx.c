// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transactions. One works on its own version of the tree, and remembers its requests with their
 * answers. To commit is to make the same requests to the tree of now: if each gets the same answer,
 * what comes out is the new tree, else somebody was faster. So a transaction equals its requests
 * made at that moment, whatever others did meanwhile. Invariant: the client is charged tx->mem,
 * requests and own versions of nodes; old versions that transactions still see are at most
 * VERSIONS_MAX bytes: then all of them begin anew.
 */
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

#define HOLD_MS 30
#define VERSIONS_MAX (4 << 20)

struct tx *tx_find(const struct conn *c, uint32_t id)
{
	struct tx *tx;

	for (tx = c->txs; tx && tx->id != id; tx = tx->next)
		;
	return tx;
}

static void charge(struct account *a, struct tx *tx, ptrdiff_t mem)
{
	tx->mem += mem;
	a->mem += mem;
}

/* The transaction's tree is another one, which costs so much more. */
static void set_root(struct conn *c, struct tx *tx, struct node *root, ptrdiff_t more)
{
	node_unref(tx->root);
	tx->root = root;
	tx->versions += more;
	store.tx_bytes += more;
	charge(c->acct, tx, more);
}

int tx_start(struct conn *c, uint32_t id)
{
	struct tx *tx;

	if (over(c->domid, Q_TXS, c->acct->txs + 1))
		return -ENOSPC;
	tx = account_room(c->acct, sizeof(*tx)) ? calloc(1, sizeof(*tx)) : NULL;
	if (!tx)
		return -ENOMEM;
	tx->id = id;
	tx->root = node_ref(store.root);
	tx->last = &tx->first;
	LIST_PUSH(c->txs, tx, next);
	c->acct->txs++;
	charge(c->acct, tx, sizeof(*tx));
	return 0;
}

/* Room for one more request; the caller fills it in. */
static struct tx_op *op_new(struct tx *tx, struct account *a, uint32_t len, uint32_t out_len)
{
	size_t size = sizeof(struct tx_op) + len + out_len;
	struct tx_op *op = account_room(a, size) ? calloc(1, size) : NULL;

	if (!op)
		return NULL;
	op->len = len;
	op->out_len = out_len;
	*tx->last = op;
	tx->last = &op->next;
	tx->n_ops++;
	charge(a, tx, size);
	return op;
}

/* What an answer says about the tree. */
static const char *said(const struct req *r, int rc, size_t *len)
{
	*len = rc ? 0 : r->out_len - r->out_skip;
	return (const char *)r->out + r->out_skip;
}

static bool same_answer(const struct tx_op *op, const struct req *r, int rc)
{
	size_t len;
	const char *out = said(r, rc, &len);

	return op->rc == rc && op->removed == r->removed && op->out_len == len &&
	       !memcmp(op->data + op->len, out, len);
}

int tx_note(struct conn *c, struct tx *tx, struct req *r, int rc)
{
	size_t bytes = r->next ? store.node_bytes - r->node_bytes : 0;
	size_t out_len;
	const char *out = said(r, rc, &out_len);
	struct tx_op *op;

	/* That there was no room says nothing about the tree. */
	if (rc == -ENOMEM || rc == -ENOSPC)
		return rc;
	if (over(c->domid, Q_TX_NODES, tx->n_ops + 1))
		return -ENOSPC;
	op = account_room(c->acct, bytes) ? op_new(tx, c->acct, r->len, out_len) : NULL;
	if (!op)
		return -ENOMEM;
	op->type = r->type;
	op->rc = rc;
	op->removed = r->removed;
	memcpy(op->data, r->body, r->len);
	memcpy(op->data + op->len, out, out_len);
	if (r->next) {
		node_unref(tx->root);
		tx->root = NULL;
		set_root(c, tx, node_ref(r->next), store.node_bytes - r->node_bytes);
	}
	return rc;
}

/*
 * A guest that keeps changing what Dom0 reads would make Dom0's transactions fail for ever: it has
 * to pause.
 */
static void hold_writer(const struct conn *reader, const struct req *r)
{
	struct spot s = tree_find(r->root, r->path);
	uint16_t writer = s.node ? s.node->writer : s.up->writer;

	if (limited(reader->domid) || !limited(writer))
		return;
	for (struct conn *c = store.conns; c; c = c->next)
		if (c->domid == writer)
			c->hold_until = store_now() + HOLD_MS;
}

/* The requests made to the tree of now: *root is what comes out, or the answers differ. */
static int replay(struct conn *c, struct tx *tx, struct node **root)
{
	static struct req r; /* 7 KiB: not on the stack */
	int rc = 0;

	*root = node_ref(store.root);
	for (struct tx_op *op = tx->first; op && !rc; op = op->next) {
		rc = request_run(&r, c, *root, op->type, op->data, op->len);
		op->changed = r.next != NULL;
		if (rc != -ENOMEM && rc != -ENOSPC) {
			bool same = same_answer(op, &r, rc);

			rc = same ? 0 : -EAGAIN;
			if (!same)
				hold_writer(c, &r);
		}
		if (r.next) {
			node_unref(*root);
			*root = r.next;
		}
	}
	if (rc)
		node_unref(*root);
	return rc;
}

/* The tree before, without what has been said to be gone: takes and gives the reference. */
static struct node *less(struct node *old, const char *path)
{
	const struct node by = { 0 };
	struct node *n = tree_find(old, path).node ? tree_put(old, path, NULL, &by) : NULL;

	if (!n)
		return old;
	node_unref(old);
	return n;
}

static int commit(struct conn *c, struct tx *tx)
{
	char path[XENSTORE_ABS_PATH_MAX + 2];
	struct node *root, *old;
	int rc = tx->doomed ? -EAGAIN : replay(c, tx, &root);

	store.conflicts += rc == -EAGAIN;
	if (rc)
		return rc;
	old = tree_commit(root);
	for (struct tx_op *op = tx->first; op; op = op->next) {
		if (!op->changed)
			continue;
		path_canon(c, op->data, true, path, sizeof(path));
		if (op->type != XS_RM) {
			watch_fire(path, old);
			continue;
		}
		watch_fire_removed(path, old);
		/* Once: who removes and makes a directory 500 times has all others wait else. */
		old = less(old, path);
	}
	node_unref(old);
	return 0;
}

int tx_end(struct conn *c, struct tx *tx, bool wanted)
{
	int rc;

	LIST_REMOVE(c->txs, tx, next);
	c->acct->txs--;
	c->acct->mem -= tx->mem;
	store.tx_bytes -= tx->versions;
	rc = wanted ? commit(c, tx) : 0;
	while (tx->first) {
		struct tx_op *op = tx->first;

		tx->first = op->next;
		free(op);
	}
	node_unref(tx->root);
	free(tx);
	return rc;
}

void tx_rebase(struct conn *c, struct tx *tx)
{
	size_t before = store.node_bytes;
	struct node *root;

	tx->doomed = tx->doomed || replay(c, tx, &root);
	if (tx->doomed)
		root = node_ref(store.root);
	set_root(c, tx, root, (ptrdiff_t)(store.node_bytes - before) - tx->versions);
}

void tx_limit_versions(void)
{
	size_t held = store.node_bytes - store.tree_bytes - store.tx_bytes;

	if ((ptrdiff_t)held <= VERSIONS_MAX)
		return;
	for (struct conn *c = store.conns; c; c = c->next)
		for (struct tx *tx = c->txs; tx; tx = tx->next)
			tx_rebase(c, tx);
}
