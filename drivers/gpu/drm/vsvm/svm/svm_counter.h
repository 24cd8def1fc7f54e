/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_COUNTER_H_
#define _VSVM_SVM_COUNTER_H_

#include <linux/types.h>

#include "svm_interval.h"

struct vsvm_svm;

/** VSVM_COUNTER_NOTES - regions of which a VM remembers that it has moved them; a power of two */
#define VSVM_COUNTER_NOTES	256
/** VSVM_COUNTER_RETURNS - returns of a region that raise its threshold; it doubles with each */
#define VSVM_COUNTER_RETURNS	8

extern unsigned int vsvm_counter_threshold;

int vsvm_counter_init(struct vsvm_svm *svm, u32 threshold);
void vsvm_counter_fini(struct vsvm_svm *svm);
void vsvm_counter_unmapped(struct vsvm_svm *svm, struct vsvm_span span);

/* What is remembered of regions, for tests too. */
unsigned int vsvm_counter_returns(const struct vsvm_svm *svm, u64 region);
void vsvm_counter_note(struct vsvm_svm *svm, u64 region, bool block);
void vsvm_counter_forget(struct vsvm_svm *svm, struct vsvm_span span);

#endif
