// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm ksm
 * Description: Equal pages that the kernel merges (KSM), and the GPU that writes one of them
 */
#include "vsvm_busy.h"
#include "vsvm_mm.h"

IGT_TEST_DESCRIPTION("Equal pages that the kernel merges (KSM), and the GPU that writes one");

#define PAGES	32
#define SIZE	(PAGES * PAGE)
#define KSM	"/sys/kernel/mm/ksm/"
#define STAT	"/proc/self/ksm_stat"

static void ksm_start(void)
{
	vsvm_set(KSM "pages_to_scan", "2000");
	vsvm_set(KSM "sleep_millisecs", "1");
	vsvm_set(KSM "use_zero_pages", "0");
	vsvm_set(KSM "run", "1");
}

/* Takes apart whatever is merged, of whomever, and leaves it off */
static void ksm_stop(void)
{
	vsvm_set(KSM "run", "2");
	vsvm_set_back();
}

static unsigned int count_merged(const uint8_t *p)
{
	uint64_t first = vsvm_pfn(p);
	unsigned int count = 0;

	for (unsigned int i = 0; i < PAGES; i++)
		count += vsvm_pfn(p + i * PAGE) == first;
	return count;
}

/* All are one page now */
static void wait_merged(const uint8_t *p)
{
	int64_t deadline = vsvm_deadline(3 * VSVM_WAIT_NS);

	while (count_merged(p) < PAGES) {
		igt_assert_f(vsvm_now() < deadline, "%u of %u pages merged\n", count_merged(p),
			     (unsigned int)PAGES);
		usleep(10000);
	}
}

/* Equal pages that the GPU alone has written, which KSM may merge */
static uint8_t *begin(struct svm *t, int fd, uint64_t value)
{
	uint8_t *p = svm_buffer(SIZE);

	busy_init(t, fd);
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	svm_fill(t, p, SIZE, value);
	igt_assert_eq(count_merged(p), 1);
	ksm_start();
	igt_require_f(!madvise(p, SIZE, MADV_MERGEABLE), "MADV_MERGEABLE: %m\n");
	return p;
}

static void end(struct svm *t, uint8_t *p)
{
	ksm_stop();
	svm_fini(t);
	svm_buffer_free(p, SIZE);
}

/* Page @other has one word that is not as all the others are, for the CPU and for the GPU */
static void expect_all(struct svm *t, const uint8_t *p, uint64_t value, unsigned int other,
		       uint64_t other_value)
{
	uint64_t *seen = svm_buffer(SIZE);

	svm_copy(t, seen, p, SIZE);
	igt_assert(!memcmp(seen, p, SIZE));
	for (unsigned int i = 0; i < SIZE / 8; i++)
		igt_assert_f(seen[i] == (i == other * PAGE / 8 + 3 ? other_value : value),
			     "page %u: %#llx\n", (unsigned int)(i * 8 / PAGE), (long long)seen[i]);
	svm_buffer_free(seen, SIZE);
}

static void test_write(int fd, bool read_first)
{
	struct svm t;
	uint8_t *p = begin(&t, fd, 0x6b6b);

	for (unsigned int round = 0; round < 3; round++) {
		const unsigned int page = 5 + 7 * round;

		wait_merged(p);
		/* of the page that is kept, only the right to write */
		igt_assert_lte_u64(PAGES, svm_stats(&t).pages_zapped);
		igt_assert_lte_u64(PAGES, vsvm_number(STAT, "ksm_merging_pages"));
		if (read_first)
			expect_all(&t, p, 0x6b6b, 0, 0x6b6b);
		svm_write(&t, p + page * PAGE + 24, 0x1000 + round);
		igt_assert_neq_u64(vsvm_pfn(p), vsvm_pfn(p + page * PAGE));
		expect_all(&t, p, 0x6b6b, page, 0x1000 + round);
		/* equal again, with the GPU's right to write still there */
		svm_write(&t, p + page * PAGE + 24, 0x6b6b);
	}
	end(&t, p);
}

/* Each page becomes another one at the moment when they are merged */
static void test_race(int fd)
{
	struct svm t;
	uint8_t *p = begin(&t, fd, 0x77);
	uint64_t *seen = svm_buffer(SIZE);

	for (unsigned int round = 0; round < 40; round++) {
		svm_fill(&t, p, SIZE, round);
		/* some merged and some not, or all */
		if (round % 4 == 0) {
			int64_t deadline = vsvm_deadline(3 * VSVM_WAIT_NS);

			while (count_merged(p) < 2 + round / 4) {
				igt_assert_f(vsvm_now() < deadline, "nothing is merged\n");
				usleep(100);
			}
		} else {
			usleep(round * 300);
		}
		svm_stream(&t);
		for (unsigned int i = 0; i < PAGES; i++)
			vsvm_emit_fill(&t.s, vsvm_ptr(p) + i * PAGE + 64, 8, round << 8 | i, 8);
		vsvm_run(&t.ctx, &t.s);
		svm_copy(&t, seen, p, SIZE);
		igt_assert(!memcmp(seen, p, SIZE));
		for (unsigned int i = 0; i < SIZE / 8; i++) {
			uint64_t want = i % (PAGE / 8) == 8 ? round << 8 | i / (PAGE / 8) : round;

			igt_assert_eq_u64(seen[i], want);
		}
	}
	svm_buffer_free(seen, SIZE);
	end(&t, p);
}

/* Half of the pages are written all the time, the others merge */
static void test_busy(int fd)
{
	struct svm t;
	uint8_t *p = begin(&t, fd, 0), *q = svm_buffer(BUSY_LANES * PAGE);
	uint64_t scans = vsvm_number(KSM "full_scans", "");

	igt_assert_eq(madvise(q, BUSY_LANES * PAGE, MADV_NOHUGEPAGE), 0);
	igt_assert_eq(madvise(q, BUSY_LANES * PAGE, MADV_MERGEABLE), 0);
	busy_start(&t, q, PAGE, 0);
	for (unsigned int round = 0; round < 3; round++) {
		wait_merged(p);
		busy_rounds(10);
		svm_fill(&t, p, SIZE, round);
	}
	wait_merged(p);
	igt_assert_lt_u64(scans, vsvm_number(KSM "full_scans", ""));
	busy_stop();
	expect_all(&t, p, 2, 0, 2);
	svm_buffer_free(q, BUSY_LANES * PAGE);
	end(&t, p);
}

/* Each gets a page of its own again */
static void test_unmerge(int fd, bool all)
{
	struct svm t;
	uint8_t *p = begin(&t, fd, 0x55);

	wait_merged(p);
	expect_all(&t, p, 0x55, 0, 0x55);
	if (all)
		vsvm_set(KSM "run", "2");
	else
		igt_assert_eq(madvise(p, SIZE, MADV_UNMERGEABLE), 0);
	igt_assert_eq(count_merged(p), 1);
	expect_all(&t, p, 0x55, 0, 0x55);
	svm_write(&t, p + 9 * PAGE + 24, 0x66);
	expect_all(&t, p, 0x55, 9, 0x66);
	end(&t, p);
}

/* Pages of zeros become the one page of zeros that all processes share */
static void test_zero(int fd)
{
	struct svm t;
	uint8_t *p = begin(&t, fd, 0);

	vsvm_set(KSM "use_zero_pages", "1");
	svm_fill(&t, p, SIZE, 0);
	wait_merged(p);
	expect_all(&t, p, 0, 0, 0);
	for (unsigned int i = 0; i < PAGES; i += 3) {
		svm_write(&t, p + i * PAGE + 24, i + 1);
		expect_all(&t, p, 0, i, i + 1);
		svm_write(&t, p + i * PAGE + 24, 0);
	}
	end(&t, p);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	igt_describe("The GPU writes into one of the pages that were merged, and all change");
	igt_subtest("write")
		test_write(fd, false);
	igt_describe("The GPU has read merged pages, writes into one, and all change");
	igt_subtest("read-write")
		test_write(fd, true);
	igt_describe("A write of the GPU is lost in pages that are merged at that moment");
	igt_subtest("race")
		test_race(fd);
	igt_describe("A GPU at work loses writes to pages that might be merged");
	igt_subtest("busy")
		test_busy(fd);
	igt_describe("The GPU keeps a merged page when MADV_UNMERGEABLE has taken it apart");
	igt_subtest("unmerge")
		test_unmerge(fd, false);
	igt_describe("The GPU keeps a merged page when all are taken apart");
	igt_subtest("unmerge-all")
		test_unmerge(fd, true);
	igt_describe("The GPU writes into the page of zeros that all processes share");
	igt_subtest("zero")
		test_zero(fd);

	igt_fixture() {
		vsvm_set_back();
		drm_close_driver(fd);
	}
}
