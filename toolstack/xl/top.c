// SPDX-License-Identifier: GPL-2.0-only
/*
 * top.c - who uses what: CPU, memory, disks and interfaces, as a screen or as plain text.
 *
 * Owns two samples of all domains and the state of the terminal, which it restores however it
 * ends.  Invariant: batch output is column for column that of xentop.
 */
#include "xl/xl.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "lib/loop.h"

#define MAX_DEVS 32 /* of a type, of one domain */
#define HEADER \
	"      NAME  STATE   CPU(sec) CPU(%%)     MEM(k) MEM(%%)  MAXMEM(k) MAXMEM(%%) VCPUS " \
	"NETS NETTX(k) NETRX(k) VBDS   VBD_OO   VBD_RD   VBD_WR  VBD_RSECT  VBD_WSECT SSID"

/* Devices by what sysfs counts for them.  As in xentop, sent and received are so by Dom0's end. */
enum { VBD, NET, TYPES };
static const struct {
	const char *type, *path, *counters[8];
} types[TYPES] = {
	[VBD] = { "vbd",
		  "/sys/bus/xen-backend/devices/vbd-%u-%u/statistics/%s",
		  { "oo_req", "rd_req", "wr_req", "rd_sect", "wr_sect" } },
	[NET] = { "vif",
		  "/sys/class/net/vif%u.%u/statistics/%s",
		  { "rx_bytes", "rx_packets", "rx_errors", "rx_dropped", "tx_bytes", "tx_packets",
		    "tx_errors", "tx_dropped" } },
};

struct device {
	unsigned int id;
	unsigned long long v[8]; /* of its counters */
};

struct sample {
	hyp_dominfo info;
	char name[CONFIG_NAME_MAX + 33];
	struct device dev[TYPES][MAX_DEVS];
	unsigned int nr[TYPES];
	unsigned long long total[TYPES][8];
	double cpu; /* percent since the sample before */
};

static struct {
	bool batch, vcpus, nets, vbds, full, headers;
	int iterations, sort;
	double delay;
	unsigned long long mem_kib;
	struct xen_sysctl_physinfo phys;
} o;

static FILE *out; /* stdout, or the text of a screen */
#define put(...) fprintf(out, __VA_ARGS__)
static struct termios saved;
static bool raw;
static volatile sig_atomic_t stop;

/* That it came ends the waiting. */
static void on_signal(int sig)
{
	stop |= sig != SIGWINCH;
}

/* One number of a file; 0 if there is none. */
static unsigned long long count(int type, uint32_t domid, unsigned int id, const char *what)
{
	unsigned long long v = 0;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), types[type].path, domid, id, what);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%llu", &v) != 1)
		v = 0;
	fclose(f);
	return v;
}

static void take_devices(struct sample *s, int type)
{
	char **ids = store_list("/libxl/%u/device/%s", s->info.domain, types[type].type);

	for (char **id = ids; id && *id && s->nr[type] < MAX_DEVS; id++) {
		struct device *d = &s->dev[type][s->nr[type]++];

		d->id = strtoul(*id, NULL, 10);
		for (int k = 0; k < 8 && types[type].counters[k]; k++) {
			d->v[k] = count(type, s->info.domain, d->id, types[type].counters[k]);
			s->total[type][k] += d->v[k];
		}
	}
	free(ids);
}

/* All domains; the CPU time since the @m samples in @old, which were taken @us ago. */
static struct sample *take(int *n, const struct sample *old, int m, double us)
{
	const hyp_dominfo *info;
	struct sample *list;

	*n = hyp_domains(&info);
	list = *n > 0 ? calloc(*n, sizeof(*list)) : NULL;
	if (!list)
		exit(fail("xl: listing domains: %s", strerror(*n < 0 ? -*n : ENOMEM)));
	for (struct sample *s = list; s < list + *n; s++) {
		s->info = info[s - list];
		snprintf(s->name, sizeof(s->name), "%s", dom_label(s->info.domain));
		for (int type = 0; type < TYPES && s->info.domain; type++)
			take_devices(s, type);
		for (const struct sample *was = old; was < old + m; was++)
			if (was->info.domain == s->info.domain &&
			    s->info.cpu_time >= was->info.cpu_time)
				s->cpu = (s->info.cpu_time - was->info.cpu_time) / 10.0 / us;
	}
	hyp_physinfo(&o.phys);
	o.mem_kib = o.phys.total_pages << 2;
	return list;
}

/* Larger comes first. */
static double sort_key(const struct sample *s)
{
	switch (o.sort) {
	case 1: return s->cpu;
	case 2: return s->info.tot_pages;
	case 3: return s->total[NET][0] + s->total[NET][4];
	default: return s->total[VBD][1] + s->total[VBD][2];
	}
}

static int compare(const void *a, const void *b)
{
	double x = sort_key(a), y = sort_key(b);

	if (!o.sort)
		return strcasecmp(((const struct sample *)a)->name,
				  ((const struct sample *)b)->name);
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
	const unsigned long long *v = s->total[VBD];

	dom_state(st, &s->info);
	put(o.full ? "%10s " : "%10.10s ", s->name);
	put("%c%c%c%c%c%c %10llu %6.1f %10llu %6.1f ", st[5], st[4] == 'c' ? '-' : st[3], st[1],
	    st[4], st[2], st[0], (unsigned long long)s->info.cpu_time / 1000000000, s->cpu, mem,
	    percent(mem));
	if (max > o.mem_kib * 16)
		put("%10s %9s ", "no limit", "n/a");
	else
		put("%10llu %9.1f ", max, percent(max));
	put("%5u %4u %8llu %8llu %4u %8llu %8llu %8llu %10llu %10llu %4u\n",
	    s->info.nr_online_vcpus, s->nr[NET], s->total[NET][4] >> 10, s->total[NET][0] >> 10,
	    s->nr[VBD], v[0], v[1], v[2], v[3], v[4], 0);
}

static void print_details(const struct sample *s)
{
	struct xen_domctl_getvcpuinfo v;
	unsigned int i;

	if (o.vcpus) {
		put("VCPUs(sec): ");
		for (i = 0; i <= s->info.max_vcpu_id && i < CONFIG_MAX_VCPUS; i++)
			if (!hyp_vcpu_info(s->info.domain, i, &v))
				put(" %2u: %10llus", i,
				    (unsigned long long)v.cpu_time / 1000000000);
		put("\n");
	}
	for (i = 0; o.nets && i < s->nr[NET]; i++) {
		const struct device *d = &s->dev[NET][i];

		put("Net%u RX: %8llubytes %8llupkts %8lluerr %8lludrop  TX: %8llubytes "
		    "%8llupkts %8lluerr %8lludrop\n",
		    d->id, d->v[0], d->v[1], d->v[2], d->v[3], d->v[4], d->v[5], d->v[6], d->v[7]);
	}
	for (i = 0; o.vbds && i < s->nr[VBD]; i++) {
		const struct device *d = &s->dev[VBD][i];

		put("VBD BlkBack %4u [%2x:%2x]  OO: %8llu   RD: %8llu   WR: %8llu   RSECT: "
		    "%10llu   WSECT: %10llu\n",
		    d->id, d->id >> 8, d->id & 0xff, d->v[0], d->v[1], d->v[2], d->v[3], d->v[4]);
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
	put("xl top - %s\n%d domains: %d running, %d blocked, %d paused, %d crashed, %d dying, "
	    "%d shutdown\n",
	    clock, n, in[0], in[1], in[2], in[4], in[5], in[3]);
	put("Mem: %lluk total, %lluk used, %lluk free    CPUs: %u @ %uMHz\n", o.mem_kib,
	    o.mem_kib - free_kib, free_kib, o.phys.nr_cpus, o.phys.cpu_khz / 1000);
}

static void print_all(const struct sample *list, int n)
{
	for (int i = 0; i < n; i++) {
		if (!i || o.headers)
			put(HEADER "\n");
		print_row(&list[i]);
		print_details(&list[i]);
	}
	fflush(out);
}

static void screen_off(void)
{
	if (!raw)
		return;
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	printf("\033[?25h\033[?1049l");
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
	printf("\033[?1049h\033[?25l"); /* other screen, no cursor */
}

/* As much of @text as the terminal has room for; one that does not tell its size is long and wide.
 */
static void show(char *text)
{
	struct winsize w = { 0 };
	int row = 1;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
	printf("\033[H");
	for (char *s; (s = strsep(&text, "\n")) && *s && row != w.ws_row; row++)
		printf("%s%.*s\033[0m\033[K\n", !strncmp(s, HEADER, 10) ? "\033[7m" : "",
		       w.ws_col ? w.ws_col - 1 : INT_MAX, s);
	printf("\033[J%.*s", w.ws_col ? w.ws_col - 1 : INT_MAX,
	       strf("q quit  v vCPUs  n networks  x disks  s sort by %s",
		    ((const char *[]){ "name", "CPU", "memory", "network", "disk" })[o.sort]));
	fflush(stdout);
}

static void print_screen(const struct sample *list, int n)
{
	size_t size;
	char *text = NULL;

	out = open_memstream(&text, &size);
	if (!out)
		exit(fail("xl: %s", strerror(errno)));
	print_summary(list, n);
	print_all(list, n);
	fclose(out);
	show(text);
	free(text);
}

/* Waits for the next round.  A key may end or change it. */
static void wait_round(void)
{
	struct pollfd p = { .fd = raw ? STDIN_FILENO : -1, .events = POLLIN };
	char key;

	if (stop || poll(&p, 1, o.delay * 1000) <= 0)
		return;
	if (read(STDIN_FILENO, &key, 1) != 1)
		key = 'q';
	key |= 0x20; /* either case */
	stop |= key == 'q';
	o.vcpus ^= key == 'v';
	o.nets ^= key == 'n';
	o.vbds ^= key == 'x';
	o.sort = (o.sort + (key == 's')) % 5;
}

static void loop(void)
{
	struct sample *old = NULL, *now;
	int64_t then = loop_now() - 1;
	int n, m = 0;

	for (int round = 0; !stop && (o.iterations <= 0 || round < o.iterations); round++) {
		if (round)
			wait_round();
		if (stop)
			break;
		now = take(&n, old, m, (loop_now() - then) * 1000.0);
		then = loop_now();
		qsort(now, n, sizeof(*now), compare);
		(o.batch ? print_all : print_screen)(now, n);
		free(old);
		old = now;
		m = n;
	}
	free(old);
}

int cmd_top(const struct args *a)
{
	unsigned long rounds = 0;

	if (!to_number(a->opt['i'] ?: "0", INT_MAX, &rounds)) {
		fail("xl: `%s' is not a number of rounds", a->opt['i']);
		return EXIT_USAGE;
	}
	o.iterations = rounds;
	o.delay = a->opt['d'] ? atof(a->opt['d']) : 3;
	o.vcpus = a->opt['v'];
	o.nets = a->opt['n'];
	o.vbds = a->opt['x'];
	o.full = a->opt['f'];
	o.headers = a->opt['r'];
	if (o.delay < 0.1 || o.delay > 86400) {
		fail("xl: a delay is 0.1 to 86400 seconds");
		return EXIT_USAGE;
	}
	o.batch = a->opt['b'] || !isatty(STDOUT_FILENO);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGWINCH, on_signal);
	out = stdout;
	screen_on();
	loop();
	screen_off();
	return 0;
}
