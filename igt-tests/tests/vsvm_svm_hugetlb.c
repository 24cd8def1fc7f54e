// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm hugetlb
 * Description: What happens to memory of hugetlb under the GPU
 */
#include "vsvm_busy.h"
#include "vsvm_mm.h"

IGT_TEST_DESCRIPTION("What happens to memory of hugetlb under the GPU");

#ifndef MAP_HUGE_2MB
#define MAP_HUGE_2MB	(21 << 26)
#endif

#define HUGE	VSVM_2M
#define COUNT	3
#define SIZE	(COUNT * HUGE)
/* Two processes may have pages of their own. */
#define POOL	(2 * COUNT + 1)

/* Memory is in pieces where much else has run. */
static void need_pool(void)
{
	uint64_t got = 0;

	vsvm_tell("/proc/sys/vm/drop_caches", "3");
	vsvm_tell("/proc/sys/vm/compact_memory", "1");
	vsvm_set("/proc/sys/vm/nr_hugepages", "%d", POOL);
	igt_require_f(__vsvm_number("/proc/sys/vm/nr_hugepages", "", &got) && got >= POOL,
		      "%llu of %d 2M pages\n", (long long)got, POOL);
}

static void begin(struct svm *t, struct known *k, int fd, int flags)
{
	uint8_t *p = svm_buffer(SIZE);

	need_pool();
	busy_init(t, fd);
	igt_assert_f(mmap(p, SIZE, RW, flags | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB |
			  MAP_FIXED, -1, 0) == p, "2M pages: %m\n");
	known_init(k, p, SIZE);
	known_write(k, t);
	igt_assert_eq_u64(svm_stats(t).pages_2m, SIZE / PAGE);
}

static void end(struct svm *t, struct known *k)
{
	svm_fini(t);
	svm_buffer_free(k->p, SIZE);
	known_fini(k);
	vsvm_set_back();
}

/* A word in memory that parent and child share says whose turn it is */
static uint32_t *turn;

static void pass_turn(uint32_t to)
{
	__atomic_store_n(turn, to, __ATOMIC_SEQ_CST);
}

static void await_turn(uint32_t mine)
{
	int64_t deadline = vsvm_deadline(2 * VSVM_WAIT_NS);

	while (__atomic_load_n(turn, __ATOMIC_SEQ_CST) != mine) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(500);
	}
}

static void test_fork(int fd, bool parent_first)
{
	struct known k;
	struct svm t;

	begin(&t, &k, fd, MAP_PRIVATE);
	pass_turn(0);
	igt_fork(child, 1) {
		if (!parent_first)
			memset(k.p + HUGE, 0xcc, HUGE);
		pass_turn(1);
		await_turn(2);
		for (unsigned int i = 0; i < COUNT; i++)
			if (parent_first || i != 1)
				igt_assert(!memcmp(k.p + i * HUGE, k.want + i * HUGE, HUGE));
		memset(k.p, 0xcc, SIZE);
		pass_turn(3);
	}
	await_turn(1);
	known_expect_gpu(&k, &t);
	known_write_part(&k, &t, 100 * PAGE + 9, HUGE + 5);
	known_expect_gpu(&k, &t);
	pass_turn(2);
	await_turn(3);
	known_expect(&k, &t);
	igt_waitchildren();
	known_write(&k, &t);
	known_expect(&k, &t);
	end(&t, &k);
}

static void test_shared(int fd)
{
	struct known k;
	struct svm t;

	begin(&t, &k, fd, MAP_SHARED);
	pass_turn(0);
	igt_fork(child, 1) {
		igt_assert(!memcmp(k.p, k.want, SIZE));
		pass_turn(1);
		await_turn(2);
		for (unsigned int i = 0; i < HUGE; i++)
			igt_assert_eq(k.p[HUGE + i], 0x5a);
		memset(k.p + 2 * HUGE, 0x6b, HUGE);
		pass_turn(3);
	}
	await_turn(1);
	svm_fill(&t, k.p + HUGE, HUGE, 0x5a5a5a5a5a5a5a5a);
	memset(k.want + HUGE, 0x5a, HUGE);
	pass_turn(2);
	await_turn(3);
	memset(k.want + 2 * HUGE, 0x6b, HUGE);
	known_expect(&k, &t);
	igt_waitchildren();
	end(&t, &k);
}

/* One of the pages changes, and the GPU writes the others all the while */
enum part { DONTNEED, READONLY, UNMAP, MOVE, NUM_PARTS };

static void test_part(int fd, enum part part)
{
	uint8_t *page, *to = svm_buffer(HUGE);
	struct known k;
	struct svm t;

	begin(&t, &k, fd, MAP_PRIVATE);
	page = k.p + 2 * HUGE;
	memset(k.p, 0, 2 * HUGE);
	busy_start(&t, k.p, 2 * HUGE / BUSY_LANES, 0);
	busy_rounds(2);
	switch (part) {
	case DONTNEED:
		igt_assert_eq(madvise(page, HUGE, MADV_DONTNEED), 0);
		busy_rounds(2);
		svm_expect_zeros(&t, page, HUGE / PAGE);
		for (unsigned int i = 0; i < HUGE / 8; i++)
			igt_assert_eq_u64(((uint64_t *)page)[i], 0);
		svm_write(&t, page + 80, 80);
		igt_assert_eq_u64(*(uint64_t *)(page + 80), 80);
		break;
	case READONLY:
		igt_assert_eq(mprotect(page, HUGE, PROT_READ), 0);
		busy_rounds(2);
		svm_expect_error(&t, page + PAGE, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
		svm_copy(&t, k.got, page, HUGE);
		igt_assert(!memcmp(k.got, k.want + 2 * HUGE, HUGE));
		igt_assert_eq(mprotect(page, HUGE, RW), 0);
		svm_write(&t, page + 80, 80);
		igt_assert_eq_u64(*(uint64_t *)(page + 80), 80);
		break;
	case UNMAP:
		vsvm_unmap(page, HUGE);
		busy_rounds(2);
		svm_expect_errors(&t, page, VSVM_ERROR_UNMAPPED);
		svm_expect_errors(&t, page + HUGE - 4, VSVM_ERROR_UNMAPPED);
		break;
	default:
		igt_assert(mremap(page, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
		busy_rounds(2);
		svm_expect_error(&t, page, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
		svm_copy(&t, k.got, to, HUGE);
		igt_assert(!memcmp(k.got, k.want + 2 * HUGE, HUGE));
		igt_assert(!memcmp(to, k.want + 2 * HUGE, HUGE));
		svm_write(&t, to + 80, 80);
		igt_assert_eq_u64(*(uint64_t *)(to + 80), 80);
	}
	busy_stop();
	svm_buffer_free(to, HUGE);
	end(&t, &k);
}

int igt_main()
{
	static const char *const parts[NUM_PARTS] = { "dontneed", "mprotect", "munmap", "mremap" };
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
		turn = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		igt_assert(turn != MAP_FAILED);
	}

	igt_describe("After fork the GPU writes into a 2M page of hugetlb that the child has too");
	igt_subtest("fork-parent")
		test_fork(fd, true);
	igt_describe("After fork the GPU sees what the child wrote into a 2M page of hugetlb");
	igt_subtest("fork-child")
		test_fork(fd, false);
	igt_describe("Shared memory of hugetlb is not shared between a child and the parent's GPU");
	igt_subtest("shared")
		test_shared(fd);
	for (unsigned int i = 0; i < NUM_PARTS; i++) {
		igt_describe_f("A 2M page goes (%s): the GPU keeps it, or loses others' bytes",
			       parts[i]);
		igt_subtest_f("part-busy-%s", parts[i])
			test_part(fd, i);
	}

	igt_fixture() {
		vsvm_set_back();
		drm_close_driver(fd);
	}
}
