// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: BOs in VRAM
 *
 * A BO made with %DRM_VSVM_BO_VRAM has no fixed place. Each block of it, %VSVM_HW_VRAM_BLOCK bytes,
 * is by itself in VRAM or in the pages of its shmem file, or nowhere until somebody uses it:
 *
 * - a GPU that faults on it has it in VRAM, if there is a chunk to be had. What is in system memory
 *   is moved there, what is nowhere is cleared there;
 * - a CPU has it where it is. What is nowhere begins in system memory: a CPU's fault holds
 *   mmap_lock, and there nobody is made to give up VRAM;
 * - whoever wants room in VRAM has it moved to system memory (vsvm_bo_evict()), where it stays
 *   until a GPU faults on it again. What has come and gone too often in a short time is then mapped
 *   where it is (vsvm_bo_is_thrashing()).
 *
 * A CPU reaches VRAM through the device's BAR (vsvm_hw_vram_bar()), which is as large as VRAM. So a
 * CPU and a GPU that use a block by turns do not move it to and fro, as they would if it had to be
 * where the CPU is; and reading it is no slower here than reading system memory. A card with a
 * small BAR would have to move it.
 *
 * A block in VRAM counts for the VM whose GPU has brought it there, and for its limit, until it has
 * left; who else has it mapped, or maps it later, has it for nothing.
 *
 * A BO that is exported goes to system memory and stays there, for good: an importer is told
 * addresses of pages, and there is nobody to tell him of others.
 *
 * To move a block is to take it from everybody, to copy it, and to let everybody fault on it again:
 *
 * 1. the pages of where it goes are there, or nothing is done;
 * 2. its entries go from the page tables of all VMs, and the TLBs have answered
 *    (vsvm_bind_zap_bo()); the same with those of CPUs (unmap_mapping_range());
 * 3. the copy engine copies it;
 * 4. it is there.
 *
 * Who faults meanwhile waits for the BO's dma_resv::
 *
 *  eviction                                fault, of a GPU or a CPU
 *  --------                                ------------------------
 *  dma_resv_trylock()
 *  zap, TLB, unmap_mapping_range()
 *                                          nothing is mapped
 *  copy to system memory
 *                                          dma_resv_lock(): waits
 *  block->pages, dma_resv_unlock()
 *                                          has it; maps the pages, or brings it back
 *
 * In the other order the fault has the lock: the trylock fails, and another chunk has to make room.
 * Between what the fault finds and what it enters the lock is not let go, so no entry is for a
 * place where the block is no more. The eviction only tries to get the lock, for whoever has it may
 * take his time, and there are other chunks.
 *
 * When the device goes each block is moved to system memory, so that CPUs which have it mapped
 * keep it. If there is no memory for that, or it is more than who made the BO may have, the block
 * is lost, as with a card that is pulled out. Its VRAM is free then; an access by a CPU is SIGBUS,
 * or -EFAULT from a system call, also in what was mapped before. All else of the BO is as ever.
 *
 * Locking: the object's dma_resv covers all blocks. Outside of it mmap_lock (CPU), or
 * &vsvm_vm.bind_lock (GPU); inside, pt->lock of one VM at a time, folio locks, memory is allocated.
 * A chunk is asked for before, and without either (vsvm_bind_fault()), for that may mean to take
 * mmap_lock of others.
 *
 * Limits: what is in system memory is pinned, as long as the BO lives. A BO takes whole chunks,
 * however small it is. A CPU's page table has entries of 4K for it.
 */

#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_prime.h>
#include <drm/drm_vma_manager.h>

#include "vsvm_bind.h"
#include "vsvm_bo.h"
#include "vsvm_bo_place.h"
#include "vsvm_drv.h"
#include "vsvm_hold.h"
#include "vsvm_pt.h"

#define BO_BLOCK	VSVM_HW_VRAM_BLOCK
#define BLOCK_PAGES	VSVM_VRAM_CHUNK_PAGES

/*
 * A block that comes to VRAM so many times, never later than GAP after the last time, does not fit.
 * It is mapped where it is for STAY, in jiffies.
 */
#define THRASH_MOVES	16
#define THRASH_GAP	(HZ / 5)
#define THRASH_STAY	HZ

/* Descriptors of a copy, on the stack. */
#define COPIES		16
/* Pages that a fault of a CPU maps. */
#define CPU_AROUND	16

/**
 * vsvm_bo_note_move() - something has come to VRAM once more
 * @moves: of it
 * @now: jiffies
 */
void vsvm_bo_note_move(struct vsvm_bo_moves *moves, unsigned long now)
{
	if (moves->count && now - moves->last < THRASH_GAP)
		moves->count = min(moves->count + 1, THRASH_MOVES);
	else
		moves->count = 1;
	moves->last = now;
}

/**
 * vsvm_bo_is_thrashing() - has it come so often that it had better stay where it is?
 * @moves: of it
 * @now: jiffies
 *
 * Return: true if it has, for a while.
 */
bool vsvm_bo_is_thrashing(const struct vsvm_bo_moves *moves, unsigned long now)
{
	return moves->count >= THRASH_MOVES && now - moves->last < THRASH_STAY;
}

static struct vsvm_vram *vram_of(const struct vsvm_bo *bo)
{
	return &to_vsvm_device(bo->shmem.base.dev)->vram;
}

/* Bytes of a block; the last one may be shorter. */
static u64 block_size(const struct vsvm_bo *bo, u64 i)
{
	return min(BO_BLOCK, bo->shmem.base.size - i * BO_BLOCK);
}

/* Forgets what the shmem file has of a block. */
static void drop_file(struct vsvm_bo *bo, u64 i)
{
	u64 start = i * BO_BLOCK;

	shmem_truncate_range(file_inode(bo->shmem.base.filp), start,
			     start + block_size(bo, i) - 1);
}

static void put_pages(struct page **pages, unsigned int count)
{
	while (count--)
		put_page(pages[count]);
	kvfree(pages);
}

/*
 * The pages of a block in its shmem file, which has none, or all. NULL if there is no memory; then
 * it has none. They are the maker's, whoever has to make them.
 */
static struct page **get_pages(struct vsvm_bo *bo, u64 i, gfp_t gfp)
{
	struct address_space *mapping = bo->shmem.base.filp->f_mapping;
	unsigned int got, count = block_size(bo, i) >> PAGE_SHIFT;
	pgoff_t first = i * BLOCK_PAGES;
	struct mem_cgroup *memcg;
	struct page **pages, *page;

	memcg = set_active_memcg(bo->memcg);
	/* As with @gfp: an eviction has nobody killed for the list either. */
	pages = kvmalloc_array(count, sizeof(*pages), GFP_KERNEL_ACCOUNT | __GFP_NOWARN |
			       (gfp & (__GFP_NORETRY | __GFP_RETRY_MAYFAIL)));
	for (got = 0; pages && got < count; got++) {
		page = shmem_read_mapping_page_gfp(mapping, first + got, gfp);
		if (IS_ERR(page))
			break;
		/* Whatever comes to be in it shmem has nowhere else. */
		folio_mark_dirty(page_folio(page));
		pages[got] = page;
	}
	set_active_memcg(memcg);

	if (pages && got == count)
		return pages;
	if (pages) {
		put_pages(pages, got);
		drop_file(bo, i);
	}
	return NULL;
}

/* Takes a block from all GPUs and CPUs. */
static void zap(struct vsvm_bo *bo, u64 i)
{
	struct drm_gem_object *obj = &bo->shmem.base;
	u64 start = i * BO_BLOCK, size = block_size(bo, i);

	vsvm_bind_zap_bo(obj, start, start + size);
	unmap_mapping_range(obj->dev->anon_inode->i_mapping,
			    drm_vma_node_offset_addr(&obj->vma_node) + start, size, 1);
}

/* Copies between the pages of a block and a chunk. */
static void copy(struct vsvm_bo *bo, u64 i, struct page **pages, u64 vram, bool to_vram)
{
	unsigned int n = 0, page, count = block_size(bo, i) >> PAGE_SHIFT;
	struct vsvm_hw *hw = vram_of(bo)->hw;
	struct vsvm_hw_copy list[COPIES];
	int ret = 0;

	for (page = 0; page < count; page++, vram += PAGE_SIZE) {
		u64 phys = page_to_phys(pages[page]);

		if (n && (to_vram ? list[n - 1].src : list[n - 1].dst) + list[n - 1].size == phys) {
			list[n - 1].size += PAGE_SIZE;
			continue;
		}
		if (n == COPIES) {
			ret |= vsvm_hw_copy_run(hw, list, n);
			n = 0;
		}
		list[n++] = (struct vsvm_hw_copy) {
			.src = to_vram ? phys : vram,
			.dst = to_vram ? vram : phys,
			.size = PAGE_SIZE,
			.flags = to_vram ? VSVM_HW_COPY_TO_VRAM : VSVM_HW_COPY_FROM_VRAM,
		};
	}
	ret |= vsvm_hw_copy_run(hw, list, n);
	/* All places that were named are there. */
	WARN_ON_ONCE(ret);
}

static void clear(struct vsvm_bo *bo, u64 i, u64 vram)
{
	struct vsvm_hw_copy all = {
		.dst = vram,
		.size = block_size(bo, i),
		.flags = VSVM_HW_COPY_TO_VRAM | VSVM_HW_COPY_CLEAR,
	};

	WARN_ON_ONCE(vsvm_hw_copy_run(vram_of(bo)->hw, &all, 1));
}

static void leave_vram(struct vsvm_bo *bo, u64 i)
{
	struct vsvm_bo_block *block = &bo->blocks[i];

	WRITE_ONCE(bo->vram_bytes, bo->vram_bytes - block_size(bo, i));
	vsvm_vram_bo_leave(vram_of(bo), block->chunk);
	block->chunk = NULL;
}

/* From VRAM. Returns -ENOMEM if it stays. */
static int to_system(struct vsvm_bo *bo, u64 i, gfp_t gfp)
{
	struct vsvm_bo_block *block = &bo->blocks[i];
	struct page **pages;

	dma_resv_assert_held(bo->shmem.base.resv);

	pages = get_pages(bo, i, gfp);
	if (!pages)
		return -ENOMEM;
	zap(bo, i);
	copy(bo, i, pages, vsvm_vram_chunk_offset(vram_of(bo), block->chunk), false);
	block->pages = pages;
	leave_vram(bo, i);
	return 0;
}

/*
 * From system memory, or from nowhere, to a chunk that the caller holds. False if that cannot be
 * any more.
 */
static bool to_vram(struct vsvm_bo *bo, u64 i, struct vsvm_vram_chunk *chunk)
{
	u64 offset = vsvm_vram_chunk_offset(vram_of(bo), chunk);
	struct vsvm_bo_block *block = &bo->blocks[i];

	dma_resv_assert_held(bo->shmem.base.resv);

	if (!vsvm_vram_bo_enter(vram_of(bo), chunk, bo, i))
		return false;
	if (block->pages) {
		zap(bo, i);
		copy(bo, i, block->pages, offset, true);
		put_pages(block->pages, block_size(bo, i) >> PAGE_SHIFT);
		block->pages = NULL;
		drop_file(bo, i);
		vsvm_bo_note_move(&block->moves, jiffies);
	} else {
		clear(bo, i, offset);
	}
	block->chunk = chunk;
	WRITE_ONCE(bo->vram_bytes, bo->vram_bytes + block_size(bo, i));
	return true;
}

static gfp_t system_gfp(const struct vsvm_bo *bo)
{
	return mapping_gfp_mask(bo->shmem.base.filp->f_mapping);
}

/* Sees to it that a block is somewhere, in system memory if it is nowhere. */
static int be_somewhere(struct vsvm_bo *bo, u64 i)
{
	struct vsvm_bo_block *block = &bo->blocks[i];

	if (block->chunk || block->pages)
		return 0;
	block->pages = get_pages(bo, i, system_gfp(bo));
	return block->pages ? 0 : -ENOMEM;
}

/* All of it to system memory, for good. Nothing is undone if it fails; it may be tried again. */
static int settle(struct vsvm_bo *bo)
{
	u64 i, count = DIV_ROUND_UP(bo->shmem.base.size, BO_BLOCK);
	int ret;

	dma_resv_assert_held(bo->shmem.base.resv);

	for (i = 0; i < count; i++) {
		if (bo->blocks[i].lost)
			return -ENODEV;
		if (bo->blocks[i].chunk)
			ret = to_system(bo, i, system_gfp(bo));
		else
			ret = be_somewhere(bo, i);
		if (ret)
			return ret;
	}
	bo->settled = true;
	return 0;
}

static bool is_wanted_in_vram(struct vsvm_bo *bo, u64 i)
{
	const struct vsvm_bo_block *block = &bo->blocks[i];

	return !block->chunk && !bo->settled && vsvm_vram_is_open(vram_of(bo)) &&
	       !vsvm_bo_is_thrashing(&block->moves, jiffies);
}

/**
 * vsvm_bo_place() - a GPU is to have a block: bring it to where it is to be
 * @obj: BO made with %DRM_VSVM_BO_VRAM; its dma_resv is held
 * @block: which of its blocks
 * @chunk: in: a chunk that the caller holds, or NULL; out: NULL if it has become the block's
 * @asked: there is no chunk to be had if @chunk is NULL
 *
 * Return: 0; it stays there until dma_resv is released. -EAGAIN if the caller is to ask for a
 * chunk, without any lock, and call again; -ENOMEM; -ENODEV if it is lost.
 */
int vsvm_bo_place(struct drm_gem_object *obj, u64 block, struct vsvm_vram_chunk **chunk,
		  bool asked)
{
	struct vsvm_bo *bo = to_vsvm_bo(obj);

	dma_resv_assert_held(obj->resv);

	if (bo->blocks[block].lost)
		return -ENODEV;
	if (!is_wanted_in_vram(bo, block))
		return be_somewhere(bo, block);
	if (!*chunk && !asked)
		return -EAGAIN;
	if (!*chunk || !to_vram(bo, block, *chunk))
		return be_somewhere(bo, block);
	*chunk = NULL;
	return 0;
}

/**
 * vsvm_bo_leaf() - the entry for a page of a BO
 * @obj: BO made with %DRM_VSVM_BO_VRAM; its dma_resv is held, and vsvm_bo_place() was called
 * @offset: of the page
 * @write: may the GPU write
 * @large: out: so it goes on for 2M, from a multiple of that on
 *
 * Return: the entry, for level 0.
 */
u64 vsvm_bo_leaf(struct drm_gem_object *obj, u64 offset, bool write, bool *large)
{
	struct vsvm_bo *bo = to_vsvm_bo(obj);
	u64 i = offset / BO_BLOCK, in_block = offset % BO_BLOCK;
	const struct vsvm_bo_block *block = &bo->blocks[i];
	struct page *page;

	dma_resv_assert_held(obj->resv);

	*large = !in_block && block_size(bo, i) == BO_BLOCK;
	if (block->chunk)
		return vsvm_pt_leaf(vsvm_vram_chunk_offset(vram_of(bo), block->chunk) + in_block,
				    write) | VSVM_PTE_VRAM;
	page = block->pages[in_block >> PAGE_SHIFT];
	/* A folio of a file is aligned in it as it is in memory. */
	*large = *large && folio_nr_pages(page_folio(page)) >= BLOCK_PAGES;
	return vsvm_pt_leaf(page_to_phys(page), write);
}

/**
 * vsvm_bo_used() - a GPU has been given a block
 * @obj: BO made with %DRM_VSVM_BO_VRAM; its dma_resv is held
 * @block: which of its blocks
 */
void vsvm_bo_used(struct drm_gem_object *obj, u64 block)
{
	struct vsvm_bo *bo = to_vsvm_bo(obj);

	dma_resv_assert_held(obj->resv);

	if (bo->blocks[block].chunk)
		vsvm_vram_used(vram_of(bo), vsvm_vram_chunk_offset(vram_of(bo),
								   bo->blocks[block].chunk));
}

/* Nobody can be given it any more. */
static void lose(struct vsvm_bo *bo, u64 i)
{
	zap(bo, i);
	bo->blocks[i].lost = true;
	leave_vram(bo, i);
}

/**
 * vsvm_bo_evict() - move the block of a BO that is in a chunk to system memory
 * @vram: VRAM
 * @chunk: chunk, held by the caller
 * @last: the device goes: wait for who has the BO, for memory a little longer, and if there is
 *        none, give the block up
 *
 * The block stays if somebody has the BO just now, or there is no memory.
 *
 * Context: process; no mmap_lock, and no dma_resv. With @last no locks.
 */
void vsvm_bo_evict(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk, bool last)
{
	struct vsvm_bo *bo;
	gfp_t gfp;
	u64 i;

	spin_lock_irq(&vram->lock);
	bo = chunk->bo;
	i = chunk->bo_block;
	/* One that is being freed gives its chunks back itself. */
	if (bo && !kref_get_unless_zero(&bo->shmem.base.refcount))
		bo = NULL;
	spin_unlock_irq(&vram->lock);
	if (!bo)
		return;

	if (last)
		dma_resv_lock(bo->shmem.base.resv, NULL);
	else if (!dma_resv_trylock(bo->shmem.base.resv))
		goto put;
	/* The caller holds the chunk, so it has not become another's. */
	if (bo->blocks[i].chunk == chunk) {
		gfp = system_gfp(bo);
		if (!last)
			gfp = (gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_NORETRY | __GFP_NOWARN;
		if (to_system(bo, i, gfp) && last)
			lose(bo, i);
	}
	dma_resv_unlock(bo->shmem.base.resv);
put:
	/* The last reference may be this one. */
	drm_gem_object_put(&bo->shmem.base);
}

static struct page **block_pages(const struct vsvm_bo *bo, u64 page)
{
	struct page **pages = bo->blocks[page / BLOCK_PAGES].pages;

	return pages ? pages + page % BLOCK_PAGES : NULL;
}

/* Where a CPU sees a page of a BO, which is somewhere. */
static unsigned long cpu_pfn(const struct vsvm_bo *bo, u64 page)
{
	const struct vsvm_bo_block *block = &bo->blocks[page / BLOCK_PAGES];
	struct vsvm_vram *vram = vram_of(bo);

	if (!block->chunk)
		return page_to_pfn(*block_pages(bo, page));
	return PHYS_PFN(vsvm_hw_vram_bar(vram->hw, vsvm_vram_chunk_offset(vram, block->chunk) +
					 (page % BLOCK_PAGES << PAGE_SHIFT)));
}

/* Maps the page of the fault, and what is around it and not mapped. */
static vm_fault_t insert_around(struct vm_fault *vmf, const struct vsvm_bo *bo, u64 page)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long addr = ALIGN_DOWN(vmf->address, PAGE_SIZE);
	u64 pages = bo->shmem.base.size >> PAGE_SHIFT;
	u64 at, end = min(ALIGN_DOWN(page, CPU_AROUND) + CPU_AROUND, pages);
	vm_fault_t ret;

	ret = vmf_insert_pfn(vma, addr, cpu_pfn(bo, page));
	/* Those behind it are an advance: what of them cannot be done faults. */
	for (at = page + 1; ret == VM_FAULT_NOPAGE && at < end; at++) {
		addr += PAGE_SIZE;
		if (addr >= vma->vm_end ||
		    vmf_insert_pfn(vma, addr, cpu_pfn(bo, at)) != VM_FAULT_NOPAGE)
			break;
	}
	return ret;
}

static vm_fault_t cpu_fault(struct vm_fault *vmf)
{
	struct drm_gem_object *obj = vmf->vma->vm_private_data;
	struct vsvm_bo *bo = to_vsvm_bo(obj);
	/* By its place in the BO: the VMA may be a part of one that was split. */
	u64 page = vmf->pgoff - drm_vma_node_start(&obj->vma_node);
	vm_fault_t ret;

	if (page >= obj->size >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;
	/* The access comes again, if the signal was none that kills. */
	if (dma_resv_lock_interruptible(obj->resv, NULL))
		return VM_FAULT_NOPAGE;
	if (bo->blocks[page / BLOCK_PAGES].lost)
		ret = VM_FAULT_SIGBUS;
	else if (be_somewhere(bo, page / BLOCK_PAGES))
		ret = VM_FAULT_OOM;
	else
		ret = insert_around(vmf, bo, page);
	dma_resv_unlock(obj->resv);
	return ret;
}

static const struct vm_operations_struct vram_vm_ops = {
	.fault = cpu_fault,
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
};

static int vram_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	if (is_cow_mapping(vma->vm_flags))
		return -EINVAL;
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	return 0;
}

static struct dma_buf *vram_export(struct drm_gem_object *obj, int flags)
{
	int ret = dma_resv_lock_interruptible(obj->resv, NULL);

	if (ret)
		return ERR_PTR(ret);
	ret = settle(to_vsvm_bo(obj));
	dma_resv_unlock(obj->resv);
	return ret ? ERR_PTR(ret) : drm_gem_prime_export(obj, flags);
}

static int vram_pin(struct drm_gem_object *obj)
{
	return settle(to_vsvm_bo(obj)) ?: drm_gem_shmem_object_pin(obj);
}

static int vram_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	return settle(to_vsvm_bo(obj)) ?: drm_gem_shmem_object_vmap(obj, map);
}

/* Nobody has it bound or mapped; an eviction may look at it, and finds that it is going. */
static void vram_free(struct drm_gem_object *obj)
{
	struct vsvm_bo *bo = to_vsvm_bo(obj);
	u64 i, count = DIV_ROUND_UP(obj->size, BO_BLOCK);

	for (i = 0; i < count; i++) {
		if (bo->blocks[i].chunk)
			leave_vram(bo, i);
		else if (bo->blocks[i].pages)
			put_pages(bo->blocks[i].pages, block_size(bo, i) >> PAGE_SHIFT);
	}
	kvfree(bo->blocks);
	mem_cgroup_put(bo->memcg);
	drm_gem_shmem_object_free(obj);
}

/*
 * Of a BO made with DRM_VSVM_BO_VRAM. What the shmem helpers do with pages they do only when it is
 * settled.
 */
const struct drm_gem_object_funcs vsvm_bo_vram_funcs = {
	.free = vram_free,
	.print_info = drm_gem_shmem_object_print_info,
	.export = vram_export,
	.pin = vram_pin,
	.unpin = drm_gem_shmem_object_unpin,
	.get_sg_table = drm_gem_shmem_object_get_sg_table,
	.vmap = vram_vmap,
	.vunmap = drm_gem_shmem_object_vunmap,
	.mmap = vram_mmap,
	.vm_ops = &vram_vm_ops,
};

static void count_memory(struct drm_memory_stats *stats, const struct drm_gem_object *obj,
			 u64 bytes)
{
	if (drm_gem_object_is_shared_for_memory_stats((struct drm_gem_object *)obj))
		stats->shared += bytes;
	else
		stats->private += bytes;
}

/**
 * vsvm_bo_show_memory() - what of a file's memory is where, for fdinfo
 * @p: printer
 * @file: file; BOs count as far as it has a handle
 * @svm_bytes: memory of processes that is in VRAM by its VMs
 *
 * As drm_show_memory_stats(), by region: a BO counts in each with what of it is there; what is
 * nowhere yet counts as system memory.
 */
void vsvm_bo_show_memory(struct drm_printer *p, struct drm_file *file, u64 svm_bytes)
{
	struct drm_memory_stats system = {}, vram = { .private = svm_bytes, .resident = svm_bytes };
	struct drm_gem_object *obj;
	u64 bytes;
	int id;

	spin_lock(&file->table_lock);
	idr_for_each_entry(&file->object_idr, obj, id) {
		bytes = READ_ONCE(to_vsvm_bo(obj)->vram_bytes);
		count_memory(&system, obj, obj->size - bytes);
		if (!bytes)
			continue;
		count_memory(&vram, obj, bytes);
		vram.resident += bytes;
	}
	spin_unlock(&file->table_lock);

	drm_print_memory_stats(p, &system, 0, "memory");
	drm_print_memory_stats(p, &vram, DRM_GEM_OBJECT_RESIDENT, "vram");
}
