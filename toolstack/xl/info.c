// SPDX-License-Identifier: GPL-2.0-only
/*
 * info.c - the machine and its hypervisor: info, dmesg, debug-keys.
 *
 * Owns no state.  Invariant: a question the hypervisor does not answer leaves its line empty or
 * zero, never out, so that what reads the lines keeps working.
 */
#include "xl/xl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define CONSOLE_CHUNK 32768u

static const char *only; /* prints what begins so, without its name */

__attribute__((format(printf, 2, 3))) static void line(const char *key, const char *fmt, ...)
{
	va_list ap;

	if (only && strncmp(key, only, strlen(only)))
		return;
	if (!only)
		printf("%-23s: ", key);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static void print_host(void)
{
	struct utsname u;

	if (uname(&u))
		return;
	line("host", "%s", u.nodename);
	line("release", "%s", u.release);
	line("version", "%s", u.version);
	line("machine", "%s", u.machine);
}

static void print_physical(void)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} caps[] = {
		{ XEN_SYSCTL_PHYSCAP_pv, "pv" },
		{ XEN_SYSCTL_PHYSCAP_hvm, "hvm" },
		{ XEN_SYSCTL_PHYSCAP_directio, "hvm_directio" },
		{ XEN_SYSCTL_PHYSCAP_hap, "hap" },
		{ XEN_SYSCTL_PHYSCAP_shadow, "shadow" },
		{ XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share, "iommu_hap_pt_share" },
		{ XEN_SYSCTL_PHYSCAP_vmtrace, "vmtrace" },
		{ XEN_SYSCTL_PHYSCAP_vpmu, "vpmu" },
		{ XEN_SYSCTL_PHYSCAP_gnttab_v1, "gnttab-v1" },
		{ XEN_SYSCTL_PHYSCAP_gnttab_v2, "gnttab-v2" },
	};
	struct xen_sysctl_physinfo p = { 0 };
	char text[128] = "";
	size_t n = 0;

	hyp_physinfo(&p);
	line("nr_cpus", "%u", p.nr_cpus);
	line("max_cpu_id", "%u", p.max_cpu_id);
	line("nr_nodes", "%u", p.nr_nodes);
	line("cores_per_socket", "%u", p.cores_per_socket);
	line("threads_per_core", "%u", p.threads_per_core);
	line("cpu_mhz", "%u.%03u", p.cpu_khz / 1000, p.cpu_khz % 1000);
	line("hw_caps", "%08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x", p.hw_cap[0], p.hw_cap[1],
	     p.hw_cap[2], p.hw_cap[3], p.hw_cap[4], p.hw_cap[5], p.hw_cap[6], p.hw_cap[7]);
	for (unsigned int i = 0; i < sizeof(caps) / sizeof(*caps); i++)
		if (p.capabilities & caps[i].bit)
			n += snprintf(text + n, sizeof(text) - n, " %s", caps[i].name);
	line("virt_caps", "%s", text + !!n);
	line("total_memory", "%llu", (unsigned long long)p.total_pages >> 8);
	line("free_memory", "%llu", (unsigned long long)(p.free_pages - p.outstanding_pages) >> 8);
	line("sharing_freed_memory", "0"); /* page sharing does not exist on ARM */
	line("sharing_used_memory", "0");
	line("outstanding_claims", "%llu", (unsigned long long)p.outstanding_pages >> 8);
}

static void print_cpus_free(void)
{
	struct xen_sysctl_cpupool_op pool;
	struct cpumask m = { { 0 } };
	unsigned int i, n = 0;

	if (!hyp_cpupool_info(UINT32_MAX, &pool, m.bits))
		for (i = 0; i < sizeof(m.bits); i++)
			n += __builtin_popcount(m.bits[i]);
	line("free_cpus", "%u", n);
}

static void print_topology(void)
{
	static struct xen_sysctl_cputopo cpus[HYP_MAX_CPUS];
	struct xen_sysctl_meminfo mem;
	uint32_t distance;
	int n = hyp_topology(cpus, &mem, &distance);

	if (n < 0)
		return;
	printf("cpu_topology           :\ncpu:    core    socket     node\n");
	for (int i = 0; i < n; i++)
		printf("%3d:    %4u     %4u     %4u\n", i, cpus[i].core, cpus[i].socket,
		       cpus[i].node);
	printf("numa_info              :\nnode:    memsize    memfree    distances\n"
	       "   0:    %6llu     %6llu      %u\n",
	       (unsigned long long)mem.memsize >> 20, (unsigned long long)mem.memfree >> 20,
	       distance);
}

/*
 * A string of the hypervisor's, in a buffer that is longer than any of them: it is ended whatever
 * the hypervisor did.  Valid until the next call.
 */
static const char *ask(unsigned int cmd, size_t size)
{
	static char text[2048];

	memset(text, 0, sizeof(text));
	return hyp_version(cmd, text, size) < 0 ? "" : text;
}

static void print_versions(void)
{
	xen_platform_parameters_t params = { 0 };
	struct xen_sysctl sched = { .cmd = XEN_SYSCTL_sched_id };
	int v = hyp_version(XENVER_version, NULL, 0);
	const char *extra = ask(XENVER_extraversion, sizeof(xen_extraversion_t));

	hyp_version(XENVER_platform_parameters, &params, sizeof(params));
	hv_sysctl(&sched, NULL);
	line("xen_major", "%d", v >> 16);
	line("xen_minor", "%d", v & 0xffff);
	line("xen_extra", "%s", extra);
	line("xen_version", "%d.%d%s", v >> 16, v & 0xffff, extra);
	line("xen_caps", "%s", ask(XENVER_capabilities, sizeof(xen_capabilities_info_t)));
	line("xen_scheduler", "%s", sched_name(sched.u.sched_id.sched_id));
	line("xen_pagesize", "%d", hyp_version(XENVER_pagesize, NULL, 0));
	line("platform_params", "virt_start=0x%llx", (unsigned long long)params.virt_start);
	line("xen_changeset", "%s", ask(XENVER_changeset, sizeof(xen_changeset_info_t)));
	line("xen_commandline", "%s", ask(XENVER_commandline, sizeof(xen_commandline_t)));
}

static void print_build(void)
{
	struct {
		uint32_t len;
		uint8_t id[64];
	} build = { .len = sizeof(build.id) };
	xen_compile_info_t cc = { 0 };
	char hex[2 * sizeof(build.id) + 1] = "";
	int i, n = hyp_version(XENVER_build_id, &build, sizeof(build));

	hyp_version(XENVER_compile_info, &cc, sizeof(cc));
	line("cc_compiler", "%.*s", (int)sizeof(cc.compiler), cc.compiler);
	line("cc_compile_by", "%.*s", (int)sizeof(cc.compile_by), cc.compile_by);
	line("cc_compile_domain", "%.*s", (int)sizeof(cc.compile_domain), cc.compile_domain);
	line("cc_compile_date", "%.*s", (int)sizeof(cc.compile_date), cc.compile_date);
	for (i = 0; i < n && i < (int)sizeof(build.id); i++)
		sprintf(hex + 2 * i, "%02x", build.id[i]);
	line("build_id", "%s", hex);
	line("xend_config_format", "4");
}

int cmd_info(const struct args *a)
{
	only = a->arg[0];
	print_host();
	print_physical();
	print_cpus_free();
	if (a->opt['n'] && !only)
		print_topology();
	print_versions();
	print_build();
	return 0;
}

int cmd_dmesg(const struct args *a)
{
	static char buf[CONSOLE_CHUNK];
	uint32_t index = 0;
	int n;

	while ((n = hv_read_console(buf, sizeof(buf), &index)) > 0)
		fwrite(buf, 1, n, stdout);
	if (!n && a->opt['c'])
		n = hyp_console_clear();
	return n ? fail("xl: reading the hypervisor's console: %s", strerror(-n)) : 0;
}

int cmd_debug_keys(const struct args *a)
{
	return hyp_debug_keys(a->arg[0]) ? fail("cannot send debug keys: %s", a->arg[0]) : 0;
}
