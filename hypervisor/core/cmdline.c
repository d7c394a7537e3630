// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command line: one table of names. Values are checked here once, so that nobody else has to.
 * docs/command-line.md has a line for each name (scripts/check-cmdline compares). An unknown name
 * costs a line in the log; a value that cannot be meant stops the boot.
 */
#include <core/cmdline.h>
#include <core/console.h>
#include <lib/string.h>

struct options opts = {
	.silo = true,
	.gnttab_max_frames = 64,
	.gnttab_max_maptrack_frames = 1024,
	.sched_slice_us = 10000,
	.ext_regions = true,
	.conswitch = 'a',
};
char cmdline_text[1024];

enum arg_type { ARG_FLAG, ARG_NUMBER, ARG_SIZE, ARG_TEXT, ARG_CUSTOM, ARG_ACCEPTED };

struct arg {
	const char *name;
	enum arg_type type;
	void *where;
	u64 from, to;			/* numbers and sizes: smallest and largest */
	bool (*parse)(const char *val); /* custom: false if val is not valid */
	const char *expects;		/* for the message */
};

/* Number with K, M, G or T, or none for `unit` bytes each. */
static bool __init parse_size(const char *s, const char **end, u64 unit, u64 *val)
{
	static const char suffix[] __initconst = "BKMGT";
	u64 n = strtoul(s, end, 0);
	char c;

	if (*end == s)
		return false;
	c = **end;
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	for (unsigned i = 0; c && suffix[i]; i++) {
		if (c == suffix[i]) {
			unit = 1UL << (10 * i);
			(*end)++;
			break;
		}
	}
	return !__builtin_mul_overflow(n, unit, val) && *val < BIT(48);
}

/* yes|on|true|enable|1 or no|off|false|disable|0, or no value at all. */
static bool __init parse_flag(const char *val, bool *out)
{
	static const char *const words[] __initconst = { "no",	"off", "false", "disable", "0",
							 "yes", "on",  "true",	"enable",  "1" };

	if (!val) {
		*out = true;
		return true;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(val, words[i])) {
			*out = i >= ARRAY_SIZE(words) / 2;
			return true;
		}
	}
	return false;
}

/* [min:<size>,][max:<size>,][<size>] in any order; a bare number counts KiB, as Xen's does. */
static bool __init parse_dom0_mem(const char *val)
{
	do {
		u64 *where = &opts.dom0_mem;

		if (!strncmp(val, "min:", 4))
			where = &opts.dom0_mem_min;
		else if (!strncmp(val, "max:", 4))
			where = &opts.dom0_mem_max;
		if (where != &opts.dom0_mem)
			val += 4;
		if (!parse_size(val, &val, 1024, where) || !*where)
			return false;
	} while (*val == ',' && *++val);
	return !*val && (!opts.dom0_mem_max || opts.dom0_mem_min <= opts.dom0_mem_max);
}

static bool __init parse_xsm(const char *val)
{
	opts.silo = !strcmp(val, "silo");
	if (!strcmp(val, "flask"))
		log_warn("xsm=flask: there are no policies; as xsm=dummy\n");
	return opts.silo || !strcmp(val, "dummy") || !strcmp(val, "flask");
}

static bool __init parse_sched(const char *val)
{
	if (!strcmp(val, "credit") || !strcmp(val, "null"))
		log_info("sched=%s: there is one scheduler, it does as credit2 (weights, caps, "
			 "affinity)\n",
			 val);
	return !strcmp(val, "credit2") || !strcmp(val, "credit") || !strcmp(val, "null");
}

static bool __init parse_console(const char *val)
{
	return !strcmp(val, "dtuart");
}

static bool __init parse_conswitch(const char *val)
{
	if ((*val < 'a' || *val > 'z') && *val != '`')
		return false;
	opts.conswitch = *val == '`' ? 0 : *val;
	opts.conswitch_stay = val[1] == 'x';
	return !val[opts.conswitch_stay ? 2 : 1];
}

/* Number of levels shown: none 0, error 1, warning 2, info 3, all 4. */
static bool __init parse_level(const char **s, unsigned *shown)
{
	static const char *const names[] __initconst = { "none", "error", "warning",
							 "info", "debug", "all" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		size_t n = strlen(names[i]);

		if (!strncmp(*s, names[i], n)) {
			*s += n;
			*shown = min(i, 4u);
			return true;
		}
	}
	return false;
}

/* <level>[/<level>]: always shown up to the first, shown within a budget up to the second. */
static bool __init parse_levels(const char *val, unsigned *always, unsigned *upto)
{
	if (!parse_level(&val, always))
		return false;
	*upto = *always;
	if (*val == '/' && (val++, !parse_level(&val, upto)))
		return false;
	*upto = max(*upto, *always);
	return !*val;
}

static bool __init parse_loglvl(const char *val)
{
	unsigned always;

	return parse_levels(val, &always, &log_shown);
}

static bool __init parse_guest_loglvl(const char *val)
{
	return parse_levels(val, &guest_log_always, &guest_log_shown);
}

#define SIZE_ARG(n, var, lo, hi) \
	{ \
		.name = n, .type = ARG_SIZE, .where = &(var), .from = lo, .to = hi, \
		.expects = "a size in bytes, K, M or G" \
	}
#define NUMBER_ARG(n, var, lo, hi) \
	{ \
		.name = n, .type = ARG_NUMBER, .where = &(var), .from = lo, .to = hi, \
		.expects = "a number from " #lo " to " #hi \
	}
#define FLAG_ARG(n, var) \
	{ \
		.name = n, .type = ARG_FLAG, .where = &(var), .expects = "nothing, yes or no" \
	}
#define CUSTOM_ARG(n, fn, ex) \
	{ \
		.name = n, .type = ARG_CUSTOM, .parse = fn, .expects = ex \
	}
#define ACCEPTED_ARG(n) \
	{ \
		.name = n, .type = ARG_ACCEPTED \
	}

static unsigned slice_ms __initbss;

static const struct arg args[] __initconst = {
	CUSTOM_ARG("console", parse_console, "dtuart"),
	FLAG_ARG("console_to_ring", opts.console_to_ring),
	SIZE_ARG("conring_size", opts.conring_size, 4096, 16777216),
	CUSTOM_ARG("conswitch", parse_conswitch,
		   "a letter, or ` for none; then x to keep the input here"),
	NUMBER_ARG("dom0_max_vcpus", opts.dom0_max_vcpus, 1, 128),
	CUSTOM_ARG("dom0_mem", parse_dom0_mem, "[min:<size>,][max:<size>,]<size> with K, M or G"),
	FLAG_ARG("dom0_vcpus_pin", opts.dom0_vcpus_pin),
	{ .name = "dtuart",
	  .type = ARG_TEXT,
	  .where = opts.dtuart,
	  .to = sizeof(opts.dtuart),
	  .expects = "a path or alias in the device tree" },
	FLAG_ARG("ext_regions", opts.ext_regions),
	NUMBER_ARG("gnttab_max_frames", opts.gnttab_max_frames, 1, 1024),
	NUMBER_ARG("gnttab_max_maptrack_frames", opts.gnttab_max_maptrack_frames, 1, 4096),
	CUSTOM_ARG("guest_loglvl", parse_guest_loglvl,
		   "<level>[/<level>]: none, error, warning, info or all"),
	CUSTOM_ARG("loglvl", parse_loglvl, "<level>[/<level>]: none, error, warning, info or all"),
	NUMBER_ARG("maxcpus", opts.maxcpus, 1, 4096),
	FLAG_ARG("noreboot", opts.noreboot),
	CUSTOM_ARG("sched", parse_sched, "credit2, credit or null"),
	NUMBER_ARG("sched_credit_tslice_ms", slice_ms, 1, 1000),
	CUSTOM_ARG("xsm", parse_xsm, "silo, dummy or flask"),
	/* Known to Xen, without effect here: what they choose is so already, or does not exist. */
	ACCEPTED_ARG("bootscrub"),
	ACCEPTED_ARG("console_timestamps"),
	ACCEPTED_ARG("flask"),
	ACCEPTED_ARG("gnttab"),
	ACCEPTED_ARG("hmp-unsafe"),
	ACCEPTED_ARG("iommu"),
	ACCEPTED_ARG("serial_tx_buffer"),
	ACCEPTED_ARG("sync_console"),
	ACCEPTED_ARG("vwfi"),
	ACCEPTED_ARG("watchdog"),
};

static bool __init take(const struct arg *a, const char *val)
{
	const char *end;
	u64 n;

	if (a->type == ARG_FLAG)
		return parse_flag(val, a->where);
	if (a->type == ARG_ACCEPTED) {
		log_info("command line: %s has no effect\n", a->name);
		return true;
	}
	if (!val || !*val)
		return false;
	switch (a->type) {
	case ARG_NUMBER:
		n = strtoul(val, &end, 0);
		if (end == val || *end || n < a->from || n > a->to)
			return false;
		*(unsigned *)a->where = (unsigned)n;
		return true;
	case ARG_SIZE:
		if (!parse_size(val, &end, 1, &n) || *end || n < a->from || n > a->to)
			return false;
		*(u64 *)a->where = n;
		return true;
	case ARG_TEXT:
		if (strlen(val) >= a->to)
			return false;
		strscpy(a->where, val, a->to);
		return true;
	default: return a->parse(val);
	}
}

static const struct arg *__init find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(args); i++)
		if (!strcmp(args[i].name, name))
			return &args[i];
	return NULL;
}

/* One word: name, name=value, no-name. NULL or the text to stop with. */
static const char *__init take_word(char *word)
{
	static char error[256] __initbss;
	char *sign = strchr(word, '=');
	const char *val = sign ? sign + 1 : NULL;
	const struct arg *a;

	if (sign)
		*sign = '\0';
	a = find(word);
	if (!a && !strncmp(word, "no-", 3)) {
		a = find(word + 3);
		if (a && (a->type != ARG_FLAG || val))
			a = NULL;
		else
			val = "no";
	}
	if (!a) {
		log_warn("command line: %s is not known\n", word);
		return NULL;
	}
	if (take(a, val))
		return NULL;
	snprintf(error, sizeof(error), "command line: %s%s%s: expected %s", word, val ? "=" : "",
		 val ? val : "", a->expects);
	return error;
}

const char *__init cmdline_parse(const char *line)
{
	char word[128];
	const char *first = NULL;

	strscpy(cmdline_text, line, sizeof(cmdline_text));
	while (*line) {
		size_t n = 0;

		while (*line && (*line == ' ' || *line == '\t' || *line == '\n'))
			line++;
		while (line[n] && line[n] != ' ' && line[n] != '\t' && line[n] != '\n')
			n++;
		if (!n)
			break;
		strscpy(word, line, min(n + 1, sizeof(word)));
		line += n;
		if (n >= sizeof(word))
			log_warn("command line: %s... is too long\n", word);
		else if (!first)
			first = take_word(word);
	}
	if (slice_ms)
		opts.sched_slice_us = slice_ms * 1000UL;
	return first;
}
