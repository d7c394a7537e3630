// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the console daemon's pure parts: history, log filter, rotation. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "console/conlog.h"
#include "tests/check.h"

static unsigned long long rnd_state = 7;
static unsigned int rnd(unsigned int n)
{
	rnd_state = rnd_state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned int)(rnd_state >> 33) % n;
}

/* Byte n of the stream is a function of n, so that each reader can check what it gets. */
static char byte(uint64_t n)
{
	return (char)(n * 31 + n / 251);
}

static void test_history(void)
{
	struct history h;
	uint64_t pos[4] = { 0 }, lost[4] = { 0 };
	unsigned char resident[4];

	hist_init(&h, 16384);
	for (int i = 0; i < 20000; i++) {
		char data[2048];
		size_t n = rnd(10) ? rnd(60) : rnd(sizeof(data));
		int r = rnd(4);
		const char *p;

		for (size_t j = 0; j < n; j++)
			data[j] = byte(h.head + j);
		hist_add(&h, data, n);
		if (r == 3 && rnd(50))
			continue; /* a slow one */
		for (uint64_t was = pos[r]; (n = hist_peek(&h, &pos[r], &p));
		     pos[r] += n, was = pos[r]) {
			size_t take = rnd(3) ? n : 1 + rnd(n);

			lost[r] += pos[r] - was;
			for (size_t j = 0; j < take; j++)
				CHECK(p[j] == byte(pos[r] + j));
			n = take;
		}
		CHECK(pos[r] == h.head);
	}
	CHECK(lost[3] > 0);
	hist_free(&h);
	hist_init(&h, 16384);
	hist_add(&h, "x", 1);
	CHECK(!mincore(h.buf, h.cap, resident) && resident[0] && !resident[1]); /* costs little */
	CHECK(hist_line_start(&h) == 0);
	hist_add(&h, "y\nlogin: ", 9);
	CHECK(hist_line_start(&h) == 3);
	for (int i = 0; i < 10000; i++)
		hist_add(&h, "z", 1);
	CHECK(h.head - hist_line_start(&h) == 256);
	hist_free(&h);
}

static bool filters(const char *in, const char *want)
{
	struct filter f = { 0 };
	char out[512], one[512];
	size_t n = filter_text(&f, in, strlen(in), out), m = 0;
	bool ok = n == strlen(want) && !memcmp(out, want, n);

	/* The same in pieces of one byte. */
	memset(&f, 0, sizeof(f));
	for (const char *p = in; *p; p++)
		m += filter_text(&f, p, 1, one + m);
	return ok && m == n && !memcmp(out, one, n);
}

static void test_filter(void)
{
	CHECK(filters("plain\ttext\r\n", "plain\ttext\n"));
	CHECK(filters("\033[1;31mred\033[0m", "red"));
	CHECK(filters("\033]0;title\007after", "after"));
	CHECK(filters("\033]52;c;ZXZpbA==\033\\after", "after"));
	CHECK(filters("\033Pq#0\033\\x", "x") && filters("\033(Bx", "x") && filters("\033cx", "x"));
	CHECK(filters("a\001\bb\177c", "a..b.c"));
	CHECK(filters("gr\303\274n \342\202\254 \360\237\230\200",
		      "gr\303\274n \342\202\254 \360\237\230\200"));
	/* C1 in UTF-8 and raw */
	CHECK(filters("\302\2331mx", "\302.1mx") && filters("\2331mx", ".1mx"));
	CHECK(filters("\302\251", "\302\251") && filters("\302a", "\302a") &&
	      filters("\302\302\251", "\302\302\251") && filters("\251", "."));
	CHECK(filters("\033]never ends\nnext line\n", "\nnext line\n"));
	for (int i = 0; i < 20000; i++) {
		struct filter f = { 0 };
		char in[64], out[64];
		size_t n;

		for (size_t j = 0; j < sizeof(in); j++)
			in[j] = (char)(rnd(3) ? rnd(256) : "\033[]P\\\302\233\n"[rnd(8)]);
		n = filter_text(&f, in, sizeof(in), out);
		CHECK(n <= sizeof(out));
		for (size_t j = 0; j < n; j++) {
			unsigned char c = out[j], before = j ? out[j - 1] : 0;

			CHECK(c >= 0x20 || c == '\n' || c == '\t');
			CHECK(c != 0x7f && !(before == 0xc2 && c >= 0x80 && c <= 0x9f));
			CHECK(!(c >= 0x80 && c <= 0x9f && before < 0x80));
		}
	}
}

static long size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : (long)st.st_size;
}

static void test_log(void)
{
	char dir[] = "/tmp/conlog-XXXXXX", path[64], line[64];
	struct conlog l;
	FILE *f;

	CHECK(mkdtemp(dir) != NULL);
	conlog_size = 10000;
	conlog_keep = 2;
	conlog_open(&l, dir, "guest-x", false);
	for (int i = 0; i < 2000; i++) {
		int n = snprintf(line, sizeof(line), "line %d\r\n", i);

		conlog_write(&l, line, 3);
		conlog_write(&l, line + 3, n - 3);
	}
	snprintf(path, sizeof(path), "%s/guest-x.log.1", dir);
	CHECK(size_of(path) >= 10000 && size_of(path) < 10100);
	f = fopen(path, "r");
	CHECK(f && fgets(line, sizeof(line), f) && !strncmp(line, "line ", 5)); /* not split */
	if (f)
		fclose(f);
	unlink(path);
	snprintf(path, sizeof(path), "%s/guest-x.log.3", dir);
	CHECK(size_of(path) == -1);
	snprintf(path, sizeof(path), "%s/guest-x.log.2", dir);
	unlink(path);
	/* A stream without newlines is bounded too. */
	for (int i = 0; i < 1000; i++)
		conlog_write(&l, "0123456789012345678901234567890123456789", 40);
	snprintf(path, sizeof(path), "%s/guest-x.log", dir);
	CHECK(size_of(path) < 20100);
	/* Someone moved it away: SIGHUP. */
	unlink(path);
	conlog_reopen(&l);
	conlog_write(&l, "new\n", 4);
	CHECK(size_of(path) == 4);
	conlog_close(&l);
	unlink(path);
	l.stamps = true;
	conlog_reopen(&l);
	conlog_write(&l, "a\nb", 3);
	conlog_write(&l, "c\n", 2);
	CHECK(size_of(path) == 2 * 22 + 5);
	conlog_close(&l);
	snprintf(path, sizeof(path), "rm -r %s", dir);
	CHECK(system(path) == 0);
	conlog_open(&l, dir, "gone", false); /* no folder: a message, no more */
	conlog_write(&l, "x", 1);
}

/* On a full disk old logs stay; what could not be opened is tried again, but not for each line. */
static void test_full_disk(void)
{
	char dir[] = "/tmp/conlog-XXXXXX", path[64];
	const struct rlimit small = { 5000, RLIM_INFINITY }, any = { RLIM_INFINITY, RLIM_INFINITY };
	struct conlog l;

	CHECK(mkdtemp(dir) != NULL);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	conlog_open(&l, dir, "full", false);
	for (int i = 0; i < 1000; i++)
		conlog_write(&l, "a line of twenty by\n", 20);
	setrlimit(RLIMIT_FSIZE, &any);
	snprintf(path, sizeof(path), "%s/full.log.1", dir);
	CHECK(size_of(path) == -1);
	snprintf(path, sizeof(path), "%s/full.log", dir);
	CHECK(size_of(path) == 5000);
	conlog_write(&l, "more\n", 5);
	CHECK(size_of(path) == 5005);
	unlink(path);
	rmdir(dir);
	conlog_reopen(&l);
	mkdir(dir, 0700);
	conlog_write(&l, "too early\n", 10);
	CHECK(size_of(path) == -1);
	l.tried -= 1000;
	conlog_write(&l, "again\n", 6);
	CHECK(size_of(path) == 6);
	conlog_close(&l);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	check_run("console-history", test_history);
	check_run("console-log-filter", test_filter);
	check_run("console-log-rotation", test_log);
	check_run("console-log-full-disk", test_full_disk);
	return check_failures != 0;
}
