// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_config.c - host tests of the xl.cfg grammar, of every key, of disk, vif and CPU
 * descriptions, and of the JSON that is printed and stored.
 *
 * Prints "PASS name" or "FAIL name: where".  The argument is the example of xl.cfg(5). `test_config
 * --seeds DIR` writes its inputs as a start
 * for the fuzzer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"
#include "xl/cfg.h"
#include "xl/config.h"
#include "xl/json.h"

#define BASE "name = \"g\"\nkernel = \"/k\"\n"

static struct err e;
static const char *seed_dir, *example;
static int seeds;

static void seed(const char *text)
{
	char path[512];
	FILE *f;

	if (!seed_dir)
		return;
	snprintf(path, sizeof(path), "%s/cfg-%d", seed_dir, seeds++);
	f = fopen(path, "w");
	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

static int parse(struct config *c, const char *text, char *warn, size_t size)
{
	FILE *f = warn ? fmemopen(warn, size, "w") : NULL;
	int rc;

	seed(text);
	rc = config_parse(c, "t.cfg", text, strlen(text), NULL, 0, f, &e);
	if (f)
		fclose(f);
	return rc;
}

/* The text is refused with exactly this sentence. */
static int refused(const char *text, const char *sentence)
{
	struct config c;
	int rc = parse(&c, text, NULL, 0);

	config_free(&c);
	if (!rc || strcmp(e.msg, sentence)) {
		printf("# %s -> %d \"%s\"\n", text, rc, rc ? e.msg : "");
		return 0;
	}
	return 1;
}

static void test_grammar(void)
{
	struct cfg cfg = { .name = "t" };
	const struct cfg_node *s;
	const char *text = "# comment\n a='x y' ; b = 0x10\nlist = [ 'p', \"q\", [ 1, 2 ],\n # in "
			   "it\n ]\nc=''";

	seed(text);
	CHECK(!cfg_parse(&cfg, text, strlen(text), false, &e));
	s = cfg.settings.first; /* a */
	CHECK(!strcmp(s->first->text, "x y") && s->line == 2 && s->col == 2);
	s = s->next; /* b */
	CHECK(!strcmp(s->first->text, "0x10"));
	s = s->next; /* list */
	CHECK(!s->first->text && !strcmp(s->first->first->next->text, "q"));
	CHECK(!s->first->last->text && !strcmp(s->first->last->last->text, "2"));
	s = s->next; /* c */
	CHECK(!*s->first->text && s->line == 6 && !s->next);
	cfg_free(&cfg);
	text = "a = 'x'\na = 'y'\nl = ['1']\nl += ['2', '3']\na += 'z'\n";
	CHECK(!cfg_parse(&cfg, text, strlen(text), false, &e));
	s = cfg.settings.first;
	CHECK(!strcmp(s->first->text, "yz") && !s->next->next);
	CHECK(!strcmp(s->next->first->first->next->next->text, "3"));
	cfg_free(&cfg);
	text = "a = \"x\\\"\\\\y\\x41\\101\\n\"";
	CHECK(!cfg_parse(&cfg, text, strlen(text), false, &e) &&
	      !strcmp(cfg.settings.first->first->text, "x\"\\yAA\n"));
	cfg_free(&cfg);
	CHECK(!cfg_parse(&cfg, "", 0, false, &e) && !cfg.settings.first);
	/* command line: no quotes */
	CHECK(!cfg_parse(&cfg, "extra=console=hvc0 quiet", 24, true, &e));
	CHECK(!strcmp(cfg.settings.first->first->text, "console=hvc0 quiet"));
	CHECK(!cfg_parse(&cfg, "disk=file:/a,xvda,w", 19, true, &e));
	CHECK(!strcmp(cfg.settings.last->first->text, "file:/a,xvda,w"));
	CHECK(!cfg_parse(&cfg, "extra=;l=[ a b, 'c' ]", 21, true, &e));
	CHECK(!*cfg.settings.first->first->text &&
	      !strcmp(cfg.settings.last->first->first->text, "a b"));
	cfg_free(&cfg);
}

static void test_grammar_errors(void)
{
	CHECK(refused("name = \"g\"\nkernel = foo",
		      "t.cfg:2:10: config parsing error near `foo': expecting a "
		      "string in quotes, a number or `['"));
	CHECK(refused(
		"a = 'x",
		"t.cfg:1:5: config parsing error near `'x': the string is not closed on its line"));
	CHECK(refused("a = 'x\\q'", "t.cfg:1:5: config parsing error near `'x\\q'': no such "
				    "escape: \\n, \\t, \\x and two "
				    "digits, or \\\\"));
	CHECK(refused("a = '\\x4'", "t.cfg:1:5: config parsing error near `'\\x4'': no such "
				    "escape: \\n, \\t, \\x and two "
				    "digits, or \\\\"));
	CHECK(refused("a = 'x\\'", "t.cfg:1:5: config parsing error near `'x\\'': the string is "
				   "not closed on its line"));
	CHECK(refused("a = [ 1, 2",
		      "t.cfg:1:11: config parsing error near `': expecting `,' or `]'"));
	CHECK(refused("a = [ 1 2 ]",
		      "t.cfg:1:9: config parsing error near `2 ]': expecting `,' or `]'"));
	CHECK(refused("a 1", "t.cfg:1:3: config parsing error near `1': expecting `='"));
	CHECK(refused(
		"\n\n  = 1",
		"t.cfg:3:3: config parsing error near `= 1': expecting the name of a setting"));
	CHECK(refused(
		"a = 1 b = 2",
		"t.cfg:1:7: config parsing error near `b = 2': expecting the end of the line"));
	CHECK(refused("a = [[[[[1]]]]]",
		      "t.cfg:1:9: config parsing error near `[1]]]]]': lists nested too deeply"));
	CHECK(refused(
		"a = 1\na += [1]",
		"t.cfg:2:6: config parsing error near `[1]': `+=' joins two lists or two strings"));
}

static void test_limits(void)
{
	char *big = malloc(CFG_MAX_BYTES + 2);
	struct config c;
	int i, n;

	memset(big, '\n', CFG_MAX_BYTES + 1);
	CHECK(config_parse(&c, "t", big, CFG_MAX_BYTES + 1, NULL, 0, NULL, &e) == -EINVAL);
	config_free(&c);
	n = sprintf(big, "disk = [");
	for (i = 0; i < CFG_MAX_NODES; i++)
		n += sprintf(big + n, "1,");
	sprintf(big + n, "]");
	CHECK(parse(&c, big, NULL, 0) == -EINVAL && strstr(e.msg, "too many values"));
	config_free(&c);
	memset(big + 6, '[', CFG_MAX_BYTES - 6);
	CHECK(config_parse(&c, "t", big, CFG_MAX_BYTES, NULL, 0, NULL, &e) == -EINVAL &&
	      strstr(e.msg, "nested too deeply"));
	config_free(&c);
	free(big);
}

static void test_keys(void)
{
	struct config c;
	const char *all =
		"name='g-1'\nuuid='01234567-89ab-cdef-0123-456789abcdef'\nkernel='/k'\nramdisk='/"
		"r'\n"
		"memory=256\nmaxmem='512'\nvcpus=2\nmaxvcpus=4\ncpus='0-1'\ncpus_soft=['0',1]\ncpu_"
		"weight=512\n"
		"cap=50\nroot='/dev/"
		"xvda'\nextra='console=hvc0'\non_poweroff='preserve'\non_reboot='destroy'\n"
		"on_crash='coredump-restart'\non_watchdog='rename-restart'\ngic_version='v3'"
		"\nvuart='sbsa_uart'\n"
		"iomem=['fe000,1','ff000,2@10']\nirqs=[112,33]\ndtdev=['/soc/uart']\ndevice_tree='/"
		"d'\npool='Pool-0'\n"
		"tee='none'\ntype='pvh'\nmax_grant_frames=32\nmax_maptrack_frames=64\nmax_event_"
		"channels=255\n"
		"disk=['phy:/dev/x,xvda,w','/"
		"i.raw,raw,xvdb,r']\nvif=['','mac=00:16:3e:01:02:03,bridge=b']\n";

	CHECK(!parse(&c, all, NULL, 0));
	CHECK(!strcmp(c.name, "g-1") && c.uuid_set && c.uuid[0] == 1 && c.uuid[15] == 0xef);
	CHECK(c.memory == 256 && c.maxmem == 512 && c.vcpus == 2 && c.maxvcpus == 4);
	CHECK(c.nr_hard == 1 && c.hard[0].bits[0] == 3 && c.nr_soft == 2 && c.soft[1].bits[0] == 2);
	CHECK(c.cpu_weight == 512 && c.cap == 50 &&
	      !strcmp(c.cmdline, "root=/dev/xvda console=hvc0"));
	CHECK(c.on_poweroff == ACTION_PRESERVE && c.on_reboot == ACTION_DESTROY);
	CHECK(c.on_crash == ACTION_COREDUMP_RESTART && c.on_watchdog == ACTION_RENAME_RESTART);
	CHECK(c.nr_iomem == 2 && c.iomem[0].gfn == 0xfe000 && c.iomem[1].gfn == 0x10 &&
	      c.iomem[1].nr == 2);
	CHECK(!strcmp(c.vuart, "sbsa_uart"));
	CHECK(c.nr_irqs == 2 && c.irqs[0] == 112 && c.nr_dtdev == 1 &&
	      !strcmp(c.gic_version, "v3"));
	CHECK(c.nr_devs == 4 && config_dev(&c, DEV_NIC, 1)->mac[5] == 3);
	CHECK(c.max_grant_frames == 32 && c.max_maptrack_frames == 64 &&
	      c.max_event_channels == 255);
	config_free(&c);
	CHECK(!parse(&c, BASE, NULL, 0)); /* what is not said */
	CHECK(c.memory == 128 && c.maxmem == 128 && c.vcpus == 1 && c.maxvcpus == 1 && !c.cmdline);
	CHECK(c.on_poweroff == ACTION_DESTROY && c.on_reboot == ACTION_RESTART &&
	      c.on_crash == ACTION_DESTROY && !c.vuart);
	config_free(&c);
}

static void test_key_errors(void)
{
	/* A name is also that of files. */
	static const char *const bad_names[] = { "a/b", "a b", "a\\nb", "\\x01", ".", "..", ".a" };
	char text[64];

	CHECK(refused(BASE "memroy = 1",
		      "t.cfg:3:1: unknown setting `memroy', did you mean `memory'?"));
	CHECK(refused(BASE " vcpu = 1",
		      "t.cfg:3:2: unknown setting `vcpu', did you mean `vcpus'?"));
	CHECK(refused(BASE "zzzzzzzzz = 1", "t.cfg:3:1: unknown setting `zzzzzzzzz'"));
	CHECK(refused(BASE "x1 = 1", "t.cfg:3:1: unknown setting `x1'"));
	CHECK(refused(BASE "pci = ['01:00.0']",
		      "t.cfg:3:1: `pci' is not supported: the hypervisor has no PCI pass-through"));
	CHECK(refused(BASE "vuart = 'pl011'", "t.cfg:3:9: expecting one of sbsa_uart"));
	CHECK(refused(BASE "vuart = ['sbsa_uart']", "t.cfg:3:9: expecting one of sbsa_uart"));
	CHECK(refused(BASE "vuart = 'sbsa_uart'\nirqs = [33, 32]\n",
		      "t.cfg: interrupt 32 of irqs= is that of vuart="));
	CHECK(refused(BASE "memory = 1x", "t.cfg:3:10: not a valid number"));
	CHECK(refused(BASE "memory = 99999999999999999999", "t.cfg:3:10: not a valid number"));
	CHECK(refused(BASE "memory = 0", "t.cfg:3:10: expecting a number from 1 to 1048576"));
	CHECK(refused(BASE "memory = [1]", "t.cfg:3:10: expecting a number"));
	CHECK(refused(BASE "vcpus = 129", "t.cfg:3:9: expecting a number from 1 to 128"));
	CHECK(refused(BASE "vcpus = 3\nmaxvcpus = 2", "t.cfg: xl: vcpus > maxvcpus: 3 > 2"));
	CHECK(refused(BASE "memory=3\nmaxmem=2", "t.cfg: memory (3) is more than maxmem (2)"));
	CHECK(refused("kernel='/k'", "t.cfg: Domain name must be specified."));
	CHECK(refused("name='g'", "t.cfg: no kernel= given"));
	CHECK(refused(BASE "irqs=[31]",
		      "t.cfg:3:7: interrupts below 32 belong to a CPU and cannot be given away"));
	CHECK(refused(BASE "disk=['/a,raw,xvda,w','/b,raw,xvda,r']",
		      "t.cfg:3:23: a second disk with the same vdev"));
	CHECK(refused(BASE "disk=['/a,qcow2,xvda,w']",
		      "t.cfg:3:7: disk: format `qcow2' needs a QEMU back-end, which "
		      "this toolstack does not run; convert the image to raw"));
	CHECK(refused(BASE "vif=['devid=1','devid=1']",
		      "t.cfg:3:16: a second interface of the same devid"));
	CHECK(refused(BASE "type='hvm'", "t.cfg:3:6: expecting one of pvh pv generic linux"));
	CHECK(refused(BASE "gic_version='v2 v3'", "t.cfg:3:13: expecting one of default v2 v3"));
	CHECK(refused(BASE "uuid='0123'",
		      "t.cfg:3:6: expecting a UUID like 01234567-89ab-cdef-0123-456789abcdef"));
	CHECK(refused("name='17'\nkernel='/k'",
		      "t.cfg:1:6: a name has 1 to 64 characters and is not a number"));
	for (unsigned int i = 0; i < sizeof(bad_names) / sizeof(*bad_names); i++) {
		snprintf(text, sizeof(text), "name='%s'\nkernel='/k'", bad_names[i]);
		CHECK(refused(text, "t.cfg:1:6: a name consists of letters, digits and - _ . : + "
				    "and begins with no dot"));
	}
	CHECK(refused(BASE "iomem=['fe000']",
		      "t.cfg:3:8: expecting START,PAGES[@GFN] in hexadecimal"));
	CHECK(refused(BASE "on_crash='explode'",
		      "t.cfg:3:10: expecting destroy, restart, rename-restart, preserve, "
		      "coredump-destroy or coredump-restart"));
}

static void test_warnings(void)
{
	char warn[256] = "";
	struct config c;

	CHECK(!parse(&c, BASE "vnc = 1\n", warn, sizeof(warn)));
	CHECK(!strcmp(warn,
		      "t.cfg:3:1: warning: `vnc' is ignored: means nothing for a guest on ARM\n"));
	config_free(&c);
	memset(warn, 0, sizeof(warn));
	CHECK(!parse(&c, BASE "cmdline='a'\nextra='b'\n", warn, sizeof(warn)) &&
	      !strcmp(c.cmdline, "a"));
	CHECK(!strcmp(warn, "t.cfg: warning: ignoring root= and extra= in favour of cmdline=\n"));
	config_free(&c);
}

/*
 * Switched off, a setting asks for what every guest has; switched on, it is refused or named in a
 * warning.
 */
static void test_switched_off(void)
{
	static const char off[] = BASE
		"acpi=0\nvnc=0\nlocaltime=0\npci=[]\nvfb=[]\nbootloader=''\nvpmu=0\n"
		"driver_domain=0\nsdl='0'\nnestedhvm=0\ntee='none'\npassthrough='disabled'\nvuart='"
		"disabled'\n"
		"usbdev=[]\nseclabel=''\nperiod=0\nhpet=\"off\"\n";
	static const char stock[] = BASE
		"builder='generic'\ntype='pvh'\ndevice_model_version='qemu-xen'\nhap=1\n"
		"xen_platform_pci=1\nboot='c'\nserial='pty'\non_soft_reset='soft-reset'\nlatency="
		"5\n";
	char warn[2048] = "";
	struct config c;

	CHECK(!parse(&c, off, warn, sizeof(warn)) && !*warn);
	config_free(&c);
	CHECK(!parse(&c, stock, warn, sizeof(warn)));
	CHECK(strstr(warn, "t.cfg:5:1: warning: `device_model_version' is ignored: means nothing "
			   "for a guest on ARM\n"));
	CHECK(strstr(warn, "`hap'") && strstr(warn, "`xen_platform_pci'") &&
	      strstr(warn, "`boot'"));
	CHECK(strstr(warn, "`serial'") && strstr(warn, "`on_soft_reset'"));
	CHECK(strstr(warn, "t.cfg:11:1: warning: `latency' is ignored: belongs to another "
			   "scheduler than credit2\n"));
	CHECK(!strstr(warn, "`builder'") && !strstr(warn, "`type'"));
	config_free(&c);
	CHECK(refused(BASE "acpi = 1",
		      "t.cfg:3:1: `acpi' is not supported: guests are described by a device tree"));
	CHECK(refused(BASE "vfb = ['sdl=1']",
		      "t.cfg:3:1: `vfb' is not supported: this toolstack offers block and network "
		      "devices"));
	CHECK(refused(BASE "vpmu = 1",
		      "t.cfg:3:1: `vpmu' is not supported: not offered by the hypervisor"));
}

static void test_overrides(void)
{
	char *args[] = { "memory=64", "extra=console=hvc0 a=b", "name=\"other\"" };
	struct config c;

	CHECK(!config_parse(&c, "t", BASE, strlen(BASE), args, 3, NULL, &e));
	CHECK(c.memory == 64 && !strcmp(c.cmdline, "console=hvc0 a=b") && !strcmp(c.name, "other"));
	config_free(&c);
	args[0] = "ramdisk="; /* takes the file's away */
	CHECK(!config_parse(&c, "t", BASE "ramdisk='/r'", sizeof(BASE "ramdisk='/r'") - 1, args, 1,
			    NULL, &e) &&
	      !c.ramdisk);
	config_free(&c);
	args[0] = "memory=1x";
	CHECK(config_parse(&c, "t", BASE, strlen(BASE), args, 1, NULL, &e) == -EINVAL);
	CHECK(!strcmp(e.msg, "command line: memory: not a valid number"));
	config_free(&c);
	args[0] = "memroy=64";
	CHECK(config_parse(&c, "t", BASE, strlen(BASE), args, 1, NULL, &e) == -EINVAL);
	CHECK(!strcmp(e.msg, "command line: unknown setting `memroy', did you mean `memory'?"));
	config_free(&c);
}

static void test_disks(void)
{
	static const struct {
		const char *spec, *target;
		int devid;
		bool w;
	} good[] = {
		{ "phy:/dev/vg/a,xvda,w", "/dev/vg/a", 51712, true },
		{ "file:/x.img,hda1,r", "/x.img", 769, false },
		{ "/x.img,raw,xvdb,rw", "/x.img", 51728, true },
		{ "/x.img,,xvda2,r", "/x.img", 51714, false },
		{ "/x.img,,xvda,", "/x.img", 51712, true },
		{ "tap:aio:/x.img,xvda,w", "/x.img", 51712, true },
		{ "raw:/x.img,xvda,r", "/x.img", 51712, false },
		{ "/x.img,raw,xvda,w,specification=xen", "/x.img", 51712, true },
		{ "/x.img,raw,xvdaa", "/x.img", 1 << 28 | 26 << 8, true },
		{ "vdev=sda, access=ro, target=/a,b=c", "/a,b=c", 2048, false },
		{ "/a=b.img,raw,d2p3,w", "/a=b.img", 51747, true },
		{ "format=raw,vdev=xvdc,target=/dev/sr0", "/dev/sr0", 51744, true },
	};
	static const char *const bad[] = {
		"",
		"/x",
		"/x,raw",
		"/x,raw,foo,w",
		"/x,raw,xvda,maybe",
		"/x,raw,xvda,w,extra",
		"tap:qcow2:/x,xvda,w",
		"/x,raw:raw,xvda,w",
		"/x,raw,xvda,w,colour=red",
		"phy:/x,raw,xvda,w",
		",raw,xvda,w",
		"/x,raw,xvda1000,w",
		"/x,raw,xvd,w",
		"/x,raw,hdz,w",
		"vdev=xvda",
		"/x,raw,xvda:floppy,w",
		"/x,raw,xvdaaaaaaaaaaaaa,w",
	};
	struct dev d;
	unsigned int i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		CHECK(!dev_parse(&d, DEV_DISK, good[i].spec, &e));
		CHECK(!strcmp(d.target, good[i].target) && d.devid == good[i].devid &&
		      d.writable == good[i].w);
		dev_free(&d);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (dev_parse(&d, DEV_DISK, bad[i], &e) != -EINVAL) {
			printf("# accepted `%s'\n", bad[i]);
			CHECK(!"a bad disk was accepted");
			dev_free(&d);
		}
	CHECK(!dev_parse(&d, DEV_DISK, "/c.iso,raw,xvdc:cdrom,r", &e) && d.cdrom && !d.writable);
	dev_free(&d);
	CHECK(!dev_parse(&d, DEV_DISK, "devtype=cdrom,vdev=xvdc", &e) &&
	      !d.target); /* an empty drive */
	dev_free(&d);
	CHECK(disk_devid("51712") == 51712 && disk_devid("xvdz") == (1 << 28 | 25 << 8) &&
	      disk_devid("eth0") == -EINVAL);
}

static void test_nics(void)
{
	static const char *const bad[] = {
		"mac=00:16:3e:00:00",
		"mac=01:00:5e:00:00:01",
		"mac=00:16:3e:00:00:0g",
		"bridge",
		"speed=1",
		"rate=fast",
		"rate=1Mb/h",
		"rate=10Mb/s@0ms",
		"type=ioemu",
		"mtu=100000",
		"rate=0Mb/s",
		"rate=1000000000GB/s@4294967295us",
	};
	struct dev n;
	unsigned int i;

	CHECK(!dev_parse(&n, DEV_NIC, "", &e) && n.devid == -1 && !n.mac_set);
	dev_free(&n);
	CHECK(!dev_parse(&n, DEV_NIC,
			 "mac=00:16:3e:aa:bb:cc, bridge=br0, ip=10.0.0.2, vifname=v0, mtu=1400, "
			 "rate=10Mb/s@20ms,"
			 "type=vif,model=e1000",
			 &e));
	CHECK(n.mac[3] == 0xaa && !strcmp(n.bridge, "br0") && !strcmp(n.vifname, "v0") &&
	      n.mtu == 1400);
	CHECK(n.rate_bytes == 25000 && n.rate_us == 20000);
	dev_free(&n);
	CHECK(!dev_parse(&n, DEV_NIC, "rate=1GB/s", &e) && n.rate_bytes == 50000000 &&
	      n.rate_us == 50000);
	dev_free(&n);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (dev_parse(&n, DEV_NIC, bad[i], &e) != -EINVAL) {
			printf("# accepted `%s'\n", bad[i]);
			CHECK(!"a bad interface was accepted");
			dev_free(&n);
		}
}

static int mask_is(const char *text, const char *printed)
{
	struct cpumask m;
	char out[256] = "";
	FILE *f = fmemopen(out, sizeof(out), "w");

	if (cpumask_parse(&m, text, &e)) {
		fclose(f);
		return 0;
	}
	cpumask_print(f, &m, 8);
	fclose(f);
	return !strcmp(out, printed);
}

static void test_cpumask(void)
{
	static const char *const bad[] = { "",	 "x",  "3-1", "256", "0-256", "1,",
					   ",1", "1-", "0 1", "-1",  "^" };
	struct cpumask m;
	unsigned int i;

	CHECK(mask_is("all", "all") && mask_is("0-7", "all") && mask_is("node:0", "all"));
	CHECK(mask_is("0-3,^2,5", "0-1,3,5") && mask_is("all,^0", "1-7") &&
	      mask_is(" 7 , 6", "6-7"));
	CHECK(mask_is("0,^0", "none"));
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(cpumask_parse(&m, bad[i], &e) == -EINVAL);
}

static void test_json(void)
{
	static const char head[] = "{\n    \"c_info\": {\n        \"type\": \"pvh\",\n";
	char out[4096] = "";
	FILE *f = fmemopen(out, sizeof(out), "w");
	struct config c;
	int depth = 0;
	bool str = false;
	char *p;

	CHECK(!parse(&c, BASE "memory=192\nextra='a\\\\b\"c'\n", NULL, 0));
	json_print(f, config_json(&c, false));
	fclose(f);
	config_free(&c);
	CHECK(!strncmp(out, head, sizeof(head) - 1));
	CHECK(strstr(out, "\"cmdline\": \"a\\\\b\\\"c\"") && strstr(out, "\"max_memkb\": 196608,"));
	CHECK(strstr(out, "\"avail_vcpus\": [\n            0\n        ],\n"));
	for (p = out; *p; p++) { /* brackets balance outside strings */
		if (*p == '\\')
			p++;
		else if (*p == '"')
			str = !str;
		else if (!str)
			depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
	}
	CHECK(!depth && !str);
}

/* `xl create -n' shows what was understood, by the names and values of stock xl 4.17. */
static void test_json_all(void)
{
	static const char *const parts[] = {
		"\"pool_name\": \"Pool-0\"",
		"\"event_channels\": 100",
		"\"max_grant_frames\": 65",
		"\"max_maptrack_frames\": 66",
		"\"gic_version\": \"v3\"",
		"\"dtdevs\": [{\"path\": \"/soc/uart\"}]",
		"{\"backend_domname\": \"d\", \"pdev_path\": \"/i\", \"vdev\": \"xvda\", "
		"\"format\": \"raw\", \"readwrite\": 1, \"direct_io_safe\": true, "
		"\"discard_enable\": \"False\"}",
		"\"vdev\": \"xvdc\", \"format\": \"empty\", \"removable\": 1, \"is_cdrom\": 1}",
		"{\"backend_domname\": \"e\", \"devid\": 0, \"mtu\": 1400, ",
		"\"gatewaydev\": \"g\"",
		"\"mac\": \"00:16:3e:01:02:03\"",
		"\"on_poweroff\": \"restart_rename\"",
		"\"on_crash\": \"coredump_destroy\"",
	};
	char *text;
	json_t *j;
	struct config c;

	CHECK(!parse(&c,
		     BASE "pool='Pool-0'\nmax_event_channels=100\nmax_grant_frames=65\n"
			  "max_maptrack_frames=66\ngic_version='v3'\ndtdev=['/soc/uart']\n"
			  "disk=['/i,raw,xvda,w,backend=d,no-discard,direct-io-safe',"
			  "'vdev=xvdc,cdrom']\nvif=['backend=e,mtu=1400,gatewaydev=g,"
			  "mac=0:16:3e:1:2:3']\n"
			  "on_poweroff='rename-restart'\non_crash='coredump-destroy'\n",
		     NULL, 0));
	j = config_json(&c, false);
	text = json_dumps(j, 0);
	for (unsigned int i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (!strstr(text, parts[i])) {
			printf("# %s is not in %s\n", parts[i], text);
			CHECK(!"something is not shown");
		}
	free(text);
	json_decref(j);
	config_free(&c);
}

/* `xl -N network-attach' shows what was said and nothing else. */
static void test_json_dev(void)
{
	struct err e;
	struct dev d;
	json_t *j;
	char *text;

	CHECK(!dev_parse(&d, DEV_NIC, "bridge=b,mtu=1400", &e));
	j = dev_json(&d, false);
	text = json_dumps(j, 0);
	CHECK(!strcmp(text, "{\"mtu\": 1400, \"bridge\": \"b\"}"));
	free(text);
	json_decref(j);
	dev_free(&d);
}

/* The manual lists the supported keys sorted, so that the table stays readable. */
static void test_table(void)
{
	char *text = NULL, *line, last[64] = "";
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int n = 0;

	config_man(f);
	fclose(f);
	for (line = strtok(text, "\n"); line && strncmp(line, ".SS", 3);
	     line = strtok(NULL, "\n")) {
		if (strncmp(line, ".B ", 3))
			continue;
		CHECK(strcmp(last, line + 3) < 0);
		snprintf(last, sizeof(last), "%s", line + 3);
		n++;
	}
	CHECK(n >= 30);
	free(text);
}

/* The example of xl.cfg(5) is accepted without a remark. */
static void test_example(void)
{
	char text[8192] = "", warn[256] = "";
	FILE *f = fopen(example, "r");
	struct config c;

	CHECK(f && fread(text, 1, sizeof(text) - 1, f) > 500);
	if (f)
		fclose(f);
	CHECK(!parse(&c, text, warn, sizeof(warn)) && !*warn);
	CHECK(c.maxvcpus == 2 && c.nr_devs == 2 && c.on_crash == ACTION_PRESERVE);
	config_free(&c);
}

/* Every prefix, and every byte replaced, of a real file. */
static void test_config_damaged(void)
{
	static const char text[] = BASE "disk=['phy:/dev/x,xvda,w']\nvif=['rate=1Mb/"
					"s@5ms']\ncpus='0-3,^1'\niomem=['a,1@b']\n";
	static const char bytes[] = { 0,   '\n', '\'', '"', '[',  ']',	      ',',
				      '=', '+',	 '#',  ';', '\\', (char)0xff, '9' };
	char buf[sizeof(text)];
	struct config c;
	unsigned int i, j, ok = 0;

	for (i = 0; i < sizeof(text); i++) {
		ok += !config_parse(&c, "t", text, i, NULL, 0, NULL, &e);
		config_free(&c);
		for (j = 0; j < sizeof(bytes); j++) {
			memcpy(buf, text, sizeof(text));
			buf[i] = bytes[j];
			ok += !config_parse(&c, "t", buf, sizeof(text) - 1, NULL, 0, NULL, &e);
			config_free(&c);
		}
	}
	CHECK(ok > 20);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--seeds"))
		seed_dir = argv[2];
	else if (argc == 2)
		example = argv[1];
	RUN(test_grammar);
	RUN(test_grammar_errors);
	RUN(test_limits);
	RUN(test_keys);
	RUN(test_key_errors);
	RUN(test_warnings);
	RUN(test_switched_off);
	RUN(test_overrides);
	RUN(test_disks);
	RUN(test_nics);
	RUN(test_cpumask);
	RUN(test_json);
	RUN(test_json_all);
	RUN(test_json_dev);
	RUN(test_table);
	if (example)
		RUN(test_example);
	RUN(test_config_damaged);
	return check_failures != 0;
}
