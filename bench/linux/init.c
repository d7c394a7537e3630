// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first program of a stock kernel that is measured: runs the load that the
 * kernel's command line names (load=sleep+idle), each between two markers, and
 * powers off. Marker 2 * n begins load n, 2 * n + 1 ends it (linux.py).
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 1000
#define WARM_UP 20
/* A no-op everywhere that the counting plugin sees. */
#define MARK(n) asm volatile("movz xzr, #%0" ::"i"(n) : "memory")

static void fail(const char *what)
{
	printf("FAIL: %s\n", what);
	reboot(RB_POWER_OFF);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity");
}

/* A child on CPU 1 sends back each byte it gets. */
static void load_pipe(void)
{
	int to[2], from[2];
	char c = 0;

	if (pipe(to) || pipe(from))
		fail("pipe");
	if (!fork()) {
		pin(1);
		close(to[1]);
		while (read(to[0], &c, 1) == 1 && write(from[1], &c, 1) == 1)
			;
		_exit(0);
	}
	pin(0);
	for (int i = -WARM_UP; i < ROUNDS; i++) {
		if (!i)
			MARK(2);
		if (write(to[1], &c, 1) != 1 || read(from[0], &c, 1) != 1)
			fail("a round trip");
	}
	MARK(3);
	close(to[1]);
	wait(NULL);
}

static void load_sleep(void)
{
	struct timespec ms = { .tv_nsec = 1000000 };

	pin(0);
	for (int i = -WARM_UP; i < ROUNDS; i++) {
		if (!i)
			MARK(4);
		nanosleep(&ms, NULL);
	}
	MARK(5);
}

/* What the kernel puts off after its boot is through after some seconds. */
static void load_idle(void)
{
	sleep(30);
	MARK(6);
	sleep(10);
	MARK(7);
}

int main(void)
{
	const char *load = getenv("load");

	MARK(0);
	if (!load)
		load = "";
	if (strstr(load, "pipe"))
		load_pipe();
	if (strstr(load, "sleep"))
		load_sleep();
	if (strstr(load, "idle"))
		load_idle();
	printf("bench done\n");
	return reboot(RB_POWER_OFF);
}
