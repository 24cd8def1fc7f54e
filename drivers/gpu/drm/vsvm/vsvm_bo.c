// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: BOs
 *
 * GEM objects of shmem. The GPU sees one where it is bound (vsvm_bind.c), and its pages are pinned
 * as long as it is.
 *
 * An imported dma-buf can be bound if its memory is RAM: the virtual GPU has no IOMMU and reaches
 * memory through the kernel's mapping, so a DMA address is a physical address to it.
 *
 * Locking: the object's dma_resv, as the shmem helpers want it.
 */

#include <linux/dma-resv.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_print.h>
#include <drm/vsvm_drm.h>

#include "vsvm_bo.h"
#include "vsvm_pt.h"

/**
 * vsvm_bo_create_object() - &drm_driver.gem_create_object
 * @drm: device
 * @size: bytes
 *
 * Return: the object, or ERR_PTR(-ENOMEM).
 */
struct drm_gem_object *vsvm_bo_create_object(struct drm_device *drm, size_t size)
{
	struct drm_gem_shmem_object *shmem = kzalloc_obj(*shmem);

	if (!shmem)
		return ERR_PTR(-ENOMEM);
	/* The GPU is a CPU: its caches are the CPU's. */
	shmem->map_wc = false;
	return &shmem->base;
}

/**
 * vsvm_bo_check() - can the GPU reach all of a BO?
 * @obj: BO
 *
 * Return: 0, or -EOPNOTSUPP for an imported buffer that is not RAM.
 */
int vsvm_bo_check(struct drm_gem_object *obj)
{
	struct sg_dma_page_iter iter;

	if (!drm_gem_is_imported(obj))
		return 0;
	for_each_sgtable_dma_page(to_drm_gem_shmem_obj(obj)->sgt, &iter, 0)
		if (!pfn_valid(PHYS_PFN(sg_page_iter_dma_address(&iter))))
			return -EOPNOTSUPP;
	return 0;
}

/**
 * vsvm_bo_pin() - keep the pages of a BO where they are
 * @obj: BO; its dma_resv is held
 *
 * What the GPU writes to them is told to shmem by the page table (vsvm_pt_zap()), as for all pages.
 *
 * Return: 0 or -ENOMEM.
 */
int vsvm_bo_pin(struct drm_gem_object *obj)
{
	dma_resv_assert_held(obj->resv);
	return drm_gem_is_imported(obj) ? 0 : drm_gem_shmem_pin_locked(to_drm_gem_shmem_obj(obj));
}

/**
 * vsvm_bo_unpin() - undo one vsvm_bo_pin()
 * @obj: BO; its dma_resv is held
 */
void vsvm_bo_unpin(struct drm_gem_object *obj)
{
	dma_resv_assert_held(obj->resv);
	if (!drm_gem_is_imported(obj))
		drm_gem_shmem_unpin_locked(to_drm_gem_shmem_obj(obj));
}

static int imported_leaves(struct sg_table *sgt, u64 offset, bool write, u64 *leaves,
			   unsigned int count)
{
	struct sg_dma_page_iter iter;
	unsigned int i = 0;

	for_each_sgtable_dma_page(sgt, &iter, offset >> PAGE_SHIFT) {
		dma_addr_t addr = sg_page_iter_dma_address(&iter);

		if (i == count)
			break;
		leaves[i++] = vsvm_pt_leaf(addr, write);
	}
	return i == count ? 0 : -EINVAL;
}

/**
 * vsvm_bo_leaves() - page table entries that map a part of a BO
 * @obj: BO, checked and pinned
 * @offset: first byte, page aligned
 * @write: may the GPU write
 * @leaves: filled in
 * @count: pages; within the BO
 *
 * Return: 0, or -EINVAL for an imported buffer that is shorter than it says.
 */
int vsvm_bo_leaves(struct drm_gem_object *obj, u64 offset, bool write, u64 *leaves,
		   unsigned int count)
{
	struct drm_gem_shmem_object *shmem = to_drm_gem_shmem_obj(obj);
	unsigned int i;

	if (drm_gem_is_imported(obj))
		return imported_leaves(shmem->sgt, offset, write, leaves, count);

	for (i = 0; i < count; i++)
		leaves[i] = vsvm_pt_leaf(page_to_phys(shmem->pages[(offset >> PAGE_SHIFT) + i]),
					 write);
	return 0;
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
	if (args->flags || !size || size > (u64)totalram_pages() << PAGE_SHIFT)
		return -EINVAL;

	shmem = drm_gem_shmem_create(drm, size);
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
