// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections: reading requests, queueing what goes out, whose turn it is. Owns store.conns and the
 * run queue. Fairness: a turn is one request; a connection with more waits behind all others. While
 * Dom0 makes requests, all guests together have GUEST_TURNS in each period, in equal parts. A guest
 * with too much unread output gets no turn until it reads. Each byte queued is charged to the
 * domain; beyond the quota the connection is shut.
 */
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

#define SOCKET_OUT_PAUSE (1u << 20) /* no further requests read from a Dom0 client */
#define SOCKET_OUT_MAX (64u << 20)  /* it is cut off */
#define EV_BUCKETS 1024
#define PERIOD_MS 10
#define GUEST_TURNS 32
#define DOM0_BUSY_MS 20 /* it has a request to make now and then: so long after the last */

static struct outmsg *ev_table[EV_BUCKETS];

struct conn *conn_new(const struct conn_ops *ops, struct conn *c, uint16_t domid)
{
	c->acct = account_get(domid, true);
	if (!c->acct)
		return NULL;
	c->ops = ops;
	c->domid = domid;
	c->target = -1;
	c->out_last = &c->out;
	c->next_tx = 1;
	LIST_PUSH(store.conns, c, next);
	return c;
}

static void drop_first(struct conn *c)
{
	struct outmsg *m = c->out;

	c->out = m->next;
	if (!c->out)
		c->out_last = &c->out;
	if (m->ev_hash)
		LIST_REMOVE(ev_table[m->ev_hash % EV_BUCKETS], m, ev_next);
	c->out_msgs--;
	c->out_bytes -= sizeof(*m) + m->len;
	c->acct->mem -= sizeof(*m) + m->len;
	free(m);
}

void conn_forget(struct conn *c)
{
	while (c->watches)
		watch_del(c, c->watches);
	while (c->txs)
		tx_end(c, c->txs, false);
}

void conn_reset(struct conn *c)
{
	conn_forget(c);
	c->in.have = 0;
	while (c->out)
		drop_first(c);
	c->shut = false;
	c->hold_until = 0;
}

void conn_fini(struct conn *c)
{
	struct account *a = c->acct;

	conn_reset(c);
	LIST_REMOVE(store.conns, c, next);
	if (c->queued)
		LIST_REMOVE(store.run, c, run_next);
	for (store.run_last = &store.run; *store.run_last;)
		store.run_last = &(*store.run_last)->run_next;
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
	conn_forget(c);
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
static bool ev_queued(const struct conn *c, const void *data, size_t len, uint32_t ev_hash)
{
	for (struct outmsg *m = ev_table[ev_hash % EV_BUCKETS]; m; m = m->ev_next)
		if (m->conn == c && m->ev_hash == ev_hash && m->off == 0 && m->len == len &&
		    !memcmp(m->data, data, len))
			return true;
	return false;
}

int conn_queue_raw(struct conn *c, const void *data, size_t len, uint32_t ev_hash)
{
	size_t size = sizeof(struct outmsg) + len;
	struct outmsg *m;

	if (ev_hash && ev_queued(c, data, len, ev_hash))
		return 0;
	/* Answers are few (see conn_busy()); events could pile up. */
	if (limited(c->domid) ? ev_hash && !account_room(c->acct, size)
			      : c->out_bytes + size > SOCKET_OUT_MAX)
		return -ENOMEM;
	m = malloc(size);
	if (!m)
		return -ENOMEM;
	*m = (struct outmsg){ .conn = c, .ev_hash = ev_hash, .len = len };
	memcpy(m->data, data, len);
	if (ev_hash)
		LIST_PUSH(ev_table[ev_hash % EV_BUCKETS], m, ev_next);
	*c->out_last = m;
	c->out_last = &m->next;
	c->out_msgs++;
	c->out_bytes += size;
	c->acct->mem += size;
	conn_wake(c);
	return 0;
}

int conn_queue(struct conn *c, const struct xsd_sockmsg *like, const void *a, size_t a_len,
	       const void *b, size_t b_len, uint32_t ev_hash)
{
	static struct message msg;

	if (a_len + b_len > sizeof(msg.body))
		return -E2BIG;
	if (store.updating)
		return 0;
	msg.hdr = *like;
	msg.hdr.len = a_len + b_len;
	memcpy(msg.body, a, a_len);
	if (b_len)
		memcpy(msg.body + a_len, b, b_len);
	return conn_queue_raw(c, &msg.hdr, sizeof(msg.hdr) + msg.hdr.len, ev_hash);
}

void conn_reply(struct conn *c, uint32_t type, const void *data, size_t len)
{
	struct xsd_sockmsg like = c->in.hdr;
	int rc;

	like.type = type;
	rc = conn_queue(c, &like, data, len, NULL, 0, 0);
	if (rc == -E2BIG)
		conn_error(c, -E2BIG);
	else if (rc)
		conn_shut(c, XENSTORE_ERROR_COMM);
}

void conn_error(struct conn *c, int err)
{
	const char *name = error_name(-err);

	conn_reply(c, XS_ERROR, name, strlen(name) + 1);
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
	return limited(c->domid) ? over(c->domid, Q_OUTSTANDING, c->out_msgs + 1)
				 : c->out_bytes > SOCKET_OUT_PAUSE;
}

/* A guest that has had its part of this period, while Dom0 is busy, waits for the next one. */
static void count_turn(struct conn *c)
{
	int64_t period = store_now() / PERIOD_MS;
	unsigned int part;

	store.requests++;
	if (!limited(c->domid)) {
		store.dom0_last = store_now();
		return;
	}
	if (store.period != period)
		store.guests_busy = 0;
	store.period = period;
	if (c->period != period || !c->turns) {
		store.guests_busy++;
		c->turns = 0;
	}
	c->period = period;
	part = GUEST_TURNS / store.guests_busy;
	if (++c->turns >= (part ? part : 1) && store_now() - store.dom0_last < DOM0_BUSY_MS)
		c->hold_until = (period + 1) * PERIOD_MS;
}

/* True if it would like another turn. */
static bool turn(struct conn *c)
{
	int rc;

	if (c->shut)
		shut_now(c);
	if (c->dead || c->shut || conn_flush(c) || conn_busy(c))
		return false;
	rc = message_read(&c->in, c->ops->read, c);
	if (rc == -EPROTO)
		conn_shut(c, XENSTORE_ERROR_PROTO);
	else if (rc < 0)
		c->dead = true;
	if (rc <= 0)
		return false;
	request_handle(c);
	message_drop(&c->in);
	count_turn(c);
	conn_flush(c);
	if (c->shut)
		shut_now(c);
	return !c->shut && !c->dead;
}

bool store_turn(void)
{
	int64_t t = store_now();
	struct conn *c, **p = &store.run;

	while (*p && (*p)->hold_until > t)
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
	int64_t t = store_now(), least = -1;

	for (struct conn *c = store.run; c; c = c->run_next) {
		int64_t left = c->hold_until > t ? c->hold_until - t : 0;

		if (least < 0 || left < least)
			least = left;
	}
	return (int)least;
}
