/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timers' registers of a test whose `H` has cnthp_ctl, cnthp_cval, cntv_ctl and cntv_cval of
 * the running CPU. Included once, in the test itself.
 */
#ifndef FAKE_TIMER_REGS_H
#define FAKE_TIMER_REGS_H

u64 fake_cntfrq_el0(void)
{
	return 1000000000;
}
void fake_set_cnthp_ctl_el2(u64 v)
{
	H->cnthp_ctl = v;
}
void fake_set_cnthp_cval_el2(u64 v)
{
	H->cnthp_cval = v;
}
void fake_set_cnthctl_el2(u64 v)
{
}
void fake_set_cntv_ctl_el0(u64 v)
{
	H->cntv_ctl = v;
}
void fake_set_cntv_cval_el0(u64 v)
{
	H->cntv_cval = v;
}
u64 fake_cntv_cval_el0(void)
{
	return H->cntv_cval;
}
#endif
