// SPDX-License-Identifier: GPL-2.0-only
/*
 * list.c - what guests there are: list, vcpu-list, uptime, domid, domname, cpupool-list.
 *
 * Owns no state.  Invariant: columns are byte for byte stock xl's, because scripts cut them.
 */
#include "xl/xl.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xen/sched.h>

#include "xl/json.h"

static unsigned int reason_of(const hyp_dominfo *d)
{
	return d->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
}

static const char *reason_name(const hyp_dominfo *d)
{
	static const char *const names[] = { "poweroff", "reboot",   "suspend",
					     "crash",	 "watchdog", "soft_reset" };

	if (!(d->flags & XEN_DOMINF_shutdown))
		return "-";
	return reason_of(d) < sizeof(names) / sizeof(*names) ? names[reason_of(d)] : "unknown";
}

void dom_state(char out[7], const hyp_dominfo *d)
{
	static const uint32_t flags[] = { XEN_DOMINF_running,  XEN_DOMINF_blocked,
					  XEN_DOMINF_paused,   XEN_DOMINF_shutdown,
					  XEN_DOMINF_shutdown, XEN_DOMINF_dying };

	for (int i = 0; i < 6; i++)
		out[i] = d->flags & flags[i] ? "rbpscd"[i] : '-';
	if (out[4] == 'c' && reason_of(d) != SHUTDOWN_crash)
		out[4] = '-';
	out[6] = '\0';
}

static void row(const hyp_dominfo *d, const struct args *a)
{
	char state[7], reason[8] = "-";

	dom_state(state, d);
	printf("%-40s %5d %5llu %5u     %s  %8.1f", dom_label(d->domain), d->domain,
	       (unsigned long long)(d->tot_pages + d->outstanding_pages) >> 8, d->nr_online_vcpus,
	       state, d->cpu_time / 1e9);
	if (d->flags & XEN_DOMINF_shutdown)
		snprintf(reason, sizeof(reason), "%x", reason_of(d));
	if (a->opt['v'])
		printf(" %s %8s", uuid_text((char[37]){ 0 }, d->handle), reason);
	if (a->opt['v'] || a->opt['Z'])
		printf(" %16s", "-");
	if (a->opt['c'])
		printf("%16s", "Pool-0");
	puts(a->opt['n'] ? " all" : ""); /* an ARM machine is one node */
}

/* Reads a device from its record: what the keys there are called in a description. */
static void read_device(struct dev *d, const char *rec)
{
	static const char *const keys[][2] = {
		{ "params", "target" },
		{ "dev", "vdev" },
		{ "mode", "access" },
		{ "mac", "mac" },
		{ "bridge", "bridge" },
		{ "vifname", "vifname" },
		{ "ip", "ip" },
		{ "script", "script" },
		{ "device-type", "devtype" },
		{ "mtu", "mtu" },
		{ "gatewaydev", "gatewaydev" },
	};
	const char *rate = store_get("%s/rate", rec);

	if (rate && sscanf(rate, "%" SCNu64 ",%u", &d->rate_bytes, &d->rate_us) != 2)
		d->rate_bytes = 0;
	for (unsigned int i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *value = store_get("%s/%s", rec, keys[i][0]);

		if (value)
			dev_set(d, keys[i][1], value);
	}
}

int device_list(uint32_t domid, struct config *c)
{
	const char *names[] = { "vbd", "vif" };
	char **ids, **id, rec[160];
	int rc = 0;

	for (int type = DEV_DISK; type <= DEV_NIC; type++) {
		ids = store_list("/libxl/%u/device/%s", domid, names[type]);
		for (id = ids; id && *id && !rc; id++) {
			struct dev d = { .type = type, .devid = atoi(*id) };

			snprintf(rec, sizeof(rec), "/libxl/%u/device/%s/%s", domid, names[type],
				 *id);
			read_device(&d, rec);
			rc = config_add(c, &d);
		}
		free(ids);
	}
	return rc;
}

/* As it was saved when the guest was made, with the devices of now.  NULL if nobody saved it. */
static json_t *saved(const hyp_dominfo *d)
{
	const char *path = dom_json_path(d->domain, d->handle);
	json_t *j = d->domain ? json_load_file(path, 0, NULL) : NULL;
	struct config now = { 0 };

	if (j && !device_list(d->domain, &now))
		config_json_devices(j, &now, true);
	config_free(&now);
	return j;
}

/* Domain-0 and guests of unknown makers: what the hypervisor knows. */
static json_t *live(const hyp_dominfo *d)
{
	const char *target = store_get("/local/domain/%u/memory/target", d->domain);
	struct xen_domctl_sched_credit2 p = { 0 };
	struct config c = {
		.name = (char *)dom_label(d->domain),
		.memory = target ? strtoull(target, NULL, 10) >> 10 : d->tot_pages >> 8,
		.vcpus = d->nr_online_vcpus,
		.maxvcpus = d->max_vcpu_id + 1,
	};

	if (!hyp_sched(d->domain, XEN_DOMCTL_SCHEDOP_getinfo, &p)) {
		c.cpu_weight = p.weight;
		c.cap = p.cap;
	}
	c.maxmem = d->domain || !target ? d->max_pages >> 8 : c.memory;
	memcpy(c.uuid, d->handle, sizeof(c.uuid));
	return config_json(&c, false);
}

static void print_long(const hyp_dominfo *list, int n)
{
	json_t *all = json_array(), *one;

	for (int i = 0; i < n; i++) {
		one = json_object();
		json_object_set_new(one, "domid", json_integer(list[i].domain));
		json_object_set_new(one, "config", saved(&list[i]) ?: live(&list[i]));
		json_array_append_new(all, one);
	}
	json_print(stdout, all);
	putchar('\n');
}

/* A line each. */
static void print_json(const hyp_dominfo *list, int n)
{
	char state[7];

	for (const hyp_dominfo *d = list; d < list + n; d++) {
		json_t *name = json_text(dom_name(d->domain) ?: "");

		printf(d > list ? ",\n  {\"name\": " : "[\n  {\"name\": ");
		json_dumpf(name, stdout, JSON_ENCODE_ANY);
		dom_state(state, d);
		printf(", \"domid\": %u, \"memory_kib\": %llu, \"vcpus\": %u, \"state\": \"%s\", "
		       "\"reason\": \"%s\", \"cpu_seconds\": %.1f, \"uuid\": \"%s\"}",
		       d->domain, (unsigned long long)d->tot_pages << 2, d->nr_online_vcpus, state,
		       reason_name(d), d->cpu_time / 1e9, uuid_text((char[37]){ 0 }, d->handle));
		json_decref(name);
	}
	printf("\n]\n");
}

static void print_table(const hyp_dominfo *list, int n, const struct args *a)
{
	int i;

	printf("Name                                        ID   Mem VCPUs\tState\tTime(s)");
	if (a->opt['v'])
		printf("   UUID                            Reason-Code\tSecurity Label");
	else if (a->opt['Z'])
		printf("   Security Label");
	printf("%s%s\n", a->opt['c'] ? "         Cpupool" : "",
	       a->opt['n'] ? " NODE Affinity" : "");
	for (i = 0; i < n; i++)
		row(&list[i], a);
}

int cmd_list(const struct args *a)
{
	const hyp_dominfo *list;
	hyp_dominfo one;
	uint32_t domid;
	int n = hyp_domains(&list);

	if (n < 0)
		return fail("xl: listing domains: %s", strerror(-n));
	if (a->n > 1)
		return fail("xl: list takes one domain, or none for all");
	if (a->n) {
		if (dom_find(a->arg[0], &domid))
			return EXIT_FAILURE;
		if (hv_domain_info(domid, &one))
			return fail("Error: Domain '%s' does not exist.", a->arg[0]);
		list = &one;
		n = 1;
	}
	if (a->opt['l'])
		print_long(list, n);
	else if (a->opt['j'])
		print_json(list, n);
	else
		print_table(list, n, a);
	return 0;
}

int dom_each(const struct args *a, int (*fn)(const hyp_dominfo *d, const struct args *a))
{
	const hyp_dominfo *list;
	hyp_dominfo one;
	uint32_t domid;
	int i, all = a->n ? 0 : hyp_domains(&list), rc = all < 0;

	for (i = 0; i < all; i++)
		rc |= fn(&list[i], a);
	for (i = 0; i < a->n; i++) {
		if (dom_find(a->arg[i], &domid))
			rc = EXIT_FAILURE;
		else if (hv_domain_info(domid, &one))
			rc = fail("%s is an invalid domain identifier", a->arg[i]);
		else
			rc |= fn(&one, a);
	}
	return rc;
}

static int vcpus_of(const hyp_dominfo *d, const struct args *a)
{
	struct xen_domctl_getvcpuinfo info;
	struct cpumask hard, soft;
	struct xen_sysctl_physinfo phys;
	unsigned int v, cpus = hyp_physinfo(&phys) ? CONFIG_MAX_CPUS : phys.max_cpu_id + 1;

	for (v = 0; v <= d->max_vcpu_id && v < CONFIG_MAX_VCPUS; v++) {
		if (hyp_vcpu_info(d->domain, v, &info) ||
		    hyp_vcpu_affinity(d->domain, XEN_DOMCTL_getvcpuaffinity, v, hard.bits,
				      soft.bits, 0))
			continue;
		printf("%-32s %5u %5u", dom_label(d->domain), d->domain, v);
		if (info.online)
			printf("%5u %3c%c- ", info.cpu, info.running ? 'r' : '-',
			       info.blocked ? 'b' : '-');
		else
			printf("%5c %3c%cp ", '-', '-', '-');
		printf("%9.1f  ", info.cpu_time / 1e9);
		cpumask_print(stdout, &hard, cpus);
		printf(" / ");
		cpumask_print(stdout, &soft, cpus);
		putchar('\n');
	}
	return 0;
}

int cmd_vcpu_list(const struct args *a)
{
	printf("Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard "
	       "/ Soft)\n");
	fflush(stdout);
	return dom_each(a, vcpus_of);
}

/* Domain-0 counts from boot, guests from the time in their record. */
static int uptime_of(const hyp_dominfo *d, const struct args *a)
{
	const char *vm = store_get("/local/domain/%u/vm", d->domain);
	const char *start = d->domain && vm ? store_get("%s/start_time", vm) : NULL;
	struct timespec now, boot;
	char clock[16], days[24] = "";
	long long up;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	up = start ? now.tv_sec - strtoll(start, NULL, 10) : boot.tv_sec;
	up = up < 0 ? 0 : up;
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now.tv_sec));
	if (up >= 86400)
		snprintf(days, sizeof(days), "%lld days, ", up / 86400);
	up %= 86400;
	if (a->opt['s'])
		printf(" %s up %s%2lld:%02lld, %s (%u)\n", clock, days, up / 3600, up % 3600 / 60,
		       dom_label(d->domain), d->domain);
	else
		printf("%-33s %4u %s%2lld:%02lld:%02lld\n", dom_label(d->domain), d->domain, days,
		       up / 3600, up % 3600 / 60, up % 60);
	return 0;
}

int cmd_uptime(const struct args *a)
{
	if (!a->opt['s'])
		printf("Name                                ID Uptime\n");
	fflush(stdout);
	return dom_each(a, uptime_of);
}

int cmd_domid(const struct args *a)
{
	uint32_t domid;

	if (dom_find_name(0, a->arg[0], &domid))
		return fail(
			"Can't get domid of domain name '%s', maybe this domain does not exist.",
			a->arg[0]);
	printf("%u\n", domid);
	return 0;
}

int cmd_domname(const struct args *a)
{
	const char *name;
	unsigned long id;

	if (!to_number(a->arg[0], ULONG_MAX, &id))
		return fail("Invalid domain id.\n");
	name = id < DOMID_FIRST_RESERVED ? dom_name(id) : NULL;
	if (!name)
		return fail("Can't get domain name of domain id '%s', maybe this domain does not "
			    "exist.",
			    a->arg[0]);
	printf("%s\n", name);
	return 0;
}

const char *sched_name(uint32_t id)
{
	static const char *const names[] = { "credit", "credit2", "arinc653", "rtds", "null" };

	return id >= XEN_SCHEDULER_CREDIT && id <= XEN_SCHEDULER_NULL
		       ? names[id - XEN_SCHEDULER_CREDIT]
		       : "unknown";
}

static void pool_row(const struct xen_sysctl_cpupool_op *pool, const struct cpumask *m,
		     const char *name, bool cpus)
{
	unsigned int n = 0;

	printf("%-19s", name ? name : "Pool-0");
	for (unsigned int i = 0; i < CONFIG_MAX_CPUS; i++)
		if (cpumask_has(m, i)) {
			if (cpus)
				printf("%s%u", n ? "," : "", i);
			n++;
		}
	if (!cpus)
		printf("%3u %9s       y       %4u", n, sched_name(pool->sched_id), pool->n_dom);
	putchar('\n');
}

int cmd_cpupool_list(const struct args *a)
{
	const char *only = a->arg[0];
	struct xen_sysctl_cpupool_op pool;
	struct cpumask m;
	bool found = false;

	printf("%-19s", "Name");
	printf(a->opt['c'] ? "CPU list\n" : "CPUs   Sched     Active   Domain count\n");
	for (uint32_t id = 0; !hyp_cpupool_info(id, &pool, m.bits); id = pool.cpupool_id + 1) {
		const char *name = store_get("/local/pool/%u/name", pool.cpupool_id);

		if (!only || (name && !strcmp(name, only))) {
			pool_row(&pool, &m, name, a->opt['c']);
			found = true;
		}
	}
	return only && !found ? fail("Pool '%s' does not exist", only) : 0;
}
