// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCG plugin: what EL2 spends its instructions on. Everything between an entry
 * to the hypervisor and its ERET is a stay; the part of a stay between two
 * points at which a pending interrupt would be noticed is a stretch (such points
 * are, beside entry and ERET, reads of ISR_EL1 and of ICC_IAR1_EL1, and WFI).
 * EL2 of Hospes is masked throughout, so the longest stretch is the longest time
 * an interrupt can wait for it. Needs one thread for all CPUs.
 *
 * A path is the set of basic blocks run. Each is logged when it is first seen
 * with at least min= instructions, when it got a tenth longer, and at the end:
 *   stay|stretch LENGTH TIMES SUM block:instructions ...
 * Options: out=FILE, hyp=LO-HI (the hypervisor's code, hexadecimal),
 * stretches=1 (instead of stays), min=N, from=N (start at marker N).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qemu.h"

#define MAX_CPUS 16
#define TURN 2000      /* as in count.c */
#define MAX_BLOCKS 512 /* a path's further blocks are counted as one, address 0 */
#define NR_PATHS 65536

int qemu_plugin_version = 1;
int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

struct block {
	uint64_t vaddr, insns;
};

struct path {
	uint64_t key, longest, times, sum;
	unsigned int nr;
	struct block *block; /* of the longest */
};

static struct cpu {
	bool inside;
	bool left; /* by an ERET: a guest that cannot fetch comes back without a block of its own */
	uint64_t length;
	unsigned int nr;
	struct block block[MAX_BLOCKS + 1];
	struct block *current;
} cpus[MAX_CPUS];

static struct path paths[NR_PATHS];
static uint64_t insns, counted, turn_end, blocks_run;
static uint64_t hyp_low, hyp_high = 1ull << 63, shortest = 1;
static struct cpu *owner = &cpus[0]; /* whose instructions were executed since `counted` */
static bool want_stretches, recording = true;
static bool guests_run; /* the hypervisor's own boot is no stay */
static long first_marker = -1, last_marker = -1;
static FILE *out;

static bool is_guest(uint64_t vaddr)
{
	return vaddr < hyp_low || vaddr >= hyp_high;
}

static void settle(void)
{
	uint64_t n = insns - counted;

	counted = insns;
	if (!owner->inside)
		return;
	owner->length += n;
	if (owner->current)
		owner->current->insns += n;
}

static void print_path(const struct path *p)
{
	fprintf(out, "%s %lu %lu %lu", want_stretches ? "stretch" : "stay", p->longest, p->times,
		p->sum);
	for (unsigned int i = 0; i < p->nr; i++)
		fprintf(out, " %lx:%lu", p->block[i].vaddr, p->block[i].insns);
	fputc('\n', out);
	fflush(out); /* tests end QEMU by a signal */
}

static struct path *find_path(uint64_t key)
{
	unsigned int i = key % NR_PATHS;

	for (unsigned int tries = 0; tries < NR_PATHS; tries++, i = (i + 1) % NR_PATHS) {
		if (!paths[i].key)
			paths[i].key = key;
		if (paths[i].key == key)
			return &paths[i];
	}
	return NULL;
}

static void end_path(struct cpu *c)
{
	uint64_t key = 1;
	struct path *p;
	bool longer;

	if (!recording || !guests_run || c->length < shortest)
		return;
	for (unsigned int i = 0; i < c->nr; i++)
		key += (c->block[i].vaddr + 1) * 0x9e3779b97f4a7c15ull ^ c->block[i].vaddr << 32;
	p = find_path(key);
	if (!p)
		return;
	longer = c->length > p->longest + p->longest / 10;
	p->times++;
	p->sum += c->length;
	if (c->length <= p->longest)
		return;
	if (!p->block)
		p->block = malloc(sizeof(c->block));
	p->longest = c->length;
	p->nr = c->nr;
	memcpy(p->block, c->block, c->nr * sizeof(*c->block));
	if (longer)
		print_path(p);
}

static void begin_path(struct cpu *c)
{
	c->length = 0;
	c->nr = 0;
	c->current = NULL;
}

static void enter_block(struct cpu *c, uint64_t vaddr)
{
	unsigned int i = 0;

	while (i < c->nr && c->block[i].vaddr != vaddr)
		i++;
	if (i >= MAX_BLOCKS) {
		i = MAX_BLOCKS;
		vaddr = 0;
	}
	if (i >= c->nr) {
		c->block[i] = (struct block){ .vaddr = vaddr };
		c->nr = i + 1;
	}
	c->current = &c->block[i];
}

static void on_block(unsigned int cpu, void *userdata)
{
	uint64_t vaddr = (uint64_t)userdata;
	struct cpu *c = &cpus[cpu];
	bool guest = is_guest(vaddr);

	settle();
	owner = c;
	guests_run |= vaddr >> 63;
	if (c->inside && (guest || c->left))
		end_path(c);
	if (!guest && (!c->inside || c->left))
		begin_path(c);
	c->inside = !guest;
	c->left = false;
	if (!guest)
		enter_block(c, vaddr);
	if (++blocks_run >= turn_end) {
		turn_end = blocks_run + TURN / 5;
		cpu_exit(current_cpu);
	}
}

static void on_poll(unsigned int cpu, void *userdata)
{
	struct cpu *c = &cpus[cpu];
	struct block *here = c->current;

	settle();
	end_path(c);
	begin_path(c);
	if (here)
		enter_block(c, (uint64_t)userdata);
}

static void on_eret(unsigned int cpu, void *userdata)
{
	(void)userdata;
	cpus[cpu].left = true;
}

static void on_marker(unsigned int cpu, void *userdata)
{
	(void)cpu;
	if ((long)userdata == first_marker)
		recording = true;
	if ((long)userdata == last_marker)
		recording = false;
}

/* mrs x, isr_el1; mrs x, icc_iar1_el1; wfi */
static bool is_poll(uint32_t op)
{
	return (op & ~0x1fu) == 0xd538c100 || (op & ~0x1fu) == 0xd538cc00 || op == 0xd503207f;
}

static void instrument(struct qemu_plugin_insn *insn)
{
	uint64_t vaddr = qemu_plugin_insn_vaddr(insn);
	bool guest = is_guest(vaddr);
	uint32_t op;

	memcpy(&op, qemu_plugin_insn_data(insn), sizeof(op));
	if (!guest)
		qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &insns,
							   1);
	if (!guest && want_stretches && is_poll(op))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_poll, QEMU_PLUGIN_CB_NO_REGS,
						       (void *)vaddr);
	if (!guest && op == 0xd69f03e0)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_eret, QEMU_PLUGIN_CB_NO_REGS, NULL);
	if (guest && (op & 0xffe0001f) == 0xd280001f)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_marker, QEMU_PLUGIN_CB_NO_REGS,
						       (void *)(uintptr_t)(op >> 5 & 0xffff));
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
	for (unsigned int i = 0; i < NR_PATHS; i++)
		if (paths[i].block)
			print_path(&paths[i]);
	fclose(out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	const char *file = "paths.log";

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			file = argv[i] + 4;
		else if (!strncmp(argv[i], "hyp=", 4))
			sscanf(argv[i] + 4, "%lx-%lx", &hyp_low, &hyp_high);
		else if (!strncmp(argv[i], "min=", 4))
			shortest = strtoul(argv[i] + 4, NULL, 0);
		else if (!strncmp(argv[i], "from=", 5))
			first_marker = atoi(argv[i] + 5);
		else if (!strcmp(argv[i], "stretches=1"))
			want_stretches = true;
	}
	if (first_marker >= 0) {
		recording = false;
		last_marker = first_marker + 1;
	}
	out = fopen(file, "a"); /* a test may start several machines */
	if (!out)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_qemu, NULL);
	return 0;
}
