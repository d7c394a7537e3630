/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls over libxencall, for the daemons and xl. One handle per process, opened on first use.
 * All return 0 (or what is said) or -errno.
 */
#ifndef HOSPES_HV_H
#define HOSPES_HV_H

#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xencall.h>
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

/* false, with errno, where there is no hypervisor or no right to call it. */
bool hv_open(void);
void hv_forget(void); /* in a child after fork: the buffers did not come along */

/* What a request points to: @handle is the pointer inside of it, @in and @out may be the same. */
struct hv_buf {
	void *handle;
	size_t len;
	const void *in; /* NULL: only for the answer */
	void *out;	/* NULL: no answer; with both NULL the request's pointer stays as it is */
};
#define HV_BUFS(...) ((const struct hv_buf[]){ __VA_ARGS__, { 0 } })
/*
 * Call @nr(@cmd, request), or with cmd < 0 @nr(request). The request and its buffers (NULL: none)
 * come back with the answer.
 */
long hv_issue(unsigned int nr, int cmd, void *req, size_t len, const struct hv_buf *bufs);
/* interface_version is filled in here. */
int hv_domctl(struct xen_domctl *op, const struct hv_buf *bufs);
int hv_sysctl(struct xen_sysctl *op, const struct hv_buf *bufs);
/* A request of which no answer is wanted: HV_DOMCTL(domid, max_vcpus, .u.max_vcpus.max = 2). */
#define HV_DOMCTL(id, name, ...) \
	hv_domctl(&(struct xen_domctl){ .cmd = XEN_DOMCTL_##name, .domain = (id), __VA_ARGS__ }, \
		  NULL)
/* -ESRCH when there is no such domain. */
int hv_domain_info(uint16_t domid, struct xen_domctl_getdomaininfo *info);
/* Reads the hypervisor's console ring from *index on: the number of bytes. */
int hv_read_console(char *buf, size_t size, uint32_t *index);

#endif
