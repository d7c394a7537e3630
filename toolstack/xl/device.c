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
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "xl/device.h"

#define BACKEND_MS 10000
#define MAX_FIELDS 24

struct field {
	const char *key;
	char value[256];
};

/* The two ends of a device being made. */
struct ends {
	struct device dev;
	struct field back[MAX_FIELDS], front[MAX_FIELDS];
	unsigned int nr_back, nr_front;
};

void device_paths(const struct device *d, struct device_paths *p)
{
	bool console = !strcmp(d->type, "console") && !d->devid;

	if (console)
		snprintf(p->front, sizeof(p->front), "/local/domain/%u/console", d->domid);
	else
		snprintf(p->front, sizeof(p->front), "/local/domain/%u/device/%s/%d", d->domid,
			 d->type, d->devid);
	snprintf(p->back, sizeof(p->back), "/local/domain/%u/backend/%s/%u/%d", d->backend, d->type,
		 d->domid, d->devid);
	snprintf(p->record, sizeof(p->record), "/libxl/%u/device/%s/%d", d->domid, d->type,
		 d->devid);
}

__attribute__((format(printf, 4, 5))) static void put(struct field *list, unsigned int *nr,
						      const char *key, const char *fmt, ...)
{
	va_list ap;

	if (*nr == MAX_FIELDS)
		return;
	list[*nr].key = key;
	va_start(ap, fmt);
	vsnprintf(list[(*nr)++].value, sizeof(list->value), fmt, ap);
	va_end(ap);
}

#define back(en, key, ...) put((en)->back, &(en)->nr_back, key, __VA_ARGS__)
#define front(en, key, ...) put((en)->front, &(en)->nr_front, key, __VA_ARGS__)

static int write_node(uint32_t tx, const char *dir, const struct field *f, unsigned int nr,
		      const struct xs_perm *perm, size_t nr_perm)
{
	char path[256];
	unsigned int i;
	int rc = xs_mkdir(xstore(), tx, dir);

	if (!rc && nr_perm)
		rc = xs_set_perms(xstore(), tx, dir, perm, nr_perm);
	for (i = 0; i < nr && !rc; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, f[i].key);
		rc = xs_write(xstore(), tx, path, f[i].value, strlen(f[i].value));
	}
	return rc;
}

/* Backend, frontend and record at once, so that neither end sees half a device. */
static int write_ends(const struct ends *en, struct err *e)
{
	const struct xs_perm back_perm[] = { { en->dev.backend, XS_PERM_NONE },
					     { en->dev.domid, XS_PERM_READ } };
	const struct xs_perm front_perm[] = { { en->dev.domid, XS_PERM_NONE },
					      { en->dev.backend, XS_PERM_READ } };
	struct field paths[2] = { { .key = "frontend" }, { .key = "backend" } };
	bool console = !strcmp(en->dev.type, "console");
	struct device_paths p;
	uint32_t tx;
	int rc;

	device_paths(&en->dev, &p);
	strcpy(paths[0].value, p.front);
	strcpy(paths[1].value, p.back);
	do {
		tx = xs_transaction_start(xstore());
		if (!tx)
			return err_set(e, -errno, "xenstore: %s", strerror(errno));
		rc = xs_exists(xstore(), tx, p.record);
		if (rc > 0)
			rc = err_set(e, -EEXIST, "%s %d: the guest has this device already",
				     en->dev.type, en->dev.devid);
		if (!rc)
			rc = write_node(tx, p.record, paths, 2, NULL, 0);
		if (!rc)
			rc = write_node(tx, p.record, en->back, en->nr_back, NULL, 0);
		if (!rc)
			rc = write_node(tx, p.front, &paths[1], 1, front_perm, console ? 0 : 2);
		if (!rc)
			rc = write_node(tx, p.front, en->front, en->nr_front, NULL, 0);
		if (!rc)
			rc = write_node(tx, p.back, paths, 1, back_perm, 2);
		if (!rc)
			rc = write_node(tx, p.back, en->back, en->nr_back, NULL, 0);
		if (rc) {
			xs_transaction_end(xstore(), tx, true);
			return rc == -EEXIST ? rc
					     : err_set(e, rc, "xenstore: writing %s: %s", p.back,
						       strerror(-rc));
		}
		rc = xs_transaction_end(xstore(), tx, false);
	} while (rc == -EAGAIN);
	return rc ? err_set(e, rc, "xenstore: writing %s: %s", p.back, strerror(-rc)) : 0;
}

int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static int read_state(const char *dir)
{
	char *s = store_get("%s/state", dir);
	int state = s ? atoi(s) : 0;

	free(s);
	return state;
}

/* Until @dir/state is one of the bits in @states; a missing node counts as 0. */
int device_wait(const char *dir, unsigned int states, int ms)
{
	int64_t end = now_ms() + ms, left;
	struct xs_event ev;
	char path[256];
	int rc = -ETIMEDOUT, state;

	snprintf(path, sizeof(path), "%s/state", dir);
	if (xs_watch(xstore(), path, "wait"))
		return -errno;
	for (;;) {
		state = read_state(dir);
		if (state >= 0 && state < 9 && states >> state & 1)
			rc = state;
		left = end - now_ms();
		if (rc >= 0 || left <= 0)
			break;
		if (xs_next_event(xstore(), &ev, left) < 0)
			break;
	}
	xs_unwatch(xstore(), path, "wait");
	return rc;
}

/* Why a back-end is stuck: what it wrote itself, else what usually is the cause. */
static int backend_failed(const struct device *d, const char *what, struct err *e)
{
	const char *module = !strcmp(d->type, "vbd") ? "xen-blkback" : "xen-netback";
	struct device_paths p;
	char *why;
	int rc;

	device_paths(d, &p);
	why = store_get("/local/domain/%u/error/backend/%s/%u/%d/error", d->backend, d->type,
			d->domid, d->devid);
	if (why)
		rc = err_set(e, -EIO, "%s %d: back-end %s %s: %s", d->type, d->devid, p.back, what,
			     why);
	else
		rc = err_set(e, -ETIMEDOUT,
			     "%s %d: back-end %s %s within %d s (state %d): is the module "
			     "%s loaded in domain %u?",
			     d->type, d->devid, p.back, what, BACKEND_MS / 1000, read_state(p.back),
			     module, d->backend);
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
static void forget(const struct device *d)
{
	struct device_paths p;
	char dir[256];

	device_paths(d, &p);
	xs_rm(xstore(), 0, p.front);
	xs_rm(xstore(), 0, p.back);
	xs_rm(xstore(), 0, p.record);
	snprintf(dir, sizeof(dir), "/local/domain/%u/error/backend/%s/%u/%d", d->backend, d->type,
		 d->domid, d->devid);
	xs_rm(xstore(), 0, dir);
	snprintf(dir, sizeof(dir), "/local/domain/%u/backend/%s/%u", d->backend, d->type, d->domid);
	remove_empty(dir);
	snprintf(dir, sizeof(dir), "/local/domain/%u/backend/%s", d->backend, d->type);
	remove_empty(dir);
}

static int backend_domid(const char *who, uint32_t *domid)
{
	*domid = 0;
	return who ? dom_find(who, domid) : 0;
}

/* blkback shows the device in sysfs once it has opened it; then our own handle may go. */
static int wait_opened(const struct ends *en, struct err *e)
{
	int64_t end = now_ms() + BACKEND_MS;
	struct timespec pause = { .tv_nsec = 2000000 };
	char path[128], *why;

	snprintf(path, sizeof(path), "/sys/bus/xen-backend/devices/vbd-%u-%d/physical_device",
		 en->dev.domid, en->dev.devid);
	while (access(path, F_OK)) {
		why = store_get("/local/domain/0/error/backend/vbd/%u/%d/error", en->dev.domid,
				en->dev.devid);
		if (why || now_ms() > end) {
			free(why);
			return backend_failed(&en->dev, "cannot open the device", e);
		}
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 50000000)
			pause.tv_nsec *= 2;
	}
	return 0;
}

/* Two guests, or a guest and Dom0, must not write the same storage behind each other's back. */
static int check_shared(const struct disk *d, const char *physical, struct err *e)
{
	char **doms, **devs, *other, *target, *mode;
	size_t nd, nv, i, j;
	int rc = 0;

	doms = xs_directory(xstore(), 0, "/local/domain/0/backend/vbd", &nd);
	for (i = 0; doms && i < nd; i++) {
		char dir[128];

		snprintf(dir, sizeof(dir), "/local/domain/0/backend/vbd/%.10s", doms[i]);
		devs = xs_directory(xstore(), 0, dir, &nv);
		for (j = 0; devs && j < nv && !rc; j++) {
			other = store_get("%s/%s/physical-device", dir, devs[j]);
			target = store_get("%s/%s/params", dir, devs[j]);
			mode = store_get("%s/%s/mode", dir, devs[j]);
			/* A file has another loop device each time, but only one name. */
			if (other &&
			    (!strcmp(other, physical) || (target && !strcmp(target, d->target))) &&
			    (d->writable || (mode && *mode == 'w')))
				rc = err_set(e, -EBUSY,
					     "disk %s: %s is in use by domain %s (vbd %s), and "
					     "one of them writes",
					     d->vdev, d->target, doms[i], devs[j]);
			free(other);
			free(target);
			free(mode);
		}
		free(devs);
	}
	free(doms);
	return rc;
}

static int plug_disk(const struct ends *en, const struct disk *d, struct err *e)
{
	struct hotplug_disk h = { .fd = -1 };
	struct device_paths p;
	char path[256], number[32];
	int rc;

	device_paths(&en->dev, &p);
	if (d->script)
		return hotplug_script(d->script, "add", "vbd", p.back, NULL, NULL, e);
	if (!d->target)
		return 0;
	rc = hotplug_disk_open(&h, d, e);
	if (rc)
		return rc;
	snprintf(number, sizeof(number), "%x:%x", h.major, h.minor);
	rc = check_shared(d, number, e);
	if (!rc) {
		snprintf(path, sizeof(path), "%s/physical-device-path", p.back);
		store_set(path, "%s", h.node);
		snprintf(path, sizeof(path), "%s/physical-device", p.back);
		rc = store_set(path, "%s", number);
		snprintf(path, sizeof(path), "%s/hotplug-status", p.back);
		store_set(path, "connected");
		if (!rc)
			rc = wait_opened(en, e);
	}
	hotplug_disk_close(&h);
	return rc;
}

int device_add_disk(uint32_t domid, const struct disk *d, struct err *e)
{
	struct ends en = { .dev = { domid, "vbd", d->devid, 0 } };
	struct device_paths p;
	int rc;

	if (backend_domid(d->backend, &en.dev.backend))
		return err_set(e, -ESRCH, "disk %s: there is no back-end domain `%s'", d->vdev,
			       d->backend);
	back(&en, "params", "%s", d->target ? d->target : "");
	if (d->script)
		back(&en, "script", "%s", d->script);
	back(&en, "frontend-id", "%u", domid);
	back(&en, "online", "1");
	back(&en, "removable", d->cdrom ? "1" : "0");
	back(&en, "bootable", "1");
	back(&en, "state", "1");
	back(&en, "dev", "%s", d->vdev);
	back(&en, "type", "phy");
	back(&en, "mode", d->writable ? "w" : "r");
	back(&en, "device-type", d->cdrom ? "cdrom" : "disk");
	back(&en, "discard-enable", d->writable && !d->no_discard ? "1" : "0");
	back(&en, "specification", "xen");
	if (d->direct_io_safe)
		back(&en, "direct-io-safe", "1");
	front(&en, "backend-id", "%u", en.dev.backend);
	front(&en, "state", "1");
	front(&en, "virtual-device", "%u", d->devid);
	front(&en, "device-type", d->cdrom ? "cdrom" : "disk");
	front(&en, "trusted", "1");
	rc = write_ends(&en, e);
	if (rc)
		return rc;
	device_paths(&en.dev, &p);
	if (device_wait(p.back, 1 << 2 | 1 << 4, BACKEND_MS) < 0)
		rc = backend_failed(&en.dev, "did not start", e);
	else if (!en.dev.backend)
		rc = plug_disk(&en, d, e);
	if (rc)
		device_remove(domid, "vbd", d->devid, true, NULL);
	return rc;
}

/* The smallest number no device of that type has. */
static int free_devid(uint32_t domid, const char *type)
{
	char path[128];
	int id;

	for (id = 0; id < 1024; id++) {
		snprintf(path, sizeof(path), "/libxl/%u/device/%s/%d", domid, type, id);
		if (xs_exists(xstore(), 0, path) <= 0)
			return id;
	}
	return -ENOSPC;
}

static void nic_fields(struct ends *en, const struct nic *n)
{
	char mac[18];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", n->mac[0], n->mac[1], n->mac[2],
		 n->mac[3], n->mac[4], n->mac[5]);
	back(en, "frontend-id", "%u", en->dev.domid);
	back(en, "online", "1");
	back(en, "state", "1");
	back(en, "script", "%s", n->script ? n->script : ""); /* netback insists on the node */
	if (n->vifname)
		back(en, "vifname", "%s", n->vifname);
	back(en, "mac", "%s", mac);
	if (n->ip)
		back(en, "ip", "%s", n->ip);
	if (n->rate_bytes)
		back(en, "rate", "%llu,%u", (unsigned long long)n->rate_bytes, n->rate_us);
	if (n->bridge)
		back(en, "bridge", "%s", n->bridge);
	if (n->gatewaydev)
		back(en, "gatewaydev", "%s", n->gatewaydev);
	back(en, "handle", "%d", n->devid);
	back(en, "type", "vif");
	front(en, "backend-id", "%u", en->dev.backend);
	front(en, "state", "1");
	front(en, "handle", "%d", n->devid);
	front(en, "mac", "%s", mac);
	front(en, "trusted", "1");
	front(en, "mtu", "%u", n->mtu ? n->mtu : 1500);
}

int device_add_nic(uint32_t domid, struct nic *n, struct err *e)
{
	struct ends en = { .dev = { domid, "vif", 0, 0 } };
	struct device_paths p;
	char path[256];
	int rc;

	if (backend_domid(n->backend, &en.dev.backend))
		return err_set(e, -ESRCH, "vif: there is no back-end domain `%s'", n->backend);
	if (n->devid < 0)
		n->devid = free_devid(domid, "vif");
	if (n->devid < 0)
		return err_set(e, -ENOSPC, "vif: the guest has too many interfaces");
	en.dev.devid = n->devid;
	if (!n->bridge && !n->script)
		hotplug_default_bridge(n, e);
	nic_fields(&en, n);
	rc = write_ends(&en, e);
	if (rc)
		return rc;
	device_paths(&en.dev, &p);
	if (device_wait(p.back, 1 << 2 | 1 << 4, BACKEND_MS) < 0) {
		rc = backend_failed(&en.dev, "did not start", e);
	} else if (!en.dev.backend && n->script) {
		snprintf(path, sizeof(path), "vif%u.%d", domid, n->devid);
		rc = hotplug_script(n->script, "online", "vif", p.back, path, n->bridge, e);
	} else if (!en.dev.backend) {
		rc = hotplug_nic(domid, n, e);
		snprintf(path, sizeof(path), "%s/hotplug-status", p.back);
		if (!rc)
			rc = store_set(path, "connected");
	}
	if (rc)
		device_remove(domid, "vif", n->devid, true, NULL);
	return rc;
}

int device_add_console(const struct build *b, struct err *e)
{
	struct ends en = { .dev = { b->domid, "console", 0, 0 } };

	back(&en, "frontend-id", "%u", b->domid);
	back(&en, "online", "1");
	back(&en, "state", "1");
	back(&en, "protocol", "vt100");
	front(&en, "backend-id", "0");
	front(&en, "limit", "1048576");
	front(&en, "type", "xenconsoled");
	front(&en, "output", "pty");
	front(&en, "tty", "%s", "");
	front(&en, "port", "%u", b->console_port);
	front(&en, "ring-ref", "%llu", (unsigned long long)b->console_gfn);
	return write_ends(&en, e);
}

/* The record says who serves the device; the guest cannot write it. */
static int find_backend(struct device *d, struct err *e)
{
	char *back = store_get("/libxl/%u/device/%s/%d/backend", d->domid, d->type, d->devid);
	int rc = 0;

	if (!back || sscanf(back, "/local/domain/%u/", &d->backend) != 1)
		rc = e ? err_set(e, -ENOENT, "%s %d: no such device", d->type, d->devid) : -ENOENT;
	free(back);
	return rc;
}

/* Asks the back-end to close.  The two nodes go together: it looks at `online' when closing. */
static void ask_close(const struct device_paths *p)
{
	char path[256];
	uint32_t tx;
	int rc;

	do {
		tx = xs_transaction_start(xstore());
		if (!tx)
			return;
		snprintf(path, sizeof(path), "%s/online", p->back);
		rc = xs_write(xstore(), tx, path, "0", 1);
		snprintf(path, sizeof(path), "%s/state", p->back);
		if (!rc)
			rc = xs_write(xstore(), tx, path, "5", 1);
		rc = xs_transaction_end(xstore(), tx, rc != 0);
	} while (rc == -EAGAIN);
}

static void unplug(const struct device *d, const struct device_paths *p)
{
	char *script = store_get("%s/script", p->record);
	struct err e;

	if (script && *script && !d->backend)
		hotplug_script(script, strcmp(d->type, "vif") ? "remove" : "offline", d->type,
			       p->back, NULL, NULL, &e);
	free(script);
}

int device_remove(uint32_t domid, const char *type, int devid, bool force, struct err *e)
{
	struct device d = { domid, type, devid, 0 };
	struct device_paths p;
	int state, rc = find_backend(&d, e);

	if (rc)
		return rc;
	device_paths(&d, &p);
	state = read_state(p.back);
	if (strcmp(type, "console") && state && state != 6) {
		ask_close(&p);
		if (device_wait(p.back, 1 << 0 | 1 << 6, force ? 2000 : BACKEND_MS) < 0 && !force)
			return e ? err_set(e, -ETIMEDOUT,
					   "%s %d: the guest does not release the device "
					   "(back-end %s is in state %d); --force takes it away",
					   type, devid, p.back, read_state(p.back))
				 : -ETIMEDOUT;
	}
	unplug(&d, &p);
	forget(&d);
	return 0;
}

/* All at once, so that the back-ends close side by side, then one after the other. */
void device_remove_all(uint32_t domid)
{
	char dir[96], **types, **ids;
	size_t nt, ni, i, j;
	int pass;

	snprintf(dir, sizeof(dir), "/libxl/%u/device", domid);
	types = xs_directory(xstore(), 0, dir, &nt);
	for (pass = 0; types && pass < 2; pass++)
		for (i = 0; i < nt; i++) {
			snprintf(dir, sizeof(dir), "/libxl/%u/device/%.32s", domid, types[i]);
			ids = xs_directory(xstore(), 0, dir, &ni);
			for (j = 0; ids && j < ni; j++) {
				struct device d = { domid, types[i], atoi(ids[j]), 0 };
				struct device_paths p;

				if (pass) {
					device_remove(domid, d.type, d.devid, true, NULL);
				} else if (!find_backend(&d, NULL) && strcmp(d.type, "console")) {
					device_paths(&d, &p);
					ask_close(&p);
				}
			}
			free(ids);
		}
	free(types);
}
