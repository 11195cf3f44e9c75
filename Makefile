# Thin: everything is done by meson, ninja and the scripts.
BUILD ?= build
JOBS ?= 2
export MINIKVM_BUILD := $(abspath $(BUILD))

.PHONY: all setup bench test test-browser report reference lab install clean help

all: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD)

help:
	@echo 'make setup         install what is missing and fetch the kernel of the lab'
	@echo 'make bench         build, run the benchmarks, write results/<time>-<host>/report.html'
	@echo 'make bench ARGS=--quick     the same in under a minute'
	@echo 'make test          build and run every test'
	@echo 'make test-browser  open a report in headless Chromium (installs it)'
	@echo 'make report        write the report of the newest results anew'
	@echo 'make reference     write results/reference/ anew from runs on this machine'
	@echo 'make lab           a shell on the reference machine'
	@echo 'make install       install the programs (DESTDIR, meson --prefix)'
	@echo 'make clean         remove the build folder, but not the kernel of the lab'

setup:
	@scripts/setup.sh

$(BUILD)/build.ninja:
	meson setup $(BUILD)

bench: all
	@$(BUILD)/kvm-bench run $(ARGS)

test: all
	@meson test -C $(BUILD) --num-processes $(JOBS) --timeout-multiplier 3 --print-errorlogs

test-browser: all
	@scripts/setup.sh --browser
	@bench/tests/browser/run $(BUILD)

report:
	@$(BUILD)/kvm-bench report

reference: all
	@scripts/reference

lab: all
	@scripts/lab

install: all
	@meson install -C $(BUILD) --no-rebuild

clean:
	@find $(BUILD) -mindepth 1 -maxdepth 1 ! -name lab -exec rm -rf {} + 2>/dev/null || true
