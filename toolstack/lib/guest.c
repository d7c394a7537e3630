// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owns the handles of the event channel, grant and foreign memory devices; the latter two are
 * opened when first needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include "lib/guest.h"
#include "lib/loop.h"

#define PAGE 4096

static xenevtchn_handle *xce;
static xengnttab_handle *xgt;
static xenforeignmemory_handle *xfm;
static struct loop_fd ports;
static void (*port_fired)(uint32_t port);

int page_map(struct guest_page *p, uint16_t domid, int ref, uint64_t gfn)
{
	const int mode = PROT_READ | PROT_WRITE;
	xen_pfn_t frame = gfn;

	p->at = NULL;
	if (ref >= 0 && (xgt || (xgt = xengnttab_open(NULL, 0))))
		p->at = xengnttab_map_grant_ref(xgt, domid, ref, mode);
	p->granted = p->at;
	if (!p->at && (xfm || (xfm = xenforeignmemory_open(NULL, 0))))
		p->at = xenforeignmemory_map(xfm, domid, mode, 1, &frame, NULL);
	return p->at ? 0 : -EINVAL;
}

int page_map_device(struct guest_page *p, const char *dev)
{
	int fd = open(dev, O_RDWR | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	*p = (struct guest_page){ mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) };
	rc = p->at == MAP_FAILED ? -errno : 0;
	if (rc)
		p->at = NULL;
	close(fd);
	return rc;
}

void page_unmap(struct guest_page *p)
{
	if (p->at && p->granted)
		xengnttab_unmap(xgt, p->at, 1);
	else if (p->at)
		munmap(p->at, PAGE); /* all that xenforeignmemory_unmap() does, too */
	p->at = NULL;
}

static void ready(struct loop_fd *lf, uint32_t events)
{
	/* Bounded: what is left makes the fd readable again. */
	for (int i = 0; i < 32; i++) {
		xenevtchn_port_or_error_t port = xenevtchn_pending(xce);

		if (port < 0)
			return;
		port_fired(port);
	}
}

int ports_open(int fd, void (*fired)(uint32_t port))
{
	xce = fd >= 0 ? xenevtchn_fdopen(NULL, fd, 0) : xenevtchn_open(NULL, 0);
	if (!xce)
		return -errno;
	port_fired = fired;
	fd = xenevtchn_fd(xce);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return loop_add(&ports, fd, EPOLLIN, ready);
}

int ports_fd(void)
{
	return xce ? xenevtchn_fd(xce) : -1;
}

int port_bind(uint16_t domid, uint32_t remote)
{
	int port = xenevtchn_bind_interdomain(xce, domid, remote);

	return port < 0 ? -errno : port;
}

int port_bind_virq(unsigned int virq)
{
	int port = xenevtchn_bind_virq(xce, virq);

	return port < 0 ? -errno : port;
}

void port_unbind(uint32_t port)
{
	if (port)
		xenevtchn_unbind(xce, port);
}

void port_unmask(uint32_t port)
{
	if (port)
		xenevtchn_unmask(xce, port);
}

void port_notify(uint32_t port)
{
	xenevtchn_notify(xce, port);
}
