// SPDX-License-Identifier: GPL-2.0-only
/*
 * The requests of the wire protocol, one function each, found through one table that also says who
 * may make them. A handler answers exactly once: it either replies itself and returns 0, or returns
 * -errno. Changes are made in a transaction: the caller's, or one of this request alone.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

struct req {
	struct conn *c;
	struct tx *tx; /* NULL: outside any transaction */
	char *body;
	size_t len;
	const char *word[8]; /* the NUL-terminated strings of the body */
	unsigned int words;
	char path[XENSTORE_ABS_PATH_MAX + 2];
	int skip;
	bool touched; /* failing from here on leaves half a change */
};

static int ack(struct req *r)
{
	conn_reply(r->c, r->c->hdr.type, "OK", 3);
	return 0;
}

static int get_path(struct req *r, bool special)
{
	r->skip = path_canon(r->c, r->word[0], special, r->path, sizeof(r->path));
	return r->skip < 0 ? r->skip : 0;
}

/*
 * Whether a node exists is told only to those who may use its nearest existing parent in the same
 * way.
 */
static int absent(struct req *r, unsigned int perm)
{
	char up[XENSTORE_ABS_PATH_MAX + 2];
	const struct node *n;
	size_t len;

	if (!limited(r->c->domid))
		return -ENOENT;
	strcpy(up, r->path);
	while ((len = parent_len(up))) {
		int rc;

		up[len] = '\0';
		rc = tx_get(r->tx, up, &n);
		if (rc == 0)
			return perm_access(r->c, n) & perm ? -ENOENT : -EACCES;
		if (rc != -ENOENT)
			return rc;
	}
	return -EACCES;
}

static int get_node(struct req *r, unsigned int perm, const struct node **n)
{
	int rc = tx_get(r->tx, r->path, n);

	if (rc == -ENOENT)
		return absent(r, perm);
	if (rc == 0 && (perm_access(r->c, *n) & perm) != perm)
		return -EACCES;
	return rc;
}

static int check_size(const struct req *r, const struct node *parent, size_t extra)
{
	size_t size = extra + sizeof(struct perm) * parent->n_perms;

	return limited(r->c->domid) && store.quota[Q_NODE_SIZE] && size > store.quota[Q_NODE_SIZE]
		       ? -ENOSPC
		       : 0;
}

static int check_create(const struct req *r, const struct node *parent, size_t from,
			size_t value_len)
{
	const struct account *a = r->c->acct;
	unsigned int depth = 0, more = 0;
	size_t len = strlen(r->path);

	if (!limited(r->c->domid))
		return 0;
	for (size_t i = 0; i < len; i++) {
		depth += r->path[i] == '/';
		more += r->path[i] == '/' && i >= from;
	}
	if ((store.quota[Q_DEPTH] && depth > store.quota[Q_DEPTH]) ||
	    (store.quota[Q_NODES] &&
	     (int)(a->nodes + more) + r->tx->own_nodes > (int)store.quota[Q_NODES]) ||
	    check_size(r, parent, parent->value_len + parent->kids_len + len - from) ||
	    check_size(r, parent, value_len))
		return -ENOSPC;
	if (!account_room(
		    a, more * (sizeof(struct node) + len + parent->n_perms * sizeof(struct perm)) +
			       value_len))
		return -ENOMEM;
	return 0;
}

/*
 * Creates r->path and the parents that are missing, with the permissions of the nearest one that
 * exists.
 */
static int create(struct req *r, const void *data, size_t data_len)
{
	char part[XENSTORE_ABS_PATH_MAX + 2];
	const struct node *parent;
	struct perm perms[256];
	unsigned int n_perms;
	size_t len = strlen(r->path), from;
	int rc;

	strcpy(part, r->path);
	do {
		part[parent_len(part)] = '\0';
		rc = tx_get(r->tx, part, &parent);
	} while (rc == -ENOENT && part[1]);
	if (rc)
		return rc;
	from = part[1] ? strlen(part) : 0;
	rc = check_create(r, parent, from, data_len);
	if (rc)
		return rc;
	n_perms = parent->n_perms;
	memcpy(perms, parent->perms, n_perms * sizeof(*perms));
	if (limited(r->c->domid))
		perms[0].domid = r->c->domid;
	r->touched = true;
	for (size_t i = from + 1; !rc && i <= len; i++) {
		if (r->path[i] && r->path[i] != '/')
			continue;
		memcpy(part, r->path, i);
		part[i] = '\0';
		rc = tx_create(r->tx, part, perms, n_perms);
	}
	if (!rc && data_len)
		rc = tx_set_value(r->tx, r->path, data, data_len);
	return rc;
}

static int do_read(struct req *r)
{
	const struct node *n;
	int rc = get_node(r, PERM_READ, &n);

	if (!rc)
		conn_reply(r->c, XS_READ, n->value, n->value_len);
	return rc;
}

static int do_directory(struct req *r)
{
	const struct node *n;
	int rc = get_node(r, PERM_READ, &n);

	if (!rc)
		rc = tx_read_kids(r->tx, r->path);
	if (!rc)
		conn_reply(r->c, XS_DIRECTORY, n->kids, n->kids_len);
	return rc;
}

static int do_directory_part(struct req *r)
{
	char out[XENSTORE_PAYLOAD_MAX];
	const struct node *n;
	size_t off, len, at;
	char *end;
	int rc = get_node(r, PERM_READ, &n);

	if (!rc)
		rc = tx_read_kids(r->tx, r->path);
	if (rc)
		return rc;
	off = strtoul(r->word[1], &end, 10);
	if (*end || end == r->word[1])
		return -EINVAL;
	len = snprintf(out, sizeof(out), "%llu", (unsigned long long)n->kidgen) + 1;
	/*
	 * Offsets that are not the begin of a name are a client's mistake, and harmless: names stay
	 * bounded.
	 */
	for (at = off; at < n->kids_len;) {
		size_t l = strlen(n->kids + at) + 1;

		if (len + l + 1 > sizeof(out))
			break;
		memcpy(out + len, n->kids + at, l);
		len += l;
		at += l;
	}
	if (at >= n->kids_len)
		out[len++] = '\0';
	conn_reply(r->c, XS_DIRECTORY_PART, out, len);
	return 0;
}

static int do_get_perms(struct req *r)
{
	char out[XENSTORE_PAYLOAD_MAX];
	const struct node *n;
	size_t len = 0;
	int rc = get_node(r, PERM_READ, &n);

	if (rc)
		return rc;
	for (unsigned int i = 0; i < n->n_perms; i++)
		len += snprintf(out + len, sizeof(out) - len, "%c%u",
				"nrwb"[n->perms[i].access & 3], n -> perms[i].domid) +
		       1;
	conn_reply(r->c, XS_GET_PERMS, out, len);
	return 0;
}

static int do_set_perms(struct req *r)
{
	unsigned int max = limited(r->c->domid) && store.quota[Q_PERMS] ? store.quota[Q_PERMS]
									: 256;
	size_t head = strlen(r->word[0]) + 1;
	const struct node *n;
	struct perm p[256];
	int rc, count = perm_parse(r->body + head, r->len - head, p, max < 256 ? max : 256);

	rc = count < 0 ? count : get_node(r, PERM_OWNER, &n);
	if (!rc && limited(r->c->domid) && p[0].domid != n->perms[0].domid)
		rc = -EPERM;
	if (!rc)
		rc = tx_set_perms(r->tx, r->path, p, count);
	return rc ? rc : tx_fire(r->tx, r->path, false);
}

static int do_write(struct req *r)
{
	size_t head = strlen(r->word[0]) + 1, len = r->len - head;
	const struct node *n;
	int rc = get_node(r, PERM_WRITE, &n);

	if (rc == -ENOENT)
		rc = create(r, r->body + head, len);
	else if (!rc)
		rc = check_size(r, n, n->kids_len + len);
	if (!rc && !r->touched && limited(r->c->domid) && len > n->value_len &&
	    !account_room(account_get(n->perms[0].domid, false), len - n->value_len))
		rc = -ENOMEM;
	if (!rc && !r->touched)
		rc = tx_set_value(r->tx, r->path, r->body + head, len);
	return rc ? rc : tx_fire(r->tx, r->path, false);
}

static int do_mkdir(struct req *r)
{
	const struct node *n;
	int rc = get_node(r, PERM_WRITE, &n);

	if (rc != -ENOENT)
		return rc;
	rc = create(r, NULL, 0);
	return rc ? rc : tx_fire(r->tx, r->path, false);
}

static int do_rm(struct req *r)
{
	const struct node *n;
	int rc = r->path[1] ? get_node(r, PERM_WRITE, &n) : -EINVAL;

	if (rc == -ENOENT) {
		/* Already gone is fine, as long as there is a place where it could have been. */
		char up[XENSTORE_ABS_PATH_MAX + 2];

		strcpy(up, r->path);
		up[parent_len(up)] = '\0';
		return tx_get(r->tx, up, &n);
	}
	if (rc)
		return rc;
	r->touched = true;
	return tx_delete(r->tx, r->path);
}

static int do_watch(struct req *r)
{
	bool special = r->word[0][0] == '@';
	struct watch *w;
	int rc = watch_add(r->c, r->path, special ? 0 : r->skip, r->word[1]);

	if (rc)
		return rc;
	w = watch_find(r->c, r->path, r->word[1]);
	rc = ack(r);
	/* The first event comes at once: the client then looks, and misses nothing. */
	if (!r->c->shut && !r->c->dead)
		watch_send(w, r->path);
	return rc;
}

static int do_unwatch(struct req *r)
{
	struct watch *w = watch_find(r->c, r->path, r->word[1]);

	if (!w)
		return -ENOENT;
	watch_del(r->c, w);
	return ack(r);
}

static int do_reset_watches(struct req *r)
{
	struct tx *tx;

	watch_del_all(r->c);
	while ((tx = r->c->txs)) {
		r->c->txs = tx->next;
		r->c->acct->txs--;
		tx_free(tx);
	}
	return ack(r);
}

static struct tx *find_tx(struct conn *c, uint32_t id)
{
	struct tx *tx;

	for (tx = c->txs; tx && tx->id != id; tx = tx->next)
		;
	return tx;
}

static int do_transaction_start(struct req *r)
{
	struct conn *c = r->c;
	char id[16];
	struct tx *tx;

	if (r->tx)
		return -EBUSY;
	if (limited(c->domid)) {
		if (store.quota[Q_TXS] && c->acct->txs >= store.quota[Q_TXS])
			return -ENOSPC;
		if (!account_room(c->acct, sizeof(*tx)))
			return -ENOMEM;
	}
	tx = tx_new(c, false);
	if (!tx)
		return -ENOMEM;
	do {
		tx->id = c->next_tx++;
	} while (!tx->id || find_tx(c, tx->id));
	tx->mem = sizeof(*tx);
	account_mem(c->acct, tx->mem);
	c->acct->txs++;
	tx->next = c->txs;
	c->txs = tx;
	conn_reply(c, XS_TRANSACTION_START, id, snprintf(id, sizeof(id), "%u", tx->id) + 1);
	return 0;
}

static int do_transaction_end(struct req *r)
{
	struct tx **p, *tx = r->tx;
	bool commit = !strcmp(r->word[0], "T");
	int rc = 0;

	if (!commit && strcmp(r->word[0], "F"))
		return -EINVAL;
	if (!tx)
		return -ENOENT;
	for (p = &r->c->txs; *p != tx; p = &(*p)->next)
		;
	*p = tx->next;
	if (commit)
		rc = tx_commit(tx);
	r->c->acct->txs--;
	tx_free(tx);
	return rc ? rc : ack(r);
}

static int number(const char *s, unsigned long long max, unsigned long long *v)
{
	char *end;

	errno = 0;
	*v = strtoull(s, &end, 10);
	return *s < '0' || *s > '9' || *end || errno || *v > max ? -EINVAL : 0;
}

static int domid_arg(const struct req *r, unsigned int i, unsigned long long *domid)
{
	return number(r->word[i], DOMID_FIRST_RESERVED - 1, domid);
}

static int do_get_domain_path(struct req *r)
{
	unsigned long long domid;
	char path[32];
	int rc = domid_arg(r, 0, &domid);

	if (!rc)
		conn_reply(r->c, XS_GET_DOMAIN_PATH, path,
			   snprintf(path, sizeof(path), "/local/domain/%llu", domid) + 1);
	return rc;
}

static int do_introduce(struct req *r)
{
	unsigned long long domid, gfn, port;
	struct account *a;
	int rc = domid_arg(r, 0, &domid);

	if (rc || number(r->word[1], ULLONG_MAX, &gfn) || number(r->word[2], UINT_MAX, &port) ||
	    !domid)
		return -EINVAL;
	a = account_get(domid, true);
	if (!a)
		return -ENOMEM;
	rc = store.hooks.introduce ? store.hooks.introduce(domid, gfn, port) : 0;
	if (rc) {
		account_put(a);
		return rc;
	}
	a->introduced = true;
	ack(r);
	watch_fire("@introduceDomain", NULL, false);
	return 0;
}

static int known(const struct req *r, unsigned long long *domid)
{
	struct account *a;
	int rc = domid_arg(r, 0, domid);

	if (rc)
		return rc;
	a = account_get(*domid, false);
	return a && a->introduced && *domid ? 0 : -ENOENT;
}

static int do_release(struct req *r)
{
	unsigned long long domid;
	int rc = known(r, &domid);

	if (rc)
		return rc;
	/*
	 * Watches go first: the domain does not hear of its own removal. The caller's answer comes
	 * before the event.
	 */
	rc = store.hooks.release ? store.hooks.release(domid) : 0;
	if (rc)
		return rc;
	account_get(domid, false)->introduced = false;
	rc = account_purge(domid);
	if (rc)
		return rc;
	ack(r);
	watch_fire("@releaseDomain", NULL, false);
	return 0;
}

static int do_resume(struct req *r)
{
	unsigned long long domid;
	int rc = known(r, &domid);

	if (!rc && store.hooks.resume)
		rc = store.hooks.resume(domid);
	return rc ? rc : ack(r);
}

static int do_set_target(struct req *r)
{
	unsigned long long domid, target;
	int rc = known(r, &domid);

	if (!rc)
		rc = domid_arg(r, 1, &target);
	if (rc)
		return rc;
	for (struct conn *c = store.conns; c; c = c->next)
		if (c->domid == domid)
			c->target = target;
	return ack(r);
}

static int do_is_introduced(struct req *r)
{
	unsigned long long domid;
	struct account *a;
	int rc = domid_arg(r, 0, &domid);

	if (rc)
		return rc;
	a = account_get(domid, false);
	conn_reply(r->c, XS_IS_DOMAIN_INTRODUCED, domid == 0 || (a && a->introduced) ? "T" : "F",
		   2);
	return 0;
}

static int do_control(struct req *r)
{
	control_handle(r->c, r->body, r->len);
	return 0;
}

enum {
	DATA = 1 << 0,	/* bytes may follow the first word */
	DOM0 = 1 << 1,	/* only for those without limits */
	NO_TX = 1 << 2, /* has nothing to do with transactions */
	/* the first word is a path, or with SPECIAL also one that begins with @ */
	PATH = 1 << 3,
	SPECIAL = 1 << 4,
	CHANGE = 1 << 5, /* done wholly or not at all, then acknowledged */
};

static const struct handler {
	const char *name;
	int (*fn)(struct req *r);
	uint8_t min_words, flags;
} handlers[XS_TYPE_COUNT] = {
	[XS_CONTROL] = { "CONTROL", do_control, 1, DOM0 | NO_TX },
	[XS_DIRECTORY] = { "DIRECTORY", do_directory, 1, PATH },
	[XS_READ] = { "READ", do_read, 1, PATH },
	[XS_GET_PERMS] = { "GET_PERMS", do_get_perms, 1, PATH | SPECIAL },
	[XS_WATCH] = { "WATCH", do_watch, 2, PATH | SPECIAL | NO_TX },
	[XS_UNWATCH] = { "UNWATCH", do_unwatch, 2, PATH | SPECIAL | NO_TX },
	[XS_TRANSACTION_START] = { "TRANSACTION_START", do_transaction_start, 0, DATA },
	[XS_TRANSACTION_END] = { "TRANSACTION_END", do_transaction_end, 1 },
	[XS_INTRODUCE] = { "INTRODUCE", do_introduce, 3, DOM0 | NO_TX },
	[XS_RELEASE] = { "RELEASE", do_release, 1, DOM0 | NO_TX },
	[XS_GET_DOMAIN_PATH] = { "GET_DOMAIN_PATH", do_get_domain_path, 1, NO_TX },
	[XS_WRITE] = { "WRITE", do_write, 1, PATH | DATA | CHANGE },
	[XS_MKDIR] = { "MKDIR", do_mkdir, 1, PATH | CHANGE },
	[XS_RM] = { "RM", do_rm, 1, PATH | CHANGE },
	[XS_SET_PERMS] = { "SET_PERMS", do_set_perms, 2, PATH | SPECIAL | DATA | CHANGE },
	[XS_IS_DOMAIN_INTRODUCED] = { "IS_DOMAIN_INTRODUCED", do_is_introduced, 1, NO_TX },
	[XS_RESUME] = { "RESUME", do_resume, 1, DOM0 | NO_TX },
	[XS_SET_TARGET] = { "SET_TARGET", do_set_target, 2, DOM0 | NO_TX },
	[XS_RESET_WATCHES] = { "RESET_WATCHES", do_reset_watches, 0, DATA | NO_TX },
	[XS_DIRECTORY_PART] = { "DIRECTORY_PART", do_directory_part, 2, PATH },
};

const char *request_name(uint32_t type)
{
	return type < XS_TYPE_COUNT && handlers[type].name ? handlers[type].name : "?";
}

/* Splits the body into words. Unless data may follow, it must end with a NUL. */
static int split(struct req *r, const struct handler *h)
{
	size_t at = 0;

	while (at < r->len && r->words < sizeof(r->word) / sizeof(r->word[0])) {
		char *nul = memchr(r->body + at, 0, r->len - at);

		if (!nul)
			break;
		r->word[r->words++] = r->body + at;
		at = nul + 1 - r->body;
	}
	if (r->words < h->min_words || (!(h->flags & DATA) && (!r->len || r->body[r->len - 1])))
		return -EINVAL;
	return 0;
}

/* In the client's transaction, or in one of its own. What fails half-way spoils the client's. */
static int change(struct req *r, int (*fn)(struct req *r))
{
	bool own = !r->tx;
	int rc;

	if (own)
		r->tx = tx_new(r->c, true);
	if (!r->tx)
		return -ENOMEM;
	rc = fn(r);
	if (own) {
		if (!rc)
			rc = tx_commit(r->tx);
		tx_free(r->tx);
		r->tx = NULL;
	} else if (rc && r->touched) {
		r->tx->failed = rc;
	}
	return rc ? rc : ack(r);
}

void request_handle(struct conn *c)
{
	/* 3 KiB of path: not on the stack; one thread, no nesting */
	static struct req r;
	const struct handler *h = c->hdr.type < XS_TYPE_COUNT ? &handlers[c->hdr.type] : NULL;
	int rc;

	memset(&r, 0, sizeof(r));
	r.c = c;
	r.body = c->body;
	r.len = c->hdr.len;
	if (store.trace && !store.quiet)
		fprintf(store.trace, "dom %u %s tx %u len %u %.*s\n", c->domid,
			request_name(c->hdr.type), c->hdr.tx_id, c->hdr.len, (int)c->hdr.len,
			c->body);
	if (!h || !h->fn) {
		conn_error(c, -ENOSYS);
		return;
	}
	if ((h->flags & DOM0) && limited(c->domid)) {
		conn_error(c, -EACCES);
		return;
	}
	if (c->hdr.tx_id && !(h->flags & NO_TX)) {
		r.tx = find_tx(c, c->hdr.tx_id);
		if (!r.tx) {
			conn_error(c, -ENOENT);
			return;
		}
	}
	rc = split(&r, h);
	if (!rc && (h->flags & PATH))
		rc = get_path(&r, h->flags & SPECIAL);
	if (!rc)
		rc = h->flags & CHANGE ? change(&r, h->fn) : h->fn(&r);
	if (rc)
		conn_error(c, rc);
}
