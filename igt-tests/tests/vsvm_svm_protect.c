// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm protect
 * Description: Rights that change, and pages that are given up, under the GPU
 */
#include "vsvm_mm.h"
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("Rights that change, and pages that are given up, under the GPU");

#ifndef MADV_PAGEOUT
#define MADV_COLD	20
#define MADV_PAGEOUT	21
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif

#define PAGES	16
#define SIZE	(PAGES * PAGE)

static void test_rw_ro_rw(int fd, bool file)
{
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;
	int mem = -1;

	svm_init(&t, fd);
	if (file) {
		mem = memfd_create("vsvm", 0);
		igt_assert_fd(mem);
		igt_assert_eq(ftruncate(mem, SIZE), 0);
		igt_assert(mmap(p, SIZE, RW, MAP_SHARED | MAP_FIXED, mem, 0) == p);
	}
	for (uint64_t round = 1; round < 5; round++) {
		svm_fill(&t, p, SIZE, round);
		igt_assert_eq(mprotect(p + 4 * PAGE, 8 * PAGE, PROT_READ), 0);
		svm_expect_error(&t, p + 4 * PAGE + 8, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
		svm_expect_error(&t, p + 12 * PAGE - 4, VSVM_ACCESS_ATOMIC, VSVM_ERROR_PERMISSION);
		for (unsigned int i = 0; i < PAGES; i++)
			igt_assert_eq_u64(svm_read(&t, p + i * PAGE + 8), round);
		svm_write(&t, p + 3 * PAGE, 33);
		svm_write(&t, p + 12 * PAGE, 44);
		igt_assert_eq(mprotect(p, SIZE, RW), 0);
		svm_write(&t, p + 5 * PAGE, 55);
		igt_assert_eq_u64(*(uint64_t *)(p + 5 * PAGE), 55);
		igt_assert_eq_u64(*(uint64_t *)(p + 4 * PAGE + 8), round);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	if (mem >= 0)
		close(mem);
}

static void test_none(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	svm_number_pages(p, PAGES, 1);
	for (unsigned int round = 0; round < 4; round++) {
		svm_expect_pages(&t, p, PAGES, 1);
		svm_fill(&t, p + 8, 8, round);
		igt_assert_eq(mprotect(p, SIZE, PROT_NONE), 0);
		svm_expect_errors(&t, p + 8, VSVM_ERROR_PERMISSION);
		igt_assert_eq(mprotect(p, SIZE, PROT_READ), 0);
		svm_expect_pages(&t, p, PAGES, 1);
		svm_expect_error(&t, p, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
		igt_assert_eq_u64(svm_read(&t, p + 8), round);
		igt_assert_eq(mprotect(p, SIZE, RW), 0);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* The GPU writes all the time; once mprotect has returned, nothing changes any more */
static void test_busy(int fd)
{
	const unsigned int passes = 24;
	uint64_t *p = svm_buffer(SIZE), *copy = vsvm_map(SIZE);
	struct vsvm_stream s = {};
	struct svm t;

	svm_init(&t, fd);
	memset(p, 0, SIZE);
	for (uint64_t i = 0; i < passes * PAGES; i++)
		vsvm_emit_fill(&s, vsvm_ptr(p) + i % PAGES * PAGE, PAGE, i, 8);
	for (int round = 0; round < 12; round++) {
		vsvm_submit(&t.ctx, &s);
		usleep(100 * round);
		igt_assert_eq(mprotect(p, SIZE, PROT_READ), 0);
		memcpy(copy, p, SIZE);
		usleep(1000);
		igt_assert(!memcmp(copy, p, SIZE));
		igt_assert_eq(mprotect(p, SIZE, RW), 0);
		/* it was done, or was caught at it */
		vsvm_ctx_new_queue(&t.ctx);
		svm_fill(&t, p, SIZE, 0x4242);
		igt_assert_eq_u64(p[SIZE / 8 - 1], 0x4242);
	}
	svm_fini(&t);
	vsvm_stream_fini(&s);
	svm_buffer_free(p, SIZE);
	vsvm_unmap(copy, SIZE);
}

static void test_dontneed(int fd, bool gpu_dirty)
{
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	for (unsigned int round = 0; round < 6; round++) {
		if (gpu_dirty) {
			svm_fill(&t, p, SIZE, 0x1234);
		} else {
			memset(p, 0x34, SIZE);
			svm_read_pages(&t, p, PAGES, PAGE);
		}
		igt_assert_eq(madvise(p + 2 * PAGE, 10 * PAGE, MADV_DONTNEED), 0);
		svm_expect_zeros(&t, p + 2 * PAGE, 10);
		igt_assert_eq_u64(svm_read(&t, p + PAGE), gpu_dirty ? 0x1234 : 0x3434343434343434);
		igt_assert_eq_u64(svm_read(&t, p + 12 * PAGE),
				  gpu_dirty ? 0x1234 : 0x3434343434343434);
		for (unsigned int i = 2 * PAGE; i < 12 * PAGE; i++)
			igt_assert_eq(p[i], 0);
		/* the same again, the GPU being first to write */
		svm_write(&t, p + 3 * PAGE, round);
		igt_assert_eq_u64(*(uint64_t *)(p + 3 * PAGE), round);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Of a private mapping of a file: what the file has comes back */
static void test_dontneed_file(int fd)
{
	int file = svm_temp_file(SIZE);
	uint8_t *p = svm_buffer(SIZE), *shared;
	struct svm t;

	svm_init(&t, fd);
	igt_assert(mmap(p, SIZE, RW, MAP_PRIVATE | MAP_FIXED, file, 0) == p);
	shared = mmap(NULL, SIZE, RW, MAP_SHARED, file, 0);
	igt_assert(shared != MAP_FAILED);
	svm_number_pages(shared, PAGES, 1);
	svm_expect_pages(&t, p, PAGES, 1);
	svm_fill(&t, p, SIZE, 0x77);
	svm_expect_pages(&t, shared, PAGES, 1);
	igt_assert_eq(madvise(p, SIZE, MADV_DONTNEED), 0);
	svm_expect_pages(&t, p, PAGES, 1);
	svm_number_pages(shared, PAGES, 100);
	svm_expect_pages(&t, p, PAGES, 100);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	vsvm_unmap(shared, SIZE);
	close(file);
}

/* Contents may be zeros from then on, but nothing else; what is written afterwards stays */
static void test_free(int fd)
{
	uint64_t *p = svm_buffer(SIZE), value;
	struct svm t;

	svm_init(&t, fd);
	for (uint64_t round = 1; round < 6; round++) {
		svm_fill(&t, p, SIZE, round);
		igt_assert_eq(madvise(p, SIZE, MADV_FREE), 0);
		/* dirty again by the GPU alone: must not be thrown away */
		svm_stream(&t);
		for (unsigned int i = 0; i < PAGES; i += 2)
			vsvm_emit_fill(&t.s, vsvm_ptr(p) + i * PAGE, 8, 1000 + i, 8);
		vsvm_run(&t.ctx, &t.s);
		(void)madvise(p, SIZE, MADV_PAGEOUT);
		for (unsigned int i = 0; i < PAGES; i++) {
			value = svm_read(&t, p + i * PAGE / 8);
			if (i % 2)
				igt_assert(value == round || value == 0);
			else
				igt_assert_eq_u64(value, 1000 + i);
		}
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/*
 * Pages come back from swap, and are the same there still: as long as nobody says that they were
 * written, they are not written to swap again. The CPU has only read them, and the GPU writes.
 */
static void test_swap(int fd, bool large)
{
	const size_t size = large ? VSVM_2M : SIZE;
	uint64_t *p = svm_buffer(size);
	struct drm_vsvm_vm_stats before;
	struct svm t;

	vsvm_swapfile_on(2 * VSVM_2M / PAGE);
	igt_assert_eq(madvise(p, size, large ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), 0);
	svm_init(&t, fd);
	for (uint64_t round = 1; round < 4; round++) {
		for (unsigned int i = 0; i < size / 8; i++)
			p[i] = round << 32 | i;
		vsvm_page_out(p, size);
		for (unsigned int i = 0; i < size / 8; i++)
			igt_assert_eq_u64(READ_ONCE(p[i]), round << 32 | i);
		/* for reading, and may be written then without a word to the CPU */
		svm_read_pages(&t, p, size / PAGE, PAGE);
		before = svm_stats(&t);
		svm_fill(&t, p, size, ~round);
		vsvm_page_out(p, size);
		igt_assert_lt_u64(before.pages_dirtied, svm_stats(&t).pages_dirtied);
		for (unsigned int i = 0; i < size / 8; i++)
			igt_assert_eq_u64(p[i], ~round);
	}
	svm_fini(&t);
	svm_buffer_free(p, size);
	vsvm_swapfile_off();
}

/* Reclaim takes pages of a file away; what the GPU wrote is not lost */
static void test_pageout(int fd, bool dirty)
{
	int file = svm_temp_file(SIZE);
	int drop = open("/proc/sys/vm/drop_caches", O_WRONLY);
	struct drm_vsvm_vm_stats before, after;
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	igt_require_f(drop >= 0, "drop_caches: %m\n");
	svm_init(&t, fd);
	igt_assert(mmap(p, SIZE, RW, MAP_SHARED | MAP_FIXED, file, 0) == p);
	for (uint64_t round = 1; round < 4; round++) {
		if (dirty) {
			svm_fill(&t, p, SIZE, round);
		} else {
			memset(p, round, SIZE);
			svm_read_pages(&t, p, PAGES, PAGE);
			igt_assert_eq(msync(p, SIZE, MS_SYNC), 0);
			svm_read_pages(&t, p, PAGES, PAGE);
		}
		before = svm_stats(&t);
		/* pages on the way to a list are passed over; this puts them where they belong */
		igt_assert_eq(write(drop, "1", 1), 1);
		for (int i = 0; i < 20; i++) {
			igt_assert_eq(madvise(p, SIZE, MADV_PAGEOUT), 0);
			after = svm_stats(&t);
			if (dirty || after.pages_zapped > before.pages_zapped)
				break;
			usleep(1000);
		}
		igt_require_f(dirty || after.pages_zapped > before.pages_zapped,
			      "nothing is paged out\n");
		for (unsigned int i = 0; i < PAGES; i++)
			igt_assert_eq_u64(svm_read(&t, p + i * PAGE),
					  dirty ? round : round * 0x0101010101010101);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	close(file);
	close(drop);
}

/* A hole is punched into a file that is mapped */
static void test_punch(int fd)
{
	int mem = memfd_create("vsvm", 0);
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	igt_assert_fd(mem);
	igt_assert_eq(ftruncate(mem, SIZE), 0);
	igt_assert(mmap(p, SIZE, RW, MAP_SHARED | MAP_FIXED, mem, 0) == p);
	for (unsigned int round = 1; round < 5; round++) {
		svm_fill(&t, p, SIZE, round);
		igt_assert_eq(fallocate(mem, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4 * PAGE,
					8 * PAGE), 0);
		svm_expect_zeros(&t, p + 4 * PAGE, 8);
		igt_assert_eq_u64(svm_read(&t, p + 3 * PAGE), round);
		igt_assert_eq_u64(svm_read(&t, p + 12 * PAGE), round);
		svm_write(&t, p + 5 * PAGE, 7);
		igt_assert_eq_u64(*(uint64_t *)(p + 5 * PAGE), 7);
		/* and the same by madvise */
		svm_fill(&t, p, SIZE, round);
		igt_assert_eq(madvise(p + 4 * PAGE, 8 * PAGE, MADV_REMOVE), 0);
		svm_expect_zeros(&t, p + 4 * PAGE, 8);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	close(mem);
}

/* Locked, unlocked, advised: none of it may change what is there */
static void test_advice(int fd)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTFORK,
		MADV_DOFORK, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_COLD, MADV_POPULATE_WRITE,
		MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_DONTDUMP, MADV_DODUMP,
	};
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(advice); i++) {
		svm_fill(&t, p, SIZE, i + 1);
		/* not every kernel has every one */
		if (madvise(p + 4 * PAGE, 8 * PAGE, advice[i]) && errno != EINVAL)
			igt_assert_f(false, "advice %d: %m\n", advice[i]);
		for (unsigned int j = 0; j < PAGES; j++) {
			igt_assert_eq_u64(svm_read(&t, p + j * PAGE), i + 1);
			igt_assert_eq_u64(*(uint64_t *)(p + j * PAGE + 8), i + 1);
		}
		svm_write(&t, p + 5 * PAGE, 1000 + i);
		igt_assert_eq_u64(*(uint64_t *)(p + 5 * PAGE), 1000 + i);
	}
	igt_assert_eq(mlock(p, SIZE), 0);
	svm_fill(&t, p, SIZE, 99);
	igt_assert_eq(munlock(p, SIZE), 0);
	igt_assert_eq_u64(svm_read(&t, p), 99);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* The kernel moves pages about in memory, the GPU works on them all the while */
static void test_compact(int fd)
{
	const unsigned int pages = 512;
	uint64_t *p = svm_buffer(pages * PAGE);
	struct vsvm_program *program = svm_atomic_program(PAGE);
	struct svm t;
	int compact;

	compact = open("/proc/sys/vm/compact_memory", O_WRONLY);
	igt_require_f(compact >= 0, "compact_memory: %m\n");
	svm_init(&t, fd);
	igt_assert_eq(madvise(p, pages * PAGE, MADV_NOHUGEPAGE), 0);
	for (unsigned int i = 0; i < pages; i++)
		p[i * PAGE / 8 + 1] = i;
	for (unsigned int round = 0; round < 6; round++) {
		struct svm_args *args = (struct svm_args *)t.scratch;

		*args = (struct svm_args){ vsvm_ptr(p), 1 };
		svm_stream(&t);
		for (int i = 0; i < 8; i++)
			vsvm_emit_dispatch(&t.s, program, args, sizeof(*args),
					   pages / VSVM_WAVE_LANES, VSVM_WAVE_LANES);
		vsvm_submit(&t.ctx, &t.s);
		igt_assert_eq(write(compact, "1", 1), 1);
		vsvm_finish(&t.ctx, t.ctx.seqno);
		for (unsigned int i = 0; i < pages; i++) {
			igt_assert_eq_u64(p[i * PAGE / 8], (round + 1) * 8);
			igt_assert_eq_u64(p[i * PAGE / 8 + 1], i);
		}
	}
	close(compact);
	svm_fini(&t);
	free(program);
	svm_buffer_free(p, pages * PAGE);
}

/* The kernel retires pages of memory: their contents move to others, and the GPU with them */
static void test_offline(int fd)
{
	uint64_t *p = svm_buffer(SIZE);
	struct drm_vsvm_vm_stats before, after;
	struct svm t;

	/* what the kernel says of it is no complaint */
	igt_emit_ignore_dmesg_regex("offlin");
	svm_init(&t, fd);
	svm_fill(&t, p, SIZE, 0x0ff);
	before = svm_stats(&t);
	for (unsigned int i = 0; i < PAGES; i += 3) {
		igt_require_f(!madvise(p + i * PAGE / 8, PAGE, MADV_SOFT_OFFLINE) || i,
			      "MADV_SOFT_OFFLINE: %m\n");
		igt_assert_eq_u64(svm_read(&t, p + i * PAGE / 8), 0x0ff);
		svm_write(&t, p + i * PAGE / 8 + 1, i);
		igt_assert_eq_u64(p[i * PAGE / 8 + 1], i);
	}
	after = svm_stats(&t);
	igt_assert_lte_u64(before.pages_zapped + PAGES / 3, after.pages_zapped);
	for (unsigned int i = 0; i < PAGES; i++)
		igt_assert_eq_u64(p[i * PAGE / 8], 0x0ff);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
	}

	igt_describe("The GPU writes what is read-only, or not what is writable again");
	igt_subtest("rw-ro-rw")
		test_rw_ro_rw(fd, false);
	igt_describe("The GPU writes shared memory that is read-only, or never again");
	igt_subtest("rw-ro-rw-shared")
		test_rw_ro_rw(fd, true);
	igt_describe("The GPU reaches memory without any rights, or never again");
	igt_subtest("none")
		test_none(fd);
	igt_describe("The GPU still writes after mprotect has said that the memory is read-only");
	igt_subtest("busy")
		test_busy(fd);
	igt_describe("The GPU sees pages that MADV_DONTNEED has thrown away");
	igt_subtest("dontneed")
		test_dontneed(fd, false);
	igt_describe("The GPU sees pages of its own writing that MADV_DONTNEED has thrown away");
	igt_subtest("dontneed-gpu-dirty")
		test_dontneed(fd, true);
	igt_describe("A private mapping of a file keeps pages that MADV_DONTNEED has thrown away");
	igt_subtest("dontneed-file")
		test_dontneed_file(fd);
	igt_describe("What the GPU writes after MADV_FREE is thrown away with the rest");
	igt_subtest("free")
		test_free(fd);
	igt_describe("What the GPU writes to a page that came back from swap is lost in swap");
	igt_subtest("swap")
		test_swap(fd, false);
	igt_describe("What the GPU writes to memory of large pages that was in swap is lost there");
	igt_subtest("swap-huge")
		test_swap(fd, true);
	igt_describe("The GPU keeps using a page of a file that was taken away");
	igt_subtest("pageout")
		test_pageout(fd, false);
	igt_describe("What the GPU wrote to a file is lost when memory is short");
	igt_subtest("pageout-dirty")
		test_pageout(fd, true);
	igt_describe("The GPU sees what was in a hole punched into a file");
	igt_subtest("punch")
		test_punch(fd);
	igt_describe("Advice about memory changes what is in it");
	igt_subtest("advice")
		test_advice(fd);
	igt_describe("A page that the kernel moves in memory is used where it was");
	igt_subtest("compact")
		test_compact(fd);
	igt_describe("A page that the kernel retires is used on by the GPU, or lost");
	igt_subtest("offline")
		test_offline(fd);

	igt_fixture()
		drm_close_driver(fd);
}
