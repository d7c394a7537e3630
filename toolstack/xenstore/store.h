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
#include <xen/xen.h>
#include <xen/io/xs_wire.h>

#define PERM_READ 1
#define PERM_WRITE 2
#define PERM_OWNER 4

struct perm {
	uint16_t domid;
	uint8_t access;
};

/*
 * A node is found by its whole path. `gen` changes with value, permissions and existence, `kidgen`
 * with the set of children: two transactions that add different children to one directory do not
 * conflict.
 */
struct node {
	struct node *next; /* hash chain */
	uint64_t gen, kidgen;
	uint32_t hash;
	uint32_t value_len;
	uint32_t kids_len, kids_cap; /* names, each with its NUL */
	uint32_t kids_extra;	     /* promised by a commit under way */
	uint16_t n_perms, path_len;
	uint16_t writer;    /* the domain that last changed it */
	struct perm *perms; /* [0]: owner, and everybody else's access */
	char *value, *kids;
	char path[];
};

/* What one domain has in the store. Exists while it is introduced or owns anything. */
struct account {
	struct account *next;
	uint16_t domid;
	bool introduced;
	unsigned int nodes, watches, txs;
	size_t mem; /* nodes owned, watches, transactions, queued output */
	bool warned;
};

struct entry { /* a node as one transaction sees it */
	struct entry *chain, *order;
	/* private copy; NULL: deleted, or as in the store (!changed) */
	struct node *node;
	/*
	 * During commit: the node as the store has it; a parent that gains or loses a name; what
	 * was replaced.
	 */
	struct node *global, *parent, *old;
	uint64_t gen, kidgen; /* seen at first; 0: did not exist */
	uint32_t hash;
	bool changed; /* has a private copy, or is deleted */
	bool content; /* more than the names of its children changed */
	bool read_kids, fire, exact;
	char path[];
};

#define TX_BUCKETS 16
struct tx {
	struct tx *next;
	uint32_t id;
	bool implicit;	      /* of one request: cannot conflict */
	int failed;	      /* an error left it half done: commit gives this */
	struct account *acct; /* who pays; NULL: nobody */
	uint16_t domid;
	unsigned int n_entries;
	int own_nodes; /* created minus deleted, of nodes that tx->domid owns */
	size_t mem;
	struct entry *bucket[TX_BUCKETS];
	struct entry *first, **last;
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
	struct outmsg *ev_next, **ev_prev; /* hash of queued events, to send equal ones once */
	uint32_t ev_hash;
	uint32_t len, off;
	char data[]; /* header and payload */
};

struct conn_ops {
	/* Bytes moved, 0: not now, or -errno: the connection is dead. */
	int (*read)(struct conn *c, void *buf, size_t len);
	int (*write)(struct conn *c, const void *buf, size_t len);
	/*
	 * The protocol was violated (an XENSTORE_ERROR_ code): shut the client out, keep the
	 * struct.
	 */
	void (*bad)(struct conn *c, unsigned int why);
};

struct conn {
	struct conn *next, *run_next;
	const struct conn_ops *ops;
	uint16_t domid;
	int target;		 /* domain it may act for, or -1 */
	bool queued, dead, shut; /* shut: nothing is read or written any more */
	unsigned int why;	 /* shut, but not yet told */
	int64_t hold_until;
	struct account *acct;
	struct xsd_sockmsg hdr;
	uint32_t have; /* bytes of the message read so far */
	char *body;
	struct outmsg *out, **out_last;
	unsigned int out_msgs;
	size_t out_bytes;
	struct watch *watches, **watch_last;
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

/* What the store asks of the program around it. Any may be NULL. */
struct store_hooks {
	int (*introduce)(uint16_t domid, uint64_t gfn, uint32_t port);
	int (*release)(uint16_t domid);
	int (*resume)(uint16_t domid);
	/*
	 * One live-update command. 1: begun, the answer comes later, from the new program; 0: done;
	 * -errno.
	 */
	int (*live_update)(struct conn *c, int argc, char **argv);
};

struct store {
	struct node **bucket;
	uint32_t mask, n_nodes, seed;
	uint64_t gen;
	struct account *accounts;
	struct conn *conns;
	struct conn *run, **run_last; /* whose turn it is */
	uint32_t quota[Q_COUNT];
	struct store_hooks hooks;
	int64_t (*now)(void);
	unsigned long requests, conflicts, events;
	void *trace; /* FILE: one line per request */
	bool quiet;  /* not at present */
};
extern struct store store;
extern const char *const quota_names[Q_COUNT];

/* node.c */
int store_init(uint32_t seed);
void store_free(void);
uint32_t path_hash(const char *path, size_t len);
struct node *node_find(const char *path);
struct node *node_find_hash(const char *path, size_t len, uint32_t hash);
struct node *node_new(const char *path, const struct perm *perms, unsigned int n_perms);
struct node *node_copy(const struct node *n);
void node_free(struct node *n);
void node_insert(struct node *n);
void node_remove(struct node *n);
int node_set_value(struct node *n, const void *data, size_t len);
int node_set_perms(struct node *n, const struct perm *p, unsigned int n_perms);
int node_reserve_kids(struct node *n, size_t extra);
void node_add_kid(struct node *n, const char *name, size_t len);
void node_del_kid(struct node *n, const char *name, size_t len);
size_t node_mem(const struct node *n);
size_t parent_len(const char *path);
/* Every node is reachable, counted and charged: 0, or the line of the broken rule. For tests. */
int store_check(void);

/* account.c */
struct account *account_get(uint16_t domid, bool create);
void account_put(struct account *a);
void account_mem(struct account *a, ptrdiff_t delta);
bool account_room(const struct account *a, size_t more);
/* Forgets a domain that is gone: its nodes are removed, its rights to others' nodes too. */
int account_purge(uint16_t domid);
bool limited(uint16_t domid);

/* tx.c */
/* c may be NULL: on Dom0's behalf. */
struct tx *tx_new(struct conn *c, bool implicit);
/* For live update: one entry as it was saved. Takes `node`. */
int tx_restore(struct tx *tx, const char *path, const struct entry *saved, struct node *node);
void tx_free(struct tx *tx);
int tx_get(struct tx *tx, const char *path, const struct node **n);
int tx_read_kids(struct tx *tx, const char *path);
int tx_create(struct tx *tx, const char *path, const struct perm *perms, unsigned int n_perms);
int tx_set_value(struct tx *tx, const char *path, const void *data, size_t len);
int tx_set_perms(struct tx *tx, const char *path, const struct perm *p, unsigned int n_perms);
int tx_delete(struct tx *tx, const char *path);
int tx_fire(struct tx *tx, const char *path, bool exact);
/* -EAGAIN when something it saw has changed. On success the watches have fired. */
int tx_commit(struct tx *tx);

/* perm.c */
unsigned int perm_access(const struct conn *c, const struct node *n);
int perm_parse(const char *text, size_t len, struct perm *p, unsigned int max);
int path_canon(const struct conn *c, const char *in, bool special, char *out, size_t size);

/* watch.c */
int watch_add(struct conn *c, const char *path, size_t skip, const char *token);
struct watch *watch_find(struct conn *c, const char *path, const char *token);
void watch_del(struct conn *c, struct watch *w);
void watch_del_all(struct conn *c);
void watch_send(struct watch *w, const char *path);
void watch_fire(const char *path, const struct node *old, bool exact);

/* conn.c */
struct conn *conn_new(const struct conn_ops *ops, struct conn *c, uint16_t domid);
void conn_fini(struct conn *c);
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
int conn_queue(struct conn *c, uint32_t type, uint32_t req_id, uint32_t tx_id, const char *a,
	       size_t a_len, const char *b, size_t b_len, uint32_t ev_hash);
/* Bytes of the stream as they are. */
int conn_queue_raw(struct conn *c, const void *data, size_t len, uint32_t ev_hash);
bool conn_busy(const struct conn *c);

/* request.c */
void request_handle(struct conn *c);
const char *request_name(uint32_t type);

/* control.c */
void control_handle(struct conn *c, char *body, size_t len);

/*
 * state.c: the store as bytes, for live update. conn_out/conn_in carry the program's own data of a
 * connection.
 */
struct buf {
	char *data;
	size_t len, cap, pos;
	bool bad; /* ran out of memory, or of input */
};
void buf_put(struct buf *b, const void *data, size_t len);
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);
uint32_t buf_u32(struct buf *b);
uint64_t buf_u64(struct buf *b);
const void *buf_bytes(struct buf *b, size_t len);
void state_save(struct buf *b, void (*conn_out)(struct buf *, struct conn *));
int state_load(struct buf *b, struct conn *(*conn_in)(struct buf *, uint16_t domid));

#endif
