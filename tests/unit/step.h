/* SPDX-License-Identifier: GPL-2.0-only */
/* See step.c. The test's: code under test is about to touch n bytes at p (NULL: a barrier). */
#ifndef STEP_H
#define STEP_H
void step(const void *p, unsigned long n);
#endif
