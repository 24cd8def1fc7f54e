/* SPDX-License-Identifier: MIT */
/*
 * What the tests of memory in VRAM have in common, beyond vsvm_svm.h and vsvm_mm.h.
 *
 * Where memory is, is told by counters of the VM: nothing but the kernel sees a page in VRAM.
 */
#ifndef VSVM_VRAM_TEST_H
#define VSVM_VRAM_TEST_H

#include "vsvm_mm.h"
#include "vsvm_svm.h"

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

/** vram_huge() - pages of 2M each, by the CPU's first touch, wanted in VRAM; skips without any */
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
#define vram_expect_pages(t, count) igt_assert_eq_u64(svm_stats(t).vram_pages, count)

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

#endif /* VSVM_VRAM_TEST_H */
