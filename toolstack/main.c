// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one executable: picks a program by the name it was started with; under its own name
 * (hospes-tools) the first word picks. `hospes-tools install DIR` makes the links.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "lib/applet.h"

static const struct applet {
	const char *name, *help;
	int (*main)(int argc, char **argv);
} applets[] = {
	{ "xl", "create and manage guests", xl_main },
	{ "xencommons", "start, stop or show the daemons", xencommons_main },
	{ "xenconsole", "connect to a guest's console", xenconsole_main },
	{ "xenconsoled", "daemon: guests' consoles and their logs", xenconsoled_main },
	{ "xenstore", "clients in one: xenstore read KEY, ...", xenstore_main },
	{ "xenstore-chmod", "set a key's permissions", xenstore_main },
	{ "xenstore-control", "ask the daemon: quota, live-update, ...", xenstore_main },
	{ "xenstore-exists", "exit 0 if the keys exist", xenstore_main },
	{ "xenstore-list", "names below a key", xenstore_main },
	{ "xenstore-ls", "the tree", xenstore_main },
	{ "xenstore-read", "values of keys", xenstore_main },
	{ "xenstore-rm", "remove keys", xenstore_main },
	{ "xenstore-watch", "print changes", xenstore_main },
	{ "xenstore-write", "set keys", xenstore_main },
	{ "xenstored", "daemon: the store", xenstored_main },
};
#define N_APPLETS (sizeof(applets) / sizeof(applets[0]))

__attribute__((weak)) int xl_main(int argc, char **argv)
{
	fprintf(stderr, "xl: not part of this build\n");
	return 1;
}

static const struct applet *find(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < N_APPLETS; i++)
		if (!strcmp(applets[i].name, name))
			return &applets[i];
	return NULL;
}

static int install(const char *dir)
{
	char self[4096], link[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0) {
		perror("hospes-tools: /proc/self/exe");
		return 1;
	}
	self[n] = '\0';
	for (size_t i = 0; i < N_APPLETS; i++) {
		if (snprintf(link, sizeof(link), "%s/%s", dir, applets[i].name) >=
		    (int)sizeof(link))
			return 1;
		if (unlink(link) && errno != ENOENT)
			perror(link);
		if (symlink(self, link)) {
			perror(link);
			return 1;
		}
	}
	return 0;
}

static int usage(FILE *to, int rc)
{
	fprintf(to, "Usage: hospes-tools PROGRAM [ARGUMENT...]\n       hospes-tools install DIR   "
		    "(make links)\n\n");
	for (size_t i = 0; i < N_APPLETS; i++)
		fprintf(to, "  %-18s %s\n", applets[i].name, applets[i].help);
	return rc;
}

/* ps and pidof shall know it by its name, however it was started. */
static int run(const struct applet *a, int argc, char **argv)
{
	prctl(PR_SET_NAME, a->name);
	return a->main(argc, argv);
}

int main(int argc, char **argv)
{
	const struct applet *a = find(argc > 0 ? argv[0] : "");
	int fd;

	do /* what is opened later must not become a closed stdout or stderr */
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= 2);
	close(fd);
	if (a)
		return run(a, argc, argv);
	if (argc < 2)
		return usage(stderr, 1);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))
		return usage(stdout, 0);
	if (!strcmp(argv[1], "install") && argc == 3)
		return install(argv[2]);
	a = find(argv[1]);
	if (!a)
		return usage(stderr, 1);
	return run(a, argc - 1, argv + 1);
}
