# The few commands that a newcomer needs. CMake does the building; this file only calls it.
#
#   make         builds the release in build/release
#   make demo    installs what is missing, builds, trains on Fashion-MNIST and prints a table
#   make test    installs what is missing, builds, runs all tests
#   make bench   installs PyTorch if it is missing, and times Tacet and PyTorch in turn
#   make faults  makes every allocation and every use of a file fail in turn
#   make fuzz    installs Clang if it is missing, and tries random inputs, SECONDS=60 for each target
#   make coverage   installs gcovr if it is missing, runs all tests, and prints which lines they reach
#   make clean   removes build/

JOBS := $(shell nproc 2>/dev/null || echo 2)

build: configured
	@cmake --build --preset release -j $(JOBS)

configured:
	@cmake --preset release >/dev/null

setup:
	@tools/setup

demo: setup
	@$(MAKE) --no-print-directory configured
	@cmake --build --preset release -j $(JOBS) --target tacet_program tacet_shared
	@tools/demo

test: setup
	@tools/setup packages-test
	@$(MAKE) --no-print-directory build
	@ctest --preset release -j $(JOBS)

bench: setup
	@[ -n "$${PEER_PYTHON+set}" ] || tools/setup packages-bench
	@$(MAKE) --no-print-directory configured
	@cmake --build --preset release -j $(JOBS) --target bench
	@mkdir -p build/bench
	@build/release/bench --out build/bench $(CASES)

faults: setup
	@tools/setup packages-test
	@$(MAKE) --no-print-directory configured
	@cmake --build --preset release -j $(JOBS) --target faults_of_commands
	@build/release/faults/faults $(FAULTS)

fuzz: setup
	@tools/setup packages-fuzz
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz -j $(JOBS)
	@tools/fuzz $(or $(SECONDS),60) $(TARGETS)

coverage: setup
	@tools/setup packages-test
	@tools/setup packages-coverage
	@cmake --preset coverage >/dev/null
	@cmake --build --preset coverage -j $(JOBS)
	@ctest --preset coverage -j $(JOBS) || true
	@tools/coverage

clean:
	rm -rf build

MAKEFLAGS += --no-print-directory
.PHONY: build configured setup demo test bench faults fuzz coverage clean
