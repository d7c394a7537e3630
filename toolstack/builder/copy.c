// SPDX-License-Identifier: GPL-2.0-only
/*
 * copy.c - bytes into a guest that has not run yet.
 *
 * Mapping foreign pages costs Dom0 two hypercalls and a TLB flush each, so the pages are granted
 * to Dom0 (we own the guest's grant table until it starts) and copied by the hypervisor, sixteen
 * to a hypercall.  Invariant: afterwards the grants used here are revoked, and the guest sees the
 * bytes with its caches off.
 */
#include "xl/hyp.h"

#include <errno.h>
#include <string.h>

#include <xengnttab.h>

#include "builder/copy.h"

#define FIRST_REF 8u /* those below belong to the ABI */
#define BATCH (HYP_GRANTS - FIRST_REF)

/* One batch of pages.  Returns the bytes copied, or -errno. */
static int64_t copy_batch(xengnttab_handle *gnt, struct grant_entry_v1 *tab, uint32_t domid,
			  uint64_t addr, const uint8_t *from, uint64_t len)
{
	static xengnttab_grant_copy_segment_t seg[BATCH];
	uint64_t done = 0;
	unsigned int i, n;
	int rc;

	for (n = 0; n < BATCH && done < len; n++) {
		uint64_t skip = (addr + done) & 4095, part = 4096 - skip;

		part = part > len - done ? len - done : part;
		hyp_grant_set(&tab[FIRST_REF + n], (addr + done) >> 12);
		memset(&seg[n], 0, sizeof(seg[n]));
		seg[n].source.virt = (void *)(from + done);
		seg[n].dest.foreign.ref = FIRST_REF + n;
		seg[n].dest.foreign.offset = skip;
		seg[n].dest.foreign.domid = domid;
		seg[n].len = part;
		seg[n].flags = GNTCOPY_dest_gref;
		done += part;
	}
	rc = xengnttab_grant_copy(gnt, n, seg) ? -errno : 0;
	for (i = 0; i < n; i++) {
		__atomic_store_n(&tab[FIRST_REF + i].flags, 0, __ATOMIC_RELEASE);
		tab[FIRST_REF + i].frame = 0;
		if (!rc && seg[i].status != GNTST_okay)
			rc = -EIO;
	}
	return rc ?: (int64_t)done;
}

int copy_to_guest(uint32_t domid, uint64_t addr, const void *data, uint64_t len, struct err *e)
{
	struct grant_entry_v1 *tab;
	xengnttab_handle *gnt = len ? xengnttab_open(NULL, 0) : NULL;
	void *res = gnt ? hyp_grants_map(domid, &tab) : NULL;
	int64_t rc = res || !len ? 0 : -errno, done = 0;

	for (; rc >= 0 && (uint64_t)done < len; done += rc)
		rc = copy_batch(gnt, tab, domid, addr + done, (const uint8_t *)data + done,
				len - done);
	if (res)
		hyp_grants_unmap(res);
	if (gnt)
		xengnttab_close(gnt);
	if (rc > 0)
		rc = HV_DOMCTL(
			domid, cacheflush,
			.u.cacheflush = { addr >> 12, ((addr + len + 4095) >> 12) - (addr >> 12) });
	return err_why(e, rc, "writing guest memory at %#llx", (unsigned long long)addr);
}
