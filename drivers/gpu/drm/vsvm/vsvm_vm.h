/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_VM_H_
#define _VSVM_VM_H_

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/xarray.h>
#include <drm/drm_gpuvm.h>

#include "svm/svm.h"
#include "vsvm_counter.h"
#include "vsvm_fault.h"
#include "vsvm_pt.h"
#include "vsvm_vram.h"

struct drm_device;
struct drm_file;
struct mm_struct;
struct vsvm_device;
struct vsvm_file;

/**
 * struct vsvm_vm - an address space of the GPU
 */
struct vsvm_vm {
	/** @gpuvm: mappings of BOs; owns the memory of this structure */
	struct drm_gpuvm gpuvm;
	/** @ref: file, queues and ioctls under way; with the last one everything is undone */
	struct kref ref;
	/** @vdev: device */
	struct vsvm_device *vdev;
	/** @pt: page table */
	struct vsvm_pt pt;
	/** @vram: it, as one that has VRAM; NULL: there is none */
	struct vsvm_vram_client *vram;
	/** @watch: has it asked what of VRAM is in use */
	struct vsvm_vram_watch watch;

	/**
	 * @mm: process whose VM it is; NULL without SVM. Compared, never followed: @svm holds it
	 */
	struct mm_struct *mm;
	/** @svm: the process's memory, if @mm */
	struct vsvm_svm svm;

	/**
	 * @bind_lock: covers @gpuvm and the page table entries of BOs; taken before dma_resv and
	 * pt->lock
	 */
	struct mutex bind_lock;
	/** @bo_start: first byte of the range for BOs */
	u64 bo_start;
	/** @bo_end: one past its last byte */
	u64 bo_end;
	/** @bo_bytes: bytes bound; under the lock of @pt */
	u64 bo_bytes;
	/** @bo_pages: what of @pt.mapped are BOs'; as @bo_bytes */
	u64 bo_pages;

	/** @queues: &struct vsvm_queue by vsvm_hw_queue_id(); its lock keeps them alive */
	struct xarray queues;
	/** @num_queues: queues that exist; under &vsvm_file.lock */
	unsigned int num_queues;
	/** @faults: faults on their way */
	struct vsvm_vm_faults faults;
	/** @counters: notices of access counters on their way */
	struct vsvm_vm_counters counters;

	/** @tgid: process that made it, for debugfs */
	pid_t tgid;
	/** @comm: its name */
	char comm[TASK_COMM_LEN];
	/** @client: &drm_file.client_id of the file that has it, for debugfs */
	u64 client;
	/** @id: its number in that file, 0 before it has one */
	u32 id;
};

struct vsvm_vm *vsvm_vm_get(struct vsvm_file *vfile, u32 id);
void vsvm_vm_put(struct vsvm_vm *vm);
void vsvm_vm_free(struct vsvm_vm *vm);
void vsvm_vm_wait_all(void);
bool vsvm_vm_is_mine(struct vsvm_vm *vm);
bool vsvm_vm_bo_range_ok(u64 start, u64 size);
bool vsvm_vm_range_ok(const struct vsvm_vm *vm, u64 addr, u64 size);
void vsvm_vm_stats(struct vsvm_vm *vm, struct drm_vsvm_vm_stats *stats);
void vsvm_vm_close_file(struct vsvm_file *vfile);

int vsvm_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file);
int vsvm_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int vsvm_ioctl_vm_query(struct drm_device *drm, void *data, struct drm_file *file);
int vsvm_ioctl_vm_register(struct drm_device *drm, void *data, struct drm_file *file);
int vsvm_ioctl_vm_sync(struct drm_device *drm, void *data, struct drm_file *file);

#endif
