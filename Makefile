# SPDX-License-Identifier: GPL-2.0-only
# The commands of Hospes. Options (GIC= CPUS= MEM= CPU= HYPERVISOR= TOOLS= ...) are those of scripts/run-qemu.
# "make help" lists the commands; docs/running.md and docs/testing.md tell more.
CACHE := $(or $(HOSPES_CACHE),$(CURDIR)/cache)
MAKEFLAGS += --no-print-directory
SUB := $(MAKE) -j$(shell nproc)

.PHONY: help run options image debug-image tools images setup test test-quick test-xen test-all mutants coverage bench fuzz menuconfig clean distclean

help:
	@echo 'make run         boots QEMU and leaves you in Dom0 with a guest running'
	@echo '                 options: GIC=2|3 CPUS=1..8 MEM=512M..16G CPU=cortex-a57|cortex-a72|max TOOLS=hospes|stock'
	@echo '                 HYPERVISOR=<arm64 Image>: another hypervisor on the same set-up; xen is the real one'
	@echo 'make image       builds the hypervisor; the last line is the path of its image'
	@echo 'make tools       builds our own toolstack'
	@echo 'make images      makes the images of Dom0 and the guests'
	@echo 'make test        all tests; ends with "N passed, N failed"'
	@echo 'make test-quick  host tests and one boot, in two minutes'
	@echo 'make test-all    these, longer random runs, seeded faults, and our toolstack on real Xen: half a day'
	@echo 'make test-xen    the system tests on real Xen, with the stock toolstack; TOOLS=hospes: with ours'
	@echo 'make mutants     seeded faults, and which test catches each (MUTANTS="words of names, classes, suites")'
	@echo 'make fuzz        libFuzzer on toolstack and hypervisor, then hostile guests beside a victim for TIME=60 seconds'
	@echo 'make coverage    line coverage of the core by the unit tests, per file'
	@echo 'make bench, menuconfig, clean, distclean (the cache too)'

setup:
	@scripts/setup
	@scripts/fetch-arm64

# "Entering directory" and the compiler's lines go first: the path is the last line.
image: setup
	@$(SUB) -C hypervisor
	@echo $(CURDIR)/build/hospes

# Without its folder there is no toolstack of our own to build.
tools: setup
	@if [ -e toolstack/Makefile ]; then $(SUB) -C toolstack all; fi

images: setup $(if $(filter stock,$(TOOLS)),,tools)
	@guests/build

# A wrong option is told before anything is built.
given = $(foreach v,$(.VARIABLES),$(if $(filter command,$(origin $v)),$v))
options:
	@CHECK=1 GIVEN="$(given)" scripts/run-qemu

# Another hypervisor than ours needs no build of ours.
run: options $(if $(HYPERVISOR),setup,image) images
	@DOM0_ARGS="start=guest $(DOM0_ARGS)" scripts/run-qemu

# The build with debug checks: a configuration of its own beside the usual one.
debug-image: setup
	@mkdir -p build/debug
	@[ -e build/debug/.config ] || { echo CONFIG_DEBUG=y > build/debug/.config; touch -d 1970-01-02 build/debug/.config; }	# older than Kconfig: completed
	@$(SUB) -C hypervisor BUILD=$(CURDIR)/build/debug

test: image debug-image tools images
	@tests/run $(TESTS)

test-quick: image tools images
	@tests/run --quick $(TESTS)

test-xen: images
	@HYPERVISOR=xen TOOLS=$(or $(TOOLS),stock) tests/run $(TESTS)

# After all that: the boots that one CPU is enough for, in exact time; guests killed by the hundred.
test-all: test
	@COUNTED=1 TOOLS=stock HYPERVISOR=$(CURDIR)/build/debug/hospes tests/run devices lifecycle memory small tutorial kill cpu power passthrough own tools
	@tests/run soak cpu-gic2 passthrough-gic3
	@for suite in tests/unit tests/guest tests/mutants toolstack bench; do \
		if [ -e $$suite/Makefile ] && grep -q '^test-all:' $$suite/Makefile; then $(SUB) -C $$suite test-all || exit; fi; done
	@$(MAKE) test-xen TOOLS=hospes COUNTED=1

mutants: image images
	@tests/mutants/run.py $(MUTANTS)

coverage: image
	@$(MAKE) -C tests/unit coverage

bench: image images
	@$(MAKE) -C bench bench

fuzz: image tools
	@$(MAKE) -C toolstack fuzz
	@$(MAKE) -C tests/unit fuzz TIME=$(or $(TIME),20)
	@$(MAKE) -C tests/guest fuzz TIME=$(or $(TIME),60)

menuconfig: setup
	@$(MAKE) -C hypervisor menuconfig

clean:
	rm -rf build

distclean: clean
	rm -rf $(CACHE)
