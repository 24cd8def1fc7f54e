// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of large leaves
 *
 * Leaves of 2M and 1G in a page table, vsvm_pt.c: where they go, how they are split, and whose
 * pages are dirty then. The device's own writes are played by hand, and only what is marked dirty
 * has memory behind it.
 */

#include <kunit/test.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "../vsvm_pt.h"

#define LEVEL(n)	BIT_ULL(VSVM_PT_SHIFT(n))
#define P(n)		((u64)(n) * PAGE_SIZE)
#define END		BIT_ULL(VSVM_VA_BITS)
#define LAST		(LEVEL(2) - PAGE_SIZE)

struct fixture {
	struct vsvm_hw *hw;
	struct vsvm_pt pt;
	struct vsvm_pt_cache cache;
};

static void ignore_irq(void *data, u32 status)
{
}

static int setup(struct kunit *test)
{
	struct vsvm_hw_config config = {
		.num_engines = 1,
		.fault_ring_size = 2,
		.counter_ring_size = 2,
		.irq = ignore_irq,
	};
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->hw = vsvm_hw_create(&config);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->hw);
	KUNIT_ASSERT_EQ(test, vsvm_pt_init(&f->pt, f->hw, NULL), 0);
	test->priv = f;
	return 0;
}

static struct vsvm_pt_zapped zap(struct fixture *f, u64 start, u64 end)
{
	struct vsvm_pt_zapped zapped;

	mutex_lock(&f->pt.lock);
	zapped = vsvm_pt_zap(&f->pt, start, end);
	mutex_unlock(&f->pt.lock);
	return zapped;
}

static void teardown(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	zap(f, 0, END);
	vsvm_pt_cache_drain(&f->cache);
	vsvm_pt_fini(&f->pt);
	vsvm_hw_destroy(f->hw);
}

static bool map_large(struct kunit *test, u64 addr, u64 leaf, unsigned int level)
{
	struct fixture *f = test->priv;
	bool mapped;

	KUNIT_ASSERT_EQ(test, vsvm_pt_cache_fill(&f->cache, addr, addr + LEVEL(level)), 0);
	mutex_lock(&f->pt.lock);
	mapped = vsvm_pt_map_large(&f->pt, &f->cache, addr, leaf, level);
	mutex_unlock(&f->pt.lock);
	vsvm_pt_cache_drain(&f->cache);
	return mapped;
}

static u64 lookup(struct fixture *f, u64 addr)
{
	u64 entry;

	mutex_lock(&f->pt.lock);
	entry = vsvm_pt_lookup(&f->pt, addr);
	mutex_unlock(&f->pt.lock);
	return entry;
}

/* Splits with exactly the tables that it is said to need, and returns these. */
static unsigned int split(struct kunit *test, u64 addr)
{
	struct fixture *f = test->priv;
	unsigned int need;

	mutex_lock(&f->pt.lock);
	need = vsvm_pt_split_need(&f->pt, addr);
	mutex_unlock(&f->pt.lock);
	KUNIT_ASSERT_EQ(test, vsvm_pt_cache_add(&f->cache, need), 0);
	mutex_lock(&f->pt.lock);
	vsvm_pt_split(&f->pt, &f->cache, addr);
	KUNIT_EXPECT_EQ(test, vsvm_pt_split_need(&f->pt, addr), 0);
	mutex_unlock(&f->pt.lock);
	KUNIT_EXPECT_EQ(test, f->cache.count, 0);
	return need;
}

static void prune(struct kunit *test)
{
	struct fixture *f = test->priv;

	mutex_lock(&f->pt.lock);
	vsvm_pt_prune(&f->pt, 0, END);
	mutex_unlock(&f->pt.lock);
	KUNIT_EXPECT_EQ(test, f->pt.tables, 1);
	KUNIT_EXPECT_EQ(test, f->pt.mapped, 0);
}

static void test_giant(struct kunit *test)
{
	u64 leaf = vsvm_pt_leaf(3 * LEVEL(2), true), addr = 5 * LEVEL(2);
	struct fixture *f = test->priv;

	KUNIT_EXPECT_TRUE(test, map_large(test, addr, leaf, 2));
	KUNIT_EXPECT_EQ(test, f->pt.tables, VSVM_PT_LEVELS - 2);
	KUNIT_EXPECT_EQ(test, f->pt.mapped, LEVEL(2) / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, lookup(f, addr), leaf | VSVM_PTE_LEAF);
	KUNIT_EXPECT_EQ(test, lookup(f, addr + LAST), leaf | VSVM_PTE_LEAF);
	KUNIT_EXPECT_EQ(test, lookup(f, addr - 1), 0);
	KUNIT_EXPECT_EQ(test, lookup(f, addr + LEVEL(2)), 0);

	/* Neither below it nor over something smaller. */
	KUNIT_EXPECT_FALSE(test, map_large(test, addr + LEVEL(1), leaf, 1));
	KUNIT_EXPECT_TRUE(test, map_large(test, addr + LEVEL(2), leaf, 1));
	KUNIT_EXPECT_FALSE(test, map_large(test, addr + LEVEL(2), leaf, 2));
	KUNIT_EXPECT_EQ(test, zap(f, addr, addr + P(1)).pages, LEVEL(2) / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, zap(f, 0, END).pages, LEVEL(1) / PAGE_SIZE);
	prune(test);
}

struct split_case {
	const char *name;
	/* the leaf */
	unsigned int level;
	/* where to split it */
	u64 offset;
	/* tables that takes */
	unsigned int need;
	/* level of the leaves on both sides of the cut then */
	unsigned int before, after;
};

static const struct split_case split_cases[] = {
	{ "2M, begin", 1, 0, 0, 1, 1 },
	{ "2M, first page", 1, P(1), 1, 0, 0 },
	{ "2M, middle", 1, P(101), 1, 0, 0 },
	{ "2M, last page", 1, LEVEL(1) - P(1), 1, 0, 0 },
	{ "1G, begin", 2, 0, 0, 2, 2 },
	{ "1G, at 2M", 2, LEVEL(1), 1, 1, 1 },
	{ "1G, at its last 2M", 2, LEVEL(2) - LEVEL(1), 1, 1, 1 },
	{ "1G, first page", 2, P(1), 2, 0, 0 },
	{ "1G, middle", 2, 7 * LEVEL(1) + P(3), 2, 0, 0 },
	{ "1G, last page", 2, LAST, 2, 0, 0 },
};

static u64 leaf_at(u64 leaf, u64 offset, unsigned int level)
{
	return leaf + ALIGN_DOWN(offset, LEVEL(level)) + (level ? VSVM_PTE_LEAF : 0);
}

/* The level of the leaf that has a byte after the split: small only in the block of the cut. */
static unsigned int level_at(const struct split_case *c, u64 at)
{
	if (!c->need)
		return c->level;
	return at / LEVEL(1) == c->offset / LEVEL(1) ? c->after : 1;
}

/* All that a split leaf maps, it maps still, on both sides of the cut; then each goes alone. */
static void test_split(struct kunit *test)
{
	u64 leaf = vsvm_pt_leaf(6 * LEVEL(2), true), addr = 9 * LEVEL(2);
	struct fixture *f = test->priv;
	unsigned int i, wrong;
	u64 size, at, tables;

	for (i = 0; i < ARRAY_SIZE(split_cases); i++) {
		const struct split_case *c = &split_cases[i];

		size = LEVEL(c->level);
		KUNIT_ASSERT_TRUE(test, map_large(test, addr, leaf, c->level));
		tables = f->pt.tables;
		KUNIT_EXPECT_EQ_MSG(test, split(test, addr + c->offset), c->need, "%s", c->name);
		KUNIT_EXPECT_EQ(test, f->pt.tables, tables + c->need);
		KUNIT_EXPECT_EQ(test, f->pt.mapped, size / PAGE_SIZE);

		wrong = 0;
		for (at = 0; at < size; at += c->level == 2 ? LEVEL(1) : P(1))
			wrong += lookup(f, addr + at) != leaf_at(leaf, at, level_at(c, at));
		KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, lookup(f, addr + c->offset),
				    leaf_at(leaf, c->offset, c->after), "%s", c->name);
		if (c->offset) {
			KUNIT_EXPECT_EQ_MSG(test, lookup(f, addr + c->offset - 1),
					    leaf_at(leaf, c->offset - 1, c->before), "%s", c->name);
			KUNIT_EXPECT_EQ_MSG(test, zap(f, addr, addr + c->offset).pages,
					    c->offset / PAGE_SIZE, "%s", c->name);
		}
		KUNIT_EXPECT_EQ_MSG(test, zap(f, addr + c->offset, addr + size).pages,
				    (size - c->offset) / PAGE_SIZE, "%s", c->name);
		prune(test);
	}
}

static void test_split_nothing(struct kunit *test)
{
	u64 leaf = vsvm_pt_leaf(6 * LEVEL(2), true);
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, split(test, P(1)), 0);
	KUNIT_EXPECT_EQ(test, split(test, END), 0);
	KUNIT_ASSERT_TRUE(test, map_large(test, LEVEL(1), leaf, 1));
	KUNIT_EXPECT_EQ(test, split(test, LEVEL(1) - P(1)), 0);
	KUNIT_EXPECT_EQ(test, split(test, LEVEL(1)), 0);
	KUNIT_EXPECT_EQ(test, split(test, 2 * LEVEL(1)), 0);
	KUNIT_EXPECT_EQ(test, lookup(f, LEVEL(1)), leaf | VSVM_PTE_LEAF);
}

/* A page of 2M made of single pages, as a BO may have. */
static struct page *alloc_singles(struct kunit *test)
{
	struct page *pages = alloc_pages(GFP_KERNEL | __GFP_ZERO, VSVM_PT_BITS);

	KUNIT_ASSERT_NOT_NULL(test, pages);
	split_page(pages, VSVM_PT_BITS);
	return pages;
}

static void free_singles(struct page *pages)
{
	unsigned int i;

	for (i = 0; i < VSVM_PT_ENTRIES; i++) {
		ClearPageDirty(&pages[i]);
		__free_page(&pages[i]);
	}
}

static unsigned int count_dirty(struct page *pages)
{
	unsigned int i, count = 0;

	for (i = 0; i < VSVM_PT_ENTRIES; i++)
		count += PageDirty(&pages[i]);
	return count;
}

/* What the device does before its first write; returns what is there then. */
static u64 make_dirty(struct fixture *f, u64 addr, unsigned int level)
{
	u64 *table = f->pt.root, *slot;
	unsigned int at;

	for (at = VSVM_PT_LEVELS - 1;; at--) {
		slot = &table[(addr >> VSVM_PT_SHIFT(at)) & (VSVM_PT_ENTRIES - 1)];
		if (at == level)
			return *slot |= VSVM_PTE_ACCESSED | VSVM_PTE_DIRTY;
		table = phys_to_virt(*slot & VSVM_PTE_ADDR);
	}
}

/* One dirty bit is about all folios that the leaf maps. */
static void test_dirty(struct kunit *test)
{
	struct page *pages = alloc_singles(test);
	struct fixture *f = test->priv;
	u64 leaf = vsvm_pt_leaf(page_to_phys(pages), true);

	KUNIT_ASSERT_TRUE(test, map_large(test, LEVEL(1), leaf, 1));
	KUNIT_EXPECT_EQ(test, zap(f, 0, END).dirty, 0);
	KUNIT_EXPECT_EQ(test, count_dirty(pages), 0);

	KUNIT_ASSERT_TRUE(test, map_large(test, LEVEL(1), leaf, 1));
	make_dirty(f, LEVEL(1), 1);
	KUNIT_EXPECT_EQ(test, zap(f, 0, END).dirty, VSVM_PT_ENTRIES);
	KUNIT_EXPECT_EQ(test, count_dirty(pages), VSVM_PT_ENTRIES);
	free_singles(pages);
}

/* A dirty leaf that is split is dirty in all its parts, and one that is not gets dirty in parts. */
static void test_split_dirty(struct kunit *test)
{
	struct page *pages = alloc_singles(test);
	u64 leaf = vsvm_pt_leaf(page_to_phys(pages), true), marked;
	struct fixture *f = test->priv;

	KUNIT_ASSERT_TRUE(test, map_large(test, LEVEL(1), leaf, 1));
	split(test, LEVEL(1) + P(8));
	make_dirty(f, LEVEL(1) + P(9), 0);
	KUNIT_EXPECT_EQ(test, zap(f, LEVEL(1), LEVEL(1) + P(9)).dirty, 0);
	KUNIT_EXPECT_EQ(test, zap(f, 0, END).dirty, 1);
	KUNIT_EXPECT_EQ(test, count_dirty(pages), 1);
	KUNIT_EXPECT_TRUE(test, PageDirty(&pages[9]));

	prune(test);
	KUNIT_ASSERT_TRUE(test, map_large(test, LEVEL(1), leaf, 1));
	marked = make_dirty(f, LEVEL(1), 1);
	split(test, LEVEL(1) + P(8));
	KUNIT_EXPECT_EQ(test, lookup(f, LEVEL(1) + P(8)), (marked & ~VSVM_PTE_LEAF) + P(8));
	KUNIT_EXPECT_EQ(test, zap(f, LEVEL(1), LEVEL(1) + P(8)).dirty, 8);
	KUNIT_EXPECT_EQ(test, count_dirty(pages), 9);
	KUNIT_EXPECT_EQ(test, zap(f, 0, END).dirty, VSVM_PT_ENTRIES - 8);
	KUNIT_EXPECT_EQ(test, count_dirty(pages), VSVM_PT_ENTRIES);
	free_singles(pages);
}

static struct kunit_case pt_large_cases[] = {
	KUNIT_CASE(test_giant),
	KUNIT_CASE(test_split),
	KUNIT_CASE(test_split_nothing),
	KUNIT_CASE(test_dirty),
	KUNIT_CASE(test_split_dirty),
	{}
};

static struct kunit_suite pt_large_suite = {
	.name = "vsvm-pt-large",
	.init = setup,
	.exit = teardown,
	.test_cases = pt_large_cases,
};

kunit_test_suite(pt_large_suite);
