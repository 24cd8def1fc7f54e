// SPDX-License-Identifier: MIT
/*
 * Command streams, and a VM with a queue to run them; vsvm_lib.h says what each helper does.
 */
#include "vsvm_asm.h"
#include "vsvm_lib.h"

/* Command streams */

void vsvm_stream_init_at(struct vsvm_stream *s, void *base, uint64_t gpu, size_t capacity)
{
	*s = (struct vsvm_stream){
		.base = base,
		.gpu = gpu,
		.capacity = capacity,
		.fixed = true,
	};
}

void vsvm_stream_reset(struct vsvm_stream *s)
{
	s->size = 0;
}

void vsvm_stream_fini(struct vsvm_stream *s)
{
	if (!s->fixed)
		free(s->base);
	memset(s, 0, sizeof(*s));
}

uint64_t vsvm_stream_addr(const struct vsvm_stream *s, size_t offset)
{
	return (s->fixed ? s->gpu : vsvm_ptr(s->base)) + offset;
}

void *vsvm_stream_packet(struct vsvm_stream *s, size_t offset)
{
	return s->base + offset;
}

size_t vsvm_emit(struct vsvm_stream *s, const void *packet, size_t size)
{
	size_t offset = s->size;

	if (s->size + size > s->capacity) {
		igt_assert_f(!s->fixed, "stream too long for its memory\n");
		s->capacity = 2 * (s->size + size) + 512;
		s->base = realloc(s->base, s->capacity);
		igt_assert(s->base);
	}
	memcpy(s->base + offset, packet, size);
	s->size += size;
	return offset;
}

#define head_of(opcode, packet) { .op = opcode, .size = sizeof(packet) }

size_t vsvm_emit_nop(struct vsvm_stream *s)
{
	struct vsvm_cmd cmd = head_of(VSVM_CMD_NOP, cmd);

	return vsvm_emit(s, &cmd, sizeof(cmd));
}

size_t vsvm_emit_barrier(struct vsvm_stream *s)
{
	struct vsvm_cmd cmd = head_of(VSVM_CMD_BARRIER, cmd);

	return vsvm_emit(s, &cmd, sizeof(cmd));
}

size_t vsvm_emit_copy(struct vsvm_stream *s, uint64_t dst, uint64_t src, uint64_t size)
{
	struct vsvm_cmd_copy cmd = {
		.head = head_of(VSVM_CMD_COPY, cmd),
		.src = src,
		.dst = dst,
		.size = size,
	};

	return vsvm_emit(s, &cmd, sizeof(cmd));
}

size_t vsvm_emit_fill(struct vsvm_stream *s, uint64_t dst, uint64_t size, uint64_t pattern,
		      uint32_t pattern_size)
{
	struct vsvm_cmd_fill cmd = {
		.head = head_of(VSVM_CMD_FILL, cmd),
		.dst = dst,
		.size = size,
		.pattern = pattern,
		.pattern_size = pattern_size,
	};

	return vsvm_emit(s, &cmd, sizeof(cmd));
}

size_t vsvm_emit_atomic(struct vsvm_stream *s, uint32_t op, uint32_t width, uint64_t addr,
			uint64_t operand, uint64_t compare, uint64_t result)
{
	struct vsvm_cmd_atomic cmd = {
		.head = head_of(VSVM_CMD_ATOMIC, cmd),
		.addr = addr,
		.operand = operand,
		.compare = compare,
		.result = result,
		.op = op,
		.width = width,
	};

	return vsvm_emit(s, &cmd, sizeof(cmd));
}

size_t vsvm_emit_timestamp(struct vsvm_stream *s, uint64_t addr)
{
	struct vsvm_cmd_timestamp cmd = {
		.head = head_of(VSVM_CMD_TIMESTAMP, cmd),
		.addr = addr,
	};

	return vsvm_emit(s, &cmd, sizeof(cmd));
}

size_t vsvm_emit_fence(struct vsvm_stream *s, uint64_t addr, uint64_t value)
{
	struct vsvm_cmd_fence cmd = {
		.head = head_of(VSVM_CMD_FENCE, cmd),
		.addr = addr,
		.value = value,
	};

	return vsvm_emit(s, &cmd, sizeof(cmd));
}

size_t vsvm_emit_dispatch3(struct vsvm_stream *s, uint64_t program, uint64_t args,
			   uint32_t args_size, const uint32_t grid[3], const uint32_t local[3])
{
	struct vsvm_cmd_dispatch cmd = {
		.head = head_of(VSVM_CMD_DISPATCH, cmd),
		.program = program,
		.args = args,
		.args_size = args_size,
		.grid = { grid[0], grid[1], grid[2] },
		.local = { local[0], local[1], local[2] },
	};

	return vsvm_emit(s, &cmd, sizeof(cmd));
}

size_t vsvm_emit_dispatch(struct vsvm_stream *s, const struct vsvm_program *program,
			  const void *args, uint32_t args_size, uint32_t groups, uint32_t local)
{
	const uint32_t grid3[3] = { groups, 1, 1 }, local3[3] = { local, 1, 1 };

	return vsvm_emit_dispatch3(s, vsvm_ptr(program), vsvm_ptr(args), args_size, grid3, local3);
}

/* A VM with one queue */

static void ctx_init(struct vsvm_ctx *ctx, int fd, uint32_t vm)
{
	memset(ctx, 0, sizeof(*ctx));
	ctx->fd = fd;
	ctx->vm = vm;
	ctx->queue = vsvm_queue_create(fd, vm);
}

void vsvm_ctx_init_vm(struct vsvm_ctx *ctx, int fd, uint32_t vm)
{
	ctx_init(ctx, fd, vm);
	ctx->fence = vsvm_map(VSVM_PAGE_SIZE);
	ctx->fence_addr = vsvm_ptr(ctx->fence);
}

void vsvm_ctx_init_range(struct vsvm_ctx *ctx, int fd, void *bo_start, uint64_t bo_size)
{
	vsvm_ctx_init_vm(ctx, fd, vsvm_vm_create_range(fd, bo_start, bo_size));
}

void vsvm_ctx_init(struct vsvm_ctx *ctx, int fd)
{
	vsvm_ctx_init_range(ctx, fd, NULL, 0);
}

void vsvm_ctx_init_bo(struct vsvm_ctx *ctx, int fd, uint64_t fence_addr)
{
	ctx_init(ctx, fd, vsvm_vm_create_bo(fd));
	ctx->bo = vsvm_bo_create(fd, VSVM_PAGE_SIZE);
	ctx->fence = vsvm_bo_mmap(fd, ctx->bo, VSVM_PAGE_SIZE);
	ctx->fence_addr = fence_addr;
	vsvm_bind(fd, ctx->vm, ctx->bo, 0, fence_addr, VSVM_PAGE_SIZE, 0);
}

void vsvm_ctx_new_queue(struct vsvm_ctx *ctx)
{
	vsvm_queue_destroy(ctx->fd, ctx->queue);
	ctx->queue = vsvm_queue_create(ctx->fd, ctx->vm);
}

void vsvm_ctx_fini(struct vsvm_ctx *ctx)
{
	vsvm_queue_destroy(ctx->fd, ctx->queue);
	vsvm_vm_destroy(ctx->fd, ctx->vm);
	vsvm_unmap(ctx->fence, VSVM_PAGE_SIZE);
	if (ctx->bo)
		vsvm_bo_close(ctx->fd, ctx->bo);
	memset(ctx, 0, sizeof(*ctx));
}

uint64_t vsvm_submit(struct vsvm_ctx *ctx, const struct vsvm_stream *s)
{
	struct drm_vsvm_exec_stream stream = {
		.addr = vsvm_stream_addr(s, 0),
		.size = s->size,
		.fence_addr = ctx->fence_addr,
		.fence_value = ++ctx->seqno,
	};

	vsvm_exec(ctx->fd, ctx->queue, &stream, 1);
	return ctx->seqno;
}

void vsvm_finish(struct vsvm_ctx *ctx, uint64_t seqno)
{
	vsvm_wait(ctx->fd, ctx->queue, ctx->fence, seqno);
}

bool vsvm_finish_or_error(struct vsvm_ctx *ctx, uint64_t seqno, uint32_t error, uint32_t access)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	struct drm_vsvm_queue_query state;

	do {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
		vsvm_queue_query(ctx->fd, ctx->queue, &state);
	} while (READ_ONCE(*ctx->fence) < seqno && !state.error);
	if (!state.error)
		return true;
	igt_assert_eq_u32(state.error, error);
	igt_assert_eq_u32(state.access, access);
	vsvm_ctx_new_queue(ctx);
	return false;
}

void vsvm_run(struct vsvm_ctx *ctx, const struct vsvm_stream *s)
{
	vsvm_finish(ctx, vsvm_submit(ctx, s));
}

void vsvm_run_expect_error(struct vsvm_ctx *ctx, const struct vsvm_stream *s, uint32_t error,
			   uint32_t access, uint64_t addr)
{
	uint64_t seqno = vsvm_submit(ctx, s);

	vsvm_expect_error(ctx->fd, ctx->queue, error, access, addr);
	igt_assert_f(READ_ONCE(*ctx->fence) < seqno, "the fence of a failed stream was written\n");
}

void vsvm_run_program(struct vsvm_ctx *ctx, const struct vsvm_program *program, const void *args,
		      uint32_t args_size, uint32_t groups, uint32_t local)
{
	struct vsvm_stream s = {};

	vsvm_emit_dispatch(&s, program, args, args_size, groups, local);
	vsvm_run(ctx, &s);
	vsvm_stream_fini(&s);
}

void vsvm_run_copy(struct vsvm_ctx *ctx, void *dst, const void *src, size_t size)
{
	struct vsvm_stream s = {};

	vsvm_emit_copy(&s, vsvm_ptr(dst), vsvm_ptr(src), size);
	vsvm_run(ctx, &s);
	vsvm_stream_fini(&s);
}

void vsvm_run_fill(struct vsvm_ctx *ctx, void *dst, uint8_t byte, size_t size)
{
	struct vsvm_stream s = {};

	vsvm_emit_fill(&s, vsvm_ptr(dst), size, byte, 1);
	vsvm_run(ctx, &s);
	vsvm_stream_fini(&s);
}

uint32_t vsvm_read32(struct vsvm_ctx *ctx, const void *addr)
{
	uint32_t *value = malloc(sizeof(*value)), ret;

	*value = 0;
	vsvm_run_copy(ctx, value, addr, sizeof(*value));
	ret = *value;
	free(value);
	return ret;
}

void vsvm_write32(struct vsvm_ctx *ctx, void *addr, uint32_t value)
{
	struct vsvm_stream s = {};

	vsvm_emit_fill(&s, vsvm_ptr(addr), sizeof(value), value, sizeof(value));
	vsvm_run(ctx, &s);
	vsvm_stream_fini(&s);
}

void vsvm_touch_expect_error(struct vsvm_ctx *ctx, const void *addr, uint32_t access,
			     uint32_t error)
{
	struct vsvm_stream s = {};
	uint64_t *word = vsvm_map(VSVM_PAGE_SIZE);

	switch (access) {
	case VSVM_ACCESS_READ:
		vsvm_emit_copy(&s, vsvm_ptr(word), vsvm_ptr(addr), 1);
		break;
	case VSVM_ACCESS_WRITE:
		vsvm_emit_fill(&s, vsvm_ptr(addr), 1, 0x5a, 1);
		break;
	case VSVM_ACCESS_ATOMIC:
		vsvm_emit_atomic(&s, VSVM_ATOMIC_ADD, 4, vsvm_ptr(addr), 1, 0, 0);
		break;
	}
	igt_assert(s.size);
	vsvm_run_expect_error(ctx, &s, error, access, vsvm_ptr(addr));
	vsvm_stream_fini(&s);
	vsvm_unmap(word, VSVM_PAGE_SIZE);
}

void vsvm_engines_work(int fd)
{
	const uint32_t engines = vsvm_num_engines(fd);
	uint64_t *fence = vsvm_map(VSVM_PAGE_SIZE);
	uint32_t vm = vsvm_vm_create(fd), queue;

	for (uint32_t i = 0; i < engines; i++) {
		queue = vsvm_queue_create_on(fd, vm, i, 0);
		igt_assert_eq(__vsvm_exec1(fd, queue, 0, 0, vsvm_ptr(fence), i + 1, 0), 0);
		vsvm_wait(fd, queue, fence, i + 1);
		vsvm_queue_destroy(fd, queue);
	}
	vsvm_vm_destroy(fd, vm);
	vsvm_unmap(fence, VSVM_PAGE_SIZE);
}

/* A program that does not end before it is told to */

void vsvm_gate_init(struct vsvm_gate *gate)
{
	enum { FLAG, VALUE = 2 };
	struct vsvm_asm as = {};

	asm_arg(&as, VSVM_TYPE_U64, FLAG, 0);
	asm_loop(&as);
	asm_load(&as, VSVM_TYPE_U32, VALUE, FLAG, 0);
	asm_break_if(&as, VALUE);
	asm_endloop(&as);

	memset(gate, 0, sizeof(*gate));
	gate->program = asm_finish(&as);
	gate->flag = calloc(1, sizeof(*gate->flag));
	gate->args = malloc(sizeof(*gate->args));
	*gate->args = vsvm_ptr(gate->flag);
	vsvm_emit_dispatch(&gate->stream, gate->program, gate->args, sizeof(*gate->args), 1, 1);
}

void vsvm_gate_open(struct vsvm_gate *gate)
{
	__atomic_store_n(gate->flag, 1, __ATOMIC_SEQ_CST);
}

void vsvm_gate_fini(struct vsvm_gate *gate)
{
	vsvm_stream_fini(&gate->stream);
	free(gate->program);
	free(gate->args);
	free(gate->flag);
}
