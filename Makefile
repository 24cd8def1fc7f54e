# SPDX-License-Identifier: MIT
#
# vsvm: a virtual GPU with shared virtual memory. `make help` lists the targets,
# scripts/ does the work.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

V ?= 0
export V MIRROR VSVM_CACHE KERNEL_PIN IGT_PIN EXTRA
export SHARE LOAD MODARGS APPEND MEM CPUS KERNEL TIMEOUT
export TESTS TEST POLICY LINT LAB COVERAGE FILE RUN_ARGS
export SEED FLAVOUR THREADS STRESS MESA_SRC EXAMPLE
export MODE PROFILE SEEDS REPS BASELINE
# As typed: a $ in a command is the shell's, not make's, one in a regular expression an end, and one
# in a kernel command line reserves memory.
override CMD := $(value CMD)
override APPEND := $(value APPEND)
override TESTS := $(value TESTS)
export CMD ONLY


##@ Main

.PHONY: run
run: module examples ## boot the guest, let the GPU walk a program's pointers [FILE= RUN_ARGS=]
	@scripts/run

.PHONY: check
check: ## lint, build, boot, run every test; ends with N passed, N failed [TESTS= POLICY= LINT=0 KERNEL=debug|kcsan LAB=0|cached|build]
	@scripts/check

.PHONY: vm
vm: $(if $(filter 0,$(LOAD)),image,module) ## boot, load vsvm, run CMD= in /src; without CMD, a shell [SHARE= MEM= CPUS= MODARGS= APPEND= KERNEL= TIMEOUT= LOAD=0]
	@scripts/vm $(if $(CMD),"$$CMD")

##@ Parts

.PHONY: image
image: ## make the guest's root and image, once; cached in VSVM_CACHE
	@scripts/image

.PHONY: module
module: image ## build the module: build/module/vsvm.ko
	@scripts/build module

.PHONY: tests
tests: image ## build the IGT tests: build/igt-tests
	@scripts/build igt-tests

.PHONY: examples
examples: image ## build the examples: build/examples
	@scripts/build examples

.PHONY: lint
lint: image ## checkpatch, W=1, sparse, kernel-doc, the wall
	@scripts/lint

.PHONY: coverage-table
coverage-table: tests ## make docs/coverage.rst of igt-tests/lists/coverage
	@scripts/coverage-table

.PHONY: isa-table
isa-table: ## make docs/isa.rst of uapi/drm/vsvm_isa_table.h
	@scripts/isa-table

.PHONY: native
native: image ## build the arithmetic of the virtual GPU as a program, with sanitizers, and run it against the oracle
	@scripts/native

# Mesa, and what runs on it, have a root of their own.
.PHONY: mesa
mesa: export EXTRA := $(shell scripts/mesa-packages)
mesa: image ## build Mesa's OpenCL with the driver for vsvm: build/mesa [MESA_SRC= ASSERTIONS=1]
	@scripts/mesa

.PHONY: mesa-rebase-check
mesa-rebase-check: export EXTRA := $(shell scripts/mesa-packages)
mesa-rebase-check: image ## does mesa-patches/series apply, and has it our uAPI?
	@scripts/mesa --check

.PHONY: check-opencl
check-opencl: export EXTRA := $(shell scripts/mesa-packages)
check-opencl: mesa module ## run igt-tests/opencl, examples/opencl and piglit in the guest [TESTS= PIGLIT=0]
	@scripts/check-opencl

.PHONY: bench-opencl
bench-opencl: export EXTRA := $(shell scripts/mesa-packages --more)
bench-opencl: mesa module ## vsvm beside Mesa's llvmpipe and PoCL, on the same emulated CPUs
	@scripts/bench-opencl

.PHONY: check-piglit
check-piglit: export EXTRA := $(shell scripts/mesa-packages --more)
check-piglit: mesa module ## run piglit's tests of OpenCL alone [TESTS=]
	@scripts/check-piglit

.PHONY: run-opencl
run-opencl: export EXTRA := $(shell scripts/mesa-packages)
run-opencl: mesa module ## run an example of OpenCL in the guest [EXAMPLE=map|words|filter|mailbox FILE= RUN_ARGS=]
	@scripts/run-opencl

.PHONY: vm-opencl
vm-opencl: export EXTRA := $(shell scripts/mesa-packages)
vm-opencl: module ## vm, with the root that has OpenCL: CMD='scripts/opencl-env clinfo'
	@scripts/vm $(if $(CMD),"$$CMD")

.PHONY: chroot
chroot: image ## run CMD= in the guest's root without booting, the checkout at /src: gcc -I/src/uapi ...
	@scripts/in-root sh -c "$$CMD"

##@ Laboratory

.PHONY: coverage
coverage: ## run the suite on the debug kernel, show which lines it executes: build/coverage/index.html [TESTS=]
	@scripts/coverage

.PHONY: profile
profile: module tests ## sample a run, draw a flame graph: build/profile/flame.svg [TEST=igt@PROGRAM@SUBTEST or CMD= KERNEL=]
	@scripts/profile

.PHONY: kernel
kernel: image ## build a kernel of scripts/kernels, once; cached in VSVM_CACHE [KERNEL=debug]
	@scripts/kernel $(or $(KERNEL),debug)

# stress-ng is not in the guest's root: STRESS=1 takes another root.
.PHONY: churn
churn: export EXTRA := $(if $(filter-out 0,$(STRESS)),stress-ng,$(EXTRA))
churn: export CHURN_SECONDS := $(SECONDS)
churn: module tests ## change memory at random while the GPU uses it, for long [SECONDS= SEED= FLAVOUR= POLICY= THREADS= ONLY= STRESS=1 KERNEL=]
	@scripts/churn

.PHONY: bench
bench: module ## vsvm beside drm_gpusvm, test_hmm and the least that HMM takes [MODE=icount PROFILE=quick SEEDS= REPS= BASELINE=update]
	@scripts/bench

##@ Other

.PHONY: clean
clean: ## remove build/
	@rm -rf build

.PHONY: distclean
distclean: clean ## remove build/ and the cached guest
	@scripts/distclean

.PHONY: help
help: ## this list
	@awk -F':[^#]*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
