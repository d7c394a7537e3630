# SPDX-License-Identifier: GPL-2.0-only
# Host tests and fuzzers of xenstored's core; included by ../Makefile.
xs_core	:= $(addprefix xenstore/,account.c conn.c control.c node.c perm.c request.c state.c tx.c watch.c)

$(tout)/xs_test: tests/xs_test.c tests/fake.h xenstore/store.h $(xs_core)
	@mkdir -p $(@D)
	$(HOSTCC) $(HCFLAGS) $(SAN) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc -o $@ tests/xs_test.c $(xs_core)

$(tout)/xs_fuzz: tests/xs_fuzz.c tests/fake.h xenstore/store.h $(xs_core)
	@mkdir -p $(@D)
	$(HOSTCC) $(HCFLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -D__real_realloc=realloc \
		-o $@ tests/xs_fuzz.c $(xs_core)

HOST_TESTS += $(tout)/xs_test
FUZZERS	+= $(tout)/xs_fuzz

seeds-xs: $(tout)/xs_test
	@mkdir -p $(tout)/corpus/xs_fuzz
	$(tout)/xs_test --seeds $(tout)/corpus/xs_fuzz >/dev/null
SEEDS	+= seeds-xs
.PHONY: seeds-xs
