# The one front door. `make help` lists what it opens.
BUILD ?= build
GROUP ?= run
CC_RELEASE := $(shell command -v ccache >/dev/null && echo 'ccache gcc' || echo gcc)
CC_CLANG := $(shell command -v ccache >/dev/null && echo 'ccache clang-19' || echo clang-19)

.DEFAULT_GOAL := all
.PHONY: all deps test test-long help clean format

all: $(BUILD)/build.ninja ## build everything (the default)
	@ninja -C $(BUILD)

# A folder that has just got its meson.build is seen only by configuring anew.
$(BUILD)/build.ninja: meson.build meson_options.txt $(wildcard src/*/meson.build */meson.build tests/*/meson.build)
	@tools/deps.sh --check run
	@if [ -f $@ ]; then meson setup --reconfigure $(BUILD) >/dev/null; else CC='$(CC_RELEASE)' meson setup $(BUILD); fi
	@touch $@

deps: ## install what is missing: GROUP=run (default), test or dev
	@tools/deps.sh $(GROUP)

test: all ## run the suite; the last line counts what passed, failed and was skipped
	@tools/run_tests.py --build $(BUILD)

test-long: all ## run everything with full counts (hours)
	@tools/run_tests.py --build $(BUILD) --long

format: ## lay out the C code as .clang-format says
	@git ls-files '*.c' '*.h' | xargs clang-format-19 -i

clean: ## remove what was built (the pinned Node stays)
	@for d in build-*; do [ ! -d "$$d" ] || rm -rf "$$d"; done
	@[ ! -f $(BUILD)/build.ninja ] || find $(BUILD) -mindepth 1 -maxdepth 1 ! -name node22 -exec rm -rf {} +

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s'|'
