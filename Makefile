# SPDX-License-Identifier: MIT
#
# vsvm: a virtual GPU with shared virtual memory. `make help` lists the targets,
# scripts/ does the work.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

V ?= 0
export V MIRROR VSVM_CACHE KERNEL_PIN IGT_PIN
export SHARE LOAD MODARGS APPEND MEM CPUS KERNEL TIMEOUT
export TESTS LINT FILE RUN_ARGS
# As typed: a $ in a command is the shell's, not make's.
override CMD := $(value CMD)
export CMD


##@ Main

.PHONY: run
run: module examples ## boot the guest, let the GPU walk a program's pointers [FILE= RUN_ARGS=]
	@scripts/run

.PHONY: check
check: ## lint, build, boot, run every test; ends with N passed, N failed [TESTS= LINT=0]
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

.PHONY: chroot
chroot: image ## run CMD= in the guest's root without booting, the checkout at /src: gcc -I/src/uapi ...
	@scripts/in-root sh -c "$$CMD"

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
		/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
