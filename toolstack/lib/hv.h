/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few hypercalls that both daemons need, over libxencall. One handle per process, opened on
 * first use. All return 0 (or what is said) or -errno. A xencall handle may be taken by others with
 * hv_call().
 */
#ifndef HOSPES_HV_H
#define HOSPES_HV_H

#include <stddef.h>
#include <stdint.h>
#include <xencall.h>
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

/* NULL, with errno, where there is no hypervisor or no right to call it. */
xencall_handle *hv_call(void);
int hv_domctl(struct xen_domctl *op); /* interface_version is filled in here */
int hv_sysctl(struct xen_sysctl *op);
/* -ESRCH when there is no such domain. */
int hv_domain_info(uint16_t domid, struct xen_domctl_getdomaininfo *info);
/* Reads the hypervisor's console ring from *index on: the number of bytes. */
int hv_read_console(char *buf, size_t size, uint32_t *index);

#endif
