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
#include "lib/loop.h"
#include "xl/json.h"

static void put_vm(struct writer *w, const struct config *c, const struct xs_perm *read)
{
	struct timespec now;
	char uuid[37];

	clock_gettime(CLOCK_REALTIME, &now);
	uuid_text(uuid, c->uuid);
	write_at(w, read, 2, "/vm/%s", uuid);
	write_text(w, "name", c->name);
	write_text(w, "uuid", uuid);
	write_key(w, "start_time", "%lld.%02ld", (long long)now.tv_sec, now.tv_nsec / 10000000);
}

static void put_domain(struct writer *w, uint32_t domid, const struct config *c)
{
	char uuid[37];

	uuid_text(uuid, c->uuid);
	write_key(w, "vm", "/vm/%s", uuid);
	write_text(w, "name", c->name);
	write_key(w, "domid", "%u", domid);
	for (unsigned int i = 0; i < c->maxvcpus; i++)
		write_text(w, strf("cpu/%u/availability", i), i < c->vcpus ? "online" : "offline");
	write_key(w, "memory/static-max", "%llu", (unsigned long long)c->maxmem << 10);
	write_key(w, "memory/target", "%llu", (unsigned long long)c->memory << 10);
	write_text(w, "memory/videoram", "0");
	write_text(w, "control/platform-feature-multiprocessor-suspend", "1");
	write_text(w, "control/platform-feature-xs_reset_watches", "1");
}

static int check_name(uint32_t tx, const struct config *c, struct err *e)
{
	uint32_t other;

	if (dom_find_name(tx, c->name, &other))
		return 0;
	return err_set(e, -EEXIST, "A domain with the name \"%s\" already exists (id %u).", c->name,
		       other);
}

static int put_records(const struct build *b, const struct config *c, struct err *e)
{
	/* What the guest itself may write; all else below its directory it may only read. */
	static const char *const its_own[] = {
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
	const struct xs_perm read[] = { { 0, XS_PERM_NONE }, { b->domid, XS_PERM_READ } };
	const struct xs_perm own = { b->domid, XS_PERM_NONE };
	char dom[64], rec[64];
	struct writer w;

	snprintf(dom, sizeof(dom), "/local/domain/%u", b->domid);
	snprintf(rec, sizeof(rec), "/libxl/%u", b->domid);
	do {
		write_begin(&w);
		w.rc = w.rc ?: check_name(w.tx, c, e);
		xs_rm(xstore(), w.tx, dom); /* an id that comes round again starts clean */
		xs_rm(xstore(), w.tx, rec);
		put_vm(&w, c, read);
		write_at(&w, read, 2, "%s", dom);
		put_domain(&w, b->domid, c);
		for (unsigned int i = 0; i < sizeof(its_own) / sizeof(*its_own); i++)
			write_at(&w, &own, 1, "%s/%s", dom, its_own[i]);
		write_at(&w, NULL, 0, "%s", rec);
		write_text(&w, "type", "pvh");
	} while (write_end(&w));
	return w.rc == -EEXIST ? w.rc : err_why(e, w.rc, "xenstore: writing the guest's records");
}

/* Rings known: tell the daemons. */
static int connect_daemons(const struct build *b, struct err *e)
{
	struct writer w = { 0 };
	int rc;

	write_at(&w, NULL, 0, "/local/domain/%u/store", b->domid);
	write_key(&w, "port", "%u", b->store_port);
	write_key(&w, "ring-ref", "%llu", (unsigned long long)b->store_gfn);
	rc = w.rc ?: device_add_consoles(b, e);
	rc = rc ?: xs_introduce(xstore(), b->domid, b->store_gfn, b->store_port);
	return err_why(e, rc, "xenstore: introducing the guest");
}

static const char *json_path(uint32_t domid, const char *uuid)
{
	return strf(XL_STATE_DIR "/userdata-d.%u.%s.libxl-json", domid, uuid);
}

const char *dom_json_path(uint32_t domid, const uint8_t *uuid)
{
	return json_path(domid, uuid_text((char[37]){ 0 }, uuid));
}

/* Stock xl's record of a guest's configuration, where stock xl looks for it. */
static void save_json(uint32_t domid, const struct config *c)
{
	FILE *f;

	make_dirs(XL_STATE_DIR, 0755);
	f = fopen(dom_json_path(domid, c->uuid), "we");
	if (f) {
		json_print(f, config_json(c, true));
		fclose(f);
	}
}

static int add_devices(uint32_t domid, struct config *c, struct err *e)
{
	int rc = 0;

	for (unsigned int i = 0; i < c->nr_devs && !rc && !stop_asked(); i++) {
		struct dev *d = &c->devs[i];

		if (d->type == DEV_DISK)
			progress("attaching disk %s", d->vdev);
		else
			progress("attaching network interface %d", d->devid);
		rc = device_add(domid, d, e);
	}
	return rc;
}

static int check_devices(const struct config *c, struct err *e)
{
	int rc = 0;

	for (unsigned int i = 0; i < c->nr_devs && !rc; i++)
		rc = hotplug_check(&c->devs[i], e);
	return rc;
}

/* From the UUID, so that a restarted guest keeps its address. */
void dom_mac(struct dev *d, const uint8_t *uuid)
{
	if (!d->mac_set)
		memcpy(d->mac,
		       (uint8_t[]){ 0x00, 0x16, 0x3e, uuid[13] & 0x7f, uuid[14],
				    (uint8_t)(uuid[15] + d->devid) },
		       6);
	d->mac_set = true;
}

int dom_fill_in(struct config *c, struct err *e)
{
	if (!c->uuid_set) {
		if (getrandom(c->uuid, sizeof(c->uuid), 0) != sizeof(c->uuid))
			return err_set(e, -EIO, "no random numbers for a UUID");
		c->uuid[6] = (c->uuid[6] & 0x0f) | 0x40;
		c->uuid[8] = (c->uuid[8] & 0x3f) | 0x80;
		c->uuid_set = true;
	}
	for (unsigned int i = 0; i < c->nr_devs; i++)
		if (c->devs[i].type == DEV_NIC)
			dom_mac(&c->devs[i], c->uuid);
	return 0;
}

/* By its UUID a guest is found when it is restarted, destroyed or swept away. */
static int check_uuid(const struct config *c, struct err *e)
{
	hyp_dominfo info;

	return claim_domain(c->uuid, &info)
		       ? 0
		       : err_set(e, -EEXIST, "uuid: domain %u has it already.", info.domain);
}

static int go_on(struct err *e)
{
	return stop_asked() ? err_set(e, -EINTR, "stopped by a signal; nothing is left") : 0;
}

static int make(struct build *b, struct config *c, const struct payload *p, struct err *e)
{
	int rc;

	progress("creating the domain: %u MiB, %u vCPUs", c->maxmem, c->maxvcpus);
	rc = build_create(b, c, p, e) ?: put_records(b, c, e) ?: build_memory(b, c, e) ?: go_on(e);
	progress("copying %s and initramfs", image_kind_name(p->img.kind));
	rc = rc ?: build_boot(b, c, p, e) ?: go_on(e);
	progress("connecting to xenstored and xenconsoled");
	rc = rc ?: connect_daemons(b, e) ?: add_devices(b->domid, c, e);
	return go_on(e) ?: rc;
}

int dom_create(struct config *c, uint32_t *domid, struct err *e)
{
	struct payload p = { 0 };
	struct build b = { 0 };
	int rc;

	claim_sweep();
	rc = dom_fill_in(c, e) ?: check_uuid(c, e)
		?: claim_take(c->name, c->uuid, false, e) ?: check_name(0, c, e)
		?: build_check(c, e) ?: check_devices(c, e);
	if (!rc) {
		progress("reading %s", c->kernel);
		rc = payload_load(&p, c, e) ?: go_on(e) ?: make(&b, c, &p, e);
	}
	payload_free(&p);
	progress(NULL);
	if (!rc) {
		save_json(b.domid, c);
		*domid = b.domid;
		return 0;
	}
	if (b.domid)
		dom_destroy(b.domid);
	claim_drop();
	return rc;
}

static void remove_records(uint32_t domid)
{
	const char *vm = store_get("/local/domain/%u/vm", domid);

	if (vm && !strncmp(vm, "/vm/", 4)) {
		unlink(json_path(domid, vm + 4));
		store_rm("%s", vm);
	}
	store_rm("/local/domain/%u", domid);
	store_rm("/local/domain/0/backend/console/%u", domid);
	store_rm("/local/domain/0/backend/vuart/%u", domid);
	store_rm("/libxl/%u", domid); /* last: by it claim_sweep() finds the others */
}

/* The name goes last: who no longer sees the guest finds its memory free. */
void dom_destroy(uint32_t domid)
{
	int rc;

	HV_DOMCTL(domid, pausedomain);
	device_remove_all(domid);
	rc = HV_DOMCTL(domid, destroydomain);
	if (rc && rc != -ESRCH)
		fprintf(stderr, "xl: destroying domain %u: %s\n", domid, strerror(-rc));
	remove_records(domid);
}

/* The guest answers by taking the word away; whether it obeys is its affair. */
int dom_shutdown(uint32_t domid, const char *how)
{
	if (!store_has("/local/domain/%u/control/shutdown", domid))
		return -ESRCH;
	return store_put(strf("/local/domain/%u/control/shutdown", domid), how);
}
