// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of the fault ring
 *
 * What is noted, recorded, lost, parked and replayed, hw/hw_fault.c, call by call.
 */

#include <kunit/test.h>

#include "hw_test.h"

#define PAGE	VSVM_HW_PAGE_SIZE
#define END	VSVM_HW_VA_END
#define LOAD	VSVM_ACCESS_READ
#define STORE	VSVM_ACCESS_WRITE
#define ATOMIC	VSVM_ACCESS_ATOMIC

static int setup(struct kunit *test)
{
	test->priv = vsvm_hw_test_device(test, 8);
	return 0;
}

/* The tests play the engine: it notes misses, then parks, or goes on. */
static void note(struct vsvm_hw_test *dev, u64 addr, enum vsvm_access access)
{
	vsvm_hw_fault_note(&dev->engine, addr, access, false);
}

static void note_ahead(struct vsvm_hw_test *dev, u64 addr)
{
	vsvm_hw_fault_note(&dev->engine, addr, LOAD, true);
}

static void park(struct vsvm_hw_test *dev, unsigned int slot)
{
	vsvm_hw_fault_park(&dev->queue, BIT_ULL(slot), slot);
}

/* Takes the next record, which has to be there. */
static struct vsvm_hw_fault take(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	struct vsvm_hw_fault fault = {};

	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_read(&dev->hw, &fault, 1), 1);
	return fault;
}

static unsigned int in_ring(struct vsvm_hw_test *dev)
{
	return dev->hw.ring.put - dev->hw.ring.get;
}

static void test_read_empty(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	struct vsvm_hw_fault fault = { .addr = 5 };

	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_read(&dev->hw, &fault, 1), 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_read(&dev->hw, &fault, U32_MAX), 0);
	KUNIT_EXPECT_EQ(test, fault.addr, 5);
	note(dev, 0, LOAD);
	park(dev, 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_read(&dev->hw, &fault, 0), 0);
	KUNIT_EXPECT_EQ(test, in_ring(dev), 1);
}

static void test_record(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	u64 before = ktime_get_ns();
	struct vsvm_hw_fault fault;

	dev->as.id = 7;
	dev->as.replays = 11;
	dev->queue.id = 13;
	dev->engine.id = 17;
	note(dev, END - 1, ATOMIC);
	vsvm_hw_fault_park(&dev->queue, BIT_ULL(63), 19);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_irqs(dev), VSVM_HW_IRQ_FAULT);
	KUNIT_EXPECT_EQ(test, dev->queue.parked, BIT_ULL(63));
	KUNIT_EXPECT_EQ(test, dev->queue.lost, 0);
	KUNIT_EXPECT_EQ(test, dev->engine.num_misses, 0);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.faults, 1);

	fault = take(test);
	KUNIT_EXPECT_EQ(test, fault.addr, END - 1);
	KUNIT_EXPECT_EQ(test, fault.access, ATOMIC);
	KUNIT_EXPECT_EQ(test, fault.asid, 7);
	KUNIT_EXPECT_EQ(test, fault.replay, 11);
	KUNIT_EXPECT_EQ(test, fault.queue, 13);
	KUNIT_EXPECT_EQ(test, fault.engine, 17);
	KUNIT_EXPECT_EQ(test, fault.wave, 19);
	KUNIT_EXPECT_FALSE(test, fault.ahead);
	KUNIT_EXPECT_GE(test, fault.time_ns, before);
}

/* One access notes a page once for each kind of access, with the first address. */
static void test_note_once(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;

	note(dev, PAGE + 8, LOAD);
	note(dev, 2 * PAGE - 1, LOAD);
	note(dev, PAGE, LOAD);
	KUNIT_EXPECT_EQ(test, dev->engine.num_misses, 1);
	note(dev, PAGE, STORE);
	note(dev, 2 * PAGE, LOAD);
	note(dev, PAGE - 1, LOAD);
	note(dev, PAGE + 9, STORE);
	KUNIT_EXPECT_EQ(test, dev->engine.num_misses, 4);
	KUNIT_EXPECT_EQ(test, dev->engine.misses[0].addr, PAGE + 8);
}

/* Who waits for a page has noted it before it is looked at ahead. */
static void test_note_ahead(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;

	note(dev, PAGE, LOAD);
	note_ahead(dev, PAGE);
	note_ahead(dev, 2 * PAGE);
	KUNIT_EXPECT_EQ(test, dev->engine.num_misses, 2);
	KUNIT_EXPECT_FALSE(test, dev->engine.misses[0].ahead);
	KUNIT_EXPECT_TRUE(test, dev->engine.misses[1].ahead);
}

static void test_note_full(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	unsigned int i;

	for (i = 0; i <= VSVM_HW_MAX_MISSES; i++)
		note(dev, i * PAGE, LOAD);
	KUNIT_EXPECT_EQ(test, dev->engine.num_misses, VSVM_HW_MAX_MISSES);
	KUNIT_EXPECT_EQ(test, dev->engine.misses[VSVM_HW_MAX_MISSES - 1].addr,
			(VSVM_HW_MAX_MISSES - 1) * PAGE);
}

/* Waves of a queue that miss one page together are one record, and are answered together. */
static void test_dedupe(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;

	note(dev, PAGE, LOAD);
	park(dev, 0);
	note(dev, 2 * PAGE - 1, LOAD);
	park(dev, 1);
	KUNIT_EXPECT_EQ(test, in_ring(dev), 1);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_irqs(dev), VSVM_HW_IRQ_FAULT);
	KUNIT_EXPECT_EQ(test, dev->queue.parked, 3);

	/* For writing is another matter. */
	note(dev, PAGE, STORE);
	park(dev, 2);
	KUNIT_EXPECT_EQ(test, in_ring(dev), 2);

	/* Taken out of the ring is not answered. */
	take(test);
	take(test);
	note(dev, PAGE, STORE);
	park(dev, 3);
	KUNIT_EXPECT_EQ(test, in_ring(dev), 0);

	/* A replay is the answer: who still misses says so again. */
	vsvm_hw_fault_replay(&dev->hw, &dev->as);
	note(dev, PAGE, STORE);
	park(dev, 0);
	KUNIT_EXPECT_EQ(test, in_ring(dev), 1);
	KUNIT_EXPECT_EQ(test, dev->queue.parked, 1);
}

/* Page 0 is not what an empty place remembers. */
static void test_dedupe_page_0(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;

	note(dev, 0, LOAD);
	park(dev, 0);
	KUNIT_EXPECT_EQ(test, in_ring(dev), 1);
}

/* What there is no place to remember is recorded once more, and not forgotten. */
static void test_dedupe_collision(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		note(dev, (i & 1) * VSVM_HW_REPORTS * PAGE, LOAD);
		park(dev, i);
	}
	KUNIT_EXPECT_EQ(test, in_ring(dev), 3);
}

static void test_dedupe_other_queue(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;

	note(dev, PAGE, LOAD);
	park(dev, 0);
	/* Another queue has nothing reported. */
	memset(dev->queue.reports, 0, sizeof(dev->queue.reports));
	dev->queue.id = 2;
	note(dev, PAGE, LOAD);
	park(dev, 0);
	KUNIT_EXPECT_EQ(test, in_ring(dev), 2);
	KUNIT_EXPECT_EQ(test, take(test).queue, 1);
	KUNIT_EXPECT_EQ(test, take(test).queue, 2);
}

static void test_replay(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	struct vsvm_hw_as other = { .hw = &dev->hw, .replays = 5 };

	note(dev, PAGE, LOAD);
	park(dev, 0);
	KUNIT_EXPECT_FALSE(test, vsvm_hw_fault_woken(&dev->queue));

	/* Another space's, or that of what was lost, is none of its. */
	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_replay(&dev->hw, &other), 6);
	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_replay(&dev->hw, NULL), 0);
	KUNIT_EXPECT_FALSE(test, vsvm_hw_fault_woken(&dev->queue));
	vsvm_hw_fault_poll(&dev->queue);
	KUNIT_EXPECT_EQ(test, dev->queue.parked, 1);

	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_replay(&dev->hw, &dev->as), 2);
	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_replay(&dev->hw, &dev->as), 3);
	KUNIT_EXPECT_TRUE(test, vsvm_hw_fault_woken(&dev->queue));
	vsvm_hw_fault_poll(&dev->queue);
	KUNIT_EXPECT_EQ(test, dev->queue.parked, 0);
}

/* A replay between a miss and its record answers others; this one waits for the next. */
static void test_replay_before_park(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;

	note(dev, PAGE, LOAD);
	vsvm_hw_fault_replay(&dev->hw, &dev->as);
	park(dev, 0);
	KUNIT_EXPECT_FALSE(test, vsvm_hw_fault_woken(&dev->queue));
	KUNIT_EXPECT_EQ(test, take(test).replay, 2);
	vsvm_hw_fault_replay(&dev->hw, &dev->as);
	KUNIT_EXPECT_TRUE(test, vsvm_hw_fault_woken(&dev->queue));
}

/* What was parked before a replay is not held back by what is parked after it. */
static void test_park_after_replay(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;

	note(dev, PAGE, LOAD);
	park(dev, 0);
	vsvm_hw_fault_replay(&dev->hw, &dev->as);
	note(dev, 2 * PAGE, LOAD);
	park(dev, 1);
	KUNIT_EXPECT_EQ(test, dev->queue.parked, 2);
}

/* Who asks whether all have tried again hears so when the last one has, and not before. */
static void test_retried(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	u64 number;

	list_add(&dev->queue.link, &dev->engine.queues);
	note(dev, PAGE, ATOMIC);
	park(dev, 0);
	note(dev, PAGE, ATOMIC);
	park(dev, 5);
	KUNIT_EXPECT_TRUE(test, vsvm_hw_fault_retried(&dev->as, dev->as.replays));
	number = vsvm_hw_fault_replay(&dev->hw, &dev->as);
	KUNIT_EXPECT_FALSE(test, vsvm_hw_fault_retried(&dev->as, number));
	vsvm_hw_fault_poll(&dev->queue);
	KUNIT_EXPECT_EQ(test, dev->queue.parked, 0);
	KUNIT_EXPECT_FALSE(test, vsvm_hw_fault_retried(&dev->as, number));
	/* One does it, and parks anew: that is another fault. */
	note(dev, 2 * PAGE, ATOMIC);
	park(dev, 0);
	vsvm_hw_fault_tried(&dev->queue, BIT_ULL(0));
	KUNIT_EXPECT_FALSE(test, vsvm_hw_fault_retried(&dev->as, number));
	vsvm_hw_fault_tried(&dev->queue, BIT_ULL(5));
	KUNIT_EXPECT_TRUE(test, vsvm_hw_fault_retried(&dev->as, number));
	/* One that is dead, or of another address space, is not waited for. */
	number = vsvm_hw_fault_replay(&dev->hw, &dev->as);
	KUNIT_EXPECT_FALSE(test, vsvm_hw_fault_retried(&dev->as, number));
	dev->queue.error = VSVM_ERROR_DEVICE;
	KUNIT_EXPECT_TRUE(test, vsvm_hw_fault_retried(&dev->as, number));
	dev->queue.error = 0;
	dev->queue.as = NULL;
	KUNIT_EXPECT_TRUE(test, vsvm_hw_fault_retried(&dev->as, number));
	dev->queue.as = &dev->as;
	list_del(&dev->queue.link);
}

static void test_overflow(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	unsigned int i;

	for (i = 0; i < 7; i++)
		note(dev, i * PAGE, LOAD);
	park(dev, 0);
	KUNIT_EXPECT_EQ(test, in_ring(dev), 7);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.overflows, 0);

	/* One that fits, two that do not. */
	vsvm_hw_test_irqs(dev);
	for (i = 7; i < 10; i++)
		note(dev, i * PAGE, LOAD);
	park(dev, 1);
	KUNIT_EXPECT_EQ(test, in_ring(dev), 8);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.faults, 8);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.overflows, 2);
	KUNIT_EXPECT_EQ(test, dev->queue.parked, 3);
	KUNIT_EXPECT_EQ(test, dev->queue.lost, 2);
	KUNIT_EXPECT_TRUE(test, dev->engine.lost);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_irqs(dev), VSVM_HW_IRQ_FAULT);

	/* A lost record is not remembered as one that waits for its answer. */
	note(dev, 9 * PAGE, LOAD);
	park(dev, 2);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.overflows, 3);
	KUNIT_EXPECT_EQ(test, dev->queue.lost, 6);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_irqs(dev), VSVM_HW_IRQ_FAULT);

	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, take(test).addr, i * PAGE);

	/* Whatever replay lets those try again, and no others. */
	vsvm_hw_fault_replay(&dev->hw, NULL);
	KUNIT_EXPECT_FALSE(test, dev->engine.lost);
	KUNIT_EXPECT_TRUE(test, vsvm_hw_fault_woken(&dev->queue));
	vsvm_hw_fault_poll(&dev->queue);
	KUNIT_EXPECT_EQ(test, dev->queue.parked, 1);
	KUNIT_EXPECT_EQ(test, dev->queue.lost, 0);
	KUNIT_EXPECT_FALSE(test, vsvm_hw_fault_woken(&dev->queue));
}

static void test_overflow_replayed(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	unsigned int i;

	for (i = 0; i < 9; i++)
		note(dev, i * PAGE, LOAD);
	park(dev, 0);
	vsvm_hw_fault_replay(&dev->hw, &dev->as);
	vsvm_hw_fault_poll(&dev->queue);
	KUNIT_EXPECT_EQ(test, dev->queue.parked, 0);
	KUNIT_EXPECT_EQ(test, dev->queue.lost, 0);
	KUNIT_EXPECT_FALSE(test, dev->engine.lost);
}

/* Half of the ring is for what waits. */
static void test_ahead_limit(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	unsigned int i;

	note(dev, 0, LOAD);
	for (i = 1; i < 8; i++)
		note_ahead(dev, i * PAGE);
	park(dev, 0);
	KUNIT_EXPECT_EQ(test, in_ring(dev), 4);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.overflows, 0);
	KUNIT_EXPECT_EQ(test, dev->queue.lost, 0);
	KUNIT_EXPECT_FALSE(test, take(test).ahead);
	for (i = 1; i < 4; i++)
		KUNIT_EXPECT_TRUE(test, take(test).ahead);

	/* And what is ahead is not remembered: who comes to it asks. */
	note(dev, PAGE, LOAD);
	park(dev, 1);
	KUNIT_EXPECT_EQ(test, in_ring(dev), 1);
}

static void test_prefetch(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	unsigned int i;

	vsvm_hw_fault_prefetch(&dev->queue, 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_irqs(dev), 0);

	for (i = 0; i < 6; i++)
		note(dev, i * PAGE, VSVM_ACCESS_PREFETCH);
	vsvm_hw_fault_prefetch(&dev->queue, 3);
	KUNIT_EXPECT_EQ(test, in_ring(dev), 4);
	KUNIT_EXPECT_EQ(test, dev->engine.stats.overflows, 0);
	KUNIT_EXPECT_EQ(test, dev->engine.num_misses, 0);
	KUNIT_EXPECT_EQ(test, dev->queue.parked, 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_irqs(dev), VSVM_HW_IRQ_FAULT);

	/* Where there is no room nobody hears of it. */
	note(dev, 6 * PAGE, VSVM_ACCESS_PREFETCH);
	vsvm_hw_fault_prefetch(&dev->queue, 3);
	KUNIT_EXPECT_EQ(test, in_ring(dev), 4);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_irqs(dev), 0);
	KUNIT_EXPECT_EQ(test, dev->engine.num_misses, 0);
	KUNIT_EXPECT_EQ(test, take(test).access, VSVM_ACCESS_PREFETCH);
}

/* Both counts of the ring go past 2^32, together and one before the other. */
static void test_wrap(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	struct vsvm_hw_fault faults[16];
	unsigned int i, round;

	dev->hw.ring.put = U32_MAX - 11;
	dev->hw.ring.get = U32_MAX - 11;
	for (round = 0; round < 4; round++) {
		for (i = 0; i < 9; i++)
			note(dev, (round * 9 + i) * PAGE, STORE);
		park(dev, 0);
		KUNIT_EXPECT_EQ(test, in_ring(dev), 8);
		KUNIT_EXPECT_EQ(test, dev->engine.stats.overflows, round + 1);

		KUNIT_EXPECT_EQ(test, vsvm_hw_fault_read(&dev->hw, faults, 3), 3);
		KUNIT_EXPECT_EQ(test, vsvm_hw_fault_read(&dev->hw, faults + 3, 8), 5);
		for (i = 0; i < 8; i++)
			KUNIT_EXPECT_EQ(test, faults[i].addr, (round * 9 + i) * PAGE);
		vsvm_hw_fault_replay(&dev->hw, &dev->as);
	}
	KUNIT_EXPECT_LT(test, dev->hw.ring.put, 32);
}

static void test_smallest_ring(struct kunit *test)
{
	struct vsvm_hw_test *dev = vsvm_hw_test_device(test, 2);

	test->priv = dev;
	note(dev, 0, LOAD);
	note_ahead(dev, PAGE);
	note(dev, 2 * PAGE, LOAD);
	note(dev, 3 * PAGE, LOAD);
	park(dev, 0);
	KUNIT_EXPECT_EQ(test, take(test).addr, 0);
	KUNIT_EXPECT_EQ(test, take(test).addr, 2 * PAGE);
	KUNIT_EXPECT_EQ(test, in_ring(dev), 0);
	KUNIT_EXPECT_EQ(test, dev->queue.lost, 1);
}

static struct kunit_case fault_cases[] = {
	KUNIT_CASE(test_read_empty),
	KUNIT_CASE(test_record),
	KUNIT_CASE(test_note_once),
	KUNIT_CASE(test_note_ahead),
	KUNIT_CASE(test_note_full),
	KUNIT_CASE(test_dedupe),
	KUNIT_CASE(test_dedupe_page_0),
	KUNIT_CASE(test_dedupe_collision),
	KUNIT_CASE(test_dedupe_other_queue),
	KUNIT_CASE(test_replay),
	KUNIT_CASE(test_replay_before_park),
	KUNIT_CASE(test_park_after_replay),
	KUNIT_CASE(test_retried),
	KUNIT_CASE(test_overflow),
	KUNIT_CASE(test_overflow_replayed),
	KUNIT_CASE(test_ahead_limit),
	KUNIT_CASE(test_prefetch),
	KUNIT_CASE(test_wrap),
	KUNIT_CASE(test_smallest_ring),
	{}
};

static struct kunit_suite fault_suite = {
	.name = "vsvm-hw-fault",
	.init = setup,
	.test_cases = fault_cases,
};

kunit_test_suite(fault_suite);
