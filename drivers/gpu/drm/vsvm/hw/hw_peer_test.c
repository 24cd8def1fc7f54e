// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of VRAM of peers
 *
 * Entries and copies that name VRAM of another device, hw/hw_peer.c, and those that name none.
 */

#include <kunit/test.h>
#include <linux/bitfield.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/string.h>

#include "hw_test.h"

#define PAGE	VSVM_HW_PAGE_SIZE
#define BLOCK	VSVM_HW_VRAM_BLOCK
/* What the peer has: a block in one piece, one in pages, one that is not taken. */
#define PIECE	0
#define LIST	BLOCK
#define MISSING	(2 * BLOCK)
#define BLOCKS	3
/* What it is called. */
#define NUMBER	VSVM_HW_MAX_PEERS

struct fixture {
	struct vsvm_hw_test *dev, *peer;
};

static int setup(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->dev = vsvm_hw_test_device(test, 2);
	f->peer = vsvm_hw_test_device(test, 2);
	mutex_init(&f->dev->hw.copy.busy);
	vsvm_hw_test_vram(test, f->dev, 1);
	vsvm_hw_test_block(test, &f->dev->hw, 0, true);
	vsvm_hw_test_vram(test, f->peer, BLOCKS);
	vsvm_hw_test_block(test, &f->peer->hw, PIECE, true);
	vsvm_hw_test_block(test, &f->peer->hw, LIST, false);
	vsvm_hw_peer_connect(&f->dev->hw, NUMBER, &f->peer->hw);
	test->priv = f;
	return 0;
}

static u64 *map(struct kunit *test, u64 va, unsigned int level, u64 offset, unsigned int number,
		u64 more)
{
	struct fixture *f = test->priv;
	u64 *slot = vsvm_hw_test_slot(test, f->dev, va, level);

	*slot = offset | VSVM_PTE_VALID | FIELD_PREP(VSVM_PTE_PEER, number) | more |
		(level ? VSVM_PTE_LEAF : 0);
	return slot;
}

/* Writes or reads a word, as an engine does. */
static u32 access(struct kunit *test, u64 va, enum vsvm_access access, u64 *value)
{
	struct fixture *f = test->priv;
	void *ptr;
	u32 error;

	vsvm_hw_mmu_begin(&f->dev->engine);
	error = vsvm_hw_mmu_translate(&f->dev->engine, &f->dev->as, va, access, &ptr);
	if (!error && access == VSVM_ACCESS_READ)
		*value = *(u64 *)ptr;
	else if (!error)
		*(u64 *)ptr = *value;
	vsvm_hw_mmu_end(&f->dev->engine);
	return error;
}

/* A word of the peer's VRAM at @offset is what the device has at @va, and nobody else's is. */
static void expect_word(struct kunit *test, u64 va, u64 offset)
{
	struct fixture *f = test->priv;
	u64 value = ~offset, got = 0;

	KUNIT_EXPECT_EQ(test, access(test, va, VSVM_ACCESS_WRITE, &value), 0);
	vsvm_hw_test_read(&f->peer->hw, offset, &got, sizeof(got));
	KUNIT_EXPECT_EQ(test, got, value);
	value = offset + 1;
	vsvm_hw_test_write(&f->peer->hw, offset, &value, sizeof(value));
	KUNIT_EXPECT_EQ(test, access(test, va, VSVM_ACCESS_READ, &got), 0);
	KUNIT_EXPECT_EQ(test, got, value);
	KUNIT_EXPECT_EQ(test, access(test, va, VSVM_ACCESS_ATOMIC, &value), 0);
}

static void test_pages(struct kunit *test)
{
	static const u64 offsets[] = {
		PIECE, PIECE + PAGE, LIST - PAGE, LIST, LIST + 7 * PAGE, MISSING - PAGE,
	};
	const u64 all = VSVM_PTE_VRAM | VSVM_HW_TEST_ALL;
	const u64 named = FIELD_PREP(VSVM_PTE_PEER, NUMBER) | VSVM_PTE_VALID;
	struct fixture *f = test->priv;
	u64 value = 0, *slot;
	unsigned int i;

	memset(phys_to_virt(vsvm_hw_vram_bar(&f->dev->hw, 0)), 0, BLOCK);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		slot = map(test, i * PAGE, 0, offsets[i], NUMBER, all);
		expect_word(test, i * PAGE + 8, offsets[i] + 8);
		KUNIT_EXPECT_EQ(test, *slot, offsets[i] | named | all | VSVM_PTE_ACCESSED |
				VSVM_PTE_DIRTY);
	}
	map(test, i * PAGE, 0, MISSING, NUMBER, all);
	KUNIT_EXPECT_EQ(test, access(test, i * PAGE, VSVM_ACCESS_READ, &value), VSVM_ERROR_TABLE);
	KUNIT_EXPECT_NULL(test, memchr_inv(phys_to_virt(vsvm_hw_vram_bar(&f->dev->hw, 0)), 0,
					   BLOCK));
}

static void test_large(struct kunit *test)
{
	map(test, 4 * BLOCK, 1, PIECE, NUMBER, VSVM_PTE_VRAM | VSVM_HW_TEST_ALL);
	map(test, 5 * BLOCK, 1, LIST, NUMBER, VSVM_PTE_VRAM | VSVM_HW_TEST_ALL);
	expect_word(test, 4 * BLOCK, PIECE);
	expect_word(test, 5 * BLOCK - 8, LIST - 8);
	expect_word(test, 5 * BLOCK + 3 * PAGE, LIST + 3 * PAGE);
	expect_word(test, 6 * BLOCK - 8, MISSING - 8);
}

/* Numbers of nobody, and a number where there is no VRAM. */
static void test_none(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 value = 0;
	unsigned int i;

	for (i = 1; i <= VSVM_HW_MAX_PEERS; i++) {
		map(test, i * PAGE, 0, PIECE, i, VSVM_PTE_VRAM);
		KUNIT_EXPECT_EQ(test, access(test, i * PAGE, VSVM_ACCESS_READ, &value),
				i == NUMBER ? 0 : VSVM_ERROR_TABLE);
	}
	map(test, 0, 0, virt_to_phys(vsvm_hw_test_page(test)), NUMBER, 0);
	KUNIT_EXPECT_EQ(test, access(test, 0, VSVM_ACCESS_READ, &value), VSVM_ERROR_TABLE);

	*vsvm_hw_test_slot(test, f->dev, NUMBER * PAGE, 0) = 0;
	vsvm_hw_tlb_invalidate(&f->dev->as, 0, 0);
	vsvm_hw_peer_disconnect(&f->dev->hw, NUMBER);
	map(test, NUMBER * PAGE, 0, PIECE, NUMBER, VSVM_PTE_VRAM);
	KUNIT_EXPECT_EQ(test, access(test, NUMBER * PAGE, VSVM_ACCESS_READ, &value),
			VSVM_ERROR_TABLE);
	/* The number is free for another one. */
	vsvm_hw_peer_connect(&f->dev->hw, NUMBER, &f->peer->hw);
	KUNIT_EXPECT_EQ(test, access(test, NUMBER * PAGE, VSVM_ACCESS_READ, &value), 0);
}

/* It is memory elsewhere, to the access counters; the device's own is not. */
static void test_count(struct kunit *test)
{
	struct vsvm_hw_counter_record record = {};
	struct fixture *f = test->priv;
	u64 value = 0;

	vsvm_hw_counter_enable(&f->dev->as, 1);
	map(test, 4 * BLOCK, 1, PIECE, 0, VSVM_PTE_VRAM);
	map(test, 5 * BLOCK, 1, PIECE, NUMBER, VSVM_PTE_VRAM);
	KUNIT_EXPECT_EQ(test, access(test, 4 * BLOCK, VSVM_ACCESS_READ, &value), 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_counter_read(&f->dev->hw, &record, 1), 0);
	KUNIT_EXPECT_EQ(test, access(test, 6 * BLOCK - PAGE, VSVM_ACCESS_READ, &value), 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_counter_read(&f->dev->hw, &record, 1), 1);
	KUNIT_EXPECT_EQ(test, record.addr, 6 * BLOCK - VSVM_HW_COUNTER_REGION);
	KUNIT_EXPECT_EQ(test, record.count, 1);
}

static u32 from(unsigned int number)
{
	return VSVM_HW_COPY_FROM_VRAM | VSVM_HW_COPY_TO_VRAM |
	       FIELD_PREP(VSVM_HW_COPY_PEER, number);
}

/* From the peer's VRAM, over the end of a block, into the device's own. */
static void test_copy(struct kunit *test)
{
	struct vsvm_hw_copy copy = { LIST - PAGE, 3 * PAGE, 3 * PAGE, from(NUMBER) };
	struct fixture *f = test->priv;
	u8 *want = kunit_kzalloc(test, 3 * PAGE, GFP_KERNEL);
	u8 *got = kunit_kzalloc(test, 3 * PAGE, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, want);
	KUNIT_ASSERT_NOT_NULL(test, got);
	for (i = 0; i < 3 * PAGE; i++)
		want[i] = i * 7 + i / PAGE;
	vsvm_hw_test_write(&f->peer->hw, copy.src, want, copy.size);
	KUNIT_EXPECT_EQ(test, vsvm_hw_copy_job(&f->dev->hw, &copy, 1), 0);
	vsvm_hw_test_read(&f->dev->hw, copy.dst, got, copy.size);
	KUNIT_EXPECT_MEMEQ(test, got, want, copy.size);

	copy.flags = VSVM_HW_COPY_FROM_VRAM | FIELD_PREP(VSVM_HW_COPY_PEER, NUMBER);
	memset(got, 0, copy.size);
	copy.dst = virt_to_phys(got);
	KUNIT_EXPECT_EQ(test, vsvm_hw_copy_job(&f->dev->hw, &copy, 1), 0);
	KUNIT_EXPECT_MEMEQ(test, got, want, copy.size);

	copy = (struct vsvm_hw_copy) { PIECE, 0, PAGE, from(NUMBER - 1) };
	KUNIT_EXPECT_EQ(test, vsvm_hw_copy_job(&f->dev->hw, &copy, 1), -EFAULT);
	copy = (struct vsvm_hw_copy) { MISSING, 0, PAGE, from(NUMBER) };
	KUNIT_EXPECT_EQ(test, vsvm_hw_copy_job(&f->dev->hw, &copy, 1), -EFAULT);
}

static struct kunit_case peer_test_cases[] = {
	KUNIT_CASE(test_pages),
	KUNIT_CASE(test_large),
	KUNIT_CASE(test_none),
	KUNIT_CASE(test_count),
	KUNIT_CASE(test_copy),
	{}
};

static struct kunit_suite peer_suite = {
	.name = "vsvm-hw-peer",
	.init = setup,
	.test_cases = peer_test_cases,
};

kunit_test_suite(peer_suite);
