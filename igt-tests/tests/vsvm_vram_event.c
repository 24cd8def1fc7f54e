// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm vram event
 * Description: Mappings that go, move and change while their memory is in VRAM
 */
#include "vsvm_vram.h"

IGT_TEST_DESCRIPTION("Mappings that go, move and change while their memory is in VRAM");

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT		21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif

#define PAGES	64

static size_t size_of(bool huge)
{
	return huge ? 2 * VSVM_2M : PAGES * PAGE;
}

/* Parts of a buffer: first page and pages, of 64 or of 1024 */
static const struct part {
	const char *name;
	unsigned int small[2];
	unsigned int huge[2];
} parts[] = {
	{ "all", { 0, PAGES }, { 0, 2 * BLOCK_PAGES } },
	{ "begin", { 0, 20 }, { 0, 300 } },
	{ "middle", { 20, 20 }, { 100, 200 } },
	{ "across", { 33, 1 }, { 500, 24 } },
	{ "end", { 60, 4 }, { 2 * BLOCK_PAGES - 1, 1 } },
};

/* What is left of the buffer beside a part, in VRAM still or not, has what it had */
static void expect_rest(const struct known *k, struct svm *t, size_t start, size_t end)
{
	if (start)
		vram_expect(k, t, k->p, 0, start);
	if (end < k->size)
		vram_expect(k, t, k->p + end, end, k->size - end);
}

/* All of it comes back by the CPU's looking, also what came along with other pages */
static void expect_none_left(struct svm *t, const uint8_t *p, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		vram_touch(p + i);
	vram_expect_pages(t, 0);
}

/* A part of the buffer goes; the CPU or the GPU looks at the rest first */
static void test_munmap(int fd, const struct part *part, bool huge, bool cpu_first)
{
	const unsigned int *pages = huge ? part->huge : part->small;
	const size_t start = pages[0] * PAGE, end = start + pages[1] * PAGE;
	struct drm_vsvm_vm_stats before;
	struct known k;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_begin(&t, &k, size_of(huge), huge);
	before = svm_stats(&t);
	vsvm_unmap(p + start, end - start);
	/* it has not come back to be thrown away */
	igt_assert_eq_u64(svm_stats(&t).pages_faulted, before.pages_faulted);
	if (!huge)
		vram_expect_pages(&t, PAGES - pages[1]);
	if (cpu_first && start)
		vram_expect_cpu(&k, p, 0, start);
	if (cpu_first && end < k.size)
		vram_expect_cpu(&k, p + end, end, k.size - end);
	expect_rest(&k, &t, start, end);
	svm_expect_error(&t, p + start, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_expect_error(&t, p + end - 4, VSVM_ACCESS_WRITE, VSVM_ERROR_UNMAPPED);
	/* other memory there is not what was there */
	svm_map_at(p + start, end - start);
	vram_expect_zeros(&k, &t, p + start, end - start);
	/* the CPU's last look, which may have found in system memory what it had there before */
	expect_rest(&k, &t, start, end);
	expect_none_left(&t, p, k.size);
	vram_end(&t, &k);
}

/* Moves a part to a place of another alignment, or of the same */
static void test_mremap(int fd, const struct part *part, bool huge, bool aligned)
{
	const unsigned int *pages = huge ? part->huge : part->small;
	const size_t start = pages[0] * PAGE, size = pages[1] * PAGE;
	struct drm_vsvm_vm_stats before;
	uint8_t *p, *range, *to;
	struct known k;
	struct svm t;

	svm_init(&t, fd);
	p = vram_begin(&t, &k, size_of(huge), huge);
	range = svm_buffer(size_of(huge) + VSVM_2M);
	to = range + (aligned ? start % VSVM_2M : 7 * PAGE);
	before = svm_stats(&t);
	igt_assert(mremap(p + start, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	vram_expect_gpu(&k, &t, to, start, size);
	/* nobody but the kernel's page tables had to do with it */
	igt_assert_eq_u64(svm_stats(&t).pages_faulted, before.pages_faulted);
	vram_expect_pages(&t, k.size / PAGE);
	svm_expect_error(&t, p + start, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	vram_expect_cpu(&k, to, start, size);
	expect_rest(&k, &t, start, start + size);
	vram_expect_pages(&t, 0);
	/* and the new place is as good as the old one */
	vram_prefer(&t, to, size);
	vsvm_rand_fill(&k.rng, k.want + start, size);
	svm_copy(&t, to, k.want + start, size);
	igt_assert_lte_u64(size / PAGE, svm_stats(&t).vram_pages);
	vram_expect(&k, &t, to, start, size);
	svm_buffer_free(range, size_of(huge) + VSVM_2M);
	vram_end(&t, &k);
}

/* Moves away and comes back by the CPU alone, or moves on, without a look in between */
static void test_mremap_chain(int fd, bool huge)
{
	uint8_t *p, *a, *b;
	struct known k;
	struct svm t;

	svm_init(&t, fd);
	p = vram_begin(&t, &k, size_of(huge), huge);
	a = svm_buffer(k.size + VSVM_2M);
	b = svm_buffer(k.size + VSVM_2M);
	igt_assert(mremap(p, k.size, k.size, MREMAP_MAYMOVE | MREMAP_FIXED, a + PAGE) == a + PAGE);
	igt_assert(mremap(a + PAGE, k.size, k.size, MREMAP_MAYMOVE | MREMAP_FIXED, b) == b);
	vram_expect_gpu(&k, &t, b, 0, k.size);
	vram_expect_pages(&t, k.size / PAGE);
	igt_assert(mremap(b, k.size, k.size, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
	vram_expect_cpu(&k, p, 0, k.size);
	vram_expect_pages(&t, 0);
	vram_expect_gpu(&k, &t, p, 0, k.size);
	svm_buffer_free(a, k.size + VSVM_2M);
	svm_buffer_free(b, k.size + VSVM_2M);
	vram_end(&t, &k);
}

static void test_grow(int fd, bool huge)
{
	uint8_t *p, *to;
	struct known k;
	struct svm t;

	svm_init(&t, fd);
	p = vram_begin(&t, &k, size_of(huge), huge);
	to = svm_buffer(2 * k.size);
	igt_assert(mremap(p, k.size, 2 * k.size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	vram_expect_gpu(&k, &t, to, 0, k.size);
	vram_expect_pages(&t, k.size / PAGE);
	vram_expect_zeros(&k, &t, to + k.size, k.size);
	vram_expect_cpu(&k, to, 0, k.size);
	vram_expect_pages(&t, 0);
	svm_buffer_free(to, 2 * k.size);
	vram_end(&t, &k);
}

/* The pages move, the mapping stays and is empty, and both are used */
static void test_dontunmap(int fd, bool huge)
{
	struct known k, l;
	uint8_t *p, *to;
	struct svm t;

	svm_init(&t, fd);
	p = vram_begin(&t, &k, size_of(huge), huge);
	to = svm_buffer(k.size);
	igt_assert(mremap(p, k.size, k.size, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
			  to) == to);
	vram_expect_gpu(&k, &t, to, 0, k.size);
	vram_expect_pages(&t, k.size / PAGE);
	vram_expect_zeros(&k, &t, p, k.size);
	vram_expect_gpu(&k, &t, to, 0, k.size);
	known_init(&l, p, k.size);
	vsvm_rand(&l.rng);
	known_write(&l, &t);
	vram_expect(&k, &t, to, 0, k.size);
	vram_expect(&l, &t, p, 0, k.size);
	known_fini(&l);
	svm_buffer_free(to, k.size);
	vram_end(&t, &k);
}

static void test_protect(int fd, bool huge, bool part)
{
	struct drm_vsvm_vm_stats before;
	size_t start, size;
	struct known k;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_begin(&t, &k, size_of(huge), huge);
	start = part ? k.size / 4 + PAGE : 0;
	size = part ? k.size / 2 : k.size;
	before = svm_stats(&t);
	igt_assert_eq(mprotect(p + start, size, PROT_READ), 0);
	svm_expect_error(&t, p + start, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	svm_expect_error(&t, p + start + size - 4, VSVM_ACCESS_ATOMIC, VSVM_ERROR_PERMISSION);
	vram_expect_gpu(&k, &t, p, 0, k.size);
	/* reading brings nothing back */
	igt_assert_eq_u64(svm_stats(&t).pages_faulted, before.pages_faulted);
	vram_expect_pages(&t, k.size / PAGE);
	igt_assert_eq(mprotect(p + start, size, RW), 0);
	known_write(&k, &t);
	vram_expect_gpu(&k, &t, p, 0, k.size);
	igt_assert_eq(mprotect(p + start, size, PROT_READ), 0);
	vram_expect_cpu(&k, p, 0, k.size);
	svm_expect_error(&t, p + start, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	vram_expect(&k, &t, p, 0, k.size);
	igt_assert_eq(mprotect(p, k.size, PROT_NONE), 0);
	svm_expect_error(&t, p + start, VSVM_ACCESS_READ, VSVM_ERROR_PERMISSION);
	igt_assert_eq(mprotect(p, k.size, RW), 0);
	known_write(&k, &t);
	vram_expect(&k, &t, p, 0, k.size);
	vram_end(&t, &k);
}

/* Nobody may read it, then it is there again: in VRAM all the time */
static void test_protect_none(int fd, bool huge)
{
	struct known k;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_begin(&t, &k, size_of(huge), huge);
	igt_assert_eq(mprotect(p, k.size, PROT_NONE), 0);
	svm_expect_error(&t, p + 5 * PAGE, VSVM_ACCESS_READ, VSVM_ERROR_PERMISSION);
	igt_assert_eq(__vsvm_prefetch(fd, t.ctx.vm, p, k.size, DRM_VSVM_PREFETCH_TO_VRAM, NULL),
		      -EFAULT);
	vram_expect_pages(&t, k.size / PAGE);
	igt_assert_eq(mprotect(p, k.size, PROT_READ), 0);
	vram_expect_gpu(&k, &t, p, 0, k.size);
	vram_expect_pages(&t, k.size / PAGE);
	vram_expect_cpu(&k, p, 0, k.size);
	vram_expect_pages(&t, 0);
	vram_end(&t, &k);
}

static void test_dontneed(int fd, const struct part *part, bool huge)
{
	const unsigned int *pages = huge ? part->huge : part->small;
	const size_t start = pages[0] * PAGE, end = start + pages[1] * PAGE;
	struct drm_vsvm_vm_stats before, stats;
	struct known k;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_begin(&t, &k, size_of(huge), huge);
	before = svm_stats(&t);
	igt_assert_eq(madvise(p + start, end - start, MADV_DONTNEED), 0);
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.pages_faulted, before.pages_faulted);
	igt_assert_eq_u64(stats.pages_to_system, 0);
	if (!huge || end - start == k.size)
		vram_expect_pages(&t, (k.size - (end - start)) / PAGE);
	vram_expect_zeros(&k, &t, p + start, end - start);
	expect_rest(&k, &t, start, end);
	expect_none_left(&t, p, k.size);
	/* it goes there again, all of it */
	known_write(&k, &t);
	vram_expect_pages(&t, k.size / PAGE);
	vram_expect(&k, &t, p, 0, k.size);
	vram_end(&t, &k);
}

/* What may be thrown away is there or zeros, page by page; what is written then stays */
static void test_free(int fd, bool huge)
{
	struct known k;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_begin(&t, &k, size_of(huge), huge);
	igt_assert_eq(madvise(p, k.size, MADV_FREE), 0);
	svm_copy(&t, k.got, p, k.size);
	for (size_t i = 0; i < k.size; i += PAGE)
		igt_assert_f(!memcmp(k.got + i, k.want + i, PAGE) ||
			     (!k.got[i] && !memcmp(k.got + i, k.got + i + 1, PAGE - 1)),
			     "page %zu\n", i / (size_t)PAGE);
	known_write(&k, &t);
	if (__vsvm_swapfile_on(4096))
		igt_assert_eq(madvise(p, k.size, MADV_PAGEOUT), 0);
	vram_expect(&k, &t, p, 0, k.size);
	vsvm_swapfile_off();
	vram_end(&t, &k);
}

/* Of every two pages one is in VRAM, the other in swap */
static void test_pageout(int fd)
{
	struct known k;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	vsvm_swapfile_on(4096);
	p = vram_begin(&t, &k, size_of(false), false);
	igt_assert_eq(__vsvm_attr(fd, t.ctx.vm, p, k.size, DRM_VSVM_ATTR_GRANULARITY, 12), 0);
	/* the granularity is that of the way to VRAM */
	vram_expect_cpu(&k, p, 0, k.size);
	vram_prefetch(&t, p, k.size);
	vram_expect_pages(&t, PAGES);
	for (unsigned int i = 0; i < PAGES; i += 2)
		vram_touch(p + i * PAGE);
	vram_expect_pages(&t, PAGES / 2);
	for (unsigned int i = 0; i < PAGES; i += 2)
		vsvm_page_out(p + i * PAGE, PAGE);
	igt_assert_eq(madvise(p, k.size, MADV_PAGEOUT), 0);
	vram_expect_pages(&t, PAGES / 2);
	vram_expect_gpu(&k, &t, p, 0, k.size);
	/* those in swap have gone there too, but for some that the kernel has in hand still */
	igt_assert(svm_stats(&t).vram_pages > PAGES / 2);
	vram_expect_cpu(&k, p, 0, k.size);
	vram_expect_pages(&t, 0);
	vsvm_swapfile_off();
	vram_end(&t, &k);
}

/* 4K pages in VRAM, of which 2M are to be made, or may be */
static void test_collapse(int fd, bool half)
{
	struct known k;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_begin(&t, &k, VSVM_2M, false);
	igt_assert_eq(madvise(p, k.size, MADV_HUGEPAGE), 0);
	if (half)
		vram_expect_cpu(&k, p + k.size / 2, k.size / 2, k.size / 2);
	/* whether it can be is the kernel's affair */
	(void)!madvise(p, k.size, MADV_COLLAPSE);
	vram_expect(&k, &t, p, 0, k.size);
	known_write(&k, &t);
	(void)!madvise(p, k.size, MADV_COLLAPSE);
	vram_expect_cpu(&k, p, 0, k.size);
	vram_expect(&k, &t, p, 0, k.size);
	vram_end(&t, &k);
}

/* Advice that changes or splits the VMA moves nothing, and the wish for VRAM stays */
static void test_advice(int fd, bool huge)
{
	static const int advice[] = {
		MADV_NOHUGEPAGE, MADV_HUGEPAGE, MADV_DONTFORK, MADV_DOFORK, MADV_SEQUENTIAL,
		MADV_RANDOM, MADV_NORMAL, MADV_DONTDUMP, MADV_DODUMP, MADV_WILLNEED,
	};
	struct known k;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_begin(&t, &k, size_of(huge), huge);
	for (unsigned int i = 0; i < ARRAY_SIZE(advice); i++) {
		igt_assert_eq(madvise(p + 3 * PAGE, k.size / 2, advice[i]), 0);
		vram_expect_gpu(&k, &t, p, 0, k.size);
		vram_expect_pages(&t, k.size / PAGE);
	}
	vram_expect_cpu(&k, p, 0, k.size);
	vram_expect_pages(&t, 0);
	known_write(&k, &t);
	vram_expect_pages(&t, k.size / PAGE);
	vram_expect(&k, &t, p, 0, k.size);
	vram_end(&t, &k);
}

/* One byte, and all of the 2M page is back, as one */
static void test_touch(int fd, unsigned int page, bool write)
{
	struct known k;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_begin(&t, &k, VSVM_2M, true);
	if (write) {
		k.want[page * PAGE + 77] ^= 0xff;
		p[page * PAGE + 77] = k.want[page * PAGE + 77];
	} else {
		igt_assert_eq(p[page * PAGE + 77], k.want[page * PAGE + 77]);
	}
	igt_assert_eq_u64(svm_stats(&t).pages_faulted, BLOCK_PAGES);
	vram_expect_pages(&t, 0);
	igt_assert_eq_u64(vsvm_huge_kib(p), VSVM_2M / 1024);
	vram_expect_cpu(&k, p, 0, k.size);
	vram_expect_gpu(&k, &t, p, 0, k.size);
	vram_end(&t, &k);
}

/* The same of one that is mapped in pieces, for its mapping was split */
static void test_touch_split(int fd, unsigned int page)
{
	struct known k;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_begin(&t, &k, VSVM_2M, true);
	igt_assert_eq(mprotect(p + 17 * PAGE, PAGE, PROT_READ), 0);
	igt_assert_eq(mprotect(p + 17 * PAGE, PAGE, RW), 0);
	vram_expect_gpu(&k, &t, p, 0, k.size);
	igt_assert_eq(p[page * PAGE + 5], k.want[page * PAGE + 5]);
	vram_expect_gpu(&k, &t, p, 0, k.size);
	/* what the GPU has asked for ahead may still be on its way there */
	svm_settle(&t);
	vram_expect_cpu(&k, p, 0, k.size);
	vram_expect_pages(&t, 0);
	known_write(&k, &t);
	vram_expect(&k, &t, p, 0, k.size);
	vram_end(&t, &k);
}

int igt_main()
{
	static const unsigned int pages[] = { 0, 17, 255, BLOCK_PAGES - 1 };
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
		vram_require(fd);
	}

	for (int huge = 0; huge < 2; huge++) {
		const char *name = huge ? "-huge" : "";

		for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++) {
			const struct part *part = &parts[i];

			igt_describe("Unmapping takes other memory in VRAM along, or leaves some");
			igt_subtest_f("munmap-%s%s", part->name, name)
				test_munmap(fd, part, huge, false);
			igt_describe("What is left in VRAM after an unmapping is lost to the CPU");
			igt_subtest_f("munmap-%s%s-cpu", part->name, name)
				test_munmap(fd, part, huge, true);
			igt_describe("Memory in VRAM is lost or comes back when its mapping moves");
			igt_subtest_f("mremap-%s%s", part->name, name)
				test_mremap(fd, part, huge, true);
			igt_describe("Memory in VRAM is lost when it moves to where no 2M begin");
			igt_subtest_f("mremap-%s%s-unaligned", part->name, name)
				test_mremap(fd, part, huge, false);
			igt_describe("Memory thrown away in VRAM comes back, or is still there");
			igt_subtest_f("dontneed-%s%s", part->name, name)
				test_dontneed(fd, part, huge);
		}
		igt_describe("Memory in VRAM is lost when its mapping moves and moves on");
		igt_subtest_f("mremap-chain%s", name)
			test_mremap_chain(fd, huge);
		igt_describe("A mapping of memory in VRAM that grows loses it, or gets garbage");
		igt_subtest_f("mremap-grow%s", name)
			test_grow(fd, huge);
		igt_describe("Pages in VRAM that leave their mapping are seen there still");
		igt_subtest_f("mremap-dontunmap%s", name)
			test_dontunmap(fd, huge);
		igt_describe("The GPU writes to memory in VRAM that has become read-only");
		igt_subtest_f("mprotect%s", name)
			test_protect(fd, huge, false);
		igt_describe("The GPU writes to a part of memory in VRAM that is read-only");
		igt_subtest_f("mprotect-part%s", name)
			test_protect(fd, huge, true);
		igt_describe("Memory in VRAM without rights is read, or lost");
		igt_subtest_f("mprotect-none%s", name)
			test_protect_none(fd, huge);
		igt_describe("Memory in VRAM that may be thrown away loses later writes");
		igt_subtest_f("free%s", name)
			test_free(fd, huge);
		igt_describe("Advice brings memory back from VRAM, or ends the wish for it");
		igt_subtest_f("advice%s", name)
			test_advice(fd, huge);
	}
	igt_describe("Page-out loses memory in VRAM, or swap does not get there");
	igt_subtest("pageout")
		test_pageout(fd);
	igt_describe("The kernel makes a 2M page of pages in VRAM, and they are lost");
	igt_subtest("collapse")
		test_collapse(fd, false);
	igt_describe("The kernel makes 2M of pages half of which are in VRAM, and loses them");
	igt_subtest("collapse-half")
		test_collapse(fd, true);
	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++) {
		igt_describe("A byte that the CPU reads of 2M in VRAM costs the page its size");
		igt_subtest_f("touch-%u", pages[i])
			test_touch(fd, pages[i], false);
		igt_describe("A byte that the CPU writes to 2M in VRAM is lost, or others are");
		igt_subtest_f("touch-%u-write", pages[i])
			test_touch(fd, pages[i], true);
		igt_describe("2M in VRAM that are mapped in pieces are lost by a touch");
		igt_subtest_f("touch-%u-split", pages[i])
			test_touch_split(fd, pages[i]);
	}

	igt_fixture()
		drm_close_driver(fd);
}
