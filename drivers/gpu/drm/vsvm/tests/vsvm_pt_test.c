// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of page tables
 *
 * Edits of a page table, vsvm_pt.c, on a table of a real device without queues. The device's own
 * writes to entries are played by hand.
 */

#include <kunit/test.h>
#include <linux/io.h>
#include <linux/mm.h>

#include "../vsvm_pt.h"

#define BLOCK	VSVM_PT_BLOCK_SIZE
#define END	BIT_ULL(VSVM_VA_BITS)

struct fixture {
	struct vsvm_hw *hw;
	struct vsvm_pt pt;
	struct vsvm_pt_cache cache;
	/* Pages to map; what they hold is of no interest. */
	struct page *pages[4];
};

static void ignore_irq(void *data, u32 status)
{
}

static int setup(struct kunit *test)
{
	struct vsvm_hw_config config = {
		.num_engines = 1,
		.fault_ring_size = 2,
		.irq = ignore_irq,
	};
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->hw = vsvm_hw_create(&config);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->hw);
	KUNIT_ASSERT_EQ(test, vsvm_pt_init(&f->pt, f->hw), 0);
	for (i = 0; i < ARRAY_SIZE(f->pages); i++) {
		f->pages[i] = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, f->pages[i]);
	}
	test->priv = f;
	return 0;
}

static void teardown(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	if (!f)
		return;
	mutex_lock(&f->pt.lock);
	vsvm_pt_zap(&f->pt, 0, END);
	mutex_unlock(&f->pt.lock);
	vsvm_pt_cache_drain(&f->cache);
	vsvm_pt_fini(&f->pt);
	vsvm_hw_destroy(f->hw);
	for (i = 0; i < ARRAY_SIZE(f->pages); i++)
		__free_page(f->pages[i]);
}

static u64 page_leaf(struct fixture *f, unsigned int i, bool write)
{
	return vsvm_pt_leaf(page_to_phys(f->pages[i]), write);
}

static void map(struct kunit *test, u64 addr, const u64 *leaves, unsigned int count)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, vsvm_pt_cache_fill(&f->cache, addr, addr + count * PAGE_SIZE), 0);
	mutex_lock(&f->pt.lock);
	vsvm_pt_map_range(&f->pt, &f->cache, addr, leaves, count);
	mutex_unlock(&f->pt.lock);
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

/* What the device does before its first write. */
static void dirty(struct fixture *f, u64 addr)
{
	unsigned int level;
	u64 *table = f->pt.root, *slot;

	for (level = VSVM_PT_LEVELS - 1;; level--) {
		slot = &table[(addr >> VSVM_PT_SHIFT(level)) & (VSVM_PT_ENTRIES - 1)];
		if (!level || (*slot & VSVM_PTE_LEAF))
			break;
		table = phys_to_virt(*slot & VSVM_PTE_ADDR);
	}
	*slot |= VSVM_PTE_ACCESSED | VSVM_PTE_DIRTY;
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

	KUNIT_ASSERT_EQ(test, vsvm_pt_cache_fill(&f->cache, addr, addr + BLOCK), 0);
	mutex_lock(&f->pt.lock);
	mapped = vsvm_pt_map_block(&f->pt, &f->cache, addr, leaf);
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

	KUNIT_EXPECT_EQ(test, vsvm_pt_cache_fill(&f->cache, 0, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, f->cache.count, levels);
	KUNIT_EXPECT_EQ(test, vsvm_pt_cache_fill(&f->cache, 0, BLOCK), 0);
	KUNIT_EXPECT_EQ(test, f->cache.count, levels);
	KUNIT_EXPECT_EQ(test, vsvm_pt_cache_fill(&f->cache, BLOCK - PAGE_SIZE, BLOCK + PAGE_SIZE),
			0);
	KUNIT_EXPECT_EQ(test, f->cache.count, levels + 1);
	vsvm_pt_cache_drain(&f->cache);
	KUNIT_EXPECT_EQ(test, f->cache.count, 0);
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
	{}
};

static struct kunit_suite pt_suite = {
	.name = "vsvm-pt",
	.init = setup,
	.exit = teardown,
	.test_cases = pt_cases,
};

kunit_test_suite(pt_suite);
