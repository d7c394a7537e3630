// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - virtual devices: the records that front- and back-end meet at, and their states.
 *
 * Owns /libxl/DOMID/device (the record only Dom0 can write, so the one to trust) and writes the
 * two ends from it in one transaction.  Invariant: a device is either wholly recorded or not at
 * all; after a failed addition nothing of it is left.
 */
#include "xl/xl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/loop.h"

#define BACKEND_MS 10000

/* Number @devid of @type ("vbd", "vif", "console", "vuart") of a guest, and where its ends are. */
struct device {
	uint32_t domid;
	const char *type;
	int devid;
	uint32_t backend;      /* domain that serves it */
	const struct dev *dev; /* while it is made, what was asked for; */
	uint32_t port;	       /* or of a console */
	uint64_t gfn;
	char front[96], back[96], record[96];
};

/* Served by xenconsoled; no driver of the guest's has a part in it. */
static bool is_console(const struct device *d)
{
	return !strcmp(d->type, "console") || !strcmp(d->type, "vuart");
}

static void set_paths(struct device *d)
{
	if (!strcmp(d->type, "console") && !d->devid)
		snprintf(d->front, sizeof(d->front), "/local/domain/%u/console", d->domid);
	else if (!strcmp(d->type, "vuart"))
		snprintf(d->front, sizeof(d->front), "/local/domain/%u/vuart/%d", d->domid,
			 d->devid);
	else
		snprintf(d->front, sizeof(d->front), "/local/domain/%u/device/%s/%d", d->domid,
			 d->type, d->devid);
	snprintf(d->back, sizeof(d->back), "/local/domain/%u/backend/%s/%u/%d", d->backend, d->type,
		 d->domid, d->devid);
	snprintf(d->record, sizeof(d->record), "/libxl/%u/device/%s/%d", d->domid, d->type,
		 d->devid);
}

static void disk_fields(struct writer *w, const struct dev *d)
{
	write_key(w, "params", "%s", d->target ? d->target : "");
	write_key(w, "removable", d->cdrom ? "1" : "0");
	write_key(w, "bootable", "1");
	write_key(w, "dev", "%s", d->vdev);
	write_key(w, "type", "phy");
	write_key(w, "mode", d->writable ? "w" : "r");
	write_key(w, "device-type", d->cdrom ? "cdrom" : "disk");
	write_key(w, "discard-enable", d->writable && !d->no_discard ? "1" : "0");
	write_key(w, "specification", "xen");
	if (d->direct_io_safe)
		write_key(w, "direct-io-safe", "1");
}

static void nic_fields(struct writer *w, const struct dev *n)
{
	char mac[18];

	mac_text(mac, n->mac);
	write_key(w, "mac", "%s", mac);
	write_key(w, "handle", "%d", n->devid);
	write_key(w, "type", "vif");
	if (!n->script)
		write_key(w, "script", "%s", ""); /* netback insists on the node */
	if (n->vifname)
		write_key(w, "vifname", "%s", n->vifname);
	if (n->ip)
		write_key(w, "ip", "%s", n->ip);
	if (n->rate_bytes)
		write_key(w, "rate", "%llu,%u", (unsigned long long)n->rate_bytes, n->rate_us);
	if (n->bridge)
		write_key(w, "bridge", "%s", n->bridge);
	if (n->gatewaydev)
		write_key(w, "gatewaydev", "%s", n->gatewaydev);
}

/* Of the back-end; the record has the same. */
static void back_fields(struct writer *w, const struct device *d)
{
	write_key(w, "frontend", "%s", d->front);
	write_key(w, "frontend-id", "%u", d->domid);
	write_key(w, "online", "1");
	write_key(w, "state", "1");
	if (is_console(d)) {
		write_key(w, "protocol", "vt100");
		return;
	}
	if (d->dev->script)
		write_key(w, "script", "%s", d->dev->script);
	(d->dev->type == DEV_DISK ? disk_fields : nic_fields)(w, d->dev);
}

static void front_fields(struct writer *w, const struct device *d)
{
	char mac[18];

	write_key(w, "backend", "%s", d->back);
	write_key(w, "backend-id", "%u", d->backend);
	if (is_console(d)) {
		write_key(w, "limit", "1048576");
		write_key(w, "type", "xenconsoled");
		write_key(w, "output", "pty");
		write_key(w, "tty", "%s", "");
		write_key(w, "port", "%u", d->port);
		write_key(w, "ring-ref", "%llu", (unsigned long long)d->gfn);
		return;
	}
	write_key(w, "state", "1");
	write_key(w, "trusted", "1");
	if (d->dev->type == DEV_DISK) {
		write_key(w, "virtual-device", "%d", d->devid);
		write_key(w, "device-type", d->dev->cdrom ? "cdrom" : "disk");
	} else {
		mac_text(mac, d->dev->mac);
		write_key(w, "handle", "%d", d->devid);
		write_key(w, "mac", "%s", mac);
		write_key(w, "mtu", "%d", d->dev->mtu ? d->dev->mtu : 1500);
	}
}

/* Backend, frontend and record at once, so that neither end sees half a device. */
static int ends_in(uint32_t tx, void *arg)
{
	const struct device *d = arg;
	const struct xs_perm back[] = { { d->backend, XS_PERM_NONE }, { d->domid, XS_PERM_READ } };
	const struct xs_perm front[] = { { d->domid, XS_PERM_NONE }, { d->backend, XS_PERM_READ } };
	struct writer w = { .tx = tx };

	if (xs_exists(xstore(), tx, d->record) > 0)
		return -EEXIST;
	write_at(&w, NULL, 0, "%s", d->record);
	write_key(&w, "backend", "%s", d->back);
	back_fields(&w, d);
	write_at(&w, front, is_console(d) ? 0 : 2, "%s", d->front);
	front_fields(&w, d);
	write_at(&w, back, 2, "%s", d->back);
	back_fields(&w, d);
	return w.rc;
}

static int write_ends(struct device *d, struct err *e)
{
	int rc = store_transaction(ends_in, d);

	if (rc == -EEXIST)
		return err_set(e, rc, "%s %d: the guest has this device already", d->type,
			       d->devid);
	return rc ? err_set(e, rc, "xenstore: writing %s: %s", d->back, strerror(-rc)) : 0;
}

static int read_state(const struct device *d)
{
	char *s = store_get("%s/state", d->back);
	int state = s ? atoi(s) : 0;

	free(s);
	return state;
}

/* Until the back-end's state is one of the bits in @states; a missing node counts as 0. */
static int wait_state(const struct device *d, unsigned int states, int ms)
{
	int64_t end = loop_now() + ms, left;
	struct xs_event ev;
	char path[128];
	int rc = -ETIMEDOUT, state;

	snprintf(path, sizeof(path), "%s/state", d->back);
	if (xs_watch(xstore(), path, "wait"))
		return -errno;
	do {
		state = read_state(d);
		if (state >= 0 && state < 9 && states >> state & 1)
			rc = 0;
		left = end - loop_now();
	} while (rc && left > 0 && xs_next_event(xstore(), &ev, left) >= 0);
	xs_unwatch(xstore(), path, "wait");
	return rc;
}

static char *error_of(const struct device *d)
{
	return store_get("/local/domain/%u/error/backend/%s/%u/%d/error", d->backend, d->type,
			 d->domid, d->devid);
}

/* Why a back-end is stuck: what it wrote itself, else what usually is the cause. */
static int backend_failed(const struct device *d, const char *what, struct err *e)
{
	char *why = error_of(d);
	int rc;

	if (why)
		rc = err_set(e, -EIO, "%s %d: back-end %s %s: %s", d->type, d->devid, d->back, what,
			     why);
	else
		rc = err_set(e, -ETIMEDOUT,
			     "%s %d: back-end %s %s within %d s (state %d): is the module "
			     "%s loaded in domain %u?",
			     d->type, d->devid, d->back, what, BACKEND_MS / 1000, read_state(d),
			     d->dev->type == DEV_DISK ? "xen-blkback" : "xen-netback", d->backend);
	free(why);
	return rc;
}

static void remove_empty(const char *dir)
{
	size_t n;
	char **names = xs_directory(xstore(), 0, dir, &n);

	if (names && !n)
		xs_rm(xstore(), 0, dir);
	free(names);
}

/* Removes the records of a device that is no more, and directories that become empty. */
static void forget(struct device *d)
{
	char dir[128];

	xs_rm(xstore(), 0, d->front);
	xs_rm(xstore(), 0, d->back);
	xs_rm(xstore(), 0, d->record);
	snprintf(dir, sizeof(dir), "/local/domain/%u/error/backend/%s/%u/%d", d->backend, d->type,
		 d->domid, d->devid);
	xs_rm(xstore(), 0, dir);
	for (int i = 0; i < 2; i++) { /* .../TYPE/DOMID, .../TYPE */
		*strrchr(d->back, '/') = '\0';
		remove_empty(d->back);
	}
}

/* blkback shows the device in sysfs once it has opened it; then our own handle may go. */
static int wait_opened(const struct device *d, struct err *e)
{
	int64_t end = loop_now() + BACKEND_MS;
	struct timespec pause = { .tv_nsec = 2000000 };
	char path[128], *why;

	snprintf(path, sizeof(path), "/sys/bus/xen-backend/devices/vbd-%u-%d/physical_device",
		 d->domid, d->devid);
	while (access(path, F_OK)) {
		why = error_of(d);
		if (why || loop_now() > end) {
			free(why);
			return backend_failed(d, "cannot open the device", e);
		}
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 50000000)
			pause.tv_nsec *= 2;
	}
	return 0;
}

/* Does the vbd recorded at @dir use the storage, and does one of the two write to it? */
static bool shares(const char *dir, const struct dev *d, const char *physical)
{
	char *other = store_get("%s/physical-device", dir), *target = store_get("%s/params", dir),
	     *mode = store_get("%s/mode", dir);
	/* A file has another loop device each time, but only one name. */
	bool same = other && (!strcmp(other, physical) || (target && !strcmp(target, d->target)));
	bool found = same && (d->writable || (mode && *mode == 'w'));

	free(other);
	free(target);
	free(mode);
	return found;
}

/* Two guests, or a guest and Dom0, must not write the same storage behind each other's back. */
static int check_shared(const struct dev *d, const char *physical, struct err *e)
{
	char **doms, **devs, dir[128];
	size_t nd, nv, i, j;
	int rc = 0;

	doms = store_list(&nd, "/local/domain/0/backend/vbd");
	for (i = 0; doms && i < nd; i++) {
		devs = store_list(&nv, "/local/domain/0/backend/vbd/%.10s", doms[i]);
		for (j = 0; devs && j < nv && !rc; j++) {
			snprintf(dir, sizeof(dir), "/local/domain/0/backend/vbd/%.10s/%.16s",
				 doms[i], devs[j]);
			if (shares(dir, d, physical))
				rc = err_set(e, -EBUSY,
					     "disk %s: %s is in use by domain %s (vbd %s), and "
					     "one of them writes",
					     d->vdev, d->target, doms[i], devs[j]);
		}
		free(devs);
	}
	free(doms);
	return rc;
}

static int plug_disk(const struct device *d, struct err *e)
{
	struct hotplug_disk h = { .fd = -1 };
	struct writer w = { 0 };
	char number[32];
	int rc;

	if (!d->dev->target)
		return 0;
	rc = hotplug_disk_open(&h, d->dev, e);
	if (rc)
		return rc;
	snprintf(number, sizeof(number), "%x:%x", h.major, h.minor);
	rc = check_shared(d->dev, number, e);
	if (!rc) {
		write_at(&w, NULL, 0, "%s", d->back);
		write_key(&w, "physical-device-path", "%s", h.node);
		write_key(&w, "physical-device", "%s", number);
		write_key(&w, "hotplug-status", "connected");
		rc = w.rc ? w.rc : wait_opened(d, e);
	}
	hotplug_disk_close(&h);
	return rc;
}

static int plug_nic(const struct device *d, struct err *e)
{
	struct writer w = { .rc = hotplug_nic(d->domid, d->dev, e) };

	write_at(&w, NULL, 0, "%s", d->back);
	write_key(&w, "hotplug-status", "connected");
	return w.rc;
}

static int plug(const struct device *d, struct err *e)
{
	bool disk = d->dev->type == DEV_DISK;
	char vif[32];

	snprintf(vif, sizeof(vif), "vif%u.%d", d->domid, d->devid);
	if (d->dev->script)
		return hotplug_script(d->dev->script, disk ? "add" : "online", d->type, d->back,
				      disk ? NULL : vif, d->dev->bridge, e);
	return disk ? plug_disk(d, e) : plug_nic(d, e);
}

/* What was left open: the smallest number no interface has, an address, the bridge. */
static int fill_in(uint32_t domid, struct dev *d, struct err *e)
{
	char path[128];
	FILE *f;

	for (int id = 0; d->devid < 0 && id < 1024; id++) {
		snprintf(path, sizeof(path), "/libxl/%u/device/vif/%d", domid, id);
		if (xs_exists(xstore(), 0, path) <= 0)
			d->devid = id;
	}
	if (d->devid < 0)
		return err_set(e, -ENOSPC, "vif: the guest has too many interfaces");
	if (!d->mac_set) {
		memcpy(d->mac, "\x00\x16\x3e", 3);
		f = fopen("/dev/urandom", "re");
		if (!f || fread(d->mac + 3, 1, 3, f) != 3)
			d->mac[5] = domid;
		d->mac[3] &= 0x7f;
		if (f)
			fclose(f);
	}
	if (!d->bridge && !d->script)
		hotplug_default_bridge(d, e);
	return 0;
}

int device_add(uint32_t domid, struct dev *dev, struct err *e)
{
	struct device d = { .domid = domid,
			    .type = dev->type == DEV_DISK ? "vbd" : "vif",
			    .dev = dev };
	int rc = hotplug_check(dev, e);

	if (!rc && dev->backend && dom_find(dev->backend, &d.backend))
		rc = err_set(e, -ESRCH, "%s: there is no back-end domain `%s'", dev_name[dev->type],
			     dev->backend);
	if (!rc && dev->type == DEV_NIC)
		rc = fill_in(domid, dev, e);
	d.devid = dev->devid;
	set_paths(&d);
	if (!rc)
		rc = write_ends(&d, e);
	if (rc)
		return rc;
	if (wait_state(&d, 1 << 2 | 1 << 4, BACKEND_MS))
		rc = backend_failed(&d, "did not start", e);
	else if (!d.backend)
		rc = plug(&d, e);
	if (rc)
		device_remove(domid, d.type, d.devid, true, NULL);
	return rc;
}

int device_add_consoles(const struct build *b, struct err *e)
{
	struct device pv = {
		.domid = b->domid, .type = "console", .port = b->console_port, .gfn = b->console_gfn
	};
	struct device uart = {
		.domid = b->domid, .type = "vuart", .port = b->vuart_port, .gfn = b->vuart_gfn
	};
	int rc;

	set_paths(&pv);
	set_paths(&uart);
	rc = write_ends(&pv, e);
	return rc || !uart.port ? rc : write_ends(&uart, e);
}

/* The record says who serves the device; the guest cannot write it. */
static int find_device(struct device *d)
{
	char *back = store_get("/libxl/%u/device/%s/%d/backend", d->domid, d->type, d->devid);
	bool found = back && sscanf(back, "/local/domain/%u/", &d->backend) == 1;

	free(back);
	set_paths(d);
	return found ? 0 : -ENOENT;
}

/* The two nodes go together: the back-end looks at `online' when closing. */
static int close_in(uint32_t tx, void *arg)
{
	const struct device *d = arg;
	struct writer w = { .tx = tx };

	write_at(&w, NULL, 0, "%s", d->back);
	write_key(&w, "online", "0");
	write_key(&w, "state", "5");
	return w.rc;
}

int device_remove(uint32_t domid, const char *type, int devid, bool force, struct err *e)
{
	struct device d = { .domid = domid, .type = type, .devid = devid };
	struct err ignored;
	char *script;
	int state;

	e = e ? e : &ignored;
	if (find_device(&d))
		return err_set(e, -ENOENT, "%s %d: no such device", type, devid);
	state = read_state(&d);
	if (!is_console(&d) && state && state != 6) {
		store_transaction(close_in, &d);
		if (wait_state(&d, 1 << 0 | 1 << 6, force ? 2000 : BACKEND_MS) && !force)
			return err_set(e, -ETIMEDOUT,
				       "%s %d: the guest does not release the device "
				       "(back-end %s is in state %d); --force takes it away",
				       type, devid, d.back, read_state(&d));
	}
	script = store_get("%s/script", d.record);
	if (script && *script && !d.backend)
		hotplug_script(script, strcmp(type, "vif") ? "remove" : "offline", type, d.back,
			       NULL, NULL, e);
	free(script);
	forget(&d);
	return 0;
}

/* All at once, so that the back-ends close side by side, then one after the other. */
void device_remove_all(uint32_t domid)
{
	char **types, **ids;
	size_t nt, ni, i, j;
	int pass;

	types = store_list(&nt, "/libxl/%u/device", domid);
	for (pass = 0; types && pass < 2; pass++)
		for (i = 0; i < nt; i++) {
			ids = store_list(&ni, "/libxl/%u/device/%.32s", domid, types[i]);
			for (j = 0; ids && j < ni; j++) {
				struct device d = { .domid = domid,
						    .type = types[i],
						    .devid = atoi(ids[j]) };

				if (pass)
					device_remove(domid, d.type, d.devid, true, NULL);
				else if (!is_console(&d) && !find_device(&d))
					store_transaction(close_in, &d);
			}
			free(ids);
		}
	free(types);
}
