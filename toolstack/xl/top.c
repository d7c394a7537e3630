// SPDX-License-Identifier: GPL-2.0-only
/*
 * top.c - who uses what: CPU, memory, disks and interfaces, as a screen or as plain text.
 *
 * Owns two samples of all domains and the state of the terminal, which it restores however it
 * ends.  Invariant: batch output is column for column that of xentop.
 */
#include "xl/xl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "lib/loop.h"

#define MAX_VBDS 32
#define MAX_NETS 16

struct vbd {
	unsigned int devid;
	unsigned long long v[5]; /* of vbd_names */
};
static const char *const vbd_names[] = { "oo_req", "rd_req", "wr_req", "rd_sect", "wr_sect" };

struct net {
	int devid;
	unsigned long long v[8]; /* guest's view: rx bytes, packets, errors, drops; tx the same */
};

struct sample {
	hyp_dominfo info;
	char name[CONFIG_NAME_MAX + 33];
	struct vbd vbd[MAX_VBDS];
	struct net net[MAX_NETS];
	unsigned int nr_vbds, nr_nets;
	double cpu;		     /* percent since the sample before */
	unsigned long long total[7]; /* tx KiB, rx KiB, oo, rd, wr, rsect, wsect */
};

static struct {
	bool batch, vcpus, nets, vbds, full;
	int iterations, sort;
	double delay;
	unsigned long long mem_kib;
	struct xen_sysctl_physinfo phys;
} o;

static struct termios saved;
static bool raw;
static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static unsigned long long sysfs(uint32_t domid, unsigned int devid, const char *what)
{
	char path[128];
	unsigned long long v = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/xen-backend/devices/vbd-%u-%u/statistics/%s", domid,
		 devid, what);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%llu", &v) != 1)
		v = 0;
	fclose(f);
	return v;
}

static void take_vbds(struct sample *s)
{
	char **ids = store_list("/libxl/%u/device/vbd", s->info.domain), **id;

	for (id = ids; id && *id && s->nr_vbds < MAX_VBDS; id++) {
		struct vbd *b = &s->vbd[s->nr_vbds++];

		b->devid = strtoul(*id, NULL, 10);
		for (int k = 0; k < 5; k++) {
			b->v[k] = sysfs(s->info.domain, b->devid, vbd_names[k]);
			s->total[2 + k] += b->v[k];
		}
	}
	free(ids);
}

/* What Dom0's end receives the guest has sent, hence the swap. */
static void take_net(struct sample *list, int n, const char *line)
{
	struct net v = { 0 };
	unsigned int domid;
	int i;

	if (sscanf(line, " vif%u.%d: %llu %llu %llu %llu %*u %*u %*u %*u %llu %llu %llu %llu",
		   &domid, &v.devid, &v.v[4], &v.v[5], &v.v[6], &v.v[7], &v.v[0], &v.v[1], &v.v[2],
		   &v.v[3]) != 10)
		return;
	for (i = 0; i < n; i++) {
		if (list[i].info.domain != domid || list[i].nr_nets == MAX_NETS)
			continue;
		list[i].net[list[i].nr_nets++] = v;
		list[i].total[0] += v.v[4] >> 10;
		list[i].total[1] += v.v[0] >> 10;
	}
}

static int take(struct sample **out)
{
	const hyp_dominfo *info;
	int i, n = hyp_domains(&info);
	struct sample *list = n > 0 ? calloc(n, sizeof(*list)) : NULL;
	char line[512];
	FILE *f;

	for (i = 0; list && i < n; i++) {
		list[i].info = info[i];
		snprintf(list[i].name, sizeof(list[i].name), "%s", dom_label(info[i].domain));
		take_vbds(&list[i]);
	}
	f = list ? fopen("/proc/net/dev", "re") : NULL;
	while (f && fgets(line, sizeof(line), f))
		take_net(list, n, line);
	if (f)
		fclose(f);
	hyp_physinfo(&o.phys);
	o.mem_kib = o.phys.total_pages << 2;
	*out = list;
	return list ? n : -ENOMEM;
}

static void take_cpu(struct sample *now, int n, const struct sample *old, int m, double us)
{
	int i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < m && us > 0; j++)
			if (old[j].info.domain == now[i].info.domain &&
			    now[i].info.cpu_time >= old[j].info.cpu_time)
				now[i].cpu = (now[i].info.cpu_time - old[j].info.cpu_time) / 10.0 /
					     us;
}

/* Larger comes first. */
static double sort_key(const struct sample *s)
{
	switch (o.sort) {
	case 1: return s->cpu;
	case 2: return s->info.tot_pages;
	case 3: return s->total[0] + s->total[1];
	case 4: return s->total[3] + s->total[4];
	default: return -s->info.domain;
	}
}

static int compare(const void *a, const void *b)
{
	double x = sort_key(a), y = sort_key(b);

	return (x < y) - (x > y);
}

static double percent(unsigned long long kib)
{
	return o.mem_kib ? kib * 100.0 / o.mem_kib : 0;
}

static void print_row(const struct sample *s)
{
	unsigned long long mem = s->info.tot_pages << 2, max = s->info.max_pages << 2;
	char st[7];
	const unsigned long long *t = s->total;

	dom_state(st, &s->info);
	printf(o.full ? "%10s " : "%10.10s ", s->name);
	printf("%c%c%c%c%c%c %10llu %6.1f %10llu %6.1f ", st[5], st[3], st[1], st[4], st[2], st[0],
	       (unsigned long long)s->info.cpu_time / 1000000000, s->cpu, mem, percent(mem));
	if (max > o.mem_kib * 16)
		printf("%10s %9s ", "no limit", "n/a");
	else
		printf("%10llu %9.1f ", max, percent(max));
	printf("%5u %4u %8llu %8llu %4u %8llu %8llu %8llu %10llu %10llu %4u\n",
	       s->info.nr_online_vcpus, s->nr_nets, t[0], t[1], s->nr_vbds, t[2], t[3], t[4], t[5],
	       t[6], 0);
}

static void print_details(const struct sample *s)
{
	struct xen_domctl_getvcpuinfo v;
	unsigned int i;

	if (o.vcpus) {
		printf("VCPUs(sec): ");
		for (i = 0; i <= s->info.max_vcpu_id && i < CONFIG_MAX_VCPUS; i++)
			if (!hyp_vcpu_info(s->info.domain, i, &v))
				printf(" %2u: %10llus", i,
				       (unsigned long long)v.cpu_time / 1000000000);
		putchar('\n');
	}
	for (i = 0; o.nets && i < s->nr_nets; i++) {
		const unsigned long long *n = s->net[i].v;

		printf("Net%d RX: %8llubytes %8llupkts %8lluerr %8lludrop  TX: %8llubytes "
		       "%8llupkts "
		       "%8lluerr %8lludrop\n",
		       s->net[i].devid, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]);
	}
	for (i = 0; o.vbds && i < s->nr_vbds; i++) {
		const struct vbd *b = &s->vbd[i];

		printf("VBD BlkBack %4u [%2x:%2x]  OO: %8llu   RD: %8llu   WR: %8llu   RSECT: "
		       "%10llu   "
		       "WSECT: %10llu\n",
		       b->devid, b->devid >> 8 & 0xfff, b->devid & 0xff, b->v[0], b->v[1], b->v[2],
		       b->v[3], b->v[4]);
	}
}

static void print_summary(const struct sample *list, int n)
{
	int in[6] = { 0 }, i, k; /* how many are in each state */
	unsigned long long free_kib = o.phys.free_pages << 2;
	time_t t = time(NULL);
	char clock[16], st[7];

	for (i = 0; i < n; i++) {
		dom_state(st, &list[i].info);
		for (k = 0; k < 6; k++)
			in[k] += st[k] != '-';
	}
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&t));
	printf("xl top - %s\n%d domains: %d running, %d blocked, %d paused, %d crashed, %d dying, "
	       "%d shutdown\n",
	       clock, n, in[0], in[1], in[2], in[4], in[5], in[3]);
	printf("Mem: %lluk total, %lluk used, %lluk free    CPUs: %u @ %uMHz\n", o.mem_kib,
	       o.mem_kib - free_kib, free_kib, o.phys.nr_cpus, o.phys.cpu_khz / 1000);
}

static void print_all(const struct sample *list, int n)
{
	int i;

	if (!o.batch) {
		printf("\033[H\033[J");
		print_summary(list, n);
		printf("\033[7m");
	}
	printf("      NAME  STATE   CPU(sec) CPU(%%)     MEM(k) MEM(%%)  MAXMEM(k) MAXMEM(%%) "
	       "VCPUS NETS "
	       "NETTX(k) NETRX(k) VBDS   VBD_OO   VBD_RD   VBD_WR  VBD_RSECT  VBD_WSECT SSID%s\n",
	       o.batch ? "" : "\033[0m");
	for (i = 0; i < n; i++) {
		print_row(&list[i]);
		print_details(&list[i]);
	}
	if (!o.batch)
		printf("q quit  v vCPUs  n networks  x disks  s sort by %s",
		       ((const char *[]){ "id", "CPU", "memory", "network", "disk" })[o.sort]);
	fflush(stdout);
}

static void screen_off(void)
{
	if (!raw)
		return;
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	printf("\033[?25h\033[?7h\033[?1049l");
	fflush(stdout);
	raw = false;
}

static void screen_on(void)
{
	struct termios t;

	if (o.batch || tcgetattr(STDIN_FILENO, &saved))
		return;
	t = saved;
	t.c_lflag &= ~(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
	raw = true;
	atexit(screen_off);
	printf("\033[?1049h\033[?7l\033[?25l"); /* other screen, no wrapping, no cursor */
}

/* Waits for the next round.  A key may end or change it. */
static void wait_round(void)
{
	int64_t end = loop_now() + (int64_t)(o.delay * 1000);
	struct pollfd p = { .fd = raw ? STDIN_FILENO : -1, .events = POLLIN };
	char key;

	while (!stop) {
		int64_t left = end - loop_now();

		if (left <= 0 || poll(&p, 1, left) <= 0)
			return;
		if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q') {
			stop = 1;
			return;
		}
		o.vcpus ^= key == 'v' || key == 'V';
		o.nets ^= key == 'n' || key == 'N';
		o.vbds ^= key == 'x' || key == 'X';
		o.sort = (o.sort + (key == 's' || key == 'S')) % 5;
		return;
	}
}

static int loop(void)
{
	struct sample *old = NULL, *now;
	int n, m = 0, round;
	int64_t then = 0;

	for (round = 0; !stop && (o.iterations <= 0 || round < o.iterations); round++) {
		n = take(&now);
		if (n < 0) {
			screen_off();
			return fail("xl: listing domains: %s", strerror(-n));
		}
		take_cpu(now, n, old, m, then ? (loop_now() - then) * 1000.0 : 0);
		then = loop_now();
		qsort(now, n, sizeof(*now), compare);
		print_all(now, n);
		free(old);
		old = now;
		m = n;
		if (o.iterations <= 0 || round + 1 < o.iterations)
			wait_round();
	}
	free(old);
	return 0;
}

int cmd_top(const struct args *a)
{
	int rc;

	o.iterations = a->opt['i'] ? atoi(a->opt['i']) : 0;
	o.delay = a->opt['d'] ? atof(a->opt['d']) : 3;
	o.vcpus = a->opt['v'];
	o.nets = a->opt['n'];
	o.vbds = a->opt['x'];
	o.full = a->opt['f'];
	if (o.delay < 0.1 || o.delay > 86400) {
		fail("xl: a delay is 0.1 to 86400 seconds");
		return EXIT_USAGE;
	}
	o.batch = a->opt['b'] || !isatty(STDOUT_FILENO);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	screen_on();
	rc = loop();
	screen_off();
	return rc;
}
