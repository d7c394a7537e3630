// SPDX-License-Identifier: GPL-2.0-only
/*
 * The requests of the wire protocol, one function each, found through one table that also says who
 * may make them. Those about nodes are functions of a tree: they give an answer and perhaps a new
 * tree, and nothing has happened until that is committed, or taken by a transaction. So a request
 * is done wholly or not at all.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

static void set_answer(struct req *r, const void *out, size_t len)
{
	r->out = out;
	r->out_len = len;
}

static int take(struct req *r, struct node *next)
{
	r->next = next;
	return next ? 0 : -ENOMEM;
}

/* A node that is there becomes one as `t` says. */
static int change(struct req *r, struct node t)
{
	t.writer = r->c->domid;
	return take(r, tree_set(r->root, r->path, t, &t));
}

static size_t kids_len(const struct node *n)
{
	size_t len = 0;

	for (uint32_t i = 0; i < n->n_kids; i++)
		len += n->kids[i]->name_len + 1;
	return len;
}

/* Value, permissions and names of children together. */
static bool too_big(const struct req *r, const struct node *n, size_t extra)
{
	/* Names are counted only for those whom it matters. */
	size_t names = limited(r->c->domid) ? kids_len(n) : 0;

	return over(r->c->domid, Q_NODE_SIZE, extra + names + sizeof(*n->perms) * n->n_perms);
}

static int check_create(const struct req *r, size_t value_len)
{
	const struct spot *s = &r->at;
	struct account own = *r->c->acct;
	unsigned int depth = 0, more = 1;
	struct node leaf = { .n_perms = s->up->n_perms };
	size_t size;

	if (!limited(r->c->domid))
		return 0;
	tree_diff(store.root, r->root, account_own, &own);
	for (const char *p = r->path; *p; p++) {
		depth += *p == '/';
		more += *p == '/' && p >= s->rest;
	}
	size = more * (sizeof(leaf) + strlen(s->rest) + leaf.n_perms * sizeof(*leaf.perms));
	if (over(r->c->domid, Q_DEPTH, depth) || over(r->c->domid, Q_NODES, own.nodes + more) ||
	    too_big(r, s->up, s->up->value_len + strlen(s->rest)) || too_big(r, &leaf, value_len))
		return -ENOSPC;
	return account_room(r->c->acct, size + value_len) ? 0 : -ENOMEM;
}

/* The node and the parents that are missing, with the permissions of the nearest that exists. */
static int create(struct req *r, const void *data, size_t len)
{
	const struct node *up = r->at.up;
	struct xs_perm perms[PERMS_MAX];
	struct node like = { .perms = perms, .n_perms = up->n_perms, .writer = r->c->domid };
	struct node t;
	int rc = check_create(r, len);

	if (rc)
		return rc;
	memcpy(perms, up->perms, like.n_perms * sizeof(*perms));
	if (limited(r->c->domid))
		perms[0].domid = r->c->domid;
	t = like;
	t.value = (char *)data;
	t.value_len = len;
	return take(r, tree_set(r->root, r->path, t, &like));
}

static int do_read(struct req *r)
{
	set_answer(r, r->at.node->value, r->at.node->value_len);
	return 0;
}

/* Names of children into r->text behind `len` bytes, leaving out `skip` bytes of names. */
static bool list_kids(struct req *r, size_t skip, size_t len)
{
	const struct node *n = r->at.node;
	size_t at = 0;

	set_answer(r, r->text, len);
	for (uint32_t i = 0; i < n->n_kids; i++) {
		const struct node *k = n->kids[i];

		at += k->name_len + 1;
		if (at <= skip)
			continue;
		if (r->out_len + k->name_len + 1 > XENSTORE_PAYLOAD_MAX)
			return false;
		memcpy(r->text + r->out_len, k->name, k->name_len + 1);
		r->out_len += k->name_len + 1;
	}
	return true;
}

int number(const char *s, unsigned long long max, unsigned long long *v)
{
	char *end;

	errno = 0;
	*v = strtoull(s, &end, 10);
	return *s < '0' || *s > '9' || *end || errno || *v > max ? -EINVAL : 0;
}

static int do_directory(struct req *r)
{
	return list_kids(r, 0, 0) ? 0 : -E2BIG;
}

static int do_directory_part(struct req *r)
{
	unsigned long long skip;
	size_t head;

	if (number(r->word[1], SIZE_MAX, &skip))
		return -EINVAL;
	head = sprintf(r->text, "%llu", (unsigned long long)r->at.node->kidgen) + 1;
	r->out_skip = head;
	/* An empty name says that these were the last. */
	if (list_kids(r, skip, head) && r->out_len < XENSTORE_PAYLOAD_MAX)
		r->text[r->out_len++] = '\0';
	return 0;
}

static int do_get_perms(struct req *r)
{
	const struct node *n = r->at.node;
	int len = perm_format(n->perms, n->n_perms, r->text, XENSTORE_PAYLOAD_MAX);

	if (len < 0)
		return len;
	set_answer(r, r->text, len);
	return 0;
}

static int do_set_perms(struct req *r)
{
	size_t head = strlen(r->word[0]) + 1;
	struct xs_perm p[PERMS_MAX];
	struct node t = *r->at.node;
	int count = perm_parse(r->body + head, r->len - head, p, PERMS_MAX);

	if (count < 0)
		return count;
	if (over(r->c->domid, Q_PERMS, count))
		return -ENOSPC;
	if (limited(r->c->domid) && p[0].domid != t.perms[0].domid)
		return -EPERM;
	if (!account_get(p[0].domid, true))
		return -ENOMEM;
	t.perms = p;
	t.n_perms = count;
	return change(r, t);
}

static int do_write(struct req *r)
{
	size_t head = strlen(r->word[0]) + 1, len = r->len - head;
	const struct node *n = r->at.node;
	struct node t;

	if (!n)
		return create(r, r->body + head, len);
	if (too_big(r, n, len))
		return -ENOSPC;
	if (limited(r->c->domid) && !account_room(account_get(n->perms[0].domid, false),
						  (ptrdiff_t)len - (ptrdiff_t)n->value_len))
		return -ENOMEM;
	t = *n;
	t.value = (char *)r->body + head;
	t.value_len = len;
	return change(r, t);
}

static int do_mkdir(struct req *r)
{
	return r->at.node ? 0 : create(r, NULL, 0);
}

static bool count_all(const struct node *n, const char *path, void *ctx)
{
	++*(uint32_t *)ctx;
	return true;
}

static int do_rm(struct req *r)
{
	const struct node by = { .writer = r->c->domid };

	/* Already gone is fine, as long as there is a place where it could have been. */
	if (!r->at.node)
		return strchr(r->at.rest, '/') ? -ENOENT : 0;
	if (!r->path[1])
		return -EINVAL;
	tree_walk(r->at.node, r->path, count_all, &r->removed);
	return take(r, tree_put(r->root, r->path, NULL, &by));
}

static int do_watch(struct req *r)
{
	/* Newer daemons take a depth there: not silently more than was asked for. */
	if (r->words > 2)
		return -EINVAL;
	/* The first event comes at once: the client then looks, and misses nothing. */
	return watch_add(r->c, r->path, r->skip, r->word[1], &r->first);
}

static int do_unwatch(struct req *r)
{
	struct watch *w = watch_find(r->c, r->path, r->word[1]);

	if (!w)
		return -ENOENT;
	watch_del(r->c, w);
	return 0;
}

static int do_reset_watches(struct req *r)
{
	conn_forget(r->c);
	return 0;
}

static int do_transaction_start(struct req *r)
{
	uint32_t id;
	int rc;

	do {
		id = r->c->next_tx++;
	} while (!id || tx_find(r->c, id));
	rc = r->tx ? -EBUSY : tx_start(r->c, id);
	if (!rc)
		set_answer(r, r->text, sprintf(r->text, "%u", id) + 1);
	return rc;
}

static int do_transaction_end(struct req *r)
{
	bool commit = !strcmp(r->word[0], "T");

	if (!commit && strcmp(r->word[0], "F"))
		return -EINVAL;
	return r->tx ? tx_end(r->c, r->tx, commit) : -ENOENT;
}

static bool is_introduced(uint16_t domid)
{
	struct conn *c;

	for (c = store.conns; c && c->domid != domid; c = c->next)
		;
	return c;
}

static int do_get_domain_path(struct req *r)
{
	set_answer(r, r->text, sprintf(r->text, "/local/domain/%u", r->domid) + 1);
	return 0;
}

static int do_introduce(struct req *r)
{
	bool known = is_introduced(r->domid);
	unsigned long long gfn, port;
	int rc;

	if (number(r->word[1], ULLONG_MAX, &gfn) || number(r->word[2], INT_MAX, &port) || !r->domid)
		return -EINVAL;
	rc = domain_introduce(r->domid, gfn, port);
	if (!rc && !known)
		r->event = "@introduceDomain";
	return rc;
}

static int do_release(struct req *r)
{
	int rc;

	/* Its watches go first: the domain does not hear of its own removal. */
	domain_release(r->domid);
	rc = account_purge(r->domid);
	if (!rc)
		r->event = "@releaseDomain";
	return rc;
}

static int do_resume(struct req *r)
{
	domain_resume(r->domid);
	return 0;
}

static int do_set_target(struct req *r)
{
	unsigned long long target;
	int rc = number(r->word[1], DOMID_FIRST_RESERVED - 1, &target);

	for (struct conn *c = store.conns; !rc && c; c = c->next)
		if (c->domid == r->domid)
			c->target = target;
	return rc;
}

static int do_is_introduced(struct req *r)
{
	set_answer(r, r->domid == 0 || is_introduced(r->domid) ? "T" : "F", 2);
	return 0;
}

static int do_control(struct req *r)
{
	int rc = control_run(r->c, (char *)r->body, r->len, r->text, sizeof(r->text));

	r->later = rc > 0;
	set_answer(r, r->text, strlen(r->text) + 1);
	return rc < 0 ? rc : 0;
}

enum {
	DATA = 1 << 0,	/* bytes may follow the first word */
	DOM0 = 1 << 1,	/* only for those without limits */
	NO_TX = 1 << 2, /* has nothing to do with transactions */
	/* the first word is a path, or with SPECIAL also one that begins with @ */
	PATH = 1 << 3,
	SPECIAL = 1 << 4,
	MAKES = 1 << 5,		/* the node need not exist */
	DOMID = 1 << 6,		/* the first word is a domain's number, */
	KNOWN = 1 << 7 | DOMID, /* one that was introduced */
};

static const struct handler {
	const char *name;
	int (*fn)(struct req *r);
	uint8_t min_words, flags;
	uint8_t access; /* to the node; of those that are functions of the tree */
} handlers[XS_TYPE_COUNT] = {
	[XS_CONTROL] = { "CONTROL", do_control, 1, DOM0 | NO_TX },
	[XS_DIRECTORY] = { "DIRECTORY", do_directory, 1, PATH, XS_PERM_READ },
	[XS_READ] = { "READ", do_read, 1, PATH, XS_PERM_READ },
	[XS_GET_PERMS] = { "GET_PERMS", do_get_perms, 1, PATH | SPECIAL, XS_PERM_READ },
	[XS_WATCH] = { "WATCH", do_watch, 2, PATH | SPECIAL | NO_TX },
	[XS_UNWATCH] = { "UNWATCH", do_unwatch, 2, PATH | SPECIAL | NO_TX },
	[XS_TRANSACTION_START] = { "TRANSACTION_START", do_transaction_start, 0, DATA },
	[XS_TRANSACTION_END] = { "TRANSACTION_END", do_transaction_end, 1 },
	[XS_INTRODUCE] = { "INTRODUCE", do_introduce, 3, DOM0 | NO_TX | DOMID },
	[XS_RELEASE] = { "RELEASE", do_release, 1, DOM0 | NO_TX | KNOWN },
	[XS_GET_DOMAIN_PATH] = { "GET_DOMAIN_PATH", do_get_domain_path, 1, NO_TX | DOMID },
	[XS_WRITE] = { "WRITE", do_write, 1, PATH | DATA | MAKES, XS_PERM_WRITE },
	[XS_MKDIR] = { "MKDIR", do_mkdir, 1, PATH | MAKES, XS_PERM_WRITE },
	[XS_RM] = { "RM", do_rm, 1, PATH | MAKES, XS_PERM_WRITE },
	[XS_SET_PERMS] = { "SET_PERMS", do_set_perms, 2, PATH | SPECIAL | DATA,
			   XS_PERM_WRITE | PERM_OWNER },
	[XS_IS_DOMAIN_INTRODUCED] = { "IS_DOMAIN_INTRODUCED", do_is_introduced, 1,
				      DOM0 | NO_TX | DOMID },
	[XS_RESUME] = { "RESUME", do_resume, 1, DOM0 | NO_TX | KNOWN },
	[XS_SET_TARGET] = { "SET_TARGET", do_set_target, 2, DOM0 | NO_TX | KNOWN },
	[XS_RESET_WATCHES] = { "RESET_WATCHES", do_reset_watches, 0, DATA | NO_TX },
	[XS_DIRECTORY_PART] = { "DIRECTORY_PART", do_directory_part, 2, PATH, XS_PERM_READ },
};

static const struct handler *handler(uint32_t type)
{
	return type < XS_TYPE_COUNT && handlers[type].fn ? &handlers[type] : NULL;
}

/* Splits the body into words. Unless data may follow, it must end with a NUL. */
static int split(struct req *r, const struct handler *h)
{
	size_t at = 0;

	while (at < r->len && r->words < sizeof(r->word) / sizeof(r->word[0])) {
		const char *nul = memchr(r->body + at, 0, r->len - at);

		if (!nul)
			break;
		r->word[r->words++] = r->body + at;
		at = nul + 1 - r->body;
	}
	if (r->words < h->min_words || (!(h->flags & DATA) && (!r->len || r->body[r->len - 1])))
		return -EINVAL;
	return 0;
}

/*
 * The node of the path. Whether it exists is told only to those who may use its nearest existing
 * parent in the same way.
 */
static int find(struct req *r, const struct handler *h)
{
	r->at = tree_find(r->root, r->path);
	if (r->at.node)
		return (perm_access(r->c, r->at.node) & h->access) == h->access ? 0 : -EACCES;
	if (!(perm_access(r->c, r->at.up) & h->access))
		return -EACCES;
	return h->flags & MAKES ? 0 : -ENOENT;
}

static int run(struct req *r, const struct handler *h)
{
	unsigned long long domid = 0;
	int rc = split(r, h);

	if (!rc && (h->flags & PATH)) {
		r->skip = path_canon(r->c, r->word[0], h->flags & SPECIAL, r->path,
				     sizeof(r->path));
		rc = r->skip < 0 ? r->skip : 0;
	}
	if (!rc && h->access)
		rc = find(r, h);
	if (!rc && (h->flags & DOMID)) {
		rc = number(r->word[0], DOMID_FIRST_RESERVED - 1, &domid);
		r->domid = domid;
		if (!rc && (h->flags & KNOWN) == KNOWN && !(domid && is_introduced(domid)))
			rc = -ENOENT;
	}
	return rc ? rc : h->fn(r);
}

static void begin(struct req *r, struct conn *c, struct node *root, uint32_t type, const char *body,
		  size_t len)
{
	memset(r, 0, offsetof(struct req, text));
	r->path[0] = '\0';
	r->c = c;
	r->root = root;
	r->type = type;
	r->body = body;
	r->len = len;
	r->node_bytes = store.node_bytes;
	set_answer(r, "OK", 3);
}

int request_run(struct req *r, struct conn *c, struct node *root, uint32_t type, const char *body,
		size_t len)
{
	begin(r, c, root, type, body, len);
	return run(r, handler(type));
}

static void commit(struct req *r)
{
	struct node *old = tree_commit(node_ref(r->next));

	if (r->type == XS_RM)
		watch_fire_removed(r->path, old);
	else
		watch_fire(r->path, old);
	node_unref(old);
}

static int handle(struct req *r, const struct handler *h)
{
	int rc;

	if (!h)
		return -ENOSYS;
	if ((h->flags & DOM0) && limited(r->c->domid))
		return -EACCES;
	if (r->c->in.hdr.tx_id && !(h->flags & NO_TX)) {
		r->tx = tx_find(r->c, r->c->in.hdr.tx_id);
		if (!r->tx)
			return -ENOENT;
		r->root = r->tx->root;
	}
	rc = run(r, h);
	if (r->tx && h->access)
		rc = tx_note(r->c, r->tx, r, rc);
	else if (r->next)
		commit(r);
	return rc;
}

int request_handle(struct conn *c)
{
	static struct req r; /* 7 KiB: not on the stack; one thread, no nesting */
	const struct xsd_sockmsg *hdr = &c->in.hdr;
	const struct handler *h = handler(hdr->type);
	struct node *root = node_ref(store.root);
	int rc;

	if (store.trace && !store.quiet)
		fprintf(store.trace, "dom %u %s tx %u len %u %.*s\n", c->domid, h ? h->name : "?",
			hdr->tx_id, hdr->len, (int)hdr->len, c->in.body);
	begin(&r, c, root, hdr->type, c->in.body, hdr->len);
	rc = handle(&r, h);
	if (rc)
		conn_error(c, rc);
	else if (!r.later)
		conn_reply(c, r.type, r.out, r.out_len);
	if (r.event)
		watch_fire(r.event, store.root);
	if (r.first)
		watch_send(r.first, r.path);
	node_unref(r.next);
	node_unref(root);
	tx_limit_versions();
	return rc;
}
