// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small calls: vm_assist, and platform_op's wall clock. Owns the wall clock at the moment Hospes
 * started, as Dom0 told it last, under clock_lock; each domain's copy in its shared_info is written
 * under that lock with the version protocol (odd while it changes), and only with the control lock
 * held, so that no domain dies meanwhile.
 */
#include <hypercall/ops.h>
#include <lib/bitmap.h>
#include <xen/platform.h>
#include <xen/xen.h>

#define NS_PER_S 1000000000UL

static struct lock clock_lock = LOCK_INIT(RANK_DOMAIN);
static u64 boot_wall_s, boot_wall_ns; /* ns < NS_PER_S */
/* domains from this id on have not been told the last setting (control lock) */
static domid_t next_told;

/*
 * A guest's clock begins with it: its copy says when that was. (Xen rounds this to seconds, and
 * forgets it when a tool sets an offset.)
 */
void wallclock_update(struct domain *d)
{
	struct shared_info *s = d->shared_info;
	u64 start = d->privileged ? 0 : d->created_ns, sec, ns;

	lock(&clock_lock);
	ns = boot_wall_ns + start % NS_PER_S;
	sec = boot_wall_s + start / NS_PER_S + ns / NS_PER_S + (u64)READ_ONCE(d->time_offset_s);
	WRITE_ONCE(s->wc_version, s->wc_version | 1);
	smp_wmb();
	s->wc_sec = (u32)sec;
	s->wc_sec_hi = (u32)(sec >> 32);
	s->wc_nsec = (u32)(ns % NS_PER_S);
	smp_wmb();
	WRITE_ONCE(s->wc_version, (s->wc_version | 1) + 1);
	unlock(&clock_lock);
}

/* Control lock held. Goes on where it was cut short. */
static s64 tell_all(void)
{
	struct domain *d;

	for (domid_t start = next_told; (d = domain_get_next(next_told)); domain_put(d)) {
		if (d->state == DOM_ALIVE)
			wallclock_update(d);
		next_told = (domid_t)(d->id + 1);
		if (d->id != start && preempt_wanted()) {
			domain_put(d);
			return -ERESTART;
		}
	}
	next_told = 0;
	return 0;
}

/* It was secs.nsecs when the system time was system_time. */
static s64 settime(const struct xenpf_settime64 *t)
{
	u64 wall_ns = t->nsecs, wall_s, up_s = t->system_time / NS_PER_S,
	    up_ns = t->system_time % NS_PER_S;

	if (t->mbz)
		return -EINVAL;
	wall_s = t->secs + wall_ns / NS_PER_S - up_s;
	wall_ns %= NS_PER_S;
	if (wall_ns < up_ns) {
		wall_ns += NS_PER_S;
		wall_s--;
	}
	wall_ns -= up_ns;
	lock(&clock_lock);
	if (wall_s != boot_wall_s || wall_ns != boot_wall_ns)
		next_told = 0;
	boot_wall_s = wall_s;
	boot_wall_ns = wall_ns;
	unlock(&clock_lock);
	return tell_all();
}

/* a: struct xen_platform_op */
s64 hc_platform_op(struct vcpu *v, u64 *a)
{
	struct xen_platform_op op;
	s64 rc;

	if (copy_from_guest(&op, a[0], sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XENPF_INTERFACE_VERSION)
		return -EACCES;
	if (op.cmd != XENPF_settime64)
		return -ENOSYS;
	/* No domain dies meanwhile. */
	if (!try_lock(&control_lock)) {
		cpu_relax();
		return -ERESTART;
	}
	rc = settime(&op.u.settime64);
	unlock(&control_lock);
	return rc;
}

/* a: cmd, type. One assist there is: the guest is shown when its run times are being changed. */
s64 hc_vm_assist(struct vcpu *v, u64 *a)
{
	struct domain *d = v->domain;
	u32 cmd = (u32)a[0], type = (u32)a[1];
	bool on = cmd == VMASST_CMD_enable;

	if (type != VMASST_TYPE_runstate_update_flag)
		return -EINVAL;
	if (!on && cmd != VMASST_CMD_disable)
		return -ENOSYS;
	lock(&d->lock);
	d->vm_assist = on ? d->vm_assist | BIT(type) : d->vm_assist & ~BIT(type);
	d->runstate_update_flag = on;
	unlock(&d->lock);
	return 0;
}
