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
#include <sys/sysmacros.h>
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
	write_text(w, "params", d->target ?: "");
	write_text(w, "removable", d->cdrom ? "1" : "0");
	write_text(w, "bootable", "1");
	write_text(w, "dev", d->vdev);
	write_text(w, "type", "phy");
	write_text(w, "mode", d->writable ? "w" : "r");
	write_text(w, "device-type", d->cdrom ? "cdrom" : "disk");
	write_text(w, "discard-enable", d->writable && !d->no_discard ? "1" : "0");
	write_text(w, "specification", "xen");
	write_text(w, "direct-io-safe", d->direct_io_safe ? "1" : NULL);
}

static void nic_fields(struct writer *w, const struct dev *n)
{
	char mac[18];

	mac_text(mac, n->mac);
	write_text(w, "mac", mac);
	write_key(w, "handle", "%d", n->devid);
	write_text(w, "type", "vif");
	if (!n->script)
		write_text(w, "script", ""); /* netback insists on the node */
	write_text(w, "vifname", n->vifname);
	write_text(w, "ip", n->ip);
	if (n->rate_bytes)
		write_key(w, "rate", "%llu,%u", (unsigned long long)n->rate_bytes, n->rate_us);
	if (n->mtu)
		write_key(w, "mtu", "%d", n->mtu);
	write_text(w, "bridge", n->bridge);
	write_text(w, "gatewaydev", n->gatewaydev);
}

/* Of the back-end; the record has the same. */
static void back_fields(struct writer *w, const struct device *d)
{
	write_text(w, "frontend", d->front);
	write_key(w, "frontend-id", "%u", d->domid);
	write_text(w, "online", "1");
	write_text(w, "state", "1");
	if (is_console(d)) {
		write_text(w, "protocol", "vt100");
		return;
	}
	write_text(w, "script", d->dev->script);
	(d->dev->type == DEV_DISK ? disk_fields : nic_fields)(w, d->dev);
}

static void front_fields(struct writer *w, const struct device *d)
{
	char mac[18];

	write_text(w, "backend", d->back);
	write_key(w, "backend-id", "%u", d->backend);
	if (is_console(d)) {
		write_text(w, "limit", "1048576");
		write_text(w, "type", "xenconsoled");
		write_text(w, "output", "pty");
		write_text(w, "tty", "");
		write_key(w, "port", "%u", d->port);
		write_key(w, "ring-ref", "%llu", (unsigned long long)d->gfn);
		return;
	}
	write_text(w, "state", "1");
	write_text(w, "trusted", "1");
	if (d->dev->type == DEV_DISK) {
		write_key(w, "virtual-device", "%d", d->devid);
		write_text(w, "device-type", d->dev->cdrom ? "cdrom" : "disk");
	} else {
		mac_text(mac, d->dev->mac);
		write_key(w, "handle", "%d", d->devid);
		write_text(w, "mac", mac);
		write_key(w, "mtu", "%d", d->dev->mtu ? d->dev->mtu : 1500);
	}
}

/* Backend, frontend and record at once, so that neither end sees half a device. */
static int write_ends(const struct device *d, struct err *e)
{
	const struct xs_perm back[] = { { d->backend, XS_PERM_NONE }, { d->domid, XS_PERM_READ } };
	const struct xs_perm front[] = { { d->domid, XS_PERM_NONE }, { d->backend, XS_PERM_READ } };
	struct writer w;

	do {
		write_begin(&w);
		if (xs_exists(xstore(), w.tx, d->record) > 0)
			w.rc = -EEXIST;
		write_at(&w, NULL, 0, "%s", d->record);
		write_text(&w, "backend", d->back);
		back_fields(&w, d);
		write_at(&w, front, is_console(d) ? 0 : 2, "%s", d->front);
		front_fields(&w, d);
		write_at(&w, back, 2, "%s", d->back);
		back_fields(&w, d);
	} while (write_end(&w));
	if (w.rc == -EEXIST)
		return err_set(e, w.rc, "%s %d: the guest has this device already", d->type,
			       d->devid);
	return err_why(e, w.rc, "xenstore: writing %s", d->back);
}

static int read_state(const struct device *d)
{
	return atoi(store_get("%s/state", d->back) ?: "0");
}

/* A signal ends the waiting for what is made, not that for what is undone. */
static bool back_ready(const void *d)
{
	int state = read_state(d);

	return state == 2 || state == 4 || stop_asked();
}

static bool back_closed(const void *d)
{
	int state = read_state(d);

	return state == 0 || state == 6;
}

static bool wait_back(const struct device *d, bool (*there)(const void *d), int ms)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/state", d->back);
	return wait_until(path, there, d, ms);
}

/* Where the back-end says what went wrong. */
static const char *error_dir(const struct device *d)
{
	return strf("/local/domain/%u/error/backend/%s/%u/%d", d->backend, d->type, d->domid,
		    d->devid);
}

/* Why a back-end is stuck: what it wrote itself, else what usually is the cause. */
static int backend_failed(const struct device *d, const char *what, struct err *e)
{
	const char *why = store_get("%s/error", error_dir(d));

	if (why)
		return err_set(e, -EIO, "%s %d: back-end %s %s: %s", d->type, d->devid, d->back,
			       what, why);
	return err_set(e, -ETIMEDOUT,
		       "%s %d: back-end %s %s within %d s (state %d): is the module %s loaded in "
		       "domain %u?",
		       d->type, d->devid, d->back, what, BACKEND_MS / 1000, read_state(d),
		       d->dev->type == DEV_DISK ? "xen-blkback" : "xen-netback", d->backend);
}

static void remove_empty(const char *dir)
{
	char **names = store_list("%s", dir);

	if (names && !*names)
		store_rm("%s", dir);
	free(names);
}

/* Removes the records of a device that is no more, and directories that become empty. */
static void forget(const struct device *d)
{
	store_rm("%s", d->front);
	store_rm("%s", d->back);
	store_rm("%s", d->record);
	store_rm("%s", error_dir(d));
	remove_empty(strf("/local/domain/%u/backend/%s/%u", d->backend, d->type, d->domid));
	remove_empty(strf("/local/domain/%u/backend/%s", d->backend, d->type));
}

static bool disk_opened(const struct device *d)
{
	return !access(
		strf("/sys/bus/xen-backend/devices/vbd-%u-%d/physical_device", d->domid, d->devid),
		F_OK);
}

static bool disk_settled(const void *arg)
{
	return disk_opened(arg) || store_has("%s/error", error_dir(arg)) || stop_asked();
}

/* blkback shows the device in sysfs once it has opened it; then our own handle may go. */
static int wait_opened(const struct device *d, struct err *e)
{
	wait_until(NULL, disk_settled, d, BACKEND_MS);
	return disk_opened(d) ? 0 : backend_failed(d, "cannot open the device", e);
}

/* Does the vbd recorded at @dir use the storage, and does one of the two write to it? */
static bool shares(const char *dir, const struct dev *d, const char *physical)
{
	const char *other = store_get("%s/physical-device", dir),
		   *target = store_get("%s/params", dir), *mode = store_get("%s/mode", dir);

	/* A file has another loop device each time, but only one name. */
	return other && (!strcmp(other, physical) || (target && !strcmp(target, d->target))) &&
	       (d->writable || (mode && *mode == 'w'));
}

/* Two guests, or a guest and Dom0, must not write the same storage behind each other's back. */
static int check_shared(const struct dev *d, const char *physical, struct err *e)
{
	const char *all = "/local/domain/0/backend/vbd";
	char **doms = store_list("%s", all), **devs, **i, **j;
	int rc = 0;

	for (i = doms; i && *i; i++) {
		devs = store_list("%s/%s", all, *i);
		for (j = devs; j && *j && !rc; j++)
			if (shares(strf("%s/%s/%s", all, *i, *j), d, physical))
				rc = err_set(e, -EBUSY,
					     "disk %s: %s is in use by domain %s (vbd %s), and "
					     "one of them writes",
					     d->vdev, d->target, *i, *j);
		free(devs);
	}
	free(doms);
	return rc;
}

static int plug_disk(const struct device *d, struct err *e)
{
	struct writer w = { 0 };
	const char *node;
	char physical[32];
	dev_t number;
	int fd, rc;

	if (!d->dev->target)
		return 0;
	fd = hotplug_disk(d->dev, &node, &number, e);
	if (fd < 0)
		return fd;
	write_at(&w, NULL, 0, "%s", d->back);
	write_text(&w, "physical-device-path", node);
	snprintf(physical, sizeof(physical), "%x:%x", major(number), minor(number));
	rc = check_shared(d->dev, physical, e);
	if (!rc) {
		write_text(&w, "physical-device", physical);
		write_text(&w, "hotplug-status", "connected");
		rc = w.rc ?: wait_opened(d, e);
	}
	close(fd);
	return rc;
}

static int plug_nic(const struct device *d, struct err *e)
{
	struct writer w = { .rc = hotplug_nic(d->domid, d->dev, e) };

	write_at(&w, NULL, 0, "%s", d->back);
	write_text(&w, "hotplug-status", "connected");
	return w.rc;
}

static int plug(const struct device *d, struct err *e)
{
	bool disk = d->dev->type == DEV_DISK;

	if (d->dev->script)
		return hotplug_script(d->dev->script, disk ? "add" : "online", d->type, d->back,
				      disk ? NULL : strf("vif%u.%d", d->domid, d->devid),
				      d->dev->bridge, e);
	return disk ? plug_disk(d, e) : plug_nic(d, e);
}

/* What was left open: the smallest number no interface has, an address, the bridge. */
static int fill_in(uint32_t domid, struct dev *d, struct err *e)
{
	hyp_dominfo info = { 0 };

	for (int id = 0; d->devid < 0 && id < 1024; id++)
		if (!store_has("/libxl/%u/device/vif/%d", domid, id))
			d->devid = id;
	if (d->devid < 0)
		return err_set(e, -ENOSPC, "vif: the guest has too many interfaces");
	hv_domain_info(domid, &info);
	dom_mac(d, info.handle);
	if (!d->bridge && !d->script)
		hotplug_default_bridge(d);
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
	if (!wait_back(&d, back_ready, BACKEND_MS))
		rc = backend_failed(&d, "did not start", e);
	else if (!d.backend)
		rc = plug(&d, e);
	if (stop_asked())
		rc = err_set(e, -EINTR, "%s %d: stopped by a signal", d.type, d.devid);
	if (rc)
		device_remove(domid, d.type, d.devid, loop_now() + FORCE_MS, NULL);
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
	const char *back = store_get("/libxl/%u/device/%s/%d/backend", d->domid, d->type, d->devid);
	bool found = back && sscanf(back, "/local/domain/%u/", &d->backend) == 1;

	set_paths(d);
	return found ? 0 : -ENOENT;
}

/* The two nodes go together: the back-end looks at `online' when closing. */
static void tell_to_close(const struct device *d)
{
	struct writer w;

	do {
		write_begin(&w);
		write_at(&w, NULL, 0, "%s", d->back);
		write_text(&w, "online", "0");
		write_text(&w, "state", "5");
	} while (write_end(&w));
}

int device_remove(uint32_t domid, const char *type, int devid, int64_t force_at, struct err *e)
{
	struct device d = { .domid = domid, .type = type, .devid = devid };
	const char *script;
	struct err ignored;
	int state;

	e = e ? e : &ignored;
	if (find_device(&d))
		return err_set(e, -ENOENT, "%s %d: no such device", type, devid);
	state = read_state(&d);
	if (!is_console(&d) && state && state != 6) {
		tell_to_close(&d);
		if (!wait_back(&d, back_closed, force_at ? force_at - loop_now() : BACKEND_MS) &&
		    !force_at)
			return err_set(e, -ETIMEDOUT,
				       "%s %d: the guest does not release the device "
				       "(back-end %s is in state %d); --force takes it away",
				       type, devid, d.back, read_state(&d));
	}
	script = store_get("%s/script", d.record);
	if (script && *script && !d.backend)
		hotplug_script(script, strcmp(type, "vif") ? "remove" : "offline", type, d.back,
			       NULL, NULL, e);
	forget(&d);
	return 0;
}

/* All at once, so that the back-ends close side by side, then one after the other. */
void device_remove_all(uint32_t domid)
{
	char **types = store_list("/libxl/%u/device", domid), **ids, **t, **id;
	int64_t force_at = loop_now() + FORCE_MS;

	for (int pass = 0; pass < 2; pass++)
		for (t = types; t && *t; t++) {
			ids = store_list("/libxl/%u/device/%s", domid, *t);
			for (id = ids; id && *id; id++) {
				struct device d = { .domid = domid,
						    .type = *t,
						    .devid = atoi(*id) };

				if (pass)
					device_remove(domid, *t, d.devid, force_at, NULL);
				else if (!is_console(&d) && !find_device(&d))
					tell_to_close(&d);
			}
			free(ids);
		}
	free(types);
}
