// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starts the other CPUs, one after the other, through PSCI; each sets itself up and goes to the
 * scheduler.
 */
#include <arm/cpu.h>
#include <arm/gic.h>
#include <core/console.h>
#include <core/cpu.h>
#include <core/irq.h>
#include <core/page.h>
#include <domain/sched.h>
#include <virt/vtimer.h>

void secondary_entry(void);
__noreturn void smp_secondary_main(struct cpu *c);

__noreturn void smp_secondary_main(struct cpu *c)
{
	gic_init_cpu();
	timer_init_cpu();
	vtimer_init_cpu();
	__atomic_store_n(&c->online, true, __ATOMIC_RELEASE);
	sched_enter();
}

static bool wait_online(const struct cpu *c)
{
	u64 deadline = ticks_now() + timer_hz; /* one second */

	while (!__atomic_load_n(&c->online, __ATOMIC_ACQUIRE)) {
		if (ticks_now() > deadline)
			return false;
		cpu_relax();
	}
	return true;
}

/*
 * cpus[1 .. cpu_count-1] hold the mpidr of what boot/ found; those that do not come up are dropped,
 * so that ids stay dense.
 */
void smp_start_all(void)
{
	unsigned found = cpu_count, n = 1;

	cpus[0].online = true;
	for (unsigned i = 1; i < found; i++) {
		struct cpu *c = &cpus[n];
		u64 mpidr = cpus[i].mpidr;

		if (!c->stack)
			c->stack = xalloc_pages(1);
		c->mpidr = mpidr;
		c->id = n;
		sched_init_cpu(c);
		cache_clean_inv(c, sizeof(*c));
		if (!c->stack || psci_cpu_on(mpidr, (paddr_t)secondary_entry, (u64)c) ||
		    !wait_online(c)) {
			log_err("CPU %lx does not start; going on without it\n", mpidr);
			/* It might still come up late: its record and stack are not used again. */
			if (c->stack)
				break;
			continue;
		}
		n++;
	}
	cpu_count = n;
	log_info("%u CPU%s running\n", n, n == 1 ? "" : "s");
}

void cpu_signal(struct cpu *c)
{
	gic_send_sgi(c, SGI_KICK);
}

void cpu_kick(struct cpu *c, u32 work)
{
	cpu_set_work(c, work);
	if (c != this_cpu())
		cpu_signal(c);
}
