// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast is the store? Prints operations per second, seen by one client in Dom0 over whatever
 * xs_open() finds. Arguments: [COUNT [PREFIX [flood]]]. Works against any xenstored; to go through
 * the kernel's xenbus, set XENSTORED_RUNDIR to a folder that is not there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "xenstore/client.h"

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static const char *base = "/bench";
static const char *key(const char *name)
{
	static char buf[256];

	snprintf(buf, sizeof(buf), "%s/%s", base, name);
	return buf;
}

static void die_if(int bad, const char *what)
{
	if (!bad)
		return;
	fprintf(stderr, "xs_bench: %s failed\n", what);
	exit(1);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1000;
	struct xs *xs = xs_open();
	const char *flood = argc > 3 ? argv[3] : NULL;
	static struct xs_event ev;
	char path[64], **names;
	size_t count;
	double t;

	base = argc > 2 ? argv[2] : base;
	die_if(!xs, "xs_open");
	if (flood) { /* a guest that does its worst: for ever */
		for (int i = 0;; i++)
			xs_write(xs, 0, key(i % 2 ? "x" : "y"), i & 4 ? "flood" : "more", 4);
	}
	die_if(xs_write(xs, 0, key("x"), "0123456789", 10), "write");
	t = now();
	for (int i = 0; i < n; i++)
		free(xs_read(xs, 0, key("x"), NULL));
	printf("read %.0f\n", n / (now() - t));
	t = now();
	for (int i = 0; i < n; i++)
		die_if(xs_write(xs, 0, key("x"), "0123456789", 10), "write");
	printf("write %.0f\n", n / (now() - t));
	t = now();
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/d/%d/leaf", base, i);
		die_if(xs_write(xs, 0, path, "", 0), "create");
	}
	printf("create %.0f\n", n / (now() - t));
	t = now();
	for (int i = 0; i < n / 10; i++) {
		names = xs_directory(xs, 0, key("d"), &count);
		die_if(!names || count != (size_t)n, "directory");
		free(names);
	}
	printf("directory-of-%d %.0f\n", n, n / 10 / (now() - t));
	t = now();
	for (int i = 0; i < n; i++) {
		uint32_t tx = xs_transaction_start(xs);

		free(xs_read(xs, tx, key("x"), NULL));
		die_if(xs_write(xs, tx, key("y"), "0123456789", 10) ||
			       xs_transaction_end(xs, tx, false),
		       "transaction");
	}
	printf("transaction %.0f\n", n / (now() - t));
	die_if(xs_watch(xs, key("x"), "t") || xs_next_event(xs, &ev, 1000) != 1, "watch");
	t = now();
	for (int i = 0; i < n; i++) {
		die_if(xs_write(xs, 0, key("x"), "0123456789", 10), "write");
		die_if(xs_next_event(xs, &ev, 1000) != 1, "event");
	}
	printf("write+event %.0f\n", n / (now() - t));
	t = now();
	die_if(xs_rm(xs, 0, base), "rm");
	printf("rm-of-%d-nodes %.1f ms\n", 2 * n, (now() - t) * 1e3);
	xs_close(xs);
	return 0;
}
