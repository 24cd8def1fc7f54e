/* SPDX-License-Identifier: MIT */
/*
 * What the tests of memory in VRAM have in common, beyond vsvm_svm.h and vsvm_mm.h.
 *
 * Where memory is, is told by counters of the VM: nothing but the kernel sees a page in VRAM.
 */
#ifndef VSVM_VRAM_TEST_H
#define VSVM_VRAM_TEST_H

#include "vsvm_busy.h"
#include "vsvm_mm.h"

/* Pages of a block of 2M */
#define BLOCK_PAGES	(VSVM_2M / PAGE)

/** vram_require() - skip where no memory of a process can be in VRAM */
static inline uint64_t vram_require(int fd)
{
	struct drm_vsvm_dev_info info;

	vsvm_dev_info(fd, &info);
	igt_require_f(info.vram_size, "no VRAM\n");
	return info.vram_size;
}

/** vram_prefer() - a range is to be in VRAM when the GPU faults in it */
static inline void vram_prefer(struct svm *t, const void *p, uint64_t size)
{
	igt_assert_eq(__vsvm_attr(t->ctx.fd, t->ctx.vm, p, size, DRM_VSVM_ATTR_LOCATION,
				  DRM_VSVM_LOCATION_VRAM), 0);
}

/** vram_buffer() - svm_buffer() without large pages, wanted in VRAM; @pages may be 0 */
static inline uint8_t *vram_buffer(struct svm *t, unsigned int pages)
{
	uint8_t *p = svm_buffer(pages * PAGE);

	igt_assert_eq(madvise(p, pages * PAGE, MADV_NOHUGEPAGE), 0);
	vram_prefer(t, p, pages * PAGE);
	return p;
}

/** vram_huge() - pages of 2M each, touched by the CPU, wanted in VRAM; skips without any */
static inline uint8_t *vram_huge(struct svm *t, unsigned int blocks)
{
	uint8_t *p = svm_buffer(blocks * VSVM_2M);

	igt_require(madvise(p, blocks * VSVM_2M, MADV_HUGEPAGE) == 0);
	for (unsigned int i = 0; i < blocks; i++)
		p[i * VSVM_2M] = 0;
	igt_require_f(vsvm_huge_kib(p) == blocks * VSVM_2M / 1024, "no 2M pages\n");
	vram_prefer(t, p, blocks * VSVM_2M);
	return p;
}

/** vram_prefetch() - to VRAM, for writing */
static inline void vram_prefetch(struct svm *t, const void *p, uint64_t size)
{
	igt_assert_eq(__vsvm_prefetch(t->ctx.fd, t->ctx.vm, p, size, DRM_VSVM_PREFETCH_WRITE |
				      DRM_VSVM_PREFETCH_TO_VRAM, NULL), 0);
}

/** vram_fetch_back() - to system memory */
static inline void vram_fetch_back(struct svm *t, const void *p, uint64_t size)
{
	igt_assert_eq(__vsvm_prefetch(t->ctx.fd, t->ctx.vm, p, size,
				      DRM_VSVM_PREFETCH_TO_SYSTEM, NULL), 0);
}

/** vram_expect_pages() - so many pages of the VM are in VRAM */
#define vram_expect_pages(t, count) \
	do { \
		struct drm_vsvm_vm_stats __stats = svm_stats(t); \
		uint64_t __count = (count); \
		igt_assert_f(__stats.vram_pages == __count, \
			     "%llu pages in VRAM, not %llu; kept: %llu, %llu busy, %llu full\n", \
			     (long long)__stats.vram_pages, (long long)__count, \
			     (long long)__stats.kept_kind, (long long)__stats.kept_busy, \
			     (long long)__stats.kept_full); \
	} while (0)

/** vram_check() - the CPU finds first + i in the first word of page i */
static inline void vram_check(const void *p, unsigned int pages, uint64_t first)
{
	for (unsigned int i = 0; i < pages; i++)
		igt_assert_eq_u64(*(const uint64_t *)((const uint8_t *)p + i * PAGE), first + i);
}

/** vram_number_gpu() - the GPU writes first + i into the first word of page i */
static inline void vram_number_gpu(struct svm *t, void *p, unsigned int pages, uint64_t first)
{
	svm_stream(t);
	for (unsigned int i = 0; i < pages; i++)
		vsvm_emit_fill(&t->s, vsvm_ptr(p) + i * PAGE, 8, first + i, 8);
	vsvm_run(&t->ctx, &t->s);
}

/* Memory of which every byte is known (vsvm_busy.h), in VRAM */

/** vram_begin() - a buffer, of 2M pages or of 4K, all of it in VRAM */
static inline uint8_t *vram_begin(struct svm *t, struct known *k, size_t size, bool huge)
{
	uint8_t *p = huge ? vram_huge(t, size / VSVM_2M) : vram_buffer(t, size / PAGE);

	known_init(k, p, size);
	known_write(k, t);
	vram_expect_pages(t, size / PAGE);
	return p;
}

/** vram_end() - give all of it up */
static inline void vram_end(struct svm *t, struct known *k)
{
	svm_buffer_free(k->p, k->size);
	/* and the VRAM is free again */
	vram_expect_pages(t, 0);
	svm_fini(t);
	known_fini(k);
}

/** vram_expect_gpu() - the GPU sees at @p what is known of a part */
static inline void vram_expect_gpu(const struct known *k, struct svm *t, const void *p,
				   size_t offset, size_t size)
{
	memset(k->got, 0xee, size);
	svm_copy(t, k->got, p, size);
	for (size_t i = 0; i < size; i += PAGE)
		igt_assert_f(!memcmp(k->got + i, k->want + offset + i, PAGE),
			     "GPU: page %zu is wrong\n", (offset + i) / (size_t)PAGE);
}

/** vram_expect_cpu() - the CPU does */
static inline void vram_expect_cpu(const struct known *k, const void *p, size_t offset,
				   size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		igt_assert_f(!memcmp((const uint8_t *)p + i, k->want + offset + i, PAGE),
			     "CPU: page %zu is wrong\n", (offset + i) / (size_t)PAGE);
}

/** vram_expect() - first the GPU, where the memory is, then the CPU */
static inline void vram_expect(const struct known *k, struct svm *t, const void *p, size_t offset,
			       size_t size)
{
	vram_expect_gpu(k, t, p, offset, size);
	vram_expect_cpu(k, p, offset, size);
}

/** vram_expect_zeros() - the GPU and then the CPU see zeros */
static inline void vram_expect_zeros(const struct known *k, struct svm *t, const void *p,
				     size_t size)
{
	memset(k->got, 0xee, size);
	svm_copy(t, k->got, p, size);
	for (size_t i = 0; i < size; i++)
		igt_assert_f(!k->got[i] && !((const uint8_t *)p)[i],
			     "byte %zu is not zero: GPU %#x, CPU %#x\n", i, k->got[i],
			     ((const uint8_t *)p)[i]);
}

/** vram_touch() - the CPU reads a byte */
static inline void vram_touch(const void *p)
{
	(void)READ_ONCE(*(const uint8_t *)p);
}

#endif /* VSVM_VRAM_TEST_H */
