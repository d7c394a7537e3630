// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections: reading requests, queueing what goes out, whose turn it is. Owns store.conns and the
 * run queue. Fairness: a turn is one request; a connection with more waits behind all others. A
 * guest with too much unread output gets no turn until it reads. Each byte queued is charged to the
 * domain; beyond the quota the connection is shut.
 */
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

#define SOCKET_OUT_PAUSE (1u << 20) /* no further requests read from a Dom0 client */
#define SOCKET_OUT_MAX (64u << 20)  /* it is cut off */
#define EV_BUCKETS 1024

static struct outmsg *ev_table[EV_BUCKETS];

struct conn *conn_new(const struct conn_ops *ops, struct conn *c, uint16_t domid)
{
	memset(c, 0, sizeof(*c));
	c->acct = account_get(domid, true);
	if (!c->acct)
		return NULL;
	c->ops = ops;
	c->domid = domid;
	c->target = -1;
	c->out_last = &c->out;
	c->watch_last = &c->watches;
	c->next_tx = 1;
	c->next = store.conns;
	store.conns = c;
	return c;
}

static void drop_first(struct conn *c)
{
	struct outmsg *m = c->out;

	c->out = m->next;
	if (!c->out)
		c->out_last = &c->out;
	if (m->ev_prev) {
		*m->ev_prev = m->ev_next;
		if (m->ev_next)
			m->ev_next->ev_prev = m->ev_prev;
	}
	c->out_msgs--;
	c->out_bytes -= sizeof(*m) + m->len;
	account_mem(c->acct, -(ptrdiff_t)(sizeof(*m) + m->len));
	free(m);
}

static void forget(struct conn *c)
{
	struct tx *tx;

	watch_del_all(c);
	while ((tx = c->txs)) {
		c->txs = tx->next;
		c->acct->txs--;
		tx_free(tx);
	}
	free(c->body);
	c->body = NULL;
	c->have = 0;
}

void conn_reset(struct conn *c)
{
	forget(c);
	while (c->out)
		drop_first(c);
	c->shut = false;
	c->hold_until = 0;
}

void conn_fini(struct conn *c)
{
	struct account *a = c->acct;
	struct conn **p;

	forget(c);
	while (c->out)
		drop_first(c);
	for (p = &store.conns; *p != c; p = &(*p)->next)
		;
	*p = c->next;
	for (p = &store.run; *p && *p != c; p = &(*p)->run_next)
		;
	if (*p) {
		*p = c->run_next;
		if (!*p)
			store.run_last = p;
	}
	c->acct = NULL;
	account_put(a);
}

/* May be called while the connection's things are in use: they are freed at its next turn. */
void conn_shut(struct conn *c, unsigned int why)
{
	if (c->shut)
		return;
	c->shut = true;
	c->why = why;
	conn_wake(c);
}

static void shut_now(struct conn *c)
{
	forget(c);
	if (c->why && c->ops->bad)
		c->ops->bad(c, c->why);
	else if (c->why)
		c->dead = true;
	c->why = 0;
}

void conn_wake(struct conn *c)
{
	if (c->queued || c->dead)
		return;
	c->queued = true;
	c->run_next = NULL;
	*store.run_last = c;
	store.run_last = &c->run_next;
}

/* The same event for the same watcher, still wholly unsent. */
static bool ev_queued(const struct conn *c, const char *a, size_t a_len, const char *b,
		      size_t b_len, uint32_t hash)
{
	for (struct outmsg *m = ev_table[hash % EV_BUCKETS]; m; m = m->ev_next) {
		const char *d = m->data + sizeof(struct xsd_sockmsg);

		if (m->conn == c && m->ev_hash == hash && m->off == 0 &&
		    m->len == sizeof(struct xsd_sockmsg) + a_len + b_len && !memcmp(d, a, a_len) &&
		    !memcmp(d + a_len, b, b_len))
			return true;
	}
	return false;
}

static void append(struct conn *c, struct outmsg *m, uint32_t ev_hash)
{
	m->conn = c;
	if (ev_hash) {
		m->ev_hash = ev_hash;
		m->ev_next = ev_table[ev_hash % EV_BUCKETS];
		m->ev_prev = &ev_table[ev_hash % EV_BUCKETS];
		if (m->ev_next)
			m->ev_next->ev_prev = &m->ev_next;
		ev_table[ev_hash % EV_BUCKETS] = m;
	}
	*c->out_last = m;
	c->out_last = &m->next;
	c->out_msgs++;
	c->out_bytes += sizeof(*m) + m->len;
	account_mem(c->acct, sizeof(*m) + m->len);
	conn_wake(c);
}

int conn_queue_raw(struct conn *c, const void *data, size_t len, uint32_t ev_hash)
{
	struct outmsg *m = calloc(1, sizeof(*m) + len);

	if (!m)
		return -ENOMEM;
	m->len = len;
	memcpy(m->data, data, len);
	append(c, m, ev_hash);
	return 0;
}

int conn_queue(struct conn *c, uint32_t type, uint32_t req_id, uint32_t tx_id, const char *a,
	       size_t a_len, const char *b, size_t b_len, uint32_t ev_hash)
{
	struct xsd_sockmsg hdr = { type, req_id, tx_id, a_len + b_len };
	struct outmsg *m;
	size_t size = sizeof(*m) + sizeof(hdr) + a_len + b_len;

	if (a_len + b_len > XENSTORE_PAYLOAD_MAX)
		return -E2BIG;
	if (ev_hash && ev_queued(c, a, a_len, b, b_len, ev_hash))
		return 0;
	/* Answers are few (see conn_busy()); events could pile up. */
	if (limited(c->domid) ? ev_hash && !account_room(c->acct, size)
			      : c->out_bytes + size > SOCKET_OUT_MAX)
		return -ENOMEM;
	m = calloc(1, size);
	if (!m)
		return -ENOMEM;
	m->len = sizeof(hdr) + hdr.len;
	memcpy(m->data, &hdr, sizeof(hdr));
	if (a_len)
		memcpy(m->data + sizeof(hdr), a, a_len);
	if (b_len)
		memcpy(m->data + sizeof(hdr) + a_len, b, b_len);
	append(c, m, ev_hash);
	return 0;
}

void conn_reply(struct conn *c, uint32_t type, const void *data, size_t len)
{
	int rc = conn_queue(c, type, c->hdr.req_id, c->hdr.tx_id, data, len, NULL, 0, 0);

	if (rc == -E2BIG)
		conn_error(c, -E2BIG);
	else if (rc)
		conn_shut(c, XENSTORE_ERROR_COMM);
}

void conn_error(struct conn *c, int err)
{
	const char *name = "EINVAL";

	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (xsd_errors[i].errnum == -err)
			name = xsd_errors[i].errstring;
	if (conn_queue(c, XS_ERROR, c->hdr.req_id, c->hdr.tx_id, name, strlen(name) + 1, NULL, 0,
		       0))
		conn_shut(c, XENSTORE_ERROR_COMM);
}

int conn_flush(struct conn *c)
{
	while (c->out && !c->shut && !c->dead) {
		struct outmsg *m = c->out;
		int n = c->ops->write(c, m->data + m->off, m->len - m->off);

		if (n < 0) {
			c->dead = true;
			return n;
		}
		if (n == 0)
			return 0;
		m->off += n;
		if (m->off == m->len)
			drop_first(c);
	}
	return 0;
}

bool conn_busy(const struct conn *c)
{
	if (limited(c->domid))
		return store.quota[Q_OUTSTANDING] && c->out_msgs >= store.quota[Q_OUTSTANDING];
	return c->out_bytes > SOCKET_OUT_PAUSE;
}

/* 1: a whole message is here; 0: not yet; -errno: the connection is at its end. */
static int read_message(struct conn *c)
{
	for (;;) {
		char *to;
		size_t want;
		int n;

		if (c->have < sizeof(c->hdr)) {
			to = (char *)&c->hdr + c->have;
			want = sizeof(c->hdr) - c->have;
		} else {
			if (c->hdr.len > XENSTORE_PAYLOAD_MAX) {
				conn_shut(c, XENSTORE_ERROR_PROTO);
				return -EINVAL;
			}
			if (!c->body && !(c->body = malloc(c->hdr.len + 1)))
				return -ENOMEM;
			to = c->body + (c->have - sizeof(c->hdr));
			want = sizeof(c->hdr) + c->hdr.len - c->have;
			if (!want) {
				*to = '\0';
				return 1;
			}
		}
		n = c->ops->read(c, to, want);
		if (n <= 0)
			return n;
		c->have += n;
	}
}

/* True if it would like another turn. */
static bool turn(struct conn *c)
{
	int rc;

	if (c->shut)
		shut_now(c);
	if (c->dead || c->shut || conn_flush(c) || conn_busy(c))
		return false;
	rc = read_message(c);
	if (rc == -ENOMEM)
		return true; /* the request stays where it is: again later */
	if (rc < 0 && !c->shut)
		c->dead = true;
	if (rc <= 0)
		return false;
	store.requests++;
	request_handle(c);
	free(c->body);
	c->body = NULL;
	c->have = 0;
	conn_flush(c);
	if (c->shut)
		shut_now(c);
	return !c->shut && !c->dead;
}

bool store_turn(void)
{
	int64_t now = store.now ? store.now() : 0;
	struct conn *c, **p = &store.run;

	while (*p && (*p)->hold_until > now)
		p = &(*p)->run_next;
	c = *p;
	if (!c)
		return false;
	*p = c->run_next;
	if (!*p)
		store.run_last = p;
	c->queued = false;
	if (turn(c))
		conn_wake(c);
	return true;
}

int store_hold_ms(void)
{
	int64_t now = store.now ? store.now() : 0, least = -1;

	for (struct conn *c = store.run; c; c = c->run_next) {
		int64_t left = c->hold_until > now ? c->hold_until - now : 0;

		if (least < 0 || left < least)
			least = left;
	}
	return (int)least;
}
