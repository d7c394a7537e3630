// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections over a ring in a guest's memory and an event channel. Owns the list of
 * domains. All that a guest writes is read once and
 * checked; a guest that breaks the protocol is shut out and nothing else happens. A port stays
 * masked until its guest has no more to be done: a flood of events costs the loop nothing.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "lib/guest.h"
#include "lib/hv.h"
#include "lib/log.h"
#include "xenstore/daemon.h"

#define DOM0_RING "/dev/xen/xenbus_backend"
#define IOCTL_XENBUS_BACKEND_EVTCHN _IO('B', 0)

struct domain {
	struct conn conn; /* first: a conn of ours is a domain */
	struct domain *next;
	struct guest_page page;
	struct xenstore_domain_interface *intf; /* there */
	uint64_t gfn;
	uint32_t port; /* our end */
	bool shutdown, masked;
};

static struct domain *domains;
static uint32_t virq_port;

static struct domain *find_domain(uint16_t domid)
{
	struct domain *d;

	for (d = domains; d && d->conn.domid != domid; d = d->next)
		;
	return d;
}

/*
 * How much can be moved in one piece from index `from` on, where `avail` bytes (by the guest's
 * word) are.
 */
static size_t piece(struct domain *d, uint32_t from, uint32_t avail, size_t len)
{
	uint32_t run = XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(from);

	if (avail > XENSTORE_RING_SIZE) {
		conn_shut(&d->conn, XENSTORE_ERROR_RINGIDX);
		return 0;
	}
	len = len < avail ? len : avail;
	return len < run ? len : run;
}

/* What was moved is the guest's to know. */
static int moved(struct domain *d, uint32_t *index, uint32_t from, size_t len)
{
	if (len) {
		__atomic_store_n(index, from + (uint32_t)len, __ATOMIC_SEQ_CST);
		port_notify(d->port);
	}
	return (int)len;
}

static int ring_read(void *conn, void *buf, size_t len)
{
	struct domain *d = conn;
	struct xenstore_domain_interface *intf = d->intf;
	uint32_t cons = __atomic_load_n(&intf->req_cons, __ATOMIC_RELAXED);
	uint32_t prod = __atomic_load_n(&intf->req_prod, __ATOMIC_ACQUIRE);

	len = piece(d, cons, prod - cons, len);
	memcpy(buf, intf->req + MASK_XENSTORE_IDX(cons), len);
	return moved(d, &intf->req_cons, cons, len);
}

static int ring_write(struct conn *c, const void *buf, size_t len)
{
	struct domain *d = (struct domain *)c;
	struct xenstore_domain_interface *intf = d->intf;
	uint32_t prod = __atomic_load_n(&intf->rsp_prod, __ATOMIC_RELAXED);
	uint32_t cons = __atomic_load_n(&intf->rsp_cons, __ATOMIC_ACQUIRE);

	len = piece(d, prod, XENSTORE_RING_SIZE - (prod - cons), len);
	memcpy(intf->rsp + MASK_XENSTORE_IDX(prod), buf, len);
	return moved(d, &intf->rsp_prod, prod, len);
}

static void ring_bad(struct conn *c, unsigned int why)
{
	struct domain *d = (struct domain *)c;

	__atomic_store_n(&d->intf->error, why, __ATOMIC_SEQ_CST);
	log_limited(LOG_LVL_WARN, "domain %u broke the protocol (%u): shut out", c->domid, why);
}

static void ring_save(struct conn *c, struct conn_state *s)
{
	const struct domain *d = (struct domain *)c;

	s->fd = -1;
	s->shutdown = d->shutdown;
	s->port = d->port;
	s->gfn = d->gfn;
}

static const struct conn_ops ring_ops = { ring_read, ring_write, ring_bad, ring_save };

/* The page of a guest, or of Dom0's kernel. */
static int map(struct domain *d)
{
	uint16_t domid = d->conn.domid;
	int rc = domid ? page_map(&d->page, domid, GNTTAB_RESERVED_XENSTORE, d->gfn)
		       : page_map_device(&d->page, DOM0_RING);

	d->intf = d->page.at;
	return rc;
}

static struct domain *new_domain(uint16_t domid, uint64_t gfn)
{
	struct domain *d = calloc(1, sizeof(*d));

	if (!d || !conn_new(&ring_ops, &d->conn, domid)) {
		free(d);
		return NULL;
	}
	d->gfn = gfn;
	LIST_PUSH(domains, d, next);
	return d;
}

static void free_domain(struct domain *d)
{
	LIST_REMOVE(domains, d, next);
	port_unbind(d->port);
	page_unmap(&d->page);
	conn_fini(&d->conn);
	free(d);
}

/* Through our port; for one that is known, only that is new. */
static int connect_domain(uint16_t domid, uint64_t gfn, int port)
{
	struct domain *d = find_domain(domid);
	int rc = 0;

	if (port < 0)
		return port;
	if (!d) {
		d = new_domain(domid, gfn);
		rc = d ? map(d) : -ENOMEM;
	}
	if (rc) {
		port_unbind(port);
		if (d)
			free_domain(d);
		return rc;
	}
	port_unbind(d->port);
	d->port = port;
	if (__atomic_load_n(&d->intf->connection, __ATOMIC_RELAXED) == XENSTORE_CONNECTED)
		d->intf->server_features = XENSTORE_SERVER_FEATURE_RECONNECTION |
					   XENSTORE_SERVER_FEATURE_ERROR;
	conn_wake(&d->conn);
	return 0;
}

int ring_connect_dom0(void)
{
	int fd = open(DOM0_RING, O_RDWR | O_CLOEXEC);
	int port = fd < 0 ? -1 : ioctl(fd, IOCTL_XENBUS_BACKEND_EVTCHN);
	int rc = connect_domain(0, 0, port < 0 ? -errno : port_bind(0, port));

	close(fd);
	if (!rc)
		port_notify(find_domain(0)->port);
	return rc;
}

int domain_introduce(uint16_t domid, uint64_t gfn, uint32_t port)
{
	return ports_fd() < 0 ? -ENODEV : connect_domain(domid, gfn, port_bind(domid, port));
}

void domain_release(uint16_t domid)
{
	struct domain *d = find_domain(domid);

	if (d)
		free_domain(d);
}

void domain_resume(uint16_t domid)
{
	struct domain *d = find_domain(domid);

	if (d)
		d->shutdown = false;
}

/* Some domain changed its state: shut down, dying or gone. */
static void check_domains(void)
{
	struct account *a, *next;
	bool notify = false;

	for (a = store.accounts; a; a = next) {
		uint16_t domid = a->domid;
		struct domain *d = find_domain(domid);
		struct xen_domctl_getdomaininfo info = { 0 };
		int rc = domid ? hv_domain_info(domid, &info) : 0;

		next = a->next;
		if (rc == -ESRCH || (d && (info.flags & XEN_DOMINF_dying))) {
			notify = notify || d;
			domain_release(domid);
			account_purge(domid);
		} else if (d && !d->shutdown && (info.flags & XEN_DOMINF_shutdown)) {
			d->shutdown = notify = true;
		}
	}
	if (notify)
		watch_fire("@releaseDomain", store.root);
}

/* The guest begins anew (kexec, another kernel): as if it had just been introduced. */
static void check_reconnect(struct domain *d)
{
	if (__atomic_load_n(&d->intf->connection, __ATOMIC_ACQUIRE) != XENSTORE_RECONNECT)
		return;
	conn_reset(&d->conn);
	d->intf->req_cons = d->intf->req_prod = 0;
	d->intf->rsp_cons = d->intf->rsp_prod = 0;
	d->intf->error = XENSTORE_ERROR_NONE;
	__atomic_store_n(&d->intf->connection, XENSTORE_CONNECTED, __ATOMIC_SEQ_CST);
	port_notify(d->port);
}

static void fired(uint32_t port)
{
	struct domain *d;

	if (port == virq_port) {
		check_domains();
		port_unmask(port);
		return;
	}
	for (d = domains; d && d->port != port; d = d->next)
		;
	if (!d)
		return;
	d->masked = true;
	check_reconnect(d);
	conn_wake(&d->conn);
}

void ring_idle(void)
{
	for (struct domain *d = domains; d; d = d->next) {
		if (d->masked && !d->conn.queued) {
			d->masked = false;
			port_unmask(d->port);
		}
	}
}

int ring_init(int evtchn_fd, uint32_t port)
{
	int rc = ports_open(evtchn_fd, fired);

	if (!rc && evtchn_fd < 0)
		rc = port_bind_virq(VIRQ_DOM_EXC);
	if (rc < 0)
		return rc;
	fcntl(ports_fd(), F_SETFD, 0); /* stays open in a live update */
	virq_port = evtchn_fd < 0 ? (uint32_t)rc : port;
	return 0;
}

uint32_t ring_virq_port(void)
{
	return virq_port;
}

struct conn *ring_load(const struct conn_state *s, bool check_only)
{
	struct domain *d = new_domain(s->domid, s->gfn);
	int rc;

	if (!d)
		return NULL;
	d->port = s->port;
	d->shutdown = s->shutdown;
	d->masked = true; /* unknown; unmasking once too often does no harm */
	rc = check_only ? 0 : map(d);
	if (!rc)
		return &d->conn;
	log_err("live update: cannot map the ring of domain %u: %s", s->domid, strerror(-rc));
	free_domain(d);
	return NULL;
}
