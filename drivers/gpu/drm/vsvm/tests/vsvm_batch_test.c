// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of fault batches
 *
 * Sorting and merging of fault records, and whose an error is, svm/svm_batch.c.
 */

#include <kunit/test.h>
#include <linux/mm.h>

#include "../svm/svm.h"
#include "../svm/svm_batch.h"
#include "../vsvm_fault.h"

#define BLOCK	VSVM_PT_BLOCK_SIZE
#define TOP	(BIT_ULL(VSVM_VA_BITS) - PAGE_SIZE)

static struct vsvm_svm_fault record(u64 addr, u8 access)
{
	return (struct vsvm_svm_fault) { .hw = { .addr = addr, .access = access } };
}

static void sort_batch(struct vsvm_svm_fault *faults, unsigned int count)
{
	static u64 keys[2 * VSVM_FAULT_BATCH];

	vsvm_batch_sort(faults, count, keys);
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

	sort_batch(faults, ARRAY_SIZE(faults));
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

	sort_batch(faults, ARRAY_SIZE(faults));
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

	sort_batch(faults, ARRAY_SIZE(faults));
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

	sort_batch(faults, ARRAY_SIZE(faults));
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
		expect_run(test, &run, i * PAGE_SIZE, (i + 1) * PAGE_SIZE, 1, 0, i == 1);
	}
	KUNIT_EXPECT_FALSE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
}

/* Nor must atomics be asked for because a neighbour has some, or not because it has none. */
static void test_atomic_splits(struct kunit *test)
{
	struct vsvm_svm_fault faults[] = {
		record(0, VSVM_ACCESS_WRITE),
		record(PAGE_SIZE, VSVM_ACCESS_WRITE),
		record(PAGE_SIZE + 8, VSVM_ACCESS_ATOMIC),
		record(2 * PAGE_SIZE, VSVM_ACCESS_ATOMIC),
		record(2 * PAGE_SIZE + 8, VSVM_ACCESS_READ),
		record(3 * PAGE_SIZE, VSVM_ACCESS_WRITE),
		record(4 * PAGE_SIZE, VSVM_ACCESS_READ),
	};
	struct vsvm_run run = {};

	sort_batch(faults, ARRAY_SIZE(faults));
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, 0, PAGE_SIZE, 1, 0, true);
	KUNIT_EXPECT_FALSE(test, run.atomic);
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, PAGE_SIZE, 3 * PAGE_SIZE, 4, 2, true);
	KUNIT_EXPECT_TRUE(test, run.atomic);

	/* What it meets is no error of who writes or reads. */
	vsvm_batch_fail(faults, &run, run.start, run.end, VSVM_ERROR_UNSUPPORTED);
	KUNIT_EXPECT_EQ(test, faults[1].hw.access, VSVM_ACCESS_ATOMIC);
	KUNIT_EXPECT_EQ(test, faults[1].error, VSVM_ERROR_UNSUPPORTED);
	KUNIT_EXPECT_EQ(test, faults[2].hw.access, VSVM_ACCESS_WRITE);
	KUNIT_EXPECT_EQ(test, faults[2].error, VSVM_ERROR_NONE);
	KUNIT_EXPECT_EQ(test, faults[3].error, VSVM_ERROR_UNSUPPORTED);
	KUNIT_EXPECT_EQ(test, faults[4].hw.access, VSVM_ACCESS_READ);
	KUNIT_EXPECT_EQ(test, faults[4].error, VSVM_ERROR_NONE);

	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, 3 * PAGE_SIZE, 4 * PAGE_SIZE, 1, 0, true);
	KUNIT_EXPECT_FALSE(test, run.atomic);
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, 4 * PAGE_SIZE, 5 * PAGE_SIZE, 1, 0, false);
	KUNIT_EXPECT_FALSE(test, run.atomic);
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
		faults[i] = record(BLOCK + (i - 1ULL) * PAGE_SIZE, VSVM_ACCESS_WRITE);

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

	sort_batch(faults, ARRAY_SIZE(faults));
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, 0, PAGE_SIZE, 1, 0, false);
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, TOP, TOP + PAGE_SIZE, 1, 0, false);
}

/* Every kind of access, and what it asks a page for. */
static void test_writes(struct kunit *test)
{
	static const bool writes[] = {
		[VSVM_ACCESS_READ] = false,
		[VSVM_ACCESS_WRITE] = true,
		[VSVM_ACCESS_ATOMIC] = true,
		[VSVM_ACCESS_PREFETCH] = false,
	};
	unsigned int access;

	for (access = 0; access < ARRAY_SIZE(writes); access++) {
		struct vsvm_svm_fault fault = record(0, access);

		KUNIT_EXPECT_EQ_MSG(test, vsvm_batch_writes(&fault), writes[access], "access %u",
				    access);
	}
}

/* Within a page what is for writing stands first, wherever in the page it is. */
static void test_sort_writes_first(struct kunit *test)
{
	struct vsvm_svm_fault faults[] = {
		record(PAGE_SIZE, VSVM_ACCESS_READ),
		record(PAGE_SIZE - 1, VSVM_ACCESS_WRITE),
		record(0, VSVM_ACCESS_READ),
		record(2 * PAGE_SIZE - 1, VSVM_ACCESS_WRITE),
		record(1, VSVM_ACCESS_PREFETCH),
	};
	struct vsvm_run run = {};

	sort_batch(faults, ARRAY_SIZE(faults));
	KUNIT_EXPECT_EQ(test, faults[0].hw.addr, PAGE_SIZE - 1);
	KUNIT_EXPECT_EQ(test, faults[3].hw.addr, 2 * PAGE_SIZE - 1);
	KUNIT_EXPECT_EQ(test, faults[4].hw.addr, PAGE_SIZE);
	/* So both pages are for writing, and one run. */
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, 0, 2 * PAGE_SIZE, 5, 3, true);
}

/* Whatever the order they come in, it is one batch; its errors and the rest of it move along. */
static void test_sort_any_order(struct kunit *test)
{
	struct vsvm_svm_fault faults[16], *f;
	unsigned int i, step;

	for (step = 1; step < ARRAY_SIZE(faults); step += 2) {
		for (i = 0; i < ARRAY_SIZE(faults); i++) {
			f = &faults[i * step % ARRAY_SIZE(faults)];
			*f = record(i / 2 * PAGE_SIZE,
				    i % 2 ? VSVM_ACCESS_READ : VSVM_ACCESS_WRITE);
			f->hw.queue = i;
		}
		sort_batch(faults, ARRAY_SIZE(faults));
		for (i = 0; i < ARRAY_SIZE(faults); i++)
			KUNIT_EXPECT_EQ_MSG(test, faults[i].hw.queue, i, "step %u", step);
	}
	sort_batch(faults, 0);
	sort_batch(faults, 1);
	KUNIT_EXPECT_EQ(test, faults[0].hw.queue, 0);
}

/* As many as there can be, far apart, in an order without any; each stays one record. */
static void test_sort_whole_batch(struct kunit *test)
{
	unsigned int i, at = 0, count = VSVM_FAULT_BATCH;
	struct vsvm_svm_fault *faults;

	faults = kunit_kcalloc(test, count, sizeof(*faults), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, faults);
	/* Takes each value once: the multiplier is one more than a multiple of 4. */
	for (i = 0; i < count; i++, at = (at * 141 + 77) % count) {
		faults[i] = record(TOP - at / 2 * (TOP / count & PAGE_MASK),
				   at % 2 ? VSVM_ACCESS_ATOMIC : VSVM_ACCESS_READ);
		faults[i].hw.queue = at;
		faults[i].hw.time_ns = ~at;
	}
	sort_batch(faults, count);
	for (i = 0; i < count; i++) {
		KUNIT_EXPECT_EQ(test, faults[i].hw.queue, count - 1 - i);
		KUNIT_EXPECT_EQ(test, faults[i].hw.time_ns, (u64)~(count - 1 - i));
	}
}

/* Records that are the same to the service stay as they came. */
static void test_sort_stable(struct kunit *test)
{
	struct vsvm_svm_fault faults[9];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		faults[i] = record(TOP + ARRAY_SIZE(faults) - i, VSVM_ACCESS_READ);
		faults[i].hw.queue = i;
	}
	faults[8].hw.addr = 0;
	sort_batch(faults, ARRAY_SIZE(faults));
	KUNIT_EXPECT_EQ(test, faults[0].hw.queue, 8);
	for (i = 1; i < ARRAY_SIZE(faults); i++)
		KUNIT_EXPECT_EQ(test, faults[i].hw.queue, i - 1);
}

/* A whole batch of one page: one run. */
static void test_one_page(struct kunit *test)
{
	struct vsvm_svm_fault *faults;
	struct vsvm_run run = {};
	unsigned int i;

	faults = kunit_kcalloc(test, VSVM_FAULT_BATCH, sizeof(*faults), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, faults);
	for (i = 0; i < VSVM_FAULT_BATCH; i++)
		faults[i] = record(TOP + i, VSVM_ACCESS_READ);
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, VSVM_FAULT_BATCH, &run));
	expect_run(test, &run, TOP, TOP + PAGE_SIZE, VSVM_FAULT_BATCH, VSVM_FAULT_BATCH - 1, false);
	KUNIT_EXPECT_FALSE(test, vsvm_batch_next(faults, VSVM_FAULT_BATCH, &run));
}

/* A gap of one page, and none of less. */
static void test_gap(struct kunit *test)
{
	struct vsvm_svm_fault faults[] = {
		record(0, VSVM_ACCESS_WRITE),
		record(2 * PAGE_SIZE, VSVM_ACCESS_WRITE),
		record(3 * PAGE_SIZE, VSVM_ACCESS_WRITE),
	};
	struct vsvm_run run = {};

	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, 0, PAGE_SIZE, 1, 0, true);
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, 2 * PAGE_SIZE, 4 * PAGE_SIZE, 2, 0, true);
}

/* An error is of the pages that could not be served, and of who asked as the run did. */
static void test_fail(struct kunit *test)
{
	struct vsvm_svm_fault faults[] = {
		record(0, VSVM_ACCESS_READ),
		record(2 * PAGE_SIZE, VSVM_ACCESS_WRITE),
		record(2 * PAGE_SIZE, VSVM_ACCESS_READ),
		record(3 * PAGE_SIZE - 1, VSVM_ACCESS_PREFETCH),
		record(3 * PAGE_SIZE, VSVM_ACCESS_WRITE),
		record(3 * PAGE_SIZE, VSVM_ACCESS_READ),
		record(5 * PAGE_SIZE, VSVM_ACCESS_WRITE),
	};
	static const u32 first[] = { 0, 1, 0, 0, 0, 0, 0 };
	static const u32 second[] = { 0, 1, 0, 0, 2, 0, 0 };
	struct vsvm_run run = {};
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	expect_run(test, &run, 2 * PAGE_SIZE, 4 * PAGE_SIZE, 5, 3, true);

	vsvm_batch_fail(faults, &run, 0, 2 * PAGE_SIZE, 3);
	vsvm_batch_fail(faults, &run, 4 * PAGE_SIZE, U64_MAX, 3);
	vsvm_batch_fail(faults, &run, 3 * PAGE_SIZE, 3 * PAGE_SIZE, 3);
	vsvm_batch_fail(faults, &run, 2 * PAGE_SIZE, 3 * PAGE_SIZE, 1);
	for (i = 0; i < ARRAY_SIZE(faults); i++)
		KUNIT_EXPECT_EQ_MSG(test, faults[i].error, first[i], "record %u", i);
	vsvm_batch_fail(faults, &run, 3 * PAGE_SIZE, 4 * PAGE_SIZE, 2);
	for (i = 0; i < ARRAY_SIZE(faults); i++)
		KUNIT_EXPECT_EQ_MSG(test, faults[i].error, second[i], "record %u", i);
}

/* A record's address is exact to the byte: all of a page's are its. */
static void test_fail_reads(struct kunit *test)
{
	struct vsvm_svm_fault faults[] = {
		record(TOP, VSVM_ACCESS_READ),
		record(TOP + PAGE_SIZE - 1, VSVM_ACCESS_PREFETCH),
	};
	struct vsvm_run run = {};

	KUNIT_ASSERT_TRUE(test, vsvm_batch_next(faults, ARRAY_SIZE(faults), &run));
	vsvm_batch_fail(faults, &run, TOP, TOP + PAGE_SIZE, VSVM_ERROR_BUS);
	KUNIT_EXPECT_EQ(test, faults[0].error, VSVM_ERROR_BUS);
	KUNIT_EXPECT_EQ(test, faults[1].error, VSVM_ERROR_BUS);
}

static struct kunit_case batch_cases[] = {
	KUNIT_CASE(test_empty),
	KUNIT_CASE(test_sort_wide),
	KUNIT_CASE(test_neighbours),
	KUNIT_CASE(test_write_decides),
	KUNIT_CASE(test_access_splits),
	KUNIT_CASE(test_atomic_splits),
	KUNIT_CASE(test_block_splits),
	KUNIT_CASE(test_whole_block),
	KUNIT_CASE(test_ends_of_the_address_space),
	KUNIT_CASE(test_writes),
	KUNIT_CASE(test_sort_writes_first),
	KUNIT_CASE(test_sort_any_order),
	KUNIT_CASE(test_sort_whole_batch),
	KUNIT_CASE(test_sort_stable),
	KUNIT_CASE(test_one_page),
	KUNIT_CASE(test_gap),
	KUNIT_CASE(test_fail),
	KUNIT_CASE(test_fail_reads),
	{}
};

static struct kunit_suite batch_suite = {
	.name = "vsvm-batch",
	.test_cases = batch_cases,
};

kunit_test_suite(batch_suite);
