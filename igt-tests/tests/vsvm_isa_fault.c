// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm isa fault
 * Description: Programs that fail while they run, and the report of it
 */
#include "vsvm_asm.h"
#include "vsvm_lib.h"

IGT_TEST_DESCRIPTION("Programs that fail while they run, and the report of it");

#define PAGE	VSVM_PAGE_SIZE
#define LANES	VSVM_WAVE_LANES

/* The text of a program is memory like other memory. */
static void test_text_missing(int fd)
{
	struct vsvm_program *program;
	struct vsvm_stream s = {};
	struct vsvm_asm as = {};
	uint8_t *mem, *at;
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	asm_exit(&as);
	for (int i = 0; i < 300; i++)
		asm_nop(&as);
	program = asm_finish(&as);
	mem = vsvm_reserve(VSVM_2M);
	igt_assert_eq(mprotect(mem, 2 * PAGE, PROT_READ | PROT_WRITE), 0);
	/* instructions end on the next page, which is not there */
	at = mem + 2 * PAGE - sizeof(*program) - 10 * sizeof(struct vsvm_insn);
	memcpy(at, program, sizeof(*program) + 10 * sizeof(struct vsvm_insn));
	vsvm_emit_dispatch(&s, (void *)at, NULL, 0, 1, 1);
	vsvm_run_expect_error(&ctx, &s, VSVM_ERROR_PERMISSION, VSVM_ACCESS_READ,
			      vsvm_ptr(mem + 2 * PAGE));
	vsvm_ctx_new_queue(&ctx);
	/* across pages that are there */
	at = mem + 2 * PAGE - asm_program_size(program);
	memcpy(at, program, asm_program_size(program));
	vsvm_stream_reset(&s);
	vsvm_emit_dispatch(&s, (void *)at, NULL, 0, 1, 1);
	vsvm_run(&ctx, &s);
	vsvm_stream_fini(&s);
	vsvm_unmap(mem, VSVM_2M);
	free(program);
	vsvm_ctx_fini(&ctx);
}

/* While it runs */

static void test_args_end(int fd)
{
	static const struct {
		int32_t offset;
		uint8_t type;
		uint32_t size;
		bool fine;
	} loads[] = {
		{ 0, VSVM_TYPE_U8, 0, false },
		{ 0, VSVM_TYPE_U32, 4, true },
		{ 0, VSVM_TYPE_U32, 3, false },
		{ 4, VSVM_TYPE_U8, 4, false },
		{ 1, VSVM_TYPE_U64, 8, false },
		{ 1, VSVM_TYPE_U64, 9, true },
		{ -1, VSVM_TYPE_U8, 8, false },
		{ -8, VSVM_TYPE_U64, 8, false },
		{ INT32_MAX, VSVM_TYPE_U64, 8, false },
		{ INT32_MIN, VSVM_TYPE_U64, 8, false },
		{ 4095, VSVM_TYPE_U8, 4096, true },
		{ 4095, VSVM_TYPE_U16, 4096, false },
		{ 4096, VSVM_TYPE_U8, 4096, false },
	};
	uint8_t *args = vsvm_map(PAGE);
	struct vsvm_program *program;
	struct vsvm_stream s = {};
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(loads); i++) {
		struct vsvm_asm as = {};

		asm_nop(&as);
		asm_arg(&as, loads[i].type, 0, loads[i].offset);
		program = asm_finish(&as);
		vsvm_stream_reset(&s);
		vsvm_emit_dispatch(&s, program, args, loads[i].size, 1, 1);
		if (loads[i].fine) {
			vsvm_run(&ctx, &s);
		} else {
			vsvm_run_expect_error(&ctx, &s, VSVM_ERROR_ARGS, VSVM_ACCESS_ANY,
					      vsvm_ptr(&asm_insns(program)[1]));
			vsvm_ctx_new_queue(&ctx);
		}
		free(program);
	}
	/* where no lane is on, nothing is loaded */
	{
		struct vsvm_asm as = {};

		asm_if(&as, 0);
		asm_arg(&as, VSVM_TYPE_U32, 1, 8);
		asm_endif(&as);
		program = asm_finish(&as);
		vsvm_run_program(&ctx, program, NULL, 0, 1, LANES);
		free(program);
	}
	vsvm_stream_fini(&s);
	vsvm_unmap(args, PAGE);
	vsvm_ctx_fini(&ctx);
}

/* One lane of one wave of many goes astray: the report names its very byte, and its wave. */

enum { R_ITEM = 2, R_PRED = 3, R_ADDR = 4, R_VALUE = 6 };

#define ASTRAY_WAVES	5u
#define ASTRAY_ITEM	(3 * LANES + 17)

static struct vsvm_program *astray(uint32_t access, uint64_t good_addr, uint64_t bad_addr)
{
	struct vsvm_asm as = {};

	asm_sreg(&as, R_ITEM, VSVM_SREG_GLOBAL_X);
	asm_cmp_imm(&as, VSVM_COND_EQ, VSVM_TYPE_U32, R_PRED, R_ITEM, ASTRAY_ITEM);
	asm_mov_imm(&as, VSVM_TYPE_U64, R_ADDR, bad_addr);
	asm_mov_imm(&as, VSVM_TYPE_U64, R_VALUE, good_addr);
	asm_sel(&as, VSVM_TYPE_U64, R_ADDR, R_PRED, R_ADDR, R_VALUE);
	asm_mov_imm(&as, VSVM_TYPE_U64, R_VALUE, 0);
	switch (access) {
	case VSVM_ACCESS_READ:
		asm_load(&as, VSVM_TYPE_U32, R_VALUE, R_ADDR, 0);
		break;
	case VSVM_ACCESS_WRITE:
		asm_store(&as, VSVM_TYPE_U32, R_ADDR, 0, R_VALUE);
		break;
	case VSVM_ACCESS_ATOMIC:
		asm_atomic(&as, VSVM_ATOMIC_ADD, VSVM_TYPE_U32, R_VALUE, R_ADDR, 0, R_VALUE, 0);
		break;
	}
	return asm_finish(&as);
}

static void test_lane_astray(int fd)
{
	uint8_t *none = vsvm_reserve(PAGE), *readonly = vsvm_map(PAGE);
	struct {
		uint64_t addr;
		uint32_t error, first;
	} places[] = {
		{ 0, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ },
		{ 0x123c, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ },
		{ 1ull << 56, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ },
		{ 1ull << VSVM_VA_BITS, VSVM_ERROR_ADDRESS, VSVM_ACCESS_READ },
		{ ~3ull, VSVM_ERROR_ADDRESS, VSVM_ACCESS_READ },
		{ vsvm_ptr(none) + 4092, VSVM_ERROR_PERMISSION, VSVM_ACCESS_READ },
		{ vsvm_ptr(readonly) + 100, VSVM_ERROR_PERMISSION, VSVM_ACCESS_WRITE },
		{ vsvm_ptr(readonly) + 102, VSVM_ERROR_MISALIGNED, VSVM_ACCESS_ATOMIC },
	};
	uint32_t *word = calloc(1, sizeof(*word));
	struct drm_vsvm_queue_query state;
	struct vsvm_program *program;
	struct vsvm_stream s = {};
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	*readonly = 1;
	igt_assert_eq(mprotect(readonly, PAGE, PROT_READ), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
		for (uint32_t access = places[i].first; access <= VSVM_ACCESS_ATOMIC; access++) {
			program = astray(access, vsvm_ptr(word), places[i].addr);
			vsvm_stream_reset(&s);
			vsvm_emit_dispatch(&s, program, NULL, 0, ASTRAY_WAVES, LANES);
			vsvm_run_expect_error(&ctx, &s, places[i].error,
					      places[i].error < 32 ? VSVM_ACCESS_ANY : access,
					      places[i].addr);
			vsvm_queue_query(fd, ctx.queue, &state);
			igt_assert_eq_u32(state.wave, ASTRAY_ITEM / LANES);
			vsvm_ctx_new_queue(&ctx);
			free(program);
		}
	}
	vsvm_stream_fini(&s);
	vsvm_unmap(none, PAGE);
	vsvm_unmap(readonly, PAGE);
	free(word);
	vsvm_ctx_fini(&ctx);
}

/* An access across two pages of which one is not there: nothing is done, and that one is told. */
static void test_split_access(int fd)
{
	uint8_t *area = vsvm_map(3 * PAGE), *page = area + PAGE;
	struct vsvm_program *program;
	struct vsvm_stream s = {};
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	memset(area, 0x11, 3 * PAGE);
	igt_assert_eq(mprotect(area, PAGE, PROT_NONE), 0);
	igt_assert_eq(mprotect(area + 2 * PAGE, PAGE, PROT_NONE), 0);
	for (int i = 0; i < 4; i++) {
		/* from the page that is there into the next, or from the one before into it */
		uint8_t *at = i % 2 ? page + PAGE - 3 : page - 3;
		uint64_t bad = vsvm_ptr(i % 2 ? page + PAGE : at);
		struct vsvm_asm as = {};

		asm_mov_imm(&as, VSVM_TYPE_U64, R_ADDR, vsvm_ptr(at));
		asm_mov_imm(&as, VSVM_TYPE_U64, R_VALUE, 0);
		if (i / 2)
			asm_load(&as, VSVM_TYPE_U64, R_VALUE, R_ADDR, 0);
		else
			asm_store(&as, VSVM_TYPE_U64, R_ADDR, 0, R_VALUE);
		program = asm_finish(&as);
		vsvm_stream_reset(&s);
		vsvm_emit_dispatch(&s, program, NULL, 0, 1, 1);
		vsvm_run_expect_error(&ctx, &s, VSVM_ERROR_PERMISSION,
				      i / 2 ? VSVM_ACCESS_READ : VSVM_ACCESS_WRITE, bad);
		for (unsigned int j = 0; j < PAGE; j++)
			igt_assert_eq(page[j], 0x11);
		vsvm_ctx_new_queue(&ctx);
		free(program);
	}
	vsvm_stream_fini(&s);
	vsvm_unmap(area, 3 * PAGE);
	vsvm_ctx_fini(&ctx);
}

int igt_main()
{
	static const struct {
		const char *name, *description;
		void (*run)(int fd);
	} tests[] = {
		{ "text-missing", "A program whose text is not all there faults where it ends",
		  test_text_missing },
		{ "args-end", "A load beyond the arguments is told, with the instruction",
		  test_args_end },
		{ "lane-astray", "One lane's bad address is told to the byte, with its wave",
		  test_lane_astray },
		{ "split-access", "Half of an access is not done when the other half cannot be",
		  test_split_access },
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
