// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctl.c - commands that change a running guest: its end, its pauses, its vCPUs, its memory.
 *
 * Owns no state.  Invariant: an argument is judged wholly before anything is changed.
 */
#include "xl/xl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLACK_KIB 1024
#define MAX_BYTES (1ull << 50)

int cmd_destroy(const struct args *a)
{
	const char *who = a->arg[0];
	hyp_dominfo info;
	uint32_t domid;
	int tries, rc = -ESRCH;
	char *name; /* of our own: it outlives the domain */

	/*
	 * On its way from one life to the next a guest is no domain; one that reboots at once may
	 * hide again.
	 */
	for (tries = 0; tries < 10 && rc; tries++) {
		rc = dom_find_name(0, who, &domid);
		rc = rc ? rc : hv_domain_info(domid, &info);
		if (rc && claim_stop(who))
			return EXIT_SUCCESS;
	}
	if (rc && dom_find(who, &domid))
		return EXIT_FAILURE;
	if (!domid)
		return fail("Cannot destroy privileged domain 0.\n");
	if (rc && hv_domain_info(domid, &info))
		return dom_result("destroying", domid, -ESRCH);
	stop_later();
	name = strdup(dom_name(domid) ?: "");
	/* Who still makes it would write records behind our back. */
	claim_stop(name);
	dom_destroy(domid);
	/* Its watcher may have begun to restart it meanwhile, or be done with that already. */
	claim_stop(name);
	while (!claim_domain(info.handle, &info))
		dom_destroy(info.domain);
	free(name);
	stop_now();
	return 0;
}

int cmd_pause(const struct args *a)
{
	if (a->name[0] == 'u')
		return dom_result("unpausing", a->domid, HV_DOMCTL(a->domid, unpausedomain));
	return dom_result("pausing", a->domid, HV_DOMCTL(a->domid, pausedomain));
}

static void wait_down(const uint32_t *domids, int n)
{
	printf("Waiting for %d domains\n", n);
	for (int i = 0; i < n; i++) {
		int reason;

		fflush(stdout);
		reason = life_wait(domids[i]);
		if (reason < 0)
			printf("Domain %u has been destroyed\n", domids[i]);
		else
			printf("Domain %u has been shut down, reason code %d\n", domids[i], reason);
	}
}

static int ask(uint32_t domid, bool reboot)
{
	printf("%s domain %u\n", reboot ? "Rebooting" : "Shutting down", domid);
	return dom_result(reboot ? "rebooting" : "shutting down", domid,
			  dom_shutdown(domid, reboot ? "reboot" : "poweroff"));
}

int cmd_shutdown(const struct args *a)
{
	static uint32_t domids[HYP_MAX_DOMAINS];
	const hyp_dominfo *list;
	int n = 0, i, rc = 0, all = a->opt['a'] ? hyp_domains(&list) : 0;

	if (!a->opt['a'] && !a->n)
		return fail("You must specify -a or a domain id.\n");
	for (i = 1; i < all; i++)
		domids[n++] = list[i].domain;
	for (i = 0; !a->opt['a'] && i < a->n && n < HYP_MAX_DOMAINS; i++)
		if (dom_find(a->arg[i], &domids[n++]))
			return EXIT_FAILURE;
	for (i = 0; i < n; i++)
		rc |= ask(domids[i], a->name[0] == 'r');
	if (a->opt['w'] && !rc)
		wait_down(domids, n);
	return rc;
}

int cmd_rename(const struct args *a)
{
	const char *name = a->arg[1];
	const char *wrong = name_wrong(name);
	int rc;

	if (wrong)
		return fail("xl: \"%s\": %s", name, wrong);
	rc = dom_rename(a->domid, name);
	return rc && rc != -EEXIST ? dom_result("Can't rename", a->domid, rc) : rc != 0;
}

/* "160", "160m", "2g", "65536k": to KiB.  0 = not a size. */
static uint64_t parse_size(const char *text)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);
	const char *units = "bkmgt", *u = *end ? strchr(units, *end | 0x20) : units + 2;
	int shift = u ? 10 * (u - units) : 0; /* of bytes */

	if (end == text || *text == '-' || !u || (*end && end[1]) || n > MAX_BYTES >> shift)
		return 0;
	return n << shift >> 10;
}

static uint64_t store_kib(uint32_t domid, const char *key)
{
	return strtoull(store_get("/local/domain/%u/memory/%s", domid, key) ?: "0", NULL, 10);
}

static int put_kib(uint32_t domid, const char *key, uint64_t kib)
{
	return store_put(strf("/local/domain/%u/memory/%s", domid, key),
			 strf("%llu", (unsigned long long)kib));
}

static int mem_args(const struct args *a, uint64_t *kib)
{
	*kib = parse_size(a->arg[1]);
	return *kib ? 0 : fail("invalid memory size: %s", a->arg[1]);
}

static int set_limit(uint32_t domid, uint64_t kib)
{
	return HV_DOMCTL(domid, max_mem, .u.max_mem.max_memkb = kib + SLACK_KIB);
}

int cmd_mem_set(const struct args *a)
{
	struct xen_sysctl_physinfo phys;
	uint64_t kib, max;
	int rc = mem_args(a, &kib);

	if (rc)
		return rc;
	if (!hyp_physinfo(&phys) && kib > phys.total_pages << 2)
		return fail("xl: the machine has %llu MiB",
			    (unsigned long long)phys.total_pages >> 8);
	max = store_kib(a->domid, "static-max");
	if (max && kib > max)
		return fail("xl: domain %u has a maximum of %llu KiB (xl mem-max raises it)",
			    a->domid, (unsigned long long)max);
	/* The limit too, so that the guest cannot take back what it gave. */
	rc = set_limit(a->domid, kib) ?: put_kib(a->domid, "target", kib);
	return dom_result("setting the memory of", a->domid, rc);
}

int cmd_mem_max(const struct args *a)
{
	uint64_t kib;
	int rc = mem_args(a, &kib);

	if (rc)
		return rc;
	if (kib < store_kib(a->domid, "target"))
		return fail("xl: domain %u uses more than that; use xl mem-set first", a->domid);
	rc = set_limit(a->domid, kib) ?: put_kib(a->domid, "static-max", kib);
	return dom_result("setting the memory limit of", a->domid, rc);
}

/* Stock's sentences and order of judging: the host first, then the guest's own limit. */
int cmd_vcpu_set(const struct args *a)
{
	struct xen_sysctl_physinfo phys;
	hyp_dominfo info;
	unsigned long want, i;
	int rc;

	if (!to_number(a->arg[1], INT32_MAX, &want))
		return fail("Error: Invalid argument.");
	if (!a->opt['i'] && !hyp_physinfo(&phys) && want > phys.nr_cpus)
		return fail(
			"You are overcommmitting! You have %u physical CPUs and want %lu vCPUs! "
			"Aborting, use --ignore-host to continue",
			phys.nr_cpus, want);
	rc = hv_domain_info(a->domid, &info);
	if (!rc && want == 0)
		return fail("xl: domain %u: Requested 0 VCPUs!", a->domid);
	if (!rc && want > info.max_vcpu_id + 1)
		return fail("xl: domain %u: Requested %lu VCPUs, however maxcpus is %u!", a->domid,
			    want, info.max_vcpu_id + 1);
	for (i = 0; !rc && i <= info.max_vcpu_id; i++)
		rc = store_put(strf("/local/domain/%u/cpu/%lu/availability", a->domid, i),
			       i < want ? "online" : "offline");
	return dom_result("setting the vCPUs of", a->domid, rc);
}

/* "-" = leave alone, "all", or a set; NULL in @use then. */
static int pin_mask(const char *text, struct cpumask *m, uint8_t **use)
{
	struct err e;

	*use = NULL;
	if (!text || !strcmp(text, "-"))
		return 0;
	if (cpumask_parse(m, text, &e))
		return fail("xl: %s", e.msg);
	*use = m->bits;
	return 0;
}

int cmd_vcpu_pin(const struct args *a)
{
	struct cpumask hard, soft;
	uint8_t *use_hard, *use_soft;
	unsigned long v = 0, last;
	hyp_dominfo info;
	int rc = 0;

	if (hv_domain_info(a->domid, &info))
		return dom_result("pinning", a->domid, -ESRCH);
	last = info.max_vcpu_id;
	if (strcmp(a->arg[1], "all")) {
		if (!to_number(a->arg[1], info.max_vcpu_id, &v))
			return fail("Error: Invalid argument %s as VCPU.", a->arg[1]);
		last = v;
	}
	if (pin_mask(a->arg[2], &hard, &use_hard) || pin_mask(a->arg[3], &soft, &use_soft))
		return EXIT_FAILURE;
	for (; v <= last && !rc; v++)
		rc = hyp_vcpu_affinity(a->domid, XEN_DOMCTL_setvcpuaffinity, v, use_hard, use_soft,
				       a->opt['f'] ? XEN_VCPUAFFINITY_FORCE : 0);
	return dom_result("Could not set affinity for", a->domid, rc);
}

int cmd_sysrq(const struct args *a)
{
	const char *key = strf("/local/domain/%u/control/sysrq", a->domid);
	int rc;

	if (strlen(a->arg[1]) != 1)
		return fail("Invalid sysrq.\n");
	rc = store_read(key) ? store_put(key, a->arg[1]) : -ESRCH;
	return dom_result("pressing SysRq in", a->domid, rc);
}

int cmd_dump_core(const struct args *a)
{
	struct err e;
	int rc;

	stop_later(); /* a guest must not stay paused */
	rc = core_dump(a->domid, a->arg[1], &e) ? fail("xl: core dump failed: %s", e.msg) : 0;
	stop_now();
	return rc;
}

static int sched_row(const hyp_dominfo *d, const struct args *a)
{
	struct xen_domctl_sched_credit2 p = { 0 };
	int rc = hyp_sched(d->domain, XEN_DOMCTL_SCHEDOP_getinfo, &p);

	if (!rc)
		printf("%-33s %4u %6u %4u\n", dom_label(d->domain), d->domain, p.weight, p.cap);
	return rc ? EXIT_FAILURE : 0;
}

static int set_params(const char *who, const char *weight, const char *cap)
{
	struct xen_domctl_sched_credit2 p = { 0 };
	unsigned long w, limit;
	uint32_t domid;
	int rc;

	if (dom_find(who, &domid))
		return EXIT_FAILURE;
	if (!to_number(weight ?: "1", 65535, &w) || !w || !to_number(cap ?: "0", 65535, &limit))
		return fail("xl: a weight is 1 to 65535, a cap 0 to 65535");
	rc = hyp_sched(domid, XEN_DOMCTL_SCHEDOP_getinfo, &p);
	if (!rc) {
		p.weight = weight ? w : p.weight;
		p.cap = cap ? limit : p.cap;
		rc = hyp_sched(domid, XEN_DOMCTL_SCHEDOP_putinfo, &p);
	}
	return dom_result("scheduling of", domid, rc);
}

static int show_pool(const char *limit)
{
	unsigned long n;
	uint32_t us;
	int rc;

	if (!to_number(limit ?: "0", UINT32_MAX, &n))
		return fail("xl: -r expects microseconds");
	us = n;
	rc = hyp_sched_ratelimit(0, &us, limit != NULL);
	if (rc)
		return fail("xl: scheduler parameters: %s", strerror(-rc));
	if (!limit)
		printf("Cpupool Pool-0: ratelimit=%uus\n", us);
	return 0;
}

int cmd_sched_credit2(const struct args *a)
{
	const char *dom = a->opt['d'], *weight = a->opt['w'], *cap = a->opt['c'],
		   *pool = a->opt['p'];
	struct args one = { .n = dom ? 1 : 0, .arg = (char **)&dom };

	if (pool && strcmp(pool, "Pool-0") && strcmp(pool, "0"))
		return fail("unknown cpupool '%s'", pool);
	if (pool && (dom || weight || cap))
		return fail("Specifying a cpupool is not allowed with other options.");
	if ((weight || cap) && !dom)
		return fail("Must specify a domain.");
	if (a->opt['s'])
		return show_pool(a->opt['r']);
	if (weight || cap)
		return set_params(dom, weight, cap);
	if (!dom && show_pool(NULL))
		return EXIT_FAILURE;
	printf("Name                                ID Weight  Cap\n");
	fflush(stdout);
	return dom_each(&one, sched_row);
}
