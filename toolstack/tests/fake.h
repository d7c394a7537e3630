/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections made of two buffers, to drive the store in tests and fuzzers. */
#ifndef FAKE_H
#define FAKE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

struct fake {
	struct conn c; /* first */
	char *in, *out;
	size_t in_len, in_pos, in_cap, out_len, out_pos, out_cap;
	size_t room;	  /* how much output it takes; SIZE_MAX: all */
	unsigned int why; /* what it was shut out for */
	uint32_t id;
};

static int64_t fake_time;
static int64_t fake_now(void)
{
	return fake_time;
}

static int fake_read(void *conn, void *buf, size_t len)
{
	struct fake *f = conn;
	size_t have = f->in_len - f->in_pos;

	len = len < have ? len : have;
	if (len)
		memcpy(buf, f->in + f->in_pos, len);
	f->in_pos += len;
	return (int)len;
}

extern void *__real_realloc(void *p, size_t n);
static void push(char **p, size_t *len, size_t *cap, const void *data, size_t n)
{
	if (*len + n > *cap) {
		*cap = (*len + n) * 2;
		*p = __real_realloc(*p, *cap);
	}
	if (n)
		memcpy(*p + *len, data, n);
	*len += n;
}

static int fake_write(struct conn *c, const void *buf, size_t len)
{
	struct fake *f = (struct fake *)c;

	len = len < f->room ? len : f->room;
	if (f->room != SIZE_MAX)
		f->room -= len;
	push(&f->out, &f->out_len, &f->out_cap, buf, len);
	return (int)len;
}

static void fake_bad(struct conn *c, unsigned int why)
{
	((struct fake *)c)->why = why;
}

static void fake_save(struct buf *b, struct conn *c)
{
	FIELD(b, ((struct fake *)c)->id);
}

static const struct conn_ops fake_ops = { fake_read, fake_write, fake_bad, fake_save };

static void fake_open(struct fake *f, int id, uint16_t domid)
{
	memset(f, 0, sizeof(*f));
	if (!conn_new(&fake_ops, &f->c, domid))
		abort();
	f->room = SIZE_MAX;
	f->id = id;
}

static void fake_close(struct fake *f)
{
	conn_fini(&f->c);
	free(f->in);
	free(f->out);
	memset(f, 0, sizeof(*f));
}

static void fake_feed(struct fake *f, const void *data, size_t len)
{
	if (f->in_pos == f->in_len)
		f->in_pos = f->in_len = 0;
	push(&f->in, &f->in_len, &f->in_cap, data, len);
	conn_wake(&f->c);
}

static inline void fake_send(struct fake *f, uint32_t type, uint32_t tx, const void *body,
			     size_t len)
{
	struct xsd_sockmsg h = { type, 7, tx, len };

	fake_feed(f, &h, sizeof(h));
	fake_feed(f, body, len);
}

/* The next message it got: false if none. */
static inline bool fake_next(struct fake *f, struct xsd_sockmsg *h, char *body)
{
	if (f->out_len - f->out_pos < sizeof(*h))
		return false;
	memcpy(h, f->out + f->out_pos, sizeof(*h));
	if (h->len > XENSTORE_PAYLOAD_MAX || f->out_len - f->out_pos < sizeof(*h) + h->len)
		return false;
	memcpy(body, f->out + f->out_pos + sizeof(*h), h->len);
	body[h->len] = '\0';
	f->out_pos += sizeof(*h) + h->len;
	if (f->out_pos == f->out_len)
		f->out_pos = f->out_len = 0;
	return true;
}

/* The clients of a test, by their id. */
static struct fake fakes[4];

static struct conn *fake_load(struct buf *b, uint16_t domid)
{
	struct fake *f, was;
	uint32_t id;

	FIELD(b, id);
	f = &fakes[id & 3];
	was = *f;
	for (struct conn *c = store.conns; c; c = c->next)
		if (c == &f->c)
			return NULL;
	if (!conn_new(&fake_ops, &f->c, domid))
		return NULL;
	memcpy((char *)f + sizeof(f->c), (char *)&was + sizeof(f->c), sizeof(*f) - sizeof(f->c));
	return &f->c;
}

/* The state as bytes, and everything forgotten. */
static struct buf fake_end_program(void)
{
	struct buf b = { 0 };

	state_save(&b);
	if (b.bad)
		abort();
	for (int i = 0; i < 4; i++)
		conn_fini(&fakes[i].c);
	store_free();
	return b;
}

static int fake_begin_program(struct buf *b, uint32_t seed)
{
	store.seed = seed;
	store.now = fake_now;
	return state_load(b, fake_load);
}

/* Saves everything, forgets everything, loads it again: nobody may notice. */
static inline void fake_live_update(uint32_t seed)
{
	struct buf b = fake_end_program();

	if (fake_begin_program(&b, seed) || b.pos != b.len)
		abort();
	free(b.data);
}

static void run_all(void)
{
	for (int i = 0; i < 100000 && store_turn(); i++)
		;
}

/* Until it has nothing more to ask. */
static inline void fake_drain(struct fake *f)
{
	for (int i = 0; i < 1000 && f->in_pos < f->in_len; i++) {
		fake_time += 10;
		conn_wake(&f->c);
		run_all();
	}
}

static const uint32_t fake_quota[Q_COUNT] = {
	[Q_NODES] = 1000,     [Q_NODE_SIZE] = 2048, [Q_WATCHES] = 128, [Q_TXS] = 10,
	[Q_TX_NODES] = 1024,  [Q_PERMS] = 5,	    [Q_PATH] = 2048,   [Q_DEPTH] = 128,
	[Q_OUTSTANDING] = 20, [Q_MEMORY] = 2 << 20,
};

static void fake_store(uint32_t seed)
{
	memset(&store, 0, sizeof(store));
	memcpy(store.quota, fake_quota, sizeof(fake_quota));
	store.now = fake_now;
	if (store_init(seed))
		abort();
}

#endif
