// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm attr
 * Description: Attributes of ranges: the page size that a program wants
 */
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("Attributes of ranges: the page size that a program wants");

#define AUTO	DRM_VSVM_PAGE_SIZE_AUTO
#define ONLY_4K	DRM_VSVM_PAGE_SIZE_4K
#define ONLY_2M	DRM_VSVM_PAGE_SIZE_2M
#define BLOCKS	4
#define SIZE	(BLOCKS * VSVM_2M)
#define PAGES	(VSVM_2M / PAGE)

static int page_size(struct svm *t, const void *p, uint64_t size, uint32_t value)
{
	return __vsvm_page_size(t->ctx.fd, t->ctx.vm, p, size, value);
}

static void set(struct svm *t, const void *p, uint64_t size, uint32_t value)
{
	igt_assert_eq(page_size(t, p, size, value), 0);
}

/* 2M pages of the CPU, as /proc/self/smaps has them in the mapping at an address */
static unsigned int huge_pages(const void *p)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end, kb = 0;
	bool here = false;
	char line[512];

	igt_assert(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start <= vsvm_ptr(p) && vsvm_ptr(p) < end;
		if (here && sscanf(line, "AnonHugePages: %lu kB", &kb) == 1)
			break;
	}
	fclose(f);
	return kb >> 11;
}

/* Memory of 2M pages, its pages numbered from 1 on; skips where there is none */
static uint8_t *huge_buffer(void)
{
	uint8_t *p = svm_buffer(SIZE);

	igt_require(madvise(p, SIZE, MADV_HUGEPAGE) == 0);
	svm_number_pages(p, SIZE / PAGE, 1);
	igt_require_f(huge_pages(p) == BLOCKS, "%u 2M pages of %u\n", huge_pages(p), BLOCKS);
	return p;
}

/* Memory of 4K pages in whole blocks */
static uint8_t *small_buffer(void)
{
	uint8_t *p = svm_buffer(SIZE);

	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	svm_number_pages(p, SIZE / PAGE, 1);
	return p;
}

/* Pages of 2M leaves, beyond what the VM itself has of them */
static unsigned int leaves(struct svm *t, const struct drm_vsvm_vm_stats *before)
{
	return (svm_stats(t).pages_2m - before->pages_2m) / PAGES;
}

static void expect_words(struct svm *t, uint8_t *p, unsigned int first, unsigned int step)
{
	for (unsigned int i = first; i < SIZE / PAGE; i += step)
		igt_assert_eq_u64(svm_read(t, p + i * PAGE), i + 1);
}

static void test_auto(int fd)
{
	uint8_t *p = huge_buffer();
	struct drm_vsvm_vm_stats before;
	struct svm t;

	svm_init(&t, fd);
	before = svm_stats(&t);
	expect_words(&t, p, 100, PAGES);
	igt_assert_eq(leaves(&t, &before), BLOCKS);
	/* setting what is set changes nothing */
	set(&t, p, SIZE, AUTO);
	igt_assert_eq(leaves(&t, &before), BLOCKS);
	expect_words(&t, p, 100, PAGES);
	igt_assert_eq(leaves(&t, &before), BLOCKS);
	igt_assert_eq_u64(svm_stats(&t).leaves_2m, before.leaves_2m + BLOCKS);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* 2M leaves on 2M pages, by whatever access first */
static void test_2m(int fd, bool write)
{
	uint8_t *p = huge_buffer();
	struct drm_vsvm_vm_stats before;
	struct svm t;

	svm_init(&t, fd);
	before = svm_stats(&t);
	set(&t, p, SIZE, ONLY_2M);
	for (unsigned int i = 0; i < BLOCKS; i++) {
		uint8_t *page = p + i * VSVM_2M + 77 * PAGE;

		if (write)
			svm_write(&t, page, i * PAGES + 78);
		else
			igt_assert_eq_u64(svm_read(&t, page), i * PAGES + 78);
		igt_assert_eq(leaves(&t, &before), i + 1);
	}
	expect_words(&t, p, 5, 211);
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages + SIZE / PAGE);
	/* memory that is not there yet is made so */
	igt_assert_eq(madvise(p, SIZE, MADV_DONTNEED), 0);
	igt_assert_eq(leaves(&t, &before), 0);
	svm_fill(&t, p, SIZE, 9);
	igt_assert_eq(leaves(&t, &before), BLOCKS);
	igt_assert_eq_u64(*(uint64_t *)(p + SIZE - 8), 9);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

static void test_hugetlb(int fd)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "w");
	struct drm_vsvm_vm_stats before;
	struct svm t;
	uint8_t *p;

	igt_require_f(f, "nr_hugepages: %m\n");
	fprintf(f, "%u\n", BLOCKS);
	fclose(f);
	p = mmap(NULL, SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB, -1, 0);
	igt_require_f(p != MAP_FAILED, "2M pages: %m\n");
	svm_init(&t, fd);
	before = svm_stats(&t);
	set(&t, p, SIZE, ONLY_2M);
	svm_fill(&t, p, SIZE, 5);
	igt_assert_eq(leaves(&t, &before), BLOCKS);
	set(&t, p, SIZE, ONLY_4K);
	svm_fill(&t, p, SIZE, 6);
	igt_assert_eq(leaves(&t, &before), 0);
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages + SIZE / PAGE);
	for (unsigned int i = 0; i < SIZE / 8; i += 100)
		igt_assert_eq_u64(((uint64_t *)p)[i], 6);
	svm_fini(&t);
	vsvm_unmap(p, SIZE);
	f = fopen("/proc/sys/vm/nr_hugepages", "w");
	fprintf(f, "0\n");
	fclose(f);
}

/* All of a request is large, or nothing of it is mapped */
static void test_2m_small(int fd)
{
	uint8_t *p = small_buffer();
	struct drm_vsvm_vm_stats before;
	uint64_t done;
	struct svm t;

	svm_init(&t, fd);
	set(&t, p, SIZE, ONLY_2M);
	before = svm_stats(&t);
	svm_expect_errors(&t, p + 3 * PAGE + 8, VSVM_ERROR_PAGE_SIZE);
	svm_expect_error(&t, p + SIZE - 1, VSVM_ACCESS_READ, VSVM_ERROR_PAGE_SIZE);
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages);
	igt_assert_eq(__vsvm_prefetch(fd, t.ctx.vm, p, SIZE, 0, &done), -EFAULT);
	igt_assert_eq_u64(done, 0);
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages);
	/* its neighbours may have 4K pages, up to the line */
	set(&t, p, VSVM_2M, AUTO);
	set(&t, p + 3 * VSVM_2M, VSVM_2M, ONLY_4K);
	svm_expect_pages(&t, p, PAGES, 1);
	svm_expect_pages(&t, p + 3 * VSVM_2M, PAGES, 3 * PAGES + 1);
	svm_expect_error(&t, p + VSVM_2M, VSVM_ACCESS_WRITE, VSVM_ERROR_PAGE_SIZE);
	svm_expect_error(&t, p + 3 * VSVM_2M - 4, VSVM_ACCESS_ATOMIC, VSVM_ERROR_PAGE_SIZE);
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages + 2 * PAGES);
	/* one huge page in a small block's stead: the access is good from now on */
	svm_map_at(p + VSVM_2M, VSVM_2M);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Blocks of which a part is not the range's cannot have a 2M leaf in it */
static void test_2m_unaligned(int fd)
{
	uint8_t *p = huge_buffer();
	struct drm_vsvm_vm_stats before;
	struct svm t;

	svm_init(&t, fd);
	before = svm_stats(&t);
	set(&t, p + VSVM_2M - PAGE, VSVM_2M + 2 * PAGE, ONLY_2M);
	svm_expect_error(&t, p + VSVM_2M - PAGE, VSVM_ACCESS_READ, VSVM_ERROR_PAGE_SIZE);
	svm_expect_error(&t, p + 2 * VSVM_2M + PAGE - 4, VSVM_ACCESS_READ, VSVM_ERROR_PAGE_SIZE);
	igt_assert_eq_u64(svm_read(&t, p + VSVM_2M), PAGES + 1);
	igt_assert_eq(leaves(&t, &before), 1);
	igt_assert_eq_u64(svm_read(&t, p + 2 * VSVM_2M + PAGE), 2 * PAGES + 2);
	igt_assert_eq_u64(svm_read(&t, p), 1);
	igt_assert_eq(leaves(&t, &before), 1);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

static void test_4k(int fd)
{
	uint8_t *p = huge_buffer();
	struct drm_vsvm_vm_stats before;
	struct svm t;

	svm_init(&t, fd);
	before = svm_stats(&t);
	set(&t, p, SIZE, ONLY_4K);
	svm_fill(&t, p + 8, SIZE - 8, 3);
	expect_words(&t, p, 0, SIZE);
	igt_assert_eq(leaves(&t, &before), 0);
	igt_assert_eq_u64(svm_stats(&t).leaves_2m, before.leaves_2m);
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages + SIZE / PAGE);
	for (unsigned int i = 1; i < SIZE / 8; i += 300)
		igt_assert_eq_u64(((uint64_t *)p)[i], 3);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* What the GPU has is taken away, and what it wrote stays written */
static void test_change(int fd)
{
	uint8_t *p = huge_buffer();
	struct drm_vsvm_vm_stats before;
	struct svm t;

	svm_init(&t, fd);
	before = svm_stats(&t);
	for (unsigned int i = 0; i < 12; i++) {
		uint32_t value = (i + 1) % 3;
		unsigned int want = value == ONLY_4K ? 0 : BLOCKS;

		svm_fill(&t, p, SIZE, i + 1);
		set(&t, p, SIZE, value);
		igt_assert_eq_u64(svm_stats(&t).pages, before.pages);
		igt_assert_eq_u64(*(uint64_t *)(p + SIZE - 8), i + 1);
		igt_assert_eq_u64(svm_read(&t, p), i + 1);
		svm_fill(&t, p, SIZE, i + 100);
		igt_assert_eq(leaves(&t, &before), want);
		igt_assert_eq_u64(svm_stats(&t).pages, before.pages + SIZE / PAGE);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* A part of a block: the leaf that is there goes, and no other comes */
static void test_within_block(int fd)
{
	uint8_t *p = huge_buffer();
	struct drm_vsvm_vm_stats before;
	struct svm t;

	svm_init(&t, fd);
	before = svm_stats(&t);
	expect_words(&t, p, 0, PAGES);
	igt_assert_eq(leaves(&t, &before), BLOCKS);
	set(&t, p + VSVM_2M + 100 * PAGE, 10 * PAGE, ONLY_4K);
	igt_assert_eq(leaves(&t, &before), BLOCKS - 1);
	svm_expect_pages(&t, p + VSVM_2M, PAGES, PAGES + 1);
	igt_assert_eq(leaves(&t, &before), BLOCKS - 1);
	/* the default again: once it is mapped anew it is one page */
	set(&t, p + VSVM_2M, VSVM_2M, AUTO);
	svm_expect_pages(&t, p + VSVM_2M, PAGES, PAGES + 1);
	igt_assert_eq(leaves(&t, &before), BLOCKS);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* mprotect splits a mapping, and merges it again; the attribute is of the addresses */
static void test_split(int fd)
{
	uint8_t *p = small_buffer();
	struct svm t;

	svm_init(&t, fd);
	set(&t, p, SIZE, ONLY_2M);
	igt_assert_eq(mprotect(p + VSVM_2M, VSVM_2M, PROT_READ), 0);
	for (unsigned int i = 0; i < BLOCKS; i++)
		svm_expect_error(&t, p + i * VSVM_2M, VSVM_ACCESS_READ, VSVM_ERROR_PAGE_SIZE);
	svm_expect_error(&t, p + VSVM_2M, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	vsvm_vm_sync(fd, t.ctx.vm);
	igt_assert_eq(mprotect(p + VSVM_2M, VSVM_2M, RW), 0);
	for (unsigned int i = 0; i < BLOCKS; i++)
		svm_expect_error(&t, p + i * VSVM_2M, VSVM_ACCESS_WRITE, VSVM_ERROR_PAGE_SIZE);
	/* nor does what the process does with the pages change it */
	igt_assert_eq(madvise(p, SIZE, MADV_DONTNEED), 0);
	svm_expect_error(&t, p, VSVM_ACCESS_WRITE, VSVM_ERROR_PAGE_SIZE);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

enum death { UNMAP, UNMAP_SYNC, FIXED, MOVE };

/* It goes with the memory; what is mapped there later has the defaults */
static void test_dies(int fd, enum death death, bool touched)
{
	uint8_t *p = small_buffer(), *to;
	struct svm t;

	svm_init(&t, fd);
	set(&t, p, SIZE, ONLY_2M);
	if (touched)
		svm_expect_error(&t, p, VSVM_ACCESS_READ, VSVM_ERROR_PAGE_SIZE);
	switch (death) {
	case UNMAP:
	case UNMAP_SYNC:
		vsvm_unmap(p, SIZE);
		if (death == UNMAP_SYNC)
			vsvm_vm_sync(fd, t.ctx.vm);
		svm_map_at(p, SIZE);
		break;
	case FIXED:
		svm_map_at(p, SIZE);
		break;
	case MOVE:
		to = vsvm_reserve(SIZE);
		igt_assert(mremap(p, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
		svm_expect_pages(&t, to, PAGES, 1);
		vsvm_unmap(to, SIZE);
		svm_map_at(p, SIZE);
	}
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	svm_number_pages(p, SIZE / PAGE, 1);
	svm_expect_pages(&t, p, SIZE / PAGE, 1);
	vsvm_vm_sync(fd, t.ctx.vm);
	svm_fill(&t, p, SIZE, 5);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* What is left of the range keeps it, however small the pieces, and however many holes */
static void test_partial(int fd, unsigned int holes)
{
	const unsigned int step = SIZE / PAGE / holes;
	uint8_t *p = small_buffer();
	struct svm t;

	svm_init(&t, fd);
	set(&t, p, SIZE, ONLY_2M);
	for (unsigned int i = 0; i < holes; i++)
		vsvm_unmap(p + (i * step + 1) * PAGE, PAGE);
	for (unsigned int i = 0; i < holes; i++)
		svm_map_at(p + (i * step + 1) * PAGE, PAGE);
	svm_settle(&t);
	/* more at a time than the driver can note, and it may forget less of them */
	for (unsigned int i = 0; holes < 16 && i < holes; i++)
		igt_assert_eq_u64(svm_read(&t, p + (i * step + 1) * PAGE), 0);
	for (unsigned int i = 0; i < holes; i += 1 + holes / 8) {
		svm_expect_error(&t, p + i * step * PAGE, VSVM_ACCESS_READ, VSVM_ERROR_PAGE_SIZE);
		svm_expect_error(&t, p + (i * step + 2) * PAGE, VSVM_ACCESS_READ,
				 VSVM_ERROR_PAGE_SIZE);
	}
	/* where there is nothing for long, nothing is remembered */
	for (unsigned int i = 0; i < holes; i++)
		vsvm_unmap(p + (i * step + 1) * PAGE, PAGE);
	vsvm_vm_sync(fd, t.ctx.vm);
	for (unsigned int i = 0; i < holes; i++)
		svm_map_at(p + (i * step + 1) * PAGE, PAGE);
	for (unsigned int i = 0; i < holes; i++)
		igt_assert_eq_u64(svm_read(&t, p + (i * step + 1) * PAGE), 0);
	svm_expect_error(&t, p, VSVM_ACCESS_READ, VSVM_ERROR_PAGE_SIZE);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

static void test_errors(int fd)
{
	uint8_t *bos = vsvm_reserve(VSVM_2M), *p = svm_buffer(SIZE);
	const uint64_t addr = vsvm_ptr(p), bo = vsvm_ptr(bos), top = 1ull << VSVM_VA_BITS;
	const struct drm_vsvm_attr_op bad[] = {
		{ addr, 0 }, { addr + 1, PAGE }, { addr, 8 }, { top, PAGE }, { addr, ~0ull },
		{ addr, -PAGE }, { bo, PAGE }, { bo - PAGE, 2 * PAGE }, { 0, top },
		{ bo + VSVM_2M - PAGE, 2 * PAGE },
		{ addr, PAGE, .type = 99 }, { addr, PAGE, .type = ~0u },
		{ addr, PAGE, DRM_VSVM_ATTR_LOCATION, 3 },
		{ addr, PAGE, DRM_VSVM_ATTR_GRANULARITY, 11 },
		{ addr, PAGE, DRM_VSVM_ATTR_GRANULARITY, 22 },
		{ addr, PAGE, .value = 3 }, { addr, PAGE, .value = ~0u },
	};
	struct drm_vsvm_attr_op ops[3];
	struct drm_vsvm_vm_attr args;
	uint32_t plain;
	struct svm t;

	svm_init_vm(&t, fd, vsvm_vm_create_range(fd, bos, VSVM_2M));
#define call(error, n) \
	do { \
		args = (struct drm_vsvm_vm_attr){ \
			t.ctx.vm, 0, { vsvm_ptr(ops), 3, sizeof(ops[0]) } \
		}; \
		igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_ATTR, &args), error); \
		igt_assert_eq_u32(args.ops.count, n); \
	} while (0)
	for (unsigned int i = 0; i < 3; i++)
		ops[i] = (struct drm_vsvm_attr_op){ addr + i * VSVM_2M, VSVM_2M, 0, ONLY_2M };
	call(0, 3);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct drm_vsvm_attr_op good = ops[i % 3];

		ops[i % 3] = bad[i];
		call(-EINVAL, i % 3);
		ops[i % 3] = good;
	}
	/* those before it stay done */
	for (unsigned int i = 0; i < 3; i++)
		ops[i].value = ONLY_4K;
	ops[1].addr = bo;
	call(-EINVAL, 1);
	svm_number_pages(p, 2 * PAGES, 1);
	igt_assert_eq_u64(svm_read(&t, p), 1);
	/* a hole at either end, and within */
	ops[1].addr = addr + SIZE - PAGE;
	call(0, 3);
	ops[1].addr = addr + SIZE - PAGE;
	vsvm_unmap(p + SIZE, SVM_GUARD);
	ops[1].size = 2 * PAGE;
	call(-ENOENT, 1);
	vsvm_unmap(p + 2 * VSVM_2M + 5 * PAGE, PAGE);
	ops[1] = (struct drm_vsvm_attr_op){ addr, SIZE, 0, ONLY_4K };
	call(-ENOENT, 1);
	ops[1].addr += 2 * VSVM_2M + 5 * PAGE;
	ops[1].size = PAGE;
	call(-ENOENT, 1);
	ops[1].size = 2 * PAGE;
	call(-ENOENT, 1);
	ops[1].addr += PAGE;
	ops[1].size = PAGE;
	call(-ENOENT, 2);
#undef call
	args = (struct drm_vsvm_vm_attr){ t.ctx.vm, 2, { vsvm_ptr(ops), 1, sizeof(ops[0]) } };
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_ATTR, &args), -EINVAL);
	args.flags = 0;
	args.ops.stride = 16;
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_ATTR, &args), -EINVAL);
	args.ops.stride = sizeof(ops[0]);
	args.ops.ptr = 64;
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_ATTR, &args), -EFAULT);
	args.ops.count = 0;
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_ATTR, &args), 0);
	args.vm_id = ~0u;
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_ATTR, &args), -ENOENT);
	plain = vsvm_vm_create_bo(fd);
	igt_assert_eq(__vsvm_page_size(fd, plain, p, PAGE, AUTO), -EINVAL);
	vsvm_vm_destroy(fd, plain);
	svm_fini(&t);
	vsvm_unmap(p - SVM_GUARD, SIZE + SVM_GUARD);
	vsvm_unmap(bos, VSVM_2M);
}

/* A thousand ranges side by side, in one call, none like its neighbours */
static void test_thousand(int fd)
{
	const unsigned int count = 1000;
	struct drm_vsvm_attr_op *ops = calloc(count, sizeof(*ops));
	uint8_t *p = small_buffer();
	struct drm_vsvm_vm_attr args;
	struct svm t;

	svm_init(&t, fd);
	for (unsigned int i = 0; i < count; i++)
		ops[i] = (struct drm_vsvm_attr_op){ vsvm_ptr(p + i * PAGE), PAGE, 0, i % 3 };
	args = (struct drm_vsvm_vm_attr){ t.ctx.vm, 0, { vsvm_ptr(ops), count, sizeof(*ops) } };
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_ATTR, &args), 0);
	for (unsigned int i = 0; i < count; i += 97) {
		if (i % 3 == ONLY_2M)
			svm_expect_error(&t, p + i * PAGE, VSVM_ACCESS_READ, VSVM_ERROR_PAGE_SIZE);
		else
			igt_assert_eq_u64(svm_read(&t, p + i * PAGE), i + 1);
	}
	svm_read_pages(&t, p, count / 3, 3 * PAGE);
	for (unsigned int i = 0; i < count / 3; i++)
		igt_assert_eq_u64(t.scratch[i], 3 * i + 1);
	/* one stroke through all of them */
	set(&t, p + PAGE, SIZE - PAGE, AUTO);
	svm_expect_pages(&t, p, SIZE / PAGE, 1);
	free(ops);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* One call unmaps more mappings than there are notes, and maps another before anybody looks */
static void test_replaced(int fd)
{
	const unsigned int count = 64;
	uint8_t *p = small_buffer();
	struct svm t;

	svm_init(&t, fd);
	for (unsigned int i = 1; i < count; i += 2)
		igt_assert_eq(mprotect(p + i * PAGE, PAGE, PROT_READ), 0);
	set(&t, p, count * PAGE, ONLY_2M);
	svm_expect_error(&t, p, VSVM_ACCESS_READ, VSVM_ERROR_PAGE_SIZE);
	igt_assert(mmap(p, count * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	svm_number_pages(p, count, 7);
	for (unsigned int i = 0; i < count; i++)
		igt_assert_eq_u64(svm_read(&t, p + i * PAGE), i + 7);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Nobody hears of what is unmapped where nothing is registered any more */
static void test_unregistered(int fd)
{
	uint8_t *p = small_buffer();
	struct svm t;
	uint32_t vm;

	igt_assert_eq(__vsvm_vm_create_policy(fd, DRM_VSVM_INTERVAL_POLICY_REGISTERED, 0, 0, 0,
					      &vm), 0);
	svm_init_vm(&t, fd, vm);
	igt_assert_eq(page_size(&t, p, SIZE, ONLY_2M), -ENOENT);
	igt_assert_eq(__vsvm_register(fd, vm, vsvm_ptr(p), SIZE, 0), 0);
	set(&t, p, SIZE, ONLY_2M);
	svm_expect_error(&t, p, VSVM_ACCESS_READ, VSVM_ERROR_PAGE_SIZE);
	igt_assert_eq(__vsvm_register(fd, vm, vsvm_ptr(p), SIZE, DRM_VSVM_REGISTER_REMOVE), 0);
	svm_map_at(p, SIZE);
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	igt_assert_eq(__vsvm_register(fd, vm, vsvm_ptr(p), SIZE, 0), 0);
	svm_fill(&t, p, SIZE, 5);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Another VM of the process has wishes of its own, and a new one has none */
static void test_other_vm(int fd)
{
	uint8_t *p = small_buffer();
	struct svm t, u;

	svm_init(&t, fd);
	svm_init(&u, fd);
	set(&t, p, SIZE, ONLY_2M);
	svm_expect_pages(&u, p, PAGES, 1);
	svm_expect_error(&t, p, VSVM_ACCESS_READ, VSVM_ERROR_PAGE_SIZE);
	svm_fini(&t);
	svm_init(&t, fd);
	svm_expect_pages(&t, p, PAGES, 1);
	svm_fini(&u);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

int igt_main()
{
	static const char * const deaths[] = { "munmap", "munmap-sync", "map-fixed", "mremap" };
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	igt_describe("By default 2M pages of the CPU are 2M pages of the GPU");
	igt_subtest("auto")
		test_auto(fd);
	for (int i = 0; i < 2; i++) {
		igt_describe("Memory of 2M pages that is to have 2M leaves has them at once");
		igt_subtest_f("2m-%s", i ? "write" : "read")
			test_2m(fd, i);
	}
	igt_describe("Memory of hugetlbfs is mapped by leaves of the size that was asked for");
	igt_subtest("hugetlb")
		test_hugetlb(fd);
	igt_describe("Memory of 4K pages that is to have 2M leaves is refused, and not mapped");
	igt_subtest("2m-small")
		test_2m_small(fd);
	igt_describe("No 2M leaf reaches beyond the range that is to have them");
	igt_subtest("2m-unaligned")
		test_2m_unaligned(fd);
	igt_describe("Memory of 2M pages that is to have 4K leaves has no others");
	igt_subtest("4k")
		test_4k(fd);
	igt_describe("Another page size is in effect with the next access, and no write is lost");
	igt_subtest("change")
		test_change(fd);
	igt_describe("A page size of a part of a 2M page splits the leaf, and can be taken back");
	igt_subtest("within-block")
		test_within_block(fd);
	igt_describe("Mappings that split and merge keep the page size of their memory");
	igt_subtest("split")
		test_split(fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(deaths); i++)
		for (int j = 0; j < 2; j++) {
			igt_describe_f("No page size is inherited after %s", deaths[i]);
			igt_subtest_f("dies-%s%s", deaths[i], j ? "-touched" : "")
				test_dies(fd, i, j);
		}
	for (unsigned int i = 1; i <= 64; i *= 8) {
		igt_describe("What holes leave keeps its page size, what fills them has none");
		igt_subtest_f("partial-%u", i)
			test_partial(fd, i);
	}
	igt_describe("Bad ranges, and memory that is not there, are refused with their index");
	igt_subtest("errors")
		test_errors(fd);
	igt_describe("A thousand ranges of different page sizes are told apart to the page");
	igt_subtest("thousand")
		test_thousand(fd);
	igt_describe("Page sizes do not outlive many mappings that another replaces in one call");
	igt_subtest("replaced")
		test_replaced(fd);
	igt_describe("A page size does not outlive the registration of its memory");
	igt_subtest("unregistered")
		test_unregistered(fd);
	igt_describe("A page size is that of one VM");
	igt_subtest("other-vm")
		test_other_vm(fd);

	igt_fixture()
		close(fd);
}
