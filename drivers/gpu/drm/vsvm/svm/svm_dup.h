/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_DUP_H_
#define _VSVM_SVM_DUP_H_

#include "svm_interval.h"

struct vm_area_struct;
struct vsvm_request;
struct vsvm_svm;

void vsvm_dup_init(struct vsvm_svm *svm);
void vsvm_dup_fini(struct vsvm_svm *svm);
bool vsvm_dup_vma_ok(const struct vm_area_struct *vma);
bool vsvm_dup_wanted(struct vsvm_svm *svm, const struct vm_area_struct *vma,
		     struct vsvm_request *req);
int vsvm_dup_request(struct vsvm_svm *svm, const struct vsvm_request *req);
int vsvm_dup_pages(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		   struct vsvm_request *req, struct vsvm_span window);
bool vsvm_dup_has(struct vsvm_svm *svm, u64 addr);
void vsvm_dup_forget(struct vsvm_svm *svm, struct vsvm_span span);

#endif
