// SPDX-License-Identifier: GPL-2.0-only
/*
 * XS_CONTROL: what the administrator asks the daemon itself. The answer is text for a person.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

struct text {
	char s[XENSTORE_PAYLOAD_MAX];
	size_t len;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->s + t->len, sizeof(t->s) - t->len, fmt, ap);
	va_end(ap);
	t->len += n < (int)(sizeof(t->s) - t->len) ? (size_t)n : sizeof(t->s) - t->len - 1;
}

static int cmd_check(struct conn *c, struct text *t, int argc, char **argv)
{
	int line = store_check();

	add(t, line ? "BROKEN: rule in node.c line %d\n" : "OK\n", line);
	return 0;
}

static int cmd_print(struct conn *c, struct text *t, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		fprintf(stderr, "xenstored: %s\n", argv[i]);
	add(t, "OK\n");
	return 0;
}

static int cmd_quota(struct conn *c, struct text *t, int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "set")) {
		for (int i = 0; i < Q_COUNT; i++) {
			if (!strcmp(quota_names[i], argv[2])) {
				store.quota[i] = strtoul(argv[3], NULL, 10);
				add(t, "OK\n");
				return 0;
			}
		}
		return -EINVAL;
	}
	if (argc == 2) {
		struct account *a = account_get(strtoul(argv[1], NULL, 10), false);

		if (!a)
			return -ENOENT;
		add(t, "Domain %u:\nnodes: %u\nwatches: %u\ntransactions: %u\nmemory: %zu\n",
		    a->domid, a->nodes, a->watches, a->txs, a->mem);
		return 0;
	}
	if (argc != 1)
		return -EINVAL;
	add(t, "Quota settings (0: no limit):\n");
	for (int i = 0; i < Q_COUNT; i++)
		add(t, "%-18s: %u\n", quota_names[i], store.quota[i]);
	return 0;
}

static int cmd_memreport(struct conn *c, struct text *t, int argc, char **argv)
{
	unsigned int conns = 0;

	for (struct conn *i = store.conns; i; i = i->next)
		conns++;
	add(t, "nodes %u, connections %u, requests %lu, events %lu, conflicts %lu\n", store.n_nodes,
	    conns, store.requests, store.events, store.conflicts);
	add(t, "domain  nodes watches transactions     bytes\n");
	for (struct account *a = store.accounts; a; a = a->next)
		add(t, "%6u %6u %7u %12u %9zu\n", a->domid, a->nodes, a->watches, a->txs, a->mem);
	return 0;
}

static int cmd_live_update(struct conn *c, struct text *t, int argc, char **argv)
{
	int rc = store.hooks.live_update ? store.hooks.live_update(c, argc - 1, argv + 1) : -ENOSYS;

	if (!rc)
		add(t, "OK\n");
	return rc;
}

static int cmd_log(struct conn *c, struct text *t, int argc, char **argv)
{
	if (argc != 2 || (strcmp(argv[1], "on") && strcmp(argv[1], "off")))
		return -EINVAL;
	store.quiet = !strcmp(argv[1], "off");
	add(t, store.trace ? "OK\n" : "OK, but no --trace-file was given\n");
	return 0;
}

static int cmd_help(struct conn *c, struct text *t, int argc, char **argv);

static const struct {
	const char *name, *args;
	int (*fn)(struct conn *c, struct text *t, int argc, char **argv);
} commands[] = {
	{ "check", "", cmd_check },
	{ "help", "", cmd_help },
	{ "live-update", "-f FILE | -c OPTIONS | -s | -a", cmd_live_update },
	{ "log", "on | off", cmd_log },
	{ "memreport", "", cmd_memreport },
	{ "print", "TEXT...", cmd_print },
	{ "quota", "[set NAME VALUE | DOMID]", cmd_quota },
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int cmd_help(struct conn *c, struct text *t, int argc, char **argv)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		add(t, "%-12s %s\n", commands[i].name, commands[i].args);
	return 0;
}

void control_handle(struct conn *c, char *body, size_t len)
{
	static struct text t;
	char *argv[32];
	int argc = 0, rc = -EINVAL;

	for (size_t at = 0; at < len && argc < 31; at += strlen(body + at) + 1)
		argv[argc++] = body + at;
	argv[argc] = NULL;
	t.len = 0;
	for (size_t i = 0; argc && i < N_COMMANDS; i++)
		if (!strcmp(argv[0], commands[i].name))
			rc = commands[i].fn(c, &t, argc, argv);
	if (rc < 0)
		conn_error(c, rc);
	else if (rc == 0)
		conn_reply(c, XS_CONTROL, t.s, t.len + 1);
}
