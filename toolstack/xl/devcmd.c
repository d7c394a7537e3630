// SPDX-License-Identifier: GPL-2.0-only
/*
 * devcmd.c - the commands for disks and network interfaces of running guests; "block-" and
 * "network-" differ in the name they are called by.
 *
 * Owns no state.  Invariant: lists are made from /libxl, which no guest can write; a guest's own
 * nodes are only shown, as the numbers they must be.
 */
#include "xl/xl.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/applet.h"
#include "lib/loop.h"
#include "xl/json.h"

#define SPEC_MAX 4096

static bool is_disk(const struct args *a)
{
	return a->name[0] == 'b';
}

int cmd_attach(const struct args *a)
{
	char spec[SPEC_MAX] = "";
	struct dev d;
	struct err e;
	size_t used = 0;
	int i, rc;

	/* A description in pieces is one. */
	for (i = 1; i < a->n && used < sizeof(spec); i++)
		used += snprintf(spec + used, sizeof(spec) - used, "%s%s", i > 1 ? "," : "",
				 a->arg[i]);
	if (used >= sizeof(spec))
		return fail("xl: the description is too long");
	if (dev_parse(&d, is_disk(a) ? DEV_DISK : DEV_NIC, spec, &e))
		return fail("xl: %s", e.msg);
	if (a->opt['n']) {
		printf("%s: ", dev_name[d.type]);
		json_print(stdout, dev_json(&d, false));
		putchar('\n');
		dev_free(&d);
		return 0;
	}
	rc = xencommons_start() ? EXIT_FAILURE : 0;
	stop_later();
	if (!rc && device_add(a->domid, &d, &e))
		rc = fail("xl: %s", e.msg);
	stop_now();
	dev_free(&d);
	return rc;
}

static int get_int(const char *dir, const char *key)
{
	return atoi(store_get("%s/%s", dir, key) ?: "-1");
}

static void row(int id, const char *front, const char *back, bool disk)
{
	if (disk)
		printf("%-5d %-3d %-6d %-5d %-6d %-8d %-30s\n", id, get_int(front, "backend-id"),
		       get_int(back, "frontend-id"), get_int(back, "state"),
		       get_int(front, "event-channel"), get_int(front, "ring-ref"), back);
	else
		printf("%-3d %-2d %-17s %5d %5d %6d %5d/%-11d %-30s\n", id,
		       get_int(front, "backend-id"), store_get("%s/mac", back) ?: "",
		       get_int(back, "handle"), get_int(back, "state"),
		       get_int(front, "event-channel"), get_int(front, "tx-ring-ref"),
		       get_int(front, "rx-ring-ref"), back);
}

/* Each device of one type; the number of that with the MAC address @find, if there is one. */
static int each(uint32_t domid, bool disk, const char *find)
{
	const char *type = disk ? "vbd" : "vif", *front, *back, *mac;
	char **ids = store_list("/libxl/%u/device/%s", domid, type), **id;
	int found = -1;

	for (id = ids; id && *id; id++) {
		front = store_get("/libxl/%u/device/%s/%s/frontend", domid, type, *id);
		back = store_get("/libxl/%u/device/%s/%s/backend", domid, type, *id);
		mac = store_get("/libxl/%u/device/%s/%s/mac", domid, type, *id);
		if (find && mac && !strcasecmp(mac, find))
			found = atoi(*id);
		else if (!find && front && back)
			row(atoi(*id), front, back, disk);
	}
	free(ids);
	return found;
}

static int list_of(const hyp_dominfo *d, const struct args *a)
{
	each(d->domain, is_disk(a), NULL);
	return 0;
}

int cmd_list_devices(const struct args *a)
{
	puts(is_disk(a) ? "Vdev  BE  handle state evt-ch ring-ref BE-path                       "
			: "Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref BE-path"
			  "                       ");
	fflush(stdout);
	return dom_each(a, list_of);
}

/* A disk by its name or number, an interface by its number or address. */
int cmd_detach(const struct args *a)
{
	const char *what = a->arg[1];
	bool disk = is_disk(a);
	unsigned long number;
	struct err e;
	int id, rc;

	if (disk)
		id = disk_devid(what);
	else
		id = to_number(what, INT_MAX, &number) ? (int)number : each(a->domid, false, what);
	rc = device_remove(a->domid, disk ? "vbd" : "vif", id,
			   a->opt['f'] ? loop_now() + FORCE_MS : 0, &e);
	if (rc == -ENOENT)
		return fail(disk ? "Error: Device %s not connected." : "Unknown device %s.", what);
	return rc ? fail("xl: %s", e.msg) : 0;
}
