// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm prefetch
 * Description: Memory that was prefetched does not fault
 */
#include <sys/time.h>

#include "vsvm_svm.h"
#include "vsvm_prefetch.h"

IGT_TEST_DESCRIPTION("Memory that was prefetched does not fault");

#define PAGES	96
#define SIZE	(PAGES * PAGE)
#define WRITE	DRM_VSVM_PREFETCH_WRITE
#define ASYNC	DRM_VSVM_PREFETCH_ASYNC

static int prefetch(struct svm *t, const void *p, uint64_t size, uint32_t flags, uint64_t *done)
{
	return __vsvm_prefetch(t->ctx.fd, t->ctx.vm, p, size, flags, done);
}

/* All of it, at once */
static void expect_prefetch(struct svm *t, const void *p, uint64_t size, uint32_t flags)
{
	struct drm_vsvm_vm_stats before = svm_stats(t), after;
	uint64_t done = 1;

	igt_assert_eq(prefetch(t, p, size, flags, &done), 0);
	igt_assert_eq_u64(done, size);
	after = svm_stats(t);
	igt_assert_eq_u64(after.prefetched, before.prefetched + size / PAGE);
	igt_assert_eq_u64(after.faults, before.faults);
	igt_assert_eq_u64(after.runs, before.runs);
}

static void expect_failure(struct svm *t, const void *p, uint64_t size, uint32_t flags, int error,
			   uint64_t done)
{
	uint64_t got = 1;

	igt_assert_eq(prefetch(t, p, size, flags, &got), error);
	igt_assert_eq_u64(got, done);
}

/* The GPU reads every page, and does not fault */
static void expect_reads(struct svm *t, const void *p, unsigned int pages)
{
	struct drm_vsvm_vm_stats before = svm_stats(t);

	svm_read_pages(t, p, pages, PAGE);
	igt_assert_eq_u64(svm_stats(t).faults, before.faults);
}

static void expect_writes(struct svm *t, void *p, size_t size, uint64_t pattern)
{
	struct drm_vsvm_vm_stats before = svm_stats(t);

	svm_fill(t, p, size, pattern);
	igt_assert_eq_u64(svm_stats(t).faults, before.faults);
	for (size_t i = 0; i < size / 8; i += 64)
		igt_assert_eq_u64(((uint64_t *)p)[i], pattern);
}

static void prefetch_init(struct svm *t, int fd)
{
	svm_init(t, fd);
	svm_settle(t);
}

/* Kinds of memory */

enum kind {
	UNTOUCHED, POPULATED, ZEROS, HALF, THP, SHARED, MEMFD, FILE_PRIVATE, FILE_SHARED,
	FILE_DROPPED, READONLY, READONLY_FILE,
};

static const struct {
	const char *name;
	bool file, readonly;
} kinds[] = {
	[UNTOUCHED] = { "untouched" },
	[POPULATED] = { "populated" },
	[ZEROS] = { "zeros" },
	[HALF] = { "half" },
	[THP] = { "thp" },
	[SHARED] = { "shared" },
	[MEMFD] = { "memfd", true },
	[FILE_PRIVATE] = { "file-private", true },
	[FILE_SHARED] = { "file-shared", true },
	[FILE_DROPPED] = { "file-cold", true },
	[READONLY] = { "readonly", .readonly = true },
	[READONLY_FILE] = { "readonly-file", true, true },
};

static int kind_file(enum kind kind)
{
	int file = -1;

	if (kind == MEMFD) {
		file = memfd_create("vsvm", 0);
		igt_assert_eq(ftruncate(file, SIZE), 0);
	} else if (kinds[kind].file) {
		file = svm_temp_file(SIZE);
	}
	for (unsigned int i = 0; file >= 0 && i < PAGES; i++) {
		uint64_t word = i + 1;

		igt_assert_eq(pwrite(file, &word, sizeof(word), i * PAGE), sizeof(word));
	}
	if (kind == FILE_DROPPED) {
		igt_assert_eq(fsync(file), 0);
		igt_assert_eq(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED), 0);
	}
	return file;
}

static uint8_t *kind_map(enum kind kind)
{
	bool shared = kind == SHARED || kind == MEMFD || kind == FILE_SHARED ||
		      kind == FILE_DROPPED;
	int file = kind_file(kind), flags = shared ? MAP_SHARED : MAP_PRIVATE;
	uint8_t *p = svm_buffer(kind == THP ? VSVM_2M : SIZE);

	if (kind == THP)
		igt_require(madvise(p, VSVM_2M, MADV_HUGEPAGE) == 0);
	else
		igt_assert(mmap(p, SIZE, RW, flags | (file < 0 ? MAP_ANONYMOUS : 0) | MAP_FIXED,
				file, 0) == p);
	if (file >= 0)
		close(file);
	switch (kind) {
	case POPULATED:
	case THP:
	case SHARED:
	case READONLY:
		svm_number_pages(p, PAGES, 1);
		break;
	case HALF:
		for (unsigned int i = 0; i < PAGES; i += 2)
			*(uint64_t *)(p + i * PAGE) = i + 1;
		break;
	case ZEROS:
		for (unsigned int i = 0; i < PAGES; i++)
			igt_assert_eq(READ_ONCE(p[i * PAGE]), 0);
		break;
	default:
		break;
	}
	if (kinds[kind].readonly)
		igt_assert_eq(mprotect(p, SIZE, PROT_READ), 0);
	return p;
}

static void test_kind(int fd, enum kind kind)
{
	uint8_t *p = kind_map(kind);
	struct svm t;

	prefetch_init(&t, fd);
	expect_prefetch(&t, p, SIZE, 0);
	expect_reads(&t, p, PAGES);
	for (unsigned int i = 0; i < PAGES; i++) {
		uint64_t want = kind == UNTOUCHED || kind == ZEROS || (kind == HALF && i % 2) ?
				0 : i + 1;

		igt_assert_eq_u64(t.scratch[i], want);
	}
	if (kinds[kind].readonly) {
		expect_failure(&t, p, SIZE, WRITE, -EFAULT, 0);
		expect_reads(&t, p, PAGES);
	} else {
		expect_prefetch(&t, p, SIZE, WRITE);
		expect_writes(&t, p, SIZE, 0x5a5a);
		expect_reads(&t, p, PAGES);
	}
	/* straight for writing, memory that has changed since */
	if (!kinds[kind].readonly && !kinds[kind].file) {
		igt_assert_eq(madvise(p, SIZE, MADV_DONTNEED), 0);
		expect_prefetch(&t, p, SIZE, WRITE);
		expect_writes(&t, p, SIZE, 0x3c3c);
	}
	svm_fini(&t);
	svm_buffer_free(p, kind == THP ? VSVM_2M : SIZE);
}

/* A prefetch for reading says nothing of writing */
static void test_upgrade(int fd)
{
	struct drm_vsvm_vm_stats before;
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	prefetch_init(&t, fd);
	/* the page of zeros, which must stay what it is */
	expect_prefetch(&t, p, SIZE, 0);
	before = svm_stats(&t);
	svm_write(&t, p + 5 * PAGE, 7);
	igt_assert_lt_u64(before.faults, svm_stats(&t).faults);
	igt_assert_eq_u64(*(uint64_t *)(p + 5 * PAGE), 7);
	igt_assert_eq_u64(*(uint64_t *)(p + 4 * PAGE), 0);
	svm_settle(&t);
	expect_prefetch(&t, p, SIZE, WRITE);
	expect_writes(&t, p, SIZE, 8);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Of a hundred ranges, and of as many as there may be */
static void test_ranges(int fd, unsigned int count)
{
	struct drm_vsvm_range *ranges = calloc(count, sizeof(*ranges));
	uint8_t *p = svm_buffer(2 * count * PAGE);
	struct drm_vsvm_vm_stats before;
	struct drm_vsvm_vm_prefetch args;
	struct svm t;

	prefetch_init(&t, fd);
	svm_number_pages(p, 2 * count, 1);
	for (unsigned int i = 0; i < count; i++)
		ranges[i] = (struct drm_vsvm_range){ vsvm_ptr(p + 2 * i * PAGE), PAGE };
	args = (struct drm_vsvm_vm_prefetch){
		.vm_id = t.ctx.vm,
		.flags = WRITE,
		.ranges = { vsvm_ptr(ranges), count, sizeof(*ranges) },
		.done = 99,
	};
	before = svm_stats(&t);
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_PREFETCH, &args), 0);
	igt_assert_eq_u64(args.done, count * PAGE);
	igt_assert_eq_u64(svm_stats(&t).prefetched, before.prefetched + count);
	before = svm_stats(&t);
	svm_read_pages(&t, p, count, 2 * PAGE);
	igt_assert_eq_u64(svm_stats(&t).faults, before.faults);
	for (unsigned int i = 0; i < count; i++)
		igt_assert_eq_u64(t.scratch[i], 2 * i + 1);
	/* the last one is bad: what comes before is done */
	vsvm_unmap(p + 2 * (count - 1) * PAGE, PAGE);
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_PREFETCH, &args), -EFAULT);
	igt_assert_eq_u64(args.done, (count - 1) * PAGE);
	svm_fini(&t);
	svm_buffer_free(p, 2 * count * PAGE);
	free(ranges);
}

static void test_bad(int fd)
{
	uint8_t *bos = vsvm_reserve(VSVM_2M), *p = svm_buffer(SIZE);
	const uint64_t addr = vsvm_ptr(p), bo = vsvm_ptr(bos), top = 1ull << VSVM_VA_BITS;
	const struct drm_vsvm_range bad[] = {
		{ addr, 0 }, { addr + 1, PAGE }, { addr, 100 }, { addr + 8, PAGE - 8 },
		{ top, PAGE }, { top - PAGE, 2 * PAGE }, { addr, ~0ull }, { addr, -PAGE },
		{ bo, PAGE }, { bo - PAGE, 2 * PAGE }, { bo + VSVM_2M - PAGE, 2 * PAGE },
		{ 0, top },
	};
	struct drm_vsvm_range two[2] = { { addr, PAGE }, { addr + PAGE, PAGE } };
	struct { struct drm_vsvm_range range; uint64_t more; } wide = { { addr, PAGE }, 0 };
	struct drm_vsvm_vm_prefetch good, args;
	uint64_t fence[2], done;
	uint32_t plain;
	struct svm t;

	svm_init_vm(&t, fd, vsvm_vm_create_range(fd, bos, VSVM_2M));
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		expect_failure(&t, (void *)(uintptr_t)bad[i].addr, bad[i].size, 0, -EINVAL, 0);
		/* and nothing is done of a good one before it */
		two[1] = bad[i];
		args = (struct drm_vsvm_vm_prefetch){
			.vm_id = t.ctx.vm,
			.ranges = { vsvm_ptr(two), 2, sizeof(two[0]) },
		};
		igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_PREFETCH, &args), -EINVAL);
		igt_assert_eq_u64(args.done, 0);
	}
	igt_assert_eq_u64(svm_stats(&t).prefetched, 0);

	for (unsigned int bit = 4; bit < 32; bit++)
		expect_failure(&t, p, PAGE, 1u << bit, -EINVAL, 0);
	expect_failure(&t, p, PAGE, DRM_VSVM_PREFETCH_TO_VRAM | DRM_VSVM_PREFETCH_TO_SYSTEM,
		       -EINVAL, 0);
	good = (struct drm_vsvm_vm_prefetch){
		.vm_id = t.ctx.vm,
		.ranges = { vsvm_ptr(&wide), 1, sizeof(wide) },
	};
#define expect(error) igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_PREFETCH, &args), error)
	args = good;
	expect(0);
	wide.more = 1;
	expect(-E2BIG);
	wide.more = 0;
	args.ranges.count = 0;
	expect(0);
	igt_assert_eq_u64(args.done, 0);
	args.ranges.count = DRM_VSVM_MAX_ARRAY + 1;
	expect(-EINVAL);
	args = good;
	args.ranges.stride = 8;
	expect(-EINVAL);
	args.ranges.stride = sizeof(wide) + 4;
	expect(-EINVAL);
	args = good;
	args.ranges.ptr = 64;
	expect(-EFAULT);
	/* fences are for ASYNC, and it wants one */
	args = good;
	args.fence_addr = vsvm_ptr(fence);
	expect(-EINVAL);
	args = good;
	args.fence_value = 1;
	expect(-EINVAL);
	args = good;
	args.flags = ASYNC;
	expect(-EINVAL);
	args.fence_addr = vsvm_ptr(fence) + 4;
	expect(-EINVAL);
	args = good;
	args.vm_id = 0;
	expect(-ENOENT);
#undef expect
	plain = vsvm_vm_create_bo(fd);
	igt_assert_eq(__vsvm_prefetch(fd, plain, p, PAGE, 0, &done), -EINVAL);
	vsvm_vm_destroy(fd, plain);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	vsvm_unmap(bos, VSVM_2M);
}

/* Where the GPU could not go, a prefetch does not either, and says how far it came */
static void test_stops(int fd)
{
	const unsigned int bad = 37;
	uint8_t *p = svm_buffer(SIZE), *q = p + bad * PAGE;
	int file = svm_temp_file(3 * PAGE);
	struct svm t;

	prefetch_init(&t, fd);
	vsvm_unmap(q, PAGE);
	expect_failure(&t, p, SIZE, 0, -EFAULT, bad * PAGE);
	expect_failure(&t, q, PAGE, 0, -EFAULT, 0);
	expect_reads(&t, p, bad);
	expect_prefetch(&t, q + PAGE, SIZE - (bad + 1) * PAGE, WRITE);

	svm_map_at(p, SIZE);
	igt_assert_eq(mprotect(q, PAGE, PROT_NONE), 0);
	expect_failure(&t, p, SIZE, 0, -EFAULT, bad * PAGE);
	igt_assert_eq(mprotect(q, PAGE, PROT_READ), 0);
	expect_failure(&t, p, SIZE, WRITE, -EFAULT, bad * PAGE);
	expect_writes(&t, p, bad * PAGE, 1);
	expect_prefetch(&t, p, SIZE, 0);
	expect_reads(&t, p, PAGES);

	/* beyond the end of a file */
	igt_assert(mmap(q, 6 * PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0) == q);
	expect_failure(&t, q, 6 * PAGE, WRITE, -EFAULT, 3 * PAGE);
	expect_failure(&t, p, SIZE, 0, -EFAULT, (bad + 3) * PAGE);
	expect_reads(&t, p, bad + 3);
	igt_assert_eq(ftruncate(file, 4 * PAGE), 0);
	expect_failure(&t, q, 6 * PAGE, 0, -EFAULT, 4 * PAGE);
	/* what a device may not have */
	igt_assert_eq(ftruncate(file, 6 * PAGE), 0);
	expect_prefetch(&t, p, SIZE, WRITE);
	svm_expect_error(&t, p - PAGE, VSVM_ACCESS_READ, VSVM_ERROR_PERMISSION);
	close(file);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

static void test_large(int fd)
{
	const size_t size = 64ull << 20;
	struct drm_vsvm_vm_stats before;
	struct vsvm_program *program;
	uint8_t *p = svm_buffer(size);
	struct svm t;

	prefetch_init(&t, fd);
	program = svm_load_program(PAGE);
	svm_dispatch(&t, program, p, vsvm_ptr(t.scratch), 32);
	svm_settle(&t);
	expect_prefetch(&t, p, size, WRITE);
	before = svm_stats(&t);
	svm_dispatch(&t, program, p, vsvm_ptr(t.scratch), size / PAGE);
	svm_fill(&t, p, size, 5);
	igt_assert_eq_u64(svm_stats(&t).faults, before.faults);
	igt_assert_lte_u64(size / PAGE, svm_stats(&t).pages);
	/* once more: nothing is left to be done */
	before = svm_stats(&t);
	expect_prefetch(&t, p, size, WRITE);
	igt_assert_eq_u64(svm_stats(&t).pages_mapped, before.pages_mapped);
	igt_assert_eq_u64(svm_stats(&t).retries, before.retries);
	free(program);
	svm_fini(&t);
	svm_buffer_free(p, size);
}

/* It makes as few intervals as faults would, and none where nothing is mapped */
static void test_intervals(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	vsvm_require_vma_policy();
	prefetch_init(&t, fd);
	expect_prefetch(&t, p + PAGE, PAGE, 0);
	svm_expect_interval(&t, p, SIZE);
	vsvm_unmap(p + 3 * PAGE, PAGE);
	expect_failure(&t, p + PAGE, SIZE - PAGE, 0, -EFAULT, 2 * PAGE);
	vsvm_vm_sync(fd, t.ctx.vm);
	igt_assert_eq(svm_intervals_in(&t, p, 3 * PAGE, NULL, 0), 1);
	igt_assert_eq(svm_intervals_in(&t, p + 3 * PAGE, PAGE, NULL, 0), 0);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Several mappings of different kinds in one range */
static void test_mixed(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	int file = svm_temp_file(SIZE);
	struct svm t;

	prefetch_init(&t, fd);
	igt_assert(mmap(p + 7 * PAGE, 9 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0) ==
		   p + 7 * PAGE);
	igt_assert(mmap(p + 20 * PAGE, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		   p + 20 * PAGE);
	igt_assert_eq(mprotect(p + 30 * PAGE, PAGE, PROT_READ), 0);
	expect_prefetch(&t, p, SIZE, 0);
	expect_reads(&t, p, PAGES);
	expect_failure(&t, p, SIZE, WRITE, -EFAULT, 7 * PAGE);
	expect_failure(&t, p + 16 * PAGE, SIZE - 16 * PAGE, WRITE, -EFAULT, 14 * PAGE);
	close(file);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Changes of the process against it */

struct changer {
	uint8_t *p;
	bool stop;
};

static void *change_thread(void *data)
{
	struct changer *c = data;

	while (!READ_ONCE(c->stop)) {
		munmap(c->p + SIZE / 4, SIZE / 2);
		if (mmap(c->p + SIZE / 4, SIZE / 2, RW,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			return NULL;
	}
	return c;
}

static void test_munmap(int fd)
{
	struct changer c = { .p = svm_buffer(SIZE) };
	struct drm_vsvm_vm_stats before;
	pthread_t thread;
	uint64_t done;
	struct svm t;
	void *ret;

	prefetch_init(&t, fd);
	before = svm_sync_stats(&t);
	igt_assert_eq(pthread_create(&thread, NULL, change_thread, &c), 0);
	for (int i = 0; i < 200; i++) {
		int err = prefetch(&t, c.p, SIZE, i % 2 ? WRITE : 0, &done);

		igt_assert_f(!err || err == -EFAULT, "%s\n", strerror(-err));
		if (err) {
			igt_assert_lte_u64(SIZE / 4, done);
			igt_assert_lt_u64(done, SIZE * 3 / 4);
		} else {
			igt_assert_eq_u64(done, SIZE);
		}
	}
	WRITE_ONCE(c.stop, true);
	igt_assert_eq(pthread_join(thread, &ret), 0);
	igt_assert(ret);
	expect_prefetch(&t, c.p, SIZE, WRITE);
	expect_writes(&t, c.p, SIZE, 9);
	svm_buffer_free(c.p, SIZE);
	/* nothing is left behind */
	igt_assert_eq_u64(svm_sync_stats(&t).pages, before.pages);
	igt_assert_eq_u64(svm_stats(&t).pt_bytes, before.pt_bytes);
	svm_fini(&t);
}

static void test_other_process(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	uint64_t fence = 0;
	struct svm t;
	int status;
	pid_t pid;

	svm_init(&t, fd);
	pid = fork();
	if (!pid) {
		bool good = prefetch(&t, p, SIZE, 0, NULL) == -EACCES &&
			    __vsvm_prefetch_async(fd, t.ctx.vm, p, SIZE, 0, &fence, 1) == -EACCES &&
			    __vsvm_page_size(fd, t.ctx.vm, p, SIZE, 1) == -EACCES && !fence;

		_exit(!good);
	}
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert_eq(status, 0);
	igt_assert_eq_u64(svm_stats(&t).prefetched, 0);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Signals; a userfaultfd keeps the prefetch from coming to its end */

static void on_signal(int sig)
{
}

struct waiter {
	struct svm *t;
	uint8_t *p;
	uint64_t done;
	int ret;
};

static void *waiter_thread(void *data)
{
	struct waiter *w = data;

	w->ret = prefetch(w->t, w->p, SIZE, WRITE, &w->done);
	return w;
}

static void test_signal(int fd, bool user_only)
{
	/* after something has been done, or before */
	const unsigned int first = user_only ? 0 : PAGES / 2;
	struct sigaction old, action = { .sa_handler = on_signal };
	uint8_t *p = svm_buffer(SIZE);
	struct waiter w = { .p = p };
	pthread_t thread;
	struct svm t;
	int uffd;

	uffd = uffd_open(user_only);
	prefetch_init(&t, fd);
	w.t = &t;
	/* the prefetch gets to what is watched, and waits for its first page */
	uffd_register(uffd, p + first * PAGE, SIZE - first * PAGE);
	igt_assert_eq(sigaction(SIGUSR1, &action, &old), 0);
	igt_assert_eq(pthread_create(&thread, NULL, waiter_thread, &w), 0);
	igt_assert_eq_u64(uffd_wait(uffd), vsvm_ptr(p + first * PAGE));
	igt_assert_eq(pthread_kill(thread, SIGUSR1), 0);
	igt_assert_eq(pthread_join(thread, NULL), 0);
	igt_assert_eq(w.ret, -EINTR);
	igt_assert_eq_u64(w.done, first * PAGE);
	if (first)
		expect_writes(&t, p, first * PAGE, 2);

	/* what is answered goes on */
	igt_assert_eq(pthread_create(&thread, NULL, waiter_thread, &w), 0);
	for (unsigned int i = first; i < PAGES; i++) {
		uint64_t addr = uffd_wait(uffd);

		igt_assert_lte_u64(vsvm_ptr(p + first * PAGE), addr);
		uffd_fill(uffd, addr, PAGE, i + 1);
	}
	igt_assert_eq(pthread_join(thread, NULL), 0);
	igt_assert_eq(w.ret, 0);
	igt_assert_eq_u64(w.done, SIZE);
	expect_reads(&t, p, PAGES);
	igt_assert_eq(sigaction(SIGUSR1, &old, NULL), 0);
	close(uffd);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

static void test_kill(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	int pipes[2], status;
	char byte;
	pid_t pid;

	igt_assert_eq(pipe(pipes), 0);
	pid = fork();
	if (!pid) {
		int own = drm_reopen_driver(fd), uffd = uffd_open(false);
		uint32_t vm = vsvm_vm_create(own);
		pthread_t thread;
		struct svm t = { .ctx = { .fd = own, .vm = vm } };
		struct waiter w = { .t = &t, .p = p };

		uffd_register(uffd, p, SIZE);
		if (pthread_create(&thread, NULL, waiter_thread, &w))
			_exit(1);
		uffd_wait(uffd);
		if (write(pipes[1], "", 1) != 1)
			_exit(2);
		pause();
		_exit(3);
	}
	close(pipes[1]);
	igt_assert_eq(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
	igt_assert_eq(kill(pid, SIGKILL), 0);
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert(WIFSIGNALED(status));
	svm_expect_no_vms(fd, pid);
	svm_buffer_free(p, SIZE);
}

/* A handler that says nothing, and the program asks again until all is done */
static void test_interrupted(int fd)
{
	struct sigaction old, action = { .sa_handler = on_signal };
	struct itimerval timer = { { 0, 2000 }, { 0, 2000 } }, off = {};
	const size_t size = 32ull << 20;
	uint8_t *p = svm_buffer(size);
	uint64_t at = 0, done;
	unsigned int calls;
	struct svm t;

	prefetch_init(&t, fd);
	igt_assert_eq(sigaction(SIGALRM, &action, &old), 0);
	igt_assert_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
	for (calls = 0; at < size; calls++) {
		int err = prefetch(&t, p + at, size - at, WRITE, &done);

		igt_assert_f(!err || err == -EINTR, "%s\n", strerror(-err));
		/* each call gets somewhere, or this has no end */
		igt_assert_lt_u64(0, done);
		at += done;
		igt_assert(err || at == size);
	}
	igt_assert_eq(setitimer(ITIMER_REAL, &off, NULL), 0);
	igt_assert_eq(sigaction(SIGALRM, &old, NULL), 0);
	igt_info("%u calls\n", calls);
	igt_assert_lte(calls, size / VSVM_2M);
	svm_settle(&t);
	expect_writes(&t, p, size, 3);
	svm_fini(&t);
	svm_buffer_free(p, size);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		igt_describe_f("Memory of the kind %s is what it was, and does not fault",
			       kinds[i].name);
		igt_subtest_f("kind-%s", kinds[i].name)
			test_kind(fd, i);
	}
	igt_describe("A prefetch for reading does not let the GPU write to what it shares");
	igt_subtest("upgrade")
		test_upgrade(fd);
	for (unsigned int i = 1; i <= DRM_VSVM_MAX_ARRAY; i *= 32) {
		igt_describe("All ranges of an array are mapped, up to the first that cannot be");
		igt_subtest_f("ranges-%u", i)
			test_ranges(fd, i);
	}
	igt_describe("Arguments that are none are refused, and nothing is done");
	igt_subtest("bad")
		test_bad(fd);
	igt_describe("A prefetch stops where the GPU could not go on, and says where");
	igt_subtest("stops")
		test_stops(fd);
	igt_describe("Much memory is mapped in one call, and the same call again finds it mapped");
	igt_subtest("large")
		test_large(fd);
	igt_describe("A prefetch listens to what it maps and to nothing else");
	igt_subtest("intervals")
		test_intervals(fd);
	igt_describe("One range may span mappings of several kinds");
	igt_subtest("mixed")
		test_mixed(fd);
	igt_describe("Memory that is unmapped during a prefetch is not mapped by it");
	igt_subtest("munmap")
		test_munmap(fd);
	igt_describe("Another process that has the file can change nothing of the VM's memory");
	igt_subtest("other-process")
		test_other_process(fd);
	for (int i = 0; i < 2; i++) {
		igt_describe("A signal ends a prefetch that waits, and it can be taken up again");
		igt_subtest_f("signal%s", i ? "-user-only" : "")
			test_signal(fd, i);
	}
	igt_describe("A process can be killed while its prefetch waits, and leaves nothing");
	igt_subtest("kill")
		test_kill(fd);
	igt_describe("A program with a timer gets to the end of a prefetch that it repeats");
	igt_subtest("interrupted")
		test_interrupted(fd);

	igt_fixture()
		close(fd);
}
