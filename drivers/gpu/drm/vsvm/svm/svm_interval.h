/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_INTERVAL_H_
#define _VSVM_SVM_INTERVAL_H_

#include <linux/interval_tree.h>
#include <linux/list.h>
#include <linux/mmu_notifier.h>
#include <linux/types.h>

struct vsvm_svm;

/**
 * struct vsvm_interval - a span of the process's addresses whose changes we hear of
 */
struct vsvm_interval {
	/** @notifier: the kernel's half; its bounds are the interval's and never change */
	struct mmu_interval_notifier notifier;
	/** @node: in &vsvm_svm.intervals, from when it is live until its successor is */
	struct interval_tree_node node;
	/** @deferred: in &vsvm_svm.deferred while an update is due, else empty; under pt->lock */
	struct list_head deferred;
	/** @link: in the lists of a change of bounds; under update_lock */
	struct list_head link;
	/** @svm: where it belongs */
	struct vsvm_svm *svm;
	/** @invalidations: events it has seen; under pt->lock */
	u64 invalidations;
};

/**
 * struct vsvm_span - addresses [start, end)
 */
struct vsvm_span {
	/** @start: first byte, page aligned */
	u64 start;
	/** @end: one past the last byte, page aligned */
	u64 end;
};

static inline u64 vsvm_interval_start(const struct vsvm_interval *interval)
{
	return interval->node.start;
}

static inline u64 vsvm_interval_end(const struct vsvm_interval *interval)
{
	return (u64)interval->node.last + 1;
}

int vsvm_interval_module_init(void);
void vsvm_interval_module_fini(void);

int vsvm_interval_prime(struct vsvm_svm *svm);
struct vsvm_interval *vsvm_interval_find(struct vsvm_svm *svm, u64 addr);
struct vsvm_interval *vsvm_interval_first(struct vsvm_svm *svm, u64 start, u64 end);
struct vsvm_span vsvm_interval_cover_span(struct vsvm_svm *svm, u64 addr, struct vsvm_span vma);
int vsvm_interval_cover(struct vsvm_svm *svm, struct vsvm_span span);
struct vsvm_interval *vsvm_interval_alloc(struct vsvm_svm *svm, u64 start, u64 end);
void vsvm_interval_free(struct vsvm_interval *interval);
int vsvm_interval_replace(struct vsvm_svm *svm, struct list_head *olds, struct list_head *news);
void vsvm_interval_remove_all(struct vsvm_svm *svm);
u64 vsvm_interval_bytes(u64 count);

#endif
