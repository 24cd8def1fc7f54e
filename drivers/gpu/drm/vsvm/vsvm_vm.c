// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: VMs
 *
 * A VM is an address space of the GPU: a page table, filled from two sides. In the range for BOs it
 * holds what VM_BIND put there (vsvm_bind.c); everywhere else, if it is an SVM VM, what the GPU
 * faulted in of the process that made it (svm/).
 *
 * An SVM VM belongs to one mm. The file may reach other processes, by fork or over a socket; there
 * it must not give away the maker's memory, so vsvm_vm_get() refuses.
 *
 * Lifetime: the file, queues and ioctls hold references; the last one undoes everything, in process
 * context. That may be in another process, and after the maker's mm has ended.
 */

#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>

#include "vsvm_bind.h"
#include "vsvm_drv.h"
#include "vsvm_query.h"
#include "vsvm_queue.h"
#include "vsvm_vm.h"

static int vm_init_gpuvm(struct vsvm_vm *vm, struct vsvm_device *vdev)
{
	struct drm_gem_object *resv = drm_gpuvm_resv_object_alloc(&vdev->drm);

	if (!resv)
		return -ENOMEM;
	drm_gpuvm_init(&vm->gpuvm, "vsvm", 0, &vdev->drm, resv, vm->bo_start,
		       vm->bo_end - vm->bo_start, 0, 0, &vsvm_gpuvm_ops);
	/* The VM holds it from here on. */
	drm_gem_object_put(resv);
	return 0;
}

static struct vsvm_vm *vm_create(struct vsvm_device *vdev, const struct drm_vsvm_vm_create *args)
{
	bool svm = args->flags & DRM_VSVM_VM_SVM;
	struct vsvm_vm *vm;
	int ret;

	vm = kzalloc_obj(*vm, GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);

	kref_init(&vm->ref);
	vm->vdev = vdev;
	vm->bo_start = args->bo_start;
	vm->bo_end = svm ? args->bo_start + args->bo_size : 1ULL << VSVM_VA_BITS;
	vm->tgid = task_tgid_nr(current);
	get_task_comm(vm->comm, current);
	mutex_init(&vm->bind_lock);
	xa_init(&vm->queues);

	ret = vsvm_pt_init(&vm->pt, vdev->hw);
	if (ret)
		goto free_vm;
	if (svm) {
		ret = vsvm_svm_init(&vm->svm, current->mm, &vm->pt, vm->bo_start, vm->bo_end);
		if (ret)
			goto fini_pt;
		vm->mm = current->mm;
	}
	ret = vsvm_vm_faults_init(&vm->faults);
	if (ret)
		goto fini_svm;
	ret = vm_init_gpuvm(vm, vdev);
	if (ret)
		goto fini_faults;

	/* Final step: let faults find it. */
	ret = xa_insert(&vdev->vms, vsvm_hw_as_id(vm->pt.as), vm, GFP_KERNEL);
	if (ret) {
		vsvm_vm_put(vm);
		return ERR_PTR(ret);
	}
	return vm;

fini_faults:
	vsvm_vm_faults_fini(&vm->faults);
fini_svm:
	if (svm)
		vsvm_svm_fini(&vm->svm);
fini_pt:
	vsvm_pt_fini(&vm->pt);
free_vm:
	kfree(vm);
	return ERR_PTR(ret);
}

/* No queue is left: queues hold references. */
static void vm_release(struct kref *ref)
{
	struct vsvm_vm *vm = container_of(ref, struct vsvm_vm, ref);
	unsigned long index = 0;

	xa_erase(&vm->vdev->vms, vsvm_hw_as_id(vm->pt.as));
	/* No fault finds it any more. */
	vsvm_vm_faults_fini(&vm->faults);
	vsvm_bind_unmap_all(vm);
	if (vm->mm)
		vsvm_svm_fini(&vm->svm);
	vsvm_pt_fini(&vm->pt);
	WARN_ON_ONCE(xa_find(&vm->queues, &index, ULONG_MAX, XA_PRESENT));
	xa_destroy(&vm->queues);
	mutex_destroy(&vm->bind_lock);
	/* Frees it, when the last BO has let go. */
	drm_gpuvm_put(&vm->gpuvm);
}

/**
 * vsvm_vm_put() - drop a reference
 * @vm: VM
 *
 * Context: process, no locks.
 */
void vsvm_vm_put(struct vsvm_vm *vm)
{
	kref_put(&vm->ref, vm_release);
}

/**
 * vsvm_vm_is_mine() - may the calling process use this VM
 * @vm: VM
 *
 * Return: false for the SVM VM of another process.
 */
bool vsvm_vm_is_mine(struct vsvm_vm *vm)
{
	return !vm->mm || vm->mm == current->mm;
}

/**
 * vsvm_vm_get() - look up a VM for an ioctl
 * @vfile: file
 * @id: its number there
 *
 * Return: the VM with a reference, ERR_PTR(-ENOENT), or ERR_PTR(-EACCES) if it is another
 * process's.
 */
struct vsvm_vm *vsvm_vm_get(struct vsvm_file *vfile, u32 id)
{
	struct vsvm_vm *vm;

	xa_lock(&vfile->vms);
	vm = xa_load(&vfile->vms, id);
	if (!vm)
		vm = ERR_PTR(-ENOENT);
	else if (!vsvm_vm_is_mine(vm))
		vm = ERR_PTR(-EACCES);
	else
		kref_get(&vm->ref);
	xa_unlock(&vfile->vms);
	return vm;
}

/**
 * vsvm_vm_close_file() - drop all VMs of a file that is closed
 * @vfile: file, its queues gone
 */
void vsvm_vm_close_file(struct vsvm_file *vfile)
{
	struct vsvm_vm *vm;
	unsigned long id;

	xa_for_each(&vfile->vms, id, vm) {
		xa_erase(&vfile->vms, id);
		vsvm_vm_put(vm);
	}
}

/* The BOs' range of an SVM VM: in the GPU's address space, aligned, not wrapping. */
static bool bo_range_valid(u64 start, u64 size)
{
	u64 limit = 1ULL << VSVM_VA_BITS;

	return PAGE_ALIGNED(start) && PAGE_ALIGNED(size) && start <= limit &&
	       size <= limit - start && (size || !start);
}

int vsvm_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct vsvm_file *vfile = file->driver_priv;
	struct drm_vsvm_vm_create *args = data;
	struct vsvm_vm *vm;
	int ret;

	if (args->flags & ~DRM_VSVM_VM_SVM)
		return -EINVAL;
	if (args->flags & DRM_VSVM_VM_SVM ? !bo_range_valid(args->bo_start, args->bo_size) :
					    args->bo_start || args->bo_size)
		return -EINVAL;

	vm = vm_create(to_vsvm_device(drm), args);
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	mutex_lock(&vfile->lock);
	ret = xa_alloc(&vfile->vms, &args->vm_id, vm, XA_LIMIT(1, VSVM_MAX_VMS), GFP_KERNEL);
	mutex_unlock(&vfile->lock);
	if (ret) {
		vsvm_vm_put(vm);
		return ret == -EBUSY ? -ENOSPC : ret;
	}
	return 0;
}

int vsvm_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct vsvm_file *vfile = file->driver_priv;
	struct drm_vsvm_vm_destroy *args = data;
	struct vsvm_vm *vm;
	int ret = 0;

	if (args->pad)
		return -EINVAL;
	vm = vsvm_vm_get(vfile, args->vm_id);
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	mutex_lock(&vfile->lock);
	if (vm->num_queues)
		ret = -EBUSY;
	else if (xa_cmpxchg(&vfile->vms, args->vm_id, vm, NULL, GFP_KERNEL) != vm)
		ret = -ENOENT;
	mutex_unlock(&vfile->lock);

	if (!ret)
		vsvm_vm_put(vm);
	vsvm_vm_put(vm);
	return ret;
}

/**
 * vsvm_vm_stats() - read all counters of a VM
 * @vm: VM
 * @stats: filled in
 */
void vsvm_vm_stats(struct vsvm_vm *vm, struct drm_vsvm_vm_stats *stats)
{
	*stats = (struct drm_vsvm_vm_stats) {
		.faults = READ_ONCE(vm->faults.received),
		.faults_failed = READ_ONCE(vm->faults.failed),
		.batches = READ_ONCE(vm->faults.batches),
		.fault_ns = READ_ONCE(vm->faults.busy_ns),
		.queues = READ_ONCE(vm->num_queues),
	};
	mutex_lock(&vm->pt.lock);
	stats->pt_bytes = vm->pt.tables * PAGE_SIZE;
	stats->bo_bytes = vm->bo_bytes;
	stats->pages = vm->pt.mapped - vm->bo_bytes / PAGE_SIZE;
	mutex_unlock(&vm->pt.lock);
	if (vm->mm)
		vsvm_svm_stats(&vm->svm, stats);
}

static int query_intervals(struct vsvm_vm *vm, struct drm_vsvm_vm_query *args)
{
	struct drm_vsvm_interval *list;
	u64 room, count;
	int ret = 0;

	if (!vm->mm)
		return -EINVAL;

	count = vsvm_svm_list(&vm->svm, NULL, 0);
	if (!args->pointer) {
		args->size = count * sizeof(*list);
		return 0;
	}

	/* No more than there are, however large the caller's array is. */
	room = min(args->size / sizeof(*list), count);
	list = kvcalloc(max(room, 1ULL), sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;
	count = min(vsvm_svm_list(&vm->svm, list, room), room);
	args->size = count * sizeof(*list);
	if (copy_to_user(u64_to_user_ptr(args->pointer), list, args->size))
		ret = -EFAULT;
	kvfree(list);
	return ret;
}

int vsvm_ioctl_vm_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vsvm_vm_query *args = data;
	struct drm_vsvm_vm_stats stats;
	struct vsvm_vm *vm;
	int ret;

	vm = vsvm_vm_get(file->driver_priv, args->vm_id);
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	switch (args->type) {
	case DRM_VSVM_VM_QUERY_STATS:
		vsvm_vm_stats(vm, &stats);
		ret = vsvm_query_answer(args->pointer, &args->size, &stats, sizeof(stats));
		break;
	case DRM_VSVM_VM_QUERY_INTERVALS:
		ret = query_intervals(vm, args);
		break;
	default:
		ret = -EINVAL;
	}
	vsvm_vm_put(vm);
	return ret;
}

int vsvm_ioctl_vm_sync(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vsvm_vm_sync *args = data;
	struct vsvm_vm *vm;
	int ret;

	if (args->flags)
		return -EINVAL;
	vm = vsvm_vm_get(file->driver_priv, args->vm_id);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	ret = vm->mm ? vsvm_svm_sync(&vm->svm) : -EINVAL;
	vsvm_vm_put(vm);
	return ret;
}
