// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm many
 * Description: Many faults, many queues, threads and processes, large pages
 */
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("Many faults, many queues, threads and processes, large pages");

#ifndef MAP_HUGE_2MB
#define MAP_HUGE_2MB	(21 << 26)
#endif

static void expect_stores(const uint8_t *p, size_t stride, unsigned int items, uint32_t first)
{
	for (unsigned int i = 0; i < items; i++)
		igt_assert_eq_u32(*(const uint32_t *)(p + i * stride), first + i);
}

/* A page for each lane */
static void test_waves(int fd)
{
	const unsigned int items = 64 * VSVM_WAVE_LANES;
	struct vsvm_program *store = svm_store_program(PAGE), *load = svm_load_program(PAGE);
	uint8_t *p = svm_buffer(items * PAGE);
	struct drm_vsvm_vm_stats before, after;
	struct svm t;

	svm_init(&t, fd);
	igt_assert_eq(madvise(p, items * PAGE, MADV_NOHUGEPAGE), 0);
	before = svm_stats(&t);
	svm_dispatch(&t, store, p, 7, items);
	after = svm_stats(&t);
	expect_stores(p, PAGE, items, 7);
	igt_assert_lte_u64(before.pages_mapped + items, after.pages_mapped);
	igt_assert_lte_u64(before.faults + items / 64, after.faults);
	/* that is the point of batches */
	igt_assert_lt_u64(4 * (after.batches - before.batches), after.faults - before.faults);
	igt_info("%llu faults, %llu of them duplicate, in %llu batches, %llu runs, %llu pages\n",
		 (long long)(after.faults - before.faults),
		 (long long)(after.faults_duplicate - before.faults_duplicate),
		 (long long)(after.batches - before.batches),
		 (long long)(after.runs - before.runs),
		 (long long)(after.pages_mapped - before.pages_mapped));
	svm_dispatch(&t, load, p, vsvm_ptr(t.scratch), items);
	for (unsigned int i = 0; i < items; i++)
		igt_assert_eq_u32(((uint32_t *)t.scratch)[i], 7 + i);
	svm_fini(&t);
	free(store);
	free(load);
	svm_buffer_free(p, items * PAGE);
}

/* More accesses wait than the fault ring has records for */
static void test_storm(int fd)
{
	const unsigned int items = 64 * VSVM_WAVE_LANES, engines = vsvm_num_engines(fd);
	struct vsvm_program *program = svm_store_program(PAGE);
	uint64_t *fence = svm_buffer(PAGE);
	struct svm_args *args = svm_buffer(engines * PAGE);
	struct vsvm_stream s[64] = {};
	uint32_t queues[64];
	uint8_t *p[64];
	struct svm t;

	svm_init(&t, fd);
	memset(fence, 0, PAGE);
	for (unsigned int i = 0; i < engines; i++) {
		p[i] = svm_buffer(items * PAGE);
		igt_assert_eq(madvise(p[i], items * PAGE, MADV_NOHUGEPAGE), 0);
		args[i] = (struct svm_args){ vsvm_ptr(p[i]), 1000 * i };
		queues[i] = vsvm_queue_create_on(fd, t.ctx.vm, i, 0);
		vsvm_emit_dispatch(&s[i], program, &args[i], sizeof(args[i]),
				   items / VSVM_WAVE_LANES, VSVM_WAVE_LANES);
	}
	for (unsigned int i = 0; i < engines; i++)
		igt_assert_eq(__vsvm_exec1(fd, queues[i], vsvm_ptr(s[i].base), s[i].size,
					   vsvm_ptr(&fence[i]), 1, 0), 0);
	for (unsigned int i = 0; i < engines; i++) {
		vsvm_wait(fd, queues[i], &fence[i], 1);
		expect_stores(p[i], PAGE, items, 1000 * i);
		vsvm_queue_destroy(fd, queues[i]);
		vsvm_stream_fini(&s[i]);
		svm_buffer_free(p[i], items * PAGE);
	}
	svm_fini(&t);
	free(program);
	svm_buffer_free(fence, PAGE);
	svm_buffer_free(args, engines * PAGE);
}

/* All lanes of all waves want the same word */
static void test_same_page(int fd)
{
	const unsigned int items = 64 * VSVM_WAVE_LANES, rounds = 4;
	struct vsvm_program *program = svm_atomic_program(0);
	struct drm_vsvm_vm_stats before, after;
	uint32_t *p = svm_buffer(PAGE);
	struct svm t;

	svm_init(&t, fd);
	/* the program's own pages */
	svm_dispatch(&t, program, t.scratch, 0, VSVM_WAVE_LANES);
	for (unsigned int round = 1; round <= rounds; round++) {
		svm_map_at(p, PAGE);
		before = svm_stats(&t);
		svm_dispatch(&t, program, p, round, items);
		after = svm_stats(&t);
		igt_assert_eq_u32(*p, round * items);
		igt_assert_eq_u64(after.pages_mapped - before.pages_mapped, 1);
	}
	svm_fini(&t);
	free(program);
	svm_buffer_free(p, PAGE);
}

/* Memory that the CPU has in use already takes few faults */
static void test_around(int fd)
{
	const unsigned int pages = 512;
	uint8_t *p = svm_buffer(pages * PAGE);
	struct drm_vsvm_vm_stats before, after;
	struct svm t;

	svm_init(&t, fd);
	igt_assert_eq(madvise(p, pages * PAGE, MADV_NOHUGEPAGE), 0);
	svm_number_pages(p, pages, 1);
	before = svm_stats(&t);
	for (unsigned int i = 0; i < pages; i++)
		igt_assert_eq_u64(svm_read(&t, p + i * PAGE), 1 + i);
	after = svm_stats(&t);
	igt_assert_lte_u64(after.faults - before.faults, pages / 16);
	igt_assert_lte_u64(before.pages_mapped + pages, after.pages_mapped);
	svm_fini(&t);
	svm_buffer_free(p, pages * PAGE);
}

/* Memory that nobody has used is not used up by faults beside it */
static void test_untouched(int fd)
{
	const unsigned int pages = 64;
	uint8_t *p = svm_buffer(pages * PAGE);
	unsigned char vec[64];
	struct svm t;

	svm_init(&t, fd);
	svm_write(&t, p + 20 * PAGE, 1);
	svm_read(&t, p + 40 * PAGE);
	igt_assert_eq(mincore(p, pages * PAGE, vec), 0);
	for (unsigned int i = 0; i < pages; i++)
		igt_assert_f((vec[i] & 1) == (i == 20 || i == 40) || i == 40,
			     "page %u: %#x\n", i, vec[i]);
	svm_fini(&t);
	svm_buffer_free(p, pages * PAGE);
}

static struct vsvm_program *prefetch_program(void)
{
	struct vsvm_asm as;

	svm_asm_begin(&as, PAGE);
	asm_prefetch(&as, SVM_PTR, 0);
	return asm_finish(&as);
}

static void test_prefetch(int fd)
{
	const unsigned int pages = 96;
	struct vsvm_program *program = prefetch_program();
	uint8_t *p = svm_buffer(pages * PAGE);
	struct drm_vsvm_vm_stats before, after;
	int64_t deadline;
	struct svm t;

	svm_init(&t, fd);
	svm_number_pages(p, pages, 1);
	before = svm_stats(&t);
	svm_dispatch(&t, program, p, 0, pages);
	/* it does not wait, so we do */
	for (deadline = vsvm_deadline(VSVM_WAIT_NS);
	     svm_stats(&t).pages < before.pages + pages && vsvm_now() < deadline;)
		usleep(1000);
	svm_settle(&t);
	after = svm_stats(&t);
	igt_assert_lte_u64(before.pages + pages, after.pages);
	/* what was mapped ahead raises no fault any more */
	svm_expect_pages(&t, p, pages, 1);
	igt_assert_eq_u64(svm_stats(&t).faults, after.faults);
	svm_fini(&t);
	free(program);
	svm_buffer_free(p, pages * PAGE);
}

static void test_prefetch_bad(int fd)
{
	const unsigned int items = 4 * VSVM_WAVE_LANES;
	struct vsvm_program *program = prefetch_program();
	uint8_t *p = svm_buffer(PAGE);
	const uint64_t bad[] = {
		0, 1ull << 47, (1ull << VSVM_VA_BITS) - PAGE, 1ull << VSVM_VA_BITS, ~0ull,
		vsvm_ptr(p) - SVM_GUARD, 0xffff888000000000,
	};
	struct drm_vsvm_queue_query state;
	struct svm t;

	svm_init(&t, fd);
	for (int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
			svm_dispatch(&t, program, (void *)bad[i], 0, items);
		vsvm_unmap(p, PAGE);
		svm_dispatch(&t, program, p, 0, VSVM_WAVE_LANES);
		svm_map_at(p, PAGE);
	}
	/* the service of all that has come to its end by then */
	svm_write(&t, p, 1);
	igt_assert_eq_u64(svm_read(&t, p), 1);
	vsvm_queue_query(fd, t.ctx.queue, &state);
	igt_assert_eq_u32(state.error, VSVM_ERROR_NONE);
	igt_assert_eq_u64(svm_stats(&t).faults_failed, 0);
	svm_fini(&t);
	free(program);
	svm_buffer_free(p, PAGE);
}

/* Large pages */

static void test_huge(int fd, bool gpu_first, bool write)
{
	const size_t size = 4 * VSVM_2M, pages = size / PAGE;
	struct drm_vsvm_vm_stats before, after;
	uint8_t *p = svm_buffer(size);
	struct svm t;

	svm_init(&t, fd);
	igt_require(madvise(p, size, MADV_HUGEPAGE) == 0);
	if (!gpu_first)
		svm_number_pages(p, pages, 1);
	before = svm_stats(&t);
	if (write)
		svm_fill(&t, p + 8, size - 8, 0x3333);
	if (gpu_first && !write)
		svm_expect_zeros(&t, p, pages);
	else
		svm_expect_pages(&t, p, 1, gpu_first ? 0 : 1);
	after = svm_stats(&t);
	if (!gpu_first || write) {
		igt_assert_eq_u64(after.leaves_2m, before.leaves_2m + (write ? 4 : 1));
		igt_assert_lte_u64(after.faults - before.faults, write ? pages / 4 : 8);
	}
	svm_number_pages(p, pages, 500);
	svm_expect_pages(&t, p, pages, 500);
	for (unsigned int i = 0; write && i < pages; i++)
		igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE + 8), 0x3333);
	svm_fini(&t);
	svm_buffer_free(p, size);
}

/* A part of a 2M page goes, by munmap, by MADV_DONTNEED, by mprotect */
static void test_huge_part(int fd, int how)
{
	const unsigned int pages = VSVM_2M / PAGE, first = 200, count = 56;
	uint8_t *p = svm_buffer(VSVM_2M);
	struct svm t;

	svm_init(&t, fd);
	igt_require(madvise(p, VSVM_2M, MADV_HUGEPAGE) == 0);
	svm_number_pages(p, pages, 1);
	svm_write(&t, p + 16, 5);
	svm_expect_pages(&t, p, pages, 1);
	igt_assert_lte_u64(1, svm_stats(&t).leaves_2m);
	/* dirty on the GPU, at both ends of the hole */
	svm_write(&t, p + first * PAGE - 8, 6);
	svm_write(&t, p + (first + count) * PAGE + 8, 7);
	switch (how) {
	case 0:
		vsvm_unmap(p + first * PAGE, count * PAGE);
		svm_expect_errors(&t, p + first * PAGE, VSVM_ERROR_UNMAPPED);
		svm_expect_errors(&t, p + (first + count) * PAGE - 4, VSVM_ERROR_UNMAPPED);
		break;
	case 1:
		igt_assert_eq(madvise(p + first * PAGE, count * PAGE, MADV_DONTNEED), 0);
		svm_expect_zeros(&t, p + first * PAGE, count);
		svm_expect_zeros(&t, p + first * PAGE + PAGE - 8, count);
		break;
	default:
		igt_assert_eq(mprotect(p + first * PAGE, count * PAGE, PROT_READ), 0);
		svm_expect_error(&t, p + first * PAGE, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
		svm_expect_pages(&t, p + first * PAGE, count, first + 1);
	}
	svm_expect_pages(&t, p, first, 1);
	svm_expect_pages(&t, p + (first + count) * PAGE, pages - first - count, first + count + 1);
	svm_write(&t, p + (first - 1) * PAGE + 24, 8);
	igt_assert_eq_u64(*(uint64_t *)(p + (first - 1) * PAGE + 24), 8);
	igt_assert_eq_u64(*(uint64_t *)(p + 16), 5);
	igt_assert_eq_u64(*(uint64_t *)(p + first * PAGE - 8), 6);
	igt_assert_eq_u64(*(uint64_t *)(p + (first + count) * PAGE + 8), 7);
	svm_fini(&t);
	svm_buffer_free(p, VSVM_2M);
}

static void test_hugetlb(int fd)
{
	const size_t size = 2 * VSVM_2M, pages = size / PAGE;
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "w");
	struct svm t;
	uint8_t *p;

	igt_require_f(f, "nr_hugepages: %m\n");
	fprintf(f, "4\n");
	fclose(f);
	p = mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB, -1, 0);
	igt_require_f(p != MAP_FAILED, "2M pages: %m\n");
	svm_init(&t, fd);
	svm_expect_zeros(&t, p, 3);
	svm_fill(&t, p, size, 0x4444);
	for (unsigned int i = 0; i < size / 8; i += 100)
		igt_assert_eq_u64(((uint64_t *)p)[i], 0x4444);
	svm_number_pages(p, pages, 9);
	svm_expect_pages(&t, p, pages, 9);
	igt_assert_lte_u64(1, svm_stats(&t).leaves_2m);
	vsvm_unmap(p + VSVM_2M, VSVM_2M);
	svm_expect_error(&t, p + VSVM_2M, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_expect_pages(&t, p, 3, 9);
	svm_fini(&t);
	vsvm_unmap(p, VSVM_2M);
	f = fopen("/proc/sys/vm/nr_hugepages", "w");
	fprintf(f, "0\n");
	fclose(f);
}

/* Several at a time */

/* 16 queues take turns in the words of one shared buffer */
static void test_queues(int fd)
{
	enum { QUEUES = 16 };
	const unsigned int items = 32 * VSVM_WAVE_LANES, stride = 64 * QUEUES;
	const size_t size = items * stride;
	struct vsvm_program *program = svm_store_program(stride);
	uint8_t *p = svm_buffer(size);
	uint64_t *fence = svm_buffer(PAGE);
	struct svm_args *args = svm_buffer(PAGE);
	struct vsvm_stream s[QUEUES] = {};
	uint32_t queues[QUEUES];
	struct svm t;

	svm_init(&t, fd);
	memset(fence, 0, PAGE);
	for (int i = 0; i < QUEUES; i++) {
		args[i] = (struct svm_args){ vsvm_ptr(p) + 64 * i, i << 16 };
		queues[i] = vsvm_queue_create(fd, t.ctx.vm);
		vsvm_emit_dispatch(&s[i], program, &args[i], sizeof(*args),
				   items / VSVM_WAVE_LANES, VSVM_WAVE_LANES);
	}
	for (int i = 0; i < QUEUES; i++)
		igt_assert_eq(__vsvm_exec1(fd, queues[i], vsvm_ptr(s[i].base), s[i].size,
					   vsvm_ptr(&fence[i]), 1, 0), 0);
	for (int i = 0; i < QUEUES; i++) {
		vsvm_wait(fd, queues[i], &fence[i], 1);
		expect_stores(p + 64 * i, stride, items, i << 16);
		vsvm_queue_destroy(fd, queues[i]);
		vsvm_stream_fini(&s[i]);
	}
	svm_fini(&t);
	free(program);
	svm_buffer_free(p, size);
	svm_buffer_free(fence, PAGE);
	svm_buffer_free(args, PAGE);
}

struct worker {
	pthread_t thread;
	int fd;
	uint32_t vm;
	unsigned int index;
	bool failed;
};

#define WORKER_PAGES	24

/* A thread's work with its own queue; says no more than whether all bytes were right */
static void *worker(void *data)
{
	struct worker *w = data;
	uint32_t vm = w->vm, queue;
	uint64_t *fence = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct {
		struct vsvm_cmd_fill fill;
		struct vsvm_cmd_copy copy;
	} *cmd = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t *p, *q;
	int ret;

	w->failed = true;
	if (!vm && __vsvm_vm_create(w->fd, DRM_VSVM_VM_SVM, 0, 0, &vm))
		return NULL;
	if (__vsvm_queue_create(w->fd, vm, DRM_VSVM_ENGINE_ANY, 0, &queue))
		return NULL;
	for (uint64_t round = 1; round <= 12; round++) {
		p = mmap(NULL, WORKER_PAGES * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		q = malloc(WORKER_PAGES * PAGE);
		cmd->fill = (struct vsvm_cmd_fill){
			.head = { VSVM_CMD_FILL, sizeof(cmd->fill), 0 },
			.dst = vsvm_ptr(p),
			.size = WORKER_PAGES * PAGE,
			.pattern = round << 32 | w->index,
			.pattern_size = 8,
		};
		cmd->copy = (struct vsvm_cmd_copy){
			.head = { VSVM_CMD_COPY, sizeof(cmd->copy), 0 },
			.src = vsvm_ptr(p),
			.dst = vsvm_ptr(q),
			.size = WORKER_PAGES * PAGE,
		};
		if (__vsvm_exec1(w->fd, queue, vsvm_ptr(&cmd->fill), sizeof(cmd->fill),
				 vsvm_ptr(fence), 2 * round, 0) ||
		    __vsvm_wait(w->fd, queue, fence, 2 * round, VSVM_WAIT_NS))
			return NULL;
		if (__vsvm_exec1(w->fd, queue, vsvm_ptr(&cmd->copy), sizeof(cmd->copy),
				 vsvm_ptr(fence), 2 * round + 1, 0) ||
		    __vsvm_wait(w->fd, queue, fence, 2 * round + 1, VSVM_WAIT_NS))
			return NULL;
		for (unsigned int i = 0; i < WORKER_PAGES * PAGE / 8; i++)
			if (q[i] != (round << 32 | w->index))
				return NULL;
		munmap(p, WORKER_PAGES * PAGE);
		free(q);
	}
	ret = __vsvm_queue_destroy(w->fd, queue);
	if (!ret && !w->vm)
		ret = __vsvm_vm_destroy(w->fd, vm);
	munmap(fence, PAGE);
	munmap(cmd, PAGE);
	w->failed = ret;
	return NULL;
}

static void test_threads(int fd, bool own_vm)
{
	struct worker workers[8];
	struct svm t;

	svm_init(&t, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		workers[i] = (struct worker){
			.fd = fd,
			.vm = own_vm ? 0 : t.ctx.vm,
			.index = i,
		};
		igt_assert_eq(pthread_create(&workers[i].thread, NULL, worker, &workers[i]), 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		igt_assert_eq(pthread_join(workers[i].thread, NULL), 0);
		igt_assert_f(!workers[i].failed, "thread %u\n", i);
	}
	svm_fini(&t);
}

static void test_processes(int fd)
{
	igt_fork(child, 6) {
		struct worker w = {
			.fd = drm_reopen_driver(fd),
			.index = child,
		};

		worker(&w);
		igt_assert(!w.failed);
	}
	igt_waitchildren();
}

int igt_main()
{
	static const char *const parts[] = { "munmap", "dontneed", "mprotect" };
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	igt_describe("Waves whose lanes all fault get wrong pages, or are served one by one");
	igt_subtest("waves")
		test_waves(fd);
	igt_describe("Work hangs, or loses stores, when more faults come than the ring can hold");
	igt_subtest("storm")
		test_storm(fd);
	igt_describe("Faults of many waves on one page count or map it more than once");
	igt_subtest("same-page")
		test_same_page(fd);
	igt_describe("Each page of memory in use costs a fault");
	igt_subtest("around")
		test_around(fd);
	igt_describe("A fault uses up memory beside it that nobody has touched");
	igt_subtest("untouched")
		test_untouched(fd);
	igt_describe("Prefetching has no effect");
	igt_subtest("prefetch")
		test_prefetch(fd);
	igt_describe("Prefetching a bad address kills the queue");
	igt_subtest("prefetch-bad")
		test_prefetch_bad(fd);

	igt_describe("Reading 2M pages takes 512 times the faults, or gives wrong bytes");
	igt_subtest("huge-read")
		test_huge(fd, false, false);
	igt_describe("Writing 2M pages takes 512 times the faults, or gives wrong bytes");
	igt_subtest("huge-write")
		test_huge(fd, false, true);
	igt_describe("2M pages that the GPU is the first to read are not zero");
	igt_subtest("huge-gpu-first-read")
		test_huge(fd, true, false);
	igt_describe("2M pages that the GPU is the first to write get lost");
	igt_subtest("huge-gpu-first-write")
		test_huge(fd, true, true);
	for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++) {
		igt_describe_f("A part of a 2M page goes (%s), and the GPU has all or nothing",
			       parts[i]);
		igt_subtest_f("huge-part-%s", parts[i])
			test_huge_part(fd, i);
	}
	igt_describe("Memory of hugetlb cannot be used");
	igt_subtest("hugetlb")
		test_hugetlb(fd);

	igt_describe("Queues on all engines that write the same pages lose each other's words");
	igt_subtest("queues")
		test_queues(fd);
	igt_describe("Threads that share a VM get each other's bytes");
	igt_subtest("threads-one-vm")
		test_threads(fd, false);
	igt_describe("Threads with VMs of their own get each other's bytes");
	igt_subtest("threads-vms")
		test_threads(fd, true);
	igt_describe("Processes that use the GPU at the same time get each other's bytes");
	igt_subtest("processes")
		test_processes(fd);

	igt_fixture()
		drm_close_driver(fd);
}
