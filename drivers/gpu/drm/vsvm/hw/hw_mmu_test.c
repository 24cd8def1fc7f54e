// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of the MMU
 *
 * The format of entries, walks of tables built by hand, and which entries of the TLB an
 * invalidation takes, hw/hw_mmu.c. What a walk finds depends on the test alone: no engine runs.
 */

#include <kunit/test.h>
#include <linux/io.h>

#include "hw_test.h"

#define PAGE		VSVM_HW_PAGE_SIZE
#define BLOCK		BIT_ULL(VSVM_PT_SHIFT(1))
#define HUGE_BLOCK	BIT_ULL(VSVM_PT_SHIFT(2))
#define END		VSVM_HW_VA_END
#define WRITABLE		VSVM_PTE_WRITE
#define ATOMIC		VSVM_PTE_ATOMIC

static int setup(struct kunit *test)
{
	test->priv = vsvm_hw_test_device(test, 2);
	return 0;
}

static u32 touch(struct vsvm_hw_test *dev, u64 va, enum vsvm_access access)
{
	void *ptr;

	return vsvm_hw_test_translate(dev, va, access, &ptr);
}

struct range_case {
	const char *name;
	u64 va, size;
	/* First address that is bad, 0 if none is. */
	u64 bad;
};

static const struct range_case range_cases[] = {
	{ "empty at 0", 0, 0, 0 },
	{ "empty at the end", END, 0, 0 },
	{ "empty beyond the end", U64_MAX, 0, 0 },
	{ "first byte", 0, 1, 0 },
	{ "all", 0, END, 0 },
	{ "all and one more", 0, END + 1, END },
	{ "last byte", END - 1, 1, 0 },
	{ "last byte and one more", END - 1, 2, END },
	{ "last page", END - PAGE, PAGE, 0 },
	{ "one more than the last page", END - PAGE, PAGE + 1, END },
	{ "one less below the last page", END - PAGE - 1, PAGE + 1, 0 },
	{ "first bad byte", END, 1, END },
	{ "last byte of all", U64_MAX, 1, U64_MAX },
	{ "wraps to 0", U64_MAX, 2, U64_MAX },
	{ "wraps from within", 1, U64_MAX, END },
	{ "wraps to its start", PAGE, U64_MAX - PAGE + 1, END },
	{ "64 bits", 0, U64_MAX, END },
};

static void expect_range(struct kunit *test, const struct range_case *c)
{
	u64 bad = 0;

	KUNIT_EXPECT_EQ_MSG(test, vsvm_hw_range_ok(c->va, c->size, &bad), !c->bad, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, bad, c->bad, "%s", c->name);
}

static void test_range(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(range_cases); i++)
		expect_range(test, &range_cases[i]);
}

/* Of an entry at a level: does it break the format, and if not, is it a leaf? */
enum verdict { BAD, TABLE, LEAF };

static enum verdict check(u64 bits, unsigned int level)
{
	bool leaf;

	if (vsvm_hw_pte_check(VSVM_PTE_VALID | bits, level, &leaf))
		return BAD;
	return leaf ? LEAF : TABLE;
}

static void test_entry_kinds(struct kunit *test)
{
	static const struct {
		u64 bits;
		enum verdict at[VSVM_PT_LEVELS];
	} cases[] = {
		{ 0, { LEAF, TABLE, TABLE, TABLE, TABLE } },
		{ VSVM_PTE_LEAF, { BAD, LEAF, LEAF, BAD, BAD } },
		{ VSVM_PTE_LEAF | WRITABLE, { BAD, LEAF, LEAF, BAD, BAD } },
		{ VSVM_PTE_LEAF | WRITABLE | ATOMIC, { BAD, LEAF, LEAF, BAD, BAD } },
		{ VSVM_PTE_LEAF | ATOMIC, { BAD, BAD, BAD, BAD, BAD } },
		/* Rights, and what the device sets, mean something in leaves only. */
		{ WRITABLE, { LEAF, TABLE, TABLE, TABLE, TABLE } },
		{ WRITABLE | ATOMIC, { LEAF, TABLE, TABLE, TABLE, TABLE } },
		{ ATOMIC, { BAD, TABLE, TABLE, TABLE, TABLE } },
		{ VSVM_PTE_ACCESSED | VSVM_PTE_DIRTY, { LEAF, TABLE, TABLE, TABLE, TABLE } },
		/* How far an address has to be aligned. */
		{ PAGE, { LEAF, TABLE, TABLE, TABLE, TABLE } },
		{ PAGE | VSVM_PTE_LEAF, { BAD, BAD, BAD, BAD, BAD } },
		{ BLOCK / 2 | VSVM_PTE_LEAF, { BAD, BAD, BAD, BAD, BAD } },
		{ BLOCK | VSVM_PTE_LEAF, { BAD, LEAF, BAD, BAD, BAD } },
		{ HUGE_BLOCK / 2 | VSVM_PTE_LEAF, { BAD, LEAF, BAD, BAD, BAD } },
		{ HUGE_BLOCK | VSVM_PTE_LEAF, { BAD, LEAF, LEAF, BAD, BAD } },
		{ BIT_ULL(56), { LEAF, TABLE, TABLE, TABLE, TABLE } },
		{ BIT_ULL(56) | VSVM_PTE_LEAF, { BAD, LEAF, LEAF, BAD, BAD } },
	};
	unsigned int i, level;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		for (level = 0; level < VSVM_PT_LEVELS; level++)
			KUNIT_EXPECT_EQ_MSG(test, check(cases[i].bits, level), cases[i].at[level],
					    "entry %#llx at level %u", cases[i].bits, level);
}

/* Each bit that has no meaning yet is refused, at each level, in leaves and pointers. */
static void test_entry_reserved(struct kunit *test)
{
	unsigned int bit, level;

	for (bit = 0; bit < 64; bit++) {
		bool reserved = (bit >= 7 && bit <= 11) || bit >= 57;

		for (level = 0; reserved && level < VSVM_PT_LEVELS; level++) {
			KUNIT_EXPECT_EQ_MSG(test, check(BIT_ULL(bit), level), BAD,
					    "bit %u, level %u", bit, level);
			KUNIT_EXPECT_EQ_MSG(test, check(BIT_ULL(bit) | VSVM_PTE_LEAF, level), BAD,
					    "bit %u, level %u, leaf", bit, level);
		}
	}
}

/* Addresses at which the index into some table is its first or last. */
static const u64 edges[] = {
	0, PAGE, BLOCK - PAGE, BLOCK, HUGE_BLOCK - PAGE, HUGE_BLOCK,
	BIT_ULL(VSVM_PT_SHIFT(3)) - PAGE, BIT_ULL(VSVM_PT_SHIFT(3)),
	BIT_ULL(VSVM_PT_SHIFT(4)) - PAGE, BIT_ULL(VSVM_PT_SHIFT(4)),
	END / 2 - PAGE, END / 2, END - PAGE,
};

static void test_walk_pages(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	void *pages[ARRAY_SIZE(edges)], *ptr;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(edges); i++)
		KUNIT_EXPECT_EQ(test, touch(dev, edges[i], VSVM_ACCESS_READ), VSVM_HW_MISS);
	for (i = 0; i < ARRAY_SIZE(edges); i++)
		pages[i] = vsvm_hw_test_map(test, dev, edges[i], 0);
	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		KUNIT_EXPECT_EQ(test, vsvm_hw_test_translate(dev, edges[i], VSVM_ACCESS_READ,
							     &ptr), 0);
		KUNIT_EXPECT_PTR_EQ(test, ptr, pages[i]);
		/* Out of the TLB, to the last byte. */
		KUNIT_EXPECT_EQ(test, vsvm_hw_test_translate(dev, edges[i] + PAGE - 1,
							     VSVM_ACCESS_READ, &ptr), 0);
		KUNIT_EXPECT_PTR_EQ(test, ptr, pages[i] + PAGE - 1);
	}
	KUNIT_EXPECT_EQ(test, dev->engine.stats.tlb_hits, ARRAY_SIZE(edges));
	KUNIT_EXPECT_EQ(test, dev->engine.stats.tlb_misses, 2 * ARRAY_SIZE(edges));
}

static void test_walk_beyond(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	static const u64 beyond[] = { END, END + PAGE, BIT_ULL(63), U64_MAX };
	unsigned int i;

	/* What the upper bits would alias if they were dropped. */
	vsvm_hw_test_map(test, dev, 0, WRITABLE);
	vsvm_hw_test_map(test, dev, END - PAGE, WRITABLE);
	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		KUNIT_EXPECT_EQ(test, touch(dev, beyond[i], VSVM_ACCESS_READ), VSVM_ERROR_ADDRESS);
		KUNIT_EXPECT_EQ(test, touch(dev, beyond[i], VSVM_ACCESS_WRITE),
				VSVM_ERROR_ADDRESS);
		KUNIT_EXPECT_EQ(test, vsvm_hw_test_probe(dev, beyond[i], VSVM_ACCESS_READ),
				VSVM_ERROR_ADDRESS);
	}
}

/*
 * A larger leaf maps all that it spans. It is laid over whatever is around a page of ours, which is
 * looked for at its offset; nothing else is touched.
 */
static void walk_large(struct kunit *test, unsigned int level)
{
	struct vsvm_hw_test *dev = test->priv;
	u64 span = BIT_ULL(VSVM_PT_SHIFT(level));
	u8 *page = vsvm_hw_test_page(test);
	u64 phys = virt_to_phys(page);
	u64 base = END - 2 * span, va = base + (phys & (span - 1));
	void *ptr;

	*vsvm_hw_test_slot(test, dev, base, level) = ALIGN_DOWN(phys, span) | VSVM_PTE_VALID |
						     VSVM_PTE_LEAF | WRITABLE;
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_translate(dev, va + 5, VSVM_ACCESS_READ, &ptr), 0);
	KUNIT_EXPECT_PTR_EQ(test, ptr, page + 5);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_translate(dev, va + PAGE - 1, VSVM_ACCESS_WRITE, &ptr),
			0);
	KUNIT_EXPECT_PTR_EQ(test, ptr, page + PAGE - 1);
	KUNIT_EXPECT_EQ(test, touch(dev, base - 1, VSVM_ACCESS_READ), VSVM_HW_MISS);
	KUNIT_EXPECT_EQ(test, touch(dev, base + span, VSVM_ACCESS_READ), VSVM_HW_MISS);
	/* The TLB has a piece of 2 MiB, so the block's other pages hit. */
	dev->engine.stats.tlb_hits = 0;
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_translate(dev, va ^ PAGE, VSVM_ACCESS_READ, &ptr), 0);
	KUNIT_EXPECT_EQ(test, virt_to_phys(ptr), phys ^ PAGE);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.tlb_hits, 1);
}

static void test_walk_2m(struct kunit *test)
{
	walk_large(test, 1);
}

static void test_walk_1g(struct kunit *test)
{
	walk_large(test, 2);
}

struct bad_case {
	const char *name;
	unsigned int level;
	/* The entry, but for VALID. */
	u64 entry;
};

static const struct bad_case bad_cases[] = {
	{ "reserved bit, level 4", 4, BIT_ULL(7) },
	{ "reserved bit, level 3", 3, BIT_ULL(11) },
	{ "reserved bit, level 2", 2, BIT_ULL(57) },
	{ "reserved bit, level 1", 1, BIT_ULL(63) },
	{ "reserved bit, level 0", 0, BIT_ULL(63) },
	{ "leaf at level 4", 4, VSVM_PTE_LEAF },
	{ "leaf at level 3", 3, VSVM_PTE_LEAF },
	{ "leaf at level 0", 0, VSVM_PTE_LEAF },
	{ "1G misaligned", 2, VSVM_PTE_LEAF | BLOCK },
	{ "2M misaligned", 1, VSVM_PTE_LEAF | PAGE },
	{ "1G atomic only", 2, VSVM_PTE_LEAF | ATOMIC },
	{ "2M atomic only", 1, VSVM_PTE_LEAF | ATOMIC },
	{ "4K atomic only", 0, ATOMIC },
	{ "1G in VRAM", 2, VSVM_PTE_LEAF | VSVM_PTE_VRAM },
	{ "2M in VRAM", 1, VSVM_PTE_LEAF | VSVM_PTE_VRAM },
	{ "4K in VRAM", 0, VSVM_PTE_VRAM },
	{ "no memory there, level 4", 4, BIT_ULL(55) },
	{ "no memory there, level 1", 1, BIT_ULL(55) },
	{ "no memory there, 1G", 2, VSVM_PTE_LEAF | BIT_ULL(55) },
	{ "no memory there, 2M", 1, VSVM_PTE_LEAF | BIT_ULL(55) },
	{ "no memory there, 4K", 0, BIT_ULL(55) },
	{ "no memory there, the last page", 0, VSVM_PTE_ADDR },
};

/* A stray entry is a report, not an oops. */
static void expect_walk_malformed(struct kunit *test, const struct bad_case *c)
{
	struct vsvm_hw_test *dev = test->priv;
	u64 *slot = vsvm_hw_test_slot(test, dev, END - PAGE, c->level);

	*slot = c->entry | VSVM_PTE_VALID;
	KUNIT_EXPECT_EQ_MSG(test, touch(dev, END - PAGE, VSVM_ACCESS_READ), VSVM_ERROR_TABLE, "%s",
			    c->name);
	KUNIT_EXPECT_EQ_MSG(test, *slot, c->entry | VSVM_PTE_VALID, "%s", c->name);
	/* Without VALID it may hold anything. */
	*slot = c->entry;
	KUNIT_EXPECT_EQ_MSG(test, touch(dev, END - PAGE, VSVM_ACCESS_READ), VSVM_HW_MISS, "%s",
			    c->name);
	KUNIT_EXPECT_EQ_MSG(test, vsvm_hw_test_probe(dev, END - PAGE, VSVM_ACCESS_READ),
			    VSVM_HW_MISS, "%s", c->name);
	*slot = 0;
}

static void test_walk_malformed(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_cases); i++)
		expect_walk_malformed(test, &bad_cases[i]);
}

static void test_walk_bad_root(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;

	dev->as.root += 8;
	KUNIT_EXPECT_EQ(test, touch(dev, 0, VSVM_ACCESS_READ), VSVM_ERROR_TABLE);
	dev->as.root = BIT_ULL(55);
	KUNIT_EXPECT_EQ(test, touch(dev, 0, VSVM_ACCESS_READ), VSVM_ERROR_TABLE);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_probe(dev, 0, VSVM_ACCESS_READ), VSVM_ERROR_TABLE);
}

static void test_rights(struct kunit *test)
{
	static const struct {
		u64 rights;
		u32 read, write, atomic;
	} cases[] = {
		{ 0, 0, VSVM_HW_MISS, VSVM_HW_MISS },
		{ WRITABLE, 0, 0, VSVM_HW_MISS },
		{ WRITABLE | ATOMIC, 0, 0, 0 },
	};
	struct vsvm_hw_test *dev = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 va = i * PAGE;

		vsvm_hw_test_map(test, dev, va, cases[i].rights);
		/* Twice: by a walk, and with a translation of fewer rights in the TLB. */
		KUNIT_EXPECT_EQ(test, touch(dev, va, VSVM_ACCESS_ATOMIC), cases[i].atomic);
		KUNIT_EXPECT_EQ(test, touch(dev, va, VSVM_ACCESS_WRITE), cases[i].write);
		KUNIT_EXPECT_EQ(test, touch(dev, va, VSVM_ACCESS_READ), cases[i].read);
		KUNIT_EXPECT_EQ(test, touch(dev, va, VSVM_ACCESS_PREFETCH), cases[i].read);
		KUNIT_EXPECT_EQ(test, touch(dev, va, VSVM_ACCESS_WRITE), cases[i].write);
		KUNIT_EXPECT_EQ(test, touch(dev, va, VSVM_ACCESS_READ), cases[i].read);
		KUNIT_EXPECT_EQ(test, touch(dev, va, VSVM_ACCESS_ATOMIC), cases[i].atomic);
		KUNIT_EXPECT_EQ(test, vsvm_hw_test_probe(dev, va, VSVM_ACCESS_READ), cases[i].read);
		KUNIT_EXPECT_EQ(test, vsvm_hw_test_probe(dev, va, VSVM_ACCESS_WRITE),
				cases[i].write);
		KUNIT_EXPECT_EQ(test, vsvm_hw_test_probe(dev, va, VSVM_ACCESS_ATOMIC),
				cases[i].atomic);
	}
}

/* ACCESSED when a translation is cached, DIRTY before the first write through it. */
static void test_marks(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	u64 *slot;

	vsvm_hw_test_map(test, dev, PAGE, WRITABLE | ATOMIC);
	slot = vsvm_hw_test_slot(test, dev, PAGE, 0);
	vsvm_hw_test_probe(dev, PAGE, VSVM_ACCESS_WRITE);
	KUNIT_EXPECT_EQ(test, *slot & (VSVM_PTE_ACCESSED | VSVM_PTE_DIRTY), 0);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.tlb_misses, 0);
	touch(dev, PAGE, VSVM_ACCESS_READ);
	KUNIT_EXPECT_EQ(test, *slot & (VSVM_PTE_ACCESSED | VSVM_PTE_DIRTY), VSVM_PTE_ACCESSED);
	touch(dev, PAGE, VSVM_ACCESS_WRITE);
	KUNIT_EXPECT_EQ(test, *slot & (VSVM_PTE_ACCESSED | VSVM_PTE_DIRTY),
			VSVM_PTE_ACCESSED | VSVM_PTE_DIRTY);

	/* A write that finds the entry gone, as the driver takes it, does not bring it back. */
	*slot &= ~VSVM_PTE_VALID;
	vsvm_hw_tlb_invalidate(&dev->as, PAGE, 2 * PAGE);
	KUNIT_EXPECT_EQ(test, touch(dev, PAGE, VSVM_ACCESS_WRITE), VSVM_HW_MISS);
	KUNIT_EXPECT_FALSE(test, *slot & VSVM_PTE_VALID);
}

/*
 * A cached read of a page that may be written since: no invalidation is needed, and DIRTY is set
 * though the TLB had an entry without it.
 */
static void test_more_rights(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	u64 *slot;

	vsvm_hw_test_map(test, dev, 0, 0);
	slot = vsvm_hw_test_slot(test, dev, 0, 0);
	KUNIT_EXPECT_EQ(test, touch(dev, 0, VSVM_ACCESS_READ), 0);
	KUNIT_EXPECT_EQ(test, touch(dev, 0, VSVM_ACCESS_WRITE), VSVM_HW_MISS);
	*slot |= WRITABLE;
	KUNIT_EXPECT_EQ(test, touch(dev, 0, VSVM_ACCESS_READ), 0);
	KUNIT_EXPECT_FALSE(test, *slot & VSVM_PTE_DIRTY);
	KUNIT_EXPECT_EQ(test, touch(dev, 0, VSVM_ACCESS_WRITE), 0);
	KUNIT_EXPECT_TRUE(test, *slot & VSVM_PTE_DIRTY);
}

struct drop_case {
	const char *name;
	/* Where a translation is cached, and its level. */
	u64 va;
	unsigned int level;
	/* What is invalidated. */
	u64 start, end;
	bool goes;
};

/* As many pages, or blocks, as there are slots: the last range that is looked up slot by slot. */
#define SMALL	(VSVM_HW_TLB_SMALL * PAGE)
#define LARGE	(VSVM_HW_TLB_LARGE * BLOCK)

static const struct drop_case drop_cases[] = {
	{ "page itself", 5 * PAGE, 0, 5 * PAGE, 6 * PAGE, true },
	{ "page before", 5 * PAGE, 0, 4 * PAGE, 5 * PAGE, false },
	{ "page after", 5 * PAGE, 0, 6 * PAGE, 7 * PAGE, false },
	{ "nothing", 5 * PAGE, 0, 5 * PAGE, 5 * PAGE, false },
	{ "nothing, the other way round", 5 * PAGE, 0, 6 * PAGE, 5 * PAGE, false },
	{ "first page", 0, 0, 0, PAGE, true },
	{ "all but the first page", 0, 0, PAGE, 0, false },
	{ "last page", END - PAGE, 0, END - PAGE, END, true },
	{ "last page, to the end of all", END - PAGE, 0, END - PAGE, 0, true },
	{ "all but the last page", END - PAGE, 0, 0, END - PAGE, false },
	{ "whole space, first page", 0, 0, 0, 0, true },
	{ "whole space, last page", END - PAGE, 0, 0, 0, true },
	{ "whole space by its end", END - PAGE, 0, 0, END, true },
	{ "last of as many as slots", SMALL - PAGE, 0, 0, SMALL, true },
	{ "after as many as slots", SMALL, 0, 0, SMALL, false },
	{ "first of as many as slots", PAGE, 0, PAGE, SMALL + PAGE, true },
	{ "before as many as slots", 0, 0, PAGE, SMALL + PAGE, false },
	{ "last of one more", SMALL, 0, 0, SMALL + PAGE, true },
	{ "after one more", SMALL + PAGE, 0, 0, SMALL + PAGE, false },
	{ "first of one more", PAGE, 0, PAGE, SMALL + 2 * PAGE, true },
	{ "before one more", 0, 0, PAGE, SMALL + 2 * PAGE, false },
	{ "same slot, another page", SMALL + 5 * PAGE, 0, 5 * PAGE, 6 * PAGE, false },
	{ "block itself", BLOCK, 1, BLOCK, 2 * BLOCK, true },
	{ "block before", BLOCK, 1, 0, BLOCK, false },
	{ "block after", BLOCK, 1, 2 * BLOCK, 3 * BLOCK, false },
	{ "first page of a block", BLOCK, 1, BLOCK, BLOCK + PAGE, true },
	{ "last page of a block", BLOCK, 1, 2 * BLOCK - PAGE, 2 * BLOCK, true },
	{ "page before a block", BLOCK, 1, BLOCK - PAGE, BLOCK, false },
	{ "page after a block", BLOCK, 1, 2 * BLOCK, 2 * BLOCK + PAGE, false },
	{ "over the start of a block", BLOCK, 1, BLOCK - PAGE, BLOCK + PAGE, true },
	{ "over the end of a block", BLOCK, 1, 2 * BLOCK - PAGE, 2 * BLOCK + PAGE, true },
	{ "last of as many blocks as slots", LARGE - BLOCK, 1, 0, LARGE, true },
	{ "after as many blocks as slots", LARGE, 1, 0, LARGE, false },
	{ "last of one block more", LARGE, 1, 0, LARGE + BLOCK, true },
	{ "after one block more", LARGE + BLOCK, 1, 0, LARGE + BLOCK, false },
	{ "before one block more", 0, 1, BLOCK, LARGE + 2 * BLOCK, false },
	{ "unaligned, as many blocks and one", LARGE, 1, BLOCK - PAGE, LARGE + PAGE, true },
	{ "same slot, another block", LARGE + BLOCK, 1, BLOCK, 2 * BLOCK, false },
	{ "last block", END - BLOCK, 1, END - PAGE, END, true },
	{ "last block, whole space", END - BLOCK, 1, 0, 0, true },
	{ "piece of 1G", END - HUGE_BLOCK, 2, END - HUGE_BLOCK, END, true },
	{ "all but 1G", END - HUGE_BLOCK, 2, 0, END - HUGE_BLOCK, false },
};

/* The entry is taken away without a word, so that whoever is still translated was cached. */
static void expect_drop(struct kunit *test, const struct drop_case *c)
{
	struct vsvm_hw_test *dev = test->priv;
	u64 span = BIT_ULL(VSVM_PT_SHIFT(c->level));
	u64 *slot = vsvm_hw_test_slot(test, dev, c->va, c->level);
	u64 phys = virt_to_phys(slot);

	*slot = ALIGN_DOWN(phys, span) | VSVM_PTE_VALID | (c->level ? VSVM_PTE_LEAF : 0);
	/* The piece that exists for sure; of smaller leaves it is all. */
	KUNIT_ASSERT_EQ(test, touch(dev, c->va + (phys & (span - 1)), VSVM_ACCESS_READ), 0);
	*slot = 0;
	KUNIT_ASSERT_EQ(test, vsvm_hw_test_probe(dev, c->va + (phys & (span - 1)),
						 VSVM_ACCESS_READ), 0);

	vsvm_hw_tlb_invalidate(&dev->as, c->start, c->end);
	KUNIT_EXPECT_EQ_MSG(test, vsvm_hw_test_probe(dev, c->va + (phys & (span - 1)),
						     VSVM_ACCESS_READ),
			    c->goes ? VSVM_HW_MISS : 0, "%s", c->name);
	vsvm_hw_tlb_invalidate(&dev->as, 0, 0);
}

static void test_drop(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(drop_cases); i++)
		expect_drop(test, &drop_cases[i]);
}

/* Every slot of both arrays is reached by the whole space, and by a range of as many. */
static void test_drop_every_slot(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	u64 page = virt_to_phys(vsvm_hw_test_page(test));
	unsigned int i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < VSVM_HW_TLB_SMALL; i++) {
			*vsvm_hw_test_slot(test, dev, i * PAGE, 0) = page | VSVM_PTE_VALID;
			KUNIT_ASSERT_EQ(test, touch(dev, i * PAGE, VSVM_ACCESS_READ), 0);
		}
		for (i = 0; i < VSVM_HW_TLB_SMALL; i++)
			KUNIT_EXPECT_EQ_MSG(test, dev->engine.small[i].asid, dev->as.id,
					    "slot %u", i);
		if (round == 0)
			vsvm_hw_tlb_invalidate(&dev->as, 0, 0);
		else
			vsvm_hw_tlb_invalidate(&dev->as, 0, SMALL + (round - 1) * PAGE);
		for (i = 0; i < VSVM_HW_TLB_SMALL; i++)
			KUNIT_EXPECT_EQ_MSG(test, dev->engine.small[i].asid, 0, "slot %u", i);
	}
}

/* Another address space may have the slot, or the same address. */
static void test_drop_other_space(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	struct vsvm_hw_as other = { .hw = &dev->hw, .root = dev->as.root, .id = U32_MAX };
	struct vsvm_hw_as unknown = { .hw = &dev->hw, .root = dev->as.root, .id = dev->as.id };

	__set_bit(0, other.engines);
	vsvm_hw_test_map(test, dev, 0, 0);
	touch(dev, 0, VSVM_ACCESS_READ);
	*vsvm_hw_test_slot(test, dev, 0, 0) = 0;

	vsvm_hw_tlb_invalidate(&other, 0, 0);
	vsvm_hw_tlb_invalidate(&other, 0, PAGE);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_probe(dev, 0, VSVM_ACCESS_READ), 0);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.invalidations, 2);
	/* An engine that never ran it is passed over. */
	vsvm_hw_tlb_invalidate(&unknown, 0, 0);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.invalidations, 2);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_probe(dev, 0, VSVM_ACCESS_READ), 0);
	vsvm_hw_tlb_invalidate(&dev->as, 0, 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_probe(dev, 0, VSVM_ACCESS_READ), VSVM_HW_MISS);
}

/* Two spaces with one address each see their own page. */
static void test_spaces(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	struct vsvm_hw_as other = { .hw = &dev->hw, .id = dev->as.id + VSVM_HW_TLB_SMALL };
	void *page = vsvm_hw_test_map(test, dev, 0, 0);
	void *ptr;

	other.root = virt_to_phys(vsvm_hw_test_page(test));
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_translate(dev, 0, VSVM_ACCESS_READ, &ptr), 0);
	KUNIT_EXPECT_PTR_EQ(test, ptr, page);
	swap(dev->as, other);
	KUNIT_EXPECT_EQ(test, touch(dev, 0, VSVM_ACCESS_READ), VSVM_HW_MISS);
	swap(dev->as, other);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_translate(dev, 0, VSVM_ACCESS_READ, &ptr), 0);
}

static struct kunit_case mmu_cases[] = {
	KUNIT_CASE(test_range),
	KUNIT_CASE(test_entry_kinds),
	KUNIT_CASE(test_entry_reserved),
	KUNIT_CASE(test_walk_pages),
	KUNIT_CASE(test_walk_beyond),
	KUNIT_CASE(test_walk_2m),
	KUNIT_CASE(test_walk_1g),
	KUNIT_CASE(test_walk_malformed),
	KUNIT_CASE(test_walk_bad_root),
	KUNIT_CASE(test_rights),
	KUNIT_CASE(test_marks),
	KUNIT_CASE(test_more_rights),
	KUNIT_CASE(test_drop),
	KUNIT_CASE(test_drop_every_slot),
	KUNIT_CASE(test_drop_other_space),
	KUNIT_CASE(test_spaces),
	{}
};

static struct kunit_suite mmu_suite = {
	.name = "vsvm-hw-mmu",
	.init = setup,
	.test_cases = mmu_cases,
};

kunit_test_suite(mmu_suite);
