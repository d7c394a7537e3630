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
		asked = c->hdr;
		return 1;
	}
	return -EINVAL;
}

static void conn_out(struct buf *b, struct conn *c)
{
	buf_put_u32(b, ring_is(c));
	if (ring_is(c))
		ring_save(b, c);
	else
		sock_save(b, c);
	buf_put_u32(b, c == asker);
}

static struct conn *conn_in(struct buf *b, uint16_t domid)
{
	struct conn *c = buf_u32(b) ? ring_load(b, domid, checking) : sock_load(b);

	if (buf_u32(b))
		asker = c;
	return c;
}

static int save_to_memfd(void)
{
	struct buf b = { 0 };
	size_t done = 0;
	int fd;

	ring_save_globals(&b);
	buf_put_u32(&b, sock_listener());
	buf_put(&b, &asked, sizeof(asked));
	state_save(&b, conn_out);
	fd = b.bad ? -1 : memfd_create("xenstored-state", 0);
	while (fd >= 0 && done < b.len) {
		ssize_t n = write(fd, b.data + done, b.len - done);

		if (n <= 0) {
			close(fd);
			fd = -1;
		} else {
			done += n;
		}
	}
	free(b.data);
	return fd;
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
		sock_keep_on_exec(true);
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
		sock_keep_on_exec(false);
		close(fd);
	}
	free(args);
	log_err("live update with %s failed; going on", program);
	for (struct conn *c = store.conns; c; c = c->next)
		if (c == asker && !c->dead)
			conn_queue(c, XS_ERROR, asked.req_id, asked.tx_id, "EINVAL", 7, NULL, 0, 0);
	asker = NULL;
}

int live_restore(int fd, bool check_only)
{
	struct buf b = { 0 };
	struct stat st;
	const void *p;
	int evtchn_fd, listen_fd, rc;
	uint32_t port;

	if (fstat(fd, &st))
		return -errno;
	b.len = b.cap = st.st_size;
	b.data = mmap(NULL, b.len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (b.data == MAP_FAILED)
		return -errno;
	checking = check_only;
	evtchn_fd = (int)buf_u32(&b);
	port = buf_u32(&b);
	listen_fd = (int)buf_u32(&b);
	p = buf_bytes(&b, sizeof(asked));
	if (!p)
		return -EINVAL;
	memcpy(&asked, p, sizeof(asked));
	if (!check_only) {
		sock_take_listener(listen_fd);
		rc = evtchn_fd >= 0 ? ring_init(evtchn_fd, port) : 0;
		if (rc)
			return rc;
	}
	rc = state_load(&b, conn_in);
	munmap(b.data, b.len);
	if (rc || check_only)
		return rc;
	close(fd);
	sock_keep_on_exec(false);
	if (asker)
		conn_queue(asker, XS_CONTROL, asked.req_id, asked.tx_id, "OK\n", 4, NULL, 0, 0);
	asker = NULL;
	return 0;
}
