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
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xl/config.h"

#define SPEC_MAX 4096

const char *const dev_name[] = { "disk", "vif" };

/* Letters after the prefix count in base 26 without a zero: a, b, ... z, aa, ab. */
static unsigned int letters(const char **p)
{
	unsigned int n = 0;

	while (islower((unsigned char)**p) && n < 1 << 16)
		n = n * 26 + (*(*p)++ - 'a' + 1);
	return n - 1;
}

/* Numbers as in Xen's vbd-interface: old majors where they fit, else the extended form. */
int disk_devid(const char *v)
{
	static const char prefixes[][4] = { "xvd", "hd", "sd" };
	unsigned long disk = ULONG_MAX, part;
	char *end, kind = 'x';

	if (isdigit((unsigned char)*v)) {
		part = strtoul(v, &end, 0);
		return *end || part > 0x1fffffff ? -EINVAL : (int)part;
	}
	for (unsigned int i = 0; i < 3; i++)
		if (!strncmp(v, prefixes[i], strlen(prefixes[i]))) {
			kind = *v;
			v += strlen(prefixes[i]);
			disk = letters(&v);
		}
	if (v[0] == 'd' && isdigit((unsigned char)v[1])) {
		disk = strtoul(v + 1, &end, 10);
		v = end + (*end == 'p');
	}
	part = strtoul(v, &end, 10);
	if ((*v && !isdigit((unsigned char)*v)) || *end || disk >= 1 << 20 || part > 255)
		return -EINVAL;
	if (kind == 'h' && disk < 4 && part < 64)
		return (disk < 2 ? 3 : 22) << 8 | (disk & 1) << 6 | part;
	if (kind != 'h' && disk < 16 && part < 16)
		return (kind == 's' ? 8 : 202) << 8 | disk << 4 | part;
	return kind == 'x' ? (int)(1 << 28 | disk << 8 | part) : -EINVAL;
}

/* One of a few words; @arg is a letter of those that mean yes, 0 = all are as good. */
static const char *set_word(const struct key *k, const char *text, void *to)
{
	if (!listed(k->choices, text))
		return k->help;
	if (k->arg && *text)
		*(bool *)to = strchr(text, k->arg);
	return NULL;
}

/* Said without a value. */
static const char *set_flag(const struct key *k, const char *text, void *to)
{
	*(bool *)to = k->arg;
	return NULL;
}

static const char *ignore(const struct key *k, const char *text, void *to)
{
	return NULL;
}

static const char *set_u16(const struct key *k, const char *text, void *to)
{
	char *end;
	long n = strtol(text, &end, 10);

	*(int *)to = n;
	return end == text || *end || n < 0 || n > 65535 ? "is not a number up to 65535" : NULL;
}

static const char *set_vdev(const struct key *k, const char *text, void *to)
{
	struct dev *d = to;
	size_t len = strcspn(text, ":");

	if (len >= sizeof(d->vdev))
		return "is too long";
	memcpy(d->vdev, text, len);
	d->vdev[len] = '\0';
	d->cdrom |= !strcmp(text + len, ":cdrom");
	if (text[len] && !listed(" :cdrom :disk ", text + len))
		return "ends in neither `:cdrom' nor `:disk'";
	d->devid = disk_devid(d->vdev);
	return d->devid < 0 ? "is not a device like xvda" : NULL;
}

static const char *set_mac(const struct key *k, const char *text, void *to)
{
	struct dev *n = to;

	for (int i = 0, used = 0; i < 6; i++, text += used + 1)
		if (!isxdigit((unsigned char)*text) ||
		    sscanf(text, "%2hhx%n", &n->mac[i], &used) != 1 ||
		    text[used] != (i < 5 ? ':' : '\0'))
			return "is not a MAC address";
	n->mac_set = true;
	return n->mac[0] & 1 ? "is a multicast address" : NULL;
}

/* "10Mb/s@50ms", "1GB/s": bits or bytes per second, credit given every interval (default 50 ms). */
static const char *set_rate(const struct key *k, const char *text, void *to)
{
	struct dev *n = to;
	char *end;
	uint64_t per_s = strtoull(text, &end, 10), us = 50000;

	if (end == text || per_s > 1000000000ull)
		return "is not a number";
	per_s *= *end == 'G' ? 1000000000 : *end == 'M' ? 1000000 : *end == 'K' ? 1000 : 1;
	end += *end && strchr("GMK", *end) ? 1 : 0;
	if (strncmp(end, "b/s", 3) && strncmp(end, "B/s", 3))
		return "is not like 10Mb/s or 1MB/s";
	if (*end == 'b')
		per_s /= 8;
	end += 3;
	if (*end == '@') {
		us = strtoull(end + 1, &end, 10);
		us *= !strcmp(end, "ms") ? 1000 : !strcmp(end, "s") ? 1000000 : 1;
		if (!listed(" ms us s ", end) || !us || us > UINT32_MAX)
			return "has an interval that is not like 20ms";
	}
	if (__builtin_mul_overflow(per_s, us, &n->rate_bytes))
		return "is too high";
	n->rate_bytes /= 1000000;
	n->rate_us = us;
	return n->rate_bytes ? NULL : "is less than a byte";
}

#define AT(member) .at = offsetof(struct dev, member)
#define TEXT(key, member) \
	{ \
		.name = key, .set = set_string, .owned = true, AT(member) \
	}
#define WORD(key, words, why, ...) \
	{ \
		.name = key, .set = set_word, .choices = words, .help = why, __VA_ARGS__ \
	}
static const struct key disk_keys[] = {
	WORD("access", "  r ro w rw ", "is neither `r' nor `w'", .arg = 'w', AT(writable)),
	TEXT("backend", backend),
	WORD("backendtype", " phy ", "is not supported, only `phy' (the kernel's blkback)"),
	{ "cdrom", .set = set_flag, .arg = true, AT(cdrom) },
	WORD("devtype", " disk cdrom ", "is neither `disk' nor `cdrom'", .arg = 'c', AT(cdrom)),
	{ "direct-io-safe", .set = set_flag, .arg = true, AT(direct_io_safe) },
	{ "discard", .set = set_flag, .arg = false, AT(no_discard) },
	WORD("format", "  raw ", /* or nothing */
	     "needs a QEMU back-end, which this toolstack does not run; convert the image to raw"),
	{ "no-discard", .set = set_flag, .arg = true, AT(no_discard) },
	TEXT("script", script),
	WORD("specification", " xen ", "is not supported, only `xen'"),
	TEXT("target", target),
	{ "vdev", .set = set_vdev },
	{ NULL },
};
static const struct key nic_keys[] = {
	{ "accel", .set = ignore },
	TEXT("backend", backend),
	TEXT("bridge", bridge),
	{ "devid", .set = set_u16, AT(devid) },
	TEXT("gatewaydev", gatewaydev),
	TEXT("ip", ip),
	{ "mac", .set = set_mac },
	{ "model", .set = ignore },
	{ "mtu", .set = set_u16, AT(mtu) },
	{ "rate", .set = set_rate },
	TEXT("script", script),
	{ "trusted", .set = ignore },
	WORD("type", " vif ", "needs an emulated card, which ARM guests do not have"),
	TEXT("vifname", vifname),
	{ NULL },
};
static const struct key *const keys_of[] = { disk_keys, nic_keys };

void dev_free(struct dev *d)
{
	for (int type = DEV_DISK; type <= DEV_NIC; type++)
		for (const struct key *k = keys_of[type]; k->name; k++) {
			char **member = (char **)((char *)d + k->at);

			if (k->owned) {
				free(*member);
				*member = NULL; /* both types may have it */
			}
		}
}

const char *dev_set(struct dev *d, const char *key, const char *value)
{
	const struct key *k = key_find(keys_of[d->type], key);

	return k ? k->set(k, value, (char *)d + k->at) : "belongs to an unknown setting";
}

/* What a word without a key means by its place; takes old prefixes off, which have no format. */
static const char *key_of_place(int *place, char **w, struct err *e)
{
	static const char *const names[] = { "target", "format", "vdev", "access" };
	const char *name = names[*place % 4];
	const bool first = !*place;
	char prefix[8];

	if (*place > 3) {
		err_set(e, -EINVAL, "disk: `%s' is one word too many", *w);
		return NULL;
	}
	while (first && strchr(*w, ':')) {
		snprintf(prefix, sizeof(prefix), "%.*s", (int)strcspn(*w, ":"), *w);
		if (listed(" qcow qcow2 vhd iscsi nbd drbd ", prefix)) {
			err_set(e, -EINVAL,
				"disk: `%s:' is not supported; use a block device or a raw file",
				prefix);
			return NULL;
		}
		if (!listed(" phy file raw aio tap tap2 ", prefix))
			break;
		*w += strlen(prefix) + 1;
		*place = 1;
	}
	++*place;
	return name;
}

/* A word that is a key by itself, key=value, or one that its place explains. */
static int take(struct dev *d, char *w, int *place, struct err *e)
{
	const struct key *flag = key_find(keys_of[d->type], w);
	const char *key = w, *wrong;
	char *v = strchr(w, '='), *slash = strchr(w, '/');

	if (v && (!slash || slash > v)) { /* a path may have a `=' in it */
		*v++ = '\0';
	} else if (d->type == DEV_NIC) {
		return err_set(e, -EINVAL, "vif: `%s' is not of the form key=value", w);
	} else if (!flag || flag->set != set_flag) {
		key = key_of_place(place, &w, e);
		if (!key)
			return -EINVAL;
		v = w;
	}
	wrong = dev_set(d, key, v);
	return wrong ? err_set(e, -EINVAL, "%s: %s `%s' %s", dev_name[d->type], key, v, wrong) : 0;
}

int dev_parse(struct dev *d, enum dev_type type, const char *spec, struct err *e)
{
	const bool disk = type == DEV_DISK;
	char buf[SPEC_MAX], *rest = buf, *w;
	int rc = 0, place = 0;

	*d = (struct dev){ .type = type, .writable = disk, .devid = disk ? 0 : -1 };
	if (strlen(spec) >= sizeof(buf))
		return err_set(e, -EINVAL, "%s: description longer than %d bytes", dev_name[type],
			       SPEC_MAX);
	strcpy(buf, spec);
	while (!rc && (w = strsep(&rest, ","))) {
		w += strspn(w, " \t");
		if (disk && rest && !strncmp(w, "target=", 7)) { /* takes all the rest */
			rest[-1] = ',';
			rest = NULL;
		}
		rc = *w || disk ? take(d, w, &place, e) : 0;
	}
	if (!rc && disk && !d->vdev[0])
		rc = err_set(e, -EINVAL, "disk: no vdev, such as xvda, is named");
	if (!rc && disk && !d->target && !d->cdrom)
		rc = err_set(e, -EINVAL, "disk: no target is named");
	if (d->cdrom)
		d->writable = false;
	if (rc)
		dev_free(d);
	return rc;
}
