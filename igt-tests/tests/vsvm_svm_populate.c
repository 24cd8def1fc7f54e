// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm populate
 * Description: Memory that is locked, or made to be there before it is used, and the GPU
 */
#include "vsvm_busy.h"
#include "vsvm_mm.h"

IGT_TEST_DESCRIPTION("Memory that is locked, or made to be there before it is used");

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif

#define PAGES	64
#define SIZE	(PAGES * PAGE)

static void begin(struct svm *t, struct known *k, int fd)
{
	uint8_t *p = svm_buffer(SIZE);

	busy_init(t, fd);
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	known_init(k, p, SIZE);
	memset(k->want, 0, SIZE);
}

static void end(struct svm *t, struct known *k)
{
	svm_fini(t);
	svm_buffer_free(k->p, SIZE);
	known_fini(k);
}

static void get_pfns(const uint8_t *p, uint64_t pfns[PAGES])
{
	for (unsigned int i = 0; i < PAGES; i++)
		pfns[i] = vsvm_pfn(p + i * PAGE);
}

/* No page was made, or copied, since then: the GPU has what was there, for writing as well */
static void expect_pfns(const uint8_t *p, const uint64_t pfns[PAGES])
{
	for (unsigned int i = 0; i < PAGES; i++)
		igt_assert_eq_u64(vsvm_pfn(p + i * PAGE), pfns[i]);
}

/* Over pages that the GPU has made already, and over holes */
static void test_populate(int fd, bool write, bool shared)
{
	uint64_t pfns[PAGES], zapped;
	struct known k;
	struct svm t;

	begin(&t, &k, fd);
	igt_assert(!shared || mmap(k.p, SIZE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		   k.p);
	for (unsigned int i = 0; i < PAGES; i += 3)
		known_write_part(&k, &t, i * PAGE + i, 300);
	/* not there, unless it is right behind and comes along */
	igt_assert_lt(vsvm_pagemap_count(k.p, SIZE, VSVM_PM_PRESENT), PAGES);
	zapped = svm_stats(&t).pages_zapped;
	if (madvise(k.p, SIZE, write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ))
		igt_skip("MADV_POPULATE: %m\n");
	igt_assert_eq(vsvm_pagemap_count(k.p, SIZE, VSVM_PM_PRESENT), PAGES);
	/* what the GPU had it has still */
	igt_assert_eq_u64(svm_stats(&t).pages_zapped, zapped);
	get_pfns(k.p, pfns);
	known_expect(&k, &t);
	expect_pfns(k.p, pfns);
	for (unsigned int i = 0; i < PAGES; i++)
		known_write_part(&k, &t, i * PAGE + 2000, 700);
	if (write || shared)
		expect_pfns(k.p, pfns);
	else
		igt_assert_neq_u64(vsvm_pfn(k.p + PAGE), pfns[1]);
	known_expect(&k, &t);
	end(&t, &k);
}

/* Locked: what the GPU made stays, and what it has not touched is there before it comes */
static void test_lock(int fd, bool future)
{
	uint64_t pfns[PAGES];
	struct known k;
	struct svm t;

	begin(&t, &k, fd);
	known_write_part(&k, &t, 3 * PAGE, 10 * PAGE);
	if (future) {
		igt_assert_eq(mlockall(MCL_CURRENT | MCL_FUTURE), 0);
		known_expect(&k, &t);
		svm_map_at(k.p, SIZE);
		memset(k.want, 0, SIZE);
	} else {
		igt_assert_eq(mlock(k.p, SIZE), 0);
	}
	igt_assert_eq(vsvm_pagemap_count(k.p, SIZE, VSVM_PM_PRESENT), PAGES);
	get_pfns(k.p, pfns);
	known_expect(&k, &t);
	known_write(&k, &t);
	expect_pfns(k.p, pfns);
	known_expect(&k, &t);
	/* nothing that may not be taken away is taken away, by whatever */
	igt_assert_eq(madvise(k.p, SIZE, MADV_DONTNEED), -1);
	igt_assert_eq(errno, EINVAL);
	known_expect(&k, &t);
	expect_pfns(k.p, pfns);
	igt_assert_eq(future ? munlockall() : munlock(k.p, SIZE), 0);
	known_expect(&k, &t);
	igt_assert_eq(madvise(k.p, SIZE, MADV_DONTNEED), 0);
	memset(k.want, 0, SIZE);
	known_expect(&k, &t);
	end(&t, &k);
}

/* Locked when it is used first, which the GPU does */
static void test_lock_on_fault(int fd)
{
	struct known k;
	struct svm t;

	begin(&t, &k, fd);
	igt_assert_eq(mlock2(k.p, SIZE, MLOCK_ONFAULT), 0);
	igt_assert_eq(vsvm_pagemap_count(k.p, SIZE, VSVM_PM_PRESENT), 0);
	known_write_part(&k, &t, 7 * PAGE, 5 * PAGE);
	igt_assert_eq(vsvm_pagemap_count(k.p, SIZE, VSVM_PM_PRESENT), 5);
	vsvm_swapfile_on(1024);
	vsvm_tell("/proc/sys/vm/drop_caches", "1");
	/* locked memory is none that may be paged out */
	igt_assert_eq(madvise(k.p, SIZE, MADV_PAGEOUT), -1);
	igt_assert_eq(errno, EINVAL);
	igt_assert_eq(vsvm_pagemap_count(k.p, SIZE, VSVM_PM_PRESENT), 5);
	known_expect_cpu(&k);
	igt_assert_eq(munlock(k.p, SIZE), 0);
	known_write(&k, &t);
	vsvm_page_out(k.p, SIZE);
	known_expect(&k, &t);
	end(&t, &k);
	vsvm_swapfile_off();
}

/* Locked and unlocked, cold and wanted again, while the GPU writes */
static void test_busy(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	busy_init(&t, fd);
	busy_start(&t, p, SIZE / BUSY_LANES, 0);
	for (unsigned int round = 0; round < 20; round++) {
		igt_assert_eq(mlock(p + 8 * PAGE, SIZE / 2), 0);
		igt_assert_eq(munlock(p + 16 * PAGE, SIZE / 4), 0);
		igt_assert_eq(madvise(p, 8 * PAGE, MADV_COLD), 0);
		igt_assert_eq(madvise(p, 32 * PAGE, MADV_POPULATE_WRITE), 0);
		igt_assert_eq(munlock(p, SIZE), 0);
		igt_assert_eq(madvise(p, SIZE, MADV_COLD), 0);
		if (round % 5 == 4)
			busy_rounds(2);
	}
	busy_stop();
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	igt_describe("MADV_POPULATE_WRITE takes the GPU's bytes, or pages are copied again");
	igt_subtest("write")
		test_populate(fd, true, false);
	igt_describe("MADV_POPULATE_READ lets the GPU write into the page of zeros");
	igt_subtest("read")
		test_populate(fd, false, false);
	igt_describe("Shared memory that was populated gets other pages by the GPU");
	igt_subtest("write-shared")
		test_populate(fd, true, true);
	igt_describe("Shared memory that was populated for reading gets other pages by the GPU");
	igt_subtest("read-shared")
		test_populate(fd, false, true);
	igt_describe("Locked memory loses what the GPU wrote, or the GPU gets copies of it");
	igt_subtest("lock")
		test_lock(fd, false);
	igt_describe("mlockall() loses what the GPU wrote, or new memory is not there for it");
	igt_subtest("lock-all")
		test_lock(fd, true);
	igt_describe("MLOCK_ONFAULT: the GPU's pages are not locked, or all are made");
	igt_subtest("lock-on-fault")
		test_lock_on_fault(fd);
	igt_describe("A GPU at work loses writes while memory is locked, unlocked and advised");
	igt_subtest("busy")
		test_busy(fd);

	igt_fixture() {
		vsvm_swapfile_off();
		drm_close_driver(fd);
	}
}
