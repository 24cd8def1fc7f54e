// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm bo
 * Description: Buffer objects and where they are bound, in VMs with and without SVM
 */
#include "vsvm_lib.h"

IGT_TEST_DESCRIPTION("Buffer objects and where they are bound, in VMs with and without SVM");

#define PAGE	VSVM_PAGE_SIZE
#define RANGE	(4 * VSVM_2M)
/* Where VMs without SVM have their fence */
#define FENCE	0x10000000000ull

/*
 * What all subtests do in both kinds of VM: a BO with stream and results in it, bound next to the
 * fence, so that the same stream works where the GPU sees no memory of the process.
 */
struct fixture {
	struct vsvm_ctx ctx;
	/* range for BOs: reserved addresses of the process, or the same numbers without SVM */
	void *range;
	uint64_t start;
	/* stream and scratch memory */
	uint32_t tool;
	uint8_t *tool_cpu;
	uint64_t tool_gpu;
};

#define TOOL_SIZE	(4 * PAGE)
#define SCRATCH		PAGE
#define SCRATCH_SIZE	(3 * PAGE)

static void fixture_init(struct fixture *f, int fd, bool svm)
{
	memset(f, 0, sizeof(*f));
	f->range = vsvm_reserve(RANGE);
	f->start = vsvm_ptr(f->range);
	if (svm)
		vsvm_ctx_init_range(&f->ctx, fd, f->range, RANGE);
	else
		vsvm_ctx_init_bo(&f->ctx, fd, FENCE);
	f->tool = vsvm_bo_create(fd, TOOL_SIZE);
	f->tool_cpu = vsvm_bo_mmap(fd, f->tool, TOOL_SIZE);
	f->tool_gpu = f->start + RANGE - TOOL_SIZE;
	vsvm_bind(fd, f->ctx.vm, f->tool, 0, f->tool_gpu, TOOL_SIZE, 0);
}

static void fixture_fini(struct fixture *f)
{
	int fd = f->ctx.fd;

	vsvm_ctx_fini(&f->ctx);
	vsvm_unmap(f->tool_cpu, TOOL_SIZE);
	vsvm_bo_close(fd, f->tool);
	vsvm_unmap(f->range, RANGE);
}

static void tool_stream(struct fixture *f, struct vsvm_stream *s)
{
	vsvm_stream_init_at(s, f->tool_cpu, f->tool_gpu, SCRATCH);
}

static void gpu_fill(struct fixture *f, uint64_t addr, uint64_t size, uint64_t pattern)
{
	struct vsvm_stream s;

	tool_stream(f, &s);
	vsvm_emit_fill(&s, addr, size, pattern, 8);
	vsvm_run(&f->ctx, &s);
}

/* One word as the GPU sees it */
static uint64_t gpu_read(struct fixture *f, uint64_t addr)
{
	uint64_t *word = (uint64_t *)(f->tool_cpu + SCRATCH);
	struct vsvm_stream s;

	*word = 0;
	tool_stream(f, &s);
	vsvm_emit_copy(&s, f->tool_gpu + SCRATCH, addr, sizeof(*word));
	vsvm_run(&f->ctx, &s);
	return *word;
}

static void expect_read_error(struct fixture *f, uint64_t addr, uint32_t error)
{
	struct vsvm_stream s;

	tool_stream(f, &s);
	vsvm_emit_copy(&s, f->tool_gpu + SCRATCH, addr, 8);
	vsvm_run_expect_error(&f->ctx, &s, error, VSVM_ACCESS_READ, addr);
	vsvm_ctx_new_queue(&f->ctx);
}

static void expect_write_error(struct fixture *f, uint64_t addr, uint32_t error)
{
	struct vsvm_stream s;

	tool_stream(f, &s);
	vsvm_emit_fill(&s, addr, 8, 0, 8);
	vsvm_run_expect_error(&f->ctx, &s, error, VSVM_ACCESS_WRITE, addr);
	vsvm_ctx_new_queue(&f->ctx);
	vsvm_stream_reset(&s);
	vsvm_emit_atomic(&s, VSVM_ATOMIC_ADD, 8, addr, 1, 0, 0);
	vsvm_run_expect_error(&f->ctx, &s, error, VSVM_ACCESS_ATOMIC, addr);
	vsvm_ctx_new_queue(&f->ctx);
}

/* A BO whose every page starts with a number of its own */
static uint32_t numbered_bo(int fd, uint64_t size, uint64_t first)
{
	uint32_t bo = vsvm_bo_create(fd, size);
	uint8_t *p = vsvm_bo_mmap(fd, bo, size);

	for (uint64_t i = 0; i < size / PAGE; i++)
		*(uint64_t *)(p + i * PAGE) = first + i;
	vsvm_unmap(p, size);
	return bo;
}

static uint64_t bo_bytes(struct fixture *f)
{
	struct drm_vsvm_vm_stats stats;

	vsvm_vm_stats(f->ctx.fd, f->ctx.vm, &stats);
	return stats.bo_bytes - TOOL_SIZE - (f->ctx.bo ? PAGE : 0);
}

/* BOs by themselves */

static void test_memory(int fd)
{
	const uint64_t size = 2 * VSVM_2M;
	uint64_t *p, *q, *old;
	uint32_t bo;

	for (int round = 0; round < 2; round++) {
		bo = vsvm_bo_create(fd, size);
		p = vsvm_bo_mmap(fd, bo, size);
		q = vsvm_bo_mmap(fd, bo, size);
		for (uint64_t i = 0; i < size / sizeof(*p); i += 64)
			igt_assert_eq_u64(p[i], 0);
		for (uint64_t i = 0; i < size / sizeof(*p); i += 64)
			p[i] = ~i;
		for (uint64_t i = 0; i < size / sizeof(*p); i += 64)
			igt_assert_eq_u64(q[i], ~i);
		/* a mapping keeps the memory, whatever becomes of handle and file */
		vsvm_bo_close(fd, bo);
		igt_assert_eq(__vsvm_bo_close(fd, bo), -EINVAL);
		igt_assert_eq_u64(p[64], ~64ull);
		vsvm_unmap(p, size);
		vsvm_unmap(q, size);
	}

	/* not of this file: no mapping by a guess at its offset */
	bo = vsvm_bo_create(fd, PAGE);
	old = vsvm_bo_mmap(fd, bo, PAGE);
	{
		int other = drm_reopen_driver(fd);
		uint64_t offset;

		igt_assert_eq(__vsvm_bo_mmap_offset(fd, bo, &offset), 0);
		igt_assert(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, other, offset) == MAP_FAILED);
		close(other);
	}
	vsvm_unmap(old, PAGE);
	vsvm_bo_close(fd, bo);
}

/* Access */

static void test_copy_fill(int fd, bool svm)
{
	/* with the 2M alignment that lets large leaves be used, and then without */
	static const uint64_t shifts[] = { 0, PAGE };
	const uint64_t size = VSVM_2M;
	struct vsvm_stream s;
	struct fixture f;
	uint32_t bo[2];
	uint8_t *p[2];

	fixture_init(&f, fd, svm);
	for (unsigned int i = 0; i < ARRAY_SIZE(shifts); i++) {
		uint64_t a = f.start + shifts[i], b = a + VSVM_2M;

		for (int j = 0; j < 2; j++) {
			bo[j] = vsvm_bo_create(fd, size);
			p[j] = vsvm_bo_mmap(fd, bo[j], size);
		}
		vsvm_bind(fd, f.ctx.vm, bo[0], 0, a, size, 0);
		vsvm_bind(fd, f.ctx.vm, bo[1], 0, b, size, 0);
		igt_assert_eq_u64(bo_bytes(&f), 2 * size);
		tool_stream(&f, &s);
		vsvm_emit_fill(&s, a + 3, size - 3, 0x1122334455667788, 8);
		vsvm_emit_barrier(&s);
		vsvm_emit_copy(&s, b, a + 3, size - 3);
		vsvm_emit_barrier(&s);
		/* across the seam of the two */
		vsvm_emit_copy(&s, f.tool_gpu + SCRATCH, b - 64, 128);
		vsvm_run(&f.ctx, &s);
		igt_assert_eq(p[0][2], 0);
		igt_assert_eq(p[0][3], 0x88);
		for (uint64_t j = 0; j + 8 <= size - 3; j += 8)
			igt_assert_eq_u64(*(uint64_t *)(p[1] + j), 0x1122334455667788);
		igt_assert_eq(p[1][size - 1], 0);
		igt_assert_eq(memcmp(f.tool_cpu + SCRATCH, p[0] + size - 64, 64), 0);
		igt_assert_eq(memcmp(f.tool_cpu + SCRATCH + 64, p[1], 64), 0);
		vsvm_unbind(fd, f.ctx.vm, a, 2 * size);
		igt_assert_eq_u64(bo_bytes(&f), 0);
		for (int j = 0; j < 2; j++) {
			vsvm_unmap(p[j], size);
			vsvm_bo_close(fd, bo[j]);
		}
	}
	fixture_fini(&f);
}

static void test_svm_and_bo(int fd)
{
	const size_t size = 16 * PAGE + 7;
	struct vsvm_rng rng = { 1 };
	struct vsvm_stream s = {};
	uint8_t *p, *cpu, *back;
	struct fixture f;
	uint32_t bo;

	fixture_init(&f, fd, true);
	bo = vsvm_bo_create(fd, 17 * PAGE);
	cpu = vsvm_bo_mmap(fd, bo, 17 * PAGE);
	vsvm_bind(fd, f.ctx.vm, bo, 0, f.start, 17 * PAGE, 0);
	p = malloc(size);
	back = malloc(size);
	vsvm_rand_fill(&rng, p, size);
	vsvm_emit_copy(&s, f.start + 1, vsvm_ptr(p), size);
	vsvm_emit_barrier(&s);
	vsvm_emit_copy(&s, vsvm_ptr(back), f.start + 1, size);
	vsvm_run(&f.ctx, &s);
	igt_assert_eq(memcmp(cpu + 1, p, size), 0);
	igt_assert_eq(memcmp(back, p, size), 0);
	vsvm_stream_fini(&s);
	free(p);
	free(back);
	vsvm_unmap(cpu, 17 * PAGE);
	vsvm_bo_close(fd, bo);
	fixture_fini(&f);
}

static void test_unbound(int fd, bool svm)
{
	const uint64_t size = 4 * PAGE;
	struct fixture f;
	uint32_t bo;

	fixture_init(&f, fd, svm);
	bo = numbered_bo(fd, size, 1);
	/* never bound */
	expect_read_error(&f, f.start, VSVM_ERROR_UNMAPPED);
	expect_write_error(&f, f.start + 8, VSVM_ERROR_UNMAPPED);
	vsvm_bind(fd, f.ctx.vm, bo, 0, f.start + PAGE, size, 0);
	igt_assert_eq_u64(gpu_read(&f, f.start + PAGE), 1);
	igt_assert_eq_u64(gpu_read(&f, f.start + size), 4);
	/* just beside it */
	expect_read_error(&f, f.start + PAGE - 8, VSVM_ERROR_UNMAPPED);
	expect_read_error(&f, f.start + PAGE + size, VSVM_ERROR_UNMAPPED);
	/* no more bound */
	vsvm_unbind(fd, f.ctx.vm, f.start + PAGE, size);
	expect_read_error(&f, f.start + PAGE, VSVM_ERROR_UNMAPPED);
	expect_write_error(&f, f.start + size, VSVM_ERROR_UNMAPPED);
	/* unbinding nothing is fine */
	vsvm_unbind(fd, f.ctx.vm, f.start, VSVM_2M);
	vsvm_bo_close(fd, bo);
	fixture_fini(&f);
}

static void test_not_of_the_process(int fd)
{
	uint64_t *own = vsvm_map(PAGE);
	struct fixture f;

	/* Without SVM, a pointer of the process means nothing, mapped or not. */
	*own = 1;
	fixture_init(&f, fd, false);
	expect_read_error(&f, vsvm_ptr(own), VSVM_ERROR_UNMAPPED);
	expect_write_error(&f, vsvm_ptr(own), VSVM_ERROR_UNMAPPED);
	igt_assert_eq_u64(*own, 1);
	vsvm_unmap(own, PAGE);
	fixture_fini(&f);

	/* In an SVM VM's range for BOs neither, even if the process maps memory there. */
	fixture_init(&f, fd, true);
	own = mmap(f.range, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	igt_assert(own == f.range);
	*own = 1;
	expect_read_error(&f, vsvm_ptr(own), VSVM_ERROR_UNMAPPED);
	expect_write_error(&f, vsvm_ptr(own), VSVM_ERROR_UNMAPPED);
	igt_assert_eq_u64(*own, 1);
	fixture_fini(&f);
}

static void test_readonly(int fd, bool svm)
{
	const uint64_t size = 4 * PAGE;
	struct fixture f;
	uint32_t bo;

	fixture_init(&f, fd, svm);
	bo = numbered_bo(fd, size, 1);
	vsvm_bind(fd, f.ctx.vm, bo, 0, f.start, size, DRM_VSVM_BIND_READONLY);
	igt_assert_eq_u64(gpu_read(&f, f.start), 1);
	expect_write_error(&f, f.start, VSVM_ERROR_PERMISSION);
	expect_write_error(&f, f.start + 3 * PAGE + 8, VSVM_ERROR_PERMISSION);
	igt_assert_eq_u64(gpu_read(&f, f.start), 1);
	/* the same BO elsewhere, to be written; the first stays as it was */
	vsvm_bind(fd, f.ctx.vm, bo, 0, f.start + VSVM_2M, size, 0);
	gpu_fill(&f, f.start + VSVM_2M, 8, 11);
	igt_assert_eq_u64(gpu_read(&f, f.start), 11);
	expect_write_error(&f, f.start, VSVM_ERROR_PERMISSION);
	/* a right given and taken again */
	vsvm_bind(fd, f.ctx.vm, bo, 0, f.start, size, 0);
	gpu_fill(&f, f.start, 8, 12);
	vsvm_bind(fd, f.ctx.vm, bo, 0, f.start, size, DRM_VSVM_BIND_READONLY);
	expect_write_error(&f, f.start, VSVM_ERROR_PERMISSION);
	igt_assert_eq_u64(gpu_read(&f, f.start + VSVM_2M), 12);
	vsvm_bo_close(fd, bo);
	fixture_fini(&f);
}

/* Bindings over bindings */

static void test_replace(int fd, bool svm)
{
	const uint64_t pages = 8;
	uint32_t bo[2];
	struct fixture f;

	fixture_init(&f, fd, svm);
	bo[0] = numbered_bo(fd, pages * PAGE, 100);
	bo[1] = numbered_bo(fd, pages * PAGE, 200);
	for (uint64_t first = 0; first < pages; first += 3) {
		for (uint64_t count = 1; first + count <= pages; count += 2) {
			vsvm_bind(fd, f.ctx.vm, bo[0], 0, f.start, pages * PAGE, 0);
			igt_assert_eq_u64(gpu_read(&f, f.start + first * PAGE), 100 + first);
			vsvm_bind(fd, f.ctx.vm, bo[1], PAGE * (first / 3), f.start + first * PAGE,
				  count * PAGE, 0);
			for (uint64_t i = 0; i < pages; i++)
				igt_assert_eq_u64(gpu_read(&f, f.start + i * PAGE),
						  i >= first && i < first + count ?
						  200 + i - first + first / 3 : 100 + i);
			igt_assert_eq_u64(bo_bytes(&f), pages * PAGE);
		}
	}
	for (int i = 0; i < 2; i++)
		vsvm_bo_close(fd, bo[i]);
	fixture_fini(&f);
}

static void test_split(int fd, bool svm)
{
	static const struct {
		const char *name;
		uint64_t first, count;
	} cuts[] = {
		{ "head", 0, 3 },
		{ "tail", 5, 3 },
		{ "middle", 2, 4 },
		{ "all", 0, 8 },
	};
	const uint64_t pages = 8;
	struct fixture f;
	uint32_t bo;

	fixture_init(&f, fd, svm);
	bo = numbered_bo(fd, pages * PAGE, 100);
	for (unsigned int c = 0; c < ARRAY_SIZE(cuts); c++) {
		igt_debug("%s\n", cuts[c].name);
		vsvm_bind(fd, f.ctx.vm, bo, 0, f.start, pages * PAGE, 0);
		igt_assert_eq_u64(gpu_read(&f, f.start + cuts[c].first * PAGE),
				  100 + cuts[c].first);
		vsvm_unbind(fd, f.ctx.vm, f.start + cuts[c].first * PAGE, cuts[c].count * PAGE);
		igt_assert_eq_u64(bo_bytes(&f), (pages - cuts[c].count) * PAGE);
		for (uint64_t i = 0; i < pages; i++) {
			if (i < cuts[c].first || i >= cuts[c].first + cuts[c].count)
				igt_assert_eq_u64(gpu_read(&f, f.start + i * PAGE), 100 + i);
		}
		expect_read_error(&f, f.start + cuts[c].first * PAGE, VSVM_ERROR_UNMAPPED);
		expect_read_error(&f, f.start + (cuts[c].first + cuts[c].count) * PAGE - 8,
				  VSVM_ERROR_UNMAPPED);
	}
	vsvm_bo_close(fd, bo);
	fixture_fini(&f);
}

/* The same inside of what may be one large leaf */
static void test_split_large(int fd, bool svm)
{
	const uint64_t pages = VSVM_2M / PAGE, holes[] = { 0, 101, pages - 1 };
	struct fixture f;
	uint32_t bo;

	fixture_init(&f, fd, svm);
	bo = numbered_bo(fd, VSVM_2M, 1000);
	vsvm_bind(fd, f.ctx.vm, bo, 0, f.start, VSVM_2M, 0);
	gpu_fill(&f, f.start + 8, 8, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(holes); i++)
		vsvm_unbind(fd, f.ctx.vm, f.start + holes[i] * PAGE, PAGE);
	igt_assert_eq_u64(bo_bytes(&f), VSVM_2M - 3 * PAGE);
	for (unsigned int i = 0; i < ARRAY_SIZE(holes); i++)
		expect_read_error(&f, f.start + holes[i] * PAGE, VSVM_ERROR_UNMAPPED);
	for (uint64_t i = 1; i < pages - 1; i += 33)
		igt_assert_eq_u64(gpu_read(&f, f.start + i * PAGE), 1000 + i);
	/* mended, it is as before */
	vsvm_bind(fd, f.ctx.vm, bo, 0, f.start, VSVM_2M, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(holes); i++)
		igt_assert_eq_u64(gpu_read(&f, f.start + holes[i] * PAGE), 1000 + holes[i]);
	igt_assert_eq_u64(gpu_read(&f, f.start + 8), 1);
	vsvm_bo_close(fd, bo);
	fixture_fini(&f);
}

static void test_twice(int fd, bool svm)
{
	const uint64_t size = 2 * PAGE;
	struct fixture f;
	uint32_t bo;

	fixture_init(&f, fd, svm);
	bo = numbered_bo(fd, size, 1);
	vsvm_bind(fd, f.ctx.vm, bo, 0, f.start, size, 0);
	vsvm_bind(fd, f.ctx.vm, bo, PAGE, f.start + VSVM_2M, PAGE, 0);
	igt_assert_eq_u64(gpu_read(&f, f.start + VSVM_2M), 2);
	gpu_fill(&f, f.start + VSVM_2M, 8, 22);
	igt_assert_eq_u64(gpu_read(&f, f.start + PAGE), 22);
	vsvm_unbind(fd, f.ctx.vm, f.start, size);
	igt_assert_eq_u64(gpu_read(&f, f.start + VSVM_2M), 22);
	expect_read_error(&f, f.start + PAGE, VSVM_ERROR_UNMAPPED);
	vsvm_bo_close(fd, bo);
	fixture_fini(&f);
}

/* Lifetimes */

static void test_closed(int fd, bool svm)
{
	const uint64_t size = 2 * PAGE;
	struct fixture f;
	uint32_t bo;

	fixture_init(&f, fd, svm);
	bo = numbered_bo(fd, size, 1);
	vsvm_bind(fd, f.ctx.vm, bo, 0, f.start, size, 0);
	vsvm_bo_close(fd, bo);
	igt_assert_eq(__vsvm_bind(fd, f.ctx.vm, bo, 0, f.start + VSVM_2M, size, 0), -ENOENT);
	igt_assert_eq_u64(gpu_read(&f, f.start + PAGE), 2);
	/* each half holds it for as long as it is there */
	vsvm_unbind(fd, f.ctx.vm, f.start + PAGE, PAGE);
	gpu_fill(&f, f.start, 8, 11);
	igt_assert_eq_u64(gpu_read(&f, f.start), 11);
	vsvm_unbind(fd, f.ctx.vm, f.start, PAGE);
	igt_assert_eq_u64(bo_bytes(&f), 0);
	expect_read_error(&f, f.start, VSVM_ERROR_UNMAPPED);
	fixture_fini(&f);
}

/* Memory that was a BO's is another's soon: a GPU that still had it would be seen to write. */
static void test_freed(int fd, bool svm)
{
	const uint64_t size = 64 * PAGE;
	struct fixture f;
	uint64_t *p;
	uint32_t bo;

	fixture_init(&f, fd, svm);
	for (int round = 0; round < 4; round++) {
		bo = vsvm_bo_create(fd, size);
		vsvm_bind(fd, f.ctx.vm, bo, 0, f.start, size, 0);
		gpu_fill(&f, f.start, size, 0x0bad0bad0bad0bad);
		vsvm_bo_close(fd, bo);
		vsvm_unbind(fd, f.ctx.vm, f.start, size);
		p = vsvm_map(size);
		for (uint64_t i = 0; i < size / sizeof(*p); i++)
			igt_assert_eq_u64(p[i], 0);
		expect_write_error(&f, f.start + round * PAGE, VSVM_ERROR_UNMAPPED);
		for (uint64_t i = 0; i < size / sizeof(*p); i++)
			igt_assert_eq_u64(p[i], 0);
		vsvm_unmap(p, size);
	}
	fixture_fini(&f);
}

static void test_array_fails(int fd, bool svm)
{
	const uint64_t size = PAGE;
	struct drm_vsvm_bind_op ops[4] = {};
	struct fixture f;
	uint32_t bo, count;

	fixture_init(&f, fd, svm);
	bo = numbered_bo(fd, size, 1);
	for (uint32_t bad = 0; bad < ARRAY_SIZE(ops); bad++) {
		for (uint32_t i = 0; i < ARRAY_SIZE(ops); i++) {
			ops[i].op = DRM_VSVM_BIND_OP_MAP;
			ops[i].handle = i == bad ? bo + 1000 : bo;
			ops[i].addr = f.start + i * size;
			ops[i].size = size;
		}
		count = ARRAY_SIZE(ops);
		igt_assert_eq(__vsvm_bind_ops(fd, f.ctx.vm, ops, &count), -ENOENT);
		igt_assert_eq_u32(count, bad);
		igt_assert_eq_u64(bo_bytes(&f), bad * size);
		if (bad)
			igt_assert_eq_u64(gpu_read(&f, f.start + (bad - 1) * size), 1);
		expect_read_error(&f, f.start + bad * size, VSVM_ERROR_UNMAPPED);
		vsvm_unbind(fd, f.ctx.vm, f.start, ARRAY_SIZE(ops) * size);
	}
	/* in order: map, unmap, map something else in one call */
	for (uint32_t i = 0; i < 3; i++)
		ops[i].addr = f.start;
	ops[1] = (struct drm_vsvm_bind_op){
		.op = DRM_VSVM_BIND_OP_UNMAP,
		.addr = f.start,
		.size = size,
	};
	ops[2].handle = bo;
	ops[2].flags = DRM_VSVM_BIND_READONLY;
	count = 3;
	igt_assert_eq(__vsvm_bind_ops(fd, f.ctx.vm, ops, &count), 0);
	igt_assert_eq_u64(gpu_read(&f, f.start), 1);
	expect_write_error(&f, f.start, VSVM_ERROR_PERMISSION);
	vsvm_bo_close(fd, bo);
	fixture_fini(&f);
}

/* A queue at work keeps on while what it does not use is bound and unbound. */
static void test_bind_busy(int fd, bool svm)
{
	const uint64_t size = VSVM_2M;
	struct vsvm_stream s;
	struct fixture f;
	uint32_t bo[2];
	uint64_t seqno;
	uint8_t *p;

	fixture_init(&f, fd, svm);
	for (int i = 0; i < 2; i++)
		bo[i] = vsvm_bo_create(fd, size);
	p = vsvm_bo_mmap(fd, bo[0], size);
	vsvm_bind(fd, f.ctx.vm, bo[0], 0, f.start, size, 0);
	tool_stream(&f, &s);
	for (int i = 0; i < 16; i++)
		vsvm_emit_fill(&s, f.start, size, i + 1, 1);
	seqno = vsvm_submit(&f.ctx, &s);
	for (int i = 0; i < 50; i++) {
		vsvm_bind(fd, f.ctx.vm, bo[1], 0, f.start + VSVM_2M, size, 0);
		vsvm_unbind(fd, f.ctx.vm, f.start + VSVM_2M, size);
	}
	vsvm_finish(&f.ctx, seqno);
	for (uint64_t i = 0; i < size; i += 61)
		igt_assert_eq(p[i], 16);
	vsvm_unmap(p, size);
	for (int i = 0; i < 2; i++)
		vsvm_bo_close(fd, bo[i]);
	fixture_fini(&f);
}

int igt_main()
{
	static const struct {
		const char *name, *description;
		void (*run)(int fd, bool svm);
	} tests[] = {
		{ "copy-fill", "Copies and fills in BOs misplace no byte", test_copy_fill },
		{ "unbound", "An address without a BO kills the queue and says where",
		  test_unbound },
		{ "readonly", "The GPU does not write what was bound to be read", test_readonly },
		{ "replace", "A binding over another replaces exactly its own pages",
		  test_replace },
		{ "split", "Unbinding a part leaves the rest bound", test_split },
		{ "split-large", "Unbinding a page of a large leaf leaves the rest bound",
		  test_split_large },
		{ "twice", "One BO at two addresses is one memory", test_twice },
		{ "closed", "A closed BO lives until it is unbound", test_closed },
		{ "freed", "After unbinding, the GPU has the BO's memory no more", test_freed },
		{ "array-fails", "A failing operation tells its index; those before it are done",
		  test_array_fails },
		{ "bind-busy", "Binding beside running work does not disturb it",
		  test_bind_busy },
	};
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
	}

	igt_describe("Memory of a BO is zero, shared by its mappings, and closed to other files");
	igt_subtest("memory")
		test_memory(fd);

	igt_describe("BOs and memory of the process are copied to each other by one stream");
	igt_subtest("svm-and-bo")
		test_svm_and_bo(fd);

	igt_describe("The GPU does not reach the process's memory where it should see BOs only");
	igt_subtest("not-of-the-process")
		test_not_of_the_process(fd);

	for (unsigned int i = 0; i < ARRAY_SIZE(tests); i++) {
		igt_describe_f("%s (in a VM with SVM)", tests[i].description);
		igt_subtest_f("svm-%s", tests[i].name)
			tests[i].run(fd, true);

		igt_describe_f("%s (in a VM without SVM)", tests[i].description);
		igt_subtest_f("plain-%s", tests[i].name)
			tests[i].run(fd, false);
	}

	igt_fixture() {
		close(fd);
	}
}
