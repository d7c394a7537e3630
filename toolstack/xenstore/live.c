// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update: the state goes into a memfd, the new program checks in a child that it can read it,
 * then takes this process's place by exec. Sockets and the event channel device stay open; rings
 * are mapped anew. Until the exec has happened nothing is lost: on any failure the old program goes
 * on and says why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/daemon.h"
#include "lib/guest.h"
#include "lib/log.h"
#include "xenstore/daemon.h"

bool live_pending;

#define STATE_VARIABLE "XENSTORED_STATE" /* the memfd's number */

static struct conn *asker;
static struct xsd_sockmsg asked; /* the request to answer */
static char program[4096] = "/proc/self/exe";
static bool checking;

int live_command(struct conn *c, int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[0], "-f")) {
		if (strlen(argv[1]) >= sizeof(program))
			return -EINVAL;
		if (access(argv[1], X_OK))
			return -errno;
		strcpy(program, argv[1]);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[0], "-c"))
		return argv[1][0] ? -ENOSYS : 0; /* options stay as they are */
	if (argc == 1 && !strcmp(argv[0], "-a")) {
		strcpy(program, "/proc/self/exe");
		return 0;
	}
	if (argc >= 1 && !strcmp(argv[0], "-s")) {
		if (live_pending)
			return -EBUSY;
		live_pending = true;
		asker = c;
		asked = c->in.hdr;
		return 1;
	}
	return -EINVAL;
}

/* What comes before the store: how it is reached. */
struct head {
	int evtchn, listener;
	uint32_t virq_port;
};

static FILE *save_to_memfd(void)
{
	struct head head = { ports_fd(), sock_listener(), ring_virq_port() };
	struct {
		struct xsd_sockmsg hdr;
		char text[3];
	} ok = { asked, "OK" };
	int fd = memfd_create("xenstored-state", 0);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		return NULL;
	ok.hdr.len = sizeof(ok.text);
	fwrite(&head, sizeof(head), 1, f);
	state_save(f, asker, &ok, sizeof(ok.hdr) + ok.hdr.len);
	fflush(f);
	return f;
}

void live_run(char **argv)
{
	char num[16], *check[] = { "xenstored", "--check-state", NULL };
	struct xsd_sockmsg error = asked;
	FILE *f = save_to_memfd();

	live_pending = false;
	if (f && !ferror(f)) {
		snprintf(num, sizeof(num), "%d", fileno(f));
		setenv(STATE_VARIABLE, num, 1);
		if (run_file(program, check) == LIVE_CAN)
			execv(program, argv);
		unsetenv(STATE_VARIABLE);
	}
	if (f)
		fclose(f);
	error.type = XS_ERROR;
	log_err("live update with %s failed; going on", program);
	for (struct conn *c = store.conns; c; c = c->next)
		if (c == asker)
			conn_queue(c, &error, "EINVAL", 7, NULL, 0, 0);
}

int live_state(void)
{
	const char *fd = getenv(STATE_VARIABLE);
	int n = fd ? atoi(fd) : -1;

	unsetenv(STATE_VARIABLE);
	return n;
}

static struct conn *conn_in(const struct conn_state *s)
{
	return s->fd >= 0 ? sock_load(s) : ring_load(s, checking);
}

int live_restore(int fd, bool check_only)
{
	struct head *head;
	struct stat st;
	int rc = 0;

	if (fstat(fd, &st))
		return -errno;
	head = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (head == MAP_FAILED || (size_t)st.st_size < sizeof(*head))
		return -EINVAL;
	checking = check_only;
	if (!check_only) {
		rc = sock_take_listener(head->listener);
		if (!rc && head->evtchn >= 0)
			rc = ring_init(head->evtchn, head->virq_port);
	}
	if (!rc)
		rc = state_load((char *)(head + 1), st.st_size - sizeof(*head), conn_in);
	munmap(head, st.st_size);
	close(fd);
	return rc;
}
