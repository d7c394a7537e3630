// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls. Owns the process's one xencall handle and one scratch buffer. Buffers given to the
 * hypervisor come from libxencall: memory that is locked and stays where it is during the call. A
 * request is built in the caller's struct, copied into such a buffer and back, so that callers see
 * them only where a request points to more: that is what the scratch buffer is for.
 */
#include <errno.h>
#include <string.h>
#include "lib/hv.h"

static xencall_handle *handle;
static void *scratch;
static size_t scratch_pages;

xencall_handle *hv_call(void)
{
	if (!handle)
		handle = xencall_open(NULL, 0);
	return handle;
}

void hv_forget(void)
{
	handle = NULL;
	scratch = NULL;
	scratch_pages = 0;
}

void *hv_scratch(size_t bytes)
{
	size_t pages = (bytes + 4095) / 4096;

	if (pages > scratch_pages && hv_call()) {
		if (scratch)
			xencall_free_buffer_pages(handle, scratch, scratch_pages);
		scratch = xencall_alloc_buffer_pages(handle, pages);
		scratch_pages = scratch ? pages : 0;
	}
	return pages <= scratch_pages ? memset(scratch, 0, bytes) : NULL;
}

int hv_issue(unsigned int nr, int cmd, void *req, size_t len)
{
	xencall_handle *h = hv_call();
	void *buf = h ? xencall_alloc_buffer(h, len) : NULL;
	int rc;

	if (!buf)
		return h ? -ENOMEM : -errno;
	memcpy(buf, req, len);
	rc = cmd < 0 ? xencall1(h, nr, (uintptr_t)buf) : xencall2(h, nr, cmd, (uintptr_t)buf);
	if (rc < 0)
		rc = -errno;
	memcpy(req, buf, len);
	xencall_free_buffer(h, buf);
	return rc;
}

int hv_domctl(struct xen_domctl *op)
{
	int rc;

	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	do {
		rc = hv_issue(__HYPERVISOR_domctl, -1, op, sizeof(*op));
	} while (rc == -EAGAIN); /* another domctl holds the lock; Xen made us yield */
	return rc;
}

int hv_sysctl(struct xen_sysctl *op)
{
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return hv_issue(__HYPERVISOR_sysctl, -1, op, sizeof(*op));
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
	void *bounce = hv_scratch(size);
	int rc;

	if (!bounce)
		return -ENOMEM;
	op.u.readconsole.incremental = 1;
	op.u.readconsole.index = *index;
	op.u.readconsole.count = size;
	set_xen_guest_handle_raw(op.u.readconsole.buffer, bounce);
	rc = hv_sysctl(&op);
	if (rc)
		return rc;
	if (op.u.readconsole.count > size)
		return -EPROTO;
	*index = op.u.readconsole.index;
	memcpy(buf, bounce, op.u.readconsole.count);
	return op.u.readconsole.count;
}
