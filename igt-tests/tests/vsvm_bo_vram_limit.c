// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm bo vram limit
 * Description: BOs and memory of a VM that may have so much VRAM
 *
 * Loads the module with little VRAM; at the end it is loaded as it was.
 */
#include "vsvm_bo_vram.h"

IGT_TEST_DESCRIPTION("BOs and memory of a VM that may have so much VRAM");

/* A VM, with a range for BOs, that may have so much VRAM */
static uint8_t *begin_limited(struct svm *t, int fd, uint64_t size, uint64_t limit)
{
	uint8_t *range = vsvm_reserve(size);
	struct drm_vsvm_vm_create args = {
		.flags = DRM_VSVM_VM_SVM,
		.bo_start = vsvm_ptr(range),
		.bo_size = size,
		.vram_limit = limit,
		.counter_threshold = DRM_VSVM_COUNTER_OFF,
	};

	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_CREATE, &args), 0);
	svm_init_vm(t, fd, args.vm_id);
	return range;
}

/* What a VM has in VRAM, and what of it had to make room: blocks of BOs, and pages of memory */
static void expect_counts(struct svm *t, uint64_t blocks, uint64_t blocks_evicted, uint64_t pages,
			  uint64_t pages_evicted)
{
	struct drm_vsvm_vm_stats stats = svm_stats(t);

	igt_assert_eq_u64(stats.bo_blocks, blocks);
	igt_assert_eq_u64(stats.bo_blocks_evicted, blocks_evicted);
	igt_assert_eq_u64(stats.vram_pages, pages);
	igt_assert_eq_u64(stats.pages_evicted, pages_evicted);
	/* a chunk each, and each is one or the other's; what is idle has been had before */
	igt_assert_lte_u64((blocks + pages / BLOCK_PAGES) * VSVM_2M,
			   stats.vram_bytes);
}

/* BOs and memory of a VM are together no more than its limit, and make room for each other alone */
static void test_limit(void)
{
	const uint64_t limit = 2 * VSVM_2M;
	int fd = bo_module(MIB);
	struct known k, l;
	struct svm t, u;
	struct bo bo;
	uint8_t *at;

	svm_init(&u, fd);
	vram_begin(&u, &l, VSVM_2M, false);
	at = begin_limited(&t, fd, 4 * VSVM_2M, limit);
	bo_init(&bo, &t, at, 4 * VSVM_2M);
	/* of four blocks the last two stay */
	known_write(&bo.k, &t);
	expect_counts(&t, 2, 2, 0, 0);
	igt_assert_lte_u64(svm_stats(&t).vram_bytes, limit);
	/* memory has the older one's place, and then a BO the memory's */
	known_init(&k, vram_buffer(&t, BLOCK_PAGES), VSVM_2M);
	known_write(&k, &t);
	expect_counts(&t, 1, 3, BLOCK_PAGES, 0);
	igt_assert_lte_u64(svm_stats(&t).vram_bytes, limit);
	known_write_part(&bo.k, &t, 0, PAGE);
	known_write_part(&bo.k, &t, VSVM_2M, PAGE);
	expect_counts(&t, 2, 4, 0, BLOCK_PAGES);
	igt_assert_lte_u64(svm_stats(&t).vram_bytes, limit);
	bo_expect(&bo, &t);
	known_expect(&k, &t);
	/* there was room for all of it, but the other's is where it was */
	expect_counts(&u, 0, 0, BLOCK_PAGES, 0);
	svm_buffer_free(k.p, k.size);
	known_fini(&k);
	bo_fini(&bo, &t);
	igt_assert_eq_u64(svm_stats(&t).bo_blocks, 0);
	svm_fini(&t);
	vsvm_unmap(at, 4 * VSVM_2M);
	known_expect(&l, &u);
	vram_end(&u, &l);
}

/* Less than a chunk is nothing: the GPU has the BO in system memory */
static void test_limit_small(void)
{
	int fd = bo_module(MIB);
	struct svm t;
	struct bo bo;
	uint8_t *at;

	at = begin_limited(&t, fd, 2 * VSVM_2M, PAGE);
	bo_init(&bo, &t, at, 2 * VSVM_2M);
	known_write(&bo.k, &t);
	bo_expect(&bo, &t);
	expect_vram(fd, 0);
	expect_counts(&t, 0, 0, 0, 0);
	bo_fini(&bo, &t);
	svm_fini(&t);
	vsvm_unmap(at, 2 * VSVM_2M);
}

/* A block counts for who has brought it to VRAM, until it has left, also by a VM that is gone */
static void test_whose(void)
{
	int fd = bo_module(MIB);
	uint8_t *at, *at2, *at3;
	struct bo bo, other;
	struct svm t, u, v;

	at = begin_limited(&t, fd, VSVM_2M, VSVM_2M);
	at2 = begin_limited(&u, fd, VSVM_2M, VSVM_2M);
	at3 = bo_vm(&v, fd, VRAM);
	bo_init(&bo, &t, at, VSVM_2M);
	known_write(&bo.k, &t);
	expect_counts(&t, 1, 0, 0, 0);
	/* the other has it mapped, for nothing, and has its limit still */
	vsvm_bind(fd, u.ctx.vm, bo.handle, 0, vsvm_ptr(at2), VSVM_2M, 0);
	igt_assert_eq_u64(svm_read(&u, at2), *(uint64_t *)bo.k.want);
	expect_counts(&u, 0, 0, 0, 0);
	/* the first one goes, and the block stays */
	vsvm_unbind(fd, t.ctx.vm, vsvm_ptr(at), VSVM_2M);
	svm_fini(&t);
	vsvm_unmap(at, VSVM_2M);
	bo.k.p = at2;
	known_expect_gpu(&bo.k, &u);
	expect_vram(fd, VSVM_2M);
	/* it makes room for others as ever, and comes back as the other's */
	bo_init(&other, &v, at3, VRAM);
	known_write(&other.k, &v);
	expect_counts(&v, CHUNKS, 0, 0, 0);
	known_expect_gpu(&bo.k, &u);
	expect_counts(&u, 1, 0, 0, 0);
	expect_counts(&v, CHUNKS - 1, 1, 0, 0);
	bo_expect_map(&bo);
	bo_expect(&other, &v);
	bo_fini(&other, &v);
	bo_fini(&bo, &u);
	expect_vram(fd, 0);
	svm_fini(&u);
	svm_fini(&v);
	vsvm_unmap(at2, VSVM_2M);
	vsvm_unmap(at3, VRAM);
}

int igt_main()
{
	igt_fixture() {
		vsvm_module_save();
	}

	igt_describe("A VM takes more VRAM than it was allowed by BOs, or that of others");
	igt_subtest("limit")
		test_limit();
	igt_describe("A VM that may have next to no VRAM has BOs there, or none at all");
	igt_subtest("limit-small")
		test_limit_small();
	igt_describe("A BO counts for a VM that has not brought it to VRAM");
	igt_subtest("whose")
		test_whose();

	igt_fixture() {
		vsvm_module_end();
	}
}
