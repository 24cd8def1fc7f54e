// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: A device for tests
 *
 * One engine that has no thread, one address space whose table is built by hand, one queue. Nothing
 * happens but what a test calls, so a test can stop anywhere and look at everything.
 */

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "hw_test.h"

static void count_irq(void *data, u32 status)
{
	struct vsvm_hw_test *dev = data;

	dev->irqs = dev->irqs << 4 | status;
}

/* Does not outlive the test, like all memory here. */
static void free_records(void *data)
{
	vsvm_hw_counter_fini(data);
	vsvm_hw_fault_fini(data);
}

/**
 * vsvm_hw_test_device() - build a device
 * @test: who wants it
 * @fault_ring_size: as in &struct vsvm_hw_config
 *
 * Return: the device, which goes with the test.
 */
struct vsvm_hw_test *vsvm_hw_test_device(struct kunit *test, unsigned int fault_ring_size)
{
	struct vsvm_hw_test *dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, dev);
	dev->hw.config = (struct vsvm_hw_config) {
		.num_engines = 1,
		.fault_ring_size = fault_ring_size,
		.counter_ring_size = VSVM_HW_TEST_COUNTER_RING,
		.irq = count_irq,
		.irq_data = dev,
	};
	dev->hw.engines[0] = &dev->engine;
	KUNIT_ASSERT_EQ(test, vsvm_hw_fault_init(&dev->hw), 0);
	KUNIT_ASSERT_EQ(test, vsvm_hw_counter_init(&dev->hw), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_records, &dev->hw), 0);

	dev->engine.hw = &dev->hw;
	dev->engine.budget = INT_MAX;
	spin_lock_init(&dev->engine.lock);
	INIT_LIST_HEAD(&dev->engine.queues);
	init_waitqueue_head(&dev->engine.doorbell);
	init_waitqueue_head(&dev->engine.released);
	vsvm_hw_mmu_init(&dev->engine);

	dev->as.hw = &dev->hw;
	dev->as.id = 1;
	dev->as.replays = 1;
	dev->as.root = virt_to_phys(vsvm_hw_test_page(test));
	__set_bit(0, dev->as.engines);

	dev->queue.hw = &dev->hw;
	dev->queue.engine = &dev->engine;
	dev->queue.as = &dev->as;
	dev->queue.id = 1;
	dev->queue.wave = VSVM_HW_WAVE_NONE;
	spin_lock_init(&dev->queue.lock);
	return dev;
}

/**
 * vsvm_hw_test_page() - memory for a table, or to be mapped
 * @test: who wants it
 *
 * Return: a page of zeroes, which goes with the test.
 */
void *vsvm_hw_test_page(struct kunit *test)
{
	void *page = kunit_kzalloc(test, VSVM_HW_PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, virt_to_phys(page) & ~VSVM_HW_PAGE_MASK, 0);
	return page;
}

/**
 * vsvm_hw_test_slot() - where the entry for an address is
 * @test: who wants it
 * @dev: device
 * @va: address
 * @level: level of the table; those above it are made if they are missing
 *
 * Return: the slot.
 */
u64 *vsvm_hw_test_slot(struct kunit *test, struct vsvm_hw_test *dev, u64 va, unsigned int level)
{
	u64 *slot, *table = phys_to_virt(dev->as.root);
	unsigned int at;

	for (at = VSVM_PT_LEVELS - 1;; at--) {
		slot = &table[(va >> VSVM_PT_SHIFT(at)) & (VSVM_PT_ENTRIES - 1)];
		if (at == level)
			return slot;
		if (!*slot)
			*slot = virt_to_phys(vsvm_hw_test_page(test)) | VSVM_PTE_VALID;
		table = phys_to_virt(*slot & VSVM_PTE_ADDR);
	}
}

/**
 * vsvm_hw_test_map() - map a new page
 * @test: who wants it
 * @dev: device
 * @va: address in the page
 * @rights: VSVM_PTE_WRITE, VSVM_PTE_ATOMIC
 *
 * Return: the page.
 */
void *vsvm_hw_test_map(struct kunit *test, struct vsvm_hw_test *dev, u64 va, u64 rights)
{
	void *page = vsvm_hw_test_page(test);

	*vsvm_hw_test_slot(test, dev, va, 0) = virt_to_phys(page) | VSVM_PTE_VALID | rights;
	return page;
}

static void fini_vram(void *data)
{
	vsvm_hw_vram_fini(data);
}

/**
 * vsvm_hw_test_vram() - give a device VRAM
 * @test: who wants it
 * @dev: device that has none
 * @blocks: how many blocks; none is taken
 */
void vsvm_hw_test_vram(struct kunit *test, struct vsvm_hw_test *dev, unsigned int blocks)
{
	dev->hw.config.vram_size = blocks * VSVM_HW_VRAM_BLOCK;
	KUNIT_ASSERT_EQ(test, vsvm_hw_vram_init(&dev->hw), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, fini_vram, &dev->hw), 0);
}

/* As hw_vram.c marks a block that is no list. */
#define ONE_PIECE	BIT(0)
#define LIST_PAGES	BIT(VSVM_PT_BITS)

static unsigned long *alloc_list(struct kunit *test, unsigned long *block)
{
	unsigned long *pages = kcalloc(LIST_PAGES, sizeof(*pages), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	/* It goes with the device, also if it does not get full. */
	*block = (unsigned long)pages;
	for (i = 0; i < LIST_PAGES; i++) {
		pages[i] = __get_free_page(GFP_KERNEL);
		KUNIT_ASSERT_NE(test, pages[i], 0);
	}
	return pages;
}

/**
 * vsvm_hw_test_block() - have a block of VRAM ready for use in the form that a test wants
 * @test: who wants it
 * @hw: device
 * @offset: in the block, which has not been taken
 * @one_piece: in one piece; a list of pages otherwise, no two of which happen to follow each other
 *
 * What vsvm_hw_vram_take() does in the form that the host's memory allows. The block is given back
 * as any other.
 */
void vsvm_hw_test_block(struct kunit *test, struct vsvm_hw *hw, u64 offset, bool one_piece)
{
	unsigned long *block = &hw->vram.blocks[offset / VSVM_HW_VRAM_BLOCK];
	unsigned long *pages;
	unsigned int i;

	KUNIT_ASSERT_LT(test, offset, vsvm_hw_vram_size(hw));
	KUNIT_ASSERT_EQ(test, *block, 0);
	hw->vram.used++;
	if (one_piece) {
		*block = __get_free_pages(GFP_KERNEL | __GFP_COMP | __GFP_RETRY_MAYFAIL,
					  VSVM_PT_BITS);
		KUNIT_ASSERT_NE(test, *block, 0);
		*block |= ONE_PIECE;
		return;
	}
	pages = alloc_list(test, block);
	for (i = 1; i < LIST_PAGES / 2; i += 2)
		swap(pages[i], pages[i + LIST_PAGES / 2]);
}

/**
 * vsvm_hw_test_read() - read VRAM
 * @hw: device
 * @offset: in blocks that have been taken
 * @to: gets it
 * @size: bytes
 */
void vsvm_hw_test_read(struct vsvm_hw *hw, u64 offset, void *to, u64 size)
{
	u64 done, piece;
	void *ptr;

	for (done = 0; done < size; done += piece) {
		piece = size - done;
		ptr = vsvm_hw_vram_ptr(hw, offset + done, &piece);
		memcpy(to + done, ptr, piece);
	}
}

/**
 * vsvm_hw_test_write() - write VRAM
 * @hw: device
 * @offset: in blocks that have been taken
 * @from: what to write
 * @size: bytes
 */
void vsvm_hw_test_write(struct vsvm_hw *hw, u64 offset, const void *from, u64 size)
{
	u64 done, piece;
	void *ptr;

	for (done = 0; done < size; done += piece) {
		piece = size - done;
		ptr = vsvm_hw_vram_ptr(hw, offset + done, &piece);
		memcpy(ptr, from + done, piece);
	}
}

/**
 * vsvm_hw_test_translate() - translate an address, in a section of its own
 * @dev: device
 * @va: address
 * @access: what it is for
 * @ptr: set to where the kernel sees @va
 *
 * Return: as vsvm_hw_mmu_translate().
 */
u32 vsvm_hw_test_translate(struct vsvm_hw_test *dev, u64 va, enum vsvm_access access, void **ptr)
{
	u32 ret;

	vsvm_hw_mmu_begin(&dev->engine);
	ret = vsvm_hw_mmu_translate(&dev->engine, &dev->as, va, access, ptr);
	vsvm_hw_mmu_end(&dev->engine);
	return ret;
}

/**
 * vsvm_hw_test_probe() - the same without leaving a trace
 * @dev: device
 * @va: address
 * @access: what it is for
 *
 * Return: as vsvm_hw_mmu_probe().
 */
u32 vsvm_hw_test_probe(struct vsvm_hw_test *dev, u64 va, enum vsvm_access access)
{
	u32 ret;

	vsvm_hw_mmu_begin(&dev->engine);
	ret = vsvm_hw_mmu_probe(&dev->engine, &dev->as, va, access);
	vsvm_hw_mmu_end(&dev->engine);
	return ret;
}

/**
 * vsvm_hw_test_irqs() - what interrupts have there been?
 * @dev: device
 *
 * Return: &vsvm_hw_test.irqs since the last call.
 */
u32 vsvm_hw_test_irqs(struct vsvm_hw_test *dev)
{
	u32 irqs = dev->irqs;

	dev->irqs = 0;
	return irqs;
}

/**
 * vsvm_hw_test_run() - have the queue run a stream
 * @dev: device, its queue idle and alive
 * @va: first packet
 * @size: bytes
 *
 * Return: as vsvm_hw_cmd_run().
 */
enum vsvm_hw_result vsvm_hw_test_run(struct vsvm_hw_test *dev, u64 va, u64 size)
{
	const struct vsvm_hw_stream stream = { .addr = va, .size = size };

	dev->engine.budget = INT_MAX;
	if (vsvm_hw_queue_submit(&dev->queue, &stream, 1))
		return VSVM_HW_DEAD;
	return vsvm_hw_cmd_run(&dev->queue);
}
