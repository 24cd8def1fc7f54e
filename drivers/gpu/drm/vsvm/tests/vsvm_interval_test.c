// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of interval arithmetic
 *
 * Which bounds an interval gets, svm/svm_interval.c: the VMA's, clipped by the range for BOs and by
 * what other intervals cover. No notifier is involved.
 */

#include <kunit/test.h>
#include <linux/mm.h>

#include "../svm/svm.h"
#include "../svm/svm_interval.h"

#define P(n)	((u64)(n) * PAGE_SIZE)

struct fixture {
	struct vsvm_svm svm;
	struct vsvm_pt pt;
};

static int setup(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	mutex_init(&f->svm.update_lock);
	mutex_init(&f->pt.lock);
	f->svm.pt = &f->pt;
	f->svm.intervals = RB_ROOT_CACHED;
	test->priv = f;
	return 0;
}

static void add(struct kunit *test, u64 start, u64 end)
{
	struct fixture *f = test->priv;
	struct vsvm_interval *interval = kunit_kzalloc(test, sizeof(*interval), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, interval);
	interval->node.start = start;
	interval->node.last = end - 1;
	interval_tree_insert(&interval->node, &f->svm.intervals);
}

static void expect_span(struct kunit *test, u64 addr, u64 vma_start, u64 vma_end, u64 start,
			u64 end)
{
	struct fixture *f = test->priv;
	struct vsvm_span span;

	mutex_lock(&f->svm.update_lock);
	span = vsvm_interval_cover_span(&f->svm, addr, (struct vsvm_span) { vma_start, vma_end });
	mutex_unlock(&f->svm.update_lock);
	KUNIT_EXPECT_EQ(test, span.start, start);
	KUNIT_EXPECT_EQ(test, span.end, end);
}

static void test_find(struct kunit *test)
{
	struct fixture *f = test->priv;

	add(test, P(2), P(4));
	mutex_lock(&f->svm.update_lock);
	KUNIT_EXPECT_NULL(test, vsvm_interval_find(&f->svm, P(2) - 1));
	KUNIT_EXPECT_NOT_NULL(test, vsvm_interval_find(&f->svm, P(2)));
	KUNIT_EXPECT_NOT_NULL(test, vsvm_interval_find(&f->svm, P(4) - 1));
	KUNIT_EXPECT_NULL(test, vsvm_interval_find(&f->svm, P(4)));
	KUNIT_EXPECT_NULL(test, vsvm_interval_find(&f->svm, 0));
	mutex_unlock(&f->svm.update_lock);
}

static void test_alone(struct kunit *test)
{
	u64 top = BIT_ULL(VSVM_VA_BITS);

	expect_span(test, 0, 0, P(1), 0, P(1));
	expect_span(test, top - 1, top - P(1), top, top - P(1), top);
	expect_span(test, P(5), 0, top, 0, top);
}

/* The range for BOs is never covered, whichever side the fault is on. */
static void test_bo_range(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->svm.bo_start = P(10);
	f->svm.bo_end = P(20);
	expect_span(test, P(9), P(5), P(30), P(5), P(10));
	expect_span(test, P(20), P(5), P(30), P(20), P(30));
	expect_span(test, P(10) - 1, P(9), P(10), P(9), P(10));
	expect_span(test, P(20), P(20), P(21), P(20), P(21));
	f->svm.bo_start = 0;
	expect_span(test, P(20), 0, P(30), P(20), P(30));
}

/* Intervals within the VMA are swallowed, so they do not limit. */
static void test_inside(struct kunit *test)
{
	add(test, P(2), P(3));
	add(test, P(5), P(8));
	expect_span(test, P(4), P(2), P(8), P(2), P(8));
	expect_span(test, P(6), P(2), P(8), P(2), P(8));
	expect_span(test, P(8), P(2), P(9), P(2), P(9));
}

/* Intervals that reach beyond the VMA keep what they have. */
static void test_neighbours(struct kunit *test)
{
	add(test, P(1), P(4));
	add(test, P(8), P(12));
	expect_span(test, P(5), P(2), P(10), P(4), P(8));
	expect_span(test, P(4), P(2), P(10), P(4), P(8));
	expect_span(test, P(8) - 1, P(2), P(10), P(4), P(8));
	/* Adjacent, but not in the VMA. */
	expect_span(test, P(5), P(4), P(8), P(4), P(8));
}

/* An interval that covers the address and more than the VMA is left as large as it is. */
static void test_larger(struct kunit *test)
{
	add(test, P(1), P(12));
	expect_span(test, P(5), P(2), P(10), P(1), P(12));
	/* The VMA has grown at one end, and another VMA is at the other. */
	expect_span(test, P(5), P(2), P(20), P(1), P(20));
	expect_span(test, P(5), 0, P(10), 0, P(12));
}

static struct kunit_case interval_cases[] = {
	KUNIT_CASE(test_find),
	KUNIT_CASE(test_alone),
	KUNIT_CASE(test_bo_range),
	KUNIT_CASE(test_inside),
	KUNIT_CASE(test_neighbours),
	KUNIT_CASE(test_larger),
	{}
};

static struct kunit_suite interval_suite = {
	.name = "vsvm-interval",
	.init = setup,
	.test_cases = interval_cases,
};

kunit_test_suite(interval_suite);
