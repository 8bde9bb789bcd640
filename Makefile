# The few commands that a newcomer needs. CMake builds; this file only calls it.
#
#   make         builds the release in build/release
#   make demo    installs what is missing, builds, trains on Fashion-MNIST and prints a table
#   make test    installs what is missing, builds, runs every test
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
	@$(MAKE) --no-print-directory build
	@ctest --preset release -j $(JOBS)

clean:
	rm -rf build

MAKEFLAGS += --no-print-directory
.PHONY: build configured setup demo test clean
