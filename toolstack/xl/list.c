// SPDX-License-Identifier: GPL-2.0-only
/*
 * list.c - what guests there are: list, vcpu-list, uptime, domid, domname, cpupool-list.
 *
 * Owns no state.  Invariant: columns are byte for byte stock xl's, because scripts cut them.
 */
#include "xl/xl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "xl/json.h"

static const char *const reasons[] = { "poweroff", "reboot",   "suspend",
				       "crash",	   "watchdog", "soft_reset" };

static const char *reason_name(const hyp_dominfo *d)
{
	unsigned int r = d->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;

	if (!(d->flags & XEN_DOMINF_shutdown))
		return "-";
	return r < sizeof(reasons) / sizeof(*reasons) ? reasons[r] : "unknown";
}

void dom_state(char out[7], const hyp_dominfo *d)
{
	bool shut = d->flags & XEN_DOMINF_shutdown;
	bool crash = shut && (d->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask) == 3;

	out[0] = d->flags & XEN_DOMINF_running ? 'r' : '-';
	out[1] = d->flags & XEN_DOMINF_blocked ? 'b' : '-';
	out[2] = d->flags & XEN_DOMINF_paused ? 'p' : '-';
	out[3] = shut ? 's' : '-';
	out[4] = crash ? 'c' : '-';
	out[5] = d->flags & XEN_DOMINF_dying ? 'd' : '-';
	out[6] = '\0';
}

static void row(const hyp_dominfo *d, const struct args *a)
{
	char state[7], uuid[37], reason[8];

	dom_state(state, d);
	printf("%-40s %5d %5llu %5u     %s  %8.1f", dom_label(d->domain), d->domain,
	       (unsigned long long)(d->tot_pages + d->outstanding_pages) >> 8, d->nr_online_vcpus,
	       state, d->cpu_time / 1e9);
	if (a->opt['v']) {
		uuid_text(uuid, d->handle);
		snprintf(reason, sizeof(reason), d->flags & XEN_DOMINF_shutdown ? "%x" : "-",
			 d->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask);
		printf(" %s %8s", uuid, reason);
	}
	if (a->opt['v'] || a->opt['Z'])
		printf(" %16s", "-");
	if (a->opt['c'])
		printf("%16s", "Pool-0");
	putchar('\n');
}

static char *own(const char *kept)
{
	return kept ? strdup(kept) : NULL;
}

/* Reads a device from its record; takes back what dev_parse() would have made of it. */
static void read_device(struct dev *d, const char *rec, int devid)
{
	const char *mode = store_get("%s/mode", rec), *mac = store_get("%s/mac", rec),
		   *script = store_get("%s/script", rec);

	d->devid = devid;
	d->target = d->type == DEV_DISK ? own(store_get("%s/params", rec)) : NULL;
	d->writable = mode && *mode == 'w';
	snprintf(d->vdev, sizeof(d->vdev), "%s", store_get("%s/dev", rec) ?: "");
	d->mac_set = mac && sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &d->mac[0], &d->mac[1],
				   &d->mac[2], &d->mac[3], &d->mac[4], &d->mac[5]) == 6;
	d->bridge = own(store_get("%s/bridge", rec));
	d->vifname = own(store_get("%s/vifname", rec));
	d->ip = own(store_get("%s/ip", rec));
	if (script && *script)
		d->script = strdup(script);
}

int device_list(uint32_t domid, struct config *c)
{
	const char *names[] = { "vbd", "vif" };
	char **ids, **id;
	int rc = 0;

	for (int type = DEV_DISK; type <= DEV_NIC; type++) {
		ids = store_list("/libxl/%u/device/%s", domid, names[type]);
		for (id = ids; id && *id && !rc; id++) {
			struct dev d = { .type = type };

			read_device(&d, strf("/libxl/%u/device/%s/%s", domid, names[type], *id),
				    atoi(*id));
			rc = config_add(c, &d);
		}
		free(ids);
	}
	return rc;
}

/* Disks and interfaces as they are now, which is not always as they were at the start. */
static void live_devices(uint32_t domid)
{
	struct config c = { 0 };

	if (!device_list(domid, &c) && c.nr_devs) {
		config_json_devices(stdout, &c, 12);
		putchar(',');
	}
	config_free(&c);
}

/* The saved file moved to the right, with the devices of now in place of those of the start. */
static bool print_saved(const hyp_dominfo *d)
{
	FILE *f = d->domain ? fopen(dom_json_path(d->domain, d->handle), "re") : NULL;
	bool skip = false, tail = false;
	char line[4096];

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f) && line[0] != '}') {
		line[strcspn(line, "\n")] = '\0';
		skip |= !strncmp(line, "    \"disks\": ", 13) ||
			!strncmp(line, "    \"nics\": ", 12);
		if (skip) {
			skip = strncmp(line, "    ]", 5) != 0;
			continue;
		}
		if (!tail && !strncmp(line, "    \"on_", 8)) {
			live_devices(d->domain);
			tail = true;
		}
		printf(line[0] == '{' ? "%s" : line[0] ? "\n        %s" : "\n", line);
	}
	printf("\n        }");
	fclose(f);
	return true;
}

/* Domain-0 and guests of unknown makers: what the hypervisor knows. */
static void print_live(const hyp_dominfo *d)
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
	config_json(stdout, &c, 8, false);
}

static void print_long(const hyp_dominfo *list, int n)
{
	int i;

	printf("[");
	for (i = 0; i < n; i++) {
		printf("%s\n    {\n        \"domid\": %u,\n        \"config\": ", i ? "," : "",
		       list[i].domain);
		if (!print_saved(&list[i]))
			print_live(&list[i]);
		printf("\n    }");
	}
	printf("\n]\n\n");
}

static void print_json(const hyp_dominfo *list, int n)
{
	char state[7], uuid[37];
	int i;

	printf("[");
	for (i = 0; i < n; i++) {
		dom_state(state, &list[i]);
		uuid_text(uuid, list[i].handle);
		printf("%s\n  {\"name\": ", i ? "," : "");
		json_string(stdout, dom_name(list[i].domain) ?: "");
		printf(", \"domid\": %u, \"memory_kib\": %llu, \"vcpus\": %u, \"state\": \"%s\", "
		       "\"reason\": "
		       "\"%s\", \"cpu_seconds\": %.1f, \"uuid\": \"%s\"}",
		       list[i].domain, (unsigned long long)list[i].tot_pages << 2,
		       list[i].nr_online_vcpus, state, reason_name(&list[i]),
		       list[i].cpu_time / 1e9, uuid);
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
	printf("%s\n", a->opt['c'] ? "         Cpupool" : "");
	for (i = 0; i < n; i++)
		row(&list[i], a);
}

int cmd_list(const struct args *a)
{
	const hyp_dominfo *list;
	hyp_dominfo one;
	uint32_t domid;
	int n;

	if (a->n) {
		if (dom_find(a->arg[0], &domid))
			return EXIT_FAILURE;
		if (hv_domain_info(domid, &one))
			return fail("Error: Domain '%s' does not exist.", a->arg[0]);
		list = &one;
		n = 1;
	} else {
		n = hyp_domains(&list);
		if (n < 0)
			return fail("xl: listing domains: %s", strerror(-n));
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

static unsigned int host_cpus(void)
{
	struct xen_sysctl_physinfo p;

	return hyp_physinfo(&p) ? CONFIG_MAX_CPUS : p.max_cpu_id + 1;
}

static int vcpus_of(const hyp_dominfo *d, const struct args *a)
{
	struct xen_domctl_getvcpuinfo info;
	struct cpumask hard, soft;
	unsigned int v, cpus = host_cpus();

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
	const char *start = vm ? store_get("%s/start_time", vm) : NULL;
	struct timespec now, boot;
	char clock[16], days[24] = "";
	long long up;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	up = d->domain && start ? now.tv_sec - strtoll(start, NULL, 10) : boot.tv_sec;
	up = up < 0 ? 0 : up;
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now.tv_sec));
	if (up >= 86400)
		snprintf(days, sizeof(days), "%lld days, ", up / 86400);
	if (a->opt['s'])
		printf(" %s up %s%2lld:%02lld, %s (%u)\n", clock, days, up % 86400 / 3600,
		       up % 3600 / 60, dom_label(d->domain), d->domain);
	else
		printf("%-33s %4u %s%2lld:%02lld:%02lld\n", dom_label(d->domain), d->domain, days,
		       up % 86400 / 3600, up % 3600 / 60, up % 60);
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

	if (dom_find_name(a->arg[0], &domid))
		return fail(
			"Can't get domid of domain name '%s', maybe this domain does not exist.",
			a->arg[0]);
	printf("%u\n", domid);
	return 0;
}

int cmd_domname(const struct args *a)
{
	const char *name;
	char *end;
	unsigned long id = strtoul(a->arg[0], &end, 10);

	if (*end || end == a->arg[0])
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

int cmd_cpupool_list(const struct args *a)
{
	const char *cpus = a->opt['c'], *only = a->arg[0];
	struct xen_sysctl_cpupool_op pool;
	struct cpumask m;
	unsigned int i, n, id, shown = 0;
	const char *name;

	printf("%-19s", "Name");
	printf(cpus ? "CPU list\n" : "CPUs   Sched     Active   Domain count\n");
	for (id = 0; !hyp_cpupool_info(id, &pool, m.bits); id = pool.cpupool_id + 1) {
		name = store_get("/local/pool/%u/name", pool.cpupool_id);
		if (!only || (name && !strcmp(name, only))) {
			printf("%-19s", name ? name : "Pool-0");
			for (i = n = 0; i < CONFIG_MAX_CPUS; i++) {
				if (!(m.bits[i / 8] >> i % 8 & 1))
					continue;
				if (cpus)
					printf("%s%u", n ? "," : "", i);
				n++;
			}
			if (!cpus)
				printf("%3u %9s       y       %4u", n, sched_name(pool.sched_id),
				       pool.n_dom);
			putchar('\n');
			shown++;
		}
	}
	return only && !shown ? fail("Pool '%s' does not exist", only) : 0;
}
