// SPDX-License-Identifier: GPL-2.0-only
/*
 * life.c - the process that stays behind a guest and does what its on_* settings say.
 *
 * Owns the guest's struct config after creation.  Invariant: wakes only when the daemon says
 * that some domain ended (@releaseDomain), never polls; a guest is replaced only after its
 * predecessor is wholly destroyed or renamed.
 */
#include "xl/xl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <xen/sched.h>

#include "lib/daemon.h"
#include "lib/loop.h"

#define DUMP_DIR XL_STATE_DIR "/dump"
#define QUICK_MS 2000 /* a guest that lives shorter is not restarted at once */

/* Keeps stdin closed and sends what we say to the guest's log file. */
static int to_background(const char *name)
{
	char path[160];
	int fd, null, i;

	make_dirs(XL_LOG_DIR, 0755);
	snprintf(path, sizeof(path), XL_LOG_DIR "/xl-%s.log", name);
	for (i = 9; i > 0; i--) /* keep the last ten logs, as stock does */
		rename(strf("%s.%d", path, i), strf("%s.%d", path, i + 1));
	rename(path, strf("%s.1", path));
	unlink(strf("%s.10", path));
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -errno;
	if (fd < 0) /* a full disk is no reason to leave the guest alone */
		fprintf(stderr, "xl: %s: %s; goes on without this log\n", path, strerror(errno));
	setsid();
	dup2(null, STDIN_FILENO);
	dup2(fd < 0 ? null : fd, STDOUT_FILENO);
	dup2(fd < 0 ? null : fd, STDERR_FILENO);
	close(fd);
	close(null);
	setvbuf(stdout, NULL, _IOLBF, 0);
	return 0;
}

int life_wait(uint32_t domid)
{
	static bool watching; /* once for the process: creating a guest again leaves it in place */
	struct xs_event ev;
	hyp_dominfo info;

	for (;;) {
		if (!watching)
			watching = !xs_watch(xstore(), "@releaseDomain", "life");
		if (hv_domain_info(domid, &info) || info.flags & XEN_DOMINF_dying)
			return -ESRCH;
		if (info.flags & XEN_DOMINF_shutdown)
			return info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
		if (xs_next_event(xstore(), &ev, -1) < 0) {
			store_reopen(); /* the daemon went */
			watching = false;
			sleep(1);
		}
	}
}

static enum action action_for(const struct config *c, int reason)
{
	switch (reason) {
	case SHUTDOWN_poweroff: return c->on_poweroff;
	case SHUTDOWN_reboot: return c->on_reboot;
	case SHUTDOWN_crash: return c->on_crash;
	case SHUTDOWN_watchdog: return c->on_watchdog;
	default: return ACTION_DESTROY;
	}
}

static void dump(const struct config *c, uint32_t domid)
{
	const char *path = strf(DUMP_DIR "/%s", c->name);
	struct err e;

	make_dirs(DUMP_DIR, 0700);
	printf("dumping core to %s\n", path);
	if (core_dump(domid, path, &e))
		printf("core dump failed: %s\n", e.msg);
}

/* The dead guest keeps its memory under another name, for whoever wants to look at it. */
static int set_aside(const struct config *c, uint32_t domid)
{
	char name[CONFIG_NAME_MAX + 32], stamp[24];
	time_t now = time(NULL);

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime(&now));
	snprintf(name, sizeof(name), "%s-%s", c->name, stamp);
	printf("Preserving domain %u as %s\n", domid, name);
	return dom_rename(domid, name);
}

/* The next life has the devices of this one: what was attached stays, what was detached is gone. */
static void keep_devices(struct config *c, uint32_t domid)
{
	struct config now = { 0 };
	struct dev *devs = c->devs, d;
	unsigned int i, nr = c->nr_devs;

	if (!device_list(domid, &now)) {
		for (i = 0; i < now.nr_devs; i++) {
			struct dev *known = config_dev(c, now.devs[i].type, now.devs[i].devid);

			if (!known)
				continue;
			d = now.devs[i]; /* the file says more of a device than the store */
			now.devs[i] = *known;
			*known = d;
		}
		c->devs = now.devs;
		c->nr_devs = now.nr_devs;
		now.devs = devs;
		now.nr_devs = nr;
	}
	config_free(&now);
}

/* From here on `xl destroy' finds us; one that came before has begun to destroy the domain. */
static bool replace(struct config *c, uint32_t domid)
{
	hyp_dominfo info;
	struct err e;
	bool ours = !claim_take(c->name, c->uuid, true, &e);

	if (!ours)
		printf("not restarting: %s\n", e.msg);
	if (hv_domain_info(domid, &info) || info.flags & XEN_DOMINF_dying)
		ours = false;
	dom_destroy(domid);
	if (!ours)
		claim_drop();
	return ours;
}

/* Acts on one end.  True: the guest is to be made again. */
static bool handle_end(struct config *c, uint32_t domid, int reason)
{
	enum action a = action_for(c, reason);
	const char *name = dom_name(domid);
	struct err e;

	if (name) { /* xl rename may have changed it */
		free(c->name);
		c->name = strdup(name);
	}

	printf("Domain %u has shut down, reason code %d 0x%x\n", domid, reason, reason);
	printf("Action for shutdown reason code %d is %s\n", reason, config_action_names[a]);
	if (a == ACTION_COREDUMP_DESTROY || a == ACTION_COREDUMP_RESTART)
		dump(c, domid);
	if (a == ACTION_PRESERVE)
		return false;
	keep_devices(c, domid);
	if (a == ACTION_RENAME_RESTART) {
		if (set_aside(c, domid))
			return false;
		c->uuid_set = false;
		return !dom_fill_in(c, &e) && !claim_take(c->name, c->uuid, true, &e);
	}
	printf("Domain %u needs to be cleaned up: destroying the domain\n", domid);
	if (a == ACTION_RESTART || a == ACTION_COREDUMP_RESTART)
		return replace(c, domid);
	dom_destroy(domid);
	return false;
}

static int again(struct config *c, uint32_t *domid, int64_t lived_ms)
{
	static unsigned int quick;
	struct err e;
	int rc;

	/* A reboot loop must not eat the machine: 2 s, 4 s, up to about a minute. */
	quick = lived_ms >= QUICK_MS ? 0 : quick < 6 ? quick + 1 : quick;
	if (quick)
		sleep(1u << quick);
	printf("Done. Rebooting now\n");
	rc = dom_create(c, domid, &e);
	if (rc) {
		printf("restarting failed: %s\n", e.msg);
		return rc;
	}
	rc = HV_DOMCTL(*domid, unpausedomain);
	claim_drop();
	return rc;
}

int life_watch(struct config *c, uint32_t domid, bool background)
{
	int reason, rc = background ? to_background(c->name) : 0;
	int64_t born;

	if (rc) {
		fprintf(stderr, "xl: cannot stay behind the guest: %s\n", strerror(-rc));
		return EXIT_FAILURE;
	}
	for (;;) {
		printf("Waiting for domain %s (domid %u) to die [pid %d]\n", c->name, domid,
		       getpid());
		fflush(stdout);
		born = loop_now();
		reason = life_wait(domid);
		if (reason < 0) {
			printf("Domain %u has been destroyed.\n", domid);
			return 0;
		}
		if (!handle_end(c, domid, reason))
			return 0;
		if (again(c, &domid, loop_now() - born))
			return EXIT_FAILURE;
	}
}
