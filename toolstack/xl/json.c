// SPDX-License-Identifier: GPL-2.0-only
/*
 * json.c - a guest's configuration in stock xl's JSON.
 *
 * Pure; jansson does the rest.  Stock tools read what is stored, scripts read what is printed, so
 * names, order and the odd "True" are those of Xen 4.17.
 */
#include <stdlib.h>
#include <string.h>

#include "xl/json.h"

const char *uuid_text(char out[37], const uint8_t *u)
{
	for (int i = 0, n = 0; i < 16; i++)
		n += sprintf(out + n, "%s%02x", i > 3 && i < 11 && i % 2 == 0 ? "-" : "", u[i]);
	return out;
}

const char *mac_text(char out[18], const uint8_t *m)
{
	sprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	return out;
}

json_t *json_text(const char *s)
{
	return s ? json_string(s) ?: json_string("(not UTF-8)") : NULL;
}

void json_print(FILE *out, json_t *j)
{
	json_dumpf(j, out, JSON_INDENT(4));
	fputc('\n', out);
	json_decref(j);
}

/* A member is left out if its value is NULL.  Tables of them end with an empty one. */
struct member {
	const char *name;
	json_t *value;
};

static json_t *object(const struct member *m)
{
	json_t *o = json_object();

	for (; m->name; m++)
		if (m->value)
			json_object_set_new(o, m->name, m->value);
	return o;
}

static json_t *number_if(bool there, uint64_t n)
{
	return there ? json_integer(n) : NULL;
}

static json_t *cpus(const struct cpumask *m)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < CONFIG_MAX_CPUS; i++)
		if (cpumask_has(m, i))
			json_array_append_new(list, json_integer(i));
	return list;
}

/* A single mask is that of all vCPUs. */
static json_t *masks(const struct cpumask *m, unsigned int nr, unsigned int vcpus)
{
	json_t *list = nr ? json_array() : NULL;

	for (unsigned int v = 0; v < vcpus && (v < nr || nr == 1); v++)
		json_array_append_new(list, cpus(&m[nr == 1 ? 0 : v]));
	return list;
}

static json_t *iomem(const struct config *c)
{
	json_t *list = c->nr_iomem ? json_array() : NULL;

	for (unsigned int i = 0; i < c->nr_iomem; i++) {
		const struct member m[] = {
			{ "start", json_integer(c->iomem[i].start) },
			{ "number", json_integer(c->iomem[i].nr) },
			{ "gfn", json_integer(c->iomem[i].gfn) },
			{ NULL },
		};

		json_array_append_new(list, object(m));
	}
	return list;
}

static json_t *dtdevs(const struct config *c)
{
	json_t *list = c->nr_dtdev ? json_array() : NULL;

	for (unsigned int i = 0; i < c->nr_dtdev; i++) {
		const struct member m[] = { { "path", json_text(c->dtdev[i]) }, { NULL } };

		json_array_append_new(list, object(m));
	}
	return list;
}

static json_t *b_info(const struct config *c, bool stored)
{
	json_t *vcpus = json_array(), *irqs = c->nr_irqs ? json_array() : NULL;
	const struct member sched[] = {
		{ "sched", json_text(stored ? "credit2" : NULL) },
		{ "weight", number_if(stored || c->cpu_weight, c->cpu_weight ?: 256) },
		{ "cap", number_if(stored || c->cap, c->cap) },
		{ NULL },
	};
	const struct member arm[] = {
		{ "gic_version", json_text(c->gic_version) },
		{ "vuart", json_text(c->vuart) },
		{ NULL },
	};
	const struct member b[] = {
		{ "max_vcpus", json_integer(c->maxvcpus) },
		{ "avail_vcpus", vcpus },
		{ "vcpu_hard_affinity", masks(c->hard, c->nr_hard, c->maxvcpus) },
		{ "vcpu_soft_affinity", masks(c->soft, c->nr_soft, c->maxvcpus) },
		{ "max_memkb", json_integer((json_int_t)c->maxmem << 10) },
		{ "target_memkb", json_integer((json_int_t)c->memory << 10) },
		{ "video_memkb", number_if(stored, 0) },
		{ "sched_params", object(sched) },
		{ "iomem", iomem(c) },
		{ "irqs", irqs },
		{ "event_channels",
		  number_if(c->max_event_channels && c->max_event_channels != CONFIG_EVENT_CHANNELS,
			    c->max_event_channels) },
		{ "max_grant_frames", number_if(c->max_grant_frames, c->max_grant_frames) },
		{ "max_maptrack_frames",
		  number_if(c->max_maptrack_frames, c->max_maptrack_frames) },
		{ "claim_mode", json_text("True") },
		{ "device_tree", json_text(c->device_tree) },
		{ "kernel", json_text(c->kernel) },
		{ "cmdline", json_text(c->cmdline) },
		{ "ramdisk", json_text(c->ramdisk) },
		{ "type.pvh", json_object() },
		{ "arch_arm", object(arm) },
		{ "arch_x86", json_object() },
		{ NULL },
	};

	for (unsigned int i = 0; i < c->vcpus; i++)
		json_array_append_new(vcpus, json_integer(i));
	for (unsigned int i = 0; i < c->nr_irqs; i++)
		json_array_append_new(irqs, json_integer(c->irqs[i]));
	return object(b);
}

static json_t *disk(const struct dev *d, bool stored)
{
	const struct member m[] = {
		{ "backend_domname", json_text(d->backend) },
		{ "pdev_path", json_text(d->target) },
		{ "vdev", json_text(d->vdev) },
		{ "format", json_text(d->target ? "raw" : "empty") },
		{ "script", json_text(d->script) },
		{ "removable", number_if(d->cdrom, 1) },
		{ "readwrite", number_if(d->writable, 1) },
		{ "is_cdrom", number_if(d->cdrom, 1) },
		{ "direct_io_safe", d->direct_io_safe ? json_true() : NULL },
		{ "discard_enable", json_text(d->no_discard ? "False" : NULL) },
		{ "colo_restore_enable", json_text(stored ? "False" : NULL) },
		{ NULL },
	};

	return object(m);
}

static json_t *nic(const struct dev *n, bool stored)
{
	char mac[18];
	const struct member m[] = {
		{ "backend_domname", json_text(n->backend) },
		{ "devid", number_if(n->devid >= 0, n->devid) },
		{ "mtu", number_if(n->mtu, n->mtu) },
		{ "mac", json_text(n->mac_set ? mac_text(mac, n->mac) : NULL) },
		{ "ip", json_text(n->ip) },
		{ "bridge", json_text(n->bridge) },
		{ "ifname", json_text(n->vifname) },
		{ "script", json_text(n->script) },
		{ "nictype", json_text(stored ? "vif" : NULL) },
		{ "gatewaydev", json_text(n->gatewaydev) },
		{ "rate_bytes_per_interval", number_if(n->rate_bytes, n->rate_bytes) },
		{ "rate_interval_usecs", number_if(n->rate_bytes, n->rate_us) },
		{ NULL },
	};

	return object(m);
}

json_t *dev_json(const struct dev *d, bool stored)
{
	return (d->type == DEV_DISK ? disk : nic)(d, stored);
}

void config_json_devices(json_t *config, const struct config *c, bool stored)
{
	static const char *const names[] = { [DEV_DISK] = "disks", [DEV_NIC] = "nics" };

	for (int type = DEV_DISK; type <= DEV_NIC; type++) {
		json_t *list = json_array();

		for (unsigned int i = 0; i < c->nr_devs; i++)
			if ((int)c->devs[i].type == type)
				json_array_append_new(list, dev_json(&c->devs[i], stored));
		if (json_array_size(list))
			json_object_set(config, names[type], list);
		else
			json_object_del(config, names[type]);
		json_decref(list);
	}
}

/* As the key has it, but for the `-'. */
static json_t *action(enum action a)
{
	static const char *const names[] = { NULL,	  "restart",	      "restart_rename",
					     "preserve",  "coredump_destroy", "coredump_restart",
					     "soft_reset" };

	return json_text(names[a]);
}

json_t *config_json(const struct config *c, bool stored)
{
	char uuid[37];
	const struct member c_info[] = {
		{ "type", json_text("pvh") },
		{ "name", json_text(c->name) },
		{ "domid", number_if(stored, UINT32_MAX) },
		{ "uuid", json_text(uuid_text(uuid, c->uuid)) },
		{ "pool_name", json_text(c->pool) },
		{ "run_hotplug_scripts", json_text("True") },
		{ NULL },
	};
	const struct member infos[] = {
		{ "c_info", object(c_info) },
		{ "b_info", b_info(c, stored) },
		{ "dtdevs", dtdevs(c) },
		{ NULL },
	};
	const struct member actions[] = {
		{ "on_poweroff", action(c->on_poweroff) },
		{ "on_reboot", action(c->on_reboot) },
		{ "on_watchdog", action(c->on_watchdog) },
		{ "on_crash", action(c->on_crash) },
		{ "on_soft_reset", action(ACTION_SOFT_RESET) },
		{ NULL },
	};
	json_t *all = object(infos);

	config_json_devices(all, c, stored);
	json_object_update_new(all, object(actions));
	return all;
}
