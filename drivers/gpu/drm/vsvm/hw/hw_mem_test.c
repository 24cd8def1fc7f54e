// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of memory instructions
 *
 * Atomic operations, and what loads, stores and atomics of a wave do at the edges of pages, of the
 * address space and of the arguments, hw/hw_mem.c.
 */

#include <kunit/test.h>
#include <linux/string.h>

#include "hw_test.h"

#define PAGE	VSVM_HW_PAGE_SIZE
#define END	VSVM_HW_VA_END
#define LANES	VSVM_WAVE_LANES
#define STALE	0xa5a5a5a5

struct atomic_case {
	u32 op;
	u64 old, operand, compare;
	/* What is in memory afterwards. */
	u64 left;
};

#define MIN32	0x80000000ULL
#define MAX32	0x7fffffffULL
#define MIN64	0x8000000000000000ULL
#define MAX64	0x7fffffffffffffffULL

static const struct atomic_case words[] = {
	{ VSVM_ATOMIC_ADD, U32_MAX, 1, 0, 0 },
	{ VSVM_ATOMIC_ADD, MAX32, 1, 0, MIN32 },
	{ VSVM_ATOMIC_ADD, MIN32, U32_MAX, 0, MAX32 },
	{ VSVM_ATOMIC_ADD, 5, 0, 0, 5 },
	{ VSVM_ATOMIC_AND, U32_MAX, MIN32, 0, MIN32 },
	{ VSVM_ATOMIC_AND, U32_MAX, 0, 0, 0 },
	{ VSVM_ATOMIC_OR, MIN32, 1, 0, MIN32 + 1 },
	{ VSVM_ATOMIC_XOR, U32_MAX, U32_MAX, 0, 0 },
	{ VSVM_ATOMIC_XOR, 0, MIN32, 0, MIN32 },
	{ VSVM_ATOMIC_XCHG, U32_MAX, 0, 0, 0 },
	{ VSVM_ATOMIC_XCHG, 0, U32_MAX, U32_MAX, U32_MAX },
	{ VSVM_ATOMIC_CMPXCHG, U32_MAX, 1, U32_MAX, 1 },
	{ VSVM_ATOMIC_CMPXCHG, U32_MAX, 1, U32_MAX - 1, U32_MAX },
	{ VSVM_ATOMIC_CMPXCHG, 0, U32_MAX, 0, U32_MAX },
	{ VSVM_ATOMIC_UMIN, MIN32, MAX32, 0, MAX32 },
	{ VSVM_ATOMIC_UMIN, 0, U32_MAX, 0, 0 },
	{ VSVM_ATOMIC_UMAX, MIN32, MAX32, 0, MIN32 },
	{ VSVM_ATOMIC_UMAX, 0, U32_MAX, 0, U32_MAX },
	{ VSVM_ATOMIC_SMIN, MAX32, MIN32, 0, MIN32 },
	{ VSVM_ATOMIC_SMIN, 0, U32_MAX, 0, U32_MAX },
	{ VSVM_ATOMIC_SMIN, MIN32, MIN32, 0, MIN32 },
	{ VSVM_ATOMIC_SMAX, MIN32, MAX32, 0, MAX32 },
	{ VSVM_ATOMIC_SMAX, U32_MAX, 0, 0, 0 },
};

static const struct atomic_case doubles[] = {
	{ VSVM_ATOMIC_ADD, U32_MAX, 1, 0, 0x100000000 },
	{ VSVM_ATOMIC_ADD, U64_MAX, 1, 0, 0 },
	{ VSVM_ATOMIC_ADD, MIN64, U64_MAX, 0, MAX64 },
	{ VSVM_ATOMIC_AND, U64_MAX, MIN64, 0, MIN64 },
	{ VSVM_ATOMIC_OR, MIN64, 1, 0, MIN64 + 1 },
	{ VSVM_ATOMIC_XOR, U64_MAX, MAX64, 0, MIN64 },
	{ VSVM_ATOMIC_XCHG, U64_MAX, MIN64, 0, MIN64 },
	{ VSVM_ATOMIC_CMPXCHG, U64_MAX, 1, U64_MAX, 1 },
	/* The halves alone are not equal. */
	{ VSVM_ATOMIC_CMPXCHG, 0x100000001, 7, 1, 0x100000001 },
	{ VSVM_ATOMIC_CMPXCHG, 0x100000001, 7, 0x100000000, 0x100000001 },
	{ VSVM_ATOMIC_UMIN, MIN64, MAX64, 0, MAX64 },
	{ VSVM_ATOMIC_UMIN, 0x100000000, U32_MAX, 0, U32_MAX },
	{ VSVM_ATOMIC_UMAX, MIN64, MAX64, 0, MIN64 },
	{ VSVM_ATOMIC_UMAX, U32_MAX, 0x100000000, 0, 0x100000000 },
	{ VSVM_ATOMIC_SMIN, MAX64, MIN64, 0, MIN64 },
	{ VSVM_ATOMIC_SMIN, MIN32, MAX32, 0, MAX32 },
	{ VSVM_ATOMIC_SMAX, MIN64, MAX64, 0, MAX64 },
	{ VSVM_ATOMIC_SMAX, U64_MAX, 0, 0, 0 },
};

/* What is beyond the word in the operands is ignored, and in memory left alone. */
static void test_atomic_word(struct kunit *test)
{
	const u64 above = 0x8123456700000000;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		const struct atomic_case *c = &words[i];
		u32 memory[3] = { STALE, c->old, STALE };

		KUNIT_EXPECT_EQ_MSG(test,
				    vsvm_hw_mem_atomic(&memory[1], c->op, 4, c->operand | above,
						       c->compare | ~above << 32),
				    c->old, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, memory[1], c->left, "case %u", i);
		KUNIT_EXPECT_EQ(test, memory[0], STALE);
		KUNIT_EXPECT_EQ(test, memory[2], STALE);
	}
}

static void test_atomic_double(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(doubles); i++) {
		const struct atomic_case *c = &doubles[i];
		u64 memory = c->old;

		KUNIT_EXPECT_EQ_MSG(test,
				    vsvm_hw_mem_atomic(&memory, c->op, 8, c->operand, c->compare),
				    c->old, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, memory, c->left, "case %u", i);
	}
}

struct fixture {
	struct vsvm_hw_test *dev;
	struct vsvm_hw_wave wave;
	u32 regs[10][LANES];
};

/* Registers: address, operand, comparand, result, each a pair. */
enum { ADDR = 0, B = 2, C = 4, DST = 6 };

static int setup(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->dev = vsvm_hw_test_device(test, 64);
	f->wave.regs = f->regs[0];
	f->wave.number = 3;
	f->wave.slot = 2;
	f->wave.on = BIT(0);
	memset32(f->regs[DST], STALE, 2 * LANES);
	test->priv = f;
	return 0;
}

static void set(struct fixture *f, unsigned int reg, unsigned int lane, u64 value)
{
	f->regs[reg][lane] = value;
	f->regs[reg + 1][lane] = value >> 32;
}

static u64 get(struct fixture *f, unsigned int reg, unsigned int lane)
{
	return f->regs[reg][lane] | (u64)f->regs[reg + 1][lane] << 32;
}

static enum vsvm_hw_result run(struct fixture *f, u8 op, u8 type, u64 imm)
{
	const struct vsvm_hw_insn insn = {
		.op = op, .type = type, .imm = imm, .dst = DST, .a = ADDR, .b = B, .c = C,
	};

	return vsvm_hw_mem_insn(&f->dev->queue, &f->wave, &insn);
}

static const u64 value = 0x8182838485868788;

/* Of a narrow value, what its type can hold; the rest of a result's register is zero. */
static u64 narrow(unsigned int size)
{
	return size == 8 ? value : value & (BIT_ULL(8 * size) - 1);
}

/* Every size at every offset around the end of a page, on one page and on two. */
static void test_every_offset(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 *low = vsvm_hw_test_map(test, f->dev, 2 * PAGE, VSVM_PTE_WRITE);
	u8 *high = vsvm_hw_test_map(test, f->dev, 3 * PAGE, VSVM_PTE_WRITE);
	unsigned int type, at, i;

	for (type = VSVM_TYPE_U8; type <= VSVM_TYPE_U64; type++) {
		unsigned int size = 1 << type;

		for (at = 0; at < 24; at++) {
			u64 va = 3 * PAGE - 12 + at;
			u8 want[40], got[40];

			memset(low + PAGE - 20, 0xa5, 20);
			memset(high, 0xa5, 20);
			memset(want, 0xa5, sizeof(want));
			for (i = 0; i < size; i++)
				want[8 + at + i] = value >> (8 * i);

			set(f, ADDR, 0, va);
			set(f, B, 0, value);
			KUNIT_ASSERT_EQ(test, run(f, VSVM_OP_ST, type, 0), VSVM_HW_DONE);
			memcpy(got, low + PAGE - 20, 20);
			memcpy(got + 20, high, 20);
			KUNIT_EXPECT_MEMEQ_MSG(test, got, want, sizeof(want), "store %u at %u",
					       size, at);

			set(f, DST, 0, U64_MAX);
			KUNIT_ASSERT_EQ(test, run(f, VSVM_OP_LD, type, 0), VSVM_HW_DONE);
			KUNIT_EXPECT_EQ_MSG(test, get(f, DST, 0),
					    size == 8 ? value : narrow(size) | (u64)U32_MAX << 32,
					    "load %u at %u", size, at);
		}
	}
}

/* If one of its two pages is missing, an access does nothing to the other, and asks for both. */
static void test_split_missing(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_hw_fault fault;
	u8 *low, *high;

	low = vsvm_hw_test_map(test, f->dev, PAGE, VSVM_PTE_WRITE);
	set(f, ADDR, 0, 2 * PAGE - 4);
	set(f, B, 0, value);
	KUNIT_EXPECT_EQ(test, run(f, VSVM_OP_ST, VSVM_TYPE_U64, 0), VSVM_HW_PARKED);
	KUNIT_EXPECT_EQ(test, f->wave.pending, BIT(0));
	KUNIT_EXPECT_EQ(test, f->dev->queue.parked, BIT(2));
	KUNIT_EXPECT_EQ(test, low[PAGE - 4], 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_read(&f->dev->hw, &fault, 1), 1);
	KUNIT_EXPECT_EQ(test, fault.addr, 2 * PAGE);
	KUNIT_EXPECT_EQ(test, fault.access, VSVM_ACCESS_WRITE);
	KUNIT_EXPECT_EQ(test, fault.wave, 3);

	high = vsvm_hw_test_map(test, f->dev, 2 * PAGE, VSVM_PTE_WRITE);
	KUNIT_EXPECT_EQ(test, run(f, VSVM_OP_ST, VSVM_TYPE_U64, 0), VSVM_HW_DONE);
	KUNIT_EXPECT_EQ(test, low[PAGE - 1], 0x85);
	KUNIT_EXPECT_EQ(test, high[0], 0x84);

	/* Both. */
	set(f, ADDR, 0, 5 * PAGE - 1);
	KUNIT_EXPECT_EQ(test, run(f, VSVM_OP_LD, VSVM_TYPE_U16, 0), VSVM_HW_PARKED);
	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_read(&f->dev->hw, &fault, 1), 1);
	KUNIT_EXPECT_EQ(test, fault.addr, 5 * PAGE - 1);
	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_read(&f->dev->hw, &fault, 1), 1);
	KUNIT_EXPECT_EQ(test, fault.addr, 5 * PAGE);
}

struct address_case {
	const char *name;
	u8 op, type;
	u64 base;
	/* Signed, 32 bits. */
	u32 offset;
	/* An enum vsvm_error, or what the address comes to. */
	u32 error;
	u64 addr;
};

static const struct address_case address_cases[] = {
	{ "last byte", VSVM_OP_LD, VSVM_TYPE_U8, END - 1, 0, 0, END - 1 },
	{ "last word", VSVM_OP_LD, VSVM_TYPE_U64, END - 8, 0, 0, END - 8 },
	{ "beyond the end", VSVM_OP_LD, VSVM_TYPE_U8, END, 0, VSVM_ERROR_ADDRESS, END },
	{ "over the end", VSVM_OP_LD, VSVM_TYPE_U64, END - 7, 0, VSVM_ERROR_ADDRESS, END },
	{ "over the end by one", VSVM_OP_ST, VSVM_TYPE_U16, END - 1, 0, VSVM_ERROR_ADDRESS, END },
	{ "offset over the end", VSVM_OP_LD, VSVM_TYPE_U8, END - 1, 1, VSVM_ERROR_ADDRESS, END },
	{ "offset back from the end", VSVM_OP_LD, VSVM_TYPE_U8, END, -1, 0, END - 1 },
	{ "below 0", VSVM_OP_LD, VSVM_TYPE_U8, 0, -1, VSVM_ERROR_ADDRESS, U64_MAX },
	{ "from beyond to 0", VSVM_OP_LD, VSVM_TYPE_U8, U64_MAX, 1, 0, 0 },
	{ "over 2^64", VSVM_OP_LD, VSVM_TYPE_U64, U64_MAX, 0, VSVM_ERROR_ADDRESS, U64_MAX },
	{ "largest offset", VSVM_OP_LD, VSVM_TYPE_U8, END - S32_MAX, S32_MAX,
	  VSVM_ERROR_ADDRESS, END },
	{ "smallest offset", VSVM_OP_LD, VSVM_TYPE_U8, 0x80000000, 0x80000000, 0, 0 },
	{ "atomic, aligned", VSVM_OP_ATOM, VSVM_TYPE_U64, END - 8, 0, 0, END - 8 },
	{ "atomic, by one", VSVM_OP_ATOM, VSVM_TYPE_U32, 1, 0, VSVM_ERROR_MISALIGNED, 1 },
	{ "atomic, by half", VSVM_OP_ATOM, VSVM_TYPE_U64, 4, 0, VSVM_ERROR_MISALIGNED, 4 },
	{ "atomic, by its offset", VSVM_OP_ATOM, VSVM_TYPE_U32, 8, 2, VSVM_ERROR_MISALIGNED, 10 },
	{ "atomic over pages", VSVM_OP_ATOM, VSVM_TYPE_U64, PAGE - 4, 0, VSVM_ERROR_MISALIGNED,
	  PAGE - 4 },
	{ "atomic beyond", VSVM_OP_ATOM, VSVM_TYPE_U32, END, 0, VSVM_ERROR_ADDRESS, END },
};

KUNIT_ARRAY_PARAM_DESC(address, address_cases, name);

static void test_address(struct kunit *test)
{
	const struct address_case *c = test->param_value;
	struct fixture *f = test->priv;
	struct vsvm_hw_queue *queue = &f->dev->queue;
	u8 *page;

	vsvm_hw_test_map(test, f->dev, 0, VSVM_HW_TEST_ALL);
	vsvm_hw_test_map(test, f->dev, END - PAGE, VSVM_HW_TEST_ALL);
	set(f, ADDR, 0, c->base);
	if (c->error) {
		KUNIT_EXPECT_EQ(test, run(f, c->op, c->type, c->offset), VSVM_HW_DEAD);
		KUNIT_EXPECT_EQ(test, queue->addr, c->addr);
		KUNIT_EXPECT_EQ(test, queue->wave, 3);
	} else {
		page = vsvm_hw_test_map(test, f->dev, c->addr, VSVM_HW_TEST_ALL);
		page[c->addr & ~VSVM_HW_PAGE_MASK] = 77;
		KUNIT_EXPECT_EQ(test, run(f, c->op, c->type, c->offset), VSVM_HW_DONE);
		KUNIT_EXPECT_EQ(test, f->regs[DST][0], 77);
	}
	KUNIT_EXPECT_EQ(test, queue->error, c->error);
}

/* A misaligned lane after one that opened the page is found too, and does nothing. */
static void test_atomic_misaligned_later(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 *page = vsvm_hw_test_map(test, f->dev, 0, VSVM_HW_TEST_ALL);

	f->wave.on = 3;
	set(f, ADDR, 0, 0);
	set(f, ADDR, 1, 6);
	set(f, B, 0, 1);
	set(f, B, 1, U32_MAX);
	KUNIT_EXPECT_EQ(test, run(f, VSVM_OP_ATOM, VSVM_TYPE_U32, 0), VSVM_HW_DEAD);
	KUNIT_EXPECT_EQ(test, f->dev->queue.error, VSVM_ERROR_MISALIGNED);
	KUNIT_EXPECT_EQ(test, f->dev->queue.addr, 6);
	KUNIT_EXPECT_EQ(test, page[1], 0);
	KUNIT_EXPECT_EQ(test, page[2], 0);
}

struct pattern {
	const char *name;
	/* Address of the first lane, without the offset; how much further each next one is. */
	u64 base;
	s64 step;
	u32 offset;
	/* This lane is further by so much; of bits above the 32nd too. */
	unsigned int odd;
	u64 by;
};

/* Three pages from PAGE on are there, and three around 2^32. */
static const struct pattern patterns[] = {
	{ "bytes", PAGE, 1 },
	{ "bytes, by one", PAGE + 1, 1 },
	{ "halves", PAGE, 2 },
	{ "words", PAGE, 4 },
	{ "words, by four", PAGE + 4, 4 },
	{ "words, by two", PAGE + 2, 4 },
	{ "words, by an offset", PAGE + 64, 4, -60 },
	{ "longs", PAGE, 8 },
	{ "longs, by four", PAGE + 4, 8 },
	{ "vectors of four", PAGE, 16 },
	{ "most of a page", PAGE, 128 },
	{ "all of it", PAGE, 132 },
	{ "the last words", 2 * PAGE - 4 * LANES, 4 },
	{ "the last longs", 2 * PAGE - 8 * LANES, 8 },
	{ "over to the next page", 2 * PAGE - 4 * LANES + 4, 4 },
	{ "half on the next page", 2 * PAGE - 64, 8 },
	{ "far over", PAGE, 256 },
	{ "all the same", PAGE + 8, 0 },
	{ "all the same, by one", PAGE + 9, 0 },
	{ "backwards", 2 * PAGE - 8, -4 },
	{ "backwards, longs", 2 * PAGE - 8, -8 },
	{ "below 2^32", BIT_ULL(32) - 4 * LANES, 4 },
	{ "over 2^32", BIT_ULL(32) - 64, 4 },
	{ "from below 2^32 by an offset", BIT_ULL(32) - 64, 4, 128 },
	{ "from above 2^32 by an offset", BIT_ULL(32) + 64, 4, -256 },
	{ "over 2^32 by lanes, back by an offset", BIT_ULL(32) - 64, 4, -512 },
	{ "backwards over 2^32", BIT_ULL(32) + 64, -4, -512 },
	{ "first lane elsewhere", PAGE, 4, 0, 0, 256 },
	{ "second lane elsewhere", PAGE, 4, 0, 1, 256 },
	{ "third lane elsewhere", PAGE, 4, 0, 2, 4 },
	{ "a lane in the middle", PAGE, 8, 0, 17, 8 },
	{ "last lane elsewhere", PAGE, 4, 0, 31, 4 },
	{ "last lane on the next page", PAGE, 4, 0, 31, PAGE },
	{ "a lane at 2^32", PAGE, 4, 0, 6, BIT_ULL(32) },
	{ "an odd lane at 2^32", PAGE, 4, 0, 9, BIT_ULL(32) },
	{ "the last at 2^32", PAGE, 4, 0, 31, BIT_ULL(32) },
	{ "the first at 2^32", PAGE, 4, 0, 0, BIT_ULL(32) },
	{ "the last back by 2^32", BIT_ULL(32) - 4 * (LANES - 1), 4, PAGE + 128, LANES - 1,
	  -BIT_ULL(32) },
	{ "by a byte", PAGE, 4, 0, 12, 1 },
};

KUNIT_ARRAY_PARAM_DESC(pattern, patterns, name);

static u64 lane_addr(const struct pattern *p, unsigned int lane)
{
	return p->base + p->step * lane + (lane == p->odd ? p->by : 0);
}

/* Where a lane's address is in a copy of @pages, three and three */
static unsigned int where(const u64 *pages, const struct pattern *p, unsigned int lane)
{
	u64 va = lane_addr(p, lane) + (s32)p->offset;

	return va - pages[0] < 3 * PAGE ? va - pages[0] : 3 * PAGE + (va - pages[3]);
}

/*
 * However all lanes' addresses lie to each other, each gets what is at its own, and of those that
 * store to one byte the last one's is left: what one lane after the other does.
 */
static void test_pattern(struct kunit *test)
{
	/* The second and third of each three follow the one before. */
	static const u64 pages[] = {
		PAGE, 2 * PAGE, 3 * PAGE, BIT_ULL(32) - PAGE, BIT_ULL(32), BIT_ULL(32) + PAGE,
	};
	const struct pattern *p = test->param_value;
	u8 *memory[ARRAY_SIZE(pages)], *want;
	struct fixture *f = test->priv;
	unsigned int type, lane, i, k;

	want = kunit_kzalloc(test, ARRAY_SIZE(pages) * PAGE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, want);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		memory[i] = vsvm_hw_test_map(test, f->dev, pages[i], VSVM_PTE_WRITE);
	f->wave.on = U32_MAX;

	for (type = VSVM_TYPE_U8; type <= VSVM_TYPE_U64; type++) {
		for (i = 0; i < ARRAY_SIZE(pages); i++) {
			for (k = 0; k < PAGE; k++)
				memory[i][k] = 31 * i + 7 * k + (k >> 8);
			memcpy(want + i * PAGE, memory[i], PAGE);
		}
		for (lane = 0; lane < LANES; lane++) {
			set(f, ADDR, lane, lane_addr(p, lane));
			set(f, B, lane, value * (lane + 3));
		}
		KUNIT_ASSERT_EQ(test, run(f, VSVM_OP_LD, type, p->offset), VSVM_HW_DONE);
		KUNIT_EXPECT_EQ(test, f->wave.pending, 0);
		for (lane = 0; lane < LANES; lane++) {
			u64 loaded = 0;

			for (k = 0; k < 1 << type; k++)
				loaded |= (u64)want[where(pages, p, lane) + k] << (8 * k);
			if (type != VSVM_TYPE_U64)
				loaded |= get(f, DST, lane) & ~(u64)U32_MAX;
			KUNIT_EXPECT_EQ_MSG(test, get(f, DST, lane), loaded, "load %u, lane %u",
					    1 << type, lane);
		}
		for (lane = 0; lane < LANES; lane++) {
			for (k = 0; k < 1 << type; k++)
				want[where(pages, p, lane) + k] = value * (lane + 3) >> (8 * k);
		}
		KUNIT_ASSERT_EQ(test, run(f, VSVM_OP_ST, type, p->offset), VSVM_HW_DONE);
		for (i = 0; i < ARRAY_SIZE(pages); i++)
			KUNIT_EXPECT_MEMEQ_MSG(test, memory[i], want + i * PAGE, PAGE,
					       "store %u, page %u", 1 << type, i);
	}
}

/* A load may be to its own address, of which all is read before any is written. */
static void test_pattern_over_address(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_hw_insn insn = {
		.op = VSVM_OP_LD, .type = VSVM_TYPE_U64, .dst = ADDR, .a = ADDR,
	};
	unsigned int lane, over;
	u64 *page;

	page = vsvm_hw_test_map(test, f->dev, PAGE, VSVM_PTE_WRITE);
	f->wave.on = U32_MAX;
	for (over = 0; over < 2; over++) {
		/* The upper half of the address becomes the lower one of the value. */
		insn.dst = ADDR + over;
		for (lane = 0; lane < LANES; lane++) {
			page[lane] = value + lane;
			set(f, ADDR, lane, PAGE + 8 * lane);
		}
		KUNIT_ASSERT_EQ(test, vsvm_hw_mem_insn(&f->dev->queue, &f->wave, &insn),
				VSVM_HW_DONE);
		for (lane = 0; lane < LANES; lane++)
			KUNIT_EXPECT_EQ(test, get(f, ADDR + over, lane), value + lane);
	}
}

/* A page that is not there is asked for once, whatever the pattern. */
static void test_pattern_missing(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_hw_fault fault;
	unsigned int lane;

	f->wave.on = U32_MAX;
	for (lane = 0; lane < LANES; lane++)
		set(f, ADDR, lane, PAGE + 4 * lane);
	KUNIT_EXPECT_EQ(test, run(f, VSVM_OP_LD, VSVM_TYPE_U32, 64), VSVM_HW_PARKED);
	KUNIT_EXPECT_EQ(test, f->wave.pending, U32_MAX);
	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_read(&f->dev->hw, &fault, 1), 1);
	KUNIT_EXPECT_EQ(test, fault.addr, PAGE + 64);
	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_read(&f->dev->hw, &fault, 1), 0);
	KUNIT_EXPECT_EQ(test, f->regs[DST][0], STALE);

	vsvm_hw_test_map(test, f->dev, PAGE, 0);
	KUNIT_EXPECT_EQ(test, run(f, VSVM_OP_LD, VSVM_TYPE_U32, 64), VSVM_HW_DONE);
	KUNIT_EXPECT_EQ(test, f->regs[DST][LANES - 1], 0);
	/* To read it is no permission to write. */
	KUNIT_EXPECT_EQ(test, run(f, VSVM_OP_ST, VSVM_TYPE_U32, 64), VSVM_HW_PARKED);
}

/* Around 2^64: addresses wrap, and what is beyond the MMU's end is the first lane's error. */
static void test_pattern_wrap(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int lane;
	u32 *page;

	page = vsvm_hw_test_map(test, f->dev, 0, VSVM_PTE_WRITE);
	f->wave.on = U32_MAX;
	for (lane = 0; lane < LANES; lane++) {
		page[lane] = lane + 77;
		page[16 + LANES + lane] = 1000 + lane;
		set(f, ADDR, lane, (u64)-256 + 4 * lane);
	}
	/* From below by an offset, all beyond. */
	KUNIT_ASSERT_EQ(test, run(f, VSVM_OP_LD, VSVM_TYPE_U32, 256), VSVM_HW_DONE);
	for (lane = 0; lane < LANES; lane++)
		KUNIT_EXPECT_EQ(test, f->regs[DST][lane], lane + 77);
	/* Lanes wrap in the registers, and the offset moves the others beyond. */
	for (lane = 0; lane < LANES; lane++)
		set(f, ADDR, lane, (u64)-64 + 4 * lane);
	KUNIT_ASSERT_EQ(test, run(f, VSVM_OP_LD, VSVM_TYPE_U32, 64), VSVM_HW_DONE);
	for (lane = 0; lane < LANES; lane++)
		KUNIT_EXPECT_EQ(test, f->regs[DST][lane], lane + 77);
	/* All beyond the end. */
	for (lane = 0; lane < LANES; lane++)
		set(f, ADDR, lane, END + 4 * lane);
	KUNIT_EXPECT_EQ(test, run(f, VSVM_OP_LD, VSVM_TYPE_U32, 0), VSVM_HW_DEAD);
	KUNIT_EXPECT_EQ(test, f->dev->queue.error, VSVM_ERROR_ADDRESS);
	KUNIT_EXPECT_EQ(test, f->dev->queue.addr, END);
}

/* Lanes with one address take turns; lanes that miss are all that is left to do. */
static void test_atomic_lanes(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 *page = vsvm_hw_test_map(test, f->dev, 0, VSVM_HW_TEST_ALL);
	unsigned int lane;
	u32 *late;

	f->wave.on = U32_MAX;
	for (lane = 0; lane < LANES; lane++) {
		set(f, ADDR, lane, lane & 1 ? PAGE : 4);
		set(f, B, lane, 1);
	}
	KUNIT_EXPECT_EQ(test, run(f, VSVM_OP_ATOM, VSVM_TYPE_U32, 0), VSVM_HW_PARKED);
	KUNIT_EXPECT_EQ(test, f->wave.pending, 0xaaaaaaaa);
	KUNIT_EXPECT_EQ(test, page[1], LANES / 2);
	KUNIT_EXPECT_EQ(test, f->dev->hw.ring.put, 1);

	late = vsvm_hw_test_map(test, f->dev, PAGE, VSVM_HW_TEST_ALL);
	KUNIT_EXPECT_EQ(test, run(f, VSVM_OP_ATOM, VSVM_TYPE_U32, 0), VSVM_HW_DONE);
	KUNIT_EXPECT_EQ(test, page[1], LANES / 2);
	KUNIT_EXPECT_EQ(test, late[0], LANES / 2);
	for (lane = 0; lane < LANES; lane++) {
		KUNIT_EXPECT_EQ(test, f->regs[DST][lane], lane / 2);
		KUNIT_EXPECT_EQ(test, f->regs[DST + 1][lane], STALE);
	}
	KUNIT_EXPECT_EQ(test, f->wave.pending, 0);
}

static void test_atomic_operands(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 *page = vsvm_hw_test_map(test, f->dev, 0, VSVM_HW_TEST_ALL);
	struct vsvm_hw_insn insn = {
		.op = VSVM_OP_ATOM, .type = VSVM_TYPE_U64, .flags = VSVM_INSN_NORET,
		.a = ADDR, .b = B, .c = C,
		.imm = (u64)VSVM_ATOMIC_CMPXCHG << 32 | (u32)-8,
	};

	set(f, ADDR, 0, 8);
	set(f, B, 0, value);
	set(f, C, 0, 0x100000000);
	page[0] = 0x100000000;
	/* Register 0, which NORET names, is the address. */
	KUNIT_EXPECT_EQ(test, vsvm_hw_mem_insn(&f->dev->queue, &f->wave, &insn), VSVM_HW_DONE);
	KUNIT_EXPECT_EQ(test, page[0], value);
	KUNIT_EXPECT_EQ(test, get(f, ADDR, 0), 8);

	insn.flags = 0;
	insn.dst = DST;
	KUNIT_EXPECT_EQ(test, vsvm_hw_mem_insn(&f->dev->queue, &f->wave, &insn), VSVM_HW_DONE);
	KUNIT_EXPECT_EQ(test, page[0], value);
	KUNIT_EXPECT_EQ(test, get(f, DST, 0), value);
}

struct arg_case {
	const char *name;
	u32 args_size, offset;
	u8 type;
	bool good;
};

static const struct arg_case arg_cases[] = {
	{ "no arguments", 0, 0, VSVM_TYPE_U8, false },
	{ "only byte", 1, 0, VSVM_TYPE_U8, true },
	{ "after the only byte", 1, 1, VSVM_TYPE_U8, false },
	{ "wider than all", 7, 0, VSVM_TYPE_U64, false },
	{ "as wide as all", 8, 0, VSVM_TYPE_U64, true },
	{ "last bytes", 64, 56, VSVM_TYPE_U64, true },
	{ "one beyond", 64, 57, VSVM_TYPE_U64, false },
	{ "unaligned", 64, 53, VSVM_TYPE_U32, true },
	{ "most arguments", VSVM_MAX_ARGS, VSVM_MAX_ARGS - 2, VSVM_TYPE_U16, true },
	{ "most arguments, one beyond", VSVM_MAX_ARGS, VSVM_MAX_ARGS - 1, VSVM_TYPE_U16, false },
	{ "offset that wraps", 64, U32_MAX, VSVM_TYPE_U64, false },
	{ "offset that wraps to 0", 64, (u32)-8, VSVM_TYPE_U64, false },
};

KUNIT_ARRAY_PARAM_DESC(arg, arg_cases, name);

static void test_argument(struct kunit *test)
{
	const struct arg_case *c = test->param_value;
	struct fixture *f = test->priv;
	struct vsvm_hw_queue *queue = &f->dev->queue;
	const struct vsvm_hw_insn insn = {
		.op = VSVM_OP_LD, .type = c->type, .mod = VSVM_SPACE_ARG, .dst = DST,
		.imm = c->offset,
	};

	queue->packet.dispatch.args_size = c->args_size;
	queue->packet.dispatch.program = PAGE;
	f->wave.pc = 5;
	if (c->good)
		memcpy(queue->dispatch.args + c->offset, &value, 1 << c->type);
	KUNIT_EXPECT_EQ(test, vsvm_hw_mem_insn(queue, &f->wave, &insn),
			c->good ? VSVM_HW_DONE : VSVM_HW_DEAD);
	if (c->good) {
		KUNIT_EXPECT_EQ(test, f->regs[DST][0], (u32)narrow(1 << c->type));
		KUNIT_EXPECT_EQ(test, f->regs[DST + 1][0],
				c->type == VSVM_TYPE_U64 ? (u32)(value >> 32) : STALE);
		/* A lane that is off. */
		KUNIT_EXPECT_EQ(test, f->regs[DST][1], STALE);
	} else {
		KUNIT_EXPECT_EQ(test, queue->error, VSVM_ERROR_ARGS);
		KUNIT_EXPECT_EQ(test, queue->addr, PAGE + sizeof(struct vsvm_program) +
				5 * sizeof(struct vsvm_insn));
	}
}

/* Never waits, never fails, asks once for a page. */
static void test_prefetch(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_hw_fault fault;

	vsvm_hw_test_map(test, f->dev, 0, 0);
	f->wave.on = 0x1f;
	set(f, ADDR, 0, 8);
	set(f, ADDR, 1, PAGE);
	set(f, ADDR, 2, 2 * PAGE - 1);
	set(f, ADDR, 3, END);
	set(f, ADDR, 4, U64_MAX);
	KUNIT_EXPECT_EQ(test, run(f, VSVM_OP_PREFETCH, 0, 0), VSVM_HW_DONE);
	KUNIT_EXPECT_EQ(test, f->dev->queue.error, 0);
	KUNIT_EXPECT_EQ(test, f->dev->queue.parked, 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_read(&f->dev->hw, &fault, 1), 1);
	KUNIT_EXPECT_EQ(test, fault.addr, PAGE);
	KUNIT_EXPECT_EQ(test, fault.access, VSVM_ACCESS_PREFETCH);
	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_read(&f->dev->hw, &fault, 1), 0);
}

static struct kunit_case mem_cases[] = {
	KUNIT_CASE(test_atomic_word),
	KUNIT_CASE(test_atomic_double),
	KUNIT_CASE(test_every_offset),
	KUNIT_CASE(test_split_missing),
	KUNIT_CASE_PARAM(test_address, address_gen_params),
	KUNIT_CASE(test_atomic_misaligned_later),
	KUNIT_CASE_PARAM(test_pattern, pattern_gen_params),
	KUNIT_CASE(test_pattern_over_address),
	KUNIT_CASE(test_pattern_missing),
	KUNIT_CASE(test_pattern_wrap),
	KUNIT_CASE(test_atomic_lanes),
	KUNIT_CASE(test_atomic_operands),
	KUNIT_CASE_PARAM(test_argument, arg_gen_params),
	KUNIT_CASE(test_prefetch),
	{}
};

static struct kunit_suite mem_suite = {
	.name = "vsvm-hw-mem",
	.init = setup,
	.test_cases = mem_cases,
};

kunit_test_suite(mem_suite);
