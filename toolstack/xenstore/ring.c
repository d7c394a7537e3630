// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections over a ring in a guest's memory and an event channel. Owns the list of domains and
 * the handles of evtchn, gntdev and foreign memory. All that a guest writes is read once and
 * checked; a guest that breaks the protocol is shut out and nothing else happens. A port stays
 * masked until its guest has no more to be done: a flood of events costs the loop nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include "lib/hv.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "xenstore/daemon.h"

#define IOCTL_XENBUS_BACKEND_EVTCHN _IO('B', 0)
#define RING_PAGE 4096

struct domain {
	struct conn conn; /* first: a conn of ours is a domain */
	struct domain *next;
	struct xenstore_domain_interface *intf;
	uint64_t gfn;
	uint32_t port; /* our end */
	enum { MAP_DEVICE, MAP_GRANT, MAP_FOREIGN } map;
	bool shutdown, masked;
};

static struct domain *domains;
static xenevtchn_handle *xce;
static xengnttab_handle *xgt;
static xenforeignmemory_handle *xfm;
static uint32_t virq_port;
static struct loop_fd evtchn_lf;

static struct domain *find_domain(uint16_t domid)
{
	struct domain *d;

	for (d = domains; d && d->conn.domid != domid; d = d->next)
		;
	return d;
}

static int ring_error(struct domain *d, unsigned int why)
{
	conn_shut(&d->conn, why);
	return 0;
}

static int ring_read(struct conn *c, void *buf, size_t len)
{
	struct domain *d = (struct domain *)c;
	struct xenstore_domain_interface *intf = d->intf;
	uint32_t cons = __atomic_load_n(&intf->req_cons, __ATOMIC_RELAXED);
	uint32_t prod = __atomic_load_n(&intf->req_prod, __ATOMIC_ACQUIRE);
	uint32_t have = prod - cons, at = MASK_XENSTORE_IDX(cons);

	if (have > XENSTORE_RING_SIZE)
		return ring_error(d, XENSTORE_ERROR_RINGIDX);
	if (len > have)
		len = have;
	if (len > XENSTORE_RING_SIZE - at)
		len = XENSTORE_RING_SIZE - at;
	if (!len)
		return 0;
	memcpy(buf, intf->req + at, len);
	__atomic_store_n(&intf->req_cons, cons + (uint32_t)len, __ATOMIC_SEQ_CST);
	xenevtchn_notify(xce, d->port);
	return (int)len;
}

static int ring_write(struct conn *c, const void *buf, size_t len)
{
	struct domain *d = (struct domain *)c;
	struct xenstore_domain_interface *intf = d->intf;
	uint32_t prod = __atomic_load_n(&intf->rsp_prod, __ATOMIC_RELAXED);
	uint32_t cons = __atomic_load_n(&intf->rsp_cons, __ATOMIC_ACQUIRE);
	uint32_t used = prod - cons, at = MASK_XENSTORE_IDX(prod);

	if (used > XENSTORE_RING_SIZE)
		return ring_error(d, XENSTORE_ERROR_RINGIDX);
	if (len > XENSTORE_RING_SIZE - used)
		len = XENSTORE_RING_SIZE - used;
	if (len > XENSTORE_RING_SIZE - at)
		len = XENSTORE_RING_SIZE - at;
	if (!len)
		return 0;
	memcpy(intf->rsp + at, buf, len);
	__atomic_store_n(&intf->rsp_prod, prod + (uint32_t)len, __ATOMIC_SEQ_CST);
	xenevtchn_notify(xce, d->port);
	return (int)len;
}

static void ring_bad(struct conn *c, unsigned int why)
{
	struct domain *d = (struct domain *)c;

	__atomic_store_n(&d->intf->error, why, __ATOMIC_SEQ_CST);
	log_limited(LOG_LVL_WARN, "domain %u broke the protocol (%u): shut out", c->domid, why);
}

static const struct conn_ops ring_ops = { ring_read, ring_write, ring_bad };

bool ring_is(const struct conn *c)
{
	return c->ops == &ring_ops;
}

static void unmap(struct domain *d)
{
	if (!d->intf)
		return;
	if (d->map == MAP_GRANT)
		xengnttab_unmap(xgt, d->intf, 1);
	else if (d->map == MAP_FOREIGN)
		xenforeignmemory_unmap(xfm, d->intf, 1);
	else
		munmap(d->intf, RING_PAGE);
	d->intf = NULL;
}

static int map_guest(struct domain *d)
{
	xen_pfn_t gfn = d->gfn;

	if (!xgt)
		xgt = xengnttab_open(NULL, 0);
	if (xgt) {
		d->intf = xengnttab_map_grant_ref(xgt, d->conn.domid, GNTTAB_RESERVED_XENSTORE,
						  PROT_READ | PROT_WRITE);
		d->map = MAP_GRANT;
	}
	if (d->intf)
		return 0;
	if (!xfm)
		xfm = xenforeignmemory_open(NULL, 0);
	if (xfm) {
		d->intf = xenforeignmemory_map(xfm, d->conn.domid, PROT_READ | PROT_WRITE, 1, &gfn,
					       NULL);
		d->map = MAP_FOREIGN;
	}
	return d->intf ? 0 : -EINVAL;
}

static int map_dom0(struct domain *d)
{
	static const char *const devs[] = { "/dev/xen/xenbus_backend", "/proc/xen/xsd_kva" };
	void *p = MAP_FAILED;

	for (size_t i = 0; p == MAP_FAILED && i < 2; i++) {
		int fd = open(devs[i], O_RDWR | O_CLOEXEC);

		if (fd < 0)
			continue;
		p = mmap(NULL, RING_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	if (p == MAP_FAILED)
		return -errno;
	d->intf = p;
	d->map = MAP_DEVICE;
	return 0;
}

static int dom0_port(void)
{
	char text[16];
	int port = -1, fd = open("/dev/xen/xenbus_backend", O_RDWR | O_CLOEXEC);
	ssize_t n;

	if (fd >= 0) {
		port = ioctl(fd, IOCTL_XENBUS_BACKEND_EVTCHN);
		close(fd);
	}
	if (port > 0)
		return port;
	fd = open("/proc/xen/xsd_port", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	return atoi(text);
}

static void add_domain(struct domain *d)
{
	d->next = domains;
	domains = d;
	if (__atomic_load_n(&d->intf->connection, __ATOMIC_RELAXED) == XENSTORE_CONNECTED)
		d->intf->server_features = XENSTORE_SERVER_FEATURE_RECONNECTION |
					   XENSTORE_SERVER_FEATURE_ERROR;
	conn_wake(&d->conn);
}

static struct domain *new_domain(uint16_t domid, uint64_t gfn)
{
	struct domain *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	if (!conn_new(&ring_ops, &d->conn, domid)) {
		free(d);
		return NULL;
	}
	d->gfn = gfn;
	return d;
}

static void free_domain(struct domain *d)
{
	struct domain **p;

	for (p = &domains; *p && *p != d; p = &(*p)->next)
		;
	if (*p)
		*p = d->next;
	if (d->port)
		xenevtchn_unbind(xce, d->port);
	unmap(d);
	conn_fini(&d->conn);
	free(d);
}

int ring_connect_dom0(void)
{
	struct domain *d = new_domain(0, 0);
	int rc, port = dom0_port();

	if (!d)
		return -ENOMEM;
	rc = port < 0 ? port : map_dom0(d);
	if (!rc) {
		port = xenevtchn_bind_interdomain(xce, 0, port);
		rc = port < 0 ? -errno : 0;
	}
	if (rc) {
		free_domain(d);
		return rc;
	}
	d->port = port;
	add_domain(d);
	xenevtchn_notify(xce, d->port);
	return 0;
}

static int introduce(uint16_t domid, uint64_t gfn, uint32_t remote)
{
	struct domain *d = find_domain(domid);
	int port, rc;

	if (d) { /* known: only the event channel is new */
		port = xenevtchn_bind_interdomain(xce, domid, remote);
		if (port < 0)
			return -errno;
		xenevtchn_unbind(xce, d->port);
		d->port = port;
		conn_wake(&d->conn);
		return 0;
	}
	d = new_domain(domid, gfn);
	if (!d)
		return -ENOMEM;
	rc = map_guest(d);
	if (!rc) {
		port = xenevtchn_bind_interdomain(xce, domid, remote);
		if (port < 0)
			rc = -errno;
		else
			d->port = port;
	}
	if (rc) {
		free_domain(d);
		return rc;
	}
	add_domain(d);
	return 0;
}

static int release(uint16_t domid)
{
	struct domain *d = find_domain(domid);

	if (d)
		free_domain(d);
	return 0;
}

static int resume(uint16_t domid)
{
	struct domain *d = find_domain(domid);

	if (!d)
		return -ENOENT;
	d->shutdown = false;
	return 0;
}

const struct store_hooks ring_hooks = { introduce, release, resume, live_command };

/* Some domain changed its state: shut down, dying or gone. */
static void check_domains(void)
{
	struct domain *d, *next;
	struct account *a, *a_next;
	bool notify = false;

	for (d = domains; d; d = next) {
		struct xen_domctl_getdomaininfo info;
		uint16_t domid = d->conn.domid;
		int rc;

		next = d->next;
		if (!domid)
			continue;
		rc = hv_domain_info(domid, &info);
		if (rc == -ESRCH || (!rc && (info.flags & XEN_DOMINF_dying))) {
			free_domain(d);
			account_get(domid, true)->introduced = false;
			account_purge(domid);
			notify = true;
		} else if (!rc && (info.flags & XEN_DOMINF_shutdown) && !d->shutdown) {
			d->shutdown = notify = true;
		}
	}
	for (a = store.accounts; a; a = a_next) {
		struct xen_domctl_getdomaininfo info;

		a_next = a->next;
		if (a->domid && !a->introduced && hv_domain_info(a->domid, &info) == -ESRCH)
			account_purge(a->domid);
	}
	if (notify)
		watch_fire("@releaseDomain", NULL, false);
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
	xenevtchn_notify(xce, d->port);
}

static void evtchn_ready(struct loop_fd *lf, uint32_t events)
{
	/* Bounded: what is left makes the fd readable again. */
	for (int i = 0; i < 32; i++) {
		xenevtchn_port_or_error_t port = xenevtchn_pending(xce);
		struct domain *d;

		if (port < 0)
			return;
		if ((uint32_t)port == virq_port) {
			check_domains();
			xenevtchn_unmask(xce, port);
			continue;
		}
		for (d = domains; d && d->port != (uint32_t)port; d = d->next)
			;
		if (!d)
			continue;
		d->masked = true;
		check_reconnect(d);
		conn_wake(&d->conn);
	}
}

void ring_idle(void)
{
	for (struct domain *d = domains; d; d = d->next) {
		if (d->masked && !d->conn.queued) {
			d->masked = false;
			xenevtchn_unmask(xce, d->port);
		}
	}
}

int ring_init(int evtchn_fd, uint32_t port)
{
	int fd;

	xce = evtchn_fd >= 0 ? xenevtchn_fdopen(NULL, evtchn_fd, 0)
			     : xenevtchn_open(NULL, XENEVTCHN_NO_CLOEXEC);
	if (!xce)
		return -errno;
	virq_port = port;
	if (evtchn_fd < 0) {
		xenevtchn_port_or_error_t p = xenevtchn_bind_virq(xce, VIRQ_DOM_EXC);

		if (p < 0)
			return -errno;
		virq_port = p;
	}
	fd = xenevtchn_fd(xce);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return loop_add(&evtchn_lf, fd, EPOLLIN, evtchn_ready);
}

void ring_save_globals(struct buf *b)
{
	buf_put_u32(b, xce ? xenevtchn_fd(xce) : -1);
	buf_put_u32(b, virq_port);
}

void ring_save(struct buf *b, const struct conn *c)
{
	const struct domain *d = (const struct domain *)c;

	buf_put_u64(b, d->gfn);
	buf_put_u32(b, d->port);
	buf_put_u32(b, d->shutdown);
}

struct conn *ring_load(struct buf *b, uint16_t domid, bool check_only)
{
	struct domain *d = new_domain(domid, buf_u64(b));
	uint32_t port = buf_u32(b), was_shutdown = buf_u32(b);
	int rc;

	if (!d)
		return NULL;
	d->port = port;
	d->shutdown = was_shutdown;
	d->masked = true; /* unknown; unmasking once too often does no harm */
	if (check_only)
		return &d->conn;
	rc = domid ? map_guest(d) : map_dom0(d);
	if (rc) {
		log_err("live update: cannot map the ring of domain %u: %s", domid, strerror(-rc));
		free_domain(d);
		return NULL;
	}
	d->next = domains;
	domains = d;
	return &d->conn;
}
