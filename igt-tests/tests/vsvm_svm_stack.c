// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm stack
 * Description: GPU accesses below a stack
 */
#include <sys/resource.h>

#include "vsvm_uffd.h"

IGT_TEST_DESCRIPTION("GPU accesses below a stack");

/*
 * Where nothing else will be: below a stack there must be room, and mmap() looks for it from the
 * top of the address space.
 */
#define STACK_TOP	((uint8_t *)0x200000000000)
#define STACK_PAGES	4
#define STACK_SIZE	(STACK_PAGES * PAGE)
#define STACK		(STACK_TOP - STACK_SIZE)
/* Pages that the kernel keeps free between a stack and its neighbour, unless told otherwise */
#define GUARD_PAGES	256

static void stack_map_prot(int prot)
{
	/* what a subtest that failed has left */
	munmap(STACK_TOP - (64ull << 20), 64ull << 20);
	igt_assert(mmap(STACK, STACK_SIZE, prot,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0) == STACK);
}

static void stack_map(void)
{
	stack_map_prot(RW);
}

/* The stack begins here, and is one mapping */
static void stack_expect(const void *start)
{
	struct svm_vma vma;

	igt_assert_eq(svm_vmas_in(STACK_TOP - (64ull << 20), 64ull << 20, &vma, 1), 1);
	igt_assert_eq_u64(vma.start, vsvm_ptr(start));
	igt_assert_eq_u64(vma.end, vsvm_ptr(STACK_TOP));
}

static void stack_limit(rlim_t limit, struct rlimit *old)
{
	struct rlimit new;

	igt_assert_eq(getrlimit(RLIMIT_STACK, old), 0);
	new = (struct rlimit) { limit, old->rlim_max };
	igt_assert_eq(setrlimit(RLIMIT_STACK, &new), 0);
}

static void stack_limit_restore(const struct rlimit *old)
{
	igt_assert_eq(setrlimit(RLIMIT_STACK, old), 0);
}

/* As far as asked, and no further */
static void test_grow(int fd, uint32_t access, unsigned int pages)
{
	uint8_t *p = STACK - pages * PAGE;
	uint64_t seqno;
	struct svm t;

	svm_init(&t, fd);
	stack_map();
	svm_number_pages(STACK, STACK_PAGES, 1);
	svm_expect_pages(&t, STACK, STACK_PAGES, 1);
	seqno = svm_begin(&t, p + 264, access);
	svm_end(&t, seqno, p + 264, access, 0);
	stack_expect(p);
	svm_expect_zeros(&t, p, pages);
	svm_expect_pages(&t, STACK, STACK_PAGES, 1);
	/* and memory like any other from then on */
	svm_number_pages(p, pages, 100);
	svm_expect_pages(&t, p, pages, 100);
	igt_assert_eq_u64(svm_stats(&t).faults_failed, 0);
	svm_wait_waits(&t, 0);
	svm_fini(&t);
	vsvm_unmap(p, STACK_TOP - p);
}

static void test_limit(int fd)
{
	struct rlimit old;
	uint64_t seqno;
	struct svm t;

	svm_init(&t, fd);
	stack_map();
	stack_limit(32 * PAGE, &old);
	svm_expect_errors(&t, STACK_TOP - 32 * PAGE - 4, VSVM_ERROR_UNMAPPED);
	stack_expect(STACK);
	seqno = svm_begin(&t, STACK_TOP - 32 * PAGE, VSVM_ACCESS_WRITE);
	svm_end(&t, seqno, STACK_TOP - 32 * PAGE, VSVM_ACCESS_WRITE, 0);
	svm_expect_errors(&t, STACK_TOP - 32 * PAGE - 4, VSVM_ERROR_UNMAPPED);
	stack_expect(STACK_TOP - 32 * PAGE);
	/* which is the process's to raise */
	stack_limit_restore(&old);
	seqno = svm_begin(&t, STACK_TOP - 33 * PAGE, VSVM_ACCESS_READ);
	svm_end(&t, seqno, STACK_TOP - 33 * PAGE, VSVM_ACCESS_READ, 0);
	svm_fini(&t);
	vsvm_unmap(STACK_TOP - 33 * PAGE, 33 * PAGE);
}

/* The process would be allowed to, but kernel threads have a limit too */
static void test_thread_limit(int fd)
{
	uint8_t *p = STACK_TOP - (9ull << 20);
	struct rlimit old;
	struct svm t;

	svm_init(&t, fd);
	stack_map();
	igt_assert_eq(getrlimit(RLIMIT_STACK, &old), 0);
	igt_require(old.rlim_max > 32ull << 20);
	stack_limit(32ull << 20, &old);
	svm_expect_errors(&t, p, VSVM_ERROR_UNMAPPED);
	stack_expect(STACK);
	/* the process itself does it, and so does the GPU then */
	WRITE_ONCE(*p, 3);
	igt_assert_eq_u64(svm_read(&t, p), 3);
	stack_limit_restore(&old);
	svm_fini(&t);
	vsvm_unmap(p, STACK_TOP - p);
}

/* A stack keeps away from its neighbour, unless that cannot be accessed */
static void test_neighbour(int fd)
{
	uint8_t *neighbour = STACK - (GUARD_PAGES + 64) * PAGE, *p = neighbour + PAGE;
	uint64_t seqno;
	struct svm t;

	svm_init(&t, fd);
	stack_map();
	svm_map_at(neighbour, PAGE);
	svm_expect_errors(&t, p, VSVM_ERROR_UNMAPPED);
	svm_expect_errors(&t, p + (GUARD_PAGES - 1) * PAGE, VSVM_ERROR_UNMAPPED);
	seqno = svm_begin(&t, p + GUARD_PAGES * PAGE, VSVM_ACCESS_WRITE);
	svm_end(&t, seqno, p + GUARD_PAGES * PAGE, VSVM_ACCESS_WRITE, 0);
	svm_expect_errors(&t, p, VSVM_ERROR_UNMAPPED);
	igt_assert_eq(mprotect(neighbour, PAGE, PROT_NONE), 0);
	seqno = svm_begin(&t, p, VSVM_ACCESS_WRITE);
	svm_end(&t, seqno, p, VSVM_ACCESS_WRITE, 0);
	svm_expect_error(&t, neighbour, VSVM_ACCESS_READ, VSVM_ERROR_PERMISSION);
	svm_fini(&t);
	vsvm_unmap(neighbour, STACK_TOP - neighbour);
}

/* Below a stack that may not be written, nothing is written */
static void test_readonly(int fd)
{
	uint64_t seqno;
	struct svm t;

	svm_init(&t, fd);
	stack_map_prot(PROT_READ);
	svm_expect_error(&t, STACK - 8, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	seqno = svm_begin(&t, STACK - PAGE - 8, VSVM_ACCESS_READ);
	svm_end(&t, seqno, STACK - PAGE - 8, VSVM_ACCESS_READ, 0);
	svm_fini(&t);
	vsvm_unmap(STACK_TOP - 64 * PAGE, 64 * PAGE);
}

/* Many accesses at once, at different depths */
static void test_many(int fd, bool queues)
{
	const unsigned int items = 2 * VSVM_WAVE_LANES;
	uint8_t *p = STACK - items * PAGE;
	struct vsvm_program *program = svm_store_program(PAGE);
	struct svm t, others[4];
	uint64_t seqnos[4];

	svm_init(&t, fd);
	stack_map();
	if (queues) {
		for (unsigned int i = 0; i < 4; i++) {
			svm_init(&others[i], fd);
			vsvm_queue_destroy(fd, others[i].ctx.queue);
			others[i].ctx.queue = vsvm_queue_create(fd, t.ctx.vm);
		}
		for (unsigned int i = 0; i < 4; i++)
			seqnos[i] = svm_begin(&others[i], p + (i ^ 1) * 20 * PAGE,
					      VSVM_ACCESS_ATOMIC);
		for (unsigned int i = 0; i < 4; i++) {
			svm_end(&others[i], seqnos[i], p + (i ^ 1) * 20 * PAGE,
				VSVM_ACCESS_ATOMIC, 0);
			vsvm_queue_destroy(fd, others[i].ctx.queue);
			others[i].ctx.queue = vsvm_queue_create(fd, others[i].ctx.vm);
			svm_fini(&others[i]);
		}
	} else {
		svm_dispatch(&t, program, p, 5, items);
		for (unsigned int i = 0; i < items; i++)
			igt_assert_eq_u32(*(uint32_t *)(p + i * PAGE), i + 5);
	}
	stack_expect(p);
	igt_assert_eq_u64(svm_stats(&t).faults_failed, 0);
	svm_wait_waits(&t, 0);
	svm_fini(&t);
	vsvm_unmap(p, STACK_TOP - p);
	free(program);
}

/* What has grown can be unmapped, and grow again, as other memory */
static void test_unmap(int fd)
{
	uint8_t *p = STACK - 20 * PAGE;
	struct svm t;

	svm_init(&t, fd);
	stack_map();
	svm_write(&t, p, 1);
	svm_number_pages(p, 20, 1);
	svm_expect_pages(&t, p, 20, 1);
	vsvm_unmap(p + 8 * PAGE, 4 * PAGE);
	vsvm_vm_sync(fd, t.ctx.vm);
	svm_expect_zeros(&t, p + 9 * PAGE, 3);
	svm_expect_pages(&t, p, 8, 1);
	svm_expect_pages(&t, p + 12 * PAGE, 8, 13);
	vsvm_unmap(p, STACK_TOP - p);
	svm_expect_errors(&t, p, VSVM_ERROR_UNMAPPED);
	svm_expect_errors(&t, p + 9 * PAGE, VSVM_ERROR_UNMAPPED);
	svm_fini(&t);
}

/* The stack on which this runs */
static void test_main(int fd)
{
	unsigned long start = 0, end = 0;
	uint64_t seqno, *p;
	FILE *f = fopen("/proc/self/maps", "r");
	struct svm_vma vma;
	struct rlimit old;
	char line[512];
	struct svm t;

	igt_assert(f);
	while (fgets(line, sizeof(line), f))
		if (strstr(line, "[stack]"))
			igt_assert_eq(sscanf(line, "%lx-%lx", &start, &end), 2);
	fclose(f);
	igt_assert(start);
	stack_limit(8ull << 20, &old);
	svm_init(&t, fd);
	p = (uint64_t *)(uintptr_t)(start - 100 * PAGE);
	seqno = svm_begin(&t, p, VSVM_ACCESS_ATOMIC);
	svm_end(&t, seqno, p, VSVM_ACCESS_ATOMIC, 0);
	igt_assert_eq(svm_vmas_in(p, 8, &vma, 1), 1);
	igt_assert_eq_u64(vma.start, vsvm_ptr(p));
	igt_assert_eq_u64(vma.end, end);
	p = (uint64_t *)(uintptr_t)(end - (8ull << 20) - PAGE);
	svm_expect_errors(&t, p, VSVM_ERROR_UNMAPPED);
	svm_fini(&t);
	stack_limit_restore(&old);
}

/* A stack that a userfaultfd watches grows too, and then its page is waited for */
static void test_watched(int fd)
{
	uint8_t *p = STACK - 3 * PAGE;
	int uffd = uffd_open(0);
	uint64_t seqno;
	struct svm t;

	svm_init(&t, fd);
	stack_map();
	uffd_watch(uffd, STACK, STACK_SIZE, UFFDIO_REGISTER_MODE_MISSING);
	for (uint32_t access = VSVM_ACCESS_READ; access <= VSVM_ACCESS_ATOMIC; access++) {
		uint8_t *word = p - access * PAGE;

		seqno = svm_begin(&t, word, access);
		uffd_expect(uffd, word, PAGE,
			    access == VSVM_ACCESS_READ ? 0 : UFFD_PAGEFAULT_FLAG_WRITE);
		stack_expect(word);
		svm_expect_waiting(&t, seqno, 1);
		uffd_copy(uffd, word, 6);
		svm_end(&t, seqno, word, access, 6);
	}
	close(uffd);
	svm_fini(&t);
	vsvm_unmap(STACK_TOP - 64 * PAGE, 64 * PAGE);
}

static void test_prefetch(int fd, bool async)
{
	uint8_t *p = STACK - 20 * PAGE;
	uint64_t faults, done;
	struct rlimit old;
	struct svm t;

	svm_init(&t, fd);
	stack_map();
	stack_limit(32 * PAGE, &old);
	if (async) {
		igt_assert_eq(__vsvm_prefetch_async(fd, t.ctx.vm, p, STACK_TOP - p,
						    DRM_VSVM_PREFETCH_WRITE, &t.scratch[1], 3), 0);
		vsvm_wait(fd, 0, &t.scratch[1], 3);
	} else {
		igt_assert_eq(__vsvm_prefetch(fd, t.ctx.vm, p, STACK_TOP - p,
					      DRM_VSVM_PREFETCH_WRITE, &done), 0);
		igt_assert_eq_u64(done, STACK_TOP - p);
	}
	stack_expect(p);
	faults = svm_stats(&t).faults;
	for (unsigned int i = 0; i < 20 + STACK_PAGES; i++)
		svm_write(&t, p + i * PAGE, 1);
	igt_assert_eq_u64(svm_stats(&t).faults, faults);
	igt_assert_eq(__vsvm_prefetch(fd, t.ctx.vm, STACK_TOP - 33 * PAGE, PAGE, 0, &done),
		      -EFAULT);
	igt_assert_eq_u64(done, 0);
	stack_expect(p);
	stack_limit_restore(&old);
	svm_fini(&t);
	vsvm_unmap(p, STACK_TOP - p);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	for (uint32_t access = VSVM_ACCESS_READ; access <= VSVM_ACCESS_ATOMIC; access++) {
		igt_describe_f("A stack does not grow by a page for a %s of the GPU",
			       uffd_access_names[access]);
		igt_subtest_f("below-%s", uffd_access_names[access])
			test_grow(fd, access, 1);
		igt_describe_f("A stack does not grow by much for a %s of the GPU",
			       uffd_access_names[access]);
		igt_subtest_f("far-below-%s", uffd_access_names[access])
			test_grow(fd, access, 300);
	}
	igt_describe("A stack grows beyond the process's limit, or what is beyond is waited for");
	igt_subtest("limit")
		test_limit(fd);
	igt_describe("What is beyond the driver's own limit is waited for");
	igt_subtest("thread-limit")
		test_thread_limit(fd);
	igt_describe("A stack grows up to its neighbour, or what is between is waited for");
	igt_subtest("neighbour")
		test_neighbour(fd);
	igt_describe("The GPU writes below a stack that is for reading only");
	igt_subtest("readonly")
		test_readonly(fd);
	igt_describe("A stack that many waves want to grow is not what they wanted");
	igt_subtest("waves")
		test_many(fd, false);
	igt_describe("A stack that many queues want to grow is not what they wanted");
	igt_subtest("queues")
		test_many(fd, true);
	igt_describe("The GPU still has a part of a stack that was unmapped");
	igt_subtest("munmap")
		test_unmap(fd);
	igt_describe("The stack of a thread does not grow for the GPU");
	igt_subtest("main")
		test_main(fd);
	igt_describe("A stack that is watched does not grow, or has pages that nobody brought");
	igt_subtest("watched")
		test_watched(fd);
	igt_describe("A prefetch does not make a stack grow, or too far");
	igt_subtest("prefetch")
		test_prefetch(fd, false);
	igt_describe("A prefetch in the background does not make a stack grow");
	igt_subtest("prefetch-async")
		test_prefetch(fd, true);

	igt_fixture()
		close(fd);
}
