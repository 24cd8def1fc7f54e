/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_QUEUE_H_
#define _VSVM_QUEUE_H_

#include <linux/kref.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vsvm_hw.h>

struct drm_device;
struct drm_file;
struct drm_vsvm_exec_stream;
struct vsvm_device;
struct vsvm_file;
struct vsvm_vm;

/**
 * struct vsvm_queue - a queue as the driver keeps it
 */
struct vsvm_queue {
	/** @ref: file, and ioctls under way */
	struct kref ref;
	/** @vm: VM it runs in, with a reference */
	struct vsvm_vm *vm;
	/** @engine: engine that runs it */
	unsigned int engine;
	/** @hw_id: vsvm_hw_queue_id(), its key in &vsvm_vm.queues */
	u32 hw_id;
	/** @lock: covers @hw */
	spinlock_t lock;
	/** @hw: the hardware's queue, NULL when destroyed */
	struct vsvm_hw_queue *hw;
};

struct vsvm_queue *vsvm_queue_get(struct vsvm_file *vfile, u32 id);
void vsvm_queue_put(struct vsvm_queue *queue);
int vsvm_queue_status(struct vsvm_queue *queue, struct vsvm_hw_queue_status *status);
void vsvm_queue_kill(struct vsvm_vm *vm, const struct vsvm_hw_fault *fault, u32 error);
void vsvm_queue_kill_all(struct vsvm_device *vdev, u32 error);
void vsvm_queue_close_file(struct vsvm_file *vfile);
int vsvm_queue_check_streams(const struct drm_vsvm_exec_stream *streams, unsigned int count);

int vsvm_ioctl_queue_create(struct drm_device *drm, void *data, struct drm_file *file);
int vsvm_ioctl_queue_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int vsvm_ioctl_queue_query(struct drm_device *drm, void *data, struct drm_file *file);
int vsvm_ioctl_exec(struct drm_device *drm, void *data, struct drm_file *file);

#endif
