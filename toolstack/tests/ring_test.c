// SPDX-License-Identifier: GPL-2.0-only
/* A guest's console ring and store entries, written by somebody hostile. */
#include "console/guest.c"
#include "tests/check.h"

/* --- what the daemon stands on: nothing happens --- */

static struct xencons_interface *page;
static int floods; /* so often somebody prints as soon as there is room */

void port_notify(uint32_t port)
{
	if (floods) {
		floods--;
		page->out_prod += sizeof(page->out);
	}
}
void port_unmask(uint32_t port)
{
}
void port_unbind(uint32_t port)
{
}
void page_unmap(struct guest_page *p)
{
}
static struct xs_perm store_perms[2];
static unsigned int store_n;
static const char *store_text;

struct xs_perm *xs_get_perms(struct xs *h, uint32_t t, const char *path, size_t *n)
{
	struct xs_perm *p = malloc(sizeof(store_perms));

	memcpy(p, store_perms, sizeof(store_perms));
	*n = store_n;
	return p;
}
char *xs_read(struct xs *h, uint32_t t, const char *path, size_t *n)
{
	return strdup(store_text);
}

static void guest_begin(struct guest *g)
{
	memset(g, 0, sizeof(*g));
	page = calloc(1, 4096);
	*g = (struct guest){ .kind = &con_kinds[0], .intf = page, .slave = -1 };
	hist_init(&g->hist, HISTORY_MAX);
}

static void guest_end(struct guest *g)
{
	hist_free(&g->hist);
	free(page);
}

/* The indices are anything: what lies between them is taken, or the console closed. */
static void test_output(void)
{
	static const uint32_t far[] = { 0, 1, 2047, 2048, 2049, 4096, 0x7fffffff, 0xffffffff };
	struct guest g;

	for (size_t i = 0; i < sizeof(far) / sizeof(*far); i++)
		for (uint32_t cons = 0xfffffff0; cons != 16; cons++) {
			bool good = far[i] <= sizeof(page->out);

			guest_begin(&g);
			page->out_cons = cons;
			page->out_prod = cons + far[i];
			CHECK(read_ring(&g) == (good ? far[i] : 0));
			CHECK(g.hist.head == (good ? far[i] : 0));
			CHECK((g.intf != NULL) == good);
			CHECK(!good || page->out_cons == page->out_prod);
			guest_end(&g);
		}
}

/* No more is typed into the ring than there is room for, and none if the indices are impossible. */
static void test_input(void)
{
	static const uint32_t used[] = { 0, 1, 1023, 1024, 1025, 0x80000000, 0xffffffff };
	static char typed[3000];
	struct guest g;

	for (size_t i = 0; i < sizeof(used) / sizeof(*used); i++) {
		size_t room = used[i] > 1024 ? 0 : 1024 - used[i];
		int ends[2];

		guest_begin(&g);
		page->in_cons = 77;
		page->in_prod = 77 + used[i];
		CHECK(!pipe(ends) && write(ends[1], typed, sizeof(typed)) == sizeof(typed));
		CHECK(ring_room(&g) == room);
		CHECK(take_input(&g, ends[0]) == 0);
		CHECK(page->in_prod == 77 + used[i] + room);
		close(ends[0]);
		close(ends[1]);
		guest_end(&g);
	}
}

/* Who shares the ring's page may go on when the guest is gone: what is there is taken, once. */
static void test_gone(void)
{
	struct guest g;

	guest_begin(&g);
	g.tty.lf.fd = 0;
	page->out_prod = 100;
	floods = 1000;
	guest_gone(&g);
	CHECK(floods == 999);
	CHECK(g.hist.head == 100 && g.closing && !g.intf);
	floods = 0;
	loop_disarm(&g.timer);
	guest_end(&g);
}

static int64_t number(uint16_t owner, int others, int own, const char *text)
{
	store_perms[0] = (struct xs_perm){ .domid = owner, .access = others };
	store_perms[1] = (struct xs_perm){ .domid = 5, .access = own };
	store_n = 2;
	store_text = text;
	return trusted_number("/local/domain/5/console", "port");
}

/* Only what Dom0 alone can write is believed. */
static void test_store(void)
{
	CHECK(number(0, XS_PERM_NONE, XS_PERM_READ, "17") == 17);
	CHECK(number(5, XS_PERM_NONE, XS_PERM_READ, "17") == -1);
	CHECK(number(0, XS_PERM_WRITE, XS_PERM_READ, "17") == -1);
	CHECK(number(0, XS_PERM_NONE, XS_PERM_READ | XS_PERM_WRITE, "17") == -1);
	CHECK(number(0, XS_PERM_NONE, XS_PERM_READ, "17x") == -1);
	CHECK(number(0, XS_PERM_NONE, XS_PERM_READ, "-1") == -1);
	CHECK(number(0, XS_PERM_NONE, XS_PERM_READ, "") == -1);
}

int main(void)
{
	check_run("console-ring-output", test_output);
	check_run("console-ring-input", test_input);
	check_run("console-trusted-entries", test_store);
	check_run("console-ring-after-the-end", test_gone);
	return check_failures != 0;
}
