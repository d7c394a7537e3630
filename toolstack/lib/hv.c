// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls. Owns the process's one xencall handle. Memory given to the hypervisor comes from
 * libxencall, which locks it and keeps it where it is during the call: a request is built in the
 * caller's struct, copied there with what it points to, and back.
 */
#include <errno.h>
#include <string.h>
#include "lib/hv.h"

static xencall_handle *handle;

bool hv_open(void)
{
	if (!handle)
		handle = xencall_open(NULL, 0);
	return handle;
}

void hv_forget(void)
{
	handle = NULL;
}

long hv_issue(unsigned int nr, int cmd, void *req, size_t len, const struct hv_buf *bufs)
{
	static const struct hv_buf none;
	const struct hv_buf *b;
	size_t total = len;
	char *mem, *at;
	uintptr_t arg;
	long rc;

	bufs = bufs ? bufs : &none;
	for (b = bufs; b->handle; b++)
		total += b->len;
	mem = hv_open() ? xencall_alloc_buffer(handle, total) : NULL;
	if (!mem)
		return handle ? -ENOMEM : -errno;
	at = mem + len;
	for (b = bufs; b->handle; at += b++->len)
		if (b->in || b->out) {
			memcpy(b->handle, &at, sizeof(at));
			memset(at, 0, b->len);
			if (b->in)
				memcpy(at, b->in, b->len);
		}
	memcpy(mem, req, len);
	arg = len ? (uintptr_t)mem : 0; /* where nothing is asked, Xen wants no address either */
	rc = cmd < 0 ? xencall1(handle, nr, arg) : xencall2L(handle, nr, cmd, arg);
	if (rc < 0)
		rc = -errno;
	memcpy(req, mem, len);
	at = mem + len;
	for (b = bufs; b->handle; at += b++->len)
		if (b->out)
			memcpy(b->out, at, b->len);
	xencall_free_buffer(handle, mem);
	return rc;
}

int hv_domctl(struct xen_domctl *op, const struct hv_buf *bufs)
{
	int rc;

	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	do {
		rc = hv_issue(__HYPERVISOR_domctl, -1, op, sizeof(*op), bufs);
	} while (rc == -EAGAIN); /* another domctl holds the lock; Xen made us yield */
	return rc;
}

int hv_sysctl(struct xen_sysctl *op, const struct hv_buf *bufs)
{
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return hv_issue(__HYPERVISOR_sysctl, -1, op, sizeof(*op), bufs);
}

int hv_domain_info(uint16_t domid, struct xen_domctl_getdomaininfo *info)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_getdomaininfo, .domain = domid };
	int rc = hv_domctl(&op, NULL);

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
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_readconsole,
				 .u.readconsole = {
					 .incremental = 1, .index = *index, .count = size } };
	int rc = hv_sysctl(&op, HV_BUFS({ &op.u.readconsole.buffer, size, .out = buf }));

	if (rc)
		return rc;
	if (op.u.readconsole.count > size)
		return -EPROTO;
	*index = op.u.readconsole.index;
	return op.u.readconsole.count;
}
