// SPDX-License-Identifier: GPL-2.0-only
/*
 * devspec.c - the one-line descriptions of disks and network interfaces.
 *
 *   disk: target,format,vdev,access[,key=value...]  or  key=value,...,target=PATH
 *         or the old form phy:PATH,vdev,access / file:PATH,vdev,access
 *   vif:  key=value,...
 *
 * Pure; owns only the strings in the structures it fills.  The keys are two tables.  A word that
 * is in neither is an error that names the word.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xl/config.h"

#define SPEC_MAX 4096

/* A key and what takes its value; without a function it is a string or a number of struct dev. */
struct word {
	const char *key;
	int (*set)(struct dev *d, const char *value, struct err *e);
	size_t offset;
	bool number;
};

void dev_free(struct dev *d)
{
	free(d->script);
	free(d->backend);
	free(d->target);
	free(d->bridge);
	free(d->ip);
	free(d->vifname);
	free(d->gatewaydev);
	memset(d, 0, sizeof(*d));
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

static int number(const char *v, int *to, struct err *e)
{
	char *end;
	long n = strtol(v, &end, 10);

	if (end == v || *end || n < 0 || n > 65535)
		return err_set(e, -EINVAL, "vif: `%s' is not a number up to 65535", v);
	*to = n;
	return 0;
}

/* Sets what @key names.  1 = there is no such key. */
static int set_word(struct dev *d, const struct word *table, const char *key, const char *value,
		    struct err *e)
{
	while (table->key && strcmp(table->key, key))
		table++;
	if (!table->key)
		return 1;
	if (table->set)
		return table->set(d, value, e);
	return table->number ? number(value, (int *)((char *)d + table->offset), e)
			     : set_string((char **)((char *)d + table->offset), value, e);
}

static int ignore(struct dev *d, const char *value, struct err *e)
{
	return 0;
}

/* Cuts the next word off, without the blanks before it; NULL at the end. */
static char *next_word(char **rest)
{
	char *w = *rest, *comma;

	if (!w)
		return NULL;
	comma = strchr(w, ',');
	if (comma)
		*comma++ = '\0';
	*rest = comma;
	return w + strspn(w, " \t");
}

const char *const dev_name[] = { "disk", "vif" };

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

static int disk_vdev(struct dev *d, const char *value, struct err *e)
{
	const char *colon = strchr(value, ':');
	size_t len = colon ? (size_t)(colon - value) : strlen(value);

	if (len >= sizeof(d->vdev))
		return err_set(e, -EINVAL, "disk: vdev `%s' is too long", value);
	memcpy(d->vdev, value, len);
	d->vdev[len] = '\0';
	if (colon && !strcmp(colon, ":cdrom"))
		d->cdrom = true;
	else if (colon && strcmp(colon, ":disk"))
		return err_set(e, -EINVAL, "disk: `%s' is neither `cdrom' nor `disk'", colon + 1);
	d->devid = disk_devid(d->vdev);
	return d->devid >= 0 ? 0
			     : err_set(e, -EINVAL, "disk: `%s' is not a device like xvda", d->vdev);
}

static int disk_format(struct dev *d, const char *value, struct err *e)
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

static int disk_access(struct dev *d, const char *value, struct err *e)
{
	d->writable = *value == 'w' || !strcmp(value, "rw");
	if (strcmp(value, "w") && strcmp(value, "rw") && strcmp(value, "r") && strcmp(value, "ro"))
		return err_set(e, -EINVAL, "disk: access `%s' is neither `r' nor `w'", value);
	return 0;
}

static int disk_type(struct dev *d, const char *value, struct err *e)
{
	d->cdrom = !strcmp(value, "cdrom");
	return d->cdrom || !strcmp(value, "disk")
		       ? 0
		       : err_set(e, -EINVAL, "disk: devtype `%s' is neither `disk' nor `cdrom'",
				 value);
}

static int disk_backend(struct dev *d, const char *value, struct err *e)
{
	return strcmp(value, "phy") ? err_set(e, -EINVAL,
					      "disk: backendtype `%s' is not supported, only "
					      "`phy' (the kernel's blkback)",
					      value)
				    : 0;
}

static const struct word disk_words[] = {
	{ "access", disk_access },	 { "backend", NULL, offsetof(struct dev, backend) },
	{ "backendtype", disk_backend }, { "devtype", disk_type },
	{ "format", disk_format },	 { "script", NULL, offsetof(struct dev, script) },
	{ "vdev", disk_vdev },		 { NULL },
};

/* Old prefixes; returns what follows, sets @old. */
static char *disk_prefix(char *w, bool *old, struct err *e)
{
	static const char refused[] = " tap: tap2: aio: qcow: qcow2: vhd: iscsi: nbd: drbd: ";
	char *colon = strchr(w, ':'), word[16];

	if (!colon || colon - w > 8)
		return w;
	*old = !strncmp(w, "phy:", 4) || !strncmp(w, "file:", 5);
	if (*old)
		return colon + 1;
	snprintf(word, sizeof(word), " %.*s ", (int)(colon + 1 - w), w);
	if (!strstr(refused, word))
		return w;
	err_set(e, -EINVAL, "disk: `%.*s' is not supported; use a block device or a raw file",
		(int)(colon + 1 - w), w);
	return NULL;
}

static int disk_positional(struct dev *d, char *w, bool *old, int *pos, struct err *e)
{
	static int (*const set[])(struct dev *, const char *,
				  struct err *) = { disk_format, disk_vdev, disk_access };
	int at = (*pos)++;

	if (at == 0) {
		w = disk_prefix(w, old, e);
		if (!w)
			return -EINVAL;
		return *w ? set_string(&d->target, w, e) : 0;
	}
	at += *old; /* the old form has no format */
	return at <= 3 ? set[at - 1](d, w, e)
		       : err_set(e, -EINVAL, "disk: `%s' is one word too many", w);
}

/* A word that is a key by itself, key=value, or one that its place explains. */
static int disk_word(struct dev *d, char *w, bool *old, int *pos, struct err *e)
{
	char *v = strchr(w, '='), *slash = strchr(w, '/');
	int rc;

	if (!strcmp(w, "cdrom"))
		d->cdrom = true;
	else if (!strcmp(w, "no-discard"))
		d->no_discard = true;
	else if (!strcmp(w, "direct-io-safe"))
		d->direct_io_safe = true;
	else if (!v || (slash && slash < v)) /* a path may have a `=' in it */
		return strcmp(w, "discard") ? disk_positional(d, w, old, pos, e) : 0;
	if (!v)
		return 0;
	*v = '\0';
	rc = set_word(d, disk_words, w, v + 1, e);
	return rc > 0 ? err_set(e, -EINVAL, "disk: unknown setting `%s=%s'", w, v + 1) : rc;
}

static int parse_disk(struct dev *d, char *rest, struct err *e)
{
	bool old = false;
	int pos = 0, rc = 0;
	char *w;

	d->writable = true;
	while (!rc && rest) {
		w = rest + strspn(rest, " \t");
		if (!strncmp(w, "target=", 7)) { /* takes all the rest, commas too */
			rc = set_string(&d->target, w + 7, e);
			break;
		}
		rc = disk_word(d, next_word(&rest), &old, &pos, e);
	}
	if (!rc && !d->vdev[0])
		rc = err_set(e, -EINVAL, "disk: no vdev, such as xvda, is named");
	if (!rc && !d->target && !d->cdrom)
		rc = err_set(e, -EINVAL, "disk: no target is named");
	if (d->cdrom)
		d->writable = false;
	return rc;
}

static int nic_mac(struct dev *n, const char *v, struct err *e)
{
	int i, len = 0;

	for (i = 0; i < 6; i++, len += 3) {
		if (!isxdigit((unsigned char)v[len]) || !isxdigit((unsigned char)v[len + 1]) ||
		    v[len + 2] != (i < 5 ? ':' : '\0'))
			return err_set(e, -EINVAL, "vif: `%s' is not a MAC address", v);
		n->mac[i] = strtoul((char[]){ v[len], v[len + 1], 0 }, NULL, 16);
	}
	if (n->mac[0] & 1)
		return err_set(e, -EINVAL, "vif: %s is a multicast address", v);
	n->mac_set = true;
	return 0;
}

/* "10Mb/s@50ms", "1GB/s": bits or bytes per second, credit given every interval (default 50 ms). */
static int nic_rate(struct dev *n, const char *v, struct err *e)
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

static int nic_type(struct dev *n, const char *v, struct err *e)
{
	return strcmp(v, "vif") ? err_set(e, -EINVAL,
					  "vif: type `%s' needs an emulated card, which ARM guests "
					  "do not have",
					  v)
				: 0;
}

static const struct word nic_words[] = {
	{ "accel", ignore },
	{ "backend", NULL, offsetof(struct dev, backend) },
	{ "bridge", NULL, offsetof(struct dev, bridge) },
	{ "devid", NULL, offsetof(struct dev, devid), true },
	{ "gatewaydev", NULL, offsetof(struct dev, gatewaydev) },
	{ "ip", NULL, offsetof(struct dev, ip) },
	{ "mac", nic_mac },
	{ "model", ignore },
	{ "mtu", NULL, offsetof(struct dev, mtu), true },
	{ "rate", nic_rate },
	{ "script", NULL, offsetof(struct dev, script) },
	{ "trusted", ignore },
	{ "type", nic_type },
	{ "vifname", NULL, offsetof(struct dev, vifname) },
	{ NULL },
};

static int parse_nic(struct dev *n, char *rest, struct err *e)
{
	char *w, *v;
	int rc = 0;

	n->devid = -1;
	while (!rc && (w = next_word(&rest))) {
		if (!*w)
			continue;
		v = strchr(w, '=');
		if (!v)
			return err_set(e, -EINVAL, "vif: `%s' is not of the form key=value", w);
		*v = '\0';
		rc = set_word(n, nic_words, w, v + 1, e);
		if (rc > 0)
			rc = err_set(e, -EINVAL, "vif: unknown setting `%s'", w);
	}
	return rc;
}

int dev_parse(struct dev *d, enum dev_type type, const char *spec, struct err *e)
{
	char buf[SPEC_MAX];
	int rc;

	memset(d, 0, sizeof(*d));
	d->type = type;
	if (strlen(spec) >= sizeof(buf))
		return err_set(e, -EINVAL, "%s: description longer than %d bytes", dev_name[type],
			       SPEC_MAX);
	strcpy(buf, spec);
	rc = type == DEV_DISK ? parse_disk(d, buf, e) : parse_nic(d, buf, e);
	if (rc)
		dev_free(d);
	return rc;
}
