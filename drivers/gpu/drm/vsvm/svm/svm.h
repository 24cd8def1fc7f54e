/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_H_
#define _VSVM_SVM_H_

#include <linux/interval_tree.h>
#include <linux/list.h>
#include <linux/maple_tree.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <linux/vsvm_hw.h>

#include "../vsvm_pt.h"
#include "svm_interval.h"

struct drm_vsvm_attr_op;
struct drm_vsvm_interval;
struct drm_vsvm_vm_create;
struct drm_vsvm_vm_stats;
struct mem_cgroup;
struct vsvm_interval_policy;
struct vsvm_migrate_room;
struct vsvm_vram;
struct vsvm_vram_chunk;
struct vsvm_vram_client;

/** VSVM_SVM_GONE - ranges that may be unmapped before somebody forgets their attributes */
#define VSVM_SVM_GONE		16
/** VSVM_FAULT_BATCH - records of one VM that are served together; a power of two */
#define VSVM_FAULT_BATCH	256
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
	/** @waited: see &drm_vsvm_vm_stats.faults_waited */
	u64 waited;
	/** @waits: see &drm_vsvm_vm_stats.waits */
	u64 waits;
	/** @prefetched: see &drm_vsvm_vm_stats.prefetched */
	u64 prefetched;
	/** @pages_2m: see &drm_vsvm_vm_stats.pages_2m */
	u64 pages_2m;
	/** @to_vram: see &drm_vsvm_vm_stats.pages_to_vram */
	u64 to_vram;
	/** @to_system: see &drm_vsvm_vm_stats.pages_to_system */
	u64 to_system;
	/** @kept_kind: see &drm_vsvm_vm_stats.kept_kind */
	u64 kept_kind;
	/** @kept_busy: see &drm_vsvm_vm_stats.kept_busy */
	u64 kept_busy;
	/** @kept_full: see &drm_vsvm_vm_stats.kept_full */
	u64 kept_full;
	/** @kept_thrashing: see &drm_vsvm_vm_stats.kept_thrashing */
	u64 kept_thrashing;
	/** @exclusive: see &drm_vsvm_vm_stats.pages_exclusive */
	u64 exclusive;
	/** @atomics_moved: see &drm_vsvm_vm_stats.atomics_moved */
	u64 atomics_moved;
	/** @atomic_turns: see &drm_vsvm_vm_stats.atomic_turns */
	u64 atomic_turns;
	/** @pins_refused: see &drm_vsvm_vm_stats.pins_refused */
	u64 pins_refused;
	/** @duplicated: see &drm_vsvm_vm_stats.duplicated */
	u64 duplicated;
	/** @duplicates_refused: see &drm_vsvm_vm_stats.duplicates_refused */
	u64 duplicates_refused;
	/** @pages_split: see &drm_vsvm_vm_stats.pages_split */
	u64 pages_split;
	/** @counter_notices: see &drm_vsvm_vm_stats.counter_notices */
	u64 counter_notices;
	/** @counter_early: see &drm_vsvm_vm_stats.counter_early */
	u64 counter_early;
	/** @counter_pages: see &drm_vsvm_vm_stats.counter_pages */
	u64 counter_pages;
	/** @ahead: see &drm_vsvm_vm_stats.pages_ahead */
	u64 ahead;
	/** @from_peer: see &drm_vsvm_vm_stats.pages_from_peer */
	u64 from_peer;
	/** @peer: see &drm_vsvm_vm_stats.pages_peer */
	u64 peer;
	/** @peer_refused: see &drm_vsvm_vm_stats.peer_refused */
	u64 peer_refused;
};

/**
 * struct vsvm_svm_counter - what a VM has to do with access counters
 */
struct vsvm_svm_counter {
	/** @threshold: count at which a region is looked at first; 0: off. Never changes */
	u32 threshold;
	/** @notes: regions that were moved, see svm_counter.c; under pt->lock. NULL if off */
	u64 *notes;
};

/**
 * struct vsvm_svm_turn - pages that CPUs and the GPU's atomics take from each other, see
 * svm_atomic.c
 */
struct vsvm_svm_turn {
	/** @takes: by page number, how often a page was taken since all had their turn */
	struct xarray takes;
	/** @addr: the page that is to have the next turn; of the work item that serves faults */
	u64 addr;
	/** @count: how often it was taken; 0: none is to have it. As @addr */
	unsigned long count;
};

/**
 * struct vsvm_svm_vram - what a VM has to do with VRAM; under update_lock, but for @moves
 */
struct vsvm_svm_vram {
	/** @pool: the device's; NULL: there is none for memory of processes */
	struct vsvm_vram *pool;
	/** @client: by whom it is had */
	struct vsvm_vram_client *client;
	/** @open: chunk that pages of 4K come from, held while a batch is served */
	struct vsvm_vram_chunk *open;
	/** @spare: chunk without a page in use, held, so that what moves needs not wait for one */
	struct vsvm_vram_chunk *spare;
	/** @last: the last @open; only to be tried again, it may be another's by now */
	struct vsvm_vram_chunk *last;
	/** @location: &enum drm_vsvm_location of what has no attribute for it; never changes */
	u8 location;
	/** @room: for moving as many pages as a block has */
	struct vsvm_migrate_room *room;
	/** @moves: of each block of 2M that has moved, when and how often of late; svm_moves.c */
	struct xarray moves;
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
	/** @policy: which intervals there are; never changes */
	const struct vsvm_interval_policy *policy;
	/** @window: for the window policy, bytes of a window */
	u64 window;

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
	/** @update_wq: who runs @update_work */
	struct workqueue_struct *update_wq;
	/** @update_work: does the deferred updates */
	struct delayed_work update_work;

	/**
	 * @cache: tables set aside for the run being served, a few of which are kept for the next;
	 * under @update_lock
	 */
	struct vsvm_pt_cache cache;
	/** @pfns: what HMM answers for the run being served; under @update_lock */
	unsigned long *pfns;
	/** @keys: to sort a batch by, and room for that; of the one work item that serves faults */
	u64 *keys;
	/** @attrs: attributes of ranges, see svm_attr.c; under @update_lock */
	struct maple_tree attrs;
	/** @has_attrs: there are some; written under both locks */
	bool has_attrs;
	/** @gone: what was unmapped and may have had attributes; under pt->lock */
	struct vsvm_span gone[VSVM_SVM_GONE];
	/** @num_gone: how many; the last may span several if all are used */
	unsigned int num_gone;

	/** @vram: VRAM */
	struct vsvm_svm_vram vram;
	/** @pins: pages of VRAM that are pinned, by address, see svm_pin.c; under pt->lock */
	struct xarray pins;
	/** @num_pins: how many */
	u64 num_pins;
	/** @dups: copies for reading, by address, see svm_dup.c; under pt->lock */
	struct xarray dups;
	/** @num_dups: how many */
	u64 num_dups;
	/** @taker: who makes a page exclusive, see svm_atomic.c; written under @update_lock */
	const struct task_struct *taker;
	/** @turn: pages for whose atomics there have to be turns */
	struct vsvm_svm_turn turn;
	/** @counter: what it has to do with access counters */
	struct vsvm_svm_counter counter;

	/** @closing: the program has given up the VM; who works for it may stop */
	bool closing;
	/** @waits: accesses that wait for the process, see svm_wait.c, and under its lock */
	struct list_head waits;
	/** @num_waits: how many */
	unsigned int num_waits;

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
	/** @waits: out: it has to wait for the process, and for a replay after that */
	bool waits;
};

int vsvm_svm_module_init(void);
void vsvm_svm_module_fini(void);

int vsvm_svm_init(struct vsvm_svm *svm, struct mm_struct *mm, struct vsvm_pt *pt,
		  struct workqueue_struct *update_wq, struct vsvm_vram *vram,
		  struct vsvm_vram_client *client, const struct drm_vsvm_vm_create *args);
void vsvm_svm_fini(struct vsvm_svm *svm);
void vsvm_svm_fault(struct vsvm_svm *svm, struct vsvm_svm_fault *faults, unsigned int count);
bool vsvm_svm_turn(struct vsvm_svm *svm);
void vsvm_svm_counter(struct vsvm_svm *svm, const struct vsvm_hw_counter_record *record);
int vsvm_svm_prefetch(struct vsvm_svm *svm, u64 start, u64 end, bool write, u8 location,
		      u64 *done);
int vsvm_svm_register(struct vsvm_svm *svm, u64 start, u64 end);
int vsvm_svm_unregister(struct vsvm_svm *svm, u64 start, u64 end);
int vsvm_svm_get_attr(struct vsvm_svm *svm, struct drm_vsvm_attr_op *op);
int vsvm_svm_set_attr(struct vsvm_svm *svm, const struct drm_vsvm_attr_op *op);
int vsvm_svm_sync(struct vsvm_svm *svm);
struct mem_cgroup *vsvm_svm_charge_begin(struct vsvm_svm *svm);
void vsvm_svm_charge_end(struct mem_cgroup *memcg);
struct vsvm_pt_zapped vsvm_svm_zap(struct vsvm_svm *svm, u64 start, u64 end);
u64 vsvm_svm_vram_bytes(const struct vsvm_svm *svm);
void vsvm_svm_stats(struct vsvm_svm *svm, struct drm_vsvm_vm_stats *stats);
u64 vsvm_svm_list(struct vsvm_svm *svm, struct drm_vsvm_interval *list, u64 count);

#endif
