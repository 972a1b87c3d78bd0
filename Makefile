# The one front door. `make help` lists what it opens.
BUILD ?= build
CC_RELEASE := $(shell command -v ccache >/dev/null && echo 'ccache gcc' || echo gcc)

.PHONY: all test
all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	CC='$(CC_RELEASE)' meson setup $(BUILD)

test: all
	meson test -C $(BUILD)
