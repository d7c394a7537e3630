/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUs as fibers of one thread: fiber n runs until it gives way, or has made so many accesses to
 * memory; then the machine (fiber 0, the test) says who goes on. See step.c.
 */
#ifndef FAKE_STEP_H
#define FAKE_STEP_H

/* The machine: fiber n goes on for that many accesses; 0: as long as it likes. */
void step_run(unsigned n, unsigned accesses);
/* A fiber: back to the machine. cpu_relax() does that, too. */
void step_pause(void);
/* Code under test is about to touch n bytes at p (NULL: a barrier). */
void step(const void *p, unsigned long n);
/* The test's, if it wants to see them. */
void step_seen(const void *p, unsigned long n);
#endif
