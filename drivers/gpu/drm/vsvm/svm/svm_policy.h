/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_POLICY_H_
#define _VSVM_SVM_POLICY_H_

#include <linux/types.h>

#include "svm_interval.h"

struct list_head;
struct vsvm_svm;

/**
 * struct vsvm_interval_policy - which intervals there are; see DOC: Interval policies
 */
struct vsvm_interval_policy {
	/** @name: for people */
	const char *name;
	/**
	 * @cover: which bounds the interval for a fault should have
	 *
	 * @addr is the address of the fault, @vma has the bounds of the VMA there. Context:
	 * update_lock held. Returns a span that contains @addr; it holds none of an interval but
	 * those that it holds whole, or is within one. Empty if there is to be no interval.
	 */
	struct vsvm_span (*cover)(struct vsvm_svm *svm, u64 addr, struct vsvm_span vma);
	/**
	 * @follow: what is to be in place of an interval from which mappings went
	 *
	 * Fills @news with intervals to be, and @olds with others, @old excepted, that they take
	 * in. Context: update_lock held, mm_users held. Returns 1, or 0 if @old is to stay, or
	 * -ENOMEM; with 0 and -ENOMEM both lists are empty.
	 */
	int (*follow)(struct vsvm_svm *svm, struct vsvm_interval *old, struct list_head *olds,
		      struct list_head *news);
};

const struct vsvm_interval_policy *vsvm_policy_get(u32 number);
struct vsvm_span vsvm_policy_swallow(struct vsvm_svm *svm, struct vsvm_span vma,
				     struct vsvm_span span, struct list_head *olds);

#endif
