// SPDX-License-Identifier: GPL-2.0-only
/*
 * json.c - a guest's configuration in stock xl's JSON, layout and all.
 *
 * Pure output; owns only the indentation.  Stock tools read what is stored, scripts read what is
 * printed, so names, order and the odd "True" are those of Xen 4.17.
 */
#include <stdlib.h>

#include "xl/config.h"
#include "xl/json.h"

void uuid_text(char out[37], const uint8_t *u)
{
	int i, n = 0;

	for (i = 0; i < 16; i++)
		n += sprintf(out + n, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			     u[i]);
}

void mac_text(char out[18], const uint8_t *m)
{
	sprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static void newline(struct json *j)
{
	fputc('\n', j->out);
	for (int i = 0; i < j->indent; i++)
		fputc(' ', j->out);
}

void json_string(FILE *out, const char *s)
{
	fputc('"', out);
	for (; s && *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fprintf(out, "\\u%04x", (unsigned char)*s);
		else
			fputc(*s, out);
	}
	fputc('"', out);
}

/* Begins a member (or an element, @key NULL) on its own line. */
static void member(struct json *j, const char *key)
{
	if (j->more)
		fputc(',', j->out);
	newline(j);
	j->more = true;
	if (key) {
		json_string(j->out, key);
		fputs(": ", j->out);
	}
}

void json_open(struct json *j, const char *key, char bracket)
{
	if (key || j->indent || j->more) /* not for the outermost */
		member(j, key);
	fputc(bracket, j->out);
	j->indent += 4;
	j->more = false;
}

void json_close(struct json *j, char bracket)
{
	j->indent -= 4;
	if (!j->more)
		fputc('\n', j->out); /* as stock prints an empty object */
	newline(j);
	fputc(bracket, j->out);
	j->more = true;
}

void json_str(struct json *j, const char *key, const char *value)
{
	if (!value)
		return;
	member(j, key);
	json_string(j->out, value);
}

void json_num(struct json *j, const char *key, uint64_t value)
{
	member(j, key);
	fprintf(j->out, "%llu", (unsigned long long)value);
}

static void put_empty(struct json *j, const char *key)
{
	json_open(j, key, '{');
	json_close(j, '}');
}

static void put_masks(struct json *j, const char *key, const struct cpumask *m, unsigned int nr,
		      unsigned int vcpus)
{
	unsigned int v, i;

	if (!nr)
		return;
	json_open(j, key, '[');
	for (v = 0; v < vcpus && (v < nr || nr == 1); v++) {
		const struct cpumask *cpu = &m[nr == 1 ? 0 : v];

		json_open(j, NULL, '[');
		for (i = 0; i < CONFIG_MAX_CPUS; i++)
			if (cpu->bits[i / 8] >> i % 8 & 1)
				json_num(j, NULL, i);
		json_close(j, ']');
	}
	json_close(j, ']');
}

static void put_c_info(struct json *j, const struct config *c, bool stored)
{
	char text[37];

	json_open(j, "c_info", '{');
	json_str(j, "type", "pvh");
	json_str(j, "name", c->name);
	if (stored)
		json_num(j, "domid", UINT32_MAX);
	uuid_text(text, c->uuid);
	json_str(j, "uuid", text);
	json_str(j, "run_hotplug_scripts", "True");
	json_close(j, '}');
}

static void put_sched(struct json *j, const struct config *c, bool stored)
{
	json_open(j, "sched_params", '{');
	if (stored)
		json_str(j, "sched", "credit2");
	if (stored || c->cpu_weight)
		json_num(j, "weight", c->cpu_weight ? c->cpu_weight : 256);
	if (stored || c->cap)
		json_num(j, "cap", c->cap);
	json_close(j, '}');
}

static void put_arch(struct json *j, const struct config *c)
{
	put_empty(j, "type.pvh");
	json_open(j, "arch_arm", '{');
	json_str(j, "gic_version", c->gic_version);
	json_str(j, "vuart", c->vuart);
	json_close(j, '}');
	put_empty(j, "arch_x86");
}

static void put_b_info(struct json *j, const struct config *c, bool stored)
{
	unsigned int i;

	json_open(j, "b_info", '{');
	json_num(j, "max_vcpus", c->maxvcpus);
	json_open(j, "avail_vcpus", '[');
	for (i = 0; i < c->vcpus; i++)
		json_num(j, NULL, i);
	json_close(j, ']');
	put_masks(j, "vcpu_hard_affinity", c->hard, c->nr_hard, c->maxvcpus);
	put_masks(j, "vcpu_soft_affinity", c->soft, c->nr_soft, c->maxvcpus);
	json_num(j, "max_memkb", (uint64_t)c->maxmem << 10);
	json_num(j, "target_memkb", (uint64_t)c->memory << 10);
	if (stored)
		json_num(j, "video_memkb", 0);
	put_sched(j, c, stored);
	if (c->nr_iomem) {
		json_open(j, "iomem", '[');
		for (i = 0; i < c->nr_iomem; i++) {
			json_open(j, NULL, '{');
			json_num(j, "start", c->iomem[i].start);
			json_num(j, "number", c->iomem[i].nr);
			json_num(j, "gfn", c->iomem[i].gfn);
			json_close(j, '}');
		}
		json_close(j, ']');
	}
	if (c->nr_irqs) {
		json_open(j, "irqs", '[');
		for (i = 0; i < c->nr_irqs; i++)
			json_num(j, NULL, c->irqs[i]);
		json_close(j, ']');
	}
	json_str(j, "claim_mode", "True");
	json_str(j, "device_tree", c->device_tree);
	json_str(j, "kernel", c->kernel);
	json_str(j, "cmdline", c->cmdline);
	json_str(j, "ramdisk", c->ramdisk);
	put_arch(j, c);
	json_close(j, '}');
}

static void put_disk(struct json *j, const struct dev *d, bool stored)
{
	json_open(j, NULL, '{');
	json_str(j, "pdev_path", d->target);
	json_str(j, "vdev", d->vdev);
	json_str(j, "format", "raw");
	json_str(j, "script", d->script);
	if (d->cdrom)
		json_num(j, "removable", 1);
	if (d->writable)
		json_num(j, "readwrite", 1);
	if (d->cdrom)
		json_num(j, "is_cdrom", 1);
	if (stored)
		json_str(j, "colo_restore_enable", "False");
	json_close(j, '}');
}

static void put_nic(struct json *j, const struct dev *n, bool stored)
{
	char mac[18];

	json_open(j, NULL, '{');
	json_num(j, "devid", n->devid < 0 ? 0 : n->devid);
	if (n->mac_set) {
		mac_text(mac, n->mac);
		json_str(j, "mac", mac);
	}
	json_str(j, "ip", n->ip);
	json_str(j, "bridge", n->bridge);
	json_str(j, "ifname", n->vifname);
	json_str(j, "script", n->script);
	if (stored)
		json_str(j, "nictype", "vif");
	if (n->rate_bytes) {
		json_num(j, "rate_bytes_per_interval", n->rate_bytes);
		json_num(j, "rate_interval_usecs", n->rate_us);
	}
	json_close(j, '}');
}

static void put_devices(struct json *j, const struct config *c, bool stored)
{
	static const struct {
		const char *key;
		void (*put)(struct json *j, const struct dev *d, bool stored);
	} kinds[] = { { "disks", put_disk }, { "nics", put_nic } };

	for (int type = DEV_DISK; type <= DEV_NIC; type++) {
		bool open = false;

		for (unsigned int i = 0; i < c->nr_devs; i++) {
			if ((int)c->devs[i].type != type)
				continue;
			if (!open)
				json_open(j, kinds[type].key, '[');
			open = true;
			kinds[type].put(j, &c->devs[i], stored);
		}
		if (open)
			json_close(j, ']');
	}
}

void config_json_devices(FILE *out, const struct config *c, int indent)
{
	struct json j = { .out = out, .indent = indent };

	put_devices(&j, c, true);
}

void config_json(FILE *out, const struct config *c, int indent, bool stored)
{
	static const char *const names[] = { "destroy",	  "restart",	      "rename_restart",
					     "preserve",  "coredump_destroy", "coredump_restart",
					     "soft_reset" };
	const struct {
		const char *key;
		enum action action;
	} on[] = { { "on_poweroff", c->on_poweroff },
		   { "on_reboot", c->on_reboot },
		   { "on_watchdog", c->on_watchdog },
		   { "on_crash", c->on_crash } };
	struct json j = { .out = out };
	int i;

	json_open(&j, NULL, '{');
	j.indent += indent;
	put_c_info(&j, c, stored);
	put_b_info(&j, c, stored);
	put_devices(&j, c, stored);
	for (i = 0; i < 4; i++)
		if (on[i].action)
			json_str(&j, on[i].key, names[on[i].action]);
	json_str(&j, "on_soft_reset", "soft_reset");
	json_close(&j, '}');
}
