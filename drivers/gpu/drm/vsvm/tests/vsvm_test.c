// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: A page table for tests
 *
 * A real device, whose engine has nothing to do, a page table of the driver's on it, and pages to
 * map. All of it goes with the test, also if the test ends while it is being set up.
 */

#include <kunit/test.h>
#include <linux/io.h>
#include <linux/mm.h>

#include "vsvm_test.h"

static void ignore_irq(void *data, u32 status)
{
}

static void destroy_device(void *data)
{
	vsvm_hw_destroy(data);
}

static void free_test_page(void *data)
{
	__free_page(data);
}

static void fini_pt(void *data)
{
	struct vsvm_test_pt *t = data;

	mutex_lock(&t->pt->lock);
	vsvm_pt_zap(t->pt, 0, VSVM_TEST_END);
	mutex_unlock(&t->pt->lock);
	vsvm_pt_cache_drain(&t->cache);
	vsvm_pt_fini(t->pt);
}

/**
 * vsvm_test_pt_init() - build device and page table
 * @test: who wants them
 * @t: zeroed; lives as long as the test, as do both
 * @pt: page table, zeroed
 */
void vsvm_test_pt_init(struct kunit *test, struct vsvm_test_pt *t, struct vsvm_pt *pt)
{
	struct vsvm_hw_config config = {
		.num_engines = 1,
		.fault_ring_size = 2,
		.counter_ring_size = 2,
		.irq = ignore_irq,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(t->pages); i++) {
		t->pages[i] = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, t->pages[i]);
		KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_test_page, t->pages[i]),
				0);
	}
	t->hw = vsvm_hw_create(&config);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->hw);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, destroy_device, t->hw), 0);
	KUNIT_ASSERT_EQ(test, vsvm_pt_init(pt, t->hw, NULL), 0);
	t->pt = pt;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, fini_pt, t), 0);
}

/**
 * vsvm_test_leaf() - entry for one of the pages
 * @t: page table
 * @page: index in &vsvm_test_pt.pages
 * @write: may be written
 *
 * Return: the entry.
 */
u64 vsvm_test_leaf(const struct vsvm_test_pt *t, unsigned int page, bool write)
{
	return vsvm_pt_leaf(page_to_phys(t->pages[page]), write);
}

/**
 * vsvm_test_map() - put entries into the table
 * @test: who wants it
 * @t: page table
 * @addr: first address
 * @leaves: entries
 * @count: how many
 */
void vsvm_test_map(struct kunit *test, struct vsvm_test_pt *t, u64 addr, const u64 *leaves,
		   unsigned int count)
{
	KUNIT_ASSERT_EQ(test, vsvm_pt_cache_fill(&t->cache, addr, addr + count * PAGE_SIZE), 0);
	mutex_lock(&t->pt->lock);
	vsvm_pt_map_range(t->pt, &t->cache, addr, leaves, count);
	mutex_unlock(&t->pt->lock);
}
