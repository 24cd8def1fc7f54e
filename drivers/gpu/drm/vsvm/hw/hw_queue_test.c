// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of queues and of the device
 *
 * A queue's ring, its report, and the numbers that the device gives, hw/hw_queue.c and
 * hw/hw_device.c. No engine runs.
 */

#include <kunit/test.h>
#include <linux/err.h>

#include "hw_test.h"

#define DEPTH	VSVM_HW_QUEUE_DEPTH

static int setup(struct kunit *test)
{
	test->priv = vsvm_hw_test_device(test, 2);
	return 0;
}

static int submit(struct vsvm_hw_test *dev, u64 first, unsigned int count)
{
	struct vsvm_hw_stream streams[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(streams); i++)
		streams[i] = (struct vsvm_hw_stream) { .addr = first + i };
	return vsvm_hw_queue_submit(&dev->queue, streams, count);
}

static void test_full(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	unsigned int i;

	for (i = 0; i < DEPTH - 2; i += 2)
		KUNIT_EXPECT_EQ(test, submit(dev, i, 2), 0);
	/* All or none. */
	KUNIT_EXPECT_EQ(test, submit(dev, DEPTH - 2, 3), -EBUSY);
	KUNIT_EXPECT_EQ(test, dev->queue.submitted, DEPTH - 2);
	KUNIT_EXPECT_EQ(test, submit(dev, DEPTH - 2, 2), 0);
	KUNIT_EXPECT_EQ(test, submit(dev, DEPTH, 1), -EBUSY);
	for (i = 0; i < DEPTH; i++)
		KUNIT_EXPECT_EQ(test, dev->queue.ring[i].addr, i);

	/* One has ended: there is room for one, in its place. */
	dev->queue.completed = 1;
	KUNIT_EXPECT_EQ(test, submit(dev, DEPTH, 2), -EBUSY);
	KUNIT_EXPECT_EQ(test, submit(dev, DEPTH, 1), 0);
	KUNIT_EXPECT_EQ(test, dev->queue.ring[0].addr, DEPTH);
	KUNIT_EXPECT_EQ(test, dev->queue.ring[1].addr, 1);
	KUNIT_EXPECT_EQ(test, submit(dev, 0, 1), -EBUSY);
}

/* A call that fills the ring at once, and one that wraps in it. */
static void test_wrap(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	struct vsvm_hw_stream *streams;
	unsigned int i;

	streams = kunit_kcalloc(test, DEPTH + 1, sizeof(*streams), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, streams);
	KUNIT_EXPECT_EQ(test, vsvm_hw_queue_submit(&dev->queue, streams, DEPTH + 1), -EBUSY);
	KUNIT_EXPECT_EQ(test, vsvm_hw_queue_submit(&dev->queue, streams, U32_MAX), -EBUSY);
	KUNIT_EXPECT_EQ(test, vsvm_hw_queue_submit(&dev->queue, streams, DEPTH), 0);

	dev->queue.submitted = U64_MAX - 2;
	dev->queue.completed = U64_MAX - 2;
	for (i = 0; i < DEPTH; i++)
		streams[i].addr = 100 + i;
	KUNIT_EXPECT_EQ(test, vsvm_hw_queue_submit(&dev->queue, streams, 5), 0);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, dev->queue.ring[(DEPTH - 3 + i) % DEPTH].addr, 100 + i);
	KUNIT_EXPECT_EQ(test, dev->queue.submitted, 2);
	KUNIT_EXPECT_TRUE(test, vsvm_hw_queue_has_work(&dev->queue));
	KUNIT_EXPECT_EQ(test, vsvm_hw_queue_submit(&dev->queue, streams, DEPTH - 4), -EBUSY);
	KUNIT_EXPECT_EQ(test, vsvm_hw_queue_submit(&dev->queue, streams, DEPTH - 5), 0);
}

/* A queue keeps the first report, and takes nothing more. */
static void test_first_report(struct kunit *test)
{
	const struct vsvm_hw_fault fault = { .addr = 5, .access = VSVM_ACCESS_ATOMIC, .wave = 9 };
	struct vsvm_hw_test *dev = test->priv;
	struct vsvm_hw_queue_status status;

	vsvm_hw_queue_status(&dev->queue, &status);
	KUNIT_EXPECT_EQ(test, status.error, VSVM_ERROR_NONE);
	KUNIT_EXPECT_EQ(test, status.wave, VSVM_HW_WAVE_NONE);

	dev->queue.parked = U64_MAX;
	vsvm_hw_queue_cancel(&dev->queue, &fault, VSVM_ERROR_BUS);
	vsvm_hw_queue_kill(&dev->queue, VSVM_ERROR_COMMAND, 6, VSVM_ACCESS_READ, 1);
	vsvm_hw_queue_status(&dev->queue, &status);
	KUNIT_EXPECT_EQ(test, status.error, VSVM_ERROR_BUS);
	KUNIT_EXPECT_EQ(test, status.addr, 5);
	KUNIT_EXPECT_EQ(test, status.access, VSVM_ACCESS_ATOMIC);
	KUNIT_EXPECT_EQ(test, status.wave, 9);
	KUNIT_EXPECT_EQ(test, status.parked, 64);
	KUNIT_EXPECT_EQ(test, submit(dev, 0, 1), -EIO);

	/* It has one thing left to do: to say that it is dead. */
	KUNIT_EXPECT_TRUE(test, vsvm_hw_queue_has_work(&dev->queue));
	vsvm_hw_queue_run(&dev->queue);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_irqs(dev), VSVM_HW_IRQ_ERROR);
	KUNIT_EXPECT_FALSE(test, vsvm_hw_queue_has_work(&dev->queue));
	vsvm_hw_queue_status(&dev->queue, &status);
	KUNIT_EXPECT_EQ(test, status.parked, 0);
	KUNIT_EXPECT_EQ(test, status.error, VSVM_ERROR_BUS);
}

/* A cancel without a reason kills all the same. */
static void test_cancel_without_error(struct kunit *test)
{
	const struct vsvm_hw_fault fault = {};
	struct vsvm_hw_test *dev = test->priv;

	vsvm_hw_queue_cancel(&dev->queue, &fault, VSVM_ERROR_NONE);
	KUNIT_EXPECT_EQ(test, dev->queue.error, VSVM_ERROR_DEVICE);
}

/* 0 stands for none, so it is passed over; the sign is nothing special. */
static void test_ids(struct kunit *test)
{
	atomic_t ids = ATOMIC_INIT(0);

	KUNIT_EXPECT_EQ(test, vsvm_hw_new_id(&ids), 1);
	KUNIT_EXPECT_EQ(test, vsvm_hw_new_id(&ids), 2);
	atomic_set(&ids, S32_MAX);
	KUNIT_EXPECT_EQ(test, vsvm_hw_new_id(&ids), 0x80000000);
	atomic_set(&ids, -2);
	KUNIT_EXPECT_EQ(test, vsvm_hw_new_id(&ids), U32_MAX);
	KUNIT_EXPECT_EQ(test, vsvm_hw_new_id(&ids), 1);
}

static void no_irq(void *data, u32 status)
{
}

struct config_case {
	const char *name;
	unsigned int engines, ring;
	bool no_irq;
	/* Beyond the least that is good. */
	unsigned int more_counter_ring;
};

static const struct config_case config_cases[] = {
	{ "no engine", 0, 2 },
	{ "too many engines", VSVM_HW_MAX_ENGINES + 1, 2 },
	{ "no ring", 1, 0 },
	{ "ring of one", 1, 1 },
	{ "ring of three", 1, 3 },
	{ "ring too large", 1, 131072 },
	{ "largest power of two", 1, 0x80000000 },
	{ "no interrupt", 1, 2, true },
	{ "no ring of counters", 1, 2, false, -2 },
	{ "ring of one of counters", 1, 2, false, -1 },
	{ "ring of three of counters", 1, 2, false, 1 },
	{ "ring of counters too large", 1, 2, false, 131070 },
};

static void test_config(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(config_cases); i++) {
		const struct vsvm_hw_config config = {
			.num_engines = config_cases[i].engines,
			.fault_ring_size = config_cases[i].ring,
			.counter_ring_size = 2 + config_cases[i].more_counter_ring,
			.irq = config_cases[i].no_irq ? NULL : no_irq,
		};
		struct vsvm_hw *hw = vsvm_hw_create(&config);

		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(hw), -EINVAL, "%s",
				    config_cases[i].name);
		if (!IS_ERR(hw))
			vsvm_hw_destroy(hw);
	}
}

static void test_queue_config(struct kunit *test)
{
	struct vsvm_hw_test *dev = test->priv;
	struct vsvm_hw_as foreign = {};
	struct vsvm_hw_queue_config config = { .as = &dev->as, .engine = 1 };

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vsvm_hw_queue_create(&dev->hw, &config)), -EINVAL);
	config.engine = U32_MAX;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vsvm_hw_queue_create(&dev->hw, &config)), -EINVAL);
	config.engine = 0;
	config.as = NULL;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vsvm_hw_queue_create(&dev->hw, &config)), -EINVAL);
	config.as = &foreign;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vsvm_hw_queue_create(&dev->hw, &config)), -EINVAL);
}

static struct kunit_case queue_cases[] = {
	KUNIT_CASE(test_full),
	KUNIT_CASE(test_wrap),
	KUNIT_CASE(test_first_report),
	KUNIT_CASE(test_cancel_without_error),
	KUNIT_CASE(test_ids),
	KUNIT_CASE(test_config),
	KUNIT_CASE(test_queue_config),
	{}
};

static struct kunit_suite queue_suite = {
	.name = "vsvm-hw-queue",
	.init = setup,
	.test_cases = queue_cases,
};

kunit_test_suite(queue_suite);
