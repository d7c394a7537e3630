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

#include "xl/cfg.h"
#include "xl/config.h"

const char *const config_action_names[] = { "destroy",	 "restart",	     "rename-restart",
					    "preserve",	 "coredump-destroy", "coredump-restart",
					    "soft-reset" };

struct ctx {
	struct config *c;
	const struct cfg *cfg;
	const struct cfg_value *v; /* the value at hand */
	const char *key;	   /* and whose it is */
	FILE *warn;
	struct err *e;
};

struct key {
	const char *name;
	int (*set)(struct ctx *x, void *to);
	size_t offset;
	const char *help; /* a line of the manual page */
};

static int fail(struct ctx *x, const char *what)
{
	char where[160];

	cfg_where(x->cfg, x->v->line, x->v->col, where, sizeof(where));
	if (x->v->line <= 0) /* no line to look at, so say which setting */
		return err_set(x->e, -EINVAL, "%s: %s: %s", where, x->key, what);
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

static int set_u32(struct ctx *x, void *to)
{
	uint64_t n;
	int rc = get_number(x, &n, INT32_MAX);

	if (!rc)
		*(uint32_t *)to = n;
	return rc;
}

static int set_vcpus(struct ctx *x, void *to)
{
	uint64_t n;
	int rc = get_number(x, &n, CONFIG_MAX_VCPUS);

	if (!rc && !n)
		rc = fail(x, "at least one vCPU");
	if (!rc)
		*(uint32_t *)to = n;
	return rc;
}

static int set_mib(struct ctx *x, void *to)
{
	int rc = get_number(x, to, 1ull << 20);

	return rc || *(uint64_t *)to ? rc : fail(x, "a guest needs memory");
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

static int set_type(struct ctx *x, void *to)
{
	if (x->v->kind == CFG_STRING &&
	    (!strcmp(x->v->text, "pvh") || !strcmp(x->v->text, "pv") ||
	     !strcmp(x->v->text, "generic") || !strcmp(x->v->text, "linux")))
		return 0;
	return fail(x, "ARM has one type of guest, `pvh'");
}

static int set_gic(struct ctx *x, void *to)
{
	if (x->v->kind == CFG_STRING && (!strcmp(x->v->text, "default") ||
					 !strcmp(x->v->text, "v2") || !strcmp(x->v->text, "v3")))
		return set_str(x, to);
	return fail(x, "expecting default, v2 or v3");
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

/* Each item of a list, or a single value standing for a list of one; only good ones are counted. */
static int set_list(struct ctx *x, void *array, size_t size, unsigned int *nr,
		    int (*one)(struct ctx *x, void *to))
{
	const struct cfg_value *v = x->v->kind == CFG_LIST ? x->v->items : x->v, *list = x->v;
	size_t n = list->kind == CFG_LIST ? list->nr : 1;
	char *a = calloc(n ? n : 1, size);
	int rc = 0;

	memcpy(array, &a, sizeof(a));
	if (!a)
		return err_set(x->e, -ENOMEM, "no memory");
	for (; *nr < n && !rc; *nr += !rc) {
		x->v = &v[*nr];
		rc = one(x, a + *nr * size);
	}
	return rc;
}

static int one_disk(struct ctx *x, void *to)
{
	struct disk *d = to;
	unsigned int i;

	if (x->v->kind != CFG_STRING)
		return fail(x, "expecting a string that describes a disk");
	if (disk_parse(d, x->v->text, x->e))
		return fail_at(x);
	for (i = 0; i < x->c->nr_disks && x->c->disks[i].devid != d->devid; i++)
		;
	if (i == x->c->nr_disks)
		return 0;
	disk_free(d);
	return fail(x, "a second disk with the same vdev");
}

static int set_disks(struct ctx *x, void *to)
{
	return set_list(x, &x->c->disks, sizeof(struct disk), &x->c->nr_disks, one_disk);
}

static int one_nic(struct ctx *x, void *to)
{
	struct nic *n = to;

	if (x->v->kind != CFG_STRING)
		return fail(x, "expecting a string that describes an interface");
	if (nic_parse(n, x->v->text, x->e))
		return fail_at(x);
	if (n->devid < 0)
		n->devid = x->c->nr_nics;
	return 0;
}

static int set_nics(struct ctx *x, void *to)
{
	return set_list(x, &x->c->nics, sizeof(struct nic), &x->c->nr_nics, one_nic);
}

static int one_cpumask(struct ctx *x, void *to)
{
	if (x->v->kind == CFG_LIST)
		return fail(x, "expecting CPU numbers");
	return cpumask_parse(to, x->v->text, x->e) ? fail_at(x) : 0;
}

/* One string for all vCPUs, or a list with one string or number per vCPU. */
static int set_cpus(struct ctx *x, void *to)
{
	if (x->v->kind == CFG_LIST && x->v->nr > CONFIG_MAX_VCPUS)
		return fail(x, "more entries than vCPUs");
	return set_list(x, to, sizeof(struct cpumask),
			to == &x->c->soft ? &x->c->nr_soft : &x->c->nr_hard, one_cpumask);
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

static int set_iomem(struct ctx *x, void *to)
{
	return set_list(x, &x->c->iomem, sizeof(struct iomem), &x->c->nr_iomem, one_iomem);
}

static int one_irq(struct ctx *x, void *to)
{
	uint64_t n;

	if (get_number(x, &n, 1019))
		return -EINVAL;
	*(uint32_t *)to = n;
	return n < 32 ? fail(x, "interrupts below 32 belong to a CPU and cannot be given away") : 0;
}

static int set_irqs(struct ctx *x, void *to)
{
	return set_list(x, &x->c->irqs, sizeof(uint32_t), &x->c->nr_irqs, one_irq);
}

static int one_dtdev(struct ctx *x, void *to)
{
	if (x->v->kind != CFG_STRING || x->v->text[0] != '/')
		return fail(x, "expecting the path of a device-tree node");
	return set_str(x, to);
}

static int set_dtdev(struct ctx *x, void *to)
{
	return set_list(x, &x->c->dtdev, sizeof(char *), &x->c->nr_dtdev, one_dtdev);
}

#define AT(field) offsetof(struct config, field)
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

static const struct key keys[] = {
	/* sorted by name */
	{ "builder", set_type, SIZE_MAX, "old name of type" },
	{ "cap", set_u32, AT(cap),
	  "Most CPU time the guest may use, in percent of one CPU; 0 = no limit." },
	{ "cmdline", set_str, AT(cmdline), "The kernel's command line; replaces root and extra." },
	{ "cpu_weight", set_u32, AT(cpu_weight), "Share of CPU time, 1 to 65535; default 256." },
	{ "cpus", set_cpus, AT(hard),
	  "CPUs the vCPUs may run on: \"all\", \"0-3,^1\", or a list with one entry per vCPU." },
	{ "cpus_soft", set_cpus, AT(soft), "CPUs the vCPUs prefer, as for cpus." },
	{ "device_tree", set_str, AT(device_tree),
	  "File with a partial device tree (dtb); its /passthrough and /aliases are added to the "
	  "guest's. 65000 is the phandle of the guest's interrupt controller." },
	{ "disk", set_disks, SIZE_MAX,
	  "List of disks: \"target,format,vdev,access\" or \"phy:/dev/x,xvda,w\", "
	  "\"file:/path,xvda,r\"." },
	{ "dtdev", set_dtdev, SIZE_MAX,
	  "List of device-tree paths of devices behind an IOMMU to pass through; refused where "
	  "there is none." },
	{ "extra", set_str, AT(extra), "Added to the kernel's command line." },
	{ "gic_version", set_gic, AT(gic_version),
	  "Virtual GIC: \"default\" (that of the machine), \"v2\" or \"v3\"." },
	{ "iomem", set_iomem, SIZE_MAX,
	  "List of \"START,PAGES[@GFN]\" in hexadecimal: machine pages the guest may use, of "
	  "devices kept from Dom0 by xen,passthrough in the machine's tree." },
	{ "irqs", set_irqs, SIZE_MAX,
	  "List of shared peripheral interrupts (32 and up: SPI number + 32) to give to the guest, "
	  "of devices kept from Dom0." },
	{ "kernel", set_str, AT(kernel),
	  "The kernel: an arm64 Image, plain or gzip'd, an ELF file or a zImage." },
	{ "max_event_channels", set_u32, AT(max_event_channels),
	  "Highest event-channel port; default 1023." },
	{ "max_grant_frames", set_u32, AT(max_grant_frames),
	  "Limit of grant-table frames; default the hypervisor's." },
	{ "max_maptrack_frames", set_u32, AT(max_maptrack_frames),
	  "Limit of maptrack frames; default the hypervisor's." },
	{ "maxmem", set_mib, AT(maxmem), "Memory the guest may grow to, in MiB; default memory." },
	{ "maxvcpus", set_vcpus, AT(maxvcpus), "vCPUs the guest can have; default vcpus." },
	{ "memory", set_mib, AT(memory), "Memory in MiB; default 128." },
	{ "name", set_name, AT(name), "The guest's name; required." },
	{ "on_crash", set_action, AT(on_crash), "What to do when it crashes; default destroy." },
	{ "on_poweroff", set_action, AT(on_poweroff),
	  "What to do when it powers off: destroy (default), restart, rename-restart, preserve, "
	  "coredump-destroy, coredump-restart." },
	{ "on_reboot", set_action, AT(on_reboot), "What to do when it reboots; default restart." },
	{ "on_watchdog", set_action, AT(on_watchdog),
	  "What to do when its watchdog fires; default destroy." },
	{ "passthrough", set_none, SIZE_MAX, "only \"disabled\"" },
	{ "pool", set_str, AT(pool), "CPU pool; only Pool-0." },
	{ "ramdisk", set_str, AT(ramdisk), "The initramfs." },
	{ "root", set_str, AT(root), "Becomes root=... on the kernel's command line." },
	{ "tee", set_none, AT(tee), "only \"none\"" },
	{ "type", set_type, SIZE_MAX, "\"pvh\", the one type ARM has." },
	{ "uuid", set_uuid, AT(uuid), "The guest's UUID; default random." },
	{ "vcpus", set_vcpus, AT(vcpus), "vCPUs at start; default 1." },
	{ "vif", set_nics, SIZE_MAX,
	  "List of interfaces: \"mac=..,bridge=..,ip=..,vifname=..,rate=..,script=..\"; an empty "
	  "string is enough." },
	{ "vuart", set_none, AT(vuart),
	  "only \"none\": the hypervisor emulates no UART; the console is hvc0" },
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

/* Is @key one of the words?  They stand between spaces, so that no part of a word is found. */
static bool listed(const char *words, const char *key)
{
	char word[66];
	int n = snprintf(word, sizeof(word), " %s ", key);

	return n > 0 && n < (int)sizeof(word) && strstr(words, word);
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

	for (i = 0; i < NR_KEYS; i++) {
		const struct key *k = &keys[i];

		if (strcmp(en->key, k->name))
			continue;
		x->v = &en->value;
		x->key = k->name;
		return k->set(x, k->offset == SIZE_MAX ? NULL : (char *)x->c + k->offset);
	}
	return other_key(x, en);
}

/* What depends on more than one key. */
static int finish(struct config *c, const char *name, FILE *warn, struct err *e)
{
	size_t len = 8;

	if (!c->name)
		return err_set(e, -EINVAL, "%s: Domain name must be specified.", name);
	if (!c->kernel)
		return err_set(e, -EINVAL, "%s: no kernel= given", name);
	c->memory = c->memory ? c->memory : c->maxmem ? c->maxmem : 128;
	c->maxmem = c->maxmem ? c->maxmem : c->memory;
	c->vcpus = c->vcpus ? c->vcpus : c->maxvcpus ? c->maxvcpus : 1;
	c->maxvcpus = c->maxvcpus ? c->maxvcpus : c->vcpus;
	if (c->memory > c->maxmem)
		return err_set(e, -EINVAL, "%s: memory (%llu) is more than maxmem (%llu)", name,
			       (unsigned long long)c->memory, (unsigned long long)c->maxmem);
	if (c->vcpus > c->maxvcpus)
		return err_set(e, -EINVAL, "%s: xl: vcpus > maxvcpus: %u > %u", name, c->vcpus,
			       c->maxvcpus);
	if (c->cpu_weight > 65535 || c->cap > 65535)
		return err_set(e, -EINVAL, "%s: cpu_weight and cap are at most 65535", name);
	if (c->pool && strcmp(c->pool, "Pool-0"))
		return err_set(e, -EINVAL, "%s: there is no CPU pool `%s'", name, c->pool);
	if (c->cmdline) {
		if ((c->root || c->extra) && warn)
			fprintf(warn,
				"%s: warning: ignoring root= and extra= in favour of cmdline=\n",
				name);
		return 0;
	}
	if (!c->root && !c->extra)
		return 0;
	len += (c->root ? strlen(c->root) : 0) + (c->extra ? strlen(c->extra) : 0);
	c->cmdline = malloc(len);
	if (!c->cmdline)
		return err_set(e, -ENOMEM, "no memory");
	snprintf(c->cmdline, len, "%s%s%s%s", c->root ? "root=" : "", c->root ? c->root : "",
		 c->root && c->extra ? " " : "", c->extra ? c->extra : "");
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

	for (i = 0; i < NR_KEYS; i++)
		if (keys[i].set == set_str || keys[i].set == set_name || keys[i].set == set_gic)
			free(*(char **)((char *)c + keys[i].offset));
	for (i = 0; i < c->nr_disks; i++)
		disk_free(&c->disks[i]);
	for (i = 0; i < c->nr_nics; i++)
		nic_free(&c->nics[i]);
	for (i = 0; i < c->nr_dtdev; i++)
		free(c->dtdev[i]);
	free(c->disks);
	free(c->nics);
	free(c->dtdev);
	free(c->iomem);
	free(c->irqs);
	free(c->hard);
	free(c->soft);
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
