/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_UPDATE_H_
#define _VSVM_SVM_UPDATE_H_

#include "svm_interval.h"

struct vm_area_struct;
struct vsvm_svm;

void vsvm_update_init(struct vsvm_svm *svm);
void vsvm_update_fini(struct vsvm_svm *svm);
void vsvm_update_defer(struct vsvm_svm *svm, struct vsvm_interval *interval);
void vsvm_update_recheck(struct vsvm_svm *svm, struct vsvm_interval *interval,
			 const struct vm_area_struct *vma, struct vsvm_span seen);

#endif
