// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Prefetch and attributes
 *
 * What a program may say of its memory in advance: that the GPU will use it, and how it is to be
 * mapped. Both calls take arrays of ranges; svm/ does the work.
 *
 * A prefetch is done in the caller's thread, or, if it wants so, by a work item that writes a fence
 * into the process's memory in the end. The work item holds the VM and the users of the mm, so both
 * last until it is done; it stops early when the VM is given up (&vsvm_svm.closing), which the end
 * of the process brings about, unless another process has the file too; there it ends like others.
 * Prefetches have a workqueue of their own: they may take long, and be many, and must not be in the
 * way of faults.
 *
 * Locking: none of its own.
 */

#include <linux/mm.h>
#include <linux/mmu_context.h>
#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include <drm/drm_device.h>

#include "svm/svm.h"
#include "vsvm_drv.h"
#include "vsvm_prefetch.h"
#include "vsvm_query.h"
#include "vsvm_vm.h"

#define PREFETCH_TO	(DRM_VSVM_PREFETCH_TO_VRAM | DRM_VSVM_PREFETCH_TO_SYSTEM)
#define PREFETCH_FLAGS	(DRM_VSVM_PREFETCH_WRITE | DRM_VSVM_PREFETCH_ASYNC | PREFETCH_TO)
/* How often a fence is tried that can be made writable, but is not then. */
#define FENCE_TRIES	100
/* When to try again a fence that has to wait: soon at first, then rarer up to this. */
#define FENCE_DELAY	(HZ / 5)

static struct workqueue_struct *prefetch_wq;

int vsvm_prefetch_module_init(void)
{
	prefetch_wq = alloc_workqueue("vsvm-prefetch", WQ_UNBOUND, 0);
	return prefetch_wq ? 0 : -ENOMEM;
}

/* No VM is left, so nothing is queued any more. */
void vsvm_prefetch_module_fini(void)
{
	destroy_workqueue(prefetch_wq);
}

/**
 * struct prefetch - an asynchronous prefetch
 */
struct prefetch {
	/** @work: does it */
	struct delayed_work work;
	/** @delay: jiffies until the fence is tried again; 0 while the ranges are not done */
	unsigned long delay;
	/** @vm: VM, with a reference */
	struct vsvm_vm *vm;
	/** @ranges: what is to be mapped */
	struct drm_vsvm_range *ranges;
	/** @count: how many */
	unsigned int count;
	/** @flags: DRM_VSVM_PREFETCH_* */
	u32 flags;
	/** @fence: where the fence goes */
	u64 __user *fence;
	/** @value: what is written there */
	u64 value;
};

static int prefetch_ranges(struct vsvm_vm *vm, const struct drm_vsvm_range *ranges,
			   unsigned int count, u32 flags, u64 *done)
{
	u8 location = DRM_VSVM_LOCATION_ANY;
	unsigned int i;
	int ret = 0;

	if (flags & DRM_VSVM_PREFETCH_TO_VRAM)
		location = DRM_VSVM_LOCATION_VRAM;
	else if (flags & DRM_VSVM_PREFETCH_TO_SYSTEM)
		location = DRM_VSVM_LOCATION_SYSTEM;

	for (i = 0; i < count && !ret; i++)
		ret = vsvm_svm_prefetch(&vm->svm, ranges[i].addr, ranges[i].addr + ranges[i].size,
					flags & DRM_VSVM_PREFETCH_WRITE, location, done);
	return ret;
}

/* Nobody is left to read a fence: the VM was given up, or of the process only memory is left. */
static bool is_abandoned(struct vsvm_vm *vm)
{
#ifdef CONFIG_MEMCG
	if (!rcu_access_pointer(vm->svm.mm->owner))
		return true;
#endif
	return READ_ONCE(vm->svm.closing);
}

/*
 * A fence that the process took away is its own loss. Nor may it hold up the work item: where a
 * userfaultfd watches, who waits for the fence reads it, and has it answered. Returns false if it
 * has to be tried again.
 */
static bool write_fence(struct prefetch *prefetch)
{
	struct mm_struct *mm = prefetch->vm->svm.mm;
	unsigned long addr = (unsigned long)prefetch->fence;
	unsigned int flags = FAULT_FLAG_REMOTE | FAULT_FLAG_USER | FAULT_FLAG_WRITE |
			     FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_RETRY_NOWAIT;
	unsigned int tries = 0;
	struct vm_area_struct *vma;
	vm_fault_t fault;
	long left;

	while (tries < FENCE_TRIES) {
		kthread_use_mm(mm);
		left = copy_to_user_nofault(prefetch->fence, &prefetch->value, sizeof(u64));
		kthread_unuse_mm(mm);
		if (!left)
			return true;

		mmap_read_lock(mm);
		vma = vma_lookup(mm, addr);
		fault = vma && vma->vm_flags & VM_WRITE ? handle_mm_fault(vma, addr, flags, NULL) :
							  VM_FAULT_SIGSEGV;
		mmap_read_unlock(mm);
		if (fault & VM_FAULT_ERROR)
			return true;
		if (fault & VM_FAULT_RETRY)
			return is_abandoned(prefetch->vm);
		tries++;
	}
	return true;
}

static void prefetch_work(struct work_struct *work)
{
	struct prefetch *prefetch = container_of(to_delayed_work(work), struct prefetch, work);
	struct vsvm_vm *vm = prefetch->vm;
	struct mem_cgroup *memcg = vsvm_svm_charge_begin(&vm->svm);
	bool written;
	u64 done = 0;

	/* What fails here, faults later. */
	if (!prefetch->delay)
		prefetch_ranges(vm, prefetch->ranges, prefetch->count, prefetch->flags, &done);
	written = write_fence(prefetch);
	vsvm_svm_charge_end(memcg);
	if (!written) {
		prefetch->delay = clamp(2 * prefetch->delay, 1, FENCE_DELAY);
		queue_delayed_work(prefetch_wq, &prefetch->work, prefetch->delay);
		return;
	}
	wake_up_all(&vm->vdev->event_wq);

	kvfree(prefetch->ranges);
	kfree(prefetch);
	mmput_async(vm->svm.mm);
	vsvm_vm_put(vm);
}

/* Takes over @ranges and the reference of @vm if it succeeds. */
static int prefetch_async(struct vsvm_vm *vm, struct drm_vsvm_range *ranges,
			  const struct drm_vsvm_vm_prefetch *args)
{
	struct prefetch *prefetch = kzalloc_obj(*prefetch, GFP_KERNEL_ACCOUNT);

	if (!prefetch)
		return -ENOMEM;
	prefetch->vm = vm;
	prefetch->ranges = ranges;
	prefetch->count = args->ranges.count;
	prefetch->flags = args->flags;
	prefetch->fence = u64_to_user_ptr(args->fence_addr);
	prefetch->value = args->fence_value;
	INIT_DELAYED_WORK(&prefetch->work, prefetch_work);
	/* The caller is of this process, so there are users. */
	mmget(vm->svm.mm);
	queue_delayed_work(prefetch_wq, &prefetch->work, 0);
	return 0;
}

int vsvm_ioctl_vm_prefetch(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vsvm_vm_prefetch *args = data;
	bool async = args->flags & DRM_VSVM_PREFETCH_ASYNC;
	struct drm_vsvm_range *ranges;
	struct vsvm_vm *vm;
	unsigned int i;
	int ret;

	args->done = 0;
	if (args->flags & ~PREFETCH_FLAGS || (args->flags & PREFETCH_TO) == PREFETCH_TO ||
	    args->fence_addr % sizeof(u64) || !args->fence_addr == async ||
	    (!async && args->fence_value))
		return -EINVAL;
	vm = vsvm_vm_get(file->driver_priv, args->vm_id);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	ranges = vsvm_array_get(&args->ranges, sizeof(*ranges), DRM_VSVM_MAX_ARRAY);
	if (IS_ERR(ranges)) {
		ret = PTR_ERR(ranges);
		goto put_vm;
	}

	ret = vm->mm ? 0 : -EINVAL;
	for (i = 0; i < args->ranges.count; i++)
		if (!vsvm_vm_range_ok(vm, ranges[i].addr, ranges[i].size))
			ret = -EINVAL;
	if (!ret && async) {
		ret = prefetch_async(vm, ranges, args);
		if (!ret)
			return 0;
	} else if (!ret) {
		ret = prefetch_ranges(vm, ranges, args->ranges.count,
				      args->flags, &args->done);
	}
	kvfree(ranges);
put_vm:
	vsvm_vm_put(vm);
	return ret;
}

static bool value_ok(u32 type, u32 value)
{
	switch (type) {
	case DRM_VSVM_ATTR_PAGE_SIZE:
		return value <= DRM_VSVM_PAGE_SIZE_2M;
	case DRM_VSVM_ATTR_LOCATION:
		return value <= DRM_VSVM_LOCATION_VRAM;
	case DRM_VSVM_ATTR_GRANULARITY:
		return !value || (value >= PAGE_SHIFT && value <= VSVM_PT_SHIFT(1));
	case DRM_VSVM_ATTR_ACCESSED_BY:
	case DRM_VSVM_ATTR_PINNED:
	case DRM_VSVM_ATTR_READ_MOSTLY:
		return value <= 1;
	case DRM_VSVM_ATTR_ATOMIC:
		return value <= DRM_VSVM_ATOMIC_MIGRATE;
	case DRM_VSVM_ATTR_PEER:
		return value <= DRM_VSVM_PEER_REFUSE;
	default:
		return false;
	}
}

static int do_attr(struct vsvm_vm *vm, struct drm_vsvm_attr_op *op, bool query)
{
	if (!value_ok(op->type, query ? 0 : op->value) ||
	    !vsvm_vm_range_ok(vm, op->addr, op->size))
		return -EINVAL;
	return query ? vsvm_svm_get_attr(&vm->svm, op) : vsvm_svm_set_attr(&vm->svm, op);
}

int vsvm_ioctl_vm_attr(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vsvm_vm_attr *args = data;
	bool query = args->flags & DRM_VSVM_ATTR_QUERY;
	struct drm_vsvm_attr_op *ops;
	struct vsvm_vm *vm;
	unsigned int i;
	int ret = 0;

	if (args->flags & ~DRM_VSVM_ATTR_QUERY)
		return -EINVAL;
	vm = vsvm_vm_get(file->driver_priv, args->vm_id);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	if (!vm->mm) {
		ret = -EINVAL;
		goto put_vm;
	}
	ops = vsvm_array_get(&args->ops, sizeof(*ops), DRM_VSVM_MAX_ARRAY);
	if (IS_ERR(ops)) {
		ret = PTR_ERR(ops);
		goto put_vm;
	}

	for (i = 0; i < args->ops.count && !ret; i++)
		ret = do_attr(vm, &ops[i], query);
	if (ret)
		args->ops.count = i - 1;
	else if (query)
		ret = vsvm_array_put(&args->ops, ops, sizeof(*ops));
	kvfree(ops);
put_vm:
	vsvm_vm_put(vm);
	return ret;
}
