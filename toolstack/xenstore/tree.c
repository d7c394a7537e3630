// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree. A node never changes: a change makes a new version of it and of every node on the way
 * to it, and shares all the rest; whoever holds an old root keeps the tree as it was. The root
 * itself has no name; below it are "/" (whose name is empty) and the special "@..." nodes.
 * Invariant: children are sorted by name, without doubles; `refs` counts the parents' versions and
 * other holders.
 */
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

struct store store;

static size_t block_size(const struct node *n)
{
	return sizeof(*n) + n->n_kids * sizeof(*n->kids) + n->n_perms * sizeof(*n->perms) +
	       n->name_len + 1 + n->value_len;
}

size_t node_mem(const struct node *n)
{
	return block_size(n) - n->n_kids * sizeof(*n->kids) + sizeof(*n->kids);
}

static void *copy(void *to, const void *from, size_t len)
{
	return len ? memcpy(to, from, len) : to;
}

struct node *node_version(const struct node *t, uint32_t at, uint32_t drop, struct node *kid)
{
	struct node head = *t, *n;

	head.n_kids = t->n_kids - drop + (kid != NULL);
	n = malloc(block_size(&head));
	if (!n) {
		node_unref(kid);
		return NULL;
	}
	head.refs = 1;
	head.kids = (struct node **)(n + 1);
	head.perms = (struct xs_perm *)(head.kids + head.n_kids);
	head.name = (char *)(head.perms + head.n_perms);
	head.value = head.name + head.name_len + 1;
	if (!drop != !kid)
		head.kidgen = ++store.gen;
	*n = head;
	copy(n->perms, t->perms, n->n_perms * sizeof(*n->perms));
	copy(n->name, t->name, n->name_len);
	n->name[n->name_len] = '\0';
	copy(n->value, t->value, n->value_len);
	for (uint32_t i = 0, to = 0; i < t->n_kids; i++) {
		if (i < at || i >= at + drop) {
			to += kid && to == at;
			n->kids[to++] = node_ref(t->kids[i]);
		}
	}
	if (kid)
		n->kids[at] = kid;
	store.node_bytes += block_size(n);
	return n;
}

struct node *node_ref(struct node *n)
{
	n->refs++;
	return n;
}

void node_unref(struct node *n)
{
	if (!n || --n->refs)
		return;
	for (uint32_t i = 0; i < n->n_kids; i++)
		node_unref(n->kids[i]);
	store.node_bytes -= block_size(n);
	free(n);
}

static uint32_t kid_at(const struct node *n, const char *name, size_t len, bool *found)
{
	uint32_t low = 0, high = n->n_kids;

	*found = false;
	while (low < high && !*found) {
		uint32_t mid = (low + high) / 2;
		const struct node *k = n->kids[mid];
		int c = strncmp(k->name, name, len);

		if (!c && k->name_len == len) {
			*found = true;
			low = mid;
		} else if (c < 0) {
			low = mid + 1;
		} else {
			high = mid;
		}
	}
	return low;
}

/* Whether `path` goes on behind its first `len` bytes; "/" is one empty name, "/a" two names. */
static bool goes_on(const char *path, size_t len)
{
	return path[len] && path[len + 1];
}

struct spot tree_find(struct node *root, const char *path)
{
	struct spot s = { root, root, path };
	bool found;

	for (;;) {
		size_t len = strcspn(s.rest, "/");
		uint32_t at = kid_at(s.node, s.rest, len, &found);

		s.up = s.node;
		s.node = found ? s.up->kids[at] : NULL;
		if (!found || !goes_on(s.rest, len))
			return s;
		s.rest += len + 1;
	}
}

struct node *tree_put(const struct node *n, const char *path, struct node *leaf,
		      const struct node *like)
{
	size_t len = strcspn(path, "/");
	struct node t = *n;
	bool found;
	uint32_t at = kid_at(n, path, len, &found);

	if (!found || !leaf)
		t.writer = like->writer;
	if (goes_on(path, len)) {
		struct node missing = *like;

		missing.name = (char *)path;
		missing.name_len = len;
		leaf = tree_put(found ? n->kids[at] : &missing, path + len + 1, leaf, like);
		if (!leaf)
			return NULL;
	}
	return node_version(&t, at, found, leaf);
}

struct node *tree_set(const struct node *root, const char *path, struct node t,
		      const struct node *like)
{
	struct node *leaf;

	t.name = (char *)path_name(path);
	t.name_len = strlen(t.name);
	leaf = node_version(&t, 0, 0, NULL);
	return leaf ? tree_put(root, path, leaf, like) : NULL;
}

void tree_diff(const struct node *a, const struct node *b, node_count *count, void *ctx)
{
	uint32_t i = 0, j = 0;

	if (a == b)
		return;
	if (a)
		count(a, -1, ctx);
	if (b)
		count(b, 1, ctx);
	while ((a && i < a->n_kids) || (b && j < b->n_kids)) {
		const struct node *k = a && i < a->n_kids ? a->kids[i] : NULL;
		const struct node *l = b && j < b->n_kids ? b->kids[j] : NULL;
		int c = !k ? 1 : !l ? -1 : k == l ? 0 : strcmp(k->name, l->name);

		i += c <= 0;
		j += c >= 0;
		tree_diff(c <= 0 ? k : NULL, c >= 0 ? l : NULL, count, ctx);
	}
}

/* `path` is a buffer of XENSTORE_ABS_PATH_MAX + 1 bytes, of which `len` say where n is. */
static void walk(const struct node *n, char *path, size_t len, node_visit *visit, void *ctx)
{
	if (!visit(n, len ? path : "/", ctx))
		return;
	for (uint32_t i = 0; i < n->n_kids; i++) {
		const struct node *k = n->kids[i];

		path[len] = '/';
		memcpy(path + len + 1, k->name, k->name_len + 1);
		walk(k, path, len + 1 + k->name_len, visit, ctx);
		path[len] = '\0';
	}
}

void tree_walk(const struct node *n, const char *path, node_visit *visit, void *ctx)
{
	char buf[XENSTORE_ABS_PATH_MAX + 2];
	size_t len = path[0] == '/' && !path[1] ? 0 : strlen(path);

	memcpy(buf, path, len);
	buf[len] = '\0';
	walk(n, buf, len, visit, ctx);
}

void tree_walk_all(const struct node *root, node_visit *visit, void *ctx)
{
	for (uint32_t i = 0; i < root->n_kids; i++)
		tree_walk(root->kids[i], root->kids[i]->name_len ? root->kids[i]->name : "/", visit,
			  ctx);
}

struct node *tree_commit(struct node *root)
{
	struct node *old = store.root;

	tree_diff(old, root, account_count, NULL);
	store.root = root;
	return old;
}

int store_init(uint32_t seed)
{
	static const char *const first[] = { "/", "/tool/xenstored", "@introduceDomain",
					     "@releaseDomain" };
	static struct xs_perm perm = { 0, XS_PERM_NONE };
	const struct node like = { .perms = &perm, .n_perms = 1, .name = "" };
	struct node *root = node_version(&like, 0, 0, NULL);

	store.seed = seed;
	store.run_last = &store.run;
	if (!account_get(0, true))
		return -ENOMEM;
	for (size_t i = 0; root && i < sizeof(first) / sizeof(first[0]); i++) {
		struct node *old = root;

		root = tree_set(root, first[i], like, &like);
		node_unref(old);
	}
	if (root)
		tree_commit(root);
	return root ? 0 : -ENOMEM;
}

static bool sorted(const struct node *n)
{
	for (uint32_t i = 0; i < n->n_kids; i++)
		if ((i && strcmp(n->kids[i - 1]->name, n->kids[i]->name) >= 0) ||
		    !sorted(n->kids[i]))
			return false;
	return n->refs && n->n_perms;
}

int store_check(void)
{
	unsigned int owned = 0;

	if (!sorted(store.root))
		return __LINE__;
	for (const struct account *a = store.accounts; a; a = a->next) {
		struct account s = { .domid = a->domid };

		tree_diff(NULL, store.root, account_own, &s);
		owned += s.nodes;
		for (struct conn *c = store.conns; c; c = c->next) {
			if (c->acct != a)
				continue;
			s.mem += c->out_bytes;
			for (struct watch *w = c->watches; w; w = w->next, s.watches++)
				s.mem += watch_mem(w);
			for (struct tx *t = c->txs; t; t = t->next, s.txs++)
				s.mem += t->mem;
		}
		if (a->nodes != s.nodes || a->watches != s.watches || a->txs != s.txs ||
		    a->mem != s.mem)
			return __LINE__;
	}
	return owned == store.n_nodes ? 0 : __LINE__;
}
