// SPDX-License-Identifier: GPL-2.0-only
/*
 * domain.c - a guest from its records in the store to its end.
 *
 * Owns /local/domain/ID, /vm/UUID and /libxl/ID of the guests it makes, and the saved JSON of
 * their configuration.  Invariant: dom_create() leaves either a complete paused guest or
 * nothing; dom_destroy() works on whatever is left of one, in any state, and does not stop at
 * the first thing that is missing.
 */
#include "xl/xl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "lib/daemon.h"
#include "xl/device.h"

static int put(uint32_t tx, uint32_t domid, const char *key, const char *value)
{
	char path[160];

	snprintf(path, sizeof(path), "/local/domain/%u/%s", domid, key);
	return xs_write(xstore(), tx, path, value, strlen(value));
}

/* What the guest itself may write; all else below its directory it may only read. */
static int put_guest_nodes(uint32_t tx, uint32_t domid)
{
	static const char *const nodes[] = {
		"device/suspend/event-channel",
		"control/shutdown",
		"control/feature-poweroff",
		"control/feature-reboot",
		"control/feature-suspend",
		"control/sysrq",
		"data",
		"drivers",
		"feature",
		"attr",
		"error",
	};
	const struct xs_perm perm = { domid, XS_PERM_NONE };
	char path[160];
	unsigned int i;
	int rc = 0;

	for (i = 0; i < sizeof(nodes) / sizeof(*nodes) && !rc; i++) {
		snprintf(path, sizeof(path), "/local/domain/%u/%s", domid, nodes[i]);
		rc = xs_write(xstore(), tx, path, "", 0);
		if (!rc)
			rc = xs_set_perms(xstore(), tx, path, &perm, 1);
	}
	if (!rc)
		rc = put(tx, domid, "control/platform-feature-multiprocessor-suspend", "1");
	return rc ? rc : put(tx, domid, "control/platform-feature-xs_reset_watches", "1");
}

static int put_resources(uint32_t tx, uint32_t domid, const struct config *c)
{
	char key[64], value[32];
	unsigned int i;
	int rc = 0;

	for (i = 0; i < c->maxvcpus && !rc; i++) {
		snprintf(key, sizeof(key), "cpu/%u/availability", i);
		rc = put(tx, domid, key, i < c->vcpus ? "online" : "offline");
	}
	snprintf(value, sizeof(value), "%llu", (unsigned long long)c->maxmem << 10);
	if (!rc)
		rc = put(tx, domid, "memory/static-max", value);
	snprintf(value, sizeof(value), "%llu", (unsigned long long)c->memory << 10);
	if (!rc)
		rc = put(tx, domid, "memory/target", value);
	return rc ? rc : put(tx, domid, "memory/videoram", "0");
}

static int put_vm(uint32_t tx, const char *vm, const struct config *c, const struct xs_perm *perm)
{
	struct timespec now;
	char path[96], text[37], start[32];
	int rc = xs_mkdir(xstore(), tx, vm);

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(start, sizeof(start), "%lld.%02ld", (long long)now.tv_sec, now.tv_nsec / 10000000);
	uuid_text(text, c->uuid);
	if (!rc)
		rc = xs_set_perms(xstore(), tx, vm, perm, 2);
	snprintf(path, sizeof(path), "%s/name", vm);
	if (!rc)
		rc = xs_write(xstore(), tx, path, c->name, strlen(c->name));
	snprintf(path, sizeof(path), "%s/uuid", vm);
	if (!rc)
		rc = xs_write(xstore(), tx, path, text, 36);
	snprintf(path, sizeof(path), "%s/start_time", vm);
	return rc ? rc : xs_write(xstore(), tx, path, start, strlen(start));
}

static int put_all(uint32_t tx, const struct build *b, const struct config *c)
{
	const struct xs_perm perm[] = { { 0, XS_PERM_NONE }, { b->domid, XS_PERM_READ } };
	char dom[64], rec[64], vm[64], text[37], id[16];
	int rc;

	snprintf(dom, sizeof(dom), "/local/domain/%u", b->domid);
	snprintf(rec, sizeof(rec), "/libxl/%u", b->domid);
	uuid_text(text, c->uuid);
	snprintf(vm, sizeof(vm), "/vm/%s", text);
	snprintf(id, sizeof(id), "%u", b->domid);
	xs_rm(xstore(), tx, dom); /* an id that comes round again starts clean */
	xs_rm(xstore(), tx, rec);
	rc = xs_mkdir(xstore(), tx, dom);
	if (!rc)
		rc = xs_set_perms(xstore(), tx, dom, perm, 2);
	if (!rc)
		rc = put_vm(tx, vm, c, perm);
	if (!rc)
		rc = put(tx, b->domid, "vm", vm);
	if (!rc)
		rc = put(tx, b->domid, "name", c->name);
	if (!rc)
		rc = put_resources(tx, b->domid, c);
	if (!rc)
		rc = put_guest_nodes(tx, b->domid);
	if (!rc)
		rc = put(tx, b->domid, "domid", id);
	snprintf(rec, sizeof(rec), "/libxl/%u/type", b->domid);
	return rc ? rc : xs_write(xstore(), tx, rec, "pvh", 3);
}

int dom_store_create(const struct build *b, const struct config *c, struct err *e)
{
	uint32_t tx;
	int rc;

	do {
		tx = xs_transaction_start(xstore());
		if (!tx)
			return err_set(e, -errno, "xenstore: %s", strerror(errno));
		rc = put_all(tx, b, c);
		if (rc) {
			xs_transaction_end(xstore(), tx, true);
			break;
		}
		rc = xs_transaction_end(xstore(), tx, false);
	} while (rc == -EAGAIN);
	return rc ? err_set(e, rc, "xenstore: writing the guest's records: %s", strerror(-rc)) : 0;
}

int dom_store_start(const struct build *b, struct err *e)
{
	char value[32];
	int rc;

	snprintf(value, sizeof(value), "%u", b->store_port);
	rc = put(0, b->domid, "store/port", value);
	snprintf(value, sizeof(value), "%llu", (unsigned long long)b->store_gfn);
	if (!rc)
		rc = put(0, b->domid, "store/ring-ref", value);
	if (!rc)
		rc = device_add_console(b, e);
	if (!rc)
		rc = xs_introduce(xstore(), b->domid, b->store_gfn, b->store_port);
	return rc ? err_set(e, rc, "xenstore: introducing the guest: %s", strerror(-rc)) : 0;
}

char *dom_json_path(uint32_t domid, const uint8_t *uuid)
{
	char text[37], *path = NULL;

	uuid_text(text, uuid);
	if (asprintf(&path, XL_STATE_DIR "/userdata-d.%u.%s.libxl-json", domid, text) < 0)
		return NULL;
	return path;
}

/* Stock xl's record of a guest's configuration, where stock xl looks for it. */
static void save_json(uint32_t domid, const struct config *c)
{
	char *path = dom_json_path(domid, c->uuid);
	FILE *f = NULL;

	make_dirs(XL_STATE_DIR, 0755);
	if (path)
		f = fopen(path, "we");
	if (f) {
		config_json(f, c, 0, true);
		fputc('\n', f);
		fclose(f);
	}
	free(path);
}

static int add_devices(uint32_t domid, struct config *c, struct err *e)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < c->nr_disks && !rc; i++) {
		progress("attaching disk %s", c->disks[i].vdev);
		rc = device_add_disk(domid, &c->disks[i], e);
	}
	for (i = 0; i < c->nr_nics && !rc; i++) {
		progress("attaching network interface %u", i);
		rc = device_add_nic(domid, &c->nics[i], e);
	}
	return rc;
}

int dom_fill_in(struct config *c, struct err *e)
{
	unsigned int i;

	if (!c->uuid_set) {
		if (getrandom(c->uuid, sizeof(c->uuid), 0) != sizeof(c->uuid))
			return err_set(e, -EIO, "no random numbers for a UUID");
		c->uuid[6] = (c->uuid[6] & 0x0f) | 0x40;
		c->uuid[8] = (c->uuid[8] & 0x3f) | 0x80;
		c->uuid_set = true;
	}
	for (i = 0; i < c->nr_nics; i++) {
		uint8_t *mac = c->nics[i].mac;

		if (c->nics[i].mac_set)
			continue;
		/* From the UUID, so that a restarted guest keeps its address. */
		memcpy(mac,
		       (uint8_t[]){ 0x00, 0x16, 0x3e, c->uuid[13] & 0x7f, c->uuid[14],
				    (uint8_t)(c->uuid[15] + i) },
		       6);
		c->nics[i].mac_set = true;
	}
	return 0;
}

static int make(struct build *b, struct config *c, const struct payload *p, struct err *e)
{
	int rc;

	progress("creating the domain: %llu MiB, %u vCPUs", (unsigned long long)c->maxmem,
		 c->maxvcpus);
	rc = build_create(b, c, p, e);
	if (!rc)
		rc = dom_store_create(b, c, e);
	if (!rc)
		rc = build_memory(b, c, e);
	progress("copying %s and initramfs", image_kind_name(p->img.kind));
	if (!rc)
		rc = build_boot(b, c, p, e);
	progress("connecting to xenstored and xenconsoled");
	if (!rc)
		rc = dom_store_start(b, e);
	return rc ? rc : add_devices(b->domid, c, e);
}

int dom_create(struct config *c, uint32_t *domid, struct err *e)
{
	struct payload p = { 0 };
	struct build b = { 0 };
	uint32_t other;
	int rc;

	claim_sweep();
	rc = dom_fill_in(c, e);
	if (!rc)
		rc = claim_take(c->name, c->uuid, false, e);
	if (!rc && !dom_find_name(c->name, &other))
		rc = err_set(e, -EEXIST, "A domain with the name \"%s\" already exists (id %u).",
			     c->name, other);
	progress("reading %s", c->kernel);
	if (!rc)
		rc = payload_load(&p, c, e);
	if (!rc)
		rc = make(&b, c, &p, e);
	payload_free(&p);
	progress(NULL);
	if (rc && b.domid) {
		dom_destroy(b.domid);
	} else if (!rc) {
		save_json(b.domid, c);
		*domid = b.domid;
	}
	if (rc)
		claim_drop();
	return rc;
}

static void remove_records(uint32_t domid, const uint8_t *uuid)
{
	char path[64], *vm = store_get("/local/domain/%u/vm", domid), *json;

	if (vm && !strncmp(vm, "/vm/", 4))
		xs_rm(xstore(), 0, vm);
	free(vm);
	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	xs_rm(xstore(), 0, path);
	snprintf(path, sizeof(path), "/libxl/%u", domid);
	xs_rm(xstore(), 0, path);
	snprintf(path, sizeof(path), "/local/domain/0/backend/console/%u", domid);
	xs_rm(xstore(), 0, path);
	json = uuid ? dom_json_path(domid, uuid) : NULL;
	if (json)
		unlink(json);
	free(json);
}

/* The name goes last: who no longer sees the guest finds its memory free. */
void dom_destroy(uint32_t domid)
{
	hyp_dominfo info;
	bool known = !hyp_dom_info(domid, &info);
	int rc;

	hyp_dom_op(domid, XEN_DOMCTL_pausedomain);
	device_remove_all(domid);
	rc = hyp_dom_destroy(domid);
	if (rc && rc != -ESRCH)
		fprintf(stderr, "xl: destroying domain %u: %s\n", domid, strerror(-rc));
	remove_records(domid, known ? info.handle : NULL);
}

/* The guest answers by taking the word away; whether it obeys is its affair. */
int dom_shutdown(uint32_t domid, const char *how)
{
	char path[64];

	snprintf(path, sizeof(path), "/local/domain/%u/control/shutdown", domid);
	if (xs_exists(xstore(), 0, path) <= 0)
		return -ESRCH;
	return xs_write(xstore(), 0, path, how, strlen(how));
}
