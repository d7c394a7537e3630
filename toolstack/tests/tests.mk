# SPDX-License-Identifier: GPL-2.0-only
# Host tests and fuzzers of the daemons; included by ../Makefile.
xs_core	:= $(addprefix xenstore/,account.c conn.c control.c perm.c request.c state.c tree.c tx.c watch.c wire.c)

$(tout)/xs_test: tests/xs_test.c tests/check.h tests/fake.h xenstore/store.h xenstore/wire.h $(xs_core)
	@mkdir -p $(@D)
	$(HOSTCC) $(HCFLAGS) $(SAN) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc -o $@ tests/xs_test.c $(xs_core)

$(tout)/xs_fuzz: tests/xs_fuzz.c tests/fake.h xenstore/store.h xenstore/wire.h $(xs_core)
	@mkdir -p $(@D)
	$(HOSTCC) $(HCFLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -D__real_realloc=realloc \
		-o $@ tests/xs_fuzz.c $(xs_core)

$(tout)/con_test: tests/con_test.c tests/check.h $(wildcard console/*.[ch]) lib/log.c
	@mkdir -p $(@D)
	$(HOSTCC) $(HCFLAGS) $(SAN) -o $@ tests/con_test.c console/history.c console/conlog.c lib/daemon.c lib/log.c lib/loop.c

# What of the daemon the test does not reach is left out by the linker, with what that would need.
$(tout)/ring_test: tests/ring_test.c tests/check.h $(wildcard console/*.[ch]) lib/log.c
	@mkdir -p $(@D)
	$(HOSTCC) $(HCFLAGS) $(SAN) -ffunction-sections -fdata-sections -Wl,--gc-sections -o $@ tests/ring_test.c console/history.c console/conlog.c lib/daemon.c lib/log.c lib/loop.c

# The whole executable for this machine, but without xl.
$(tout)/hospes-tools: main.c $(wildcard lib/*.[ch] xenstore/*.[ch] console/*.[ch])
	@mkdir -p $(@D)
	$(HOSTCC) $(HCFLAGS) $(SAN) -o $@ $(filter %.c,$^) -lxencall -lxenevtchn -lxengnttab -lxenforeignmemory -lutil

xs_client := xenstore/client.c xenstore/wire.c lib/unix.c

$(tout)/daemon_test: tests/daemon_test.c tests/check.h $(xs_client) xenstore/client.h $(tout)/hospes-tools
	$(HOSTCC) $(HCFLAGS) $(SAN) -o $@ tests/daemon_test.c $(xs_client)

HOST_TESTS += $(tout)/con_test $(tout)/ring_test $(tout)/daemon_test
HOST_TESTS += $(tout)/xs_test
FUZZERS	+= $(tout)/xs_fuzz

seeds-xs: $(tout)/xs_test
	@mkdir -p $(tout)/corpus/xs_fuzz
	$(tout)/xs_test --seeds $(tout)/corpus/xs_fuzz >/dev/null
SEEDS	+= seeds-xs
.PHONY: seeds-xs

# Manual pages say what the programs take.
man: daemon-man
daemon-man: $(tout)/hospes-tools
	python3 tests/manual.py --write $<
test: daemon-man-test
daemon-man-test: $(tout)/hospes-tools
	@python3 tests/manual.py $<
.PHONY: man daemon-man daemon-man-test

$(out)/xs_bench: tests/xs_bench.c $(xs_client)
	$(CROSS)gcc -std=gnu11 -O2 -static -I. -isystem $(sys)/include -D_GNU_SOURCE -o $@ $^

# Ours beside stock, as a table (docs/toolstack.md).
measure: all $(out)/xs_bench
	python3 tests/measure.py
.PHONY: measure
