// SPDX-License-Identifier: GPL-2.0-only
/*
 * Consoles of guests. Owns the list of them. Whatever a guest prints goes into its history first;
 * the pseudo terminal, viewers and log take it from there at their own speed. The ring's indices
 * are the guest's to spoil: they are read once and checked; a guest that spoils them loses its
 * console. Only store entries that Dom0 alone can write are believed.
 */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xen/io/console.h>
#include "console/guest.h"
#include "lib/daemon.h"
#include "lib/list.h"
#include "lib/log.h"

#define HISTORY_MAX (128 << 10)
#define HISTORY_LEAST (4 << 10) /* a page */
#define PERIOD_MS 200		/* in which a guest may send this many events: */
#define PERIOD_EVENTS 30
/* how long those who read slowly may take after a guest's end */
#define CLOSE_MS 3000

const struct con_kind con_kinds[N_KINDS] = {
	{ "pv", "console", "", GNTTAB_RESERVED_CONSOLE },
	{ "vuart", "vuart/0", "-vuart0", -1 },
};

struct con_options con_opt = { .log_dir = "/var/log/xen/console" };
struct xs *con_xs;
struct guest *guests;

struct guest *guest_find(uint16_t domid, const struct con_kind *kind)
{
	struct guest *g;

	for (g = guests; g; g = g->next)
		if (g->domid == domid && g->kind == kind && !g->closing)
			return g;
	return NULL;
}

static void disconnect(struct guest *g)
{
	port_unbind(g->port);
	g->port = 0;
	page_unmap(&g->page);
	g->intf = NULL;
}

static void close_viewer(struct viewer *v)
{
	if (v->lf.fd < 0)
		return;
	loop_del(&v->lf);
	close(v->lf.fd);
}

static void drop_viewer(struct viewer *v)
{
	LIST_REMOVE(v->guest->tty.next, v, next);
	close_viewer(v);
	free(v);
}

static void free_guest(struct guest *g)
{
	LIST_REMOVE(guests, g, next);
	loop_disarm(&g->timer);
	while (g->tty.next)
		drop_viewer(g->tty.next);
	close_viewer(&g->tty);
	if (g->slave >= 0)
		close(g->slave);
	disconnect(g);
	conlog_close(&g->log);
	hist_free(&g->hist);
	free(g);
}

/* From the ring into the history and the log: how many bytes. */
static size_t read_ring(struct guest *g)
{
	struct xencons_interface *intf = g->intf;
	char buf[sizeof(intf->out)];
	uint32_t cons, prod;

	if (!intf)
		return 0;
	cons = __atomic_load_n(&intf->out_cons, __ATOMIC_RELAXED);
	prod = __atomic_load_n(&intf->out_prod, __ATOMIC_ACQUIRE);
	if (prod == cons)
		return 0;
	if (prod - cons > sizeof(intf->out)) {
		log_limited(LOG_LVL_WARN,
			    "domain %u: impossible indices in its console ring; console closed",
			    g->domid);
		disconnect(g);
		return 0;
	}
	for (uint32_t i = 0; i < prod - cons; i++)
		buf[i] = intf->out[MASK_XENCONS_IDX(cons + i, intf->out)];
	__atomic_store_n(&intf->out_cons, prod, __ATOMIC_SEQ_CST);
	port_notify(g->port);
	hist_add(&g->hist, buf, prod - cons);
	conlog_write(&g->log, buf, prod - cons);
	return prod - cons;
}

static size_t ring_room(struct guest *g)
{
	struct xencons_interface *intf = g->intf;
	uint32_t used;

	if (!intf)
		return 0;
	used = __atomic_load_n(&intf->in_prod, __ATOMIC_RELAXED) -
	       __atomic_load_n(&intf->in_cons, __ATOMIC_ACQUIRE);
	return used > sizeof(intf->in) ? 0 : sizeof(intf->in) - used;
}

static void write_ring(struct guest *g, const char *data, size_t len)
{
	struct xencons_interface *intf = g->intf;
	uint32_t prod = __atomic_load_n(&intf->in_prod, __ATOMIC_RELAXED);

	for (size_t i = 0; i < len; i++, prod++)
		intf->in[MASK_XENCONS_IDX(prod, intf->in)] = data[i];
	__atomic_store_n(&intf->in_prod, prod, __ATOMIC_SEQ_CST);
	port_notify(g->port);
}

/*
 * What somebody typed; -errno when he is gone. Without room in the ring it stays with the kernel.
 */
static int take_input(struct guest *g, int fd)
{
	char buf[sizeof(g->intf->in)];
	size_t room = ring_room(g);
	ssize_t n;

	/* Nobody there to read it: typed at a dead guest. */
	n = read(fd, buf, g->intf ? room : sizeof(buf));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return room || !g->intf ? -EPIPE : 0;
	if (g->intf)
		write_ring(g, buf, n);
	return 0;
}

/* Writes what there is of the history: false when the reader is gone. */
static bool feed(struct viewer *v)
{
	const char *data;
	size_t len;

	while ((len = hist_peek(&v->guest->hist, &v->pos, &data))) {
		ssize_t n = write(v->lf.fd, data, len);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		v->pos += n;
	}
	return true;
}

/* Output to all who want it, and interest in their input while there is room for it. */
static void serve(struct guest *g)
{
	uint32_t in = !g->intf || ring_room(g) ? EPOLLIN : 0;
	struct viewer *v, *next;

	for (v = &g->tty; v; v = next) {
		bool there = feed(v);

		next = v->next;
		if (v == &g->tty) {
			if (!there)
				v->pos = g->hist.head;
		} else if (!there) {
			drop_viewer(v);
			continue;
		} else if (v->pos > g->seen) {
			g->seen = v->pos;
		}
		loop_want(&v->lf, in | (v->pos != g->hist.head ? EPOLLOUT : 0));
	}
}

/* What the guest has printed since, to all. */
static void pass_on(struct guest *g)
{
	read_ring(g);
	serve(g);
}

static void viewer_ready(struct loop_fd *lf, uint32_t events)
{
	struct viewer *v = (struct viewer *)lf;
	struct guest *g = v->guest;
	bool gone = events & (EPOLLHUP | EPOLLERR);

	if (events & EPOLLIN)
		gone = take_input(g, lf->fd);
	if (gone && v != &g->tty)
		drop_viewer(v);
	serve(g);
}

void guest_add_viewer(struct guest *g, struct viewer *v)
{
	v->guest = g;
	v->lf.ready = viewer_ready;
	/* What nobody has seen yet comes first; at least the line that is being written. */
	v->pos = hist_line_start(&g->hist);
	if (g->seen < v->pos)
		v->pos = g->seen;
	LIST_PUSH(g->tty.next, v, next);
	serve(g);
}

static int open_tty(struct guest *g)
{
	struct termios tio;
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	/* Our own slave end stays open: the terminal outlives its readers. */
	if (!grantpt(fd) && !unlockpt(fd))
		g->slave = open(ptsname(fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (g->slave >= 0 && !tcgetattr(g->slave, &tio)) {
		cfmakeraw(&tio);
		tcsetattr(g->slave, TCSAFLUSH, &tio);
		if (!loop_add(&g->tty.lf, fd, EPOLLIN, viewer_ready))
			return 0;
	}
	close(fd);
	return -EIO;
}

/* Whether Dom0 owns the entry and nobody else may write it. */
static bool is_trusted(const char *path)
{
	size_t n = 0;
	struct xs_perm *p = xs_get_perms(con_xs, 0, path, &n);
	bool there = p, ok = n && p[0].domid == 0;

	for (size_t i = 0; i < n; i++)
		ok = ok && !(p[i].access & XS_PERM_WRITE);
	free(p);
	if (there && !ok)
		log_limited(LOG_LVL_WARN, "%s can be written by a guest: ignored", path);
	return ok;
}

/* -1: none, or not to be believed. */
static int64_t trusted_number(const char *dir, const char *name)
{
	char path[128], *text, *end;
	int64_t v = -1;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	text = is_trusted(path) ? xs_read(con_xs, 0, path, NULL) : NULL;
	if (text) {
		v = strtoll(text, &end, 10);
		if (*end || end == text || v < 0)
			v = -1;
	}
	free(text);
	return v;
}

static void open_log(struct guest *g)
{
	char *name = xs_readf(con_xs, 0, "/local/domain/%u/name", g->domid), file[256], id[8];

	snprintf(id, sizeof(id), "%u", g->domid);
	snprintf(file, sizeof(file), "guest-%.200s%s",
		 !name || !name[0] || strchr(name, '/') || name[0] == '.' ? id : name,
		 g->kind->log_suffix);
	free(name);
	conlog_open(&g->log, con_opt.log_dir, file, con_opt.stamp_guest);
}

#define STATE_DIR "/var/run/xen/console"

/*
 * What a daemon leaves to the next one: how much of the history had not been taken yet, then the
 * history.
 */
struct saved {
	uint64_t unseen, untaken;
};

static FILE *state_file(const struct guest *g, const char *mode)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), STATE_DIR "/%u-%s", g->domid, g->kind->name);
	f = fopen(path, mode);
	if (f && mode[0] == 'r')
		unlink(path);
	return f;
}

static void save(const struct guest *g)
{
	struct saved s = { g->hist.head - g->seen, g->hist.head - g->tty.pos };
	FILE *f = state_file(g, "we");
	uint64_t pos = 0;
	const char *data;
	int unread = 0;
	size_t len;
	bool ok;

	if (ioctl(g->slave, FIONREAD, &unread) == 0)
		s.untaken += unread;
	ok = f && fwrite(&s, sizeof(s), 1, f) == 1;
	for (; ok && (len = hist_peek(&g->hist, &pos, &data)); pos += len)
		ok = fwrite(data, len, 1, f) == 1;
	if (f && fclose(f))
		ok = false;
	if (!ok)
		log_warn("domain %u: its console's history is lost: %s", g->domid, strerror(errno));
}

void guest_save_all(void)
{
	if (make_dirs(STATE_DIR, 0700))
		return;
	for (const struct guest *g = guests; g; g = g->next)
		if (!g->closing && g->tty.lf.fd >= 0)
			save(g);
}

static void restore(struct guest *g)
{
	struct saved s = { 0 };
	char buf[4096];
	size_t n;
	FILE *f = state_file(g, "re");

	if (!f)
		return;
	if (fread(&s, sizeof(s), 1, f) == 1)
		while ((n = fread(buf, 1, sizeof(buf), f)))
			hist_add(&g->hist, buf, n);
	fclose(f);
	g->seen = g->hist.head - (s.unseen < g->hist.head ? s.unseen : g->hist.head);
	g->tty.pos = g->hist.head - (s.untaken < g->hist.head ? s.untaken : g->hist.head);
}

bool guest_new(uint16_t domid, const struct con_kind *kind)
{
	struct guest *g = calloc(1, sizeof(*g));

	if (!g)
		return false;
	g->domid = domid;
	g->kind = kind;
	g->tty.lf.fd = g->slave = g->log.fd = -1;
	g->tty.guest = g;
	LIST_PUSH(guests, g, next);
	return true;
}

/* The first time that there is a ring. */
static int open_console(struct guest *g, const char *dir)
{
	int64_t limit = trusted_number(dir, "limit"), size = HISTORY_LEAST;
	char path[128];
	int rc;

	/*
	 * The smallest power of two that holds the limit: the ring in the guest is a power of two
	 * as well.
	 */
	while (size < HISTORY_MAX && (limit < 0 || size < limit))
		size *= 2;
	rc = hist_init(&g->hist, size);
	if (!rc)
		rc = open_tty(g);
	if (rc) {
		hist_free(&g->hist);
		return rc;
	}
	restore(g);
	if (con_opt.log_guest)
		open_log(g);
	snprintf(path, sizeof(path), "%s/tty", dir);
	return xs_write(con_xs, 0, path, ptsname(g->tty.lf.fd), strlen(ptsname(g->tty.lf.fd)));
}

static int connect_ring(struct guest *g, uint64_t gfn, uint32_t port)
{
	int rc;

	disconnect(g);
	g->gfn = gfn;
	g->remote_port = port;
	rc = page_map(&g->page, g->domid, g->kind->grant, gfn);
	g->intf = g->page.at;
	if (!rc)
		rc = port_bind(g->domid, port);
	if (rc < 0)
		disconnect(g);
	else
		g->port = rc;
	return rc < 0 ? rc : 0;
}

void guest_update(struct guest *g)
{
	int64_t gfn, port;
	char dir[64], *type;
	int rc = 0;

	snprintf(dir, sizeof(dir), "/local/domain/%u/%s", g->domid, g->kind->path);
	gfn = trusted_number(dir, "ring-ref");
	port = trusted_number(dir, "port");
	type = xs_readf(con_xs, 0, "%s/type", dir);
	if (gfn < 0 || port <= 0 || (type && strcmp(type, "xenconsoled")))
		rc = -ENOENT;
	free(type);
	if (rc || (g->gfn == (uint64_t)gfn && g->remote_port == (uint32_t)port))
		return;
	if (g->tty.lf.fd < 0 && (rc = open_console(g, dir)))
		log_err("domain %u: no terminal: %s (is /dev/pts mounted?)", g->domid,
			strerror(-rc));
	else if ((rc = connect_ring(g, gfn, port)))
		log_err("domain %u: cannot connect its console: %s", g->domid, strerror(-rc));
	else
		pass_on(g);
}

static void unmask_later(struct loop_timer *lt)
{
	struct guest *g = (struct guest *)((char *)lt - offsetof(struct guest, timer));

	g->events = 0;
	pass_on(g);
	port_unmask(g->port);
}

bool guest_event(uint32_t port)
{
	int64_t now = loop_now();
	struct guest *g;

	for (g = guests; g && g->port != port; g = g->next)
		;
	if (!g)
		return false;
	pass_on(g);
	if (now - g->period >= PERIOD_MS) {
		g->period = now;
		g->events = 0;
	}
	if (++g->events < PERIOD_EVENTS)
		port_unmask(g->port);
	else
		loop_arm(&g->timer, PERIOD_MS - (now - g->period) + 1, unmask_later);
	return true;
}

/* Everybody has everything, or has had the time to take it. */
static void try_close(struct loop_timer *lt)
{
	struct guest *g = (struct guest *)((char *)lt - offsetof(struct guest, timer));
	int unread = 0;
	bool done;

	serve(g);
	done = ioctl(g->slave, FIONREAD, &unread) == 0 && unread == 0;
	for (struct viewer *v = &g->tty; v; v = v->next)
		done = done && v->pos == g->hist.head;
	if (done || loop_now() >= g->deadline)
		free_guest(g);
	else
		loop_arm(&g->timer, 50, try_close);
}

void guest_gone(struct guest *g)
{
	if (g->tty.lf.fd < 0) {
		free_guest(g);
		return;
	}
	read_ring(g); /* once is all: another domain may share the page, and never stop */
	disconnect(g);
	g->closing = true;
	g->deadline = loop_now() + CLOSE_MS;
	loop_arm(&g->timer, 0, try_close);
}
