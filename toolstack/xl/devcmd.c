// SPDX-License-Identifier: GPL-2.0-only
/*
 * devcmd.c - the commands for disks and network interfaces of running guests.
 *
 * Owns no state.  Invariant: lists are made from /libxl, which no guest can write; a guest's own
 * nodes are only shown, as the numbers they must be.
 */
#include "xl/xl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/applet.h"

#define SPEC_MAX 4096

static int get_int(const char *dir, const char *key)
{
	char *v = store_get("%s/%s", dir, key);
	int n = v ? atoi(v) : -1;

	free(v);
	return n;
}

/* The arguments from @from on, joined by commas: a description in pieces is one. */
static int join(char *out, size_t size, int argc, char **argv, int from)
{
	size_t used = 0;

	out[0] = '\0';
	for (; from < argc; from++) {
		int n = snprintf(out + used, size - used, "%s%s", used ? "," : "", argv[from]);

		if (n < 0 || used + n >= size)
			return -E2BIG;
		used += n;
	}
	return 0;
}

int cmd_block_attach(int argc, char **argv)
{
	char spec[SPEC_MAX];
	struct disk d;
	uint32_t domid;
	struct err e;
	int rc;

	if (dom_find(argv[1], &domid))
		return EXIT_FAILURE;
	if (join(spec, sizeof(spec), argc, argv, 2) || disk_parse(&d, spec, &e)) {
		fprintf(stderr, "xl: %s\n", e.msg);
		return EXIT_FAILURE;
	}
	rc = xencommons_start();
	if (!rc) {
		rc = device_add_disk(domid, &d, &e);
		if (rc)
			fprintf(stderr, "xl: %s\n", e.msg);
	}
	disk_free(&d);
	return rc ? EXIT_FAILURE : 0;
}

int cmd_network_attach(int argc, char **argv)
{
	char spec[SPEC_MAX];
	struct nic n;
	uint32_t domid;
	struct err e;
	FILE *f;
	int rc;

	if (dom_find(argv[1], &domid))
		return EXIT_FAILURE;
	if (join(spec, sizeof(spec), argc, argv, 2) || nic_parse(&n, spec, &e)) {
		fprintf(stderr, "xl: %s\n", e.msg);
		return EXIT_FAILURE;
	}
	if (!n.mac_set) {
		memcpy(n.mac, "\x00\x16\x3e", 3);
		f = fopen("/dev/urandom", "re");
		if (!f || fread(n.mac + 3, 1, 3, f) != 3)
			n.mac[5] = domid;
		n.mac[3] &= 0x7f;
		if (f)
			fclose(f);
	}
	rc = device_add_nic(domid, &n, &e);
	if (rc)
		fprintf(stderr, "xl: %s\n", e.msg);
	nic_free(&n);
	return rc ? EXIT_FAILURE : 0;
}

/* Calls @fn for each device of @type of a domain. */
static void each_device(uint32_t domid, const char *type,
			void (*fn)(const char *id, const char *front, const char *back))
{
	char dir[96], *front, *back, **ids;
	size_t n, i;

	snprintf(dir, sizeof(dir), "/libxl/%u/device/%s", domid, type);
	ids = xs_directory(xstore(), 0, dir, &n);
	for (i = 0; ids && i < n; i++) {
		front = store_get("%s/%s/frontend", dir, ids[i]);
		back = store_get("%s/%s/backend", dir, ids[i]);
		if (front && back)
			fn(ids[i], front, back);
		free(front);
		free(back);
	}
	free(ids);
}

static int list_devices(int argc, char **argv, const char *type, const char *header,
			void (*fn)(const char *id, const char *front, const char *back))
{
	uint32_t domid;
	hyp_dominfo info;
	int i, rc = 0;

	printf("%s\n", header);
	fflush(stdout);
	for (i = 1; i < argc; i++) {
		if (dom_find(argv[i], &domid)) {
			rc = EXIT_FAILURE;
		} else if (hyp_dom_info(domid, &info)) {
			fprintf(stderr, "%s is an invalid domain identifier\n", argv[i]);
			rc = EXIT_FAILURE;
		} else {
			each_device(domid, type, fn);
		}
	}
	return rc;
}

static void block_row(const char *id, const char *front, const char *back)
{
	printf("%-5d %-3d %-6d %-5d %-6d %-8d %-30s\n", atoi(id), get_int(front, "backend-id"),
	       get_int(back, "frontend-id"), get_int(back, "state"),
	       get_int(front, "event-channel"), get_int(front, "ring-ref"), back);
}

int cmd_block_list(int argc, char **argv)
{
	return list_devices(argc, argv, "vbd",
			    "Vdev  BE  handle state evt-ch ring-ref BE-path"
			    "                       ",
			    block_row);
}

static void network_row(const char *id, const char *front, const char *back)
{
	char *mac = store_get("%s/mac", back);

	printf("%-3d %-2d %-17s %5d %5d %6d %5d/%-11d %-30s\n", atoi(id),
	       get_int(front, "backend-id"), mac ? mac : "", get_int(back, "handle"),
	       get_int(back, "state"), get_int(front, "event-channel"),
	       get_int(front, "tx-ring-ref"), get_int(front, "rx-ring-ref"), back);
	free(mac);
}

int cmd_network_list(int argc, char **argv)
{
	return list_devices(argc, argv, "vif",
			    "Idx BE Mac Addr.         handle state evt-ch   "
			    "tx-/rx-ring-ref BE-path                       ",
			    network_row);
}

static int detach(uint32_t domid, const char *type, int id, bool force, const char *unknown,
		  const char *what)
{
	struct err e;
	int rc = device_remove(domid, type, id, force, &e);

	if (rc == -ENOENT)
		fprintf(stderr, unknown, what);
	else if (rc)
		fprintf(stderr, "xl: %s\n", e.msg);
	return rc ? EXIT_FAILURE : 0;
}

int cmd_block_detach(int argc, char **argv)
{
	bool force = !strcmp(argv[1], "-f") || !strcmp(argv[1], "--force");
	uint32_t domid;

	argv += force;
	if (argc - force < 3 || dom_find(argv[1], &domid))
		return EXIT_FAILURE;
	return detach(domid, "vbd", disk_devid(argv[2]), force, "Error: Device %s not connected.\n",
		      argv[2]);
}

/* By number, or by address; the address is looked for in Dom0's record. */
static int find_nic(uint32_t domid, const char *what)
{
	char dir[64], **ids, *mac;
	size_t n, i;
	int found = -1;

	if (!strchr(what, ':'))
		return strspn(what, "0123456789") == strlen(what) ? atoi(what) : -1;
	snprintf(dir, sizeof(dir), "/libxl/%u/device/vif", domid);
	ids = xs_directory(xstore(), 0, dir, &n);
	for (i = 0; ids && i < n; i++) {
		mac = store_get("%s/%s/mac", dir, ids[i]);
		if (mac && !strcasecmp(mac, what))
			found = atoi(ids[i]);
		free(mac);
	}
	free(ids);
	return found;
}

int cmd_network_detach(int argc, char **argv)
{
	uint32_t domid;

	if (dom_find(argv[1], &domid))
		return EXIT_FAILURE;
	return detach(domid, "vif", find_nic(domid, argv[2]), false, "Unknown device %s.\n",
		      argv[2]);
}
