// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm engine error
 * Description: What kills a queue, and the report of it
 */
#include <stddef.h>

#include "vsvm_asm.h"
#include "vsvm_lib.h"

IGT_TEST_DESCRIPTION("What kills a queue, and the report of it");

#define PAGE	VSVM_PAGE_SIZE

/* Bad packets: what a good stream becomes when one field is changed */

struct spoilt {
	const char *name;
	/* packet and its field */
	uint16_t op, offset, width;
	uint64_t value;
};

static const struct spoilt spoilt[] = {
	{ "opcode 8", VSVM_CMD_NOP, offsetof(struct vsvm_cmd, op), 2, 8 },
	{ "opcode 0xffff", VSVM_CMD_NOP, offsetof(struct vsvm_cmd, op), 2, 0xffff },
	{ "opcode with a high bit", VSVM_CMD_COPY,
	  offsetof(struct vsvm_cmd, op), 2, 0x100 | VSVM_CMD_COPY },
	{ "opcode of another size", VSVM_CMD_FENCE,
	  offsetof(struct vsvm_cmd, op), 2, VSVM_CMD_COPY },
	{ "dispatch: flags", VSVM_CMD_DISPATCH, offsetof(struct vsvm_cmd, flags), 4, 1 },
	{ "copy: flags", VSVM_CMD_COPY, offsetof(struct vsvm_cmd, flags), 4, 2 },
	{ "fill: flags", VSVM_CMD_FILL, offsetof(struct vsvm_cmd, flags), 4, 4 },
	{ "atomic: flags", VSVM_CMD_ATOMIC, offsetof(struct vsvm_cmd, flags), 4, 1 << 8 },
	{ "barrier: flags", VSVM_CMD_BARRIER, offsetof(struct vsvm_cmd, flags), 4, 1 << 16 },
	{ "timestamp: flags", VSVM_CMD_TIMESTAMP, offsetof(struct vsvm_cmd, flags), 4, 1 << 24 },
	{ "fence: flags", VSVM_CMD_FENCE, offsetof(struct vsvm_cmd, flags), 4, 1u << 31 },
	{ "nop: flags", VSVM_CMD_NOP, offsetof(struct vsvm_cmd, flags), 4, 1 },
	{ "program misaligned", VSVM_CMD_DISPATCH,
	  offsetof(struct vsvm_cmd_dispatch, program), 8, 0x1004 },
	{ "too many arguments", VSVM_CMD_DISPATCH,
	  offsetof(struct vsvm_cmd_dispatch, args_size), 4, VSVM_MAX_ARGS + 1 },
	{ "no groups in x", VSVM_CMD_DISPATCH, offsetof(struct vsvm_cmd_dispatch, grid[0]), 4, 0 },
	{ "no groups in y", VSVM_CMD_DISPATCH, offsetof(struct vsvm_cmd_dispatch, grid[1]), 4, 0 },
	{ "no groups in z", VSVM_CMD_DISPATCH, offsetof(struct vsvm_cmd_dispatch, grid[2]), 4, 0 },
	{ "no items in x", VSVM_CMD_DISPATCH, offsetof(struct vsvm_cmd_dispatch, local[0]), 4, 0 },
	{ "no items in y", VSVM_CMD_DISPATCH, offsetof(struct vsvm_cmd_dispatch, local[1]), 4, 0 },
	{ "no items in z", VSVM_CMD_DISPATCH, offsetof(struct vsvm_cmd_dispatch, local[2]), 4, 0 },
	/* the good packet has 4 groups and 32 items in x, 2 of each in y, 1 in z */
	{ "too many groups", VSVM_CMD_DISPATCH,
	  offsetof(struct vsvm_cmd_dispatch, grid[1]), 8, 1ull << 24 | 1ull << 56 },
	{ "groups overflow 64 bits", VSVM_CMD_DISPATCH,
	  offsetof(struct vsvm_cmd_dispatch, grid[1]), 8, 0x8000000080000000 },
	{ "too many items", VSVM_CMD_DISPATCH,
	  offsetof(struct vsvm_cmd_dispatch, local[2]), 4, 17 },
	{ "items overflow 32 bits", VSVM_CMD_DISPATCH,
	  offsetof(struct vsvm_cmd_dispatch, local[2]), 4, 1u << 26 },
	{ "items overflow 64 bits", VSVM_CMD_DISPATCH,
	  offsetof(struct vsvm_cmd_dispatch, local[1]), 8, 0x8000000080000000 },
	{ "dispatch: shared memory", VSVM_CMD_DISPATCH,
	  offsetof(struct vsvm_cmd_dispatch, shared_size), 4, VSVM_MAX_SHARED + 1 },
	{ "pattern of no bytes", VSVM_CMD_FILL,
	  offsetof(struct vsvm_cmd_fill, pattern_size), 4, 0 },
	{ "pattern of 3 bytes", VSVM_CMD_FILL,
	  offsetof(struct vsvm_cmd_fill, pattern_size), 4, 3 },
	{ "pattern of 16 bytes", VSVM_CMD_FILL,
	  offsetof(struct vsvm_cmd_fill, pattern_size), 4, 16 },
	/* the good packet has a pattern of 4 bytes */
	{ "pattern too long", VSVM_CMD_FILL,
	  offsetof(struct vsvm_cmd_fill, pattern), 8, 1ull << 32 },
	{ "fill: pad", VSVM_CMD_FILL, offsetof(struct vsvm_cmd_fill, pad), 4, 1 },
	{ "atomic of floats", VSVM_CMD_ATOMIC,
	  offsetof(struct vsvm_cmd_atomic, op), 4, VSVM_ATOMIC_FADD },
	{ "unknown atomic", VSVM_CMD_ATOMIC, offsetof(struct vsvm_cmd_atomic, op), 4, 13 },
	{ "unknown atomic, high bit", VSVM_CMD_ATOMIC,
	  offsetof(struct vsvm_cmd_atomic, op), 4, 1u << 31 },
	{ "atomic of no bytes", VSVM_CMD_ATOMIC, offsetof(struct vsvm_cmd_atomic, width), 4, 0 },
	{ "atomic of 2 bytes", VSVM_CMD_ATOMIC, offsetof(struct vsvm_cmd_atomic, width), 4, 2 },
	{ "atomic of 16 bytes", VSVM_CMD_ATOMIC, offsetof(struct vsvm_cmd_atomic, width), 4, 16 },
};

/* A good packet of each kind, on one page of memory */
static size_t emit_good(struct vsvm_stream *s, uint16_t op, uint8_t *page,
			const struct vsvm_program *program)
{
	static const uint32_t grid[3] = { 4, 2, 1 }, local[3] = { 32, 2, 1 };
	uint64_t p = vsvm_ptr(page);

	switch (op) {
	case VSVM_CMD_DISPATCH:
		return vsvm_emit_dispatch3(s, vsvm_ptr(program), p, 16, grid, local);
	case VSVM_CMD_COPY:
		return vsvm_emit_copy(s, p + 256, p, 256);
	case VSVM_CMD_FILL:
		return vsvm_emit_fill(s, p, 256, 0x12345678, 4);
	case VSVM_CMD_ATOMIC:
		return vsvm_emit_atomic(s, VSVM_ATOMIC_ADD, 8, p, 1, 0, 0);
	case VSVM_CMD_BARRIER:
		return vsvm_emit_barrier(s);
	case VSVM_CMD_TIMESTAMP:
		return vsvm_emit_timestamp(s, p);
	case VSVM_CMD_FENCE:
		return vsvm_emit_fence(s, p, 1);
	}
	return vsvm_emit_nop(s);
}

struct bad {
	struct vsvm_ctx ctx;
	struct vsvm_program *program;
	uint8_t *page;
	struct vsvm_stream s;
};

static void bad_init(struct bad *b, int fd)
{
	struct vsvm_asm as = {};

	memset(b, 0, sizeof(*b));
	vsvm_ctx_init(&b->ctx, fd);
	asm_exit(&as);
	b->program = asm_finish(&as);
	b->page = vsvm_map(PAGE);
}

static void bad_fini(struct bad *b)
{
	vsvm_ctx_fini(&b->ctx);
	vsvm_stream_fini(&b->s);
	free(b->program);
	vsvm_unmap(b->page, PAGE);
}

/* A good packet, then one that is to be spoilt */
static void *bad_begin(struct bad *b, uint16_t op, size_t *offset)
{
	vsvm_stream_reset(&b->s);
	emit_good(&b->s, VSVM_CMD_FILL, b->page, b->program);
	vsvm_emit_barrier(&b->s);
	*offset = emit_good(&b->s, op, b->page, b->program);
	emit_good(&b->s, VSVM_CMD_FILL, b->page, b->program);
	return vsvm_stream_packet(&b->s, *offset);
}

static void bad_expect(struct bad *b, uint32_t error, uint64_t addr)
{
	memset(b->page, 0, 8);
	vsvm_run_expect_error(&b->ctx, &b->s, error, VSVM_ACCESS_ANY, addr);
	/* what came before a barrier is done */
	igt_assert_eq_u32(*(uint32_t *)b->page, 0x12345678);
	vsvm_ctx_new_queue(&b->ctx);
}

static void test_bad_packets(int fd)
{
	struct bad b;
	size_t offset;
	void *packet;

	bad_init(&b, fd);
	for (uint16_t op = VSVM_CMD_NOP; op <= VSVM_CMD_FENCE; op++) {
		bad_begin(&b, op, &offset);
		vsvm_run(&b.ctx, &b.s);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(spoilt); i++) {
		igt_debug("%s\n", spoilt[i].name);
		packet = bad_begin(&b, spoilt[i].op, &offset);
		memcpy(packet + spoilt[i].offset, &spoilt[i].value, spoilt[i].width);
		bad_expect(&b, VSVM_ERROR_COMMAND, vsvm_stream_addr(&b.s, offset));
	}
	bad_fini(&b);
}

static void test_bad_size(int fd)
{
	static const int deltas[] = { -0x1000, -8, -1, 1, 4, 8, 16, 0x100 };
	struct vsvm_cmd *head;
	struct bad b;
	size_t offset, size;

	bad_init(&b, fd);
	for (uint16_t op = VSVM_CMD_NOP; op <= VSVM_CMD_FENCE; op++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(deltas); i++) {
			head = bad_begin(&b, op, &offset);
			head->size = head->size + deltas[i] > 0 ? head->size + deltas[i] : 0;
			bad_expect(&b, VSVM_ERROR_COMMAND, vsvm_stream_addr(&b.s, offset));
		}
		/* the stream ends within the packet */
		head = bad_begin(&b, op, &offset);
		size = head->size;
		for (size_t cut = 8; cut < size; cut += 8) {
			bad_begin(&b, op, &offset);
			b.s.size = offset + cut;
			bad_expect(&b, VSVM_ERROR_COMMAND, vsvm_stream_addr(&b.s, offset));
		}
	}
	bad_fini(&b);
}

static void test_misaligned(int fd)
{
	struct bad b;
	uint64_t p;

	bad_init(&b, fd);
	p = vsvm_ptr(b.page) + 512;
	for (uint64_t off = 1; off < 8; off++) {
		for (int kind = 0; kind < 4; kind++) {
			if (kind == 0 && off == 4)
				continue;
			vsvm_stream_reset(&b.s);
			emit_good(&b.s, VSVM_CMD_FILL, b.page, b.program);
			vsvm_emit_barrier(&b.s);
			switch (kind) {
			case 0:
				vsvm_emit_atomic(&b.s, VSVM_ATOMIC_ADD, 4, p + off, 1, 0, 0);
				break;
			case 1:
				vsvm_emit_atomic(&b.s, VSVM_ATOMIC_ADD, 8, p + off, 1, 0, 0);
				break;
			case 2:
				vsvm_emit_timestamp(&b.s, p + off);
				break;
			case 3:
				vsvm_emit_fence(&b.s, p + off, ~0ull);
				break;
			}
			bad_expect(&b, VSVM_ERROR_MISALIGNED, p + off);
			igt_assert_eq_u64(*(uint64_t *)(b.page + 512), 0);
		}
	}
	bad_fini(&b);
}

static void test_bad_address(int fd)
{
	const uint64_t edge = 1ull << VSVM_VA_BITS;
	const uint64_t places[] = { edge, edge + 0x1238, 1ull << 63, -PAGE, -8ull };
	static const uint32_t one[3] = { 1, 1, 1 };
	uint32_t error;
	struct bad b;
	uint64_t p;

	bad_init(&b, fd);
	p = vsvm_ptr(b.page);
	for (unsigned int i = 0; i <= ARRAY_SIZE(places); i++) {
		/* the last one is within the address space, but no process has it */
		uint64_t bad = i < ARRAY_SIZE(places) ? places[i] : edge - 64;

		error = i < ARRAY_SIZE(places) ? VSVM_ERROR_ADDRESS : VSVM_ERROR_UNMAPPED;
		for (int kind = 0; kind < 9; kind++) {
			vsvm_stream_reset(&b.s);
			emit_good(&b.s, VSVM_CMD_FILL, b.page, b.program);
			vsvm_emit_barrier(&b.s);
			switch (kind) {
			case 0:
				vsvm_emit_copy(&b.s, p, bad, 8);
				break;
			case 1:
				vsvm_emit_copy(&b.s, bad, p, 8);
				break;
			case 2:
				vsvm_emit_fill(&b.s, bad, 8, 0, 1);
				break;
			case 3:
				vsvm_emit_atomic(&b.s, VSVM_ATOMIC_ADD, 4, bad, 0, 0, 0);
				break;
			case 4:
				vsvm_emit_atomic(&b.s, VSVM_ATOMIC_ADD, 4, p + 512, 0, 0, bad);
				break;
			case 5:
				vsvm_emit_timestamp(&b.s, bad);
				break;
			case 6:
				vsvm_emit_fence(&b.s, bad, 1);
				break;
			case 7:
				vsvm_emit_dispatch3(&b.s, bad, p, 8, one, one);
				break;
			case 8:
				vsvm_emit_dispatch3(&b.s, vsvm_ptr(b.program), bad, 8, one, one);
				break;
			}
			bad_expect(&b, error, bad);
		}
		/* the stream itself, and its fence */
		igt_assert_eq(__vsvm_exec1(fd, b.ctx.queue, bad, 8, 0, 0, 0), 0);
		vsvm_expect_error(fd, b.ctx.queue, error, VSVM_ACCESS_ANY, bad);
		vsvm_ctx_new_queue(&b.ctx);
		igt_assert_eq(__vsvm_exec1(fd, b.ctx.queue, 0, 0, bad, 1, 0), 0);
		vsvm_expect_error(fd, b.ctx.queue, error, VSVM_ACCESS_ANY, bad);
		vsvm_ctx_new_queue(&b.ctx);
	}
	bad_fini(&b);
}

static void test_first_error(int fd)
{
	struct drm_vsvm_queue_query state;
	struct bad b;
	size_t offset;

	/* A killed queue drops the rest and keeps its first report. */
	bad_init(&b, fd);
	((struct vsvm_cmd *)bad_begin(&b, VSVM_CMD_NOP, &offset))->flags = 1;
	vsvm_emit_atomic(&b.s, VSVM_ATOMIC_ADD, 4, vsvm_ptr(b.page) + 1024, 1, 0, 0);
	vsvm_emit_copy(&b.s, 0, 0x100, 8);
	for (int i = 0; i < 4; i++) {
		if (__vsvm_exec1(fd, b.ctx.queue, vsvm_stream_addr(&b.s, 0), b.s.size,
				 b.ctx.fence_addr, i + 1, 0))
			break;
	}
	vsvm_expect_error(fd, b.ctx.queue, VSVM_ERROR_COMMAND, VSVM_ACCESS_ANY,
			  vsvm_stream_addr(&b.s, offset));
	usleep(50000);
	vsvm_expect_error(fd, b.ctx.queue, VSVM_ERROR_COMMAND, VSVM_ACCESS_ANY,
			  vsvm_stream_addr(&b.s, offset));
	vsvm_queue_query(fd, b.ctx.queue, &state);
	igt_assert_eq_u64(state.completed, 0);
	igt_assert_eq_u32(*(uint32_t *)(b.page + 1024), 0);
	igt_assert_eq_u64(*b.ctx.fence, 0);
	bad_fini(&b);
}

int igt_main()
{
	static const struct {
		const char *name, *description;
		void (*run)(int fd);
	} tests[] = {
		{ "bad-packets", "A packet with one bad field is found, and told where",
		  test_bad_packets },
		{ "bad-size", "A packet of a wrong size, or cut off, is found, and told where",
		  test_bad_size },
		{ "misaligned", "Atomics, fences and timestamps off their alignment are told",
		  test_misaligned },
		{ "bad-address", "Addresses beyond the address space are told, for each packet",
		  test_bad_address },
		{ "first-error", "A killed queue does no more work and keeps its first report",
		  test_first_error },
	};
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
	}

	for (unsigned int i = 0; i < ARRAY_SIZE(tests); i++) {
		igt_describe(tests[i].description);
		igt_subtest(tests[i].name)
			tests[i].run(fd);
	}

	igt_fixture() {
		close(fd);
	}
}
