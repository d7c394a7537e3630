/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls over libxencall, for the daemons and xl. One handle per process, opened on first use.
 * All return 0 (or what is said) or -errno. A xencall handle may be taken by others with
 * hv_call().
 */
#ifndef HOSPES_HV_H
#define HOSPES_HV_H

#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1
#endif
#include <stddef.h>
#include <stdint.h>
#include <xencall.h>
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

/* NULL, with errno, where there is no hypervisor or no right to call it. */
xencall_handle *hv_call(void);
void hv_forget(void); /* in a child after fork: the buffers did not come along */
/* A zeroed buffer the hypervisor may read and write; valid until the next call, NULL on ENOMEM. */
void *hv_scratch(size_t bytes);
/* Call @nr(@cmd, request), or with cmd < 0 @nr(request); the request comes back with the answer. */
int hv_issue(unsigned int nr, int cmd, void *req, size_t len);
int hv_domctl(struct xen_domctl *op); /* interface_version is filled in here */
int hv_sysctl(struct xen_sysctl *op);
/* A request of which no answer is wanted: HV_DOMCTL(domid, max_vcpus, .u.max_vcpus.max = 2). */
#define HV_DOMCTL(id, name, ...) \
	hv_domctl(&(struct xen_domctl){ .cmd = XEN_DOMCTL_##name, .domain = (id), __VA_ARGS__ })
/* -ESRCH when there is no such domain. */
int hv_domain_info(uint16_t domid, struct xen_domctl_getdomaininfo *info);
/* Reads the hypervisor's console ring from *index on: the number of bytes. */
int hv_read_console(char *buf, size_t size, uint32_t *index);

#endif
