// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debug keys that print domains, vCPUs, run queues and the heap. They read without the locks of
 * what they show: a key must work when a lock is stuck, so a line may be out of date by the time it
 * is out. An interrupt that comes ends a piece of the output.
 */
#include <core/console.h>
#include <core/cpu.h>
#include <domain/debug.h>
#include <domain/domain.h>
#include <domain/spec.h>

/* show(d, 0), show(d, 1) ... until it says that there is no more, for each domain. */
static bool each_domain(struct key_at *at, bool (*show)(struct domain *d, u64 item))
{
	struct domain *d = domain_get_next((domid_t)at->domain);
	bool more;

	if (!d)
		return false;
	if (d->id != at->domain)
		*at = (struct key_at){ .key = at->key, .domain = d->id };
	do
		more = show(d, at->item++);
	while (more && !irq_pending());
	if (!more)
		*at = (struct key_at){ .key = at->key, .domain = d->id + 1U };
	domain_put(d);
	return true;
}

static const char *vcpu_state(const struct vcpu *v)
{
	return v->down ? "down" : v->pause_count ? "paused" : v->blocked ? "blocked" : "runnable";
}

static void show_vcpu(const struct vcpu *v)
{
	printk("    VCPU%u: %s, home CPU%u, upcall pending %u\n", v->id, vcpu_state(v),
	       v->sched.cpu ? v->sched.cpu->id : 0, v->info->evtchn_upcall_pending);
}

static bool show_domain(struct domain *d, u64 item)
{
	if (item && item <= d->max_vcpus && d->vcpu[item - 1])
		show_vcpu(d->vcpu[item - 1]);
	if (item)
		return item < d->max_vcpus;
	printk("General information for domain %u:\n", d->id);
	printk("    refcnt=%u state=%u nr_pages=%lu max_pages=%lu table_pages=%lu%s\n", d->refs,
	       d->state, (unsigned long)d->tot_pages, (unsigned long)d->max_pages,
	       (unsigned long)d->table_pages, d->is_shut_down ? " shut down" : "");
	return d->max_vcpus;
}

#define ROW 5 /* registers in a line */

static bool show_registers(struct domain *d, u64 item)
{
	const unsigned lines = 1 + 30 / ROW, line = (unsigned)(item % lines), i = (line - 1) * ROW;
	const struct vcpu *v = item / lines < d->max_vcpus ? d->vcpu[item / lines] : NULL;

	if (!v)
		return false;
	if (!line)
		printk("*** d%uv%u: PC %016lx CPSR %08lx LR %016lx %s%s\n", d->id, v->id,
		       (unsigned long)v->pc, (unsigned long)v->pstate, (unsigned long)v->x[30],
		       vcpu_state(v),
		       v->loaded_on ? " (at its last trap; X20 to X29: at its last switch)" : "");
	else
		printk("    X%u: %016lx %016lx %016lx %016lx %016lx\n", i, (unsigned long)v->x[i],
		       (unsigned long)v->x[i + 1], (unsigned long)v->x[i + 2],
		       (unsigned long)v->x[i + 3], (unsigned long)v->x[i + 4]);
	return true;
}

static bool show_events(struct domain *d, u64 item)
{
	static const char *const states[] = { "closed", "unbound", "interdomain",
					      "pirq",	"virq",	   "ipi" };
	u32 port = (u32)item;
	const struct evtchn *ch = port < d->evtchns.nr_ports ? evtchn_at(&d->evtchns, port) : NULL;

	if (!port)
		printk("Event channel information for domain %u:\n", d->id);
	else if (ch && ch->state != EVTCHNSTAT_closed)
		printk("    %4u [%s%s] %s, argument %u, VCPU%u\n", port,
		       d->evtchns.ops->is_pending(d, port) ? "p" : "-",
		       d->evtchns.ops->is_masked(d, port) ? "m" : "-",
		       ch->state < ARRAY_SIZE(states) ? states[ch->state] : "?", ch->arg, ch->vcpu);
	return ch;
}

static bool key_domains(struct key_at *at)
{
	return each_domain(at, show_domain);
}
static bool key_registers(struct key_at *at)
{
	return each_domain(at, show_registers);
}
static bool key_events(struct key_at *at)
{
	return each_domain(at, show_events);
}
static bool key_grants(struct key_at *at)
{
	return each_domain(at, grant_dump);
}
static bool key_vgic(struct key_at *at)
{
	return each_domain(at, vgic_dump);
}

static bool key_queues(struct key_at *at)
{
	const struct cpu *c;
	const struct vcpu *v;

	if (at->item >= cpu_count)
		return false;
	c = &cpus[at->item++];
	v = READ_ONCE(c->current);
	printk("CPU%u: %s, %u waiting, idle %lu ms", c->id, v ? "runs" : "idle", c->rq.nr,
	       (unsigned long)(cpu_idle_ns(c) / 1000000));
	if (v)
		printk(", d%uv%u", v->domain->id, v->id);
	printk("\n");
	return true;
}

static bool key_heap(struct key_at *at)
{
	printk("Heap: %lu pages free of %lu\n", (unsigned long)heap_free_pages,
	       (unsigned long)heap_total_pages);
	return false;
}

static bool key_time(struct key_at *at)
{
	printk("System time %lu ns, counter at %lu Hz\n", (unsigned long)now_ns(),
	       (unsigned long)timer_hz);
	return false;
}

#ifdef CONFIG_DEBUG
static bool key_wait(struct key_at *at)
{
	printk("Dom0 waited for a CPU %lu us at most\n",
	       (unsigned long)(runstate_longest_wait_ns() / 1000));
	return false;
}

static void __init debug_only(void)
{
	spec_init();
	debug_key_add('w', "show and forget Dom0's longest wait for a CPU", key_wait);
}
#else
static void __init debug_only(void)
{
}
#endif

void __init debug_keys_init(void)
{
	debug_only();
	debug_key_add('d', "dump registers", key_registers);
	debug_key_add('e', "dump evtchn info", key_events);
	debug_key_add('g', "print grant table usage", key_grants);
	debug_key_add('H', "dump heap info", key_heap);
	debug_key_add('q', "dump domain (and guest debug) info", key_domains);
	debug_key_add('r', "dump run queues", key_queues);
	debug_key_add('t', "display clock and time info", key_time);
	debug_key_add('v', "dump virtual interrupt controllers", key_vgic);
}
