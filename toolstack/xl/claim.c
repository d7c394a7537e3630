// SPDX-License-Identifier: GPL-2.0-only
/*
 * claim.c - who is making the guest of which name: a file per name, which tells its UUID.
 *
 * Owns the files of CLAIM_DIR.  Invariant: whoever makes or replaces a guest holds the lock of the
 * file of its name, from before the first trace of the new domain until it is whole and runs, so
 * that two cannot make it at once; the kernel drops the lock of a process that was killed, and a
 * file that says a UUID but is not locked tells the next one what to remove.  Files stay, emptied.
 */
#include "xl/xl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/daemon.h"

#define CLAIM_DIR "/run/xen/xl"

static int held = -1; /* ours; a process makes one guest at a time */

static int open_claim(const char *name, int flags)
{
	return open(strf(CLAIM_DIR "/%s", name), flags | O_RDWR | O_CLOEXEC, 0600);
}

void claim_leave(void)
{
	if (held >= 0)
		close(held);
	held = -1;
}

int claim_take(const char *name, const uint8_t *uuid, bool wait, struct err *e)
{
	pid_t owner = 0;
	int rc = 0;

	if (held < 0) {
		make_dirs(CLAIM_DIR, 0700);
		held = open_claim(name, O_CREAT);
		if (held < 0)
			return err_why(e, -errno, CLAIM_DIR "/%s", name);
		rc = file_lock(held, wait ? F_SETLKW : F_SETLK, NULL);
		if (rc) {
			file_lock(held, F_GETLK, &owner);
			err_set(e, rc, "A domain with the name \"%s\" is being made by process %d.",
				name, owner);
		}
	}
	if (rc)
		claim_leave();
	else /* the lock is what counts: without room in /run a killed one's guest stays, no more */
		pwrite(held, uuid, 16, 0);
	return rc;
}

void claim_drop(void)
{
	if (held < 0 || !ftruncate(held, 0))
		claim_leave();
}

int claim_domain(const uint8_t *uuid, hyp_dominfo *info)
{
	const hyp_dominfo *list;
	int n = hyp_domains(&list);

	for (int i = 1; i < n; i++)
		if (!memcmp(list[i].handle, uuid, 16) && !(list[i].flags & XEN_DOMINF_dying)) {
			*info = list[i];
			return 0;
		}
	return -ESRCH;
}

/* The file is locked by us.  A domain that was never started is half made; others are not ours. */
static void clean_up(int fd, const char *name)
{
	hyp_dominfo info;
	uint8_t uuid[16];

	if (pread(fd, uuid, sizeof(uuid), 0) == sizeof(uuid) && !claim_domain(uuid, &info) &&
	    info.flags & XEN_DOMINF_paused && !info.cpu_time) {
		fprintf(stderr, "xl: removing domain %u: who was making \"%s\" has been killed\n",
			info.domain, name);
		dom_destroy(info.domain);
	}
	if (ftruncate(fd, 0))
		fprintf(stderr, "xl: " CLAIM_DIR "/%s: %s\n", name, strerror(errno));
}

/* Of domains that are no more: who was destroying them has been killed. */
static void sweep_records(void)
{
	char **ids = store_list("/libxl"), **id;
	hyp_dominfo info;

	for (id = ids; id && *id; id++)
		if (hv_domain_info(atoi(*id), &info) == -ESRCH)
			dom_destroy(atoi(*id));
	free(ids);
}

/* Not for the name we hold ourselves: closing any of its files would drop the lock. */
void claim_sweep(void)
{
	DIR *d = held < 0 ? opendir(CLAIM_DIR) : NULL;
	struct dirent *en;

	while (d && (en = readdir(d))) {
		int fd = en->d_name[0] == '.' ? -1 : open_claim(en->d_name, 0);

		if (fd >= 0 && lseek(fd, 0, SEEK_END) > 0 && !file_lock(fd, F_SETLK, NULL))
			clean_up(fd, en->d_name);
		if (fd >= 0)
			close(fd);
	}
	if (d)
		closedir(d);
	sweep_records();
}

bool claim_stop(const char *name)
{
	int fd = name_wrong(name) ? -1 : open_claim(name, 0);
	pid_t owner = 0;

	if (fd < 0)
		return false;
	file_lock(fd, F_GETLK, &owner);
	if (owner) {
		printf("Stopping process %d, which is making \"%s\"\n", owner, name);
		kill(owner, SIGKILL); /* one that is stopped goes, too */
		if (!file_lock(fd, F_SETLKW, NULL))
			clean_up(fd, name);
	}
	close(fd);
	return owner != 0;
}
