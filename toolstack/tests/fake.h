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
int64_t store_now(void)
{
	return fake_time;
}

int live_command(struct conn *c, int argc, char **argv)
{
	return -ENOSYS;
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

static void fake_save(struct conn *c, struct conn_state *s)
{
	s->fd = (int)((struct fake *)c)->id;
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

/* It may be closed already: the domain was released. */
static void fake_close(struct fake *f)
{
	if (f->c.ops)
		conn_fini(&f->c);
	free(f->in);
	free(f->out);
	memset(f, 0, sizeof(*f));
}

static void fake_feed(struct fake *f, const void *data, size_t len)
{
	if (f->in_pos == f->in_len)
		f->in_pos = f->in_len = 0;
	if (!f->c.ops)
		return;
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

/* Whether it has asked something that was not answered yet (or only begun to ask). */
static inline bool fake_asks(const struct fake *f)
{
	return f->in_pos < f->in_len || f->c.in.have;
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

/* The clients of a test, by their id; the last one is a domain that may be introduced. */
static struct fake fakes[5];
#define N_FAKES 5

static struct conn *fake_load(const struct conn_state *s)
{
	struct fake *f = &fakes[(unsigned int)s->fd % N_FAKES], was = *f;

	if (s->fd < 0 || s->fd >= N_FAKES)
		return NULL;
	for (struct conn *c = store.conns; c; c = c->next)
		if (c == &f->c)
			return NULL;
	memset(&f->c, 0, sizeof(f->c));
	if (!conn_new(&fake_ops, &f->c, s->domid))
		return NULL;
	memcpy((char *)f + sizeof(f->c), (char *)&was + sizeof(f->c), sizeof(*f) - sizeof(f->c));
	return &f->c;
}

static int fake_introduce_rc;

static struct conn *fake_find(uint16_t domid)
{
	struct conn *c = store.conns;

	while (c && c->domid != domid)
		c = c->next;
	return c;
}

int domain_introduce(uint16_t domid, uint64_t gfn, uint32_t port)
{
	struct fake *f = &fakes[N_FAKES - 1];

	if (fake_find(domid))
		return 0;
	if (f->c.ops)
		return -ENOMEM;
	fake_open(f, N_FAKES - 1, domid);
	if (fake_introduce_rc)
		fake_close(f);
	return fake_introduce_rc;
}

void domain_release(uint16_t domid)
{
	if (fake_find(domid))
		fake_close((struct fake *)fake_find(domid));
}

void domain_resume(uint16_t domid)
{
}

static void store_free(void)
{
	struct account *a;

	node_unref(store.root);
	while ((a = store.accounts)) {
		store.accounts = a->next;
		free(a);
	}
	memset(&store, 0, sizeof(store));
}

struct state {
	char *data;
	size_t len;
};

/* The state as bytes, and everything forgotten. */
static struct state fake_end_program(void)
{
	struct state b;
	FILE *f = open_memstream(&b.data, &b.len);

	state_save(f, NULL, NULL, 0);
	if (fclose(f))
		abort();
	for (int i = 0; i < N_FAKES; i++)
		if (fakes[i].c.ops)
			conn_fini(&fakes[i].c);
	store_free();
	return b;
}

static int fake_begin_program(const struct state *b, uint32_t seed)
{
	return store_init(seed) ? -ENOMEM : state_load(b->data, b->len, fake_load);
}

/* Saves everything, forgets everything, loads it again: nobody may notice. */
static inline void fake_live_update(uint32_t seed)
{
	struct state b = fake_end_program();

	if (fake_begin_program(&b, seed))
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
	for (int i = 0; i < 1000 && fake_asks(f); i++) {
		fake_time += 10;
		conn_wake(&f->c);
		run_all();
	}
}

static void fake_store(uint32_t seed)
{
	memset(&store, 0, sizeof(store));
	for (int i = 0; i < Q_COUNT; i++)
		store.quota[i] = quotas[i].initial;
	if (store_init(seed))
		abort();
}

#endif
