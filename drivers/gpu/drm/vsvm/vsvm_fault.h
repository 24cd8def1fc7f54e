/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_FAULT_H_
#define _VSVM_FAULT_H_

#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

struct vsvm_svm;
struct vsvm_svm_fault;
struct vsvm_vm;

/**
 * struct vsvm_fault_pool - those who serve the faults of a file's VMs
 */
struct vsvm_fault_pool {
	/** @ref: of the file and of its VMs, which may outlive it */
	struct kref ref;
	/** @wq: its work items are &vsvm_vm_faults.work and &vsvm_svm.update_work */
	struct workqueue_struct *wq;
	/** @free: undoes it, as its own work items cannot */
	struct work_struct free;
};

/**
 * struct vsvm_vm_faults - page faults of one VM between the ring and their service
 */
struct vsvm_vm_faults {
	/** @work: serves a batch */
	struct work_struct work;
	/** @pool: who runs @work */
	struct vsvm_fault_pool *pool;
	/** @lock: covers what is between the ring and the batch */
	spinlock_t lock;
	/** @pending: %VSVM_FAULT_BATCH records that wait */
	struct vsvm_svm_fault *pending;
	/** @num_pending: how many */
	unsigned int num_pending;
	/** @batch: as many that are being served; the work item's own */
	struct vsvm_svm_fault *batch;
	/** @queued: @work is to run, and holds a reference of the VM; under @lock */
	bool queued;
	/** @resume: there is to be a replay, whatever the next batch is; under @lock */
	bool resume;
	/** @lost: records did not fit into @pending; under @lock */
	bool lost;
	/** @replay: number of the last replay; the work item's own */
	u64 replay;
	/**
	 * @known: pages whose accesses wait, see is_known(); changes under @lock, but for new ones
	 */
	struct xarray known;
	/** @absorbed: records of such an access that nobody had to serve; under @lock */
	u64 absorbed;
	/** @received: records taken from the ring; under @lock */
	u64 received;
	/** @failed: records that killed a queue; the work item's own, read by others */
	u64 failed;
	/** @batches: batches served; as @failed */
	u64 batches;
	/** @busy_ns: time spent on them; as @failed */
	u64 busy_ns;
};

int vsvm_fault_module_init(void);
void vsvm_fault_module_fini(void);
void vsvm_fault_queue(struct work_struct *work);
void vsvm_fault_resume(struct vsvm_svm *svm);
u64 vsvm_fault_replay(struct vsvm_svm *svm);

struct vsvm_fault_pool *vsvm_fault_pool_create(void);
void vsvm_fault_pool_put(struct vsvm_fault_pool *pool);

int vsvm_vm_faults_init(struct vsvm_vm_faults *faults, struct vsvm_fault_pool *pool);
void vsvm_vm_faults_fini(struct vsvm_vm_faults *faults);
void vsvm_fault_work(struct work_struct *work);
unsigned int vsvm_fault_serve_bos(struct vsvm_vm *vm, struct vsvm_svm_fault *batch,
				  unsigned int count);
void vsvm_fault_report(struct vsvm_vm *vm, const struct vsvm_svm_fault *batch, unsigned int count);

#endif
