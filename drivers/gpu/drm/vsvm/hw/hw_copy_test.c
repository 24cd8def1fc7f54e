// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of the copy engine
 *
 * Every byte that a descriptor moves or clears, those around it, what is counted, and what is no
 * memory, hw/hw_copy.c. Most of it goes without the engine's thread; the last tests are of a whole
 * device, and several ask it at a time.
 */

#include <kunit/test.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "hw_test.h"

#define PAGE	VSVM_HW_PAGE_SIZE
#define BLOCK	VSVM_HW_VRAM_BLOCK
#define FROM	VSVM_HW_COPY_FROM_VRAM
#define TO	VSVM_HW_COPY_TO_VRAM
#define CLEAR	VSVM_HW_COPY_CLEAR

/* Blocks 0 and 1 are in one piece, 2, 3 and 5 are lists of pages, 4 is not taken. */
#define BLOCKS	6
#define GAP	(4 * BLOCK)
#define END	(BLOCKS * BLOCK)
/* An address where there is neither system memory nor VRAM. */
#define NOWHERE	BIT_ULL(55)

/* What is looked at on both sides of a destination, and the largest copy. */
#define GUARD	64
#define MOST	(SZ_256K + 64)
#define ROOM	(MOST + PAGE + 2 * GUARD)

struct fixture {
	struct vsvm_hw *hw;
	/* System memory to copy from and to. */
	u8 *src, *dst;
	/* What source and destination shall hold, and what they do. */
	u8 *want_src, *want_dst, *got;
	struct rnd_state random;
};

static void *buffer(struct kunit *test)
{
	void *buffer = kunit_kzalloc(test, ROOM, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	return buffer;
}

static int setup(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	struct vsvm_hw_test *dev = vsvm_hw_test_device(test, 2);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->hw = &dev->hw;
	vsvm_hw_test_vram(test, dev, BLOCKS);
	vsvm_hw_test_block(test, f->hw, 0, true);
	vsvm_hw_test_block(test, f->hw, BLOCK, true);
	vsvm_hw_test_block(test, f->hw, 2 * BLOCK, false);
	vsvm_hw_test_block(test, f->hw, 3 * BLOCK, false);
	vsvm_hw_test_block(test, f->hw, 5 * BLOCK, false);
	f->src = buffer(test);
	f->dst = buffer(test);
	f->want_src = buffer(test);
	f->want_dst = buffer(test);
	f->got = buffer(test);
	prandom_seed_state(&f->random, 1);
	test->priv = f;
	return 0;
}

static void peek(struct fixture *f, bool vram, u64 addr, void *to, u64 size)
{
	if (vram)
		vsvm_hw_test_read(f->hw, addr, to, size);
	else
		memcpy(to, phys_to_virt(addr), size);
}

static void poke(struct fixture *f, bool vram, u64 addr, const void *from, u64 size)
{
	if (vram)
		vsvm_hw_test_write(f->hw, addr, from, size);
	else
		memcpy(phys_to_virt(addr), from, size);
}

struct copy_case {
	const char *name;
	/* In VRAM, and where system memory stands in for it, how far into a page. */
	u64 src, dst;
	u64 size;
};

/* With VRAM around the destination; see test_ends() for where there is none. */
static const struct copy_case copy_cases[] = {
	{ "nothing", PAGE, BLOCK + PAGE, 0 },
	{ "a byte", PAGE, BLOCK + PAGE, 1 },
	{ "a byte, the last of a page", 2 * PAGE - 1, BLOCK + 4 * PAGE - 1, 1 },
	{ "a byte, from and to lists", 2 * BLOCK + PAGE, 3 * BLOCK + 2 * PAGE - 1, 1 },
	{ "a page", PAGE, BLOCK + 5 * PAGE, PAGE },
	{ "a page, to a list", PAGE, 2 * BLOCK + 5 * PAGE, PAGE },
	{ "a page, from a list", 2 * BLOCK + PAGE, 5 * PAGE, PAGE },
	{ "a page, from list to list", 2 * BLOCK + PAGE, 2 * BLOCK + 6 * PAGE, PAGE },
	{ "a page, not aligned", 2 * BLOCK + 3, 3 * BLOCK + PAGE + 7, PAGE },
	{ "a page less a byte", 2 * BLOCK + PAGE + 1, 3 * BLOCK + PAGE, PAGE - 1 },
	{ "a page and a byte", 2 * BLOCK + PAGE, 3 * BLOCK + PAGE, PAGE + 1 },
	{ "odd bytes over the end of a page", 2 * BLOCK + 2 * PAGE - 5, 3 * BLOCK + PAGE + 11, 77 },
	{ "over the end of one piece", BLOCK - 3, BLOCK + 9 * PAGE, 7 },
	{ "over the end of one piece into one", 9 * PAGE, BLOCK - 3, 2 * PAGE },
	{ "from one piece into a list", 2 * BLOCK - 5, 3 * BLOCK - PAGE, PAGE },
	{ "to one piece and a list", PAGE, 2 * BLOCK - PAGE - 1, 2 * PAGE + 3 },
	{ "from list to list over an end", 3 * BLOCK - 2 * PAGE - 9, 2 * BLOCK - 7, 4 * PAGE + 17 },
	{ "to the end of a list", PAGE + 1, GAP - GUARD - 5 * PAGE - 3, 5 * PAGE + 3 },
	{ "from the end of a list", GAP - PAGE - 3, 3 * BLOCK + 3, PAGE + 3 },
	{ "to the last block", 3 * BLOCK + 5, END - GUARD - 3 * PAGE, 3 * PAGE },
	{ "to the last block's start", 2 * BLOCK, 5 * BLOCK + GUARD, 2 * PAGE },
	{ "up to the last byte", END - 3 * PAGE - 1, PAGE, 3 * PAGE + 1 },
	{ "64K less a byte", 2 * BLOCK + PAGE, 3 * BLOCK + PAGE, SZ_64K - 1 },
	{ "64K", 2 * BLOCK, BLOCK + PAGE, SZ_64K },
	{ "64K and a byte", 3, BLOCK + PAGE, SZ_64K + 1 },
	{ "many pages", PAGE, BLOCK + PAGE, SZ_256K },
	{ "many pages over an end", 2 * BLOCK - SZ_128K, 3 * BLOCK - SZ_64K, SZ_256K },
	{ "many odd bytes", 2 * BLOCK - SZ_64K - 1, 3 * BLOCK - SZ_128K + 3, MOST - 5 },
};

/*
 * One descriptor. All that it may read and write, and what is around the latter, holds something
 * else before.
 */
static void expect_copy(struct kunit *test, const struct copy_case *c, u32 flags)
{
	struct fixture *f = test->priv;
	struct vsvm_hw_copy copy = { .size = c->size, .flags = flags };
	u64 around = c->size + 2 * GUARD;

	copy.src = flags & FROM ? c->src : virt_to_phys(f->src) + c->src % PAGE;
	copy.dst = flags & TO ? c->dst : virt_to_phys(f->dst) + GUARD + c->dst % PAGE;
	prandom_bytes_state(&f->random, f->want_src, c->size);
	poke(f, flags & FROM, copy.src, f->want_src, c->size);
	prandom_bytes_state(&f->random, f->want_dst, around);
	poke(f, flags & TO, copy.dst - GUARD, f->want_dst, around);

	if (flags & CLEAR) {
		memset(f->want_dst + GUARD, 0, c->size);
		copy.src = NOWHERE;
	} else {
		memcpy(f->want_dst + GUARD, f->want_src, c->size);
	}
	memset(&f->hw->copy.stats, 0, sizeof(f->hw->copy.stats));
	KUNIT_EXPECT_EQ_MSG(test, vsvm_hw_copy_job(f->hw, &copy, 1), 0, "%s", c->name);

	peek(f, flags & TO, copy.dst - GUARD, f->got, around);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(f->got, f->want_dst, around), 0, "%s", c->name);
	if (!(flags & CLEAR)) {
		peek(f, flags & FROM, copy.src, f->got, c->size);
		KUNIT_EXPECT_EQ_MSG(test, memcmp(f->got, f->want_src, c->size), 0, "%s", c->name);
	}
	KUNIT_EXPECT_EQ_MSG(test, f->hw->copy.stats.bytes, c->size, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, f->hw->copy.stats.jobs, 1, "%s", c->name);
}

static void expect_copies(struct kunit *test, u32 flags)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(copy_cases); i++)
		expect_copy(test, &copy_cases[i], flags);
}

static void test_system_to_system(struct kunit *test)
{
	expect_copies(test, 0);
}

static void test_system_to_vram(struct kunit *test)
{
	expect_copies(test, TO);
}

static void test_vram_to_system(struct kunit *test)
{
	expect_copies(test, FROM);
}

static void test_vram_to_vram(struct kunit *test)
{
	expect_copies(test, FROM | TO);
}

/* Whatever else a descriptor says, there is no source. */
static void test_clear_system(struct kunit *test)
{
	expect_copies(test, CLEAR);
	expect_copies(test, CLEAR | FROM);
}

static void test_clear_vram(struct kunit *test)
{
	expect_copies(test, CLEAR | TO);
	expect_copies(test, CLEAR | TO | FROM);
}

/* Is all of [offset, offset + size) of VRAM this byte? */
static bool all_of(struct fixture *f, u64 offset, u64 size, u8 byte)
{
	u64 piece;

	for (; size; offset += piece, size -= piece) {
		piece = min(size, PAGE);
		vsvm_hw_test_read(f->hw, offset, f->got, piece);
		if (memchr_inv(f->got, byte, piece))
			return false;
	}
	return true;
}

/* Writes it everywhere. */
static void paint(struct fixture *f, u8 byte)
{
	u64 offset;

	memset(f->want_dst, byte, PAGE);
	for (offset = 0; offset < END; offset += PAGE)
		if (offset < GAP || offset >= GAP + BLOCK)
			vsvm_hw_test_write(f->hw, offset, f->want_dst, PAGE);
}

/* From the first byte of VRAM on, up to the last, and all of what is taken at once. */
static void test_ends(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_hw_copy copies[] = {
		{ .dst = 0, .size = 3, .flags = TO | CLEAR },
		{ .dst = END - PAGE - 3, .size = PAGE + 3, .flags = TO | CLEAR },
		{ .dst = GAP - 5, .size = 5, .flags = TO | CLEAR },
		{ .dst = GAP + BLOCK, .size = 7, .flags = TO | CLEAR },
	};
	struct vsvm_hw_copy all = { .dst = 0, .size = GAP, .flags = TO | CLEAR };
	struct vsvm_hw_copy block = { .src = GAP + BLOCK, .size = BLOCK, .flags = TO | FROM };

	paint(f, 0xff);
	KUNIT_EXPECT_EQ(test, vsvm_hw_copy_job(f->hw, copies, ARRAY_SIZE(copies)), 0);
	KUNIT_EXPECT_TRUE(test, all_of(f, 0, 3, 0));
	KUNIT_EXPECT_TRUE(test, all_of(f, 3, GAP - 5 - 3, 0xff));
	KUNIT_EXPECT_TRUE(test, all_of(f, GAP - 5, 5, 0));
	KUNIT_EXPECT_TRUE(test, all_of(f, GAP + BLOCK, 7, 0));
	KUNIT_EXPECT_TRUE(test, all_of(f, GAP + BLOCK + 7, BLOCK - 7 - PAGE - 3, 0xff));
	KUNIT_EXPECT_TRUE(test, all_of(f, END - PAGE - 3, PAGE + 3, 0));

	paint(f, 0x55);
	KUNIT_EXPECT_EQ(test, vsvm_hw_copy_job(f->hw, &all, 1), 0);
	KUNIT_EXPECT_TRUE(test, all_of(f, 0, GAP, 0));
	KUNIT_EXPECT_TRUE(test, all_of(f, GAP + BLOCK, BLOCK, 0x55));

	/* A block as a whole, to where it comes to lie in one piece and a list. */
	block.dst = BLOCK + 3 * PAGE;
	KUNIT_EXPECT_EQ(test, vsvm_hw_copy_job(f->hw, &block, 1), 0);
	KUNIT_EXPECT_TRUE(test, all_of(f, 0, block.dst, 0));
	KUNIT_EXPECT_TRUE(test, all_of(f, block.dst, BLOCK, 0x55));
	KUNIT_EXPECT_TRUE(test, all_of(f, block.dst + BLOCK, GAP - block.dst - BLOCK, 0));
}

/* Each finds what those before it have left. */
static void test_list(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_hw_copy copies[] = {
		{ .dst = 0, .size = PAGE, .flags = TO },
		{ .src = 0, .dst = 2 * BLOCK + 5, .size = PAGE, .flags = TO | FROM },
		{ .dst = 2 * BLOCK + 5, .size = 100, .flags = TO | CLEAR },
		{ .src = 2 * BLOCK + 5, .size = PAGE, .flags = FROM },
		{ .dst = 0, .size = PAGE, .flags = TO | CLEAR },
		{ .src = 0, .size = PAGE, .flags = FROM },
	};

	prandom_bytes_state(&f->random, f->src, PAGE);
	copies[0].src = virt_to_phys(f->src);
	copies[3].dst = virt_to_phys(f->dst);
	copies[5].dst = virt_to_phys(f->dst) + PAGE;
	memset(f->dst, 0xff, 2 * PAGE);
	KUNIT_EXPECT_EQ(test, vsvm_hw_copy_job(f->hw, copies, ARRAY_SIZE(copies)), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(f->dst, 0, 100));
	KUNIT_EXPECT_EQ(test, memcmp(f->dst + 100, f->src + 100, PAGE - 100), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(f->dst + PAGE, 0, PAGE));
	KUNIT_EXPECT_EQ(test, f->hw->copy.stats.jobs, 1);
	KUNIT_EXPECT_EQ(test, f->hw->copy.stats.bytes, 5 * PAGE + 100);
}

struct bad_case {
	const char *name;
	bool vram;
	u64 addr, size;
	/* Bytes of it that are there, before the first that is not. */
	u64 good;
};

static const struct bad_case bad_cases[] = {
	{ "first byte beyond VRAM", true, END, 1, 0 },
	{ "VRAM's last byte and one more", true, END - 1, 2, 1 },
	{ "VRAM's last page and one more", true, END - PAGE, 2 * PAGE, PAGE },
	{ "a block beyond VRAM", true, END + BLOCK, PAGE, 0 },
	{ "what 32 bits would take for VRAM", true, BIT_ULL(32), PAGE, 0 },
	{ "nowhere near VRAM", true, NOWHERE, PAGE, 0 },
	{ "last byte of all, VRAM", true, U64_MAX, 1, 0 },
	{ "wraps to VRAM", true, U64_MAX, 2, 0 },
	{ "block not taken", true, GAP, 1, 0 },
	{ "last byte of a block not taken", true, GAP + BLOCK - 1, 1, 0 },
	{ "from a block not taken into one that is", true, GAP + BLOCK - 1, 2, 0 },
	{ "into a block not taken", true, GAP - 1, 2, 1 },
	{ "far into a block not taken", true, GAP - 2 * PAGE - 1, SZ_128K, 2 * PAGE + 1 },
	{ "no system memory there", false, NOWHERE, PAGE, 0 },
	{ "no system memory there, a byte", false, NOWHERE + 5, 1, 0 },
	{ "highest bit", false, BIT_ULL(63), PAGE, 0 },
	{ "last page of all", false, U64_MAX - PAGE + 1, PAGE, 0 },
	{ "last byte of all", false, U64_MAX, 1, 0 },
};

/* The other side, if there is one, is good. What is there before the bad byte is copied. */
static void expect_bad(struct kunit *test, const struct bad_case *c, u32 flags, bool is_src)
{
	struct fixture *f = test->priv;
	struct vsvm_hw_copy copy = { .src = PAGE, .dst = PAGE, .size = c->size, .flags = flags };

	if (!(flags & FROM))
		copy.src = virt_to_phys(f->src);
	if (!(flags & TO))
		copy.dst = virt_to_phys(f->dst);
	if (is_src)
		copy.src = c->addr;
	else
		copy.dst = c->addr;
	memset(&f->hw->copy.stats, 0, sizeof(f->hw->copy.stats));
	KUNIT_EXPECT_EQ_MSG(test, vsvm_hw_copy_job(f->hw, &copy, 1), -EFAULT, "%s, flags %u",
			    c->name, flags);
	KUNIT_EXPECT_EQ_MSG(test, f->hw->copy.stats.bytes, c->good, "%s, flags %u", c->name,
			    flags);
	KUNIT_EXPECT_EQ_MSG(test, f->hw->copy.stats.jobs, 1, "%s, flags %u", c->name, flags);
}

/* An address that is none, on either side, is an error and not an oops. */
static void test_bad(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_cases); i++) {
		const struct bad_case *c = &bad_cases[i];
		u32 src = c->vram ? FROM : 0, dst = c->vram ? TO : 0;

		expect_bad(test, c, src, true);
		expect_bad(test, c, src | TO, true);
		expect_bad(test, c, dst, false);
		expect_bad(test, c, dst | FROM, false);
		expect_bad(test, c, dst | CLEAR, false);
	}
}

/* Nothing to copy is nowhere to look. */
static void test_bad_empty(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_hw_copy copy = { .src = NOWHERE, .dst = NOWHERE };

	for (copy.flags = 0; copy.flags <= (FROM | TO | CLEAR); copy.flags++)
		KUNIT_EXPECT_EQ(test, vsvm_hw_copy_job(f->hw, &copy, 1), 0);
	KUNIT_EXPECT_EQ(test, f->hw->copy.stats.bytes, 0);
}

/* A list ends at the first that is bad. */
static void test_bad_in_list(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_hw_copy copies[] = {
		{ .dst = 0, .size = PAGE, .flags = TO | CLEAR },
		{ .dst = GAP, .size = PAGE, .flags = TO | CLEAR },
		{ .dst = PAGE, .size = PAGE, .flags = TO | CLEAR },
	};

	paint(f, 0xff);
	KUNIT_EXPECT_EQ(test, vsvm_hw_copy_job(f->hw, copies, 3), -EFAULT);
	KUNIT_EXPECT_TRUE(test, all_of(f, 0, PAGE, 0));
	KUNIT_EXPECT_TRUE(test, all_of(f, PAGE, PAGE, 0xff));
	KUNIT_EXPECT_EQ(test, f->hw->copy.stats.bytes, PAGE);
	/* What is done is done, and the next goes on. */
	KUNIT_EXPECT_EQ(test, vsvm_hw_copy_job(f->hw, copies + 2, 1), 0);
	KUNIT_EXPECT_TRUE(test, all_of(f, PAGE, PAGE, 0));
	KUNIT_EXPECT_EQ(test, f->hw->copy.stats.bytes, 2 * PAGE);
	KUNIT_EXPECT_EQ(test, f->hw->copy.stats.jobs, 2);
}

static void ignore_irq(void *data, u32 status)
{
}

static void destroy_device(void *data)
{
	vsvm_hw_destroy(data);
}

/*
 * A device whose engines run, instead of the one that has none. Its VRAM is a block as
 * vsvm_hw_vram_take() makes it, and one as a list of pages.
 */
static struct vsvm_hw *real_device(struct kunit *test)
{
	const struct vsvm_hw_config config = {
		.num_engines = 1,
		.fault_ring_size = 2,
		.counter_ring_size = 2,
		.vram_size = 3 * BLOCK,
		.irq = ignore_irq,
	};
	struct fixture *f = test->priv;
	struct vsvm_hw *hw = vsvm_hw_create(&config);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, hw);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, destroy_device, hw), 0);
	KUNIT_ASSERT_EQ(test, vsvm_hw_vram_take(hw, 0), 0);
	vsvm_hw_test_block(test, hw, BLOCK, false);
	f->hw = hw;
	return hw;
}

static void expect_stats(struct kunit *test, u64 jobs, u64 bytes)
{
	struct fixture *f = test->priv;
	struct vsvm_hw_copy_stats stats;

	vsvm_hw_copy_stats(f->hw, &stats);
	KUNIT_EXPECT_EQ(test, stats.jobs, jobs);
	KUNIT_EXPECT_EQ(test, stats.bytes, bytes);
}

static void test_run(struct kunit *test)
{
	struct vsvm_hw *hw = real_device(test);
	struct fixture *f = test->priv;
	struct vsvm_hw_copy copies[] = {
		{ .src = virt_to_phys(f->src), .dst = BLOCK - PAGE, .size = 2 * PAGE, .flags = TO },
		{ .src = BLOCK - PAGE, .dst = virt_to_phys(f->dst), .size = 2 * PAGE,
		  .flags = FROM },
		{ .dst = 2 * BLOCK, .size = 1, .flags = TO | CLEAR },
	};

	expect_stats(test, 0, 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_copy_run(hw, NULL, 0), 0);
	expect_stats(test, 0, 0);
	prandom_bytes_state(&f->random, f->src, 2 * PAGE);
	KUNIT_EXPECT_EQ(test, vsvm_hw_copy_run(hw, copies, 2), 0);
	KUNIT_EXPECT_EQ(test, memcmp(f->dst, f->src, 2 * PAGE), 0);
	expect_stats(test, 1, 4 * PAGE);
	/* It says what is bad to who asked for it, and to nobody else. */
	KUNIT_EXPECT_EQ(test, vsvm_hw_copy_run(hw, copies + 2, 1), -EFAULT);
	KUNIT_EXPECT_EQ(test, vsvm_hw_copy_run(hw, copies, 1), 0);
	expect_stats(test, 3, 6 * PAGE);
}

/* Where the next two tests work: half in each block. */
#define AREA	SZ_128K
#define AREA_AT	(BLOCK - AREA / 2)
#define JOBS	300

static u32 below(struct rnd_state *random, u32 limit)
{
	return prandom_u32_state(random) % limit;
}

/* A descriptor of any kind but from system to system, and what it does to the models. */
static struct vsvm_hw_copy random_copy(struct fixture *f)
{
	const u32 half = AREA / 2;
	u32 size = below(&f->random, 3 * PAGE), src = below(&f->random, half - size);
	u32 dst = below(&f->random, half - size);
	struct vsvm_hw_copy copy = { .size = size };

	if (prandom_u32_state(&f->random) & 1)
		src += half;
	else
		dst += half;
	switch (below(&f->random, 4)) {
	case 0:
		copy.flags = TO;
		memcpy(f->want_src + dst, f->src + src, size);
		break;
	case 1:
		copy.flags = FROM;
		memcpy(f->want_dst + dst, f->want_src + src, size);
		break;
	case 2:
		copy.flags = FROM | TO;
		memcpy(f->want_src + dst, f->want_src + src, size);
		break;
	case 3:
		copy.flags = CLEAR | TO;
		memset(f->want_src + dst, 0, size);
		break;
	}
	copy.src = copy.flags & FROM ? AREA_AT + src : virt_to_phys(f->src) + src;
	copy.dst = copy.flags & TO ? AREA_AT + dst : virt_to_phys(f->dst) + dst;
	return copy;
}

/* Many small jobs of random descriptors, one of which uses what the other left. */
static void test_run_random(struct kunit *test)
{
	struct vsvm_hw *hw = real_device(test);
	struct fixture *f = test->priv;
	struct vsvm_hw_copy copies[8];
	unsigned int job, i, count;
	u64 bytes = 0;

	prandom_bytes_state(&f->random, f->src, AREA);
	prandom_bytes_state(&f->random, f->want_src, AREA);
	vsvm_hw_test_write(hw, AREA_AT, f->want_src, AREA);
	for (job = 0; job < JOBS; job++) {
		count = 1 + below(&f->random, ARRAY_SIZE(copies));
		for (i = 0; i < count; i++) {
			copies[i] = random_copy(f);
			bytes += copies[i].size;
		}
		KUNIT_ASSERT_EQ(test, vsvm_hw_copy_run(hw, copies, count), 0);
	}
	KUNIT_EXPECT_EQ(test, memcmp(f->dst, f->want_dst, AREA), 0);
	vsvm_hw_test_read(hw, AREA_AT, f->got, AREA);
	KUNIT_EXPECT_EQ(test, memcmp(f->got, f->want_src, AREA), 0);
	expect_stats(test, JOBS, bytes);
}

#define CALLERS	8
#define ROUNDS	100
/* Of VRAM, for each of them. */
#define PART	(AREA / CALLERS)

/* Who asks for copies while others do. */
struct caller {
	struct work_struct work;
	struct vsvm_hw *hw;
	u64 vram;
	u8 *src, *dst;
	unsigned int seed;
	u64 bytes;
	unsigned int failed, wrong;
};

static void call(struct work_struct *work)
{
	struct caller *caller = container_of(work, struct caller, work);
	u64 there = caller->vram, back = caller->vram + PART / 2;
	struct rnd_state random;
	unsigned int round;
	u32 size;

	prandom_seed_state(&random, caller->seed);
	for (round = 0; round < ROUNDS; round++) {
		struct vsvm_hw_copy copies[] = {
			{ .src = virt_to_phys(caller->src), .dst = there, .flags = TO },
			{ .src = there, .dst = back, .flags = FROM | TO },
			{ .dst = there, .flags = CLEAR | TO },
			{ .src = back, .dst = virt_to_phys(caller->dst), .flags = FROM },
			{ .src = there, .dst = virt_to_phys(caller->dst) + PART / 2,
			  .flags = FROM },
		};
		unsigned int i;

		size = 1 + below(&random, PART / 2);
		for (i = 0; i < ARRAY_SIZE(copies); i++)
			copies[i].size = size;
		caller->bytes += size * ARRAY_SIZE(copies);
		prandom_bytes_state(&random, caller->src, size);
		memset(caller->dst, 0xff, PART);
		if (vsvm_hw_copy_run(caller->hw, copies, ARRAY_SIZE(copies)))
			caller->failed++;
		if (memcmp(caller->dst, caller->src, size) ||
		    memchr_inv(caller->dst + PART / 2, 0, size))
			caller->wrong++;
	}
}

/* Several at a time: each gets its own, and all of it is done when its call returns. */
static void test_run_callers(struct kunit *test)
{
	struct vsvm_hw *hw = real_device(test);
	struct fixture *f = test->priv;
	struct caller *callers;
	unsigned int i;
	u64 bytes = 0;

	callers = kunit_kcalloc(test, CALLERS, sizeof(*callers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, callers);
	for (i = 0; i < CALLERS; i++) {
		callers[i].hw = hw;
		callers[i].vram = AREA_AT + i * PART;
		callers[i].src = f->src + i * PART;
		callers[i].dst = f->dst + i * PART;
		callers[i].seed = i;
		INIT_WORK(&callers[i].work, call);
	}
	for (i = 0; i < CALLERS; i++)
		queue_work(system_dfl_wq, &callers[i].work);
	for (i = 0; i < CALLERS; i++) {
		flush_work(&callers[i].work);
		KUNIT_EXPECT_EQ_MSG(test, callers[i].failed, 0, "caller %u", i);
		KUNIT_EXPECT_EQ_MSG(test, callers[i].wrong, 0, "caller %u", i);
		bytes += callers[i].bytes;
	}
	expect_stats(test, CALLERS * ROUNDS, bytes);
}

static struct kunit_case copy_test_cases[] = {
	KUNIT_CASE(test_system_to_system),
	KUNIT_CASE(test_system_to_vram),
	KUNIT_CASE(test_vram_to_system),
	KUNIT_CASE(test_vram_to_vram),
	KUNIT_CASE(test_clear_system),
	KUNIT_CASE(test_clear_vram),
	KUNIT_CASE(test_ends),
	KUNIT_CASE(test_list),
	KUNIT_CASE(test_bad),
	KUNIT_CASE(test_bad_empty),
	KUNIT_CASE(test_bad_in_list),
	KUNIT_CASE(test_run),
	KUNIT_CASE(test_run_random),
	KUNIT_CASE(test_run_callers),
	{}
};

static struct kunit_suite copy_suite = {
	.name = "vsvm-hw-copy",
	.init = setup,
	.test_cases = copy_test_cases,
};

kunit_test_suite(copy_suite);
