// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole store as bytes, for a live update: a list of records, each with the header of the wire
 * protocol. Watches, and what was asked in open transactions, are kept as the requests that they
 * were, and made again; the rest has records of its own. Numbers are in the machine's order: both
 * ends are the same machine. The reader checks every length; what does not fit makes the update
 * fail before the old program has ended.
 */
#include <string.h>
#include "xenstore/store.h"

#define MAGIC 0x34736850u /* "Phs4" */

enum {
	REC_HEAD = 0x100, /* beside the requests' XS_... */
	REC_NODE,	  /* req_id: how many permissions. The path, then the node from these on */
	REC_CONN,	  /* what follows belongs to it */
	REC_TX,		  /* tx_id: one that is open; req_id: it is doomed */
	REC_OUT,	  /* unsent bytes; req_id: ev_hash */
	REC_IN,
	REC_END,
};

struct head {
	uint32_t magic;
	uint64_t gen;
	uint32_t quota[Q_COUNT];
};

static void record(FILE *f, struct xsd_sockmsg h, const void *data)
{
	fwrite(&h, sizeof(h), 1, f);
	fwrite(data, h.len, 1, f);
}

static bool save_node(const struct node *n, const char *path, void *f)
{
	/* Name and value lie behind the permissions. */
	size_t path_len = strlen(path) + 1, len = n->value + n->value_len - (char *)n->perms;
	struct xsd_sockmsg h = { REC_NODE, n->n_perms, 0, path_len + len };

	fwrite(&h, sizeof(h), 1, f);
	fwrite(path, path_len, 1, f);
	fwrite(n->perms, len, 1, f);
	return true;
}

static void save_conn(FILE *f, struct conn *c)
{
	struct conn_state s = { c->domid, c->shut, c->why, c->target, c->next_tx };

	c->ops->save(c, &s);
	record(f, (struct xsd_sockmsg){ REC_CONN, 0, 0, sizeof(s) }, &s);
	for (struct watch *w = c->watches; w; w = w->next) {
		const char *path = w->path + w->skip, *end = w->token + strlen(w->token) + 1;

		record(f, (struct xsd_sockmsg){ XS_WATCH, 0, 0, end - path }, path);
	}
	for (struct tx *tx = c->txs; tx; tx = tx->next) {
		tx_rebase(c, tx); /* then its requests get the same answers again */
		record(f, (struct xsd_sockmsg){ REC_TX, tx->doomed, tx->id }, NULL);
		for (struct tx_op *op = tx->doomed ? NULL : tx->first; op; op = op->next)
			record(f, (struct xsd_sockmsg){ op->type, 0, tx->id, op->len }, op->data);
	}
	for (struct outmsg *m = c->out; m; m = m->next) {
		uint32_t hash = m->off ? 0 : m->ev_hash, len = m->len - m->off;

		record(f, (struct xsd_sockmsg){ REC_OUT, hash, 0, len }, m->data + m->off);
	}
	record(f, (struct xsd_sockmsg){ REC_IN, 0, 0, c->in.have }, &c->in.hdr);
}

void state_save(FILE *f, const struct conn *asker, const void *answer, size_t len)
{
	struct head head = { MAGIC, store.gen };

	store.updating = true;
	memcpy(head.quota, store.quota, sizeof(head.quota));
	record(f, (struct xsd_sockmsg){ REC_HEAD, 0, 0, sizeof(head) }, &head);
	tree_walk_all(store.root, save_node, f);
	for (struct conn *c = store.conns; c; c = c->next) {
		if (c->dead)
			continue;
		save_conn(f, c);
		if (c == asker)
			record(f, (struct xsd_sockmsg){ REC_OUT, 0, 0, len }, answer);
	}
	record(f, (struct xsd_sockmsg){ REC_END }, NULL);
	store.updating = false;
}

static int load_head(const struct xsd_sockmsg *h, const void *data)
{
	struct head head;

	if (h->len != sizeof(head))
		return -EINVAL;
	memcpy(&head, data, sizeof(head));
	store.gen = head.gen;
	memcpy(store.quota, head.quota, sizeof(head.quota));
	return head.magic == MAGIC ? 0 : -EINVAL;
}

/* Those above it came before it. */
static int load_node(const struct xsd_sockmsg *h, const char *path)
{
	size_t path_len = strnlen(path, h->len), head;
	struct node t = { .n_perms = h->req_id }, *root;
	struct xs_perm owner;

	if (path_len == h->len || path_len > XENSTORE_ABS_PATH_MAX || !h->req_id ||
	    h->req_id > PERMS_MAX)
		return -EINVAL;
	t.perms = (struct xs_perm *)(path + path_len + 1);
	head = path_len + 1 + t.n_perms * sizeof(owner) + strlen(path_name(path)) + 1;
	if (head > h->len)
		return -EINVAL;
	t.value = (char *)path + head;
	t.value_len = h->len - head;
	memcpy(&owner, path + path_len + 1, sizeof(owner));
	root = account_get(owner.domid, true) ? tree_set(store.root, path, t, &t) : NULL;
	if (root)
		node_unref(tree_commit(root));
	return root ? 0 : -ENOMEM;
}

static int load_conn(const struct xsd_sockmsg *h, const void *data, conn_load *conn_in,
		     struct conn **c)
{
	struct conn_state s;

	if (h->len != sizeof(s))
		return -EINVAL;
	memcpy(&s, data, sizeof(s));
	*c = conn_in(&s);
	if (!*c)
		return -EINVAL;
	(*c)->shut = s.shut;
	(*c)->why = s.why;
	(*c)->target = s.target;
	(*c)->next_tx = s.next_tx;
	conn_wake(*c);
	return 0;
}

static int load_request(struct conn *c, const struct xsd_sockmsg *h, const void *data)
{
	int rc;

	if (h->len > XENSTORE_PAYLOAD_MAX)
		return -EINVAL;
	c->in.hdr = *h;
	memcpy(c->in.body, data, h->len);
	rc = request_handle(c);
	return h->tx_id && rc != -ENOMEM ? 0 : rc;
}

static int load(const struct xsd_sockmsg *h, const void *data, conn_load *conn_in, struct conn **c)
{
	int rc;

	switch (h->type) {
	case REC_HEAD: return load_head(h, data);
	case REC_NODE: return load_node(h, data);
	case REC_CONN: return load_conn(h, data, conn_in, c);
	case REC_END: return store_check() ? -EINVAL : 0;
	}
	if (!*c)
		return -EINVAL;
	switch (h->type) {
	case REC_TX:
		rc = tx_start(*c, h->tx_id);
		if (!rc)
			(*c)->txs->doomed = h->req_id;
		return rc;
	case REC_OUT: return conn_queue_raw(*c, data, h->len, h->req_id);
	case REC_IN:
		if (h->len > sizeof((*c)->in.hdr) + sizeof((*c)->in.body))
			return -EINVAL;
		memcpy(&(*c)->in.hdr, data, h->len);
		(*c)->in.have = h->len;
		return 0;
	default: return load_request(*c, h, data);
	}
}

/* The store is as store_init() made it. */
int state_load(const char *data, size_t len, conn_load *conn_in)
{
	const char *end = data + len;
	struct conn *c = NULL;
	struct xsd_sockmsg h;
	int rc;

	store.updating = true;
	do {
		rc = -EINVAL;
		if ((size_t)(end - data) < sizeof(h))
			break;
		memcpy(&h, data, sizeof(h));
		data += sizeof(h);
		if ((size_t)(end - data) >= h.len)
			rc = load(&h, data, conn_in, &c);
		data += h.len;
	} while (!rc && h.type != REC_END);
	store.updating = false;
	return rc;
}
