/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XL_XL_H
#define XL_XL_H

#include "xl/hyp.h"

#include <stdio.h>

#include "builder/build.h"
#include "xenstore/client.h"
#include "xl/config.h"

/*
 * What the commands share.  Functions that return int give 0 or -errno unless they say otherwise.
 */

#define XL_STATE_DIR "/var/lib/xen"
#define XL_LOG_DIR "/var/log/xen"
#define XL_MAX_DOMAINS 1024

/* store.c: the connection to xenstored, and names of domains. */
/* never NULL: exits with a message when there is no daemon */
struct xs *xstore(void);
void store_reopen(void); /* in a child after fork */
/* or NULL; free() it */
char *store_get(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int store_set(const char *path, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *dom_name(uint32_t domid); /* free() it; NULL = no name */
/* By name or number; prints stock's message and returns -ESRCH if there is none. */
int dom_find(const char *who, uint32_t *domid);
int dom_find_name(const char *name, uint32_t *domid); /* silent, names only */
int dom_rename(uint32_t domid, const char *name);
void uuid_print(FILE *out, const uint8_t *uuid);
void uuid_text(char out[37], const uint8_t *uuid);

/* list.c */
void dom_state(char out[7], const hyp_dominfo *d); /* "rbpscd", or dashes */
/* Calls @fn for the domains named from argv[from] on, or for all.  An exit code. */
int dom_each(int argc, char **argv, int from, int (*fn)(const hyp_dominfo *d));
const char *sched_name(uint32_t id);
/* The disks and nics a guest has now, into an empty @c; config_free() it. */
int device_list(uint32_t domid, struct config *c);

/* domain.c: a domain's records, its making and its end. */
int dom_store_create(const struct build *b, const struct config *c, struct err *e);
int dom_store_start(const struct build *b, struct err *e); /* rings known: tell the daemons */
int dom_fill_in(struct config *c, struct err *e);	   /* UUID and MAC addresses left open */
void dom_destroy(uint32_t domid); /* everything, devices first; never fails half-way */
/* Makes the guest of @c, paused.  Undoes all of it on failure.  Else claim_drop() once it runs. */
int dom_create(struct config *c, uint32_t *domid, struct err *e);
int dom_shutdown(uint32_t domid, const char *how); /* "poweroff" or "reboot" */
char *dom_json_path(uint32_t domid, const uint8_t *uuid);

/* device.c: virtual devices; a disk's or nic's error names the back-end's path and its reason. */
int device_add_disk(uint32_t domid, const struct disk *d, struct err *e);
/* fills in devid, mac, bridge */
int device_add_nic(uint32_t domid, struct nic *n, struct err *e);
int device_add_console(const struct build *b, struct err *e);
int device_remove(uint32_t domid, const char *type, int devid, bool force, struct err *e);
void device_remove_all(uint32_t domid);

/* hotplug.c: what stock Xen does in scripts. */
struct hotplug_disk {
	int fd; /* keeps an auto-clearing loop device alive; -1 = none */
	unsigned int major, minor;
	char node[64];
};
int hotplug_disk_open(struct hotplug_disk *h, const struct disk *d, struct err *e);
void hotplug_disk_close(struct hotplug_disk *h);
int hotplug_nic(uint32_t domid, const struct nic *n, struct err *e);
void hotplug_default_bridge(struct nic *n, struct err *e);
int hotplug_script(const char *script, const char *action, const char *type, const char *backend,
		   const char *vif, const char *bridge, struct err *e);

/* claim.c: one process at a time makes the guest of a name. */
int claim_take(const char *name, const uint8_t *uuid, bool wait, struct err *e);
void claim_drop(void);
void claim_leave(void); /* in a child after fork: it is the parent's */
void claim_sweep(void); /* removes what killed processes left half made */
/* ends whoever makes it, and what was made; was there one? */
bool claim_stop(const char *name);
int claim_domain(const uint8_t *uuid, hyp_dominfo *info); /* alive; else -ESRCH */

/* life.c: the process that stays behind a guest. */
/* exit code in foreground */
int life_watch(struct config *c, uint32_t domid, bool background);

/* core.c */
int core_dump(uint32_t domid, const char *path, struct err *e);

/* progress.c: what is going on, on a terminal only. */
void progress_on(bool quiet);
/* NULL ends the last */
void progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One command; the table in main.c drives dispatch, help, manual page and completion. */
struct command {
	const char *name, *args, *help, *options;
	int (*run)(int argc, char **argv); /* argv[0] is the command; returns the exit code */
	int min_args;			   /* fewer: usage, exit code 2 */
};
const struct command *command_find(const char *name); /* by unique prefix, as stock */
void command_usage(FILE *out, const struct command *cmd);

#define COMMAND(f) int f(int argc, char **argv)
COMMAND(cmd_create);
COMMAND(cmd_list);
COMMAND(cmd_info);
COMMAND(cmd_console);
COMMAND(cmd_destroy);
COMMAND(cmd_shutdown);
COMMAND(cmd_pause);
COMMAND(cmd_rename);
COMMAND(cmd_domid);
COMMAND(cmd_domname);
COMMAND(cmd_vcpu_list);
COMMAND(cmd_vcpu_pin);
COMMAND(cmd_vcpu_set);
COMMAND(cmd_mem_set);
COMMAND(cmd_mem_max);
COMMAND(cmd_sched_credit2);
COMMAND(cmd_dmesg);
COMMAND(cmd_debug_keys);
COMMAND(cmd_sysrq);
COMMAND(cmd_uptime);
COMMAND(cmd_top);
COMMAND(cmd_dump_core);
COMMAND(cmd_block_attach);
COMMAND(cmd_block_list);
COMMAND(cmd_block_detach);
COMMAND(cmd_network_attach);
COMMAND(cmd_network_list);
COMMAND(cmd_network_detach);
COMMAND(cmd_cpupool_list);
COMMAND(cmd_help);

#endif
