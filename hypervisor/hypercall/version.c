// SPDX-License-Identifier: GPL-2.0-only
/*
 * xen_version: what the guest's kernel and the tools learn of the hypervisor. The number is Xen's
 * whose ABI this is; the rest tells who is here. Constant; no lock. As on Xen, others than the
 * control domain learn neither command line nor build id.
 */
#include <arm/cpu.h>
#include <core/cmdline.h>
#include <hypercall/ops.h>
#include <lib/string.h>
#include <xen/features.h>
#include <xen/version.h>

#ifndef HOSPES_VERSION
#define HOSPES_VERSION "unknown"
#endif

extern const u8 __build_id_start[], __build_id_end[];

s64 hc_xenver_version(struct vcpu *v, u64 *a)
{
	return 4 << 16 | 17;
}

s64 hc_xenver_extraversion(struct vcpu *v, u64 *a)
{
	xen_extraversion_t text;

	strscpy(text, ".0-hospes", sizeof(text));
	return copy_to_guest(a[1], text, sizeof(text));
}

s64 hc_xenver_compile_info(struct vcpu *v, u64 *a)
{
	struct xen_compile_info info;

	strscpy(info.compiler, "gcc " __VERSION__, sizeof(info.compiler));
	strscpy(info.compile_by, "hospes", sizeof(info.compile_by));
	strscpy(info.compile_domain, "", sizeof(info.compile_domain));
	strscpy(info.compile_date, __DATE__ " " __TIME__, sizeof(info.compile_date));
	return copy_to_guest(a[1], &info, sizeof(info));
}

s64 hc_xenver_capabilities(struct vcpu *v, u64 *a)
{
	xen_capabilities_info_t text;

	strscpy(text, cpu_has_el1_32 ? "xen-3.0-aarch64 xen-3.0-armv7l " : "xen-3.0-aarch64 ",
		sizeof(text));
	return copy_to_guest(a[1], text, sizeof(text));
}

s64 hc_xenver_changeset(struct vcpu *v, u64 *a)
{
	xen_changeset_info_t text;

	strscpy(text, HOSPES_VERSION, sizeof(text));
	return copy_to_guest(a[1], text, sizeof(text));
}

/*
 * virt_start: no guest virtual address is reserved for the hypervisor, and where it is concerns
 * nobody.
 */
s64 hc_xenver_platform_parameters(struct vcpu *v, u64 *a)
{
	struct xen_platform_parameters p = { .virt_start = 0 };

	return copy_to_guest(a[1], &p, sizeof(p));
}

s64 hc_xenver_get_features(struct vcpu *v, u64 *a)
{
	const struct domain *d = v->domain;
	struct xen_feature_info fi;

	if (copy_from_guest(&fi, a[1], sizeof(fi)))
		return -EFAULT;
	if (fi.submap_idx >= XENFEAT_NR_SUBMAPS)
		return -EINVAL;
	fi.submap = 1U << XENFEAT_writable_page_tables | 1U << XENFEAT_auto_translated_physmap |
		    1U << XENFEAT_memory_op_vnode_supported | 1U << XENFEAT_ARM_SMCCC_supported |
		    1U << (d->direct_mapped ? XENFEAT_direct_mapped : XENFEAT_not_direct_mapped);
	if (d == hardware_domain)
		fi.submap |= 1U << XENFEAT_dom0;
	return copy_to_guest(a[1], &fi, sizeof(fi));
}

s64 hc_xenver_pagesize(struct vcpu *v, u64 *a)
{
	return a[1] ? -EINVAL : (s64)PAGE_SIZE;
}

s64 hc_xenver_guest_handle(struct vcpu *v, u64 *a)
{
	return copy_to_guest(a[1], v->domain->handle, sizeof(v->domain->handle));
}

s64 hc_xenver_commandline(struct vcpu *v, u64 *a)
{
	static const char denied[] = "<denied>";

	if (!v->domain->privileged)
		return copy_to_guest(a[1], denied, sizeof(denied));
	return copy_to_guest(a[1], cmdline_text, sizeof(cmdline_text));
}

/* The image's ELF note: name size, descriptor size, type, "GNU", descriptor. */
s64 hc_xenver_build_id(struct vcpu *v, u64 *a)
{
	const struct {
		u32 namesz, descsz, type;
		char name[4];
		u8 desc[];
	} *note = (const void *)__build_id_start;
	u32 len;

	if ((size_t)(__build_id_end - __build_id_start) <= sizeof(*note))
		return -ENODATA;
	if (!a[1])
		return note->descsz;
	if (copy_from_guest(&len, a[1], sizeof(len)))
		return -EFAULT;
	if (!len)
		return -EINVAL;
	if (len < note->descsz)
		return -ENOBUFS;
	if (copy_to_guest(a[1] + offsetof(struct xen_build_id, buf), note->desc, note->descsz))
		return -EFAULT;
	return note->descsz;
}
