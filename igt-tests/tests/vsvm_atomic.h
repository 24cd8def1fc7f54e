/* SPDX-License-Identifier: MIT */
/*
 * Atomics on memory of a mode, by the GPU and by CPUs, and what the driver has done for them.
 */
#ifndef VSVM_ATOMIC_H
#define VSVM_ATOMIC_H

#include "vsvm_mm.h"
#include "vsvm_svm.h"

#define DIRECT		DRM_VSVM_ATOMIC_DIRECT
#define EXCLUSIVE	DRM_VSVM_ATOMIC_EXCLUSIVE
#define MIGRATE		DRM_VSVM_ATOMIC_MIGRATE

static inline void atomic_set_mode(struct svm *t, const void *p, size_t size, uint32_t mode)
{
	igt_assert_eq(__vsvm_attr(t->ctx.fd, t->ctx.vm, p, size, DRM_VSVM_ATTR_ATOMIC, mode), 0);
}

/* Small pages of the process, of a mode, that begin as zeros */
static inline uint32_t *atomic_buffer(struct svm *t, size_t size, uint32_t mode)
{
	uint32_t *p = svm_buffer(size);

	igt_assert_eq(madvise(p, size, MADV_NOHUGEPAGE), 0);
	atomic_set_mode(t, p, size, mode);
	return p;
}

static inline void emit_add(struct svm *t, uint32_t *p, uint32_t value)
{
	vsvm_emit_atomic(svm_stream(t), VSVM_ATOMIC_ADD, 4, vsvm_ptr(p), value, 0, 0);
}

static inline void gpu_add(struct svm *t, uint32_t *p, uint32_t value)
{
	emit_add(t, p, value);
	vsvm_run(&t->ctx, &t->s);
}

static inline uint64_t gpu_add_start(struct svm *t, uint32_t *p, uint32_t value)
{
	emit_add(t, p, value);
	return vsvm_submit(&t->ctx, &t->s);
}

static inline uint32_t cpu_add(uint32_t *p, uint32_t value)
{
	return __atomic_add_fetch(p, value, __ATOMIC_SEQ_CST);
}

/* Does the CPU have a page at an address? An exclusive one it has not, nor one in VRAM */
static inline bool is_present(const void *p)
{
	return vsvm_pagemap(p) & VSVM_PM_PRESENT;
}

/* What the driver has done for atomics since @before */
static inline void atomic_expect(struct svm *t, const struct drm_vsvm_vm_stats *before,
				 uint64_t exclusive, uint64_t moved)
{
	struct drm_vsvm_vm_stats now = svm_stats(t);

	igt_assert_eq_u64(now.pages_exclusive - before->pages_exclusive, exclusive);
	igt_assert_eq_u64(now.atomics_moved - before->atomics_moved, moved);
}

#endif
