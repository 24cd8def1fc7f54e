// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm thp
 * Description: 4K pages that become a 2M page, and a 2M page that is split, under the GPU
 */
#include "vsvm_busy.h"
#include "vsvm_mm.h"

IGT_TEST_DESCRIPTION("4K pages that become a 2M page, and a 2M page that is split");

#define SIZE	VSVM_2M
#define PAGES	(SIZE / PAGE)
/* The words of the GPU's work items, all over the 2M page */
#define STRIDE	(SIZE / BUSY_LANES)

static void expect_huge(const void *p)
{
	igt_require_f(vsvm_huge_kib(p) == SIZE / 1024, "no 2M page to be had\n");
}

/* A 2M page that the GPU alone has written, and has a 2M leaf for */
static void begin_huge(struct svm *t, struct known *k, int fd)
{
	uint8_t *p = svm_buffer(SIZE);

	busy_init(t, fd);
	igt_assert_eq(madvise(p, SIZE, MADV_HUGEPAGE), 0);
	known_init(k, p, SIZE);
	known_write(k, t);
	expect_huge(p);
	igt_assert_eq_u64(svm_stats(t).pages_2m, PAGES);
}

static void end(struct svm *t, struct known *k)
{
	svm_fini(t);
	svm_buffer_free(k->p, SIZE);
	known_fini(k);
}

/* Puts pages where the kernel can be asked for 2M ones of them: private, or of a file in memory */
static void map_small(uint8_t *p, bool shared, int *mem)
{
	*mem = -1;
	if (shared) {
		*mem = memfd_create("vsvm", 0);
		igt_assert_fd(*mem);
		igt_assert_eq(ftruncate(*mem, SIZE), 0);
		igt_assert(mmap(p, SIZE, RW, MAP_SHARED | MAP_FIXED, *mem, 0) == p);
	}
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
}

static void make_huge(uint8_t *p)
{
	igt_assert_eq(madvise(p, SIZE, MADV_HUGEPAGE), 0);
	igt_require_f(vsvm_collapse(p, SIZE), "MADV_COLLAPSE: %m\n");
	expect_huge(p);
}

static void test_collapse(int fd, bool shared)
{
	struct drm_vsvm_vm_stats before, after;
	uint8_t *p = svm_buffer(SIZE);
	struct known k;
	struct svm t;
	int mem;

	busy_init(&t, fd);
	map_small(p, shared, &mem);
	known_init(&k, p, SIZE);
	known_write(&k, &t);
	igt_assert_eq_u64(svm_stats(&t).pages_2m, 0);
	before = svm_stats(&t);
	make_huge(p);
	after = svm_stats(&t);
	igt_assert_lte_u64(before.pages_zapped + PAGES, after.pages_zapped);
	known_expect_gpu(&k, &t);
	igt_assert_eq_u64(svm_stats(&t).pages_2m, PAGES);
	known_expect_cpu(&k);
	known_write_part(&k, &t, 3 * PAGE + 7, 300 * PAGE);
	known_expect(&k, &t);
	if (shared) {
		/* a hole in the file: the page cannot be a whole one any more */
		igt_assert_eq(fallocate(mem, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					100 * PAGE, 50 * PAGE), 0);
		memset(k.want + 100 * PAGE, 0, 50 * PAGE);
		igt_assert_eq_u64(svm_stats(&t).pages_2m, 0);
		known_expect(&k, &t);
		igt_assert_eq(pread(mem, k.got, SIZE, 0), SIZE);
		igt_assert(!memcmp(k.got, k.want, SIZE));
		close(mem);
	}
	end(&t, &k);
}

static void test_collapse_busy(int fd, bool shared)
{
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;
	int mem;

	busy_init(&t, fd);
	for (unsigned int round = 0; round < 3; round++) {
		map_small(p, shared, &mem);
		/* what is not there need not be moved */
		for (unsigned int i = 0; i < PAGES; i++)
			*(uint32_t *)(p + i * PAGE + 8) = i;
		busy_start(&t, p, STRIDE, 0);
		busy_rounds(2);
		make_huge(p);
		busy_rounds(2);
		busy_stop();
		for (unsigned int i = 0; i < PAGES; i++)
			igt_assert_eq_u32(*(uint32_t *)(p + i * PAGE + 8), i);
		svm_map_at(p, SIZE);
		if (mem >= 0)
			close(mem);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* The kernel splits the page for reasons of its own; nothing changes for the process */
static void split_pages(const uint8_t *p)
{
	int64_t deadline = vsvm_deadline(2 * VSVM_WAIT_NS);

	/* not while anybody has a reference, which may be for a moment */
	do {
		igt_assert_f(vsvm_now() < deadline, "the page is not split\n");
		vsvm_tell("/sys/kernel/debug/split_huge_pages", "%d,%#llx,%#llx", getpid(),
			  (long long)vsvm_ptr(p), (long long)vsvm_ptr(p) + SIZE);
	} while (vsvm_huge_kib(p));
}

static void test_split(int fd)
{
	struct known k;
	struct svm t;

	begin_huge(&t, &k, fd);
	split_pages(k.p);
	igt_assert_eq_u64(svm_stats(&t).pages_2m, 0);
	known_expect(&k, &t);
	known_write_part(&k, &t, 5 * PAGE + 3, 200 * PAGE);
	known_expect(&k, &t);
	/* and together again */
	make_huge(k.p);
	known_expect(&k, &t);
	igt_assert_eq_u64(svm_stats(&t).pages_2m, PAGES);
	end(&t, &k);
}

static void test_split_busy(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	busy_init(&t, fd);
	igt_assert_eq(madvise(p, SIZE, MADV_HUGEPAGE), 0);
	memset(p, 0, SIZE);
	expect_huge(p);
	busy_start(&t, p, STRIDE, 0);
	busy_rounds(1);
	igt_assert_eq_u64(svm_stats(&t).pages_2m, PAGES);
	for (unsigned int round = 0; round < 3; round++) {
		split_pages(p);
		busy_rounds(2);
		make_huge(p);
		busy_rounds(2);
	}
	busy_stop();
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

enum part { DONTNEED, READONLY, UNMAP, FREE, MOVE, NUM_PARTS };

/* Half of a 2M page changes while the GPU writes the other half, and has the whole in its TLB */
static void test_part(int fd, enum part part)
{
	uint8_t *p = svm_buffer(SIZE), *half = p + SIZE / 2, *to = svm_buffer(SIZE / 2);
	const size_t size = SIZE / 2;
	struct svm t;

	busy_init(&t, fd);
	for (unsigned int round = 0; round < 3; round++) {
		uint64_t words;

		svm_map_at(p, SIZE);
		igt_assert_eq(madvise(p, SIZE, MADV_HUGEPAGE), 0);
		memset(p, 0, SIZE);
		expect_huge(p);
		svm_fill(&t, half, size, 0x1234567);
		busy_start(&t, p, STRIDE / 2, 0);
		busy_rounds(2);
		igt_assert_eq_u64(svm_stats(&t).pages_2m, PAGES);
		switch (part) {
		case DONTNEED:
			igt_assert_eq(madvise(half, size, MADV_DONTNEED), 0);
			busy_rounds(2);
			for (unsigned int i = 0; i < size / 8; i++)
				igt_assert_eq_u64(((uint64_t *)half)[i], 0);
			svm_expect_zeros(&t, half, PAGES / 2);
			break;
		case READONLY:
			igt_assert_eq(mprotect(half, size, PROT_READ), 0);
			busy_rounds(2);
			svm_expect_error(&t, half + PAGE, VSVM_ACCESS_WRITE,
					 VSVM_ERROR_PERMISSION);
			for (unsigned int i = 0; i < size / 8; i++)
				igt_assert_eq_u64(((uint64_t *)half)[i], 0x1234567);
			break;
		case UNMAP:
			vsvm_unmap(half, size);
			busy_rounds(2);
			svm_expect_errors(&t, half, VSVM_ERROR_UNMAPPED);
			svm_expect_errors(&t, half + size - 4, VSVM_ERROR_UNMAPPED);
			break;
		case FREE:
			igt_assert_eq(madvise(half, size, MADV_FREE), 0);
			busy_rounds(2);
			/* what is written from now on has to stay, whatever is thrown away */
			for (unsigned int i = 0; i < size; i += 2 * PAGE)
				svm_write(&t, half + i, 0x7654321);
			vsvm_tell("/proc/sys/vm/drop_caches", "1");
			igt_assert_eq(madvise(half, size, MADV_PAGEOUT), 0);
			for (unsigned int i = 0; i < size / 8; i++) {
				words = ((uint64_t *)half)[i];
				if (i % (2 * PAGE / 8) == 0)
					igt_assert_eq_u64(words, 0x7654321);
				else
					igt_assert_f(!words || words == 0x1234567, "%u: %#llx\n",
						     i, (long long)words);
			}
			break;
		default:
			igt_assert(mremap(half, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) ==
				   to);
			busy_rounds(2);
			for (unsigned int i = 0; i < size / 8; i++)
				igt_assert_eq_u64(((uint64_t *)to)[i], 0x1234567);
			igt_assert_eq_u64(svm_read(&t, to + size - 8), 0x1234567);
			svm_expect_error(&t, half, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
		}
		busy_stop();
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(to, SIZE / 2);
}

/* No more 2M pages are wanted; those that are there stay, until they are given up */
static void test_no_more(int fd)
{
	struct known k;
	struct svm t;

	begin_huge(&t, &k, fd);
	igt_assert_eq(madvise(k.p, SIZE, MADV_NOHUGEPAGE), 0);
	known_expect(&k, &t);
	igt_assert_eq(madvise(k.p, SIZE, MADV_DONTNEED), 0);
	memset(k.want, 0, SIZE);
	known_expect(&k, &t);
	known_write(&k, &t);
	igt_assert_eq_u64(svm_stats(&t).pages_2m, 0);
	igt_assert_eq_u64(vsvm_huge_kib(k.p), 0);
	known_expect(&k, &t);
	end(&t, &k);
}

/* A 2M page that is locked in memory, then a part of it is not */
static void test_locked(int fd)
{
	struct known k;
	struct svm t;

	begin_huge(&t, &k, fd);
	igt_assert_eq(mlock(k.p, SIZE), 0);
	known_expect(&k, &t);
	known_write(&k, &t);
	igt_assert_eq_u64(svm_stats(&t).pages_2m, PAGES);
	igt_assert_eq(munlock(k.p + 64 * PAGE, 64 * PAGE), 0);
	known_expect(&k, &t);
	known_write_part(&k, &t, 60 * PAGE, 80 * PAGE);
	igt_assert_eq(madvise(k.p + 64 * PAGE, 64 * PAGE, MADV_DONTNEED), 0);
	memset(k.want + 64 * PAGE, 0, 64 * PAGE);
	known_expect(&k, &t);
	known_write(&k, &t);
	known_expect(&k, &t);
	igt_assert_eq(munlock(k.p, SIZE), 0);
	known_expect(&k, &t);
	end(&t, &k);
}

/* The page of zeros that stands for 2M nobody has written: read, then written in one place */
static void test_zero(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct known k;
	struct svm t;

	busy_init(&t, fd);
	igt_assert_eq(madvise(p, SIZE, MADV_HUGEPAGE), 0);
	known_init(&k, p, SIZE);
	memset(k.want, 0, SIZE);
	known_expect_gpu(&k, &t);
	known_write_part(&k, &t, 200 * PAGE + 1, 5);
	known_expect(&k, &t);
	known_write_part(&k, &t, 3, SIZE - 3);
	known_expect(&k, &t);
	end(&t, &k);
}

int igt_main()
{
	static const char *const parts[NUM_PARTS] = {
		"dontneed", "mprotect", "munmap", "free", "mremap",
	};
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	igt_describe("The GPU uses 4K pages on when they have become a 2M page, or never has that");
	igt_subtest("collapse")
		test_collapse(fd, false);
	igt_describe("Shared memory becomes a 2M page, and the GPU uses what it was before");
	igt_subtest("collapse-shared")
		test_collapse(fd, true);
	igt_describe("A GPU at work loses writes when its pages become a 2M page");
	igt_subtest("collapse-busy")
		test_collapse_busy(fd, false);
	igt_describe("A GPU at work loses writes when shared memory becomes a 2M page");
	igt_subtest("collapse-shared-busy")
		test_collapse_busy(fd, true);
	igt_describe("A 2M page is split, and the GPU keeps it whole or gets other bytes");
	igt_subtest("split")
		test_split(fd);
	igt_describe("A GPU at work loses writes when its 2M page is split");
	igt_subtest("split-busy")
		test_split_busy(fd);
	for (unsigned int i = 0; i < NUM_PARTS; i++) {
		igt_describe_f("Half of a 2M page goes (%s): the GPU keeps it, or loses writes",
			       parts[i]);
		igt_subtest_f("part-busy-%s", parts[i])
			test_part(fd, i);
	}
	igt_describe("MADV_NOHUGEPAGE loses a 2M page, or the GPU keeps it when it was given up");
	igt_subtest("nohugepage")
		test_no_more(fd);
	igt_describe("A 2M page that is locked, in part later, loses what the GPU wrote");
	igt_subtest("locked")
		test_locked(fd);
	igt_describe("The GPU writes into the 2M of zeros that all share, or sees other bytes");
	igt_subtest("zero")
		test_zero(fd);

	igt_fixture()
		drm_close_driver(fd);
}
