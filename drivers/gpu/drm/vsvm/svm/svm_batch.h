/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_BATCH_H_
#define _VSVM_SVM_BATCH_H_

#include <linux/types.h>

struct vsvm_svm_fault;

/**
 * struct vsvm_run - neighbouring pages of a sorted batch that are served in one go
 */
struct vsvm_run {
	/** @start: first byte, page aligned */
	u64 start;
	/** @end: one past the last byte, page aligned, in the same 2M block as @start */
	u64 end;
	/** @first: index of the first record in the batch */
	unsigned int first;
	/** @count: records; those of one page stand together */
	unsigned int count;
	/** @duplicates: of these, records beyond the first of their page */
	unsigned int duplicates;
	/**
	 * @write: every page is wanted for writing (or for atomics); else every page is wanted for
	 * reading
	 */
	bool write;
	/** @atomic: every page is wanted for atomics */
	bool atomic;
};

bool vsvm_batch_writes(const struct vsvm_svm_fault *fault);
void vsvm_batch_sort(struct vsvm_svm_fault *faults, unsigned int count, u64 *keys);
bool vsvm_batch_next(const struct vsvm_svm_fault *faults, unsigned int count, struct vsvm_run *run);
bool vsvm_batch_wait(struct vsvm_svm_fault *faults, const struct vsvm_run *run, u64 start, u64 end);
void vsvm_batch_fail(struct vsvm_svm_fault *faults, const struct vsvm_run *run, u64 start, u64 end,
		     u32 error);

#endif
