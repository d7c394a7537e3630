/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XL_XL_H
#define XL_XL_H

#include "xl/hyp.h"

#include <stdio.h>

#include "builder/build.h"
#include "lib/program.h"
#include "xenstore/client.h"
#include "xl/config.h"

/*
 * What the commands share.  Functions that return int give 0 or -errno unless they say otherwise.
 */

#define XL_STATE_DIR "/var/lib/xen"
#define XL_LOG_DIR "/var/log/xen"

/* A command line: options by their letter ("" = given without an argument), then words. */
struct args {
	const char *name; /* the command's */
	const char *opt[128];
	int n;
	char **arg; /* ends with NULL */
	uint32_t domid;
};

/* store.c: the connection to xenstored, and names of domains. */
/* never NULL: exits with a message when there is no daemon */
struct xs *xstore(void);
void store_reopen(void); /* in a child after fork */
/*
 * Formatted text.  It and what else is "kept" here stays until 32 more are made: for the use at
 * hand, not for a loop that makes others.
 */
const char *strf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *store_read(const char *path); /* kept; NULL: there is none */
int store_put(const char *path, const char *value);
#define store_get(...) store_read(strf(__VA_ARGS__))
#define store_has(...) (xs_exists(xstore(), 0, strf(__VA_ARGS__)) > 0)
#define store_rm(...) xs_rm(xstore(), 0, strf(__VA_ARGS__))
/* Names below a directory, ending with NULL, or NULL; free() it. */
#define store_list(...) xs_directory(xstore(), 0, strf(__VA_ARGS__), &(size_t){ 0 })
/* Writes below one directory after the other; after the first failure nothing more. */
struct writer {
	uint32_t tx; /* 0: outside of a transaction */
	int rc;
	char dir[128];
};
/*
 * struct writer w;
 *
 * do {
 *         write_begin(&w);
 *         ...
 * } while (write_end(&w));
 *
 * is a transaction: true = somebody was faster, all of it again.  After a failure nothing was done.
 */
void write_begin(struct writer *w);
bool write_end(struct writer *w);
/* Makes the directory, with @nr permissions if there are any; the next keys go there. */
void write_at(struct writer *w, const struct xs_perm *perm, size_t nr, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void write_key(struct writer *w, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void write_text(struct writer *w, const char *key, const char *value); /* NULL: no such key */
/* Looks whether @there when the key changes, or (NULL) ever less often; false after @ms. */
bool wait_until(const char *watch, bool (*there)(const void *arg), const void *arg, int ms);
const char *dom_name(uint32_t domid);  /* kept; NULL = no name */
const char *dom_label(uint32_t domid); /* kept; its name or "(null)" */
/* By name or number; prints stock's message and returns -ESRCH if there is none. */
int dom_find(const char *who, uint32_t *domid);
/* silent, names only; seen in the transaction @tx, or 0 */
int dom_find_name(uint32_t tx, const char *name, uint32_t *domid);
int dom_rename(uint32_t domid, const char *name);

/* list.c */
void dom_state(char out[7], const hyp_dominfo *d); /* "rbpscd", or dashes */
/* Calls @fn for the domains that are the arguments, or for all.  An exit code. */
int dom_each(const struct args *a, int (*fn)(const hyp_dominfo *d, const struct args *a));
const char *sched_name(uint32_t id);
/* The devices a guest has now, into an empty @c; config_free() it. */
int device_list(uint32_t domid, struct config *c);

/* domain.c: a domain's records, its making and its end. */
int dom_fill_in(struct config *c, struct err *e); /* UUID and MAC addresses left open */
void dom_mac(struct dev *d,
	     const uint8_t *uuid); /* if it has none: one that comes with the guest */
void dom_destroy(uint32_t domid);  /* everything, devices first; never fails half-way */
/* Makes the guest of @c, paused.  Undoes all of it on failure.  Else claim_drop() once it runs. */
int dom_create(struct config *c, uint32_t *domid, struct err *e);
int dom_shutdown(uint32_t domid, const char *how);		/* "poweroff" or "reboot" */
const char *dom_json_path(uint32_t domid, const uint8_t *uuid); /* kept */

/* device.c: virtual devices; an error names the back-end's path and its reason. */
/* fills in devid, MAC address and bridge of an interface */
int device_add(uint32_t domid, struct dev *d, struct err *e);
int device_add_consoles(const struct build *b, struct err *e);
#define FORCE_MS 2000 /* to close in peace, for all devices together */
/*
 * @type as the store has it: "vbd", "vif", "console".  At @force_at (of loop_now(); 0: never) it is
 * taken away.
 */
int device_remove(uint32_t domid, const char *type, int devid, int64_t force_at, struct err *e);
void device_remove_all(uint32_t domid);

/* hotplug.c: what stock Xen does in scripts. */
/* What can be said before the guest is there: 0, or -errno with the sentence. */
int hotplug_check(const struct dev *d, struct err *e);
/* A block device for the disk and its name (kept): an open file of it, or -errno. */
int hotplug_disk(const struct dev *d, const char **node, dev_t *number, struct err *e);
int hotplug_nic(uint32_t domid, const struct dev *n, struct err *e);
void hotplug_default_bridge(struct dev *n);
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
/* Blocks until the domain has shut down or is gone.  The reason, or -ESRCH. */
int life_wait(uint32_t domid);
/* exit code in foreground */
int life_watch(struct config *c, uint32_t domid, bool background);

/* core.c */
int core_dump(uint32_t domid, const char *path, struct err *e);

/* progress.c: what is going on, on a terminal only. */
void progress_on(bool quiet);
/* NULL ends the last */
void progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One command; the table in main.c drives dispatch, options, help, manual page and completion. */
struct command {
	const char *name, *flags, *args, *help, *options;
	int (*run)(const struct args *a); /* returns the exit code */
	int min_args;			  /* fewer: usage, EXIT_USAGE */
};

/* Exit codes, as stock xl's where it has one. */
#define EXIT_USAGE 2
#define EXIT_CREATE 3	 /* a guest could not be created */
#define EXIT_NO_CONFIG 6 /* nor was there anything to create it from */

/*
 * From stop_later() on, signals that would end us wait until what is begun is done or undone; who
 * takes long asks now and then whether one does.  In stop_now() it takes effect.
 */
void stop_later(void);
bool stop_asked(void);
void stop_now(void);
/* The message with a newline, to stderr; returns EXIT_FAILURE. */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* 0, or if @rc is a failure "xl: WHAT domain N: why" and EXIT_FAILURE. */
int dom_result(const char *what, uint32_t domid, int rc);

#define CMD(name, fn, ...) int fn(const struct args *a);
#include "xl/commands.h"
#undef CMD

#endif
