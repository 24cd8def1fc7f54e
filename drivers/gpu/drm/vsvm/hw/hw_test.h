/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A device for the tests of hw/, see hw_test.c.
 */
#ifndef _VSVM_HW_TEST_H_
#define _VSVM_HW_TEST_H_

#include "hw_internal.h"

struct kunit;

/**
 * struct vsvm_hw_test - a device that does nothing but what a test calls
 */
struct vsvm_hw_test {
	/** @hw: device with one engine */
	struct vsvm_hw hw;
	/** @engine: engine without a thread */
	struct vsvm_hw_engine engine;
	/** @as: address space, known to the engine, whose table is empty */
	struct vsvm_hw_as as;
	/** @queue: queue in it */
	struct vsvm_hw_queue queue;
	/** @irqs: interrupts raised, one after the other, four bits each, the last one lowest */
	u32 irqs;
};

/* Records of the ring of the access counters. */
#define VSVM_HW_TEST_COUNTER_RING	4

/* Rights of a page that anything may be done to. */
#define VSVM_HW_TEST_ALL	(VSVM_PTE_WRITE | VSVM_PTE_ATOMIC)

struct vsvm_hw_test *vsvm_hw_test_device(struct kunit *test, unsigned int fault_ring_size);
void *vsvm_hw_test_page(struct kunit *test);
u64 *vsvm_hw_test_slot(struct kunit *test, struct vsvm_hw_test *dev, u64 va, unsigned int level);
void *vsvm_hw_test_map(struct kunit *test, struct vsvm_hw_test *dev, u64 va, u64 rights);
void vsvm_hw_test_vram(struct kunit *test, struct vsvm_hw_test *dev, unsigned int blocks);
void vsvm_hw_test_block(struct kunit *test, struct vsvm_hw *hw, u64 offset, bool one_piece);
void vsvm_hw_test_read(struct vsvm_hw *hw, u64 offset, void *to, u64 size);
void vsvm_hw_test_write(struct vsvm_hw *hw, u64 offset, const void *from, u64 size);
u32 vsvm_hw_test_translate(struct vsvm_hw_test *dev, u64 va, enum vsvm_access access, void **ptr);
u32 vsvm_hw_test_probe(struct vsvm_hw_test *dev, u64 va, enum vsvm_access access);
u32 vsvm_hw_test_irqs(struct vsvm_hw_test *dev);
enum vsvm_hw_result vsvm_hw_test_run(struct vsvm_hw_test *dev, u64 va, u64 size);

#endif /* _VSVM_HW_TEST_H_ */
