// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctl.c - commands that change a running guest: its end, its pauses, its vCPUs, its memory.
 *
 * Owns no state.  Invariant: an argument is judged wholly before anything is changed.
 */
#include "xl/xl.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define SLACK_KIB 1024

static int complain(const char *what, uint32_t domid, int rc)
{
	fprintf(stderr, "xl: %s domain %u: %s\n", what, domid, strerror(-rc));
	return EXIT_FAILURE;
}

int cmd_destroy(int argc, char **argv)
{
	hyp_dominfo info;
	uint32_t domid;
	int at = 1 + (argc > 1 && !strcmp(argv[1], "-f")), tries, rc = -ESRCH;
	char *name;

	/*
	 * On its way from one life to the next a guest is no domain; one that reboots at once may
	 * hide again.
	 */
	for (tries = 0; tries < 10 && rc; tries++) {
		rc = dom_find_name(argv[at], &domid);
		rc = rc ? rc : hyp_dom_info(domid, &info);
		if (rc && claim_stop(argv[at]))
			return EXIT_SUCCESS;
	}
	if (rc && dom_find(argv[at], &domid))
		return EXIT_FAILURE;
	if (!domid) {
		fprintf(stderr, "Cannot destroy privileged domain 0.\n\n");
		return EXIT_FAILURE;
	}
	if (rc && hyp_dom_info(domid, &info))
		return complain("destroying", domid, -ESRCH);
	name = dom_name(domid);
	dom_destroy(domid);
	/* Its watcher may have begun to restart it meanwhile, or be done with that already. */
	if (name)
		claim_stop(name);
	while (!claim_domain(info.handle, &info))
		dom_destroy(info.domain);
	free(name);
	return 0;
}

int cmd_pause(int argc, char **argv)
{
	bool un = argv[0][0] == 'u';
	uint32_t domid;
	int rc;

	if (dom_find(argv[1], &domid))
		return EXIT_FAILURE;
	rc = hyp_dom_op(domid, un ? XEN_DOMCTL_unpausedomain : XEN_DOMCTL_pausedomain);
	return rc ? complain(un ? "unpausing" : "pausing", domid, rc) : 0;
}

/* Blocks until each of the @n domains has shut down or is gone. */
static void wait_down(uint32_t *domids, int n)
{
	struct xs_event ev;
	hyp_dominfo info;
	int i, left = n;

	printf("Waiting for %d domains\n", n);
	fflush(stdout);
	xs_watch(xstore(), "@releaseDomain", "down");
	while (left) {
		for (i = 0; i < n; i++) {
			if (!domids[i])
				continue;
			if (hyp_dom_info(domids[i], &info) || info.flags & XEN_DOMINF_dying)
				printf("Domain %u has been destroyed\n", domids[i]);
			else if (info.flags & XEN_DOMINF_shutdown)
				printf("Domain %u has been shut down, reason code %u\n", domids[i],
				       info.flags >> XEN_DOMINF_shutdownshift &
					       XEN_DOMINF_shutdownmask);
			else
				continue;
			fflush(stdout);
			domids[i] = 0;
			left--;
		}
		if (left && xs_next_event(xstore(), &ev, -1) < 0)
			return;
	}
}

static int ask(uint32_t domid, bool reboot)
{
	int rc;

	printf("%s domain %u\n", reboot ? "Rebooting" : "Shutting down", domid);
	rc = dom_shutdown(domid, reboot ? "reboot" : "poweroff");
	return rc ? complain(reboot ? "rebooting" : "shutting down", domid, rc) : 0;
}

static int all_guests(uint32_t *domids)
{
	hyp_dominfo *list = calloc(XL_MAX_DOMAINS, sizeof(*list));
	int i, n = list ? hyp_dom_list(1, XL_MAX_DOMAINS, list) : 0, out = 0;

	for (i = 0; i < n; i++)
		domids[out++] = list[i].domain;
	free(list);
	return out;
}

int cmd_shutdown(int argc, char **argv)
{
	static const struct option longs[] = { { "all", 0, NULL, 'a' },
					       { "wait", 0, NULL, 'w' },
					       { 0 } };
	static uint32_t domids[XL_MAX_DOMAINS];
	bool all = false, wait = false, reboot = argv[0][0] == 'r';
	int opt, n = 0, i, rc = 0;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "awF", longs, NULL)) != -1) {
		all |= opt == 'a';
		wait |= opt == 'w';
		if (opt == '?')
			return 2;
	}
	if (!all && optind == argc) {
		fprintf(stderr, "You must specify -a or a domain id.\n\n");
		return EXIT_FAILURE;
	}
	if (all)
		n = all_guests(domids);
	for (; !all && optind < argc && n < XL_MAX_DOMAINS; optind++)
		if (dom_find(argv[optind], &domids[n++]))
			return EXIT_FAILURE;
	for (i = 0; i < n; i++)
		rc |= ask(domids[i], reboot);
	if (wait && !rc)
		wait_down(domids, n);
	return rc;
}

int cmd_rename(int argc, char **argv)
{
	uint32_t domid;
	int rc;

	if (dom_find(argv[1], &domid))
		return EXIT_FAILURE;
	if (!*argv[2] || strlen(argv[2]) > CONFIG_NAME_MAX || strchr(argv[2], '/')) {
		fprintf(stderr, "xl: \"%s\" is no name for a domain\n", argv[2]);
		return EXIT_FAILURE;
	}
	rc = dom_rename(domid, argv[2]);
	return rc && rc != -EEXIST ? complain("Can't rename", domid, rc) : rc != 0;
}

/* "160", "160m", "2g", "65536k": to KiB.  0 = not a size. */
static uint64_t parse_size(const char *text)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);
	const char *units = "bkmgt", *u = *end ? strchr(units, *end | 0x20) : units + 2;

	if (end == text || *text == '-' || !u || (*end && end[1]) || n > 1ull << 40)
		return 0;
	return u == units ? n >> 10 : n << 10 * (u - units - 1);
}

static uint64_t store_kib(uint32_t domid, const char *key)
{
	char *v = store_get("/local/domain/%u/memory/%s", domid, key);
	uint64_t n = v ? strtoull(v, NULL, 10) : 0;

	free(v);
	return n;
}

static int put_kib(uint32_t domid, const char *key, uint64_t kib)
{
	char path[64];

	snprintf(path, sizeof(path), "/local/domain/%u/memory/%s", domid, key);
	return store_set(path, "%llu", (unsigned long long)kib);
}

static int mem_args(char **argv, uint32_t *domid, uint64_t *kib)
{
	if (dom_find(argv[1], domid))
		return EXIT_FAILURE;
	*kib = parse_size(argv[2]);
	if (!*kib || *kib > 1ull << 40) {
		fprintf(stderr, "invalid memory size: %s\n", argv[2]);
		return 3;
	}
	return 0;
}

int cmd_mem_set(int argc, char **argv)
{
	uint32_t domid;
	uint64_t kib, max;
	int rc = mem_args(argv, &domid, &kib);

	if (rc)
		return rc;
	max = store_kib(domid, "static-max");
	if (max && kib > max) {
		fprintf(stderr, "xl: domain %u has a maximum of %llu KiB (xl mem-max raises it)\n",
			domid, (unsigned long long)max);
		return EXIT_FAILURE;
	}
	rc = put_kib(domid, "target", kib);
	/* The limit follows, so that the guest cannot take back what it gave. */
	if (!rc)
		rc = hyp_dom_max_mem(domid, kib + SLACK_KIB);
	return rc ? complain("setting the memory of", domid, rc) : 0;
}

int cmd_mem_max(int argc, char **argv)
{
	uint32_t domid;
	uint64_t kib;
	int rc = mem_args(argv, &domid, &kib);

	if (rc)
		return rc;
	if (kib < store_kib(domid, "target")) {
		fprintf(stderr, "xl: domain %u uses more than that; use xl mem-set first\n", domid);
		return EXIT_FAILURE;
	}
	rc = hyp_dom_max_mem(domid, kib + SLACK_KIB);
	if (!rc)
		rc = put_kib(domid, "static-max", kib);
	return rc ? complain("setting the memory limit of", domid, rc) : 0;
}

int cmd_vcpu_set(int argc, char **argv)
{
	bool ignore = argc > 1 && argv[1][0] == '-';
	struct xen_sysctl_physinfo phys;
	hyp_dominfo info;
	unsigned long want, i;
	uint32_t domid;
	char path[64], *end;
	int rc = 0;

	argv += ignore;
	if (argc - ignore < 3 || dom_find(argv[1], &domid))
		return EXIT_FAILURE;
	want = strtoul(argv[2], &end, 10);
	if (end == argv[2] || *end || !want || want > CONFIG_MAX_VCPUS) {
		fprintf(stderr, "Error: Invalid argument.\n");
		return EXIT_FAILURE;
	}
	if (!ignore && !hyp_physinfo(&phys) && want > phys.nr_cpus) {
		fprintf(stderr,
			"You are overcommmitting! You have %u physical CPUs and want %lu vCPUs! "
			"Aborting, use --ignore-host to continue\n",
			phys.nr_cpus, want);
		return EXIT_FAILURE;
	}
	if (hyp_dom_info(domid, &info))
		return complain("no such", domid, -ESRCH);
	if (want > info.max_vcpu_id + 1) {
		fprintf(stderr, "xl: domain %u was created with maxvcpus=%u\n", domid,
			info.max_vcpu_id + 1);
		return EXIT_FAILURE;
	}
	for (i = 0; i <= info.max_vcpu_id && !rc; i++) {
		snprintf(path, sizeof(path), "/local/domain/%u/cpu/%lu/availability", domid, i);
		rc = store_set(path, i < want ? "online" : "offline");
	}
	return rc ? complain("setting the vCPUs of", domid, rc) : 0;
}

/* "-" = leave alone, "all", or a set; NULL in @use then. */
static int pin_mask(const char *text, struct cpumask *m, const uint8_t **use)
{
	struct err e;

	*use = NULL;
	if (!text || !strcmp(text, "-"))
		return 0;
	if (cpumask_parse(m, text, &e)) {
		fprintf(stderr, "xl: %s\n", e.msg);
		return -EINVAL;
	}
	*use = m->bits;
	return 0;
}

int cmd_vcpu_pin(int argc, char **argv)
{
	bool force = argc > 1 && (!strcmp(argv[1], "-f") || !strcmp(argv[1], "--force"));
	struct cpumask mh, ms;
	const uint8_t *hard, *soft;
	unsigned long v = 0, last;
	hyp_dominfo info;
	uint32_t domid;
	char *end = "";
	int rc = 0;

	argv += force;
	argc -= force;
	if (argc < 4 || dom_find(argv[1], &domid))
		return EXIT_FAILURE;
	if (hyp_dom_info(domid, &info))
		return complain("no such", domid, -ESRCH);
	last = info.max_vcpu_id;
	if (strcmp(argv[2], "all"))
		last = v = strtoul(argv[2], &end, 10);
	if (*end || last > info.max_vcpu_id) {
		fprintf(stderr, "Error: Invalid argument %s as VCPU.\n", argv[2]);
		return EXIT_FAILURE;
	}
	if (pin_mask(argv[3], &mh, &hard) || pin_mask(argc > 4 ? argv[4] : NULL, &ms, &soft))
		return EXIT_FAILURE;
	for (; v <= last && !rc; v++)
		rc = hyp_vcpu_affinity_set(domid, v, hard, soft, force);
	return rc ? complain("Could not set affinity for", domid, rc) : 0;
}

int cmd_sysrq(int argc, char **argv)
{
	char path[64];
	uint32_t domid;
	int rc;

	if (dom_find(argv[1], &domid))
		return EXIT_FAILURE;
	if (strlen(argv[2]) != 1) {
		fprintf(stderr, "Invalid sysrq.\n\n");
		command_usage(stderr, command_find("sysrq"));
		return EXIT_FAILURE;
	}
	snprintf(path, sizeof(path), "/local/domain/%u/control/sysrq", domid);
	rc = xs_exists(xstore(), 0, path) > 0 ? store_set(path, "%s", argv[2]) : -ESRCH;
	return rc ? complain("pressing SysRq in", domid, rc) : 0;
}

int cmd_dump_core(int argc, char **argv)
{
	uint32_t domid;
	struct err e;

	if (dom_find(argv[1], &domid))
		return EXIT_FAILURE;
	if (core_dump(domid, argv[2], &e)) {
		fprintf(stderr, "xl: core dump failed: %s\n", e.msg);
		return EXIT_FAILURE;
	}
	return 0;
}

static int sched_row(const hyp_dominfo *d)
{
	struct xen_domctl_sched_credit2 p;
	char *name = dom_name(d->domain);
	int rc = hyp_sched_get(d->domain, &p);

	if (!rc)
		printf("%-33s %4u %6u %4u\n", name ? name : "(null)", d->domain, p.weight, p.cap);
	free(name);
	return rc ? EXIT_FAILURE : 0;
}

struct sched_opts {
	char *dom, *weight, *cap, *limit, *pool;
	bool params;
};

static int set_params(const struct sched_opts *o)
{
	unsigned long weight = o->weight ? strtoul(o->weight, NULL, 10) : 1;
	unsigned long cap = o->cap ? strtoul(o->cap, NULL, 10) : 0;
	struct xen_domctl_sched_credit2 p;
	uint32_t domid;
	int rc;

	if (dom_find(o->dom, &domid))
		return EXIT_FAILURE;
	if (!weight || weight > 65535 || cap > 65535) {
		fprintf(stderr, "xl: a weight is 1 to 65535, a cap 0 to 65535\n");
		return EXIT_FAILURE;
	}
	rc = hyp_sched_get(domid, &p);
	if (!rc) {
		p.weight = o->weight ? weight : p.weight;
		p.cap = o->cap ? cap : p.cap;
		rc = hyp_sched_put(domid, &p);
	}
	return rc ? complain("scheduling of", domid, rc) : 0;
}

static int show_pool(const struct sched_opts *o)
{
	uint32_t us = o->limit ? strtoul(o->limit, NULL, 10) : 0;
	int rc = hyp_sched_ratelimit(0, &us, o->limit != NULL);

	if (rc) {
		fprintf(stderr, "xl: scheduler parameters: %s\n", strerror(-rc));
		return EXIT_FAILURE;
	}
	if (!o->limit)
		printf("Cpupool Pool-0: ratelimit=%uus\n", us);
	return 0;
}

int cmd_sched_credit2(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "domain", 1, NULL, 'd' },
		{ "weight", 1, NULL, 'w' },
		{ "cap", 1, NULL, 'c' },
		{ "schedparam", 0, NULL, 's' },
		{ "ratelimit_us", 1, NULL, 'r' },
		{ "cpupool", 1, NULL, 'p' },
		{ 0 },
	};
	struct sched_opts o = { 0 };
	int opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "d:w:c:sr:p:", longs, NULL)) != -1) {
		switch (opt) {
		case 'd': o.dom = optarg; break;
		case 'w': o.weight = optarg; break;
		case 'c': o.cap = optarg; break;
		case 'r': o.limit = optarg; break;
		case 'p': o.pool = optarg; break;
		case 's': o.params = true; break;
		default: return 2;
		}
	}
	if (o.pool && strcmp(o.pool, "Pool-0") && strcmp(o.pool, "0")) {
		fprintf(stderr, "unknown cpupool '%s'\n", o.pool);
		return EXIT_FAILURE;
	}
	if ((o.weight || o.cap) && !o.dom) {
		fprintf(stderr, "Must specify a domain.\n");
		return EXIT_FAILURE;
	}
	if (o.params)
		return show_pool(&o);
	if (o.weight || o.cap)
		return set_params(&o);
	if (!o.dom && show_pool(&o))
		return EXIT_FAILURE;
	printf("Name                                ID Weight  Cap\n");
	fflush(stdout);
	return dom_each(o.dom ? 1 : 0, &o.dom, 0, sched_row);
}
