// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of page tables
 *
 * Edits of a page table, vsvm_pt.c, on a table of a real device without queues. The device's own
 * writes to entries are played by hand.
 */

#include <kunit/test.h>
#include <linux/io.h>

#include "../vsvm_pt.h"
#include "vsvm_test.h"

#define BLOCK	VSVM_PT_BLOCK_SIZE
#define END	VSVM_TEST_END

struct fixture {
	struct vsvm_pt pt;
	struct vsvm_test_pt dev;
};

static int setup(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	vsvm_test_pt_init(test, &f->dev, &f->pt);
	test->priv = f;
	return 0;
}

static u64 page_leaf(struct fixture *f, unsigned int i, bool write)
{
	return vsvm_test_leaf(&f->dev, i, write);
}

static void map(struct kunit *test, u64 addr, const u64 *leaves, unsigned int count)
{
	struct fixture *f = test->priv;

	vsvm_test_map(test, &f->dev, addr, leaves, count);
}

static u64 lookup(struct fixture *f, u64 addr)
{
	u64 entry;

	mutex_lock(&f->pt.lock);
	entry = vsvm_pt_lookup(&f->pt, addr);
	mutex_unlock(&f->pt.lock);
	return entry;
}

static struct vsvm_pt_zapped zap(struct fixture *f, u64 start, u64 end)
{
	struct vsvm_pt_zapped zapped;

	mutex_lock(&f->pt.lock);
	zapped = vsvm_pt_zap(&f->pt, start, end);
	mutex_unlock(&f->pt.lock);
	return zapped;
}

static u64 prune(struct fixture *f, u64 start, u64 end)
{
	mutex_lock(&f->pt.lock);
	vsvm_pt_prune(&f->pt, start, end);
	mutex_unlock(&f->pt.lock);
	return f->pt.tables;
}

static u64 *slot_of(struct fixture *f, u64 addr)
{
	unsigned int level;
	u64 *table = f->pt.root, *slot;

	for (level = VSVM_PT_LEVELS - 1;; level--) {
		slot = &table[(addr >> VSVM_PT_SHIFT(level)) & (VSVM_PT_ENTRIES - 1)];
		if (!level || (*slot & VSVM_PTE_LEAF))
			return slot;
		table = phys_to_virt(*slot & VSVM_PTE_ADDR);
	}
}

/* What the device does before its first write. */
static void dirty(struct fixture *f, u64 addr)
{
	*slot_of(f, addr) |= VSVM_PTE_ACCESSED | VSVM_PTE_DIRTY;
}

static void test_empty(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, lookup(f, 0), 0);
	KUNIT_EXPECT_EQ(test, lookup(f, END - 1), 0);
	KUNIT_EXPECT_EQ(test, lookup(f, END), 0);
	KUNIT_EXPECT_EQ(test, lookup(f, U64_MAX), 0);
	KUNIT_EXPECT_EQ(test, zap(f, 0, END).pages, 0);
	KUNIT_EXPECT_EQ(test, zap(f, 0, U64_MAX).pages, 0);
	KUNIT_EXPECT_EQ(test, prune(f, 0, U64_MAX), 1);
}

static void test_one_page_at(struct kunit *test, u64 addr)
{
	struct fixture *f = test->priv;
	u64 leaf = page_leaf(f, 0, true);

	map(test, addr, &leaf, 1);
	KUNIT_EXPECT_EQ(test, lookup(f, addr), leaf);
	KUNIT_EXPECT_EQ(test, lookup(f, addr + PAGE_SIZE - 1), leaf);
	KUNIT_EXPECT_EQ(test, lookup(f, addr + PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, lookup(f, addr - 1), 0);
	KUNIT_EXPECT_EQ(test, f->pt.mapped, 1);
	KUNIT_EXPECT_EQ(test, f->pt.tables, VSVM_PT_LEVELS);

	/* Off by one on either side. */
	if (addr)
		KUNIT_EXPECT_EQ(test, zap(f, addr - PAGE_SIZE, addr).pages, 0);
	KUNIT_EXPECT_EQ(test, zap(f, addr + PAGE_SIZE, addr + 2 * PAGE_SIZE).pages, 0);
	KUNIT_EXPECT_EQ(test, zap(f, addr, addr + PAGE_SIZE).pages, 1);
	KUNIT_EXPECT_EQ(test, lookup(f, addr), 0);
	KUNIT_EXPECT_EQ(test, f->pt.mapped, 0);

	/* A zap leaves the tables, a prune elsewhere too. */
	KUNIT_EXPECT_EQ(test, f->pt.tables, VSVM_PT_LEVELS);
	KUNIT_EXPECT_EQ(test, prune(f, addr, addr + PAGE_SIZE), 1);
}

static void test_one_page(struct kunit *test)
{
	test_one_page_at(test, 0);
	test_one_page_at(test, PAGE_SIZE);
	test_one_page_at(test, BLOCK - PAGE_SIZE);
	test_one_page_at(test, 0x7ffffffff000);
	test_one_page_at(test, END - PAGE_SIZE);
}

/* Writing may be added, and is never taken away by mapping again. */
static void test_rights(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 read = page_leaf(f, 0, false), write = page_leaf(f, 0, true);

	map(test, 0, &read, 1);
	KUNIT_EXPECT_EQ(test, lookup(f, 0), read);
	map(test, 0, &write, 1);
	KUNIT_EXPECT_EQ(test, lookup(f, 0), write);
	map(test, 0, &read, 1);
	KUNIT_EXPECT_EQ(test, lookup(f, 0), write);
	KUNIT_EXPECT_EQ(test, f->pt.mapped, 1);
}

/* A dirty bit survives all but the zap, and that reports it. */
static void test_dirty(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 leaves[] = { page_leaf(f, 0, true), page_leaf(f, 1, true) };
	struct vsvm_pt_zapped zapped;

	map(test, 0, leaves, 2);
	dirty(f, 0);
	map(test, 0, leaves, 2);
	KUNIT_EXPECT_TRUE(test, lookup(f, 0) & VSVM_PTE_DIRTY);
	zapped = zap(f, 0, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, zapped.pages, 2);
	KUNIT_EXPECT_EQ(test, zapped.dirty, 1);
}

/* Entries that are zero are left alone. */
static void test_holes(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 leaves[] = { page_leaf(f, 0, true), 0, page_leaf(f, 2, true) };
	u64 middle = page_leaf(f, 1, false);

	map(test, BLOCK, leaves, 3);
	KUNIT_EXPECT_EQ(test, lookup(f, BLOCK + PAGE_SIZE), 0);
	map(test, BLOCK + PAGE_SIZE, &middle, 1);
	map(test, BLOCK, leaves, 3);
	KUNIT_EXPECT_EQ(test, lookup(f, BLOCK + PAGE_SIZE), middle);
	KUNIT_EXPECT_EQ(test, zap(f, BLOCK + PAGE_SIZE, BLOCK + 2 * PAGE_SIZE).pages, 1);
	KUNIT_EXPECT_EQ(test, lookup(f, BLOCK), leaves[0]);
	KUNIT_EXPECT_EQ(test, lookup(f, BLOCK + 2 * PAGE_SIZE), leaves[2]);
}

static bool map_block(struct kunit *test, u64 addr, u64 leaf)
{
	struct fixture *f = test->priv;
	bool mapped;

	KUNIT_ASSERT_EQ(test, vsvm_pt_cache_fill(&f->dev.cache, addr, addr + BLOCK), 0);
	mutex_lock(&f->pt.lock);
	mapped = vsvm_pt_map_block(&f->pt, &f->dev.cache, addr, leaf);
	mutex_unlock(&f->pt.lock);
	return mapped;
}

/* A zap of any part takes all of a 2M leaf, and says so. */
static void test_block(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 leaf = vsvm_pt_leaf(4 * BLOCK, true), small = page_leaf(f, 0, true);

	KUNIT_EXPECT_TRUE(test, map_block(test, BLOCK, leaf));
	KUNIT_EXPECT_EQ(test, f->pt.mapped, BLOCK / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, f->pt.tables, VSVM_PT_LEVELS - 1);
	KUNIT_EXPECT_EQ(test, lookup(f, BLOCK), leaf | VSVM_PTE_LEAF);
	KUNIT_EXPECT_EQ(test, lookup(f, 2 * BLOCK - 1), leaf | VSVM_PTE_LEAF);
	KUNIT_EXPECT_EQ(test, lookup(f, 2 * BLOCK), 0);

	/* A page does not go where the block is. */
	map(test, BLOCK + PAGE_SIZE, &small, 1);
	KUNIT_EXPECT_EQ(test, lookup(f, BLOCK + PAGE_SIZE), leaf | VSVM_PTE_LEAF);

	KUNIT_EXPECT_EQ(test, zap(f, 2 * BLOCK - PAGE_SIZE, 2 * BLOCK).pages, BLOCK / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, lookup(f, BLOCK), 0);
	KUNIT_EXPECT_EQ(test, f->pt.mapped, 0);
}

/* A block takes the place of an empty table, not of one in use. */
static void test_block_over_table(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 leaf = vsvm_pt_leaf(4 * BLOCK, false), small = page_leaf(f, 0, false);

	map(test, BLOCK, &small, 1);
	KUNIT_EXPECT_FALSE(test, map_block(test, BLOCK, leaf));
	KUNIT_EXPECT_EQ(test, lookup(f, BLOCK), small);
	zap(f, BLOCK, BLOCK + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, f->pt.tables, VSVM_PT_LEVELS);
	KUNIT_EXPECT_TRUE(test, map_block(test, BLOCK, leaf));
	KUNIT_EXPECT_EQ(test, f->pt.tables, VSVM_PT_LEVELS - 1);
}

/* Tables go when their last entry has gone, and not before. */
static void test_prune(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 leaf = page_leaf(f, 0, false), far = BIT_ULL(VSVM_PT_SHIFT(VSVM_PT_LEVELS - 1));

	map(test, 0, &leaf, 1);
	map(test, BLOCK, &leaf, 1);
	map(test, far, &leaf, 1);
	KUNIT_EXPECT_EQ(test, f->pt.tables, 1 + 3 + 2 + 4);

	KUNIT_EXPECT_EQ(test, prune(f, 0, END), 10);
	zap(f, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, prune(f, BLOCK, END), 10);
	KUNIT_EXPECT_EQ(test, prune(f, 0, PAGE_SIZE), 9);
	zap(f, 0, far);
	KUNIT_EXPECT_EQ(test, prune(f, 0, far), 5);
	KUNIT_EXPECT_EQ(test, lookup(f, far), leaf);
}

/* The cache is filled for the worst case, and what it holds counts. */
static void test_cache(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int levels = VSVM_PT_LEVELS - 1;

	KUNIT_EXPECT_EQ(test, vsvm_pt_cache_fill(&f->dev.cache, 0, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, f->dev.cache.count, levels);
	KUNIT_EXPECT_EQ(test, vsvm_pt_cache_fill(&f->dev.cache, 0, BLOCK), 0);
	KUNIT_EXPECT_EQ(test, f->dev.cache.count, levels);
	KUNIT_EXPECT_EQ(test, vsvm_pt_cache_fill(&f->dev.cache, BLOCK - PAGE_SIZE,
						 BLOCK + PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, f->dev.cache.count, levels + 1);
	vsvm_pt_cache_drain(&f->dev.cache);
	KUNIT_EXPECT_EQ(test, f->dev.cache.count, 0);
}

struct edge_case {
	const char *name;
	/* Two pages side by side, in different tables from some level on. */
	u64 addr;
	/* Tables for the two: the root, and what they do not share twice. */
	u64 tables;
};

/* First address of the second entry of a table at a level. */
#define EDGE(level)	BIT_ULL(VSVM_PT_SHIFT(level))

static const struct edge_case edge_cases[] = {
	{ "in one table", PAGE_SIZE, 5 },
	{ "over a block", EDGE(1) - PAGE_SIZE, 6 },
	{ "over 1 GiB", EDGE(2) - PAGE_SIZE, 7 },
	{ "over 512 GiB", EDGE(3) - PAGE_SIZE, 8 },
	{ "over 256 TiB", EDGE(4) - PAGE_SIZE, 9 },
	{ "in the middle of all", END / 2 - PAGE_SIZE, 9 },
	{ "in the last table", END - 2 * PAGE_SIZE, 5 },
	{ "into the last block", END - BLOCK - PAGE_SIZE, 6 },
	{ "into the last 256 TiB", END - EDGE(4) - PAGE_SIZE, 9 },
};

/* Each of two neighbours is mapped, zapped and pruned alone, wherever the tables part. */
static void expect_edge(struct kunit *test, const struct edge_case *c)
{
	struct fixture *f = test->priv;
	u64 low = c->addr, high = c->addr + PAGE_SIZE;
	u64 leaves[] = { page_leaf(f, 0, true), page_leaf(f, 1, false) };

	map(test, low, &leaves[0], 1);
	KUNIT_EXPECT_EQ_MSG(test, f->pt.tables, VSVM_PT_LEVELS, "%s", c->name);
	map(test, high, &leaves[1], 1);
	KUNIT_EXPECT_EQ_MSG(test, f->pt.tables, c->tables, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, lookup(f, low), leaves[0], "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, lookup(f, high - 1), leaves[0], "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, lookup(f, high), leaves[1], "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, f->pt.mapped, 2, "%s", c->name);

	KUNIT_EXPECT_EQ_MSG(test, zap(f, low - PAGE_SIZE, low).pages, 0, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, zap(f, low, high).pages, 1, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, lookup(f, low), 0, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, lookup(f, high), leaves[1], "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, prune(f, high, high + PAGE_SIZE), c->tables, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, prune(f, low, high), VSVM_PT_LEVELS, "%s", c->name);

	map(test, low, &leaves[0], 1);
	KUNIT_EXPECT_EQ_MSG(test, zap(f, high, high + PAGE_SIZE).pages, 1, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, lookup(f, low), leaves[0], "%s", c->name);
	map(test, high, &leaves[1], 1);
	KUNIT_EXPECT_EQ_MSG(test, zap(f, low, high + PAGE_SIZE).pages, 2, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, prune(f, low, high + PAGE_SIZE), 1, "%s", c->name);
}

static void test_edge(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(edge_cases); i++)
		expect_edge(test, &edge_cases[i]);
}

/* The largest range that there is, and one that goes beyond it, take both ends. */
static void test_zap_all(struct kunit *test)
{
	static const u64 ends[] = { END, END + PAGE_SIZE, U64_MAX };
	struct fixture *f = test->priv;
	u64 leaf = page_leaf(f, 0, false);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		map(test, 0, &leaf, 1);
		map(test, END - PAGE_SIZE, &leaf, 1);
		/* What is beyond is not what its lower bits say. */
		KUNIT_EXPECT_EQ(test, lookup(f, ends[i]), 0);
		KUNIT_EXPECT_EQ(test, zap(f, END, ends[i]).pages, 0);
		KUNIT_EXPECT_EQ(test, zap(f, PAGE_SIZE, END - PAGE_SIZE).pages, 0);
		KUNIT_EXPECT_EQ(test, zap(f, 0, ends[i]).pages, 2);
		KUNIT_EXPECT_EQ(test, f->pt.mapped, 0);
		KUNIT_EXPECT_EQ(test, prune(f, END, ends[i]), 9);
		KUNIT_EXPECT_EQ(test, prune(f, 0, ends[i]), 1);
	}
}

/* Ranges that are nothing, or the other way round, change nothing. */
static void test_zap_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 leaf = page_leaf(f, 0, false);

	map(test, PAGE_SIZE, &leaf, 1);
	KUNIT_EXPECT_EQ(test, zap(f, PAGE_SIZE, PAGE_SIZE).pages, 0);
	KUNIT_EXPECT_EQ(test, zap(f, 2 * PAGE_SIZE, PAGE_SIZE).pages, 0);
	KUNIT_EXPECT_EQ(test, zap(f, U64_MAX, 0).pages, 0);
	KUNIT_EXPECT_EQ(test, lookup(f, PAGE_SIZE), leaf);
	zap(f, 0, END);
	KUNIT_EXPECT_EQ(test, prune(f, PAGE_SIZE, PAGE_SIZE), VSVM_PT_LEVELS);
	KUNIT_EXPECT_EQ(test, prune(f, 2 * PAGE_SIZE, PAGE_SIZE), VSVM_PT_LEVELS);
	/* Of an empty table's range any part will do. */
	KUNIT_EXPECT_EQ(test, prune(f, 5 * PAGE_SIZE, 6 * PAGE_SIZE), 1);
}

/* What the device has marked stays marked when rights are added. */
static void test_marks_stay(struct kunit *test)
{
	const u64 marks = VSVM_PTE_ACCESSED | VSVM_PTE_DIRTY;
	struct fixture *f = test->priv;
	u64 read = page_leaf(f, 0, false), write = page_leaf(f, 0, true);

	map(test, 0, &read, 1);
	dirty(f, 0);
	map(test, 0, &write, 1);
	KUNIT_EXPECT_EQ(test, lookup(f, 0), write | marks);

	KUNIT_ASSERT_TRUE(test, map_block(test, BLOCK, vsvm_pt_leaf(4 * BLOCK, false)));
	dirty(f, BLOCK);
	KUNIT_ASSERT_TRUE(test, map_block(test, BLOCK, vsvm_pt_leaf(4 * BLOCK, true)));
	KUNIT_EXPECT_EQ(test, lookup(f, BLOCK),
			vsvm_pt_leaf(4 * BLOCK, true) | VSVM_PTE_LEAF | marks);
	/* Whoever maps that memory in earnest is not to be told of a write: it is not ours. */
	*slot_of(f, BLOCK) &= ~VSVM_PTE_DIRTY;
}

/* A block that is full of pages, to the last one and no further. */
static void test_full_table(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, count = BLOCK / PAGE_SIZE;
	u64 *leaves = kunit_kcalloc(test, count, sizeof(*leaves), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, leaves);
	for (i = 0; i < count; i++)
		leaves[i] = page_leaf(f, i % 4, i % 2);
	map(test, BLOCK, leaves, count);
	KUNIT_EXPECT_EQ(test, f->pt.mapped, count);
	KUNIT_EXPECT_EQ(test, lookup(f, BLOCK - 1), 0);
	KUNIT_EXPECT_EQ(test, lookup(f, BLOCK), leaves[0]);
	KUNIT_EXPECT_EQ(test, lookup(f, 2 * BLOCK - 1), leaves[count - 1]);
	KUNIT_EXPECT_EQ(test, lookup(f, 2 * BLOCK), 0);
	KUNIT_EXPECT_EQ(test, zap(f, BLOCK + PAGE_SIZE, 2 * BLOCK - PAGE_SIZE).pages, count - 2);
	KUNIT_EXPECT_EQ(test, prune(f, 0, END), VSVM_PT_LEVELS);
	KUNIT_EXPECT_EQ(test, lookup(f, BLOCK), leaves[0]);
	KUNIT_EXPECT_EQ(test, lookup(f, 2 * BLOCK - PAGE_SIZE), leaves[count - 1]);
	KUNIT_EXPECT_EQ(test, zap(f, 0, END).pages, 2);
}

struct partial_case {
	const char *name;
	u64 start, end;
	/* Whether it takes the block [BLOCK, 2 * BLOCK), and the pages on either side of it. */
	bool before, block, behind;
};

static const struct partial_case partial_cases[] = {
	{ "page before", BLOCK - PAGE_SIZE, BLOCK, true, false, false },
	{ "first page", BLOCK, BLOCK + PAGE_SIZE, false, true, false },
	{ "a page in it", BLOCK + 5 * PAGE_SIZE, BLOCK + 6 * PAGE_SIZE, false, true, false },
	{ "last page", 2 * BLOCK - PAGE_SIZE, 2 * BLOCK, false, true, false },
	{ "page behind", 2 * BLOCK, 2 * BLOCK + PAGE_SIZE, false, false, true },
	{ "all", BLOCK, 2 * BLOCK, false, true, false },
	{ "over its start", BLOCK - PAGE_SIZE, BLOCK + PAGE_SIZE, true, true, false },
	{ "over its end", 2 * BLOCK - PAGE_SIZE, 2 * BLOCK + PAGE_SIZE, false, true, true },
	{ "over both", BLOCK - PAGE_SIZE, 2 * BLOCK + PAGE_SIZE, true, true, true },
	{ "everything", 0, END, true, true, true },
};

/* Of a 2M leaf all goes or nothing, and its neighbours only if they are meant. */
static void expect_partial_block(struct kunit *test, const struct partial_case *c)
{
	struct fixture *f = test->priv;
	u64 small = page_leaf(f, 0, false), leaf = vsvm_pt_leaf(4 * BLOCK, false);
	struct vsvm_pt_zapped zapped;

	map(test, BLOCK - PAGE_SIZE, &small, 1);
	KUNIT_ASSERT_TRUE(test, map_block(test, BLOCK, leaf));
	map(test, 2 * BLOCK, &small, 1);
	zapped = zap(f, c->start, c->end);
	KUNIT_EXPECT_EQ_MSG(test, zapped.pages,
			    c->before + c->behind + (c->block ? BLOCK / PAGE_SIZE : 0), "%s",
			    c->name);
	KUNIT_EXPECT_EQ_MSG(test, zapped.dirty, 0, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, !lookup(f, BLOCK - PAGE_SIZE), c->before, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, !lookup(f, BLOCK), c->block, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, !lookup(f, 2 * BLOCK - PAGE_SIZE), c->block, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, !lookup(f, 2 * BLOCK), c->behind, "%s", c->name);
	zap(f, 0, END);
}

static void test_partial_block(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(partial_cases); i++)
		expect_partial_block(test, &partial_cases[i]);
}

/* A 2M leaf keeps what it has, as a page does, and where there are pages it does not go. */
static void test_block_again(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 read = vsvm_pt_leaf(4 * BLOCK, false), write = vsvm_pt_leaf(4 * BLOCK, true);
	u64 small = page_leaf(f, 0, false);

	KUNIT_EXPECT_TRUE(test, map_block(test, END - BLOCK, read));
	KUNIT_EXPECT_TRUE(test, map_block(test, END - BLOCK, write));
	KUNIT_EXPECT_EQ(test, lookup(f, END - 1), write | VSVM_PTE_LEAF);
	KUNIT_EXPECT_TRUE(test, map_block(test, END - BLOCK, read));
	KUNIT_EXPECT_EQ(test, lookup(f, END - BLOCK), write | VSVM_PTE_LEAF);
	KUNIT_EXPECT_EQ(test, f->pt.mapped, BLOCK / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, f->pt.tables, VSVM_PT_LEVELS - 1);

	/* Its last page alone is enough to keep it away. */
	map(test, BLOCK - PAGE_SIZE, &small, 1);
	KUNIT_EXPECT_FALSE(test, map_block(test, 0, read));
	KUNIT_EXPECT_EQ(test, lookup(f, 0), 0);
	KUNIT_EXPECT_EQ(test, lookup(f, BLOCK - 1), small);
}

/* What the entry of a page says, for both kinds of access. */
static void test_leaf(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, vsvm_pt_leaf(0, false), VSVM_PTE_VALID);
	KUNIT_EXPECT_EQ(test, vsvm_pt_leaf(PAGE_SIZE, true),
			PAGE_SIZE | VSVM_PTE_VALID | VSVM_PTE_WRITE | VSVM_PTE_ATOMIC);
	KUNIT_EXPECT_EQ(test, vsvm_pt_leaf(VSVM_PTE_ADDR, false), VSVM_PTE_ADDR | VSVM_PTE_VALID);
}

struct fill_case {
	const char *name;
	u64 start, end;
	unsigned int count;
};

static const struct fill_case fill_cases[] = {
	{ "first byte", 0, 1, 4 },
	{ "first page", 0, PAGE_SIZE, 4 },
	{ "last page", END - PAGE_SIZE, END, 4 },
	{ "a block", BLOCK, 2 * BLOCK, 4 },
	{ "a byte more than a block", BLOCK, 2 * BLOCK + 1, 5 },
	{ "over a block", BLOCK - 1, BLOCK + 1, 5 },
	{ "over 1 GiB", EDGE(2) - 1, EDGE(2) + 1, 6 },
	{ "over 512 GiB", EDGE(3) - 1, EDGE(3) + 1, 7 },
	{ "over 256 TiB", EDGE(4) - 1, EDGE(4) + 1, 8 },
	{ "1 GiB", EDGE(2), 2 * EDGE(2), 512 + 3 },
};

/* What is set aside is as much as mapping the range, wherever it lies, can need. */
static void test_cache_need(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fill_cases); i++) {
		KUNIT_EXPECT_EQ(test, vsvm_pt_cache_fill(&f->dev.cache, fill_cases[i].start,
							 fill_cases[i].end), 0);
		KUNIT_EXPECT_EQ_MSG(test, f->dev.cache.count, fill_cases[i].count, "%s",
				    fill_cases[i].name);
		vsvm_pt_cache_drain(&f->dev.cache);
		KUNIT_EXPECT_EQ(test, f->dev.cache.count, 0);
	}
}

/* What was not used stays, and what is used is counted. */
static void test_cache_use(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 leaf = page_leaf(f, 0, false);

	map(test, 0, &leaf, 1);
	KUNIT_EXPECT_EQ(test, f->dev.cache.count, 0);
	map(test, PAGE_SIZE, &leaf, 1);
	KUNIT_EXPECT_EQ(test, f->dev.cache.count, 4);
	map(test, EDGE(2), &leaf, 1);
	KUNIT_EXPECT_EQ(test, f->dev.cache.count, 2);
	/* A table from the cache is empty, but for what is entered. */
	KUNIT_EXPECT_EQ(test, lookup(f, EDGE(2) + PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, lookup(f, 0), leaf);
	zap(f, EDGE(2), EDGE(2) + PAGE_SIZE);
	zap(f, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, lookup(f, PAGE_SIZE), leaf);
	KUNIT_EXPECT_EQ(test, prune(f, 0, END), VSVM_PT_LEVELS);
}

static struct kunit_case pt_cases[] = {
	KUNIT_CASE(test_empty),
	KUNIT_CASE(test_one_page),
	KUNIT_CASE(test_rights),
	KUNIT_CASE(test_dirty),
	KUNIT_CASE(test_holes),
	KUNIT_CASE(test_block),
	KUNIT_CASE(test_block_over_table),
	KUNIT_CASE(test_prune),
	KUNIT_CASE(test_cache),
	KUNIT_CASE(test_edge),
	KUNIT_CASE(test_zap_all),
	KUNIT_CASE(test_zap_nothing),
	KUNIT_CASE(test_marks_stay),
	KUNIT_CASE(test_full_table),
	KUNIT_CASE(test_partial_block),
	KUNIT_CASE(test_block_again),
	KUNIT_CASE(test_leaf),
	KUNIT_CASE(test_cache_need),
	KUNIT_CASE(test_cache_use),
	{}
};

static struct kunit_suite pt_suite = {
	.name = "vsvm-pt",
	.init = setup,
	.test_cases = pt_cases,
};

kunit_test_suite(pt_suite);
