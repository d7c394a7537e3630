// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole store as bytes, for a live update: nodes, accounts, connections with their half-read
 * requests, unsent output, watches and open transactions. Numbers are in the machine's order: both
 * ends are the same machine. The reader checks every length; what does not fit makes the update
 * fail before the old program has ended.
 */
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

#define MAGIC 0x31736850u /* "Phs1" */

void buf_put(struct buf *b, const void *data, size_t len)
{
	if (b->len + len > b->cap) {
		size_t cap = (b->len + len) * 2;
		char *more = b->bad ? NULL : realloc(b->data, cap);

		if (!more) {
			b->bad = true;
			return;
		}
		b->data = more;
		b->cap = cap;
	}
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

void buf_put_u32(struct buf *b, uint32_t v)
{
	buf_put(b, &v, sizeof(v));
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	buf_put(b, &v, sizeof(v));
}

static void put_block(struct buf *b, const void *data, size_t len)
{
	buf_put_u32(b, len);
	buf_put(b, data, len);
}

const void *buf_bytes(struct buf *b, size_t len)
{
	const void *p = b->data + b->pos;

	if (b->bad || len > b->len - b->pos) {
		b->bad = true;
		return NULL;
	}
	b->pos += len;
	return p;
}

uint32_t buf_u32(struct buf *b)
{
	const void *p = buf_bytes(b, sizeof(uint32_t));
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return v;
}

uint64_t buf_u64(struct buf *b)
{
	const void *p = buf_bytes(b, sizeof(uint64_t));
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return v;
}

static const void *get_block(struct buf *b, uint32_t *len)
{
	*len = buf_u32(b);
	return buf_bytes(b, *len);
}

/* A string with its NUL, as put_block(s, strlen(s) + 1) wrote it. */
static const char *get_string(struct buf *b)
{
	uint32_t len;
	const char *s = get_block(b, &len);

	if (!s || !len || s[len - 1]) {
		b->bad = true;
		return "";
	}
	return s;
}

static void save_node(struct buf *b, const struct node *n)
{
	put_block(b, n->path, n->path_len + 1);
	buf_put_u64(b, n->gen);
	buf_put_u64(b, n->kidgen);
	buf_put_u32(b, n->writer);
	put_block(b, n->perms, n->n_perms * sizeof(*n->perms));
	put_block(b, n->value, n->value_len);
	put_block(b, n->kids, n->kids_len);
}

static struct node *load_node(struct buf *b)
{
	const char *path = get_string(b);
	uint64_t gen = buf_u64(b), kidgen = buf_u64(b);
	uint32_t writer = buf_u32(b), perms_len, value_len, kids_len;
	const void *perms = get_block(b, &perms_len);
	const void *value = get_block(b, &value_len);
	const char *kids = get_block(b, &kids_len);
	struct node *n;

	if (b->bad || !perms_len || perms_len % sizeof(struct perm) ||
	    strlen(path) > XENSTORE_ABS_PATH_MAX || (kids_len && kids[kids_len - 1]))
		return NULL;
	n = node_new(path, perms, perms_len / sizeof(struct perm));
	if (!n)
		return NULL;
	n->gen = gen;
	n->kidgen = kidgen;
	n->writer = writer;
	if (node_set_value(n, value, value_len) || node_reserve_kids(n, kids_len)) {
		node_free(n);
		return NULL;
	}
	if (kids_len)
		memcpy(n->kids, kids, kids_len);
	n->kids_len = kids_len;
	return n;
}

static void save_tx(struct buf *b, const struct tx *tx)
{
	buf_put_u32(b, tx->id);
	buf_put_u32(b, tx->failed);
	buf_put_u32(b, tx->own_nodes);
	buf_put_u32(b, tx->n_entries);
	for (const struct entry *e = tx->first; e; e = e->order) {
		put_block(b, e->path, strlen(e->path) + 1);
		buf_put_u64(b, e->gen);
		buf_put_u64(b, e->kidgen);
		buf_put_u32(b, e->changed | e->content << 1 | e->read_kids << 2 | e->fire << 3 |
				       e->exact << 4 | (e->node != NULL) << 5);
		if (e->node)
			save_node(b, e->node);
	}
}

static int load_tx(struct buf *b, struct conn *c)
{
	struct tx *tx = tx_new(c, false);
	uint32_t entries;

	if (!tx)
		return -ENOMEM;
	tx->mem = sizeof(*tx);
	account_mem(c->acct, tx->mem);
	c->acct->txs++;
	tx->next = c->txs;
	c->txs = tx;
	tx->id = buf_u32(b);
	tx->failed = (int)buf_u32(b);
	tx->own_nodes = (int)buf_u32(b);
	entries = buf_u32(b);
	while (entries-- && !b->bad) {
		const char *path = get_string(b);
		struct entry e = { .gen = buf_u64(b), .kidgen = buf_u64(b) };
		uint32_t flags = buf_u32(b);
		struct node *n = flags & 32 ? load_node(b) : NULL;
		int rc;

		if (b->bad || ((flags & 32) && !n))
			return -EINVAL;
		e.changed = flags & 1;
		e.content = flags & 2;
		e.read_kids = flags & 4;
		e.fire = flags & 8;
		e.exact = flags & 16;
		rc = tx_restore(tx, path, &e, n);
		if (rc)
			return rc;
	}
	return b->bad ? -EINVAL : 0;
}

static void save_conn(struct buf *b, const struct conn *c)
{
	unsigned int n = 0;

	buf_put_u32(b, c->target);
	buf_put_u32(b, c->next_tx);
	buf_put_u32(b, c->shut);
	buf_put(b, &c->hdr, sizeof(c->hdr));
	buf_put_u32(b, c->have);
	if (c->have > sizeof(c->hdr))
		buf_put(b, c->body, c->have - sizeof(c->hdr));
	buf_put_u32(b, c->out_msgs);
	for (const struct outmsg *m = c->out; m; m = m->next) {
		buf_put_u32(b, m->off ? 0 : m->ev_hash);
		put_block(b, m->data + m->off, m->len - m->off);
	}
	for (const struct watch *w = c->watches; w; w = w->next)
		n++;
	buf_put_u32(b, n);
	for (const struct watch *w = c->watches; w; w = w->next) {
		put_block(b, w->path, strlen(w->path) + 1);
		buf_put_u32(b, w->skip);
		put_block(b, w->token, strlen(w->token) + 1);
	}
	n = 0;
	for (const struct tx *tx = c->txs; tx; tx = tx->next)
		n++;
	buf_put_u32(b, n);
	for (const struct tx *tx = c->txs; tx; tx = tx->next)
		save_tx(b, tx);
}

static int load_input(struct buf *b, struct conn *c)
{
	const void *p = buf_bytes(b, sizeof(c->hdr));

	if (!p)
		return -EINVAL;
	memcpy(&c->hdr, p, sizeof(c->hdr));
	c->have = buf_u32(b);
	if (c->have <= sizeof(c->hdr))
		return 0;
	if (c->hdr.len > XENSTORE_PAYLOAD_MAX || c->have > sizeof(c->hdr) + c->hdr.len)
		return -EINVAL;
	p = buf_bytes(b, c->have - sizeof(c->hdr));
	c->body = malloc(c->hdr.len + 1);
	if (!p || !c->body)
		return -ENOMEM;
	memcpy(c->body, p, c->have - sizeof(c->hdr));
	return 0;
}

static int load_conn(struct buf *b, struct conn *c)
{
	uint32_t n;
	int rc;

	c->target = (int)buf_u32(b);
	c->next_tx = buf_u32(b);
	c->shut = buf_u32(b);
	rc = load_input(b, c);
	for (n = buf_u32(b); !rc && n-- && !b->bad;) {
		uint32_t hash = buf_u32(b), len;
		const void *data = get_block(b, &len);

		if (data)
			rc = conn_queue_raw(c, data, len, hash);
	}
	for (n = buf_u32(b); !rc && n-- && !b->bad;) {
		const char *path = get_string(b);
		uint32_t skip = buf_u32(b);
		const char *token = get_string(b);

		if (!b->bad)
			rc = watch_add(c, path, skip, token);
	}
	for (n = buf_u32(b); !rc && n-- && !b->bad;)
		rc = load_tx(b, c);
	return rc ? rc : b->bad ? -EINVAL : 0;
}

void state_save(struct buf *b, void (*conn_out)(struct buf *, struct conn *))
{
	uint32_t n = 0;

	buf_put_u32(b, MAGIC);
	buf_put_u64(b, store.gen);
	buf_put_u32(b, Q_COUNT);
	buf_put(b, store.quota, sizeof(store.quota));
	buf_put_u32(b, store.n_nodes);
	for (uint32_t i = 0; i <= store.mask; i++)
		for (const struct node *m = store.bucket[i]; m; m = m->next)
			save_node(b, m);
	for (const struct account *a = store.accounts; a; a = a->next)
		n += a->introduced;
	buf_put_u32(b, n);
	for (const struct account *a = store.accounts; a; a = a->next)
		if (a->introduced)
			buf_put_u32(b, a->domid);
	n = 0;
	for (struct conn *c = store.conns; c; c = c->next)
		n += !c->dead;
	buf_put_u32(b, n);
	for (struct conn *c = store.conns; c; c = c->next) {
		if (c->dead)
			continue;
		buf_put_u32(b, c->domid);
		conn_out(b, c);
		save_conn(b, c);
	}
}

static int load_nodes(struct buf *b)
{
	for (uint32_t n = buf_u32(b); n-- && !b->bad;) {
		struct node *node = load_node(b);
		struct account *a;

		if (!node)
			return -EINVAL;
		a = account_get(node->perms[0].domid, true);
		if (!a || node_find(node->path)) {
			node_free(node);
			return -EINVAL;
		}
		node_insert(node);
		a->nodes++;
		account_mem(a, node_mem(node));
	}
	return b->bad || !node_find("/") ? -EINVAL : 0;
}

/* The store must be empty: store_init() was not called, but store.seed and store.now are set. */
int state_load(struct buf *b, struct conn *(*conn_in)(struct buf *, uint16_t domid))
{
	uint32_t n;
	int rc;

	store.run_last = &store.run;
	store.bucket = calloc(256, sizeof(*store.bucket));
	if (!store.bucket)
		return -ENOMEM;
	store.mask = 255;
	if (buf_u32(b) != MAGIC)
		return -EINVAL;
	store.gen = buf_u64(b);
	if (buf_u32(b) != Q_COUNT)
		return -EINVAL;
	for (int i = 0; i < Q_COUNT; i++)
		store.quota[i] = buf_u32(b);
	rc = load_nodes(b);
	if (rc)
		return rc;
	for (n = buf_u32(b); n-- && !b->bad;) {
		struct account *a = account_get(buf_u32(b), true);

		if (!a)
			return -ENOMEM;
		a->introduced = true;
	}
	for (n = buf_u32(b); n-- && !b->bad;) {
		struct conn *c = conn_in(b, buf_u32(b));

		if (!c)
			return -EINVAL;
		rc = load_conn(b, c);
		if (rc)
			return rc;
		conn_wake(c);
	}
	return b->bad || store_check() ? -EINVAL : 0;
}
