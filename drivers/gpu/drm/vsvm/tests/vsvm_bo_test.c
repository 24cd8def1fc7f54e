// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of what moves too often
 *
 * When a block of a BO is left where it is, because it has come to VRAM and gone again and again,
 * vsvm_bo_place.c.
 */

#include <kunit/test.h>
#include <linux/jiffies.h>

#include "../vsvm_bo_place.h"

#define MOVES	16
#define GAP	(HZ / 5)
#define STAY	HZ

/* Moves of which each is @gap after the one before. Returns when the last one was. */
static unsigned long move(struct vsvm_bo_moves *moves, unsigned long now, unsigned int count,
			  unsigned long gap)
{
	while (count--) {
		now += gap;
		vsvm_bo_note_move(moves, now);
	}
	return now;
}

/* What comes often enough, and soon enough after the last time, stays for a while. */
static void test_thrash(struct kunit *test)
{
	/* Also where jiffies wrap, between two of the moves, or in the time that it stays. */
	static const unsigned long begin[] = {
		0, 1000, -(MOVES * (GAP - 1UL) / 2), -(MOVES * (GAP - 1UL)) - 1,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(begin); i++) {
		struct vsvm_bo_moves moves = {};
		unsigned long now;

		KUNIT_EXPECT_FALSE(test, vsvm_bo_is_thrashing(&moves, begin[i]));
		now = move(&moves, begin[i], MOVES - 1, GAP - 1);
		KUNIT_EXPECT_FALSE_MSG(test, vsvm_bo_is_thrashing(&moves, now), "%u", i);
		now = move(&moves, now, 1, GAP - 1);
		KUNIT_EXPECT_TRUE_MSG(test, vsvm_bo_is_thrashing(&moves, now), "%u", i);
		KUNIT_EXPECT_TRUE(test, vsvm_bo_is_thrashing(&moves, now + STAY - 1));
		KUNIT_EXPECT_FALSE(test, vsvm_bo_is_thrashing(&moves, now + STAY));
		/* It may come again, and is not at once as bad as before. */
		now = move(&moves, now, 1, STAY);
		KUNIT_EXPECT_FALSE(test, vsvm_bo_is_thrashing(&moves, now));
	}
}

/* What comes slowly never does, however often. */
static void test_slow(struct kunit *test)
{
	struct vsvm_bo_moves moves = {};
	unsigned long now = move(&moves, 5, 1000, GAP);

	KUNIT_EXPECT_FALSE(test, vsvm_bo_is_thrashing(&moves, now));
	KUNIT_EXPECT_EQ(test, moves.count, 1);
}

/* The count does not run over. */
static void test_many(struct kunit *test)
{
	struct vsvm_bo_moves moves = {};
	unsigned long now = move(&moves, 5, 1000, 1);

	KUNIT_EXPECT_TRUE(test, vsvm_bo_is_thrashing(&moves, now));
	KUNIT_EXPECT_EQ(test, moves.count, MOVES);
}

static struct kunit_case bo_cases[] = {
	KUNIT_CASE(test_thrash),
	KUNIT_CASE(test_slow),
	KUNIT_CASE(test_many),
	{}
};

static struct kunit_suite bo_suite = {
	.name = "vsvm-bo",
	.test_cases = bo_cases,
};

kunit_test_suite(bo_suite);
