/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A page table for the driver's tests, see vsvm_test.c.
 */
#ifndef _VSVM_TEST_H_
#define _VSVM_TEST_H_

#include "../vsvm_pt.h"

struct kunit;

/* One past the last address. */
#define VSVM_TEST_END	BIT_ULL(VSVM_VA_BITS)

/**
 * struct vsvm_test_pt - what a page table needs to be tested
 */
struct vsvm_test_pt {
	/** @hw: device without queues */
	struct vsvm_hw *hw;
	/** @pt: page table; lies where the test wants it */
	struct vsvm_pt *pt;
	/** @cache: for its tables */
	struct vsvm_pt_cache cache;
	/** @pages: pages to map; what they hold is of no interest */
	struct page *pages[4];
};

void vsvm_test_pt_init(struct kunit *test, struct vsvm_test_pt *t, struct vsvm_pt *pt);
u64 vsvm_test_leaf(const struct vsvm_test_pt *t, unsigned int page, bool write);
void vsvm_test_map(struct kunit *test, struct vsvm_test_pt *t, u64 addr, const u64 *leaves,
		   unsigned int count);

#endif
