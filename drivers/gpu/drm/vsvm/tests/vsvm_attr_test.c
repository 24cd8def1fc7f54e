// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of attributes
 *
 * What svm/svm_attr.c knows of ranges, and forgets when it is told that they are gone. There is no
 * process, so nothing can be found out of what is mapped: where more is noted than there are places
 * for, only the notes are looked at.
 */

#include <kunit/test.h>
#include <linux/mm.h>

#include <drm/vsvm_drm.h>

#include "../svm/svm.h"
#include "../svm/svm_atomic.h"
#include "../svm/svm_attr.h"

#define P(n)	((u64)(n) * PAGE_SIZE)
#define TOP	BIT_ULL(VSVM_VA_BITS)
#define AUTO	DRM_VSVM_PAGE_SIZE_AUTO
#define ONLY_4K	DRM_VSVM_PAGE_SIZE_4K
#define ONLY_2M	DRM_VSVM_PAGE_SIZE_2M

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
	f->svm.has_attrs = true;
	vsvm_attr_init(&f->svm);
	test->priv = f;
	return 0;
}

static void teardown(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (f)
		vsvm_attr_fini(&f->svm);
}

static void set(struct kunit *test, u64 start, u64 end, u32 value)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, mtree_store_range(&f->svm.attrs, start, end - 1, xa_mk_value(value),
						GFP_KERNEL), 0);
}

/* What is wanted at @addr, and how far that goes in @bounds. */
static void expect(struct kunit *test, u64 addr, struct vsvm_span bounds, u32 value, u64 start,
		   u64 end)
{
	struct fixture *f = test->priv;
	u32 got;

	mutex_lock(&f->svm.update_lock);
	got = vsvm_attr_get(&f->svm, addr, &bounds).page_size;
	mutex_unlock(&f->svm.update_lock);
	KUNIT_EXPECT_EQ_MSG(test, got, value, "at %#llx", addr);
	KUNIT_EXPECT_EQ_MSG(test, bounds.start, start, "at %#llx", addr);
	KUNIT_EXPECT_EQ_MSG(test, bounds.end, end, "at %#llx", addr);
}

static void unmapped(struct kunit *test, u64 start, u64 end)
{
	struct fixture *f = test->priv;

	mutex_lock(&f->pt.lock);
	vsvm_attr_unmapped(&f->svm, (struct vsvm_span) { start, end });
	mutex_unlock(&f->pt.lock);
}

static void forget(struct kunit *test)
{
	struct fixture *f = test->priv;

	mutex_lock(&f->svm.update_lock);
	KUNIT_EXPECT_EQ(test, vsvm_attr_forget(&f->svm), 0);
	mutex_unlock(&f->svm.update_lock);
	KUNIT_EXPECT_EQ(test, f->svm.num_gone, 0);
}

static const struct vsvm_span all = { 0, TOP };

static void test_none(struct kunit *test)
{
	expect(test, 0, all, AUTO, 0, TOP);
	expect(test, TOP - 1, all, AUTO, 0, TOP);
	forget(test);
	expect(test, P(5), (struct vsvm_span) { P(5), P(6) }, AUTO, P(5), P(6));
}

static void test_page_size(struct kunit *test)
{
	set(test, P(2), P(4), ONLY_4K);
	set(test, P(4), P(6), ONLY_2M);
	expect(test, P(2) - 1, all, AUTO, 0, P(2));
	expect(test, P(2), all, ONLY_4K, P(2), P(4));
	expect(test, P(4) - 1, all, ONLY_4K, P(2), P(4));
	expect(test, P(4), all, ONLY_2M, P(4), P(6));
	expect(test, P(6), all, AUTO, P(6), TOP);
	/* Bounds that are smaller stay. */
	expect(test, P(3), (struct vsvm_span) { P(3), P(5) }, ONLY_4K, P(3), P(4));
	expect(test, P(5), (struct vsvm_span) { P(5), P(9) }, ONLY_2M, P(5), P(6));
	expect(test, P(8), (struct vsvm_span) { P(7), P(9) }, AUTO, P(7), P(9));
}

/* At the ends of the space, and all of it. */
static void test_ends(struct kunit *test)
{
	set(test, 0, P(1), ONLY_2M);
	set(test, TOP - P(1), TOP, ONLY_4K);
	expect(test, 0, all, ONLY_2M, 0, P(1));
	expect(test, P(1), all, AUTO, P(1), TOP - P(1));
	expect(test, TOP - 1, all, ONLY_4K, TOP - P(1), TOP);
	set(test, 0, TOP, ONLY_4K);
	expect(test, P(77), all, ONLY_4K, 0, TOP);
}

/* A wish takes the place of the one before, and leaves what is beside it. */
static void test_over(struct kunit *test)
{
	set(test, P(10), P(20), ONLY_2M);
	set(test, P(13), P(15), ONLY_4K);
	expect(test, P(12), all, ONLY_2M, P(10), P(13));
	expect(test, P(13), all, ONLY_4K, P(13), P(15));
	expect(test, P(15), all, ONLY_2M, P(15), P(20));
	set(test, P(10), P(20), ONLY_4K);
	expect(test, P(14), all, ONLY_4K, P(10), P(20));
}

static void test_reset(struct kunit *test)
{
	struct fixture *f = test->priv;

	set(test, P(10), P(20), ONLY_2M);
	mutex_lock(&f->svm.update_lock);
	KUNIT_EXPECT_EQ(test, vsvm_attr_reset(&f->svm, P(12), P(13)), 0);
	mutex_unlock(&f->svm.update_lock);
	expect(test, P(11), all, ONLY_2M, P(10), P(12));
	expect(test, P(12), all, AUTO, P(12), P(13));
	expect(test, P(13), all, ONLY_2M, P(13), P(20));
	mutex_lock(&f->svm.update_lock);
	KUNIT_EXPECT_EQ(test, vsvm_attr_reset(&f->svm, 0, TOP), 0);
	mutex_unlock(&f->svm.update_lock);
	KUNIT_EXPECT_TRUE(test, mtree_empty(&f->svm.attrs));
}

/* What is gone is forgotten to the page, as often as it is said. */
static void test_forget(struct kunit *test)
{
	set(test, P(10), P(20), ONLY_2M);
	unmapped(test, P(8), P(11));
	unmapped(test, P(14), P(15));
	unmapped(test, P(14), P(15));
	unmapped(test, P(19), P(30));
	unmapped(test, P(100), P(200));
	forget(test);
	expect(test, P(10), all, AUTO, 0, P(11));
	expect(test, P(11), all, ONLY_2M, P(11), P(14));
	expect(test, P(14), all, AUTO, P(14), P(15));
	expect(test, P(18), all, ONLY_2M, P(15), P(19));
	expect(test, P(19), all, AUTO, P(19), TOP);
	/* A wish that is newer than the note stays. */
	set(test, P(14), P(15), ONLY_4K);
	forget(test);
	expect(test, P(14), all, ONLY_4K, P(14), P(15));
}

/* Who has no wishes notes nothing. */
static void test_no_notes(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->svm.has_attrs = false;
	unmapped(test, P(1), P(2));
	KUNIT_EXPECT_EQ(test, f->svm.num_gone, 0);
}

/* All but the last place are taken by one note each; the last spans the rest, and no more. */
static void test_full(struct kunit *test)
{
	const unsigned int last = VSVM_SVM_GONE - 1;
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < VSVM_SVM_GONE; i++)
		unmapped(test, P(10 * i), P(10 * i + 1));
	KUNIT_EXPECT_EQ(test, f->svm.num_gone, VSVM_SVM_GONE);
	unmapped(test, P(5), P(6));
	unmapped(test, P(500), P(600));
	unmapped(test, P(300), P(301));
	KUNIT_EXPECT_EQ(test, f->svm.num_gone, VSVM_SVM_GONE);
	for (i = 0; i < last; i++) {
		KUNIT_EXPECT_EQ(test, f->svm.gone[i].start, P(10 * i));
		KUNIT_EXPECT_EQ(test, f->svm.gone[i].end, P(10 * i + 1));
	}
	KUNIT_EXPECT_EQ(test, f->svm.gone[last].start, P(5));
	KUNIT_EXPECT_EQ(test, f->svm.gone[last].end, P(600));
}

/* What is heard of twice is noted once, also if it is a part of what was. */
static void test_twice(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < 2 * VSVM_SVM_GONE; i++)
		unmapped(test, P(10), P(20));
	unmapped(test, P(10), P(11));
	unmapped(test, P(19), P(20));
	KUNIT_EXPECT_EQ(test, f->svm.num_gone, 1);
	unmapped(test, P(19), P(21));
	KUNIT_EXPECT_EQ(test, f->svm.num_gone, 2);
}

static void uncover(struct kunit *test, u64 start, u64 end, struct list_head *news)
{
	struct fixture *f = test->priv;

	mutex_lock(&f->svm.update_lock);
	KUNIT_EXPECT_EQ(test, vsvm_attr_uncover(&f->svm, (struct vsvm_span) { start, end }, news),
			0);
	mutex_unlock(&f->svm.update_lock);
}

/* An interval goes: before, between and behind those in its place nothing has wishes. */
static void test_uncover(struct kunit *test)
{
	struct vsvm_interval *news = kunit_kcalloc(test, 2, sizeof(*news), GFP_KERNEL);
	LIST_HEAD(list);

	KUNIT_ASSERT_NOT_NULL(test, news);
	set(test, P(5), P(40), ONLY_2M);
	news[0].node.start = P(12);
	news[0].node.last = P(14) - 1;
	list_add_tail(&news[0].link, &list);
	/* It reaches further than the old one. */
	news[1].node.start = P(18);
	news[1].node.last = P(30) - 1;
	list_add_tail(&news[1].link, &list);
	uncover(test, P(10), P(20), &list);
	expect(test, P(5), all, ONLY_2M, P(5), P(10));
	expect(test, P(10), all, AUTO, P(10), P(12));
	expect(test, P(12), all, ONLY_2M, P(12), P(14));
	expect(test, P(14), all, AUTO, P(14), P(18));
	expect(test, P(18), all, ONLY_2M, P(18), P(40));
	INIT_LIST_HEAD(&list);
	uncover(test, P(20), P(50), &list);
	expect(test, P(18), all, ONLY_2M, P(18), P(20));
	expect(test, P(20), all, AUTO, P(20), TOP);
}

static void expect_packed(struct kunit *test, struct vsvm_attr attr)
{
	struct vsvm_attr got = vsvm_attr_unpack(vsvm_attr_pack(attr));

	KUNIT_EXPECT_NOT_NULL(test, vsvm_attr_pack(attr));
	KUNIT_EXPECT_EQ(test, got.page_size, attr.page_size);
	KUNIT_EXPECT_EQ(test, got.location, attr.location);
	KUNIT_EXPECT_EQ(test, got.granularity, attr.granularity);
	KUNIT_EXPECT_EQ(test, got.atomic, attr.atomic);
	KUNIT_EXPECT_EQ(test, got.accessed_by, attr.accessed_by);
	KUNIT_EXPECT_EQ(test, got.pinned, attr.pinned);
	KUNIT_EXPECT_EQ(test, got.read_mostly, attr.read_mostly);
}

/* Each attribute comes back as it was, alone and with all the others. */
static void test_pack(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, vsvm_attr_pack((struct vsvm_attr) {}));
	expect_packed(test, (struct vsvm_attr) { .page_size = ONLY_2M });
	expect_packed(test, (struct vsvm_attr) { .location = DRM_VSVM_LOCATION_VRAM });
	expect_packed(test, (struct vsvm_attr) { .granularity = VSVM_PT_SHIFT(1) });
	expect_packed(test, (struct vsvm_attr) { .atomic = DRM_VSVM_ATOMIC_EXCLUSIVE });
	expect_packed(test, (struct vsvm_attr) { .atomic = DRM_VSVM_ATOMIC_MIGRATE });
	expect_packed(test, (struct vsvm_attr) { .accessed_by = true });
	expect_packed(test, (struct vsvm_attr) { .pinned = true });
	expect_packed(test, (struct vsvm_attr) { .read_mostly = true });
	expect_packed(test, (struct vsvm_attr) {
		.page_size = ONLY_2M, .location = DRM_VSVM_LOCATION_VRAM,
		.granularity = VSVM_PT_SHIFT(1), .atomic = DRM_VSVM_ATOMIC_MIGRATE,
		.accessed_by = true, .pinned = true, .read_mostly = true,
	});
}

/* Which entries may have atomics. */
static void test_atomic_leaf(struct kunit *test)
{
	const u64 read = vsvm_pt_leaf(P(7), false), write = vsvm_pt_leaf(P(7), true);
	u8 mode;

	for (mode = DRM_VSVM_ATOMIC_DIRECT; mode <= DRM_VSVM_ATOMIC_MIGRATE; mode++) {
		KUNIT_EXPECT_EQ(test, vsvm_atomic_leaf(0, mode), 0);
		KUNIT_EXPECT_EQ(test, vsvm_atomic_leaf(read, mode), read);
		KUNIT_EXPECT_EQ(test, vsvm_atomic_leaf(write | VSVM_PTE_VRAM, mode),
				write | VSVM_PTE_VRAM);
		KUNIT_EXPECT_EQ(test, vsvm_atomic_leaf(write, mode),
				mode == DRM_VSVM_ATOMIC_DIRECT ? write : write & ~VSVM_PTE_ATOMIC);
	}
}

static struct kunit_case attr_cases[] = {
	KUNIT_CASE(test_none),
	KUNIT_CASE(test_page_size),
	KUNIT_CASE(test_ends),
	KUNIT_CASE(test_over),
	KUNIT_CASE(test_reset),
	KUNIT_CASE(test_forget),
	KUNIT_CASE(test_no_notes),
	KUNIT_CASE(test_full),
	KUNIT_CASE(test_twice),
	KUNIT_CASE(test_uncover),
	KUNIT_CASE(test_pack),
	KUNIT_CASE(test_atomic_leaf),
	{}
};

static struct kunit_suite attr_suite = {
	.name = "vsvm-attr",
	.init = setup,
	.exit = teardown,
	.test_cases = attr_cases,
};

kunit_test_suite(attr_suite);
