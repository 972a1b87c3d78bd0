# The one front door. `make help` lists what it opens.
BUILD ?= build
GROUP ?= run
SECONDS ?= 60
T ?= all
SEED ?= 1
NODES ?= 2
FUZZ ?=
SIM ?=
CC_RELEASE := $(shell command -v ccache >/dev/null && echo 'ccache gcc' || echo gcc)
SANITIZERS := address,undefined
CC_CLANG := $(shell command -v ccache >/dev/null && echo 'ccache clang-19' || echo clang-19)

.DEFAULT_GOAL := all
.PHONY: all deps run demo deb test test-long asan valgrind cov fuzz sim sim-long tidy format clean help bench bench-count interop

all: $(BUILD)/build.ninja ## build everything (the default)
	@ninja -C $(BUILD)

# A folder that has just got its meson.build is seen only by configuring anew.
MESON_FILES := meson.build meson_options.txt $(wildcard src/*/meson.build */meson.build tests/*/meson.build)
configure = CC='$(1)' meson setup $$([ ! -f $@ ] || echo --reconfigure) $(@D) $(2) >$(@D).log 2>&1 \
  || { tail -n 20 $(@D).log; exit 1; }; rm -f $(@D).log; touch $@

$(BUILD)/build.ninja: $(MESON_FILES)
	@tools/deps.sh --check run
	@$(call configure,$(CC_RELEASE),)

deps: ## install what is missing: GROUP=run (default), test, interop or dev
	@tools/deps.sh $(GROUP)

run: ## a local network and the wallet on it, in your browser, until Ctrl-C; test money only
	@tools/local/start.sh run.mjs

demo: ## the same with nobody there: a browser with a virtual passkey, each step checked against the chain
	@tools/local/start.sh demo.mjs

deb: ## Debian packages of wallet, server and key process, into build/deb; the same source gives the same bytes
	@packaging/deb.py

test: all ## run the suite; the last line counts what passed, failed and was skipped
	@tools/run_tests.py --build $(BUILD)

test-long: all ## run everything with full counts (hours)
	@tools/run_tests.py --build $(BUILD) --long

build-asan/build.ninja: $(MESON_FILES)
	@$(call configure,$(CC_CLANG),-Doptimization=1 -Db_sanitize=$(SANITIZERS) -Db_lundef=false \
	  -Dc_args='-fno-sanitize-recover=all -fno-omit-frame-pointer')

asan: build-asan/build.ninja ## unit tests and corpora under AddressSanitizer and UBSan (clang)
	@ninja -C build-asan
	@tools/run_tests.py --build build-asan --suite unit --suite fuzz

build-valgrind/build.ninja: $(MESON_FILES)
	@$(call configure,$(CC_RELEASE),-Doptimization=g)

valgrind: build-valgrind/build.ninja ## unit tests under memcheck, and the constant-time tests
	@ninja -C build-valgrind
	@tools/run_tests.py --build build-valgrind --suite ctime
	@tools/run_tests.py --build build-valgrind --suite unit --no-suite ctime \
	  --wrapper 'valgrind -q --error-exitcode=9 --leak-check=full --child-silent-after-fork=yes'

build-cov/build.ninja: $(MESON_FILES)
	@$(call configure,$(CC_RELEASE),-Doptimization=0 -Db_coverage=true)

cov: build-cov/build.ninja ## line and branch coverage of the unit tests, against tools/coverage.floor
	@ninja -C build-cov
	@tools/run_tests.py --build build-cov --suite unit --no-suite ctime
	@tools/coverage.py build-cov

build-fuzz/build.ninja: $(MESON_FILES)
	@$(call configure,$(CC_CLANG),-Doptimization=1 -Dfuzz=true -Db_sanitize=$(SANITIZERS) -Db_lundef=false \
	  -Dcore_only=true -Dc_args='-fno-sanitize-recover=all')

fuzz: build-fuzz/build.ninja ## fuzz one target: T=NAME (or all), SECONDS=60, FUZZ=--enough; counts go to fuzz/LEDGER
	@tools/fuzz.py --build build-fuzz --seconds $(SECONDS) $(FUZZ) $(T)

bench: all ## measure: a table, and every figure in $(BUILD)/bench.json (BENCH=--quick for smaller counts)
	@bench/plugin.py --build $(BUILD) $(BENCH)
	@bench/run.py --build $(BUILD) $(BENCH)

bench-count: all ## instructions of fixed pieces of work, against bench/baseline.txt (COUNT=--write makes a new one)
	@ninja -C $(BUILD) bench/bench_counted >/dev/null
	@bench/count.py --program $(abspath $(BUILD))/bench/bench_counted --compiler gcc-$$(gcc -dumpfullversion) $(COUNT)

interop: all ## against js-libp2p, go and rust where their toolchains are, the wallet in Firefox, the packages in a Debian of their own
	@tests/interop/all.sh $(BUILD)

sim-long: all ## the simulated networks with thousands of seeds and ten thousand nodes (hours)
	@tools/run_tests.py --build $(BUILD) --long --suite sim

sim: all ## one simulated network: SEED=1 NODES=2, and SIM='--loss-ppm=10000 ...' (build/sim/sim --help)
	@$(BUILD)/sim/sim --seed=$(SEED) --nodes=$(NODES) $(SIM)

tidy: all build-asan/build.ninja ## the house rules, then clang-tidy over everything
	@tools/run_tests.py --build $(BUILD) --suite tidy
	@tools/clang_tidy.sh build-asan

format: ## lay out the C code as .clang-format says
	@git ls-files '*.c' '*.h' | xargs clang-format-19 -i

clean: ## remove what was built (the pinned Node stays)
	@for d in build-*; do [ ! -d "$$d" ] || rm -rf "$$d"; done
	@[ ! -f $(BUILD)/build.ninja ] || find $(BUILD) -mindepth 1 -maxdepth 1 ! -name node22 -exec rm -rf {} +

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s'|'
