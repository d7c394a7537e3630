// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the debug keys print of a known state; run states and the area they are told in, against a
 * model.
 */
#include <core/console.h>
#include <core/page.h>
#include <domain/debug.h>
#include <domain/sched_model.h>
#include <domain/spec.h>
#include <lib/string.h>
#include "harness.h"

struct cpu cpus[MAX_CPUS];
unsigned cpu_count = 2;
_Thread_local struct cpu *fake_cpu = &cpus[0];
_Thread_local bool fake_irq_pending;
u64 fake_ticks, timer_hz = 1000000000, heap_free_pages = 77, heap_total_pages = 100;
struct options opts;
struct ledger ledger;

u64 now_ns(void)
{
	return fake_ticks;
}

/* --- what is printed --- */

static char text[4096];
static size_t text_len;
static debug_key_fn *key_fn[128];
static unsigned dumped;

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_len += (size_t)vsnprintf(text + text_len, sizeof(text) - text_len, fmt, ap);
	va_end(ap);
}
void debug_key_add(char key, const char *what, debug_key_fn *fn)
{
	CHECK(!key_fn[(unsigned)key] && what[0]);
	key_fn[(unsigned)key] = fn;
}
void spec_init(void)
{
}
bool grant_dump(struct domain *d, u64 item)
{
	dumped += d->id;
	return item < 1;
}
bool vgic_dump(struct domain *d, u64 item)
{
	dumped += 10 * d->id;
	return false;
}
void page_release(struct page *pg)
{
	pg->refs = 0;
}

static void press(char key)
{
	static char whole[sizeof(text)];
	struct key_at at = { 0 };
	size_t before, whole_len;

	text_len = 0;
	memset(text, 0, sizeof(text));
	while (key_fn[(unsigned)key](&at))
		;
	memcpy(whole, text, sizeof(text));
	whole_len = text_len;
	/* The same in pieces, none of which is longer than a few lines. */
	text_len = 0;
	at = (struct key_at){ 0 };
	fake_irq_pending = true;
	do
		before = text_len;
	while (key_fn[(unsigned)key](&at) && text_len - before < 256);
	fake_irq_pending = false;
	CHECK(text_len == whole_len && !memcmp(text, whole, whole_len));
}

static bool contains(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i + n <= text_len; i++)
		if (!memcmp(text + i, s, n))
			return true;
	printk("[misses: %s]\n", s);
	return false;
}

/* --- two domains, of which the second is seen --- */

static struct vcpu_info infos[4];
static struct vcpu vcpus[4], *vcpu[4] = { &vcpus[0], &vcpus[1], &vcpus[2], &vcpus[3] };
static struct domain doms[2];
static struct evtchn bucket[EVTCHN_BUCKET], *buckets[1] = { bucket };

struct domain *domain_get_next(domid_t id)
{
	for (unsigned i = 0; i < 2; i++)
		if (doms[i].id >= id) {
			doms[i].refs++;
			return &doms[i];
		}
	return NULL;
}
void domain_release(struct domain *d)
{
	host_panic("a domain is gone");
}

static bool is_pending(struct domain *d, u32 port)
{
	return port == 3;
}
static bool is_masked(struct domain *d, u32 port)
{
	return port == 5;
}
static const struct evtchn_ops evtchn_ops = { .is_pending = is_pending, .is_masked = is_masked };

static void world(void)
{
	memset(key_fn, 0, sizeof(key_fn));
	memset(cpus, 0, sizeof(cpus));
	memset(vcpus, 0, sizeof(vcpus));
	memset(doms, 0, sizeof(doms));
	for (unsigned i = 0; i < 2; i++) {
		cpus[i].id = i;
		lock_init(&cpus[i].rq.lock, RANK_SCHED);
	}
	doms[0].refs = doms[1].refs = 1;
	doms[1].id = 7;
	doms[1].vcpu = vcpu;
	doms[1].max_vcpus = 4;
	doms[1].evtchns.ops = &evtchn_ops;
	doms[0].evtchns.ops = &evtchn_ops;
	for (unsigned i = 0; i < 4; i++) {
		vcpus[i].id = (u16)i;
		vcpus[i].domain = &doms[1];
		vcpus[i].info = &infos[i];
		vcpus[i].sched.cpu = &cpus[i % 2];
	}
	debug_keys_init();
}

static void test_domains(void)
{
	world();
	doms[1].tot_pages = 1234;
	doms[1].is_shut_down = true;
	vcpus[0].down = true;
	vcpus[0].pause_count = 1;
	vcpus[1].pause_count = 1;
	vcpus[1].blocked = true;
	vcpus[2].blocked = true;
	infos[2].evtchn_upcall_pending = 1;
	press('q');
	CHECK(contains("information for domain 0:\n    refcnt=2 state=0 nr_pages=0 "));
	CHECK(contains("information for domain 7:\n"));
	CHECK(contains("nr_pages=1234 max_pages=0 table_pages=0 shut down\n"));
	CHECK(contains("VCPU0: down, home CPU0, upcall pending 0\n"));
	CHECK(contains("VCPU1: paused, home CPU1, upcall pending 0\n"));
	CHECK(contains("VCPU2: blocked, home CPU0, upcall pending 1\n"));
	CHECK(contains("VCPU3: runnable, home CPU1, upcall pending 0\n"));
	press('g');
	press('v');
	/* domain 7 by both, twice each; grants in two pieces */
	CHECK_EQ(dumped, 2 * (2 * 7 + 70));
	CHECK(doms[0].refs == 1 && doms[1].refs == 1);
}

static void test_registers(void)
{
	world();
	vcpus[1].pc = 0x40080000;
	vcpus[1].pstate = 0x3c5;
	vcpus[1].loaded_on = &cpus[1];
	for (unsigned i = 0; i < 31; i++)
		vcpus[1].x[i] = 0x100 + i;
	press('d');
	CHECK(contains("*** d7v1: PC 0000000040080000 CPSR 000003c5 LR 000000000000011e runnable "
		       "(at its last trap; X20 to X29: at its last switch)\n"));
	CHECK(contains("X25: 0000000000000119 000000000000011a 000000000000011b 000000000000011c "
		       "000000000000011d\n"));
	CHECK(contains("*** d7v0: PC 0000000000000000 CPSR 00000000 LR 0000000000000000 "
		       "runnable\n"));
}

static void test_channels(void)
{
	world();
	memset(bucket, 0, sizeof(bucket));
	doms[1].evtchns.bucket = buckets;
	doms[1].evtchns.nr_ports = EVTCHN_BUCKET;
	bucket[3] = (struct evtchn){ .state = EVTCHNSTAT_interdomain, .arg = 12, .vcpu = 1 };
	bucket[5] = (struct evtchn){ .state = EVTCHNSTAT_virq, .arg = 2, .vcpu = 3 };
	bucket[9] = (struct evtchn){ .state = 7 };
	press('e');
	CHECK(contains("information for domain 0:\nEvent channel information for domain 7:\n"
		       "       3 [p-] interdomain, argument 12, VCPU1\n"
		       "       5 [-m] virq, argument 2, VCPU3\n"
		       "       9 [--] ?, argument 0, VCPU0\n"));
}

static void test_machine(void)
{
	world();
	fake_ticks = 5000000;
	cpus[0].current = &vcpus[2];
	vcpus[2].sched.started_ns = 3000000;
	cpus[0].busy_ns = 1000000;
	cpus[1].busy_ns = 9000000; /* its clock is ahead */
	cpus[1].rq.nr = 3;
	press('r');
	CHECK(contains(
		"CPU0: runs, 0 waiting, idle 2 ms, d7v2\nCPU1: idle, 3 waiting, idle 0 ms\n"));
	press('H');
	CHECK(contains("Heap: 77 pages free of 100\n"));
	press('t');
	CHECK(contains("System time 5000000 ns, counter at 1000000000 Hz\n"));
}

/* --- run states --- */

static bool same_times(const struct vcpu_runstate_info *a, const u64 *time, int state)
{
	return a->state == state && !memcmp(a->time, time, sizeof(a->time));
}

static void test_runstate(void)
{
	static struct vcpu_runstate_info area;
	static struct page page = { .refs = 2 };
	struct vcpu *v = &vcpus[0];
	u64 time[4] = { 0 }, published[4] = { 0 };
	int state = RUNSTATE_running, told = RUNSTATE_running;
	struct vcpu_runstate_info now;

	world();
	fake_ticks = 1000;
	v->runstate.state_entry_time = 1000;
	vcpu_move_runstate(v, &area, &page);
	for (unsigned n = 0; n < 2000; n++) {
		u64 ns = host_random() % 1000;

		fake_ticks += ns;
		time[state] += ns;
		doms[1].runstate_update_flag = host_random() % 2;
		vcpu_get_runstate(v, &now);
		CHECK(same_times(&now, time, state));
		CHECK_EQ(vcpu_runtime_ns(v), time[RUNSTATE_running]);
		/* The guest's is that of the last change that was told. */
		CHECK(same_times(&area, published, told));
		state = host_random() % 4;
		runstate_set(v, state, now_ns());
		if (host_random() % 3) {
			runstate_publish(v);
			memcpy(published, time, sizeof(time));
			told = state;
			CHECK_EQ(area.state_entry_time, fake_ticks);
		}
	}
	/* Moved: the new place is told at once, the old one no more, and its page goes back. */
	memset(&now, 0xff, sizeof(now));
	vcpu_move_runstate(v, &now, NULL);
	CHECK(same_times(&now, time, state));
	CHECK_EQ(page.refs, 1);
	runstate_set(v, RUNSTATE_blocked, now_ns());
	runstate_publish(v);
	CHECK(same_times(&area, published, told));
	CHECK(same_times(&now, time, RUNSTATE_blocked));
	vcpu_move_runstate(v, NULL, NULL);
}

int main(void);
int main(void)
{
	static const struct test tests[] = {
		{ "domains and vCPUs", test_domains },
		{ "registers", test_registers },
		{ "event channels", test_channels },
		{ "run queues, heap, time", test_machine },
		{ "run states against a model", test_runstate },
	};

	return run_tests("debug", tests, ARRAY_SIZE(tests));
}
