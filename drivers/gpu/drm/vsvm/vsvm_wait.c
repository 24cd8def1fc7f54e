// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: User fences
 *
 * Work in an SVM VM may meet page faults, and so may wait for memory. Nothing that the kernel waits
 * for when it frees memory may depend on it: such work never signals a dma_fence. It writes a
 * 64-bit value into memory, and who wants to know waits for that value here.
 *
 * One wait queue for the device: every fence wakes all who wait, and each looks at its own word.
 * The word is read as the caller's CPU reads it, by get_user().
 *
 *  engine                                  waiter
 *  ------                                  ------
 *                                          add_wait_queue()
 *  write the fence                         get_user(): not yet
 *  wake_up_all(event_wq)
 *                                          wait_woken(): returns at once
 *
 * A queue's death is looked at before the word: a fence that it wrote as its last deed counts.
 */

#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include <drm/drm_drv.h>

#include "vsvm_drv.h"
#include "vsvm_queue.h"
#include "vsvm_wait.h"

/**
 * vsvm_wait_satisfied() - does a word meet the condition?
 * @args: what is waited for
 * @memory: the word
 *
 * Return: true if so.
 */
bool vsvm_wait_satisfied(const struct drm_vsvm_wait_user_fence *args, u64 memory)
{
	u64 left = memory & args->mask, right = args->value & args->mask;

	switch (args->op) {
	case DRM_VSVM_WAIT_EQ:
		return left == right;
	case DRM_VSVM_WAIT_NE:
		return left != right;
	case DRM_VSVM_WAIT_GE:
		return left >= right;
	case DRM_VSVM_WAIT_GT:
		return left > right;
	case DRM_VSVM_WAIT_LE:
		return left <= right;
	default:
		return left < right;
	}
}

/* -EIO for a queue that was killed, -ENOENT for one that was destroyed, else 0. */
static int queue_state(struct vsvm_queue *queue)
{
	struct vsvm_hw_queue_status status;
	int ret;

	if (!queue)
		return 0;
	ret = vsvm_queue_status(queue, &status);
	if (!ret && status.error)
		ret = -EIO;
	return ret;
}

/* 0 if the condition holds, -EAGAIN if it may yet, else why it never will. */
static int look(struct vsvm_device *vdev, struct vsvm_queue *queue,
		const struct drm_vsvm_wait_user_fence *args)
{
	u64 __user *word = u64_to_user_ptr(args->addr);
	int state = queue_state(queue);
	u64 memory;

	if (get_user(memory, word))
		return -EFAULT;
	if (vsvm_wait_satisfied(args, memory))
		return 0;
	if (state)
		return state;
	return drm_dev_is_unplugged(&vdev->drm) ? -ENODEV : -EAGAIN;
}

/**
 * vsvm_wait_jiffies() - how long to sleep
 * @timeout_ns: until when, S64_MAX for ever
 * @now: what the time is
 *
 * Return: jiffies, 0 if the moment is past.
 */
long vsvm_wait_jiffies(s64 timeout_ns, s64 now)
{
	if (timeout_ns == S64_MAX)
		return MAX_SCHEDULE_TIMEOUT;
	if (timeout_ns <= now)
		return 0;
	return min_t(u64, nsecs_to_jiffies64(timeout_ns - now) + 1, MAX_SCHEDULE_TIMEOUT - 1);
}

static int wait(struct vsvm_device *vdev, struct vsvm_queue *queue,
		const struct drm_vsvm_wait_user_fence *args)
{
	DEFINE_WAIT_FUNC(entry, woken_wake_function);
	long left;
	int ret;

	add_wait_queue(&vdev->event_wq, &entry);
	for (;;) {
		left = vsvm_wait_jiffies(args->timeout_ns, ktime_get_ns());
		ret = look(vdev, queue, args);
		if (ret != -EAGAIN)
			break;
		if (!left) {
			ret = -ETIME;
			break;
		}
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		wait_woken(&entry, TASK_INTERRUPTIBLE, left);
	}
	remove_wait_queue(&vdev->event_wq, &entry);
	return ret;
}

int vsvm_ioctl_wait_user_fence(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct vsvm_device *vdev = to_vsvm_device(drm);
	struct drm_vsvm_wait_user_fence *args = data;
	struct vsvm_queue *queue = NULL;
	int ret;

	if (args->flags || args->pad || args->op > DRM_VSVM_WAIT_LT || args->addr % sizeof(u64))
		return -EINVAL;
	if (args->queue_id) {
		queue = vsvm_queue_get(file->driver_priv, args->queue_id);
		if (IS_ERR(queue))
			return PTR_ERR(queue);
	}

	ret = wait(vdev, queue, args);
	if (queue)
		vsvm_queue_put(queue);
	return ret;
}
