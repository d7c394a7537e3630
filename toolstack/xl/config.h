/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XL_CONFIG_H
#define XL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "builder/err.h"

#define CONFIG_MAX_VCPUS 128
#define CONFIG_MAX_CPUS 256
#define CONFIG_NAME_MAX 64
#define CONFIG_EVENT_CHANNELS 1023 /* highest port, if nothing is said */

/* What to do when a guest stops; the order is that of config_action_names. */
enum action {
	ACTION_DESTROY,
	ACTION_RESTART,
	ACTION_RENAME_RESTART,
	ACTION_PRESERVE,
	ACTION_COREDUMP_DESTROY,
	ACTION_COREDUMP_RESTART,
	ACTION_SOFT_RESET
};
extern const char *const config_action_names[];

/* A disk or a network interface; NULL or 0 = not said. */
enum dev_type { DEV_DISK, DEV_NIC };
struct dev {
	enum dev_type type;
	int devid;		/* the number the guest sees; -1 = next free (interfaces) */
	char *script, *backend; /* backend: domain name or id, NULL = Dom0 */
	/* disks; target NULL = an empty drive */
	char *target, vdev[16];
	bool writable, cdrom, no_discard, direct_io_safe;
	/* interfaces */
	uint8_t mac[6];
	bool mac_set;
	int mtu;
	char *bridge, *ip, *vifname, *gatewaydev;
	uint64_t rate_bytes; /* per interval; 0 = unlimited */
	uint32_t rate_us;
};
extern const char *const dev_name[]; /* as messages say it */

struct iomem {
	uint64_t start, nr, gfn; /* pages */
};

struct cpumask {
	uint8_t bits[CONFIG_MAX_CPUS / 8];
};

/* One guest as its config file says; owns every pointer.  Zero = not said, unless noted. */
struct config {
	char *name, *type, *pool, *kernel, *ramdisk, *cmdline, *root, *extra, *device_tree, *vuart;
	uint8_t uuid[16];
	bool uuid_set;
	uint32_t memory, maxmem; /* MiB */
	uint32_t vcpus, maxvcpus, cpu_weight, cap;
	uint32_t max_grant_frames, max_maptrack_frames, max_event_channels;
	char *gic_version;
	enum action on_poweroff, on_reboot, on_crash, on_watchdog;
	struct cpumask *hard, *soft; /* one per vCPU, or one for all */
	unsigned int nr_hard, nr_soft;
	struct dev *devs;
	struct iomem *iomem;
	uint32_t *irqs;
	char **dtdev;
	unsigned int nr_devs, nr_iomem, nr_irqs, nr_dtdev;
};

/*
 * Reads a config text and the command line's overrides (one string per `key=value`, may be 0).
 * Warnings go to @warn (may be NULL).  Returns 0 or -errno; config_free() either way.
 */
int config_parse(struct config *c, const char *name, const char *text, size_t len,
		 char *const *extra, int nr_extra, FILE *warn, struct err *e);
void config_free(struct config *c);
/* What is wrong with it as the name of a guest; NULL = nothing is. */
const char *name_wrong(const char *text);
const char *uuid_text(char out[37], const uint8_t *uuid);
const char *mac_text(char out[18], const uint8_t *mac);
/* The keys with their help, for the manual page (format mdoc-free roff). */
void config_man(FILE *out);

/* "0-3,^2,5", "all", "node:0" is all.  Returns 0 or -EINVAL. */
int cpumask_parse(struct cpumask *m, const char *text, struct err *e);
static inline bool cpumask_has(const struct cpumask *m, unsigned int cpu)
{
	return m->bits[cpu / 8] >> cpu % 8 & 1;
}
void cpumask_print(FILE *out, const struct cpumask *m, unsigned int nr_cpus);

int dev_parse(struct dev *d, enum dev_type type, const char *spec, struct err *e);
/* One word of a description: NULL, or what is wrong with @value. */
const char *dev_set(struct dev *d, const char *key, const char *value);
void dev_free(struct dev *d);
/* "xvda1", "hdb", "d0p1" or a number to what the guest sees; -EINVAL if it is none of them. */
int disk_devid(const char *vdev);
/* The device of that type and number, or NULL. */
struct dev *config_dev(const struct config *c, enum dev_type type, int devid);
/* Adds a device, which @c owns from then on.  0 or -ENOMEM. */
int config_add(struct config *c, const struct dev *d);

/*
 * A word of a configuration and where its value goes: a key of the file, or of a description of a
 * device.  The functions say what is wrong with @text, the value as it was written (NULL = a list);
 * NULL = nothing is.
 */
struct key {
	const char *name, *help; /* a line of the manual page */
	const char *(*set)(const struct key *k, const char *text, void *to);
	size_t at; /* of the member */
	uint32_t min, max;
	int arg; /* for the function, as is what follows */
	const char *choices;
	bool owned;	    /* the member points to what has to be freed */
	bool list;	    /* @set is for each item */
	size_t size, nr_at; /* of a list in an array: bytes of an item, where their number is */
	unsigned int most;  /* items; 0 = any number */
};
/* Is @word one of the words, which stand between spaces, so that no part of one is found? */
bool listed(const char *words, const char *word);
const char *set_string(const struct key *k, const char *text, void *to);
/* The row of that name in a table that ends with an empty one, or NULL. */
const struct key *key_find(const struct key *table, const char *name);

#endif
