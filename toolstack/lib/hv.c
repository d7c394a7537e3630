// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls shared by the daemons. Owns the process's one xencall handle. Buffers given to the
 * hypervisor come from xencall_alloc_buffer(): memory that is locked and stays where it is during
 * the call.
 */
#include <errno.h>
#include <string.h>
#include "lib/hv.h"

static xencall_handle *handle;

xencall_handle *hv_call(void)
{
	if (!handle)
		handle = xencall_open(NULL, 0);
	return handle;
}

static int call1(unsigned int nr, void *op, size_t size)
{
	xencall_handle *h = hv_call();
	void *buf;
	int rc;

	if (!h)
		return -errno;
	buf = xencall_alloc_buffer(h, size);
	if (!buf)
		return -ENOMEM;
	memcpy(buf, op, size);
	rc = xencall1(h, nr, (uintptr_t)buf);
	if (rc < 0)
		rc = -errno;
	memcpy(op, buf, size);
	xencall_free_buffer(h, buf);
	return rc;
}

int hv_domctl(struct xen_domctl *op)
{
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	return call1(__HYPERVISOR_domctl, op, sizeof(*op));
}

int hv_sysctl(struct xen_sysctl *op)
{
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return call1(__HYPERVISOR_sysctl, op, sizeof(*op));
}

int hv_domain_info(uint16_t domid, struct xen_domctl_getdomaininfo *info)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_getdomaininfo, .domain = domid };
	int rc = hv_domctl(&op);

	if (rc < 0)
		return rc;
	/* The call answers with the next higher domain when there is none of this number. */
	if (op.u.getdomaininfo.domain != domid)
		return -ESRCH;
	*info = op.u.getdomaininfo;
	return 0;
}

int hv_read_console(char *buf, size_t size, uint32_t *index)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_readconsole };
	xencall_handle *h = hv_call();
	void *bounce;
	int rc;

	if (!h)
		return -errno;
	bounce = xencall_alloc_buffer(h, size);
	if (!bounce)
		return -ENOMEM;
	op.u.readconsole.incremental = 1;
	op.u.readconsole.index = *index;
	op.u.readconsole.count = size;
	set_xen_guest_handle_raw(op.u.readconsole.buffer, bounce);
	rc = hv_sysctl(&op);
	if (rc == 0) {
		rc = op.u.readconsole.count;
		*index = op.u.readconsole.index;
		memcpy(buf, bounce, rc);
	}
	xencall_free_buffer(h, bounce);
	return rc;
}
