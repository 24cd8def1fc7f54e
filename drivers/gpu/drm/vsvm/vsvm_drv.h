/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_DRV_H_
#define _VSVM_DRV_H_

#include <linux/mutex.h>
#include <linux/range.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <linux/vsvm_hw.h>
#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/vsvm_drm.h>

#include "vsvm_vram.h"

/** VSVM_MAX_VMS - VMs of one file, so that a runaway program finds an end */
#define VSVM_MAX_VMS		64
/** VSVM_MAX_QUEUES - queues of one file */
#define VSVM_MAX_QUEUES		256
/** VSVM_MAX_DEVICES - devices that the module makes at most */
#define VSVM_MAX_DEVICES	8

/**
 * struct vsvm_device - the device
 */
struct vsvm_device {
	/** @drm: base */
	struct drm_device drm;
	/** @hw: the virtual GPU; lives as long as @drm, beyond a hot-unplug */
	struct vsvm_hw *hw;
	/** @index: which of the module's devices, 0..%VSVM_MAX_DEVICES - 1 */
	unsigned int index;
	/** @coherent: its part of what vsvm_coherent_range() says, if @claimed */
	struct range coherent;
	/** @claimed: it has that, by vsvm_coherent_claim() */
	bool claimed;
	/** @num_engines: its engines */
	unsigned int num_engines;
	/** @fault_ring_size: records of its fault ring */
	unsigned int fault_ring_size;
	/** @counter_ring_size: records of its access counters' ring */
	unsigned int counter_ring_size;
	/** @next_engine: engine for the next queue that does not care */
	atomic_t next_engine;
	/** @vms: &struct vsvm_vm of all files by vsvm_hw_as_id(); its lock keeps them alive */
	struct xarray vms;
	/** @vram: who has its memory */
	struct vsvm_vram vram;
	/** @fault_work: drains the fault ring */
	struct work_struct fault_work;
	/** @counter_work: drains the ring of the access counters */
	struct work_struct counter_work;
	/**
	 * @event_wq: woken when a fence was written, a stream ended, a queue died or was destroyed
	 */
	wait_queue_head_t event_wq;
	/** @hold_unplugged: nobody is held any more; belongs to vsvm_hold.c */
	bool hold_unplugged;
};

/**
 * struct vsvm_file - one open file
 */
struct vsvm_file {
	/** @lock: serialises making and destroying VMs and queues */
	struct mutex lock;
	/** @vms: &struct vsvm_vm by the number that the program knows */
	struct xarray vms;
	/** @queues: &struct vsvm_queue by number */
	struct xarray queues;
	/** @fault_pool: who serves the faults of @vms; made with the first of them, under @lock */
	struct vsvm_fault_pool *fault_pool;
};

static inline struct vsvm_device *to_vsvm_device(struct drm_device *drm)
{
	return container_of(drm, struct vsvm_device, drm);
}

extern unsigned int vsvm_job_timeout_ms;

#ifdef CONFIG_DEBUG_FS
void vsvm_debugfs_init(struct vsvm_device *vdev);
#else
static inline void vsvm_debugfs_init(struct vsvm_device *vdev) {}
#endif
int vsvm_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file);

#endif
