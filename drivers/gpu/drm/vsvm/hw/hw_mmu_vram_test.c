// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of the MMU with VRAM
 *
 * Entries that name VRAM, of which the host has a block in one piece or in pages, hw/hw_mmu.c: what
 * they lead to, how the TLB caches them, and what an invalidation takes.
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

/* Block 0 of VRAM is in one piece, 1 a list of pages, 2 not taken, 3 a list again, the last one. */
#define VRAM_BLOCKS	4
#define VRAM_END	(VRAM_BLOCKS * BLOCK)
#define IN_PIECE	0
#define IN_LIST		BLOCK
#define NOT_TAKEN	(2 * BLOCK)
#define LAST_LIST	(3 * BLOCK)

static struct vsvm_hw_test *vram_device(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;

	vsvm_hw_test_vram(test, dev, VRAM_BLOCKS);
	vsvm_hw_test_block(test, &dev->hw, IN_PIECE, true);
	vsvm_hw_test_block(test, &dev->hw, IN_LIST, false);
	vsvm_hw_test_block(test, &dev->hw, LAST_LIST, false);
	return dev;
}

/* Maps VRAM at @va by a leaf of @level. */
static u64 *map_vram(struct kunit *test, u64 va, unsigned int level, u64 offset, u64 rights)
{
	u64 *slot = vsvm_hw_test_slot(test, test->priv, va, level);

	*slot = offset | VSVM_PTE_VALID | VSVM_PTE_VRAM | rights | (level ? VSVM_PTE_LEAF : 0);
	return slot;
}

static void *in_vram(struct vsvm_hw_test *dev, u64 offset)
{
	u64 size = 1;

	return vsvm_hw_vram_ptr(&dev->hw, offset, &size);
}

/* Entries of either array of the TLB that are in use. */
static unsigned int num_small(struct vsvm_hw_test *dev)
{
	unsigned int i, count = 0;

	for (i = 0; i < VSVM_HW_TLB_SMALL; i++)
		count += dev->engine.small[i].asid == dev->as.id;
	return count;
}

static unsigned int num_large(struct vsvm_hw_test *dev)
{
	unsigned int i, count = 0;

	for (i = 0; i < VSVM_HW_TLB_LARGE; i++)
		count += dev->engine.large[i].asid == dev->as.id;
	return count;
}

/* Does each page that is mapped from @va on lead to its page of VRAM, from first byte to last? */
static void expect_vram(struct kunit *test, u64 va, u64 offset, u64 size)
{
	struct vsvm_hw_test *dev = test->priv;
	void *first, *last;
	u64 done;

	for (done = 0; done < size; done += PAGE) {
		KUNIT_EXPECT_EQ(test, vsvm_hw_test_translate(dev, va + done, VSVM_ACCESS_READ,
							     &first), 0);
		KUNIT_EXPECT_EQ(test, vsvm_hw_test_translate(dev, va + done + PAGE - 1,
							     VSVM_ACCESS_WRITE, &last), 0);
		KUNIT_EXPECT_PTR_EQ_MSG(test, first, in_vram(dev, offset + done), "%#llx",
					offset + done);
		KUNIT_EXPECT_PTR_EQ_MSG(test, last, in_vram(dev, offset + done + PAGE - 1),
					"%#llx", offset + done);
	}
}

static void test_4k(struct kunit *test)
{
	static const u64 offsets[] = {
		IN_PIECE, IN_PIECE + PAGE, IN_PIECE + BLOCK - PAGE,
		IN_LIST, IN_LIST + PAGE, IN_LIST + 5 * PAGE, IN_LIST + BLOCK - PAGE,
		LAST_LIST, VRAM_END - PAGE,
	};
	struct vsvm_hw_test *dev = vram_device(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		map_vram(test, END - BLOCK + i * PAGE, 0, offsets[i], WRITABLE);
		expect_vram(test, END - BLOCK + i * PAGE, offsets[i], PAGE);
	}
	KUNIT_EXPECT_EQ(test, num_small(dev), ARRAY_SIZE(offsets));
	KUNIT_EXPECT_EQ(test, num_large(dev), 0);
}

/* A block in one piece is one entry of the TLB. */
static void test_2m(struct kunit *test)
{
	struct vsvm_hw_test *dev = vram_device(test);
	u64 va = END - BLOCK;

	map_vram(test, va, 1, IN_PIECE, WRITABLE);
	KUNIT_EXPECT_EQ(test, touch(dev, va + 5 * PAGE, VSVM_ACCESS_WRITE), 0);
	expect_vram(test, va, IN_PIECE, BLOCK);
	KUNIT_EXPECT_EQ(test, touch(dev, va - 1, VSVM_ACCESS_READ), VSVM_HW_MISS);
	KUNIT_EXPECT_EQ(test, num_large(dev), 1);
	KUNIT_EXPECT_EQ(test, num_small(dev), 0);
	/* And the page before it. */
	KUNIT_EXPECT_EQ(test, dev->engine.stats.tlb_misses, 2);
}

/* One that is a list goes page by page, and no page is taken for its neighbour's. */
static void test_2m_list(struct kunit *test)
{
	struct vsvm_hw_test *dev = vram_device(test);
	u64 va = END - 2 * BLOCK;

	map_vram(test, va, 1, IN_LIST, WRITABLE);
	KUNIT_EXPECT_EQ(test, touch(dev, va + 5 * PAGE + 3, VSVM_ACCESS_WRITE), 0);
	KUNIT_EXPECT_EQ(test, num_small(dev), 1);
	KUNIT_EXPECT_EQ(test, num_large(dev), 0);
	expect_vram(test, va, IN_LIST, BLOCK);
	KUNIT_EXPECT_EQ(test, touch(dev, va - 1, VSVM_ACCESS_READ), VSVM_HW_MISS);
	KUNIT_EXPECT_EQ(test, touch(dev, va + BLOCK, VSVM_ACCESS_READ), VSVM_HW_MISS);
	KUNIT_EXPECT_EQ(test, num_small(dev), BLOCK / PAGE);
	KUNIT_EXPECT_EQ(test, num_large(dev), 0);

	dev->engine.stats.tlb_misses = 0;
	expect_vram(test, va, IN_LIST, BLOCK);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.tlb_misses, 0);
}

/* Each block of a larger leaf goes as it is held. */
static void test_1g(struct kunit *test)
{
	struct vsvm_hw_test *dev = vram_device(test);
	u64 va = END - HUGE_BLOCK;

	map_vram(test, va, 2, 0, WRITABLE);
	expect_vram(test, va + IN_PIECE, IN_PIECE, BLOCK);
	KUNIT_EXPECT_EQ(test, num_large(dev), 1);
	KUNIT_EXPECT_EQ(test, num_small(dev), 0);
	expect_vram(test, va + IN_LIST, IN_LIST, BLOCK);
	KUNIT_EXPECT_EQ(test, num_large(dev), 1);
	KUNIT_EXPECT_EQ(test, num_small(dev), BLOCK / PAGE);
	expect_vram(test, va + LAST_LIST, LAST_LIST, BLOCK);

	KUNIT_EXPECT_EQ(test, touch(dev, va + NOT_TAKEN, VSVM_ACCESS_READ), VSVM_ERROR_TABLE);
	KUNIT_EXPECT_EQ(test, touch(dev, va + NOT_TAKEN + BLOCK - 1, VSVM_ACCESS_READ),
			VSVM_ERROR_TABLE);
	KUNIT_EXPECT_EQ(test, touch(dev, va + VRAM_END, VSVM_ACCESS_READ), VSVM_ERROR_TABLE);
	KUNIT_EXPECT_EQ(test, touch(dev, END - 1, VSVM_ACCESS_READ), VSVM_ERROR_TABLE);
}

/* An address is VRAM's or the system's, whatever the other one has there. */
static void test_or_system(struct kunit *test)
{
	struct vsvm_hw_test *dev = vram_device(test);
	u64 *slot = map_vram(test, 0, 0, IN_LIST, 0);
	void *ptr;

	KUNIT_EXPECT_EQ(test, vsvm_hw_test_translate(dev, 0, VSVM_ACCESS_READ, &ptr), 0);
	KUNIT_EXPECT_PTR_EQ(test, ptr, in_vram(dev, IN_LIST));
	*slot &= ~VSVM_PTE_VRAM;
	vsvm_hw_tlb_invalidate(&dev->as, 0, PAGE);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_translate(dev, 0, VSVM_ACCESS_READ, &ptr), 0);
	KUNIT_EXPECT_EQ(test, virt_to_phys(ptr), IN_LIST);
}

struct bad_vram_case {
	const char *name;
	unsigned int level;
	u64 offset;
	/* Of the access, in the leaf. */
	u64 at;
};

static const struct bad_vram_case bad_vram_cases[] = {
	{ "4K of a block that is not taken", 0, NOT_TAKEN, 0 },
	{ "its last 4K", 0, NOT_TAKEN + BLOCK - PAGE, PAGE - 1 },
	{ "a block that is not taken", 1, NOT_TAKEN, 0 },
	{ "a block that is not taken, its last byte", 1, NOT_TAKEN, BLOCK - 1 },
	{ "4K beyond the end", 0, VRAM_END, 0 },
	{ "a block beyond the end", 1, VRAM_END, 0 },
	{ "1G with its start beyond the end", 2, HUGE_BLOCK, 0 },
	{ "1G with its middle beyond the end", 2, 0, HUGE_BLOCK / 2 },
	{ "last 4K of all", 0, VSVM_PTE_ADDR, 0 },
	{ "last block of all", 1, VSVM_PTE_ADDR & ~(BLOCK - 1), 0 },
	{ "last 1G of all", 2, VSVM_PTE_ADDR & ~(HUGE_BLOCK - 1), HUGE_BLOCK - 1 },
};

/* It is the table's error, and nothing is marked or cached. */
static void expect_bad_vram(struct kunit *test, const struct bad_vram_case *c)
{
	struct vsvm_hw_test *dev = test->priv;
	u64 va = END - HUGE_BLOCK;
	u64 *slot = map_vram(test, va, c->level, c->offset, WRITABLE | ATOMIC), entry = *slot;

	KUNIT_EXPECT_EQ_MSG(test, touch(dev, va + c->at, VSVM_ACCESS_READ), VSVM_ERROR_TABLE,
			    "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, touch(dev, va + c->at, VSVM_ACCESS_WRITE), VSVM_ERROR_TABLE,
			    "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, touch(dev, va + c->at, VSVM_ACCESS_ATOMIC), VSVM_ERROR_TABLE,
			    "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, *slot, entry, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, num_small(dev) + num_large(dev), 0, "%s", c->name);

	/* But if the access has no right to it, that comes first. */
	*slot &= ~(WRITABLE | ATOMIC);
	KUNIT_EXPECT_EQ_MSG(test, touch(dev, va + c->at, VSVM_ACCESS_WRITE), VSVM_HW_MISS, "%s",
			    c->name);
	*slot = 0;
}

static void test_bad(struct kunit *test)
{
	unsigned int i;

	vram_device(test);
	for (i = 0; i < ARRAY_SIZE(bad_vram_cases); i++)
		expect_bad_vram(test, &bad_vram_cases[i]);
}

/* What was an error is none any more when the block is taken, and is one again afterwards. */
static void test_taken_later(struct kunit *test)
{
	struct vsvm_hw_test *dev = vram_device(test);
	u64 va = 7 * BLOCK;

	map_vram(test, va, 1, NOT_TAKEN, WRITABLE);
	KUNIT_EXPECT_EQ(test, touch(dev, va + PAGE, VSVM_ACCESS_WRITE), VSVM_ERROR_TABLE);
	KUNIT_ASSERT_EQ(test, vsvm_hw_vram_take(&dev->hw, NOT_TAKEN), 0);
	expect_vram(test, va, NOT_TAKEN, BLOCK);
	vsvm_hw_tlb_invalidate(&dev->as, va, va + BLOCK);
	vsvm_hw_vram_give(&dev->hw, NOT_TAKEN);
	KUNIT_EXPECT_EQ(test, touch(dev, va + PAGE, VSVM_ACCESS_WRITE), VSVM_ERROR_TABLE);
}

struct mark_case {
	const char *name;
	unsigned int level;
	u64 offset;
};

static const struct mark_case mark_cases[] = {
	{ "4K in one piece", 0, IN_PIECE + 3 * PAGE },
	{ "4K in a list", 0, IN_LIST + 3 * PAGE },
	{ "2M in one piece", 1, IN_PIECE },
	{ "2M in a list", 1, IN_LIST },
	{ "1G", 2, 0 },
};

static void expect_marks(struct kunit *test, const struct mark_case *c, enum vsvm_access access)
{
	struct vsvm_hw_test *dev = test->priv;
	u64 va = END - HUGE_BLOCK;
	u64 *slot = map_vram(test, va, c->level, c->offset, WRITABLE | ATOMIC), entry = *slot;

	vsvm_hw_test_probe(dev, va, access);
	KUNIT_EXPECT_EQ_MSG(test, *slot, entry, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, touch(dev, va, VSVM_ACCESS_READ), 0, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, *slot, entry | VSVM_PTE_ACCESSED, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, touch(dev, va, access), 0, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, *slot, entry | VSVM_PTE_ACCESSED | VSVM_PTE_DIRTY, "%s",
			    c->name);

	/* Once more without having been read. */
	*slot = entry;
	vsvm_hw_tlb_invalidate(&dev->as, va, va + BIT_ULL(VSVM_PT_SHIFT(c->level)));
	KUNIT_EXPECT_EQ_MSG(test, touch(dev, va, access), 0, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, *slot, entry | VSVM_PTE_ACCESSED | VSVM_PTE_DIRTY, "%s",
			    c->name);
	*slot = 0;
	vsvm_hw_tlb_invalidate(&dev->as, va, va + BIT_ULL(VSVM_PT_SHIFT(c->level)));
	KUNIT_EXPECT_EQ_MSG(test, touch(dev, va, access), VSVM_HW_MISS, "%s", c->name);
}

/* As of system memory: the mark is in the leaf, however many entries the TLB makes of it. */
static void test_marks(struct kunit *test)
{
	unsigned int i;

	vram_device(test);
	for (i = 0; i < ARRAY_SIZE(mark_cases); i++) {
		expect_marks(test, &mark_cases[i], VSVM_ACCESS_WRITE);
		expect_marks(test, &mark_cases[i], VSVM_ACCESS_ATOMIC);
	}
}

/* One page of a list is written through, of which another was read: both know their own. */
static void test_list_rights(struct kunit *test)
{
	struct vsvm_hw_test *dev = vram_device(test);
	u64 *slot = map_vram(test, 0, 1, IN_LIST, 0);

	KUNIT_EXPECT_EQ(test, touch(dev, 0, VSVM_ACCESS_READ), 0);
	KUNIT_EXPECT_EQ(test, touch(dev, PAGE, VSVM_ACCESS_READ), 0);
	KUNIT_EXPECT_EQ(test, touch(dev, PAGE, VSVM_ACCESS_WRITE), VSVM_HW_MISS);
	KUNIT_EXPECT_FALSE(test, *slot & VSVM_PTE_DIRTY);
	*slot |= WRITABLE;
	KUNIT_EXPECT_EQ(test, touch(dev, PAGE, VSVM_ACCESS_WRITE), 0);
	KUNIT_EXPECT_TRUE(test, *slot & VSVM_PTE_DIRTY);
	KUNIT_EXPECT_EQ(test, touch(dev, 0, VSVM_ACCESS_WRITE), 0);
	KUNIT_EXPECT_EQ(test, touch(dev, 0, VSVM_ACCESS_ATOMIC), VSVM_HW_MISS);
	KUNIT_EXPECT_EQ(test, num_small(dev), 1);
}

struct list_drop_case {
	const char *name;
	/* What is invalidated; the list is mapped at [3 * BLOCK, 4 * BLOCK). */
	u64 start, end;
	bool goes;
};

static const struct list_drop_case list_drop_cases[] = {
	{ "all of it", 3 * BLOCK, 4 * BLOCK, true },
	{ "first page", 3 * BLOCK, 3 * BLOCK + PAGE, true },
	{ "page that was not translated", 3 * BLOCK + 9 * PAGE, 3 * BLOCK + 10 * PAGE, true },
	{ "half", 3 * BLOCK + BLOCK / 2, 4 * BLOCK, true },
	{ "last page", 4 * BLOCK - PAGE, 4 * BLOCK, true },
	{ "over its start", 3 * BLOCK - PAGE, 3 * BLOCK + PAGE, true },
	{ "over its end", 4 * BLOCK - PAGE, 4 * BLOCK + PAGE, true },
	{ "more than there are slots", 0, 3 * BLOCK + PAGE, true },
	{ "whole space", 0, 0, true },
	{ "nothing", 3 * BLOCK, 3 * BLOCK, false },
	{ "page before", 3 * BLOCK - PAGE, 3 * BLOCK, false },
	{ "page after", 4 * BLOCK, 4 * BLOCK + PAGE, false },
	{ "all that is before", 0, 3 * BLOCK, false },
	{ "all that is after", 4 * BLOCK, 0, false },
};

/* As one entry would, all of a list goes together; see test_drop(). */
static void expect_list_drop(struct kunit *test, const struct list_drop_case *c)
{
	static const u64 at[] = { 0, PAGE, BLOCK / 2, BLOCK - PAGE };
	struct vsvm_hw_test *dev = test->priv;
	u64 *slot = map_vram(test, 3 * BLOCK, 1, IN_LIST, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(at); i++)
		KUNIT_ASSERT_EQ(test, touch(dev, 3 * BLOCK + at[i], VSVM_ACCESS_READ), 0);
	*slot = 0;
	KUNIT_EXPECT_EQ_MSG(test, num_small(dev), ARRAY_SIZE(at), "%s", c->name);
	vsvm_hw_tlb_invalidate(&dev->as, c->start, c->end);
	for (i = 0; i < ARRAY_SIZE(at); i++)
		KUNIT_EXPECT_EQ_MSG(test, vsvm_hw_test_probe(dev, 3 * BLOCK + at[i],
							     VSVM_ACCESS_READ),
				    c->goes ? VSVM_HW_MISS : 0, "%s, %#llx", c->name, at[i]);
	KUNIT_EXPECT_EQ_MSG(test, dev->engine.pieces, !c->goes, "%s", c->name);
	vsvm_hw_tlb_invalidate(&dev->as, 0, 0);
}

static void test_list_drop(struct kunit *test)
{
	unsigned int i;

	vram_device(test);
	for (i = 0; i < ARRAY_SIZE(list_drop_cases); i++)
		expect_list_drop(test, &list_drop_cases[i]);
}

/* With a list go neither small pages, nor another list, nor another space's; they go as ever. */
static void test_list_drop_others(struct kunit *test)
{
	struct vsvm_hw_test *dev = vram_device(test);
	struct vsvm_hw_as other = { .hw = &dev->hw, .root = dev->as.root, .id = U32_MAX };

	__set_bit(0, other.engines);
	map_vram(test, 0, 1, IN_LIST, 0);
	map_vram(test, BLOCK, 1, LAST_LIST, 0);
	map_vram(test, 2 * BLOCK + 2 * PAGE, 0, IN_LIST, 0);
	map_vram(test, 2 * BLOCK + 3 * PAGE, 0, IN_LIST + PAGE, 0);
	KUNIT_ASSERT_EQ(test, touch(dev, 0, VSVM_ACCESS_READ), 0);
	KUNIT_ASSERT_EQ(test, touch(dev, BLOCK + PAGE, VSVM_ACCESS_READ), 0);
	KUNIT_ASSERT_EQ(test, touch(dev, 2 * BLOCK + 2 * PAGE, VSVM_ACCESS_READ), 0);
	KUNIT_ASSERT_EQ(test, touch(dev, 2 * BLOCK + 3 * PAGE, VSVM_ACCESS_READ), 0);

	vsvm_hw_tlb_invalidate(&other, 0, PAGE);
	vsvm_hw_tlb_invalidate(&other, 0, 0);
	KUNIT_EXPECT_EQ(test, num_small(dev), 4);
	vsvm_hw_tlb_invalidate(&dev->as, PAGE, 2 * PAGE);
	KUNIT_EXPECT_EQ(test, num_small(dev), 3);
	vsvm_hw_tlb_invalidate(&dev->as, 2 * BLOCK + PAGE, 2 * BLOCK + 3 * PAGE);
	KUNIT_EXPECT_EQ(test, num_small(dev), 2);
	KUNIT_EXPECT_TRUE(test, dev->engine.pieces);
	vsvm_hw_tlb_invalidate(&dev->as, BLOCK, BLOCK + PAGE);
	KUNIT_EXPECT_EQ(test, num_small(dev), 1);
	KUNIT_EXPECT_FALSE(test, dev->engine.pieces);
	vsvm_hw_tlb_invalidate(&dev->as, 2 * BLOCK + 3 * PAGE, 2 * BLOCK + 4 * PAGE);
	KUNIT_EXPECT_EQ(test, num_small(dev), 0);
}

static struct kunit_case mmu_vram_cases[] = {
	KUNIT_CASE(test_4k),
	KUNIT_CASE(test_2m),
	KUNIT_CASE(test_2m_list),
	KUNIT_CASE(test_1g),
	KUNIT_CASE(test_or_system),
	KUNIT_CASE(test_bad),
	KUNIT_CASE(test_taken_later),
	KUNIT_CASE(test_marks),
	KUNIT_CASE(test_list_rights),
	KUNIT_CASE(test_list_drop),
	KUNIT_CASE(test_list_drop_others),
	{}
};

static struct kunit_suite mmu_vram_suite = {
	.name = "vsvm-hw-mmu-vram",
	.init = setup,
	.test_cases = mmu_vram_cases,
};

kunit_test_suite(mmu_vram_suite);
