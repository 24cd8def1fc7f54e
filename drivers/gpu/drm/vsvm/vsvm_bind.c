// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Binding BOs
 *
 * drm_gpuvm keeps the mappings and finds out what a new one splits and replaces; here each of its
 * steps becomes page table entries.
 *
 * An operation must not fail in the middle, for what it replaces is gone by then. So all it can
 * need, at most three mappings (the new one and what is left of an old one on both sides), the
 * tables, the BO's pages and its place in the VM, is there before drm_gpuvm begins.
 *
 * While an operation replaces one mapping by another the GPU may find neither. It faults, and the
 * fault waits for bind_lock (vsvm_fault.c), so to a program the replacement is atomic.
 *
 * Locking: vm->bind_lock around an operation; inside it the dma_resv of one BO at a time, for its
 * list of mappings and its pins; inside that pt->lock.
 */

#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/drm_gpuvm.h>

#include "vsvm_bind.h"
#include "vsvm_bo.h"
#include "vsvm_drv.h"
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
	/** @cache: tables for the whole new mapping */
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

static void zap(struct vsvm_vm *vm, u64 start, u64 end)
{
	lockdep_assert_held(&vm->bind_lock);

	mutex_lock(&vm->pt.lock);
	vsvm_pt_zap(&vm->pt, start, end);
	vsvm_pt_prune(&vm->pt, start, end);
	vm->bo_bytes -= end - start;
	mutex_unlock(&vm->pt.lock);
}

/* Enters the pages of @mapping into the page table, a block at a time. */
static int map(struct bind *bind, struct mapping *mapping)
{
	u64 addr = mapping->va.va.addr, end = addr + mapping->va.va.range;
	struct vsvm_vm *vm = bind->vm;
	u64 next, offset;
	int ret;

	for (; addr < end; addr = next) {
		next = min(end, ALIGN_DOWN(addr, VSVM_PT_BLOCK_SIZE) + VSVM_PT_BLOCK_SIZE);
		offset = mapping->va.gem.offset + (addr - mapping->va.va.addr);
		ret = vsvm_bo_leaves(mapping->va.gem.obj, offset, !mapping->readonly,
				     bind->leaves, (next - addr) >> PAGE_SHIFT);
		if (ret)
			break;

		mutex_lock(&vm->pt.lock);
		vsvm_pt_map_range(&vm->pt, &bind->cache, addr, bind->leaves,
				  (next - addr) >> PAGE_SHIFT);
		vm->bo_bytes += next - addr;
		mutex_unlock(&vm->pt.lock);
	}
	if (addr < end && addr > mapping->va.va.addr)
		zap(vm, mapping->va.va.addr, addr);
	return addr < end ? ret : 0;
}

static int step_map(struct drm_gpuva_op *op, void *priv)
{
	struct drm_gem_object *obj = op->map.gem.obj;
	struct bind *bind = priv;
	struct mapping *mapping = bind->spare[bind->num_spare - 1];
	int ret;

	mapping->readonly = bind->readonly;
	drm_gpuva_init_from_op(&mapping->va, &op->map);
	mapping->va.vm = &bind->vm->gpuvm;

	/* Pinned already, so another pin only counts. */
	dma_resv_lock(obj->resv, NULL);
	WARN_ON_ONCE(link_mapping(mapping, bind->vm_bo));
	dma_resv_unlock(obj->resv);

	bind->num_spare--;
	ret = map(bind, mapping);
	if (ret) {
		drop_mapping(mapping);
		return ret;
	}
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

	zap(bind->vm, start, end);
	drop_mapping(old);
	return 0;
}

static void unmap(struct vsvm_vm *vm, struct mapping *mapping)
{
	u64 start = mapping->va.va.addr;

	zap(vm, start, start + mapping->va.va.range);
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
	kfree(container_of(gpuvm, struct vsvm_vm, gpuvm));
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
		ret = obj ? drm_gpuvm_sm_map(&vm->gpuvm, &bind, &req) :
			    drm_gpuvm_sm_unmap(&vm->gpuvm, &bind, op->addr, op->size);
		mutex_unlock(&vm->bind_lock);
	}
	bind_cleanup(&bind, obj);
	return ret;
}

static int op_check(struct vsvm_vm *vm, const struct drm_vsvm_bind_op *op)
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

	ret = op_check(vm, op);
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
		ret = vsvm_bo_check(obj);
	if (!ret)
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
