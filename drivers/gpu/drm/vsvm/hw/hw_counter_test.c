// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of access counters
 *
 * What is counted, when the driver is told of it, and what becomes of records that do not fit,
 * hw/hw_counter.c. Nothing is translated but what a test asks for, so all numbers are exact.
 */

#include <kunit/test.h>
#include <linux/io.h>

#include "hw_test.h"

#define PAGE		VSVM_HW_PAGE_SIZE
#define BLOCK		BIT_ULL(VSVM_PT_SHIFT(1))
#define REGION		VSVM_HW_COUNTER_REGION
#define SAMPLE		VSVM_HW_COUNTER_SAMPLE
#define SETS		VSVM_HW_COUNTER_SETS
#define WAYS		VSVM_HW_COUNTER_WAYS
#define RING		VSVM_HW_TEST_COUNTER_RING
/* Where the memory of a test begins. */
#define BASE		(5 * BLOCK)

static int setup(struct kunit *test)
{
	test->priv = vsvm_hw_test_device(test, 2);
	return 0;
}

static void enable(struct vsvm_hw_test *dev, u32 threshold)
{
	vsvm_hw_counter_enable(&dev->as, threshold);
}

/* Translates an address so many times, each in a section of its own. */
static void touch(struct kunit *test, u64 va, enum vsvm_access access, unsigned int times)
{
	struct vsvm_hw_test *dev = test->priv;
	void *ptr;

	while (times--)
		KUNIT_ASSERT_EQ(test, vsvm_hw_test_translate(dev, va, access, &ptr), 0);
}

static void read_times(struct kunit *test, u64 va, unsigned int times)
{
	touch(test, va, VSVM_ACCESS_READ, times);
}

/* What an engine has counted of the region of an address. */
static u32 counted(struct vsvm_hw_test *dev, u64 va)
{
	struct vsvm_hw_counter *counter;
	unsigned int i;

	for (i = 0; i < SETS * WAYS; i++) {
		counter = &dev->engine.counters[i / WAYS][i % WAYS];
		if (counter->asid == dev->as.id && counter->region == va / REGION)
			return counter->count;
	}
	return 0;
}

static void expect_record(struct kunit *test, u64 addr, u32 count, bool wrote)
{
	struct vsvm_hw_test *dev = test->priv;
	struct vsvm_hw_counter_record record = {};

	KUNIT_ASSERT_EQ(test, vsvm_hw_counter_read(&dev->hw, &record, 1), 1);
	KUNIT_EXPECT_EQ(test, record.addr, addr);
	KUNIT_EXPECT_EQ(test, record.count, count);
	KUNIT_EXPECT_EQ(test, record.wrote, wrote);
	KUNIT_EXPECT_EQ(test, record.asid, dev->as.id);
	KUNIT_EXPECT_EQ(test, record.engine, 0);
	KUNIT_EXPECT_NE(test, record.time_ns, 0);
}

static void expect_no_record(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	struct vsvm_hw_counter_record record;

	KUNIT_EXPECT_EQ(test, vsvm_hw_counter_read(&dev->hw, &record, 1), 0);
}

/* A walk counts one, and the TLB's answers count when there were SAMPLE of them. */
static void test_count(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;

	enable(dev, 1000);
	vsvm_hw_test_map(test, dev, BASE, VSVM_HW_TEST_ALL);
	read_times(test, BASE, 1);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 1);
	read_times(test, BASE, SAMPLE - 1);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 1);
	read_times(test, BASE, 1);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 1 + SAMPLE);
	read_times(test, BASE, 10 * SAMPLE);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 1 + 11 * SAMPLE);
	/* The first write walks again. */
	touch(test, BASE, VSVM_ACCESS_WRITE, 1);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 2 + 11 * SAMPLE);
	expect_no_record(test);
}

/* Without a threshold nothing is counted; what was cached before there was one is. */
static void test_off(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;

	vsvm_hw_test_map(test, dev, BASE, VSVM_HW_TEST_ALL);
	read_times(test, BASE, 5 * SAMPLE);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 0);
	enable(dev, 1000);
	read_times(test, BASE, 1 + SAMPLE);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 1 + SAMPLE);
	enable(dev, 0);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 0);
	read_times(test, BASE, 5 * SAMPLE);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 0);
	expect_no_record(test);
}

/* An entry that does not count comes by after 2^32 answers, and goes on. */
static void test_off_for_long(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	unsigned int i;

	vsvm_hw_test_map(test, dev, BASE, VSVM_HW_TEST_ALL);
	read_times(test, BASE, 1);
	for (i = 0; i < VSVM_HW_TLB_SMALL; i++)
		if (dev->engine.small[i].asid)
			dev->engine.small[i].left = 1;
	read_times(test, BASE, 3);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.tlb_hits, 3);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 0);
}

/* VRAM is where the memory is to be. */
static void test_vram(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;

	vsvm_hw_test_vram(test, dev, 1);
	vsvm_hw_test_block(test, &dev->hw, 0, true);
	enable(dev, 1);
	*vsvm_hw_test_slot(test, dev, BASE, 0) = VSVM_PTE_VALID | VSVM_PTE_VRAM;
	read_times(test, BASE, 10 * SAMPLE);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 0);
	expect_no_record(test);
	/* The entry is another one, in the same slot. */
	vsvm_hw_tlb_invalidate(&dev->as, BASE, BASE + PAGE);
	vsvm_hw_test_map(test, dev, BASE, 0);
	read_times(test, BASE, 1);
	expect_record(test, BASE, 1, false);
}

/* A miss is no use of memory, nor is a look that changes nothing. */
static void test_miss(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	void *ptr;

	enable(dev, 1);
	vsvm_hw_test_map(test, dev, BASE, 0);
	vsvm_hw_mmu_begin(&dev->engine);
	KUNIT_EXPECT_EQ(test, vsvm_hw_mmu_translate(&dev->engine, &dev->as, BASE + PAGE,
						    VSVM_ACCESS_READ, &ptr), VSVM_HW_MISS);
	KUNIT_EXPECT_EQ(test, vsvm_hw_mmu_translate(&dev->engine, &dev->as, BASE,
						    VSVM_ACCESS_WRITE, &ptr), VSVM_HW_MISS);
	KUNIT_EXPECT_EQ(test, vsvm_hw_mmu_probe(&dev->engine, &dev->as, BASE,
						VSVM_ACCESS_READ), 0);
	vsvm_hw_mmu_end(&dev->engine);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 0);
	expect_no_record(test);
}

/* A large leaf is one entry of the TLB and many regions: the one that is asked for counts. */
static void test_large(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	void *block = alloc_pages_exact(BLOCK, GFP_KERNEL | __GFP_NOWARN);
	unsigned int i;

	if (!block || !IS_ALIGNED(virt_to_phys(block), BLOCK)) {
		if (block)
			free_pages_exact(block, BLOCK);
		kunit_skip(test, "no 2M");
	}
	enable(dev, 1000);
	*vsvm_hw_test_slot(test, dev, BASE, 1) = virt_to_phys(block) | VSVM_PTE_VALID |
						 VSVM_PTE_LEAF;
	/* As a copy goes through it. */
	for (i = 0; i < BLOCK / PAGE; i++)
		read_times(test, BASE + i * PAGE, 1);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 1);
	for (i = 1; i < BLOCK / REGION; i++)
		KUNIT_EXPECT_EQ(test, counted(dev, BASE + i * REGION), SAMPLE);
	*vsvm_hw_test_slot(test, dev, BASE, 1) = 0;
	vsvm_hw_tlb_invalidate(&dev->as, 0, 0);
	free_pages_exact(block, BLOCK);
}

/* There is a record at the threshold, and at each doubling, with an interrupt each. */
static void test_threshold(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;

	enable(dev, 4);
	vsvm_hw_test_map(test, dev, BASE + 3 * PAGE, VSVM_HW_TEST_ALL);
	read_times(test, BASE + 3 * PAGE, SAMPLE);
	expect_no_record(test);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_irqs(dev), 0);
	read_times(test, BASE + 3 * PAGE, 1);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_irqs(dev), VSVM_HW_IRQ_COUNTER);
	expect_record(test, BASE, 1 + SAMPLE, false);
	expect_no_record(test);
	read_times(test, BASE + 3 * PAGE, SAMPLE);
	expect_no_record(test);
	read_times(test, BASE + 3 * PAGE, SAMPLE);
	expect_record(test, BASE, 1 + 3 * SAMPLE, false);
	/* What writes, says so; it walks once. */
	touch(test, BASE + 3 * PAGE, VSVM_ACCESS_ATOMIC, 1 + 4 * SAMPLE);
	expect_record(test, BASE, 2 + 6 * SAMPLE, true);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.counter_records, 3);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.counter_overflows, 0);
}

/* A counter does not run over. */
static void test_most(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;

	enable(dev, U32_MAX);
	vsvm_hw_test_map(test, dev, BASE, 0);
	read_times(test, BASE, 1);
	vsvm_hw_mmu_begin(&dev->engine);
	vsvm_hw_counter_add(&dev->engine, &dev->as, BASE, VSVM_ACCESS_READ,
			    VSVM_HW_COUNTER_MAX - 2);
	vsvm_hw_mmu_end(&dev->engine);
	expect_no_record(test);
	vsvm_hw_mmu_begin(&dev->engine);
	vsvm_hw_counter_add(&dev->engine, &dev->as, BASE, VSVM_ACCESS_READ, SAMPLE);
	vsvm_hw_counter_add(&dev->engine, &dev->as, BASE, VSVM_ACCESS_READ, SAMPLE);
	vsvm_hw_mmu_end(&dev->engine);
	expect_record(test, BASE, VSVM_HW_COUNTER_MAX, false);
	expect_record(test, BASE, VSVM_HW_COUNTER_MAX, false);
}

/* More records than there is room for are lost and counted, and come again. */
static void test_overflow(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	unsigned int i, round;

	enable(dev, 1);
	for (i = 0; i < RING + 3; i++)
		vsvm_hw_test_map(test, dev, BASE + i * REGION, 0);
	for (i = 0; i < RING + 3; i++)
		read_times(test, BASE + i * REGION, 1);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.counter_records, RING);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.counter_overflows, 3);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < RING; i++)
			expect_record(test, BASE + (round ? 3 + i : i) * REGION,
				      round ? 1 + SAMPLE : 1, false);
		expect_no_record(test);
		/* The others are told of when they have doubled. */
		for (i = 3; !round && i < RING + 3; i++)
			read_times(test, BASE + i * REGION, SAMPLE);
	}
}

/* Only so many can be noted in one section, and the others not much later. */
static void test_section(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	void *ptr;
	unsigned int i;

	enable(dev, 1);
	for (i = 0; i < VSVM_HW_COUNTER_HOT + 1; i++)
		vsvm_hw_test_map(test, dev, BASE + i * REGION, 0);
	vsvm_hw_mmu_begin(&dev->engine);
	for (i = 0; i < VSVM_HW_COUNTER_HOT + 1; i++)
		vsvm_hw_mmu_translate(&dev->engine, &dev->as, BASE + i * REGION,
				      VSVM_ACCESS_READ, &ptr);
	KUNIT_EXPECT_EQ(test, dev->engine.num_hot, VSVM_HW_COUNTER_HOT);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_irqs(dev), 0);
	vsvm_hw_mmu_end(&dev->engine);
	KUNIT_EXPECT_EQ(test, dev->engine.num_hot, 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_irqs(dev), VSVM_HW_IRQ_COUNTER);
	for (i = 0; i < RING; i++)
		expect_record(test, BASE + i * REGION, 1, false);
	/* No doubling: it has not been told of. */
	read_times(test, BASE + VSVM_HW_COUNTER_HOT * REGION, SAMPLE);
	expect_record(test, BASE + VSVM_HW_COUNTER_HOT * REGION, 1 + SAMPLE, false);
}

/* Cleared counters begin anew, and those beside them do not. */
static void test_clear(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	unsigned int i;

	enable(dev, 1 + SAMPLE);
	for (i = 0; i < 4; i++) {
		vsvm_hw_test_map(test, dev, BASE + i * REGION, 0);
		read_times(test, BASE + i * REGION, 1);
	}
	/* A byte of a region is enough, and none of it is not. */
	vsvm_hw_counter_clear(&dev->as, BASE + 2 * REGION - 1, BASE + 3 * REGION);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 1);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE + REGION), 0);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE + 2 * REGION), 0);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE + 3 * REGION), 1);
	vsvm_hw_counter_clear(&dev->as, BASE, BASE);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 1);
	/* A range that is longer than the sets are many. */
	vsvm_hw_counter_clear(&dev->as, BASE + 3 * REGION, BASE + 4 * SETS * REGION);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE + 3 * REGION), 0);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 1);

	read_times(test, BASE, SAMPLE);
	expect_record(test, BASE, 1 + SAMPLE, false);
	vsvm_hw_counter_clear(&dev->as, 0, 0);
	read_times(test, BASE, SAMPLE);
	expect_no_record(test);
	read_times(test, BASE, SAMPLE);
	expect_record(test, BASE, 2 * SAMPLE, false);
}

/* The same address is something else in another address space. */
static void test_spaces(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	struct vsvm_hw_as other = dev->as;

	other.id = 2;
	enable(dev, 1000);
	vsvm_hw_test_map(test, dev, BASE, 0);
	read_times(test, BASE, 1);
	vsvm_hw_counter_enable(&other, 1000);
	vsvm_hw_counter_clear(&other, 0, 0);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 1);
	vsvm_hw_mmu_begin(&dev->engine);
	vsvm_hw_counter_add(&dev->engine, &other, BASE, VSVM_ACCESS_READ, 7);
	vsvm_hw_mmu_end(&dev->engine);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 1);
	/* Those of the one that goes are free for others. */
	vsvm_hw_counter_clear(&dev->as, 0, 0);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 0);
}

/* Regions that share a set: what is used much stays, and does not for ever keep others out. */
static void test_set(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	const u64 step = SETS * REGION;
	unsigned int i;

	enable(dev, VSVM_HW_COUNTER_MAX);
	for (i = 0; i <= WAYS; i++)
		vsvm_hw_test_map(test, dev, BASE + i * step, 0);
	for (i = 0; i < WAYS; i++) {
		read_times(test, BASE + i * step, 1);
		vsvm_hw_mmu_begin(&dev->engine);
		vsvm_hw_counter_add(&dev->engine, &dev->as, BASE + i * step, VSVM_ACCESS_READ,
				    (1 + i) * 1000 - 1);
		vsvm_hw_mmu_end(&dev->engine);
	}
	/* Each new one has halved those that were there. */
	for (i = 0; i < WAYS; i++)
		KUNIT_EXPECT_EQ(test, counted(dev, BASE + i * step),
				((1 + i) * 1000) >> (WAYS - 1 - i));
	read_times(test, BASE + WAYS * step, 1);
	KUNIT_EXPECT_EQ(test, counted(dev, BASE), 0);
	for (i = 1; i < WAYS; i++)
		KUNIT_EXPECT_EQ(test, counted(dev, BASE + i * step),
				((1 + i) * 1000) >> (WAYS - i));
	KUNIT_EXPECT_EQ(test, counted(dev, BASE + WAYS * step), 1);
}

static struct kunit_case counter_cases[] = {
	KUNIT_CASE(test_count),
	KUNIT_CASE(test_off),
	KUNIT_CASE(test_off_for_long),
	KUNIT_CASE(test_vram),
	KUNIT_CASE(test_miss),
	KUNIT_CASE(test_large),
	KUNIT_CASE(test_threshold),
	KUNIT_CASE(test_most),
	KUNIT_CASE(test_overflow),
	KUNIT_CASE(test_section),
	KUNIT_CASE(test_clear),
	KUNIT_CASE(test_spaces),
	KUNIT_CASE(test_set),
	{}
};

static struct kunit_suite counter_suite = {
	.name = "vsvm-hw-counter",
	.init = setup,
	.test_cases = counter_cases,
};

kunit_test_suite(counter_suite);
