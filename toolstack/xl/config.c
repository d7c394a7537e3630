// SPDX-License-Identifier: GPL-2.0-only
/*
 * config.c - the meaning of each xl.cfg key, in one table.
 *
 * Owns the table; pure apart from the warnings it is asked to print.  Invariant: every key that
 * xl.cfg(5) of Xen 4.17 documents is in the table of keys or in that of others, which are fine
 * when switched off, otherwise ignored with a warning or refused with a reason; any other key is
 * an error with the nearest name.  The manual page is printed from the same lines.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "builder/abi.h"
#include "xl/cfg.h"
#include "xl/config.h"

const char *const config_action_names[] = { "destroy",	 "restart",	     "rename-restart",
					    "preserve",	 "coredump-destroy", "coredump-restart",
					    "soft-reset" };

struct ctx {
	struct config *c;
	const struct cfg *cfg;
	const struct cfg_value *v; /* the value at hand */
	const struct key *key;	   /* and whose it is */
	FILE *warn;
	struct err *e;
};

struct key {
	const char *name, *help; /* a line of the manual page */
	int (*set)(struct ctx *x, void *to);
	size_t offset;
	size_t size, nr; /* of a list: bytes of an item, where their number is; @set is for each */
	uint32_t min, max;
	const char *choices; /* words between spaces */
};

static int fail(struct ctx *x, const char *what)
{
	char where[160];

	cfg_where(x->cfg, x->v->line, x->v->col, where, sizeof(where));
	if (x->v->line <= 0) /* no line to look at, so say which setting */
		return err_set(x->e, -EINVAL, "%s: %s: %s", where, x->key->name, what);
	return err_set(x->e, -EINVAL, "%s: %s", where, what);
}

/* Puts the place in front of a sentence that a parser left in x->e. */
static int fail_at(struct ctx *x)
{
	char what[sizeof(x->e->msg)];

	snprintf(what, sizeof(what), "%s", x->e->msg);
	return fail(x, what);
}

static int set_str(struct ctx *x, void *to)
{
	char **s = to;

	if (x->v->kind == CFG_LIST)
		return fail(x, "expecting a string, not a list");
	free(*s);
	*s = NULL;
	if (!*x->v->text) /* as if it were not said */
		return 0;
	*s = strdup(x->v->text);
	return *s ? 0 : err_set(x->e, -ENOMEM, "no memory");
}

static int get_number(struct ctx *x, uint64_t *n, uint64_t max)
{
	char *end;

	if (x->v->kind == CFG_LIST || !isdigit((unsigned char)x->v->text[0]))
		return fail(x, "expecting a number");
	errno = 0;
	*n = strtoull(x->v->text, &end, 0);
	if (*end || errno)
		return fail(x, "not a valid number");
	return *n > max ? fail(x, "number too large") : 0;
}

static int set_number(struct ctx *x, void *to)
{
	uint64_t n;
	int rc = get_number(x, &n, x->key->max ? x->key->max : INT32_MAX);

	if (!rc && n < x->key->min)
		rc = fail(x, "number too small");
	if (!rc)
		*(uint32_t *)to = n;
	return rc;
}

static int set_action(struct ctx *x, void *to)
{
	int i;

	for (i = 0; x->v->kind == CFG_STRING && i <= ACTION_COREDUMP_RESTART; i++)
		if (!strcmp(x->v->text, config_action_names[i])) {
			*(enum action *)to = i;
			return 0;
		}
	return fail(x, "expecting destroy, restart, rename-restart, preserve, coredump-destroy or "
		       "coredump-restart");
}

static int set_uuid(struct ctx *x, void *to)
{
	const char *t = x->v->kind == CFG_STRING ? x->v->text : "";
	uint8_t *u = x->c->uuid;
	int i;

	for (i = 0; i < 16; i++) {
		t += *t == '-' && (i == 4 || i == 6 || i == 8 || i == 10);
		if (!isxdigit((unsigned char)t[0]) || !isxdigit((unsigned char)t[1]))
			return fail(x,
				    "expecting a UUID like 01234567-89ab-cdef-0123-456789abcdef");
		u[i] = strtoul((char[]){ t[0], t[1], 0 }, NULL, 16);
		t += 2;
	}
	x->c->uuid_set = true;
	return *t ? fail(x, "UUID too long") : 0;
}

static int set_name(struct ctx *x, void *to)
{
	const char *p = x->v->kind == CFG_LIST ? "" : x->v->text;

	if (!*p || strlen(p) > CONFIG_NAME_MAX || strspn(p, "0123456789") == strlen(p))
		return fail(x, "a name has 1 to 64 characters and is not a number");
	for (; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.:+", *p))
			return fail(x, "a name consists of letters, digits and - _ . : +");
	return set_str(x, to);
}

/* Is @key one of the words?  They stand between spaces, so that no part of a word is found. */
static bool listed(const char *words, const char *key)
{
	char word[66];
	int n = snprintf(word, sizeof(word), " %s ", key);

	return n > 0 && n < (int)sizeof(word) && strstr(words, word);
}

/* One of a few words; all of them may mean the same, then nothing is kept. */
static int set_choice(struct ctx *x, void *to)
{
	char what[80];

	if (x->v->kind != CFG_LIST && listed(x->key->choices, x->v->text))
		return to ? set_str(x, to) : 0;
	snprintf(what, sizeof(what), "expecting one of%.*s", (int)strlen(x->key->choices) - 1,
		 x->key->choices);
	return fail(x, what);
}

/* A value that asks for nothing: what every guest has anyway. */
static bool is_off(const struct cfg_value *v)
{
	static const char *const off[] = { "", "0", "no", "none", "off", "false", "disabled" };
	unsigned int i;

	if (v->kind == CFG_LIST)
		return !v->nr;
	for (i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		if (!strcmp(v->text, off[i]))
			return true;
	return false;
}

static int set_none(struct ctx *x, void *to)
{
	return is_off(x->v) ? 0 : fail(x, "this hypervisor does not offer it; leave the key out");
}

static int set_vuart(struct ctx *x, void *to)
{
	return is_off(x->v) ? 0 : set_choice(x, to);
}

/* Each item of a list, or a single value standing for a list of one; only good ones are counted. */
static int set_list(struct ctx *x, char **array, uint32_t *nr)
{
	const struct cfg_value *v = x->v->kind == CFG_LIST ? x->v->items : x->v, *list = x->v;
	size_t n = list->kind == CFG_LIST ? list->nr : 1, size = x->key->size;
	int rc = 0;

	if (x->key->max && n > x->key->max)
		return fail(x, "the list is too long");
	if (array && !(*array = calloc(n ? n : 1, size)))
		return err_set(x->e, -ENOMEM, "no memory");
	for (; *nr < n && !rc; *nr += !rc) {
		x->v = &v[*nr];
		rc = x->key->set(x, array ? *array + *nr * size : NULL);
	}
	return rc;
}

struct dev *config_dev(const struct config *c, enum dev_type type, int devid)
{
	for (unsigned int i = 0; i < c->nr_devs; i++)
		if (c->devs[i].type == type && c->devs[i].devid == devid)
			return &c->devs[i];
	return NULL;
}

int config_add(struct config *c, const struct dev *d, struct err *e)
{
	struct dev *all = realloc(c->devs, (c->nr_devs + 1) * sizeof(*all));

	if (!all)
		return err_set(e, -ENOMEM, "no memory");
	c->devs = all;
	all[c->nr_devs++] = *d;
	return 0;
}

static int one_dev(struct ctx *x, enum dev_type type)
{
	struct dev d;
	int rc;

	if (x->v->kind != CFG_STRING)
		return fail(x, "expecting a string that describes a device");
	if (dev_parse(&d, type, x->v->text, x->e))
		return fail_at(x);
	for (bool any = d.devid < 0; any && (d.devid < 0 || config_dev(x->c, type, d.devid));)
		d.devid++;
	rc = !config_dev(x->c, type, d.devid) ? config_add(x->c, &d, x->e)
	     : type == DEV_DISK		      ? fail(x, "a second disk with the same vdev")
					      : fail(x, "a second interface of the same devid");
	if (rc)
		dev_free(&d);
	return rc;
}

static int one_disk(struct ctx *x, void *to)
{
	return one_dev(x, DEV_DISK);
}

static int one_nic(struct ctx *x, void *to)
{
	return one_dev(x, DEV_NIC);
}

static int one_cpumask(struct ctx *x, void *to)
{
	if (x->v->kind == CFG_LIST)
		return fail(x, "expecting CPU numbers");
	return cpumask_parse(to, x->v->text, x->e) ? fail_at(x) : 0;
}

/* "START,NR[@GFN]" in hexadecimal pages. */
static int one_iomem(struct ctx *x, void *to)
{
	const char *t = x->v->kind == CFG_LIST ? "" : x->v->text;
	struct iomem *m = to;
	int used = 0, n = sscanf(t, "%" SCNx64 ",%" SCNx64 "%n@%" SCNx64 "%n", &m->start, &m->nr,
				 &used, &m->gfn, &used);

	if (n == 2)
		m->gfn = m->start;
	if (n < 2 || t[used] || strpbrk(t, "-+ ") || !m->nr || m->nr > 1ull << 24 ||
	    m->start > 1ull << 36 || m->gfn > 1ull << 36)
		return fail(x, "expecting START,PAGES[@GFN] in hexadecimal");
	return 0;
}

static int one_irq(struct ctx *x, void *to)
{
	uint64_t n;

	if (get_number(x, &n, 1019))
		return -EINVAL;
	*(uint32_t *)to = n;
	return n < 32 ? fail(x, "interrupts below 32 belong to a CPU and cannot be given away") : 0;
}

static int one_dtdev(struct ctx *x, void *to)
{
	if (x->v->kind != CFG_STRING || x->v->text[0] != '/')
		return fail(x, "expecting the path of a device-tree node");
	return set_str(x, to);
}

#define AT(field) offsetof(struct config, field)
#define GUEST_TYPES " pvh pv generic linux "
#define MAX_MIB (1u << 20)
/* Keys of other machines or other devices, in words between spaces. */
static const struct {
	const char *names, *why;
	bool refuse; /* the guest would not be what was asked for; otherwise a warning is enough */
} others[] = {
	{ " acpi_firmware acpi_laptop_slate acpi_s3 acpi_s4 altp2m altp2mhvm apic bios "
	  "bios_path_override boot claim_mode cpuid device_model_args device_model_args_hvm "
	  "device_model_args_pv device_model_override device_model_stubdomain_override "
	  "device_model_stubdomain_seclabel device_model_user device_model_version dm_restrict "
	  "e820_host firmware firmware_override gfx_passthru hap hdtype hpet keymap localtime "
	  "max_grant_version mca_caps mmio_hole ms_vm_genid msr_relaxed nestedhvm nographic "
	  "nomigrate nx on_soft_reset oos opengl ovmf pae pci_msitranslate pci_permissive "
	  "pci_power_mgmt pci_seize pvh pvshim pvshim_cmdline pvshim_extra pvshim_path rdm "
	  "rdm_mem_boundary rtc_timeoffset sdl serial shadow_memory smbios smbios_firmware soundhw "
	  "spice spice_clipboard_sharing spice_image_compression spice_streaming_video "
	  "spiceagent_mouse spicedisable_ticketing spicehost spicepasswd spiceport spicetls_port "
	  "spiceusbredirection spicevdagent stdvga stubdomain_cmdline stubdomain_kernel "
	  "stubdomain_memory stubdomain_ramdisk suppress_spurious_page_faults timer_mode tsc_mode "
	  "usb usbdevice usbversion vga videoram viridian vkb_device vmtrace_buf_kb vnc vncconsole "
	  "vncdisplay vnclisten vncpasswd vncunused vnuma vpt_align xen_platform_pci "
	  "xend_suspend_evtchn_compat ",
	  "means nothing for a guest on ARM", false },
	{ " extratime latency period slice ", "belongs to another scheduler than credit2", false },
	{ " init_seclabel seclabel ", "there is no FLASK policy", false },
	{ " acpi ", "guests are described by a device tree", true },
	{ " bootloader bootloader_args bootloader_restrict ", "give kernel= and ramdisk= instead",
	  true },
	{ " channel p9 usbctrl usbdev vdispl vfb vif2 vkb vsnd vtpm ",
	  "this toolstack offers block and network devices", true },
	{ " driver_domain ", "back-ends run in Dom0", true },
	{ " ioports ", "ARM has no I/O ports", true },
	{ " pci ", "the hypervisor has no PCI pass-through", true },
	{ " vpmu ", "not offered by the hypervisor", true },
};
#define NR_OTHERS (sizeof(others) / sizeof(others[0]))

/* Names of members as the keys they are set by; LIST: one value for each item. */
#define KEY(key, fn, at, text) \
	{ \
		.name = #key, .set = fn, .offset = at, .help = text \
	}
#define STR(key, text) KEY(key, set_str, AT(key), text)
#define NO SIZE_MAX /* not one member */
#define NUM(key, low, high, text) \
	{ \
		.name = #key, .set = set_number, .offset = AT(key), .min = low, .max = high, \
		.help = text \
	}
#define ONE_OF(key, at, words, text) \
	{ \
		.name = #key, .set = set_choice, .offset = at, .choices = words, .help = text \
	}
#define DEVS(key, one, text) \
	{ \
		.name = #key, .set = one, .offset = NO, .size = 1, .help = text \
	}
#define LIST(key, field, one, most, text) \
	{ \
		.name = #key, .set = one, .offset = AT(field), .nr = AT(nr_##field), .max = most, \
		.size = sizeof(*((struct config *)0)->field), .help = text \
	}
static const struct key keys[] = {
	/* sorted by name */
	ONE_OF(builder, NO, GUEST_TYPES, "old name of type"),
	NUM(cap, 0, 65535, "Most CPU time the guest may use, in percent of one CPU; 0 = no limit."),
	STR(cmdline, "The kernel's command line; replaces root and extra."),
	NUM(cpu_weight, 0, 65535, "Share of CPU time, 1 to 65535; default 256."),
	LIST(cpus, hard, one_cpumask, CONFIG_MAX_VCPUS,
	     "CPUs the vCPUs may run on: \"all\", \"0-3,^1\", or a list with one entry per vCPU."),
	LIST(cpus_soft, soft, one_cpumask, CONFIG_MAX_VCPUS, "CPUs the vCPUs prefer, as for cpus."),
	STR(device_tree,
	    "File with a partial device tree (dtb); its /passthrough and /aliases are added to the "
	    "guest's. 65000 is the phandle of the guest's interrupt controller."),
	DEVS(disk, one_disk,
	     "List of disks: \"target,format,vdev,access\" or \"phy:/dev/x,xvda,w\", "
	     "\"file:/path,xvda,r\"."),
	LIST(dtdev, dtdev, one_dtdev, 0,
	     "List of device-tree paths of devices behind an IOMMU to pass through; refused where "
	     "there is none."),
	STR(extra, "Added to the kernel's command line."),
	ONE_OF(gic_version, AT(gic_version), " default v2 v3 ",
	       "Virtual GIC: \"default\" (that of the machine), \"v2\" or \"v3\"."),
	LIST(iomem, iomem, one_iomem, 0,
	     "List of \"START,PAGES[@GFN]\" in hexadecimal: machine pages the guest may use, of "
	     "devices kept from Dom0 by xen,passthrough in the machine's tree."),
	LIST(irqs, irqs, one_irq, 0,
	     "List of shared peripheral interrupts (32 and up: SPI number + 32) to give to the "
	     "guest, of devices kept from Dom0."),
	STR(kernel, "The kernel: an arm64 Image, plain or gzip'd, an ELF file or a zImage."),
	NUM(max_event_channels, 0, 0, "Highest event-channel port; default 1023."),
	NUM(max_grant_frames, 0, 0, "Limit of grant-table frames; default the hypervisor's."),
	NUM(max_maptrack_frames, 0, 0, "Limit of maptrack frames; default the hypervisor's."),
	NUM(maxmem, 1, MAX_MIB, "Memory the guest may grow to, in MiB; default memory."),
	NUM(maxvcpus, 1, CONFIG_MAX_VCPUS, "vCPUs the guest can have; default vcpus."),
	NUM(memory, 1, MAX_MIB, "Memory in MiB; default 128."),
	KEY(name, set_name, AT(name), "The guest's name; required."),
	KEY(on_crash, set_action, AT(on_crash), "What to do when it crashes; default destroy."),
	KEY(on_poweroff, set_action, AT(on_poweroff),
	    "What to do when it powers off: destroy (default), restart, rename-restart, "
	    "preserve, coredump-destroy, coredump-restart."),
	KEY(on_reboot, set_action, AT(on_reboot), "What to do when it reboots; default restart."),
	KEY(on_watchdog, set_action, AT(on_watchdog),
	    "What to do when its watchdog fires; default destroy."),
	KEY(passthrough, set_none, NO, "only \"disabled\""),
	STR(pool, "CPU pool; only Pool-0."),
	STR(ramdisk, "The initramfs."),
	STR(root, "Becomes root=... on the kernel's command line."),
	KEY(tee, set_none, NO, "only \"none\""),
	ONE_OF(type, NO, GUEST_TYPES, "\"pvh\", the one type ARM has."),
	KEY(uuid, set_uuid, NO, "The guest's UUID; default random."),
	NUM(vcpus, 1, CONFIG_MAX_VCPUS, "vCPUs at start; default 1."),
	DEVS(vif, one_nic,
	     "List of interfaces: \"mac=..,bridge=..,ip=..,vifname=..,rate=..,script=..\"; an "
	     "empty string is enough."),
	{ .name = "vuart",
	  .set = set_vuart,
	  .offset = AT(vuart),
	  .choices = " sbsa_uart ",
	  .help = "\"sbsa_uart\": an emulated UART beside the PV console, for firmware and early "
		  "messages (earlycon=pl011,0x22000000 console=ttyAMA0; xl console -t vuart); "
		  "default \"none\"." },
};
#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

/* Edits (insert, delete, change a letter) from one word to the other; words here are short. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[65], diag, up, i, j, la = strlen(a), lb = strlen(b);

	if (la > 64 || lb > 64)
		return 64;
	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		diag = row[0]++;
		for (j = 1; j <= lb; j++) {
			up = row[j];
			row[j] = diag + (a[i - 1] != b[j - 1]);
			if (up + 1 < row[j])
				row[j] = up + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			diag = up;
		}
	}
	return row[lb];
}

/* A key without a line in the table: of another machine, or mistyped. */
static int other_key(struct ctx *x, const struct cfg_entry *en)
{
	unsigned int i, d, best = 4;
	const char *near = NULL;
	char where[160];

	cfg_where(x->cfg, en->line, en->col, where, sizeof(where));
	for (i = 0; i < NR_OTHERS; i++) {
		if (!listed(others[i].names, en->key))
			continue;
		if (is_off(&en->value))
			return 0;
		if (others[i].refuse)
			return err_set(x->e, -EINVAL, "%s: `%s' is not supported: %s", where,
				       en->key, others[i].why);
		if (x->warn)
			fprintf(x->warn, "%s: warning: `%s' is ignored: %s\n", where, en->key,
				others[i].why);
		return 0;
	}
	for (i = 0; i < NR_KEYS; i++) {
		d = distance(en->key, keys[i].name);
		if (d < best) {
			best = d;
			near = keys[i].name;
		}
	}
	if (near)
		return err_set(x->e, -EINVAL, "%s: unknown setting `%.64s', did you mean `%s'?",
			       where, en->key, near);
	return err_set(x->e, -EINVAL, "%s: unknown setting `%.64s'", where, en->key);
}

static int apply(struct ctx *x, const struct cfg_entry *en)
{
	unsigned int i;
	uint32_t nr = 0;
	void *to;

	for (i = 0; i < NR_KEYS; i++) {
		const struct key *k = &keys[i];

		if (strcmp(en->key, k->name))
			continue;
		x->v = &en->value;
		x->key = k;
		to = k->offset == SIZE_MAX ? NULL : (char *)x->c + k->offset;
		return k->size ? set_list(x, to, to ? (uint32_t *)((char *)x->c + k->nr) : &nr)
			       : k->set(x, to);
	}
	return other_key(x, en);
}

/* What depends on more than one key. */
static int finish(struct config *c, const char *name, FILE *warn, struct err *e)
{
	if (!c->name)
		return err_set(e, -EINVAL, "%s: Domain name must be specified.", name);
	if (!c->kernel)
		return err_set(e, -EINVAL, "%s: no kernel= given", name);
	c->memory = c->memory ? c->memory : c->maxmem ? c->maxmem : 128;
	c->maxmem = c->maxmem ? c->maxmem : c->memory;
	c->vcpus = c->vcpus ? c->vcpus : c->maxvcpus ? c->maxvcpus : 1;
	c->maxvcpus = c->maxvcpus ? c->maxvcpus : c->vcpus;
	if (c->memory > c->maxmem)
		return err_set(e, -EINVAL, "%s: memory (%u) is more than maxmem (%u)", name,
			       c->memory, c->maxmem);
	if (c->vcpus > c->maxvcpus)
		return err_set(e, -EINVAL, "%s: xl: vcpus > maxvcpus: %u > %u", name, c->vcpus,
			       c->maxvcpus);
	for (unsigned int i = 0; c->vuart && i < c->nr_irqs; i++)
		if (c->irqs[i] == GUEST_VPL011_SPI)
			return err_set(e, -EINVAL,
				       "%s: interrupt %u of irqs= is that of vuart=", name,
				       c->irqs[i]);
	if (c->pool && strcmp(c->pool, "Pool-0"))
		return err_set(e, -EINVAL, "%s: there is no CPU pool `%s'", name, c->pool);
	if (c->cmdline) {
		if ((c->root || c->extra) && warn)
			fprintf(warn,
				"%s: warning: ignoring root= and extra= in favour of cmdline=\n",
				name);
		return 0;
	}
	if ((c->root || c->extra) &&
	    asprintf(&c->cmdline, "%s%s%s%s", c->root ? "root=" : "", c->root ? c->root : "",
		     c->root && c->extra ? " " : "", c->extra ? c->extra : "") < 0) {
		c->cmdline = NULL;
		return err_set(e, -ENOMEM, "no memory");
	}
	return 0;
}

int config_parse(struct config *c, const char *name, const char *text, size_t len,
		 char *const *extra, int nr_extra, FILE *warn, struct err *e)
{
	struct cfg cfg = { .name = name };
	struct ctx x = { .c = c, .cfg = &cfg, .warn = warn, .e = e };
	size_t i;
	int rc;

	memset(c, 0, sizeof(*c));
	c->on_reboot = ACTION_RESTART;
	c->max_event_channels = 1023;
	rc = cfg_parse(&cfg, text, len, 1, e);
	for (i = 0; !rc && i < (size_t)nr_extra; i++)
		rc = cfg_parse(&cfg, extra[i], strlen(extra[i]), 0, e);
	for (i = 0; !rc && i < cfg.nr; i++)
		rc = apply(&x, &cfg.entries[i]);
	if (!rc)
		rc = finish(c, name, warn, e);
	cfg_free(&cfg);
	return rc;
}

void config_free(struct config *c)
{
	unsigned int i;

	for (i = 0; i < c->nr_devs; i++)
		dev_free(&c->devs[i]);
	for (i = 0; i < c->nr_dtdev; i++)
		free(c->dtdev[i]);
	free(c->devs);
	for (i = 0; i < NR_KEYS; i++)
		if (keys[i].offset != SIZE_MAX && keys[i].set != set_number &&
		    keys[i].set != set_action)
			free(*(char **)((char *)c + keys[i].offset)); /* a string or a list */
	memset(c, 0, sizeof(*c));
}

void config_man(FILE *out)
{
	unsigned int i;

	for (i = 0; i < NR_KEYS; i++)
		fprintf(out, ".TP\n.B %s\n%s\n", keys[i].name, keys[i].help);
	fprintf(out, ".SS Known, not offered\nAccepted when they are switched off or empty "
		     "(0, no, none, off, false, disabled, [ ]).\n");
	for (i = 0; i < NR_OTHERS; i++)
		fprintf(out, ".TP\n.B%s\n%s: %s.\n", others[i].names,
			others[i].refuse ? "Refused" : "Ignored with a warning", others[i].why);
}
