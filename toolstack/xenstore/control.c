// SPDX-License-Identifier: GPL-2.0-only
/*
 * XS_CONTROL: what the administrator asks the daemon itself. The answer is text for a person.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xenstore/store.h"

static int cmd_check(struct conn *c, FILE *t, int argc, char **argv)
{
	int line = store_check();

	if (line)
		fprintf(t, "BROKEN: rule in tree.c line %d\n", line);
	return 0;
}

static int cmd_print(struct conn *c, FILE *t, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		fprintf(stderr, "xenstored: %s\n", argv[i]);
	return 0;
}

static int cmd_quota(struct conn *c, FILE *t, int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "set")) {
		unsigned long long v;

		return number(argv[3], UINT32_MAX, &v)
			       ?: quota_set(argv[2], strlen(argv[2]), v) ? 0
									 : -EINVAL;
	}
	if (argc == 2) {
		unsigned long long domid;
		struct account *a;

		if (number(argv[1], DOMID_FIRST_RESERVED - 1, &domid))
			return -EINVAL;
		a = account_get(domid, false);
		if (!a)
			return -ENOENT;
		fprintf(t, "Domain %u:\nnodes: %u\nwatches: %u\ntransactions: %u\nmemory: %zu\n",
			a->domid, a->nodes, a->watches, a->txs, a->mem);
		return 0;
	}
	if (argc != 1)
		return -EINVAL;
	fprintf(t, "Quota settings (0: no limit):\n");
	for (int i = 0; i < Q_COUNT; i++)
		fprintf(t, "%-18s: %u\n", quotas[i].name, store.quota[i]);
	return 0;
}

static int cmd_memreport(struct conn *c, FILE *t, int argc, char **argv)
{
	unsigned int conns = 0;

	for (struct conn *i = store.conns; i; i = i->next)
		conns++;
	fprintf(t, "nodes %u, connections %u, requests %lu, events %lu, conflicts %lu\n",
		store.n_nodes, conns, store.requests, store.events, store.conflicts);
	fprintf(t, "domain  nodes watches transactions     bytes\n");
	for (struct account *a = store.accounts; a; a = a->next)
		fprintf(t, "%6u %6u %7u %12u %9zu\n", a->domid, a->nodes, a->watches, a->txs,
			a->mem);
	return 0;
}

static int cmd_live_update(struct conn *c, FILE *t, int argc, char **argv)
{
	return live_command(c, argc - 1, argv + 1);
}

static int cmd_log(struct conn *c, FILE *t, int argc, char **argv)
{
	if (argc != 2 || (strcmp(argv[1], "on") && strcmp(argv[1], "off")))
		return -EINVAL;
	store.quiet = !strcmp(argv[1], "off");
	if (!store.trace)
		fprintf(t, "OK, but no --trace-file was given\n");
	return 0;
}

static int cmd_help(struct conn *c, FILE *t, int argc, char **argv);

static const struct {
	const char *name, *args;
	int (*fn)(struct conn *c, FILE *t, int argc, char **argv);
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

static int cmd_help(struct conn *c, FILE *t, int argc, char **argv)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(t, "%-12s %s\n", commands[i].name, commands[i].args);
	return 0;
}

int control_run(struct conn *c, char *body, size_t len, char *text, size_t size)
{
	FILE *t = fmemopen(text, size, "w");
	char *argv[32];
	int argc = 0, rc = -EINVAL;

	if (!t)
		return -ENOMEM;
	for (size_t at = 0; at < len && argc < 31; at += strlen(body + at) + 1)
		argv[argc++] = body + at;
	argv[argc] = NULL;
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(argv[0], commands[i].name))
			rc = commands[i].fn(c, t, argc, argv);
	if (!rc && !ftell(t))
		fprintf(t, "OK"); /* this, and no more, is what stock clients take for success */
	fclose(t);
	text[size - 1] = '\0';
	return rc;
}
