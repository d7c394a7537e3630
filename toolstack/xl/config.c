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

/* The sentence of a parser that says more than that it failed; until the next one fails. */
static struct err said;

const char *set_string(const struct key *k, const char *text, void *to)
{
	char **s = to;

	if (!text)
		return "expecting a string, not a list";
	free(*s);
	*s = *text ? strdup(text) : NULL; /* empty: as if it were not said */
	return *text && !*s ? "no memory" : NULL;
}

static const char *set_number(const struct key *k, const char *text, void *to)
{
	const uint32_t max = k->max ? k->max : INT32_MAX;
	uint64_t n;
	char *end;

	if (!text || !isdigit((unsigned char)*text))
		return "expecting a number";
	errno = 0;
	n = strtoull(text, &end, 0);
	if (*end || errno)
		return "not a valid number";
	*(uint32_t *)to = n;
	if (n >= k->min && n <= max)
		return NULL;
	err_set(&said, 0, "expecting a number from %u to %u", k->min, max);
	return said.msg;
}

static const char *set_action(const struct key *k, const char *text, void *to)
{
	enum action *a = to;

	for (*a = 0; text && *a < ACTION_SOFT_RESET; ++*a)
		if (!strcmp(text, config_action_names[*a]))
			return NULL;
	return "expecting destroy, restart, rename-restart, preserve, coredump-destroy or "
	       "coredump-restart";
}

static const char *set_uuid(const struct key *k, const char *text, void *to)
{
	struct config *c = to;
	const char *t = text ? text : "";

	for (int i = 0; i < 16; i++, t += 2) {
		t += *t == '-' && (i == 4 || i == 6 || i == 8 || i == 10);
		if (!isxdigit((unsigned char)t[0]) || !isxdigit((unsigned char)t[1]))
			return "expecting a UUID like 01234567-89ab-cdef-0123-456789abcdef";
		sscanf(t, "%2hhx", &c->uuid[i]);
	}
	c->uuid_set = true;
	return *t ? "UUID too long" : NULL;
}

const char *name_wrong(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.:+";

	if (!text || !*text || strlen(text) > CONFIG_NAME_MAX || !text[strspn(text, "0123456789")])
		return "a name has 1 to 64 characters and is not a number";
	if (text[strspn(text, allowed)] || *text == '.')
		return "a name consists of letters, digits and - _ . : + and begins with no dot";
	return NULL;
}

static const char *set_name(const struct key *k, const char *text, void *to)
{
	return name_wrong(text) ?: set_string(k, text, to);
}

bool listed(const char *words, const char *word)
{
	char text[66];
	int n = snprintf(text, sizeof(text), " %s ", word);

	return n > 0 && n < (int)sizeof(text) && !strchr(word, ' ') && strstr(words, text);
}

static const char *set_choice(const struct key *k, const char *text, void *to)
{
	if (text && listed(k->choices, text))
		return set_string(k, text, to);
	err_set(&said, 0, "expecting one of%.*s", (int)strlen(k->choices) - 1, k->choices);
	return said.msg;
}

/* A value that asks for nothing: what every guest has anyway. */
static bool is_off(const char *text)
{
	return !*text || listed(" 0 no none off false disabled ", text);
}

static const char *set_none(const struct key *k, const char *text, void *to)
{
	return text && is_off(text) ? NULL : "this hypervisor does not offer it; leave the key out";
}

static const char *set_vuart(const struct key *k, const char *text, void *to)
{
	return text && is_off(text) ? NULL : set_choice(k, text, to);
}

struct dev *config_dev(const struct config *c, enum dev_type type, int devid)
{
	for (unsigned int i = 0; i < c->nr_devs; i++)
		if (c->devs[i].type == type && c->devs[i].devid == devid)
			return &c->devs[i];
	return NULL;
}

/* Makes room for one more item of @size bytes and gives it, zero; NULL on ENOMEM. */
static void *grow(void *array, uint32_t nr, size_t size)
{
	char **to = array, *bigger = realloc(*to, (nr + 1) * size);

	if (bigger)
		*to = bigger;
	return bigger ? memset(bigger + nr * size, 0, size) : NULL;
}

int config_add(struct config *c, const struct dev *d)
{
	struct dev *to = grow(&c->devs, c->nr_devs, sizeof(*to));

	if (!to)
		return -ENOMEM;
	*to = *d;
	c->nr_devs++;
	return 0;
}

static const char *set_dev(const struct key *k, const char *text, void *to)
{
	const enum dev_type type = k->arg;
	struct config *c = to;
	struct dev d;

	if (!text)
		return "expecting a string that describes a device";
	if (dev_parse(&d, type, text, &said))
		return said.msg;
	for (bool any = d.devid < 0; any && (d.devid < 0 || config_dev(c, type, d.devid));)
		d.devid++;
	if (!config_dev(c, type, d.devid) && !config_add(c, &d))
		return NULL;
	dev_free(&d);
	return type == DEV_DISK ? "a second disk with the same vdev"
				: "a second interface of the same devid";
}

static const char *set_cpumask(const struct key *k, const char *text, void *to)
{
	if (!text)
		return "expecting CPU numbers";
	return cpumask_parse(to, text, &said) ? said.msg : NULL;
}

/* "START,NR[@GFN]" in hexadecimal pages. */
static const char *set_iomem(const struct key *k, const char *text, void *to)
{
	const char *t = text ? text : "";
	struct iomem *m = to;
	int used = 0, n = sscanf(t, "%" SCNx64 ",%" SCNx64 "%n@%" SCNx64 "%n", &m->start, &m->nr,
				 &used, &m->gfn, &used);

	if (n == 2)
		m->gfn = m->start;
	if (n < 2 || t[used] || strpbrk(t, "-+ ") || !m->nr || m->nr > 1ull << 24 ||
	    m->start > 1ull << 36 || m->gfn > 1ull << 36)
		return "expecting START,PAGES[@GFN] in hexadecimal";
	return NULL;
}

static const char *set_irq(const struct key *k, const char *text, void *to)
{
	const char *wrong = set_number(k, text, to);

	return wrong || *(uint32_t *)to >= 32
		       ? wrong
		       : "interrupts below 32 belong to a CPU and cannot be given away";
}

static const char *set_path(const struct key *k, const char *text, void *to)
{
	return text && *text == '/' ? set_string(k, text, to)
				    : "expecting the path of a device-tree node";
}

#define AT(field) offsetof(struct config, field)
#define GUEST_TYPES " pvh pv generic linux "
#define MAX_MIB (1u << 20)
#define NEAR 3 /* edits from a mistyped key to the one that was meant */
/* Keys of other machines or other devices, in words between spaces. */
static const struct other {
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
	{ NULL },
};

/* Names of members as the keys they are set by; LIST: one value for each item. */
#define KEY(key, fn, ...) \
	{ \
		.name = #key, .set = fn, __VA_ARGS__ \
	}
#define STR(key, text) KEY(key, set_string, .at = AT(key), .owned = true, .help = text)
#define NUM(key, low, high, text) \
	KEY(key, set_number, .at = AT(key), .min = low, .max = high, .help = text)
#define ACTION(key, text) KEY(key, set_action, .at = AT(key), .help = text)
#define ONE_OF(key, fn, member, words, text) \
	KEY(key, fn, .at = AT(member), .owned = true, .choices = words, .help = text)
#define DEVS(key, type, text) KEY(key, set_dev, .arg = type, .list = true, .help = text)
#define LIST(key, member, fn, ...) \
	KEY(key, fn, .at = AT(member), .owned = true, .list = true, .nr_at = AT(nr_##member), \
	    .size = sizeof(*((struct config *)0)->member), __VA_ARGS__)
static const struct key keys[] = {
	/* sorted by name */
	ONE_OF(builder, set_choice, type, GUEST_TYPES, "old name of type"),
	NUM(cap, 0, 65535, "Most CPU time the guest may use, in percent of one CPU; 0 = no limit."),
	STR(cmdline, "The kernel's command line; replaces root and extra."),
	NUM(cpu_weight, 0, 65535, "Share of CPU time, 1 to 65535; default 256."),
	LIST(cpus, hard, set_cpumask, .most = CONFIG_MAX_VCPUS,
	     .help = "CPUs the vCPUs may run on: \"all\", \"0-3,^1\", or a list with one entry per "
		     "vCPU."),
	LIST(cpus_soft, soft, set_cpumask, .most = CONFIG_MAX_VCPUS,
	     .help = "CPUs the vCPUs prefer, as for cpus."),
	STR(device_tree,
	    "File with a partial device tree (dtb); its /passthrough and /aliases are added to the "
	    "guest's. 65000 is the phandle of the guest's interrupt controller."),
	DEVS(disk, DEV_DISK,
	     "List of disks: \"target,format,vdev,access\" or \"phy:/dev/x,xvda,w\", "
	     "\"file:/path,xvda,r\"."),
	LIST(dtdev, dtdev, set_path,
	     .help = "List of device-tree paths of devices behind an IOMMU to pass through; "
		     "refused where there is none."),
	STR(extra, "Added to the kernel's command line."),
	ONE_OF(gic_version, set_choice, gic_version, " default v2 v3 ",
	       "Virtual GIC: \"default\" (that of the machine), \"v2\" or \"v3\"."),
	LIST(iomem, iomem, set_iomem,
	     .help = "List of \"START,PAGES[@GFN]\" in hexadecimal: machine pages the guest may "
		     "use, of devices kept from Dom0 by xen,passthrough in the machine's tree."),
	LIST(irqs, irqs, set_irq, .max = 1019,
	     .help = "List of shared peripheral interrupts (32 and up: SPI number + 32) to give to "
		     "the guest, of devices kept from Dom0."),
	STR(kernel, "The kernel: an arm64 Image, plain or gzip'd, an ELF file or a zImage."),
	NUM(max_event_channels, 0, 0, "Highest event-channel port; default 1023."),
	NUM(max_grant_frames, 0, 0, "Limit of grant-table frames; default the hypervisor's."),
	NUM(max_maptrack_frames, 0, 0, "Limit of maptrack frames; default the hypervisor's."),
	NUM(maxmem, 1, MAX_MIB, "Memory the guest may grow to, in MiB; default memory."),
	NUM(maxvcpus, 1, CONFIG_MAX_VCPUS, "vCPUs the guest can have; default vcpus."),
	NUM(memory, 1, MAX_MIB, "Memory in MiB; default 128."),
	KEY(name, set_name, .at = AT(name), .owned = true, .help = "The guest's name; required."),
	ACTION(on_crash, "What to do when it crashes; default destroy."),
	ACTION(on_poweroff,
	       "What to do when it powers off: destroy (default), restart, rename-restart, "
	       "preserve, coredump-destroy, coredump-restart."),
	ACTION(on_reboot, "What to do when it reboots; default restart."),
	ACTION(on_watchdog, "What to do when its watchdog fires; default destroy."),
	KEY(passthrough, set_none, .help = "only \"disabled\""),
	STR(pool, "CPU pool; only Pool-0."),
	STR(ramdisk, "The initramfs."),
	STR(root, "Becomes root=... on the kernel's command line."),
	KEY(tee, set_none, .help = "only \"none\""),
	ONE_OF(type, set_choice, type, GUEST_TYPES, "\"pvh\", the one type ARM has."),
	KEY(uuid, set_uuid, .help = "The guest's UUID; default random."),
	NUM(vcpus, 1, CONFIG_MAX_VCPUS, "vCPUs at start; default 1."),
	DEVS(vif, DEV_NIC,
	     "List of interfaces: \"mac=..,bridge=..,ip=..,vifname=..,rate=..,script=..\"; an "
	     "empty string is enough."),
	ONE_OF(vuart, set_vuart, vuart, " sbsa_uart ",
	       "\"sbsa_uart\": an emulated UART beside the PV console, for firmware and early "
	       "messages (earlycon=pl011,0x22000000 console=ttyAMA0; xl console -t vuart); default "
	       "\"none\"."),
	{ NULL },
};

const struct key *key_find(const struct key *table, const char *name)
{
	while (table->name && strcmp(table->name, name))
		table++;
	return table->name ? table : NULL;
}

/* Edits (insert, delete, change a letter) from one word to the other; more than @most if so many.
 */
static unsigned int distance(const char *a, const char *b, unsigned int most)
{
	unsigned int change, insert, drop, least;

	for (; *a && *a == *b; a++)
		b++;
	if (!most || !*a || !*b)
		return strlen(*a ? a : b) > most ? most + 1 : strlen(*a ? a : b);
	change = distance(a + 1, b + 1, most - 1);
	insert = distance(a, b + 1, most - 1);
	drop = distance(a + 1, b, most - 1);
	least = insert < drop ? insert : drop;
	return 1 + (change < least ? change : least);
}

/* A key without a line in the table: of another machine, or mistyped. */
static int other_key(const struct cfg_node *s, const char *where, FILE *warn, struct err *e)
{
	const struct cfg_node *v = s->first;
	const struct other *o = others;
	unsigned int d, best = NEAR + 1;
	const char *near = NULL;

	while (o->names && !listed(o->names, s->text))
		o++;
	for (const struct key *k = keys; k->name && !o->names; k++) {
		d = distance(s->text, k->name, NEAR);
		d = 2 * d > strlen(s->text) ? NEAR + 1
					    : d; /* so many of few letters: another word */
		near = d < best ? k->name : near;
		best = d < best ? d : best;
	}
	if (near)
		return err_set(e, -EINVAL, "%s: unknown setting `%.64s', did you mean `%s'?", where,
			       s->text, near);
	if (!o->names)
		return err_set(e, -EINVAL, "%s: unknown setting `%.64s'", where, s->text);
	if (v->text ? is_off(v->text) : !v->first)
		return 0;
	if (o->refuse)
		return err_set(e, -EINVAL, "%s: `%s' is not supported: %s", where, s->text, o->why);
	if (warn)
		fprintf(warn, "%s: warning: `%s' is ignored: %s\n", where, s->text, o->why);
	return 0;
}

/* A value, or each item of a list, for which a single value may stand; only good ones count. */
static const char *set_values(struct config *c, const struct key *k, const struct cfg_node **v)
{
	void *member = (char *)c + k->at, *to = member;
	uint32_t *nr = (uint32_t *)((char *)c + k->nr_at);
	const char *wrong;

	if (k->list && !(*v)->text)
		*v = (*v)->first;
	for (; *v; *v = (*v)->next) {
		if (k->most && *nr == k->most)
			return "the list is too long";
		if (k->size && !(to = grow(member, *nr, k->size)))
			return "no memory";
		wrong = k->set(k, (*v)->text, to);
		if (wrong)
			return wrong;
		*nr += k->size != 0;
	}
	return NULL;
}

static int apply(struct config *c, const struct cfg *cfg, const struct cfg_node *s, FILE *warn,
		 struct err *e)
{
	const struct key *k = key_find(keys, s->text);
	const struct cfg_node *v = s->first;
	const char *wrong;

	if (!k)
		return other_key(s, cfg_where(cfg, s->line, s->col), warn, e);
	wrong = set_values(c, k, &v);
	/* On a command line there is nothing to look at, so say which setting. */
	return wrong ? err_set(e, -EINVAL, "%s: %s%s%s", cfg_where(cfg, v->line, v->col),
			       v->line ? "" : k->name, v->line ? "" : ": ", wrong)
		     : 0;
}

/* What depends on more than one key. */
static int finish(struct config *c, const char *name, FILE *warn, struct err *e)
{
	if (!c->name)
		return err_set(e, -EINVAL, "%s: Domain name must be specified.", name);
	if (!c->kernel)
		return err_set(e, -EINVAL, "%s: no kernel= given", name);
	c->memory = c->memory ?: c->maxmem ?: 128;
	c->maxmem = c->maxmem ?: c->memory;
	c->vcpus = c->vcpus ?: c->maxvcpus ?: 1;
	c->maxvcpus = c->maxvcpus ?: c->vcpus;
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
	if (c->cmdline && (c->root || c->extra) && warn)
		fprintf(warn, "%s: warning: ignoring root= and extra= in favour of cmdline=\n",
			name);
	if (!c->cmdline && (c->root || c->extra) &&
	    asprintf(&c->cmdline, "%s%s%s%s", c->root ? "root=" : "", c->root ?: "",
		     c->root && c->extra ? " " : "", c->extra ?: "") < 0)
		return err_set(e, -ENOMEM, "no memory");
	return 0;
}

int config_parse(struct config *c, const char *name, const char *text, size_t len,
		 char *const *extra, int nr_extra, FILE *warn, struct err *e)
{
	struct cfg cfg = { .name = name };
	int rc;

	*c = (struct config){ .on_reboot = ACTION_RESTART,
			      .max_event_channels = CONFIG_EVENT_CHANNELS };
	rc = cfg_parse(&cfg, text, len, false, e);
	for (int i = 0; !rc && i < nr_extra; i++)
		rc = cfg_parse(&cfg, extra[i], strlen(extra[i]), true, e);
	for (struct cfg_node *s = cfg.settings.first; !rc && s; s = s->next)
		rc = apply(c, &cfg, s, warn, e);
	if (!rc)
		rc = finish(c, name, warn, e);
	cfg_free(&cfg);
	return rc;
}

void config_free(struct config *c)
{
	while (c->nr_devs)
		dev_free(&c->devs[--c->nr_devs]);
	while (c->nr_dtdev)
		free(c->dtdev[--c->nr_dtdev]);
	free(c->devs);
	for (const struct key *k = keys; k->name; k++) {
		char **member = (char **)((char *)c + k->at);

		if (!k->owned)
			continue;
		free(*member);
		*member = NULL; /* two keys may set it */
	}
	memset(c, 0, sizeof(*c));
}

void config_man(FILE *out)
{
	for (const struct key *k = keys; k->name; k++)
		fprintf(out, ".TP\n.B %s\n%s\n", k->name, k->help);
	fprintf(out, ".SS Known, not offered\nAccepted when they are switched off or empty "
		     "(0, no, none, off, false, disabled, [ ]).\n");
	for (const struct other *o = others; o->names; o++)
		fprintf(out, ".TP\n.B%s\n%s: %s.\n", o->names,
			o->refuse ? "Refused" : "Ignored with a warning", o->why);
}
