/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_H_
#define _VSVM_SVM_H_

#include <linux/interval_tree.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/vsvm_hw.h>

#include "../vsvm_pt.h"

struct drm_vsvm_interval;
struct drm_vsvm_vm_stats;
struct mem_cgroup;

/** VSVM_SVM_WINDOW_PAGES - pages around a fault that are mapped with it if the CPU has them */
#define VSVM_SVM_WINDOW_PAGES	64
/** VSVM_SVM_RUN_PAGES - pages of one run at most: it stays within one block of the page table */
#define VSVM_SVM_RUN_PAGES	512

/**
 * struct vsvm_svm_stats - counters of one &struct vsvm_svm; the uAPI header says what each means
 *
 * Each is written under one lock (pt->lock for what notifiers count, update_lock for the rest) and
 * read without any.
 */
struct vsvm_svm_stats {
	/** @spurious: see &drm_vsvm_vm_stats.faults_spurious */
	u64 spurious;
	/** @duplicate: see &drm_vsvm_vm_stats.faults_duplicate */
	u64 duplicate;
	/** @runs: see &drm_vsvm_vm_stats.runs */
	u64 runs;
	/** @retries: see &drm_vsvm_vm_stats.retries */
	u64 retries;
	/** @pages_mapped: see &drm_vsvm_vm_stats.pages_mapped */
	u64 pages_mapped;
	/** @leaves_2m: see &drm_vsvm_vm_stats.leaves_2m */
	u64 leaves_2m;
	/** @pages_zapped: see &drm_vsvm_vm_stats.pages_zapped */
	u64 pages_zapped;
	/** @pages_dirtied: see &drm_vsvm_vm_stats.pages_dirtied */
	u64 pages_dirtied;
	/** @invalidations: see &drm_vsvm_vm_stats.invalidations */
	u64 invalidations;
	/** @created: see &drm_vsvm_vm_stats.intervals_created */
	u64 created;
	/** @extended: see &drm_vsvm_vm_stats.intervals_extended */
	u64 extended;
	/** @shrunk: see &drm_vsvm_vm_stats.intervals_shrunk */
	u64 shrunk;
	/** @split: see &drm_vsvm_vm_stats.intervals_split */
	u64 split;
	/** @removed: see &drm_vsvm_vm_stats.intervals_removed */
	u64 removed;
	/** @updates: see &drm_vsvm_vm_stats.deferred_updates */
	u64 updates;
};

/**
 * struct vsvm_svm - the memory of one process as one VM sees it
 */
struct vsvm_svm {
	/** @mm: whose memory it is; the structure is held, its users are not */
	struct mm_struct *mm;
	/** @pt: page table of the VM; its lock also covers @intervals, @deferred and their flags */
	struct vsvm_pt *pt;
	/** @bo_start: first byte of the range that is not the process's */
	u64 bo_start;
	/** @bo_end: one past its last byte */
	u64 bo_end;

	/**
	 * @update_lock: serialises everything that changes bounds of intervals: faults and deferred
	 * updates. Taken before mmap_lock and pt->lock, never by notifiers.
	 */
	struct mutex update_lock;
	/** @intervals: by address; they do not overlap. Changes under @update_lock and pt->lock */
	struct rb_root_cached intervals;
	/** @num_intervals: their number */
	u64 num_intervals;
	/** @deferred: intervals whose bounds must be looked at again */
	struct list_head deferred;
	/** @deferred_seq: counts requests for a deferred update; under pt->lock */
	u64 deferred_seq;
	/** @done_seq: the requests up to this one are done; written under @update_lock */
	u64 done_seq;
	/** @done_wq: woken when @done_seq moves */
	wait_queue_head_t done_wq;
	/** @update_work: does the deferred updates */
	struct delayed_work update_work;

	/** @cache: tables set aside for the run being served; under @update_lock */
	struct vsvm_pt_cache cache;
	/** @pfns: what HMM answers for the run being served; under @update_lock */
	unsigned long *pfns;
	/** @leaves: page table entries made of it; under @update_lock */
	u64 *leaves;

	/** @stats: counters */
	struct vsvm_svm_stats stats;
};

/**
 * struct vsvm_svm_fault - one page fault on its way through the SVM core
 */
struct vsvm_svm_fault {
	/** @hw: the hardware's record */
	struct vsvm_hw_fault hw;
	/** @error: out: &enum vsvm_error, %VSVM_ERROR_NONE if the access may be tried again */
	u32 error;
};

int vsvm_svm_module_init(void);
void vsvm_svm_module_fini(void);

int vsvm_svm_init(struct vsvm_svm *svm, struct mm_struct *mm, struct vsvm_pt *pt, u64 bo_start,
		  u64 bo_end);
void vsvm_svm_fini(struct vsvm_svm *svm);
void vsvm_svm_fault(struct vsvm_svm *svm, struct vsvm_svm_fault *faults, unsigned int count);
int vsvm_svm_sync(struct vsvm_svm *svm);
struct mem_cgroup *vsvm_svm_charge_begin(struct vsvm_svm *svm);
void vsvm_svm_charge_end(struct mem_cgroup *memcg);
void vsvm_svm_stats(struct vsvm_svm *svm, struct drm_vsvm_vm_stats *stats);
u64 vsvm_svm_list(struct vsvm_svm *svm, struct drm_vsvm_interval *list, u64 count);

#endif
