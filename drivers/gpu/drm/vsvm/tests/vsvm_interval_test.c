// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of interval arithmetic
 *
 * Which bounds an interval gets, svm/svm_policy.c: of a VMA those of the VMA, clipped by the range
 * for BOs and by what other intervals cover; else what the policy has. No notifier is involved.
 */

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include <drm/vsvm_drm.h>

#include "../svm/svm.h"
#include "../svm/svm_interval.h"
#include "../svm/svm_policy.h"

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
	f->svm.policy = vsvm_policy_get(DRM_VSVM_INTERVAL_POLICY_VMA);
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

static void expect_span_of(struct kunit *test, const char *name, u64 addr, struct vsvm_span vma,
			   struct vsvm_span want)
{
	struct fixture *f = test->priv;
	struct vsvm_span span;

	mutex_lock(&f->svm.update_lock);
	span = f->svm.policy->cover(&f->svm, addr, vma);
	mutex_unlock(&f->svm.update_lock);
	KUNIT_EXPECT_EQ_MSG(test, span.start, want.start, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, span.end, want.end, "%s", name);
}

static void expect_span(struct kunit *test, u64 addr, u64 vma_start, u64 vma_end, u64 start,
			u64 end)
{
	expect_span_of(test, "", addr, (struct vsvm_span) { vma_start, vma_end },
		       (struct vsvm_span) { start, end });
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

struct cover_case {
	const char *name;
	/* Of what there is; 0, 0 for none. */
	u64 bo_start, bo_end;
	struct vsvm_span intervals[3];
	/* Of the fault. */
	u64 addr;
	struct vsvm_span vma;
	struct vsvm_span want;
};

#define TOP	BIT_ULL(VSVM_VA_BITS)

static const struct cover_case cover_cases[] = {
	{ "first page", 0, 0, {}, 0, { 0, P(1) }, { 0, P(1) } },
	{ "last page", 0, 0, {}, TOP - P(1), { TOP - P(1), TOP }, { TOP - P(1), TOP } },
	{ "all", 0, 0, {}, TOP - 1, { 0, TOP }, { 0, TOP } },

	{ "BOs at 0, right behind", 0, P(4), {}, P(4), { 0, P(9) }, { P(4), P(9) } },
	{ "BOs at the top, right before", TOP - P(4), TOP, {}, TOP - P(4) - 1, { 0, TOP },
	  { 0, TOP - P(4) } },
	{ "BOs in one page, before", P(4), P(5), {}, P(3), { 0, P(9) }, { 0, P(4) } },
	{ "BOs in one page, behind", P(4), P(5), {}, P(5), { 0, P(9) }, { P(5), P(9) } },
	{ "BOs end at the VMA", P(4), P(5), {}, P(5), { P(5), P(9) }, { P(5), P(9) } },
	{ "BOs begin at the VMA's end", P(9), P(12), {}, P(5), { P(5), P(9) }, { P(5), P(9) } },
	{ "BOs elsewhere", P(20), P(30), {}, P(5), { P(5), P(9) }, { P(5), P(9) } },

	{ "one up to the address", 0, 0, { { P(2), P(5) } }, P(5), { P(3), P(9) }, { P(5), P(9) } },
	{ "one from behind the address", 0, 0, { { P(6), P(12) } }, P(5), { P(3), P(9) },
	  { P(3), P(6) } },
	{ "one on each side, a page between", 0, 0, { { P(1), P(5) }, { P(6), P(12) } }, P(6) - 1,
	  { P(3), P(9) }, { P(5), P(6) } },
	{ "begins at the VMA", 0, 0, { { P(3), P(5) } }, P(5), { P(3), P(9) }, { P(3), P(9) } },
	{ "begins a page before it", 0, 0, { { P(2), P(5) } }, P(7), { P(3), P(9) },
	  { P(5), P(9) } },
	{ "begins a page before it, first page", 0, 0, { { P(2), P(4) } }, P(4), { P(3), P(9) },
	  { P(4), P(9) } },
	{ "ends at the VMA's end", 0, 0, { { P(7), P(9) } }, P(5), { P(3), P(9) },
	  { P(3), P(9) } },
	{ "ends a page behind it", 0, 0, { { P(7), P(10) } }, P(5), { P(3), P(9) },
	  { P(3), P(7) } },
	{ "adjacent on both sides", 0, 0, { { P(1), P(3) }, { P(9), P(12) } }, P(5), { P(3), P(9) },
	  { P(3), P(9) } },
	{ "covers the address and before", 0, 0, { { P(1), P(6) } }, P(5), { P(3), P(9) },
	  { P(1), P(9) } },
	{ "covers the address and behind", 0, 0, { { P(5), P(12) } }, P(5), { P(3), P(9) },
	  { P(3), P(12) } },
	{ "covers all of the VMA and more", 0, 0, { { P(1), P(12) } }, P(5), { P(3), P(9) },
	  { P(1), P(12) } },
	{ "covers the whole space", 0, 0, { { 0, TOP } }, P(5), { P(3), P(9) }, { 0, TOP } },
	{ "within, at either end", 0, 0, { { P(3), P(4) }, { P(8), P(9) } }, P(5), { P(3), P(9) },
	  { P(3), P(9) } },
	{ "before, within, behind", 0, 0, { { P(1), P(4) }, { P(5), P(6) }, { P(8), P(10) } },
	  P(6), { P(3), P(9) }, { P(4), P(8) } },
	{ "VMA of one page, one before", 0, 0, { { P(2), P(3) } }, P(3), { P(3), P(4) },
	  { P(3), P(4) } },
	/* Both: the interval beyond is looked for where the BOs have cut the VMA. */
	{ "BOs behind, one before", P(6), P(8), { { P(1), P(4) } }, P(5), { P(3), P(12) },
	  { P(4), P(6) } },
	{ "BOs before, one behind", P(1), P(4), { { P(8), P(12) } }, P(5), { P(2), P(9) },
	  { P(4), P(8) } },
	{ "one that ends at the BOs", P(6), P(8), { { P(4), P(6) } }, P(3), { P(3), P(12) },
	  { P(3), P(6) } },
};

static void test_cover(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(cover_cases); i++) {
		const struct cover_case *c = &cover_cases[i];

		f->svm.bo_start = c->bo_start;
		f->svm.bo_end = c->bo_end;
		f->svm.intervals = RB_ROOT_CACHED;
		for (j = 0; j < ARRAY_SIZE(c->intervals) && c->intervals[j].end; j++)
			add(test, c->intervals[j].start, c->intervals[j].end);
		expect_span_of(test, c->name, c->addr, c->vma, c->want);
	}
}

/* The lowest of those that overlap a range, up to its last byte. */
static void test_first(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_interval *interval;

	KUNIT_EXPECT_NULL(test, vsvm_interval_first(&f->svm, 0, U64_MAX));
	add(test, TOP - P(1), TOP);
	add(test, P(4), P(5));
	add(test, 0, P(1));

	interval = vsvm_interval_first(&f->svm, 0, U64_MAX);
	KUNIT_ASSERT_NOT_NULL(test, interval);
	KUNIT_EXPECT_EQ(test, vsvm_interval_start(interval), 0);
	KUNIT_EXPECT_EQ(test, vsvm_interval_end(interval), P(1));
	KUNIT_EXPECT_NULL(test, vsvm_interval_first(&f->svm, P(1), P(4)));
	interval = vsvm_interval_first(&f->svm, P(1), P(4) + 1);
	KUNIT_ASSERT_NOT_NULL(test, interval);
	KUNIT_EXPECT_EQ(test, vsvm_interval_start(interval), P(4));
	interval = vsvm_interval_first(&f->svm, P(5), TOP);
	KUNIT_ASSERT_NOT_NULL(test, interval);
	KUNIT_EXPECT_EQ(test, vsvm_interval_end(interval), TOP);
	KUNIT_EXPECT_NULL(test, vsvm_interval_first(&f->svm, TOP, U64_MAX));
}

struct clip_case {
	const char *name;
	struct vsvm_span span, by, want;
};

static const struct clip_case clip_cases[] = {
	{ "the same", { P(2), P(5) }, { P(2), P(5) }, { P(2), P(5) } },
	{ "within", { P(3), P(4) }, { P(2), P(5) }, { P(3), P(4) } },
	{ "around", { 0, TOP }, { P(2), P(5) }, { P(2), P(5) } },
	{ "over the start", { P(1), P(3) }, { P(2), P(5) }, { P(2), P(3) } },
	{ "over the end", { P(4), P(6) }, { P(2), P(5) }, { P(4), P(5) } },
	{ "before", { 0, P(2) }, { P(2), P(5) }, { P(2), P(2) } },
	{ "behind", { P(5), P(6) }, { P(2), P(5) }, { P(5), P(5) } },
	{ "64 bits", { 0, U64_MAX }, { TOP - P(1), TOP }, { TOP - P(1), TOP } },
};

static void test_clip(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(clip_cases); i++) {
		const struct clip_case *c = &clip_cases[i];
		struct vsvm_span one = vsvm_span_clip(c->span, c->by);
		struct vsvm_span other = vsvm_span_clip(c->by, c->span);

		KUNIT_EXPECT_EQ_MSG(test, one.start, c->want.start, "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, one.end, c->want.end, "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, other.start, c->want.start, "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, other.end, c->want.end, "%s", c->name);
	}
}

struct policy_case {
	const char *name;
	u32 policy;
	u64 window;
	u64 bo_start, bo_end;
	u64 addr;
	struct vsvm_span want;
};

/* The VMA is always P(3)..P(9), and is no part of the answers. */
static const struct policy_case policy_cases[] = {
	{ "one page", DRM_VSVM_INTERVAL_POLICY_WINDOW, P(1), 0, 0, P(5), { P(5), P(6) } },
	{ "last byte", DRM_VSVM_INTERVAL_POLICY_WINDOW, P(4), 0, 0, P(8) - 1, { P(4), P(8) } },
	{ "first byte", DRM_VSVM_INTERVAL_POLICY_WINDOW, P(4), 0, 0, P(8), { P(8), P(12) } },
	{ "from 0", DRM_VSVM_INTERVAL_POLICY_WINDOW, P(512), 0, 0, P(5), { 0, P(512) } },
	{ "up to the top", DRM_VSVM_INTERVAL_POLICY_WINDOW, P(512), 0, 0, TOP - 1,
	  { TOP - P(512), TOP } },
	{ "largest", DRM_VSVM_INTERVAL_POLICY_WINDOW, SZ_1T, 0, 0, TOP - 1, { TOP - SZ_1T, TOP } },
	{ "BOs in it, before", DRM_VSVM_INTERVAL_POLICY_WINDOW, P(16), P(6), P(8), P(6) - 1,
	  { 0, P(6) } },
	{ "BOs in it, behind", DRM_VSVM_INTERVAL_POLICY_WINDOW, P(16), P(6), P(8), P(8),
	  { P(8), P(16) } },
	{ "all", DRM_VSVM_INTERVAL_POLICY_MM, 0, 0, 0, P(5), { 0, TOP } },
	{ "below the BOs", DRM_VSVM_INTERVAL_POLICY_MM, 0, P(6), P(8), P(6) - 1, { 0, P(6) } },
	{ "above the BOs", DRM_VSVM_INTERVAL_POLICY_MM, 0, P(6), P(8), P(8), { P(8), TOP } },
	{ "nothing registered", DRM_VSVM_INTERVAL_POLICY_REGISTERED, 0, 0, 0, P(5), {} },
};

/* Bounds by the other policies. */
static void test_policies(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(policy_cases); i++) {
		const struct policy_case *c = &policy_cases[i];

		f->svm.policy = vsvm_policy_get(c->policy);
		f->svm.window = c->window;
		f->svm.bo_start = c->bo_start;
		f->svm.bo_end = c->bo_end;
		expect_span_of(test, c->name, c->addr, (struct vsvm_span) { P(3), P(9) }, c->want);
	}
	KUNIT_EXPECT_NULL(test, vsvm_policy_get(DRM_VSVM_INTERVAL_POLICY_REGISTERED + 1));
	KUNIT_EXPECT_NULL(test, vsvm_policy_get(U32_MAX));
}

/* What is registered is the interval, whatever the VMA is. */
static void test_registered(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_span vma = { P(3), P(9) };

	f->svm.policy = vsvm_policy_get(DRM_VSVM_INTERVAL_POLICY_REGISTERED);
	add(test, P(4), P(5));
	add(test, P(6), P(12));
	expect_span_of(test, "before", P(4) - 1, vma, (struct vsvm_span) {});
	expect_span_of(test, "first", P(4), vma, (struct vsvm_span) { P(4), P(5) });
	expect_span_of(test, "between", P(5), vma, (struct vsvm_span) {});
	expect_span_of(test, "second", P(9) - 1, vma, (struct vsvm_span) { P(6), P(12) });
}

static void test_contains(struct kunit *test)
{
	const struct vsvm_span span = { P(3), P(9) };

	KUNIT_EXPECT_TRUE(test, vsvm_span_contains(span, span));
	KUNIT_EXPECT_TRUE(test, vsvm_span_contains(span, (struct vsvm_span) { P(4), P(5) }));
	KUNIT_EXPECT_FALSE(test, vsvm_span_contains(span, (struct vsvm_span) { P(2), P(9) }));
	KUNIT_EXPECT_FALSE(test, vsvm_span_contains(span, (struct vsvm_span) { P(3), P(10) }));
	KUNIT_EXPECT_FALSE(test, vsvm_span_contains(span, (struct vsvm_span) { P(4), P(4) }));
	KUNIT_EXPECT_FALSE(test, vsvm_span_contains(span, (struct vsvm_span) {}));
}

static struct kunit_case interval_cases[] = {
	KUNIT_CASE(test_find),
	KUNIT_CASE(test_first),
	KUNIT_CASE(test_clip),
	KUNIT_CASE(test_cover),
	KUNIT_CASE(test_alone),
	KUNIT_CASE(test_bo_range),
	KUNIT_CASE(test_inside),
	KUNIT_CASE(test_neighbours),
	KUNIT_CASE(test_larger),
	KUNIT_CASE(test_policies),
	KUNIT_CASE(test_registered),
	KUNIT_CASE(test_contains),
	{}
};

static struct kunit_suite interval_suite = {
	.name = "vsvm-interval",
	.init = setup,
	.test_cases = interval_cases,
};

kunit_test_suite(interval_suite);
