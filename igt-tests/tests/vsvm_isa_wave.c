// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm isa wave
 * Description: Grids, and what a wave knows of itself
 */
#include "vsvm_asm.h"
#include "vsvm_lib.h"

IGT_TEST_DESCRIPTION("Grids, and what a wave knows of itself");

#define LANES	VSVM_WAVE_LANES

/* Bytes of shared memory */
#define SHARED	52
#define EXTRA	300

struct ids {
	/* that of the clock is not used */
	uint32_t sregs[VSVM_SREG_SHARED_SIZE + 1];
	uint32_t pad;
	uint64_t clock;
	uint32_t visits, pad2;
};

static struct vsvm_program *ids_program(void)
{
	enum { OUT = 0, FLAT = 2, SIZE = 3, AT = 4, VALUE = 6, ONE = 8, T = 9 };
	struct vsvm_asm as = { .shared_size = SHARED };

	/* flat = (z * size_y + y) * size_x + x, of the whole grid */
	asm_sreg(&as, FLAT, VSVM_SREG_GLOBAL_Z);
	for (int d = 1; d >= 0; d--) {
		asm_sreg(&as, SIZE, VSVM_SREG_GRID_X + d);
		asm_sreg(&as, T, VSVM_SREG_LOCAL_SIZE_X + d);
		asm_op2(&as, VSVM_OP_MUL, VSVM_TYPE_U32, SIZE, SIZE, T);
		asm_sreg(&as, T, VSVM_SREG_GLOBAL_X + d);
		asm_op3(&as, VSVM_OP_MAD, VSVM_TYPE_U32, FLAT, FLAT, SIZE, T);
	}
	asm_arg(&as, VSVM_TYPE_U64, OUT, 0);
	asm_index(&as, AT, OUT, FLAT, sizeof(struct ids));
	for (int i = 0; i <= VSVM_SREG_SHARED_SIZE; i++) {
		if (i == VSVM_SREG_CLOCK)
			continue;
		asm_sreg(&as, VALUE, i);
		asm_store(&as, VSVM_TYPE_U32, AT, 4 * i, VALUE);
	}
	asm_sreg(&as, VALUE, VSVM_SREG_CLOCK);
	asm_store(&as, VSVM_TYPE_U64, AT, offsetof(struct ids, clock), VALUE);
	asm_mov_imm(&as, VSVM_TYPE_U32, ONE, 1);
	asm_atomic_noret(&as, VSVM_ATOMIC_ADD, VSVM_TYPE_U32, AT, offsetof(struct ids, visits),
			 ONE, 0);
	return asm_finish(&as);
}

static void check_ids(const struct ids *ids, uint32_t flat, const uint32_t grid[3],
		      const uint32_t local[3], uint32_t engine)
{
	uint32_t want[VSVM_SREG_SHARED_SIZE + 1] = {}, rest = flat, item = 0;

	for (int d = 0; d < 3; d++) {
		uint32_t global = rest % (grid[d] * local[d]);

		rest /= grid[d] * local[d];
		want[VSVM_SREG_GLOBAL_X + d] = global;
		want[VSVM_SREG_GROUP_X + d] = global / local[d];
		want[VSVM_SREG_LOCAL_X + d] = global % local[d];
		want[VSVM_SREG_LOCAL_SIZE_X + d] = local[d];
		want[VSVM_SREG_GRID_X + d] = grid[d];
	}
	for (int d = 2; d >= 0; d--)
		item = item * local[d] + want[VSVM_SREG_LOCAL_X + d];
	want[VSVM_SREG_LANE] = item % LANES;
	want[VSVM_SREG_WAVE] = item / LANES;
	want[VSVM_SREG_ENGINE] = engine;
	want[VSVM_SREG_LOCAL_INDEX] = item;
	want[VSVM_SREG_WAVES] = (local[0] * local[1] * local[2] + LANES - 1) / LANES;
	for (int d = 0; d < 3; d++)
		want[VSVM_SREG_GLOBAL_SIZE_X + d] = grid[d] * local[d];
	/* the program's and the dispatch's */
	want[VSVM_SREG_SHARED_SIZE] = SHARED + EXTRA;
	for (int i = 0; i <= VSVM_SREG_SHARED_SIZE; i++)
		igt_assert_f(ids->sregs[i] == want[i], "item %u: register %d is %u, not %u\n",
			     flat, i, ids->sregs[i], want[i]);
	igt_assert_eq_u32(ids->visits, 1);
}

static void test_ids(int fd)
{
	static const struct {
		uint32_t grid[3], local[3];
	} shapes[] = {
		{ { 1, 1, 1 }, { 1, 1, 1 } },
		{ { 1, 1, 1 }, { 32, 1, 1 } },
		{ { 3, 2, 2 }, { 5, 3, 2 } },
		{ { 2, 3, 1 }, { 33, 1, 1 } },
		{ { 1, 1, 5 }, { 8, 8, 2 } },
		{ { 4, 1, 3 }, { 1, 31, 1 } },
		{ { 1, 5, 1 }, { 1, 1, 65 } },
		{ { 2, 1, 1 }, { 16, 8, 8 } },
		{ { 17, 3, 1 }, { 3, 1, 1 } },
	};
	const uint32_t engines = vsvm_num_engines(fd);
	struct vsvm_program *program = ids_program();
	uint64_t *args = malloc(sizeof(*args)), before;
	struct vsvm_stream s = {};
	struct vsvm_ctx ctx;
	struct ids *ids;
	size_t at;

	vsvm_ctx_init(&ctx, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		const uint32_t *g = shapes[i].grid, *l = shapes[i].local;
		uint32_t items = g[0] * g[1] * g[2] * l[0] * l[1] * l[2];
		/* and what a lane without work item would write to */
		size_t size = ALIGN((items + LANES) * sizeof(*ids), VSVM_PAGE_SIZE);

		ids = vsvm_map(size);
		*args = vsvm_ptr(ids);
		vsvm_queue_destroy(fd, ctx.queue);
		ctx.queue = vsvm_queue_create_on(fd, ctx.vm, i % engines, 0);
		vsvm_stream_reset(&s);
		at = vsvm_emit_dispatch3(&s, vsvm_ptr(program), vsvm_ptr(args), sizeof(*args), g,
					 l);
		((struct vsvm_cmd_dispatch *)(s.base + at))->shared_size = EXTRA;
		before = vsvm_now();
		vsvm_run(&ctx, &s);
		for (uint32_t j = 0; j < items; j++) {
			check_ids(&ids[j], j, g, l, i % engines);
			igt_assert_lte_u64(before, ids[j].clock);
			igt_assert_lte_u64(ids[j].clock, vsvm_now());
		}
		for (uint32_t j = items; j < items + LANES; j++)
			igt_assert_eq_u32(ids[j].visits, 0);
		vsvm_unmap(ids, size);
	}
	vsvm_stream_fini(&s);
	free(args);
	free(program);
	vsvm_ctx_fini(&ctx);
}

static void test_large_grid(int fd)
{
	static const uint32_t grids[][3] = { { 1500, 1, 1 }, { 1, 40, 25 }, { 2, 2, 200 } };
	static const uint32_t local[3] = { 9, 7, 1 };
	enum { WORD = 0, ONE = 2 };
	uint64_t *args = malloc(sizeof(*args)), want = 0;
	struct drm_vsvm_engine_info before, after;
	struct vsvm_program *program;
	struct vsvm_stream s = {};
	struct vsvm_asm as = {};
	struct vsvm_ctx ctx;
	uint32_t *word = calloc(1, sizeof(*word));

	asm_arg(&as, VSVM_TYPE_U64, WORD, 0);
	asm_mov_imm(&as, VSVM_TYPE_U32, ONE, 1);
	asm_atomic_noret(&as, VSVM_ATOMIC_ADD, VSVM_TYPE_U32, WORD, 0, ONE, 0);
	program = asm_finish(&as);
	*args = vsvm_ptr(word);
	vsvm_ctx_init(&ctx, fd);
	vsvm_queue_destroy(fd, ctx.queue);
	ctx.queue = vsvm_queue_create_on(fd, ctx.vm, 0, 0);
	vsvm_engine_info(fd, 0, &before);
	for (unsigned int i = 0; i < ARRAY_SIZE(grids); i++) {
		vsvm_emit_dispatch3(&s, vsvm_ptr(program), vsvm_ptr(args), sizeof(*args), grids[i],
				    local);
		want += grids[i][0] * grids[i][1] * grids[i][2];
	}
	vsvm_run(&ctx, &s);
	igt_assert_eq_u32(*word, want * 9 * 7);
	vsvm_engine_info(fd, 0, &after);
	igt_assert_lte_u64(before.waves + 2 * want, after.waves);
	igt_assert_lte_u64(before.insns + 2 * 3 * want, after.insns);
	vsvm_stream_fini(&s);
	free(program);
	free(word);
	free(args);
	vsvm_ctx_fini(&ctx);
}

/* Registers of a wave are its own, and zero at first, whatever was there before. */
static void test_zero_registers(int fd)
{
	enum { OUT = 0, ITEM = 2, AT = 3, SUM = 5, FIRST = 6 };
	uint32_t *out = vsvm_map(VSVM_PAGE_SIZE);
	uint64_t *args = malloc(sizeof(*args));
	struct vsvm_program *dirty, *check;
	struct vsvm_stream s = {};
	struct vsvm_asm as = {};
	struct vsvm_ctx ctx;

	for (int i = 0; i < VSVM_MAX_REGS; i++)
		asm_mov_imm(&as, VSVM_TYPE_U32, i, 0xdeadbeef + i);
	dirty = asm_finish(&as);
	for (int i = FIRST; i < VSVM_MAX_REGS; i++)
		asm_op2(&as, VSVM_OP_OR, VSVM_TYPE_U32, SUM, SUM, i);
	asm_arg(&as, VSVM_TYPE_U64, OUT, 0);
	asm_sreg(&as, ITEM, VSVM_SREG_GLOBAL_X);
	asm_index(&as, AT, OUT, ITEM, 4);
	asm_store(&as, VSVM_TYPE_U32, AT, 0, SUM);
	check = asm_finish(&as);
	memset(out, 0xff, VSVM_PAGE_SIZE);
	*args = vsvm_ptr(out);
	vsvm_ctx_init(&ctx, fd);
	vsvm_emit_dispatch(&s, dirty, NULL, 0, 8, LANES);
	vsvm_emit_barrier(&s);
	vsvm_emit_dispatch(&s, check, args, sizeof(*args), 8, LANES);
	vsvm_run(&ctx, &s);
	for (unsigned int i = 0; i < 8 * LANES; i++)
		igt_assert_eq_u32(out[i], 0);
	vsvm_stream_fini(&s);
	vsvm_unmap(out, VSVM_PAGE_SIZE);
	free(args);
	free(dirty);
	free(check);
	vsvm_ctx_fini(&ctx);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
	}

	igt_describe("Every work item of a grid runs once and knows where it is");
	igt_subtest("ids")
		test_ids(fd);

	igt_describe("A grid of thousands of groups runs as a whole");
	igt_subtest("large-grid")
		test_large_grid(fd);

	igt_describe("A program finds nothing in its registers that another has left");
	igt_subtest("zero-registers")
		test_zero_registers(fd);

	igt_fixture() {
		close(fd);
	}
}
