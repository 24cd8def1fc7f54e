// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of migration by access counters
 *
 * What svm/svm_counter.c remembers of regions. The device is there for its numbers alone, and
 * nothing runs.
 */

#include <kunit/test.h>
#include <linux/mm.h>

#include "../svm/svm.h"
#include "../svm/svm_counter.h"

#define REGION	VSVM_HW_COUNTER_REGION
#define R(n)	((u64)(n) * REGION)
#define NOTES	VSVM_COUNTER_NOTES

struct fixture {
	struct vsvm_svm svm;
	struct vsvm_pt pt;
};

static int setup(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	mutex_init(&f->pt.lock);
	f->svm.pt = &f->pt;
	f->svm.counter.notes = kunit_kcalloc(test, NOTES, sizeof(u64), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->svm.counter.notes);
	f->svm.counter.threshold = 100;
	test->priv = f;
	return 0;
}

static unsigned int returns(struct kunit *test, u64 region)
{
	struct fixture *f = test->priv;
	unsigned int times;

	mutex_lock(&f->pt.lock);
	times = vsvm_counter_returns(&f->svm, region);
	mutex_unlock(&f->pt.lock);
	return times;
}

static void note_as(struct kunit *test, u64 region, bool block)
{
	struct fixture *f = test->priv;

	mutex_lock(&f->pt.lock);
	vsvm_counter_note(&f->svm, region, block);
	mutex_unlock(&f->pt.lock);
}

static void note(struct kunit *test, u64 region)
{
	note_as(test, region, false);
}

static void forget(struct kunit *test, u64 start, u64 end)
{
	struct fixture *f = test->priv;

	mutex_lock(&f->pt.lock);
	vsvm_counter_forget(&f->svm, (struct vsvm_span) { start, end });
	mutex_unlock(&f->pt.lock);
}

/* Each move counts, up to the last that makes a difference. */
static void test_returns(struct kunit *test)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, returns(test, R(7)), 0);
	for (i = 1; i < VSVM_COUNTER_RETURNS + 3; i++) {
		note(test, R(7));
		KUNIT_EXPECT_EQ(test, returns(test, R(7)),
				min(i, VSVM_COUNTER_RETURNS));
	}
	KUNIT_EXPECT_EQ(test, returns(test, R(8)), 0);
}

/* The region at address 0 is one like others. */
static void test_zero(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, returns(test, 0), 0);
	note(test, 0);
	KUNIT_EXPECT_EQ(test, returns(test, 0), 1);
	forget(test, 0, R(1));
	KUNIT_EXPECT_EQ(test, returns(test, 0), 0);
}

/* Who takes the place of another has not moved yet, and the other is new when it is back. */
static void test_compete(struct kunit *test)
{
	unsigned int i, lost = 0;

	for (i = 0; i < 4 * NOTES; i++) {
		note(test, R(i));
		note(test, R(i));
		KUNIT_EXPECT_EQ(test, returns(test, R(i)), 2);
	}
	for (i = 0; i < 4 * NOTES; i++) {
		unsigned int times = returns(test, R(i));

		lost += !times;
		KUNIT_EXPECT_TRUE(test, times == 0 || times == 2);
	}
	KUNIT_EXPECT_GE(test, lost, 3 * NOTES);
	KUNIT_EXPECT_LT(test, lost, 4 * NOTES);
}

/* What is unmapped is forgotten, if only a page of it is, and what is beside it is not. */
static void test_forget(struct kunit *test)
{
	static const u64 kept[] = { R(8), R(12) };
	unsigned int i;

	for (i = 8; i < 13; i++)
		note(test, R(i));
	for (i = 8; i < 13; i++)
		KUNIT_ASSERT_EQ(test, returns(test, R(i)), 1);
	forget(test, R(10) - PAGE_SIZE, R(11) + PAGE_SIZE);
	for (i = 9; i < 12; i++)
		KUNIT_EXPECT_EQ(test, returns(test, R(i)), 0);
	for (i = 0; i < ARRAY_SIZE(kept); i++)
		KUNIT_EXPECT_EQ(test, returns(test, kept[i]), 1);
	/* More regions than there are notes. */
	forget(test, R(9), R(12) + NOTES * REGION);
	KUNIT_EXPECT_EQ(test, returns(test, R(8)), 1);
	KUNIT_EXPECT_EQ(test, returns(test, R(12)), 0);
	forget(test, 0, BIT_ULL(VSVM_VA_BITS));
	KUNIT_EXPECT_EQ(test, returns(test, R(8)), 0);
}

/* What moves as 2M counts for each of its regions, whichever was used, and for no other. */
static void test_block(struct kunit *test)
{
	const unsigned int regions = VSVM_PT_BLOCK_SIZE / REGION;
	unsigned int i;

	note_as(test, R(regions + 5), true);
	note_as(test, R(2 * regions - 1), true);
	for (i = regions; i < 2 * regions; i++)
		KUNIT_EXPECT_EQ(test, returns(test, R(i)), 2);
	KUNIT_EXPECT_EQ(test, returns(test, R(regions - 1)), 0);
	KUNIT_EXPECT_EQ(test, returns(test, R(2 * regions)), 0);
	/* The first region has a note of its own besides. */
	note(test, R(regions));
	KUNIT_EXPECT_EQ(test, returns(test, R(regions)), 3);
	KUNIT_EXPECT_EQ(test, returns(test, R(regions + 1)), 2);
	for (i = 0; i < VSVM_COUNTER_RETURNS; i++)
		note_as(test, R(regions + i), true);
	KUNIT_EXPECT_EQ(test, returns(test, R(regions + 1)), VSVM_COUNTER_RETURNS);
	/* A page of it is unmapped. */
	forget(test, R(regions + 7), R(regions + 7) + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, returns(test, R(regions + 1)), 0);
	KUNIT_EXPECT_EQ(test, returns(test, R(regions)), 3);
	/* At address 0, and where there are more regions than notes. */
	note_as(test, 0, true);
	KUNIT_EXPECT_EQ(test, returns(test, R(3)), 1);
	forget(test, R(3), R(3) + NOTES * REGION);
	KUNIT_EXPECT_EQ(test, returns(test, R(3)), 0);
}

static struct kunit_case counter_cases[] = {
	KUNIT_CASE(test_returns),
	KUNIT_CASE(test_zero),
	KUNIT_CASE(test_compete),
	KUNIT_CASE(test_forget),
	KUNIT_CASE(test_block),
	{}
};

static struct kunit_suite counter_suite = {
	.name = "vsvm-counter",
	.init = setup,
	.test_cases = counter_cases,
};

kunit_test_suite(counter_suite);
