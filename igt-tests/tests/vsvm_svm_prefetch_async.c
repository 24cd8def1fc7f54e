// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm prefetch async
 * Description: Prefetches in the background end with their fence, and hold nothing up
 */
#include <sys/file.h>

#include "vsvm_prefetch.h"
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("Prefetches in the background end with their fence, and hold nothing up");

#define PAGES	64
#define SIZE	(PAGES * PAGE)
#define WRITE	DRM_VSVM_PREFETCH_WRITE
#define LARGE	(64ull << 20)

static int prefetch(struct svm *t, const void *p, uint64_t size, uint64_t *fence, uint64_t value)
{
	return __vsvm_prefetch_async(t->ctx.fd, t->ctx.vm, p, size, WRITE, fence, value);
}

/* No queue is named: there need not be one */
static void wait_fence(struct svm *t, const uint64_t *fence, uint64_t value)
{
	igt_assert_eq(__vsvm_wait(t->ctx.fd, 0, fence, value, VSVM_WAIT_NS), 0);
	igt_assert_eq_u64(READ_ONCE(*fence), value);
}

static void expect_writes(struct svm *t, void *p, size_t size)
{
	struct drm_vsvm_vm_stats before = svm_stats(t);

	svm_fill(t, p, size, 0x77);
	igt_assert_eq_u64(svm_stats(t).faults, before.faults);
}

/* Work is still done in the background, for this VM */
static void expect_works(struct svm *t)
{
	uint64_t *p = svm_buffer(SIZE);

	igt_assert_eq(prefetch(t, p + PAGE, SIZE - 8 * PAGE, p, 5), 0);
	wait_fence(t, p, 5);
	svm_buffer_free(p, SIZE);
}

static void test_fence(int fd)
{
	uint64_t *fence = svm_buffer(PAGE);
	uint8_t *p = svm_buffer(SIZE);
	struct drm_vsvm_vm_stats before;
	struct svm t;

	svm_init(&t, fd);
	svm_settle(&t);
	before = svm_stats(&t);
	/* the fence's page is not there yet either */
	igt_assert_eq(prefetch(&t, p, SIZE, fence, 0x123456789abcdef0), 0);
	wait_fence(&t, fence, 0x123456789abcdef0);
	igt_assert_eq_u64(svm_stats(&t).prefetched, before.prefetched + PAGES);
	expect_writes(&t, p, SIZE);
	/* nothing to do is done as well */
	igt_assert_eq(prefetch(&t, p, SIZE, fence + 1, 1), 0);
	wait_fence(&t, fence + 1, 1);
	igt_assert_eq_u64(fence[0], 0x123456789abcdef0);
	igt_assert_eq_u64(fence[2], 0);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(fence, PAGE);
}

/* Memory that cannot be mapped: the fence comes, the access says why */
static void test_bad_memory(int fd)
{
	uint64_t *fence = svm_buffer(PAGE);
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	svm_settle(&t);
	vsvm_unmap(p + SIZE / 2, PAGE);
	igt_assert_eq(prefetch(&t, p, SIZE, fence, 1), 0);
	wait_fence(&t, fence, 1);
	expect_writes(&t, p, SIZE / 2);
	svm_expect_error(&t, p + SIZE / 2, VSVM_ACCESS_WRITE, VSVM_ERROR_UNMAPPED);
	vsvm_unmap(p, SIZE / 2);
	igt_assert_eq(prefetch(&t, p, SIZE / 2, fence, 2), 0);
	wait_fence(&t, fence, 2);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(fence, PAGE);
}

/* What is no place for a fence is the program's loss, and nobody else's */
static void test_bad_fence(int fd)
{
	uint64_t *fence = svm_buffer(PAGE), *zeros = svm_buffer(PAGE);
	int file = svm_temp_file(PAGE);
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	vsvm_unmap(fence, PAGE);
	igt_assert_eq(prefetch(&t, p, SIZE, fence, 1), 0);
	igt_assert_eq(prefetch(&t, p, SIZE, (uint64_t *)64, 1), 0);
	igt_assert_eq(prefetch(&t, p, SIZE, (uint64_t *)-4096ll, 1), 0);
	igt_assert_eq(prefetch(&t, p, SIZE, (uint64_t *)(1ull << 60), 1), 0);
	expect_works(&t);
	igt_assert_eq(READ_ONCE(*zeros), 0);
	igt_assert_eq(mprotect(zeros, PAGE, PROT_READ), 0);
	igt_assert_eq(prefetch(&t, p, SIZE, zeros, 1), 0);
	expect_works(&t);
	igt_assert_eq_u64(READ_ONCE(*zeros), 0);
	igt_assert_eq(mprotect(zeros, PAGE, PROT_NONE), 0);
	igt_assert_eq(prefetch(&t, p, SIZE, zeros, 1), 0);
	/* beyond the end of a file */
	igt_assert(mmap(fence, 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0) == fence);
	igt_assert_eq(prefetch(&t, p, SIZE, fence + PAGE / 8, 1), 0);
	expect_works(&t);
	/* a file is as good as anything */
	igt_assert_eq(prefetch(&t, p, SIZE, fence, 6), 0);
	wait_fence(&t, fence, 6);
	close(file);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(zeros, PAGE);
	svm_buffer_free(fence, PAGE);
}

static void test_many(int fd)
{
	const unsigned int count = 256;
	uint64_t *fences = svm_buffer(count * 8);
	uint8_t *p = svm_buffer(count * 4 * PAGE);
	struct drm_vsvm_vm_stats before;
	struct svm t;

	svm_init(&t, fd);
	svm_settle(&t);
	before = svm_stats(&t);
	for (unsigned int i = 0; i < count; i++)
		igt_assert_eq(prefetch(&t, p + i * 4 * PAGE, 4 * PAGE, &fences[i], i + 1), 0);
	for (unsigned int i = 0; i < count; i++)
		wait_fence(&t, &fences[i], i + 1);
	igt_assert_eq_u64(svm_stats(&t).prefetched, before.prefetched + count * 4);
	expect_writes(&t, p, count * 4 * PAGE);
	svm_fini(&t);
	svm_buffer_free(p, count * 4 * PAGE);
	svm_buffer_free(fences, count * 8);
}

/* The VM is destroyed, and the same number used again, with work under way in it */
static void test_destroy(int fd)
{
	const unsigned int count = 16;
	uint64_t *fences = svm_buffer(PAGE);
	uint8_t *p = svm_buffer(LARGE);
	uint32_t vm;

	memset(fences, 0, PAGE);
	for (unsigned int i = 0; i < count; i++) {
		vm = vsvm_vm_create(fd);
		igt_assert_eq(__vsvm_prefetch_async(fd, vm, p, LARGE, WRITE, &fences[i], i + 1), 0);
		vsvm_vm_destroy(fd, vm);
	}
	/* an early end is an end */
	for (unsigned int i = 0; i < count; i++)
		igt_assert_eq(__vsvm_wait(fd, 0, &fences[i], i + 1, VSVM_WAIT_NS), 0);
	svm_buffer_free(p, LARGE);
	svm_buffer_free(fences, PAGE);
}

enum end { CLOSE, KILL, EXIT };

/* File closed, process killed or gone in the middle of much work: none of it stays */
static void test_end(int fd, enum end end)
{
	uint64_t *shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	igt_assert(shared != MAP_FAILED);
	pid = fork();
	if (!pid) {
		int own = drm_reopen_driver(fd);
		uint32_t vm = vsvm_vm_create(own);

		for (int i = 0; i < 24; i++) {
			uint8_t *p = svm_buffer(LARGE);

			if (__vsvm_prefetch_async(own, vm, p, LARGE, i % 3 ? 0 : WRITE,
						  &shared[i], 1))
				_exit(1);
		}
		WRITE_ONCE(shared[100], 1);
		if (end == KILL)
			pause();
		if (end == CLOSE)
			close(own);
		_exit(0);
	}
	while (!READ_ONCE(shared[100]) && !waitpid(pid, &status, WNOHANG))
		usleep(1000);
	igt_assert(READ_ONCE(shared[100]));
	if (end == KILL)
		kill(pid, SIGKILL);
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert(end == KILL ? WIFSIGNALED(status) : !status);
	svm_expect_no_vms(fd, pid);
	munmap(shared, PAGE);
	vsvm_engines_work(fd);
}

/* A watched fence: whoever looks at it has it answered, and then it is written */
static void test_watched_fence(int fd, bool answer)
{
	uint64_t *fence = svm_buffer(PAGE);
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;
	int uffd;

	uffd = uffd_open(false);
	svm_init(&t, fd);
	uffd_register(uffd, fence, PAGE);
	igt_assert_eq(prefetch(&t, p, SIZE, fence, 3), 0);
	expect_works(&t);
	if (answer) {
		uffd_fill(uffd, vsvm_ptr(fence), PAGE, 0);
		wait_fence(&t, fence, 3);
	}
	/* or never, and nobody minds */
	svm_fini(&t);
	svm_expect_no_vms(fd, getpid());
	close(uffd);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(fence, PAGE);
}

/* More fences wait than there are workers for them: faults are served all the same */
static void test_watched_many(int fd)
{
	uint64_t *fences = svm_buffer(PAGE);
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;
	int uffd;

	uffd = uffd_open(false);
	svm_init(&t, fd);
	uffd_register(uffd, fences, PAGE);
	for (unsigned int i = 0; i < 1100; i++)
		igt_assert_eq(prefetch(&t, p, PAGE, &fences[i % 512], i + 1), 0);
	svm_fill(&t, p, SIZE, 4);
	igt_assert_eq_u64(*(uint64_t *)p, 4);
	vsvm_engines_work(fd);
	uffd_fill(uffd, vsvm_ptr(fences), PAGE, 0);
	for (unsigned int i = 0; i < 512; i++)
		igt_assert_eq(__vsvm_wait(fd, 0, &fences[i], 1, 3 * VSVM_WAIT_NS), 0);
	svm_fini(&t);
	close(uffd);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(fences, PAGE);
}

/*
 * The process is gone, and another one has its file, and its userfaultfd that nobody answers. No
 * more than the VM may be left of it. A lock on a file that it had mapped says whether its memory
 * is gone: a lock ends when nobody has the file any more
 */
static void test_watched_abandoned(int fd)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	char path[] = "/var/tmp/vsvm-XXXXXX", byte;
	int file = mkstemp(path), end[2], status;
	pid_t pid;

	igt_require_f(file >= 0, "/var/tmp: %m\n");
	igt_assert_eq(ftruncate(file, PAGE), 0);
	igt_assert_eq(pipe(end), 0);
	pid = fork();
	if (!pid) {
		int own = drm_reopen_driver(fd), uffd = uffd_open(false), mine = open(path, O_RDWR);
		void *map = mmap(NULL, PAGE, RW, MAP_SHARED, mine, 0);
		uint64_t *fence = svm_buffer(PAGE);
		uint32_t vm = vsvm_vm_create(own);
		uint8_t *p = svm_buffer(SIZE);

		close(end[1]);
		if (flock(mine, LOCK_EX) || madvise(map, PAGE, MADV_DONTFORK) || close(mine))
			_exit(1);
		uffd_register(uffd, fence, PAGE);
		if (__vsvm_prefetch_async(own, vm, p, SIZE, 0, fence, 1))
			_exit(1);
		if (!fork()) {
			/* keeps device and userfaultfd until the test is over */
			_exit(read(end[0], &byte, 1));
		}
		_exit(0);
	}
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert_eq(status, 0);
	while (flock(file, LOCK_EX | LOCK_NB)) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
	}
	igt_assert_eq(svm_debugfs_vms(fd, pid), 1);
	unlink(path);
	close(file);
	close(end[1]);
	close(end[0]);
	svm_expect_no_vms(fd, pid);
}

/* Prefetches, faults and munmap in the same memory */
static void test_mixed(int fd)
{
	uint64_t *fence = svm_buffer(PAGE);
	uint8_t *p = svm_buffer(SIZE);
	struct drm_vsvm_vm_stats before;
	struct svm t;

	svm_init(&t, fd);
	before = svm_sync_stats(&t);
	for (uint64_t i = 1; i <= 50; i++) {
		igt_assert_eq(prefetch(&t, p, SIZE, fence, i), 0);
		svm_fill(&t, p, SIZE, i);
		for (unsigned int j = 0; j < PAGES; j++)
			igt_assert_eq_u64(*(uint64_t *)(p + j * PAGE), i);
		if (i % 3 == 0)
			svm_map_at(p, SIZE / 2);
		if (i % 3 == 1)
			igt_assert_eq(madvise(p, SIZE, MADV_DONTNEED), 0);
		wait_fence(&t, fence, i);
	}
	svm_buffer_free(p, SIZE);
	igt_assert_eq_u64(svm_sync_stats(&t).pages, before.pages);
	svm_fini(&t);
	svm_buffer_free(fence, PAGE);
}

int igt_main()
{
	static const char * const ends[] = { "close", "kill", "exit" };
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	igt_describe("The fence gets its value when the memory is mapped, and a wait for it ends");
	igt_subtest("fence")
		test_fence(fd);
	igt_describe("A fence comes although memory cannot be mapped; the access has the error");
	igt_subtest("bad-memory")
		test_bad_memory(fd);
	igt_describe("A fence that cannot be written is dropped, and holds up nothing");
	igt_subtest("bad-fence")
		test_bad_fence(fd);
	igt_describe("Hundreds at once are all done");
	igt_subtest("many")
		test_many(fd);
	igt_describe("A VM that is destroyed ends its prefetches, and their fences come");
	igt_subtest("destroy")
		test_destroy(fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(ends); i++) {
		igt_describe_f("Prefetches of much memory end with their program's %s", ends[i]);
		igt_subtest_f("end-%s", ends[i])
			test_end(fd, i);
	}
	igt_describe("A fence that a userfaultfd watches is written when that has answered");
	igt_subtest("watched-fence")
		test_watched_fence(fd, true);
	igt_describe("A fence that a userfaultfd watches and never answers does not keep the VM");
	igt_subtest("watched-fence-unanswered")
		test_watched_fence(fd, false);
	igt_describe("A thousand fences that have to wait keep no fault from being served");
	igt_subtest("watched-many")
		test_watched_many(fd);
	igt_describe("A fence that has to wait does not keep the memory of a process that is gone");
	igt_subtest("watched-abandoned")
		test_watched_abandoned(fd);
	igt_describe("Prefetches and faults of memory that changes do not lose a write");
	igt_subtest("mixed")
		test_mixed(fd);

	igt_fixture()
		close(fd);
}
