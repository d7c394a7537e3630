// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the store on the host. A second, naive implementation (the model: a list of paths, whole
 * copies for nothing clever) says what each request must answer; a committed transaction must equal
 * doing its requests at that moment.
 */
#include <assert.h>
#include "tests/check.h"
#include "tests/fake.h"

static const char *test_name;

/* Allocation failures: the n-th from now fails, if n >= 0. */
static long fail_at = -1;
void *__real_malloc(size_t n);
void *__real_calloc(size_t a, size_t b);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t a, size_t b);
void *__wrap_realloc(void *p, size_t n);
static bool fails(void)
{
	return fail_at >= 0 && fail_at-- == 0;
}
void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}
void *__wrap_calloc(size_t a, size_t b)
{
	return fails() ? NULL : __real_calloc(a, b);
}
void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

static FILE *record;
static void record_bytes(struct fake *f, const void *data, size_t len)
{
	if (record && len < 0xffff) {
		fputc(f->id, record);
		fputc(len & 0xff, record);
		fputc(len >> 8, record);
		fwrite(data, 1, len, record);
	}
}

static char body[XENSTORE_PAYLOAD_MAX + 1];
static struct xsd_sockmsg hdr;

/*
 * Sends a request, runs everybody, and takes its answer, passing over events. -errno, or the length
 * of the answer.
 */
static int ask(struct fake *f, uint32_t type, uint32_t tx, const void *data, size_t len)
{
	char msg[sizeof(hdr) + XENSTORE_PAYLOAD_MAX];
	struct xsd_sockmsg h = { type, 7, tx, len };

	memcpy(msg, &h, sizeof(h));
	memcpy(msg + sizeof(h), data, len);
	record_bytes(f, msg, sizeof(h) + len);
	fake_feed(f, msg, sizeof(h) + len);
	run_all();
	while (fake_asks(f) && !f->c.shut && store_hold_ms() > 0) {
		fake_time += store_hold_ms();
		run_all();
	}
	while (fake_next(f, &hdr, body)) {
		if (hdr.type == XS_WATCH_EVENT)
			continue;
		if (hdr.type == XS_ERROR) {
			for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
				if (!strcmp(xsd_errors[i].errstring, body))
					return -xsd_errors[i].errnum;
			return -9999;
		}
		CHECK(hdr.type == type && hdr.req_id == 7 && hdr.tx_id == tx);
		return hdr.len;
	}
	return -7777;
}

static int asks(struct fake *f, uint32_t type, uint32_t tx, const char *a)
{
	return ask(f, type, tx, a, strlen(a) + 1);
}

static int ask2(struct fake *f, uint32_t type, uint32_t tx, const char *a, const char *b, bool nul)
{
	char buf[XENSTORE_PAYLOAD_MAX];
	size_t la = strlen(a) + 1, lb = strlen(b) + nul;

	memcpy(buf, a, la);
	memcpy(buf + la, b, lb);
	return ask(f, type, tx, buf, la + lb);
}

static int put(struct fake *f, uint32_t tx, const char *path, const char *value)
{
	return ask2(f, XS_WRITE, tx, path, value, false);
}

static bool reads(struct fake *f, uint32_t tx, const char *path, const char *want)
{
	return asks(f, XS_READ, tx, path) == (int)strlen(want) && !memcmp(body, want, strlen(want));
}

static uint32_t tx_begin(struct fake *f)
{
	int rc = asks(f, XS_TRANSACTION_START, 0, "");

	return rc > 0 ? strtoul(body, NULL, 10) : 0;
}

static bool event(struct fake *f, const char *path, const char *token)
{
	if (!fake_next(f, &hdr, body) || hdr.type != XS_WATCH_EVENT)
		return false;
	return !strcmp(body, path) && !strcmp(body + strlen(path) + 1, token) &&
	       hdr.len == strlen(path) + strlen(token) + 2;
}

#define d0 fakes[0]
#define d0b fakes[1]
#define d5 fakes[2]
#define d6 fakes[3]

static void setup(void)
{
	fake_store(12345);
	fake_open(&d0, 0, 0);
	fake_open(&d0b, 1, 0);
	fake_open(&d5, 2, 5);
	fake_open(&d6, 3, 6);
	CHECK(asks(&d0, XS_MKDIR, 0, "/local/domain/5") == 3);
	CHECK(ask(&d0, XS_SET_PERMS, 0, "/local/domain/5\0n0\0r5", 22) == 3);
	CHECK(put(&d0, 0, "/local/domain/5/data", "") == 3);
	CHECK(ask(&d0, XS_SET_PERMS, 0, "/local/domain/5/data\0n5", 24) == 3);
	CHECK(asks(&d0, XS_MKDIR, 0, "/shared") == 3);
	CHECK(ask(&d0, XS_SET_PERMS, 0, "/shared\0b0", 11) == 3);
}

static void teardown(void)
{
	CHECK(store_check() == 0);
	fake_close(&d0);
	fake_close(&d0b);
	fake_close(&d5);
	fake_close(&d6);
	fake_close(&fakes[N_FAKES - 1]);
	store_free();
}

static void test_basics(void)
{
	CHECK(put(&d0, 0, "/a/b/c", "hello") == 3);
	CHECK(reads(&d0, 0, "/a/b/c", "hello"));
	CHECK(reads(&d0, 0, "/a/b", ""));
	CHECK(asks(&d0, XS_DIRECTORY, 0, "/a") == 2 && !strcmp(body, "b"));
	CHECK(asks(&d0, XS_READ, 0, "/nope") == -ENOENT);
	CHECK(asks(&d0, XS_MKDIR, 0, "/a/b") == 3);
	CHECK(asks(&d0, XS_RM, 0, "/a/x") == 3);
	CHECK(asks(&d0, XS_RM, 0, "/x/y") == -ENOENT);
	CHECK(asks(&d0, XS_RM, 0, "/") == -EINVAL);
	CHECK(asks(&d0, XS_RM, 0, "/a") == 3);
	CHECK(asks(&d0, XS_READ, 0, "/a/b/c") == -ENOENT);
	CHECK(put(&d0, 0, "rel", "1") == 3 && reads(&d0, 0, "/local/domain/0/rel", "1"));
	CHECK(asks(&d0, XS_GET_DOMAIN_PATH, 0, "5") > 0 && !strcmp(body, "/local/domain/5"));
	CHECK(asks(&d0, XS_IS_DOMAIN_INTRODUCED, 0, "5") == 2 && body[0] == 'T');
	CHECK(asks(&d0, XS_IS_DOMAIN_INTRODUCED, 0, "7") == 2 && body[0] == 'F');
	CHECK(asks(&d0, XS_READ, 77, "/") == -ENOENT);
	CHECK(asks(&d0, 20, 0, "5") == -ENOSYS && asks(&d0, 999, 0, "5") == -ENOSYS);
	CHECK(asks(&d0, XS_CONTROL, 0, "check") > 0 && !strcmp(body, "OK"));
	CHECK(ask2(&d0, XS_CONTROL, 0, "quota", "5", true) > 0 && !strncmp(body, "Domain 5", 8));
	CHECK(ask2(&d0, XS_CONTROL, 0, "quota", "99", true) == -ENOENT);
	CHECK(ask2(&d0, XS_CONTROL, 0, "quota", "abc", true) == -EINVAL);
}

static void test_paths(void)
{
	static const char *const bad[] = { "//", "/a/",	  "/a//b", "/a b", "/a\x01",
					   "",	 "/\xff", "@x",	   "/a*" };
	char longest[4000];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(asks(&d0, XS_READ, 0, bad[i]) == -EINVAL);
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[3072] = '\0';
	CHECK(put(&d0, 0, longest, "") == 3);
	longest[3072] = 'a';
	longest[3073] = '\0';
	CHECK(put(&d0, 0, longest, "") == -EINVAL);
	longest[3073] = 'a';
	longest[sizeof(longest) - 1] = '\0'; /* nearly a whole message */
	CHECK(put(&d0, 0, longest, "") == -EINVAL);
	CHECK(put(&d0, 0, longest + 1, "") == -EINVAL);
	/* A guest's limit is for the part behind its own directory, however that is named. */
	memcpy(longest, "/local/domain/5/data/", 21);
	longest[16 + 2048] = '\0';
	CHECK(asks(&d5, XS_READ, 0, longest) == -ENOENT);
	CHECK(asks(&d5, XS_READ, 0, longest + 16) == -ENOENT);
	longest[16 + 2048] = 'a';
	longest[16 + 2049] = '\0';
	CHECK(asks(&d5, XS_READ, 0, longest) == -EINVAL);
	CHECK(ask(&d0, XS_READ, 0, "/", 1) == -EINVAL); /* no NUL */
	CHECK(ask(&d0, XS_READ, 0, "", 0) == -EINVAL);
	CHECK(ask(&d0, XS_WATCH, 0, "/", 2) == -EINVAL); /* one word of two */
}

static void test_perms(void)
{
	CHECK(put(&d0, 0, "/secret/x", "1") == 3);
	CHECK(asks(&d5, XS_READ, 0, "/secret/x") == -EACCES);
	CHECK(asks(&d5, XS_READ, 0, "/secret/none") == -EACCES);
	CHECK(put(&d5, 0, "/secret/x", "2") == -EACCES);
	CHECK(put(&d5, 0, "data/k/l", "mine") == 3);
	CHECK(asks(&d5, XS_GET_PERMS, 0, "data/k/l") == 3 && !strcmp(body, "n5"));
	CHECK(asks(&d6, XS_READ, 0, "/local/domain/5/data/k/l") == -EACCES);
	CHECK(ask(&d5, XS_SET_PERMS, 0, "data/k/l\0n5\0r6", 15) == 3);
	CHECK(reads(&d6, 0, "/local/domain/5/data/k/l", "mine"));
	CHECK(put(&d6, 0, "/local/domain/5/data/k/l", "x") == -EACCES);
	CHECK(ask(&d6, XS_SET_PERMS, 0, "/local/domain/5/data/k/l\0n6", 28) == -EACCES);
	CHECK(ask(&d5, XS_SET_PERMS, 0, "data/k/l\0n6", 12) == -EPERM);
	CHECK(ask(&d5, XS_SET_PERMS, 0, "data/k/l\0n5\0q6", 15) == -EINVAL);
	CHECK(ask(&d5, XS_SET_PERMS, 0, "data/k/l\0n5\0r1\0r2\0r3\0r4\0r6", 27) == -ENOSPC);
	CHECK(put(&d5, 0, "outside", "x") == -EACCES);
	CHECK(asks(&d5, XS_READ, 0, "data/none") == -ENOENT);
	for (uint32_t t = 0; t < 4; t++) {
		static const uint32_t priv[] = { XS_INTRODUCE, XS_RELEASE, XS_RESUME,
						 XS_SET_TARGET };

		CHECK(ask(&d5, priv[t], 0, "6\0001\0002", 6) == -EACCES);
	}
	CHECK(asks(&d5, XS_CONTROL, 0, "check") == -EACCES);
	CHECK(asks(&d5, XS_IS_DOMAIN_INTRODUCED, 0, "6") == -EACCES);
	/* That there is no such node is told to whoever could make it. */
	CHECK(ask(&d6, XS_SET_PERMS, 0, "/shared/none\0n6", 16) == -ENOENT);
	CHECK(ask(&d6, XS_SET_PERMS, 0, "/secret/none\0n6", 16) == -EACCES);
	/* A stub domain acts for its target. */
	CHECK(ask2(&d0, XS_SET_TARGET, 0, "6", "5", true) == 3);
	CHECK(reads(&d6, 0, "/local/domain/5/data/k", ""));
	/* A domain that is gone leaves neither nodes nor rights. */
	CHECK(put(&d0, 0, "/keep", "1") == 3 &&
	      ask(&d0, XS_SET_PERMS, 0, "/keep\0n0\0b5", 12) == 3);
	CHECK(asks(&d0, XS_RELEASE, 0, "5") == 3);
	CHECK(asks(&d0, XS_READ, 0, "/local/domain/5/data") == -ENOENT);
	CHECK(asks(&d0, XS_GET_PERMS, 0, "/keep") == 3 && !strcmp(body, "n0"));
	CHECK(asks(&d0, XS_RELEASE, 0, "5") == -ENOENT);
}

static void test_watches(void)
{
	CHECK(ask2(&d5, XS_WATCH, 0, "data", "tok", true) == 3 && event(&d5, "data", "tok"));
	CHECK(ask2(&d5, XS_WATCH, 0, "data", "tok", true) == -EEXIST);
	CHECK(ask2(&d0, XS_WATCH, 0, "/local/domain/5/data/a/b", "deep", true) == 3 &&
	      event(&d0, "/local/domain/5/data/a/b", "deep"));
	CHECK(put(&d0b, 0, "/local/domain/5/data/a/b", "1") == 3);
	CHECK(event(&d5, "data/a/b", "tok") && !fake_next(&d5, &hdr, body));
	CHECK(event(&d0, "/local/domain/5/data/a/b", "deep"));
	CHECK(put(&d0b, 0, "/local/domain/5/data/ab", "1") == 3 && event(&d5, "data/ab", "tok"));
	/* In the order of the watches. A third word is what newer daemons know. */
	CHECK(ask2(&d5, XS_WATCH, 0, "data", "2nd", true) == 3 && event(&d5, "data", "2nd"));
	CHECK(put(&d0b, 0, "/local/domain/5/data/ab", "2") == 3 && event(&d5, "data/ab", "tok") &&
	      event(&d5, "data/ab", "2nd"));
	CHECK(ask2(&d5, XS_UNWATCH, 0, "data", "2nd", true) == 3);
	CHECK(ask(&d5, XS_WATCH, 0, "data\0003rd\0001", 11) == -EINVAL);
	/* Removal: the watcher above hears of the top, the one below of its own node. */
	CHECK(asks(&d0b, XS_RM, 0, "/local/domain/5/data/a") == 3);
	CHECK(event(&d5, "data/a", "tok") && !fake_next(&d5, &hdr, body));
	CHECK(event(&d0, "/local/domain/5/data/a/b", "deep") && !fake_next(&d0, &hdr, body));
	/* Nothing that cannot be read is told. */
	CHECK(ask2(&d6, XS_WATCH, 0, "/local/domain/5/data", "spy", true) == 3 &&
	      event(&d6, "/local/domain/5/data", "spy"));
	CHECK(put(&d0b, 0, "/local/domain/5/data/z", "1") == 3 && event(&d5, "data/z", "tok") &&
	      !fake_next(&d6, &hdr, body));
	CHECK(ask2(&d6, XS_WATCH, 0, "@releaseDomain", "r", true) == 3 &&
	      event(&d6, "@releaseDomain", "r"));
	CHECK(ask2(&d0, XS_WATCH, 0, "@releaseDomain", "r", true) == 3 &&
	      event(&d0, "@releaseDomain", "r"));
	CHECK(ask(&d0b, XS_INTRODUCE, 0, "9\0001\0002", 6) == 3 &&
	      asks(&d0b, XS_RELEASE, 0, "9") == 3);
	CHECK(event(&d0, "@releaseDomain", "r") && !fake_next(&d6, &hdr, body));
	CHECK(ask2(&d0, XS_WATCH, 0, "@introduceDomain", "i", true) == 3 &&
	      event(&d0, "@introduceDomain", "i"));
	CHECK(ask(&d0b, XS_INTRODUCE, 0, "9\0001\0002", 6) == 3 &&
	      event(&d0, "@introduceDomain", "i"));
	CHECK(ask(&d0b, XS_INTRODUCE, 0, "9\0001\0003", 6) == 3 && /* it is known */
	      ask2(&d0b, XS_UNWATCH, 0, "x", "y", true) < 0 && !fake_next(&d0, &hdr, body));
	CHECK(asks(&d0b, XS_RELEASE, 0, "9") == 3 && event(&d0, "@releaseDomain", "r"));
	CHECK(ask2(&d0, XS_UNWATCH, 0, "@introduceDomain", "i", true) == 3);
	/* ... unless Dom0 allows it. */
	CHECK(ask(&d0, XS_SET_PERMS, 0, "@releaseDomain\0n0\0r6", 21) == 3);
	CHECK(ask(&d0b, XS_INTRODUCE, 0, "9\0001\0002", 6) == 3 &&
	      asks(&d0b, XS_RELEASE, 0, "9") == 3);
	CHECK(event(&d6, "@releaseDomain", "r"));
	/* Transactions tell when they commit, and only then. */
	uint32_t tx = tx_begin(&d0b);
	CHECK(put(&d0b, tx, "/local/domain/5/data/t", "1") == 3 && !fake_next(&d5, &hdr, body));
	CHECK(asks(&d0b, XS_TRANSACTION_END, tx, "T") == 3 && event(&d5, "data/t", "tok"));
	/* The same event twice, unread: once. */
	d5.room = 0;
	CHECK(put(&d0, 0, "/local/domain/5/data/q", "1") == 3 &&
	      put(&d0, 0, "/local/domain/5/data/q", "2") == 3);
	d5.room = SIZE_MAX;
	conn_wake(&d5.c);
	run_all();
	CHECK(event(&d5, "data/q", "tok") && !fake_next(&d5, &hdr, body));
	CHECK(ask2(&d5, XS_UNWATCH, 0, "data", "tok", true) == 3 &&
	      ask2(&d5, XS_UNWATCH, 0, "data", "tok", true) == -ENOENT);
	CHECK(ask2(&d5, XS_WATCH, 0, "data", "a", true) == 3 &&
	      ask(&d5, XS_RESET_WATCHES, 0, "", 1) == 3);
	while (fake_next(&d5, &hdr, body))
		;
	CHECK(put(&d0, 0, "/local/domain/5/data/q", "3") == 3 && !fake_next(&d5, &hdr, body));
}

static void test_transactions(void)
{
	uint32_t a = tx_begin(&d0), b = tx_begin(&d0b);

	CHECK(put(&d0, a, "/t/x", "1") == 3 && asks(&d0b, XS_READ, 0, "/t/x") == -ENOENT &&
	      reads(&d0, a, "/t/x", "1"));
	CHECK(asks(&d0, XS_TRANSACTION_END, a, "F") == 3 &&
	      asks(&d0, XS_READ, 0, "/t/x") == -ENOENT);
	/* Both create children of one directory: no conflict. */
	CHECK(asks(&d0, XS_MKDIR, 0, "/t") == 3);
	a = tx_begin(&d0);
	CHECK(put(&d0, a, "/t/a", "1") == 3 && put(&d0b, 0, "/t/other", "1") == 3);
	CHECK(asks(&d0, XS_TRANSACTION_END, a, "T") == 3 && reads(&d0, 0, "/t/a", "1") &&
	      reads(&d0, 0, "/t/other", "1"));
	CHECK(asks(&d0b, XS_TRANSACTION_END, b, "T") == 3);
	/* What was read has changed. */
	a = tx_begin(&d0);
	CHECK(reads(&d0, a, "/t/a", "1") && put(&d0b, 0, "/t/a", "2") == 3 &&
	      put(&d0, a, "/t/b", "1") == 3);
	CHECK(asks(&d0, XS_TRANSACTION_END, a, "T") == -EAGAIN &&
	      asks(&d0, XS_READ, 0, "/t/b") == -ENOENT);
	/* A listed directory has changed. */
	a = tx_begin(&d0);
	CHECK(asks(&d0, XS_DIRECTORY, a, "/t") > 0 && put(&d0b, 0, "/t/new", "2") == 3);
	CHECK(asks(&d0, XS_TRANSACTION_END, a, "T") == -EAGAIN);
	/* A child appears below what is being removed. */
	a = tx_begin(&d0);
	CHECK(asks(&d0, XS_RM, a, "/t") == 3 && put(&d0b, 0, "/t/late", "2") == 3);
	CHECK(asks(&d0, XS_TRANSACTION_END, a, "T") == -EAGAIN && reads(&d0, 0, "/t/late", "2"));
	/* Absence was seen. */
	a = tx_begin(&d0);
	CHECK(asks(&d0, XS_READ, a, "/t/absent") == -ENOENT && put(&d0b, 0, "/t/absent", "") == 3);
	CHECK(asks(&d0, XS_TRANSACTION_END, a, "T") == -EAGAIN);
	/* Remove and create again in one go. */
	a = tx_begin(&d0);
	CHECK(asks(&d0, XS_RM, a, "/t") == 3 && put(&d0, a, "/t/fresh", "f") == 3);
	CHECK(asks(&d0, XS_DIRECTORY, a, "/t") == 6 && asks(&d0, XS_TRANSACTION_END, a, "T") == 3);
	CHECK(asks(&d0, XS_DIRECTORY, 0, "/t") == 6 && !strcmp(body, "fresh") &&
	      reads(&d0, 0, "/t/fresh", "f"));
	CHECK(asks(&d0, XS_TRANSACTION_END, a, "T") == -ENOENT &&
	      asks(&d0, XS_TRANSACTION_START, tx_begin(&d0), "") == -EBUSY);
}

static ptrdiff_t old_versions(void)
{
	return (ptrdiff_t)(store.node_bytes - store.tree_bytes);
}

/* What old versions of nodes cost is bounded, whoever still looks at them. */
static void test_versions(void)
{
	static char big[3000];
	uint32_t tx[9] = { 0 };
	ptrdiff_t most = 0;
	char path[32];

	memset(big, 'x', sizeof(big) - 1);
	for (int round = 0; round < 9; round++) {
		tx[round] = tx_begin(round % 2 ? &d5 : &d0);
		CHECK(reads(round % 2 ? &d5 : &d0, tx[round], "/shared", ""));
		for (int i = 0; i < 500; i++) {
			snprintf(path, sizeof(path), "/big/%d", i);
			CHECK(put(&d0b, 0, path, big) == 3);
			if (old_versions() > most)
				most = old_versions();
		}
	}
	printf("  %td bytes of old versions\n", most);
	CHECK(most > 3 << 20 && most <= 4 << 20);
	/* That they began anew is no conflict. */
	for (int round = 0; round < 9; round++)
		CHECK(asks(round % 2 ? &d5 : &d0, XS_TRANSACTION_END, tx[round], "T") == 3);
	CHECK(old_versions() < 100 && store.tx_bytes == 0);
}

static void test_big_directory(void)
{
	char path[64], part[32];
	size_t seen = 0, off = 0;
	char gen[32];

	for (int i = 0; i < 1500; i++) {
		snprintf(path, sizeof(path), "/big/entry-%04d", i);
		CHECK(put(&d0, 0, path, "v") == 3);
	}
	CHECK(asks(&d0, XS_DIRECTORY, 0, "/big") == -E2BIG);
	for (int rounds = 0; rounds < 100; rounds++) {
		snprintf(part, sizeof(part), "%zu", off);
		int len = ask2(&d0, XS_DIRECTORY_PART, 0, "/big", part, true);

		CHECK(len > 0);
		if (len <= 0)
			break;
		if (!off)
			strcpy(gen, body);
		CHECK(!strcmp(gen, body));
		size_t at = strlen(body) + 1;
		for (; at < (size_t)len && body[at]; at += strlen(body + at) + 1, seen++)
			off += strlen(body + at) + 1;
		if (at < (size_t)len)
			break;
	}
	CHECK(seen == 1500);
	CHECK(asks(&d0, XS_RM, 0, "/big") == 3);
}

static void test_quotas(void)
{
	char path[4096], big[3000];
	int i, rc = 0;

	for (i = 0; i < 2000 && rc >= 0; i++) {
		snprintf(path, sizeof(path), "data/d%d/%d", i / 50, i);
		rc = put(&d5, 0, path, "");
	}
	CHECK(rc == -ENOSPC && d5.c.acct->nodes == 1000);
	CHECK(put(&d0, 0, "/local/domain/5/data/by-dom0", "") == 3); /* Dom0 is not limited */
	memset(big, 'x', sizeof(big));
	big[2500] = '\0';
	CHECK(put(&d5, 0, "data/d0/0", big) == -ENOSPC);
	big[1000] = '\0';
	CHECK(put(&d5, 0, "data/d0/0", big) == 3);
	for (i = 0, rc = 0; i < 500 && rc >= 0; i++) {
		snprintf(path, sizeof(path), "t%d", i);
		rc = ask2(&d5, XS_WATCH, 0, "data", path, true);
	}
	CHECK(rc == -E2BIG && d5.c.acct->watches == 128);
	for (i = 0; tx_begin(&d5); i++)
		;
	CHECK(i == 10 && d5.c.acct->txs == 10);
	CHECK(ask(&d5, XS_RESET_WATCHES, 0, "", 1) == 3 && d5.c.acct->txs == 0 &&
	      d5.c.acct->watches == 0);
	/* A transaction has no room for more either, not only its commit. */
	uint32_t full = tx_begin(&d5);
	CHECK(put(&d5, full, "data/one-more", "") == -ENOSPC);
	CHECK(asks(&d5, XS_TRANSACTION_END, full, "F") == 3);
	uint32_t tx = tx_begin(&d5);
	for (i = 0, rc = 0; i < 3000 && rc != -ENOSPC; i++) {
		snprintf(path, sizeof(path), "data/none%d", i);
		rc = asks(&d5, XS_READ, tx, path);
	}
	CHECK(rc == -ENOSPC && i < 1030);
	strcpy(path, "/shared");
	for (i = 0; i < 200; i++)
		strcat(path, "/d");
	CHECK(put(&d6, 0, path, "") == -ENOSPC); /* depth */
	CHECK(put(&d0, 0, path, "") == 3);
	store.quota[Q_MEMORY] = d6.c.acct->mem + 5000;
	for (i = 0, rc = 0; i < 100 && rc >= 0; i++) {
		snprintf(path, sizeof(path), "/shared/m%d", i);
		rc = put(&d6, 0, path, big);
	}
	CHECK(rc == -ENOMEM && d6.c.acct->mem <= store.quota[Q_MEMORY]);
}

static void test_flood(void)
{
	int turns;

	/*
	 * Dom 5 has a thousand requests waiting; Dom0's one is answered within as many turns as
	 * there are connections.
	 */
	for (int i = 0; i < 1000; i++)
		fake_send(&d5, XS_READ, 0, "data", 5);
	store_turn();
	fake_send(&d0, XS_READ, 0, "/", 2);
	for (turns = 0; turns < 10 && !d0.out_len; turns++)
		store_turn();
	CHECK(turns <= 4 && fake_next(&d0, &hdr, body) && hdr.type == XS_READ);
	fake_drain(&d5);
	/* A guest that does not read its answers is not served further. */
	d6.room = 0;
	for (int i = 0; i < 100; i++)
		fake_send(&d6, XS_READ, 0, "/shared", 8);
	run_all();
	fake_time += 100;
	run_all();
	CHECK(d6.c.out_msgs == 20 && !d6.c.shut);
	d6.room = SIZE_MAX;
	fake_drain(&d6);
	for (turns = 0; fake_next(&d6, &hdr, body); turns++)
		;
	CHECK(turns == 100);
	/* One that lets events pile up is cut off, alone. */
	store.quota[Q_MEMORY] = 20000;
	d6.room = 0;
	CHECK(ask2(&d0, XS_WATCH, 0, "/shared", "w", true) == 3);
	fake_send(&d6, XS_WATCH, 0, "/shared\0w", 10);
	fake_time += 100;
	run_all();
	for (int i = 0; i < 1000; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/shared/n%d", i);
		CHECK(put(&d0b, 0, path, "") == 3);
	}
	CHECK(d6.why == XENSTORE_ERROR_COMM && d6.c.shut && !d0.c.shut && !d5.c.shut);
}

/*
 * Dom0 makes one request after the other, two guests have always more to ask: how many of theirs
 * are served meanwhile? Twenty requests of whomever take a millisecond.
 */
static void test_share(void)
{
	unsigned long mine = 0, theirs = 0;

	for (int turns = 0; mine < 2000; turns++) {
		struct fake *guests[] = { &d5, &d6 };

		for (int g = 0; g < 2; g++)
			if (!fake_asks(guests[g]))
				fake_send(guests[g], XS_READ, 0, "/shared", 8);
		if (!fake_asks(&d0))
			fake_send(&d0, XS_READ, 0, "/", 2);
		CHECK(store_turn());
		while (fake_next(&d0, &hdr, body))
			mine++;
		for (int g = 0; g < 2; g++)
			while (fake_next(guests[g], &hdr, body))
				theirs++;
		fake_time += turns % 20 == 0;
	}
	/* Each of the three a third would be 4000; GUEST_TURNS of 200 are 381. */
	printf("  %lu requests of Dom0, %lu of two guests that flood\n", mine, theirs);
	CHECK(theirs > 300 && theirs < 450);
	/* Nobody else wants anything: the whole time is theirs. */
	fake_drain(&d5);
	fake_drain(&d6);
	while (fake_next(&d5, &hdr, body))
		;
	fake_time += 1000;
	theirs = 0;
	for (int turns = 0; turns < 1000; turns++) {
		fake_send(&d5, XS_READ, 0, "/shared", 8);
		CHECK(store_turn());
		fake_time += turns % 20 == 0;
		while (fake_next(&d5, &hdr, body))
			theirs++;
	}
	CHECK(theirs == 1000);
}

static void test_starvation(void)
{
	int tries = 0, rc;

	/*
	 * Dom 5 writes what Dom0's transaction reads, as fast as it can; Dom0 gets through
	 * nevertheless.
	 */
	do {
		uint32_t tx = tx_begin(&d0);

		for (int i = 0; i < 10; i++)
			fake_send(&d5, XS_WRITE, 0, "data/x\0abc", 10);
		CHECK(asks(&d0, XS_READ, tx, "/local/domain/5/data/x") != -EIO);
		CHECK(put(&d0, tx, "/tool/y", "1") == 3);
		rc = asks(&d0, XS_TRANSACTION_END, tx, "T");
		fake_time++;
	} while (rc == -EAGAIN && ++tries < 10);
	CHECK(rc == 3 && tries <= 2);
	fake_time += 100;
	run_all();
	CHECK(!fake_asks(&d5));
}

static void test_hostile(void)
{
	struct xsd_sockmsg h = { XS_READ, 1, 0, 5000 };
	char junk[16];

	fake_feed(&d5, &h, sizeof(h));
	run_all();
	CHECK(d5.c.shut && d5.why == XENSTORE_ERROR_PROTO);
	CHECK(reads(&d0, 0, "/shared", "") && reads(&d6, 0, "/shared", ""));
	conn_reset(&d5.c);
	CHECK(reads(&d5, 0, "data", ""));
	/* Bytes one at a time. */
	h.len = 5;
	fake_send(&d5, XS_READ, 0, "data", 5);
	d5.in_len -= 3;
	run_all();
	CHECK(!d5.out_len);
	d5.in_len += 3;
	conn_wake(&d5.c);
	run_all();
	CHECK(fake_next(&d5, &hdr, junk) && hdr.type == XS_READ);
}

/* ---- the model ---- */
#define M_NODES 400
struct mnode {
	char path[48], value[16];
	int value_len, n_perms;
	struct xs_perm perms[4];
};
struct model {
	int n;
	struct mnode node[M_NODES];
};

static struct mnode *m_find(struct model *m, const char *path)
{
	for (int i = 0; i < m->n; i++)
		if (!strcmp(m->node[i].path, path))
			return &m->node[i];
	return NULL;
}

static void m_parent(char *path)
{
	char *s = strrchr(path, '/');

	s[s == path] = '\0';
}

static int m_access(int dom, const struct mnode *n)
{
	if (dom == 0 || n->perms[0].domid == dom)
		return 7;
	for (int i = 1; i < n->n_perms; i++)
		if (n->perms[i].domid == dom)
			return n->perms[i].access;
	return n->perms[0].access;
}

static int m_get(struct model *m, int dom, const char *path, int perm, struct mnode **n)
{
	char up[48];

	*n = m_find(m, path);
	if (*n)
		return (m_access(dom, *n) & perm) == perm ? 0 : -EACCES;
	strcpy(up, path);
	while (strcmp(up, "/")) {
		m_parent(up);
		if (m_find(m, up))
			return m_access(dom, m_find(m, up)) & perm ? -ENOENT : -EACCES;
	}
	return -ENOENT;
}

static void m_create(struct model *m, int dom, const char *path)
{
	char up[48];
	struct mnode *n;

	strcpy(up, path);
	m_parent(up);
	if (!m_find(m, up))
		m_create(m, dom, up);
	assert(m->n < M_NODES);
	n = &m->node[m->n++];
	*n = *m_find(m, up);
	strcpy(n->path, path);
	n->value_len = 0;
	if (dom)
		n->perms[0].domid = dom;
}

/*
 * One request, as the protocol's text describes it. The answer goes to `out`: its length, or
 * -errno.
 */
struct op {
	uint32_t type;
	int dom;
	char path[48], arg[16];
	int arg_len;
	int rc;
	char reply[1024];
};

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int m_do(struct model *m, const struct op *o, char *out)
{
	struct mnode *n;
	int rc, len = 0;
	static const int need[] = {
		[XS_READ] = 1, [XS_DIRECTORY] = 1, [XS_WRITE] = 2,    [XS_MKDIR] = 2,
		[XS_RM] = 2,   [XS_SET_PERMS] = 6, [XS_GET_PERMS] = 1
	};
	char names[100][48], up[48];
	int count = 0;

	rc = m_get(m, o->dom, o->path, need[o->type], &n);
	strcpy(out, "OK");
	switch (o->type) {
	case XS_READ:
		if (rc)
			return rc;
		memcpy(out, n->value, n->value_len);
		return n->value_len;
	case XS_DIRECTORY:
		if (rc)
			return rc;
		for (int i = 0; i < m->n; i++) {
			strcpy(up, m->node[i].path);
			m_parent(up);
			if (strcmp(m->node[i].path, "/") && m->node[i].path[0] == '/' &&
			    !strcmp(up, o->path))
				strcpy(names[count++], strrchr(m->node[i].path, '/') + 1);
		}
		qsort(names, count, sizeof(names[0]), by_name);
		for (int i = 0; i < count; i++) {
			strcpy(out + len, names[i]);
			len += strlen(names[i]) + 1;
		}
		return len;
	case XS_GET_PERMS:
		if (rc)
			return rc;
		for (int i = 0; i < n->n_perms; i++)
			len += sprintf(out + len, "%c%u", "nrwb"[n->perms[i].access],
				       n -> perms[i].domid) +
			       1;
		return len;
	case XS_SET_PERMS:
		if (rc)
			return rc;
		if (o->dom && o->arg[1] - '0' != n->perms[0].domid)
			return -EPERM;
		n->n_perms = 0;
		for (const char *s = o->arg; s < o->arg + o->arg_len; s += 3)
			n->perms[n->n_perms++] = (struct xs_perm){ s[1] - '0',
								   strchr("nrwb", *s) - "nrwb" };
		return 3;
	case XS_WRITE:
	case XS_MKDIR:
		if (rc == -ENOENT) {
			m_create(m, o->dom, o->path);
			n = m_find(m, o->path);
		} else if (rc) {
			return rc;
		}
		if (o->type == XS_WRITE) {
			memcpy(n->value, o->arg, o->arg_len);
			n->value_len = o->arg_len;
		}
		return 3;
	case XS_RM:
		if (rc == -ENOENT) {
			strcpy(up, o->path);
			m_parent(up);
			return m_find(m, up) ? 3 : -ENOENT;
		}
		if (rc)
			return rc;
		for (int i = 0; i < m->n;) {
			size_t l = strlen(o->path);
			const char *p = m->node[i].path;

			if (!strncmp(p, o->path, l) && (p[l] == '/' || !p[l]))
				m->node[i] = m->node[--m->n];
			else
				i++;
		}
		return 3;
	}
	return -ENOSYS;
}

static unsigned long long rnd_state;
static unsigned int rnd(unsigned int n)
{
	rnd_state = rnd_state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned int)(rnd_state >> 33) % n;
}

static void random_op(struct op *o, int dom)
{
	static const uint32_t types[] = { XS_READ,  XS_DIRECTORY, XS_GET_PERMS, XS_WRITE,
					  XS_WRITE, XS_MKDIR,	  XS_RM,	XS_SET_PERMS };
	unsigned int depth = 1 + rnd(3);

	memset(o, 0, sizeof(*o));
	o->type = types[rnd(8)];
	o->dom = dom;
	strcpy(o->path, "/m");
	for (unsigned int i = 0; i < depth; i++)
		sprintf(o->path + strlen(o->path), "/%c", 'a' + rnd(4));
	if (o->type == XS_WRITE)
		o->arg_len = sprintf(o->arg, "%u", rnd(100000));
	if (o->type == XS_SET_PERMS) {
		for (unsigned int i = 0, n = 1 + rnd(3); i < n; i++)
			o->arg_len += sprintf(o->arg + o->arg_len, "%c%c", "nrwb"[rnd(4)],
					      "056"[rnd(3)]) +
				      1;
	}
}

static void sort_names(char *list, int len)
{
	char names[100][48], *out = list;
	int n = 0;

	for (int at = 0; at < len; at += strlen(list + at) + 1)
		strcpy(names[n++], list + at);
	qsort(names, n, sizeof(names[0]), by_name);
	for (int i = 0; i < n; i++)
		out = stpcpy(out, names[i]) + 1;
}

static void real_do(struct fake *f, uint32_t tx, struct op *o)
{
	char buf[128];
	size_t len = strlen(o->path) + 1;

	memcpy(buf, o->path, len);
	memcpy(buf + len, o->arg, o->arg_len);
	o->rc = ask(f, o->type, tx, buf, len + o->arg_len);
	if (o->rc >= 0 && o->type == XS_DIRECTORY)
		sort_names(body, o->rc);
	if (o->rc >= 0 && o->rc <= (int)sizeof(o->reply))
		memcpy(o->reply, body, o->rc);
}

static bool same_answer(struct model *m, const struct op *o)
{
	char out[2048];
	int rc = m_do(m, o, out);

	if (rc == o->rc && (rc <= 0 || !memcmp(out, o->reply, rc)))
		return true;
	printf("  op %u dom %d %s: real %d, model %d\n", o->type, o->dom, o->path, o->rc, rc);
	return false;
}

struct comparing {
	struct model *m;
	int n; /* -1: they differ */
};

static bool same_node(const struct node *n, const char *path, void *ctx)
{
	struct comparing *c = ctx;
	const struct mnode *k = m_find(c->m, path);

	if (c->n < 0)
		return false;
	c->n++;
	if (!k || k->value_len != (int)n->value_len ||
	    (n->value_len && memcmp(k->value, n->value, n->value_len)) || k->n_perms != n->n_perms)
		c->n = -1;
	for (int p = 0; c->n > 0 && p < n->n_perms; p++)
		if (n->perms[p].domid != k->perms[p].domid ||
		    n->perms[p].access != k->perms[p].access)
			c->n = -1;
	return true;
}

static bool same_tree(struct model *m)
{
	struct comparing c = { m };

	tree_walk(tree_find(store.root, "/m").node, "/m", same_node, &c);
	return c.n == m->n - 1; /* the model has "/" too */
}

#define MAX_TX_OPS 12
struct mtx {
	uint32_t id;
	int n;
	long version;
	struct op op[MAX_TX_OPS];
};

static struct fake *const all[] = { &d0, &d0b, &d5, &d6 };

static void model_start(struct model *m)
{
	memset(m, 0, sizeof(*m));
	m->n = 2;
	strcpy(m->node[0].path, "/");
	m->node[0].n_perms = 1;
	strcpy(m->node[1].path, "/m");
	m->node[1].n_perms = 1;
	m->node[1].perms[0].access = 3;
	CHECK(asks(&d0, XS_MKDIR, 0, "/m") == 3 && ask(&d0, XS_SET_PERMS, 0, "/m\0b0", 6) == 3);
}

static void end_tx(struct model *m, struct mtx *t, struct fake *f, long *version, int *commits,
		   int *conflicts)
{
	static struct model try;
	bool same = true;
	int rc = asks(f, XS_TRANSACTION_END, t->id, "T");

	if (rc == -EAGAIN) {
		/* nobody else changed anything: no excuse */
		CHECK(*version != t->version);
		++*conflicts;
		t->id = 0;
		return;
	}
	CHECK(rc == 3);
	if (rc != 3)
		printf("  end %d\n", rc);
	try = *m;
	for (int i = 0; i < t->n; i++)
		same = same_answer(&try, &t->op[i]) && same;
	CHECK(same);
	*m = try;
	++*version;
	++*commits;
	t->id = 0;
}

static void test_model(void)
{
	static struct model m;
	static struct mtx tx[4];
	long version = 0;
	int commits = 0, conflicts = 0;

	memset(tx, 0, sizeof(tx));
	model_start(&m);
	for (int i = 0; i < 60000 && check_failed < 5; i++) {
		int who = rnd(4);
		struct fake *f = all[who];
		struct mtx *t = &tx[who];
		struct op o;

		if (rnd(200) == 0)
			fake_live_update(store.seed + 1);
		fake_time += 50;
		if (!t->id && rnd(6) == 0) {
			t->id = tx_begin(f);
			CHECK(t->id);
			t->n = 0;
			t->version = version;
		} else if (t->id && (t->n == MAX_TX_OPS || rnd(5) == 0)) {
			end_tx(&m, t, f, &version, &commits, &conflicts);
		} else {
			random_op(&o, f->c.domid);
			if (t->id) {
				real_do(f, t->id, &o);
				t->op[t->n++] = o;
			} else {
				real_do(f, 0, &o);
				CHECK(same_answer(&m, &o));
				version += o.type != XS_READ && o.type != XS_DIRECTORY &&
					   o.type != XS_GET_PERMS;
			}
		}
		if (i % 500 == 0)
			CHECK(store_check() == 0 && same_tree(&m));
	}
	CHECK(same_tree(&m) && commits > 1000 && conflicts > 100);
	printf("  %d commits, %d conflicts\n", commits, conflicts);
}

/* Every allocation of every request fails once: an error means that nothing has changed. */
static void test_faults(void)
{
	static struct model m;
	int injected = 0;

	model_start(&m);
	for (int i = 0; i < 3000; i++) {
		struct fake *f = all[rnd(4)];
		struct op o;

		random_op(&o, f->c.domid);
		fail_at = rnd(12);
		real_do(f, 0, &o);
		if (fail_at < 0)
			injected++;
		fail_at = -1;
		/* no memory for the answer: cut off; the change may have been made */
		if (o.rc == -7777) {
			char out[2048];
			static struct model after;

			CHECK(f->c.shut || f->out_len == 0);
			conn_reset(&f->c);
			f->in_pos = f->in_len = f->out_pos = f->out_len = 0;
			after = m;
			m_do(&after, &o, out);
			if (same_tree(&after))
				m = after;
		} else if (o.rc != -ENOMEM) {
			CHECK(same_answer(&m, &o));
		}
		CHECK(store_check() == 0 && same_tree(&m));
	}
	CHECK(injected > 500);
	/* The same inside transactions, with a watcher: a commit does all or nothing. */
	CHECK(ask2(&d6, XS_WATCH, 0, "/m", "w", true) == 3);
	for (int i = 0; i < 300; i++) {
		static struct model try;
		static struct mtx t;
		bool same = true;
		int rc;

		t.id = tx_begin(&d0);
		for (t.n = 0; t.n < 8; t.n++) {
			random_op(&t.op[t.n], 0);
			real_do(&d0, t.id, &t.op[t.n]);
		}
		fail_at = rnd(10);
		rc = asks(&d0, XS_TRANSACTION_END, t.id, "T");
		fail_at = -1;
		if (rc == 3) {
			try = m;
			for (int j = 0; j < t.n; j++)
				same = same_answer(&try, &t.op[j]) && same;
			CHECK(same);
			m = try;
		} else if (rc == -7777) {
			CHECK(d0.c.shut);
			conn_reset(&d0.c);
			d0.in_pos = d0.in_len = d0.out_pos = d0.out_len = 0;
			try = m;
			for (int j = 0; j < t.n; j++)
				same_answer(&try, &t.op[j]);
			if (same_tree(&try))
				m = try;
		}
		if (d6.c.shut)
			conn_reset(&d6.c);
		CHECK(store_check() == 0 && same_tree(&m));
	}
}

static void test_live(void)
{
	uint32_t tx = tx_begin(&d5);

	CHECK(put(&d5, tx, "data/in-tx", "1") == 3);
	CHECK(ask2(&d5, XS_WATCH, 0, "data", "tok", true) == 3 && event(&d5, "data", "tok"));
	d6.room = 10; /* an answer half sent */
	fake_send(&d6, XS_READ, 0, "/shared", 8);
	run_all();
	fake_send(&d0, XS_WRITE, 0, "/half\0value", 11); /* a request half read */
	d0.in_len -= 5;
	run_all();
	conn_shut(&d0b.c, XENSTORE_ERROR_COMM); /* not told yet */
	fake_live_update(store.seed + 1);
	CHECK(store_check() == 0);
	d6.room = SIZE_MAX;
	d0.in_len += 5;
	conn_wake(&d0.c);
	conn_wake(&d6.c);
	run_all();
	CHECK(d0b.c.shut && d0b.why == XENSTORE_ERROR_COMM);
	CHECK(fake_next(&d6, &hdr, body) && hdr.type == XS_READ);
	CHECK(fake_next(&d0, &hdr, body) && hdr.type == XS_WRITE &&
	      reads(&d0, 0, "/half", "value"));
	CHECK(reads(&d5, tx, "data/in-tx", "1") && asks(&d5, XS_READ, 0, "data/in-tx") == -ENOENT);
	d5.room = 0;
	fake_send(&d5, XS_TRANSACTION_END, tx, "T", 2);
	run_all();
	d5.room = SIZE_MAX;
	conn_wake(&d5.c);
	run_all();
	CHECK(event(&d5, "data/in-tx", "tok") && fake_next(&d5, &hdr, body) &&
	      hdr.type == XS_TRANSACTION_END);
	/* A cut or damaged state is refused, whatever is wrong. */
	struct state b = fake_end_program();

	for (int i = 0; i < 400; i++) {
		struct state part = { b.data, i < 200 ? rnd(b.len) : b.len };
		size_t at = rnd(b.len);
		char keep = b.data[at];

		if (i >= 200)
			b.data[at] ^= 1 << rnd(8);
		CHECK(fake_begin_program(&part, 1) != 0 || i >= 200);
		while (store.conns)
			conn_fini(store.conns);
		store_free();
		b.data[at] = keep;
	}
	CHECK(fake_begin_program(&b, 1) == 0);
	free(b.data);
}

/* Its account holds more than the quota, as answers it has not read do: the update goes on. */
static void test_live_full(void)
{
	char path[16], value[1024];
	uint32_t tx = tx_begin(&d5);

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	CHECK(put(&d5, tx, "data/in-tx", "1") == 3);
	CHECK(ask2(&d5, XS_WATCH, 0, "data", "tok", true) == 3);
	store.quota[Q_MEMORY] = d5.c.acct->mem + 20000;
	for (int i = 0, rc = 3; rc == 3; i++) {
		sprintf(path, "data/%d", i);
		rc = put(&d5, 0, path, value);
	}
	d5.room = 0;
	for (int i = 0; i < 4; i++)
		fake_send(&d5, XS_READ, 0, "data/0", 7);
	fake_drain(&d5);
	CHECK(d5.c.acct->mem > store.quota[Q_MEMORY]);
	fake_live_update(store.seed + 1);
	CHECK(store_check() == 0 && d5.c.acct->mem > store.quota[Q_MEMORY]);
	/* and the quota still is one */
	d5.room = SIZE_MAX;
	conn_wake(&d5.c);
	run_all();
	while (fake_next(&d5, &hdr, body))
		;
	CHECK(put(&d5, 0, "data/more", value) == -ENOMEM);
	store.quota[Q_MEMORY] *= 2;
	CHECK(reads(&d5, tx, "data/in-tx", "1"));
}

/* What was below a directory is told to be gone once, however often that was removed. */
static void test_remove_again(void)
{
	unsigned long before;
	uint32_t tx;

	CHECK(asks(&d5, XS_MKDIR, 0, "data/x/y") == 3);
	CHECK(ask2(&d0, XS_WATCH, 0, "/local/domain/5/data/x/y", "y", true) == 3);
	CHECK(ask2(&d0, XS_WATCH, 0, "/local/domain/5/data/x", "x", true) == 3);
	CHECK(event(&d0, "/local/domain/5/data/x", "x"));
	tx = tx_begin(&d5);
	for (int i = 0; i < 5; i++) {
		CHECK(asks(&d5, XS_RM, tx, "data/x") == 3);
		CHECK(asks(&d5, XS_MKDIR, tx, "data/x/z") == 3);
	}
	before = store.events;
	d0.room = 0;
	CHECK(asks(&d5, XS_TRANSACTION_END, tx, "T") == 3);
	/* x: each time, and once as what was removed, but queued once; y: one */
	CHECK(store.events == before + 10 + 1 + 1);
	d0.room = SIZE_MAX;
	conn_wake(&d0.c);
	run_all();
	CHECK(event(&d0, "/local/domain/5/data/x", "x"));
	CHECK(event(&d0, "/local/domain/5/data/x/y", "y"));
	CHECK(event(&d0, "/local/domain/5/data/x/z", "x") && !fake_next(&d0, &hdr, body));
	CHECK(asks(&d5, XS_DIRECTORY, 0, "data/x") == 2);
}

/* Domain 7's ring cannot be used, which is found when there is a connection already. */
static void test_introduce_fails(void)
{
	fake_introduce_rc = -EINVAL;
	CHECK(ask(&d0, XS_INTRODUCE, 0, "7\0001\0001", 6) == -EINVAL);
	CHECK(!account_get(7, false));
	CHECK(asks(&d0, XS_IS_DOMAIN_INTRODUCED, 0, "7") == 2 && body[0] == 'F');
	fake_introduce_rc = 0;
}

static const struct {
	const char *name;
	void (*fn)(void);
} tests[] = {
	{ "xenstore-basics", test_basics },
	{ "xenstore-paths", test_paths },
	{ "xenstore-permissions", test_perms },
	{ "xenstore-watches", test_watches },
	{ "xenstore-transactions", test_transactions },
	{ "xenstore-versions", test_versions },
	{ "xenstore-big-directory", test_big_directory },
	{ "xenstore-quotas", test_quotas },
	{ "xenstore-flood", test_flood },
	{ "xenstore-share", test_share },
	{ "xenstore-starvation", test_starvation },
	{ "xenstore-hostile", test_hostile },
	{ "xenstore-model", test_model },
	{ "xenstore-malloc-faults", test_faults },
	{ "xenstore-live-update", test_live },
	{ "xenstore-live-update-full", test_live_full },
	{ "xenstore-remove-again", test_remove_again },
	{ "xenstore-introduce-fails", test_introduce_fails },
};

static void (*running)(void);

static void run_test(void)
{
	setup();
	running();
	teardown();
}

int main(int argc, char **argv)
{
	const char *seeds = argc == 3 && !strcmp(argv[1], "--seeds") ? argv[2] : NULL;
	rnd_state = 42;
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		char path[512];

		test_name = tests[i].name;
		if (seeds && i >= 12)
			break;
		if (seeds) {
			snprintf(path, sizeof(path), "%s/%s", seeds, test_name);
			record = fopen(path, "w");
		}
		running = tests[i].fn;
		check_run(test_name, run_test);
		if (record)
			fclose(record);
	}
	return check_failures != 0;
}
