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
 * Lifetime: the file, queues, ioctls and work under way hold references; the last one undoes
 * everything, in process context. That may be in another process, or in a work item after the file
 * has been closed, and after the maker's mm has ended. The module waits for it before it goes
 * (vsvm_vm_wait_all()).
 */

#include <linux/log2.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait_bit.h>

#include <drm/drm_drv.h>

#include "svm/svm_policy.h"
#include "svm/svm_wait.h"
#include "vsvm_bind.h"
#include "vsvm_drv.h"
#include "vsvm_hold.h"
#include "vsvm_query.h"
#include "vsvm_queue.h"
#include "vsvm_vm.h"

static atomic_t num_vms = ATOMIC_INIT(0);

/**
 * vsvm_vm_free() - give back the memory of a VM
 * @vm: VM of which nothing else is left
 */
void vsvm_vm_free(struct vsvm_vm *vm)
{
	struct drm_device *drm = &vm->vdev->drm;

	kfree(vm);
	drm_dev_put(drm);
	if (atomic_dec_and_test(&num_vms))
		wake_up_var(&num_vms);
}

/**
 * vsvm_vm_wait_all() - wait until there is no VM
 *
 * Context: process; nobody can make another one.
 */
void vsvm_vm_wait_all(void)
{
	wait_var_event(&num_vms, !atomic_read(&num_vms));
}

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

/* Many open the file to look at the device, and make no VM. */
static struct vsvm_fault_pool *fault_pool(struct vsvm_file *vfile)
{
	struct vsvm_fault_pool *pool;

	mutex_lock(&vfile->lock);
	if (!vfile->fault_pool)
		vfile->fault_pool = vsvm_fault_pool_create();
	/* It stays until the file is closed. */
	pool = vfile->fault_pool;
	mutex_unlock(&vfile->lock);
	return pool;
}

static struct vsvm_vm *vm_create(struct vsvm_device *vdev, const struct drm_vsvm_vm_create *args,
				 struct drm_file *file)
{
	struct vsvm_fault_pool *pool = fault_pool(file->driver_priv);
	bool svm = args->flags & DRM_VSVM_VM_SVM;
	struct vsvm_vm *vm;
	int ret;

	if (!pool)
		return ERR_PTR(-ENOMEM);
	vm = kzalloc_obj(*vm, GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);

	kref_init(&vm->ref);
	vm->vdev = vdev;
	drm_dev_get(&vdev->drm);
	atomic_inc(&num_vms);
	vm->bo_start = args->bo_start;
	vm->bo_end = svm ? args->bo_start + args->bo_size : 1ULL << VSVM_VA_BITS;
	vm->tgid = task_tgid_nr(current);
	get_task_comm(vm->comm, current);
	vm->client = file->client_id;
	mutex_init(&vm->bind_lock);
	xa_init(&vm->queues);
	vsvm_vm_counters_init(&vm->counters);

	ret = vsvm_pt_init(&vm->pt, vdev->hw, &vdev->vram);
	if (ret)
		goto free_vm;
	vsvm_vram_watch(&vdev->vram, &vm->watch, &vm->pt);
	if (vdev->vram.num_chunks) {
		vm->vram = vsvm_vram_client_create(&vdev->vram, vm->pt.as, args->vram_limit);
		if (!vm->vram) {
			ret = -ENOMEM;
			goto fini_pt;
		}
	}
	if (svm) {
		ret = vsvm_svm_init(&vm->svm, current->mm, &vm->pt, pool->wq, &vdev->vram, vm->vram,
				    args);
		if (ret)
			goto close_client;
		vm->mm = current->mm;
	}
	ret = vsvm_vm_faults_init(&vm->faults, pool);
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
	vsvm_fault_pool_put(pool);
fini_svm:
	if (svm)
		vsvm_svm_fini(&vm->svm);
close_client:
	if (vm->vram)
		vsvm_vram_client_close(&vdev->vram, vm->vram);
fini_pt:
	vsvm_vram_unwatch(&vdev->vram, &vm->watch);
	vsvm_pt_fini(&vm->pt);
free_vm:
	vsvm_vm_free(vm);
	return ERR_PTR(ret);
}

/* No queue is left: queues hold references. */
static void vm_release(struct kref *ref)
{
	struct vsvm_vm *vm = container_of(ref, struct vsvm_vm, ref);
	unsigned long index = 0;

	vsvm_hold(vm->pt.as, VSVM_HOLD_VM_RELEASE, 0, U64_MAX);
	vsvm_hold_disarm_vm(vm->pt.as);
	xa_erase(&vm->vdev->vms, vsvm_hw_as_id(vm->pt.as));
	/* No fault finds it any more, nor is one being served, for that has a reference. */
	if (vm->mm)
		vsvm_wait_fini(&vm->svm);
	vsvm_vm_faults_fini(&vm->faults);
	vsvm_bind_unmap_all(vm);
	if (vm->mm)
		vsvm_svm_fini(&vm->svm);
	if (vm->vram)
		vsvm_vram_client_close(&vm->vdev->vram, vm->vram);
	vsvm_vram_unwatch(&vm->vdev->vram, &vm->watch);
	vsvm_pt_fini(&vm->pt);
	WARN_ON_ONCE(xa_find(&vm->queues, &index, ULONG_MAX, XA_PRESENT));
	xa_destroy(&vm->queues);
	mutex_destroy(&vm->bind_lock);
	vsvm_fault_pool_put(vm->faults.pool);
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

/* The program has no way to it any more. Whoever still works for it is told so. */
static void give_up(struct vsvm_vm *vm)
{
	WRITE_ONCE(vm->svm.closing, true);
	vsvm_hold_close_vm(vm->pt.as);
	vsvm_vm_put(vm);
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
		give_up(vm);
	}
}

/**
 * vsvm_vm_bo_range_ok() - may this be the range for BOs of an SVM VM?
 * @start: first byte
 * @size: bytes; 0, with @start 0, for none
 *
 * Return: true if it is aligned and lies in the GPU's address space.
 */
bool vsvm_vm_bo_range_ok(u64 start, u64 size)
{
	u64 limit = 1ULL << VSVM_VA_BITS;

	return PAGE_ALIGNED(start) && PAGE_ALIGNED(size) && start <= limit &&
	       size <= limit - start && (size || !start);
}

static bool policy_ok(const struct drm_vsvm_vm_create *args)
{
	u64 window = args->interval_window;

	if (!(args->flags & DRM_VSVM_VM_SVM))
		return !args->interval_policy && !window && !args->location && !args->vram_limit &&
		       !args->counter_threshold;
	if (!vsvm_policy_get(args->interval_policy))
		return false;
	if (args->interval_policy == DRM_VSVM_INTERVAL_POLICY_WINDOW)
		return is_power_of_2(window) && window >= PAGE_SIZE && window <= SZ_1T;
	return !window;
}

int vsvm_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct vsvm_file *vfile = file->driver_priv;
	struct drm_vsvm_vm_create *args = data;
	struct vsvm_vm *vm;
	int ret;

	if (args->flags & ~DRM_VSVM_VM_SVM || args->location > DRM_VSVM_LOCATION_VRAM ||
	    args->pad || !policy_ok(args))
		return -EINVAL;
	if (args->flags & DRM_VSVM_VM_SVM ? !vsvm_vm_bo_range_ok(args->bo_start, args->bo_size) :
					    args->bo_start || args->bo_size)
		return -EINVAL;

	vm = vm_create(to_vsvm_device(drm), args, file);
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	mutex_lock(&vfile->lock);
	ret = xa_alloc(&vfile->vms, &args->vm_id, vm, XA_LIMIT(1, VSVM_MAX_VMS), GFP_KERNEL);
	if (!ret)
		WRITE_ONCE(vm->id, args->vm_id);
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
		give_up(vm);
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
	stats->pages = vm->pt.mapped - vm->bo_pages;
	mutex_unlock(&vm->pt.lock);
	if (vm->vram) {
		stats->vram_bytes = READ_ONCE(vm->vram->chunks) * VSVM_HW_VRAM_BLOCK;
		stats->bo_blocks = READ_ONCE(vm->vram->bo_blocks);
		stats->bo_blocks_evicted = atomic64_read(&vm->vram->bo_evicted);
	}
	if (vm->mm)
		vsvm_svm_stats(&vm->svm, stats);
	stats->faults_waited += READ_ONCE(vm->faults.absorbed);
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

/**
 * vsvm_vm_range_ok() - may this be a range of the process's memory?
 * @vm: VM
 * @addr: first byte
 * @size: bytes
 *
 * Return: true if it is aligned, not empty, in the GPU's address space and none of the BOs'.
 */
bool vsvm_vm_range_ok(const struct vsvm_vm *vm, u64 addr, u64 size)
{
	return size && vsvm_vm_bo_range_ok(addr, size) &&
	       (addr + size <= vm->bo_start || addr >= vm->bo_end);
}

int vsvm_ioctl_vm_register(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vsvm_vm_register *args = data;
	struct vsvm_vm *vm;
	int ret = -EINVAL;

	if (args->flags & ~DRM_VSVM_REGISTER_REMOVE)
		return -EINVAL;
	vm = vsvm_vm_get(file->driver_priv, args->vm_id);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	if (vm->mm && vm->svm.policy == vsvm_policy_get(DRM_VSVM_INTERVAL_POLICY_REGISTERED) &&
	    vsvm_vm_range_ok(vm, args->addr, args->size)) {
		if (args->flags & DRM_VSVM_REGISTER_REMOVE)
			ret = vsvm_svm_unregister(&vm->svm, args->addr, args->addr + args->size);
		else
			ret = vsvm_svm_register(&vm->svm, args->addr, args->addr + args->size);
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
