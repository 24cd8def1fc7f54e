// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm move
 * Description: Pages that move from one memory node to another, under the GPU
 */
#include <linux/mempolicy.h>
#include <sys/syscall.h>

#include "vsvm_busy.h"
#include "vsvm_mm.h"

IGT_TEST_DESCRIPTION("Pages that move from one memory node to another, under the GPU");

#define PAGES	64
#define SIZE	(PAGES * PAGE)

static int move_pages_to(unsigned long count, void **pages, const int *nodes, int *status)
{
	return syscall(SYS_move_pages, 0, count, pages, nodes, status, MPOL_MF_MOVE);
}

/* On which node is a page? */
static int node_of(void *p)
{
	int status = -1;

	igt_assert_eq(move_pages_to(1, &p, NULL, &status), 0);
	igt_assert_f(status >= 0, "%p: %s\n", p, strerror(-status));
	return status;
}

/* Moves pages, a stride apart, until all are there: one that is in use for a moment stays */
static void move_all(uint8_t *p, unsigned int count, size_t stride, int node)
{
	int64_t deadline = vsvm_deadline(2 * VSVM_WAIT_NS);
	int nodes[PAGES], status[PAGES];
	void *pages[PAGES];
	unsigned int left;

	igt_assert_lte(count, PAGES);
	for (unsigned int i = 0; i < count; i++) {
		pages[i] = p + i * stride;
		nodes[i] = node;
	}
	do {
		igt_assert_lte(0, move_pages_to(count, pages, nodes, status));
		left = 0;
		for (unsigned int i = 0; i < count; i++)
			left += node_of(pages[i]) != node;
		igt_assert_f(!left || vsvm_now() < deadline, "%u of %u pages stay: %d\n",
			     left, count, status[0]);
	} while (left);
}

static void test_move(int fd, bool shared)
{
	struct drm_vsvm_vm_stats before;
	uint8_t *p = svm_buffer(SIZE);
	uint64_t pfns[PAGES];
	struct known k;
	struct svm t;
	int node;

	busy_init(&t, fd);
	igt_assert(!shared || mmap(p, SIZE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		   p);
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	known_init(&k, p, SIZE);
	known_write(&k, &t);
	move_all(p, PAGES, PAGE, 0);
	for (unsigned int round = 1; round < 6; round++) {
		node = round % 2;
		known_expect(&k, &t);
		for (unsigned int i = 0; i < PAGES; i++)
			pfns[i] = vsvm_pfn(p + i * PAGE);
		before = svm_stats(&t);
		move_all(p, PAGES, PAGE, node);
		for (unsigned int i = 0; i < PAGES; i++)
			igt_assert_neq_u64(vsvm_pfn(p + i * PAGE), pfns[i]);
		igt_assert_lte_u64(before.pages_zapped + PAGES, svm_stats(&t).pages_zapped);
		if (round % 3)
			known_write_part(&k, &t, 9 * PAGE + 100, 20 * PAGE);
		known_expect(&k, &t);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	known_fini(&k);
}

/* The GPU writes all the while */
static void test_busy(int fd, bool huge)
{
	const size_t stride = huge ? VSVM_2M / BUSY_LANES : PAGE, size = BUSY_LANES * stride;
	uint8_t *p = svm_buffer(size);
	uint64_t pfn;
	struct svm t;

	busy_init(&t, fd);
	igt_assert_eq(madvise(p, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), 0);
	memset(p, 0, size);
	igt_require_f(!huge || vsvm_huge_kib(p), "no 2M page to be had\n");
	busy_start(&t, p, stride, 0);
	for (unsigned int round = 1; round < 9; round++) {
		busy_rounds(2);
		pfn = vsvm_pfn(p);
		move_all(p, huge ? 1 : PAGES, PAGE, !node_of(p));
		igt_assert_neq_u64(vsvm_pfn(p), pfn);
		/* as a whole, and the GPU has it as a whole again */
		igt_assert(!huge || vsvm_huge_kib(p));
		busy_rounds(2);
		igt_assert(!huge || svm_stats(&t).pages_2m >= VSVM_2M / PAGE);
	}
	busy_stop();
	svm_fini(&t);
	svm_buffer_free(p, size);
}

/* All that the process has: also the stream, the fence, what the GPU's program is in */
static void test_process(int fd)
{
	unsigned long nodes[2] = { 1, 2 };
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;
	int from;

	busy_init(&t, fd);
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	memset(p, 0, SIZE);
	move_all(p, PAGES, PAGE, 0);
	busy_start(&t, p, PAGE, 0);
	for (unsigned int round = 0; round < 6; round++) {
		int64_t deadline = vsvm_deadline(2 * VSVM_WAIT_NS);

		busy_rounds(2);
		from = round % 2;
		while (node_of(p) == from) {
			igt_assert_lt_s64(vsvm_now(), deadline);
			igt_assert_lte(0, syscall(SYS_migrate_pages, 0, 3, &nodes[from],
						  &nodes[!from]));
		}
	}
	busy_rounds(2);
	busy_stop();
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* mbind() moves what is there, and says where what the GPU touches first is to be */
static void test_bind(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct known k;
	struct svm t;

	busy_init(&t, fd);
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	known_init(&k, p, SIZE);
	for (unsigned int round = 0; round < 4; round++) {
		unsigned long mask = 1 << round % 2;

		known_write_part(&k, &t, 0, SIZE / 2);
		igt_assert_eq(syscall(SYS_mbind, p, SIZE, MPOL_BIND, &mask, 3, MPOL_MF_MOVE), 0);
		/* of those that are in use for a moment it says nothing */
		move_all(p, PAGES / 2, PAGE, round % 2);
		known_write_part(&k, &t, SIZE / 2 + 500, SIZE / 2 - 1000);
		for (unsigned int i = 0; i < PAGES; i++)
			igt_assert_eq(node_of(p + i * PAGE), round % 2);
		known_expect(&k, &t);
		igt_assert_eq(madvise(p + SIZE / 2, SIZE / 2, MADV_DONTNEED), 0);
		memset(k.want + SIZE / 2, 0, SIZE / 2);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	known_fini(&k);
}

static void *compute(void *data)
{
	for (;;)
		for (unsigned int i = 0; i < PAGES; i++)
			(void)READ_ONCE(((uint8_t *)data)[i * PAGE + 8]);
	return NULL;
}

/* The scheduler looks who uses which page, by taking the rights away for a moment */
static void test_hints(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	int64_t deadline;
	struct svm t;

	vsvm_set("/proc/sys/kernel/numa_balancing", "1");
	vsvm_set("/sys/kernel/debug/sched/numa_balancing/scan_delay_ms", "1");
	vsvm_set("/sys/kernel/debug/sched/numa_balancing/scan_period_min_ms", "1");
	vsvm_set("/sys/kernel/debug/sched/numa_balancing/scan_period_max_ms", "10");
	/* what it is told holds for processes that begin afterwards */
	igt_fork(child, 1) {
		int own = drm_reopen_driver(fd);
		uint64_t looked, zapped;
		pthread_t thread;

		busy_init(&t, own);
		memset(p, 0, SIZE);
		busy_start(&t, p, PAGE, 0);
		busy_rounds(2);
		zapped = svm_stats(&t).pages_zapped;
		looked = vsvm_number("/proc/vmstat", "numa_pte_updates");
		/* It looks at who computes, and of a single thread at pages elsewhere alone. */
		igt_assert_eq(pthread_create(&thread, NULL, compute, p), 0);
		deadline = vsvm_deadline(3 * VSVM_WAIT_NS);
		while (vsvm_number("/proc/vmstat", "numa_pte_updates") < looked + 4 * PAGES ||
		       svm_stats(&t).pages_zapped < zapped + 2 * PAGES) {
			igt_assert_f(vsvm_now() < deadline, "nobody looks\n");
			busy_rounds(1);
		}
		busy_stop();
		svm_fini(&t);
		close(own);
	}
	igt_waitchildren();
	vsvm_set_back();
	svm_buffer_free(p, SIZE);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
		igt_require_f(!access("/sys/devices/system/node/node1", F_OK),
			      "one memory node: numa=fake=2 makes two\n");
	}

	igt_describe("The GPU uses a page where it was before move_pages(2)");
	igt_subtest("move")
		test_move(fd, false);
	igt_describe("The GPU uses shared memory where it was before move_pages(2)");
	igt_subtest("move-shared")
		test_move(fd, true);
	igt_describe("A GPU at work loses writes to pages that move");
	igt_subtest("busy")
		test_busy(fd, false);
	igt_describe("A GPU at work loses writes to a 2M page that moves, or has 4K pages after");
	igt_subtest("busy-huge")
		test_busy(fd, true);
	igt_describe("A GPU at work fails when all of its process's memory moves");
	igt_subtest("process")
		test_process(fd);
	igt_describe("Memory bound to a node has the GPU's pages elsewhere, or loses their bytes");
	igt_subtest("bind")
		test_bind(fd);
	igt_describe("A GPU at work loses writes while the scheduler looks who uses its pages");
	igt_subtest("hints")
		test_hints(fd);

	igt_fixture() {
		vsvm_set_back();
		drm_close_driver(fd);
	}
}
