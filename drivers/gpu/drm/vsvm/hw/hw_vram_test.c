// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of VRAM
 *
 * Which blocks there are, which of them have memory and for how long, and how much of it is in one
 * piece, hw/hw_vram.c. Where a test needs one of the two forms that a block can have, it builds
 * that by hand; what vsvm_hw_vram_take() makes may be either.
 */

#include <kunit/test.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/page_ref.h>
#include <linux/pgtable.h>

#include "hw_test.h"

#define PAGE	VSVM_HW_PAGE_SIZE
#define BLOCK	VSVM_HW_VRAM_BLOCK
#define BLOCKS	4
#define END	(BLOCKS * BLOCK)

static int setup(struct kunit *test)
{
	struct vsvm_hw_test *dev = vsvm_hw_test_device(test, 2);

	vsvm_hw_test_vram(test, dev, BLOCKS);
	test->priv = &dev->hw;
	return 0;
}

/* Where a byte is, NULL if it is nowhere. */
static void *at(struct vsvm_hw *hw, u64 offset)
{
	u64 size = 1;

	return vsvm_hw_vram_ptr(hw, offset, &size);
}

static void ignore_irq(void *data, u32 status)
{
}

static struct vsvm_hw *create_at(u64 vram_size, phys_addr_t vram_base)
{
	const struct vsvm_hw_config config = {
		.num_engines = 1,
		.fault_ring_size = 2,
		.counter_ring_size = 2,
		.vram_size = vram_size,
		.vram_base = vram_base,
		.irq = ignore_irq,
	};

	return vsvm_hw_create(&config);
}

static struct vsvm_hw *create(u64 vram_size)
{
	return create_at(vram_size, 0);
}

struct size_case {
	const char *name;
	u64 size;
	int err;
};

static const struct size_case size_cases[] = {
	{ "none", 0, 0 },
	{ "a block", BLOCK, 0 },
	{ "three blocks", 3 * BLOCK, 0 },
	{ "a byte", 1, -EINVAL },
	{ "a page", PAGE, -EINVAL },
	{ "half a block", BLOCK / 2, -EINVAL },
	{ "a byte less than a block", BLOCK - 1, -EINVAL },
	{ "a byte more than a block", BLOCK + 1, -EINVAL },
	{ "a page more than a block", BLOCK + PAGE, -EINVAL },
	{ "all bits", U64_MAX, -EINVAL },
	/* Good, but there is no list that long; this is no alarm either. */
	{ "highest bit", BIT_ULL(63), -ENOMEM },
	{ "highest multiple of a block", U64_MAX - BLOCK + 1, -ENOMEM },
};

static void test_size(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(size_cases); i++) {
		const struct size_case *c = &size_cases[i];
		struct vsvm_hw *hw = create(c->size);

		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(hw), c->err, "%s", c->name);
		if (IS_ERR(hw))
			continue;
		KUNIT_EXPECT_EQ_MSG(test, vsvm_hw_vram_size(hw), c->size, "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, vsvm_hw_vram_used(hw), 0, "%s", c->name);
		vsvm_hw_destroy(hw);
	}
}

struct place_case {
	const char *name;
	u64 offset;
	/* It is in block 0, 1, ...; -1 if it is in none. */
	int block;
};

static const struct place_case place_cases[] = {
	{ "first byte", 0, 0 },
	{ "second page", PAGE, 0 },
	{ "last byte of the first block", BLOCK - 1, 0 },
	{ "first byte of the second block", BLOCK, 1 },
	{ "in the third block", 2 * BLOCK + BLOCK / 2 + 3, 2 },
	{ "first byte of the last block", END - BLOCK, BLOCKS - 1 },
	{ "last byte", END - 1, BLOCKS - 1 },
	{ "first byte beyond", END, -1 },
	{ "a block beyond", END + BLOCK, -1 },
	{ "what 32 bits would take for the first byte", BIT_ULL(32), -1 },
	{ "what 32 bits of blocks would take for it", BIT_ULL(32) * BLOCK, -1 },
	{ "highest bit", BIT_ULL(63), -1 },
	{ "last byte of all", U64_MAX, -1 },
};

/* Is this block, and none but it, in use? */
static void expect_only(struct kunit *test, struct vsvm_hw *hw, const char *name, int block)
{
	int i;

	KUNIT_EXPECT_EQ_MSG(test, vsvm_hw_vram_used(hw), block < 0 ? 0 : BLOCK, "%s", name);
	for (i = 0; i < BLOCKS; i++) {
		u64 base = i * BLOCK;

		KUNIT_EXPECT_EQ_MSG(test, !!at(hw, base), i == block, "%s: block %d", name, i);
		KUNIT_EXPECT_EQ_MSG(test, !!at(hw, base + BLOCK - 1), i == block, "%s: block %d",
				    name, i);
		KUNIT_EXPECT_EQ_MSG(test, !!vsvm_hw_vram_bar(hw, base), i == block,
				    "%s: block %d", name, i);
	}
	KUNIT_EXPECT_NULL_MSG(test, at(hw, END), "%s", name);
	KUNIT_EXPECT_NULL_MSG(test, at(hw, U64_MAX), "%s", name);
}

/* Whatever byte of it is named, a block comes and goes as a whole, and alone. */
static void expect_place(struct kunit *test, const struct place_case *c)
{
	struct vsvm_hw *hw = test->priv;

	expect_only(test, hw, c->name, -1);
	KUNIT_EXPECT_EQ_MSG(test, vsvm_hw_vram_take(hw, c->offset), c->block < 0 ? -EINVAL : 0,
			    "%s", c->name);
	expect_only(test, hw, c->name, c->block);
	KUNIT_EXPECT_EQ_MSG(test, !!at(hw, c->offset), c->block >= 0, "%s", c->name);
	vsvm_hw_vram_give(hw, c->offset);
	expect_only(test, hw, c->name, -1);
}

static void test_place(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(place_cases); i++)
		expect_place(test, &place_cases[i]);
}

static void test_none(struct kunit *test)
{
	static const u64 offsets[] = { 0, BLOCK - 1, BLOCK, BIT_ULL(63), U64_MAX };
	struct vsvm_hw_test *dev = vsvm_hw_test_device(test, 2);
	unsigned int i;

	vsvm_hw_test_vram(test, dev, 0);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		KUNIT_EXPECT_EQ(test, vsvm_hw_vram_take(&dev->hw, offsets[i]), -EINVAL);
		KUNIT_EXPECT_NULL(test, at(&dev->hw, offsets[i]));
		KUNIT_EXPECT_EQ(test, vsvm_hw_vram_bar(&dev->hw, offsets[i]), 0);
		vsvm_hw_vram_give(&dev->hw, offsets[i]);
	}
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_size(&dev->hw), 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_used(&dev->hw), 0);
}

static void test_one_block(struct kunit *test)
{
	struct vsvm_hw_test *dev = vsvm_hw_test_device(test, 2);

	vsvm_hw_test_vram(test, dev, 1);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_size(&dev->hw), BLOCK);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_take(&dev->hw, BLOCK), -EINVAL);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_take(&dev->hw, BLOCK - 1), 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_used(&dev->hw), BLOCK);
	KUNIT_EXPECT_NOT_NULL(test, at(&dev->hw, 0));
	KUNIT_EXPECT_NOT_NULL(test, at(&dev->hw, BLOCK - 1));
	KUNIT_EXPECT_NULL(test, at(&dev->hw, BLOCK));
	/* And goes with the device. */
}

/* Of either form: each page is where it should be, to its last byte, for the processor as well. */
static void expect_pages(struct kunit *test, u64 base, bool one_piece)
{
	struct vsvm_hw *hw = test->priv;
	unsigned long word = hw->vram.blocks[base / BLOCK];
	unsigned int i;

	for (i = 0; i < BLOCK / PAGE; i++) {
		void *page = one_piece ? (void *)(word & VSVM_HW_PAGE_MASK) + i * PAGE :
					 (void *)((unsigned long *)word)[i];

		KUNIT_EXPECT_PTR_EQ_MSG(test, at(hw, base + i * PAGE), page, "page %u", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, at(hw, base + i * PAGE + 1), page + 1, "page %u", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, at(hw, base + (i + 1) * PAGE - 1), page + PAGE - 1,
					"page %u", i);
		KUNIT_EXPECT_EQ_MSG(test, vsvm_hw_vram_bar(hw, base + i * PAGE),
				    virt_to_phys(page), "page %u", i);
	}
}

static void test_one_piece(struct kunit *test)
{
	vsvm_hw_test_block(test, test->priv, BLOCK, true);
	expect_pages(test, BLOCK, true);
}

static void test_list(struct kunit *test)
{
	vsvm_hw_test_block(test, test->priv, BLOCK, false);
	expect_pages(test, BLOCK, false);
}

struct clip_case {
	/* In a block, and how much of what is wanted from there is in one piece. */
	u64 offset, want, in_block, in_list;
};

static const struct clip_case clip_cases[] = {
	{ 0, 0, 0, 0 },
	{ 0, 1, 1, 1 },
	{ 0, PAGE - 1, PAGE - 1, PAGE - 1 },
	{ 0, PAGE, PAGE, PAGE },
	{ 0, PAGE + 1, PAGE + 1, PAGE },
	{ 0, BLOCK, BLOCK, PAGE },
	{ 0, BLOCK + 1, BLOCK, PAGE },
	{ 0, U64_MAX, BLOCK, PAGE },
	{ 5, PAGE - 5, PAGE - 5, PAGE - 5 },
	{ 5, PAGE, PAGE, PAGE - 5 },
	{ 5, BLOCK, BLOCK - 5, PAGE - 5 },
	{ PAGE - 1, 1, 1, 1 },
	{ PAGE - 1, 2, 2, 1 },
	{ PAGE, PAGE, PAGE, PAGE },
	{ PAGE, U64_MAX, BLOCK - PAGE, PAGE },
	{ BLOCK / 2 + 7, 2 * PAGE, 2 * PAGE, PAGE - 7 },
	{ BLOCK / 2, BLOCK / 2 + 1, BLOCK / 2, PAGE },
	{ BLOCK - PAGE - 1, 2, 2, 1 },
	{ BLOCK - PAGE - 1, U64_MAX, PAGE + 1, 1 },
	{ BLOCK - PAGE, PAGE, PAGE, PAGE },
	{ BLOCK - PAGE, PAGE + 1, PAGE, PAGE },
	{ BLOCK - 1, 1, 1, 1 },
	{ BLOCK - 1, 2, 1, 1 },
	{ BLOCK - 1, U64_MAX, 1, 1 },
};

/* The blocks around it have memory too, in the other form: nothing is to run over into them. */
static void expect_clip(struct kunit *test, const struct clip_case *c, unsigned int block,
			u64 want)
{
	struct vsvm_hw *hw = test->priv;
	u64 size = c->want;

	KUNIT_EXPECT_NOT_NULL(test, vsvm_hw_vram_ptr(hw, block * BLOCK + c->offset, &size));
	KUNIT_EXPECT_EQ_MSG(test, size, want, "%#llx of %#llx, block %u", c->want, c->offset,
			    block);
}

static void test_clip(struct kunit *test)
{
	struct vsvm_hw *hw = test->priv;
	unsigned int i;

	vsvm_hw_test_block(test, hw, 0, false);
	vsvm_hw_test_block(test, hw, BLOCK, true);
	vsvm_hw_test_block(test, hw, 2 * BLOCK, false);
	vsvm_hw_test_block(test, hw, 3 * BLOCK, true);
	for (i = 0; i < ARRAY_SIZE(clip_cases); i++) {
		expect_clip(test, &clip_cases[i], 0, clip_cases[i].in_list);
		expect_clip(test, &clip_cases[i], 1, clip_cases[i].in_block);
		expect_clip(test, &clip_cases[i], 2, clip_cases[i].in_list);
		expect_clip(test, &clip_cases[i], 3, clip_cases[i].in_block);
	}
}

#define WORDS	(PAGE / sizeof(u64))

/* Says of each of its words where it is. */
static void fill(struct kunit *test, unsigned int block, u64 seed)
{
	u64 *page = vsvm_hw_test_page(test), offset, i;

	for (offset = block * BLOCK; offset < (block + 1) * BLOCK; offset += PAGE) {
		for (i = 0; i < WORDS; i++)
			page[i] = (offset + i) ^ seed;
		vsvm_hw_test_write(test->priv, offset, page, PAGE);
	}
}

/* How many words do not? */
static u64 changed(struct kunit *test, unsigned int block, u64 seed)
{
	u64 *page = vsvm_hw_test_page(test), count = 0, offset, i;

	for (offset = block * BLOCK; offset < (block + 1) * BLOCK; offset += PAGE) {
		vsvm_hw_test_read(test->priv, offset, page, PAGE);
		for (i = 0; i < WORDS; i++)
			count += page[i] != ((offset + i) ^ seed);
	}
	return count;
}

/* What is ready already stays where it is, with all that is in it. */
static void test_take_twice(struct kunit *test)
{
	struct vsvm_hw *hw = test->priv;
	void *first;

	KUNIT_ASSERT_EQ(test, vsvm_hw_vram_take(hw, BLOCK), 0);
	first = at(hw, BLOCK);
	KUNIT_ASSERT_NOT_NULL(test, first);
	fill(test, 1, 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_take(hw, BLOCK), 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_take(hw, 2 * BLOCK - 1), 0);
	KUNIT_EXPECT_PTR_EQ(test, at(hw, BLOCK), first);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_used(hw), BLOCK);
	KUNIT_EXPECT_EQ(test, changed(test, 1, 0), 0);

	/* It was taken once, however often that was said. */
	vsvm_hw_vram_give(hw, BLOCK);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_used(hw), 0);
	KUNIT_EXPECT_NULL(test, at(hw, BLOCK));
}

static void test_give_twice(struct kunit *test)
{
	struct vsvm_hw *hw = test->priv;

	vsvm_hw_vram_give(hw, 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_used(hw), 0);
	KUNIT_ASSERT_EQ(test, vsvm_hw_vram_take(hw, 0), 0);
	KUNIT_ASSERT_EQ(test, vsvm_hw_vram_take(hw, END - 1), 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_used(hw), 2 * BLOCK);
	vsvm_hw_vram_give(hw, BLOCK - 1);
	vsvm_hw_vram_give(hw, 0);
	vsvm_hw_vram_give(hw, BLOCK);
	vsvm_hw_vram_give(hw, END);
	vsvm_hw_vram_give(hw, U64_MAX);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_used(hw), BLOCK);
	KUNIT_EXPECT_NOT_NULL(test, at(hw, END - 1));
	/* And it can be had again. */
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_take(hw, 0), 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_used(hw), 2 * BLOCK);
}

/* Each block is other memory, and keeps its content whatever becomes of the others. */
static void test_content(struct kunit *test)
{
	struct vsvm_hw *hw = test->priv;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, vsvm_hw_vram_take(hw, 0), 0);
	vsvm_hw_test_block(test, hw, BLOCK, true);
	vsvm_hw_test_block(test, hw, 2 * BLOCK, false);
	KUNIT_ASSERT_EQ(test, vsvm_hw_vram_take(hw, 3 * BLOCK), 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_used(hw), END);
	for (i = 0; i < BLOCKS; i++)
		fill(test, i, 5);
	for (i = 0; i < BLOCKS; i++)
		KUNIT_EXPECT_EQ_MSG(test, changed(test, i, 5), 0, "block %u", i);

	vsvm_hw_vram_give(hw, 3 * BLOCK);
	KUNIT_ASSERT_EQ(test, vsvm_hw_vram_take(hw, 3 * BLOCK), 0);
	fill(test, 3, 6);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_take(hw, BLOCK), 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_take(hw, 2 * BLOCK), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ_MSG(test, changed(test, i, 5), 0, "block %u", i);
	KUNIT_EXPECT_EQ(test, changed(test, 3, 6), 0);
}

static struct page *hold(struct vsvm_hw *hw, u64 offset)
{
	struct page *page = virt_to_page(at(hw, offset));

	page_ref_inc(page);
	return page;
}

/* Is the test the last that holds the page? */
static void expect_freed(struct kunit *test, struct page *page, unsigned int order,
			 const char *name)
{
	KUNIT_EXPECT_EQ_MSG(test, page_count(page), 1, "%s", name);
	__free_pages(page, order);
}

/* The host has back every page that it gave. */
static void test_given_back(struct kunit *test)
{
	struct vsvm_hw *hw = test->priv;
	struct page *piece, *first, *middle, *last;

	vsvm_hw_test_block(test, hw, 0, true);
	vsvm_hw_test_block(test, hw, BLOCK, false);
	piece = hold(hw, 0);
	first = hold(hw, BLOCK);
	middle = hold(hw, BLOCK + BLOCK / 2);
	last = hold(hw, 2 * BLOCK - PAGE);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_used(hw), 2 * BLOCK);
	vsvm_hw_vram_give(hw, 0);
	vsvm_hw_vram_give(hw, BLOCK);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_used(hw), 0);
	KUNIT_EXPECT_NULL(test, at(hw, BLOCK));
	expect_freed(test, piece, VSVM_PT_BITS, "one piece");
	expect_freed(test, first, 0, "first page");
	expect_freed(test, middle, 0, "page in the middle");
	expect_freed(test, last, 0, "last page");
}

/* What nobody gave back goes with the device. */
static void test_gone_with_device(struct kunit *test)
{
	struct vsvm_hw *hw = create(3 * BLOCK);
	struct page *piece, *last;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, hw);
	vsvm_hw_test_block(test, hw, 0, true);
	vsvm_hw_test_block(test, hw, 2 * BLOCK, false);
	piece = hold(hw, 0);
	last = hold(hw, 3 * BLOCK - PAGE);
	vsvm_hw_destroy(hw);
	expect_freed(test, piece, VSVM_PT_BITS, "one piece");
	expect_freed(test, last, 0, "last page");
}

static void free_memory(void *data)
{
	free_pages((unsigned long)data, VSVM_PT_BITS + 1);
}

/* Memory of its own is where it is told, is not taken from the host, and is not given to it. */
static void test_base(struct kunit *test)
{
	void *memory = (void *)__get_free_pages(GFP_KERNEL | __GFP_NOWARN, VSVM_PT_BITS + 1);
	struct vsvm_hw *hw;
	unsigned int i;

	if (!memory)
		kunit_skip(test, "no memory in one piece");
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_memory, memory), 0);
	hw = create_at(2 * BLOCK, virt_to_phys(memory));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, hw);
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_size(hw), 2 * BLOCK);
	/* What was there before nobody is to see. */
	*(u64 *)(memory + BLOCK) = 5;
	KUNIT_EXPECT_NULL(test, at(hw, BLOCK));
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_bar(hw, BLOCK), 0);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, vsvm_hw_vram_take(hw, BLOCK), 0);
		KUNIT_EXPECT_EQ(test, vsvm_hw_vram_used(hw), BLOCK);
		KUNIT_EXPECT_NULL(test, at(hw, BLOCK - 1));
		KUNIT_ASSERT_NOT_NULL(test, at(hw, 2 * BLOCK - 8));
		KUNIT_EXPECT_EQ(test, vsvm_hw_vram_bar(hw, BLOCK), virt_to_phys(memory + BLOCK));
		KUNIT_EXPECT_EQ(test, vsvm_hw_vram_bar(hw, 2 * BLOCK - PAGE),
				virt_to_phys(memory + 2 * BLOCK - PAGE));
		KUNIT_EXPECT_EQ(test, *(u64 *)at(hw, BLOCK), 5 + i);
		*(u64 *)at(hw, BLOCK) = 6;
		*(u64 *)at(hw, 2 * BLOCK - 8) = 7;
		KUNIT_EXPECT_EQ(test, *(u64 *)(memory + BLOCK), 6);
		KUNIT_EXPECT_EQ(test, *(u64 *)(memory + 2 * BLOCK - 8), 7);
		vsvm_hw_vram_give(hw, BLOCK);
		KUNIT_EXPECT_EQ(test, vsvm_hw_vram_used(hw), 0);
		KUNIT_EXPECT_NULL(test, at(hw, BLOCK));
	}
	/* With a block that nobody gave back. */
	KUNIT_EXPECT_EQ(test, vsvm_hw_vram_take(hw, 0), 0);
	vsvm_hw_destroy(hw);
	KUNIT_EXPECT_EQ(test, page_ref_count(virt_to_page(memory)), 1);
}

static void test_bad_base(struct kunit *test)
{
	static const struct {
		u64 size, base;
	} bad[] = {
		{ BLOCK, 1 }, { BLOCK, PAGE }, { BLOCK, BLOCK + PAGE }, { 0, BLOCK },
		{ 2 * BLOCK, U64_MAX - BLOCK + 1 }, { U64_MAX - BLOCK + 1, 2 * BLOCK },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(create_at(bad[i].size, bad[i].base)),
				    -EINVAL, "case %u", i);
}

static struct kunit_case vram_cases[] = {
	KUNIT_CASE(test_size),
	KUNIT_CASE(test_place),
	KUNIT_CASE(test_none),
	KUNIT_CASE(test_one_block),
	KUNIT_CASE(test_one_piece),
	KUNIT_CASE(test_list),
	KUNIT_CASE(test_clip),
	KUNIT_CASE(test_take_twice),
	KUNIT_CASE(test_give_twice),
	KUNIT_CASE(test_content),
	KUNIT_CASE(test_given_back),
	KUNIT_CASE(test_gone_with_device),
	KUNIT_CASE(test_base),
	KUNIT_CASE(test_bad_base),
	{}
};

static struct kunit_suite vram_suite = {
	.name = "vsvm-hw-vram",
	.init = setup,
	.test_cases = vram_cases,
};

kunit_test_suite(vram_suite);
