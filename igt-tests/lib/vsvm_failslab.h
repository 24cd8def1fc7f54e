/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail on request, of one slab cache and of no other: the kernel's failslab, which
 * the debug kernel has and distributions' kernels have not.
 */
#ifndef VSVM_FAILSLAB_H
#define VSVM_FAILSLAB_H

#include <igt.h>

/** VSVM_FAILSLAB_INTERVALS - the cache of intervals, which the module has from when it is loaded */
#define VSVM_FAILSLAB_INTERVALS	"vsvm_interval"

/** vsvm_failslab_require() - skip where the kernel cannot have a cache fail */
void vsvm_failslab_require(const char *cache);
/** vsvm_failslab_start() - the next @times allocations from a cache fail; -1: all, until stopped */
void vsvm_failslab_start(const char *cache, int times);
/** vsvm_failslab_left() - how many of them are still to fail */
int vsvm_failslab_left(void);
/** vsvm_failslab_stop() - nothing fails any more; harmless if nothing was started */
void vsvm_failslab_stop(void);

#endif /* VSVM_FAILSLAB_H */
