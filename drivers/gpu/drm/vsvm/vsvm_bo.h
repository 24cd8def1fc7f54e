/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_BO_H_
#define _VSVM_BO_H_

#include <linux/types.h>

#include <drm/drm_gem_shmem_helper.h>

struct drm_device;
struct drm_file;
struct drm_gem_object;
struct mem_cgroup;
struct sg_table;
struct vsvm_bo_block;
struct vsvm_phyr;

/**
 * struct vsvm_bo - a BO
 */
struct vsvm_bo {
	/** @shmem: base; the helpers free it, so it comes first */
	struct drm_gem_shmem_object shmem;
	/** @phyr: its pages, as long as it is pinned by us */
	struct vsvm_phyr *phyr;
	/** @sgt: of an imported buffer, the exporter's table of them, as long */
	struct sg_table *sgt;
	/** @pins: how often that is */
	unsigned int pins;
	/** @blocks: where it is, if it was made with %DRM_VSVM_BO_VRAM; else NULL */
	struct vsvm_bo_block *blocks;
	/** @memcg: with @blocks, who pays for what of it is in system memory; may be NULL */
	struct mem_cgroup *memcg;
	/** @settled: with @blocks, it stays in system memory */
	bool settled;
	/** @vram_bytes: with @blocks, what of it is in VRAM; read without a lock */
	u64 vram_bytes;
};

static_assert(!offsetof(struct vsvm_bo, shmem.base));

static inline struct vsvm_bo *to_vsvm_bo(struct drm_gem_object *obj)
{
	return container_of(obj, struct vsvm_bo, shmem.base);
}

/** vsvm_bo_can_move() - is it one that is pinned by nobody, and mapped by faults? */
static inline bool vsvm_bo_can_move(struct drm_gem_object *obj)
{
	return to_vsvm_bo(obj)->blocks;
}

struct drm_gem_object *vsvm_bo_create_object(struct drm_device *drm, size_t size);
int vsvm_bo_pin(struct drm_gem_object *obj);
void vsvm_bo_unpin(struct drm_gem_object *obj);
const struct vsvm_phyr *vsvm_bo_phyr(struct drm_gem_object *obj);

int vsvm_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file);
int vsvm_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file);

#endif
