// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm garbage
 * Description: Random command streams and programs end or are killed, and hurt nobody else
 */
#include "vsvm_asm.h"
#include "vsvm_lib.h"
#include "vsvm_rows.h"
#include "vsvm_text.h"

IGT_TEST_DESCRIPTION("Random streams and programs end or are killed, and hurt nobody else");

#define PAGE		VSVM_PAGE_SIZE

/*
 * What is random knows of one piece of memory. Around it is none for as far as an address gets
 * whose low half is changed.
 */
#define ARENA_SIZE	(4 * PAGE)
#define ARENA_ALIGN	(8ull << 30)

static void *arena_map(void)
{
	uint8_t *none = mmap(NULL, 3 * ARENA_ALIGN, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	void *arena = (void *)ALIGN(vsvm_ptr(none) + ARENA_ALIGN, ARENA_ALIGN);

	igt_assert(none != MAP_FAILED);
	igt_assert_eq(mprotect(arena, ARENA_SIZE, PROT_READ | PROT_WRITE), 0);
	return arena;
}

/* A queue that is made anew whenever it was killed; time is short, for some of it does not end. */
struct runner {
	struct vsvm_ctx ctx;
	uint32_t engines;
	unsigned int runs, killed, causes;
};

static void runner_queue(struct runner *r)
{
	vsvm_queue_destroy(r->ctx.fd, r->ctx.queue);
	r->ctx.queue = vsvm_queue_create_on(r->ctx.fd, r->ctx.vm, r->runs % r->engines,
					    20 * NSEC_PER_MSEC);
}

static void runner_init(struct runner *r, int fd)
{
	memset(r, 0, sizeof(*r));
	vsvm_ctx_init(&r->ctx, fd);
	r->engines = vsvm_num_engines(fd);
	runner_queue(r);
}

static void runner_run(struct runner *r, const struct vsvm_stream *s)
{
	struct drm_vsvm_queue_query state;
	uint64_t seqno = vsvm_submit(&r->ctx, s);
	int ret = __vsvm_wait(r->ctx.fd, r->ctx.queue, r->ctx.fence, seqno, VSVM_WAIT_NS);

	igt_assert_f(!ret || ret == -EIO, "run %u neither ends nor dies: %d\n", r->runs, ret);
	r->runs++;
	if (!ret)
		return;
	vsvm_queue_query(r->ctx.fd, r->ctx.queue, &state);
	/* the driver's own fault is never the program's */
	igt_assert_f(state.error != VSVM_ERROR_NONE && state.error != VSVM_ERROR_TABLE &&
		     state.error < VSVM_ERROR_NOMEM, "run %u: %s\n", r->runs - 1,
		     vsvm_error_name(state.error));
	r->causes |= 1u << state.error % 32;
	r->killed++;
	runner_queue(r);
}

static void runner_fini(struct runner *r)
{
	/* a fair share of both, and of several causes, else this tests nothing */
	igt_info("%u of %u killed, %d causes\n", r->killed, r->runs,
		 __builtin_popcount(r->causes));
	igt_assert_lt_u32(r->runs / 10, r->killed);
	igt_assert_lt_u32(r->killed, r->runs * 9 / 10);
	igt_assert_lte_u32(3, __builtin_popcount(r->causes));
	vsvm_ctx_fini(&r->ctx);
}

/* Streams */

static uint64_t garbage_addr(struct vsvm_rng *rng, uint64_t arena)
{
	switch (vsvm_rand(rng) % 16) {
	case 0:
		return vsvm_rand(rng) << 40;
	case 1:
		/* no memory after the arena */
		return arena + ARENA_SIZE - vsvm_rand(rng) % 64;
	case 2:
		return vsvm_rand(rng) % PAGE;
	default:
		return arena + vsvm_rand(rng) % ARENA_SIZE / 8 * 8;
	}
}

static void garbage_packet(struct vsvm_rng *rng, struct vsvm_stream *s, uint64_t arena)
{
	uint64_t a = garbage_addr(rng, arena), b = garbage_addr(rng, arena);
	uint64_t size = vsvm_rand(rng) >> (vsvm_rand(rng) % 64);
	uint32_t shape[6];
	uint64_t words[8];
	size_t offset;

	switch (vsvm_rand(rng) % 9) {
	case 0:
		offset = vsvm_emit_nop(s);
		break;
	case 1:
		offset = vsvm_emit_barrier(s);
		break;
	case 2:
		offset = vsvm_emit_copy(s, a, b, size);
		break;
	case 3:
		offset = vsvm_emit_fill(s, a, size, vsvm_rand(rng) % 256, 1 << vsvm_rand(rng) % 4);
		break;
	case 4:
		offset = vsvm_emit_atomic(s, vsvm_rand(rng) % 11, vsvm_rand(rng) % 2 ? 4 : 8, a,
					  vsvm_rand(rng), 0, vsvm_rand(rng) % 2 ? b : 0);
		break;
	case 5:
		offset = vsvm_emit_timestamp(s, a);
		break;
	case 6:
		offset = vsvm_emit_fence(s, a, vsvm_rand(rng));
		break;
	case 7:
		for (int i = 0; i < 6; i++)
			shape[i] = 1 + (vsvm_rand(rng) % 8 ? vsvm_rand(rng) % 4 : size % 100);
		offset = vsvm_emit_dispatch3(s, a, b, size % 5000, shape, shape + 3);
		break;
	default:
		vsvm_rand_fill(rng, words, sizeof(words));
		offset = vsvm_emit(s, words, sizeof(words));
		break;
	}
	/* one bit wrong, now and then */
	if (vsvm_rand(rng) % 16 == 0)
		s->base[offset + vsvm_rand(rng) % (s->size - offset)] ^= 1 << vsvm_rand(rng) % 8;
}

static void garbage_streams(int fd, unsigned int seed)
{
	struct vsvm_rng rng = { seed };
	struct vsvm_program *program;
	uint8_t *arena = arena_map();
	struct vsvm_stream s = {};
	struct vsvm_asm as = {};
	struct runner runner;

	asm_loop(&as);
	asm_break(&as);
	asm_endloop(&as);
	program = asm_finish(&as);
	runner_init(&runner, fd);
	for (int i = 0; i < 1000; i++) {
		if (i % 16 == 0)
			vsvm_rand_fill(&rng, arena, ARENA_SIZE);
		for (int j = 0; j < 32; j++)
			memcpy(arena + j * 512, program, asm_program_size(program));
		vsvm_stream_reset(&s);
		for (int j = vsvm_rand(&rng) % 4; j >= 0; j--)
			garbage_packet(&rng, &s, vsvm_ptr(arena));
		runner_run(&runner, &s);
	}
	runner_fini(&runner);
	vsvm_stream_fini(&s);
	free(program);
}

/* Programs: instructions that are right by themselves, at random, and wrong now and then */

#define REGS	24

static uint8_t garbage_reg(struct vsvm_rng *rng)
{
	return vsvm_rand(rng) % (REGS - 1);
}

/* Any row of the table; what is made of it may be wrong in what the table does not say. */
static const struct vsvm_row *garbage_row(struct vsvm_rng *rng)
{
	const struct vsvm_row *row;

	/* memory and control flow have their own */
	do {
		row = &vsvm_rows[vsvm_rand(rng) % vsvm_num_rows];
	} while (row->op <= VSVM_OP_EXIT || (row->op >> 4 == 5 && row->op < VSVM_OP_MEMBAR));
	return row;
}

static uint8_t garbage_type(struct vsvm_rng *rng, uint16_t types)
{
	uint8_t type = vsvm_rand(rng) % 12;

	while (!(types >> type & 1))
		type = (type + 1) % 16;
	return type;
}

static uint8_t garbage_mod(struct vsvm_rng *rng, const struct vsvm_row *row, uint8_t *type)
{
	switch (row->mod) {
	case VSVM_MOD_COND:
		return vsvm_rand(rng) % (VSVM_COND_GE + 1);
	case VSVM_MOD_FCOND:
		return vsvm_rand(rng) % (VSVM_COND_UNORD + 1);
	case VSVM_MOD_SREG:
		*type = VSVM_TYPE_U32;
		return vsvm_rand(rng) % VSVM_SREG_CLOCK;
	case VSVM_MOD_FROM:
		return garbage_type(rng, VSVM_TYPES_IF) |
		       (*type >= VSVM_TYPE_F16 ? vsvm_rand(rng) % 4 << 4 : 0);
	case VSVM_MOD_REDUCE:
		return vsvm_rand(rng) % (*type >= VSVM_TYPE_F16 ? 4 : 7);
	default:
		return 0;
	}
}

static void garbage_alu(struct vsvm_rng *rng, struct vsvm_asm *as)
{
	const struct vsvm_row *row = garbage_row(rng);
	struct vsvm_insn insn = { .op = row->op };
	uint8_t *const regs[3] = { &insn.a, &insn.b, &insn.c };
	int last = -1;

	if (row->types)
		insn.type = garbage_type(rng, row->types);
	insn.mod = garbage_mod(rng, row, &insn.type);
	if (row->dst != VSVM_OPERAND_N)
		insn.dst = 4 + vsvm_rand(rng) % (REGS - 5);
	for (int i = 0; i < 3; i++) {
		if (row->src[i] == VSVM_OPERAND_N)
			continue;
		*regs[i] = garbage_reg(rng);
		last = i;
	}
	if (row->imm == VSVM_IMM_CLUSTER)
		insn.imm = 1 << vsvm_rand(rng) % 6;
	if (row->flags & VSVM_INSN_IMM && vsvm_rand(rng) % 4 == 0) {
		insn.flags = VSVM_INSN_IMM;
		insn.imm = vsvm_rand(rng) >> vsvm_rand(rng) % 64;
		*regs[last] = 0;
	}
	asm_emit(as, insn);
}

/* Shared and scratch memory: of a few bytes, by any address now and then */
static void garbage_local(struct vsvm_rng *rng, struct vsvm_asm *as)
{
	const uint8_t space = vsvm_rand(rng) % 2 ? VSVM_SPACE_SHARED : VSVM_SPACE_SCRATCH;
	const uint8_t type = vsvm_rand(rng) % 8;
	const int32_t offset = vsvm_rand(rng) % 32 ? vsvm_rand(rng) % 24 : vsvm_rand(rng);
	/* r3 is 0 */
	const uint8_t addr = vsvm_rand(rng) % 32 ? 3 : garbage_reg(rng);

	switch (vsvm_rand(rng) % 5) {
	case 0:
		asm_store_to(as, space, type, addr, offset, garbage_reg(rng));
		break;
	case 1:
		asm_atomic_in(as, VSVM_SPACE_SHARED, VSVM_ATOMIC_FADD + vsvm_rand(rng) % 3,
			      vsvm_rand(rng) % 2 ? VSVM_TYPE_F32 : VSVM_TYPE_F64,
			      4 + vsvm_rand(rng) % 16, addr, offset & ~7, garbage_reg(rng), 0,
			      asm_order(vsvm_rand(rng) % 5, vsvm_rand(rng) % 4));
		break;
	case 2:
		/* r0 is the middle of the arena */
		asm_load_from(as, VSVM_SPACE_GENERIC, type, 4 + vsvm_rand(rng) % 16, 0,
			      vsvm_rand(rng) % PAGE);
		break;
	default:
		asm_load_from(as, space, type, 4 + vsvm_rand(rng) % 16, addr, offset);
		break;
	}
}

static void garbage_memory(struct vsvm_rng *rng, struct vsvm_asm *as)
{
	/* r0 is the middle of the arena */
	uint8_t addr = vsvm_rand(rng) % 24 ? 0 : garbage_reg(rng);
	int32_t offset = vsvm_rand(rng) % 24 ? vsvm_rand(rng) % PAGE & ~7 : vsvm_rand(rng);
	uint8_t type = vsvm_rand(rng) % 8, wide = vsvm_rand(rng) % 2;
	uint8_t op = vsvm_rand(rng) % 10;

	switch (vsvm_rand(rng) % 6) {
	case 0:
		asm_store(as, type, addr, offset, garbage_reg(rng));
		break;
	case 1:
		asm_atomic(as, op, wide ? VSVM_TYPE_U64 : VSVM_TYPE_U32, 4 + vsvm_rand(rng) % 16,
			   addr, offset, garbage_reg(rng),
			   op == VSVM_ATOMIC_CMPXCHG ? garbage_reg(rng) : 0);
		break;
	case 2:
		asm_prefetch(as, addr, offset);
		break;
	case 3:
		asm_arg(as, type, 4 + vsvm_rand(rng) % 16, offset % 40);
		break;
	default:
		asm_load(as, type, 4 + vsvm_rand(rng) % 16, addr, offset);
		break;
	}
}

static void garbage_block(struct vsvm_rng *rng, struct vsvm_asm *as, unsigned int depth,
			  unsigned int loops)
{
	for (unsigned int n = vsvm_rand(rng) % 8; n; n--) {
		switch (vsvm_rand(rng) % 12) {
		case 0:
		case 1:
			garbage_memory(rng, as);
			break;
		case 2:
			if (depth == 6)
				break;
			asm_if(as, garbage_reg(rng));
			garbage_block(rng, as, depth + 1, loops);
			if (vsvm_rand(rng) % 2) {
				asm_else(as);
				garbage_block(rng, as, depth + 1, loops);
			}
			asm_endif(as);
			break;
		case 3:
			if (depth == 6 || loops == 3)
				break;
			/* no count: it ends when the registers say so, or in time */
			asm_loop(as);
			garbage_block(rng, as, depth + 1, loops + 1);
			if (vsvm_rand(rng) % 8)
				asm_break_if(as, 2);
			asm_break_if_not(as, garbage_reg(rng));
			asm_endloop(as);
			break;
		case 4:
			if (loops)
				asm_control(as,
					    vsvm_rand(rng) % 2 ? VSVM_OP_BREAK : VSVM_OP_CONTINUE,
					    VSVM_INSN_PRED, garbage_reg(rng));
			break;
		case 5:
			garbage_local(rng, as);
			break;
		case 6:
			if (depth)
				asm_exit_if(as, garbage_reg(rng));
			break;
		default:
			garbage_alu(rng, as);
			break;
		}
	}
}

/* Whatever an instruction is, its text means it. */
static void expect_text(const struct vsvm_program *program)
{
	const struct vsvm_insn *insns = (const struct vsvm_insn *)(program + 1);
	char text[VSVM_TEXT_SIZE];

	for (uint32_t i = 0; i < program->num_insns; i++)
		igt_assert_f(!vsvm_text_insn(&insns[i], text), "opcode %#x has no text\n",
			     insns[i].op);
}

static void garbage_programs(int fd, unsigned int seed)
{
	struct vsvm_rng rng = { seed };
	uint8_t *arena = arena_map();
	struct vsvm_program *program;
	struct vsvm_stream s = {};
	struct runner runner;
	uint64_t *args;

	args = (uint64_t *)arena;
	runner_init(&runner, fd);
	for (int i = 0; i < 800; i++) {
		struct vsvm_asm as = {};

		vsvm_rand_fill(&rng, arena, ARENA_SIZE);
		args[0] = vsvm_ptr(arena) + PAGE;
		asm_arg(&as, VSVM_TYPE_U64, 0, 0);
		asm_mov_imm(&as, VSVM_TYPE_U32, 2, 1);
		as.shared_size = 32;
		as.scratch_size = 32;
		for (int j = 0; j < 4; j++)
			garbage_block(&rng, &as, 0, 0);
		program = asm_finish(&as);
		program->num_regs = REGS;
		expect_text(program);
		/* one bit wrong, now and then */
		if (i % 8 == 0)
			((uint8_t *)program)[vsvm_rand(&rng) % asm_program_size(program)] ^=
				1 << vsvm_rand(&rng) % 8;
		vsvm_stream_reset(&s);
		vsvm_emit_dispatch(&s, program, args, 40, 3, 40);
		runner_run(&runner, &s);
		free(program);
	}
	runner_fini(&runner);
	vsvm_stream_fini(&s);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
	}

	igt_describe("Random streams end or are killed, and hurt no other queue");
	igt_subtest("streams") {
		igt_fork(child, 2)
			garbage_streams(drm_reopen_driver(fd), child);
		igt_waitchildren();
		vsvm_engines_work(fd);
	}

	igt_describe("Random programs end or are killed, and hurt no other queue");
	igt_subtest("programs") {
		igt_fork(child, 2)
			garbage_programs(drm_reopen_driver(fd), child);
		igt_waitchildren();
		vsvm_engines_work(fd);
	}

	igt_fixture() {
		close(fd);
	}
}
