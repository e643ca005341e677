# The front door. `make demo` runs the main job, `make test` the tests; both install what is missing first.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BUILD := build
JOBS ?= $(shell nproc)

.PHONY: help deps build demo answers test test-sanitized chaos format lint gpu-check bench-engine bench-orchestration dist clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

deps: ## Install the packages that building and running needs (Debian 12)
	@deploy/install-dependencies.sh build

build: deps ## Build the programs into build/bin
	@cmake --preset release -DQUANTFLEET_TESTS=OFF -DQUANTFLEET_BENCHMARKS=OFF >/dev/null
	@cmake --build $(BUILD) -j $(JOBS)

demo: build ## Run examples/quickstart.yaml on this machine, print the comparison and why NF4 loses (KEEP=1 leaves it running)
	@KEEP=$(KEEP) deploy/demo.sh

answers: build ## Run the source documents' matrices on this quiet machine and write docs/answers.md
	@deploy/answers.sh

test: ## Build and run every test this machine can run (GPU=1 adds the device suite)
	@deploy/install-dependencies.sh build test
	@cmake --preset ci -DQUANTFLEET_TESTS=ON $(if $(GPU),-DQUANTFLEET_CUDA=ON) >/dev/null
	@cmake --build $(BUILD) -j $(JOBS)
	@$(MAKE) --no-print-directory test-sanitized
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error $(if $(GPU),,-LE device)

test-sanitized: ## Run the tests that read outside bytes or share memory between threads under the sanitizers, and libFuzzer (FUZZ_SECONDS=20)
	@deploy/install-dependencies.sh build test
	@deploy/test-sanitized.sh

chaos: build ## Kill, stop and cut off a fleet of real programs, SEEDS=10 times, and check that nothing is lost or doubled
	@deploy/install-dependencies.sh chaos
	@/usr/bin/python3 tests/chaos/chaos.py $(BUILD)/bin --seeds $(or $(SEEDS),10) $(ARGS)

format: ## Format the sources in place
	@deploy/install-dependencies.sh lint
	@git ls-files -co --exclude-standard -- '*.hpp' '*.cpp' '*.cu' '*.cuh' | xargs clang-format -i

lint: ## Check formatting, layering, shell scripts and clang-tidy
	@deploy/install-dependencies.sh build test lint
	@deploy/lint.sh

gpu-check: ## Build, check and measure the engine on a CUDA machine (needs CMake, a compiler and nvcc)
	@deploy/gpu-check.sh $(ARGS)

bench-engine: deps ## Compare the CPU kernels with ggml's (GGML=DIR, built there; without it ours alone; ARGS=--help)
	@test -z "$(GGML)" || test -f "$(GGML)/include/ggml-cpu.h" || { echo "bench-engine: no ggml in GGML=$(GGML): name its source directory, built in build/, or where it is installed" >&2; exit 2; }
	@cmake -S kernels -B $(BUILD)/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DQUANTFLEET_BENCHMARKS=ON -DQUANTFLEET_GGML="$(abspath $(GGML))" >/dev/null
	@cmake --build $(BUILD)/bench -j $(JOBS) --target engine_benchmark
	@$(BUILD)/bench/bin/engine_benchmark $(ARGS)

bench-orchestration: deps ## Measure the coordinator under simulated fleets, beside graphile-worker and pg-boss (ARGS=--quick)
	@deploy/bench-orchestration.sh $(ARGS)

dist: build ## Pack the programs and examples into build/quantfleet-VERSION.tar.gz
	@deploy/dist.sh

clean: ## Remove everything that was built
	@rm -rf $(BUILD)
