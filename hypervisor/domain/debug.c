// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debug keys that print domains, vCPUs, run queues and the heap. They read without the locks of
 * what they show: a key must work when a lock is stuck, so a line may be out of date by the time it
 * is out. Output is bounded by the number of domains.
 */
#include <core/console.h>
#include <core/cpu.h>
#include <domain/debug.h>
#include <domain/domain.h>
#include <domain/spec.h>

static void for_all(void (*fn)(struct domain *d))
{
	struct domain *d = domain_get_next(0);

	while (d) {
		domid_t id = d->id;

		fn(d);
		domain_put(d);
		d = domain_get_next((domid_t)(id + 1));
	}
}

static const char *vcpu_state(const struct vcpu *v)
{
	return v->down ? "down" : v->pause_count ? "paused" : v->blocked ? "blocked" : "runnable";
}

static void show_domain(struct domain *d)
{
	printk("General information for domain %u:\n", d->id);
	printk("    refcnt=%u state=%u nr_pages=%lu max_pages=%lu table_pages=%lu%s\n", d->refs,
	       d->state, (unsigned long)d->tot_pages, (unsigned long)d->max_pages,
	       (unsigned long)d->table_pages, d->is_shut_down ? " shut down" : "");
	for_each_vcpu (d, v)
		printk("    VCPU%u: %s, home CPU%u, upcall pending %u\n", v->id, vcpu_state(v),
		       v->sched.cpu ? v->sched.cpu->id : 0, v->info->evtchn_upcall_pending);
}

static void show_registers(struct domain *d)
{
	for_each_vcpu (d, v) {
		printk("*** d%uv%u: PC %016lx CPSR %08lx LR %016lx %s%s\n", d->id, v->id,
		       (unsigned long)v->pc, (unsigned long)v->pstate, (unsigned long)v->x[30],
		       vcpu_state(v),
		       v->loaded_on ? " (at its last trap; X20 to X29: at its last switch)" : "");
		for (unsigned i = 0; i < 30; i += 5)
			printk("    X%u: %016lx %016lx %016lx %016lx %016lx\n", i,
			       (unsigned long)v->x[i], (unsigned long)v->x[i + 1],
			       (unsigned long)v->x[i + 2], (unsigned long)v->x[i + 3],
			       (unsigned long)v->x[i + 4]);
	}
}

static void show_events(struct domain *d)
{
	static const char *const states[] = { "closed", "unbound", "interdomain",
					      "pirq",	"virq",	   "ipi" };

	printk("Event channel information for domain %u:\n", d->id);
	for (u32 port = 1; port < d->evtchns.nr_ports; port++) {
		const struct evtchn *ch = evtchn_at(&d->evtchns, port);

		if (ch->state == EVTCHNSTAT_closed)
			continue;
		printk("    %4u [%s%s] %s, argument %u, VCPU%u\n", port,
		       d->evtchns.ops->is_pending(d, port) ? "p" : "-",
		       d->evtchns.ops->is_masked(d, port) ? "m" : "-",
		       ch->state < ARRAY_SIZE(states) ? states[ch->state] : "?", ch->arg, ch->vcpu);
	}
}

static void key_domains(void)
{
	for_all(show_domain);
}
static void key_registers(void)
{
	for_all(show_registers);
}
static void key_events(void)
{
	for_all(show_events);
}
static void key_grants(void)
{
	for_all(grant_dump);
}
static void key_vgic(void)
{
	for_all(vgic_dump);
}

static void key_queues(void)
{
	for_each_cpu (c) {
		const struct vcpu *v = READ_ONCE(c->current);

		printk("CPU%u: %s, %u waiting, idle %lu ms", c->id, v ? "runs" : "idle", c->rq.nr,
		       (unsigned long)(cpu_idle_ns(c) / 1000000));
		if (v)
			printk(", d%uv%u", v->domain->id, v->id);
		printk("\n");
	}
}

static void key_heap(void)
{
	printk("Heap: %lu pages free of %lu\n", (unsigned long)heap_free_pages,
	       (unsigned long)heap_total_pages);
}

static void key_time(void)
{
	printk("System time %lu ns, counter at %lu Hz\n", (unsigned long)now_ns(),
	       (unsigned long)timer_hz);
}

#ifdef CONFIG_DEBUG
static void key_wait(void)
{
	printk("Dom0 waited for a CPU %lu us at most\n",
	       (unsigned long)(runstate_longest_wait_ns() / 1000));
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
