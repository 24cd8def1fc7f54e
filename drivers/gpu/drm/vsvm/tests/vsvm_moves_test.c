// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of what has moved of late
 *
 * What svm/svm_moves.c makes of moves that follow each other at once, at the edges of blocks and of
 * the address space. How long it remembers is not waited for.
 */

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/xarray.h>

#include "../svm/svm.h"
#include "../svm/svm_density.h"
#include "../svm/svm_moves.h"
#include "../svm/svm_pages.h"
#include "vsvm_test.h"

#define BLOCK	VSVM_PT_BLOCK_SIZE
#define LEAF	VSVM_DENSITY_LEAF
#define HALF	(BLOCK / 2)
/* Block @n, and the last one of all addresses that a process may have. */
#define B(n)	((u64)(n) * BLOCK)
#define TOP	(BIT_ULL(VSVM_VA_BITS) - BLOCK)

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
	xa_init(&f->svm.vram.moves);
	f->svm.pt = &f->pt;
	test->priv = f;
	return 0;
}

static void clean(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (f)
		xa_destroy(&f->svm.vram.moves);
}

/* It moves because of a page at @addr. */
static void note_for(struct kunit *test, u64 start, u64 end, u64 addr, bool asked)
{
	struct vsvm_request req = { .start = addr, .end = addr + PAGE_SIZE, .asked = asked };
	struct fixture *f = test->priv;

	mutex_lock(&f->svm.update_lock);
	vsvm_moves_note(&f->svm, (struct vsvm_span) { start, end }, &req);
	mutex_unlock(&f->svm.update_lock);
}

/* Because somebody has asked for it. */
static void note(struct kunit *test, u64 start, u64 end)
{
	note_for(test, start, end, start, true);
}

/* The GPU has a page mapped, and has used it or not. */
static void map(struct kunit *test, u64 addr, bool used)
{
	struct fixture *f = test->priv;
	u64 leaf = vsvm_test_leaf(&f->dev, 0, true) | (used ? VSVM_PTE_ACCESSED : 0);

	vsvm_test_map(test, &f->dev, addr, &leaf, 1);
}

/* It has moved, and its first and its last page have been used. */
static void note_used(struct kunit *test, u64 start, u64 end)
{
	note(test, start, end);
	map(test, start, true);
	map(test, end - PAGE_SIZE, true);
}

static void unmap(struct kunit *test, u64 start, u64 end)
{
	struct fixture *f = test->priv;

	mutex_lock(&f->pt.lock);
	vsvm_moves_unmapped(&f->svm, (struct vsvm_span) { start, end });
	mutex_unlock(&f->pt.lock);
}

/* Is the page at @addr the next one of a stream, where @block may move? */
static bool stream_in(struct kunit *test, u64 addr, struct vsvm_span block)
{
	struct vsvm_request req = { .start = addr, .end = addr + PAGE_SIZE };
	struct fixture *f = test->priv;
	bool ret;

	mutex_lock(&f->svm.update_lock);
	ret = vsvm_moves_stream(&f->svm, block, &req);
	mutex_unlock(&f->svm.update_lock);
	return ret;
}

static bool stream(struct kunit *test, u64 addr)
{
	u64 block = ALIGN_DOWN(addr, BLOCK);

	return stream_in(test, addr, (struct vsvm_span) { block, block + BLOCK });
}

static bool thrash(struct kunit *test, u64 addr)
{
	struct fixture *f = test->priv;
	bool ret;

	mutex_lock(&f->svm.update_lock);
	ret = vsvm_moves_thrash(&f->svm, addr);
	mutex_unlock(&f->svm.update_lock);
	return ret;
}

/* It takes the last page of the block before, and an access to the first 64K. */
static void test_forward(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, stream(test, B(7)));
	note_used(test, B(6), B(7) - PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, stream(test, B(7)));
	note_used(test, B(7) - PAGE_SIZE, B(7));
	KUNIT_EXPECT_TRUE(test, stream(test, B(7)));
	KUNIT_EXPECT_TRUE(test, stream(test, B(7) + LEAF - PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, stream(test, B(7) + LEAF));
	KUNIT_EXPECT_FALSE(test, stream(test, B(8) - PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, stream(test, B(8)));
	/* Nor in the other direction. */
	KUNIT_EXPECT_FALSE(test, stream(test, B(6) - PAGE_SIZE));
}

static void test_backward(struct kunit *test)
{
	note_used(test, B(6) + PAGE_SIZE, B(7));
	KUNIT_EXPECT_FALSE(test, stream(test, B(6) - PAGE_SIZE));
	note_used(test, B(6), B(6) + PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, stream(test, B(6) - PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, stream(test, B(6) - LEAF));
	KUNIT_EXPECT_FALSE(test, stream(test, B(6) - LEAF - PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, stream(test, B(5)));
}

/* That it has moved is not enough, nor that something of it was used: it takes the nearer half. */
static void test_used(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 leaf = B(9) | VSVM_PTE_VALID | VSVM_PTE_LEAF | VSVM_PTE_ACCESSED;

	note(test, B(6), B(7));
	KUNIT_EXPECT_FALSE(test, stream(test, B(7)));
	map(test, B(7) - PAGE_SIZE, false);
	map(test, B(6) + HALF - PAGE_SIZE, true);
	KUNIT_EXPECT_FALSE(test, stream(test, B(7)));
	KUNIT_EXPECT_TRUE(test, stream(test, B(6) - PAGE_SIZE));
	note(test, B(16), B(17));
	map(test, B(16) + HALF, true);
	KUNIT_EXPECT_TRUE(test, stream(test, B(17)));
	KUNIT_EXPECT_FALSE(test, stream(test, B(16) - PAGE_SIZE));
	/* A page of 2M has one mark for all of it. */
	note(test, B(9), B(10));
	KUNIT_ASSERT_EQ(test, vsvm_pt_cache_fill(&f->dev.cache, B(9), B(10)), 0);
	mutex_lock(&f->pt.lock);
	KUNIT_EXPECT_TRUE(test, vsvm_pt_map_large(&f->pt, &f->dev.cache, B(9), leaf, 1));
	mutex_unlock(&f->pt.lock);
	KUNIT_EXPECT_FALSE(test, stream(test, B(10)));
}

/* Who has faulted on a page of it need not have used it yet; a prefetch is no fault. */
static void test_faulted(struct kunit *test)
{
	note_for(test, B(6), B(7), B(6) + HALF - PAGE_SIZE, false);
	KUNIT_EXPECT_FALSE(test, stream(test, B(7)));
	KUNIT_EXPECT_TRUE(test, stream(test, B(6) - PAGE_SIZE));
	note_for(test, B(6), B(7), B(7) - PAGE_SIZE, true);
	KUNIT_EXPECT_FALSE(test, stream(test, B(7)));
	KUNIT_EXPECT_FALSE(test, stream(test, B(6) - PAGE_SIZE));
	note_for(test, B(6), B(7), B(6) + HALF, false);
	KUNIT_EXPECT_TRUE(test, stream(test, B(7)));
	KUNIT_EXPECT_FALSE(test, stream(test, B(6) - PAGE_SIZE));
}

static void faulted(struct kunit *test, u64 start, u64 end)
{
	struct fixture *f = test->priv;

	mutex_lock(&f->svm.update_lock);
	vsvm_moves_faulted(&f->svm, start, end);
	mutex_unlock(&f->svm.update_lock);
}

/* So do faults that find all of it mapped, where something has moved. */
static void test_faulted_later(struct kunit *test)
{
	faulted(test, B(7) - PAGE_SIZE, B(7));
	KUNIT_EXPECT_FALSE(test, stream(test, B(7)));
	note_for(test, B(6), B(7), B(6), true);
	KUNIT_EXPECT_FALSE(test, stream(test, B(7)));
	KUNIT_EXPECT_FALSE(test, stream(test, B(6) - PAGE_SIZE));
	faulted(test, B(6) + PAGE_SIZE, B(6) + HALF);
	KUNIT_EXPECT_FALSE(test, stream(test, B(7)));
	KUNIT_EXPECT_TRUE(test, stream(test, B(6) - PAGE_SIZE));
	faulted(test, B(6) + HALF - PAGE_SIZE, B(6) + HALF + PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, stream(test, B(7)));
}

/* What may move begins, or ends, in the block: nothing is beside it. */
static void test_part(struct kunit *test)
{
	note_used(test, B(6), B(7));
	KUNIT_EXPECT_FALSE(test, stream_in(test, B(7) + PAGE_SIZE, (struct vsvm_span) {
		B(7) + PAGE_SIZE, B(8)
	}));
	KUNIT_EXPECT_TRUE(test, stream_in(test, B(7), (struct vsvm_span) {
		B(7), B(7) + PAGE_SIZE
	}));
	KUNIT_EXPECT_FALSE(test, stream_in(test, B(6) - 2 * PAGE_SIZE, (struct vsvm_span) {
		B(5), B(6) - PAGE_SIZE
	}));
	KUNIT_EXPECT_TRUE(test, stream_in(test, B(6) - PAGE_SIZE, (struct vsvm_span) {
		B(6) - PAGE_SIZE, B(6)
	}));
}

/* There is nothing before the first address and behind the last one. */
static void test_ends(struct kunit *test)
{
	note_used(test, TOP, TOP + BLOCK);
	KUNIT_EXPECT_FALSE(test, stream(test, 0));
	KUNIT_EXPECT_TRUE(test, stream(test, TOP - PAGE_SIZE));
	note_used(test, 0, BLOCK);
	KUNIT_EXPECT_FALSE(test, stream(test, TOP));
	KUNIT_EXPECT_FALSE(test, stream(test, TOP + BLOCK - PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, stream(test, BLOCK));
}

/* Of what is unmapped, in part or whole, nothing is known; of its neighbours all. */
static void test_unmapped(struct kunit *test)
{
	unsigned int i;

	for (i = 1; i < 6; i++)
		note_used(test, B(i), B(i + 1));
	unmap(test, B(3) - PAGE_SIZE, B(4));
	KUNIT_EXPECT_TRUE(test, stream(test, B(2)));
	KUNIT_EXPECT_FALSE(test, stream(test, B(3)));
	KUNIT_EXPECT_FALSE(test, stream(test, B(4)));
	KUNIT_EXPECT_TRUE(test, stream(test, B(5)));
	unmap(test, 0, TOP + BLOCK);
	for (i = 1; i < 7; i++)
		KUNIT_EXPECT_FALSE(test, stream(test, B(i)));
}

/* The same pages again and again; others of the block do not count. */
static void test_thrash(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 40; i++)
		note(test, B(5) + i * PAGE_SIZE, B(5) + (i + 1) * PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, thrash(test, B(5)));
	for (i = 0; i < 40; i++)
		note(test, B(5), B(5) + PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, thrash(test, B(5)));
	KUNIT_EXPECT_TRUE(test, thrash(test, B(6) - PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, thrash(test, B(6)));
	unmap(test, B(5), B(5) + PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, thrash(test, B(5)));
}

static struct kunit_case moves_test_cases[] = {
	KUNIT_CASE(test_forward),
	KUNIT_CASE(test_backward),
	KUNIT_CASE(test_used),
	KUNIT_CASE(test_faulted),
	KUNIT_CASE(test_faulted_later),
	KUNIT_CASE(test_part),
	KUNIT_CASE(test_ends),
	KUNIT_CASE(test_unmapped),
	KUNIT_CASE(test_thrash),
	{}
};

static struct kunit_suite moves_suite = {
	.name = "vsvm-moves",
	.init = setup,
	.exit = clean,
	.test_cases = moves_test_cases,
};

kunit_test_suite(moves_suite);
