// SPDX-License-Identifier: GPL-2.0-only
/* See unix.h. No state. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "lib/unix.h"

static int open_unix(const char *path, int flags, struct sockaddr_un *sa)
{
	int fd;

	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(sa->sun_path))
		return -ENAMETOOLONG;
	strcpy(sa->sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	return fd < 0 ? -errno : fd;
}

static int fail(int fd)
{
	int err = errno;

	close(fd);
	return -err;
}

int unix_listen(const char *path)
{
	struct sockaddr_un sa;
	int fd = open_unix(path, SOCK_NONBLOCK, &sa);

	if (fd < 0)
		return fd;
	unlink(path);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || chmod(path, 0600) || listen(fd, 64))
		return fail(fd);
	return fd;
}

int unix_connect(const char *path)
{
	struct sockaddr_un sa;
	int fd = open_unix(path, 0, &sa);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return fail(fd);
	return fd;
}
