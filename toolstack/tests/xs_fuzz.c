// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target of the wire protocol: the input is pieces of byte streams of four clients (two
 * in Dom0, two guests), as xs_test --seeds records them: client, length (16 bit), bytes. Clients
 * 0xf0 and up are other things that happen. After each input the store must be consistent.
 */
#include <stdint.h>
#include "tests/fake.h"

static struct fake *const f = fakes;

static void happen(unsigned int what)
{
	struct fake *k = &f[what & 3];

	switch (what >> 2 & 3) {
	case 0: fake_live_update(1); break;
	case 1: k->room = k->room ? 0 : SIZE_MAX; break;
	case 2:
		if (k->c.ops)
			conn_reset(&k->c);
		break;
	case 3: fake_time += 100; break;
	}
	for (int i = 0; i < 4; i++) {
		f[i].out_len = f[i].out_pos = 0;
		if (f[i].c.ops)
			conn_wake(&f[i].c);
	}
	run_all();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t domid[4] = { 0, 0, 5, 6 };

	fake_store(1);
	for (int i = 0; i < 4; i++)
		fake_open(&f[i], i, domid[i]);
	while (size >= 3) {
		unsigned int who = data[0];
		size_t len = data[1] | data[2] << 8;

		data += 3;
		size -= 3;
		if (who >= 0xf0) {
			happen(who);
			continue;
		}
		len = len < size ? len : size;
		fake_feed(&f[who & 3], data, len);
		run_all();
		data += len;
		size -= len;
	}
	if (store_check())
		abort();
	for (int i = 0; i < N_FAKES; i++)
		fake_close(&f[i]);
	if (store.n_nodes && store_check())
		abort();
	store_free();
	return 0;
}
