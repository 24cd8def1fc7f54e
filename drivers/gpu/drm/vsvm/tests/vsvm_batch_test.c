// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of fault batches
 *
 * Sorting and merging of fault records, svm/svm_batch.c.
 */

#include <kunit/test.h>
#include <linux/mm.h>

#include "../svm/svm.h"
#include "../svm/svm_batch.h"

#define BLOCK	VSVM_PT_BLOCK_SIZE
#define TOP	(BIT_ULL(VSVM_VA_BITS) - PAGE_SIZE)

static struct vsvm_svm_fault record(u64 addr, u8 access)
{
	return (struct vsvm_svm_fault) { .hw = { .addr = addr, .access = access } };
}

static void expect_run(struct kunit *test, const struct vsvm_run *run, u64 start, u64 end,
		       unsigned int count, unsigned int duplicates, bool write)
{
	KUNIT_EXPECT_EQ(test, run->start, start);
	KUNIT_EXPECT_EQ(test, run->end, end);
	KUNIT_EXPECT_EQ(test, run->count, count);
	KUNIT_EXPECT_EQ(test, run->duplicates, duplicates);
	KUNIT_EXPECT_EQ(test, run->write, write);
}

static void test_empty(struct kunit *test)
{
	struct vsvm_run run = {};

	KUNIT_EXPECT_FALSE(test, vsvm_batch_next(NULL, 0, &run));
}

/* Addresses that differ only in their upper halves: a comparison that truncates gets them wrong. */
static void test_sort_wide(struct kunit *test)
{
	struct vsvm_svm_fault faults[] = {
		record(TOP, VSVM_ACCESS_READ),
		record(0x100000000, VSVM_ACCESS_READ),
		record(0, VSVM_ACCESS_READ),
		record(0x7f0000000000, VSVM_ACCESS_READ),
		record(0x200000000, VSVM_ACCESS_READ),
	};
	unsigned int i;

	vsvm_batch_sort(faults, ARRAY_SIZE(faults));
	for (i = 1; i < ARRAY_SIZE(faults); i++)
		KUNIT_EXPECT_LT(test, faults[i - 1].hw.addr, faults[i].hw.addr);
}

static void test_neighbours(struct kunit *test)
{
	struct vsvm_svm_fault faults[] = {
		record(3 * PAGE_SIZE, VSVM_ACCESS_READ),
		record(PAGE_SIZE + 5, VSVM_ACCESS_READ),
		record(2 * PAGE_SIZE - 1, VSVM_ACCESS_READ),
		record(2 * PAGE_SIZE, VSVM_ACCESS_PREFETCH),
		record(5 * PAGE_SIZE, VSVM_ACCESS_READ),
	};
	struct vsvm_run run = {};

	vsvm_batch_sort(faults, ARRAY_SIZE(faults));
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, PAGE_SIZE, 4 * PAGE_SIZE, 4, 1, false);
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, 5 * PAGE_SIZE, 6 * PAGE_SIZE, 1, 0, false);
	KUNIT_EXPECT_FALSE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
}

/* A page that is read and written is asked for once, for writing. */
static void test_write_decides(struct kunit *test)
{
	struct vsvm_svm_fault faults[] = {
		record(PAGE_SIZE, VSVM_ACCESS_READ),
		record(PAGE_SIZE + 8, VSVM_ACCESS_ATOMIC),
		record(PAGE_SIZE + 16, VSVM_ACCESS_READ),
		record(PAGE_SIZE + 24, VSVM_ACCESS_WRITE),
	};
	struct vsvm_run run = {};

	vsvm_batch_sort(faults, ARRAY_SIZE(faults));
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, PAGE_SIZE, 2 * PAGE_SIZE, 4, 3, true);
	KUNIT_EXPECT_FALSE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
}

/* Reading must not become writing because a neighbour is written. */
static void test_access_splits(struct kunit *test)
{
	struct vsvm_svm_fault faults[] = {
		record(0, VSVM_ACCESS_READ),
		record(PAGE_SIZE, VSVM_ACCESS_WRITE),
		record(2 * PAGE_SIZE, VSVM_ACCESS_READ),
	};
	struct vsvm_run run = {};
	unsigned int i;

	vsvm_batch_sort(faults, ARRAY_SIZE(faults));
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
		expect_run(test, &run, i * PAGE_SIZE, (i + 1) * PAGE_SIZE, 1, 0, i == 1);
	}
	KUNIT_EXPECT_FALSE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
}

/* One table of the MMU serves a run: it ends where a block does. */
static void test_block_splits(struct kunit *test)
{
	struct vsvm_svm_fault faults[] = {
		record(BLOCK - PAGE_SIZE, VSVM_ACCESS_READ),
		record(BLOCK, VSVM_ACCESS_READ),
		record(BLOCK + PAGE_SIZE, VSVM_ACCESS_READ),
	};
	struct vsvm_run run = {};

	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, BLOCK - PAGE_SIZE, BLOCK, 1, 0, false);
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, BLOCK, BLOCK + 2 * PAGE_SIZE, 2, 0, false);
}

static void test_whole_block(struct kunit *test)
{
	unsigned int i, count = BLOCK / PAGE_SIZE;
	struct vsvm_svm_fault *faults;
	struct vsvm_run run = {};

	faults = kunit_kcalloc(test, count + 2, sizeof(*faults), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, faults);
	for (i = 0; i < count + 2; i++)
		faults[count + 1 - i] = record(BLOCK + (i - 1ULL) * PAGE_SIZE, VSVM_ACCESS_WRITE);

	vsvm_batch_sort(faults, count + 2);
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, count + 2, &run));
	expect_run(test, &run, BLOCK - PAGE_SIZE, BLOCK, 1, 0, true);
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, count + 2, &run));
	expect_run(test, &run, BLOCK, 2 * BLOCK, count, 0, true);
	KUNIT_EXPECT_LE(test, (run.end - run.start) / PAGE_SIZE, VSVM_SVM_RUN_PAGES);
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, count + 2, &run));
	expect_run(test, &run, 2 * BLOCK, 2 * BLOCK + PAGE_SIZE, 1, 0, true);
}

static void test_ends_of_the_address_space(struct kunit *test)
{
	struct vsvm_svm_fault faults[] = {
		record(TOP + PAGE_SIZE - 1, VSVM_ACCESS_READ),
		record(0, VSVM_ACCESS_READ),
	};
	struct vsvm_run run = {};

	vsvm_batch_sort(faults, ARRAY_SIZE(faults));
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, 0, PAGE_SIZE, 1, 0, false);
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, TOP, TOP + PAGE_SIZE, 1, 0, false);
}

static struct kunit_case batch_cases[] = {
	KUNIT_CASE(test_empty),
	KUNIT_CASE(test_sort_wide),
	KUNIT_CASE(test_neighbours),
	KUNIT_CASE(test_write_decides),
	KUNIT_CASE(test_access_splits),
	KUNIT_CASE(test_block_splits),
	KUNIT_CASE(test_whole_block),
	KUNIT_CASE(test_ends_of_the_address_space),
	{}
};

static struct kunit_suite batch_suite = {
	.name = "vsvm-batch",
	.test_cases = batch_cases,
};

kunit_test_suite(batch_suite);
