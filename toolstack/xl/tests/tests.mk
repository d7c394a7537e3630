# SPDX-License-Identifier: GPL-2.0-only
# Host tests, fuzzers and manual pages of xl and the domain builder; included by ../../Makefile.
xlout	:= $(BUILD)/toolstack-host
XLCC	:= clang-14
XLFLAGS	:= -std=gnu11 -O1 -g -fno-omit-frame-pointer -I. -I$(out) -Wall -Wextra -Wno-unused-parameter \
	-Wno-missing-field-initializers -Wno-sign-compare -D_GNU_SOURCE
xl_pure	:= $(addprefix xl/,config.c cpumask.c devspec.c json.c) builder/err.c \
	$(addprefix $(out)/xl/,cfg.tab.c cfg.lex.c)
bl_pure	:= $(addprefix builder/,file.c image.c layout.c gfdt.c err.c)
xl_dep	:= $(wildcard xl/*.h builder/*.h tests/check.h)
example	:= ../guests/root/example.cfg
XL_FUZZ_SECONDS ?= 20

$(xlout)/test_config: xl/tests/test_config.c $(xl_pure) $(xl_dep)
	@mkdir -p $(@D)
	$(XLCC) $(XLFLAGS) -fsanitize=address,undefined -fno-sanitize-recover=undefined -o $@ $< $(xl_pure) -ljansson
$(xlout)/test_builder: builder/tests/test_builder.c $(bl_pure) $(xl_dep)
	@mkdir -p $(@D)
	$(XLCC) $(XLFLAGS) -Wno-missing-braces -fsanitize=address,undefined -fno-sanitize-recover=undefined -o $@ $< \
		$(bl_pure) -lfdt -lz
$(xlout)/fuzz_config: xl/tests/fuzz_config.c $(xl_pure) $(xl_dep)
	@mkdir -p $(@D)
	$(XLCC) $(XLFLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -o $@ $< $(xl_pure) -ljansson
$(xlout)/fuzz_image $(xlout)/fuzz_fdt: $(xlout)/%: builder/tests/%.c $(bl_pure) $(xl_dep)
	@mkdir -p $(@D)
	$(XLCC) $(XLFLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -o $@ $< $(bl_pure) -lfdt -lz

test: xl-test
xl-test: $(xlout)/test_config $(xlout)/test_builder $(xlout)/gendoc
	@rc=0; for t in "$(xlout)/test_config $(example)" $(xlout)/test_builder; do $$t || rc=1; done; \
	for p in xl.1 xl.cfg.5; do $(xlout)/gendoc $${p%.*} $(example) | cmp -s - ../docs/man/$$p && echo "PASS man $$p" || \
		{ echo "FAIL man $$p: not what the tables say; make -C toolstack man"; rc=1; }; done; exit $$rc

fuzz: xl-fuzz
xl-fuzz: $(xlout)/fuzz_config $(xlout)/fuzz_image $(xlout)/fuzz_fdt xl-test
	@mkdir -p $(xlout)/corpus/fuzz_config $(xlout)/corpus/fuzz_image $(xlout)/corpus/fuzz_fdt $(xlout)/corpus/builder
	@$(xlout)/test_config --seeds $(xlout)/corpus/fuzz_config >/dev/null
	@$(xlout)/test_builder --seeds $(xlout)/corpus/builder
	@cp $(xlout)/corpus/builder/image-* $(xlout)/corpus/fuzz_image; cp $(xlout)/corpus/builder/fdt-* $(xlout)/corpus/fuzz_fdt
	for f in fuzz_config fuzz_image fuzz_fdt; do $(xlout)/$$f -max_total_time=$(XL_FUZZ_SECONDS) -max_len=16384 \
		-rss_limit_mb=1024 $(xlout)/corpus/$$f 2>$(xlout)/$$f.log || { tail -40 $(xlout)/$$f.log; exit 1; }; \
		tail -1 $(xlout)/$$f.log; done

# docs/man/xl.1 and xl.cfg.5 from the tables.
man: $(xlout)/gendoc
	mkdir -p ../docs/man
	$< xl >../docs/man/xl.1
	$< xl.cfg $(example) >../docs/man/xl.cfg.5
$(xlout)/gendoc: xl/tests/gendoc.c $(xl_pure) $(xl_dep)
	@mkdir -p $(@D)
	$(XLCC) $(XLFLAGS) -o $@ $< $(xl_pure) -ljansson

.PHONY: xl-test xl-fuzz man
