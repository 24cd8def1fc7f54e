// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm vram coherent
 * Description: VRAM that CPUs map: the same bytes for both at the same time, and what moves them
 */
#include <sys/uio.h>

#include "vsvm_coherent.h"
#include "vsvm_uring.h"

IGT_TEST_DESCRIPTION("VRAM that CPUs map: the same bytes for both at once, and what moves them");

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

#define MIB	16
#define PAGES	64
#define SIZE	(PAGES * PAGE)
#define KSM	"/sys/kernel/mm/ksm/"

/* The device is opened anew after a subtest that has failed, with all that it left */
static int device;

static uint8_t *begin(struct svm *t, struct known *k)
{
	uint8_t *p;

	busy_init(t, device);
	p = vram_begin(t, k, SIZE, false);
	coherent_stay(t, k);
	return p;
}

static void test_query(void)
{
	struct drm_vsvm_dev_info info;

	vsvm_dev_info(device, &info);
	igt_assert_eq_u32(info.flags, DRM_VSVM_DEV_VRAM_COHERENT);
	igt_assert_eq_u32(info.pad, 0);
	coherent_shut();
	vsvm_module_reload("coherent= vram_mib=16");
	coherent.fd = vsvm_open_node();
	vsvm_dev_info(coherent.fd, &info);
	igt_assert_eq_u32(info.flags, 0);
	device = coherent_begin(MIB);
}

/* By turns, and nothing moves or faults */
static void test_both(void)
{
	struct drm_vsvm_vm_stats before;
	struct known k;
	struct svm t;
	uint8_t *p;

	p = begin(&t, &k);
	known_expect(&k, &t);
	svm_settle(&t);
	before = svm_stats(&t);
	for (uint64_t round = 1; round < 5; round++) {
		svm_number_pages(p, PAGES, 1000 * round);
		svm_expect_pages(&t, p, PAGES, 1000 * round);
		vram_number_gpu(&t, p, PAGES, 1000 * round + 500);
		vram_check(p, PAGES, 1000 * round + 500);
	}
	igt_assert_eq_u64(svm_stats(&t).faults, before.faults);
	igt_assert_eq_u64(svm_stats(&t).invalidations, before.invalidations);
	coherent_stay(&t, &k);
	vram_end(&t, &k);
}

/* A GPU that works without end, and a CPU that looks on */
static void test_busy(void)
{
	struct drm_vsvm_vm_stats before;
	const size_t size = BUSY_LANES * PAGE;
	uint32_t seen[BUSY_LANES];
	struct svm t;
	uint8_t *p;

	busy_init(&t, device);
	p = vram_buffer(&t, BUSY_LANES);
	memset(p, 0, size);
	for (unsigned int i = 0; i < BUSY_LANES; i++)
		*(uint32_t *)(p + i * PAGE) = 7;
	busy_start(&t, p, PAGE, 7);
	busy_rounds(2);
	coherent_expect(p, size, BUSY_LANES);
	svm_settle(&t);
	before = svm_stats(&t);
	for (unsigned int i = 0; i < BUSY_LANES; i++)
		seen[i] = __atomic_load_n((uint32_t *)(p + i * PAGE), __ATOMIC_SEQ_CST);
	busy_rounds(3);
	for (unsigned int i = 0; i < BUSY_LANES; i++)
		igt_assert_lt_u32(seen[i],
				  __atomic_load_n((uint32_t *)(p + i * PAGE), __ATOMIC_SEQ_CST));
	igt_assert_eq_u64(svm_stats(&t).pages_to_vram, before.pages_to_vram);
	coherent_expect(p, size, BUSY_LANES);
	busy_stop();
	vram_expect_pages(&t, BUSY_LANES);
	svm_buffer_free(p, size);
	svm_fini(&t);
}

/* A thread that adds to words */
struct adder {
	pthread_t thread;
	uint32_t *words;
	uint64_t rounds;
	bool stop;
};

static void *add_thread(void *data)
{
	struct adder *a = data;

	while (!__atomic_load_n(&a->stop, __ATOMIC_SEQ_CST)) {
		for (unsigned int i = 0; i < BUSY_LANES; i++)
			__atomic_fetch_add(&a->words[i], 1, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&a->rounds, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void test_atomics(void)
{
	struct vsvm_program *program = svm_atomic_program(4);
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	struct adder a[2] = {};
	unsigned int gpu = 0;
	struct svm t;
	uint8_t *p;

	busy_init(&t, device);
	p = vram_buffer(&t, 1);
	memset(p, 0, PAGE);
	vram_prefetch(&t, p, PAGE);
	for (unsigned int i = 0; i < ARRAY_SIZE(a); i++) {
		a[i].words = (uint32_t *)p;
		igt_assert_eq(pthread_create(&a[i].thread, NULL, add_thread, &a[i]), 0);
	}
	/* at the same time: each of the three has done some between others' */
	while (gpu < 50 || __atomic_load_n(&a[0].rounds, __ATOMIC_SEQ_CST) < 50 ||
	       __atomic_load_n(&a[1].rounds, __ATOMIC_SEQ_CST) < 50) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		svm_dispatch(&t, program, p, 3, BUSY_LANES);
		gpu++;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(a); i++) {
		__atomic_store_n(&a[i].stop, true, __ATOMIC_SEQ_CST);
		igt_assert_eq(pthread_join(a[i].thread, NULL), 0);
	}
	for (unsigned int i = 0; i < BUSY_LANES; i++)
		igt_assert_eq_u32(((uint32_t *)p)[i], 3 * gpu + a[0].rounds + a[1].rounds);
	coherent_expect(p, PAGE, 1);
	igt_assert_eq_u64(svm_stats(&t).pages_to_vram, 1);
	free(program);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

/* Holes, zeros and what is there already, by faults; then the same by prefetch */
static void test_to_vram(bool prefetch)
{
	struct known k;
	struct svm t;
	uint8_t *p;

	busy_init(&t, device);
	p = vram_buffer(&t, PAGES);
	known_init(&k, p, SIZE);
	/* a third each: not there, zeros that were read, written */
	for (unsigned int i = 0; i < PAGES; i++) {
		if (i % 3 == 1)
			vram_touch(p + i * PAGE);
		if (i % 3 == 2) {
			vsvm_rand_fill(&k.rng, k.want + i * PAGE, PAGE);
			memcpy(p + i * PAGE, k.want + i * PAGE, PAGE);
		}
	}
	if (prefetch)
		vram_prefetch(&t, p, SIZE);
	known_expect_gpu(&k, &t);
	coherent_stay(&t, &k);
	known_expect_cpu(&k);
	known_write(&k, &t);
	known_expect_cpu(&k);
	coherent_stay(&t, &k);
	igt_assert_eq_u64(svm_stats(&t).pages_to_vram, PAGES);
	vram_end(&t, &k);
}

/* There and back many times: only a prefetch brings it back */
static void test_multiple(void)
{
	struct drm_vsvm_vm_stats stats;
	struct known k;
	struct svm t;
	uint8_t *p;

	p = begin(&t, &k);
	for (unsigned int round = 1; round < 6; round++) {
		known_expect(&k, &t);
		coherent_stay(&t, &k);
		vram_fetch_back(&t, p, SIZE);
		stats = svm_stats(&t);
		igt_assert_eq_u64(stats.pages_to_system, round * PAGES);
		igt_assert_eq_u64(stats.vram_pages, 0);
		coherent_expect(p, SIZE, 0);
		known_expect_cpu(&k);
		vsvm_rand_fill(&k.rng, k.want, SIZE);
		memcpy(p, k.want, SIZE);
		vram_prefetch(&t, p, SIZE);
		igt_assert_eq_u64(svm_stats(&t).pages_to_vram, (round + 1) * PAGES);
	}
	known_expect(&k, &t);
	vram_end(&t, &k);
}

/* Pages of VRAM, of the system, and none, side by side: each is used where it is */
static void test_mixed(void)
{
	struct known k;
	struct svm t;
	uint8_t *p;

	p = begin(&t, &k);
	igt_assert_eq(__vsvm_attr(device, t.ctx.vm, p, SIZE, DRM_VSVM_ATTR_LOCATION,
				  DRM_VSVM_LOCATION_ANY), 0);
	for (unsigned int i = 0; i < PAGES; i += 2) {
		igt_assert_eq(madvise(p + i * PAGE, PAGE, MADV_DONTNEED), 0);
		if (i % 4)
			memcpy(p + i * PAGE, k.want + i * PAGE, PAGE);
		else
			memset(k.want + i * PAGE, 0, PAGE);
	}
	known_expect(&k, &t);
	vram_expect_pages(&t, PAGES / 2);
	known_write(&k, &t);
	known_expect(&k, &t);
	for (unsigned int i = 0; i < PAGES; i++)
		igt_assert_eq(coherent_has(p + i * PAGE), i % 2);
	vram_end(&t, &k);
}

/* A page of 2M goes as 512, and comes back so */
static void test_huge(bool zero)
{
	struct drm_vsvm_vm_stats stats;
	struct known k;
	struct svm t;
	uint8_t *p;

	busy_init(&t, device);
	p = vram_huge(&t, 2);
	known_init(&k, p, 2 * VSVM_2M);
	if (zero) {
		/* nothing is there */
		igt_assert_eq(madvise(p, k.size, MADV_DONTNEED), 0);
	} else {
		vsvm_rand_fill(&k.rng, k.want, k.size);
		memcpy(p, k.want, k.size);
	}
	known_expect_gpu(&k, &t);
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.vram_pages, 2 * BLOCK_PAGES);
	igt_assert_eq_u64(stats.pages_to_vram, 2 * BLOCK_PAGES);
	igt_assert_eq_u64(stats.pages_split, zero ? 0 : 2 * BLOCK_PAGES);
	igt_assert_eq_u64(vsvm_huge_kib(p), 0);
	known_expect_cpu(&k);
	coherent_stay(&t, &k);
	known_write(&k, &t);
	known_expect(&k, &t);
	vram_fetch_back(&t, p, k.size);
	coherent_expect(p, k.size, 0);
	known_expect(&k, &t);
	vram_end(&t, &k);
}

/* The parent's CPU writes: its copies are in system memory, the child keeps what is in VRAM */
static void test_cow_cpu(bool child_writes)
{
	struct known k;
	struct svm t;
	int go[2];
	uint8_t *p;
	char c = 0;

	p = begin(&t, &k);
	igt_assert_eq(pipe(go), 0);
	igt_fork(child, 1) {
		igt_assert_eq(read(go[0], &c, 1), 1);
		known_expect_cpu(&k);
		coherent_expect(p, SIZE, PAGES);
		if (child_writes) {
			memset(p, 0x11, SIZE);
			coherent_expect(p, SIZE, 0);
		}
	}
	/* fork moves nothing */
	coherent_stay(&t, &k);
	if (!child_writes) {
		for (unsigned int i = 0; i < PAGES; i++)
			p[i * PAGE + 5] ^= 0xff;
		coherent_expect(p, SIZE, 0);
	}
	igt_assert_eq(write(go[1], &c, 1), 1);
	igt_waitchildren();
	if (!child_writes)
		for (unsigned int i = 0; i < PAGES; i++)
			k.want[i * PAGE + 5] ^= 0xff;
	known_expect_cpu(&k);
	known_expect_gpu(&k, &t);
	close(go[0]);
	close(go[1]);
	vram_end(&t, &k);
}

/* The parent's GPU writes */
static void test_cow_gpu(void)
{
	struct known k, old;
	struct svm t;
	int go[2];
	uint8_t *p;
	char c = 0;

	p = begin(&t, &k);
	known_init(&old, p, SIZE);
	memcpy(old.want, k.want, SIZE);
	igt_assert_eq(pipe(go), 0);
	igt_fork(child, 1) {
		igt_assert_eq(read(go[0], &c, 1), 1);
		known_expect_cpu(&old);
	}
	known_expect_gpu(&k, &t);
	known_write(&k, &t);
	igt_assert_eq(write(go[1], &c, 1), 1);
	igt_waitchildren();
	known_expect(&k, &t);
	known_write(&k, &t);
	known_expect(&k, &t);
	known_fini(&old);
	close(go[0]);
	close(go[1]);
	vram_end(&t, &k);
}

/* Who pins for long gets system memory, and the GPU follows */
static void test_pin(unsigned int first, unsigned int count)
{
	int file = svm_temp_file(SIZE);
	struct uring u;
	struct known k;
	struct svm t;
	uint8_t *p;

	uring_init(&u);
	p = begin(&t, &k);
	uring_register(&u, p + first * PAGE, count * PAGE);
	coherent_expect(p, SIZE, PAGES - count);
	coherent_expect(p + first * PAGE, count * PAGE, 0);
	vram_expect_pages(&t, PAGES - count);
	known_expect(&k, &t);
	/* what the GPU writes the kernel has, and the other way round */
	known_write(&k, &t);
	uring_fixed(&u, IORING_OP_WRITE_FIXED, file, p + first * PAGE, count * PAGE);
	igt_assert_eq(pread(file, k.got, count * PAGE, 0), count * PAGE);
	igt_assert(!memcmp(k.got, k.want + first * PAGE, count * PAGE));
	vsvm_rand_fill(&k.rng, k.want + first * PAGE, count * PAGE);
	igt_assert_eq(pwrite(file, k.want + first * PAGE, count * PAGE, 0), count * PAGE);
	uring_fixed(&u, IORING_OP_READ_FIXED, file, p + first * PAGE, count * PAGE);
	known_expect(&k, &t);
	coherent_expect(p + first * PAGE, count * PAGE, 0);
	uring_fini(&u);
	vram_end(&t, &k);
	close(file);
}

/* Who has a reference for a moment has VRAM: direct I/O, a pipe, a debugger's file */
static void test_gup(void)
{
	struct known k;
	struct svm t;
	int file, mem, tube[2];
	uint8_t *p;

	p = begin(&t, &k);
	file = svm_temp_file(SIZE);
	if (fcntl(file, F_SETFL, O_DIRECT))
		igt_info("no direct I/O: %m\n");
	igt_assert_eq(pwrite(file, p, SIZE, 0), SIZE);
	vsvm_rand_fill(&k.rng, k.want, SIZE);
	igt_assert_eq(pread(file, k.got, SIZE, 0), SIZE);
	known_expect_cpu(&(struct known){ .p = k.got, .size = SIZE, .want = p });
	igt_assert_eq(fcntl(file, F_SETFL, 0), 0);
	igt_assert_eq(pwrite(file, k.want, SIZE, 0), SIZE);
	if (fcntl(file, F_SETFL, O_DIRECT))
		igt_info("no direct I/O: %m\n");
	igt_assert_eq(pread(file, p, SIZE, 0), SIZE);
	known_expect(&k, &t);
	coherent_stay(&t, &k);
	igt_assert_eq(pipe(tube), 0);
	igt_assert_eq(write(tube[1], p + 100, 3 * PAGE), 3 * PAGE);
	igt_assert_eq(read(tube[0], k.got, 3 * PAGE), 3 * PAGE);
	igt_assert(!memcmp(k.got, k.want + 100, 3 * PAGE));
	mem = open("/proc/self/mem", O_RDWR);
	igt_assert_fd(mem);
	vsvm_rand_fill(&k.rng, k.want, SIZE);
	igt_assert_eq(pwrite(mem, k.want, SIZE, vsvm_ptr(p)), SIZE);
	igt_assert_eq(pread(mem, k.got, SIZE, vsvm_ptr(p)), SIZE);
	igt_assert(!memcmp(k.got, k.want, SIZE));
	known_expect(&k, &t);
	coherent_stay(&t, &k);
	close(mem);
	close(file);
	close(tube[0]);
	close(tube[1]);
	vram_end(&t, &k);
}

/* A page that a pipe has stays where it is, until it has it no longer */
static void test_vmsplice(void)
{
	struct iovec iov;
	struct known k;
	struct svm t;
	int tube[2];
	uint8_t *p;

	p = begin(&t, &k);
	igt_assert_eq(pipe(tube), 0);
	iov = (struct iovec){ p + 3 * PAGE, PAGE };
	igt_assert_eq(vmsplice(tube[1], &iov, 1, 0), PAGE);
	vram_fetch_back(&t, p, SIZE);
	coherent_expect(p, SIZE, 1);
	coherent_expect(p + 3 * PAGE, PAGE, 1);
	vram_expect_pages(&t, 1);
	known_write(&k, &t);
	known_expect(&k, &t);
	igt_assert_eq(read(tube[0], k.got, PAGE), PAGE);
	igt_assert(!memcmp(k.got, k.want + 3 * PAGE, PAGE));
	vram_fetch_back(&t, p, SIZE);
	coherent_expect(p, SIZE, 0);
	known_expect_cpu(&k);
	close(tube[0]);
	close(tube[1]);
	vram_end(&t, &k);
}

static void test_munmap(void)
{
	struct known k;
	struct svm t;
	uint8_t *p;

	p = begin(&t, &k);
	vsvm_unmap(p + 20 * PAGE, 20 * PAGE);
	vram_expect_pages(&t, PAGES - 20);
	vram_expect(&k, &t, p, 0, 20 * PAGE);
	vram_expect(&k, &t, p + 40 * PAGE, 40 * PAGE, 24 * PAGE);
	svm_expect_errors(&t, p + 20 * PAGE, VSVM_ERROR_UNMAPPED);
	svm_map_at(p + 20 * PAGE, 20 * PAGE);
	vram_expect_zeros(&k, &t, p + 20 * PAGE, 20 * PAGE);
	vram_end(&t, &k);
}

static void test_mremap(void)
{
	uint8_t *p, *to = svm_buffer(SIZE);
	struct known k;
	struct svm t;

	p = begin(&t, &k);
	igt_assert(mremap(p, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	coherent_expect(to, SIZE, PAGES);
	vram_expect(&k, &t, to, 0, SIZE);
	vram_expect_pages(&t, PAGES);
	svm_expect_error(&t, p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_buffer_free(to, SIZE);
	vram_end(&t, &k);
}

static void test_protect(void)
{
	struct known k;
	struct svm t;
	uint8_t *p;

	p = begin(&t, &k);
	igt_assert_eq(mprotect(p, SIZE, PROT_READ), 0);
	svm_expect_error(&t, p, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	svm_expect_error(&t, p + SIZE - 4, VSVM_ACCESS_ATOMIC, VSVM_ERROR_PERMISSION);
	known_expect(&k, &t);
	coherent_stay(&t, &k);
	igt_assert_eq(mprotect(p, SIZE, PROT_NONE), 0);
	svm_expect_error(&t, p, VSVM_ACCESS_READ, VSVM_ERROR_PERMISSION);
	igt_assert_eq(mprotect(p, SIZE, RW), 0);
	known_write(&k, &t);
	known_expect(&k, &t);
	coherent_stay(&t, &k);
	vram_end(&t, &k);
}

/* What takes pages away from others: only MADV_DONTNEED does from VRAM */
static void test_madvise(void)
{
	struct known k;
	struct svm t;
	uint8_t *p;

	p = begin(&t, &k);
	vsvm_swapfile_on(4096);
	igt_assert_eq(madvise(p, SIZE, MADV_PAGEOUT), 0);
	igt_assert_eq(madvise(p, SIZE, MADV_FREE), 0);
	igt_assert_eq(madvise(p, SIZE, MADV_PAGEOUT), 0);
	igt_assert_eq_u64(vsvm_smaps(p, "Swap"), 0);
	coherent_stay(&t, &k);
	known_expect(&k, &t);
	igt_assert_eq(madvise(p, SIZE, MADV_DONTNEED), 0);
	vram_expect_pages(&t, 0);
	vram_expect_zeros(&k, &t, p, SIZE);
	vsvm_swapfile_off();
	vram_end(&t, &k);
}

/* 4K pages in VRAM are no material for one of 2M */
static void test_collapse(void)
{
	struct known k;
	struct svm t;
	uint8_t *p;

	busy_init(&t, device);
	p = vram_begin(&t, &k, VSVM_2M, false);
	igt_assert_eq(madvise(p, VSVM_2M, MADV_HUGEPAGE), 0);
	igt_assert_eq(madvise(p, VSVM_2M, MADV_COLLAPSE), -1);
	coherent_stay(&t, &k);
	known_expect(&k, &t);
	vram_end(&t, &k);
}

/* Locked where it is; once in system memory it does not go again */
static void test_mlock(void)
{
	struct drm_vsvm_vm_stats stats;
	struct known k;
	struct svm t;
	uint8_t *p;

	p = begin(&t, &k);
	igt_assert_eq(mlock(p, SIZE), 0);
	coherent_stay(&t, &k);
	known_write(&k, &t);
	known_expect(&k, &t);
	vram_fetch_back(&t, p, SIZE);
	coherent_expect(p, SIZE, 0);
	known_expect(&k, &t);
	igt_assert_eq(__vsvm_prefetch(device, t.ctx.vm, p, SIZE, DRM_VSVM_PREFETCH_TO_VRAM, NULL),
		      0);
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.vram_pages, 0);
	igt_assert_eq_u64(stats.kept_kind, PAGES);
	igt_assert_eq(munlock(p, SIZE), 0);
	vram_prefetch(&t, p, SIZE);
	coherent_expect(p, SIZE, PAGES);
	known_expect(&k, &t);
	vram_end(&t, &k);
}

static uint64_t ksm_scans(void)
{
	FILE *f = fopen(KSM "full_scans", "r");
	unsigned long long scans;

	igt_require_f(f, "no KSM\n");
	igt_assert_eq(fscanf(f, "%llu", &scans), 1);
	fclose(f);
	return scans;
}

/* Pages that are all the same, in VRAM, beside some in system memory that are merged */
static void test_ksm(void)
{
	int64_t deadline = vsvm_deadline(3 * VSVM_WAIT_NS);
	uint8_t *p, *other = svm_buffer(SIZE);
	uint64_t scans;
	struct known k;
	struct svm t;

	p = begin(&t, &k);
	memset(k.want, 0x5c, SIZE);
	memset(p, 0x5c, SIZE);
	memset(other, 0x5c, SIZE);
	igt_assert_eq(madvise(other, SIZE, MADV_NOHUGEPAGE), 0);
	igt_require_f(!madvise(p, SIZE, MADV_MERGEABLE), "MADV_MERGEABLE: %m\n");
	igt_assert_eq(madvise(other, SIZE, MADV_MERGEABLE), 0);
	vsvm_set(KSM "pages_to_scan", "2000");
	vsvm_set(KSM "sleep_millisecs", "1");
	vsvm_set(KSM "run", "1");
	while (vsvm_pfn(other) != vsvm_pfn(other + SIZE - PAGE)) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(10000);
	}
	for (scans = ksm_scans(); ksm_scans() < scans + 2; usleep(10000))
		igt_assert_lt_s64(vsvm_now(), deadline);
	coherent_stay(&t, &k);
	for (unsigned int i = 1; i < PAGES; i++)
		igt_assert_neq_u64(vsvm_pfn(p), vsvm_pfn(p + i * PAGE));
	vsvm_set(KSM "run", "2");
	vsvm_set_back();
	known_expect(&k, &t);
	svm_buffer_free(other, SIZE);
	vram_end(&t, &k);
}

int igt_main()
{
	igt_fixture() {
		coherent_setup();
		device = coherent_begin(MIB);
	}

	igt_describe("A program cannot tell whether VRAM is coherent");
	igt_subtest("query")
		test_query();
	igt_describe("What one side writes the other does not see, or memory moves for it");
	igt_subtest("both")
		test_both();
	igt_describe("A CPU that looks at what the GPU is writing takes it away");
	igt_subtest("busy")
		test_busy();
	igt_describe("Atomics of CPUs and GPU on the same words lose some");
	igt_subtest("atomics")
		test_atomics();
	for (int prefetch = 0; prefetch < 2; prefetch++) {
		igt_describe("Memory does not go to VRAM, or is not what it was there");
		igt_subtest_f("to-vram%s", prefetch ? "-prefetch" : "")
			test_to_vram(prefetch);
	}
	igt_describe("Memory that goes there and back loses what either side wrote");
	igt_subtest("multiple")
		test_multiple();
	igt_describe("The GPU takes a page of one kind for one of another");
	igt_subtest("mixed")
		test_mixed();
	igt_describe("2M that are split on their way are lost in part, or not counted");
	igt_subtest("huge")
		test_huge(false);
	igt_describe("2M of nothing become something");
	igt_subtest("huge-empty")
		test_huge(true);
	igt_describe("A write after fork changes what the other process has");
	igt_subtest("cow-parent")
		test_cow_cpu(false);
	igt_describe("A child's write after fork changes what the parent and its GPU have");
	igt_subtest("cow-child")
		test_cow_cpu(true);
	igt_describe("A write by the GPU after fork changes what the child has");
	igt_subtest("cow-gpu")
		test_cow_gpu();
	igt_describe("Memory pinned for long stays in VRAM, or the GPU goes on without it");
	igt_subtest("pin")
		test_pin(0, PAGES);
	igt_describe("A page pinned for long takes others along, or is lost between them");
	igt_subtest("pin-one")
		test_pin(17, 1);
	igt_describe("System calls do not read or write what is in VRAM, or move it");
	igt_subtest("gup")
		test_gup();
	igt_describe("A page that the kernel has in hand moves under it, or never again");
	igt_subtest("vmsplice")
		test_vmsplice();
	igt_describe("Unmapping frees too much or too little of VRAM");
	igt_subtest("munmap")
		test_munmap();
	igt_describe("Memory in VRAM is lost when its mapping moves");
	igt_subtest("mremap")
		test_mremap();
	igt_describe("The GPU has rights in VRAM that the process has not");
	igt_subtest("mprotect")
		test_protect();
	igt_describe("Advice swaps or frees what is in VRAM");
	igt_subtest("madvise")
		test_madvise();
	igt_describe("Pages in VRAM are collapsed to one that is not there");
	igt_subtest("collapse")
		test_collapse();
	igt_describe("Locked memory is not locked, or cannot be used");
	igt_subtest("mlock")
		test_mlock();
	igt_describe("KSM merges what is in VRAM");
	igt_subtest("ksm")
		test_ksm();

	igt_fixture()
		coherent_teardown();
}
