// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of bounds that change
 *
 * Which intervals a deferred update takes in, svm/svm_policy.c, and what is zapped where none is
 * left, svm/svm_interval.c. The tree of intervals is built by hand and the page table is one of a
 * real device; no notifier is involved.
 */

#include <kunit/test.h>

#include "../svm/svm.h"
#include "../svm/svm_interval.h"
#include "../svm/svm_policy.h"
#include "vsvm_test.h"

#define P(n)	((u64)(n) * PAGE_SIZE)
#define TOP	VSVM_TEST_END

struct fixture {
	struct vsvm_svm svm;
	struct vsvm_pt pt;
	struct vsvm_test_pt dev;
};

static int setup(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	vsvm_test_pt_init(test, &f->dev, &f->pt);
	mutex_init(&f->svm.update_lock);
	f->svm.pt = &f->pt;
	f->svm.intervals = RB_ROOT_CACHED;
	test->priv = f;
	return 0;
}

static void add(struct kunit *test, struct vsvm_span span)
{
	struct fixture *f = test->priv;
	struct vsvm_interval *interval = kunit_kzalloc(test, sizeof(*interval), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, interval);
	interval->node.start = span.start;
	interval->node.last = span.end - 1;
	interval_tree_insert(&interval->node, &f->svm.intervals);
}

struct swallow_case {
	const char *name;
	struct vsvm_span intervals[4];
	struct vsvm_span vma, span;
	struct vsvm_span want;
	/* How many it takes in. */
	unsigned int taken;
};

static const struct swallow_case swallow_cases[] = {
	{ "alone", {}, { P(2), P(8) }, { P(4), P(5) }, { P(4), P(5) }, 0 },
	{ "all of the VMA", { { P(1), P(2) }, { P(8), P(9) } }, { P(2), P(8) }, { P(2), P(8) },
	  { P(2), P(8) }, 0 },
	{ "before", { { P(3), P(4) } }, { P(2), P(8) }, { P(4), P(5) }, { P(3), P(5) }, 1 },
	{ "behind", { { P(5), P(6) } }, { P(2), P(8) }, { P(4), P(5) }, { P(4), P(6) }, 1 },
	{ "up to the start", { { P(2), P(4) } }, { P(2), P(8) }, { P(4), P(5) }, { P(2), P(5) },
	  1 },
	{ "up to the end", { { P(5), P(8) } }, { P(2), P(8) }, { P(4), P(5) }, { P(4), P(8) }, 1 },
	{ "beyond the start", { { P(1), P(4) } }, { P(2), P(8) }, { P(4), P(5) }, { P(4), P(5) },
	  0 },
	{ "beyond the end", { { P(5), P(9) } }, { P(2), P(8) }, { P(4), P(5) }, { P(4), P(5) }, 0 },
	{ "two on each side", { { P(2), P(3) }, { P(3), P(4) }, { P(5), P(7) }, { P(7), P(8) } },
	  { P(2), P(8) }, { P(4), P(5) }, { P(2), P(8) }, 4 },
	{ "a gap before", { { P(2), P(3) } }, { P(2), P(8) }, { P(4), P(5) }, { P(4), P(5) }, 0 },
	{ "a gap behind", { { P(6), P(7) } }, { P(2), P(8) }, { P(4), P(5) }, { P(4), P(5) }, 0 },
	{ "one, then a gap", { { P(5), P(6) }, { P(7), P(8) } }, { P(2), P(8) }, { P(4), P(5) },
	  { P(4), P(6) }, 1 },
	{ "one, then one beyond", { { P(1), P(3) }, { P(3), P(4) } }, { P(2), P(8) },
	  { P(4), P(5) }, { P(3), P(5) }, 1 },
	{ "to address 0", { { 0, P(4) } }, { 0, P(8) }, { P(4), P(8) }, { 0, P(8) }, 1 },
	{ "to the top", { { TOP - P(1), TOP } }, { P(2), TOP }, { P(2), TOP - P(1) },
	  { P(2), TOP }, 1 },
};

static void expect_swallow(struct kunit *test, const struct swallow_case *c)
{
	struct fixture *f = test->priv;
	struct vsvm_interval *interval;
	unsigned int i, taken = 0;
	struct vsvm_span span;
	u64 last = 0;
	LIST_HEAD(olds);

	f->svm.intervals = RB_ROOT_CACHED;
	for (i = 0; i < ARRAY_SIZE(c->intervals) && c->intervals[i].end; i++)
		add(test, c->intervals[i]);
	mutex_lock(&f->svm.update_lock);
	span = vsvm_policy_swallow(&f->svm, c->vma, c->span, &olds);
	mutex_unlock(&f->svm.update_lock);
	KUNIT_EXPECT_EQ_MSG(test, span.start, c->want.start, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, span.end, c->want.end, "%s", c->name);

	/* They come by rising address, all within the result. */
	list_for_each_entry(interval, &olds, link) {
		KUNIT_EXPECT_GE_MSG(test, vsvm_interval_start(interval), max(last, span.start),
				    "%s", c->name);
		KUNIT_EXPECT_LE_MSG(test, vsvm_interval_end(interval), span.end, "%s", c->name);
		last = vsvm_interval_end(interval);
		taken++;
	}
	KUNIT_EXPECT_EQ_MSG(test, taken, c->taken, "%s", c->name);
}

static void test_swallow(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(swallow_cases); i++)
		expect_swallow(test, &swallow_cases[i]);
}

struct uncovered_case {
	const char *name;
	struct vsvm_span intervals[3];
	struct vsvm_span range;
	/* Which of the pages 0..11 stay mapped, as a mask. */
	unsigned int left;
};

static const struct uncovered_case uncovered_cases[] = {
	{ "no interval", {}, { P(2), P(8) }, 0xf03 },
	{ "nothing", {}, { P(2), P(2) }, 0xfff },
	{ "one page", {}, { P(2), P(3) }, 0xffb },
	{ "all covered", { { P(2), P(8) } }, { P(2), P(8) }, 0xfff },
	{ "covered beyond", { { 0, P(12) } }, { P(2), P(8) }, 0xfff },
	{ "start covered", { { P(2), P(4) } }, { P(2), P(8) }, 0xf0f },
	{ "start covered from before", { { 0, P(4) } }, { P(2), P(8) }, 0xf0f },
	{ "end covered", { { P(6), P(8) } }, { P(2), P(8) }, 0xfc3 },
	{ "end covered beyond", { { P(7), P(10) } }, { P(2), P(8) }, 0xf83 },
	{ "middle covered", { { P(4), P(5) } }, { P(2), P(8) }, 0xf13 },
	{ "both ends covered", { { P(2), P(3) }, { P(7), P(8) } }, { P(2), P(8) }, 0xf87 },
	{ "one page between", { { P(1), P(4) }, { P(5), P(9) } }, { P(2), P(8) }, 0xfef },
	{ "none between", { { P(1), P(4) }, { P(4), P(9) } }, { P(2), P(8) }, 0xfff },
	{ "three", { { P(2), P(3) }, { P(4), P(5) }, { P(6), P(7) } }, { P(2), P(8) }, 0xf57 },
	{ "neighbours only", { { 0, P(2) }, { P(8), P(12) } }, { P(2), P(8) }, 0xf03 },
	{ "from address 0", { { P(4), P(12) } }, { 0, P(8) }, 0xff0 },
	{ "whole space", { { P(4), P(8) } }, { 0, TOP }, 0x0f0 },
};

static void expect_zap_uncovered(struct kunit *test, const struct uncovered_case *c)
{
	struct fixture *f = test->priv;
	u64 leaf = vsvm_test_leaf(&f->dev, 0, false);
	unsigned int i, left = 0;

	f->svm.intervals = RB_ROOT_CACHED;
	f->svm.stats.pages_zapped = 0;
	for (i = 0; i < ARRAY_SIZE(c->intervals) && c->intervals[i].end; i++)
		add(test, c->intervals[i]);
	KUNIT_ASSERT_EQ(test, vsvm_pt_cache_fill(&f->dev.cache, 0, P(12)), 0);

	mutex_lock(&f->pt.lock);
	for (i = 0; i < 12; i++)
		vsvm_pt_map_range(&f->pt, &f->dev.cache, P(i), &leaf, 1);
	vsvm_interval_zap_uncovered(&f->svm, c->range.start, c->range.end);
	for (i = 0; i < 12; i++)
		left |= !!vsvm_pt_lookup(&f->pt, P(i)) << i;
	mutex_unlock(&f->pt.lock);
	KUNIT_EXPECT_EQ_MSG(test, left, c->left, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, f->svm.stats.pages_zapped, 12 - hweight32(c->left), "%s",
			    c->name);
}

static void test_zap_uncovered(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(uncovered_cases); i++)
		expect_zap_uncovered(test, &uncovered_cases[i]);
}

/* Tables that are empty go with their pages. */
static void test_zap_uncovered_prunes(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 leaf = vsvm_test_leaf(&f->dev, 0, true) | VSVM_PTE_DIRTY;

	KUNIT_ASSERT_EQ(test, vsvm_pt_cache_fill(&f->dev.cache, TOP - P(1), TOP), 0);
	mutex_lock(&f->pt.lock);
	vsvm_pt_map_range(&f->pt, &f->dev.cache, TOP - P(1), &leaf, 1);
	KUNIT_EXPECT_EQ(test, f->pt.tables, VSVM_PT_LEVELS);
	vsvm_interval_zap_uncovered(&f->svm, TOP - P(2), TOP);
	KUNIT_EXPECT_EQ(test, f->pt.tables, 1);
	mutex_unlock(&f->pt.lock);
	KUNIT_EXPECT_EQ(test, f->svm.stats.pages_zapped, 1);
	KUNIT_EXPECT_EQ(test, f->svm.stats.pages_dirtied, 1);
}

static struct kunit_case update_cases[] = {
	KUNIT_CASE(test_swallow),
	KUNIT_CASE(test_zap_uncovered),
	KUNIT_CASE(test_zap_uncovered_prunes),
	{}
};

static struct kunit_suite update_suite = {
	.name = "vsvm-update",
	.init = setup,
	.test_cases = update_cases,
};

kunit_test_suite(update_suite);
