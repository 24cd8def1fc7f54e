/* SPDX-License-Identifier: MIT */
/*
 * What the tests of access counters have in common, beyond vsvm_vram.h.
 *
 * What a test itself needs on the GPU, it wants in system memory, or that would move too. A notice
 * is served a moment after the accesses: counter_settle() waits until each that was raised has
 * been.
 */
#ifndef VSVM_COUNTER_H
#define VSVM_COUNTER_H

#include "vsvm_vram.h"

/* 64K, what is counted together */
#define REGION_PAGES	16u
#define REGION		(REGION_PAGES * PAGE)
/* Accesses that bring a region to VRAM; more than svm_init() makes to any */
#define THRESHOLD	512u
/* Answers of the TLB that are counted together: an entry may keep fewer to itself */
#define SAMPLE		16u

/* Records that the engines had raised, and notices that had been served, when the VM was made */
static uint64_t records_before;

static inline uint64_t counter_records(int fd)
{
	struct drm_vsvm_engine_info info;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < vsvm_num_engines(fd); i++) {
		vsvm_engine_info(fd, i, &info);
		sum += info.counter_records;
	}
	return sum;
}

/* Each notice that was raised has been served, unless so many at once are raised that some drop */
static inline struct drm_vsvm_vm_stats counter_settle_since(struct svm *t, uint64_t before)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	struct drm_vsvm_attr_op op = {
		.addr = vsvm_ptr(t->range + PAGE), .size = PAGE, .type = DRM_VSVM_ATTR_LOCATION,
	};
	struct drm_vsvm_vm_attr query = {
		.vm_id = t->ctx.vm,
		.flags = DRM_VSVM_ATTR_QUERY,
		.ops = { vsvm_ptr(&op), 1, sizeof(op) },
	};

	while (svm_stats(t).counter_notices < counter_records(t->ctx.fd) - before) {
		igt_assert_f(vsvm_now() < deadline, "%llu of %llu notices were served\n",
			     (long long)svm_stats(t).counter_notices,
			     (long long)(counter_records(t->ctx.fd) - before));
		usleep(1000);
	}
	/* it is counted first and served then, under a lock that this takes too */
	igt_assert_eq(vsvm_ioctl(t->ctx.fd, DRM_IOCTL_VSVM_VM_ATTR, &query), 0);
	return svm_stats(t);
}

static inline struct drm_vsvm_vm_stats counter_settle(struct svm *t)
{
	return counter_settle_since(t, records_before);
}

static inline void counter_stay(struct svm *t, void *p, size_t size)
{
	igt_assert_eq(__vsvm_attr(t->ctx.fd, t->ctx.vm, p, size, DRM_VSVM_ATTR_LOCATION,
				  DRM_VSVM_LOCATION_SYSTEM), 0);
}

static inline void counter_begin_with(struct svm *t, int fd, struct drm_vsvm_vm_create args)
{
	records_before = counter_records(fd);
	args.flags = DRM_VSVM_VM_SVM;
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_CREATE, &args), 0);
	svm_init_vm(t, fd, args.vm_id);
	counter_stay(t, t->range + PAGE, SVM_STREAM + SVM_SCRATCH);
	counter_stay(t, t->ctx.fence, PAGE);
	svm_settle(t);
	igt_assert_eq_u64(counter_settle(t).counter_pages, 0);
}

static inline void counter_begin(struct svm *t, int fd)
{
	counter_begin_with(t, fd, (struct drm_vsvm_vm_create){ .counter_threshold = THRESHOLD });
}

/* Numbered pages of 4K of the CPU's, in some regions, with no wish */
static inline uint8_t *counter_buffer(unsigned int pages)
{
	uint8_t *p = svm_buffer(pages * PAGE);

	igt_assert_eq(madvise(p, pages * PAGE, MADV_NOHUGEPAGE), 0);
	svm_number_pages(p, pages, 100);
	return p;
}

/*
 * The GPU reads the first word of a page so many times. That is as many translations, of which a
 * TLB entry may keep up to SAMPLE - 1 to itself.
 */
static inline void counter_use(struct svm *t, const void *p, unsigned int times)
{
	const unsigned int most = 1000;

	for (unsigned int n; times; times -= n) {
		n = times < most ? times : most;
		svm_stream(t);
		for (unsigned int i = 0; i < n; i++)
			vsvm_emit_copy(&t->s, vsvm_ptr(&t->scratch[0]), vsvm_ptr(p), 8);
		vsvm_run(&t->ctx, &t->s);
	}
}

/* As often as it takes, and a little more */
static inline void counter_use_much(struct svm *t, const void *p)
{
	counter_use(t, p, THRESHOLD + 2 * SAMPLE);
}

#endif /* VSVM_COUNTER_H */
