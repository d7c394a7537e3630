// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCG plugin: counts executed instructions in two classes, the guest's (upper
 * half of the address space, where payloads live) and all else (the hypervisor;
 * EL2 has no upper half). With user programs in the lower half, too, hyp= gives
 * the hypervisor's code and all else is the guest. A guest logs a sample of the
 * counters by `movz xzr, #n`, which does nothing anywhere. Meant for -icount:
 * one thread runs all CPUs, so plain globals are exact.
 * Options: out=FILE, hyp=LO-HI (addresses, hexadecimal; up to four), lines=1 (also count
 * 64-byte lines touched outside the guest), stop=1 (end QEMU at the second Image
 * entry, i.e. Dom0's first instruction), trace=N (list the hypervisor's basic
 * blocks after marker N).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "qemu.h"

#define MAX_CPUS 16
#define TURN 2000	       /* instructions before another CPU gets its turn */
#define IMAGE_ENTRY 0xfa405a4d /* "MZ" of an arm64 Linux Image: ccmp x18, #0, #0xd, pl */
#define MAX_LINES 1024	       /* beyond that a sample's lines are of no interest */

int qemu_plugin_version = 1;
int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

static uint64_t guest_insns, hyp_insns, exits;
static struct {
	uint64_t low, high;
} hyp_code[4] = { { 0, 1ull << 63 } };
static unsigned int nr_ranges; /* given by hyp= */
static uint64_t stretch_start[MAX_CPUS], longest, longest_from;
static bool in_guest[MAX_CPUS];
static uint64_t entry_from[MAX_CPUS];
static uint64_t turn_end;
static bool want_lines, want_stop;
static int trace_at = -1;
static bool tracing, sampling; /* sampling: after an even marker, before an odd one */
static FILE *out;

/* Lines touched outside the guest since the last marker: code, then data. */
static uint64_t lines[2][MAX_LINES];
static unsigned int nr_lines[2];

static void touch(int kind, uint64_t addr)
{
	uint64_t line = addr >> 6;

	if (!sampling || nr_lines[kind] == MAX_LINES)
		return;
	for (unsigned int i = 0; i < nr_lines[kind]; i++)
		if (lines[kind][i] == line)
			return;
	lines[kind][nr_lines[kind]++] = line;
}

static bool is_guest(uint64_t vaddr)
{
	for (unsigned int i = 0; i < 4; i++)
		if (vaddr >= hyp_code[i].low && vaddr < hyp_code[i].high)
			return false;
	return true;
}

static void add_range(const char *text)
{
	if (nr_ranges < 4 &&
	    sscanf(text, "%lx-%lx", &hyp_code[nr_ranges].low, &hyp_code[nr_ranges].high) == 2)
		nr_ranges++;
}

static void finish(void)
{
	fprintf(out, "total %lu %lu %lu longest %lu at %lx\n", hyp_insns, guest_insns, exits,
		longest, longest_from);
	fclose(out);
}

static void on_marker(unsigned int cpu, void *userdata)
{
	unsigned int n = (unsigned int)(uintptr_t)userdata;

	fprintf(out, "%u %u %lu %lu %lu", cpu, n, hyp_insns, guest_insns, exits);
	if (want_lines)
		fprintf(out, " %u %u", nr_lines[0], nr_lines[1]);
	fputc('\n', out);
	nr_lines[0] = nr_lines[1] = 0;
	sampling = !(n & 1);
	tracing = (int)n == trace_at;
	if (tracing)
		trace_at = -1;
}

static void on_image(unsigned int cpu, void *userdata)
{
	fprintf(out, "image %u %lu %lu\n", cpu, hyp_insns, guest_insns);
	if (want_stop && hyp_insns > 1000) {
		finish();
		_exit(0);
	}
	(void)userdata;
}

static void on_block(unsigned int cpu, void *userdata)
{
	uint64_t vaddr = (uint64_t)userdata;
	bool guest = is_guest(vaddr);

	if (in_guest[cpu] && !guest) {
		exits++;
		stretch_start[cpu] = hyp_insns;
		entry_from[cpu] = guest_insns;
	} else if (!in_guest[cpu] && guest && stretch_start[cpu] &&
		   hyp_insns - stretch_start[cpu] > longest) {
		longest = hyp_insns - stretch_start[cpu];
		longest_from = entry_from[cpu];
	}
	in_guest[cpu] = guest;
	if (tracing && !guest)
		fprintf(out, "trace %u %lx %lu\n", cpu, vaddr, hyp_insns);
	if (guest_insns + hyp_insns >= turn_end) {
		turn_end = guest_insns + hyp_insns + TURN;
		cpu_exit(current_cpu);
	}
}

static void on_code(unsigned int cpu, void *userdata)
{
	(void)cpu;
	touch(0, (uint64_t)userdata);
}

static void on_data(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *userdata)
{
	(void)cpu;
	(void)info;
	(void)userdata;
	touch(1, vaddr);
}

static void instrument(struct qemu_plugin_insn *insn)
{
	uint64_t vaddr = qemu_plugin_insn_vaddr(insn);
	bool guest = is_guest(vaddr);
	uint32_t op;

	memcpy(&op, qemu_plugin_insn_data(insn), sizeof(op));
	qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
						   guest ? &guest_insns : &hyp_insns, 1);
	if (guest && (op & 0xffe0001f) == 0xd280001f)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_marker, QEMU_PLUGIN_CB_NO_REGS,
						       (void *)(uintptr_t)(op >> 5 & 0xffff));
	if (op == IMAGE_ENTRY)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_image, QEMU_PLUGIN_CB_NO_REGS,
						       NULL);
	if (!want_lines || guest)
		return;
	qemu_plugin_register_vcpu_insn_exec_cb(insn, on_code, QEMU_PLUGIN_CB_NO_REGS,
					       (void *)vaddr);
	qemu_plugin_register_vcpu_mem_cb(insn, on_data, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
					 NULL);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS,
					     (void *)qemu_plugin_tb_vaddr(tb));
	for (size_t i = 0; i < n; i++)
		instrument(qemu_plugin_tb_get_insn(tb, i));
}

static void on_exit_qemu(qemu_plugin_id_t id, void *userdata)
{
	(void)id;
	(void)userdata;
	finish();
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	const char *file = "count.log";

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			file = argv[i] + 4;
		else if (!strncmp(argv[i], "hyp=", 4))
			add_range(argv[i] + 4);
		else if (!strncmp(argv[i], "trace=", 6))
			trace_at = atoi(argv[i] + 6);
		else if (!strcmp(argv[i], "lines=1"))
			want_lines = true;
		else if (!strcmp(argv[i], "stop=1"))
			want_stop = true;
	}
	out = fopen(file, "w");
	if (!out)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_qemu, NULL);
	return 0;
}
