// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest of one page of code, MMU off. The word "tiny=..." of its command line says what it does:
 * idle; spin; crash, poweroff, reboot or watchdog (it ends so, at once); lines (prints 5,000
 * numbered lines and powers off); flood (writes to the store for ever); garbage (random bytes, then
 * impossible indices in the store's ring, and events without end); victim (checks its memory five
 * times a second, tells the console each second and crashes when a byte is not its own).
 */
#include <stdint.h>
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>

#define LINES 5000
#define IMAGE_SIZE 0x10000ul
#define VICTIM_WORDS 0x8000u /* behind the image */

/* The Image's header; the stack follows the image. */
__asm__(".section .head, \"ax\"\n"
	"	b	1f\n"
	"	.long	0\n"
	/* text offset, image size; little-endian, 4 KiB pages, anywhere */
	"	.quad	0, 0x10000, 0xa\n"
	"	.quad	0, 0, 0\n"
	"	.ascii	\"ARM\\x64\"\n"
	"	.long	0\n"
	"1:	adr	x1, . + 0x8000\n"
	"	and	sp, x1, #~15\n"
	"	b	tiny_main\n"
	".text\n");

static int64_t hypercall3(uint64_t nr, uint64_t a, uint64_t b, const void *c)
{
	register uint64_t x0 __asm__("x0") = a, x1 __asm__("x1") = b,
			     x2 __asm__("x2") = (uint64_t)c, x16 __asm__("x16") = nr;

	__asm__ volatile("hvc #0xea1" : "+r"(x0), "+r"(x1), "+r"(x2) : "r"(x16) : "memory");
	return x0;
}

static int64_t hypercall(uint64_t nr, uint64_t a, const void *b)
{
	return hypercall3(nr, a, (uint64_t)b, 0);
}

static uint64_t param(uint32_t index)
{
	struct xen_hvm_param p = { .domid = DOMID_SELF, .index = index };

	hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, &p);
	return p.value;
}

static void notify(uint32_t port)
{
	struct evtchn_send s = { .port = port };

	hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &s);
}

static void end(unsigned int reason)
{
	struct sched_shutdown s = { .reason = reason };

	for (;;)
		hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &s);
}

static void console(const char *text, unsigned int len)
{
	volatile struct xencons_interface *ring = (void *)(param(HVM_PARAM_CONSOLE_PFN) << 12);
	uint32_t port = param(HVM_PARAM_CONSOLE_EVTCHN);

	for (unsigned int i = 0; i < len; i++) {
		while (ring->out_prod - ring->out_cons >= sizeof(ring->out))
			notify(port);
		ring->out[MASK_XENCONS_IDX(ring->out_prod, ring->out)] = text[i];
		__asm__ volatile("dmb ish" ::: "memory");
		ring->out_prod++;
	}
	notify(port);
}

static void lines(void)
{
	for (unsigned int i = 1; i <= LINES; i++) {
		char text[] = "line 0000 of the tiny guest\n";

		for (unsigned int at = 8, n = i; at > 4; at--, n /= 10)
			text[at] = '0' + n % 10;
		console(text, sizeof(text) - 1);
	}
	end(SHUTDOWN_poweroff);
}

/* Puts bytes into the store's ring as they are, takes answers out without a look. */
static void store(const char *data, unsigned int len)
{
	volatile struct xenstore_domain_interface *ring = (void *)(param(HVM_PARAM_STORE_PFN)
								   << 12);
	uint32_t port = param(HVM_PARAM_STORE_EVTCHN);

	for (unsigned int i = 0; i < len; i++) {
		while (ring->req_prod - ring->req_cons >= XENSTORE_RING_SIZE) {
			ring->rsp_cons = ring->rsp_prod;
			notify(port);
		}
		ring->req[MASK_XENSTORE_IDX(ring->req_prod)] = data[i];
		__asm__ volatile("dmb ish" ::: "memory");
		ring->req_prod++;
	}
	ring->rsp_cons = ring->rsp_prod;
	notify(port);
}

static void flood(void)
{
	struct {
		struct xsd_sockmsg h;
		char body[8];
	} m = { { XS_WRITE, 0, 0, sizeof(m.body) }, { 'd', 'a', 't', 'a', 0, '0' } };

	for (;; m.body[5] = '0' + m.h.req_id++ % 10)
		store((char *)&m, sizeof(m));
}

static void garbage(void)
{
	volatile struct xenstore_domain_interface *ring = (void *)(param(HVM_PARAM_STORE_PFN)
								   << 12);
	uint64_t seed = 1;

	for (unsigned int n = 0; n < 300; n++) {
		struct {
			struct xsd_sockmsg h;
			char body[64];
		} m;

		for (unsigned int i = 0; i < sizeof(m); i++)
			((char *)&m)[i] = (seed = seed * 6364136223846793005ul +
						  1442695040888963407ul) >>
					  56;
		m.h.type %= 24;
		m.h.tx_id %= 2;
		m.h.len = n < 299 ? sizeof(m.body) : 1u << 30;
		store((char *)&m, sizeof(m));
	}
	for (;; seed++) {
		ring->req_prod = ring->req_cons + 4096 + (uint32_t)seed;
		ring->rsp_cons = ring->rsp_prod + 4096;
		notify(param(HVM_PARAM_STORE_EVTCHN));
	}
}

static void beat(unsigned int n)
{
	char text[] = "beat 0000000\n";

	for (unsigned int at = 11; at > 4; at--, n /= 10)
		text[at] = '0' + n % 10;
	console(text, sizeof(text) - 1);
}

/* Time is that of its last switch, which a sleep brings up to date. */
static void victim(void)
{
	static struct vcpu_runstate_info info;
	struct vcpu_register_runstate_memory_area area = { .addr.v = &info };
	volatile uint64_t *word = (void *)(((uint64_t)victim | (IMAGE_SIZE - 1)) + 1);
	struct sched_poll poll = { .timeout = 0 };

	hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0, &area);
	for (uint64_t i = 0; i < VICTIM_WORDS; i++)
		word[i] = i * 0x9e3779b97f4a7c15;
	for (unsigned int n = 0;; n++) {
		uint64_t now = *(volatile uint64_t *)&info.state_entry_time;

		for (uint64_t i = 0; i < VICTIM_WORDS; i++)
			if (word[i] != i * 0x9e3779b97f4a7c15)
				end(SHUTDOWN_crash);
		if (n % 5 == 0)
			beat(n / 5);
		poll.timeout = (now > poll.timeout ? now : poll.timeout) + 200000000;
		hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
	}
}

/* What follows "tiny=" in the device tree, wherever that stands. */
static const char *word(const volatile uint8_t *dtb)
{
	uint32_t size = (uint32_t)dtb[4] << 24 | dtb[5] << 16 | dtb[6] << 8 | dtb[7];

	for (uint32_t i = 0; i + 8 < size; i++)
		if (dtb[i] == 't' && dtb[i + 1] == 'i' && dtb[i + 2] == 'n' && dtb[i + 3] == 'y' &&
		    dtb[i + 4] == '=')
			return (const char *)dtb + i + 5;
	return "idle";
}

void tiny_main(const uint8_t *dtb);
void tiny_main(const uint8_t *dtb)
{
	switch (*word(dtb)) {
	case 'c': end(SHUTDOWN_crash); break;
	case 'p': end(SHUTDOWN_poweroff); break;
	case 'r': end(SHUTDOWN_reboot); break;
	case 'w': end(SHUTDOWN_watchdog); break;
	case 'l': lines(); break;
	case 'f': flood(); break;
	case 'g': garbage(); break;
	case 'v': victim(); break;
	case 's':
		for (;;)
			__asm__ volatile("");
	}
	for (;;)
		__asm__ volatile("wfi");
}
