/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_FAULT_H_
#define _VSVM_FAULT_H_

#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct vsvm_svm_fault;

/** VSVM_FAULT_BATCH - records of one VM that are served together */
#define VSVM_FAULT_BATCH	256

/**
 * struct vsvm_vm_faults - page faults of one VM between the ring and their service
 */
struct vsvm_vm_faults {
	/** @work: serves a batch */
	struct work_struct work;
	/** @lock: covers @pending and @num_pending */
	spinlock_t lock;
	/** @pending: %VSVM_FAULT_BATCH records that wait */
	struct vsvm_svm_fault *pending;
	/** @num_pending: how many */
	unsigned int num_pending;
	/** @batch: as many that are being served; the work item's own */
	struct vsvm_svm_fault *batch;
	/** @replay: number of the last replay; the work item's own */
	u64 replay;
	/** @received: records taken from the ring; under @lock */
	u64 received;
	/** @failed: records that killed a queue; the work item's own, read by others */
	u64 failed;
	/** @batches: batches served; as @failed */
	u64 batches;
	/** @busy_ns: time spent on them; as @failed */
	u64 busy_ns;
};

int vsvm_vm_faults_init(struct vsvm_vm_faults *faults);
void vsvm_vm_faults_fini(struct vsvm_vm_faults *faults);
void vsvm_fault_work(struct work_struct *work);

#endif
