/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_INTERVAL_H_
#define _VSVM_SVM_INTERVAL_H_

#include <linux/interval_tree.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mmu_notifier.h>
#include <linux/types.h>

struct vsvm_svm;

/** VSVM_AROUND_MAX - pages that are looked at around a fault where none are mapped yet */
#define VSVM_AROUND_MAX		64

/**
 * struct vsvm_span - addresses [start, end)
 */
struct vsvm_span {
	/** @start: first byte, page aligned */
	u64 start;
	/** @end: one past the last byte, page aligned */
	u64 end;
};

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
	/** @around: fault-around: pages to look at where none are mapped yet; under update_lock */
	unsigned int around;
	/** @huge: expect a 2M page; under update_lock */
	bool huge;
};

static inline u64 vsvm_interval_start(const struct vsvm_interval *interval)
{
	return interval->node.start;
}

static inline u64 vsvm_interval_end(const struct vsvm_interval *interval)
{
	return (u64)interval->node.last + 1;
}

/**
 * vsvm_span_clip() - what of one span lies in another
 * @span: span
 * @by: the other
 *
 * Return: what they share; its end is not above its start if that is nothing.
 */
static inline struct vsvm_span vsvm_span_clip(struct vsvm_span span, struct vsvm_span by)
{
	return (struct vsvm_span) { max(span.start, by.start), min(span.end, by.end) };
}

/** vsvm_span_contains() - is one span within another? An empty one is not */
static inline bool vsvm_span_contains(struct vsvm_span span, struct vsvm_span inner)
{
	return inner.start < inner.end && span.start <= inner.start && inner.end <= span.end;
}

static inline struct vsvm_span vsvm_interval_span(const struct vsvm_interval *interval)
{
	return (struct vsvm_span) { vsvm_interval_start(interval), vsvm_interval_end(interval) };
}

int vsvm_interval_module_init(void);
void vsvm_interval_module_fini(void);

int vsvm_interval_prime(struct vsvm_svm *svm);
struct vsvm_interval *vsvm_interval_find(struct vsvm_svm *svm, u64 addr);
struct vsvm_interval *vsvm_interval_first(struct vsvm_svm *svm, u64 start, u64 end);
struct vsvm_interval *vsvm_interval_cover(struct vsvm_svm *svm, struct vsvm_span span);
struct vsvm_interval *vsvm_interval_alloc(struct vsvm_svm *svm, u64 start, u64 end);
void vsvm_interval_free(struct vsvm_interval *interval);
int vsvm_interval_replace(struct vsvm_svm *svm, struct list_head *olds, struct list_head *news);
void vsvm_interval_remove(struct vsvm_svm *svm, struct vsvm_interval *interval);
void vsvm_interval_remove_all(struct vsvm_svm *svm);
void vsvm_interval_zap_uncovered(struct vsvm_svm *svm, u64 start, u64 end);
u64 vsvm_interval_bytes(u64 count);

#endif
