// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Binding BOs
 *
 * drm_gpuvm keeps the mappings and finds out what a new one splits and replaces; here each of its
 * steps becomes page table entries.
 *
 * They are there when the operation returns, but for those of a BO that prefers VRAM, which may
 * move any time (vsvm_bo_place.c). Of it nothing is mapped until a GPU faults, and then a block, 2M
 * of the BO at most (vsvm_bind_fault()). When the block moves, its entries go from all VMs
 * (vsvm_bind_zap_bo()), and the next access faults.
 *
 * An operation must not fail in the middle, for what it replaces is gone by then. So all it can
 * need, at most three mappings (the new one and what is left of an old one on both sides), the
 * tables, the BO's pages, their list and its place in the VM, is there before drm_gpuvm begins.
 *
 * Entries are made from the list (vsvm_phyr.c), as large as they can be: of 2M or 1G where address
 * and memory are both aligned to that and go on for that long, of 4K elsewhere. No entry reaches
 * beyond its mapping. If a large one is to lose a part of its mapping, it is split before.
 *
 * While an operation replaces one mapping by another the GPU may find neither. It faults, and the
 * fault waits for bind_lock, so to a program the replacement is atomic.
 *
 * A mapping is in its BO's list as long as anything of it may be in the page table: it enters the
 * list before, and leaves it after. So who moves a block, with dma_resv and no bind_lock, finds all
 * entries there are::
 *
 *  unbind                                  a block moves
 *  ------                                  -------------
 *  bind_lock
 *                                          dma_resv
 *                                          the mapping is in the list: zap its part
 *  zap: nothing is there
 *  dma_resv: waits                         copy, dma_resv released
 *  out of the list
 *
 * In the other order the mover's zap finds nothing, or not the mapping. A fault holds both locks.
 *
 * Locking: vm->bind_lock around an operation or a fault; inside it the dma_resv of one BO at a
 * time, for its list of mappings, its pins and where it is; inside that pt->lock. To move a block
 * takes dma_resv alone.
 */

#include <linux/dma-resv.h>
#include <linux/slab.h>
#include <linux/vsvm_phyr.h>

#include <drm/drm_gem.h>
#include <drm/drm_gpuvm.h>

#include "vsvm_bind.h"
#include "vsvm_bo.h"
#include "vsvm_bo_place.h"
#include "vsvm_drv.h"
#include "vsvm_hold.h"
#include "vsvm_query.h"
#include "vsvm_vm.h"

/**
 * struct mapping - a part of a BO bound in a VM
 */
struct mapping {
	/** @va: base */
	struct drm_gpuva va;
	/** @readonly: the GPU may not write */
	bool readonly;
};

/**
 * struct bind - one operation, with all that it can need
 */
struct bind {
	/** @vm: VM, its bind_lock held */
	struct vsvm_vm *vm;
	/** @readonly: of the new mapping */
	bool readonly;
	/** @vm_bo: the new mapping's BO in @vm, its pages pinned; NULL for an unmap */
	struct drm_gpuvm_bo *vm_bo;
	/** @spare: mappings to be */
	struct mapping *spare[3];
	/** @num_spare: how many of them are left */
	unsigned int num_spare;
	/** @leaves: room for the entries of one block */
	u64 *leaves;
	/** @cache: tables for the whole new mapping, and for splitting leaves at its ends */
	struct vsvm_pt_cache cache;
};

static struct mapping *to_mapping(struct drm_gpuva *va)
{
	return container_of(va, struct mapping, va);
}

/*
 * Enters @mapping into its BO's list, and pins the BO. @vm_bo is the BO's in this VM; its dma_resv
 * is held.
 */
static int link_mapping(struct mapping *mapping, struct drm_gpuvm_bo *vm_bo)
{
	int ret = vsvm_bo_pin(vm_bo->obj);

	if (!ret)
		drm_gpuva_link(&mapping->va, vm_bo);
	return ret;
}

/* Takes @mapping, which is out of the VM already, out of its BO's list and frees it. */
static void drop_mapping(struct mapping *mapping)
{
	struct drm_gem_object *obj = mapping->va.gem.obj;

	/* Dropping the last mapping may drop the BO, whose lock we hold. */
	drm_gem_object_get(obj);
	dma_resv_lock(obj->resv, NULL);
	vsvm_bo_unpin(obj);
	drm_gpuva_unlink(&mapping->va);
	dma_resv_unlock(obj->resv);
	drm_gem_object_put(obj);
	kfree(mapping);
}

/* Takes entries away that are not reached beyond. */
static void zap_pages(struct vsvm_vm *vm, u64 start, u64 end)
{
	lockdep_assert_held(&vm->pt.lock);

	vm->bo_pages -= vsvm_pt_zap(&vm->pt, start, end).pages;
}

/*
 * Takes the entries of what is unbound away. @cache has what splitting takes; without it, no entry
 * reaches beyond.
 */
static void zap(struct vsvm_vm *vm, struct vsvm_pt_cache *cache, u64 start, u64 end)
{
	lockdep_assert_held(&vm->bind_lock);

	mutex_lock(&vm->pt.lock);
	if (cache) {
		vsvm_pt_split(&vm->pt, cache, start);
		vsvm_pt_split(&vm->pt, cache, end);
	}
	zap_pages(vm, start, end);
	vsvm_pt_prune(&vm->pt, start, end);
	vm->bo_bytes -= end - start;
	mutex_unlock(&vm->pt.lock);
	vsvm_hold(vm->pt.as, VSVM_HOLD_BO_UNBIND, start, end);
}

/* The level of the largest entry for @addr, if @it goes on for that long; 0 where it is 4K. */
static unsigned int leaf_level(u64 addr, u64 end, const struct vsvm_phyr_iter *it)
{
	unsigned int level;

	for (level = VSVM_PT_MAX_LEAF_LEVEL; level; level--) {
		u64 size = BIT_ULL(VSVM_PT_SHIFT(level));

		if (IS_ALIGNED(addr | it->addr, size) && min(it->size, end - addr) >= size)
			break;
	}
	return level;
}

/* Maps what lies in one block of the table by 4K pages. Returns the next address. */
static u64 map_block(struct bind *bind, u64 addr, u64 end, bool write, struct vsvm_phyr_iter *it)
{
	unsigned int count = 0;
	u64 next;

	next = min(end, ALIGN_DOWN(addr, VSVM_PT_BLOCK_SIZE) + VSVM_PT_BLOCK_SIZE);
	for (; count < (next - addr) >> PAGE_SHIFT; count++) {
		bind->leaves[count] = vsvm_pt_leaf(it->addr, write);
		vsvm_phyr_iter_consume(it, PAGE_SIZE);
	}
	WARN_ON_ONCE(vsvm_pt_map_range(&bind->vm->pt, &bind->cache, addr, bind->leaves, count) !=
		     count);
	return next;
}

/* Enters the pages of @mapping into the page table. */
static void map(struct bind *bind, struct mapping *mapping)
{
	u64 addr = mapping->va.va.addr, end = addr + mapping->va.va.range;
	const struct vsvm_phyr *list = vsvm_bo_phyr(mapping->va.gem.obj);
	bool write = !mapping->readonly;
	struct vsvm_vm *vm = bind->vm;
	struct vsvm_phyr_iter it;
	u64 next, size, before;

	vsvm_phyr_iter_init(&it, list, mapping->va.gem.offset, mapping->va.va.range);
	for (; addr < end; addr = next) {
		unsigned int level = leaf_level(addr, end, &it);

		mutex_lock(&vm->pt.lock);
		before = vm->pt.mapped;
		if (level && vsvm_pt_map_large(&vm->pt, &bind->cache, addr,
					       vsvm_pt_leaf(it.addr, write), level)) {
			size = BIT_ULL(VSVM_PT_SHIFT(level));
			vsvm_phyr_iter_consume(&it, size);
			next = addr + size;
		} else {
			next = map_block(bind, addr, end, write, &it);
		}
		vm->bo_pages += vm->pt.mapped - before;
		mutex_unlock(&vm->pt.lock);
	}
}

static int step_map(struct drm_gpuva_op *op, void *priv)
{
	struct drm_gem_object *obj = op->map.gem.obj;
	struct bind *bind = priv;
	struct mapping *mapping = bind->spare[--bind->num_spare];

	mapping->readonly = bind->readonly;
	drm_gpuva_init_from_op(&mapping->va, &op->map);
	mapping->va.vm = &bind->vm->gpuvm;

	/* Pinned already, so another pin only counts. */
	dma_resv_lock(obj->resv, NULL);
	WARN_ON_ONCE(link_mapping(mapping, bind->vm_bo));
	dma_resv_unlock(obj->resv);

	mutex_lock(&bind->vm->pt.lock);
	bind->vm->bo_bytes += mapping->va.va.range;
	mutex_unlock(&bind->vm->pt.lock);
	if (!vsvm_bo_can_move(obj))
		map(bind, mapping);
	/* Cannot fail: drm_gpuvm has made room. */
	WARN_ON_ONCE(drm_gpuva_insert(&bind->vm->gpuvm, &mapping->va));
	return 0;
}

/* A mapping for what is left of @old on one side. The pages stay mapped as they are. */
static struct mapping *keep(struct bind *bind, struct mapping *old)
{
	struct mapping *mapping = bind->spare[--bind->num_spare];

	mapping->readonly = old->readonly;
	return mapping;
}

static int step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct mapping *old = to_mapping(op->remap.unmap->va);
	struct drm_gem_object *obj = old->va.gem.obj;
	struct mapping *prev = NULL, *next = NULL;
	u64 start = old->va.va.addr, end = start + old->va.va.range;
	struct bind *bind = priv;

	if (op->remap.prev) {
		prev = keep(bind, old);
		start = op->remap.prev->va.addr + op->remap.prev->va.range;
	}
	if (op->remap.next) {
		next = keep(bind, old);
		end = op->remap.next->va.addr;
	}

	drm_gpuva_remap(prev ? &prev->va : NULL, next ? &next->va : NULL, &op->remap);

	/* The BO is pinned by the old mapping, so another pin only counts. */
	dma_resv_lock(obj->resv, NULL);
	if (prev)
		WARN_ON_ONCE(link_mapping(prev, old->va.vm_bo));
	if (next)
		WARN_ON_ONCE(link_mapping(next, old->va.vm_bo));
	dma_resv_unlock(obj->resv);

	zap(bind->vm, &bind->cache, start, end);
	drop_mapping(old);
	return 0;
}

static void unmap(struct vsvm_vm *vm, struct mapping *mapping)
{
	u64 start = mapping->va.va.addr;

	zap(vm, NULL, start, start + mapping->va.va.range);
	drm_gpuva_remove(&mapping->va);
	drop_mapping(mapping);
}

static int step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct bind *bind = priv;

	unmap(bind->vm, to_mapping(op->unmap.va));
	return 0;
}

static void vm_free(struct drm_gpuvm *gpuvm)
{
	vsvm_vm_free(container_of(gpuvm, struct vsvm_vm, gpuvm));
}

const struct drm_gpuvm_ops vsvm_gpuvm_ops = {
	.vm_free = vm_free,
	.sm_step_map = step_map,
	.sm_step_remap = step_remap,
	.sm_step_unmap = step_unmap,
};

/**
 * vsvm_bind_unmap_all() - unbind everything
 * @vm: VM that is going; no queue uses it
 */
void vsvm_bind_unmap_all(struct vsvm_vm *vm)
{
	struct drm_gpuva *va, *next;

	mutex_lock(&vm->bind_lock);
	drm_gpuvm_for_each_va_safe(va, next, &vm->gpuvm)
		unmap(vm, to_mapping(va));
	mutex_unlock(&vm->bind_lock);
}

/**
 * vsvm_bind_zap_bo() - take a part of a BO from all VMs
 * @obj: BO that can move; its dma_resv is held, and so no VM gets the part back
 * @start: first byte of the part
 * @end: one past the last one; the part is whole blocks of the BO
 *
 * Context: process; no bind_lock needed. On return no engine can reach the memory.
 */
void vsvm_bind_zap_bo(struct drm_gem_object *obj, u64 start, u64 end)
{
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gpuva *va;

	dma_resv_assert_held(obj->resv);

	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		struct vsvm_vm *vm = container_of(vm_bo->vm, struct vsvm_vm, gpuvm);

		drm_gpuvm_bo_for_each_va(va, vm_bo) {
			u64 first = max(start, va->gem.offset);
			u64 last = min(end, va->gem.offset + va->va.range);
			u64 to_addr = va->va.addr - va->gem.offset;

			if (first >= last)
				continue;
			mutex_lock(&vm->pt.lock);
			zap_pages(vm, first + to_addr, last + to_addr);
			mutex_unlock(&vm->pt.lock);
			vsvm_hold(vm->pt.as, VSVM_HOLD_BO_ZAPPED, first + to_addr,
				  last + to_addr);
		}
	}
}

/*
 * Enters [addr, end), which a mapping has of a block, and which is where it is to be. It lies in
 * one block of the table.
 */
static void map_placed(struct vsvm_vm *vm, struct vsvm_pt_cache *cache,
		       const struct mapping *mapping, u64 addr, u64 end)
{
	u64 offset = addr - mapping->va.va.addr + mapping->va.gem.offset;
	struct drm_gem_object *obj = mapping->va.gem.obj;
	bool large, write = !mapping->readonly;
	struct vsvm_pt_map map;
	u64 leaf, at;

	lockdep_assert_held(&vm->pt.lock);

	leaf = vsvm_bo_leaf(obj, offset, write, &large);
	if (large && end - addr == VSVM_PT_BLOCK_SIZE &&
	    vsvm_pt_map_block(&vm->pt, cache, addr, leaf))
		return;
	/* The access has found nothing there, so no large leaf is. */
	if (WARN_ON_ONCE(!vsvm_pt_map_begin(&vm->pt, cache, addr, &map)))
		return;
	for (at = addr; at < end; at += PAGE_SIZE)
		vsvm_pt_map_page(&map, (at - addr) >> PAGE_SHIFT,
				 vsvm_bo_leaf(obj, offset + at - addr, write, &large));
	vsvm_pt_map_end(&vm->pt, &map, addr, end);
}

/* Brings the block that a mapping has at @addr to where it is to be, and maps it. */
static int fault_in(struct vsvm_vm *vm, const struct mapping *mapping, u64 addr,
		    struct vsvm_vram_chunk **chunk, bool asked)
{
	u64 to_addr = mapping->va.va.addr - mapping->va.gem.offset;
	u64 block = (addr - to_addr) / VSVM_HW_VRAM_BLOCK;
	u64 start = max(mapping->va.va.addr, block * VSVM_HW_VRAM_BLOCK + to_addr);
	u64 end = min(mapping->va.va.addr + mapping->va.va.range,
		      (block + 1) * VSVM_HW_VRAM_BLOCK + to_addr);
	struct drm_gem_object *obj = mapping->va.gem.obj;
	struct vsvm_pt_cache cache = {};
	u64 at, next, before;
	int ret;

	lockdep_assert_held(&vm->bind_lock);

	ret = vsvm_pt_cache_fill(&cache, start, end);
	if (ret)
		goto drain;
	dma_resv_lock(obj->resv, NULL);
	ret = vsvm_bo_place(obj, block, chunk, asked);
	if (!ret) {
		vsvm_hold(vm->pt.as, VSVM_HOLD_BO_PLACED, start, end);
		mutex_lock(&vm->pt.lock);
		before = vm->pt.mapped;
		for (at = start; at < end; at = next) {
			next = min(end, ALIGN_DOWN(at, VSVM_PT_BLOCK_SIZE) + VSVM_PT_BLOCK_SIZE);
			map_placed(vm, &cache, mapping, at, next);
		}
		vm->bo_pages += vm->pt.mapped - before;
		mutex_unlock(&vm->pt.lock);
		vsvm_bo_used(obj, block);
	}
	dma_resv_unlock(obj->resv);
drain:
	vsvm_pt_cache_drain(&cache);
	return ret;
}

/* One try. Returns a VSVM_ERROR_*, or -EAGAIN if a chunk of VRAM is to be asked for. */
static int try_fault(struct vsvm_vm *vm, u64 addr, bool write, struct vsvm_vram_chunk **chunk,
		     bool asked)
{
	struct mapping *mapping;
	struct drm_gpuva *va;
	u64 entry;

	lockdep_assert_held(&vm->bind_lock);

	mutex_lock(&vm->pt.lock);
	entry = vsvm_pt_lookup(&vm->pt, addr);
	mutex_unlock(&vm->pt.lock);
	if (entry)
		return write && !(entry & VSVM_PTE_WRITE) ? VSVM_ERROR_PERMISSION :
							    VSVM_ERROR_NONE;

	va = drm_gpuva_find_first(&vm->gpuvm, ALIGN_DOWN(addr, PAGE_SIZE), PAGE_SIZE);
	/* What does not move would be mapped. */
	if (!va || WARN_ON_ONCE(!vsvm_bo_can_move(va->gem.obj)))
		return VSVM_ERROR_UNMAPPED;
	mapping = to_mapping(va);
	if (write && mapping->readonly)
		return VSVM_ERROR_PERMISSION;
	switch (fault_in(vm, mapping, addr, chunk, asked)) {
	case 0:
		return VSVM_ERROR_NONE;
	case -EAGAIN:
		return -EAGAIN;
	case -ENODEV:
		return VSVM_ERROR_DEVICE;
	default:
		return VSVM_ERROR_NOMEM;
	}
}

/**
 * vsvm_bind_fault() - serve a fault in the range for BOs
 * @vm: VM
 * @addr: address of the access
 * @write: it writes
 *
 * A bind that is under way counts as a whole. Nothing of a process is waited for; if VRAM is full
 * it takes as long as to make room for 2M.
 *
 * Context: process, no locks.
 * Return: &enum vsvm_error, %VSVM_ERROR_NONE if it is mapped.
 */
u32 vsvm_bind_fault(struct vsvm_vm *vm, u64 addr, bool write)
{
	struct vsvm_vram_chunk *chunk = NULL;
	struct vsvm_vram *vram;
	int ret;

	mutex_lock(&vm->bind_lock);
	ret = try_fault(vm, addr, write, &chunk, false);
	mutex_unlock(&vm->bind_lock);
	if (ret != -EAGAIN)
		return ret;

	/* Others may have to make room, so without locks. Without a chunk it is system memory. */
	vram = &vm->vdev->vram;
	chunk = vsvm_vram_get(vram, vm->vram);
	mutex_lock(&vm->bind_lock);
	ret = try_fault(vm, addr, write, &chunk, true);
	mutex_unlock(&vm->bind_lock);
	vsvm_vram_put(vram, chunk);
	return ret;
}

static int bind_hold_bo(struct bind *bind, struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;
	int ret;

	dma_resv_lock(obj->resv, NULL);
	vm_bo = drm_gpuvm_bo_obtain_locked(&bind->vm->gpuvm, obj);
	if (IS_ERR(vm_bo)) {
		ret = PTR_ERR(vm_bo);
		goto unlock;
	}
	ret = vsvm_bo_pin(obj);
	if (ret)
		drm_gpuvm_bo_put(vm_bo);
	else
		bind->vm_bo = vm_bo;
unlock:
	dma_resv_unlock(obj->resv);
	return ret;
}

static void bind_release_bo(struct bind *bind, struct drm_gem_object *obj)
{
	dma_resv_lock(obj->resv, NULL);
	vsvm_bo_unpin(obj);
	drm_gpuvm_bo_put(bind->vm_bo);
	dma_resv_unlock(obj->resv);
}

static int bind_prepare(struct bind *bind, const struct drm_vsvm_bind_op *op,
			struct drm_gem_object *obj)
{
	int ret;

	while (bind->num_spare < ARRAY_SIZE(bind->spare)) {
		struct mapping *mapping = kzalloc_obj(*mapping, GFP_KERNEL_ACCOUNT);

		if (!mapping)
			return -ENOMEM;
		bind->spare[bind->num_spare++] = mapping;
	}
	if (!obj)
		return 0;
	if (vsvm_bo_can_move(obj))
		return bind_hold_bo(bind, obj);

	bind->leaves = kmalloc_array(VSVM_PT_BLOCK_SIZE >> PAGE_SHIFT, sizeof(*bind->leaves),
				     GFP_KERNEL_ACCOUNT);
	if (!bind->leaves)
		return -ENOMEM;
	ret = vsvm_pt_cache_fill(&bind->cache, op->addr, op->addr + op->size);
	return ret ? ret : bind_hold_bo(bind, obj);
}

static void bind_cleanup(struct bind *bind, struct drm_gem_object *obj)
{
	if (bind->vm_bo)
		bind_release_bo(bind, obj);
	while (bind->num_spare)
		kfree(bind->spare[--bind->num_spare]);
	kfree(bind->leaves);
	vsvm_pt_cache_drain(&bind->cache);
}

/*
 * Tables for the large leaves that reach across the ends of the operation. What is mapped there can
 * only become less meanwhile: bind_lock is held.
 */
static int bind_prepare_split(struct bind *bind, u64 start, u64 end)
{
	struct vsvm_pt *pt = &bind->vm->pt;
	unsigned int need;

	lockdep_assert_held(&bind->vm->bind_lock);

	mutex_lock(&pt->lock);
	need = vsvm_pt_split_need(pt, start) + vsvm_pt_split_need(pt, end);
	mutex_unlock(&pt->lock);
	return vsvm_pt_cache_add(&bind->cache, need);
}

/* Without @obj an unmap. */
static int bind_run(struct vsvm_vm *vm, const struct drm_vsvm_bind_op *op,
		    struct drm_gem_object *obj)
{
	struct bind bind = { .vm = vm, .readonly = op->flags & DRM_VSVM_BIND_READONLY };
	struct drm_gpuvm_map_req req = {
		.map.va.addr = op->addr,
		.map.va.range = op->size,
		.map.gem.obj = obj,
		.map.gem.offset = op->bo_offset,
	};
	int ret;

	ret = bind_prepare(&bind, op, obj);
	if (!ret) {
		mutex_lock(&vm->bind_lock);
		ret = bind_prepare_split(&bind, op->addr, op->addr + op->size);
		if (!ret)
			ret = obj ? drm_gpuvm_sm_map(&vm->gpuvm, &bind, &req) :
				    drm_gpuvm_sm_unmap(&vm->gpuvm, &bind, op->addr, op->size);
		mutex_unlock(&vm->bind_lock);
	}
	bind_cleanup(&bind, obj);
	return ret;
}

/**
 * vsvm_bind_check() - is a bind operation as it has to be, its BO aside?
 * @vm: VM
 * @op: operation
 *
 * Return: 0 or -EINVAL.
 */
int vsvm_bind_check(const struct vsvm_vm *vm, const struct drm_vsvm_bind_op *op)
{
	if (op->pad || !op->size || !PAGE_ALIGNED(op->addr | op->size | op->bo_offset))
		return -EINVAL;
	if (op->addr < vm->bo_start || op->addr >= vm->bo_end || op->size > vm->bo_end - op->addr)
		return -EINVAL;

	switch (op->op) {
	case DRM_VSVM_BIND_OP_MAP:
		return op->flags & ~DRM_VSVM_BIND_READONLY ? -EINVAL : 0;
	case DRM_VSVM_BIND_OP_UNMAP:
		return op->flags || op->handle || op->bo_offset ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static int bind_op(struct vsvm_vm *vm, struct drm_file *file, const struct drm_vsvm_bind_op *op)
{
	struct drm_gem_object *obj;
	int ret;

	ret = vsvm_bind_check(vm, op);
	if (ret)
		return ret;
	if (op->op == DRM_VSVM_BIND_OP_UNMAP)
		return bind_run(vm, op, NULL);

	obj = drm_gem_object_lookup(file, op->handle);
	if (!obj)
		return -ENOENT;
	if (op->bo_offset >= obj->size || op->size > obj->size - op->bo_offset)
		ret = -EINVAL;
	else
		ret = bind_run(vm, op, obj);
	drm_gem_object_put(obj);
	return ret;
}

int vsvm_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vsvm_vm_bind *args = data;
	struct drm_vsvm_bind_op *ops;
	struct vsvm_vm *vm;
	unsigned int i;
	int ret = 0;

	if (args->flags)
		return -EINVAL;
	vm = vsvm_vm_get(file->driver_priv, args->vm_id);
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	ops = vsvm_array_get(&args->ops, sizeof(*ops), DRM_VSVM_MAX_ARRAY);
	if (IS_ERR(ops)) {
		ret = PTR_ERR(ops);
		goto put_vm;
	}

	for (i = 0; i < args->ops.count && !ret; i++)
		ret = bind_op(vm, file, &ops[i]);
	if (ret)
		args->ops.count = i - 1;
	kvfree(ops);
put_vm:
	vsvm_vm_put(vm);
	return ret;
}
