// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm swap
 * Description: Memory that goes to swap and comes back, under the GPU
 */
#include "vsvm_busy.h"
#include "vsvm_mm.h"

IGT_TEST_DESCRIPTION("Memory that goes to swap and comes back, under the GPU");

#define PAGES		64
#define SIZE		(PAGES * PAGE)
#define SWAP_PAGES	8192

/* Memory that the GPU alone has written, in 4K pages */
static void begin(struct svm *t, struct known *k, int fd)
{
	uint8_t *p = svm_buffer(SIZE);

	busy_init(t, fd);
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	known_init(k, p, SIZE);
	known_write(k, t);
}

static void end(struct svm *t, struct known *k)
{
	svm_fini(t);
	svm_buffer_free(k->p, SIZE);
	known_fini(k);
}

enum how { GPU_READS, CPU_READS, GPU_WRITES, PREFETCH, WILLNEED, NUM_HOWS };

static void test_back(int fd, enum how how)
{
	struct drm_vsvm_vm_stats before;
	struct known k;
	struct svm t;

	begin(&t, &k, fd);
	for (unsigned int round = 0; round < 3; round++) {
		before = svm_stats(&t);
		vsvm_page_out(k.p, SIZE);
		igt_assert_lte_u64(before.pages_zapped + PAGES, svm_stats(&t).pages_zapped);
		switch (how) {
		case GPU_READS:
			known_expect_gpu(&k, &t);
			break;
		case CPU_READS:
			known_expect_cpu(&k);
			break;
		case GPU_WRITES:
			/* no whole page, so that what is in swap is needed too */
			for (unsigned int i = 0; i < PAGES; i++)
				known_write_part(&k, &t, i * PAGE + 100 + i, 1000);
			break;
		case PREFETCH:
			igt_assert_eq(__vsvm_prefetch(fd, t.ctx.vm, k.p, SIZE,
						      round % 2 ? DRM_VSVM_PREFETCH_WRITE : 0,
						      NULL), 0);
			break;
		default:
			igt_assert_eq(madvise(k.p, SIZE, MADV_WILLNEED), 0);
		}
		known_expect(&k, &t);
	}
	end(&t, &k);
}

/*
 * What is read comes back as clean as what swap has, and the CPU's page table lets write: from then
 * on the GPU alone knows that it does. If it does not say so, the page is given up as one that swap
 * has already.
 */
static void test_dirty(int fd)
{
	struct drm_vsvm_vm_stats before;
	struct known k;
	struct svm t;

	begin(&t, &k, fd);
	for (unsigned int round = 0; round < 4; round++) {
		vsvm_page_out(k.p, SIZE);
		known_expect_gpu(&k, &t);
		known_write_part(&k, &t, 3 * PAGE, SIZE - 5 * PAGE);
		before = svm_stats(&t);
		vsvm_page_out(k.p, SIZE);
		igt_assert_lte_u64(before.pages_dirtied + PAGES - 5, svm_stats(&t).pages_dirtied);
		known_expect(&k, &t);
	}
	end(&t, &k);
}

/* Nothing but what a GPU that is at work has brought back itself */
static void test_busy(int fd, bool huge)
{
	const size_t stride = huge ? VSVM_2M / BUSY_LANES : PAGE, size = BUSY_LANES * stride;
	uint64_t before = vsvm_number("/proc/vmstat", "pswpout");
	uint8_t *p = svm_buffer(size);
	struct drm_vsvm_vm_stats stats;
	struct svm t;

	busy_init(&t, fd);
	igt_assert_eq(madvise(p, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), 0);
	busy_start(&t, p, stride, 0);
	busy_rounds(1);
	for (unsigned int round = 0; round < (huge ? 6 : 12); round++) {
		stats = svm_stats(&t);
		vsvm_tell("/proc/sys/vm/drop_caches", "1");
		for (unsigned int i = 0; i < 10; i++)
			igt_assert_eq(madvise(p, size, MADV_PAGEOUT), 0);
		busy_rounds(2);
	}
	busy_stop();
	igt_assert_lt_u64(stats.pages_zapped, svm_stats(&t).pages_zapped);
	igt_assert_lt_u64(before, vsvm_number("/proc/vmstat", "pswpout"));
	svm_fini(&t);
	svm_buffer_free(p, size);
}

/* Of a file in memory, which another mapping and read(2) see as well */
static void test_shared(int fd, bool write)
{
	int mem = memfd_create("vsvm", 0);
	uint8_t *p = svm_buffer(SIZE), *other;
	struct known k;
	struct svm t;

	busy_init(&t, fd);
	igt_assert_fd(mem);
	igt_assert_eq(ftruncate(mem, SIZE), 0);
	igt_assert(mmap(p, SIZE, RW, MAP_SHARED | MAP_FIXED, mem, 0) == p);
	known_init(&k, p, SIZE);
	for (unsigned int round = 0; round < 3; round++) {
		known_write(&k, &t);
		vsvm_page_out(p, SIZE);
		if (write) {
			for (unsigned int i = 0; i < PAGES; i += 2)
				known_write_part(&k, &t, i * PAGE + 8 * i, 640);
		}
		known_expect_gpu(&k, &t);
		other = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, mem, 0);
		igt_assert(other != MAP_FAILED);
		igt_assert(!memcmp(other, k.want, SIZE));
		igt_assert_eq(pread(mem, k.got, SIZE, 0), SIZE);
		igt_assert(!memcmp(k.got, k.want, SIZE));
		vsvm_unmap(other, SIZE);
		known_expect_cpu(&k);
	}
	end(&t, &k);
	close(mem);
}

/* swapoff brings back what is out, into pages of its choice */
static void test_off(int fd)
{
	struct known k;
	struct svm t;

	begin(&t, &k, fd);
	for (unsigned int round = 0; round < 2; round++) {
		vsvm_page_out(k.p, SIZE);
		/* some of them are in use again, and some of these written */
		svm_read_pages(&t, k.p, PAGES / 2, PAGE);
		known_write_part(&k, &t, PAGE, 10 * PAGE);
		vsvm_swapfile_off();
		igt_assert_eq(vsvm_pagemap_count(k.p, SIZE, VSVM_PM_SWAPPED), 0);
		known_expect(&k, &t);
		known_write(&k, &t);
		known_expect(&k, &t);
		vsvm_swapfile_on(SWAP_PAGES);
	}
	end(&t, &k);
}

static void test_off_busy(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	busy_init(&t, fd);
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	busy_start(&t, p, SIZE / BUSY_LANES, 0);
	for (unsigned int round = 0; round < 4; round++) {
		busy_rounds(1);
		for (unsigned int i = 0; i < 10; i++)
			igt_assert_eq(madvise(p, SIZE, MADV_PAGEOUT), 0);
		vsvm_swapfile_off();
		vsvm_swapfile_on(SWAP_PAGES);
	}
	busy_rounds(2);
	busy_stop();
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Parent and child share what is in swap, and each gets a copy of its own */
static void test_fork(int fd)
{
	struct known k;
	struct svm t;
	int go[2];

	begin(&t, &k, fd);
	for (unsigned int round = 0; round < 2; round++) {
		igt_assert_eq(pipe(go), 0);
		vsvm_page_out(k.p, SIZE);
		igt_fork(child, 1) {
			char byte;

			close(go[1]);
			igt_assert_eq(read(go[0], &byte, 1), 1);
			known_expect_cpu(&k);
			memset(k.p, 0xcc, SIZE);
		}
		/* the odd pages are read first */
		svm_read_pages(&t, k.p + PAGE, PAGES / 2, 2 * PAGE);
		for (unsigned int i = 0; i < PAGES; i++)
			known_write_part(&k, &t, i * PAGE + 50, 500);
		known_expect_gpu(&k, &t);
		/* The child's own copy of what it is to see is from before that. */
		igt_assert_eq(write(go[1], "!", 1), 1);
		igt_waitchildren();
		known_expect(&k, &t);
		close(go[0]);
		close(go[1]);
	}
	end(&t, &k);
}

/* What is out is thrown away, moved, or made read-only without coming back first */
static void test_change(int fd)
{
	uint8_t *to = svm_buffer(SIZE);
	struct known k;
	struct svm t;

	begin(&t, &k, fd);
	vsvm_page_out(k.p, SIZE);
	igt_assert_eq(madvise(k.p + 8 * PAGE, 8 * PAGE, MADV_DONTNEED), 0);
	memset(k.want + 8 * PAGE, 0, 8 * PAGE);
	known_expect(&k, &t);

	vsvm_page_out(k.p, 8 * PAGE);
	igt_assert_eq(mprotect(k.p, 4 * PAGE, PROT_READ), 0);
	svm_expect_error(&t, k.p + PAGE, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	known_expect(&k, &t);
	igt_assert_eq(mprotect(k.p, 4 * PAGE, RW), 0);

	known_write(&k, &t);
	vsvm_page_out(k.p, SIZE);
	igt_assert(mremap(k.p, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	svm_expect_error(&t, k.p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_copy(&t, k.got, to, SIZE);
	igt_assert(!memcmp(k.got, k.want, SIZE));
	igt_assert(!memcmp(to, k.want, SIZE));
	svm_map_at(k.p, SIZE);
	memset(k.want, 0, SIZE);
	known_expect(&k, &t);
	svm_buffer_free(to, SIZE);
	end(&t, &k);
}

/* A 2M page, whole or in parts as the kernel likes */
static void test_huge(int fd)
{
	uint8_t *p = svm_buffer(VSVM_2M);
	struct known k;
	struct svm t;

	busy_init(&t, fd);
	igt_assert_eq(madvise(p, VSVM_2M, MADV_HUGEPAGE), 0);
	known_init(&k, p, VSVM_2M);
	for (unsigned int round = 0; round < 2; round++) {
		known_write(&k, &t);
		vsvm_page_out(p, VSVM_2M);
		igt_assert_eq_u64(svm_stats(&t).pages_2m, 0);
		known_write_part(&k, &t, 77 * PAGE + 5, 100 * PAGE);
		known_expect(&k, &t);
	}
	svm_fini(&t);
	svm_buffer_free(p, VSVM_2M);
	known_fini(&k);
}

int igt_main()
{
	static const struct {
		const char *name;
		const char *describe;
	} hows[NUM_HOWS] = {
		{ "read", "The GPU reads other bytes from swap than it had written" },
		{ "read-cpu", "What the GPU wrote does not come back from swap for the CPU" },
		{ "write", "A write of the GPU to a page in swap loses the rest of the page" },
		{ "prefetch", "Prefetching pages that are in swap maps other pages" },
		{ "willneed", "Reading ahead from swap changes what the GPU sees" },
	};
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
		vsvm_swapfile_on(SWAP_PAGES);
	}

	for (unsigned int i = 0; i < NUM_HOWS; i++) {
		igt_describe(hows[i].describe);
		igt_subtest(hows[i].name)
			test_back(fd, i);
	}
	igt_describe("What the GPU writes to a page that swap has too is lost");
	igt_subtest("dirty")
		test_dirty(fd);
	igt_describe("A GPU at work loses writes to pages that go to swap");
	igt_subtest("busy")
		test_busy(fd, false);
	igt_describe("A GPU at work loses writes to a 2M page that goes to swap");
	igt_subtest("busy-huge")
		test_busy(fd, true);
	igt_describe("Shared memory does not come back from swap as the GPU wrote it");
	igt_subtest("shared")
		test_shared(fd, false);
	igt_describe("A write of the GPU to shared memory in swap is lost, or not shared");
	igt_subtest("shared-write")
		test_shared(fd, true);
	igt_describe("The GPU has not what swapoff brings back");
	igt_subtest("off")
		test_off(fd);
	igt_describe("A GPU at work loses writes while swapoff brings pages back");
	igt_subtest("off-busy")
		test_off_busy(fd);
	igt_describe("After a fork with memory in swap parent's GPU and child share pages");
	igt_subtest("fork")
		test_fork(fd);
	igt_describe("Memory in swap that is given up, moved or protected is not so for the GPU");
	igt_subtest("change")
		test_change(fd);
	igt_describe("A 2M page does not come back from swap as the GPU wrote it");
	igt_subtest("huge")
		test_huge(fd);

	igt_fixture() {
		vsvm_swapfile_off();
		drm_close_driver(fd);
	}
}
