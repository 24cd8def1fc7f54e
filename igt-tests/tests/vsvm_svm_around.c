// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm around
 * Description: A fault maps what lies around it, as far as it is likely to be used
 */
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("A fault maps what lies around it, as far as it is likely to be used");

#define PAGES	8192
#define SIZE	(PAGES * PAGE)
#define MIN	16
#define FIRST	64
#define MAX	512

/* Memory that the CPU has in 4K pages, so that a fault finds it there */
static uint8_t *populated(void)
{
	uint8_t *p = svm_buffer(SIZE);

	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	svm_number_pages(p, PAGES, 1);
	return p;
}

/*
 * Pages that one read maps. With other policies the interval is that of the results and streams
 * too, but those are mapped and fault no more
 */
static unsigned int mapped_by(struct svm *t, const uint8_t *p, unsigned int page)
{
	struct drm_vsvm_vm_stats before = svm_stats(t);
	unsigned int pages;

	igt_assert_eq_u64(svm_read(t, p + page * PAGE), page + 1);
	pages = svm_stats(t).pages - before.pages;
	igt_assert_lte(pages, MAX);
	return pages;
}

/* From one window to the next: each is as large as two before it, up to a block */
static void test_sequential(int fd)
{
	unsigned int page = 0, pages, want = FIRST, runs = 0;
	uint8_t *p = populated();
	struct svm t;

	vsvm_require_vma_policy();
	svm_init(&t, fd);
	svm_settle(&t);
	while (page < PAGES) {
		pages = mapped_by(&t, p, page);
		/* windows are aligned, so the first that is larger may have half of it already */
		igt_assert_lte(pages, want);
		igt_assert_lte(want / 2, pages);
		page += pages;
		runs++;
		if (want < MAX)
			want *= 2;
	}
	igt_assert_eq(page, PAGES);
	/* nearly all of it by whole blocks */
	igt_assert_lte(runs, PAGES / MAX + 6);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Here and there: ever less, but never less than the least */
static void test_random(int fd)
{
	unsigned int pages = 0, want = FIRST;
	uint8_t *p = populated();
	struct svm t;

	vsvm_require_vma_policy();
	svm_init(&t, fd);
	svm_settle(&t);
	for (unsigned int i = 0; i < 15; i++) {
		/* never next to another */
		pages = mapped_by(&t, p, (i * 7 % 15) * 2 * 273 + 100);
		igt_assert_lte(pages, want);
		igt_assert_lte(MIN, pages);
		if (i > 1 && want > MIN)
			want /= 2;
	}
	igt_assert_eq(pages, MIN);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* It follows the program when that changes its mind, in both directions */
static void test_turns(int fd)
{
	unsigned int page, pages = 0;
	uint8_t *p = populated();
	struct svm t;

	vsvm_require_vma_policy();
	svm_init(&t, fd);
	svm_settle(&t);
	for (page = 0; page < PAGES / 2; page += pages)
		pages = mapped_by(&t, p, page);
	igt_assert_eq(pages, MAX);
	for (unsigned int i = 0; i < 7; i++)
		pages = mapped_by(&t, p, PAGES - 1 - i * 512);
	igt_assert_eq(pages, MIN);
	/* a change takes what is mapped away */
	igt_assert_eq(__vsvm_page_size(fd, t.ctx.vm, p, SIZE, DRM_VSVM_PAGE_SIZE_4K), 0);
	igt_assert_eq(__vsvm_page_size(fd, t.ctx.vm, p, SIZE, DRM_VSVM_PAGE_SIZE_AUTO), 0);
	for (page = 0; page < PAGES; page += pages)
		pages = mapped_by(&t, p, page);
	igt_assert_eq(pages, MAX);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* It maps what is there, and allocates nothing: memory that nobody touched stays so */
static void test_untouched(int fd)
{
	unsigned char resident[2 * FIRST];
	struct drm_vsvm_vm_stats before;
	uint8_t *p = svm_buffer(SIZE);
	unsigned int count = 0;
	struct svm t;

	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	svm_init(&t, fd);
	svm_settle(&t);
	before = svm_stats(&t);
	svm_write(&t, p + 5 * PAGE, 1);
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages + 1);
	igt_assert_eq(mincore(p, sizeof(resident) * PAGE, resident), 0);
	for (unsigned int i = 0; i < sizeof(resident); i++)
		count += resident[i] & 1;
	igt_assert_eq(count, 1);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Nothing of a neighbour is mapped, nor of what the process may not read */
static void test_bounds(int fd)
{
	uint8_t *p = populated();
	struct svm t;

	svm_init(&t, fd);
	igt_assert_eq(mprotect(p + 4 * PAGE, PAGE, PROT_NONE), 0);
	igt_assert_eq(mprotect(p + 10 * PAGE, PAGE, PROT_READ), 0);
	svm_settle(&t);
	igt_assert_eq(mapped_by(&t, p, 7), 5);
	igt_assert_eq(mapped_by(&t, p, 10), 1);
	igt_assert_eq(mapped_by(&t, p, 0), 4);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* One 2M page after the other goes on, too */
static void test_huge(int fd)
{
	uint8_t *p = svm_buffer(SIZE), *end = p + SIZE / 2;
	struct drm_vsvm_vm_stats before;
	struct svm t;

	vsvm_require_vma_policy();
	igt_require(madvise(p, SIZE, MADV_HUGEPAGE) == 0);
	svm_number_pages(p, PAGES / 2, 1);
	/* the second half is in 4K pages, of the same mapping: the kernel has split it */
	for (unsigned int i = PAGES / 2; i < PAGES; i++) {
		*(uint64_t *)(p + i * PAGE) = i + 1;
		if (i % 512 == 0)
			igt_assert_eq(madvise(p + (i + 1) * PAGE, PAGE, MADV_DONTNEED), 0);
	}
	svm_init(&t, fd);
	svm_settle(&t);
	before = svm_stats(&t);
	for (uint8_t *at = p; at < end; at += VSVM_2M)
		svm_read(&t, at);
	igt_require_f(svm_stats(&t).pages_2m - before.pages_2m == PAGES / 2,
		      "%llu pages of %u in 2M pages\n",
		      (unsigned long long)(svm_stats(&t).pages_2m - before.pages_2m), PAGES / 2);
	before = svm_stats(&t);
	svm_read(&t, end);
	/* the window has grown meanwhile: all of the block comes at once */
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages + MAX);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	igt_describe("A program that goes through its memory has ever more mapped by a fault");
	igt_subtest("sequential")
		test_sequential(fd);
	igt_describe("A program that goes here and there has less mapped that it does not use");
	igt_subtest("random")
		test_random(fd);
	igt_describe("What a fault maps follows a program that changes its ways");
	igt_subtest("turns")
		test_turns(fd);
	igt_describe("A fault allocates what was accessed, and nothing around it");
	igt_subtest("untouched")
		test_untouched(fd);
	igt_describe("What a fault maps around it ends where its mapping ends");
	igt_subtest("bounds")
		test_bounds(fd);
	igt_describe("A row of 2M pages is a row, and what follows it is mapped in large windows");
	igt_subtest("huge")
		test_huge(fd);

	igt_fixture()
		close(fd);
}
