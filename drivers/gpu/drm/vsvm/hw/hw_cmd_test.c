// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of the packet reader
 *
 * What a packet may look like, and what streams, copies, fills and atomics do at the edges of
 * pages, hw/hw_cmd.c. The test itself is the engine.
 */

#include <kunit/test.h>
#include <linux/string.h>

#include "hw_test.h"

#define PAGE	VSVM_HW_PAGE_SIZE
#define END	VSVM_HW_VA_END

static void test_sizes(struct kunit *test)
{
	static const u8 sizes[] = {
		[VSVM_CMD_NOP] = 8,
		[VSVM_CMD_DISPATCH] = 56,
		[VSVM_CMD_COPY] = 32,
		[VSVM_CMD_FILL] = 40,
		[VSVM_CMD_ATOMIC] = 48,
		[VSVM_CMD_BARRIER] = 8,
		[VSVM_CMD_TIMESTAMP] = 16,
		[VSVM_CMD_FENCE] = 24,
	};
	unsigned int op;

	for (op = 0; op <= U16_MAX; op++)
		KUNIT_EXPECT_EQ_MSG(test, vsvm_hw_cmd_size(op),
				    op < ARRAY_SIZE(sizes) ? sizes[op] : 0, "packet %u", op);
}

struct check_case {
	const char *name;
	union vsvm_hw_packet packet;
	u32 error;
	/* The address that the error is about, but for VSVM_ERROR_COMMAND. */
	u64 bad;
};

#define DISPATCH(...)	{ .dispatch = { .head.op = VSVM_CMD_DISPATCH, __VA_ARGS__ } }
#define GRID(x, y, z)	.grid = { x, y, z }, .local = { 1, 1, 1 }
#define LOCAL(x, y, z)	.grid = { 1, 1, 1 }, .local = { x, y, z }
#define COPY(...)	{ .copy = { .head.op = VSVM_CMD_COPY, __VA_ARGS__ } }
#define FILL(...)	{ .fill = { .head.op = VSVM_CMD_FILL, __VA_ARGS__ } }
#define ATOMIC(...)	{ .atomic = { .head.op = VSVM_CMD_ATOMIC, __VA_ARGS__ } }
#define TIMESTAMP(a)	{ .timestamp = { .head.op = VSVM_CMD_TIMESTAMP, .addr = a } }
#define FENCE(a)	{ .fence = { .head.op = VSVM_CMD_FENCE, .addr = a } }

#define COMMAND		VSVM_ERROR_COMMAND
#define ADDRESS		VSVM_ERROR_ADDRESS
#define MISALIGNED	VSVM_ERROR_MISALIGNED

static const struct check_case check_cases[] = {
	{ "nop", { .head.op = VSVM_CMD_NOP } },
	{ "barrier", { .head.op = VSVM_CMD_BARRIER } },

	{ "dispatch", DISPATCH(GRID(1, 1, 1)) },
	{ "dispatch: program misaligned", DISPATCH(GRID(1, 1, 1), .program = 4), COMMAND },
	{ "dispatch: program by one", DISPATCH(GRID(1, 1, 1), .program = 1), COMMAND },
	{ "dispatch: most arguments", DISPATCH(GRID(1, 1, 1), .args_size = VSVM_MAX_ARGS) },
	{ "dispatch: one more", DISPATCH(GRID(1, 1, 1), .args_size = VSVM_MAX_ARGS + 1), COMMAND },
	{ "dispatch: far too many", DISPATCH(GRID(1, 1, 1), .args_size = U32_MAX), COMMAND },
	{ "dispatch: most shared memory", DISPATCH(GRID(1, 1, 1), .shared_size = VSVM_MAX_SHARED) },
	{ "dispatch: one byte more", DISPATCH(GRID(1, 1, 1), .shared_size = VSVM_MAX_SHARED + 1),
	  COMMAND },
	{ "dispatch: far too much", DISPATCH(GRID(1, 1, 1), .shared_size = 0x80000000), COMMAND },
	{ "dispatch: no grid in x", DISPATCH(GRID(0, 1, 1)), COMMAND },
	{ "dispatch: no grid in y", DISPATCH(GRID(1, 0, 1)), COMMAND },
	{ "dispatch: no grid in z", DISPATCH(GRID(1, 1, 0)), COMMAND },
	{ "dispatch: no grid at all", DISPATCH(GRID(0, 0, 0)), COMMAND },
	{ "dispatch: most groups in x", DISPATCH(GRID(U32_MAX, 1, 1)) },
	{ "dispatch: most groups in y", DISPATCH(GRID(1, U32_MAX, 1)) },
	{ "dispatch: most groups in z", DISPATCH(GRID(1, 1, U32_MAX)) },
	{ "dispatch: most groups in two", DISPATCH(GRID(0x80000000, 1 << 17, 1)) },
	{ "dispatch: most groups in three", DISPATCH(GRID(1 << 22, 1 << 16, 1 << 10)) },
	{ "dispatch: more than 2^32", DISPATCH(GRID(0x10000, 1, 0x10001)) },
	{ "dispatch: twice the most", DISPATCH(GRID(0x80000000, 1 << 17, 2)), COMMAND },
	{ "dispatch: one more in x", DISPATCH(GRID((1 << 24) + 1, 1 << 24, 1)), COMMAND },
	{ "dispatch: one more in z", DISPATCH(GRID(1 << 24, 1, (1 << 24) + 1)), COMMAND },
	{ "dispatch: 2^63 in x and y", DISPATCH(GRID(0x80000000, U32_MAX, 1)), COMMAND },
	{ "dispatch: 2^64 groups", DISPATCH(GRID(1 << 30, 1 << 30, 1 << 4)), COMMAND },
	{ "dispatch: 2^96 groups, 0 in 64 bits",
	  DISPATCH(GRID(0x80000000, 0x80000000, 0x80000000)), COMMAND },
	{ "dispatch: no local in x", DISPATCH(LOCAL(0, 1, 1)), COMMAND },
	{ "dispatch: no local in y", DISPATCH(LOCAL(1, 0, 1)), COMMAND },
	{ "dispatch: no local in z", DISPATCH(LOCAL(1, 1, 0)), COMMAND },
	{ "dispatch: largest group", DISPATCH(LOCAL(VSVM_MAX_LOCAL, 1, 1)) },
	{ "dispatch: largest group in z", DISPATCH(LOCAL(1, 1, VSVM_MAX_LOCAL)) },
	{ "dispatch: largest group in three", DISPATCH(LOCAL(8, 16, 8)) },
	{ "dispatch: one item more", DISPATCH(LOCAL(VSVM_MAX_LOCAL + 1, 1, 1)), COMMAND },
	{ "dispatch: one item more in z", DISPATCH(LOCAL(1, 1, VSVM_MAX_LOCAL + 1)), COMMAND },
	{ "dispatch: twice the largest", DISPATCH(LOCAL(16, 16, 8)), COMMAND },
	{ "dispatch: 2^32 items", DISPATCH(LOCAL(0x10000, 0x10000, 1)), COMMAND },

	{ "copy: nothing", COPY() },
	{ "copy: nothing, anywhere", COPY(.src = U64_MAX, .dst = END) },
	{ "copy: all", COPY(.size = END) },
	{ "copy: more than all", COPY(.size = END + 1), ADDRESS, END },
	{ "copy: from the end", COPY(.src = END, .size = 1), ADDRESS, END },
	{ "copy: from the last byte", COPY(.src = END - 1, .size = 1) },
	{ "copy: to the last byte", COPY(.dst = END - 1, .size = 1) },
	{ "copy: to the end", COPY(.dst = END, .size = 1), ADDRESS, END },
	{ "copy: over the end", COPY(.dst = END - 7, .size = 8), ADDRESS, END },
	{ "copy: from over the end", COPY(.src = END - 7, .size = 8), ADDRESS, END },
	{ "copy: far beyond", COPY(.src = U64_MAX, .size = 1), ADDRESS, U64_MAX },
	{ "copy: size that wraps", COPY(.src = 8, .size = U64_MAX - 7), ADDRESS, END },
	{ "copy: the source is said first", COPY(.src = END + 1, .dst = END + 2, .size = 1),
	  ADDRESS, END + 1 },

	{ "fill: 1 byte", FILL(.pattern_size = 1, .pattern = 0xff) },
	{ "fill: 1 byte and a bit", FILL(.pattern_size = 1, .pattern = 0x100), COMMAND },
	{ "fill: 2 bytes", FILL(.pattern_size = 2, .pattern = 0xffff) },
	{ "fill: 2 bytes and a bit", FILL(.pattern_size = 2, .pattern = 0x10000), COMMAND },
	{ "fill: 4 bytes", FILL(.pattern_size = 4, .pattern = 0xffffffff) },
	{ "fill: 4 bytes and a bit", FILL(.pattern_size = 4, .pattern = 0x100000000), COMMAND },
	{ "fill: 4 bytes and the top", FILL(.pattern_size = 4, .pattern = BIT_ULL(63)), COMMAND },
	{ "fill: 8 bytes", FILL(.pattern_size = 8, .pattern = U64_MAX) },
	{ "fill: no pattern", FILL(.pattern_size = 0), COMMAND },
	{ "fill: 3 bytes", FILL(.pattern_size = 3), COMMAND },
	{ "fill: 5 bytes", FILL(.pattern_size = 5), COMMAND },
	{ "fill: 16 bytes", FILL(.pattern_size = 16), COMMAND },
	{ "fill: 2^32 - 1 bytes", FILL(.pattern_size = U32_MAX), COMMAND },
	{ "fill: pad", FILL(.pattern_size = 1, .pad = 1), COMMAND },
	{ "fill: nothing, anywhere", FILL(.pattern_size = 1, .dst = U64_MAX) },
	{ "fill: to the last byte", FILL(.pattern_size = 8, .dst = END - 1, .size = 1) },
	{ "fill: at the end", FILL(.pattern_size = 8, .dst = END, .size = 1), ADDRESS, END },
	{ "fill: over the end", FILL(.pattern_size = 1, .dst = END - 1, .size = 2), ADDRESS, END },
	{ "fill: all", FILL(.pattern_size = 1, .size = END) },
	{ "fill: size that wraps", FILL(.pattern_size = 1, .dst = 1, .size = U64_MAX),
	  ADDRESS, END },

	{ "atomic: word", ATOMIC(.width = 4, .addr = END - 4) },
	{ "atomic: double", ATOMIC(.width = 8, .addr = END - 8) },
	{ "atomic: last operation", ATOMIC(.width = 8, .op = VSVM_ATOMIC_SMAX) },
	{ "atomic: floating point", ATOMIC(.width = 4, .op = VSVM_ATOMIC_FADD), COMMAND },
	{ "atomic: no such operation", ATOMIC(.width = 4, .op = U32_MAX), COMMAND },
	{ "atomic: no width", ATOMIC(.width = 0), COMMAND },
	{ "atomic: byte", ATOMIC(.width = 1), COMMAND },
	{ "atomic: half", ATOMIC(.width = 2), COMMAND },
	{ "atomic: 5 bytes", ATOMIC(.width = 5), COMMAND },
	{ "atomic: 16 bytes", ATOMIC(.width = 16), COMMAND },
	{ "atomic: word misaligned", ATOMIC(.width = 4, .addr = 2), MISALIGNED, 2 },
	{ "atomic: word at half a double", ATOMIC(.width = 4, .addr = 4) },
	{ "atomic: double misaligned", ATOMIC(.width = 8, .addr = 4), MISALIGNED, 4 },
	{ "atomic: at the end", ATOMIC(.width = 4, .addr = END), ADDRESS, END },
	{ "atomic: misaligned beyond", ATOMIC(.width = 8, .addr = U64_MAX), MISALIGNED, U64_MAX },
	{ "atomic: result, last bytes", ATOMIC(.width = 8, .result = END - 8) },
	{ "atomic: result over the end", ATOMIC(.width = 8, .result = END - 7), ADDRESS, END },
	{ "atomic: narrow result there", ATOMIC(.width = 4, .result = END - 4) },
	{ "atomic: result unaligned", ATOMIC(.width = 8, .result = 1) },
	{ "atomic: bits beyond the width",
	  ATOMIC(.width = 4, .operand = U64_MAX, .compare = U64_MAX) },

	{ "timestamp", TIMESTAMP(END - 8) },
	{ "timestamp: misaligned", TIMESTAMP(4), MISALIGNED, 4 },
	{ "timestamp: at the end", TIMESTAMP(END), ADDRESS, END },
	{ "fence", FENCE(END - 8) },
	{ "fence: address 0", FENCE(0) },
	{ "fence: misaligned", FENCE(END - 4), MISALIGNED, END - 4 },
	{ "fence: at the end", FENCE(END), ADDRESS, END },
};

/* One case each would be as many threads: the name is in the message. */
static void test_check(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(check_cases); i++) {
		const struct check_case *c = &check_cases[i];
		u64 bad = ~c->bad;

		KUNIT_EXPECT_EQ_MSG(test, vsvm_hw_cmd_check(&c->packet, &bad), c->error, "%s",
				    c->name);
		if (c->error == ADDRESS || c->error == MISALIGNED)
			KUNIT_EXPECT_EQ_MSG(test, bad, c->bad, "%s", c->name);
	}
}

/* Where streams are; what they work on is elsewhere. */
#define STREAM	(16 * PAGE)

struct fixture {
	struct vsvm_hw_test *dev;
	void *stream;
};

static int setup(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->dev = vsvm_hw_test_device(test, 256);
	f->stream = vsvm_hw_test_map(test, f->dev, STREAM, 0);
	test->priv = f;
	return 0;
}

struct head_case {
	const char *name;
	struct vsvm_cmd head;
	/* Bytes of the stream. */
	u64 size;
	bool good;
};

static const struct head_case head_cases[] = {
	{ "no packet", { .op = U16_MAX }, 0, true },
	{ "nop", { VSVM_CMD_NOP, 8, 0 }, 8, true },
	{ "barrier", { VSVM_CMD_BARRIER, 8, 0 }, 8, true },
	{ "size 0", { VSVM_CMD_NOP, 0, 0 }, 8, false },
	{ "too short", { VSVM_CMD_FENCE, 16, 0 }, 24, false },
	{ "too long", { VSVM_CMD_NOP, 16, 0 }, 16, false },
	{ "not a multiple of 8", { VSVM_CMD_NOP, 9, 0 }, 16, false },
	{ "largest size", { VSVM_CMD_NOP, U16_MAX, 0 }, 8, false },
	{ "first flag", { VSVM_CMD_NOP, 8, 1 }, 8, false },
	{ "last flag", { VSVM_CMD_NOP, 8, 0x80000000 }, 8, false },
	/* With zeroes behind it, it would be a good one. */
	{ "stream ends within", { VSVM_CMD_COPY, 32, 0 }, 24, false },
	{ "no such packet", { VSVM_CMD_FENCE + 1, 8, 0 }, 8, false },
	{ "no such packet, size 0", { VSVM_CMD_FENCE + 1, 0, 0 }, 8, false },
	{ "last opcode", { U16_MAX, 8, 0 }, 8, false },
};

KUNIT_ARRAY_PARAM_DESC(head, head_cases, name);

static void test_head(struct kunit *test)
{
	const struct head_case *c = test->param_value;
	struct fixture *f = test->priv;

	memcpy(f->stream, &c->head, sizeof(c->head));
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_run(f->dev, STREAM, c->size),
			c->good ? VSVM_HW_DONE : VSVM_HW_DEAD);
	KUNIT_EXPECT_EQ(test, f->dev->queue.completed, c->good);
	KUNIT_EXPECT_EQ(test, f->dev->queue.error, c->good ? 0 : COMMAND);
	KUNIT_EXPECT_EQ(test, f->dev->queue.addr, c->good ? 0 : STREAM);
}

struct stream_case {
	const char *name;
	struct vsvm_hw_stream stream;
	u32 error;
	u64 addr;
};

static const struct stream_case stream_cases[] = {
	{ "empty, anywhere", { .addr = U64_MAX - 7 }, 0, 0 },
	{ "address by one", { .addr = STREAM + 1, .size = 8 }, COMMAND, STREAM + 1 },
	{ "address by four", { .addr = STREAM + 4, .size = 8 }, COMMAND, STREAM + 4 },
	{ "size by one", { .addr = STREAM, .size = 9 }, COMMAND, STREAM },
	{ "size by four", { .addr = STREAM, .size = 4 }, COMMAND, STREAM },
	{ "beyond the end", { .addr = END, .size = 8 }, ADDRESS, END },
	{ "far beyond", { .addr = U64_MAX - 7, .size = 16 }, ADDRESS, U64_MAX - 7 },
	{ "over the end", { .addr = END - 8, .size = 16 }, ADDRESS, END },
	{ "fence misaligned", { .addr = STREAM, .fence_addr = 4 }, MISALIGNED, 4 },
	{ "fence at the end", { .addr = STREAM, .fence_addr = END }, ADDRESS, END },
	{ "fence at the last word", { .addr = STREAM, .fence_addr = END - 8 }, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(stream, stream_cases, name);

static void test_stream(struct kunit *test)
{
	const struct stream_case *c = test->param_value;
	const struct vsvm_cmd nop = { VSVM_CMD_NOP, 8, 0 };
	struct fixture *f = test->priv;
	struct vsvm_hw_queue *queue = &f->dev->queue;
	u8 *last = vsvm_hw_test_map(test, f->dev, END - PAGE, VSVM_PTE_WRITE);

	memcpy(last + PAGE - sizeof(nop), &nop, sizeof(nop));
	KUNIT_ASSERT_EQ(test, vsvm_hw_queue_submit(queue, &c->stream, 1), 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_cmd_run(queue), c->error ? VSVM_HW_DEAD : VSVM_HW_DONE);
	KUNIT_EXPECT_EQ(test, queue->error, c->error);
	KUNIT_EXPECT_EQ(test, queue->addr, c->addr);
	KUNIT_EXPECT_EQ(test, queue->completed, !c->error);
}

/* A packet may lie in two pages, and the second may come late. */
static void test_packet_in_two_pages(struct kunit *test)
{
	const struct vsvm_cmd_fence fence = {
		.head = { VSVM_CMD_FENCE, sizeof(fence), 0 }, .addr = 0, .value = 0x123456789a,
	};
	struct fixture *f = test->priv;
	u64 *target = vsvm_hw_test_map(test, f->dev, 0, VSVM_PTE_WRITE);
	void *second;

	memcpy(f->stream + PAGE - 16, &fence, 16);
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_run(f->dev, STREAM + PAGE - 16, sizeof(fence)),
			VSVM_HW_PARKED);
	KUNIT_EXPECT_EQ(test, f->dev->queue.parked, 1);
	second = vsvm_hw_test_map(test, f->dev, STREAM + PAGE, 0);
	memcpy(second, (void *)&fence + 16, 8);
	KUNIT_EXPECT_EQ(test, vsvm_hw_cmd_run(&f->dev->queue), VSVM_HW_DONE);
	KUNIT_EXPECT_EQ(test, target[0], 0x123456789a);
}

static void run_packet(struct kunit *test, const void *packet, size_t size)
{
	struct fixture *f = test->priv;

	memcpy(f->stream, packet, size);
	KUNIT_ASSERT_EQ(test, vsvm_hw_test_run(f->dev, STREAM, size), VSVM_HW_DONE);
}

/* Bytes of what is looked at around a page's end: half on each of its sides. */
#define VIEW	80

static void view(u8 *to, const u8 *low, const u8 *high)
{
	memcpy(to, low + PAGE - VIEW / 2, VIEW / 2);
	memcpy(to + VIEW / 2, high, VIEW / 2);
}

/* Every pattern from every alignment on, for every size, ending before and after a page's end. */
static void test_fill(struct kunit *test)
{
	const u64 pattern = 0x8877665544332211;
	struct vsvm_cmd_fill cmd = { .head = { VSVM_CMD_FILL, sizeof(cmd), 0 } };
	struct fixture *f = test->priv;
	u8 *low = vsvm_hw_test_map(test, f->dev, 0, VSVM_PTE_WRITE);
	u8 *high = vsvm_hw_test_map(test, f->dev, PAGE, VSVM_PTE_WRITE);
	unsigned int at, i;
	u8 want[VIEW], got[VIEW];

	for (cmd.pattern_size = 1; cmd.pattern_size <= 8; cmd.pattern_size *= 2) {
		cmd.pattern = pattern & (U64_MAX >> (64 - 8 * cmd.pattern_size));
		for (at = 16; at < 25; at++) {
			for (cmd.size = 0; cmd.size < 35; cmd.size++) {
				cmd.dst = PAGE - VIEW / 2 + at;
				memset(low + PAGE - VIEW / 2, 0xa5, VIEW / 2);
				memset(high, 0xa5, VIEW / 2);
				memset(want, 0xa5, sizeof(want));
				for (i = 0; i < cmd.size; i++)
					want[at + i] = cmd.pattern >> (8 * (i % cmd.pattern_size));
				run_packet(test, &cmd, sizeof(cmd));
				view(got, low, high);
				KUNIT_EXPECT_MEMEQ_MSG(test, got, want, VIEW,
						       "%u bytes, %llu at %u", cmd.pattern_size,
						       cmd.size, at);
			}
		}
	}
}

static void test_copy(struct kunit *test)
{
	struct vsvm_cmd_copy cmd = { .head = { VSVM_CMD_COPY, sizeof(cmd), 0 } };
	static const u8 sizes[] = { 0, 1, 7, 8, 9, 31, 32, 33 };
	struct fixture *f = test->priv;
	u8 *from[2], *to[2], source[VIEW], want[VIEW], got[VIEW];
	unsigned int src, dst, i;

	for (i = 0; i < 2; i++) {
		from[i] = vsvm_hw_test_map(test, f->dev, i * PAGE, 0);
		to[i] = vsvm_hw_test_map(test, f->dev, (2 + i) * PAGE, VSVM_PTE_WRITE);
	}
	for (i = 0; i < VIEW; i++)
		source[i] = i + 1;
	memcpy(from[0] + PAGE - VIEW / 2, source, VIEW / 2);
	memcpy(from[1], source + VIEW / 2, VIEW / 2);

	for (src = 7; src < 48; src += 3) {
		for (dst = 8; dst < 48; dst += 5) {
			cmd.size = sizes[(src + dst) % ARRAY_SIZE(sizes)];
			cmd.src = PAGE - VIEW / 2 + src;
			cmd.dst = 3 * PAGE - VIEW / 2 + dst;
			memset(to[0] + PAGE - VIEW / 2, 0, VIEW / 2);
			memset(to[1], 0, VIEW / 2);
			memset(want, 0, VIEW);
			memcpy(want + dst, source + src, cmd.size);
			run_packet(test, &cmd, sizeof(cmd));
			view(got, to[0], to[1]);
			KUNIT_EXPECT_MEMEQ_MSG(test, got, want, VIEW, "%llu from %u to %u",
					       cmd.size, src, dst);
		}
	}
	KUNIT_EXPECT_EQ(test, f->dev->engine.stats.packets, 14 * 8);
}

/* A copy asks for both of its sides at once, and ahead no further than it is allowed to. */
static void test_copy_ahead(struct kunit *test)
{
	struct vsvm_cmd_copy cmd = {
		.head = { VSVM_CMD_COPY, sizeof(cmd), 0 },
		.src = 32 * PAGE + 8, .dst = 512 * PAGE, .size = 70 * PAGE,
	};
	struct fixture *f = test->priv;
	struct vsvm_hw_fault *faults;
	unsigned int i, count, ahead = 0;

	faults = kunit_kcalloc(test, 256, sizeof(*faults), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, faults);
	memcpy(f->stream, &cmd, sizeof(cmd));
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_run(f->dev, STREAM, sizeof(cmd)), VSVM_HW_PARKED);
	count = vsvm_hw_fault_read(&f->dev->hw, faults, 256);
	KUNIT_EXPECT_EQ(test, count, 2 * VSVM_HW_FAULT_AHEAD);
	for (i = 0; i < count; i++)
		ahead += faults[i].ahead;
	KUNIT_EXPECT_EQ(test, ahead, count - 2);
	KUNIT_EXPECT_EQ(test, faults[0].addr, cmd.src);
	KUNIT_EXPECT_EQ(test, faults[1].addr, cmd.dst);
	KUNIT_EXPECT_EQ(test, faults[1].access, VSVM_ACCESS_WRITE);
}

/* One byte on each side of the end of the address space's last page but one. */
static void test_copy_short_ahead(struct kunit *test)
{
	struct vsvm_cmd_copy cmd = {
		.head = { VSVM_CMD_COPY, sizeof(cmd), 0 },
		.src = END - PAGE - 1, .dst = PAGE - 1, .size = 2,
	};
	struct fixture *f = test->priv;
	struct vsvm_hw_fault faults[8];

	memcpy(f->stream, &cmd, sizeof(cmd));
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_run(f->dev, STREAM, sizeof(cmd)), VSVM_HW_PARKED);
	KUNIT_EXPECT_EQ(test, vsvm_hw_fault_read(&f->dev->hw, faults, ARRAY_SIZE(faults)), 4);
	KUNIT_EXPECT_EQ(test, faults[2].addr, END - PAGE);
	KUNIT_EXPECT_EQ(test, faults[3].addr, PAGE);
}

/* The result may lie in two pages and wait for one: the operation is not done again. */
static void test_atomic_result(struct kunit *test)
{
	struct vsvm_cmd_atomic cmd = {
		.head = { VSVM_CMD_ATOMIC, sizeof(cmd), 0 },
		.addr = 8, .operand = 1, .result = 2 * PAGE - 3, .width = 8,
	};
	struct fixture *f = test->priv;
	u64 *word = vsvm_hw_test_map(test, f->dev, 0, VSVM_HW_TEST_ALL);
	u8 *low, *high, got[8];

	word[1] = 0x0102030405060708;
	memcpy(f->stream, &cmd, sizeof(cmd));
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_run(f->dev, STREAM, sizeof(cmd)), VSVM_HW_PARKED);
	KUNIT_EXPECT_EQ(test, word[1], 0x0102030405060709);
	low = vsvm_hw_test_map(test, f->dev, PAGE, VSVM_PTE_WRITE);
	KUNIT_EXPECT_EQ(test, vsvm_hw_cmd_run(&f->dev->queue), VSVM_HW_PARKED);
	high = vsvm_hw_test_map(test, f->dev, 2 * PAGE, VSVM_PTE_WRITE);
	KUNIT_EXPECT_EQ(test, vsvm_hw_cmd_run(&f->dev->queue), VSVM_HW_DONE);

	KUNIT_EXPECT_EQ(test, word[1], 0x0102030405060709);
	memcpy(got, low + PAGE - 3, 3);
	memcpy(got + 3, high, 5);
	KUNIT_EXPECT_MEMEQ(test, got, "\10\7\6\5\4\3\2\1", 8);
	KUNIT_EXPECT_EQ(test, low[PAGE - 4], 0);
	KUNIT_EXPECT_EQ(test, high[5], 0);
}

/* A word's old value is four bytes, and no more are written. */
static void test_atomic_narrow_result(struct kunit *test)
{
	struct vsvm_cmd_atomic cmd = {
		.head = { VSVM_CMD_ATOMIC, sizeof(cmd), 0 },
		.addr = 0, .operand = U64_MAX, .result = 8, .op = VSVM_ATOMIC_XCHG, .width = 4,
	};
	struct fixture *f = test->priv;
	u64 *page = vsvm_hw_test_map(test, f->dev, 0, VSVM_HW_TEST_ALL);

	page[0] = 0x1111111122222222;
	page[1] = 0x3333333344444444;
	run_packet(test, &cmd, sizeof(cmd));
	KUNIT_EXPECT_EQ(test, page[0], 0x11111111ffffffff);
	KUNIT_EXPECT_EQ(test, page[1], 0x3333333322222222);
}

/* Fences come after what they follow; a stream's own is the last. */
static void test_fences(struct kunit *test)
{
	const struct {
		struct vsvm_cmd_fence fence;
		struct vsvm_cmd_timestamp timestamp;
	} packets = {
		.fence = { { VSVM_CMD_FENCE, sizeof(packets.fence), 0 }, PAGE - 8, U64_MAX },
		.timestamp = { { VSVM_CMD_TIMESTAMP, sizeof(packets.timestamp), 0 }, 16 },
	};
	const struct vsvm_hw_stream stream = {
		.addr = STREAM, .size = sizeof(packets), .fence_addr = 8, .fence_value = U64_MAX,
	};
	struct fixture *f = test->priv;
	u64 *page = vsvm_hw_test_map(test, f->dev, 0, VSVM_PTE_WRITE);
	u64 before = ktime_get_ns();

	memcpy(f->stream, &packets, sizeof(packets));
	KUNIT_ASSERT_EQ(test, vsvm_hw_queue_submit(&f->dev->queue, &stream, 1), 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_cmd_run(&f->dev->queue), VSVM_HW_DONE);
	KUNIT_EXPECT_EQ(test, page[PAGE / 8 - 1], U64_MAX);
	KUNIT_EXPECT_GE(test, page[2], before);
	KUNIT_EXPECT_EQ(test, page[1], U64_MAX);
	KUNIT_EXPECT_EQ(test, page[0], 0);
	/* One for the fence, one for the stream. */
	KUNIT_EXPECT_EQ(test, vsvm_hw_test_irqs(f->dev),
			VSVM_HW_IRQ_FENCE << 4 | VSVM_HW_IRQ_FENCE);
}

static struct kunit_case cmd_cases[] = {
	KUNIT_CASE(test_sizes),
	KUNIT_CASE(test_check),
	KUNIT_CASE_PARAM(test_head, head_gen_params),
	KUNIT_CASE_PARAM(test_stream, stream_gen_params),
	KUNIT_CASE(test_packet_in_two_pages),
	KUNIT_CASE(test_fill),
	KUNIT_CASE(test_copy),
	KUNIT_CASE(test_copy_ahead),
	KUNIT_CASE(test_copy_short_ahead),
	KUNIT_CASE(test_atomic_result),
	KUNIT_CASE(test_atomic_narrow_result),
	KUNIT_CASE(test_fences),
	{}
};

static struct kunit_suite cmd_suite = {
	.name = "vsvm-hw-cmd",
	.init = setup,
	.test_cases = cmd_cases,
};

kunit_test_suite(cmd_suite);
