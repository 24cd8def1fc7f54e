/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_MOVES_H_
#define _VSVM_SVM_MOVES_H_

#include <linux/types.h>

#include "svm_interval.h"

struct vsvm_request;
struct vsvm_svm;

bool vsvm_moves_thrash(struct vsvm_svm *svm, u64 addr);
bool vsvm_moves_stream(struct vsvm_svm *svm, struct vsvm_span block,
		       const struct vsvm_request *req);
void vsvm_moves_note(struct vsvm_svm *svm, struct vsvm_span span, const struct vsvm_request *req);
void vsvm_moves_faulted(struct vsvm_svm *svm, u64 start, u64 end);
void vsvm_moves_unmapped(struct vsvm_svm *svm, struct vsvm_span span);

#endif
