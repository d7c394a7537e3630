// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update: the state goes into a memfd, the new program checks in a child that it can read it,
 * then takes this process's place by exec. Sockets and the event channel device stay open; rings
 * are mapped anew. Until the exec has happened nothing is lost: on any failure the old program goes
 * on and says why.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/daemon.h"
#include "lib/guest.h"
#include "lib/log.h"
#include "xenstore/daemon.h"

bool live_pending;

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

/* What comes before the store: how it is reached, and who waits for the end of the update. */
static struct head {
	int evtchn, listener;
	uint32_t virq_port;
	int asker; /* its place among the connections, or -1 */
	struct xsd_sockmsg asked;
} head;

static struct conn *conn_in(struct buf *b, uint16_t domid)
{
	struct conn *c = NULL;
	uint8_t kind;

	FIELD(b, kind);
	if (kind == STATE_RING)
		c = ring_load(b, domid, checking);
	else if (kind == STATE_SOCK)
		c = sock_load(b);
	if (!head.asker--)
		asker = c;
	return c;
}

static int save_to_memfd(void)
{
	struct buf b = { 0 };
	int fd, at = 0;

	head = (struct head){ ports_fd(), sock_listener(), ring_virq_port(), -1, asked };
	for (struct conn *c = store.conns; c; c = c->next) {
		if (c == asker)
			head.asker = at;
		at += !c->dead;
	}
	FIELD(&b, head);
	state_save(&b);
	fd = b.bad ? -1 : memfd_create("xenstored-state", 0);
	if (fd >= 0 && !write_all(fd, b.data, b.len)) {
		close(fd);
		fd = -1;
	}
	free(b.data);
	return fd;
}

static void keep_on_exec(bool keep)
{
	fcntl(ports_fd(), F_SETFD, keep ? 0 : FD_CLOEXEC);
	sock_keep_on_exec(keep);
}

/* The answer to who asked, if he is still there. */
static void tell(const char *text, uint32_t type)
{
	asked.type = type;
	for (struct conn *c = store.conns; c; c = c->next)
		if (c == asker && !c->dead)
			conn_queue(c, &asked, text, strlen(text) + 1, NULL, 0, 0);
	asker = NULL;
}

static bool new_program_accepts(const char *fd)
{
	char *argv[] = { "xenstored", "--check-state", (char *)fd, NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execv(program, argv);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

void live_run(char **argv)
{
	int argc = 0, to = 0, fd;
	char num[16], **args;

	live_pending = false;
	while (argv[argc])
		argc++;
	args = calloc(argc + 3, sizeof(*args));
	fd = args ? save_to_memfd() : -1;
	if (fd >= 0) {
		snprintf(num, sizeof(num), "%d", fd);
		keep_on_exec(true);
		args[to++] = "xenstored";
		for (int i = 1; i < argc; i++) {
			if (!strcmp(argv[i], "--live-update"))
				i++;
			else
				args[to++] = argv[i];
		}
		args[to++] = "--live-update";
		args[to++] = num;
		if (new_program_accepts(num))
			execv(program, args);
		keep_on_exec(false);
		close(fd);
	}
	free(args);
	log_err("live update with %s failed; going on", program);
	tell("EINVAL", XS_ERROR);
}

int live_restore(int fd, bool check_only)
{
	struct buf b = { .loading = true };
	struct stat st;
	int rc = 0;

	if (fstat(fd, &st))
		return -errno;
	b.len = b.cap = st.st_size;
	b.data = mmap(NULL, b.len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (b.data == MAP_FAILED)
		return -errno;
	checking = check_only;
	FIELD(&b, head);
	asked = head.asked;
	if (!check_only) {
		rc = sock_take_listener(head.listener);
		if (!rc && head.evtchn >= 0)
			rc = ring_init(head.evtchn, head.virq_port);
	}
	if (!rc)
		rc = state_load(&b, conn_in);
	munmap(b.data, b.len);
	if (rc || check_only)
		return rc;
	close(fd);
	keep_on_exec(false);
	tell("OK\n", XS_CONTROL);
	return 0;
}
