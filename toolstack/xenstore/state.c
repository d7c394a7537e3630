// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole store as bytes, for a live update: nodes, accounts, connections with their half-read
 * requests, unsent output, watches and open transactions. One function per thing goes over its
 * fields, for saving and loading alike; in lists, each item is preceded by a 1, the end is a 0.
 * Numbers are in the machine's order: both ends are the same machine. The reader checks every
 * length; what does not fit makes the update fail before the old program has ended.
 */
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

#define MAGIC 0x32736850u /* "Phs2" */

static void put(struct buf *b, const void *data, size_t len)
{
	if (b->len + len > b->cap) {
		size_t cap = (b->len + len) * 2;
		char *more = b->bad ? NULL : realloc(b->data, cap);

		b->bad = !more;
		if (!more)
			return;
		b->data = more;
		b->cap = cap;
	}
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

static const void *get(struct buf *b, size_t len)
{
	const void *p = b->data + b->pos;

	if (b->bad || len > b->len - b->pos) {
		b->bad = true;
		return NULL;
	}
	b->pos += len;
	return p;
}

void state_bytes(struct buf *b, void *field, size_t len)
{
	const void *p;

	if (!b->loading) {
		put(b, field, len);
		return;
	}
	p = get(b, len);
	if (p)
		memcpy(field, p, len);
	else
		memset(field, 0, len);
}

const void *state_block(struct buf *b, const void *data, uint32_t *len)
{
	FIELD(b, *len);
	if (b->loading)
		return get(b, *len);
	put(b, data, *len);
	return data;
}

/* Never NULL; what is no string makes the buffer bad. */
static const char *string(struct buf *b, const char *s)
{
	uint32_t len = s ? strlen(s) + 1 : 0;

	s = state_block(b, s, &len);
	if (s && len && !s[len - 1])
		return s;
	b->bad = true;
	return "";
}

/* Whether the list goes on. */
static bool more(struct buf *b, bool have)
{
	uint8_t byte = have;

	FIELD(b, byte);
	return byte == 1;
}

static void flag(struct buf *b, bool *f)
{
	*f = more(b, *f);
}

/* Takes the node loaded so far and gives it one child more; NULL if that cannot be. */
static struct node *adopt(struct buf *b, struct node *n, struct node *kid)
{
	struct node *m = NULL;

	if (n && kid && (!n->n_kids || strcmp(n->kids[n->n_kids - 1]->name, kid->name) < 0))
		m = node_version(n, n->n_kids, 0, kid);
	else
		node_unref(kid);
	b->bad = b->bad || !m;
	node_unref(n);
	return m;
}

/* `room` is what a path may still have; NULL when saving. */
static struct node *io_node(struct buf *b, const struct node *from, size_t room)
{
	struct node t = from ? *from : (struct node){ 0 }, *n = NULL;
	uint32_t name_len = t.name_len, perms_len = t.n_perms * sizeof(*t.perms);
	uint64_t kidgen = t.kidgen;
	bool fits;

	t.name = (char *)state_block(b, t.name, &name_len);
	FIELD(b, kidgen);
	FIELD(b, t.writer);
	t.perms = (struct xs_perm *)state_block(b, t.perms, &perms_len);
	t.value = (char *)state_block(b, t.value, &t.value_len);
	fits = name_len <= room && perms_len && perms_len % sizeof(*t.perms) == 0 &&
	       perms_len <= PERMS_MAX * sizeof(*t.perms);
	if (b->loading && !b->bad && fits) {
		t.name_len = name_len;
		t.n_perms = perms_len / sizeof(*t.perms);
		n = node_version(&t, 0, 0, NULL);
	}
	b->bad = b->bad || (b->loading && !n);
	room -= fits ? name_len : 0;
	for (uint32_t i = 0; more(b, from && i < from->n_kids); i++) {
		struct node *kid = room ? io_node(b, from ? from->kids[i] : NULL, room - 1) : NULL;

		if (b->loading)
			n = adopt(b, n, kid);
	}
	if (n)
		n->kidgen = kidgen;
	return n;
}

static int io_tx(struct buf *b, struct conn *c, struct tx *tx)
{
	uint32_t id;
	int rc = b->loading ? tx_start(c, &id) : 0;

	if (rc)
		return rc;
	tx = tx ? tx : c->txs;
	FIELD(b, tx->id);
	flag(b, &tx->doomed);
	for (struct tx_op *op = tx->first; more(b, op != NULL); op = op ? op->next : NULL) {
		struct tx_op o = op ? *op : (struct tx_op){ 0 };
		const void *data, *out;

		FIELD(b, o.type);
		FIELD(b, o.rc);
		FIELD(b, o.removed);
		data = state_block(b, op ? op->data : NULL, &o.len);
		out = state_block(b, op ? op->data + op->len : NULL, &o.out_len);
		if (!b->loading)
			continue;
		op = b->bad ? NULL : op_new(tx, c->acct, o.len, o.out_len);
		if (!op)
			return -EINVAL;
		op->type = o.type;
		op->rc = o.rc;
		op->removed = o.removed;
		memcpy(op->data, data, o.len);
		memcpy(op->data + o.len, out, o.out_len);
		op = NULL;
	}
	if (b->loading)
		tx_rebase(c, tx);
	return 0;
}

static int io_input(struct buf *b, struct msg *in)
{
	uint32_t len = in->have > sizeof(in->hdr) ? in->have - sizeof(in->hdr) : 0;
	const void *body;

	FIELD(b, in->hdr);
	FIELD(b, in->have);
	body = state_block(b, in->body, &len);
	if (!b->loading || !len)
		return in->have <= sizeof(in->hdr) + len ? 0 : -EINVAL;
	if (b->bad || in->hdr.len > XENSTORE_PAYLOAD_MAX || len > in->hdr.len ||
	    in->have != sizeof(in->hdr) + len)
		return -EINVAL;
	in->body = malloc(in->hdr.len + 1);
	if (!in->body)
		return -ENOMEM;
	memcpy(in->body, body, len);
	return 0;
}

static int io_conn(struct buf *b, struct conn *c)
{
	int rc;

	FIELD(b, c->target);
	FIELD(b, c->next_tx);
	flag(b, &c->shut);
	rc = io_input(b, &c->in);
	for (struct outmsg *m = c->out; !rc && more(b, m); m = m ? m->next : NULL) {
		uint32_t hash = m && !m->off ? m->ev_hash : 0, len = m ? m->len - m->off : 0;
		const void *data;

		FIELD(b, hash);
		data = state_block(b, m ? m->data + m->off : NULL, &len);
		if (b->loading)
			rc = data ? conn_queue_raw(c, data, len, hash) : -EINVAL;
	}
	for (struct watch *w = c->watches; !rc && more(b, w); w = w ? w->next : NULL) {
		uint16_t skip = w ? w->skip : 0;
		const char *path = string(b, w ? w->path : NULL);
		const char *token = string(b, w ? w->token : NULL);

		FIELD(b, skip);
		if (b->loading)
			rc = b->bad || skip > strlen(path) ? -EINVAL
							   : watch_add(c, path, skip, token);
	}
	for (struct tx *tx = c->txs; !rc && more(b, tx); tx = tx ? tx->next : NULL)
		rc = io_tx(b, c, tx);
	return rc;
}

static int io_head(struct buf *b)
{
	uint32_t magic = MAGIC, n = Q_COUNT;

	FIELD(b, magic);
	FIELD(b, n);
	FIELD(b, store.gen);
	FIELD(b, store.quota);
	return b->bad || magic != MAGIC || n != Q_COUNT ? -EINVAL : 0;
}

void state_save(struct buf *b)
{
	io_head(b);
	io_node(b, store.root, SIZE_MAX);
	for (struct account *a = store.accounts; more(b, a); a = a->next) {
		FIELD(b, a->domid);
		flag(b, &a->introduced);
	}
	for (struct conn *c = store.conns; c; c = c->next) {
		if (c->dead)
			continue;
		more(b, true);
		FIELD(b, c->domid);
		c->ops->save(b, c);
		io_conn(b, c);
	}
	more(b, false);
}

static bool make_owner(const struct node *n, const char *path, void *ctx)
{
	bool *failed = ctx;

	*failed = *failed || !account_get(n->perms[0].domid, true);
	return true;
}

static int load_tree(struct buf *b)
{
	struct node *root = io_node(b, NULL, XENSTORE_ABS_PATH_MAX + 1);
	bool failed = b->bad || !root || !root->n_kids;

	if (!failed) {
		make_owner(root, "", &failed);
		for (uint32_t i = 0; i < root->n_kids; i++)
			tree_walk(root->kids[i], "/", make_owner, &failed);
	}
	if (failed) {
		node_unref(root);
		return -EINVAL;
	}
	tree_commit(root);
	return tree_find(root, "/").node ? 0 : -EINVAL;
}

static int load(struct buf *b, struct conn *(*conn_in)(struct buf *, uint16_t domid))
{
	uint16_t domid;
	int rc = io_head(b);

	if (!rc)
		rc = load_tree(b);
	while (!rc && more(b, false)) {
		struct account *a;

		FIELD(b, domid);
		a = account_get(domid, true);
		if (!a)
			return -ENOMEM;
		flag(b, &a->introduced);
	}
	while (!rc && more(b, false)) {
		struct conn *c;

		FIELD(b, domid);
		c = b->bad ? NULL : conn_in(b, domid);
		rc = c ? io_conn(b, c) : -EINVAL;
		if (!rc)
			conn_wake(c);
	}
	return rc ? rc : b->bad || store_check() ? -EINVAL : 0;
}

/* The store must be empty: store_init() was not called, but store.seed and store.now are set. */
int state_load(struct buf *b, struct conn *(*conn_in)(struct buf *, uint16_t domid))
{
	int rc;

	b->loading = store.loading = true;
	store.run_last = &store.run;
	rc = load(b, conn_in);
	store.loading = false;
	return rc;
}
