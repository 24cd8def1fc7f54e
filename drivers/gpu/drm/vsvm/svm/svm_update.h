/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_UPDATE_H_
#define _VSVM_SVM_UPDATE_H_

struct vsvm_interval;
struct vsvm_svm;

int vsvm_update_module_init(void);
void vsvm_update_module_fini(void);

void vsvm_update_init(struct vsvm_svm *svm);
void vsvm_update_fini(struct vsvm_svm *svm);
void vsvm_update_defer(struct vsvm_svm *svm, struct vsvm_interval *interval);

#endif
