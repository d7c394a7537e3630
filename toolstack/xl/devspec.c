// SPDX-License-Identifier: GPL-2.0-only
/*
 * devspec.c - the one-line descriptions of disks and network interfaces.
 *
 *   disk: target,format,vdev,access[,key=value...]  or  key=value,...,target=PATH
 *         or the old form phy:PATH,vdev,access / file:PATH,vdev,access
 *   vif:  key=value,...
 *
 * Pure; owns only the strings in the structures it fills.  A word it does not know is an error
 * that names the word.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xl/config.h"

#define SPEC_MAX 4096

void disk_free(struct disk *d)
{
	free(d->target);
	free(d->script);
	free(d->backend);
	memset(d, 0, sizeof(*d));
}

void nic_free(struct nic *n)
{
	free(n->bridge);
	free(n->script);
	free(n->ip);
	free(n->vifname);
	free(n->backend);
	free(n->gatewaydev);
	memset(n, 0, sizeof(*n));
}

static int set_string(char **to, const char *value, struct err *e)
{
	char *s = strdup(value);

	if (!s)
		return err_set(e, -ENOMEM, "no memory");
	free(*to);
	*to = s;
	return 0;
}

/* Letters after the prefix count in base 26 without a zero: a, b, ... z, aa, ab. */
static int letters(const char **p)
{
	int n = 0;

	while (islower((unsigned char)**p) && n < 1 << 16)
		n = n * 26 + (*(*p)++ - 'a' + 1);
	return n - 1;
}

static int partition(const char *p, int max)
{
	char *end;
	unsigned long v;

	if (!*p)
		return 0;
	if (!isdigit((unsigned char)*p))
		return -1;
	v = strtoul(p, &end, 10);
	return *end || v > (unsigned long)max ? -1 : (int)v;
}

/* Numbers as in Xen's vbd-interface: old majors where they fit, else the extended form. */
static int devid_of(int disk, int part)
{
	if (disk < 0 || part < 0 || disk >= 1 << 20)
		return -EINVAL;
	if (disk < 16 && part < 16)
		return 202 << 8 | disk << 4 | part;
	return part < 256 ? 1 << 28 | disk << 8 | part : -EINVAL;
}

int disk_devid(const char *v)
{
	char *end;
	int disk, part;

	if (isdigit((unsigned char)*v)) {
		unsigned long n = strtoul(v, &end, 0);

		return *end || n > 0x1fffffff ? -EINVAL : (int)n;
	}
	if (!strncmp(v, "xvd", 3)) {
		v += 3;
		disk = letters(&v);
		return devid_of(disk, partition(v, 255));
	}
	if (v[0] == 'd' && isdigit((unsigned char)v[1])) {
		disk = strtoul(v + 1, &end, 10);
		part = *end == 'p' ? partition(end + 1, 255) : *end ? -1 : 0;
		return devid_of(disk, part);
	}
	if (strncmp(v, "hd", 2) && strncmp(v, "sd", 2))
		return -EINVAL;
	part = v[0] == 's';
	v += 2;
	disk = letters(&v);
	if (part) {
		part = partition(v, 15);
		return disk < 0 || disk > 15 || part < 0 ? -EINVAL : 8 << 8 | disk << 4 | part;
	}
	part = partition(v, 63);
	if (disk < 0 || disk > 3 || part < 0)
		return -EINVAL;
	return (disk < 2 ? 3 : 22) << 8 | (disk & 1) << 6 | part;
}

static int disk_vdev(struct disk *d, const char *value, struct err *e)
{
	const char *colon = strchr(value, ':');
	size_t len = colon ? (size_t)(colon - value) : strlen(value);
	int id;

	if (len >= sizeof(d->vdev))
		return err_set(e, -EINVAL, "disk: vdev `%s' is too long", value);
	memcpy(d->vdev, value, len);
	d->vdev[len] = '\0';
	if (colon && !strcmp(colon, ":cdrom"))
		d->cdrom = true;
	else if (colon && strcmp(colon, ":disk"))
		return err_set(e, -EINVAL, "disk: `%s' is neither `cdrom' nor `disk'", colon + 1);
	id = disk_devid(d->vdev);
	if (id < 0)
		return err_set(e, -EINVAL, "disk: `%s' is not a device like xvda", d->vdev);
	d->devid = id;
	return 0;
}

static int disk_format(const char *value, struct err *e)
{
	if (!*value || !strcmp(value, "raw"))
		return 0;
	if (!strcmp(value, "qcow") || !strcmp(value, "qcow2") || !strcmp(value, "qed") ||
	    !strcmp(value, "vhd"))
		return err_set(e, -EINVAL,
			       "disk: format `%s' needs a QEMU back-end, which this "
			       "toolstack does not run; convert the image to raw",
			       value);
	return err_set(e, -EINVAL, "disk: unknown format `%s'", value);
}

static int disk_access(struct disk *d, const char *value, struct err *e)
{
	if (!strcmp(value, "w") || !strcmp(value, "rw"))
		d->writable = true;
	else if (!strcmp(value, "r") || !strcmp(value, "ro"))
		d->writable = false;
	else
		return err_set(e, -EINVAL, "disk: access `%s' is neither `r' nor `w'", value);
	return 0;
}

/* A word that is a key by itself, or key=value.  1 = taken, 0 = positional. */
static int disk_word(struct disk *d, const char *w, struct err *e)
{
	const char *v = strchr(w, '=');
	size_t n = v ? (size_t)(v++ - w) : 0;
	int rc;

#define KEY(k) (n == sizeof(k) - 1 && !memcmp(w, k, n))
	if (!v) {
		if (!strcmp(w, "cdrom") || (!strcmp(w, "devtype=cdrom")))
			d->cdrom = true;
		else if (!strcmp(w, "no-discard"))
			d->no_discard = true;
		else if (!strcmp(w, "direct-io-safe"))
			d->direct_io_safe = true;
		else
			return strcmp(w, "discard") ? 0 : 1;
		return 1;
	}
	if (KEY("format"))
		rc = disk_format(v, e);
	else if (KEY("vdev"))
		rc = disk_vdev(d, v, e);
	else if (KEY("access"))
		rc = disk_access(d, v, e);
	else if (KEY("script"))
		rc = set_string(&d->script, v, e);
	else if (KEY("backend"))
		rc = set_string(&d->backend, v, e);
	else if (KEY("devtype") && (!strcmp(v, "cdrom") || !strcmp(v, "disk")))
		rc = (d->cdrom = !strcmp(v, "cdrom"), 0);
	else if (KEY("backendtype"))
		rc = strcmp(v, "phy") ? err_set(e, -EINVAL,
						"disk: backendtype `%s' is not supported, only "
						"`phy' (the kernel's blkback)",
						v)
				      : 0;
	else if (strchr(w, '/') && strchr(w, '/') < v)
		return 0; /* a path with a `=' in it */
	else
		return err_set(e, -EINVAL, "disk: unknown setting `%s'", w);
	return rc ? rc : 1;
#undef KEY
}

/* Old prefixes; returns what follows, sets @old. */
static char *disk_prefix(char *w, bool *old, struct err *e)
{
	static const char *const taken[] = { "phy:", "file:" };
	static const char *const refused[] = { "tap:", "tap2:",	 "aio:", "qcow:", "qcow2:",
					       "vhd:", "iscsi:", "nbd:", "drbd:" };
	unsigned int i;

	for (i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		if (!strncmp(w, taken[i], strlen(taken[i]))) {
			*old = true;
			return w + strlen(taken[i]);
		}
	for (i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		if (!strncmp(w, refused[i], strlen(refused[i]))) {
			err_set(e, -EINVAL,
				"disk: `%s' is not supported; use a block device or a raw "
				"file",
				refused[i]);
			return NULL;
		}
	return w;
}

static int disk_positional(struct disk *d, char *w, bool *old, int *pos, struct err *e)
{
	int at = (*pos)++;

	if (at == 0) {
		w = disk_prefix(w, old, e);
		if (!w)
			return -EINVAL;
		return *w ? set_string(&d->target, w, e) : 0;
	}
	if (*old)
		at++; /* the old form has no format */
	if (at == 1)
		return disk_format(w, e);
	if (at == 2)
		return disk_vdev(d, w, e);
	if (at == 3)
		return disk_access(d, w, e);
	return err_set(e, -EINVAL, "disk: `%s' is one word too many", w);
}

int disk_parse(struct disk *d, const char *spec, struct err *e)
{
	char buf[SPEC_MAX], *w, *next;
	bool old = false;
	int pos = 0, rc = 0;

	memset(d, 0, sizeof(*d));
	if (strlen(spec) >= sizeof(buf))
		return err_set(e, -EINVAL, "disk: description longer than %d bytes", SPEC_MAX);
	strcpy(buf, spec);
	d->writable = true;
	for (w = buf; w && !rc; w = next) {
		w += strspn(w, " \t");
		if (!strncmp(w, "target=", 7)) { /* takes all the rest, commas too */
			rc = set_string(&d->target, w + 7, e);
			break;
		}
		next = strchr(w, ',');
		if (next)
			*next++ = '\0';
		rc = disk_word(d, w, e);
		if (!rc)
			rc = disk_positional(d, w, &old, &pos, e);
		else if (rc > 0)
			rc = 0;
	}
	if (!rc && !d->vdev[0])
		rc = err_set(e, -EINVAL, "disk: `%s' names no vdev, such as xvda", spec);
	if (!rc && !d->target && !d->cdrom)
		rc = err_set(e, -EINVAL, "disk: `%s' names no target", spec);
	if (d->cdrom)
		d->writable = false;
	if (rc)
		disk_free(d);
	return rc;
}

static int nic_mac(struct nic *n, const char *v, struct err *e)
{
	int i, len = 0;

	for (i = 0; i < 6; i++) {
		if (!isxdigit((unsigned char)v[len]) || !isxdigit((unsigned char)v[len + 1]) ||
		    v[len + 2] != (i < 5 ? ':' : '\0'))
			return err_set(e, -EINVAL, "vif: `%s' is not a MAC address", v);
		n->mac[i] = strtoul((char[]){ v[len], v[len + 1], 0 }, NULL, 16);
		len += 3;
	}
	if (n->mac[0] & 1)
		return err_set(e, -EINVAL, "vif: %s is a multicast address", v);
	n->mac_set = true;
	return 0;
}

/* "10Mb/s@50ms", "1GB/s": bits or bytes per second, credit given every interval (default 50 ms). */
static int nic_rate(struct nic *n, const char *v, struct err *e)
{
	char *end;
	uint64_t per_s = strtoull(v, &end, 10), us = 50000;

	if (end == v || per_s > 1000000000ull)
		return err_set(e, -EINVAL, "vif: rate `%s' is not a number", v);
	per_s *= *end == 'G' ? 1000000000 : *end == 'M' ? 1000000 : *end == 'K' ? 1000 : 1;
	end += *end && strchr("GMK", *end) ? 1 : 0;
	if (strncmp(end, "b/s", 3) && strncmp(end, "B/s", 3))
		return err_set(e, -EINVAL, "vif: rate `%s' is not like 10Mb/s or 1MB/s", v);
	if (*end == 'b')
		per_s /= 8;
	end += 3;
	if (*end == '@') {
		us = strtoull(end + 1, &end, 10);
		us *= !strcmp(end, "ms") ? 1000 : !strcmp(end, "s") ? 1000000 : 1;
		if ((strcmp(end, "ms") && strcmp(end, "us") && strcmp(end, "s")) || !us ||
		    us > UINT32_MAX)
			return err_set(e, -EINVAL, "vif: interval of `%s' is not like 20ms", v);
	}
	if (__builtin_mul_overflow(per_s, us, &n->rate_bytes))
		return err_set(e, -EINVAL, "vif: rate `%s' is too high", v);
	n->rate_bytes /= 1000000;
	n->rate_us = us;
	return n->rate_bytes ? 0 : err_set(e, -EINVAL, "vif: rate `%s' is less than a byte", v);
}

static int nic_number(const char *v, long max, struct err *e)
{
	char *end;
	long n = strtol(v, &end, 10);

	if (end == v || *end || n < 0 || n > max)
		return err_set(e, -EINVAL, "vif: `%s' is not a number up to %ld", v, max);
	return n;
}

static int nic_word(struct nic *n, const char *k, const char *v, struct err *e)
{
	static const char *const ignored[] = { "model", "accel", "trusted" };
	struct {
		const char *key;
		char **to;
	} strings[] = {
		{ "bridge", &n->bridge },   { "script", &n->script },
		{ "ip", &n->ip },	    { "vifname", &n->vifname },
		{ "backend", &n->backend }, { "gatewaydev", &n->gatewaydev },
	};
	unsigned int i;
	int rc;

	for (i = 0; i < sizeof(strings) / sizeof(*strings); i++)
		if (!strcmp(k, strings[i].key))
			return set_string(strings[i].to, v, e);
	for (i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		if (!strcmp(k, ignored[i]))
			return 0;
	if (!strcmp(k, "mac"))
		return nic_mac(n, v, e);
	if (!strcmp(k, "rate"))
		return nic_rate(n, v, e);
	if (!strcmp(k, "type"))
		return !strcmp(v, "vif") ? 0
					 : err_set(e, -EINVAL,
						   "vif: type `%s' needs an emulated "
						   "card, which ARM guests do not have",
						   v);
	if (strcmp(k, "devid") && strcmp(k, "mtu"))
		return err_set(e, -EINVAL, "vif: unknown setting `%s'", k);
	rc = nic_number(v, 65535, e);
	if (rc < 0)
		return rc;
	*(strcmp(k, "mtu") ? (uint32_t *)&n->devid : &n->mtu) = rc;
	return 0;
}

int nic_parse(struct nic *n, const char *spec, struct err *e)
{
	char buf[SPEC_MAX], *w, *next, *v;
	int rc = 0;

	memset(n, 0, sizeof(*n));
	n->devid = -1;
	if (strlen(spec) >= sizeof(buf))
		return err_set(e, -EINVAL, "vif: description longer than %d bytes", SPEC_MAX);
	strcpy(buf, spec);
	for (w = buf; w && !rc; w = next) {
		next = strchr(w, ',');
		if (next)
			*next++ = '\0';
		w += strspn(w, " \t");
		if (!*w)
			continue;
		v = strchr(w, '=');
		if (v)
			*v++ = '\0';
		rc = v ? nic_word(n, w, v, e)
		       : err_set(e, -EINVAL, "vif: `%s' is not of the form key=value", w);
	}
	if (rc)
		nic_free(n);
	return rc;
}
