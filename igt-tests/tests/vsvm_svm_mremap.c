// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm mremap
 * Description: Memory that moves, grows and shrinks
 */
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("Memory that moves, grows and shrinks");

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif

#define PAGES	16
#define SIZE	(PAGES * PAGE)

/* Numbers from the CPU in the first words, from the GPU (dirty there alone) in the second ones */
static void prepare(struct svm *t, uint8_t *p, unsigned int pages, uint64_t first)
{
	svm_number_pages(p, pages, first);
	svm_stream(t);
	for (unsigned int i = 0; i < pages; i++)
		vsvm_emit_fill(&t->s, vsvm_ptr(p) + i * PAGE + 8, 8, ~(first + i), 8);
	vsvm_run(&t->ctx, &t->s);
}

static void expect(struct svm *t, uint8_t *p, unsigned int pages, uint64_t first)
{
	svm_expect_pages(t, p, pages, first);
	for (unsigned int i = 0; i < pages; i++) {
		igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE), first + i);
		igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE + 8), ~(first + i));
	}
}

/* The GPU reads and changes all of it without the CPU looking in between */
static void expect_gpu_only(struct svm *t, uint8_t *p, unsigned int pages, uint64_t first)
{
	const uint64_t *words = svm_read_pages(t, p + 8, pages, PAGE);

	for (unsigned int i = 0; i < pages; i++)
		igt_assert_eq_u64(words[i], ~(first + i));
}

static void test_move(int fd, bool look)
{
	uint8_t *a = svm_buffer(SIZE), *b = svm_buffer(SIZE), *from, *to;
	struct svm t;

	svm_init(&t, fd);
	prepare(&t, a, PAGES, 1);
	for (int round = 0; round < 10; round++) {
		from = round % 2 ? b : a;
		to = round % 2 ? a : b;
		vsvm_unmap(to, SIZE);
		igt_assert(mremap(from, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
		if (look && round % 2)
			expect(&t, to, PAGES, 1);
		else
			expect_gpu_only(&t, to, PAGES, 1);
		svm_expect_errors(&t, from + 3 * PAGE, VSVM_ERROR_UNMAPPED);
	}
	expect(&t, a, PAGES, 1);
	vsvm_vm_sync(fd, t.ctx.vm);
	svm_expect_interval(&t, a, SIZE);
	if (vsvm_is_vma_policy())
		igt_assert_eq(svm_intervals_in(&t, b, SIZE, NULL, 0), 0);
	svm_fini(&t);
	svm_buffer_free(a, SIZE);
	vsvm_unmap(b - SVM_GUARD, SVM_GUARD);
	vsvm_unmap(b + SIZE, SVM_GUARD);
}

/* The middle of a mapping moves, what is left of it stays */
static void test_move_part(int fd)
{
	uint8_t *a = svm_buffer(SIZE), *b = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	prepare(&t, a, PAGES, 1);
	igt_assert(mremap(a + 5 * PAGE, 6 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, b) == b);
	expect_gpu_only(&t, b, 6, 6);
	expect_gpu_only(&t, a, 5, 1);
	expect_gpu_only(&t, a + 11 * PAGE, 5, 12);
	svm_expect_errors(&t, a + 5 * PAGE, VSVM_ERROR_UNMAPPED);
	svm_expect_errors(&t, a + 11 * PAGE - 4, VSVM_ERROR_UNMAPPED);
	expect(&t, b, 6, 6);
	expect(&t, a, 5, 1);
	/* what was mapped at the new place has gone */
	igt_assert_eq_u64(svm_read(&t, b + 6 * PAGE), 0);
	svm_fini(&t);
	svm_buffer_free(a, SIZE);
	svm_buffer_free(b, SIZE);
}

static void test_grow(int fd, bool in_place)
{
	uint8_t *a = svm_buffer(2 * SIZE), *b;
	struct svm t;

	svm_init(&t, fd);
	vsvm_unmap(a + SIZE, SIZE);
	prepare(&t, a, PAGES, 1);
	if (in_place) {
		b = mremap(a, SIZE, 2 * SIZE, 0);
		igt_assert_eq_ptr(b, a);
	} else {
		b = svm_buffer(2 * SIZE);
		igt_assert(mremap(a, SIZE, 2 * SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, b) == b);
		svm_expect_errors(&t, a, VSVM_ERROR_UNMAPPED);
	}
	expect_gpu_only(&t, b, PAGES, 1);
	svm_expect_zeros(&t, b + SIZE, PAGES);
	prepare(&t, b + SIZE, PAGES, 100);
	expect(&t, b, PAGES, 1);
	expect(&t, b + SIZE, PAGES, 100);
	vsvm_vm_sync(fd, t.ctx.vm);
	svm_expect_interval(&t, b, 2 * SIZE);
	svm_fini(&t);
	svm_map_at(a, 2 * SIZE);
	svm_buffer_free(a, 2 * SIZE);
	if (!in_place)
		svm_buffer_free(b, 2 * SIZE);
}

static void test_shrink(int fd)
{
	uint8_t *a = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	prepare(&t, a, PAGES, 1);
	igt_assert(mremap(a, SIZE, 5 * PAGE, 0) == a);
	svm_expect_errors(&t, a + 5 * PAGE, VSVM_ERROR_UNMAPPED);
	expect_gpu_only(&t, a, 5, 1);
	expect(&t, a, 5, 1);
	vsvm_vm_sync(fd, t.ctx.vm);
	svm_expect_interval(&t, a, 5 * PAGE);
	/* and back: not what was there */
	igt_assert(mremap(a, 5 * PAGE, SIZE, 0) == a);
	svm_expect_zeros(&t, a + 5 * PAGE, PAGES - 5);
	expect(&t, a, 5, 1);
	svm_fini(&t);
	svm_buffer_free(a, SIZE);
}

/* The pages move, the mapping stays and is empty */
static void test_dontunmap(int fd, bool shared)
{
	uint8_t *a = svm_buffer(SIZE), *b = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	if (shared)
		igt_assert(mmap(a, SIZE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == a);
	prepare(&t, a, PAGES, 1);
	igt_assert(mremap(a, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, b) == b);
	expect_gpu_only(&t, b, PAGES, 1);
	if (shared) {
		/* the same memory at two addresses */
		expect_gpu_only(&t, a, PAGES, 1);
		svm_write(&t, a, 77);
		igt_assert_eq_u64(svm_read(&t, b), 77);
		svm_write(&t, a, 1);
	} else {
		svm_expect_zeros(&t, a, PAGES);
		svm_expect_zeros(&t, a + 8, PAGES);
		prepare(&t, a, PAGES, 50);
		expect(&t, a, PAGES, 50);
	}
	expect(&t, b, PAGES, 1);
	vsvm_vm_sync(fd, t.ctx.vm);
	svm_expect_interval(&t, a, SIZE);
	svm_expect_interval(&t, b, SIZE);
	svm_fini(&t);
	svm_buffer_free(a, SIZE);
	svm_buffer_free(b, SIZE);
}

/* Onto memory that the GPU has, too: it goes, and with it what the GPU knew */
static void test_over(int fd)
{
	uint8_t *a = svm_buffer(SIZE), *b = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	for (uint64_t round = 1; round < 6; round++) {
		svm_map_at(a, SIZE);
		prepare(&t, a, PAGES, 100 * round);
		prepare(&t, b, PAGES, 1000 * round);
		igt_assert(mremap(a, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, b) == b);
		expect_gpu_only(&t, b, PAGES, 100 * round);
		svm_expect_error(&t, a, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
		expect(&t, b, PAGES, 100 * round);
	}
	svm_fini(&t);
	svm_map_at(a, SIZE);
	svm_buffer_free(a, SIZE);
	svm_buffer_free(b, SIZE);
}

static void test_file(int fd, int flags)
{
	uint8_t *a = svm_buffer(SIZE), *b = svm_buffer(SIZE);
	int file = svm_temp_file(SIZE);
	uint64_t word;
	struct svm t;

	svm_init(&t, fd);
	igt_assert(mmap(a, SIZE, RW, flags | MAP_FIXED, file, 0) == a);
	prepare(&t, a, PAGES, 1);
	igt_assert(mremap(a + 4 * PAGE, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, b) == b);
	expect_gpu_only(&t, b, 4, 5);
	expect_gpu_only(&t, a, 4, 1);
	svm_expect_errors(&t, a + 4 * PAGE, VSVM_ERROR_UNMAPPED);
	svm_write(&t, b + 16, 42);
	igt_assert_eq(pread(file, &word, 8, 4 * PAGE + 16), 8);
	igt_assert_eq_u64(word, flags == MAP_SHARED ? 42 : 0);
	expect(&t, b, 4, 5);
	svm_fini(&t);
	svm_buffer_free(a, SIZE);
	svm_buffer_free(b, SIZE);
	close(file);
}

/* Protected around the move, as a garbage collector does */
static void test_protect(int fd)
{
	uint8_t *a = svm_buffer(SIZE), *b = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	prepare(&t, a, PAGES, 1);
	igt_assert_eq(mprotect(a, SIZE, PROT_READ), 0);
	igt_assert(mremap(a, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, b) == b);
	expect_gpu_only(&t, b, PAGES, 1);
	svm_expect_error(&t, b, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	igt_assert_eq(mprotect(b, SIZE, RW), 0);
	prepare(&t, b, PAGES, 7);
	expect(&t, b, PAGES, 7);
	svm_fini(&t);
	svm_map_at(a, SIZE);
	svm_buffer_free(a, SIZE);
	svm_buffer_free(b, SIZE);
}

/* A 2M page moves as a whole, or in parts */
static void test_huge(int fd, bool part)
{
	const size_t size = 2 * VSVM_2M, pages = size / PAGE;
	uint8_t *a = svm_buffer(size), *b = svm_buffer(size);
	struct svm t;

	svm_init(&t, fd);
	igt_assert_eq(madvise(a, size, MADV_HUGEPAGE), 0);
	prepare(&t, a, pages, 1);
	vsvm_unmap(b, size);
	if (part) {
		igt_assert(mremap(a + 300 * PAGE, 400 * PAGE, 400 * PAGE,
				  MREMAP_MAYMOVE | MREMAP_FIXED, b + 8 * PAGE) == b + 8 * PAGE);
		expect_gpu_only(&t, b + 8 * PAGE, 400, 301);
		expect_gpu_only(&t, a, 300, 1);
		expect_gpu_only(&t, a + 700 * PAGE, pages - 700, 701);
		svm_expect_errors(&t, a + 300 * PAGE, VSVM_ERROR_UNMAPPED);
		svm_expect_errors(&t, a + 512 * PAGE, VSVM_ERROR_UNMAPPED);
		expect(&t, b + 8 * PAGE, 400, 301);
		expect(&t, a, 300, 1);
		vsvm_unmap(b + 8 * PAGE, 400 * PAGE);
	} else {
		igt_assert(mremap(a, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, b) == b);
		expect_gpu_only(&t, b, pages, 1);
		svm_expect_errors(&t, a + VSVM_2M, VSVM_ERROR_UNMAPPED);
		expect(&t, b, pages, 1);
		vsvm_unmap(b, size);
	}
	svm_fini(&t);
	svm_map_at(a, size);
	svm_buffer_free(a, size);
	svm_map_at(b, size);
	svm_buffer_free(b, size);
}

/* realloc of a large block is mremap */
static void test_realloc(int fd)
{
	size_t size = 256 << 10;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = malloc(size);
	for (int round = 0; round < 6; round++) {
		svm_fill(&t, p, size, 0x0101010101010101 * (round + 1));
		p = realloc(p, size * 2);
		igt_assert(p);
		igt_assert_eq_u64(svm_read(&t, p), 0x0101010101010101 * (round + 1));
		igt_assert_eq_u64(svm_read(&t, p + size - 8), 0x0101010101010101 * (round + 1));
		for (size_t i = 0; i < size; i += 777)
			igt_assert_eq(p[i], round + 1);
		svm_write(&t, p + 2 * size - 8, round);
		size *= 2;
	}
	free(p);
	svm_fini(&t);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	igt_describe("Moved memory is not found at its new address, or still at the old one");
	igt_subtest("move")
		test_move(fd, true);
	igt_describe("Memory that moves while the GPU alone has written it loses what was written");
	igt_subtest("move-gpu-only")
		test_move(fd, false);
	igt_describe("When a part of a mapping moves, the rest is lost or the part stays");
	igt_subtest("move-part")
		test_move_part(fd);
	igt_describe("A mapping that grows where it is loses what is in it");
	igt_subtest("grow")
		test_grow(fd, true);
	igt_describe("A mapping that grows and moves loses what is in it");
	igt_subtest("grow-move")
		test_grow(fd, false);
	igt_describe("The GPU reaches what a shrunk mapping has given up");
	igt_subtest("shrink")
		test_shrink(fd);
	igt_describe("A mapping whose pages were moved away still shows them");
	igt_subtest("dontunmap")
		test_dontunmap(fd, false);
	igt_describe("A shared mapping moved without unmapping is not the same at both addresses");
	igt_subtest("dontunmap-shared")
		test_dontunmap(fd, true);
	igt_describe("Memory moved over other memory shows what was there before");
	igt_subtest("over")
		test_over(fd);
	igt_describe("A part of a shared mapping of a file is not the file any more after a move");
	igt_subtest("file-shared")
		test_file(fd, MAP_SHARED);
	igt_describe("A part of a private mapping of a file loses the private pages in a move");
	igt_subtest("file-private")
		test_file(fd, MAP_PRIVATE);
	igt_describe("Memory that is protected around a move can be written, or not any more");
	igt_subtest("protect")
		test_protect(fd);
	igt_describe("A 2M page is lost when it moves");
	igt_subtest("huge")
		test_huge(fd, false);
	igt_describe("2M pages are lost when a part of them moves");
	igt_subtest("huge-part")
		test_huge(fd, true);
	igt_describe("A block that realloc makes larger loses what the GPU wrote");
	igt_subtest("realloc")
		test_realloc(fd);

	igt_fixture()
		drm_close_driver(fd);
}
