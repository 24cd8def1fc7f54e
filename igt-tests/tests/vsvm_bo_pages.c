// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm bo pages
 * Description: BOs whose memory is small pages in any order, or large ones, also of others
 */
#include <fcntl.h>
#include <linux/udmabuf.h>

#include "vsvm_lib.h"

IGT_TEST_DESCRIPTION("BOs whose memory is small pages in any order, or large ones, also of others");

#define PAGE		VSVM_PAGE_SIZE
#define BLOCK_PAGES	(VSVM_2M / PAGE)
#define RANGE		(4 * VSVM_2M)
#define NR_HUGEPAGES	"/proc/sys/vm/nr_hugepages"

/*
 * A VM with a range for BOs. A page in the first 2M of it is bound all the time, so that tables of
 * the higher levels come and go with nothing else.
 */
struct fixture {
	struct vsvm_ctx ctx;
	void *reserved;
	uint64_t start;
	uint32_t page;
	/* bytes of page tables with nothing else bound */
	uint64_t tables;
};

static uint64_t pt_bytes(struct fixture *f)
{
	struct drm_vsvm_vm_stats stats;

	vsvm_vm_stats(f->ctx.fd, f->ctx.vm, &stats);
	return stats.pt_bytes;
}

/* Tables that there are besides. */
static uint64_t more_tables(struct fixture *f)
{
	return (pt_bytes(f) - f->tables) / PAGE;
}

static void fixture_init(struct fixture *f, int fd)
{
	memset(f, 0, sizeof(*f));
	f->reserved = vsvm_reserve(2 * RANGE);
	f->start = vsvm_ptr(f->reserved);
	/* Not across 1G, where the next table of its level begins. */
	if (f->start >> 30 != (f->start + RANGE - 1) >> 30)
		f->start += RANGE;
	vsvm_ctx_init_range(&f->ctx, fd, (void *)f->start, RANGE);
	f->page = vsvm_bo_create(fd, PAGE);
	vsvm_bind(fd, f->ctx.vm, f->page, 0, f->start, PAGE, 0);
	f->start += VSVM_2M;
}

/* Work of the GPU maps memory of the process; what that leaves is not to be counted. */
static void fixture_settle(struct fixture *f)
{
	vsvm_vm_sync(f->ctx.fd, f->ctx.vm);
	f->tables = pt_bytes(f);
}

static void fixture_fini(struct fixture *f)
{
	int fd = f->ctx.fd;

	vsvm_ctx_fini(&f->ctx);
	vsvm_bo_close(fd, f->page);
	vsvm_unmap(f->reserved, 2 * RANGE);
}

static void gpu_copy(struct fixture *f, uint64_t dst, uint64_t src, uint64_t size)
{
	struct vsvm_stream s = {};

	vsvm_emit_copy(&s, dst, src, size);
	vsvm_run(&f->ctx, &s);
	vsvm_stream_fini(&s);
}

/* Word @i of all that is bound at @addr, page by page, is it @first + i? */
static void expect_numbers(struct fixture *f, uint64_t addr, uint64_t pages, uint64_t first)
{
	uint64_t *copy = vsvm_map(pages * PAGE);

	gpu_copy(f, vsvm_ptr(copy), addr, pages * PAGE);
	for (uint64_t i = 0; i < pages; i++)
		igt_assert_eq_u64(copy[i * PAGE / sizeof(*copy)], first + i);
	vsvm_unmap(copy, pages * PAGE);
}

static void number_pages(uint8_t *p, uint64_t pages, uint64_t first)
{
	for (uint64_t i = 0; i < pages; i++)
		*(uint64_t *)(p + i * PAGE) = first + i;
}

/* A memfd that can be exported, its pages numbered from 0 */
static int numbered_memfd(uint64_t pages, unsigned int flags, uint8_t **p)
{
	int memfd = memfd_create("vsvm", MFD_ALLOW_SEALING | flags);

	igt_require_f(memfd >= 0, "memfd_create: %m");
	igt_assert_eq(ftruncate(memfd, pages * PAGE), 0);
	igt_assert_eq(fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	*p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	igt_assert(*p != MAP_FAILED);
	number_pages(*p, pages, 0);
	return memfd;
}

/* A BO of the pages of @memfd in the order of @order */
static uint32_t import_pages(int fd, int memfd, const uint64_t *order, uint32_t count,
			     uint64_t item_pages)
{
	struct udmabuf_create_list *list;
	struct drm_prime_handle prime = {};
	int udmabuf, buf;

	udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	igt_require_f(udmabuf >= 0, "/dev/udmabuf: %m");
	list = calloc(1, sizeof(*list) + count * sizeof(list->list[0]));
	list->flags = UDMABUF_FLAGS_CLOEXEC;
	list->count = count;
	for (uint32_t i = 0; i < count; i++) {
		list->list[i].memfd = memfd;
		list->list[i].offset = order[i] * item_pages * PAGE;
		list->list[i].size = item_pages * PAGE;
	}
	buf = ioctl(udmabuf, UDMABUF_CREATE_LIST, list);
	igt_assert_f(buf >= 0, "UDMABUF_CREATE_LIST: %m");
	prime.fd = buf;
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), 0);
	close(buf);
	close(udmabuf);
	free(list);
	return prime.handle;
}

/* Pages in any order, with runs forwards and backwards in it */
static void test_import(int fd)
{
	enum { PAGES = 200 };
	struct vsvm_rng rng = { 22 };
	uint64_t order[PAGES], *copy;
	struct fixture f;
	uint32_t bo;
	uint8_t *p;
	int memfd;

	fixture_init(&f, fd);
	memfd = numbered_memfd(PAGES, 0, &p);
	for (int i = 0; i < PAGES; i++)
		order[i] = i;
	for (int i = 0; i < PAGES; i += 40) {
		for (int j = i; j < i + 20; j++) {
			int k = vsvm_rand(&rng) % PAGES;
			uint64_t other = order[j];

			order[j] = order[k];
			order[k] = other;
		}
	}
	bo = import_pages(fd, memfd, order, PAGES, 1);
	vsvm_bind(fd, f.ctx.vm, bo, 0, f.start, PAGES * PAGE, 0);
	copy = vsvm_map(PAGES * PAGE);
	gpu_copy(&f, vsvm_ptr(copy), f.start, PAGES * PAGE);
	for (int i = 0; i < PAGES; i++)
		igt_assert_eq_u64(copy[i * PAGE / 8], order[i]);

	/* parts of it, and what the GPU writes */
	for (int first = 1; first < PAGES; first += 37) {
		int count = PAGES - first < 50 ? PAGES - first : 50;

		vsvm_bind(fd, f.ctx.vm, bo, first * PAGE, f.start + PAGE, count * PAGE, 0);
		gpu_copy(&f, vsvm_ptr(copy), f.start + PAGE, count * PAGE);
		for (int i = 0; i < count; i++)
			igt_assert_eq_u64(copy[i * PAGE / 8], order[first + i]);
	}
	vsvm_bind(fd, f.ctx.vm, bo, 0, f.start, PAGES * PAGE, 0);
	number_pages((uint8_t *)copy, PAGES, 1000);
	gpu_copy(&f, f.start, vsvm_ptr(copy), PAGES * PAGE);
	for (int i = 0; i < PAGES; i++)
		igt_assert_eq_u64(*(uint64_t *)(p + order[i] * PAGE), 1000 + i);

	vsvm_unmap(copy, PAGES * PAGE);
	vsvm_bo_close(fd, bo);
	vsvm_unmap(p, PAGES * PAGE);
	close(memfd);
	fixture_fini(&f);
}

static long read_number(const char *path)
{
	FILE *file = fopen(path, "r");
	long n = -1;

	if (file) {
		if (fscanf(file, "%ld", &n) != 1)
			n = -1;
		fclose(file);
	}
	return n;
}

static void write_number(const char *path, long n)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return;
	fprintf(file, "%ld\n", n);
	fclose(file);
}

/*
 * What is bound at a multiple of 2M has no table of 4K entries; unbinding in the middle makes one,
 * and takes exactly what it is to take.
 */
static void check_large(struct fixture *f, uint32_t bo, uint64_t blocks, uint64_t small)
{
	uint64_t size = blocks * VSVM_2M, addr = f->start;
	uint64_t hole = addr + (blocks - 1) * VSVM_2M + 101 * PAGE;
	int fd = f->ctx.fd;

	expect_numbers(f, addr - VSVM_2M, 1, 0);
	fixture_settle(f);

	vsvm_bind(fd, f->ctx.vm, bo, 0, addr, size, 0);
	igt_assert_eq_u64(more_tables(f), small);
	vsvm_unbind(fd, f->ctx.vm, addr, size);
	igt_assert_eq_u64(more_tables(f), 0);

	/* less than a block, memory or addresses aligned to less: 4K entries */
	vsvm_bind(fd, f->ctx.vm, bo, 0, addr, VSVM_2M - PAGE, 0);
	igt_assert_eq_u64(more_tables(f), 1);
	vsvm_unbind(fd, f->ctx.vm, addr, VSVM_2M);
	vsvm_bind(fd, f->ctx.vm, bo, PAGE, addr, size - PAGE, 0);
	igt_assert_eq_u64(more_tables(f), blocks);
	vsvm_unbind(fd, f->ctx.vm, addr, size - PAGE);
	vsvm_bind(fd, f->ctx.vm, bo, 0, addr + PAGE, size, 0);
	igt_assert_eq_u64(more_tables(f), blocks + 1);
	expect_numbers(f, addr + PAGE, size / PAGE, 0);
	vsvm_unbind(fd, f->ctx.vm, addr + PAGE, size);
	fixture_settle(f);

	/* the last block is no leaf any more, whatever it was */
	vsvm_bind(fd, f->ctx.vm, bo, 0, addr, size, 0);
	vsvm_unbind(fd, f->ctx.vm, hole, PAGE);
	igt_assert_lte_u64(more_tables(f), small + 1);
	expect_numbers(f, addr, (hole - addr) / PAGE, 0);
	expect_numbers(f, hole + PAGE, (addr + size - hole) / PAGE - 1, (hole - addr) / PAGE + 1);
	/* something else in the hole, and all of it whole again */
	vsvm_bind(fd, f->ctx.vm, bo, 7 * PAGE, hole, PAGE, 0);
	expect_numbers(f, hole, 1, 7);
	vsvm_bind(fd, f->ctx.vm, bo, 0, addr, size, 0);
	expect_numbers(f, addr, size / PAGE, 0);
	/* a cut at 2M takes no table */
	vsvm_unbind(fd, f->ctx.vm, addr, VSVM_2M);
	if (blocks > 1)
		expect_numbers(f, addr + VSVM_2M, (size - VSVM_2M) / PAGE, BLOCK_PAGES);
	vsvm_unbind(fd, f->ctx.vm, addr, size);
}

/* Where a huge page is: its first page frame, 0 if we are not told */
static uint64_t frame_of(const uint8_t *p)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	igt_assert_fd(pagemap);
	igt_assert_eq(pread(pagemap, &entry, sizeof(entry), vsvm_ptr(p) / PAGE * sizeof(entry)),
		      sizeof(entry));
	close(pagemap);
	return entry & ((1ull << 55) - 1);
}

/* Two huge pages that make 4M at a multiple of 4M, if there are: parts can be misaligned. */
static void find_pair(const uint8_t *p, uint64_t count, uint64_t pair[2])
{
	for (pair[0] = 0; pair[0] < count; pair[0]++) {
		uint64_t first = frame_of(p + pair[0] * VSVM_2M);

		if (!first || first % (2 * BLOCK_PAGES))
			continue;
		for (pair[1] = 0; pair[1] < count; pair[1]++)
			if (frame_of(p + pair[1] * VSVM_2M) == first + BLOCK_PAGES)
				return;
	}
	igt_info("no two huge pages beside each other\n");
	pair[0] = 0;
	pair[1] = 1;
}

/* The first halves of two large pages: each aligned to 2M, and 1M long */
static void check_halves(struct fixture *f, int memfd, const uint64_t pair[2])
{
	const uint64_t halves[] = { 2 * pair[0], 2 * pair[1] };
	int fd = f->ctx.fd;
	uint32_t bo;

	fixture_settle(f);
	bo = import_pages(fd, memfd, halves, 2, BLOCK_PAGES / 2);
	vsvm_bind(fd, f->ctx.vm, bo, 0, f->start, VSVM_2M, 0);
	igt_assert_eq_u64(more_tables(f), 1);
	expect_numbers(f, f->start, BLOCK_PAGES / 2, 0);
	expect_numbers(f, f->start + VSVM_2M / 2, BLOCK_PAGES / 2, BLOCK_PAGES);
	vsvm_unbind(fd, f->ctx.vm, f->start, VSVM_2M);
	vsvm_bo_close(fd, bo);
}

static void test_import_large(int fd)
{
	enum { COUNT = 8 };
	long old = read_number(NR_HUGEPAGES);
	uint64_t pair[2];
	struct fixture f;
	uint32_t bo;
	uint8_t *p;
	int memfd;

	igt_require_f(old >= 0, "no hugetlb here\n");
	igt_require_f(!access("/dev/udmabuf", R_OK | W_OK), "no /dev/udmabuf\n");
	write_number(NR_HUGEPAGES, old + COUNT);
	if (read_number(NR_HUGEPAGES) < old + COUNT) {
		write_number(NR_HUGEPAGES, old);
		igt_skip("no free huge pages\n");
	}
	fixture_init(&f, fd);
	memfd = numbered_memfd(COUNT * BLOCK_PAGES, MFD_HUGETLB, &p);
	find_pair(p, COUNT, pair);
	for (int i = 0; i < 2; i++)
		number_pages(p + pair[i] * VSVM_2M, BLOCK_PAGES, i * BLOCK_PAGES);
	bo = import_pages(fd, memfd, pair, 2, BLOCK_PAGES);
	check_large(&f, bo, 2, 0);
	check_halves(&f, memfd, pair);
	vsvm_bo_close(fd, bo);
	vsvm_unmap(p, COUNT * VSVM_2M);
	close(memfd);
	fixture_fini(&f);
	write_number(NR_HUGEPAGES, old);
}

/* Large pages of shmem, of all there is */
static uint64_t shmem_blocks(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long kib = 0;
	char line[128];

	igt_assert(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "ShmemHugePages: %lu kB", &kib) == 1)
			break;
	fclose(file);
	return kib * 1024 / VSVM_2M;
}

static void test_large(int fd)
{
	const uint64_t blocks = 2;
	uint64_t before, large;
	struct fixture f;
	uint32_t bo;
	uint8_t *p;

	fixture_init(&f, fd);
	before = shmem_blocks();
	bo = vsvm_bo_create(fd, blocks * VSVM_2M);
	p = vsvm_bo_mmap(fd, bo, blocks * VSVM_2M);
	number_pages(p, blocks * BLOCK_PAGES, 0);
	large = shmem_blocks() - before;
	igt_require_f(large && large <= blocks, "no large page was to be had\n");
	check_large(&f, bo, blocks, blocks - large);
	vsvm_unmap(p, blocks * VSVM_2M);
	vsvm_bo_close(fd, bo);
	fixture_fini(&f);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
	}

	igt_describe("Each page of an imported buffer is at its place for the GPU, in any order");
	igt_subtest("import")
		test_import(fd);

	igt_describe("A BO in large pages has large leaves, and loses no more than is unbound");
	igt_subtest("large")
		test_large(fd);

	igt_describe("An imported buffer in large pages has large leaves, and is split exactly");
	igt_subtest("import-large")
		test_import_large(fd);

	igt_fixture() {
		close(fd);
	}
}
