// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transactions. A transaction remembers, per node it touched, the generation it saw first and its
 * own changed copy. Every change goes through one, also that of a single request (implicit: it sees
 * no one else, so records no reads). Commit = check (nothing seen has changed), prepare (all
 * memory), apply (cannot fail), fire the watches. Children are merged name by name, so the list of
 * a directory is compared only if the transaction read it.
 */
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

#define HOLD_MS 30

struct tx *tx_new(struct conn *c, bool implicit)
{
	struct tx *tx = calloc(1, sizeof(*tx));

	if (!tx)
		return NULL;
	tx->implicit = implicit;
	tx->last = &tx->first;
	if (c) {
		tx->acct = c->acct;
		tx->domid = c->domid;
	}
	return tx;
}

/* What an implicit transaction holds is gone with the request: not worth counting. */
static void charge(struct tx *tx, ptrdiff_t delta)
{
	if (tx->implicit)
		return;
	tx->mem += delta;
	if (tx->acct)
		account_mem(tx->acct, delta);
}

void tx_free(struct tx *tx)
{
	struct entry *e, *next;

	if (!tx)
		return;
	for (e = tx->first; e; e = next) {
		next = e->order;
		node_free(e->node);
		node_free(e->old);
		free(e);
	}
	charge(tx, -(ptrdiff_t)tx->mem);
	free(tx);
}

static struct entry *find(const struct tx *tx, const char *path, size_t len, uint32_t hash)
{
	struct entry *e = tx->bucket[hash % TX_BUCKETS];

	while (e && (e->hash != hash || strncmp(e->path, path, len) || e->path[len]))
		e = e->chain;
	return e;
}

static int get_entry(struct tx *tx, const char *path, size_t len, struct entry **ep)
{
	uint32_t hash = path_hash(path, len);
	struct entry *e = find(tx, path, len, hash);
	const struct node *g;

	*ep = e;
	if (e)
		return 0;
	if (!tx->implicit && limited(tx->domid)) {
		if (tx->n_entries >= store.quota[Q_TX_NODES] && store.quota[Q_TX_NODES])
			return -ENOSPC;
		if (!account_room(tx->acct, sizeof(*e) + len + 1))
			return -ENOMEM;
	}
	e = calloc(1, sizeof(*e) + len + 1);
	if (!e)
		return -ENOMEM;
	memcpy(e->path, path, len);
	e->hash = hash;
	g = node_find_hash(path, len, hash);
	if (g) {
		e->gen = g->gen;
		e->kidgen = g->kidgen;
	}
	e->chain = tx->bucket[hash % TX_BUCKETS];
	tx->bucket[hash % TX_BUCKETS] = e;
	*tx->last = e;
	tx->last = &e->order;
	tx->n_entries++;
	charge(tx, sizeof(*e) + len + 1);
	*ep = e;
	return 0;
}

int tx_restore(struct tx *tx, const char *path, const struct entry *saved, struct node *node)
{
	struct entry *e;
	int rc = get_entry(tx, path, strlen(path), &e);

	if (rc || e->changed) {
		node_free(node);
		return rc ? rc : -EINVAL;
	}
	e->gen = saved->gen;
	e->kidgen = saved->kidgen;
	e->changed = saved->changed;
	e->content = saved->content;
	e->read_kids = saved->read_kids;
	e->fire = saved->fire;
	e->exact = saved->exact;
	e->node = node;
	if (node)
		charge(tx, node_mem(node));
	return 0;
}

static const struct node *view(const struct entry *e)
{
	return e->changed ? e->node : node_find_hash(e->path, strlen(e->path), e->hash);
}

int tx_get(struct tx *tx, const char *path, const struct node **n)
{
	struct entry *e = NULL;
	int rc = 0;

	if (tx && tx->implicit)
		e = find(tx, path, strlen(path), path_hash(path, strlen(path)));
	else if (tx)
		rc = get_entry(tx, path, strlen(path), &e);
	*n = rc ? NULL : e ? view(e) : node_find(path);
	return rc ? rc : *n ? 0 : -ENOENT;
}

int tx_read_kids(struct tx *tx, const char *path)
{
	struct entry *e;
	const struct node *n;
	int rc;

	if (!tx || tx->implicit)
		return 0;
	rc = get_entry(tx, path, strlen(path), &e);
	if (rc || e->read_kids)
		return rc;
	n = view(e);
	e->kidgen = n ? n->kidgen : 0;
	e->read_kids = true;
	return 0;
}

/* A private copy of an existing node. */
static int change(struct tx *tx, const char *path, size_t len, struct entry **ep)
{
	struct entry *e;
	const struct node *n;
	int rc = get_entry(tx, path, len, &e);

	*ep = e;
	if (rc || e->changed)
		return rc ? rc : e->node ? 0 : -ENOENT;
	n = view(e);
	if (!n)
		return -ENOENT;
	if (!tx->implicit && !account_room(tx->acct, node_mem(n)))
		return -ENOMEM;
	e->node = node_copy(n);
	if (!e->node)
		return -ENOMEM;
	e->changed = true;
	charge(tx, node_mem(e->node));
	return 0;
}

/* The parent's names as this transaction sees them; of use only if it will look again. */
static int rename_kid(struct tx *tx, const char *path, bool add)
{
	size_t plen = parent_len(path), skip = plen + (plen > 1), len = strlen(path) - skip;
	struct entry *e = find(tx, path, plen, path_hash(path, plen));
	int rc;

	if (!plen || (tx->implicit && !(e && e->changed)))
		return 0;
	rc = change(tx, path, plen, &e);
	if (rc)
		return rc;
	if (!add) {
		node_del_kid(e->node, path + skip, len);
		charge(tx, -(ptrdiff_t)(len + 1));
		return 0;
	}
	rc = node_reserve_kids(e->node, len + 1);
	if (rc)
		return rc;
	node_add_kid(e->node, path + skip, len);
	charge(tx, len + 1);
	return 0;
}

int tx_create(struct tx *tx, const char *path, const struct perm *perms, unsigned int n_perms)
{
	struct entry *e;
	int rc = get_entry(tx, path, strlen(path), &e);
	struct node *n;

	if (rc)
		return rc;
	n = node_new(path, perms, n_perms);
	if (!n)
		return -ENOMEM;
	if (!tx->implicit && !account_room(tx->acct, node_mem(n)))
		rc = -ENOMEM;
	else
		rc = rename_kid(tx, path, true);
	if (rc) {
		node_free(n);
		return rc;
	}
	e->node = n;
	e->changed = e->content = true;
	charge(tx, node_mem(n));
	tx->own_nodes += perms[0].domid == tx->domid;
	return 0;
}

int tx_set_value(struct tx *tx, const char *path, const void *data, size_t len)
{
	struct entry *e;
	int rc = change(tx, path, strlen(path), &e);
	size_t was;

	if (rc)
		return rc;
	was = e->node->value_len;
	if (!tx->implicit && len > was && !account_room(tx->acct, len - was))
		return -ENOMEM;
	rc = node_set_value(e->node, data, len);
	if (rc)
		return rc;
	e->content = true;
	charge(tx, (ptrdiff_t)len - (ptrdiff_t)was);
	return 0;
}

int tx_set_perms(struct tx *tx, const char *path, const struct perm *p, unsigned int n_perms)
{
	struct entry *e;
	int rc = change(tx, path, strlen(path), &e);
	ptrdiff_t was;
	uint16_t owner;

	if (rc)
		return rc;
	owner = e->node->perms[0].domid;
	was = e->node->n_perms;
	rc = node_set_perms(e->node, p, n_perms);
	if (rc)
		return rc;
	tx->own_nodes += (p[0].domid == tx->domid) - (owner == tx->domid);
	e->content = true;
	charge(tx, ((ptrdiff_t)n_perms - was) * (ptrdiff_t)sizeof(*p));
	return 0;
}

static int delete_one(struct tx *tx, const char *path)
{
	struct entry *e;
	const struct node *n;
	int rc = get_entry(tx, path, strlen(path), &e);

	if (!rc)
		rc = tx_read_kids(tx, path);
	if (rc)
		return rc;
	n = view(e);
	if (!n)
		return -ENOENT;
	tx->own_nodes -= n->perms[0].domid == tx->domid;
	if (e->node) {
		charge(tx, -(ptrdiff_t)node_mem(e->node));
		node_free(e->node);
		e->node = NULL;
	}
	e->changed = e->content = true;
	e->fire = e->exact = true;
	return 0;
}

/* Deletes what is below, last level first; `path` is a buffer of XENSTORE_ABS_PATH_MAX + 1. */
static int delete_tree(struct tx *tx, char *path, size_t len)
{
	const struct node *n;
	char *kids;
	size_t kids_len;
	int rc = tx_get(tx, path, &n);

	if (rc)
		return rc;
	kids_len = n->kids_len;
	kids = kids_len ? malloc(kids_len) : NULL;
	if (kids_len) {
		if (!kids)
			return -ENOMEM;
		memcpy(kids, n->kids, kids_len);
	}
	for (size_t at = 0; !rc && at < kids_len; at += strlen(kids + at) + 1) {
		size_t klen = strlen(kids + at);

		if (len + 1 + klen > XENSTORE_ABS_PATH_MAX) {
			rc = -EINVAL;
			break;
		}
		path[len] = '/';
		memcpy(path + len + 1, kids + at, klen + 1);
		rc = delete_tree(tx, path, len + 1 + klen);
		path[len] = '\0';
	}
	free(kids);
	return rc ? rc : delete_one(tx, path);
}

int tx_delete(struct tx *tx, const char *path)
{
	char buf[XENSTORE_ABS_PATH_MAX + 1];
	size_t len = strlen(path);
	int rc;

	if (len >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, path, len + 1);
	rc = delete_tree(tx, buf, len);
	if (!rc)
		rc = rename_kid(tx, path, false);
	/*
	 * Whoever watches above the subtree hears of its top only; below, only exact watches fire.
	 */
	return rc ? rc : tx_fire(tx, path, false);
}

int tx_fire(struct tx *tx, const char *path, bool exact)
{
	struct entry *e;
	int rc = get_entry(tx, path, strlen(path), &e);

	if (rc)
		return rc;
	e->exact = exact;
	e->fire = true;
	return 0;
}

/*
 * A guest that keeps changing what Dom0 reads would make Dom0's transactions fail for ever: it has
 * to pause.
 */
static void hold_writer(const struct tx *tx, const struct node *g)
{
	if (!g || limited(tx->domid) || !limited(g->writer) || !store.now)
		return;
	for (struct conn *c = store.conns; c; c = c->next)
		if (c->domid == g->writer)
			c->hold_until = store.now() + HOLD_MS;
}

static bool conflicts(const struct tx *tx)
{
	for (struct entry *e = tx->first; e; e = e->order) {
		const struct node *g = node_find_hash(e->path, strlen(e->path), e->hash);

		if ((g ? g->gen : 0) != e->gen ||
		    (e->read_kids && (g ? g->kidgen : 0) != e->kidgen)) {
			store.conflicts++;
			hold_writer(tx, g);
			return true;
		}
	}
	return false;
}

static int prepare_entry(struct tx *tx, struct entry *e)
{
	size_t len = strlen(e->path), plen = parent_len(e->path), skip = plen + (plen > 1);
	uint32_t phash = path_hash(e->path, plen);
	struct entry *pe = find(tx, e->path, plen, phash);
	int rc;

	e->global = node_find_hash(e->path, len, e->hash);
	e->parent = NULL;
	if (e->node && !account_get(e->node->perms[0].domid, true))
		return -ENOMEM;
	if (!plen || !e->global == !e->node || (!e->node && pe && pe->changed && !pe->node))
		return 0;
	e->parent = node_find_hash(e->path, plen, phash);
	if (!e->node || !e->parent)
		return 0;
	rc = node_reserve_kids(e->parent, len - skip + 1);
	if (rc) {
		e->parent = NULL;
		return rc;
	}
	e->parent->kids_extra += len - skip + 1;
	return 0;
}

static int prepare(struct tx *tx)
{
	struct entry *e, *stop;
	int rc = 0;

	for (e = tx->first; e && !rc; e = e->order)
		if (e->content)
			rc = prepare_entry(tx, e);
	stop = e;
	for (e = tx->first; rc && e != stop; e = e->order)
		if (e->content && e->parent)
			e->parent->kids_extra = 0;
	return rc;
}

static void count_node(const struct node *n, int sign)
{
	struct account *a = account_get(n->perms[0].domid, false);

	a->nodes += sign;
	account_mem(a, sign * (ptrdiff_t)node_mem(n));
}

static void link_kid(struct entry *e, uint16_t writer)
{
	size_t plen = parent_len(e->path), skip = plen + (plen > 1), len = strlen(e->path) - skip;
	struct node *p = e->parent;
	bool add = e->node;

	if (!p)
		return;
	count_node(p, -1);
	if (add) {
		p->kids_extra -= len + 1;
		node_add_kid(p, e->path + skip, len);
	} else {
		node_del_kid(p, e->path + skip, len);
	}
	count_node(p, 1);
	p->kidgen = ++store.gen;
	p->writer = writer;
}

static void apply_entry(struct tx *tx, struct entry *e)
{
	struct node *g = e->global, *n = e->node;

	link_kid(e, tx->domid);
	if (g)
		count_node(g, -1);
	if (g && n) { /* the node stays where it is and gets the new contents */
		struct node was = *g;

		g->perms = n->perms;
		g->n_perms = n->n_perms;
		g->value = n->value;
		g->value_len = n->value_len;
		n->perms = was.perms;
		n->n_perms = was.n_perms;
		n->value = was.value;
		n->value_len = was.value_len;
		e->old = n;
	} else if (g) {
		node_remove(g);
		e->old = g;
		g = NULL;
	} else if (n) {
		node_insert(n);
		g = n;
		g->kidgen = ++store.gen;
	}
	e->node = NULL;
	if (g) {
		count_node(g, 1);
		g->gen = ++store.gen;
		g->writer = tx->domid;
	}
}

int tx_commit(struct tx *tx)
{
	struct account *owner = limited(tx->domid) ? account_get(tx->domid, false) : NULL;
	int rc;

	/* First this: what failed may have failed only because of what others changed meanwhile. */
	if (!tx->implicit && conflicts(tx))
		return -EAGAIN;
	if (tx->failed)
		return tx->failed;
	if (owner && tx->own_nodes > 0 && store.quota[Q_NODES] &&
	    owner->nodes + tx->own_nodes > store.quota[Q_NODES])
		return -ENOSPC;
	rc = prepare(tx);
	if (rc)
		return rc;
	charge(tx, -(ptrdiff_t)tx->mem);
	for (struct entry *e = tx->first; e; e = e->order)
		if (e->content)
			apply_entry(tx, e);
	for (struct entry *e = tx->first; e; e = e->order)
		if (e->fire)
			watch_fire(e->path, e->old, e->exact);
	return 0;
}
