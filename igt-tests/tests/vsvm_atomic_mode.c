// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm atomic mode
 * Description: Atomics of the GPU and of CPUs on the same memory, by each mode that it can have
 *
 * Words that both sides add to: what is there in the end is the sum, whichever way the memory
 * went meanwhile.
 */
#include "vsvm_atomic.h"
#include "vsvm_race.h"
#include "vsvm_uffd.h"
#include "vsvm_vram.h"

IGT_TEST_DESCRIPTION("Atomics of the GPU and of CPUs on the same memory, by each mode");

static const char *const modes[] = {
	[DIRECT] = "direct", [EXCLUSIVE] = "exclusive", [MIGRATE] = "migrate",
};

/* One after the other */

static void test_direct(int fd)
{
	struct drm_vsvm_vm_stats before;
	struct svm t;
	uint32_t *p;

	svm_init(&t, fd);
	p = atomic_buffer(&t, PAGE, DIRECT);
	*p = 1;
	svm_settle(&t);
	before = svm_stats(&t);
	gpu_add(&t, p, 10);
	igt_assert(is_present(p));
	cpu_add(p, 100);
	gpu_add(&t, p, 1000);
	igt_assert_eq_u32(*p, 1111);
	atomic_expect(&t, &before, 0, 0);
	/* one fault, and then it is there for both */
	igt_assert_eq_u64(svm_stats(&t).faults, before.faults + 1);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

static void test_exclusive(int fd)
{
	struct drm_vsvm_vm_stats before;
	struct svm t;
	uint32_t *p;

	svm_init(&t, fd);
	p = atomic_buffer(&t, PAGE, EXCLUSIVE);
	*p = 1;
	/* stores and loads share it with CPUs */
	svm_write(&t, p + 2, 7);
	igt_assert_eq_u64(svm_read(&t, p), 1);
	igt_assert(is_present(p));
	svm_settle(&t);
	before = svm_stats(&t);
	gpu_add(&t, p, 10);
	igt_assert(!is_present(p));
	atomic_expect(&t, &before, 1, 0);
	/* the next ones find it so, and so do loads and stores */
	gpu_add(&t, p, 10);
	svm_write(&t, p + 4, 8);
	igt_assert_eq_u64(svm_read(&t, p), 21);
	atomic_expect(&t, &before, 1, 0);
	igt_assert_eq_u64(svm_stats(&t).faults, before.faults + 1);
	/* a CPU takes it back, by whatever access */
	igt_assert_eq_u32(READ_ONCE(*p), 21);
	igt_assert(is_present(p));
	gpu_add(&t, p, 10);
	atomic_expect(&t, &before, 2, 0);
	cpu_add(p, 100);
	gpu_add(&t, p, 1000);
	atomic_expect(&t, &before, 3, 0);
	igt_assert_eq_u32(*p, 1131);
	igt_assert_eq_u32(p[2], 7);
	igt_assert_eq_u32(p[4], 8);
	/* no longer so */
	gpu_add(&t, p, 1);
	atomic_set_mode(&t, p, PAGE, DIRECT);
	gpu_add(&t, p, 1);
	igt_assert(is_present(p));
	igt_assert_eq_u32(*p, 1133);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

static void test_migrate(int fd)
{
	struct drm_vsvm_vm_stats before;
	struct svm t;
	uint32_t *p;

	vram_require(fd);
	svm_init(&t, fd);
	p = atomic_buffer(&t, PAGE, MIGRATE);
	*p = 1;
	/* loads and stores leave it where it is */
	svm_write(&t, p + 2, 7);
	igt_assert_eq_u64(svm_read(&t, p), 1);
	vram_expect_pages(&t, 0);
	before = svm_stats(&t);
	gpu_add(&t, p, 10);
	vram_expect_pages(&t, 1);
	atomic_expect(&t, &before, 0, 1);
	gpu_add(&t, p, 10);
	igt_assert_eq_u64(svm_read(&t, p), 21);
	atomic_expect(&t, &before, 0, 1);
	igt_assert_eq_u32(cpu_add(p, 100), 121);
	vram_expect_pages(&t, 0);
	gpu_add(&t, p, 1000);
	atomic_expect(&t, &before, 0, 2);
	vram_expect_pages(&t, 1);
	igt_assert_eq_u32(*p, 1121);
	igt_assert_eq_u32(p[2], 7);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

/* Nobody has touched it, or it is in VRAM: no CPU has it then, and it need not move */
static void test_vram(int fd, uint32_t mode)
{
	struct drm_vsvm_vm_stats before;
	struct svm t;
	uint32_t *p;

	vram_require(fd);
	svm_init(&t, fd);
	p = atomic_buffer(&t, 2 * PAGE, mode);
	gpu_add(&t, p, 5);
	*(p + PAGE / 4) = 1;
	vram_prefetch(&t, p, 2 * PAGE);
	vram_expect_pages(&t, 2);
	before = svm_stats(&t);
	gpu_add(&t, p, 10);
	gpu_add(&t, p + PAGE / 4, 10);
	atomic_expect(&t, &before, 0, 0);
	vram_expect_pages(&t, 2);
	igt_assert_eq_u32(*p, 15);
	igt_assert_eq_u32(p[PAGE / 4], 11);
	svm_buffer_free(p, 2 * PAGE);
	svm_fini(&t);
}

/* 2M of which one page is added to: by exclusive access 4K are taken, the rest stays the CPU's */
static void test_huge(int fd, uint32_t mode)
{
	struct drm_vsvm_vm_stats before;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = svm_buffer(VSVM_2M);
	igt_require(madvise(p, VSVM_2M, MADV_HUGEPAGE) == 0);
	svm_number_pages(p, BLOCK_PAGES, 1);
	igt_require(vsvm_huge_kib(p) == 2048);
	atomic_set_mode(&t, p, VSVM_2M, mode);
	svm_expect_pages(&t, p, BLOCK_PAGES, 1);
	before = svm_stats(&t);
	gpu_add(&t, (uint32_t *)(p + 5 * PAGE), 0);
	if (mode == EXCLUSIVE) {
		atomic_expect(&t, &before, 1, 0);
		igt_assert(!is_present(p + 5 * PAGE));
		igt_assert(is_present(p + 4 * PAGE));
		igt_assert(is_present(p + 6 * PAGE));
	} else {
		atomic_expect(&t, &before, 0, 1);
		vram_expect_pages(&t, BLOCK_PAGES);
	}
	for (unsigned int i = 0; i < BLOCK_PAGES; i += 64)
		gpu_add(&t, (uint32_t *)(p + i * PAGE), 0);
	svm_expect_pages(&t, p, BLOCK_PAGES, 1);
	vram_check(p, BLOCK_PAGES, 1);
	svm_buffer_free(p, VSVM_2M);
	svm_fini(&t);
}

/* All at once */

/**
 * struct adder - a CPU that adds until it is told to stop
 */
struct adder {
	pthread_t thread;
	uint32_t *words;
	size_t stride;
	uint32_t *stop;
	unsigned int pause_us;
	uint64_t added;
};

#define ADDERS	2
#define LANES	(2 * VSVM_WAVE_LANES)
#define ROUNDS	24

static void *adder_thread(void *data)
{
	struct adder *a = data;

	while (!__atomic_load_n(a->stop, __ATOMIC_SEQ_CST)) {
		for (unsigned int i = 0; i < LANES; i++)
			cpu_add((uint32_t *)((uint8_t *)a->words + i * a->stride), 1);
		__atomic_add_fetch(&a->added, LANES, __ATOMIC_SEQ_CST);
		if (a->pause_us)
			usleep(a->pause_us);
	}
	return NULL;
}

static uint64_t sum_of(const uint32_t *words, size_t stride)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < (stride ? LANES : 1); i++)
		sum += *(uint32_t *)((uint8_t *)words + i * stride);
	return sum;
}

/*
 * Waves and CPUs add to the same words, a stride apart, until the waves are through, and each CPU
 * has got on too
 */
static void add_together(struct svm *t, uint32_t *words, size_t stride, unsigned int rounds,
			 unsigned int pause_us)
{
	struct vsvm_program *program = svm_atomic_program(stride);
	struct svm_args *args = (struct svm_args *)&t->scratch[SVM_SCRATCH / 8 - 2];
	struct adder adders[ADDERS] = {};
	uint64_t seqno, added = 0, before = sum_of(words, stride);
	uint32_t stop = 0;
	const uint64_t *seen;

	*args = (struct svm_args){ vsvm_ptr(words), 1 };
	svm_stream(t);
	for (unsigned int i = 0; i < rounds; i++)
		vsvm_emit_dispatch(&t->s, program, args, sizeof(*args), LANES / VSVM_WAVE_LANES,
				   VSVM_WAVE_LANES);
	for (unsigned int i = 0; i < ADDERS; i++) {
		adders[i].words = words;
		adders[i].stride = stride;
		adders[i].stop = &stop;
		adders[i].pause_us = pause_us;
		igt_assert_eq(pthread_create(&adders[i].thread, NULL, adder_thread, &adders[i]), 0);
	}
	seqno = vsvm_submit(&t->ctx, &t->s);
	vsvm_finish(&t->ctx, seqno);
	for (unsigned int i = 0; i < ADDERS; i++) {
		while (!__atomic_load_n(&adders[i].added, __ATOMIC_SEQ_CST))
			usleep(1000);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < ADDERS; i++) {
		igt_assert_eq(pthread_join(adders[i].thread, NULL), 0);
		added += adders[i].added;
	}
	igt_assert_eq_u64(sum_of(words, stride), before + added + rounds * LANES);
	seen = svm_read_pages(t, words, LANES, stride);
	for (unsigned int i = 0; i < LANES; i++)
		igt_assert_eq_u32((uint32_t)seen[i],
				  *(uint32_t *)((uint8_t *)words + i * stride));
	free(program);
}

enum kind { SMALL, HUGE, VRAM, SHARED, FILE_PRIVATE, FILE_SHARED, NUM_KINDS };

static const char *const kinds[] = {
	[SMALL] = "4k", [HUGE] = "2m", [VRAM] = "vram", [SHARED] = "shared",
	[FILE_PRIVATE] = "file-private", [FILE_SHARED] = "file-shared",
};

static bool is_shared(enum kind kind)
{
	return kind == SHARED || kind == FILE_SHARED;
}

static uint8_t *kind_buffer(enum kind kind, size_t size)
{
	uint8_t *p = svm_buffer(size);
	int file = -1;

	switch (kind) {
	case HUGE:
		igt_require(madvise(p, size, MADV_HUGEPAGE) == 0);
		memset(p, 0, size);
		igt_require(vsvm_huge_kib(p) == size / 1024);
		return p;
	case SHARED:
		igt_assert(mmap(p, size, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
		return p;
	case FILE_PRIVATE:
	case FILE_SHARED:
		file = svm_temp_file(size);
		igt_assert(mmap(p, size, RW, (kind == FILE_SHARED ? MAP_SHARED : MAP_PRIVATE) |
				MAP_FIXED, file, 0) == p);
		close(file);
		return p;
	default:
		igt_assert_eq(madvise(p, size, MADV_NOHUGEPAGE), 0);
		return p;
	}
}

/* In one page, in a page each, and in one word */
static void test_together(int fd, uint32_t mode, enum kind kind)
{
	const size_t size = kind == HUGE ? VSVM_2M : LANES * PAGE;
	struct drm_vsvm_vm_stats before, after;
	struct svm t;
	uint8_t *p;

	if (mode == MIGRATE || kind == VRAM)
		vram_require(fd);
	svm_init(&t, fd);
	p = kind_buffer(kind, size);
	atomic_set_mode(&t, p, size, mode);
	if (mode != DIRECT && is_shared(kind)) {
		/* It cannot be had so, and that is told; nothing was written. */
		svm_expect_error(&t, p, VSVM_ACCESS_ATOMIC, VSVM_ERROR_UNSUPPORTED);
		igt_assert_eq_u64(*(uint64_t *)p, 0);
		svm_write(&t, p, 3);
		igt_assert_eq_u64(*(uint64_t *)p, 3);
		goto out;
	}
	if (kind == VRAM)
		vram_prefetch(&t, p, size);
	before = svm_stats(&t);
	add_together(&t, (uint32_t *)p, 4, ROUNDS, 200);
	if (kind == VRAM)
		vram_prefetch(&t, p, size);
	add_together(&t, (uint32_t *)(p + 1024), PAGE, ROUNDS, 200);
	if (kind == VRAM)
		vram_prefetch(&t, p, size);
	add_together(&t, (uint32_t *)(p + 2048), 0, ROUNDS, 200);
	after = svm_stats(&t);
	if (kind != VRAM) {
		/* each page at least once, or none */
		if (mode == EXCLUSIVE)
			igt_assert_lte_u64(LANES, after.pages_exclusive - before.pages_exclusive);
		else
			igt_assert_eq_u64(after.pages_exclusive, before.pages_exclusive);
		if (mode == MIGRATE)
			igt_assert_lt_u64(before.atomics_moved, after.atomics_moved);
		else
			igt_assert_eq_u64(after.atomics_moved, before.atomics_moved);
	}
out:
	svm_buffer_free(p, size);
	svm_fini(&t);
}

/* Two VMs of one process, which take a page from each other */
static void test_two_vms(int fd, uint32_t mode)
{
	struct svm t, u;
	uint32_t *p;

	svm_init(&t, fd);
	svm_init(&u, fd);
	p = atomic_buffer(&t, PAGE, mode);
	atomic_set_mode(&u, p, PAGE, mode);
	for (unsigned int i = 0; i < 10; i++) {
		gpu_add(&t, p, 1);
		gpu_add(&u, p, 100);
	}
	igt_assert_eq_u32(*p, 1010);
	svm_buffer_free(p, PAGE);
	svm_fini(&u);
	svm_fini(&t);
}

/* Memory of kinds that cannot be had */

static void test_hugetlb(int fd, uint32_t mode)
{
	struct svm t;
	uint32_t *p;

	vsvm_set("/proc/sys/vm/nr_hugepages", "1\n");
	p = mmap(NULL, VSVM_2M, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB, -1,
		 0);
	igt_require_f(p != MAP_FAILED, "2M pages: %m\n");
	svm_init(&t, fd);
	atomic_set_mode(&t, p, VSVM_2M, mode);
	svm_expect_error(&t, p, VSVM_ACCESS_ATOMIC, VSVM_ERROR_UNSUPPORTED);
	svm_write(&t, p, 4);
	atomic_set_mode(&t, p, VSVM_2M, DIRECT);
	gpu_add(&t, p, 1);
	igt_assert_eq_u32(*p, 5);
	vsvm_unmap(p, VSVM_2M);
	svm_fini(&t);
	vsvm_set_back();
}

static void test_watched(int fd, uint32_t mode)
{
	int uffd = uffd_open(0);
	struct svm t;
	uint32_t *p;

	svm_init(&t, fd);
	p = atomic_buffer(&t, PAGE, mode);
	*p = 2;
	uffd_watch(uffd, p, PAGE, UFFDIO_REGISTER_MODE_MISSING);
	svm_expect_error(&t, p, VSVM_ACCESS_ATOMIC, VSVM_ERROR_UNSUPPORTED);
	uffd_unwatch(uffd, p, PAGE);
	gpu_add(&t, p, 1);
	igt_assert_eq_u32(*p, 3);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
	close(uffd);
}

/* mlock keeps memory from moving, not from being exclusive */
static void test_locked(int fd, uint32_t mode)
{
	struct svm t;
	uint32_t *p;

	svm_init(&t, fd);
	p = atomic_buffer(&t, PAGE, mode);
	*p = 2;
	igt_assert_eq(mlock(p, PAGE), 0);
	if (mode == MIGRATE)
		svm_expect_error(&t, p, VSVM_ACCESS_ATOMIC, VSVM_ERROR_UNSUPPORTED);
	else
		gpu_add(&t, p, 1);
	igt_assert_eq(munlock(p, PAGE), 0);
	gpu_add(&t, p, 1);
	igt_assert_eq_u32(*p, mode == MIGRATE ? 3 : 4);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

static void test_protected(int fd, uint32_t mode)
{
	struct svm t;
	uint32_t *p;

	svm_init(&t, fd);
	p = atomic_buffer(&t, PAGE, mode);
	gpu_add(&t, p, 1);
	igt_assert_eq(mprotect(p, PAGE, PROT_READ), 0);
	igt_assert_eq_u64(svm_read(&t, p), 1);
	svm_expect_error(&t, p, VSVM_ACCESS_ATOMIC, VSVM_ERROR_PERMISSION);
	igt_assert_eq_u32(*p, 1);
	igt_assert_eq(mprotect(p, PAGE, RW), 0);
	gpu_add(&t, p, 1);
	igt_assert_eq_u32(*p, 2);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

static void test_page_size(int fd)
{
	struct svm t;
	uint32_t *p;

	svm_init(&t, fd);
	p = svm_buffer(VSVM_2M);
	igt_require(madvise(p, VSVM_2M, MADV_HUGEPAGE) == 0);
	*p = 1;
	igt_require(vsvm_huge_kib(p) == 2048);
	atomic_set_mode(&t, p, VSVM_2M, EXCLUSIVE);
	igt_assert_eq(__vsvm_page_size(fd, t.ctx.vm, p, VSVM_2M, DRM_VSVM_PAGE_SIZE_2M), 0);
	svm_expect_error(&t, p, VSVM_ACCESS_ATOMIC, VSVM_ERROR_PAGE_SIZE);
	/* and it is 2M still */
	svm_write(&t, p, 2);
	igt_assert_eq_u64(vsvm_huge_kib(p), 2048);
	svm_buffer_free(p, VSVM_2M);
	svm_fini(&t);
}

/* A VM that may have no VRAM */
static void test_no_vram(int fd)
{
	struct drm_vsvm_vm_create args = {
		.flags = DRM_VSVM_VM_SVM,
		.vram_limit = PAGE,
		.counter_threshold = DRM_VSVM_COUNTER_OFF,
	};
	struct svm t;
	uint32_t *p;

	vram_require(fd);
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_CREATE, &args), 0);
	svm_init_vm(&t, fd, args.vm_id);
	p = atomic_buffer(&t, PAGE, MIGRATE);
	*p = 1;
	svm_expect_error(&t, p, VSVM_ACCESS_ATOMIC, VSVM_ERROR_NOMEM);
	igt_assert_eq_u32(*p, 1);
	atomic_set_mode(&t, p, PAGE, EXCLUSIVE);
	gpu_add(&t, p, 1);
	igt_assert_eq_u32(*p, 2);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

/* What happens to memory while it is out of the reach of CPUs */

static uint32_t *begin_event(struct svm *t, int fd, uint32_t mode)
{
	uint32_t *p;

	if (mode == MIGRATE)
		vram_require(fd);
	svm_init(t, fd);
	p = atomic_buffer(t, PAGE, mode);
	*p = 0x10;
	gpu_add(t, p, 1);
	igt_assert(!is_present(p));
	return p;
}

static void test_fork(int fd, uint32_t mode)
{
	uint32_t *p, *go;
	struct svm t;
	int status;
	pid_t pid;

	p = begin_event(&t, fd, mode);
	go = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	igt_assert(go != MAP_FAILED);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

		while (!__atomic_load_n(go, __ATOMIC_SEQ_CST) && vsvm_now() < deadline)
			usleep(1000);
		cpu_add(p, 0x20);
		_exit(*p);
	}
	/* the parent's is its own from now on */
	gpu_add(&t, p, 1);
	__atomic_store_n(go, 1, __ATOMIC_SEQ_CST);
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert(WIFEXITED(status));
	igt_assert_eq(WEXITSTATUS(status), 0x31);
	gpu_add(&t, p, 1);
	igt_assert_eq_u32(*p, 0x13);
	munmap(go, PAGE);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

static void test_munmap(int fd, uint32_t mode)
{
	struct svm t;
	uint32_t *p;

	p = begin_event(&t, fd, mode);
	vsvm_unmap(p, PAGE);
	svm_expect_error(&t, p, VSVM_ACCESS_ATOMIC, VSVM_ERROR_UNMAPPED);
	/* what comes there has no mode: the page stays with the CPU */
	svm_map_at(p, PAGE);
	gpu_add(&t, p, 1);
	igt_assert(is_present(p));
	igt_assert_eq_u32(*p, 1);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

static void test_mremap(int fd, uint32_t mode)
{
	uint8_t *q = svm_buffer(PAGE);
	struct svm t;
	uint32_t *p;

	p = begin_event(&t, fd, mode);
	igt_assert(mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q) == q);
	gpu_add(&t, (uint32_t *)q, 1);
	igt_assert_eq_u32(*(uint32_t *)q, 0x12);
	svm_expect_error(&t, p, VSVM_ACCESS_ATOMIC, VSVM_ERROR_UNMAPPED);
	svm_buffer_free(q, PAGE);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

static void test_dontneed(int fd, uint32_t mode)
{
	struct svm t;
	uint32_t *p;

	p = begin_event(&t, fd, mode);
	igt_assert_eq(madvise(p, PAGE, MADV_DONTNEED), 0);
	gpu_add(&t, p, 1);
	igt_assert(!is_present(p));
	igt_assert_eq_u32(*p, 1);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

static void test_truncate(int fd, uint32_t mode)
{
	int file = svm_temp_file(PAGE);
	uint32_t *p = svm_buffer(PAGE);
	struct svm t;

	if (mode == MIGRATE)
		vram_require(fd);
	svm_init(&t, fd);
	igt_assert(mmap(p, PAGE, RW, MAP_PRIVATE | MAP_FIXED, file, 0) == p);
	atomic_set_mode(&t, p, PAGE, mode);
	gpu_add(&t, p, 1);
	igt_assert(!is_present(p));
	igt_assert_eq(ftruncate(file, 0), 0);
	svm_expect_error(&t, p, VSVM_ACCESS_ATOMIC, VSVM_ERROR_BUS);
	igt_assert_eq(ftruncate(file, PAGE), 0);
	gpu_add(&t, p, 1);
	igt_assert_eq_u32(*p, 1);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
	close(file);
}

/* Paged out it is only by exclusive access: from VRAM it does not go to a disk */
static void test_swap(int fd)
{
	struct svm t;
	uint32_t *p;

	vsvm_swapfile_on(4096);
	p = begin_event(&t, fd, EXCLUSIVE);
	/* The kernel cannot page out what it has no mapping of, and need not try. */
	(void)madvise(p, PAGE, MADV_PAGEOUT);
	gpu_add(&t, p, 1);
	igt_assert_eq_u32(*p, 0x12);
	vsvm_page_out(p, PAGE);
	gpu_add(&t, p, 1);
	igt_assert_eq_u32(*p, 0x13);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
	vsvm_swapfile_off();
}

/* The kernel reads and writes it on behalf of the process */
static void test_syscall(int fd, uint32_t mode)
{
	uint32_t value = 0;
	struct svm t;
	uint32_t *p;
	int ends[2];

	igt_assert_eq(pipe(ends), 0);
	p = begin_event(&t, fd, mode);
	igt_assert_eq(write(ends[1], p, 4), 4);
	gpu_add(&t, p, 1);
	igt_assert_eq(read(ends[0], &value, 4), 4);
	igt_assert_eq_u32(value, 0x11);
	value = 0x40;
	igt_assert_eq(write(ends[1], &value, 4), 4);
	igt_assert_eq(read(ends[0], p, 4), 4);
	gpu_add(&t, p, 1);
	igt_assert_eq_u32(*p, 0x41);
	close(ends[0]);
	close(ends[1]);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

static void test_vm_gone(int fd, uint32_t mode)
{
	struct svm t;
	uint32_t *p;

	p = begin_event(&t, fd, mode);
	svm_fini(&t);
	igt_assert_eq_u32(cpu_add(p, 1), 0x12);
	svm_buffer_free(p, PAGE);
}

/* CPUs and waves that never leave the same words alone, in one page or in some: each gets on */
static void test_hammer(int fd, size_t stride)
{
	const size_t size = LANES * PAGE;
	struct svm t;
	uint32_t *p;

	svm_init(&t, fd);
	p = atomic_buffer(&t, size, EXCLUSIVE);
	add_together(&t, p, stride, stride == PAGE ? 2 : ROUNDS, 0);
	svm_buffer_free(p, size);
	svm_fini(&t);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_hold_setup();

	igt_describe("Atomics cost more than a fault where CPU and GPU can have them at once");
	igt_subtest("direct")
		test_direct(fd);
	igt_describe("A page that is added to is not the GPU's alone, or stays so");
	igt_subtest("exclusive")
		test_exclusive(fd);
	igt_describe("A page that is added to stays in system memory, or others go to VRAM");
	igt_subtest("migrate")
		test_migrate(fd);

	for (uint32_t mode = EXCLUSIVE; mode <= MIGRATE; mode++) {
		const char *name = modes[mode];

		igt_describe("What is in VRAM already moves for an atomic");
		igt_subtest_f("%s-vram", name)
			test_vram(fd, mode);
		igt_describe("An atomic on one page of 2M gets the others wrong");
		igt_subtest_f("%s-huge", name)
			test_huge(fd, mode);
		igt_describe("hugetlb is said to be had with atomics");
		igt_subtest_f("%s-hugetlb", name)
			test_hugetlb(fd, mode);
		igt_describe("The kernel waits for a userfaultfd where it must not");
		igt_subtest_f("%s-watched", name)
			test_watched(fd, mode);
		igt_describe("Locked memory moves");
		igt_subtest_f("%s-locked", name)
			test_locked(fd, mode);
		igt_describe("An atomic writes what may not be written");
		igt_subtest_f("%s-mprotect", name)
			test_protected(fd, mode);
		igt_describe("A child has its parent's page, or the parent its child's");
		igt_subtest_f("%s-fork", name)
			test_fork(fd, mode);
		igt_describe("Memory that is gone is added to, or its mode is inherited");
		igt_subtest_f("%s-munmap", name)
			test_munmap(fd, mode);
		igt_describe("An addition is lost when memory moves to another address");
		igt_subtest_f("%s-mremap", name)
			test_mremap(fd, mode);
		igt_describe("Memory that was thrown away is added to");
		igt_subtest_f("%s-dontneed", name)
			test_dontneed(fd, mode);
		igt_describe("What is beyond the end of a file is added to");
		igt_subtest_f("%s-truncate", name)
			test_truncate(fd, mode);
		igt_describe("The kernel reads or writes something else than the GPU");
		igt_subtest_f("%s-syscall", name)
			test_syscall(fd, mode);
		igt_describe("A CPU cannot get at what a VM has left");
		igt_subtest_f("%s-vm-gone", name)
			test_vm_gone(fd, mode);
		igt_describe("Two VMs that add to one page lose something");
		igt_subtest_f("%s-two-vms", name)
			test_two_vms(fd, mode);
	}
	igt_describe("An addition is lost on its way to swap");
	igt_subtest("exclusive-swap")
		test_swap(fd);
	igt_describe("2M that were to stay so are split for an atomic");
	igt_subtest("exclusive-page-size")
		test_page_size(fd);
	igt_describe("Atomics go on in system memory when there is no VRAM for them");
	igt_subtest("migrate-no-vram")
		test_no_vram(fd);

	for (uint32_t mode = DIRECT; mode <= MIGRATE; mode++) {
		for (unsigned int kind = 0; kind < NUM_KINDS; kind++) {
			igt_describe("An addition is lost when CPUs and waves add at once");
			igt_subtest_f("together-%s-%s", modes[mode], kinds[kind])
				test_together(fd, mode, kind);
		}
	}

	for (unsigned int i = 0; i < 3; i++) {
		static const struct { const char *name; size_t stride; } same[] = {
			{ "page", 4 }, { "pages", PAGE }, { "word", 0 },
		};

		igt_describe("CPUs and waves that never pause keep each other from getting on");
		igt_subtest_f("hammer-%s", same[i].name)
			test_hammer(fd, same[i].stride);
	}

	igt_fixture()
		vsvm_hold_teardown(fd);
}
