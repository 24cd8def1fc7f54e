// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of density
 *
 * How much moves with what a fault asks for, svm/svm_density.c, from what HMM says of a block, or
 * is said here in its place.
 */

#include <kunit/test.h>
#include <linux/hmm.h>
#include <linux/mm.h>

#include "../svm/svm_density.h"
#include "../svm/svm_migrate.h"
#include "../svm/svm_pages.h"
#include "../svm/svm_to_vram.h"
#include "../vsvm_pt.h"
#include "../vsvm_vram.h"

#define LEAVES	VSVM_DENSITY_LEAVES
#define LEAF	(VSVM_DENSITY_LEAF >> PAGE_SHIFT)
#define PAGES	(VSVM_PT_BLOCK_SIZE >> PAGE_SHIFT)
#define BASE	(7 * VSVM_PT_BLOCK_SIZE)
#define P(n)	(BASE + (u64)(n) * PAGE_SIZE)
/* Numbers of the pages of VRAM, and of one in the system. */
#define VRAM	0x100000UL
#define SYSTEM	0x200000UL

struct grow_case {
	const char *name;
	/* Leaves that are full, the fault's not counted. */
	u32 full;
	/* Leaves that there is room for. */
	u32 room;
	unsigned int leaf, percent;
	unsigned int first, end;
};

static const struct grow_case grow_cases[] = {
	{ "nothing is there", 0, ~0U, 5, 50, 5, 6 },
	{ "the other half of 128K", BIT(4), ~0U, 5, 50, 4, 6 },
	{ "a neighbour in another tree", BIT(6), ~0U, 5, 50, 5, 6 },
	{ "half is not more than half", BIT(0), ~0U, 2, 50, 2, 3 },
	{ "three of four", BIT(0) | BIT(1), ~0U, 2, 50, 0, 4 },
	{ "three of four, scattered", BIT(0) | BIT(3), ~0U, 1, 50, 0, 4 },
	{ "five of eight", BIT(0) | BIT(2) | BIT(4) | BIT(6), ~0U, 7, 50, 0, 8 },
	{ "half of all", 0x5555 & ~BIT(4), ~0U, 4, 50, 4, 5 },
	{ "a dense tree around a sparse one", 0xff00ffff, ~0U, 20, 50, 0, 32 },
	{ "the last leaf", 0x0001ffff, ~0U, 31, 50, 0, 32 },
	{ "the first leaf", 0xffff8000, ~0U, 0, 50, 0, 32 },
	{ "half of the block", 0x0000ffff, ~0U, 8, 50, 0, 16 },
	{ "one more than half of the block", 0x0000ffff, ~0U, 16, 50, 0, 32 },
	{ "any", 0, ~0U, 9, 0, 0, 32 },
	{ "nothing is more than all", ~0U, ~0U, 9, 100, 9, 10 },
	{ "nor than more than all", ~0U, ~0U, 9, 1000, 9, 10 },
	{ "three quarters", BIT(0) | BIT(1), ~0U, 2, 75, 2, 3 },
	{ "a little less", BIT(0) | BIT(1), ~0U, 2, 74, 0, 4 },
	{ "room for one only", 0, BIT(3), 3, 50, 0, 32 },
	{ "room for two", 0, BIT(3) | BIT(4), 3, 50, 0, 4 },
};

static void test_grow(struct kunit *test)
{
	unsigned int i, leaf;

	for (i = 0; i < ARRAY_SIZE(grow_cases); i++) {
		const struct grow_case *c = &grow_cases[i];
		struct vsvm_density density = {};
		struct vsvm_leaves grown;

		for (leaf = 0; leaf < LEAVES; leaf++) {
			density.pages[leaf] = c->room & BIT(leaf) ? LEAF : 0;
			if ((c->full | BIT(c->leaf)) & BIT(leaf))
				density.there[leaf] = density.pages[leaf];
		}
		grown = vsvm_density_grow(&density,
					  (struct vsvm_leaves) { c->leaf, c->leaf + 1 },
					  c->percent);
		KUNIT_EXPECT_EQ_MSG(test, grown.first, c->first, "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, grown.end, c->end, "%s", c->name);
	}
}

/* Going through a block, leaf by leaf, brings as much again as is there. */
static void test_sequential(struct kunit *test)
{
	static const unsigned int steps[] = { 1, 2, 4, 8, 16, 32 };
	struct vsvm_density density = {};
	unsigned int leaf, there = 0, step = 0;

	memset(density.pages, LEAF, sizeof(density.pages));
	for (leaf = 0; leaf < LEAVES; leaf++) {
		struct vsvm_leaves grown = { leaf, leaf + 1 };

		if (leaf < there)
			continue;
		density.there[leaf] = LEAF;
		grown = vsvm_density_grow(&density, grown, 50);
		there = grown.end;
		memset(density.there, LEAF, there);
		KUNIT_ASSERT_LT(test, step, ARRAY_SIZE(steps));
		KUNIT_EXPECT_EQ(test, there, steps[step++]);
	}
	KUNIT_EXPECT_EQ(test, step, ARRAY_SIZE(steps));
}

/* What each leaf of a longer request would bring is what all of it brings. */
static void test_union(struct kunit *test)
{
	struct vsvm_density density = {};
	struct vsvm_leaves grown;
	unsigned int i;

	memset(density.pages, LEAF, sizeof(density.pages));
	for (i = 6; i < 10; i++)
		density.there[i] = LEAF;
	grown = vsvm_density_grow(&density, (struct vsvm_leaves) { 6, 10 }, 50);
	KUNIT_EXPECT_EQ(test, grown.first, 6);
	KUNIT_EXPECT_EQ(test, grown.end, 10);
	density.there[5] = 1;
	density.there[10] = 1;
	grown = vsvm_density_grow(&density, (struct vsvm_leaves) { 6, 10 }, 50);
	KUNIT_EXPECT_EQ(test, grown.first, 4);
	KUNIT_EXPECT_EQ(test, grown.end, 12);
}

struct block {
	struct vsvm_vram vram;
	unsigned long pfns[PAGES];
	struct vsvm_request req;
	struct vsvm_span bounds;
};

/* A block that is the system's, with a request for one page. */
static struct block *block(struct kunit *test, unsigned int page)
{
	struct block *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, b);
	b->vram.first_pfn = VRAM;
	b->vram.num_pages = PAGES;
	for (i = 0; i < PAGES; i++)
		b->pfns[i] = (SYSTEM + i) | HMM_PFN_VALID;
	b->req.start = P(page);
	b->req.end = P(page + 1);
	b->bounds = (struct vsvm_span) { P(0), P(PAGES) };
	return b;
}

static void to_vram(struct block *b, unsigned int first, unsigned int end)
{
	for (; first < end; first++)
		b->pfns[first] = (VRAM + first) | HMM_PFN_VALID;
}

static void expect(struct kunit *test, struct block *b, bool whole, u64 start, u64 end)
{
	unsigned long *pfns = b->pfns + ((b->bounds.start - P(0)) >> PAGE_SHIFT);
	struct vsvm_span span = vsvm_migrate_span(pfns, &b->vram, b->bounds, &b->req, whole);

	if (end > start) {
		KUNIT_EXPECT_EQ(test, span.start, start);
		KUNIT_EXPECT_EQ(test, span.end, end);
	} else {
		KUNIT_EXPECT_EQ(test, span.end, span.start);
	}
}

static void test_span(struct kunit *test)
{
	struct block *b = block(test, 20);

	expect(test, b, true, P(16), P(32));
	/* All that it wants is there. */
	to_vram(b, 20, 21);
	expect(test, b, true, 0, 0);
	/* Beside 16 in VRAM, 16 are as many as half. */
	b->req = (struct vsvm_request) { P(40), P(41) };
	to_vram(b, 16, 32);
	expect(test, b, true, P(32), P(48));
	/* One page decides. */
	to_vram(b, 50, 51);
	expect(test, b, true, P(0), P(64));
	/* The program has said something else. */
	b->req.granularity = PAGE_SHIFT;
	expect(test, b, true, P(40), P(41));
	b->req.granularity = 21;
	expect(test, b, true, P(0), P(PAGES));
}

/* What is not there is made where it is wanted, and nowhere else. */
static void test_holes(struct kunit *test)
{
	struct block *b = block(test, 20);

	memset(b->pfns, 0, sizeof(b->pfns));
	expect(test, b, false, P(20), P(21));
	expect(test, b, true, P(0), P(PAGES));
	b->req.present = true;
	expect(test, b, false, 0, 0);
	expect(test, b, true, 0, 0);
	b->req.present = false;
	/* A page of the system's far away does not come along. */
	b->pfns[100] = SYSTEM | HMM_PFN_VALID;
	expect(test, b, true, P(20), P(21));
	b->pfns[31] = SYSTEM | HMM_PFN_VALID;
	expect(test, b, true, P(16), P(32));
	/* Who wants only what is there wants page 31. */
	b->req.present = true;
	expect(test, b, true, 0, 0);
	b->req.end = P(32);
	expect(test, b, true, P(16), P(32));
}

/* Where the mapping ends the tree ends, and what is left of it counts. */
static void test_bounds(struct kunit *test)
{
	struct block *b = block(test, 20);

	b->bounds = (struct vsvm_span) { P(18), P(28) };
	expect(test, b, false, P(18), P(28));
	b->bounds = (struct vsvm_span) { P(18), P(42) };
	expect(test, b, false, P(18), P(42));
	b->bounds = (struct vsvm_span) { P(18), P(48) };
	expect(test, b, false, P(18), P(32));
	b->bounds = (struct vsvm_span) { P(20), P(21) };
	expect(test, b, false, P(20), P(21));
}

/* 2M that are one page, or were when HMM looked. */
static void test_huge(struct kunit *test)
{
	struct block *b = block(test, 500);
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		b->pfns[i] |= (unsigned long)HPAGE_PMD_ORDER << HMM_PFN_ORDER_SHIFT;
	KUNIT_ASSERT_EQ(test, hmm_pfn_to_map_order(b->pfns[0]), HPAGE_PMD_ORDER);
	expect(test, b, true, P(0), P(PAGES));
	b->bounds.start = P(480);
	expect(test, b, false, P(480), P(PAGES));
}

/* A page that was not asked for is marked, and its order is kept. */
static void test_mark(struct kunit *test)
{
	struct vsvm_request req = { P(20), P(22) };
	unsigned int i;

	for (i = 18; i < 24; i++) {
		unsigned long kept = (unsigned long)vsvm_density_mark(P(i), &req, 9);

		KUNIT_EXPECT_EQ(test, kept & VSVM_PAGE_ORDER, 9);
		KUNIT_EXPECT_EQ(test, !!(kept & VSVM_PAGE_AHEAD), i < 20 || i >= 22);
	}
}

static struct kunit_case density_cases[] = {
	KUNIT_CASE(test_grow),
	KUNIT_CASE(test_sequential),
	KUNIT_CASE(test_union),
	KUNIT_CASE(test_span),
	KUNIT_CASE(test_holes),
	KUNIT_CASE(test_bounds),
	KUNIT_CASE(test_huge),
	KUNIT_CASE(test_mark),
	{}
};

static struct kunit_suite density_suite = {
	.name = "vsvm-density",
	.test_cases = density_cases,
};

kunit_test_suite(density_suite);
