// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm vram move
 * Description: Which memory goes to VRAM, by which way, how much at a time, and what stays
 */
#include <sys/prctl.h>
#include <sys/uio.h>

#include "vsvm_vram.h"
#include "vsvm_uffd.h"
#include "vsvm_uring.h"

IGT_TEST_DESCRIPTION("Which memory goes to VRAM, by which way, how much at a time, what stays");

#define PAGES	64
#define SIZE	(PAGES * PAGE)

/* The GPU is the first to touch it: zeros, made in VRAM */
static void test_hole(int fd, bool huge)
{
	const size_t size = huge ? VSVM_2M : SIZE;
	struct drm_vsvm_vm_stats stats;
	struct known k;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = svm_buffer(size);
	known_init(&k, p, size);
	if (huge)
		igt_require(madvise(p, size, MADV_HUGEPAGE) == 0);
	else
		igt_assert_eq(madvise(p, size, MADV_NOHUGEPAGE), 0);
	vram_prefer(&t, p, size);
	svm_copy(&t, k.got, p, size);
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.vram_pages, size / PAGE);
	igt_assert_eq_u64(stats.pages_to_vram, size / PAGE);
	if (huge)
		igt_assert_eq_u64(stats.pages_2m, BLOCK_PAGES);
	for (size_t i = 0; i < size; i++)
		igt_assert_eq(k.got[i], 0);
	for (size_t i = 0; i < size; i++)
		igt_assert_eq(p[i], 0);
	vram_expect_pages(&t, 0);
	known_write(&k, &t);
	vram_expect_pages(&t, size / PAGE);
	known_expect(&k, &t);
	known_fini(&k);
	svm_buffer_free(p, size);
	vram_expect_pages(&t, 0);
	svm_fini(&t);
}

/* The process wants no large pages, whatever it has said of this memory: VRAM gives none either */
static void test_hole_disabled(int fd)
{
	struct drm_vsvm_vm_stats stats;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = svm_buffer(VSVM_2M);
	igt_require(madvise(p, VSVM_2M, MADV_HUGEPAGE) == 0);
	vram_prefer(&t, p, VSVM_2M);
	igt_assert_eq(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
	vram_prefetch(&t, p, VSVM_2M);
	stats = svm_stats(&t);
	igt_assert_eq(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0), 0);
	igt_assert_eq_u64(stats.vram_pages, BLOCK_PAGES);
	igt_assert_eq_u64(stats.pages_2m, 0);
	for (size_t i = 0; i < VSVM_2M; i += PAGE)
		igt_assert_eq_u64(*(uint64_t *)(p + i), 0);
	svm_buffer_free(p, VSVM_2M);
	svm_fini(&t);
}

/* The GPU touches one page of a 4K mapping: no other one comes from nothing */
static void test_hole_one(int fd)
{
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_buffer(&t, PAGES);
	svm_write(&t, p + 7 * PAGE, 5);
	vram_expect_pages(&t, 1);
	igt_assert_eq_u64(svm_stats(&t).pages_to_vram, 1);
	for (unsigned int i = 0; i < PAGES; i++)
		igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE), i == 7 ? 5 : 0);
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
}

/* The CPU has read it: the page of zeros, or that of 2M of zeros, is what it has */
static void test_zero_page(int fd, bool huge)
{
	const size_t size = huge ? VSVM_2M : SIZE;
	struct known k;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = svm_buffer(size);
	known_init(&k, p, size);
	igt_assert_eq(madvise(p, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), 0);
	for (size_t i = 0; i < size; i += PAGE)
		igt_assert_eq(READ_ONCE(p[i]), 0);
	vram_prefer(&t, p, size);
	vram_expect_zeros(&k, &t, p, size);
	known_write(&k, &t);
	vram_expect_pages(&t, size / PAGE);
	known_expect(&k, &t);
	known_fini(&k);
	svm_buffer_free(p, size);
	svm_fini(&t);
}

/* Every other page is there */
static void test_half(int fd)
{
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_buffer(&t, PAGES);
	for (unsigned int i = 0; i < PAGES; i += 2)
		*(uint64_t *)(p + i * PAGE) = 100 + i;
	/* of 64K those that are there go together, the holes one by one as they are touched */
	igt_assert_eq_u64(svm_read(&t, p), 100);
	vram_expect_pages(&t, 16 / 2);
	for (unsigned int i = 1; i < PAGES; i += 2)
		svm_write(&t, p + i * PAGE, 100 + i);
	vram_expect_pages(&t, PAGES);
	svm_expect_pages(&t, p, PAGES, 100);
	vram_check(p, PAGES, 100);
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
}

/* Of a private mapping of a file, what has been copied goes and the page cache stays */
static void test_file(int fd)
{
	int file = svm_temp_file(SIZE);
	uint8_t *p = svm_buffer(SIZE);
	struct drm_vsvm_vm_stats stats;
	uint64_t word;
	struct svm t;

	for (uint64_t i = 0; i < PAGES; i++)
		igt_assert_eq(pwrite(file, (uint64_t[]){ 1000 + i }, 8, i * PAGE), 8);
	svm_init(&t, fd);
	igt_assert(mmap(p, SIZE, RW, MAP_PRIVATE | MAP_FIXED, file, 0) == p);
	for (unsigned int i = 0; i < PAGES; i += 4)
		*(uint64_t *)(p + i * PAGE) = 1000 + i;
	vram_prefer(&t, p, SIZE);
	svm_expect_pages(&t, p, PAGES, 1000);
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.vram_pages, PAGES / 4);
	/* written by the GPU, those of the file are copied, and the file is not */
	vram_number_gpu(&t, p, PAGES, 5000);
	svm_expect_pages(&t, p, PAGES, 5000);
	vram_check(p, PAGES, 5000);
	for (uint64_t i = 0; i < PAGES; i++) {
		igt_assert_eq(pread(file, &word, 8, i * PAGE), 8);
		igt_assert_eq_u64(word, 1000 + i);
	}
	vram_expect_pages(&t, 0);
	/* now all of it is the process's own */
	svm_expect_pages(&t, p, PAGES, 5000);
	vram_expect_pages(&t, PAGES);
	svm_buffer_free(p, SIZE);
	vram_expect_pages(&t, 0);
	svm_fini(&t);
	close(file);
}

/* Kinds of mappings that stay: all of it is mapped where it is, and counted */
enum kind {
	KIND_SHARED, KIND_FILE, KIND_FILE_SHARED, KIND_MEMFD, KIND_MLOCK, KIND_UFFD, NUM_KINDS
};

static const char *const kind_names[] = {
	"shared", "file", "file-shared", "memfd", "mlock", "userfaultfd",
};

static void test_kind(int fd, enum kind kind)
{
	const int share = kind == KIND_FILE ? MAP_PRIVATE : MAP_SHARED;
	int uffd = -1, file = -1;
	struct drm_vsvm_vm_stats stats;
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	switch (kind) {
	case KIND_MLOCK:
		igt_assert_eq(mlock(p, SIZE), 0);
		break;
	case KIND_UFFD:
		memset(p, 0, SIZE);
		uffd = uffd_open(0);
		uffd_watch(uffd, p, SIZE, UFFDIO_REGISTER_MODE_MISSING);
		break;
	case KIND_SHARED:
		igt_assert(mmap(p, SIZE, RW, share | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
		break;
	default:
		file = kind == KIND_MEMFD ? memfd_create("vsvm", MFD_CLOEXEC) : svm_temp_file(SIZE);
		igt_assert_fd(file);
		igt_assert_eq(ftruncate(file, SIZE), 0);
		for (uint64_t i = 0; i < PAGES; i++)
			igt_assert_eq(pwrite(file, (uint64_t[]){ 100 + i }, 8, i * PAGE), 8);
		igt_assert(mmap(p, SIZE, RW, share | MAP_FIXED, file, 0) == p);
	}
	if (kind != KIND_FILE)
		svm_number_pages(p, PAGES, 100);
	vram_prefer(&t, p, SIZE);
	svm_expect_pages(&t, p, PAGES, 100);
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.vram_pages, 0);
	igt_assert_eq_u64(stats.pages_to_vram, 0);
	igt_assert_lt_u64(0, stats.kept_kind);
	igt_assert_eq_u64(stats.kept_busy + stats.kept_full, 0);
	/* in one call: each page is asked for */
	igt_assert_eq(__vsvm_prefetch(fd, t.ctx.vm, p, SIZE, DRM_VSVM_PREFETCH_TO_VRAM, NULL), 0);
	igt_assert_eq_u64(svm_stats(&t).kept_kind, stats.kept_kind + PAGES);
	if (kind != KIND_FILE) {
		vram_number_gpu(&t, p, PAGES, 900);
		vram_check(p, PAGES, 900);
	}
	vram_expect_pages(&t, 0);
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
	if (uffd >= 0)
		close(uffd);
	if (file >= 0)
		close(file);
}

/* Pages that the kernel has pinned stay where they are, for as long as it has */
static void test_pinned(int fd, bool huge)
{
	const size_t size = huge ? VSVM_2M : SIZE, pages = size / PAGE;
	int file = svm_temp_file(size);
	struct uring u;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	uring_init(&u);
	p = huge ? vram_huge(&t, 1) : vram_buffer(&t, PAGES);
	svm_number_pages(p, pages, 100);
	uring_register(&u, p, size);
	svm_expect_pages(&t, p, pages, 100);
	vram_expect_pages(&t, 0);
	igt_assert_lt_u64(0, svm_stats(&t).kept_busy);
	/* what the GPU writes is what the kernel has */
	vram_number_gpu(&t, p, pages, 700);
	uring_fixed(&u, IORING_OP_WRITE_FIXED, file, p, size);
	for (uint64_t i = 0; i < pages; i++) {
		uint64_t word;

		igt_assert_eq(pread(file, &word, 8, i * PAGE), 8);
		igt_assert_eq_u64(word, 700 + i);
	}
	uring_fini(&u);
	/* the ring's end comes a little later */
	for (int64_t end = vsvm_deadline(VSVM_WAIT_NS); svm_stats(&t).vram_pages < pages;) {
		igt_assert_lt_s64(vsvm_now(), end);
		vram_prefetch(&t, p, size);
		usleep(10000);
	}
	svm_expect_pages(&t, p, pages, 700);
	vram_check(p, pages, 700);
	svm_buffer_free(p, size);
	svm_fini(&t);
	close(file);
}

/* Pinned when it is in VRAM: it comes back first */
static void test_pin(int fd, bool huge)
{
	const size_t size = huge ? VSVM_2M : SIZE;
	int file = svm_temp_file(size);
	struct uring u;
	struct known k;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	uring_init(&u);
	p = vram_begin(&t, &k, size, huge);
	uring_register(&u, p, size);
	vram_expect_pages(&t, 0);
	igt_assert_eq_u64(svm_stats(&t).pages_faulted, size / PAGE);
	uring_fixed(&u, IORING_OP_WRITE_FIXED, file, p, size);
	igt_assert_eq(pread(file, k.got, size, 0), size);
	igt_assert(!memcmp(k.got, k.want, size));
	known_expect(&k, &t);
	uring_fini(&u);
	vram_end(&t, &k);
	close(file);
}

/* System calls read what is in VRAM, and write there */
static void test_syscalls(int fd, bool huge)
{
	const size_t size = huge ? VSVM_2M : SIZE;
	int file = svm_temp_file(size), tube[2];
	struct iovec local, remote;
	struct known k;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_begin(&t, &k, size, huge);
	igt_assert_eq(pwrite(file, p, size, 0), size);
	igt_assert_eq(pread(file, k.got, size, 0), size);
	igt_assert(!memcmp(k.got, k.want, size));
	vram_expect_pages(&t, 0);
	known_write(&k, &t);
	vram_expect_pages(&t, size / PAGE);
	igt_assert_eq(pipe(tube), 0);
	igt_assert_eq(write(tube[1], p + 100, 3 * PAGE), 3 * PAGE);
	igt_assert_eq(read(tube[0], k.got, 3 * PAGE), 3 * PAGE);
	igt_assert(!memcmp(k.got, k.want + 100, 3 * PAGE));
	known_write(&k, &t);
	local = (struct iovec){ k.got, size };
	remote = (struct iovec){ p, size };
	memset(k.got, 0, size);
	/* not every kernel has it; one that has reads all */
	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size)
		igt_assert(!memcmp(k.got, k.want, size));
	else
		igt_assert_neq(errno, EFAULT);
	/* and into it */
	known_write(&k, &t);
	vsvm_rand_fill(&k.rng, k.want, size);
	igt_assert_eq(pwrite(file, k.want, size, 0), size);
	igt_assert_eq(pread(file, p, size, 0), size);
	vram_expect_pages(&t, 0);
	known_expect(&k, &t);
	close(tube[0]);
	close(tube[1]);
	vram_end(&t, &k);
	close(file);
}

/* To VRAM, and back, in one call each; no access faults afterwards */
static void test_prefetch(int fd, bool huge, bool async)
{
	const size_t size = huge ? VSVM_2M : SIZE, pages = size / PAGE;
	struct drm_vsvm_vm_stats before, stats;
	uint64_t *fence = svm_buffer(PAGE);
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = huge ? vram_huge(&t, 1) : svm_buffer(size);
	igt_assert_eq(madvise(p, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), 0);
	igt_assert_eq(__vsvm_attr(fd, t.ctx.vm, p, size, DRM_VSVM_ATTR_LOCATION,
				  DRM_VSVM_LOCATION_ANY), 0);
	svm_number_pages(p, pages, 100);
	*fence = 0;
	svm_settle(&t);
	before = svm_stats(&t);
	for (uint64_t round = 1; round < 4; round++) {
		if (async) {
			igt_assert_eq(__vsvm_prefetch_async(fd, t.ctx.vm, p, size,
							    DRM_VSVM_PREFETCH_WRITE |
							    DRM_VSVM_PREFETCH_TO_VRAM, fence,
							    round), 0);
			vsvm_wait(fd, t.ctx.queue, fence, round);
		} else {
			vram_prefetch(&t, p, size);
		}
		stats = svm_stats(&t);
		igt_assert_eq_u64(stats.pages_to_vram, before.pages_to_vram + round * pages);
		igt_assert_eq_u64(stats.vram_pages, pages);
		vram_number_gpu(&t, p, pages, 100 * round);
		svm_expect_pages(&t, p, pages, 100 * round);
		igt_assert_eq_u64(svm_stats(&t).faults, before.faults);
		/* once more is nothing to do */
		vram_prefetch(&t, p, size);
		igt_assert_eq_u64(svm_stats(&t).pages_to_vram, stats.pages_to_vram);
		vram_fetch_back(&t, p, size);
		stats = svm_stats(&t);
		igt_assert_eq_u64(stats.pages_to_system, round * pages);
		igt_assert_eq_u64(stats.vram_pages, 0);
		svm_expect_pages(&t, p, pages, 100 * round);
		vram_check(p, pages, 100 * round);
		igt_assert_eq_u64(svm_stats(&t).pages_faulted, 0);
		if (huge)
			igt_assert_eq_u64(vsvm_huge_kib(p), VSVM_2M / 1024);
	}
	svm_buffer_free(p, size);
	svm_buffer_free(fence, PAGE);
	svm_fini(&t);
}

/* What goes together, and what comes back together */
static void test_granularity(int fd, unsigned int order)
{
	const unsigned int together = order == 21 ? PAGES : 1u << (order - 12);
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_buffer(&t, PAGES);
	igt_assert_eq(__vsvm_attr(fd, t.ctx.vm, p, SIZE, DRM_VSVM_ATTR_GRANULARITY, order), 0);
	svm_number_pages(p, PAGES, 100);
	igt_assert_eq_u64(svm_read(&t, p + 33 * PAGE), 133);
	igt_assert_eq_u64(svm_stats(&t).pages_to_vram, together);
	vram_expect_pages(&t, together);
	vram_prefetch(&t, p, SIZE);
	vram_expect_pages(&t, PAGES);
	igt_assert_eq_u64(*(uint64_t *)(p + 20 * PAGE), 120);
	igt_assert_eq_u64(svm_stats(&t).pages_faulted, together);
	vram_expect_pages(&t, PAGES - together);
	vram_check(p, PAGES, 100);
	igt_assert_eq_u64(svm_stats(&t).pages_faulted, PAGES);
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
}

/* The wish is the memory's: it outlives a change of rights, and ends with the mapping */
static void test_attr(int fd)
{
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_buffer(&t, PAGES);
	svm_number_pages(p, PAGES, 100);
	igt_assert_eq(mprotect(p + 10 * PAGE, 20 * PAGE, PROT_READ), 0);
	svm_expect_pages(&t, p, PAGES, 100);
	vram_expect_pages(&t, PAGES);
	vram_check(p, PAGES, 100);
	vsvm_unmap(p + 10 * PAGE, 20 * PAGE);
	svm_map_at(p + 10 * PAGE, 20 * PAGE);
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	svm_number_pages(p, PAGES, 100);
	svm_expect_pages(&t, p, PAGES, 100);
	vram_expect_pages(&t, PAGES - 20);
	vram_check(p, PAGES, 100);
	/* taken back: what is there stays, what is not does not go */
	svm_expect_pages(&t, p, PAGES, 100);
	vram_expect_pages(&t, PAGES - 20);
	igt_assert_eq(__vsvm_attr(fd, t.ctx.vm, p, SIZE, DRM_VSVM_ATTR_LOCATION,
				  DRM_VSVM_LOCATION_SYSTEM), 0);
	svm_expect_pages(&t, p, PAGES, 100);
	vram_expect_pages(&t, PAGES - 20);
	vram_check(p, PAGES, 100);
	svm_expect_pages(&t, p, PAGES, 100);
	vram_expect_pages(&t, 0);
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
}

/* Only what changes is taken from the GPU */
static void test_attr_change(int fd)
{
	struct drm_vsvm_vm_stats before;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_buffer(&t, PAGES);
	vram_number_gpu(&t, p, PAGES, 100);
	before = svm_stats(&t);
	vram_prefer(&t, p, SIZE);
	igt_assert_eq_u64(svm_stats(&t).pages_zapped, before.pages_zapped);
	igt_assert_eq(__vsvm_attr(fd, t.ctx.vm, p + 8 * PAGE, 4 * PAGE, DRM_VSVM_ATTR_LOCATION,
				  DRM_VSVM_LOCATION_ANY), 0);
	igt_assert_eq_u64(svm_stats(&t).pages_zapped, before.pages_zapped + 4);
	vram_prefer(&t, p, SIZE);
	igt_assert_eq_u64(svm_stats(&t).pages_zapped, before.pages_zapped + 4);
	vram_expect_pages(&t, PAGES);
	svm_expect_pages(&t, p, PAGES, 100);
	vram_check(p, PAGES, 100);
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
}

int igt_main()
{
	static const unsigned int orders[] = { 12, 16, 21 };
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
		vram_require(fd);
	}

	for (int huge = 0; huge < 2; huge++) {
		const char *name = huge ? "-huge" : "";

		igt_describe("Memory that the GPU touches first has what others left in VRAM");
		igt_subtest_f("hole%s", name)
			test_hole(fd, huge);
		igt_describe("Memory that was only read is not zero in VRAM, or not written");
		igt_subtest_f("zero-page%s", name)
			test_zero_page(fd, huge);
		igt_describe("Memory that the kernel has pinned goes to VRAM, and is two");
		igt_subtest_f("pinned%s", name)
			test_pinned(fd, huge);
		igt_describe("The kernel pins memory in VRAM, and reads something else");
		igt_subtest_f("pin%s", name)
			test_pin(fd, huge);
		igt_describe("System calls do not read or write what is in VRAM");
		igt_subtest_f("syscalls%s", name)
			test_syscalls(fd, huge);
		igt_describe("Memory that was prefetched to VRAM, or back, faults or is lost");
		igt_subtest_f("prefetch%s", name)
			test_prefetch(fd, huge, false);
		igt_describe("The fence of a prefetch in the background comes too early");
		igt_subtest_f("prefetch-async%s", name)
			test_prefetch(fd, huge, true);
	}
	igt_describe("A process that wants no large pages gets one made in VRAM");
	igt_subtest("hole-disabled")
		test_hole_disabled(fd);
	igt_describe("A page that the GPU touches takes VRAM for others that nobody has");
	igt_subtest("hole-one")
		test_hole_one(fd);
	igt_describe("Memory of which a part is there does not go, or is filled with garbage");
	igt_subtest("half")
		test_half(fd);
	igt_describe("A private mapping of a file loses writes, or the file has them");
	igt_subtest("file-private")
		test_file(fd);
	for (enum kind kind = 0; kind < NUM_KINDS; kind++) {
		igt_describe("Memory that cannot go to VRAM is lost, or not counted as kept");
		igt_subtest_f("kind-%s", kind_names[kind])
			test_kind(fd, kind);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(orders); i++) {
		igt_describe("More or less moves at a time than the program has said");
		igt_subtest_f("granularity-%u", orders[i])
			test_granularity(fd, orders[i]);
	}
	igt_describe("The wish for VRAM is lost by mprotect, or outlives its memory");
	igt_subtest("attr")
		test_attr(fd);
	igt_describe("A wish that changes nothing costs the GPU its mappings");
	igt_subtest("attr-change")
		test_attr_change(fd);

	igt_fixture()
		drm_close_driver(fd);
}
