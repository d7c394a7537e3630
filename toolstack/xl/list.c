// SPDX-License-Identifier: GPL-2.0-only
/*
 * list.c - what guests there are: list, vcpu-list, uptime, domid, domname, cpupool-list.
 *
 * Owns no state.  Invariant: columns are byte for byte stock xl's, because scripts cut them.
 */
#include "xl/xl.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "xl/json.h"

static const char *const reasons[] = { "poweroff", "reboot",   "suspend",
				       "crash",	   "watchdog", "soft_reset" };

struct list_opts {
	bool lengthy, verbose, context, pool, json, one;
};

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

static void row(const hyp_dominfo *d, const struct list_opts *o)
{
	char *name = dom_name(d->domain), state[7];

	dom_state(state, d);
	printf("%-40s %5d %5llu %5u     %s  %8.1f", name ? name : "(null)", d->domain,
	       (unsigned long long)(d->tot_pages + d->outstanding_pages) >> 8, d->nr_online_vcpus,
	       state, d->cpu_time / 1e9);
	if (o->verbose) {
		putchar(' ');
		uuid_print(stdout, d->handle);
		printf(" %8s", reason_name(d));
	}
	if (o->verbose || o->context)
		printf(" %16s", "-");
	if (o->pool)
		printf("%16s", "Pool-0");
	putchar('\n');
	free(name);
}

static void list_disk(const char *rec, struct disk *d)
{
	char *dev = store_get("%s/dev", rec), *mode = store_get("%s/mode", rec);

	d->target = store_get("%s/params", rec);
	d->script = store_get("%s/script", rec);
	d->writable = mode && *mode == 'w';
	snprintf(d->vdev, sizeof(d->vdev), "%s", dev ? dev : "");
	d->devid = disk_devid(d->vdev);
	free(dev);
	free(mode);
}

static void list_nic(const char *rec, int devid, struct nic *n)
{
	char *mac = store_get("%s/mac", rec), *script = store_get("%s/script", rec);

	n->devid = devid;
	n->mac_set = mac && sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &n->mac[0], &n->mac[1],
				   &n->mac[2], &n->mac[3], &n->mac[4], &n->mac[5]) == 6;
	n->bridge = store_get("%s/bridge", rec);
	n->vifname = store_get("%s/vifname", rec);
	n->ip = store_get("%s/ip", rec);
	if (script && *script)
		n->script = strdup(script);
	free(mac);
	free(script);
}

int device_list(uint32_t domid, struct config *c)
{
	char dir[96], rec[160], **ids;
	size_t n = 0, i;

	snprintf(dir, sizeof(dir), "/libxl/%u/device/vbd", domid);
	ids = xs_directory(xstore(), 0, dir, &n);
	c->disks = ids ? calloc(n, sizeof(*c->disks)) : NULL;
	for (i = 0; c->disks && i < n; i++) {
		snprintf(rec, sizeof(rec), "%s/%.16s", dir, ids[i]);
		list_disk(rec, &c->disks[c->nr_disks++]);
	}
	free(ids);
	snprintf(dir, sizeof(dir), "/libxl/%u/device/vif", domid);
	ids = xs_directory(xstore(), 0, dir, &n);
	c->nics = ids ? calloc(n, sizeof(*c->nics)) : NULL;
	for (i = 0; c->nics && i < n; i++) {
		snprintf(rec, sizeof(rec), "%s/%.16s", dir, ids[i]);
		list_nic(rec, atoi(ids[i]), &c->nics[c->nr_nics++]);
	}
	free(ids);
	return 0;
}

/* Disks and interfaces as they are now, which is not always as they were at the start. */
static void live_devices(uint32_t domid)
{
	struct config c = { 0 };

	if (device_list(domid, &c))
		return;
	if (c.nr_disks || c.nr_nics) {
		config_json_devices(stdout, &c, 12);
		putchar(',');
	}
	config_free(&c);
}

/* The saved file moved to the right, with the devices of now in place of those of the start. */
static bool print_saved(const hyp_dominfo *d)
{
	char *path = dom_json_path(d->domain, d->handle), line[4096];
	FILE *f = path && d->domain ? fopen(path, "re") : NULL;
	bool skip = false, tail = false;

	free(path);
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
	struct json j = { .out = stdout, .indent = 8 };
	struct xen_domctl_sched_credit2 p;
	char *name = dom_name(d->domain),
	     *target = store_get("/local/domain/%u/memory/target", d->domain);

	fputs("{", stdout);
	j.indent = 12;
	json_open(&j, "c_info", '{');
	json_str(&j, "type", "pvh");
	json_str(&j, "name", name ? name : "");
	json_close(&j, '}');
	json_open(&j, "b_info", '{');
	json_num(&j, "max_memkb",
		 d->domain || !target ? d->max_pages << 2 : strtoull(target, NULL, 10));
	json_num(&j, "target_memkb", target ? strtoull(target, NULL, 10) : d->tot_pages << 2);
	json_open(&j, "sched_params", '{');
	if (!hyp_sched_get(d->domain, &p)) {
		json_str(&j, "sched", "credit2");
		json_num(&j, "weight", p.weight);
		json_num(&j, "cap", p.cap);
	}
	json_close(&j, '}');
	json_open(&j, "type.pvh", '{');
	json_close(&j, '}');
	json_open(&j, "arch_arm", '{');
	json_close(&j, '}');
	json_open(&j, "arch_x86", '{');
	json_close(&j, '}');
	json_close(&j, '}');
	fputs("\n        }", stdout);
	free(name);
	free(target);
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
	char state[7], *name;
	int i;

	printf("[");
	for (i = 0; i < n; i++) {
		name = dom_name(list[i].domain);
		dom_state(state, &list[i]);
		printf("%s\n  {\"name\": ", i ? "," : "");
		json_string(stdout, name ? name : "");
		printf(", \"domid\": %u, \"memory_kib\": %llu, \"vcpus\": %u, \"state\": \"%s\", "
		       "\"reason\": "
		       "\"%s\", \"cpu_seconds\": %.1f, \"uuid\": \"",
		       list[i].domain, (unsigned long long)list[i].tot_pages << 2,
		       list[i].nr_online_vcpus, state, reason_name(&list[i]),
		       list[i].cpu_time / 1e9);
		uuid_print(stdout, list[i].handle);
		printf("\"}");
		free(name);
	}
	printf("\n]\n");
}

static void print_table(const hyp_dominfo *list, int n, const struct list_opts *o)
{
	int i;

	printf("Name                                        ID   Mem VCPUs\tState\tTime(s)");
	if (o->verbose)
		printf("   UUID                            Reason-Code\tSecurity Label");
	else if (o->context)
		printf("   Security Label");
	printf("%s\n", o->pool ? "         Cpupool" : "");
	for (i = 0; i < n; i++)
		row(&list[i], o);
}

int cmd_list(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "long", 0, NULL, 'l' },
		{ "verbose", 0, NULL, 'v' },
		{ "context", 0, NULL, 'Z' },
		{ "cpupool", 0, NULL, 'c' },
		{ "numa", 0, NULL, 'n' },
		{ "json", 0, NULL, 'j' },
		{ 0 },
	};
	hyp_dominfo *list = calloc(XL_MAX_DOMAINS, sizeof(*list));
	struct list_opts o = { 0 };
	uint32_t domid;
	int opt, n;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "lvZcn", longs, NULL)) != -1) {
		o.lengthy |= opt == 'l';
		o.verbose |= opt == 'v';
		o.context |= opt == 'Z';
		o.pool |= opt == 'c';
		o.json |= opt == 'j';
		if (opt == '?') {
			free(list);
			command_usage(stderr, command_find("list"));
			return 2;
		}
	}
	o.one = optind < argc;
	if (o.one && dom_find(argv[optind], &domid))
		n = -ESRCH;
	else if (o.one)
		n = hyp_dom_info(domid, list) ? -ESRCH : 1;
	else
		n = list ? hyp_dom_list(0, XL_MAX_DOMAINS, list) : -ENOMEM;
	if (n < 0) {
		if (n != -ESRCH)
			fprintf(stderr, "xl: listing domains: %s\n", strerror(-n));
		else if (o.one && strspn(argv[optind], "0123456789") == strlen(argv[optind]))
			fprintf(stderr, "Error: Domain '%s' does not exist.\n", argv[optind]);
		free(list);
		return EXIT_FAILURE;
	}
	if (o.lengthy)
		print_long(list, n);
	else if (o.json)
		print_json(list, n);
	else
		print_table(list, n, &o);
	free(list);
	return 0;
}

/* Calls @fn for the domains named, or for all.  0, or 1 if one does not exist. */
int dom_each(int argc, char **argv, int from, int (*fn)(const hyp_dominfo *d))
{
	hyp_dominfo *list = calloc(XL_MAX_DOMAINS, sizeof(*list));
	uint32_t domid;
	int i, n, rc = 0;

	if (!list)
		return EXIT_FAILURE;
	if (from >= argc) {
		n = hyp_dom_list(0, XL_MAX_DOMAINS, list);
		for (i = 0; i < n; i++)
			rc |= fn(&list[i]);
		free(list);
		return n < 0 ? EXIT_FAILURE : rc;
	}
	for (i = from; i < argc; i++) {
		if (dom_find(argv[i], &domid)) {
			rc = EXIT_FAILURE;
		} else if (hyp_dom_info(domid, list)) {
			fprintf(stderr, "%s is an invalid domain identifier\n", argv[i]);
			rc = EXIT_FAILURE;
		} else {
			rc |= fn(list);
		}
	}
	free(list);
	return rc;
}

static unsigned int host_cpus(void)
{
	struct xen_sysctl_physinfo p;

	return hyp_physinfo(&p) ? CONFIG_MAX_CPUS : p.max_cpu_id + 1;
}

static int vcpus_of(const hyp_dominfo *d)
{
	struct xen_domctl_getvcpuinfo info;
	struct cpumask hard, soft;
	unsigned int v, cpus = host_cpus();
	char *name = dom_name(d->domain);

	for (v = 0; v <= d->max_vcpu_id && v < CONFIG_MAX_VCPUS; v++) {
		if (hyp_vcpu_info(d->domain, v, &info) ||
		    hyp_vcpu_affinity_get(d->domain, v, hard.bits, soft.bits))
			continue;
		printf("%-32s %5u %5u", name ? name : "(null)", d->domain, v);
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
	free(name);
	return 0;
}

int cmd_vcpu_list(int argc, char **argv)
{
	printf("Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard "
	       "/ Soft)\n");
	fflush(stdout);
	return dom_each(argc, argv, 1, vcpus_of);
}

static bool short_uptime;

/* Domain-0 counts from boot, guests from the time in their record. */
static int uptime_of(const hyp_dominfo *d)
{
	char *vm = store_get("/local/domain/%u/vm", d->domain), *start = NULL,
	     *name = dom_name(d->domain);
	struct timespec now, boot;
	char clock[16], days[24] = "";
	long long up;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	if (vm)
		start = store_get("%.64s/start_time", vm);
	up = d->domain && start ? now.tv_sec - strtoll(start, NULL, 10) : boot.tv_sec;
	up = up < 0 ? 0 : up;
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now.tv_sec));
	if (up >= 86400)
		snprintf(days, sizeof(days), "%lld days, ", up / 86400);
	if (short_uptime)
		printf(" %s up %s%2lld:%02lld, %s (%u)\n", clock, days, up % 86400 / 3600,
		       up % 3600 / 60, name ? name : "(null)", d->domain);
	else
		printf("%-33s %4u %s%2lld:%02lld:%02lld\n", name ? name : "(null)", d->domain, days,
		       up % 86400 / 3600, up % 3600 / 60, up % 60);
	free(vm);
	free(start);
	free(name);
	return 0;
}

int cmd_uptime(int argc, char **argv)
{
	short_uptime = argc > 1 && !strcmp(argv[1], "-s");
	if (!short_uptime)
		printf("Name                                ID Uptime\n");
	return dom_each(argc, argv, 1 + short_uptime, uptime_of);
}

int cmd_domid(int argc, char **argv)
{
	uint32_t domid;

	if (dom_find_name(argv[1], &domid)) {
		fprintf(stderr,
			"Can't get domid of domain name '%s', maybe this domain does not exist.\n",
			argv[1]);
		return EXIT_FAILURE;
	}
	printf("%u\n", domid);
	return 0;
}

int cmd_domname(int argc, char **argv)
{
	char *end, *name;
	unsigned long id = strtoul(argv[1], &end, 10);

	if (*end || end == argv[1]) {
		fprintf(stderr, "Invalid domain id.\n\n");
		return EXIT_FAILURE;
	}
	name = id < DOMID_FIRST_RESERVED ? dom_name(id) : NULL;
	if (!name) {
		fprintf(stderr,
			"Can't get domain name of domain id '%s', maybe this domain does not "
			"exist.\n",
			argv[1]);
		return EXIT_FAILURE;
	}
	printf("%s\n", name);
	free(name);
	return 0;
}

const char *sched_name(uint32_t id)
{
	static const char *const names[] = { "credit", "credit2", "arinc653", "rtds", "null" };

	return id >= XEN_SCHEDULER_CREDIT && id <= XEN_SCHEDULER_NULL
		       ? names[id - XEN_SCHEDULER_CREDIT]
		       : "unknown";
}

int cmd_cpupool_list(int argc, char **argv)
{
	bool cpus = argc > 1 && (!strcmp(argv[1], "-c") || !strcmp(argv[1], "--cpus"));
	const char *only = argc > 1 + cpus ? argv[1 + cpus] : NULL;
	struct xen_sysctl_cpupool_op pool;
	struct cpumask m;
	unsigned int i, n, id, shown = 0;
	char *name;

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
		free(name);
	}
	if (only && !shown) {
		fprintf(stderr, "Pool '%s' does not exist\n", only);
		return EXIT_FAILURE;
	}
	return 0;
}
