// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: BOs
 *
 * GEM objects of shmem. The GPU sees one where it is bound (vsvm_bind.c), and its pages are pinned
 * as long as it is. With the first pin a list of them is made (vsvm_phyr.c), and with the last one
 * it goes: so what a binding needs to know of a BO is there before it begins, in eight bytes a
 * chunk, and no binding can fail for want of it.
 *
 * One that prefers VRAM is another matter: it has no place that could be known, and is mapped by
 * faults (vsvm_bo_place.c). To pin it by what is here does nothing.
 *
 * An imported dma-buf can be bound if its memory is RAM: the virtual GPU has no IOMMU and reaches
 * memory through the kernel's mapping, so a DMA address is a physical address to it. For the same
 * reason a BO's own pages are not mapped for DMA. The exporter's sg_table is asked for with the
 * first pin and given back with the last one.
 *
 * Locking: the object's dma_resv, as the shmem helpers want it; it covers pins and list.
 */

#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/vsvm_phyr.h>

#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_print.h>
#include <drm/vsvm_drm.h>

#include "vsvm_bo.h"
#include "vsvm_bo_place.h"
#include "vsvm_vram.h"

/**
 * vsvm_bo_create_object() - &drm_driver.gem_create_object
 * @drm: device
 * @size: bytes
 *
 * Return: the object, or ERR_PTR(-ENOMEM).
 */
struct drm_gem_object *vsvm_bo_create_object(struct drm_device *drm, size_t size)
{
	struct vsvm_bo *bo = kzalloc_obj(*bo);

	if (!bo)
		return ERR_PTR(-ENOMEM);
	/* The GPU is a CPU: its caches are the CPU's. */
	bo->shmem.map_wc = false;
	return &bo->shmem.base;
}

/* Can the GPU reach all of an imported buffer? */
static int check_import(const struct vsvm_phyr *list, u64 size)
{
	struct vsvm_phyr_iter it;
	u64 at;

	/* It may be shorter than it says. */
	if (vsvm_phyr_size(list) < size)
		return -EINVAL;
	vsvm_phyr_for_each(&it, list)
		for (at = 0; at < it.size; at += PAGE_SIZE)
			if (!pfn_valid(PHYS_PFN(it.addr + at)))
				return -EOPNOTSUPP;
	return 0;
}

static void unmap_import(struct vsvm_bo *bo)
{
	dma_buf_unmap_attachment(bo->shmem.base.import_attach, bo->sgt, DMA_BIDIRECTIONAL);
	bo->sgt = NULL;
}

/* The exporter keeps the pages where they are as long as they are mapped for us. */
static struct vsvm_phyr *import_phyr(struct vsvm_bo *bo)
{
	struct vsvm_phyr *list;
	struct sg_table *sgt;
	int ret;

	sgt = dma_buf_map_attachment(bo->shmem.base.import_attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt))
		return ERR_CAST(sgt);
	bo->sgt = sgt;

	list = vsvm_phyr_from_sgt_dma(sgt, GFP_KERNEL_ACCOUNT);
	ret = IS_ERR(list) ? PTR_ERR(list) : check_import(list, bo->shmem.base.size);
	if (!ret)
		return list;

	if (!IS_ERR(list))
		vsvm_phyr_put(list);
	unmap_import(bo);
	return ERR_PTR(ret);
}

static struct vsvm_phyr *shmem_phyr(struct vsvm_bo *bo)
{
	struct vsvm_phyr *list;
	int ret;

	ret = drm_gem_shmem_pin_locked(&bo->shmem);
	if (ret)
		return ERR_PTR(ret);
	list = vsvm_phyr_from_pages(bo->shmem.pages, bo->shmem.base.size >> PAGE_SHIFT,
				    GFP_KERNEL_ACCOUNT);
	if (IS_ERR(list))
		drm_gem_shmem_unpin_locked(&bo->shmem);
	return list;
}

/**
 * vsvm_bo_pin() - keep the pages of a BO where they are
 * @obj: BO; its dma_resv is held
 *
 * One that prefers VRAM is not pinned, and stays that way.
 *
 * What the GPU writes to them is told to shmem by the page table (vsvm_pt_zap()), as for all pages.
 *
 * Return: 0, if it is pinned already in any case; -ENOMEM; for an imported buffer also -EOPNOTSUPP
 * if it is not RAM, -EINVAL if it is shorter than it says or has parts of pages, or what its
 * exporter says.
 */
int vsvm_bo_pin(struct drm_gem_object *obj)
{
	struct vsvm_bo *bo = to_vsvm_bo(obj);
	struct vsvm_phyr *list;

	dma_resv_assert_held(obj->resv);

	if (vsvm_bo_can_move(obj))
		return 0;
	if (!bo->pins) {
		list = drm_gem_is_imported(obj) ? import_phyr(bo) : shmem_phyr(bo);
		if (IS_ERR(list))
			return PTR_ERR(list);
		bo->phyr = list;
	}
	bo->pins++;
	return 0;
}

/**
 * vsvm_bo_unpin() - undo one vsvm_bo_pin()
 * @obj: BO; its dma_resv is held
 */
void vsvm_bo_unpin(struct drm_gem_object *obj)
{
	struct vsvm_bo *bo = to_vsvm_bo(obj);

	dma_resv_assert_held(obj->resv);

	if (vsvm_bo_can_move(obj) || --bo->pins)
		return;
	vsvm_phyr_put(bo->phyr);
	bo->phyr = NULL;
	if (drm_gem_is_imported(obj))
		unmap_import(bo);
	else
		drm_gem_shmem_unpin_locked(&bo->shmem);
}

/**
 * vsvm_bo_phyr() - the pages of a BO
 * @obj: BO, pinned by the caller
 *
 * Return: a list of all of it, good until the caller's unpin.
 */
const struct vsvm_phyr *vsvm_bo_phyr(struct drm_gem_object *obj)
{
	return to_vsvm_bo(obj)->phyr;
}

/* One that prefers VRAM, in which nothing is yet. */
static struct drm_gem_shmem_object *create_movable(struct drm_device *drm, u64 size)
{
	u64 count = DIV_ROUND_UP(size, VSVM_HW_VRAM_BLOCK);
	struct vsvm_bo *bo = kzalloc_obj(*bo);
	int ret = -ENOMEM;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->blocks = kvcalloc(count, sizeof(*bo->blocks), GFP_KERNEL_ACCOUNT);
	if (!bo->blocks)
		goto free_bo;
	bo->shmem.base.funcs = &vsvm_bo_vram_funcs;
	ret = drm_gem_shmem_init(drm, &bo->shmem, size);
	if (ret)
		goto free_blocks;
	bo->memcg = get_mem_cgroup_from_mm(current->mm);
	/* Its pages are never without somebody who has a reference. */
	mapping_set_unevictable(bo->shmem.base.filp->f_mapping);
	return &bo->shmem;

free_blocks:
	kvfree(bo->blocks);
free_bo:
	kfree(bo);
	return ERR_PTR(ret);
}

int vsvm_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vsvm_bo_create *args = data;
	struct drm_gem_shmem_object *shmem;
	u64 size = PAGE_ALIGN(args->size);
	int ret;

	/*
	 * A BO is used as a whole, pinned. What RAM cannot hold would only take page tables and
	 * the offsets for mmap() from all others.
	 */
	if (args->flags & ~DRM_VSVM_BO_VRAM || !size || size > (u64)totalram_pages() << PAGE_SHIFT)
		return -EINVAL;

	shmem = args->flags & DRM_VSVM_BO_VRAM ? create_movable(drm, size) :
						 drm_gem_shmem_create(drm, size);
	if (IS_ERR(shmem))
		return PTR_ERR(shmem);

	ret = drm_gem_handle_create(file, &shmem->base, &args->handle);
	args->size = size;
	drm_gem_object_put(&shmem->base);
	return ret;
}

int vsvm_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vsvm_bo_mmap_offset *args = data;

	if (args->pad)
		return -EINVAL;
	return drm_gem_dumb_map_offset(file, drm, args->handle, &args->offset);
}
