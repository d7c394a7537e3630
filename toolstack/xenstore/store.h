/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store behind xenstored: nodes, transactions, watches, quotas, connections, requests. Pure
 * code: no file, socket or hypercall; it runs in host tests and fuzzers as it does in the daemon.
 * One thread, one store per process. Functions return 0 or -errno; sizes are in bytes; times are
 * milliseconds of store.now().
 */
#ifndef HOSPES_STORE_H
#define HOSPES_STORE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <xen/xen.h>
#include "lib/list.h"
#include "xenstore/wire.h"

#define PERM_OWNER 4 /* beside XS_PERM_READ and XS_PERM_WRITE */
#define PERMS_MAX 256

struct node { /* one block of memory, its parts behind it */
	uint32_t refs, n_kids, value_len;
	uint16_t name_len, n_perms;
	uint16_t writer; /* the domain that last changed it */
	uint64_t kidgen; /* changes with the set of children */
	struct node **kids;
	struct xs_perm *perms; /* [0]: owner, and everybody else's access */
	char *name, *value;
};

/* What one domain has in the store. Exists while it is connected or owns anything. */
struct account {
	struct account *next;
	uint16_t domid;
	unsigned int nodes, watches, txs;
	size_t mem; /* nodes owned, watches, transactions, queued output */
};

struct tx_op { /* a request of a transaction, and its answer */
	struct tx_op *next;
	uint32_t type, len, out_len;
	int rc;
	uint32_t removed; /* how many nodes it took away */
	bool changed;
	char data[]; /* request, answer */
};

struct tx {
	struct tx *next;
	uint32_t id, n_ops;
	bool doomed;	   /* can only end in -EAGAIN */
	struct node *root; /* the tree as it was at the start, with the changes */
	struct tx_op *first, **last;
	ptrdiff_t versions; /* bytes of its own versions of nodes */
	size_t mem;
};

struct watch {
	struct watch *chain; /* of the same hash */
	struct watch *next;  /* of the same connection */
	struct conn *conn;
	uint32_t hash;
	/* bytes of the event's path not to send: the watch was relative */
	uint16_t skip;
	char *token; /* behind the path, same block */
	char path[];
};

struct outmsg {
	struct outmsg *next;
	struct conn *conn;
	struct outmsg *ev_next; /* hash of queued events, to send equal ones once */
	uint32_t ev_hash;
	uint32_t len, off;
	char data[]; /* header and payload */
};

struct conn;

/* Of a connection, for live update. */
struct conn_state {
	uint16_t domid;
	uint8_t shut, why;
	int target;
	uint32_t next_tx;
	/* What its kind of connection adds: a socket, or (fd -1) a domain's ring. */
	int fd;
	uint8_t shutdown;
	uint32_t port;
	uint64_t gfn;
};
typedef struct conn *conn_load(const struct conn_state *s);

struct conn_ops {
	/* Bytes moved, 0: not now, or -errno: the connection is dead. */
	int (*read)(void *conn, void *buf, size_t len);
	int (*write)(struct conn *c, const void *buf, size_t len);
	/*
	 * The protocol was violated (an XENSTORE_ERROR_ code): shut the client out, keep the
	 * struct.
	 */
	void (*bad)(struct conn *c, unsigned int why);
	void (*save)(struct conn *c, struct conn_state *s);
};

struct conn {
	struct conn *next, *run_next;
	const struct conn_ops *ops;
	uint16_t domid;
	int target;		 /* domain it may act for, or -1 */
	bool queued, dead, shut; /* shut: nothing is read or written any more */
	unsigned int why;	 /* shut, but not yet told */
	int64_t hold_until;
	unsigned int turns; /* taken in this period */
	int64_t period;
	struct account *acct;
	struct message in;
	struct outmsg *out, **out_last;
	unsigned int out_msgs;
	size_t out_bytes;
	struct watch *watches;
	struct tx *txs;
	uint32_t next_tx;
};

enum quota {
	Q_NODES,
	Q_NODE_SIZE,
	Q_WATCHES,
	Q_TXS,
	Q_TX_NODES,
	Q_PERMS,
	Q_PATH,
	Q_DEPTH,
	Q_OUTSTANDING,
	Q_MEMORY,
	Q_COUNT
};

/* The quotas' names, and what they are as long as nobody says otherwise. */
extern const struct quota_row {
	const char *name;
	uint32_t initial;
} quotas[Q_COUNT];

/* What the program around the store has to offer. */
int64_t store_now(void);
int domain_introduce(uint16_t domid, uint64_t gfn, uint32_t port);
void domain_release(uint16_t domid);
void domain_resume(uint16_t domid);
/* One live-update command. 1: begun, the answer comes later, from the new program. */
int live_command(struct conn *c, int argc, char **argv);

struct store {
	struct node *root;
	uint32_t n_nodes, seed;
	uint64_t gen;
	size_t node_bytes; /* of all versions, */
	size_t tree_bytes; /* of the present one */
	size_t tx_bytes;   /* that transactions have made */
	struct account *accounts;
	struct conn *conns;
	struct conn *run, **run_last; /* whose turn it is */
	int64_t period, dom0_last;    /* see conn.c: the present one, Dom0's last request */
	unsigned int guests_busy;     /* that had a turn in it */
	uint32_t quota[Q_COUNT];
	unsigned long requests, conflicts, events;
	FILE *trace;   /* one line per request */
	bool quiet;    /* not at present */
	bool updating; /* live: what was allowed once needs no quota, and no answer */
};
extern struct store store;

/* tree.c */
/*
 * A new node with name, permissions and value as `t` has them, and its children but for `drop` (0
 * or 1) at position `at`, where `kid` (or NULL) comes instead. Takes the caller's reference to kid,
 * also when it fails (NULL: out of memory).
 */
struct node *node_version(const struct node *t, uint32_t at, uint32_t drop, struct node *kid);
struct node *node_ref(struct node *n);
void node_unref(struct node *n);
size_t node_mem(const struct node *n);

struct spot {
	struct node *node; /* NULL: there is none */
	struct node *up;   /* the parent, or the nearest one above that exists */
	const char *rest;  /* of the path: the name below `up`, and so on */
};
struct spot tree_find(struct node *root, const char *path);
/*
 * A new version of the tree with `leaf` (NULL: nothing) at the path; takes the reference to leaf.
 * Missing parents get permissions and writer of `like`. NULL: out of memory.
 */
struct node *tree_put(const struct node *root, const char *path, struct node *leaf,
		      const struct node *like);
/* The same with a node as `t` says, but for its name. */
struct node *tree_set(const struct node *root, const char *path, struct node t,
		      const struct node *like);
typedef void node_count(const struct node *n, int sign, void *ctx);
/* Calls count() for what is only in the tree a (sign -1) or b (1) or not the same in both. */
void tree_diff(const struct node *a, const struct node *b, node_count *count, void *ctx);
typedef bool node_visit(const struct node *n, const char *path, void *ctx);
/* From n, which is at `path`, downwards as long as visit() answers true. */
void tree_walk(const struct node *n, const char *path, node_visit *visit, void *ctx);
/* The whole of it, special nodes too. */
void tree_walk_all(const struct node *root, node_visit *visit, void *ctx);
/* The tree is now this one (takes the reference); the caller's is the one before. */
struct node *tree_commit(struct node *root);
int store_init(uint32_t seed);
/* The tree is sound, everything is counted and charged: 0, or the line of the broken rule. */
int store_check(void);

/* account.c */
struct account *account_get(uint16_t domid, bool create);
void account_put(struct account *a);
node_count account_count;
node_count account_own; /* only those nodes that are the account's (the context) */
/* Room for so much more; NULL is nobody's account. */
bool account_room(const struct account *a, ptrdiff_t more);
/* More than the quota, for those who have one. */
bool over(uint16_t domid, enum quota q, size_t n);
/* Forgets a domain that is gone: its nodes are removed, its rights to others' nodes too. */
int account_purge(uint16_t domid);
bool limited(uint16_t domid);
/* False if there is no such quota. */
bool quota_set(const char *name, size_t len, uint32_t value);

/* request.c */
/* A decimal number of at most @max: 0 or -EINVAL. */
int number(const char *s, unsigned long long max, unsigned long long *v);
/* The one at the front of the input: what it answered, 0 or -errno. */
int request_handle(struct conn *c);

struct req {
	struct conn *c;
	struct tx *tx;	   /* NULL: outside any transaction */
	struct node *root; /* the tree it sees */
	struct node *next; /* the tree it makes of it; NULL: no change */
	uint32_t type, removed;
	const char *body;
	size_t len;
	const char *word[8]; /* the NUL-terminated strings of the body */
	unsigned int words;
	struct spot at; /* of the path */
	int skip;
	uint16_t domid;
	const void *out;	  /* the answer */
	size_t out_len, out_skip; /* of which so much says nothing about the tree */
	bool later;		  /* somebody else will answer */
	/* After the answer: a special event, and the first one of a new watch. */
	const char *event;
	struct watch *first;
	size_t node_bytes;		     /* store.node_bytes before */
	char text[XENSTORE_PAYLOAD_MAX + 1]; /* room for an answer */
	char path[XENSTORE_ABS_PATH_MAX + 2];
};
/* One about nodes: its answer or -errno, and r->next. Nothing else happens to the tree. */
int request_run(struct req *r, struct conn *c, struct node *root, uint32_t type, const char *body,
		size_t len);

/* tx.c */
int tx_start(struct conn *c, uint32_t id);
struct tx *tx_find(const struct conn *c, uint32_t id);
/* Remembers a request that was answered with rc, and takes its change over. */
int tx_note(struct conn *c, struct tx *tx, struct req *r, int rc);
/* Ends it; -EAGAIN when an answer would be another one now. On success the watches have fired. */
int tx_end(struct conn *c, struct tx *tx, bool commit);
/* Makes the transaction one that began just now. */
void tx_rebase(struct conn *c, struct tx *tx);
/* Old versions that transactions hold on to must not fill the memory. */
void tx_limit_versions(void);

/* perm.c */
unsigned int perm_access(const struct conn *c, const struct node *n);
int path_canon(const struct conn *c, const char *in, bool special, char *out, size_t size);
/* The last name of a path. */
const char *path_name(const char *path);

/* watch.c */
int watch_add(struct conn *c, const char *path, size_t skip, const char *token, struct watch **out);
struct watch *watch_find(struct conn *c, const char *path, const char *token);
void watch_del(struct conn *c, struct watch *w);
size_t watch_mem(const struct watch *w);
void watch_send(struct watch *w, const char *path);
/* `old`: the tree before the change (store.root for an event that is none). */
void watch_fire(const char *path, struct node *old);
/* The same for a node that was removed, with all below it. */
void watch_fire_removed(const char *path, struct node *old);

/* conn.c */
struct conn *conn_new(const struct conn_ops *ops, struct conn *c, uint16_t domid);
void conn_fini(struct conn *c);
/* Drops watches and transactions. */
void conn_forget(struct conn *c);
/* Forgets watches, transactions and buffers: the client begins anew. */
void conn_reset(struct conn *c);
void conn_shut(struct conn *c, unsigned int why);
void conn_wake(struct conn *c);
/*
 * One turn for one connection: flush, then at most one request. False when nobody could take a
 * turn.
 */
bool store_turn(void);
/* Milliseconds until somebody can take a turn; -1: nobody waits for one. */
int store_hold_ms(void);
int conn_flush(struct conn *c);
void conn_reply(struct conn *c, uint32_t type, const void *data, size_t len);
void conn_error(struct conn *c, int err);
/* A message of one or two parts; ev_hash != 0: an event, not queued twice. */
int conn_queue(struct conn *c, const struct xsd_sockmsg *like, const void *a, size_t a_len,
	       const void *b, size_t b_len, uint32_t ev_hash);
/* Bytes of the stream as they are. */
int conn_queue_raw(struct conn *c, const void *data, size_t len, uint32_t ev_hash);
bool conn_busy(const struct conn *c);

/* control.c */
/* The answer is a text. 1: it comes later. */
int control_run(struct conn *c, char *body, size_t len, char *text, size_t size);

/* state.c */
/* For live update; the new program will send `asker` this answer. */
void state_save(FILE *f, const struct conn *asker, const void *answer, size_t len);
/* Into a store as store_init() made it; conn_in makes the connections. */
int state_load(const char *data, size_t len, conn_load *conn_in);

#endif
