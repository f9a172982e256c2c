# siploom: the commands that a newcomer needs. Everything is built under build/.
PRESET ?= release
JOBS ?= $(shell nproc)
DEMO ?= serve
BUILD := build/$(PRESET)

.PHONY: run test bench build deps asan tsan fuzz clang format tidy generate clean install

build: deps
	@test -f $(BUILD)/build.ninja || cmake --preset $(PRESET) >/dev/null
	@cmake --build --preset $(PRESET) -j $(JOBS) --target siploom

deps:
	@tools/install_deps.sh

# Starts siploom serve with live simulated traffic and prints one URL to open (DEMO=capture: a capture in the terminal).
run: build
	@DEMO=$(DEMO) tools/demo.sh $(BUILD)/siploom

# Everything that is tested: rules of the tree, unit and property tests, end-to-end tests, ASan/UBSan, short fuzz runs.
test: deps
	@tools/run_tests.py

bench: deps
	@bench/run.sh

asan tsan clang:
	@$(MAKE) --no-print-directory build PRESET=$@

# libFuzzer targets (needs clang-19 and libclang-rt-19-dev).
fuzz:
	@test -f build/fuzz/build.ninja || cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz -j $(JOBS)

# Files that are made from others and committed: fields, reference of the commands, man page.
generate:
	@tools/gen_registry.py
	@tools/embed_web.py
	@$(MAKE) --no-print-directory build
	@$(BUILD)/siploom completion reference > docs/reference/commands.md
	@$(BUILD)/siploom completion man > docs/siploom.1
	@$(BUILD)/siploom completion api > docs/reference/api.md
	@$(BUILD)/siploom completion store > docs/reference/store.md

format:
	@git ls-files 'src/*.cc' 'src/*.h' 'fuzz/*.cc' 'bench/*.cc' 'tests/*.cc' | grep -v _generated | xargs clang-format -i

tidy:
	@tools/tidy.sh

install: build
	@cmake --install $(BUILD)

clean:
	@rm -rf build
