// SPDX-License-Identifier: GPL-2.0-only
/*
 * How costs grow with what exists: domains (1 to 500, without memory or
 * vCPUs), vCPUs of a domain (1 to 128), ports (to 1000), grants mapped (to 500);
 * and what a domain's size costs to create and destroy. The guest's clock counts, so its own few
 * instructions are in the figures; what matters is that they stay the same.
 */
#include "bench.h"

#define MAX_DOMAINS 500
#define MAX_MAPPED 500

static u16 domid[MAX_DOMAINS];
static u32 nr_domains;
static u64 spare;

static u64 cost_of_null(void)
{
	u64 t = ticks();

	HYPERCALL(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0, 0);
	return ticks() - t;
}

static u64 cost_of_send(u32 port)
{
	struct evtchn_send s = { .port = port };
	u64 t = ticks();

	evtchn_op(EVTCHNOP_send, &s);
	return ticks() - t;
}

static u64 cost_of_info(u16 id)
{
	struct xen_domctl op = { 0 };
	u64 t = ticks();

	domctl(XEN_DOMCTL_getdomaininfo, id, &op);
	return ticks() - t;
}

static u64 cost_of_create(u32 nr_vcpus)
{
	struct xen_domctl op = { 0 };
	u64 t;

	op.u.createdomain.ssidref = 12;
	op.u.createdomain.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
	op.u.createdomain.max_vcpus = nr_vcpus;
	op.u.createdomain.max_evtchn_port = 1023;
	op.u.createdomain.max_grant_frames = 1;
	op.u.createdomain.max_maptrack_frames = 0;
	op.u.createdomain.grant_opts = XEN_DOMCTL_GRANT_version(1);
	t = ticks();
	if (domctl(XEN_DOMCTL_createdomain, 0xffff, &op))
		return 0;
	t = ticks() - t;
	domid[nr_domains++] = op.domain;
	return t;
}

static void domains(u32 port)
{
	static const u32 steps[] = { 1, 10, 100, 500 };
	u64 create = 0;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		while (nr_domains < steps[i]) {
			create = cost_of_create(1);
			if (!create) {
				printf("FAIL: domain %u of %u\n", nr_domains + 1, MAX_DOMAINS);
				return;
			}
		}
		cost_of_send(port);
		printf("metric scale %u domains: null = %lu\n", steps[i], cost_of_null());
		printf("metric scale %u domains: send = %lu\n", steps[i], cost_of_send(port));
		printf("metric scale %u domains: getdomaininfo of the last = %lu\n", steps[i],
		       cost_of_info(domid[nr_domains - 1]));
		printf("metric scale %u domains: createdomain = %lu\n", steps[i], create);
	}
}

static void drop_domains(void)
{
	struct xen_domctl op;
	u64 t = ticks();

	for (u32 i = 0; i < nr_domains; i++)
		do
			op = (struct xen_domctl){ 0 };
		while (domctl(XEN_DOMCTL_destroydomain, domid[i], &op) == -XEN_EAGAIN);
	printf("metric scale destroydomain, mean = %lu\n", (ticks() - t) / nr_domains);
}

static void ports(void)
{
	static const u32 steps[] = { 10, 100, 1000 };
	u32 n = 0, port = 0;
	u64 t = 0;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		for (; n < steps[i]; n++) {
			t = ticks();
			port = evtchn_alloc(0);
			t = ticks() - t;
		}
		printf("metric scale %u ports: alloc = %lu\n", n, t);
		printf("metric scale %u ports: send on the last = %lu\n", n, cost_of_send(port));
	}
}

static void grants(void)
{
	static const u32 steps[] = { 1, 10, 100, 500 };
	struct gnttab_map_grant_ref m;
	u32 n = 0;
	u64 t = 0;

	for (u32 ref = 8; ref < 512; ref++)
		grant_access(ref, 0, virt_to_gfn(domid), false);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		for (; n < steps[i]; n++) {
			m = (struct gnttab_map_grant_ref){
				.host_addr = spare + n * 4096ul,
				.flags = GNTMAP_host_map,
				.ref = 8 + n,
			};
			t = ticks();
			grant_op(GNTTABOP_map_grant_ref, &m, 1);
			t = ticks() - t;
			if (m.status)
				return;
		}
		printf("metric scale %u grants mapped: map = %lu\n", n, t);
	}
}

/* A domain of that many vCPUs, without memory. */
static void vcpus_of(u32 nr)
{
	struct xen_domctl op = { .u.max_vcpus.max = nr };
	u64 t, create = cost_of_create(nr);
	u16 id = domid[--nr_domains];
	s64 rc;

	t = ticks();
	rc = domctl(XEN_DOMCTL_max_vcpus, id, &op);
	t = ticks() - t;
	printf("metric scale %u vCPUs: createdomain and max_vcpus = %lu\n", nr, create + t);
	printf("metric scale %u vCPUs: getdomaininfo = %lu\n", nr, cost_of_info(id));
	t = ticks();
	do
		op = (struct xen_domctl){ 0 };
	while (domctl(XEN_DOMCTL_destroydomain, id, &op) == -XEN_EAGAIN);
	printf("metric scale %u vCPUs: destroydomain = %lu\n", nr, ticks() - t);
	if (!create || rc)
		printf("FAIL: domain of %u vCPUs: %ld\n", nr, rc);
}

static void vcpus(void)
{
	static const u32 steps[] = { 1, 2, 8, 32, 128 };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (machine.gic == 3 || steps[i] <= 8)
			vcpus_of(steps[i]);
}

void bench_sizes(void)
{
	static const u64 mib[] = { 4, 64, 1024, 4096 };
	struct domu d;

	for (size_t i = 0; i < ARRAY_SIZE(mib); i++) {
		u64 t = ticks();

		if (!domu_create(&d, 1, ROLE_ECHO) ||
		    (mib[i] > 4 && domu_grow(&d, (mib[i] - 4) << 20))) {
			printf("FAIL: %lu MiB: %s: %ld\n", mib[i], d.step, d.error);
			return;
		}
		printf("metric scale create %lu MiB = %lu\n", mib[i], ticks() - t);
		t = ticks();
		domu_destroy(&d);
		printf("metric scale destroy %lu MiB = %lu\n", mib[i], ticks() - t);
	}
}

void bench_scale(void)
{
	u32 port = evtchn_alloc(0);

	spare = machine.free_base + machine.free_size - (16ul << 20);
	bench_sizes();
	domains(port);
	drop_domains();
	vcpus();
	ports();
	grants();
}
