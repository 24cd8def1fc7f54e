/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_WAIT_H_
#define _VSVM_SVM_WAIT_H_

#include <linux/types.h>

struct vsvm_svm;

int vsvm_wait_module_init(void);
void vsvm_wait_module_fini(void);

void vsvm_wait_init(struct vsvm_svm *svm);
void vsvm_wait_fini(struct vsvm_svm *svm);
int vsvm_wait_begin(struct vsvm_svm *svm, u64 addr, bool write);
void vsvm_wait_here(struct vsvm_svm *svm, u64 addr, bool write);
void vsvm_wait_read(struct vsvm_svm *svm, u64 start, u64 end, bool write);

#endif
