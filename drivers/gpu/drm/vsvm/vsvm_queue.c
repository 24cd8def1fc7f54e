// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Queues
 *
 * The driver's side of a hardware queue: its number in a file, who may use it, and what kills it.
 *
 * The hardware's half goes as soon as the queue is destroyed, and ours with the last ioctl that
 * still looks at it. queue->lock stands between: none of the calls made under it sleeps, and
 * whoever finds queue->hw gone knows that the queue is.
 *
 * Killing goes by vm->queues: page faults name the hardware's number, and hot-unplug takes all.
 */

#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>

#include "vsvm_drv.h"
#include "vsvm_hold.h"
#include "vsvm_query.h"
#include "vsvm_queue.h"
#include "vsvm_vm.h"

static struct vsvm_queue *queue_create(struct vsvm_vm *vm, unsigned int engine, u64 timeout_ns)
{
	struct vsvm_hw_queue_config config = {
		.as = vm->pt.as,
		.engine = engine,
		.timeout_ns = timeout_ns,
	};
	struct vsvm_queue *queue;
	int ret;

	queue = kzalloc_obj(*queue, GFP_KERNEL_ACCOUNT);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	kref_init(&queue->ref);
	spin_lock_init(&queue->lock);
	queue->engine = engine;

	queue->hw = vsvm_hw_queue_create(vm->vdev->hw, &config);
	if (IS_ERR(queue->hw)) {
		ret = PTR_ERR(queue->hw);
		goto free_queue;
	}
	queue->hw_id = vsvm_hw_queue_id(queue->hw);

	ret = xa_insert(&vm->queues, queue->hw_id, queue, GFP_KERNEL);
	if (ret)
		goto destroy_hw;
	queue->vm = vm;
	kref_get(&vm->ref);
	return queue;

destroy_hw:
	vsvm_hw_queue_destroy(queue->hw);
free_queue:
	kfree(queue);
	return ERR_PTR(ret);
}

/* Stops the queue. On return it touches no memory; ioctls under way learn of it. */
static void queue_stop(struct vsvm_queue *queue)
{
	struct vsvm_hold_pass pass;
	struct vsvm_hw_queue *hw;

	vsvm_hold(queue->vm->pt.as, VSVM_HOLD_QUEUE_STOP, 0, U64_MAX);
	xa_erase(&queue->vm->queues, queue->hw_id);

	spin_lock(&queue->lock);
	hw = queue->hw;
	queue->hw = NULL;
	spin_unlock(&queue->lock);

	vsvm_hold_pass_begin(&pass, queue->vm->pt.as);
	vsvm_hw_queue_destroy(hw);
	vsvm_hold_pass_end(&pass);
	wake_up_all(&queue->vm->vdev->event_wq);
}

static void queue_release(struct kref *ref)
{
	struct vsvm_queue *queue = container_of(ref, struct vsvm_queue, ref);

	WARN_ON_ONCE(queue->hw);
	vsvm_vm_put(queue->vm);
	kfree(queue);
}

/**
 * vsvm_queue_put() - drop a reference
 * @queue: queue
 *
 * Context: process, no locks.
 */
void vsvm_queue_put(struct vsvm_queue *queue)
{
	kref_put(&queue->ref, queue_release);
}

/**
 * vsvm_queue_get() - look up a queue for an ioctl
 * @vfile: file
 * @id: its number there
 *
 * Return: the queue with a reference, ERR_PTR(-ENOENT), or ERR_PTR(-EACCES) if its VM is another
 * process's.
 */
struct vsvm_queue *vsvm_queue_get(struct vsvm_file *vfile, u32 id)
{
	struct vsvm_queue *queue;

	xa_lock(&vfile->queues);
	queue = xa_load(&vfile->queues, id);
	if (!queue)
		queue = ERR_PTR(-ENOENT);
	else if (!vsvm_vm_is_mine(queue->vm))
		queue = ERR_PTR(-EACCES);
	else
		kref_get(&queue->ref);
	xa_unlock(&vfile->queues);
	return queue;
}

/**
 * vsvm_queue_status() - look at the hardware's queue
 * @queue: queue
 * @status: filled in
 *
 * Context: does not sleep.
 * Return: 0, or -ENOENT if it was destroyed.
 */
int vsvm_queue_status(struct vsvm_queue *queue, struct vsvm_hw_queue_status *status)
{
	int ret = 0;

	spin_lock(&queue->lock);
	if (queue->hw)
		vsvm_hw_queue_status(queue->hw, status);
	else
		ret = -ENOENT;
	spin_unlock(&queue->lock);
	return ret;
}

static int queue_submit(struct vsvm_queue *queue, const struct vsvm_hw_stream *streams,
			unsigned int count)
{
	int ret;

	spin_lock(&queue->lock);
	ret = queue->hw ? vsvm_hw_queue_submit(queue->hw, streams, count) : -ENOENT;
	spin_unlock(&queue->lock);
	return ret;
}

static void queue_cancel(struct vsvm_queue *queue, const struct vsvm_hw_fault *fault, u32 error)
{
	spin_lock(&queue->lock);
	if (queue->hw)
		vsvm_hw_queue_cancel(queue->hw, fault, error);
	spin_unlock(&queue->lock);
}

/**
 * vsvm_queue_kill() - kill the queue of a page fault that cannot be served
 * @vm: VM
 * @fault: the fault; its queue may be gone already
 * @error: &enum vsvm_error
 */
void vsvm_queue_kill(struct vsvm_vm *vm, const struct vsvm_hw_fault *fault, u32 error)
{
	struct vsvm_queue *queue;

	xa_lock(&vm->queues);
	queue = xa_load(&vm->queues, fault->queue);
	if (queue)
		queue_cancel(queue, fault, error);
	xa_unlock(&vm->queues);
}

/**
 * vsvm_queue_kill_all() - kill every queue of the device
 * @vdev: device that takes no submissions any more
 * @error: &enum vsvm_error
 */
void vsvm_queue_kill_all(struct vsvm_device *vdev, u32 error)
{
	struct vsvm_hw_fault none = { .wave = VSVM_HW_WAVE_NONE, .time_ns = ktime_get_ns() };
	unsigned long asid, hw_id;
	struct vsvm_queue *queue;
	struct vsvm_vm *vm;

	xa_lock(&vdev->vms);
	xa_for_each(&vdev->vms, asid, vm) {
		xa_lock_nested(&vm->queues, SINGLE_DEPTH_NESTING);
		xa_for_each(&vm->queues, hw_id, queue)
			queue_cancel(queue, &none, error);
		xa_unlock(&vm->queues);
	}
	xa_unlock(&vdev->vms);
}

/**
 * vsvm_queue_close_file() - destroy all queues of a file that is closed
 * @vfile: file
 */
void vsvm_queue_close_file(struct vsvm_file *vfile)
{
	struct vsvm_queue *queue;
	unsigned long id;

	xa_for_each(&vfile->queues, id, queue) {
		xa_erase(&vfile->queues, id);
		queue_stop(queue);
		vsvm_queue_put(queue);
	}
}

int vsvm_ioctl_queue_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct vsvm_device *vdev = to_vsvm_device(drm);
	struct vsvm_file *vfile = file->driver_priv;
	struct drm_vsvm_queue_create *args = data;
	u64 timeout_ns = args->timeout_ns;
	unsigned int engine = args->engine;
	struct vsvm_queue *queue;
	struct vsvm_vm *vm;
	int ret;

	if (args->flags)
		return -EINVAL;
	if (engine == DRM_VSVM_ENGINE_ANY)
		engine = (unsigned int)atomic_inc_return(&vdev->next_engine) % vdev->num_engines;
	else if (engine >= vdev->num_engines)
		return -EINVAL;
	if (!timeout_ns)
		timeout_ns = (u64)READ_ONCE(vsvm_job_timeout_ms) * NSEC_PER_MSEC;
	else if (timeout_ns == U64_MAX)
		timeout_ns = 0;

	vm = vsvm_vm_get(vfile, args->vm_id);
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	queue = queue_create(vm, engine, timeout_ns);
	if (IS_ERR(queue)) {
		ret = PTR_ERR(queue);
		goto put_vm;
	}

	/* The VM may have been destroyed by its number meanwhile, and then takes no more queues. */
	mutex_lock(&vfile->lock);
	if (xa_load(&vfile->vms, args->vm_id) == vm)
		ret = xa_alloc(&vfile->queues, &args->queue_id, queue,
			       XA_LIMIT(1, VSVM_MAX_QUEUES), GFP_KERNEL);
	else
		ret = -ENOENT;
	if (!ret)
		vm->num_queues++;
	mutex_unlock(&vfile->lock);

	if (ret) {
		ret = ret == -EBUSY ? -ENOSPC : ret;
		queue_stop(queue);
		vsvm_queue_put(queue);
	} else {
		args->engine = engine;
	}
put_vm:
	vsvm_vm_put(vm);
	return ret;
}

int vsvm_ioctl_queue_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct vsvm_file *vfile = file->driver_priv;
	struct drm_vsvm_queue_destroy *args = data;
	struct vsvm_queue *queue;
	int ret = 0;

	if (args->pad)
		return -EINVAL;
	queue = vsvm_queue_get(vfile, args->queue_id);
	if (IS_ERR(queue))
		return PTR_ERR(queue);

	mutex_lock(&vfile->lock);
	if (xa_cmpxchg(&vfile->queues, args->queue_id, queue, NULL, GFP_KERNEL) != queue)
		ret = -ENOENT;
	else
		queue->vm->num_queues--;
	mutex_unlock(&vfile->lock);

	if (!ret) {
		queue_stop(queue);
		vsvm_queue_put(queue);
	}
	vsvm_queue_put(queue);
	return ret;
}

int vsvm_ioctl_queue_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vsvm_queue_query *args = data;
	struct vsvm_hw_queue_status status;
	struct vsvm_queue *queue;
	int ret;

	queue = vsvm_queue_get(file->driver_priv, args->queue_id);
	if (IS_ERR(queue))
		return PTR_ERR(queue);

	ret = vsvm_queue_status(queue, &status);
	if (!ret)
		*args = (struct drm_vsvm_queue_query) {
			.queue_id = args->queue_id,
			.engine = queue->engine,
			.submitted = status.submitted,
			.completed = status.completed,
			.error = status.error,
			.access = status.access,
			.addr = status.addr,
			.time_ns = status.time_ns,
			.wave = status.wave,
			.parked = status.parked,
		};
	vsvm_queue_put(queue);
	return ret;
}

/**
 * vsvm_queue_check_streams() - are streams as they have to be?
 * @streams: streams
 * @count: how many
 *
 * Return: 0 or -EINVAL.
 */
int vsvm_queue_check_streams(const struct drm_vsvm_exec_stream *streams, unsigned int count)
{
	unsigned int i;

	/* The uAPI's element and the hardware's are one and the same, field by field. */
	static_assert(sizeof(*streams) == sizeof(struct vsvm_hw_stream));
	static_assert(offsetof(typeof(*streams), addr) == offsetof(struct vsvm_hw_stream, addr));
	static_assert(offsetof(typeof(*streams), size) == offsetof(struct vsvm_hw_stream, size));
	static_assert(offsetof(typeof(*streams), fence_addr) ==
		      offsetof(struct vsvm_hw_stream, fence_addr));
	static_assert(offsetof(typeof(*streams), fence_value) ==
		      offsetof(struct vsvm_hw_stream, fence_value));

	for (i = 0; i < count; i++)
		if ((streams[i].addr | streams[i].size | streams[i].fence_addr) % sizeof(u64))
			return -EINVAL;
	return 0;
}

/* Submits, or waits for room. */
static int submit(struct vsvm_queue *queue, const struct vsvm_hw_stream *streams,
		  unsigned int count, bool nonblock)
{
	struct vsvm_device *vdev = queue->vm->vdev;
	int ret, idx, interrupted;

	/* Either the device kills this stream with all others, or it does not take it. */
	if (!drm_dev_enter(&vdev->drm, &idx))
		return -ENODEV;
	ret = queue_submit(queue, streams, count);
	drm_dev_exit(idx);
	if (ret != -EBUSY)
		return ret;
	if (nonblock)
		return -EAGAIN;

	/* A queue that was killed by a hot-unplug says -EIO. */
	interrupted = wait_event_interruptible(vdev->event_wq,
					       (ret = queue_submit(queue, streams, count)) !=
					       -EBUSY);
	return interrupted ? interrupted : ret;
}

int vsvm_ioctl_exec(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vsvm_exec *args = data;
	struct drm_vsvm_exec_stream *streams;
	struct vsvm_queue *queue;
	int ret;

	if (args->flags & ~DRM_VSVM_EXEC_NONBLOCK)
		return -EINVAL;
	queue = vsvm_queue_get(file->driver_priv, args->queue_id);
	if (IS_ERR(queue))
		return PTR_ERR(queue);

	streams = vsvm_array_get(&args->streams, sizeof(*streams), VSVM_HW_QUEUE_DEPTH);
	if (IS_ERR_OR_NULL(streams)) {
		ret = streams ? PTR_ERR(streams) : -EINVAL;
		goto put_queue;
	}

	ret = vsvm_queue_check_streams(streams, args->streams.count);
	if (!ret)
		ret = submit(queue, (const struct vsvm_hw_stream *)streams, args->streams.count,
			     args->flags & DRM_VSVM_EXEC_NONBLOCK);
	kvfree(streams);
put_queue:
	vsvm_queue_put(queue);
	return ret;
}
