// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm alloc part
 * Description: Parts of 2M ranges that go, BOs where memory is, and many who fault at once
 *
 * What does not fit into the table of vsvm_svm_alloc.
 */
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("Parts of 2M ranges that go, BOs where memory is, many who fault at once");

/* Each word of memory, by its index in the whole and a number that tells contents apart */
static uint32_t word(size_t i, uint32_t salt)
{
	return i * 2654435761u + salt;
}

static void set(uint8_t *base, size_t from, size_t to, uint32_t salt)
{
	for (size_t i = from / 4; i < to / 4; i++)
		((uint32_t *)base)[i] = word(i, salt);
}

/* @first: what @p is in the whole */
static void expect(const uint8_t *p, size_t first, size_t size, uint32_t salt)
{
	const uint32_t *words = (const uint32_t *)p;

	for (size_t i = 0; i < size / 4; i++)
		igt_assert_f(words[i] == word(first / 4 + i, salt),
			     "byte %#zx: word is %#x and not %#x\n", first + 4 * i, words[i],
			     word(first / 4 + i, salt));
}

static void expect_all(const uint8_t *p, size_t size, uint8_t byte)
{
	for (size_t i = 0; i < size; i++)
		igt_assert_f(p[i] == byte, "byte %#zx is %#x and not %#x\n", i, p[i], byte);
}

/* A part of a 2M range goes */

struct part {
	struct svm t;
	/* the range, and as much for the GPU to copy from and to */
	uint8_t *p, *mirror;
	struct vsvm_program *add;
	bool atomic;
};

/* The GPU sees @salt there; then it makes @salt + 1 of it */
static void gpu_uses(struct part *f, uint8_t *p, size_t first, size_t size, uint32_t salt)
{
	if (!size)
		return;
	memset(f->mirror, 0xee, VSVM_2M);
	svm_copy(&f->t, f->mirror + first, p, size);
	expect(f->mirror + first, first, size, salt);
	if (f->atomic) {
		svm_dispatch(&f->t, f->add, p, 1, size / 4);
	} else {
		set(f->mirror, first, first + size, salt + 1);
		svm_copy(&f->t, p, f->mirror + first, size);
	}
	expect(p, first, size, salt + 1);
}

/*
 * Half of it or its middle goes, or moves to where something like it was; the GPU has had it before
 * the CPU, or the CPU alone. What is left, what has moved, and what comes in its place are all
 * there, and nothing else.
 */
static void test_part(int fd, bool move, bool middle, bool cpu, bool atomic)
{
	const size_t start = middle ? VSVM_2M / 4 : VSVM_2M / 2, size = VSVM_2M / 2;
	const size_t end = start + size;
	uint8_t *to = svm_buffer(VSVM_2M);
	struct part f = {
		.p = svm_buffer(VSVM_2M),
		.mirror = svm_buffer(VSVM_2M),
		.add = svm_atomic_program(4),
		.atomic = atomic,
	};

	svm_init(&f.t, fd);
	igt_require(!madvise(f.p, VSVM_2M, MADV_HUGEPAGE));
	igt_require(!madvise(to, VSVM_2M, MADV_HUGEPAGE));
	set(cpu ? f.p : f.mirror, 0, VSVM_2M, 1);
	if (!cpu)
		svm_copy(&f.t, f.p, f.mirror, VSVM_2M);
	if (move) {
		svm_fill(&f.t, to, VSVM_2M, 0x77);
		igt_assert(mremap(f.p + start, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
				  to + start) == to + start);
	} else {
		vsvm_unmap(f.p + start, size);
	}
	svm_expect_error(&f.t, f.p + start, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_expect_error(&f.t, f.p + end - 4, atomic ? VSVM_ACCESS_ATOMIC : VSVM_ACCESS_WRITE,
			 VSVM_ERROR_UNMAPPED);
	gpu_uses(&f, f.p, 0, start, 1);
	gpu_uses(&f, f.p + end, end, VSVM_2M - end, 1);
	if (move) {
		gpu_uses(&f, to + start, start, size, 1);
		for (size_t i = 0; i < start; i += 8)
			igt_assert_eq_u64(*(uint64_t *)(to + i), 0x77);
		for (size_t i = end; i < VSVM_2M; i += 8)
			igt_assert_eq_u64(*(uint64_t *)(to + i), 0x77);
	}

	svm_map_at(f.p + start, size);
	memset(f.mirror, 0xee, size);
	svm_copy(&f.t, f.mirror, f.p + start, size);
	expect_all(f.mirror, size, 0);
	set(f.p, start, end, 2);
	gpu_uses(&f, f.p, 0, VSVM_2M, 2);

	svm_fini(&f.t);
	free(f.add);
	svm_buffer_free(f.p, VSVM_2M);
	svm_buffer_free(f.mirror, VSVM_2M);
	svm_buffer_free(to, VSVM_2M);
}

/* BOs and memory */

#define BO_SIZE		(16 * PAGE)
#define BO_ROUNDS	8

/* The process has memory where BOs are: the GPU never sees it, bound or not */
static void test_bo_over_memory(int fd)
{
	uint8_t *p = svm_buffer(BO_SIZE), *mirror = svm_buffer(BO_SIZE), *map;
	uint32_t bo = vsvm_bo_create(fd, BO_SIZE);
	struct svm t;

	map = vsvm_bo_mmap(fd, bo, BO_SIZE);
	svm_init_vm(&t, fd, vsvm_vm_create_range(fd, p, BO_SIZE));
	set(p, 0, BO_SIZE, 1);
	for (unsigned int round = 0; round < BO_ROUNDS; round++) {
		svm_expect_errors(&t, p + round * PAGE, VSVM_ERROR_UNMAPPED);
		vsvm_bind(fd, t.ctx.vm, bo, 0, vsvm_ptr(p), BO_SIZE, 0);
		set(mirror, 0, BO_SIZE, 10 + round);
		svm_copy(&t, p, mirror, BO_SIZE);
		expect(map, 0, BO_SIZE, 10 + round);
		set(map, 0, BO_SIZE, 20 + round);
		svm_copy(&t, mirror, p, BO_SIZE);
		expect(mirror, 0, BO_SIZE, 20 + round);
		vsvm_unbind(fd, t.ctx.vm, vsvm_ptr(p), BO_SIZE);
		svm_expect_error(&t, p + (BO_ROUNDS + round) * PAGE, VSVM_ACCESS_WRITE,
				 VSVM_ERROR_UNMAPPED);
		expect(p, 0, BO_SIZE, 1);
		expect(map, 0, BO_SIZE, 20 + round);
	}
	svm_fini(&t);
	vsvm_unmap(map, BO_SIZE);
	vsvm_bo_close(fd, bo);
	svm_buffer_free(p, BO_SIZE);
	svm_buffer_free(mirror, BO_SIZE);
}

/* The same addresses are memory in one VM and a BO in another, by turns */
static void test_bo_alternate(int fd)
{
	uint8_t *p = svm_buffer(BO_SIZE), *mirror = svm_buffer(BO_SIZE), *map;
	uint32_t bo = vsvm_bo_create(fd, BO_SIZE);
	struct svm memory, other;

	map = vsvm_bo_mmap(fd, bo, BO_SIZE);
	svm_init(&memory, fd);
	svm_init_vm(&other, fd, vsvm_vm_create_range(fd, p, BO_SIZE));
	vsvm_bind(fd, other.ctx.vm, bo, 0, vsvm_ptr(p), BO_SIZE, 0);
	for (unsigned int round = 0; round < 2 * BO_ROUNDS; round++) {
		set(mirror, 0, BO_SIZE, 100 + round);
		svm_copy(round & 1 ? &other : &memory, p, mirror, BO_SIZE);
		expect(round & 1 ? map : p, 0, BO_SIZE, 100 + round);
		if (round)
			expect(round & 1 ? p : map, 0, BO_SIZE, 99 + round);
		memset(mirror, 0, BO_SIZE);
		svm_copy(round & 1 ? &other : &memory, mirror, p, BO_SIZE);
		expect(mirror, 0, BO_SIZE, 100 + round);
	}
	svm_fini(&other);
	svm_fini(&memory);
	vsvm_unmap(map, BO_SIZE);
	vsvm_bo_close(fd, bo);
	svm_buffer_free(p, BO_SIZE);
	svm_buffer_free(mirror, BO_SIZE);
}

/* A BO's mapping takes the place of memory that the GPU uses, and goes again */
static void test_bo_back(int fd)
{
	uint8_t *p = svm_buffer(BO_SIZE), *mirror = svm_buffer(BO_SIZE), *map;
	uint32_t bo = vsvm_bo_create(fd, BO_SIZE);
	uint64_t offset;
	struct svm t;

	igt_assert_eq(__vsvm_bo_mmap_offset(fd, bo, &offset), 0);
	map = vsvm_bo_mmap(fd, bo, BO_SIZE);
	svm_init(&t, fd);
	for (unsigned int round = 0; round < BO_ROUNDS; round++) {
		set(mirror, 0, BO_SIZE, round);
		svm_copy(&t, p, mirror, BO_SIZE);
		expect(p, 0, BO_SIZE, round);
		set(map, 0, BO_SIZE, 50 + round);
		igt_assert(mmap(p, BO_SIZE, RW, MAP_SHARED | MAP_FIXED, fd, offset) == p);
		svm_expect_errors(&t, p + round * PAGE, VSVM_ERROR_UNSUPPORTED);
		expect(p, 0, BO_SIZE, 50 + round);
		svm_map_at(p, BO_SIZE);
		memset(mirror, 0xee, BO_SIZE);
		svm_copy(&t, mirror, p, BO_SIZE);
		expect_all(mirror, BO_SIZE, 0);
		expect(map, 0, BO_SIZE, 50 + round);
	}
	svm_fini(&t);
	vsvm_unmap(map, BO_SIZE);
	vsvm_bo_close(fd, bo);
	svm_buffer_free(p, BO_SIZE);
	svm_buffer_free(mirror, BO_SIZE);
}

/* A BO between memory on either side, which is copied into it and out of it */
static void test_bo_between(int fd)
{
	uint8_t *range = svm_buffer(3 * BO_SIZE), *bo_at = range + BO_SIZE, *map;
	uint8_t *behind = bo_at + BO_SIZE;
	uint32_t bo = vsvm_bo_create(fd, BO_SIZE);
	struct svm t;

	map = vsvm_bo_mmap(fd, bo, BO_SIZE);
	svm_init_vm(&t, fd, vsvm_vm_create_range(fd, bo_at, BO_SIZE));
	memset(bo_at, 0x99, BO_SIZE);
	for (unsigned int round = 0; round < BO_ROUNDS; round++) {
		vsvm_bind(fd, t.ctx.vm, bo, 0, vsvm_ptr(bo_at), BO_SIZE, 0);
		set(range, 0, BO_SIZE, round);
		svm_copy(&t, bo_at, range, BO_SIZE);
		expect(map, 0, BO_SIZE, round);
		svm_copy(&t, behind, bo_at, BO_SIZE);
		expect(behind, 0, BO_SIZE, round);
		/* from memory into the BO, over the border */
		set(map, 0, BO_SIZE, 30 + round);
		svm_fill(&t, bo_at - PAGE, 2 * PAGE, 0x4242424242424242);
		expect(range, 0, BO_SIZE - PAGE, round);
		expect_all(bo_at - PAGE, PAGE, 0x42);
		expect_all(map, PAGE, 0x42);
		expect(map + PAGE, PAGE, BO_SIZE - PAGE, 30 + round);
		vsvm_unbind(fd, t.ctx.vm, vsvm_ptr(bo_at), BO_SIZE);
		svm_expect_error(&t, bo_at, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
		svm_expect_error(&t, behind - 8, VSVM_ACCESS_WRITE, VSVM_ERROR_UNMAPPED);
		expect_all(bo_at, BO_SIZE, 0x99);
	}
	svm_fini(&t);
	vsvm_unmap(map, BO_SIZE);
	vsvm_bo_close(fd, bo);
	svm_buffer_free(range, 3 * BO_SIZE);
}

/* Many at once */

/* The lanes of one wave fault in as many mappings, and they are of several kinds */
static void test_multi_fault(int fd, unsigned int rounds)
{
	const unsigned int lanes = VSVM_WAVE_LANES;
	const size_t stride = 4 * PAGE, size = lanes * stride;
	struct vsvm_program *program = svm_store_program(stride);
	int file = svm_temp_file(size);
	uint8_t *p = svm_buffer(size);
	struct svm t;

	svm_init(&t, fd);
	for (unsigned int round = 0; round < rounds; round++) {
		const uint64_t runs = svm_stats(&t).runs;

		igt_assert(mmap(p, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				0) == p);
		for (unsigned int i = 0; i < lanes; i++) {
			const unsigned int kind = (i + round) % 3;

			igt_assert(mmap(p + i * stride, PAGE, RW, MAP_FIXED |
					(kind ? MAP_SHARED : MAP_PRIVATE) |
					(kind == 2 ? 0 : MAP_ANONYMOUS),
					kind == 2 ? file : -1, kind == 2 ? i * PAGE : 0) ==
				   p + i * stride);
		}
		svm_dispatch(&t, program, p + 64, round + 1, lanes);
		for (unsigned int i = 0; i < lanes; i++)
			igt_assert_eq_u32(*(uint32_t *)(p + i * stride + 64), round + 1 + i);
		igt_assert_lte_u64(runs + lanes, svm_stats(&t).runs);
	}
	svm_fini(&t);
	free(program);
	close(file);
	svm_buffer_free(p, size);
}

#define FAULTERS	8
#define FAULT_PAGES	32

struct faulter {
	pthread_t thread;
	pthread_barrier_t *barrier;
	uint8_t *p;
	unsigned int index, rounds;
	bool disjoint;
};

/* Adds one to its word of each page, or to all words of its own pages */
static void *faulter_thread(void *data)
{
	struct faulter *f = data;

	for (unsigned int round = 0; round < f->rounds; round++) {
		pthread_barrier_wait(f->barrier);
		for (unsigned int i = 0; i < FAULT_PAGES; i++) {
			uint32_t *words = (uint32_t *)(f->p + i * PAGE);

			if (!f->disjoint)
				words[f->index]++;
			else if (i % FAULTERS == f->index)
				for (unsigned int k = 0; k < FAULTERS; k++)
					words[k]++;
		}
		pthread_barrier_wait(f->barrier);
	}
	return NULL;
}

/* Eight CPU threads and the GPU fault at once, in the same pages or each in its own */
static void test_faulters(int fd, bool disjoint)
{
	const unsigned int rounds = 10;
	struct vsvm_program *program = svm_atomic_program(PAGE);
	uint8_t *p = svm_buffer(FAULT_PAGES * PAGE);
	/* not the subtest's, which may fail and leave threads behind */
	static struct faulter f[FAULTERS];
	static pthread_barrier_t barrier;
	struct svm t;

	svm_init(&t, fd);
	igt_assert_eq(pthread_barrier_init(&barrier, NULL, FAULTERS + 1), 0);
	for (unsigned int i = 0; i < FAULTERS; i++) {
		f[i] = (struct faulter){
			.barrier = &barrier, .p = p, .index = i, .rounds = rounds,
			.disjoint = disjoint,
		};
		igt_assert_eq(pthread_create(&f[i].thread, NULL, faulter_thread, &f[i]), 0);
	}
	for (unsigned int round = 0; round < rounds; round++) {
		pthread_barrier_wait(&barrier);
		svm_dispatch(&t, program, p + 4 * FAULTERS, 1, FAULT_PAGES);
		pthread_barrier_wait(&barrier);
		for (unsigned int i = 0; i < FAULT_PAGES * PAGE / 4; i++)
			igt_assert_eq_u32(((uint32_t *)p)[i], i % (PAGE / 4) <= FAULTERS);
		igt_assert_eq(madvise(p, FAULT_PAGES * PAGE, MADV_DONTNEED), 0);
	}
	for (unsigned int i = 0; i < FAULTERS; i++)
		igt_assert_eq(pthread_join(f[i].thread, NULL), 0);
	pthread_barrier_destroy(&barrier);
	svm_fini(&t);
	free(program);
	svm_buffer_free(p, FAULT_PAGES * PAGE);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	for (unsigned int i = 0; i < 16; i++) {
		const bool move = i & 8, middle = i & 4, cpu = i & 2, atomic = i & 1;

		igt_describe_f("When %s of a 2M range %s, which %s had, %s lose something",
			       middle ? "the middle" : "half", move ? "moves" : "goes",
			       cpu ? "the CPU" : "the GPU", atomic ? "atomics" : "copies");
		igt_subtest_f("partial-%s-%s%s%s", middle ? "middle" : "half",
			      move ? "remap" : "munmap", cpu ? "-cpu" : "",
			      atomic ? "-atomic" : "")
			test_part(fd, move, middle, cpu, atomic);
	}

	igt_describe("The GPU falls through to the process's memory where no BO is bound");
	igt_subtest("bo-over-memory")
		test_bo_over_memory(fd);
	igt_describe("An address that is memory in one VM and a BO in another is mixed up");
	igt_subtest("bo-alternate")
		test_bo_alternate(fd);
	igt_describe("The GPU keeps memory that a BO has taken the place of, or the BO");
	igt_subtest("bo-back")
		test_bo_back(fd);
	igt_describe("A BO beside memory overlaps with it, or is not where it ends");
	igt_subtest("bo-between")
		test_bo_between(fd);

	igt_describe("Of a wave whose lanes fault in different mappings some get the wrong one");
	igt_subtest("multi-fault")
		test_multi_fault(fd, 1);
	igt_describe("Waves whose lanes fault in mappings that change get old ones");
	igt_subtest("multi-fault-many")
		test_multi_fault(fd, 24);
	igt_describe("CPUs and GPU that fault on the same pages at once lose each other's words");
	igt_subtest("cpu-faulters-same-page")
		test_faulters(fd, false);
	igt_describe("CPUs and GPU that fault on pages beside each other lose words");
	igt_subtest("cpu-faulters-disjoint")
		test_faulters(fd, true);

	igt_fixture()
		drm_close_driver(fd);
}
